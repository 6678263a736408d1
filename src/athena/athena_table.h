// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "athena_protocol/messages.h"
#include "athena_protocol/wire_schema.h"
#include "lotic/connector.h"

// How a connector's table looks to Athena, and the way back from what Athena says of a column to the connector's own.

namespace lotic::athena {

/// Field metadata: the logical type of the connector's column, by Type::ToString(). Every column has it, so that a reader needs no look-up.
inline constexpr std::string_view kSourceTypeKey = "x-source-type";
/// Schema metadata: the names by which the source knows the table.
inline constexpr std::string_view kSourceSchemaKey = "x-source-schema";
inline constexpr std::string_view kSourceTableKey = "x-source-table";
/// The appended columns of a layout's rows, and the properties of a split.
inline constexpr std::string_view kSnapshotColumn = "x_snapshot";
inline constexpr std::string_view kPartitionColumn = "x_partition";
inline constexpr std::string_view kTableColumn = "x_table";
inline constexpr std::string_view kSplitProperty = "x_split";

/// The connector's columns as Athena sees them: the table's own, then its hidden ones, since Athena has none. A hidden column whose name (case ignored) a column
/// of the table has is left out.
Schema VisibleColumns(const TableInfo& table);

/// The answer to GetTable: lower-case names, types that Athena takes, what the connector needs back in metadata, comments of the hidden columns.
/// Errors: Invalid, naming the column (no type of Athena's; two columns with one name; a partition column of a type that may not be one).
Result<GetTableResponse> DescribeTable(const TableInfo& table, std::string catalog, TableName asked);

/// The connector's own column behind a column of ours that came back; nullopt if the metadata did not come back. Errors: Invalid (metadata that is not ours).
Result<std::optional<Field>> SourceField(const WireField& field);

/// As Athena knows them: ASCII lower case.
std::string LowerCase(std::string_view name);

/// What GetSplits and ReadRecords must know of the table without asking the source: in every row of a layout and in every split.
struct TableReference {
  TableName name;  ///< the source's own
  bool dense_positions = true;
  bool durable_positions = false;                     ///< a split can be read on from a position in its middle
  Schema columns;                                     ///< those that constraints name, as the connector has them
  Schema partition_columns;                           ///< those of LayoutPartition::values, in that order
  std::map<std::string, std::string> arguments = {};  ///< of a query passed through, by the connector's names; empty: it is a table
};
std::string ToJson(const TableReference& table);
/// Errors: Invalid.
Result<TableReference> TableReferenceFromJson(std::string_view json);

}  // namespace lotic::athena
