// SPDX-License-Identifier: Apache-2.0
#include "cli/lambda_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "athena/bootstrap.h"
#include "athena/runtime_server.h"
#include "cli/byte_sink.h"
#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"

namespace lotic::cli {
namespace {

constexpr const char* kIntroduction =
    "A connector as a Lambda function on this machine, for Athena's protocol without AWS.\n\n"
    "  lotic lambda local kafka --env kafka_endpoint=127.0.0.1:9092 --port 9001\n\n"
    "Once it answers, it prints its invoke URL; Ctrl-C or SIGTERM ends it.\n";
constexpr const char* kSeeHelp = " (lotic lambda --help lists the options)";

}  // namespace

Result<LambdaCommandLine> ParseLambdaCommandLine(const std::vector<std::string>& args) {
  LambdaCommandLine line;
  CLI::App app(kIntroduction, "lotic lambda");
  app.set_help_flag();
  app.get_formatter()->column_width(34);
  bool help = false;
  int port = 0;
  std::string timeout;
  std::vector<std::string> words, assignments;
  const auto single = CLI::MultiOptionPolicy::TakeLast;
  app.add_option("local NAME", words, "The word local, and the connector's name")->type_name("")->expected(0, 1 << 20);
  app.add_option("--env", assignments, "A variable of the function's environment, beside those of this process; repeatable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--port", port, "Where it listens on 127.0.0.1 (default 0: any free port)")->type_name("PORT")->multi_option_policy(single);
  app.add_option("--timeout", timeout, "Limit for each invocation: 30s, 5m (default 900s, Lambda's own)")->type_name("TIME")->multi_option_policy(single);
  app.add_flag("-q,--quiet", line.quiet, "No log lines on standard error");
  app.add_flag("-h,--help", help, "Print this");
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& problem) {
    return Status::Invalid("lotic lambda: ", problem.what(), kSeeHelp);
  }
  if (help) {
    line.help = app.help();
    return line;
  }
  if (words.empty() || words[0] != "local") {
    return Status::Invalid("lotic lambda ", words.empty() ? "needs the word local" : "has no command \"" + words[0] + "\"", ": lotic lambda local NAME",
                           kSeeHelp);
  }
  if (words.size() < 2) return Status::Invalid("lotic lambda local needs the name of a connector", kSeeHelp);
  if (words.size() > 2) return Status::Invalid("lotic lambda local takes one name, but got \"", words[2], "\" too", kSeeHelp);
  line.name = words[1];
  for (const std::string& assignment : assignments) {
    const size_t equals = assignment.find('=');
    // No echo: it may be a secret.
    if (equals == std::string::npos || equals == 0) return Status::Invalid("--env takes NAME=VALUE, such as --env kafka_endpoint=127.0.0.1:9092", kSeeHelp);
    line.environment.insert_or_assign(assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  if (port < 0 || port > 65535) return Status::Invalid("--port takes a number from 0 to 65535, not ", port);
  line.port = static_cast<uint16_t>(port);
  if (!timeout.empty()) {
    LOTIC_ASSIGN_OR_RETURN(line.timeout, ParseDuration("--timeout", timeout));
    if (line.timeout.count() == 0) return Status::Invalid("--timeout must be more than 0");
  }
  return line;
}

int RunLambdaCommand(const std::vector<std::string>& args, const athena::NamedFunctionMaker& make_named, Interrupts& interrupts) {
  const Console console = Console::OfProcess(/*no_color=*/false);
  const auto fail = [&](const Status& status, int code) {
    if (!IsBrokenPipe(status)) console.Say(DescribeError(status, "", "", console.color, 0));
    return code;
  };
  const auto line = ParseLambdaCommandLine(args);
  if (!line.ok()) return fail(line.status(), kExitUsage);
  FdSink sink(console.out, "standard output", interrupts.wake_fd());
  const auto print = [&](const std::string& text) {
    const Status written = sink.Write(text);
    return written.ok() ? sink.Flush() : written;
  };
  if (!line->help.empty()) {
    const Status printed = print(line->help);
    return printed.ok() ? kExitOk : fail(printed, ExitCodeFor(printed));
  }

  interrupts.StopOnTermination();
  const QueryScope scope(interrupts);
  CallContext ctx;
  ctx.stop = scope.stop();
  athena::Environment environment = line->environment;
  environment.merge(athena::ProcessEnvironment());  // what --env says wins
  athena::RuntimeServerOptions options;
  options.port = line->port;
  options.timeout = line->timeout;
  athena::InvocationLog& log = line->quiet ? athena::InvocationLog::Nowhere() : athena::InvocationLog::StandardError();
  const auto make = [&make_named, &log, name = line->name](const athena::Environment& variables) { return make_named(name, variables, log); };
  const auto server = athena::RuntimeServer::Start(options, make, std::move(environment), log);
  if (!server.ok()) return fail(server.status().WithMessage("lotic lambda local ", line->name, ": ", server.status().message()), ExitCodeFor(server.status()));
  // It listens already, so whoever reads the line and calls at once is answered.
  const Status printed = print((*server)->InvokeUrl() + "\n");
  if (!printed.ok() && !IsBrokenPipe(printed)) return fail(printed, ExitCodeFor(printed));
  const Status served = (*server)->Serve(ctx);
  return served.ok() ? kExitOk : fail(served, ExitCodeFor(served));
}

}  // namespace lotic::cli
