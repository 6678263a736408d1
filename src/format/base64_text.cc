// SPDX-License-Identifier: Apache-2.0
#include "format/base64_text.h"

#include <algorithm>
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
  out->reserve(out->size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(bytes.size() - i, 3);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out->push_back(k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=');
  }
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
