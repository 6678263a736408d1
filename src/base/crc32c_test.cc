// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/crc32c_kernel.h"

namespace lotic {
namespace {

using Bytes = std::span<const uint8_t>;

Bytes AsBytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string SomeText(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 4);
  return text;
}

TEST(Crc32c, MatchesPublishedValues) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xE3069283u);         // the check value of CRC-32C
  EXPECT_EQ(Crc32c(AsBytes(std::string(32, 0))), 0x8A9136AAu);  // RFC 3720, B.4
  EXPECT_EQ(Crc32c(AsBytes(std::string(32, '\xff'))), 0x62A8AB43u);
  EXPECT_EQ(Crc32c({}), 0u);
}

TEST(Crc32c, EveryKernelAgreesWithTheTableAtEverySizeAndAlignment) {
  const std::string text = SomeText(40000, 4);
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    const size_t from = random() % 64;
    const size_t size = round < 1500 ? static_cast<size_t>(round) : random() % (text.size() - 64);
    const auto start = static_cast<uint32_t>(random());
    const Bytes bytes = AsBytes(text).subspan(from, size);
    const uint32_t expected = Crc32cPlain(bytes, start);
    ASSERT_EQ(Crc32c(bytes, start), expected) << size;
#if defined(__x86_64__)
    ASSERT_EQ(internal::Crc32cSingle(bytes.data(), size, start), expected) << size;
    if (__builtin_cpu_supports("pclmul")) {
      ASSERT_EQ(internal::Crc32cFolded(bytes.data(), size, start), expected) << size;
    }
#endif
  }
}

TEST(Crc32c, ContinuesAnEarlierResult) {
  const std::string text = SomeText(5000, 6);
  const Bytes bytes = AsBytes(text);
  EXPECT_EQ(Crc32c(bytes.subspan(777), Crc32c(bytes.first(777))), Crc32c(bytes));
}

}  // namespace
}  // namespace lotic
