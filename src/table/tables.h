// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_parsed.h"
#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "lotic/status.h"
#include "table/ports.h"
#include "table/status_file.h"

namespace lotic::catalog {
struct StreamConfig;
}

namespace lotic::table {

class TableView;
class TableStore;

/// Makes the source of a table's rows from what its configuration says. Does not connect. Errors: Invalid, naming the key. Any thread.
using StreamFactory = std::function<Result<std::shared_ptr<Connector>>(const catalog::StreamConfig&)>;
/// Told of each event (created, segment sealed, partition stopped, …) in one sentence without secrets. Any thread; may be empty.
using EventSink = std::function<void(const std::string& sentence)>;

struct TablesOptions {
  std::string folder;                  ///< the data directory; made if it is not there
  StreamFactory streams;               ///< required
  SegmentFiles* files = nullptr;       ///< borrowed, required; outlives Tables
  Expressions* expressions = nullptr;  ///< borrowed; null: tables with transforms or filters are refused
  const Clock* clock = &Clock::System();
  EventSink log;
  std::vector<std::string> allowed_folders;  ///< files that table documents name are read from there only; see catalog::CheckFiles
  catalog::VariableLookup variables;         ///< of `${NAME}` in table documents; null: none is set

  std::chrono::milliseconds create_time{10'000};         ///< for the stream to answer when a table is made or its connection tested; 1 .. 600 000
  std::chrono::milliseconds sync_interval{1'000};        ///< published rows are durable so much later; 1 .. 1000
  int64_t sync_bytes = int64_t{64} << 20;                ///< or after so many bytes of a partition; 1 .. 64 MiB
  std::chrono::milliseconds discovery_interval{15'000};  ///< new partitions are looked for; 1 .. 30 000
  std::chrono::milliseconds retention_interval{60'000};  ///< expired segments are looked for, and tables above their storage quota; 1 .. 3 600 000
  std::chrono::milliseconds retry_first{100};            ///< a partition that failed is tried again; 1 .. 10 000
  std::chrono::milliseconds retry_most{10'000};          ///< doubling up to here; 1 .. 600 000
  std::chrono::milliseconds snapshot_keep{900'000};      ///< replaced files stay so long for queries that began before
  int64_t reserve_bytes = int64_t{64} << 20;             ///< of free disk space: below it every partition stops until there is more
  int64_t memory_bytes = int64_t{128} << 20;             ///< of fetched data in flight, per table

  /// Errors: Invalid, naming the field, its value and its range.
  Status Validate() const;
};

/// What a create, change or validation answers.
struct Accepted {
  std::string name;                 ///< of the schema, or of the table with its type: "events_REALTIME"
  std::string document;             ///< as GET shows it
  std::string unrecognized = "{}";  ///< unknown keys and their values: a JSON object
  std::vector<std::string> warnings;
};

/// What a stream answered that was asked for once.
struct StreamFound {
  std::string topic;
  size_t partitions = 0;  ///< those that the table would read
};

/// Attached to an Invalid that is a conflict with what exists: HTTP 409.
struct Conflict final : StatusDetail {
  const char* type_id() const override { return "lotic::table::Conflict"; }
  std::string ToString() const override { return "conflict"; }
  static bool Is(const Status& status);
};

/// What a definition is validated for, and how it would be given.
struct Validation {
  enum class Purpose : uint8_t {
    kEither,  ///< a table that is there would be changed, which a warning says; one that is not would be made
    kCreate,
    kUpdate,
  };
  Purpose purpose = Purpose::kEither;
  bool force = false;        ///< as of AddSchema
  std::string consume_from;  ///< as of UpdateTable
};

enum class ConsumeFrom : uint8_t { kLastConsumed, kSmallest, kLargest };

struct PauseStatus {
  bool paused = false;
  std::vector<std::string> consuming_segments;  ///< none while paused
  std::optional<std::string> reason;            ///< "ADMINISTRATIVE", "STORAGE_QUOTA_EXCEEDED"; none: never paused
  std::optional<std::string> comment;
  std::optional<int64_t> at_ms;  ///< of the last pause or resume
};

struct ForceCommitJob {
  std::string id;     ///< a UUID
  std::string table;  ///< with its type
  int64_t submitted_ms = 0;
  std::vector<std::string> segments;             ///< consuming when it began
  std::vector<std::string> yet_to_be_committed;  ///< none: done
};

/// One consuming segment, as GET …/consumingSegmentsInfo shows it.
struct ConsumingSegment {
  std::string segment;
  PartitionStatus partition;
  std::optional<int64_t> delay_ms;  ///< IngestDelayMs of the partition, as /metrics has it
};

struct TableStatus {
  std::string name;  ///< with its type
  std::string topic;
  bool healthy = false;  ///< every partition is consuming, or the table is paused
  std::string error;     ///< of the first partition that is not
  bool paused = false;
  std::vector<PartitionStatus> partitions;
  std::map<int32_t, int64_t> delays_ms;  ///< IngestDelayMs by partition; those that are not known are missing
};

/// One number of /metrics: `name` as Pinot has it ("realtimeRowsConsumed"), without prefix and suffix.
struct Metric {
  std::string name;
  bool counter = false;    ///< else a gauge
  std::string table;       ///< with its type; empty: of the process
  std::string topic;       ///< empty: of the table
  int32_t partition = -1;  ///< -1: of the table
  double value = 0;
};

/// One record that became no row, or not the whole one.
struct ErrorRow {
  int64_t at_ms = 0;
  std::string table;  ///< raw name
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  std::string stage;  ///< decode, transform, convert, time, filter, index
  std::string column;
  std::string message;
  std::string payload;  ///< its first 4 KiB
};

/// When a table was made, and when its configuration changed last: at first when it was made. 0: not known, its definition is damaged.
struct TableTimes {
  int64_t created_ms = 0;
  int64_t changed_ms = 0;
};

/// The owner of a data directory: schemas, tables, and the ingest of each. One in all processes (the directory is locked).
/// Any thread; calls that change one table follow each other. Tables are named raw or with their type ("events", "events_REALTIME"), also "default.events".
/// Errors carry the sentence that an HTTP reply shows: NotFound 404, Invalid 400 (409 where Conflict::Is), everything else 500.
/// Follows: realtime-tables §2.10, §2.11, §4 (Apache Pinot's controller and server, in one process).
class Tables {
 public:
  /// Opens the directory and starts the ingest of its tables. A table that cannot start is listed with its error, the others run.
  /// Errors: Invalid (options; another process owns the directory, with its pid), IOError, Invalid (a newer format).
  static Result<std::unique_ptr<Tables>> Open(TablesOptions options);
  /// Stop().
  ~Tables();
  /// Ends every ingest: what has been read is committed and durable. At most 10 s. Idempotent.
  Status Stop();

  const std::string& folder() const;

  // ---- Schemas

  /// `replace`: an existing one is changed (§1.7; `force` skips the check). Errors: Invalid; Conflict.
  Result<Accepted> AddSchema(std::string_view json, bool replace, bool force);
  /// Applies to its table at once. Errors: NotFound, Invalid.
  Result<Accepted> UpdateSchema(const std::string& name, std::string_view json, bool force);
  /// Errors: NotFound, Conflict (a table uses it).
  Status DeleteSchema(const std::string& name);
  std::vector<std::string> Schemas() const;
  Result<std::string> SchemaDocument(const std::string& name) const;

  // ---- Tables

  /// Asks the stream where to begin, and starts. Errors: Invalid (the configuration, a name that no query could use, or what the stream said); Conflict (it
  /// exists, or a table does whose name differs in case only).
  Result<Accepted> AddTable(std::string_view json);
  /// Applies at the next batch. Another topic, or brokers of another cluster, need `consume_from`: where to begin there, in the words of auto.offset.reset;
  /// what the table has stays. Brokers that have the same topic (by its id, else by that of the cluster) need none: reading goes on, and so it does where
  /// `consume_from` is given in vain, with a warning. Asks the new brokers, at most create_time. Errors: NotFound, Invalid (also what the stream said).
  Result<Accepted> UpdateTable(const std::string& name, std::string_view json, std::string_view consume_from = {});
  /// The table, its files and its ingest are gone when it returns. Errors: NotFound.
  Status DeleteTable(const std::string& name);
  /// A table with its schema (empty: the stored one stays): both are changed, or neither, and whatever else changes one of them waits meanwhile.
  /// `force` as for schemas. Errors: as of the single calls; UnknownError if the schema could not be put back.
  struct Both {
    std::optional<Accepted> schema;  ///< where one was given
    Accepted table;
  };
  Result<Both> AddBoth(const std::string& name, std::string_view schema_json, std::string_view table_json, bool force);
  Result<Both> UpdateBoth(const std::string& name, std::string_view schema_json, std::string_view table_json, bool force, std::string_view consume_from = {});
  /// Errors: NotFound (the table; a schema that is not there is none).
  Status DeleteBoth(const std::string& name);
  /// What AddTable or UpdateTable would say, but for what they learn from the stream: nothing is contacted, and nothing changed. Errors: theirs.
  Result<Accepted> Validate(std::string_view table_json, const Validation& how = {}) const;
  /// The same of AddBoth or UpdateBoth; the table is accepted with the warnings of both.
  Result<Accepted> ValidateBoth(const std::string& name, std::string_view schema_json, std::string_view table_json, const Validation& how = {}) const;
  /// Asks the stream that a configuration names where a new table would begin, with the client properties it has there (secrets that are not shown: those of
  /// the table of that name); nothing is kept of the answer. At most create_time and as long as `ctx`. Errors: those of Validate about the configuration;
  /// Invalid, with what the stream said, in the words of AddTable.
  Result<StreamFound> TestConnection(const CallContext& ctx, std::string_view table_json) const;
  /// Raw names, sorted.
  std::vector<std::string> List() const;
  /// The configuration as GET shows it.
  Result<std::string> TableDocument(const std::string& name) const;
  Result<TableTimes> Times(const std::string& name) const;
  /// "events_REALTIME", also for "events" and "default.events". Errors: NotFound.
  Result<std::string> TypedName(const std::string& name) const;
  /// What is published now: segments with their names, ranges, rows and fates.
  Result<std::shared_ptr<const TableView>> View(const std::string& name) const;

  // ---- Consumption

  Result<PauseStatus> Pause(const std::string& name, const std::string& comment);
  Result<PauseStatus> Resume(const std::string& name, ConsumeFrom from, const std::string& comment);
  Result<PauseStatus> GetPauseStatus(const std::string& name) const;
  /// All consuming segments, or those of `partitions`, or those named. @return the job's id. Errors: NotFound; Invalid (both filters, paused, unknown).
  Result<std::string> ForceCommit(const std::string& name, std::span<const int32_t> partitions, std::span<const std::string> segments);
  /// Jobs are forgotten with the process, and beyond kMaxForceCommitJobs. Errors: NotFound.
  Result<ForceCommitJob> JobStatus(const std::string& id) const;
  Result<std::vector<ConsumingSegment>> ConsumingInfo(const std::string& name) const;
  Result<TableStatus> GetStatus(const std::string& name) const;
  /// Looks for new partitions now, and tries again what has stopped for a reason that may have passed.
  Status RunDiscovery(const std::string& name);
  /// A reader in this process found a segment damaged: its owner checks it soon, instead of when its turn comes, and reads it again if that is so. Does not
  /// wait; what is not known is passed over.
  void Suspect(const std::string& table, int partition, int64_t sequence);
  /// Newest last, at most `limit`.
  Result<std::vector<ErrorRow>> Errors(const std::string& name, size_t limit) const;
  std::vector<Metric> Metrics() const;

  static constexpr size_t kMaxForceCommitJobs = 1000;

 private:
  struct Impl;
  explicit Tables(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::table
