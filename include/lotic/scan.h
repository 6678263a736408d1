// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/constraints.h"
#include "lotic/status.h"
#include "lotic/type.h"

// What travels between a door, a connector and other processes: every struct here has one canonical JSON form (scan_json.h).

namespace lotic {

struct TableName {
  std::string schema;
  std::string table;
  auto operator<=>(const TableName&) const = default;
  std::string ToString() const { return schema + "." + table; }
};

/// A place in a partition between two records, in the connector's own canonical text: a Kafka offset "4961", a Kinesis sequence
/// number. Doors store and compare it for equality; only its connector reads it.
struct Position {
  std::string text;
  auto operator<=>(const Position&) const = default;
};

/// Where reading begins. Not a filter: rows before it are not missing, they were not asked for.
struct ScanStart {
  enum class Kind : uint8_t { kEarliest, kLatest, kTime, kPositions };
  Kind kind = Kind::kEarliest;
  int64_t time_ms = 0;                        ///< kTime: the first record at or after this source time, per partition
  std::map<std::string, Position> positions;  ///< kPositions: by partition; a partition not named begins at its earliest
  bool operator==(const ScanStart&) const = default;
};

enum class Isolation : uint8_t { kReadCommitted, kReadUncommitted };
enum class OnError : uint8_t {
  kNull,  ///< a value that does not fit becomes NULL, counted
  kSkip,  ///< a message with such a value becomes no row, counted
  kFail,  ///< it fails the scan
};
enum class Tombstones : uint8_t { kEmit, kSkip };
enum class OnDataLoss : uint8_t {
  kFail,  ///< a position that is no longer retained fails the scan
  kWarn,  ///< reading goes on at the first retained one; what is lost counts as missing, and the split is not complete
};

/// How to read, apart from what.
struct ReadPolicy {
  Isolation isolation = Isolation::kReadCommitted;
  OnError on_error = OnError::kNull;
  Tombstones tombstones = Tombstones::kEmit;
  OnDataLoss on_data_loss = OnDataLoss::kFail;
  std::optional<int64_t> max_out_of_order_ms;  ///< declared by the user: no record is older than its predecessors by more
  bool operator==(const ReadPolicy&) const = default;
};

struct SortKey {
  std::string column;
  bool descending = false;
  bool nulls_first = false;
  bool operator==(const SortKey&) const = default;
};

/// One reading of one table, complete in itself: a connector needs nothing else but its configuration to plan and to read it.
struct ScanRequest {
  TableName table;
  ScanStart start;
  bool unbounded = false;  ///< splits without an end; needs Role::kEndless
  /// The columns wanted, in order, with the metadata GetTable gave them, hidden ones too, and those that the constraints name.
  /// May be empty: rows are then counted only.
  Schema layout;
  Constraints constraints;
  std::vector<SortKey> order_by;
  std::optional<int64_t> limit;
  ReadPolicy policy;
  CompareOptions compare;
  std::map<std::string, std::string> arguments;  ///< passthrough, by the connector's own names
  /// The snapshot to read. Given to Prepare: read that one again (AT VERSION). For Splits and Open: the token Prepare returned, never empty.
  std::string token;
  std::optional<int64_t> as_of_ms;  ///< AT (TIMESTAMP): the end is the first position at or after this source time
  bool operator==(const ScanRequest&) const = default;
};

/// One row of a table layout: something `Splits` can be asked for. Opaque to doors apart from `values`.
struct LayoutPartition {
  std::vector<Scalar> values;                     ///< of TableInfo::partition_columns
  std::map<std::string, std::string> properties;  ///< the connector's own
  bool operator==(const LayoutPartition&) const = default;
};

/// One piece of reading: a half-open range of one partition, self-contained.
struct Split {
  std::string partition;
  Position start;
  std::optional<Position> end;                    ///< none: endless
  std::map<std::string, std::string> properties;  ///< what Open needs beside the request; the connector's own
  Constraints residual;                           ///< still to be applied to the rows by the door
  bool operator==(const Split&) const = default;
};

/// A split and where in it to begin: `split.start`, or a position that a Run gave.
struct SplitStart {
  Split split;
  Position position;
  bool operator==(const SplitStart&) const = default;
};

/// What each record of a range became. Dense sources: read.end - read.start = the sum, always.
struct RecordCounts {
  int64_t returned = 0;  ///< handed to the door, before its residual filter
  int64_t filtered = 0;  ///< read, and dropped by a constraint that the connector applied
  int64_t skipped = 0;   ///< dropped by policy: tombstones, on_error = skip
  int64_t aborted = 0;   ///< of aborted transactions
  int64_t control = 0;   ///< transaction markers and the like
  int64_t missing = 0;   ///< positions that hold no record: compacted, deleted, lost

  int64_t Sum() const { return returned + filtered + skipped + aborted + control + missing; }
  RecordCounts& operator+=(const RecordCounts& other);
  bool operator==(const RecordCounts&) const = default;
};

/// Why a split ended where it did. kNone: it has not ended.
enum class EndReason : uint8_t {
  kNone,
  kEnd,       ///< every planned position was read
  kLimit,     ///< enough rows: the rest is proved unneeded
  kPruned,    ///< the rest cannot hold a wanted row
  kReleased,  ///< handed back at its position
  kCancelled,
  kError,
  kStalled,   ///< the end was assumed, not proved
  kDataLoss,  ///< positions were gone, and the policy said go on
};
std::string_view EndReasonName(EndReason reason);

/// What was planned and what was read of one split. Adds up over splits, processes and partial reads (src/scan).
struct SplitCertificate {
  std::string partition;
  Position planned_start;
  std::optional<Position> planned_end;
  Position read_start;
  Position read_end;      ///< everything in [read_start, read_end) is accounted for in `records`
  bool complete = false;  ///< every planned position was read or proved unneeded
  EndReason reason = EndReason::kNone;
  RecordCounts records;
  int64_t rows = 0;                ///< handed to the door; a record can hold none, one or many
  int64_t undecodable_values = 0;  ///< cells that are NULL because what the record holds does not fit
  int64_t bytes_fetched = 0;
  std::vector<std::string> notes;                     ///< named gaps, warnings; at most 16
  std::optional<Position> first_record, last_record;  ///< that were received, where positions have holes
  std::string proof;                                  ///< one word: how the end was proved, where reaching planned_end does not say it
  bool operator==(const SplitCertificate&) const = default;
};

/// The certificate of one table reading: its splits' added up.
struct TableCertificate {
  std::vector<std::pair<std::string, std::string>> attributes;  ///< of the source, in order: topic, cluster_id, isolation_level
  std::string version;                                          ///< the token
  bool complete = false;
  std::string reason;                        ///< empty when complete for no special reason
  std::string partition_word = "partition";  ///< what the source calls one: the certificate's members are named so
  std::vector<SplitCertificate> partitions;
  std::optional<int64_t> table_records;  ///< Estimate::table_records and table_partitions of the plan
  int64_t table_partitions = 0;
};

enum class Pushdown : uint8_t {
  kExact,  ///< the connector applies it fully
  kHint,   ///< it prunes; the door must still apply it
  kNot,    ///< it does nothing
};
std::string_view PushdownName(Pushdown pushdown);

/// What became of one constraint (or of the limit, or the order), and why.
struct PushedConstraint {
  std::string text;    ///< as EXPLAIN shows it
  std::string column;  ///< of a value set; empty for an expression, "LIMIT", "ORDER BY"
  Pushdown pushdown = Pushdown::kNot;
  std::string reason;
  bool operator==(const PushedConstraint&) const = default;
};

}  // namespace lotic
