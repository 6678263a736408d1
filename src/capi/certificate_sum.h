// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "lotic/connector.h"
#include "lotic/scan.h"

namespace lotic::capi {

/// Adds up what several processes read of one plan. `read`: one entry for each of `splits`, in their order; none: nobody read it, and the whole
/// is not complete. Errors: Invalid (another number; a certificate of another split).
Result<TableCertificate> SumCertificates(const Prepared& plan, std::span<const SplitStart> splits, std::vector<std::optional<SplitCertificate>> read);

}  // namespace lotic::capi
