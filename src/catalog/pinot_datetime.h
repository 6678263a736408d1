// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_periods.h"
#include "lotic/status.h"

// Times in Pinot's columns. Follows: the dateTime formats of Apache Pinot's schemas, colon form and pipe form; patterns are Joda-Time's letters, in English.

namespace lotic::catalog {

/// Pinot's conversion of a text to TIMESTAMP, in milliseconds since 1970-01-01 UTC: "2024-01-31 10:20:30.5" (a clock in UTC), digits (milliseconds), ISO 8601 with a zone, ISO date or
/// date and hour, minute … without one (UTC). Fractions below a millisecond are cut off, towards the past. Blanks around it are ignored. False if it is none of these. For inner loops.
bool ParsePinotTimestamp(std::string_view text, int64_t* ms);

/// "2024-01-31 10:20:30.5": how Pinot prints a TIMESTAMP (JDBC's text form), in UTC; at least one digit of fraction.
std::string PinotTimestampText(int64_t ms);

/// A compiled text pattern such as "yyyy-MM-dd HH:mm:ss.SSS". Immutable, any thread; copies share.
class TimePattern {
 public:
  /// Letters y M d H h k K m s S a E Z z and quoted text; a run of one letter is its width. `zone`: "" or "UTC", an offset "+05:30", or a name of the tz data base, in which texts without a
  /// zone of their own are meant. Errors: Invalid (an unknown letter or zone, an open quote, a pattern of more than kMaxPatternBytes), with the pattern.
  static Result<TimePattern> Parse(std::string_view pattern, std::string_view zone);
  /// False if `text` does not have the pattern's form or names no time.
  bool ToMillis(std::string_view text, int64_t* ms) const;
  /// Years 0000 to 9999 print as they are; outside of them with a sign.
  std::string FromMillis(int64_t ms) const;
  /// Whether two texts of this pattern order as their times do: letters y M d H m s S, each wide enough, in this order.
  bool ordered() const;
  /// Whether a text of this pattern is all digits.
  bool digits_only() const;
  const std::string& pattern() const;

 private:
  struct Impl;
  explicit TimePattern(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

inline constexpr size_t kMaxPatternBytes = 200;

/// The format of a dateTime column. Immutable, any thread.
class DateTimeFormat {
 public:
  enum class Kind : uint8_t {
    kEpoch,      ///< a number: so many times `size` units since 1970-01-01
    kTimestamp,  ///< milliseconds, or a text that ParsePinotTimestamp takes
    kPattern,    ///< a text, or the number that its digits make
    kIso,        ///< SIMPLE_DATE_FORMAT without a pattern: ISO 8601 with an optional time
  };
  /// "1:MILLISECONDS:EPOCH", "1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd tz(Europe/Berlin)", "EPOCH|SECONDS|5", "TIMESTAMP", "SIMPLE_DATE_FORMAT|yyyy-MM-dd|UTC". Errors: Invalid, with the text.
  static Result<DateTimeFormat> Parse(std::string_view text);

  Kind kind() const { return kind_; }
  int64_t size() const { return size_; }
  PinotTimeUnit unit() const { return unit_; }
  /// Null unless kPattern.
  const TimePattern* pattern() const { return pattern_.get(); }

  /// Milliseconds since 1970-01-01 UTC of a column's value. False where it is no time under this format. For inner loops.
  bool ToMillis(int64_t value, int64_t* ms) const;
  bool ToMillis(std::string_view text, int64_t* ms) const;
  /// The value that stands for `ms`, rounded down. False if it does not fit the form (a pattern that is not all digits).
  bool FromMillis(int64_t ms, int64_t* value) const;
  std::string TextFromMillis(int64_t ms) const;

 private:
  DateTimeFormat() = default;
  Kind kind_ = Kind::kTimestamp;
  PinotTimeUnit unit_ = PinotTimeUnit::kMillis;
  int64_t size_ = 1;
  std::shared_ptr<const TimePattern> pattern_;
};

/// Granularities: "1:DAYS", "DAYS", "DAYS|1". They say how fine the values are and round nothing. Errors: Invalid, with the text.
Status CheckGranularity(std::string_view text);

}  // namespace lotic::catalog
