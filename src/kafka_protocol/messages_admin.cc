// SPDX-License-Identifier: Apache-2.0
// CreateTopics, DescribeConfigs, DescribeLogDirs, DescribeCluster.
#include "kafka_protocol/message_coding.h"
#include "kafka_protocol/messages.h"

namespace lotic::kafka_protocol {
namespace {

template <typename C, typename M>
void CodeCreateTopicsRequest(C& c, M& m) {
  c.Array(m.topics, [&](auto& topic) {
    c(topic.name);
    c(topic.num_partitions);
    c(topic.replication_factor);
    c.Array(topic.assignments, [&](auto& assignment) {
      c(assignment.partition);
      c.Array(assignment.broker_ids);
      c.Tags();
    });
    c.Array(topic.configs, [&](auto& config) {
      c(config.name);
      c(config.value);
      c.Tags();
    });
    c.Tags();
  });
  c(m.timeout_ms);
  c(m.validate_only);
  c.Tags();
}

template <typename C, typename M>
void CodeCreateTopicsResponse(C& c, M& m) {
  c(m.throttle_ms);
  c.Array(m.topics, [&](auto& topic) {
    c(topic.name);
    if (c.From(7)) c(topic.topic_id);
    c(topic.error);
    c(topic.error_message);
    if (c.From(5)) {
      c(topic.num_partitions);
      c(topic.replication_factor);
      c.NullableArray(topic.configs, [&](auto& config) {
        c(config.name);
        c(config.value);
        c(config.read_only);
        c(config.source);
        c(config.is_sensitive);
        c.Tags();
      });
    }
    c.Tags([&](auto&& tag) { tag(0, topic.config_error != ErrorCode::kNone, [&](auto& t) { t(topic.config_error); }); });
  });
  c.Tags();
}

template <typename C, typename M>
void CodeDescribeConfigsRequest(C& c, M& m) {
  c.Array(m.resources, [&](auto& resource) {
    c(resource.type);
    c(resource.name);
    c.NullableArray(resource.keys, [&](auto& key) { c(key); });
    c.Tags();
  });
  c(m.include_synonyms);
  if (c.From(3)) c(m.include_documentation);
  c.Tags();
}

template <typename C, typename M>
void CodeDescribeConfigsResponse(C& c, M& m) {
  c(m.throttle_ms);
  c.Array(m.results, [&](auto& result) {
    c(result.error);
    c(result.error_message);
    c(result.resource_type);
    c(result.resource_name);
    c.Array(result.configs, [&](auto& config) {
      c(config.name);
      c(config.value);
      c(config.read_only);
      c(config.source);
      c(config.is_sensitive);
      c.Array(config.synonyms, [&](auto& synonym) {
        c(synonym.name);
        c(synonym.value);
        c(synonym.source);
        c.Tags();
      });
      if (c.From(3)) {
        c(config.type);
        c(config.documentation);
      }
      c.Tags();
    });
    c.Tags();
  });
  c.Tags();
}

template <typename C, typename M>
void CodeDescribeLogDirsRequest(C& c, M& m) {
  c.NullableArray(m.topics, [&](auto& topic) {
    c(topic.name);
    c.Array(topic.partitions);
    c.Tags();
  });
  c.Tags();
}

template <typename C, typename M>
void CodeDescribeLogDirsResponse(C& c, M& m) {
  c(m.throttle_ms);
  if (c.From(3)) c(m.error);
  c.Array(m.directories, [&](auto& directory) {
    c(directory.error);
    c(directory.path);
    c.Array(directory.topics, [&](auto& topic) {
      c(topic.name);
      c.Array(topic.partitions, [&](auto& partition) {
        c(partition.index);
        c(partition.size_bytes);
        c(partition.offset_lag);
        c(partition.is_future);
        c.Tags();
      });
      c.Tags();
    });
    if (c.From(4)) {
      c(directory.total_bytes);
      c(directory.usable_bytes);
    }
    c.Tags();
  });
  c.Tags();
}

template <typename C, typename M>
void CodeDescribeClusterRequest(C& c, M& m) {
  c(m.include_authorized_operations);
  if (c.From(1)) c(m.endpoint_type);
  c.Tags();
}

template <typename C, typename M>
void CodeDescribeClusterResponse(C& c, M& m) {
  c(m.throttle_ms);
  c(m.error);
  c(m.error_message);
  if (c.From(1)) c(m.endpoint_type);
  c(m.cluster_id);
  c(m.controller_id);
  c.Array(m.brokers, [&](auto& broker) {
    c(broker.node_id);
    c(broker.host);
    c(broker.port);
    c(broker.rack);
    c.Tags();
  });
  c(m.authorized_operations);
  c.Tags();
}

}  // namespace

DEFINE_KAFKA_MESSAGE(CreateTopicsRequest, CodeCreateTopicsRequest)
DEFINE_KAFKA_MESSAGE(CreateTopicsResponse, CodeCreateTopicsResponse)
DEFINE_KAFKA_MESSAGE(DescribeConfigsRequest, CodeDescribeConfigsRequest)
DEFINE_KAFKA_MESSAGE(DescribeConfigsResponse, CodeDescribeConfigsResponse)
DEFINE_KAFKA_MESSAGE(DescribeLogDirsRequest, CodeDescribeLogDirsRequest)
DEFINE_KAFKA_MESSAGE(DescribeLogDirsResponse, CodeDescribeLogDirsResponse)
DEFINE_KAFKA_MESSAGE(DescribeClusterRequest, CodeDescribeClusterRequest)
DEFINE_KAFKA_MESSAGE(DescribeClusterResponse, CodeDescribeClusterResponse)

}  // namespace lotic::kafka_protocol
