// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "lotic/status.h"

namespace lotic {

/// Attached to every IOError, Throttled and Unauthorized a connector returns: should the caller try again, and when?
struct SourceError final : StatusDetail {
  explicit SourceError(bool retry, std::chrono::milliseconds after = {}) : retryable(retry), retry_after(after) {}
  const char* type_id() const override { return "lotic::SourceError"; }
  std::string ToString() const override { return retryable ? "retryable" : "permanent"; }
  const bool retryable;
  const std::chrono::milliseconds retry_after;  ///< zero: the caller's own backoff

  /// The detail of `status`, or null if it carries none.
  static const SourceError* From(const Status& status);
};

}  // namespace lotic
