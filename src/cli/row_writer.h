// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/byte_sink.h"
#include "cli/format.h"
#include "lotic/status.h"
#include "sql/engine.h"

namespace lotic::cli {

/// Rows of a box shown on a terminal, unless `.maxrows` says otherwise; the rest is counted.
inline constexpr size_t kTerminalRows = 1000;
/// Rows that a box holds back to find the columns' widths; later rows are written as they come, in those widths.
inline constexpr size_t kWidthSampleRows = 10'000;
/// And bytes held back, whichever comes first.
inline constexpr size_t kWidthSampleBytes = size_t{16} << 20;
/// Columns of one cell on a terminal; more is cut with "…".
inline constexpr size_t kTerminalCellWidth = 80;

struct RenderOptions {
  bool header = true;
  std::optional<std::string> null_text;  ///< unset: the format's own (box and line "NULL", csv empty, tsv "\N")
  std::optional<size_t> max_rows;        ///< of a box; unset: all
  size_t terminal_width = 0;             ///< columns of the terminal written to; 0: no terminal, nothing is cut
};

/// Writes one result in one format: Begin, Rows any number of times, End. If the query fails in between, just destroy it: what
/// is out is out, what was held back is not shown. One thread at a time.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  /// How it wants cells.
  virtual sql::CellForm form() const = 0;
  virtual Status Begin(const std::vector<sql::ResultColumn>& columns) = 0;
  virtual Status Rows(const sql::TextChunk& chunk) = 0;
  virtual Status End() = 0;
};

/// The writer borrows `sink`.
std::unique_ptr<RowWriter> MakeRowWriter(Format format, const RenderOptions& options, ByteSink& sink);

/// 1,204 and the like.
std::string WithThousands(int64_t number);

}  // namespace lotic::cli
