// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "lotic/status.h"

namespace lotic {

/// Where the time of day comes from; tests pass their own. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since 1970-01-01T00:00:00Z.
  virtual int64_t NowMs() const = 0;
  /// The system's clock, alive for the whole process.
  static const Clock& System();
};

/// Who asks. Filled by doors that know it (Athena, HTTP); empty in the shell.
struct Identity {
  std::string principal;
  std::string account;
  std::map<std::string, std::string> attributes;  ///< tags of the principal, by name
  std::vector<std::string> groups;                ///< the principal's
  /// The engine's own name of the query, the same in every call made for it. Empty where the door has none (the shell, a scalar function of Athena).
  std::string query_id;
};

/// Goes down every call of one query: how it is stopped, when it must be done, for whom, within which memory.
/// A child may only tighten it. Copied freely; any thread.
struct CallContext {
  std::stop_token stop;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  Identity identity;
  std::map<std::string, std::string> credentials;    ///< per-call secrets; never printed
  int64_t memory_budget_bytes = int64_t{512} << 20;  ///< for buffers in flight and batches not yet taken, per reader
  const Clock* clock = &Clock::System();

  /// OK, Cancelled or DeadlineExceeded. Called once per batch and before every wait; `doing` names the work in the message.
  Status Check(std::string_view doing) const;
  /// A copy whose deadline is the earlier of this one's and `limit`.
  CallContext WithDeadline(std::chrono::steady_clock::time_point limit) const;
  /// Time left, at least zero, at most `cap`.
  std::chrono::milliseconds Remaining(std::chrono::milliseconds cap) const;
};

}  // namespace lotic
