// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lotic/connector.h"

namespace lotic::memory {

/// The rows of one partition of a table in memory: positions are row numbers, "0" is the first row.
struct MemoryTable {
  TableName name;
  Schema schema;
  std::vector<std::vector<Batch>> partitions;  ///< batches of `schema`
};

/// A source that lives in the process: for tests, for the conformance suite and as the example of a whole connector. Serves all roles:
/// rows can be appended while it is read. Any thread.
class MemoryConnector : public Connector, public SplitDiscovery {
 public:
  /// Rows a split holds at most in a plan; larger partitions are cut.
  static constexpr int64_t kRowsPerSplit = 10000;

  static std::shared_ptr<MemoryConnector> Make();

  /// Errors: Invalid (a table of that name exists; a batch with another schema).
  virtual Status AddTable(MemoryTable table) = 0;
  /// Appends a batch of the table's schema; a partition number one past the last makes a new partition.
  virtual Status Append(const TableName& table, size_t partition, Batch batch) = 0;
};

/// A fixed data set: schema "default"; `types` (every logical type, NULLs, 3 partitions, 240 rows), `numbers` (id BIGINT, 4 partitions of
/// 2,500 rows, id = 4 * row + partition), `empty` (no rows).
std::shared_ptr<MemoryConnector> MakeSampleData();

}  // namespace lotic::memory
