// SPDX-License-Identifier: Apache-2.0
#include "server/http_message.h"

#include <algorithm>

namespace lotic::server {
namespace {

const std::string* Find(const std::vector<NamedText>& in, std::string_view name) {
  const auto at = std::find_if(in.begin(), in.end(), [&](const NamedText& entry) { return entry.first == name; });
  return at == in.end() ? nullptr : &at->second;
}

int HttpStatusOf(const Status& status) {
  if (const auto* detail = dynamic_cast<const HttpStatusDetail*>(status.detail().get())) return detail->http_status;
  switch (status.code()) {
    case StatusCode::kInvalid:
    case StatusCode::kCapacityError: return 400;
    case StatusCode::kUnauthorized: return 403;
    case StatusCode::kNotFound: return 404;
    case StatusCode::kThrottled: return 429;
    case StatusCode::kNotImplemented: return 501;
    case StatusCode::kCancelled: return 503;
    case StatusCode::kDeadlineExceeded: return 504;
    default: return 500;
  }
}

/// Length of the UTF-8 sequence at the beginning of `text`, 0 if there is none. Follows: Unicode 15, table 3-7.
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) { return byte(i) >= low && byte(i) <= high; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) return follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2) ? 3 : 0;
  if (first >= 0xF0 && first <= 0xF4) return follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3) ? 4 : 0;
  return 0;
}

}  // namespace

std::string_view HttpRequest::Header(std::string_view name) const {
  const std::string* value = Find(headers, name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

std::optional<std::string_view> HttpRequest::Query(std::string_view name) const {
  const std::string* value = Find(query, name);
  if (value == nullptr) return std::nullopt;
  return std::string_view(*value);
}

bool HttpRequest::QueryFlag(std::string_view name, bool otherwise) const {
  const auto value = Query(name);
  if (!value) return otherwise;
  return value->size() == 4 && std::equal(value->begin(), value->end(), "true", [](char a, char b) { return (a | 0x20) == b; });
}

const std::string& HttpRequest::Parameter(std::string_view name) const {
  const std::string* value = Find(parameters, name);
  LOTIC_CHECK(value != nullptr);
  return *value;
}

HttpResponse ErrorResponse(int status, std::string_view message) {
  HttpResponse response;
  response.status = status;
  response.body = "{\"code\":" + std::to_string(status) + ",\"error\":";
  AppendJsonString(&response.body, message);
  response.body += "}";
  return response;
}

HttpResponse ErrorResponse(const Status& status) { return ErrorResponse(HttpStatusOf(status), status.message()); }

HttpResponse StatusResponse(std::string_view text) {
  HttpResponse response;
  response.body = "{\"status\":";
  AppendJsonString(&response.body, text);
  response.body += "}";
  return response;
}

HttpResponse TextResponse(std::string_view text) { return {200, "text/plain; charset=utf-8", std::string(text)}; }

void AppendJsonString(std::string* out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      const size_t length = SequenceLength(text.substr(i));
      if (length == 0) {
        *out += "\xEF\xBF\xBD";
        ++i;
      } else {
        *out += text.substr(i, length);
        i += length;
      }
      continue;
    }
    switch (c) {
      case '"': *out += "\\\""; break;
      case '\\': *out += "\\\\"; break;
      case '\n': *out += "\\n"; break;
      case '\r': *out += "\\r"; break;
      case '\t': *out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          *out += "\\u00";
          out->push_back(kHex[static_cast<unsigned char>(c) >> 4]);
          out->push_back(kHex[c & 15]);
        } else {
          out->push_back(c);
        }
    }
    ++i;
  }
  out->push_back('"');
}

}  // namespace lotic::server
