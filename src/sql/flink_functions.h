// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace duckdb {
class DatabaseInstance;
}  // namespace duckdb

namespace lotic::sql {

/// Flink's functions of time for computed columns, under names of their own, so that DuckDB's to_timestamp stays what it is. Once for each database. Throws.
void RegisterFlinkFunctions(duckdb::DatabaseInstance& database);

/// The expression of a computed column with its calls of PROCTIME(), TO_TIMESTAMP and TO_TIMESTAMP_LTZ turned into what the engine has for them. Names in quotes,
/// texts, comments, and names with a schema before them stay.
std::string WithFlinkFunctions(std::string_view expression);

}  // namespace lotic::sql
