// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

#include "catalog/pinot_schema.h"
#include "catalog/pinot_table_config.h"
#include "table/data_folder.h"
#include "table/definition_check.h"
#include "table/ingest.h"
#include "table/new_table.h"
#include "table/stored_table.h"
#include "table/tables.h"

// What the files of Tables share: tables.cc has schemas and definitions, tables_consumption.cc what is asked of tables that run.

namespace lotic::table {

Status MakeConflict(const std::string& message);

/// A table while it is open.
struct OpenTableState {
  std::mutex change;  // held by calls that change the table, one after the other

  mutable std::mutex mutex;  // guards `stored` and `definition`
  StoredTable stored;
  IngestDefinition definition;

  // Set before the entry is seen by others.
  std::unique_ptr<TableIngest> ingest;  // null: it could not start
  Status error;                         // why
  bool defined = true;                  // false: table.json cannot be read, and of `stored` only the names count
};

struct ForceCommitRecord {
  std::string table;
  int64_t submitted_ms = 0;
  std::vector<std::string> segments;
};

struct Tables::Impl {
  TablesOptions options;
  std::unique_ptr<DataFolder> data;

  mutable std::mutex mutex;                                       // guards all members below
  std::map<std::string, std::shared_ptr<OpenTableState>> tables;  // by name with type
  std::map<std::string, std::string> schemas;                     // documents
  std::map<std::string, ForceCommitRecord> jobs;
  std::deque<std::string> job_order;
  // Held while a table is made or started again or a schema changes: names and schemas hold still. Taken once more by the single steps of what changes both.
  std::recursive_mutex creating;

  std::mutex retry_mutex;  // nothing is guarded: retrier and quotas wait here
  std::condition_variable_any retry_due;
  std::jthread retrier;  // while a table could not start
  std::jthread quotas;   // every retention_interval

  // tables_consumption.cc
  Status Pause(OpenTableState& entry, const char* reason, const std::string& comment);
  Status Resume(OpenTableState& entry, ConsumeFrom from, const char* reason, const std::string& comment);
  /// Pauses a table that is larger than its quota.storage, and lets one go on that was paused so and is not any more.
  Status CheckQuota(const std::string& name, OpenTableState& entry);
  void QuotaLoop(const std::stop_token& stop);

  void Log(const std::string& sentence) const {
    if (options.log) options.log(sentence);
  }

  Result<std::shared_ptr<OpenTableState>> Find(const std::string& name) const {
    std::lock_guard lock(mutex);
    const auto at = tables.find(RawTableName(name) + "_REALTIME");
    if (at == tables.end()) return Status::NotFound("Table ", name, " does not exist");
    return at->second;
  }
  /// With a definition, running or not.
  Result<std::shared_ptr<OpenTableState>> FindDefined(const std::string& name) const {
    LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<OpenTableState> entry, Find(name));
    if (!entry->defined) return entry->error.WithMessage("Table ", name, ": ", entry->error.message());
    return entry;
  }
  /// With a running ingest.
  Result<std::shared_ptr<OpenTableState>> FindRunning(const std::string& name) const {
    LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<OpenTableState> entry, Find(name));
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
    const Result<std::shared_ptr<OpenTableState>> entry = FindDefined(parsed.value.raw_name);
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
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, FindRunning(raw));
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
    Result<StreamPlan> plan = PlanStream(ctx.WithDeadline(std::chrono::steady_clock::now() + options.create_time), stream, config.stream, config.stream.start,
                                         options.clock->NowMs());
    if (!plan.ok()) return Status::Invalid("Table ", config.NameWithType(), ": its stream cannot be read: ", plan.status().message());
    return plan;
  }

  /// Where to begin in the stream that `after` names, if that is another one than the table reads. `stream`: made of `after`.
  Result<std::optional<StreamPlan>> PlanOtherStream(const OpenTableState& entry, const catalog::PinotTableConfig& before,
                                                    const catalog::PinotTableConfig& after, Connector* stream,
                                                    const std::optional<catalog::OffsetCriteria>& begin) const {
    if (before.stream.SameSource(after.stream)) return std::optional<StreamPlan>();
    CallContext ctx;
    ctx.clock = options.clock;
    ctx.deadline = std::chrono::steady_clock::now() + options.create_time;
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

  Status Remember(OpenTableState& entry, const std::function<void(StoredTable&)>& change) {
    std::lock_guard lock(entry.mutex);
    StoredTable changed = entry.stored;
    change(changed);
    LOTIC_RETURN_NOT_OK(WriteStoredTable(options.folder, changed));
    entry.stored = std::move(changed);
    return Status::OK();
  }

  Status StartIngest(const std::shared_ptr<OpenTableState>& entry, std::shared_ptr<Connector> connector, std::unique_ptr<TableStore> store) {
    std::weak_ptr<OpenTableState> weak = entry;
    const StopSink on_stopped = [this, weak](int32_t partition, const std::optional<StoppedPartition>& why) {
      const std::shared_ptr<OpenTableState> locked = weak.lock();
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

  Status OpenTable(const std::shared_ptr<OpenTableState>& entry) {
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
    std::vector<std::shared_ptr<OpenTableState>> failed;
    {
      std::lock_guard lock(mutex);
      for (const auto& [name, entry] : tables) {
        if (entry->ingest == nullptr) failed.push_back(entry);
      }
    }
    size_t left = failed.size();
    for (const std::shared_ptr<OpenTableState>& old : failed) {
      if (stop.stop_requested()) break;
      std::lock_guard names_hold_still(creating);
      auto fresh = std::make_shared<OpenTableState>();
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
    const Result<std::shared_ptr<OpenTableState>> entry = Find(name);
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

}  // namespace lotic::table
