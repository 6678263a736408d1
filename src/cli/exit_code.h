// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lotic/status.h"

namespace lotic::cli {

/// What the program ends with; docs/reference/exit-codes.md is the table for users.
enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,         ///< SQL or data: Invalid, NotFound, CapacityError, NotImplemented
  kExitUsage = 2,         ///< command line or configuration
  kExitSource = 3,        ///< cannot connect, not authorised: IOError, Unauthorized, Throttled
  kExitIncomplete = 4,    ///< DataLoss: an incomplete scan, or data that is gone
  kExitBug = 70,          ///< UnknownError: a gap of ours
  kExitDeadline = 124,    ///< DeadlineExceeded
  kExitInterrupted = 130  ///< Cancelled: Ctrl-C
};

/// The code of a failure met while working; 0 for OK and for a broken pipe. Usage errors are told apart by where they arise.
int ExitCodeFor(const Status& status);

}  // namespace lotic::cli
