// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/pinot_parsed.h"
#include "lotic/status.h"

// JSON documents of a user, as a tree that keeps the order of keys and the digits of numbers. Follows: RFC 8259.

namespace lotic::catalog {

struct JsonTree {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kText, kArray, kObject };
  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;               ///< kText; kNumber: its digits
  std::string given;              ///< kText whose variables were replaced: as the document has it, which is what may be shown; else empty
  std::vector<std::string> keys;  ///< kObject: one for each item, none twice
  std::vector<JsonTree> items;    ///< kArray, kObject

  static JsonTree Boolean(bool value);
  static JsonTree Number(int64_t value);
  static JsonTree NumberText(std::string digits);
  static JsonTree Text(std::string value);
  static JsonTree Object();

  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  /// Null: no such key, or its value is null.
  const JsonTree* Find(std::string_view key) const;
  JsonTree* Find(std::string_view key) { return const_cast<JsonTree*>(static_cast<const JsonTree*>(this)->Find(key)); }
  /// kObject: replaces the value of `key`, or appends it.
  void Set(std::string_view key, JsonTree value);
  /// kText and kNumber: as it may be shown.
  const std::string& Shown() const { return given.empty() ? text : given; }
};

struct JsonDocument {
  JsonTree root;
  std::vector<std::string> repeated;  ///< keys that an object has twice, each once; the last value counts
};

/// Errors: Invalid, with line and column, never with what stands there (it may be a secret); CapacityError beyond kMaxPinotDocumentBytes and kMaxPinotDocumentDepth.
Result<JsonDocument> ParseJsonDocument(std::string_view text);

/// Two blanks a level; texts as given, variables not replaced.
std::string WriteJson(const JsonTree& tree);
/// On one line.
std::string WriteCompactJson(const JsonTree& tree);

/// Replaces `${NAME}` and `${NAME:default}` in all texts (not in keys). NAME begins with a letter or _ and goes on with letters, digits, _ . -; what looks otherwise stays. Errors: Invalid: a variable
/// that is neither set nor has a default; `${secret:NAME}`, which is not built yet.
Status ReplaceVariables(const VariableLookup& variables, JsonTree* tree);

}  // namespace lotic::catalog
