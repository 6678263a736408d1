// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/athena/function_target.h"
#include "cli/athena/function_validator.h"
#include "cli/athena/table_read.h"
#include "cli/format.h"
#include "lotic/status.h"

namespace lotic::cli {

enum class AthenaCommand { kHelp, kPing, kSchemas, kTables, kTable, kSplits, kRead, kUdf, kValidate, kDiff };

/// What the command line asks for.
struct AthenaCommandLine {
  AthenaCommand command = AthenaCommand::kHelp;
  std::string help;
  FunctionTarget target;  ///< of diff: the left side
  std::string right;      ///< of diff
  TableReadRequest read;  ///< schema and table too
  ValidatorOptions validator;
  std::string method;                  ///< of udf
  std::vector<std::string> arguments;  ///< of udf: "TYPE=VALUE", "TYPE" is NULL
  std::string returns;                 ///< of udf: a type
  std::optional<Format> format;
  bool header = true;
  bool quiet = false;
  std::string certificate_file;
  std::optional<std::chrono::milliseconds> timeout;
};

/// Errors: Invalid (usage).
Result<AthenaCommandLine> ParseAthenaCommandLine(const std::vector<std::string>& args);

}  // namespace lotic::cli
