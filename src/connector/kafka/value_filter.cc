// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/value_filter.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lotic::kafka {
namespace {

bool IsSignedInteger(const Type& type) {
  switch (type.id()) {
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp: return true;
    default: return false;
  }
}

/// A range's bounds as inclusive integers; false if nothing fits between them.
template <typename T>
bool InclusiveBounds(const ValueRange& range, T* low, T* high) {
  *low = std::numeric_limits<T>::min();
  *high = std::numeric_limits<T>::max();
  if (range.low.has_value()) {
    *low = std::get<T>(*range.low);
    if (!range.low_inclusive) {
      if (*low == std::numeric_limits<T>::max()) return false;
      ++*low;
    }
  }
  if (range.high.has_value()) {
    *high = std::get<T>(*range.high);
    if (!range.high_inclusive) {
      if (*high == std::numeric_limits<T>::min()) return false;
      --*high;
    }
  }
  return *low <= *high;
}

template <typename T>
bool Holds(const std::optional<Scalar>& bound) {
  return !bound.has_value() || std::holds_alternative<T>(*bound);
}

}  // namespace

ValueFilter::ValueFilter(Type type, ValueSet set, CompareOptions options) : type_(std::move(type)), set_(std::move(set)), options_(options) {
  negated_ = set_.kind == ValueSet::Kind::kUnlisted;
  fast_ = CompileIntegers() || CompileFloats() || CompileText();
}

bool ValueFilter::CompileIntegers() {
  const bool is_signed = IsSignedInteger(type_);
  if (!is_signed && !type_.is_unsigned()) return false;
  const auto compile = [&]<typename T>(std::vector<Interval<T>>* intervals) {
    for (const ValueRange& range : set_.ranges) {
      if (!Holds<T>(range.low) || !Holds<T>(range.high)) return false;
      Interval<T> interval;
      if (InclusiveBounds(range, &interval.low, &interval.high)) intervals->push_back(interval);
    }
    for (const Scalar& value : set_.values) {
      if (!std::holds_alternative<T>(value)) return false;
      intervals->push_back({std::get<T>(value), std::get<T>(value)});
    }
    if (set_.kind == ValueSet::Kind::kAll) {
      intervals->push_back({std::numeric_limits<T>::min(), std::numeric_limits<T>::max()});
    }
    return true;
  };
  return is_signed ? compile(&signed_) : compile(&unsigned_);
}

bool ValueFilter::CompileFloats() {
  if (type_.id() != TypeId::kFloat32 && type_.id() != TypeId::kFloat64) return false;
  if (options_.signed_zero_distinct || set_.kind != ValueSet::Kind::kRanges) return false;
  for (const ValueRange& range : set_.ranges) {
    if (!Holds<double>(range.low) || !Holds<double>(range.high)) return false;
    if (range.low.has_value() && std::isnan(std::get<double>(*range.low))) return false;
    if (range.high.has_value() && std::isnan(std::get<double>(*range.high))) return false;
  }
  return true;
}

bool ValueFilter::CompileText() const {
  if (!type_.is_text_or_binary()) return false;
  for (const Scalar& value : set_.values) {
    if (!std::holds_alternative<std::string>(value)) return false;
  }
  for (const ValueRange& range : set_.ranges) {
    if (!Holds<std::string>(range.low) || !Holds<std::string>(range.high)) return false;
  }
  // Lists are about equality, which no order changes; their sorting follows the order, so they are searched one by one.
  return set_.kind != ValueSet::Kind::kRanges || options_.string_order == CompareOptions::StringOrder::kBytes;
}

template <typename Stored, typename Wide>
void ValueFilter::ApplyIntegers(const Column& column, const std::vector<Interval<Wide>>& intervals, std::span<uint8_t> keep) const {
  const Stored* const values = column.values<Stored>().data();
  const size_t count = keep.size();
  const uint8_t flip = negated_ ? 1 : 0;
  if (intervals.empty()) {
    if (flip == 0) std::fill(keep.begin(), keep.end(), uint8_t{0});
    return;
  }
  if (intervals.size() == 1) {
    const Wide low = intervals[0].low;
    const Wide high = intervals[0].high;
    for (size_t i = 0; i < count; ++i) {
      const Wide value = values[i];
      keep[i] &= static_cast<uint8_t>((value >= low) & (value <= high)) ^ flip;
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    const Wide value = values[i];
    const auto after = std::upper_bound(intervals.begin(), intervals.end(), value, [](Wide v, const Interval<Wide>& interval) { return v < interval.low; });
    const bool inside = after != intervals.begin() && value <= std::prev(after)->high;
    keep[i] &= static_cast<uint8_t>(inside) ^ flip;
  }
}

template <typename Stored>
void ValueFilter::ApplyFloats(const Column& column, std::span<uint8_t> keep) const {
  const Stored* const values = column.values<Stored>().data();
  for (size_t i = 0; i < keep.size(); ++i) {
    const double value = values[i];
    bool inside = false;
    for (const ValueRange& range : set_.ranges) {
      bool fits = true;
      if (range.high.has_value()) {  // NaN is above every number, so that a bound shuts it out: the comparison is false
        const double high = std::get<double>(*range.high);
        fits = range.high_inclusive ? value <= high : value < high;
      }
      if (fits && range.low.has_value() && !std::isnan(value)) {
        const double low = std::get<double>(*range.low);
        fits = range.low_inclusive ? value >= low : value > low;
      }
      inside |= fits;
    }
    keep[i] &= static_cast<uint8_t>(inside);
  }
}

bool ValueFilter::TextAllowed(std::string_view text) const {
  switch (set_.kind) {
    case ValueSet::Kind::kAll: return true;
    case ValueSet::Kind::kNone: return false;
    case ValueSet::Kind::kListed:
    case ValueSet::Kind::kUnlisted: {
      bool listed;
      if (options_.string_order == CompareOptions::StringOrder::kBytes && set_.values.size() > 8) {
        const auto at = std::lower_bound(set_.values.begin(), set_.values.end(), text,
                                         [](const Scalar& a, std::string_view b) { return std::string_view(std::get<std::string>(a)) < b; });
        listed = at != set_.values.end() && std::get<std::string>(*at) == text;
      } else {
        listed = std::any_of(set_.values.begin(), set_.values.end(), [&](const Scalar& value) { return std::get<std::string>(value) == text; });
      }
      return listed != negated_;
    }
    case ValueSet::Kind::kRanges:
      for (const ValueRange& range : set_.ranges) {
        bool fits = true;
        if (range.low.has_value()) {
          const int order = text.compare(std::get<std::string>(*range.low));
          fits = range.low_inclusive ? order >= 0 : order > 0;
        }
        if (fits && range.high.has_value()) {
          const int order = text.compare(std::get<std::string>(*range.high));
          fits = range.high_inclusive ? order <= 0 : order < 0;
        }
        if (fits) return true;
      }
      return false;
  }
  return false;
}

void ValueFilter::ApplyText(const Column& column, std::span<uint8_t> keep) const {
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] != 0) keep[i] = TextAllowed(column.Text(static_cast<int64_t>(i))) ? 1 : 0;
  }
}

void ValueFilter::ApplyNulls(const Column& column, std::span<const uint8_t> before, std::span<uint8_t> keep) const {
  for (size_t i = 0; i < keep.size(); ++i) {
    if (column.IsNull(static_cast<int64_t>(i))) keep[i] = set_.null_allowed ? before[i] : 0;
  }
}

void ValueFilter::Apply(const Column& column, std::span<uint8_t> keep) const {
  std::vector<uint8_t> before;  // what a NULL keeps, since the loops below look at the unspecified value under it
  if (column.null_count > 0) before.assign(keep.begin(), keep.end());
  if (!fast_) {
    for (size_t i = 0; i < keep.size(); ++i) {
      if (keep[i] == 0) continue;
      const auto row = static_cast<int64_t>(i);
      const Scalar value = column.IsNull(row) ? Scalar() : ScalarAt(column, row);
      keep[i] = ValueSetAllows(type_, options_, set_, value) ? 1 : 0;
    }
    return;
  }
  switch (type_.id()) {
    case TypeId::kInt8: ApplyIntegers<int8_t>(column, signed_, keep); break;
    case TypeId::kInt16: ApplyIntegers<int16_t>(column, signed_, keep); break;
    case TypeId::kInt32:
    case TypeId::kDate: ApplyIntegers<int32_t>(column, signed_, keep); break;
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp: ApplyIntegers<int64_t>(column, signed_, keep); break;
    case TypeId::kUInt8: ApplyIntegers<uint8_t>(column, unsigned_, keep); break;
    case TypeId::kUInt16: ApplyIntegers<uint16_t>(column, unsigned_, keep); break;
    case TypeId::kUInt32: ApplyIntegers<uint32_t>(column, unsigned_, keep); break;
    case TypeId::kUInt64: ApplyIntegers<uint64_t>(column, unsigned_, keep); break;
    case TypeId::kFloat32: ApplyFloats<float>(column, keep); break;
    case TypeId::kFloat64: ApplyFloats<double>(column, keep); break;
    default: ApplyText(column, keep); break;
  }
  if (column.null_count > 0) ApplyNulls(column, before, keep);
}

}  // namespace lotic::kafka
