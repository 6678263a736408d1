// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lotic/status.h"

namespace lotic::server {

/// A name and a value, both decoded.
using NamedText = std::pair<std::string, std::string>;

/// A complete request, as handlers see it: decoded once, checked, no socket. Immutable while it is handled.
struct HttpRequest {
  std::string method;              ///< upper case: "GET"
  std::vector<std::string> path;   ///< segments, percent-decoded: /tables/my%20t → {"tables", "my t"}; {} for "/"
  std::vector<NamedText> query;    ///< of the query string, in its order
  std::vector<NamedText> headers;  ///< names in lower case
  std::string body;
  std::vector<NamedText> parameters;  ///< what stands in the path where the route has {name}; filled by Router

  /// The first header of that name (lower case); empty if there is none.
  std::string_view Header(std::string_view name) const;
  /// The first value of that name in the query string.
  std::optional<std::string_view> Query(std::string_view name) const;
  /// Of a yes-or-no parameter: "true" in any case is yes, absent is `otherwise`, all else is no.
  bool QueryFlag(std::string_view name, bool otherwise) const;
  /// The path's {name}. The route must have it.
  const std::string& Parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<NamedText> headers = {};  ///< further ones
};

/// `{"code":…,"error":…}`, the error body of the controller API.
HttpResponse ErrorResponse(int status, std::string_view message);
/// The same with the status that fits: Invalid and CapacityError 400, NotFound 404, Unauthorized 403, Throttled 429, Cancelled 503, NotImplemented 501, the rest 500. A StatusDetail
/// HttpStatusDetail decides otherwise.
HttpResponse ErrorResponse(const Status& status);
/// `{"status":…}`.
HttpResponse StatusResponse(std::string_view text);
/// A body of text/plain.
HttpResponse TextResponse(std::string_view text);

/// Attached to an error that has an HTTP status of its own, such as 409.
struct HttpStatusDetail final : StatusDetail {
  explicit HttpStatusDetail(int status) : http_status(status) {}
  const char* type_id() const override { return "lotic::server::HttpStatusDetail"; }
  std::string ToString() const override { return "HTTP status " + std::to_string(http_status); }
  const int http_status;
};

/// `text` as a JSON string, quotes included. Bytes that are no UTF-8 become U+FFFD.
void AppendJsonString(std::string* out, std::string_view text);

}  // namespace lotic::server
