// SPDX-License-Identifier: Apache-2.0
#include "table/tables.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <sys/stat.h>

#include "catalog/pinot_schema.h"
#include "catalog/pinot_table_config.h"
#include "table/data_folder.h"
#include "table/definition_check.h"
#include "table/files.h"
#include "table/ingest.h"
#include "table/new_table.h"
#include "table/stored_table.h"
#include "table/table_metrics.h"
#include "table/table_view.h"

namespace lotic::table {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view kDeletedPrefix = ".deleted-";
constexpr const char* kPausedByHand = "ADMINISTRATIVE";

Status MakeConflict(const std::string& message) { return Status::Invalid(message).WithDetail(std::make_shared<Conflict>()); }

/// A table while it is open.
struct Entry {
  std::mutex change;  // held by calls that change the table, one after the other

  mutable std::mutex mutex;  // guards `stored` and `definition`
  StoredTable stored;
  IngestDefinition definition;

  // Set before the entry is seen by others.
  std::unique_ptr<TableIngest> ingest;  // null: it could not start
  Status error;                         // why
  bool defined = true;                  // false: table.json cannot be read, and of `stored` only the names count
};

struct Job {
  std::string table;
  int64_t submitted_ms = 0;
  std::vector<std::string> segments;
};

}  // namespace

bool Conflict::Is(const Status& status) { return dynamic_cast<const Conflict*>(status.detail().get()) != nullptr; }

struct Tables::Impl {
  TablesOptions options;
  std::unique_ptr<DataFolder> data;

  mutable std::mutex mutex;                              // guards all members below
  std::map<std::string, std::shared_ptr<Entry>> tables;  // by name with type
  std::map<std::string, std::string> schemas;            // documents
  std::map<std::string, Job> jobs;
  std::deque<std::string> job_order;
  // Held while a table is made or started again or a schema changes: names and schemas hold still. Taken once more by the single steps of what changes both.
  std::recursive_mutex creating;

  std::mutex retry_mutex;  // nothing is guarded: the retrier waits here
  std::condition_variable_any retry_due;
  std::jthread retrier;  // while a table could not start

  void Log(const std::string& sentence) const {
    if (options.log) options.log(sentence);
  }

  Result<std::shared_ptr<Entry>> Find(const std::string& name) const {
    std::lock_guard lock(mutex);
    const auto at = tables.find(RawTableName(name) + "_REALTIME");
    if (at == tables.end()) return Status::NotFound("Table ", name, " does not exist");
    return at->second;
  }
  /// With a definition, running or not.
  Result<std::shared_ptr<Entry>> FindDefined(const std::string& name) const {
    LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Entry> entry, Find(name));
    if (!entry->defined) return entry->error.WithMessage("Table ", name, ": ", entry->error.message());
    return entry;
  }
  /// With a running ingest.
  Result<std::shared_ptr<Entry>> FindRunning(const std::string& name) const {
    LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Entry> entry, Find(name));
    if (entry->ingest == nullptr) return entry->error.WithMessage("Table ", name, " is not running: ", entry->error.message());
    return entry;
  }

  Result<catalog::PinotSchema> StoredSchema(const std::string& raw) const {
    std::string document;
    {
      std::lock_guard lock(mutex);
      const auto at = schemas.find(raw);
      if (at == schemas.end()) return Status::Invalid("schema '", raw, "' does not exist; a table needs the schema of its name");
      document = at->second;
    }
    LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotSchema> parsed, catalog::ParsePinotSchema(document));
    return std::move(parsed.value);
  }

  /// Secrets that are not shown are those of the table of that name, if there is one.
  Result<catalog::Parsed<catalog::PinotTableConfig>> ParseTable(std::string_view json) const {
    LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotTableConfig> parsed, catalog::ParsePinotTableConfig(json, options.variables));
    const Result<std::shared_ptr<Entry>> entry = FindDefined(parsed.value.raw_name);
    if (!entry.ok()) return parsed;
    std::string stored;
    {
      std::lock_guard lock((*entry)->mutex);
      stored = (*entry)->stored.config;
    }
    LOTIC_ASSIGN_OR_RETURN(const std::string whole, catalog::WithStoredSecrets(json, stored));
    return catalog::ParsePinotTableConfig(whole, options.variables);
  }

  Result<std::shared_ptr<Connector>> MakeStream(const catalog::StreamConfig& config) const {
    catalog::StreamConfig checked = config;
    LOTIC_RETURN_NOT_OK(catalog::CheckFiles(options.allowed_folders, &checked));
    return options.streams(checked);
  }

  /// What there is of a table. Errors: those of FindRunning about one that is there: what cannot be changed cannot be checked.
  Result<DefinitionBefore> Before(const std::string& raw) const {
    DefinitionBefore before;
    bool has_schema = false;
    {
      std::lock_guard lock(mutex);
      has_schema = schemas.count(raw) != 0;
    }
    if (has_schema) {
      LOTIC_ASSIGN_OR_RETURN(before.schema, StoredSchema(raw));
    }
    if (!Find(raw).ok()) return before;
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, FindRunning(raw));
    std::lock_guard lock(entry->mutex);
    before.config = entry->definition.config;
    return before;
  }

  /// A table's folder can be made. Errors: Invalid, a conflict.
  Status CheckFolderFree(const std::string& name) const {
    const std::string folder = TableFolder(options.folder, name);
    struct stat occupied {};
    if (::lstat(folder.c_str(), &occupied) != 0) return Status::OK();
    return MakeConflict("Table " + name + ": " + folder + " exists already and is no table of this data directory; move it away first");
  }

  Status CheckIsNew(const catalog::PinotTableConfig& config) const {
    if (!Find(config.raw_name).ok()) return Status::OK();
    return MakeConflict("Table " + config.NameWithType() + " already exists");
  }
  Status CheckBothAreNew(const std::string& raw) const {
    if (!Find(raw).ok()) return Status::OK();
    return Status::Invalid("TableConfigs ", raw, " already exists. Use PUT to change it");
  }

  /// `names`: of the tables there are.
  Result<Accepted> Check(std::string_view schema_json, std::string_view table_json, const Validation& how, const std::vector<std::string>& names) const {
    LOTIC_ASSIGN_OR_RETURN(const catalog::Parsed<catalog::PinotTableConfig> config, ParseTable(table_json));
    const std::string& raw = config.value.raw_name;
    const std::string name = config.value.NameWithType();
    if (how.purpose == Validation::Purpose::kUpdate) LOTIC_RETURN_NOT_OK(Find(raw).status());
    LOTIC_ASSIGN_OR_RETURN(const DefinitionBefore before, Before(raw));
    const bool exists = before.config.has_value();
    std::vector<std::string> warnings;
    catalog::PinotSchema schema;
    if (schema_json.empty()) {
      LOTIC_ASSIGN_OR_RETURN(schema, StoredSchema(raw));
    } else {
      LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotSchema> parsed, catalog::ParsePinotSchema(schema_json));
      LOTIC_RETURN_NOT_OK(CheckSchemaAfter(before, parsed.value, how.force));
      schema = std::move(parsed.value);
      warnings = std::move(parsed.warnings);
    }
    warnings.insert(warnings.end(), config.warnings.begin(), config.warnings.end());
    LOTIC_RETURN_NOT_OK(CheckNewTableName(raw, exists ? std::vector<std::string>() : names));
    LOTIC_RETURN_NOT_OK(catalog::CheckTable(config.value, schema));
    LOTIC_RETURN_NOT_OK(RecordPipeline::Create(schema, config.value, options.expressions).status());
    LOTIC_RETURN_NOT_OK(MakeStream(config.value.stream).status());
    LOTIC_ASSIGN_OR_RETURN(const auto begin, ParseConsumeFrom(how.consume_from));
    LOTIC_RETURN_NOT_OK(CheckConfigAfter(before, config.value, begin.has_value(), &warnings));
    if (!exists) LOTIC_RETURN_NOT_OK(CheckFolderFree(name));
    if (exists && how.purpose == Validation::Purpose::kEither) warnings.push_back("Table " + name + " exists: PUT changes it, POST is refused");
    return Accepted{name, config.value.document, config.unrecognized, std::move(warnings)};
  }

  /// Where a new table begins in its stream. Errors: Invalid, with what the stream said.
  Result<StreamPlan> PlanNewTable(CallContext ctx, const catalog::PinotTableConfig& config, Connector& stream) const {
    ctx.clock = options.clock;
    Result<StreamPlan> plan =
        PlanStream(ctx.WithDeadline(steady_clock::now() + options.create_time), stream, config.stream, config.stream.start, options.clock->NowMs());
    if (!plan.ok()) return Status::Invalid("Table ", config.NameWithType(), ": its stream cannot be read: ", plan.status().message());
    return plan;
  }

  /// Where to begin in the stream that `after` names, if that is another one than the table reads. `stream`: made of `after`.
  Result<std::optional<StreamPlan>> PlanOtherStream(const Entry& entry, const catalog::PinotTableConfig& before, const catalog::PinotTableConfig& after,
                                                    Connector* stream, const std::optional<catalog::OffsetCriteria>& begin) const {
    if (before.stream.SameSource(after.stream)) return std::optional<StreamPlan>();
    CallContext ctx;
    ctx.clock = options.clock;
    ctx.deadline = steady_clock::now() + options.create_time;
    const auto unread = [&](const Status& why) { return Status::Invalid("Table ", after.NameWithType(), ": its new stream cannot be read: ", why.message()); };
    if (before.stream.type == after.stream.type && before.stream.topic == after.stream.topic) {
      const Result<bool> same = HasStreamOf(ctx, *stream, after.stream, entry.ingest->plan());
      if (!same.ok()) return unread(same.status());
      if (*same) return std::optional<StreamPlan>();
    }
    LOTIC_RETURN_NOT_OK(catalog::CheckTableChange(before, after, begin.has_value()));
    Result<StreamPlan> plan = PlanStream(ctx, *stream, after.stream, *begin, options.clock->NowMs());
    if (!plan.ok()) return unread(plan.status());
    return std::optional(*std::move(plan));
  }

  Status Remember(Entry& entry, const std::function<void(StoredTable&)>& change) {
    std::lock_guard lock(entry.mutex);
    StoredTable changed = entry.stored;
    change(changed);
    LOTIC_RETURN_NOT_OK(WriteStoredTable(options.folder, changed));
    entry.stored = std::move(changed);
    return Status::OK();
  }

  Status StartIngest(const std::shared_ptr<Entry>& entry, std::shared_ptr<Connector> connector, std::unique_ptr<TableStore> store) {
    std::weak_ptr<Entry> weak = entry;
    const StopSink on_stopped = [this, weak](int32_t partition, const std::optional<StoppedPartition>& why) {
      const std::shared_ptr<Entry> locked = weak.lock();
      if (locked == nullptr) return;
      const Status kept = Remember(*locked, [&](StoredTable& stored) {
        stored.stopped.erase(partition);
        if (why.has_value()) stored.stopped[partition] = *why;
      });
      if (!kept.ok())
        Log("table " + locked->stored.name + ": that partition " + std::to_string(partition) + " stopped could not be written down: " + kept.message());
    };
    LOTIC_ASSIGN_OR_RETURN(entry->ingest, TableIngest::Start(options, entry->definition, std::move(connector), std::move(store), entry->stored.paused,
                                                             entry->stored.stopped, on_stopped));
    return Status::OK();
  }

  StoreOptions OptionsOfStore() const {
    StoreOptions made;
    made.snapshot_keep_ms = options.snapshot_keep.count();
    made.clock = options.clock;
    return made;
  }

  Status OpenTable(const std::shared_ptr<Entry>& entry) {
    LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotTableConfig> config, catalog::ParsePinotTableConfig(entry->stored.config, options.variables));
    LOTIC_ASSIGN_OR_RETURN(entry->definition.schema, StoredSchema(entry->stored.raw_name));
    entry->definition.config = std::move(config.value);
    LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Connector> connector, MakeStream(entry->definition.config.stream));
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<TableStore> store, TableStore::Open(TableFolder(options.folder, entry->stored.name), OptionsOfStore()));
    return StartIngest(entry, std::move(connector), std::move(store));
  }

  /// Those that could not start, once more. One that starts takes the place of its entry.
  /// @return how many are left.
  size_t StartAgain(const std::stop_token& stop) {
    std::vector<std::shared_ptr<Entry>> failed;
    {
      std::lock_guard lock(mutex);
      for (const auto& [name, entry] : tables) {
        if (entry->ingest == nullptr) failed.push_back(entry);
      }
    }
    size_t left = failed.size();
    for (const std::shared_ptr<Entry>& old : failed) {
      if (stop.stop_requested()) break;
      std::lock_guard names_hold_still(creating);
      auto fresh = std::make_shared<Entry>();
      {
        std::lock_guard lock(old->mutex);
        fresh->stored = old->stored;
      }
      const std::string name = fresh->stored.name;
      const auto stands = [&] {
        std::lock_guard lock(mutex);
        const auto at = tables.find(name);
        return at != tables.end() && at->second == old;
      };
      if (!stands()) continue;  // deleted meanwhile
      if (!old->defined) {
        Result<StoredTable> read = ReadStoredTable(options.folder, name);
        fresh->error = read.status();
        fresh->defined = read.ok();
        if (read.ok()) fresh->stored = *std::move(read);
      }
      if (fresh->defined) fresh->error = OpenTable(fresh);
      if (fresh->error.ok()) --left;
      if (!fresh->error.ok() && fresh->error.message() == old->error.message()) continue;
      Log("table " + name + (fresh->error.ok() ? " has started" : " cannot start: " + fresh->error.message()));
      std::lock_guard lock(mutex);
      tables[name] = std::move(fresh);
    }
    return left;
  }

  void RetryLoop(const std::stop_token& stop) {
    while (!stop.stop_requested() && StartAgain(stop) > 0) {
      std::unique_lock lock(retry_mutex);
      retry_due.wait_for(lock, stop, options.retry_most, [] { return false; });
    }
  }

  Status ChangeSchema(const std::string& name, catalog::Parsed<catalog::PinotSchema> parsed, bool force) {
    DefinitionBefore before;
    LOTIC_ASSIGN_OR_RETURN(before.schema, StoredSchema(name));
    const Result<std::shared_ptr<Entry>> entry = Find(name);
    if (!entry.ok()) {
      LOTIC_RETURN_NOT_OK(CheckSchemaAfter(before, parsed.value, force));
    } else {
      LOTIC_RETURN_NOT_OK(FindDefined(name).status());  // what cannot be read cannot be checked
      std::lock_guard changing((*entry)->change);
      IngestDefinition definition;
      {
        std::lock_guard lock((*entry)->mutex);
        definition = (*entry)->definition;
      }
      before.config = definition.config;
      LOTIC_RETURN_NOT_OK(CheckSchemaAfter(before, parsed.value, force));
      definition.schema = parsed.value;
      if ((*entry)->ingest != nullptr) LOTIC_RETURN_NOT_OK((*entry)->ingest->Update(definition, nullptr));
      std::lock_guard lock((*entry)->mutex);
      (*entry)->definition = std::move(definition);
    }
    LOTIC_RETURN_NOT_OK(WriteSchemaDocument(options.folder, name, parsed.value.document));
    std::lock_guard lock(mutex);
    schemas[name] = parsed.value.document;
    Log("schema " + name + " changed");
    return Status::OK();
  }
};

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
    auto entry = std::make_shared<Entry>();
    entry->stored = found.table;
    entry->defined = found.damage.ok();
    entry->error = entry->defined ? impl->OpenTable(entry) : found.damage;
    if (!entry->error.ok()) impl->Log("table " + found.table.name + " cannot start: " + entry->error.message());
    impl->tables[found.table.name] = std::move(entry);
  }
  if (std::any_of(impl->tables.begin(), impl->tables.end(), [](const auto& one) { return one.second->ingest == nullptr; })) {
    impl->retrier = std::jthread([owner = impl.get()](std::stop_token stop) { owner->RetryLoop(stop); });
  }
  return std::unique_ptr<Tables>(new Tables(std::move(impl)));
}

Status Tables::Stop() {
  impl_->retrier.request_stop();
  if (impl_->retrier.joinable()) impl_->retrier.join();
  std::map<std::string, std::shared_ptr<Entry>> tables;
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
  auto entry = std::make_shared<Entry>();
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
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->FindRunning(name));
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
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->Find(name));
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
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->FindDefined(name));
  std::lock_guard lock(entry->mutex);
  return entry->stored.config;
}

Result<TableTimes> Tables::Times(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->Find(name));
  std::lock_guard lock(entry->mutex);
  return TableTimes{entry->stored.created_ms, std::max(entry->stored.created_ms, entry->stored.changed_ms)};
}

Result<std::string> Tables::TypedName(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->Find(name));
  std::lock_guard lock(entry->mutex);
  return entry->stored.name;
}

Result<std::shared_ptr<const TableView>> Tables::View(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::string typed, TypedName(name));
  return TableView::Open(TableFolder(impl_->options.folder, typed));
}

// ---- Consumption

Result<PauseStatus> Tables::GetPauseStatus(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->FindDefined(name));
  PauseStatus status;
  {
    std::lock_guard lock(entry->mutex);
    status.paused = entry->stored.paused;
    status.reason = entry->stored.pause_reason;
    status.comment = entry->stored.pause_comment;
    status.at_ms = entry->stored.pause_changed_ms;
  }
  if (entry->ingest != nullptr && !status.paused) {
    for (const PartitionStatus& partition : entry->ingest->status()) {
      if (!partition.segment.empty()) status.consuming_segments.push_back(partition.segment);
    }
  }
  return status;
}

Result<PauseStatus> Tables::Pause(const std::string& name, const std::string& comment) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->FindRunning(name));
  {
    std::lock_guard changing(entry->change);
    // The flag first: a restart in between pauses.
    LOTIC_RETURN_NOT_OK(impl_->Remember(*entry, [&](StoredTable& stored) {
      stored.paused = true;
      stored.pause_reason = kPausedByHand;
      stored.pause_comment = comment.empty() ? std::nullopt : std::optional(comment);
      stored.pause_changed_ms = impl_->options.clock->NowMs();
    }));
    LOTIC_RETURN_NOT_OK(entry->ingest->Pause());
  }
  return GetPauseStatus(name);
}

Result<PauseStatus> Tables::Resume(const std::string& name, ConsumeFrom from, const std::string& comment) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->FindRunning(name));
  {
    std::lock_guard changing(entry->change);
    LOTIC_RETURN_NOT_OK(entry->ingest->Resume(from));
    LOTIC_RETURN_NOT_OK(impl_->Remember(*entry, [&](StoredTable& stored) {
      stored.paused = false;
      stored.pause_reason = kPausedByHand;
      stored.pause_comment = comment.empty() ? std::nullopt : std::optional(comment);
      stored.pause_changed_ms = impl_->options.clock->NowMs();
    }));
  }
  return GetPauseStatus(name);
}

Result<std::string> Tables::ForceCommit(const std::string& name, std::span<const int32_t> partitions, std::span<const std::string> segments) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->FindRunning(name));
  if (!partitions.empty() && !segments.empty()) return Status::Invalid("Cannot specify both partitions and segments to commit");
  if (entry->ingest->paused()) return Status::Invalid("Table ", name, " is paused: there is no consuming segment to commit");
  std::vector<int32_t> wanted(partitions.begin(), partitions.end());
  const std::vector<PartitionStatus> status = entry->ingest->status();
  for (const std::string& segment : segments) {
    const auto at = std::find_if(status.begin(), status.end(), [&](const PartitionStatus& one) { return one.segment == segment; });
    if (at == status.end()) return Status::Invalid("Segment ", segment, " is not a consuming segment of table ", name);
    wanted.push_back(at->partition);
  }
  for (const int32_t partition : wanted) {
    const bool known = std::any_of(status.begin(), status.end(), [&](const PartitionStatus& one) { return one.partition == partition; });
    if (!known) return Status::Invalid("Table ", name, " has no partition ", partition);
  }
  Job job;
  job.table = entry->stored.name;
  job.submitted_ms = impl_->options.clock->NowMs();
  LOTIC_ASSIGN_OR_RETURN(job.segments, entry->ingest->ForceCommit(wanted));
  const std::string id = RandomUuid();
  std::lock_guard lock(impl_->mutex);
  impl_->jobs[id] = std::move(job);
  impl_->job_order.push_back(id);
  if (impl_->job_order.size() > kMaxForceCommitJobs) {
    impl_->jobs.erase(impl_->job_order.front());
    impl_->job_order.pop_front();
  }
  return id;
}

Result<ForceCommitJob> Tables::JobStatus(const std::string& id) const {
  ForceCommitJob status;
  {
    std::lock_guard lock(impl_->mutex);
    const auto at = impl_->jobs.find(id);
    if (at == impl_->jobs.end()) return Status::NotFound("Failed to find controller job id: ", id);
    status = {id, at->second.table, at->second.submitted_ms, at->second.segments, {}};
  }
  const Result<std::shared_ptr<const TableView>> view = View(status.table);
  if (!view.ok()) return view.status().code() == StatusCode::kNotFound ? Result<ForceCommitJob>(status) : view.status();
  for (const PartitionView& partition : (*view)->partitions()) {
    for (const SegmentInfo& segment : partition.segments) {
      if (segment.state != SegmentState::kConsuming && segment.state != SegmentState::kSealing) continue;
      if (std::find(status.segments.begin(), status.segments.end(), segment.name) != status.segments.end()) status.yet_to_be_committed.push_back(segment.name);
    }
  }
  return status;
}

Result<std::vector<ConsumingSegment>> Tables::ConsumingInfo(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->FindRunning(name));
  const int64_t now = impl_->options.clock->NowMs();
  std::vector<ConsumingSegment> info;
  for (PartitionStatus& partition : entry->ingest->status()) {
    if (partition.segment.empty()) continue;
    const std::optional<int64_t> delay = IngestDelayMs(partition, now, entry->ingest->WasHeard(partition, now));
    info.push_back({partition.segment, std::move(partition), delay});
  }
  return info;
}

Result<TableStatus> Tables::GetStatus(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->Find(name));
  TableStatus status;
  {
    std::lock_guard lock(entry->mutex);
    status.name = entry->stored.name;
    status.paused = entry->stored.paused;
    status.topic = entry->definition.config.stream.topic;
  }
  if (entry->ingest == nullptr) {
    status.error = entry->error.message();
    return status;
  }
  status.partitions = entry->ingest->status();
  status.healthy = true;
  const int64_t now = impl_->options.clock->NowMs();
  for (const PartitionStatus& partition : status.partitions) {
    if (const auto delay = IngestDelayMs(partition, now, entry->ingest->WasHeard(partition, now))) status.delays_ms[partition.partition] = *delay;
    if (partition.state == PartitionState::kConsuming || partition.state == PartitionState::kPaused) continue;
    if (partition.state == PartitionState::kConnecting && partition.error.empty()) continue;
    status.healthy = false;
    if (status.error.empty()) status.error = "partition " + std::to_string(partition.partition) + ": " + partition.error;
  }
  return status;
}

void Tables::Suspect(const std::string& table, int partition, int64_t sequence) {
  const Result<std::shared_ptr<Entry>> entry = impl_->FindRunning(table);
  if (entry.ok()) (*entry)->ingest->Suspect(partition, sequence);
}

Status Tables::RunDiscovery(const std::string& name) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->FindRunning(name));
  return entry->ingest->RunDiscovery();
}

Result<std::vector<ErrorRow>> Tables::Errors(const std::string& name, size_t limit) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, impl_->Find(name));
  std::string raw, typed, topic;
  {
    std::lock_guard lock(entry->mutex);
    raw = entry->stored.raw_name;
    typed = entry->stored.name;
    topic = entry->definition.config.stream.topic;
  }
  LOTIC_ASSIGN_OR_RETURN(ErrorRing::Contents contents, ErrorRing::Read(TableFolder(impl_->options.folder, typed) + "/errors", limit));
  std::vector<ErrorRow> rows;
  for (RecordError& error : contents.errors) {
    rows.push_back({error.at_ms, raw, topic, error.partition, error.offset, std::move(error.stage), std::move(error.column), std::move(error.message),
                    std::move(error.payload)});
  }
  return rows;
}

std::vector<Metric> Tables::Metrics() const {
  std::map<std::string, std::shared_ptr<Entry>> tables;
  {
    std::lock_guard lock(impl_->mutex);
    tables = impl_->tables;
  }
  std::vector<Metric> metrics;
  for (const auto& [name, entry] : tables) {
    std::string topic;
    {
      std::lock_guard lock(entry->mutex);
      topic = entry->definition.config.stream.topic;
    }
    metrics.push_back({"tableNotRunning", false, name, topic, -1, entry->ingest == nullptr ? 1.0 : 0.0});
    if (entry->ingest != nullptr) AppendMetrics(name, topic, *entry->ingest, impl_->options.clock->NowMs(), &metrics);
  }
  return metrics;
}

}  // namespace lotic::table
