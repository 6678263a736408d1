// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "connector/kinesis/kinesis_client.h"
#include "format/base64_text.h"

namespace lotic::kinesis {
namespace {

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

/// Both parsers, compared; @return whether they take it.
bool Same(const std::string& body) {
  const Result<RecordPage> fast = ParseRecords(body), plain = ParseRecordsPlainly(body);
  EXPECT_EQ(fast.ok(), plain.ok()) << body;
  if (!fast.ok() || !plain.ok()) {
    EXPECT_EQ(fast.status().message(), plain.status().message());
    return false;
  }
  EXPECT_EQ(fast->records.size(), plain->records.size()) << body;
  EXPECT_EQ(fast->next_iterator, plain->next_iterator) << body;
  EXPECT_EQ(fast->behind_ms, plain->behind_ms) << body;
  for (size_t i = 0; i < std::min(fast->records.size(), plain->records.size()); ++i) {
    EXPECT_EQ(fast->records[i].sequence, plain->records[i].sequence) << body;
    EXPECT_EQ(fast->records[i].partition_key, plain->records[i].partition_key) << body;
    EXPECT_EQ(fast->records[i].data, plain->records[i].data) << body;
    EXPECT_EQ(fast->records[i].arrival_ms, plain->records[i].arrival_ms) << body;
  }
  return true;
}

TEST(KinesisRecordParser, FastAndPlainAgreeOnRandomPages) {
  std::mt19937 random(20260801);
  const std::string times[] = {"1785538800.123", "1785538800", "1785538800.5", "1.785E9", "0", "0.001", "1785538800.1234", "1785538800.999", "12.07"};
  const std::string keys[] = {"", "k", "a partition key of more than sixteen bytes", "ключ", "\\u00e9\\n", "a\\\"b", "\\ud83d\\ude00"};
  int taken = 0;
  for (int round = 0; round < 400; ++round) {
    std::string list;
    for (uint32_t count = random() % 5; count > 0; --count) {
      std::string data;
      for (uint32_t size = random() % 80; size > 0; --size) data += static_cast<char>(random());
      std::string text;
      AppendBase64(data, &text);
      std::string members[] = {"\"SequenceNumber\":" + Quoted(std::string(1 + random() % 60, static_cast<char>('1' + random() % 9))),
                               "\"ApproximateArrivalTimestamp\": " + times[random() % std::size(times)], "\"Data\":" + Quoted(text),
                               "\"PartitionKey\" :" + Quoted(keys[random() % std::size(keys)]), R"("EncryptionType":"KMS")"};
      std::shuffle(std::begin(members), std::end(members), random);
      std::string record;
      for (const std::string& member : members) record += (record.empty() ? "" : ",") + member;
      list += (list.empty() ? "{" : ", {") + record + "}";
    }
    std::string body = R"({"ChildShards":[{"ShardId":"x"}],"Records":[)" + list + R"(],"NextShardIterator":"AAA\/+=","MillisBehindLatest":)" +
                       std::to_string(random() % 3) + "}";
    if (round % 2 == 1) body[random() % body.size()] = static_cast<char>(random() % 128);  // damaged
    taken += Same(body) ? 1 : 0;
  }
  EXPECT_GE(taken, 200);
}

TEST(KinesisRecordParser, EveryByteOfBase64IsJudgedInEveryPlace) {
  const std::string good = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx";
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0x20; byte < 0x100; ++byte) {
      if (byte == '"' || byte == '\\') continue;
      std::string data = good;
      data[at] = static_cast<char>(byte);
      const bool allowed = byte < 0x80 && (isalnum(byte) != 0 || byte == '+' || byte == '/' || (byte == '=' && at == good.size() - 1));
      const Result<RecordPage> page = ParseRecords(R"({"Records":[{"SequenceNumber":"1","ApproximateArrivalTimestamp":1,"Data":")" + data + "\"}]}");
      std::string expected;
      const bool decodes = DecodeBase64(data, &expected);
      ASSERT_EQ(page.ok(), decodes) << at << " " << byte;
      ASSERT_TRUE(!decodes || allowed);
      if (page.ok()) {
        ASSERT_EQ(page->records[0].data, expected) << at << " " << byte;
      }
    }
  }
}

}  // namespace
}  // namespace lotic::kinesis
