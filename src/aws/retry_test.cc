// SPDX-License-Identifier: Apache-2.0
#include "aws/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "aws/aws_error.h"
#include "aws/test_retry_clock.h"
#include "lotic/source_error.h"

namespace lotic::aws {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

Status Broken(bool retryable = true) { return Status::IOError("cut").WithDetail(std::make_shared<TransportError>(true, retryable)); }

TEST(Retry, BacksOffUniformlyBelowADoublingCeilingWithACap) {
  RetryPolicy policy;
  policy.max_attempts = 7;
  policy.base = milliseconds(100);
  policy.cap = milliseconds(1000);
  TestRetryClock clock;
  clock.random = 0.5;
  const Status status = Retry({}, policy, clock, "work", [] { return Broken(); });
  EXPECT_THAT(clock.waits_ms, ElementsAre(50, 100, 200, 400, 500, 500));
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_EQ(status.message(), "cut (given up after 7 attempts)");
  EXPECT_NE(TransportError::From(status), nullptr);
  clock = {};
  clock.random = 0;
  EXPECT_FALSE(Retry({}, policy, clock, "work", [] { return Broken(); }).ok());
  EXPECT_TRUE(clock.waits_ms.empty());  // full jitter begins at zero
}

TEST(Retry, ThrottlingStartsHigher) {
  RetryPolicy policy;
  policy.max_attempts = 3;
  TestRetryClock clock;
  clock.random = 0.5;
  EXPECT_FALSE(Retry({}, policy, clock, "work", [] { return Status::Throttled("slow").WithDetail(std::make_shared<SourceError>(true)); }).ok());
  EXPECT_THAT(clock.waits_ms, ElementsAre(250, 500));
}

TEST(Retry, ALongCeilingDoesNotOverflow) {
  RetryPolicy policy;
  policy.max_attempts = RetryPolicy::kMaxAttempts;
  TestRetryClock clock;
  clock.random = 0.999;
  int calls = 0;
  EXPECT_FALSE(Retry({}, policy, clock, "work", [&] { return ++calls, Broken(); }).ok());
  EXPECT_EQ(calls, RetryPolicy::kMaxAttempts);
  for (const int64_t wait : clock.waits_ms) ASSERT_LE(wait, policy.cap.count());
}

TEST(Retry, StopsAtTheFirstSuccessAndGivesItsValue) {
  TestRetryClock clock;
  int calls = 0;
  const Result<int> value = Retry({}, {}, clock, "work", [&]() -> Result<int> {
    if (++calls < 3) return Broken();
    return 42;
  });
  EXPECT_EQ(value.ValueOrDie(), 42);
  EXPECT_EQ(calls, 3);
}

TEST(Retry, WhatIsNotRetryableComesBackUnchanged) {
  TestRetryClock clock;
  for (const Status& failure : {Broken(false), Status::Invalid("no"), Status::IOError("no detail"), Status::Cancelled("stop")}) {
    int calls = 0;
    const Status status = Retry({}, {}, clock, "work", [&] { return ++calls, failure; });
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(status.ToString(), failure.ToString());
  }
}

TEST(Retry, AWaitThatWouldOutlastTheDeadlineIsNotBegun) {
  TestRetryClock clock;
  clock.random = 0.5;
  CallContext ctx;
  ctx.deadline = clock.now + milliseconds(120);  // waits of 50 and then 100
  const Status status = Retry(ctx, {}, clock, "work", [] { return Broken(); });
  EXPECT_THAT(clock.waits_ms, ElementsAre(50));
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), HasSubstr("cut (2 attempts; the time limit leaves no room for another)"));
}

TEST(Retry, APatienceThatTheServiceAsksForIsAMinimum) {
  TestRetryClock clock;
  clock.random = 0.5;
  RetryPolicy policy;
  policy.max_attempts = 2;
  EXPECT_FALSE(
      Retry({}, policy, clock, "work", [] { return Status::Throttled("slow").WithDetail(std::make_shared<SourceError>(true, milliseconds(7000))); }).ok());
  EXPECT_THAT(clock.waits_ms, ElementsAre(7000));
  clock.waits_ms.clear();
  EXPECT_FALSE(
      Retry({}, policy, clock, "work", [] { return Status::Throttled("slow").WithDetail(std::make_shared<SourceError>(true, std::chrono::hours(5))); }).ok());
  EXPECT_THAT(clock.waits_ms, ElementsAre(60'000));
}

TEST(Retry, APolicyMayDecideItself) {
  TestRetryClock clock;
  RetryPolicy policy;
  int calls = 0;
  policy.classify = [](const Status& status) { return status.message() == "again" ? RetryVerdict::kAtOnce : RetryVerdict::kGiveUp; };
  const Status status = Retry({}, policy, clock, "work", [&] { return ++calls < 3 ? Status::Invalid("again") : Status::Invalid("enough"); });
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(status.message(), "enough");
  EXPECT_TRUE(clock.waits_ms.empty());
}

TEST(Retry, AStopEndsTheWait) {
  std::stop_source source;
  CallContext ctx;
  ctx.stop = source.get_token();
  RetryPolicy policy;
  policy.base = std::chrono::hours(1);
  policy.cap = std::chrono::hours(1);
  std::atomic<bool> failed{false};
  std::jthread stopper([&] {
    failed.wait(false);
    source.request_stop();
  });
  const Status status = Retry(ctx, policy, RetryClock::System(), "reading", [&] {
    failed = true;
    failed.notify_all();
    return Broken();
  });
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
}

TEST(Retry, PoliciesAreValidated) {
  RetryPolicy policy;
  EXPECT_TRUE(policy.Validate().ok());
  policy.max_attempts = 0;
  EXPECT_EQ(policy.Validate().code(), StatusCode::kInvalid);
  policy.max_attempts = RetryPolicy::kMaxAttempts + 1;
  EXPECT_EQ(policy.Validate().code(), StatusCode::kInvalid);
  policy = {};
  policy.base = milliseconds(0);
  EXPECT_EQ(policy.Validate().code(), StatusCode::kInvalid);
  policy = {};
  policy.cap = policy.base - milliseconds(1);
  EXPECT_EQ(policy.Validate().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace lotic::aws
