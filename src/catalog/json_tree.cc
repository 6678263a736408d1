// SPDX-License-Identifier: Apache-2.0
#include "catalog/json_tree.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <nlohmann/json.hpp>

namespace lotic::catalog {
namespace {

using nlohmann::json;

/// "line 3, column 7" of a byte.
std::string Place(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t last = before.rfind('\n');
  const size_t column = before.size() - (last == std::string_view::npos ? 0 : last + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string NotJson(std::string_view text, size_t position) {
  const size_t at = position == 0 ? 0 : position - 1;  // nlohmann counts from one, and stands on the last byte it read
  std::string_view rest = text.substr(std::min(at, text.size()));
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "the document is empty; a JSON object is needed";
  if (rest.find_first_not_of(" \t\r\n") == std::string_view::npos) return "not JSON: it ends too early, at " + Place(text, text.size());
  std::string what = "not JSON at " + Place(text, at);
  const size_t before = text.substr(0, at).find_last_not_of(" \t\r\n");
  if ((rest[0] == '}' || rest[0] == ']') && before != std::string_view::npos && text[before] == ',') return what + ": a comma stands before " + rest[0];
  if (rest[0] == '/' && rest.size() > 1) return what + ": JSON has no comments";
  if (rest[0] == '\'') return what + ": texts and keys stand in double quotes";
  if (rest[0] > ' ' && rest[0] < 0x7f && !std::isalnum(static_cast<unsigned char>(rest[0]))) return what + ": unexpected " + rest[0];
  return what;
}

/// Builds a tree from nlohmann's events. Its own limits end the parse by returning false.
class TreeBuilder final : public nlohmann::json_sax<json> {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) { stack_.emplace_back(); }

  bool null() override { return Add(JsonTree()); }
  bool boolean(bool value) override { return Add(JsonTree::Boolean(value)); }
  bool number_integer(number_integer_t value) override { return Add(JsonTree::NumberText(std::to_string(value))); }
  bool number_unsigned(number_unsigned_t value) override { return Add(JsonTree::NumberText(std::to_string(value))); }
  bool number_float(number_float_t, const string_t& digits) override { return Add(JsonTree::NumberText(digits)); }
  bool string(string_t& value) override { return Add(JsonTree::Text(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(JsonTree::Kind::kObject); }
  bool start_array(size_t) override { return Open(JsonTree::Kind::kArray); }
  bool key(string_t& name) override {
    stack_.back().keys.push_back(std::move(name));
    return true;
  }
  bool end_object() override {
    DropRepeated(&stack_.back());
    return Close();
  }
  bool end_array() override { return Close(); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    // A number beyond double's range is told so by another exception of the same call.
    status_ = error.id == 406 ? Status::Invalid("not JSON at ", Place(text_, position == 0 ? 0 : position - 1), ": a number out of range")
                              : Status::Invalid(NotJson(text_, position));
    return false;
  }

  const Status& status() const { return status_; }
  JsonDocument Take() { return {std::move(stack_[0].items[0]), std::move(repeated_)}; }

 private:
  bool Add(JsonTree value) {
    stack_.back().items.push_back(std::move(value));
    return true;
  }
  bool Open(JsonTree::Kind kind) {
    if (stack_.size() > static_cast<size_t>(kMaxPinotDocumentDepth)) {
      status_ = Status::CapacityError("the document has more than ", kMaxPinotDocumentDepth, " objects and arrays within each other");
      return false;
    }
    stack_.emplace_back().kind = kind;
    return true;
  }
  bool Close() {
    JsonTree done = std::move(stack_.back());
    stack_.pop_back();
    return Add(std::move(done));
  }
  void DropRepeated(JsonTree* object) {
    std::vector<size_t> order(object->keys.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return object->keys[a] < object->keys[b]; });
    std::vector<bool> drop(order.size(), false);
    bool any = false;
    for (size_t i = 1; i < order.size(); ++i) {
      if (object->keys[order[i - 1]] != object->keys[order[i]]) continue;
      drop[order[i - 1]] = any = true;
      if (std::find(repeated_.begin(), repeated_.end(), object->keys[order[i]]) == repeated_.end() && repeated_.size() < kMaxRepeated)
        repeated_.push_back(object->keys[order[i]]);
    }
    if (!any) return;
    size_t kept = 0;
    for (size_t i = 0; i < drop.size(); ++i) {
      if (drop[i]) continue;
      if (kept != i) {
        object->keys[kept] = std::move(object->keys[i]);
        object->items[kept] = std::move(object->items[i]);
      }
      ++kept;
    }
    object->keys.resize(kept);
    object->items.resize(kept);
  }

  static constexpr size_t kMaxRepeated = 20;  // keys named; more are dropped all the same
  const std::string_view text_;
  std::vector<JsonTree> stack_;  // [0] holds the root as its one item
  std::vector<std::string> repeated_;
  Status status_;
};

void AppendText(const std::string& text, std::string* out) { *out += json(text).dump(-1, ' ', false, json::error_handler_t::replace); }

/// `indent` < 0: on one line.
void Append(const JsonTree& tree, int indent, std::string* out) {
  const auto line = [&](int level) {
    if (indent >= 0) *out += '\n' + std::string(static_cast<size_t>(level) * 2, ' ');
  };
  switch (tree.kind) {
    case JsonTree::Kind::kNull: *out += "null"; return;
    case JsonTree::Kind::kBoolean: *out += tree.boolean ? "true" : "false"; return;
    case JsonTree::Kind::kNumber: *out += tree.text; return;
    case JsonTree::Kind::kText: AppendText(tree.Shown(), out); return;
    case JsonTree::Kind::kArray:
    case JsonTree::Kind::kObject: break;
  }
  const bool object = tree.is_object();
  *out += object ? '{' : '[';
  for (size_t i = 0; i < tree.items.size(); ++i) {
    if (i > 0) *out += indent >= 0 ? "," : ", ";
    line(indent + 1);
    if (object) {
      AppendText(tree.keys[i], out);
      *out += ": ";
    }
    Append(tree.items[i], indent < 0 ? indent : indent + 1, out);
  }
  if (!tree.items.empty()) line(indent);
  *out += object ? '}' : ']';
}

bool IsNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-'; }

Status ReplaceInText(const VariableLookup& variables, JsonTree* node) {
  const std::string& text = node->text;
  std::string out;
  size_t done = 0;
  bool replaced = false;
  for (size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 1)) {
    if (at < done) continue;
    size_t name_end = at + 2;
    if (name_end >= text.size() || !IsNameStart(text[name_end])) continue;
    while (name_end < text.size() && IsNamePart(text[name_end])) ++name_end;
    if (name_end >= text.size() || (text[name_end] != '}' && text[name_end] != ':')) continue;
    const size_t close = text.find('}', name_end);
    if (close == std::string::npos) continue;
    const std::string name = text.substr(at + 2, name_end - at - 2);
    if (name == "secret" && text[name_end] == ':')
      return Status::Invalid(text.substr(at, close - at + 1), ": secrets by name are not built yet; a variable ${NAME} of the server can hold it");
    std::optional<std::string> value = variables == nullptr ? std::nullopt : variables(name);
    if (!value && text[name_end] == ':') value = text.substr(name_end + 1, close - name_end - 1);
    if (!value) return Status::Invalid("the variable ${", name, "} is not set and has no default; ${", name, ":default} gives one");
    out.append(text, done, at - done);
    out += *value;
    done = close + 1;
    replaced = true;
  }
  if (!replaced) return Status::OK();
  out.append(text, done);
  node->given = std::exchange(node->text, std::move(out));
  return Status::OK();
}

}  // namespace

JsonTree JsonTree::Boolean(bool value) {
  JsonTree tree;
  tree.kind = Kind::kBoolean;
  tree.boolean = value;
  return tree;
}

JsonTree JsonTree::Number(int64_t value) { return NumberText(std::to_string(value)); }

JsonTree JsonTree::NumberText(std::string digits) {
  JsonTree tree;
  tree.kind = Kind::kNumber;
  tree.text = std::move(digits);
  return tree;
}

JsonTree JsonTree::Text(std::string value) {
  JsonTree tree;
  tree.kind = Kind::kText;
  tree.text = std::move(value);
  return tree;
}

JsonTree JsonTree::Object() {
  JsonTree tree;
  tree.kind = Kind::kObject;
  return tree;
}

const JsonTree* JsonTree::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return items[i].kind == Kind::kNull ? nullptr : &items[i];
  }
  return nullptr;
}

void JsonTree::Set(std::string_view key, JsonTree value) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] != key) continue;
    items[i] = std::move(value);
    return;
  }
  keys.emplace_back(key);
  items.push_back(std::move(value));
}

Result<JsonDocument> ParseJsonDocument(std::string_view text) {
  if (text.size() > kMaxPinotDocumentBytes) return Status::CapacityError("the document is longer than ", kMaxPinotDocumentBytes, " bytes");
  TreeBuilder builder(text);
  const bool whole = json::sax_parse(text.begin(), text.end(), &builder);
  if (!builder.status().ok()) return builder.status();
  LOTIC_CHECK(whole);
  return builder.Take();
}

std::string WriteJson(const JsonTree& tree) {
  std::string out;
  Append(tree, 0, &out);
  return out;
}

std::string WriteCompactJson(const JsonTree& tree) {
  std::string out;
  Append(tree, -1, &out);
  return out;
}

Status ReplaceVariables(const VariableLookup& variables, JsonTree* tree) {
  if (tree->kind == JsonTree::Kind::kText) return ReplaceInText(variables, tree);
  for (JsonTree& item : tree->items) LOTIC_RETURN_NOT_OK(ReplaceVariables(variables, &item));
  return Status::OK();
}

}  // namespace lotic::catalog
