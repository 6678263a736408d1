// SPDX-License-Identifier: Apache-2.0
#include "broker/request_log.h"

#include <algorithm>

namespace lotic::broker {

namespace kp = kafka_protocol;

void RequestLog::Add(const RequestRecord& request) {
  ++counts_[request.api];
  requests_.push_back(request);
  if (requests_.size() > kMaxLoggedRequests) requests_.pop_front();
}

void RequestLog::Forget() {
  requests_.clear();
  counts_.clear();
}

int64_t RequestLog::Count(kp::ApiKey api) const {
  const auto found = counts_.find(api);
  return found == counts_.end() ? 0 : found->second;
}

void Describe(const kp::FetchRequest& request, Cluster& cluster, RequestRecord* out) {
  for (const kp::FetchRequest::Topic& topic : request.topics) {
    const Topic* const known = topic.name.empty() ? cluster.Find(topic.topic_id) : nullptr;
    const std::string& name = known != nullptr ? known->name : topic.name;
    for (const kp::FetchRequest::Partition& asked : topic.partitions) {
      out->partitions.push_back({name, asked.index, asked.fetch_offset, asked.current_leader_epoch, asked.max_bytes});
    }
  }
  out->isolation_level = request.isolation_level;
  out->max_wait_ms = request.max_wait_ms;
  out->min_bytes = request.min_bytes;
  out->max_bytes = request.max_bytes;
}

void Describe(const kp::ProduceRequest& request, Cluster&, RequestRecord* out) {
  for (const kp::ProduceRequest::Topic& topic : request.topics) {
    for (const kp::ProduceRequest::Partition& asked : topic.partitions) {
      out->partitions.push_back({topic.name, asked.index, -1, -1, static_cast<int32_t>(asked.records ? asked.records->size() : 0)});
    }
  }
}

void Describe(const kp::ListOffsetsRequest& request, Cluster&, RequestRecord* out) {
  for (const kp::ListOffsetsRequest::Topic& topic : request.topics) {
    for (const kp::ListOffsetsRequest::Partition& asked : topic.partitions) {
      out->partitions.push_back({topic.name, asked.index, asked.timestamp, asked.current_leader_epoch, -1});
    }
  }
  out->isolation_level = request.isolation_level;
}

void Describe(const kp::OffsetForLeaderEpochRequest& request, Cluster&, RequestRecord* out) {
  for (const kp::OffsetForLeaderEpochRequest::Topic& topic : request.topics) {
    for (const kp::OffsetForLeaderEpochRequest::Partition& asked : topic.partitions) {
      out->partitions.push_back({topic.name, asked.index, -1, asked.current_leader_epoch, -1});
    }
  }
}

void Describe(const kp::MetadataRequest& request, Cluster& cluster, RequestRecord* out) {
  if (!request.topics) return;
  for (const kp::MetadataRequest::Topic& asked : *request.topics) {
    const Topic* const known = asked.name ? nullptr : cluster.Find(asked.topic_id);
    out->partitions.push_back({known != nullptr ? known->name : asked.name.value_or(""), -1, -1, -1, -1});
  }
}

void Describe(const kp::CreateTopicsRequest& request, Cluster&, RequestRecord* out) {
  for (const kp::CreateTopicsRequest::Topic& asked : request.topics) out->partitions.push_back({asked.name, -1, -1, -1, -1});
}

void Describe(const kp::DescribeConfigsRequest& request, Cluster&, RequestRecord* out) {
  for (const auto& asked : request.resources) out->partitions.push_back({asked.name, -1, -1, -1, -1});
}

void Describe(const kp::DescribeLogDirsRequest& request, Cluster&, RequestRecord* out) {
  if (!request.topics) return;
  for (const auto& topic : *request.topics) {
    for (const int32_t index : topic.partitions) out->partitions.push_back({topic.name, index, -1, -1, -1});
  }
}

}  // namespace lotic::broker
