// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "broker/broker.h"
#include "lotic/status.h"

namespace lotic::broker {

/// The same options make the same records, apart from the broker's own times in transaction markers.
struct DemoOptions {
  uint64_t seed = 1;
  int64_t now_ms = 0;                ///< where the records' times end; 0: the system's now
  std::chrono::minutes history{30};  ///< how far they reach back
};

/// Creates and fills the demo's topics, in well under 100 ms:
///   events     3 partitions  {"ts": 1644586485807, "uuid": "93633f7c01d54453a144", "count": 807}
///   orders     4 partitions  nested JSON, a codec per batch: order_id, customer{name, city}, items[{sku, qty, price}],
///   status, amount, created_at customers  1 partition   keyed and compacted: gaps in the offsets, tombstones payments
///   2 partitions  written in transactions, some of them aborted
/// Errors: those of Broker::CreateTopic and Append.
Status FillDemo(Broker& broker, const DemoOptions& options = {});

/// Goes on producing `events` and some `orders` behind FillDemo. One thread at a time.
class DemoTicker {
 public:
  static constexpr int kEventsPerSecond = 200;
  static constexpr int kOrdersPerSecond = 20;
  static constexpr int kMaxRecordsPerStep = 2000;                 ///< after a long pause the rest is left out
  static constexpr size_t kMaxPartitionBytes = size_t{64} << 20;  ///< then the older half of the partition is deleted
  static constexpr std::chrono::milliseconds kInterval{100};      ///< of the thread

  /// `broker` must outlive it. `options` as FillDemo had them.
  explicit DemoTicker(Broker& broker, const DemoOptions& options = {});
  ~DemoTicker();  ///< stops

  /// Appends what belongs between the last step (at first: options.now_ms) and `now_ms`.
  Status Step(int64_t now_ms);
  /// Steps every kInterval on a thread of its own until Stop. An error ends it; Stop returns it.
  void Start();
  Status Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::broker
