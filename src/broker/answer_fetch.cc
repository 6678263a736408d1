// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "broker/answers.h"

namespace lotic::broker {

namespace kp = kafka_protocol;
using kp::ErrorCode;

namespace {

bool ConcernsWholeFetch(ErrorCode error) {
  return error == ErrorCode::kFetchSessionIdNotFound || error == ErrorCode::kInvalidFetchSessionEpoch || error == ErrorCode::kFetchSessionTopicIdError;
}

// What is left of the answer's byte limit. The first batch of an answer is whole whatever the limit (KIP-74).
struct Budget {
  int64_t left;
  bool nothing_yet = true;
};

// The reader's last epoch ended before the offset where it wants to go on: its log and ours part there (KIP-595).
bool Diverges(const Partition& partition, const kp::FetchRequest::Partition& asked, kp::FetchResponse::Partition* answer) {
  if (asked.last_fetched_epoch < 0) return false;
  const auto [epoch, end] = partition.log.EndOfEpoch(asked.last_fetched_epoch);
  if (end < 0 || (epoch >= asked.last_fetched_epoch && end >= asked.fetch_offset)) return false;
  answer->diverging_epoch = epoch;
  answer->diverging_end_offset = end;
  return true;
}

kp::FetchResponse::Partition FindInPartition(const RequestContext& context, const kp::FetchRequest& request, Topic* topic,
                                             const kp::FetchRequest::Partition& asked, Budget* budget) {
  kp::FetchResponse::Partition answer;
  answer.index = asked.index;
  answer.records = kp::Bytes();
  Partition* const partition = topic == nullptr ? nullptr : topic->partition(asked.index);
  if (partition == nullptr) {
    answer.error = topic == nullptr && context.version >= 13 ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition;
    return answer;
  }
  answer.error = context.injected.ForPartition(topic->name, asked.index);
  if (answer.error == ErrorCode::kNone) answer.error = Cluster::CheckLeader(*partition, context.node, asked.current_leader_epoch);
  if (answer.error == ErrorCode::kNotLeaderOrFollower || answer.error == ErrorCode::kFencedLeaderEpoch) {
    answer.current_leader_id = partition->leader;
    answer.current_leader_epoch = partition->leader_epoch;
  }
  if (answer.error != ErrorCode::kNone) return answer;
  const PartitionLog& log = partition->log;
  if (asked.fetch_offset < log.start_offset() || asked.fetch_offset > log.end_offset()) {
    answer.error = ErrorCode::kOffsetOutOfRange;
    return answer;
  }
  const bool committed = request.isolation_level == kp::IsolationLevel::kReadCommitted;
  answer.high_watermark = log.end_offset();
  answer.last_stable_offset = log.last_stable_offset();
  answer.log_start_offset = log.start_offset();
  if (Diverges(*partition, asked, &answer)) return answer;
  const PartitionLog::Slice slice = log.Read(asked.fetch_offset, committed ? log.last_stable_offset() : log.end_offset(),
                                             std::min<int64_t>(asked.max_bytes, budget->left), budget->nothing_yet);
  answer.records = slice.records;
  if (committed) answer.aborted_transactions = log.AbortedBetween(asked.fetch_offset, slice.next_offset);
  budget->left -= static_cast<int64_t>(slice.records.size());
  if (!slice.records.empty()) budget->nothing_yet = false;
  return answer;
}

}  // namespace

FetchFinding FindRecords(const RequestContext& context, const kp::FetchRequest& request) {
  FetchFinding finding;
  const ErrorCode whole = context.injected.ForWhole();
  if (ConcernsWholeFetch(whole)) finding.response.error = whole;
  if (request.session_id != 0) finding.response.error = ErrorCode::kFetchSessionIdNotFound;  // we never gave one out
  if (finding.response.error != ErrorCode::kNone) {
    finding.complete = true;
    return finding;
  }
  Budget budget{std::min<int64_t>(request.max_bytes, static_cast<int64_t>(context.cluster.options().max_frame_bytes))};
  const int64_t limit = budget.left;
  bool any_error = request.topics.empty();
  for (const kp::FetchRequest::Topic& asked : request.topics) {
    Topic* const topic = context.version >= 13 ? context.cluster.Find(asked.topic_id) : context.cluster.Find(asked.name);
    kp::FetchResponse::Topic answer;
    answer.name = asked.name;
    answer.topic_id = asked.topic_id;
    for (const kp::FetchRequest::Partition& partition : asked.partitions) {
      answer.partitions.push_back(FindInPartition(context, request, topic, partition, &budget));
      const kp::FetchResponse::Partition& found = answer.partitions.back();
      any_error = any_error || found.error != ErrorCode::kNone || found.diverging_epoch >= 0;
      if (found.current_leader_id < 0) continue;
      for (const Cluster::Node& node : context.cluster.nodes) {
        const auto same = [&](const kp::NodeEndpoint& known) { return known.node_id == node.id; };
        if (node.id != found.current_leader_id || std::any_of(finding.response.node_endpoints.begin(), finding.response.node_endpoints.end(), same)) {
          continue;
        }
        finding.response.node_endpoints.push_back({node.id, node.host, node.port, {}});
      }
    }
    finding.response.topics.push_back(std::move(answer));
  }
  finding.complete = any_error || limit - budget.left >= request.min_bytes;
  return finding;
}

}  // namespace lotic::broker
