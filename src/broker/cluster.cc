// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster.h"

#include <algorithm>
#include <random>

namespace lotic::broker {

namespace kp = kafka_protocol;
using kp::ErrorCode;

namespace {

constexpr size_t kMaxTopicNameBytes = 249;

// Version 4 of RFC 9562. Random, since clients remember ids: another broker on the same port must not seem to be this
// one.
kp::Uuid NewTopicId() {
  std::random_device random;
  kp::Uuid id;
  for (size_t i = 0; i < id.size(); i += 4) kp::StoreBigEndian<uint32_t>(id.data() + i, random());
  id[6] = static_cast<uint8_t>(0x40 | (id[6] & 0x0f));
  id[8] = static_cast<uint8_t>(0x80 | (id[8] & 0x3f));
  return id;
}

// What every node of this version answers. Some APIs of the protocol library are for clients only: groups, and a
// transaction coordinator, are not here.
kp::VersionRange BuiltIn(kp::ApiKey api) {
  const kp::VersionRange spoken = kp::SupportedVersions(api);
  switch (api) {
    case kp::ApiKey::kFindCoordinator: return {};
    default: return spoken;
  }
}

}  // namespace

bool IsTopicName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxTopicNameBytes && name != "." && name != ".." && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

kp::VersionRange Cluster::VersionsOf(kp::ApiKey api) const {
  const kp::VersionRange built_in = BuiltIn(api);
  if ((api == kp::ApiKey::kSaslHandshake || api == kp::ApiKey::kSaslAuthenticate) && options_.sasl_users.empty()) return {};
  const auto limited = options_.versions.find(api);
  if (limited == options_.versions.end()) return built_in;
  return {std::max(built_in.min, limited->second.min), std::min(built_in.max, limited->second.max)};
}

Result<Topic*> Cluster::CreateTopic(const std::string& name, int32_t partitions, const ConfigMap& configs) {
  if (!IsTopicName(name)) return Status::Invalid("'", name, "' is no topic name");
  if (partitions < 1 || partitions > kMaxPartitionsPerTopic) {
    return Status::Invalid("a topic has 1 to ", kMaxPartitionsPerTopic, " partitions, not ", partitions);
  }
  LOTIC_RETURN_NOT_OK(CheckTopicConfigs(configs));
  if (topics_.contains(name)) return Status::Invalid("topic ", name, " already exists");
  if (topics_.size() >= kMaxTopics) return Status::CapacityError("the broker holds kMaxTopics = ", kMaxTopics, " topics");
  Topic& topic = topics_[name];
  topic.name = name;
  topic.id = NewTopicId();
  topic.configs = configs;
  LOTIC_RETURN_NOT_OK(AddPartitions(&topic, partitions));
  return &topic;
}

Status Cluster::AddPartitions(Topic* topic, int32_t partitions) {
  const auto have = static_cast<int32_t>(topic->partitions.size());
  if (partitions <= have || partitions > kMaxPartitionsPerTopic) {
    return Status::Invalid("topic ", topic->name, " has ", have, " partitions and may have up to ", kMaxPartitionsPerTopic, ", not ", partitions);
  }
  for (int32_t index = have; index < partitions; ++index) {
    topic->partitions.push_back(std::make_unique<Partition>(options_.max_partition_bytes));
    topic->partitions.back()->leader = 1 + index % options_.node_count;
  }
  return Status::OK();
}

Topic* Cluster::Find(const std::string& name) {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

Topic* Cluster::Find(const kp::Uuid& id) {
  for (auto& [name, topic] : topics_) {
    if (topic.id == id) return &topic;
  }
  return nullptr;
}

Result<Topic*> Cluster::Get(const std::string& name) {
  Topic* const topic = Find(name);
  if (topic == nullptr) return Status::NotFound("the broker has no topic ", name);
  return topic;
}

Result<Partition*> Cluster::Get(const std::string& name, int32_t partition) {
  LOTIC_ASSIGN_OR_RETURN(Topic* const topic, Get(name));
  Partition* const found = topic->partition(partition);
  if (found == nullptr) {
    return Status::NotFound("topic ", name, " has ", topic->partitions.size(), " partitions: there is no ", partition);
  }
  return found;
}

ErrorCode Cluster::CheckLeader(const Partition& partition, int32_t node, int32_t client_epoch) {
  if (client_epoch >= 0 && client_epoch < partition.leader_epoch) return ErrorCode::kFencedLeaderEpoch;
  if (client_epoch > partition.leader_epoch) return ErrorCode::kUnknownLeaderEpoch;
  return partition.leader == node ? ErrorCode::kNone : ErrorCode::kNotLeaderOrFollower;
}

void Cluster::MoveLeader(Partition* partition, int32_t node) {
  partition->leader = node;
  partition->log.StartEpoch(++partition->leader_epoch);
}

}  // namespace lotic::broker
