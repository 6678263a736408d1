// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/format.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::cli {

enum class Command { kSql, kDemo, kTopics, kTables, kHelp, kVersion };

/// What the command line asks for; docs/reference/options.md describes each option.
struct CommandLine {
  Command command = Command::kSql;

  // The source
  std::string brokers;                               ///< -b; empty: no cluster is attached
  std::string config_file;                           ///< --config
  std::vector<std::string> properties;               ///< -X, "name=value" each; may hold secrets: never printed
  std::vector<std::string> schema_files;             ///< --schema
  std::string data_folder;                           ///< --data; empty: no real-time tables are attached
  ReadPolicy policy;                                 ///< --on-error, --tombstones, --max-out-of-order
  std::optional<std::chrono::milliseconds> timeout;  ///< --timeout, of one statement
  bool allow_partial = false;

  // What to run, in this order
  std::vector<std::string> files;       ///< -f; "-" is standard input
  std::vector<std::string> statements;  ///< -c, then the arguments

  // Output
  std::optional<Format> format;  ///< unset: box on a terminal, else jsonl
  bool header = true;
  std::string certificate_file;
  std::string time_zone = "UTC";
  int verbosity = 0;
  bool quiet = false;
  bool no_color = false;

  // lotic topics
  std::optional<std::string> offsets_of;  ///< --offsets [TOPIC]; empty: of every topic
  bool offsets_earliest = false;          ///< --time earliest
  std::string schema_of;                  ///< --schema-of TOPIC; empty: not asked for

  std::string help;  ///< kHelp: the text
};

/// Errors: Invalid (usage: unknown option with the nearest one, bad value), NotImplemented (kcat's manner and options).
/// @param args  without the program's name.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& args);

/// "250ms", "30s", "5m", "2h", "1d"; a bare number is seconds. Errors: Invalid (naming `what`).
Result<std::chrono::milliseconds> ParseDuration(std::string_view what, std::string_view text);

}  // namespace lotic::cli
