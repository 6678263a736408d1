// SPDX-License-Identifier: Apache-2.0
// Leaders, epochs and offsets that are gone: what the fetch loop does when the cluster changes under it.
#include <algorithm>
#include <utility>

#include "connector/kafka/reader.h"
#include "lotic/source_error.h"

namespace lotic::kafka {

using kafka_protocol::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool KafkaReader::retry_possible(const Status& status) const {
  const SourceError* detail = SourceError::From(status);
  return detail != nullptr && detail->retryable;
}

std::string KafkaReader::Where(const SplitState& split) const { return "topic '" + split.topic + "', partition " + std::to_string(split.partition); }

void KafkaReader::RetryLater(SplitState& split, const Status& cause) {
  split.last_error = cause;
  if (options_.log) options_.log(split.failures == 0 ? LogDetail::kEvent : LogDetail::kRequest, "trying again: " + cause.message());
  split.retry_at = steady_clock::now() + std::max(backoff_.After(++split.failures), milliseconds(1));
}

void KafkaReader::FailInOrder(uint32_t index, Status status) {
  SplitState& split = splits_[index];
  if (!split.reading()) return;
  split.fetch_offset = split.end;  // nothing more is asked for; the failure comes after what has been received
  FetchedPart part;
  part.failure = std::move(status);
  QueuePart(index, std::move(part));
}

void KafkaReader::HandlePartitionError(uint32_t index, ErrorCode error) {
  SplitState& split = splits_[index];
  const kafka_protocol::ErrorInfo& info = kafka_protocol::LookUpError(error);
  const Status status =
      cluster_->Explained(kafka_protocol::StatusFromError(error, "fetch " + Where(split) + " from offset " + std::to_string(split.fetch_offset)), topic_);
  if (error == ErrorCode::kOffsetOutOfRange) {
    split.out_of_range = true;
    split.last_error = status;
    return;
  }
  if (info.stale_metadata || error == ErrorCode::kUnknownTopicId || error == ErrorCode::kInconsistentTopicId) {
    split.leader = -1;
    stale_metadata_ = true;
    RetryLater(split, status);
    return;
  }
  // An unknown failure may pass, as Kafka's own consumer hopes, too; a corrupt batch on the broker's disk does not.
  if ((info.retriable && error != ErrorCode::kCorruptMessage) || error == ErrorCode::kUnknownServerError) {
    RetryLater(split, status);
    return;
  }
  FailInOrder(index, status);
}

/// Finds a leader for the splits that have none.
Status KafkaReader::RouteSplits(const CallContext& inner) {
  const auto now = steady_clock::now();
  bool needed = false;
  milliseconds patience = options_.poll_timeout;
  for (const SplitState& split : splits_) {
    if (split.leader >= 0 || !split.wants_fetch() || split.retry_at > now) continue;
    needed = true;
    if (split.bounded()) patience = std::min(patience, options_.poll_timeout - (inside_ - split.idle_since));
  }
  if (!needed) return Status::OK();
  const CallContext limited = inner.WithDeadline(now + std::max(patience, milliseconds(1)));
  const Result<std::shared_ptr<const TopicMetadata>> metadata =
      cluster_->Topic(limited, topic_, stale_metadata_ ? milliseconds(0) : options_.client.metadata_max_age);
  Mark();
  if (!metadata.ok()) {
    const Status& cause = metadata.status();
    if (cause.code() == StatusCode::kCancelled) return cause;
    if (cause.code() == StatusCode::kDeadlineExceeded) {
      LOTIC_RETURN_NOT_OK(inner.Check("read topic '" + topic_ + "'"));
      for (SplitState& split : splits_) {
        if (split.leader < 0 && split.last_error.ok()) split.last_error = cause;
      }
      return Status::OK();  // FailStalled says the rest
    }
    for (uint32_t i = 0; i < splits_.size(); ++i) {
      SplitState& split = splits_[i];
      if (split.leader >= 0 || !split.wants_fetch()) continue;
      if (cause.code() == StatusCode::kNotFound) {
        FailInOrder(i, Status::DataLoss(Where(split), ": the topic has been deleted while it was read; stopped at offset ", split.fetch_offset));
      } else {
        FailInOrder(i, cause);
      }
    }
    return Status::OK();
  }
  stale_metadata_ = false;
  const TopicMetadata& topic = **metadata;
  if (topic_id_ != kafka_protocol::Uuid{} && topic.has_id() && topic.id != topic_id_) {
    for (uint32_t i = 0; i < splits_.size(); ++i) {
      if (!splits_[i].reading() || splits_[i].fetch_offset >= splits_[i].end) continue;
      FailInOrder(i, Status::DataLoss(Where(splits_[i]), ": the topic was deleted and created again (its id was ", TopicIdText(topic_id_), " and is ",
                                      TopicIdText(topic.id), "); stopped at offset ", splits_[i].fetch_offset));
    }
    return Status::OK();
  }
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    SplitState& split = splits_[i];
    if (split.leader >= 0 || !split.wants_fetch()) continue;
    const PartitionMetadata* partition = topic.Find(split.partition);
    if (partition == nullptr) {
      FailInOrder(i, Status::NotFound(Where(split), ": there is no such partition; the topic has ", topic.partitions.size()));
      continue;
    }
    if (partition->leader < 0) {
      stale_metadata_ = true;
      RetryLater(split, Status::IOError(Where(split), ": the partition has no leader now").WithDetail(std::make_shared<SourceError>(true)));
      continue;
    }
    split.leader = partition->leader;
    split.leader_epoch = partition->leader_epoch;
    split.verify_epoch = split.seen_epoch >= 0 && partition->leader_epoch > split.seen_epoch;
  }
  return Status::OK();
}

/// A new leader may have a shorter log: what was read of the old one must still be there.
Status KafkaReader::VerifyEpochs(const CallContext& inner) {
  std::vector<EpochQuery> queries;
  std::vector<uint32_t> indexes;
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    SplitState& split = splits_[i];
    if (!split.verify_epoch || !split.wants_fetch() || split.leader < 0) continue;
    if (std::any_of(queries.begin(), queries.end(), [&](const EpochQuery& q) { return q.partition == split.partition; })) continue;
    queries.push_back({split.partition, split.seen_epoch});
    indexes.push_back(i);
  }
  if (queries.empty()) return Status::OK();
  const Result<std::vector<EpochAnswer>> answers = cluster_->EpochEnds(inner.WithDeadline(steady_clock::now() + options_.poll_timeout), topic_, queries);
  Mark();
  if (!answers.ok()) {
    LOTIC_RETURN_NOT_OK(inner.Check("read topic '" + topic_ + "'"));
    for (const uint32_t i : indexes) {
      if (answers.status().code() == StatusCode::kNotImplemented || answers.status().code() == StatusCode::kUnauthorized) {
        splits_[i].verify_epoch = false;  // an old broker cannot tell
      } else {
        splits_[i].leader = -1;
        stale_metadata_ = true;
        RetryLater(splits_[i], answers.status());
      }
    }
    return Status::OK();
  }
  for (size_t n = 0; n < indexes.size(); ++n) {
    SplitState& split = splits_[indexes[n]];
    split.verify_epoch = false;
    const EpochAnswer& answer = (*answers)[n];
    if (answer.end_offset >= 0 && answer.end_offset < split.fetch_offset) {
      FailInOrder(indexes[n], Status::DataLoss(Where(split), ": the log was truncated: leader epoch ", split.seen_epoch, " ends at offset ", answer.end_offset,
                                               ", and reading stands at ", split.fetch_offset));
    } else {
      split.seen_epoch = split.leader_epoch;
    }
  }
  return Status::OK();
}

/// Finds out why the broker called an offset out of range, and does what the policy says.
Status KafkaReader::ResolveRanges(const CallContext& inner) {
  std::vector<uint32_t> indexes;
  std::vector<OffsetQuery> queries;
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    if (!splits_[i].reading() || !splits_[i].out_of_range || splits_[i].retry_at > steady_clock::now()) continue;
    indexes.push_back(i);
    queries.push_back({splits_[i].partition, kafka_protocol::kEarliestTimestamp});
    queries.push_back({splits_[i].partition, kafka_protocol::kLatestTimestamp});
  }
  if (indexes.empty()) return Status::OK();
  const Result<std::vector<OffsetAnswer>> answers =
      cluster_->ListOffsets(inner.WithDeadline(steady_clock::now() + options_.poll_timeout), topic_, queries, kafka_protocol::IsolationLevel::kReadUncommitted);
  Mark();
  if (!answers.ok()) {
    LOTIC_RETURN_NOT_OK(inner.Check("read topic '" + topic_ + "'"));
    for (const uint32_t i : indexes) FailInOrder(i, answers.status());
    return Status::OK();
  }
  for (size_t n = 0; n < indexes.size(); ++n) {
    SplitState& split = splits_[indexes[n]];
    split.out_of_range = false;
    const int64_t log_start = (*answers)[2 * n].offset;
    const int64_t log_end = (*answers)[2 * n + 1].offset;
    const int64_t at = split.fetch_offset;
    if (at < log_start) {
      const int64_t to = std::min(log_start, split.end);
      if (request_.policy.on_data_loss == OnDataLoss::kFail) {
        FailInOrder(indexes[n], Status::DataLoss(Where(split), ": offsets ", at, " to ", to - 1, " (", to - at, ") are no longer retained, the log starts at ",
                                                 log_start, "; on_data_loss = warn reads on from there"));
        continue;
      }
      FetchedPart gap;
      gap.gap_to = to;
      gap.lost = true;
      gap.note = "offsets " + std::to_string(at) + " to " + std::to_string(to - 1) + " were no longer retained when they were read";
      split.fetch_offset = to;
      split.idle_since = inside_;
      QueuePart(indexes[n], std::move(gap));
    } else if (at > log_end) {
      FailInOrder(indexes[n], Status::DataLoss(Where(split), ": the log was truncated: it ends at offset ", log_end, ", and reading stands at ", at,
                                               split.bounded() ? " of " + std::to_string(split.end) : std::string()));
    } else {
      RetryLater(split, split.last_error);  // it is in range now
    }
  }
  return Status::OK();
}

/// Fetched by name, a topic that was deleted and created again looks like the same one.
Status KafkaReader::CheckTopicAtEnd(const CallContext& inner, SplitState& split) {
  if (!fetched_by_name_ || topic_id_ == kafka_protocol::Uuid{} || split.parts.empty() || split.topic_checked) return Status::OK();
  split.topic_checked = true;
  const Result<std::shared_ptr<const TopicMetadata>> metadata =
      cluster_->Topic(inner.WithDeadline(steady_clock::now() + options_.poll_timeout), topic_, milliseconds(0));
  Mark();
  Status failure;
  if (!metadata.ok()) {
    LOTIC_RETURN_NOT_OK(inner.Check("read topic '" + topic_ + "'"));
    failure = metadata.status();
  } else if ((*metadata)->has_id() && (*metadata)->id != topic_id_) {
    failure = Status::DataLoss(Where(split), ": the topic was deleted and created again while it was read");
  }
  if (failure.ok()) {
    // One look serves every split whose last bytes have come.
    for (SplitState& other : splits_) other.topic_checked = other.topic_checked || other.fetch_offset >= other.end;
    return Status::OK();
  }
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    if (&splits_[i] == &split) {
      // Its last part must not be delivered as if nothing had happened.
      for (FetchedPart& part : split.parts) part.failure = failure;
    }
  }
  return Status::OK();
}

void KafkaReader::FailStalled() {
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    SplitState& split = splits_[i];
    if (!split.reading() || !split.bounded() || !split.parts.empty()) continue;
    if (inside_ - split.idle_since < options_.poll_timeout) continue;
    const std::string more = split.last_error.ok() ? "" : "; last failure: " + split.last_error.message();
    const StatusCode code = split.last_error.ok() || split.last_error.code() == StatusCode::kDeadlineExceeded ? StatusCode::kDataLoss : split.last_error.code();
    FailSplit(split, Status(code,
                            Where(split) + ": no progress for " + std::to_string(options_.poll_timeout.count()) + " ms (poll_timeout) at offset " +
                                std::to_string(split.position) + " of " + std::to_string(split.end) + more,
                            split.last_error.detail()));
    unreported_.push_back(i);
  }
}

}  // namespace lotic::kafka
