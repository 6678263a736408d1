// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::aws {

/// What RetryPolicy::classify says of a failure.
enum class RetryVerdict {
  kGiveUp,
  kBackOff,  ///< try again after the backoff
  kAtOnce,   ///< try again without waiting: something was put right meanwhile. Counts as an attempt.
};

/// When a failed call is tried again: backoff n is uniform in [0, min(cap, base * 2^n)] ("full jitter"), n from 0.
struct RetryPolicy {
  int max_attempts = 5;                          ///< the first included; 1 .. kMaxAttempts
  std::chrono::milliseconds base{100};           ///< > 0
  std::chrono::milliseconds cap{5'000};          ///< >= base
  std::chrono::milliseconds throttle_base{500};  ///< in place of base after Throttled
  /// Null: IsRetryable of aws_error.h decides between kBackOff and kGiveUp.
  std::function<RetryVerdict(const Status&)> classify;

  static constexpr int kMaxAttempts = 1000;
  /// Errors: Invalid, naming the field.
  Status Validate() const;
};

/// Time and chance, as a test wants them. Any thread.
class RetryClock {
 public:
  virtual ~RetryClock() = default;
  virtual std::chrono::steady_clock::time_point Now() const = 0;
  /// Uniform in [0, 1).
  virtual double Random() const = 0;
  /// Waits. Errors: Cancelled (at once), DeadlineExceeded.
  virtual Status Wait(const CallContext& ctx, std::chrono::milliseconds time) const = 0;
  /// The system's, alive for the whole process.
  static const RetryClock& System();
};

/// The state of one call's attempts. One thread at a time.
class RetryLoop {
 public:
  /// All three are borrowed for the life of the loop. `doing` names the work in messages.
  RetryLoop(const CallContext& ctx, const RetryPolicy& policy, const RetryClock& clock, std::string_view doing);

  /// Called after an attempt failed with `failure`: OK means that the wait is over and the next attempt is due. Otherwise what the
  /// caller gets: `failure` itself if it is not to be tried again, or with the number of attempts in its message (none left; the
  /// wait would outlast the deadline, which is seen before waiting); Cancelled or DeadlineExceeded if the wait ended so.
  Status Next(const Status& failure);

  int attempts() const { return attempts_; }  ///< begun so far, at least 1
  std::chrono::milliseconds waited() const { return waited_; }

 private:
  const CallContext& ctx_;
  const RetryPolicy& policy_;
  const RetryClock& clock_;
  const std::string_view doing_;
  int attempts_ = 1;
  std::chrono::milliseconds waited_{0};
};

/// Calls `attempt` (returning Status or Result<T>) until it succeeds or RetryLoop gives up.
template <typename Fn>
std::invoke_result_t<Fn> Retry(const CallContext& ctx, const RetryPolicy& policy, const RetryClock& clock, std::string_view doing, Fn&& attempt) {
  RetryLoop loop(ctx, policy, clock, doing);
  for (;;) {
    std::invoke_result_t<Fn> outcome = attempt();
    if (outcome.ok()) return outcome;
    Status failure = [&]() -> Status {
      if constexpr (std::is_same_v<std::invoke_result_t<Fn>, Status>) {
        return outcome;
      } else {
        return outcome.status();
      }
    }();
    Status next = loop.Next(failure);
    if (!next.ok()) return next;
  }
}

}  // namespace lotic::aws
