// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lotic/status.h"

namespace lotic::table {

/// One record that became no row, or a row with a NULL in place of a value. What is longer than its limit is cut (text at a character).
struct RecordError {
  static constexpr size_t kMaxStageBytes = 16, kMaxColumnBytes = 256, kMaxMessageBytes = 1024, kMaxPayloadBytes = 4096;
  static constexpr size_t kMaxKeyBytes = 1024;  ///< where the other texts leave the room
  static constexpr size_t kSureKeyBytes = 152;  ///< of it, whatever they are

  int32_t partition = 0;
  int64_t offset = 0;
  int64_t stream_ms = 0;  ///< the stream's time of the record
  int64_t at_ms = 0;      ///< wall clock
  std::string stage;      ///< "decode", "transform", ...
  std::string column;     ///< empty: the whole record
  std::string message;
  std::string payload;             ///< bytes, the first of them
  int64_t payload_bytes = 0;       ///< of the whole record
  std::optional<std::string> key;  ///< bytes, the first of them; nothing: the record has none
  bool operator==(const RecordError&) const = default;
};

/// The newest errors of a table, and how many there were: the file `errors` of its folder. A ring of kSlots; older ones are overwritten.
/// Written before the commit that their records belong to: the store takes back what lies at or behind a partition's position when it is
/// opened, so that a record read twice is one error. Append: any thread, one write of the system for each error, no fsync.
class ErrorRing {
 public:
  static constexpr int64_t kSlots = 10'000;

  /// For the owner; made where it is missing, made anew where it is damaged (the old file is kept beside as `errors.damaged`).
  static Result<std::unique_ptr<ErrorRing>> Open(const std::string& path);
  ~ErrorRing();
  Status Append(std::span<const RecordError> errors);
  /// Errors ever recorded, without those taken back.
  int64_t count() const;
  /// Takes back what partitions recorded at or behind their positions.
  Status TakeBack(const std::map<int32_t, int64_t>& positions);
  Status TakeBack(int32_t partition, int64_t position) { return TakeBack(std::map<int32_t, int64_t>{{partition, position}}); }
  Status Sync();

  struct Contents {
    int64_t count = 0;                ///< ever
    std::vector<RecordError> errors;  ///< oldest first; those of [count - errors.size(), count) at most kSlots
  };
  /// Any process, beside the owner: the newest `limit`. A file that is not there has none. Errors: DataLoss (damaged), IOError.
  static Result<Contents> Read(const std::string& path, size_t limit = kSlots);

 private:
  struct Impl;
  explicit ErrorRing(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::table
