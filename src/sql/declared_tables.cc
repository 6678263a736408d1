// SPDX-License-Identifier: Apache-2.0
#include "sql/declared_tables.h"

#include <algorithm>
#include <utility>

#include "catalog/ddl_tokens.h"
#include "sql/engine.h"

namespace lotic::sql {
namespace {

/// Reads on while its table is dropped.
class HeldReader final : public Reader {
 public:
  HeldReader(std::shared_ptr<const DeclaredTable> table, std::unique_ptr<Reader> reader) : table_(std::move(table)), reader_(std::move(reader)) {}
  Result<ReadBatch> Next(const CallContext& ctx) override { return reader_->Next(ctx); }
  Result<uint32_t> Add(SplitStart start) override { return reader_->Add(std::move(start)); }
  Result<SplitStart> Release(uint32_t split) override { return reader_->Release(split); }
  SplitCertificate Certificate(uint32_t split) const override { return reader_->Certificate(split); }
  ReaderProgress Progress() const override { return reader_->Progress(); }
  void Wake() override { reader_->Wake(); }
  Status Close(const CallContext& ctx) override { return reader_->Close(ctx); }

 private:
  const std::shared_ptr<const DeclaredTable> table_;
  const std::unique_ptr<Reader> reader_;
};

class HeldWriter final : public TableWriter {
 public:
  HeldWriter(std::shared_ptr<const DeclaredTable> table, std::unique_ptr<TableWriter> writer) : table_(std::move(table)), writer_(std::move(writer)) {}
  Status Write(const CallContext& ctx, const Batch& rows) override { return writer_->Write(ctx, rows); }
  Result<WriteReceipt> Finish(const CallContext& ctx) override { return writer_->Finish(ctx); }
  WriteReceipt Abandon() override { return writer_->Abandon(); }

 private:
  const std::shared_ptr<const DeclaredTable> table_;
  const std::unique_ptr<TableWriter> writer_;
};

/// The table's own columns with its computed ones, in the order declared.
Schema WithComputed(const DeclaredTable& table, const Schema& own) {
  Schema schema;
  schema.metadata = own.metadata;
  std::vector<bool> taken(own.fields.size());
  for (const ColumnDefinition& column : table.definition.columns) {
    if (const auto computed = table.computed.find(column.name); computed != table.computed.end()) {
      schema.fields.push_back(
          {column.name, Type::String(), {{kExpressionMetadata, computed->second.expression}, {kSqlTypeMetadata, computed->second.sql_type}}});
    } else if (const std::optional<size_t> index = own.IndexOf(column.name)) {
      schema.fields.push_back(own.fields[*index]);
      taken[*index] = true;
    }
  }
  for (size_t i = 0; i < own.fields.size(); ++i) {
    if (!taken[i]) schema.fields.push_back(own.fields[i]);
  }
  return schema;
}

}  // namespace

Status WithSqlPosition(const Status& status) {
  if (status.ok() || status.detail() == nullptr || std::string_view(status.detail()->type_id()) != "lotic::catalog::TextPosition") return status;
  return status.WithDetail(std::make_shared<SqlErrorDetail>(static_cast<const catalog::TextPosition&>(*status.detail()).byte));
}

Status DeclaredTables::Add(std::shared_ptr<const DeclaredTable> table) {
  const std::string name = table->definition.name.table;
  const std::lock_guard lock(mutex_);
  if (tables_.size() == kMaxDeclaredTables) return Status::CapacityError("a session holds at most ", kMaxDeclaredTables, " declared tables; DROP TABLE some");
  if (!tables_.emplace(name, std::move(table)).second) return Status::Invalid("table \"", name, "\" exists");
  return Status::OK();
}

void DeclaredTables::AddHinted(const std::string& name, std::shared_ptr<const DeclaredTable> table) {
  const std::lock_guard lock(mutex_);
  if (hinted_.size() == kMaxHintedTables) hinted_.erase(hinted_.begin());
  hinted_.emplace_back(name, std::move(table));
}

bool DeclaredTables::HasHinted(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(hinted_.begin(), hinted_.end(), [&](const auto& hinted) { return hinted.first == name; });
}

bool DeclaredTables::Remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(hinted_, [&](const auto& hinted) { return hinted.second->definition.name.table == name; });
  return tables_.erase(name) != 0;
}

std::shared_ptr<const DeclaredTable> DeclaredTables::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : found->second;
}

std::vector<std::string> DeclaredTables::Names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, table] : tables_) names.push_back(name);
  return names;
}

Result<std::shared_ptr<const DeclaredTable>> DeclaredTables::Of(const TableName& name) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = tables_.find(name.table); found != tables_.end()) return found->second;
  for (const auto& [hinted, table] : hinted_) {
    if (hinted == name.table) return table;
  }
  return Status::NotFound("table \"", name.table, "\" was dropped");
}

Result<std::vector<std::string>> DeclaredTables::ListSchemas(const CallContext&) { return std::vector<std::string>{kDeclaredSchema}; }

Result<TablePage> DeclaredTables::ListTables(const CallContext&, const std::string& schema, const PageRequest&) {
  if (schema != kDeclaredSchema) return Status::NotFound("schema \"", schema, "\" does not exist");
  TablePage page;
  for (std::string& name : Names()) page.tables.push_back({kDeclaredSchema, std::move(name)});
  return page;
}

Result<TableInfo> DeclaredTables::GetTable(const CallContext& ctx, const TableName& name) {
  std::string real = name.table;
  if (!HasHinted(real)) {
    const std::vector<std::string> names = Names();
    LOTIC_ASSIGN_OR_RETURN(const size_t index, ResolveName("table", name.table, names));
    real = names[index];
  }
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const DeclaredTable> table, Of({kDeclaredSchema, real}));
  LOTIC_ASSIGN_OR_RETURN(TableInfo info, table->defined.connector->GetTable(ctx, table->defined.table));
  info.name = {kDeclaredSchema, real};
  info.schema = WithComputed(*table, info.schema);
  return info;
}

Result<Prepared> DeclaredTables::Prepare(const CallContext& ctx, const ScanRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const DeclaredTable> table, Of(request.table));
  ScanRequest own = request;
  own.table = table->defined.table;
  return table->defined.connector->Prepare(ctx, own);
}

Result<Prepared> DeclaredTables::Preview(const CallContext& ctx, const ScanRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const DeclaredTable> table, Of(request.table));
  ScanRequest own = request;
  own.table = table->defined.table;
  auto* const preview = dynamic_cast<PlanPreview*>(table->defined.connector.get());
  return preview != nullptr ? preview->Preview(ctx, own) : table->defined.connector->Prepare(ctx, own);
}

Result<SplitPage> DeclaredTables::Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions,
                                         const PageRequest& page) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const DeclaredTable> table, Of(request.table));
  ScanRequest own = request;
  own.table = table->defined.table;
  return table->defined.connector->Splits(ctx, own, partitions, page);
}

Result<std::unique_ptr<Reader>> DeclaredTables::Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const DeclaredTable> table, Of(request.table));
  ScanRequest own = request;
  own.table = table->defined.table;
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, table->defined.connector->Open(ctx, own, splits));
  return std::unique_ptr<Reader>(std::make_unique<HeldReader>(table, std::move(reader)));
}

Result<TableSink*> DeclaredTables::SinkOf(const DeclaredTable& table) {
  auto* const sink = dynamic_cast<TableSink*>(table.defined.connector.get());
  if (sink == nullptr) {
    return Status::NotImplemented("table \"", table.definition.name.table, "\" can be read only: connector '", table.defined.connector->type_name(),
                                  "' does not write");
  }
  return sink;
}

Result<Schema> DeclaredTables::WritableColumns(const CallContext& ctx, const TableName& name) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const DeclaredTable> table, Of(name));
  LOTIC_ASSIGN_OR_RETURN(TableSink* const sink, SinkOf(*table));
  return sink->WritableColumns(ctx, table->defined.table);
}

Result<std::unique_ptr<TableWriter>> DeclaredTables::OpenWriter(const CallContext& ctx, const WriteRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const DeclaredTable> table, Of(request.table));
  LOTIC_ASSIGN_OR_RETURN(TableSink* const sink, SinkOf(*table));
  WriteRequest own = request;
  own.table = table->defined.table;
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<TableWriter> writer, sink->OpenWriter(ctx, own));
  return std::unique_ptr<TableWriter>(std::make_unique<HeldWriter>(table, std::move(writer)));
}

}  // namespace lotic::sql
