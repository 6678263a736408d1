// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql_lexer.h"

#include <algorithm>

#include "catalog/pinot_sql_syntax.h"

namespace lotic::catalog {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordByte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  Result<std::vector<PinotToken>> Run() {
    while (true) {
      LOTIC_RETURN_NOT_OK(SkipSpace());
      PinotToken token;
      token.at = at_;
      if (at_ == sql_.size()) {
        token.end = at_;
        tokens_.push_back(std::move(token));
        return std::move(tokens_);
      }
      LOTIC_RETURN_NOT_OK(Read(&token));
      token.end = at_;
      tokens_.push_back(std::move(token));
    }
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  Status Error(size_t at, std::string_view what) const { return PinotError(PinotErrorCode::kSqlParsing, what, " at ", PinotPosition(sql_, at)); }

  Status SkipSpace() {
    while (at_ < sql_.size()) {
      const char c = Peek();
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
        ++at_;
      } else if (c == '-' && Peek(1) == '-') {
        const size_t end = sql_.find('\n', at_);
        at_ = end == std::string_view::npos ? sql_.size() : end + 1;
      } else if (c == '/' && Peek(1) == '*') {
        const size_t end = sql_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return Error(at_, "a comment /* that nothing ends");
        at_ = end + 2;
      } else {
        break;
      }
    }
    return Status::OK();
  }

  Status Read(PinotToken* token) {
    const char c = Peek();
    if (c == '\'' || c == '"') return Quoted(c, token);
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)) && !AfterName())) return Number(token);
    if (IsWordByte(c)) {
      const size_t begin = at_;
      while (at_ < sql_.size() && (IsWordByte(Peek()) || IsDigit(Peek()))) ++at_;
      token->kind = PinotToken::Kind::kWord;
      token->text = sql_.substr(begin, at_ - begin);
      return Status::OK();
    }
    token->kind = PinotToken::Kind::kSign;
    for (const std::string_view two : {"<>", "!=", "<=", ">=", "||"}) {
      if (sql_.substr(at_, 2) == two) {
        token->text = two;
        at_ += 2;
        return Status::OK();
      }
    }
    if (std::string_view("()[],.;+-*/%=<>").find(c) != std::string_view::npos) {
      token->text = c;
      ++at_;
      return Status::OK();
    }
    if (c == '`') return Error(at_, "a backtick quotes no name in this dialect, double quotes do:");
    return Error(at_, static_cast<unsigned char>(c) < 0x20 ? "a control character" : std::string("unexpected character ") + c);
  }

  /// `a.1` is a path, `1 .5` is not.
  bool AfterName() const {
    return !tokens_.empty() && tokens_.back().end == at_ &&
           (tokens_.back().kind == PinotToken::Kind::kWord || tokens_.back().kind == PinotToken::Kind::kQuoted);
  }

  Status Quoted(char quote, PinotToken* token) {
    const size_t begin = at_++;
    token->kind = quote == '"' ? PinotToken::Kind::kQuoted : PinotToken::Kind::kText;
    while (true) {
      const size_t end = sql_.find(quote, at_);
      if (end == std::string_view::npos) return Error(begin, quote == '"' ? "a name whose double quotes nothing ends" : "a text whose quotes nothing ends");
      token->text += sql_.substr(at_, end - at_);
      at_ = end + 1;
      if (Peek() != quote) break;
      token->text += quote;
      ++at_;
    }
    if (token->kind == PinotToken::Kind::kQuoted && token->text.empty()) return Error(begin, "a name without characters");
    return Status::OK();
  }

  Status Number(PinotToken* token) {
    const size_t begin = at_;
    token->kind = PinotToken::Kind::kInteger;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.') {
      token->kind = PinotToken::Kind::kDecimal;
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    if (Peek() == 'e' || Peek() == 'E') {
      const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
      if (IsDigit(Peek(1 + sign))) {
        token->kind = PinotToken::Kind::kDecimal;
        at_ += 1 + sign;
        while (IsDigit(Peek())) ++at_;
      }
    }
    token->text = sql_.substr(begin, at_ - begin);
    if (IsWordByte(Peek())) return Error(begin, "a number with letters behind it: '" + token->text + std::string(1, Peek()) + "…'");
    return Status::OK();
  }

  const std::string_view sql_;
  size_t at_ = 0;
  std::vector<PinotToken> tokens_;
};

}  // namespace

bool PinotToken::IsWord(std::string_view word) const {
  return kind == Kind::kWord && std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return Upper(a) == b; });
}

Result<std::vector<PinotToken>> PinotTokens(std::string_view sql) { return Lexer(sql).Run(); }

std::string PinotPosition(std::string_view sql, size_t at) {
  const std::string_view before = sql.substr(0, at);
  const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const size_t begin = before.rfind('\n');
  return "line " + std::to_string(line) + ", column " + std::to_string(at - (begin == std::string_view::npos ? 0 : begin + 1) + 1);
}

}  // namespace lotic::catalog
