// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sql/catalog.h"
#include "sql/session.h"

namespace duckdb {
class ClientContext;
class SQLStatement;
}  // namespace duckdb

namespace lotic::sql {

/// What the engine needs to know of a statement beside running it.
struct StatementFacts {
  std::vector<FoundTable> described;  ///< the tables of a DESCRIBE
  std::set<std::string> constants;    ///< texts in quotes
  std::set<std::string> qualified;    ///< tables that it reads from a catalog by name, in lower case
  bool lists_columns = false;         ///< it reads information_schema.columns or duckdb_columns()
};

inline constexpr size_t kInsertTarget = static_cast<size_t>(-1);  ///< among the places of hints: the table of an INSERT

/// Gives bare table names that mean a connector's table their catalog and schema. A bare name is looked up in the session's own catalog
/// (or the one of USE), else in all attached ones; two hits there are an error naming both, and a name of the session's own that hides a
/// connector's table is warned about. Names of CTEs are left alone. Throws.
/// A table's name at a hint's place means the table that the hint made (`hinted`: place → its name among the declared ones); a hint without such a name is an error.
/// An INSERT into a connector's table becomes one that DuckDB can plan.
StatementFacts ResolveNames(duckdb::ClientContext& context, Session& session, duckdb::SQLStatement& statement, const std::map<size_t, std::string>& hinted);

}  // namespace lotic::sql
