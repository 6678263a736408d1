// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/logical_expression.h"

#include <algorithm>

#include "athena_protocol/zone_key.h"
#include "scan/expression.h"

namespace lotic::athena {
namespace {

constexpr int kMaxExpressionDepth = 128;

Expression Constant(Type type, Scalar value) { return {Expression::Kind::kConstant, std::move(type), std::move(value), "", {}}; }
Expression ColumnOf(const LogicalColumn& column) { return {Expression::Kind::kColumn, column.type, {}, column.name, {}}; }
Expression Call(std::string name, Type type, std::vector<Expression> args) {
  return {Expression::Kind::kCall, std::move(type), {}, std::move(name), std::move(args)};
}
Expression Condition(std::string name, std::vector<Expression> args) { return Call(std::move(name), Type::Bool(), std::move(args)); }

// What `a OP b` is when the sides change places.
std::string_view Mirrored(std::string_view name) {
  if (name == "less_than") return "greater_than";
  if (name == "less_than_or_equal") return "greater_than_or_equal";
  if (name == "greater_than") return "less_than";
  if (name == "greater_than_or_equal") return "less_than_or_equal";
  return name;
}

bool IsComparison(std::string_view name) {
  return name == "equal" || name == "not_equal" || name == "is_distinct_from" || name.starts_with("less_than") || name.starts_with("greater_than");
}

// The column in a range of its own values; NULL where it is NULL, also if the range holds nothing or everything.
Expression InRange(const LogicalColumn& column, const WholeRange& range) {
  const Expression value = ColumnOf(column);
  const WholeRange limits = column.Limits();
  if (range.empty()) return Condition("not_equal", {value, value});
  const auto bound = [&](const char* name, Int128 number) { return Condition(name, {value, Constant(column.type, column.ScalarOf(number))}); };
  if (range.low == range.high) return bound("equal", range.low);
  const bool has_low = range.low > limits.low, has_high = range.high < limits.high;
  if (has_low && has_high) return Condition("and", {bound("greater_than_or_equal", range.low), bound("less_than_or_equal", range.high)});
  if (has_low) return bound("greater_than_or_equal", range.low);
  if (has_high) return bound("less_than_or_equal", range.high);
  return Condition("equal", {value, value});
}

class Translator {
 public:
  explicit Translator(const LogicalColumns& columns) : columns_(columns) {}

  Result<Expression> Translate(const WireExpression& expression, int depth) const {
    if (depth > kMaxExpressionDepth) return Status::CapacityError("nested deeper than ", kMaxExpressionDepth);
    switch (expression.kind) {
      case WireExpression::Kind::kConstant: {
        if (expression.constants.size() != 1) return Status::Invalid("a constant of ", expression.constants.size(), " values where one is expected");
        return ConstantOf(expression.type, expression.constants[0]);
      }
      case WireExpression::Kind::kVariable: {
        LOTIC_ASSIGN_OR_RETURN(const LogicalColumn column, columns_.Find(expression.name, expression.type));
        if (column.form == ColumnForm::kWhole && !IsPlain(column)) {
          return Status::Invalid("column \"", expression.name, "\" of ", column.type.ToString(), " travels as ", expression.type.ToString(),
                                 " and can only be compared with constants");
        }
        return ColumnOf(column);
      }
      case WireExpression::Kind::kFunctionCall: return TranslateCall(expression, depth);
    }
    return Status::Invalid("no expression");
  }

 private:
  // Whether the column's values, and constants of the message's type, are of one logical type.
  static bool IsPlain(const LogicalColumn& column) {
    return column.is_identity() && (column.wire.kind != WireKind::kInt || column.wire.bit_width == column.type.byte_width() * 8);
  }

  static Result<Expression> ConstantOf(const WireType& type, const Scalar& value) {
    LOTIC_ASSIGN_OR_RETURN(const Schema schema, LogicalSchema({{WireField{"", true, type}}}));
    if (schema.fields[0].type.is_nested()) return Status::Invalid("a constant of ", type.ToString());
    const bool packed = type.kind == WireKind::kTimestamp && type.timezone && type.unit == WireUnit::kMilli && !IsNull(value);
    return Constant(schema.fields[0].type, packed ? Scalar(MillisOfPacked(std::get<int64_t>(value))) : value);
  }

  // Whether values of both types count the same; the zone of a packed timestamp's type says nothing.
  static bool SameValues(const WireType& a, const WireType& b) {
    return a == b || (a.kind == WireKind::kTimestamp && b.kind == WireKind::kTimestamp && a.unit == b.unit && a.timezone && b.timezone);
  }

  // The values a constant, or an array of constants, lists; false if it is anything else, or of another type.
  static bool ListOf(const WireExpression& expression, const WireType& type, std::vector<Scalar>* out) {
    if (expression.kind == WireExpression::Kind::kConstant) {
      out->insert(out->end(), expression.constants.begin(), expression.constants.end());
      return !expression.constants.empty() && SameValues(expression.type, type);
    }
    return expression.name == kArrayFunction && expression.kind == WireExpression::Kind::kFunctionCall &&
           std::all_of(expression.args.begin(), expression.args.end(),
                       [&](const WireExpression& arg) { return arg.kind == WireExpression::Kind::kConstant && ListOf(arg, type, out); });
  }

  // A variable whose values differ from the message's by rounding or width.
  Result<std::optional<LogicalColumn>> RoundedColumn(const WireExpression& expression) const {
    if (expression.kind != WireExpression::Kind::kVariable) return std::optional<LogicalColumn>();
    LOTIC_ASSIGN_OR_RETURN(LogicalColumn column, columns_.Find(expression.name, expression.type));
    if (column.form != ColumnForm::kWhole || IsPlain(column)) return std::optional<LogicalColumn>();
    return std::optional<LogicalColumn>(std::move(column));
  }

  // `value` is of a type that the column travels as.
  static Result<Expression> CompareRounded(std::string_view name, const LogicalColumn& column, const Scalar& value) {
    const Expression is_null = Condition("is_null", {ColumnOf(column)});
    if (IsNull(value)) {
      if (name == "is_distinct_from") return Condition("not", {is_null});
      return Constant(Type::Bool(), {});
    }
    if (!std::holds_alternative<int64_t>(value) && !std::holds_alternative<Int128>(value))
      return Status::Invalid("a constant of another type than its column \"", column.name, "\"");
    const Int128 number = column.WholeOf(value);
    constexpr Int128 kFar = Int128{1} << 100;
    WholeRange range{number, number};
    if (name.starts_with("less_than")) range = {-kFar, name == "less_than" ? number - 1 : number};
    if (name.starts_with("greater_than")) range = {name == "greater_than" ? number + 1 : number, kFar};
    Expression inside = InRange(column, column.ToColumn(range));
    if (name == "not_equal") return Condition("not", {std::move(inside)});
    if (name == "is_distinct_from") return Condition("or", {is_null, Condition("not", {std::move(inside)})});
    return inside;
  }

  Result<Expression> TranslateIn(const WireExpression& call, int depth) const {
    if (call.args.size() != 2) return Status::Invalid("$in with ", call.args.size(), " arguments");
    LOTIC_ASSIGN_OR_RETURN(const std::optional<LogicalColumn> rounded, RoundedColumn(call.args[0]));
    const WireExpression& list = call.args[1];
    std::vector<Scalar> values;
    const bool constant = ListOf(list, call.args[0].type, &values);
    if (rounded) {
      if (!constant || values.empty()) return Status::Invalid("$in on column \"", call.args[0].name, "\" with a list that is not constant");
      std::vector<Expression> either;
      for (const Scalar& value : values) {
        LOTIC_ASSIGN_OR_RETURN(Expression equal, CompareRounded("equal", *rounded, value));
        either.push_back(std::move(equal));
      }
      return Condition("or", std::move(either));
    }
    LOTIC_ASSIGN_OR_RETURN(Expression first, Translate(call.args[0], depth + 1));
    std::vector<Expression> args{std::move(first)};
    if (list.kind == WireExpression::Kind::kConstant) {
      for (const Scalar& value : list.constants) {
        LOTIC_ASSIGN_OR_RETURN(Expression item, ConstantOf(list.type, value));
        args.push_back(std::move(item));
      }
    } else if (list.kind == WireExpression::Kind::kFunctionCall && list.name == kArrayFunction) {
      for (const WireExpression& item : list.args) {
        if (item.kind == WireExpression::Kind::kConstant) {
          for (const Scalar& value : item.constants) {
            LOTIC_ASSIGN_OR_RETURN(Expression one, ConstantOf(item.type, value));
            args.push_back(std::move(one));
          }
          continue;
        }
        LOTIC_ASSIGN_OR_RETURN(Expression one, Translate(item, depth + 1));
        args.push_back(std::move(one));
      }
    } else {
      return Status::Invalid("$in with a list that is neither ", kArrayFunction, " nor constant");
    }
    return Condition("in", std::move(args));
  }

  Result<Expression> TranslateCall(const WireExpression& call, int depth) const {
    const auto* function =
        std::find_if(std::begin(kFunctionNames), std::end(kFunctionNames), [&](const FunctionName& known) { return known.wire == call.name; });
    if (function == std::end(kFunctionNames)) return Status::Invalid("function \"", call.name, "\" is not known");
    const std::string name(function->logical);
    if (name == "in") return TranslateIn(call, depth);
    if (IsComparison(name) && call.args.size() == 2) {
      for (const size_t side : {size_t{0}, size_t{1}}) {
        LOTIC_ASSIGN_OR_RETURN(const std::optional<LogicalColumn> rounded, RoundedColumn(call.args[side]));
        const WireExpression& other = call.args[1 - side];
        if (rounded && other.kind == WireExpression::Kind::kConstant && other.constants.size() == 1 && SameValues(other.type, call.args[side].type)) {
          return CompareRounded(side == 0 ? name : Mirrored(name), *rounded, other.constants[0]);
        }
      }
    }
    if (name == "is_null" && call.args.size() == 1) {
      LOTIC_ASSIGN_OR_RETURN(const std::optional<LogicalColumn> rounded, RoundedColumn(call.args[0]));
      if (rounded) return Condition("is_null", {ColumnOf(*rounded)});
    }
    std::vector<Expression> args;
    for (const WireExpression& arg : call.args) {
      LOTIC_ASSIGN_OR_RETURN(Expression translated, Translate(arg, depth + 1));
      args.push_back(std::move(translated));
    }
    LOTIC_ASSIGN_OR_RETURN(const Schema result, LogicalSchema({{WireField{"", true, call.type}}}));
    return Call(name, result.fields[0].type, std::move(args));
  }

  const LogicalColumns& columns_;
};

}  // namespace

Result<Expression> ToLogicalExpression(const WireExpression& expression, const LogicalColumns& columns) {
  LOTIC_ASSIGN_OR_RETURN(Expression translated, Translator(columns).Translate(expression, 0));
  LOTIC_RETURN_NOT_OK(CheckExpression(translated, columns.schema()));
  return translated;
}

}  // namespace lotic::athena
