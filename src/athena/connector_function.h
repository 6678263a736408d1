// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "athena/door_options.h"
#include "athena/invocation_log.h"
#include "athena/lambda_function.h"
#include "athena/spill_store.h"
#include "lotic/connector.h"
#include "lotic/status.h"
#include "lotic/udf.h"

namespace lotic::athena {

/// What a connector's function is made of. The first is needed, the rest has defaults.
struct ConnectorFunctionParts {
  std::shared_ptr<Connector> connector;
  DoorOptions options;
  /// The environment in which a spill store of S3 finds region, keys and endpoint.
  Environment environment;
  /// Null: a directory for a spill_bucket of file://, else S3, opened when first needed.
  std::shared_ptr<SpillStore> spill_store = nullptr;
  /// The scalar functions that come with the connector. Null: a request for one is an error.
  std::shared_ptr<const UdfRegistry> functions = nullptr;
  /// Borrowed; outlives the function.
  InvocationLog* log = &InvocationLog::StandardError();
  /// How the door waits when a service throttles; tests pass their own.
  ThrottlingInvoker::Sleep sleep = ThrottlingInvoker::SleepUntilStopped;
};

/// Any connector as a Lambda function of Athena: metadata and records in one, the SDK's composite handler. Errors: Invalid (parts).
Result<std::unique_ptr<LambdaFunction>> MakeConnectorFunction(ConnectorFunctionParts parts);

/// The same with what the environment says (DoorOptions::FromEnvironment), and `policy`.
Result<std::unique_ptr<LambdaFunction>> MakeConnectorFunction(std::shared_ptr<Connector> connector, const Environment& environment,
                                                              const ReadPolicy& policy = {}, std::shared_ptr<const UdfRegistry> functions = nullptr,
                                                              InvocationLog& log = InvocationLog::StandardError());

}  // namespace lotic::athena
