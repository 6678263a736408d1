// SPDX-License-Identifier: Apache-2.0
// Records and bytes per second of the read path's steps, at a small and a realistic batch.
#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "kafka_protocol/batch_builder.h"
#include "base/crc32c.h"
#include "kafka_protocol/record_batch.h"

namespace lotic::kafka_protocol {
namespace {

std::string MakeBatch(int64_t records, CodecId codec) {
  RecordBatchBuilder builder({.codec = codec});
  std::mt19937 random(1);
  for (int64_t i = 0; i < records; ++i) {
    const std::string value = "{\"ts\": " + std::to_string(1644586485807 + i) + ", \"uuid\": \"" + std::to_string(random()) +
                              "abcdef\", \"count\": " + std::to_string(random() % 1000) + "}";
    builder.Add(1644586485807 + 3 * i, std::nullopt, value);
  }
  return *builder.Finish();
}

void WalkRecords(benchmark::State& state) {
  const std::string bytes = MakeBatch(state.range(0), CodecId::kNone);
  const BatchView batch = *ParseBatch(AsBytes(bytes));
  BatchReader reader;
  for (auto _ : state) {
    RecordCursor cursor;
    if (!reader.Open(batch, &cursor).ok()) return state.SkipWithError("open");
    RecordView record;
    uint64_t sum = 0;
    while (cursor.Next(record)) sum += static_cast<uint64_t>(record.value_size) + static_cast<uint64_t>(record.timestamp) + record.value[0];
    if (!cursor.ok()) return state.SkipWithError("walk");
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}
BENCHMARK(WalkRecords)->Arg(100)->Arg(10000);

void OpenAndWalk(benchmark::State& state) {
  const auto codec = static_cast<CodecId>(state.range(0));
  const std::string bytes = MakeBatch(1000, codec);
  BatchReader reader;
  for (auto _ : state) {
    BatchScanner scanner(AsBytes(bytes));
    BatchView batch;
    uint64_t sum = 0;
    while (scanner.Next(&batch)) {
      RecordCursor cursor;
      if (!CheckCrc(batch).ok() || !reader.Open(batch, &cursor).ok()) return state.SkipWithError("open");
      RecordView record;
      while (cursor.Next(record)) sum += static_cast<uint64_t>(record.value_size);
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetLabel(std::string(CodecName(codec)));
  state.SetItemsProcessed(state.iterations() * 1000);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}
BENCHMARK(OpenAndWalk)->DenseRange(0, 4);

template <uint32_t (*kKernel)(Bytes, uint32_t)>
void Checksum(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(kKernel(AsBytes(bytes), 0));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Checksum<Crc32c>)->Arg(300)->Arg(4096)->Arg(65536)->Arg(1 << 20);
BENCHMARK(Checksum<Crc32cPlain>)->Arg(65536);

void BuildBatch(benchmark::State& state) {
  int64_t bytes = 0;
  for (auto _ : state) {
    RecordBatchBuilder builder;
    for (int64_t i = 0; i < 1000; ++i)
      builder.Add(1644586485807 + i, std::nullopt, "{\"ts\": 1644586485807, \"uuid\": \"93633f7c01d54453a144\", \"count\": 807}");
    bytes += static_cast<int64_t>(builder.Finish()->size());
  }
  state.SetItemsProcessed(state.iterations() * 1000);
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BuildBatch);

}  // namespace
}  // namespace lotic::kafka_protocol
