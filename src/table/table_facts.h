// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lotic/connector.h"
#include "lotic/status.h"
#include "lotic/type.h"
#include "table/stored_table.h"

namespace lotic::table {

/// How the numbers of a time column stand for instants, where segments can be pruned by them.
struct TimeColumn {
  std::string name;
  int64_t ms_per_value = 1;  ///< of a BIGINT or INTEGER column; TIMESTAMP columns count milliseconds
};

/// A table as its definition says, for one planning or reading: the files are read again each time, so that a changed schema applies at once.
struct TableFacts {
  StoredTable stored;
  TableInfo info;                  ///< for doors
  std::string topic;               ///< empty: the configuration cannot be read by this process
  std::string isolation;           ///< "read_committed" or "read_uncommitted"; empty likewise
  std::optional<TimeColumn> time;  ///< none: no time column, or one in a form that does not prune

  /// Whether a column of the layout is stored in segments (else it is one of the hidden ones that say where a row lies). Errors: Invalid (no such column; another type than the table's).
  Result<bool> IsStored(const Field& column) const;
};

/// By raw name or name with type, exactly. Errors: NotFound; Invalid (a damaged definition).
Result<TableFacts> ReadTableFacts(const std::string& data_folder, const std::string& name);

/// The types of the hidden columns.
Schema HiddenColumns();

}  // namespace lotic::table
