// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace duckdb {
class DatabaseInstance;
}  // namespace duckdb

namespace lotic::sql {

/// What catalog::TranslatePinotQuery and TranslatePinotExpression call beside DuckDB's own functions. None of them fails; NULL gives NULL.
///   lotic_double_to_int, lotic_double_to_long (DOUBLE): towards zero, the end of the range beyond it, NaN is 0
///   lotic_long_to_int (BIGINT), lotic_sum_to_long (HUGEINT): the low 32 and 64 bits
///   lotic_times (BIGINT, BIGINT): the end of the range where the product has no place
///   lotic_double_text (DOUBLE), lotic_float_text (FLOAT): as Java prints it
/// Once for each database. Throws.
void RegisterPinotFunctions(duckdb::DatabaseInstance& database);

}  // namespace lotic::sql
