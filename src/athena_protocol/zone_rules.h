// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

// When a named zone is how far from UTC, from the system's time zone files. Follows: RFC 8536 (TZif, versions 2 and later), POSIX TZ for the time after the last
// transition listed.

namespace lotic::athena {

/// Immutable; any thread.
class ZoneRules {
 public:
  /// Of the bytes of a TZif file. Errors: Invalid (another format, version 1, cut, damaged).
  static Result<ZoneRules> Parse(std::string_view tzif);
  /// Seconds that local time is ahead of UTC.
  int OffsetAt(int64_t seconds_utc) const;

 private:
  struct YearlyDay {  // Mm.w.d: the w-th weekday d of month m, 5 being the last; Jn: the n-th day without 29 February; n: with it, from 0
    enum class Kind : uint8_t { kMonthWeek, kJulian, kZeroBased } kind = Kind::kMonthWeek;
    int month = 0, week = 0, day = 0;
    int seconds = 7200;              ///< local time of that day
    int64_t In(int64_t year) const;  ///< seconds since 1970 in the local time that ends then
  };
  struct Footer {
    int standard = 0, summer = 0;
    bool has_summer = false;
    YearlyDay begin, end;
  };
  static std::optional<Footer> ParseFooter(std::string_view text);

  std::vector<int64_t> transitions_;
  std::vector<int> offsets_;  // from transitions_[i] on
  int first_offset_ = 0;      // before all of them
  std::optional<Footer> footer_;
};

/// Of the system, read once per zone and kept: at most one for each name of the table. TZDIR, if set, is where they are looked for first. Any thread.
/// Errors: NotFound (no file of that name), Invalid (damaged).
Result<const ZoneRules*> SystemZoneRules(std::string_view name);

}  // namespace lotic::athena
