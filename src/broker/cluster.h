// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/partition_log.h"
#include "broker/topic_config.h"
#include "kafka_protocol/error_code.h"
#include "kafka_protocol/messages.h"

namespace lotic::broker {

struct Partition {
  explicit Partition(size_t max_bytes) : log(max_bytes) {}
  int32_t leader = 1;  // -1: none
  int32_t leader_epoch = 0;
  PartitionLog log;
};

struct Topic {
  std::string name;
  kafka_protocol::Uuid id{};
  ConfigMap configs;
  std::vector<std::unique_ptr<Partition>> partitions;

  Partition* partition(int32_t index) {
    return index < 0 || static_cast<size_t>(index) >= partitions.size() ? nullptr : partitions[static_cast<size_t>(index)].get();
  }
};

/// Everything the nodes of one cluster know: what requests are answered from. One thread at a time: the broker's mutex
/// guards it.
class Cluster {
 public:
  explicit Cluster(const BrokerOptions& options) : options_(options), next_producer_id_(options.first_producer_id) {}

  struct Node {
    int32_t id = 0;
    std::string host;
    uint16_t port = 0;
    bool down = false;
  };
  std::vector<Node> nodes;

  const BrokerOptions& options() const { return options_; }
  kafka_protocol::VersionRange VersionsOf(kafka_protocol::ApiKey api) const;
  int64_t NowMs() const { return options_.clock->NowMs(); }
  int64_t NextProducerId() { return next_producer_id_++; }

  /// Errors: see Broker::CreateTopic.
  Result<Topic*> CreateTopic(const std::string& name, int32_t partitions, const ConfigMap& configs);
  Status AddPartitions(Topic* topic, int32_t partitions);
  bool DeleteTopic(const std::string& name) { return topics_.erase(name) != 0; }
  const std::map<std::string, Topic>& topics() const { return topics_; }
  Topic* Find(const std::string& name);
  Topic* Find(const kafka_protocol::Uuid& id);
  /// NotFound naming what is missing.
  Result<Topic*> Get(const std::string& name);
  Result<Partition*> Get(const std::string& name, int32_t partition);

  /// May `node` answer for the partition to a client that believes in `client_epoch` (-1: none)?
  static kafka_protocol::ErrorCode CheckLeader(const Partition& partition, int32_t node, int32_t client_epoch);
  static void MoveLeader(Partition* partition, int32_t node);

 private:
  const BrokerOptions options_;
  std::map<std::string, Topic> topics_;
  int64_t next_producer_id_;
};

/// The name alone: 1..249 of [a-zA-Z0-9._-], not "." or "..".
bool IsTopicName(std::string_view name);

}  // namespace lotic::broker
