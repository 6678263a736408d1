// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lotic/status.h"

// Durations and sizes as Pinot's table configurations write them. Errors: Invalid, with the text and what is expected.

namespace lotic::catalog {

/// Milliseconds of "6h", "4h30m", "1d", "500ms" (units d h m s ms, any case, each at most once and from large to small), or of a bare integer, which is milliseconds already. Not negative.
Result<int64_t> ParsePeriod(std::string_view text);

/// Bytes of "150M", "0.5G", "200MB", "1024": a number, with a fraction if need be, then optionally B, K, M, G, T or P (base 1024, any case), then optionally a B.
/// What is finer than a byte is cut off.
Result<int64_t> ParseDataSize(std::string_view text);

/// The unit of a Pinot dateTime or retention: NANOSECONDS, MICROSECONDS, MILLISECONDS, SECONDS, MINUTES, HOURS, DAYS; any case.
enum class PinotTimeUnit : uint8_t { kNanos, kMicros, kMillis, kSeconds, kMinutes, kHours, kDays };
Result<PinotTimeUnit> ParsePinotTimeUnit(std::string_view text);
std::string_view PinotTimeUnitName(PinotTimeUnit unit);

/// `value` × `size` units in milliseconds, rounded down (towards the past). False if that leaves int64.
bool UnitsToMillis(int64_t value, int64_t size, PinotTimeUnit unit, int64_t* ms);
/// The other way, rounded down to a whole value. False if that leaves int64. `size` > 0.
bool MillisToUnits(int64_t ms, int64_t size, PinotTimeUnit unit, int64_t* value);

/// Milliseconds since 1970-01-01 UTC of an instant "2022-08-09T12:31:38.222Z" (a zone or an offset is needed). Finer digits are cut off.
Result<int64_t> ParseInstant(std::string_view text);

}  // namespace lotic::catalog
