// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.h"

#include "cli/byte_sink.h"

namespace lotic::cli {

int ExitCodeFor(const Status& status) {
  if (IsBrokenPipe(status)) return kExitOk;
  switch (status.code()) {
    case StatusCode::kOk: return kExitOk;
    case StatusCode::kInvalid:
    case StatusCode::kNotFound:
    case StatusCode::kCapacityError:
    case StatusCode::kNotImplemented: return kExitError;
    case StatusCode::kUnauthorized:
    case StatusCode::kIOError:
    case StatusCode::kThrottled: return kExitSource;
    case StatusCode::kDataLoss: return kExitIncomplete;
    case StatusCode::kCancelled: return kExitInterrupted;
    case StatusCode::kDeadlineExceeded: return kExitDeadline;
    case StatusCode::kUnknownError: return kExitBug;
  }
  return kExitBug;
}

}  // namespace lotic::cli
