// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "connector/kinesis/kinesis_client.h"
#include "connector/kinesis/page_rows.h"
#include "format/base64_text.h"
#include "lotic/batch_builder.h"

// Answers of GetRecords that lie in memory, to columns: parsing, base64, the filter of a bounded read and the decoder of the format.
// Records are small JSON events of some 67 bytes; the answers are written as the service writes them. Items are records.

namespace lotic::kinesis {
namespace {

constexpr int64_t kBeginMs = 1'785'538'800'000;

std::string Answer(int64_t records) {
  std::mt19937_64 random(42);
  std::string body = R"({"MillisBehindLatest":0,"NextShardIterator":")" + std::string(220, 'A') + R"(","Records":[)";
  for (int64_t i = 0; i < records; ++i) {
    std::string uuid;
    for (int digit = 0; digit < 20; ++digit) uuid.push_back("0123456789abcdef"[random() % 16]);
    std::string data;
    AppendBase64("{\"ts\": " + std::to_string(kBeginMs + i) + ", \"uuid\": \"" + uuid + "\", \"count\": " + std::to_string(random() % 1001) + "}", &data);
    const int64_t arrival_ms = kBeginMs + i;
    body += (i == 0 ? "" : ",") +
            (R"({"ApproximateArrivalTimestamp":)" + ApiTime(arrival_ms) + R"(,"Data":")" + data + R"(","PartitionKey":")" + uuid.substr(0, 8) +
             R"(","SequenceNumber":"4966500000000000000000000000000000000000000000000)" + std::to_string(1'000'000 + i) + "\"}");
  }
  return body + "]}";
}

Field Column(const std::string& name, Type type) { return {name, type, {}}; }
Field StreamField(const std::string& name, Type type) { return {name, type, {{kColumnMetadata, name}}}; }

void BM_Parse(benchmark::State& state) {
  const std::string body = Answer(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();  // the client hands the text over; it is not copied
    std::string copy;
    copy.reserve(body.size() + kDecoderPadding);
    copy = body;
    state.ResumeTiming();
    benchmark::DoNotOptimize(ParseRecords(std::move(copy)).ValueOrDie().records.size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
void BM_ParsePlainly(benchmark::State& state) {
  const std::string body = Answer(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();  // the client hands the text over; it is not copied
    std::string copy;
    copy.reserve(body.size() + kDecoderPadding);
    copy = body;
    state.ResumeTiming();
    benchmark::DoNotOptimize(ParseRecordsPlainly(std::move(copy)).ValueOrDie().records.size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}

/// `keep` of ten records lie in the range of the read.
void ToColumns(benchmark::State& state, Schema layout, int64_t keep) {
  const std::string body = Answer(state.range(0));
  PageRows rows = std::move(PageRows::Make(std::make_shared<const Schema>(std::move(layout)))).ValueOrDie();
  RecordRange range;
  range.end_ms = kBeginMs + state.range(0) * keep / 10;
  SplitCertificate certificate;
  int64_t made = 0;
  for (auto _ : state) {
    state.PauseTiming();  // the client hands the text over; it is not copied
    std::string copy;
    copy.reserve(body.size() + kDecoderPadding);
    copy = body;
    state.ResumeTiming();
    const RecordPage page = std::move(ParseRecords(std::move(copy))).ValueOrDie();
    std::vector<uint32_t> wanted;
    wanted.reserve(page.records.size());
    for (uint32_t i = 0; i < page.records.size(); ++i) {
      if (range.Holds(page.records[i])) wanted.push_back(i);
    }
    made += rows.Make("shardId-000000000000", page, wanted, &certificate).num_rows();
  }
  LOTIC_CHECK(made == state.iterations() * (state.range(0) * keep / 10));
  LOTIC_CHECK(certificate.undecodable_values == 0);
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
void BM_OneColumn(benchmark::State& state) { ToColumns(state, {{Column("count", Type::Int64())}}, 10); }
void BM_ThreeColumns(benchmark::State& state) {
  ToColumns(state, {{Column("ts", Type::Int64()), Column("uuid", Type::String()), Column("count", Type::Int64())}}, 10);
}
void BM_HalfOfThreeColumns(benchmark::State& state) {
  ToColumns(state, {{Column("ts", Type::Int64()), Column("uuid", Type::String()), Column("count", Type::Int64())}}, 5);
}
void BM_StreamColumns(benchmark::State& state) {
  ToColumns(state,
            {{StreamField("_arrival_timestamp", Type::Timestamp(TimeUnit::kMilli, true)), StreamField("_shard_id", Type::String()),
              StreamField("_sequence_number", Type::String())}},
            10);
}

BENCHMARK(BM_Parse)->Arg(100)->Arg(10'000);
BENCHMARK(BM_ParsePlainly)->Arg(10'000);
BENCHMARK(BM_OneColumn)->Arg(100)->Arg(10'000);
BENCHMARK(BM_ThreeColumns)->Arg(100)->Arg(10'000);
BENCHMARK(BM_HalfOfThreeColumns)->Arg(10'000);
BENCHMARK(BM_StreamColumns)->Arg(10'000);

}  // namespace
}  // namespace lotic::kinesis
