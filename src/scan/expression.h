// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lotic/constraints.h"

namespace lotic {

/// Whether a boolean expression can be evaluated over batches of `schema`: known functions, right numbers and types of arguments,
/// columns that exist with the types they are said to have. Errors: Invalid, naming the part that does not fit.
Status CheckExpression(const Expression& expression, const Schema& schema);

/// The value of a checked expression at one row. Row by row and with scalars: the readable statement of what it means, and fast
/// enough for residual filters. Errors: Invalid (overflow, division by zero).
Result<Scalar> EvaluateExpression(const Expression& expression, const CompareOptions& options, const Batch& batch, int64_t row);

}  // namespace lotic
