// SPDX-License-Identifier: Apache-2.0
#include "table/store.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "table/discovery.h"
#include "table/fault_point.h"
#include "table/partition_folder.h"
#include "table/rows_map.h"
#include "table/rows_reader.h"
#include "table/table_view.h"

namespace lotic::table {
namespace {

Status CheckIdentity(const TableIdentity& identity) {
  const bool id =
      identity.table_id.size() >= 8 && identity.table_id.size() <= 64 && identity.table_id.find_first_not_of("0123456789abcdef-") == std::string::npos;
  if (!id) return Status::Invalid("table id \"", identity.table_id, "\": 8 to 64 of 0-9, a-f and -");
  if (identity.raw_name.empty() || identity.raw_name.find('/') != std::string::npos || identity.raw_name.front() == '.')
    return Status::Invalid("table name \"", identity.raw_name, "\" cannot be part of a file's name");
  return Status::OK();
}

Result<int64_t> BytesBelow(const std::string& folder) {
  int64_t bytes = 0;
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(folder));
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) continue;  // removed meanwhile
    if (S_ISDIR(info.st_mode)) {
      const Result<int64_t> below = BytesBelow(path);
      if (below.ok()) bytes += *below;
    } else {
      bytes += static_cast<int64_t>(info.st_blocks) * 512;
    }
  }
  return bytes;
}

// The age that counts for retention: of the newest row.
int64_t NewestRowMs(const SegmentTotals& totals) {
  int64_t newest = totals.times.empty() ? INT64_MIN : totals.times.max_ms;
  if (totals.times.empty() || totals.rows_without_time > 0) newest = std::max(newest, totals.newest_commit_ms);
  return newest;
}

class Store final : public TableStore {
 public:
  Store(const std::string& folder, StoreOptions options) {
    parts_.folder = folder;
    parts_.options = options;
    parts_.event = [this](int32_t partition, std::string sentence) { Event(partition, std::move(sentence)); };
  }

  Status Make(const TableIdentity& identity) {
    LOTIC_RETURN_NOT_OK(CheckIdentity(identity));
    LOTIC_RETURN_NOT_OK(MakeFolder(parts_.folder));
    struct stat info {};
    if (::stat((parts_.folder + kDiscoveryFile).c_str(), &info) == 0) return Status::Invalid(parts_.folder, " holds a table already");
    parts_.identity = contents_.identity = identity;
    LOTIC_ASSIGN_OR_RETURN(errors_, ErrorRing::Open(parts_.folder + "/errors"));
    const std::vector<std::string> records = {EncodeIdentity(identity)};
    LOTIC_ASSIGN_OR_RETURN(discovery_, Journal::Create(parts_.folder + kDiscoveryFile, records));
    return Status::OK();
  }

  Status Recover() {
    JournalContents journal;
    std::vector<std::string> found;
    Result<std::unique_ptr<Journal>> opened = Journal::Open(parts_.folder + kDiscoveryFile, parts_.folder + "/quarantine", &journal, &found);
    if (!opened.ok())
      return opened.status().code() == StatusCode::kNotFound ? opened.status().WithMessage("no table's rows at ", parts_.folder) : opened.status();
    discovery_ = *std::move(opened);
    for (std::string& sentence : found) Event(-1, std::move(sentence));
    Result<DiscoveryContents> decoded = DecodeDiscovery(journal.records);
    if (!decoded.ok()) return decoded.status().WithMessage(parts_.folder, kDiscoveryFile, ": ", decoded.status().message());
    contents_ = *std::move(decoded);
    parts_.identity = contents_.identity;
    LOTIC_ASSIGN_OR_RETURN(errors_, ErrorRing::Open(parts_.folder + "/errors"));
    std::map<int32_t, int64_t> positions;
    for (const auto& [partition, start] : contents_.partitions) {
      Slot& slot = slots_[partition];
      OpenSlot(partition, &slot);
      if (slot.folder != nullptr) positions[partition] = slot.writer->position();
    }
    return errors_->TakeBack(positions);
  }

  const std::string& folder() const override { return parts_.folder; }
  const TableIdentity& identity() const override { return parts_.identity; }

  std::string discovery_state() const override {
    const std::shared_lock lock(mutex_);
    return contents_.state;
  }

  Status AddPartitions(const std::string& state, std::span<const PartitionStart> partitions) override {
    if (state.size() > kMaxDiscoveryStateBytes)
      return Status::CapacityError("a discovery state of ", state.size(), " bytes, more than ", kMaxDiscoveryStateBytes);
    const std::unique_lock lock(mutex_);
    if (contents_.partitions.size() + partitions.size() > static_cast<size_t>(kMaxPartitions))
      return Status::CapacityError("more than ", kMaxPartitions, " partitions");
    std::map<int32_t, Slot> made;
    for (const PartitionStart& start : partitions) {
      if (start.partition < 0 || start.partition >= kMaxPartitions || start.start < 0)
        return Status::Invalid("partition ", start.partition, " from offset ", start.start);
      if (slots_.contains(start.partition) || made.contains(start.partition)) return Status::Invalid("partition ", start.partition, " exists");
      Slot& slot = made[start.partition];
      LOTIC_ASSIGN_OR_RETURN(slot.folder, PartitionFolder::Create(parts_, start));
      slot.writer = MakeWriter(slot.folder.get());
    }
    DiscoveryContents next = contents_;
    next.state = state;
    for (const PartitionStart& start : partitions) next.partitions[start.partition] = start;
    (void)FaultPoint("store.discovery.before_record");
    LOTIC_RETURN_NOT_OK(
        discovery_->Append(EncodeDiscovery(state, partitions), [&](bool with_record) { return EncodeDiscoveryContents(with_record ? next : contents_); }));
    (void)FaultPoint("store.discovery.after_record");
    contents_ = std::move(next);
    slots_.merge(made);
    const std::vector<std::string> records = EncodeDiscoveryContents(contents_);
    int64_t bytes = 0;
    for (const std::string& record : records) bytes += static_cast<int64_t>(record.size());
    if (discovery_->bytes() > 2 * bytes + (int64_t{64} << 10)) (void)discovery_->Rewrite(records);  // the longer form holds as well
    return Status::OK();
  }

  std::vector<int32_t> partitions() const override {
    const std::shared_lock lock(mutex_);
    std::vector<int32_t> numbers;
    for (const auto& [partition, slot] : slots_) numbers.push_back(partition);
    return numbers;
  }

  Result<PartitionWriter*> writer(int32_t partition) override {
    const std::shared_lock lock(mutex_);
    LOTIC_ASSIGN_OR_RETURN(const Slot* slot, Find(partition));
    return slot->writer.get();
  }

  Result<PartitionWriter*> ReopenWriter(int32_t partition) override {
    const std::lock_guard no_seal(seal_mutex_);
    std::shared_ptr<PartitionFolder> old;
    {
      const std::shared_lock lock(mutex_);
      const auto found = slots_.find(partition);
      if (found == slots_.end()) return Status::NotFound("partition ", partition, " of ", parts_.identity.raw_name);
      old = found->second.folder;
    }
    if (old != nullptr) old->Retire();
    Slot fresh;
    OpenSlot(partition, &fresh);  // without mutex_: every block is read
    if (fresh.failed.ok()) fresh.failed = errors_->TakeBack(partition, fresh.writer->position());
    const std::unique_lock lock(mutex_);
    Slot& slot = slots_.at(partition);
    slot.failed = fresh.failed;
    LOTIC_RETURN_NOT_OK(slot.failed);
    slot.previous_writer = std::exchange(slot.writer, std::move(fresh.writer));
    slot.previous = std::exchange(slot.folder, std::move(fresh.folder));
    return slot.writer.get();
  }

  Status RecordLoss(int32_t partition, int64_t to, const std::string& why, int64_t now_ms) override {
    std::shared_ptr<PartitionFolder> folder;
    PartitionWriter* writer = nullptr;
    LOTIC_RETURN_NOT_OK(Borrow(partition, &folder, &writer));
    const int64_t from = writer->position();
    if (to <= from) return Status::Invalid("partition ", partition, ": a loss up to ", to, " where the position is ", from);
    if (folder->rows() == nullptr) return Status::Invalid("partition ", partition, " is paused: a loss is recorded when it resumes");
    // The name first: if the process ends before the commit, the same loss is found again and takes its place.
    ManifestChange change;
    change.losses.push_back({from, to, now_ms, why});
    LOTIC_RETURN_NOT_OK(folder->Change(change));
    (void)FaultPoint("store.loss.before_commit");
    Commit commit;
    commit.start = from;
    commit.end = to;
    commit.fates.missing = to - from;
    commit.commit_ms = now_ms;
    LOTIC_RETURN_NOT_OK(writer->Append(commit));
    Event(partition, "offsets " + std::to_string(from) + " to " + std::to_string(to) + " are lost: " + why);
    return Status::OK();
  }

  std::vector<LostRange> losses(int32_t partition) const override {
    const std::shared_lock lock(mutex_);
    const auto found = slots_.find(partition);
    return found == slots_.end() || found->second.folder == nullptr ? std::vector<LostRange>{} : found->second.folder->state().losses;
  }

  Result<bool> SealOne(SegmentFiles& files, const CallContext& ctx, std::optional<SegmentInfo>* sealed) override {
    const std::lock_guard one(seal_mutex_);
    std::shared_ptr<PartitionFolder> folder;
    std::optional<SegmentInfo> oldest;
    std::pair<int64_t, int64_t> before_others;
    for (const std::shared_ptr<PartitionFolder>& candidate : Folders()) {
      if (candidate->Count(SegmentState::kSealing) == 0) continue;
      const PartitionState state = candidate->state();
      for (const auto& [sequence, segment] : state.segments) {
        if (segment.state != SegmentState::kSealing) continue;
        const auto failed = seal_failed_.find({segment.partition, sequence});
        const std::pair<int64_t, int64_t> order(failed == seal_failed_.end() ? 0 : failed->second, segment.rolled_ms);
        if (oldest.has_value() && before_others <= order) continue;
        oldest = segment;
        before_others = order;
        folder = candidate;
      }
    }
    if (!oldest.has_value()) {
      seal_failed_.clear();
      return false;
    }
    const Status status = Seal(*folder, *oldest, files, ctx);
    if (status.ok()) {
      seal_failed_.erase({oldest->partition, oldest->sequence});
      const PartitionState state = folder->state();
      if (const auto done = state.segments.find(oldest->sequence); sealed != nullptr && done != state.segments.end()) *sealed = done->second;
    } else {
      seal_failed_[{oldest->partition, oldest->sequence}] = ++seal_failures_;
    }
    if (status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kNotFound) {
      // What it was to be made of is damaged: that is settled here, and not tried for ever.
      LOTIC_RETURN_NOT_OK(folder->CheckSegment(*oldest));
      const PartitionState state = folder->state();
      if (state.segments.at(oldest->sequence).state == SegmentState::kDamaged) return true;
    }
    LOTIC_RETURN_NOT_OK(status);
    return true;
  }

  int64_t segments_to_seal() const override {
    int64_t count = 0;
    for (const std::shared_ptr<PartitionFolder>& folder : Folders()) count += folder->Count(SegmentState::kSealing);
    return count;
  }

  Result<int64_t> DropExpired(std::optional<int64_t> retention_ms, int64_t now_ms, int64_t deleted_keep_ms) override {
    const std::lock_guard no_seal(seal_mutex_);
    int64_t dropped = 0;
    for (const std::shared_ptr<PartitionFolder>& folder : Folders()) {
      const PartitionState state = folder->state();
      ManifestChange change;
      std::vector<std::string> unneeded;
      size_t dropped_kept = 0;
      for (const auto& [sequence, segment] : state.segments) {
        SegmentInfo changed = segment;
        if (segment.state == SegmentState::kDone && retention_ms.has_value() && NewestRowMs(segment.totals) < now_ms - *retention_ms) {
          changed.state = SegmentState::kDropped;
          changed.dropped_ms = now_ms;
          ++dropped;
        }
        const int64_t keep = parts_.options.snapshot_keep_ms;
        const auto let_go = [&](std::string* file) {
          if (!file->empty()) unneeded.push_back(std::exchange(*file, std::string()));
        };
        if (changed.state == SegmentState::kDone && now_ms - changed.sealed_ms >= keep) let_go(&changed.rows_file);
        if (changed.state == SegmentState::kDropped) {
          ++dropped_kept;
          if (now_ms - changed.dropped_ms >= keep) let_go(&changed.rows_file);
          if (now_ms - changed.dropped_ms >= std::max(keep, deleted_keep_ms)) let_go(&changed.file);
        }
        if (!(changed == segment)) change.segments.push_back(std::move(changed));
      }
      for (const auto& [sequence, segment] : state.segments) {
        if (dropped_kept <= kMaxDroppedKept) break;
        if (segment.state != SegmentState::kDropped || !segment.file.empty() || !segment.rows_file.empty()) continue;
        change.removed.push_back(sequence);
        change.segments_forgotten += 1;
        --dropped_kept;
      }
      if (change == ManifestChange{}) continue;
      (void)FaultPoint("store.drop.before_record");
      LOTIC_RETURN_NOT_OK(folder->Change(change));
      (void)FaultPoint("store.drop.before_remove");
      for (const std::string& file : unneeded) LOTIC_RETURN_NOT_OK(RemoveFile(folder->PathOf(file)));
    }
    RowsMap::Sweep();
    return dropped;
  }

  Status DropSegment(int32_t partition, int64_t sequence, int64_t now_ms) override {
    const std::lock_guard no_seal(seal_mutex_);
    std::shared_ptr<PartitionFolder> folder;
    LOTIC_RETURN_NOT_OK(Borrow(partition, &folder, nullptr));
    const PartitionState state = folder->state();
    const auto found = state.segments.find(sequence);
    if (found == state.segments.end() || found->second.state == SegmentState::kDropped)
      return Status::NotFound("segment ", sequence, " of partition ", partition);
    if (found->second.state == SegmentState::kConsuming || found->second.state == SegmentState::kSealing) {
      return Status::Invalid("segment ", found->second.name, " is ", SegmentStateName(found->second.state), ": only what is complete can be dropped");
    }
    SegmentInfo dropped = found->second;
    dropped.state = SegmentState::kDropped;
    dropped.dropped_ms = now_ms;
    ManifestChange change;
    change.segments = {std::move(dropped)};
    return folder->Change(change);
  }

  Result<bool> CheckOne(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("checking sealed files"));
    const std::lock_guard no_seal(seal_mutex_);
    std::shared_ptr<PartitionFolder> folder;
    std::optional<SegmentInfo> chosen;
    int64_t chosen_at = INT64_MAX;
    for (const std::shared_ptr<PartitionFolder>& candidate : Folders()) {
      const PartitionState state = candidate->state();
      for (const auto& [sequence, segment] : state.segments) {
        if (segment.state != SegmentState::kConsuming && (segment.state != SegmentState::kDone || segment.file.empty())) continue;
        const auto checked = checked_.find({segment.partition, sequence});
        const int64_t at = checked == checked_.end() ? 0 : checked->second;
        if (at >= chosen_at) continue;
        chosen = segment;
        chosen_at = at;
        folder = candidate;
      }
    }
    if (!chosen.has_value()) return false;
    LOTIC_RETURN_NOT_OK(folder->CheckNext(*chosen));
    checked_[{chosen->partition, chosen->sequence}] = ++checks_;
    return true;
  }

  Status Suspect(int32_t partition, int64_t sequence) override {
    const std::lock_guard no_seal(seal_mutex_);
    std::shared_ptr<PartitionFolder> folder;
    LOTIC_RETURN_NOT_OK(Borrow(partition, &folder, nullptr));
    const PartitionState state = folder->state();
    const auto found = state.segments.find(sequence);
    if (found == state.segments.end()) return Status::OK();
    return folder->CheckSegment(found->second);
  }

  std::vector<DamagedSegment> Damaged() const override {
    std::vector<DamagedSegment> damaged;
    for (const std::shared_ptr<PartitionFolder>& folder : Folders()) {
      if (folder->Count(SegmentState::kDamaged) == 0) continue;
      const PartitionState state = folder->state();
      for (const auto& [sequence, segment] : state.segments) {
        if (segment.state != SegmentState::kDamaged) continue;
        int64_t from = segment.repair_from;
        // A repair that was begun goes on where it was.
        const Result<RowsCheck> check = CheckRowsFile(folder->PathOf(segment.rows_file));
        if (check.ok() && check->damage.ok()) from = check->end();
        damaged.push_back({segment.partition, sequence, segment.name, from, segment.end, segment.damage});
      }
    }
    return damaged;
  }

  Result<std::unique_ptr<PartitionWriter>> RepairWriter(int32_t partition, int64_t sequence) override {
    std::shared_ptr<PartitionFolder> folder;
    LOTIC_RETURN_NOT_OK(Borrow(partition, &folder, nullptr));
    return MakeRepairWriter(folder, sequence);
  }

  ErrorRing& errors() override { return *errors_; }

  std::vector<StoreEvent> TakeEvents() override {
    const std::lock_guard lock(events_mutex_);
    std::vector<StoreEvent> taken(std::make_move_iterator(events_.begin()), std::make_move_iterator(events_.end()));
    events_.clear();
    return taken;
  }

  Result<std::shared_ptr<const TableView>> View() const override { return TableView::Open(parts_.folder); }
  Result<int64_t> DiskBytes() const override { return BytesBelow(parts_.folder); }

  Status Close() override {
    Status first = errors_->Sync();
    const std::shared_lock lock(mutex_);
    for (auto& [partition, slot] : slots_) {
      if (slot.writer == nullptr) continue;
      const Status status = slot.writer->Sync();
      if (first.ok()) first = status;
    }
    return first;
  }

 private:
  struct Slot {
    std::shared_ptr<PartitionFolder> folder;
    std::unique_ptr<PartitionWriter> writer;
    Status failed;                              // not OK: it could not be opened (anew); folder and writer are those of before, if any
    std::shared_ptr<PartitionFolder> previous;  // of the ReopenWriter before
    std::unique_ptr<PartitionWriter> previous_writer;
  };

  void Event(int32_t partition, std::string sentence) {
    const std::lock_guard lock(events_mutex_);
    events_.push_back({partition, parts_.options.clock->NowMs(), std::move(sentence)});
    if (events_.size() > kMaxEvents) events_.pop_front();
  }

  void OpenSlot(int32_t partition, Slot* slot) {
    Result<std::unique_ptr<PartitionFolder>> folder = PartitionFolder::Open(parts_, partition);
    slot->failed = folder.status();
    if (!folder.ok()) {
      Event(partition, "partition " + std::to_string(partition) + " cannot be opened: " + folder.status().message());
      return;
    }
    slot->folder = *std::move(folder);
    slot->writer = MakeWriter(slot->folder.get());
  }

  Result<const Slot*> Find(int32_t partition) const {
    const auto found = slots_.find(partition);
    if (found == slots_.end()) return Status::NotFound("partition ", partition, " of ", parts_.identity.raw_name);
    LOTIC_RETURN_NOT_OK(found->second.failed);
    return &found->second;
  }

  Status Borrow(int32_t partition, std::shared_ptr<PartitionFolder>* folder, PartitionWriter** writer) const {
    const std::shared_lock lock(mutex_);
    LOTIC_ASSIGN_OR_RETURN(const Slot* slot, Find(partition));
    *folder = slot->folder;
    if (writer != nullptr) *writer = slot->writer.get();
    return Status::OK();
  }

  // Those that work.
  std::vector<std::shared_ptr<PartitionFolder>> Folders() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::shared_ptr<PartitionFolder>> folders;
    for (const auto& [partition, slot] : slots_) {
      if (slot.folder != nullptr && slot.failed.ok()) folders.push_back(slot.folder);
    }
    return folders;
  }

  static Status Seal(PartitionFolder& folder, const SegmentInfo& segment, SegmentFiles& files, const CallContext& ctx) {
    LOTIC_ASSIGN_OR_RETURN(const RowsCheck check, CheckRowsFile(folder.PathOf(segment.rows_file), segment.rows_bytes));
    LOTIC_RETURN_NOT_OK(check.damage);
    if (check.good_bytes != segment.rows_bytes || check.end() != segment.end)
      return Status::DataLoss(folder.PathOf(segment.rows_file), " has not the bytes that were rolled");
    SegmentInfo sealed = segment;
    sealed.state = SegmentState::kDone;
    sealed.sealed_ms = folder.parts().options.clock->NowMs();
    sealed.file = segment.name + (segment.generation > 1 ? "." + std::to_string(segment.generation) : "") + ".parquet";
    const std::string path = folder.PathOf(sealed.file), temporary = path + ".tmp";
    LOTIC_RETURN_NOT_OK(RemoveFile(temporary));
    const auto write = [&]() -> Status {
      LOTIC_ASSIGN_OR_RETURN(auto map, RowsMap::Open(folder.PathOf(segment.rows_file)));
      LOTIC_ASSIGN_OR_RETURN(auto rows, OpenRowsFile(std::move(map), segment.rows_bytes, check.schema, {}, PagesBehind::kLetGo));
      LOTIC_ASSIGN_OR_RETURN(auto writer, files.Create(temporary, check.schema));
      (void)FaultPoint("store.seal.before_write");
      for (;;) {
        LOTIC_ASSIGN_OR_RETURN(const std::optional<Batch> batch, rows->Next(ctx));
        if (!batch.has_value()) break;
        LOTIC_RETURN_NOT_OK(writer->Write(*batch));
      }
      LOTIC_ASSIGN_OR_RETURN(const int64_t written, writer->Finish());
      if (written != segment.totals.rows)
        return Status::UnknownError("segment ", segment.name, ": ", written, " rows were written, ", segment.totals.rows, " were published");
      (void)FaultPoint("store.seal.before_sync");
      LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(temporary, O_RDONLY));
      LOTIC_RETURN_NOT_OK(file.Sync());
      LOTIC_ASSIGN_OR_RETURN(const FileSum sum, SumFile(temporary));
      sealed.file_bytes = sum.bytes;
      sealed.file_crc = sum.crc;
      (void)FaultPoint("store.seal.before_rename");
      return RenameFile(temporary, path);
    };
    const Status status = write();
    if (!status.ok()) {
      (void)RemoveFile(temporary);
      return status;
    }
    ManifestChange change;
    change.segments = {sealed};
    (void)FaultPoint("store.seal.before_record");
    const Status recorded = folder.Change(change);
    if (!recorded.ok()) (void)RemoveFile(path);
    (void)FaultPoint("store.seal.after_record");
    return recorded;
  }

  StoreParts parts_;
  std::unique_ptr<ErrorRing> errors_;
  std::mutex seal_mutex_;                                   // whoever changes segments that are not consuming
  std::map<std::pair<int32_t, int64_t>, int64_t> checked_;  // guarded by seal_mutex_, and so the next
  int64_t checks_ = 0;
  std::map<std::pair<int32_t, int64_t>, int64_t> seal_failed_;  // the number of its last failure: of those that wait to be sealed
  int64_t seal_failures_ = 0;
  std::mutex events_mutex_;  // guards what follows
  std::deque<StoreEvent> events_;
  mutable std::shared_mutex mutex_;  // guards what follows; what slots point to guards itself
  DiscoveryContents contents_;
  std::unique_ptr<Journal> discovery_;
  std::map<int32_t, Slot> slots_;
};

}  // namespace

Result<std::unique_ptr<TableStore>> TableStore::Create(const std::string& folder, const TableIdentity& identity, StoreOptions options) {
  auto store = std::make_unique<Store>(folder, options);
  LOTIC_RETURN_NOT_OK(store->Make(identity));
  return std::unique_ptr<TableStore>(std::move(store));
}

Result<std::unique_ptr<TableStore>> TableStore::Open(const std::string& folder, StoreOptions options) {
  auto store = std::make_unique<Store>(folder, options);
  LOTIC_RETURN_NOT_OK(store->Recover());
  return std::unique_ptr<TableStore>(std::move(store));
}

}  // namespace lotic::table
