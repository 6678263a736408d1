// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::kafka {

/// One partition of a snapshot: [start, end) is what it holds.
struct SnapshotPartition {
  int32_t partition = 0;
  int64_t start = 0;
  int64_t end = 0;
  int32_t leader_epoch = -1;  ///< at that moment; -1: unknown
  bool operator==(const SnapshotPartition&) const = default;
};

/// A topic at one moment. Its text is the token:
///   k1:orders:0f…9c:c:0=0-100@3,1=5-20@3
///   version : topic : topic id in hex, or empty : c(ommitted) or u(ncommitted) : partition=start-end@epoch, ascending
struct Snapshot {
  static constexpr size_t kMaxPartitions = 100'000;

  std::string topic;
  std::string topic_id;
  Isolation isolation = Isolation::kReadCommitted;
  std::vector<SnapshotPartition> partitions;

  std::string ToToken() const;
  /// Errors: Invalid (not a token of ours, or not in its canonical form); CapacityError (more than kMaxPartitions).
  static Result<Snapshot> Parse(std::string_view token);
  bool operator==(const Snapshot&) const = default;
};

}  // namespace lotic::kafka
