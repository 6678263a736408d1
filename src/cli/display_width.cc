// SPDX-License-Identifier: Apache-2.0
#include "cli/display_width.h"

#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cwchar>

namespace lotic::cli {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// The code point that begins at `at`, and its length in bytes; broken UTF-8 gives U+FFFD for one byte.
char32_t NextCodePoint(std::string_view text, size_t at, size_t* length) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(at);
  *length = 1;
  if (first < 0x80) return first;
  const size_t need = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + need > text.size()) return kReplacement;
  char32_t code = first & (0xFF >> (need + 1));
  for (size_t i = 1; i < need; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return kReplacement;
    code = (code << 6) | (byte(at + i) & 0x3F);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[need] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return kReplacement;
  *length = need;
  return code;
}

// libc's table, always that of C.UTF-8 whatever the user's locale is.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(Shared())) {}
  ~Utf8Locale() { uselocale(before_); }

 private:
  static locale_t Shared() {
    static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale != nullptr ? locale : LC_GLOBAL_LOCALE;
  }
  const locale_t before_;
};

size_t CodePointWidth(char32_t code) {
  if (code < 0x80) return 1;
  const int width = wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : static_cast<size_t>(width);
}

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<uint8_t>(c) >= 0x80) return false;
  }
  return true;
}

bool IsUnprintable(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  if (IsAscii(text)) return text.size();
  const Utf8Locale utf8;
  size_t width = 0;
  for (size_t at = 0, length = 0; at < text.size(); at += length) width += CodePointWidth(NextCodePoint(text, at, &length));
  return width;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0, length = 0; at < text.size(); at += length) {
    const char32_t code = NextCodePoint(text, at, &length);
    if (!IsUnprintable(code)) {
      if (code == kReplacement && length == 1) {
        out += "\xEF\xBF\xBD";
      } else {
        out += text.substr(at, length);
      }
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code == '\r') {
      out += "\\r";
    } else {
      char escape[16];
      std::snprintf(escape, sizeof escape, code < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(code));
      out += escape;
    }
  }
  return out;
}

std::string CutToWidth(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const Utf8Locale utf8;
  size_t used = 0, at = 0;
  for (size_t length = 0; at < text.size(); at += length) {
    const size_t next = CodePointWidth(NextCodePoint(text, at, &length));
    if (used + next > width - 1) break;
    used += next;
  }
  return std::string(text.substr(0, at)) + "…";
}

}  // namespace lotic::cli
