// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "duckdb/common/table_column.hpp"
#include "duckdb/common/types.hpp"
#include "lotic/connector.h"

namespace lotic::sql {

/// DuckDB's type for one of ours. TIMESTAMP without zone keeps its unit; instants become TIMESTAMPTZ, which counts microseconds, so those
/// in nanoseconds are refused. Errors: Invalid, beginning with `column`.
Result<duckdb::LogicalType> ToDuckDb(const std::string& column, const Type& type);

/// One column as SQL shows it.
struct ModelColumn {
  std::string name;  ///< shown; `field.name` with _1 behind it where DuckDB could not tell it from an earlier column
  Field field;       ///< the connector's
  duckdb::LogicalType type;
  std::string expression = {};  ///< of a computed column (kExpressionMetadata): what DuckDB evaluates; the connector never hears of it
};

/// A table as SQL shows it. Immutable; any thread.
struct TableModel {
  std::shared_ptr<Connector> connector;
  TableInfo info;
  std::map<std::string, std::string> arguments;              ///< of a query in the source's own language that makes the table; into ScanRequest
  std::vector<ModelColumn> columns;                          ///< of SELECT *
  std::vector<ModelColumn> hidden;                           ///< of info.hidden
  std::vector<std::pair<std::string, size_t>> hidden_names;  ///< names, then aliases → index in hidden; virtual id = start + index
  std::vector<std::string> notes;                            ///< info.notes and what was renamed

  static Result<std::shared_ptr<const TableModel>> Make(std::shared_ptr<Connector> connector, TableInfo info,
                                                        std::map<std::string, std::string> arguments = {});
  /// The column of a DuckDB column id; null for the one of count(*).
  const ModelColumn* Find(duckdb::column_t id) const;
  duckdb::virtual_column_map_t VirtualColumns() const;
};

}  // namespace lotic::sql
