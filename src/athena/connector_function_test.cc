// SPDX-License-Identifier: Apache-2.0
#include "athena/connector_function.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <regex>
#include <system_error>
#include <thread>
#include <tuple>

#include "athena/athena_table.h"
#include "athena/test_door.h"
#include "athena_protocol/ipc.h"
#include "connector/memory/memory_connector.h"
#include "lotic/batch_builder.h"
#include "lotic/scan_json.h"

// The whole flow of a query through the door, by bytes, against the same rows read from the connector itself.

namespace lotic::athena {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

const TableName kTypes{"default", "types"}, kOrders{"default", "orders"}, kEmpty{"default", "empty"};

// How a query's answers travel.
struct Path {
  const char* name;
  int64_t max_block, max_inline;
  Environment environment;
};
const Path kPaths[] = {{"inline", 16'000'000, 5'242'880, {}},
                       {"spilled", 2000, 1, {}},
                       {"spilled, small blocks", 500, 1, {{"SPILL_QUEUE_CAPACITY", "1"}}},
                       {"spilled plain", 3000, 100, {{"disable_spill_encryption", "TRUE"}}}};

Scalar RowValue(const std::vector<Batch>& batches, size_t column, std::mt19937_64* random) {
  const Batch& batch = batches[(*random)() % batches.size()];
  return ScalarAt(batch.column(column), static_cast<int64_t>((*random)() % static_cast<uint64_t>(batch.num_rows())));
}

// No zero of a floating type: the SDK keeps its two zeros apart, SQL does not, and the door returns what both keep (docs/reference/athena.md).
Scalar RandomValue(const std::vector<Batch>& batches, size_t column, std::mt19937_64* random) {
  Scalar value = RowValue(batches, column, random);
  if (const auto* real = std::get_if<double>(&value); real != nullptr && *real == 0) value = 0.25;
  return value;
}

ValueSet RandomSet(const Type& type, const std::vector<Batch>& batches, size_t column, std::mt19937_64* random) {
  auto& next = *random;
  const auto value = [&] {
    for (;;) {
      Scalar scalar = RandomValue(batches, column, random);
      if (!IsNull(scalar)) return scalar;
    }
  };
  ValueSet set;
  switch (next() % 5) {
    case 0: set = next() % 2 == 0 ? ValueSet::All(false) : ValueSet::None(true); break;
    case 1:
      set.kind = ValueSet::Kind::kUnlisted;
      set.values = {value(), value()};
      break;
    case 2: set = ValueSet::Listed({value(), value(), value()}); break;
    default:
      for (uint64_t ranges = 1 + next() % 3; ranges > 0; --ranges) {
        ValueRange range;
        if (next() % 4 != 0) range.low = value();
        if (next() % 4 != 0) range.high = value();
        range.low_inclusive = next() % 2 == 0;
        range.high_inclusive = next() % 2 == 0;
        set.kind = ValueSet::Kind::kRanges;
        set.ranges.push_back(std::move(range));
      }
  }
  if (set.kind != ValueSet::Kind::kNone) set.null_allowed = next() % 2 == 0;
  LOTIC_CHECK(NormalizeValueSet(type, CompareOptions{CompareOptions::StringOrder::kUtf16Unit, true}, &set).ok());
  return set;
}

std::shared_ptr<Connector> SampleConnector() { return memory::MakeAthenaSampleData()->connector(); }

// A table of `partitions` partitions with 60 rows each.
std::shared_ptr<memory::MemoryStore> Partitioned(int64_t partitions) {
  auto store = memory::MemoryStore::Make();
  memory::MemoryTable table{{"default", "t"}, Schema{{{"id", Type::Int64()}, {"name", Type::String()}}}, {}};
  for (int64_t p = 0; p < partitions; ++p) {
    BatchBuilder builder(std::make_shared<const Schema>(table.schema));
    for (int64_t row = 0; row < 60; ++row) {
      builder.column(0).AppendInt64(p * 60 + row);
      builder.column(1).AppendBytes("name of row " + std::to_string(row));
    }
    table.partitions.push_back({builder.Finish(60)});
  }
  LOTIC_CHECK(store->AddTable(std::move(table)).ok());
  return store;
}

// ---- The whole flow.

TEST(ConnectorFunction, AWholeTableEqualsTheConnectorsOwnRowsInlineSpilledEncryptedAndPlain) {
  const auto connector = SampleConnector();
  for (const TableName& table : {kTypes, kOrders, kEmpty}) {
    const auto direct = ReadDirectly(*connector, table).ValueOrDie();
    const auto expected = Expected(direct, {}, std::nullopt).ValueOrDie();
    for (const Path& path : kPaths) {
      SCOPED_TRACE(table.ToString() + ", " + path.name);
      TestDoor door(connector, path.environment);
      const Result<EngineAnswer> answer = door.engine->Run({table, std::nullopt, {}, path.max_block, path.max_inline});
      ASSERT_TRUE(answer.ok()) << answer.status();
      EXPECT_THAT(answer->rows, ElementsAreArray(expected));
      EXPECT_EQ(answer->spilled_splits, path.max_inline < 1000 ? answer->splits.size() : 0);
      EXPECT_THAT(door.store->objects(), SizeIs(answer->objects.size()));
      EXPECT_EQ(door.log.lines.size(), answer->splits.size());
    }
  }
}

TEST(ConnectorFunction, RandomConstraintsAndProjectionsGiveTheRowsThatFilteringAllGives) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto connector = SampleConnector();
  const auto direct = ReadDirectly(*connector, kTypes).ValueOrDie();
  std::vector<Batch> plain;
  for (const Block& block : direct) plain.push_back(UnpackZones(block).ValueOrDie());
  const Schema& columns = plain[0].schema();
  size_t wanted = 0;
  for (int round = 0; round < 150; ++round) {
    Constraints constraints;
    for (uint64_t count = random() % 3; count > 0; --count) {
      const size_t c = random() % columns.fields.size();
      if (columns.fields[c].type.is_nested()) continue;
      constraints.columns[columns.fields[c].name] = RandomSet(columns.fields[c].type, plain, c, &random);
    }
    std::optional<std::vector<std::string>> projection;
    if (round % 4 != 0) {
      projection.emplace();
      for (const Field& field : columns.fields) {
        if (random() % 3 == 0) projection->push_back(field.name);
      }
      std::shuffle(projection->begin(), projection->end(), random);
    }
    const Path& path = kPaths[static_cast<size_t>(round) % std::size(kPaths)];
    TestDoor door(connector, path.environment);
    const GetTableResponse table = door.engine->Table(kTypes).ValueOrDie();
    const Result<WireConstraints> wire = ToWireConstraints(constraints, table.schema);
    ASSERT_TRUE(wire.ok()) << wire.status();
    const Result<EngineAnswer> answer = door.engine->Run({kTypes, projection, *wire, path.max_block, path.max_inline});
    ASSERT_TRUE(answer.ok()) << answer.status();
    const auto expected = Expected(direct, constraints, projection).ValueOrDie();
    wanted += expected.size();
    if (projection && projection->empty()) {
      ASSERT_EQ(answer->rows.size(), expected.size());
    } else {
      ASSERT_EQ(answer->rows, expected) << "round " << round << ", " << path.name;
    }
  }
  EXPECT_GT(wanted, 0u);
}

TEST(ConnectorFunction, ExpressionsAreFinishedByTheDoor) {
  const auto connector = SampleConnector();
  const auto direct = ReadDirectly(*connector, kOrders).ValueOrDie();
  const auto call = [](std::string name, std::vector<Expression> args) {
    return Expression{Expression::Kind::kCall, Type::Bool(), {}, std::move(name), std::move(args)};
  };
  const Expression qty{Expression::Kind::kColumn, Type::Int32(), {}, "qty", {}}, customer{Expression::Kind::kColumn, Type::String(), {}, "customer", {}};
  const auto number = [](int64_t value) { return Expression{Expression::Kind::kConstant, Type::Int32(), value, "", {}}; };
  const auto text = [](std::string value) { return Expression{Expression::Kind::kConstant, Type::String(), std::move(value), "", {}}; };
  const std::vector<Expression> expressions = {call("or", {call("less_than", {qty, number(3)}), call("equal", {customer, text("customer-5")})}),
                                               call("not", {call("is_null", {qty})}),
                                               call("like", {customer, text("customer-1%")}),
                                               call("in", {qty, number(1), number(9)}),
                                               call("is_distinct_from", {qty, number(4)}),
                                               call("and", {call("greater_than_or_equal", {qty, number(3)}), call("not_equal", {qty, number(7)})})};
  for (const Expression& expression : expressions) {
    SCOPED_TRACE(expression.ToString());
    const Constraints constraints{{}, {expression}};
    TestDoor door(connector);
    const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
    EngineQuery query{kOrders, std::vector<std::string>{"id"}, ToWireConstraints(constraints, table.schema).ValueOrDie()};
    Result<EngineAnswer> answer = door.engine->Run(query);
    ASSERT_TRUE(answer.ok()) << answer.status();
    const auto expected = Expected(direct, constraints, query.columns).ValueOrDie();
    EXPECT_THAT(answer->rows, ElementsAreArray(expected));
    EXPECT_GT(expected.size(), 0u);
    EXPECT_LT(expected.size(), 120u);
    query.constraints.limit = 2;  // the door counts what it has filtered
    answer = door.engine->Run(query);
    ASSERT_TRUE(answer.ok()) << answer.status();
    for (const size_t rows : answer->rows_by_split) EXPECT_LE(rows, 2u);
    EXPECT_GT(answer->rows.size(), 0u);
  }
}

// An engine may learn of a condition only when the plan is made: from the other side of a join.
TEST(ConnectorFunction, AFilterThatComesWithTheReadAloneIsApplied) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  size_t told = 0;
  bent->on_open = [&](const ScanRequest& request) { told += request.constraints.columns.size(); };
  TestDoor door(bent);
  const EngineQuery plain{kOrders, std::vector<std::string>{"id"}};
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  EngineAnswer answer;
  const auto splits = door.engine->Splits(plain, table, &answer).ValueOrDie();
  const auto direct = ReadDirectly(*SampleConnector(), kOrders).ValueOrDie();
  const Expression qty{Expression::Kind::kColumn, Type::Int32(), {}, "qty", {}}, three{Expression::Kind::kConstant, Type::Int32(), int64_t{3}, "", {}};
  const Constraints filters[] = {{{{"qty", ValueSet::Listed({Scalar(int64_t{3})})}}, {}},
                                 {{{"id", ValueSet::Range({Scalar(int64_t{30}), true, Scalar(int64_t{50}), false})}}, {}},
                                 {{}, {Expression{Expression::Kind::kCall, Type::Bool(), {}, "less_than", {qty, three}}}}};
  for (const Constraints& filter : filters) {
    EngineQuery query = plain;
    query.constraints = ToWireConstraints(filter, table.schema).ValueOrDie();
    const auto read = [&](bool without_metadata) {
      std::vector<std::string> rows;
      for (const WireSplit& split : splits) {
        ReadRecordsRequest request = door.engine->ReadRequest(query, table, split);
        if (without_metadata) request.schema.fields[0].metadata.clear();
        for (const Block& block : door.engine->Blocks(door.engine->Ask(request).ValueOrDie(), split, &answer).ValueOrDie()) {
          for (std::string& row : RowTexts(block.rows)) rows.push_back(std::move(row));
        }
      }
      return rows;
    };
    const auto expected = Expected(direct, filter, plain.columns).ValueOrDie();
    EXPECT_GT(expected.size(), 0u);
    EXPECT_LT(expected.size(), 120u);
    EXPECT_EQ(read(false), expected);
    EXPECT_EQ(read(true), expected);
    query.constraints.limit = 1;
    EXPECT_LE(read(false).size(), splits.size());
  }
  EXPECT_EQ(told, 0u);  // it has planned without them
}

TEST(ConnectorFunction, SplitsOf1And7And100PartitionsGiveTheSameRowsInlineAndSpilled) {
  for (const int64_t partitions : {1, 7, 100}) {
    const auto store = Partitioned(partitions);
    const auto connector = store->connector();
    const auto expected = Expected(ReadDirectly(*connector, {"default", "t"}).ValueOrDie(), {}, std::nullopt).ValueOrDie();
    ASSERT_EQ(expected.size(), static_cast<size_t>(60 * partitions));
    for (const Path& path : kPaths) {
      for (const size_t batch : {size_t{1000}, size_t{3}}) {
        TestDoor door(connector, path.environment);
        const Result<EngineAnswer> answer = door.engine->Run({{"default", "t"}, std::nullopt, {}, path.max_block, path.max_inline, batch});
        ASSERT_TRUE(answer.ok()) << answer.status();
        EXPECT_EQ(answer->splits.size(), static_cast<size_t>(partitions));
        EXPECT_EQ(answer->rows, expected) << partitions << " partitions, " << path.name;
      }
    }
  }
}

TEST(ConnectorFunction, EverySerdeVersionGivesTheSameRows) {
  const auto connector = SampleConnector();
  const auto expected = Expected(ReadDirectly(*connector, kOrders).ValueOrDie(), {}, std::nullopt).ValueOrDie();
  for (int version = 2; version <= 6; ++version) {
    TestDoor door(connector);
    door.engine->serde_version = version;
    const Result<EngineAnswer> answer = door.engine->Run({kOrders});
    ASSERT_TRUE(answer.ok()) << version << ": " << answer.status();
    EXPECT_EQ(answer->rows, expected) << version;
  }
}

TEST(ConnectorFunction, ColumnsWhoseMetadataDidNotComeBackAreLookedUp) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  GetTableResponse table = door.engine->Table(kTypes).ValueOrDie();
  EngineAnswer answer;
  const EngineQuery query{kTypes};
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  ReadRecordsRequest request = door.engine->ReadRequest(query, table, splits[0]);
  bent->tables_asked = 0;
  const auto with = door.engine->Blocks(door.engine->Ask(request).ValueOrDie(), splits[0], &answer).ValueOrDie();
  EXPECT_EQ(bent->tables_asked, 0);  // nothing to be asked for each split
  for (WireField& field : request.schema.fields) field.metadata.clear();
  const auto without = door.engine->Blocks(door.engine->Ask(request).ValueOrDie(), splits[0], &answer).ValueOrDie();
  EXPECT_EQ(bent->tables_asked, 1);
  EXPECT_EQ(RowTexts(with.at(0).rows), RowTexts(without.at(0).rows));
  EXPECT_EQ(with.at(0).rows.num_rows(), 80);
}

// ---- Limits.

TEST(ConnectorFunction, Check26ALimitStopsEachSplitOnlyWhereEverythingWasAppliedAndNothingIsSorted) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  std::optional<int64_t> pushed;
  bent->on_open = [&](const ScanRequest& request) { pushed = request.limit; };
  EngineQuery query{kOrders, std::vector<std::string>{"id"}};
  query.constraints.limit = 5;
  EXPECT_THAT(door.engine->Run(query).ValueOrDie().rows_by_split, ElementsAre(5, 5, 5));
  EXPECT_EQ(pushed, 5);
  query.constraints.limit = 0;
  EXPECT_THAT(door.engine->Run(query).ValueOrDie().rows_by_split, ElementsAre(0, 0, 0));
  query.constraints.limit = -1;
  EXPECT_THAT(door.engine->Run(query).ValueOrDie().rows_by_split, ElementsAre(40, 40, 40));
  query.constraints.limit = 5;
  query.constraints.order_by = {{"qty", SortDirection::kAscNullsLast}};
  EXPECT_THAT(door.engine->Run(query).ValueOrDie().rows_by_split, ElementsAre(40, 40, 40));
  EXPECT_EQ(pushed, std::nullopt);
  query.constraints.order_by.clear();
  query.constraints.plan = QueryPlan{"1.0.0", ""};  // it may hold a filter
  EXPECT_THAT(door.engine->Run(query).ValueOrDie().rows_by_split, ElementsAre(40, 40, 40));
}

TEST(ConnectorFunction, Check26ALimitBehindAFilterOnAColumnThatTheTableLacksIsNotApplied) {
  TestDoor door(SampleConnector());
  EngineQuery query{kOrders, std::vector<std::string>{"id"}};
  WireValueSet set;
  set.kind = WireValueSet::Kind::kAllOrNone;
  set.type = {.kind = WireKind::kUtf8};
  set.all = true;
  query.constraints.summary = {{"no_such_column", set}};
  query.constraints.limit = 1;
  EXPECT_THAT(door.engine->Run(query).ValueOrDie().rows_by_split, ElementsAre(40, 40, 40));
}

// The connector counts rows by SQL's filter, for which the two zeros are one; the door returns what the SDK's filter keeps. A limit that the connector counted would
// end at a row that the door then drops.
TEST(ConnectorFunction, Check26ALimitBehindAFilterIsCountedByTheDoor) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  std::optional<int64_t> pushed = 1;
  bent->on_open = [&](const ScanRequest& request) { pushed = request.limit; };
  TestDoor door(bent);
  EngineQuery query{kTypes, std::vector<std::string>{"real4"}};
  WireValueSet set;
  set.kind = WireValueSet::Kind::kEquatable;
  set.type = {.kind = WireKind::kFloat, .bit_width = 32};
  set.values = {Scalar(-0.0), Scalar(0.25)};  // the first row holds 0.0, the second 0.25
  query.constraints.summary = {{"real4", set}};
  query.constraints.limit = 1;
  EXPECT_EQ(door.engine->Run(query).ValueOrDie().rows.size(), 1u);
  EXPECT_EQ(pushed, std::nullopt);
}

TEST(ConnectorFunction, AResidualOfTheConnectorTakesTheLimitAwayFromIt) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  bent->change_splits = [](SplitPage* page) {
    for (Split& split : page->splits) split.residual.columns["qty"] = ValueSet::Listed({Scalar(int64_t{3})});
  };
  std::optional<int64_t> pushed = 1;
  bent->on_open = [&](const ScanRequest& request) { pushed = request.limit; };
  TestDoor door(bent);
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  const Constraints constraints{{{"qty", ValueSet::Listed({Scalar(int64_t{3})})}}, {}};
  EngineQuery query{kOrders, std::vector<std::string>{"id"}, ToWireConstraints(constraints, table.schema).ValueOrDie()};
  query.constraints.limit = 2;
  EXPECT_THAT(door.engine->Run(query).ValueOrDie().rows_by_split, ElementsAre(2, 2, 2));
  EXPECT_EQ(pushed, std::nullopt);
}

// ---- Inline or spilled.

TEST(ConnectorFunction, Check35TheBoundaryBetweenInlineAndRemote) {
  TestDoor door(SampleConnector());
  EngineQuery query{kOrders, std::vector<std::string>{"id"}};
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  EngineAnswer answer;
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  const int64_t size = 40 * 8 + 5;  // forty BIGINT and their bitmap
  const auto ask = [&](int64_t max_block, int64_t max_inline, size_t split) {
    query.max_block_size = max_block;
    query.max_inline_block_size = max_inline;
    return door.engine->Ask(door.engine->ReadRequest(query, table, splits[split])).ValueOrDie();
  };
  const auto remote = [](const FederationResponse& response) { return std::get<RemoteReadRecordsResponse>(response).remote_blocks.size(); };
  EXPECT_TRUE(std::holds_alternative<ReadRecordsResponse>(ask(16'000'000, size + 1, 0)));  // size = maxInline - 1
  EXPECT_EQ(remote(ask(16'000'000, size, 0)), 1u);                                         // size = maxInline
  EXPECT_TRUE(std::holds_alternative<ReadRecordsResponse>(ask(size, size + 1, 1)));        // size = maxBlock
  EXPECT_EQ(remote(ask(size - 1, size + 1, 1)), 2u);                                       // size = maxBlock + 1
  EngineQuery nothing{kOrders, std::vector<std::string>{"id"}};
  nothing.constraints.limit = 0;
  nothing.max_inline_block_size = 0;
  const auto none = door.engine->Ask(door.engine->ReadRequest(nothing, table, splits[2])).ValueOrDie();
  EXPECT_EQ(remote(none), 0u);  // no rows and maxInline 0
}

TEST(ConnectorFunction, MaxBlockSizeBytesOfTheEnvironmentWins) {
  TestDoor door(SampleConnector(), {{"MAX_BLOCK_SIZE_BYTES", "100"}});
  const EngineAnswer answer = door.engine->Run({kOrders, std::vector<std::string>{"id"}}).ValueOrDie();
  EXPECT_EQ(answer.spilled_splits, 3u);
  EXPECT_GT(answer.objects.size(), 9u);
}

TEST(ConnectorFunction, AnswersThatWouldNotFitLambdaAreSpilledWhateverTheRequestSays) {
  auto store = memory::MemoryStore::Make();
  memory::MemoryTable table{{"default", "wide"}, Schema{{{"text", Type::String()}}}, {{}}};
  BatchBuilder builder(std::make_shared<const Schema>(table.schema));
  for (int row = 0; row < 600; ++row) builder.column(0).AppendBytes(std::string(10'000, 'x'));
  table.partitions[0].push_back(builder.Finish(600));
  ASSERT_TRUE(store->AddTable(std::move(table)).ok());
  TestDoor door(store->connector());
  const Result<EngineAnswer> answer = door.engine->Run({{"default", "wide"}, std::vector<std::string>{"text"}, {}, 16'000'000, 100'000'000});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->rows, SizeIs(600));
  EXPECT_EQ(answer->spilled_splits, 1u);
}

TEST(ConnectorFunction, WithoutABucketAnAnswerThatMustBeSpilledIsAnError) {
  TestDoor door(SampleConnector(), {{"spill_bucket", ""}});
  const Result<EngineAnswer> small = door.engine->Run({kOrders});
  ASSERT_TRUE(small.ok()) << small.status();
  for (const WireSplit& split : small->splits) EXPECT_FALSE(split.spill_location || split.encryption_key);
  const Status large = door.engine->Run({kOrders, std::nullopt, {}, 1000, 10}).status();
  EXPECT_EQ(large.code(), StatusCode::kCapacityError);
  EXPECT_THAT(large.message(), HasSubstr("spill_bucket"));
}

TEST(ConnectorFunction, Check37AWriteErrorFailsTheCallAndTheObjectsGo) {
  TestDoor door(SampleConnector());
  door.store->before_put = [](const CallContext&, const std::string& key) { return key.ends_with(".2") ? Status::IOError("no space left") : Status::OK(); };
  const Status status = door.engine->Run({kOrders, std::nullopt, {}, 500, 1}).status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), HasSubstr("spilling block 2"));
  EXPECT_THAT(door.store->objects(), IsEmpty());
  ASSERT_THAT(door.log.lines, SizeIs(1));
  EXPECT_EQ(door.log.lines[0].outcome, "failed");
}

TEST(ConnectorFunction, WhatWasSpilledGoesIfTheAnswerCannotGoOut) {
  TestDoor door(SampleConnector());
  const EngineQuery query{kOrders, std::nullopt, {}, 500, 1};
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  EngineAnswer answer;
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  ReadRecordsRequest request = door.engine->ReadRequest(query, table, splits[0]);
  request.split.spill_location->key = std::string(2'500'000, 'k');  // three of them are more than Lambda takes
  const Status status = door.engine->Ask(request).status();
  EXPECT_EQ(status.code(), StatusCode::kCapacityError) << status.message().substr(0, 200);
  EXPECT_THAT(status.message(), HasSubstr("the answer to ReadRecordsRequest has "));
  EXPECT_THAT(door.store->objects(), IsEmpty());
  ASSERT_THAT(door.log.lines, SizeIs(1));
  EXPECT_EQ(door.log.lines[0].outcome, "failed");
  EXPECT_THAT(door.log.lines[0].certificate, HasSubstr("\"complete\":false"));

  request.split.spill_location->key = "k";
  ASSERT_TRUE(door.engine->Ask(request).ok());
  EXPECT_THAT(door.store->objects(), SizeIs(door.log.lines.at(1).spilled_blocks));
}

// ---- What is looked at and not applied.

TEST(ConnectorFunction, Check29APlanThatIsNotBase64IsRefused) {
  TestDoor door(SampleConnector());
  EngineQuery query{kOrders};
  query.constraints.plan = QueryPlan{"1.0.0", "CgA="};
  EXPECT_TRUE(door.engine->Run(query).ok());
  query.constraints.plan = QueryPlan{"1.0.0", "!!not base64!!"};
  const Status refused = door.engine->Run(query).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("constraints.queryPlan.substraitPlan"));
}

TEST(ConnectorFunction, Trap51TheIdOfABlockMeansNothing) {
  TestDoor door(SampleConnector());
  EngineQuery query{kOrders};
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  query.constraints = ToWireConstraints({{{"qty", ValueSet::Listed({Scalar(int64_t{3})})}}, {}}, table.schema).ValueOrDie();
  EngineAnswer answer;
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  const std::string request = WriteRequest(door.engine->ReadRequest(query, table, splits[0]), kSerdeVersion).ValueOrDie();
  const std::regex id(R"re("aId":"[^"]*")re");
  ASSERT_TRUE(std::regex_search(request, id));
  std::vector<std::vector<std::string>> rows;
  for (const std::string& other :
       {request, std::regex_replace(request, id, R"("aId":"another, of ours not")"), std::regex_replace(request, id, R"("aId":"")")}) {
    const Result<std::string> json = door.function->Invoke(CallContext(), {other, "", "", ""});
    ASSERT_TRUE(json.ok()) << json.status();
    rows.push_back(RowTexts(std::get<ReadRecordsResponse>(ParseResponse(*json, {}).ValueOrDie()).records.rows));
  }
  EXPECT_GT(rows[0].size(), 0u);
  EXPECT_EQ(rows[1], rows[0]);
  EXPECT_EQ(rows[2], rows[0]);
}

TEST(ConnectorFunction, Trap45BoundsBeyondTheYear9999AreLoggedAndAppliedAsTheyStand) {
  auto store = memory::MemoryStore::Make();
  memory::MemoryTable table{{"default", "times"}, Schema{{{"at", Type::Timestamp(TimeUnit::kMilli, false)}}}, {{}}};
  BatchBuilder builder(std::make_shared<const Schema>(table.schema));
  builder.column(0).AppendInt64(1'600'000'000'000);
  table.partitions[0].push_back(builder.Finish(1));
  ASSERT_TRUE(store->AddTable(std::move(table)).ok());
  const int64_t micros = 1'500'000'000'000'000;
  for (const auto& [bound, rows, warnings] :
       {std::tuple{micros, 0u, true}, std::tuple{micros / 1000, 1u, false}, std::tuple{int64_t{253'402'300'799'999}, 0u, false}}) {
    SCOPED_TRACE(bound);
    TestDoor door(store->connector());
    const GetTableResponse described = door.engine->Table({"default", "times"}).ValueOrDie();
    WireValueSet set;
    set.type = described.schema.fields[0].type;
    ASSERT_EQ(set.type.kind, WireKind::kDate);
    set.ranges = {{{Scalar(bound), Bound::kAbove}, {Scalar(), Bound::kBelow}}};
    EngineQuery query{{"default", "times"}, std::vector<std::string>{"at"}};
    query.constraints.summary = {{"at", set}};
    const Result<EngineAnswer> answer = door.engine->Run(query);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->rows.size(), rows);
    EXPECT_EQ(!door.log.warnings.empty(), warnings);
    for (const std::string& warning : door.log.warnings)
      EXPECT_THAT(warning, AllOf(HasSubstr("default.times: column 'at'"), HasSubstr(std::to_string(bound) + " ms"), HasSubstr("9999")));
  }
}

// ---- Complete or an error.

TEST(ConnectorFunction, ASplitThatIsNotCompleteIsAnErrorAndNotAShortAnswer) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  bent->change_certificate = [](SplitCertificate* certificate) {
    certificate->complete = false;
    certificate->reason = EndReason::kDataLoss;
  };
  const Status status = door.engine->Run({kOrders}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("not complete (data_loss)"));
  bent->change_certificate = [](SplitCertificate* certificate) { ++certificate->records.returned; };
  EXPECT_EQ(door.engine->Run({kOrders}).status().code(), StatusCode::kUnknownError);
}

TEST(ConnectorFunction, ADeadlineInTheMiddleIsARetryableErrorAndNotAShortAnswer) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  int batches = 0;
  bent->next = [&](const CallContext& ctx, const std::function<Result<ReadBatch>()>& next) -> Result<ReadBatch> {
    if (batches++ == 0) return next();
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_until(lock, ctx.stop, ctx.deadline, [] { return false; });
    return Status::DeadlineExceeded("reading");
  };
  const GetTableResponse table = door.engine->Table(kTypes).ValueOrDie();
  EngineAnswer answer;
  EngineQuery query{kTypes};
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  query.max_block_size = 500;
  door.engine->ctx.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const Status status = door.engine->Ask(door.engine->ReadRequest(query, table, splits[0])).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  EXPECT_GE(batches, 2);
  EXPECT_THAT(door.store->objects(), IsEmpty());
  ASSERT_THAT(door.log.lines, SizeIs(1));
  EXPECT_EQ(door.log.lines[0].outcome, "failed");
  EXPECT_THAT(door.log.lines[0].certificate, HasSubstr("\"complete\":false"));
}

TEST(ConnectorFunction, EverySplitLeavesItsCertificateInTheLog) {
  TestDoor door(SampleConnector());
  ASSERT_TRUE(door.engine->Run({kTypes, std::nullopt, {}, 2000, 1}).ok());
  ASSERT_THAT(door.log.lines, SizeIs(3));
  for (const KeptLog::Line& line : door.log.lines) {
    EXPECT_EQ(line.query_id, "query-1");
    EXPECT_EQ(line.table, "default.types");
    EXPECT_EQ(line.outcome, "spilled");
    EXPECT_GT(line.spilled_blocks, 1u);
    const SplitCertificate certificate = SplitCertificateFromJson(line.certificate).ValueOrDie();
    EXPECT_TRUE(certificate.complete);
    EXPECT_EQ(certificate.rows, 80);
  }
}

TEST(ConnectorFunction, ASplitThatIsNotReadLeavesALineToo) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  EngineQuery query{kOrders};
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  EngineAnswer answer;
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  ReadRecordsRequest request = door.engine->ReadRequest(query, table, splits[1]);

  request.constraints.limit = 0;
  ASSERT_TRUE(door.engine->Ask(request).ok());
  ASSERT_THAT(door.log.lines, SizeIs(1));
  EXPECT_EQ(door.log.lines[0].outcome, "inline");
  EXPECT_EQ(door.log.lines[0].table, "default.orders");
  SplitCertificate certificate = SplitCertificateFromJson(door.log.lines[0].certificate).ValueOrDie();
  EXPECT_TRUE(certificate.complete);
  EXPECT_EQ(certificate.reason, EndReason::kLimit);
  EXPECT_EQ(certificate.partition, "1");
  EXPECT_EQ(certificate.read_end, certificate.planned_start);

  request.constraints.limit = -1;
  bent->refuse_open = [] { return Status::IOError("no connection"); };
  EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kIOError);
  ASSERT_THAT(door.log.lines, SizeIs(2));
  EXPECT_EQ(door.log.lines[1].outcome, "failed");
  certificate = SplitCertificateFromJson(door.log.lines[1].certificate).ValueOrDie();
  EXPECT_FALSE(certificate.complete);
  EXPECT_EQ(certificate.reason, EndReason::kError);
  EXPECT_EQ(certificate.read_end, certificate.planned_start);

  request.split.properties.pop_back();  // of a split that is not ours there is no certificate
  EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kInvalid);
  ASSERT_THAT(door.log.lines, SizeIs(3));
  EXPECT_EQ(door.log.lines[2].outcome, "failed");
  EXPECT_EQ(door.log.lines[2].query_id, "query-1");
  EXPECT_EQ(door.log.lines[2].certificate, "");
}

TEST(ConnectorFunction, ASplitWhoseReadingThrowsLeavesALineToo) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  EngineAnswer answer;
  const auto splits = door.engine->Splits({kOrders}, table, &answer).ValueOrDie();
  bent->next = [](const CallContext&, const std::function<Result<ReadBatch>()>&) -> Result<ReadBatch> {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  };
  const Status status = door.engine->Ask(door.engine->ReadRequest({kOrders}, table, splits[0])).status();
  EXPECT_EQ(status.code(), StatusCode::kUnknownError) << status;
  EXPECT_THAT(status.message(), HasSubstr("reading default.orders threw: "));
  ASSERT_THAT(door.log.lines, SizeIs(1));
  EXPECT_EQ(door.log.lines[0].outcome, "failed");
  EXPECT_THAT(door.log.lines[0].certificate, HasSubstr("\"complete\":false"));
}

TEST(ConnectorFunction, AConnectorThatIsThrottledWithoutRowsIsThrottledForAthena) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  bent->next = [](const CallContext&, const std::function<Result<ReadBatch>()>&) -> Result<ReadBatch> { return Status::Throttled("slow down"); };
  TestDoor door(bent);
  EXPECT_EQ(door.engine->Run({kOrders}).status().code(), StatusCode::kThrottled);
  EXPECT_THAT(door.waits(), IsEmpty());
  bent->next = nullptr;
  ASSERT_TRUE(door.engine->Run({kOrders}).ok());
  EXPECT_THAT(door.waits(), ElementsAre(10));  // the next call goes slower, and being answered it is the last that does
}

// One partition of four batches. The source throttles at the third, as `refusal` says, once so much has been spilled that the spiller knows of a block.
class ThrottledSplitTest : public ::testing::Test {
 protected:
  using Next = std::function<Result<ReadBatch>()>;
  void SetUp() override {
    memory::MemoryTable table{kLong, Schema{{{"id", Type::Int64()}, {"name", Type::String()}}}, {{}}};
    for (int64_t b = 0; b < 4; ++b) {
      BatchBuilder builder(std::make_shared<const Schema>(table.schema));
      for (int64_t row = 0; row < 60; ++row) {
        builder.column(0).AppendInt64(b * 60 + row);
        builder.column(1).AppendBytes("name of row " + std::to_string(row));
      }
      table.partitions[0].push_back(builder.Finish(60));
    }
    ASSERT_TRUE(store_->AddTable(std::move(table)).ok());
    bent_ = std::make_shared<BentConnector>(store_->connector());
    bent_->on_open = [this](const ScanRequest&) { ++opened_; };
    bent_->next = [this](const CallContext&, const Next& next) -> Result<ReadBatch> {
      if (++calls_ != 3) return next();
      while (door_->store->objects().size() < 3) std::this_thread::yield();  // two writers: at least one has come back for more
      return refusal_(next);
    };
  }
  Result<EngineAnswer> Run() {
    door_ = std::make_unique<TestDoor>(bent_);
    return door_->engine->Run({kLong, std::nullopt, {}, 500, 1});
  }
  const TableName kLong{"default", "long"};
  const std::shared_ptr<memory::MemoryStore> store_ = memory::MemoryStore::Make();
  std::shared_ptr<BentConnector> bent_;
  std::unique_ptr<TestDoor> door_;
  std::function<Result<ReadBatch>(const Next&)> refusal_ = [](const Next&) { return Status::Throttled("slow down"); };
  int calls_ = 0, opened_ = 0;
};

TEST_F(ThrottledSplitTest, IsReadOnFromWhereItStoodOnceABlockHasBeenSpilled) {
  const auto expected = Expected(ReadDirectly(*store_->connector(), kLong).ValueOrDie(), {}, std::nullopt).ValueOrDie();
  const std::function<Result<ReadBatch>(const Next&)> refusals[] = {refusal_, [](const Next&) {
                                                                      ReadBatch read;
                                                                      read.runs.emplace_back().status = Status::Throttled("slow down");
                                                                      return Result<ReadBatch>(read);
                                                                    }};
  for (const auto& refusal : refusals) {
    refusal_ = refusal;
    calls_ = opened_ = 0;
    const Result<EngineAnswer> answer = Run();
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_THAT(answer->rows, ElementsAreArray(expected));
    EXPECT_EQ(opened_, 2);
    EXPECT_THAT(door_->waits(), ElementsAre(10));
    ASSERT_THAT(door_->log.lines, SizeIs(1));
    const SplitCertificate certificate = SplitCertificateFromJson(door_->log.lines[0].certificate).ValueOrDie();
    EXPECT_TRUE(certificate.complete);
    EXPECT_EQ(certificate.reason, EndReason::kEnd);
    EXPECT_EQ(certificate.rows, 240);
    EXPECT_EQ(certificate.records.returned, 240);
    EXPECT_EQ(certificate.read_start.text, "0");
    EXPECT_EQ(certificate.read_end.text, "240");
  }
}

TEST_F(ThrottledSplitTest, OfATableWhosePositionsDoNotLastIsLeftToAthena) {
  bent_->change_table = [](TableInfo* info) { info->durable_positions = false; };
  EXPECT_EQ(Run().status().code(), StatusCode::kThrottled);
  EXPECT_EQ(opened_, 1);
  EXPECT_THAT(door_->store->objects(), IsEmpty());
}

TEST_F(ThrottledSplitTest, WhoseRowsWereLostWithTheRefusalIsLeftToAthena) {
  refusal_ = [](const Next& next) -> Result<ReadBatch> {
    LOTIC_RETURN_NOT_OK(next().status());  // the reader has handed them out
    return Status::Throttled("slow down");
  };
  EXPECT_EQ(Run().status().code(), StatusCode::kThrottled);
  EXPECT_EQ(opened_, 1);
}

TEST(ConnectorFunction, LookingUpATableForASplitSlowsDownWhenItIsThrottled) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  EngineAnswer answer;
  const auto splits = door.engine->Splits({kOrders}, table, &answer).ValueOrDie();
  ReadRecordsRequest request = door.engine->ReadRequest({kOrders}, table, splits[0]);
  for (WireField& field : request.schema.fields) field.metadata.clear();
  bent->refuse_table = [] { return Status::Throttled("slow down"); };
  EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kThrottled);
  bent->refuse_table = nullptr;
  EXPECT_TRUE(door.engine->Ask(request).ok());
  EXPECT_THAT(door.waits(), ElementsAre(10));
}

}  // namespace
}  // namespace lotic::athena
