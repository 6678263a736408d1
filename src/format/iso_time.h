// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "lotic/type.h"

// Dates and times as text. Follows: ISO 8601 extended format, RFC 3339; years 0001 to 9999.

namespace lotic {

/// Days since 1970-01-01 of "2022-02-11". False if `text` is anything else.
bool ParseIsoDate(std::string_view text, int32_t* days);

struct IsoTimestamp {
  int64_t seconds = 0;  ///< since 1970-01-01 00:00:00, of the instant where there is a zone, else as the clock shows
  int32_t nanos = 0;
  bool zoned = false;
};

/// "2022-02-11T13:34:45.807Z": date, 'T' or space, hours and minutes, then optionally seconds with up to 9 digits of
/// fraction, then optionally 'Z' or an offset (+01:00, +0100, +01). False if `text` is anything else, a leap second or
/// hour 24 included.
bool ParseIsoTimestamp(std::string_view text, IsoTimestamp* out);

/// Microseconds since midnight of "13:34:45.807". False if `text` is anything else or finer.
bool ParseIsoTime(std::string_view text, int64_t* micros);

/// In `unit`s. False if that would lose digits or leave the range of int64.
bool ToUnit(const IsoTimestamp& at, TimeUnit unit, int64_t* out);

}  // namespace lotic
