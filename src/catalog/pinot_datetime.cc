// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_datetime.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>

#include "catalog/ddl_tokens.h"
#include "format/iso_time.h"

namespace lotic::catalog {
namespace {

constexpr int64_t kDayMs = 86'400'000;

bool ParseLong(std::string_view text, int64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

bool TakeNumber(std::string_view* text, size_t widest, int64_t high, int64_t* out) {
  size_t n = 0;
  int64_t value = 0;
  while (n < text->size() && n < widest && std::isdigit(static_cast<unsigned char>((*text)[n])) != 0) value = value * 10 + ((*text)[n++] - '0');
  if (n == 0 || value > high) return false;
  text->remove_prefix(n);
  *out = value;
  return true;
}

bool TakeChar(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

/// What ParseIsoTimestamp does not take and Pinot does: JDBC's one-digit fields, a date alone, an hour alone.
bool ParseLooseTimestamp(std::string_view text, int64_t* ms) {
  if (text.size() < 8 || text[4] != '-') return false;
  const std::string_view year = text.substr(0, 4);
  text.remove_prefix(5);
  int64_t month = 0, day = 0, hour = 0, minute = 0, second = 0, fraction = 0;
  if (!TakeNumber(&text, 2, 12, &month) || !TakeChar(&text, '-') || !TakeNumber(&text, 2, 31, &day)) return false;
  char date[16];
  std::snprintf(date, sizeof(date), "%.4s-%02d-%02d", year.data(), static_cast<int>(month), static_cast<int>(day));
  int32_t days = 0;
  if (!ParseIsoDate(date, &days)) return false;
  if (!text.empty()) {
    if (!TakeChar(&text, 'T') && !TakeChar(&text, ' ')) return false;
    if (!TakeNumber(&text, 2, 23, &hour)) return false;
    if (TakeChar(&text, ':')) {
      if (!TakeNumber(&text, 2, 59, &minute)) return false;
      if (TakeChar(&text, ':')) {
        if (!TakeNumber(&text, 2, 59, &second)) return false;
        if (TakeChar(&text, '.')) {
          const size_t before = text.size();
          if (!TakeNumber(&text, 9, 999'999'999, &fraction)) return false;
          for (size_t digits = before - text.size(); digits < 9; ++digits) fraction *= 10;
        }
      }
    }
    if (!text.empty()) return false;
  }
  *ms = int64_t{days} * kDayMs + hour * 3'600'000 + minute * 60'000 + second * 1000 + fraction / 1'000'000;
  return true;
}

Status BadFormat(std::string_view text, std::string_view why) { return Status::Invalid("dateTime format \"", text.substr(0, kMaxPatternBytes), "\": ", why); }

constexpr std::string_view kForms =
    "1:MILLISECONDS:EPOCH, EPOCH|SECONDS, TIMESTAMP, 1:DAYS:SIMPLE_DATE_FORMAT:yyyy-MM-dd or SIMPLE_DATE_FORMAT|yyyy-MM-dd|UTC is needed";

Result<int64_t> ParseSize(std::string_view text, std::string_view size) {
  int64_t value = 0;
  if (!ParseLong(size, &value) || value <= 0 || value > 1'000'000'000)
    return BadFormat(text, "the size \"" + std::string(size.substr(0, 40)) + "\" is not a positive number");
  return value;
}

/// The parts of `text` between `separator`, at most `most`; the last one holds the rest.
std::vector<std::string_view> Split(std::string_view text, char separator, size_t most) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < most) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

}  // namespace

bool ParsePinotTimestamp(std::string_view text, int64_t* ms) {
  text = Trim(text);
  if (ParseLong(text, ms)) return true;
  IsoTimestamp at;
  if (ParseIsoTimestamp(text, &at)) {
    *ms = at.seconds * 1000 + at.nanos / 1'000'000;
    return true;
  }
  return ParseLooseTimestamp(text, ms);
}

std::string PinotTimestampText(int64_t ms) {
  static const TimePattern pattern = TimePattern::Parse("yyyy-MM-dd HH:mm:ss.SSS", "").ValueOrDie();
  std::string text = pattern.FromMillis(ms);
  while (text.back() == '0' && text[text.size() - 2] != '.') text.pop_back();
  return text;
}

Result<DateTimeFormat> DateTimeFormat::Parse(std::string_view text) {
  DateTimeFormat format;
  const bool colons = !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0;
  std::string_view kind, unit, size, pattern, zone;
  if (colons) {
    const std::vector<std::string_view> parts = Split(text, ':', 4);
    if (parts.size() < 3) return BadFormat(text, kForms);
    size = parts[0], unit = parts[1], kind = parts[2];
    if (parts.size() == 4) pattern = parts[3];
    const size_t open = pattern.rfind(" tz(");
    if (open != std::string_view::npos && pattern.ends_with(')')) {
      zone = pattern.substr(open + 4, pattern.size() - open - 5);
      pattern = pattern.substr(0, open);
    }
    if (parts.size() == 4 && kind != "SIMPLE_DATE_FORMAT") return BadFormat(text, "only SIMPLE_DATE_FORMAT has a pattern");
    LOTIC_ASSIGN_OR_RETURN(format.size_, ParseSize(text, size));
  } else {
    const std::vector<std::string_view> parts = Split(text, '|', 4);
    kind = parts[0];
    if (parts.size() > 3 || (kind == "TIMESTAMP" && parts.size() > 1)) return BadFormat(text, kForms);
    if (kind == "EPOCH") {
      unit = parts.size() > 1 ? parts[1] : "MILLISECONDS";
      if (parts.size() > 2) {
        LOTIC_ASSIGN_OR_RETURN(format.size_, ParseSize(text, parts[2]));
      }
    } else {
      if (parts.size() > 1) pattern = parts[1];
      if (parts.size() > 2) zone = parts[2];
    }
  }
  if (!unit.empty() || colons) {
    const Result<PinotTimeUnit> found = ParsePinotTimeUnit(unit);
    if (!found.ok()) return BadFormat(text, found.status().message());
    format.unit_ = *found;
  }
  if (kind == "EPOCH") {
    format.kind_ = Kind::kEpoch;
  } else if (kind == "TIMESTAMP") {
    format.kind_ = Kind::kTimestamp;
    format.unit_ = PinotTimeUnit::kMillis;
    format.size_ = 1;
  } else if (kind == "SIMPLE_DATE_FORMAT" && pattern.empty()) {
    format.kind_ = Kind::kIso;
  } else if (kind == "SIMPLE_DATE_FORMAT") {
    format.kind_ = Kind::kPattern;
    Result<TimePattern> parsed = TimePattern::Parse(pattern, zone);
    if (!parsed.ok()) return BadFormat(text, parsed.status().message());
    format.pattern_ = std::make_shared<const TimePattern>(*std::move(parsed));
  } else {
    return BadFormat(text, kForms);
  }
  return format;
}

bool DateTimeFormat::ToMillis(int64_t value, int64_t* ms) const {
  if (kind_ == Kind::kEpoch) return UnitsToMillis(value, size_, unit_, ms);
  if (kind_ == Kind::kTimestamp) {
    *ms = value;
    return true;
  }
  return kind_ == Kind::kPattern && pattern_->ToMillis(std::to_string(value), ms);
}

bool DateTimeFormat::ToMillis(std::string_view text, int64_t* ms) const {
  switch (kind_) {
    case Kind::kEpoch: {
      int64_t value = 0;
      return ParseLong(Trim(text), &value) && UnitsToMillis(value, size_, unit_, ms);
    }
    case Kind::kPattern: return pattern_->ToMillis(text, ms);
    case Kind::kTimestamp:
    case Kind::kIso: return ParsePinotTimestamp(text, ms);
  }
  return false;
}

bool DateTimeFormat::FromMillis(int64_t ms, int64_t* value) const {
  if (kind_ == Kind::kEpoch) return MillisToUnits(ms, size_, unit_, value);
  if (kind_ == Kind::kTimestamp) {
    *value = ms;
    return true;
  }
  return kind_ == Kind::kPattern && pattern_->digits_only() && ParseLong(pattern_->FromMillis(ms), value);
}

std::string DateTimeFormat::TextFromMillis(int64_t ms) const {
  int64_t value = 0;
  if (kind_ == Kind::kEpoch) return MillisToUnits(ms, size_, unit_, &value) ? std::to_string(value) : "";
  return kind_ == Kind::kPattern ? pattern_->FromMillis(ms) : PinotTimestampText(ms);
}

Status CheckGranularity(std::string_view text) {
  const bool colons = text.find(':') != std::string_view::npos;
  const std::vector<std::string_view> parts = Split(text, colons ? ':' : '|', 2);
  const std::string_view unit = colons ? parts.back() : parts.front();
  const std::string_view size = parts.size() < 2 ? "1" : colons ? parts.front() : parts.back();
  int64_t value = 0;
  if (!ParsePinotTimeUnit(unit).ok() || !ParseLong(size, &value) || value <= 0) {
    return Status::Invalid("granularity \"", text.substr(0, kMaxPatternBytes), "\": 1:DAYS, DAYS or DAYS|1 is needed");
  }
  return Status::OK();
}

}  // namespace lotic::catalog
