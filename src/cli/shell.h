// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"
#include "cli/dot_commands.h"

namespace lotic::cli {

/// The interactive shell: reads lines from the terminal with editing, history and completion until .quit or Ctrl-D, and runs them.
/// Ctrl-C cancels the running query, or drops the line at the prompt. @return the exit code.
int RunShell(ScriptRunner& runner, const Console& console);

}  // namespace lotic::cli
