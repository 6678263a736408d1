// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/record_cursor.h"

#include <algorithm>

namespace lotic::kafka_protocol {

HeaderCursor::HeaderCursor(const RecordView& record) : in_(record.header_bytes()) {
  if (record.headers_size == 0) return;  // old formats: none
  count_ = in_.Varint();
  if (count_ < 0 || static_cast<size_t>(count_) > in_.remaining()) in_.Fail("the number of headers is wrong");
  if (!in_.ok()) count_ = 0;
  left_ = count_;
}

bool HeaderCursor::Next(HeaderView* header) {
  if (left_ <= 0 || !in_.ok()) return false;
  const int32_t key_size = in_.Varint();
  if (key_size < 0) in_.Fail("a header's key is null");
  header->key = AsText(in_.Raw(static_cast<size_t>(key_size)));
  const int32_t value_size = in_.Varint();
  header->value.reset();
  if (value_size >= 0) {
    header->value = in_.Raw(static_cast<size_t>(value_size));
  } else if (value_size != -1) {
    in_.Fail("a header's value has a negative length");
  }
  --left_;
  if (left_ == 0) in_.ExpectEnd();
  return in_.ok();
}

Status RecordCursor::status() const {
  if (failure_ == nullptr) return Status::OK();
  return Status::IOError("records of the batch at offset ", base_offset_, ": ", failure_);
}

bool RecordCursor::Break(const char* failure) {
  failure_ = failure;
  left_ = 0;
  pos_ = end_;
  fast_end_ = nullptr;
  return false;
}

bool RecordCursor::Finish() {
  if (failure_ == nullptr && pos_ != end_) return Break("there are more bytes than its number of records needs");
  return false;
}

// Next for as long as nothing is unusual, with the state in registers. What is unusual is left to Next, which says what is wrong.
size_t RecordCursor::FastRun(std::span<RecordView> out, int64_t max_bytes, int64_t* bytes) {
  const uint8_t* pos = pos_;
  const uint8_t* const end = end_;
  const uint8_t* const fast_end = fast_end_;
  const int64_t mask = timestamp_mask_;
  const auto base_offset = static_cast<uint64_t>(base_offset_);
  const auto base_timestamp = static_cast<uint64_t>(base_timestamp_);
  const int64_t last_delta = last_offset_delta_;
  int64_t previous = previous_delta_;
  int64_t total = *bytes;
  RecordView* record = out.data();
  RecordView* const stop = record + std::min(out.size(), static_cast<size_t>(std::max(left_, 0)));
  for (; record < stop && pos < fast_end && total < max_bytes; ++record) {
    // Sizes and offset deltas that are odd before they are unzigzagged are negative: null, or wrong.
    const uint8_t* at = pos;
    uint32_t bad = 0;
    const uint64_t length = internal::ReadVarintAhead<5>(at, bad);
    if ((length & 1) != 0 || (length >> 1) > static_cast<uint64_t>(end - at)) [[unlikely]]
      break;
    const uint8_t* const record_end = at + (length >> 1);
    ++at;
    const int64_t timestamp_delta = internal::UnZigZag(internal::ReadVarintAhead<10>(at, bad));
    const uint64_t delta = internal::ReadVarintAhead<5>(at, bad);
    const auto offset_delta = static_cast<int64_t>(delta >> 1);
    const uint8_t* key = at + 1;
    int64_t key_size = -1;
    if (*at == 1) {
      ++at;  // at most 22 bytes behind pos, so that 10 more may be read
    } else {
      const uint64_t size = internal::ReadVarintAhead<5>(at, bad);
      key = at;
      if ((size & 1) != 0 || (size >> 1) > static_cast<uint64_t>(end - at)) [[unlikely]]
        break;
      key_size = static_cast<int64_t>(size >> 1);
      at += key_size;
      if (end - at < 10) [[unlikely]]
        break;
    }
    const uint64_t size = internal::ReadVarintAhead<5>(at, bad);
    const uint8_t* const value = at;
    const int64_t value_size = internal::UnZigZag(size);
    // A byte at least comes behind the value: the number of headers.
    if (value_size < -1 || std::max<int64_t>(value_size, 0) >= record_end - at) [[unlikely]]
      break;
    at += std::max<int64_t>(value_size, 0);
    if (bad != 0 || (delta & 1) != 0 || offset_delta <= previous || offset_delta > last_delta) [[unlikely]]
      break;
    previous = offset_delta;
    record->offset = static_cast<int64_t>(base_offset + static_cast<uint64_t>(offset_delta));
    record->timestamp = static_cast<int64_t>(base_timestamp + static_cast<uint64_t>(timestamp_delta & mask));
    record->key = key;
    record->value = value;
    record->headers = at;
    record->key_size = static_cast<int32_t>(key_size);
    record->value_size = static_cast<int32_t>(value_size);
    record->headers_size = static_cast<uint32_t>(record_end - at);
    total += record_end - pos;
    pos = record_end;
  }
  const auto walked = static_cast<size_t>(record - out.data());
  pos_ = pos;
  previous_delta_ = previous;
  left_ -= static_cast<int32_t>(walked);
  *bytes = total;
  return walked;
}

size_t RecordCursor::NextRun(std::span<RecordView> out, int64_t max_bytes, int64_t* bytes) {
  size_t count = FastRun(out, max_bytes, bytes);
  while (count < out.size() && *bytes < max_bytes) {
    const uint8_t* const before = pos_;
    if (!Next(out[count])) break;
    *bytes += pos_ - before;
    ++count;
    count += FastRun(out.subspan(count), max_bytes, bytes);
  }
  return count;
}

bool RecordCursor::NextSlow(RecordView& record) {
  if (left_ <= 0) return Finish();
  if (magic_ < 2) return NextLegacy(record);
  Reader batch({pos_, end_});
  const int32_t length = batch.Varint();
  if (!batch.ok() || length < 0 || static_cast<size_t>(length) > batch.remaining()) {
    return Break("a record's length is outside the batch");
  }
  Reader in(batch.Raw(static_cast<size_t>(length)));
  in.Int8();  // attributes: none are defined
  const int64_t timestamp_delta = in.Varlong();
  const int32_t offset_delta = in.Varint();
  const int32_t key_size = in.Varint();
  const Bytes key = in.Raw(static_cast<size_t>(key_size < 0 ? 0 : key_size));
  const int32_t value_size = in.Varint();
  const Bytes value = in.Raw(static_cast<size_t>(value_size < 0 ? 0 : value_size));
  if (!in.ok() || in.remaining() == 0 || key_size < -1 || value_size < -1) return Break("a record's fields do not fit it");
  if (offset_delta <= previous_delta_ || offset_delta > last_offset_delta_) return Break("offsets do not rise");
  previous_delta_ = offset_delta;
  record.key = key.data();
  record.key_size = key_size;
  record.value = value.data();
  record.value_size = value_size;
  const Bytes headers = in.Raw(in.remaining());
  record.headers = headers.data();
  record.headers_size = static_cast<uint32_t>(headers.size());
  record.offset = static_cast<int64_t>(static_cast<uint64_t>(base_offset_) + static_cast<uint64_t>(int64_t{offset_delta}));
  record.timestamp = static_cast<int64_t>(static_cast<uint64_t>(base_timestamp_) + static_cast<uint64_t>(timestamp_delta & timestamp_mask_));
  pos_ += batch.position();
  --left_;
  return true;
}

// offset:8 size:4 crc:4 magic:1 attributes:1 [magic 1: timestamp:8] key value
bool RecordCursor::NextLegacy(RecordView& record) {
  Reader set({pos_, end_});
  const int64_t offset = set.Int64();
  Reader in(set.ByteString(false));
  if (!set.ok()) return Break("a message's size is outside the message set");
  in.UInt32();
  const int8_t magic = in.Int8();
  in.Int8();
  record.timestamp = magic >= 1 ? in.Int64() : -1;
  const std::optional<Bytes> key = in.NullableByteString(false);
  const std::optional<Bytes> value = in.NullableByteString(false);
  in.ExpectEnd();
  if (!in.ok()) return Break("a message's fields do not fit it");
  if (magic != magic_) return Break("a message has another format than the one around it");
  if (legacy_append_time_) record.timestamp = *legacy_append_time_;
  if (offset <= previous_delta_) return Break("offsets do not rise");
  previous_delta_ = offset;
  record.offset = static_cast<int64_t>(static_cast<uint64_t>(legacy_shift_) + static_cast<uint64_t>(offset));
  record.key = key ? key->data() : nullptr;
  record.key_size = key ? static_cast<int32_t>(key->size()) : -1;
  record.value = value ? value->data() : nullptr;
  record.value_size = value ? static_cast<int32_t>(value->size()) : -1;
  record.headers = nullptr;
  record.headers_size = 0;
  pos_ += set.position();
  --left_;
  return true;
}

}  // namespace lotic::kafka_protocol
