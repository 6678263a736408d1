// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "athena/bootstrap.h"

namespace lotic {

/// The life of a bootstrap process: its environment, its signals (SIGTERM and SIGINT end it, answering first what it works on), its error
/// on standard error, its exit code as in docs/reference/exit-codes.md. Called by main, before other threads.
int RunBootstrapProcess(const athena::NamedFunctionMaker& make);

}  // namespace lotic
