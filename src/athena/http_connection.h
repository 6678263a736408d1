// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "athena/http_parser.h"
#include "lotic/call_context.h"
#include "net/stream.h"

namespace lotic::athena {

/// How long each part of a message may take; zero: no limit but the context's.
struct HttpTimes {
  std::chrono::milliseconds first_byte{0};  ///< from the call to the first byte
  std::chrono::milliseconds head{0};        ///< from there to the end of the headers
  std::chrono::milliseconds body{0};        ///< from there to the end of the message
};

/// One side of a kept HTTP/1.1 connection. One thread at a time; stream().Abort() from any.
class HttpConnection {
 public:
  /// @param reads  what comes in: requests on a server's side, responses on a client's.
  HttpConnection(std::unique_ptr<net::Stream> stream, HttpParser::Kind reads, const HttpLimits& limits);

  /// The next message; none when the peer has closed the connection between two messages. A peer that waits for "100 Continue" gets it,
  /// unless its body is over the limit. Errors: those of HttpParser::Feed (a body over the limit too, where the peer asked first);
  /// DeadlineExceeded (a part took too long; with HttpFault 408 once a message had begun); IOError; Cancelled; DeadlineExceeded (ctx).
  Result<std::optional<HttpMessage>> Read(const CallContext& ctx, const HttpTimes& times);
  /// `head` with its empty line, then `body`; one packet where they are small.
  Status Write(const CallContext& ctx, std::string_view head, std::string_view body);

  /// Ends the connection after a last answer: the peer is told that no more comes, and for a short time what it still sends is dropped.
  /// Closing at once with bytes unread could take the answer away from it.
  void Finish(const CallContext& ctx);

  const net::Stream& stream() const { return *stream_; }

 private:
  static constexpr size_t kReadBytes = size_t{64} << 10;
  const std::unique_ptr<net::Stream> stream_;
  const HttpLimits limits_;
  HttpParser parser_;
  std::vector<uint8_t> buffer_;  // read ahead: bytes from begin_ to end_
  size_t begin_ = 0;
  size_t end_ = 0;
  bool peer_closed_ = false;
};

}  // namespace lotic::athena
