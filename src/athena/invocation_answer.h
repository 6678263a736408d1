// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "athena/invocation_log.h"
#include "athena/lambda_function.h"

namespace lotic::athena {

/// What an invocation came to, as it leaves the process.
struct InvocationAnswer {
  bool failed = false;
  std::string body;  ///< the payload, or a function error's JSON; at most kMaxPayloadOutBytes
};

/// Has `function` handle an invocation and logs it. An answer above kMaxPayloadOutBytes and an exception are function errors.
InvocationAnswer Answer(LambdaFunction& function, const CallContext& ctx, const Invocation& invocation, InvocationLog& log);

/// The answer to an invocation that no function has handled; logged too.
InvocationAnswer FailedAnswer(const Status& status, const Invocation& invocation, InvocationLog& log);

/// A function error's JSON, its message at most 64 KiB.
std::string ErrorBody(const Status& status);

}  // namespace lotic::athena
