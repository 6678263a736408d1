// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/cluster.h"
#include "kafka_protocol/messages.h"

namespace lotic::broker {

/// The errors that a fault script wants in one answer.
struct InjectedErrors {
  struct Place {
    std::optional<std::string> topic;
    std::optional<int32_t> partition;
    kafka_protocol::ErrorCode error;
  };
  std::vector<Place> places;

  kafka_protocol::ErrorCode ForPartition(std::string_view topic, int32_t partition) const;
  /// Only places that name no partition.
  kafka_protocol::ErrorCode ForTopic(std::string_view topic) const;
  /// Of an answer that has one error code only.
  kafka_protocol::ErrorCode ForWhole() const;
};

/// What an answer depends on besides its request.
struct RequestContext {
  Cluster& cluster;
  int32_t node;
  int16_t version;
  const InjectedErrors& injected;
};

// One answer per request, at once and without waiting. The requests come from outside and may say anything.
kafka_protocol::ApiVersionsResponse Answer(const RequestContext& context, const kafka_protocol::ApiVersionsRequest& request);
kafka_protocol::MetadataResponse Answer(const RequestContext& context, const kafka_protocol::MetadataRequest& request);
kafka_protocol::ListOffsetsResponse Answer(const RequestContext& context, const kafka_protocol::ListOffsetsRequest& request);
kafka_protocol::OffsetForLeaderEpochResponse Answer(const RequestContext& context, const kafka_protocol::OffsetForLeaderEpochRequest& request);
kafka_protocol::ProduceResponse Answer(const RequestContext& context, const kafka_protocol::ProduceRequest& request);
kafka_protocol::InitProducerIdResponse Answer(const RequestContext& context, const kafka_protocol::InitProducerIdRequest& request);
kafka_protocol::CreateTopicsResponse Answer(const RequestContext& context, const kafka_protocol::CreateTopicsRequest& request);
kafka_protocol::DescribeConfigsResponse Answer(const RequestContext& context, const kafka_protocol::DescribeConfigsRequest& request);
kafka_protocol::DescribeLogDirsResponse Answer(const RequestContext& context, const kafka_protocol::DescribeLogDirsRequest& request);
kafka_protocol::DescribeClusterResponse Answer(const RequestContext& context, const kafka_protocol::DescribeClusterRequest& request);

/// What a Fetch finds now. Its records borrow the logs until they change.
struct FetchFinding {
  kafka_protocol::FetchResponse response;
  bool complete = false;  ///< as many bytes as asked for, or an error: answer at once; else wait for more
};
FetchFinding FindRecords(const RequestContext& context, const kafka_protocol::FetchRequest& request);

}  // namespace lotic::broker
