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
    if (!random_) random_.emplace(std::random_device{}());  // takes 15 us: every reader has a Backoff, few ever wait
    return std::chrono::milliseconds(std::uniform_int_distribution<int64_t>(0, Limit(failures))(*random_));
  }
  /// The same, but never less than half of what is allowed: for what must not be done more often than that.
  std::chrono::milliseconds AtLeastHalfAfter(int failures) { return (After(failures) + std::chrono::milliseconds(Limit(failures))) / 2; }

 private:
  int64_t Limit(int failures) const { return std::min(cap_, first_ << std::clamp(failures - 1, 0, 30)); }

  int64_t first_;
  int64_t cap_;
  std::optional<std::minstd_rand> random_;
};

}  // namespace lotic::kafka
