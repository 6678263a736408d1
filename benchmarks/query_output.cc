// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/query_output.h"

#include <cstdio>

#include "duckdb.h"

namespace lotic::benchmarks {

bool PrintQuery(_duckdb_connection* connection, const std::string& sql) {
  duckdb_result result;
  const bool ok = duckdb_query(connection, sql.c_str(), &result) == DuckDBSuccess;
  if (!ok) {
    std::fprintf(stderr, "%s\n", duckdb_result_error(&result));
  } else if (duckdb_result_return_type(result) == DUCKDB_RESULT_TYPE_QUERY_RESULT) {
    for (idx_t row = 0; row < duckdb_row_count(&result); ++row) {
      for (idx_t column = 0; column < duckdb_column_count(&result); ++column) {
        char* const text = duckdb_value_varchar(&result, column, row);
        std::printf("%s%s", column == 0 ? "" : ",", text == nullptr ? "" : text);
        duckdb_free(text);
      }
      std::printf("\n");
    }
  }
  duckdb_destroy_result(&result);
  return ok;
}

}  // namespace lotic::benchmarks
