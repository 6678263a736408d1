// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/interrupts.h"
#include "lotic/status.h"
#include "sql/engine.h"

namespace lotic::cli {

/// One partition of a real-time table, as its files say, and as the ingest said last.
struct TablePartition {
  std::string table;
  int32_t partition = 0;
  std::string state;                  ///< of the ingest: CONSUMING, DEGRADED, PAUSED, ERROR, CONNECTING; OFFLINE: none runs
  int64_t rows = 0;                   ///< retained
  int64_t segments = 0;               ///< the consuming one too
  int64_t start = 0, end = 0;         ///< offsets: the first retained, behind the last published
  std::optional<int64_t> lag;         ///< records behind the stream's end, as last heard
  std::optional<int64_t> lag_age_ms;  ///< how long ago that was
  std::optional<int64_t> newest_ms;   ///< the stream's time of the newest record published
  int64_t errors = 0;                 ///< records of retained segments that gave no row, or not the whole one, for an error
  std::string problem;                ///< empty: none
};

/// Of every table of a data directory, beside its owner or without one. `now_ms` is the wall clock.
/// Errors: NotFound, Invalid (no data directory, or a newer one), IOError. Damage of one table is the problem of its line.
Result<std::vector<TablePartition>> ListTablePartitions(const std::string& data_folder, int64_t now_ms);

/// The columns and rows of the list; `problem` only if a line has one.
struct TableList {
  std::vector<sql::ResultColumn> columns;
  sql::TextChunk rows;
};
TableList MakeTableList(const std::vector<TablePartition>& partitions, sql::CellForm form);

/// `lotic tables`. @return the exit code.
int RunTablesCommand(const CommandLine& line, const Console& console, Interrupts& interrupts);

}  // namespace lotic::cli
