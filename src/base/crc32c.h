// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lotic {

/// CRC-32C (Castagnoli) of `bytes`, as Kafka record batches and our own files carry it. `crc` continues an earlier result: Crc32c(b, Crc32c(a))
/// is that of a followed by b. The fastest version that the processor has is chosen once. Any thread.
uint32_t Crc32c(std::span<const uint8_t> bytes, uint32_t crc = 0);
/// The obvious version, a table and a loop: fallback and oracle.
uint32_t Crc32cPlain(std::span<const uint8_t> bytes, uint32_t crc = 0);
/// Which version Crc32c uses here: "pclmul", "sse4.2" or "plain".
std::string_view Crc32cKernel();

}  // namespace lotic
