// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/fault.h"
#include "kafka_protocol/api.h"
#include "kafka_protocol/batch_builder.h"
#include "kafka_protocol/wire.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::net {
class TlsContext;
}

namespace lotic::broker {

inline constexpr int kMaxNodes = 3;
inline constexpr int kMaxPartitionsPerTopic = 1000;
inline constexpr int kMaxTopics = 1000;
inline constexpr size_t kMaxLoggedRequests = 10'000;  ///< of Broker::Requests; the oldest are forgotten, the counters go on

struct BrokerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;   ///< of the first node; 0, and for the other nodes always: a free one
  int node_count = 1;  ///< 1..kMaxNodes: broker nodes 1, 2, 3 of one cluster, each with a port of its own
  std::string cluster_id = "bG90aWMtYnJva2VyLWRlbQ";
  int32_t default_partitions = 1;   ///< of topics created without a number
  bool auto_create_topics = false;  ///< by Metadata requests that allow it
  /// What the nodes announce and answer instead of everything in the README's table: an older broker is imitated so. An
  /// empty range hides the API.
  std::map<kafka_protocol::ApiKey, kafka_protocol::VersionRange> versions = {};
  size_t max_frame_bytes = size_t{64} << 20;       ///< a larger request closes its connection
  size_t max_connections = 256;                    ///< over all nodes; more are closed at once
  size_t max_partition_bytes = size_t{256} << 20;  ///< of a partition's log; appending beyond it is a CapacityError
  int64_t first_producer_id = 4000;
  const Clock* clock = &Clock::System();            ///< for log append time and markers
  std::shared_ptr<const net::TlsContext> tls = {};  ///< set: all nodes speak TLS
  /// Not empty: connections must log in by SASL PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 as one of these (name →
  /// password).
  std::map<std::string, std::string> sasl_users = {};
};

/// A record to append. What it views must live until the call returns.
struct Record {
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  int64_t timestamp_ms = 0;
  std::vector<kafka_protocol::HeaderInput> headers = {};
  std::optional<int64_t> offset = {};  ///< set: leaves a gap before it, as compaction does; must be larger than the last one's
};

/// How the records of one Append become a batch. An open transaction begins with a transactional batch of a producer
/// and ends with AppendMarker.
struct BatchSettings {
  kafka_protocol::CodecId codec = kafka_protocol::CodecId::kNone;
  kafka_protocol::CompressOptions compress = {};
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;  ///< with a producer id
  int32_t base_sequence = -1;  ///< with a producer id; -1: not idempotent
  bool transactional = false;
  std::optional<int64_t> log_append_time_ms = {};  ///< set: the batch's time; unset: by the topic's message.timestamp.type
  std::optional<int64_t> last_offset = {};         ///< set: the batch reaches up to it, as a compacted one does (also without records)
  int8_t magic = 2;                                ///< 0 and 1: a message set (timestamps from 1 on, no headers, no producer)
};

struct AppendOptions {
  bool keep_offsets = false;  ///< the bytes' own offsets stay (they must lie behind the log's end); else they are assigned
  bool check = true;          ///< false: neither CRC nor records are looked at, only the batches' headers, so that rubbish can be stored
};

enum class MarkerType { kAbort, kCommit };

/// What a partition's log looks like now.
struct PartitionState {
  int32_t leader = 0;
  int32_t leader_epoch = 0;
  int64_t log_start_offset = 0;
  int64_t high_watermark = 0;  ///< the end of the log
  int64_t last_stable_offset = 0;
  size_t size_bytes = 0;
  size_t num_batches = 0;
};

/// Lotic's own small Kafka broker, in this process and in memory: `lotic demo`, and what tests read from and break on
/// script. It is one to three nodes of one cluster on loopback, served by one thread; see README.md for what it speaks.
/// There is no replication: a partition has a leader, which can be moved, and one log that all nodes share.
///
/// Any thread may call any method; each is atomic. Errors: NotFound names the topic or partition; Invalid;
/// CapacityError names the limit. Follows the Apache Kafka protocol guide; what a real broker does in odd cases was
/// observed on 3.9 and 4.4.
class Broker {
 public:
  /// Listens and serves when it returns. Errors: IOError (port taken), Invalid (options).
  static Result<std::unique_ptr<Broker>> Start(BrokerOptions options = {});
  ~Broker();  ///< stops
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// Closes all connections and ports. Idempotent; the data stays readable by Describe.
  void Stop();

  /// "127.0.0.1:port" of every node, comma-separated.
  std::string bootstrap() const;
  /// The port of node 1..node_count.
  uint16_t port(int32_t node = 1) const;
  const std::string& cluster_id() const;

  // ---- Topics

  /// `configs` by their Kafka names; unknown ones are Invalid. Leaders are dealt out round robin over the nodes.
  Status CreateTopic(const std::string& topic, int32_t partitions = 1, const std::map<std::string, std::string>& configs = {});
  Status DeleteTopic(const std::string& topic);
  /// The same name, number of partitions and configs, with a new topic id and empty logs.
  Status RecreateTopic(const std::string& topic);
  /// `partitions` in all, more than now.
  Status AddPartitions(const std::string& topic, int32_t partitions);
  Result<kafka_protocol::Uuid> TopicId(const std::string& topic) const;
  std::vector<std::string> Topics() const;
  Result<PartitionState> Describe(const std::string& topic, int32_t partition) const;

  // ---- Records

  /// Appends the records as one batch; returns the first one's offset (for a batch without records: its base offset).
  /// With `last_offset`, or compressed messages of format 0, another append at the same moment makes this one Invalid.
  Result<int64_t> Append(const std::string& topic, int32_t partition, std::span<const Record> records, const BatchSettings& settings = {});
  /// Appends ready record batches or messages as they are, as a raw client would. Returns the first offset.
  /// Errors also: IOError (broken bytes).
  Result<int64_t> AppendBatch(const std::string& topic, int32_t partition, kafka_protocol::Bytes batches, const AppendOptions& options = {});
  /// Ends the producer's open transaction in this partition. Returns the marker's offset.
  Result<int64_t> AppendMarker(const std::string& topic, int32_t partition, int64_t producer_id, MarkerType type, int16_t producer_epoch = 0);

  /// Deletes the head: batches that end before `offset` are gone, one around it is kept whole, as real brokers do.
  /// `offset` may be behind the end: the log is then empty and goes on there.
  Status SetLogStart(const std::string& topic, int32_t partition, int64_t offset);
  /// Fixes the last stable offset whatever the transactions say; nullopt: by the transactions again.
  Status SetLastStableOffset(const std::string& topic, int32_t partition, std::optional<int64_t> offset);
  /// Drops the tail from the first batch that reaches `offset` on, and starts a new leader epoch, as after an unclean
  /// election.
  Status TruncateTo(const std::string& topic, int32_t partition, int64_t offset);
  /// The partition's leader is now `node`, in a new leader epoch. -1: it has none (LEADER_NOT_AVAILABLE).
  Status MoveLeader(const std::string& topic, int32_t partition, int32_t node);

  // ---- Faults

  /// From now on, in the order of these calls. Returns the fault's number.
  int AddFault(Fault fault);
  void ClearFaults();
  /// How often the fault has struck.
  int64_t FaultHits(int fault) const;
  /// Lets the answers go that a kHold fault keeps, and those it will keep.
  void Release(int fault);
  /// Ends every connection to the node (0: to all) at once.
  void CloseConnections(int32_t node = 0);
  /// While set, the node accepts no connection and its port refuses: a dead broker. Existing connections end too.
  Status SetNodeDown(int32_t node, bool down);

  // ---- What was asked

  int64_t RequestCount(kafka_protocol::ApiKey api) const;
  /// The requests so far, oldest first, of one API or of all.
  std::vector<RequestRecord> Requests(std::optional<kafka_protocol::ApiKey> api = std::nullopt) const;
  std::optional<RequestRecord> LastRequest(kafka_protocol::ApiKey api) const;
  void ForgetRequests();
  /// Waits until `api` has been asked `count` times in all (since the start or ForgetRequests); false after `limit`.
  bool WaitForRequests(kafka_protocol::ApiKey api, int64_t count, std::chrono::milliseconds limit) const;
  size_t num_connections() const;

 private:
  struct Impl;
  explicit Broker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::broker
