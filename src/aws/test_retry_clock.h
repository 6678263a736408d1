// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "aws/retry.h"

namespace lotic::aws {

/// Time that passes only by waiting, and chance that is always the same. One thread at a time.
struct TestRetryClock final : RetryClock {
  // In the far future, so that no deadline made from it has passed on the real clock.
  mutable std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now() + std::chrono::hours(1000);
  double random = 0.5;
  mutable std::vector<int64_t> waits_ms;

  std::chrono::steady_clock::time_point Now() const override { return now; }
  double Random() const override { return random; }
  Status Wait(const CallContext&, std::chrono::milliseconds time) const override {
    waits_ms.push_back(time.count());
    now += time;
    return Status::OK();
  }
};

/// A time of day that stands still. One thread at a time.
struct TestWallClock final : Clock {
  int64_t now_ms = 1'764'472'614'000;
  int64_t NowMs() const override { return now_ms; }
};

}  // namespace lotic::aws
