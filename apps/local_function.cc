// SPDX-License-Identifier: Apache-2.0
#include "apps/local_function.h"

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "athena_protocol/function_error.h"

namespace lotic {
namespace {

class LocalInvoker final : public athena_source::Invoker {
 public:
  LocalInvoker(std::string name, std::function<Result<std::unique_ptr<athena::LambdaFunction>>()> make) : name_(std::move(name)), make_(std::move(make)) {}

  Result<athena_source::Invoked> Invoke(const CallContext& ctx, std::string_view payload) override {
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<athena::LambdaFunction> function, Take(ctx));
    const Result<std::string> answer = function->Invoke(ctx, {payload, "local", name_});
    Give(std::move(function));
    if (answer.ok()) return athena_source::Invoked{*answer, false};
    if (ctx.stop.stop_requested()) return Status::Cancelled(name_, ": cancelled");
    return athena_source::Invoked{athena::WriteFunctionError(athena::FunctionErrorOf(answer.status())), true};
  }

  std::string name() const override { return name_; }

 private:
  Result<std::unique_ptr<athena::LambdaFunction>> Take(const CallContext& ctx) {
    std::unique_lock lock(mutex_);
    const auto free = [this] { return !idle_.empty() || made_ < kMaxLocalFunctions; };
    if (ctx.deadline == std::chrono::steady_clock::time_point::max()) {
      idle_changed_.wait(lock, ctx.stop, free);
    } else {
      idle_changed_.wait_until(lock, ctx.stop, ctx.deadline, free);
    }
    LOTIC_RETURN_NOT_OK(ctx.Check(name_));
    if (!free()) return Status::DeadlineExceeded(name_, ": every function of this process is busy");
    if (!idle_.empty()) {
      std::unique_ptr<athena::LambdaFunction> function = std::move(idle_.back());
      idle_.pop_back();
      return function;
    }
    ++made_;
    lock.unlock();
    auto function = make_();
    if (!function.ok()) {
      lock.lock();
      --made_;
      idle_changed_.notify_one();
    }
    return function;
  }

  void Give(std::unique_ptr<athena::LambdaFunction> function) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(function));
    idle_changed_.notify_one();
  }

  const std::string name_;
  const std::function<Result<std::unique_ptr<athena::LambdaFunction>>()> make_;
  std::mutex mutex_;  // guards all members below
  std::condition_variable_any idle_changed_;
  size_t made_ = 0;  // idle and busy
  std::vector<std::unique_ptr<athena::LambdaFunction>> idle_;
};

}  // namespace

std::shared_ptr<athena_source::Invoker> MakeLocalInvoker(std::string name, std::function<Result<std::unique_ptr<athena::LambdaFunction>>()> make) {
  return std::make_shared<LocalInvoker>(std::move(name), std::move(make));
}

}  // namespace lotic
