// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "lotic/status.h"

namespace lotic::athena {

enum class JsonKind : uint8_t { kNull, kFalse, kTrue, kInteger, kReal, kText, kArray, kObject };

/// One value of a document. Views point into the document.
struct JsonNode {
  JsonKind kind = JsonKind::kNull;
  std::string_view key;   ///< of a member
  std::string_view text;  ///< kText, without escapes
  int64_t integer = 0;    ///< kInteger
  double real = 0;        ///< kReal: a fraction, an exponent, or a whole number beyond 64 bits signed
  uint32_t first = 0;     ///< kArray, kObject: the children are `count` nodes from here
  uint32_t count = 0;
};

/// A JSON text taken apart, in order and with repeated members; immutable. Any thread.
class JsonDocument {
 public:
  static constexpr int kMaxDepth = 256;
  static constexpr size_t kMaxNodes = 1000000;  ///< some 60 MB

  /// Errors: Invalid (not well formed, with the parser's reason; invalid UTF-8; a lone surrogate), CapacityError (longer than `max_bytes`, too deep, too many values).
  /// `what` ("request") begins the message. A byte order mark is passed over.
  static Result<JsonDocument> Parse(std::string_view what, std::string_view text, size_t max_bytes);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  const JsonNode& root() const { return nodes_.front(); }
  std::span<const JsonNode> children(const JsonNode& node) const { return {nodes_.data() + node.first, node.count}; }
  /// The first member named so; nullptr: none.
  const JsonNode* Find(const JsonNode& object, std::string_view name) const;

 private:
  struct Text;  // the parser and the texts without escapes
  JsonDocument();
  std::unique_ptr<Text> text_;
  std::vector<JsonNode> nodes_;
};

/// "a text", "null", "an object": for messages.
std::string_view JsonKindName(JsonKind kind);

}  // namespace lotic::athena
