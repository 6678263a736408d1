// SPDX-License-Identifier: Apache-2.0
#include "format/json_locator.h"

#include <algorithm>

namespace lotic::json {

namespace {
constexpr size_t kFewChildren = 8;  // looked through; more are looked up
}

void PathTree::Add(std::span<const std::string> members, uint32_t column) {
  uint32_t at = 0;
  for (const std::string& member : members) {
    nodes_[at].below.push_back(column);
    uint32_t child = Child(nodes_[at], member);
    if (child == 0) {
      child = static_cast<uint32_t>(nodes_.size());
      Node& node = nodes_[at];
      node.children.emplace_back(member, child);
      if (node.children.size() == kFewChildren + 1) node.by_name.insert(node.children.begin(), node.children.end());
      if (node.children.size() > kFewChildren + 1) node.by_name.emplace(member, child);
      nodes_.emplace_back();
    }
    at = child;
  }
  nodes_[at].columns.push_back(column);
}

uint32_t PathTree::Child(const Node& node, std::string_view name) {
  if (node.children.size() > kFewChildren) {
    const auto found = node.by_name.find(name);
    return found == node.by_name.end() ? 0 : found->second;
  }
  for (const auto& [child_name, child] : node.children) {
    if (child_name == name) return child;
  }
  return 0;
}

Locator::Locator(const PathTree& tree) : tree_(tree), seen_(tree.num_nodes(), 0) {}

bool Locator::Locate(const uint8_t* begin, const uint8_t* end, Extent* cells, size_t stride, WalkTrace* trace) {
  if (++walk_ == 0) {
    std::fill(seen_.begin(), seen_.end(), 0);
    walk_ = 1;
  }
  p_ = SkipSpace(begin, end);
  end_ = end;
  cells_ = cells;
  stride_ = stride;
  remaining_ = tree_.num_columns();
  trace_ = trace;
  for (size_t c = 0; c < remaining_; ++c) cells[c * stride].kind = ExtentKind::kUnresolved;

  Outcome outcome = Outcome::kBroken;
  if (p_ < end && *p_ == '{') {
    ++p_;
    open_ = 1;
    outcome = WalkObject(tree_.root());
  }
  if (outcome == Outcome::kBroken) Resolve(tree_.root().below, {nullptr, 0, ExtentKind::kBroken});
  if (trace != nullptr) {
    trace->stopped = p_;
    trace->whole = outcome == Outcome::kEnded;
    if (outcome == Outcome::kBroken) trace->regular = false;
  }
  return outcome != Outcome::kBroken;
}

// Members up to the end of the object, or to the last cell wanted in the whole message. p_ stays outside strings, and
// open_ says how many brackets are open there, so that a caller can go on by SkipBalanced whatever happened inside.
Locator::Outcome Locator::WalkObject(const PathTree::Node& node) {
  p_ = SkipSpace(p_, end_);
  if (p_ < end_ && *p_ == '}') {
    ++p_;
    --open_;
    Resolve(node.below, {nullptr, 0, ExtentKind::kMissing});
    return Outcome::kEnded;
  }
  while (true) {
    if (p_ >= end_ || *p_ != '"') return Outcome::kBroken;
    bool escaped = false;
    const uint8_t* key = p_ + 1;
    const uint8_t* close = ScanString(key, end_, &escaped);
    if (close == nullptr) return Outcome::kBroken;
    const uint32_t child = Wanted(node, {reinterpret_cast<const char*>(key), static_cast<size_t>(close - key)}, escaped);
    p_ = SkipSpace(close + 1, end_);
    if (p_ >= end_ || *p_ != ':') return Outcome::kBroken;
    p_ = SkipSpace(p_ + 1, end_);
    if (p_ >= end_) return Outcome::kBroken;

    const PathTree::Node* wanted = child == 0 ? nullptr : &tree_.node(child);
    if (wanted != nullptr && *p_ == '{' && !wanted->children.empty()) {
      const uint8_t* begin = p_++;
      const int64_t outside = open_++;
      const Outcome inner = WalkObject(*wanted);
      if (inner == Outcome::kAllFound) return inner;
      if (inner == Outcome::kBroken) {
        if (trace_ != nullptr) trace_->regular = false;
        Resolve(wanted->below, {nullptr, 0, ExtentKind::kBroken});
      }
      if (!wanted->columns.empty() && trace_ != nullptr) trace_->regular = false;
      if (open_ > outside) {
        const uint8_t* behind = SkipBalanced(p_, end_, open_ - outside);
        if (behind == nullptr) return Outcome::kBroken;
        p_ = behind;
        open_ = outside;
      }
      // The value as a whole, wanted beside its members: its end is known only now.
      Resolve(wanted->columns, {begin, static_cast<uint32_t>(p_ - begin), ExtentKind::kContainer});
    } else {
      Extent extent;
      const uint8_t* behind = ReadExtent(p_, end_, &extent);
      if (trace_ != nullptr && behind != nullptr) {
        const bool bracket = extent.kind == ExtentKind::kContainer;
        trace_->visits.push_back({extent.data + (bracket ? 1 : 0), extent.data + extent.size, extent.kind, {}});
        if (wanted != nullptr) trace_->visits.back().columns = wanted->columns;
      }
      if (wanted != nullptr) Take(*wanted, extent);
      if (behind == nullptr) return Outcome::kBroken;
      p_ = behind;
    }
    if (remaining_ == 0) return Outcome::kAllFound;

    p_ = SkipSpace(p_, end_);
    if (p_ >= end_) return Outcome::kBroken;
    if (*p_ == '}') {
      ++p_;
      --open_;
      Resolve(node.below, {nullptr, 0, ExtentKind::kMissing});
      return Outcome::kEnded;
    }
    if (*p_ != ',') return Outcome::kBroken;
    p_ = SkipSpace(p_ + 1, end_);
  }
}

// The child that `key` means and that this walk has not met before: the first member of a name counts.
uint32_t Locator::Wanted(const PathTree::Node& node, std::string_view key, bool escaped) {
  if (escaped) {
    name_.clear();
    if (!Unescape(key, &name_)) return 0;
    key = name_;
  }
  const uint32_t child = PathTree::Child(node, key);
  if (child == 0 || seen_[child] == walk_) return 0;
  seen_[child] = walk_;
  return child;
}

// A value that is no object to look into: NULL hides the members below it, anything else is not what the path says.
void Locator::Take(const PathTree::Node& node, Extent extent) {
  Resolve(node.columns, extent);
  if (node.below.empty()) return;
  if (trace_ != nullptr) trace_->regular = false;
  ExtentKind kind = ExtentKind::kMisfit;
  if (extent.kind == ExtentKind::kBroken) kind = ExtentKind::kBroken;
  if (extent.kind == ExtentKind::kBare && extent.text() == "null") kind = ExtentKind::kMissing;
  Resolve(node.below, {nullptr, 0, kind});
}

void Locator::Resolve(const std::vector<uint32_t>& columns, const Extent& extent) {
  for (const uint32_t column : columns) {
    Extent& cell = cells_[column * stride_];
    if (cell.kind != ExtentKind::kUnresolved) continue;
    cell = extent;
    --remaining_;
  }
}

}  // namespace lotic::json
