// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lotic/connector.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic {

/// Puts a TableInfo together: `TableBuilder({"sales", "orders"}).PartitionColumn("day", Type::Date()).Column("id", Type::Int64()).Build()`.
class TableBuilder {
 public:
  explicit TableBuilder(TableName name);
  TableBuilder& Column(std::string name, Type type);
  /// A column whose values each partition has one of. Athena prunes by DOUBLE, DECIMAL, BIGINT, INTEGER, VARCHAR and BOOLEAN alone.
  TableBuilder& PartitionColumn(std::string name, Type type);
  TableBuilder& Property(std::string name, std::string value);
  /// Errors: Invalid, naming table, column and type (a partition column of another type), or the name that two columns have ignoring case, or an empty one.
  Result<TableInfo> Build();

  /// OK if Athena takes such a partition column. Errors: Invalid, naming column and type.
  static Status CheckPartitionColumn(const std::string& name, const Type& type);

 private:
  TableInfo info_;
};

}  // namespace lotic
