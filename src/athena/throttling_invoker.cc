// SPDX-License-Identifier: Apache-2.0
#include "athena/throttling_invoker.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>

#include "athena/environment_values.h"

namespace lotic::athena {
namespace {

constexpr int64_t kMaxDelayMs = 3'600'000;

}  // namespace

Result<ThrottleOptions> ThrottleOptions::FromEnvironment(const Environment& environment) {
  ThrottleOptions options;
  LOTIC_ASSIGN_OR_RETURN(const int64_t initial, IntegerOf(environment, "throttle_initial_delay_ms", options.initial_delay.count(), 0, kMaxDelayMs));
  LOTIC_ASSIGN_OR_RETURN(const int64_t most, IntegerOf(environment, "throttle_max_delay_ms", options.max_delay.count(), 1, kMaxDelayMs));
  LOTIC_ASSIGN_OR_RETURN(options.decrease_factor, NumberOf(environment, "throttle_decrease_factor", options.decrease_factor, 0.001, 1));
  LOTIC_ASSIGN_OR_RETURN(const int64_t increase, IntegerOf(environment, "throttle_increase_ms", options.increase.count(), 1, kMaxDelayMs));
  options.initial_delay = std::chrono::milliseconds(initial);
  options.max_delay = std::chrono::milliseconds(most);
  options.increase = std::chrono::milliseconds(increase);
  return options;
}

ThrottlingInvoker::ThrottlingInvoker(ThrottleOptions options, Sleep sleep) : options_(options), sleep_(std::move(sleep)) {}

std::chrono::milliseconds ThrottlingInvoker::delay() const {
  const std::lock_guard lock(mutex_);
  return delay_;
}

ThrottlingInvoker::State ThrottlingInvoker::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

Status ThrottlingInvoker::SleepUntilStopped(const CallContext& ctx, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const auto until = std::min(std::chrono::steady_clock::now() + time, ctx.deadline);
  never.wait_until(lock, ctx.stop, until, [] { return false; });
  return ctx.Check("waiting for a service that throttles");
}

Status ThrottlingInvoker::WaitTurn(const CallContext& ctx, std::string_view doing) {
  LOTIC_RETURN_NOT_OK(ctx.Check(doing));
  const std::chrono::milliseconds wait = delay();
  return wait.count() == 0 ? Status::OK() : sleep_(ctx, wait);
}

Status ThrottlingInvoker::CheckTime(const CallContext& ctx, std::string_view doing, const Status& refusal) const {
  LOTIC_RETURN_NOT_OK(ctx.stop.stop_requested() ? ctx.Check(doing) : Status::OK());
  const std::chrono::milliseconds wait = delay();
  if (ctx.Remaining(wait + std::chrono::milliseconds(1)) > wait) return Status::OK();
  return refusal.WithMessage(doing, ": throttled until the time was up; the next attempt would have begun ", wait.count(), " ms later: ", refusal.message());
}

void ThrottlingInvoker::Succeeded() {
  const std::lock_guard lock(mutex_);
  if (delay_.count() == 0) return;
  delay_ = std::max(std::chrono::milliseconds(0), delay_ - options_.increase);
  state_ = State::kAvoidance;
}

void ThrottlingInvoker::Refused() {
  const std::lock_guard lock(mutex_);
  const double longer = std::ceil(static_cast<double>(delay_.count()) / options_.decrease_factor);
  if (longer == 0) {
    delay_ = options_.initial_delay;
  } else {
    delay_ = longer > static_cast<double>(options_.max_delay.count()) ? options_.max_delay : std::chrono::milliseconds(static_cast<int64_t>(longer));
  }
  state_ = State::kCongested;
}

}  // namespace lotic::athena
