// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cli/command_line.h"
#include "cli/program.h"
#include "cli/session.h"
#include "connector/kafka/kafka_connector.h"

namespace lotic::cli {

/// Everything that runs SQL needs: a session on a new engine, with the cluster of -b attached as `kafka` and the tables of --data as `tables`.
struct OpenedSession {
  std::unique_ptr<Session> session;
  std::shared_ptr<kafka::KafkaConnector> cluster;  ///< null without -b
};

/// Errors: those of the engine (a time zone) and of the client properties, all of them usage errors; nothing touches the network.
Result<OpenedSession> OpenSession(const CommandLine& line, const Wiring& wiring, const Console& console, Interrupts& interrupts);

/// The -f files, then the statements; or a script from standard input; or the shell. @return the exit code.
int RunSqlCommand(const CommandLine& line, const Wiring& wiring, const Console& console, Interrupts& interrupts);

/// Ends a session: writes --certificate. @return `code`, or another if that failed.
int FinishSession(const CommandLine& line, const Session& session, int code);

}  // namespace lotic::cli
