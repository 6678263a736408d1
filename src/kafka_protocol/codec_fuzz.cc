// SPDX-License-Identifier: Apache-2.0
// Every decompressor, and that what comes out survives a round trip. First byte: the codec (bits 0-2), old lz4 frames
// (bit 3).
#include "kafka_protocol/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::kafka_protocol;
  constexpr size_t kLimitBytes = size_t{1} << 20;
  if (size == 0) return 0;
  const auto codec = static_cast<CodecId>(data[0] & 7);
  Decompressor decompressor;
  ByteBuffer out, again;
  if (!decompressor.Decompress(codec, {data + 1, size - 1}, {kLimitBytes, "fuzz"}, &out, (data[0] & 8) != 0).ok()) return 0;
  LOTIC_CHECK(out.size() <= kLimitBytes && out.capacity() <= 2 * kLimitBytes);
  std::string squeezed;
  LOTIC_CHECK(Compress(codec, out.bytes(), &squeezed).ok());
  LOTIC_CHECK(decompressor.Decompress(codec, AsBytes(squeezed), {kLimitBytes, "fuzz"}, &again).ok());
  LOTIC_CHECK(AsText(again.bytes()) == AsText(out.bytes()));
  return 0;
}
