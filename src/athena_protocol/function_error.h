// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

// How a failed invocation looks outside: {"errorMessage", "errorType", "stackTrace"}, with the class names that Athena reacts to.
// Follows: the Lambda runtime interface; the federation SDK's LambdaFunctionExceptionSerDe.

namespace lotic::athena {

/// Athena lowers its parallelism and tries again, if no row of the split was produced yet.
inline constexpr std::string_view kThrottleErrorType = "com.amazonaws.athena.connector.lambda.exceptions.FederationThrottleException";
/// Everything else.
inline constexpr std::string_view kConnectorErrorType = "com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException";
/// The value of the header Lambda-Runtime-Function-Error-Type, as the Java runtime client sends it.
inline constexpr std::string_view kFunctionErrorHeader = "Runtime.UserException";

struct FunctionError {
  std::string message;
  std::string type;                  ///< a fully qualified Java class
  std::vector<std::string> stack;    ///< one line each; empty in ours
  std::vector<FunctionError> cause;  ///< none or one; read, never written
};

/// The error that leaves the process: Throttled and DeadlineExceeded become kThrottleErrorType, others kConnectorErrorType; the message begins with the
/// Glue error code of the Status ("InvalidInputException: ...", "EntityNotFoundException: ...", "AccessDeniedException: ..."), since only the text travels.
FunctionError FunctionErrorOf(const Status& status);
/// The inverse, for a client: code by type and by the code at the start of the message.
Status StatusOf(const FunctionError& error);

/// Exactly the three members, in order, no white space.
std::string WriteFunctionError(const FunctionError& error);
/// Unknown members are ignored, all are optional, `cause` may nest (at most 16 deep). Errors: Invalid (no JSON object).
Result<FunctionError> ParseFunctionError(std::string_view json);

}  // namespace lotic::athena
