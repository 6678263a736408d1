// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lotic/connector.h"
#include "lotic/plan_preview.h"
#include "lotic/table_definition.h"
#include "lotic/table_writer.h"

namespace lotic::sql {

inline constexpr const char* kDeclaredCatalog = "default_catalog";  ///< as Flink calls them
inline constexpr const char* kDeclaredSchema = "default_database";
inline constexpr const char* kExpressionMetadata = "lotic:expression";  ///< of a Field: a computed column, and what computes it, in SQL
inline constexpr const char* kSqlTypeMetadata = "lotic:sql_type";       ///< of a computed column: the engine's name of its type
inline constexpr size_t kMaxDeclaredTables = 10000;
inline constexpr size_t kMaxHintedTables = 64;  ///< kept, more than one statement can make; more forget the oldest

/// An error of src/catalog with its place in the statement as SQL's errors have it.
Status WithSqlPosition(const Status& status);

/// One computed column of a declared table.
struct ComputedColumn {
  std::string expression;  ///< in the engine's SQL
  std::string sql_type;
};

/// A table that the session declared.
struct DeclaredTable {
  TableDefinition definition;
  DefinedTable defined;
  std::map<std::string, ComputedColumn> computed;  ///< by name
};

/// The tables that the session declared, as one connector: each is served by its own. Any thread.
class DeclaredTables final : public Connector, public TableSink, public PlanPreview {
 public:
  /// Errors: Invalid (a table of that name), CapacityError.
  Status Add(std::shared_ptr<const DeclaredTable> table);
  /// A table under the options of a hint: found by `name` alone, never listed.
  void AddHinted(const std::string& name, std::shared_ptr<const DeclaredTable> table);
  bool HasHinted(const std::string& name) const;
  /// Forgets the table and its hinted ones. Readers that are open keep what they need. @return whether there was one.
  bool Remove(const std::string& name);
  /// By its exact name; null: none.
  std::shared_ptr<const DeclaredTable> Find(const std::string& name) const;
  std::vector<std::string> Names() const;

  std::string type_name() const override { return "declared"; }
  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override;
  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override;
  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override;
  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override;
  Result<Prepared> Preview(const CallContext& ctx, const ScanRequest& request) override;
  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override;
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override;

  Result<Schema> WritableColumns(const CallContext& ctx, const TableName& table) override;
  Result<std::unique_ptr<TableWriter>> OpenWriter(const CallContext& ctx, const WriteRequest& request) override;

 private:
  /// The table of a request, by the name that GetTable gave.
  Result<std::shared_ptr<const DeclaredTable>> Of(const TableName& name) const;
  static Result<TableSink*> SinkOf(const DeclaredTable& table);

  mutable std::mutex mutex_;  // guards all members below
  std::map<std::string, std::shared_ptr<const DeclaredTable>> tables_;
  std::vector<std::pair<std::string, std::shared_ptr<const DeclaredTable>>> hinted_;  // the oldest first
};

}  // namespace lotic::sql
