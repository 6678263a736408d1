// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "lotic/type.h"

// Expressions of ingest: transforms (`transformFunction`) and filters (`filterFunction`), in the language of Pinot's queries over the fields of a record.

namespace lotic::catalog {

/// The fields that `text` reads, without repetition, in their order. Errors: Invalid (syntax; Groovy, aggregates, unknown functions and those whose result is not the same when a record is
/// read again, by name).
Result<std::vector<std::string>> PinotExpressionInputs(std::string_view text);

/// `text` as an expression of DuckDB's over columns named and typed as in `input` (JSON values are text), cast to `result`; NULL in, NULL out unless the function says otherwise.
/// A boolean result without a name is a filter. Errors: as above, and Invalid for fields that `input` does not have and types that do not fit.
Result<std::string> TranslatePinotExpression(std::string_view text, const Schema& input, const Type& result);

}  // namespace lotic::catalog
