// SPDX-License-Identifier: Apache-2.0
// Streams through Athena's protocol: the rows of the connector, which a split and a merge do not change.
#include <gmock/gmock.h>

#include <thread>

#include "apps/shown_tables.h"
#include "connector/kinesis/test_stream.h"
#include "tests/athena_door/same_rows.h"

namespace lotic {
namespace {

constexpr int64_t kMinuteMs = 60'000;

/// 400 records of two shards, of which one was then split and the other one merged with a child.
struct FilledStream {
  FilledStream() {
    stream.OpenShards(2);
    begin_ms = stream.NowMs() - 60 * kMinuteMs;
    const auto put = [&](const std::string& shard, int first, int count) {
      for (int i = first; i < first + count; ++i) {
        stream.Put(shard,
                   "{\"id\":" + std::to_string(i) + ",\"kind\":\"" + (i % 3 == 0 ? "o'hare" : "b") + "\"" +
                       (i % 5 == 0 ? "" : ",\"amount\":" + std::to_string(i) + ".5") + "}",
                   begin_ms + i * 1000);
      }
    };
    put(kinesis::TestStream::ShardName(0), 0, 100);
    put(kinesis::TestStream::ShardName(1), 100, 100);
    const std::string child = stream.Split(kinesis::TestStream::ShardName(0));
    put(child, 200, 100);
    put(stream.Merge(kinesis::TestStream::ShardName(1), child), 300, 100);
    connector = stream.Connect();
  }
  kinesis::TestStream stream;
  int64_t begin_ms = 0;
  std::shared_ptr<Connector> connector;
};

const TableName kClicks{"default", "clicks"};

TEST(KinesisThroughAthena, GivesTheRowsOfTheConnectorInlineSpilledProjectedFilteredAndLimited) {
  FilledStream filled;
  const auto between = [&](int64_t low, int64_t high) { return ValueSet::Range({Scalar(low), true, Scalar(high), false}); };
  ExpectSameRows(filled.connector, kClicks,
                 {{"all"},
                  {"projected", {}, {{"amount", "id"}}},
                  {"own columns", {}, {{"_shard_id", "_sequence_number", "_partition_key"}}},
                  {"filtered", {{{"id", between(50, 250)}}, {}}},
                  {"by a text with a quote", {{{"kind", ValueSet::Listed({Scalar(std::string("o'hare"))})}}, {}}, {{"id"}}},
                  {"NULLs", {{{"amount", ValueSet::None(true)}}, {}}, {{"id", "amount"}}},
                  {"by arrival", {{{"_arrival_timestamp", between(filled.begin_ms + 20'000, filled.begin_ms + 310'000)}}, {}}, {{"id"}}},
                  {"by shard", {{{"_shard_id", ValueSet::Listed({Scalar(kinesis::TestStream::ShardName(1))})}}, {}}},
                  {"by both and a column",
                   {{{"_arrival_timestamp", between(filled.begin_ms, filled.begin_ms + 350'000)},
                     {"id", between(90, 340)},
                     {"kind", ValueSet::Listed({Scalar(std::string("b"))})}},
                    {}}},
                  {"nothing", {{{"id", between(9'000, 9'001)}}, {}}, {}, true}});
}

TEST(KinesisThroughAthena, AQueryReadsWhatThereWasWhenItWasPlanned) {
  FilledStream filled;
  athena::TestDoor door(filled.connector);
  athena::EngineAnswer answer;
  const auto table = door.engine->Table(kClicks).ValueOrDie();
  const athena::EngineQuery query{kClicks, {{"id"}}};
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  filled.stream.time.passed_ms += 5'000;
  filled.stream.Put(kinesis::TestStream::ShardName(2), R"({"id":9999})", filled.stream.NowMs());
  size_t rows = 0;
  for (const auto& split : splits) {
    const auto response = door.engine->Ask(door.engine->ReadRequest(query, table, split));
    ASSERT_TRUE(response.ok()) << response.status();
    for (const auto& block : door.engine->Blocks(*response, split, &answer).ValueOrDie()) rows += static_cast<size_t>(block.rows.num_rows());
  }
  EXPECT_EQ(rows, 400u);
}

TEST(KinesisThroughAthena, AShardThatStallsIsAnErrorAndNoShortResult) {
  FilledStream filled;
  athena::TestDoor door(filled.connector);
  athena::EngineAnswer answer;
  const auto table = door.engine->Table(kClicks).ValueOrDie();
  const athena::EngineQuery query{kClicks, {{"id"}}};
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  filled.stream.stuck = true;
  for (const auto& split : splits) {
    const Status status = door.engine->Ask(door.engine->ReadRequest(query, table, split)).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  }
}

TEST(KinesisThroughAthena, AThrottledShardIsLeftToAthenaUntilABlockHasBeenSpilled) {
  FilledStream filled;
  std::unique_ptr<athena::TestDoor> door;
  int reads = 0;
  filled.stream.intercept = [&](const aws::TestHttpRequest& request) -> std::optional<aws::TestHttpAnswer> {
    if (door == nullptr || !request.Header("X-Amz-Target").ends_with(".GetRecords") || ++reads != 2) return std::nullopt;
    while (door->store->objects().empty()) std::this_thread::yield();  // what the first answer held
    filled.stream.throttles = 1;
    return std::nullopt;
  };
  kinesis::KinesisOptions options;
  options.hand_on_throttles = true;
  const auto connector = filled.stream.Connect(options);
  athena::TestDoor planner(connector);
  athena::EngineAnswer answer;
  const auto table = planner.engine->Table(kClicks).ValueOrDie();
  athena::EngineQuery query{kClicks, {{"id"}}, {}, 1, 1};
  const auto splits = planner.engine->Splits(query, table, &answer).ValueOrDie();

  filled.stream.throttles = 1;
  EXPECT_EQ(planner.engine->Ask(planner.engine->ReadRequest(query, table, splits[0])).status().code(), StatusCode::kThrottled);
  EXPECT_THAT(planner.waits(), testing::IsEmpty());

  door = std::make_unique<athena::TestDoor>(connector);
  const auto response = door->engine->Ask(door->engine->ReadRequest(query, table, splits[0]));
  ASSERT_TRUE(response.ok()) << response.status();
  int64_t rows = 0;
  for (const auto& block : door->engine->Blocks(*response, splits[0], &answer).ValueOrDie()) rows += block.rows.num_rows();
  EXPECT_EQ(rows, 100);
  EXPECT_THAT(door->waits(), testing::ElementsAre(10));
  ASSERT_THAT(door->log.lines, testing::SizeIs(1));
  EXPECT_THAT(door->log.lines[0].certificate, testing::HasSubstr("\"complete\":true"));
}

TEST(ShownTables, OthersAreNeitherListedNorRead) {
  FilledStream filled;
  for (const auto& [patterns, shown] :
       std::vector<std::pair<std::string, bool>>{{"clicks", true}, {"other, CLI*", true}, {"click", false}, {"clicks2, x*", false}, {"*", true}}) {
    SCOPED_TRACE(patterns);
    athena::TestDoor door(ShowTables(filled.connector, {ParseTablePatterns("kinesis_streams", patterns).ValueOrDie(), true, "kinesis_streams"}));
    athena::ListTablesRequest list;
    list.identity = door.engine->identity;
    list.query_id = "query-1";
    list.catalog = "lake";
    EXPECT_EQ(door.engine->Expect<athena::ListTablesResponse>(list)->tables.size(), shown ? 1u : 0u);
    const auto table = door.engine->Table(kClicks);
    if (shown) {
      EXPECT_TRUE(table.ok()) << table.status();
    } else {
      EXPECT_EQ(table.status().code(), StatusCode::kNotFound);
      EXPECT_THAT(table.status().message(), testing::HasSubstr("kinesis_streams"));
    }
  }
  for (const char* bad : {",", "a,", "a*b", "**"}) EXPECT_EQ(ParseTablePatterns("kinesis_streams", bad).status().code(), StatusCode::kInvalid) << bad;
}

TEST(ShownTables, TheColumnsOfTheSourceCanBeLeftOut) {
  FilledStream filled;
  const auto bare = ShowTables(filled.connector, {{}, false, "kinesis_streams"});
  athena::TestDoor door(bare);
  const auto table = door.engine->Table(kClicks).ValueOrDie();
  for (const auto& field : table.schema.fields) EXPECT_FALSE(field.name.starts_with("_")) << field.name;
  EXPECT_TRUE(table.partition_columns.empty());
  ExpectSameRows(bare, kClicks, {{"all"}, {"filtered", {{{"id", ValueSet::Range({Scalar(int64_t{50}), true, Scalar(int64_t{250}), false})}}, {}}, {{"kind"}}}});
}

}  // namespace
}  // namespace lotic
