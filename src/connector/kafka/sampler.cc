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

/// Sampled messages of one partition, in their order. Null: a tombstone.
struct Sampled {
  std::string bytes;
  std::vector<std::pair<size_t, int64_t>> messages;  // place and size; -1: tombstone
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

Result<SampledSchema> SampleTopic(const CallContext& ctx, const std::shared_ptr<Cluster>& cluster, const KafkaOptions& options,
                                  const std::string& topic) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> metadata,
                         cluster->Topic(ctx, topic, options.client.metadata_max_age));
  SampledSchema sampled;
  SchemaSampler sampler;
  std::vector<OffsetQuery> queries;
  for (const PartitionMetadata& p : metadata->partitions) queries.push_back({p.id, kafka_protocol::kLatestTimestamp});
  for (const PartitionMetadata& p : metadata->partitions) queries.push_back({p.id, kafka_protocol::kEarliestTimestamp});
  LOTIC_ASSIGN_OR_RETURN(const std::vector<OffsetAnswer> offsets,
                         cluster->ListOffsets(ctx, topic, queries, kafka_protocol::IsolationLevel::kReadCommitted));
  const size_t count = metadata->partitions.size();
  std::vector<size_t> filled;
  for (size_t i = 0; i < count; ++i) {
    if (offsets[i].offset > offsets[count + i].offset) filled.push_back(i);
  }
  if (static_cast<int64_t>(filled.size()) > options.sample_records) filled.resize(static_cast<size_t>(options.sample_records));
  if (filled.empty()) {
    sampled.document = sampler.Finish(topic);
    return sampled;
  }

  ScanRequest request;
  request.table = {kDefaultSchema, topic};
  request.layout.fields = {MetadataField(MetadataColumn::kMessageBytes)};
  request.policy.on_data_loss = OnDataLoss::kWarn;  // retention may take the head while we look
  KafkaOptions narrow = options;
  const auto shares = static_cast<int64_t>(filled.size());
  narrow.client.max_partition_fetch_bytes =
      static_cast<int32_t>(std::min<int64_t>(options.client.max_partition_fetch_bytes, std::max<int64_t>(options.sample_bytes / shares, 64 << 10)));
  narrow.client.fetch_max_bytes = static_cast<int32_t>(std::min<int64_t>(options.client.fetch_max_bytes, options.sample_bytes));
  const int64_t each = std::max<int64_t>(options.sample_records / shares, 1);
  std::vector<SplitStart> splits;
  for (const size_t i : filled) {
    Split split;
    split.partition = std::to_string(metadata->partitions[i].id);
    const int64_t start = std::max({offsets[i].offset - each, offsets[count + i].offset, int64_t{0}});
    split.start = {std::to_string(start)};
    split.end = Position{std::to_string(offsets[i].offset)};
    split.properties = {{"topic", topic}, {"topic_id", TopicIdText(metadata->id)}};
    splits.push_back({split, split.start});
  }
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<KafkaReader> reader, KafkaReader::Make(cluster, narrow, request, splits));

  std::vector<Sampled> by_split(splits.size());
  int64_t bytes = 0;
  int64_t records = 0;
  Status failure;
  CallContext limited = ctx;
  bool timed = false;
  while (true) {
    Result<ReadBatch> batch = reader->Next(limited);
    if (!batch.ok()) {
      if (timed && batch.status().code() == StatusCode::kDeadlineExceeded && ctx.Check("sample").ok()) {
        sampler.Cut("time");
        break;
      }
      return batch.status();
    }
    if (batch->runs.empty()) break;
    int64_t row = 0;
    for (const Run& run : batch->runs) {
      if (run.num_rows > 0) {
        const size_t before = by_split[run.split].bytes.size();
        Take(batch->rows->column(0), row, run.num_rows, &by_split[run.split]);
        bytes += static_cast<int64_t>(by_split[run.split].bytes.size() - before);
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
      break;
    }
    if (records > 0 && !timed) {
      timed = true;
      limited = ctx.WithDeadline(steady_clock::now() + options.sample_time);
    }
  }
  LOTIC_RETURN_NOT_OK(reader->Close(ctx));
  if (records == 0 && !failure.ok()) return failure;
  for (const Sampled& one : by_split) {
    for (const auto& [at, size] : one.messages) {
      if (size < 0) {
        sampler.Add({});
      } else {
        sampler.Add({reinterpret_cast<const uint8_t*>(one.bytes.data()) + at, static_cast<uint32_t>(size)});
      }
    }
  }
  sampled.document = sampler.Finish(topic);
  sampled.columns_left_out = sampler.columns_left_out();
  return sampled;
}

}  // namespace lotic::kafka
