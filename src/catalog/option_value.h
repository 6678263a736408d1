// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>

#include "lotic/status.h"

// Values of the options in WITH (…), as Flink writes them. `key` begins every message. Errors: Invalid, with key, value and what is expected.

namespace lotic::catalog {

/// Optional sign and decimal digits, in [low, high].
Result<int64_t> ParseIntegerOption(std::string_view key, std::string_view text, int64_t low = 0, int64_t high = std::numeric_limits<int64_t>::max());

/// "true" or "false", in any case.
Result<bool> ParseBooleanOption(std::string_view key, std::string_view text);

/// Decimal or exponent form, finite, at least `low`.
Result<double> ParseDoubleOption(std::string_view key, std::string_view text, double low = 0);

/// A number, an optional blank, an optional unit: "250", "10 s", "1min". Without a unit, milliseconds. What is finer than a millisecond is cut off.
Result<std::chrono::milliseconds> ParseDurationOption(std::string_view key, std::string_view text);

/// A number, an optional blank, an optional unit: "1048576", "64 mb", "1g". Units count by 1024, without one it is bytes. At least `low` bytes.
Result<int64_t> ParseMemoryOption(std::string_view key, std::string_view text, int64_t low = 0);

}  // namespace lotic::catalog
