// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "catalog/pinot_table_config.h"
#include "lotic/batch.h"
#include "lotic/call_context.h"
#include "lotic/scan.h"
#include "lotic/status.h"
#include "table/partition_writer.h"
#include "table/record_pipeline.h"
#include "table/segment_sizer.h"
#include "table/status_file.h"
#include "table/store.h"

namespace lotic::table {

/// What the metrics of one partition are made of; since the process began.
struct PartitionCounters {
  int64_t fetched = 0;  ///< records received
  RecordFates fates;
  int64_t bytes = 0;          ///< of messages received
  int64_t bytes_dropped = 0;  ///< of messages that failed and became no row
  int64_t exceptions = 0;     ///< failures of stream and store
  int64_t losses = 0;         ///< ranges lost
  int64_t commits = 0;
  int64_t row_threshold = 0;  ///< of the consuming segment
};

/// What the partitions of one table share. The consuming thread only, but for `sizer_mutex`.
struct IngestShared {
  catalog::PinotTableConfig config;
  std::unique_ptr<RecordPipeline> pipeline;
  std::optional<size_t> time_column;  ///< of the pipeline's stored columns
  TableStore* store = nullptr;
  const Clock* clock = &Clock::System();
  int64_t sync_bytes = int64_t{64} << 20;
  size_t num_partitions = 1;
  std::mutex sizer_mutex;
  std::optional<SegmentSizer> sizer;  ///< guarded by sizer_mutex: the sealing thread tells it what came out

  int64_t NextThreshold();
};

/// Records of one run of a reader: rows [first, first + count) of `rows`, after which reading stands at `end`, in `epoch` of the stream's log.
struct RawRun {
  Batch rows;
  int64_t first = 0;
  int64_t count = 0;
  int64_t end = 0;
  int64_t epoch = -1;
};

/// So many a second; at most one second's worth at once. One thread.
class RateLimit {
 public:
  void Configure(double per_second);
  bool limited() const { return per_second_ > 0; }
  /// How many may pass now, of `wanted`: none until about a tenth of a second's worth (or all of them) may.
  int64_t Allow(std::chrono::steady_clock::time_point now, int64_t wanted);
  void Take(int64_t count) { tokens_ -= static_cast<double>(count); }
  /// When Allow is worth asking again.
  std::chrono::steady_clock::time_point Next(std::chrono::steady_clock::time_point now) const;

 private:
  double per_second_ = 0;
  double tokens_ = 0;
  std::chrono::steady_clock::time_point at_{};
};

/// One partition on its way into its table: records → rows → commits, and when its segment ends. The consuming thread only, but for status() and counters().
class PartitionIngest {
 public:
  /// `shared` outlives it. `writer`: the store's.
  PartitionIngest(IngestShared& shared, int32_t partition, PartitionWriter* writer);

  int32_t partition() const { return partition_; }
  PartitionWriter& writer() const { return *writer_; }
  void SetWriter(PartitionWriter* writer);

  /// Records to commit, in order; what they are short of the offsets they span must have been told to AddGaps before.
  void Queue(RawRun run) { queue_.push_back(std::move(run)); }
  /// Positions between records, by kind: from the reader's certificate.
  void AddGaps(const RecordCounts& counts);
  bool idle() const { return queue_.empty(); }
  /// There is a segment to commit into.
  bool consuming() const { return consuming_; }
  /// Commits what is queued, as far as the rate limit allows (then !idle()). Errors: what pipeline and store fail with; Invalid with StopsHere attached
  /// (stopOnDecodeError): position() is that of the record.
  Status Work(const CallContext& ctx);
  /// Forgets what is queued: it is read again from the writer's position.
  void Drop();

  /// The segment has come to its end by time, rows or room: rolls.
  Status RollIfDue();
  Status Roll(SealReason reason);
  Status Pause();
  Status Resume(int64_t start, const std::string& why);
  /// The consuming segment is another one, or the thresholds are: takes note.
  void TakeUpSegment();
  /// The thresholds of the consuming segment are computed anew, and kept.
  Status NewThresholds();
  void SetRate(double per_second) { rate_.Configure(per_second); }
  const RateLimit& rate() const { return rate_; }

  /// Any thread.
  PartitionStatus status() const;
  PartitionCounters counters() const;
  template <typename Change>
  void Tell(Change&& change) {
    std::lock_guard lock(mutex_);
    change(status_, counters_);
  }

 private:
  Status CommitSlice(const CallContext& ctx, RawRun& run, int64_t count);
  Status RecordFaults(const RawRun& run, const PipelineResult& result);
  /// `gap` positions become counts, in the order in which the reader's certificate has them left.
  Status Spend(int64_t gap, RecordFates* fates);
  Status Append(const Commit& commit);
  std::map<std::string, std::string> Attributes(int64_t threshold) const;

  IngestShared& shared_;
  const int32_t partition_;
  PartitionWriter* writer_;
  std::deque<RawRun> queue_;  // at most the runs of one ReadBatch
  RecordFates gaps_;          // aborted, control, missing: not committed yet
  RateLimit rate_;
  bool consuming_ = false;  // there is a segment: not paused
  int64_t threshold_ = 1;
  int64_t segment_rows_ = 0;
  int64_t segment_start_ = 0;
  int64_t end_time_ms_ = 0;
  int64_t faulted_at_ = -1;  // stopOnDecodeError: the record that is in the errors table already

  mutable std::mutex mutex_;  // guards all members below
  PartitionStatus status_;
  PartitionCounters counters_;
};

/// Attached to the error of stopOnDecodeError.
struct StopsHere final : StatusDetail {
  const char* type_id() const override { return "lotic::table::StopsHere"; }
  std::string ToString() const override { return "stops here"; }
};

}  // namespace lotic::table
