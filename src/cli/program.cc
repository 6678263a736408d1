// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <clocale>
#include <cstdlib>
#include <string>

#include "cli/byte_sink.h"
#include "cli/demo_command.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/sql_command.h"
#include "cli/tables_command.h"
#include "cli/topics_command.h"

namespace lotic::cli {
namespace {

int PrintAndExit(const std::string& text, const Console& console) {
  FdSink sink(console.out, "standard output", -1);
  Status status = sink.Write(text);
  if (status.ok()) status = sink.Flush();
  if (!status.ok() && !IsBrokenPipe(status)) console.Say(DescribeError(status, "", "", false, 0));
  return ExitCodeFor(status);
}

int PrintVersion(const Wiring& wiring, const Console& console) {
  const auto engine = wiring.open_engine(sql::EngineOptions{});
  const std::string sql = engine.ok() ? "DuckDB " + (*engine)->EngineVersion() : "no SQL engine: " + engine.status().message();
  return PrintAndExit(std::string("lotic " LOTIC_VERSION) + " (" + sql + ")\n", console);
}

}  // namespace

int RunProgram(const std::vector<std::string>& args, const Wiring& wiring, Interrupts& interrupts) {
  // Line editing and display widths need a UTF-8 locale; numbers and messages stay those of "C".
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  if (!args.empty()) {
    const auto subprogram = wiring.subprograms.find(args[0]);
    if (subprogram != wiring.subprograms.end()) return subprogram->second({args.begin() + 1, args.end()}, wiring, interrupts);
  }
  const auto parsed = ParseCommandLine(args);
  const Console console = Console::OfProcess(parsed.ok() && parsed->no_color);
  const auto fail = [&](const Status& status, int code) {
    console.Say(DescribeError(status, "", "", console.color, 0));
    return code;
  };
  if (!parsed.ok()) {
    return fail(parsed.status(), parsed.status().code() == StatusCode::kNotImplemented ? kExitError : kExitUsage);
  }
  const Status log = OpenLog(parsed->verbosity, std::getenv("LOTIC_LOG"));
  if (!log.ok()) return fail(log, kExitUsage);
  switch (parsed->command) {
    case Command::kHelp: return PrintAndExit(parsed->help, console);
    case Command::kVersion: return PrintVersion(wiring, console);
    case Command::kSql: return RunSqlCommand(*parsed, wiring, console, interrupts);
    case Command::kTopics: return RunTopicsCommand(*parsed, console, interrupts);
    case Command::kTables: return RunTablesCommand(*parsed, console, interrupts);
    case Command::kDemo: return RunDemoCommand(*parsed, wiring, console, interrupts);
  }
  return kExitBug;
}

}  // namespace lotic::cli
