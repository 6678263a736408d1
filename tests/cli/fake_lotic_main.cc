// SPDX-License-Identifier: Apache-2.0
// The command with an engine that needs no SQL library: what the terminal tests drive.
#include "cli/program.h"
#include "tests/cli/fake_engine.h"

int main(int argc, char** argv) {
  lotic::cli::Interrupts interrupts;
  lotic::cli::Wiring wiring;
  wiring.open_engine = [](lotic::sql::EngineOptions options) -> lotic::Result<std::unique_ptr<lotic::sql::Engine>> {
    return std::unique_ptr<lotic::sql::Engine>(std::make_unique<lotic::cli::FakeEngine>(std::move(options)));
  };
  return lotic::cli::RunProgram(std::vector<std::string>(argv + 1, argv + argc), wiring, interrupts);
}
