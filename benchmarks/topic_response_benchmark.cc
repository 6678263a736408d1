// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "athena/connector_function.h"
#include "athena/test_door.h"
#include "athena/test_engine.h"
#include "broker/broker.h"
#include "connector/kafka/kafka_connector.h"

// A warm function: ReadRecords of one split of a topic of small JSON records, request bytes to response bytes. The broker holds the topic
// in memory and has threads of its own; CPU time is the function's, the kernel's copies of what it receives included.

namespace lotic::athena {
namespace {

constexpr int64_t kBatchRecords = 1000;
constexpr int64_t kFirstTime = 1'644'586'485'807;

class Topic {
 public:
  explicit Topic(int64_t records) : broker_(broker::Broker::Start().ValueOrDie()) {
    LOTIC_CHECK(broker_->CreateTopic("events", 1).ok());
    for (int64_t at = 0; at < records; at += kBatchRecords) {
      std::vector<std::string> values;
      std::vector<broker::Record> batch;
      for (int64_t i = at; i < at + kBatchRecords; ++i) {
        values.push_back("{\"ts\": " + std::to_string(kFirstTime + i) + ", \"uuid\": \"93633f7c01d54453a144\", \"count\": " + std::to_string(i % 1000) + "}");
      }
      for (const std::string& value : values) batch.push_back({.value = value, .timestamp_ms = kFirstTime + at});
      LOTIC_CHECK(broker_->Append("events", 0, batch).ok());
    }
    kafka::KafkaOptions options;
    options.client.bootstrap_servers = net::Endpoint::ParseList(broker_->bootstrap()).ValueOrDie();
    options.parallel_splits = 1;
    ConnectorFunctionParts parts;
    parts.connector = kafka::MakeKafkaConnector(options).ValueOrDie();
    parts.log = &InvocationLog::Nowhere();
    function_ = MakeConnectorFunction(std::move(parts)).ValueOrDie();
    engine_ = std::make_unique<TestEngine>(*function_, nullptr);
  }

  LambdaFunction& function() { return *function_; }
  /// The request for the topic's only split.
  std::string Request(const std::vector<std::string>& columns) {
    const EngineQuery query{{kafka::kDefaultSchema, "events"}, columns};
    const GetTableResponse table = engine_->Table(query.table).ValueOrDie();
    EngineAnswer answer;
    const std::vector<WireSplit> splits = engine_->Splits(query, table, &answer).ValueOrDie();
    LOTIC_CHECK(splits.size() == 1);
    return WriteRequest(engine_->ReadRequest(query, table, splits.front()), kSerdeVersion).ValueOrDie();
  }

 private:
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<LambdaFunction> function_;
  std::unique_ptr<TestEngine> engine_;
};

void Respond(benchmark::State& state, const std::vector<std::string>& columns) {
  Topic topic(state.range(0));
  const std::string payload = topic.Request(columns);
  size_t bytes = 0;
  for (auto _ : state) {
    const Result<std::string> response = topic.function().Invoke(CallContext(), {payload, "", "", ""});
    if (!response.ok()) {
      state.SkipWithError(response.status().ToString().c_str());
      return;
    }
    bytes = response->size();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["answer"] = static_cast<double>(bytes);
}

BENCHMARK_CAPTURE(Respond, count, {"count"})->Arg(1'000)->Arg(10'000)->Arg(100'000);
BENCHMARK_CAPTURE(Respond, ts_count, {"ts", "count"})->Arg(10'000)->Arg(100'000);
BENCHMARK_CAPTURE(Respond, all, {"ts", "uuid", "count"})->Arg(1'000)->Arg(10'000)->Arg(50'000);

}  // namespace
}  // namespace lotic::athena
