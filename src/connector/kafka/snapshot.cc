// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/snapshot.h"

#include <charconv>
#include <optional>

#include "connector/kafka/cluster.h"

namespace lotic::kafka {
namespace {

constexpr std::string_view kVersion = "k1";

/// Takes what lies before `separator` off the front; nullopt if it is not there.
std::optional<std::string_view> TakeUntil(std::string_view* rest, char separator) {
  const size_t at = rest->find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = rest->substr(0, at);
  rest->remove_prefix(at + 1);
  return part;
}

template <typename T>
bool ParseNumber(std::optional<std::string_view> text, T* value) {
  if (!text.has_value() || text->empty()) return false;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *value);
  return error == std::errc() && end == text->data() + text->size();
}

}  // namespace

std::string Snapshot::ToToken() const {
  std::string token(kVersion);
  token += ':';
  token += topic;
  token += ':';
  token += topic_id;
  token += isolation == Isolation::kReadCommitted ? ":c:" : ":u:";
  bool first = true;
  for (const SnapshotPartition& p : partitions) {
    if (!first) token += ',';
    first = false;
    token += std::to_string(p.partition) + '=' + std::to_string(p.start) + '-' + std::to_string(p.end) + '@' + std::to_string(p.leader_epoch);
  }
  return token;
}

Result<Snapshot> Snapshot::Parse(std::string_view token) {
  const auto wrong = [&](const char* why) { return Status::Invalid("snapshot token '", token.substr(0, 100), token.size() > 100 ? "…" : "", "': ", why); };
  std::string_view rest = token;
  Snapshot snapshot;
  if (TakeUntil(&rest, ':') != kVersion) return wrong("it is not one of a Kafka topic");
  const auto topic = TakeUntil(&rest, ':');
  const auto id = TakeUntil(&rest, ':');
  const auto isolation = TakeUntil(&rest, ':');
  if (!topic || topic->empty() || !id || !isolation || (*isolation != "c" && *isolation != "u")) return wrong("it is cut or changed");
  if (!ParseTopicId(*id).ok()) return wrong("its topic id is not one");
  snapshot.topic = *topic;
  snapshot.topic_id = *id;
  snapshot.isolation = *isolation == "c" ? Isolation::kReadCommitted : Isolation::kReadUncommitted;
  while (!rest.empty()) {
    if (snapshot.partitions.size() == kMaxPartitions) {
      return Status::CapacityError("snapshot token: more than ", kMaxPartitions, " partitions");
    }
    std::string_view one = rest;
    if (const auto part = TakeUntil(&rest, ',')) {
      one = *part;
    } else {
      rest = {};
    }
    SnapshotPartition p;
    if (!ParseNumber(TakeUntil(&one, '='), &p.partition) || !ParseNumber(TakeUntil(&one, '-'), &p.start) || !ParseNumber(TakeUntil(&one, '@'), &p.end) ||
        !ParseNumber(std::optional(one), &p.leader_epoch)) {
      return wrong("a partition in it is cut or changed");
    }
    if (p.partition < 0 || p.start < 0 || p.end < p.start || p.leader_epoch < -1 ||
        (!snapshot.partitions.empty() && p.partition <= snapshot.partitions.back().partition)) {
      return wrong("its partitions make no sense");
    }
    snapshot.partitions.push_back(p);
  }
  if (snapshot.ToToken() != token) return wrong("it is not in the form this program writes");
  return snapshot;
}

}  // namespace lotic::kafka
