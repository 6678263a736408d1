// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace lotic::broker {

/// A small deterministic source of numbers (SplitMix64). One thread at a time.
class DemoRandom {
 public:
  explicit DemoRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  /// 0 .. bound - 1; bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }

 private:
  uint64_t state_;
};

// One record's JSON text each.
std::string EventJson(DemoRandom& random, int64_t time_ms);
std::string OrderJson(DemoRandom& random, int64_t order_id, int64_t time_ms);
std::string CustomerJson(DemoRandom& random, int64_t customer_id, int64_t time_ms);
std::string PaymentJson(DemoRandom& random, int64_t payment_id, int64_t time_ms);
/// "2026-03-01T12:00:00.250Z"
std::string IsoTime(int64_t time_ms);

}  // namespace lotic::broker
