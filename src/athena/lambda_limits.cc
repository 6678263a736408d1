// SPDX-License-Identifier: Apache-2.0
#include "athena/lambda_limits.h"

#include <algorithm>

namespace lotic::athena {

std::chrono::steady_clock::time_point FunctionDeadline(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point end) {
  if (end <= now) return end;
  return end - std::min<std::chrono::steady_clock::duration>(kDeadlineMargin, (end - now) / kDeadlineMarginShare);
}

}  // namespace lotic::athena
