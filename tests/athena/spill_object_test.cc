// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <openssl/evp.h>

#include "athena_protocol/ipc.h"
#include "athena_protocol/message_json.h"
#include "athena_protocol/spill_object.h"
#include "tests/athena/block_text.h"
#include "tests/athena/judge.h"

// Spilled blocks as bytes: sealed by one side, opened by the other.

namespace lotic::athena_pack {
namespace {

std::string Counting(size_t n) {
  std::string bytes;
  for (size_t i = 0; i < n; ++i) bytes += static_cast<char>(i);
  return bytes;
}

struct KeyCase {
  const char* name;  // as Judge.java knows it
  std::optional<athena::EncryptionKey> key;
};

std::vector<KeyCase> Keys() {
  return {{"none", std::nullopt}, {"long", athena::EncryptionKey{Counting(32), Counting(12)}}, {"short", athena::EncryptionKey{Counting(16), Counting(12)}}};
}

std::string Base64(const std::string& bytes) {
  std::string text;
  athena::AppendBase64({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &text);
  return text;
}

class SpillObjectTest : public JudgedTest {
 protected:
  std::vector<std::string> Blocks() {
    std::vector<std::string> names;
    for (const std::string& name : judge_->Names("response")) {
      if (name.starts_with("ReadRecordsResponse") && !name.ends_with("/empty") && !name.ends_with("/no_columns")) names.push_back(name);
    }
    return names;
  }
  athena::Block Records(const std::string& name) {
    return std::get<athena::ReadRecordsResponse>(athena::ParseResponse(judge_->Write(name, 6), {}).ValueOrDie()).records;
  }
};

TEST_F(SpillObjectTest, OursOpensWhatTheOriginalSealed) {  // checks 36, 39
  for (const std::string& name : Blocks()) {
    const athena::WireSchema schema = Records(name).schema;
    for (const KeyCase& key : Keys()) {
      SCOPED_TRACE(name + " " + key.name);
      const nlohmann::json sealed = judge_->Ask({{"do", "seal"}, {"message", name}, {"key", key.name}});
      ASSERT_TRUE(sealed.contains("object")) << sealed.dump();
      const std::string object = athena::DecodeBase64(sealed["object"].get<std::string>()).ValueOrDie();
      const Result<athena::Block> opened = athena::DecodeSpillObject(object, key.key, schema);
      ASSERT_TRUE(opened.ok()) << opened.status().ToString();
      ASSERT_EQ(RowTexts(*opened), sealed["rows"].get<std::vector<std::string>>());
    }
  }
}

TEST_F(SpillObjectTest, TheOriginalOpensWhatOursSealed) {  // checks 36, 39
  for (const std::string& name : Blocks()) {
    const athena::Block records = Records(name);
    for (const KeyCase& key : Keys()) {
      SCOPED_TRACE(name + " " + key.name);
      const Result<std::string> object = athena::EncodeSpillObject(records.rows, key.key);
      ASSERT_TRUE(object.ok()) << object.status().ToString();
      const nlohmann::json opened = judge_->Ask({{"do", "open"}, {"message", name}, {"key", key.name}, {"object", Base64(*object)}});
      ASSERT_TRUE(opened.contains("rows")) << opened.dump();
      ASSERT_EQ(opened["rows"].get<std::vector<std::string>>(), RowTexts(records));
    }
  }
}

TEST_F(SpillObjectTest, BothSidesOpenTheModernFraming) {  // check 39
  const std::string name = "ReadRecordsResponse";
  const athena::Block records = Records(name);
  for (const KeyCase& key : Keys()) {
    SCOPED_TRACE(key.name);
    std::string plain;
    athena::EncodeBatch(records.rows, athena::Framing::kModern, &plain);
    std::string object = plain;
    if (key.key.has_value()) {
      object.clear();
      ASSERT_TRUE(athena::SealAesGcm(*key.key, plain, &object).ok());
      EXPECT_EQ(object.size(), plain.size() + 16);
    }
    const nlohmann::json opened = judge_->Ask({{"do", "open"}, {"message", name}, {"key", key.name}, {"object", Base64(object)}});
    ASSERT_TRUE(opened.contains("rows")) << opened.dump();
    EXPECT_EQ(opened["rows"].get<std::vector<std::string>>(), RowTexts(records));
    const Result<athena::Block> ours = athena::DecodeSpillObject(object, key.key, records.schema);
    ASSERT_TRUE(ours.ok()) << ours.status().ToString();
    EXPECT_EQ(RowTexts(*ours), RowTexts(records));
  }
}

TEST_F(SpillObjectTest, AnotherKeyAndADamagedObjectAreErrors) {
  const nlohmann::json sealed = judge_->Ask({{"do", "seal"}, {"message", "ReadRecordsResponse"}, {"key", "long"}});
  const std::string object = athena::DecodeBase64(sealed["object"].get<std::string>()).ValueOrDie();
  const athena::WireSchema schema = Records("ReadRecordsResponse").schema;
  EXPECT_EQ(athena::DecodeSpillObject(object, athena::EncryptionKey{Counting(16), Counting(12)}, schema).status().code(), StatusCode::kDataLoss);
  std::string damaged = object;
  damaged[object.size() / 2] = static_cast<char>(damaged[object.size() / 2] ^ 1);
  EXPECT_EQ(athena::DecodeSpillObject(damaged, athena::EncryptionKey{Counting(32), Counting(12)}, schema).status().code(), StatusCode::kDataLoss);
  EXPECT_FALSE(athena::DecodeSpillObject(object.substr(0, object.size() - 1), athena::EncryptionKey{Counting(32), Counting(12)}, schema).ok());
  EXPECT_FALSE(athena::DecodeSpillObject(object, std::nullopt, schema).ok());
}

}  // namespace
}  // namespace lotic::athena_pack
