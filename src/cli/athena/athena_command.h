// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/interrupts.h"
#include "cli/program.h"

namespace lotic::cli {

/// `lotic athena ...`: plays Athena against a connector's function. docs/reference/athena-client.md describes commands and options.
/// @param args  what follows the word athena. @return the exit code: as everywhere; validate and diff give 1 when a check failed or the sides differ.
int RunAthenaCommand(const std::vector<std::string>& args, const Wiring& wiring, Interrupts& interrupts);

}  // namespace lotic::cli
