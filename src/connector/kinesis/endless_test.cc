// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "connector/kinesis/discovery.h"
#include "connector/kinesis/test_stream.h"

// Endless reading: the order of shards, what a discovery knows, and restarts.

namespace lotic::kinesis {
namespace {

constexpr const char* kShard0 = "shardId-000000000000";
constexpr const char* kShard1 = "shardId-000000000001";

CallContext Soon() {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  return ctx;
}

ScanRequest Endless(Connector& connector, ScanStart::Kind start) {
  ScanRequest request;
  request.table = {"default", "clicks"};
  const TableInfo info = connector.GetTable(Soon(), request.table).ValueOrDie();
  for (const Schema* const columns : {&info.schema, &info.hidden}) {
    for (const Field& field : columns->fields) {
      if (field.name == "_data") request.layout.fields.push_back(field);
    }
  }
  request.unbounded = true;
  request.start.kind = start;
  return request;
}

std::vector<Split> Planned(Connector& connector, ScanRequest* request) {
  const Prepared plan = connector.Prepare(Soon(), *request).ValueOrDie();
  request->token = plan.token;
  return connector.Splits(Soon(), *request, plan.partitions, {}).ValueOrDie().splits;
}

std::vector<std::string> Names(const std::vector<Split>& splits) {
  std::vector<std::string> names;
  for (const Split& split : splits) names.push_back(split.partition);
  return names;
}

/// What a door keeps: rows, positions and the discovery's state, committed together.
class Door {
 public:
  /// `apart`: a reader for each shard, as a door that deals the splits out has it: nothing but the discovery then keeps the order.
  Door(TestStream& stream, ScanStart::Kind start, bool apart = false) : apart_(apart), connector_(stream.Connect()), request_(Endless(*connector_, start)) {
    for (const Split& split : Planned(*connector_, &request_)) open_.push_back({split, split.start});
    discovery_ = dynamic_cast<SplitDiscovery*>(connector_.get());
  }

  /// Everything in memory is lost; what was committed is not.
  void Restart() { readers_.clear(); }

  void Open() {
    if (!apart_ && readers_.empty()) readers_.push_back(connector_->Open(Soon(), request_, open_).ValueOrDie());
    while (apart_ && readers_.size() < open_.size()) readers_.push_back(connector_->Open(Soon(), request_, {&open_[readers_.size()], 1}).ValueOrDie());
  }

  /// One batch, or nothing: whatever it brings is committed, then what a shard's end made readable.
  size_t Step() {
    Open();
    const size_t reader = apart_ ? next_++ % open_.size() : 0;
    const size_t first = apart_ ? reader : 0;  // of the reader's splits
    const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(apart_ ? 5 : 20);
    const Result<ReadBatch> batch = readers_[reader]->Next(Soon().WithDeadline(soon));
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok()) return 0;
    int64_t row = 0;
    std::vector<Split> ended;
    for (const lotic::Run& run : batch->runs) {
      EXPECT_TRUE(run.status.ok()) << run.status;
      SplitStart& at = open_[first + run.split];
      for (int64_t i = 0; i < run.num_rows; ++i, ++row) {
        rows_.push_back(std::string(batch->rows->column(0).Text(row)));
        shards_.push_back(at.split.partition);
      }
      at.position = run.next;
      if (run.ended) ended.push_back(at.split);
    }
    if (!ended.empty() && std::exchange(crash_at_the_next_end_, false)) {
      Restart();  // the end is committed, and what it made readable is not
    } else if (!ended.empty()) {
      Discover(ended);
    }
    return static_cast<size_t>(row);
  }

  void Discover(const std::vector<Split>& ended) {
    const Discovered found = discovery_->Discover(Soon(), request_, state_, ended).ValueOrDie();
    state_ = found.state;
    Open();
    for (const Split& split : found.splits) {
      opened_.push_back(split.partition);
      open_.push_back({split, split.start});
      if (!apart_) {
        EXPECT_TRUE(readers_[0]->Add(open_.back()).ok());
      }
    }
    // They may be forgotten at the next restart, when nothing reads by their number.
    for (const Split& split : ended) done_.push_back(split.partition);
  }

  void ForgetEnded() {
    std::erase_if(open_, [&](const SplitStart& at) { return std::find(done_.begin(), done_.end(), at.split.partition) != done_.end(); });
    done_.clear();
  }

  void ReadUntil(size_t rows) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (rows_.size() < rows && std::chrono::steady_clock::now() < deadline) Step();
    ASSERT_EQ(rows_.size(), rows);
  }

  const bool apart_;
  std::shared_ptr<Connector> connector_;
  ScanRequest request_;
  SplitDiscovery* discovery_ = nullptr;
  std::vector<std::unique_ptr<Reader>> readers_;  // one, or one for each of open_
  size_t next_ = 0;
  bool crash_at_the_next_end_ = false;
  // Committed:
  std::vector<std::string> rows_, shards_;  // of each row, its shard
  std::vector<SplitStart> open_;
  std::vector<std::string> opened_, done_;
  DiscoveryState state_;
};

TEST(KinesisEndless, ChildrenAreReadAfterTheirParents) {
  TestStream stream;
  stream.Put(kShard0, "a1", stream.NowMs() - 5'000);
  const std::string first = stream.Split(kShard0);
  const std::string second = TestStream::ShardName(3);
  stream.Put(first, "a2", stream.NowMs() - 4'000);
  stream.Put(second, "b1", stream.NowMs() - 4'000);
  const std::string merged = stream.Merge(first, second);
  stream.Put(merged, "a3", stream.NowMs() - 3'000);
  Door door(stream, ScanStart::Kind::kEarliest);
  ASSERT_EQ(door.open_.size(), 2u) << "the two shards without parents";
  door.ReadUntil(4);
  EXPECT_EQ(door.rows_[0], "a1");
  EXPECT_EQ(door.rows_[3], "a3") << "the child of a merge waits for both";
  EXPECT_THAT(door.opened_, testing::ElementsAre(first, second, merged));
}

TEST(KinesisEndless, AReshardMeanwhileIsFoundWhenTheParentEnds) {
  TestStream stream;
  Door door(stream, ScanStart::Kind::kLatest);
  EXPECT_EQ(door.Step(), 0u);
  stream.Put(kShard1, "one", stream.NowMs());
  door.ReadUntil(1);
  const std::string child = stream.Split(kShard1);
  stream.Put(child, "two", stream.NowMs());
  door.ReadUntil(2);
  EXPECT_EQ(door.shards_.back(), child);
}

TEST(KinesisEndless, LatestLeavesOutWhatWasThereAndEarlierShards) {
  TestStream stream;
  for (int i = 0; i < 5; ++i) stream.Put(kShard0, "old", stream.NowMs() - 60'000);
  Door door(stream, ScanStart::Kind::kLatest);
  EXPECT_EQ(door.Step(), 0u);
  stream.Put(kShard0, "new", stream.NowMs());
  door.ReadUntil(1);
  EXPECT_EQ(door.rows_[0], "new");
}

TEST(KinesisEndless, AStateOfAnotherStreamOrNoneOfOursIsRefused) {
  TestStream stream;
  Door door(stream, ScanStart::Kind::kEarliest);
  EXPECT_EQ(door.discovery_->Discover(Soon(), door.request_, {"k1:x:7"}, {}).status().code(), StatusCode::kInvalid);
  ++stream.created_s;
  EXPECT_EQ(door.discovery_->Discover(Soon(), door.request_, {}, {}).status().code(), StatusCode::kDataLoss);
}

TEST(KinesisEndless, TheTokenRepeatsThePlan) {
  TestStream stream;
  stream.Split(kShard0);
  const auto connector = stream.Connect();
  ScanRequest request = Endless(*connector, ScanStart::Kind::kEarliest);
  const std::vector<Split> first = Planned(*connector, &request);
  stream.Split(kShard1);
  EXPECT_EQ(Names(Planned(*connector, &request)), Names(first));
}

TEST(KinesisEndless, PositionsGoOnWhereTheyWereAndTheirAncestorsAreDone) {
  TestStream stream;
  stream.Put(kShard0, "a1", stream.NowMs() - 5'000);
  const std::string child = stream.Split(kShard0);
  stream.Put(child, "a2", stream.NowMs() - 4'000);
  stream.Put(child, "a3", stream.NowMs() - 4'000);
  Door before(stream, ScanStart::Kind::kEarliest);
  before.ReadUntil(3);
  const auto connector = stream.Connect();
  ScanRequest request = Endless(*connector, ScanStart::Kind::kPositions);
  request.start.positions[child] = {R"({"kind":"AFTER_SEQUENCE_NUMBER","seq":"1000002"})"};
  const std::vector<Split> splits = Planned(*connector, &request);
  EXPECT_THAT(Names(splits), testing::ElementsAre(kShard1, child, TestStream::ShardName(3))) << "the parent of a shard that was begun had been read";
  EXPECT_EQ(splits[1].start.text, request.start.positions[child].text);
  request.start.positions[child] = {"7"};
  request.token.clear();
  EXPECT_EQ(connector->Prepare(Soon(), request).status().code(), StatusCode::kInvalid);
}

TEST(KinesisEndless, APositionThatRetentionHasPassedIsNamed) {
  TestStream stream;
  for (const char* const data : {"a1", "a2", "a3"}) stream.Put(kShard0, data, stream.NowMs() - 5'000);
  Door kept(stream, ScanStart::Kind::kEarliest);
  kept.ReadUntil(3);
  for (const bool gone : {false, true}) {
    const auto connector = stream.Connect();
    ScanRequest request = Endless(*connector, ScanStart::Kind::kPositions);
    // 1000000 lies before all records of the stream: what retention leaves of an older one.
    request.start.positions[kShard0] = {gone ? R"({"kind":"AFTER_SEQUENCE_NUMBER","seq":"1000000"})" : R"({"kind":"AFTER_SEQUENCE_NUMBER","seq":"1000001"})"};
    const std::vector<Split> splits = Planned(*connector, &request);
    const std::vector<SplitStart> starts = {{splits[0], splits[0].start}};
    const std::unique_ptr<Reader> reader = connector->Open(Soon(), request, starts).ValueOrDie();
    std::vector<std::string> rows;
    while (rows.size() < (gone ? 3u : 2u)) {
      const ReadBatch batch = reader->Next(Soon()).ValueOrDie();
      for (int64_t i = 0; batch.rows && i < batch.rows->num_rows(); ++i) rows.push_back(std::string(batch.rows->column(0).Text(i)));
    }
    EXPECT_EQ(rows.front(), gone ? "a1" : "a2");
    const std::vector<std::string> notes = reader->Certificate(0).notes;
    if (gone) {
      EXPECT_THAT(notes, testing::ElementsAre(testing::HasSubstr("what follows record 1000000 was asked for, and the first kept is 1000001")));
    } else {
      EXPECT_THAT(notes, testing::IsEmpty());
    }
  }
}

// The oracle: keys in the order they were put. A restart, a split or a merge may come at any batch boundary.
TEST(KinesisEndless, AShardThatExpiresWhileItIsReadOrWaitsIsEndedAndNamed) {
  TestStream stream;
  stream.Put(kShard0, "a1", stream.NowMs() - 5'000);
  const std::string child = stream.Split(kShard0);
  stream.Put(child, "a2", stream.NowMs() - 4'000);
  stream.Put(TestStream::ShardName(3), "b1", stream.NowMs() - 4'000);
  Door door(stream, ScanStart::Kind::kEarliest);
  stream.Expire(kShard0);  // before anything was read of it
  door.ReadUntil(2);
  EXPECT_THAT(door.rows_, testing::UnorderedElementsAre("a2", "b1")) << "its children are read";
  const SplitCertificate c = door.readers_[0]->Certificate(0);
  EXPECT_FALSE(c.complete);
  ASSERT_FALSE(c.notes.empty());
  EXPECT_EQ(c.notes[0].find("retention: the shard has expired"), 0u) << c.notes[0];
}

TEST(KinesisEndless, AStreamMadeAnewIsAnErrorAndNoExpiredShard) {
  TestStream stream;
  stream.Put(kShard0, "a1", stream.NowMs() - 5'000);
  const auto connector = stream.Connect();
  ScanRequest request = Endless(*connector, ScanStart::Kind::kEarliest);
  std::vector<SplitStart> starts;
  for (const Split& split : Planned(*connector, &request)) starts.push_back({split, split.start});
  stream.created_s = 1'700'000'001;
  stream.Expire(kShard0);
  const auto reader = connector->Open(Soon(), request, starts).ValueOrDie();
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    const ReadBatch batch = reader->Next(Soon()).ValueOrDie();
    for (const lotic::Run& run : batch.runs) {
      if (!run.status.ok()) status = run.status;
    }
  }
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_NE(status.message().find("was deleted and made anew since the plan"), std::string::npos) << status;
}

TEST(KinesisEndless, EveryRecordOnceAndInOrderPerKeyThroughRestartsSplitsAndMerges) {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    TestStream stream;
    std::vector<std::string> live = {kShard0, kShard1};
    std::map<std::string, size_t> put;  // by key: how many
    std::vector<std::string> homes(8);  // the shard of each key: a hash range, which a split halves and a merge joins
    for (size_t key = 0; key < homes.size(); ++key) homes[key] = live[key % 2];
    Door door(stream, seed % 2 == 0 ? ScanStart::Kind::kEarliest : ScanStart::Kind::kLatest, seed > 4);
    size_t total = 0;
    for (int round = 0; round < 30; ++round) {
      for (int i = 0; i < 40; ++i) {  // a shard takes several answers
        const size_t key = random() % homes.size();
        const std::string name = "k" + std::to_string(key);
        stream.Put(homes[key], name + "/" + std::to_string(put[name]++), stream.NowMs());
        ++total;
      }
      const uint32_t what = random() % 6;
      const size_t at = random() % live.size();
      if (what == 0 && live.size() < 8) {
        const std::string parent = live[at], first = stream.Split(parent);
        const std::string second = TestStream::ShardName(static_cast<size_t>(std::stoi(first.substr(8))) + 1);
        bool odd = false;
        for (std::string& home : homes) {
          if (home == parent) home = (odd = !odd) ? first : second;
        }
        live[at] = first;
        live.push_back(second);
      } else if (what == 1 && live.size() > 1) {
        const std::string parent = live[at], other = live[(at + 1) % live.size()];
        const std::string child = stream.Merge(parent, other);
        for (std::string& home : homes) {
          if (home == parent || home == other) home = child;
        }
        std::erase(live, other);
        *std::find(live.begin(), live.end(), parent) = child;
      } else if (what == 2) {
        door.Restart();
        if (random() % 2 == 0) door.ForgetEnded();
        door.crash_at_the_next_end_ = random() % 2 == 0;
      } else if (what == 3) {
        stream.expiries = 1;
        stream.empty_answers = 3;
        stream.repeats = 2;
      } else if (what == 4) {
        stream.throttles = 2;
      }
      if (random() % 2 == 0) door.Discover({});
      for (uint32_t steps = random() % 4; steps > 0; --steps) door.Step();
    }
    door.ReadUntil(total);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(door.Step(), 0u) << "nothing comes twice";
    std::map<std::string, size_t> seen;
    for (const std::string& row : door.rows_) {
      const std::string key = row.substr(0, row.find('/'));
      ASSERT_EQ(row, key + "/" + std::to_string(seen[key])) << "out of order, lost or twice";
      ++seen[key];
    }
    EXPECT_EQ(seen, put);
  }
}

TEST(StreamLineage, ItsTextComesBackAndOtherTextsAreRefused) {
  StreamLineage lineage{"arn:x", 7, "b", {"a", "b"}, {"c"}};
  EXPECT_EQ(StreamLineage::Parse(lineage.ToText()).ValueOrDie(), lineage);
  EXPECT_EQ(StreamLineage::Parse(StreamLineage{"arn:x", 7, "", {}, {}}.ToText()).ValueOrDie(), (StreamLineage{"arn:x", 7, "", {}, {}}));
  for (const char* const text : {"", "kinesis-shards1|7", "kinesis-shards1|x|b|arn|a|c", "kinesis-shards1|7|b|arn|b,a|c", "kinesis-shards1|7|b|arn|a,a|c"}) {
    EXPECT_EQ(StreamLineage::Parse(text).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(StreamLineage, AShardThatIsItsOwnAncestorIsAnErrorNoEndlessWait) {
  StreamLineage lineage;
  const std::vector<Shard> listed = {{"a", "", {"b"}}, {"b", "", {"a"}}};
  const Status status = lineage.Advance(listed, [](const Shard&) { return true; }).status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_NE(status.message().find("shard a names b as its parent"), std::string::npos) << status;
}

TEST(StreamLineage, UnknownAndUnwantedParentsBlockNothing) {
  StreamLineage lineage;
  const std::vector<Shard> listed = {{"b", "", {"a"}}, {"c", "", {"b"}}, {"d", "", {"c"}}};
  const auto wanted = [](const Shard& shard) { return shard.id != "c"; };
  const std::vector<Shard> readable = lineage.Advance(listed, wanted).ValueOrDie();
  ASSERT_EQ(readable.size(), 2u) << "a is not listed, c is not wanted";
  EXPECT_EQ(readable[0].id, "b");
  EXPECT_EQ(readable[1].id, "d");
  EXPECT_TRUE(lineage.Advance(listed, wanted).ValueOrDie().empty()) << "each comes once";
}

}  // namespace
}  // namespace lotic::kinesis
