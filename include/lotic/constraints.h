// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lotic/batch.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic {

class ColumnBuilder;

/// One value of a logical type, or NULL. What it holds follows from the type beside which it stands: bool; int64_t for signed
/// integers, dates, times and timestamps (in the type's unit); uint64_t for unsigned integers; double for both floats; Int128 for
/// decimals (unscaled); std::string for text and binary. Nested types have no scalars.
using Scalar = std::variant<std::monostate, bool, int64_t, uint64_t, double, Int128, std::string>;

inline bool IsNull(const Scalar& value) { return std::holds_alternative<std::monostate>(value); }

/// Where engines order values differently; a parameter of every comparison, carried by the ScanRequest.
struct CompareOptions {
  enum class StringOrder : uint8_t {
    kBytes,      ///< unsigned bytes of UTF-8, which is also code point order: DuckDB, Trino
    kUtf16Unit,  ///< Java's String.compareTo, as the Athena SDK's evaluator does
  };
  StringOrder string_order = StringOrder::kBytes;
  bool signed_zero_distinct = false;  ///< true: -0.0 < 0.0, as Java's Double.compare; false: they are equal, as in SQL
  // NaN is equal to itself and above every other number in both.
  bool operator==(const CompareOptions&) const = default;
};

/// Orders two values of one scalar type, neither NULL: negative, zero or positive.
int CompareScalars(const Type& type, const Scalar& a, const Scalar& b, const CompareOptions& options);

/// The text of a value as an error message or EXPLAIN shows it: 7, 'text', 2024-01-01 00:00:00, NULL.
std::string ScalarToString(const Type& type, const Scalar& value);

/// An interval of values; no bound on a side means unbounded.
struct ValueRange {
  std::optional<Scalar> low;
  bool low_inclusive = true;
  std::optional<Scalar> high;
  bool high_inclusive = true;

  bool operator==(const ValueRange&) const = default;
};

/// The values a column may have: the vocabulary of the Athena federation SDK (sorted ranges, equatable, all-or-none, NULL).
struct ValueSet {
  enum class Kind : uint8_t {
    kAll,       ///< every value that is not NULL
    kNone,      ///< no value that is not NULL
    kRanges,    ///< those in one of `ranges`
    kListed,    ///< those in `values`
    kUnlisted,  ///< those not in `values`
  };
  Kind kind = Kind::kAll;
  bool null_allowed = false;
  std::vector<ValueRange> ranges;  ///< sorted, disjoint, none empty (Normalize)
  std::vector<Scalar> values;      ///< sorted, distinct, none NULL (Normalize)

  static ValueSet All(bool null_allowed) { return {Kind::kAll, null_allowed, {}, {}}; }
  static ValueSet None(bool null_allowed) { return {Kind::kNone, null_allowed, {}, {}}; }
  static ValueSet Listed(std::vector<Scalar> values) { return {Kind::kListed, false, {}, std::move(values)}; }
  static ValueSet Range(ValueRange range) { return {Kind::kRanges, false, {std::move(range)}, {}}; }

  /// True if it allows everything, NULL too: no constraint at all.
  bool IsUnconstrained() const { return kind == Kind::kAll && null_allowed; }
  bool operator==(const ValueSet&) const = default;
};

/// Sorts and merges ranges and values; a set that allows nothing becomes kNone. Idempotent. Errors: Invalid (a NULL or a value of
/// another type inside; a range with low above high is dropped, not an error).
Status NormalizeValueSet(const Type& type, const CompareOptions& options, ValueSet* set);

/// The set of values in both. Both normalised; so is the result.
ValueSet IntersectValueSets(const Type& type, const CompareOptions& options, const ValueSet& a, const ValueSet& b);

/// The set of values in either. Both normalised; so is the result.
ValueSet UniteValueSets(const Type& type, const CompareOptions& options, const ValueSet& a, const ValueSet& b);

/// Whether `set` (normalised) allows `value`.
bool ValueSetAllows(const Type& type, const CompareOptions& options, const ValueSet& set, const Scalar& value);

/// The smallest range that holds every value of `set` which is not NULL; nullopt if there is none. For pruning.
std::optional<ValueRange> HullOf(const Type& type, const CompareOptions& options, const ValueSet& set);

/// An expression over columns, as engines push it: a constant, a column or a call of a standard function.
/// Functions, by the federation SDK's names: and, or, not, is_null, equal, not_equal, is_distinct_from, is_not_distinct_from,
/// less_than, less_than_or_equal, greater_than, greater_than_or_equal, in, like, add, subtract, multiply, divide, modulus, negate,
/// nullif. Three-valued logic as in SQL.
struct Expression {
  enum class Kind : uint8_t { kConstant, kColumn, kCall };
  Kind kind = Kind::kConstant;
  Type type = Type::Bool();
  Scalar constant;               ///< kConstant
  std::string name;              ///< kColumn: the column; kCall: the function
  std::vector<Expression> args;  ///< kCall

  bool operator==(const Expression&) const = default;
  std::string ToString() const;
};

/// What rows must satisfy: every value set and every expression (an expression that is NULL rejects, as WHERE does).
struct Constraints {
  std::map<std::string, ValueSet> columns;  ///< by exact column name; normalised
  std::vector<Expression> expressions;

  bool empty() const { return columns.empty() && expressions.empty(); }
  bool operator==(const Constraints&) const = default;
};

/// The reference evaluator: which rows of `batch` satisfy `constraints`. Columns are found by exact name in the batch's schema.
/// @param keep  resized to the number of rows; 1 = satisfies.
/// Errors: Invalid (a column that the batch lacks, a nested one, types that do not fit, an unknown function, an arithmetic overflow or
/// division by zero in an expression). Follows: SQL's three-valued logic; the federation SDK's ConstraintEvaluator for value sets.
Status EvaluateConstraints(const Constraints& constraints, const CompareOptions& options, const Batch& batch, std::vector<uint8_t>* keep);

/// The value at a row of a scalar column.
Scalar ScalarAt(const Column& column, int64_t row);
/// Appends a value of the column's scalar type, or a NULL: the way back of ScalarAt.
void AppendScalar(const Scalar& value, ColumnBuilder* out);

}  // namespace lotic
