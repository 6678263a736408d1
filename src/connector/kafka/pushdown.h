// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "lotic/constraints.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::kafka {

/// What of a request's constraints the reader applies, and what they say about where wanted rows can lie. A function of the request
/// alone, so that planner and reader, perhaps in different processes, agree.
struct PushedFilters {
  std::map<std::string, ValueSet> filters;  ///< exact: every value set over a scalar column
  Constraints residual;                     ///< value sets over nested columns, and expressions
  bool limit = false;                       ///< request.limit stops the read: nothing is left to be filtered or sorted

  std::optional<ValueSet> partitions;  ///< over BIGINT; none: all
  int64_t min_offset = 0;              ///< wanted offsets are in [min_offset, end_offset)
  int64_t end_offset = std::numeric_limits<int64_t>::max();
  std::optional<int64_t> min_ms;  ///< wanted rows have a timestamp, and it is at least this
  std::optional<int64_t> max_ms;  ///< and at most this
  bool nothing = false;           ///< some column has no allowed value: no row can be wanted
};

/// Errors: Invalid (a constraint on a column that the layout lacks).
Result<PushedFilters> PushDown(const ScanRequest& request);

}  // namespace lotic::kafka
