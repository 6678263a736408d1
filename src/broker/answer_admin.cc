// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "broker/answers.h"

namespace lotic::broker {

namespace kp = kafka_protocol;
using kp::ErrorCode;

namespace {

constexpr int8_t kSetOnTopic = 1, kDefault = 5;  // sources of DescribeConfigs
constexpr std::string_view kLogDirectory = "/memory";

int32_t Controller(const Cluster& cluster) {
  for (const Cluster::Node& node : cluster.nodes) {
    if (!node.down) return node.id;
  }
  return -1;
}

// Every node could lead, since all see one log.
std::vector<int32_t> Replicas(const Cluster& cluster, int32_t leader) {
  std::vector<int32_t> ids;
  if (leader >= 0) ids.push_back(leader);
  for (const Cluster::Node& node : cluster.nodes) {
    if (node.id != leader) ids.push_back(node.id);
  }
  return ids;
}

kp::MetadataResponse::Topic Describe(const RequestContext& context, Topic& topic) {
  kp::MetadataResponse::Topic answer;
  answer.name = topic.name;
  answer.topic_id = topic.id;
  answer.error = context.injected.ForTopic(topic.name);
  for (size_t index = 0; index < topic.partitions.size(); ++index) {
    const Partition& partition = *topic.partitions[index];
    kp::MetadataResponse::Partition& out = answer.partitions.emplace_back();
    out.index = static_cast<int32_t>(index);
    out.leader_id = partition.leader;
    out.leader_epoch = partition.leader_epoch;
    out.replicas = out.isr = Replicas(context.cluster, partition.leader);
    out.error = partition.leader < 0 ? ErrorCode::kLeaderNotAvailable : ErrorCode::kNone;
    const ErrorCode injected = context.injected.ForPartition(topic.name, out.index);
    if (injected != ErrorCode::kNone && answer.error == ErrorCode::kNone) out.error = injected;
  }
  if (answer.error != ErrorCode::kNone) answer.partitions.clear();
  return answer;
}

kp::MetadataResponse::Topic Describe(const RequestContext& context, const kp::MetadataRequest& request, const kp::MetadataRequest::Topic& asked) {
  Cluster& cluster = context.cluster;
  Topic* topic = asked.name ? cluster.Find(*asked.name) : cluster.Find(asked.topic_id);
  const bool may_create = cluster.options().auto_create_topics && (context.version < 4 || request.allow_auto_topic_creation);
  if (topic == nullptr && asked.name && may_create) {
    const Result<Topic*> created = cluster.CreateTopic(*asked.name, cluster.options().default_partitions, {});
    if (created.ok()) topic = *created;
  }
  if (topic != nullptr) return Describe(context, *topic);
  kp::MetadataResponse::Topic answer;
  answer.name = asked.name;
  answer.topic_id = asked.topic_id;
  answer.error = asked.name ? context.injected.ForTopic(*asked.name) : context.injected.ForWhole();
  if (answer.error == ErrorCode::kNone) {
    answer.error = !asked.name ? ErrorCode::kUnknownTopicId : IsTopicName(*asked.name) ? ErrorCode::kUnknownTopicOrPartition : ErrorCode::kInvalidTopic;
  }
  return answer;
}

kp::DescribeConfigsResponse::Config ShowConfig(const ConfigEntry& entry, std::string_view value, bool is_set, bool synonyms) {
  kp::DescribeConfigsResponse::Config out;
  out.name = entry.name;
  out.value = std::string(value);
  out.source = is_set ? kSetOnTopic : kDefault;
  out.type = entry.type;
  if (synonyms && is_set) out.synonyms.push_back({out.name, out.value, kSetOnTopic});
  if (synonyms) out.synonyms.push_back({out.name, std::string(entry.default_value), kDefault});
  return out;
}

bool Wanted(const kp::DescribeConfigsRequest::Resource& resource, std::string_view name) {
  return !resource.keys || std::find(resource.keys->begin(), resource.keys->end(), name) != resource.keys->end();
}

kp::DescribeConfigsResponse::Result ShowConfigs(const RequestContext& context, const kp::DescribeConfigsRequest& request,
                                                const kp::DescribeConfigsRequest::Resource& resource) {
  kp::DescribeConfigsResponse::Result out;
  out.resource_type = resource.type;
  out.resource_name = resource.name;
  out.error = context.injected.ForTopic(resource.name);
  if (out.error != ErrorCode::kNone) return out;
  if (resource.type == kp::kTopicResource) {
    const Topic* const topic = context.cluster.Find(resource.name);
    if (topic == nullptr) {
      out.error = ErrorCode::kUnknownTopicOrPartition;
      return out;
    }
    for (const ConfigEntry& entry : TopicConfigEntries()) {
      if (!Wanted(resource, entry.name)) continue;
      out.configs.push_back(
          ShowConfig(entry, TopicConfig(topic->configs, entry.name), topic->configs.contains(std::string(entry.name)), request.include_synonyms));
    }
  } else if (resource.type == kp::kBrokerResource) {
    for (const ConfigEntry& entry : BrokerConfigEntries()) {
      if (!Wanted(resource, entry.name)) continue;
      out.configs.push_back(ShowConfig(entry, entry.default_value, false, request.include_synonyms));
      out.configs.back().read_only = true;
    }
  } else {
    out.error = ErrorCode::kInvalidRequest;
    out.error_message = "this broker describes topics and brokers, not resources of type " + std::to_string(int{resource.type});
  }
  return out;
}

kp::CreateTopicsResponse::Topic Create(const RequestContext& context, const kp::CreateTopicsRequest& request, const kp::CreateTopicsRequest::Topic& asked) {
  Cluster& cluster = context.cluster;
  kp::CreateTopicsResponse::Topic out;
  out.name = asked.name;
  const auto refuse = [&](ErrorCode error, std::string message) {
    out.error = error;
    out.error_message = std::move(message);
    return out;
  };
  out.error = context.injected.ForTopic(asked.name);
  if (out.error != ErrorCode::kNone) return out;
  if (!IsTopicName(asked.name)) return refuse(ErrorCode::kInvalidTopic, "'" + asked.name + "' is no topic name");
  if (cluster.Find(asked.name) != nullptr) return refuse(ErrorCode::kTopicAlreadyExists, "Topic '" + asked.name + "' already exists.");
  int32_t partitions = asked.num_partitions == -1 ? cluster.options().default_partitions : asked.num_partitions;
  if (!asked.assignments.empty()) partitions = static_cast<int32_t>(std::min<size_t>(asked.assignments.size(), INT32_MAX));
  if (partitions < 1 || partitions > kMaxPartitionsPerTopic) {
    return refuse(ErrorCode::kInvalidPartitions, "a topic has 1 to " + std::to_string(kMaxPartitionsPerTopic) + " partitions");
  }
  if (asked.replication_factor != -1 && (asked.replication_factor < 1 || asked.replication_factor > cluster.options().node_count)) {
    return refuse(ErrorCode::kInvalidReplicationFactor, "this cluster has " + std::to_string(cluster.options().node_count) + " brokers");
  }
  ConfigMap configs;
  for (const kp::CreateTopicsRequest::Config& config : asked.configs) {
    if (config.value) configs[config.name] = *config.value;
  }
  const Status checked = CheckTopicConfigs(configs);
  if (!checked.ok()) return refuse(ErrorCode::kInvalidConfig, checked.message());
  if (!request.validate_only) {
    const Result<Topic*> created = cluster.CreateTopic(asked.name, partitions, configs);
    if (!created.ok()) return refuse(ErrorCode::kPolicyViolation, created.status().message());
    out.topic_id = (*created)->id;
    for (const kp::CreateTopicsRequest::Assignment& assignment : asked.assignments) {
      Partition* const partition = (*created)->partition(assignment.partition);
      if (partition == nullptr || assignment.broker_ids.empty()) continue;
      const int32_t leader = assignment.broker_ids.front();
      if (leader >= 1 && leader <= cluster.options().node_count) partition->leader = leader;
    }
  }
  out.num_partitions = partitions;
  out.replication_factor = static_cast<int16_t>(cluster.options().node_count);
  out.configs.emplace();
  for (const ConfigEntry& entry : TopicConfigEntries()) {
    const bool is_set = configs.contains(std::string(entry.name));
    out.configs->push_back({std::string(entry.name), std::string(TopicConfig(configs, entry.name)), false, is_set ? kSetOnTopic : kDefault, false});
  }
  return out;
}

}  // namespace

kp::ApiVersionsResponse Answer(const RequestContext& context, const kp::ApiVersionsRequest&) {
  kp::ApiVersionsResponse response;
  response.error = context.injected.ForWhole();
  for (const kp::ApiKey api : kp::SupportedApis()) {
    const kp::VersionRange range = context.cluster.VersionsOf(api);
    if (!range.empty()) response.apis.push_back({static_cast<int16_t>(api), range.min, range.max});
  }
  return response;
}

kp::MetadataResponse Answer(const RequestContext& context, const kp::MetadataRequest& request) {
  Cluster& cluster = context.cluster;
  kp::MetadataResponse response;
  for (const Cluster::Node& node : cluster.nodes) {
    if (!node.down) response.brokers.push_back({node.id, node.host, node.port, {}});
  }
  response.cluster_id = cluster.options().cluster_id;
  response.controller_id = Controller(cluster);
  if (request.topics) {
    for (const kp::MetadataRequest::Topic& asked : *request.topics) response.topics.push_back(Describe(context, request, asked));
  } else {
    for (const auto& [name, topic] : cluster.topics()) response.topics.push_back(Describe(context, *cluster.Find(name)));
  }
  return response;
}

kp::CreateTopicsResponse Answer(const RequestContext& context, const kp::CreateTopicsRequest& request) {
  kp::CreateTopicsResponse response;
  for (const kp::CreateTopicsRequest::Topic& asked : request.topics) response.topics.push_back(Create(context, request, asked));
  return response;
}

kp::DescribeConfigsResponse Answer(const RequestContext& context, const kp::DescribeConfigsRequest& request) {
  kp::DescribeConfigsResponse response;
  for (const auto& resource : request.resources) response.results.push_back(ShowConfigs(context, request, resource));
  return response;
}

kp::DescribeLogDirsResponse Answer(const RequestContext& context, const kp::DescribeLogDirsRequest& request) {
  kp::DescribeLogDirsResponse response;
  response.error = context.injected.ForWhole();
  if (response.error != ErrorCode::kNone) return response;
  kp::DescribeLogDirsResponse::Directory& directory = response.directories.emplace_back();
  directory.path = kLogDirectory;
  const auto show = [&](const std::string& name, const std::set<int32_t>* only) {
    Topic* const topic = context.cluster.Find(name);
    if (topic == nullptr) return;
    kp::DescribeLogDirsResponse::Topic& out = directory.topics.emplace_back();
    out.name = name;
    for (size_t index = 0; index < topic->partitions.size(); ++index) {
      const auto number = static_cast<int32_t>(index);
      if (only != nullptr && !only->contains(number)) continue;
      out.partitions.push_back({number, static_cast<int64_t>(topic->partitions[index]->log.size_bytes())});
    }
  };
  if (request.topics) {
    for (const kp::DescribeLogDirsRequest::Topic& asked : *request.topics) {
      const std::set<int32_t> only(asked.partitions.begin(), asked.partitions.end());
      show(asked.name, &only);
    }
  } else {
    for (const auto& [name, topic] : context.cluster.topics()) show(name, nullptr);
  }
  return response;
}

kp::DescribeClusterResponse Answer(const RequestContext& context, const kp::DescribeClusterRequest& request) {
  kp::DescribeClusterResponse response;
  response.error = context.injected.ForWhole();
  response.endpoint_type = request.endpoint_type;
  response.cluster_id = context.cluster.options().cluster_id;
  response.controller_id = Controller(context.cluster);
  for (const Cluster::Node& node : context.cluster.nodes) {
    if (!node.down) response.brokers.push_back({node.id, node.host, node.port, {}});
  }
  return response;
}

}  // namespace lotic::broker
