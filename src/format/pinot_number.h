// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Numbers as Java reads and narrows them. Follows: the Java Language Specification §5.1.3, Long.parseLong, Double.valueOf, BigDecimal.

namespace lotic::pinot {

/// As String.trim(): without characters up to the blank around it.
std::string_view Trim(std::string_view text);

/// A sign and digits, nothing else, in range.
bool ParseLong(std::string_view text, int64_t* value);
/// Also "NaN", "Infinity", ".5", "5.", a last f or d; too large is an infinity, too small a zero. Hexadecimal floats are not read.
bool ParseDouble(std::string_view text, double* value);
bool ParseFloat(std::string_view text, float* value);

/// Narrowing: the fraction is dropped, what is too large becomes the nearest limit, NaN 0.
int64_t ToLong(double value);
int32_t ToInt(double value);
/// The low 64 bits of an integer of any length: a sign and digits.
int64_t LowBits(std::string_view digits);

/// Appends a decimal number in plain digits: "1.5e3" is "1500". Trailing zeros of the fraction go unless `keep_zeros`. False if it is no number or has more than kMaxBigDecimalDigits digits.
bool AppendPlainDecimal(std::string_view text, bool keep_zeros, std::string* out);

}  // namespace lotic::pinot
