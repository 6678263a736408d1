// SPDX-License-Identifier: Apache-2.0
// The summary over a whole block: types, order and shape of a set are decided once for a column, and one loop goes over its values.
#include <algorithm>

#include "athena_protocol/predicate.h"
#include "athena_protocol/wire_order.h"

namespace lotic::athena {
namespace {

// What of a set matters to values that are not NULL, as plain keys.
template <typename Key>
struct Interval {
  bool has_low = false, low_inclusive = true, has_high = false, high_inclusive = true;
  Key low = {}, high = {};
};

// A bound with NULL that is not "unbounded" lies above all values: as a low one nothing is above it, as a high one it is none.
bool HoldsNothing(const WireRange& range) { return IsNull(range.low.value) && range.low.bound != Bound::kAbove; }

template <typename Key, typename KeyOf>
std::vector<Interval<Key>> IntervalsOf(const WireValueSet& set, KeyOf key_of) {
  std::vector<Interval<Key>> out;
  for (const WireRange& range : set.ranges) {
    if (HoldsNothing(range)) continue;
    Interval<Key> interval;
    if (!IsNull(range.low.value)) {
      interval.has_low = true;
      interval.low_inclusive = range.low.bound == Bound::kExactly;
      interval.low = key_of(range.low.value);
    }
    if (!IsNull(range.high.value)) {
      interval.has_high = true;
      interval.high_inclusive = range.high.bound == Bound::kExactly;
      interval.high = key_of(range.high.value);
    }
    out.push_back(interval);
  }
  return out;
}

template <typename Key, typename Compare>
bool Holds(const Interval<Key>& interval, const Key& key, Compare compare) {
  if (interval.has_low) {
    const int order = compare(key, interval.low);
    if (order < 0 || (order == 0 && !interval.low_inclusive)) return false;
  }
  if (interval.has_high) {
    const int order = compare(key, interval.high);
    if (order > 0 || (order == 0 && !interval.high_inclusive)) return false;
  }
  return true;
}

constexpr size_t kFew = 8;  // up to here one after the other is faster than halving

// The intervals are sorted and disjoint: at most one can hold the key, the last that begins at or below it.
template <typename Key, typename Compare>
bool AnyHolds(const std::vector<Interval<Key>>& intervals, const Key& key, Compare compare) {
  if (intervals.size() <= kFew) {
    return std::any_of(intervals.begin(), intervals.end(), [&](const Interval<Key>& interval) { return Holds(interval, key, compare); });
  }
  auto after = std::upper_bound(intervals.begin(), intervals.end(), key,
                                [&](const Key& k, const Interval<Key>& interval) { return interval.has_low && compare(k, interval.low) < 0; });
  return after != intervals.begin() && Holds(*--after, key, compare);
}

// keep[row] &= whether the set holds the row's value. `key_of` gives the key of a value of the set, `at` that of a row.
template <typename Key, typename KeyOf, typename At, typename Compare>
void FilterRows(const WireValueSet& set, const Column& column, KeyOf key_of, At at, Compare compare, uint8_t* keep) {
  const auto filter = [&](auto holds) {
    if (column.null_count == 0) {
      for (int64_t row = 0; row < column.length; ++row) keep[row] &= static_cast<uint8_t>(holds(at(row)));
      return;
    }
    for (int64_t row = 0; row < column.length; ++row) {
      if (keep[row] != 0) keep[row] = static_cast<uint8_t>(column.IsNull(row) ? set.null_allowed : holds(at(row)));
    }
  };
  if (set.kind == WireValueSet::Kind::kEquatable) {
    std::vector<Key> values;
    for (const Scalar& value : set.values) {
      if (!IsNull(value)) values.push_back(key_of(value));
    }
    const auto less = [&](const Key& a, const Key& b) { return compare(a, b) < 0; };
    std::sort(values.begin(), values.end(), less);
    return filter([&](const Key& key) { return std::binary_search(values.begin(), values.end(), key, less) == set.white_list; });
  }
  const std::vector<Interval<Key>> intervals = IntervalsOf<Key>(set, key_of);
  if (intervals.size() == 1) {
    const Interval<Key> only = intervals[0];
    return filter([&](const Key& key) { return Holds(only, key, compare); });
  }
  filter([&](const Key& key) { return AnyHolds(intervals, key, compare); });
}

void FilterByNull(const Column& column, bool values, bool nulls, uint8_t* keep) {
  for (int64_t row = 0; row < column.length; ++row) keep[row] &= static_cast<uint8_t>(column.IsNull(row) ? nulls : values);
}

template <typename T>
void FilterIntegers(const WireValueSet& set, const Column& column, uint8_t* keep) {
  const T* values = column.values<T>().data();
  FilterRows<int64_t>(
      set, column, [](const Scalar& value) { return std::get<int64_t>(value); }, [values](int64_t row) { return int64_t{values[row]}; }, OrderOf<int64_t>,
      keep);
}

template <typename T>
void FilterFloats(const WireValueSet& set, const Column& column, uint8_t* keep) {
  const T* values = column.values<T>().data();
  FilterRows<int64_t>(
      set, column, [](const Scalar& value) { return OrderedBits(std::get<double>(value)); },
      [values](int64_t row) { return OrderedBits(static_cast<double>(values[row])); }, OrderOf<int64_t>, keep);
}

template <typename Compare>
void FilterBytes(const WireValueSet& set, const Column& column, Compare compare, uint8_t* keep) {
  FilterRows<std::string_view>(
      set, column, [](const Scalar& value) { return std::string_view(std::get<std::string>(value)); }, [&column](int64_t row) { return column.Text(row); },
      compare, keep);
}

// Values with children: no order, so only sets that name none can be meant.
Status FilterNested(const WireValueSet& set, const WireType& type, const Column& column, uint8_t* keep) {
  bool values = set.kind == WireValueSet::Kind::kEquatable && !set.white_list;
  bool named = !set.values.empty();
  for (const WireRange& range : set.ranges) {
    named = named || !IsNull(range.low.value) || !IsNull(range.high.value);
    values = true;
  }
  if (named) return Status::Invalid("values of ", type.ToString(), " have no order");
  FilterByNull(column, values, set.null_allowed, keep);
  return Status::OK();
}

Status FilterColumn(const WireValueSet& set, const WireType& type, const Column& column, uint8_t* keep) {
  if (set.kind == WireValueSet::Kind::kAllOrNone) {
    FilterByNull(column, set.all || !set.null_allowed, set.null_allowed, keep);
    return Status::OK();
  }
  if (column.null_count == column.length) {  // the SDK looks at types only where there is a value
    FilterByNull(column, false, set.null_allowed, keep);
    return Status::OK();
  }
  LOTIC_RETURN_NOT_OK(CheckComparable(set.type, type));
  switch (column.type.id()) {
    case TypeId::kBool:
      FilterRows<int>(
          set, column, [](const Scalar& value) { return static_cast<int>(std::get<bool>(value)); },
          [&column](int64_t row) { return static_cast<int>(column.Bool(row)); }, OrderOf<int>, keep);
      break;
    case TypeId::kInt8: FilterIntegers<int8_t>(set, column, keep); break;
    case TypeId::kInt16: FilterIntegers<int16_t>(set, column, keep); break;
    case TypeId::kInt32:
    case TypeId::kDate: FilterIntegers<int32_t>(set, column, keep); break;
    case TypeId::kInt64: FilterIntegers<int64_t>(set, column, keep); break;
    case TypeId::kTimestamp:
      if (type.kind == WireKind::kDate) {
        FilterIntegers<int64_t>(set, column, keep);
      } else {
        const int64_t* values = column.values<int64_t>().data();
        FilterRows<int64_t>(
            set, column, [](const Scalar& value) { return std::get<int64_t>(value); }, [values](int64_t row) { return values[row]; }, CompareZoned, keep);
      }
      break;
    case TypeId::kFloat32: FilterFloats<float>(set, column, keep); break;
    case TypeId::kFloat64: FilterFloats<double>(set, column, keep); break;
    case TypeId::kDecimal128: {
      const Int128* values = column.values<Int128>().data();
      const int from = type.scale, to = set.type.scale;
      const auto key_of = [](const Scalar& value) { return std::get<Int128>(value); };
      if (from == to)
        FilterRows<Int128>(
            set, column, key_of, [values](int64_t row) { return values[row]; }, OrderOf<Int128>, keep);
      else
        FilterRows<Int128>(
            set, column, key_of, [=](int64_t row) { return RescaleHalfUp(values[row], from, to); }, OrderOf<Int128>, keep);
      break;
    }
    case TypeId::kString: FilterBytes(set, column, CompareUtf16, keep); break;
    case TypeId::kBinary:
      FilterBytes(
          set, column, [](std::string_view a, std::string_view b) { return a.compare(b); }, keep);
      break;
    case TypeId::kList:
    case TypeId::kStruct:
    case TypeId::kMap: return FilterNested(set, type, column, keep);
    default: return Status::Invalid("values of ", type.ToString(), " have no order");
  }
  return Status::OK();
}

}  // namespace

Status EvaluateSummary(const WireConstraints& constraints, const Block& block, std::vector<uint8_t>* keep) {
  keep->assign(static_cast<size_t>(block.rows.num_rows()), 1);
  for (const auto& [name, written] : constraints.summary) {
    const std::optional<size_t> index = block.schema.IndexOf(name);
    if (!index) continue;
    const auto failed = [&name = name](const Status& status) { return status.WithMessage("constraint on column \"", name, "\": ", status.message()); };
    WireValueSet set = written;
    if (const Status status = NormalizeWireValueSet(&set); !status.ok()) return failed(status);
    const Status status = FilterColumn(set, block.schema.fields[*index].type, block.rows.column(*index), keep->data());
    if (!status.ok()) return failed(status);
  }
  return Status::OK();
}

}  // namespace lotic::athena
