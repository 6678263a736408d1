// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/pinot_table_config.h"
#include "server/controller.h"
#include "server/sql_request.h"
#include "table/stored_table.h"

namespace lotic::server {
namespace {

using Json = nlohmann::ordered_json;

/// Adds `unrecognized`, a JSON object, to `all`, each key behind `prefix`.
void Merge(const std::string& prefix, const std::string& unrecognized, Json* all) {
  const Json given = Json::parse(unrecognized, nullptr, false);
  if (!given.is_object()) return;
  for (const auto& [key, value] : given.items()) (*all)[prefix + key] = value;
}

std::string Text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

struct Both {
  Json unrecognized = Json::object();
  std::vector<std::string> warnings;

  explicit Both(const TableConfigsRequest& request) {
    for (const NamedText& unknown : request.unknown) unrecognized[unknown.first] = Json::parse(unknown.second, nullptr, false);
  }
  void Add(const std::string& prefix, const table::Accepted& accepted) {
    Merge(prefix, accepted.unrecognized, &unrecognized);
    for (const std::string& warning : accepted.warnings) {
      if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) warnings.push_back(warning);
    }
  }
  HttpResponse Response(std::string_view status) const { return AcceptedResponse({"", "", Text(unrecognized), warnings}, status); }
};

/// Errors: Invalid (an offline table, no realtime one, other names within).
Status CheckNames(const TableConfigsRequest& request) {
  if (request.offline) return Status::Invalid("TableConfigs ", request.table_name, " has an offline table; only realtime tables are served");
  if (request.realtime.empty()) return Status::Invalid("TableConfigs ", request.table_name, " has no realtime table");
  const std::string raw = table::RawTableName(request.table_name);
  const auto name_of = [](const std::string& document, const char* key) {
    const Json parsed = Json::parse(document, nullptr, false);
    return parsed.is_object() && parsed.contains(key) && parsed[key].is_string() ? parsed[key].get<std::string>() : std::string();
  };
  const std::string table = name_of(request.realtime, "tableName");
  if (!table.empty() && table::RawTableName(table) != raw)
    return Status::Invalid("TableConfigs ", request.table_name, " holds the table ", table, "; the names must be equal");
  if (request.schema.empty()) return Status::OK();
  const std::string schema = name_of(request.schema, "schemaName");
  if (!schema.empty() && schema != raw) return Status::Invalid("TableConfigs ", request.table_name, " holds the schema ", schema, "; the names must be equal");
  return Status::OK();
}

/// The tables whose pair of schema and configuration is being changed: of two changes at once the one that fails would put back what the other made. Any thread.
class Changes {
 public:
  /// One change, until it is destroyed. Errors: Conflict's reply (another change of this table).
  class Change {
   public:
    Change(std::shared_ptr<Changes> of, const std::string& raw) : changes_(std::move(of)), raw_(raw) {
      const std::lock_guard lock(changes_->mutex_);
      begun_ = changes_->names_.insert(raw_).second;
    }
    ~Change() {
      const std::lock_guard lock(changes_->mutex_);
      if (begun_) changes_->names_.erase(raw_);
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    bool begun() const { return begun_; }
    HttpResponse Refused() const {
      return ErrorResponse(409, "TableConfigs " + raw_ + " is being changed by another request; try again when that has its answer");
    }

   private:
    const std::shared_ptr<Changes> changes_;
    const std::string raw_;
    bool begun_ = false;
  };

 private:
  std::mutex mutex_;  // guards names_
  std::set<std::string> names_;
};

HttpResponse Create(table::Tables& tables, const std::shared_ptr<Changes>& changes, const HttpRequest& request) {
  const auto parsed = ParseTableConfigs(request.body);
  if (!parsed.ok()) return ErrorResponse(parsed.status());
  const Status named = CheckNames(*parsed);
  if (!named.ok()) return ErrorResponse(named);
  const std::string raw = table::RawTableName(parsed->table_name);
  const Changes::Change change(changes, raw);
  if (!change.begun()) return change.Refused();
  if (tables.TypedName(raw).ok()) return ErrorResponse(400, "TableConfigs " + raw + " already exists. Use PUT to change it");
  const auto valid = tables.Validate(parsed->realtime, parsed->schema);
  if (!valid.ok()) return TablesError(valid.status());
  Both both(*parsed);
  const auto before = tables.SchemaDocument(raw);
  if (!parsed->schema.empty()) {
    const auto schema = tables.AddSchema(parsed->schema, true, request.QueryFlag("force", false));
    if (!schema.ok()) return TablesError(schema.status());
    both.Add("schema.", *schema);
  }
  const auto added = tables.AddTable(parsed->realtime);
  if (!added.ok()) {
    if (!parsed->schema.empty()) {  // as it was
      const Status undone = before.ok() ? tables.AddSchema(*before, true, true).status() : tables.DeleteSchema(raw);
      if (!undone.ok()) return ErrorResponse(500, added.status().message() + "; and the schema could not be put back: " + undone.message());
    }
    return TablesError(added.status());
  }
  both.Add("realtime.", *added);
  return both.Response("TableConfigs " + raw + " successfully added");
}

HttpResponse Update(table::Tables& tables, const std::shared_ptr<Changes>& changes, const HttpRequest& request) {
  const auto parsed = ParseTableConfigs(request.body);
  if (!parsed.ok()) return ErrorResponse(parsed.status());
  const Status named = CheckNames(*parsed);
  if (!named.ok()) return ErrorResponse(named);
  const std::string raw = table::RawTableName(parsed->table_name);
  if (table::RawTableName(request.Parameter("t")) != raw)
    return ErrorResponse(400, "the path names " + request.Parameter("t") + " and the body " + parsed->table_name);
  const Changes::Change change(changes, raw);
  if (!change.begun()) return change.Refused();
  const auto typed = tables.TypedName(raw);
  if (!typed.ok()) return TablesError(typed.status());
  const auto valid = tables.Validate(parsed->realtime, parsed->schema);
  if (!valid.ok()) return TablesError(valid.status());
  Both both(*parsed);
  const auto before = tables.SchemaDocument(raw);
  if (!before.ok()) return TablesError(before.status());
  if (!parsed->schema.empty()) {
    const auto schema = tables.UpdateSchema(raw, parsed->schema, request.QueryFlag("force", false));
    if (!schema.ok()) return TablesError(schema.status());
    both.Add("schema.", *schema);
  }
  const auto changed = tables.UpdateTable(raw, parsed->realtime);
  if (!changed.ok()) {
    if (!parsed->schema.empty()) {
      const auto undone = tables.UpdateSchema(raw, *before, true);
      if (!undone.ok()) return ErrorResponse(500, changed.status().message() + "; and the schema could not be put back: " + undone.status().message());
    }
    return TablesError(changed.status());
  }
  both.Add("realtime.", *changed);
  return both.Response("TableConfigs updated for " + raw);
}

HttpResponse Validate(const table::Tables& tables, const HttpRequest& request) {
  const auto parsed = ParseTableConfigs(request.body);
  if (!parsed.ok()) return ErrorResponse(parsed.status());
  const Status named = CheckNames(*parsed);
  if (!named.ok()) return ErrorResponse(named);
  const auto valid = tables.Validate(parsed->realtime, parsed->schema);
  if (!valid.ok()) return TablesError(valid.status());
  Both both(*parsed);
  both.Add("realtime.", *valid);
  std::string out = "{\"tableName\":";
  AppendJsonString(&out, table::RawTableName(parsed->table_name));
  out += ",\"schema\":" + (parsed->schema.empty() ? std::string("null") : parsed->schema) + ",\"realtime\":" + catalog::ShownPinotTable(valid->document) +
         ",\"unrecognizedProperties\":" + Text(both.unrecognized);
  if (!both.warnings.empty()) out += ",\"warnings\":" + JsonList(both.warnings);
  return JsonResponse(out + "}");
}

HttpResponse Show(const table::Tables& tables, const HttpRequest& request) {
  const auto document = tables.TableDocument(request.Parameter("t"));
  if (!document.ok()) return TablesError(document.status());
  const std::string raw = table::RawTableName(request.Parameter("t"));
  const auto schema = tables.SchemaDocument(raw);
  if (!schema.ok()) return TablesError(schema.status());
  std::string out = "{\"tableName\":";
  AppendJsonString(&out, raw);
  return JsonResponse(out + ",\"schema\":" + *schema + ",\"realtime\":" + catalog::ShownPinotTable(*document) + "}");
}

HttpResponse Delete(table::Tables& tables, const std::shared_ptr<Changes>& changes, const HttpRequest& request) {
  const std::string raw = table::RawTableName(request.Parameter("t"));
  const Changes::Change change(changes, raw);
  if (!change.begun()) return change.Refused();
  const Status table = tables.DeleteTable(raw);
  if (!table.ok()) return TablesError(table);
  const Status schema = tables.DeleteSchema(raw);
  if (!schema.ok() && schema.code() != StatusCode::kNotFound) return TablesError(schema);
  return StatusResponse("Deleted TableConfigs: " + raw);
}

}  // namespace

void AddTableConfigsRoutes(const Controller& controller, Router* router) {
  table::Tables& tables = *controller.tables;
  const auto changes = std::make_shared<Changes>();
  router->Get("/tableConfigs", Access::kRead, [&tables](const CallContext&, const HttpRequest&) { return JsonResponse(JsonList(tables.List())); });
  router->Add({"POST", "/tableConfigs", Access::kWrite, Lane::kControl,
               [&tables, changes](const CallContext&, const HttpRequest& request) { return Create(tables, changes, request); }});
  router->Add({"POST", "/tableConfigs/validate", Access::kRead, Lane::kControl,
               [&tables](const CallContext&, const HttpRequest& request) { return Validate(tables, request); }});
  router->Get("/tableConfigs/{t}", Access::kRead, [&tables](const CallContext&, const HttpRequest& request) { return Show(tables, request); });
  router->Add({"PUT", "/tableConfigs/{t}", Access::kWrite, Lane::kControl,
               [&tables, changes](const CallContext&, const HttpRequest& request) { return Update(tables, changes, request); }});
  router->Add({"DELETE", "/tableConfigs/{t}", Access::kWrite, Lane::kControl,
               [&tables, changes](const CallContext&, const HttpRequest& request) { return Delete(tables, changes, request); }});
}

}  // namespace lotic::server
