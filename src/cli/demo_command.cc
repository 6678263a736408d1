// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_command.h"

#include <chrono>
#include <string>
#include <utility>

#include "broker/broker.h"
#include "broker/demo_data.h"
#include "cli/dot_commands.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/shell.h"
#include "cli/sql_command.h"

namespace lotic::cli {
namespace {

struct DemoQuery {
  const char* about;
  const char* sql;
};

constexpr DemoQuery kQueries[] = {
    {"A time bound becomes offsets: only the newest records are read.",
     "SELECT status, count(*) AS orders, round(sum(amount), 2) AS amount\n"
     "FROM orders\n"
     "WHERE _timestamp > now() - INTERVAL 5 MINUTES\n"
     "GROUP BY 1 ORDER BY 2 DESC"},
    {"Nested JSON has typed columns, with nothing declared.",
     "SELECT customer.city AS city, count(*) AS orders, max(len(items)) AS most_items\n"
     "FROM orders\n"
     "GROUP BY 1 ORDER BY 2 DESC LIMIT 5"},
    {"LIMIT stops the read; a record's place and time are columns, too.",
     "SELECT _partition, _offset, _timestamp, uuid\n"
     "FROM events\n"
     "LIMIT 5"},
};

Status RunQueries(Session& session) {
  for (const DemoQuery& query : kQueries) {
    LOTIC_RETURN_NOT_OK(session.Write(std::string("\n-- ") + query.about + "\n" + query.sql + ";\n"));
    LOTIC_RETURN_NOT_OK(session.Run(query.sql));
  }
  return Status::OK();
}

std::string NextCommands(const std::string& brokers, bool stays) {
  const std::string separate = stays ? "While this shell is open, in another terminal:\n" : "With a broker of your own:\n";
  const std::string address = stays ? brokers : "HOST:PORT";
  return "\nTry next:\n"
         "  .tables                                            what is there\n"
         "  DESCRIBE orders;                                   columns, and from how many records they were inferred\n"
         "  SELECT count(*) FROM payments;                     aborted transactions do not count\n"
         "  EXPLAIN SELECT * FROM events WHERE _timestamp > now() - INTERVAL 1 MINUTE;\n" +
         separate + "  lotic -b " + address +
         " \"SELECT count(*) FROM events\"\n"
         "  lotic topics -b " +
         address + "\n";
}

}  // namespace

int RunDemoCommand(const CommandLine& line, const Wiring& wiring, const Console& console, Interrupts& interrupts) {
  const auto fail = [&](const Status& status) {
    if (!IsBrokenPipe(status)) console.Say(DescribeError(status, "", "", console.color, 0));
    return ExitCodeFor(status);
  };
  auto broker = broker::Broker::Start();
  if (!broker.ok()) return fail(broker.status());
  broker::DemoOptions options;
  options.now_ms = Clock::System().NowMs();
  const Status filled = broker::FillDemo(**broker, options);
  if (!filled.ok()) return fail(filled);

  CommandLine attached = line;
  attached.brokers = (*broker)->bootstrap();
  attached.format = line.format.value_or(Format::kBox);
  auto opened = OpenSession(attached, wiring, console, interrupts);
  if (!opened.ok()) return fail(opened.status());
  Session& session = *opened->session;

  broker::DemoTicker ticker(**broker, options);
  ticker.Start();
  const bool stays = console.in_terminal && console.out_terminal;
  Status status = session.Write("Lotic's demo: a Kafka broker of its own at " + attached.brokers + " with topics events, orders, customers, payments.\n");
  if (status.ok()) {
    status = RunQueries(session);  // prints its own failure
    if (!status.ok()) return FinishSession(line, session, ExitCodeFor(status));
    status = session.Write(NextCommands(attached.brokers, stays));
  }
  if (!status.ok()) return fail(status);
  int code = kExitOk;
  if (stays) {
    ScriptRunner runner(session, opened->cluster);
    code = RunShell(runner, console);
  }
  const Status ticked = ticker.Stop();
  if (!ticked.ok()) code = fail(ticked.WithMessage("producing the demo's records: ", ticked.message()));
  return FinishSession(line, session, code);
}

}  // namespace lotic::cli
