// SPDX-License-Identifier: Apache-2.0
#include "broker/partition_log.h"

#include <algorithm>

#include "kafka_protocol/batch_builder.h"

namespace lotic::broker {

namespace kp = kafka_protocol;

int64_t PartitionLog::last_stable_offset() const {
  if (fixed_last_stable_) return std::clamp(*fixed_last_stable_, start_offset_, end_offset_);
  int64_t stable = end_offset_;
  for (const auto& [producer, first] : open_transactions_) stable = std::min(stable, first);
  return stable;
}

kp::Bytes PartitionLog::BytesOf(const Entry& entry) const { return kp::AsBytes(std::string_view(bytes_).substr(entry.at, entry.size)); }

// The first entry that reaches `offset`; entries_.size() when none does.
size_t PartitionLog::IndexOf(int64_t offset) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), offset, [](const Entry& entry, int64_t wanted) { return entry.last_offset < wanted; });
  return static_cast<size_t>(found - entries_.begin());
}

// Changes the batch, which lies at `at` in `staged`, into what the log holds, given that offsets go on at `next`.
Result<PartitionLog::Entry> PartitionLog::Prepare(std::string* staged, size_t at, const kp::BatchView& batch, int64_t next, const AppendMode& mode) {
  uint8_t* const bytes = reinterpret_cast<uint8_t*>(staged->data()) + at;
  const kp::BatchHeader& header = batch.header;
  int64_t base = header.base_offset;
  int64_t last = header.last_offset();
  const bool old_wrapper = header.magic < 2 && header.codec() != kp::CodecId::kNone;
  if (mode.check) LOTIC_RETURN_NOT_OK(kp::CheckCrc(batch));
  if (mode.check) {
    kp::BatchReader opener;
    kp::RecordCursor cursor;
    LOTIC_RETURN_NOT_OK(opener.Open(batch, &cursor));
    kp::RecordView record;
    while (cursor.Next(record)) {
      if (old_wrapper && record.offset < base) base = record.offset;
    }
    LOTIC_RETURN_NOT_OK(cursor.status());
  }
  if (mode.keep_offsets) {
    if (base < next || last < base || last == INT64_MAX)
      return Status::Invalid("a batch of offsets ", base, "..", last, " does not fit a log that ends at ", next);
  } else {
    if (header.magic == 0 && old_wrapper && base != next) {
      return Status::Invalid("compressed messages of format 0 hold their offsets (from ", base, " on): append with keep_offsets, not at ", next);
    }
    last = next + (last - base);
    base = next;
  }
  if (header.magic >= 2) {
    kp::AssignOffset(bytes, base, epoch_);
    if (mode.log_append_time && !header.is_control()) {
      kp::StampLogAppendTime({bytes, static_cast<size_t>(header.size_bytes)}, *mode.log_append_time);
    }
  } else {
    kp::StoreBigEndian<int64_t>(bytes, last);  // a plain message's own offset, a wrapper's last one
  }
  const bool stamped = header.magic >= 2 && mode.log_append_time && !header.is_control();
  return Entry{base, last, stamped ? *mode.log_append_time : header.max_timestamp, 0, static_cast<size_t>(header.size_bytes), epoch_};
}

Result<int64_t> PartitionLog::Append(kp::Bytes batches, const AppendMode& mode) {
  if (batches.empty()) return Status::Invalid("nothing to append");
  if (batches.size() > max_bytes_ || size_bytes() > max_bytes_ - batches.size()) {
    return Status::CapacityError("the partition's log holds ", size_bytes(), " bytes and may hold max_partition_bytes = ", max_bytes_, ": no room for ",
                                 batches.size(), " more");
  }
  std::string staged(kp::AsText(batches));
  std::vector<Entry> entries;
  int64_t next = end_offset_;
  for (size_t at = 0; at < staged.size();) {
    LOTIC_ASSIGN_OR_RETURN(const kp::BatchView batch, kp::ParseBatch(kp::AsBytes(staged).subspan(at)));
    LOTIC_ASSIGN_OR_RETURN(Entry entry, Prepare(&staged, at, batch, next, mode));
    entry.at = bytes_.size() + at;
    next = entry.last_offset + 1;
    at += entry.size;
    entries.push_back(entry);
  }
  bytes_ += staged;
  for (const Entry& entry : entries) {
    entries_.push_back(entry);
    Note(entry);
  }
  end_offset_ = next;
  return entries.front().base_offset;
}

// Keeps transactions and producers up with a batch that the log now holds.
void PartitionLog::Note(const Entry& entry) {
  const Result<kp::BatchView> parsed = kp::ParseBatch(BytesOf(entry));
  if (!parsed.ok() || parsed->header.magic < 2 || parsed->header.producer_id < 0) return;
  const kp::BatchHeader& header = parsed->header;
  if (header.is_control()) {
    const Result<kp::ControlType> type = kp::ReadControlType(*parsed);
    const auto open = open_transactions_.find(header.producer_id);
    if (type.ok() && *type == kp::ControlType::kAbort && open != open_transactions_.end()) {
      aborted_.push_back({header.producer_id, open->second, entry.base_offset});
    }
    if (open != open_transactions_.end()) open_transactions_.erase(open);
    producers_.NoteEpoch(header.producer_id, header.producer_epoch);
    return;
  }
  if (header.is_transactional()) open_transactions_.emplace(header.producer_id, entry.base_offset);
  producers_.Note(header);
}

PartitionLog::Slice PartitionLog::Read(int64_t offset, int64_t before, int64_t max_bytes, bool first_whole) const {
  Slice slice{{}, offset};
  const size_t first = IndexOf(offset);
  if (first == entries_.size() || entries_[first].base_offset >= before) return slice;
  const auto behind = std::lower_bound(entries_.begin() + static_cast<ptrdiff_t>(first), entries_.end(), before,
                                       [](const Entry& entry, int64_t limit) { return entry.base_offset < limit; });
  const Entry& last = *std::prev(behind);
  const size_t available = last.at + last.size - entries_[first].at;
  size_t size = std::min(available, static_cast<size_t>(std::max<int64_t>(max_bytes, 0)));
  if (size < entries_[first].size) {
    if (!first_whole) return slice;
    size = entries_[first].size;
  }
  slice.records = kp::AsBytes(std::string_view(bytes_).substr(entries_[first].at, size));
  const size_t end_at = entries_[first].at + size;
  const auto cut =
      std::partition_point(entries_.begin() + static_cast<ptrdiff_t>(first), behind, [&](const Entry& entry) { return entry.at + entry.size <= end_at; });
  slice.next_offset = std::prev(cut)->last_offset + 1;
  return slice;
}

std::vector<kp::AbortedTransaction> PartitionLog::AbortedBetween(int64_t first, int64_t end) const {
  std::vector<kp::AbortedTransaction> found;
  for (const Aborted& aborted : aborted_) {
    if (aborted.last_offset >= first && aborted.first_offset < end) found.push_back({aborted.producer_id, aborted.first_offset});
  }
  return found;
}

std::optional<TimeMatch> PartitionLog::FindIn(const Entry& entry, int64_t at_least) const {
  const Result<kp::BatchView> batch = kp::ParseBatch(BytesOf(entry));
  if (!batch.ok()) return std::nullopt;
  kp::BatchReader opener;
  kp::RecordCursor cursor;
  if (!opener.Open(*batch, &cursor).ok()) return std::nullopt;
  kp::RecordView record;
  while (cursor.Next(record)) {
    if (record.offset >= start_offset_ && record.timestamp >= at_least) return TimeMatch{record.offset, record.timestamp, entry.leader_epoch};
  }
  return std::nullopt;
}

std::optional<TimeMatch> PartitionLog::FindTimestamp(int64_t timestamp) const {
  for (const Entry& entry : entries_) {
    if (entry.max_timestamp < timestamp) continue;
    if (std::optional<TimeMatch> match = FindIn(entry, timestamp)) return match;
  }
  return std::nullopt;
}

std::optional<TimeMatch> PartitionLog::FindMaxTimestamp() const {
  const Entry* best = nullptr;
  for (const Entry& entry : entries_) {
    if (best == nullptr || entry.max_timestamp > best->max_timestamp) best = &entry;
  }
  if (best == nullptr || best->max_timestamp == kp::kNoTimestamp) return std::nullopt;
  return FindIn(*best, best->max_timestamp);
}

int32_t PartitionLog::EpochAt(int64_t offset) const {
  const size_t at = IndexOf(offset);
  return at == entries_.size() ? -1 : entries_[at].leader_epoch;
}

void PartitionLog::StartEpoch(int32_t epoch) {
  LOTIC_CHECK(epoch > epoch_);
  while (!epochs_.empty() && epochs_.back().second >= end_offset_) epochs_.pop_back();  // epochs that wrote nothing
  epochs_.emplace_back(epoch, end_offset_);
  epoch_ = epoch;
}

std::pair<int32_t, int64_t> PartitionLog::EndOfEpoch(int32_t epoch) const {
  if (epoch == epoch_) return {epoch, end_offset_};
  const auto higher = std::upper_bound(epochs_.begin(), epochs_.end(), epoch, [](int32_t wanted, const auto& entry) { return wanted < entry.first; });
  if (epoch < 0 || higher == epochs_.end()) return {-1, -1};
  return {higher == epochs_.begin() ? epoch : std::prev(higher)->first, higher->second};
}

void PartitionLog::SetStart(int64_t offset) {
  start_offset_ = std::max(start_offset_, offset);
  end_offset_ = std::max(end_offset_, start_offset_);
  DropFront();
}

void PartitionLog::DropFront() {
  while (!entries_.empty() && entries_.front().last_offset < start_offset_) {
    dead_bytes_ = entries_.front().at + entries_.front().size;
    entries_.pop_front();
  }
  std::erase_if(aborted_, [&](const Aborted& aborted) { return aborted.last_offset < start_offset_; });
  for (auto& [producer, first] : open_transactions_) first = std::max(first, start_offset_);
  if (dead_bytes_ > bytes_.size() / 2) {  // moving at most as many bytes as have died since the last time
    bytes_.erase(0, dead_bytes_);
    for (Entry& entry : entries_) entry.at -= dead_bytes_;
    dead_bytes_ = 0;
  }
}

void PartitionLog::TruncateTo(int64_t offset) {
  const size_t first_gone = IndexOf(offset);
  if (first_gone < entries_.size()) {
    bytes_.resize(entries_[first_gone].at);
    end_offset_ = std::min(offset, entries_[first_gone].base_offset);
    entries_.resize(first_gone, Entry{});
  } else {
    end_offset_ = std::min(end_offset_, offset);
  }
  end_offset_ = std::max(end_offset_, start_offset_);
  while (epochs_.size() > 1 && epochs_.back().second >= end_offset_) epochs_.pop_back();
  open_transactions_.clear();
  aborted_.clear();
  producers_.Clear();
  for (const Entry& entry : entries_) Note(entry);
}

}  // namespace lotic::broker
