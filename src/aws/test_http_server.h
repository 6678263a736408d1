// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "aws/http_client.h"
#include "net/stream.h"

namespace lotic::aws {

struct TestHttpRequest {
  std::string method;
  std::string target;
  std::vector<HttpHeader> headers;
  std::string body;
  int connection = 0;  ///< which one it came by, from 1

  std::string Header(std::string_view name) const { return std::string(FindHeader(headers, name).value_or("")); }
};

struct TestHttpAnswer {
  int status = 200;
  std::vector<HttpHeader> headers;
  std::string body;
  std::string raw;     ///< sent instead of all that, byte for byte, and the connection closed
  bool hang = false;   ///< sends `raw` and then nothing, until the server ends
  bool close = false;  ///< closes the connection after the answer, without saying so before
};

/// A server on loopback whose answers a test decides. A connection a thread; the handler is called by several at once.
class TestHttpServer {
 public:
  using Handler = std::function<TestHttpAnswer(const TestHttpRequest&)>;
  explicit TestHttpServer(Handler handler, std::shared_ptr<const net::TlsContext> tls = nullptr);
  ~TestHttpServer();

  /// "http://127.0.0.1:port", or https.
  std::string url() const;
  std::vector<TestHttpRequest> requests() const;
  /// Returns when a request has arrived whose answer hangs.
  void WaitUntilHanging();

 private:
  void Serve(std::stop_token stop, std::unique_ptr<net::Stream> stream, int number);

  const Handler handler_;
  const bool is_tls_;
  const std::unique_ptr<net::Listener> listener_;
  std::atomic<bool> hanging_{false};
  mutable std::mutex mutex_;  // guards what follows
  std::vector<TestHttpRequest> requests_;
  std::vector<std::jthread> connections_;
  std::jthread acceptor_;  // last: ends before the rest goes
};

}  // namespace lotic::aws
