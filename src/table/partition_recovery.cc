// SPDX-License-Identifier: Apache-2.0
// What a partition's folder goes through when its owner opens it.
#include <algorithm>
#include <array>
#include <set>

#include <sys/stat.h>

#include "table/discovery.h"
#include "table/partition_folder.h"

namespace lotic::table {

Result<std::unique_ptr<PartitionFolder>> PartitionFolder::Open(const StoreParts& parts, int32_t partition) {
  std::unique_ptr<PartitionFolder> folder(new PartitionFolder(parts, partition));
  LOTIC_RETURN_NOT_OK(folder->Recover());
  return folder;
}

Status PartitionFolder::Recover() {
  JournalContents contents;
  std::vector<std::string> found;
  Result<std::unique_ptr<Journal>> journal = Journal::Open(PathOf("manifest"), PathOf("quarantine"), &contents, &found);
  if (!journal.ok()) {
    if (journal.status().code() != StatusCode::kDataLoss && journal.status().code() != StatusCode::kNotFound) return journal.status();
    return Status::DataLoss(
        journal.status().message(),
        "; both copies of the manifest are lost, so it is not known which rows this partition holds. To read it again from the stream, move ", folder_,
        " away and create the table anew");
  }
  journal_ = *std::move(journal);
  for (std::string& sentence : found) Event(std::move(sentence));
  Result<PartitionState> decoded = DecodeManifest(contents.records);
  if (!decoded.ok()) return decoded.status().WithMessage(PathOf("manifest"), ": ", decoded.status().message());
  state_ = *std::move(decoded);
  compact_at_bytes_ = std::max<int64_t>(int64_t{64} << 10, journal_->bytes());
  if (state_.table_id != parts_.identity.table_id || state_.partition != partition_) {
    return Status::DataLoss(PathOf("manifest"), " belongs to table ", state_.table_id, ", partition ", state_.partition);
  }
  const PartitionState before = state_;
  for (const auto& [sequence, segment] : before.segments) {
    switch (segment.state) {
      case SegmentState::kConsuming: LOTIC_RETURN_NOT_OK(RecoverConsuming(segment)); break;
      case SegmentState::kSealing: LOTIC_RETURN_NOT_OK(RecoverSealing(segment)); break;
      case SegmentState::kDone: LOTIC_RETURN_NOT_OK(RecoverDone(segment)); break;
      case SegmentState::kDamaged: LOTIC_RETURN_NOT_OK(RecoverDamaged(segment)); break;
      case SegmentState::kDropped: break;
    }
  }
  return RemoveOrphans();
}

Status PartitionFolder::RecoverConsuming(SegmentInfo segment) {
  const std::string path = PathOf(segment.rows_file);
  Result<RowsCheck> check = CheckRowsFile(path);
  if (!check.ok() && check.status().code() != StatusCode::kNotFound) return check.status();
  std::string damage = check.ok() ? "" : path + " is missing";
  if (check.ok()) {
    if (check->header_damage.ok() && (check->header.sequence != segment.sequence || check->header.partition != partition_ ||
                                      check->header.start != segment.start || check->header.table_id != parts_.identity.table_id)) {
      check->header_damage = check->damage = Status::DataLoss(path, " belongs to another segment");
    }
    if (check->header_damage.ok() && check->sync_failed) {
      // What was published behind the durable length may be in memory only: it is given up, and read again.
      LOTIC_ASSIGN_OR_RETURN(check, CheckRowsFile(path, check->durable.value_or(kRowsHeaderBytes)));
      damage = path + ": an earlier sync failed, bytes from " + std::to_string(check->good_bytes) + " are given up";
    } else if (!check->damage.ok()) {
      const bool torn = check->durable.has_value() && check->published.has_value() && check->good_bytes >= *check->durable && check->header_damage.ok();
      damage = check->damage.message() + (torn ? " (behind what was durable)" : "");
    }
  }
  if (damage.empty()) {
    LOTIC_ASSIGN_OR_RETURN(rows_, RowsFile::Continue(path, *check));
    return Status::OK();
  }
  const std::string old = segment.rows_file;
  segment.generation += 1;
  segment.rows_file = std::to_string(segment.sequence) + "." + std::to_string(segment.generation) + ".rows";
  const std::string fresh = PathOf(segment.rows_file);
  if (check.ok() && check->header_damage.ok()) {
    LOTIC_RETURN_NOT_OK(RowsFile::CopyGood(path, *check, fresh, segment.generation));
  } else {
    LOTIC_RETURN_NOT_OK(RemoveFile(fresh));
    LOTIC_ASSIGN_OR_RETURN(const auto empty, RowsFile::Create(fresh, {segment.start, segment.sequence, partition_, segment.generation, segment.created_ms,
                                                                      parts_.identity.table_id}));
  }
  LOTIC_ASSIGN_OR_RETURN(const RowsCheck copied, CheckRowsFile(fresh));
  LOTIC_ASSIGN_OR_RETURN(auto rows, RowsFile::Continue(fresh, copied));
  ManifestChange change;
  change.segments.push_back(segment);
  LOTIC_RETURN_NOT_OK(Change(change, std::move(rows)));
  LOTIC_RETURN_NOT_OK(Quarantine(old));
  Event(segment.name + ": " + damage + "; offsets from " + std::to_string(copied.end()) + " are read again");
  return Status::OK();
}

Status PartitionFolder::RecoverSealing(const SegmentInfo& segment) { return CheckSegment(segment); }

Status PartitionFolder::RecoverDone(const SegmentInfo& segment) {
  if (segment.file.empty()) return Status::OK();
  // The bytes are checked when they are first read, or by CheckOne.
  struct stat info {};
  if (::stat(PathOf(segment.file).c_str(), &info) == 0 && info.st_size == segment.file_bytes) return Status::OK();
  return CheckSegment(segment);
}

Status PartitionFolder::RecoverDamaged(SegmentInfo segment) {
  Result<RowsCheck> check = CheckRowsFile(PathOf(segment.rows_file));
  if (!check.ok() && check.status().code() != StatusCode::kNotFound) return check.status();
  if (check.ok() && check->header_damage.ok() && check->sync_failed) {
    LOTIC_ASSIGN_OR_RETURN(check, CheckRowsFile(PathOf(segment.rows_file), check->durable.value_or(kRowsHeaderBytes)));
    return MarkDamaged(segment, &*check, segment.damage);
  }
  if (check.ok() && check->damage.ok()) return Status::OK();
  return MarkDamaged(segment, check.ok() ? &*check : nullptr, segment.damage);
}

Status PartitionFolder::RemoveOrphans() {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(folder_));
  std::set<std::string> named;
  std::set<int64_t> sequences;
  for (const auto& [sequence, segment] : state_.segments) {
    named.insert(segment.rows_file);
    named.insert(segment.file);
    sequences.insert(sequence);
  }
  for (const std::string& name : names) {
    if (named.contains(name)) continue;
    if (name.ends_with(".tmp")) {
      LOTIC_RETURN_NOT_OK(RemoveFile(PathOf(name)));
      continue;
    }
    const bool rows = name.ends_with(".rows"), sealed = name.ends_with(".parquet");
    if (!rows && !sealed) continue;
    int64_t sequence = -1;
    bool empty = false;
    if (rows) {
      const Result<RowsCheck> check = CheckRowsFile(PathOf(name), kRowsHeaderBytes);
      if (check.ok() && check->header_damage.ok()) {
        sequence = check->header.sequence;
        empty = check->file_bytes == kRowsHeaderBytes;
      }
      if (check.ok() && check->file_bytes < kRowsHeaderBytes) empty = true;  // its making was interrupted
    } else {
      for (const auto& [number, segment] : state_.segments) {
        if (name.starts_with(segment.name + ".")) sequence = number;
      }
    }
    // Left over from an interrupted step of a segment that is known: what was removed, or not yet committed.
    const bool known = sequences.contains(sequence) || (sequence >= 0 && sequence < state_.next_sequence);
    if (known || empty) {
      LOTIC_RETURN_NOT_OK(RemoveFile(PathOf(name)));
    } else {
      LOTIC_RETURN_NOT_OK(Quarantine(name));
      Event(name + " is named by no manifest; it was put aside");
    }
  }
  return Status::OK();
}

}  // namespace lotic::table
