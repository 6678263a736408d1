// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/base64_kernel.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lotic::athena::internal {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Two characters for each 12 bits.
constexpr std::array<char, 8192> kPairs = [] {
  std::array<char, 8192> pairs{};
  for (size_t i = 0; i < 4096; ++i) {
    pairs[2 * i] = kAlphabet[i >> 6];
    pairs[2 * i + 1] = kAlphabet[i & 63];
  }
  return pairs;
}();

}  // namespace

void Base64Plain(const uint8_t* in, size_t count, char* out) {
  for (size_t i = 0; i < count; i += 3, out += 4) {
    const uint32_t bits = static_cast<uint32_t>(in[i]) << 16 | static_cast<uint32_t>(in[i + 1]) << 8 | in[i + 2];
    std::memcpy(out, &kPairs[2 * (bits >> 12)], 2);
    std::memcpy(out + 2, &kPairs[2 * (bits & 0xfff)], 2);
  }
}

#if defined(__x86_64__)

// 24 bytes become 32 characters a step. In each half of the register, 12 bytes; of each 3 bytes a b c, one 32-bit word b a c b (low byte first):
//
//   word, high to low   BBBBbbbb CCcccccc aaaaaaAA BBBBbbbb          "Man" = 4D 61 6E: 61 6E 4D 61
//   wanted bytes        00cccccc 00bbbbCC 00AABBBB 00aaaaaa          2E 05 16 13, that is u F W T: stored low byte first, "TWFu"
//
// The two outer shifts to the right are multiplications that keep the high half of 16 bits, the two to the left ones that keep the low half.
// Characters: a run of the alphabet is one distance from the 6-bit value, found by a table of 16: 0 .. 25 → slot 13, 26 .. 51 → slot 0, 52 .. 61 → 1 .. 10, 62 → 11, 63 → 12.
__attribute__((target("avx2"))) void Base64Avx2(const uint8_t* in, size_t count, char* out) {
  constexpr size_t kStep = 24, kRead = 28;                                                    // the second half begins at byte 12 and reads 16
  const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                          1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  const __m256i distance = _mm256_setr_epi8(
      'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0,  //
      'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
  size_t done = 0;
  for (; count - done >= kRead; done += kStep, out += 32) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + done));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + done + 12));
    const __m256i words = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
    const __m256i right = _mm256_mulhi_epu16(_mm256_and_si256(words, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    const __m256i left = _mm256_mullo_epi16(_mm256_and_si256(words, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
    const __m256i values = _mm256_or_si256(right, left);
    const __m256i upper_case = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
    const __m256i slot = _mm256_or_si256(_mm256_subs_epu8(values, _mm256_set1_epi8(51)), _mm256_and_si256(upper_case, _mm256_set1_epi8(13)));
    const __m256i characters = _mm256_add_epi8(values, _mm256_shuffle_epi8(distance, slot));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), characters);
  }
  Base64Plain(in + done, count - done, out);
}

#endif

Base64Kernel ChosenBase64Kernel() {
  static const Base64Kernel chosen = [] {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) return &Base64Avx2;
#endif
    return &Base64Plain;
  }();
  return chosen;
}

}  // namespace lotic::athena::internal
