// SPDX-License-Identifier: Apache-2.0
// Both sides of Athena's protocol against each other, in one process: the door serves a connector, the client reads it, and what comes out is a connector again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <random>
#include <set>

#include "athena/connector_function.h"
#include "athena_protocol/function_error.h"
#include "cli/athena/cell_text.h"
#include "cli/athena/connector_diff.h"
#include "cli/athena/table_read.h"
#include "cli/athena/where_text.h"
#include "connector/athena/athena_connector.h"
#include "connector/conformance.h"
#include "connector/memory/memory_connector.h"
#include "tests/athena_door/spill_folder.h"

namespace lotic {
namespace {

CallContext Soon() {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  return ctx;
}

// A function of this process, invoked one call at a time as Lambda does.
class DirectInvoker final : public athena_source::Invoker {
 public:
  explicit DirectInvoker(std::unique_ptr<athena::LambdaFunction> function) : function_(std::move(function)) {}
  Result<athena_source::Invoked> Invoke(const CallContext& ctx, std::string_view payload) override {
    const std::lock_guard lock(mutex_);
    Result<std::string> answer = function_->Invoke(ctx, {payload, "request", "arn:aws:lambda:us-east-1:000000000000:function:memory"});
    if (answer.ok()) return athena_source::Invoked{*std::move(answer), false};
    if (answer.status().IsCancelled()) return answer.status();
    return athena_source::Invoked{athena::WriteFunctionError(athena::FunctionErrorOf(answer.status())), true};
  }
  std::string name() const override { return "memory"; }

 private:
  std::mutex mutex_;  // guards function_
  const std::unique_ptr<athena::LambdaFunction> function_;
};

// The data set of `memory` through door and client. `inline_bytes` 0: everything is spilled.
struct RoundTrip {
  explicit RoundTrip(int64_t inline_bytes = 5'242'880, int64_t block_bytes = 16'000'000,
                     std::shared_ptr<memory::MemoryStore> data = memory::MakeAthenaSampleData())
      : store(std::move(data)) {
    athena::ConnectorFunctionParts parts;
    parts.connector = store->connector();
    parts.options.spill_bucket = "file://" + spill.path();
    parts.log = &athena::InvocationLog::Nowhere();
    auto function = athena::MakeConnectorFunction(std::move(parts));
    EXPECT_TRUE(function.ok()) << function.status();
    athena_source::ClientOptions options;
    options.max_inline_bytes = inline_bytes;
    options.max_block_bytes = block_bytes;
    client = athena_source::FunctionClient::Make(std::make_shared<DirectInvoker>(*std::move(function)), nullptr, athena_source::MakeSpillSource(nullptr, true),
                                                 options)
                 .ValueOrDie();
    connector = athena_source::MakeAthenaConnector(client);
  }
  SpillFolder spill;
  std::shared_ptr<memory::MemoryStore> store;
  std::shared_ptr<athena_source::FunctionClient> client;
  std::shared_ptr<Connector> connector;
};

class RoundTripHarness final : public ConformanceHarness {
 public:
  RoundTripHarness(TableName table, int64_t inline_bytes, int64_t block_bytes) : table_(std::move(table)), trip_(inline_bytes, block_bytes) {}
  Connector& connector() override { return *trip_.connector; }
  TableName table() override { return table_; }
  Status Append(size_t, int) override { return Status::NotImplemented("the table has no snapshots"); }
  Status AddPartition() override { return Status::NotImplemented("the table is not read endlessly"); }

 private:
  const TableName table_;
  RoundTrip trip_;
};

ConformanceCase Case(std::string name, const char* table, int64_t inline_bytes, int64_t block_bytes) {
  return {std::move(name), [=] { return std::make_unique<RoundTripHarness>(TableName{"default", table}, inline_bytes, block_bytes); }};
}

INSTANTIATE_TEST_SUITE_P(ThroughAthena, ConnectorConformance,
                         testing::Values(Case("types_inline", "types", 5'242'880, 16'000'000), Case("orders_inline", "orders", 5'242'880, 16'000'000),
                                         Case("orders_spilled", "orders", 0, 500), Case("types_spilled", "types", 0, 12000)),
                         [](const auto& info) { return info.param.name; });

std::multiset<std::string> Rows(Connector& connector, const std::string& table, const std::string& where, const std::vector<std::string>& columns) {
  std::multiset<std::string> rows;
  cli::TableReadTaker taker;
  taker.rows = [&](const Batch& batch) {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string text;
      for (size_t c = 0; c < batch.num_columns(); ++c) text += cli::CellOf(batch.column(c), row, sql::CellForm::kJson).value_or("null") + "|";
      rows.insert(std::move(text));
    }
    return Status::OK();
  };
  TableCertificate certificate;
  const Status status = cli::ReadTable(Soon(), connector, {{"default", table}, columns, where, {}}, taker, &certificate);
  EXPECT_TRUE(status.ok()) << where << ": " << status;
  EXPECT_TRUE(certificate.complete) << where;
  return rows;
}

TEST(ThroughAthena, RandomConstraintsGiveTheRowsThatLocalFilteringGives) {
  const RoundTrip trip;
  const auto local = trip.store->connector();
  const std::vector<std::string> columns = {"id", "customer", "qty"};
  const auto seed = static_cast<uint32_t>(std::random_device{}());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  size_t rows = 0;
  for (int round = 0; round < 60; ++round) {
    std::string where;
    const int terms = 1 + static_cast<int>(random() % 3);
    for (int term = 0; term < terms; ++term) {
      const std::string column = pick(columns);
      const auto value = [&] { return column == "customer" ? "c" + std::to_string(random() % 12) : std::to_string(static_cast<int>(random() % 140) - 5); };
      std::string text = column;
      switch (random() % 5) {
        case 0: text += random() % 2 == 0 ? " IS NULL" : " IS NOT NULL"; break;
        case 1: text += (random() % 2 == 0 ? " IN (" : " NOT IN (") + value() + ", " + value() + ")"; break;
        default: text += " " + pick({"=", "!=", "<>", "<", "<=", ">", ">="}) + " " + value(); break;
      }
      where += (where.empty() ? "" : random() % 2 == 0 ? ", " : " AND ") + text;
    }
    const auto expected = Rows(*local, "orders", where, columns);
    EXPECT_EQ(Rows(*trip.connector, "orders", where, columns), expected) << where;
    rows += expected.size();
  }
  EXPECT_GT(rows, 0u);
}

TEST(ThroughAthena, ATableEqualsItselfInlineAndSpilled) {
  const RoundTrip inline_trip, spilled_trip(0, 700);
  for (const char* table : {"types", "orders", "empty"}) {
    const auto diff = cli::DiffTables(Soon(), *inline_trip.connector, *spilled_trip.connector, {{"default", table}, {}, "", {}});
    ASSERT_TRUE(diff.ok()) << diff.status();
    EXPECT_TRUE(diff->same) << table << ": " << (diff->differences.empty() ? "" : diff->differences[0].left + " / " + diff->differences[0].right);
    EXPECT_EQ(diff->rows_left, diff->rows_right);
  }
}

TEST(ThroughAthena, ADifferenceIsFoundAndExplained) {
  const auto table = [](const std::vector<int>& numbers, bool tombstone) {
    auto store = memory::MemoryStore::Make();
    const Schema schema{{{"n", Type::Int64()}, {"text", Type::String()}}};
    BatchBuilder builder(std::make_shared<const Schema>(schema));
    for (const int n : numbers) {
      builder.column(0).AppendInt64(n);
      builder.column(1).AppendBytes(n < 0 ? "odd" : "even");
    }
    if (tombstone) builder.column(0).AppendNull(), builder.column(1).AppendNull();
    EXPECT_TRUE(store->AddTable({{"default", "t"}, schema, {{builder.Finish(static_cast<int64_t>(numbers.size()) + (tombstone ? 1 : 0))}}}).ok());
    return store->connector();
  };
  const auto diff = cli::DiffTables(Soon(), *table({1, 2, 2, -3}, true), *table({1, 2, 3}, false), {{"default", "t"}, {}, "", {}}).ValueOrDie();
  EXPECT_FALSE(diff.same);
  std::vector<std::string> reasons;
  for (const cli::Difference& difference : diff.differences) reasons.push_back(difference.reason);
  EXPECT_THAT(reasons, testing::UnorderedElementsAre(testing::HasSubstr("duplicate: 2 times on the left"), testing::HasSubstr("tombstone"), "only on the left",
                                                     "only on the right"));
}

TEST(ThroughAthena, AColumnOfAnotherTypeExplainsTheRowsThatDifferInIt) {
  const auto table = [](bool decimal, int last) {
    auto store = memory::MemoryStore::Make();
    const Schema schema{{{"n", Type::Int64()}, {"price", decimal ? Type::Decimal(8, 2) : Type::Float64()}}};
    BatchBuilder builder(std::make_shared<const Schema>(schema));
    for (const int n : {1, 2, last}) {
      builder.column(0).AppendInt64(n);
      if (decimal) {
        builder.column(1).AppendDecimal(150);
      } else {
        builder.column(1).AppendDouble(1.5);
      }
    }
    EXPECT_TRUE(store->AddTable({{"default", "t"}, schema, {{builder.Finish(3)}}}).ok());
    return store->connector();
  };
  const auto reasons = [](const cli::DiffResult& diff) {
    std::vector<std::string> out;
    for (const cli::Difference& difference : diff.differences) out.push_back(difference.what + ": " + difference.reason);
    return out;
  };
  EXPECT_THAT(reasons(cli::DiffTables(Soon(), *table(true, 3), *table(false, 3), {{"default", "t"}, {}, "", {}}).ValueOrDie()),
              testing::UnorderedElementsAre("schema: type", "row: type: column price", "row: type: column price", "row: type: column price"));
  EXPECT_THAT(reasons(cli::DiffTables(Soon(), *table(true, 3), *table(true, 4), {{"default", "t"}, {}, "", {}}).ValueOrDie()),
              testing::ElementsAre("row: value: column n"));
}

TEST(Where, TakesTheValidatorsGrammarAndSomeSql) {
  const Schema schema{{{"qty", Type::Int32()}, {"name", Type::String()}, {"price", Type::Decimal(8, 2)}, {"at", Type::Timestamp(TimeUnit::kMilli, true)}}};
  const auto parse = [&](const char* text, cli::UnequalNulls nulls = cli::UnequalNulls::kDrop) { return cli::ParseWhere(text, schema, nulls); };
  EXPECT_EQ(parse("qty>=5")->columns.at("qty"), ValueSet::Range({Scalar(int64_t{5}), true, std::nullopt, true}));
  EXPECT_EQ(parse("qty > 5, qty<=9")->columns.at("qty"), ValueSet::Range({Scalar(int64_t{5}), false, Scalar(int64_t{9}), true}));
  EXPECT_EQ(parse("name='it''s, AND'")->columns.at("name"), ValueSet::Listed({Scalar(std::string("it's, AND"))}));
  EXPECT_EQ(parse("name=two words AND QTY=")->columns.at("name"), ValueSet::Listed({Scalar(std::string("two words"))}));
  EXPECT_EQ(parse("qty=")->columns.at("qty"), ValueSet::None(true));
  EXPECT_EQ(parse("name = AND qty=5")->columns.at("name"), ValueSet::None(true));
  EXPECT_EQ(parse("qty!=")->columns.at("qty"), ValueSet::All(false));
  EXPECT_FALSE(parse("qty!=5")->columns.at("qty").null_allowed);
  EXPECT_TRUE(parse("qty!=5", cli::UnequalNulls::kPass)->columns.at("qty").null_allowed);
  EXPECT_EQ(parse("price=1.50")->columns.at("price"), ValueSet::Listed({Scalar(Int128{150})}));
  EXPECT_EQ(parse("at < 1970-01-01T00:00:01Z")->columns.at("at"), ValueSet::Range({std::nullopt, true, Scalar(int64_t{1000}), false}));
  for (const char* bad : {"", "qty", "qty >", "qty > x", "qty > 5000000000", "price = 1.505", "nothing = 1", "qty = 1,", "qty = 1 OR qty = 2", "qty IN 1",
                          "qty IN (1", "name = 'open", "= 5", "at = soon", "name = '\xFF'", "qty NOT 5"}) {
    EXPECT_EQ(parse(bad).status().code(), StatusCode::kInvalid) << bad;
  }
}

TEST(Where, HasLimitsAndStaysQuickBelowThem) {
  const Schema schema{{{"n", Type::Int64()}}};
  const auto values = [](int from) {
    std::string list;
    for (int i = 0; i < 6'000; ++i) list += (i == 0 ? "" : ",") + std::to_string(from + 2 * i);
    return list;
  };
  const auto set = cli::ParseWhere("n >= 0, n NOT IN (" + values(0) + "), n < 12000, n NOT IN (" + values(1) + ")", schema, cli::UnequalNulls::kDrop);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->columns.at("n").ranges.size(), 12'000u);  // between the integers: the set does not know that there is nothing
  std::string terms = "n <> 0";
  for (size_t i = 1; i < cli::kMaxWhereTerms; ++i) terms += ",n <> " + std::to_string(i);
  EXPECT_EQ(cli::ParseWhere(terms, schema, cli::UnequalNulls::kDrop)->columns.at("n").values.size(), cli::kMaxWhereTerms);
  EXPECT_EQ(cli::ParseWhere(terms + ",n=1", schema, cli::UnequalNulls::kDrop).status().code(), StatusCode::kCapacityError);
  EXPECT_EQ(cli::ParseWhere(std::string(cli::kMaxWhereBytes + 1, ' '), schema, cli::UnequalNulls::kDrop).status().code(), StatusCode::kCapacityError);
}

}  // namespace
}  // namespace lotic
