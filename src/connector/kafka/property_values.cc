// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/property_values.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

namespace lotic::kafka {
namespace {

using net::Secret;

Result<Secret> ReadReferencedFile(const Property& property, const std::string& path) {
  constexpr size_t kMaxBytes = size_t{1} << 20;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.gcount() == 0 && !file.eof())) {
    return Status::NotFound(property.key, " (", property.origin, "): ${file:", path, "} cannot be read");
  }
  if (static_cast<size_t>(file.gcount()) > kMaxBytes) {
    return Status::CapacityError(property.key, " (", property.origin, "): ${file:", path, "} is longer than ", kMaxBytes, " bytes");
  }
  std::string value = text.substr(0, static_cast<size_t>(file.gcount()));
  net::Wipe(text.data(), text.size());
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  return Secret(std::move(value));
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}
std::string UpperCase(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}
std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

Result<Secret> Dereference(const Property& property) {
  static constexpr std::string_view kSchemes[] = {"${env:", "${file:", "${secret:"};
  std::string_view rest = property.value.Reveal();
  std::string out;
  while (!rest.empty()) {
    const size_t dollar = rest.find("${");
    std::string_view scheme;
    if (dollar != std::string_view::npos) {
      for (const std::string_view known : kSchemes) {
        if (rest.substr(dollar).starts_with(known)) scheme = known;
      }
    }
    if (scheme.empty()) {
      const size_t taken = dollar == std::string_view::npos ? rest.size() : dollar + 2;
      out += rest.substr(0, taken);
      rest.remove_prefix(taken);
      continue;
    }
    if (dollar > 0 && rest[dollar - 1] == '$') {
      out += rest.substr(0, dollar - 1);
      out += scheme;
      rest.remove_prefix(dollar + scheme.size());
      continue;
    }
    const size_t close = rest.find('}', dollar);
    if (close == std::string_view::npos) {
      return Status::Invalid(property.key, " (", property.origin, "): a reference ", scheme, "…} is not closed");
    }
    const std::string name(rest.substr(dollar + scheme.size(), close - dollar - scheme.size()));
    out += rest.substr(0, dollar);
    if (scheme == "${env:") {
      const char* value = std::getenv(name.c_str());
      if (value == nullptr) {
        return Status::NotFound(property.key, " (", property.origin, "): the environment variable ", name, " is not set");
      }
      out += value;
    } else if (scheme == "${file:") {
      LOTIC_ASSIGN_OR_RETURN(const Secret content, ReadReferencedFile(property, name));
      out += content.Reveal();
    } else {
      return Status::NotImplemented(property.key, " (", property.origin, "): ${secret:…} is not built yet; ${env:X} and ${file:PATH} work");
    }
    rest.remove_prefix(close + 1);
  }
  return Secret(std::move(out));
}

Status PropertyValues::Add(const Property& property) {
  const PropertyName* known = FindProperty(property.key);
  const std::string who = property.key + " (" + property.origin + ")";
  if (known == nullptr) {
    const std::string_view nearest = NearestProperty(property.key);
    return Status::Invalid("unknown client property ", who.substr(0, 300),
                           nearest.empty() ? "; it is none of Kafka's client properties that are known here" : "; did you mean " + std::string(nearest) + "?");
  }
  switch (known->fate) {
    case PropertyFate::kUsed: break;
    case PropertyFate::kNoEffect:
      if (warned_.insert(property.key).second) warnings_->push_back(who + " has no effect: " + std::string(known->reason));
      return Status::OK();
    case PropertyFate::kRefused:
      if (TrimBlanks(property.value.Reveal()).empty()) return Status::OK();
      return Status::Invalid(who, " is refused: ", known->reason);
    case PropertyFate::kNotBuilt: return Status::NotImplemented(who, ": ", known->reason);
  }
  LOTIC_ASSIGN_OR_RETURN(Secret value, Dereference(property));
  values_[std::string(known->canonical)] = {std::move(value), property.key, property.origin, known->secret};
  return Status::OK();
}

const GivenProperty* PropertyValues::Find(std::string_view canonical) const {
  const auto found = values_.find(canonical);
  return found == values_.end() ? nullptr : &found->second;
}

void PropertyValues::Text(std::string_view key, std::string* out) const {
  if (const GivenProperty* given = Find(key)) *out = TrimBlanks(given->value.Reveal());
}

void PropertyValues::Take(std::string_view key, Secret* out) const {
  if (const GivenProperty* given = Find(key)) *out = given->value;
}

Status PropertyValues::Bool(std::string_view key, bool* out) const {
  const GivenProperty* given = Find(key);
  if (given == nullptr) return Status::OK();
  const std::string text = LowerCase(TrimBlanks(given->value.Reveal()));
  if (text != "true" && text != "false") return Bad(*given, "true or false is needed");
  *out = text == "true";
  return Status::OK();
}

Status PropertyValues::Number(std::string_view key, int64_t least, int64_t most, std::string_view unit, int64_t* out) const {
  const GivenProperty* given = Find(key);
  if (given == nullptr) return Status::OK();
  const std::string_view text = TrimBlanks(given->value.Reveal());
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || value < least || value > most) {
    return Bad(*given, "a whole number of " + std::string(unit) + " from " + std::to_string(least) + " to " + std::to_string(most) + " is needed");
  }
  *out = value;
  return Status::OK();
}

Status PropertyValues::Number(std::string_view key, int64_t least, int64_t most, std::string_view unit, int32_t* out) const {
  int64_t value = *out;
  LOTIC_RETURN_NOT_OK(Number(key, least, most, unit, &value));
  *out = static_cast<int32_t>(value);
  return Status::OK();
}

Status PropertyValues::Duration(std::string_view key, int64_t least_ms, int64_t most_ms, std::chrono::milliseconds* out) const {
  int64_t value = out->count();
  LOTIC_RETURN_NOT_OK(Number(key, least_ms, most_ms, "milliseconds", &value));
  *out = std::chrono::milliseconds(value);
  return Status::OK();
}

Status PropertyValues::Bad(const GivenProperty& given, std::string_view why) {
  const std::string shown = given.secret ? "***" : given.value.Reveal().substr(0, 100);
  return Status::Invalid(given.key, "=", shown, " (", given.origin, "): ", why);
}

}  // namespace lotic::kafka
