// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic {

/// Optional, asked for by dynamic_cast: of a plan's token, what splitting and reading one of its partitions takes. For doors that send the token along with every
/// partition and every split, where that of a table of many partitions would outgrow the message. Any thread.
class PartitionTokens {
 public:
  virtual ~PartitionTokens() = default;
  /// One token for each partition, of the same snapshot: good for Splits of that partition and for Open of its splits, nothing else.
  /// Errors: Invalid (a token or a partition that is not of that plan).
  virtual Result<std::vector<std::string>> TokensOf(const std::string& token, std::span<const LayoutPartition> partitions) = 0;
};

}  // namespace lotic
