// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/start_time.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "format/iso_time.h"

namespace lotic::kinesis {
namespace {

constexpr size_t kMaxTextBytes = 200;  // of text and of pattern
constexpr std::string_view kMonths[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december"};
constexpr std::string_view kDays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

struct Element {
  char letter = 0;  // 0: literal
  size_t count = 0;
  std::string literal;
  bool numeric() const { return std::string_view("ydHhmsS").find(letter) != std::string_view::npos || (letter == 'M' && count < 3); }
};

Result<std::vector<Element>> ParsePattern(std::string_view key, std::string_view pattern) {
  std::vector<Element> elements;
  const auto literal = [&](char c) {
    if (elements.empty() || elements.back().letter != 0) elements.emplace_back();
    elements.back().literal.push_back(c);
  };
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '\'') {
      if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
        literal('\'');
        at += 2;
        continue;
      }
      for (++at;; ++at) {
        if (at >= pattern.size()) return Status::Invalid("option '", key, "': a quote of the pattern '", pattern, "' is not closed");
        if (pattern[at] != '\'') {
          literal(pattern[at]);
        } else if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
          literal('\'');
          ++at;
        } else {
          break;
        }
      }
      ++at;
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      if (std::string_view("yMdHhmsSaEzZX").find(c) == std::string_view::npos) {
        return Status::Invalid("option '", key, "': the letter '", std::string(1, c), "' of the pattern '", pattern, "' is none of y M d H h m s S a E z Z X");
      }
      Element element{c, 0, ""};
      for (; at < pattern.size() && pattern[at] == c; ++at) ++element.count;
      if (c == 'X' && element.count > 3) return Status::Invalid("option '", key, "': the pattern '", pattern, "' has more than three X");
      elements.push_back(std::move(element));
    } else {
      literal(c);
      ++at;
    }
  }
  return elements;
}

/// A name at the front of `text`, in full or its first three letters, any case. @return its index, -1 if there is none.
int TakeName(std::string_view* text, std::span<const std::string_view> names) {
  const auto starts = [&](std::string_view name) {
    if (text->size() < name.size()) return false;
    for (size_t i = 0; i < name.size(); ++i) {
      if (((*text)[i] | 0x20) != name[i]) return false;
    }
    return true;
  };
  for (size_t i = 0; i < names.size(); ++i) {
    for (const std::string_view name : {names[i], names[i].substr(0, 3)}) {
      if (!starts(name)) continue;
      text->remove_prefix(name.size());
      return static_cast<int>(i);
    }
  }
  return -1;
}

std::optional<int> TakeDigits(std::string_view* text, size_t count) {
  int value = 0;
  if (text->size() < count) return std::nullopt;
  for (size_t i = 0; i < count; ++i) {
    if ((*text)[i] < '0' || (*text)[i] > '9') return std::nullopt;
    value = value * 10 + ((*text)[i] - '0');
  }
  text->remove_prefix(count);
  return value;
}

/// An offset in minutes: Z where `letter` allows it, ±hh, ±hhmm, ±hh:mm; GMT or UTC in front of one, or alone, for 'z' and 'Z'.
std::optional<int> TakeZone(std::string_view* text, const Element& element) {
  if (element.letter == 'X' && text->starts_with('Z')) return text->remove_prefix(1), 0;
  if (element.letter != 'X' && (text->starts_with("GMT") || text->starts_with("UTC"))) {
    text->remove_prefix(3);
    if (text->empty() || (text->front() != '+' && text->front() != '-')) return 0;
  }
  if (text->empty() || (text->front() != '+' && text->front() != '-')) return std::nullopt;
  const int sign = text->front() == '-' ? -1 : 1;
  text->remove_prefix(1);
  const std::optional<int> hours = TakeDigits(text, 2);
  if (!hours || *hours > 23) return std::nullopt;
  if (element.letter == 'X' && element.count == 1) return sign * *hours * 60;
  if ((element.letter == 'X' && element.count == 3) || (element.letter == 'z' && text->starts_with(':'))) {
    if (!text->starts_with(':')) return std::nullopt;
    text->remove_prefix(1);
  }
  const std::optional<int> minutes = TakeDigits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

std::optional<StartTime> ByPattern(std::string_view text, const std::vector<Element>& elements) {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, millis = 0, zone = 0;
  std::optional<bool> afternoon;
  bool twelve = false;
  for (size_t e = 0; e < elements.size(); ++e) {
    const Element& element = elements[e];
    if (element.letter == 0) {
      if (!text.starts_with(element.literal)) return std::nullopt;
      text.remove_prefix(element.literal.size());
      continue;
    }
    if (element.numeric()) {
      // Next to another number a field has as many digits as letters, else all that are there.
      size_t digits = 0;
      while (digits < text.size() && digits < 9 && text[digits] >= '0' && text[digits] <= '9') ++digits;
      if (e + 1 < elements.size() && elements[e + 1].numeric()) digits = element.count;
      const std::optional<int> value = digits == 0 ? std::nullopt : TakeDigits(&text, digits);
      if (!value) return std::nullopt;
      switch (element.letter) {
        case 'y': year = element.count == 2 && digits == 2 ? 2000 + *value : *value; break;
        case 'M': month = *value; break;
        case 'd': day = *value; break;
        case 'H': hour = *value; break;
        case 'h':
          twelve = true;
          hour = *value;
          break;
        case 'm': minute = *value; break;
        case 's': second = *value; break;
        default: millis = *value;
      }
    } else if (element.letter == 'M') {
      month = TakeName(&text, kMonths) + 1;
    } else if (element.letter == 'E') {
      if (TakeName(&text, kDays) < 0) return std::nullopt;
    } else if (element.letter == 'a') {
      if (text.size() < 2 || (text[1] | 0x20) != 'm' || ((text[0] | 0x20) != 'a' && (text[0] | 0x20) != 'p')) return std::nullopt;
      afternoon = (text[0] | 0x20) == 'p';
      text.remove_prefix(2);
    } else {
      const std::optional<int> offset = TakeZone(&text, element);
      if (!offset) return std::nullopt;
      zone = *offset;
    }
  }
  if (twelve) {
    if (hour < 1 || hour > 12) return std::nullopt;
    hour = hour % 12 + (afternoon.value_or(false) ? 12 : 0);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (year < 1 || year > 9999 || !date.ok() || hour > 23 || minute > 59 || second > 59 || millis > 999) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  StartTime made;
  made.ms = (((days * 24 + hour) * 60 + minute - zone) * 60 + second) * 1000 + millis;
  if (!text.empty()) made.warning = "the text '" + std::string(text) + "' behind the start time is ignored";
  return made;
}

/// Decimal seconds; the value in ms, truncated.
std::optional<int64_t> BySeconds(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  int64_t seconds = 0, fraction = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  if (whole.empty() || error != std::errc() || end != whole.data() + whole.size() || seconds > 253'402'300'799 || seconds < -253'402'300'799)
    return std::nullopt;
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    for (size_t i = 0; i < 3; ++i) fraction = fraction * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  }
  return seconds * 1000 + (whole[0] == '-' ? -fraction : fraction);
}

}  // namespace

Result<StartTime> ParseStartTime(std::string_view key, std::string_view text, std::string_view pattern) {
  if (text.size() > kMaxTextBytes || pattern.size() > kMaxTextBytes)
    return Status::Invalid("option '", key, "': a time or its pattern has more than ", kMaxTextBytes, " bytes");
  LOTIC_ASSIGN_OR_RETURN(const std::vector<Element> elements, ParsePattern(key, pattern));
  std::optional<StartTime> made = ByPattern(text, elements);
  if (!made) {
    IsoTimestamp at;
    if (ParseIsoTimestamp(text, &at)) {
      made = StartTime{at.seconds * 1000 + at.nanos / 1'000'000, at.zoned ? "" : "the start time '" + std::string(text) + "' has no zone and is taken as UTC"};
    } else if (const std::optional<int64_t> ms = BySeconds(text)) {
      made = StartTime{*ms, ""};
      if (text.starts_with('-') || *ms < 0) return Status::Invalid("option '", key, "': the time '", text, "' is negative");
    }
  } else {
    bool zoned = false;
    for (const Element& element : elements) zoned = zoned || element.letter == 'X' || element.letter == 'Z' || element.letter == 'z';
    if (!zoned && made->warning.empty()) made->warning = "the start time '" + std::string(text) + "' has no zone and is taken as UTC";
  }
  if (!made) return Status::Invalid("option '", key, "': '", text, "' is no time of the pattern ", pattern, ", of ISO-8601 or in seconds since 1970");
  if (made->ms < 0) return Status::Invalid("option '", key, "': the time '", text, "' lies before 1970");
  return *made;
}

}  // namespace lotic::kinesis
