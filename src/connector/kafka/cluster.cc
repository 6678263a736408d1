// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/cluster.h"

#include <algorithm>
#include <set>
#include <utility>

#include "lotic/source_error.h"
#include "net/poll.h"

namespace lotic::kafka {

using kafka_protocol::ErrorCode;
using kafka_protocol::Uuid;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

bool MayRetry(const Status& status) {
  if (status.code() == StatusCode::kCancelled || status.code() == StatusCode::kDeadlineExceeded) return false;
  const SourceError* detail = SourceError::From(status);
  return detail != nullptr && detail->retryable;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

const PartitionMetadata* TopicMetadata::Find(int32_t partition) const {
  const auto at = std::lower_bound(partitions.begin(), partitions.end(), partition, [](const PartitionMetadata& a, int32_t id) { return a.id < id; });
  return at != partitions.end() && at->id == partition ? &*at : nullptr;
}

std::string TopicIdText(const Uuid& id) {
  if (id == Uuid{}) return "";
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Result<Uuid> ParseTopicId(std::string_view text) {
  Uuid id{};
  if (text.empty()) return id;
  if (text.size() != 2 * id.size()) return Status::Invalid("topic id '", text, "': 32 hex digits are expected");
  for (size_t i = 0; i < id.size(); ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return Status::Invalid("topic id '", text, "': 32 hex digits are expected");
    id[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return id;
}

Cluster::Cluster(std::shared_ptr<const ConnectionSettings> settings)
    : settings_(std::move(settings)),
      backoff_(settings_->client.retry_backoff, settings_->client.retry_backoff_max),
      reconnect_backoff_(settings_->client.reconnect_backoff, settings_->client.reconnect_backoff_max) {}

// ---- Connections

std::unique_ptr<BrokerConnection> Cluster::TakeIdle(const net::Endpoint& endpoint) {
  while (true) {
    Idle found;
    {
      std::lock_guard lock(mutex_);
      for (size_t i = idle_.size(); i-- > 0;) {
        if (idle_[i].connection->endpoint() != endpoint) continue;
        found = std::move(idle_[i]);
        idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      }
    }
    if (found.connection == nullptr) return nullptr;
    const auto rested = steady_clock::now() - found.since;
    if (rested < settings_->client.connections_max_idle && !found.connection->login_due() && found.connection->LooksAlive()) return std::move(found.connection);
  }
}

std::optional<Cluster::Outage> Cluster::Resting(const net::Endpoint& endpoint) const {
  std::lock_guard lock(mutex_);
  const auto at = outages_.find(endpoint);
  if (at == outages_.end() || at->second.rests_until <= steady_clock::now()) return std::nullopt;
  return at->second;
}

void Cluster::NoteOutage(const net::Endpoint& endpoint, const Status& status) {
  const auto now = steady_clock::now();
  bool is_new = false;
  {
    std::lock_guard lock(mutex_);
    if (outages_.size() >= kMaxOutages) outages_.clear();
    Outage& outage = outages_[endpoint];
    is_new = outage.failures == 0;
    if (is_new) outage.since = now;
    outage.last = status;
    ++outage.failures;
    outage.rests_until = now + reconnect_backoff_.AtLeastHalfAfter(outage.failures);
  }
  settings_->Log(is_new ? LogDetail::kEvent : LogDetail::kRequest, "connecting failed: " + status.message());
}

void Cluster::NoteAnswer(const net::Endpoint& endpoint) {
  Outage ended;
  {
    std::lock_guard lock(mutex_);
    const auto at = outages_.find(endpoint);
    if (at == outages_.end()) return;
    ended = std::move(at->second);
    outages_.erase(at);
  }
  const auto lasted = std::chrono::duration_cast<milliseconds>(steady_clock::now() - ended.since);
  settings_->Log(LogDetail::kEvent, "broker " + endpoint.ToString() + " answers again, after " + std::to_string(lasted.count()) + " ms and " +
                                        std::to_string(ended.failures) + " attempts that failed");
}

Result<std::unique_ptr<BrokerConnection>> Cluster::Connect(const CallContext& ctx, const net::Endpoint& endpoint) {
  Result<std::unique_ptr<BrokerConnection>> connection = BrokerConnection::Connect(ctx, endpoint, settings_, buffers_);
  if (connection.ok()) {
    NoteAnswer(endpoint);
  } else if (const StatusCode code = connection.status().code(); code != StatusCode::kCancelled && code != StatusCode::kDeadlineExceeded) {
    NoteOutage(endpoint, connection.status());  // else the caller's time was over
  }
  return connection;
}

Result<std::unique_ptr<BrokerConnection>> Cluster::Acquire(const CallContext& ctx, int32_t node) {
  net::Endpoint endpoint;
  {
    std::lock_guard lock(mutex_);
    const auto at = brokers_.find(node);
    if (at == brokers_.end()) {
      return Status::IOError("broker ", node, " is not in the cluster's metadata").WithDetail(std::make_shared<SourceError>(true));
    }
    endpoint = at->second;
  }
  if (std::unique_ptr<BrokerConnection> idle = TakeIdle(endpoint)) return Result<std::unique_ptr<BrokerConnection>>(std::move(idle));
  if (const std::optional<Outage> outage = Resting(endpoint)) return outage->last;
  return Connect(ctx, endpoint);
}

void Cluster::GiveBack(std::unique_ptr<BrokerConnection> connection) {
  if (connection == nullptr || connection->in_flight() != 0) return;
  Idle oldest;  // closed outside the lock
  std::lock_guard lock(mutex_);
  if (idle_.size() >= kMaxIdleConnections) {
    oldest = std::move(idle_.front());
    idle_.pop_front();
  }
  idle_.push_back({std::move(connection), steady_clock::now()});
}

Result<std::unique_ptr<BrokerConnection>> Cluster::AcquireAny(const CallContext& ctx, bool* may_retry) {
  std::vector<net::Endpoint> candidates;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) candidates.push_back(idle_.back().connection->endpoint());
    *may_retry = !brokers_.empty();
    std::vector<net::Endpoint> known;
    for (const auto& [node, endpoint] : brokers_) known.push_back(endpoint);
    for (const net::Endpoint& endpoint : settings_->client.bootstrap_servers) known.push_back(endpoint);
    // Each failure moves the starting point on, so that a dead first server does not cost every call its time-out.
    for (size_t i = 0; i < known.size(); ++i) candidates.push_back(known[(next_bootstrap_ + i) % known.size()]);
  }
  if (candidates.empty()) return Status::Invalid("no bootstrap server is given: set bootstrap.servers (-b host:port)");
  std::set<net::Endpoint> seen;
  std::erase_if(candidates, [&](const net::Endpoint& endpoint) { return !seen.insert(endpoint).second; });
  std::string failures;
  size_t num_failures = 0;
  Status last;
  const auto failed = [&](const Status& status) {
    last = status;
    failures += (failures.empty() ? "" : "; ") + status.message();
    ++num_failures;
  };
  for (int round = 1;; ++round) {
    bool asked = false;
    auto due = steady_clock::time_point::max();
    for (const net::Endpoint& endpoint : candidates) {
      if (std::unique_ptr<BrokerConnection> idle = TakeIdle(endpoint)) return Result<std::unique_ptr<BrokerConnection>>(std::move(idle));
      if (const std::optional<Outage> outage = Resting(endpoint)) {
        due = std::min(due, outage->rests_until);
        failed(outage->last);
        continue;
      }
      asked = true;
      Result<std::unique_ptr<BrokerConnection>> connection = Connect(ctx, endpoint);
      if (connection.ok()) return connection;
      failed(connection.status());
      if (last.code() == StatusCode::kCancelled || last.code() == StatusCode::kDeadlineExceeded) return last;
      if (last.code() == StatusCode::kUnauthorized) return last;
      std::lock_guard lock(mutex_);
      ++next_bootstrap_;
    }
    if (asked || round == 2) break;  // they may rest again, if somebody else has asked them meanwhile
    // All of them rest. A stop or the deadline ends that, and then the failure of before says more than that time is up.
    const auto pause = std::chrono::ceil<milliseconds>(due - steady_clock::now());
    const Result<net::WaitOutcome> waited = net::Wait(ctx, {}, nullptr, std::max(pause, milliseconds(1)));
    if (!waited.ok()) {
      if (waited.status().code() != StatusCode::kDeadlineExceeded) return waited.status();
      return waited.status().WithMessage("the time limit has passed; last failure: ", last.message());
    }
    failures.clear();
    num_failures = 0;
  }
  if (num_failures == 1) return last;
  return last.WithMessage("none of ", num_failures, " servers answers: ", failures);
}

Status Cluster::Retry(const CallContext& ctx, const std::string& doing, const std::function<Result<bool>(Status* last)>& attempt) {
  const auto until = steady_clock::now() + settings_->client.api_timeout;
  Status last;
  for (int failures = 1;; ++failures) {
    const Status check = ctx.Check(doing);
    if (!check.ok()) return last.ok() || check.IsCancelled() ? check : check.WithMessage(check.message(), "; last failure: ", last.message());
    LOTIC_ASSIGN_OR_RETURN(const bool done, attempt(&last));
    if (done) return Status::OK();
    milliseconds pause;
    {
      std::lock_guard lock(mutex_);
      pause = backoff_.After(failures);
    }
    if (steady_clock::now() + pause >= until) {
      return last.WithMessage(doing, ": given up after ", settings_->client.api_timeout.count(), " ms (default.api.timeout.ms): ", last.message());
    }
    Result<net::WaitOutcome> waited = net::Wait(ctx, {}, nullptr, std::max(pause, milliseconds(1)));
    if (!waited.ok()) {
      // The deadline of the call came while waiting: what kept failing says more than "time is up".
      if (waited.status().code() == StatusCode::kDeadlineExceeded && !last.ok()) {
        return waited.status().WithMessage(doing, ": the time limit has passed; last failure: ", last.message());
      }
      return waited.status();
    }
  }
}

Status Cluster::Explained(const Status& status, const std::string& topic) const {
  if (status.code() != StatusCode::kUnauthorized) return status;
  const ClientProperties& client = settings_->client;
  if (client.uses_sasl()) {
    return status.WithMessage(status.message(), "; asked as '", client.sasl_username, "': that user needs the permissions DESCRIBE and READ on topic '", topic,
                              "' (or log in as one who has them)");
  }
  return status.WithMessage(status.message(), "; asked without a login (security.protocol=", SecurityProtocolName(client.security_protocol),
                            "): DESCRIBE and READ on topic '", topic, "' are needed, or the login of a user who has them");
}

// ---- Metadata

Result<kafka_protocol::MetadataResponse> Cluster::AskMetadata(const CallContext& ctx, const std::string* topic) {
  std::optional<kafka_protocol::MetadataResponse> answer;
  const std::string doing = topic == nullptr ? "list topics" : "look up topic '" + *topic + "'";
  LOTIC_RETURN_NOT_OK(Retry(ctx, doing, [&](Status* last) -> Result<bool> {
    bool may_retry = false;
    Result<std::unique_ptr<BrokerConnection>> connection = AcquireAny(ctx, &may_retry);
    if (!connection.ok()) {
      *last = connection.status();
      if (!may_retry || !MayRetry(*last)) return *last;
      return false;
    }
    kafka_protocol::MetadataRequest request;
    if (topic != nullptr) {
      kafka_protocol::MetadataRequest::Topic wanted;
      wanted.name = *topic;
      request.topics.emplace().push_back(std::move(wanted));
    }
    Result<kafka_protocol::MetadataResponse> response = (*connection)->Call<kafka_protocol::MetadataResponse>(ctx, request);
    if (!response.ok()) {
      *last = response.status();
      if (!may_retry || !MayRetry(*last)) return *last;
      return false;
    }
    GiveBack(std::move(*connection));
    if (topic != nullptr) {
      if (response->topics.size() != 1) {
        return Status::IOError(doing, ": the broker answered for ", response->topics.size(), " topics").WithDetail(std::make_shared<SourceError>(false));
      }
      const ErrorCode error = response->topics[0].error;
      if (error != ErrorCode::kNone) {
        *last = Explained(kafka_protocol::StatusFromError(error, doing), *topic);
        // A topic that does not exist is not worth waiting for; one that is being made is.
        if (error == ErrorCode::kUnknownTopicOrPartition || !kafka_protocol::LookUpError(error).retriable) {
          Remember(*response, nullptr);
          return *last;
        }
        return false;
      }
    }
    answer = std::move(*response);
    return true;
  }));
  return std::move(*answer);
}

std::shared_ptr<const TopicMetadata> Cluster::Remember(const kafka_protocol::MetadataResponse& response, const std::string* topic) {
  std::lock_guard lock(mutex_);
  if (!response.brokers.empty()) {
    brokers_.clear();
    for (const auto& broker : response.brokers) {
      if (broker.port <= 0 || broker.port > 65535) continue;
      brokers_[broker.node_id] = {broker.host, static_cast<uint16_t>(broker.port)};
    }
  }
  cluster_id_ = response.cluster_id.value_or("");
  if (topics_.size() > kMaxCachedTopics) topics_.clear();
  std::shared_ptr<const TopicMetadata> wanted;
  for (const auto& from : response.topics) {
    if (!from.name.has_value() || from.error != ErrorCode::kNone) continue;
    auto made = std::make_shared<TopicMetadata>();
    made->name = *from.name;
    made->id = from.topic_id;
    made->is_internal = from.is_internal;
    made->fetched_at = steady_clock::now();
    for (const auto& partition : from.partitions) {
      made->partitions.push_back({partition.index, partition.leader_id, partition.leader_epoch, partition.error});
    }
    std::sort(made->partitions.begin(), made->partitions.end(), [](const PartitionMetadata& a, const PartitionMetadata& b) { return a.id < b.id; });
    if (topic != nullptr && *topic == made->name) wanted = made;
    topics_[made->name] = std::move(made);
  }
  return wanted;
}

Result<std::shared_ptr<const TopicMetadata>> Cluster::Topic(const CallContext& ctx, const std::string& name, milliseconds max_age) {
  {
    std::lock_guard lock(mutex_);
    const auto at = topics_.find(name);
    if (at != topics_.end() && steady_clock::now() - at->second->fetched_at < max_age) return at->second;
  }
  LOTIC_ASSIGN_OR_RETURN(const kafka_protocol::MetadataResponse response, AskMetadata(ctx, &name));
  std::shared_ptr<const TopicMetadata> topic = Remember(response, &name);
  if (topic == nullptr) {
    return Status::IOError("look up topic '", name, "': the broker answered for another topic").WithDetail(std::make_shared<SourceError>(false));
  }
  return topic;
}

Result<std::vector<std::shared_ptr<const TopicMetadata>>> Cluster::AllTopics(const CallContext& ctx) {
  LOTIC_ASSIGN_OR_RETURN(const kafka_protocol::MetadataResponse response, AskMetadata(ctx, nullptr));
  Remember(response, nullptr);
  std::vector<std::shared_ptr<const TopicMetadata>> topics;
  std::vector<std::string> names;
  std::lock_guard lock(mutex_);
  for (const auto& from : response.topics) {
    if (!from.name.has_value() || from.is_internal) continue;
    if (from.error == ErrorCode::kUnknownTopicOrPartition) continue;
    names.push_back(*from.name);
    const auto at = topics_.find(*from.name);
    if (at != topics_.end() && from.error == ErrorCode::kNone) topics.push_back(at->second);
  }
  std::sort(names.begin(), names.end());
  std::sort(topics.begin(), topics.end(), [](const auto& a, const auto& b) { return a->name < b->name; });
  names_ = std::move(names);
  names_at_ = steady_clock::now();
  return topics;
}

Result<std::vector<std::string>> Cluster::TopicNames(const CallContext& ctx, milliseconds max_age) {
  {
    std::lock_guard lock(mutex_);
    if (names_at_.has_value() && steady_clock::now() - *names_at_ < max_age) return names_;
  }
  LOTIC_RETURN_NOT_OK(AllTopics(ctx).status());
  std::lock_guard lock(mutex_);
  return names_;
}

Result<std::string> Cluster::ClusterId(const CallContext& ctx) {
  {
    std::lock_guard lock(mutex_);
    if (cluster_id_.has_value()) return *cluster_id_;
  }
  LOTIC_RETURN_NOT_OK(AllTopics(ctx).status());
  std::lock_guard lock(mutex_);
  return cluster_id_.value_or("");
}

// ---- Calls to leaders

template <typename Response, typename Request>
Status Cluster::ScatterGather(const CallContext& ctx, const TopicMetadata& metadata, const std::vector<size_t>& todo,
                              const std::function<int32_t(size_t)>& partition_of, const std::function<Request(const std::vector<size_t>&)>& make,
                              int16_t ceiling, const std::function<void(const std::vector<size_t>&, const Response&)>& take, Status* last) {
  std::map<int32_t, std::vector<size_t>> by_leader;
  for (const size_t index : todo) {
    const PartitionMetadata* partition = metadata.Find(partition_of(index));
    if (partition == nullptr) {
      return Status::NotFound("topic '", metadata.name, "' has no partition ", partition_of(index), "; it has ", metadata.partitions.size());
    }
    if (partition->leader < 0) {
      *last = Status::IOError("partition ", partition->id, " of topic '", metadata.name, "' has no leader now").WithDetail(std::make_shared<SourceError>(true));
      continue;
    }
    by_leader[partition->leader].push_back(index);
  }
  struct Sent {
    std::unique_ptr<BrokerConnection> connection;
    int32_t id;
    const std::vector<size_t>* indexes;
  };
  std::vector<Sent> sent;
  const auto failed = [&](const Status& status) -> Status {
    *last = status;
    return MayRetry(status) ? Status::OK() : status;
  };
  for (const auto& [leader, indexes] : by_leader) {
    Result<std::unique_ptr<BrokerConnection>> connection = Acquire(ctx, leader);
    if (!connection.ok()) {
      LOTIC_RETURN_NOT_OK(failed(connection.status()));
      continue;
    }
    LOTIC_ASSIGN_OR_RETURN(const int16_t version, (*connection)->PickVersion(Request::kApi, ceiling));
    Result<int32_t> id = (*connection)->Send(make(indexes), version);
    if (!id.ok()) {
      LOTIC_RETURN_NOT_OK(failed(id.status()));
      continue;
    }
    sent.push_back({std::move(*connection), *id, &indexes});
  }
  for (Sent& one : sent) {
    Result<Answer> answer = one.connection->Await(ctx, settings_->client.request_timeout);
    if (!answer.ok()) {
      LOTIC_RETURN_NOT_OK(failed(answer.status()));
      continue;
    }
    Result<Response> response = one.connection->template Decode<Response>(*answer, one.id);
    if (!response.ok()) {
      LOTIC_RETURN_NOT_OK(failed(response.status()));
      continue;
    }
    take(*one.indexes, *response);
    GiveBack(std::move(one.connection));
  }
  return Status::OK();
}

namespace {

/// The indexes not answered yet.
std::vector<size_t> Unanswered(const std::vector<uint8_t>& answered) {
  std::vector<size_t> todo;
  for (size_t i = 0; i < answered.size(); ++i) {
    if (answered[i] == 0) todo.push_back(i);
  }
  return todo;
}

}  // namespace

Result<std::vector<OffsetAnswer>> Cluster::ListOffsets(const CallContext& ctx, const std::string& topic, std::span<const OffsetQuery> queries,
                                                       kafka_protocol::IsolationLevel isolation) {
  using Request = kafka_protocol::ListOffsetsRequest;
  using Response = kafka_protocol::ListOffsetsResponse;
  std::vector<OffsetAnswer> answers(queries.size());
  std::vector<uint8_t> answered(queries.size(), 0);
  if (queries.empty()) return answers;
  const std::string doing = "look up offsets of topic '" + topic + "'";
  Status fatal;
  milliseconds max_age = settings_->client.metadata_max_age;
  LOTIC_RETURN_NOT_OK(Retry(ctx, doing, [&](Status* last) -> Result<bool> {
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> metadata, Topic(ctx, topic, max_age));
    max_age = milliseconds(0);  // whatever fails below, the next try asks anew
    // A request names a partition once: look-ups of the same partition go in rounds.
    while (true) {
      std::vector<size_t> todo;
      std::set<int32_t> named;
      for (const size_t index : Unanswered(answered)) {
        if (named.insert(queries[index].partition).second) todo.push_back(index);
      }
      if (todo.empty()) return true;
      const size_t before = Unanswered(answered).size();
      LOTIC_RETURN_NOT_OK((ScatterGather<Response, Request>(
          ctx, *metadata, todo, [&](size_t i) { return queries[i].partition; },
          [&](const std::vector<size_t>& indexes) {
            Request request;
            request.isolation_level = isolation;
            request.timeout_ms = static_cast<int32_t>(settings_->client.request_timeout.count());
            Request::Topic& asked = request.topics.emplace_back();
            asked.name = topic;
            for (const size_t i : indexes) {
              asked.partitions.push_back({queries[i].partition, metadata->Find(queries[i].partition)->leader_epoch, queries[i].timestamp});
            }
            return request;
          },
          INT16_MAX,
          [&](const std::vector<size_t>& indexes, const Response& response) {
            for (const auto& got_topic : response.topics) {
              if (got_topic.name != topic) continue;
              for (const auto& got : got_topic.partitions) {
                for (const size_t i : indexes) {
                  if (queries[i].partition != got.index) continue;
                  if (got.error == ErrorCode::kNone) {
                    answers[i] = {got.offset, got.timestamp, got.leader_epoch};
                    answered[i] = 1;
                    continue;
                  }
                  const Status status = Explained(kafka_protocol::StatusFromError(got.error, doing + ", partition " + std::to_string(got.index)), topic);
                  *last = status;
                  if (!kafka_protocol::LookUpError(got.error).retriable && !kafka_protocol::LookUpError(got.error).stale_metadata) {
                    fatal = status;
                  }
                }
              }
            }
          },
          last)));
      if (!fatal.ok()) return fatal;
      const size_t after = Unanswered(answered).size();
      if (after == 0) return true;
      if (after == before) {
        if (last->ok()) {
          *last = Status::IOError(doing, ": the broker left partitions out").WithDetail(std::make_shared<SourceError>(true));
        }
        return false;
      }
    }
  }));
  return answers;
}

Result<std::vector<EpochAnswer>> Cluster::EpochEnds(const CallContext& ctx, const std::string& topic, std::span<const EpochQuery> queries) {
  using Request = kafka_protocol::OffsetForLeaderEpochRequest;
  using Response = kafka_protocol::OffsetForLeaderEpochResponse;
  std::vector<EpochAnswer> answers(queries.size());
  std::vector<uint8_t> answered(queries.size(), 0);
  if (queries.empty()) return answers;
  const std::string doing = "look up leader epochs of topic '" + topic + "'";
  Status fatal;
  milliseconds max_age = settings_->client.metadata_max_age;
  LOTIC_RETURN_NOT_OK(Retry(ctx, doing, [&](Status* last) -> Result<bool> {
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> metadata, Topic(ctx, topic, max_age));
    max_age = milliseconds(0);
    LOTIC_RETURN_NOT_OK((ScatterGather<Response, Request>(
        ctx, *metadata, Unanswered(answered), [&](size_t i) { return queries[i].partition; },
        [&](const std::vector<size_t>& indexes) {
          Request request;
          Request::Topic& asked = request.topics.emplace_back();
          asked.name = topic;
          for (const size_t i : indexes) {
            asked.partitions.push_back({queries[i].partition, metadata->Find(queries[i].partition)->leader_epoch, queries[i].leader_epoch});
          }
          return request;
        },
        INT16_MAX,
        [&](const std::vector<size_t>& indexes, const Response& response) {
          for (const auto& got_topic : response.topics) {
            if (got_topic.name != topic) continue;
            for (const auto& got : got_topic.partitions) {
              for (const size_t i : indexes) {
                if (queries[i].partition != got.index) continue;
                if (got.error == ErrorCode::kNone) {
                  answers[i] = {got.leader_epoch, got.end_offset};
                  answered[i] = 1;
                  continue;
                }
                *last = Explained(kafka_protocol::StatusFromError(got.error, doing + ", partition " + std::to_string(got.index)), topic);
                if (!kafka_protocol::LookUpError(got.error).retriable && !kafka_protocol::LookUpError(got.error).stale_metadata) {
                  fatal = *last;
                }
              }
            }
          }
        },
        last)));
    if (!fatal.ok()) return fatal;
    if (Unanswered(answered).empty()) return true;
    if (last->ok()) {
      *last = Status::IOError(doing, ": the broker left partitions out").WithDetail(std::make_shared<SourceError>(true));
    }
    return false;
  }));
  return answers;
}

Result<std::map<int32_t, int64_t>> Cluster::LogSizes(const CallContext& ctx, const std::string& topic) {
  using Request = kafka_protocol::DescribeLogDirsRequest;
  using Response = kafka_protocol::DescribeLogDirsResponse;
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TopicMetadata> metadata, Topic(ctx, topic, settings_->client.metadata_max_age));
  std::map<int32_t, int64_t> sizes;
  std::vector<size_t> all(metadata->partitions.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  Status last;
  Status refused;
  LOTIC_RETURN_NOT_OK((ScatterGather<Response, Request>(
      ctx, *metadata, all, [&](size_t i) { return metadata->partitions[i].id; },
      [&](const std::vector<size_t>& indexes) {
        Request request;
        Request::Topic& asked = request.topics.emplace().emplace_back();
        asked.name = topic;
        for (const size_t i : indexes) asked.partitions.push_back(metadata->partitions[i].id);
        return request;
      },
      INT16_MAX,
      [&](const std::vector<size_t>&, const Response& response) {
        if (response.error != ErrorCode::kNone) refused = kafka_protocol::StatusFromError(response.error, "describe log folders");
        for (const auto& directory : response.directories) {
          if (directory.error != ErrorCode::kNone) {
            refused = kafka_protocol::StatusFromError(directory.error, "describe log folders");
          }
          for (const auto& got_topic : directory.topics) {
            if (got_topic.name != topic) continue;
            for (const auto& partition : got_topic.partitions) {
              if (!partition.is_future) sizes[partition.index] += partition.size_bytes;
            }
          }
        }
      },
      &last)));
  if (!refused.ok()) return refused;
  if (!last.ok()) return last;
  if (sizes.size() < metadata->partitions.size()) {
    return Status::IOError("describe log folders: sizes of ", sizes.size(), " of ", metadata->partitions.size(), " partitions came back")
        .WithDetail(std::make_shared<SourceError>(false));
  }
  return sizes;
}

}  // namespace lotic::kafka
