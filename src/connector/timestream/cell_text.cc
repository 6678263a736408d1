// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/cell_text.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>

#include "lotic/batch.h"
#include "lotic/status.h"

namespace lotic::timestream {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;

/// `count` digits at `p`; -1 if one of them is none.
inline int Digits(const char* p, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) {
    const unsigned digit = static_cast<unsigned char>(p[i]) - unsigned{'0'};
    if (digit > 9) return -1;
    value = value * 10 + static_cast<int>(digit);
  }
  return value;
}

bool Days(const char* p, int64_t* days) {
  const int year = Digits(p, 4), month = Digits(p + 5, 2), day = Digits(p + 8, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1 || p[4] != '-' || p[7] != '-') return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  *days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

}  // namespace

int64_t NanosPer(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond: return 1'000'000'000;
    case TimeUnit::kMilli: return 1'000'000;
    case TimeUnit::kMicro: return 1'000;
    case TimeUnit::kNano: return 1;
  }
  return 1;
}

bool ParseTimestamp(std::string_view text, TimeUnit unit, int64_t* out) {
  int64_t days = 0;
  if (text.size() < 19 || text.size() > 29 || !Days(text.data(), &days) || text[10] != ' ' || text[13] != ':' || text[16] != ':') return false;
  const int hour = Digits(text.data() + 11, 2), minute = Digits(text.data() + 14, 2), second = Digits(text.data() + 17, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
  int64_t nanos = 0;
  if (text.size() > 19) {
    const int count = static_cast<int>(text.size()) - 20;
    if (text[19] != '.') return false;
    const int fraction = Digits(text.data() + 20, count);
    if (fraction < 0) return false;
    nanos = fraction;
    for (int i = count; i < 9; ++i) nanos *= 10;
  }
  const int64_t seconds = days * kSecondsPerDay + hour * 3600 + minute * 60 + second;
  const int64_t step = NanosPer(unit);
  const Int128 value = Int128{seconds} * (1'000'000'000 / step) + nanos / step;  // nanos are never negative: this is the floor
  if (value < std::numeric_limits<int64_t>::min() || value > std::numeric_limits<int64_t>::max()) return false;
  *out = static_cast<int64_t>(value);
  return true;
}

bool ParseDate(std::string_view text, int64_t* days) { return text.size() == 10 && Days(text.data(), days); }

bool ParseInteger(std::string_view text, int64_t low, int64_t high, int64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && *out >= low && *out <= high;
}

bool ParseDouble(std::string_view text, double* out) {
  if (!text.empty() && (text.back() > '9')) {  // no digit at the end: a name, or nothing we take
    if (text == "NaN") {
      *out = std::numeric_limits<double>::quiet_NaN();
    } else if (text == "Infinity") {
      *out = std::numeric_limits<double>::infinity();
    } else if (text == "-Infinity") {
      *out = -std::numeric_limits<double>::infinity();
    } else {
      return false;
    }
    return true;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (end != text.data() + text.size() || text.empty()) return false;
  if (error == std::errc()) return true;
  if (error != std::errc::result_out_of_range) return false;
  // Beyond the range of double, either way: what Java's parser makes of it. A number that small has a negative exponent.
  const bool tiny =
      text.find("E-") != std::string_view::npos || text.find("e-") != std::string_view::npos || text.find_first_of("eE") == std::string_view::npos;
  *out = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  if (text.front() == '-') *out = -*out;
  return true;
}

bool ParseBool(std::string_view text, bool* out) {
  const auto is = [text](std::string_view word) {
    if (text.size() != word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
  };
  *out = is("true");
  return *out || is("false");
}

std::string DateText(int64_t days) {
  LOTIC_CHECK(days >= kFirstDay && days <= kLastDay);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  char text[16];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string TimestampText(int64_t value, TimeUnit unit) {
  const int64_t step = NanosPer(unit), per_day = kSecondsPerDay * (1'000'000'000 / step);
  int64_t days = value / per_day, rest = value % per_day;
  if (rest < 0) {
    rest += per_day;
    --days;
  }
  const int64_t per_second = 1'000'000'000 / step, second = rest / per_second;
  char text[40];
  std::snprintf(text, sizeof(text), " %02d:%02d:%02d.%09d", static_cast<int>(second / 3600), static_cast<int>(second / 60 % 60), static_cast<int>(second % 60),
                static_cast<int>(rest % per_second * step));
  return DateText(days) + text;
}

}  // namespace lotic::timestream
