// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "lotic/status.h"

namespace lotic::catalog {

/// Where in the text of a statement an error lies.
struct TextPosition final : StatusDetail {
  explicit TextPosition(size_t at) : byte(at) {}
  const char* type_id() const override { return "lotic::catalog::TextPosition"; }
  std::string ToString() const override { return "at byte " + std::to_string(byte); }
  const size_t byte;
};

enum class TokenKind {
  kEnd,
  kWord,    ///< as it stands
  kQuoted,  ///< a name in backticks or double quotes
  kText,    ///< in single quotes; U&'…' with its code points
  kNumber,
  kSign,  ///< one byte
  kHint,  ///< "/*+"; what follows up to "*/" are tokens too
  kBad,   ///< what a quote begins and nothing ends; `text` says so
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  ///< what quotes hold, with doubled quotes as one; kBad: what is wrong
  size_t at = 0;     ///< its first byte
  size_t end = 0;    ///< behind its last
};

/// Cuts a statement of Flink's SQL into tokens, one at a time. A value: a copy looks ahead. The text outlives it.
class Tokens {
 public:
  /// Begins at byte `begin`; positions are those of the whole text.
  explicit Tokens(std::string_view text, size_t begin = 0) : text_(text), next_(begin) { Advance(); }

  const Token& now() const { return now_; }
  std::string_view text() const { return text_; }
  bool Is(std::string_view word) const;  ///< an unquoted word; `word` in lower case
  bool IsSign(char sign) const { return now_.kind == TokenKind::kSign && now_.text[0] == sign; }
  bool IsName() const { return (now_.kind == TokenKind::kWord || now_.kind == TokenKind::kQuoted) && !now_.text.empty(); }
  bool Take(std::string_view word) { return Is(word) && (Advance(), true); }
  bool TakeSign(char sign) { return IsSign(sign) && (Advance(), true); }
  /// Takes both or nothing.
  bool TakeTwo(std::string_view first, std::string_view second);
  void Advance();

  /// Errors with a TextPosition.
  static Status Error(size_t at, const std::string& message) { return Status::Invalid(message).WithDetail(std::make_shared<TextPosition>(at)); }
  /// "expected `wanted`, not …" here.
  Status Unexpected(const std::string& wanted) const;
  Status Expect(std::string_view word);
  Status ExpectSign(char sign);

 private:
  void SkipSpace();
  void Quoted(char quote);
  void Unicode();

  std::string_view text_;
  size_t next_;
  Token now_;
};

std::string AsciiLower(std::string_view text);
/// `name` in backticks; `text` in single quotes.
std::string BacktickName(std::string_view name);
std::string QuotedText(std::string_view text);

}  // namespace lotic::catalog
