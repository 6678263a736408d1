// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_schema.h"
#include "catalog/pinot_sql_syntax.h"
#include "lotic/status.h"

namespace lotic::catalog {

/// A column that expressions may name.
struct PinotColumn {
  std::string name;  ///< as the schema has it
  PinotType type = PinotType::kString;
  bool array = false;
  std::string raw;          ///< its name in DuckDB's SQL, quoted
  PinotExprPtr substitute;  ///< what stands for NULL (of an array: its one element); null: nothing does, the column is never NULL or NULL stays
  bool epoch_ms = false;    ///< a TIMESTAMP that is stored as one; else TIMESTAMP values are BIGINT milliseconds
};

/// The columns of a table, or the fields of a record.
class PinotScope {
 public:
  /// `table`, `alias`: what may stand before a column's name and a dot.
  PinotScope(std::vector<PinotColumn> columns, std::vector<std::string> qualifiers);
  /// An exact match first, then one that ignores case. Errors: 710, with the nearest names; 710 if two match by ignoring case.
  Result<const PinotColumn*> Find(const std::string& name) const;
  const std::vector<PinotColumn>& columns() const { return columns_; }

 private:
  Result<const PinotColumn*> FindBare(const std::string& name) const;
  const std::vector<PinotColumn> columns_;
  const std::vector<std::string> qualifiers_;
  std::map<std::string, size_t, std::less<>> exact_;
  std::multimap<std::string, size_t, std::less<>> lower_;
};

/// An expression of DuckDB's with Pinot's type. TIMESTAMP values are BIGINT milliseconds, BYTES are BLOBs, BIG_DECIMAL, JSON and MAP are VARCHAR.
struct PinotValue {
  std::string sql;
  PinotType type = PinotType::kString;
  bool array = false;
  int bits = 0;                         ///< > 0: the type is DOUBLE, but `sql` is a whole number of at most so many bits, to be made a double at the very end
  bool constant = false;                ///< no column is read
  PinotExprPtr literal;                 ///< it is this literal
  const PinotColumn* column = nullptr;  ///< it is this column and nothing else; with its substitute in `sql`
};

inline constexpr size_t kMaxDuckDbSqlBytes = 4 << 20;  ///< of one translated expression

bool IsPinotNumber(PinotType type);  ///< INT LONG FLOAT DOUBLE
bool IsPinotText(PinotType type);    ///< STRING JSON MAP

std::string QuotedName(std::string_view name);     ///< in double quotes
std::string QuotedLiteral(std::string_view text);  ///< in single quotes
std::string DuckDbTypeOf(PinotType type);          ///< of a value as PinotValue has it

/// Constants in DuckDB's SQL.
std::string SqlLong(int64_t value);
std::string SqlDouble(double value);

/// A literal's number. Nothing: it is none.
std::optional<double> PinotNumberOf(const PinotExpr& literal);

/// A literal as a constant that can stand for a value of this type. Errors: 700 (no number, no time, no hex).
Result<std::string> SqlConstant(const PinotExpr& literal, PinotType type);
/// The same for a stored TIMESTAMP: TIMESTAMPTZ '…'.
std::string SqlInstant(int64_t ms);
/// Milliseconds of a literal: a number, or a text that is a time. Errors: 700.
Result<int64_t> PinotMillisOf(const PinotExpr& literal);
/// 1 or 0 as Pinot reads truth: true, 'true', 1. Errors: 700.
Result<bool> PinotTruthOf(const PinotExpr& literal);

/// The value of a literal by itself.
PinotValue LiteralValue(const PinotExprPtr& literal);

/// A value made another type's, as Pinot's functions convert their arguments: numbers towards zero, TIMESTAMP is its milliseconds, BOOLEAN 1 and 0, texts are parsed (an error of the query if they are
/// no number, and where a text column becomes INT or LONG also if it is not whole), FLOAT and DOUBLE print as Java prints them. Numbers beyond INT and LONG become what Java makes of them, or with `exact` DuckDB's error. Errors: 700 (arrays, BYTES to numbers).
Result<PinotValue> ConvertValue(const PinotValue& value, PinotType type, bool exact = false);

/// The expression for a result column: see PinotTranslation.
std::string OutputSql(const PinotValue& value);

}  // namespace lotic::catalog
