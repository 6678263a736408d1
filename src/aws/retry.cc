// SPDX-License-Identifier: Apache-2.0
#include "aws/retry.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "aws/aws_error.h"
#include "lotic/source_error.h"

namespace lotic::aws {
namespace {

// A service may ask for patience; for more than this a caller rather hears of it.
constexpr std::chrono::milliseconds kMaxRetryAfter{60'000};

class SystemRetryClock final : public RetryClock {
 public:
  std::chrono::steady_clock::time_point Now() const override { return std::chrono::steady_clock::now(); }

  double Random() const override {
    static thread_local std::mt19937_64 engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
  }

  Status Wait(const CallContext& ctx, std::chrono::milliseconds time) const override {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_until(lock, ctx.stop, std::min(Now() + time, ctx.deadline), [] { return false; });
    return ctx.Check("waiting to try again");
  }
};

std::chrono::milliseconds AskedPatience(const Status& failure) {
  std::chrono::milliseconds asked{0};
  if (const AwsError* error = AwsError::From(failure)) asked = error->retry_after;
  if (const SourceError* error = SourceError::From(failure)) asked = error->retry_after;
  return std::min(asked, kMaxRetryAfter);
}

}  // namespace

Status RetryPolicy::Validate() const {
  if (max_attempts < 1 || max_attempts > kMaxAttempts) {
    return Status::Invalid("retry policy: max_attempts must be 1 to ", kMaxAttempts, ", not ", max_attempts);
  }
  if (base.count() <= 0 || throttle_base.count() <= 0) return Status::Invalid("retry policy: base and throttle_base must be positive");
  if (cap < base) return Status::Invalid("retry policy: cap (", cap.count(), " ms) must not be below base (", base.count(), " ms)");
  return Status::OK();
}

const RetryClock& RetryClock::System() {
  static const SystemRetryClock clock;
  return clock;
}

RetryLoop::RetryLoop(const CallContext& ctx, const RetryPolicy& policy, const RetryClock& clock, std::string_view doing)
    : ctx_(ctx), policy_(policy), clock_(clock), doing_(doing) {}

Status RetryLoop::Next(const Status& failure) {
  const RetryVerdict verdict = policy_.classify ? policy_.classify(failure) : IsRetryable(failure) ? RetryVerdict::kBackOff : RetryVerdict::kGiveUp;
  if (verdict == RetryVerdict::kGiveUp) return failure;
  if (attempts_ >= policy_.max_attempts) {
    return attempts_ == 1 ? failure : failure.WithMessage(failure.message(), " (given up after ", attempts_, " attempts)");
  }
  std::chrono::milliseconds delay{0};
  if (verdict == RetryVerdict::kBackOff) {
    const auto base = failure.code() == StatusCode::kThrottled ? policy_.throttle_base : policy_.base;
    // 2^n without overflow: the cap is reached long before the exponent matters.
    double ceiling = static_cast<double>(base.count());
    for (int n = 1; n < attempts_ && ceiling < static_cast<double>(policy_.cap.count()); ++n) ceiling *= 2;
    ceiling = std::min(ceiling, static_cast<double>(policy_.cap.count()));
    delay = std::chrono::milliseconds(static_cast<int64_t>(ceiling * clock_.Random()));
    delay = std::max(delay, AskedPatience(failure));
  }
  const auto now = clock_.Now();
  if (now + delay >= ctx_.deadline) {
    return failure.WithMessage(failure.message(), " (", attempts_, attempts_ == 1 ? " attempt" : " attempts", "; the time limit leaves no room for another)");
  }
  LOTIC_RETURN_NOT_OK(ctx_.Check(doing_));
  if (delay.count() > 0) {
    Status waited = clock_.Wait(ctx_, delay);
    if (!waited.ok()) {
      return waited.WithMessage(doing_, ": stopped while waiting to try again after ", attempts_, attempts_ == 1 ? " attempt" : " attempts",
                                "; the last one: ", failure.message());
    }
    waited_ += delay;
  }
  ++attempts_;
  return Status::OK();
}

}  // namespace lotic::aws
