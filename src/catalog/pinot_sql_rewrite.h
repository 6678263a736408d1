// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "catalog/pinot_sql_syntax.h"
#include "lotic/status.h"

namespace lotic::catalog {

/// Arithmetic over literals becomes its value; with `now_ms` also now() and ago('PT1H'). Errors: 150 (a period that is none).
Result<PinotExprPtr> FoldPinotLiterals(const PinotExprPtr& expr, std::optional<int64_t> now_ms);
/// The same for all of a query.
Status FoldPinotSelect(PinotSelect* select, std::optional<int64_t> now_ms);

/// What Pinot's broker does to a query before it knows the table: aliases into WHERE, GROUP BY, HAVING and ORDER BY, ordinals, GROUP BY without aggregates → DISTINCT; then its checks.
/// Errors: Invalid with 150, in Pinot's words where it has some.
Status RewritePinotSelect(PinotSelect* select);

}  // namespace lotic::catalog
