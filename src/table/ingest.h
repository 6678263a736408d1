// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "catalog/pinot_schema.h"
#include "catalog/pinot_table_config.h"
#include "lotic/connector.h"
#include "lotic/status.h"
#include "table/partition_ingest.h"
#include "table/store.h"
#include "table/stored_table.h"
#include "table/stream_plan.h"
#include "table/tables.h"

namespace lotic::table {

/// What an ingest works by; replaced as a whole by Update.
struct IngestDefinition {
  catalog::PinotSchema schema;
  catalog::PinotTableConfig config;
};

/// Told when a partition stops for good, or (empty) goes on: to be remembered over restarts. Called on the consuming thread.
using StopSink = std::function<void(int32_t partition, const std::optional<StoppedPartition>& why)>;

/// Reads the stream of one table into its store, endlessly: one thread that reads, decodes and commits, one that syncs, one that seals, expires and repairs,
/// one that looks at the stream (new partitions, lag, lost ranges). Any thread; the calls that change something wait for the consuming thread.
///
/// A partition that fails is tried again for ever, or stops where going on could lose or double a record; the others go on.
/// Follows: realtime-tables §4, §12.1.
class TableIngest {
 public:
  /// Partitions that have been added to one reader; then it is opened anew, so that it does not grow.
  static constexpr uint32_t kMaxReaderSplits = 10'000;
  /// A partition whose stream holds more and that has not moved for so long is degraded.
  static constexpr std::chrono::milliseconds kStalled{15'000};
  /// One look at the stream.
  static constexpr std::chrono::milliseconds kProbeTime{10'000};

  /// Connects in the background. `store` has the plan as its discovery state. `options` is copied; what it borrows outlives the ingest.
  static Result<std::unique_ptr<TableIngest>> Start(const TablesOptions& options, IngestDefinition definition, std::shared_ptr<Connector> connector,
                                                    std::unique_ptr<TableStore> store, bool paused, std::map<int32_t, StoppedPartition> stopped,
                                                    StopSink on_stopped);
  ~TableIngest();
  /// Ends the threads; everything read is committed and durable. Idempotent.
  Status Stop();

  /// The next batch goes by this, and the stream is looked at soon. `connector` null: the one there is.
  Status Update(IngestDefinition definition, std::shared_ptr<Connector> connector);
  /// The same with another stream: reading goes on where `plan` begins, in new segments; a pause stays. `word` names the place, `remember` writes the
  /// definition down. Errors: those of `remember` (nothing has changed); of what comes behind it: the partitions have stopped then, and a resume from another
  /// place than the last one goes on in the new stream.
  Status MoveTo(IngestDefinition definition, std::shared_ptr<Connector> connector, StreamPlan plan, const std::string& word,
                const std::function<Status()>& remember);
  /// Of the stream that is read.
  StreamPlan plan() const;
  /// A partition of which it fails is not read either; the others are paused. The error names them.
  Status Pause();
  /// `from` other than kLastConsumed asks the stream, at most kProbeTime. Errors: Invalid (it would read again what the table has), the stream's.
  Status Resume(ConsumeFrom from);
  /// @return the names of the segments that are being sealed. Where it fails for a partition the others are sealed all the same: the error names both.
  Result<std::vector<std::string>> ForceCommit(std::span<const int32_t> partitions);
  /// See Tables::Suspect. At most kMaxSuspects wait; more are passed over, and who meets them again tells again.
  static constexpr size_t kMaxSuspects = 1000;
  void Suspect(int32_t partition, int64_t sequence);
  /// One look at the stream, now. Errors: the stream's.
  Status RunDiscovery();

  bool paused() const { return paused_; }
  TableStore& store() { return *store_; }
  std::vector<PartitionStatus> status() const;
  std::vector<std::pair<int32_t, PartitionCounters>> counters() const;
  /// Seconds that the last sealing took; 0: none yet.
  double last_seal_seconds() const { return last_seal_seconds_; }
  /// The stream has answered within two looks: what `status` says of it is of now.
  bool WasHeard(const PartitionStatus& status, int64_t now_ms) const {
    return status.heard_ms.has_value() && now_ms - *status.heard_ms <= 2 * options_.discovery_interval.count();
  }

 private:
  using Clock_ = std::chrono::steady_clock;
  struct Slot;  // a partition and how it is being read
  struct Look;  // what a look at the stream showed
  struct Jump;  // where to go on reading, other than behind what has been read

  TableIngest(const TablesOptions& options, StopSink on_stopped);

  // ingest.cc: the consuming thread
  void Consume(std::stop_token stop);
  void RunCommands();
  Status OnConsumer(std::function<Status()> work);
  void Post(std::function<void()> work);
  void Heartbeat();
  void BeginReading();
  void WorkQueues(const CallContext& ctx);
  Clock_::time_point NextDue() const;
  void Read(const CallContext& ctx);
  void Take(const CallContext& ctx, const ReadBatch& batch);
  void ReleaseSplit(Slot& slot);
  void CloseReader();
  Slot& AddSlot(int32_t partition, PartitionWriter* writer);
  void WakeConsumer();
  Status Reconfigure(IngestDefinition definition, std::unique_ptr<RecordPipeline> pipeline, std::shared_ptr<Connector> connector);
  Status SetPipeline(std::unique_ptr<RecordPipeline> pipeline);

  // ingest_faults.cc: what happens when something fails
  void Fail(Slot& slot, const Status& status);
  void SplitEnded(Slot& slot, const Status& status);
  void RetryLater(Slot& slot, PartitionState state, const Status& status);
  /// `words`: of consumeFrom, with which an operator may go on.
  void StopForGood(Slot& slot, const std::string& cause, std::string_view words = "smallest or largest");
  void ReaderFailed(const Status& status);
  void Classify(Slot& slot, const Look& look);
  Status TakeLook(const Look& look);
  void TakeRanges(const Look& look);
  void AskForLook(Slot& slot);
  void Reopen(Slot& slot, const Status& cause);
  void NoteFailure(Slot& slot, const std::string& doing, const Status& status, Status* first);
  Status ResumeFrom(Jump jump);
  bool IsPlanned(int32_t partition) const { return plan_.splits.count(partition) != 0; }

  // ingest_threads.cc: the others
  /// OK, or what is wrong with the room on the disk of the table.
  Status CheckRoom() const;
  void SyncLoop(std::stop_token stop);
  void KeepLoop(std::stop_token stop);
  void ReopenWaiting();
  void CheckSuspects();
  void LookLoop(std::stop_token stop);
  Status LookAtStream(std::stop_token stop);
  void LearnSizes();
  Status Repair(const CallContext& ctx, const DamagedSegment& damaged);
  void WriteStatus(bool running);
  void TellEvents();
  void TellSealed(const SegmentInfo& segment) const;
  void Log(const std::string& sentence) const;

  const TablesOptions options_;
  const StopSink on_stopped_;
  std::string name_;  // with its type
  std::unique_ptr<TableStore> store_;
  std::atomic<bool> paused_{false};
  std::atomic<bool> ended_{false};
  std::atomic<double> last_seal_seconds_{0};
  std::atomic<int64_t> retention_ms_{-1};  // -1: for ever
  std::atomic<int64_t> deleted_keep_ms_{0};
  std::atomic<bool> layout_known_{false};  // layout_ has a value
  int64_t learnt_ms_ = 0;                  // segments sealed up to then; the keeping thread only, once there is one

  // The consuming thread only.
  IngestShared shared_;
  IngestDefinition definition_;
  std::optional<Schema> layout_;  // what the stream is asked for; none before the first contact
  std::unique_ptr<Reader> reader_;
  std::map<uint32_t, Slot*> by_split_;  // splits that are being read
  uint32_t reader_splits_ = 0;
  std::map<int32_t, std::unique_ptr<Slot>> slots_;  // grows under slots_mutex_ too; entries stay
  std::chrono::milliseconds reader_backoff_{0};
  Clock_::time_point reader_retry_at_{};
  Clock_::time_point heartbeat_at_{};
  Status disk_short_;  // not OK: too little room, nothing is read

  mutable std::shared_mutex slots_mutex_;  // guards the shape of slots_ and their writers against the other threads

  mutable std::mutex stream_mutex_;  // guards what the looking thread works by
  std::shared_ptr<Connector> connector_;
  catalog::StreamConfig stream_config_;
  StreamPlan plan_;
  uint64_t streams_ = 0;  // plans that took the place of one of another stream: what an older look found does not count
  Schema wanted_layout_;

  std::mutex command_mutex_;  // guards all members up to the next mutex
  std::condition_variable_any command_ready_;
  std::deque<std::function<void()>> commands_;
  Reader* wakes_ = nullptr;
  bool no_more_commands_ = false;

  std::mutex keep_mutex_;                           // guards what waits for the keeping thread
  std::deque<int32_t> reopen_;                      // partitions whose writer is to be opened anew; one entry each
  std::set<std::pair<int32_t, int64_t>> suspects_;  // segments to check, by partition and sequence

  std::mutex idle_mutex_;  // of idle_: nothing is guarded, the loops wait here for their next round or their stop
  std::condition_variable_any idle_;

  std::mutex look_mutex_;  // guards all members up to the threads
  std::condition_variable_any look_due_;
  bool look_now_ = false;
  uint64_t looks_begun_ = 0, looks_done_ = 0;
  Status last_look_;
  std::condition_variable_any look_done_;

  std::jthread consumer_, syncer_, keeper_, looker_;
};

}  // namespace lotic::table
