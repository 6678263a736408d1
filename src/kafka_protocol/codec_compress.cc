// SPDX-License-Identifier: Apache-2.0
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "kafka_protocol/codec.h"
#include "kafka_protocol/codec_frames.h"

namespace lotic::kafka_protocol {
namespace {

constexpr size_t kSnappyBlockBytes = size_t{32} << 10;  // Java's

Status Gzip(Bytes in, std::string* out, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level == 0 ? Z_DEFAULT_COMPRESSION : level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Status::Invalid("compress gzip: level ", level);
  }
  const size_t before = out->size();
  out->resize(before + deflateBound(&stream, in.size()));
  stream.next_in = const_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out->data() + before);
  stream.avail_out = static_cast<uInt>(out->size() - before);
  const int result = deflate(&stream, Z_FINISH);
  out->resize(before + stream.total_out);
  deflateEnd(&stream);
  return result == Z_STREAM_END ? Status::OK() : Status::UnknownError("compress gzip: deflate gave ", result);
}

void AppendSnappyBlock(Bytes in, std::string* out) {
  const size_t before = out->size();
  out->resize(before + snappy::MaxCompressedLength(in.size()));
  size_t size = 0;
  snappy::RawCompress(reinterpret_cast<const char*>(in.data()), in.size(), out->data() + before, &size);
  out->resize(before + size);
}

void FramedSnappy(Bytes in, std::string* out) {
  Writer writer(out);
  writer.Raw(Bytes(internal::kSnappyMagic));
  writer.Int32(1);
  writer.Int32(1);
  while (!in.empty()) {
    const Bytes block = in.first(std::min(in.size(), kSnappyBlockBytes));
    const size_t size_at = writer.ReserveInt32();
    AppendSnappyBlock(block, out);
    writer.PatchInt32(size_at, static_cast<int32_t>(out->size() - size_at - 4));
    in = in.subspan(block.size());
  }
}

Status Lz4(Bytes in, std::string* out, int level, bool legacy) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.compressionLevel = level;
  const size_t before = out->size();
  out->resize(before + LZ4F_compressFrameBound(in.size(), &preferences));
  const size_t size = LZ4F_compressFrame(out->data() + before, out->size() - before, in.data(), in.size(), &preferences);
  if (LZ4F_isError(size)) {
    out->resize(before);
    return Status::UnknownError("compress lz4: ", LZ4F_getErrorName(size));
  }
  out->resize(before + size);
  if (legacy) {
    const Bytes frame = AsBytes(*out).subspan(before);
    const size_t checksum_at = internal::Lz4ChecksumAt(frame[internal::kLz4MagicBytes]);
    if (checksum_at < 16) (*out)[before + checksum_at] = static_cast<char>(internal::Lz4HeaderChecksum(frame.first(checksum_at)));
  }
  return Status::OK();
}

Status Zstd(Bytes in, std::string* out, int level) {
  const size_t before = out->size();
  out->resize(before + ZSTD_compressBound(in.size()));
  const size_t size = ZSTD_compress(out->data() + before, out->size() - before, in.data(), in.size(), level == 0 ? ZSTD_CLEVEL_DEFAULT : level);
  if (ZSTD_isError(size)) {
    out->resize(before);
    return Status::UnknownError("compress zstd: ", ZSTD_getErrorName(size));
  }
  out->resize(before + size);
  return Status::OK();
}

}  // namespace

Status Compress(CodecId codec, Bytes in, std::string* out, const CompressOptions& options) {
  switch (codec) {
    case CodecId::kNone: out->append(AsText(in)); return Status::OK();
    case CodecId::kGzip: return Gzip(in, out, options.level);
    case CodecId::kSnappy:
      if (options.snappy_form == SnappyForm::kRaw) {
        AppendSnappyBlock(in, out);
      } else {
        FramedSnappy(in, out);
      }
      return Status::OK();
    case CodecId::kLz4: return Lz4(in, out, options.level, options.legacy_lz4);
    case CodecId::kZstd: return Zstd(in, out, options.level);
  }
  return Status::NotImplemented("compress: unknown codec ", static_cast<int>(codec));
}

}  // namespace lotic::kafka_protocol
