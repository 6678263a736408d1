// SPDX-License-Identifier: Apache-2.0
#include "athena/bootstrap.h"

#include <unistd.h>

#include <string_view>

#include "athena/runtime_loop.h"

namespace lotic::athena {

Result<BootstrapOptions> BootstrapOptions::Of(const Environment& environment) {
  const auto value = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  BootstrapOptions options;
  options.connector = value("LOTIC_CONNECTOR");
  if (options.connector.empty()) {
    return Status::Invalid("LOTIC_CONNECTOR is not set: it names the connector that this Lambda function serves, for example kafka");
  }
  const std::string api = value("AWS_LAMBDA_RUNTIME_API");
  if (api.empty()) {
    return Status::Invalid(
        "AWS_LAMBDA_RUNTIME_API is not set: lotic-athena is started by AWS Lambda, which sets it to HOST:PORT; without Lambda use lotic lambda local ",
        options.connector);
  }
  Result<net::Endpoint> endpoint = net::Endpoint::Parse(api, 80);
  if (!endpoint.ok()) return Status::Invalid("AWS_LAMBDA_RUNTIME_API: ", endpoint.status().message());
  options.api = *std::move(endpoint);
  return options;
}

Status RunBootstrap(const CallContext& ctx, const BootstrapOptions& options, const Environment& environment, const NamedFunctionMaker& make,
                    InvocationLog& log) {
  const Result<std::unique_ptr<LambdaFunction>> function = make(options.connector, environment, log);
  if (function.ok()) return RunRuntimeLoop(ctx, options.api, **function, log);
  const Status error = function.status().WithMessage("connector ", options.connector, ": ", function.status().message());
  const Status posted = PostInitError(ctx, options.api, error);
  return posted.ok() ? error : error.WithMessage(error.message(), "; and Lambda could not be told: ", posted.message());
}

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view assignment = *entry;
    const size_t equals = assignment.find('=');
    if (equals != std::string_view::npos && equals != 0) environment.emplace(assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  return environment;
}

}  // namespace lotic::athena
