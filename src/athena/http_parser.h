// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lotic/status.h"

// HTTP/1.1 messages as Lambda's runtime interface and its callers send them, taken apart as bytes arrive. No socket.
// Follows: RFC 9112, strictly: lines end in CR LF, no folded headers, one length only.

namespace lotic::athena {

struct HttpLimits {
  size_t max_head_bytes = size_t{16} << 10;  ///< start line and headers; also of trailers
  size_t max_headers = 100;
  size_t max_body_bytes = 0;     ///< what is kept; a longer body is read to its end and dropped: HttpMessage::body_dropped()
  size_t max_dropped_bytes = 0;  ///< longer still: an error
};

/// Attached to the errors of HttpParser: the status that answers a request with this fault.
struct HttpFault final : StatusDetail {
  explicit HttpFault(int status) : http_status(status) {}
  const char* type_id() const override { return "lotic::athena::HttpFault"; }
  std::string ToString() const override { return "HTTP status " + std::to_string(http_status); }
  const int http_status;  ///< 400, 408, 413, 417, 431, 501 or 505
};
/// The status of an HttpFault, else `otherwise`.
int HttpStatusOf(const Status& status, int otherwise);

struct HttpMessage {
  std::string method, target;                                ///< of a request; the target is a path, with its query
  int status = 0;                                            ///< of a response
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, values without blanks around them
  std::string body;
  size_t body_bytes = 0;    ///< as it was sent
  bool keep_alive = false;  ///< the sender will use the connection again
  bool expects_continue = false;

  /// The value of the first header with this name (lower case); empty if there is none.
  std::string_view Header(std::string_view name) const;
  bool body_dropped() const { return body_bytes > body.size(); }
};

/// One message after the other out of a stream of bytes. One thread at a time. Memory: the limits.
class HttpParser {
 public:
  enum class Kind { kRequest, kResponse };
  HttpParser(Kind kind, const HttpLimits& limits) : kind_(kind), limits_(limits) {}

  /// Takes bytes up to the end of the message. Informational responses (1xx) are passed over.
  /// @return how many were taken; fewer than given only when complete() has become true.
  /// Errors: Invalid, CapacityError or NotImplemented, each with an HttpFault; the parser is of no use afterwards.
  Result<size_t> Feed(std::string_view bytes);
  /// The stream has ended: completes a response that has no length. Errors: Invalid (in the middle of a message).
  Status End();

  bool started() const { return state_ != State::kHead || !head_.empty(); }  ///< a byte of the message has come
  bool head_complete() const { return state_ != State::kHead; }
  bool complete() const { return state_ == State::kComplete; }
  /// The message so far: what its head says, once head_complete().
  const HttpMessage& message() const { return message_; }
  /// Bytes of the body announced by Content-Length; 0 if it has none.
  size_t announced_bytes() const { return announced_; }
  /// The complete message; the parser is ready for the next.
  HttpMessage Take();

 private:
  enum class State { kHead, kFixed, kChunkSize, kChunk, kChunkEnd, kTrailers, kUntilEnd, kComplete };
  Result<size_t> FeedHead(std::string_view bytes);
  Result<size_t> FeedLine(std::string_view bytes);
  Status ParseHead();
  Status ParseStartLine(std::string_view line);
  Status ParseHeader(std::string_view line);
  Status ChooseBody();
  Status TakeLine();
  Status AppendBody(std::string_view bytes);

  const Kind kind_;
  const HttpLimits limits_;
  State state_ = State::kHead;
  std::string head_;  // start line and headers, or the line of a chunked body, until it is whole
  bool start_line_taken_ = false;
  size_t trailer_bytes_ = 0;
  size_t informational_ = 0;
  size_t announced_ = 0;
  size_t left_ = 0;  // of the fixed body or chunk
  int minor_version_ = 1;
  HttpMessage message_;
};

}  // namespace lotic::athena
