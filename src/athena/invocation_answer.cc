// SPDX-License-Identifier: Apache-2.0
#include "athena/invocation_answer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "athena/lambda_limits.h"
#include "athena_protocol/function_error.h"

namespace lotic::athena {
namespace {

constexpr size_t kMaxErrorMessageBytes = size_t{64} << 10;

// Only the seams of libraries that throw are meant to catch; what still gets here must not end a process with other invocations in it.
Result<std::string> InvokeGuarded(LambdaFunction& function, const CallContext& ctx, const Invocation& invocation) {
  try {
    return function.Invoke(ctx, invocation);
  } catch (const std::exception& thrown) {
    return Status::UnknownError("the function threw: ", thrown.what());
  }
}

FunctionError ShortErrorOf(const Status& status) {
  FunctionError error = FunctionErrorOf(status);
  if (error.message.size() > kMaxErrorMessageBytes) {
    size_t end = kMaxErrorMessageBytes;
    while (end > 0 && (static_cast<unsigned char>(error.message[end]) & 0xc0) == 0x80) --end;  // not in the middle of a UTF-8 sequence
    error.message = error.message.substr(0, end) + "...";
  }
  return error;
}

InvocationLine LineOf(const Invocation& invocation) {
  InvocationLine line;
  line.request_id = invocation.request_id;
  line.trace_id = invocation.trace_id;
  line.request_bytes = invocation.payload.size();
  return line;
}

InvocationAnswer Failed(const Status& status, InvocationLine line, InvocationLog& log) {
  const FunctionError error = ShortErrorOf(status);
  InvocationAnswer answer{true, WriteFunctionError(error)};
  line.response_bytes = answer.body.size();
  line.error_type = error.type;
  line.error_message = error.message;
  log.Finished(line);
  return answer;
}

}  // namespace

std::string ErrorBody(const Status& status) { return WriteFunctionError(ShortErrorOf(status)); }

InvocationAnswer FailedAnswer(const Status& status, const Invocation& invocation, InvocationLog& log) { return Failed(status, LineOf(invocation), log); }

InvocationAnswer Answer(LambdaFunction& function, const CallContext& ctx, const Invocation& invocation, InvocationLog& log) {
  const auto start = std::chrono::steady_clock::now();
  Result<std::string> payload = InvokeGuarded(function, ctx, invocation);
  if (payload.ok() && payload->size() > kMaxPayloadOutBytes) {
    payload = Status::CapacityError("the response is ", payload->size(), " bytes long; Lambda's limit is ", kMaxPayloadOutBytes,
                                    " bytes: spill more, or ask for less at once");
  }
  InvocationLine line = LineOf(invocation);
  line.duration = std::chrono::steady_clock::now() - start;
  if (!payload.ok()) return Failed(payload.status(), line, log);
  line.response_bytes = payload->size();
  log.Finished(line);
  return {false, *std::move(payload)};
}

}  // namespace lotic::athena
