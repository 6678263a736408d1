// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "athena/invocation_log.h"
#include "athena/lambda_function.h"
#include "net/endpoint.h"

namespace lotic::athena {

/// Makes the function that a connector's name stands for; what it has to say goes to `log`, which outlives it. Errors: NotFound (no such name), those of the connector.
using NamedFunctionMaker = std::function<Result<std::unique_ptr<LambdaFunction>>(const std::string& name, const Environment& environment, InvocationLog& log)>;

/// What the bootstrap of a Lambda function needs to know before all else.
struct BootstrapOptions {
  std::string connector;  ///< LOTIC_CONNECTOR
  net::Endpoint api;      ///< AWS_LAMBDA_RUNTIME_API
  /// Errors: Invalid (a variable is missing or no address).
  static Result<BootstrapOptions> Of(const Environment& environment);
};

/// Makes the function, then runs Lambda's loop until ctx.stop. A function that cannot be made is reported to Lambda before this fails.
/// Errors: those of `make` and of RunRuntimeLoop.
Status RunBootstrap(const CallContext& ctx, const BootstrapOptions& options, const Environment& environment, const NamedFunctionMaker& make,
                    InvocationLog& log);

/// The environment of this process. Before other threads change it.
Environment ProcessEnvironment();

}  // namespace lotic::athena
