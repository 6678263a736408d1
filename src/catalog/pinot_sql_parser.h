// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "catalog/pinot_sql_lexer.h"
#include "catalog/pinot_sql_syntax.h"
#include "lotic/status.h"

namespace lotic::catalog {

/// Reads a SELECT of Pinot's from its tokens, which end with kEnd; a trailing LIMIT behind a semicolon counts as the query's. `sql`: the text they are of.
/// Nothing is rewritten yet. Errors: Invalid and NotImplemented with PinotErrorDetail 150; CapacityError (depth, nodes).
Result<PinotSelect> ParsePinotSelect(std::string_view sql, const std::vector<PinotToken>& tokens);

/// Reads an expression that is the whole text. Errors: as above.
Result<PinotExprPtr> ParsePinotExpression(std::string_view text);

}  // namespace lotic::catalog
