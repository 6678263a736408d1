// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "athena/connector_function.h"
#include "athena/test_door.h"
#include "athena/test_engine.h"
#include "connector/indexed_connector.h"
#include "lotic/batch_builder.h"

// One ReadRecords of four fixed-width columns from memory, request bytes to response bytes: inline, and spilled to a store that keeps nothing.

namespace lotic::athena {
namespace {

constexpr int64_t kBatchRows = 10'000;

// The same batch again and again.
class FixedColumns final : public IndexedSource {
 public:
  explicit FixedColumns(int64_t rows) : rows_(rows), batch_(Make()) {}
  std::string type_name() const override { return "fixed"; }
  std::vector<TableName> Tables() const override { return {{"default", "fixed"}}; }
  std::shared_ptr<const Schema> SchemaOf(const TableName&) const override { return batch_.schema_ptr(); }
  Result<std::vector<int64_t>> Ends(const CallContext&, const TableName&) override { return std::vector<int64_t>{rows_}; }
  Result<Batch> Rows(const CallContext&, const TableName&, size_t, int64_t, int64_t count) override {
    if (count >= kBatchRows) return batch_;
    std::vector<int64_t> some;
    for (int64_t row = 0; row < count; ++row) some.push_back(row);
    return batch_.Take(some);
  }

 private:
  static Batch Make() {
    BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"id", Type::Int64()}, {"qty", Type::Int32()}, {"price", Type::Float64()}, {"at", Type::Timestamp(TimeUnit::kMilli, false)}}}));
    for (int64_t row = 0; row < kBatchRows; ++row) {
      builder.column(0).AppendInt64(row);
      builder.column(1).AppendInt64(row % 100);
      builder.column(2).AppendDouble(static_cast<double>(row) / 7);
      builder.column(3).AppendInt64(1'700'000'000'000 + row);
    }
    return builder.Finish(kBatchRows);
  }
  const int64_t rows_;
  const Batch batch_;
};

class Nowhere final : public SpillStore {
 public:
  Status CheckBucket(const CallContext&, const std::string&) override { return Status::OK(); }
  Status Put(const CallContext&, const std::string&, const std::string&, std::string_view body) override {
    benchmark::DoNotOptimize(body.data());
    return Status::OK();
  }
  Result<std::string> Get(const CallContext&, const std::string&, const std::string&) override { return Status::NotFound("nothing is kept"); }
  Status Abandon(const CallContext&, const std::string&, const std::string&) override { return Status::OK(); }
};

void Read(benchmark::State& state, bool spilled, bool encrypted) {
  ConnectorFunctionParts parts;
  const auto connector = std::make_shared<BentConnector>(MakeIndexedConnector(std::make_shared<FixedColumns>(state.range(0))));
  connector->change_splits = [&](SplitPage* page) {  // one split of all rows
    page->splits.resize(1);
    page->splits[0].end = Position{std::to_string(state.range(0))};
    page->next_page.clear();
  };
  parts.connector = connector;
  parts.options.spill_bucket = "bucket";
  parts.options.encrypt_spill = encrypted;
  parts.spill_store = std::make_shared<Nowhere>();
  parts.log = &InvocationLog::Nowhere();
  const auto function = MakeConnectorFunction(std::move(parts)).ValueOrDie();
  TestEngine engine(*function, nullptr);
  EngineQuery query{{"default", "fixed"}, std::vector<std::string>{"id", "qty", "price", "at"}};
  if (spilled) query.max_inline_block_size = 1;
  const GetTableResponse table = engine.Table(query.table).ValueOrDie();
  EngineAnswer answer;
  const auto splits = engine.Splits(query, table, &answer).ValueOrDie();
  const std::string payload = WriteRequest(engine.ReadRequest(query, table, splits.at(0)), kSerdeVersion).ValueOrDie();
  size_t bytes = 0;
  for (auto _ : state) {
    const Result<std::string> response = function->Invoke(CallContext(), {payload, "", "", ""});
    if (!response.ok()) {
      state.SkipWithError(response.status().ToString().c_str());
      return;
    }
    bytes = response->size();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0) * 28);
  state.counters["answer"] = static_cast<double>(bytes);
}

BENCHMARK_CAPTURE(Read, inline, false, true)->Arg(100)->Arg(kIndexedRowsPerSplit);
BENCHMARK_CAPTURE(Read, spilled, true, true)->Arg(100)->Arg(kIndexedRowsPerSplit)->Arg(1'000'000)->UseRealTime();
BENCHMARK_CAPTURE(Read, spilled_plain, true, false)->Arg(1'000'000)->UseRealTime();

}  // namespace
}  // namespace lotic::athena
