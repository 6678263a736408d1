// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "athena/lambda_function.h"

namespace lotic::athena {

/// Functions of one kind, each handling one invocation at a time. Any thread.
class FunctionPool {
 public:
  FunctionPool(FunctionMaker make, Environment environment, size_t max_functions);

  /// A free function, the last used first; a new one while fewer than the limit exist; else waits for one.
  /// Errors: those of the maker; Cancelled; Throttled (none was free before ctx.deadline).
  Result<std::unique_ptr<LambdaFunction>> Take(const CallContext& ctx);
  /// Gives back what Take() returned; null: it is not to be used again.
  void GiveBack(std::unique_ptr<LambdaFunction> function);

 private:
  const FunctionMaker make_;
  const Environment environment_;
  const size_t max_functions_;
  std::mutex mutex_;  // guards all members below
  std::condition_variable_any freed_;
  std::vector<std::unique_ptr<LambdaFunction>> free_;
  size_t taken_ = 0;  // and those being made
};

}  // namespace lotic::athena
