// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "catalog/pinot_table_config.h"
#include "server/controller.h"
#include "table/connector.h"
#include "table/stored_table.h"
#include "table/table_view.h"

namespace lotic::server {
namespace {

HttpResponse Size(const Controller& controller, const HttpRequest& request) {
  const auto typed = controller.tables->TypedName(request.Parameter("t"));
  if (!typed.ok()) return TablesError(typed.status());
  const auto view = controller.tables->View(*typed);
  if (!view.ok()) return TablesError(view.status());
  const bool verbose = request.QueryFlag("verbose", true);
  int64_t total = 0;
  std::string segments;
  for (const auto& partition : (*view)->partitions()) {
    for (const auto& segment : partition.segments) {
      if (segment.state == table::SegmentState::kDropped) continue;
      const std::string bytes = std::to_string(table::SegmentBytes(segment));
      total += table::SegmentBytes(segment);
      if (!verbose) continue;
      if (!segments.empty()) segments.push_back(',');
      AppendJsonString(&segments, segment.name);
      segments +=
          ":{\"reportedSizeInBytes\":" + bytes + ",\"estimatedSizeInBytes\":" + bytes + ",\"maxReportedSizePerReplicaInBytes\":" + bytes + ",\"serverInfo\":{";
      AppendJsonString(&segments, controller.server_id());
      segments += ":{\"segmentName\":";
      AppendJsonString(&segments, segment.name);
      segments += ",\"diskSizeInBytes\":" + bytes + "}}}";
    }
  }
  const std::string bytes = std::to_string(total);
  std::string out = "{\"tableName\":";
  AppendJsonString(&out, table::RawTableName(*typed));
  out += ",\"reportedSizeInBytes\":" + bytes + ",\"estimatedSizeInBytes\":" + bytes + ",\"reportedSizePerReplicaInBytes\":" + bytes +
         ",\"offlineSegments\":null,\"realtimeSegments\":{\"reportedSizeInBytes\":" + bytes + ",\"estimatedSizeInBytes\":" + bytes +
         ",\"missingSegments\":0,\"reportedSizePerReplicaInBytes\":" + bytes + ",\"segments\":{" + segments + "}}}";
  return JsonResponse(std::move(out));
}

HttpResponse Metadata(const Controller& controller, const HttpRequest& request) {
  const auto typed = controller.tables->TypedName(request.Parameter("t"));
  if (!typed.ok()) return TablesError(typed.status());
  const auto view = controller.tables->View(*typed);
  if (!view.ok()) return TablesError(view.status());
  int64_t bytes = 0, segments = 0;
  for (const auto& partition : (*view)->partitions()) {
    for (const auto& segment : partition.segments) {
      if (segment.state == table::SegmentState::kDropped) continue;
      bytes += table::SegmentBytes(segment);
      ++segments;
    }
  }
  std::string out = "{\"tableName\":";
  AppendJsonString(&out, *typed);
  out += ",\"diskSizeInBytes\":" + std::to_string(bytes) + ",\"numSegments\":" + std::to_string(segments) + ",\"numRows\":" + std::to_string((*view)->rows()) +
         ",\"columnLengthMap\":{},\"columnCardinalityMap\":{},\"maxNumMultiValuesMap\":{},\"columnIndexSizeMap\":{},"
         "\"upsertPartitionToServerPrimaryKeyCountMap\":{}}";
  return JsonResponse(std::move(out));
}

/// By `sortType`, with names for what is equal; `sortAsc` turns the order round.
Status Sort(const table::Tables& tables, const HttpRequest& request, std::vector<std::string>* names) {
  const std::string type(request.Query("sortType").value_or("name"));
  std::string lower = type;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  const bool created = lower == "creationtime", changed = lower == "lastmodifiedtime";
  if (!created && !changed && lower != "name") return Status::Invalid("sortType is ", type, "; expected name, creationTime or lastModifiedTime");
  if (created || changed) {
    std::map<std::string, int64_t> times;
    for (const std::string& name : *names) {
      const auto known = tables.Times(name);  // not ok: deleted meanwhile
      times[name] = !known.ok() ? 0 : created ? known->created_ms : known->changed_ms;
    }
    std::stable_sort(names->begin(), names->end(), [&](const std::string& a, const std::string& b) { return times[a] < times[b]; });
  }
  if (!request.QueryFlag("sortAsc", true)) std::reverse(names->begin(), names->end());
  return Status::OK();
}

HttpResponse List(const table::Tables& tables, const HttpRequest& request) {
  const auto realtime = WantsRealtime(request);
  if (!realtime.ok()) return ErrorResponse(realtime.status());
  std::vector<std::string> names;
  if (*realtime) names = tables.List();
  if (const Status sorted = Sort(tables, request, &names); !sorted.ok()) return ErrorResponse(sorted);
  if (!request.Query("type").value_or("").empty()) {
    for (std::string& name : names) name += table::kRealtimeSuffix;
  }
  return JsonResponse("{\"tables\":" + JsonList(names) + "}");
}

}  // namespace

void AddTableRoutes(const Controller& controller, Router* router) {
  table::Tables& tables = *controller.tables;
  router->Get("/tables", Access::kRead, [&tables](const CallContext&, const HttpRequest& request) { return List(tables, request); });
  router->Add({"POST", "/tables", Access::kWrite, Lane::kControl, [&tables](const CallContext&, const HttpRequest& request) {
                 const auto added = tables.AddTable(request.body);
                 return added.ok() ? AcceptedResponse(*added, "Table " + added->name + " successfully added") : TablesError(added.status());
               }});
  // It may ask a stream in the name of the server: not for who may only read.
  router->Add({"POST", "/tables/validate", Access::kWrite, Lane::kControl, [&tables](const CallContext& ctx, const HttpRequest& request) {
                 const auto how = ParseValidation(request);
                 if (!how.ok()) return ErrorResponse(how.status());
                 const auto valid = tables.Validate(request.body, *how);
                 if (!valid.ok()) return TablesError(valid.status());
                 const auto connection = ConnectionMember(ctx, tables, request, request.body);
                 if (!connection.ok()) return TablesError(connection.status());
                 std::string out = "{\"REALTIME\":" + catalog::ShownPinotTable(valid->document) + ",\"unrecognizedProperties\":" + valid->unrecognized;
                 if (!valid->warnings.empty()) out += ",\"warnings\":" + JsonList(valid->warnings);
                 return JsonResponse(out + *connection + "}");
               }});
  router->Get("/tables/{t}", Access::kRead, [&tables](const CallContext&, const HttpRequest& request) {
    const auto realtime = WantsRealtime(request);
    if (!realtime.ok()) return ErrorResponse(realtime.status());
    const auto document = tables.TableDocument(request.Parameter("t"));
    if (!document.ok()) return TablesError(document.status());
    return JsonResponse(*realtime ? "{\"REALTIME\":" + catalog::ShownPinotTable(*document) + "}" : "{}");
  });
  router->Add({"PUT", "/tables/{t}", Access::kWrite, Lane::kControl, [&tables](const CallContext&, const HttpRequest& request) {
                 const auto changed = tables.UpdateTable(request.Parameter("t"), request.body, request.Query("consumeFrom").value_or(""));
                 return changed.ok() ? AcceptedResponse(*changed, "Table config updated for " + table::RawTableName(changed->name))
                                     : TablesError(changed.status());
               }});
  router->Add({"DELETE", "/tables/{t}", Access::kWrite, Lane::kControl, [&tables](const CallContext&, const HttpRequest& request) {
                 const auto realtime = WantsRealtime(request);
                 if (!realtime.ok()) return ErrorResponse(realtime.status());
                 const auto typed = tables.TypedName(request.Parameter("t"));
                 if (!typed.ok()) return TablesError(typed.status());
                 if (!*realtime) return ErrorResponse(404, "Table " + table::RawTableName(*typed) + " has no offline part");
                 const Status deleted = tables.DeleteTable(*typed);
                 return deleted.ok() ? StatusResponse("Tables: [" + *typed + "] deleted") : TablesError(deleted);
               }});
  router->Get("/tables/{t}/schema", Access::kRead, [&tables](const CallContext&, const HttpRequest& request) {
    const auto typed = tables.TypedName(request.Parameter("t"));
    if (!typed.ok()) return TablesError(typed.status());
    auto document = tables.SchemaDocument(table::RawTableName(*typed));
    return document.ok() ? JsonResponse(*std::move(document)) : TablesError(document.status());
  });
  router->Get("/tables/{t}/size", Access::kRead, [&controller](const CallContext&, const HttpRequest& request) { return Size(controller, request); });
  router->Get("/tables/{t}/metadata", Access::kRead, [&controller](const CallContext&, const HttpRequest& request) { return Metadata(controller, request); });
}

}  // namespace lotic::server
