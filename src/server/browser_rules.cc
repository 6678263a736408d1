// SPDX-License-Identifier: Apache-2.0
#include "server/browser_rules.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace lotic::server {
namespace {

Status Refused(int http_status, std::string message) {
  return Status(StatusCode::kInvalid, std::move(message), std::make_shared<HttpStatusDetail>(http_status));
}

/// "localhost:9000" → "localhost", "[::1]:9000" → "[::1]". False: not of that form.
bool SplitHost(std::string_view text, std::string_view* host) {
  size_t end = text.find(':');
  if (!text.empty() && text[0] == '[') {
    end = text.find(']');
    if (end == std::string_view::npos) return false;
    ++end;
  }
  *host = text.substr(0, end);
  if (end == std::string_view::npos || end == text.size()) return !host->empty();
  const std::string_view port = text.substr(end + 1);
  return text[end] == ':' && !host->empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
}

/// "127.1.2.3": four decimal numbers up to 255, the first of them 127.
bool IsDottedLoopback(std::string_view host) {
  if (host.substr(0, 4) != "127.") return false;
  int parts = 0;
  while (!host.empty()) {
    const size_t dot = host.find('.');
    const std::string_view part = host.substr(0, dot);
    if (part.empty() || part.size() > 3 || !std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
    int value = 0;
    for (const char c : part) value = value * 10 + (c - '0');
    if (value > 255 || (part.size() > 1 && part[0] == '0')) return false;
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    host.remove_prefix(dot + 1);
  }
  return false;
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (EqualsIgnoringCase(host, "localhost") || host == "[::1]" || host == "::1") return true;
  constexpr std::string_view kSuffix = ".localhost";
  if (host.size() > kSuffix.size() && EqualsIgnoringCase(host.substr(host.size() - kSuffix.size()), kSuffix)) return true;
  return IsDottedLoopback(host);
}

Status CheckBrowserRules(const HttpRequest& request, Access access) {
  const auto hosts = std::count_if(request.headers.begin(), request.headers.end(), [](const NamedText& header) { return header.first == "host"; });
  if (hosts != 1) return Refused(400, hosts == 0 ? "the request has no Host header" : "the request has more than one Host header");
  std::string_view host;
  if (!SplitHost(request.Header("host"), &host)) return Refused(400, "the Host header is not a host and a port");
  if (!IsLoopbackHost(host)) return Refused(421, "this server answers to loopback names only (localhost, 127.0.0.1, [::1]), not to " + std::string(host));
  if (access == Access::kOpen) return Status::OK();

  const std::string_view site = request.Header("sec-fetch-site");
  if (site == "same-origin" || site == "none") return Status::OK();
  if (!site.empty()) {
    const bool navigates = request.Header("sec-fetch-mode") == "navigate" && (request.method == "GET" || request.method == "HEAD");
    if (access == Access::kRead && navigates) return Status::OK();
    return Refused(403, "a page of another origin may not ask this server (Sec-Fetch-Site: " + std::string(site.substr(0, 40)) + ")");
  }
  const std::string_view origin = request.Header("origin");
  if (origin.empty()) return Status::OK();  // no browser
  const bool same = origin == "http://" + std::string(request.Header("host"));
  if (!same) return Refused(403, "a page of another origin may not ask this server (Origin: " + std::string(origin.substr(0, 100)) + ")");
  return Status::OK();
}

}  // namespace lotic::server
