// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "catalog/pinot_schema.h"
#include "lotic/batch_builder.h"
#include "table/record_pipeline.h"

// Raw batches of a stream to stored rows, one thread. Messages of about 65 bytes: {"ts":1644586485807,"uuid":"93633f7c01d54453a144","count":807}. Counters: rows and message bytes per second.

namespace lotic::table {
namespace {

Batch Raw(const Schema& layout, int64_t rows, int64_t undecodable_every) {
  std::mt19937_64 random(42);
  BatchBuilder builder(std::make_shared<const Schema>(layout));
  for (int64_t i = 0; i < rows; ++i) {
    std::string message = "{\"ts\":" + std::to_string(1644586485807 + i * 20) + ",\"uuid\":\"";
    for (int digit = 0; digit < 20; ++digit) message.push_back("0123456789abcdef"[random() % 16]);
    message += "\",\"count\":" + std::to_string(random() % 1001) + "}";
    if (undecodable_every != 0 && i % undecodable_every == 0) message.pop_back();
    builder.column(0).AppendInt64(i);
    builder.column(1).AppendInt64(1644586485807 + i);
    builder.column(2).AppendBytes(message);
    for (size_t column = 3; column < layout.fields.size(); ++column) builder.column(column).AppendNull();  // no key
  }
  return builder.Finish(rows);
}

void Run(benchmark::State& state, const char* time, int64_t undecodable_every) {
  const auto schema = catalog::ParsePinotSchema(std::string(R"({"schemaName":"events","dimensionFieldSpecs":[{"name":"uuid","dataType":"STRING"}],
    "metricFieldSpecs":[{"name":"count","dataType":"INT"}],"dateTimeFieldSpecs":[)") +
                                                time + "]}")
                          .ValueOrDie()
                          .value;
  catalog::PinotTableConfig config;
  config.raw_name = "events";
  config.time_column = "ts";
  config.stream.decoder_class = "JSONMessageDecoder";
  auto pipeline = RecordPipeline::Create(schema, config, nullptr).ValueOrDie();
  const Batch raw = Raw(pipeline->raw_layout(), 16'384, undecodable_every);
  int64_t rows = 0;
  for (auto _ : state) {
    const PipelineResult result = pipeline->Run({}, raw, 0, raw.num_rows(), 0).ValueOrDie();
    rows += result.fates.rows;
    benchmark::DoNotOptimize(result.rows.num_rows());
  }
  if (undecodable_every == 0 && rows != raw.num_rows() * static_cast<int64_t>(state.iterations())) state.SkipWithError("a record became no row");
  const double records = static_cast<double>(raw.num_rows()) * static_cast<double>(state.iterations());
  state.counters["rows"] = benchmark::Counter(records, benchmark::Counter::kIsRate);
  state.counters["ns_per_row"] = benchmark::Counter(records / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(raw.column(2).offsets().back() * static_cast<int64_t>(state.iterations()));
}

constexpr char kTimestamp[] = R"({"name":"ts","dataType":"TIMESTAMP","format":"1:MILLISECONDS:TIMESTAMP","granularity":"1:MILLISECONDS"})";
constexpr char kEpoch[] = R"({"name":"ts","dataType":"LONG","format":"1:MILLISECONDS:EPOCH","granularity":"1:MILLISECONDS"})";

void ThreeColumns(benchmark::State& state) { Run(state, kTimestamp, 0); }
void ThreeColumnsEpoch(benchmark::State& state) { Run(state, kEpoch, 0); }
void OneInAThousandUndecodable(benchmark::State& state) { Run(state, kTimestamp, 1000); }

BENCHMARK(ThreeColumns);
BENCHMARK(ThreeColumnsEpoch);
BENCHMARK(OneInAThousandUndecodable);

}  // namespace
}  // namespace lotic::table
