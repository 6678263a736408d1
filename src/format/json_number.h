// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <smmintrin.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "lotic/batch.h"

// Numbers of RFC 8259 from their text. 16 bytes behind the text are readable, and 8 before its end where it is longer
// than 8.

namespace lotic::json {

namespace internal {
/// Shuffles that move the first n of 16 bytes to the end and put zeroes in front: load at offset n.
alignas(16) inline constexpr std::array<uint8_t, 32> kToTheEnd = [] {
  std::array<uint8_t, 32> shuffle{};
  for (uint8_t i = 0; i < 16; ++i) shuffle[i] = 0x80, shuffle[i + 16] = i;
  return shuffle;
}();
/// 1 to 16 digits, without a sign.
[[gnu::always_inline]] inline bool ParseDigits(const uint8_t* p, uint32_t size, int64_t* value) {
  // "807" becomes the digits 0000000000000807; then pairs (08, 07), fours and eights are put together at once.
  const __m128i shuffle = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kToTheEnd.data() + size));
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i digits = _mm_shuffle_epi8(_mm_sub_epi8(text, _mm_set1_epi8('0')), shuffle);
  const __m128i above = _mm_subs_epu8(digits, _mm_set1_epi8(9));
  if (_mm_testz_si128(above, above) == 0 || (*p == '0' && size > 1)) return false;
  const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010a));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
  const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
  const uint64_t both = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  *value = static_cast<int64_t>((both & 0xffffffffu) * 100'000'000 + (both >> 32));
  return true;
}
bool ParseOtherInt64(const uint8_t* p, uint32_t size, int64_t* value);
}  // namespace internal

/// An integer without fraction and exponent, in range. "-0" is 0; "01" and "+1" are no numbers.
[[gnu::always_inline]] inline bool ParseInt64(const uint8_t* p, uint32_t size, int64_t* value) {
  // The sign is a branch, not arithmetic: with the digits' address depending on it, a loop of these took 8 ns a value
  // instead of 1.5.
  if (*p == '-' || size - 1 >= 16) [[unlikely]]
    return internal::ParseOtherInt64(p, size, value);
  return internal::ParseDigits(p, size, value);
}

bool ParseUInt64(std::string_view token, uint64_t* value);

/// The nearest double (float) to any number; too small for one is a zero, too large does not fit.
bool ParseDouble(std::string_view token, double* value);
bool ParseFloat(std::string_view token, float* value);

/// `token` times 10^scale, where that is an integer of at most `precision` digits: nothing is rounded.
bool ParseDecimal(std::string_view token, int precision, int scale, Int128* value);
/// The same, rounded HALF_UP (ties away from zero) to `scale` places where it has more.
bool ParseRoundedDecimal(std::string_view token, int precision, int scale, Int128* value);

}  // namespace lotic::json
