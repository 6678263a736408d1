// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "kafka_protocol/error_code.h"
#include "kafka_protocol/record_batch.h"

namespace lotic::broker {

/// The idempotent producers of one partition and their last batches, by which repeats and holes are told. One thread at
/// a time.
class ProducerStates {
 public:
  /// What an incoming batch is.
  struct Verdict {
    kafka_protocol::ErrorCode error = kafka_protocol::ErrorCode::kNone;
    std::optional<int64_t> duplicate_of;  ///< already there, at this base offset: acknowledge, do not append
  };
  Verdict Judge(const kafka_protocol::BatchHeader& header) const;
  /// A batch with producer id and sequence has been appended; `header` as it lies in the log.
  void Note(const kafka_protocol::BatchHeader& header);
  /// A marker of this epoch has been appended.
  void NoteEpoch(int64_t producer_id, int16_t epoch);
  void Clear() { producers_.clear(); }

 private:
  static constexpr size_t kRememberedBatches = 5;  // as many as a producer may have in flight
  static constexpr size_t kMaxProducers = 10'000;  // then the one with the lowest id is forgotten
  struct Sent {
    int32_t first_sequence, last_sequence;
    int64_t base_offset;
  };
  struct State {
    int16_t epoch = -1;
    std::deque<Sent> sent;  // oldest first
  };
  std::map<int64_t, State> producers_;
};

}  // namespace lotic::broker
