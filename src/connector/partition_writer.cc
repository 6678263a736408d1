// SPDX-License-Identifier: Apache-2.0
#include "lotic/partition_writer.h"

#include <utility>

namespace lotic {

PartitionWriter::PartitionWriter(const TableInfo& table, const Constraints& constraints, CompareOptions compare)
    : constraints_(constraints), compare_(compare) {
  for (const std::string& name : table.partition_columns) {
    const std::optional<size_t> at = table.schema.IndexOf(name);
    LOTIC_CHECK(at.has_value());  // TableBuilder sees to it
    const auto set = constraints_.columns.find(name);
    columns_.push_back({name, table.schema.fields[*at].type, set == constraints_.columns.end() ? nullptr : &set->second});
  }
}

Result<bool> PartitionWriter::Allows(std::string_view column, const Value& value) const {
  for (const PartitionColumn& known : columns_) {
    if (known.name != column) continue;
    const Result<Scalar> scalar = ScalarOf(known.type, value, Narrowing::kRefuse);
    if (!scalar.ok()) return scalar.status().WithMessage("partition column \"", column, "\": ", scalar.status().message());
    return known.wanted == nullptr || ValueSetAllows(known.type, compare_, *known.wanted, *scalar);
  }
  return Status::Invalid("column \"", column, "\" is no partition column");
}

Result<bool> PartitionWriter::Add(std::span<const Value> values, std::map<std::string, std::string> properties) {
  if (values.size() != columns_.size()) return Status::Invalid("a partition of ", values.size(), " values; there are ", columns_.size(), " partition columns");
  LayoutPartition partition;
  bool wanted = true;
  for (size_t i = 0; i < columns_.size(); ++i) {
    Result<Scalar> scalar = ScalarOf(columns_[i].type, values[i], Narrowing::kRefuse);
    if (!scalar.ok()) return scalar.status().WithMessage("partition column \"", columns_[i].name, "\": ", scalar.status().message());
    wanted = wanted && (columns_[i].wanted == nullptr || ValueSetAllows(columns_[i].type, compare_, *columns_[i].wanted, *scalar));
    partition.values.push_back(*std::move(scalar));
  }
  if (++offered_ > kMaxPartitions) return Status::CapacityError("more than ", kMaxPartitions, " partitions");
  if (!wanted) return false;
  partition.properties = std::move(properties);
  kept_.push_back(std::move(partition));
  return true;
}

}  // namespace lotic
