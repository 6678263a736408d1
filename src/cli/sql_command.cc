// SPDX-License-Identifier: Apache-2.0
#include "cli/sql_command.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "cli/dot_commands.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/kafka_source.h"
#include "cli/log.h"
#include "cli/shell.h"

namespace lotic::cli {
namespace {

// After -f or SQL nothing else runs; without them a script from standard input, or the shell.
Status RunEverything(const CommandLine& line, ScriptRunner& runner) {
  for (const auto& path : line.files) {
    LOTIC_RETURN_NOT_OK(runner.RunFile(path));
    if (runner.quit()) return Status::OK();
  }
  for (const auto& statement : line.statements) {
    LOTIC_RETURN_NOT_OK(runner.RunText(statement, ""));
    if (runner.quit()) return Status::OK();
  }
  if (line.files.empty() && line.statements.empty()) return runner.RunFile("-");
  return Status::OK();
}

}  // namespace

Result<OpenedSession> OpenSession(const CommandLine& line, const Wiring& wiring, const Console& console, Interrupts& interrupts) {
  OpenedSession opened;
  sql::EngineOptions options;
  options.policy = line.policy;
  if (line.allow_partial) options.policy.on_data_loss = OnDataLoss::kWarn;
  const bool has_brokers = !line.brokers.empty() || !line.config_file.empty();
  if (has_brokers) {
    std::vector<std::string> warnings;
    LOTIC_ASSIGN_OR_RETURN(
        kafka::KafkaOptions kafka_options,
        MakeKafkaOptions({.brokers = line.brokers, .config_file = line.config_file, .properties = line.properties, .schema_files = line.schema_files},
                         &warnings));
    for (const auto& warning : warnings) console.SayLine("warning: " + warning);
    LogInfo("catalog kafka: " + (line.brokers.empty() ? line.config_file : line.brokers));
    LogDebug("client properties:\n" + kafka_options.client.Redacted());
    // How to read is the session's, whatever source it is; the property is how Kafka's users say it.
    if (kafka_options.client.isolation_level == kafka::IsolationLevel::kReadUncommitted) {
      options.policy.isolation = Isolation::kReadUncommitted;
    }
    LOTIC_ASSIGN_OR_RETURN(opened.cluster, kafka::MakeKafkaConnector(std::move(kafka_options)));
  } else if (!line.properties.empty() || !line.schema_files.empty()) {
    return Status::Invalid("-X and --schema describe a cluster: they need -b HOST:PORT");
  }

  std::shared_ptr<Connector> tables;
  if (!line.data_folder.empty()) {
    if (!wiring.make_connector) return Status::NotImplemented("--data: this program contains no real-time tables");
    LOTIC_ASSIGN_OR_RETURN(tables, wiring.make_connector("tables", line.data_folder, {}));
    LogInfo("catalog tables: " + line.data_folder);
  }

  options.make_connector = wiring.make_connector;
  options.connector_types = wiring.connector_types;
  options.open_catalog = wiring.open_catalog;
  options.define_table = wiring.define_table;
  options.table_functions = wiring.table_functions;
  options.lambdas = wiring.lambdas;
  options.allow_partial = line.allow_partial;
  options.time_zone = line.time_zone;
  options.temp_folder = sql::DefaultTemporaryFolder();
  LOTIC_RETURN_NOT_OK(interrupts.GuardFolder(options.temp_folder));
  options.warn = [&console](const std::string& warning) { console.SayLine("note: " + warning); };
  LOTIC_ASSIGN_OR_RETURN(auto engine, wiring.open_engine(std::move(options)));
  if (opened.cluster != nullptr) {
    const QueryScope scope(interrupts);
    CallContext ctx;
    ctx.stop = scope.stop();
    LOTIC_RETURN_NOT_OK(engine->Attach(ctx, "kafka", opened.cluster));
  }

  if (tables != nullptr) {
    const QueryScope scope(interrupts);
    CallContext ctx;
    ctx.stop = scope.stop();
    LOTIC_RETURN_NOT_OK(engine->Attach(ctx, "tables", tables));
  }

  SessionSettings settings;
  settings.format = line.format.value_or(console.out_terminal ? Format::kBox : Format::kJsonl);
  settings.header = line.header;
  settings.quiet = line.quiet;
  settings.allow_partial = line.allow_partial;
  settings.has_cluster = opened.cluster != nullptr || tables != nullptr;
  settings.timeout = line.timeout;
  opened.session = std::make_unique<Session>(std::move(engine), std::move(settings), !line.certificate_file.empty(), console, interrupts);
  return opened;
}

int FinishSession(const CommandLine& line, const Session& session, int code) {
  if (line.certificate_file.empty()) return code;
  const Status written = session.WriteCertificates(line.certificate_file);
  if (written.ok()) return code;
  const Console& console = session.console();
  console.Say(DescribeError(written, "", "", console.color, 0));
  return code == kExitOk ? ExitCodeFor(written) : code;
}

int RunSqlCommand(const CommandLine& line, const Wiring& wiring, const Console& console, Interrupts& interrupts) {
  auto opened = OpenSession(line, wiring, console, interrupts);
  if (!opened.ok()) {
    console.Say(DescribeError(opened.status(), "", "", console.color, 0));
    return opened.status().code() == StatusCode::kCancelled ? kExitInterrupted : kExitUsage;
  }
  ScriptRunner runner(*opened->session, opened->cluster);
  const bool interactive = line.files.empty() && line.statements.empty() && console.in_terminal;
  const int code = interactive ? RunShell(runner, console) : ExitCodeFor(RunEverything(line, runner));
  return FinishSession(line, *opened->session, code);
}

}  // namespace lotic::cli
