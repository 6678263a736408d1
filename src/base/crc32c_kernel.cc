// SPDX-License-Identifier: Apache-2.0
// Compiled with -mpclmul: call only what the processor can do (crc32c.cc asks it).
#include "base/crc32c_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

namespace lotic::internal {
namespace {

uint64_t Load(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Polynomials over GF(2) modulo P, reflected: bit 31 is x^0, bit 0 is x^31.
constexpr uint32_t kP = 0x82F63B78;

constexpr uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (int i = 0; i < 32; ++i) {
    if (a & 0x80000000u) product ^= b;  // the coefficient of x^i in a
    a <<= 1;
    b = (b >> 1) ^ ((b & 1) ? kP : 0);  // b times x
  }
  return product;
}

constexpr uint32_t PowerOfX(uint64_t exponent) {
  uint32_t result = 0x80000000u, square = 0x40000000u;  // 1, x
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = Multiply(result, square);
    square = Multiply(square, square);
  }
  return result;
}

// A state A followed by `bytes` more bytes counts as A * x^(8 bytes) mod P. Carry-less multiplication of two reflected
// 32-bit values gives A * K * x in the reflected 64 bits, and the crc32 instruction multiplies what it takes in by
// x^32: so K must be x^(8 bytes - 33), and A * K may simply be xored into the last word that the instruction takes in.
constexpr uint32_t ShiftBy(uint64_t bytes) { return PowerOfX(8 * bytes - 33); }

template <uint64_t kBytes>
uint64_t Shifted(uint64_t state) {
  constexpr uint32_t kFactor = ShiftBy(kBytes);
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(state)), _mm_cvtsi32_si128(static_cast<int>(kFactor)), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

constexpr size_t kPrefetchedLane = 2048;

// Three lanes of kLane bytes, one behind the other.
template <size_t kLane>
uint64_t ThreeLanes(const uint8_t* data, uint64_t a) {
  static_assert(kLane % 8 == 0);
  uint64_t b = 0, c = 0;
  const uint8_t* const last = data + kLane - 8;
  if constexpr (kLane >= kPrefetchedLane) {
    // Fetched bytes lie in an outer cache, and three streams that jump are more than the processor foresees: the next
    // three lanes are asked for here. (Behind the end a prefetch does nothing.)
    for (; last - data >= 64; data += 64) {
      __builtin_prefetch(data + 3 * kLane);
      __builtin_prefetch(data + 4 * kLane);
      __builtin_prefetch(data + 5 * kLane);
      for (size_t i = 0; i < 64; i += 8) {
        a = _mm_crc32_u64(a, Load(data + i));
        b = _mm_crc32_u64(b, Load(data + kLane + i));
        c = _mm_crc32_u64(c, Load(data + 2 * kLane + i));
      }
    }
  }
  for (; data < last; data += 8) {
    a = _mm_crc32_u64(a, Load(data));
    b = _mm_crc32_u64(b, Load(data + kLane));
    c = _mm_crc32_u64(c, Load(data + 2 * kLane));
  }
  a = _mm_crc32_u64(a, Load(last));
  b = _mm_crc32_u64(b, Load(last + kLane));
  return _mm_crc32_u64(c, Load(last + 2 * kLane) ^ Shifted<2 * kLane>(a) ^ Shifted<kLane>(b));
}

uint64_t Tail(const uint8_t* data, size_t size, uint64_t crc) {
  for (; size >= 8; data += 8, size -= 8) crc = _mm_crc32_u64(crc, Load(data));
  for (; size > 0; ++data, --size) crc = _mm_crc32_u8(static_cast<uint32_t>(crc), *data);
  return crc;
}

constexpr size_t kLong = 2048, kMiddle = 256, kShort = 64;

}  // namespace

uint32_t Crc32cSingle(const uint8_t* data, size_t size, uint32_t crc) { return ~static_cast<uint32_t>(Tail(data, size, static_cast<uint32_t>(~crc))); }

uint32_t Crc32cFolded(const uint8_t* data, size_t size, uint32_t crc) {
  uint64_t state = static_cast<uint32_t>(~crc);
  for (; size >= 3 * kLong; data += 3 * kLong, size -= 3 * kLong) state = ThreeLanes<kLong>(data, state);
  for (; size >= 3 * kMiddle; data += 3 * kMiddle, size -= 3 * kMiddle) state = ThreeLanes<kMiddle>(data, state);
  for (; size >= 3 * kShort; data += 3 * kShort, size -= 3 * kShort) state = ThreeLanes<kShort>(data, state);
  return ~static_cast<uint32_t>(Tail(data, size, state));
}

}  // namespace lotic::internal
#endif
