// SPDX-License-Identifier: Apache-2.0
// The command `lotic`: wiring only.
#include <string>
#include <vector>

#include "apps/athena_functions.h"
#include "apps/athena_endpoints.h"
#include "apps/builtin_connectors.h"
#include "apps/local_function.h"
#include "apps/realtime_streams.h"
#include "cli/add_table_command.h"
#include "cli/athena/athena_command.h"
#include "cli/lambda_command.h"
#include "cli/program.h"
#include "cli/serve_command.h"
#include "sql/engine.h"
#include "sql/table_ports.h"

int main(int argc, char** argv) {
  lotic::cli::Interrupts interrupts;  // before any other thread
  lotic::cli::Wiring wiring;
  wiring.open_engine = lotic::sql::OpenEngine;
  wiring.make_connector = lotic::MakeBuiltinConnector;
  wiring.connector_types = lotic::BuiltinConnectorTypes();
  wiring.define_table = lotic::DefineBuiltinTable;
  // "lambda:example" is here without an address; every other name needs one.
  lotic::AthenaEndpoints endpoints([](const std::string& name) -> lotic::Result<std::shared_ptr<lotic::athena_source::Invoker>> {
    if (name != "example") return lotic::Status::NotFound("no function called ", name, " is built in");
    return lotic::MakeLocalInvoker(
        name, [] { return lotic::MakeAthenaFunction("example", lotic::athena::ProcessEnvironment(), lotic::athena::InvocationLog::Nowhere()); });
  });
  wiring.lambdas.set_url = [&endpoints](const auto& name, const auto& url) { return endpoints.SetUrl(name, url); };
  wiring.lambdas.call = [&endpoints](const auto& ctx, const auto& name, const auto& function, const auto& arguments, const auto& result) {
    return endpoints.Call(ctx, name, function, arguments, result);
  };
  wiring.open_catalog = [&endpoints](const std::string& catalog) { return endpoints.OpenCatalog(catalog); };
  wiring.table_functions = lotic::BuiltinTableFunctions();
  wiring.table_functions.push_back(lotic::AthenaEndpoints::TableFunction());
  wiring.subprograms["athena"] = lotic::cli::RunAthenaCommand;
  wiring.subprograms["lambda"] = [](const auto& args, const auto&, auto& signals) {
    return lotic::cli::RunLambdaCommand(args, lotic::MakeAthenaFunction, signals);
  };
  wiring.subprograms["serve"] = [](const auto& args, const auto& wired, auto& signals) {
    return lotic::cli::RunServeCommand(args, {lotic::sql::OpenTablePorts, lotic::MakeRealtimeStream}, wired, signals);
  };
  wiring.subprograms["AddTable"] = [](const auto& args, const auto&, auto& signals) {
    return lotic::cli::RunAddTableCommand(args, lotic::athena::ProcessEnvironment(), signals);
  };
  return lotic::cli::RunProgram(std::vector<std::string>(argv + 1, argv + argc), wiring, interrupts);
}
