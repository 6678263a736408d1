// SPDX-License-Identifier: Apache-2.0
// Value sets: their normal form, intersection and membership.
#include <algorithm>

#include "lotic/constraints.h"

namespace lotic {
namespace {

size_t VariantIndexOf(const Type& type) {
  switch (type.id()) {
    case TypeId::kBool: return 1;
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64: return 3;
    case TypeId::kFloat32:
    case TypeId::kFloat64: return 4;
    case TypeId::kDecimal128: return 5;
    case TypeId::kString:
    case TypeId::kBinary: return 6;
    case TypeId::kList:
    case TypeId::kStruct:
    case TypeId::kMap: return 0;
    default: return 2;
  }
}

struct Order {
  const Type& type;
  const CompareOptions& options;

  int Values(const Scalar& a, const Scalar& b) const { return CompareScalars(type, a, b, options); }
  bool operator()(const Scalar& a, const Scalar& b) const { return Values(a, b) < 0; }

  // Which lower bound lets in more (negative: a begins first); no bound begins before all.
  int Lows(const ValueRange& a, const ValueRange& b) const {
    if (!a.low || !b.low) return (a.low ? 1 : 0) - (b.low ? 1 : 0);
    const int order = Values(*a.low, *b.low);
    return order != 0 ? order : static_cast<int>(b.low_inclusive) - static_cast<int>(a.low_inclusive);
  }
  // Which upper bound ends first (negative: a); no bound ends after all.
  int Highs(const ValueRange& a, const ValueRange& b) const {
    if (!a.high || !b.high) return (a.high ? 0 : 1) - (b.high ? 0 : 1);
    const int order = Values(*a.high, *b.high);
    return order != 0 ? order : static_cast<int>(a.high_inclusive) - static_cast<int>(b.high_inclusive);
  }
  bool Empty(const ValueRange& range) const {
    if (!range.low || !range.high) return false;
    const int order = Values(*range.low, *range.high);
    return order > 0 || (order == 0 && !(range.low_inclusive && range.high_inclusive));
  }
  // Whether b, which does not begin before a, overlaps a or touches it without a gap.
  bool Joined(const ValueRange& a, const ValueRange& b) const {
    if (!a.high || !b.low) return true;
    const int order = Values(*b.low, *a.high);
    return order < 0 || (order == 0 && (a.high_inclusive || b.low_inclusive));
  }
  bool Within(const ValueRange& range, const Scalar& value) const {
    if (range.low) {
      const int order = Values(value, *range.low);
      if (order < 0 || (order == 0 && !range.low_inclusive)) return false;
    }
    if (range.high) {
      const int order = Values(value, *range.high);
      if (order > 0 || (order == 0 && !range.high_inclusive)) return false;
    }
    return true;
  }
};

std::vector<ValueRange> RangesOf(const ValueSet& set) {
  std::vector<ValueRange> ranges;
  switch (set.kind) {
    case ValueSet::Kind::kAll: return {ValueRange{}};
    case ValueSet::Kind::kNone: return {};
    case ValueSet::Kind::kRanges: return set.ranges;
    case ValueSet::Kind::kListed:
      for (const Scalar& value : set.values) ranges.push_back({value, true, value, true});
      return ranges;
    case ValueSet::Kind::kUnlisted: break;
  }
  ValueRange open;
  for (const Scalar& value : set.values) {
    open.high = value;
    open.high_inclusive = false;
    ranges.push_back(open);
    open = {value, false, std::nullopt, true};
  }
  ranges.push_back(open);
  return ranges;
}

}  // namespace

Status NormalizeValueSet(const Type& type, const CompareOptions& options, ValueSet* set) {
  const Order order{type, options};
  const size_t expected = VariantIndexOf(type);
  const auto check = [&](const Scalar& value) {
    if (value.index() == expected && expected != 0) return Status::OK();
    return Status::Invalid("value set over ", type.ToString(), ": ", IsNull(value) ? "a NULL" : "a value of another type", " inside");
  };
  if (set->kind == ValueSet::Kind::kRanges) {
    std::vector<ValueRange> ranges;
    for (ValueRange& range : set->ranges) {
      if (range.low) LOTIC_RETURN_NOT_OK(check(*range.low));
      if (range.high) LOTIC_RETURN_NOT_OK(check(*range.high));
      if (!range.low) range.low_inclusive = true;
      if (!range.high) range.high_inclusive = true;
      if (!order.Empty(range)) ranges.push_back(std::move(range));
    }
    std::sort(ranges.begin(), ranges.end(), [&](const auto& a, const auto& b) { return order.Lows(a, b) < 0; });
    set->ranges.clear();
    for (ValueRange& range : ranges) {
      if (set->ranges.empty() || !order.Joined(set->ranges.back(), range)) {
        set->ranges.push_back(std::move(range));
      } else if (order.Highs(set->ranges.back(), range) < 0) {
        set->ranges.back().high = std::move(range.high);
        set->ranges.back().high_inclusive = range.high_inclusive;
      }
    }
    if (set->ranges.empty()) set->kind = ValueSet::Kind::kNone;
    if (set->ranges.size() == 1 && !set->ranges[0].low && !set->ranges[0].high) set->kind = ValueSet::Kind::kAll;
  } else if (set->kind == ValueSet::Kind::kListed || set->kind == ValueSet::Kind::kUnlisted) {
    for (const Scalar& value : set->values) LOTIC_RETURN_NOT_OK(check(value));
    std::sort(set->values.begin(), set->values.end(), order);
    const auto same = [&](const Scalar& a, const Scalar& b) { return order.Values(a, b) == 0; };
    set->values.erase(std::unique(set->values.begin(), set->values.end(), same), set->values.end());
    if (set->values.empty()) set->kind = set->kind == ValueSet::Kind::kListed ? ValueSet::Kind::kNone : ValueSet::Kind::kAll;
  }
  if (set->kind != ValueSet::Kind::kRanges) set->ranges.clear();
  if (set->kind != ValueSet::Kind::kListed && set->kind != ValueSet::Kind::kUnlisted) set->values.clear();
  return Status::OK();
}

ValueSet IntersectValueSets(const Type& type, const CompareOptions& options, const ValueSet& a, const ValueSet& b) {
  const Order order{type, options};
  ValueSet out;
  out.null_allowed = a.null_allowed && b.null_allowed;
  if (a.kind == ValueSet::Kind::kListed || b.kind == ValueSet::Kind::kListed) {
    const ValueSet& listed = a.kind == ValueSet::Kind::kListed ? a : b;
    const ValueSet& other = &listed == &a ? b : a;
    out.kind = ValueSet::Kind::kListed;
    for (const Scalar& value : listed.values) {
      if (ValueSetAllows(type, options, other, value)) out.values.push_back(value);
    }
  } else if (a.kind == ValueSet::Kind::kUnlisted && b.kind == ValueSet::Kind::kUnlisted) {
    out.kind = ValueSet::Kind::kUnlisted;
    out.values = a.values;
    out.values.insert(out.values.end(), b.values.begin(), b.values.end());
  } else if (a.kind == ValueSet::Kind::kAll || b.kind == ValueSet::Kind::kAll) {
    const bool null_allowed = out.null_allowed;
    out = a.kind == ValueSet::Kind::kAll ? b : a;
    out.null_allowed = null_allowed;
  } else {
    out.kind = ValueSet::Kind::kRanges;
    const std::vector<ValueRange> xs = RangesOf(a), ys = RangesOf(b);
    // Both are sorted and disjoint: what ends first meets nothing that comes after.
    for (size_t i = 0, j = 0; i < xs.size() && j < ys.size();) {
      const ValueRange& x = xs[i];
      const ValueRange& y = ys[j];
      ValueRange both;
      const ValueRange& later = order.Lows(x, y) >= 0 ? x : y;
      const bool x_ends_first = order.Highs(x, y) <= 0;
      const ValueRange& earlier = x_ends_first ? x : y;
      both.low = later.low;
      both.low_inclusive = later.low_inclusive;
      both.high = earlier.high;
      both.high_inclusive = earlier.high_inclusive;
      if (!order.Empty(both)) out.ranges.push_back(std::move(both));
      if (x_ends_first) {
        ++i;
      } else {
        ++j;
      }
    }
  }
  const Status normalized = NormalizeValueSet(type, options, &out);
  LOTIC_CHECK(normalized.ok());
  return out;
}

ValueSet UniteValueSets(const Type& type, const CompareOptions& options, const ValueSet& a, const ValueSet& b) {
  ValueSet out;
  out.null_allowed = a.null_allowed || b.null_allowed;
  if (a.kind == ValueSet::Kind::kListed && b.kind == ValueSet::Kind::kListed) {
    out.kind = ValueSet::Kind::kListed;
    out.values = a.values;
    out.values.insert(out.values.end(), b.values.begin(), b.values.end());
  } else {
    out.kind = ValueSet::Kind::kRanges;
    out.ranges = RangesOf(a);
    const std::vector<ValueRange> more = RangesOf(b);
    out.ranges.insert(out.ranges.end(), more.begin(), more.end());
  }
  const Status normalized = NormalizeValueSet(type, options, &out);
  LOTIC_CHECK(normalized.ok());
  return out;
}

bool ValueSetAllows(const Type& type, const CompareOptions& options, const ValueSet& set, const Scalar& value) {
  if (IsNull(value)) return set.null_allowed;
  const Order order{type, options};
  switch (set.kind) {
    case ValueSet::Kind::kAll: return true;
    case ValueSet::Kind::kNone: return false;
    case ValueSet::Kind::kListed: return std::binary_search(set.values.begin(), set.values.end(), value, order);
    case ValueSet::Kind::kUnlisted: return !std::binary_search(set.values.begin(), set.values.end(), value, order);
    case ValueSet::Kind::kRanges: break;
  }
  return std::any_of(set.ranges.begin(), set.ranges.end(), [&](const ValueRange& range) { return order.Within(range, value); });
}

std::optional<ValueRange> HullOf(const Type&, const CompareOptions&, const ValueSet& set) {
  if (set.kind == ValueSet::Kind::kUnlisted) return ValueRange{};
  const std::vector<ValueRange> ranges = RangesOf(set);
  if (ranges.empty()) return std::nullopt;
  return ValueRange{ranges.front().low, ranges.front().low_inclusive, ranges.back().high, ranges.back().high_inclusive};
}

}  // namespace lotic
