// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/environment.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::aws {

struct HttpHeader {
  std::string name;  ///< any case; compared without it
  std::string value;
};

/// The value of the first header of that name (any case), or nothing. Borrowed from `headers`.
std::optional<std::string_view> FindHeader(std::span<const HttpHeader> headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< http or https; path and query already percent-encoded, sent byte for byte
  std::vector<HttpHeader> headers;
  std::span<const uint8_t> body;  ///< borrowed for the call; sent with Content-Length where there is a body, or with PUT or POST

  int64_t max_response_bytes = int64_t{64} << 20;  ///< a longer body is a CapacityError
  bool follow_redirects = false;                   ///< at most kMaxRedirects; never with a body, never from https to http
  bool fresh_connection = false;                   ///< opens its own, so that the request is certainly sent once at most
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;  ///< of the last answer, in their order; names as sent
  std::string body;                 ///< capacity() is at least size() + kBodyPadding, for parsers that read ahead

  std::optional<std::string_view> Header(std::string_view name) const { return FindHeader(headers, name); }
};

inline constexpr size_t kBodyPadding = 64;                    ///< bytes of capacity behind every body
inline constexpr int kMaxRedirects = 3;                       ///< more is an IOError
inline constexpr size_t kMaxHeaderBytes = size_t{128} << 10;  ///< all headers of an answer; more is a CapacityError
inline constexpr size_t kMaxIdleSessions = 16;                ///< kept for reuse; of more, the one given back last is closed

/// Attached to the IOError of a call that brought no complete answer.
struct TransportError final : StatusDetail {
  TransportError(bool sent, bool retry) : may_have_been_sent(sent), retryable(retry) {}
  const char* type_id() const override { return "lotic::aws::TransportError"; }
  std::string ToString() const override;
  const bool may_have_been_sent;  ///< false: not a byte of the request left, so the service cannot have acted on it
  const bool retryable;           ///< false: trying again gives the same (bad certificate, bad URL)

  static const TransportError* From(const Status& status);
};

/// Proxies as the usual variables name them: https_proxy or HTTPS_PROXY, http_proxy (only lower case, as everywhere: the other
/// can be set by a CGI caller), all_proxy or ALL_PROXY, no_proxy or NO_PROXY. Loopback is never asked through a proxy.
struct ProxySettings {
  std::string http;
  std::string https;
  std::string exceptions;

  static ProxySettings FromEnvironment(const Environment& environment);
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};  ///< look-up, connection and TLS together; > 0
  std::chrono::milliseconds silence_timeout{60'000};  ///< longest time without a byte either way; > 0
  ProxySettings proxy;
  std::string ca_file;      ///< PEM; "": the system's authorities (AWS_CA_BUNDLE)
  bool verify_peer = true;  ///< false: any certificate will do, for tests only
  std::string user_agent = "lotic";

  /// Errors: Invalid, naming the field.
  Status Validate() const;
};

/// HTTP/1.1 requests on libcurl. Connections are kept and reused. Any thread; calls in different threads run side by side, each
/// on a connection of its own. A connection that the server has closed meanwhile is replaced unseen, if it had answered nothing:
/// a request can then, rarely, arrive twice; `fresh_connection` excludes that.
class HttpClient {
 public:
  static Result<std::shared_ptr<HttpClient>> Create(HttpClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends and waits for the whole answer, whatever its status. Errors: Invalid (the URL, a header with a line break), IOError
  /// with TransportError (no such host, refused, cut, silent, TLS), CapacityError (the answer is too long), Cancelled (within
  /// 200 ms of a stop), DeadlineExceeded (ctx.deadline). Messages name method and URL without query and credentials.
  Result<HttpResponse> Send(const CallContext& ctx, const HttpRequest& request);

  /// Connections opened so far, for tests of reuse.
  int64_t connections_opened() const;

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::aws
