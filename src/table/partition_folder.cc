// SPDX-License-Identifier: Apache-2.0
#include "table/partition_folder.h"

#include <algorithm>

#include <sys/stat.h>
#include <unistd.h>

#include "table/discovery.h"
#include "table/fault_point.h"

namespace lotic::table {
namespace {

constexpr int64_t kLeastCompactBytes = int64_t{64} << 10;

std::string RowsFileName(int64_t sequence, int32_t generation) { return std::to_string(sequence) + "." + std::to_string(generation) + ".rows"; }

int64_t SizeOf(std::span<const std::string> records) {
  size_t bytes = kJournalHeaderBytes;
  for (const std::string& record : records) bytes += kRecordHeaderBytes + record.size();
  return static_cast<int64_t>(bytes);
}

// What stands where a new partition's folder is to be: what an interrupted AddPartitions left is removed, and what has rows is kept beside.
Status PutAside(const std::string& folder, int64_t now_ms) {
  Result<std::vector<std::string>> names = ListFolder(folder);
  if (!names.ok()) return names.status().code() == StatusCode::kNotFound ? Status::OK() : names.status();
  for (const std::string& name : *names) {
    struct stat info {};
    if (name.ends_with(".parquet") || (name.ends_with(".rows") && ::stat((folder + "/" + name).c_str(), &info) == 0 && info.st_size > kRowsHeaderBytes)) {
      return RenameFile(folder, folder + ".unknown-" + std::to_string(now_ms));
    }
  }
  return RemoveFolder(folder);
}

}  // namespace

PartitionFolder::PartitionFolder(const StoreParts& parts, int32_t partition)
    : parts_(parts), partition_(partition), folder_(PartitionFolderOf(parts.folder, partition)) {}

PartitionState PartitionFolder::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

int64_t PartitionFolder::Count(SegmentState state) const {
  const std::lock_guard lock(mutex_);
  return std::count_if(state_.segments.begin(), state_.segments.end(), [state](const auto& one) { return one.second.state == state; });
}

std::shared_ptr<RowsFile> PartitionFolder::rows() const {
  const std::lock_guard lock(mutex_);
  return rows_;
}

int64_t PartitionFolder::Epoch() const {
  const std::lock_guard lock(mutex_);
  if (rows_ == nullptr) return state_.epoch;
  const RowsFile::State published = rows_->state();
  return published.totals.blocks == 0 ? state_.epoch : published.epoch;  // without a commit it stands where it began
}

std::optional<SegmentInfo> PartitionFolder::Published() const {
  const std::lock_guard lock(mutex_);
  const SegmentInfo* consuming = state_.consuming();
  if (consuming == nullptr || rows_ == nullptr) return std::nullopt;
  SegmentInfo info = *consuming;
  const RowsFile::State published = rows_->state();
  info.end = published.end;
  info.totals = published.totals;
  info.rows_bytes = published.published;
  return info;
}

Status PartitionFolder::damage() const {
  const std::lock_guard lock(mutex_);
  return damage_;
}

Status PartitionFolder::Change(const ManifestChange& change, std::optional<std::shared_ptr<RowsFile>> rows) {
  const std::lock_guard one(change_mutex_);
  if (retired_) return Status::Cancelled("a change of ", folder_, ": the partition was opened anew meanwhile");
  LOTIC_RETURN_NOT_OK(journal_->Append(EncodeChange(change), [&](bool with_record) {
    PartitionState state = this->state();
    if (with_record) Apply(change, &state);
    return EncodeManifest(state);
  }));
  {
    const std::lock_guard lock(mutex_);
    Apply(change, &state_);
    if (rows.has_value()) rows_ = *std::move(rows);
  }
  if (journal_->bytes() >= compact_at_bytes_) {
    // More than half of it may be history.
    const std::vector<std::string> records = EncodeManifest(state());
    const int64_t bytes = SizeOf(records);
    // Where that fails, the longer form still holds.
    if (bytes * 2 < journal_->bytes()) (void)journal_->Rewrite(records);
    compact_at_bytes_ = std::max(kLeastCompactBytes, bytes * 2);
  }
  return Status::OK();
}

void PartitionFolder::Retire() {
  const std::lock_guard one(change_mutex_);
  retired_ = true;
  const std::lock_guard lock(mutex_);
  if (damage_.ok()) damage_ = Status::Cancelled("writing to ", folder_, ": the partition was opened anew meanwhile");
  is_suspect_.store(true, std::memory_order_release);
}

Result<PartitionFolder::NewSegment> PartitionFolder::MakeSegment(int64_t sequence, int64_t start, int64_t now_ms,
                                                                 std::map<std::string, std::string> attributes) {
  size_t bytes = 0;
  for (const auto& [key, value] : attributes) bytes += key.size() + value.size();
  if (bytes > kMaxSegmentAttributeBytes) return Status::CapacityError("attributes of a segment: ", bytes, " bytes, more than ", kMaxSegmentAttributeBytes);
  NewSegment made;
  SegmentInfo& info = made.info;
  info.name = SegmentName(parts_.identity.raw_name, partition_, sequence, now_ms);
  info.partition = partition_;
  info.sequence = sequence;
  info.start = info.end = start;
  info.created_ms = now_ms;
  info.rows_file = RowsFileName(sequence, 1);
  info.attributes = std::move(attributes);
  (void)FaultPoint("store.segment.before_create");
  LOTIC_RETURN_NOT_OK(RemoveFile(PathOf(info.rows_file)));  // of an attempt that did not come to its record
  LOTIC_ASSIGN_OR_RETURN(made.rows, RowsFile::Create(PathOf(info.rows_file), {start, sequence, partition_, 1, now_ms, parts_.identity.table_id}));
  (void)FaultPoint("store.segment.after_create");
  return made;
}

Result<std::unique_ptr<PartitionFolder>> PartitionFolder::Create(const StoreParts& parts, const PartitionStart& start) {
  std::unique_ptr<PartitionFolder> folder(new PartitionFolder(parts, start.partition));
  LOTIC_RETURN_NOT_OK(PutAside(folder->folder_, parts.options.clock->NowMs()));
  LOTIC_RETURN_NOT_OK(MakeFolder(folder->folder_));
  PartitionState& state = folder->state_;
  state.table_id = parts.identity.table_id;
  state.partition = start.partition;
  state.start = state.position = start.start;
  LOTIC_ASSIGN_OR_RETURN(NewSegment first, folder->MakeSegment(0, start.start, parts.options.clock->NowMs(), start.attributes));
  state.next_sequence = 1;
  state.segments[0] = first.info;
  folder->rows_ = std::move(first.rows);
  folder->compact_at_bytes_ = kLeastCompactBytes;
  LOTIC_ASSIGN_OR_RETURN(folder->journal_, Journal::Create(folder->PathOf("manifest"), EncodeManifest(state)));
  return folder;
}

Status PartitionFolder::Quarantine(const std::string& file) {
  if (::access(PathOf(file).c_str(), F_OK) != 0) return Status::OK();
  const std::string quarantine = PathOf("quarantine");
  LOTIC_RETURN_NOT_OK(MakeFolder(quarantine));
  std::string stamp = std::to_string(parts_.options.clock->NowMs());
  stamp.insert(0, stamp.size() < 14 ? 14 - stamp.size() : 0, '0');
  LOTIC_RETURN_NOT_OK(RenameFile(PathOf(file), quarantine + "/" + stamp + "-" + file));
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> kept, ListFolder(quarantine));
  for (size_t i = 0; i + TableStore::kMaxQuarantined < kept.size(); ++i) LOTIC_RETURN_NOT_OK(RemoveFile(quarantine + "/" + kept[i]));
  return Status::OK();
}

Status PartitionFolder::MarkDamaged(const SegmentInfo& segment, const RowsCheck* check, const std::string& damage) {
  SegmentInfo marked = segment;
  marked.state = SegmentState::kDamaged;
  marked.generation = segment.generation + 1;
  marked.rows_file = RowsFileName(segment.sequence, marked.generation);
  marked.file.clear();
  marked.file_bytes = 0;
  marked.file_crc = 0;
  marked.sealed_ms = 0;
  marked.damage = damage;
  const std::string path = PathOf(marked.rows_file);
  const bool usable = check != nullptr && check->header_damage.ok() && check->last.has_value() && check->header.start == segment.start;
  if (usable) {
    LOTIC_RETURN_NOT_OK(RowsFile::CopyGood(PathOf(segment.rows_file), *check, path, marked.generation));
    marked.repair_from = check->end();
    marked.rows_bytes = check->good_bytes;
  } else {
    LOTIC_RETURN_NOT_OK(RemoveFile(path));
    LOTIC_ASSIGN_OR_RETURN(const auto empty, RowsFile::Create(path, {segment.start, segment.sequence, partition_, marked.generation, segment.created_ms,
                                                                     parts_.identity.table_id}));
    marked.repair_from = segment.start;
    marked.rows_bytes = kRowsHeaderBytes;
  }
  ManifestChange change;
  change.segments.push_back(marked);
  LOTIC_RETURN_NOT_OK(Change(change));
  for (const std::string* file : {&segment.rows_file, &segment.file}) {
    if (!file->empty()) LOTIC_RETURN_NOT_OK(Quarantine(*file));
  }
  Event(segment.name + ": " + damage + "; offsets from " + std::to_string(marked.repair_from) + " to " + std::to_string(segment.end) + " are to be read again");
  return Status::OK();
}

void PartitionFolder::FoundDamaged(const Status& damage) {
  const std::lock_guard lock(mutex_);
  if (!damage_.ok() || damage.ok()) return;
  damage_ = damage;
  is_suspect_.store(true, std::memory_order_release);
}

Status PartitionFolder::CheckNext(const SegmentInfo& segment) {
  if (segment.state != SegmentState::kConsuming) return CheckSegment(segment);
  const bool goes_on = checked_.last.has_value() && checked_.header.sequence == segment.sequence && checked_.header.generation == segment.generation;
  LOTIC_ASSIGN_OR_RETURN(RowsCheck check, CheckRowsFile(PathOf(segment.rows_file), std::nullopt, {goes_on ? &checked_ : nullptr, TableStore::kMaxCheckBytes}));
  FoundDamaged(check.damage);
  const bool at_end = !check.published.has_value() || check.good_bytes >= *check.published;
  checked_ = at_end || !check.damage.ok() ? RowsCheck() : std::move(check);
  return Status::OK();
}

Status PartitionFolder::CheckSegment(const SegmentInfo& segment) {
  const auto by_rows_file = [&](const std::string& damage) -> Status {
    if (segment.rows_file.empty()) return MarkDamaged(segment, nullptr, damage);
    Result<RowsCheck> check = CheckRowsFile(PathOf(segment.rows_file), segment.rows_bytes);
    if (!check.ok())
      return check.status().code() == StatusCode::kNotFound ? MarkDamaged(segment, nullptr, damage.empty() ? check.status().message() : damage)
                                                            : check.status();
    const bool whole = check->header_damage.ok() && check->header.sequence == segment.sequence && check->header.start == segment.start &&
                       check->good_bytes == segment.rows_bytes && check->end() == segment.end;
    if (whole && damage.empty()) return Status::OK();
    if (!whole) {
      const std::string found = !check->damage.ok() ? check->damage.message() : PathOf(segment.rows_file) + " has not the bytes that were rolled";
      return MarkDamaged(segment, &*check, damage.empty() ? found : damage);
    }
    // The rows file is still there: the segment is sealed from it once more.
    SegmentInfo again = segment;
    again.state = SegmentState::kSealing;
    again.file.clear();
    again.file_bytes = 0;
    again.file_crc = 0;
    again.sealed_ms = 0;
    ManifestChange change;
    change.segments.push_back(again);
    LOTIC_RETURN_NOT_OK(Change(change));
    LOTIC_RETURN_NOT_OK(Quarantine(segment.file));
    Event(segment.name + ": " + damage + "; it is sealed again from " + segment.rows_file);
    return Status::OK();
  };
  if (segment.state == SegmentState::kConsuming) {
    LOTIC_ASSIGN_OR_RETURN(const RowsCheck check, CheckRowsFile(PathOf(segment.rows_file)));
    FoundDamaged(check.damage);
    return Status::OK();
  }
  if (segment.state == SegmentState::kSealing) return by_rows_file("");
  if (segment.state != SegmentState::kDone || segment.file.empty()) return Status::OK();
  const Result<FileSum> sum = SumFile(PathOf(segment.file));
  if (!sum.ok()) return sum.status().code() == StatusCode::kNotFound ? by_rows_file(segment.file + " is missing") : sum.status();
  if (sum->bytes != segment.file_bytes)
    return by_rows_file(segment.file + " has " + std::to_string(sum->bytes) + " bytes, " + std::to_string(segment.file_bytes) + " were sealed");
  if (sum->crc != segment.file_crc) return by_rows_file(segment.file + " fails its checksum");
  return Status::OK();
}

}  // namespace lotic::table
