// SPDX-License-Identifier: Apache-2.0
// A table and its stream: another topic, other brokers, brokers that are away, and what is told of that; segments that are damaged or sealed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "apps/realtime_streams.h"
#include "table/stored_table.h"
#include "table/table_view.h"
#include "tests/realtime/ingest_world.h"

namespace lotic::table {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

/// `text` with `from` as `to`; it must be there.
std::string With(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// `count` records that are rows, into any topic of any broker.
void Append(broker::Broker& broker, const std::string& topic, int32_t partition, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string value = R"({"id": )" + std::to_string(1'000'000 + i) + R"(, "v": 1, "text": "x", "ts": 1700000000000})";
    const broker::Record record{.value = value, .timestamp_ms = 1'700'000'000'000};
    ASSERT_TRUE(broker.Append(topic, partition, {&record, 1}).ok());
  }
}

int64_t Lines(IngestWorld& world, std::string_view part) {
  int64_t count = 0;
  for (const std::string& line : world.Log()) count += line.find(part) == std::string::npos ? 0 : 1;
  return count;
}

std::optional<double> MetricOf(IngestWorld& world, const std::string& name, int32_t partition) {
  for (const Metric& metric : world.tables().Metrics()) {
    if (metric.name == name && metric.partition == partition) return metric.value;
  }
  return std::nullopt;
}

void FlipMiddle(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary | std::ios::ate);
  const auto middle = static_cast<std::streamoff>(file.tellg() / 2);
  char byte = 0;
  file.seekg(middle);
  file.get(byte);
  file.seekp(middle);
  file.put(static_cast<char>(byte ^ 0x40));
}

TEST(IngestStream, AnotherTopicIsReadFromThePlaceThatIsGiven) {
  IngestWorld world(2);
  world.Produce(0, 30);
  world.Produce(1, 20);
  TablesOptions options = world.Options();
  options.snapshot_keep = milliseconds(1);
  options.retention_interval = milliseconds(20);
  world.Open(options);
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  broker::Broker& broker = world.broker();
  ASSERT_TRUE(broker.CreateTopic("other", 1).ok());
  Append(broker, "other", 0, 5);
  const std::string topic = R"("stream.kafka.topic.name": "events")";
  const std::string other = With(world.TableJson(), topic, R"("stream.kafka.topic.name": "other")");
  const Status unsaid = world.tables().UpdateTable("events", other).status();
  EXPECT_EQ(unsaid.code(), StatusCode::kInvalid);
  EXPECT_THAT(unsaid.message(), HasSubstr("consumeFrom=smallest"));
  EXPECT_THAT(world.tables().UpdateTable("events", other, "lastConsumed").status().message(), AllOf(HasSubstr("consumeFrom"), HasSubstr("no place to begin")));
  const std::string absent = With(world.TableJson(), topic, R"("stream.kafka.topic.name": "absent")");
  EXPECT_THAT(world.tables().UpdateTable("events", absent, "smallest").status().message(), HasSubstr("absent"));
  EXPECT_THAT(world.tables().TableDocument("events").ValueOrDie(), HasSubstr(topic));

  ASSERT_TRUE(world.tables().UpdateTable("events", other, "smallest").ok());
  ASSERT_TRUE(world.WaitFor([&] { return world.Read().rows == 55; })) << world.Read().rows;
  EXPECT_EQ(world.Read().doubled, 5);  // offsets of both topics
  Append(broker, "other", 0, 3);
  world.Produce(0, 4);  // of the former: not read
  ASSERT_TRUE(world.WaitFor([&] { return world.Read().rows == 58; })) << world.Read().rows;
  EXPECT_TRUE(world.tables().GetStatus("events")->healthy) << world.tables().GetStatus("events")->error;
  EXPECT_EQ(world.tables().GetStatus("events")->topic, "other");
  EXPECT_EQ(world.StatusOf(1).state, PartitionState::kPaused);
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).upstream == 8 && world.StatusOf(0).lag == 0; }));

  // A segment of the former topic cannot be read again from this one.
  const auto first = [&] { return world.tables().View("events").ValueOrDie()->Find(0)->segments.front(); };
  ASSERT_TRUE(world.WaitFor([&] { return first().state == SegmentState::kDone && first().rows_file.empty(); }));
  FlipMiddle(TableFolder(world.folder() + "/data", "events_REALTIME") + "/p0/" + first().file);
  world.tables().Suspect("events", 0, first().sequence);
  ASSERT_TRUE(world.WaitFor([&] { return world.Logged("is of a stream that the table does not read any more"); }));
  EXPECT_EQ(first().state, SegmentState::kDamaged);

  // A restart goes on in it, and so does a pause that a change of the topic leaves as it is.
  world.Close();
  Append(broker, "other", 0, 2);
  world.Open(options);
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).position == 10; }));
  ASSERT_TRUE(world.tables().Pause("events", "").ok());
  ASSERT_TRUE(world.tables().UpdateTable("events", world.TableJson(), "largest").ok());
  EXPECT_TRUE(world.tables().GetPauseStatus("events")->paused);
  EXPECT_EQ(world.StatusOf(0).state, PartitionState::kPaused);
  world.Produce(0, 1);
  world.Produce(1, 1);
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLastConsumed, "").ok());
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).position == 35 && world.StatusOf(1).position == 21; }));
  EXPECT_TRUE(world.tables().GetStatus("events")->healthy) << world.tables().GetStatus("events")->error;
}

TEST(IngestStream, OtherBrokersOfTheSameTopicNeedNoPlace) {
  IngestWorld world(2, 3);
  for (int32_t partition = 0; partition < 2; ++partition) world.Produce(partition, 20);
  world.Open();
  world.AddTable();
  ASSERT_TRUE(world.CaughtUp());
  const std::string& all = world.broker().bootstrap();
  const std::string last = all.substr(all.rfind(',') + 1);
  ASSERT_NE(last, all);
  const std::string fewer = With(world.TableJson(), all, last);
  ASSERT_TRUE(world.tables().UpdateTable("events", fewer).ok());
  for (int32_t partition = 0; partition < 2; ++partition) world.Produce(partition, 20);
  const auto published = [&] { return world.Read(); };
  ASSERT_TRUE(world.CaughtUp());
  EXPECT_EQ(published().rows, 80);
  EXPECT_EQ(published().doubled, 0);
  // Given in vain, which is said.
  const Result<Accepted> again = world.tables().UpdateTable("events", world.TableJson(), "smallest");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->warnings, Contains(HasSubstr("consumeFrom has no effect")));
  world.Produce(0, 1);
  ASSERT_TRUE(world.CaughtUp());
  EXPECT_EQ(published().rows, 81);
  EXPECT_EQ(published().doubled, 0);
  // A topic of that name in another cluster is another one; so is what does not answer.
  const std::unique_ptr<broker::Broker> elsewhere = broker::Broker::Start({.cluster_id = "ZWxzZXdoZXJlLWVsc2V3aA"}).ValueOrDie();
  ASSERT_TRUE(elsewhere->CreateTopic(IngestWorld::kTopic, 2).ok());
  Append(*elsewhere, IngestWorld::kTopic, 0, 3);
  const std::string moved = With(world.TableJson(), all, elsewhere->bootstrap());
  EXPECT_THAT(world.tables().UpdateTable("events", moved).status().message(), HasSubstr("consumeFrom=smallest"));
  EXPECT_THAT(world.tables().UpdateTable("events", With(world.TableJson(), all, "127.0.0.1:1")).status().message(),
              AllOf(HasSubstr("new stream cannot be read"), HasSubstr("127.0.0.1:1")));
  ASSERT_TRUE(world.tables().UpdateTable("events", moved, "smallest").ok());
  ASSERT_TRUE(world.WaitFor([&] { return published().rows == 84; }));
  elsewhere->Stop();
}

TEST(IngestStream, ABrokerThatIsAwayShowsInWhatIsToldOfTheTable) {
  std::vector<std::string> client;
  std::mutex mutex;
  IngestWorld world(2);
  TablesOptions options = world.Options();
  options.streams = [&](const catalog::StreamConfig& config) {
    return MakeRealtimeStream(config, [&](const std::string& sentence) {
      const std::lock_guard lock(mutex);
      client.push_back(sentence);
    });
  };
  const auto told = [&](std::string_view part) {
    const std::lock_guard lock(mutex);
    return std::count_if(client.begin(), client.end(), [&](const std::string& one) { return one.find(part) != std::string::npos; });
  };
  world.Produce(0, 10);
  world.Open(options);
  world.AddTable({{"default.api.timeout.ms", "1000"}});
  ASSERT_TRUE(world.CaughtUp());
  ASSERT_TRUE(world.WaitFor([&] { return MetricOf(world, "realtimeIngestionDelayMs", 0) == 0; }));
  EXPECT_EQ(told("planned topic"), 0);  // every look plans
  const double failed_before = MetricOf(world, "realtimeConsumptionExceptions", 0).value();
  ASSERT_TRUE(world.broker().SetNodeDown(1, true).ok());
  for (int32_t partition = 0; partition < 2; ++partition) {
    ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(partition).state == PartitionState::kDegraded; }));
    ASSERT_TRUE(world.WaitFor([&] { return MetricOf(world, "realtimeIngestionDelayMs", partition).value_or(0) > 500; }));
    EXPECT_GT(world.tables().GetStatus("events")->delays_ms[partition], 500);  // although it was caught up
    EXPECT_GT(world.tables().ConsumingInfo("events").ValueOrDie()[static_cast<size_t>(partition)].delay_ms.value_or(0), 500);
  }
  EXPECT_FALSE(world.tables().GetStatus("events")->healthy);
  ASSERT_TRUE(world.WaitFor([&] { return MetricOf(world, "realtimeConsumptionExceptions", 0).value() >= failed_before + 3; }));
  EXPECT_EQ(told("connecting failed"), 1);
  ASSERT_TRUE(world.broker().SetNodeDown(1, false).ok());
  ASSERT_TRUE(world.WaitFor([&] { return world.tables().GetStatus("events")->healthy && MetricOf(world, "realtimeIngestionDelayMs", 0) == 0; }));
  EXPECT_EQ(told("answers again"), 1);
  world.Close();
}

TEST(IngestStream, APartitionWithNothingToReadIsConsumingAtOnce) {
  IngestWorld world(2);
  TablesOptions options = world.Options();
  options.discovery_interval = milliseconds(30'000);
  const auto soon = [&] {
    return world.WaitFor([&] { return world.StatusOf(0).state == PartitionState::kConsuming && world.StatusOf(1).state == PartitionState::kConsuming; });
  };
  world.Open(options);
  world.AddTable();
  EXPECT_TRUE(soon());
  ASSERT_TRUE(world.tables().Pause("events", "").ok());
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLastConsumed, "").ok());
  EXPECT_TRUE(soon());
  world.Produce(0, 3);
  ASSERT_TRUE(world.CaughtUp());
  world.Close();
  world.Open(options);
  EXPECT_TRUE(soon());
}

TEST(IngestStream, ASealedSegmentIsTold) {
  IngestWorld world(1);
  world.Produce(0, 25);
  world.Open();
  world.AddTable({{"realtime.segment.flush.threshold.segment.rows", "20"}});
  ASSERT_TRUE(world.CaughtUp());
  const int32_t one[] = {0};
  ASSERT_TRUE(world.tables().ForceCommit("events", one, {}).ok());
  ASSERT_TRUE(world.WaitFor([&] { return Lines(world, " sealed: ") == 2; }));
  EXPECT_EQ(Lines(world, "table events_REALTIME: segment events__0__0__"), 1);
  EXPECT_EQ(Lines(world, " sealed: 20 rows of offsets 0 to 19 (rowLimit), "), 1);
  EXPECT_EQ(Lines(world, " sealed: 5 rows of offsets 20 to 24 (forceCommitMessageReceived), "), 1);
}

TEST(IngestStream, ASegmentThatAReaderFindsDamagedIsCheckedAndReadAgainAtOnce) {
  IngestWorld world(1);
  for (int i = 0; i < 25; ++i) world.Produce(0, 10);
  TablesOptions options = world.Options();
  options.snapshot_keep = milliseconds(1);
  options.retention_interval = milliseconds(3'600'000);  // its own rounds would find it in hours
  world.Open(options);
  world.AddTable({{"realtime.segment.flush.threshold.segment.rows", "100"}});
  ASSERT_TRUE(world.CaughtUp());
  const auto segments = [&] { return world.tables().View("events").ValueOrDie()->Find(0)->segments; };
  ASSERT_TRUE(world.WaitFor([&] { return segments().size() == 3 && segments()[1].state == SegmentState::kDone; }));
  const std::string folder = TableFolder(world.folder() + "/data", "events_REALTIME") + "/p0/";
  // Sealed.
  FlipMiddle(folder + segments()[0].file);
  world.tables().Suspect("default.events", 0, 0);
  world.tables().Suspect("events_REALTIME", 7, 0);  // what is not there is passed over
  world.tables().Suspect("events", 0, 99);
  world.tables().Suspect("nothing", 0, 0);
  ASSERT_TRUE(world.WaitFor([&] { return world.Logged("fails its checksum"); }));
  ASSERT_TRUE(world.WaitFor([&] { return segments()[0].state == SegmentState::kDone && segments()[0].totals.rows == 100; }));
  // Consuming.
  FlipMiddle(folder + segments()[2].rows_file);
  world.tables().Suspect("events", 0, 2);
  ASSERT_TRUE(world.WaitFor([&] { return Lines(world, "are read again") >= 1; })) << world.Log().back();
  ASSERT_TRUE(world.CaughtUp());
  EXPECT_TRUE(world.Read().ids == world.expected());
}

TEST(IngestStream, ANameThatNoQueryCouldUseIsRefused) {
  IngestWorld world(1);
  world.Open();
  world.AddTable();
  const std::string schema = IngestWorld::SchemaJson();
  const auto add = [&](const std::string& name) {
    EXPECT_TRUE(world.tables().AddSchema(With(schema, R"("schemaName": "events")", R"("schemaName": ")" + name + "\""), true, false).ok()) << name;
    return world.tables().AddTable(With(world.TableJson(), R"("tableName": "events")", R"("tableName": ")" + name + "\"")).status();
  };
  for (const auto& [name, words] : std::map<std::string, std::string>{{"_errors", "the records that became no row"},
                                                                      {"_Errors", "the records that became no row"},
                                                                      {"db.tt", "there is no database db; call the table tt"},
                                                                      {"x_OFFLINE", "the ending _OFFLINE"},
                                                                      {"Events", "table events exists"},
                                                                      {"EVENTS", "differ in case only"}}) {
    const Status refused = add(name);
    EXPECT_EQ(refused.code(), StatusCode::kInvalid) << name;
    EXPECT_THAT(refused.message(), HasSubstr(words));
    EXPECT_EQ(Conflict::Is(refused), words.find("database") == std::string::npos && refused.message().find("exists") != std::string::npos) << name;
  }
  EXPECT_EQ(world.tables().AddTable(With(world.TableJson(), R"("tableName": "events")", R"("tableName": "x_REALTIME_REALTIME")")).status().code(),
            StatusCode::kInvalid);
  EXPECT_TRUE(add("events2").ok());
  EXPECT_THAT(world.tables().List(), testing::UnorderedElementsAre("events", "events2"));
}

}  // namespace
}  // namespace lotic::table
