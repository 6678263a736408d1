// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "connector/memory/memory_connector.h"
#include "lotic/batch_builder.h"
#include "sql/engine.h"

// What it costs to bring a reader's batches into DuckDB: rows in memory, so that nothing but the seam and the query is measured.

namespace lotic::sql {
namespace {

constexpr int64_t kRowsPerBatch = 10'000;  // a split of the memory connector: whole batches pass uncopied

std::unique_ptr<Engine> EngineOver(int64_t rows) {
  ::setenv("LOTIC_SQL_LIBRARY", LOTIC_SQL_FILE, 0);
  const auto schema =
      std::make_shared<const Schema>(Schema{{{"id", Type::Int64()}, {"value", Type::Float64()}, {"sparse", Type::Int64()}, {"name", Type::String()}}});
  memory::MemoryTable table{{"default", "t"}, *schema, {{}}};
  for (int64_t first = 0; first < rows; first += kRowsPerBatch) {
    BatchBuilder builder(schema);
    const int64_t count = std::min(kRowsPerBatch, rows - first);
    for (int64_t i = 0; i < count; ++i) {
      builder.column(0).AppendInt64(first + i);
      builder.column(1).AppendDouble(static_cast<double>(i) / 3);
      i % 4 == 0 ? builder.column(2).AppendNull() : builder.column(2).AppendInt64(i);
      builder.column(3).AppendBytes("the name of row " + std::to_string(i));
    }
    table.partitions[0].push_back(builder.Finish(count));
  }
  const auto store = memory::MemoryStore::Make();
  LOTIC_CHECK(store->AddTable(std::move(table)).ok());
  EngineOptions options;
  options.threads = 1;
  std::unique_ptr<Engine> engine = OpenEngine(std::move(options)).ValueOrDie();
  LOTIC_CHECK(engine->Attach(CallContext(), "c", store->connector()).ok());
  return engine;
}

void Scan(benchmark::State& state, const char* sql) {
  const int64_t rows = state.range(0);
  const std::unique_ptr<Engine> engine = EngineOver(rows);
  for (auto _ : state) {
    std::unique_ptr<QueryResult> result = engine->Execute({}, sql).ValueOrDie();
    while (result->Next({}, CellForm::kText).ValueOrDie().num_rows > 0) {
    }
  }
  state.SetItemsProcessed(state.iterations() * rows);
}

BENCHMARK_CAPTURE(Scan, CountReadRows, "SELECT count(*) FROM t WHERE id + 1 > 0")->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(Scan, SumOfFixedWidth, "SELECT sum(id) FROM t")->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(Scan, SumsOfThreeColumns, "SELECT sum(id), sum(value), sum(sparse) FROM t")->Arg(1'000'000);
BENCHMARK_CAPTURE(Scan, LengthsOfText, "SELECT sum(strlen(name)) FROM t")->Arg(1'000'000);

}  // namespace
}  // namespace lotic::sql
