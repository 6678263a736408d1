// SPDX-License-Identifier: Apache-2.0
#include "format/value_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace lotic {
namespace {

template <typename T>
void AppendJava(T value, std::string* out) {
  if (std::isnan(value)) return void(out->append("NaN"));
  if (std::signbit(value)) out->push_back('-');
  if (std::isinf(value)) return void(out->append("Infinity"));
  if (value == 0) return void(out->append("0.0"));
  char text[64];
  const T magnitude = std::abs(value);
  const auto [end, error] = std::to_chars(text, text + sizeof text, magnitude, std::chars_format::scientific);
  (void)error;  // 64 bytes hold every number
  // "d.ddde-xx": digits and exponent apart.
  const char* const e = std::find(&text[0], end, 'e');
  std::string digits(1, text[0]);
  if (e > text + 2) digits.append(text + 2, static_cast<size_t>(e - text - 2));
  int exponent = 0;
  std::from_chars(e + (e[1] == '+' ? 2 : 1), end, exponent);
  if (magnitude < T(1e-3) || magnitude >= T(1e7)) {
    out->push_back(digits[0]);
    out->push_back('.');
    out->append(digits.size() > 1 ? digits.substr(1) : "0");
    out->push_back('E');
    out->append(std::to_string(exponent));
    return;
  }
  if (exponent < 0) {
    out->append("0.");
    out->append(static_cast<size_t>(-exponent - 1), '0');
    out->append(digits);
    return;
  }
  const size_t whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) digits.append(whole + 1 - digits.size(), '0');
  out->append(digits, 0, whole);
  out->push_back('.');
  out->append(digits, whole);
}

void AppendPadded(int64_t value, int width, std::string* out) {
  const std::string digits = std::to_string(value);
  for (int i = static_cast<int>(digits.size()); i < width; ++i) out->push_back('0');
  out->append(digits);
}

/// `nanos` in [0, 10^9): ".807", or nothing.
void AppendFraction(int64_t nanos, std::string* out) {
  if (nanos == 0) return;
  out->push_back('.');
  AppendPadded(nanos, 9, out);
  while (out->back() == '0') out->pop_back();
}

void AppendClock(int64_t seconds, int64_t nanos, std::string* out) {
  AppendPadded(seconds / 3600, 2, out);
  out->push_back(':');
  AppendPadded(seconds / 60 % 60, 2, out);
  out->push_back(':');
  AppendPadded(seconds % 60, 2, out);
  AppendFraction(nanos, out);
}

int64_t PerSecond(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond: return 1;
    case TimeUnit::kMilli: return 1'000;
    case TimeUnit::kMicro: return 1'000'000;
    case TimeUnit::kNano: return 1'000'000'000;
  }
  return 1;
}

constexpr int64_t kFirstDay = -719'162, kLastDay = 2'932'896;  // 0001-01-01, 9999-12-31
constexpr int64_t kDaySeconds = 86'400;

}  // namespace

void AppendJavaDouble(double value, std::string* out) { AppendJava(value, out); }
void AppendJavaFloat(float value, std::string* out) { AppendJava(value, out); }

void AppendDecimal(Int128 unscaled, int scale, DecimalForm form, std::string* out) {
  const bool negative = unscaled < 0;
  unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(unscaled) : static_cast<unsigned __int128>(unscaled);
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  std::reverse(digits.begin(), digits.end());
  if (form == DecimalForm::kStripped) {
    if (digits == "0") return void(out->append("0"));
    for (; digits.back() == '0'; --scale) digits.pop_back();
  }
  if (negative) out->push_back('-');
  const int exponent = static_cast<int>(digits.size()) - 1 - scale;  // of the first digit
  if (form == DecimalForm::kPlain || (scale >= 0 && exponent >= -6)) {
    if (scale == 0) return void(out->append(digits));
    const size_t places = static_cast<size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    out->append(digits, 0, digits.size() - places);
    out->push_back('.');
    out->append(digits, digits.size() - places);
    return;
  }
  out->push_back(digits[0]);
  if (digits.size() > 1) out->append(".").append(digits, 1);
  out->append(exponent < 0 ? "E" : "E+").append(std::to_string(exponent));
}

bool AppendDate(int64_t days, std::string* out) {
  if (days < kFirstDay || days > kLastDay) return false;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  AppendPadded(static_cast<int>(date.year()), 4, out);
  out->push_back('-');
  AppendPadded(static_cast<unsigned>(date.month()), 2, out);
  out->push_back('-');
  AppendPadded(static_cast<unsigned>(date.day()), 2, out);
  return true;
}

bool AppendTime(int64_t micros, std::string* out) {
  if (micros < 0 || micros >= kDaySeconds * 1'000'000) return false;
  AppendClock(micros / 1'000'000, micros % 1'000'000 * 1'000, out);
  return true;
}

bool AppendTimestamp(int64_t value, TimeUnit unit, bool utc, char separator, std::string* out) {
  const int64_t per_second = PerSecond(unit);
  int64_t seconds = value / per_second, fraction = value % per_second;
  if (fraction < 0) --seconds, fraction += per_second;
  int64_t days = seconds / kDaySeconds, of_day = seconds % kDaySeconds;
  if (of_day < 0) --days, of_day += kDaySeconds;
  if (!AppendDate(days, out)) return false;
  out->push_back(separator);
  AppendClock(of_day, fraction * (1'000'000'000 / per_second), out);
  if (utc) out->push_back('Z');
  return true;
}

}  // namespace lotic
