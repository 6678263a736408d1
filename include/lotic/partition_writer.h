// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/connector.h"
#include "lotic/constraints.h"
#include "lotic/status.h"
#include "lotic/value.h"

namespace lotic {

/// Takes the partitions of a table and keeps those that a query may need: a row that fails the constraints on a partition column is not kept.
/// One thread.
class PartitionWriter {
 public:
  static constexpr int64_t kMaxPartitions = 10'000'000;  ///< of one plan; more is a CapacityError

  /// `table` was made by TableBuilder. `constraints` are normalised; those on other columns play no part.
  PartitionWriter(const TableInfo& table, const Constraints& constraints, CompareOptions compare);

  /// Whether a partition with this value can be wanted: the evaluator, for sources that can leave out many partitions at once.
  /// Errors: Invalid (no partition column of this name; the value does not fit it).
  Result<bool> Allows(std::string_view column, const Value& value) const;

  /// Adds a partition: a value for each of TableInfo::partition_columns, in their order. @return whether it was kept.
  /// Errors: Invalid (another number of values; a value that does not fit: column and value are named), CapacityError.
  Result<bool> Add(std::span<const Value> values, std::map<std::string, std::string> properties = {});
  Result<bool> Add(std::initializer_list<Value> values, std::map<std::string, std::string> properties = {}) {
    return Add(std::span<const Value>(values.begin(), values.size()), std::move(properties));
  }

  int64_t num_offered() const { return offered_; }
  std::vector<LayoutPartition> Take() { return std::move(kept_); }

 private:
  struct PartitionColumn {
    std::string name;
    Type type;
    const ValueSet* wanted;  // null: everything
  };
  const Constraints constraints_;
  const CompareOptions compare_;
  std::vector<PartitionColumn> columns_;
  int64_t offered_ = 0;
  std::vector<LayoutPartition> kept_;
};

}  // namespace lotic
