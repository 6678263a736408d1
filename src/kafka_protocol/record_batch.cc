// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/record_batch.h"

#include <zlib.h>

#include <utility>

#include "base/crc32c.h"

namespace lotic::kafka_protocol {
namespace {

constexpr size_t kCrcAtV2 = 17, kAttributesAtV2 = 21;
constexpr size_t kCrcAtLegacy = 12;
constexpr size_t kHeaderBytesV0 = 18, kHeaderBytesV1 = 26;
constexpr size_t kLegacyLengthsBytes = 8;  // of key and value

uint32_t LegacyCrc(Bytes message) {  // from the magic on
  return static_cast<uint32_t>(crc32(0, message.data() + kMagicAt, static_cast<uInt>(message.size() - kMagicAt)));
}

void ReadHeaderV2(const uint8_t* at, BatchHeader* header) {
  header->leader_epoch = LoadBigEndian<int32_t>(at + 12);
  header->crc = LoadBigEndian<uint32_t>(at + kCrcAtV2);
  header->attributes = LoadBigEndian<uint16_t>(at + kAttributesAtV2);
  header->last_offset_delta = LoadBigEndian<int32_t>(at + 23);
  header->base_timestamp = LoadBigEndian<int64_t>(at + 27);
  header->max_timestamp = LoadBigEndian<int64_t>(at + 35);
  header->producer_id = LoadBigEndian<int64_t>(at + 43);
  header->producer_epoch = LoadBigEndian<int16_t>(at + 51);
  header->base_sequence = LoadBigEndian<int32_t>(at + 53);
  header->record_count = LoadBigEndian<int32_t>(at + 57);
}

void ReadHeaderLegacy(const uint8_t* at, BatchHeader* header) {
  header->crc = LoadBigEndian<uint32_t>(at + kCrcAtLegacy);
  header->attributes = static_cast<uint16_t>(at[17] & (header->magic == 0 ? 0x07 : 0x0f));
  if (header->magic == 1) header->base_timestamp = header->max_timestamp = LoadBigEndian<int64_t>(at + 18);
  header->record_count = header->codec() == CodecId::kNone ? 1 : -1;
}

// What is at the start of `bytes`: how many it takes in all, 0 when too few are there to tell.
Result<size_t> WholeSize(Bytes bytes) {
  if (bytes.size() < kBatchPrefixBytes) return size_t{0};
  const auto length = LoadBigEndian<int32_t>(bytes.data() + 8);
  if (length < 0 || length > INT32_MAX - static_cast<int32_t>(kBatchPrefixBytes)) {
    return Status::IOError("record batch at offset ", LoadBigEndian<int64_t>(bytes.data()), ": its length is ", length);
  }
  return kBatchPrefixBytes + static_cast<size_t>(length);
}

}  // namespace

Result<BatchView> ParseBatch(Bytes bytes) {
  LOTIC_ASSIGN_OR_RETURN(const size_t size, WholeSize(bytes));
  if (size == 0 || size > bytes.size()) return Status::IOError("record batch: cut short: ", bytes.size(), " bytes of ", size);
  BatchView view;
  BatchHeader& header = view.header;
  header.base_offset = LoadBigEndian<int64_t>(bytes.data());
  header.size_bytes = static_cast<int32_t>(size);
  const auto broken = [&header](auto&&... why) { return Status::IOError("record batch at offset ", header.base_offset, ": ", why...); };
  if (size <= kMagicAt) return broken("too small: ", size, " bytes");
  header.magic = static_cast<int8_t>(bytes[kMagicAt]);
  if (header.magic < 0 || header.magic > 2) return broken("unknown format: magic ", static_cast<int>(header.magic));
  const size_t header_bytes = header.magic == 2 ? kBatchHeaderBytes : header.magic == 1 ? kHeaderBytesV1 : kHeaderBytesV0;
  if (size < header_bytes + (header.magic == 2 ? 0 : kLegacyLengthsBytes)) return broken("too small: ", size, " bytes");
  if (header.base_offset < 0) return broken("negative offset");
  if (header.magic == 2) {
    ReadHeaderV2(bytes.data(), &header);
    if (header.record_count < 0) return broken("number of records ", header.record_count);
    if (header.last_offset_delta < 0) return broken("last offset delta ", header.last_offset_delta);
    if (header.base_offset > INT64_MAX - header.last_offset_delta - 1) return broken("offsets beyond 64 bits");
  } else {
    ReadHeaderLegacy(bytes.data(), &header);
    if (header.base_offset == INT64_MAX) return broken("offsets beyond 64 bits");
  }
  view.bytes = bytes.first(size);
  view.payload = view.bytes.subspan(header_bytes);
  return view;
}

Status CheckCrc(const BatchView& batch) {
  const uint32_t computed = batch.header.magic == 2 ? Crc32c(batch.bytes.subspan(kAttributesAtV2)) : LegacyCrc(batch.bytes);
  if (computed == batch.header.crc) return Status::OK();
  return Status::IOError("record batch at offset ", batch.header.base_offset, ": checksum of its ", batch.bytes.size(), " bytes is ", computed,
                         ", its header says ", batch.header.crc);
}

bool BatchScanner::Next(BatchView* batch) {
  if (!status_.ok() || cut_bytes_ != 0 || rest_.empty()) return false;
  Result<size_t> size = WholeSize(rest_);
  if (!size.ok()) {
    status_ = size.status();
    return false;
  }
  if (*size == 0 || *size > rest_.size()) {
    cut_bytes_ = rest_.size();
    cut_batch_bytes_ = *size;
    return false;
  }
  Result<BatchView> view = ParseBatch(rest_);
  if (!view.ok()) {
    status_ = view.status();
    return false;
  }
  *batch = *view;
  rest_ = rest_.subspan(*size);
  return true;
}

ByteBuffer BatchReader::TakeBuffer() {
  used_buffer_ = false;
  return std::exchange(buffer_, ByteBuffer());
}

Status BatchReader::Open(const BatchView& batch, RecordCursor* cursor) {
  const BatchHeader& header = batch.header;
  used_buffer_ = false;
  *cursor = RecordCursor();
  cursor->base_offset_ = header.base_offset;
  cursor->magic_ = header.magic;
  if (header.magic < 2) return OpenLegacy(batch, cursor);
  Bytes records = batch.payload;
  if (header.codec() != CodecId::kNone && !records.empty()) {
    const Status status = decompressor_.Decompress(header.codec(), records, limit_, &buffer_);
    if (!status.ok()) return status.WithMessage("record batch at offset ", header.base_offset, ": ", status.message());
    used_buffer_ = true;
    records = buffer_.bytes();
  }
  cursor->pos_ = records.data();
  cursor->end_ = records.data() + records.size();
  if (records.size() > RecordCursor::kFastPathBytes) cursor->fast_end_ = cursor->end_ - RecordCursor::kFastPathBytes;
  cursor->base_timestamp_ = header.log_append_time() ? header.max_timestamp : header.base_timestamp;
  cursor->timestamp_mask_ = header.log_append_time() ? 0 : -1;
  cursor->left_ = cursor->count_ = header.record_count;
  cursor->last_offset_delta_ = header.last_offset_delta;
  return Status::OK();
}

// A plain message is a set of one. A compressed one holds a set as its value: offsets inside are absolute (magic 0) or
// count from the set's base (magic 1), whose last message has the wrapper's offset.
Status BatchReader::OpenLegacy(const BatchView& batch, RecordCursor* cursor) {
  const BatchHeader& header = batch.header;
  const auto broken = [&header](auto&&... why) { return Status::IOError("message at offset ", header.base_offset, ": ", why...); };
  if (header.log_append_time()) cursor->legacy_append_time_ = header.max_timestamp;
  Bytes messages = batch.bytes;
  cursor->count_ = 1;
  if (header.codec() != CodecId::kNone) {
    if (header.codec() == CodecId::kZstd) return broken("zstd is not allowed in format ", static_cast<int>(header.magic));
    Reader in(batch.payload);
    in.NullableByteString(false);
    const Bytes value = in.ByteString(false);
    LOTIC_RETURN_NOT_OK(in.status("compressed message"));
    const Status status = decompressor_.Decompress(header.codec(), value, limit_, &buffer_, header.magic == 0);
    if (!status.ok()) return status.WithMessage("message at offset ", header.base_offset, ": ", status.message());
    used_buffer_ = true;
    messages = buffer_.bytes();
    cursor->count_ = 0;
    int64_t first = -1, last = -1;
    for (Bytes rest = messages; !rest.empty();) {
      Result<BatchView> inner = ParseBatch(rest);
      if (!inner.ok()) return broken("inside: ", inner.status().message());
      if (inner->header.magic != header.magic) return broken("inside: another format");
      if (inner->header.codec() != CodecId::kNone) return broken("inside: compressed again");
      if (LegacyCrc(inner->bytes) != inner->header.crc) return broken("inside: checksum is wrong at ", inner->header.base_offset);
      if (inner->header.base_offset <= last) return broken("inside: offsets do not rise");
      last = inner->header.base_offset;
      if (first < 0) first = last;
      ++cursor->count_;
      rest = rest.subspan(inner->bytes.size());
    }
    if (cursor->count_ == 0) return broken("inside: nothing");
    if (last > header.base_offset) return broken("inside: offset ", last);
    if (header.magic == 1) cursor->legacy_shift_ = header.base_offset - last;
    cursor->base_offset_ = cursor->legacy_shift_ + first;
  }
  cursor->pos_ = messages.data();
  cursor->end_ = messages.data() + messages.size();
  cursor->left_ = cursor->count_;
  return Status::OK();
}

Result<ControlType> ReadControlType(const BatchView& batch) {
  constexpr size_t kMaxControlBatchBytes = size_t{1} << 20;
  constexpr int32_t kKeyBytes = 4;  // version:2 type:2
  const auto broken = [&batch](std::string_view why) { return Status::IOError("control batch at offset ", batch.header.base_offset, ": ", why); };
  if (!batch.header.is_control()) return broken("it is none");
  if (batch.header.record_count == 0) return ControlType::kOther;
  BatchReader reader({kMaxControlBatchBytes, "(fixed) control batch size"});
  RecordCursor cursor;
  LOTIC_RETURN_NOT_OK(reader.Open(batch, &cursor));
  RecordView record;
  if (!cursor.Next(record)) return broken(cursor.status().message());
  if (record.key_size < kKeyBytes) return broken("its key is too short");
  switch (LoadBigEndian<int16_t>(record.key + 2)) {
    case 0: return ControlType::kAbort;
    case 1: return ControlType::kCommit;
    default: return ControlType::kOther;
  }
}

}  // namespace lotic::kafka_protocol
