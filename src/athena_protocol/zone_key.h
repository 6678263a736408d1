// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lotic/status.h"

// A timestamp with time zone in 64 bits: milliseconds UTC << 12 | zone key. The keys are those of Presto and Trino: 0 is UTC, 1 .. 1680 are fixed offsets,
// 1681 .. 2228 are named zones. Follows: the federation SDK's DateTimeFormatterUtil and TimeZoneKey.

namespace lotic::athena {

inline constexpr int kZoneBits = 12;
inline constexpr int64_t kMinPackableMs = -(int64_t{1} << 51);
inline constexpr int64_t kMaxPackableMs = (int64_t{1} << 51) - 1;

/// Errors: Invalid (milliseconds beyond 52 bits; an unknown key).
Result<int64_t> PackZoned(int64_t millis_utc, int zone_key);
constexpr int64_t MillisOfPacked(int64_t packed) { return packed >> kZoneBits; }
constexpr int ZoneKeyOfPacked(int64_t packed) { return static_cast<int>(packed & 0xFFF); }

/// Ids ignore case and take the SDK's aliases ("Z", "GMT+5", "Etc/GMT-3", "+05:30"). Errors: Invalid (unknown zone).
Result<int> ZoneKeyOf(std::string_view zone_id);
/// "UTC", "+05:30", "Europe/Berlin". Errors: Invalid (unknown key).
Result<std::string> ZoneIdOf(int zone_key);
/// The key's offset from UTC at an instant, in seconds: fixed for keys to 1680, by the system's time zone data for named ones. Errors: Invalid; NotFound (no such zone on this system).
Result<int> ZoneOffsetSeconds(int zone_key, int64_t millis_utc);

}  // namespace lotic::athena
