// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql_translator.h"

#include <algorithm>

#include "catalog/pinot_sql_names.h"

namespace lotic::catalog {
namespace {

using Kind = PinotExpr::Kind;

/// Calls that are conditions: Filter() translates them.
bool IsCondition(std::string_view name) {
  static const std::set<std::string, std::less<>> names{"and",
                                                        "or",
                                                        "not",
                                                        "equals",
                                                        "not_equals",
                                                        "greater_than",
                                                        "greater_than_or_equal",
                                                        "less_than",
                                                        "less_than_or_equal",
                                                        "between",
                                                        "in",
                                                        "not_in",
                                                        "like",
                                                        "regexp_like",
                                                        "is_null",
                                                        "is_not_null",
                                                        "istrue",
                                                        "isfalse",
                                                        "isnottrue",
                                                        "isnotfalse",
                                                        "isdistinctfrom",
                                                        "isnotdistinctfrom",
                                                        "text_match",
                                                        "json_match",
                                                        "text_contains"};
  return names.contains(name);
}

std::string Shown(const PinotExpr& expr) {
  std::string text = PinotExprText(expr);
  if (text.size() > 200) text = text.substr(0, 200) + "…";
  return text;
}

/// What Pinot has for NULL of a type where nothing else is said.
std::string SqlDefault(PinotType type) {
  switch (type) {
    case PinotType::kInt: return SqlLong(INT32_MIN);
    case PinotType::kLong: return SqlLong(INT64_MIN);
    case PinotType::kFloat: return "CAST('-Infinity' AS FLOAT)";
    case PinotType::kDouble: return "CAST('-Infinity' AS DOUBLE)";
    case PinotType::kBoolean: return "FALSE";
    case PinotType::kTimestamp: return "CAST(0 AS BIGINT)";
    case PinotType::kBytes: return "CAST('' AS BLOB)";
    case PinotType::kBigDecimal: return "'0'";
    default: return "'null'";
  }
}

constexpr int kBigintBits = 62;  // magnitudes that BIGINT holds on both sides of zero

/// The n of the least 2^n that no magnitude of a whole number exceeds; 0: the value is none.
int Width(const PinotValue& value) {
  if (value.literal != nullptr && value.literal->kind == Kind::kLong) {
    const int64_t integer = value.literal->integer;
    return std::max(1, 64 - __builtin_clzll(static_cast<uint64_t>(integer < 0 ? ~integer : integer) | 1));
  }
  if (value.bits > 0) return value.bits;
  return value.type == PinotType::kInt ? 31 : value.type == PinotType::kLong || value.type == PinotType::kTimestamp ? 63 : 0;
}

}  // namespace

Status PinotTranslator::Visit() {
  if (++visited_ <= kMaxPinotTranslatedNodes) return Status::OK();
  return Status::CapacityError("translation takes more than ", kMaxPinotTranslatedNodes,
                               " steps: BETWEEN, IN with expressions and NULLIF read their first argument several times; nest them less")
      .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kQueryValidation));
}

Status PinotTranslator::Placed(const Status& status, const PinotExpr& call) {
  const auto* detail = dynamic_cast<const PinotErrorDetail*>(status.detail().get());
  if (detail == nullptr || !detail->of_value) return status;
  return Status(status.code(), status.message() + ": " + Shown(call), std::make_shared<PinotErrorDetail>(detail->code));
}

Status PinotTranslator::NeedNumbers(const PinotExpr& call, const PinotValue& array) {
  if (IsPinotNumber(array.type) || array.type == PinotType::kTimestamp || array.type == PinotType::kBoolean) return Status::OK();
  return PinotError(PinotErrorCode::kQueryValidation, call.text, " needs numbers, not ", PinotTypeName(array.type), ": ", Shown(call));
}

Status PinotTranslator::Need(const PinotExpr& call, size_t least, size_t most) const {
  if (call.args.size() >= least && call.args.size() <= most) return Status::OK();
  return PinotError(PinotErrorCode::kQueryValidation, call.text, " takes ",
                    least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most), " arguments, not ", call.args.size(), ": ",
                    Shown(call));
}

Result<std::string> PinotTranslator::TextLiteral(const PinotExpr& call, size_t index) const {
  const PinotExpr& arg = *call.args[index];
  if (!arg.is_literal() || arg.kind == Kind::kNull) {
    return PinotError(PinotErrorCode::kQueryValidation, "argument ", index + 1, " of ", call.text, " must be a literal, not ", Shown(arg));
  }
  return PinotLiteralText(arg);
}

Result<PinotExprPtr> PinotTranslator::Resolve(const PinotExprPtr& expr) {
  if (expr->kind == Kind::kName) {
    if (expr->text == "*") return expr;
    LOTIC_ASSIGN_OR_RETURN(const PinotColumn* column, scope_.Find(expr->text));
    return column->name == expr->text ? expr : PinotName(column->name, expr->at);
  }
  if (expr->kind != Kind::kCall) return expr;
  std::vector<PinotExprPtr> args;
  for (const PinotExprPtr& arg : expr->args) {
    LOTIC_ASSIGN_OR_RETURN(PinotExprPtr resolved, Resolve(arg));
    args.push_back(std::move(resolved));
  }
  return args == expr->args ? expr : PinotCall(expr->text, std::move(args), expr->at);
}

Result<PinotValue> PinotTranslator::Column(const PinotExpr& name) {
  if (name.text == "*") return PinotError(PinotErrorCode::kQueryValidation, "* stands for all columns in the SELECT list and in count(*) only");
  LOTIC_ASSIGN_OR_RETURN(const PinotColumn* column, scope_.Find(name.text));
  read_.insert(column->name);
  PinotValue value;
  value.type = column->type;
  value.array = column->array;
  value.column = column;
  value.sql = column->raw;
  if (column->epoch_ms) value.sql = column->array ? "list_transform(" + column->raw + ", lambda lotic_e: epoch_ms(lotic_e))" : "epoch_ms(" + column->raw + ")";
  if (nulls_ != PinotNulls::kSql && column->substitute != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(std::string constant, SqlConstant(*column->substitute, column->type));
    value.sql = "coalesce(" + value.sql + ", " + (column->array ? "[" + constant + "]" : constant) + ")";
  }
  return value;
}

Result<PinotValue> PinotTranslator::Value(const PinotExprPtr& expr) {
  LOTIC_RETURN_NOT_OK(Visit());
  if (grouped_ && !in_aggregate_) {
    if (const auto key = keys_.find(PinotExprText(*expr)); key != keys_.end()) return key->second;
  }
  switch (expr->kind) {
    case Kind::kName:
      if (grouped_ && !in_aggregate_) return PinotError(PinotErrorCode::kQueryValidation, "'", Shown(*expr), "' should appear in GROUP BY clause.");
      return Column(*expr);
    case Kind::kCall: {
      Result<PinotValue> made = Call(expr);
      if (!made.ok()) return Placed(made.status(), *expr);
      if (made->sql.size() > kMaxDuckDbSqlBytes) {
        return Status::CapacityError("the query grows beyond ", kMaxDuckDbSqlBytes, " bytes when it is translated: ", expr->text, "(…)")
            .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kQueryValidation));
      }
      return made;
    }
    default: return LiteralValue(expr);
  }
}

Result<PinotValue> PinotTranslator::Call(const PinotExprPtr& expr) {
  const PinotExpr& call = *expr;
  const std::string& name = call.text;
  if (name == "filter" || IsPinotAggregate(name)) {
    if (ingest_ || !grouped_ || in_aggregate_) {
      if ((name == "min" || name == "max") && call.args.size() == 2) return LeastGreatest(call);
      return PinotError(PinotErrorCode::kQueryValidation, "the aggregate ", Shown(call), " may not stand here");
    }
    if (name != "filter") {
      unfiltered_aggregate_ = true;
      return Aggregate(call, "");
    }
    if (call.args.size() != 2 || !IsPinotAggregate(call.args[0]->text) || call.args[0]->kind != Kind::kCall) {
      return PinotError(PinotErrorCode::kQueryValidation, "FILTER (WHERE …) stands behind an aggregate only: ", Shown(call));
    }
    in_aggregate_ = true;
    Result<std::string> condition = Filter(call.args[1]);
    in_aggregate_ = false;
    if (!condition.ok()) return condition.status();
    aggregate_filters_.insert(*condition);
    return Aggregate(*call.args[0], *condition);
  }
  if (IsCondition(name)) {
    LOTIC_ASSIGN_OR_RETURN(std::string condition, Filter(expr));
    PinotValue value;
    value.type = PinotType::kBoolean;
    value.sql = null_handling() ? "(" + condition + ")" : "coalesce((" + condition + "), FALSE)";
    return value;
  }
  if (name == "plus" || name == "minus" || name == "times" || name == "divide" || name == "mod" || name == "minusprefix" || name == "add" || name == "sub" ||
      name == "mult" || name == "div" || name == "abs") {
    return Arithmetic(call);
  }
  if (name == "case") return Case(call);
  if (name == "coalesce") return Coalesce(call);
  if (name == "nullif") {
    LOTIC_RETURN_NOT_OK(Need(call, 2, 2));
    return Case(*PinotCall("case", {PinotCall("equals", call.args, call.at), PinotNull(call.at), call.args[0]}, call.at));
  }
  if (name == "cast" || name == "trycast") return Cast(call, name == "trycast");
  if (name == "least" || name == "greatest") return LeastGreatest(call);
  if (name == "jsonextractscalar" || name == "jsonextractindex") return Json(call);
  if (name == "item") return Item(call);
  if (name == "regexpreplace") return RegexpReplace(call);
  if (name == "valuein") return ValueIn(call);
  if (name == "mapvalue") return MapValue(call);
  if (name == "datetrunc") return DateTrunc(call);
  if (name == "datetimeconvert") return DateTimeConvert(call);
  if (name == "timeconvert") return TimeConvert(call);
  if (name == "todatetime") return ToDateTime(call);
  if (name == "fromdatetime") return FromDateTime(call);
  if (name == "timestampadd" || name == "dateadd" || name == "timestampdiff" || name == "datediff") return TimestampAdd(call);
  if (name == "extract") return Extract(call);
  if (name == "now" || name == "ago") {
    return PinotError(PinotErrorCode::kQueryValidation, name,
                      "() is not the same when a record is read again, after a restart for instance: it has no place in a transform or filter of ingest");
  }
  if (name == "groovy") return PinotNotSupported(PinotErrorCode::kQueryValidation, "Groovy is not supported: write the expression with functions");
  const PinotFunction* function = FindPinotFunction(name, call.args.size());
  if (function != nullptr) return FromTable(call, *function);
  const std::vector<size_t> arities = PinotFunctionArities(name);
  if (!arities.empty()) {
    std::string takes;
    for (const size_t arity : arities) takes += (takes.empty() ? "" : " or ") + std::to_string(arity);
    return PinotError(PinotErrorCode::kQueryValidation, "Unsupported function: ", name, " with ", call.args.size(), " parameters; it takes ", takes);
  }
  std::vector<std::string> known = TablePinotFunctions();
  for (const std::string& special : SpecialPinotFunctions()) known.push_back(special);
  std::string message = "Unsupported function: " + name + " not found";
  const std::vector<std::string> nearest = NearestNames(name, known, 2);
  for (size_t i = 0; i < nearest.size(); ++i) message += (i == 0 ? "; did you mean " : ", ") + nearest[i];
  return PinotNotSupported(PinotErrorCode::kQueryValidation, message);
}

/// Whole numbers stay exact while 126 bits hold them; the result is a DOUBLE all the same.
Result<PinotValue> PinotTranslator::Arithmetic(const PinotExpr& call) {
  std::string_view op = call.text;
  if (op == "add") op = "plus";
  if (op == "sub") op = "minus";
  if (op == "mult") op = "times";
  if (op == "div") op = "divide";
  if (op == "minusprefix" || op == "abs") {
    LOTIC_RETURN_NOT_OK(Need(call, 1, 1));
  } else if (op == "plus" || op == "times") {
    LOTIC_RETURN_NOT_OK(Need(call, 2, kMaxPinotSqlNodes));
  } else {
    LOTIC_RETURN_NOT_OK(Need(call, 2, op == "divide" ? 3 : 2));
  }
  std::vector<PinotValue> values;
  bool exact = op != "divide" && op != "abs";
  for (const PinotExprPtr& arg : call.args) {
    LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(arg));
    if (value.array) return PinotError(PinotErrorCode::kQueryValidation, "arithmetic over an array: ", Shown(*arg));
    if (value.type == PinotType::kBigDecimal)
      return PinotNotSupported(PinotErrorCode::kQueryValidation, "arithmetic over BIG_DECIMAL is not built: CAST(", Shown(*arg), " AS DOUBLE)");
    if (value.literal != nullptr && value.literal->kind == Kind::kText) {
      LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kDouble));
    }
    if (value.type == PinotType::kBoolean) {
      LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, PinotType::kInt));
    }
    exact = exact && Width(value) > 0;
    values.push_back(std::move(value));
  }
  PinotValue result;
  result.type = PinotType::kDouble;
  result.constant = std::all_of(values.begin(), values.end(), [](const PinotValue& value) { return value.constant; });
  const char* sign = op == "plus" ? " + " : op == "minus" ? " - " : op == "times" ? " * " : op == "divide" ? " / " : " % ";
  if (exact) {
    int bits = Width(values[0]);
    for (size_t i = 1; i < values.size(); ++i) {
      const int more = Width(values[i]);
      bits = op == "times" ? bits + more : op == "mod" ? std::max(bits, more) : std::max(bits, more) + 1;
    }
    exact = bits <= 126;
    result.bits = exact ? bits : 0;
  }
  if (exact && op == "mod" && !(values[1].literal != nullptr && values[1].literal->kind == Kind::kLong && values[1].literal->integer != 0)) {
    exact = false;  // x % 0 is NaN, which no integer is
    result.bits = 0;
  }
  std::vector<std::string> parts;
  for (const PinotValue& value : values) {
    if (exact) {
      const bool huge = result.bits > kBigintBits;
      const char* type = huge ? "HUGEINT" : "BIGINT";
      const bool wide = huge ? value.bits > kBigintBits : (value.type == PinotType::kLong || value.type == PinotType::kTimestamp || value.bits > 0);
      parts.push_back(wide && value.literal == nullptr ? value.sql : "CAST(" + value.sql + " AS " + type + ")");
    } else {
      LOTIC_ASSIGN_OR_RETURN(const PinotValue real, ConvertValue(value, PinotType::kDouble));
      parts.push_back(real.sql);
    }
  }
  if (op == "minusprefix") {
    result.sql = "(- " + parts[0] + ")";
  } else if (op == "abs") {
    result.sql = "abs(" + parts[0] + ")";
  } else if (op == "divide" && parts.size() == 3) {
    result.sql = "CASE WHEN " + parts[1] + " = 0 THEN " + parts[2] + " ELSE " + parts[0] + " / " + parts[1] + " END";
  } else if (op == "mod" && !exact) {
    result.sql = "fmod(" + parts[0] + ", " + parts[1] + ")";
  } else {
    result.sql = "(" + parts[0];
    for (size_t i = 1; i < parts.size(); ++i) result.sql += sign + parts[i];
    result.sql += ")";
  }
  return result;
}

Result<PinotType> PinotTranslator::Unify(std::vector<PinotValue>* values) {
  std::optional<PinotType> common;
  for (const PinotValue& value : *values) {
    if (value.array) return PinotError(PinotErrorCode::kQueryValidation, "arrays cannot be mixed with other values here");
    if (value.literal != nullptr && value.literal->kind == Kind::kNull) continue;
    if (!common || *common == value.type) {
      common = value.type;
    } else if (IsPinotNumber(*common) && IsPinotNumber(value.type)) {
      // INT < LONG < FLOAT < DOUBLE, as Pinot widens
      common = static_cast<int>(*common) > static_cast<int>(value.type) ? *common : value.type;
    } else {
      common = PinotType::kString;
    }
  }
  const PinotType type = common.value_or(PinotType::kString);
  for (PinotValue& value : *values) {
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, type));
  }
  return type;
}

Result<PinotValue> PinotTranslator::Case(const PinotExpr& call) {
  const size_t whens = call.args.size() / 2;
  if (call.args.size() < 3 || call.args.size() % 2 == 0)
    return PinotError(PinotErrorCode::kQueryValidation, "CASE expects conditions, as many results, and an ELSE: ", Shown(call));
  std::vector<std::string> conditions;
  std::vector<PinotValue> results;
  for (size_t i = 0; i < whens; ++i) {
    LOTIC_ASSIGN_OR_RETURN(std::string condition, Filter(call.args[i]));
    conditions.push_back(std::move(condition));
  }
  for (size_t i = whens; i < call.args.size(); ++i) {
    LOTIC_ASSIGN_OR_RETURN(PinotValue result, Value(call.args[i]));
    results.push_back(std::move(result));
  }
  LOTIC_ASSIGN_OR_RETURN(const PinotType type, Unify(&results));
  PinotValue value;
  value.type = type;
  value.sql = "CASE";
  for (size_t i = 0; i <= whens; ++i) {
    std::string one = results[i].sql;
    if (results[i].literal != nullptr && results[i].literal->kind == Kind::kNull && !null_handling()) one = SqlDefault(type);
    // One type for all branches, also where each is a small literal.
    if (results[i].literal != nullptr && type != PinotType::kBytes) one = "CAST(" + one + " AS " + DuckDbTypeOf(type) + ")";
    value.sql += i < whens ? " WHEN " + conditions[i] + " THEN " + one : " ELSE " + one;
  }
  value.sql += " END";
  return value;
}

/// Where columns' defaults stand for NULL, COALESCE still looks at what was there.
Result<PinotValue> PinotTranslator::Coalesce(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 1, kMaxPinotSqlNodes));
  std::vector<PinotValue> values;
  for (const PinotExprPtr& arg : call.args) {
    LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(arg));
    if (value.column != nullptr && !value.array) value.sql = value.column->epoch_ms ? "epoch_ms(" + value.column->raw + ")" : value.column->raw;
    values.push_back(std::move(value));
  }
  LOTIC_ASSIGN_OR_RETURN(const PinotType type, Unify(&values));
  PinotValue value;
  value.type = type;
  value.sql = "coalesce(";
  for (size_t i = 0; i < values.size(); ++i) value.sql += (i > 0 ? ", " : "") + values[i].sql;
  value.sql += (null_handling() ? "" : ", " + SqlDefault(type)) + ")";
  return value;
}

Result<PinotValue> PinotTranslator::LeastGreatest(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, kMaxPinotSqlNodes));
  std::vector<PinotValue> values;
  // INTs give INT, INTs and LONGs LONG; min and max of two are over DOUBLEs.
  PinotType type = call.text == "least" || call.text == "greatest" ? PinotType::kInt : PinotType::kDouble;
  for (const PinotExprPtr& arg : call.args) {
    LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(arg));
    const bool whole = value.bits == 0 && !value.array && (value.type == PinotType::kInt || value.type == PinotType::kLong);
    type = whole && type != PinotType::kDouble ? std::max(type, value.type) : PinotType::kDouble;
    values.push_back(std::move(value));
  }
  std::vector<std::string> parts;
  for (const PinotValue& one : values) {
    LOTIC_ASSIGN_OR_RETURN(PinotValue converted, ConvertValue(one, type));
    parts.push_back(one.literal != nullptr && type != PinotType::kDouble ? "CAST(" + converted.sql + " AS " + DuckDbTypeOf(type) + ")"
                                                                         : std::move(converted.sql));
  }
  PinotValue value;
  value.type = type;
  value.sql = std::string(call.text == "least" || call.text == "min" ? "least(" : "greatest(") + parts[0];
  for (size_t i = 1; i < parts.size(); ++i) value.sql += ", " + parts[i];
  value.sql += ")";
  return value;
}

Result<PinotValue> PinotTranslator::Cast(const PinotExpr& call, bool quiet) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, 2));
  LOTIC_ASSIGN_OR_RETURN(std::string name, TextLiteral(call, 1));
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  static const std::map<std::string, PinotType, std::less<>> types{{"INT", PinotType::kInt},
                                                                   {"INTEGER", PinotType::kInt},
                                                                   {"LONG", PinotType::kLong},
                                                                   {"BIGINT", PinotType::kLong},
                                                                   {"FLOAT", PinotType::kFloat},
                                                                   {"REAL", PinotType::kFloat},
                                                                   {"DOUBLE", PinotType::kDouble},
                                                                   {"DECIMAL", PinotType::kBigDecimal},
                                                                   {"BIGDECIMAL", PinotType::kBigDecimal},
                                                                   {"BIG_DECIMAL", PinotType::kBigDecimal},
                                                                   {"BOOLEAN", PinotType::kBoolean},
                                                                   {"TIMESTAMP", PinotType::kTimestamp},
                                                                   {"STRING", PinotType::kString},
                                                                   {"VARCHAR", PinotType::kString},
                                                                   {"CHAR", PinotType::kString},
                                                                   {"JSON", PinotType::kJson},
                                                                   {"BYTES", PinotType::kBytes},
                                                                   {"VARBINARY", PinotType::kBytes}};
  const auto type = types.find(name);
  if (type == types.end()) return PinotError(PinotErrorCode::kQueryValidation, "Unable to cast expression to type - ", name);
  LOTIC_ASSIGN_OR_RETURN(const PinotValue from, Value(call.args[0]));
  const bool whole = type->second == PinotType::kInt || type->second == PinotType::kLong;
  const bool beyond = from.literal != nullptr && (from.literal->kind == Kind::kDouble || (from.literal->kind == Kind::kLong && from.type != PinotType::kInt));
  PinotValue value;
  if (whole && beyond) {
    value.type = type->second;
    value.constant = true;
    const bool real = from.type == PinotType::kDouble;
    value.sql = std::string(real ? "lotic_double_to_" : "lotic_long_to_") + (type->second == PinotType::kInt ? "int(" : "long(") + "CAST(" + from.sql +
                (real ? " AS DOUBLE))" : " AS BIGINT))");
    if (!real && type->second == PinotType::kLong) value.sql = from.sql;
  } else {
    LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(from, type->second));
  }
  if (quiet) value.sql = "TRY(" + value.sql + ")";
  value.literal = nullptr;
  if (from.literal != nullptr && type->second != PinotType::kBytes) value.sql = "CAST(" + value.sql + " AS " + DuckDbTypeOf(type->second) + ")";
  value.column = from.type == type->second && from.bits == 0 ? from.column : nullptr;  // CAST(ts AS TIMESTAMP) is ts
  return value;
}

Result<PinotValue> PinotTranslator::Template(std::string_view sql, const std::vector<std::string>& arguments, PinotType type, bool array) {
  size_t size = sql.size();
  for (size_t i = 0; i + 1 < sql.size(); ++i) {
    if (sql[i] == '$' && sql[i + 1] >= '1' && sql[i + 1] <= '9') size += arguments[static_cast<size_t>(sql[i + 1] - '1')].size();
  }
  if (size > kMaxDuckDbSqlBytes) {
    return Status::CapacityError("the query grows beyond ", kMaxDuckDbSqlBytes, " bytes when it is translated")
        .WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kQueryValidation));
  }
  PinotValue value;
  value.type = type;
  value.array = array;
  value.sql.reserve(size);
  for (size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '$' && i + 1 < sql.size() && sql[i + 1] >= '1' && sql[i + 1] <= '9') {
      value.sql += arguments[static_cast<size_t>(sql[++i] - '1')];
    } else {
      value.sql += sql[i];
    }
  }
  return value;
}

Result<PinotValue> PinotTranslator::FromTable(const PinotExpr& call, const PinotFunction& function) {
  std::vector<std::string> arguments;
  PinotValue first;
  for (size_t i = 0; i < call.args.size(); ++i) {
    const char letter = function.parameters[i];
    if (letter == 's' || letter == 'z' || letter == 'i') {
      LOTIC_ASSIGN_OR_RETURN(const std::string text, TextLiteral(call, i));
      LOTIC_ASSIGN_OR_RETURN(std::string constant, SqlConstant(*call.args[i], letter == 'i' ? PinotType::kInt : PinotType::kString));
      if (letter == 'z' && (text == "Z" || text == "GMT")) constant = "'UTC'";
      arguments.push_back(std::move(constant));
      continue;
    }
    LOTIC_ASSIGN_OR_RETURN(PinotValue value, Value(call.args[i]));
    if (letter == 'A') {
      if (!value.array)
        return PinotError(PinotErrorCode::kQueryValidation, "argument ", i + 1, " of ", call.text,
                          " must be a multi-value column or an array: ", Shown(*call.args[i]));
      if (function.shape == PinotFunction::Shape::kScalar && function.result == PinotType::kDouble) LOTIC_RETURN_NOT_OK(NeedNumbers(call, value));
      if (i == 0) first = value;
      arguments.push_back(std::move(value.sql));
      continue;
    }
    if (letter == 'M') {
      LOTIC_ASSIGN_OR_RETURN(value, MillisOf(std::move(value)));
      arguments.push_back(std::move(value.sql));
      continue;
    }
    const PinotType type = letter == 'D'   ? PinotType::kDouble
                           : letter == 'L' ? PinotType::kLong
                           : letter == 'I' ? PinotType::kInt
                           : letter == 'O' ? PinotType::kBoolean
                           : letter == 'B' ? PinotType::kBytes
                           : letter == 'E' ? first.type
                                           : PinotType::kString;
    if (letter == 'B' && IsPinotText(value.type)) {  // a text's own bytes, as Pinot's byte functions take them in ingest
      value.sql = "encode(" + value.sql + ")";
    } else {
      LOTIC_ASSIGN_OR_RETURN(value, ConvertValue(value, type));
    }
    if (value.literal != nullptr && letter == 'L') value.sql = "CAST(" + value.sql + " AS BIGINT)";
    arguments.push_back(std::move(value.sql));
  }
  if (function.name == "round" || function.parameters == "ML") {
    if (call.args[1]->kind == Kind::kLong && call.args[1]->integer == 0) return PinotError(PinotErrorCode::kQueryValidation, call.text, " by 0: ", Shown(call));
  }
  const bool same = function.shape == PinotFunction::Shape::kSameArray;
  return Template(function.sql, arguments, same ? first.type : function.result, function.shape != PinotFunction::Shape::kScalar);
}

Result<PinotValue> PinotTranslator::Json(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 3, 4));
  LOTIC_ASSIGN_OR_RETURN(PinotValue json, Value(call.args[0]));
  LOTIC_ASSIGN_OR_RETURN(json, ConvertValue(json, PinotType::kString));
  LOTIC_ASSIGN_OR_RETURN(const std::string path, TextLiteral(call, 1));
  LOTIC_ASSIGN_OR_RETURN(std::string type_name, TextLiteral(call, 2));
  for (char& c : type_name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  const bool array = type_name.ends_with("_ARRAY");
  if (array) type_name.resize(type_name.size() - 6);
  Result<PinotType> type = ParsePinotType(type_name);
  if (!type.ok() || *type == PinotType::kBytes || *type == PinotType::kMap) {
    return PinotError(PinotErrorCode::kQueryValidation, "Unsupported results type: ", type_name,
                      " for jsonExtractScalar function. Supported types are: INT/LONG/FLOAT/DOUBLE/BOOLEAN/BIG_DECIMAL/TIMESTAMP/STRING"
                      "/INT_ARRAY/LONG_ARRAY/FLOAT_ARRAY/DOUBLE_ARRAY/STRING_ARRAY");
  }
  std::string fallback = "error(" + QuotedLiteral("Cannot resolve JSON path on some records. Consider setting a default value: " + path) + ")";
  if (call.args.size() == 4) {
    LOTIC_RETURN_NOT_OK(TextLiteral(call, 3).status());
    LOTIC_ASSIGN_OR_RETURN(fallback, SqlConstant(*call.args[3], *type));
    if (array) fallback = "[" + fallback + "]";
  }
  PinotValue value;
  value.type = *type;
  value.array = array;
  const std::string found = "CASE WHEN json_valid(" + json.sql + ") THEN json_extract_string(" + json.sql + ", " + QuotedLiteral(path) + ") END";
  const std::string target = DuckDbTypeOf(*type);
  if (array) {
    value.sql = "TRY_CAST(CASE WHEN json_valid(" + json.sql + ") THEN json_extract(" + json.sql + ", " + QuotedLiteral(path) + ") END AS " + target + "[])";
  } else if (*type == PinotType::kInt || *type == PinotType::kLong) {
    // What is whole by its digits, since a DOUBLE has not all of them; of the rest the whole part, where a cast of the text would round.
    value.sql = "coalesce(TRY_CAST(regexp_extract(" + found + ", '^[+-]?[0-9]+$') AS " + target + "), TRY_CAST(trunc(TRY_CAST(" + found + " AS DOUBLE)) AS " +
                target + "))";
  } else if (*type == PinotType::kTimestamp) {
    value.sql = "coalesce(TRY_CAST(" + found + " AS BIGINT), epoch_ms(TRY_CAST(" + found + " AS TIMESTAMPTZ)))";
  } else {
    value.sql = "TRY_CAST(" + found + " AS " + target + ")";
  }
  value.sql = "coalesce(" + value.sql + ", " + fallback + ")";
  return value;
}

/// map['key'], array[1].
Result<PinotValue> PinotTranslator::Item(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, 2));
  LOTIC_ASSIGN_OR_RETURN(const PinotValue from, Value(call.args[0]));
  LOTIC_ASSIGN_OR_RETURN(const std::string key, TextLiteral(call, 1));
  PinotValue value;
  if (from.array) {
    LOTIC_ASSIGN_OR_RETURN(const std::string index, SqlConstant(*call.args[1], PinotType::kInt));
    value.type = from.type;
    value.sql = from.sql + "[" + index + "]";
    return value;
  }
  if (!IsPinotText(from.type)) return PinotError(PinotErrorCode::kQueryValidation, Shown(call), ": only MAP, JSON and STRING columns have items");
  std::string path = "$.\"";
  for (const char c : key) {
    if (c == '"' || c == '\\') return PinotError(PinotErrorCode::kQueryValidation, "a key with quotes or backslashes: ", Shown(call));
    path += c;
  }
  path += "\"";
  if (call.args[1]->kind == Kind::kLong) path = "$[" + key + "]";
  value.sql = "json_extract_string(" + from.sql + ", " + QuotedLiteral(path) + ")";
  if (!null_handling()) value.sql = "coalesce(" + value.sql + ", 'null')";
  return value;
}

Result<PinotValue> PinotTranslator::RegexpReplace(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 3, 3));
  LOTIC_ASSIGN_OR_RETURN(PinotValue text, Value(call.args[0]));
  LOTIC_ASSIGN_OR_RETURN(text, ConvertValue(text, PinotType::kString));
  LOTIC_ASSIGN_OR_RETURN(const std::string pattern, TextLiteral(call, 1));
  LOTIC_ASSIGN_OR_RETURN(const std::string replacement, TextLiteral(call, 2));
  std::string rewritten;  // $1 is \1 there, and a backslash that is meant is two
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    if (c == '$' && i + 1 < replacement.size() && replacement[i + 1] >= '0' && replacement[i + 1] <= '9') {
      rewritten += '\\';
    } else if (c == '\\') {
      rewritten += "\\\\";
    } else {
      rewritten += c;
    }
  }
  return Template("regexp_replace($1, $2, $3, 'g')", {text.sql, QuotedLiteral(pattern), QuotedLiteral(rewritten)}, PinotType::kString, false);
}

Result<PinotValue> PinotTranslator::ValueIn(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 2, kMaxPinotSqlNodes));
  LOTIC_ASSIGN_OR_RETURN(const PinotValue from, Value(call.args[0]));
  if (!from.array) return PinotError(PinotErrorCode::kQueryValidation, "valuein keeps values of a multi-value column: ", Shown(call));
  PinotValue value;
  value.type = from.type;
  value.array = true;
  value.sql = "list_filter(" + from.sql + ", lambda lotic_e: lotic_e IN (";
  for (size_t i = 1; i < call.args.size(); ++i) {
    LOTIC_RETURN_NOT_OK(TextLiteral(call, i).status());
    LOTIC_ASSIGN_OR_RETURN(const std::string constant, SqlConstant(*call.args[i], from.type));
    value.sql += (i > 1 ? ", " : "") + constant;
  }
  value.sql += "))";
  return value;
}

Result<PinotValue> PinotTranslator::MapValue(const PinotExpr& call) {
  LOTIC_RETURN_NOT_OK(Need(call, 3, 3));
  LOTIC_ASSIGN_OR_RETURN(const PinotValue keys, Value(call.args[0]));
  LOTIC_ASSIGN_OR_RETURN(const PinotValue values, Value(call.args[2]));
  if (!keys.array || !values.array) return PinotError(PinotErrorCode::kQueryValidation, "mapvalue looks a key up in two multi-value columns: ", Shown(call));
  LOTIC_RETURN_NOT_OK(TextLiteral(call, 1).status());
  LOTIC_ASSIGN_OR_RETURN(const std::string key, SqlConstant(*call.args[1], keys.type));
  PinotValue value;
  value.type = values.type;
  value.sql = values.sql + "[list_position(" + keys.sql + ", " + key + ")]";
  if (!null_handling()) value.sql = "coalesce(" + value.sql + ", " + SqlDefault(value.type) + ")";
  return value;
}

std::vector<std::string> SpecialPinotFunctions() {
  std::vector<std::string> names{"abs",
                                 "add",
                                 "ago",
                                 "and",
                                 "between",
                                 "case",
                                 "cast",
                                 "coalesce",
                                 "dateadd",
                                 "datediff",
                                 "datetimeconvert",
                                 "datetrunc",
                                 "div",
                                 "divide",
                                 "equals",
                                 "extract",
                                 "fromdatetime",
                                 "greater_than",
                                 "greater_than_or_equal",
                                 "greatest",
                                 "in",
                                 "is_not_null",
                                 "is_null",
                                 "item",
                                 "jsonextractindex",
                                 "jsonextractscalar",
                                 "least",
                                 "less_than",
                                 "less_than_or_equal",
                                 "like",
                                 "mapvalue",
                                 "minus",
                                 "minusprefix",
                                 "mod",
                                 "mult",
                                 "not",
                                 "not_equals",
                                 "not_in",
                                 "now",
                                 "nullif",
                                 "or",
                                 "plus",
                                 "regexp_like",
                                 "regexpreplace",
                                 "sub",
                                 "timeconvert",
                                 "times",
                                 "timestampadd",
                                 "timestampdiff",
                                 "todatetime",
                                 "trycast",
                                 "valuein"};
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace lotic::catalog
