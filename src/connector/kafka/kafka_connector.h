// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/kafka/client_properties.h"
#include "lotic/connector.h"
#include "lotic/status.h"

namespace lotic::kafka {

/// What a log line is worth: kEvent explains a slow or failing query (connections, plans, retries), kRequest is each single request.
enum class LogDetail { kEvent, kRequest };
/// Told what goes on; any thread, no secrets. May be empty.
using LogSink = std::function<void(LogDetail detail, const std::string& sentence)>;

/// How the Kafka connector reads, beside what Kafka's own client properties say. A value type.
struct KafkaOptions {
  ClientProperties client;

  /// Schema documents (lotic's JSON form, as `lotic topics --schema-of` writes it) by topic: they take the place of sampling.
  std::map<std::string, std::string> schema_documents;

  int64_t sample_records = 1000;                        ///< newest records looked at per topic; 0 .. 100 000; 0: never sample
  int64_t sample_bytes = int64_t{4} << 20;              ///< of fetched data per topic; 64 KiB .. 1 GiB
  std::chrono::milliseconds sample_time{300};           ///< per topic; 1 .. 60 000
  std::chrono::milliseconds schema_cache_time{30'000};  ///< how long a sampled schema is used again; 0 .. 3 600 000

  /// A bounded split that makes no progress for so long is an error.
  std::chrono::milliseconds poll_timeout{30'000};  ///< 1 .. 3 600 000
  /// No answer of a broker may be larger; a batch that does not fit is an error naming this.
  int64_t max_response_bytes = int64_t{256} << 20;  ///< 1 MiB .. 2^31 - 1
  /// A partition is cut into pieces when a plan has fewer splits than this, so that several readers can share it; 1 .. 1024.
  int parallel_splits = 4;
  /// No piece is made smaller than so many offsets; > 0.
  int64_t min_piece_records = 250'000;

  LogSink log;

  /// Errors: Invalid, naming the field, its value and its range.
  Status Validate() const;
};

/// One line of `lotic topics`.
struct TopicSummary {
  std::string name;
  int32_t partitions = 0;
  int64_t records = 0;              ///< end - start over all partitions: an upper bound
  std::optional<int64_t> first_ms;  ///< timestamp of the first record that has one
  std::optional<int64_t> last_ms;   ///< the greatest timestamp; none where the broker cannot tell (before Kafka 3.0)
  std::string format;               ///< "json", "raw"; empty when it was not looked at
  Status status;                    ///< why the rest of the line is missing (no permission, no leader)
};

/// Offsets of one partition, for `lotic topics --offsets`.
struct PartitionOffset {
  int32_t partition = 0;
  int64_t offset = 0;
};

/// A Kafka cluster as a source. Any thread. Connects lazily: making one does not touch the network.
class KafkaConnector : public Connector, public SplitDiscovery {
 public:
  /// Every topic that is not internal, sorted by name. `detect_format` samples each topic, up to kMaxDetectedTopics of them.
  virtual Result<std::vector<TopicSummary>> TopicSummaries(const CallContext& ctx, bool detect_format) = 0;
  /// Start (`earliest`) or end offsets of a topic's partitions, in order. Errors: NotFound with the nearest names.
  virtual Result<std::vector<PartitionOffset>> TopicOffsets(const CallContext& ctx, const std::string& topic, bool earliest) = 0;
  /// The cluster's own id; asks a broker unless known. Empty where brokers have none.
  virtual Result<std::string> ClusterId(const CallContext& ctx) = 0;
};

inline constexpr size_t kMaxDetectedTopics = 200;

/// Errors: Invalid (options), Invalid or NotFound (TLS stores that cannot be read).
Result<std::shared_ptr<KafkaConnector>> MakeKafkaConnector(KafkaOptions options);

/// The connector's only schema.
inline constexpr const char* kDefaultSchema = "default";

}  // namespace lotic::kafka
