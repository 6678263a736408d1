// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "athena_protocol/wire_schema.h"
#include "lotic/status.h"

namespace lotic::cli {

/// One call of a scalar function: a row of arguments, and the column that is to come back.
struct UdfCall {
  athena::Block input;
  athena::WireSchema output;
};

/// @param arguments  "TYPE=VALUE" each, types as Type::Parse reads them; "TYPE" alone is NULL. Scalars are written as the values of ParseWhere are; lists, structs and
///                   maps as JSON. Errors: Invalid, naming the argument.
Result<UdfCall> MakeUdfCall(const std::vector<std::string>& arguments, const std::string& returns);

}  // namespace lotic::cli
