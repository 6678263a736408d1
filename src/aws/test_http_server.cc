// SPDX-License-Identifier: Apache-2.0
#include "aws/test_http_server.h"

#include <cstdlib>
#include <utility>

#include "aws/ascii.h"

namespace lotic::aws {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

// Reads until `buffer` satisfies `enough`; false when the peer has gone or the server stops.
bool ReadUntil(const CallContext& ctx, net::Stream& stream, std::string& buffer, const std::function<bool()>& enough) {
  while (!enough()) {
    uint8_t chunk[65536];
    Result<net::Transfer> got = stream.ReadSome(chunk);
    if (!got.ok() || got->end()) return false;
    if (got->has_bytes()) {
      buffer.append(reinterpret_cast<const char*>(chunk), got->bytes);
      continue;
    }
    net::PollItem item = stream.PollFor(true, false);
    if (!net::Wait(ctx, {&item, 1}, nullptr, std::chrono::milliseconds(-1)).ok()) return false;
  }
  return true;
}

}  // namespace

TestHttpServer::TestHttpServer(Handler handler, std::shared_ptr<const net::TlsContext> tls)
    : handler_(std::move(handler)), is_tls_(tls != nullptr), listener_(net::Listener::Listen({"127.0.0.1", 0}, tls).ValueOrDie()) {
  acceptor_ = std::jthread([this](std::stop_token stop) {
    CallContext ctx;
    ctx.stop = stop;
    for (int number = 1;; ++number) {
      Result<std::unique_ptr<net::Stream>> stream = listener_->Accept(ctx);
      if (!stream.ok()) return;
      const std::lock_guard lock(mutex_);
      connections_.emplace_back([this, number, taken = std::make_shared<std::unique_ptr<net::Stream>>(std::move(*stream))](std::stop_token stop_connection) {
        Serve(stop_connection, std::move(*taken), number);
      });
    }
  });
}

TestHttpServer::~TestHttpServer() {
  acceptor_.request_stop();
  acceptor_.join();
  for (std::jthread& connection : connections_) connection.request_stop();
  connections_.clear();
}

std::string TestHttpServer::url() const { return (is_tls_ ? "https://" : "http://") + listener_->endpoint().ToString(); }

std::vector<TestHttpRequest> TestHttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void TestHttpServer::WaitUntilHanging() { hanging_.wait(false); }

void TestHttpServer::Serve(std::stop_token stop, std::unique_ptr<net::Stream> stream, int number) {
  CallContext ctx;
  ctx.stop = stop;
  std::string buffer;
  for (;;) {
    size_t head_end = std::string::npos;
    if (!ReadUntil(ctx, *stream, buffer, [&] { return (head_end = buffer.find("\r\n\r\n")) != std::string::npos; })) return;
    TestHttpRequest request;
    request.connection = number;
    const size_t line_end = buffer.find("\r\n");
    const std::string line = buffer.substr(0, line_end);
    request.method = line.substr(0, line.find(' '));
    request.target = line.substr(request.method.size() + 1, line.rfind(' ') - request.method.size() - 1);
    for (size_t at = line_end + 2; at < head_end;) {
      const size_t end = buffer.find("\r\n", at);
      const size_t colon = buffer.find(':', at);
      size_t value = colon + 1;
      while (value < end && buffer[value] == ' ') ++value;
      request.headers.push_back({buffer.substr(at, colon - at), buffer.substr(value, end - value)});
      at = end + 2;
    }
    const std::string length_text = request.Header("Content-Length");
    const size_t length = length_text.empty() ? 0 : std::strtoull(length_text.c_str(), nullptr, 10);
    buffer.erase(0, head_end + 4);
    if (!ReadUntil(ctx, *stream, buffer, [&] { return buffer.size() >= length; })) return;
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const TestHttpAnswer answer = handler_(request);
    if (!answer.raw.empty() || answer.hang) {
      if (!answer.raw.empty() && !stream->WriteAll(ctx, Bytes(answer.raw)).ok()) return;
      if (!answer.hang) return;
      hanging_ = true;
      hanging_.notify_all();
      std::string ignored;  // until the client goes or the server ends
      ReadUntil(ctx, *stream, ignored, [] { return false; });
      return;
    }
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Test\r\n";
    for (const HttpHeader& header : answer.headers) text += header.name + ": " + header.value + "\r\n";
    if (answer.status != 204) text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    text += "\r\n";
    if (request.method != "HEAD") text += answer.body;
    if (!stream->WriteAll(ctx, Bytes(text)).ok() || answer.close) return;
  }
}

}  // namespace lotic::aws
