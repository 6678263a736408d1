// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic {

/// Optional, asked for by dynamic_cast: the plan of a request that is only shown (EXPLAIN). Any thread.
class PlanPreview {
 public:
  virtual ~PlanPreview() = default;
  /// As Prepare, but not even single records are looked at to narrow the plan: where Prepare would, the plan stays the wider one and its
  /// report says so. Errors: those of Prepare.
  virtual Result<Prepared> Preview(const CallContext& ctx, const ScanRequest& request) = 0;
};

}  // namespace lotic
