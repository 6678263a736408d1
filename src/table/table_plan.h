// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lotic/connector.h"
#include "lotic/scan.h"
#include "table/snapshot.h"
#include "table/table_facts.h"
#include "table/table_view.h"

// Planning over what is published: no file of rows is opened.

namespace lotic::table {

/// What of a request's constraints planning and reading apply. A function of the request alone, so that planner and reader, perhaps in different processes, agree.
struct TableFilters {
  std::optional<ValueSet> partition, segment, offset;  ///< exact: over the hidden columns of these names
  std::optional<ValueSet> timestamp, time;             ///< hints: over $timestamp and the time column
  std::string time_column;                             ///< with `time`
  Constraints residual;                                ///< everything that is not exact: the door's
  bool limit = false;                                  ///< request.limit stops the read: nothing is left to be filtered or sorted

  /// Errors: Invalid (a constraint on a column that the layout lacks).
  static Result<TableFilters> Of(const ScanRequest& request, const TableFacts& facts);
};

/// A segment of the snapshot.
struct PlannedSegment {
  SegmentSplit split;
  int64_t bytes = 0;      ///< of its file
  int64_t most_rows = 0;  ///< an upper bound
  bool certain = true;    ///< false: quarantined or dropped, so that reading it may fail
  std::string pruned;     ///< not empty: it cannot hold a wanted row, by the column of this name
};

struct PlannedPartition {
  SnapshotPartition snapshot;
  std::vector<PlannedSegment> segments;  ///< in the order of their sequence; those without offsets are left out
  struct Gone {
    int64_t from = 0;
    std::optional<int64_t> to;                                 ///< none: how far is not known
    std::string what;                                          ///< for people
    std::optional<SnapshotPartition::Segments> segments = {};  ///< instead of offsets, where these alone do not say it

    std::string Where() const;  ///< "offsets [100, 200)", "offsets from 100 on", "segments 3 to 5 of the partition"
  };
  std::vector<Gone> gone;   ///< of the snapshot, and can no longer be read
  std::vector<Gone> holes;  ///< of no segment of the snapshot: an operator jumped over them, or retention had dropped them
  Status damaged;           ///< not OK: nothing of this partition can be read
};

struct TablePlan {
  TableSnapshot snapshot;
  std::vector<PlannedPartition> partitions;  ///< by number
};

/// The snapshot of what `view` shows.
TableSnapshot SnapshotOf(const TableFacts& facts, const TableView& view);

/// The segments of `snapshot` as `view` has them now, pruned by `filters`.
/// Errors: DataLoss (the table was created again, or no longer holds what the snapshot ends with).
Result<TablePlan> PlanTable(const TableFacts& facts, const TableView& view, const TableSnapshot& snapshot, const TableFilters& filters,
                            const ScanRequest& request);

/// What became of each constraint, of LIMIT and of ORDER BY.
std::vector<PushedConstraint> ReportOf(const ScanRequest& request, const TableFilters& filters, const TablePlan& plan);
Estimate EstimateOf(const ScanRequest& request, const TableFilters& filters, const TablePlan& plan);

/// A segment or partition that is not read: why, in certificates of zero length.
std::vector<SplitCertificate> LeftOut(const TablePlan& plan);

}  // namespace lotic::table
