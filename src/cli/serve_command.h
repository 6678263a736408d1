// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catalog/stream_config.h"
#include "cli/interrupts.h"
#include "cli/program.h"
#include "lotic/connector.h"
#include "lotic/status.h"
#include "server/pinot_server.h"
#include "sql/table_ports.h"

namespace lotic::cli {

/// What `lotic serve` asks for; docs/reference/realtime-api.md describes the options.
struct ServeCommandLine {
  std::string data;                                           ///< --data; required
  std::string host = "127.0.0.1";                             ///< --host: a loopback address
  uint16_t controller_port = server::kDefaultControllerPort;  ///< --controller-port; 0: any free one
  uint16_t broker_port = server::kDefaultBrokerPort;          ///< --broker-port
  std::vector<std::string> allowed_folders;                   ///< --allow-files
  bool quiet = false;                                         ///< -q: no log lines but errors
  std::string help;                                           ///< not empty: print it and do nothing
};

/// Errors: Invalid (usage).
/// @param args  what follows the word serve.
Result<ServeCommandLine> ParseServeCommandLine(const std::vector<std::string>& args);

/// What main puts in beside the Wiring.
struct ServeParts {
  std::function<Result<sql::TablePorts>()> open_ports;
  /// The stream of a table's configuration; `log` is told what its connections do.
  std::function<Result<std::shared_ptr<Connector>>(const catalog::StreamConfig& config, const std::function<void(const std::string&)>& log)> open_stream;
};

/// `lotic serve`: ingests the tables of a data directory and answers Pinot's controller and broker API until SIGINT or SIGTERM. Two lines on standard output, once it answers:
/// `controller URL` and `broker URL`. @return the exit code.
int RunServeCommand(const std::vector<std::string>& args, const ServeParts& parts, const Wiring& wiring, Interrupts& interrupts);

}  // namespace lotic::cli
