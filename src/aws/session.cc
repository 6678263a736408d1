// SPDX-License-Identifier: Apache-2.0
#include "aws/session.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/ascii.h"

namespace lotic::aws {
namespace {

bool IsIPv4(const std::string& host) {
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}
bool IsIPv6(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() <= 253 &&
         std::all_of(host.begin(), host.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; });
}

bool IsTrue(std::string_view text) { return AsciiLower(text) == "true"; }

}  // namespace

Result<Session> Session::Open(const SessionOptions& options, const Environment& environment) {
  Session session;
  session.environment = environment;
  if (options.region.empty()) {
    LOTIC_ASSIGN_OR_RETURN(session.region, ResolveRegion(options.credentials, environment));
  } else {
    LOTIC_RETURN_NOT_OK(ValidateRegion(options.region));
    session.region = options.region;
  }
  LOTIC_ASSIGN_OR_RETURN(session.credentials, ResolveCredentials(options.credentials, environment));
  HttpClientOptions http = options.http;
  if (http.proxy.http.empty() && http.proxy.https.empty() && http.proxy.exceptions.empty()) {
    http.proxy = ProxySettings::FromEnvironment(environment);
  }
  if (http.ca_file.empty()) http.ca_file = Lookup(environment, "AWS_CA_BUNDLE");
  LOTIC_ASSIGN_OR_RETURN(session.http, HttpClient::Create(std::move(http)));
  return session;
}

std::string ServiceEndpoint::HostHeader() const {
  const std::string shown = IsIPv6(host) ? "[" + host + "]" : host;
  return port == 0 ? shown : shown + ":" + std::to_string(port);
}

std::string ServiceEndpoint::Url() const { return scheme + "://" + HostHeader() + path; }

bool ServiceEndpoint::is_address() const { return IsIPv4(host) || IsIPv6(host); }

bool ServiceEndpoint::is_loopback() const { return host == "localhost" || host == "::1" || (IsIPv4(host) && host.starts_with("127.")); }

Result<ServiceEndpoint> ServiceEndpoint::Parse(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    // What stands before an '@' may be a password, what stands behind a '?' a token.
    std::string_view shown = text.substr(0, std::min(text.find_first_of("?#"), text.size()));
    if (const size_t at = shown.rfind('@'); at != std::string_view::npos) shown.remove_prefix(at);
    return Status::Invalid("'", shown, "' is not an endpoint: ", why, "; one looks like http://127.0.0.1:4566");
  };
  ServiceEndpoint endpoint;
  endpoint.overridden = true;
  endpoint.scheme = "https";
  std::string_view rest = text;
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    endpoint.scheme = AsciiLower(text.substr(0, scheme));
    rest = text.substr(scheme + 3);
    if (endpoint.scheme != "http" && endpoint.scheme != "https") return refuse("its scheme is neither http nor https");
  } else if (text.find('.') == std::string_view::npos) {
    return refuse("it does not begin with http:// or https://");
  }
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c == 0x7F; })) return refuse("it holds a blank");
  if (rest.find('@') != std::string_view::npos) return refuse("it holds a user or a password");
  if (rest.find_first_of("?#") != std::string_view::npos) return refuse("it holds a query or a fragment");
  const size_t slash = std::min(rest.find('/'), rest.size());
  endpoint.path = std::string(rest.substr(slash));
  while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  std::string_view authority = rest.substr(0, slash);
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return refuse("its address has no closing ']'");
    endpoint.host = AsciiLower(authority.substr(1, close - 1));
    if (!IsIPv6(endpoint.host)) return refuse("what stands in [] is not an IPv6 address");
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority[0] != ':') return refuse("text behind its address");
    port = authority.empty() ? authority : authority.substr(1);
    if (!authority.empty() && port.empty()) return refuse("its port is empty");
  } else {
    const size_t colon = std::min(authority.find(':'), authority.size());
    endpoint.host = AsciiLower(authority.substr(0, colon));
    if (!IsHostName(endpoint.host)) return refuse("it names no host");
    if (colon < authority.size()) {
      port = authority.substr(colon + 1);
      if (port.empty()) return refuse("its port is empty");
    }
  }
  if (!port.empty()) {
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (failed != std::errc() || end != port.data() + port.size() || endpoint.port == 0) return refuse("its port is not 1 to 65535");
    // The scheme's own port stands in no Host header.
    if (endpoint.port == (endpoint.scheme == "https" ? 443 : 80)) endpoint.port = 0;
  }
  return endpoint;
}

std::string_view PartitionSuffix(std::string_view region) {
  // Of the partitions that AWS publishes (partitions.json of its SDKs).
  struct Partition {
    std::string_view prefix, suffix;
  };
  constexpr Partition kPartitions[] = {{"cn-", "amazonaws.com.cn"},    {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"},
                                       {"us-isof-", "csp.hci.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"}, {"eusc-", "amazonaws.eu"}};
  for (const Partition& partition : kPartitions) {
    if (region.starts_with(partition.prefix)) return partition.suffix;
  }
  return "amazonaws.com";
}

Result<ServiceEndpoint> FindEndpoint(const ServiceName& service, const std::string& given, const Session& session) {
  if (!given.empty()) return ServiceEndpoint::Parse(given);
  if (!IsTrue(Lookup(session.environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) {
    for (const std::string& variable : {"AWS_ENDPOINT_URL_" + service.variable, std::string("AWS_ENDPOINT_URL")}) {
      const std::string_view url = Lookup(session.environment, variable);
      if (url.empty()) continue;
      Result<ServiceEndpoint> endpoint = ServiceEndpoint::Parse(url);
      if (!endpoint.ok()) return endpoint.status().WithMessage(variable, ": ", endpoint.status().message());
      return endpoint;
    }
  }
  if (session.region.empty()) {
    return Status::Invalid("no AWS region for ", service.host_prefix, ": set AWS_REGION, give a region, or an endpoint (AWS_ENDPOINT_URL_", service.variable,
                           ")");
  }
  LOTIC_RETURN_NOT_OK(ValidateRegion(session.region));
  ServiceEndpoint endpoint;
  endpoint.scheme = "https";
  endpoint.host = service.host_prefix + "." + session.region + "." + std::string(PartitionSuffix(session.region));
  return endpoint;
}

std::string SigningRegion(const ServiceEndpoint& endpoint, const Session& session) {
  if (!session.region.empty()) return session.region;
  // "kinesis.eu-west-1.amazonaws.com" names its region just before the suffix.
  const size_t suffix = endpoint.host.find(".amazonaws.");
  if (suffix != std::string::npos && suffix > 0) {
    const size_t dot = endpoint.host.rfind('.', suffix - 1);
    if (dot != std::string::npos) return endpoint.host.substr(dot + 1, suffix - dot - 1);
  }
  return "us-east-1";
}

}  // namespace lotic::aws
