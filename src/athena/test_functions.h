// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "athena/bootstrap.h"
#include "athena/lambda_function.h"

// Functions for the tests of what surrounds a function.

namespace lotic::athena {

/// A function from a lambda.
class TestFunction final : public LambdaFunction {
 public:
  using Body = std::function<Result<std::string>(const CallContext&, const Invocation&)>;
  explicit TestFunction(Body body) : body_(std::move(body)) {}
  Result<std::string> Invoke(const CallContext& ctx, const Invocation& invocation) override { return body_(ctx, invocation); }

 private:
  const Body body_;
};

/// Does what the payload, a JSON string, says; any other payload is answered with itself.
///   "huge N"        N bytes
///   "wait"          says "waiting" on standard error, waits for the stop or the deadline, and fails so
///   "throttled", "denied", "throw"   fail so
///   "env NAME"      the variable, as a JSON string
///   "context"       request id, ARN, trace id and the milliseconds left, as a JSON object
class ObedientFunction final : public LambdaFunction {
 public:
  explicit ObedientFunction(Environment environment) : environment_(std::move(environment)) {}
  Result<std::string> Invoke(const CallContext& ctx, const Invocation& invocation) override;

 private:
  const Environment environment_;
};

/// "obedient" makes an ObedientFunction, "refuses" fails with Unauthorized, others are NotFound.
Result<std::unique_ptr<LambdaFunction>> MakeTestFunction(const std::string& name, const Environment& environment);

/// Waits for ctx's stop or deadline. @return Cancelled or DeadlineExceeded.
Status WaitForTheEnd(const CallContext& ctx);

}  // namespace lotic::athena
