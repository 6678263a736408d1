// SPDX-License-Identifier: Apache-2.0
// Real-time tables over Lotic's own broker: what is in the topic is in the table, once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "kafka_protocol/batch_builder.h"
#include "table/fault_point.h"
#include "table/files.h"
#include "table/stored_table.h"
#include "table/table_view.h"
#include "tests/realtime/ingest_world.h"

namespace lotic::table {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

void ExpectRowsOfTheTopic(IngestWorld& world) {
  ASSERT_TRUE(world.CaughtUp()) << world.tables().GetStatus("events")->error;
  const Published published = world.Read();
  EXPECT_EQ(published.doubled, 0);
  EXPECT_EQ(published.rows, static_cast<int64_t>(world.expected().size()));
  EXPECT_TRUE(published.ids == world.expected());
}

/// What became of the records of a partition, over all of its segments; checks that it adds up.
RecordFates FatesOf(IngestWorld& world, int32_t partition) {
  const std::shared_ptr<const TableView> view = world.tables().View("events").ValueOrDie();
  RecordFates fates;
  const PartitionView* found = view->Find(partition);
  int64_t end = found->segments.empty() ? 0 : found->segments.front().start;
  for (const SegmentInfo& segment : found->segments) {
    EXPECT_EQ(segment.start, end);
    EXPECT_EQ(segment.totals.fates.Sum(), segment.end - segment.start) << segment.name;
    end = segment.end;
    fates += segment.totals.fates;
  }
  EXPECT_EQ(end, found->position);
  return fates;
}

TEST(Ingest, WhatIsInTheTopicIsInTheTableOnce) {
  IngestWorld world(3);
  world.Produce(0, 5000);
  world.Produce(1, 10, 1);
  world.Open();
  world.AddTable();
  ExpectRowsOfTheTopic(world);
  world.Produce(0, 3);
  world.Produce(2, 700, 7);
  ExpectRowsOfTheTopic(world);
  EXPECT_EQ(FatesOf(world, 0).rows, 5003);
  EXPECT_TRUE(world.tables().GetStatus("events")->healthy) << world.tables().GetStatus("events")->error;
}

TEST(Ingest, EveryOffsetIsAccountedFor) {
  IngestWorld world(1);
  world.Produce(0, 20);
  world.ProduceTransaction(0, 30, true);
  world.ProduceTransaction(0, 5, false);
  world.ProduceValue(0, std::nullopt);
  world.ProduceValue(0, "{\"id\": ");
  world.ProduceValue(0, "[1]");
  world.Produce(0, 1);
  world.Open();
  world.AddTable();
  ExpectRowsOfTheTopic(world);
  const RecordFates fates = FatesOf(world, 0);
  EXPECT_EQ(fates.rows, 51);
  EXPECT_EQ(fates.aborted, 5);
  EXPECT_EQ(fates.control, 2);
  EXPECT_EQ(fates.tombstones, 1);
  EXPECT_EQ(fates.dropped_decode, 2);
  EXPECT_EQ(fates.missing, 0);
  const std::vector<ErrorRow> errors = world.tables().Errors("events", 100).ValueOrDie();
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].stage, "decode");
  EXPECT_EQ(errors[0].payload, "{\"id\": ");
  EXPECT_EQ(errors[0].offset, 58);
  EXPECT_EQ(errors[1].topic, "events");
}

TEST(Ingest, ARestartGoesOnWhereTheLastCommitEnded) {
  IngestWorld world(2);
  world.Open();
  world.AddTable();
  for (int round = 0; round < 4; ++round) {
    world.Produce(0, 300);
    world.Produce(1, 3, 1);
    if (round % 2 == 0) {
      ASSERT_TRUE(world.CaughtUp());
    }
    world.Close();
    world.ProduceTransaction(0, 4, round % 2 == 0);
    world.Open();
  }
  ExpectRowsOfTheTopic(world);
  FatesOf(world, 0);
}

TEST(Ingest, ATableBeginsWhereItsCriteriaSay) {
  IngestWorld world(1);
  world.Produce(0, 50);
  world.Open();
  world.AddTable({{"stream.kafka.consumer.prop.auto.offset.reset", "largest"}});
  world.Forget(0, 0, 50);
  world.Produce(0, 7);
  ExpectRowsOfTheTopic(world);
  ASSERT_TRUE(world.tables().DeleteTable("events").ok());
  ASSERT_TRUE(world.tables().AddTable(world.TableJson({{"stream.kafka.consumer.prop.auto.offset.reset", "2023-11-14T22:13:20.055Z"}})).ok());
  world.Forget(0, 50, 55);
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, ANewPartitionIsReadFromItsBeginning) {
  IngestWorld world(1);
  world.Produce(0, 10);
  world.Open();
  world.AddTable({{"stream.kafka.consumer.prop.auto.offset.reset", "largest"}});
  world.Forget(0, 0, 10);
  ASSERT_TRUE(world.broker().AddPartitions(IngestWorld::kTopic, 3).ok());
  world.Produce(2, 25);
  ASSERT_TRUE(world.WaitFor([&] { return world.tables().GetStatus("events")->partitions.size() == 3; }));
  ExpectRowsOfTheTopic(world);
  world.Close();
  world.Produce(1, 5);
  world.Open();
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, SegmentsEndExactlyAtTheirRows) {
  IngestWorld world(2);
  world.Produce(0, 1050);
  world.Produce(1, 199);
  world.Open();
  world.AddTable({{"realtime.segment.flush.threshold.segment.rows", "200"}});
  ExpectRowsOfTheTopic(world);
  const auto sealed = [&](int32_t partition) {
    std::vector<int64_t> rows;
    const std::shared_ptr<const TableView> view = world.tables().View("events").ValueOrDie();
    for (const SegmentInfo& segment : view->Find(partition)->segments) {
      if (segment.state == SegmentState::kDone) rows.push_back(segment.totals.rows);
    }
    return rows;
  };
  ASSERT_TRUE(world.WaitFor([&] { return sealed(0).size() == 5; }));
  EXPECT_THAT(sealed(0), testing::ElementsAre(200, 200, 200, 200, 200));
  EXPECT_THAT(sealed(1), testing::IsEmpty());
  world.Produce(1, 1);
  ASSERT_TRUE(world.WaitFor([&] { return sealed(1).size() == 1; }));
  ExpectRowsOfTheTopic(world);
  world.Close();
  world.Open();
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, PauseAndResumeSurviveARestart) {
  IngestWorld world(1);
  world.Produce(0, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  const PauseStatus paused = world.tables().Pause("events", "maintenance").ValueOrDie();
  EXPECT_TRUE(paused.paused);
  EXPECT_TRUE(paused.consuming_segments.empty());
  world.Produce(0, 10);
  world.Close();
  world.Open();
  const PauseStatus after = world.tables().GetPauseStatus("events").ValueOrDie();
  EXPECT_TRUE(after.paused);
  EXPECT_EQ(after.comment, "maintenance");
  EXPECT_EQ(after.reason, "ADMINISTRATIVE");
  ASSERT_TRUE(world.tables().RunDiscovery("events").ok());
  EXPECT_EQ(world.StatusOf(0).state, PartitionState::kPaused);
  EXPECT_EQ(world.StatusOf(0).lag, 10);
  EXPECT_EQ(world.Read().rows, 10);
  EXPECT_THAT(world.tables().ForceCommit("events", {}, {}).status().message(), HasSubstr("paused"));
  const PauseStatus resumed = world.tables().Resume("events", ConsumeFrom::kLastConsumed, "").ValueOrDie();
  EXPECT_FALSE(resumed.paused);
  EXPECT_EQ(resumed.consuming_segments.size(), 1u);
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, ResumeFromTheLargestOffsetSaysWhatItLeftOut) {
  IngestWorld world(1);
  world.Produce(0, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(world.tables().Pause("events", "").ok());
  world.Produce(0, 5);
  const Status doubled = world.tables().Resume("events", ConsumeFrom::kSmallest, "").status();
  EXPECT_THAT(doubled.message(), HasSubstr("offsets 0 to 9 of partition 0 are in the table already"));
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLargest, "").ok());
  world.Forget(0, 10, 15);
  world.Produce(0, 5);
  ExpectRowsOfTheTopic(world);
  const std::shared_ptr<const TableView> view = world.tables().View("events").ValueOrDie();
  ASSERT_EQ(view->Find(0)->losses.size(), 1u);
  EXPECT_EQ(view->Find(0)->losses[0].from, 10);
  EXPECT_EQ(view->Find(0)->losses[0].to, 15);
}

TEST(Ingest, ForceCommitSealsWhatIsConsuming) {
  IngestWorld world(3);
  world.Produce(0, 10);
  world.Produce(1, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  const std::string id = world.tables().ForceCommit("events", {}, {}).ValueOrDie();
  EXPECT_EQ(world.tables().JobStatus(id)->segments.size(), 2u);  // partition 2 has nothing to seal
  ASSERT_TRUE(world.WaitFor([&] { return world.tables().JobStatus(id)->yet_to_be_committed.empty(); }));
  EXPECT_EQ(world.tables().JobStatus("x").status().code(), StatusCode::kNotFound);
  const std::string segment = world.tables().ConsumingInfo("events").ValueOrDie()[0].segment;
  world.Produce(0, 1);
  ASSERT_TRUE(world.CaughtUp());
  const std::vector<std::string> one = {segment};
  const std::string second = world.tables().ForceCommit("events", {}, one).ValueOrDie();
  EXPECT_THAT(world.tables().JobStatus(second)->segments, testing::ElementsAre(segment));
  const std::vector<std::string> wrong = {"events__0__99__20200101T0000Z"};
  EXPECT_EQ(world.tables().ForceCommit("events", {}, wrong).status().code(), StatusCode::kInvalid);
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, WhatRetentionTookIsRecordedExactly) {
  IngestWorld world(2);
  world.Produce(0, 100, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  world.Close();
  world.Produce(0, 100, 10);
  world.Produce(1, 5);
  ASSERT_TRUE(world.broker().SetLogStart(IngestWorld::kTopic, 0, 150).ok());
  world.Forget(0, 100, 150);
  world.Open();
  ExpectRowsOfTheTopic(world);
  const std::shared_ptr<const TableView> view = world.tables().View("events").ValueOrDie();
  ASSERT_EQ(view->Find(0)->losses.size(), 1u);
  EXPECT_EQ(view->Find(0)->losses[0].from, 100);
  EXPECT_EQ(view->Find(0)->losses[0].to, 150);
  EXPECT_EQ(FatesOf(world, 0).missing, 50);
  EXPECT_EQ(world.StatusOf(0).lost, 50);
  EXPECT_TRUE(world.Logged("offsets 100 to 149 (50) are lost"));
}

TEST(Ingest, ATruncatedPartitionStopsAndTheOthersGoOn) {
  IngestWorld world(2);
  world.Produce(0, 100, 10);
  world.Produce(1, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(world.broker().TruncateTo(IngestWorld::kTopic, 0, 50).ok());
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).state == PartitionState::kStopped; }));
  EXPECT_THAT(world.StatusOf(0).error, HasSubstr("truncated"));
  // Other records under offsets that were read: they must not be taken for new ones, neither now nor after a restart.
  for (int i = 0; i < 80; ++i) world.ProduceValue(0, "{\"id\": -1, \"v\": 0, \"text\": \"other\", \"ts\": 1700000000000}");
  world.Close();
  world.Open();
  EXPECT_EQ(world.StatusOf(0).state, PartitionState::kStopped);
  world.Produce(1, 10);
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(1).position == 20; }));
  EXPECT_EQ(world.StatusOf(0).position, 100);
  EXPECT_FALSE(world.tables().GetStatus("events")->healthy);
  EXPECT_TRUE(world.Read().ids == world.expected());
  // The operator says where to go on.
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLargest, "").ok());
  world.Produce(0, 5);
  ExpectRowsOfTheTopic(world);
}

class CutWhileNobodyRead : public testing::TestWithParam<const char*> {};

TEST_P(CutWhileNobodyRead, StopsItsPartitionAlthoughTheLogHasGrownAgain) {
  IngestWorld world(2);
  world.Open();
  world.AddTable();
  world.Produce(0, 100, 10);
  world.Produce(1, 10);
  ASSERT_TRUE(world.CaughtUp());
  if (std::string_view(GetParam()) == "rolled") {
    (void)world.tables().ForceCommit("events", {}, {}).ValueOrDie();
  }
  if (std::string_view(GetParam()) == "paused") {
    ASSERT_TRUE(world.tables().Pause("events", "").ok());
  }
  world.Close();
  ASSERT_TRUE(world.broker().TruncateTo(IngestWorld::kTopic, 0, 50).ok());
  for (int i = 0; i < 80; ++i) world.ProduceValue(0, R"({"id": -1, "v": 0, "text": "other", "ts": 1700000000000})");
  world.Produce(1, 10);
  world.Open();
  if (std::string_view(GetParam()) == "paused") {
    ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLastConsumed, "").ok());
  }
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).state == PartitionState::kStopped && world.StatusOf(1).position == 20; }));
  EXPECT_THAT(world.StatusOf(0).error, testing::AllOf(HasSubstr("the log was truncated: leader epoch 0 ends at offset 50, and reading stands at 100"),
                                                      HasSubstr("resumeConsumption with consumeFrom=largest")));
  EXPECT_EQ(world.StatusOf(0).position, 100);
  EXPECT_FALSE(world.tables().GetStatus("events")->healthy);
  EXPECT_TRUE(world.Read().ids == world.expected());  // nothing of the other records
  // The operator says where to go on.
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLargest, "").ok());
  world.Produce(0, 5);
  ExpectRowsOfTheTopic(world);
  EXPECT_EQ(world.tables().View("events").ValueOrDie()->Find(0)->losses.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Ingest, CutWhileNobodyRead, testing::Values("consuming", "rolled", "paused"), [](const auto& info) { return info.param; });

TEST(Ingest, ALogThatIsAsLongAsItWasGoesOnWhereTheOperatorSays) {
  IngestWorld world(1);
  world.Open();
  world.AddTable();
  world.Produce(0, 100, 10);
  ASSERT_TRUE(world.CaughtUp());
  world.Close();
  ASSERT_TRUE(world.broker().TruncateTo(IngestWorld::kTopic, 0, 90).ok());
  for (int i = 0; i < 10; ++i) world.ProduceValue(0, R"({"id": -1, "v": 0, "text": "other", "ts": 1700000000000})");
  world.Open();
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).state == PartitionState::kStopped; }));
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLargest, "").ok());  // which is the position
  world.Close();
  world.Produce(0, 5);
  world.Open();
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, ALeaderThatMovedWhileNobodyReadCostsNothing) {
  IngestWorld world(1, 2);
  world.Open();
  world.AddTable();
  world.Produce(0, 50, 10);
  ASSERT_TRUE(world.CaughtUp());
  world.Close();
  world.Produce(0, 20, 10);
  ASSERT_TRUE(world.broker().TruncateTo(IngestWorld::kTopic, 0, 60).ok());  // behind what was read
  world.Forget(0, 60, 70);
  ASSERT_TRUE(world.broker().MoveLeader(IngestWorld::kTopic, 0, 2).ok());
  world.Produce(0, 20, 10);
  world.broker().ForgetRequests();
  world.Open();
  ExpectRowsOfTheTopic(world);
  EXPECT_GE(world.broker().RequestCount(kafka_protocol::ApiKey::kOffsetForLeaderEpoch), 1);
  EXPECT_TRUE(world.tables().GetStatus("events")->healthy) << world.tables().GetStatus("events")->error;
}

TEST(Ingest, ACorruptBatchStopsItsPartitionAndTheOthersGoOn) {
  IngestWorld world(2);
  world.Produce(0, 30, 10);
  kafka_protocol::RecordBatchBuilder builder;
  for (int i = 0; i < 10; ++i) builder.Add(1'700'000'000'000 + i, "k", "{\"id\": -1, \"v\": 0, \"text\": \"rotten\", \"ts\": 1700000000000}");
  std::string batch = builder.Finish().ValueOrDie();
  batch[batch.size() - 5] ^= 0x20;  // within the last record
  broker::AppendOptions unchecked;
  unchecked.check = false;
  ASSERT_EQ(world.broker().AppendBatch(IngestWorld::kTopic, 0, kafka_protocol::AsBytes(batch), unchecked).ValueOrDie(), 30);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).position == 30 && !world.StatusOf(0).error.empty(); }));
  EXPECT_THAT(world.StatusOf(0).error, HasSubstr("checksum"));
  EXPECT_THAT(world.StatusOf(0).error, HasSubstr("at offset 30"));
  EXPECT_FALSE(world.tables().GetStatus("events")->healthy);
  world.Produce(1, 20);
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(1).position == 20; }));
  EXPECT_TRUE(world.Read().ids == world.expected());
  // Neither a restart nor patience takes the batch for good: not a record of it, and none behind it.
  world.Close();
  world.Open();
  ASSERT_TRUE(world.WaitFor([&] { return !world.StatusOf(0).error.empty(); }));
  EXPECT_EQ(world.StatusOf(0).position, 30);
  // The operator leaves it out.
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLargest, "").ok());
  world.Produce(0, 5);
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, ATopicMadeAnewStopsTheTableUntilSomebodySaysWhereToGoOn) {
  IngestWorld world(2);
  world.Produce(0, 20);
  world.Produce(1, 20);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(world.broker().RecreateTopic(IngestWorld::kTopic).ok());
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).state == PartitionState::kStopped && world.StatusOf(1).state == PartitionState::kStopped; }));
  EXPECT_THAT(world.StatusOf(0).error, HasSubstr("created again"));
  EXPECT_EQ(world.Read().rows, 40);
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kSmallest, "made anew").ok());
  world.Produce(0, 3);
  ASSERT_TRUE(world.WaitFor([&] { return world.Read().rows == 43; }));
}

TEST(Ingest, AResumeThatFailsReadsNothingOfATopicMadeAnew) {
  IngestWorld world(2);
  world.Produce(0, 20);
  world.Produce(1, 20);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(world.tables().Pause("events", "").ok());
  ASSERT_TRUE(world.broker().RecreateTopic(IngestWorld::kTopic).ok());
  for (int32_t partition = 0; partition < 2; ++partition) world.Produce(partition, 30);
  ASSERT_TRUE(ArmFault("store.resume.before_record:2:28:1").ok());
  const Status failed = world.tables().Resume("events", ConsumeFrom::kSmallest, "").status();
  ASSERT_TRUE(ArmFault("").ok());
  EXPECT_THAT(failed.message(), testing::AllOf(HasSubstr("partition 1"), HasSubstr("No space left")));
  // Partition 1 stands at offset 20 of the topic of before: it must not go on there in this one.
  (void)world.tables().Resume("events", ConsumeFrom::kLastConsumed, "");
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(1).state == PartitionState::kStopped; }));
  EXPECT_THAT(world.StatusOf(1).error, HasSubstr("created again"));
  EXPECT_EQ(world.Read().rows, 40);
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kSmallest, "").ok());
  ASSERT_TRUE(world.WaitFor([&] { return world.Read().rows == 100; }));
}

TEST(Ingest, ALeaderThatMovesAndABrokerThatIsAwayCostNothing) {
  IngestWorld world(2, 3);
  world.Open();
  world.AddTable({{"stream.kafka.consumer.prop.default.api.timeout.ms", "1000"}});
  for (int round = 0; round < 6; ++round) {
    world.Produce(0, 50, 5);
    world.Produce(1, 50, 5);
    ASSERT_TRUE(world.broker().MoveLeader(IngestWorld::kTopic, round % 2, 1 + round % 3).ok());
    if (round == 3) world.broker().CloseConnections(0);
  }
  for (int node = 1; node <= 3; ++node) ASSERT_TRUE(world.broker().SetNodeDown(node, true).ok());
  world.Produce(0, 50, 5);
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).state == PartitionState::kDegraded; }));
  for (int node = 1; node <= 3; ++node) ASSERT_TRUE(world.broker().SetNodeDown(node, false).ok());
  ExpectRowsOfTheTopic(world);
  ASSERT_TRUE(world.WaitFor([&] { return world.tables().GetStatus("events")->healthy; })) << world.tables().GetStatus("events")->error;
  // After leaders have moved, a restart is no truncation.
  world.Close();
  world.Open();
  world.Produce(0, 5);
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, ATableOfAStreamThatIsNotThereIsRefusedInTime) {
  IngestWorld world(1);
  world.Open();
  ASSERT_TRUE(world.tables().AddSchema(IngestWorld::SchemaJson(), false, false).ok());
  std::string missing = world.TableJson();
  const std::string topic = "\"stream.kafka.topic.name\": \"events\"";
  ASSERT_NE(missing.find(topic), std::string::npos);
  missing.replace(missing.find(topic), topic.size(), "\"stream.kafka.topic.name\": \"absent\"");
  const auto begun = std::chrono::steady_clock::now();
  const Status no_topic = world.tables().AddTable(missing).status();
  EXPECT_EQ(no_topic.code(), StatusCode::kInvalid);
  EXPECT_THAT(no_topic.message(), HasSubstr("absent"));
  ASSERT_TRUE(world.broker().SetNodeDown(1, true).ok());
  const Status no_broker = world.tables().AddTable(world.TableJson()).status();
  EXPECT_EQ(no_broker.code(), StatusCode::kInvalid);
  EXPECT_THAT(no_broker.message(), HasSubstr(world.broker().bootstrap()));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  EXPECT_TRUE(world.tables().List().empty());
  ASSERT_TRUE(world.broker().SetNodeDown(1, false).ok());
  ASSERT_TRUE(world.tables().AddTable(world.TableJson()).ok());
  EXPECT_TRUE(Conflict::Is(world.tables().AddTable(world.TableJson()).status()));
}

TEST(Ingest, AStartRemovesOnlyWhatACreationOrADeletionLeft) {
  namespace fs = std::filesystem;
  IngestWorld world(1);
  world.Produce(0, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  world.Close();
  const fs::path tables = TablesFolder(world.folder() + "/data");
  fs::copy(tables / "events_REALTIME", tables / "events_REALTIME.bak", fs::copy_options::recursive);
  // Restored without its definition.
  fs::copy(tables / "events_REALTIME", tables / "restored_REALTIME", fs::copy_options::recursive);
  fs::remove(tables / "restored_REALTIME/table.json");
  fs::create_directories(tables / "sealed_REALTIME/p0");
  std::ofstream(tables / "sealed_REALTIME/p0/sealed__0__0__20260101T0000Z.parquet") << "PAR1";
  fs::create_directories(tables / "foreign_REALTIME");
  std::ofstream(tables / "foreign_REALTIME/notes") << "x";
  std::ofstream(tables / "README") << "x";
  // Left by a creation and by a deletion.
  fs::create_directories(tables / "begun_REALTIME/p0");
  fs::copy(tables / "events_REALTIME/discovery", tables / "begun_REALTIME/discovery");
  std::ofstream(tables / "begun_REALTIME/p0/0.1.rows") << std::string(4096, '\0');
  fs::copy(tables / "events_REALTIME", tables / ".deleted-0a1b2c3d", fs::copy_options::recursive);
  world.Open();
  std::vector<std::string> left;
  for (const fs::directory_entry& entry : fs::directory_iterator(tables)) left.push_back(entry.path().filename());
  EXPECT_THAT(left,
              testing::UnorderedElementsAre("events_REALTIME", "events_REALTIME.bak", "restored_REALTIME", "sealed_REALTIME", "foreign_REALTIME", "README"));
  EXPECT_TRUE(fs::exists(tables / "sealed_REALTIME/p0/sealed__0__0__20260101T0000Z.parquet"));
  EXPECT_TRUE(world.Logged("restored_REALTIME"));
  EXPECT_TRUE(world.Logged("events_REALTIME.bak"));
  EXPECT_THAT(world.tables().List(), testing::ElementsAre("events"));
  // Nor does a table of that name that cannot be made.
  ASSERT_TRUE(world.tables().DeleteTable("events").ok());
  fs::rename(tables / "restored_REALTIME", tables / "events_REALTIME");
  const Status occupied = world.tables().AddTable(world.TableJson()).status();
  EXPECT_TRUE(Conflict::Is(occupied)) << occupied;
  EXPECT_THAT(occupied.message(), HasSubstr("events_REALTIME"));
  EXPECT_TRUE(fs::exists(tables / "events_REALTIME/p0/0.1.rows"));
}

TEST(Ingest, ATableThatCannotStartIsStartedAsSoonAsItCan) {
  namespace fs = std::filesystem;
  IngestWorld world(1);
  world.Produce(0, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  world.Close();
  const fs::path table = TableFolder(world.folder() + "/data", "events_REALTIME");
  for (const char* name : {"discovery", "discovery.copy"}) fs::rename(table / name, table / (std::string("away.") + name));
  world.Open();
  EXPECT_THAT(world.tables().GetStatus("events")->error, HasSubstr("no table's rows"));
  EXPECT_FALSE(world.tables().Pause("events", "").ok());
  world.Produce(0, 10);
  for (const char* name : {"discovery", "discovery.copy"}) fs::rename(table / (std::string("away.") + name), table / name);
  ASSERT_TRUE(world.WaitFor([&] { return world.Logged("table events_REALTIME has started"); }));
  ExpectRowsOfTheTopic(world);
  ASSERT_TRUE(world.tables().DeleteTable("events").ok());
}

TEST(Ingest, ADamagedDefinitionIsAnErrorOfItsTableAloneAndTheOthersRun) {
  namespace fs = std::filesystem;
  IngestWorld world(1);
  world.Produce(0, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  world.Close();
  const fs::path tables = TablesFolder(world.folder() + "/data");
  fs::copy(tables / "events_REALTIME", tables / "other_REALTIME", fs::copy_options::recursive);
  std::ofstream(tables / "other_REALTIME/table.json") << R"({"v": 1, "name": "other_REALTIME", "config": "password=s3cret)";
  std::string schema = ReadWholeFile(world.folder() + "/data/schemas/events.json", 1 << 20).ValueOrDie();
  ASSERT_NE(schema.find("\"events\""), std::string::npos);
  schema.replace(schema.find("\"events\""), 8, "\"other\"");
  ASSERT_TRUE(ReplaceFile(world.folder() + "/data/schemas/other.json", schema).ok());
  world.Open();
  EXPECT_THAT(world.tables().List(), testing::ElementsAre("events", "other"));
  world.Produce(0, 10);
  ExpectRowsOfTheTopic(world);
  EXPECT_TRUE(world.tables().GetStatus("events")->healthy);
  // Whoever asks for the other is told.
  const TableStatus status = world.tables().GetStatus("other").ValueOrDie();
  EXPECT_FALSE(status.healthy);
  EXPECT_THAT(status.error, HasSubstr("other_REALTIME/table.json: table definition: no JSON from byte"));
  for (const Status& refused : {world.tables().TableDocument("other").status(), world.tables().Pause("other", "").status(),
                                world.tables().GetPauseStatus("other").status(), world.tables().UpdateTable("other", world.TableJson()).status(),
                                world.tables().ConsumingInfo("other").status(), world.tables().UpdateSchema("other", schema, false).status()}) {
    EXPECT_THAT(refused.message(), HasSubstr("other_REALTIME/table.json"));
    EXPECT_THAT(refused.message(), testing::Not(HasSubstr("s3cret")));
  }
  EXPECT_TRUE(world.Logged("table other_REALTIME cannot start"));
  EXPECT_FALSE(world.Logged("s3cret"));
  std::map<std::string, double> running;
  for (const Metric& metric : world.tables().Metrics()) {
    if (metric.name == "tableNotRunning") running[metric.table] = metric.value;
  }
  EXPECT_THAT(running, testing::ElementsAre(testing::Pair("events_REALTIME", 0.0), testing::Pair("other_REALTIME", 1.0)));
  // And one that is beyond repair can be deleted.
  ASSERT_TRUE(world.tables().DeleteTable("other").ok());
  EXPECT_FALSE(fs::exists(tables / "other_REALTIME"));
  EXPECT_THAT(world.tables().List(), testing::ElementsAre("events"));
  // One that is mended starts.
  world.Close();
  const std::string definition = (tables / "events_REALTIME/table.json").string();
  const std::string whole = ReadWholeFile(definition, kMaxStoredTableBytes).ValueOrDie();
  ASSERT_TRUE(ReplaceFile(definition, std::string_view(whole).substr(0, whole.size() / 2)).ok());
  world.Open();
  EXPECT_THAT(world.tables().GetStatus("events")->error, HasSubstr("no JSON from byte"));
  ASSERT_TRUE(ReplaceFile(definition, whole).ok());
  world.Produce(0, 10);
  ASSERT_TRUE(world.WaitFor([&] { return world.Logged("table events_REALTIME has started"); }));
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, ADamagedSegmentIsReadAgainAfterItsLeaderHasMoved) {
  IngestWorld world(1, 2);
  TablesOptions options = world.Options();
  options.snapshot_keep = milliseconds(1);
  options.retention_interval = milliseconds(20);
  world.Open(options);
  world.AddTable({{"realtime.segment.flush.threshold.segment.rows", "200"}});
  world.Produce(0, 100);
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(world.broker().MoveLeader(IngestWorld::kTopic, 0, 2).ok());
  world.Produce(0, 500);
  const auto sealed = [&] {
    std::vector<std::string> files;
    const std::shared_ptr<const TableView> view = world.tables().View("events").ValueOrDie();
    for (const SegmentInfo& segment : view->Find(0)->segments) {
      if (segment.state == SegmentState::kDone && segment.rows_file.empty()) files.push_back(segment.file);
    }
    return files;
  };
  ASSERT_TRUE(world.WaitFor([&] { return sealed().size() == 3; }));
  const std::string second = sealed()[1];  // behind the end of the epoch that the table's plan knows
  world.Close();
  std::filesystem::remove(TableFolder(world.folder() + "/data", "events_REALTIME") + "/p0/" + second);
  world.Open(options);
  ASSERT_TRUE(world.WaitFor([&] { return sealed().size() == 3; })) << world.Log().back();
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, ADamagedSegmentIsReadAgainFromTheStream) {
  IngestWorld world(1);
  world.Produce(0, 1050);
  world.ProduceTransaction(0, 30, false);
  world.Produce(0, 20);
  TablesOptions options = world.Options();
  options.snapshot_keep = milliseconds(1);  // the rows file goes as soon as the segment is sealed
  options.retention_interval = milliseconds(20);
  world.Open(options);
  world.AddTable({{"realtime.segment.flush.threshold.segment.rows", "200"}});
  ExpectRowsOfTheTopic(world);
  const auto sealed = [&] {
    std::vector<SegmentInfo> segments;
    const std::shared_ptr<const TableView> view = world.tables().View("events").ValueOrDie();
    for (const SegmentInfo& segment : view->Find(0)->segments) {
      if (segment.state == SegmentState::kDone && segment.rows_file.empty()) segments.push_back(segment);
    }
    return segments;
  };
  const std::filesystem::path folder = TableFolder(world.folder() + "/data", "events_REALTIME") + "/p0";
  // Found when the table is opened: one that is cut off, one that is gone.
  ASSERT_TRUE(world.WaitFor([&] { return sealed().size() == 5; }));
  const std::vector<SegmentInfo> before = sealed();
  world.Close();
  std::filesystem::resize_file(folder / before[1].file, 100);
  std::filesystem::remove(folder / before[3].file);
  world.Open(options);
  ASSERT_TRUE(world.WaitFor([&] { return sealed().size() == 5; })) << world.Log().back();
  ExpectRowsOfTheTopic(world);
  EXPECT_TRUE(world.Logged("are read again"));
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(sealed()[i].totals.rows, 200);
    EXPECT_EQ(sealed()[i].totals.fates, before[i].totals.fates);
    EXPECT_EQ(sealed()[i].end, before[i].end);
  }
  EXPECT_EQ(FatesOf(world, 0).rows, 1070);
  // A byte that changed under a running owner: found by its rounds.
  std::fstream file(folder / sealed()[2].file, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(sealed()[2].file_bytes / 2);
  char byte = 0;
  file.seekg(middle);
  file.get(byte);
  file.seekp(middle);
  file.put(static_cast<char>(byte ^ 0x40));
  file.close();
  ASSERT_TRUE(world.WaitFor([&] { return world.Logged("fails its checksum"); }));
  ASSERT_TRUE(world.WaitFor([&] { return sealed().size() == 5; }));
  ExpectRowsOfTheTopic(world);
  world.Close();
  world.Open(options);
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, ADamagedConsumingSegmentIsFoundWithoutANewRecord) {
  IngestWorld world(1);
  for (int i = 0; i < 20; ++i) world.Produce(0, 50);
  TablesOptions options = world.Options();
  options.retention_interval = milliseconds(20);
  world.Open(options);
  world.AddTable();
  ExpectRowsOfTheTopic(world);
  std::fstream file(TableFolder(world.folder() + "/data", "events_REALTIME") + "/p0/0.1.rows", std::ios::in | std::ios::out | std::ios::binary | std::ios::ate);
  const auto middle = static_cast<std::streamoff>(file.tellg() / 2);
  char byte = 0;
  file.seekg(middle);
  file.get(byte);
  file.seekp(middle);
  file.put(static_cast<char>(byte ^ 0x40));
  file.close();
  ASSERT_TRUE(world.WaitFor([&] { return world.Logged("are read again"); }));
  ExpectRowsOfTheTopic(world);
  EXPECT_EQ(FatesOf(world, 0).rows, 1000);
  ASSERT_TRUE(world.WaitFor([&] { return world.tables().GetStatus("events")->healthy; })) << world.tables().GetStatus("events")->error;
}

TEST(Ingest, AChangeOfATableDoesNotWaitForItsStream) {
  IngestWorld world(1);
  world.Open();
  world.AddTable();
  world.Produce(0, 1);
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(world.broker().SetNodeDown(1, true).ok());
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(world.tables().UpdateTable("events", world.TableJson({{"realtime.segment.flush.threshold.segment.rows", "200"}})).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(4));  // giving up a look takes 8 s
  ASSERT_TRUE(world.broker().SetNodeDown(1, false).ok());
  world.Produce(0, 200);
  ExpectRowsOfTheTopic(world);
}

TEST(Ingest, StopOnDecodeErrorStopsAtTheRecordAndShowsIt) {
  IngestWorld world(2);
  world.Produce(0, 10);
  world.ProduceValue(0, "{\"id\": ");
  world.Produce(0, 5);
  world.Produce(1, 5);
  world.Open();
  world.AddTable({{"stopOnDecodeError", "true"}});
  const auto stands_there = [&] {
    ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).state == PartitionState::kStopped && world.StatusOf(1).position == 5; }));
    EXPECT_EQ(world.StatusOf(0).position, 10);
    EXPECT_THAT(world.StatusOf(0).error, testing::AllOf(HasSubstr("offset 10"), HasSubstr("stopOnDecodeError")));
    const std::vector<ErrorRow> errors = world.tables().Errors("events", 100).ValueOrDie();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_EQ(errors[0].offset, 10);
    EXPECT_EQ(errors[0].payload, "{\"id\": ");
  };
  stands_there();
  const int64_t tried = world.StatusOf(0).error_ms;
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).error_ms > tried; }));  // tried once more
  stands_there();
  world.Close();
  world.Open();
  stands_there();
  // Another configuration goes on.
  ASSERT_TRUE(world.tables().UpdateTable("events", world.TableJson()).ok());
  ExpectRowsOfTheTopic(world);
  EXPECT_EQ(FatesOf(world, 0).dropped_decode, 1);
  EXPECT_EQ(world.tables().Errors("events", 100)->size(), 1u);
}

TEST(Ingest, APauseThatFailsForOnePartitionPausesTheOthers) {
  IngestWorld world(3);
  for (int32_t partition = 0; partition < 3; ++partition) world.Produce(partition, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(ArmFault("store.pause.before_record:1:28:1").ok());
  const Status paused = world.tables().Pause("events", "").status();
  ASSERT_TRUE(ArmFault("").ok());
  EXPECT_THAT(paused.message(), testing::AllOf(HasSubstr("partition 0"), HasSubstr("No space left")));
  EXPECT_TRUE(world.tables().GetPauseStatus("events")->paused);
  for (int32_t partition = 0; partition < 3; ++partition) {
    EXPECT_EQ(world.StatusOf(partition).state, PartitionState::kPaused) << partition;
    world.Produce(partition, 10);
  }
  EXPECT_TRUE(world.tables().Pause("events", "").ok());
  for (int32_t partition = 0; partition < 3; ++partition) EXPECT_EQ(world.StatusOf(partition).position, 10);
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLastConsumed, "").ok());
  ExpectRowsOfTheTopic(world);

  const std::vector<ConsumingSegment> consuming = world.tables().ConsumingInfo("events").ValueOrDie();
  ASSERT_TRUE(ArmFault("store.roll.before_record:1:28:1").ok());
  const Status forced = world.tables().ForceCommit("events", {}, {}).status();
  ASSERT_TRUE(ArmFault("").ok());
  EXPECT_THAT(forced.message(),
              testing::AllOf(HasSubstr("partition 0"), HasSubstr("No space left"), HasSubstr(consuming[1].segment), HasSubstr(consuming[2].segment)));
  const auto done = [&](size_t i) {
    const std::shared_ptr<const TableView> view = world.tables().View("events").ValueOrDie();
    for (const SegmentInfo& segment : view->Find(static_cast<int32_t>(i))->segments) {
      if (segment.name == consuming[i].segment) return segment.state == SegmentState::kDone;
    }
    return false;
  };
  ASSERT_TRUE(world.WaitFor([&] { return done(1) && done(2); }));
  EXPECT_FALSE(done(0));
  ExpectRowsOfTheTopic(world);
}

/// Files that are begun only when the test says so.
class HeldFiles final : public SegmentFiles {
 public:
  explicit HeldFiles(SegmentFiles& files) : files_(files) {}
  Result<std::unique_ptr<SegmentFileWriter>> Create(const std::string& path, const Schema& schema) override {
    std::unique_lock lock(mutex_);
    begun_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
    return files_.Create(path, schema);
  }
  Result<std::unique_ptr<SegmentFileReader>> Open(const CallContext& ctx, const std::string& path, const Schema& layout, int64_t first_row) override {
    return files_.Open(ctx, path, layout, first_row);
  }
  void WaitUntilBegun() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return begun_; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  SegmentFiles& files_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool begun_ = false;
  bool released_ = false;
};

TEST(Ingest, APartitionThatIsOpenedAnewDuringASealingHoldsUpNoOther) {
  IngestWorld world(2);
  HeldFiles held(world.files());
  TablesOptions options = world.Options();
  options.files = &held;
  world.Open(options);
  world.AddTable();
  world.Produce(1, 10);
  ASSERT_TRUE(world.CaughtUp());
  const int32_t one[] = {1};
  ASSERT_TRUE(world.tables().ForceCommit("events", one, {}).ok());
  held.WaitUntilBegun();
  ASSERT_TRUE(ArmFault("file.sync:1:5:1").ok());
  world.Produce(0, 10);
  EXPECT_TRUE(world.WaitFor([&] { return world.StatusOf(0).state == PartitionState::kStopped; }));
  ASSERT_TRUE(ArmFault("").ok());
  world.Produce(1, 10);
  EXPECT_TRUE(world.WaitFor([&] { return world.StatusOf(1).position == 20; }));  // while the segment is being written
  EXPECT_THAT(world.StatusOf(0).error, HasSubstr("cannot sync"));
  EXPECT_EQ(world.tables().Pause("events", "").ok(), false);  // it is answered too
  EXPECT_TRUE(world.tables().Resume("events", ConsumeFrom::kLastConsumed, "").status().message().find("partition 0") != std::string::npos);
  held.Release();
  ASSERT_TRUE(world.WaitFor([&] { return world.tables().Resume("events", ConsumeFrom::kLastConsumed, "").ok(); }));
  world.Produce(0, 10);
  ExpectRowsOfTheTopic(world);
  EXPECT_EQ(FatesOf(world, 0).rows, 20);
}

TEST(Ingest, APartitionWhoseNextSegmentCouldNotBeMadeGetsOneByItself) {
  IngestWorld world(2);
  for (int32_t partition = 0; partition < 2; ++partition) world.Produce(partition, 10);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(ArmFault("store.resume.before_record:1:28:1").ok());
  const Status resumed = world.tables().Resume("events", ConsumeFrom::kLargest, "").status();
  ASSERT_TRUE(ArmFault("").ok());
  EXPECT_THAT(resumed.message(), testing::AllOf(HasSubstr("partition 0"), HasSubstr("No space left")));
  EXPECT_FALSE(world.tables().GetPauseStatus("events")->paused);
  for (int32_t partition = 0; partition < 2; ++partition) world.Produce(partition, 10);
  ExpectRowsOfTheTopic(world);
  EXPECT_TRUE(world.WaitFor([&] { return world.tables().GetStatus("events")->healthy; })) << world.tables().GetStatus("events")->error;
}

TEST(Ingest, ADirectoryHasOneOwner) {
  IngestWorld world(1);
  world.Open();
  const Status second = Tables::Open(world.Options()).status();
  EXPECT_EQ(second.code(), StatusCode::kInvalid);
  EXPECT_THAT(second.message(), HasSubstr(std::to_string(::getpid())));
}

}  // namespace
}  // namespace lotic::table
