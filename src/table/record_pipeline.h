// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_schema.h"
#include "catalog/pinot_table_config.h"
#include "lotic/batch.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "table/fates.h"
#include "table/ports.h"

// From the records of a stream to the rows of a table, by Apache Pinot's rules: decode, transform, filter, convert, check the time, clean. docs/reference/realtime-json.md.

namespace lotic::table {

/// The raw columns of a stream, in this order: Kafka's hidden columns `_partition_offset` and `_timestamp_ms` (BIGINT), `_message_bytes` (VARBINARY; NULL: a tombstone), `_key_bytes` (VARBINARY:
/// the errors table shows it) and, where wanted, `_headers` (MAP<VARCHAR, LIST<VARBINARY>>).
Schema RawLayout(bool headers);

/// The columns of stored rows: those of the schema, then kOffsetColumn (BIGINT, of the record) and kTimestampColumn (TIMESTAMP(3) UTC, the stream's; -1 ms where the stream has none), never NULL.
Schema StoredColumns(const catalog::PinotSchema& schema);
inline constexpr char kOffsetColumn[] = "$offset";
inline constexpr char kTimestampColumn[] = "$timestamp";

/// Field metadata of an expression's input that no schema declares: its value is the record's own, as text. "true".
inline constexpr char kRawFieldMetadata[] = "pinot:raw";

enum class Stage : uint8_t { kDecode, kTransform, kConvert, kTime, kFilter, kIndex };
/// "decode", "transform", … as the errors table shows it.
std::string_view StageName(Stage stage);

/// Why a record became no row, or not the whole one.
struct RecordFault {
  int64_t record = 0;  ///< row of the raw batch
  Stage stage = Stage::kDecode;
  std::string column;  ///< empty: of the whole record
  std::string message;
};

struct PipelineResult {
  Batch rows;  ///< StoredColumns, in the order of the records
  int64_t records =
      0;  ///< of the range, from its first on, that are dealt with: fewer than asked where the rows would be too many for one batch, or the faults; at least 1, unless stop_at is the first
  RecordFates fates;                ///< of these records; Sum() == records
  std::vector<RecordFault> faults;  ///< all, ascending by record
  std::optional<int64_t> stop_at;   ///< stopOnDecodeError: row of the raw batch that the partition stops before; not in `records`, its fault is the last one
  std::optional<int64_t> min_time_ms, max_time_ms;  ///< of the time column; none: no row has a time
};

/// A Run ends behind the piece of its records in which decoding has met so many; what transforms, the filter and the check of times add is one for each of its records and columns at most.
inline constexpr size_t kMaxFaultsOfRun = 4096;
/// Records dealt with in one Run: where there are transforms or a filter, and where there are none.
inline constexpr int64_t kMaxComputedRecords = 16 * 1024;
inline constexpr int64_t kMaxPlainRecords = 64 * 1024;
/// A Run ends when a column has so many bytes of text.
inline constexpr size_t kMaxColumnBytes = size_t{512} << 20;

/// What one partition's records go through. One thread at a time. Rows depend on nothing but the records: read again, they are the same.
class RecordPipeline {
 public:
  /// `expressions` (borrowed; must outlive the pipeline) may be null where the table has no transform and no filter. Errors: Invalid: a decoder that is not built (with the ones that are), a
  /// transform or filter that does not compile (with its text), transforms that depend on each other in a circle; no `expressions` where they are needed.
  static Result<std::unique_ptr<RecordPipeline>> Create(const catalog::PinotSchema& schema, const catalog::PinotTableConfig& config, Expressions* expressions);
  virtual ~RecordPipeline() = default;

  /// What Run must be given.
  virtual const Schema& raw_layout() const = 0;
  /// What Run gives.
  virtual const std::shared_ptr<const Schema>& stored_columns() const = 0;

  /// Rows [first, first + count) of `raw`, which has raw_layout(); `count` may be 0. `partition` is that of the stream. Errors: Cancelled, DeadlineExceeded (ctx), and what Expressions fails
  /// with other than Invalid. A bad record is no error.
  virtual Result<PipelineResult> Run(const CallContext& ctx, const Batch& raw, int64_t first, int64_t count, int32_t partition) = 0;
};

}  // namespace lotic::table
