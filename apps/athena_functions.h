// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "athena/bootstrap.h"

namespace lotic {

/// The names of MakeAthenaFunction.
std::vector<std::string> AthenaFunctionNames();

/// A connector as the Lambda function that Athena calls, by name: what lotic lambda local and lotic-athena serve.
/// Errors: NotFound (an unknown name, with those that there are), those of the connector's configuration.
Result<std::unique_ptr<athena::LambdaFunction>> MakeAthenaFunction(const std::string& name, const athena::Environment& environment, athena::InvocationLog& log);

}  // namespace lotic
