// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/part_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lotic::kafka {

using kafka_protocol::BatchFate;
using kafka_protocol::BatchHeader;
using kafka_protocol::BatchView;
using kafka_protocol::RecordView;

namespace {

TimestampType TimestampTypeOf(const BatchHeader& header) {
  if (header.magic == 0) return TimestampType::kNone;
  return header.log_append_time() ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
}

/// Records a batch can hold at most: as many as offsets.
Status CheckCount(const BatchHeader& header) {
  if (header.record_count < 0 || header.last_offset_delta < 0 || header.record_count > static_cast<int64_t>(header.last_offset_delta) + 1) {
    return Status::IOError("record batch at offset ", header.base_offset, ": it claims ", header.record_count, " records in ",
                           static_cast<int64_t>(header.last_offset_delta) + 1, " offsets");
  }
  return Status::OK();
}

}  // namespace

PartDecoder::PartDecoder(const PushedFilters& filters, bool read_committed, int64_t max_decompressed_bytes)
    : filters_(filters), read_committed_(read_committed), batch_reader_(kafka_protocol::DecompressLimit{static_cast<size_t>(max_decompressed_bytes)}) {
  records_.resize(RowBuilder::kMaxRunRecords);
}

void PartDecoder::Reset() {
  part_ = nullptr;
  scanner_.reset();
  transactions_.reset();
  batch_open_ = false;
  end_reached_ = false;
  run_size_ = 0;
  run_bytes_ = 0;
  tails_.clear();
}

void PartDecoder::Begin(const FetchedPart& part) {
  Reset();
  part_ = &part;
  scanner_.emplace(part.records);
  transactions_.emplace(read_committed_ ? part.aborted : std::span<const kafka_protocol::AbortedTransaction>());
}

Status PartDecoder::AtSplit(const SplitState& split, const Status& cause) const {
  if (cause.message().starts_with("topic '")) return cause;  // it says where already
  return cause.WithMessage("topic '", split.topic, "', partition ", split.partition, ", at offset ", split.position, ": ", cause.message());
}

bool PartDecoder::RuledOut(const BatchHeader& header) const {
  if (header.magic < 2 || header.record_count == 0) return false;
  if (filters_.min_ms.has_value() && header.max_timestamp < *filters_.min_ms) return true;
  return filters_.max_ms.has_value() && header.log_append_time() && header.max_timestamp > *filters_.max_ms;
}

Result<int64_t> PartDecoder::CountInRange(const SplitState& split, const BatchView& batch) {
  if (batch.header.magic >= 2 && batch.header.base_offset >= split.position && batch.header.next_offset() <= split.end) {
    LOTIC_RETURN_NOT_OK(CheckCount(batch.header));
    return batch.header.record_count;
  }
  kafka_protocol::RecordCursor cursor;
  LOTIC_RETURN_NOT_OK(batch_reader_.Open(batch, &cursor));
  int64_t count = 0;
  RecordView record;
  while (cursor.Next(record)) count += record.offset >= split.position && record.offset < split.end ? 1 : 0;
  LOTIC_RETURN_NOT_OK(cursor.status());
  return count;
}

Status PartDecoder::AccountWhole(SplitState& split, const BatchView& batch, int64_t* count, int64_t known) {
  int64_t records = known;
  if (known < 0) {
    LOTIC_ASSIGN_OR_RETURN(records, CountInRange(split, batch));
  }
  const int64_t to = std::min(batch.header.next_offset(), split.end);
  const int64_t span = to - split.position;
  if (records > span) {
    return Status::IOError("record batch at offset ", batch.header.base_offset, " holds ", records, " records in ", span, " offsets");
  }
  *count += records;
  split.counts.missing += span - records;
  split.position = to;
  split.position_epoch = batch.header.leader_epoch;
  run_from_ = to;
  return Status::OK();
}

/// Gets the next batch ready; an outcome ends the part.
Result<std::optional<PartDecoder::Outcome>> PartDecoder::NextBatch(SplitState& split, RowBuilder& rows) {
  if (end_reached_ || !scanner_->Next(&batch_)) {
    LOTIC_RETURN_NOT_OK(Flush(split, rows));
    if (limit_reached_) return std::optional(Outcome::kLimit);
    if (end_reached_) split.AdvanceTo(split.end);
    LOTIC_RETURN_NOT_OK(scanner_->status());
    return std::optional(Outcome::kUsedUp);
  }
  const BatchHeader& header = batch_.header;
  const int64_t next = header.next_offset();
  if (header.magic >= 2 && header.base_offset >= split.end) {
    end_reached_ = true;
    return std::optional<Outcome>();
  }
  if (header.magic >= 2) {
    LOTIC_RETURN_NOT_OK(CheckCrc(batch_));
  }
  LOTIC_ASSIGN_OR_RETURN(const BatchFate fate, transactions_->Judge(batch_));
  if (next <= run_from_) return std::optional<Outcome>();  // before the place that was asked for
  if (header.magic < 2) {
    LOTIC_RETURN_NOT_OK(CheckCrc(batch_));
  }
  if (fate != BatchFate::kDeliver || RuledOut(header)) {
    LOTIC_RETURN_NOT_OK(Flush(split, rows));
    if (limit_reached_) return std::optional(Outcome::kLimit);
    int64_t* const count = fate == BatchFate::kControl ? &split.counts.control : fate == BatchFate::kAborted ? &split.counts.aborted : &split.counts.filtered;
    if (fate == BatchFate::kDeliver) ++batches_skipped_;
    LOTIC_RETURN_NOT_OK(AccountWhole(split, batch_, count, -1));
    return std::optional<Outcome>();
  }
  if (rows.counts_only() && filters_.filters.empty() && header.magic >= 2 && header.base_offset >= run_from_ && next <= split.end) {
    LOTIC_RETURN_NOT_OK(CheckCount(header));
    LOTIC_RETURN_NOT_OK(Flush(split, rows));
    if (limit_reached_) return std::optional(Outcome::kLimit);
    if (header.record_count <= rows_left_) {
      LOTIC_RETURN_NOT_OK(AccountWhole(split, batch_, &split.counts.returned, header.record_count));
      rows.AppendUnseen(header.record_count);
      split.rows += header.record_count;
      rows_left_ -= header.record_count;
      limit_reached_ = rows_left_ == 0;
      ++batches_counted_;
      return limit_reached_ ? std::optional(Outcome::kLimit) : std::optional<Outcome>();
    }
  }
  batch_type_ = TimestampTypeOf(header);
  if (run_size_ != 0 && (batch_type_ != run_type_ || header.leader_epoch != run_epoch_)) {
    LOTIC_RETURN_NOT_OK(Flush(split, rows));
    if (limit_reached_) return std::optional(Outcome::kLimit);
  }
  LOTIC_RETURN_NOT_OK(batch_reader_.Open(batch_, &cursor_));
  batch_open_ = true;
  batch_decompressed_ = batch_reader_.used_buffer();
  if (batch_decompressed_) {
    kafka_protocol::ByteBuffer buffer = batch_reader_.TakeBuffer();  // looked at and given back: its memory does not move
    buffer_begin_ = buffer.data();
    buffer_end_ = buffer.data() + buffer.capacity();
    batch_reader_.GiveBuffer(std::move(buffer));
  }
  return std::optional<Outcome>();
}

/// Moves records from the open batch into the run; closes the batch at its end.
void PartDecoder::Collect(const SplitState& split) {
  run_type_ = batch_type_;
  run_epoch_ = batch_.header.leader_epoch;
  const std::span<RecordView> room = std::span(records_).subspan(run_size_);
  size_t count = cursor_.NextRun(room, kMaxRunBytes, &run_bytes_);
  if (count < room.size() && run_bytes_ < kMaxRunBytes) {
    batch_open_ = false;
    if (cursor_.ok()) advance_to_ = std::min(batch_.header.next_offset(), split.end);
  }
  // Offsets rise, unless a hostile base offset makes them wrap around: so the first and the last one tell about all.
  if (count > 0 && (room[0].offset < run_from_ || room[count - 1].offset >= split.end || room[count - 1].offset < room[0].offset)) {
    count = Trim(split, room.first(count));
  }
  if (count > 0) run_from_ = room[count - 1].offset + 1;
  if (!batch_open_ && !end_reached_ && cursor_.ok()) run_from_ = std::max(run_from_, advance_to_);
  run_size_ += count;
  if (run_size_ == 0) run_bytes_ = 0;
}

/// Keeps those that were asked for, in front: the broker returns whole batches. @return how many.
size_t PartDecoder::Trim(const SplitState& split, std::span<RecordView> records) {
  size_t kept = 0;
  int64_t from = run_from_;
  for (const RecordView& record : records) {
    if (record.offset < from) continue;
    if (record.offset >= split.end) {
      batch_open_ = false;
      end_reached_ = true;
      break;
    }
    from = record.offset + 1;
    records[kept++] = record;
  }
  return kept;
}

/// Decoders read a little past a value. Fetched bytes have room behind them; the last values of a decompressed batch may not.
void PartDecoder::PadTail() {
  if (!batch_decompressed_) return;
  for (size_t i = run_size_; i-- > 0;) {
    RecordView& record = records_[i];
    if (record.value_size < 0) continue;
    if (record.value < buffer_begin_ || record.value > buffer_end_) break;  // of an uncompressed batch
    const auto size = static_cast<size_t>(record.value_size);
    if (static_cast<size_t>(buffer_end_ - record.value) >= size + kDecoderPadding) break;
    std::unique_ptr<uint8_t[]> copy(new uint8_t[size + kDecoderPadding]());
    if (size != 0) std::memcpy(copy.get(), record.value, size);
    record.value = copy.get();
    tails_.push_back(std::move(copy));
  }
}

Status PartDecoder::Flush(SplitState& split, RowBuilder& rows) {
  if (run_size_ != 0) {
    PadTail();
    const int64_t undecodable = rows.undecodable_values();
    Result<RunOutcome> outcome = rows.Append({split.topic, split.partition, run_type_, run()}, rows_left_);
    if (!outcome.ok()) {  // nothing of the run was taken, so the position stays before it
      run_size_ = 0;
      advance_to_ = split.position;
      return outcome.status();
    }
    const int64_t to = records_[static_cast<size_t>(outcome->consumed) - 1].offset + 1;
    split.counts.returned += outcome->returned;
    split.counts.filtered += outcome->filtered;
    split.counts.skipped += outcome->skipped;
    split.counts.missing += to - split.position - outcome->consumed;
    split.position = to;
    split.position_epoch = run_epoch_;
    split.rows += outcome->returned;
    split.undecodable_values += rows.undecodable_values() - undecodable;
    rows_left_ -= outcome->returned;
    const bool all = outcome->consumed == static_cast<int64_t>(run_size_);
    run_size_ = 0;
    run_bytes_ = 0;
    tails_.clear();
    if (rows_left_ == 0) {
      limit_reached_ = true;
      if (!all) return Status::OK();
    }
  }
  if (advance_to_ > split.position) split.position_epoch = run_epoch_;
  split.AdvanceTo(advance_to_);
  return Status::OK();
}

Result<PartDecoder::Outcome> PartDecoder::Continue(SplitState& split, RowBuilder& rows, int64_t rows_left, int64_t batch_rows, int64_t batch_bytes) {
  const FetchedPart& part = split.parts.front();
  rows_left_ = rows_left;
  limit_reached_ = false;
  if (part.gap_to.has_value()) {
    split.lost |= part.lost && *part.gap_to > split.position;
    if (!part.note.empty()) split.AddNote(part.note);
    if (*part.gap_to > split.position) split.position_epoch = -1;
    split.AdvanceTo(*part.gap_to);
    return Outcome::kUsedUp;
  }
  if (!part.failure.ok()) return part.failure;
  if (part_ != &part) {
    Begin(part);
    run_from_ = split.position;
    advance_to_ = split.position;
  }
  while (true) {
    if (!batch_open_) {
      Result<std::optional<Outcome>> outcome = NextBatch(split, rows);
      if (!outcome.ok()) {
        const Status flushed = Flush(split, rows);  // what lies before the broken place is good
        return AtSplit(split, flushed.ok() ? outcome.status() : flushed);
      }
      if (outcome->has_value()) {
        if (**outcome == Outcome::kUsedUp) Reset();
        return **outcome;
      }
      if (rows.rows() >= batch_rows || rows.bytes() >= batch_bytes) return Outcome::kFull;
      if (!batch_open_) continue;
    }
    Collect(split);
    const bool broken = !batch_open_ && !end_reached_ && !cursor_.status().ok();
    const bool full = run_size_ >= RowBuilder::kMaxRunRecords || run_bytes_ >= kMaxRunBytes;
    // A decompressed batch's memory is used again for the next one.
    if (full || broken || (!batch_open_ && batch_decompressed_)) {
      const Status flushed = Flush(split, rows);
      if (!flushed.ok()) return flushed;
      if (limit_reached_) return Outcome::kLimit;
    }
    if (broken) return AtSplit(split, cursor_.status());
    if (rows.rows() >= batch_rows || rows.bytes() >= batch_bytes) return Outcome::kFull;
  }
}

}  // namespace lotic::kafka
