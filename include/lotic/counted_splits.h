// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lotic/call_context.h"
#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic {

/// Optional for a Connector, asked for by dynamic_cast: what stands behind Estimate::exact_rows where that was taken instead of reading.
class CountedSplits {
 public:
  virtual ~CountedSplits() = default;
  /// The certificate of a split that was counted: as a reader without columns would leave it at its end, with the same rows and records, and a note that nothing was
  /// read. `request` is that of a plan with exact_rows, with its token, and `split` one of its. Reads no row. Any thread.
  /// Errors: those of opening a reader.
  virtual Result<SplitCertificate> CountedCertificate(const CallContext& ctx, const ScanRequest& request, const Split& split) = 0;
};

}  // namespace lotic
