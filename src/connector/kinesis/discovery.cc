// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/discovery.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace lotic::kinesis {
namespace {

constexpr std::string_view kLineageHead = "kinesis-shards1|";
constexpr std::string_view kEndlessHead = "kinesis-endless1|";

std::vector<std::string_view> SplitAt(char mark, std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t from = 0;;) {
    const size_t to = text.find(mark, from);
    parts.push_back(text.substr(from, to - from));
    if (to == std::string_view::npos) return parts;
    from = to + 1;
  }
}

std::string Joined(const std::set<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ",") + id;
  return text;
}

std::set<std::string> Ids(std::string_view text) {
  std::set<std::string> ids;
  if (text.empty()) return ids;
  for (const std::string_view id : SplitAt(',', text)) ids.emplace(id);
  return ids;
}

}  // namespace

std::string StreamLineage::ToText() const {
  return std::string(kLineageHead) + std::to_string(created_ms) + "|" + last_shard + "|" + arn + "|" + Joined(pending) + "|" + Joined(finished);
}

Result<StreamLineage> StreamLineage::Parse(std::string_view text) {
  StreamLineage made;
  const std::vector<std::string_view> parts = SplitAt('|', text.substr(0, kMaxStateBytes));
  if (parts.size() == 6) {
    std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), made.created_ms);
    made.last_shard = parts[2];
    made.arn = parts[3];
    made.pending = Ids(parts[4]);
    made.finished = Ids(parts[5]);
  }
  if (made.ToText() != text) return Status::Invalid("discovery state '", text.substr(0, 100), "' is not one of a Kinesis stream");
  return made;
}

Result<std::vector<Shard>> StreamLineage::Advance(std::span<const Shard> listed, const std::function<bool(const Shard&)>& wanted) {
  std::map<std::string_view, const Shard*> by_id;
  for (const Shard& shard : listed) {
    by_id.emplace(shard.id, &shard);
    for (const std::string& parent : shard.parents) {
      // Ids grow with time: discovery rests on it, and it excludes circles.
      if (parent >= shard.id) return Status::IOError("kinesis ListShards: shard ", shard.id, " names ", parent, " as its parent, which is not older");
    }
  }
  std::erase_if(finished, [&](const std::string& id) { return by_id.count(id) == 0; });
  for (const Shard& shard : listed) {
    if (shard.id <= last_shard || finished.count(shard.id) != 0 || !wanted(shard)) continue;
    pending.insert(shard.id);
  }
  if (!listed.empty()) last_shard = std::max(last_shard, listed.back().id);
  std::vector<Shard> readable;
  const std::set<std::string> waiting = pending;
  for (const std::string& id : waiting) {
    const auto at = by_id.find(id);
    bool blocked = false;
    if (at != by_id.end()) {
      for (const std::string& parent : at->second->parents) {
        const auto found = by_id.find(parent);
        blocked = blocked || (found != by_id.end() && finished.count(parent) == 0 && wanted(*found->second));
      }
    }
    if (blocked) continue;
    // One that expired while it waited is still handed out: its reader then says that it is gone.
    readable.push_back(at != by_id.end() ? *at->second : Shard{id, "", {}});
    pending.erase(id);
  }
  return readable;
}

std::string EndlessToken::ToText() const { return std::string(kEndlessHead) + (start_ms ? std::to_string(*start_ms) : "") + "|" + lineage.ToText(); }

Result<EndlessToken> EndlessToken::Parse(std::string_view text) {
  EndlessToken made;
  const size_t bar = text.find('|', std::min(text.size(), kEndlessHead.size()));
  if (text.substr(0, kEndlessHead.size()) == kEndlessHead && bar != std::string_view::npos) {
    const std::string_view start = text.substr(kEndlessHead.size(), bar - kEndlessHead.size());
    int64_t ms = 0;
    std::from_chars(start.data(), start.data() + start.size(), ms);
    if (!start.empty()) made.start_ms = ms;
    const Result<StreamLineage> lineage = StreamLineage::Parse(text.substr(bar + 1));
    if (lineage.ok()) made.lineage = *lineage;
  }
  if (made.lineage.arn.empty() || made.ToText() != text)
    return Status::Invalid("token '", text.substr(0, 100), "' is not one of an endless read of a Kinesis stream");
  return made;
}

std::set<std::string> AncestorsOf(const std::set<std::string>& ids, std::span<const Shard> listed) {
  std::map<std::string_view, const Shard*> by_id;
  for (const Shard& shard : listed) by_id.emplace(shard.id, &shard);
  std::set<std::string> found;
  std::vector<std::string> next(ids.begin(), ids.end());
  while (!next.empty()) {
    const auto at = by_id.find(next.back());
    next.pop_back();
    if (at == by_id.end()) continue;
    for (const std::string& parent : at->second->parents) {
      if (found.insert(parent).second) next.push_back(parent);
    }
  }
  return found;
}

}  // namespace lotic::kinesis
