// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka_protocol/codec.h"
#include "lotic/status.h"

namespace lotic::benchmarks {

/// What a topic of these events holds, from the generator itself: every contender's answers are compared with it.
struct EventTotals {
  int64_t records = 0;
  int64_t sum = 0;        ///< of count
  int64_t above_500 = 0;  ///< records whose count is above 500
  int64_t sum_above_500 = 0;
  int64_t last_ts = 0;  ///< the greatest
  int64_t value_bytes = 0;

  void Add(const EventTotals& other);
};

/// A ready record batch and what it holds.
struct EventBatch {
  std::string bytes;
  EventTotals totals;
};

/// The small event: {"ts": 1644586485807, "uuid": "93633f7c01d54453a144", "count": 807}, 66 to 69 bytes, no key. `batches` batches of
/// `records` events, the same ones for the same numbers. Errors: those of the codec.
Result<std::vector<EventBatch>> MakeEventBatches(int batches, int records, kafka_protocol::CodecId codec);

}  // namespace lotic::benchmarks
