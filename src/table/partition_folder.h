// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "table/journal.h"
#include "table/manifest.h"
#include "table/rows_file.h"
#include "table/store.h"

namespace lotic::table {

/// What the partitions of a store share. `event` may be called by any thread.
struct StoreParts {
  std::string folder;
  TableIdentity identity;
  StoreOptions options;
  std::function<void(int32_t partition, std::string sentence)> event;
};

/// One partition's folder, owned. Any thread; the rows file is written by one thread at a time (PartitionWriter).
class PartitionFolder {
 public:
  /// Makes the folder with its first segment, in place of one that was never committed.
  static Result<std::unique_ptr<PartitionFolder>> Create(const StoreParts& parts, const PartitionStart& start);
  /// Recovers; see TableStore::Open.
  static Result<std::unique_ptr<PartitionFolder>> Open(const StoreParts& parts, int32_t partition);

  const StoreParts& parts() const { return parts_; }
  int32_t partition() const { return partition_; }
  std::string PathOf(const std::string& file) const { return folder_ + "/" + file; }
  PartitionState state() const;
  /// How many segments are in `state`, without a copy of them all.
  int64_t Count(SegmentState state) const;
  /// The consuming segment as published; none while paused.
  std::optional<SegmentInfo> Published() const;
  /// PartitionWriter::epoch.
  int64_t Epoch() const;
  /// Of the consuming segment; null while paused.
  std::shared_ptr<RowsFile> rows() const;
  /// Durable, then so in state(). `rows`: the rows file of the consuming segment from now on, where that changes.
  Status Change(const ManifestChange& change, std::optional<std::shared_ptr<RowsFile>> rows = std::nullopt);
  /// The folder is about to be opened anew: from now on every Change is Cancelled, and so is its writer, so that one file has one who appends.
  void Retire();

  /// A consuming segment that is to be added by Change, and its rows file, durable.
  struct NewSegment {
    SegmentInfo info;
    std::shared_ptr<RowsFile> rows;
  };
  Result<NewSegment> MakeSegment(int64_t sequence, int64_t start, int64_t now_ms, std::map<std::string, std::string> attributes);

  /// The segment becomes kDamaged: its good rows (of `check`, if there are any) go to a rows file of the next generation, damaged files to quarantine.
  Status MarkDamaged(const SegmentInfo& segment, const RowsCheck* check, const std::string& damage);
  /// Checks the files of a segment: MarkDamaged if they are, or, of a consuming one, damage().
  Status CheckSegment(const SegmentInfo& segment);
  /// The same, but of a consuming segment only the next TableStore::kMaxCheckBytes of its blocks, and behind the last from the first on. One thread at a time.
  Status CheckNext(const SegmentInfo& segment);
  /// Not OK once the consuming segment was found damaged: it is settled when the folder is opened again.
  Status damage() const;
  bool is_suspect() const { return is_suspect_.load(std::memory_order_acquire); }
  /// `file` of the folder goes to quarantine/.
  Status Quarantine(const std::string& file);

 private:
  PartitionFolder(const StoreParts& parts, int32_t partition);
  Status Recover();
  Status RecoverConsuming(SegmentInfo segment);
  Status RecoverSealing(const SegmentInfo& segment);
  Status RecoverDone(const SegmentInfo& segment);
  Status RecoverDamaged(SegmentInfo segment);
  Status RemoveOrphans();
  void FoundDamaged(const Status& damage);
  void Event(std::string sentence) const { parts_.event(partition_, std::move(sentence)); }

  const StoreParts& parts_;
  const int32_t partition_;
  const std::string folder_;
  std::mutex change_mutex_;  // one change at a time; guards the next three, and held longer than mutex_: a change is synced
  std::unique_ptr<Journal> journal_;
  int64_t compact_at_bytes_ = 0;
  bool retired_ = false;
  std::atomic<bool> is_suspect_{false};
  RowsCheck checked_;         // CheckNext alone: so far, of the file it names
  mutable std::mutex mutex_;  // guards what follows
  PartitionState state_;      // written under both
  std::shared_ptr<RowsFile> rows_;
  Status damage_;
};

/// The writer of the consuming segment of `folder`, which outlives it.
std::unique_ptr<PartitionWriter> MakeWriter(PartitionFolder* folder);
/// The writer of what is missing of a damaged segment.
Result<std::unique_ptr<PartitionWriter>> MakeRepairWriter(std::shared_ptr<PartitionFolder> folder, int64_t sequence);

}  // namespace lotic::table
