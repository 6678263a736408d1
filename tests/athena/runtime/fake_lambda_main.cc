// SPDX-License-Identifier: Apache-2.0
// Both ways to run a function, with the functions of the tests: `fake_lambda lambda local ...` as lotic does it, else the bootstrap.
#include <string>
#include <vector>

#include "apps/lotic-athena/bootstrap_process.h"
#include "athena/test_functions.h"
#include "cli/lambda_command.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  const auto make = [](const std::string& name, const lotic::athena::Environment& environment, lotic::athena::InvocationLog&) {
    return lotic::athena::MakeTestFunction(name, environment);
  };
  if (argc == 1) return lotic::RunBootstrapProcess(make);
  lotic::cli::Interrupts interrupts;
  lotic::cli::Wiring wiring;
  wiring.subprograms["lambda"] = [make](const auto& args, const auto&, auto& signals) { return lotic::cli::RunLambdaCommand(args, make, signals); };
  return lotic::cli::RunProgram(std::vector<std::string>(argv + 1, argv + argc), wiring, interrupts);
}
