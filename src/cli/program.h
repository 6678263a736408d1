// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/interrupts.h"
#include "lotic/status.h"
#include "sql/engine.h"

namespace lotic::cli {

/// What main puts into the program: the engine and the connectors that ATTACH can make. Tests put in their own.
struct Wiring {
  std::function<Result<std::unique_ptr<sql::Engine>>(sql::EngineOptions)> open_engine;
  sql::ConnectorFactory make_connector;
  std::vector<std::string> connector_types;
};

/// Runs one command line, without the program's name. @return the exit code. One call per process.
int RunProgram(const std::vector<std::string>& args, const Wiring& wiring, Interrupts& interrupts);

}  // namespace lotic::cli
