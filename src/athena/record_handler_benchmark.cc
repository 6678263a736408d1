// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <algorithm>

#include "athena/connector_function.h"
#include "athena/test_door.h"
#include "athena/test_engine.h"
#include "connector/indexed_connector.h"
#include "connector/memory/memory_connector.h"
#include "lotic/batch_builder.h"

// One ReadRecords of four fixed-width columns (INTEGER, BIGINT, REAL, DOUBLE) over `memory`, request bytes to response bytes: inline, and spilled to a store that keeps nothing.

namespace lotic::athena {
namespace {

constexpr int64_t kBatchRows = 10'000;

// The published headline's columns, 24 bytes a row, in one partition of `memory`.
std::shared_ptr<memory::MemoryStore> FixedColumns(int64_t rows) {
  memory::MemoryTable table{{"default", "fixed"},
                            Schema{{{"c_int", Type::Int32()}, {"c_bigint", Type::Int64()}, {"c_float4", Type::Float32()}, {"c_float8", Type::Float64()}}},
                            {{}}};
  for (int64_t first = 0; first < rows; first += kBatchRows) {
    const int64_t count = std::min(kBatchRows, rows - first);
    BatchBuilder builder(std::make_shared<const Schema>(table.schema));
    for (int64_t row = first; row < first + count; ++row) {
      builder.column(0).AppendInt64(row % 100);
      builder.column(1).AppendInt64(row);
      builder.column(2).AppendDouble(static_cast<double>(row % 1000) / 8);
      builder.column(3).AppendDouble(static_cast<double>(row) / 7);
    }
    table.partitions[0].push_back(builder.Finish(count));
  }
  auto store = memory::MemoryStore::Make();
  LOTIC_CHECK(store->AddTable(std::move(table)).ok());
  return store;
}

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
  const auto store = FixedColumns(state.range(0));
  const auto connector = std::make_shared<BentConnector>(store->connector());
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
  EngineQuery query{{"default", "fixed"}, std::vector<std::string>{"c_int", "c_bigint", "c_float4", "c_float8"}};
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
  state.SetBytesProcessed(state.iterations() * state.range(0) * 24);
  state.counters["answer"] = static_cast<double>(bytes);
}

BENCHMARK_CAPTURE(Read, inline, false, true)->Arg(100)->Arg(kIndexedRowsPerSplit);
BENCHMARK_CAPTURE(Read, spilled, true, true)->Arg(100)->Arg(kIndexedRowsPerSplit)->Arg(1'000'000)->UseRealTime();
BENCHMARK_CAPTURE(Read, spilled_plain, true, false)->Arg(1'000'000)->UseRealTime();

}  // namespace
}  // namespace lotic::athena
