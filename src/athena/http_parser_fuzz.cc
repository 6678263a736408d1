// SPDX-License-Identifier: Apache-2.0
// HTTP messages, whole and in two pieces: both ways say the same. First byte: requests or responses (bit 0), where to cut (the rest).
#include <cstdint>
#include <string>

#include "athena/http_parser.h"

namespace {

using lotic::athena::HttpParser;

// What a parser makes of the bytes, as text.
std::string Outcome(HttpParser::Kind kind, std::string_view bytes, size_t cut) {
  lotic::athena::HttpLimits limits;
  limits.max_head_bytes = 512;
  limits.max_headers = 8;
  limits.max_body_bytes = 64;
  limits.max_dropped_bytes = 256;
  HttpParser parser(kind, limits);
  std::string outcome;
  for (size_t at = 0; at < bytes.size();) {
    const auto taken = parser.Feed(bytes.substr(at, at < cut ? cut - at : std::string_view::npos));
    if (!taken.ok()) return outcome + taken.status().ToString();
    LOTIC_CHECK(*taken > 0);
    at += *taken;
    if (!parser.complete()) continue;
    const auto message = parser.Take();
    LOTIC_CHECK(message.body.size() <= limits.max_body_bytes && message.headers.size() <= limits.max_headers);
    outcome += message.method + " " + message.target + " " + std::to_string(message.status) + " " + std::to_string(message.body_bytes) + " " + message.body;
    for (const auto& [name, value] : message.headers) outcome += "|" + name + ":" + value;
  }
  return outcome + parser.End().ToString();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto kind = (data[0] & 1) != 0 ? HttpParser::Kind::kResponse : HttpParser::Kind::kRequest;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  LOTIC_CHECK(Outcome(kind, bytes, 0) == Outcome(kind, bytes, data[0] >> 1));
  return 0;
}
