// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/interrupts.h"
#include "lotic/status.h"
#include "sql/engine.h"

namespace lotic::cli {

struct Wiring;

/// A command with a command line of its own: the arguments after its name. @return the exit code.
using Subprogram = std::function<int(const std::vector<std::string>& args, const Wiring& wiring, Interrupts& interrupts)>;

/// What main puts into the program: the engine, the connectors that ATTACH can make, further commands. Tests put in their own.
struct Wiring {
  std::function<Result<std::unique_ptr<sql::Engine>>(sql::EngineOptions)> open_engine;
  sql::ConnectorFactory make_connector;
  std::vector<std::string> connector_types;
  std::function<Result<std::shared_ptr<Connector>>(const std::string& catalog)> open_catalog;  ///< as EngineOptions has it
  std::function<Result<DefinedTable>(const TableDefinition& definition)> define_table;         ///< as EngineOptions has it
  std::vector<sql::NamedTableFunction> table_functions;
  sql::LambdaPort lambdas;                        ///< as EngineOptions has it
  std::map<std::string, Subprogram> subprograms;  ///< by the first argument: lotic athena ...
};

/// Runs one command line, without the program's name. @return the exit code. One call per process.
int RunProgram(const std::vector<std::string>& args, const Wiring& wiring, Interrupts& interrupts);

}  // namespace lotic::cli
