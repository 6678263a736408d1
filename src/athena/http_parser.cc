// SPDX-License-Identifier: Apache-2.0
#include "athena/http_parser.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>

namespace lotic::athena {
namespace {

constexpr size_t kMaxChunkLineBytes = 256;  // a size and perhaps an extension, which is ignored
constexpr size_t kMaxInformational = 8;     // 1xx responses before the final one
constexpr size_t kMaxShownBytes = 60;       // of a faulty line, in messages

template <typename... Args>
Status Fault(int http_status, Args&&... args) {
  const auto detail = std::make_shared<HttpFault>(http_status);
  if (http_status == 413 || http_status == 431) return Status::CapacityError(std::forward<Args>(args)...).WithDetail(detail);
  if (http_status == 501 || http_status == 505) return Status::NotImplemented(std::forward<Args>(args)...).WithDetail(detail);
  return Status::Invalid(std::forward<Args>(args)...).WithDetail(detail);
}

// A faulty text as a message may show it: short, and without control characters.
std::string Shown(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kMaxShownBytes)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out + (text.size() > kMaxShownBytes ? "...\"" : "\"");
}

bool IsTokenChar(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
}
bool IsToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar); }

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::string_view Trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Digits and nothing else.
bool ParseNumber(std::string_view text, int base, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number, base);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

// Whether a comma-separated list, such as Connection's, names `word` (lower case).
bool Lists(std::string_view list, std::string_view word) {
  for (;;) {
    const size_t comma = list.find(',');
    if (Lower(Trim(list.substr(0, comma))) == word) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

int HttpStatusOf(const Status& status, int otherwise) {
  const auto* fault = dynamic_cast<const HttpFault*>(status.detail().get());
  return fault != nullptr ? fault->http_status : otherwise;
}

std::string_view HttpMessage::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Result<size_t> HttpParser::Feed(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && state_ != State::kComplete) {
    const std::string_view rest = bytes.substr(taken);
    switch (state_) {
      case State::kHead: {
        LOTIC_ASSIGN_OR_RETURN(const size_t head, FeedHead(rest));
        taken += head;
        break;
      }
      case State::kChunkSize:
      case State::kChunkEnd:
      case State::kTrailers: {
        LOTIC_ASSIGN_OR_RETURN(const size_t line, FeedLine(rest));
        taken += line;
        break;
      }
      case State::kFixed:
      case State::kChunk: {
        const size_t part = std::min(left_, rest.size());
        LOTIC_RETURN_NOT_OK(AppendBody(rest.substr(0, part)));
        left_ -= part;
        taken += part;
        if (left_ == 0) state_ = state_ == State::kFixed ? State::kComplete : State::kChunkEnd;
        break;
      }
      case State::kUntilEnd:
        LOTIC_RETURN_NOT_OK(AppendBody(rest));
        taken += rest.size();
        break;
      case State::kComplete: break;
    }
  }
  return taken;
}

Status HttpParser::End() {
  if (state_ == State::kUntilEnd) state_ = State::kComplete;
  if (state_ == State::kComplete || !started()) return Status::OK();
  if (state_ == State::kHead) return Fault(400, "the connection ended in the middle of the headers, after ", head_.size(), " bytes");
  return Fault(400, "the connection ended in the middle of the body, after ", message_.body_bytes, " bytes");
}

HttpMessage HttpParser::Take() {
  LOTIC_CHECK(complete());
  state_ = State::kHead;
  head_.clear();
  trailer_bytes_ = informational_ = announced_ = left_ = 0;
  return std::exchange(message_, HttpMessage{});
}

Result<size_t> HttpParser::FeedHead(std::string_view bytes) {
  // Byte by byte, so that what is no HTTP is refused at once and not when a time limit ends the wait for its CR LF CR LF.
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    const char before = head_.empty() ? '\0' : head_.back();
    if (head_.empty() && (c == '\r' || c == '\n') && kind_ == Kind::kRequest && !IsTokenChar(c) && trailer_bytes_ < 2) {
      ++trailer_bytes_;  // one empty line before a request is harmless (RFC 9112 §2.2)
      continue;
    }
    if (head_.empty() && !IsTokenChar(c)) return Fault(400, "not HTTP: a message begins with byte ", static_cast<unsigned>(static_cast<unsigned char>(c)));
    if ((c == '\n') != (before == '\r')) return Fault(400, "a header line does not end with CR LF: ", Shown(head_.substr(head_.rfind('\n') + 1)));
    if (static_cast<unsigned char>(c) < 0x20 && c != '\r' && c != '\n' && c != '\t') {
      return Fault(400, "a control character in the headers: byte ", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    if (head_.size() >= limits_.max_head_bytes) return Fault(431, "the headers are longer than ", limits_.max_head_bytes, " bytes");
    head_ += c;
    if (c == '\n' && !start_line_taken_) {
      LOTIC_RETURN_NOT_OK(ParseStartLine(std::string_view(head_).substr(0, head_.size() - 2)));
      start_line_taken_ = true;
    }
    if (c == '\n' && head_.size() >= 4 && head_.compare(head_.size() - 4, 4, "\r\n\r\n") == 0) {
      LOTIC_RETURN_NOT_OK(ParseHead());
      head_.clear();
      trailer_bytes_ = 0;
      return i + 1;
    }
  }
  return bytes.size();
}

Status HttpParser::ParseHead() {
  std::string_view rest = head_;
  rest.remove_suffix(2);                      // the empty line
  rest.remove_prefix(rest.find("\r\n") + 2);  // the start line
  start_line_taken_ = false;
  while (!rest.empty()) {
    const size_t end = rest.find("\r\n");
    LOTIC_RETURN_NOT_OK(ParseHeader(rest.substr(0, end)));
    rest.remove_prefix(end + 2);
  }
  const std::string_view connection = message_.Header("connection");
  message_.keep_alive = minor_version_ == 0 ? Lists(connection, "keep-alive") : !Lists(connection, "close");
  return ChooseBody();
}

Status HttpParser::ParseStartLine(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  const bool is_request = kind_ == Kind::kRequest;
  // A response's reason may be missing, together with the blank before it.
  if (first == std::string_view::npos || (is_request && second == std::string_view::npos)) {
    return Fault(400, is_request ? "not an HTTP request line: " : "not an HTTP status line: ", Shown(line));
  }
  const std::string_view version = is_request ? line.substr(second + 1) : line.substr(0, first);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Fault(version.substr(0, 5) == "HTTP/" ? 505 : 400, "not HTTP/1.1: ", Shown(line));
  }
  minor_version_ = version.back() - '0';
  if (is_request) {
    message_.method = line.substr(0, first);
    message_.target = line.substr(first + 1, second - first - 1);
    const bool printable = std::all_of(message_.target.begin(), message_.target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (!IsToken(message_.method)) return Fault(400, "not an HTTP method: ", Shown(message_.method));
    if (message_.target.empty() || message_.target[0] != '/' || !printable) return Fault(400, "the request's target is not a path: ", Shown(message_.target));
    return Status::OK();
  }
  const size_t end = second == std::string_view::npos ? line.size() : second;
  uint64_t status = 0;
  if (end - first != 4 || !ParseNumber(line.substr(first + 1, 3), 10, &status) || status < 100) return Fault(400, "not an HTTP status line: ", Shown(line));
  message_.status = static_cast<int>(status);
  return Status::OK();
}

Status HttpParser::ParseHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return Fault(400, "not an HTTP header: ", Shown(line));
  if (message_.headers.size() >= limits_.max_headers) return Fault(431, "more than ", limits_.max_headers, " headers");
  message_.headers.emplace_back(Lower(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  return Status::OK();
}

Status HttpParser::ChooseBody() {
  std::string_view length, encoding;
  for (const auto& [name, value] : message_.headers) {
    if (name == "content-length") {
      if (!length.empty() && length != value) return Fault(400, "two lengths: Content-Length ", Shown(length), " and ", Shown(value));
      if (value.empty()) return Fault(400, "Content-Length is empty");
      length = value;
    } else if (name == "transfer-encoding") {
      if (!encoding.empty() || Lower(value) != "chunked") return Fault(501, "Transfer-Encoding is not built: ", Shown(value), " (chunked is)");
      encoding = value;
    } else if (name == "expect") {
      if (Lower(value) != "100-continue") return Fault(417, "unknown expectation: Expect: ", Shown(value));
      message_.expects_continue = kind_ == Kind::kRequest && minor_version_ == 1;
    }
  }
  if (!length.empty() && !encoding.empty()) return Fault(400, "both Content-Length and Transfer-Encoding");
  if (kind_ == Kind::kResponse) {
    if (message_.status < 200) {
      if (message_.status == 101 || ++informational_ > kMaxInformational) return Fault(400, "unexpected HTTP status ", message_.status);
      message_ = HttpMessage{};
      return Status::OK();  // the head of the final response follows
    }
    if (message_.status == 204 || message_.status == 304) {
      state_ = State::kComplete;
      return Status::OK();
    }
  }
  if (!encoding.empty()) {
    if (minor_version_ == 0) return Fault(400, "Transfer-Encoding in HTTP/1.0");
    state_ = State::kChunkSize;
    return Status::OK();
  }
  if (length.empty()) {
    state_ = kind_ == Kind::kRequest ? State::kComplete : State::kUntilEnd;
    if (state_ == State::kUntilEnd) message_.keep_alive = false;
    return Status::OK();
  }
  uint64_t bytes = 0;
  if (!ParseNumber(length, 10, &bytes)) return Fault(400, "Content-Length is not a number of bytes: ", Shown(length));
  if (bytes > limits_.max_body_bytes && bytes > limits_.max_dropped_bytes) {
    return Fault(413, "a body of ", bytes, " bytes; the limit is ", limits_.max_body_bytes);
  }
  announced_ = left_ = static_cast<size_t>(bytes);
  state_ = left_ == 0 ? State::kComplete : State::kFixed;
  if (bytes <= limits_.max_body_bytes) message_.body.reserve(left_);
  return Status::OK();
}

Status HttpParser::AppendBody(std::string_view bytes) {
  message_.body_bytes += bytes.size();
  if (message_.body_bytes <= limits_.max_body_bytes) {
    message_.body.append(bytes);
    return Status::OK();
  }
  std::string().swap(message_.body);
  if (message_.body_bytes > limits_.max_dropped_bytes) {
    return Fault(413, "a body of more than ", limits_.max_dropped_bytes, " bytes; the limit is ", limits_.max_body_bytes);
  }
  return Status::OK();
}

Result<size_t> HttpParser::FeedLine(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    const char before = head_.empty() ? '\0' : head_.back();
    if ((c == '\n') != (before == '\r')) return Fault(400, "a line of the chunked body does not end with CR LF: ", Shown(head_));
    const size_t limit = state_ == State::kTrailers ? limits_.max_head_bytes : kMaxChunkLineBytes;
    if (head_.size() + trailer_bytes_ >= limit) return Fault(431, "a line of the chunked body is longer than ", limit, " bytes");
    head_ += c;
    if (c != '\n') continue;
    LOTIC_RETURN_NOT_OK(TakeLine());
    head_.clear();
    return i + 1;
  }
  return bytes.size();
}

Status HttpParser::TakeLine() {
  const std::string_view line = std::string_view(head_).substr(0, head_.size() - 2);
  if (state_ == State::kTrailers) {
    trailer_bytes_ += head_.size();
    if (line.empty()) state_ = State::kComplete;
    return Status::OK();  // what trailers say is not used
  }
  if (state_ == State::kChunkEnd) {
    if (!line.empty()) return Fault(400, "a chunk is longer than its size said: ", Shown(line));
    state_ = State::kChunkSize;
    return Status::OK();
  }
  uint64_t size = 0;
  const std::string_view digits = Trim(line.substr(0, line.find(';')));
  if (!ParseNumber(digits, 16, &size)) return Fault(400, "not the size of a chunk: ", Shown(line));
  if (size > std::max(limits_.max_body_bytes, limits_.max_dropped_bytes)) {
    return Fault(413, "a chunk of ", size, " bytes; the limit of the body is ", limits_.max_body_bytes);
  }
  left_ = static_cast<size_t>(size);
  state_ = left_ == 0 ? State::kTrailers : State::kChunk;
  return Status::OK();
}

}  // namespace lotic::athena
