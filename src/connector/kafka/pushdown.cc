// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/pushdown.h"

#include <algorithm>

#include "connector/kafka/columns.h"

namespace lotic::kafka {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

struct Interval {  // inclusive
  int64_t low = kMin;
  int64_t high = kMax;
};

/// The integers between the bounds of a set's hull; nullopt: none.
std::optional<Interval> IntegersOf(const Type& type, const CompareOptions& compare, const ValueSet& set) {
  const std::optional<ValueRange> hull = HullOf(type, compare, set);
  if (!hull.has_value()) return std::nullopt;
  Interval interval;
  if (hull->low.has_value()) {
    interval.low = std::get<int64_t>(*hull->low);
    if (!hull->low_inclusive) {
      if (interval.low == kMax) return std::nullopt;
      ++interval.low;
    }
  }
  if (hull->high.has_value()) {
    interval.high = std::get<int64_t>(*hull->high);
    if (!hull->high_inclusive) {
      if (interval.high == kMin) return std::nullopt;
      --interval.high;
    }
  }
  if (interval.low > interval.high) return std::nullopt;
  return interval;
}

int64_t FloorToMillis(int64_t micros) { return micros >= 0 ? micros / 1000 : -((-(micros + 1)) / 1000) - 1; }
int64_t CeilToMillis(int64_t micros) { return -FloorToMillis(-micros); }

void Narrow(const Interval& interval, PushedFilters* pushed) {
  if (interval.low != kMin) pushed->min_ms = std::max(pushed->min_ms.value_or(kMin), interval.low);
  if (interval.high != kMax) pushed->max_ms = std::min(pushed->max_ms.value_or(kMax), interval.high);
}

}  // namespace

Result<PushedFilters> PushDown(const ScanRequest& request) {
  PushedFilters pushed;
  pushed.residual.expressions = request.constraints.expressions;
  for (const auto& [name, set] : request.constraints.columns) {
    const std::optional<size_t> index = request.layout.IndexOf(name);
    if (!index.has_value()) return Status::Invalid("a constraint names column '", name, "', which the layout lacks");
    const Field& field = request.layout.fields[*index];
    if (field.type.is_nested()) {
      pushed.residual.columns.emplace(name, set);
      continue;
    }
    if (set.IsUnconstrained()) continue;
    ValueSet normal = set;
    LOTIC_RETURN_NOT_OK(NormalizeValueSet(field.type, request.compare, &normal));
    if (normal.kind == ValueSet::Kind::kNone && !normal.null_allowed) pushed.nothing = true;
    const std::optional<MetadataColumn> column = MetadataColumnOf(field);
    if (column.has_value() && field.type == MetadataField(*column).type) {
      const std::optional<Interval> interval = *column == MetadataColumn::kPartition || *column == MetadataColumn::kOffset ||
                                                       *column == MetadataColumn::kTimestamp || *column == MetadataColumn::kTimestampMs
                                                   ? IntegersOf(field.type, request.compare, normal)
                                                   : std::optional<Interval>(Interval{});
      switch (*column) {
        case MetadataColumn::kPartition:
          pushed.partitions = normal;
          if (!interval.has_value()) pushed.nothing = true;  // it is never NULL
          break;
        case MetadataColumn::kOffset:
          if (!interval.has_value()) {
            pushed.nothing = true;
            break;
          }
          pushed.min_offset = std::max<int64_t>(interval->low, 0);
          if (interval->high != kMax) pushed.end_offset = interval->high < 0 ? 0 : interval->high + 1;
          break;
        case MetadataColumn::kTimestampMs:
          if (!interval.has_value()) {
            pushed.nothing = true;
            break;
          }
          Narrow(*interval, &pushed);
          break;
        case MetadataColumn::kTimestamp:
          if (normal.null_allowed) break;  // records without a timestamp lie anywhere
          if (!interval.has_value()) {
            pushed.nothing = true;
            break;
          }
          if (interval->low > -kMax) Narrow({CeilToMillis(interval->low), kMax}, &pushed);
          if (interval->high != kMax) Narrow({kMin, FloorToMillis(interval->high)}, &pushed);
          break;
        default: break;
      }
    }
    pushed.filters.emplace(name, std::move(normal));
  }
  pushed.limit = request.limit.has_value() && pushed.residual.empty() && request.order_by.empty();
  return pushed;
}

}  // namespace lotic::kafka
