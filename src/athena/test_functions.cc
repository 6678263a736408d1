// SPDX-License-Identifier: Apache-2.0
#include "athena/test_functions.h"

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stdexcept>

namespace lotic::athena {

Status WaitForTheEnd(const CallContext& ctx) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  if (ctx.deadline == std::chrono::steady_clock::time_point::max()) {
    never.wait(lock, ctx.stop, [] { return false; });
  } else {
    never.wait_until(lock, ctx.stop, ctx.deadline, [] { return false; });
  }
  return ctx.Check("waiting for the end");
}

Result<std::string> ObedientFunction::Invoke(const CallContext& ctx, const Invocation& invocation) {
  const std::string payload(invocation.payload);
  if (payload.rfind("\"huge ", 0) == 0) return std::string(std::stoul(payload.substr(6)), 'x');
  if (payload == "\"wait\"") {
    std::fputs("waiting\n", stderr);
    return WaitForTheEnd(ctx);
  }
  if (payload == "\"throttled\"") return Status::Throttled("come back later");
  if (payload == "\"denied\"") return Status::Unauthorized("not you");
  if (payload == "\"throw\"") throw std::runtime_error("thrown");
  if (payload.rfind("\"env ", 0) == 0) {
    const auto found = environment_.find(payload.substr(5, payload.size() - 6));
    return found == environment_.end() ? "null" : "\"" + found->second + "\"";
  }
  if (payload == "\"context\"") {
    return "{\"request_id\":\"" + std::string(invocation.request_id) + "\",\"arn\":\"" + std::string(invocation.function_arn) + "\",\"trace_id\":\"" +
           std::string(invocation.trace_id) + "\",\"left_ms\":" + std::to_string(ctx.Remaining(std::chrono::hours(1)).count()) + "}";
  }
  return payload;
}

Result<std::unique_ptr<LambdaFunction>> MakeTestFunction(const std::string& name, const Environment& environment) {
  if (name == "refuses") return Status::Unauthorized("the password in credentials is not accepted");
  if (name != "obedient") return Status::NotFound("no connector is called ", name, " (there are obedient and refuses)");
  return std::unique_ptr<LambdaFunction>(std::make_unique<ObedientFunction>(environment));
}

}  // namespace lotic::athena
