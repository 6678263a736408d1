// SPDX-License-Identifier: Apache-2.0
// A peer of the benchmarks: DuckDB's command line without the command line, for `kcat ... | bench_stdin_sql SQL...`, in which
// standard input is '/dev/stdin'. Rows go to standard output as CSV.
#include <unistd.h>

#include <cstdio>

#include "benchmarks/query_output.h"
#include "duckdb.h"

int main(int argc, char** argv) {
  duckdb_database database;
  duckdb_connection connection;
  if (argc < 2 || duckdb_open(nullptr, &database) != DuckDBSuccess || duckdb_connect(database, &connection) != DuckDBSuccess) {
    std::fprintf(stderr, "usage: %s SQL...\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; ++i) {
    if (!lotic::benchmarks::PrintQuery(connection, argv[i])) return 1;
  }
  std::fflush(stdout);
  _exit(0);  // tearing down is not what is measured
}
