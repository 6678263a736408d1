// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <array>

#include "base/crc32c_kernel.h"

namespace lotic {
namespace {

constexpr uint32_t kReflectedPolynomial = 0x82F63B78;  // 0x1EDC6F41, the other way round

constexpr std::array<uint32_t, 256> kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? kReflectedPolynomial : 0);
    table[i] = crc;
  }
  return table;
}();

using Kernel = uint32_t (*)(const uint8_t*, size_t, uint32_t);
struct Chosen {
  Kernel kernel;
  std::string_view name;
};

uint32_t PlainKernel(const uint8_t* data, size_t size, uint32_t crc) { return Crc32cPlain({data, size}, crc); }

Chosen Choose() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2")) {
    if (__builtin_cpu_supports("pclmul")) return {internal::Crc32cFolded, "pclmul"};
    return {internal::Crc32cSingle, "sse4.2"};
  }
#endif
  return {PlainKernel, "plain"};
}

const Chosen& TheChosen() {
  static const Chosen chosen = Choose();
  return chosen;
}

}  // namespace

uint32_t Crc32cPlain(std::span<const uint8_t> bytes, uint32_t crc) {
  crc = ~crc;
  for (const uint8_t byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ byte) & 0xff];
  return ~crc;
}

uint32_t Crc32c(std::span<const uint8_t> bytes, uint32_t crc) { return TheChosen().kernel(bytes.data(), bytes.size(), crc); }

std::string_view Crc32cKernel() { return TheChosen().name; }

}  // namespace lotic
