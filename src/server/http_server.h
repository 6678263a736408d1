// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lotic/status.h"
#include "server/router.h"

namespace lotic::server {

// Limits of one server. Each is the place where more is refused, with the HTTP status named.
inline constexpr size_t kMaxHeadBytes = size_t{16} << 10;  ///< request line and headers: 431
inline constexpr size_t kMaxBodyBytes = size_t{1} << 20;   ///< 413
inline constexpr size_t kMaxConnections = 1024;            ///< the next one is closed after a 503
inline constexpr size_t kMaxConnectionsOfAddress = 128;    ///< of one IP address: the same
inline constexpr std::chrono::seconds kIdleTime{60};       ///< between requests of a connection: closed
inline constexpr std::chrono::seconds kReadTime{10};       ///< for a request to arrive once begun: 408
inline constexpr std::chrono::seconds kWriteTime{60};      ///< without a byte taken by the client: closed
inline constexpr size_t kMaxUnsentBytes =
    size_t{512}
    << 20;  ///< of answers that clients have yet to take, all together: 503 for the next one above kSmallAnswerBytes, and for a query before it is run once there is no room for that either
inline constexpr size_t kSmallAnswerBytes = size_t{64} << 10;  ///< an answer that is given all the same
inline constexpr size_t kMaxQueuedRequests = 64;               ///< waiting for a worker, per lane: 429 with Retry-After
inline constexpr size_t kControlWorkers = 4;
inline constexpr std::chrono::minutes kMaxHandlingTime{10};    ///< deadline of a handler's context
inline constexpr std::chrono::milliseconds kDrainTime{2'000};  ///< Stop(): for requests being handled, before they are cancelled

struct HttpServerOptions {
  std::string host = "127.0.0.1";                     ///< a loopback address; any other is refused
  std::vector<uint16_t> ports;                        ///< one listener each, same routes; 0: any free one
  size_t query_workers = 0;                           ///< queries at once; 0: twice the cores
  std::chrono::milliseconds write_time = kWriteTime;  ///< at most kWriteTime
  size_t max_unsent_bytes = kMaxUnsentBytes;          ///< at most kMaxUnsentBytes
  /// A sentence for the log: what failed without a client to tell it to. Any thread.
  std::function<void(const std::string&)> log;
};

/// HTTP/1.1 with keep-alive, on loopback only, since nothing here asks who the caller is. Reads requests on threads of its own, handles them on the workers of their lane; a client that
/// goes away cancels its request. One thread at a time for Serve and Stop.
class HttpServer {
 public:
  /// Takes the ports; connections wait until Serve().
  /// Errors: Invalid (not a loopback address), IOError (the address is taken, with port and system's words).
  static Result<std::unique_ptr<HttpServer>> Listen(HttpServerOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Begins to answer: every request with 503, until Begin. Once.
  void Serve();
  /// From now on requests are handled. `router` is filled, and outlives the server. Once.
  void Begin(const Router* router);

  /// The ports that are listened on, in the order of the options.
  const std::vector<uint16_t>& ports() const;
  /// "http://127.0.0.1:9000", of a listener.
  std::string url(size_t listener) const;
  /// Takes no more requests, waits kDrainTime for those being handled, cancels the rest and waits for them. Once; the destructor does it otherwise.
  void Stop();

  struct Counters {
    int64_t connections = 0;  ///< accepted so far
    int64_t requests = 0;     ///< answered so far
    int64_t refused = 0;      ///< of them for want of room (429, 503)
  };
  /// Any thread.
  Counters counters() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::server
