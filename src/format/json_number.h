// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "lotic/batch.h"

// Numbers of RFC 8259 from their text. 16 bytes behind the text are readable, and 8 before its end where it is longer
// than 8.

namespace lotic::json {

namespace internal {
inline uint64_t LoadEight(const uint8_t* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}
/// Are all eight bytes digits? 0x30 .. 0x39 keep their high nibble when 6 is added; 0x3a .. 0x3f do not.
inline bool AreDigits(uint64_t word) {
  return ((word & 0xf0f0f0f0f0f0f0f0u) | (((word + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4)) ==
         0x3333333333333333u;
}
/// The number that eight digits are, the first one the most significant: pairs, then fours, then all eight.
/// "12345678": {12, 34, 56, 78}, {1234, 5678}, 12345678.
inline uint32_t EightDigits(uint64_t word) {
  word = (word & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
  word = (word & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
  return static_cast<uint32_t>((word & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
}
/// The last `count` (1 .. 8) digits of those that end at p + count, with '0' in front.
inline uint64_t LoadPadded(const uint8_t* p, uint32_t count) {
  const uint32_t shift = 8 * (8 - count);
  return LoadEight(p) << shift | (shift == 0 ? 0 : 0x3030303030303030u >> (64 - shift));
}
bool ParseLongInt64(const uint8_t* p, uint32_t size, bool negative, int64_t* value);
}  // namespace internal

/// An integer without fraction and exponent, in range. "-0" is 0; "01" and "+1" are no numbers.
inline bool ParseInt64(const uint8_t* p, uint32_t size, int64_t* value) {
  const bool negative = size != 0 && *p == '-';
  p += negative;
  size -= negative;
  if (size - 1 >= 16) return internal::ParseLongInt64(p, size, negative, value);  // none, or more than 16
  if (*p == '0' && size > 1) return false;
  uint64_t magnitude;
  if (size <= 8) {
    const uint64_t word = internal::LoadPadded(p, size);
    if (!internal::AreDigits(word)) return false;
    magnitude = internal::EightDigits(word);
  } else {
    const uint64_t high = internal::LoadPadded(p, size - 8);
    const uint64_t low = internal::LoadEight(p + size - 8);
    if (!internal::AreDigits(high) || !internal::AreDigits(low)) return false;
    magnitude = uint64_t{internal::EightDigits(high)} * 100'000'000 + internal::EightDigits(low);
  }
  *value = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  return true;
}

bool ParseUInt64(std::string_view token, uint64_t* value);

/// The nearest double (float) to any number; too small for one is a zero, too large does not fit.
bool ParseDouble(std::string_view token, double* value);
bool ParseFloat(std::string_view token, float* value);

/// `token` times 10^scale, where that is an integer of at most `precision` digits: nothing is rounded.
bool ParseDecimal(std::string_view token, int precision, int scale, Int128* value);

}  // namespace lotic::json
