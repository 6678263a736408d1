// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "format/pinot_json_decoder.h"

// Messages of 67 bytes that lie one behind the other, as in a batch of a stream's values, into columns by Pinot's rules. Counters: rows and bytes of message text per second.

namespace lotic {
namespace {

struct Corpus {
  std::string bytes;
  std::vector<PayloadView> payloads;
  std::vector<uint32_t> all;
};

Corpus Make(size_t rows, bool escapes) {
  std::mt19937_64 random(42);
  Corpus corpus;
  std::vector<size_t> sizes;
  for (size_t i = 0; i < rows; ++i) {
    std::string message = "{\"ts\":" + std::to_string(1644586485807 + i * 20) + ",\"uuid\":\"";
    for (int digit = 0; digit < 20; ++digit) message.push_back("0123456789abcdef"[random() % 16]);
    message += (escapes ? "\\\"" : "");
    message += "\",\"count\":" + std::to_string(random() % 1001) + "}";
    corpus.bytes += message;
    sizes.push_back(message.size());
  }
  size_t at = 0;
  for (const size_t size : sizes) {
    corpus.all.push_back(static_cast<uint32_t>(corpus.payloads.size()));
    corpus.payloads.push_back({reinterpret_cast<const uint8_t*>(corpus.bytes.data()) + at, static_cast<uint32_t>(size)});
    at += size;
  }
  return corpus;
}

bool NoTimestamp(std::string_view, int64_t*) { return false; }

void Run(benchmark::State& state, const Corpus& corpus, PinotCell time, bool speculate) {
  std::vector<PinotDecoderField> fields(3);
  fields[0].name = "ts", fields[0].cell = time, fields[0].parse_timestamp = NoTimestamp;
  fields[1].name = "uuid", fields[1].max_length = 512;
  fields[2].name = "count", fields[2].cell = PinotCell::kInt;
  auto decoder = MakePinotJsonDecoder(fields, speculate).ValueOrDie();
  std::vector<ColumnBuilder> columns;
  for (const PinotDecoderField& field : fields) columns.emplace_back(field.type());
  std::vector<ColumnBuilder*> out;
  for (ColumnBuilder& column : columns) out.push_back(&column);
  PinotOutcome outcome;
  for (auto _ : state) {
    outcome.Clear();
    decoder->Decode(corpus.payloads, corpus.all, reinterpret_cast<const uint8_t*>(corpus.bytes.data()) + corpus.bytes.size(), out, &outcome);
    for (ColumnBuilder& column : columns) column.Truncate(0);
  }
  if (outcome.rows.size() != corpus.payloads.size() || !outcome.problems.empty()) state.SkipWithError("a message was not decoded");
  const double rows = static_cast<double>(corpus.payloads.size()) * static_cast<double>(state.iterations());
  state.counters["rows"] = benchmark::Counter(rows, benchmark::Counter::kIsRate);
  state.counters["ns_per_row"] = benchmark::Counter(rows / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(static_cast<int64_t>(corpus.bytes.size()) * state.iterations());
}

void ThreeColumns(benchmark::State& state) {
  static const Corpus corpus = Make(10'000, false);
  Run(state, corpus, PinotCell::kTimestamp, true);
}
void ThreeColumnsWithEscapes(benchmark::State& state) {
  static const Corpus corpus = Make(10'000, true);
  Run(state, corpus, PinotCell::kLong, true);
}
void ThreeColumnsGeneralPath(benchmark::State& state) {
  static const Corpus corpus = Make(10'000, false);
  Run(state, corpus, PinotCell::kLong, false);
}

BENCHMARK(ThreeColumns);
BENCHMARK(ThreeColumnsWithEscapes);
BENCHMARK(ThreeColumnsGeneralPath);

}  // namespace
}  // namespace lotic
