// SPDX-License-Identifier: Apache-2.0
// Requests and answers of the fetch loop.
#include <algorithm>
#include <utility>

#include "connector/kafka/reader.h"
#include "kafka_protocol/record_batch.h"
#include "lotic/source_error.h"

namespace lotic::kafka {

using kafka_protocol::ApiKey;
using kafka_protocol::ErrorCode;
using kafka_protocol::FetchRequest;
using kafka_protocol::FetchResponse;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr int16_t kLastFetchByName = 12;

int32_t ToInt32(int64_t value) { return static_cast<int32_t>(std::clamp<int64_t>(value, 1, std::numeric_limits<int32_t>::max())); }

}  // namespace

Status KafkaReader::Pump(bool* received) {
  for (auto& [node, leader] : leaders_) {
    if (!leader.in_flight) continue;
    Result<bool> ready = leader.connection->Pump();
    if (!ready.ok()) {
      LeaderFailed(leader, ready.status());
      continue;
    }
    if (!*ready) {
      if (steady_clock::now() - leader.sent_at > options_.client.request_timeout + options_.client.fetch_max_wait) {
        LeaderFailed(leader, Status::IOError("broker ", leader.connection->endpoint().ToString(), ": no answer to a Fetch within ",
                                             options_.client.request_timeout.count(), " ms (request.timeout.ms)")
                                 .WithDetail(std::make_shared<SourceError>(true)));
      }
      continue;
    }
    *received = true;
    const Status handled = HandleAnswer(leader, *leader.connection->TakeAnswer());
    if (!handled.ok()) LeaderFailed(leader, handled);
  }
  return Status::OK();
}

void KafkaReader::SendFetches(const CallContext& inner) {
  const auto now = steady_clock::now();
  for (const SplitState& split : splits_) {
    if (split.leader >= 0 && split.wants_fetch()) leaders_[split.leader].node = split.leader;
  }
  for (auto& [node, leader] : leaders_) {
    if (leader.in_flight || leader.retry_at > now) continue;
    SendFetch(inner, leader);
  }
}

void KafkaReader::SendFetch(const CallContext& inner, Leader& leader) {
  const auto now = steady_clock::now();
  std::vector<uint32_t> wanted;
  bool bounded = true;
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    const SplitState& split = splits_[i];
    if (split.leader != leader.node || !split.wants_fetch() || split.verify_epoch || split.retry_at > now) continue;
    wanted.push_back(i);
    bounded = bounded && split.bounded();
  }
  if (wanted.empty()) return;
  // Bytes wait to be decoded: no more than the budget, but always one answer.
  const auto num_leaders = static_cast<int64_t>(std::max<size_t>(leaders_.size(), 1));
  const int64_t share = std::max<int64_t>(memory_budget_ / (4 * num_leaders), int64_t{64} << 10);
  const int32_t max_bytes = ToInt32(std::min<int64_t>({options_.client.fetch_max_bytes, share, leader.max_bytes}));
  if (pending_bytes_ > 0 && pending_bytes_ + max_bytes > memory_budget_ / 2) return;
  // Those that were served last come last: an answer that is full leaves them out, not the same ones every time.
  std::stable_sort(wanted.begin(), wanted.end(), [&](uint32_t a, uint32_t b) { return splits_[a].last_served < splits_[b].last_served; });

  if (leader.connection == nullptr || leader.connection->login_due()) {
    if (!ready_.empty() && leader.connection == nullptr) return;  // connecting takes time: what is there goes first
    if (leader.connection == nullptr) {
      Result<std::unique_ptr<BrokerConnection>> connection = cluster_->Acquire(inner, leader.node);
      if (!connection.ok()) {
        LeaderFailed(leader, connection.status());
        return;
      }
      leader.connection = std::move(*connection);
    }
    const Status renewed = leader.connection->RenewLogin(inner);
    if (!renewed.ok()) {
      LeaderFailed(leader, renewed);
      return;
    }
  }
  const bool has_id = topic_id_ != kafka_protocol::Uuid{};
  const Result<int16_t> version = leader.connection->PickVersion(ApiKey::kFetch, has_id ? INT16_MAX : kLastFetchByName);
  if (!version.ok()) {
    LeaderFailed(leader, version.status());
    return;
  }
  FetchRequest request;
  const milliseconds wait = bounded ? std::min(options_.client.fetch_max_wait, kBoundedWait) : options_.client.fetch_max_wait;
  request.max_wait_ms = static_cast<int32_t>(wait.count());
  request.min_bytes = options_.client.fetch_min_bytes;
  request.max_bytes = max_bytes;
  request.isolation_level = request_.policy.isolation == Isolation::kReadCommitted ? kafka_protocol::IsolationLevel::kReadCommitted
                                                                                   : kafka_protocol::IsolationLevel::kReadUncommitted;
  FetchRequest::Topic& topic = request.topics.emplace_back();
  topic.name = topic_;
  topic.topic_id = topic_id_;
  leader.asked.clear();
  for (const uint32_t i : wanted) {
    const SplitState& split = splits_[i];
    // Two pieces of one partition cannot share a request; the later one comes next time.
    if (std::any_of(topic.partitions.begin(), topic.partitions.end(), [&](const auto& p) { return p.index == split.partition; })) continue;
    FetchRequest::Partition& partition = topic.partitions.emplace_back();
    partition.index = split.partition;
    partition.current_leader_epoch = split.leader_epoch;
    partition.fetch_offset = split.fetch_offset;
    partition.max_bytes = split.max_bytes;
    request.max_bytes = std::max(request.max_bytes, split.max_bytes > kPartitionFetchBytes ? split.max_bytes : 0);
    leader.asked.push_back({i, split.fetch_offset});
  }
  const Result<int32_t> id = leader.connection->Send(request, *version);
  if (!id.ok()) {
    LeaderFailed(leader, id.status());
    return;
  }
  leader.correlation_id = *id;
  leader.by_id = *version > kLastFetchByName;
  fetched_by_name_ = fetched_by_name_ || !leader.by_id;
  leader.in_flight = true;
  leader.sent_at = steady_clock::now();
}

Status KafkaReader::HandleAnswer(Leader& leader, Answer raw) {
  leader.in_flight = false;
  auto answer = std::make_shared<FetchedAnswer>(std::move(raw), &pending_bytes_);
  Result<FetchResponse> response = leader.connection->Decode<FetchResponse>(answer->answer, leader.correlation_id);
  LOTIC_RETURN_NOT_OK(response.status());
  answer->response = std::move(*response);
  const FetchResponse& got = answer->response;
  if (got.error != ErrorCode::kNone) {
    return kafka_protocol::StatusFromError(got.error, "fetch topic '" + topic_ + "' at " + leader.connection->endpoint().ToString());
  }
  leader.failures = 0;
  const bool slow = waited_ >= kSlowAnswer;
  const auto answer_bytes = static_cast<int64_t>(answer->answer.buffer->size());
  if (slow && answer_bytes >= leader.max_bytes / 2) {
    leader.max_bytes = ToInt32(std::min<int64_t>(int64_t{leader.max_bytes} * 2, options_.client.fetch_max_bytes));
  }
  bool empty = true;
  for (const FetchResponse::Topic& topic : got.topics) {
    for (const FetchResponse::Partition& partition : topic.partitions) {
      empty = empty && (!partition.records.has_value() || partition.records->empty());
    }
  }
  bool any = false;
  for (const FetchResponse::Topic& topic : got.topics) {
    if (leader.by_id ? topic.topic_id != topic_id_ : topic.name != topic_) continue;
    for (const FetchResponse::Partition& partition : topic.partitions) {
      const auto asked =
          std::find_if(leader.asked.begin(), leader.asked.end(), [&](const Asked& one) { return splits_[one.split].partition == partition.index; });
      if (asked == leader.asked.end()) continue;
      any = true;
      SplitState& split = splits_[asked->split];
      if (!split.reading() || split.fetch_offset != asked->offset) continue;  // it went another way meanwhile
      if (partition.error != ErrorCode::kNone) {
        HandlePartitionError(asked->split, partition.error);
      } else {
        TakeRecords(asked->split, answer, partition, empty, slow);
      }
    }
  }
  if (!any) {  // a throttled broker answers without partitions; whatever else this is, asking at once would not help
    leader.retry_at = steady_clock::now() + std::max(backoff_.After(++leader.failures), milliseconds(std::clamp(got.throttle_ms, 0, 30'000)));
  }
  return Status::OK();
}

void KafkaReader::TakeRecords(uint32_t index, std::shared_ptr<const FetchedAnswer> answer, const FetchResponse::Partition& partition, bool whole_answer_empty,
                              bool slow) {
  SplitState& split = splits_[index];
  split.last_served = ++serve_counter_;
  split.failures = 0;
  split.end_now = request_.policy.isolation == Isolation::kReadCommitted ? partition.last_stable_offset : partition.high_watermark;
  const kafka_protocol::Bytes records = partition.records.value_or(kafka_protocol::Bytes());
  split.bytes_fetched += static_cast<int64_t>(records.size());
  // Where the next request begins is known from the headers alone.
  kafka_protocol::BatchScanner scanner(records);
  kafka_protocol::BatchView batch;
  int64_t next = split.fetch_offset;
  bool any_batch = false;
  while (scanner.Next(&batch)) {
    any_batch = true;
    next = std::max(next, batch.header.next_offset());
    if (batch.header.leader_epoch >= 0) split.seen_epoch = batch.header.leader_epoch;
    if (batch.header.max_timestamp >= 0) split.newest_ms = std::max(split.newest_ms.value_or(0), batch.header.max_timestamp);
  }
  if (any_batch || !scanner.status().ok()) {
    split.empty_answers = 0;
    const bool moved = next > split.fetch_offset;
    if (!moved && scanner.status().ok()) {
      RetryLater(split, Status::IOError(Where(split), ": the broker's answer holds only batches before offset ", split.fetch_offset)
                            .WithDetail(std::make_shared<SourceError>(true)));
      return;
    }
    split.idle_since = inside_;
    const bool full = static_cast<int64_t>(records.size()) >= split.max_bytes / 2;
    const int64_t limit = slow && full ? options_.client.max_partition_fetch_bytes : std::min(kPartitionFetchBytes, options_.client.max_partition_fetch_bytes);
    if (split.max_bytes < limit) split.max_bytes = ToInt32(std::min<int64_t>(int64_t{split.max_bytes} * 2, limit));
    split.fetch_offset = next;
    FetchedPart part;
    part.records = records;
    if (partition.aborted_transactions.has_value()) part.aborted = *partition.aborted_transactions;
    part.answer = std::move(answer);
    QueuePart(index, std::move(part));
    return;
  }
  if (scanner.cut_bytes() > 0) {  // not even one whole batch: ask for more bytes
    const int64_t needed = std::max<int64_t>(static_cast<int64_t>(scanner.cut_batch_bytes()), int64_t{split.max_bytes} * 2);
    const int64_t limit = options_.max_response_bytes - (int64_t{64} << 10);  // the rest of the answer
    if (static_cast<int64_t>(scanner.cut_batch_bytes()) > limit || split.max_bytes >= limit) {
      FailInOrder(index, Status::CapacityError(Where(split), ": a record batch of ", std::max<size_t>(scanner.cut_batch_bytes(), records.size()),
                                               " bytes does not fit into an answer of max_response_bytes=", options_.max_response_bytes));
      return;
    }
    split.max_bytes = ToInt32(std::min(needed, limit));
    return;
  }
  if (!split.bounded()) return;
  if (split.end_now >= split.end && whole_answer_empty && answer->response.throttle_ms == 0) {
    // The log reaches the end and the broker, asked for anything behind the position, has nothing: compaction or a deletion took it.
    if (++split.empty_answers < kEmptyAnswersToProve) return;
    FetchedPart gap;
    gap.gap_to = split.end;
    split.fetch_offset = split.end;
    split.idle_since = inside_;
    QueuePart(index, std::move(gap));
    return;
  }
  if (split.end_now < split.end) {
    RetryLater(split, Status::DataLoss(Where(split), ": the log ends at ", split.end_now, " now"));
  }
}

void KafkaReader::QueuePart(uint32_t index, FetchedPart part) {
  splits_[index].parts.push_back(std::move(part));
  ready_.push_back(index);
}

void KafkaReader::LeaderFailed(Leader& leader, const Status& cause) {
  leader.connection = nullptr;
  leader.in_flight = false;
  if (cause.code() == StatusCode::kDeadlineExceeded) {  // LateFor tells whom it waited for
    for (SplitState& split : splits_) {
      if (split.leader == leader.node && split.reading()) split.last_error = cause;
    }
  }
  if (cause.code() == StatusCode::kCancelled || cause.code() == StatusCode::kDeadlineExceeded) return;
  if (options_.log)
    options_.log(leader.failures == 0 ? LogDetail::kEvent : LogDetail::kRequest, "topic '" + topic_ + "': looking for its leaders again: " + cause.message());
  leader.retry_at = steady_clock::now() + backoff_.After(++leader.failures);
  stale_metadata_ = true;
  const bool again = retry_possible(cause);
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    SplitState& split = splits_[i];
    if (split.leader != leader.node || !split.reading() || split.fetch_offset >= split.end) continue;
    if (!again) {
      FailInOrder(i, cause);
      continue;
    }
    split.leader = -1;
    split.last_error = cause;
  }
}

Result<bool> KafkaReader::WaitForSomething(const CallContext& ctx) {
  const auto now = steady_clock::now();
  auto until = now + milliseconds(60'000);
  std::vector<net::PollItem> items;
  for (auto& [node, leader] : leaders_) {
    if (leader.in_flight) {
      items.push_back(leader.connection->PollFor());
      until = std::min(until, leader.sent_at + options_.client.request_timeout + options_.client.fetch_max_wait + milliseconds(1));
    } else if (leader.retry_at > now) {
      until = std::min(until, leader.retry_at);
    }
  }
  for (const SplitState& split : splits_) {
    if (!split.reading()) continue;
    if (split.retry_at > now) until = std::min(until, split.retry_at);
    if (split.bounded()) until = std::min(until, now + options_.poll_timeout - (inside_ - split.idle_since) + milliseconds(1));
  }
  const auto timeout = std::max(std::chrono::ceil<milliseconds>(until - now), milliseconds(1));
  LOTIC_ASSIGN_OR_RETURN(const net::WaitOutcome outcome, net::Wait(ctx, items, &waker_, timeout));
  waited_ += steady_clock::now() - now;
  return outcome == net::WaitOutcome::kWoken;
}

}  // namespace lotic::kafka
