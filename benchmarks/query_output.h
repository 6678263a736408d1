// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

struct _duckdb_connection;

namespace lotic::benchmarks {

/// Runs one statement on a duckdb_connection and prints its rows to standard output as CSV without a header; statements without rows
/// print nothing. @return false after an error, which is printed to standard error.
bool PrintQuery(_duckdb_connection* connection, const std::string& sql);

}  // namespace lotic::benchmarks
