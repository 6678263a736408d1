// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "format/json_text.h"

// Where the wanted cells of a message are. The general path: one walk over members, brackets and quotes, up to the last
// wanted cell. It is the definition of a cell's place (docs/reference/json.md); the shapes of json_shape.h only repeat
// its answers faster.

namespace lotic::json {

/// The wanted paths as a tree of member names. Immutable after Add().
class PathTree {
 public:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Node {
    std::vector<uint32_t> columns;  ///< those whose value is this member
    std::vector<uint32_t> below;    ///< those of members inside it, at any depth
    std::vector<std::pair<std::string, uint32_t>> children;
    std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>> by_name;  ///< the same, where there are many
  };
  PathTree() : nodes_(1) {}
  void Add(std::span<const std::string> members, uint32_t column);

  const Node& root() const { return nodes_[0]; }
  const Node& node(uint32_t index) const { return nodes_[index]; }
  size_t num_nodes() const { return nodes_.size(); }
  size_t num_columns() const { return nodes_[0].below.size(); }
  /// Index of the child of `node` that is named so; 0 if there is none.
  static uint32_t Child(const Node& node, std::string_view name);

 private:
  std::vector<Node> nodes_;
};

/// A value that the walk passed, in the order of the text: what a shape is made of.
struct Visit {
  const uint8_t* begin;  ///< string: behind the quote; container: behind the bracket
  const uint8_t* end;    ///< string: the closing quote; container: behind its bracket; bare: behind it
  ExtentKind kind;
  std::span<const uint32_t> columns;  ///< empty: passed over
};

struct WalkTrace {
  std::vector<Visit> visits;
  const uint8_t* stopped = nullptr;  ///< where the walk ended: behind the last wanted value, or behind the object
  bool whole = false;                ///< the object ended there
  bool regular = true;               ///< the text alone decides what was found, so that equal text gives equal answers
  /// Of a walk over the whole message: nothing may stand behind `stopped`, and a string may have escapes, whose validity is its user's matter.
  bool to_end = false;
};

/// One thread at a time.
class Locator {
 public:
  explicit Locator(const PathTree& tree);  // borrows

  /// Finds every wanted cell of one message: column c's goes to cells[c * stride]. @return false if the text broke
  /// before the last of them. `trace`, if not null, is filled.
  bool Locate(const uint8_t* begin, const uint8_t* end, Extent* cells, size_t stride, WalkTrace* trace);

 private:
  enum class Outcome : uint8_t { kEnded, kAllFound, kBroken };
  Outcome WalkObject(const PathTree::Node& node);
  uint32_t Wanted(const PathTree::Node& node, std::string_view key, bool escaped);
  void Take(const PathTree::Node& node, Extent extent);
  void Resolve(const std::vector<uint32_t>& columns, const Extent& extent);

  const PathTree& tree_;
  std::vector<uint32_t> seen_;  // by node: the walk that met it last
  uint32_t walk_ = 0;
  std::string name_;
  // Of the walk under way.
  const uint8_t* p_ = nullptr;
  const uint8_t* end_ = nullptr;
  Extent* cells_ = nullptr;
  size_t stride_ = 0;
  size_t remaining_ = 0;
  int64_t open_ = 0;  // objects entered and not left
  WalkTrace* trace_ = nullptr;
};

}  // namespace lotic::json
