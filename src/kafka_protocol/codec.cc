// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/codec.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "kafka_protocol/codec_frames.h"

namespace lotic::kafka_protocol {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"none", "gzip", "snappy", "lz4", "zstd"};
constexpr size_t kFirstOutputBytes = size_t{64} << 10;
constexpr size_t kHintRatio = 256;      // a declared size is believed up to this multiple of the input
constexpr size_t kSnappyMaxRatio = 32;  // no snappy element of n bytes yields more than 22 n

Status TooLarge(CodecId codec, const DecompressLimit& limit) {
  return Status::CapacityError("decompress ", codec, ": the batch is larger than ", limit.max_bytes, " bytes when decompressed; raise ", limit.option,
                               " to read it");
}
Status Broken(CodecId codec, std::string_view why) { return Status::IOError("decompress ", codec, ": broken data: ", why); }

// The target of one decompression. One byte more than the limit may be held, which shows that there is more.
class Target {
 public:
  Target(ByteBuffer* out, const DecompressLimit& limit, size_t input_bytes) : out_(out), most_(std::max(limit.max_bytes + 1, limit.max_bytes)) {
    out_->clear();
    out_->Reserve(std::min(most_, std::max(kFirstOutputBytes, 4 * input_bytes)));
  }
  uint8_t* place() { return out_->data() + out_->size(); }
  size_t room() const { return std::min(out_->capacity(), most_) - out_->size(); }
  void Advance(size_t produced) { out_->SetSize(out_->size() + produced); }
  bool over_limit() const { return out_->size() >= most_; }
  /// False at the limit.
  bool Grow() {
    if (out_->capacity() >= most_) return false;
    out_->Reserve(std::min(most_, 2 * out_->capacity()));
    return true;
  }

 private:
  ByteBuffer* out_;
  const size_t most_;
};

Status Gunzip(z_stream& stream, Bytes in, const DecompressLimit& limit, ByteBuffer* out) {
  Target target(out, limit, in.size());
  if (inflateReset(&stream) != Z_OK) return Status::UnknownError("decompress gzip: inflateReset failed");
  stream.next_in = const_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  while (true) {
    if (target.room() == 0 && !target.Grow()) return TooLarge(CodecId::kGzip, limit);
    const auto room = static_cast<uInt>(std::min<size_t>(target.room(), UINT32_MAX));
    stream.next_out = target.place();
    stream.avail_out = room;
    const int result = inflate(&stream, Z_NO_FLUSH);
    target.Advance(room - stream.avail_out);
    if (target.over_limit()) return TooLarge(CodecId::kGzip, limit);
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) return Status::OK();
      if (inflateReset(&stream) != Z_OK) return Status::UnknownError("decompress gzip: inflateReset failed");
      continue;  // another member
    }
    if (result == Z_BUF_ERROR && stream.avail_out == 0) continue;
    if (result != Z_OK) return Broken(CodecId::kGzip, stream.msg ? stream.msg : "cut short");
    if (stream.avail_in == 0 && stream.avail_out != 0) return Broken(CodecId::kGzip, "cut short");
  }
}

// One raw block, appended. Its declared size is checked against the limit and against what so few bytes can hold.
Status UnsnappyBlock(Bytes in, const DecompressLimit& limit, ByteBuffer* out) {
  const auto* data = reinterpret_cast<const char*>(in.data());
  size_t size = 0;
  if (!snappy::GetUncompressedLength(data, in.size(), &size)) return Broken(CodecId::kSnappy, "no length");
  if (size > kSnappyMaxRatio * in.size()) return Broken(CodecId::kSnappy, "the declared length is impossible");
  if (size > limit.max_bytes - out->size()) return TooLarge(CodecId::kSnappy, limit);
  if (out->capacity() - out->size() < size) {
    out->Reserve(std::max(out->size() + size, std::min(2 * out->capacity(), limit.max_bytes)));
  }
  if (!snappy::RawUncompress(data, in.size(), reinterpret_cast<char*>(out->data() + out->size()))) {
    return Broken(CodecId::kSnappy, "a block does not decode");
  }
  out->SetSize(out->size() + size);
  return Status::OK();
}

Status Unsnappy(Bytes in, const DecompressLimit& limit, ByteBuffer* out) {
  const auto framed = [](Bytes bytes) {
    return bytes.size() >= internal::kSnappyHeaderBytes && std::equal(internal::kSnappyMagic.begin(), internal::kSnappyMagic.end(), bytes.begin());
  };
  out->clear();
  out->Reserve(1);
  if (!framed(in)) return UnsnappyBlock(in, limit, out);
  while (!in.empty()) {
    if (framed(in)) {
      in = in.subspan(internal::kSnappyHeaderBytes);
      continue;
    }
    Reader block(in);
    const Bytes bytes = block.ByteString(false);
    if (!block.ok()) return Broken(CodecId::kSnappy, "a block's length is wrong");
    LOTIC_RETURN_NOT_OK(UnsnappyBlock(bytes, limit, out));
    in = in.subspan(block.position());
  }
  return Status::OK();
}

Status Unlz4(LZ4F_dctx* context, Bytes in, const DecompressLimit& limit, ByteBuffer* out, bool legacy) {
  Target target(out, limit, in.size());
  LZ4F_resetDecompressionContext(context);
  const auto feed = [&](Bytes input) -> Result<size_t> {  // the library's hint: 0 at the end of a frame
    size_t hint = 1;
    while (true) {
      if (target.room() == 0 && !target.Grow()) return TooLarge(CodecId::kLz4, limit);
      size_t produced = target.room(), consumed = input.size();
      const size_t room = produced;
      hint = LZ4F_decompress(context, target.place(), &produced, input.data(), &consumed, nullptr);
      if (LZ4F_isError(hint)) return Broken(CodecId::kLz4, LZ4F_getErrorName(hint));
      target.Advance(produced);
      if (target.over_limit()) return TooLarge(CodecId::kLz4, limit);
      input = input.subspan(consumed);
      if (input.empty() && (hint == 0 || produced < room)) return hint;
      if (consumed == 0 && produced == 0) return Broken(CodecId::kLz4, "no progress");
    }
  };
  if (legacy && in.size() > internal::kLz4MagicBytes) {
    const size_t checksum_at = internal::Lz4ChecksumAt(in[internal::kLz4MagicBytes]);
    if (in.size() <= checksum_at) return Broken(CodecId::kLz4, "cut short");
    std::array<uint8_t, internal::kLz4MaxHeaderBytes> header;
    std::memcpy(header.data(), in.data(), checksum_at);
    header[checksum_at] = internal::Lz4HeaderChecksum(in.subspan(internal::kLz4MagicBytes, checksum_at - internal::kLz4MagicBytes));
    LOTIC_ASSIGN_OR_RETURN(const size_t hint, feed({header.data(), checksum_at + 1}));
    (void)hint;
    in = in.subspan(checksum_at + 1);
  }
  LOTIC_ASSIGN_OR_RETURN(const size_t hint, feed(in));
  return hint == 0 ? Status::OK() : Broken(CodecId::kLz4, "cut short");
}

// In one go, so that the output is the window and no other memory is needed; again with a larger output if it was too
// small.
Status Unzstd(ZSTD_DCtx* context, Bytes in, const DecompressLimit& limit, ByteBuffer* out) {
  const unsigned long long declared = ZSTD_getFrameContentSize(in.data(), in.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR) return Broken(CodecId::kZstd, "no zstd frame");
  out->clear();
  if (declared != ZSTD_CONTENTSIZE_UNKNOWN) {
    if (declared > limit.max_bytes) return TooLarge(CodecId::kZstd, limit);
    out->Reserve(std::min<size_t>(declared, kHintRatio * in.size()));
  }
  out->Reserve(std::min(limit.max_bytes, kFirstOutputBytes));
  while (true) {
    const size_t room = std::min(out->capacity(), limit.max_bytes);
    const size_t result = ZSTD_decompressDCtx(context, out->data(), room, in.data(), in.size());
    if (!ZSTD_isError(result)) {
      out->SetSize(result);
      return Status::OK();
    }
    if (ZSTD_getErrorCode(result) != ZSTD_error_dstSize_tooSmall) return Broken(CodecId::kZstd, ZSTD_getErrorName(result));
    if (room == limit.max_bytes) return TooLarge(CodecId::kZstd, limit);
    out->Reserve(std::min(limit.max_bytes, 2 * out->capacity()));
  }
}

}  // namespace

std::string_view CodecName(CodecId codec) {
  const auto index = static_cast<size_t>(codec);
  return index < kNames.size() ? kNames[index] : "unknown";
}

std::optional<CodecId> CodecFromName(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<CodecId>(found - kNames.begin());
}

namespace internal {

uint8_t Lz4HeaderChecksum(Bytes descriptor) {
  constexpr uint32_t kPrime1 = 2654435761u, kPrime2 = 2246822519u, kPrime3 = 3266489917u, kPrime4 = 668265263u, kPrime5 = 374761393u;
  LOTIC_CHECK(descriptor.size() < 16);
  uint32_t hash = kPrime5 + static_cast<uint32_t>(descriptor.size());
  size_t i = 0;
  for (; i + 4 <= descriptor.size(); i += 4) {
    uint32_t word;
    std::memcpy(&word, descriptor.data() + i, sizeof word);
    hash = std::rotl(hash + word * kPrime3, 17) * kPrime4;
  }
  for (; i < descriptor.size(); ++i) hash = std::rotl(hash + descriptor[i] * kPrime5, 11) * kPrime1;
  hash = (hash ^ (hash >> 15)) * kPrime2;
  hash = (hash ^ (hash >> 13)) * kPrime3;
  return static_cast<uint8_t>((hash ^ (hash >> 16)) >> 8);
}

}  // namespace internal

// Contexts are made when first needed.
struct Decompressor::Impl {
  z_stream gzip{};
  bool gzip_ready = false;
  LZ4F_dctx* lz4 = nullptr;
  ZSTD_DCtx* zstd = nullptr;
  ~Impl() {
    if (gzip_ready) inflateEnd(&gzip);
    LZ4F_freeDecompressionContext(lz4);
    ZSTD_freeDCtx(zstd);
  }
};

Decompressor::Decompressor() : impl_(std::make_unique<Impl>()) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

Status Decompressor::Decompress(CodecId codec, Bytes in, const DecompressLimit& limit, ByteBuffer* out, bool legacy_lz4) {
  constexpr int kGzipWindow = 15 + 16;  // largest window, gzip wrapper only
  switch (codec) {
    case CodecId::kNone:
      if (in.size() > limit.max_bytes) return TooLarge(codec, limit);
      out->clear();
      out->Append(in);
      return Status::OK();
    case CodecId::kGzip:
      if (!impl_->gzip_ready) {
        if (inflateInit2(&impl_->gzip, kGzipWindow) != Z_OK) return Status::CapacityError("decompress gzip: no memory");
        impl_->gzip_ready = true;
      }
      return Gunzip(impl_->gzip, in, limit, out);
    case CodecId::kSnappy: return Unsnappy(in, limit, out);
    case CodecId::kLz4:
      if (impl_->lz4 == nullptr && LZ4F_isError(LZ4F_createDecompressionContext(&impl_->lz4, LZ4F_VERSION))) {
        return Status::CapacityError("decompress lz4: no memory");
      }
      return Unlz4(impl_->lz4, in, limit, out, legacy_lz4);
    case CodecId::kZstd:
      if (impl_->zstd == nullptr) impl_->zstd = ZSTD_createDCtx();
      if (impl_->zstd == nullptr) return Status::CapacityError("decompress zstd: no memory");
      return Unzstd(impl_->zstd, in, limit, out);
  }
  return Status::NotImplemented("decompress: unknown codec ", static_cast<int>(codec));
}

}  // namespace lotic::kafka_protocol
