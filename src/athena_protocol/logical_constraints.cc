// SPDX-License-Identifier: Apache-2.0
// Constraints of a message over a connector's own columns.
#include <algorithm>
#include <cmath>
#include <limits>

#include "athena_protocol/logical_column.h"
#include "athena_protocol/logical_expression.h"
#include "athena_protocol/predicate.h"

namespace lotic::athena {
namespace {

// A lower bound of NULL that is not "unbounded" lies above all values.
bool HoldsNothing(const WireRange& range) { return IsNull(range.low.value) && range.low.bound != Bound::kAbove; }
bool IsPoint(const WireRange& range) { return !IsNull(range.low.value) && range.low == range.high; }

constexpr Int128 kUnbounded = Int128{1} << 100;

WholeRange WholeRangeOf(const LogicalColumn& column, const WireRange& range) {
  WholeRange out{-kUnbounded, kUnbounded};
  if (!IsNull(range.low.value)) out.low = column.WholeOf(range.low.value) + (range.low.bound == Bound::kAbove ? 1 : 0);
  if (!IsNull(range.high.value)) out.high = column.WholeOf(range.high.value) - (range.high.bound == Bound::kBelow ? 1 : 0);
  return out;
}

void AddRange(const LogicalColumn& column, const WholeRange& cut, ValueSet* set) {
  if (cut.empty()) return;
  const WholeRange limits = column.Limits();
  ValueRange range;
  if (cut.low > limits.low) range.low = column.ScalarOf(cut.low);
  if (cut.high < limits.high) range.high = column.ScalarOf(cut.high);
  set->ranges.push_back(std::move(range));
}

ValueSet WholeSet(const LogicalColumn& column, const WireValueSet& set) {
  ValueSet out;
  out.kind = ValueSet::Kind::kRanges;
  if (set.kind == WireValueSet::Kind::kSortedRanges) {
    for (const WireRange& range : set.ranges) {
      if (!HoldsNothing(range)) AddRange(column, column.ToColumn(WholeRangeOf(column, range)), &out);
    }
    return out;
  }
  std::vector<WholeRange> named;
  for (const Scalar& value : set.values) {
    if (IsNull(value)) continue;
    const Int128 number = column.WholeOf(value);
    const WholeRange range = column.ToColumn({number, number});
    if (!range.empty()) named.push_back(range);
  }
  if (column.is_identity()) {
    out.kind = set.white_list ? ValueSet::Kind::kListed : ValueSet::Kind::kUnlisted;
    for (const WholeRange& range : named) out.values.push_back(column.ScalarOf(range.low));
    return out;
  }
  if (set.white_list) {
    for (const WholeRange& range : named) AddRange(column, range, &out);
    return out;
  }
  std::sort(named.begin(), named.end(), [](const WholeRange& a, const WholeRange& b) { return a.low < b.low; });
  WholeRange gap = column.Limits();
  for (const WholeRange& range : named) {
    AddRange(column, {gap.low, std::min(gap.high, range.low - 1)}, &out);
    gap.low = std::max(gap.low, range.high + 1);
  }
  AddRange(column, gap, &out);
  return out;
}

bool IsZero(const Scalar& value) { return std::holds_alternative<double>(value) && std::get<double>(value) == 0; }

// SQL does not tell the two zeros apart. A bound of zero takes or leaves both, whatever order of zeros the evaluator uses.
void SetLow(const Marker& marker, ValueRange* out) {
  if (IsNull(marker.value)) return;
  out->low = marker.value;
  out->low_inclusive = marker.bound == Bound::kExactly;
  if (IsZero(marker.value)) out->low = out->low_inclusive ? -0.0 : 0.0;
}
void SetHigh(const Marker& marker, ValueRange* out) {
  if (IsNull(marker.value)) return;
  out->high = marker.value;
  out->high_inclusive = marker.bound == Bound::kExactly;
  if (IsZero(marker.value)) out->high = out->high_inclusive ? 0.0 : -0.0;
}

ValueSet SameSet(const WireValueSet& set) {
  ValueSet out;
  if (set.kind == WireValueSet::Kind::kEquatable) {
    out.kind = set.white_list ? ValueSet::Kind::kListed : ValueSet::Kind::kUnlisted;
    for (const Scalar& value : set.values) {
      if (IsNull(value)) continue;
      out.values.push_back(value);
      if (IsZero(value)) out.values.push_back(-std::get<double>(value));
    }
    return out;
  }
  out.kind = ValueSet::Kind::kRanges;
  for (const WireRange& range : set.ranges) {
    if (HoldsNothing(range)) continue;
    ValueRange& written = out.ranges.emplace_back();
    SetLow(range.low, &written);
    SetHigh(range.high, &written);
  }
  return out;
}

// Code points and UTF-16 units order two texts differently only where both have a byte from EE up at the first difference: such a bound could mean either.
bool OrderIsDisputed(const WireValueSet& set) {
  const auto disputed = [](const Marker& marker) {
    const std::string* text = std::get_if<std::string>(&marker.value);
    return text != nullptr && std::any_of(text->begin(), text->end(), [](char c) { return static_cast<uint8_t>(c) >= 0xEE; });
  };
  return set.type.kind == WireKind::kUtf8 && set.kind == WireValueSet::Kind::kSortedRanges &&
         std::any_of(set.ranges.begin(), set.ranges.end(),
                     [&](const WireRange& range) { return !IsPoint(range) && (disputed(range.low) || disputed(range.high)); });
}

// NaN lies above all numbers for the SDK, and in no comparison for SQL.
bool TakesNaN(const WireValueSet& set) {
  return set.type.kind == WireKind::kFloat && set.kind == WireValueSet::Kind::kSortedRanges && !IsAll(set) && !set.ranges.empty() &&
         IsNull(set.ranges.back().high.value);
}

class Translation {
 public:
  explicit Translation(const Schema& table) : columns_(table) {}

  Status AddColumn(const std::string& name, WireValueSet set) {
    if (const Status status = NormalizeWireValueSet(&set); !status.ok()) return status.WithMessage("constraint on column \"", name, "\": ", status.message());
    const bool everything = set.kind == WireValueSet::Kind::kAllOrNone ? set.all && set.null_allowed : IsAll(set) && set.null_allowed;
    if (everything) return Status::OK();
    const Result<LogicalColumn> column = columns_.Find(name, set.type);
    if (!column.ok()) return LeaveOut(column.status().message()), Status::OK();
    const Type& type = column->type;
    ValueSet logical;
    if (set.kind == WireValueSet::Kind::kAllOrNone) {
      logical.kind = set.all || !set.null_allowed ? ValueSet::Kind::kAll : ValueSet::Kind::kNone;
    } else if (column->form == ColumnForm::kNested) {
      const bool named = !set.values.empty() || (!set.ranges.empty() && !IsAll(set));
      if (named) return LeaveOut("column \"" + name + "\": values of " + type.ToString() + " have no order"), Status::OK();
      const bool values = set.kind == WireValueSet::Kind::kEquatable ? !set.white_list : !set.ranges.empty();
      logical.kind = values ? ValueSet::Kind::kAll : ValueSet::Kind::kNone;
    } else if (OrderIsDisputed(set)) {
      return LeaveOut("column \"" + name + "\": a bound beyond U+E000, which SQL and the federation SDK order differently"), Status::OK();
    } else {
      logical = column->form == ColumnForm::kWhole ? WholeSet(*column, set) : SameSet(set);
      if (TakesNaN(set)) LeaveOut("column \"" + name + "\": NaN, which the range upwards holds and SQL's comparison does not");
    }
    logical.null_allowed = set.null_allowed;
    ValueSet by_units = logical;
    if (!type.is_nested()) LOTIC_RETURN_NOT_OK(NormalizeValueSet(type, kCompare, &logical));
    if (type.id() == TypeId::kString) {
      LOTIC_RETURN_NOT_OK(NormalizeValueSet(type, kCompareUnits, &by_units));
      if (!(by_units == logical))
        return LeaveOut("column \"" + name + "\": texts beyond U+E000, which SQL and the federation SDK order differently"), Status::OK();
    }
    const auto [place, is_new] = out_.constraints.columns.emplace(column->name, logical);
    if (!is_new) place->second = IntersectValueSets(type, kCompare, place->second, logical);
    return Status::OK();
  }

  // A conjunction gives what can be given of its parts.
  void AddExpression(const WireExpression& expression, int depth = 0) {
    if (expression.kind == WireExpression::Kind::kFunctionCall && expression.name == "$and" && depth < kMaxConjunctionDepth) {
      for (const WireExpression& part : expression.args) AddExpression(part, depth + 1);
      return;
    }
    Result<Expression> logical = ToLogicalExpression(expression, columns_);
    if (logical.ok()) {
      out_.constraints.expressions.push_back(std::move(*logical));
    } else {
      LeaveOut("expression: " + logical.status().message());
      out_.expressions_exact = false;
    }
  }

  LogicalConstraints Take() { return std::move(out_); }

 private:
  // A set must be sorted for whoever evaluates it: by code points or by UTF-16 units. Both zeros stay in a list, since an evaluator may tell them apart.
  static constexpr CompareOptions kCompare{CompareOptions::StringOrder::kBytes, true};
  static constexpr CompareOptions kCompareUnits{CompareOptions::StringOrder::kUtf16Unit, true};
  static constexpr int kMaxConjunctionDepth = 64;

  void LeaveOut(std::string sentence) {
    out_.exact = false;
    out_.left_out.push_back(std::move(sentence));
  }

  const LogicalColumns columns_;
  LogicalConstraints out_;
};

}  // namespace

Result<LogicalConstraints> ToLogicalConstraints(const WireConstraints& wire, const Schema& table) {
  Translation translation(table);
  for (const auto& [name, set] : wire.summary) LOTIC_RETURN_NOT_OK(translation.AddColumn(name, set));
  for (const WireExpression& expression : wire.expressions) translation.AddExpression(expression);
  return translation.Take();
}

}  // namespace lotic::athena
