// SPDX-License-Identifier: Apache-2.0
// Value sets as the SDK understands them.
#include "athena_protocol/predicate.h"

#include <algorithm>

#include "athena_protocol/wire_order.h"

namespace lotic::athena {
namespace {

bool IsLowerUnbounded(const Marker& marker) { return IsNull(marker.value) && marker.bound == Bound::kAbove; }
bool IsUpperUnbounded(const Marker& marker) { return IsNull(marker.value) && marker.bound == Bound::kBelow; }

// By the values alone; a NULL that is no missing bound sorts above them.
int CompareMarkerValues(const WireType& type, const Marker& a, const Marker& b) {
  if (IsNull(a.value) || IsNull(b.value)) return OrderOf(IsNull(a.value), IsNull(b.value));
  return CompareWireValues(type, a.value, b.value);
}

int CompareMarkers(const WireType& type, const Marker& a, const Marker& b) {
  if (IsUpperUnbounded(a) || IsUpperUnbounded(b)) return OrderOf(IsUpperUnbounded(a), IsUpperUnbounded(b));
  if (IsLowerUnbounded(a) || IsLowerUnbounded(b)) return OrderOf(IsLowerUnbounded(b), IsLowerUnbounded(a));
  const int order = CompareMarkerValues(type, a, b);
  return order != 0 ? order : OrderOf(a.bound, b.bound);
}

bool IsAdjacent(const WireType& type, const Marker& a, const Marker& b) {
  if (IsUpperUnbounded(a) || IsLowerUnbounded(a) || IsUpperUnbounded(b) || IsLowerUnbounded(b)) return false;
  return CompareMarkerValues(type, a, b) == 0 && (a.bound == Bound::kExactly) != (b.bound == Bound::kExactly);
}

// Which alternative of Scalar holds values of this type; 0: none does.
size_t AlternativeOf(const WireType& type) {
  switch (type.kind) {
    case WireKind::kBool: return 1;
    case WireKind::kInt: return type.is_signed ? 2 : 3;
    case WireKind::kDate:
    case WireKind::kTime:
    case WireKind::kTimestamp: return 2;
    case WireKind::kFloat: return 4;
    case WireKind::kDecimal: return 5;
    case WireKind::kUtf8:
    case WireKind::kBinary: return 6;
    default: return 0;
  }
}

Status CheckValue(const WireType& type, const Scalar& value) {
  if (IsNull(value) || value.index() == AlternativeOf(type)) return Status::OK();
  return Status::Invalid("value set over ", type.ToString(), ": holds a value of another type");
}

constexpr Int128 kMaxInt128 = static_cast<Int128>(~static_cast<unsigned __int128>(0) >> 1);

}  // namespace

int CompareZoned(int64_t a, int64_t b) {
  const int64_t millis = MillisOfPacked(a);
  if (const int order = OrderOf(millis, MillisOfPacked(b)); order != 0) return order;
  const int x = ZoneKeyOfPacked(a), y = ZoneKeyOfPacked(b);
  if (x == y) return 0;
  const Result<int> offset_x = ZoneOffsetSeconds(x, millis), offset_y = ZoneOffsetSeconds(y, millis);
  if (const int order = OrderOf(offset_x.ok() ? *offset_x : 0, offset_y.ok() ? *offset_y : 0); order != 0) return order;
  const Result<std::string> id_x = ZoneIdOf(x), id_y = ZoneIdOf(y);
  if (id_x.ok() && id_y.ok()) {
    if (const int order = id_x->compare(*id_y); order != 0) return order;
  }
  return OrderOf(x, y);
}

Int128 RescaleHalfUp(Int128 value, int from, int to) {
  for (; from < to; ++from) {
    const bool negative = value < 0;
    if (__builtin_mul_overflow(value, Int128{10}, &value)) return negative ? -kMaxInt128 : kMaxInt128;
  }
  if (from == to) return value;
  Int128 divisor = 1;
  for (; from > to; --from) divisor *= 10;  // a scale is at most 38
  Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  if ((rest < 0 ? -rest : rest) >= divisor - (rest < 0 ? -rest : rest)) quotient += value < 0 ? -1 : 1;
  return quotient;
}

Status CheckComparable(const WireType& set, const WireType& column) {
  const bool decimals = set.kind == WireKind::kDecimal && column.kind == WireKind::kDecimal;
  const bool timestamps = set.kind == WireKind::kTimestamp && column.kind == WireKind::kTimestamp && set.unit == column.unit;
  if (!decimals && !timestamps && !(set == column)) {
    return Status::Invalid("a value of ", column.ToString(), " cannot be tested against a set of ", set.ToString());
  }
  const bool ordered = set.kind != WireKind::kNull && set.kind != WireKind::kTime && set.kind < WireKind::kNull &&
                       !(set.kind == WireKind::kInt && !set.is_signed) && !(set.kind == WireKind::kFloat && set.bit_width == 16) &&
                       !(set.kind == WireKind::kTimestamp && (!set.timezone || set.unit != WireUnit::kMilli));
  return ordered ? Status::OK() : Status::Invalid("values of ", set.ToString(), " have no order in the federation SDK");
}

int CompareWireValues(const WireType& type, const Scalar& a, const Scalar& b) {
  LOTIC_CHECK(a.index() == b.index() && !IsNull(a));
  switch (a.index()) {
    case 1: return OrderOf(std::get<bool>(a), std::get<bool>(b));
    case 2:
      if (type.kind == WireKind::kTimestamp && type.timezone && type.unit == WireUnit::kMilli) return CompareZoned(std::get<int64_t>(a), std::get<int64_t>(b));
      return OrderOf(std::get<int64_t>(a), std::get<int64_t>(b));
    case 3: return OrderOf(std::get<uint64_t>(a), std::get<uint64_t>(b));
    case 4: return OrderOf(OrderedBits(std::get<double>(a)), OrderedBits(std::get<double>(b)));
    case 5: return OrderOf(std::get<Int128>(a), std::get<Int128>(b));
    default: break;
  }
  const std::string& x = std::get<std::string>(a);
  const std::string& y = std::get<std::string>(b);
  return type.kind == WireKind::kUtf8 ? CompareUtf16(x, y) : OrderOf(x.compare(y), 0);
}

Status NormalizeWireValueSet(WireValueSet* set) {
  const WireType& type = set->type;
  if (set->kind == WireValueSet::Kind::kEquatable) {
    for (const Scalar& value : set->values) LOTIC_RETURN_NOT_OK(CheckValue(type, value));
    return Status::OK();
  }
  if (set->kind != WireValueSet::Kind::kSortedRanges) return Status::OK();
  for (size_t i = 0; i < set->ranges.size(); ++i) {
    const WireRange& range = set->ranges[i];
    LOTIC_RETURN_NOT_OK(CheckValue(type, range.low.value));
    LOTIC_RETURN_NOT_OK(CheckValue(type, range.high.value));
    if (range.low.bound == Bound::kBelow) return Status::Invalid("range ", i, ": the low marker is BELOW its value; it must be EXACTLY or ABOVE");
    if (range.high.bound == Bound::kAbove) return Status::Invalid("range ", i, ": the high marker is ABOVE its value; it must be EXACTLY or BELOW");
    if (CompareMarkers(type, range.low, range.high) > 0) return Status::Invalid("range ", i, ": the low marker is above the high one");
  }
  std::stable_sort(set->ranges.begin(), set->ranges.end(), [&](const WireRange& a, const WireRange& b) { return CompareMarkers(type, a.low, b.low) < 0; });
  std::vector<WireRange> merged;
  for (WireRange& range : set->ranges) {
    if (!merged.empty()) {
      Marker& high = merged.back().high;
      if (CompareMarkers(type, range.low, high) <= 0 || IsAdjacent(type, high, range.low)) {
        if (CompareMarkers(type, high, range.high) < 0) high = std::move(range.high);
        continue;
      }
    }
    merged.push_back(std::move(range));
  }
  set->ranges = std::move(merged);
  return Status::OK();
}

// The three below differ from kind to kind and in part from what their names say. That is the original's doing, and connectors were written against it.
bool IsNone(const WireValueSet& set) {
  switch (set.kind) {
    case WireValueSet::Kind::kSortedRanges: return set.ranges.empty();
    case WireValueSet::Kind::kEquatable: return set.white_list && set.values.empty() && !set.null_allowed;
    case WireValueSet::Kind::kAllOrNone: return !set.all && !set.null_allowed;
  }
  return false;
}

bool IsAll(const WireValueSet& set) {
  switch (set.kind) {
    case WireValueSet::Kind::kSortedRanges: return set.ranges.size() == 1 && IsLowerUnbounded(set.ranges[0].low) && IsUpperUnbounded(set.ranges[0].high);
    case WireValueSet::Kind::kEquatable: return !set.white_list && set.values.empty() && set.null_allowed;
    case WireValueSet::Kind::kAllOrNone: return set.all && set.null_allowed;
  }
  return false;
}

bool IsSingleValue(const WireValueSet& set) {
  switch (set.kind) {
    case WireValueSet::Kind::kSortedRanges:
      if (set.ranges.empty()) return set.null_allowed;
      return set.ranges.size() == 1 && !set.null_allowed && !IsNull(set.ranges[0].low.value) && set.ranges[0].low.bound == Bound::kExactly &&
             set.ranges[0].high == set.ranges[0].low;
    case WireValueSet::Kind::kEquatable: return set.white_list && (set.values.empty() ? set.null_allowed : set.values.size() == 1 && !set.null_allowed);
    case WireValueSet::Kind::kAllOrNone: return false;
  }
  return false;
}

Result<bool> WireValueSetContains(const WireValueSet& set, const WireType& column, const Scalar& value) {
  if (IsNull(value)) return set.null_allowed;
  if (set.kind == WireValueSet::Kind::kAllOrNone) return set.all || !set.null_allowed;
  LOTIC_RETURN_NOT_OK(CheckComparable(set.type, column));
  if (value.index() != AlternativeOf(column)) return Status::Invalid("a value that is not of its column's type ", column.ToString());
  Marker marker{value, Bound::kExactly};
  if (column.kind == WireKind::kDecimal) marker.value = RescaleHalfUp(std::get<Int128>(value), column.scale, set.type.scale);
  if (set.kind == WireValueSet::Kind::kEquatable) {
    const bool member = std::any_of(set.values.begin(), set.values.end(),
                                    [&](const Scalar& other) { return !IsNull(other) && CompareWireValues(set.type, marker.value, other) == 0; });
    return member == set.white_list;
  }
  return std::any_of(set.ranges.begin(), set.ranges.end(), [&](const WireRange& range) {
    return CompareMarkers(set.type, range.low, marker) <= 0 && CompareMarkers(set.type, marker, range.high) <= 0;
  });
}

}  // namespace lotic::athena
