// SPDX-License-Identifier: Apache-2.0
#include "docs/example/fake_table.h"

#include <gmock/gmock.h>

#include "connector/conformance.h"
#include "lotic/batch_builder.h"

namespace lotic::example {
namespace {

std::shared_ptr<FederatedSource> Example() {
  auto source = MakeFakeTable({});
  EXPECT_TRUE(source.ok()) << source.status();
  return *source;
}

ValueSet Exactly(int64_t value) { return ValueSet::Listed({value}); }
ValueSet Above(int64_t value) { return ValueSet::Range({Scalar(value), false, std::nullopt, true}); }

struct Plan {
  ScanRequest request;
  Prepared prepared;
  std::vector<Split> splits;
  int pages = 0;
};

Plan MakePlan(Connector& connector, const TableName& name, std::map<std::string, ValueSet> columns) {
  Plan plan;
  const TableInfo table = connector.GetTable({}, name).ValueOrDie();
  plan.request.table = table.name;
  plan.request.layout = table.schema;
  plan.request.constraints.columns = std::move(columns);
  plan.prepared = connector.Prepare({}, plan.request).ValueOrDie();
  plan.request.token = plan.prepared.token;
  PageRequest page;
  do {
    SplitPage splits = connector.Splits({}, plan.request, plan.prepared.partitions, page).ValueOrDie();
    plan.splits.insert(plan.splits.end(), splits.splits.begin(), splits.splits.end());
    page.page_token = splits.next_page;
    ++plan.pages;
  } while (!page.page_token.empty());
  return plan;
}

std::vector<Batch> Read(Connector& connector, const Plan& plan) {
  std::vector<SplitStart> starts;
  for (const Split& split : plan.splits) starts.push_back({split, split.start});
  const auto reader = connector.Open({}, plan.request, starts).ValueOrDie();
  std::vector<Batch> batches;
  for (;;) {
    const ReadBatch batch = reader->Next({}).ValueOrDie();
    if (batch.runs.empty()) return batches;
    if (batch.rows) batches.push_back(*batch.rows);
  }
}

TEST(FakeTable, YearsAfter2010Are2352SplitsOnThreePages) {
  const auto connector = MakeFederatedConnector(Example());
  const Plan plan = MakePlan(*connector, {"custom_source", "fake_table"}, {{"year", Above(2010)}});
  EXPECT_EQ(plan.prepared.partitions.size(), 2352u);
  EXPECT_EQ(plan.splits.size(), 2352u);
  EXPECT_EQ(plan.pages, 3);
  int64_t rows = 0;
  for (const Batch& batch : Read(*connector, plan)) rows += batch.num_rows();
  EXPECT_EQ(rows, 23520);
}

TEST(FakeTable, AYearThatItLacksHasNoPartition) {
  const auto connector = MakeFederatedConnector(Example());
  const Plan plan = MakePlan(*connector, {"custom_source", "fake_table"}, {{"year", Above(2017)}});
  EXPECT_TRUE(plan.prepared.partitions.empty());
  EXPECT_TRUE(plan.splits.empty());
}

TEST(FakeTable, OneDayHoldsTheRowsOfTheTutorialAndItsFunctionsReadThem) {
  const auto source = Example();
  const auto connector = MakeFederatedConnector(source);
  const Plan plan = MakePlan(*connector, {"schema1", "table1"}, {{"year", Exactly(2012)}, {"month", Exactly(3)}, {"day", Exactly(4)}});
  ASSERT_EQ(plan.splits.size(), 1u);
  EXPECT_EQ(plan.splits[0].partition, "year=2012/month=3/day=4");
  const std::vector<Batch> batches = Read(*connector, plan);
  ASSERT_EQ(batches.size(), 1u);
  const Batch& rows = batches[0];
  ASSERT_TRUE(rows.Validate().ok()) << rows.Validate();
  ASSERT_EQ(rows.num_rows(), 10);
  const auto call = [&](const char* name, size_t column, const Type& type) {
    return source->functions()->Call({}, name, rows.Select(std::vector<size_t>{column}), {"r", type}).ValueOrDie();
  };
  const Batch clear = call("decrypt", 4, Type::String());
  const Batch ids = call("extract_tx_id", 5, Type::Int32());
  EXPECT_EQ(ids.column(0).null_count, 0) << "never NULL";
  for (int64_t i = 0; i < 10; ++i) {
    const int64_t r = 14030 + i;
    EXPECT_EQ(rows.column(0).values<int32_t>()[static_cast<size_t>(i)], 2012) << "the partition's own value";
    EXPECT_EQ(rows.column(3).Text(i), "acct-" + std::to_string(r % 100));
    EXPECT_EQ(rows.column(5).IsNull(i), i == 7);
    EXPECT_EQ(ids.column(0).values<int32_t>()[static_cast<size_t>(i)], i == 7 || i == 8 ? -1 : r);
    if (i != 7) {
      EXPECT_EQ(rows.column(5).children[1].Bool(i), r % 2 == 0);
    }
    ASSERT_EQ(clear.column(0).IsNull(i), i == 9);
    if (i != 9) {
      EXPECT_EQ(clear.column(0).Text(i), "payload-" + std::to_string(r));
    }
  }
}

TEST(FakeTable, DecryptGivesNullForWhateverIsNoMessage) {
  const auto source = Example();
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"payload", Type::String()}}}));
  for (const char* text : {"", "no base64!", "QUJD", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}) builder.column(0).AppendBytes(text);
  builder.column(0).AppendNull();
  const Result<Batch> clear = source->functions()->Call({}, "decrypt", builder.Finish(5), {"r", Type::String()});
  ASSERT_TRUE(clear.ok()) << clear.status();
  EXPECT_EQ(clear->column(0).null_count, 5);
}

TEST(FakeTable, TheKeyIsNeitherTakenWrongNorShown) {
  for (const char* key : {"", "secret", "QUJDREVGR0g=", "${example}"}) {
    const Status status = MakeFakeTable({{"example_key", key}}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << key;
    if (*key != '\0') {
      EXPECT_THAT(status.ToString(), testing::Not(testing::HasSubstr(key)));
    }
  }
  // Another key, and what the first encrypted stays closed.
  const auto other = MakeFakeTable({{"example_key", "/////////////////////////////////////////////////w=="}});
  EXPECT_EQ(other.status().code(), StatusCode::kInvalid) << "34 bytes";
  const auto sealed = MakeFederatedConnector(Example());
  const std::vector<Batch> rows =
      Read(*sealed, MakePlan(*sealed, {"schema1", "table1"}, {{"year", Exactly(2008)}, {"month", Exactly(1)}, {"day", Exactly(1)}}));
  const auto stranger = MakeFakeTable({{"example_key", "//////////////////////////////////////////8="}});
  ASSERT_TRUE(stranger.ok()) << stranger.status();
  const Result<Batch> clear = (*stranger)->functions()->Call({}, "decrypt", rows[0].Select(std::vector<size_t>{4}), {"r", Type::String()});
  ASSERT_TRUE(clear.ok());
  EXPECT_EQ(clear->column(0).null_count, 10);
}

class FakeTableHarness final : public ConformanceHarness {
 public:
  Connector& connector() override { return *connector_; }
  TableName table() override { return {"custom_source", "fake_table"}; }
  Status Append(size_t, int) override { return Status::NotImplemented("its rows are fixed"); }
  Status AddPartition() override { return Status::NotImplemented("its rows are fixed"); }

 private:
  const std::shared_ptr<Connector> connector_ = MakeFederatedConnector(MakeFakeTable({}, {.last_year = 2008, .last_day = 2}).ValueOrDie());  // 24 partitions
};

INSTANTIATE_TEST_SUITE_P(FakeTable, ConnectorConformance, testing::Values(ConformanceCase{"fake_table", [] { return std::make_unique<FakeTableHarness>(); }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lotic::example
