// SPDX-License-Identifier: Apache-2.0
#include "catalog/ddl_tokens.h"

#include <algorithm>
#include <cstdint>

namespace lotic::catalog {
namespace {

constexpr size_t kMaxShown = 40;  // bytes of a token in a message

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordByte(char c) { return (Lower(c) >= 'a' && Lower(c) <= 'z') || IsDigit(c) || c == '_' || c == '$' || (static_cast<unsigned char>(c) & 0x80) != 0; }

std::string Doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    out += c;
    if (c == quote) out += quote;
  }
  return out + quote;
}

void AppendUtf8(uint32_t point, std::string* out) {
  const auto more = [&](int shift) { *out += static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) {
    *out += static_cast<char>(point);
  } else if (point < 0x800) {
    *out += static_cast<char>(0xC0 | (point >> 6));
    more(0);
  } else if (point < 0x10000) {
    *out += static_cast<char>(0xE0 | (point >> 12));
    more(6), more(0);
  } else {
    *out += static_cast<char>(0xF0 | (point >> 18));
    more(12), more(6), more(0);
  }
}

}  // namespace

std::string AsciiLower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

std::string BacktickName(std::string_view name) { return Doubled(name, '`'); }
std::string QuotedText(std::string_view text) { return Doubled(text, '\''); }

bool Tokens::Is(std::string_view word) const {
  return now_.kind == TokenKind::kWord && now_.text.size() == word.size() &&
         std::equal(word.begin(), word.end(), now_.text.begin(), [](char a, char b) { return a == Lower(b); });
}

bool Tokens::TakeTwo(std::string_view first, std::string_view second) {
  if (!Is(first)) return false;
  Tokens ahead = *this;
  ahead.Advance();
  if (!ahead.Take(second)) return false;
  *this = ahead;
  return true;
}

void Tokens::Advance() {
  SkipSpace();
  now_ = Token{TokenKind::kEnd, "", next_, next_};
  if (next_ >= text_.size()) return;
  const char c = text_[next_];
  if (c == '\'' || c == '"' || c == '`') {
    Quoted(c);
  } else if ((c == 'U' || c == 'u') && text_.substr(next_ + 1, 2) == "&'") {
    Unicode();
  } else if (IsWordByte(c)) {
    now_.kind = IsDigit(c) ? TokenKind::kNumber : TokenKind::kWord;
    while (next_ < text_.size() && IsWordByte(text_[next_])) now_.text += text_[next_++];
  } else if (text_.substr(next_, 3) == "/*+") {
    now_.kind = TokenKind::kHint;
    now_.text = "/*+";
    next_ += 3;
  } else {
    now_.kind = TokenKind::kSign;
    now_.text = std::string(1, c);
    ++next_;
  }
  now_.end = next_;
}

void Tokens::SkipSpace() {
  while (next_ < text_.size()) {
    const char c = text_[next_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
      ++next_;
    } else if (text_.substr(next_, 2) == "--") {
      next_ = std::min(text_.find('\n', next_), text_.size());
    } else if (text_.substr(next_, 2) == "/*" && text_.substr(next_, 3) != "/*+") {
      int depth = 0;
      do {
        const std::string_view two = text_.substr(next_, 2);
        depth += two == "/*" ? 1 : two == "*/" ? -1 : 0;
        next_ += two == "/*" || two == "*/" ? 2 : 1;
      } while (depth > 0 && next_ < text_.size());
      next_ = std::min(next_, text_.size());
    } else {
      return;
    }
  }
}

void Tokens::Quoted(char quote) {
  now_.kind = TokenKind::kBad;  // until it is closed
  for (++next_; next_ < text_.size(); ++next_) {
    if (text_[next_] != quote) {
      now_.text += text_[next_];
    } else if (next_ + 1 < text_.size() && text_[next_ + 1] == quote) {
      now_.text += text_[next_++];
    } else {
      ++next_;
      now_.kind = quote == '\'' ? TokenKind::kText : TokenKind::kQuoted;
      return;
    }
  }
  now_.text = quote == '`' ? "a backtick is not closed" : "a quote is not closed";
}

// U&'\0009': each \ and four hexadecimal digits are a code point, \\ is a backslash; pairs of surrogates are one code point.
void Tokens::Unicode() {
  next_ += 2;
  Quoted('\'');
  if (now_.kind == TokenKind::kBad) return;
  const std::string raw = std::move(now_.text);
  now_.text.clear();
  const auto bad = [&] {
    now_.kind = TokenKind::kBad;
    now_.text = "U&'…' has a \\ without the four hexadecimal digits of a code point behind it";
  };
  const auto digits = [&](size_t at) -> int64_t {
    if (at + 5 > raw.size() || raw[at] != '\\') return -1;
    int64_t value = 0;
    for (size_t i = at + 1; i < at + 5; ++i) {
      const char c = Lower(raw[i]);
      if (!IsDigit(c) && (c < 'a' || c > 'f')) return -1;
      value = value * 16 + (IsDigit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
  };
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      now_.text += raw[i];
    } else if (i + 1 < raw.size() && raw[i + 1] == '\\') {
      now_.text += raw[++i];
    } else {
      int64_t point = digits(i);
      if (point < 0) return bad();
      i += 4;
      if (point >= 0xD800 && point <= 0xDBFF) {
        const int64_t low = digits(i + 1);
        if (low < 0xDC00 || low > 0xDFFF) return bad();
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        i += 5;
      } else if (point >= 0xDC00 && point <= 0xDFFF) {
        return bad();
      }
      AppendUtf8(static_cast<uint32_t>(point), &now_.text);
    }
  }
}

Status Tokens::Unexpected(const std::string& wanted) const {
  if (now_.kind == TokenKind::kBad) return Error(now_.at, now_.text);
  if (now_.kind == TokenKind::kEnd) return Error(now_.at, "expected " + wanted + ", and the text ends");
  const std::string_view written = text_.substr(now_.at, std::min(now_.end - now_.at, kMaxShown));
  return Error(now_.at, "expected " + wanted + ", not " + std::string(written));
}

Status Tokens::Expect(std::string_view word) {
  if (Take(word)) return Status::OK();
  std::string upper(word);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return Unexpected(upper);
}

Status Tokens::ExpectSign(char sign) { return TakeSign(sign) ? Status::OK() : Unexpected(std::string("\"") + sign + "\""); }

}  // namespace lotic::catalog
