// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "server/http_message.h"

// What the HTTP parser leaves as text: the target of a request line, a head's bytes, the parts of a form.

namespace lotic::server {

inline constexpr size_t kMaxTargetBytes = size_t{8} << 10;  ///< longer: 414
inline constexpr size_t kMaxQueryParameters = 100;          ///< more: 400

struct RequestTarget {
  std::vector<std::string> path;
  std::vector<NamedText> query;
};

/// Takes a target of origin form apart: "/tables/a%20b?type=realtime". Each segment is percent-decoded once; one slash at the end is ignored. In the query string '+' is a blank.
/// Errors: Invalid, each with an HttpStatusDetail (400 or 414): no leading slash, `//`, `.` and `..` segments, `;` or `\` or an encoded slash in the path, NUL and other
/// control bytes, bytes that are no UTF-8, a broken percent sign, too long, too many parameters. Follows: RFC 3986 §3.3, §3.4, narrowed so that one path has one spelling.
Result<RequestTarget> ParseRequestTarget(std::string_view target);

/// The bytes of a request's head up to and with its empty line: CR LF only, no folded header, no NUL. Errors: Invalid with HttpStatusDetail 400. Follows: RFC 9112 §2.2, §5.2.
Status CheckRequestHead(std::string_view head);

/// The content of the one file part of a multipart/form-data body, borrowed from `body`. `content_type`: the request's header. Errors: Invalid (no boundary, no part or several, cut short).
/// Follows: RFC 7578, RFC 2046 §5.1.
Result<std::string_view> FormFile(std::string_view content_type, std::string_view body);

}  // namespace lotic::server
