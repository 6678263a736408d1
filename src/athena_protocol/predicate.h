// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "athena_protocol/wire_schema.h"
#include "lotic/constraints.h"
#include "lotic/status.h"

// Constraints as Athena's protocol has them, and their evaluation exactly as the federation SDK's ConstraintEvaluator. Beside them the way to and from
// the constraints of the connector interface.

namespace lotic::athena {

enum class Bound : uint8_t { kBelow, kExactly, kAbove };

/// A place on the number line. No value and kAbove: below everything; no value and kBelow: above everything. `value` is a wire value (packed zones).
struct Marker {
  Scalar value;  ///< monostate: null
  Bound bound = Bound::kExactly;
  bool operator==(const Marker&) const = default;
};
struct WireRange {
  Marker low;
  Marker high;
  bool operator==(const WireRange&) const = default;
};

struct WireValueSet {
  enum class Kind : uint8_t { kSortedRanges, kEquatable, kAllOrNone };
  Kind kind = Kind::kSortedRanges;
  WireType type;
  std::vector<WireRange> ranges;  ///< kSortedRanges
  std::vector<Scalar> values;     ///< kEquatable; may hold nulls, which match nothing
  bool white_list = true;         ///< kEquatable
  bool all = false;               ///< kAllOrNone, as written
  bool null_allowed = false;
  bool operator==(const WireValueSet&) const = default;
};

/// Checks and normalises as the SDK's constructors do: ranges sorted, overlapping and adjacent ones merged. Errors: Invalid (a low bound BELOW, a high bound ABOVE, low above high).
Status NormalizeWireValueSet(WireValueSet* set);
bool IsNone(const WireValueSet& set);
bool IsAll(const WireValueSet& set);
bool IsSingleValue(const WireValueSet& set);
/// The SDK's order of two non-null wire values: UTF-16 units for text, unsigned bytes, Java's order of floats, zoned timestamps by instant, then local time, then zone id.
int CompareWireValues(const WireType& type, const Scalar& a, const Scalar& b);
/// Containment by the marker path (spec §4.3). `value` is of the column's type `column`; decimals are rescaled HALF_UP to the set's type first. {all: false, null_allowed: false} of kAllOrNone
/// lets non-null values match, since the original writes "not null" so. Errors: Invalid (types differ).
Result<bool> WireValueSetContains(const WireValueSet& set, const WireType& column, const Scalar& value);

struct WireExpression {
  enum class Kind : uint8_t { kFunctionCall, kVariable, kConstant };
  Kind kind = Kind::kConstant;
  WireType type;
  std::string name;                  ///< function ("$less_than") or column
  std::vector<WireExpression> args;  ///< kFunctionCall
  std::vector<Scalar> constants;     ///< kConstant: the rows of its block, usually one; a value list otherwise. Nested values: not held (Invalid when read)
  bool null_block = false;           ///< kConstant without a block
  bool operator==(const WireExpression&) const = default;
};

enum class SortDirection : uint8_t { kAscNullsFirst, kAscNullsLast, kDescNullsFirst, kDescNullsLast };
struct OrderByField {
  std::string column;
  SortDirection direction = SortDirection::kAscNullsLast;
  bool operator==(const OrderByField&) const = default;
};
struct QueryPlan {
  std::string substrait_version;
  std::string substrait_plan;  ///< base64, carried only
  bool operator==(const QueryPlan&) const = default;
};

struct WireConstraints {
  std::vector<std::pair<std::string, WireValueSet>> summary;  ///< in the order of the message; names distinct
  std::vector<WireExpression> expressions;
  std::vector<OrderByField> order_by;
  int64_t limit = -1;                                            ///< -1: none; 0 is a limit
  std::vector<std::pair<std::string, std::string>> passthrough;  ///< queryPassthroughArguments
  std::optional<QueryPlan> plan;
  bool operator==(const WireConstraints&) const = default;
};

/// Which rows satisfy the summary, exactly as the SDK's evaluator on a block: columns absent from the block are not filtered. @param keep resized to the rows.
Status EvaluateSummary(const WireConstraints& constraints, const Block& block, std::vector<uint8_t>* keep);

/// What of `constraints` a connector and the shared evaluator understand, over the connector's columns (`table`: by the names that AthenaSchema gave them, and where its metadata has
/// kSourceNameKey, under that name). It means what SQL means: value sets under any CompareOptions, expressions under CompareOptions{}. No row that SQL keeps is lost, also where the SDK's own evaluator
/// (EvaluateSummary) would lose it. Zoned values become instants, whatever their zone; a bound of zero takes or leaves both zeros; a millisecond bound on a finer column becomes the bound that keeps the
/// same rows after flooring. Where SQL and the SDK order texts differently (a bound from U+E000 on), or NaN, the constraint is left out or `exact` is false.
/// Errors: Invalid (a value set that is none: NormalizeWireValueSet).
struct LogicalConstraints {
  Constraints constraints;
  /// Everything in the summary and the expressions is in `constraints`, with the same meaning. False: unknown functions, columns that are not in `table` and the like were left out.
  bool exact = true;
  /// As `exact`, of the expressions alone. Their number does not tell: a conjunction comes as its parts, of which some may be left out.
  bool expressions_exact = true;
  std::vector<std::string> left_out;  ///< one sentence each
};
Result<LogicalConstraints> ToLogicalConstraints(const WireConstraints& wire, const Schema& table);
/// For a client: `columns` and expressions as sorted ranges (long lists as equatable sets) and calls over `table`'s wire types. Bounds of zoned columns are written so that values of
/// every zone pass; the rows that come are at least those wanted, so the caller filters again. Errors: Invalid (a value that the column cannot hold, no such column or function).
Result<WireConstraints> ToWireConstraints(const Constraints& constraints, const WireSchema& table);

}  // namespace lotic::athena
