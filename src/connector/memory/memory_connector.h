// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lotic/connector.h"

namespace lotic::memory {

/// A table in memory: the batches of each partition, all of `schema`.
struct MemoryTable {
  TableName name;
  Schema schema;
  std::vector<std::vector<Batch>> partitions;
};

/// Tables that live in the process: for tests, for the conformance suite, and to try Lotic without a source. Serves every role: rows can be
/// appended while they are read. Any thread.
class MemoryStore {
 public:
  static std::shared_ptr<MemoryStore> Make();
  virtual ~MemoryStore() = default;

  /// Errors: Invalid (a table of that name exists; a batch with another schema).
  virtual Status AddTable(MemoryTable table) = 0;
  /// Appends a batch of the table's schema; a partition number one past the last makes a new partition.
  virtual Status Append(const TableName& table, size_t partition, Batch batch) = 0;
  /// A connector over the store, which it keeps alive. It is a TableSink too: rows written become one append to partition 0 when their writer finishes, so all of them or none.
  /// Columns with kNotNullMetadata refuse NULLs; the constants of a WriteRequest are for VARCHAR columns.
  virtual std::shared_ptr<Connector> connector() = 0;
};

/// A fixed data set: schema "default"; `types` (every logical type, NULLs, 3 partitions, 240 rows), `numbers` (id BIGINT, 4 partitions of
/// 2,500 rows, id = 4 * row + partition), `empty` (no rows).
std::shared_ptr<MemoryStore> MakeSampleData();

/// What connector `memory` serves to Athena: schema "default"; `types` as above without its TIME column, which Athena cannot hold; `orders` (id, customer, qty,
/// price, ordered; NULLs, 3 partitions, 120 rows); `empty`.
std::shared_ptr<MemoryStore> MakeAthenaSampleData();

}  // namespace lotic::memory
