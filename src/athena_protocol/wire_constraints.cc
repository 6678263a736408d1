// SPDX-License-Identifier: Apache-2.0
// Constraints of ours as a message carries them: the client's side.
#include <algorithm>

#include "athena_protocol/logical_expression.h"
#include "athena_protocol/predicate.h"
#include "athena_protocol/zone_key.h"

namespace lotic::athena {
namespace {

/// A list up to here travels as ranges of one value, the form that every connector knows and engines send; a longer one as one block of values.
constexpr size_t kMaxListAsRanges = 64;

const Marker kUnboundedLow{{}, Bound::kAbove};
const Marker kUnboundedHigh{{}, Bound::kBelow};

bool IsZoned(const WireType& type) { return type.kind == WireKind::kTimestamp && type.timezone.has_value(); }

bool FitsWidth(const WireType& type, int64_t value) {
  const int bits = type.kind == WireKind::kInt ? type.bit_width : type.kind == WireKind::kDate && type.unit == WireUnit::kDay ? 32 : 64;
  return bits == 64 || (value >= -(int64_t{1} << (bits - 1)) && value < int64_t{1} << (bits - 1));
}

// A value of the column's logical type as the wire's, packed with UTC where it has a zone.
Result<Scalar> ToWireValue(const WireType& type, const Scalar& value) {
  const auto misfit = [&] { return Status::Invalid("a value that ", type.ToString(), " cannot hold"); };
  if (IsNull(value)) return value;
  switch (type.kind) {
    case WireKind::kBool: return std::holds_alternative<bool>(value) ? Result<Scalar>(value) : misfit();
    case WireKind::kFloat: return std::holds_alternative<double>(value) ? Result<Scalar>(value) : misfit();
    case WireKind::kDecimal: return std::holds_alternative<Int128>(value) ? Result<Scalar>(value) : misfit();
    case WireKind::kUtf8:
    case WireKind::kBinary: return std::holds_alternative<std::string>(value) ? Result<Scalar>(value) : misfit();
    case WireKind::kInt:
    case WireKind::kDate:
    case WireKind::kTimestamp: break;
    default: return misfit();
  }
  const int64_t* number = std::get_if<int64_t>(&value);
  if (number == nullptr || !FitsWidth(type, *number)) return misfit();
  if (!IsZoned(type)) return value;
  if (type.unit != WireUnit::kMilli) return Status::Invalid(type.ToString(), " cannot be compared by Athena's connectors");
  LOTIC_ASSIGN_OR_RETURN(const int64_t packed, PackZoned(*number, 0));
  return Scalar(packed);
}

// The SDK also orders values of one instant by their zones: from v on (UTC) leaves out the v of western zones. A bound that takes v therefore travels as
// "above v - 1 ms" or "below v + 1 ms": with it come at most rows that the caller's own filter drops.
Result<Marker> LowMarker(const WireType& type, const ValueRange& range) {
  if (!range.low) return kUnboundedLow;
  LOTIC_ASSIGN_OR_RETURN(Scalar value, ToWireValue(type, *range.low));
  if (!IsZoned(type)) return Marker{std::move(value), range.low_inclusive ? Bound::kExactly : Bound::kAbove};
  const int64_t millis = std::get<int64_t>(*range.low);
  if (!range.low_inclusive) return Marker{std::move(value), Bound::kAbove};
  if (millis == kMinPackableMs) return kUnboundedLow;
  return Marker{(millis - 1) * (int64_t{1} << kZoneBits), Bound::kAbove};
}
Result<Marker> HighMarker(const WireType& type, const ValueRange& range) {
  if (!range.high) return kUnboundedHigh;
  LOTIC_ASSIGN_OR_RETURN(Scalar value, ToWireValue(type, *range.high));
  if (!IsZoned(type)) return Marker{std::move(value), range.high_inclusive ? Bound::kExactly : Bound::kBelow};
  const int64_t millis = std::get<int64_t>(*range.high);
  if (!range.high_inclusive) return Marker{std::move(value), Bound::kBelow};
  if (millis == kMaxPackableMs) return kUnboundedHigh;
  return Marker{(millis + 1) * (int64_t{1} << kZoneBits), Bound::kBelow};
}

// The values between those of a sorted list.
std::vector<ValueRange> GapsOf(const std::vector<Scalar>& values) {
  std::vector<ValueRange> gaps(1);
  for (const Scalar& value : values) {
    gaps.back().high = value;
    gaps.back().high_inclusive = false;
    gaps.push_back({value, false, std::nullopt, true});
  }
  return gaps;
}

Result<WireValueSet> ToWireSet(const WireType& type, const ValueSet& set) {
  WireValueSet out;
  out.type = type;
  out.null_allowed = set.null_allowed;
  const bool nested = type.kind == WireKind::kList || type.kind == WireKind::kStruct || type.kind == WireKind::kMap;
  if (nested) {
    if (set.kind != ValueSet::Kind::kAll && set.kind != ValueSet::Kind::kNone) return Status::Invalid("values of ", type.ToString(), " have no order");
    out.kind = WireValueSet::Kind::kAllOrNone;
    out.all = set.kind == ValueSet::Kind::kAll;
    return out;
  }
  std::vector<ValueRange> ranges = set.ranges;
  switch (set.kind) {
    case ValueSet::Kind::kAll: ranges.assign(1, {}); break;
    case ValueSet::Kind::kNone:
    case ValueSet::Kind::kRanges: break;
    case ValueSet::Kind::kListed:
    case ValueSet::Kind::kUnlisted:
      if (set.values.size() > kMaxListAsRanges && !IsZoned(type)) {
        out.kind = WireValueSet::Kind::kEquatable;
        out.white_list = set.kind == ValueSet::Kind::kListed;
        for (const Scalar& value : set.values) {
          LOTIC_ASSIGN_OR_RETURN(Scalar wire, ToWireValue(type, value));
          out.values.push_back(std::move(wire));
        }
        return out;
      }
      if (set.kind == ValueSet::Kind::kListed) {
        for (const Scalar& value : set.values) ranges.push_back({value, true, value, true});
      } else {
        std::vector<Scalar> sorted = set.values;
        std::sort(sorted.begin(), sorted.end(), [&](const Scalar& a, const Scalar& b) {
          return IsZoned(type) ? std::get<int64_t>(a) < std::get<int64_t>(b) : CompareWireValues(type, a, b) < 0;
        });
        ranges = GapsOf(sorted);
      }
      break;
  }
  for (const ValueRange& range : ranges) {
    LOTIC_ASSIGN_OR_RETURN(Marker low, LowMarker(type, range));
    LOTIC_ASSIGN_OR_RETURN(Marker high, HighMarker(type, range));
    out.ranges.push_back({std::move(low), std::move(high)});
  }
  LOTIC_RETURN_NOT_OK(NormalizeWireValueSet(&out));
  return out;
}

// The wire type of a constant or a result; columns have theirs from the table.
Result<WireType> WireTypeOf(const Type& type) {
  Schema schema{{Field{"value", type}}};
  LOTIC_ASSIGN_OR_RETURN(const WireSchema wire, AthenaSchema(schema));
  LOTIC_ASSIGN_OR_RETURN(const Schema back, LogicalSchema(wire));
  if (!(back.fields[0].type == type)) return Status::Invalid("a constant of ", type.ToString(), " cannot travel as ", wire.fields[0].type.ToString());
  return wire.fields[0].type;
}

constexpr int kMaxExpressionDepth = 128;

Result<WireExpression> ToWireExpression(const Expression& expression, const WireSchema& table, int depth) {
  if (depth > kMaxExpressionDepth) return Status::CapacityError("expression: nested deeper than ", kMaxExpressionDepth);
  WireExpression out;
  if (expression.kind == Expression::Kind::kColumn) {
    const std::optional<size_t> index = table.IndexOf(expression.name);
    if (!index) return Status::Invalid("expression: the table has no column \"", expression.name, "\"");
    out.kind = WireExpression::Kind::kVariable;
    out.name = expression.name;
    out.type = table.fields[*index].type;
    return out;
  }
  LOTIC_ASSIGN_OR_RETURN(out.type, WireTypeOf(expression.type));
  if (expression.kind == Expression::Kind::kConstant) {
    LOTIC_ASSIGN_OR_RETURN(Scalar value, ToWireValue(out.type, expression.constant));
    out.constants.push_back(std::move(value));
    return out;
  }
  out.kind = WireExpression::Kind::kFunctionCall;
  for (const Expression& arg : expression.args) {
    LOTIC_ASSIGN_OR_RETURN(WireExpression translated, ToWireExpression(arg, table, depth + 1));
    out.args.push_back(std::move(translated));
  }
  const auto wrap = [&](std::string_view name, WireType type, std::vector<WireExpression> args) {
    return WireExpression{WireExpression::Kind::kFunctionCall, std::move(type), std::string(name), std::move(args), {}, false};
  };
  if (expression.name == "in" && out.args.size() >= 2) {
    std::vector<WireExpression> items(std::make_move_iterator(out.args.begin() + 1), std::make_move_iterator(out.args.end()));
    WireExpression first = std::move(out.args[0]);
    return wrap("$in", out.type, {std::move(first), wrap(kArrayFunction, WireType{WireKind::kList}, std::move(items))});
  }
  if (expression.name == "is_not_distinct_from") return wrap("$not", out.type, {wrap("$is_distinct_from", out.type, std::move(out.args))});
  const auto* function =
      std::find_if(std::begin(kFunctionNames), std::end(kFunctionNames), [&](const FunctionName& known) { return known.logical == expression.name; });
  if (function == std::end(kFunctionNames)) return Status::Invalid("expression: function \"", expression.name, "\" has no name in the federation protocol");
  out.name = function->wire;
  return out;
}

}  // namespace

Result<WireConstraints> ToWireConstraints(const Constraints& constraints, const WireSchema& table) {
  WireConstraints out;
  for (const auto& [name, set] : constraints.columns) {
    const std::optional<size_t> index = table.IndexOf(name);
    if (!index) return Status::Invalid("constraint on column \"", name, "\": the table has no such column");
    Result<WireValueSet> wire = ToWireSet(table.fields[*index].type, set);
    if (!wire.ok()) return wire.status().WithMessage("constraint on column \"", name, "\": ", wire.status().message());
    out.summary.emplace_back(name, std::move(*wire));
  }
  for (const Expression& expression : constraints.expressions) {
    LOTIC_ASSIGN_OR_RETURN(WireExpression wire, ToWireExpression(expression, table, 0));
    out.expressions.push_back(std::move(wire));
  }
  return out;
}

}  // namespace lotic::athena
