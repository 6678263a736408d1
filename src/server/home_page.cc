// SPDX-License-Identifier: Apache-2.0
#include "server/home_page.h"

#include <algorithm>

namespace lotic::server {
namespace {

constexpr std::string_view kHead =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Lotic</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem "
    "0;vertical-align:top}"
    "th{border-bottom:1px solid #999}code{font:14px monospace}</style></head><body>\n<h1>Lotic</h1>\n";

std::string Cell(std::string_view html) { return "<td>" + std::string(html) + "</td>"; }

/// In a path, so that a link goes where its text says.
std::string UrlText(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
    out += plain ? std::string(1, c) : std::string{'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

/// How far the partition that is furthest behind is, by the stream's time.
std::string DelayText(const table::TableStatus& status) {
  if (status.delays_ms.empty()) return "not known";
  const auto worst = std::max_element(status.delays_ms.begin(), status.delays_ms.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  std::string text = std::to_string(worst->second) + " ms";
  if (worst->second > 0 && status.partitions.size() > 1) text += " (partition " + std::to_string(worst->first) + ")";
  if (const size_t unknown = status.partitions.size() - status.delays_ms.size(); unknown > 0) text += ", not known of " + std::to_string(unknown);
  return text;
}

}  // namespace

std::string HtmlText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

HttpResponse HomePage(const std::vector<HomeTable>& tables, const std::vector<Route>& routes) {
  std::string out(kHead);
  out += "<h2>Tables</h2>\n";
  if (tables.empty()) {
    out += "<p>None yet. <code>lotic AddTable -schemaFile schema.json -tableConfigFile table.json -exec</code> makes one.</p>\n";
  } else {
    out += "<table><tr><th>Table</th><th>Topic</th><th>State</th><th>Partitions</th><th>Behind</th><th>Delay</th><th>Trouble</th></tr>\n";
    for (const HomeTable& table : tables) {
      int64_t lag = 0;
      bool known = true;
      for (const table::PartitionStatus& partition : table.status.partitions) {
        known = known && partition.lag.has_value();
        lag += partition.lag.value_or(0);
      }
      const std::string path = "/tables/" + UrlText(table.name);
      const char* state = !table.error.empty() ? "unknown" : table.status.paused ? "paused" : table.status.healthy ? "consuming" : "in trouble";
      out += "<tr>" + Cell("<a href=\"" + path + "\">" + HtmlText(table.name) + "</a>") + Cell(HtmlText(table.status.topic)) + Cell(state) +
             Cell(std::to_string(table.status.partitions.size())) + Cell(known ? std::to_string(lag) + " records" : "not known") +
             Cell("<a href=\"" + path + "/consumingSegmentsInfo\">" + DelayText(table.status) + "</a>") +
             Cell(HtmlText(table.error.empty() ? table.status.error : table.error)) + "</tr>\n";
    }
    out += "</table>\n";
  }
  out += "<h2>Endpoints</h2>\n<table>\n";
  std::vector<const Route*> sorted;
  for (const Route& route : routes) sorted.push_back(&route);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Route* a, const Route* b) { return a->pattern < b->pattern; });
  for (const Route* route : sorted) out += "<tr>" + Cell(HtmlText(route->method)) + Cell("<code>" + HtmlText(route->pattern) + "</code>") + "</tr>\n";
  out += "</table>\n</body></html>\n";
  HttpResponse response{200, "text/html; charset=utf-8", std::move(out)};
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace lotic::server
