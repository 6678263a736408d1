// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/interrupts.h"
#include "lotic/status.h"

namespace lotic::cli {

/// What `lotic AddTable` asks for, in the words of Pinot's own command.
struct AddTableCommandLine {
  std::string schema_file;         ///< -schemaFile
  std::string table_file;          ///< -tableConfigFile, -realtimeTableConfigFile
  bool exec = false;               ///< -exec: do it; else a dry run
  bool update = false;             ///< -update: the table exists, and is changed
  std::string consume_from;        ///< -consumeFrom: where to begin in another topic; with `update` only
  bool connect = false;            ///< -connect: a dry run has the controller ask the stream, too; not with `exec`
  std::string host = "localhost";  ///< -controllerHost
  uint16_t port = 9000;            ///< -controllerPort
  std::string protocol = "http";   ///< -controllerProtocol: http or https
  std::string user, password;      ///< -user, -password: HTTP Basic; never printed
  std::string token;               ///< -authToken: the value of the header Authorization; never printed
  std::string help;                ///< not empty: print it and do nothing
};

/// Options with one dash or two, values behind a blank or `=`; names as Pinot writes them, in any case. Errors: Invalid (usage).
/// @param args  what follows the word AddTable.
Result<AddTableCommandLine> ParseAddTableCommandLine(const std::vector<std::string>& args);

/// `lotic AddTable`: makes (or with -update changes) a table with its schema through a controller, ours or Pinot's. Without -exec nothing is changed: the files are checked, by the controller
/// if one answers and else here, and what would be done is printed. A refusal is exit code 1 with the server's text.
/// @param environment  of the process: proxies, and what `${NAME}` in the table's configuration stands for. @return the exit code.
int RunAddTableCommand(const std::vector<std::string>& args, const std::map<std::string, std::string>& environment, Interrupts& interrupts);

}  // namespace lotic::cli
