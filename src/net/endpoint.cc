// SPDX-License-Identifier: Apache-2.0
#include "net/endpoint.h"

#include <charconv>

namespace lotic::net {
namespace {

constexpr size_t kMaxHostBytes = 255;

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string Endpoint::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> Endpoint::Parse(std::string_view text, uint16_t default_port) {
  const auto bad = [text](std::string_view why) { return Status::Invalid("\"", text.substr(0, 300), "\" is not host:port: ", why); };
  std::string_view rest = Trim(text);
  if (const size_t scheme = rest.find("://"); scheme != std::string_view::npos) rest.remove_prefix(scheme + 3);
  std::string_view host = rest, port;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) return bad("the bracket is not closed");
    host = rest.substr(1, close - 1);
    const std::string_view after = rest.substr(close + 1);
    if (!after.empty() && after.front() != ':') return bad("a port follows the bracket as \":9092\"");
    has_port = !after.empty();
    if (has_port) port = after.substr(1);
  } else if (const size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    if (host.find(':') != std::string_view::npos) return bad("an IPv6 address stands in brackets, as in [::1]:9092");
    port = rest.substr(colon + 1);
    has_port = true;
  }
  if (host.empty()) return bad("the host is missing");
  if (host.size() > kMaxHostBytes) return bad("the host is longer than 255 bytes");
  for (const char c : host) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '@' || c == ',') return bad("the host has characters no name has");
  }
  if (!has_port) {
    if (default_port == 0) return bad("the port is missing");
    return Endpoint{std::string(host), default_port};
  }
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc() || end != port.data() + port.size() || value > 65535) {
    return bad("the port must be a number from 0 to 65535");
  }
  return Endpoint{std::string(host), static_cast<uint16_t>(value)};
}

Result<std::vector<Endpoint>> Endpoint::ParseList(std::string_view text, uint16_t default_port) {
  std::vector<Endpoint> endpoints;
  size_t at = 0;
  while (at <= text.size()) {
    size_t comma = text.find(',', at);
    if (comma == std::string_view::npos) comma = text.size();
    const std::string_view entry = Trim(text.substr(at, comma - at));
    at = comma + 1;
    if (entry.empty()) continue;
    if (endpoints.size() == kMaxEndpoints) {
      return Status::CapacityError("more than ", kMaxEndpoints, " hosts in one list");
    }
    LOTIC_ASSIGN_OR_RETURN(Endpoint endpoint, Parse(entry, default_port));
    endpoints.push_back(std::move(endpoint));
  }
  if (endpoints.empty()) return Status::Invalid("a list of host:port was expected, and it is empty");
  return endpoints;
}

}  // namespace lotic::net
