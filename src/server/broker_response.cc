// SPDX-License-Identifier: Apache-2.0
#include "server/broker_response.h"

#include <string_view>

#include "server/http_message.h"

namespace lotic::server {
namespace {

std::string_view NameOf(int code) {
  switch (code) {
    case kErrorJsonParsing: return "JsonParsingError";
    case 150: return "SQLParsingError";
    case 190: return "TableDoesNotExistError";
    case kErrorExecution: return "QueryExecutionError";
    case kErrorShuttingDown: return "ServerShuttingDown";
    case kErrorResourceLimit: return "ServerResourceLimitExceededError";
    case kErrorTimeout: return "ExecutionTimeoutError";
    case kErrorSegmentsUnavailable: return "ServerSegmentsUnavailable";
    case kErrorTooManyRequests: return "TooManyRequests";
    case kErrorCancelled: return "QueryCancellationError";
    case 700: return "QueryValidationError";
    case 710: return "UnknownColumnError";
    default: return "InternalError";
  }
}

int CodeFor(const Status& status) {
  if (const auto front = catalog::PinotErrorCodeOf(status)) return static_cast<int>(*front);
  switch (status.code()) {
    case StatusCode::kNotFound: return 190;
    case StatusCode::kThrottled: return kErrorTooManyRequests;
    case StatusCode::kCapacityError: return kErrorResourceLimit;
    case StatusCode::kDeadlineExceeded: return kErrorTimeout;
    case StatusCode::kDataLoss: return kErrorSegmentsUnavailable;
    case StatusCode::kCancelled: return kErrorCancelled;
    case StatusCode::kUnknownError: return kErrorInternal;
    default: return kErrorExecution;
  }
}

class ObjectWriter {
 public:
  void Raw(std::string_view key, std::string_view json) {
    out_ += out_.size() == 1 ? "\"" : ",\"";
    out_ += key;
    out_ += "\":";
    out_ += json;
  }
  void Number(std::string_view key, int64_t value) { Raw(key, std::to_string(value)); }
  void Flag(std::string_view key, bool value) { Raw(key, value ? "true" : "false"); }
  void Text(std::string_view key, std::string_view value) {
    std::string quoted;
    AppendJsonString(&quoted, value);
    Raw(key, quoted);
  }
  std::string Finish() && { return std::move(out_) + "}"; }

 private:
  std::string out_ = "{";
};

template <typename Items, typename Text>
std::string TextList(const Items& items, Text&& text) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out.push_back(',');
    AppendJsonString(&out, text(item));
  }
  return out + "]";
}

}  // namespace

BrokerException ExceptionFor(const Status& status) {
  const int code = CodeFor(status);
  return {code, std::string(NameOf(code)) + ": " + status.message()};
}

int HttpStatusForException(int code) {
  switch (code) {
    case kErrorJsonParsing:
    case 150:
    case 246:
    case 700:
    case 710:
    case 720: return 400;
    case 180: return 403;
    case 190:
    case 191: return 404;
    case 240:
    case kErrorTimeout:
    case 400: return 408;
    case kErrorTooManyRequests: return 429;
    case kErrorShuttingDown:
    case 211:
    case kErrorResourceLimit:
    case kErrorSegmentsUnavailable:
    case 410:
    case 420:
    case 425:
    case 427: return 503;
    default: return 500;
  }
}

std::string BrokerResponse::ToJson() const {
  ObjectWriter out;
  if (columns) {
    std::string table = "{\"dataSchema\":{\"columnNames\":" + TextList(*columns, [](const auto& column) { return column.name; }) +
                        ",\"columnDataTypes\":" + TextList(*columns, [](const auto& column) { return column.type; }) + "},\"rows\":[";
    table += rows;
    table += "]}";
    out.Raw("resultTable", table);
  }
  std::string list = "[";
  for (const BrokerException& exception : exceptions) {
    if (list.size() > 1) list.push_back(',');
    list += "{\"errorCode\":" + std::to_string(exception.code) + ",\"message\":";
    AppendJsonString(&list, exception.message);
    list.push_back('}');
  }
  out.Number("numRowsResultSet", num_rows);
  out.Flag("partialResult", !exceptions.empty());
  out.Raw("exceptions", list + "]");
  out.Flag("numGroupsLimitReached", false);
  out.Flag("numGroupsWarningLimitReached", false);
  out.Flag("maxRowsInDistinctReached", false);
  out.Flag("maxRowsWithoutChangeInDistinctReached", false);
  out.Flag("maxExecutionTimeInDistinctReached", false);
  out.Number("timeUsedMs", time_used_ms);
  out.Text("requestId", request_id);
  if (client_request_id) {
    out.Text("clientRequestId", *client_request_id);
  } else {
    out.Raw("clientRequestId", "null");
  }
  out.Text("brokerId", broker_id);
  out.Number("numDocsScanned", docs_scanned);
  out.Number("totalDocs", total_docs);
  out.Number("numEntriesScannedInFilter", entries_in_filter);
  out.Number("numEntriesScannedPostFilter", entries_post_filter);
  out.Number("numServersQueried", 1);
  out.Number("numServersResponded", 1);
  out.Number("numSegmentsQueried", segments_queried);
  out.Number("numSegmentsProcessed", segments_processed);
  out.Number("numSegmentsMatched", segments_matched);
  out.Number("numConsumingSegmentsQueried", consuming_queried);
  out.Number("numConsumingSegmentsProcessed", consuming_processed);
  out.Number("numConsumingSegmentsMatched", consuming_matched);
  out.Number("minConsumingFreshnessTimeMs", freshness_ms);
  out.Number("numSegmentsPrunedByBroker", 0);
  out.Number("numSegmentsPrunedByServer", pruned_by_value);
  out.Number("numSegmentsPrunedInvalid", 0);
  out.Number("numSegmentsPrunedByLimit", 0);
  out.Number("numSegmentsPrunedByValue", pruned_by_value);
  for (const char* unmeasured :
       {"brokerReduceTimeMs", "offlineThreadCpuTimeNs", "realtimeThreadCpuTimeNs", "offlineSystemActivitiesCpuTimeNs", "realtimeSystemActivitiesCpuTimeNs",
        "offlineResponseSerializationCpuTimeNs", "realtimeResponseSerializationCpuTimeNs", "offlineTotalCpuTimeNs", "realtimeTotalCpuTimeNs",
        "explainPlanNumEmptyFilterSegments", "explainPlanNumMatchAllFilterSegments"}) {
    out.Number(unmeasured, 0);
  }
  out.Raw("traceInfo", "{}");
  out.Raw("tablesQueried", TextList(tables, [](const std::string& table) { return table; }));
  if (default_limit_applied) out.Flag("defaultLimitApplied", true);
  if (!certificate.empty()) out.Raw("certificate", certificate);
  return std::move(out).Finish();
}

}  // namespace lotic::server
