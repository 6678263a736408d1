// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <random>
#include <string>
#include <vector>

#include "format/decoder.h"

// Decoding of messages that lie one behind the other, as in a fetched batch, into Arrow columns. `small` is an event of
// 67 bytes, `wide` one of 40 fields and 800 bytes. Counters: rows and bytes of message text per second.

namespace lotic {
namespace {

struct Corpus {
  std::string bytes;
  std::vector<PayloadView> payloads;
};

std::string Hex(std::mt19937_64& random, int digits) {
  std::string text;
  for (int i = 0; i < digits; ++i) text.push_back("0123456789abcdef"[random() % 16]);
  return text;
}

std::string Small(std::mt19937_64& random, uint64_t at) {
  return "{\"ts\": " + std::to_string(1644586485807 + at) + ", \"uuid\": \"" + Hex(random, 20) + "\", \"count\": " + std::to_string(random() % 1001) + "}";
}

std::string Wide(std::mt19937_64& random, uint64_t at) {
  std::string text = "{\"ts\": " + std::to_string(1644586485807 + at);
  for (int i = 0; i < 38; ++i) {
    if (i == 20) text += ", \"count\": " + std::to_string(random() % 1001);
    text += ", \"f" + std::to_string(i) + "\": ";
    if (i % 3 == 0) text += "\"" + Hex(random, 16) + "\"";
    if (i % 3 == 1) text += std::to_string(random() % 1'000'000'000);
    if (i % 3 == 2) text += std::to_string(random() % 1000) + "." + std::to_string(random() % 1000);
  }
  return text + "}";
}

Corpus Make(std::string (*message)(std::mt19937_64&, uint64_t), size_t rows) {
  std::mt19937_64 random(42);
  Corpus corpus;
  std::vector<size_t> sizes;
  for (size_t i = 0; i < rows; ++i) {
    const std::string one = message(random, i * 20);
    corpus.bytes += one + "\x12\x34\x56\x78\x9a\x0a";  // as much as the framing of a record
    sizes.push_back(one.size());
  }
  corpus.bytes.append(kDecoderPadding, ' ');
  size_t at = 0;
  for (const size_t size : sizes) {
    corpus.payloads.push_back({reinterpret_cast<const uint8_t*>(corpus.bytes.data()) + at, static_cast<uint32_t>(size)});
    at += size + 6;
  }
  return corpus;
}

void Run(benchmark::State& state, const Corpus& corpus, const std::vector<DecoderField>& fields, bool speculate, size_t padding) {
  DecoderOptions options;
  options.speculate = speculate;
  options.readable_padding = padding;
  auto decoder = MakeJsonDecoder(fields, options).ValueOrDie();
  std::vector<ColumnBuilder> columns;
  for (const DecoderField& field : fields) columns.emplace_back(field.type);
  std::vector<ColumnBuilder*> out;
  for (ColumnBuilder& column : columns) out.push_back(&column);
  size_t bytes = 0;
  for (const PayloadView& payload : corpus.payloads) bytes += payload.size;
  for (auto _ : state) {
    decoder->DecodeAll(corpus.payloads, out);
    for (ColumnBuilder& column : columns) column.Truncate(0);
  }
  const double rows = static_cast<double>(corpus.payloads.size()) * static_cast<double>(state.iterations());
  state.counters["rows"] = benchmark::Counter(rows, benchmark::Counter::kIsRate);
  state.counters["ns_per_row"] = benchmark::Counter(rows / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(static_cast<int64_t>(bytes) * state.iterations());
}

const std::vector<DecoderField> kThree = {{"ts", Type::Int64(), "/ts"}, {"uuid", Type::String(), "/uuid"}, {"count", Type::Int64(), "/count"}};
const std::vector<DecoderField> kCount = {{"count", Type::Int64(), "/count"}};

const Corpus& SmallRows() {
  static const Corpus corpus = Make(Small, 10'000);
  return corpus;
}
const Corpus& WideRows() {
  static const Corpus corpus = Make(Wide, 1'000);
  return corpus;
}

void SmallCount(benchmark::State& state) { Run(state, SmallRows(), kCount, true, kDecoderPadding); }
void SmallCountCopied(benchmark::State& state) { Run(state, SmallRows(), kCount, true, 0); }
void SmallCountGeneralPath(benchmark::State& state) { Run(state, SmallRows(), kCount, false, kDecoderPadding); }
void SmallThreeColumns(benchmark::State& state) { Run(state, SmallRows(), kThree, true, kDecoderPadding); }
void SmallThreeColumnsGeneralPath(benchmark::State& state) { Run(state, SmallRows(), kThree, false, kDecoderPadding); }
void WideCount(benchmark::State& state) { Run(state, WideRows(), kCount, true, kDecoderPadding); }
void WideLastField(benchmark::State& state) { Run(state, WideRows(), {{"f37", Type::Int64(), "/f37"}}, true, kDecoderPadding); }
void WideCountGeneralPath(benchmark::State& state) { Run(state, WideRows(), kCount, false, kDecoderPadding); }

/// The yardstick: simdjson's on-demand parser, message by message.
void SmallCountOnDemand(benchmark::State& state) {
  const Corpus& corpus = SmallRows();
  simdjson::ondemand::parser parser;
  for (auto _ : state) {
    int64_t sum = 0;
    for (const PayloadView& payload : corpus.payloads) {
      auto document = parser.iterate(reinterpret_cast<const char*>(payload.data), payload.size, payload.size + kDecoderPadding);
      int64_t count = 0;
      if (document["count"].get(count) == simdjson::SUCCESS) sum += count;
    }
    benchmark::DoNotOptimize(sum);
  }
  const double rows = static_cast<double>(corpus.payloads.size()) * static_cast<double>(state.iterations());
  state.counters["rows"] = benchmark::Counter(rows, benchmark::Counter::kIsRate);
  state.counters["ns_per_row"] = benchmark::Counter(rows / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(SmallCount);
BENCHMARK(SmallCountCopied);
BENCHMARK(SmallCountGeneralPath);
BENCHMARK(SmallCountOnDemand);
BENCHMARK(SmallThreeColumns);
BENCHMARK(SmallThreeColumnsGeneralPath);
BENCHMARK(WideCount);
BENCHMARK(WideLastField);
BENCHMARK(WideCountGeneralPath);

}  // namespace
}  // namespace lotic
