// SPDX-License-Identifier: Apache-2.0
// Positions of endless splits, and what they say of the log they are a place of.
#include <gmock/gmock.h>

#include <algorithm>

#include "connector/kafka/test_topic.h"

namespace lotic::kafka {
namespace {

using broker::BatchSettings;
using broker::MarkerType;
using broker::Record;
using kafka_protocol::ApiKey;
using kafka_protocol::CodecId;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kTopic = "t";

class PositionTest : public BrokerTest {
 protected:
  void SetUp() override { StartBroker(); }
  void Create(int32_t partitions = 1) { ASSERT_TRUE(broker_->CreateTopic(kTopic, partitions).ok()); }
  /// A batch.
  void Append(int count, const BatchSettings& settings = {}, int32_t partition = 0) {
    const std::vector<Record> records(static_cast<size_t>(count), Record{.key = "k", .value = "v", .timestamp_ms = 1'700'000'000'000});
    ASSERT_TRUE(broker_->Append(kTopic, partition, records, settings).ok());
  }

  /// What an endless read from `positions` (by partition; empty: the plan's) has given when all that is there was read, and where each split then stands.
  struct EndlessRead {
    TestRead read;
    std::vector<std::string> next;
  };
  EndlessRead ReadEndlessly(const std::vector<std::string>& positions = {}, const ScanStart& from = {}) {
    EndlessRead out;
    auto connector = Connect();
    ScanRequest request = RawRequest(kTopic);
    request.unbounded = true;
    request.start = from;
    const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
    request.token = plan.token;
    std::vector<SplitStart> starts;
    for (const Split& split : connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
    for (size_t i = 0; i < positions.size(); ++i) starts[i].position = {positions[i]};
    const auto reader = std::move(connector->Open(Soon(), request, starts)).ValueOrDie();
    std::vector<bool> done(starts.size(), false);
    for (const SplitStart& start : starts) out.next.push_back(start.position.text);
    while (std::find(done.begin(), done.end(), false) != done.end()) {
      const ReadBatch batch = std::move(reader->Next(Soon())).ValueOrDie();
      TakeRows(batch, &out.read);
      for (const lotic::Run& run : batch.runs) {
        out.next[run.split] = run.next.text;
        done[run.split] = run.ended || (run.tip.has_value() && run.tip->lag_records == 0);
        if (!run.status.ok()) out.read.failures.push_back(run.status);
      }
      EXPECT_FALSE(batch.runs.empty());  // the deadline
      if (batch.runs.empty()) break;
    }
    for (uint32_t i = 0; i < starts.size(); ++i) {
      out.read.certificates.push_back(reader->Certificate(i));
      EXPECT_EQ(reader->Release(i)->position.text, out.next[i]);
    }
    EXPECT_TRUE(reader->Close(Soon()).ok());
    std::sort(out.read.rows.begin(), out.read.rows.end());
    return out;
  }
};

TEST_F(PositionTest, AnEndlessPositionCarriesTheEpochOfTheLastBatchBeforeIt) {
  Create();
  Append(3);
  EXPECT_THAT(ReadEndlessly().next, ElementsAre("3@0"));
  ASSERT_TRUE(broker_->MoveLeader(kTopic, 0, 1).ok());
  EXPECT_THAT(ReadEndlessly().next, ElementsAre("3@0"));  // a leader that has written nothing
  Append(2);
  BatchSettings compressed;
  compressed.codec = CodecId::kGzip;
  ASSERT_TRUE(broker_->MoveLeader(kTopic, 0, 1).ok());
  Append(4, compressed);
  const EndlessRead read = ReadEndlessly();
  EXPECT_THAT(read.next, ElementsAre("9@2"));
  EXPECT_EQ(read.read.rows.size(), 9u);
  EXPECT_EQ(read.read.certificates[0].read_end.text, "9");
  auto connector = Connect();
  EXPECT_EQ(Read(*connector, RawRequest(kTopic)).ValueOrDie().certificates[0].read_end.text, "9");
  BatchSettings aborted;
  aborted.producer_id = 7;
  aborted.transactional = true;
  Append(2, aborted);
  ASSERT_TRUE(broker_->MoveLeader(kTopic, 0, 1).ok());
  ASSERT_TRUE(broker_->AppendMarker(kTopic, 0, 7, MarkerType::kAbort).ok());
  EXPECT_THAT(ReadEndlessly().next, ElementsAre("12@3"));
  BatchSettings old;
  old.magic = 1;
  Append(1, old);
  EXPECT_THAT(ReadEndlessly({"12@3"}).next, ElementsAre("13"));  // these batches say no epoch
}

TEST_F(PositionTest, ALogThatWasCutAndHasGrownAgainIsFoundOutByThePositionsEpoch) {
  Create(2);
  for (int i = 0; i < 5; ++i) Append(2);
  Append(10, {}, 1);
  const EndlessRead before = ReadEndlessly();
  EXPECT_THAT(before.next, ElementsAre("10@0", "10@0"));
  ASSERT_TRUE(broker_->TruncateTo(kTopic, 0, 4).ok());
  Append(20);  // other records under the offsets that were read, and beyond
  Append(1, {}, 1);
  const EndlessRead after = ReadEndlessly(before.next);
  ASSERT_EQ(after.read.failures.size(), 1u);
  EXPECT_EQ(after.read.failures[0].code(), StatusCode::kDataLoss);
  EXPECT_THAT(after.read.failures[0].message(),
              testing::AllOf(HasSubstr("partition 0"), HasSubstr("leader epoch 0 ends at offset 4"), HasSubstr("reading stands at 10")));
  ASSERT_EQ(after.read.rows.size(), 1u);  // the other partition's
  EXPECT_EQ(after.read.rows[0].partition, 1);
  EXPECT_THAT(after.next, ElementsAre("10@0", "11@0"));
  // So it is where a plan begins at the position.
  ScanStart from;
  from.kind = ScanStart::Kind::kPositions;
  from.positions = {{"0", {"10@0"}}, {"1", {"10@0"}}};
  EXPECT_EQ(ReadEndlessly({}, from).read.failures.size(), 1u);
  // A position without an epoch knows nothing of it.
  const EndlessRead plain = ReadEndlessly({"10", "10"});
  EXPECT_TRUE(plain.read.failures.empty());
  EXPECT_THAT(plain.next, ElementsAre("24@1", "11@0"));
}

TEST_F(PositionTest, ALeaderThatMovedIsAskedOnceAndReadingGoesOn) {
  Create();
  for (int i = 0; i < 5; ++i) Append(2);
  ASSERT_TRUE(broker_->MoveLeader(kTopic, 0, 1).ok());
  ASSERT_TRUE(broker_->TruncateTo(kTopic, 0, 10).ok());  // behind what was read
  Append(3);
  EndlessRead read = ReadEndlessly({"10@0"});
  EXPECT_TRUE(read.read.failures.empty());
  EXPECT_EQ(read.read.num_rows, 3);
  EXPECT_EQ(broker_->RequestCount(ApiKey::kOffsetForLeaderEpoch), 1);
  Append(1);
  read = ReadEndlessly(read.next);  // of the leader's own epoch: there is nothing to ask
  EXPECT_EQ(read.read.num_rows, 1);
  EXPECT_THAT(read.next, ElementsAre("14@2"));
  EXPECT_EQ(broker_->RequestCount(ApiKey::kOffsetForLeaderEpoch), 1);
}

TEST_F(PositionTest, APositionThatIsNoneIsRefused) {
  Create();
  Append(20);
  auto connector = Connect();
  ScanRequest request = RawRequest(kTopic);
  request.unbounded = true;
  const Prepared plan = connector->Prepare(Soon(), request).ValueOrDie();
  request.token = plan.token;
  const Split split = connector->Splits(Soon(), request, plan.partitions, {}).ValueOrDie().splits[0];
  for (const char* text : {"", "@", "10@", "@1", "10@x", "10@-1", "-1@1", "10@4294967296", "10@1@2", "10 @1", "10@1 "}) {
    const SplitStart start{split, {text}};
    const Status refused = connector->Open(Soon(), request, {&start, 1}).status();
    EXPECT_EQ(refused.code(), StatusCode::kInvalid) << text;
    EXPECT_THAT(refused.message(), HasSubstr("position '" + std::string(text) + "' is not an offset")) << text;
    ScanRequest there = RawRequest(kTopic);
    there.unbounded = true;
    there.start.kind = ScanStart::Kind::kPositions;
    there.start.positions = {{"0", {text}}};
    EXPECT_EQ(connector->Prepare(Soon(), there).status().code(), StatusCode::kInvalid) << text;
  }
}

}  // namespace
}  // namespace lotic::kafka
