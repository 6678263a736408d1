// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace lotic::internal {

#if defined(__x86_64__)
/// One stream of the crc32 instruction: its latency of 3 cycles binds. Needs SSE4.2.
uint32_t Crc32cSingle(const uint8_t* data, size_t size, uint32_t crc);
/// Three streams at once, joined by a carry-less multiplication. Needs SSE4.2 and PCLMUL.
uint32_t Crc32cFolded(const uint8_t* data, size_t size, uint32_t crc);
#endif

}  // namespace lotic::internal
