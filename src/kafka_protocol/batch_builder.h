// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "kafka_protocol/codec.h"
#include "kafka_protocol/record_batch.h"
#include "lotic/status.h"

namespace lotic::kafka_protocol {

struct HeaderInput {
  std::string_view key;
  std::optional<std::string_view> value;
};

struct BatchOptions {
  int64_t base_offset = 0;
  CodecId codec = CodecId::kNone;
  CompressOptions compress;
  int32_t leader_epoch = 0;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  bool transactional = false;
  bool control = false;
  std::optional<int64_t> log_append_time;  ///< set: the flag, and the batch's max timestamp, which is then every record's
  std::optional<int64_t> delete_horizon;   ///< set: the flag, and the base timestamp
};

/// Builds one record batch of magic 2. Offsets and timestamps may be any int64 whose differences wrap around. One
/// thread at a time.
class RecordBatchBuilder {
 public:
  explicit RecordBatchBuilder(BatchOptions options = {});

  /// The next record, at the offset behind the last one.
  void Add(int64_t timestamp, std::optional<std::string_view> key, std::optional<std::string_view> value, std::span<const HeaderInput> headers = {});
  /// At base_offset + offset_delta, which must be larger than the last one's: a compacted batch has gaps.
  void AddAt(int32_t offset_delta, int64_t timestamp, std::optional<std::string_view> key, std::optional<std::string_view> value,
             std::span<const HeaderInput> headers = {});
  /// A transaction marker; for batches with options.control.
  void AddMarker(ControlType type, int64_t timestamp, int32_t coordinator_epoch = 0);

  int32_t record_count() const { return count_; }
  /// Of the records before compression.
  size_t payload_bytes() const { return records_.size(); }
  /// The batch. `last_offset_delta` overrides that of the last record added, for compacted batches (also for those
  /// without records). The builder is then empty and starts over with the same options.
  Result<std::string> Finish(std::optional<int32_t> last_offset_delta = std::nullopt);

 private:
  BatchOptions options_;
  std::string records_;
  std::string scratch_;
  int32_t count_ = 0;
  int32_t last_delta_ = -1;
  int64_t base_timestamp_ = 0;
  int64_t max_timestamp_ = kNoTimestamp;
};

/// Where a broker changes a producer's batch, in place: base offset and leader epoch lie outside the checksum.
void AssignOffset(uint8_t* batch, int64_t base_offset, int32_t leader_epoch);
/// Sets log append time on a magic 2 batch: flag, max timestamp, checksum anew.
void StampLogAppendTime(std::span<uint8_t> batch, int64_t time_ms);

struct MessageSetOptions {
  int8_t magic = 1;  ///< 0 or 1
  int64_t base_offset = 0;
  CodecId codec = CodecId::kNone;  ///< not zstd
  CompressOptions compress;
  std::optional<int64_t> log_append_time;  ///< magic 1
};

/// Builds messages of the formats before 0.11: a plain sequence, or one compressed wrapper. One thread at a time.
class MessageSetBuilder {
 public:
  explicit MessageSetBuilder(MessageSetOptions options = {});

  /// At the offset behind the last one. Magic 0 has no timestamps.
  void Add(int64_t timestamp, std::optional<std::string_view> key, std::optional<std::string_view> value);
  void AddAt(int32_t offset_delta, int64_t timestamp, std::optional<std::string_view> key, std::optional<std::string_view> value);
  /// The bytes; the builder is then empty.
  Result<std::string> Finish();

 private:
  MessageSetOptions options_;
  std::string messages_;
  int32_t last_delta_ = -1;
  int64_t max_timestamp_ = kNoTimestamp;
};

}  // namespace lotic::kafka_protocol
