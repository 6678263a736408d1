// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lotic/call_context.h"
#include "lotic/status.h"
#include "table/partition_writer.h"
#include "table/ports.h"
#include "table/record_errors.h"
#include "table/segment.h"

namespace lotic::table {

class TableView;

/// Which table the files of a folder belong to. Fixed when it is created.
struct TableIdentity {
  std::string table_id;     ///< 8 .. 64 of [0-9a-f-]: another one for a re-created table
  std::string raw_name;     ///< "events"
  std::string time_column;  ///< empty: none
  bool operator==(const TableIdentity&) const = default;
};

struct StoreOptions {
  int64_t snapshot_keep_ms = 900'000;  ///< files that were replaced stay so long, for readers that planned before
  const Clock* clock = &Clock::System();
};

struct PartitionStart {
  int32_t partition = 0;
  int64_t start = 0;                              ///< the first offset to read
  std::map<std::string, std::string> attributes;  ///< of its first segment
};

/// Something an operator should know: "events__0__3__…: block 17 of 3.1.rows is damaged (checksum); offsets from 4961 are read again".
struct StoreEvent {
  int32_t partition = -1;  ///< -1: of the table
  int64_t at_ms = 0;
  std::string sentence;
};

/// A segment of which offsets [from, end) have to be read again.
struct DamagedSegment {
  int32_t partition = 0;
  int64_t sequence = 0;
  std::string name;
  int64_t from = 0;
  int64_t end = 0;
  std::string damage;
};

/// The files of one table, in its folder: opened by the owner of the data directory alone (DataFolder). Any thread; writers as they say.
///
///   discovery          journal: the discovery state, and partitions with the offset they begin at
///   errors             the newest record errors
///   p<N>/manifest      journal of the segments of a partition, twice (manifest.copy)
///   p<N>/<sequence>.<generation>.rows    a consuming segment
///   p<N>/<segment name>.parquet          a sealed one
///   p<N>/quarantine/                     what was found damaged
///
/// Formats: docs/reference/realtime-files.md.
class TableStore {
 public:
  static constexpr int32_t kMaxPartitions = 100'000;
  static constexpr size_t kMaxDiscoveryStateBytes = size_t{16} << 20;
  static constexpr size_t kMaxEvents = 1000;                     ///< waiting; the oldest go first
  static constexpr size_t kMaxQuarantined = 64;                  ///< files of a partition; the oldest go first
  static constexpr size_t kMaxLostRanges = 1000;                 ///< of a partition; the oldest are added up
  static constexpr int64_t kMaxCheckBytes = int64_t{256} << 20;  ///< of a consuming segment that one CheckOne reads, but for the rest of a block
  static constexpr size_t kMaxDroppedKept = 1000;                ///< dropped segments that a partition still names

  /// Makes the folder and its first files. Errors: Invalid (identity; the folder holds a table already), IOError.
  static Result<std::unique_ptr<TableStore>> Create(const std::string& folder, const TableIdentity& identity, StoreOptions options);
  /// Recovers: torn tails are cut, damage is quarantined (events say what), interrupted seals begin again. Every block of every consuming segment
  /// is checked. A partition whose manifest is lost (both copies) is failed: writer() says why; the others work.
  /// Errors: NotFound, DataLoss (discovery journal damaged), IOError, Invalid (a newer format).
  static Result<std::unique_ptr<TableStore>> Open(const std::string& folder, StoreOptions options);
  virtual ~TableStore() = default;

  virtual const std::string& folder() const = 0;
  virtual const TableIdentity& identity() const = 0;

  /// The state committed last; empty: none.
  virtual std::string discovery_state() const = 0;
  /// Durable in one commit: the discovery state, and the partitions that became known with it. May have no partition: the state alone.
  /// Errors: Invalid (a partition that exists), CapacityError, IOError.
  virtual Status AddPartitions(const std::string& discovery_state, std::span<const PartitionStart> partitions) = 0;
  virtual std::vector<int32_t> partitions() const = 0;

  /// Borrowed: until ReopenWriter of that partition, or the store's end. Errors: NotFound; DataLoss (its manifest is damaged).
  virtual Result<PartitionWriter*> writer(int32_t partition) = 0;
  /// After a failed sync: what is not known to be durable is given up, and position() is where to read on. While nobody writes or records a loss; reads the whole file, and
  /// waits for a sealing and a check.
  /// The old writer changes nothing any more, and neither does a RepairWriter of before (Cancelled); it may be asked until the next
  /// call for this partition. On an error too: then writer() says why, and the same call may work later.
  virtual Result<PartitionWriter*> ReopenWriter(int32_t partition) = 0;
  /// By the writer's thread. Offsets [position, to) of `partition` are gone: recorded by name, and counted as missing in a commit that moves the position to `to`.
  virtual Status RecordLoss(int32_t partition, int64_t to, const std::string& why, int64_t now_ms) = 0;
  /// Newest last.
  virtual std::vector<LostRange> losses(int32_t partition) const = 0;

  /// Writes the oldest segment that waits for it as a Parquet file, those that failed behind the others. @return false: none waits. One call at a time;
  /// others wait. A failure leaves the segment as it is; call again later. `sealed`: told which one, if its file was written.
  virtual Result<bool> SealOne(SegmentFiles& files, const CallContext& ctx, std::optional<SegmentInfo>* sealed) = 0;
  Result<bool> SealOne(SegmentFiles& files, const CallContext& ctx) { return SealOne(files, ctx, nullptr); }
  virtual int64_t segments_to_seal() const = 0;

  /// Drops done segments all of whose rows are older than `retention_ms` (by time value; a row without one, and a segment without any row: by its
  /// commit), and removes files whose time to stay is over. A row younger than that never goes. No retention: only the latter. Sealed files of what was
  /// dropped stay for `deleted_keep_ms`, and at least snapshot_keep_ms. @return segments dropped.
  virtual Result<int64_t> DropExpired(std::optional<int64_t> retention_ms, int64_t now_ms, int64_t deleted_keep_ms) = 0;
  Result<int64_t> DropExpired(std::optional<int64_t> retention_ms, int64_t now_ms) { return DropExpired(retention_ms, now_ms, 0); }
  /// Drops one segment that is done, whatever its age. Errors: NotFound; Invalid (it is consuming or sealing).
  virtual Status DropSegment(int32_t partition, int64_t sequence, int64_t now_ms) = 0;

  /// Checks the file that was checked longest ago: a sealed one (damage is quarantined), or published blocks of a consuming one, of a large one the next
  /// kMaxCheckBytes (its writer is failed() then, ReopenWriter settles it). So what a reader of any process found is found here too. @return false: there is none.
  virtual Result<bool> CheckOne(const CallContext& ctx) = 0;
  /// For who reads in the owner's process, instead of waiting for CheckOne: a segment was found damaged. Checks it, and quarantines it if that is so (a consuming one: its writer is failed(), ReopenWriter settles it). OK either way.
  virtual Status Suspect(int32_t partition, int64_t sequence) = 0;
  /// What has to be read again.
  virtual std::vector<DamagedSegment> Damaged() const = 0;
  /// Takes commits from DamagedSegment::from to its end (Roll, Resume: Invalid). At its end the segment waits for SealOne again. Offsets that the stream no longer
  /// has are committed as `missing`. Errors: NotFound (not damaged).
  virtual Result<std::unique_ptr<PartitionWriter>> RepairWriter(int32_t partition, int64_t sequence) = 0;

  virtual ErrorRing& errors() = 0;
  /// Those since the last call, oldest first.
  virtual std::vector<StoreEvent> TakeEvents() = 0;
  /// What is published now.
  virtual Result<std::shared_ptr<const TableView>> View() const = 0;
  /// Bytes of all files of the table.
  virtual Result<int64_t> DiskBytes() const = 0;
  /// Syncs what is published. The store is then good for nothing else.
  virtual Status Close() = 0;
};

}  // namespace lotic::table
