// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

// How an ingest stands, for other processes: `status.json` in a table's folder, replaced atomically at most once a second (on a full disk overwritten, since
// it is what says so). It is a hint (never synced, absent before the first start); what is published is in the store alone.

namespace lotic::table {

enum class PartitionState : uint8_t {
  kConnecting,  ///< nothing has come from the stream yet
  kConsuming,
  kDegraded,  ///< failed, and is tried again: `error` says why
  kPaused,
  kStopped,  ///< failed, and needs the cause to clear, or an operator: `error` says why
};
/// "CONNECTING", "CONSUMING", "DEGRADED", "PAUSED", "ERROR".
std::string_view PartitionStateName(PartitionState state);

/// One partition of a stream as its ingest sees it. Times are milliseconds since 1970 UTC.
struct PartitionStatus {
  int32_t partition = 0;
  PartitionState state = PartitionState::kConnecting;
  std::string error;  ///< the last one, also after it has passed; empty: never
  int64_t error_ms = 0;
  std::string segment;                      ///< the consuming one
  int64_t position = 0;                     ///< the next offset
  std::optional<int64_t> upstream;          ///< where the stream ends, as last heard
  std::optional<int64_t> lag;               ///< upstream - position
  std::optional<int64_t> newest_stream_ms;  ///< the stream's time of the last record
  std::optional<int64_t> last_row_ms;       ///< when the last row was published
  std::optional<int64_t> heard_ms;          ///< when the stream last answered
  int64_t lost = 0;                         ///< offsets that were gone before they were read
  bool operator==(const PartitionStatus&) const = default;
};

/// How far behind its stream a partition is, in ms: zero where it has caught up with a stream that answers (`heard`), since the stream's last answer where it
/// had then; else since the stream's time of the last record. None: not known.
std::optional<int64_t> IngestDelayMs(const PartitionStatus& status, int64_t now_ms, bool heard);

struct StatusFile {
  int64_t written_ms = 0;
  int64_t pid = 0;
  bool running = false;  ///< false: written when the ingest ended
  std::vector<PartitionStatus> partitions;
  int64_t left_out = 0;  ///< partitions that had no room: see WriteStatusFile
  bool operator==(const StatusFile&) const = default;
};

inline constexpr const char* kStatusFileName = "status.json";
inline constexpr size_t kMaxStatusFileBytes = size_t{16} << 20;

std::string ToJson(const StatusFile& status);
/// Errors: Invalid (not such a document).
Result<StatusFile> StatusFileFromJson(std::string_view json);
/// Of a table's folder. Errors: NotFound, IOError, Invalid.
Result<StatusFile> ReadStatusFile(const std::string& table_folder);
/// What ReadStatusFile can read: beyond kMaxStatusFileBytes errors are cut short first, then the last partitions are left out.
Status WriteStatusFile(const std::string& table_folder, const StatusFile& status);

}  // namespace lotic::table
