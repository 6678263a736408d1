// SPDX-License-Identifier: Apache-2.0
#include "server/metrics_page.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>
#include <vector>

namespace lotic::server {
namespace {

constexpr std::array<std::string_view, 7> kOfController = {"missingConsumingSegmentTotalCount",
                                                           "missingConsumingSegmentMaxDurationMinutes",
                                                           "missingConsumingSegmentNewPartitionCount",
                                                           "tableConsumptionPaused",
                                                           "numRowsThreshold",
                                                           "committingSegmentSize",
                                                           "llcStreamDataLoss"};

/// A label's value: backslash, quote and line feed escaped.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || c == '"') out.push_back('\\');
      out.push_back(c);
    }
  }
  return out;
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, written.ptr};
}

std::string FamilyName(const table::Metric& metric) {
  const bool controller = std::find(kOfController.begin(), kOfController.end(), metric.name) != kOfController.end();
  return std::string(controller ? "pinot_controller_" : "pinot_server_") + metric.name + (metric.counter ? "_Count" : "_Value");
}

std::string Labels(const table::Metric& metric) {
  std::string labels;
  const auto add = [&](const char* name, std::string_view value) { labels += (labels.empty() ? "" : ",") + std::string(name) + "=\"" + Escaped(value) + "\""; };
  if (!metric.table.empty()) add("table", metric.table);
  if (metric.partition >= 0) add("partition", std::to_string(metric.partition));
  if (!metric.topic.empty()) add("topic", metric.topic);
  return labels.empty() ? "" : "{" + labels + "}";
}

}  // namespace

std::string MetricsPage(std::span<const table::Metric> metrics, const QueryDoor::Counters& queries, const HttpServer::Counters& http) {
  // Lines of one family stand together, as the format asks.
  std::map<std::string, std::vector<const table::Metric*>> families;
  for (const table::Metric& metric : metrics) families[FamilyName(metric)].push_back(&metric);
  std::string out;
  for (const auto& [family, members] : families) {
    out += "# TYPE " + family + (members.front()->counter ? " counter\n" : " gauge\n");
    for (const table::Metric* metric : members) out += family + Labels(*metric) + " " + NumberText(metric->value) + "\n";
  }
  const auto count = [&](const char* name, int64_t value) { out += "# TYPE " + std::string(name) + " counter\n" + name + " " + std::to_string(value) + "\n"; };
  count("pinot_broker_queries_Count", queries.queries);
  count("pinot_broker_documentsScanned_Count", queries.docs_scanned);
  count("pinot_broker_requestExceptions_Count", queries.exceptions);
  count("pinot_broker_queryExecutionMs_Count", queries.milliseconds);
  count("lotic_http_connections_Count", http.connections);
  count("lotic_http_requests_Count", http.requests);
  count("lotic_http_refused_Count", http.refused);
  return out;
}

}  // namespace lotic::server
