// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/value_block.h"

#include <memory>

#include "lotic/batch_builder.h"

namespace lotic::athena {
namespace {

bool FitsBits(const Type& type, int64_t value) {
  const int bits = type.byte_width() * 8;
  return bits == 64 || (value >= -(int64_t{1} << (bits - 1)) && value < int64_t{1} << (bits - 1));
}

// False: the value is not of the column's type.
bool Append(const Scalar& value, ColumnBuilder* column) {
  if (IsNull(value)) return column->AppendNull(), true;
  switch (column->type().id()) {
    case TypeId::kBool:
      if (const bool* flag = std::get_if<bool>(&value)) return column->AppendBool(*flag), true;
      return false;
    case TypeId::kFloat32:
    case TypeId::kFloat64:
      if (const double* number = std::get_if<double>(&value)) return column->AppendDouble(*number), true;
      return false;
    case TypeId::kDecimal128:
      if (const Int128* number = std::get_if<Int128>(&value)) return column->AppendDecimal(*number), true;
      return false;
    case TypeId::kString:
    case TypeId::kBinary:
      if (const std::string* text = std::get_if<std::string>(&value)) return column->AppendBytes(*text), true;
      return false;
    default: break;
  }
  const int64_t* number = std::get_if<int64_t>(&value);
  if (column->type().is_nested() || column->type().is_unsigned() || number == nullptr || !FitsBits(column->type(), *number)) return false;
  column->AppendInt64(*number);
  return true;
}

}  // namespace

Result<Block> MakeValueBlock(const WireType& type, std::span<const Scalar> values) {
  WireSchema schema{{WireField{std::string(kValueColumn), true, type}}};
  LOTIC_ASSIGN_OR_RETURN(Schema logical, LogicalSchema(schema));
  const Type column_type = logical.fields[0].type;
  BatchBuilder builder(std::make_shared<const Schema>(std::move(logical)));
  for (const Scalar& value : values) {
    if (!Append(value, &builder.column(0))) {
      return Status::Invalid("value block of ", type.ToString(), ": ", ScalarToString(column_type, value), " is not of this type");
    }
  }
  return Block{std::move(schema), builder.Finish(static_cast<int64_t>(values.size()))};
}

Result<std::vector<Scalar>> ValuesOf(const Block& block) {
  if (block.rows.num_columns() != 1)
    return Status::Invalid("a value block of ", block.rows.num_columns(), " columns; it has exactly one, \"", kValueColumn, "\"");
  const Column& column = block.rows.column(0);
  if (column.type.is_nested() && column.length > 0) {
    return Status::Invalid("a value block of ", block.schema.fields[0].type.ToString(), " with ", column.length,
                           " values: values with children are not supported");
  }
  std::vector<Scalar> values;
  values.reserve(static_cast<size_t>(column.length));
  for (int64_t row = 0; row < column.length; ++row) values.push_back(ScalarAt(column, row));
  return values;
}

}  // namespace lotic::athena
