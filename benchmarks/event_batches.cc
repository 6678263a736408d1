// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/event_batches.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <random>

#include "kafka_protocol/batch_builder.h"

namespace lotic::benchmarks {

namespace {
constexpr int64_t kFirstMs = 1'644'586'485'807;
}

void EventTotals::Add(const EventTotals& other) {
  records += other.records;
  sum += other.sum;
  above_500 += other.above_500;
  sum_above_500 += other.sum_above_500;
  last_ts = std::max(last_ts, other.last_ts);
  value_bytes += other.value_bytes;
}

Result<std::vector<EventBatch>> MakeEventBatches(int batches, int records, kafka_protocol::CodecId codec) {
  std::mt19937_64 random(20220211);
  kafka_protocol::BatchOptions options;
  options.codec = codec;
  kafka_protocol::RecordBatchBuilder builder(options);
  std::vector<EventBatch> made;
  int64_t ts = kFirstMs;
  for (int b = 0; b < batches; ++b) {
    EventBatch batch;
    for (int i = 0; i < records; ++i) {
      ts += static_cast<int64_t>(random() % 4);
      const auto count = static_cast<int64_t>(random() % 1001);
      std::array<char, 128> text;
      const int size = std::snprintf(text.data(), text.size(), "{\"ts\": %" PRId64 ", \"uuid\": \"%016" PRIx64 "%04x\", \"count\": %d}", ts, random(),
                                     static_cast<unsigned>(random() & 0xffff), static_cast<int>(count));
      builder.Add(ts, std::nullopt, std::string_view(text.data(), static_cast<size_t>(size)));
      batch.totals.Add({1, count, count > 500 ? 1 : 0, count > 500 ? count : 0, ts, size});
    }
    LOTIC_ASSIGN_OR_RETURN(batch.bytes, builder.Finish());
    made.push_back(std::move(batch));
  }
  return made;
}

}  // namespace lotic::benchmarks
