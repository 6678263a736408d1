// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "kafka_protocol/byte_buffer.h"
#include "kafka_protocol/wire.h"
#include "lotic/status.h"

namespace lotic::kafka_protocol {

/// The compression of a batch: the low three bits of its attributes.
enum class CodecId : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

/// "none", "gzip", "snappy", "lz4", "zstd"; "unknown".
std::string_view CodecName(CodecId codec);
inline std::ostream& operator<<(std::ostream& out, CodecId codec) { return out << CodecName(codec); }
/// nullopt for a name that is none of these.
std::optional<CodecId> CodecFromName(std::string_view name);

inline constexpr size_t kDefaultMaxDecompressedBatchBytes = size_t{64} << 20;

struct DecompressLimit {
  size_t max_bytes = kDefaultMaxDecompressedBatchBytes;
  std::string_view option = "max.decompressed.batch.bytes";  ///< named in the error; must outlive its use
};

/// Decompresses batches, keeping the libraries' contexts for the next one. One thread at a time.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  /// Replaces `out` by the decompressed `in`. Memory grows with what comes out and never past `limit.max_bytes`; a
  /// declared size is at most a hint. Snappy: raw and Java's framing are told apart by their first bytes. `legacy_lz4`:
  /// frames of message format 0, whose header checksum Kafka's first clients computed wrongly. Errors: CapacityError
  /// naming the limit and its option; IOError for broken bytes; NotImplemented for an unknown codec.
  Status Decompress(CodecId codec, Bytes in, const DecompressLimit& limit, ByteBuffer* out, bool legacy_lz4 = false);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// How snappy blocks are wrapped: librdkafka writes one raw block, Java a framed sequence ("xerial").
enum class SnappyForm { kRaw, kFramed };

struct CompressOptions {
  SnappyForm snappy_form = SnappyForm::kFramed;
  int level = 0;            ///< gzip, lz4 and zstd; 0: the codec's default
  bool legacy_lz4 = false;  ///< with the wrong header checksum of message format 0
};

/// Appends the compressed `in` to `out`.
Status Compress(CodecId codec, Bytes in, std::string* out, const CompressOptions& options = {});

}  // namespace lotic::kafka_protocol
