// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kafka_protocol/wire.h"
#include "lotic/status.h"

namespace lotic::kafka_protocol {

/// One record, borrowed from the batch's (decompressed) bytes.
struct RecordView {
  int64_t offset = 0;
  int64_t timestamp = -1;  ///< exactly what the record holds, any int64; -1: none
  const uint8_t* key = nullptr;
  const uint8_t* value = nullptr;
  const uint8_t* headers = nullptr;  ///< undecoded, see HeaderCursor
  int32_t key_size = -1;             ///< -1: null
  int32_t value_size = -1;           ///< -1: null, a tombstone
  uint32_t headers_size = 0;

  bool has_key() const { return key_size >= 0; }
  bool has_value() const { return value_size >= 0; }
  /// Empty when null.
  Bytes key_bytes() const { return {key, static_cast<size_t>(key_size < 0 ? 0 : key_size)}; }
  Bytes value_bytes() const { return {value, static_cast<size_t>(value_size < 0 ? 0 : value_size)}; }
  Bytes header_bytes() const { return {headers, headers_size}; }
};

/// One header of a record. Keys may repeat and may hold any bytes.
struct HeaderView {
  std::string_view key;
  std::optional<Bytes> value;
};

/// Walks a record's headers in their order. Borrows the record's bytes.
class HeaderCursor {
 public:
  explicit HeaderCursor(const RecordView& record);
  int32_t count() const { return count_; }
  /// False: no more, or broken.
  bool Next(HeaderView* header);
  bool ok() const { return in_.ok(); }
  Status status() const { return in_.status("record headers"); }

 private:
  Reader in_;
  int32_t count_ = 0;
  int32_t left_ = 0;
};

/// Walks the records of one batch in place, a few nanoseconds each. Set up by BatchReader::Open; borrows the bytes it
/// walks. Failure is collected: Next returns false and status() tells, once per batch. Checked per record: every length
/// lies inside the record and the record inside the batch, offsets rise strictly and stay within the batch's last
/// offset. Headers are only delimited. One thread at a time.
///
///   RecordView record;
///   while (cursor.Next(record)) ...;
///   LOTIC_RETURN_NOT_OK(cursor.status());   // also: fewer or more records than the header says
class RecordCursor {
 public:
  RecordCursor() = default;

  bool Next(RecordView& record);
  /// The next records, at most `out.size()`, the last of them the one with which `*bytes` (what records take in the batch is added)
  /// reaches `max_bytes`. Fewer than that: Next would return false. The same answers as Next, in half the time.
  size_t NextRun(std::span<RecordView> out, int64_t max_bytes, int64_t* bytes);
  /// OK as long as nothing broke; complete only after Next has returned false.
  Status status() const;
  bool ok() const { return failure_ == nullptr; }
  /// Records not yet walked.
  int32_t remaining() const { return left_; }
  /// Of the whole batch, known from the start also for the old formats.
  int32_t record_count() const { return count_; }
  int64_t base_offset() const { return base_offset_; }

 private:
  friend class BatchReader;
  static constexpr size_t kFastPathBytes = 32;  // > the 5 + 1 + 10 + 5 + 5 bytes that may lie before a key

  size_t FastRun(std::span<RecordView> out, int64_t max_bytes, int64_t* bytes);
  bool NextSlow(RecordView& record);
  bool NextLegacy(RecordView& record);
  bool Finish();
  bool Break(const char* failure);

  const uint8_t* pos_ = nullptr;
  const uint8_t* end_ = nullptr;
  const uint8_t* fast_end_ = nullptr;  // a record that starts before it has kFastPathBytes to read freely; null: old formats
  int64_t base_offset_ = 0;
  int64_t base_timestamp_ = 0;   // what a record's delta is added to
  int64_t timestamp_mask_ = -1;  // 0: log append time, the delta does not count
  int32_t left_ = 0;
  int32_t count_ = 0;
  int32_t last_offset_delta_ = 0;
  int64_t previous_delta_ = -1;
  int8_t magic_ = 2;
  int64_t legacy_shift_ = 0;                   // what an inner message's offset is added to
  std::optional<int64_t> legacy_append_time_;  // of the wrapper; counts instead of the messages' own
  const char* failure_ = nullptr;
};

namespace internal {

/// An unsigned varint that may be read freely up to 10 bytes ahead. More than `kMaxBytes` bytes: *bad gets a bit.
/// Worked example: 0xAC 0x02 -> 0x2C | (0x02 << 7) = 300.
template <int kMaxBytes>
inline uint64_t ReadVarintAhead(const uint8_t*& at, uint32_t& bad) {
  uint64_t byte = *at++;
  if (byte < 0x80) [[likely]]
    return byte;
  uint64_t value = byte & 0x7f;
  byte = *at++;
  if (byte < 0x80) [[likely]]
    return value | (byte << 7);
  value |= (byte & 0x7f) << 7;
  for (int shift = 14; shift < 7 * kMaxBytes; shift += 7) {
    byte = *at++;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  bad |= 1;
  return 0;
}
inline int64_t UnZigZag(uint64_t raw) { return static_cast<int64_t>(raw >> 1) ^ -static_cast<int64_t>(raw & 1); }

}  // namespace internal

inline bool RecordCursor::Next(RecordView& record) {
  if (pos_ >= fast_end_ || left_ <= 0) [[unlikely]]
    return NextSlow(record);
  // length | attributes:1 | timestamp delta | offset delta | key length, key | value length, value | headers
  const uint8_t* at = pos_;
  uint32_t bad = 0;
  const int64_t length = internal::UnZigZag(internal::ReadVarintAhead<5>(at, bad));
  if (length < 0 || length > end_ - at) [[unlikely]]
    return Break("a record's length is outside the batch");
  const uint8_t* const record_end = at + length;
  ++at;
  const int64_t timestamp_delta = internal::UnZigZag(internal::ReadVarintAhead<10>(at, bad));
  const int64_t offset_delta = internal::UnZigZag(internal::ReadVarintAhead<5>(at, bad));
  const int64_t key_size = internal::UnZigZag(internal::ReadVarintAhead<5>(at, bad));
  record.key = at;
  if (key_size > 0) {
    if (key_size > record_end - at) [[unlikely]]
      return Break("a key's length is outside its record");
    at += key_size;
  }
  if (end_ - at < 10) [[unlikely]]
    return NextSlow(record);  // the value's length might not lie in the buffer: read it checked
  const int64_t value_size = internal::UnZigZag(internal::ReadVarintAhead<5>(at, bad));
  record.value = at;
  if (value_size > 0) {
    if (value_size > record_end - at) [[unlikely]]
      return Break("a value's length is outside its record");
    at += value_size;
  }
  if (at >= record_end || key_size < -1 || value_size < -1 || bad != 0) [[unlikely]]
    return Break("a record's fields do not fit it");
  if (offset_delta <= previous_delta_ || offset_delta > last_offset_delta_) [[unlikely]]
    return Break("offsets do not rise");
  previous_delta_ = offset_delta;
  record.key_size = static_cast<int32_t>(key_size);
  record.value_size = static_cast<int32_t>(value_size);
  record.headers = at;
  record.headers_size = static_cast<uint32_t>(record_end - at);
  record.offset = static_cast<int64_t>(static_cast<uint64_t>(base_offset_) + static_cast<uint64_t>(offset_delta));
  record.timestamp = static_cast<int64_t>(static_cast<uint64_t>(base_timestamp_) + static_cast<uint64_t>(timestamp_delta & timestamp_mask_));
  pos_ = record_end;
  --left_;
  return true;
}

}  // namespace lotic::kafka_protocol
