// SPDX-License-Identifier: Apache-2.0
#include "athena/passthrough.h"

#include <gmock/gmock.h>

#include "athena/metadata_handler.h"
#include "athena/test_door.h"
#include "athena/test_query_connector.h"
#include "athena_protocol/message_json.h"
#include "connector/memory/memory_connector.h"

// Queries of the source's own language through the door.

namespace lotic::athena {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Texts = std::vector<std::pair<std::string, std::string>>;

const TableName kQuery{"system", "query"};  // Athena's name for the result
const Texts kAllOrders = {{"schemaFunctionName", "system.QUERY"}, {"QUERY", "all of orders"}};

EngineQuery Passed(Texts arguments) {
  EngineQuery query{kQuery};
  query.constraints.passthrough = std::move(arguments);
  return query;
}

TEST(Passthrough, AQueryGivesTheRowsOfTheSourceInlineAndSpilledFilteredAndLimited) {
  const auto connector = std::make_shared<QueryConnector>();
  const auto memory = memory::MakeAthenaSampleData()->connector();
  const auto direct = ReadDirectly(*memory, {"default", "orders"}).ValueOrDie();
  TestDoor door(connector);
  const GetTableResponse table = door.engine->Table(kQuery, kAllOrders).ValueOrDie();
  EXPECT_EQ(table.table, kQuery);
  EXPECT_TRUE(table.partition_columns.empty());
  EXPECT_EQ(door.engine->Run(Passed(kAllOrders)).ValueOrDie().rows, Expected(direct, {}, std::nullopt).ValueOrDie());
  EngineQuery spilled = Passed(kAllOrders);
  spilled.max_inline_block_size = 1;
  spilled.max_block_size = 1000;
  const EngineAnswer answer = door.engine->Run(spilled).ValueOrDie();
  EXPECT_GT(answer.spilled_splits, 0u);
  EXPECT_EQ(answer.rows, Expected(direct, {}, std::nullopt).ValueOrDie());
  const Constraints some{{{"qty", ValueSet::Range({Scalar(int64_t{20}), false, std::nullopt, true})}}, {}};
  EngineQuery filtered = Passed(kAllOrders);
  filtered.constraints = ToWireConstraints(some, table.schema).ValueOrDie();
  filtered.constraints.passthrough = kAllOrders;
  filtered.columns = {{"id", "qty"}};
  EXPECT_EQ(door.engine->Run(filtered).ValueOrDie().rows, Expected(direct, some, filtered.columns).ValueOrDie());
  EngineQuery limited = Passed(kAllOrders);
  limited.constraints.limit = 3;
  for (const size_t rows : door.engine->Run(limited).ValueOrDie().rows_by_split) EXPECT_EQ(rows, 3u);
}

TEST(Passthrough, OptionalArgumentsReachTheSourceAndEmptyOnesDoNot) {
  const auto connector = std::make_shared<QueryConnector>();
  TestDoor door(connector);
  Texts arguments = kAllOrders;
  arguments.emplace_back("WITHOUT", "qty");
  EXPECT_FALSE(door.engine->Table(kQuery, arguments)->schema.IndexOf("qty"));
  EXPECT_EQ(door.engine->Run(Passed(arguments)).ValueOrDie().schema.fields.size() + 1, door.engine->Table(kQuery, kAllOrders)->schema.fields.size());
  arguments.back().second = "";
  EXPECT_TRUE(door.engine->Table(kQuery, arguments)->schema.IndexOf("qty"));
  EXPECT_TRUE(door.engine->Run(Passed(arguments)).ok());
}

TEST(Passthrough, Check28WhatCannotBeVerifiedIsBadInputAndReachesNoSource) {
  const auto connector = std::make_shared<QueryConnector>();
  TestDoor door(connector);
  const std::pair<Texts, const char*> wrong[] = {
      {{{"QUERY", "all of orders"}}, "lack schemaFunctionName"},
      {{{"schemaFunctionName", "SYSTEM.SCRIPT"}, {"QUERY", "all of orders"}}, "function SYSTEM.SCRIPT is not offered here; expected SYSTEM.QUERY"},
      {{{"schemaFunctionName", "SYSTEM.QUERY"}}, "needs argument \"QUERY\", which is missing or empty"},
      {{{"schemaFunctionName", "SYSTEM.QUERY"}, {"QUERY", ""}}, "needs argument \"QUERY\", which is missing or empty"},
      {{{"schemaFunctionName", "SYSTEM.QUERY"}, {"QUERY", "all of orders"}, {"WITHOUD", "qty"}}, "no argument \"WITHOUD\"; did you mean \"Without\"?"}};
  for (const auto& [arguments, message] : wrong) {
    const Status status = door.engine->Table(kQuery, arguments).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << status;
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
  EXPECT_EQ(connector->described, 0);
  EXPECT_EQ(door.engine->Table(kQuery, {{"schemaFunctionName", "SYSTEM.QUERY"}, {"QUERY", "all of nothing"}}).status().code(), StatusCode::kNotFound);
}

TEST(Passthrough, SplitsAndRowsAreThoseOfTheQueryThatWasPlanned) {
  TestDoor door(std::make_shared<QueryConnector>());
  const GetTableResponse table = door.engine->Table(kQuery, kAllOrders).ValueOrDie();
  EngineAnswer answer;
  const std::vector<WireSplit> splits = door.engine->Splits(Passed(kAllOrders), table, &answer).ValueOrDie();
  ASSERT_FALSE(splits.empty());
  const Texts other = {{"schemaFunctionName", "SYSTEM.QUERY"}, {"QUERY", "all of types"}};
  for (const Texts& changed : {other, Texts()}) {
    const Status status = door.engine->Ask(door.engine->ReadRequest(Passed(changed), table, splits[0])).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_THAT(status.message(), HasSubstr("not those that its table layout was made with"));
  }
  // A filter that comes with the read alone is one on the query's columns.
  EngineQuery filtered = Passed(kAllOrders);
  filtered.columns = {{"id"}};
  filtered.constraints = ToWireConstraints({{{"qty", ValueSet::Listed({Scalar(int64_t{3})})}}, {}}, table.schema).ValueOrDie();
  filtered.constraints.passthrough = kAllOrders;
  size_t rows = 0;
  for (const WireSplit& split : splits) {
    const FederationResponse read = door.engine->Ask(door.engine->ReadRequest(filtered, table, split)).ValueOrDie();
    rows += static_cast<size_t>(std::get<ReadRecordsResponse>(read).records.rows.num_rows());
  }
  EXPECT_EQ(rows, door.engine->Run(filtered).ValueOrDie().rows.size());
  EXPECT_GT(rows, 0u);
  // A layout of a table is none of a query.
  TestDoor plain(memory::MakeAthenaSampleData()->connector());
  EngineQuery orders{{"default", "orders"}};
  const GetTableResponse described = plain.engine->Table(orders.table).ValueOrDie();
  const std::vector<WireSplit> own = plain.engine->Splits(orders, described, &answer).ValueOrDie();
  orders.constraints.passthrough = kAllOrders;
  EXPECT_EQ(plain.engine->Ask(plain.engine->ReadRequest(orders, described, own[0])).status().code(), StatusCode::kNotImplemented);
}

TEST(Passthrough, Check27TheFunctionIsAdvertisedAsTheOriginalDoesUnlessItIsSwitchedOff) {
  const auto capabilities = [](std::shared_ptr<Connector> connector, bool enabled) {
    ConnectorFunctionParts parts;
    parts.connector = std::move(connector);
    parts.options.enable_query_passthrough = enabled;
    ThrottlingInvoker invoker({}, nullptr);
    GetDataSourceCapabilitiesRequest request;
    request.catalog = "lake";
    return WriteResponse(MetadataHandler(parts, invoker, invoker).GetDataSourceCapabilities(request).ValueOrDie());
  };
  EXPECT_THAT(
      capabilities(std::make_shared<QueryConnector>(), true),
      HasSubstr(R"("SYSTEM.QUERY":[{"subType":"query_passthrough_schema","properties":["system"]},{"subType":"query_passthrough_name","properties":["query"]},)"
                R"({"subType":"query_passthrough_arguments","properties":["QUERY","WITHOUT"]}])"));
  EXPECT_THAT(capabilities(std::make_shared<QueryConnector>(), false), Not(HasSubstr("passthrough")));
  EXPECT_THAT(capabilities(memory::MakeAthenaSampleData()->connector(), true), Not(HasSubstr("passthrough")));
  TestDoor off(std::make_shared<QueryConnector>(), {{"enable_query_passthrough", "false"}});
  EXPECT_EQ(off.engine->Table(kQuery, kAllOrders).status().code(), StatusCode::kNotImplemented);
}

}  // namespace
}  // namespace lotic::athena
