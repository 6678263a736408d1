// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connector/kinesis/kinesis_client.h"
#include "format/decoder.h"
#include "lotic/batch.h"
#include "lotic/constraints.h"
#include "lotic/scan.h"
#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic::kinesis {

/// Field metadata of the columns that every stream has; the value is the column's own name.
inline constexpr const char* kColumnMetadata = "lotic:kinesis";

/// By their arrival, which records a read is for.
struct RecordRange {
  std::optional<int64_t> start_ms;  ///< inclusive
  std::optional<int64_t> end_ms;    ///< exclusive; none: endless
  std::optional<ValueSet> arrival;  ///< a constraint on _arrival_timestamp, normalised
  CompareOptions compare;

  bool Holds(const RecordView& record) const {
    return (!end_ms || record.arrival_ms < *end_ms) && (!start_ms || record.arrival_ms >= *start_ms) && (!arrival || ArrivalAllowed(record.arrival_ms));
  }

 private:
  bool ArrivalAllowed(int64_t arrival_ms) const;
};

/// Records to the columns of a layout; only those in it are decoded. One thread at a time.
class PageRows {
 public:
  /// Errors: Invalid, CapacityError (a layout that JSON cannot fill).
  static Result<PageRows> Make(std::shared_ptr<const Schema> layout);
  /// One row for each of `wanted`, ascending indexes of the page's records; undecodable values are counted in `certificate`.
  Batch Make(const std::string& shard, const RecordPage& page, std::span<const uint32_t> wanted, SplitCertificate* certificate);

 private:
  enum class Source : uint8_t { kMessage, kArrival, kShard, kSequence, kKey, kData };
  explicit PageRows(std::shared_ptr<const Schema> layout) : layout_(std::move(layout)) {}

  std::shared_ptr<const Schema> layout_;
  std::vector<Source> sources_;              // of each column
  std::unique_ptr<MessageDecoder> decoder_;  // of the columns of kMessage; null if there are none
};

}  // namespace lotic::kinesis
