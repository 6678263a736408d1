// SPDX-License-Identifier: Apache-2.0
#include "server/request_target.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/utf8.h"

namespace lotic::server {
namespace {

Status Refused(int http_status, std::string message) {
  return Status(StatusCode::kInvalid, std::move(message), std::make_shared<HttpStatusDetail>(http_status));
}
Status BadRequest(std::string message) { return Refused(400, std::move(message)); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// "a%20b" → "a b". `plus_is_blank`: as forms write it.
Result<std::string> PercentDecoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return BadRequest("the request's target has a percent sign that no two hexadecimal digits follow: " + std::string(text));
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(c == '+' && plus_is_blank ? ' ' : c);
    }
  }
  if (!IsUtf8(out)) return BadRequest("the request's target is not UTF-8 once its percent signs are decoded");
  return out;
}

Status CheckSegment(std::string_view segment) {
  if (segment.empty()) return BadRequest("the request's path has an empty segment (two slashes in a row)");
  if (segment == "." || segment == "..") return BadRequest("the request's path has a segment of dots only");
  for (const char c : segment) {
    if (c == '/' || c == '\\' || c == ';' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return BadRequest("the request's path has a slash, a backslash, a semicolon or a control character within a segment");
    }
  }
  return Status::OK();
}

/// The value of `name` in a header such as `multipart/form-data; boundary="x"`.
std::optional<std::string> HeaderParameter(std::string_view header, std::string_view name) {
  size_t at = header.find(';');
  while (at != std::string_view::npos) {
    size_t begin = header.find_first_not_of(" \t", at + 1);
    if (begin == std::string_view::npos) return std::nullopt;
    const size_t equals = header.find('=', begin);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view found = header.substr(begin, equals - begin);
    std::string value;
    size_t end = equals + 1;
    if (end < header.size() && header[end] == '"') {
      for (++end; end < header.size() && header[end] != '"'; ++end) {
        if (header[end] == '\\' && end + 1 < header.size()) ++end;
        value.push_back(header[end]);
      }
      at = header.find(';', end);
    } else {
      at = header.find(';', end);
      const std::string_view bare = header.substr(end, at == std::string_view::npos ? std::string_view::npos : at - end);
      value = bare.substr(0, bare.find_last_not_of(" \t") + 1);
    }
    const bool same = found.size() == name.size() && std::equal(found.begin(), found.end(), name.begin(), [](char a, char b) { return (a | 0x20) == b; });
    if (same) return value;
  }
  return std::nullopt;
}

}  // namespace

Result<RequestTarget> ParseRequestTarget(std::string_view target) {
  if (target.size() > kMaxTargetBytes)
    return Refused(414, "the request's target has " + std::to_string(target.size()) + " bytes, more than " + std::to_string(kMaxTargetBytes));
  if (target.empty() || target[0] != '/') return BadRequest("the request's target does not begin with a slash: " + std::string(target.substr(0, 100)));
  RequestTarget result;
  const size_t question = target.find('?');
  std::string_view path = target.substr(1, question == std::string_view::npos ? std::string_view::npos : question - 1);
  if (!path.empty() && path.back() == '/') {
    path.remove_suffix(1);
    if (path.empty()) return BadRequest("the request's path has an empty segment (two slashes in a row)");
  }
  while (!path.empty()) {
    const size_t slash = path.find('/');
    LOTIC_ASSIGN_OR_RETURN(std::string segment, PercentDecoded(path.substr(0, slash), false));
    LOTIC_RETURN_NOT_OK(CheckSegment(segment));
    result.path.push_back(std::move(segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
    if (path.empty()) return BadRequest("the request's path has an empty segment (two slashes in a row)");
  }
  if (question == std::string_view::npos) return result;
  std::string_view query = target.substr(question + 1);
  while (!query.empty()) {
    const size_t ampersand = query.find('&');
    const std::string_view part = query.substr(0, ampersand);
    query = ampersand == std::string_view::npos ? std::string_view() : query.substr(ampersand + 1);
    if (part.empty()) continue;
    if (result.query.size() == kMaxQueryParameters) return BadRequest("the request has more than " + std::to_string(kMaxQueryParameters) + " parameters");
    const size_t equals = part.find('=');
    LOTIC_ASSIGN_OR_RETURN(std::string name, PercentDecoded(part.substr(0, equals), true));
    LOTIC_ASSIGN_OR_RETURN(std::string value, PercentDecoded(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true));
    if (name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) return BadRequest("a parameter of the request holds a NUL byte");
    result.query.emplace_back(std::move(name), std::move(value));
  }
  return result;
}

Status CheckRequestHead(std::string_view head) {
  for (size_t i = 0; i < head.size(); ++i) {
    const char c = head[i];
    if (c == '\0') return BadRequest("the request's head holds a NUL byte");
    if (c == '\n' && (i == 0 || head[i - 1] != '\r')) return BadRequest("a line of the request's head ends in a bare line feed");
    if (c == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return BadRequest("a line of the request's head holds a bare carriage return");
    if (c == '\n' && i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) return BadRequest("a header of the request is folded over two lines");
  }
  return Status::OK();
}

Result<std::string_view> FormFile(std::string_view content_type, std::string_view body) {
  const auto boundary = HeaderParameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) return BadRequest("multipart/form-data without a boundary of 1 to 70 characters");
  const std::string delimiter = "--" + *boundary;
  if (body.substr(0, delimiter.size() + 2) != delimiter + "\r\n") return BadRequest("the form does not begin with its boundary");
  body.remove_prefix(delimiter.size() + 2);
  const size_t blank = body.substr(0, 2) == "\r\n" ? 0 : body.find("\r\n\r\n");
  if (blank == std::string_view::npos) return BadRequest("the form's part has no end of its headers");
  body.remove_prefix(blank == 0 ? 2 : blank + 4);
  const size_t end = body.find("\r\n" + delimiter);
  if (end == std::string_view::npos) return BadRequest("the form's part does not end with the boundary");
  const std::string_view rest = body.substr(end + 2 + delimiter.size());
  if (rest.substr(0, 2) != "--") return BadRequest("the form has more than one part; send one file");
  return body.substr(0, end);
}

}  // namespace lotic::server
