// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/athena/table_read.h"
#include "lotic/connector.h"

namespace lotic::cli {

struct Difference {
  std::string what;  ///< "schema", "splits" or "row"
  std::string left;  ///< empty: nothing there
  std::string right;
  std::string reason;  ///< why, where it can be told: aborted, tombstone, duplicate, type, value
};

struct DiffResult {
  std::vector<Difference> differences;  ///< at most kMaxShownDifferences of the rows
  int64_t rows_left = 0;
  int64_t rows_right = 0;
  int64_t differing_rows = 0;  ///< rows of either side that the other lacks
  bool same = true;            ///< schemas and rows; another number of splits alone is no difference of data
};

inline constexpr int64_t kMaxDiffedRows = 2'000'000;  ///< of one side; more is a CapacityError
inline constexpr size_t kMaxShownDifferences = 1000;
inline constexpr size_t kMaxPairedRows = 2000;  ///< of one side: beyond, rows that differ in one value are not looked for

/// Reads one table through two connectors and compares: columns by name (any order) and type, rows as a bag, as text of the columns that both have.
/// Errors: CapacityError; those of either reading, which begin with "left" or "right".
Result<DiffResult> DiffTables(const CallContext& ctx, Connector& left, Connector& right, const TableReadRequest& request);

}  // namespace lotic::cli
