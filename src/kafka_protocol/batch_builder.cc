// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/batch_builder.h"

#include <zlib.h>

#include <algorithm>

#include "base/crc32c.h"

namespace lotic::kafka_protocol {
namespace {

constexpr size_t kCrcAt = 17, kAttributesAt = 21, kMaxTimestampAt = 35;
constexpr uint16_t kLogAppendTime = 0x08, kTransactional = 0x10, kControl = 0x20, kDeleteHorizon = 0x40;

int64_t WrappingDifference(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)); }

void WriteNullable(Writer& out, std::optional<std::string_view> value) {
  out.Varint(value ? static_cast<int32_t>(value->size()) : -1);
  if (value) out.Raw(*value);
}

// offset:8 size:4 crc:4 magic:1 attributes:1 [timestamp:8] key value
void AppendMessage(std::string* set, int64_t offset, int8_t magic, uint8_t attributes, int64_t timestamp, std::optional<std::string_view> key,
                   std::optional<std::string_view> value) {
  Writer out(set);
  out.Int64(offset);
  const size_t size_at = out.ReserveInt32();
  const size_t crc_at = out.ReserveInt32();
  const size_t start = out.position();
  out.Int8(magic);
  out.Int8(static_cast<int8_t>(attributes));
  if (magic >= 1) out.Int64(timestamp);
  for (const auto& part : {key, value}) out.NullableByteString(part ? std::optional(AsBytes(*part)) : std::nullopt, false);
  const Bytes covered = AsBytes(*set).subspan(start);
  out.PatchInt32(crc_at, static_cast<int32_t>(crc32(0, covered.data(), static_cast<uInt>(covered.size()))));
  out.PatchInt32(size_at, static_cast<int32_t>(set->size() - crc_at));
}

}  // namespace

RecordBatchBuilder::RecordBatchBuilder(BatchOptions options) : options_(std::move(options)) {}

void RecordBatchBuilder::Add(int64_t timestamp, std::optional<std::string_view> key, std::optional<std::string_view> value,
                             std::span<const HeaderInput> headers) {
  AddAt(last_delta_ + 1, timestamp, key, value, headers);
}

void RecordBatchBuilder::AddAt(int32_t offset_delta, int64_t timestamp, std::optional<std::string_view> key, std::optional<std::string_view> value,
                               std::span<const HeaderInput> headers) {
  LOTIC_CHECK(offset_delta > last_delta_);
  if (count_ == 0) {
    base_timestamp_ = options_.delete_horizon.value_or(timestamp);
    max_timestamp_ = timestamp;
  }
  max_timestamp_ = std::max(max_timestamp_, timestamp);
  last_delta_ = offset_delta;
  ++count_;
  scratch_.clear();
  Writer record(&scratch_);
  record.Int8(0);
  record.Varlong(WrappingDifference(timestamp, base_timestamp_));
  record.Varint(offset_delta);
  WriteNullable(record, key);
  WriteNullable(record, value);
  record.Varint(static_cast<int32_t>(headers.size()));
  for (const HeaderInput& header : headers) {
    record.Varint(static_cast<int32_t>(header.key.size()));
    record.Raw(header.key);
    WriteNullable(record, header.value);
  }
  Writer out(&records_);
  out.Varint(static_cast<int32_t>(scratch_.size()));
  out.Raw(scratch_);
}

void RecordBatchBuilder::AddMarker(ControlType type, int64_t timestamp, int32_t coordinator_epoch) {
  std::string key, value;
  Writer key_out(&key), value_out(&value);
  key_out.Int16(0);  // version
  key_out.Int16(static_cast<int16_t>(type));
  value_out.Int16(0);  // version
  value_out.Int32(coordinator_epoch);
  Add(timestamp, key, value);
}

Result<std::string> RecordBatchBuilder::Finish(std::optional<int32_t> last_offset_delta) {
  std::string batch;
  Writer out(&batch);
  uint16_t attributes = static_cast<uint16_t>(options_.codec);
  if (options_.log_append_time) attributes |= kLogAppendTime;
  if (options_.transactional) attributes |= kTransactional;
  if (options_.control) attributes |= kControl;
  if (options_.delete_horizon) attributes |= kDeleteHorizon;
  out.Int64(options_.base_offset);
  const size_t length_at = out.ReserveInt32();
  out.Int32(options_.leader_epoch);
  out.Int8(2);
  const size_t crc_at = out.ReserveInt32();
  out.Int16(static_cast<int16_t>(attributes));
  out.Int32(last_offset_delta.value_or(std::max(last_delta_, 0)));
  out.Int64(count_ == 0 ? options_.delete_horizon.value_or(kNoTimestamp) : base_timestamp_);
  out.Int64(options_.log_append_time.value_or(max_timestamp_));
  out.Int64(options_.producer_id);
  out.Int16(options_.producer_epoch);
  out.Int32(options_.base_sequence);
  out.Int32(count_);
  if (count_ > 0) LOTIC_RETURN_NOT_OK(Compress(options_.codec, AsBytes(records_), &batch, options_.compress));
  if (batch.size() > INT32_MAX) return Status::CapacityError("record batch: larger than 2 GiB");
  out.PatchInt32(length_at, static_cast<int32_t>(batch.size() - kBatchPrefixBytes));
  out.PatchInt32(crc_at, static_cast<int32_t>(Crc32c(AsBytes(batch).subspan(kAttributesAt))));
  records_.clear();
  count_ = 0;
  last_delta_ = -1;
  max_timestamp_ = kNoTimestamp;
  return batch;
}

void AssignOffset(uint8_t* batch, int64_t base_offset, int32_t leader_epoch) {
  StoreBigEndian(batch, base_offset);
  StoreBigEndian(batch + kBatchPrefixBytes, leader_epoch);
}

void StampLogAppendTime(std::span<uint8_t> batch, int64_t time_ms) {
  LOTIC_CHECK(batch.size() >= kBatchHeaderBytes);
  const auto attributes = LoadBigEndian<uint16_t>(batch.data() + kAttributesAt);
  StoreBigEndian(batch.data() + kAttributesAt, static_cast<uint16_t>(attributes | kLogAppendTime));
  StoreBigEndian(batch.data() + kMaxTimestampAt, time_ms);
  StoreBigEndian(batch.data() + kCrcAt, Crc32c(Bytes(batch).subspan(kAttributesAt)));
}

MessageSetBuilder::MessageSetBuilder(MessageSetOptions options) : options_(std::move(options)) {
  LOTIC_CHECK(options_.magic == 0 || options_.magic == 1);
  if (options_.magic == 0) options_.compress.legacy_lz4 = true;
}

void MessageSetBuilder::Add(int64_t timestamp, std::optional<std::string_view> key, std::optional<std::string_view> value) {
  AddAt(last_delta_ + 1, timestamp, key, value);
}

void MessageSetBuilder::AddAt(int32_t offset_delta, int64_t timestamp, std::optional<std::string_view> key, std::optional<std::string_view> value) {
  LOTIC_CHECK(offset_delta > last_delta_);
  const bool relative = options_.codec != CodecId::kNone && options_.magic == 1;
  const uint8_t attributes = options_.codec == CodecId::kNone && options_.log_append_time ? kLogAppendTime : 0;
  max_timestamp_ = last_delta_ < 0 ? timestamp : std::max(max_timestamp_, timestamp);
  last_delta_ = offset_delta;
  if (attributes != 0) timestamp = *options_.log_append_time;
  AppendMessage(&messages_, (relative ? 0 : options_.base_offset) + offset_delta, options_.magic, attributes, timestamp, key, value);
}

Result<std::string> MessageSetBuilder::Finish() {
  std::string messages = std::exchange(messages_, std::string());
  const int32_t last_delta = std::exchange(last_delta_, -1);
  if (options_.codec == CodecId::kNone || messages.empty()) return messages;
  if (options_.codec == CodecId::kZstd) return Status::Invalid("zstd is not allowed in message format ", static_cast<int>(options_.magic));
  std::string compressed, set;
  LOTIC_RETURN_NOT_OK(Compress(options_.codec, AsBytes(messages), &compressed, options_.compress));
  const auto attributes = static_cast<uint8_t>(static_cast<uint8_t>(options_.codec) | (options_.log_append_time ? kLogAppendTime : 0));
  AppendMessage(&set, options_.base_offset + last_delta, options_.magic, attributes, options_.log_append_time.value_or(max_timestamp_), std::nullopt,
                compressed);
  return set;
}

}  // namespace lotic::kafka_protocol
