// SPDX-License-Identifier: Apache-2.0
// Reading Java's .properties format, as java.util.Properties.load documents it: logical lines, escapes, three
// separators.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "connector/kafka/client_properties.h"

namespace lotic::kafka {
namespace {

using net::Secret;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
    const unsigned char lead = at(i);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : (lead >> 4) == 14 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((at(i + k) & 0xc0) != 0x80) return false;
    }
    if (length == 3 && ((lead == 0xe0 && at(i + 1) < 0xa0) || (lead == 0xed && at(i + 1) >= 0xa0))) return false;
    if (length == 4 && ((lead == 0xf0 && at(i + 1) < 0x90) || (lead == 0xf4 && at(i + 1) >= 0x90))) return false;
    i += length;
  }
  return true;
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
  } else if (code < 0x800) {
    *out += static_cast<char>(0xc0 | code >> 6);
    *out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *out += static_cast<char>(0xe0 | code >> 12);
    *out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    *out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    *out += static_cast<char>(0xf0 | code >> 18);
    *out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    *out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    *out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

std::optional<uint32_t> FourHexDigits(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  return value;
}

// Undoes the escapes of a key or value; nullopt: a malformed \u.
std::optional<std::string> Unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) break;  // a lone backslash at the end of the file disappears, as in Java
    switch (text[i]) {
      case 't': out += '\t'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 'f': out += '\f'; break;
      case 'u': {
        auto code = FourHexDigits(text.substr(i + 1));
        if (!code || *code == 0) return std::nullopt;
        i += 4;
        if (*code >= 0xd800 && *code < 0xdc00) {  // first half of a pair: the second must follow
          const auto low = text.substr(i + 1, 2) == "\\u" ? FourHexDigits(text.substr(i + 3)) : std::nullopt;
          if (!low || *low < 0xdc00 || *low >= 0xe000) return std::nullopt;
          code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
          i += 6;
        } else if (*code >= 0xdc00 && *code < 0xe000) {
          return std::nullopt;
        }
        AppendUtf8(*code, &out);
        break;
      }
      default: out += text[i];
    }
  }
  return out;
}

// A line that ends in an odd number of backslashes goes on.
bool Continues(std::string_view line) {
  size_t slashes = 0;
  while (slashes < line.size() && line[line.size() - 1 - slashes] == '\\') ++slashes;
  return slashes % 2 == 1;
}

std::string_view SkipBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  return text;
}

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  int number() const { return number_; }
  std::optional<std::string_view> Next() {
    if (rest_.empty()) return std::nullopt;
    ++number_;
    const size_t end = rest_.find_first_of("\r\n");
    const std::string_view line = rest_.substr(0, end);
    if (end == std::string_view::npos) {
      rest_ = {};
    } else {
      rest_.remove_prefix(end + (rest_.substr(end, 2) == "\r\n" ? 2 : 1));
    }
    return line;
  }

 private:
  std::string_view rest_;
  int number_ = 0;
};

}  // namespace

Result<std::vector<Property>> ParseProperties(std::string_view given, std::string_view origin) {
  if (given.size() > kMaxPropertiesBytes) {
    return Status::CapacityError(origin, ": longer than ", kMaxPropertiesBytes, " bytes; this is no properties file");
  }
  if (given.starts_with("\xef\xbb\xbf")) given.remove_prefix(3);
  std::string converted;
  if (!IsUtf8(given)) {  // Java's own reading: one byte a character
    for (const char c : given) AppendUtf8(static_cast<unsigned char>(c), &converted);
    given = converted;
  }
  std::vector<Property> properties;
  Lines lines(given);
  while (auto line = lines.Next()) {
    std::string_view start = SkipBlanks(*line);
    if (start.empty() || start.front() == '#' || start.front() == '!') continue;
    const std::string where = std::string(origin) + ":" + std::to_string(lines.number());
    std::string logical(start);
    while (Continues(logical)) {
      logical.pop_back();
      const auto more = lines.Next();
      if (!more) break;
      logical += SkipBlanks(*more);
    }
    if (logical.find('\0') != std::string::npos) return Status::Invalid(where, ": a NUL byte; this is no properties file");
    size_t key_end = 0;
    while (key_end < logical.size() && !IsBlank(logical[key_end]) && logical[key_end] != '=' && logical[key_end] != ':') {
      key_end += logical[key_end] == '\\' ? 2 : 1;
    }
    key_end = std::min(key_end, logical.size());
    std::string_view value = SkipBlanks(std::string_view(logical).substr(key_end));
    if (!value.empty() && (value.front() == '=' || value.front() == ':')) value = SkipBlanks(value.substr(1));
    auto key = Unescape(std::string_view(logical).substr(0, key_end));
    auto text = Unescape(value);
    net::Wipe(logical.data(), logical.size());
    if (!key || !text) return Status::Invalid(where, ": malformed \\u escape; four hexadecimal digits follow \\u");
    if (key->empty()) return Status::Invalid(where, ": a value without a key");
    properties.push_back({std::move(*key), Secret(std::move(*text)), where});
  }
  net::Wipe(converted.data(), converted.size());
  return properties;
}

Result<std::vector<Property>> ReadPropertiesFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    const std::string message = "cannot open properties file " + path + ": " + std::strerror(error);
    return error == ENOENT ? Status::NotFound(message) : Status::IOError(message);
  }
  std::string text(kMaxPropertiesBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Status::IOError("cannot read properties file ", path);
  const Secret content(text.substr(0, static_cast<size_t>(file.gcount())));
  net::Wipe(text.data(), text.size());
  return ParseProperties(content.Reveal(), path);
}

Result<Property> ParseAssignment(std::string_view text, std::string_view origin) {
  const size_t equals = text.find('=');
  // The whole may hold a password, so it is not repeated.
  if (equals == std::string_view::npos) return Status::Invalid(origin, ": \"key=value\" is needed, and there is no \"=\"");
  std::string_view key = SkipBlanks(text.substr(0, equals));
  while (!key.empty() && IsBlank(key.back())) key.remove_suffix(1);
  if (key.empty()) return Status::Invalid(origin, ": \"key=value\" is needed, and the key is empty");
  return Property{std::string(key), Secret(std::string(text.substr(equals + 1))), std::string(origin)};
}

}  // namespace lotic::kafka
