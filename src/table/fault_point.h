// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

// Named points where a test lets the process die or a system call fail. Always compiled in: where nothing is armed, a point costs one relaxed load.
// LOTIC_KILL_AT=name:n raises SIGKILL at the n-th pass of `name` (from 1); LOTIC_FAIL_AT=name:n:errno lets the system call at that point fail with
// that number, from the n-th pass on for as long as the process lives, or LOTIC_FAIL_AT=name:n:errno:times only so often. The names are in README.md.

namespace lotic::table {

namespace internal {
extern std::atomic<bool> faults_armed;
int PassFault(std::string_view name);
}  // namespace internal

/// @return 0, or the errno with which the call at this point has to fail. Any thread.
inline int FaultPoint(std::string_view name) { return internal::faults_armed.load(std::memory_order_relaxed) ? internal::PassFault(name) : 0; }

/// For tests inside the process. `text`: "name:n" (SIGKILL) or "name:n:errno[:times]"; replaces what was armed before, also by the environment; empty: nothing is.
Status ArmFault(std::string_view text);

}  // namespace lotic::table
