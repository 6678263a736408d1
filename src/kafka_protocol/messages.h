// SPDX-License-Identifier: Apache-2.0
#pragma once

// One struct per request and response. Each has
//   static constexpr ApiKey kApi;
//   void Encode(Writer& out, int16_t version) const;   // body only; frame.h adds size and header
//   Status Decode(Reader& in, int16_t version);        // IOError naming the message and the byte where it broke
// `version` must lie in SupportedVersions(kApi). A field that a version does not carry is not written, and keeps its
// default when read. What the fields mean: Apache Kafka's protocol guide; names follow it. Decoding takes at most a
// small multiple of the message's own size of memory: arrays grow as their elements are read, never by a declared
// count.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka_protocol/api.h"
#include "kafka_protocol/error_code.h"
#include "kafka_protocol/wire.h"
#include "lotic/status.h"

namespace lotic::kafka_protocol {

#define LOTIC_KAFKA_MESSAGE(api)                   \
  static constexpr ApiKey kApi = ApiKey::api;      \
  void Encode(Writer& out, int16_t version) const; \
  Status Decode(Reader& in, int16_t version)

using NullableString = std::optional<std::string>;

// ---- ApiVersions 0-4

struct ApiVersionsRequest {
  LOTIC_KAFKA_MESSAGE(kApiVersions);
  std::string client_software_name;     // 3+
  std::string client_software_version;  // 3+
};

/// Decode also takes the answer to a version that the broker does not know: in v0 form, error UNSUPPORTED_VERSION,
/// holding the broker's own range for ApiVersions. Ask again with that.
struct ApiVersionsResponse {
  LOTIC_KAFKA_MESSAGE(kApiVersions);
  struct Api {
    int16_t key = 0, min = 0, max = 0;
  };
  struct Feature {
    std::string name;
    int16_t min = 0, max = 0;
  };
  ErrorCode error = ErrorCode::kNone;
  std::vector<Api> apis;
  int32_t throttle_ms = 0;                  // 1+
  std::vector<Feature> supported_features;  // 3+, tagged
  int64_t finalized_features_epoch = -1;    // 3+, tagged
  std::vector<Feature> finalized_features;  // 3+, tagged
};

// ---- Metadata 0-12

struct MetadataRequest {
  LOTIC_KAFKA_MESSAGE(kMetadata);
  struct Topic {
    Uuid topic_id{};      // 10+
    NullableString name;  // null: by id (12+)
  };
  std::optional<std::vector<Topic>> topics;            // null: all (in version 0 an empty list says so)
  bool allow_auto_topic_creation = false;              // 4+; below it the broker decides
  bool include_cluster_authorized_operations = false;  // 8-10
  bool include_topic_authorized_operations = false;    // 8+
};

struct MetadataResponse {
  LOTIC_KAFKA_MESSAGE(kMetadata);
  struct Broker {
    int32_t node_id = 0;
    std::string host;
    int32_t port = 0;
    NullableString rack;  // 1+
  };
  struct Partition {
    ErrorCode error = ErrorCode::kNone;
    int32_t index = 0;
    int32_t leader_id = -1;     // -1: none
    int32_t leader_epoch = -1;  // 7+
    std::vector<int32_t> replicas, isr;
    std::vector<int32_t> offline_replicas;  // 5+
  };
  struct Topic {
    ErrorCode error = ErrorCode::kNone;
    NullableString name;       // null: asked by an id that is unknown (12)
    Uuid topic_id{};           // 10+
    bool is_internal = false;  // 1+
    std::vector<Partition> partitions;
    int32_t authorized_operations = INT32_MIN;  // 8+
  };
  int32_t throttle_ms = 0;  // 3+
  std::vector<Broker> brokers;
  NullableString cluster_id;   // 2+
  int32_t controller_id = -1;  // 1+
  std::vector<Topic> topics;
  int32_t cluster_authorized_operations = INT32_MIN;  // 8-10
};

// ---- ListOffsets 1-10

inline constexpr int64_t kLatestTimestamp = -1;    ///< the high watermark, or under read_committed the last stable offset
inline constexpr int64_t kEarliestTimestamp = -2;  ///< the log's start
inline constexpr int64_t kMaxTimestamp = -3;       ///< the record with the greatest timestamp (7+)

enum class IsolationLevel : int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

struct ListOffsetsRequest {
  LOTIC_KAFKA_MESSAGE(kListOffsets);
  struct Partition {
    int32_t index = 0;
    int32_t current_leader_epoch = -1;  // 4+
    int64_t timestamp = kLatestTimestamp;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  int32_t replica_id = -1;
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;  // 2+
  std::vector<Topic> topics;
  int32_t timeout_ms = 0;  // 10+
};

struct ListOffsetsResponse {
  LOTIC_KAFKA_MESSAGE(kListOffsets);
  struct Partition {
    int32_t index = 0;
    ErrorCode error = ErrorCode::kNone;
    int64_t timestamp = -1;
    int64_t offset = -1;        // -1: no record is that late
    int32_t leader_epoch = -1;  // 4+
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  int32_t throttle_ms = 0;  // 2+
  std::vector<Topic> topics;
};

// ---- OffsetForLeaderEpoch 2-4

struct OffsetForLeaderEpochRequest {
  LOTIC_KAFKA_MESSAGE(kOffsetForLeaderEpoch);
  struct Partition {
    int32_t index = 0;
    int32_t current_leader_epoch = -1;
    int32_t leader_epoch = -1;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  int32_t replica_id = -1;  // 3+
  std::vector<Topic> topics;
};

struct OffsetForLeaderEpochResponse {
  LOTIC_KAFKA_MESSAGE(kOffsetForLeaderEpoch);
  struct Partition {
    ErrorCode error = ErrorCode::kNone;
    int32_t index = 0;
    int32_t leader_epoch = -1;
    int64_t end_offset = -1;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  int32_t throttle_ms = 0;
  std::vector<Topic> topics;
};

// ---- Fetch 4-17: topics by name up to 12, by id from 13 on

struct FetchRequest {
  LOTIC_KAFKA_MESSAGE(kFetch);
  struct Partition {
    int32_t index = 0;
    int32_t current_leader_epoch = -1;  // 9+
    int64_t fetch_offset = 0;
    int32_t last_fetched_epoch = -1;  // 12+
    int64_t log_start_offset = -1;    // 5+; followers only
    int32_t max_bytes = 1 << 20;
  };
  struct Topic {
    std::string name;  // up to 12
    Uuid topic_id{};   // 13+
    std::vector<Partition> partitions;
  };
  struct Forgotten {
    std::string name;  // 7-12
    Uuid topic_id{};   // 13+
    std::vector<int32_t> partitions;
  };
  NullableString cluster_id;   // 12+, tagged
  int32_t replica_id = -1;     // up to 14 plain, from 15 on tagged
  int64_t replica_epoch = -1;  // 15+, tagged
  int32_t max_wait_ms = 500;
  int32_t min_bytes = 1;
  int32_t max_bytes = 50 << 20;
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  int32_t session_id = 0;      // 7+
  int32_t session_epoch = -1;  // 7+; -1: no session
  std::vector<Topic> topics;
  std::vector<Forgotten> forgotten_topics;  // 7+
  std::string rack_id;                      // 11+
};

struct AbortedTransaction {
  int64_t producer_id = 0;
  int64_t first_offset = 0;
};

struct NodeEndpoint {
  int32_t node_id = 0;
  std::string host;
  int32_t port = 0;
  NullableString rack;
};

/// `records` borrow the buffer that was decoded (or the one that is to be encoded): nothing is copied.
struct FetchResponse {
  LOTIC_KAFKA_MESSAGE(kFetch);
  struct Partition {
    int32_t index = 0;
    ErrorCode error = ErrorCode::kNone;
    int64_t high_watermark = -1;
    int64_t last_stable_offset = -1;
    int64_t log_start_offset = -1;      // 5+
    int32_t diverging_epoch = -1;       // 12+, tagged
    int64_t diverging_end_offset = -1;  // 12+, tagged
    int32_t current_leader_id = -1;     // 12+, tagged
    int32_t current_leader_epoch = -1;  // 12+, tagged
    std::optional<std::vector<AbortedTransaction>> aborted_transactions;
    int32_t preferred_read_replica = -1;  // 11+
    std::optional<Bytes> records;         // null is the same as empty
  };
  struct Topic {
    std::string name;  // up to 12
    Uuid topic_id{};   // 13+
    std::vector<Partition> partitions;
  };
  int32_t throttle_ms = 0;
  ErrorCode error = ErrorCode::kNone;  // 7+
  int32_t session_id = 0;              // 7+
  std::vector<Topic> topics;
  std::vector<NodeEndpoint> node_endpoints;  // 16+, tagged
};

// ---- Produce 3-12

struct ProduceRequest {
  LOTIC_KAFKA_MESSAGE(kProduce);
  struct Partition {
    int32_t index = 0;
    std::optional<Bytes> records;  // borrowed
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  NullableString transactional_id;
  int16_t acks = -1;  // 0: the broker does not answer
  int32_t timeout_ms = 30000;
  std::vector<Topic> topics;
};

struct ProduceResponse {
  LOTIC_KAFKA_MESSAGE(kProduce);
  struct RecordError {
    int32_t batch_index = 0;
    NullableString message;
  };
  struct Partition {
    int32_t index = 0;
    ErrorCode error = ErrorCode::kNone;
    int64_t base_offset = -1;
    int64_t log_append_time_ms = -1;         // -1: the topic keeps the creators' times
    int64_t log_start_offset = -1;           // 5+
    std::vector<RecordError> record_errors;  // 8+
    NullableString error_message;            // 8+
    int32_t current_leader_id = -1;          // 10+, tagged
    int32_t current_leader_epoch = -1;       // 10+, tagged
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  std::vector<Topic> topics;
  int32_t throttle_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;  // 10+, tagged
};

// ---- InitProducerId 0-5

struct InitProducerIdRequest {
  LOTIC_KAFKA_MESSAGE(kInitProducerId);
  NullableString transactional_id;
  int32_t transaction_timeout_ms = 0;
  int64_t producer_id = -1;     // 3+
  int16_t producer_epoch = -1;  // 3+
};

struct InitProducerIdResponse {
  LOTIC_KAFKA_MESSAGE(kInitProducerId);
  int32_t throttle_ms = 0;
  ErrorCode error = ErrorCode::kNone;
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;
};

// ---- SaslHandshake 0-1, SaslAuthenticate 0-2

struct SaslHandshakeRequest {
  LOTIC_KAFKA_MESSAGE(kSaslHandshake);
  std::string mechanism;
};

struct SaslHandshakeResponse {
  LOTIC_KAFKA_MESSAGE(kSaslHandshake);
  ErrorCode error = ErrorCode::kNone;
  std::vector<std::string> mechanisms;
};

struct SaslAuthenticateRequest {
  LOTIC_KAFKA_MESSAGE(kSaslAuthenticate);
  std::string auth_bytes;  // secret: never print
};

struct SaslAuthenticateResponse {
  LOTIC_KAFKA_MESSAGE(kSaslAuthenticate);
  ErrorCode error = ErrorCode::kNone;
  NullableString error_message;
  std::string auth_bytes;
  int64_t session_lifetime_ms = 0;  // 1+
};

// ---- CreateTopics 2-7

struct CreateTopicsRequest {
  LOTIC_KAFKA_MESSAGE(kCreateTopics);
  struct Assignment {
    int32_t partition = 0;
    std::vector<int32_t> broker_ids;
  };
  struct Config {
    std::string name;
    NullableString value;
  };
  struct Topic {
    std::string name;
    int32_t num_partitions = -1;      // -1: the broker's default (4+)
    int16_t replication_factor = -1;  // -1: the broker's default (4+)
    std::vector<Assignment> assignments;
    std::vector<Config> configs;
  };
  std::vector<Topic> topics;
  int32_t timeout_ms = 60000;
  bool validate_only = false;
};

struct CreateTopicsResponse {
  LOTIC_KAFKA_MESSAGE(kCreateTopics);
  struct Config {
    std::string name;
    NullableString value;
    bool read_only = false;
    int8_t source = -1;
    bool is_sensitive = false;
  };
  struct Topic {
    std::string name;
    Uuid topic_id{};  // 7+
    ErrorCode error = ErrorCode::kNone;
    NullableString error_message;
    ErrorCode config_error = ErrorCode::kNone;   // 5+, tagged
    int32_t num_partitions = -1;                 // 5+
    int16_t replication_factor = -1;             // 5+
    std::optional<std::vector<Config>> configs;  // 5+
  };
  int32_t throttle_ms = 0;
  std::vector<Topic> topics;
};

// ---- DescribeConfigs 1-4

inline constexpr int8_t kTopicResource = 2;
inline constexpr int8_t kBrokerResource = 4;

struct DescribeConfigsRequest {
  LOTIC_KAFKA_MESSAGE(kDescribeConfigs);
  struct Resource {
    int8_t type = kTopicResource;
    std::string name;
    std::optional<std::vector<std::string>> keys;  // null: all
  };
  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;  // 3+
};

struct DescribeConfigsResponse {
  LOTIC_KAFKA_MESSAGE(kDescribeConfigs);
  struct Synonym {
    std::string name;
    NullableString value;
    int8_t source = -1;
  };
  struct Config {
    std::string name;
    NullableString value;
    bool read_only = false;
    int8_t source = -1;
    bool is_sensitive = false;
    std::vector<Synonym> synonyms;
    int8_t type = 0;               // 3+
    NullableString documentation;  // 3+
  };
  struct Result {
    ErrorCode error = ErrorCode::kNone;
    NullableString error_message;
    int8_t resource_type = kTopicResource;
    std::string resource_name;
    std::vector<Config> configs;
  };
  int32_t throttle_ms = 0;
  std::vector<Result> results;
};

// ---- DescribeLogDirs 1-4

struct DescribeLogDirsRequest {
  LOTIC_KAFKA_MESSAGE(kDescribeLogDirs);
  struct Topic {
    std::string name;
    std::vector<int32_t> partitions;
  };
  std::optional<std::vector<Topic>> topics;  // null: all
};

struct DescribeLogDirsResponse {
  LOTIC_KAFKA_MESSAGE(kDescribeLogDirs);
  struct Partition {
    int32_t index = 0;
    int64_t size_bytes = 0;
    int64_t offset_lag = 0;
    bool is_future = false;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  struct Directory {
    ErrorCode error = ErrorCode::kNone;
    std::string path;
    std::vector<Topic> topics;
    int64_t total_bytes = -1;   // 4+
    int64_t usable_bytes = -1;  // 4+
  };
  int32_t throttle_ms = 0;
  ErrorCode error = ErrorCode::kNone;  // 3+
  std::vector<Directory> directories;
};

// ---- FindCoordinator 0-4

struct FindCoordinatorRequest {
  LOTIC_KAFKA_MESSAGE(kFindCoordinator);
  std::string key;                // up to 3
  int8_t key_type = 0;            // 1+; 0: group, 1: transaction
  std::vector<std::string> keys;  // 4+
};

struct FindCoordinatorResponse {
  LOTIC_KAFKA_MESSAGE(kFindCoordinator);
  struct Coordinator {
    std::string key;  // 4+
    int32_t node_id = -1;
    std::string host;
    int32_t port = -1;
    ErrorCode error = ErrorCode::kNone;
    NullableString error_message;  // 1+
  };
  int32_t throttle_ms = 0;  // 1+
  /// Up to version 3 exactly one is carried: the first (a default one when there is none).
  std::vector<Coordinator> coordinators;
};

// ---- DescribeCluster 0-1

struct DescribeClusterRequest {
  LOTIC_KAFKA_MESSAGE(kDescribeCluster);
  bool include_authorized_operations = false;
  int8_t endpoint_type = 1;  // 1+
};

struct DescribeClusterResponse {
  LOTIC_KAFKA_MESSAGE(kDescribeCluster);
  int32_t throttle_ms = 0;
  ErrorCode error = ErrorCode::kNone;
  NullableString error_message;
  int8_t endpoint_type = 1;  // 1+
  std::string cluster_id;
  int32_t controller_id = -1;
  std::vector<NodeEndpoint> brokers;
  int32_t authorized_operations = INT32_MIN;
};

#undef LOTIC_KAFKA_MESSAGE

}  // namespace lotic::kafka_protocol
