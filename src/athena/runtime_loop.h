// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "athena/invocation_log.h"
#include "athena/lambda_function.h"
#include "net/endpoint.h"

// Lambda's side of a function: the runtime interface, version 2018-06-01, from which the process fetches its invocations one by one.
// Follows: "Using the Lambda runtime API for custom runtimes".

namespace lotic::athena {

/// Handles invocations one at a time over one kept connection to `api`, until ctx.stop. An idle process waits without a limit.
///
/// The function's context carries the invocation's deadline less a margin (FunctionDeadline) and ctx.stop. A failed invocation is posted
/// as an error and the loop goes on; so it does when the service says that an invocation is over already.
/// @return OK once stopped: at once while waiting, else when the running invocation has been answered.
/// Errors: IOError (no such address, the service is gone, answers nonsense or asks the process to end).
Status RunRuntimeLoop(const CallContext& ctx, const net::Endpoint& api, LambdaFunction& function, InvocationLog& log);

/// Tells Lambda that the function could not be made; the process should end then. Errors: IOError.
Status PostInitError(const CallContext& ctx, const net::Endpoint& api, const Status& error);

}  // namespace lotic::athena
