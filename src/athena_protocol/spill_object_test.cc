// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/spill_object.h"

#include <gmock/gmock.h>
#include <openssl/sha.h>

#include "athena_protocol/ipc.h"
#include "athena_protocol/test_blocks.h"

namespace lotic::athena {
namespace {

using testing::EveryType;
using ::testing::HasSubstr;
using testing::RandomBatch;
using testing::Show;

constexpr std::string_view kLegacyRecords =
    "jAAAABQAAAAAAAAADAAWABQADwAQAAQADAAAABAAAAAAAAAAAAAAAxAAAAADAAoAGAAMAAgABAAKAAAAFAAAADgAAAABAAAAAAAAAAAAAAACAAAAAAAAAAAAAAABAAAAAAAAAAgAAAAAAAAABAAA"
    "AAAAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAKAAAAAAAAAA==";

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    out += "0123456789abcdef"[static_cast<uint8_t>(byte) >> 4];
    out += "0123456789abcdef"[static_cast<uint8_t>(byte) & 15];
  }
  return out;
}

// 00 01 02 ...
EncryptionKey CountingKey(size_t key_bytes) {
  EncryptionKey key;
  for (size_t i = 0; i < key_bytes; ++i) key.key.push_back(static_cast<char>(i));
  for (size_t i = 0; i < 12; ++i) key.nonce.push_back(static_cast<char>(i));
  return key;
}

std::string Sealed(const EncryptionKey& key, std::string_view plain) {
  std::string out;
  const Status status = SealAesGcm(key, plain, &out);
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

TEST(SpillObject, Check36VectorsOfAppendixB3) {
  const std::string plain = DecodeBase64(kLegacyRecords).ValueOrDie();
  const std::string object = Sealed(CountingKey(32), plain);
  ASSERT_EQ(object.size(), 176u);
  EXPECT_EQ(Hex(object.substr(0, 16)), "cb02d61bd1e5c21b8d41978bbde96e6d");
  EXPECT_EQ(Hex(object.substr(160)), "5e547f211e6a01be2d064495df0a32ac");
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const uint8_t*>(object.data()), object.size(), digest);
  EXPECT_EQ(Hex({reinterpret_cast<const char*>(digest), sizeof digest}), "23306ba1f1d52510f4031211607fd7df3c85f6267a0c2457bda11767cab8749b");
  EXPECT_EQ(Hex(Sealed(CountingKey(32), "athena")), "2676be7eab84b9686ec08c20fa313cff69852ef9ff67");
  EXPECT_EQ(Hex(Sealed(CountingKey(16), "athena")), "f218cfab087aeb852bea48948751d6b02944681266ae");
  EXPECT_EQ(OpenAesGcm(CountingKey(32), object).ValueOrDie(), plain);
}

TEST(SpillObject, Check36IsTheLegacyBatchSealed) {
  const Batch rows = RandomBatch(LogicalSchema(EveryType()).ValueOrDie(), 50, 3, 2);
  std::string batch;
  EncodeBatch(rows, Framing::kLegacy, &batch);
  EXPECT_EQ(EncodeSpillObject(rows, std::nullopt).ValueOrDie(), batch);
  for (const size_t key_bytes : {size_t{16}, size_t{32}}) {
    EXPECT_EQ(EncodeSpillObject(rows, CountingKey(key_bytes)).ValueOrDie(), Sealed(CountingKey(key_bytes), batch));
  }
}

TEST(SpillObject, Check36WrongSizesAreRefused) {
  std::string out = "kept";
  for (EncryptionKey key : {EncryptionKey{std::string(24, 'k'), std::string(12, 'n')}, EncryptionKey{std::string(32, 'k'), std::string(11, 'n')},
                            EncryptionKey{std::string(32, 'k'), std::string(16, 'n')}, EncryptionKey{}}) {
    EXPECT_EQ(SealAesGcm(key, "x", &out).code(), StatusCode::kInvalid);
    EXPECT_EQ(OpenAesGcm(key, std::string(20, 'x')).status().code(), StatusCode::kInvalid);
    EXPECT_EQ(out, "kept");
  }
  EXPECT_THAT(SealAesGcm({std::string(32, 'k'), std::string(11, 'n')}, "x", &out).message(), HasSubstr("a nonce of 11 bytes, 12 expected"));
}

TEST(SpillObject, Check39EncryptedPlainLegacyAndModernAreRead) {
  const WireSchema schema = EveryType();
  const Batch rows = RandomBatch(LogicalSchema(schema).ValueOrDie(), 50, 3, 2);
  for (const Framing framing : {Framing::kLegacy, Framing::kModern}) {
    std::string batch;
    EncodeBatch(rows, framing, &batch);
    EXPECT_EQ(Show(DecodeSpillObject(batch, std::nullopt, schema).ValueOrDie().rows), Show(rows));
    for (const size_t key_bytes : {size_t{16}, size_t{32}}) {
      EXPECT_EQ(Show(DecodeSpillObject(Sealed(CountingKey(key_bytes), batch), CountingKey(key_bytes), schema).ValueOrDie().rows), Show(rows));
    }
  }
}

TEST(SpillObject, DamageIsSeenBeforeAnyRow) {
  const WireSchema schema = EveryType();
  const Batch rows = RandomBatch(LogicalSchema(schema).ValueOrDie(), 3, 3, 2);
  const std::string object = EncodeSpillObject(rows, CountingKey(32)).ValueOrDie();
  for (size_t at = 0; at < object.size(); at += 97) {
    std::string damaged = object;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_EQ(DecodeSpillObject(damaged, CountingKey(32), schema).status().code(), StatusCode::kDataLoss) << at;
  }
  EXPECT_EQ(DecodeSpillObject(object, CountingKey(16), schema).status().code(), StatusCode::kDataLoss);
  for (const size_t size : {size_t{0}, size_t{15}, size_t{16}, object.size() - 1}) {
    EXPECT_EQ(DecodeSpillObject(object.substr(0, size), CountingKey(32), schema).status().code(), StatusCode::kDataLoss) << size;
  }
}

TEST(SpillObject, KeysAreFresh) {
  const EncryptionKey one = MakeEncryptionKey().ValueOrDie(), two = MakeEncryptionKey().ValueOrDie();
  EXPECT_EQ(one.key.size(), 32u);
  EXPECT_EQ(one.nonce.size(), 12u);
  EXPECT_NE(one.key, two.key);
  EXPECT_NE(one.nonce, two.nonce);
}

}  // namespace
}  // namespace lotic::athena
