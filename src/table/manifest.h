// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "table/segment.h"

// What the manifest of a partition says, and the records it is made of: each holds the new state of what it changes, whole.

namespace lotic::table {

/// A partition as its manifest has it. Sums of consuming segments are those of their rows files, not these.
struct PartitionState {
  std::string table_id;
  int32_t partition = 0;
  int64_t start = 0;  ///< where the partition began
  int64_t next_sequence = 0;
  int64_t position = 0;                     ///< while no segment is consuming: the next offset to read; else where that one began
  int64_t epoch = -1;                       ///< Commit::epoch of the position; -1: not known
  std::map<int64_t, SegmentInfo> segments;  ///< by sequence
  std::vector<LostRange> losses;
  int64_t lost_forgotten = 0;      ///< offsets of lost ranges that are not named any more
  int64_t segments_forgotten = 0;  ///< dropped ones that are not named any more

  const SegmentInfo* consuming() const;
  bool operator==(const PartitionState&) const = default;
};

/// A change: members that are not there stay as they are.
struct ManifestChange {
  std::optional<int64_t> next_sequence;
  std::optional<int64_t> position;
  int64_t epoch = -1;                 ///< with `position`
  std::vector<SegmentInfo> segments;  ///< added, or in place of the one with this sequence
  std::vector<int64_t> removed;       ///< sequences
  std::vector<LostRange> losses;      ///< added, or in place of the one with this `from`
  int64_t lost_forgotten = 0;         ///< so many offsets: the oldest lost ranges beyond the limit go
  int64_t segments_forgotten = 0;
  bool operator==(const ManifestChange&) const = default;
};

/// The first record of a manifest: what never changes.
std::string EncodePartition(const PartitionState& state);
std::string EncodeChange(const ManifestChange& change);
/// Errors: DataLoss (a record that holds its checksum and is not understood).
Result<PartitionState> DecodeManifest(std::span<const std::string> records);
/// The fewest records that say the same.
std::vector<std::string> EncodeManifest(const PartitionState& state);
void Apply(const ManifestChange& change, PartitionState* state);

/// The manifest of a partition as any process reads it; parsed again only when it changed. Errors: NotFound, DataLoss, Invalid, IOError.
Result<std::shared_ptr<const PartitionState>> ReadManifest(const std::string& path);

}  // namespace lotic::table
