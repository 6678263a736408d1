// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/pinot_sql_functions.h"
#include "catalog/pinot_sql_values.h"
#include "lotic/status.h"

namespace lotic::catalog {

/// What NULL means where an expression is read.
enum class PinotNulls : unsigned char {
  kDefaults,          ///< a column's default stands for it; IS NULL is never true
  kDefaultsButKnown,  ///< the same, but IS NULL tells
  kSql,               ///< three-valued logic
};

/// Expressions of Pinot's → DuckDB's. One thread; the scope outlives it.
class PinotTranslator {
 public:
  PinotTranslator(const PinotScope& scope, PinotNulls nulls, bool ingest) : scope_(scope), nulls_(nulls), ingest_(ingest) {}

  /// Puts the schema's spelling into names. Errors: 710.
  Result<PinotExprPtr> Resolve(const PinotExprPtr& expr);
  /// An expression's value. Errors: 700.
  Result<PinotValue> Value(const PinotExprPtr& expr);
  /// A condition: TRUE where the filter lets a row pass, FALSE or NULL where not. `negated`: the other way round, for its negation.
  Result<std::string> Filter(const PinotExprPtr& expr, bool negated = false);

  /// From now on expressions are those of groups: these texts are keys, aggregates may stand, columns may not.
  void BeginGroups(std::map<std::string, PinotValue> keys) {
    grouped_ = true;
    keys_ = std::move(keys);
  }
  /// The conditions of the FILTERs seen so far, and whether an aggregate without one was.
  const std::set<std::string>& aggregate_filters() const { return aggregate_filters_; }
  bool unfiltered_aggregate() const { return unfiltered_aggregate_; }

  bool null_handling() const { return nulls_ == PinotNulls::kSql; }
  const std::set<std::string>& read() const { return read_; }

 private:
  Result<PinotValue> Column(const PinotExpr& name);
  Result<PinotValue> Call(const PinotExprPtr& expr);
  Result<PinotValue> Arithmetic(const PinotExpr& call);
  Result<PinotValue> Case(const PinotExpr& call);
  Result<PinotValue> Coalesce(const PinotExpr& call);
  Result<PinotValue> LeastGreatest(const PinotExpr& call);
  Result<PinotValue> Cast(const PinotExpr& call, bool quiet);
  Result<PinotValue> FromTable(const PinotExpr& call, const PinotFunction& function);
  Result<PinotValue> Template(std::string_view sql, const std::vector<std::string>& arguments, PinotType type, bool array);
  Result<PinotValue> Json(const PinotExpr& call);
  Result<PinotValue> Item(const PinotExpr& call);
  Result<PinotValue> RegexpReplace(const PinotExpr& call);
  Result<PinotValue> ValueIn(const PinotExpr& call);
  Result<PinotValue> MapValue(const PinotExpr& call);
  /// Values of several expressions made one type: numbers the widest, everything else text. `fill`: what NULL becomes without null handling.
  Result<PinotType> Unify(std::vector<PinotValue>* values);

  // pinot_sql_time.cc
  Result<PinotValue> DateTrunc(const PinotExpr& call);
  Result<PinotValue> DateTimeConvert(const PinotExpr& call);
  Result<PinotValue> TimeConvert(const PinotExpr& call);
  Result<PinotValue> ToDateTime(const PinotExpr& call);
  Result<PinotValue> FromDateTime(const PinotExpr& call);
  Result<PinotValue> TimestampAdd(const PinotExpr& call);
  Result<PinotValue> Extract(const PinotExpr& call);
  /// A value as BIGINT milliseconds: texts are parsed.
  Result<PinotValue> MillisOf(PinotValue value) const;
  Result<std::string> Millis(const PinotExprPtr& expr);

  // pinot_sql_aggregates.cc
  Result<PinotValue> Aggregate(const PinotExpr& call, const std::string& filter);
  Result<PinotValue> Percentile(const PinotExpr& call, const std::string& filter);
  Result<PinotValue> WithTime(const PinotExpr& call, const std::string& filter);
  Result<PinotValue> Argument(const PinotExprPtr& expr);

  // pinot_sql_filter.cc
  Result<std::string> Condition(const PinotExprPtr& expr, bool negated);
  Result<std::string> Comparison(const PinotExpr& call, std::string_view op, bool negated);
  Result<std::string> Between(const PinotExpr& call, bool negated);
  Result<std::string> In(const PinotExpr& call, bool negated);
  Result<std::string> Match(const PinotExpr& call, bool negated);
  Result<std::string> NullTest(const PinotExpr& call, bool negated);
  Result<std::string> Distinctness(const PinotExpr& call, bool negated);

  /// Counts a node. Errors: CapacityError (more than kMaxPinotTranslatedNodes).
  Status Visit();
  /// An error of a value with the call it stands in; others as they are.
  static Status Placed(const Status& status, const PinotExpr& call);
  /// The elements of an array can be added and compared as numbers. Errors: 700.
  static Status NeedNumbers(const PinotExpr& call, const PinotValue& array);
  Status Need(const PinotExpr& call, size_t least, size_t most) const;
  Result<std::string> TextLiteral(const PinotExpr& call, size_t index) const;

  const PinotScope& scope_;
  const PinotNulls nulls_;
  const bool ingest_;
  bool grouped_ = false;
  bool in_aggregate_ = false;
  std::map<std::string, PinotValue> keys_;
  std::set<std::string> aggregate_filters_;
  bool unfiltered_aggregate_ = false;
  std::set<std::string> read_;
  size_t visited_ = 0;
};

/// Names that translation knows beside the table's; sorted.
std::vector<std::string> SpecialPinotFunctions();
std::vector<std::string> KnownPinotAggregates();

}  // namespace lotic::catalog
