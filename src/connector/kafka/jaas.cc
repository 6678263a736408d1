// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/jaas.h"

#include <cctype>
#include <optional>
#include <vector>

namespace lotic::kafka {
namespace {

Status Syntax(std::string_view why) {
  return Status::Invalid("sasl.jaas.config: ", why,
                         "; expected: org.apache.kafka.common.security.plain.PlainLoginModule required username=\"…\" "
                         "password=\"…\";");
}

struct Token {
  std::string text;
  char symbol = 0;  // '=' or ';'; 0: a word or a quoted text
  bool quoted = false;

  ~Token() { net::Wipe(text.data(), text.size()); }
  Token() = default;
  Token(Token&&) = default;
  Token(const Token&) = default;
};

// A quoted text from the opening quote on; nullopt: not closed. Escapes as in Java's StreamTokenizer.
std::optional<std::string> TakeQuoted(std::string_view text, size_t* at) {
  const char quote = text[(*at)++];
  std::string out;
  while (*at < text.size()) {
    char c = text[(*at)++];
    if (c == quote) return out;
    if (c == '\n' || c == '\r') return std::nullopt;
    if (c != '\\') {
      out += c;
      continue;
    }
    if (*at == text.size()) return std::nullopt;
    c = text[(*at)++];
    if (c >= '0' && c <= '7') {  // octal, up to three digits, below 0400
      int value = c - '0';
      const int most = c <= '3' ? 3 : 2;
      for (int i = 1; i < most && *at < text.size() && text[*at] >= '0' && text[*at] <= '7'; ++i) {
        value = value * 8 + (text[(*at)++] - '0');
      }
      if (value >= 0x80) {
        out += static_cast<char>(0xc0 | value >> 6);
        out += static_cast<char>(0x80 | (value & 0x3f));
      } else {
        out += static_cast<char>(value);
      }
      continue;
    }
    static constexpr std::string_view kFrom = "abfnrtv", kTo = "\a\b\f\n\r\t\v";
    const size_t known = kFrom.find(c);
    out += known == std::string_view::npos ? c : kTo[known];
  }
  return std::nullopt;
}

Result<std::vector<Token>> Tokenise(std::string_view text) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++at;
    } else if (text.substr(at, 2) == "//") {
      at = std::min(text.find('\n', at), text.size());
    } else if (text.substr(at, 2) == "/*") {
      const size_t end = text.find("*/", at + 2);
      if (end == std::string_view::npos) return Syntax("a comment is not closed");
      at = end + 2;
    } else if (c == '=' || c == ';') {
      Token token;
      token.symbol = c;
      tokens.push_back(std::move(token));
      ++at;
    } else if (c == '"' || c == '\'') {
      auto quoted = TakeQuoted(text, &at);
      if (!quoted) return Syntax("a quote is not closed");
      Token token;
      token.text = std::move(*quoted);
      token.quoted = true;
      tokens.push_back(std::move(token));
    } else {
      const size_t start = at;
      while (at < text.size() && !std::isspace(static_cast<unsigned char>(text[at])) && text[at] != '=' && text[at] != ';' && text[at] != '"' &&
             text[at] != '\'') {
        ++at;
      }
      Token token;
      token.text = text.substr(start, at - start);
      tokens.push_back(std::move(token));
    }
  }
  return tokens;
}

Status CheckModule(const std::string& module, bool* scram) {
  const std::string name = module.substr(module.rfind('.') + 1);
  *scram = name == "ScramLoginModule";
  if (*scram || name == "PlainLoginModule") return Status::OK();
  const char* mechanism = name == "OAuthBearerLoginModule" ? "OAUTHBEARER"
                          : name == "IAMLoginModule"       ? "AWS_MSK_IAM"
                          : name == "Krb5LoginModule"      ? "GSSAPI"
                                                           : nullptr;
  if (mechanism != nullptr) {
    return Status::NotImplemented("sasl.jaas.config: ", name, ": SASL mechanism ", mechanism, " is not built yet; PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 work");
  }
  return Status::Invalid("sasl.jaas.config: login module \"", name.substr(0, 100),
                         "\" is refused: only PlainLoginModule and ScramLoginModule are understood, and no code is loaded");
}

}  // namespace

Result<JaasLogin> ParseJaas(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenise(text));
  if (tokens.empty() || tokens[0].symbol != 0) return Syntax("the login module is missing");
  JaasLogin login;
  LOTIC_RETURN_NOT_OK(CheckModule(tokens[0].text, &login.scram));
  size_t at = 1;
  static constexpr std::string_view kFlags[] = {"required", "requisite", "sufficient", "optional"};
  bool flag = false;
  for (const std::string_view known : kFlags) {
    std::string lower = at < tokens.size() ? tokens[at].text : "";
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    flag |= lower == known;
  }
  if (!flag) return Syntax("\"required\" must follow the login module");
  ++at;
  bool has_password = false;
  while (at < tokens.size() && tokens[at].symbol != ';') {
    if (at + 2 >= tokens.size() || tokens[at].symbol != 0 || tokens[at + 1].symbol != '=' || tokens[at + 2].symbol != 0) {
      return Syntax("the options are key=\"value\", and the line ends with \";\"");
    }
    const std::string& key = tokens[at].text;
    if (key == "username") {
      login.username = tokens[at + 2].text;
    } else if (key == "password") {
      login.password = net::Secret(tokens[at + 2].text);
      has_password = true;
    } else if (key == "tokenauth" && tokens[at + 2].text == "true") {
      return Status::NotImplemented("sasl.jaas.config: delegation tokens (tokenauth) are not built; use user name and password");
    }
    at += 3;
  }
  if (at >= tokens.size()) return Syntax("the line must end with \";\"");
  if (at + 1 != tokens.size()) return Syntax("one login module is expected, and something follows the first");
  if (login.username.empty()) return Syntax("the option username is missing");
  if (!has_password) return Syntax("the option password is missing");
  return login;
}

}  // namespace lotic::kafka
