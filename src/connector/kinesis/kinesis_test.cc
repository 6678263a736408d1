// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>

#include "connector/conformance.h"
#include "connector/kinesis/kinesis_client.h"
#include "connector/kinesis/shard_calls.h"
#include "connector/kinesis/test_stream.h"
#include "lotic/plan_preview.h"

namespace lotic::kinesis {
namespace {

constexpr const char* kShard0 = "shardId-000000000000";
constexpr const char* kShard1 = "shardId-000000000001";

void Fill(TestStream& stream) {
  for (int i = 0; i < 60; ++i) {
    stream.Put(i % 2 == 0 ? kShard0 : kShard1,
               R"({"id":)" + std::to_string(i) + R"(,"name":"n)" + std::to_string(i % 7) + R"(","price":)" + std::to_string(i) + ".5}",
               stream.NowMs() - 40'000 + i * 100);
  }
}

class Harness final : public ConformanceHarness {
 public:
  Harness() {
    Fill(stream_);
    connector_ = stream_.Connect();
  }
  Connector& connector() override { return *connector_; }
  TableName table() override { return {"default", "clicks"}; }
  Status Append(size_t partition, int count) override {
    for (int i = 0; i < count; ++i) stream_.Put(TestStream::ShardName(partition), R"({"id":100})", stream_.NowMs());
    return Status::OK();
  }
  Status AddPartition() override {
    stream_.Put(stream_.AddShard(), R"({"id":101})", stream_.NowMs());
    return Status::OK();
  }

 private:
  TestStream stream_;
  std::shared_ptr<Connector> connector_;
};

INSTANTIATE_TEST_SUITE_P(Kinesis, ConnectorConformance, testing::Values(ConformanceCase{"clicks", [] { return std::make_unique<Harness>(); }}),
                         [](const auto& info) { return info.param.name; });

struct Outcome {
  int64_t rows = 0;
  Status status;
  std::vector<SplitCertificate> certificates;
};

Outcome ReadAll(Connector& connector, ScanRequest request, Prepared* plan = nullptr) {
  Outcome out;
  request.table = {"default", "clicks"};
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const Result<Prepared> prepared = connector.Prepare(ctx, request);
  if (!prepared.ok()) return out.status = prepared.status(), out;
  if (plan != nullptr) *plan = *prepared;
  request.token = prepared->token;
  std::vector<SplitStart> starts;
  for (SplitPage page; starts.empty() || !page.next_page.empty();) {
    page = connector.Splits(ctx, request, prepared->partitions, {page.next_page, 0}).ValueOrDie();
    for (const Split& split : page.splits) starts.push_back({split, split.start});
    if (page.splits.empty()) break;
  }
  const std::unique_ptr<Reader> reader = connector.Open(ctx, request, starts).ValueOrDie();
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

std::string Attribute(const Prepared& plan, const std::string& wanted) {
  for (const auto& [name, value] : plan.attributes) {
    if (name == wanted) return value;
  }
  return "";
}

TEST(KinesisScan, ProvesTheEndByAnAnswerSentAfterItHasSettled) {
  TestStream stream;
  Fill(stream);
  const auto connector = stream.Connect();
  const Outcome out = ReadAll(*connector, {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 60);
  for (const SplitCertificate& c : out.certificates) {
    EXPECT_TRUE(c.complete);
    EXPECT_EQ(c.proof, "caught_up");
    EXPECT_EQ(c.records.returned, 30);
  }
  EXPECT_GE(stream.time.passed_ms, 1'000) << "an answer before the end has settled proves nothing";
}

TEST(KinesisScan, GoesOnThroughThrottlesExpiredIteratorsAndEmptyAnswers) {
  TestStream stream;
  Fill(stream);
  stream.throttles = 3;
  stream.expiries = 2;
  stream.empty_answers = 12;
  const auto connector = stream.Connect();
  const Outcome out = ReadAll(*connector, {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 60);
  for (const SplitCertificate& c : out.certificates) EXPECT_TRUE(c.complete);
}

TEST(KinesisScan, ColumnsAreInferredThoughTheSampleIsThrottled) {
  TestStream stream;
  Fill(stream);
  stream.throttles = 2;
  const TableInfo info = stream.Connect()->GetTable({}, {"default", "clicks"}).ValueOrDie();
  ASSERT_EQ(info.schema.fields.size(), 3u);
  EXPECT_EQ(info.schema.fields[0].name, "id");
  EXPECT_EQ(info.hidden.fields.size(), 5u);
  ASSERT_FALSE(info.notes.empty());
  EXPECT_EQ(info.notes.back(), "throttled: the service refused 2 calls of the sample as too many");
}

TEST(KinesisScan, ASampleThatIsOnlyRefusedEndsWithTheCountOfRefusals) {
  TestStream stream;
  Fill(stream);
  stream.throttles = 1'000'000;
  const Status status = stream.Connect()->GetTable({}, {"default", "clicks"}).status();
  EXPECT_EQ(status.code(), StatusCode::kThrottled) << status;
  EXPECT_NE(status.message().find("no record of stream 'clicks' can be looked at for its columns: the service has refused "), std::string::npos) << status;
  EXPECT_NE(status.message().find(" calls as too many within 30000 ms"), std::string::npos) << status;
  EXPECT_GE(stream.time.passed_ms, 30'000);
}

TEST(KinesisScan, AnIteratorThatExpiresWhileTheSampleIsRefusedIsReplaced) {
  TestStream stream;
  Fill(stream);
  stream.Script("GetRecords", {.status = 400, .headers = {}, .body = R"({"__type":"ProvisionedThroughputExceededException"})", .raw = {}}, 5);
  stream.Script("GetRecords", {.status = 400, .headers = {}, .body = R"({"__type":"ExpiredIteratorException"})", .raw = {}});
  const Result<TableInfo> info = stream.Connect()->GetTable({}, {"default", "clicks"});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->schema.fields.size(), 3u);
}

TEST(KinesisScan, TimeAndShardPredicatesPruneTheCalls) {
  TestStream stream;
  Fill(stream);
  ScanRequest request;
  const TableInfo info = stream.Connect()->GetTable({}, {"default", "clicks"}).ValueOrDie();
  request.layout = info.hidden;
  request.constraints.columns["_shard_id"] = ValueSet::Listed({Scalar(std::string(kShard1))});
  request.constraints.columns["_arrival_timestamp"] = ValueSet::Range({Scalar(stream.NowMs() - 40'000 + 1'050), false, std::nullopt, true});
  const size_t before = stream.GetRecordsTimes(kShard0).size();
  Prepared plan;
  const Outcome out = ReadAll(*stream.Connect(), request, &plan);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 25) << "of 30 records 100 ms apart, every second one, those after 1,050 ms";
  EXPECT_EQ(stream.GetRecordsTimes(kShard0).size(), before) << "the other shard is not asked";
  ASSERT_EQ(plan.left_out.size(), 1u);
  EXPECT_TRUE(plan.left_out[0].complete);
  for (const PushedConstraint& line : plan.report) EXPECT_EQ(line.pushdown, Pushdown::kExact) << line.column;
}

TEST(KinesisScan, APredicateOnTimesBefore1970HasNoRows) {
  TestStream stream;
  Fill(stream);
  ScanRequest request;
  request.layout = stream.Connect()->GetTable({}, {"default", "clicks"}).ValueOrDie().hidden;
  request.constraints.columns["_arrival_timestamp"] = ValueSet::Range({std::nullopt, true, Scalar(int64_t{-1'000}), true});
  const Outcome out = ReadAll(*stream.Connect(), request);
  EXPECT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 0);
}

TEST(KinesisScan, KeepsWithinFiveCallsASecondAndShard) {
  TestStream stream;
  Fill(stream);
  stream.empty_answers = 40;
  const Outcome out = ReadAll(*stream.Connect(), {});
  EXPECT_EQ(out.rows, 60);
  const std::vector<int64_t> times = stream.GetRecordsTimes(kShard0);
  ASSERT_GT(times.size(), 15u);
  for (size_t i = 5; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 5], 1'000) << "call " << i;
}

TEST(KinesisScan, TwoConnectorsKeepWithinFiveCallsASecondTogether) {
  TestStream stream;
  Fill(stream);
  stream.empty_answers = 40;
  const auto one = stream.Connect(), other = stream.Connect();
  Prepared plan;
  EXPECT_EQ(ReadAll(*one, {}, &plan).rows, 60);
  ScanRequest again;
  again.token = plan.token;
  stream.empty_answers = 40;
  EXPECT_EQ(ReadAll(*other, again).rows, 60);
  const std::vector<int64_t> times = stream.GetRecordsTimes(kShard0);
  ASSERT_GT(times.size(), 30u);
  for (size_t i = 5; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 5], 1'000) << "call " << i;
}

TEST(KinesisScan, KeepsWithinTwoMebibytesASecondAndShard) {
  TestStream stream;
  const std::string data = "{\"a\":\"" + std::string(20'000, 'x') + "\"}";
  for (int i = 0; i < 100; ++i) stream.Put(kShard0, data, stream.NowMs() - 40'000);
  const Outcome out = ReadAll(*stream.Connect(), {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 100);
  const std::vector<int64_t> times = stream.GetRecordsTimes(kShard0);
  ASSERT_GE(times.size(), 6u) << "19 records an answer, so that it has half a mebibyte";
  const int64_t bytes = 19 * static_cast<int64_t>(data.size()) * 4 / 3;
  for (size_t i = 1; i <= 5; ++i) EXPECT_GE(times[i] - times[i - 1], bytes * 1'000 / ShardPace::kBytesPerSecond) << "call " << i;
}

TEST(KinesisScan, ThrottlesAreWaitedOutAndCounted) {
  TestStream stream;
  Fill(stream);
  stream.throttles = 60;
  const Outcome out = ReadAll(*stream.Connect(), {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 60);
  int64_t counted = 0;
  for (const SplitCertificate& c : out.certificates) {
    EXPECT_TRUE(c.complete);
    for (const std::string& note : c.notes) {
      if (note.find("throttled: the service refused ") == 0) counted += std::stoll(note.substr(31));
    }
  }
  EXPECT_EQ(counted, 60);
}

TEST(KinesisScan, ThrottlesEndWithTheCallersTime) {
  TestStream stream;
  Fill(stream);
  const auto connector = stream.Connect({}, &aws::RetryClock::System());
  ScanRequest request;
  request.table = {"default", "clicks"};
  const Prepared plan = connector->Prepare({}, request).ValueOrDie();
  request.token = plan.token;
  std::vector<SplitStart> starts;
  for (const Split& split : connector->Splits({}, request, plan.partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
  const auto reader = connector->Open({}, request, starts).ValueOrDie();
  stream.throttles = 1'000'000;
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const Status status = reader->Next(ctx).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  EXPECT_NE(status.message().find("the service has refused "), std::string::npos) << status;
  EXPECT_GT(reader->Progress().throttled, 0) << "what a progress line says while it waits";
  std::stop_source stop;
  ctx = {};
  ctx.stop = stop.get_token();
  auto stopped = std::async(std::launch::async, [&] { return reader->Next(ctx).status(); });
  stop.request_stop();
  const Status cancelled = stopped.get();
  EXPECT_EQ(cancelled.code(), StatusCode::kCancelled) << cancelled;
  EXPECT_NE(cancelled.message().find("the service has refused "), std::string::npos) << cancelled;
  const std::vector<std::string> notes = reader->Certificate(0).notes;
  EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), [](const std::string& note) { return note.starts_with("throttled: the service refused "); }))
      << "also of a shard that is still read";
}

TEST(KinesisScan, ATimeLimitOfTheTableEndsWithWhereEachShardIs) {
  TestStream stream;
  Fill(stream);
  stream.stuck = true;
  KinesisOptions options;
  options.timeout = std::chrono::milliseconds(200);
  const auto connector = stream.Connect(options, &aws::RetryClock::System());
  ScanRequest request;
  const Outcome out = ReadAll(*connector, request);
  EXPECT_EQ(out.status.code(), StatusCode::kDeadlineExceeded) << out.status;
  EXPECT_EQ(out.status.message().find("'scan.bounded.timeout' has passed, after 200 ms: 0 of 2 shards were read to their end; shardId-000000000000 at "
                                      "{\"kind\":\"TRIM_HORIZON\"}, shardId-000000000001 at "),
            0u)
      << out.status;
}

TEST(KinesisScan, AnswersStayShortHoweverLongRecordsAre) {
  for (const size_t bytes : {size_t{60'000}, size_t{900'000}}) {
    TestStream stream;
    std::mutex mutex;
    std::vector<int64_t> limits;
    stream.intercept = [&](const aws::TestHttpRequest& request) -> std::optional<aws::TestHttpAnswer> {
      const size_t at = request.body.find("\"Limit\":");
      const std::lock_guard lock(mutex);
      if (request.Header("X-Amz-Target").ends_with(".GetRecords")) limits.push_back(std::atoll(request.body.c_str() + at + 8));
      return std::nullopt;
    };
    const int count = bytes < 100'000 ? 30 : 2;
    for (int i = 0; i < count; ++i) stream.Put(kShard0, "{\"a\":\"" + std::string(bytes, 'x') + "\"}", stream.NowMs() - 40'000 + i);
    const Outcome out = ReadAll(*stream.Connect(), {});
    ASSERT_TRUE(out.status.ok()) << out.status;
    EXPECT_EQ(out.rows, count) << bytes;
    for (const SplitCertificate& c : out.certificates) EXPECT_TRUE(c.complete);
    ASSERT_GT(limits.size(), 5u);
    EXPECT_EQ(limits[0], kFirstRecords);
    EXPECT_EQ(limits.back(), std::max<int64_t>(1, kWantedAnswerBytes / static_cast<int64_t>(bytes * 4 / 3 + 200))) << bytes;
  }
}

TEST(KinesisScan, ReadersOfAConnectorShareTheirMemory) {
  TestStream stream;
  const auto client = std::make_shared<KinesisClient>(
      aws::JsonClient::Create(aws::KinesisService(), stream.Session(), {.endpoint = stream.url(), .retry = {}}).ValueOrDie(), stream.time);
  ShardCalls one(client, 2, 3 << 20);
  {
    ShardCalls other(client, 2, 3 << 20);
    const auto call = [&](ShardCalls& calls) {
      ShardCall made;
      made.iterator = "shardId-000000000000/0";
      EXPECT_EQ(made.Bytes(), 2 * kMaxAnswerBytes) << "the answer, and what is decoded of it";
      calls.Start(std::move(made));
    };
    EXPECT_TRUE(other.HasRoomFor(2 << 20, 100 << 20));
    call(other);
    EXPECT_FALSE(other.HasRoomFor(2 << 20, 100 << 20)) << "4 MiB are more than 3";
    EXPECT_TRUE(one.HasRoomFor(2 << 20, 100 << 20)) << "one call goes on in any case";
    call(one);
    EXPECT_FALSE(one.HasRoomFor(1, 100 << 20));
    EXPECT_EQ(client->held_bytes(), 4 << 20);
  }
  EXPECT_EQ(client->held_bytes(), 2 << 20) << "what a reader held goes with it";
  EXPECT_TRUE(one.HasRoomFor(1 << 20, 100 << 20));
  EXPECT_FALSE(one.HasRoomFor(1 << 20, 2 << 20)) << "a caller's budget is kept, too";
}

TEST(KinesisScan, AnIteratorThatIsCalledInvalidIsReplacedOnce) {
  for (const int times : {1, 2}) {
    TestStream stream;
    stream.Put(kShard0, R"({"id":1})", stream.NowMs() - 40'000);
    stream.Close(kShard0);
    stream.Close(kShard1);
    stream.Expire(kShard1);
    stream.Script("GetRecords",
                  {.status = 400, .headers = {}, .body = R"({"__type":"InvalidArgumentException","message":"Invalid ShardIterator."})", .raw = {}}, times);
    const Outcome out = ReadAll(*stream.Connect(), {});
    if (times == 1) {
      ASSERT_TRUE(out.status.ok()) << out.status;
      EXPECT_EQ(out.rows, 1);
      EXPECT_EQ(stream.Calls("GetShardIterator"), 2);
    } else {
      EXPECT_NE(out.status.message().find("InvalidArgumentException"), std::string::npos) << out.status;
      EXPECT_EQ(out.rows, 0);
    }
  }
}

TEST(KinesisScan, AShardThatExpiredSinceThePlanIsNeverACompleteRead) {
  for (const OnDataLoss policy : {OnDataLoss::kFail, OnDataLoss::kWarn}) {
    TestStream stream;
    Fill(stream);
    stream.answered = [&](const std::string& operation) {
      if (operation == "GetShardIterator") stream.Expire(kShard0);
    };
    ScanRequest request;
    request.policy.on_data_loss = policy;
    const Outcome out = ReadAll(*stream.Connect(), request);
    EXPECT_EQ(out.rows, 30);
    if (policy == OnDataLoss::kFail) {
      EXPECT_EQ(out.status.code(), StatusCode::kDataLoss) << out.status;
      EXPECT_NE(out.status.message().find("shard shardId-000000000000 has expired"), std::string::npos) << out.status;
      continue;
    }
    ASSERT_TRUE(out.status.ok()) << out.status;
    ASSERT_EQ(out.certificates.size(), 2u);
    EXPECT_FALSE(out.certificates[0].complete);
    EXPECT_EQ(out.certificates[0].reason, EndReason::kDataLoss);
    ASSERT_FALSE(out.certificates[0].notes.empty());
    EXPECT_EQ(out.certificates[0].notes[0].find("retention: the shard has expired"), 0u) << out.certificates[0].notes[0];
    EXPECT_TRUE(out.certificates[1].complete);
  }
}

TEST(KinesisScan, AStreamMadeAnewIsNotTakenForTheOldOne) {
  for (const OnDataLoss policy : {OnDataLoss::kFail, OnDataLoss::kWarn}) {
    TestStream stream;
    Fill(stream);
    stream.answered = [&](const std::string& operation) {
      if (operation != "GetShardIterator") return;
      stream.created_s = 1'700'000'001;
      stream.Expire(kShard0);
    };
    ScanRequest request;
    request.policy.on_data_loss = policy;
    const Outcome out = ReadAll(*stream.Connect(), request);
    EXPECT_EQ(out.status.code(), StatusCode::kDataLoss) << out.status;
    EXPECT_NE(out.status.message().find("stream 'clicks' was deleted and made anew since the plan"), std::string::npos) << out.status;
    ASSERT_EQ(out.certificates.size(), 2u);
    EXPECT_FALSE(out.certificates[0].complete);
    EXPECT_EQ(out.certificates[0].reason, EndReason::kError);
  }
}

TEST(KinesisScan, AClosedShardIsDrainedBehindItsLastNumber) {
  TestStream stream;
  stream.Put(kShard0, R"({"id":1})", stream.NowMs() - 40'000);
  stream.Close(kShard0);
  stream.last_sequence = "1000001";
  stream.never_ends = true;
  const Outcome out = ReadAll(*stream.Connect(), {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 1);
  ASSERT_EQ(out.certificates.size(), 2u);
  EXPECT_TRUE(out.certificates[0].complete);
  EXPECT_EQ(out.certificates[0].proof, "drained");
}

TEST(KinesisScan, AShardThatStallsEndsAsNotComplete) {
  TestStream stream;
  Fill(stream);
  stream.stuck = true;
  const Outcome out = ReadAll(*stream.Connect(), {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  ASSERT_EQ(out.certificates.size(), 2u);
  for (const SplitCertificate& c : out.certificates) {
    EXPECT_FALSE(c.complete);
    EXPECT_EQ(c.reason, EndReason::kStalled);
  }
}

TEST(KinesisScan, ALagThatIsTrustedEndsAShardAsNotComplete) {
  TestStream stream;
  Fill(stream);
  stream.stuck = true;  // 5 s behind, whatever is asked
  KinesisOptions options;
  options.trust_lag = true;
  const Outcome out = ReadAll(*stream.Connect(options), {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  ASSERT_EQ(out.certificates.size(), 2u);
  for (const SplitCertificate& c : out.certificates) {
    EXPECT_FALSE(c.complete);
    EXPECT_EQ(c.reason, EndReason::kStalled);
    ASSERT_FALSE(c.notes.empty());
    EXPECT_EQ(c.notes.back().find("trust_lag: "), 0u) << c.notes.back();
  }
  EXPECT_LT(stream.time.passed_ms, 30'000) << "15 s after the end, long before the shards would be called stalled";
}

TEST(KinesisScan, AReshardWhileReadingLosesAndRepeatsNothing) {
  TestStream stream;
  Fill(stream);
  stream.split_on_read = true;
  const Outcome out = ReadAll(*stream.Connect(), {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 60);
  EXPECT_EQ(out.certificates.size(), 2u);
  EXPECT_EQ(out.certificates[0].proof, "shard_end");
}

TEST(KinesisScan, TheServersTimeDecidesWhateverOursIs) {
  TestStream stream;
  stream.skew_ms = -3 * 3'600'000;
  Fill(stream);
  stream.Put(kShard0, R"({"id":99})", stream.NowMs() + 20'000);  // after the end of a plan made now
  const auto connector = stream.Connect();
  Prepared plan;
  const Outcome out = ReadAll(*connector, {}, &plan);
  EXPECT_EQ(out.rows, 60);
  stream.time.passed_ms += 60'000;
  ScanRequest again;
  again.token = plan.token;
  const Outcome repeated = ReadAll(*connector, again);
  EXPECT_EQ(repeated.rows, 60) << "the token repeats the result";
  ASSERT_EQ(repeated.certificates.size(), 2u);
  EXPECT_EQ(repeated.certificates[0].proof, "past_end");
  EXPECT_EQ(repeated.certificates[0].records.filtered, 1);
  EXPECT_EQ(ReadAll(*connector, {}).rows, 61);
}

TEST(KinesisScan, AShardSplitWhileThePlanIsMadeHoldsNothingFromBeforeTheEnd) {
  for (const bool as_of : {false, true}) {
    TestStream stream;
    Fill(stream);
    int64_t late_ms = 0;
    stream.answered = [&](const std::string& operation) {
      if (operation != "ListShards" || late_ms != 0) return;
      late_ms = stream.NowMs();
      stream.Put(stream.Split(kShard0), R"({"id":777})", late_ms);
    };
    const auto connector = stream.Connect();
    ScanRequest request;
    if (as_of) request.as_of_ms = stream.NowMs() + 100;  // has it passed? Dates cannot tell yet
    Prepared plan;
    const Outcome out = ReadAll(*connector, request, &plan);
    ASSERT_TRUE(out.status.ok()) << out.status;
    EXPECT_EQ(out.rows, 60);
    for (const SplitCertificate& c : out.certificates) EXPECT_TRUE(c.complete);
    const int64_t end_ms = std::stoll(Attribute(plan, "end_ms"));
    EXPECT_GE(late_ms, end_ms) << "the shards were listed before the end had passed: the list was not final";
    ScanRequest again;
    again.as_of_ms = end_ms;
    EXPECT_EQ(ReadAll(*connector, again).rows, out.rows) << "the same range once more";
  }
}

TEST(KinesisScan, AnEndInTheFutureIsWaitedFor) {
  TestStream stream;
  Fill(stream);
  stream.Put(kShard0, R"({"id":99})", stream.NowMs() + 20'000);
  ScanRequest request;
  request.as_of_ms = stream.NowMs() + 90'000;
  Outcome out = ReadAll(*stream.Connect(), request);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 61);
  EXPECT_GE(stream.time.passed_ms, 90'000);
  request.as_of_ms = stream.NowMs() + 25 * 3'600'000;
  out = ReadAll(*stream.Connect(), request);
  EXPECT_EQ(out.status.code(), StatusCode::kInvalid) << out.status;
  EXPECT_NE(out.status.message().find("in the future of the service"), std::string::npos) << out.status;
}

TEST(KinesisScan, APlanThatIsOnlyShownWaitsForNothing) {
  TestStream stream;
  Fill(stream);
  const auto connector = stream.Connect();
  auto* const preview = dynamic_cast<PlanPreview*>(connector.get());
  ASSERT_NE(preview, nullptr);
  for (const int64_t future_ms : {0, 3'600'000}) {
    ScanRequest request;
    request.table = {"default", "clicks"};
    if (future_ms != 0) request.as_of_ms = stream.NowMs() + future_ms;
    const Prepared shown = preview->Preview({}, request).ValueOrDie();
    EXPECT_EQ(stream.time.passed_ms, 0) << "its end has not passed";
    EXPECT_EQ(shown.partitions.size(), 2u);
    ASSERT_FALSE(shown.report.empty());
    EXPECT_EQ(shown.report.back().text, "end");
    EXPECT_NE(shown.report.back().reason.find("when the query runs"), std::string::npos) << shown.report.back().reason;
    // A shard that is made before the end would be missing: nothing may be read by that token.
    request.token = shown.token;
    EXPECT_TRUE(preview->Preview({}, request).ok());
    EXPECT_EQ(connector->Splits({}, request, shown.partitions, {}).ValueOrDie().splits.size(), 2u);
    EXPECT_EQ(connector->Prepare({}, request).status().code(), StatusCode::kInvalid);
    EXPECT_EQ(connector->Open({}, request, {}).status().code(), StatusCode::kInvalid);
  }
  EXPECT_EQ(stream.Calls("GetRecords"), 0);
  ScanRequest past;
  past.table = {"default", "clicks"};
  past.as_of_ms = stream.NowMs() - 60'000;
  EXPECT_EQ(preview->Preview({}, past)->token, connector->Prepare({}, past)->token) << "its end has passed: a snapshot like any other";
  ScanRequest late;
  late.table = {"default", "clicks"};
  late.as_of_ms = stream.NowMs() + int64_t{25} * 3'600'000;
  EXPECT_EQ(preview->Preview({}, late).status().code(), StatusCode::kInvalid) << "an end that no read waits for is none of a plan, either";
}

TEST(KinesisScan, AStartInTheFutureIsAnErrorUnlessTheEndIsLater) {
  TestStream stream;
  Fill(stream);
  stream.Put(kShard0, R"({"id":99})", stream.NowMs() + 20'000);
  ScanRequest request;
  request.start.kind = ScanStart::Kind::kTime;
  request.start.time_ms = stream.NowMs() + 10'000;
  Outcome out = ReadAll(*stream.Connect(), request);
  EXPECT_EQ(out.status.code(), StatusCode::kInvalid) << "no rows, complete, would be a guess at what is not there yet";
  EXPECT_NE(out.status.message().find("begins at"), std::string::npos) << out.status;
  request.as_of_ms = stream.NowMs() + 30'000;
  out = ReadAll(*stream.Connect(), request);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 1);
}

TEST(KinesisScan, ARepeatedSnapshotNamesWhatRetentionMayHaveTaken) {
  TestStream stream;
  stream.retention_hours = 24;
  Fill(stream);
  const auto connector = stream.Connect();
  Prepared plan;
  EXPECT_EQ(ReadAll(*connector, {}, &plan).certificates[0].proof, "caught_up") << "a first reading begins at what there is";
  ScanRequest again;
  again.token = plan.token;
  const Outcome repeated = ReadAll(*connector, again);
  ASSERT_EQ(repeated.certificates.size(), 2u);
  ASSERT_EQ(repeated.certificates[0].notes.size(), 1u);
  EXPECT_EQ(repeated.certificates[0].notes[0].find("retention: records that arrived before "), 0u) << repeated.certificates[0].notes[0];
  again.start.kind = ScanStart::Kind::kTime;
  again.start.time_ms = stream.NowMs() - 3'600'000;
  EXPECT_EQ(ReadAll(*connector, again).certificates[0].notes.size(), 0u) << "the last hour is kept";
}

// A reader that has read all rows and waits, in real time, until the end has settled.
class Waiting {
 public:
  explicit Waiting(TestStream& stream) {
    KinesisOptions options;
    options.settle = std::chrono::minutes(5);
    connector_ = stream.Connect(options, &aws::RetryClock::System());
    ScanRequest request;
    request.table = {"default", "clicks"};
    const Prepared plan = connector_->Prepare({}, request).ValueOrDie();
    request.token = plan.token;
    std::vector<SplitStart> starts;
    for (const Split& split : connector_->Splits({}, request, plan.partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
    reader_ = connector_->Open({}, request, starts).ValueOrDie();
    for (int64_t rows = 0; rows < 60;) {
      for (const lotic::Run& run : reader_->Next({}).ValueOrDie().runs) rows += run.num_rows;
    }
  }
  std::shared_ptr<Connector> connector_;
  std::unique_ptr<Reader> reader_;
};

TEST(KinesisScan, AWaitingReaderEndsSoonByStopDeadlineAndWake) {
  TestStream stream;
  Fill(stream);
  Waiting waiting(stream);
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  const auto next = [&](const CallContext& with) { return std::async(std::launch::async, [&waiting, with] { return waiting.reader_->Next(with).status(); }); };
  auto begun = std::chrono::steady_clock::now();
  auto stopped = next(ctx);
  stop.request_stop();
  EXPECT_EQ(stopped.get().code(), StatusCode::kCancelled);
  auto woken = next({});
  waiting.reader_->Wake();  // before or while it waits
  EXPECT_TRUE(woken.get().ok());
  auto late = next(CallContext().WithDeadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(50)));
  EXPECT_EQ(late.get().code(), StatusCode::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3)) << "100 ms each is the goal, ten times that no slow machine";
}

TEST(KinesisScan, SeveralShardsAreAskedAtOnce) {
  TestStream stream;
  stream.OpenShards(2 * kMaxCallsInFlight);
  Fill(stream);
  const auto connector = stream.Connect();
  ASSERT_TRUE(connector->GetTable({}, {"default", "clicks"}).ok()) << "the sample is taken before";
  stream.meet = static_cast<int>(kMaxCallsInFlight);
  const Outcome out = ReadAll(*connector, {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 60);
  EXPECT_EQ(stream.meet, 0) << "as many calls as may be in flight have met";
}

TEST(KinesisScan, TwelveHundredShardsAreListedByPagesAndReadOnceEach) {
  TestStream stream;
  stream.OpenShards(1'200);
  stream.expired_pages = 1;
  for (size_t i = 0; i < 1'200; ++i) {
    if (i % 3 == 0) stream.Put(TestStream::ShardName(i), R"({"id":1})", stream.NowMs() - 40'000);
    stream.Close(TestStream::ShardName(i));
  }
  const auto connector = stream.Connect();
  const Outcome out = ReadAll(*connector, {});
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 400);
  EXPECT_EQ(out.certificates.size(), 1'200u);
  EXPECT_EQ(stream.Calls("ListShards"), 4) << "two pages, and once more from the beginning since a page token had expired";
  EXPECT_EQ(stream.Calls("GetRecords"), 1'200);
}

TEST(KinesisScan, ALimitAsksFewShards) {
  TestStream stream;
  stream.OpenShards(100);
  for (size_t i = 0; i < 100; ++i) stream.Put(TestStream::ShardName(i), R"({"id":1})", stream.NowMs() - 40'000);
  ScanRequest request;
  request.limit = 1;
  const Outcome out = ReadAll(*stream.Connect(), request);
  ASSERT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.rows, 1);
  EXPECT_EQ(stream.Calls("GetRecords"), 1);
  for (const SplitCertificate& certificate : out.certificates) EXPECT_TRUE(certificate.complete);
}

TEST(KinesisScan, AStreamThatIsBeingMadeOrDeletedIsANamedError) {
  for (const std::string status : {"CREATING", "DELETING"}) {
    TestStream stream;
    stream.Script("DescribeStreamSummary",
                  {.headers = {},
                   .body = R"({"StreamDescriptionSummary":{"StreamName":"clicks","StreamARN":"arn:aws:kinesis:eu-west-1:1:stream/clicks","StreamStatus":")" +
                           status + "\"}}",
                   .raw = {}});
    const Status refused = ReadAll(*stream.Connect(), {}).status;
    EXPECT_EQ(refused.code(), StatusCode::kInvalid) << refused;
    EXPECT_NE(refused.message().find("stream 'clicks' cannot be read while it is " + status), std::string::npos) << refused;
  }
}

TEST(KinesisScan, ATokenOfADeletedStreamIsRefused) {
  TestStream stream;
  Fill(stream);
  const auto connector = stream.Connect();
  Prepared plan;
  ASSERT_TRUE(ReadAll(*connector, {}, &plan).status.ok());
  ++stream.created_s;
  ScanRequest again;
  again.token = plan.token;
  EXPECT_EQ(ReadAll(*connector, again).status.code(), StatusCode::kDataLoss);
}

TEST(KinesisScan, ATruncatedAnswerAndAnAggregateAreErrorsThatNameTheShard) {
  TestStream stream;
  Fill(stream);
  stream.truncated = 1;
  const Status cut = ReadAll(*stream.Connect(), {}).status;
  EXPECT_EQ(cut.code(), StatusCode::kIOError) << cut;
  EXPECT_NE(cut.message().find("is not valid JSON"), std::string::npos) << cut;
  EXPECT_NE(cut.message().find("shardId-"), std::string::npos) << cut;
  stream.Put(kShard1, "\xF3\x89\x9A\xC2" + std::string(30, 'x'), stream.NowMs() - 100);
  EXPECT_EQ(ReadAll(*stream.Connect(), {}).status.code(), StatusCode::kNotImplemented);
}

TEST(KinesisAnswer, BrokenRecordsAreErrors) {
  for (const char* const body : {"", "[]", R"({"Records":7})", R"({"Records":[7]})", R"({"Records":[{"SequenceNumber":"1","ApproximateArrivalTimestamp":1}]})",
                                 R"({"Records":[{"SequenceNumber":"1","Data":"!","ApproximateArrivalTimestamp":1}]})",
                                 R"({"Records":[{"SequenceNumber":"1","Data":"","ApproximateArrivalTimestamp":1e300}]})",
                                 R"({"Records":[{"SequenceNumber":"1","Data":""}]})", R"({"MillisBehindLatest":"7"})", R"({"NextShardIterator":7})"}) {
    EXPECT_EQ(ParseRecords(body).status().code(), StatusCode::kIOError) << body;
  }
  const RecordPage page =
      ParseRecords(R"({"Records":[{"SequenceNumber":"1","Data":"aGk=","PartitionKey":"k","ApproximateArrivalTimestamp":1.44E9}],"Other":null})").ValueOrDie();
  ASSERT_EQ(page.records.size(), 1u);
  EXPECT_EQ(page.records[0].data, "hi");
  EXPECT_EQ(page.records[0].arrival_ms, 1'440'000'000'000);
  EXPECT_EQ(page.next_iterator, "");
}

}  // namespace
}  // namespace lotic::kinesis
