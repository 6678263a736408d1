// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lotic::table {

/// What became of the records of a range of offsets. Written with each commit, so that for dense streams Sum() = end - start, always.
struct RecordFates {
  int64_t rows = 0;               ///< became a row
  int64_t filtered = 0;           ///< dropped by the table's filter
  int64_t tombstones = 0;         ///< without a value
  int64_t dropped_decode = 0;     ///< not decodable
  int64_t dropped_transform = 0;  ///< a transform failed
  int64_t dropped_convert = 0;    ///< a value did not fit its column
  int64_t dropped_time = 0;       ///< a time value out of range
  int64_t aborted = 0;            ///< of aborted transactions
  int64_t control = 0;            ///< transaction markers
  int64_t missing = 0;            ///< offsets without a record: compacted, or lost to the stream's retention
  int64_t incomplete = 0;         ///< among `rows`: with a column that is NULL because its value failed; not in Sum()

  int64_t Sum() const {
    return rows + filtered + tombstones + dropped_decode + dropped_transform + dropped_convert + dropped_time + aborted + control + missing;
  }
  int64_t Dropped() const { return dropped_decode + dropped_transform + dropped_convert + dropped_time; }
  RecordFates& operator+=(const RecordFates& other);
  RecordFates& operator-=(const RecordFates& other);
  bool operator==(const RecordFates&) const = default;
};

}  // namespace lotic::table
