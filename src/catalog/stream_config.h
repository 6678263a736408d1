// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

// The stream that a real-time table reads: a map of texts in Pinot's table JSON. Follows: Apache Pinot's stream configuration.

namespace lotic::catalog {

/// Where a partition begins to be read that no position is stored for.
struct OffsetCriteria {
  enum class Kind : uint8_t {
    kLargest,    ///< the end when the table was created
    kSmallest,   ///< the first record retained
    kTimeAgo,    ///< the first record not older than `ms` before now; none: the end
    kInstant,    ///< the first record not before `ms` since 1970-01-01 UTC; none: the end
    kPositions,  ///< partition → offset; a partition that is not listed begins with its first record
  };
  Kind kind = Kind::kLargest;
  int64_t ms = 0;
  std::map<int32_t, int64_t> positions;
  bool operator==(const OffsetCriteria&) const = default;
};

/// "smallest", "largest" (and "earliest", "latest"), a period "2d", an instant "2022-08-09T12:31:38.222Z", positions "0:100,1:250". Errors: Invalid, with the text and the forms there are.
Result<OffsetCriteria> ParseOffsetCriteria(std::string_view text);
std::string ToString(const OffsetCriteria& criteria);  ///< in the form that ParseOffsetCriteria reads

/// When a consuming segment is sealed. Follows: Pinot's realtime.segment.flush.* keys.
struct FlushThresholds {
  std::optional<int64_t> segment_rows;  ///< …segment.rows: exactly so many rows a segment
  int64_t total_rows = 5'000'000;       ///< …rows: over all partitions of this process; 0: by size
  int64_t time_ms = 6LL * 3600 * 1000;  ///< …time
  int64_t segment_bytes = 200LL << 20;  ///< …segment.size: wanted size of a sealed segment, by size only
  double variance = 0;             ///< …variance.fraction, 0 .. 0.5: the row threshold is multiplied with a random number from 1 - variance to 1 + variance
  int64_t initial_rows = 100'000;  ///< …autotune.initialRows: the first guess, by size only

  bool by_size() const { return !segment_rows && total_rows == 0; }
  bool operator==(const FlushThresholds&) const = default;
};

/// A file that the configuration names.
struct NamedFile {
  std::string key;  ///< as in the document
  std::string path;
  bool operator==(const NamedFile&) const = default;
};

inline constexpr size_t kMaxStreamPartitionIds = 10000;
inline constexpr size_t kMaxStreamKeys = 1000;

/// Values have their variables replaced: nothing of this may be shown but what is safe to show.
struct StreamConfig {
  enum class Isolation : uint8_t { kReadUncommitted, kReadCommitted };

  std::string type;  ///< "kafka"
  std::string topic;
  std::string decoder_class;                              ///< simple name: "JSONMessageDecoder" (KafkaJSONMessageDecoder is told as this)
  std::map<std::string, std::string> decoder_properties;  ///< without their prefix
  Isolation isolation = Isolation::kReadUncommitted;
  OffsetCriteria start;
  /// By their Java names, `bootstrap.servers` included: security.protocol, sasl.*, ssl.*, fetch.*, … No key has an empty value. Passwords may be among them.
  std::map<std::string, std::string> client_properties;
  std::vector<NamedFile> files;        ///< what client and decoder properties name of this machine's files; see CheckFiles
  std::vector<int32_t> partition_ids;  ///< ascending; empty: all
  FlushThresholds flush;
  bool metadata_populate = false;  ///< __header$… and __metadata$… columns are filled
  bool header_hex = false;         ///< headers in STRING columns as hex, always (Pinot's way)
  bool stop_on_decode_error = false;
  double topic_rate = 0;                   ///< messages a second over all partitions; 0: no limit
  double partition_rate = 0;               ///< messages a second of each partition, wins over topic_rate; 0: no limit
  int64_t fetch_timeout_ms = 5'000;        ///< a fetch that finds nothing ends after so long at most
  int64_t connection_timeout_ms = 30'000;  ///< a broker that cannot be connected to within so long does not answer
  bool operator==(const StreamConfig&) const = default;

  /// Whether both read the same records: type, topic and brokers.
  bool SameSource(const StreamConfig& other) const;
};

inline constexpr int64_t kMaxNamedFileBytes = int64_t{1} << 20;

/// Files that a table document names are read only if they lie below a folder that the operator opened. Checks each of config->files: an absolute path, below one of `allowed_folders` as
/// written (checked before the file system is asked anything), still below it with all links followed, a regular file of at most kMaxNamedFileBytes; then replaces the path, in client and
/// decoder properties too, by the one without links. Errors: Invalid, naming key and rule; whether a file outside exists is never told.
Status CheckFiles(const std::vector<std::string>& allowed_folders, StreamConfig* config);

}  // namespace lotic::catalog
