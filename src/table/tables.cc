// SPDX-License-Identifier: Apache-2.0
#include "table/tables.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <sys/stat.h>

#include "table/files.h"
#include "table/table_view.h"
#include "table/tables_impl.h"

namespace lotic::table {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view kDeletedPrefix = ".deleted-";

}  // namespace

Status MakeConflict(const std::string& message) { return Status::Invalid(message).WithDetail(std::make_shared<Conflict>()); }
bool Conflict::Is(const Status& status) { return dynamic_cast<const Conflict*>(status.detail().get()) != nullptr; }

Tables::Tables(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tables::~Tables() { (void)Stop(); }

Result<std::unique_ptr<Tables>> Tables::Open(TablesOptions options) {
  LOTIC_RETURN_NOT_OK(options.Validate());
  auto impl = std::make_unique<Impl>();
  LOTIC_ASSIGN_OR_RETURN(impl->data, DataFolder::Own(options.folder));
  impl->options = std::move(options);
  const std::string& folder = impl->options.folder;
  LOTIC_RETURN_NOT_OK(MakeFolder(TablesFolder(folder)));
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListSchemaDocuments(folder));
  for (const std::string& name : names) {
    Result<std::string> document = ReadSchemaDocument(folder, name);
    if (document.ok()) {
      impl->schemas[name] = *std::move(document);
    } else {  // its table says so too
      impl->Log("schema " + name + " cannot be read: " + document.status().message());
    }
  }
  LOTIC_ASSIGN_OR_RETURN(const std::vector<FoundTable> stored, ListStoredTables(folder));
  // What a creation or a deletion that was cut off has left.
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> entries, ListFolder(TablesFolder(folder)));
  for (const std::string& name : entries) {
    const std::string path = TablesFolder(folder) + "/" + name;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    if (std::any_of(stored.begin(), stored.end(), [&](const FoundTable& found) { return found.table.name == name; })) continue;
    if (name.starts_with(kDeletedPrefix) || (name.ends_with("_REALTIME") && IsUnfinishedCreation(path))) {
      LOTIC_RETURN_NOT_OK(RemoveFolder(path));
    } else {
      impl->Log(path + " is no table (it has no table.json of that name); it is left as it is");
    }
  }
  for (const FoundTable& found : stored) {
    auto entry = std::make_shared<OpenTableState>();
    entry->stored = found.table;
    entry->defined = found.damage.ok();
    entry->error = entry->defined ? impl->OpenTable(entry) : found.damage;
    if (!entry->error.ok()) impl->Log("table " + found.table.name + " cannot start: " + entry->error.message());
    impl->tables[found.table.name] = std::move(entry);
  }
  if (std::any_of(impl->tables.begin(), impl->tables.end(), [](const auto& one) { return one.second->ingest == nullptr; })) {
    impl->retrier = std::jthread([owner = impl.get()](std::stop_token stop) { owner->RetryLoop(stop); });
  }
  impl->quotas = std::jthread([owner = impl.get()](std::stop_token stop) { owner->QuotaLoop(stop); });
  return std::unique_ptr<Tables>(new Tables(std::move(impl)));
}

Status Tables::Stop() {
  for (std::jthread* thread : {&impl_->retrier, &impl_->quotas}) {
    thread->request_stop();
    if (thread->joinable()) thread->join();
  }
  std::map<std::string, std::shared_ptr<OpenTableState>> tables;
  {
    std::lock_guard lock(impl_->mutex);
    tables = impl_->tables;
  }
  Status first;
  for (const auto& [name, entry] : tables) {
    if (entry->ingest == nullptr) continue;
    const Status stopped = entry->ingest->Stop();
    if (first.ok()) first = stopped;
  }
  return first;
}

const std::string& Tables::folder() const { return impl_->options.folder; }

// ---- Schemas

Result<Accepted> Tables::AddSchema(std::string_view json, bool replace, bool force) {
  LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotSchema> parsed, catalog::ParsePinotSchema(json));
  LOTIC_ASSIGN_OR_RETURN(const std::string name, catalog::RawTableName(parsed.value.name));
  const Accepted accepted{name, parsed.value.document, parsed.unrecognized, parsed.warnings};
  std::lock_guard creating(impl_->creating);
  bool exists = false;
  {
    std::lock_guard lock(impl_->mutex);
    exists = impl_->schemas.count(name) != 0;
  }
  if (exists && !replace) return MakeConflict("Schema: " + name + " already exists");
  if (exists) {
    LOTIC_RETURN_NOT_OK(impl_->ChangeSchema(name, std::move(parsed), force));
    return accepted;
  }
  LOTIC_RETURN_NOT_OK(WriteSchemaDocument(impl_->options.folder, name, accepted.document));
  std::lock_guard lock(impl_->mutex);
  impl_->schemas[name] = accepted.document;
  impl_->Log("schema " + name + " added");
  return accepted;
}

Result<Accepted> Tables::UpdateSchema(const std::string& name, std::string_view json, bool force) {
  LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotSchema> parsed, catalog::ParsePinotSchema(json));
  const Accepted accepted{parsed.value.name, parsed.value.document, parsed.unrecognized, parsed.warnings};
  const std::string raw = RawTableName(name);
  if (RawTableName(parsed.value.name) != raw)
    return Status::Invalid("Schema name mismatch for uploaded schema, tried to add schema with name ", parsed.value.name, " as ", name);
  std::lock_guard creating(impl_->creating);
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->schemas.count(raw) == 0) return Status::NotFound("Schema not found: ", name);
  }
  LOTIC_RETURN_NOT_OK(impl_->ChangeSchema(raw, std::move(parsed), force));
  return accepted;
}

Status Tables::DeleteSchema(const std::string& name) {
  const std::string raw = RawTableName(name);
  std::lock_guard creating(impl_->creating);
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->schemas.count(raw) == 0) return Status::NotFound("Schema not found: ", name);
    if (impl_->tables.count(raw + "_REALTIME") != 0) return MakeConflict("Cannot delete schema " + raw + ": it is used by table " + raw + "_REALTIME");
  }
  LOTIC_RETURN_NOT_OK(RemoveSchemaDocument(impl_->options.folder, raw));
  std::lock_guard lock(impl_->mutex);
  impl_->schemas.erase(raw);
  impl_->Log("schema " + raw + " deleted");
  return Status::OK();
}

std::vector<std::string> Tables::Schemas() const {
  std::lock_guard lock(impl_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, document] : impl_->schemas) names.push_back(name);
  return names;
}

Result<std::string> Tables::SchemaDocument(const std::string& name) const {
  std::lock_guard lock(impl_->mutex);
  const auto at = impl_->schemas.find(RawTableName(name));
  if (at == impl_->schemas.end()) return Status::NotFound("Schema not found: ", name);
  return at->second;
}

// ---- Tables

Result<Accepted> Tables::Validate(std::string_view table_json, const Validation& how) const {
  LOTIC_ASSIGN_OR_RETURN(const catalog::Parsed<catalog::PinotTableConfig> parsed, catalog::ParsePinotTableConfig(table_json, impl_->options.variables));
  if (how.purpose == Validation::Purpose::kCreate) LOTIC_RETURN_NOT_OK(impl_->CheckIsNew(parsed.value));
  return impl_->Check({}, table_json, how, List());
}

Result<Accepted> Tables::ValidateBoth(const std::string& name, std::string_view schema_json, std::string_view table_json, const Validation& how) const {
  if (how.purpose == Validation::Purpose::kCreate) LOTIC_RETURN_NOT_OK(impl_->CheckBothAreNew(RawTableName(name)));
  return impl_->Check(schema_json, table_json, how, List());
}

Result<StreamFound> Tables::TestConnection(const CallContext& ctx, std::string_view table_json) const {
  LOTIC_ASSIGN_OR_RETURN(const catalog::Parsed<catalog::PinotTableConfig> parsed, impl_->ParseTable(table_json));
  const catalog::PinotTableConfig& config = parsed.value;
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Connector> stream, impl_->MakeStream(config.stream));
  LOTIC_ASSIGN_OR_RETURN(const StreamPlan plan, impl_->PlanNewTable(ctx, config, *stream));
  return StreamFound{config.stream.topic, plan.splits.size()};
}

Result<Accepted> Tables::AddTable(std::string_view json) {
  LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotTableConfig> parsed, catalog::ParsePinotTableConfig(json, impl_->options.variables));
  catalog::PinotTableConfig& config = parsed.value;
  const std::string name = config.NameWithType();
  const TablesOptions& options = impl_->options;
  std::lock_guard creating(impl_->creating);
  LOTIC_RETURN_NOT_OK(impl_->CheckIsNew(config));
  LOTIC_RETURN_NOT_OK(CheckNewTableName(config.raw_name, List()));
  auto entry = std::make_shared<OpenTableState>();
  LOTIC_ASSIGN_OR_RETURN(entry->definition.schema, impl_->StoredSchema(config.raw_name));
  LOTIC_RETURN_NOT_OK(catalog::CheckTable(config, entry->definition.schema));
  LOTIC_RETURN_NOT_OK(RecordPipeline::Create(entry->definition.schema, config, options.expressions).status());
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Connector> connector, impl_->MakeStream(config.stream));
  const int64_t now = options.clock->NowMs();
  LOTIC_ASSIGN_OR_RETURN(const StreamPlan plan, impl_->PlanNewTable(CallContext(), config, *connector));
  std::vector<PartitionStart> starts;
  for (const auto& [partition, split] : plan.splits) {
    LOTIC_ASSIGN_OR_RETURN(const int64_t start, OffsetOf(split.start));
    starts.push_back({partition, start, {}});
  }
  const std::string folder = TableFolder(options.folder, name);
  LOTIC_RETURN_NOT_OK(impl_->CheckFolderFree(name));
  entry->stored.name = name;
  entry->stored.raw_name = config.raw_name;
  entry->stored.table_id = RandomHex(8);
  entry->stored.created_ms = now;
  entry->stored.config = config.document;
  const auto make = [&]() -> Status {
    const TableIdentity identity{entry->stored.table_id, config.raw_name, config.time_column};
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<TableStore> store, TableStore::Create(folder, identity, impl_->OptionsOfStore()));
    LOTIC_RETURN_NOT_OK(store->AddPartitions(plan.ToText(), starts));
    entry->definition.config = config;
    LOTIC_RETURN_NOT_OK(WriteStoredTable(options.folder, entry->stored));  // from here on it exists
    return impl_->StartIngest(entry, std::move(connector), std::move(store));
  };
  const Status made = make();
  if (!made.ok()) {
    const Status removed = RemoveFolder(folder);
    if (!removed.ok()) impl_->Log("table " + name + " was not made, and what there is of it could not be removed: " + removed.message());
    return made;
  }
  impl_->Log("table " + name + " added: topic '" + config.stream.topic + "', " + std::to_string(starts.size()) + " partitions");
  std::lock_guard lock(impl_->mutex);
  impl_->tables[name] = std::move(entry);
  return Accepted{name, config.document, parsed.unrecognized, parsed.warnings};
}

Result<Accepted> Tables::UpdateTable(const std::string& name, std::string_view json, std::string_view consume_from) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->FindRunning(name));
  std::lock_guard creating(impl_->creating);
  std::lock_guard changing(entry->change);
  std::string stored;
  {
    std::lock_guard lock(entry->mutex);
    stored = entry->stored.config;
  }
  LOTIC_ASSIGN_OR_RETURN(const std::string whole, catalog::WithStoredSecrets(json, stored));
  LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotTableConfig> parsed, catalog::ParsePinotTableConfig(whole, impl_->options.variables));
  catalog::PinotTableConfig& config = parsed.value;
  IngestDefinition definition;
  {
    std::lock_guard lock(entry->mutex);
    if (config.NameWithType() != entry->stored.name)
      return Status::Invalid("Request table ", name, " does not match table name in the body ", config.NameWithType());
    definition = entry->definition;
  }
  LOTIC_RETURN_NOT_OK(catalog::CheckTable(config, definition.schema));
  LOTIC_ASSIGN_OR_RETURN(const std::optional<catalog::OffsetCriteria> begin, ParseConsumeFrom(consume_from));
  std::shared_ptr<Connector> connector;
  if (config.stream.client_properties != definition.config.stream.client_properties || !definition.config.stream.SameSource(config.stream)) {
    LOTIC_ASSIGN_OR_RETURN(connector, impl_->MakeStream(config.stream));
  }
  LOTIC_ASSIGN_OR_RETURN(const std::optional<StreamPlan> plan, impl_->PlanOtherStream(*entry, definition.config, config, connector.get(), begin));
  if (begin.has_value() && !plan.has_value()) {
    parsed.warnings.push_back(
        "consumeFrom has no effect: the topic is the one that the table reads already, and reading goes on behind the last consumed "
        "offsets; resumeConsumption moves within a topic");
  }
  definition.config = config;
  const auto remember = [&]() -> Status {
    LOTIC_RETURN_NOT_OK(impl_->Remember(*entry, [&](StoredTable& kept) { kept.config = config.document, kept.changed_ms = impl_->options.clock->NowMs(); }));
    std::lock_guard lock(entry->mutex);
    entry->definition = definition;
    return Status::OK();
  };
  if (plan.has_value()) {
    LOTIC_RETURN_NOT_OK(entry->ingest->MoveTo(definition, std::move(connector), *plan, catalog::ToString(*begin), remember));
  } else {
    LOTIC_RETURN_NOT_OK(entry->ingest->Update(definition, std::move(connector)));
    LOTIC_RETURN_NOT_OK(remember());
  }
  impl_->Log("table " + config.NameWithType() + " changed");
  return Accepted{config.NameWithType(), config.document, parsed.unrecognized, parsed.warnings};
}

Status Tables::DeleteTable(const std::string& name) {
  std::lock_guard creating(impl_->creating);
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->Find(name));
  std::lock_guard changing(entry->change);
  const std::string& folder = impl_->options.folder;
  const std::string typed = entry->stored.name;
  if (entry->ingest != nullptr) {
    const Status stopped = entry->ingest->Stop();
    if (!stopped.ok()) impl_->Log("table " + typed + " is deleted although it did not end well: " + stopped.message());
  }
  const std::string aside = TablesFolder(folder) + "/" + std::string(kDeletedPrefix) + (entry->defined ? entry->stored.table_id : RandomHex(8));
  LOTIC_RETURN_NOT_OK(RenameFile(TableFolder(folder, typed), aside));  // from here on it is gone
  {
    std::lock_guard lock(impl_->mutex);
    impl_->tables.erase(typed);
  }
  impl_->Log("table " + typed + " deleted");
  return RemoveFolder(aside);
}

// ---- Schema and table together

Result<Tables::Both> Tables::AddBoth(const std::string& name, std::string_view schema_json, std::string_view table_json, bool force) {
  const std::string raw = RawTableName(name);
  std::lock_guard creating(impl_->creating);
  LOTIC_RETURN_NOT_OK(ValidateBoth(raw, schema_json, table_json, {Validation::Purpose::kCreate, force, {}}).status());
  Both both;
  const Result<std::string> before = SchemaDocument(raw);
  if (!schema_json.empty()) {
    LOTIC_ASSIGN_OR_RETURN(both.schema, AddSchema(schema_json, true, force));
  }
  Result<Accepted> added = AddTable(table_json);
  if (!added.ok()) {
    if (!schema_json.empty()) {  // as it was
      const Status undone = before.ok() ? AddSchema(*before, true, true).status() : DeleteSchema(raw);
      if (!undone.ok()) return Status::UnknownError(added.status().message(), "; and the schema could not be put back: ", undone.message());
    }
    return added.status();
  }
  both.table = *std::move(added);
  return both;
}

Result<Tables::Both> Tables::UpdateBoth(const std::string& name, std::string_view schema_json, std::string_view table_json, bool force,
                                        std::string_view consume_from) {
  const std::string raw = RawTableName(name);
  std::lock_guard creating(impl_->creating);
  LOTIC_RETURN_NOT_OK(impl_->Find(raw).status());
  LOTIC_RETURN_NOT_OK(ValidateBoth(raw, schema_json, table_json, {Validation::Purpose::kUpdate, force, std::string(consume_from)}).status());
  LOTIC_ASSIGN_OR_RETURN(const std::string before, SchemaDocument(raw));
  Both both;
  if (!schema_json.empty()) {
    LOTIC_ASSIGN_OR_RETURN(both.schema, UpdateSchema(raw, schema_json, force));
  }
  Result<Accepted> changed = UpdateTable(raw, table_json, consume_from);
  if (!changed.ok()) {
    if (!schema_json.empty()) {
      const Status undone = UpdateSchema(raw, before, true).status();
      if (!undone.ok()) return Status::UnknownError(changed.status().message(), "; and the schema could not be put back: ", undone.message());
    }
    return changed.status();
  }
  both.table = *std::move(changed);
  return both;
}

Status Tables::DeleteBoth(const std::string& name) {
  const std::string raw = RawTableName(name);
  std::lock_guard creating(impl_->creating);
  LOTIC_RETURN_NOT_OK(DeleteTable(raw));
  const Status schema = DeleteSchema(raw);
  return schema.code() == StatusCode::kNotFound ? Status::OK() : schema;
}

std::vector<std::string> Tables::List() const {
  std::lock_guard lock(impl_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, entry] : impl_->tables) names.push_back(RawTableName(name));
  return names;
}

Result<std::string> Tables::TableDocument(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->FindDefined(name));
  std::lock_guard lock(entry->mutex);
  return entry->stored.config;
}

Result<TableTimes> Tables::Times(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->Find(name));
  std::lock_guard lock(entry->mutex);
  return TableTimes{entry->stored.created_ms, std::max(entry->stored.created_ms, entry->stored.changed_ms)};
}

Result<std::string> Tables::TypedName(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->Find(name));
  std::lock_guard lock(entry->mutex);
  return entry->stored.name;
}

Result<std::shared_ptr<const TableView>> Tables::View(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::string typed, TypedName(name));
  return TableView::Open(TableFolder(impl_->options.folder, typed));
}

}  // namespace lotic::table
