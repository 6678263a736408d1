// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "lotic/partition_writer.h"
#include "lotic/row_writer.h"
#include "lotic/status.h"
#include "lotic/table_builder.h"
#include "lotic/udf.h"

namespace lotic {

/// One piece of reading, as a source gets it: all that its process needs to know.
struct SourceSplit {
  TableName table;
  std::map<std::string, Scalar> values;           ///< of the partition columns
  std::map<std::string, std::string> properties;  ///< of the partition, then those of the split, which win
  /// The value of an INTEGER or BIGINT partition column. Stops the process if there is none: a mistake of the source.
  int64_t Int(const std::string& column) const { return std::get<int64_t>(values.at(column)); }
};

/// A source as Athena's federation SDK sees one: tables that have partitions, partitions that have splits, splits that have rows. The least that a connector
/// must say; MakeFederatedConnector() makes the rest. One object serves as metadata handler, record handler and function handler. Any thread, several at once.
///
/// A table of it has no snapshots (each split is consistent in itself), and all constraints are applied to its rows, whatever the source did with them.
class FederatedSource {
 public:
  virtual ~FederatedSource() = default;
  /// What the connector is called: "example".
  virtual std::string type_name() const = 0;
  virtual Result<std::vector<TableName>> Tables(const CallContext& ctx) = 0;
  /// One of Tables(), made with TableBuilder.
  virtual Result<TableInfo> Table(const CallContext& ctx, const TableName& name) = 0;
  /// Adds the partitions of a table in an order that does not change. Not overridden: one, for a table without partition columns.
  virtual Status Partitions(const CallContext& ctx, const TableInfo& table, PartitionWriter& writer);
  /// The splits of one partition: properties for each, in an order that does not change. Not overridden: one split.
  virtual Result<std::vector<std::map<std::string, std::string>>> Splits(const CallContext& ctx, const TableInfo& table, const LayoutPartition& partition);
  /// Writes the rows of a split. Partition columns that it leaves unset get the partition's values. Returns the writer's errors as they are: the writer
  /// says Cancelled when enough rows were written. `request` carries constraints and limit, which it may use to read less.
  virtual Status Read(const CallContext& ctx, const ScanRequest& request, const SourceSplit& split, RowWriter& writer) = 0;
  /// The scalar functions that come with it; null: none. Valid as long as the source.
  virtual const UdfRegistry* functions() const { return nullptr; }
};

/// A whole connector over a source, which it keeps alive: for the shell, Athena and every other door.
std::shared_ptr<Connector> MakeFederatedConnector(std::shared_ptr<FederatedSource> source);

}  // namespace lotic
