// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lotic/batch.h"
#include "lotic/call_context.h"
#include "lotic/scan.h"
#include "lotic/status.h"
#include "lotic/type.h"

// Writing rows to a table: optional for a connector, asked for by dynamic_cast to TableSink.

namespace lotic {

/// What is known of the rows given to a writer, once it has finished.
enum class WriteOutcome : uint8_t {
  kCommitted,  ///< every row was acknowledged by the source
  kAborted,    ///< none was
  kPartial,    ///< some were, and it is known which count
  kUnknown,    ///< of some rows it cannot be known: the answer to a request that may have succeeded was lost
};

/// What became of the rows given to a writer.
struct WriteReceipt {
  WriteOutcome outcome = WriteOutcome::kCommitted;
  int64_t acknowledged = 0;          ///< rows that a reader finds from now on
  int64_t rejected = 0;              ///< rows that were not written
  int64_t unknown = 0;               ///< rows that may have been written
  int64_t bytes = 0;                 ///< of the acknowledged rows, as the source counts them
  int64_t retries = 0;               ///< requests or entries sent again
  bool duplicates_possible = false;  ///< what the source answered with a failure of its own, and may have taken all the same, was sent again
  Status error;                      ///< the first failure; OK with kCommitted
  std::vector<std::string> notes;    ///< at most kMaxReceiptNotes sentences for the user: a rejected row by its number, what was sent again
};
inline constexpr size_t kMaxReceiptNotes = 20;

/// What a writer is opened for.
struct WriteRequest {
  TableName table;
  Schema columns;  ///< of the batches: columns of the table that may be written, by name, in any order; those left out are NULL
  std::vector<std::pair<std::string, std::string>> constants;  ///< INSERT … PARTITION (c = 'v'): text, cast to the column's type
};

/// Takes rows in order. One thread; a connector may give several writers. Made by TableSink::OpenWriter; must not outlive its connector.
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  /// Takes the rows over; sends what is full, waits while the queue is. Errors: what makes going on pointless (the receipt says what was
  /// acknowledged until then), Cancelled, DeadlineExceeded. A row that cannot be written (too large, NULL in a NOT NULL column) is such an error and names the row.
  virtual Status Write(const CallContext& ctx, const Batch& rows) = 0;
  /// Sends everything and waits until it is acknowledged, unless Write failed; then waits only for what is under way. Exactly once. An error of writing is in the receipt; this itself
  /// fails only where there is no receipt to give.
  virtual Result<WriteReceipt> Finish(const CallContext& ctx) = 0;
  /// Instead of Finish: drops what was not sent, waits at most 5 s for requests under way.
  virtual WriteReceipt Abandon() = 0;
};

/// Field metadata, value "true": a column of WritableColumns that must not be NULL.
inline constexpr const char* kNotNullMetadata = "lotic:not_null";

/// A connector that can write. Any thread.
class TableSink {
 public:
  virtual ~TableSink() = default;
  /// The columns that rows may have, those that must not be NULL with kNotNullMetadata. Errors: NotFound, NotImplemented (this table cannot be written, and why).
  virtual Result<Schema> WritableColumns(const CallContext& ctx, const TableName& table) = 0;
  /// Errors: Invalid (columns that do not fit), NotFound.
  virtual Result<std::unique_ptr<TableWriter>> OpenWriter(const CallContext& ctx, const WriteRequest& request) = 0;
};

}  // namespace lotic
