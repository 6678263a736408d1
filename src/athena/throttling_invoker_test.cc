// SPDX-License-Identifier: Apache-2.0
#include "athena/throttling_invoker.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace lotic::athena {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

// A service that refuses the first `refusals` calls, and the waits between them.
struct Service {
  int refusals = 0;
  int calls = 0;
  std::vector<int64_t> waits;
  ThrottlingInvoker::Sleep sleep = [this](const CallContext&, milliseconds time) {
    waits.push_back(time.count());
    return Status::OK();
  };
  Result<int> Call() {
    ++calls;
    if (refusals-- > 0) return Status::Throttled("slow down");
    return calls;
  }
};

TEST(ThrottlingInvoker, Check41DelaysGrowTo1000AndShrinkBy10) {
  Service service;
  service.refusals = 9;
  ThrottlingInvoker invoker(ThrottleOptions{}, service.sleep);
  EXPECT_EQ(invoker.state(), ThrottlingInvoker::State::kFastStart);
  ASSERT_TRUE(invoker.Invoke(CallContext(), "asking", RowsWritten::kNotASplit, [&] { return service.Call(); }).ok());
  EXPECT_THAT(service.waits, ElementsAre(10, 20, 40, 80, 160, 320, 640, 1000, 1000));
  EXPECT_EQ(invoker.delay(), milliseconds(990));
  EXPECT_EQ(invoker.state(), ThrottlingInvoker::State::kAvoidance);
  service.waits.clear();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(invoker.Invoke(CallContext(), "asking", RowsWritten::kNotASplit, [&] { return service.Call(); }).ok());
  EXPECT_EQ(invoker.delay(), milliseconds(0));
  EXPECT_EQ(service.waits.front(), 990);
  EXPECT_EQ(service.waits.back(), 10);
  EXPECT_EQ(service.waits.size(), 99u);  // the last calls waited no more
}

TEST(ThrottlingInvoker, Check41PassesTheRefusalOnWhileNoRowHasBeenWritten) {
  Service service;
  service.refusals = 3;
  ThrottlingInvoker invoker(ThrottleOptions{}, service.sleep);
  const Result<int> outcome = invoker.Invoke(CallContext(), "asking", RowsWritten::kNone, [&] { return service.Call(); });
  EXPECT_EQ(outcome.status().code(), StatusCode::kThrottled);
  EXPECT_EQ(service.calls, 1);
  EXPECT_EQ(invoker.state(), ThrottlingInvoker::State::kCongested);
  EXPECT_EQ(invoker.delay(), milliseconds(10));  // the next caller goes slower
}

TEST(ThrottlingInvoker, Check41TriesAgainOnceRowsHaveBeenWritten) {
  Service service;
  service.refusals = 3;
  ThrottlingInvoker invoker(ThrottleOptions{}, service.sleep);
  const Result<int> outcome = invoker.Invoke(CallContext(), "writing", RowsWritten::kSome, [&] { return service.Call(); });
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(service.calls, 4);
  EXPECT_THAT(service.waits, ElementsAre(10, 20, 40));
}

TEST(ThrottlingInvoker, Check41AnEndlessRefusalEndsWithTheDeadlineAndIsStillThrottled) {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + milliseconds(400);
  ThrottlingInvoker invoker(ThrottleOptions{});
  int calls = 0;
  const Status outcome = invoker.Invoke(ctx, "listing", RowsWritten::kNotASplit, [&] { return ++calls, Status::Throttled("slow down"); });
  EXPECT_EQ(outcome.code(), StatusCode::kThrottled) << outcome;
  EXPECT_THAT(outcome.message(), ::testing::HasSubstr("slow down"));
  EXPECT_LT(std::chrono::steady_clock::now(), ctx.deadline + milliseconds(200));
  EXPECT_GE(calls, 2);
}

TEST(ThrottlingInvoker, OtherErrorsAreNotRepeated) {
  ThrottlingInvoker invoker(ThrottleOptions{});
  int calls = 0;
  const Status outcome = invoker.Invoke(CallContext(), "listing", RowsWritten::kNotASplit, [&] { return ++calls, Status::IOError("broken"); });
  EXPECT_EQ(outcome.code(), StatusCode::kIOError);
  EXPECT_EQ(calls, 1);
}

TEST(ThrottlingInvoker, AWaitEndsWhenTheCallIsStopped) {
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  ThrottlingInvoker invoker(ThrottleOptions{milliseconds(3'600'000), milliseconds(3'600'000), 0.5, milliseconds(10)});
  std::jthread stopper;
  const Status outcome = invoker.Invoke(ctx, "listing", RowsWritten::kNotASplit, [&] {
    stopper = std::jthread([&] { stop.request_stop(); });
    return Status::Throttled("slow down");
  });
  EXPECT_TRUE(outcome.IsCancelled()) << outcome;
}

TEST(ThrottleOptions, ReadsItsFourVariablesAndNamesTheOneThatDoesNotFit) {
  const ThrottleOptions options =
      ThrottleOptions::FromEnvironment(
          {{"throttle_initial_delay_ms", "5"}, {"throttle_max_delay_ms", "50"}, {"throttle_decrease_factor", "0.25"}, {"throttle_increase_ms", "7"}})
          .ValueOrDie();
  EXPECT_EQ(options.initial_delay, milliseconds(5));
  EXPECT_EQ(options.max_delay, milliseconds(50));
  EXPECT_EQ(options.decrease_factor, 0.25);
  EXPECT_EQ(options.increase, milliseconds(7));
  const std::vector<std::pair<std::string, std::string>> broken = {
      {"throttle_max_delay_ms", "0"}, {"throttle_decrease_factor", "1.5"}, {"throttle_decrease_factor", "nan"}, {"throttle_increase_ms", "ten"}};
  for (const auto& [name, value] : broken) {
    const Status refused = ThrottleOptions::FromEnvironment({{name, value}}).status();
    EXPECT_EQ(refused.code(), StatusCode::kInvalid) << name;
    EXPECT_THAT(refused.message(), ::testing::HasSubstr(name + " = '" + value + "'"));
  }
}

}  // namespace
}  // namespace lotic::athena
