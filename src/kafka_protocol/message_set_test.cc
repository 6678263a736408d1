// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kafka_protocol/batch_builder.h"
#include "kafka_protocol/record_batch.h"

namespace lotic::kafka_protocol {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Show(const RecordView& record) {
  std::string out = std::to_string(record.offset) + "@" + std::to_string(record.timestamp) + " ";
  out += record.has_key() ? std::string(AsText(record.key_bytes())) : "NULL";
  out += "=";
  out += record.has_value() ? std::string(AsText(record.value_bytes())) : "NULL";
  return out;
}

Result<std::vector<std::string>> ReadAll(std::string_view bytes) {
  std::vector<std::string> shown;
  BatchScanner scanner(AsBytes(bytes));
  BatchReader reader;
  BatchView batch;
  while (scanner.Next(&batch)) {
    LOTIC_RETURN_NOT_OK(CheckCrc(batch));
    RecordCursor cursor;
    LOTIC_RETURN_NOT_OK(reader.Open(batch, &cursor));
    EXPECT_EQ(cursor.remaining(), cursor.record_count());
    const size_t before = shown.size();
    RecordView record;
    while (cursor.Next(record)) {
      if (shown.size() == before) {
        EXPECT_EQ(cursor.base_offset(), record.offset);
      }
      shown.push_back(Show(record));
    }
    LOTIC_RETURN_NOT_OK(cursor.status());
    EXPECT_EQ(record.offset + 1, batch.header.next_offset());
    EXPECT_EQ(shown.size() - before, static_cast<size_t>(cursor.record_count()));
  }
  LOTIC_RETURN_NOT_OK(scanner.status());
  return shown;
}

class OldFormat : public testing::TestWithParam<CodecId> {};

TEST_P(OldFormat, ZeroHasAbsoluteOffsetsAndNoTimes) {
  MessageSetBuilder builder({.magic = 0, .base_offset = 100, .codec = GetParam()});
  builder.AddAt(3, 0, "a", "1");
  builder.AddAt(9, 0, std::nullopt, std::nullopt);
  const std::string bytes = *builder.Finish();
  EXPECT_THAT(*ReadAll(bytes), ElementsAre("103@-1 a=1", "109@-1 NULL=NULL"));
}

TEST_P(OldFormat, OneCountsOffsetsFromTheLastAndKeepsTimes) {
  MessageSetBuilder builder({.magic = 1, .base_offset = 100, .codec = GetParam()});
  builder.AddAt(3, 500, "a", "1");
  builder.AddAt(9, -1, "b", "");
  builder.AddAt(10, 7, "c", std::nullopt);
  const std::string bytes = *builder.Finish();
  EXPECT_THAT(*ReadAll(bytes), ElementsAre("103@500 a=1", "109@-1 b=", "110@7 c=NULL"));
}

TEST_P(OldFormat, OneUnderLogAppendTimeHasTheWrappersTime) {
  MessageSetBuilder builder({.magic = 1, .base_offset = 0, .codec = GetParam(), .log_append_time = 4711});
  builder.Add(500, "a", "1");
  builder.Add(900, "b", "2");
  const std::string bytes = *builder.Finish();
  EXPECT_THAT(*ReadAll(bytes), ElementsAre("0@4711 a=1", "1@4711 b=2"));
}

TEST_P(OldFormat, SurvivesFlippedBytes) {
  for (const int8_t magic : {int8_t{0}, int8_t{1}}) {
    MessageSetBuilder builder({.magic = magic, .base_offset = 5, .codec = GetParam()});
    for (int i = 0; i < 5; ++i) builder.Add(i, "key", "value");
    const std::string good = *builder.Finish();
    for (size_t at = 0; at < good.size(); ++at) {
      for (const int flip : {1, 0x80, 0xff}) {
        std::string bytes = good;
        bytes[at] = static_cast<char>(bytes[at] ^ flip);
        BatchScanner scanner(AsBytes(bytes));
        BatchReader reader({1 << 16, "limit"});
        BatchView batch;
        int seen = 0;
        while (scanner.Next(&batch)) {
          RecordCursor cursor;
          if (!reader.Open(batch, &cursor).ok()) continue;
          RecordView record;
          while (cursor.Next(record)) ++seen;
        }
        EXPECT_LE(seen, 5);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Codecs, OldFormat, testing::Values(CodecId::kNone, CodecId::kGzip, CodecId::kSnappy, CodecId::kLz4),
                         [](const auto& info) { return std::string(CodecName(info.param)); });

TEST(OldFormat, MayBeFollowedByRecordBatches) {
  MessageSetBuilder zero({.magic = 0});
  zero.Add(0, "a", "0");
  MessageSetBuilder one({.magic = 1, .base_offset = 1, .codec = CodecId::kGzip});
  one.Add(1, "a", "1");
  RecordBatchBuilder two({.base_offset = 2});
  two.Add(2, "a", "2");
  const std::string bytes = *zero.Finish() + *one.Finish() + *two.Finish();
  EXPECT_THAT(*ReadAll(bytes), ElementsAre("0@-1 a=0", "1@1 a=1", "2@2 a=2"));
}

TEST(OldFormat, ChecksTheChecksumsInsideACompressedMessage) {
  MessageSetBuilder inner_builder({.magic = 1});
  inner_builder.Add(1, "a", "1");
  std::string inner = *inner_builder.Finish();
  inner.back() = '2';
  std::string compressed;
  ASSERT_TRUE(Compress(CodecId::kGzip, AsBytes(inner), &compressed).ok());
  MessageSetBuilder outer_builder({.magic = 1});
  outer_builder.Add(1, std::nullopt, compressed);
  std::string outer = *outer_builder.Finish();
  outer[17] = 1;  // gzip; the outer checksum is of no interest here
  BatchView batch = *ParseBatch(AsBytes(outer));
  RecordCursor cursor;
  EXPECT_THAT(BatchReader().Open(batch, &cursor).message(), HasSubstr("inside: checksum"));
}

}  // namespace
}  // namespace lotic::kafka_protocol
