// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace lotic::kafka_protocol {
namespace {

using testing::HasSubstr;

constexpr CodecId kAll[] = {CodecId::kNone, CodecId::kGzip, CodecId::kSnappy, CodecId::kLz4, CodecId::kZstd};

std::string Squeeze(CodecId codec, std::string_view text, CompressOptions options = {}) {
  std::string out;
  const Status status = Compress(codec, AsBytes(text), &out, options);
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

std::string SomeText(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 4);
  return text;
}

TEST(Codec, GivesBackWhatWasCompressedAtEverySize) {
  Decompressor decompressor;
  ByteBuffer out;
  for (const CodecId codec : kAll) {
    for (const size_t size : {size_t{1}, size_t{100}, size_t{32768}, size_t{65536}, size_t{65537}, size_t{700000}}) {
      for (const SnappyForm form : {SnappyForm::kRaw, SnappyForm::kFramed}) {
        const std::string text = SomeText(size, 1);
        const std::string squeezed = Squeeze(codec, text, {.snappy_form = form});
        const Status status = decompressor.Decompress(codec, AsBytes(squeezed), {}, &out);
        ASSERT_TRUE(status.ok()) << codec << " " << size << " " << status;
        ASSERT_TRUE(AsText(out.bytes()) == text) << codec << " " << size;
        // Exactly at the limit is within it; one below is not.
        ASSERT_TRUE(decompressor.Decompress(codec, AsBytes(squeezed), {size, "o"}, &out).ok()) << codec << " " << size;
        ASSERT_EQ(decompressor.Decompress(codec, AsBytes(squeezed), {size - 1, "o"}, &out).code(), StatusCode::kCapacityError) << codec << " " << size;
      }
    }
  }
}

TEST(Codec, TakesNoMoreMemoryThanTheLimitWhateverTheDataClaims) {
  const std::string zeros(16 << 20, 0);
  for (const CodecId codec : kAll) {
    if (codec == CodecId::kNone) continue;
    Decompressor decompressor;
    ByteBuffer out;
    const Status status = decompressor.Decompress(codec, AsBytes(Squeeze(codec, zeros)), {1 << 20, "the.option"}, &out);
    EXPECT_EQ(status.code(), StatusCode::kCapacityError) << codec;
    EXPECT_THAT(status.message(), HasSubstr("the.option"));
    EXPECT_LE(out.capacity(), size_t{1 << 20} + 1) << codec;
  }
}

TEST(Codec, DoesNotBelieveADeclaredSnappyLength) {
  const std::string claim = "\xff\xff\xff\x07\x01";  // 16 MiB in one byte
  Decompressor decompressor;
  ByteBuffer out;
  EXPECT_THAT(decompressor.Decompress(CodecId::kSnappy, AsBytes(claim), {}, &out).message(), HasSubstr("impossible"));
  EXPECT_LT(out.capacity(), 100u);
}

TEST(Codec, SaysThatDataIsBrokenOrCutShort) {
  const std::string text = SomeText(5000, 2);
  for (const CodecId codec : kAll) {
    if (codec == CodecId::kNone) continue;
    for (const SnappyForm form : {SnappyForm::kRaw, SnappyForm::kFramed}) {
      const std::string good = Squeeze(codec, text, {.snappy_form = form});
      Decompressor decompressor;
      ByteBuffer out;
      for (size_t size = 0; size < good.size(); size += 1 + size / 20) {
        const Status status = decompressor.Decompress(codec, AsBytes(good).first(size), {}, &out);
        if (status.ok()) {  // a frame boundary of the framed form is the only other good end
          EXPECT_EQ(size, 16u);
          EXPECT_EQ(codec, CodecId::kSnappy);
          continue;
        }
        EXPECT_EQ(status.code(), StatusCode::kIOError) << codec << " " << size;
        EXPECT_THAT(status.message(), HasSubstr("broken data"));
      }
      EXPECT_TRUE(decompressor.Decompress(codec, AsBytes(good), {}, &out).ok()) << "the context is usable after a failure: " << codec;
    }
  }
}

TEST(Codec, ReadsSeveralFramesOneBehindTheOther) {
  Decompressor decompressor;
  ByteBuffer out;
  for (const CodecId codec : {CodecId::kGzip, CodecId::kLz4, CodecId::kZstd, CodecId::kSnappy}) {
    const std::string both = Squeeze(codec, "first ") + Squeeze(codec, "second");
    const Status status = decompressor.Decompress(codec, AsBytes(both), {}, &out);
    EXPECT_TRUE(status.ok()) << codec << status;
    EXPECT_EQ(AsText(out.bytes()), "first second") << codec;
  }
}

TEST(Codec, ReadsTheWrongLz4ChecksumOfTheFirstClientsOnlyWhenToldSo) {
  const std::string text = SomeText(100000, 3);
  const std::string wrong = Squeeze(CodecId::kLz4, text, {.legacy_lz4 = true});
  Decompressor decompressor;
  ByteBuffer out;
  EXPECT_FALSE(decompressor.Decompress(CodecId::kLz4, AsBytes(wrong), {}, &out).ok());
  ASSERT_TRUE(decompressor.Decompress(CodecId::kLz4, AsBytes(wrong), {}, &out, true).ok());
  EXPECT_TRUE(AsText(out.bytes()) == text);
  const std::string right = Squeeze(CodecId::kLz4, text);
  EXPECT_NE(right, wrong);
  EXPECT_TRUE(decompressor.Decompress(CodecId::kLz4, AsBytes(right), {}, &out, true).ok());
}

TEST(Codec, KnowsItsNames) {
  for (const CodecId codec : kAll) EXPECT_EQ(CodecFromName(CodecName(codec)), codec);
  EXPECT_EQ(CodecFromName("brotli"), std::nullopt);
  Decompressor decompressor;
  ByteBuffer out;
  EXPECT_EQ(decompressor.Decompress(static_cast<CodecId>(6), {}, {}, &out).code(), StatusCode::kNotImplemented);
}

}  // namespace
}  // namespace lotic::kafka_protocol
