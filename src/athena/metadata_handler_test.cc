// SPDX-License-Identifier: Apache-2.0
#include "athena/metadata_handler.h"

#include <gmock/gmock.h>

#include <set>

#include "athena/athena_table.h"
#include "athena/test_door.h"
#include "athena_protocol/function_error.h"
#include "aws/aws_error.h"
#include "connector/indexed_connector.h"
#include "connector/memory/memory_connector.h"
#include "lotic/batch_builder.h"
#include "lotic/federated_source.h"
#include "lotic/partition_tokens.h"
#include "lotic/scan_json.h"
#include "lotic/table_properties.h"

// Everything that is asked before rows are read.

namespace lotic::athena {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

const TableName kTypes{"default", "types"}, kOrders{"default", "orders"};

std::shared_ptr<Connector> SampleConnector() { return memory::MakeAthenaSampleData()->connector(); }

template <typename Request>
Request Base(const TestEngine& engine) {
  Request request;
  request.identity = engine.identity;
  request.query_id = engine.query_id;
  request.catalog = "lake";
  return request;
}

// One partition of so many rows that it has `splits` splits; its rows are their numbers.
class LongSource final : public IndexedSource {
 public:
  explicit LongSource(int64_t splits) : rows_(splits * kIndexedRowsPerSplit) {}
  std::string type_name() const override { return "long"; }
  std::vector<TableName> Tables() const override { return {{"default", "long"}}; }
  std::shared_ptr<const Schema> SchemaOf(const TableName&) const override { return schema_; }
  Result<std::vector<int64_t>> Ends(const CallContext&, const TableName&) override { return std::vector<int64_t>{rows_}; }
  Result<Batch> Rows(const CallContext&, const TableName&, size_t, int64_t first, int64_t count) override {
    BatchBuilder builder(schema_);
    for (int64_t row = first; row < first + count; ++row) builder.column(0).AppendInt64(row);
    return builder.Finish(count);
  }

 private:
  const int64_t rows_;
  const std::shared_ptr<const Schema> schema_ = std::make_shared<const Schema>(Schema{{{"id", Type::Int64()}}});
};

// ---- Names.

TEST(MetadataHandler, PingEchoesAndNamesTheConnector) {
  TestDoor door(SampleConnector());
  const PingResponse pong = door.engine->Expect<PingResponse>(Base<PingRequest>(*door.engine)).ValueOrDie();
  EXPECT_EQ(pong.catalog, "lake");
  EXPECT_EQ(pong.query_id, "query-1");
  EXPECT_EQ(pong.source_type, "memory");
  EXPECT_EQ(pong.capabilities, 24);
  EXPECT_EQ(pong.serde_version, 6);
}

TEST(MetadataHandler, Check5TablesAreListedInPagesOrAtOnce) {
  TestDoor door(SampleConnector());
  EXPECT_THAT(door.engine->Expect<ListSchemasResponse>(Base<ListSchemasRequest>(*door.engine)).ValueOrDie().schemas, ElementsAre("default"));
  auto request = Base<ListTablesRequest>(*door.engine);
  for (const std::optional<std::string>& schema :
       {std::optional<std::string>("default"), std::optional<std::string>("DEFAULT"), std::optional<std::string>()}) {
    request.schema_name = schema;
    request.page_size = -1;
    request.next_token.reset();
    const auto all = door.engine->Expect<ListTablesResponse>(request).ValueOrDie();
    EXPECT_THAT(all.tables, ElementsAre(TableName{"default", "empty"}, kOrders, kTypes));
    EXPECT_EQ(all.next_token, std::nullopt);
    for (const int64_t size : {1, 2, 3, 50}) {
      std::vector<TableName> tables;
      request.page_size = size;
      request.next_token.reset();
      int pages = 0;
      do {
        const auto page = door.engine->Expect<ListTablesResponse>(request).ValueOrDie();
        EXPECT_LE(page.tables.size(), static_cast<size_t>(size));
        tables.insert(tables.end(), page.tables.begin(), page.tables.end());
        request.next_token = page.next_token;
        ASSERT_LT(++pages, 10);
      } while (request.next_token);
      EXPECT_EQ(tables, all.tables) << size;
    }
  }
  request.page_size = 0;
  EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kInvalid);
  request.page_size = 5;
  request.next_token = "nonsense";
  EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kInvalid);
  request.next_token.reset();
  request.schema_name = "nowhere";
  EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kNotFound);
}

// What connector `memory` is for: whoever tries a reader of the protocol meets every type.
TEST(MetadataHandler, TheSampleHasEveryTypeThatAthenaTakesAndNulls) {
  const auto connector = SampleConnector();
  TestDoor door(connector);
  const GetTableResponse table = door.engine->Table(kTypes).ValueOrDie();
  std::vector<WireType> missing;
  for (const int bits : {8, 16, 32, 64}) missing.push_back({.kind = WireKind::kInt, .bit_width = bits});
  for (const int bits : {32, 64}) missing.push_back({.kind = WireKind::kFloat, .bit_width = bits});
  for (const WireUnit unit : {WireUnit::kDay, WireUnit::kMilli}) missing.push_back({.kind = WireKind::kDate, .unit = unit});
  for (const WireKind kind :
       {WireKind::kBool, WireKind::kDecimal, WireKind::kUtf8, WireKind::kBinary, WireKind::kTimestamp, WireKind::kList, WireKind::kStruct, WireKind::kMap}) {
    missing.push_back({.kind = kind});
  }
  for (const WireField& field : table.schema.fields) {
    std::erase_if(missing, [&](const WireType& type) {
      const bool sized = type.kind == WireKind::kInt || type.kind == WireKind::kFloat;
      return type.kind == field.type.kind && (!sized || type.bit_width == field.type.bit_width) &&
             (type.kind != WireKind::kDate || type.unit == field.type.unit);
    });
    if (field.type.kind == WireKind::kTimestamp) {
      EXPECT_TRUE(field.type.timezone && field.type.unit == WireUnit::kMilli);
    }
  }
  for (const WireType& type : missing) ADD_FAILURE() << "no column of " << type.ToString();
  EXPECT_THAT(table.partition_columns, ElementsAre("_partition_id"));
  EXPECT_THAT(door.engine->Run({kTypes}).ValueOrDie().rows_by_split, ElementsAre(80, 80, 80));
  const auto blocks = ReadDirectly(*connector, kTypes).ValueOrDie();
  for (size_t c = 1; c + 2 < blocks[0].rows.num_columns(); ++c) {  // all but id and the two of the source
    EXPECT_GT(blocks[0].rows.column(c).null_count, 0) << blocks[0].schema.fields[c].name;
  }
}

// ---- The case of names.

std::shared_ptr<Connector> TablesCalled(const std::vector<TableName>& names) {
  auto store = memory::MemoryStore::Make();
  for (const TableName& name : names) LOTIC_CHECK(store->AddTable({name, Schema{{{"id", Type::Int64()}}}, {}}).ok());
  return store->connector();
}

/// The source's own name of a table that Athena asks for, or the error.
std::string Reached(TestDoor& door, const TableName& table) {
  const Result<GetTableResponse> described = door.engine->Table(table);
  if (!described.ok()) return std::string(StatusCodeName(described.status().code())) + ": " + described.status().message();
  std::map<std::string, std::string> metadata(described->schema.metadata.begin(), described->schema.metadata.end());
  EXPECT_EQ(described->table, table);  // as it was asked for
  return metadata["x-source-schema"] + "." + metadata["x-source-table"];
}

TEST(Casing, EachModeReachesTheTableThatItSays) {
  const auto connector = TablesCalled({{"Sales", "Orders"}, {"Sales", "items"}, {"Sales", "LINES"}, {"Sales", "lines"}, {"PLAIN", "T"}, {"small", "t"}});
  struct Case {
    const char* mode;
    TableName asked;
    std::string reached;  // or what the error says
  };
  const Case cases[] = {{"", {"sales", "orders"}, "Sales.Orders"},
                        {"", {"sales", "lines"}, "Sales.lines"},
                        {"NONE", {"Sales", "items"}, "Sales.items"},
                        {"none", {"Sales", "orders"}, "'Orders'"},  // exactly as sent
                        {"NONE", {"sales", "items"}, "'Sales'"},
                        {"LOWER", {"SMALL", "T"}, "small.t"},
                        {"LOWER", {"plain", "t"}, "'PLAIN'"},
                        {"upper", {"plain", "t"}, "PLAIN.T"},
                        {"UPPER", {"small", "t"}, "'small'"},
                        {"CASE_INSENSITIVE_SEARCH", {"sales", "orders"}, "Sales.Orders"},
                        {"case_insensitive_search", {"sales", "lines"}, "ambiguous"},  // an exact match does not win
                        {"CASE_INSENSITIVE_SEARCH", {"sales", "nothing"}, "nothing"},
                        {"CASE_INSENSITIVE_SEARCH", {"nowhere", "lines"}, "nowhere"},
                        {"ANNOTATION", {"plain", "t@schemacase=upper&tablecase=upper"}, "PLAIN.T"},
                        {"annotation", {"small", "T@tableCase=Lower"}, "small.t"},
                        {"ANNOTATION", {"Sales", "lines@tablecase=upper"}, "Sales.LINES"},
                        {"ANNOTATION", {"sales", "lines@tablecase=upper"}, "'Sales'"},  // what is not told stays, exactly
                        {"ANNOTATION", {"Sales", "orders@tablecase=upper"}, "'Orders'"},
                        {"ANNOTATION", {"sales", "orders"}, "Sales.Orders"},  // nothing is told
                        {"ANNOTATION", {"sales", "orders@home"}, "orders@home"},
                        {"ANNOTATION", {"plain", "t@schemacase=big"}, "'schemacase=big' behind the @"},
                        {"ANNOTATION", {"plain", "t@tablecase=upper&"}, "'' behind the @"}};
  for (const Case& one : cases) {
    SCOPED_TRACE(std::string(one.mode) + " " + one.asked.ToString());
    TestDoor door(connector, {{"casing_mode", one.mode}});
    const std::string reached = Reached(door, one.asked);
    EXPECT_THAT(reached, HasSubstr(one.reached));
    EXPECT_EQ(reached.find(": ") == std::string::npos, one.reached.find('.') != std::string::npos) << reached;
    EXPECT_EQ(door.engine->Run({one.asked}).ok(), reached.find(": ") == std::string::npos);  // the layout asks again by the name
  }
}

TEST(Casing, TheSchemaOfSourcesWithoutSchemasIsReachedInEveryMode) {
  for (const char* mode : {"", "NONE", "LOWER", "UPPER", "CASE_INSENSITIVE_SEARCH"}) {
    TestDoor door(TablesCalled({{"default", "A"}, {"default", "b"}}), {{"casing_mode", mode}});
    EXPECT_EQ(Reached(door, {"default", *mode == 'U' || *mode == 'C' || *mode == 0 ? "a" : "b"}),
              *mode == 'U' || *mode == 'C' || *mode == 0 ? "default.A" : "default.b")
        << mode;
    auto request = Base<ListTablesRequest>(*door.engine);
    request.schema_name = "default";
    EXPECT_THAT(door.engine->Expect<ListTablesResponse>(request).ValueOrDie().tables, SizeIs(2)) << mode;
  }
  TestDoor annotated(TablesCalled({{"default", "A"}}), {{"casing_mode", "ANNOTATION"}});
  EXPECT_EQ(Reached(annotated, {"default", "a@schemaCase=upper&tableCase=upper"}), "default.A");
  auto request = Base<ListTablesRequest>(*annotated.engine);
  request.schema_name = "DEFAULT";
  EXPECT_THAT(annotated.engine->Expect<ListTablesResponse>(request).ValueOrDie().tables, ElementsAre(TableName{"default", "a"}));
}

TEST(Casing, AWrongModeIsAnErrorByName) {
  const Status wrong = DoorOptions::FromEnvironment({{"casing_mode", "bogus"}}).status();
  EXPECT_EQ(wrong.code(), StatusCode::kInvalid);
  EXPECT_THAT(wrong.message(), HasSubstr("casing_mode = 'bogus': expected NONE, LOWER, UPPER, CASE_INSENSITIVE_SEARCH or ANNOTATION"));
}

TEST(Casing, WhatANameHidesIsLoggedOnceForATable) {
  TestDoor door(TablesCalled({{"s", "orders"}, {"s", "Orders"}, {"s", "other"}}));
  ASSERT_TRUE(door.engine->Table({"s", "orders"}).ok());
  EXPECT_THAT(door.log.warnings, ElementsAre("s.orders: table 'Orders' differs from 'orders' in case only and is hidden by it"));
  ASSERT_TRUE(door.engine->Table({"s", "orders"}).ok());
  ASSERT_TRUE(door.engine->Table({"s", "other"}).ok());
  EXPECT_THAT(door.log.warnings, SizeIs(1));
}

TEST(Casing, TheLookForHiddenNamesHoldsNoAnswerUp) {
  const auto bent = std::make_shared<BentConnector>(TablesCalled({{"s", "orders"}, {"s", "Orders"}}));
  int listed = 0;
  bent->change_table = [](TableInfo* info) { info->properties.erase(kHiddenByCase); };  // a connector that does not look
  bent->refuse_list = [&] { return ++listed <= 3 ? Status::Throttled("slow down") : Status::OK(); };
  CallContext seen;
  bent->on_call = [&](const CallContext& ctx) { seen = ctx; };
  TestDoor door(bent);
  ASSERT_TRUE(door.engine->Table({"s", "orders"}).ok());
  EXPECT_EQ(listed, 1);
  EXPECT_THAT(door.waits(), IsEmpty());
  EXPECT_THAT(door.log.warnings, IsEmpty());
  EXPECT_LE(seen.deadline, std::chrono::steady_clock::now() + kHiddenLookTime);
  bent->refuse_list = nullptr;
  ASSERT_TRUE(door.engine->Table({"s", "orders"}).ok());  // it looks again
  EXPECT_THAT(door.log.warnings, SizeIs(1));
}

// Two tables whose names differ in case only, and one more.
class TwinSource final : public FederatedSource {
 public:
  std::string type_name() const override { return "twins"; }
  Result<std::vector<TableName>> Tables(const CallContext&) override { return std::vector<TableName>{{"s", "Orders"}, {"s", "orders"}, {"s", "other"}}; }
  Result<TableInfo> Table(const CallContext&, const TableName& name) override {
    TableInfo info;
    info.name = name;
    info.schema = Schema{{{"id", Type::Int64()}}};
    return info;
  }
  Status Read(const CallContext&, const ScanRequest&, const SourceSplit&, RowWriter&) override { return Status::OK(); }
};

TEST(Casing, ConnectorsTellEveryDoorWhatANameHides) {
  for (const auto& connector : {TablesCalled({{"s", "orders"}, {"s", "Orders"}, {"s", "other"}}), MakeFederatedConnector(std::make_shared<TwinSource>())}) {
    EXPECT_THAT(connector->GetTable({}, {"s", "orders"}).ValueOrDie().properties, Contains(Pair(kHiddenByCase, "Orders")));
    EXPECT_THAT(connector->GetTable({}, {"s", "Orders"}).ValueOrDie().properties, Contains(Pair(kHiddenByCase, "orders")));
    EXPECT_EQ(connector->GetTable({}, {"s", "other"}).ValueOrDie().properties.count(kHiddenByCase), 0u);
  }
}

TEST(Casing, AConnectorThatTellsWhatANameHidesIsNotAskedForItsList) {
  const auto bent = std::make_shared<BentConnector>(TablesCalled({{"s", "orders"}}));
  int listed = 0;
  bent->refuse_list = [&] {
    ++listed;
    return Status::OK();
  };
  bent->change_table = [](TableInfo* info) { info->properties[kHiddenByCase] = "ORDERS"; };
  TestDoor door(bent);
  ASSERT_TRUE(door.engine->Table({"s", "orders"}).ok());
  ASSERT_TRUE(door.engine->Table({"s", "orders"}).ok());
  EXPECT_EQ(listed, 0);
  EXPECT_THAT(door.log.warnings, ElementsAre("s.orders: table 'ORDERS' differs from 'orders' in case only and is hidden by it"));
}

TEST(Casing, NamesThatBecomeOneInAListAreLogged) {
  TestDoor door(TablesCalled({{"s", "orders"}, {"s", "Orders"}, {"S", "t"}}));
  EXPECT_THAT(door.engine->Expect<ListSchemasResponse>(Base<ListSchemasRequest>(*door.engine)).ValueOrDie().schemas, ElementsAre("s"));
  ASSERT_THAT(door.log.warnings, SizeIs(1));
  EXPECT_THAT(door.log.warnings[0], HasSubstr("Athena sees one schema 's'"));
  auto request = Base<ListTablesRequest>(*door.engine);
  request.schema_name = "s";
  request.page_size = -1;
  EXPECT_THAT(door.engine->Expect<ListTablesResponse>(request).ValueOrDie().tables, ElementsAre(TableName{"s", "orders"}));
  ASSERT_THAT(door.log.warnings, SizeIs(2));
  EXPECT_THAT(door.log.warnings[1], AllOf(StartsWith("s.orders: "), HasSubstr("Athena sees one table 's.orders'")));
}

TEST(MetadataHandler, ATableShowsItsHiddenColumnsAfterItsOwnWithComments) {
  TestDoor door(SampleConnector());
  const GetTableResponse table = door.engine->Table({"default", "ORDERS"}).ValueOrDie();
  EXPECT_EQ(table.table, (TableName{"default", "ORDERS"}));  // as it was asked for
  std::vector<std::string> names;
  for (const WireField& field : table.schema.fields) names.push_back(field.name);
  EXPECT_THAT(names, ElementsAre("id", "customer", "qty", "price", "ordered", "_partition_id", "_partition_offset"));
  EXPECT_THAT(table.partition_columns, ElementsAre("_partition_id"));
  EXPECT_THAT(table.schema.metadata, AllOf(Contains(Pair("_partition_id", HasSubstr("of its source"))), Contains(Pair("x-source-table", "orders")),
                                           Contains(Pair("x-source-schema", "default"))));
  EXPECT_EQ(SourceField(table.schema.fields[4]).ValueOrDie()->type, Type::Timestamp(TimeUnit::kMilli, false));
  EXPECT_EQ(door.engine->Table({"default", "ordres"}).status().code(), StatusCode::kNotFound);
}

TEST(MetadataHandler, NamesAreLowerCaseForAthenaAndTheSourcesOwnForTheSource) {
  auto store = memory::MemoryStore::Make();
  memory::MemoryTable mixed{{"Default", "MixedCase"}, Schema{{{"OrderId", Type::Int64(), {{"mapping", "x"}}}, {"_PARTITION_ID", Type::String()}}}, {{}}};
  BatchBuilder builder(std::make_shared<const Schema>(mixed.schema));
  builder.column(0).AppendInt64(7);
  builder.column(1).AppendBytes("own");
  mixed.partitions[0].push_back(builder.Finish(1));
  ASSERT_TRUE(store->AddTable(std::move(mixed)).ok());
  TestDoor door(store->connector());
  EXPECT_THAT(door.engine->Expect<ListSchemasResponse>(Base<ListSchemasRequest>(*door.engine)).ValueOrDie().schemas, ElementsAre("default"));
  const GetTableResponse table = door.engine->Table({"default", "mixedcase"}).ValueOrDie();
  ASSERT_THAT(table.schema.fields, SizeIs(3));  // the table's own column hides the hidden one of that name
  EXPECT_EQ(table.schema.fields[0].name, "orderid");
  EXPECT_EQ(SourceField(table.schema.fields[0]).ValueOrDie(), (Field{"OrderId", Type::Int64(), {{"mapping", "x"}}}));
  EXPECT_EQ(table.schema.fields[1].name, "_partition_id");
  EXPECT_THAT(table.schema.metadata, AllOf(Contains(Pair("x-source-table", "MixedCase")), Contains(Pair("x-source-schema", "Default"))));
  const EngineAnswer answer = door.engine->Run({{"default", "mixedcase"}, std::vector<std::string>{"_partition_id", "orderid"}}).ValueOrDie();
  EXPECT_THAT(answer.rows, ElementsAre(AllOf(HasSubstr("'own'"), HasSubstr("orderid="))));
}

TEST(MetadataHandler, Check30APartitionColumnOfATypeThatAthenaRefusesIsAnErrorThatNamesIt) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  for (const char* name : {"flag", "medium", "id", "real8", "price", "name", "ubig"}) {  // BOOLEAN, INTEGER, BIGINT, DOUBLE, DECIMAL, VARCHAR
    bent->change_table = [&](TableInfo* table) { table->partition_columns = {name}; };
    EXPECT_THAT(door.engine->Table(kTypes).ValueOrDie().partition_columns, ElementsAre(name));
  }
  for (const char* name : {"tiny", "small", "real4", "raw", "day", "at_ms", "at_us", "tags", "place", "attributes"}) {
    bent->change_table = [&](TableInfo* table) { table->partition_columns = {name}; };
    const Status refused = door.engine->Table(kTypes).status();
    EXPECT_EQ(refused.code(), StatusCode::kInvalid) << name;
    EXPECT_THAT(refused.message(), HasSubstr("partition column '" + std::string(name) + "'"));
  }
}

TEST(MetadataHandler, AColumnThatAthenaCannotHoldIsNamed) {
  TestDoor door(memory::MakeSampleData()->connector());
  const Status refused = door.engine->Table(kTypes).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("clock"));
}

TEST(MetadataHandler, Check27TheCapabilitiesAreThoseOfTheDoor) {
  TestDoor door(SampleConnector());
  const auto answer = door.engine->Expect<GetDataSourceCapabilitiesResponse>(Base<GetDataSourceCapabilitiesRequest>(*door.engine)).ValueOrDie();
  std::map<std::string, std::vector<std::string>> found;
  for (const auto& [name, capabilities] : answer.capabilities) {
    for (const Capability& capability : capabilities) {
      found[name].push_back(capability.sub_type);
      if (name == "supports_complex_expression_pushdown") {
        EXPECT_THAT(capability.properties, AllOf(Contains("$and"), Contains("$like_pattern"), Contains("$in"), ::testing::Not(Contains("$add"))));
      }
    }
  }
  EXPECT_THAT(found["supports_filter_pushdown"], ElementsAre("sorted_range_set", "equatable_range_set", "all_or_none_value_set", "nullable_comparison"));
  EXPECT_THAT(found["supports_complex_expression_pushdown"], ElementsAre("supported_function_expression_types"));
  EXPECT_THAT(found["supports_limit_pushdown"], ElementsAre("integer_constant"));
  EXPECT_EQ(found.size(), 3u);  // no top-N: nothing sorts
}

TEST(MetadataHandler, Check7And28PassthroughWithoutAFunctionIsNotSupportedAndSaysSo) {
  TestDoor door(SampleConnector());
  const std::vector<std::pair<std::string, std::string>> passthrough = {{"schemaFunctionName", "SYSTEM.QUERY"}, {"QUERY", "select 1"}};
  auto table = Base<GetTableRequest>(*door.engine);
  table.table = kOrders;
  table.passthrough = passthrough;
  EXPECT_THAT(FunctionErrorOf(door.engine->Ask(table).status()).message, StartsWith("OperationNotSupportedException"));
  EngineQuery query{kOrders};
  query.constraints.passthrough = passthrough;
  EXPECT_EQ(door.engine->Run(query).status().code(), StatusCode::kNotImplemented);
}

// ---- Layout.

TEST(MetadataHandler, Check30TheSnapshotTravelsInEveryRowAndOnlyPartitionColumnsArePruned) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  auto request = Base<GetTableLayoutRequest>(*door.engine);
  request.table = kOrders;
  request.schema = table.schema;
  request.partition_columns = {"_partition_id"};
  const auto layout = door.engine->Expect<GetTableLayoutResponse>(request).ValueOrDie();
  EXPECT_EQ(bent->prepared, 1);
  std::vector<std::string> names;
  for (const WireField& field : layout.partitions.schema.fields) names.push_back(field.name);
  EXPECT_THAT(names, ElementsAre("_partition_id", "x_snapshot", "x_partition", "x_table"));
  ASSERT_EQ(layout.partitions.rows.num_rows(), 3);
  for (int64_t row = 0; row < 3; ++row) {
    EXPECT_EQ(layout.partitions.rows.column(0).values<int64_t>()[static_cast<size_t>(row)], row);
    EXPECT_EQ(layout.partitions.rows.column(1).Text(row), "i:40,40,40");
  }
  request.constraints =
      ToWireConstraints({{{"_partition_id", ValueSet::Listed({Scalar(int64_t{1})})}, {"id", ValueSet::Listed({Scalar(int64_t{3})})}}, {}}, table.schema)
          .ValueOrDie();
  EXPECT_EQ(door.engine->Expect<GetTableLayoutResponse>(request).ValueOrDie().partitions.rows.num_rows(), 1);
  request.partition_columns.clear();  // an engine that does not care for them: the rows still say all
  request.constraints = {};
  EXPECT_EQ(door.engine->Expect<GetTableLayoutResponse>(request).ValueOrDie().partitions.schema.fields.size(), 3u);
  request.partition_columns = {"customer"};
  EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kInvalid);
}

TEST(MetadataHandler, AFilterThatTheLayoutWasNotToldOfLeavesOutNoSplit) {
  TestDoor door(SampleConnector());
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  auto layout = Base<GetTableLayoutRequest>(*door.engine);
  layout.table = kOrders;
  layout.schema = table.schema;
  layout.partition_columns = table.partition_columns;
  auto request = Base<GetSplitsRequest>(*door.engine);
  request.table = kOrders;
  request.partitions = door.engine->Expect<GetTableLayoutResponse>(layout).ValueOrDie().partitions;
  request.partition_columns = table.partition_columns;
  const Expression qty{Expression::Kind::kColumn, Type::Int32(), {}, "qty", {}}, three{Expression::Kind::kConstant, Type::Int32(), int64_t{3}, "", {}};
  const Constraints filter{{{"id", ValueSet::Listed({Scalar(int64_t{3})})}},
                           {Expression{Expression::Kind::kCall, Type::Bool(), {}, "less_than", {qty, three}}}};
  request.constraints = ToWireConstraints(filter, table.schema).ValueOrDie();
  request.constraints.limit = 1;
  const Result<GetSplitsResponse> answer = door.engine->Expect<GetSplitsResponse>(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->splits, SizeIs(3));
}

TEST(MetadataHandler, WhatArrivesAfterThePlanIsNotInItsAnswer) {
  const auto store = memory::MakeAthenaSampleData();
  const auto bent = std::make_shared<BentConnector>(store->connector());
  TestDoor door(bent);
  const EngineQuery query{kOrders};
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  EngineAnswer answer;
  bent->change_splits = [&](SplitPage*) {  // while splits are being planned
    BatchBuilder builder(std::make_shared<const Schema>(bent->GetTable(CallContext(), kOrders).ValueOrDie().schema));
    builder.column(0).AppendInt64(999);
    for (size_t c = 1; c < builder.num_columns(); ++c) builder.column(c).AppendNull();
    LOTIC_CHECK(store->Append(kOrders, 1, builder.Finish(1)).ok());
  };
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  size_t rows = 0;
  for (const WireSplit& split : splits) {
    const auto blocks = door.engine->Blocks(door.engine->Ask(door.engine->ReadRequest(query, table, split)).ValueOrDie(), split, &answer).ValueOrDie();
    for (const Block& block : blocks) rows += static_cast<size_t>(block.rows.num_rows());
  }
  EXPECT_EQ(rows, 120u);
  EXPECT_EQ(bent->prepared, 1);
}

TEST(MetadataHandler, ASplitWithoutItsSnapshotIsAnErrorAndNotANewPlan) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  TestDoor door(bent);
  const GetTableResponse table = door.engine->Table(kOrders).ValueOrDie();
  auto layout_request = Base<GetTableLayoutRequest>(*door.engine);
  layout_request.table = kOrders;
  layout_request.schema = table.schema;
  layout_request.partition_columns = table.partition_columns;
  const auto layout = door.engine->Expect<GetTableLayoutResponse>(layout_request).ValueOrDie();
  auto request = Base<GetSplitsRequest>(*door.engine);
  request.table = kOrders;
  request.partition_columns = table.partition_columns;
  const std::vector<size_t> first = {0};
  request.partitions = {{{layout.partitions.schema.fields[0]}}, layout.partitions.rows.Select(first)};
  Status status = door.engine->Ask(request).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("x_snapshot"));

  EngineAnswer answer;
  EngineQuery query{kOrders};
  std::vector<WireSplit> splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  for (const char* property : {"x_snapshot", "x_split", "x_table"}) {
    WireSplit split = splits[0];
    std::erase_if(split.properties, [&](const auto& entry) { return entry.first == property; });
    status = door.engine->Ask(door.engine->ReadRequest(query, table, split)).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_THAT(status.message(), HasSubstr(property));
  }
  EXPECT_EQ(bent->prepared, 2);  // the two layouts
}

// ---- Splits.

TEST(MetadataHandler, HundredThousandSplitsShareNoKeyNonceAndNoObjectAndAgreeOnOneSnapshot) {
  TestDoor door(MakeIndexedConnector(std::make_shared<LongSource>(100'000)));
  const EngineQuery query{{"default", "long"}};
  const GetTableResponse table = door.engine->Table(query.table).ValueOrDie();
  EngineAnswer answer;
  const Result<std::vector<WireSplit>> splits = door.engine->Splits(query, table, &answer);
  ASSERT_TRUE(splits.ok()) << splits.status();
  ASSERT_THAT(*splits, SizeIs(100'000));
  EXPECT_GT(answer.split_pages, 10u);
  std::set<std::string> pairs, places, pieces, snapshots;
  for (const WireSplit& split : *splits) {
    ASSERT_EQ(split.encryption_key->key.size(), 32u);
    ASSERT_EQ(split.encryption_key->nonce.size(), 12u);
    pairs.insert(split.encryption_key->key + split.encryption_key->nonce);
    places.insert(split.spill_location->bucket + "/" + split.spill_location->key);
    for (const auto& [name, value] : split.properties) (name == "x_split" ? pieces : snapshots).insert(name + "=" + value);
  }
  EXPECT_THAT(pairs, SizeIs(100'000));
  EXPECT_THAT(places, SizeIs(100'000));
  EXPECT_THAT(pieces, SizeIs(100'000));
  EXPECT_THAT(snapshots, SizeIs(2));  // one x_snapshot, one x_table
}

// A connector whose rows each have a token of their own.
class TokenConnector final : public Connector, public PartitionTokens {
 public:
  explicit TokenConnector(std::shared_ptr<Connector> inner) : inner_(std::move(inner)) {}
  std::string type_name() const override { return inner_->type_name(); }
  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override { return inner_->ListSchemas(ctx); }
  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    return inner_->ListTables(ctx, schema, page);
  }
  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override { return inner_->GetTable(ctx, name); }
  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override { return inner_->Prepare(ctx, request); }
  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    for (const LayoutPartition& partition : partitions) {
      if (!request.token.ends_with("," + std::to_string(std::get<int64_t>(partition.values[0]))))
        return Status::Invalid("token ", request.token, " of another partition");
    }
    ScanRequest whole = request;
    whole.token = "i:" + request.token.substr(0, request.token.rfind(','));
    return inner_->Splits(ctx, whole, partitions, page);
  }
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    ScanRequest whole = request;
    whole.token = "i:" + request.token.substr(0, request.token.rfind(','));
    return inner_->Open(ctx, whole, splits);
  }
  Result<std::vector<std::string>> TokensOf(const std::string& token, std::span<const LayoutPartition> partitions) override {
    std::vector<std::string> tokens;
    for (const LayoutPartition& partition : partitions) tokens.push_back(token.substr(2) + "," + std::to_string(std::get<int64_t>(partition.values[0])));
    return tokens;
  }

 private:
  const std::shared_ptr<Connector> inner_;
};

TEST(MetadataHandler, ARowCarriesOnlyItsOwnPartOfTheSnapshotWhereTheConnectorHasParts) {
  const auto plain = memory::MakeSampleData()->connector();
  const TableName numbers{"default", "numbers"};
  const auto expected = Expected(ReadDirectly(*plain, numbers).ValueOrDie(), {}, std::nullopt).ValueOrDie();
  ASSERT_THAT(expected, SizeIs(10'000));
  TestDoor door(std::make_shared<TokenConnector>(plain));
  for (const size_t batch : {1, 3, 100}) {
    const Result<EngineAnswer> answer = door.engine->Run({numbers, std::nullopt, {}, 16'000'000, 5'242'880, batch});
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->rows, expected);
    EXPECT_THAT(answer->splits[2].properties, Contains(Pair("x_snapshot", "2500,2500,2500,2500,2")));
  }
}

TEST(MetadataHandler, Check32PagesGoOnThroughEmptyOnesAndRefuseAnotherSnapshot) {
  const auto bent = std::make_shared<BentConnector>(MakeIndexedConnector(std::make_shared<LongSource>(3000)));
  TestDoor door(bent);
  const EngineQuery query{{"default", "long"}};
  const GetTableResponse table = door.engine->Table(query.table).ValueOrDie();
  int pages = 0;
  bent->change_splits = [&](SplitPage* page) {
    if (pages++ % 2 == 0) page->splits.clear();  // a page may be empty and still not be the last
  };
  EngineAnswer answer;
  const auto splits = door.engine->Splits(query, table, &answer).ValueOrDie();
  EXPECT_GT(pages, 2);
  EXPECT_GT(splits.size(), 0u);
  EXPECT_LT(splits.size(), 3000u);

  auto layout_request = Base<GetTableLayoutRequest>(*door.engine);
  layout_request.table = query.table;
  layout_request.schema = table.schema;
  auto request = Base<GetSplitsRequest>(*door.engine);
  request.table = query.table;
  request.partitions = door.engine->Expect<GetTableLayoutResponse>(layout_request).ValueOrDie().partitions;
  request.continuation_token = R"({"row":0,"page":"5","snapshot":"i:7"})";
  EXPECT_THAT(door.engine->Ask(request).status().message(), HasSubstr("belongs to snapshot i:7"));
  for (const char* token : {"", "5", "{}", R"({"row":-1,"page":"5","snapshot":"i:30000000"})", R"({"row":1,"page":"5","snapshot":"i:30000000"})"}) {
    request.continuation_token = token;
    EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kInvalid) << token;
  }
}

TEST(MetadataHandler, Check33SpillPlacesFollowPrefixQueryIdAndTheRequestsOptions) {
  const auto key_of = [](Environment environment, std::map<std::string, std::string> options) {
    TestDoor door(SampleConnector(), std::move(environment));
    door.engine->identity.config_options = std::move(options);
    EngineAnswer answer;
    const auto splits = door.engine->Splits({kOrders}, door.engine->Table(kOrders).ValueOrDie(), &answer).ValueOrDie();
    EXPECT_TRUE(splits[0].spill_location->directory);
    EXPECT_EQ(splits[0].spill_location->bucket, splits[1].spill_location->bucket);
    EXPECT_NE(splits[0].spill_location->key, splits[1].spill_location->key);
    return splits[0].spill_location->bucket + "|" + splits[0].spill_location->key;
  };
  const std::string uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
  const auto is = [&](const std::string& start) { return ::testing::ContainsRegex("^" + start + uuid + "$"); };
  EXPECT_THAT(key_of({}, {}), is("bucket\\|athena-federation-spill/query-1/"));
  EXPECT_THAT(key_of({{"spill_prefix", "my/prefix"}}, {}), is("bucket\\|my/prefix/query-1/"));
  EXPECT_THAT(key_of({{"spill_prefix", "managed/query-1"}}, {}), is("bucket\\|managed/query-1/"));
  EXPECT_THAT(key_of({}, {{"spill_bucket", "other"}, {"spill_prefix", "p"}}), is("other\\|p/query-1/"));
  EXPECT_THAT(key_of({}, {{"spill_bucket", "  "}, {"spill_prefix", ""}}), is("bucket\\|athena-federation-spill/query-1/"));
}

TEST(MetadataHandler, ARequestCannotChooseADirectoryOfThisMachine) {
  TestDoor door(SampleConnector());
  door.engine->identity.config_options = {{"spill_bucket", "file:///etc"}};
  EXPECT_EQ(door.engine->Run({kOrders}).status().code(), StatusCode::kUnauthorized);
}

TEST(MetadataHandler, Check31WithoutEncryptionASplitHasNoKey) {
  TestDoor door(SampleConnector(), {{"disable_spill_encryption", "True"}});
  EngineAnswer answer;
  for (const WireSplit& split : door.engine->Splits({kOrders}, door.engine->Table(kOrders).ValueOrDie(), &answer).ValueOrDie()) {
    EXPECT_EQ(split.encryption_key, std::nullopt);
    EXPECT_TRUE(split.spill_location->directory);
  }
}

TEST(MetadataHandler, Check34ABucketThatIsRefusedOrMissingStaysSoAndOtherFailuresAreTriedAgain) {
  const auto ask = [](TestDoor& door) {
    EngineAnswer answer;
    return door.engine->Splits({kOrders}, door.engine->Table(kOrders).ValueOrDie(), &answer).status();
  };
  for (const Status& refusal : {Status::NotFound("HTTP 404"), Status::Unauthorized("HTTP 403")}) {
    TestDoor door(SampleConnector());
    door.store->check = [&](const std::string& bucket) { return bucket == "bucket" ? refusal : Status::UnknownError("another bucket"); };
    EXPECT_EQ(ask(door).code(), StatusCode::kInvalid);
    EXPECT_EQ(ask(door).code(), StatusCode::kInvalid);
    EXPECT_EQ(door.store->checks, 1);
  }
  const auto service = std::make_shared<aws::AwsError>();
  service->kind = aws::AwsErrorKind::kTransient;
  const std::pair<Status, StatusCode> failures[] = {{Status::IOError("HTTP 500").WithDetail(service), StatusCode::kUnauthorized},
                                                    {Status::IOError("no connection"), StatusCode::kIOError}};
  for (const auto& [failure, code] : failures) {
    TestDoor door(SampleConnector());
    bool fails = true;
    door.store->check = [&](const std::string&) { return fails ? failure : Status::OK(); };
    EXPECT_EQ(ask(door).code(), code);
    fails = false;
    EXPECT_TRUE(ask(door).ok());
    EXPECT_TRUE(ask(door).ok());
    EXPECT_EQ(door.store->checks, 2);
  }
  // What the engine tries again stays what it is: to call it refused would end the query.
  for (const Status& passing : {Status::DeadlineExceeded("the time limit has passed"), Status::Cancelled("stopped"), Status::Throttled("SlowDown")}) {
    TestDoor door(SampleConnector());
    door.engine->ctx.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    bool fails = true;
    door.store->check = [&](const std::string&) { return fails ? passing : Status::OK(); };
    const Status told = ask(door);
    EXPECT_EQ(told.code(), passing.code()) << told;
    EXPECT_THAT(told.message(), AllOf(HasSubstr("spill_bucket bucket"), HasSubstr(passing.message())));
    fails = false;
    door.engine->ctx.deadline = std::chrono::steady_clock::time_point::max();
    EXPECT_TRUE(ask(door).ok());
  }
  TestDoor busy(SampleConnector());
  int refusals = 2;
  busy.store->check = [&](const std::string&) { return refusals-- > 0 ? Status::Throttled("SlowDown") : Status::OK(); };
  EXPECT_TRUE(ask(busy).ok());
  EXPECT_EQ(busy.store->checks, 3);
  EXPECT_THAT(busy.waits(), ElementsAre(10, 20));
  TestDoor other(SampleConnector());
  other.store->check = [](const std::string&) { return Status::OK(); };
  other.engine->identity.config_options = {{"spill_bucket", "elsewhere"}};
  EXPECT_TRUE(ask(other).ok());
  EXPECT_EQ(other.store->checks, 1);  // the configured one is looked at, not the request's
}

// ---- Who asks, and what the environment says.

TEST(MetadataHandler, IdentityAndOptionsReachTheConnector) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  CallContext seen;
  bent->on_get_table = [&](const CallContext& ctx) { seen = ctx; };
  TestDoor door(bent);
  door.engine->identity.config_options = {{"option", "value"}, {"fas_token", "secret"}};
  ASSERT_TRUE(door.engine->Table(kOrders).ok());
  EXPECT_EQ(seen.identity.principal, "arn:aws:iam::111122223333:user/eve");
  EXPECT_EQ(seen.identity.account, "111122223333");
  EXPECT_EQ(seen.identity.query_id, "query-1");
  EXPECT_THAT(seen.identity.attributes, ElementsAre(Pair("team", "x")));
  EXPECT_THAT(seen.identity.groups, ElementsAre("g1", "g2"));
  EXPECT_THAT(seen.credentials, ::testing::UnorderedElementsAre(Pair("option", "value"), Pair("fas_token", "secret")));
  door.engine->identity.tags.emplace_back("groups", "a tag of that name");
  ASSERT_TRUE(door.engine->Table(kOrders).ok());
  EXPECT_EQ(seen.identity.attributes["groups"], "a tag of that name");
  EXPECT_THAT(seen.identity.groups, ElementsAre("g1", "g2"));
  door.engine->identity.config_options["service_kms_key_id"] = "key";  // with the token: act as the caller
  EXPECT_EQ(door.engine->Table(kOrders).status().code(), StatusCode::kNotImplemented);
}

TEST(MetadataHandler, TheQueryIdIsInEveryCallOfAQuery) {
  const auto bent = std::make_shared<BentConnector>(SampleConnector());
  std::vector<std::string> seen;
  bent->on_call = [&](const CallContext& ctx) { seen.push_back(ctx.identity.query_id); };
  TestDoor door(bent);
  ASSERT_TRUE(door.engine->Expect<ListTablesResponse>(Base<ListTablesRequest>(*door.engine)).ok());
  ASSERT_TRUE(door.engine->Run({kOrders}).ok());
  EXPECT_GT(seen.size(), 8u);  // schemas, tables, table (twice), plan, splits, three readers
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), std::set<std::string>{"query-1"});
}

TEST(DoorOptions, NamesTheVariableThatDoesNotFit) {
  EXPECT_EQ(DoorOptions::FromEnvironment({{"kms_key_id", "alias/key"}}).status().code(), StatusCode::kNotImplemented);
  for (const Environment& broken : {Environment{{"MAX_BLOCK_SIZE_BYTES", "many"}}, Environment{{"MAX_BLOCK_SIZE_BYTES", "0"}},
                                    Environment{{"SPILL_QUEUE_CAPACITY", "-1"}}, Environment{{"spill_queue_capacity", "1e3"}}}) {
    const Status refused = DoorOptions::FromEnvironment(broken).status();
    EXPECT_EQ(refused.code(), StatusCode::kInvalid);
    EXPECT_THAT(refused.message(), HasSubstr(broken.begin()->first));
  }
}

TEST(DoorOptions, Check38HeadersOfSpilledObjectsAreAJsonObjectOrAnError) {
  const DoorOptions options =
      DoorOptions::FromEnvironment({{"spill_put_request_headers", R"({"x-amz-server-side-encryption": "aws:kms", "x-b": "c"})"}}).ValueOrDie();
  EXPECT_THAT(options.spill_headers, ElementsAre(Pair("x-amz-server-side-encryption", "aws:kms"), Pair("x-b", "c")));
  for (const char* text : {"{", "[]", R"({"a": 1})", "x"}) {
    EXPECT_EQ(DoorOptions::FromEnvironment({{"spill_put_request_headers", text}}).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(FunctionHandler, Check45AFunctionOfTheUserIsCalledAndAMissingOneIsAnError) {
  const auto functions = std::make_shared<UdfRegistry>();
  ASSERT_TRUE(functions->Add("twice", [](int32_t value) { return value * 2; }).ok());
  TestDoor door(SampleConnector(), {}, functions);
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"0", Type::Int32()}}}));
  builder.column(0).AppendInt64(21);
  builder.column(0).AppendNull();
  UserDefinedFunctionRequest request;
  request.identity = door.engine->identity;
  const WireType int32{.kind = WireKind::kInt, .bit_width = 32};
  request.input = {{{{"0", true, int32}}}, builder.Finish(2)};
  request.output_schema = {{{"result", true, int32}}};
  request.method_name = "twice";
  const auto answer = door.engine->Expect<UserDefinedFunctionResponse>(request).ValueOrDie();
  EXPECT_EQ(answer.method_name, "twice");
  ASSERT_EQ(answer.records.rows.num_rows(), 2);
  EXPECT_EQ(answer.records.rows.column(0).values<int32_t>()[0], 42);
  EXPECT_TRUE(answer.records.rows.column(0).IsNull(1));
  request.method_name = "thrice";
  EXPECT_EQ(door.engine->Ask(request).status().code(), StatusCode::kNotImplemented);
  TestDoor without(SampleConnector());
  EXPECT_EQ(without.engine->Ask(request).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace lotic::athena
