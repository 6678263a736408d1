// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "athena_protocol/messages.h"
#include "lotic/batch.h"

namespace lotic::cli {

/// A condition that uses one function, over rows that it tells apart.
struct PushedExpression {
  athena::WireExpression wire;
  std::string text;           ///< for a verdict
  std::vector<uint8_t> keep;  ///< by row, over all batches: 1 = satisfies it, as SQL has it; at least one row does and one does not
};

/// The names ("$less_than") under supports_complex_expression_pushdown, in their order.
std::vector<std::string> PromisedFunctions(const std::vector<std::pair<std::string, std::vector<athena::Capability>>>& capabilities);

/// A condition with `function` in it, and of others only such as are promised too. None if the function is none of the protocol's, or if no column of `rows` gives a condition that
/// some rows satisfy and others do not.
/// @param logical  LogicalSchema of `table`; `rows` have it.
std::optional<PushedExpression> ExpressionFor(const std::string& function, const std::vector<std::string>& promised, const athena::WireSchema& table,
                                              const Schema& logical, const std::vector<Batch>& rows);

}  // namespace lotic::cli
