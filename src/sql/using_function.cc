// SPDX-License-Identifier: Apache-2.0
#include "sql/using_function.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "sql/engine.h"

namespace lotic::sql {
namespace {

enum class TokenKind { kEnd, kWord, kQuoted, kText, kNumber, kSign, kBad };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // a word as it stands; what quotes hold
  size_t at = 0;
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string Lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), Lower);
  return text;
}
bool IsWordByte(char c) { return (Lower(c) >= 'a' && Lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Cuts a text into tokens, one at a time.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) { Advance(); }

  const Token& now() const { return now_; }
  bool Is(std::string_view word) const { return now_.kind == TokenKind::kWord && Lowered(now_.text) == word; }
  bool IsSign(char sign) const { return now_.kind == TokenKind::kSign && now_.text[0] == sign; }
  bool Take(std::string_view word) { return Is(word) && (Advance(), true); }
  bool TakeSign(char sign) { return IsSign(sign) && (Advance(), true); }
  void Advance() {
    SkipSpace();
    now_ = Token{TokenKind::kEnd, "", next_};
    if (next_ >= text_.size()) return;
    const char c = text_[next_];
    if (c == '\'' || c == '"') return Quoted(c);
    if (IsWordByte(c)) {
      now_.kind = IsDigit(c) ? TokenKind::kNumber : TokenKind::kWord;
      while (next_ < text_.size() && IsWordByte(text_[next_])) now_.text += text_[next_++];
      return;
    }
    now_.kind = TokenKind::kSign;
    now_.text = std::string(1, c);
    ++next_;
  }

 private:
  void SkipSpace() {
    while (next_ < text_.size()) {
      const char c = text_[next_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
        ++next_;
      } else if (text_.substr(next_, 2) == "--") {
        next_ = std::min(text_.find('\n', next_), text_.size());
      } else if (text_.substr(next_, 2) == "/*") {
        int depth = 0;
        do {
          const std::string_view two = text_.substr(next_, 2);
          depth += two == "/*" ? 1 : two == "*/" ? -1 : 0;
          next_ += two == "/*" || two == "*/" ? 2 : 1;
        } while (depth > 0 && next_ < text_.size());
      } else {
        return;
      }
    }
  }

  void Quoted(char quote) {
    now_.kind = TokenKind::kBad;  // until it is closed
    for (++next_; next_ < text_.size(); ++next_) {
      if (text_[next_] != quote) {
        now_.text += text_[next_];
      } else if (next_ + 1 < text_.size() && text_[next_ + 1] == quote) {
        now_.text += text_[next_++];
      } else {
        ++next_;
        now_.kind = quote == '"' ? TokenKind::kQuoted : TokenKind::kText;
        return;
      }
    }
  }

  const std::string_view text_;
  size_t next_ = 0;
  Token now_;
};

/// What DuckDB's parser takes apart before a function of that name could be found.
constexpr std::array kTakenNames = {"coalesce", "ifnull",   "if",        "try",  "grouping", "construct_array", "unpack",
                                    "nullif",   "position", "substring", "trim", "overlay",  "extract",         "cast",
                                    "try_cast", "not",      "exists",    "row",  "array",    "unnest",          "columns"};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(text) {}

  Result<std::optional<UsingStatement>> Using() {
    if (!tokens_.Take("using") || !(tokens_.Is("function") || tokens_.Is("external"))) return std::optional<UsingStatement>();
    UsingStatement statement;
    do {
      if (statement.functions.size() == kMaxExternalFunctions) {
        return Status::CapacityError("more than ", kMaxExternalFunctions, " functions in one statement");
      }
      LOTIC_ASSIGN_OR_RETURN(ExternalFunction function, Function());
      for (const ExternalFunction& other : statement.functions) {
        if (other.name == function.name) return Error(name_at_, "function " + function.name + " is declared twice");
      }
      statement.functions.push_back(std::move(function));
    } while (tokens_.TakeSign(','));
    if (tokens_.now().kind == TokenKind::kEnd) return Unexpected("the query, or a comma and another function");
    statement.query = std::string(text_);
    for (size_t i = 0; i < tokens_.now().at; ++i) {
      if (statement.query[i] != '\n') statement.query[i] = ' ';
    }
    return std::optional<UsingStatement>(std::move(statement));
  }

  Result<std::optional<LambdaSetting>> Setting() {
    const bool reset = tokens_.Is("reset");
    if (!tokens_.Take("set") && !tokens_.Take("reset")) return std::optional<LambdaSetting>();
    if (!tokens_.Take("lambda") || !tokens_.TakeSign('.')) return std::optional<LambdaSetting>();
    LambdaSetting setting;
    LOTIC_ASSIGN_OR_RETURN(setting.name, Name("the function's name"));
    if (!tokens_.TakeSign('.') || !tokens_.Take("url")) return Unexpected(".url; the setting is lambda.<name>.url");
    if (!reset) {
      if (!tokens_.TakeSign('=') && !tokens_.Take("to")) return Unexpected("=");
      if (tokens_.now().kind != TokenKind::kText) return Unexpected("the address, in single quotes");
      setting.url = tokens_.now().text;
      tokens_.Advance();
    }
    if (tokens_.now().kind != TokenKind::kEnd && !(tokens_.TakeSign(';') && tokens_.now().kind == TokenKind::kEnd))
      return Unexpected("the end of the statement");
    return std::optional<LambdaSetting>(std::move(setting));
  }

 private:
  static Status Error(size_t at, const std::string& message) { return Status::Invalid(message).WithDetail(std::make_shared<SqlErrorDetail>(at)); }
  Status Unexpected(const std::string& wanted) const {
    const Token& token = tokens_.now();
    if (token.kind == TokenKind::kBad) return Error(token.at, "a quote is not closed");
    return Error(token.at, "expected " + wanted + (token.kind == TokenKind::kEnd ? ", and the text ends" : ", not \"" + token.text.substr(0, 40) + "\""));
  }
  Status Expect(std::string_view word) {
    if (tokens_.Take(word)) return Status::OK();
    std::string upper(word);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return Unexpected(upper);
  }
  Status ExpectSign(char sign) { return tokens_.TakeSign(sign) ? Status::OK() : Unexpected(std::string("\"") + sign + "\""); }

  Result<std::string> Name(const std::string& what) {
    const Token token = tokens_.now();
    if ((token.kind != TokenKind::kWord && token.kind != TokenKind::kQuoted) || token.text.empty()) return Unexpected(what);
    tokens_.Advance();
    return token.text;
  }

  Result<ExternalFunction> Function() {
    const bool external = tokens_.Take("external");
    LOTIC_RETURN_NOT_OK(Expect("function"));
    ExternalFunction function;
    name_at_ = tokens_.now().at;
    LOTIC_ASSIGN_OR_RETURN(function.name, Name("the function's name"));
    function.name = Lowered(function.name);
    if (std::find(kTakenNames.begin(), kTakenNames.end(), function.name) != kTakenNames.end()) {
      return Status::NotImplemented("a function called ", function.name, " cannot be used: SQL has a form of that name; give it another")
          .WithDetail(std::make_shared<SqlErrorDetail>(name_at_));
    }
    LOTIC_ASSIGN_OR_RETURN(function.arguments, Fields(')', "the argument's name"));
    LOTIC_RETURN_NOT_OK(Expect("returns"));
    LOTIC_ASSIGN_OR_RETURN(Type result, ParseType(0));
    function.result = {"result", std::move(result)};
    if (external) {
      LOTIC_RETURN_NOT_OK(Expect("lambda"));
    } else {
      LOTIC_RETURN_NOT_OK(Expect("type"));
      LOTIC_RETURN_NOT_OK(Expect("lambda_invoke"));
      LOTIC_RETURN_NOT_OK(Expect("with"));
      LOTIC_RETURN_NOT_OK(ExpectSign('('));
      LOTIC_RETURN_NOT_OK(Expect("lambda_name"));
      LOTIC_RETURN_NOT_OK(ExpectSign('='));
    }
    if (tokens_.now().kind != TokenKind::kText || tokens_.now().text.empty()) return Unexpected("the Lambda function's name, in single quotes");
    function.lambda = tokens_.now().text;
    tokens_.Advance();
    if (!external) LOTIC_RETURN_NOT_OK(ExpectSign(')'));
    return function;
  }

  /// "(name type, …)"; may be empty.
  Result<std::vector<Field>> Fields(char close, const std::string& what, int depth = 0) {
    LOTIC_RETURN_NOT_OK(ExpectSign('('));
    std::vector<Field> fields;
    if (tokens_.TakeSign(close)) return fields;
    do {
      if (fields.size() == kMaxExternalFunctions)
        return Status::CapacityError("more than ", kMaxExternalFunctions, " arguments of a function or members of a ROW");
      LOTIC_ASSIGN_OR_RETURN(std::string name, Name(what));
      LOTIC_ASSIGN_OR_RETURN(Type type, ParseType(depth));
      fields.push_back({std::move(name), std::move(type)});
    } while (tokens_.TakeSign(','));
    LOTIC_RETURN_NOT_OK(ExpectSign(close));
    return fields;
  }

  Result<int> Number(int low, int high) {
    const Token token = tokens_.now();
    int number = 0;
    const auto end = std::from_chars(token.text.data(), token.text.data() + token.text.size(), number);
    if (token.kind != TokenKind::kNumber || end.ec != std::errc() || end.ptr != token.text.data() + token.text.size() || number < low || number > high) {
      return Unexpected("a number from " + std::to_string(low) + " to " + std::to_string(high));
    }
    tokens_.Advance();
    return number;
  }

  Result<Type> ParseType(int depth) {
    const size_t at = tokens_.now().at;
    if (depth > kMaxTypeDepth) return Error(at, "ROW and ARRAY lie deeper than " + std::to_string(kMaxTypeDepth) + " in one another");
    if (tokens_.now().kind != TokenKind::kWord) return Unexpected("a type");
    const std::string name = Lowered(tokens_.now().text);
    tokens_.Advance();
    if (name == "boolean") return Type::Bool();
    if (name == "tinyint") return Type::Int8();
    if (name == "smallint") return Type::Int16();
    if (name == "int" || name == "integer") return Type::Int32();
    if (name == "bigint") return Type::Int64();
    if (name == "real" || name == "float") return Type::Float32();
    if (name == "varbinary") return Type::Binary();
    if (name == "date") return Type::Date();
    if (name == "string") return Type::String();
    if (name == "double") {
      (void)tokens_.Take("precision");
      return Type::Float64();
    }
    if (name == "varchar") {
      if (tokens_.IsSign('(')) return Error(at, "VARCHAR with a length is not supported: it would have to cut; write VARCHAR");
      return Type::String();
    }
    if (name == "timestamp") {
      if (tokens_.TakeSign('(')) {
        LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const int digits, Number(3, 3));
        LOTIC_RETURN_NOT_OK(ExpectSign(')'));
      }
      if (tokens_.Is("with")) return Error(at, "Athena's functions have no TIMESTAMP WITH TIME ZONE; pass a TIMESTAMP");
      return Type::Timestamp(TimeUnit::kMilli, false);
    }
    if (name == "decimal") {
      int precision = 38, scale = 0;
      if (tokens_.TakeSign('(')) {
        LOTIC_ASSIGN_OR_RETURN(precision, Number(1, 38));
        if (tokens_.TakeSign(',')) {
          LOTIC_ASSIGN_OR_RETURN(scale, Number(0, precision));
        }
        LOTIC_RETURN_NOT_OK(ExpectSign(')'));
      }
      return Type::Decimal(precision, scale);
    }
    if (name == "array") {
      LOTIC_RETURN_NOT_OK(ExpectSign('('));
      LOTIC_ASSIGN_OR_RETURN(Type item, ParseType(depth + 1));
      LOTIC_RETURN_NOT_OK(ExpectSign(')'));
      return Type::List(std::move(item));
    }
    if (name == "row") {
      LOTIC_ASSIGN_OR_RETURN(std::vector<Field> members, Fields(')', "the member's name", depth + 1));
      if (members.empty()) return Error(at, "a ROW has at least one member");
      for (size_t i = 0; i < members.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
          if (Lowered(members[i].name) == Lowered(members[j].name)) return Error(at, "this ROW has two members called " + members[i].name);
        }
      }
      return Type::Struct(std::move(members));
    }
    if (name == "map") return Error(at, "Athena's functions have no MAP; pass two ARRAYs");
    if (name == "timestamptz") return Error(at, "Athena's functions have no TIMESTAMP WITH TIME ZONE; pass a TIMESTAMP");
    return Error(at, "Athena's functions have no type \"" + name.substr(0, 40) + "\"");
  }

  const std::string_view text_;
  Tokens tokens_;
  size_t name_at_ = 0;
};

}  // namespace

Result<std::optional<UsingStatement>> ParseUsingFunction(std::string_view text) { return Parser(text).Using(); }
Result<std::optional<LambdaSetting>> ParseLambdaSetting(std::string_view text) { return Parser(text).Setting(); }

}  // namespace lotic::sql
