// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connector/kinesis/test_stream.h"

// Answers that are not what the API promises: each is an error that says what was asked, of whom, and what came; and faults that are not the
// user's business.

namespace lotic::kinesis {
namespace {

struct Outcome {
  int64_t rows = 0;
  Status status;
  std::vector<SplitCertificate> certificates;
};

Outcome ReadAll(TestStream& stream) {
  const auto connector = stream.Connect();
  Outcome out;
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  ScanRequest request;
  request.table = {"default", "clicks"};
  const Result<Prepared> plan = connector->Prepare(ctx, request);
  if (!plan.ok()) return out.status = plan.status(), out;
  request.token = plan->token;
  std::vector<SplitStart> starts;
  for (const Split& split : connector->Splits(ctx, request, plan->partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
  const std::unique_ptr<Reader> reader = connector->Open(ctx, request, starts).ValueOrDie();
  for (;;) {
    const Result<ReadBatch> batch = reader->Next(ctx);
    if (!batch.ok()) return out.status = batch.status(), out;
    if (batch->runs.empty()) break;
    for (const lotic::Run& run : batch->runs) {
      out.rows += run.num_rows;
      if (!run.status.ok()) out.status = run.status;
    }
  }
  for (uint32_t i = 0; i < starts.size(); ++i) out.certificates.push_back(reader->Certificate(i));
  return out;
}

void Fill(TestStream& stream) {
  for (int i = 0; i < 60; ++i) stream.Put(TestStream::ShardName(static_cast<size_t>(i) % 2), R"({"id":1})", stream.NowMs() - 40'000 + i);
}

aws::TestHttpAnswer Body(const std::string& body) { return {.status = 200, .headers = {}, .body = body, .raw = {}}; }
aws::TestHttpAnswer Raw(const std::string& raw) { return {.status = 200, .headers = {}, .body = {}, .raw = raw}; }

struct BadAnswer {
  const char* operation;
  aws::TestHttpAnswer answer;
  StatusCode code;
  std::vector<std::string> message;  // what it must say
  int times = 1;
};

std::vector<BadAnswer> BadAnswers() {
  const std::string summary = R"({"StreamDescriptionSummary":{"StreamName":"clicks","StreamARN":"arn:x","StreamCreationTimestamp":1)";
  const std::string record = R"({"Records":[{"SequenceNumber":"1","PartitionKey":"k")";
  constexpr StatusCode kIo = StatusCode::kIOError;
  return {
      {"DescribeStreamSummary", Body(""), kIo, {"kinesis DescribeStreamSummary: the answer of 0 bytes is not valid JSON at byte 0"}},
      {"DescribeStreamSummary", Body(summary), kIo, {"kinesis DescribeStreamSummary: the answer of ", " bytes is not valid JSON at byte "}},
      {"DescribeStreamSummary", Body("[]"), kIo, {"kinesis DescribeStreamSummary: the answer is no JSON object"}},
      {"DescribeStreamSummary", Body("\xFF{}"), kIo, {"is not valid JSON at byte 0"}},
      {"DescribeStreamSummary", Body(std::string(100, '[') + std::string(100, ']')), kIo, {"is not valid JSON at byte 64"}},
      {"DescribeStreamSummary", Body(R"({"StreamDescriptionSummary":7})"), kIo, {"kinesis DescribeStreamSummary: an object was expected in the answer"}},
      {"DescribeStreamSummary", Body("{}"), kIo, {"kinesis DescribeStreamSummary: the answer has no StreamName or no StreamARN"}},
      {"DescribeStreamSummary", Body(R"({"StreamDescriptionSummary":{"StreamName":["clicks"]}})"), kIo, {"member StreamName of the answer is no text"}},
      {"DescribeStreamSummary", Body(summary + R"(x"}})"), kIo, {"is not valid JSON"}},
      {"DescribeStreamSummary", Body(summary + "e300}}"), kIo, {"member StreamCreationTimestamp of the answer is no usable number: 1e300"}},
      {"DescribeStreamSummary", Body(summary + R"(,"RetentionPeriodHours":-1}})"), kIo, {"RetentionPeriodHours -1 is no time that is kept"}},
      {"DescribeStreamSummary",
       Body(summary + R"(,"RetentionPeriodHours":99999999999999999999}})"),
       kIo,
       {"member RetentionPeriodHours of the answer is no usable number: 9999"}},
      {"ListShards", Body(R"({"Shards":{}})"), kIo, {"kinesis ListShards: a list was expected in the answer"}},
      {"ListShards", Body(R"({"Shards":[7]})"), kIo, {"kinesis ListShards: an object was expected in the answer"}},
      {"ListShards", Body(R"({"Shards":[{}]})"), kIo, {"kinesis ListShards: a shard's id is missing or none: ''"}},
      {"ListShards", Body(R"({"Shards":[{"ShardId":"a|b"}]})"), kIo, {"a shard's id is missing or none: 'a|b'"}},
      {"ListShards", Body(R"({"Shards":[{"ParentShardId":"a,b","ShardId":"c"}]})"), kIo, {"shard 'c' names a parent whose id is none: 'a,b'"}},
      {"ListShards",
       Body(R"({"Shards":[{"ShardId":"c","SequenceNumberRange":{"EndingSequenceNumber":7}}]})"),
       kIo,
       {"member EndingSequenceNumber of the answer is no text"}},
      {"ListShards", Body(R"({"Shards":[],"NextToken":7})"), kIo, {"member NextToken of the answer is no text"}},
      {"ListShards", Body(R"({"Shards":[],"NextToken":"t"})"), kIo, {"kinesis ListShards: the same page token twice, after 0 shards"}, 2},
      {"GetShardIterator", Body("{}"), kIo, {"shardId-00000000000", "GetShardIterator: the answer for shardId-", "holds no iterator"}},
      {"GetShardIterator", Body(R"({"ShardIterator":7})"), kIo, {"shardId-00000000000", "member ShardIterator of the answer is no text"}},
      {"GetRecords",
       Body(record),
       kIo,
       {"reading shard shardId-00000000000", R"( at {"kind":"TRIM_HORIZON"}: )", "kinesis GetRecords: the answer of ", "is not valid JSON at byte "}},
      {"GetRecords", Body(R"({"Records":7})"), kIo, {"kinesis GetRecords: a list was expected in the answer"}},
      {"GetRecords", Body(R"({"Records":["7"]})"), kIo, {"kinesis GetRecords: an object was expected in the answer"}},
      {"GetRecords", Body(R"({"Records":[{"Data":"","ApproximateArrivalTimestamp":1}]})"), kIo, {"a record of the answer has no SequenceNumber or no Data"}},
      {"GetRecords",
       Body(R"({"Records":[{"SequenceNumber":7,"Data":"","ApproximateArrivalTimestamp":1}]})"),
       kIo,
       {"member SequenceNumber of the answer is no text"}},
      {"GetRecords", Body(record + R"(,"ApproximateArrivalTimestamp":1}]})"), kIo, {"a record of the answer has no SequenceNumber or no Data"}},
      {"GetRecords", Body(record + R"(,"Data":"a"}]})"), kIo, {"Data of record 1 is not base64"}},
      {"GetRecords",
       Body(record + R"(,"Data":"aGk="}]})"),
       kIo,
       {"record 1 has no ApproximateArrivalTimestamp, so that it cannot be told whether it came before the end"}},
      {"GetRecords",
       Body(record + R"(,"Data":"","ApproximateArrivalTimestamp":1e300}]})"),
       kIo,
       {"member ApproximateArrivalTimestamp of the answer is no usable number: 1e300"}},
      {"GetRecords",
       Body(record + R"(,"Data":"","ApproximateArrivalTimestamp":"now"}]})"),
       kIo,
       {"member ApproximateArrivalTimestamp of the answer is no usable number: now"}},
      {"GetRecords", Body(R"({"Records":[],"MillisBehindLatest":"7"})"), kIo, {"member MillisBehindLatest of the answer is no usable number: 7"}},
      {"GetRecords", Body(R"({"Records":[],"MillisBehindLatest":-5})"), kIo, {"MillisBehindLatest -5 is no distance"}},
      {"GetRecords", Body(R"({"Records":[],"NextShardIterator":7})"), kIo, {"member NextShardIterator of the answer is no text"}},
      {"GetRecords", {.status = 500, .headers = {}, .body = "<html>", .raw = {}}, kIo, {"kinesis GetRecords: HTTP500", "reading shard shardId-"}, 30},
      {"GetRecords",
       {.status = 400, .headers = {}, .body = R"({"__type":"a#AccessDeniedException","message":"no"})", .raw = {}},
       StatusCode::kUnauthorized,
       {"kinesis GetRecords: AccessDeniedException: no"}},
      {"GetRecords",
       {.status = 400, .headers = {}, .body = R"({"__type":"ResourceNotFoundException"})", .raw = {}},
       StatusCode::kDataLoss,
       {"or its stream is gone"}},
      {"GetRecords", Raw("HTTP/1.1 2"), kIo, {"reading shard shardId-"}, 30},
      {"GetRecords", Raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"Records\":["), kIo, {"reading shard shardId-"}, 30},
      {"GetRecords", Raw("HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n{"), StatusCode::kCapacityError, {"reading shard shardId-"}, 30},
  };
}

TEST(KinesisBadAnswer, EachIsAnErrorThatSaysWhatCameAndWhere) {
  for (const BadAnswer& bad : BadAnswers()) {
    SCOPED_TRACE(std::string(bad.operation) + ": " + bad.answer.body + bad.answer.raw);
    TestStream stream;
    Fill(stream);
    stream.Script(bad.operation, bad.answer, bad.times);
    const Status status = ReadAll(stream).status;
    EXPECT_EQ(status.code(), bad.code) << status;
    for (const std::string& text : bad.message) EXPECT_NE(status.message().find(text), std::string::npos) << status << "\n  lacks: " << text;
  }
}

TEST(KinesisFaults, CutConnectionsAndRefusalsCostTimeAndNoRecord) {
  TestStream stream;
  Fill(stream);
  stream.Script("GetRecords", Raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"Records\":["), 3);
  stream.Script("GetRecords", {.status = 503, .headers = {}, .body = "", .raw = {}}, 2);
  stream.Script("GetShardIterator", Raw("HTTP/1.1 2"), 2);
  stream.Script("ListShards", {.status = 400, .headers = {}, .body = R"({"__type":"LimitExceededException"})", .raw = {}}, 2);
  const Outcome out = ReadAll(stream);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 60);
  for (const SplitCertificate& certificate : out.certificates) EXPECT_TRUE(certificate.complete);
}

TEST(KinesisFaults, RecordsThatComeAgainAreTakenOnce) {
  TestStream stream;
  Fill(stream);
  stream.repeats = 3;
  const Outcome out = ReadAll(stream);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 60);
  int64_t skipped = 0;
  bool noted = false;
  for (const SplitCertificate& certificate : out.certificates) {
    EXPECT_TRUE(certificate.complete);
    skipped += certificate.records.skipped;
    for (const std::string& note : certificate.notes) noted = noted || note == "the service sent records again; each was taken once";
  }
  EXPECT_EQ(skipped, 21) << "three answers that began seven records early";
  EXPECT_TRUE(noted);
}

TEST(KinesisFaults, MembersInAnyOrderUnknownOnesAndNullsAreNoFault) {
  TestStream stream;
  stream.Close("shardId-000000000000");
  stream.Close("shardId-000000000001");
  stream.Script(
      "ListShards",
      Body(R"({"Shards":[{"HashKeyRange":{"StartingHashKey":"0"},"ShardId":"shardId-000000000001","ParentShardId":null,"New":[{}]}],"NextToken":null})"));
  stream.Script(
      "GetRecords",
      Body(
          R"( { "ChildShards":[{"ShardId":"x"}], "Records":[{"Data":"eyJpZCI6N30=","ApproximateArrivalTimestamp":1.44E9,"EncryptionType":"KMS","SequenceNumber":"1"}],
    "MillisBehindLatest":null, "NextShardIterator":null } )"));
  const Outcome out = ReadAll(stream);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 1);
  ASSERT_EQ(out.certificates.size(), 1u);
  EXPECT_TRUE(out.certificates[0].complete);
}

}  // namespace
}  // namespace lotic::kinesis
