// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <limits>
#include <vector>

#include "catalog/ddl_tokens.h"
#include "catalog/pinot_datetime.h"
#include "catalog/time_zone.h"

namespace lotic::catalog {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"January", "February", "March",     "April",   "May",      "June",
                                                   "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr size_t kShortName = 3;
constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kMaxYear = 99'999;

struct Piece {
  char letter = 0;  // 0: a literal
  int width = 0;
  std::string literal;
  bool numeric = false;
  bool fixed = false;  // a numeric one follows at once, so it has exactly `width` digits
};

bool IsNumeric(char letter, int width) { return letter == 'M' ? width < 3 : std::string_view("ydHhkKmsS").find(letter) != std::string_view::npos; }

struct Fields {
  int64_t year = 1970, month = 1, day = 1, hour = 0, half_hour = -1, minute = 0, second = 0, nanos = 0;
  bool afternoon = false;
  bool zoned = false;
  int32_t offset = 0;
};

bool TakeDigits(std::string_view* text, size_t low, size_t high, int64_t* out, size_t* count = nullptr) {
  size_t n = 0;
  int64_t value = 0;
  while (n < text->size() && n < high && std::isdigit(static_cast<unsigned char>((*text)[n])) != 0) value = value * 10 + ((*text)[n++] - '0');
  if (n < low || n == 0) return false;
  text->remove_prefix(n);
  *out = value;
  if (count != nullptr) *count = n;
  return true;
}

/// The full name, or its first three letters.
template <size_t n>
bool TakeName(const std::array<std::string_view, n>& names, std::string_view* text, int64_t* index) {
  const auto begins = [&](std::string_view name) { return text->size() >= name.size() && AsciiLower(text->substr(0, name.size())) == AsciiLower(name); };
  for (size_t i = 0; i < n; ++i) {
    if (!begins(names[i].substr(0, kShortName))) continue;
    text->remove_prefix(begins(names[i]) ? names[i].size() : kShortName);
    *index = static_cast<int64_t>(i);
    return true;
  }
  return false;
}

bool TakeOffset(std::string_view* text, int32_t* offset) {
  if (text->empty()) return false;
  if ((*text)[0] == 'Z') {
    text->remove_prefix(1);
    *offset = 0;
    return true;
  }
  if ((*text)[0] != '+' && (*text)[0] != '-') return false;
  const int32_t sign = (*text)[0] == '-' ? -1 : 1;
  text->remove_prefix(1);
  int64_t hours = 0, minutes = 0;
  if (!TakeDigits(text, 2, 2, &hours)) return false;
  if (!text->empty() && (*text)[0] == ':') text->remove_prefix(1);
  if (!TakeDigits(text, 2, 2, &minutes) || hours > 18 || minutes > 59) return false;
  *offset = sign * static_cast<int32_t>(hours * 3600 + minutes * 60);
  return true;
}

bool TakeNumber(const Piece& token, std::string_view* text, Fields* fields) {
  int64_t value = 0;
  size_t digits = 0;
  const size_t width = static_cast<size_t>(token.width);
  const size_t widest = token.letter == 'y' || token.letter == 'S' ? 9 : 2;
  if (!TakeDigits(text, token.fixed ? width : 1, token.fixed ? width : std::max(width, widest), &value, &digits)) return false;
  switch (token.letter) {
    case 'y': fields->year = value; return value <= kMaxYear;
    case 'M': fields->month = value; return value >= 1 && value <= 12;
    case 'd': fields->day = value; return value >= 1 && value <= 31;
    case 'H': fields->hour = value; return value <= 23;
    case 'k': fields->hour = value % 24; return value >= 1 && value <= 24;
    case 'h': fields->half_hour = value % 12; return value >= 1 && value <= 12;
    case 'K': fields->half_hour = value; return value <= 11;
    case 'm': fields->minute = value; return value <= 59;
    case 's': fields->second = value; return value <= 59;
    default:
      for (; digits < 9; ++digits) value *= 10;
      fields->nanos = value;
      return true;
  }
}

bool Take(const Piece& token, std::string_view* text, Fields* fields) {
  int64_t index = 0;
  switch (token.letter) {
    case 0:
      if (!text->starts_with(token.literal)) return false;
      text->remove_prefix(token.literal.size());
      return true;
    case 'M':
      if (token.numeric) break;
      if (!TakeName(kMonths, text, &index)) return false;
      fields->month = index + 1;
      return true;
    case 'E': return TakeName(kDays, text, &index);
    case 'a': {
      if (text->size() < 2) return false;
      const std::string half = AsciiLower(text->substr(0, 2));
      text->remove_prefix(2);
      fields->afternoon = half == "pm";
      return half == "am" || half == "pm";
    }
    case 'z':
      for (const std::string_view name : {"UTC", "GMT"}) {
        if (!text->starts_with(name)) continue;
        text->remove_prefix(name.size());
        fields->zoned = true;
        return true;
      }
      return false;
    case 'Z': fields->zoned = true; return TakeOffset(text, &fields->offset);
    default: break;
  }
  return TakeNumber(token, text, fields);
}

void AppendNumber(int64_t value, int width, std::string* out) {
  char digits[32];
  std::snprintf(digits, sizeof(digits), value < 0 ? "-%0*lld" : "%0*lld", std::min(width, 9), static_cast<long long>(value < 0 ? -value : value));
  *out += digits;
}

}  // namespace

struct TimePattern::Impl {
  std::string pattern;
  std::vector<Piece> tokens;
  TimeZone zone;
  bool ordered = false;
  bool digits_only = false;
};

const std::string& TimePattern::pattern() const { return impl_->pattern; }
bool TimePattern::ordered() const { return impl_->ordered; }
bool TimePattern::digits_only() const { return impl_->digits_only; }

Result<TimePattern> TimePattern::Parse(std::string_view pattern, std::string_view zone) {
  if (pattern.empty()) return Status::Invalid("the time pattern is empty");
  if (pattern.size() > kMaxPatternBytes) return Status::Invalid("a time pattern of more than ", kMaxPatternBytes, " bytes");
  Result<TimeZone> found = TimeZone::Find(zone);
  if (!found.ok()) return found.status().WithMessage("time pattern \"", pattern, "\": ", found.status().message());
  Impl impl{std::string(pattern), {}, *std::move(found)};
  const auto literal = [&](std::string_view text) {
    if (impl.tokens.empty() || impl.tokens.back().letter != 0) impl.tokens.emplace_back();
    impl.tokens.back().literal += text;
  };
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (c == '\'') {
      if (pattern.substr(i, 2) == "''") {
        literal("'");
        i += 2;
        continue;
      }
      ++i;
      while (true) {  // two quotes within quotes are one
        const size_t close = pattern.find('\'', i);
        if (close == std::string_view::npos) return Status::Invalid("time pattern \"", pattern, "\": a quote is not closed");
        literal(pattern.substr(i, close - i));
        i = close + 1;
        if (i >= pattern.size() || pattern[i] != '\'') break;
        literal("'");
        ++i;
      }
      continue;
    }
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) {
      literal(pattern.substr(i, 1));
      ++i;
      continue;
    }
    size_t end = i;
    while (end < pattern.size() && pattern[end] == c) ++end;
    Piece token{c == 'Y' ? 'y' : c, static_cast<int>(end - i), "", false, false};
    if (std::string_view("yMdHhkKmsSaEZz").find(token.letter) == std::string_view::npos) {
      return Status::Invalid("time pattern \"", pattern, "\": the letter ", c,
                             " is not supported: y M d H h k K m s S a E Z z are, other text stands in single quotes");
    }
    if (token.letter == 'y' && token.width == 2) return Status::Invalid("time pattern \"", pattern, "\": years of two digits are ambiguous; yyyy is needed");
    if (token.letter == 'S' && token.width > 9) return Status::Invalid("time pattern \"", pattern, "\": more than nine digits of a second");
    token.numeric = IsNumeric(token.letter, token.width);
    if (token.numeric && !impl.tokens.empty() && impl.tokens.back().numeric) impl.tokens.back().fixed = true;
    impl.tokens.push_back(std::move(token));
    i = end;
  }
  static constexpr std::string_view kOrder = "yMdHmsS";
  impl.ordered = impl.digits_only = true;
  size_t last = 0;
  for (const Piece& token : impl.tokens) {
    impl.digits_only &= token.numeric;
    if (token.letter == 0) continue;
    const size_t at = kOrder.find(token.letter);
    impl.ordered &= token.numeric && at != std::string_view::npos && at >= last && (token.letter == 'S' || token.width >= (token.letter == 'y' ? 4 : 2));
    if (at != std::string_view::npos) last = at + 1;
  }
  return TimePattern(std::make_shared<const Impl>(std::move(impl)));
}

bool TimePattern::ToMillis(std::string_view text, int64_t* ms) const {
  Fields fields;
  for (const Piece& token : impl_->tokens) {
    if (!Take(token, &text, &fields)) return false;
  }
  if (!text.empty()) return false;
  if (fields.half_hour >= 0) fields.hour = fields.half_hour + (fields.afternoon ? 12 : 0);
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(std::min<int64_t>(fields.year, 32'000))),
                                         std::chrono::month(static_cast<unsigned>(fields.month)), std::chrono::day(static_cast<unsigned>(fields.day))};
  if (fields.year > 32'000 || !date.ok()) return false;
  const int64_t local = std::chrono::sys_days(date).time_since_epoch().count() * kDaySeconds + fields.hour * 3600 + fields.minute * 60 + fields.second;
  const int64_t utc = fields.zoned ? local - fields.offset : impl_->zone.ToUtc(local);
  *ms = utc * 1000 + fields.nanos / 1'000'000;
  return true;
}

std::string TimePattern::FromMillis(int64_t ms) const {
  const auto floor_div = [](int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); };
  const int64_t utc = floor_div(ms, 1000);
  const int64_t millis = ms % 1000 < 0 ? ms % 1000 + 1000 : ms % 1000;
  const int32_t offset = impl_->zone.OffsetAt(utc);
  const int64_t local = utc + offset;
  const int64_t days = floor_div(local, kDaySeconds);
  const int64_t second = local - days * kDaySeconds;
  // Years repeat every 400: outside of what std::chrono holds, a year of the same shape stands in.
  constexpr int64_t kCycleDays = 146'097;
  const int64_t cycles = floor_div(days, kCycleDays);
  const std::chrono::sys_days in_cycle{std::chrono::days(days - cycles * kCycleDays)};
  const std::chrono::year_month_day date{in_cycle};
  const int64_t year = static_cast<int>(date.year()) + cycles * 400;
  const int64_t hour = second / 3600;
  std::string out;
  for (const Piece& token : impl_->tokens) {
    switch (token.letter) {
      case 0: out += token.literal; break;
      case 'y': AppendNumber(year, token.width, &out); break;
      case 'M': {
        const std::string_view name = kMonths[static_cast<unsigned>(date.month()) - 1];
        if (token.numeric) {
          AppendNumber(static_cast<unsigned>(date.month()), token.width, &out);
        } else {
          out += token.width == 3 ? name.substr(0, kShortName) : name;
        }
        break;
      }
      case 'd': AppendNumber(static_cast<unsigned>(date.day()), token.width, &out); break;
      case 'H': AppendNumber(hour, token.width, &out); break;
      case 'k': AppendNumber(hour == 0 ? 24 : hour, token.width, &out); break;
      case 'h': AppendNumber(hour % 12 == 0 ? 12 : hour % 12, token.width, &out); break;
      case 'K': AppendNumber(hour % 12, token.width, &out); break;
      case 'm': AppendNumber(second / 60 % 60, token.width, &out); break;
      case 's': AppendNumber(second % 60, token.width, &out); break;
      case 'S': {
        std::string digits;
        AppendNumber(millis * 1'000'000, 9, &digits);
        out += digits.substr(0, static_cast<size_t>(token.width));
        break;
      }
      case 'a': out += hour < 12 ? "AM" : "PM"; break;
      case 'E': {
        const std::string_view name = kDays[std::chrono::weekday(in_cycle).c_encoding()];
        out += token.width <= 3 ? name.substr(0, kShortName) : name;
        break;
      }
      default: {  // Z, z
        if (token.letter == 'z' && offset == 0) {
          out += "UTC";
          break;
        }
        out += offset < 0 ? '-' : '+';
        const int32_t east = std::abs(offset) / 60;
        AppendNumber(east / 60, 2, &out);
        if (token.width > 1 || token.letter == 'z') out += ':';
        AppendNumber(east % 60, 2, &out);
        break;
      }
    }
  }
  return out;
}

}  // namespace lotic::catalog
