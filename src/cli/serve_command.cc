// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_command.h"

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/byte_sink.h"
#include "cli/console.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "table/connector.h"
#include "table/tables.h"

namespace lotic::cli {
namespace {

constexpr const char* kIntroduction =
    "Real-time tables: ingests what their topics bring, and answers Apache Pinot's clients.\n\n"
    "  lotic serve --data ./data\n"
    "  lotic AddTable -schemaFile schema.json -tableConfigFile table.json -exec\n\n"
    "Once it answers, it prints two lines: controller URL, broker URL. Ctrl-C or SIGTERM ends it; what was read is kept.\n";
constexpr const char* kSeeHelp = " (lotic serve --help lists the options)";

Result<uint16_t> Port(const char* option, int port) {
  if (port < 0 || port > 65535) return Status::Invalid(option, " takes a number from 0 to 65535, not ", port);
  return static_cast<uint16_t>(port);
}

/// As absolute paths. Errors: Invalid (one that is not there).
Result<std::vector<std::string>> Folders(const char* option, const std::vector<std::string>& given) {
  std::vector<std::string> folders;
  for (const std::string& folder : given) {
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) {
      return Status::Invalid(option, " ", folder, ": ", error ? error.message() : "it is no folder");
    }
    folders.push_back(std::filesystem::absolute(folder, error).lexically_normal().string());
    if (error) return Status::Invalid(option, " ", folder, ": ", error.message());
  }
  return folders;
}

std::optional<std::string> EnvironmentVariable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

void WaitForStop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
}

Status Serve(const ServeCommandLine& line, const ServeParts& parts, const Wiring& wiring, const std::stop_token& stop, FdSink* out) {
  const auto log = [](const std::string& sentence) { LogInfo(sentence); };
  LOTIC_ASSIGN_OR_RETURN(const sql::TablePorts ports, parts.open_ports());
  table::TablesOptions options;
  options.folder = line.data;
  options.files = ports.files.get();
  options.expressions = ports.expressions.get();
  options.streams = [&parts, log](const catalog::StreamConfig& config) { return parts.open_stream(config, log); };
  options.log = log;
  LOTIC_ASSIGN_OR_RETURN(options.allowed_folders, Folders("--allow-files", line.allowed_folders));
  options.variables = EnvironmentVariable;
  std::unique_ptr<table::Tables> tables;  // outlives the server, which says that it is starting while they are opened
  server::PinotServerOptions serving;
  serving.host = line.host;
  serving.controller_port = line.controller_port;
  serving.broker_port = line.broker_port;
  serving.open_engine = wiring.open_engine;
  serving.variables = EnvironmentVariable;
  serving.log = log;
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<server::PinotServer> server, server::PinotServer::Listen(std::move(serving)));
  LOTIC_ASSIGN_OR_RETURN(tables, table::Tables::Open(std::move(options)));

  table::TablesConnectorOptions reading;
  reading.folder = line.data;
  reading.segment_files = ports.files.get();
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Connector> connector, table::MakeTablesConnector(std::move(reading)));
  LOTIC_RETURN_NOT_OK(server->Start(tables.get(), std::move(connector)));
  LogInfo("serving " + line.data + ": controller " + server->controller_url() + ", broker " + server->broker_url());
  // It answers already, so whoever reads the lines and calls at once is answered.
  Status printed = out->Write("controller " + server->controller_url() + "\nbroker " + server->broker_url() + "\n");
  if (printed.ok()) printed = out->Flush();
  if (!printed.ok() && !IsBrokenPipe(printed)) return printed;
  WaitForStop(stop);
  LogInfo("stopping");
  server->Stop();
  return tables->Stop();
}

}  // namespace

Result<ServeCommandLine> ParseServeCommandLine(const std::vector<std::string>& args) {
  ServeCommandLine line;
  CLI::App app(kIntroduction, "lotic serve");
  app.set_help_flag();
  app.get_formatter()->column_width(34);
  bool help = false;
  int controller_port = line.controller_port, broker_port = line.broker_port;
  std::vector<std::string> words;
  const auto single = CLI::MultiOptionPolicy::TakeLast;
  app.add_option("words", words, "")->group("")->expected(0, 1 << 20);
  app.add_option("--data", line.data, "The folder that holds the tables; made if it is not there")->type_name("DIR")->multi_option_policy(single);
  app.add_option("--host", line.host, "Where it listens: a loopback address (default 127.0.0.1)")->type_name("ADDRESS")->multi_option_policy(single);
  app.add_option("--controller-port", controller_port, "Definitions and states (default 9000; 0: any free port)")
      ->type_name("PORT")
      ->multi_option_policy(single);
  app.add_option("--broker-port", broker_port, "Queries (default 8099; 0: any free port)")->type_name("PORT")->multi_option_policy(single);
  app.add_option("--allow-files", line.allowed_folders, "Table configurations may name files below it, such as key stores; repeatable")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_flag("-q,--quiet", line.quiet, "No log lines on standard error");
  app.add_flag("-h,--help", help, "Print this");
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& problem) {
    return Status::Invalid("lotic serve: ", problem.what(), kSeeHelp);
  }
  if (help) {
    line.help = app.help();
    return line;
  }
  if (!words.empty()) return Status::Invalid("lotic serve takes options only, but got \"", words[0], "\"", kSeeHelp);
  if (line.data.empty()) return Status::Invalid("lotic serve needs --data DIR, the folder that holds the tables", kSeeHelp);
  LOTIC_ASSIGN_OR_RETURN(line.controller_port, Port("--controller-port", controller_port));
  LOTIC_ASSIGN_OR_RETURN(line.broker_port, Port("--broker-port", broker_port));
  return line;
}

int RunServeCommand(const std::vector<std::string>& args, const ServeParts& parts, const Wiring& wiring, Interrupts& interrupts) {
  const Console console = Console::OfProcess(/*no_color=*/false);
  const auto fail = [&](const Status& status, int code) {
    if (!IsBrokenPipe(status)) console.Say(DescribeError(status, "", "", console.color, 0));
    return code;
  };
  const auto line = ParseServeCommandLine(args);
  if (!line.ok()) return fail(line.status(), kExitUsage);
  FdSink sink(console.out, "standard output", interrupts.wake_fd());
  if (!line->help.empty()) {
    Status printed = sink.Write(line->help);
    if (printed.ok()) printed = sink.Flush();
    return printed.ok() ? kExitOk : fail(printed, ExitCodeFor(printed));
  }
  const Status log = OpenLog(line->quiet ? 0 : 1, std::getenv("LOTIC_LOG"));
  if (!log.ok()) return fail(log, kExitUsage);
  interrupts.StopOnTermination();
  const QueryScope scope(interrupts);
  const Status served = Serve(*line, parts, wiring, scope.stop(), &sink);
  return served.ok() ? kExitOk : fail(served, ExitCodeFor(served));
}

}  // namespace lotic::cli
