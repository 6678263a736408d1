// SPDX-License-Identifier: Apache-2.0
#include "athena/function_pool.h"

#include <utility>

namespace lotic::athena {

FunctionPool::FunctionPool(FunctionMaker make, Environment environment, size_t max_functions)
    : make_(std::move(make)), environment_(std::move(environment)), max_functions_(max_functions) {}

Result<std::unique_ptr<LambdaFunction>> FunctionPool::Take(const CallContext& ctx) {
  {
    std::unique_lock lock(mutex_);
    const auto available = [&] { return !free_.empty() || taken_ < max_functions_; };
    // No deadline is a time that wait_until cannot count to on every clock, so it waits without one.
    const bool found = ctx.deadline == std::chrono::steady_clock::time_point::max() ? freed_.wait(lock, ctx.stop, available)
                                                                                    : freed_.wait_until(lock, ctx.stop, ctx.deadline, available);
    if (!found) {
      if (ctx.stop.stop_requested()) return Status::Cancelled("waiting for a free function");
      return Status::Throttled("all ", max_functions_, " functions were busy until the invocation's time was over");
    }
    ++taken_;
    if (!free_.empty()) {
      std::unique_ptr<LambdaFunction> function = std::move(free_.back());
      free_.pop_back();
      return function;
    }
  }
  Result<std::unique_ptr<LambdaFunction>> made = make_(environment_);
  if (!made.ok()) GiveBack(nullptr);
  return made;
}

void FunctionPool::GiveBack(std::unique_ptr<LambdaFunction> function) {
  {
    const std::lock_guard lock(mutex_);
    --taken_;
    if (function) free_.push_back(std::move(function));
  }
  freed_.notify_one();
}

}  // namespace lotic::athena
