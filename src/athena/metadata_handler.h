// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "athena/connector_function.h"
#include "athena/throttling_invoker.h"
#include "athena_protocol/messages.h"

namespace lotic::athena {

/// Answers everything that is asked before rows are read. One invocation at a time; keeps nothing between them but the state of the spill bucket and what it has warned of.
/// `parts` and both invokers are borrowed.
class MetadataHandler {
 public:
  /// @param spill_invoker  around the calls to the spill store.
  MetadataHandler(const ConnectorFunctionParts& parts, ThrottlingInvoker& invoker, ThrottlingInvoker& spill_invoker)
      : parts_(parts), invoker_(invoker), spill_invoker_(spill_invoker) {}

  Result<FederationResponse> Ping(const PingRequest& request) const;
  Result<FederationResponse> ListSchemas(const CallContext& ctx, const ListSchemasRequest& request);
  Result<FederationResponse> ListTables(const CallContext& ctx, const ListTablesRequest& request);
  /// A table, or what a query of the source's own would give.
  Result<FederationResponse> GetTable(const CallContext& ctx, const GetTableRequest& request);
  /// What the door finishes, and the function that takes the source's own queries.
  Result<FederationResponse> GetDataSourceCapabilities(const GetDataSourceCapabilitiesRequest& request) const;
  /// Plans, once for a query: the snapshot is fixed here, and goes into every row (of a connector with PartitionTokens: the row's part of it).
  Result<FederationResponse> GetTableLayout(const CallContext& ctx, const GetTableLayoutRequest& request);
  /// The splits of some rows of a layout. Stateless: what a page token says, and the rows, decide the answer.
  /// @param store  gives the spill store, for the check of the bucket.
  Result<FederationResponse> GetSplits(const CallContext& ctx, const GetSplitsRequest& request, const std::function<Result<SpillStore*>()>& store);

 private:
  /// Every table of a schema of the source's, by its own names, up to kMaxNamesSearched. `throttled`: kNone hands a refusal on at once.
  /// Errors: CapacityError; those of the connector.
  Result<std::vector<std::string>> TablesOf(const CallContext& ctx, const std::string& schema, RowsWritten throttled);
  /// The name under which the source is asked, by casing_mode.
  Result<TableName> SourceName(const CallContext& ctx, const TableName& table);
  /// A warning for every table that `table` hides, since its name differs from it in case only: those that the connector tells of
  /// (kHiddenByCase), else by a look at the schema, once for a table. The look takes kHiddenLookTime at most, and fails nothing.
  void WarnOfHidden(const CallContext& ctx, const TableInfo& table);
  void Warn(const CallContext& ctx, const std::string& table, const std::string& message);
  /// The table of a name, or of a query: `*arguments` are then those of the connector.
  Result<TableInfo> Describe(const CallContext& ctx, const TableName& table, const std::vector<std::pair<std::string, std::string>>& passthrough,
                             std::map<std::string, std::string>* arguments);
  Status CheckSpillBucket(const CallContext& ctx, const std::function<Result<SpillStore*>()>& store);
  Result<SplitPage> SplitsOf(const CallContext& ctx, const ScanRequest& scan, std::span<const LayoutPartition> partitions, const PageRequest& page);

  const ConnectorFunctionParts& parts_;
  ThrottlingInvoker& invoker_;
  ThrottlingInvoker& spill_invoker_;
  bool bucket_checked_ = false;
  Status bucket_refused_;                  // 403 and 404 are remembered
  std::set<std::string> warned_, looked_;  // at most kMaxWarnings each
};

/// Warnings are given once, by one function at most so many; tables are looked at for hidden ones at most so many.
inline constexpr size_t kMaxWarnings = 1000;
/// Of GetTable for a look at the other names of the schema, and at most a quarter of what is left of the call.
inline constexpr std::chrono::milliseconds kHiddenLookTime{2'000};
/// casing_mode CASE_INSENSITIVE_SEARCH looks through at most so many tables of a schema.
inline constexpr size_t kMaxNamesSearched = 100'000;
/// The pages of splits end when an answer is this long, in bytes of JSON.
inline constexpr size_t kMaxSplitPageBytes = size_t{3} << 20;
/// A layout longer than this, in bytes of its rows, does not fit into an answer.
inline constexpr int64_t kMaxLayoutBytes = 4'500'000;

}  // namespace lotic::athena
