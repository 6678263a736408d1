// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/controller.h"
#include "server/pinot_value.h"

namespace lotic::server {
namespace {

constexpr size_t kMaxListed = 10'000;  // partitions or segments of one force commit

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(&out, text);
  return out;
}
std::string OrNull(const std::optional<std::string>& text) { return text ? Quoted(*text) : "null"; }

HttpResponse PauseResponse(const table::PauseStatus& status) {
  return JsonResponse("{\"pauseFlag\":" + std::string(status.paused ? "true" : "false") + ",\"consumingSegments\":" + JsonList(status.consuming_segments) +
                      ",\"reasonCode\":" + OrNull(status.reason) + ",\"comment\":" + OrNull(status.comment) +
                      ",\"timestamp\":" + (status.at_ms ? Quoted(InstantText(*status.at_ms)) : std::string("null")) + "}");
}

HttpResponse Answer(const Result<table::PauseStatus>& status) { return status.ok() ? PauseResponse(*status) : TablesError(status.status()); }

Result<table::ConsumeFrom> ParseConsumeFrom(std::string_view text) {
  if (text.empty() || text == "lastConsumed") return table::ConsumeFrom::kLastConsumed;
  if (text == "smallest") return table::ConsumeFrom::kSmallest;
  if (text == "largest") return table::ConsumeFrom::kLargest;
  return Status::Invalid("consumeFrom is ", text, "; it is lastConsumed, smallest or largest");
}

/// "a,b" → {"a","b"}. Errors: Invalid (an empty entry, too many).
Result<std::vector<std::string>> ParseList(std::string_view what, std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view entry = text.substr(0, comma);
    while (!entry.empty() && entry.front() == ' ') entry.remove_prefix(1);
    while (!entry.empty() && entry.back() == ' ') entry.remove_suffix(1);
    if (entry.empty()) return Status::Invalid(what, " has an empty entry: ", text);
    if (list.size() == kMaxListed) return Status::Invalid(what, " has more than ", kMaxListed, " entries");
    list.emplace_back(entry);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return Status::Invalid(what, " ends with a comma");
  }
  return list;
}

Result<std::string> ForceCommit(table::Tables& tables, const HttpRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> segments, ParseList("segments", request.Query("segments").value_or("")));
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> texts, ParseList("partitions", request.Query("partitions").value_or("")));
  if (!segments.empty() && !texts.empty()) return Status::Invalid("both partitions and segments are given; give one of them");
  std::vector<int32_t> partitions;
  for (const std::string& text : texts) {
    int32_t partition = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), partition);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || partition < 0)
      return Status::Invalid("partitions has ", text, ", which is no partition's number");
    partitions.push_back(partition);
  }
  return tables.ForceCommit(request.Parameter("t"), partitions, segments);
}

HttpResponse JobResponse(const table::ForceCommitJob& job) {
  return JsonResponse("{\"jobId\":" + Quoted(job.id) + ",\"tableName\":" + Quoted(job.table) +
                      ",\"jobType\":\"FORCE_COMMIT\",\"submissionTimeMs\":" + Quoted(std::to_string(job.submitted_ms)) +
                      ",\"segmentsForceCommitted\":" + JsonList(job.segments) + ",\"segmentsYetToBeCommitted\":" + JsonList(job.yet_to_be_committed) +
                      ",\"numberOfSegmentsYetToBeCommitted\":" + std::to_string(job.yet_to_be_committed.size()) + "}");
}

/// {"0":"11940"}; what is not known is NOT_CALCULATED.
std::string OffsetMap(int32_t partition, const std::optional<int64_t>& value) {
  return "{\"" + std::to_string(partition) + "\":\"" + (value ? std::to_string(*value) : "NOT_CALCULATED") + "\"}";
}

HttpResponse ConsumingInfo(const Controller& controller, const HttpRequest& request) {
  const auto segments = controller.tables->ConsumingInfo(request.Parameter("t"));
  if (!segments.ok()) return TablesError(segments.status());
  std::string map;
  for (const table::ConsumingSegment& consuming : *segments) {
    const table::PartitionStatus& partition = consuming.partition;
    const int32_t number = partition.partition;
    if (!map.empty()) map.push_back(',');
    map += Quoted(consuming.segment) + ":[{\"serverName\":" + Quoted(controller.server_id()) +
           ",\"consumerState\":" + (partition.state == table::PartitionState::kConsuming ? "\"CONSUMING\"" : "\"NOT_CONSUMING\"") +
           ",\"lastConsumedTimestamp\":" + std::to_string(partition.last_row_ms.value_or(0)) +
           ",\"partitionToOffsetMap\":" + OffsetMap(number, partition.position) +
           ",\"partitionOffsetInfo\":{\"currentOffsetsMap\":" + OffsetMap(number, partition.position) +
           ",\"latestUpstreamOffsetMap\":" + OffsetMap(number, partition.upstream) + ",\"recordsLagMap\":" + OffsetMap(number, partition.lag) +
           ",\"availabilityLagMsMap\":" + OffsetMap(number, consuming.delay_ms) + "}";
    if (!partition.error.empty() && partition.state != table::PartitionState::kConsuming) map += ",\"errorMessage\":" + Quoted(partition.error);
    map += "}]";
  }
  return JsonResponse("{\"serversFailingToRespond\":0,\"serversUnparsableRespond\":0,\"_segmentToConsumingInfoMap\":{" + map + "}}");
}

HttpResponse IngestionStatus(const table::Tables& tables, const HttpRequest& request) {
  const auto realtime = WantsRealtime(request);
  if (!realtime.ok()) return ErrorResponse(realtime.status());
  const auto status = tables.GetStatus(request.Parameter("t"));
  if (!status.ok()) return TablesError(status.status());
  if (!*realtime) return JsonResponse("{\"ingestionStatus\":{\"ingestionState\":\"UNKNOWN\",\"errorMessage\":\"\"}}");
  return JsonResponse("{\"ingestionStatus\":{\"ingestionState\":" + std::string(status->healthy ? "\"HEALTHY\"" : "\"UNHEALTHY\"") +
                      ",\"errorMessage\":" + Quoted(status->healthy ? "" : status->error) + "}}");
}

/// GET /periodictask/run: new partitions are looked for, and stopped ones tried, at once.
HttpResponse RunTask(table::Tables& tables, const HttpRequest& request) {
  const std::string task(request.Query("taskname").value_or(""));
  if (task != "RealtimeSegmentValidationManager")
    return ErrorResponse(404,
                         "there is no periodic task " + (task.empty() ? "without a name" : task) + "; RealtimeSegmentValidationManager looks for partitions");
  const std::string name(request.Query("tableName").value_or(""));
  const std::vector<std::string> names = name.empty() ? tables.List() : std::vector<std::string>{name};
  for (const std::string& table : names) {
    const Status done = tables.RunDiscovery(table);
    if (!done.ok()) return TablesError(done);
  }
  return JsonResponse("{\"isSuccessful\":true,\"taskId\":\"api-" + std::to_string(Clock::System().NowMs()) + "\"}");
}

}  // namespace

void AddConsumptionRoutes(const Controller& controller, Router* router) {
  table::Tables& tables = *controller.tables;
  const auto post = [&](const char* pattern, Handler handler) { router->Add({"POST", pattern, Access::kWrite, Lane::kControl, std::move(handler)}); };
  post("/tables/{t}/pauseConsumption", [&tables](const CallContext&, const HttpRequest& request) {
    return Answer(tables.Pause(request.Parameter("t"), std::string(request.Query("comment").value_or(""))));
  });
  post("/tables/{t}/resumeConsumption", [&tables](const CallContext&, const HttpRequest& request) {
    const auto from = ParseConsumeFrom(request.Query("consumeFrom").value_or(""));
    if (!from.ok()) return ErrorResponse(from.status());
    return Answer(tables.Resume(request.Parameter("t"), *from, std::string(request.Query("comment").value_or(""))));
  });
  router->Get("/tables/{t}/pauseStatus", Access::kRead,
              [&tables](const CallContext&, const HttpRequest& request) { return Answer(tables.GetPauseStatus(request.Parameter("t"))); });
  post("/tables/{t}/forceCommit", [&tables](const CallContext&, const HttpRequest& request) {
    const auto job = ForceCommit(tables, request);
    if (!job.ok()) return TablesError(job.status());
    return JsonResponse("{\"forceCommitStatus\":\"SUCCESS\",\"jobMetaZKWriteStatus\":\"SUCCESS\",\"forceCommitJobId\":" + Quoted(*job) + "}");
  });
  router->Get("/tables/forceCommitStatus/{job}", Access::kRead, [&tables](const CallContext&, const HttpRequest& request) {
    const auto job = tables.JobStatus(request.Parameter("job"));
    return job.ok() ? JobResponse(*job) : TablesError(job.status());
  });
  router->Get("/tables/{t}/consumingSegmentsInfo", Access::kRead,
              [&controller](const CallContext&, const HttpRequest& request) { return ConsumingInfo(controller, request); });
  router->Get("/tables/{t}/status", Access::kRead, [&tables](const CallContext&, const HttpRequest& request) { return IngestionStatus(tables, request); });
  router->Get("/periodictask/run", Access::kWrite, [&tables](const CallContext&, const HttpRequest& request) { return RunTask(tables, request); });
}

}  // namespace lotic::server
