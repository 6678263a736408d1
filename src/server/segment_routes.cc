// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/controller.h"
#include "table/segment.h"
#include "table/table_view.h"

namespace lotic::server {
namespace {

/// A segment as the ideal state names its state.
std::string_view IdealState(table::SegmentState state) {
  switch (state) {
    case table::SegmentState::kConsuming: return "CONSUMING";
    case table::SegmentState::kDamaged: return "ERROR";
    case table::SegmentState::kDropped: return "DROPPED";
    default: return "ONLINE";
  }
}

/// Answers with what `each` makes of every segment that is not dropped, joined by commas, between `open` and `close`.
HttpResponse OfSegments(const Controller& controller, const HttpRequest& request, const std::string& open, const std::string& close,
                        const std::function<std::string(const table::SegmentInfo& segment)>& each) {
  const auto realtime = WantsRealtime(request);
  if (!realtime.ok()) return ErrorResponse(realtime.status());
  const auto view = controller.tables->View(request.Parameter("t"));
  if (!view.ok()) return TablesError(view.status());
  std::string out;
  for (const auto& partition : (*view)->partitions()) {
    for (const auto& segment : partition.segments) {
      if (!*realtime || segment.state == table::SegmentState::kDropped) continue;
      if (!out.empty()) out.push_back(',');
      out += each(segment);
    }
  }
  return JsonResponse(open + out + close);
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(&out, text);
  return out;
}

HttpResponse List(const Controller& controller, const HttpRequest& request) {
  const auto realtime = WantsRealtime(request);
  if (!realtime.ok()) return ErrorResponse(realtime.status());
  return OfSegments(controller, request, *realtime ? "[{\"REALTIME\":[" : "[{\"OFFLINE\":[", "]}]", [](const auto& segment) { return Quoted(segment.name); });
}

HttpResponse States(const Controller& controller, const HttpRequest& request) {
  return OfSegments(controller, request, "{\"OFFLINE\":null,\"REALTIME\":{", "}}", [&](const auto& segment) {
    return Quoted(segment.name) + ":{" + Quoted(controller.server_id()) + ":" + Quoted(IdealState(segment.state)) + "}";
  });
}

HttpResponse Statuses(const Controller& controller, const HttpRequest& request) {
  return OfSegments(controller, request, "[", "]", [](const auto& segment) {
    return "{\"segmentName\":" + Quoted(segment.name) + ",\"segmentStatus\":" + (segment.state == table::SegmentState::kDamaged ? "\"BAD\"}" : "\"GOOD\"}");
  });
}

/// The map of §4.5: every value a text.
std::string MetadataJson(const table::SegmentInfo& segment) {
  std::string out = "{\"segment.name\":" + Quoted(segment.name);
  const auto add = [&](const char* key, const std::string& value) { out += std::string(",\"") + key + "\":" + Quoted(value); };
  const bool done = segment.state == table::SegmentState::kDone;
  add("segment.realtime.status", done ? "DONE" : "IN_PROGRESS");
  add("segment.realtime.startOffset", std::to_string(segment.start));
  if (done) {
    add("segment.realtime.endOffset", std::to_string(segment.end));
  } else {
    out += ",\"segment.realtime.endOffset\":null";
  }
  add("segment.realtime.numReplicas", "1");
  const auto threshold = segment.attributes.find(table::kThresholdAttribute);
  if (threshold != segment.attributes.end()) add("segment.flush.threshold.size", threshold->second);
  out += ",\"segment.flush.threshold.time\":null,\"segment.partition.metadata\":null,\"segment.download.url\":null,\"segment.refresh.time\":null";
  add("segment.index.version", "parquet");
  add("segment.creation.time", std::to_string(segment.created_ms));
  if (!segment.totals.times.empty()) {
    add("segment.start.time", std::to_string(segment.totals.times.min_ms));
    add("segment.end.time", std::to_string(segment.totals.times.max_ms));
    add("segment.time.unit", "MILLISECONDS");
  }
  add("segment.total.docs", std::to_string(segment.totals.rows));
  if (done) {
    add("segment.crc", std::to_string(segment.file_crc));
    add("segment.size.in.bytes", std::to_string(segment.file_bytes));
    add("segment.push.time", std::to_string(segment.sealed_ms));
  }
  if (segment.reason != table::SealReason::kNone) add("segment.realtime.sealReason", std::string(table::SealReasonName(segment.reason)));
  if (!segment.damage.empty()) add("segment.damage", segment.damage);
  return out + "}";
}

/// The segment that the path names. Errors: NotFound (table, segment), the table's.
Result<table::SegmentInfo> SegmentOf(const Controller& controller, const HttpRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(const auto view, controller.tables->View(request.Parameter("t")));
  for (const auto& partition : view->partitions()) {
    for (const auto& segment : partition.segments) {
      if (segment.name == request.Parameter("s") && segment.state != table::SegmentState::kDropped) return segment;
    }
  }
  return Status::NotFound("Segment ", request.Parameter("s"), " does not exist in table ", request.Parameter("t"));
}

HttpResponse Metadata(const Controller& controller, const HttpRequest& request) {
  const auto segment = SegmentOf(controller, request);
  return segment.ok() ? JsonResponse(MetadataJson(*segment)) : TablesError(segment.status());
}

/// What is damaged is checked and read again, and what has stopped tried again, now instead of when its turn comes.
HttpResponse Reset(const Controller& controller, const HttpRequest& request) {
  const auto segment = SegmentOf(controller, request);
  if (!segment.ok()) return TablesError(segment.status());
  controller.tables->Suspect(request.Parameter("t"), segment->partition, segment->sequence);
  const Status tried = segment->state == table::SegmentState::kConsuming ? controller.tables->RunDiscovery(request.Parameter("t")) : Status::OK();
  if (!tried.ok()) return TablesError(tried);
  return StatusResponse("Successfully reset segment: " + segment->name + " of table: " + request.Parameter("t"));
}

HttpResponse ResetAll(const Controller& controller, const HttpRequest& request) {
  const std::string& table = request.Parameter("t");
  const auto view = controller.tables->View(table);
  if (!view.ok()) return TablesError(view.status());
  for (const auto& partition : (*view)->partitions()) {
    for (const auto& segment : partition.segments) {
      if (segment.state == table::SegmentState::kDamaged) controller.tables->Suspect(table, segment.partition, segment.sequence);
    }
  }
  const Status tried = controller.tables->RunDiscovery(table);
  return tried.ok() ? StatusResponse("Successfully reset all segments of table: " + table) : TablesError(tried);
}

HttpResponse Delete(const Controller& controller, const HttpRequest& request) {
  const auto segment = SegmentOf(controller, request);
  if (!segment.ok()) return TablesError(segment.status());
  if (segment->state == table::SegmentState::kConsuming)
    return ErrorResponse(409, "Segment " + segment->name + " is consuming and cannot be deleted; forceCommit or pauseConsumption end it");
  return ErrorResponse(501, "segments are not deleted one by one; retention drops old ones, and Segment " + segment->name + " stays");
}

HttpResponse AllMetadata(const Controller& controller, const HttpRequest& request) {
  return OfSegments(controller, request, "{", "}", [](const auto& segment) { return Quoted(segment.name) + ":" + MetadataJson(segment); });
}

}  // namespace

void AddSegmentRoutes(const Controller& controller, Router* router) {
  const auto add = [&](const char* pattern, HttpResponse (*answer)(const Controller&, const HttpRequest&)) {
    router->Get(pattern, Access::kRead, [&controller, answer](const CallContext&, const HttpRequest& request) { return answer(controller, request); });
  };
  add("/segments/{t}", List);
  add("/segments/{t}/{s}/metadata", Metadata);
  add("/segments/{t}/metadata", AllMetadata);
  add("/segments/{t}/zkmetadata", AllMetadata);
  const auto write = [&](const char* method, const char* pattern, HttpResponse (*answer)(const Controller&, const HttpRequest&)) {
    router->Add({method, pattern, Access::kWrite, Lane::kControl,
                 [&controller, answer](const CallContext&, const HttpRequest& request) { return answer(controller, request); }});
  };
  write("POST", "/segments/{t}/{s}/reset", Reset);
  write("POST", "/segments/{t}/reset", ResetAll);
  write("DELETE", "/segments/{t}/{s}", Delete);
  add("/tables/{t}/idealstate", States);
  add("/tables/{t}/externalview", States);
  add("/tables/{t}/segmentsStatus", Statuses);
}

}  // namespace lotic::server
