// SPDX-License-Identifier: Apache-2.0
// The writers of a partition: of its consuming segment, and of what is missing of a damaged one.
#include <algorithm>
#include <atomic>
#include <limits>

#include "table/fault_point.h"
#include "table/partition_folder.h"

namespace lotic::table {
namespace {

Status CheckCommit(const Commit& commit, int64_t position, const std::string& where) {
  if (commit.start != position) return Status::Invalid(where, ": a commit begins at ", commit.start, ", the position is ", position);
  if (commit.end < commit.start) return Status::Invalid(where, ": a commit of [", commit.start, ", ", commit.end, ")");
  return Status::OK();
}

// The time values of a commit, computed where the caller did not.
void CommitTimes(const Commit& commit, const std::string& time_column, TimeRange* times, int64_t* without) {
  if (commit.times.has_value()) {
    *times = *commit.times;
    *without = commit.rows_without_time;
    return;
  }
  *without = commit.rows.num_rows();
  if (time_column.empty() || commit.rows.num_rows() == 0) return;
  const std::optional<size_t> index = commit.rows.schema().IndexOf(time_column);
  if (!index.has_value()) return;
  const Column& column = commit.rows.column(*index);
  const bool ms = column.type.id() == TypeId::kInt64 || (column.type.id() == TypeId::kTimestamp && column.type.unit() == TimeUnit::kMilli);
  if (ms) TimesOf(column, times, without);
}

class SegmentWriter final : public PartitionWriter {
 public:
  explicit SegmentWriter(PartitionFolder* folder) : folder_(*folder) {
    rows_ = folder_.rows();
    const PartitionState state = folder_.state();
    position_ = rows_ != nullptr ? rows_->state().end : state.position;
    const int64_t durable = rows_ != nullptr ? rows_->durable().end : state.position;
    durable_position_ = durable >= 0 ? durable : (state.consuming() != nullptr ? state.consuming()->start : state.position);
  }

  int32_t partition() const override { return folder_.partition(); }
  int64_t position() const override { return position_.load(std::memory_order_acquire); }
  int64_t epoch() const override { return folder_.Epoch(); }
  std::optional<SegmentInfo> segment() const override { return folder_.Published(); }

  int64_t unsynced_bytes() const override {
    const std::shared_ptr<RowsFile> rows = folder_.rows();
    return rows == nullptr ? 0 : rows->state().published - rows->durable().published;
  }

  int64_t durable_position() const override {
    const std::shared_ptr<RowsFile> rows = folder_.rows();
    const int64_t durable = rows == nullptr ? position() : rows->durable().end;
    return durable >= 0 ? durable : durable_position_;
  }

  bool full() const override {
    const std::shared_ptr<RowsFile> rows = folder_.rows();
    return rows != nullptr && rows->full();
  }

  Status failed() const override {
    {
      const std::lock_guard lock(mutex_);
      if (!failed_.ok()) return failed_;
    }
    return folder_.is_suspect() ? folder_.damage() : Status::OK();
  }

  Status Append(const Commit& commit) override {
    if (is_failed_.load(std::memory_order_acquire) || folder_.is_suspect()) return failed();
    if (rows_ == nullptr) return Status::Invalid(Where(), " is paused: it has no consuming segment");
    LOTIC_RETURN_NOT_OK(CheckCommit(commit, position_.load(std::memory_order_relaxed), Where()));
    if (commit.end == commit.start && commit.rows.num_rows() == 0) return Status::OK();
    TimeRange times;
    int64_t without = 0;
    CommitTimes(commit, folder_.parts().identity.time_column, &times, &without);
    LOTIC_RETURN_NOT_OK(rows_->Append(commit, times, without));
    position_.store(commit.end, std::memory_order_release);
    return Status::OK();
  }

  Status Sync() override {
    const std::shared_ptr<RowsFile> rows = folder_.rows();
    if (rows == nullptr) return Status::OK();
    LOTIC_RETURN_NOT_OK(failed());
    return Fail(rows->Sync());
  }

  Status Roll(SealReason reason, int64_t now_ms, std::map<std::string, std::string> attributes) override {
    LOTIC_RETURN_NOT_OK(failed());
    if (rows_ == nullptr) return Status::Invalid(Where(), " is paused: it has no consuming segment");
    if (rows_->state().totals.blocks == 0) return Status::OK();
    LOTIC_ASSIGN_OR_RETURN(SegmentInfo ended, Ended(reason, now_ms));
    const int64_t sequence = ended.sequence + 1;
    LOTIC_ASSIGN_OR_RETURN(PartitionFolder::NewSegment next, folder_.MakeSegment(sequence, ended.end, now_ms, std::move(attributes)));
    ManifestChange change;
    change.next_sequence = sequence + 1;
    change.position = ended.end;
    change.epoch = epoch();
    change.segments = {std::move(ended), next.info};
    if (const int error = FaultPoint("store.roll.before_record"); error != 0) return FileFailure("end a segment in", folder_.PathOf("manifest"), error);
    LOTIC_RETURN_NOT_OK(folder_.Change(change, next.rows));
    rows_ = std::move(next.rows);
    (void)FaultPoint("store.roll.after_record");
    return Status::OK();
  }

  Status RollAndPause(SealReason reason, int64_t now_ms) override {
    LOTIC_RETURN_NOT_OK(failed());
    if (rows_ == nullptr) return Status::OK();
    ManifestChange change;
    change.position = position();
    change.epoch = epoch();
    std::string unneeded;
    if (rows_->state().totals.blocks == 0) {
      const SegmentInfo empty = *folder_.Published();
      change.removed = {empty.sequence};
      change.next_sequence = empty.sequence;
      unneeded = empty.rows_file;
    } else {
      LOTIC_ASSIGN_OR_RETURN(SegmentInfo ended, Ended(reason, now_ms));
      change.segments = {std::move(ended)};
    }
    if (const int error = FaultPoint("store.pause.before_record"); error != 0) return FileFailure("end a segment in", folder_.PathOf("manifest"), error);
    LOTIC_RETURN_NOT_OK(folder_.Change(change, std::shared_ptr<RowsFile>()));
    rows_ = nullptr;
    if (!unneeded.empty()) (void)RemoveFile(folder_.PathOf(unneeded));  // an orphan at worst
    return Status::OK();
  }

  Status Resume(int64_t start, int64_t now_ms, const std::string& why, std::map<std::string, std::string> attributes) override {
    LOTIC_RETURN_NOT_OK(failed());
    if (rows_ != nullptr) return Status::OK();
    if (start < 0) return Status::Invalid(Where(), " cannot resume at ", start);
    const PartitionState state = folder_.state();
    LOTIC_ASSIGN_OR_RETURN(PartitionFolder::NewSegment next, folder_.MakeSegment(state.next_sequence, start, now_ms, std::move(attributes)));
    ManifestChange change;
    change.next_sequence = state.next_sequence + 1;
    change.position = start;
    if (why.empty() && start == state.position) change.epoch = state.epoch;
    if (start > state.position) change.losses.push_back({state.position, start, now_ms, why});
    change.segments = {next.info};
    if (const int error = FaultPoint("store.resume.before_record"); error != 0) return FileFailure("begin a segment in", folder_.PathOf("manifest"), error);
    LOTIC_RETURN_NOT_OK(folder_.Change(change, next.rows));
    rows_ = std::move(next.rows);
    position_.store(start, std::memory_order_release);
    return Status::OK();
  }

  Status SetAttributes(std::map<std::string, std::string> attributes) override {
    LOTIC_RETURN_NOT_OK(failed());
    const PartitionState state = folder_.state();
    if (state.consuming() == nullptr) return Status::Invalid(Where(), " is paused: it has no consuming segment");
    SegmentInfo changed = *state.consuming();
    changed.attributes = std::move(attributes);
    size_t bytes = 0;
    for (const auto& [key, value] : changed.attributes) bytes += key.size() + value.size();
    if (bytes > kMaxSegmentAttributeBytes) return Status::CapacityError("attributes of a segment: ", bytes, " bytes, more than ", kMaxSegmentAttributeBytes);
    ManifestChange change;
    change.segments = {std::move(changed)};
    return folder_.Change(change);
  }

 private:
  std::string Where() const { return "partition " + std::to_string(folder_.partition()) + " of " + folder_.parts().identity.raw_name; }

  // The consuming segment as it ends now, durable.
  Result<SegmentInfo> Ended(SealReason reason, int64_t now_ms) {
    (void)FaultPoint("store.roll.before_sync");
    LOTIC_RETURN_NOT_OK(Fail(rows_->Sync()));
    SegmentInfo ended = *folder_.Published();
    ended.reason = reason;
    ended.rolled_ms = now_ms;
    ended.state = SegmentState::kSealing;
    if (ended.totals.rows == 0) {
      ended.state = SegmentState::kDone;
      ended.sealed_ms = now_ms;
    }
    return ended;
  }

  Status Fail(const Status& status) {
    if (!status.ok()) {
      const std::lock_guard lock(mutex_);
      if (failed_.ok()) failed_ = status;
      is_failed_.store(true, std::memory_order_release);
    }
    return status;
  }

  PartitionFolder& folder_;
  std::shared_ptr<RowsFile> rows_;  // the writing thread's
  std::atomic<int64_t> position_{0};
  int64_t durable_position_ = 0;  // when it was opened
  std::atomic<bool> is_failed_{false};
  mutable std::mutex mutex_;  // guards what follows
  Status failed_;
};

class RepairWriter final : public PartitionWriter {
 public:
  RepairWriter(std::shared_ptr<PartitionFolder> folder, SegmentInfo segment, std::shared_ptr<RowsFile> rows)
      : owner_(std::move(folder)), folder_(*owner_), segment_(std::move(segment)), rows_(std::move(rows)) {}

  int32_t partition() const override { return folder_.partition(); }
  int64_t position() const override { return rows_->state().end; }
  int64_t epoch() const override { return rows_->state().epoch; }
  std::optional<SegmentInfo> segment() const override {
    const RowsFile::State now = rows_->state();
    SegmentInfo info = segment_;
    info.end = now.end;
    info.totals = now.totals;
    info.rows_bytes = now.published;
    info.attributes.clear();  // limits of a segment that may be rolled
    return info;
  }
  int64_t unsynced_bytes() const override { return rows_->state().published - rows_->durable().published; }
  int64_t durable_position() const override { return std::max(rows_->durable().end, segment_.start); }
  bool full() const override { return rows_->full(); }
  Status failed() const override { return failed_; }

  Status Append(const Commit& commit) override {
    LOTIC_RETURN_NOT_OK(failed_);
    LOTIC_RETURN_NOT_OK(CheckCommit(commit, position(), segment_.name));
    if (commit.end > segment_.end) return Status::Invalid(segment_.name, ": a commit up to ", commit.end, " into a segment that ends at ", segment_.end);
    if (commit.end != commit.start || commit.rows.num_rows() != 0) {
      TimeRange times;
      int64_t without = 0;
      CommitTimes(commit, folder_.parts().identity.time_column, &times, &without);
      LOTIC_RETURN_NOT_OK(rows_->Append(commit, times, without));
    }
    return commit.end == segment_.end ? Complete() : Status::OK();
  }

  Status Sync() override {
    failed_ = rows_->Sync();
    return failed_;
  }
  Status Roll(SealReason, int64_t, std::map<std::string, std::string>) override { return NotHere(); }
  Status RollAndPause(SealReason, int64_t) override { return NotHere(); }
  Status Resume(int64_t, int64_t, const std::string&, std::map<std::string, std::string>) override { return NotHere(); }
  Status SetAttributes(std::map<std::string, std::string>) override { return NotHere(); }

  // The segment has all its offsets again.
  Status Complete() {
    LOTIC_RETURN_NOT_OK(Sync());
    const RowsFile::State state = rows_->state();
    SegmentInfo whole = segment_;
    whole.state = state.totals.rows == 0 ? SegmentState::kDone : SegmentState::kSealing;
    whole.totals = state.totals;
    whole.rows_bytes = state.published;
    whole.repair_from = 0;
    whole.damage.clear();
    ManifestChange change;
    change.segments = {whole};
    (void)FaultPoint("store.repair.before_record");
    return folder_.Change(change);
  }

 private:
  Status NotHere() const { return Status::Invalid(segment_.name, " is being repaired: its range is fixed"); }

  const std::shared_ptr<PartitionFolder> owner_;
  PartitionFolder& folder_;
  const SegmentInfo segment_;
  const std::shared_ptr<RowsFile> rows_;
  Status failed_;
};

}  // namespace

std::unique_ptr<PartitionWriter> MakeWriter(PartitionFolder* folder) { return std::make_unique<SegmentWriter>(folder); }

Result<std::unique_ptr<PartitionWriter>> MakeRepairWriter(std::shared_ptr<PartitionFolder> folder, int64_t sequence) {
  const PartitionState state = folder->state();
  const auto found = state.segments.find(sequence);
  if (found == state.segments.end() || found->second.state != SegmentState::kDamaged) {
    return Status::NotFound("partition ", folder->partition(), " has no damaged segment ", sequence);
  }
  LOTIC_ASSIGN_OR_RETURN(const RowsCheck check, CheckRowsFile(folder->PathOf(found->second.rows_file)));
  LOTIC_RETURN_NOT_OK(check.damage);
  LOTIC_ASSIGN_OR_RETURN(auto rows, RowsFile::Continue(folder->PathOf(found->second.rows_file), check));
  auto writer = std::make_unique<RepairWriter>(folder, found->second, std::move(rows));
  if (writer->position() == found->second.end) LOTIC_RETURN_NOT_OK(writer->Complete());
  return std::unique_ptr<PartitionWriter>(std::move(writer));
}

}  // namespace lotic::table
