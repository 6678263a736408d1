// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "athena_protocol/messages.h"
#include "connector/athena/function_client.h"
#include "lotic/batch_builder.h"
#include "lotic/scan.h"
#include "lotic/status.h"

// What a plan over a function is, so that any process can go on with it: the token of the whole, the property of each partition, the
// properties of each split. JSON, base64 and Arrow messages inside; read as strictly as anything else from outside.

namespace lotic::athena_source {

/// The snapshot token. It fixes no rows (the table's snapshot kind is none), but the query's id, and the table as the function described it.
struct RemotePlan {
  std::string query_id;
  RemoteTable table;
  athena::WireSchema layout;  ///< of the partitions, with what the function appended to it
  bool takes_limit = false;
  std::string ToToken() const;
  /// Errors: Invalid (none of ours).
  static Result<RemotePlan> FromToken(const std::string& token);
};

/// Property of a LayoutPartition: its row, as one batch message in base64.
inline constexpr const char* kRowProperty = "row";
/// Property of a LayoutPartition: its number in the layout.
inline constexpr const char* kNumberProperty = "number";

/// One LayoutPartition a row. `values` are those of `partition_columns`, by name.
Result<std::vector<LayoutPartition>> PartitionsOf(const athena::Block& layout, const std::vector<std::string>& partition_columns);
/// The inverse: the rows of some partitions as a block.
Result<athena::Block> BlockOf(const athena::WireSchema& layout, std::span<const LayoutPartition> partitions);

/// The function's split as properties of ours: "p:NAME" for each of its own, beside its spill location and key.
std::map<std::string, std::string> PropertiesOf(const athena::WireSplit& split);
Result<athena::WireSplit> SplitOf(const std::map<std::string, std::string>& properties);

/// Appends the value of a row to `out`, nested values whole.
void AppendCell(const Column& column, int64_t row, ColumnBuilder* out);

}  // namespace lotic::athena_source
