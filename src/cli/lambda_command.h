// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "athena/bootstrap.h"
#include "athena/lambda_function.h"
#include "athena/lambda_limits.h"
#include "cli/interrupts.h"
#include "lotic/status.h"

namespace lotic::cli {

/// What `lotic lambda local NAME ...` asks for; docs/reference/lambda.md describes the options.
struct LambdaCommandLine {
  std::string name;                                                ///< of the connector
  athena::Environment environment;                                 ///< --env K=V; may hold secrets: never printed
  uint16_t port = 0;                                               ///< --port; 0: a free one
  std::chrono::milliseconds timeout = athena::kMaxInvocationTime;  ///< --timeout
  bool quiet = false;                                              ///< -q: no log lines
  std::string help;                                                ///< not empty: print it and do nothing
};

/// Errors: Invalid (usage).
/// @param args  what follows the word lambda.
Result<LambdaCommandLine> ParseLambdaCommandLine(const std::vector<std::string>& args);

/// `lotic lambda`: a function served on loopback until SIGINT or SIGTERM. Its invoke URL is the one line on standard output, once it
/// answers. @return the exit code.
int RunLambdaCommand(const std::vector<std::string>& args, const athena::NamedFunctionMaker& make, Interrupts& interrupts);

}  // namespace lotic::cli
