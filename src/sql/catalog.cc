// SPDX-License-Identifier: Apache-2.0
#include "sql/catalog.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_entry/schema_catalog_entry.hpp"
#include "duckdb/catalog/catalog_entry/table_catalog_entry.hpp"
#include "duckdb/catalog/entry_lookup_info.hpp"
#include "duckdb/catalog/similar_catalog_entry.hpp"
#include "duckdb/common/exception/binder_exception.hpp"
#include "duckdb/common/string_util.hpp"
#include "duckdb/main/attached_database.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/database_manager.hpp"
#include "duckdb/parser/expression/cast_expression.hpp"
#include "duckdb/parser/parsed_data/attach_info.hpp"
#include "duckdb/parser/parsed_data/create_schema_info.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/operator/logical_insert.hpp"
#include "duckdb/planner/tableref/bound_at_clause.hpp"
#include "duckdb/storage/database_size.hpp"
#include "duckdb/storage/table_storage_info.hpp"
#include "duckdb/transaction/transaction.hpp"
#include "duckdb/transaction/transaction_manager.hpp"
#include "lotic/query_passthrough.h"
#include "lotic/table_properties.h"
#include "lotic/table_writer.h"
#include "sql/insert.h"
#include "sql/scan_bind.h"
#include "sql/seam.h"

namespace lotic::sql {
namespace {

using duckdb::CatalogType;
using duckdb::ClientContext;
using duckdb::optional_ptr;

constexpr size_t kMaxRetired = 256;       // entries kept after a newer description of their table, for plans that still name them
constexpr size_t kMaxListed = 1'000'000;  // tables of a schema; more is a CapacityError
constexpr size_t kDescribedAlways = 64;   // tables of a schema, up to which a statement that lists columns has all described
constexpr size_t kDescribingThreads = 8;  // of a statement that lists the columns of all tables
constexpr const char* kCatalogType = "lotic";
constexpr char kSinkMark = '\x01';   // before the name of an entry that FindWritable makes
constexpr char kQueryMark = '\x02';  // the schema of QueryTableName; before each argument's length

/// One per statement, or from BEGIN to COMMIT: the snapshots at which its tables are read.
class ConnectorTransaction final : public duckdb::Transaction {
 public:
  using Transaction::Transaction;
  /// `version`: what distinguishes readings of one table at different versions; empty for the plain one.
  std::shared_ptr<SnapshotSlot> Slot(const TableName& table, const std::string& version) {
    std::lock_guard lock(mutex_);
    auto& slot = slots_[{table.schema, table.table, version}];
    if (slot == nullptr) slot = std::make_shared<SnapshotSlot>();
    return slot;
  }

 private:
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string>, std::shared_ptr<SnapshotSlot>> slots_;
};

class ConnectorTransactions final : public duckdb::TransactionManager {
 public:
  using TransactionManager::TransactionManager;
  duckdb::Transaction& StartTransaction(ClientContext& context) override {
    auto transaction = duckdb::make_uniq<ConnectorTransaction>(*this, context);
    duckdb::Transaction& started = *transaction;
    std::lock_guard lock(mutex_);
    live_[&started] = std::move(transaction);
    return started;
  }
  duckdb::ErrorData CommitTransaction(ClientContext&, duckdb::Transaction& transaction) override {
    End(transaction);
    return duckdb::ErrorData();
  }
  void RollbackTransaction(duckdb::Transaction& transaction) override { End(transaction); }
  void Checkpoint(ClientContext&, bool) override {}

 private:
  void End(duckdb::Transaction& transaction) {
    std::lock_guard lock(mutex_);
    live_.erase(&transaction);
  }
  std::mutex mutex_;
  std::map<duckdb::Transaction*, duckdb::unique_ptr<ConnectorTransaction>> live_;
};

/// The way back of QueryTableName. Throws if `table` is none, as a user can write it.
std::map<std::string, std::string> QueryArguments(const std::string& table) {
  std::map<std::string, std::string> arguments;
  std::string name;
  bool named = false;
  for (size_t at = 0; at < table.size();) {  // mark, length, ':', that many bytes; names and values in turn
    const size_t colon = table.find(':', at);
    const size_t size = colon == std::string::npos ? table.size() : std::strtoull(table.c_str() + at + 1, nullptr, 10);
    if (table[at] != kQueryMark || size > table.size() || colon + 1 + size > table.size()) ThrowStatus(Status::Invalid("no table has such a name"));
    std::string text = table.substr(colon + 1, size);
    at = colon + 1 + size;
    if (named) {
      arguments[name] = std::move(text);
    } else {
      name = std::move(text);
    }
    named = !named;
  }
  return arguments;
}

[[noreturn]] void Refuse(const std::string& what, const std::string& catalog) {
  ThrowStatus(Status::NotImplemented(what, " is not supported in \"", catalog, "\": its tables can be read only"));
}

class ConnectorTable final : public duckdb::TableCatalogEntry {
 public:
  ConnectorTable(duckdb::Catalog& catalog, duckdb::SchemaCatalogEntry& schema, duckdb::CreateTableInfo& info, std::shared_ptr<const TableModel> table,
                 std::shared_ptr<Session> of, bool sink)
      : TableCatalogEntry(catalog, schema, info), model(std::move(table)), is_sink(sink), session(std::move(of)) {}

  duckdb::unique_ptr<duckdb::BaseStatistics> GetStatistics(ClientContext&, duckdb::column_t) override { return nullptr; }
  duckdb::TableStorageInfo GetStorageInfo(ClientContext&) override { return duckdb::TableStorageInfo(); }
  duckdb::virtual_column_map_t GetVirtualColumns() const override { return model == nullptr ? duckdb::virtual_column_map_t() : model->VirtualColumns(); }
  duckdb::vector<duckdb::column_t> GetRowIdColumns() const override { return {}; }
  duckdb::TableFunction GetScanFunction(ClientContext& context, duckdb::unique_ptr<duckdb::FunctionData>& bind) override {
    return Scan(context, bind, nullptr);
  }
  duckdb::TableFunction GetScanFunction(ClientContext& context, duckdb::unique_ptr<duckdb::FunctionData>& bind,
                                        const duckdb::EntryLookupInfo& lookup) override {
    return Scan(context, bind, lookup.GetAtClause());
  }

  const std::shared_ptr<const TableModel> model;  // null in a stub of a listing
  const bool is_sink;                             // its columns are those that an INSERT can write

 private:
  duckdb::TableFunction Scan(ClientContext& context, duckdb::unique_ptr<duckdb::FunctionData>& out, optional_ptr<duckdb::BoundAtClause> at) {
    if (model == nullptr) ThrowStatus(Status::UnknownError("table \"", name, "\" was listed and not described"));
    if (const auto hidden = model->info.properties.find(kHiddenByCase); hidden != model->info.properties.end()) {
      session->WarnOnce("\"" + name + "\" hides " + hidden->second + " (the same but for case); write a name exactly to read it");
    }
    auto bind = duckdb::make_uniq<ScanBind>();
    bind->entry = this;
    bind->model = model;
    bind->session = session;
    if (const auto query = session->query()) query->AddBound();
    auto& transaction = duckdb::Transaction::Get(context, catalog).Cast<ConnectorTransaction>();
    if (!at) {
      bind->snapshot = transaction.Slot(model->info.name, model->arguments.empty() ? "" : QueryTableName(model->arguments).table);
    } else {
      const duckdb::Value& value = at->GetValue();
      bind->snapshot = transaction.Slot(model->info.name, at->Unit() + " " + value.ToString());
      if (value.IsNull()) ThrowStatus(Status::Invalid("AT (", at->Unit(), " => NULL): a value is needed"));
      if (duckdb::StringUtil::CIEquals(at->Unit(), "version")) {
        std::lock_guard lock(bind->snapshot->mutex);
        if (bind->snapshot->token.empty()) bind->snapshot->token = value.ToString();
      } else {
        const duckdb::Value instant = value.CastAs(context, duckdb::LogicalType::TIMESTAMP_TZ);
        const duckdb::timestamp_t time = instant.GetValueUnsafe<duckdb::timestamp_t>();
        if (!duckdb::Value::IsFinite(time)) ThrowStatus(Status::Invalid("AT (TIMESTAMP => ", value.ToString(), "): a finite time is needed"));
        // The end is the first position at or after T; a T between two milliseconds means the later one.
        bind->snapshot->as_of_ms = time.value / 1000 + (time.value % 1000 > 0 ? 1 : 0);
      }
    }
    out = std::move(bind);
    return ScanFunction();
  }

  const std::shared_ptr<Session> session;
};

class ConnectorSchema final : public duckdb::SchemaCatalogEntry {
 public:
  ConnectorSchema(duckdb::Catalog& catalog, duckdb::CreateSchemaInfo& info, std::shared_ptr<Connector> connector, std::shared_ptr<Session> session)
      : SchemaCatalogEntry(catalog, info), connector_(std::move(connector)), session_(std::move(session)) {}

  /// The table of this name, described at most once a statement; null if there is none. Throws for any other failure.
  ConnectorTable* Find(const std::string& table) {
    std::lock_guard lock(mutex_);
    const uint64_t statement = session_->statement();
    if (const auto known = described_.find(table); known != described_.end() && known->second.statement == statement) {
      return known->second.table.get();
    }
    Result<TableInfo> info = connector_->GetTable(session_->Context(), {name, table});
    if (!info.ok()) {
      if (info.status().code() != StatusCode::kNotFound) ThrowStatus(info.status());
      Keep(table, {statement, nullptr});
      return nullptr;
    }
    return Describe(table, statement, *std::move(info), {});
  }

  /// The table that a query in the source's own language makes; `table` of QueryTableName. Throws.
  ConnectorTable* FindQuery(const std::string& table) {
    std::lock_guard lock(mutex_);
    const uint64_t statement = session_->statement();
    if (const auto known = described_.find(table); known != described_.end() && known->second.statement == statement) return known->second.table.get();
    auto* const passthrough = dynamic_cast<QueryPassthrough*>(connector_.get());
    if (passthrough == nullptr)
      ThrowStatus(Status::Invalid("\"", catalog.GetName(), "\" takes no queries but SQL's: a ", connector_->type_name(), " source has no language of its own"));
    std::map<std::string, std::string> arguments = QueryArguments(table);
    TableInfo info = ValueOrThrow(passthrough->DescribeQuery(session_->Context(), arguments));
    return Describe(table, statement, std::move(info), std::move(arguments));
  }

  /// What of `table`, a table's exact name, can be written: an entry of its own. Throws.
  ConnectorTable* FindWritable(const std::string& table) {
    std::lock_guard lock(mutex_);
    const uint64_t statement = session_->statement();
    const std::string key = SinkName(table);
    const auto known = described_.find(key);
    if (known != described_.end() && known->second.statement == statement) return known->second.table.get();
    auto* const sink = dynamic_cast<TableSink*>(connector_.get());
    if (sink == nullptr) Refuse("INSERT", catalog.GetName());
    TableInfo info;
    info.name = {name, table};
    info.schema = ValueOrThrow(sink->WritableColumns(session_->Context(), info.name));
    if (known != described_.end() && Same(known->second.table->model->info, info)) {
      known->second.statement = statement;
    } else {
      Keep(key, {statement, Make(table, ValueOrThrow(TableModel::Make(connector_, std::move(info))), true)});
    }
    return described_.at(key).table.get();
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    PageRequest page;
    do {
      TablePage tables = ValueOrThrow(connector_->ListTables(session_->Context(), name, page));
      for (TableName& table : tables.tables) names.push_back(std::move(table.table));
      if (names.size() > kMaxListed) ThrowStatus(Status::CapacityError("schema ", name, ": more than ", kMaxListed, " tables"));
      page.page_token = std::move(tables.next_page);
    } while (!page.page_token.empty());
    return names;
  }

  // SHOW TABLES and duckdb_columns() both end here. Describing a table can mean sampling it, so only a statement that lists columns has
  // tables described: all, or in a large schema those that it names in a constant (information_schema.columns WHERE table_name = 'orders').
  void Scan(ClientContext&, CatalogType type, const std::function<void(duckdb::CatalogEntry&)>& callback) override {
    if (type != CatalogType::TABLE_ENTRY) return;
    const std::vector<std::string> names = Names();
    const bool columns = session_->ListsColumns();
    const auto mentioned = [&](const std::string& table) { return session_->Mentions(table); };
    const bool all = columns && (names.size() <= kDescribedAlways || std::none_of(names.begin(), names.end(), mentioned));
    if (all) Warm(names);
    if (columns && !all) {
      session_->Warn("schema " + name + ": of its " + std::to_string(names.size()) +
                     " tables, columns are listed of those that the statement names, and of those described before");
    }
    for (const std::string& table : names) {
      if (all || session_->Mentions(table)) {
        if (ConnectorTable* found = Find(table)) {
          callback(*found);
          continue;
        }
      }
      std::shared_ptr<ConnectorTable> shown;
      {
        std::lock_guard lock(mutex_);
        if (const auto known = described_.find(table); known != described_.end()) shown = known->second.table;
        if (shown == nullptr) {
          auto& stub = stubs_[table];
          if (stub == nullptr) stub = Make(table, nullptr);
          shown = stub;
        }
      }
      callback(*shown);
    }
  }
  void Scan(CatalogType, const std::function<void(duckdb::CatalogEntry&)>&) override {}

  optional_ptr<duckdb::CatalogEntry> LookupEntry(duckdb::CatalogTransaction transaction, const duckdb::EntryLookupInfo& lookup) override {
    if (lookup.GetCatalogType() != CatalogType::TABLE_ENTRY) return nullptr;
    const std::string& table = lookup.GetEntryName();
    if (table.starts_with(kSinkMark)) return FindWritable(table.substr(1));
    if (table.starts_with(kQueryMark)) return FindQuery(table);
    if (IsSystemName(transaction, table) && !session_->Qualifies(duckdb::StringUtil::Lower(table))) return nullptr;
    return Find(table);
  }
  duckdb::SimilarCatalogEntry GetSimilarEntry(duckdb::CatalogTransaction, const duckdb::EntryLookupInfo& lookup) override {
    duckdb::SimilarCatalogEntry similar;
    if (lookup.GetCatalogType() != CatalogType::TABLE_ENTRY) return similar;
    const std::vector<std::string> nearest = NearestNames(lookup.GetEntryName(), Names(), 1);
    if (nearest.empty()) return similar;
    similar.name = nearest[0];
    similar.score = duckdb::StringUtil::SimilarityRating(nearest[0], lookup.GetEntryName());
    similar.schema = this;
    return similar;
  }

  optional_ptr<duckdb::CatalogEntry> CreateTable(duckdb::CatalogTransaction, duckdb::BoundCreateTableInfo&) override {
    Refuse("CREATE TABLE", catalog.GetName());
  }
  optional_ptr<duckdb::CatalogEntry> CreateIndex(duckdb::CatalogTransaction, duckdb::CreateIndexInfo&, duckdb::TableCatalogEntry&) override {
    Refuse("CREATE INDEX", catalog.GetName());
  }
  optional_ptr<duckdb::CatalogEntry> CreateFunction(duckdb::CatalogTransaction, duckdb::CreateFunctionInfo&) override {
    Refuse("CREATE FUNCTION", catalog.GetName());
  }
  optional_ptr<duckdb::CatalogEntry> CreateView(duckdb::CatalogTransaction, duckdb::CreateViewInfo&) override { Refuse("CREATE VIEW", catalog.GetName()); }
  optional_ptr<duckdb::CatalogEntry> CreateSequence(duckdb::CatalogTransaction, duckdb::CreateSequenceInfo&) override {
    Refuse("CREATE SEQUENCE", catalog.GetName());
  }
  optional_ptr<duckdb::CatalogEntry> CreateTableFunction(duckdb::CatalogTransaction, duckdb::CreateTableFunctionInfo&) override {
    Refuse("CREATE MACRO", catalog.GetName());
  }
  optional_ptr<duckdb::CatalogEntry> CreateCopyFunction(duckdb::CatalogTransaction, duckdb::CreateCopyFunctionInfo&) override {
    Refuse("CREATE FUNCTION", catalog.GetName());
  }
  optional_ptr<duckdb::CatalogEntry> CreatePragmaFunction(duckdb::CatalogTransaction, duckdb::CreatePragmaFunctionInfo&) override {
    Refuse("CREATE FUNCTION", catalog.GetName());
  }
  optional_ptr<duckdb::CatalogEntry> CreateCollation(duckdb::CatalogTransaction, duckdb::CreateCollationInfo&) override {
    Refuse("CREATE COLLATION", catalog.GetName());
  }
  optional_ptr<duckdb::CatalogEntry> CreateType(duckdb::CatalogTransaction, duckdb::CreateTypeInfo&) override { Refuse("CREATE TYPE", catalog.GetName()); }
  void DropEntry(ClientContext&, duckdb::DropInfo&) override { Refuse("DROP", catalog.GetName()); }
  void Alter(duckdb::CatalogTransaction, duckdb::AlterInfo&) override { Refuse("ALTER", catalog.GetName()); }

 private:
  /// DuckDB's own statements (SHOW TABLES) read its system tables by bare name; ours of the same name must not come before them.
  static bool IsSystemName(duckdb::CatalogTransaction transaction, const std::string& table) {
    if (!transaction.HasContext()) return false;
    const duckdb::EntryLookupInfo plain(CatalogType::TABLE_ENTRY, table);  // AT (VERSION) is none of theirs
    return duckdb::Catalog::GetEntry(transaction.GetContext(), SYSTEM_CATALOG, DEFAULT_SCHEMA, plain, duckdb::OnEntryNotFound::RETURN_NULL) != nullptr;
  }

  /// Has many tables described at once: what the connector then remembers, Find gets without waiting. A failure shows when Find meets it.
  void Warm(const std::vector<std::string>& tables) {
    if (tables.size() < 2) return;
    const CallContext ctx = session_->Context();
    std::atomic<size_t> next = 0;
    const auto describe = [&] {
      for (size_t i = next++; i < tables.size() && ctx.Check("describing tables").ok(); i = next++) {
        (void)connector_->GetTable(ctx, {name, tables[i]}).ok();
      }
    };
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < std::min(tables.size(), kDescribingThreads); ++i) threads.emplace_back(describe);
  }

  struct Described {
    uint64_t statement;
    std::shared_ptr<ConnectorTable> table;  // null: there was none
  };

  static bool Same(const TableInfo& a, const TableInfo& b) {
    return a.name == b.name && a.schema == b.schema && a.hidden == b.hidden && a.aliases == b.aliases && a.properties == b.properties && a.notes == b.notes;
  }

  /// The entry under `table`: the one that is there if it says the same. The mutex is held.
  ConnectorTable* Describe(const std::string& table, uint64_t statement, TableInfo info, std::map<std::string, std::string> arguments) {
    const auto known = described_.find(table);
    if (known != described_.end() && known->second.table != nullptr && Same(known->second.table->model->info, info)) {
      known->second.statement = statement;
      return known->second.table.get();
    }
    const std::string real = info.name.table;
    std::shared_ptr<ConnectorTable> made = Make(real, ValueOrThrow(TableModel::Make(connector_, std::move(info), std::move(arguments))));
    Keep(table, {statement, made});
    return made.get();
  }

  std::shared_ptr<ConnectorTable> Make(const std::string& table, std::shared_ptr<const TableModel> model, bool sink = false) {
    duckdb::CreateTableInfo info(*this, table);
    if (model != nullptr) {
      for (const ModelColumn& column : model->columns) {
        if (column.expression.empty()) {
          info.columns.AddColumn(duckdb::ColumnDefinition(column.name, column.type));
        } else {
          auto expressions = duckdb::Parser::ParseExpressionList(column.expression);
          auto cast = duckdb::make_uniq<duckdb::CastExpression>(column.type, std::move(expressions.at(0)));  // as DuckDB's own have one
          info.columns.AddColumn(duckdb::ColumnDefinition(column.name, column.type, std::move(cast), duckdb::TableColumnType::GENERATED));
        }
      }
      std::string comment;
      for (const auto& [key, value] : model->info.properties) comment += (comment.empty() ? "" : "; ") + key + ": " + value;
      for (const std::string& note : model->notes) comment += (comment.empty() ? "" : "; ") + note;
      if (!comment.empty()) info.comment = duckdb::Value(comment);
    }
    return std::make_shared<ConnectorTable>(catalog, *this, info, std::move(model), session_, sink);
  }

  void Keep(const std::string& table, Described described) {
    auto& place = described_[table];
    if (place.table != nullptr) {
      retired_.push_back(std::move(place.table));
      if (retired_.size() > kMaxRetired) retired_.pop_front();
    }
    place = std::move(described);
  }

  const std::shared_ptr<Connector> connector_;
  const std::shared_ptr<Session> session_;
  std::mutex mutex_;                            // guards all members below
  std::map<std::string, Described> described_;  // by the name asked for
  std::map<std::string, std::shared_ptr<ConnectorTable>> stubs_;
  std::deque<std::shared_ptr<ConnectorTable>> retired_;
};

class ConnectorCatalog final : public duckdb::Catalog {
 public:
  ConnectorCatalog(duckdb::AttachedDatabase& db, std::string path, std::shared_ptr<Connector> connector, std::shared_ptr<Session> session)
      : Catalog(db), path_(std::move(path)), connector_(std::move(connector)), session_(std::move(session)) {}

  void Initialize(bool) override {}
  duckdb::string GetCatalogType() override { return kCatalogType; }
  bool SupportsTimeTravel() const override { return true; }
  duckdb::string GetDefaultSchema() const override { return const_cast<ConnectorCatalog*>(this)->DefaultSchema(); }

  optional_ptr<duckdb::CatalogEntry> CreateSchema(duckdb::CatalogTransaction, duckdb::CreateSchemaInfo&) override { Refuse("CREATE SCHEMA", GetName()); }
  optional_ptr<duckdb::SchemaCatalogEntry> LookupSchema(duckdb::CatalogTransaction, const duckdb::EntryLookupInfo& lookup,
                                                        duckdb::OnEntryNotFound not_found) override {
    if (lookup.GetEntryName() == std::string(1, kQueryMark)) return Schema(lookup.GetEntryName());
    const std::vector<std::string> names = SchemaNames();
    const Result<size_t> index = ResolveName("schema", lookup.GetEntryName(), names);
    if (index.ok()) return Schema(names[*index]);
    if (index.status().code() == StatusCode::kNotFound && not_found == duckdb::OnEntryNotFound::RETURN_NULL) return nullptr;
    ThrowStatus(index.status().WithMessage(GetName(), ": ", index.status().message()));
  }
  void ScanSchemas(ClientContext&, std::function<void(duckdb::SchemaCatalogEntry&)> callback) override {
    for (const std::string& name : SchemaNames()) callback(*Schema(name));
  }
  duckdb::PhysicalOperator& PlanInsert(ClientContext& context, duckdb::PhysicalPlanGenerator& planner, duckdb::LogicalInsert& insert,
                                       optional_ptr<duckdb::PhysicalOperator> rows) override {
    const auto& table = insert.table.Cast<ConnectorTable>();
    // COPY … FROM, and what else ResolveInsert has not seen.
    if (!table.is_sink || !rows) ThrowStatus(Status::NotImplemented("into \"", table.name, "\" rows are written by INSERT INTO … SELECT or VALUES"));
    return PlanConnectorInsert(context, planner, insert, *rows, table.model, session_);
  }
  duckdb::PhysicalOperator& PlanCreateTableAs(ClientContext&, duckdb::PhysicalPlanGenerator&, duckdb::LogicalCreateTable&, duckdb::PhysicalOperator&) override {
    Refuse("CREATE TABLE AS", GetName());
  }
  duckdb::PhysicalOperator& PlanDelete(ClientContext&, duckdb::PhysicalPlanGenerator&, duckdb::LogicalDelete&, duckdb::PhysicalOperator&) override {
    Refuse("DELETE", GetName());
  }
  duckdb::PhysicalOperator& PlanUpdate(ClientContext&, duckdb::PhysicalPlanGenerator&, duckdb::LogicalUpdate&, duckdb::PhysicalOperator&) override {
    Refuse("UPDATE", GetName());
  }
  duckdb::PhysicalOperator& PlanMergeInto(ClientContext&, duckdb::PhysicalPlanGenerator&, duckdb::LogicalMergeInto&, duckdb::PhysicalOperator&) override {
    Refuse("MERGE", GetName());
  }
  duckdb::ErrorData SupportsCreateTable(duckdb::BoundCreateTableInfo&) override { return duckdb::ErrorData(); }  // refused in the schema, by one message
  duckdb::DatabaseSize GetDatabaseSize(ClientContext&) override { return duckdb::DatabaseSize(); }
  bool InMemory() override { return false; }
  duckdb::string GetDBPath() override { return path_; }
  void DropSchema(ClientContext&, duckdb::DropInfo&) override { Refuse("DROP SCHEMA", GetName()); }

  /// The only schema, else one called "default", else the first.
  std::string DefaultSchema() {
    const std::vector<std::string> names = SchemaNames();
    if (names.empty()) return "default";
    return std::find(names.begin(), names.end(), "default") != names.end() ? "default" : names[0];
  }

  /// Listed once; every look-up of a function asks for the schema too, so this must not cost a request each time.
  std::vector<std::string> SchemaNames() {
    std::lock_guard lock(mutex_);
    if (!listed_) {
      names_ = ValueOrThrow(connector_->ListSchemas(session_->Context()));
      listed_ = true;
    }
    return names_;
  }

  ConnectorSchema* Schema(const std::string& name) {
    std::lock_guard lock(mutex_);
    auto& schema = schemas_[name];
    if (schema == nullptr) {
      duckdb::CreateSchemaInfo info;
      info.schema = name;
      schema = duckdb::make_uniq<ConnectorSchema>(*this, info, connector_, session_);
    }
    return schema.get();
  }

 private:
  const std::string path_;
  const std::shared_ptr<Connector> connector_;
  const std::shared_ptr<Session> session_;
  std::mutex mutex_;  // guards all members below
  bool listed_ = false;
  std::vector<std::string> names_;
  std::map<std::string, duckdb::unique_ptr<ConnectorSchema>> schemas_;
};

struct StorageInfo final : duckdb::StorageExtensionInfo {
  std::shared_ptr<Session> session;
  std::string type;
};

std::shared_ptr<Connector> MakeConnector(const StorageInfo& info, const duckdb::AttachInfo& attach, const duckdb::AttachOptions& options) {
  if (info.type == kOfferedType) {
    std::shared_ptr<Connector> offered = info.session->Take(std::strtoull(attach.path.c_str(), nullptr, 10));
    if (offered == nullptr) ThrowStatus(Status::Invalid("ATTACH (TYPE ", kOfferedType, ") is the program's own"));
    return offered;
  }
  std::map<std::string, std::string> given;
  for (const auto& [name, value] : options.options) given[duckdb::StringUtil::Lower(name)] = value.ToString();
  if (!info.session->options().make_connector) ThrowStatus(Status::NotImplemented("ATTACH (TYPE ", info.type, ")"));
  return ValueOrThrow(info.session->options().make_connector(info.type, attach.path, given));
}

enum class Implicit { kLeftOut, kToo };  // catalogs that a statement named without ATTACH

std::vector<ConnectorCatalog*> Catalogs(ClientContext& context, Implicit implicit = Implicit::kLeftOut) {
  std::vector<ConnectorCatalog*> catalogs;
  for (const auto& database : duckdb::DatabaseManager::Get(context).GetDatabases(context)) {
    if (database->IsSystem() || database->IsTemporary()) continue;
    if (implicit == Implicit::kLeftOut && database->GetVisibility() == duckdb::AttachVisibility::HIDDEN) continue;
    duckdb::Catalog& catalog = database->GetCatalog();
    if (catalog.GetCatalogType() == kCatalogType) catalogs.push_back(static_cast<ConnectorCatalog*>(&catalog));
  }
  std::sort(catalogs.begin(), catalogs.end(), [](auto* a, auto* b) { return a->GetOid() < b->GetOid(); });
  return catalogs;
}

}  // namespace

duckdb::shared_ptr<duckdb::StorageExtension> ConnectorStorage(std::shared_ptr<Session> session, std::string type) {
  auto storage = duckdb::make_shared_ptr<duckdb::StorageExtension>();
  auto info = duckdb::make_shared_ptr<StorageInfo>();
  info->session = std::move(session);
  info->type = std::move(type);
  storage->storage_info = info;
  storage->attach = [](optional_ptr<duckdb::StorageExtensionInfo> info, ClientContext&, duckdb::AttachedDatabase& db, const duckdb::string&,
                       duckdb::AttachInfo& attach, duckdb::AttachOptions& options) -> duckdb::unique_ptr<duckdb::Catalog> {
    auto& mine = static_cast<StorageInfo&>(*info);
    if (attach.path.starts_with(kPathMark)) attach.path.erase(0, 1);
    return duckdb::make_uniq<ConnectorCatalog>(db, attach.path, MakeConnector(mine, attach, options), mine.session);
  };
  storage->create_transaction_manager = [](optional_ptr<duckdb::StorageExtensionInfo>, duckdb::AttachedDatabase& db,
                                           duckdb::Catalog&) -> duckdb::unique_ptr<duckdb::TransactionManager> {
    return duckdb::make_uniq<ConnectorTransactions>(db);
  };
  return storage;
}

TableName QueryTableName(const std::map<std::string, std::string>& arguments) {
  std::string table;
  for (const auto& [name, value] : arguments) {
    for (const std::string& text : {name, value}) table += kQueryMark + std::to_string(text.size()) + ":" + text;
  }
  return {std::string(1, kQueryMark), table};
}

std::vector<std::pair<std::string, std::string>> ConnectorCatalogs(ClientContext& context) {
  std::vector<std::pair<std::string, std::string>> names;
  for (ConnectorCatalog* catalog : Catalogs(context)) names.emplace_back(catalog->GetName(), catalog->DefaultSchema());
  return names;
}

std::vector<FoundTable> FindEverywhere(ClientContext& context, Session& session, const std::string& name) {
  std::vector<FoundTable> exact;
  std::vector<FoundTable> folded;
  std::optional<Status> unreachable;
  for (ConnectorCatalog* catalog : Catalogs(context)) {
    const Status asked = GuardDuckDb([&] {
      for (const std::string& schema : catalog->SchemaNames()) {
        ConnectorTable* table = catalog->Schema(schema)->Find(name);
        if (table == nullptr) continue;
        const std::string real = table->model->info.name.table;
        (real == name ? exact : folded).push_back({catalog->GetName(), schema, real, table->model});
      }
      return Status::OK();
    });
    if (asked.ok()) continue;
    if (asked.code() == StatusCode::kInvalid || asked.IsCancelled()) ThrowStatus(asked);  // ambiguous; stopped
    if (!unreachable) unreachable = asked;
  }
  std::vector<FoundTable> found = exact.empty() ? std::move(folded) : std::move(exact);
  if (!unreachable) return found;
  if (found.empty()) ThrowStatus(*unreachable);
  session.WarnOnce("looking for \"" + name + "\": " + unreachable->message());
  return found;
}

std::optional<FoundTable> FindIn(ClientContext& context, const std::string& catalog, const std::string& schema, const std::string& name) {
  for (ConnectorCatalog* one : Catalogs(context, Implicit::kToo)) {
    if (!duckdb::StringUtil::CIEquals(one->GetName(), catalog)) continue;
    const std::string in = schema.empty() ? one->DefaultSchema() : schema;
    ConnectorTable* table = one->Schema(in)->Find(name);
    if (table != nullptr) return FoundTable{one->GetName(), in, table->model->info.name.table, table->model};
  }
  return std::nullopt;
}

std::string SinkName(const std::string& table) { return std::string(1, kSinkMark) + table; }

FoundTable FindSink(ClientContext& context, const FoundTable& table) {
  for (ConnectorCatalog* one : Catalogs(context, Implicit::kToo)) {
    if (one->GetName() == table.catalog)
      return FoundTable{table.catalog, table.schema, table.table, one->Schema(table.schema)->FindWritable(table.table)->model};
  }
  ThrowStatus(Status::NotFound("catalog \"", table.catalog, "\" was detached"));
}

std::vector<std::string> SimilarTables(ClientContext& context, const std::string& name) {
  std::vector<std::string> names;
  for (ConnectorCatalog* catalog : Catalogs(context)) {
    for (const std::string& schema : catalog->SchemaNames()) {
      for (std::string& table : catalog->Schema(schema)->Names()) names.push_back(std::move(table));
    }
  }
  return NearestNames(name, names);
}

bool IsConnectorCatalog(ClientContext& context, const std::string& catalog) {
  for (ConnectorCatalog* one : Catalogs(context, Implicit::kToo)) {
    if (duckdb::StringUtil::CIEquals(one->GetName(), catalog)) return true;
  }
  return false;
}

}  // namespace lotic::sql
