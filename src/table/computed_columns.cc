// SPDX-License-Identifier: Apache-2.0
#include "table/computed_columns.h"

#include <numeric>
#include <optional>

namespace lotic::table {

void AppendCell(const Column& column, int64_t row, ColumnBuilder& out) {
  if (column.IsNull(row)) return out.AppendNull();
  const size_t at = static_cast<size_t>(row);
  switch (column.type.id()) {
    case TypeId::kBool: return out.AppendBool(column.Bool(row));
    case TypeId::kInt32: return out.AppendInt64(column.values<int32_t>()[at]);
    case TypeId::kFloat32: return out.AppendDouble(static_cast<double>(column.values<float>()[at]));
    case TypeId::kFloat64: return out.AppendDouble(column.values<double>()[at]);
    case TypeId::kString:
    case TypeId::kBinary: return out.AppendBytes(column.Text(row));
    case TypeId::kList: {
      for (int32_t item = column.offsets()[at]; item < column.offsets()[at + 1]; ++item) AppendCell(column.children[0], item, out.child(0));
      return out.FinishList();
    }
    default: return out.AppendInt64(column.values<int64_t>()[at]);
  }
}

Result<ComputedColumn> ComputedColumn::Make(Expressions& expressions, const Field& result, std::string text, size_t column, std::vector<size_t> reads,
                                            Schema input) {
  ComputedColumn computed;
  if (reads.empty()) input.fields.push_back({"$offset", Type::Int64()});
  const NamedExpression expression{result, text};
  LOTIC_ASSIGN_OR_RETURN(computed.compiled_, expressions.Compile({&expression, 1}, input));
  computed.text_ = std::move(text);
  computed.column_ = column;
  computed.reads_ = std::move(reads);
  computed.input_ = std::make_shared<const Schema>(std::move(input));
  Schema output;
  output.fields.push_back(result);
  computed.output_ = std::make_shared<const Schema>(std::move(output));
  return computed;
}

Result<Batch> ComputedColumn::Evaluate(const CallContext& ctx, const Batch& input) {
  LOTIC_RETURN_NOT_OK(ctx.Check("computing the columns of rows"));
  LOTIC_ASSIGN_OR_RETURN(Batch result, compiled_->Evaluate(ctx, input));
  if (result.num_columns() != 1 || result.num_rows() != input.num_rows() || !(result.column(0).type == output_->fields[0].type)) {
    return Status::UnknownError("expression ", text_, ": a result that is not one column of ", output_->fields[0].type.ToString(), " and ", input.num_rows(),
                                " rows");
  }
  return result;
}

// Halves the rows until the ones that fail are alone.
Status ComputedColumn::Search(const CallContext& ctx, const Batch& input, int64_t first, int64_t count, ColumnBuilder& out, std::vector<Failure>* failures) {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  Result<Batch> part = Evaluate(ctx, input.Take(rows));
  if (part.ok()) {
    for (int64_t row = 0; row < count; ++row) AppendCell(part->column(0), row, out);
    return Status::OK();
  }
  if (part.status().code() != StatusCode::kInvalid) return part.status();
  if (count == 1) {
    out.AppendNull();
    failures->push_back({first, part.status().message()});
    return Status::OK();
  }
  LOTIC_RETURN_NOT_OK(Search(ctx, input, first, count / 2, out, failures));
  return Search(ctx, input, first + count / 2, count - count / 2, out, failures);
}

Result<Batch> ComputedColumn::Compute(const CallContext& ctx, const std::vector<Column>& columns, const Column& numbers,
                                      const std::shared_ptr<const void>& owner, std::span<const int64_t> rows, std::vector<Failure>* failures) {
  std::vector<Column> read;
  for (const size_t column : reads_) read.push_back(columns[column]);
  if (read.empty()) read.push_back(numbers);
  Batch input(input_, numbers.length, std::move(read), owner);
  if (static_cast<int64_t>(rows.size()) != numbers.length) input = input.Take(rows);
  Result<Batch> all = Evaluate(ctx, input);
  if (all.ok() || all.status().code() != StatusCode::kInvalid) return all;
  BatchBuilder builder(output_);
  const int64_t half = input.num_rows() / 2;  // the whole has just failed
  if (half > 0) LOTIC_RETURN_NOT_OK(Search(ctx, input, 0, half, builder.column(0), failures));
  LOTIC_RETURN_NOT_OK(Search(ctx, input, half, input.num_rows() - half, builder.column(0), failures));
  return builder.Finish(input.num_rows());
}

}  // namespace lotic::table
