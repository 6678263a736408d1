// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "aws/environment.h"
#include "aws/http_client.h"
#include "aws/retry.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::aws {

/// What the user says about a connection to AWS; what is not said comes from the environment.
struct SessionOptions {
  std::string region;  ///< "": ResolveRegion
  CredentialsOptions credentials;
  HttpClientOptions http;  ///< proxy and ca_file left empty are filled from the environment (AWS_CA_BUNDLE)
};

/// What the clients of one connection share: region, credentials, HTTP connections, the environment's endpoints, time. Immutable;
/// copied freely, copies share. Any thread.
struct Session {
  Environment environment;
  std::string region;  ///< may be "": a client then asks for one, unless its endpoint needs none
  std::shared_ptr<const CredentialsProvider> credentials;
  std::shared_ptr<HttpClient> http;
  const Clock* clock = &Clock::System();                  ///< borrowed: outlives the clients
  const RetryClock* retry_clock = &RetryClock::System();  ///< borrowed: outlives the clients

  /// Errors: those of ResolveRegion, ResolveCredentials and HttpClient::Create.
  static Result<Session> Open(const SessionOptions& options, const Environment& environment);
};

/// Where requests of a service go.
struct ServiceEndpoint {
  std::string scheme;       ///< "https" or "http"
  std::string host;         ///< without port
  uint16_t port = 0;        ///< 0: the scheme's own
  std::string path;         ///< "" or "/base", without a slash at its end
  bool overridden = false;  ///< not the regional one of AWS

  std::string HostHeader() const;  ///< "host" or "host:port"
  std::string Url() const;         ///< "https://host:port/base"
  bool is_address() const;         ///< the host is an IPv4 or IPv6 address
  bool is_loopback() const;        ///< localhost or a loopback address

  /// Reads "http://host:port/base" ("https://" may be left out in front of a name with a dot). Errors: Invalid, naming the text
  /// without user information; user information, query and fragment are refused.
  static Result<ServiceEndpoint> Parse(std::string_view text);
};

/// What finding an endpoint needs to know of a service.
struct ServiceName {
  std::string variable;     ///< "KINESIS": AWS_ENDPOINT_URL_KINESIS
  std::string host_prefix;  ///< "kinesis", "query.timestream"
};

/// The endpoint of a service: `given` (a user's option) if not empty, else AWS_ENDPOINT_URL_<variable>, else AWS_ENDPOINT_URL (both
/// ignored where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true), else the regional host https://<prefix>.<region>.<suffix>.
/// Errors: Invalid (a broken URL, with the name of the variable; no region and no endpoint).
Result<ServiceEndpoint> FindEndpoint(const ServiceName& service, const std::string& given, const Session& session);

/// The region to sign for: the session's; without one that which the host names (kinesis.eu-west-1.amazonaws.com), else us-east-1,
/// which stand-ins take.
std::string SigningRegion(const ServiceEndpoint& endpoint, const Session& session);

/// The host suffix of a region's partition: "amazonaws.com", "amazonaws.com.cn", ...
std::string_view PartitionSuffix(std::string_view region);

}  // namespace lotic::aws
