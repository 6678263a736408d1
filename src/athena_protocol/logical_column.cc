// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/logical_column.h"

#include <algorithm>
#include <limits>

#include "athena_protocol/zone_key.h"

namespace lotic::athena {
namespace {

std::string AsciiLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

Int128 FloorDiv(Int128 value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }
Int128 CeilDiv(Int128 value, int64_t by) { return -FloorDiv(-value, by); }

// Beyond every number of 64 bits, and far from overflow when it is multiplied by a time unit.
constexpr Int128 kFar = Int128{1} << 90;

// Milliseconds out of the column's unit.
void SetMillis(TimeUnit unit, LogicalColumn* column) {
  switch (unit) {
    case TimeUnit::kSecond: column->multiply = 1000; break;
    case TimeUnit::kMilli: break;
    case TimeUnit::kMicro: column->divide = 1000; break;
    case TimeUnit::kNano: column->divide = 1000000; break;
  }
}

ColumnForm FormOf(LogicalColumn* column) {
  const Type& type = column->type;
  const WireType& wire = column->wire;
  const auto same_if = [](bool same) { return same ? ColumnForm::kSame : ColumnForm::kOther; };
  const auto whole_if = [](bool same) { return same ? ColumnForm::kWhole : ColumnForm::kOther; };
  switch (type.id()) {
    case TypeId::kBool: return same_if(wire.kind == WireKind::kBool);
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32: return whole_if(wire.kind == WireKind::kInt && wire.is_signed);
    case TypeId::kUInt64: return whole_if((wire.kind == WireKind::kDecimal && wire.scale == 0) || (wire.kind == WireKind::kInt && wire.is_signed));
    case TypeId::kFloat32: return same_if(wire.kind == WireKind::kFloat && wire.bit_width == 32);
    case TypeId::kFloat64: return same_if(wire.kind == WireKind::kFloat && wire.bit_width == 64);
    case TypeId::kDecimal128: return same_if(wire.kind == WireKind::kDecimal && wire.scale == type.scale());
    case TypeId::kString: return same_if(wire.kind == WireKind::kUtf8);
    case TypeId::kBinary: return same_if(wire.kind == WireKind::kBinary);
    case TypeId::kDate: return whole_if(wire.kind == WireKind::kDate && wire.unit == WireUnit::kDay);
    case TypeId::kTimestamp:
      SetMillis(type.unit(), column);
      if (type.utc()) return whole_if(wire.kind == WireKind::kTimestamp && wire.timezone && wire.unit == WireUnit::kMilli);
      return whole_if(wire.kind == WireKind::kDate && wire.unit == WireUnit::kMilli);
    case TypeId::kTime: return ColumnForm::kOther;
    case TypeId::kList: return wire.kind == WireKind::kList ? ColumnForm::kNested : ColumnForm::kOther;
    case TypeId::kStruct: return wire.kind == WireKind::kStruct ? ColumnForm::kNested : ColumnForm::kOther;
    case TypeId::kMap: return wire.kind == WireKind::kMap ? ColumnForm::kNested : ColumnForm::kOther;
  }
  return ColumnForm::kOther;
}

}  // namespace

Int128 LogicalColumn::WholeOf(const Scalar& value) const {
  if (const Int128* decimal = std::get_if<Int128>(&value)) return std::clamp(*decimal, -kFar, kFar);
  const int64_t number = std::get<int64_t>(value);
  return wire.kind == WireKind::kTimestamp ? MillisOfPacked(number) : number;
}

WholeRange LogicalColumn::Limits() const {
  const int width = type.byte_width() * 8;
  if (type.is_unsigned()) return {0, (Int128{1} << width) - 1};
  return {-(Int128{1} << (width - 1)), (Int128{1} << (width - 1)) - 1};
}

// By milliseconds [5, 6] a column of microseconds has 5000 .. 6999 (5999 is still floored to 5); one of seconds those s with 1000 s in [5, 6]: none.
WholeRange LogicalColumn::ToColumn(const WholeRange& range) const {
  WholeRange out{std::max(range.low, -kFar), std::min(range.high, kFar)};
  if (divide > 1) out = {out.low * divide, out.high * divide + divide - 1};
  if (multiply > 1) out = {CeilDiv(out.low, multiply), FloorDiv(out.high, multiply)};
  const WholeRange limits = Limits();
  return {std::max(out.low, limits.low), std::min(out.high, limits.high)};
}

Scalar LogicalColumn::ScalarOf(Int128 value) const {
  if (type.is_unsigned()) return static_cast<uint64_t>(value);
  return static_cast<int64_t>(value);
}

LogicalColumns::LogicalColumns(const Schema& table) : schema_(table) {
  for (Field& field : schema_.fields) {
    athena_names_.push_back(AsciiLower(field.name));
    const auto source = field.metadata.find(std::string(kSourceNameKey));
    if (source != field.metadata.end()) field.name = source->second;
  }
}

Result<LogicalColumn> LogicalColumns::Find(std::string_view name, const WireType& wire) const {
  std::optional<size_t> found;
  const std::string wanted = AsciiLower(name);
  for (size_t i = 0; i < athena_names_.size(); ++i) {
    if (athena_names_[i] != wanted) continue;
    if (found) return Status::Invalid("column \"", name, "\" could be \"", schema_.fields[*found].name, "\" or \"", schema_.fields[i].name, "\"");
    found = i;
  }
  if (!found) return Status::NotFound("column \"", name, "\" is not in the table");
  LogicalColumn column{schema_.fields[*found].name, schema_.fields[*found].type, wire};
  column.form = FormOf(&column);
  if (column.form == ColumnForm::kOther) {
    return Status::Invalid("column \"", name, "\" is ", column.type.ToString(), ", which does not travel as ", wire.ToString());
  }
  return column;
}

}  // namespace lotic::athena
