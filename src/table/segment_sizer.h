// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "catalog/stream_config.h"

namespace lotic::table {

/// Why a consuming segment ended, in the order in which the reasons are looked at.
enum class EndOfSegment : uint8_t { kTime, kRows, kForced, kCapacity };

/// A segment that has been sealed, as far as the next one's size follows from it.
struct CompletedSegment {
  EndOfSegment reason = EndOfSegment::kRows;
  int64_t threshold_rows = 0;  ///< what it was allowed
  int64_t rows = 0;
  int64_t bytes = 0;  ///< of the sealed file
};

/// How many rows the next consuming segment may take. One for each table: partitions of one topic learn from each other. One thread at a time.
/// Follows: realtime-tables §4.3 (Pinot's SegmentFlushThresholdComputer).
class SegmentSizer {
 public:
  static constexpr int64_t kLeastRows = 10'000;  ///< by size only

  /// `seed` of the variance's random numbers.
  SegmentSizer(const catalog::FlushThresholds& flush, uint64_t seed);

  void Configure(const catalog::FlushThresholds& flush) { flush_ = flush; }
  /// Changes what Next says by size; forced segments are not learnt from.
  void Completed(const CompletedSegment& segment);
  /// At least 1. `partitions`: of the table, in this process.
  int64_t NextRows(int64_t partitions);
  bool by_size() const { return flush_.by_size(); }
  /// Rows per byte as learnt; none yet: 0.
  double ratio() const { return ratio_; }

 private:
  int64_t BySize() const;

  catalog::FlushThresholds flush_;
  std::mt19937_64 random_;
  double ratio_ = 0;
  std::optional<CompletedSegment> last_;
  int64_t last_time_ms_ = 0;  // the time limit when `last_` was completed
};

/// When a consuming segment must end at the latest: `flush_ms` after its creation; for one that is taken up again later, with at least
/// min(10 minutes, flush_ms) left. Times in ms since 1970.
int64_t SegmentEndTime(int64_t created_ms, int64_t taken_up_ms, int64_t flush_ms);

}  // namespace lotic::table
