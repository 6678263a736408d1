// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lotic/type.h"

// Scalars as the Query API writes them: "2024-04-05 09:31:12.142000000", "2024-04-05", "1.0E10", "true". False: the text is anything else.

namespace lotic::timestream {

/// Date, a blank, time and 0 to 9 digits of fraction (the dot may be missing), UTC, floored to the unit. False, too, beyond int64 of the unit.
bool ParseTimestamp(std::string_view text, TimeUnit unit, int64_t* out);
bool ParseDate(std::string_view text, int64_t* days);
bool ParseInteger(std::string_view text, int64_t low, int64_t high, int64_t* out);
/// Also "NaN", "Infinity", "-Infinity".
bool ParseDouble(std::string_view text, double* out);
/// "true" and "false" in any case.
bool ParseBool(std::string_view text, bool* out);

/// "2026-08-01 00:00:00.007000000" and "2026-08-01". Stops the process outside the years 0001 to 9999: the caller has looked.
std::string TimestampText(int64_t value, TimeUnit unit);
std::string DateText(int64_t days);

inline constexpr int64_t kFirstDay = -719'162;  ///< 0001-01-01
inline constexpr int64_t kLastDay = 2'932'896;  ///< 9999-12-31
int64_t NanosPer(TimeUnit unit);

}  // namespace lotic::timestream
