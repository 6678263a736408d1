// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/sampler.h"

#include <algorithm>
#include <utility>

#include "connector/kafka/columns.h"
#include "connector/kafka/reader.h"

namespace lotic::kafka {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr size_t kMostNotes = 8;
constexpr int kMostRounds = 24;              // windows of one partition, each twice the one before
constexpr int64_t kLookedThroughFactor = 4;  // bytes fetched in search of records, for each byte of the sample's limit

/// Sampled messages of one window of a partition, in their order.
struct Sampled {
  std::string bytes;
  std::vector<std::pair<size_t, int64_t>> messages;  // place and size; -1: tombstone
};

/// One partition while it is sampled, from its end backwards.
struct Part {
  int32_t id = 0;
  int64_t log_start = 0;
  int64_t end = 0;      // of the log
  int64_t begin = 0;    // [begin, end) has been looked at
  int64_t missing = 0;  // records wanted still
  int64_t found = 0;
  std::vector<Sampled> windows;  // newest first
};

void Take(const Column& column, int64_t first, int64_t rows, Sampled* into) {
  for (int64_t row = first; row < first + rows; ++row) {
    if (column.IsNull(row)) {
      into->messages.emplace_back(0, -1);
      continue;
    }
    const std::string_view text = column.Text(row);
    into->messages.emplace_back(into->bytes.size(), static_cast<int64_t>(text.size()));
    into->bytes += text;
  }
}

}  // namespace

Result<SampledSchema> SampleTopic(const CallContext& ctx, const std::shared_ptr<Cluster>& cluster, const KafkaOptions& options, const std::string& topic) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> metadata, cluster->Topic(ctx, topic, options.client.metadata_max_age));
  SampledSchema sampled;
  SchemaSampler sampler;
  std::vector<OffsetQuery> queries;
  for (const PartitionMetadata& p : metadata->partitions) queries.push_back({p.id, kafka_protocol::kLatestTimestamp});
  for (const PartitionMetadata& p : metadata->partitions) queries.push_back({p.id, kafka_protocol::kEarliestTimestamp});
  LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> offsets, cluster->ListOffsets(ctx, topic, queries, kafka_protocol::IsolationLevel::kReadCommitted));
  const size_t count = metadata->partitions.size();
  std::vector<Part> parts;
  for (size_t i = 0; i < count && static_cast<int64_t>(parts.size()) < options.sample_records; ++i) {
    const int64_t log_start = std::max<int64_t>(offsets[count + i].offset, 0);
    if (offsets[i].offset > log_start) parts.push_back({metadata->partitions[i].id, log_start, offsets[i].offset, offsets[i].offset, 0, 0, {}});
  }
  if (parts.empty()) {
    sampled.document = sampler.Finish(topic);
    return sampled;
  }

  ScanRequest request;
  request.table = {kDefaultSchema, topic};
  request.layout.fields = {MetadataField(MetadataColumn::kMessageBytes)};
  request.policy.on_data_loss = OnDataLoss::kWarn;  // retention may take the head while we look
  KafkaOptions narrow = options;
  const auto shares = static_cast<int64_t>(parts.size());
  narrow.client.max_partition_fetch_bytes =
      static_cast<int32_t>(std::min<int64_t>(options.client.max_partition_fetch_bytes, std::max<int64_t>(options.sample_bytes / shares, 64 << 10)));
  narrow.client.fetch_max_bytes = static_cast<int32_t>(std::min<int64_t>(options.client.fetch_max_bytes, options.sample_bytes));
  const int64_t each = std::max<int64_t>(options.sample_records / shares, 1);
  for (Part& part : parts) part.missing = each;

  int64_t bytes = 0;
  int64_t fetched = 0;
  int64_t records = 0;
  Status failure;
  CallContext limited = ctx;
  bool timed = false;
  bool cut = false;
  const auto start_clock = [&] {
    if (timed) return;
    timed = true;
    limited = ctx.WithDeadline(steady_clock::now() + options.sample_time);
  };
  // The newest offsets may hold no record to be seen: markers, aborted transactions, what compaction took. Where they gave less than half
  // of a partition's share, the window goes on backwards, twice as wide each time.
  int64_t width = each;
  for (int round = 0; round < kMostRounds && !cut; ++round, width *= 2) {
    if (round > 0 && fetched >= kLookedThroughFactor * options.sample_bytes) break;
    std::vector<Part*> asked;
    std::vector<SplitStart> splits;
    for (Part& part : parts) {
      if (part.begin <= part.log_start || (round > 0 && part.found * 2 >= each)) continue;
      Split split;
      split.partition = std::to_string(part.id);
      const int64_t from = part.begin - std::min(width, part.begin - part.log_start);
      split.start = {std::to_string(from)};
      split.end = Position{std::to_string(part.begin)};
      split.properties = {{"topic", topic}, {"topic_id", TopicIdText(metadata->id)}};
      splits.push_back({split, split.start});
      part.begin = from;
      part.windows.emplace_back();
      asked.push_back(&part);
    }
    if (asked.empty()) break;
    if (round > 0) start_clock();
    LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaReader> reader, KafkaReader::Make(cluster, narrow, request, splits));
    while (true) {
      Result<ReadBatch> batch = reader->Next(limited);
      if (!batch.ok()) {
        if (!timed || batch.status().code() != StatusCode::kDeadlineExceeded || !ctx.Check("sample").ok()) return batch.status();
        sampler.Cut("time");
        cut = true;
        break;
      }
      if (batch->runs.empty()) break;
      int64_t row = 0;
      for (const Run& run : batch->runs) {
        Part& part = *asked[run.split];
        if (run.num_rows > 0) {
          const size_t before = part.windows.back().bytes.size();
          Take(batch->rows->column(0), row, run.num_rows, &part.windows.back());
          bytes += static_cast<int64_t>(part.windows.back().bytes.size() - before);
        }
        row += run.num_rows;
        if (!run.status.ok()) {
          failure = run.status;
          sampled.notes.push_back("the sample lacks records of partition " + splits[run.split].split.partition + ": " + run.status.message());
        }
      }
      records += row;
      if (bytes >= options.sample_bytes) {
        sampler.Cut("bytes");
        cut = true;
        break;
      }
      if (records > 0) start_clock();
    }
    fetched += reader->Progress().bytes_fetched;
    LOTIC_RETURN_NOT_OK(reader->Close(ctx));
    for (Part* part : asked) {
      auto& messages = part->windows.back().messages;
      const auto got = static_cast<int64_t>(messages.size());
      if (got > part->missing) messages.erase(messages.begin(), messages.begin() + (got - part->missing));  // the newest are wanted
      part->found += static_cast<int64_t>(messages.size());
      part->missing -= static_cast<int64_t>(messages.size());
    }
  }
  if (records == 0 && !failure.ok()) return failure;
  for (const Part& part : parts) {
    // What was cut short may hold some where nobody looked.
    if (!cut && part.found == 0 && part.begin > part.log_start && sampled.notes.size() < kMostNotes) {
      sampled.notes.push_back("partition " + std::to_string(part.id) + ": none of its newest " + std::to_string(part.end - part.begin) + " offsets, from " +
                              std::to_string(part.begin) +
                              " on, holds a record that can be seen (aborted, compacted away, or markers); its columns may be missing");
    }
    for (auto window = part.windows.rbegin(); window != part.windows.rend(); ++window) {
      for (const auto& [at, size] : window->messages) {
        if (size < 0) {
          sampler.Add({});
        } else {
          sampler.Add({reinterpret_cast<const uint8_t*>(window->bytes.data()) + at, static_cast<uint32_t>(size)});
        }
      }
    }
  }
  sampled.document = sampler.Finish(topic);
  sampled.columns_left_out = sampler.columns_left_out();
  return sampled;
}

}  // namespace lotic::kafka
