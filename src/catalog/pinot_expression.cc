// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_expression.h"

#include <algorithm>
#include <set>

#include "catalog/pinot_sql_names.h"
#include "catalog/pinot_sql_parser.h"
#include "catalog/pinot_sql_rewrite.h"
#include "catalog/pinot_sql_translator.h"

namespace lotic::catalog {
namespace {

using Kind = PinotExpr::Kind;

/// Groovy's own text is not Pinot's SQL: it is looked for before anything is parsed.
bool IsGroovy(std::string_view text) {
  std::string start;
  for (const char c : text) {
    if (c == '(') break;
    if (c > ' ') start += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (start.size() > 6) break;
  }
  return start == "groovy";
}

Result<PinotExprPtr> Parse(std::string_view text) {
  if (IsGroovy(text)) {
    return PinotNotSupported(PinotErrorCode::kQueryValidation, "Groovy is not supported: write the expression with functions: ", text.substr(0, 200));
  }
  Result<PinotExprPtr> parsed = ParsePinotExpression(text);
  if (!parsed.ok()) return parsed.status().WithMessage("the expression ", text.substr(0, 200), ": ", parsed.status().message());
  return FoldPinotLiterals(*parsed, std::nullopt);
}

/// Only functions that give the same for the same record.
Status CheckCalls(const PinotExpr& expr, const std::set<std::string>& known, std::string_view text, std::vector<std::string>* names) {
  if (expr.kind == Kind::kName) {
    if (expr.text == "*") return PinotError(PinotErrorCode::kQueryValidation, "* has no place in the expression ", text.substr(0, 200));
    if (std::find(names->begin(), names->end(), expr.text) == names->end()) names->push_back(expr.text);
    return Status::OK();
  }
  if (expr.kind != Kind::kCall) return Status::OK();
  const std::string& name = expr.text;
  if (name == "now" || name == "ago") {
    return PinotError(PinotErrorCode::kQueryValidation, name,
                      "() is not the same when a record is read again, after a restart for instance: it has no place in the expression ", text.substr(0, 200));
  }
  if (name == "groovy")
    return PinotNotSupported(PinotErrorCode::kQueryValidation, "Groovy is not supported: write the expression with functions: ", text.substr(0, 200));
  const bool two = (name == "min" || name == "max") && expr.args.size() == 2;
  if ((IsPinotAggregate(name) && !two) || name == "filter") {
    return PinotError(PinotErrorCode::kQueryValidation, "the aggregate ", name, " has no place in the expression ", text.substr(0, 200),
                      ", which is computed for each record");
  }
  if (!two && !known.contains(name)) {
    std::string message = "Unsupported function: " + name + " not found, in the expression " + std::string(text.substr(0, 200));
    const std::vector<std::string> nearest = NearestNames(name, {known.begin(), known.end()}, 2);
    for (size_t i = 0; i < nearest.size(); ++i) message += (i == 0 ? "; did you mean " : ", ") + nearest[i];
    return PinotError(PinotErrorCode::kQueryValidation, message);
  }
  for (const PinotExprPtr& arg : expr.args) LOTIC_RETURN_NOT_OK(CheckCalls(*arg, known, text, names));
  return Status::OK();
}

std::set<std::string> KnownCalls() {
  std::set<std::string> known;
  for (std::string& name : TablePinotFunctions()) known.insert(std::move(name));
  for (std::string& name : SpecialPinotFunctions()) known.insert(std::move(name));
  for (const char* name : {"istrue", "isfalse", "isnottrue", "isnotfalse", "isdistinctfrom", "isnotdistinctfrom"}) known.insert(name);
  return known;
}

/// Pinot's type for a field's; nothing: it cannot be read.
std::optional<PinotType> TypeOf(const Type& type) {
  switch (type.id()) {
    case TypeId::kBool: return PinotType::kBoolean;
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kUInt8:
    case TypeId::kUInt16: return PinotType::kInt;
    case TypeId::kInt64:
    case TypeId::kUInt32: return PinotType::kLong;
    case TypeId::kFloat32: return PinotType::kFloat;
    case TypeId::kFloat64: return PinotType::kDouble;
    case TypeId::kTimestamp: return PinotType::kTimestamp;
    case TypeId::kString: return PinotType::kString;
    case TypeId::kBinary: return PinotType::kBytes;
    default: return std::nullopt;
  }
}

std::string Stored(const std::string& sql, const Type& type) {
  switch (type.id()) {
    case TypeId::kTimestamp: return std::string(type.utc() ? "timezone('UTC', make_timestamp_ms(" : "(make_timestamp_ms(") + sql + "))";
    case TypeId::kInt8: return "CAST(" + sql + " AS TINYINT)";
    case TypeId::kInt16: return "CAST(" + sql + " AS SMALLINT)";
    case TypeId::kUInt8: return "CAST(" + sql + " AS UTINYINT)";
    case TypeId::kUInt16: return "CAST(" + sql + " AS USMALLINT)";
    case TypeId::kUInt32: return "CAST(" + sql + " AS UINTEGER)";
    default: return sql;
  }
}

}  // namespace

Result<std::vector<std::string>> PinotExpressionInputs(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const PinotExprPtr expr, Parse(text));
  std::vector<std::string> names;
  LOTIC_RETURN_NOT_OK(CheckCalls(*expr, KnownCalls(), text, &names));
  return names;
}

Result<std::string> TranslatePinotExpression(std::string_view text, const Schema& input, const Type& result) {
  LOTIC_ASSIGN_OR_RETURN(const PinotExprPtr parsed, Parse(text));
  std::vector<std::string> names;
  LOTIC_RETURN_NOT_OK(CheckCalls(*parsed, KnownCalls(), text, &names));
  std::vector<PinotColumn> columns;
  for (const Field& field : input.fields) {
    const bool list = field.type.id() == TypeId::kList;
    const std::optional<PinotType> type = TypeOf(list ? field.type.children()[0].type : field.type);
    if (!type) {
      if (std::find(names.begin(), names.end(), field.name) == names.end()) continue;
      return PinotError(PinotErrorCode::kQueryValidation, "the expression ", text.substr(0, 200), " reads ", field.name, " of type ", field.type.ToString(),
                        ", which no expression can");
    }
    PinotColumn column;
    column.name = field.name;
    column.type = *type;
    column.array = list;
    column.raw = QuotedName(field.name);
    column.epoch_ms = *type == PinotType::kTimestamp;
    columns.push_back(std::move(column));
  }
  const PinotScope scope(std::move(columns), {});
  PinotTranslator translator(scope, PinotNulls::kSql, true);
  LOTIC_ASSIGN_OR_RETURN(const PinotExprPtr expr, translator.Resolve(parsed));
  if (result.id() == TypeId::kBool && expr->kind == Kind::kCall) {
    LOTIC_ASSIGN_OR_RETURN(const PinotValue condition, translator.Value(expr));
    LOTIC_ASSIGN_OR_RETURN(const PinotValue truth, ConvertValue(condition, PinotType::kBoolean));
    return truth.sql;
  }
  LOTIC_ASSIGN_OR_RETURN(const PinotValue value, translator.Value(expr));
  const bool list = result.id() == TypeId::kList;
  const Type& item = list ? result.children()[0].type : result;
  const std::optional<PinotType> type = TypeOf(item);
  if (!type) return PinotError(PinotErrorCode::kQueryValidation, "the expression ", text.substr(0, 200), " cannot give ", result.ToString());
  if (!list) {
    Result<PinotValue> converted = ConvertValue(value, *type, true);  // what does not fit is an error of its record
    if (!converted.ok()) return converted.status().WithMessage("the expression ", text.substr(0, 200), ": ", converted.status().message());
    return Stored(converted->sql, item);
  }
  if (!value.array) {
    LOTIC_ASSIGN_OR_RETURN(const PinotValue one, ConvertValue(value, *type, true));
    return "CASE WHEN " + one.sql + " IS NOT NULL THEN [" + Stored(one.sql, item) + "] END";
  }
  if (value.type == *type && *type != PinotType::kTimestamp) return value.sql;
  if (value.type == PinotType::kBytes || *type == PinotType::kBytes) {
    return PinotError(PinotErrorCode::kQueryValidation, "the expression ", text.substr(0, 200), " gives an array of ", PinotTypeName(value.type), ", not ",
                      result.ToString());
  }
  if (*type == PinotType::kTimestamp) {
    return "list_transform(CAST(" + value.sql + " AS BIGINT[]), lambda lotic_e: " + Stored("lotic_e", item) + ")";
  }
  return "CAST(" + value.sql + " AS " + DuckDbTypeOf(*type) + "[])";
}

}  // namespace lotic::catalog
