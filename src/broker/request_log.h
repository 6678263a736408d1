// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>

#include "broker/cluster.h"
#include "broker/fault.h"
#include "kafka_protocol/messages.h"

namespace lotic::broker {

/// The requests so far: counters of all, details of the last kMaxLoggedRequests. One thread at a time: the broker's
/// mutex guards it.
class RequestLog {
 public:
  void Add(const RequestRecord& request);
  void Forget();
  int64_t Count(kafka_protocol::ApiKey api) const;
  const std::deque<RequestRecord>& requests() const { return requests_; }

 private:
  std::deque<RequestRecord> requests_;
  std::map<kafka_protocol::ApiKey, int64_t> counts_;
};

// Fills in what the request names.
void Describe(const kafka_protocol::FetchRequest& request, Cluster& cluster, RequestRecord* out);
void Describe(const kafka_protocol::ProduceRequest& request, Cluster& cluster, RequestRecord* out);
void Describe(const kafka_protocol::ListOffsetsRequest& request, Cluster& cluster, RequestRecord* out);
void Describe(const kafka_protocol::OffsetForLeaderEpochRequest& request, Cluster& cluster, RequestRecord* out);
void Describe(const kafka_protocol::MetadataRequest& request, Cluster& cluster, RequestRecord* out);
void Describe(const kafka_protocol::CreateTopicsRequest& request, Cluster& cluster, RequestRecord* out);
void Describe(const kafka_protocol::DescribeConfigsRequest& request, Cluster& cluster, RequestRecord* out);
void Describe(const kafka_protocol::DescribeLogDirsRequest& request, Cluster& cluster, RequestRecord* out);
template <typename Request>
void Describe(const Request&, Cluster&, RequestRecord*) {}  // names no topic

}  // namespace lotic::broker
