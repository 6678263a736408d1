// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "athena/lambda_function.h"
#include "connector/athena/invoker.h"

namespace lotic {

/// Functions of this process that are kept for the next invocation; more than so many at once wait for one.
inline constexpr size_t kMaxLocalFunctions = 8;

/// A Lambda function inside this process, invoked without a socket: as "lambda:example" is, when no address is set. `make` is called for each invocation
/// that finds no idle function, since one function serves one at a time.
std::shared_ptr<athena_source::Invoker> MakeLocalInvoker(std::string name, std::function<Result<std::unique_ptr<athena::LambdaFunction>>()> make);

}  // namespace lotic
