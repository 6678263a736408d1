// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/pushed_expressions.h"

#include <algorithm>

#include "athena_protocol/predicate.h"
#include "lotic/constraints.h"

namespace lotic::cli {
namespace {

Expression Constant(const Type& type, Scalar value) { return {Expression::Kind::kConstant, type, std::move(value), "", {}}; }
Expression Variable(const Field& column) { return {Expression::Kind::kColumn, column.type, {}, column.name, {}}; }
Expression Call(std::string name, const Type& type, std::vector<Expression> args) {
  return {Expression::Kind::kCall, type, {}, std::move(name), std::move(args)};
}
Expression Condition(std::string name, std::vector<Expression> args) { return Call(std::move(name), Type::Bool(), std::move(args)); }

// Types whose values mean the same here and in every engine: no floats, no times.
bool IsPlain(const Type& type) {
  switch (type.id()) {
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kString:
    case TypeId::kDecimal128:
    case TypeId::kDate: return true;
    default: return false;
  }
}

/// A column, a value of it, and another one.
struct Sample {
  const Field& column;
  Scalar value;
  Scalar other;
};

constexpr int64_t kSmall = 1'000'000'000;  // sums and products with small numbers stay inside 32 bits' range by far, or in 64

// Conditions in which `function` stands, the simplest first.
std::vector<Expression> CandidatesFor(const std::string& function, const Sample& sample) {
  const Expression column = Variable(sample.column);
  const Type& type = sample.column.type;
  const Expression value = Constant(type, sample.value), other = Constant(type, sample.other);
  const std::vector<Expression> plain = {Condition("equal", {column, value}), Condition("less_than", {column, value}),
                                         Condition("greater_than_or_equal", {column, value}), Condition("is_null", {column})};
  for (const char* comparison : {"equal", "not_equal", "less_than", "less_than_or_equal", "greater_than", "greater_than_or_equal", "is_distinct_from"}) {
    if (function == std::string("$") + comparison) return {Condition(comparison, {column, value})};
  }
  if (function == "$is_null") return {Condition("is_null", {column})};
  if (function == "$in" || function == "$array") return {Condition("in", {column, value, other})};
  std::vector<Expression> candidates;
  if (function == "$not") {
    for (const Expression& condition : plain) candidates.push_back(Condition("not", {condition}));
  }
  if (function == "$and" || function == "$or") {
    for (const Expression& first : plain) {
      for (const char* second : {"equal", "less_than", "greater_than_or_equal"})
        candidates.push_back(Condition(function.substr(1), {first, Condition(second, {column, other})}));
    }
  }
  if (function == "$like_pattern" && type.id() == TypeId::kString) {
    const std::string& text = std::get<std::string>(sample.value);
    for (const size_t length : {size_t{1}, text.size() / 2, text.size()}) {
      const std::string start = text.substr(0, length);
      const bool plain_text = std::all_of(start.begin(), start.end(), [](char c) { return c > ' ' && c < 0x7F && c != '%' && c != '_' && c != '\\'; });
      if (plain_text && !start.empty()) candidates.push_back(Condition("like", {column, Constant(type, start + "%")}));
    }
  }
  if (function == "$nullif") {
    const Expression call = Call("nullif", type, {column, value});
    candidates = {Condition("is_null", {call}), Condition("equal", {call, other}), Condition("greater_than_or_equal", {call, other})};
  }
  const int64_t* number = std::get_if<int64_t>(&sample.value);
  if (number == nullptr || type.id() == TypeId::kDate || *number > kSmall || *number < -kSmall) return candidates;
  const auto equals = [&](const char* name, std::vector<Expression> args, int64_t result) {
    const Expression call = Call(name, type, std::move(args));
    for (const char* comparison : {"equal", "less_than", "greater_than_or_equal"})
      candidates.push_back(Condition(comparison, {call, Constant(type, Scalar(result))}));
  };
  const Expression two = Constant(type, Scalar(int64_t{2}));
  if (function == "$add") equals("add", {column, two}, *number + 2);
  if (function == "$subtract") equals("subtract", {column, two}, *number - 2);
  if (function == "$multiply" && type.id() == TypeId::kInt64) equals("multiply", {column, two}, *number * 2);
  if (function == "$divide") equals("divide", {column, two}, *number / 2);
  if (function == "$modulus") equals("modulus", {column, two}, *number % 2);
  if (function == "$negate") equals("negate", {column}, -*number);
  return candidates;
}

// Whether only what is promised stands in it, and `function` does.
bool Uses(const athena::WireExpression& expression, const std::string& function, const std::vector<std::string>& promised, bool* found) {
  if (expression.kind != athena::WireExpression::Kind::kFunctionCall) return true;
  if (std::find(promised.begin(), promised.end(), expression.name) == promised.end()) return false;
  *found = *found || expression.name == function;
  return std::all_of(expression.args.begin(), expression.args.end(), [&](const athena::WireExpression& arg) { return Uses(arg, function, promised, found); });
}

std::optional<PushedExpression> Pushed(const Expression& condition, const std::string& function, const std::vector<std::string>& promised,
                                       const athena::WireSchema& table, const std::vector<Batch>& rows) {
  const Constraints constraints{{}, {condition}};
  Result<athena::WireConstraints> wire = athena::ToWireConstraints(constraints, table);
  bool found = false;
  if (!wire.ok() || wire->expressions.size() != 1 || !Uses(wire->expressions[0], function, promised, &found) || !found) return std::nullopt;
  PushedExpression pushed{std::move(wire->expressions[0]), condition.ToString(), {}};
  for (const Batch& batch : rows) {
    std::vector<uint8_t> keep;
    if (!EvaluateConstraints(constraints, CompareOptions(), batch, &keep).ok()) return std::nullopt;  // overflows: another column
    pushed.keep.insert(pushed.keep.end(), keep.begin(), keep.end());
  }
  const auto kept = static_cast<size_t>(std::count_if(pushed.keep.begin(), pushed.keep.end(), [](uint8_t flag) { return flag != 0; }));
  if (kept == 0 || kept == pushed.keep.size()) return std::nullopt;
  return pushed;
}

}  // namespace

std::vector<std::string> PromisedFunctions(const std::vector<std::pair<std::string, std::vector<athena::Capability>>>& capabilities) {
  std::vector<std::string> functions;
  for (const auto& [name, entries] : capabilities) {
    if (name != "supports_complex_expression_pushdown") continue;
    for (const athena::Capability& entry : entries) functions.insert(functions.end(), entry.properties.begin(), entry.properties.end());
  }
  return functions;
}

std::optional<PushedExpression> ExpressionFor(const std::string& function, const std::vector<std::string>& promised, const athena::WireSchema& table,
                                              const Schema& logical, const std::vector<Batch>& rows) {
  for (size_t c = 0; c < logical.fields.size(); ++c) {
    if (!IsPlain(logical.fields[c].type)) continue;
    std::vector<Scalar> values;
    for (const Batch& batch : rows) {
      const std::optional<size_t> index = batch.schema().IndexOf(logical.fields[c].name);
      if (!index) continue;
      for (int64_t row = 0; row < batch.num_rows(); ++row) {
        Scalar value = ScalarAt(batch.column(*index), row);
        if (!IsNull(value)) values.push_back(std::move(value));
      }
    }
    if (values.empty()) continue;
    const auto& middle = values[values.size() / 2];
    const auto other = std::find_if(values.begin(), values.end(), [&](const Scalar& value) { return !(value == middle); });
    const Sample sample{logical.fields[c], middle, other == values.end() ? middle : *other};
    for (const Expression& condition : CandidatesFor(function, sample)) {
      std::optional<PushedExpression> pushed = Pushed(condition, function, promised, table, rows);
      if (pushed) return pushed;
    }
  }
  return std::nullopt;
}

}  // namespace lotic::cli
