// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "lotic/call_context.h"
#include "lotic/scan.h"
#include "lotic/status.h"
#include "lotic/type.h"

// The connector interface: what a source must be able to do, and all that a door may ask of it.

namespace lotic {

/// How a door uses a table. A table declares which of them it serves; the conformance suite drives each declared one.
enum class Role : uint8_t {
  kBoundedScan,    ///< planned and read in one process
  kRemotePlanner,  ///< planned here, read elsewhere from the JSON of request and splits
  kEndless,        ///< splits without an end, with discovery
};

enum class SnapshotKind : uint8_t {
  kExact,  ///< the end is known before reading; a token repeats the rows as far as they are retained
  kTime,   ///< the end is an instant of the server's clock
  kNone,   ///< each split is consistent in itself; not repeatable, not resumable
};

/// Everything a door must know of a table before it plans.
struct TableInfo {
  TableName name;
  Schema schema;                               ///< the columns of SELECT *, each with the metadata that the connector needs back in ScanRequest::layout
  Schema hidden;                               ///< columns found by name only
  std::map<std::string, std::string> aliases;  ///< another name → a column of `hidden`
  std::vector<std::string> partition_columns;  ///< columns of `schema` or `hidden` whose values LayoutPartition carries
  SnapshotKind snapshot = SnapshotKind::kExact;
  bool dense_positions = true;    ///< RecordCounts add up to end - start
  bool durable_positions = true;  ///< false: a read lost after its first batch is an error
  std::vector<Role> roles;
  std::map<std::string, std::string> properties;  ///< shown by DESCRIBE: format, sampled records, hints
  std::vector<std::string> notes;                 ///< one sentence each: a hidden topic, a sample cut short
};

struct PageRequest {
  std::string page_token;  ///< empty: the first page
  int max_items = 0;       ///< 0: the connector's own page size
};

struct TablePage {
  std::vector<TableName> tables;
  std::string next_page;  ///< empty: this was the last
};

struct SplitPage {
  std::vector<Split> splits;
  std::string next_page;  ///< a position in the plan: any process gives the same next page for it
};

/// What a plan expects to read. `records` is an upper bound, `bytes` an estimate; `source` says from what.
struct Estimate {
  std::optional<int64_t> records;
  std::optional<int64_t> bytes;
  std::string source;
  /// The number of rows the scan returns, where that is known exactly without reading any.
  std::optional<int64_t> exact_rows;
  /// What the whole table holds in this snapshot, before any pruning (an upper bound), and in how many partitions.
  std::optional<int64_t> table_records;
  int64_t table_partitions = 0;
};

/// A plan: the snapshot is fixed, nothing is read and nothing changed at the source.
struct Prepared {
  std::string token;                        ///< goes into ScanRequest::token for Splits and Open
  std::vector<LayoutPartition> partitions;  ///< those that may hold wanted rows
  std::vector<PushedConstraint> report;
  Estimate estimate;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< for TableCertificate
  std::string partition_word = "partition";                     ///< for TableCertificate
  /// Partitions that the plan leaves out with proof, and empty ones: certificates of zero length, complete.
  std::vector<SplitCertificate> left_out;
};

/// Where the source stands now, as far as known.
struct Tip {
  std::optional<Position> end;
  std::optional<int64_t> time_ms;  ///< of the newest record seen
  std::optional<int64_t> lag_records;
};

/// Consecutive rows of one split inside a batch; zero rows: progress only, or idle until the deadline.
struct Run {
  uint32_t split = 0;  ///< the reader's number: the index in Open's span, or what Add returned
  int64_t num_rows = 0;
  Position next;  ///< everything before it has been returned, nothing after it
  bool ended = false;
  Status status;  ///< an error ends this split alone; the others go on
  std::optional<Tip> tip;
};

/// The runs' rows follow one another in `rows`, in the order of `runs`, and make up all of it.
struct ReadBatch {
  std::optional<Batch> rows;
  std::vector<Run> runs;
};

struct ReaderProgress {
  double fraction = 0;  ///< of the planned records, 0 .. 1; 0 for endless splits
  int64_t records = 0;
  int64_t bytes_fetched = 0;
  int64_t throttled = 0;  ///< calls that the source refused as too many and that are made again: what a reader waits for that seems to stand still
};

/// Reads splits. One thread at a time, except Wake() and Progress(). Made by Connector::Open; must not outlive its connector.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The next rows, of any of the splits. Waits until there are some, a split ended, `ctx` ends or Wake(). When every split has ended:
  /// a ReadBatch without rows and runs. Waiting past the deadline is not an error on endless splits: an empty ReadBatch then.
  /// Errors end the whole reader: Cancelled, DeadlineExceeded (bounded), what no split can be blamed for.
  virtual Result<ReadBatch> Next(const CallContext& ctx) = 0;
  /// One split more, while reading. @return its number.
  virtual Result<uint32_t> Add(SplitStart start) = 0;
  /// Hands a split back at the position up to which its rows have been returned: pause, revocation, work stealing.
  virtual Result<SplitStart> Release(uint32_t split) = 0;
  /// What was read of a split so far. Valid after an error, too.
  virtual SplitCertificate Certificate(uint32_t split) const = 0;
  /// Any thread.
  virtual ReaderProgress Progress() const = 0;
  /// Any thread: a waiting Next returns at once, with nothing.
  virtual void Wake() = 0;
  /// Cancels at the source what is still running there, within `ctx`. The reader is then good for Certificate() only.
  virtual Status Close(const CallContext& ctx) = 0;
};

/// A configured source. Any thread; owns its connections.
class Connector {
 public:
  virtual ~Connector() = default;
  /// "kafka", "memory", ...: what ATTACH (TYPE ...) calls it.
  virtual std::string type_name() const = 0;

  virtual Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) = 0;
  /// Sorted by name. Errors: NotFound (schema).
  virtual Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) = 0;
  /// `name` is resolved by ResolveName; the answer carries the real one. Errors: NotFound with the nearest names; Invalid (ambiguous).
  virtual Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) = 0;
  /// Fixes the snapshot and plans. Reads no rows, changes nothing. The layout may still grow before Splits and Open; constraints,
  /// policy and the rest stay.
  /// Errors: Invalid (layout or constraints do not fit the table); DataLoss (a token whose topic was re-created or truncated).
  virtual Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) = 0;
  /// The splits of some of the partitions that Prepare gave, in any process: `request.token` is set.
  virtual Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions,
                                   const PageRequest& page) = 0;
  /// A reader of these splits. No look-up per split: connections are made by Next.
  virtual Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) = 0;
};

/// What a discovery knows: opaque, canonical text, committed together with the rows.
struct DiscoveryState {
  std::string text;
  bool operator==(const DiscoveryState&) const = default;
};

struct Discovered {
  DiscoveryState state;
  std::vector<Split> splits;  ///< new ones; may be opened only after `state` has been committed
};

/// Optional, asked for by dynamic_cast; needed for Role::kEndless only: what appears while reading (a partition, children of a reshard).
class SplitDiscovery {
 public:
  virtual ~SplitDiscovery() = default;
  /// An empty `state` means: from the plan in `request.token`, whose splits are not new.
  virtual Result<Discovered> Discover(const CallContext& ctx, const ScanRequest& request, const DiscoveryState& state, std::span<const Split> ended) = 0;
};

}  // namespace lotic
