// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connector/kafka/backoff.h"
#include "connector/kafka/broker_connection.h"
#include "connector/kafka/client_properties.h"
#include "connector/kafka/response_buffer.h"
#include "kafka_protocol/error_code.h"
#include "kafka_protocol/messages.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::kafka {

/// What the brokers last said of one partition.
struct PartitionMetadata {
  int32_t id = 0;
  int32_t leader = -1;        ///< -1: none
  int32_t leader_epoch = -1;  ///< -1: unknown
  kafka_protocol::ErrorCode error = kafka_protocol::ErrorCode::kNone;
};

/// What the brokers last said of one topic. Immutable.
struct TopicMetadata {
  std::string name;
  kafka_protocol::Uuid id{};  ///< all zero: the brokers have no ids
  bool is_internal = false;
  std::vector<PartitionMetadata> partitions;  ///< by id, ascending
  std::chrono::steady_clock::time_point fetched_at;

  const PartitionMetadata* Find(int32_t partition) const;
  bool has_id() const { return id != kafka_protocol::Uuid{}; }
};

/// Canonical text of a topic id: 32 hex digits; empty for none.
std::string TopicIdText(const kafka_protocol::Uuid& id);
/// Reads it back. Errors: Invalid.
Result<kafka_protocol::Uuid> ParseTopicId(std::string_view text);

/// One look-up of ListOffsets, and its answer.
struct OffsetQuery {
  int32_t partition = 0;
  int64_t timestamp = kafka_protocol::kLatestTimestamp;
};
struct OffsetAnswer {
  int64_t offset = -1;  ///< -1: no record is that late
  int64_t timestamp = -1;
  int32_t leader_epoch = -1;
};

/// Whether the log still holds `epoch` up to where we believe it does.
struct EpochQuery {
  int32_t partition = 0;
  int32_t leader_epoch = -1;
};
struct EpochAnswer {
  int32_t leader_epoch = -1;
  int64_t end_offset = -1;  ///< -1: the broker does not know
};

/// A cluster as seen by a client: who leads what, and connections to those. Any thread. Connects lazily.
///
/// Calls retry what may be retried, with capped backoff and fresh metadata, within default.api.timeout.ms and the context. The very
/// first contact does not: when no bootstrap server answers, that is said at once.
///
/// An address that did not answer rests before it is tried again: reconnect.backoff.ms, doubling up to reconnect.backoff.max.ms, less a random part.
/// Meanwhile who needs that broker gets the last failure, who could ask any waits for the first whose rest is over. The log tells an outage once, and once that it is over.
class Cluster {
 public:
  static constexpr size_t kMaxIdleConnections = 64;   ///< over all brokers; the oldest goes
  static constexpr size_t kMaxCachedTopics = 10'000;  ///< above it the cache is emptied
  static constexpr size_t kMaxOutages = 10'000;       ///< addresses that did not answer; above it they are forgotten

  explicit Cluster(std::shared_ptr<const ConnectionSettings> settings);

  /// Names of all topics that are not internal, sorted. Errors: those of BrokerConnection::Connect.
  Result<std::vector<std::string>> TopicNames(const CallContext& ctx, std::chrono::milliseconds max_age);
  /// A topic's metadata, from the cache if it is not older than `max_age`. Errors: NotFound (no such topic), Unauthorized.
  Result<std::shared_ptr<const TopicMetadata>> Topic(const CallContext& ctx, const std::string& name, std::chrono::milliseconds max_age);
  /// All topics that are not internal, with their partitions; asks.
  Result<std::vector<std::shared_ptr<const TopicMetadata>>> AllTopics(const CallContext& ctx);
  Result<std::string> ClusterId(const CallContext& ctx);

  /// Answers in the order of `queries`; one request a leader, all leaders at once.
  Result<std::vector<OffsetAnswer>> ListOffsets(const CallContext& ctx, const std::string& topic, std::span<const OffsetQuery> queries,
                                                kafka_protocol::IsolationLevel isolation);
  Result<std::vector<EpochAnswer>> EpochEnds(const CallContext& ctx, const std::string& topic, std::span<const EpochQuery> queries);
  /// Bytes on disk of the topic's partitions, as their leaders report them. Errors also: Unauthorized, NotImplemented.
  Result<std::map<int32_t, int64_t>> LogSizes(const CallContext& ctx, const std::string& topic);

  /// A connection to a broker, idle or new, for this caller alone. Errors: IOError (no such broker in the metadata; it does not answer, or rests after that).
  Result<std::unique_ptr<BrokerConnection>> Acquire(const CallContext& ctx, int32_t node);
  /// Keeps a connection without requests in flight for the next caller; any other is closed.
  void GiveBack(std::unique_ptr<BrokerConnection> connection);

  /// A broker's refusal of `topic`, told with who asked and how to go on; any other status as it is.
  Status Explained(const Status& status, const std::string& topic) const;

  const std::shared_ptr<BufferPool>& buffers() const { return buffers_; }
  const ClientProperties& client() const { return settings_->client; }
  const ConnectionSettings& settings() const { return *settings_; }

 private:
  struct Idle {
    std::unique_ptr<BrokerConnection> connection;
    std::chrono::steady_clock::time_point since;
  };

  struct Outage {
    Status last;
    std::chrono::steady_clock::time_point since;
    std::chrono::steady_clock::time_point rests_until;
    int failures = 0;
  };

  /// Null: none is idle.
  std::unique_ptr<BrokerConnection> TakeIdle(const net::Endpoint& endpoint);
  /// Connects, whether or not the address rests.
  Result<std::unique_ptr<BrokerConnection>> Connect(const CallContext& ctx, const net::Endpoint& endpoint);
  /// The outage of an address that rests.
  std::optional<Outage> Resting(const net::Endpoint& endpoint) const;
  void NoteOutage(const net::Endpoint& endpoint, const Status& status);
  void NoteAnswer(const net::Endpoint& endpoint);
  Result<std::unique_ptr<BrokerConnection>> AcquireAny(const CallContext& ctx, bool* may_retry);
  /// Asks any broker; null: for all topics. Retries.
  Result<kafka_protocol::MetadataResponse> AskMetadata(const CallContext& ctx, const std::string* topic);
  std::shared_ptr<const TopicMetadata> Remember(const kafka_protocol::MetadataResponse& response, const std::string* topic);
  /// Runs `attempt` until it is OK or fails for good. `attempt` returns false to be called again after a pause.
  Status Retry(const CallContext& ctx, const std::string& doing, const std::function<Result<bool>(Status* last)>& attempt);
  /// One request a leader of the partitions at `todo`, all sent before the first answer is awaited.
  template <typename Response, typename Request>
  Status ScatterGather(const CallContext& ctx, const TopicMetadata& metadata, const std::vector<size_t>& todo,
                       const std::function<int32_t(size_t)>& partition_of, const std::function<Request(const std::vector<size_t>&)>& make, int16_t ceiling,
                       const std::function<void(const std::vector<size_t>&, const Response&)>& take, Status* last);

  const std::shared_ptr<const ConnectionSettings> settings_;
  const std::shared_ptr<BufferPool> buffers_ = std::make_shared<BufferPool>();
  mutable std::mutex mutex_;  // guards all members below
  Backoff backoff_;
  Backoff reconnect_backoff_;
  std::map<net::Endpoint, Outage> outages_;
  std::map<int32_t, net::Endpoint> brokers_;
  std::map<std::string, std::shared_ptr<const TopicMetadata>, std::less<>> topics_;
  std::vector<std::string> names_;
  std::optional<std::chrono::steady_clock::time_point> names_at_;
  std::optional<std::string> cluster_id_;
  std::deque<Idle> idle_;  // oldest first
  size_t next_bootstrap_ = 0;
};

}  // namespace lotic::kafka
