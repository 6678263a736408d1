// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/stream_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "connector/kinesis/test_stream.h"

// A stream that is deleted and made anew under its name is never taken for the old one.

namespace lotic::kinesis {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kShard0 = "shardId-000000000000";
constexpr const char* kShard1 = "shardId-000000000001";
constexpr const char* kBothTimes = "the planned one was created at 2023-11-14T22:13:20Z, the one that has the name now at 2023-11-14T22:15:00Z";

CallContext Soon() {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  return ctx;
}

void Fill(TestStream& stream, const std::string& shard, int count) {
  for (int i = 0; i < count; ++i) stream.Put(shard, R"({"id":1})", stream.NowMs() - 40'000 + i);
}

/// A plan, and what is read by it later.
struct Scan {
  explicit Scan(TestStream& stream, ScanRequest wanted = {}) : connector(stream.Connect()), request(std::move(wanted)) {
    request.table = {"default", "clicks"};
    const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
    request.token = plan.token;
    for (const Split& split : connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
  }
  void Open() { reader = connector->Open(Soon(), request, starts).ValueOrDie(); }
  /// One batch; keeps where each split stands. False: every split has ended.
  bool Step() {
    const Result<ReadBatch> batch = reader->Next(Soon());
    if (!batch.ok()) failure = batch.status();
    if (!batch.ok() || batch->runs.empty()) return false;
    for (const lotic::Run& run : batch->runs) {
      rows += run.num_rows;
      starts[run.split].position = run.next;
      if (!run.status.ok()) failure = run.status;
    }
    return true;
  }
  void Read() {
    if (reader == nullptr) Open();
    while (Step()) {
    }
  }

  std::shared_ptr<Connector> connector;
  ScanRequest request;
  std::vector<SplitStart> starts;
  std::unique_ptr<Reader> reader;
  int64_t rows = 0;
  Status failure;
};

void ExpectRefused(const Scan& scan) {
  EXPECT_EQ(scan.failure.code(), StatusCode::kDataLoss) << scan.failure;
  EXPECT_THAT(scan.failure.message(), AllOf(HasSubstr("stream 'clicks' was deleted and made anew since the plan"), HasSubstr(kBothTimes)));
  for (uint32_t i = 0; i < scan.starts.size(); ++i) {
    EXPECT_FALSE(scan.reader->Certificate(i).complete) << i;
    EXPECT_EQ(scan.reader->Certificate(i).reason, EndReason::kError) << i;
  }
}

TEST(StreamMadeAnew, BetweenPlanAndReadingIsNoEmptyShardThatIsComplete) {
  TestStream stream;
  Fill(stream, kShard0, 5);
  Fill(stream, kShard1, 3);
  Scan scan(stream);
  stream.Remake();
  scan.Read();
  EXPECT_EQ(scan.rows, 0);
  ExpectRefused(scan);
}

TEST(StreamMadeAnew, BetweenPlanAndReadingIsReadToNoEnd) {
  for (const bool late : {false, true}) {
    TestStream stream;
    Fill(stream, kShard0, 5);
    Scan scan(stream);
    stream.Remake();
    Fill(stream, kShard0, 7);
    stream.Close(kShard0);
    if (late) stream.time.passed_ms += 10'000;
    scan.Read();
    ExpectRefused(scan);
    if (late) {
      EXPECT_EQ(scan.rows, 0) << "who the stream is was learnt more than 5 s ago: it is asked for before any row is handed out";
    }
  }
}

TEST(StreamMadeAnew, BetweenTwoReadsIsNoEnd) {
  TestStream stream;
  stream.Expire(kShard1);
  Fill(stream, kShard0, 30);
  Scan scan(stream);
  scan.Open();
  while (scan.rows == 0) ASSERT_TRUE(scan.Step());
  EXPECT_EQ(scan.rows, 20) << "an answer of the fake's";
  stream.Remake();
  Fill(stream, kShard0, 25);
  scan.Read();
  ExpectRefused(scan);
}

TEST(StreamMadeAnew, GivesNoRowsToALimit) {
  TestStream stream;
  Fill(stream, kShard0, 5);
  ScanRequest request;
  request.limit = 1;
  Scan scan(stream, request);
  stream.Remake();
  Fill(stream, kShard0, 5);
  stream.time.passed_ms += 10'000;
  scan.Open();
  scan.Step();
  EXPECT_EQ(scan.rows, 0);
  EXPECT_EQ(scan.failure.code(), StatusCode::kDataLoss) << scan.failure;
}

TEST(StreamMadeAnew, IsNotReadOnFromANumberOfTheOldOne) {
  for (const bool unbounded : {false, true}) {
    TestStream stream;
    stream.Expire(kShard1);
    Fill(stream, kShard0, 30);
    ScanRequest request;
    request.unbounded = unbounded;
    Scan scan(stream, request);
    scan.Open();
    while (scan.rows == 0) ASSERT_TRUE(scan.Step());
    const int64_t before = scan.rows;
    ASSERT_THAT(scan.starts[0].position.text, HasSubstr("AFTER_SEQUENCE_NUMBER"));
    stream.Remake();
    Fill(stream, kShard0, 5);  // with greater numbers
    stream.time.passed_ms += 10'000;
    scan.Open();
    scan.Read();
    EXPECT_EQ(scan.rows, before) << unbounded;
    ExpectRefused(scan);
  }
}

TEST(StreamMadeAnew, AStreamThatIsGoneAtTheEndProvesNone) {
  TestStream stream;
  Fill(stream, kShard0, 5);
  Scan scan(stream);
  stream.Script("DescribeStreamSummary",
                {.status = 400, .headers = {}, .body = R"({"__type":"ResourceNotFoundException","message":"no such stream"})", .raw = {}}, 100);
  scan.Read();
  EXPECT_EQ(scan.rows, 5);
  EXPECT_EQ(scan.failure.code(), StatusCode::kDataLoss) << scan.failure;
  EXPECT_THAT(scan.failure.message(), AllOf(HasSubstr("reading shard shardId-00000000000"),
                                            HasSubstr("whether its stream was the one of the plan all the time"), HasSubstr("no such stream")));
  EXPECT_FALSE(scan.reader->Certificate(0).complete);
}

TEST(StreamMadeAnew, ALookThatIsRefusedIsTakenAgain) {
  TestStream stream;
  stream.Expire(kShard1);
  Fill(stream, kShard0, 5);
  Scan scan(stream);
  // A call is made five times over before it counts as refused.
  stream.Script("DescribeStreamSummary", {.status = 400, .headers = {}, .body = R"({"__type":"LimitExceededException","message":"slow down"})", .raw = {}}, 12);
  scan.Read();
  EXPECT_TRUE(scan.failure.ok()) << scan.failure;
  EXPECT_EQ(scan.rows, 5);
  EXPECT_TRUE(scan.reader->Certificate(0).complete);
  EXPECT_THAT(scan.reader->Certificate(0).notes, testing::ElementsAre("throttled: the service refused 2 calls as too many; they were made again"));
}

/// Answers with the number of the request; Hold() keeps answers back.
class Oracle {
 public:
  StreamIdentity::Asker asker() {
    return [this](const CallContext& ctx, const std::string& stream) -> Result<StreamSummary> {
      std::unique_lock lock(mutex_);
      ++asked_;
      changed_.notify_all();
      changed_.wait(lock, ctx.stop, [this] { return !held_; });
      if (ctx.stop.stop_requested()) return Status::Cancelled("asking");
      StreamSummary made;
      made.name = stream;
      made.created_ms = ++answered_;
      return made;
    };
  }
  void Hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void WaitUntilAsked(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_ >= times; });
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  bool held_ = false;
  int asked_ = 0, answered_ = 0;
};

TEST(StreamIdentity, OneRequestAnswersAllWhoWaitForIt) {
  TestTime time;
  Oracle oracle;
  StreamIdentity identity(time, oracle.asker());
  oracle.Hold(true);
  std::vector<std::future<Result<StreamIdentity::Known>>> all;
  for (int i = 0; i < 8; ++i) all.push_back(std::async(std::launch::async, [&] { return identity.After({}, "clicks", 0); }));
  oracle.WaitUntilAsked(1);
  oracle.Hold(false);
  for (auto& one : all) EXPECT_EQ(one.get().ValueOrDie().number, 1u);
  EXPECT_EQ(oracle.asked(), 1);
  EXPECT_EQ(identity.After({}, "other", 0).ValueOrDie().summary.name, "other") << "each name is asked for by itself";
  EXPECT_EQ(oracle.asked(), 2);
}

TEST(StreamIdentity, ARequestUnderWayIsNoAnswerToWhoCameAfterIt) {
  TestTime time;
  Oracle oracle;
  StreamIdentity identity(time, oracle.asker());
  oracle.Hold(true);
  auto first = std::async(std::launch::async, [&] { return identity.After({}, "clicks", 0); });
  oracle.WaitUntilAsked(1);
  const uint64_t mark = identity.Mark();
  auto second = std::async(std::launch::async, [&] { return identity.After({}, "clicks", mark); });
  oracle.Hold(false);
  EXPECT_EQ(first.get().ValueOrDie().number, 1u);
  const StreamIdentity::Known later = second.get().ValueOrDie();
  EXPECT_EQ(later.number, 2u);
  EXPECT_EQ(later.summary.created_ms, 2);
  EXPECT_EQ(time.passed_ms, StreamIdentity::kPause.count()) << "the service is asked ten times a second at most";
}

TEST(StreamIdentity, WhatIsFiveSecondsOldIsRecentAndWhatIsOlderIsNot) {
  TestTime time;
  Oracle oracle;
  StreamIdentity identity(time, oracle.asker());
  ASSERT_TRUE(identity.Ask({}, "clicks").ok()) << "as a plan does";
  time.passed_ms += StreamIdentity::kRecent.count();
  EXPECT_EQ(identity.Recent({}, "clicks").ValueOrDie().created_ms, 1);
  time.passed_ms += 1;
  EXPECT_EQ(identity.Recent({}, "clicks").ValueOrDie().created_ms, 2);
  EXPECT_EQ(identity.Recent({}, "clicks").ValueOrDie().created_ms, 2);
}

TEST(StreamIdentity, WhoIsStoppedWaitsNoLongerAndWhoAskedLeavesItToTheNext) {
  TestTime time;
  Oracle oracle;
  StreamIdentity identity(time, oracle.asker());
  oracle.Hold(true);
  std::stop_source stop_asking, stop_waiting;
  CallContext asking, waiting;
  asking.stop = stop_asking.get_token();
  waiting.stop = stop_waiting.get_token();
  auto asker = std::async(std::launch::async, [&] { return identity.After(asking, "clicks", 0); });
  oracle.WaitUntilAsked(1);
  auto stopped = std::async(std::launch::async, [&] { return identity.After(waiting, "clicks", 0); });
  auto next = std::async(std::launch::async, [&] { return identity.After({}, "clicks", 0); });
  stop_waiting.request_stop();
  EXPECT_EQ(stopped.get().status().code(), StatusCode::kCancelled);
  stop_asking.request_stop();
  EXPECT_EQ(asker.get().status().code(), StatusCode::kCancelled);
  oracle.WaitUntilAsked(2);
  oracle.Hold(false);
  EXPECT_EQ(next.get().ValueOrDie().number, 2u);
}

}  // namespace
}  // namespace lotic::kinesis
