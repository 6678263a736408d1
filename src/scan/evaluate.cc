// SPDX-License-Identifier: Apache-2.0
// The reference evaluator of constraints over batches.
#include <algorithm>

#include "lotic/constraints.h"
#include "scan/expression.h"

namespace lotic {
namespace {

// One interval over a view type T (int64_t, uint64_t, string_view): no allocation and no variant in the loop.
template <typename T>
struct Interval {
  bool has_low, low_inclusive, has_high, high_inclusive;
  T low, high;

  bool Holds(const T& value) const {
    if (has_low && (low_inclusive ? value < low : !(low < value))) return false;
    if (has_high && (high_inclusive ? high < value : !(value < high))) return false;
    return true;
  }
};

template <typename T>
T ViewOf(const Scalar& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return std::get<std::string>(value);
  } else {
    return std::get<T>(value);
  }
}

template <typename T>
std::vector<Interval<T>> IntervalsOf(const ValueSet& set) {
  std::vector<Interval<T>> out;
  for (const ValueRange& range : set.ranges) {
    Interval<T> interval{range.low.has_value(), range.low_inclusive, range.high.has_value(), range.high_inclusive, T{}, T{}};
    if (range.low) interval.low = ViewOf<T>(*range.low);
    if (range.high) interval.high = ViewOf<T>(*range.high);
    out.push_back(interval);
  }
  return out;
}

// keep[row] &= whether the set allows the row. `at(row)` gives the value as a T; the order is T's own <.
template <typename T, typename At>
void FilterBy(const ValueSet& set, const Column& column, At at, std::vector<uint8_t>* keep) {
  const std::vector<Interval<T>> intervals = IntervalsOf<T>(set);
  std::vector<T> listed;
  for (const Scalar& value : set.values) listed.push_back(ViewOf<T>(value));
  const bool in_list = set.kind == ValueSet::Kind::kListed;
  const bool few = listed.size() <= 8;
  const auto allows = [&](const T& value) {
    if (set.kind == ValueSet::Kind::kRanges) {
      for (const Interval<T>& interval : intervals) {
        if (interval.Holds(value)) return true;
      }
      return false;
    }
    const bool found = few ? std::find(listed.begin(), listed.end(), value) != listed.end() : std::binary_search(listed.begin(), listed.end(), value);
    return found == in_list;
  };
  uint8_t* out = keep->data();
  if (column.null_count == 0 && intervals.size() == 1) {  // the common case: one plain loop
    const Interval<T> only = intervals[0];
    for (int64_t row = 0; row < column.length; ++row) out[row] &= static_cast<uint8_t>(only.Holds(at(row)));
    return;
  }
  for (int64_t row = 0; row < column.length; ++row) {
    if (out[row] == 0) continue;
    out[row] = column.IsNull(row) ? set.null_allowed : allows(at(row));
  }
}

template <typename T>
void FilterIntegers(const ValueSet& set, const Column& column, std::vector<uint8_t>* keep) {
  using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
  const T* values = reinterpret_cast<const T*>(column.data);
  FilterBy<Wide>(
      set, column, [values](int64_t row) { return static_cast<Wide>(values[row]); }, keep);
}

void FilterColumn(const CompareOptions& options, const ValueSet& set, const Column& column, std::vector<uint8_t>* keep) {
  if (set.kind == ValueSet::Kind::kAll || set.kind == ValueSet::Kind::kNone) {
    for (int64_t row = 0; row < column.length; ++row) {
      (*keep)[row] &= static_cast<uint8_t>(column.IsNull(row) ? set.null_allowed : set.kind == ValueSet::Kind::kAll);
    }
    return;
  }
  const Type& type = column.type;
  switch (type.id()) {
    case TypeId::kInt8: return FilterIntegers<int8_t>(set, column, keep);
    case TypeId::kInt16: return FilterIntegers<int16_t>(set, column, keep);
    case TypeId::kInt32:
    case TypeId::kDate: return FilterIntegers<int32_t>(set, column, keep);
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp: return FilterIntegers<int64_t>(set, column, keep);
    case TypeId::kUInt8: return FilterIntegers<uint8_t>(set, column, keep);
    case TypeId::kUInt16: return FilterIntegers<uint16_t>(set, column, keep);
    case TypeId::kUInt32: return FilterIntegers<uint32_t>(set, column, keep);
    case TypeId::kUInt64: return FilterIntegers<uint64_t>(set, column, keep);
    case TypeId::kString:
    case TypeId::kBinary:
      if (type.id() == TypeId::kBinary || options.string_order == CompareOptions::StringOrder::kBytes) {
        return FilterBy<std::string_view>(
            set, column, [&column](int64_t row) { return column.Text(row); }, keep);
      }
      break;
    default: break;
  }
  for (int64_t row = 0; row < column.length; ++row) {
    if ((*keep)[row] != 0) (*keep)[row] = ValueSetAllows(type, options, set, ScalarAt(column, row));
  }
}

}  // namespace

Status EvaluateConstraints(const Constraints& constraints, const CompareOptions& options, const Batch& batch, std::vector<uint8_t>* keep) {
  keep->assign(static_cast<size_t>(batch.num_rows()), 1);
  for (const auto& [name, set] : constraints.columns) {
    const std::optional<size_t> index = batch.schema().IndexOf(name);
    if (!index) return Status::Invalid("constraint on column \"", name, "\": the batch has no such column");
    const Column& column = batch.column(*index);
    if (column.type.is_nested() && set.kind != ValueSet::Kind::kAll && set.kind != ValueSet::Kind::kNone) {
      return Status::Invalid("constraint on column \"", name, "\": values of ", column.type.ToString(), " have no order");
    }
    FilterColumn(options, set, column, keep);
  }
  for (const Expression& expression : constraints.expressions) {
    LOTIC_RETURN_NOT_OK(CheckExpression(expression, batch.schema()));
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      if ((*keep)[row] == 0) continue;
      LOTIC_ASSIGN_OR_RETURN(const Scalar value, EvaluateExpression(expression, options, batch, row));
      (*keep)[row] = !IsNull(value) && std::get<bool>(value);
    }
  }
  return Status::OK();
}

}  // namespace lotic
