// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
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

HttpResponse Changed(const TableConfigsRequest& request, const Result<table::Tables::Both>& made, std::string_view status) {
  if (!made.ok()) return TablesError(made.status());
  Both both(request);
  if (made->schema.has_value()) both.Add("schema.", *made->schema);
  both.Add("realtime.", made->table);
  return both.Response(status);
}

HttpResponse Create(table::Tables& tables, const HttpRequest& request) {
  const auto parsed = ParseTableConfigs(request.body);
  if (!parsed.ok()) return ErrorResponse(parsed.status());
  const Status named = CheckNames(*parsed);
  if (!named.ok()) return ErrorResponse(named);
  const std::string raw = table::RawTableName(parsed->table_name);
  return Changed(*parsed, tables.AddBoth(raw, parsed->schema, parsed->realtime, request.QueryFlag("force", false)),
                 "TableConfigs " + raw + " successfully added");
}

HttpResponse Update(table::Tables& tables, const HttpRequest& request) {
  const auto parsed = ParseTableConfigs(request.body);
  if (!parsed.ok()) return ErrorResponse(parsed.status());
  const Status named = CheckNames(*parsed);
  if (!named.ok()) return ErrorResponse(named);
  const std::string raw = table::RawTableName(parsed->table_name);
  if (table::RawTableName(request.Parameter("t")) != raw)
    return ErrorResponse(400, "the path names " + request.Parameter("t") + " and the body " + parsed->table_name);
  return Changed(*parsed,
                 tables.UpdateBoth(raw, parsed->schema, parsed->realtime, request.QueryFlag("force", false), request.Query("consumeFrom").value_or("")),
                 "TableConfigs updated for " + raw);
}

HttpResponse Validate(const CallContext& ctx, const table::Tables& tables, const HttpRequest& request) {
  const auto parsed = ParseTableConfigs(request.body);
  if (!parsed.ok()) return ErrorResponse(parsed.status());
  const Status named = CheckNames(*parsed);
  if (!named.ok()) return ErrorResponse(named);
  const auto how = ParseValidation(request);
  if (!how.ok()) return ErrorResponse(how.status());
  const auto valid = tables.ValidateBoth(parsed->table_name, parsed->schema, parsed->realtime, *how);
  if (!valid.ok()) return TablesError(valid.status());
  const auto connection = ConnectionMember(ctx, tables, request, parsed->realtime);
  if (!connection.ok()) return TablesError(connection.status());
  Both both(*parsed);
  both.Add("realtime.", *valid);
  std::string out = "{\"tableName\":";
  AppendJsonString(&out, table::RawTableName(parsed->table_name));
  out += ",\"schema\":" + (parsed->schema.empty() ? std::string("null") : parsed->schema) + ",\"realtime\":" + catalog::ShownPinotTable(valid->document) +
         ",\"unrecognizedProperties\":" + Text(both.unrecognized);
  if (!both.warnings.empty()) out += ",\"warnings\":" + JsonList(both.warnings);
  return JsonResponse(out + *connection + "}");
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

HttpResponse Delete(table::Tables& tables, const HttpRequest& request) {
  const std::string raw = table::RawTableName(request.Parameter("t"));
  const Status deleted = tables.DeleteBoth(raw);
  return deleted.ok() ? StatusResponse("Deleted TableConfigs: " + raw) : TablesError(deleted);
}

}  // namespace

void AddTableConfigsRoutes(const Controller& controller, Router* router) {
  table::Tables& tables = *controller.tables;
  router->Get("/tableConfigs", Access::kRead, [&tables](const CallContext&, const HttpRequest&) { return JsonResponse(JsonList(tables.List())); });
  router->Add(
      {"POST", "/tableConfigs", Access::kWrite, Lane::kControl, [&tables](const CallContext&, const HttpRequest& request) { return Create(tables, request); }});
  // It may ask a stream in the name of the server: not for who may only read.
  router->Add({"POST", "/tableConfigs/validate", Access::kWrite, Lane::kControl,
               [&tables](const CallContext& ctx, const HttpRequest& request) { return Validate(ctx, tables, request); }});
  router->Get("/tableConfigs/{t}", Access::kRead, [&tables](const CallContext&, const HttpRequest& request) { return Show(tables, request); });
  router->Add({"PUT", "/tableConfigs/{t}", Access::kWrite, Lane::kControl,
               [&tables](const CallContext&, const HttpRequest& request) { return Update(tables, request); }});
  router->Add({"DELETE", "/tableConfigs/{t}", Access::kWrite, Lane::kControl,
               [&tables](const CallContext&, const HttpRequest& request) { return Delete(tables, request); }});
}

}  // namespace lotic::server
