// SPDX-License-Identifier: Apache-2.0
#include "sql/statement_scanner.h"

#include <cctype>

namespace lotic::sql {
namespace {

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

}  // namespace

bool IsNameByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0; }

size_t StatementScanner::Skip(size_t at, bool* open, bool* blank) const {
  *blank = false;
  const char c = text_[at];
  const char next = at + 1 < text_.size() ? text_[at + 1] : '\0';
  if (c == '-' && next == '-') {
    *blank = true;
    const size_t end = text_.find('\n', at);
    return end == std::string_view::npos ? text_.size() : end + 1;
  }
  if (c == '/' && next == '*') {
    *blank = true;
    return SkipComment(at, open);
  }
  if (c == '\'') return SkipQuoted(at, '\'', at > 0 && (text_[at - 1] == 'e' || text_[at - 1] == 'E') && (at < 2 || !IsNameByte(text_[at - 2])), open);
  if (c == '"' || c == '`') return SkipQuoted(at, c, false, open);
  if (c == '$' && (at == 0 || !IsNameByte(text_[at - 1]))) return SkipDollar(at, open);
  *blank = IsSpace(c);
  return at + 1;
}

size_t StatementScanner::SkipComment(size_t at, bool* open) const {
  int depth = 0;
  while (at < text_.size()) {
    if (text_.compare(at, 2, "/*") == 0) {
      ++depth;
      at += 2;
    } else if (text_.compare(at, 2, "*/") == 0) {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  *open = true;
  return text_.size();
}

size_t StatementScanner::SkipQuoted(size_t at, char quote, bool backslash, bool* open) const {
  for (++at; at < text_.size(); ++at) {
    if (backslash && text_[at] == '\\') {
      ++at;
    } else if (text_[at] == quote) {
      if (at + 1 >= text_.size() || text_[at + 1] != quote) return at + 1;
      ++at;  // a doubled quote is one inside
    }
  }
  *open = true;
  return text_.size();
}

size_t StatementScanner::SkipDollar(size_t at, bool* open) const {
  size_t tag = at + 1;
  while (tag < text_.size() && IsNameByte(text_[tag])) ++tag;
  const bool parameter = tag > at + 1 && std::isdigit(static_cast<unsigned char>(text_[at + 1])) != 0;
  if (tag >= text_.size() || text_[tag] != '$' || parameter) return at + 1;  // $1, or a lone $
  const std::string_view mark = text_.substr(at, tag - at + 1);
  const size_t end = text_.find(mark, tag + 1);
  if (end == std::string_view::npos) {
    *open = true;
    return text_.size();
  }
  return end + mark.size();
}

std::string BackticksToQuotes(std::string_view text) {
  std::string out;
  if (text.find('`') == std::string_view::npos) return out = text;
  const StatementScanner scanner(text);
  for (size_t at = 0; at < text.size();) {
    bool open = false, blank = false;
    const size_t end = scanner.Skip(at, &open, &blank);
    if (text[at] != '`' || open) {
      out += text.substr(at, end - at);
    } else {
      out += '"';
      for (size_t i = at + 1; i + 1 < end; ++i) {
        if (text[i] == '`') ++i;  // doubled
        out += text[i];
        if (text[i] == '"') out += '"';
      }
      out += '"';
    }
    at = end;
  }
  return out;
}

}  // namespace lotic::sql
