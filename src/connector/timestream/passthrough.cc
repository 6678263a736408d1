// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/passthrough.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace lotic::timestream {
namespace {

constexpr std::array<std::string_view, 7> kChanging = {"INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "UNLOAD"};
constexpr std::array<std::string_view, 4> kFirst = {"SELECT", "WITH", "SHOW", "DESCRIBE"};

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

struct Token {
  enum class Kind { kWord, kSemicolon, kOther } kind = Kind::kOther;
  std::string word;  // upper case
  size_t at = 0;
};

/// The tokens of a query, comments and space left out.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  /// None at the end. Errors: Invalid (a text, name or comment without an end).
  Result<std::optional<Token>> Next() {
    LOTIC_RETURN_NOT_OK(SkipSpace());
    if (at_ >= text_.size()) return std::optional<Token>();
    Token token;
    token.at = at_;
    const char c = text_[at_];
    if (c == '\'' || c == '"') {
      // A doubled quote inside is the end of one text and the beginning of the next: the same tokens.
      const size_t end = text_.find(c, at_ + 1);
      if (end == std::string_view::npos) return Status::Invalid("the query has no end of the ", c == '"' ? "name" : "text", " that begins at byte ", at_);
      at_ = end + 1;
    } else if (IsWordByte(c)) {
      token.kind = Token::Kind::kWord;
      for (; at_ < text_.size() && IsWordByte(text_[at_]); ++at_) token.word += static_cast<char>(std::toupper(static_cast<unsigned char>(text_[at_])));
    } else {
      if (c == ';') token.kind = Token::Kind::kSemicolon;
      ++at_;
    }
    return std::optional(std::move(token));
  }

 private:
  Status SkipSpace() {
    for (;;) {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
      if (text_.substr(at_, 2) == "--") {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_, 2) == "/*") {
        const size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return Status::Invalid("the query has no end of the comment that begins at byte ", at_);
        at_ = end + 2;
      } else {
        return Status::OK();
      }
    }
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::string> CheckPassthrough(std::string_view query) {
  if (query.find('\0') != std::string_view::npos) return Status::Invalid("the query holds a byte 0");
  Tokens tokens(query);
  std::optional<size_t> end;
  bool first = true;
  for (;;) {
    LOTIC_ASSIGN_OR_RETURN(const std::optional<Token> token, tokens.Next());
    if (!token) break;
    if (end) return Status::Invalid("the query has more than one statement: byte ", token->at, " lies behind a semicolon");
    if (token->kind == Token::Kind::kSemicolon) {
      if (first) break;
      end = token->at;
      continue;
    }
    if (first && (token->kind != Token::Kind::kWord || std::find(kFirst.begin(), kFirst.end(), token->word) == kFirst.end())) {
      return Status::Invalid("the query begins with '", token->word.empty() ? std::string(query.substr(token->at, 1)) : token->word.substr(0, 40),
                             "'; only SELECT, WITH, SHOW and DESCRIBE are sent");
    }
    first = false;
    if (token->kind == Token::Kind::kWord && std::find(kChanging.begin(), kChanging.end(), token->word) != kChanging.end()) {
      return Status::Invalid("the query holds ", token->word, " at byte ", token->at,
                             ": only what reads is sent (a name like that can be put in double quotes)");
    }
  }
  if (first) return Status::Invalid("the query is empty");
  return std::string(end ? query.substr(0, *end) : query);
}

bool IsMetadataStatement(std::string_view query) {
  Tokens tokens(query);
  const auto token = tokens.Next();
  return token.ok() && token->has_value() && ((*token)->word == "SHOW" || (*token)->word == "DESCRIBE");
}

}  // namespace lotic::timestream
