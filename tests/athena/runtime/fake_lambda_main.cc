// SPDX-License-Identifier: Apache-2.0
// Both ways to run a function, with the functions of the tests: `fake_lambda lambda local ...` as lotic does it, else the bootstrap.
#include <string>
#include <vector>

#include "apps/lotic-athena/bootstrap_process.h"
#include "athena/test_functions.h"
#include "cli/lambda_command.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  if (argc == 1) return lotic::RunBootstrapProcess(lotic::athena::MakeTestFunction);
  lotic::cli::Interrupts interrupts;
  lotic::cli::Wiring wiring;
  wiring.subprograms["lambda"] = [](const auto& args, const auto&, auto& signals) { return lotic::cli::RunLambdaCommand(args, lotic::athena::MakeTestFunction, signals); };
  return lotic::cli::RunProgram(std::vector<std::string>(argv + 1, argv + argc), wiring, interrupts);
}
