// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "catalog/ddl_tokens.h"
#include "catalog/option_keys.h"

namespace lotic::catalog {
namespace {

constexpr size_t kMaxShown = 100;  // bytes of a value or key in a message

std::string Cut(std::string_view text) {
  if (text.size() <= kMaxShown) return std::string(text);
  size_t end = kMaxShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  return std::string(text.substr(0, end)) + "…";
}

/// What Pinot has without the key.
bool SaysNothing(const JsonTree& value) {
  switch (value.kind) {
    case JsonTree::Kind::kNull: return true;
    case JsonTree::Kind::kBoolean: return !value.boolean;
    case JsonTree::Kind::kNumber: return false;
    case JsonTree::Kind::kText: return value.text.empty() || AsciiLower(value.text) == "false";
    case JsonTree::Kind::kArray:
    case JsonTree::Kind::kObject: return value.items.empty();
  }
  return false;
}

/// "${NAME}" and nothing else: it names a secret, and is none.
bool IsReference(const std::string& text) { return text.starts_with("${") && text.find('}') == text.size() - 1; }

}  // namespace

void HideSecrets(JsonTree* tree) {
  for (size_t i = 0; i < tree->items.size(); ++i) {
    JsonTree& item = tree->items[i];
    const bool scalar = item.kind == JsonTree::Kind::kText || item.kind == JsonTree::Kind::kNumber;
    if (tree->is_object() && scalar && !item.text.empty() && !IsReference(item.text) && IsSecretOption(tree->keys[i])) {
      item = JsonTree::Text(std::string(kHiddenSecret));
    } else {
      HideSecrets(&item);
    }
  }
}

void Findings::Warn(std::string sentence) {
  if (std::find(warnings_.begin(), warnings_.end(), sentence) != warnings_.end()) return;
  if (warnings_.size() < kMaxPinotWarnings) {
    warnings_.push_back(std::move(sentence));
  } else {
    ++dropped_;
  }
}

void Findings::WarnNoEffect(std::string_view path, std::string_view why) { Warn(Cut(path) + " has no effect: " + std::string(why)); }

Status Findings::Unrecognized(std::string path, const JsonTree& value) {
  if (unrecognized_.items.size() >= kMaxUnrecognizedKeys)
    return Status::CapacityError("the document has more than ", kMaxUnrecognizedKeys, " unknown keys; the last one is ", Cut(path));
  const bool secret = value.kind != JsonTree::Kind::kNull && IsSecretOption(path);
  JsonTree shown = secret ? JsonTree::Text(std::string(kHiddenSecret)) : value;
  HideSecrets(&shown);
  unrecognized_.Set(path, std::move(shown));
  return Status::OK();
}

std::vector<std::string> Findings::TakeWarnings() {
  if (dropped_ > 0) warnings_.push_back("and " + std::to_string(dropped_) + " warnings more");
  dropped_ = 0;
  return std::move(warnings_);
}

std::string ShownJson(std::string_view key, const JsonTree& value) {
  switch (value.kind) {
    case JsonTree::Kind::kNull: return "null";
    case JsonTree::Kind::kBoolean: return value.boolean ? "true" : "false";
    case JsonTree::Kind::kNumber: return IsSecretOption(key) ? "******" : Cut(value.text);
    case JsonTree::Kind::kText: return IsSecretOption(key) ? "******" : "\"" + Cut(value.Shown()) + "\"";
    case JsonTree::Kind::kArray: return "an array";
    case JsonTree::Kind::kObject: return "an object";
  }
  return "";
}

bool ParseIntegerText(std::string_view text, int64_t* value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool ParseNumberText(std::string_view text, double* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && std::isfinite(*value);
}

bool ParseBooleanText(std::string_view text, bool* value) {
  const std::string lowered = AsciiLower(text);
  *value = lowered == "true";
  return *value || lowered == "false";
}

std::string ScalarText(const JsonTree& value) {
  if (value.kind == JsonTree::Kind::kBoolean) return value.boolean ? "true" : "false";
  return value.kind == JsonTree::Kind::kText || value.kind == JsonTree::Kind::kNumber ? value.text : "";
}

Status CheckType(const JsonTree& value, KeyType type, const std::string& path) {
  const bool scalar = value.kind == JsonTree::Kind::kText || value.kind == JsonTree::Kind::kNumber || value.kind == JsonTree::Kind::kBoolean;
  const auto bad = [&](const JsonTree& shown) { return Status::Invalid(Cut(path), ": expected ", KeyTypeName(type), ", not ", ShownJson(path, shown)); };
  int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  bool fits = true;
  switch (type) {
    case KeyType::kText: fits = scalar; break;
    case KeyType::kBoolean:
      fits = value.kind == JsonTree::Kind::kBoolean || (value.kind == JsonTree::Kind::kText && ParseBooleanText(value.text, &boolean));
      break;
    case KeyType::kInteger: fits = scalar && ParseIntegerText(ScalarText(value), &integer); break;
    case KeyType::kNumber: fits = scalar && ParseNumberText(ScalarText(value), &number); break;
    case KeyType::kObject: fits = value.is_object(); break;
    case KeyType::kArray: fits = value.is_array(); break;
    case KeyType::kTexts:
      if (!value.is_array()) return bad(value);
      for (const JsonTree& item : value.items) {
        if (item.kind != JsonTree::Kind::kText) return Status::Invalid(Cut(path), ": expected an array of texts, not one with ", ShownJson(path, item));
      }
      break;
    case KeyType::kAny: break;
  }
  return fits ? Status::OK() : bad(value);
}

Status CheckKeys(const JsonTree& object, std::string_view place, const std::string& path, Findings* findings) {
  for (size_t i = 0; i < object.keys.size(); ++i) {
    const JsonTree& value = object.items[i];
    const std::string full = path + object.keys[i];
    const DefinitionKey* const known = FindPinotKey(place, object.keys[i]);
    if (known == nullptr) {
      LOTIC_RETURN_NOT_OK(findings->Unrecognized(full, value));
      continue;
    }
    if (value.kind == JsonTree::Kind::kNull) continue;
    if (known->support == KeySupport::kRefused && SaysNothing(value)) continue;
    if (known->support == KeySupport::kRefused) return Status::Invalid(full, ": ", known->note);
    LOTIC_RETURN_NOT_OK(CheckType(value, known->type, full));
    if (known->support != KeySupport::kWarned || SaysNothing(value)) continue;
    const std::string_view quiet = known->quiet == "<table>" ? std::string_view(findings->table_name()) : known->quiet;
    if (!quiet.empty() && AsciiLower(ScalarText(value)) == AsciiLower(quiet)) continue;
    findings->WarnNoEffect(full, known->note);
  }
  return Status::OK();
}

std::string TextAt(const JsonTree& object, std::string_view key) {
  const JsonTree* const value = object.Find(key);
  return value == nullptr ? "" : ScalarText(*value);
}

bool BoolAt(const JsonTree& object, std::string_view key, bool fallback) {
  bool value = fallback;
  const JsonTree* const found = object.Find(key);
  return found != nullptr && ParseBooleanText(ScalarText(*found), &value) ? value : fallback;
}

int64_t IntAt(const JsonTree& object, std::string_view key, int64_t fallback) {
  int64_t value = 0;
  const JsonTree* const found = object.Find(key);
  return found != nullptr && ParseIntegerText(ScalarText(*found), &value) ? value : fallback;
}

std::vector<std::string> TextsAt(const JsonTree& object, std::string_view key) {
  std::vector<std::string> texts;
  const JsonTree* const found = object.Find(key);
  if (found == nullptr) return texts;
  for (const JsonTree& item : found->items) texts.push_back(item.text);
  return texts;
}

Result<std::vector<PlacedObject>> ObjectsAt(const JsonTree& object, std::string_view key, const std::string& path) {
  std::vector<PlacedObject> objects;
  const JsonTree* const array = object.Find(key);
  if (array == nullptr) return objects;
  for (size_t i = 0; i < array->items.size(); ++i) {
    const JsonTree& item = array->items[i];
    std::string where = path + std::string(key) + "." + std::to_string(i);
    if (item.kind == JsonTree::Kind::kNull) continue;
    if (!item.is_object()) return Status::Invalid(where, ": expected an object, not ", ShownJson(where, item));
    objects.push_back({&item, std::move(where) + "."});
  }
  return objects;
}

}  // namespace lotic::catalog
