// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <utility>

#include "athena/lambda_function.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::athena {

/// How calls slow down under congestion.
struct ThrottleOptions {
  std::chrono::milliseconds initial_delay{10};  ///< throttle_initial_delay_ms: after the first refusal; >= 0
  std::chrono::milliseconds max_delay{1000};    ///< throttle_max_delay_ms; >= 1
  double decrease_factor = 0.5;                 ///< throttle_decrease_factor: the rate is multiplied by it, the delay divided; 0.001 .. 1
  std::chrono::milliseconds increase{10};       ///< throttle_increase_ms: what every success takes off the delay; >= 1

  /// Errors: Invalid, naming variable, value and range.
  static Result<ThrottleOptions> FromEnvironment(const Environment& environment);
};

/// Whether rows of the split that a call serves have left the process: Athena tries a throttled split again only if none has.
enum class RowsWritten { kNone, kSome, kNotASplit };

/// Calls to one service that can throttle: additive increase of the rate, multiplicative decrease (AIMD). One object per service and process, shared by all
/// of its callers. Any thread.
///
/// A call that is throttled (StatusCode::kThrottled) is made again after the delay, within the deadline; but while no row of a split has been written the
/// refusal is passed on at once, since Athena then lowers its parallelism and tries again, which helps the service more.
/// Follows: the federation SDK's ThrottlingInvoker; see docs/reference/athena.md for where it departs.
class ThrottlingInvoker {
 public:
  enum class State { kFastStart, kCongested, kAvoidance };
  /// Waits for `time`; errors: Cancelled, DeadlineExceeded. Tests pass their own.
  using Sleep = std::function<Status(const CallContext& ctx, std::chrono::milliseconds time)>;

  explicit ThrottlingInvoker(ThrottleOptions options, Sleep sleep = SleepUntilStopped);

  /// `call` returns Status or Result<T>. Errors: those of `call`; Throttled (none written yet, or the next delay would outlast the deadline); Cancelled.
  template <typename Call>
  std::invoke_result_t<Call> Invoke(const CallContext& ctx, std::string_view doing, RowsWritten written, Call&& call) {
    return InvokeWhile(
        ctx, doing, [written] { return written; }, std::forward<Call>(call));
  }

  /// The same where rows can be written while the call runs: `written` is asked when it has been refused.
  template <typename Written, typename Call>
  std::invoke_result_t<Call> InvokeWhile(const CallContext& ctx, std::string_view doing, Written&& written, Call&& call) {
    for (;;) {
      Status status = WaitTurn(ctx, doing);
      if (!status.ok()) return status;
      std::invoke_result_t<Call> outcome = call();
      if (outcome.ok()) {
        Succeeded();
        return outcome;
      }
      if constexpr (std::is_same_v<std::invoke_result_t<Call>, Status>) {
        status = outcome;
      } else {
        status = outcome.status();
      }
      if (status.code() != StatusCode::kThrottled) return outcome;
      Refused();
      if (written() == RowsWritten::kNone) return outcome;
      status = CheckTime(ctx, doing, status);
      if (!status.ok()) return status;
    }
  }

  std::chrono::milliseconds delay() const;
  State state() const;

  static Status SleepUntilStopped(const CallContext& ctx, std::chrono::milliseconds time);

 private:
  Status WaitTurn(const CallContext& ctx, std::string_view doing);
  Status CheckTime(const CallContext& ctx, std::string_view doing, const Status& refusal) const;
  void Succeeded();
  void Refused();

  const ThrottleOptions options_;
  const Sleep sleep_;
  mutable std::mutex mutex_;  // guards all members below
  std::chrono::milliseconds delay_{0};
  State state_ = State::kFastStart;
};

}  // namespace lotic::athena
