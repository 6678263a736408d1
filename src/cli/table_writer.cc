// SPDX-License-Identifier: Apache-2.0
#include "cli/table_writer.h"

#include <algorithm>

#include "cli/display_width.h"

namespace lotic::cli {
namespace {

constexpr size_t kNarrowestCut = 8;  // a column is not cut below this to fit the terminal; the lines then wrap

struct Corner {
  const char* left;
  const char* middle;
  const char* right;
};
struct Frame {
  const char* horizontal;
  const char* vertical;
  Corner top, inner, bottom;
};
constexpr Frame kBoxFrame = {"─", "│", {"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}};
constexpr Frame kAsciiFrame = {"-", "|", {"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}};

class TableWriter final : public RowWriter {
 public:
  TableWriter(const Frame& frame, const RenderOptions& options, ByteSink& sink)
      : frame_(frame), options_(options), null_text_(options.null_text.value_or("NULL")), sink_(sink) {}

  sql::CellForm form() const override { return sql::CellForm::kText; }

  Status Begin(const std::vector<sql::ResultColumn>& columns) override {
    for (const auto& column : columns) {
      names_.push_back(Cell(column.name));
      numeric_.push_back(column.numeric);
      widths_.push_back(options_.header ? DisplayWidth(names_.back()) : 1);
    }
    return Status::OK();
  }

  Status Rows(const sql::TextChunk& chunk) override {
    for (size_t row = 0; row < chunk.num_rows; ++row) {
      if (options_.max_rows && shown_ >= *options_.max_rows) {
        more_ += static_cast<int64_t>(chunk.num_rows - row);
        return Status::OK();
      }
      ++shown_;
      std::vector<std::string> cells;
      cells.reserve(names_.size());
      for (size_t column = 0; column < names_.size(); ++column) {
        const auto& value = chunk.cells[column][row];
        cells.push_back(Cell(value ? std::string_view(*value) : std::string_view(null_text_)));
      }
      if (open_) {
        LOTIC_RETURN_NOT_OK(WriteRow(cells));
        continue;
      }
      for (size_t column = 0; column < cells.size(); ++column) {
        widths_[column] = std::max(widths_[column], DisplayWidth(cells[column]));
        held_bytes_ += cells[column].size();
      }
      held_.push_back(std::move(cells));
      if (held_.size() >= kWidthSampleRows || held_bytes_ >= kWidthSampleBytes) LOTIC_RETURN_NOT_OK(Open());
    }
    return Status::OK();
  }

  Status End() override {
    if (!open_) LOTIC_RETURN_NOT_OK(Open());
    LOTIC_RETURN_NOT_OK(WriteRule(frame_.bottom));
    if (more_ > 0) {
      LOTIC_RETURN_NOT_OK(sink_.Write("and " + WithThousands(more_) + (more_ == 1 ? " row" : " rows") + " more (" +
                                      WithThousands(static_cast<int64_t>(shown_)) + " shown; .maxrows N, --format or COPY show all)\n"));
    }
    return sink_.Flush();
  }

 private:
  std::string Cell(std::string_view text) const {
    std::string cell = Printable(text);
    return options_.terminal_width > 0 ? CutToWidth(cell, kTerminalCellWidth) : cell;
  }

  // Widths are settled: everything held back goes out.
  Status Open() {
    open_ = true;
    if (options_.terminal_width > 0) FitInto(options_.terminal_width);
    LOTIC_RETURN_NOT_OK(WriteRule(frame_.top));
    if (options_.header) {
      LOTIC_RETURN_NOT_OK(WriteRow(names_));
      LOTIC_RETURN_NOT_OK(WriteRule(frame_.inner));
    }
    for (const auto& cells : held_) LOTIC_RETURN_NOT_OK(WriteRow(cells));
    held_.clear();
    return Status::OK();
  }

  // Takes from the widest columns until the table is no wider than `limit`, or nothing more can be taken.
  void FitInto(size_t limit) {
    size_t total = 1;
    for (const size_t width : widths_) total += width + 3;
    while (total > limit) {
      const auto widest = std::max_element(widths_.begin(), widths_.end());
      if (widest == widths_.end() || *widest <= kNarrowestCut) return;
      const size_t take = std::min(total - limit, std::max<size_t>(1, (*widest - kNarrowestCut) / 4));
      *widest -= take;
      total -= take;
    }
  }

  Status WriteRule(const Corner& corner) {
    std::string line = corner.left;
    for (size_t column = 0; column < widths_.size(); ++column) {
      if (column > 0) line += corner.middle;
      for (size_t i = 0; i < widths_[column] + 2; ++i) line += frame_.horizontal;
    }
    return sink_.Write(line + corner.right + "\n");
  }

  Status WriteRow(const std::vector<std::string>& cells) {
    std::string line = frame_.vertical;
    for (size_t column = 0; column < cells.size(); ++column) {
      const bool cut = options_.terminal_width > 0 && DisplayWidth(cells[column]) > widths_[column];
      const std::string text = cut ? CutToWidth(cells[column], widths_[column]) : cells[column];
      const size_t width = DisplayWidth(text);
      const std::string padding(widths_[column] > width ? widths_[column] - width : 0, ' ');
      line += numeric_[column] ? " " + padding + text + " " : " " + text + padding + " ";
      line += frame_.vertical;
    }
    return sink_.Write(line + "\n");
  }

  const Frame& frame_;
  const RenderOptions options_;
  const std::string null_text_;
  ByteSink& sink_;
  std::vector<std::string> names_;
  std::vector<bool> numeric_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> held_;
  size_t held_bytes_ = 0;
  bool open_ = false;  // widths are settled, rows go straight out
  size_t shown_ = 0;
  int64_t more_ = 0;
};

}  // namespace

std::unique_ptr<RowWriter> MakeTableWriter(bool ascii, const RenderOptions& options, ByteSink& sink) {
  return std::make_unique<TableWriter>(ascii ? kAsciiFrame : kBoxFrame, options, sink);
}

}  // namespace lotic::cli
