// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/interrupts.h"
#include "cli/program.h"

namespace lotic::cli {

/// `lotic demo`: Lotic's own broker on a free loopback port, with sample topics; three queries with their answers and certificates; what to
/// try next. With a terminal it stays in the shell while records keep coming, without one it is done. @return the exit code.
int RunDemoCommand(const CommandLine& line, const Wiring& wiring, const Console& console, Interrupts& interrupts);

}  // namespace lotic::cli
