// SPDX-License-Identifier: Apache-2.0
// The server of the benchmarks: our embedded broker, filled with small events, in a process of its own.
// usage: bench_broker PARTITIONS RECORDS_PER_BATCH NAME:CODEC:RECORDS_PER_PARTITION...
// Prints one line of JSON when it listens, {"bootstrap": ..., "topics": {NAME: totals}}. A line `NAME PARTITION VALUE` of its standard input is a record
// that is written now, as a batch of its own; it ends when the input does.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "benchmarks/event_batches.h"
#include "broker/broker.h"
#include "kafka_protocol/codec.h"

namespace lotic::benchmarks {
namespace {

// Distinct batches per topic, repeated up to the length asked for: 5 MB of text, more than a second-level cache holds.
constexpr int kDistinctBatches = 64;

int64_t NowMs() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

struct TopicPlan {
  std::string name;
  kafka_protocol::CodecId codec = kafka_protocol::CodecId::kNone;
  int64_t records_per_partition = 0;
};

Result<TopicPlan> ParsePlan(const std::string& text) {
  const size_t first = text.find(':');
  const size_t second = text.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return Status::Invalid("expected NAME:CODEC:RECORDS, not ", text);
  TopicPlan plan;
  plan.name = text.substr(0, first);
  const std::optional<kafka_protocol::CodecId> codec = kafka_protocol::CodecFromName(text.substr(first + 1, second - first - 1));
  if (!codec.has_value()) return Status::Invalid("unknown codec in ", text);
  plan.codec = *codec;
  plan.records_per_partition = std::strtoll(text.c_str() + second + 1, nullptr, 10);
  if (plan.records_per_partition <= 0) return Status::Invalid("no number of records in ", text);
  return plan;
}

Result<EventTotals> Fill(broker::Broker& broker, const TopicPlan& plan, int partitions, int records_per_batch) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<EventBatch> batches, MakeEventBatches(kDistinctBatches, records_per_batch, plan.codec));
  LOTIC_RETURN_NOT_OK(broker.CreateTopic(plan.name, partitions));
  broker::AppendOptions options;
  options.check = false;  // they are our own
  EventTotals totals;
  for (int partition = 0; partition < partitions; ++partition) {
    for (int64_t done = 0, i = partition; done < plan.records_per_partition; done += records_per_batch, ++i) {
      const EventBatch& batch = batches[static_cast<size_t>(i % kDistinctBatches)];
      LOTIC_RETURN_NOT_OK(broker.AppendBatch(plan.name, partition, kafka_protocol::AsBytes(batch.bytes), options).status());
      totals.Add(batch.totals);
    }
  }
  return totals;
}

Status Serve(int partitions, int records_per_batch, const std::vector<std::string>& topics) {
  if (partitions < 1 || records_per_batch < 1) return Status::Invalid("partitions and records per batch are at least 1");
  broker::BrokerOptions options;
  options.max_partition_bytes = size_t{8} << 30;
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<broker::Broker> broker, broker::Broker::Start(options));
  std::string line = "{\"bootstrap\": \"" + broker->bootstrap() + "\", \"topics\": {";
  const char* comma = "";
  for (const std::string& topic : topics) {
    LOTIC_ASSIGN_OR_RETURN(const TopicPlan plan, ParsePlan(topic));
    LOTIC_ASSIGN_OR_RETURN(const EventTotals totals, Fill(*broker, plan, partitions, records_per_batch));
    line += comma + ("\"" + plan.name + "\": {\"records\": ") + std::to_string(totals.records) + ", \"sum\": " + std::to_string(totals.sum) +
            ", \"above_500\": " + std::to_string(totals.above_500) + ", \"sum_above_500\": " + std::to_string(totals.sum_above_500) +
            ", \"last_ts\": " + std::to_string(totals.last_ts) + ", \"value_bytes\": " + std::to_string(totals.value_bytes) + "}";
    comma = ", ";
  }
  std::printf("%s}}\n", line.c_str());
  std::fflush(stdout);
  for (std::string record; std::getline(std::cin, record);) {
    std::istringstream words(record);
    std::string name, value;
    int32_t partition = 0;
    words >> name >> partition >> std::ws;
    std::getline(words, value);
    const broker::Record one{.value = value, .timestamp_ms = NowMs()};
    LOTIC_RETURN_NOT_OK(broker->Append(name, partition, {&one, 1}).status());
  }
  broker->Stop();
  return Status::OK();
}

}  // namespace
}  // namespace lotic::benchmarks

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s PARTITIONS RECORDS_PER_BATCH NAME:CODEC:RECORDS_PER_PARTITION...\n", argv[0]);
    return 2;
  }
  const lotic::Status status = lotic::benchmarks::Serve(std::atoi(argv[1]), std::atoi(argv[2]), std::vector<std::string>(argv + 3, argv + argc));
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_broker: %s\n", status.ToString().c_str());
  return 1;
}
