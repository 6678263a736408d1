// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "connector/kafka/kafka_connector.h"
#include "format/decoder.h"

// A whole read of small JSON records from the in-process broker, which shares the machine: CPU time is the reading thread's.

namespace lotic::kafka {
namespace {

constexpr int kBatchRecords = 1000;

struct Source {
  explicit Source(int64_t records) {
    broker = broker::Broker::Start().ValueOrDie();
    LOTIC_CHECK(broker->CreateTopic("events", 1).ok());
    for (int64_t at = 0; at < records; at += kBatchRecords) {
      std::vector<std::string> values;
      std::vector<broker::Record> batch;
      for (int i = 0; i < kBatchRecords; ++i) {
        values.push_back("{\"ts\": " + std::to_string(1644586485807 + at + i) +
                         ", \"uuid\": \"93633f7c01d54453a144\", \"count\": " + std::to_string((at + i) % 1000) + "}");
      }
      for (const std::string& value : values) batch.push_back({.value = value, .timestamp_ms = 1644586485807 + at});
      LOTIC_CHECK(broker->Append("events", 0, batch).ok());
    }
    bytes = static_cast<int64_t>(broker->Describe("events", 0).ValueOrDie().size_bytes);
    KafkaOptions options;
    options.client.bootstrap_servers = net::Endpoint::ParseList(broker->bootstrap()).ValueOrDie();
    connector = MakeKafkaConnector(options).ValueOrDie();
    info = connector->GetTable({}, {kDefaultSchema, "events"}).ValueOrDie();
  }
  std::unique_ptr<broker::Broker> broker;
  std::shared_ptr<KafkaConnector> connector;
  TableInfo info;
  int64_t bytes = 0;
};

int64_t ReadAll(Source& source, ScanRequest request) {
  request.table = source.info.name;
  const Prepared plan = source.connector->Prepare({}, request).ValueOrDie();
  request.token = plan.token;
  std::vector<SplitStart> starts;
  for (const Split& split : source.connector->Splits({}, request, plan.partitions, {}).ValueOrDie().splits) starts.push_back({split, split.start});
  const auto reader = std::move(source.connector->Open({}, request, starts)).ValueOrDie();
  int64_t rows = 0;
  while (true) {
    const ReadBatch batch = std::move(reader->Next({})).ValueOrDie();
    if (batch.runs.empty()) break;
    if (batch.rows.has_value()) rows += batch.rows->num_rows();
  }
  LOTIC_CHECK(reader->Close({}).ok());
  return rows;
}

void Run(benchmark::State& state, const std::vector<std::string>& columns, const Constraints& constraints) {
  Source source(state.range(0));
  ScanRequest request;
  for (const std::string& name : columns) {
    const auto at = source.info.schema.IndexOf(name);
    request.layout.fields.push_back(at.has_value() ? source.info.schema.fields[*at] : source.info.hidden.fields[*source.info.hidden.IndexOf(name)]);
  }
  request.constraints = constraints;
  for (auto _ : state) benchmark::DoNotOptimize(ReadAll(source, request));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * source.bytes);
}

void BM_CountOnly(benchmark::State& state) { Run(state, {}, {}); }
void BM_OneColumn(benchmark::State& state) { Run(state, {"count"}, {}); }
void BM_ThreeColumns(benchmark::State& state) { Run(state, {"ts", "uuid", "count"}, {}); }
void BM_OffsetsOnly(benchmark::State& state) { Run(state, {"_partition_offset"}, {}); }
void BM_HalfFiltered(benchmark::State& state) {
  Constraints half;
  half.columns["count"] = ValueSet::Range({Scalar(int64_t{500}), false, {}, true});
  Run(state, {"count", "uuid"}, half);
}
BENCHMARK(BM_CountOnly)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(BM_OffsetsOnly)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(BM_OneColumn)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(BM_ThreeColumns)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(BM_HalfFiltered)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace lotic::kafka
