// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "athena_protocol/message_json.h"
#include "athena_protocol/test_messages.h"

namespace lotic::athena {
namespace {

using namespace testing;  // NOLINT: the samples

void Parse(benchmark::State& state, const FederationRequest& request) {
  const std::string json = WriteRequest(request, 6).ValueOrDie();
  for (auto _ : state) benchmark::DoNotOptimize(ParseRequest(json).ok());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(json.size()));
}
void BM_ParsePing(benchmark::State& state) { Parse(state, WithBase(PingRequest{})); }
BENCHMARK(BM_ParsePing);

// What an engine sends for WHERE id >= 7 AND id < 90: one range, no expression.
void BM_ParseReadRecords(benchmark::State& state) {
  ReadRecordsRequest read = WithBase(ReadRecordsRequest{});
  read.table = {"sales", "orders"};
  read.schema = SampleSchema();
  read.split = {SpillLocation{"my-spill", "athena-federation-spill/q-1/5d7c", true}, {}, {{"shard", "3"}}};
  read.constraints.summary = {{"id", Ranges(kInt32, {{Exactly(int64_t{7}), Below(int64_t{90})}})}};
  Parse(state, read);
}
BENCHMARK(BM_ParseReadRecords);
void BM_ParseReadRecordsWithEverything(benchmark::State& state) { Parse(state, EveryRequest()[7]); }
BENCHMARK(BM_ParseReadRecordsWithEverything);

void BM_WriteResponse(benchmark::State& state) {
  const FederationResponse response = ReadRecordsResponse{"lake", SampleBlock(state.range(0))};
  size_t bytes = 0;
  for (auto _ : state) bytes += WriteResponse(response).size();
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(BM_WriteResponse)->Arg(10)->Arg(10000);

void BM_ParseResponse(benchmark::State& state) {
  const std::string json = WriteResponse(ReadRecordsResponse{"lake", SampleBlock(state.range(0))});
  for (auto _ : state) benchmark::DoNotOptimize(ParseResponse(json, {}).ok());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(json.size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(BM_ParseResponse)->Arg(10000);

void BM_EvaluateSummary(benchmark::State& state, const std::string& column, const WireValueSet& set) {
  const Block block = SampleBlock(10000);
  WireConstraints constraints;
  constraints.summary = {{column, set}};
  std::vector<uint8_t> keep;
  for (auto _ : state) benchmark::DoNotOptimize(EvaluateSummary(constraints, block, &keep).ok());
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * 10000);
}
BENCHMARK_CAPTURE(BM_EvaluateSummary, int_range, "id", Ranges(kInt32, {{Exactly(int64_t{0}), kHigh}}));
BENCHMARK_CAPTURE(BM_EvaluateSummary, text_range, "name", Ranges(kUtf8, {{Exactly(std::string("b")), kHigh}}));
BENCHMARK_CAPTURE(BM_EvaluateSummary, zoned_range, "at", Ranges(kZoned, {{Exactly(int64_t{0}), kHigh}}));

}  // namespace
}  // namespace lotic::athena
