// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/json_document.h"

#include <simdjson.h>

#include <cstring>

namespace lotic::athena {

struct JsonDocument::Text {
  simdjson::dom::parser parser;
};

JsonDocument::JsonDocument() : text_(std::make_unique<Text>()) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

namespace {

using Element = simdjson::dom::element;

// The parser lets the second half of a surrogate pair stand alone; its three bytes are no UTF-8: ED A0..BF xx.
bool HasLoneSurrogate(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const void* found = std::memchr(text.data() + at, 0xED, text.size() - at);
    if (found == nullptr) return false;
    at = static_cast<size_t>(static_cast<const char*>(found) - text.data()) + 1;
    if (at < text.size() && static_cast<uint8_t>(text[at]) >= 0xA0) return true;
  }
  return false;
}

// Lays the elements out as nodes, children of one parent side by side. The parser has bounded the depth.
class Layout {
 public:
  Layout(std::string_view what, std::vector<JsonNode>* nodes) : what_(what), nodes_(*nodes) {}

  Status Fill(size_t index, const Element& element) {
    JsonNode node = nodes_[index];
    switch (element.type()) {
      case simdjson::dom::element_type::NULL_VALUE: node.kind = JsonKind::kNull; break;
      case simdjson::dom::element_type::BOOL: node.kind = element.get_bool().value_unsafe() ? JsonKind::kTrue : JsonKind::kFalse; break;
      case simdjson::dom::element_type::INT64:
        node.kind = JsonKind::kInteger;
        node.integer = element.get_int64().value_unsafe();
        break;
      case simdjson::dom::element_type::UINT64:
        node.kind = JsonKind::kReal;
        node.real = static_cast<double>(element.get_uint64().value_unsafe());
        break;
      case simdjson::dom::element_type::DOUBLE:
        node.kind = JsonKind::kReal;
        node.real = element.get_double().value_unsafe();
        break;
      case simdjson::dom::element_type::STRING:
        node.kind = JsonKind::kText;
        LOTIC_RETURN_NOT_OK(SetText(element.get_string().value_unsafe(), &node.text));
        break;
      case simdjson::dom::element_type::ARRAY: {
        const simdjson::dom::array array = element.get_array().value_unsafe();
        node.kind = JsonKind::kArray;
        size_t count = 0;
        for ([[maybe_unused]] const Element& item : array) ++count;
        LOTIC_RETURN_NOT_OK(Reserve(count, &node));
        size_t at = node.first;
        for (const Element& item : array) LOTIC_RETURN_NOT_OK(Fill(at++, item));
        break;
      }
      case simdjson::dom::element_type::OBJECT: {
        const simdjson::dom::object object = element.get_object().value_unsafe();
        node.kind = JsonKind::kObject;
        size_t count = 0;
        for ([[maybe_unused]] const auto member : object) ++count;
        LOTIC_RETURN_NOT_OK(Reserve(count, &node));
        size_t at = node.first;
        for (const auto member : object) {
          LOTIC_RETURN_NOT_OK(SetText(member.key, &nodes_[at].key));
          LOTIC_RETURN_NOT_OK(Fill(at++, member.value));
        }
        break;
      }
    }
    nodes_[index] = node;
    return Status::OK();
  }

 private:
  Status Reserve(size_t count, JsonNode* parent) {
    if (nodes_.size() + count > JsonDocument::kMaxNodes) {
      return Status::CapacityError(what_, ": more than ", JsonDocument::kMaxNodes, " JSON values");
    }
    parent->first = static_cast<uint32_t>(nodes_.size());
    parent->count = static_cast<uint32_t>(count);
    nodes_.resize(nodes_.size() + count);
    return Status::OK();
  }
  Status SetText(std::string_view text, std::string_view* out) const {
    if (HasLoneSurrogate(text)) return Status::Invalid(what_, ": not valid JSON: half of a surrogate pair in a text");
    *out = text;
    return Status::OK();
  }
  const std::string_view what_;
  std::vector<JsonNode>& nodes_;
};

}  // namespace

Result<JsonDocument> JsonDocument::Parse(std::string_view what, std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) return Status::CapacityError(what, ": ", text.size(), " bytes; the limit is ", max_bytes);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, 3) == kByteOrderMark) text.remove_prefix(3);
  if (text.empty()) return Status::Invalid(what, ": not valid JSON: it is empty");  // whose pointer may be null, which the parser's copy must not see
  JsonDocument document;
  simdjson::dom::parser& parser = document.text_->parser;
  simdjson::error_code error = parser.allocate(std::max<size_t>(text.size(), 32), kMaxDepth);
  Element root;
  if (error == simdjson::SUCCESS) error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::DEPTH_ERROR) return Status::CapacityError(what, ": JSON nested deeper than ", kMaxDepth);
  if (error == simdjson::MEMALLOC || error == simdjson::CAPACITY) return Status::CapacityError(what, ": no memory for ", text.size(), " bytes of JSON");
  if (error != simdjson::SUCCESS) return Status::Invalid(what, ": not valid JSON (", text.size(), " bytes): ", simdjson::error_message(error));
  document.nodes_.resize(1);
  LOTIC_RETURN_NOT_OK(Layout(what, &document.nodes_).Fill(0, root));
  return document;
}

const JsonNode* JsonDocument::Find(const JsonNode& object, std::string_view name) const {
  if (object.kind != JsonKind::kObject) return nullptr;
  for (const JsonNode& member : children(object)) {
    if (member.key == name) return &member;
  }
  return nullptr;
}

std::string_view JsonKindName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull: return "null";
    case JsonKind::kFalse: return "false";
    case JsonKind::kTrue: return "true";
    case JsonKind::kInteger: return "a whole number";
    case JsonKind::kReal: return "a number that is not whole or too large";
    case JsonKind::kText: return "a text";
    case JsonKind::kArray: return "an array";
    case JsonKind::kObject: return "an object";
  }
  return "";
}

}  // namespace lotic::athena
