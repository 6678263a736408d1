// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "connector/athena/invoker.h"

namespace lotic::cli {

/// Starts `command` by /bin/sh with AWS_LAMBDA_RUNTIME_API set, and plays Lambda for it: serves the runtime interface (next, response, error,
/// init/error) on loopback, one invocation at a time. So lotic-athena, the Java runtime client, or any other runtime of Lambda can be asked without a
/// Lambda. What the process writes goes to standard error. It is ended, with its process group, when the invoker goes; and by SIGTERM if this program, or the
/// thread that called, ends without that.
/// Errors: IOError (no socket, no process). A process that ends, or reports that it cannot start, fails the invocations.
/// Follows: AWS Lambda runtime API, 2018-06-01.
Result<std::shared_ptr<athena_source::Invoker>> StartCommandFunction(const std::string& command);

/// How long a process may take to end by itself before it is killed.
inline constexpr std::chrono::milliseconds kCommandEndTime{2000};

}  // namespace lotic::cli
