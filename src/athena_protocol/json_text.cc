// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/json_text.h"

#include <cstdint>

namespace lotic::athena {
namespace {

// Length of the valid UTF-8 sequence at `at`, or 0. Follows: Unicode, table 3-7.
size_t SequenceAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : uint8_t{0}; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = follows(1) && !(lead == 0xE0 && byte(1) < 0xA0) && !(lead == 0xED && byte(1) >= 0xA0);
    return second && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = follows(1) && !(lead == 0xF0 && byte(1) < 0x90) && !(lead == 0xF4 && byte(1) >= 0x90);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

void AppendJsonText(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t plain = 0;  // the run that is copied as it is
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<uint8_t>(text[at]);
    const size_t length = byte < 0x80 ? 1 : SequenceAt(text, at);
    if (length != 0 && byte >= 0x20 && byte != '"' && byte != '\\') {
      at += length;
      continue;
    }
    out->append(text.substr(plain, at - plain));
    if (length == 0) {
      out->append("\xEF\xBF\xBD");
    } else if (byte >= 0x20) {
      out->push_back('\\');
      out->push_back(static_cast<char>(byte));
    } else if (byte == '\n' || byte == '\r' || byte == '\t') {
      out->append(byte == '\n' ? "\\n" : byte == '\r' ? "\\r" : "\\t");
    } else {
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
    plain = ++at;
  }
  out->append(text.substr(plain));
  out->push_back('"');
}

}  // namespace lotic::athena
