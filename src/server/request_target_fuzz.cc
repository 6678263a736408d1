// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "server/request_target.h"

namespace lotic::server {
namespace {

std::string Encoded(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

/// What is taken apart has no part that could be read another way, and is the same when written with every byte encoded.
void CheckTarget(std::string_view text) {
  const auto target = ParseRequestTarget(text);
  if (!target.ok()) return;
  std::string again;
  for (const std::string& segment : target->path) {
    LOTIC_CHECK(!segment.empty() && segment != "." && segment != ".." && segment.find_first_of("/\\;") == std::string::npos && IsUtf8(segment));
    again += "/" + Encoded(segment);
  }
  if (again.empty()) again = "/";
  char before = '?';
  for (const NamedText& parameter : target->query) {
    LOTIC_CHECK(IsUtf8(parameter.first) && IsUtf8(parameter.second));
    again += before + Encoded(parameter.first) + "=" + Encoded(parameter.second);
    before = '&';
  }
  if (again.size() > kMaxTargetBytes) return;
  const RequestTarget second = ParseRequestTarget(again).ValueOrDie();
  LOTIC_CHECK(second.path == target->path && second.query == target->query);
}

}  // namespace
}  // namespace lotic::server

/// The first byte chooses: a target, a head, or a form (its header up to the first line feed).
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::server;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 't': CheckTarget(text); break;
    case 'h': (void)CheckRequestHead(text).ok(); break;
    case 'f': {
      const size_t line = text.find('\n');
      if (line == std::string_view::npos) break;
      const std::string_view body = text.substr(line + 1);
      const auto file = FormFile(text.substr(0, line), body);
      if (file.ok()) LOTIC_CHECK(file->data() >= body.data() && file->data() + file->size() <= body.data() + body.size());
      break;
    }
    default: break;
  }
  return 0;
}
