// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/scan.h"
#include "lotic/status.h"
#include "table/fates.h"

namespace lotic::table {

/// The published offsets of one partition of the stream: [start, end).
struct SnapshotPartition {
  int32_t partition = 0;
  int64_t start = 0;  ///< the first one retained at that moment
  int64_t end = 0;    ///< a commit ended here
  /// The sequence numbers of the first and the last segment, only where offsets alone do not say it: an operator made the partition read offsets again, or there are
  /// `dropped` ones between.
  struct Segments {
    int64_t first = 0, last = 0;
    bool operator==(const Segments&) const = default;
  };
  std::optional<Segments> segments = {};
  /// Sequence numbers [from, to) within `segments` that the snapshot does not cover: retention had dropped them. Ascending, none beside another.
  struct Dropped {
    int64_t from = 0, to = 0;
    bool operator==(const Dropped&) const = default;
  };
  std::vector<Dropped> dropped = {};
  /// More was published behind `end`, and how much is not known: the rows file there was damaged.
  bool end_unknown = false;
  bool operator==(const SnapshotPartition&) const = default;
};

/// A table at one moment. Its text is the token:
///   {"v":1,"kind":"exact","table":"events_REALTIME","table_id":"6f1c2d0e","partitions":[{"p":0,"start":"0","end":"11940"},{"p":1,"start":"0","end":"11802"}]}
/// Members in this order, no white space, partitions ascending, offsets as text. A partition with `segments` goes on with ,"segments":["3","9"],
/// one with `dropped` with ,"dropped":[["4","6"],["8","9"]], one with `end_unknown` with ,"end_unknown":true.
struct TableSnapshot {
  static constexpr size_t kMaxPartitions = 100'000;
  static constexpr size_t kMaxTokenBytes = size_t{16} << 20;

  std::string table;  ///< with _REALTIME
  std::string table_id;
  std::vector<SnapshotPartition> partitions;

  std::string ToToken() const;
  /// Errors: Invalid (not a token of a table, or not in the form that ToToken writes; a kind that is not built), CapacityError (too large).
  static Result<TableSnapshot> Parse(std::string_view token);
  bool operator==(const TableSnapshot&) const = default;
};

/// Where a reading stands in a generation of a segment: {"row":1200}, the number of its next row. (Offsets do not order a sorted segment.)
Position RowPosition(int64_t row);
/// `split_start` is a split's start, an offset, and stands for row 0. Errors: Invalid (neither that nor a row position).
Result<int64_t> ParseRowPosition(const Position& position, const Position& split_start);

/// What a split carries beside its segment's name (Split::partition) and the offsets [Split::start, Split::end) that it covers.
struct SegmentSplit {
  std::string table_id;
  std::string segment;
  int32_t partition = 0;
  int64_t start = 0, end = 0;  ///< offsets of this split's records
  int64_t generation = 0;
  std::string state;  ///< CONSUMING or ONLINE, for people
  std::string file;   ///< below the table's folder, for people
  /// What became of the records of [start, end), where the plan knew it (a snapshot that ends within a sealed segment does not).
  struct Contents {
    int64_t rows = 0;  ///< stored rows
    RecordFates fates;
    bool operator==(const Contents&) const = default;
  };
  std::optional<Contents> contents;

  Split ToSplit() const;
  /// Errors: Invalid, with what is missing or wrong.
  static Result<SegmentSplit> Parse(const Split& split);
  bool operator==(const SegmentSplit&) const = default;
};

}  // namespace lotic::table
