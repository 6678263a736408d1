// SPDX-License-Identifier: Apache-2.0
#include "lotic/table_builder.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

namespace lotic {

TableBuilder::TableBuilder(TableName name) {
  info_.name = std::move(name);
  info_.snapshot = SnapshotKind::kNone;
  info_.dense_positions = false;
  info_.durable_positions = false;
  info_.roles = {Role::kBoundedScan, Role::kRemotePlanner};
}

TableBuilder& TableBuilder::Column(std::string name, Type type) {
  info_.schema.fields.push_back({std::move(name), std::move(type)});
  return *this;
}

TableBuilder& TableBuilder::PartitionColumn(std::string name, Type type) {
  info_.partition_columns.push_back(name);
  return Column(std::move(name), std::move(type));
}

TableBuilder& TableBuilder::Property(std::string name, std::string value) {
  info_.properties[std::move(name)] = std::move(value);
  return *this;
}

Status TableBuilder::CheckPartitionColumn(const std::string& name, const Type& type) {
  switch (type.id()) {
    case TypeId::kFloat64:
    case TypeId::kDecimal128:
    case TypeId::kInt64:
    case TypeId::kInt32:
    case TypeId::kString:
    case TypeId::kBool: return Status::OK();
    default:
      return Status::Invalid("column \"", name, "\" of type ", type.ToString(),
                             " cannot be a partition column: Athena takes DOUBLE, DECIMAL, BIGINT, INTEGER, VARCHAR and BOOLEAN");
  }
}

Result<TableInfo> TableBuilder::Build() {
  const std::string where = "table " + info_.name.ToString() + ": ";
  std::map<std::string, std::string> folded;
  for (const Field& field : info_.schema.fields) {
    if (field.name.empty()) return Status::Invalid(where, "a column has no name");
    std::string lower = field.name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto [other, added] = folded.emplace(lower, field.name);
    if (!added) return Status::Invalid(where, "columns \"", other->second, "\" and \"", field.name, "\" are one in Athena, which knows lower case only");
    if (std::find(info_.partition_columns.begin(), info_.partition_columns.end(), field.name) == info_.partition_columns.end()) continue;
    const Status allowed = CheckPartitionColumn(field.name, field.type);
    if (!allowed.ok()) return allowed.WithMessage(where, allowed.message());
  }
  return info_;
}

}  // namespace lotic
