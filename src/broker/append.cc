// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

namespace lotic::broker {

namespace kp = kafka_protocol;

namespace {

// The offset of each record relative to the first one's; Invalid when they do not rise within an int32.
Result<std::vector<int32_t>> Deltas(std::span<const Record> records) {
  std::vector<int32_t> deltas;
  const int64_t base = records.empty() ? 0 : records.front().offset.value_or(0);
  int64_t next = base;
  for (const Record& record : records) {
    const int64_t offset = record.offset.value_or(next);
    if (offset < next || offset - base > INT32_MAX) return Status::Invalid("record offset ", offset, " where ", next, " or more is possible");
    deltas.push_back(static_cast<int32_t>(offset - base));
    next = offset + 1;
  }
  return deltas;
}

Result<std::string> BuildMessages(std::span<const Record> records, const std::vector<int32_t>& deltas, int64_t base, const BatchSettings& settings) {
  kp::MessageSetOptions options;
  options.magic = settings.magic;
  options.base_offset = base;
  options.codec = settings.codec;
  options.compress = settings.compress;
  options.log_append_time = settings.log_append_time_ms;
  kp::MessageSetBuilder builder(options);
  for (size_t i = 0; i < records.size(); ++i) builder.AddAt(deltas[i], records[i].timestamp_ms, records[i].key, records[i].value);
  return builder.Finish();
}

}  // namespace

Result<int64_t> Broker::Append(const std::string& topic, int32_t partition, std::span<const Record> records, const BatchSettings& settings) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<int32_t> deltas, Deltas(records));
  const bool fixed = !records.empty() && records.front().offset.has_value();
  LOTIC_ASSIGN_OR_RETURN(const PartitionState state, Describe(topic, partition));
  const int64_t base = fixed ? *records.front().offset : state.high_watermark;
  AppendOptions how;
  how.keep_offsets = fixed || (settings.magic == 0 && settings.codec != kp::CodecId::kNone);  // whose inner offsets are absolute
  if (settings.magic < 2) {
    LOTIC_ASSIGN_OR_RETURN(const std::string messages, BuildMessages(records, deltas, base, settings));
    return AppendBatch(topic, partition, kp::AsBytes(messages), how);
  }
  kp::BatchOptions options;
  options.base_offset = base;
  options.codec = settings.codec;
  options.compress = settings.compress;
  options.producer_id = settings.producer_id;
  options.producer_epoch = settings.producer_id < 0 ? int16_t{-1} : settings.producer_epoch;
  options.base_sequence = settings.base_sequence;
  options.transactional = settings.transactional;
  options.log_append_time = settings.log_append_time_ms;
  kp::RecordBatchBuilder builder(options);
  for (size_t i = 0; i < records.size(); ++i) {
    builder.AddAt(deltas[i], records[i].timestamp_ms, records[i].key, records[i].value, records[i].headers);
  }
  std::optional<int32_t> last_delta;
  if (settings.last_offset) {
    if (*settings.last_offset < base || *settings.last_offset - base > INT32_MAX) {
      return Status::Invalid("a batch from ", base, " on cannot end at ", *settings.last_offset);
    }
    last_delta = static_cast<int32_t>(*settings.last_offset - base);
    how.keep_offsets = true;
  }
  LOTIC_ASSIGN_OR_RETURN(const std::string batch, builder.Finish(last_delta));
  return AppendBatch(topic, partition, kp::AsBytes(batch), how);
}

}  // namespace lotic::broker
