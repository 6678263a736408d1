// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "lotic/call_context.h"
#include "lotic/status.h"

// A function as AWS Lambda knows it: bytes in, bytes out, or an error with a class name. What is inside (a connector, functions of the
// user) and what is outside (the runtime loop of Lambda, a local server, a test) meet here and know no more of each other.

namespace lotic::athena {

/// The configuration of a function: its environment variables. Names are case-sensitive.
using Environment = std::map<std::string, std::string>;

/// One invocation. The views are valid during the call.
struct Invocation {
  std::string_view payload;       ///< one JSON document
  std::string_view request_id;    ///< of Lambda, for logs
  std::string_view function_arn;  ///< as it was invoked
  std::string_view trace_id;      ///< X-Ray's, as _X_AMZN_TRACE_ID holds it elsewhere: for logs and for the header of calls to AWS; may be empty
};

/// Handles invocations, one at a time. Made once per process (the init phase of Lambda).
class LambdaFunction {
 public:
  virtual ~LambdaFunction() = default;
  /// The response payload. `ctx.deadline` is the end of the invocation: an answer that would come later is given up before it, as a
  /// retryable error, never as a short result. Errors: any; FunctionErrorOf() gives the form in which they leave the process.
  virtual Result<std::string> Invoke(const CallContext& ctx, const Invocation& invocation) = 0;
};

/// Makes a function out of its configuration. Any thread; what it makes is independent of what it made before.
using FunctionMaker = std::function<Result<std::unique_ptr<LambdaFunction>>(const Environment& environment)>;

}  // namespace lotic::athena
