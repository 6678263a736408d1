// SPDX-License-Identifier: Apache-2.0
#include "scan/expression.h"

#include <algorithm>
#include <cmath>

namespace lotic {
namespace {

constexpr int kMaxDepth = 128;

enum class Kind { kLogic, kNot, kIsNull, kCompare, kDistinct, kIn, kLike, kArithmetic, kNegate, kNullIf };

struct Function {
  std::string_view name;
  Kind kind;
  size_t min_args, max_args;
};
constexpr size_t kMany = 10000;
constexpr Function kFunctions[] = {
    {"and", Kind::kLogic, 1, kMany},
    {"or", Kind::kLogic, 1, kMany},
    {"not", Kind::kNot, 1, 1},
    {"is_null", Kind::kIsNull, 1, 1},
    {"equal", Kind::kCompare, 2, 2},
    {"not_equal", Kind::kCompare, 2, 2},
    {"less_than", Kind::kCompare, 2, 2},
    {"less_than_or_equal", Kind::kCompare, 2, 2},
    {"greater_than", Kind::kCompare, 2, 2},
    {"greater_than_or_equal", Kind::kCompare, 2, 2},
    {"is_distinct_from", Kind::kDistinct, 2, 2},
    {"is_not_distinct_from", Kind::kDistinct, 2, 2},
    {"in", Kind::kIn, 2, kMany},
    {"like", Kind::kLike, 2, 2},
    {"add", Kind::kArithmetic, 2, 2},
    {"subtract", Kind::kArithmetic, 2, 2},
    {"multiply", Kind::kArithmetic, 2, 2},
    {"divide", Kind::kArithmetic, 2, 2},
    {"modulus", Kind::kArithmetic, 2, 2},
    {"negate", Kind::kNegate, 1, 1},
    {"nullif", Kind::kNullIf, 2, 2},
};

const Function* FindFunction(std::string_view name) {
  for (const Function& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

bool IsNumber(const Type& type) { return type.is_integer() || type.id() == TypeId::kFloat32 || type.id() == TypeId::kFloat64; }

Status Check(const Expression& expression, const Schema& schema, int depth) {
  if (depth > kMaxDepth) return Status::CapacityError("expression: nested deeper than ", kMaxDepth);
  if (expression.type.is_nested()) return Status::Invalid("expression ", expression.ToString(), ": nested values are not supported");
  if (expression.kind == Expression::Kind::kConstant) return Status::OK();
  if (expression.kind == Expression::Kind::kColumn) {
    const std::optional<size_t> index = schema.IndexOf(expression.name);
    if (!index) return Status::Invalid("expression: no column \"", expression.name, "\"");
    if (!(schema.fields[*index].type == expression.type)) {
      return Status::Invalid("expression: column \"", expression.name, "\" is ", schema.fields[*index].type.ToString(), ", not ", expression.type.ToString());
    }
    return Status::OK();
  }
  const Function* function = FindFunction(expression.name);
  if (function == nullptr) return Status::Invalid("expression: unknown function \"", expression.name, "\"");
  const size_t count = expression.args.size();
  if (count < function->min_args || count > function->max_args) {
    return Status::Invalid("expression: ", expression.name, " with ", count, " arguments");
  }
  for (const Expression& arg : expression.args) LOTIC_RETURN_NOT_OK(Check(arg, schema, depth + 1));
  const Type& first = expression.args[0].type;
  const auto all_args = [&](auto&& fits) { return std::all_of(expression.args.begin(), expression.args.end(), fits); };
  bool fits = true;
  switch (function->kind) {
    case Kind::kLogic:
    case Kind::kNot: fits = all_args([](const Expression& arg) { return arg.type.id() == TypeId::kBool; }); break;
    case Kind::kIsNull: break;
    case Kind::kLike: fits = all_args([](const Expression& arg) { return arg.type.id() == TypeId::kString; }); break;
    case Kind::kArithmetic:
    case Kind::kNegate: fits = IsNumber(first) && expression.type == first && all_args([&](const Expression& arg) { return arg.type == first; }); break;
    default: fits = all_args([&](const Expression& arg) { return arg.type == first; }); break;
  }
  if (!fits) return Status::Invalid("expression ", expression.ToString(), ": the types of the arguments do not fit");
  const bool boolean = function->kind != Kind::kArithmetic && function->kind != Kind::kNegate && function->kind != Kind::kNullIf;
  if (boolean && expression.type.id() != TypeId::kBool) {
    return Status::Invalid("expression ", expression.ToString(), ": said to be ", expression.type.ToString(), ", is BOOLEAN");
  }
  if (function->kind == Kind::kNullIf && !(expression.type == first)) {
    return Status::Invalid("expression ", expression.ToString(), ": said to be ", expression.type.ToString());
  }
  return Status::OK();
}

// SQL's LIKE over bytes of UTF-8: % any run, _ one code point. Greedy with one point to come back to: linear in practice, no recursion.
bool Like(std::string_view text, std::string_view pattern) {
  size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
  const auto next = [&](size_t at) {
    ++at;
    while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80) ++at;
    return at;
  };
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t = next(t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      mark = next(mark);
      t = mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

template <typename T>
bool IntegerArithmetic(std::string_view name, T a, T b, T* out) {
  if (name == "add") return !__builtin_add_overflow(a, b, out);
  if (name == "subtract") return !__builtin_sub_overflow(a, b, out);
  if (name == "multiply") return !__builtin_mul_overflow(a, b, out);
  if (b == 0) return false;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) {  // the one quotient that does not fit
      if (name == "modulus") return *out = 0, true;
      return !__builtin_sub_overflow(T{0}, a, out);
    }
  }
  *out = name == "divide" ? a / b : a % b;
  return true;
}

bool FitsWidth(const Type& type, const Scalar& value) {
  const int bits = type.byte_width() * 8;
  if (bits == 64) return true;
  if (type.is_unsigned()) return std::get<uint64_t>(value) >> bits == 0;
  const int64_t number = std::get<int64_t>(value);
  return number >= -(int64_t{1} << (bits - 1)) && number < int64_t{1} << (bits - 1);
}

Result<Scalar> Arithmetic(const Expression& expression, const Scalar& a, const Scalar& b) {
  Scalar out;
  bool ok = true;
  if (std::holds_alternative<double>(a)) {
    const double x = std::get<double>(a), y = std::get<double>(b);
    const double result = expression.name == "add"        ? x + y
                          : expression.name == "subtract" ? x - y
                          : expression.name == "multiply" ? x * y
                          : expression.name == "divide"   ? x / y
                                                          : std::fmod(x, y);
    out = expression.type.id() == TypeId::kFloat32 ? static_cast<double>(static_cast<float>(result)) : result;
  } else if (std::holds_alternative<uint64_t>(a)) {
    uint64_t result = 0;
    ok = IntegerArithmetic(expression.name, std::get<uint64_t>(a), std::get<uint64_t>(b), &result);
    out = result;
  } else {
    int64_t result = 0;
    ok = IntegerArithmetic(expression.name, std::get<int64_t>(a), std::get<int64_t>(b), &result);
    out = result;
  }
  if (ok && expression.type.is_integer()) ok = FitsWidth(expression.type, out);
  if (!ok) return Status::Invalid("expression ", expression.ToString(), ": overflow or division by zero");
  return out;
}

bool CompareHolds(std::string_view name, int order) {
  if (name == "equal") return order == 0;
  if (name == "not_equal") return order != 0;
  if (name == "less_than") return order < 0;
  if (name == "less_than_or_equal") return order <= 0;
  if (name == "greater_than") return order > 0;
  return order >= 0;
}

}  // namespace

std::string Expression::ToString() const {
  if (kind == Kind::kConstant) return ScalarToString(type, constant);
  if (kind == Kind::kColumn) return '"' + name + '"';
  std::string out = name + "(";
  for (const Expression& arg : args) out += (out.back() == '(' ? "" : ", ") + arg.ToString();
  return out + ")";
}

Status CheckExpression(const Expression& expression, const Schema& schema) {
  LOTIC_RETURN_NOT_OK(Check(expression, schema, 0));
  if (expression.type.id() != TypeId::kBool) return Status::Invalid("expression ", expression.ToString(), ": not a condition");
  return Status::OK();
}

Result<Scalar> EvaluateExpression(const Expression& expression, const CompareOptions& options, const Batch& batch, int64_t row) {
  if (expression.kind == Expression::Kind::kConstant) return expression.constant;
  if (expression.kind == Expression::Kind::kColumn) return ScalarAt(batch.column(*batch.schema().IndexOf(expression.name)), row);
  const Function& function = *FindFunction(expression.name);
  const auto evaluate = [&](size_t index) { return EvaluateExpression(expression.args[index], options, batch, row); };
  const Type& type = expression.args[0].type;
  if (function.kind == Kind::kLogic) {
    const bool decisive = expression.name == "or";  // one true decides OR, one false decides AND
    bool unknown = false;
    for (size_t i = 0; i < expression.args.size(); ++i) {
      LOTIC_ASSIGN_OR_RETURN(const Scalar value, evaluate(i));
      if (IsNull(value)) {
        unknown = true;
      } else if (std::get<bool>(value) == decisive) {
        return Scalar(decisive);
      }
    }
    return unknown ? Scalar() : Scalar(!decisive);
  }
  LOTIC_ASSIGN_OR_RETURN(const Scalar first, evaluate(0));
  if (function.kind == Kind::kIsNull) return Scalar(IsNull(first));
  if (function.kind == Kind::kNot) return IsNull(first) ? Scalar() : Scalar(!std::get<bool>(first));
  if (function.kind == Kind::kNegate) {
    if (IsNull(first)) return first;
    if (std::holds_alternative<double>(first)) return Scalar(-std::get<double>(first));
    return Arithmetic(Expression{Expression::Kind::kCall, expression.type, {}, "subtract", expression.args},
                      std::holds_alternative<uint64_t>(first) ? Scalar(uint64_t{0}) : Scalar(int64_t{0}), first);
  }
  if (function.kind == Kind::kIn) {
    if (IsNull(first)) return Scalar();
    bool unknown = false;
    for (size_t i = 1; i < expression.args.size(); ++i) {
      LOTIC_ASSIGN_OR_RETURN(const Scalar value, evaluate(i));
      if (IsNull(value)) {
        unknown = true;
      } else if (CompareScalars(type, first, value, options) == 0) {
        return Scalar(true);
      }
    }
    return unknown ? Scalar() : Scalar(false);
  }
  LOTIC_ASSIGN_OR_RETURN(const Scalar second, evaluate(1));
  if (function.kind == Kind::kDistinct) {
    const bool distinct = IsNull(first) || IsNull(second) ? IsNull(first) != IsNull(second) : CompareScalars(type, first, second, options) != 0;
    return Scalar(distinct == (expression.name == "is_distinct_from"));
  }
  if (function.kind == Kind::kNullIf) {
    const bool equal = !IsNull(first) && !IsNull(second) && CompareScalars(type, first, second, options) == 0;
    return equal ? Scalar() : first;
  }
  if (IsNull(first) || IsNull(second)) return Scalar();
  if (function.kind == Kind::kLike) return Scalar(Like(std::get<std::string>(first), std::get<std::string>(second)));
  if (function.kind == Kind::kCompare) return Scalar(CompareHolds(expression.name, CompareScalars(type, first, second, options)));
  return Arithmetic(expression, first, second);
}

}  // namespace lotic
