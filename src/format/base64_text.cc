// SPDX-License-Identifier: Apache-2.0
#include "format/base64_text.h"

#include <cstdint>

namespace lotic {
namespace {

int SixBits(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

void AppendBase64(std::string_view bytes, std::string* out) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t before = out->size();
  out->resize(before + (bytes.size() + 2) / 3 * 4);
  char* to = out->data() + before;
  const auto* const from = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3, to += 4) {
    const uint32_t group = static_cast<uint32_t>(from[i] << 16 | from[i + 1] << 8 | from[i + 2]);
    to[0] = kDigits[group >> 18];
    to[1] = kDigits[group >> 12 & 63];
    to[2] = kDigits[group >> 6 & 63];
    to[3] = kDigits[group & 63];
  }
  if (i == bytes.size()) return;
  const bool two = i + 2 == bytes.size();
  const uint32_t group = static_cast<uint32_t>(from[i] << 16 | (two ? from[i + 1] << 8 : 0));
  to[0] = kDigits[group >> 18];
  to[1] = kDigits[group >> 12 & 63];
  to[2] = two ? kDigits[group >> 6 & 63] : '=';
  to[3] = '=';
}

bool DecodeBase64(std::string_view text, std::string* out) {
  out->clear();
  if (text.size() % 4 != 0) return false;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out->reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int six = i + padding >= text.size() ? 0 : SixBits(text[i]);
    if (six < 0) return false;
    bits = bits << 6 | static_cast<uint32_t>(six);
    if (i % 4 != 3) continue;
    const char group[3] = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
    const size_t count = i + 1 == text.size() ? 3 - padding : 3;
    // Bits that stand for nothing must be zero, so that bytes have one text.
    for (size_t k = count; k < 3; ++k) {
      if (group[k] != 0) return false;
    }
    out->append(group, count);
    bits = 0;
  }
  return true;
}

}  // namespace lotic
