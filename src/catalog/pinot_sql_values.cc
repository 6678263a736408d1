// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql_values.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "catalog/pinot_sql_names.h"
#include "lotic/type.h"

namespace lotic::catalog {
namespace {

using Kind = PinotExpr::Kind;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

std::string Cast(const std::string& sql, std::string_view type) { return "CAST(" + sql + " AS " + std::string(type) + ")"; }

/// A value does not know where it stands: the call around it adds itself.
template <typename... Args>
Status ValueError(Args&&... args) {
  return Status::Invalid(std::forward<Args>(args)...).WithDetail(std::make_shared<PinotErrorDetail>(PinotErrorCode::kQueryValidation, true));
}

Status NoConversion(const PinotExpr& literal, PinotType type) {
  return PinotError(PinotErrorCode::kQueryValidation, "'", PinotLiteralText(literal), "' is no value of type ", PinotTypeName(type));
}

bool IsHex(std::string_view text) {
  if (text.size() % 2 != 0) return false;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return false;
  }
  return true;
}

}  // namespace

PinotScope::PinotScope(std::vector<PinotColumn> columns, std::vector<std::string> qualifiers)
    : columns_(std::move(columns)), qualifiers_(std::move(qualifiers)) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    exact_.emplace(columns_[i].name, i);
    lower_.emplace(Lower(columns_[i].name), i);
  }
}

Result<const PinotColumn*> PinotScope::FindBare(const std::string& name) const {
  if (const auto found = exact_.find(name); found != exact_.end()) return &columns_[found->second];
  const auto [begin, end] = lower_.equal_range(Lower(name));
  if (begin == end) return nullptr;
  if (std::next(begin) != end) {
    return PinotError(PinotErrorCode::kUnknownColumn, "column '", name, "' could be ", columns_[begin->second].name, " or ",
                      columns_[std::next(begin)->second].name, ": write it as it is");
  }
  return &columns_[begin->second];
}

Result<const PinotColumn*> PinotScope::Find(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const PinotColumn* column, FindBare(name));
  if (column != nullptr) return column;
  for (const std::string& qualifier : qualifiers_) {
    if (qualifier.empty() || name.size() <= qualifier.size() + 1 || name[qualifier.size()] != '.' ||
        Lower(std::string_view(name).substr(0, qualifier.size())) != Lower(qualifier))
      continue;
    LOTIC_ASSIGN_OR_RETURN(column, FindBare(name.substr(qualifier.size() + 1)));
    if (column != nullptr) return column;
  }
  std::vector<std::string> names;
  for (const PinotColumn& one : columns_) names.push_back(one.name);
  std::string message = "Unknown columnName '" + name + "' found in the query";
  const std::vector<std::string> nearest = NearestNames(name, names);
  for (size_t i = 0; i < nearest.size(); ++i) message += (i == 0 ? "; did you mean " : ", ") + nearest[i];
  return PinotError(PinotErrorCode::kUnknownColumn, message);
}

bool IsPinotNumber(PinotType type) { return type == PinotType::kInt || type == PinotType::kLong || type == PinotType::kFloat || type == PinotType::kDouble; }
bool IsPinotText(PinotType type) { return type == PinotType::kString || type == PinotType::kJson || type == PinotType::kMap; }

std::string QuotedName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string QuotedLiteral(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

std::string DuckDbTypeOf(PinotType type) {
  switch (type) {
    case PinotType::kInt: return "INTEGER";
    case PinotType::kLong:
    case PinotType::kTimestamp: return "BIGINT";
    case PinotType::kFloat: return "FLOAT";
    case PinotType::kDouble: return "DOUBLE";
    case PinotType::kBoolean: return "BOOLEAN";
    case PinotType::kBytes: return "BLOB";
    default: return "VARCHAR";
  }
}

std::string SqlLong(int64_t value) {
  // The least of both types has no literal of its type.
  if (value == std::numeric_limits<int64_t>::min()) return "CAST(-9223372036854775808 AS BIGINT)";
  if (value == std::numeric_limits<int32_t>::min()) return "CAST(-2147483648 AS INTEGER)";
  return std::to_string(value);
}

std::string SqlDouble(double value) {
  if (std::isnan(value)) return "CAST('NaN' AS DOUBLE)";
  if (std::isinf(value)) return value < 0 ? "CAST('-Infinity' AS DOUBLE)" : "CAST('Infinity' AS DOUBLE)";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  return std::string(buffer, end.ptr);
}

std::optional<double> PinotNumberOf(const PinotExpr& literal) {
  switch (literal.kind) {
    case Kind::kLong: return static_cast<double>(literal.integer);
    case Kind::kDouble: return literal.real;
    case Kind::kText: {
      if (literal.text == "Infinity") return std::numeric_limits<double>::infinity();
      if (literal.text == "-Infinity") return -std::numeric_limits<double>::infinity();
      double value = 0;
      const char* end = literal.text.data() + literal.text.size();
      const auto read = std::from_chars(literal.text.data(), end, value);
      return read.ec == std::errc() && read.ptr == end ? std::optional<double>(value) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

std::string SqlInstant(int64_t ms) {
  // DuckDB counts microseconds: what leaves its range is beyond every stored time.
  constexpr int64_t kMost = 9'223'372'036'854'775;
  if (ms > kMost) return "TIMESTAMPTZ 'infinity'";
  if (ms < -kMost) return "TIMESTAMPTZ '-infinity'";
  constexpr int64_t kPrintable = 253'402'300'799'999;  // 9999-12-31
  if (ms < -62'135'596'800'000 || ms > kPrintable) return "timezone('UTC', make_timestamp_ms(" + std::to_string(ms) + "))";
  return "TIMESTAMPTZ '" + PinotTimestampText(ms) + "+00'";
}

Result<int64_t> PinotMillisOf(const PinotExpr& literal) {
  if (literal.kind == Kind::kLong) return literal.integer;
  if (literal.kind == Kind::kDouble && std::abs(literal.real) < 9e18) return static_cast<int64_t>(literal.real);
  int64_t ms = 0;
  if (literal.kind == Kind::kText && ParsePinotTimestamp(literal.text, &ms)) return ms;
  return NoConversion(literal, PinotType::kTimestamp);
}

Result<bool> PinotTruthOf(const PinotExpr& literal) {
  if (literal.kind == Kind::kBool) return literal.integer != 0;
  const std::string text = Lower(PinotLiteralText(literal));
  if (text == "true" || text == "1" || text == "1.0") return true;
  if (text == "false" || text == "0" || text == "0.0") return false;
  return NoConversion(literal, PinotType::kBoolean);
}

Result<std::string> SqlConstant(const PinotExpr& literal, PinotType type) {
  if (literal.kind == Kind::kNull) return std::string("NULL");
  switch (type) {
    case PinotType::kInt:
    case PinotType::kLong: {
      if (literal.kind == Kind::kLong) return SqlLong(literal.integer);
      if (literal.kind == Kind::kBool) return std::string(literal.integer != 0 ? "1" : "0");
      if (literal.kind == Kind::kText) {
        int64_t value = 0;
        const char* end = literal.text.data() + literal.text.size();
        const auto read = std::from_chars(literal.text.data(), end, value);
        if (read.ec == std::errc() && read.ptr == end) return SqlLong(value);
      }
      const std::optional<double> number = PinotNumberOf(literal);
      if (!number || !(std::abs(*number) < 9.2e18)) return NoConversion(literal, type);
      return SqlLong(static_cast<int64_t>(*number));
    }
    case PinotType::kFloat:
    case PinotType::kDouble: {
      if (literal.kind == Kind::kBool) return std::string(literal.integer != 0 ? "1e+00" : "0e+00");
      const std::optional<double> number = PinotNumberOf(literal);
      if (!number) return NoConversion(literal, type);
      return type == PinotType::kDouble ? SqlDouble(*number) : Cast(SqlDouble(*number), "FLOAT");
    }
    case PinotType::kBoolean: {
      LOTIC_ASSIGN_OR_RETURN(const bool truth, PinotTruthOf(literal));
      return std::string(truth ? "TRUE" : "FALSE");
    }
    case PinotType::kTimestamp: {
      LOTIC_ASSIGN_OR_RETURN(const int64_t ms, PinotMillisOf(literal));
      return SqlLong(ms);
    }
    case PinotType::kBytes: {
      const std::string text = PinotLiteralText(literal);
      if (!IsHex(text)) return NoConversion(literal, type);
      return "unhex(" + QuotedLiteral(text) + ")";
    }
    case PinotType::kBigDecimal: {
      if (!PinotNumberOf(literal)) return NoConversion(literal, type);
      return QuotedLiteral(PinotLiteralText(literal));
    }
    default: return QuotedLiteral(PinotLiteralText(literal));
  }
}

PinotValue LiteralValue(const PinotExprPtr& literal) {
  PinotValue value;
  value.literal = literal;
  value.constant = true;
  switch (literal->kind) {
    case Kind::kLong:
      value.type = literal->folded ? PinotType::kDouble : literal->integer >= INT32_MIN && literal->integer <= INT32_MAX ? PinotType::kInt : PinotType::kLong;
      value.bits = literal->folded ? 63 : 0;
      value.sql = SqlLong(literal->integer);
      break;
    case Kind::kDouble:
      value.type = PinotType::kDouble;
      value.sql = SqlDouble(literal->real);
      break;
    case Kind::kBool:
      value.type = PinotType::kBoolean;
      value.sql = literal->integer != 0 ? "TRUE" : "FALSE";
      break;
    case Kind::kText: value.sql = QuotedLiteral(literal->text); break;
    default: value.sql = "NULL"; break;
  }
  return value;
}

/// A number made INT, LONG or TIMESTAMP as Java's narrowing does.
std::string Narrowed(const PinotValue& value, PinotType type) {
  if (value.bits > 0) {  // a DOUBLE to Java
    if (type == PinotType::kInt)
      return value.bits > 31 ? "CAST(greatest(least(" + value.sql + ", 2147483647), -2147483648) AS INTEGER)" : Cast(value.sql, "INTEGER");
    return value.bits > 63 ? "CAST(greatest(least(" + value.sql + ", 9223372036854775807), -9223372036854775808) AS BIGINT)" : Cast(value.sql, "BIGINT");
  }
  switch (value.type) {
    case PinotType::kLong:
    case PinotType::kTimestamp: return type == PinotType::kInt ? "lotic_long_to_int(" + value.sql + ")" : value.sql;
    case PinotType::kFloat:
    case PinotType::kDouble: return (type == PinotType::kInt ? "lotic_double_to_int(" : "lotic_double_to_long(") + value.sql + ")";
    default: return Cast(value.sql, DuckDbTypeOf(type));
  }
}

/// A text as INT or LONG. Never by DuckDB's own cast of a fraction, which rounds. Pinot 0.11 reads a column's texts by Java's parseInt and parseLong, which take whole numbers only, and makes what a
/// function gives a DOUBLE for INT and a decimal for LONG, of which it takes the whole part.
std::string WholeNumber(const PinotValue& value, PinotType type, bool exact) {
  const std::string target = DuckDbTypeOf(type);
  const std::string& text = value.sql;
  if (value.column != nullptr && IsPinotText(value.type) && !exact) {
    return "CASE WHEN NOT regexp_full_match(" + text + ", '[+-]?[0-9]+') THEN error('For input string: \"' || " + text + " || '\"') ELSE " +
           Cast(text, target) + " END";
  }
  const std::string real = Cast(text, "DOUBLE");
  const std::string by_double =
      exact ? Cast("trunc(" + real + ")", target) : (type == PinotType::kInt ? "lotic_double_to_int(" : "lotic_double_to_long(") + real + ")";
  if (type == PinotType::kInt) return by_double;
  return "coalesce(TRY_CAST(regexp_extract(" + text + ", '^([+-]?[0-9]+)([.][0-9]*)?$', 1) AS BIGINT), " + by_double + ")";
}

Result<PinotValue> ConvertValue(const PinotValue& value, PinotType type, bool exact) {
  if (value.array) return ValueError("an array where one ", PinotTypeName(type), " is expected");
  PinotValue made = value;
  made.type = type;
  made.bits = 0;
  made.column = nullptr;
  if (value.literal != nullptr) {
    LOTIC_ASSIGN_OR_RETURN(made.sql, SqlConstant(*value.literal, type));
    if (value.literal->kind == Kind::kNull) made.sql = Cast("NULL", DuckDbTypeOf(type));
    return made;
  }
  made.literal = nullptr;
  if (value.type == type && value.bits == 0) return made;
  const PinotType from = value.type;
  const bool text = IsPinotText(from) || from == PinotType::kBigDecimal;
  switch (type) {
    case PinotType::kInt:
    case PinotType::kLong:
    case PinotType::kTimestamp: {
      const std::string target = DuckDbTypeOf(type);
      if (from == PinotType::kBytes) break;
      if (value.bits > 0 || from == PinotType::kInt || from == PinotType::kLong || from == PinotType::kTimestamp || from == PinotType::kBoolean) {
        if ((from == PinotType::kLong || from == PinotType::kTimestamp) && value.bits == 0 && type != PinotType::kInt) return made;
        made.sql = exact ? Cast(value.sql, target) : Narrowed(value, type);
      } else if (text && type == PinotType::kTimestamp) {
        made.sql = "coalesce(TRY_CAST(" + value.sql + " AS BIGINT), epoch_ms(CAST(" + value.sql + " AS TIMESTAMPTZ)))";
      } else if (text) {
        made.sql = WholeNumber(value, type, exact);
      } else {
        made.sql = exact ? Cast("trunc(" + value.sql + ")", target) : Narrowed(value, type);
      }
      return made;
    }
    case PinotType::kFloat:
    case PinotType::kDouble:
      if (from == PinotType::kBytes) break;
      made.sql = from == PinotType::kBoolean ? Cast(Cast(value.sql, "INTEGER"), DuckDbTypeOf(type)) : Cast(value.sql, DuckDbTypeOf(type));
      return made;
    case PinotType::kBoolean:
      if (from == PinotType::kBytes || from == PinotType::kTimestamp) break;
      made.sql = text ? "(lower(" + value.sql + ") IN ('true', '1'))" : "(" + value.sql + " <> 0)";
      return made;
    case PinotType::kBytes:
      if (!text) break;
      made.sql = "unhex(" + value.sql + ")";
      return made;
    default:  // texts
      if (text) return made;
      if (from == PinotType::kBytes) {
        made.sql = "lower(hex(" + value.sql + "))";
      } else if (from == PinotType::kTimestamp) {
        // As Pinot prints it: milliseconds without trailing zeroes, but with one digit.
        made.sql = "regexp_replace(strftime(make_timestamp_ms(greatest(least(" + value.sql +
                   ", 9000000000000000), -9000000000000000)), '%Y-%m-%d %H:%M:%S.%g'), '0{1,2}$', '')";
      } else {
        const std::string printed = value.bits > 0 ? Cast(value.sql, "DOUBLE") : value.sql;
        const bool real = (from == PinotType::kDouble || from == PinotType::kFloat) && type != PinotType::kBigDecimal;
        made.sql = !real ? Cast(printed, "VARCHAR") : (from == PinotType::kFloat ? "lotic_float_text(" : "lotic_double_text(") + printed + ")";
      }
      return made;
  }
  return ValueError(PinotTypeName(from), " cannot be converted to ", PinotTypeName(type));
}

std::string OutputSql(const PinotValue& value) {
  if (value.array) {
    if (value.type == PinotType::kBytes) return "list_transform(" + value.sql + ", lambda lotic_e: lower(hex(lotic_e)))";
    return value.sql;
  }
  if (value.bits > 0) return Cast(value.sql, "DOUBLE");
  if (value.type == PinotType::kBytes) return "lower(hex(" + value.sql + "))";
  if (value.literal != nullptr) return Cast(value.sql, DuckDbTypeOf(value.type));
  return value.sql;
}

}  // namespace lotic::catalog
