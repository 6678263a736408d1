// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "lotic/batch_builder.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "table/ports.h"

namespace lotic::table {

/// Appends the value of a row; `out` has the column's type, which is no struct or map.
void AppendCell(const Column& column, int64_t row, ColumnBuilder& out);

/// A transform or a filter over columns of a pipeline. One thread.
class ComputedColumn {
 public:
  /// `column`: where the result goes; `reads`: the pipeline's columns it reads, with `input` as their schema. Errors: Invalid, with the text.
  static Result<ComputedColumn> Make(Expressions& expressions, const Field& result, std::string text, size_t column, std::vector<size_t> reads, Schema input);

  size_t column() const { return column_; }
  const std::string& text() const { return text_; }

  struct Failure {
    int64_t row;  ///< index into the result
    std::string message;
  };
  /// One column, with a value for each of `rows` (of the pipeline's columns, ascending); NULL, and told in `failures`, where it cannot be computed. `numbers`: a BIGINT column of the same length,
  /// for an expression that reads nothing. `owner` keeps the columns alive. Errors: what the engine fails with other than Invalid.
  Result<Batch> Compute(const CallContext& ctx, const std::vector<Column>& columns, const Column& numbers, const std::shared_ptr<const void>& owner,
                        std::span<const int64_t> rows, std::vector<Failure>* failures);

 private:
  ComputedColumn() = default;
  Result<Batch> Evaluate(const CallContext& ctx, const Batch& input);
  Status Search(const CallContext& ctx, const Batch& input, int64_t first, int64_t count, ColumnBuilder& out, std::vector<Failure>* failures);

  std::string text_;
  size_t column_ = 0;
  std::vector<size_t> reads_;
  std::shared_ptr<const Schema> input_, output_;
  std::unique_ptr<CompiledExpressions> compiled_;
};

}  // namespace lotic::table
