// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "athena_protocol/logical_column.h"
#include "athena_protocol/predicate.h"

namespace lotic::athena {

/// The SDK's standard functions ("$less_than") and ours ("less_than"); "$array" has no name of ours, it is the list of "$in".
struct FunctionName {
  std::string_view wire;
  std::string_view logical;
};
inline constexpr FunctionName kFunctionNames[] = {
    {"$and", "and"},
    {"$or", "or"},
    {"$not", "not"},
    {"$is_null", "is_null"},
    {"$nullif", "nullif"},
    {"$equal", "equal"},
    {"$not_equal", "not_equal"},
    {"$less_than", "less_than"},
    {"$less_than_or_equal", "less_than_or_equal"},
    {"$greater_than", "greater_than"},
    {"$greater_than_or_equal", "greater_than_or_equal"},
    {"$is_distinct_from", "is_distinct_from"},
    {"$add", "add"},
    {"$subtract", "subtract"},
    {"$multiply", "multiply"},
    {"$divide", "divide"},
    {"$modulus", "modulus"},
    {"$negate", "negate"},
    {"$like_pattern", "like"},
    {"$in", "in"},
};
inline constexpr std::string_view kArrayFunction = "$array";

/// A condition of a message over the connector's columns. A column whose values are rounded on the way (a timestamp of microseconds) may only be compared with constants;
/// the comparison keeps the same rows. Errors: Invalid, CapacityError, as a sentence: why it cannot be said with the functions of constraints.h.
Result<Expression> ToLogicalExpression(const WireExpression& expression, const LogicalColumns& columns);

}  // namespace lotic::athena
