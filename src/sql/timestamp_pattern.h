// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lotic/status.h"

namespace lotic::sql {

/// How Flink's TO_TIMESTAMP reads a text: with its own loose form, or with a pattern of Java's DateTimeFormatter. A value; any thread.
/// Follows: Flink 1.20, TO_TIMESTAMP; java.time.format.DateTimeFormatter, resolving as SMART (30 February is the last of February, 24:00:00 the next day).
class TimestampPattern {
 public:
  /// What TO_TIMESTAMP(text) reads: yyyy-M-d, or yyyy-M-d H:m:s with a fraction of up to nine digits.
  static TimestampPattern Loose();
  /// Errors: Invalid, naming the letter (text months, zones, 12-hour clocks, optional parts and what Java refuses too).
  static Result<TimestampPattern> Make(std::string_view pattern);

  /// Milliseconds since 1970 on the local clock, finer digits cut off. Nothing for a text of another form. With a pattern, a text yyyy-M-d or yyyy-M-d H:m:s[.f] that does not
  /// follow it is read all the same, and days, hours, minutes and seconds past their end carry over, as Flink has it.
  std::optional<int64_t> Parse(std::string_view text) const;

  friend bool operator==(const TimestampPattern&, const TimestampPattern&) = default;

 private:
  enum class Part : uint8_t { kYear, kMonth, kDay, kHour, kMinute, kSecond, kFraction, kLiteral };
  struct Step {
    Part part = Part::kLiteral;
    size_t least = 0;  // digits
    size_t most = 0;
    size_t reserved = 0;  // digits that the fields right behind need
    char literal = 0;
    bool operator==(const Step&) const = default;
  };
  struct Fields;

  Status AddField(char letter, size_t count);
  bool Take(const Step& step, std::string_view* text, Fields* fields) const;
  std::optional<int64_t> Strict(std::string_view text) const;
  static std::optional<int64_t> Carrying(std::string_view text);

  std::vector<Step> steps_;
  bool loose_ = false;
  bool era_year_ = false;  // 'y', which has no year 0
  bool two_digit_year_ = false;
};

}  // namespace lotic::sql
