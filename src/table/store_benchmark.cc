// SPDX-License-Identifier: Apache-2.0
// Commits of three columns and the two hidden ones, and sums over what is consuming.
#include <benchmark/benchmark.h>

#include "lotic/batch_builder.h"
#include "table/rows_file.h"
#include "table/rows_map.h"
#include "table/rows_reader.h"
#include "table/test_store.h"

namespace lotic::table {
namespace {

Batch ThreeColumns(int64_t rows) {
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"user", Type::String()},
                                                              {"count", Type::Int64()},
                                                              {"ts", Type::Timestamp(TimeUnit::kMilli, true)},
                                                              {"$offset", Type::Int64()},
                                                              {"$timestamp", Type::Timestamp(TimeUnit::kMilli, true)}},
                                                             {}}));
  for (int64_t row = 0; row < rows; ++row) {
    builder.column(0).AppendBytes("user-" + std::to_string(row % 1000));
    builder.column(1).AppendInt64(row % 10);
    for (size_t i = 2; i < 5; ++i) builder.column(i).AppendInt64(1'700'000'000'000 + row);
  }
  return builder.Finish(rows);
}

// A table that is rolled where its segment is full; the sealing of what was rolled is not measured, the file is thrown away.
void Append(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const Batch batch = ThreeColumns(rows);
  const ScratchFolder scratch;
  constexpr int64_t kMostBytes = int64_t{256} << 20;
  std::shared_ptr<RowsFile> file;
  int64_t at = 0, made = 0;
  for (auto _ : state) {
    if (file == nullptr || file->full() || file->state().published > kMostBytes) {
      state.PauseTiming();
      if (file != nullptr) (void)RemoveFile(file->path());
      at = 0;
      file = RowsFile::Create(scratch / (std::to_string(made++) + ".rows"), {}).ValueOrDie();
      state.ResumeTiming();
    }
    Commit commit;
    commit.start = at;
    commit.end = at += rows;
    commit.rows = batch;
    commit.fates.rows = rows;
    TimeRange times;
    int64_t nulls = 0;
    TimesOf(batch.column(2), &times, &nulls);
    LOTIC_CHECK(file->Append(commit, times, nulls).ok());
  }
  state.SetItemsProcessed(state.iterations() * rows);
  state.SetBytesProcessed(state.iterations() * batch.size_bytes());
}
BENCHMARK(Append)->Arg(1)->Arg(100)->Arg(10'000);

// Sum of one column; `first`: nothing was checked before, so the CRC of each buffer is part of it.
void SumColumn(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const bool first = state.range(1) != 0;
  const ScratchFolder scratch;
  const std::string path = scratch / "0.rows";
  constexpr int64_t kRows = 2'000'000;
  {
    auto file = RowsFile::Create(path, {}).ValueOrDie();
    const Batch batch = ThreeColumns(rows);
    for (int64_t at = 0; at < kRows && !file->full(); at += rows) {
      Commit commit;
      commit.start = at;
      commit.end = at + rows;
      commit.rows = batch;
      LOTIC_CHECK(file->Append(commit, {}, 0).ok());
    }
  }
  const Schema layout{{{"count", Type::Int64()}}, {}};
  int64_t total = 0, seen = 0;
  auto kept = RowsMap::Open(path).ValueOrDie();
  for (auto _ : state) {
    if (first) {
      // A file that this process does not know yet.
      state.PauseTiming();
      kept = nullptr;
      const std::string moved = path + ".copy";
      LOTIC_CHECK(RowsFile::CopyGood(path, CheckRowsFile(path).ValueOrDie(), moved, 1).ok());
      LOTIC_CHECK(RenameFile(moved, path).ok());
      RowsMap::Sweep();
      state.ResumeTiming();
      kept = RowsMap::Open(path).ValueOrDie();
    }
    auto reader = OpenRowsFile(kept, kept->ReadPublished().ValueOrDie().bytes, layout, {}).ValueOrDie();
    for (auto batch = reader->Next({}).ValueOrDie(); batch.has_value(); batch = reader->Next({}).ValueOrDie()) {
      int64_t sum = 0;
      for (const int64_t value : batch->column(0).values<int64_t>()) sum += value;
      total += sum;
      seen += batch->num_rows();
    }
  }
  benchmark::DoNotOptimize(total);
  state.SetItemsProcessed(seen);
}
BENCHMARK(SumColumn)->Args({10'000, 0})->Args({10'000, 1})->Args({100, 0})->Args({100, 1});

}  // namespace
}  // namespace lotic::table
