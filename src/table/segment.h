// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lotic/status.h"
#include "table/fates.h"

namespace lotic::table {

/// The life of a segment. The name is what REST shows.
enum class SegmentState : uint8_t {
  kConsuming,  ///< "CONSUMING": rows are added
  kSealing,    ///< "SEALING": complete, its rows file serves reads until the Parquet file is there
  kDone,       ///< "DONE": in a Parquet file (none if it has no rows)
  kDamaged,    ///< "ERROR": a file of it was found damaged; [repair_from, end) is to be read again (TableStore::Damaged)
  kDropped,    ///< "DROPPED": past the table's retention; its files stay for StoreOptions::snapshot_keep_ms
};
std::string_view SegmentStateName(SegmentState state);

/// Why a segment ended.
enum class SealReason : uint8_t { kNone, kTimeLimit, kRowLimit, kSizeLimit, kEndOfPartition, kForceCommit, kCapacity, kPause, kSchemaChange };
/// As Pinot writes it where it has a word: "timeLimit", "rowLimit", "sizeLimit", "endOfPartitionGroup", "forceCommitMessageReceived",
/// "indexCapacityThresholdBreached", "pause", "schemaChange"; "" for none.
std::string_view SealReasonName(SealReason reason);

/// The smallest and the largest value of the table's time column, in ms since 1970 UTC. `min > max`: there is none.
struct TimeRange {
  int64_t min_ms = INT64_MAX;
  int64_t max_ms = INT64_MIN;

  bool empty() const { return min_ms > max_ms; }
  void Add(int64_t ms) {
    min_ms = ms < min_ms ? ms : min_ms;
    max_ms = ms > max_ms ? ms : max_ms;
  }
  void Add(const TimeRange& other) {
    min_ms = other.min_ms < min_ms ? other.min_ms : min_ms;
    max_ms = other.max_ms > max_ms ? other.max_ms : max_ms;
  }
  bool operator==(const TimeRange&) const = default;
};

/// What adds up while a segment grows.
struct SegmentTotals {
  int64_t rows = 0;    ///< stored rows
  int64_t blocks = 0;  ///< commits
  RecordFates fates;
  TimeRange times;
  int64_t rows_without_time = 0;         ///< rows whose time value is NULL: they count as of `newest_commit_ms` for retention
  int64_t newest_stream_ms = INT64_MIN;  ///< the greatest stream time of all records: not that of the last where they are out of order
  int64_t newest_commit_ms = 0;          ///< the wall clock of the newest commit
  bool operator==(const SegmentTotals&) const = default;
};

/// One segment as the manifest (and, while consuming, its rows file) has it.
struct SegmentInfo {
  std::string name;  ///< `{rawTable}__{partition}__{sequence}__{created as yyyyMMddTHHmmZ}`
  int32_t partition = 0;
  int64_t sequence = 0;
  int32_t generation = 1;  ///< counts the rows files of this segment: more than 1 after damage
  SegmentState state = SegmentState::kConsuming;
  SealReason reason = SealReason::kNone;
  int64_t start = 0;  ///< first offset
  int64_t end = 0;    ///< behind the last; while consuming: what is published
  SegmentTotals totals;
  int64_t created_ms = 0;
  int64_t rolled_ms = 0;  ///< it stopped consuming
  int64_t sealed_ms = 0;  ///< its Parquet file was there
  int64_t dropped_ms = 0;
  std::string rows_file;   ///< name in the partition's folder; empty once removed
  int64_t rows_bytes = 0;  ///< published length of the rows file
  std::string file;        ///< the Parquet file's name in the partition's folder; empty: none (yet, or no rows)
  int64_t file_bytes = 0;
  uint32_t file_crc = 0;                          ///< CRC-32C of the whole Parquet file
  int64_t repair_from = 0;                        ///< kDamaged: rows of [start, repair_from) are good and in the rows file
  std::string damage;                             ///< kDamaged: what was found
  std::map<std::string, std::string> attributes;  ///< the ingest's own, as kThresholdAttribute; at most kMaxSegmentAttributeBytes
  bool operator==(const SegmentInfo&) const = default;
};
inline constexpr size_t kMaxSegmentAttributeBytes = 4096;
/// The number of rows at which the segment ends.
inline constexpr char kThresholdAttribute[] = "rowThreshold";

/// On disk, of what serves it now.
int64_t SegmentBytes(const SegmentInfo& segment);

/// `created_ms` in minutes: "events__0__3__20260821T0930Z".
std::string SegmentName(std::string_view raw_table, int32_t partition, int64_t sequence, int64_t created_ms);

/// Offsets of a partition that were gone before they could be read, or were jumped over on request.
struct LostRange {
  int64_t from = 0;
  int64_t to = 0;
  int64_t at_ms = 0;
  std::string why;
  bool operator==(const LostRange&) const = default;
};

}  // namespace lotic::table
