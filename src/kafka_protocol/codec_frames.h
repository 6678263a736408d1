// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kafka_protocol/wire.h"

namespace lotic::kafka_protocol::internal {

/// Java's snappy framing ("xerial"): magic:8 version:4 compatible version:4, then blocks of length:4 (big endian) and
/// raw snappy.
inline constexpr std::array<uint8_t, 8> kSnappyMagic = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
inline constexpr size_t kSnappyHeaderBytes = 16;

/// LZ4 frame: magic:4 FLG:1 BD:1 [content size:8 if FLG has 0x08] [dictionary id:4 if FLG has 0x01] HC:1, then blocks.
/// HC is the second byte of XXH32 over FLG..(HC); Kafka's clients of message format 0 took it over magic..(HC).
inline constexpr size_t kLz4MagicBytes = 4;
inline constexpr size_t kLz4MaxHeaderBytes = 19;
/// Where HC lies, from FLG.
inline size_t Lz4ChecksumAt(uint8_t flg) { return kLz4MagicBytes + 2 + ((flg & 0x08) ? 8 : 0) + ((flg & 0x01) ? 4 : 0); }
/// HC over `descriptor`, which must be shorter than 16 bytes (XXH32, seed 0, has another form beyond).
uint8_t Lz4HeaderChecksum(Bytes descriptor);

}  // namespace lotic::kafka_protocol::internal
