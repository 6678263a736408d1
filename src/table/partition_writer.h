// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "lotic/batch.h"
#include "lotic/status.h"
#include "table/segment.h"

namespace lotic::table {

/// Rows and the position after them: one commit.
struct Commit {
  int64_t start = 0;  ///< must be the writer's position
  int64_t end = 0;    ///< >= start; the next position
  Batch rows;         ///< stored rows, in the order of their offsets; may have none. A batch without columns is fine then.
  RecordFates fates;
  int64_t epoch = -1;  ///< of the stream's log in front of `end`, where it has one (stream_plan.h); -1: not known
  int64_t newest_stream_ms = INT64_MIN;
  int64_t commit_ms = 0;  ///< wall clock
  /// Of the time column. Absent: computed from TableIdentity::time_column where that is a BIGINT or a TIMESTAMP(3) column, in ms.
  std::optional<TimeRange> times;
  int64_t rows_without_time = 0;  ///< with `times`
};

/// Adds commits to the consuming segment of one partition, or (TableStore::RepairWriter) the missing rest to a damaged one.
/// Append, Roll, Resume: one thread at a time. Sync, and everything const: any thread, beside them.
///
/// What Append returned OK for is published: queries of every process see it, and it survives SIGKILL. It survives a power cut once a Sync
/// that began later has returned OK; the ingest calls Sync at most 1 s or 64 MiB later, from any thread.
///
/// Errors. A full disk (FileError::IsDiskFull): nothing was published, the file was cut back; a later Append works once there is space.
/// A failed write: the same. A failed sync: the writer is failed for good (failed()), the segment's rows behind the last durable position will be
/// read again: TableStore::ReopenWriter.
class PartitionWriter {
 public:
  static constexpr int64_t kMaxBlocks = 100'000;                  ///< of one rows file; then full()
  static constexpr int64_t kMaxRowsFileBytes = int64_t{8} << 30;  ///< the same
  static constexpr int64_t kMaxCommitBytes = int64_t{1} << 30;    ///< of one commit's rows
  virtual ~PartitionWriter() = default;

  virtual int32_t partition() const = 0;
  /// The next offset to read.
  virtual int64_t position() const = 0;
  /// Commit::epoch of the commit that the position comes from; -1: not known.
  virtual int64_t epoch() const = 0;
  /// The consuming segment as published; none while paused (rolled without a successor).
  virtual std::optional<SegmentInfo> segment() const = 0;
  /// Published, not yet durable.
  virtual int64_t unsynced_bytes() const = 0;
  /// The durable position: a re-opened writer starts there or behind it.
  virtual int64_t durable_position() const = 0;
  /// One commit more would be refused with CapacityError: roll (SealReason::kCapacity).
  virtual bool full() const = 0;
  /// Why the writer can only be re-opened; OK while it works.
  virtual Status failed() const = 0;

  /// Errors: Invalid (start is not the position, end before start; a column that changed its type within the segment: roll first;
  /// paused; a repair that would pass its end), CapacityError (full), IOError (above). A commit of nothing (start = end, no rows) does nothing.
  virtual Status Append(const Commit& commit) = 0;
  /// OK: everything published before the call is durable. One fdatasync; none if there is nothing to do.
  virtual Status Sync() = 0;
  /// Ends the consuming segment at the position (synced first) and opens the next, in one record. A segment without a commit goes on as it is.
  /// `attributes`: of the next segment.
  virtual Status Roll(SealReason reason, int64_t now_ms, std::map<std::string, std::string> attributes = {}) = 0;
  /// Ends the consuming segment without a successor. Append then fails until Resume. Nothing if there is none.
  virtual Status RollAndPause(SealReason reason, int64_t now_ms) = 0;
  /// Opens a segment at `start`, which need not be the position (an operator chose it): a jump ahead is recorded as lost, with `why`. An empty `why` goes on at the
  /// position, and keeps its epoch.
  /// Nothing if there is a consuming segment. Errors: Invalid (start negative).
  virtual Status Resume(int64_t start, int64_t now_ms, const std::string& why, std::map<std::string, std::string> attributes = {}) = 0;
  /// Replaces the attributes of the consuming segment.
  virtual Status SetAttributes(std::map<std::string, std::string> attributes) = 0;
};

}  // namespace lotic::table
