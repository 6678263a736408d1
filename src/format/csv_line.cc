// SPDX-License-Identifier: Apache-2.0
#include "format/csv_line.h"

#include <algorithm>

namespace lotic::csv {
namespace {

constexpr size_t kQuoteCheckUnits = 24;  // a longer text is quoted without looking

size_t Utf16Units(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const uint8_t byte = static_cast<uint8_t>(c);
    units += (byte & 0xc0) == 0x80 ? 0 : byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

char Unescaped(char c) {
  switch (c) {
    case '0': return '\0';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
  }
}

}  // namespace

std::string Line::Parse(std::string_view text, const Dialect& dialect) {
  text_.clear();
  ends_.clear();
  quoted_.clear();
  comment_ = dialect.comments && !text.empty() && text[0] == '#';
  if (comment_) return "";
  size_t at = 0;
  for (;;) {
    bool in_quotes = dialect.quote && at < text.size() && text[at] == *dialect.quote;
    quoted_.push_back(in_quotes);
    at += in_quotes ? 1 : 0;
    bool closed = !in_quotes;
    bool more = false;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (dialect.escape && c == *dialect.escape) {
        if (at + 1 >= text.size()) return "the escape character at byte " + std::to_string(at) + " has nothing behind it";
        text_.push_back(Unescaped(text[++at]));
      } else if (in_quotes && c == *dialect.quote) {
        if (at + 1 < text.size() && text[at + 1] == c) {
          text_.push_back(c);
          ++at;
        } else {
          in_quotes = false;
          closed = true;
          if (at + 1 < text.size() && text[at + 1] != dialect.delimiter && text[at + 1] != '\n' && text[at + 1] != '\r') {
            return "text behind the closing quote at byte " + std::to_string(at);
          }
        }
      } else if (in_quotes) {
        text_.push_back(c);
      } else if (c == dialect.delimiter) {
        more = true;
        ++at;
        break;
      } else if (c == '\n' || (c == '\r' && at + 1 < text.size() && text[at + 1] == '\n')) {
        at += c == '\n' ? 1 : 2;
        if (at < text.size()) return "a second line at byte " + std::to_string(at);
        break;
      } else {
        text_.push_back(c);
      }
    }
    if (!closed) return "a quote is not closed";
    ends_.push_back(text_.size());
    if (!more) break;
    if (ends_.size() >= kMaxFields) return "more than " + std::to_string(kMaxFields) + " fields";
  }
  text_.append(kReadable, ' ');
  return "";
}

bool AppendField(std::string_view text, const Dialect& dialect, std::string* out) {
  const uint8_t unsafe = std::max(static_cast<uint8_t>(dialect.delimiter), static_cast<uint8_t>(dialect.quote.value_or('\0')));
  const auto must_hide = [&](char c) { return c == dialect.delimiter || c == '\n' || c == '\r'; };
  if (!dialect.quote) {
    if (std::any_of(text.begin(), text.end(), must_hide) || (dialect.comments && text.starts_with('#'))) {
      if (!dialect.escape || text.find_first_of("\n\r") != std::string_view::npos) return false;
    }
    for (const char c : text) {
      if (dialect.escape && (c == *dialect.escape || c == dialect.delimiter || c == '#')) out->push_back(*dialect.escape);
      out->push_back(c);
    }
    return true;
  }
  const bool quoted = Utf16Units(text) > kQuoteCheckUnits || (dialect.comments && text.starts_with('#')) ||
                      std::any_of(text.begin(), text.end(), [&](char c) { return static_cast<uint8_t>(c) <= unsafe || c == dialect.escape || must_hide(c); });
  if (!quoted) return out->append(text), true;
  out->push_back(*dialect.quote);
  for (const char c : text) {
    if (c == *dialect.quote) out->push_back(dialect.escape.value_or(*dialect.quote));
    if (dialect.escape && c == *dialect.escape && c != *dialect.quote) out->push_back(c);
    out->push_back(c);
  }
  out->push_back(*dialect.quote);
  return true;
}

}  // namespace lotic::csv
