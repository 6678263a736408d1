// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/connector.h"
#include "lotic/scan.h"

namespace lotic::capi {

/// What a user of c.h asks of a table, by names.
struct RowsWanted {
  std::optional<std::vector<std::string>> columns;  ///< none: those of SELECT *
  std::string filter;                               ///< cli::ParseWhere; empty: none
  std::vector<Constraints> constraints;             ///< over exact names of `VisibleAndHidden`; all must hold
  std::optional<int64_t> limit;
};

/// Every column that a request may name: the visible ones, then the hidden ones.
Schema VisibleAndHidden(const TableInfo& info);

/// The request: the wanted columns are the first of its layout, those that only conditions need follow.
/// Errors: NotFound (a column, with the nearest), Invalid (two columns of one name asked for, a filter or constraint that does not fit).
Result<ScanRequest> BuildRequest(const TableInfo& info, const RowsWanted& wanted);

}  // namespace lotic::capi
