// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace lotic::kafka {

/// Capped exponential backoff with full jitter: the wait before try n is anything from zero to min(cap, first * 2^n).
/// One thread at a time.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap)
      : first_(std::max<int64_t>(first.count(), 1)), cap_(std::max<int64_t>(cap.count(), 1)) {}

  /// How long to wait after the `failures`-th failure in a row (1, 2, ...).
  std::chrono::milliseconds After(int failures) {
    const int doublings = std::clamp(failures - 1, 0, 30);
    const int64_t limit = std::min(cap_, first_ << doublings);
    if (!random_) random_.emplace(std::random_device{}());  // takes 15 us: every reader has a Backoff, few ever wait
    return std::chrono::milliseconds(std::uniform_int_distribution<int64_t>(0, limit)(*random_));
  }

 private:
  int64_t first_;
  int64_t cap_;
  std::optional<std::minstd_rand> random_;
};

}  // namespace lotic::kafka
