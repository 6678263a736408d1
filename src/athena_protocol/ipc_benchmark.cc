// SPDX-License-Identifier: Apache-2.0
// Rows and bytes per second of answers and spilled objects, at a small and a realistic block.
#include <benchmark/benchmark.h>

#include "athena_protocol/base64_kernel.h"
#include "athena_protocol/ipc.h"
#include "athena_protocol/spill_object.h"
#include "lotic/batch_builder.h"

namespace lotic::athena {
namespace {

// A topic of JSON events: id, time, quantity, price and, on demand, two texts.
Batch Events(int64_t rows, bool texts) {
  std::vector<Field> fields = {{"id", Type::Int64()}, {"at", Type::Timestamp(TimeUnit::kMilli, false)}, {"qty", Type::Int32()}, {"price", Type::Float64()}};
  if (texts) fields.insert(fields.end(), {{"state", Type::String()}, {"customer", Type::String()}});
  BatchBuilder builder(std::make_shared<const Schema>(Schema{fields}));
  for (int64_t i = 0; i < rows; ++i) {
    builder.column(0).AppendInt64(i);
    builder.column(1).AppendInt64(1700000000000 + 17 * i);
    builder.column(2).AppendInt64(i % 90);
    i % 50 == 0 ? builder.column(3).AppendNull() : builder.column(3).AppendDouble(static_cast<double>(i) / 8);
    if (!texts) continue;
    builder.column(4).AppendBytes(i % 3 == 0 ? "open" : "shipped");
    builder.column(5).AppendBytes("customer-" + std::to_string(100000 + i % 5000));
  }
  return builder.Finish(rows);
}

void SetRates(benchmark::State& state, const Batch& rows) {
  state.SetItemsProcessed(state.iterations() * rows.num_rows());
  state.SetBytesProcessed(state.iterations() * BlockSizeBytes(rows));
}

void Base64Answer(benchmark::State& state) {
  const Batch rows = Events(state.range(0), state.range(1) != 0);
  std::string out;
  for (auto _ : state) {
    out.clear();
    EncodeBatchBase64(rows, Framing::kModern, &out);
    benchmark::DoNotOptimize(out.data());
  }
  SetRates(state, rows);
}
BENCHMARK(Base64Answer)->ArgNames({"rows", "texts"})->Args({1000, 0})->Args({1000, 1})->Args({100000, 0})->Args({100000, 1});

void Base64KernelOnly(benchmark::State& state) {
  const std::vector<uint8_t> bytes(3 << 20, 0x5a);
  std::string out(4 << 20, '\0');
  const internal::Base64Kernel kernel = state.range(0) == 0 ? &internal::Base64Plain : internal::ChosenBase64Kernel();
  for (auto _ : state) {
    kernel(bytes.data(), bytes.size(), out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}
BENCHMARK(Base64KernelOnly)->ArgName("chosen")->Arg(0)->Arg(1);

void DecodeAnswer(benchmark::State& state) {
  const Batch rows = Events(state.range(0), true);
  WireSchema schema;
  for (const Field& field : rows.schema().fields) schema.fields.push_back({field.name});
  schema.fields[0].type = {.kind = WireKind::kInt, .bit_width = 64};
  schema.fields[1].type = {.kind = WireKind::kDate, .unit = WireUnit::kMilli};
  schema.fields[2].type = {.kind = WireKind::kInt, .bit_width = 32};
  schema.fields[3].type = {.kind = WireKind::kFloat, .bit_width = 64};
  schema.fields[4].type = schema.fields[5].type = {.kind = WireKind::kUtf8};
  std::string base64;
  EncodeBatchBase64(rows, Framing::kModern, &base64);
  for (auto _ : state) {
    const Result<std::string> message = DecodeBase64(base64);
    const Result<Block> block = DecodeBatch(schema, *message);
    if (!block.ok()) return state.SkipWithError(block.status().message().c_str());
    benchmark::DoNotOptimize(block->rows.num_rows());
  }
  SetRates(state, rows);
}
BENCHMARK(DecodeAnswer)->ArgName("rows")->Arg(1000)->Arg(100000);

void SpillObject(benchmark::State& state) {
  const Batch rows = Events(state.range(0), true);
  const EncryptionKey key{std::string(32, 'k'), std::string(12, 'n')};
  for (auto _ : state) {
    const Result<std::string> object = EncodeSpillObject(rows, key);
    if (!object.ok()) return state.SkipWithError(object.status().message().c_str());
    benchmark::DoNotOptimize(object->data());
  }
  SetRates(state, rows);
}
BENCHMARK(SpillObject)->ArgName("rows")->Arg(1000)->Arg(100000)->Arg(250000);

void SealOnly(benchmark::State& state) {
  const std::string plain(static_cast<size_t>(state.range(0)), 'x');
  const EncryptionKey key{std::string(static_cast<size_t>(state.range(1)), 'k'), std::string(12, 'n')};
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (!SealAesGcm(key, plain, &out).ok()) return state.SkipWithError("seal");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(SealOnly)->ArgNames({"bytes", "key"})->Args({65536, 32})->Args({5 << 20, 32})->Args({5 << 20, 16});

}  // namespace
}  // namespace lotic::athena
