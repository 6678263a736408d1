// SPDX-License-Identifier: Apache-2.0
#include "broker/answers.h"

namespace lotic::broker {

namespace kp = kafka_protocol;
using kp::ErrorCode;

namespace {

constexpr int64_t kEarliestLocalTimestamp = -4;  // ListOffsets 8+: nothing is tiered here, so it is the earliest
constexpr int64_t kLatestTieredTimestamp = -5;   // ListOffsets 9+: there is none

// The partition to answer for, or null with `error` set.
Partition* Leading(const RequestContext& context, const std::string& name, int32_t index, int32_t client_epoch, ErrorCode* error) {
  Topic* const topic = context.cluster.Find(name);
  Partition* const partition = topic == nullptr ? nullptr : topic->partition(index);
  *error = context.injected.ForPartition(name, index);
  if (*error == ErrorCode::kNone) {
    *error = partition == nullptr ? ErrorCode::kUnknownTopicOrPartition : Cluster::CheckLeader(*partition, context.node, client_epoch);
  }
  return *error == ErrorCode::kNone ? partition : nullptr;
}

TimeMatch LookUp(const Partition& partition, int64_t timestamp, int64_t end) {
  const PartitionLog& log = partition.log;
  switch (timestamp) {
    case kp::kLatestTimestamp: return {end, -1, partition.leader_epoch};
    case kp::kEarliestTimestamp:
    case kEarliestLocalTimestamp: return {log.start_offset(), -1, log.EpochAt(log.start_offset())};
    case kLatestTieredTimestamp: return {};
    default: break;
  }
  const std::optional<TimeMatch> match = timestamp == kp::kMaxTimestamp ? log.FindMaxTimestamp() : log.FindTimestamp(timestamp);
  return match && match->offset < end ? *match : TimeMatch{};
}

}  // namespace

kp::ListOffsetsResponse Answer(const RequestContext& context, const kp::ListOffsetsRequest& request) {
  kp::ListOffsetsResponse response;
  for (const kp::ListOffsetsRequest::Topic& asked : request.topics) {
    kp::ListOffsetsResponse::Topic answer;
    answer.name = asked.name;
    for (const kp::ListOffsetsRequest::Partition& wanted : asked.partitions) {
      kp::ListOffsetsResponse::Partition& out = answer.partitions.emplace_back();
      out.index = wanted.index;
      Partition* const partition = Leading(context, asked.name, wanted.index, wanted.current_leader_epoch, &out.error);
      if (partition == nullptr) continue;
      const bool committed = request.isolation_level == kp::IsolationLevel::kReadCommitted;
      const TimeMatch match = LookUp(*partition, wanted.timestamp, committed ? partition->log.last_stable_offset() : partition->log.end_offset());
      out.offset = match.offset;
      out.timestamp = match.timestamp;
      out.leader_epoch = match.leader_epoch;
    }
    response.topics.push_back(std::move(answer));
  }
  return response;
}

kp::OffsetForLeaderEpochResponse Answer(const RequestContext& context, const kp::OffsetForLeaderEpochRequest& request) {
  kp::OffsetForLeaderEpochResponse response;
  for (const kp::OffsetForLeaderEpochRequest::Topic& asked : request.topics) {
    kp::OffsetForLeaderEpochResponse::Topic answer;
    answer.name = asked.name;
    for (const kp::OffsetForLeaderEpochRequest::Partition& wanted : asked.partitions) {
      kp::OffsetForLeaderEpochResponse::Partition& out = answer.partitions.emplace_back();
      out.index = wanted.index;
      Partition* const partition = Leading(context, asked.name, wanted.index, wanted.current_leader_epoch, &out.error);
      if (partition == nullptr) continue;
      const auto [epoch, end] = partition->log.EndOfEpoch(wanted.leader_epoch);
      out.leader_epoch = epoch;
      out.end_offset = end;
    }
    response.topics.push_back(std::move(answer));
  }
  return response;
}

}  // namespace lotic::broker
