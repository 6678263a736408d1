// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lotic::table {

/// What became of source records. Stored with each commit, added up for segments, tables and certificates. A value.
struct RecordFates {
  int64_t rows = 0;               ///< became a row
  int64_t filtered = 0;           ///< the table's filter was true
  int64_t tombstones = 0;         ///< had no value
  int64_t dropped_decode = 0;     ///< no message of the table's format
  int64_t dropped_transform = 0;  ///< a transform or the filter could not be computed
  int64_t dropped_convert = 0;    ///< a value did not fit its column
  int64_t dropped_time = 0;       ///< its time was not in the valid range
  int64_t aborted = 0;            ///< of an aborted transaction
  int64_t control = 0;            ///< a position that holds a marker of the stream itself, or nothing
  int64_t missing = 0;            ///< lost before it was read: retention
  int64_t incomplete = 0;         ///< among `rows`: a column is NULL that could not be had (continueOnError)

  /// Of all records: end - start, for Kafka.
  int64_t Sum() const { return rows + filtered + tombstones + dropped() + aborted + control + missing; }
  int64_t dropped() const { return dropped_decode + dropped_transform + dropped_convert + dropped_time; }
  RecordFates& operator+=(const RecordFates& more) {
    rows += more.rows, filtered += more.filtered, tombstones += more.tombstones;
    dropped_decode += more.dropped_decode, dropped_transform += more.dropped_transform, dropped_convert += more.dropped_convert, dropped_time += more.dropped_time;
    aborted += more.aborted, control += more.control, missing += more.missing, incomplete += more.incomplete;
    return *this;
  }
  bool operator==(const RecordFates&) const = default;
};

}  // namespace lotic::table
