// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "athena_protocol/wire_schema.h"
#include "lotic/constraints.h"

// Blocks of one column, as value sets and constants carry their values.

namespace lotic::athena {

/// The column's name; the original finds no other.
inline constexpr std::string_view kValueColumn = "col1";

/// Errors: Invalid (a type whose values no block of ours holds, such as a list; a value that is not of the type).
Result<Block> MakeValueBlock(const WireType& type, std::span<const Scalar> values);

/// The rows of a value block, NULLs included. Errors: Invalid (not one column; a column with children that has rows).
Result<std::vector<Scalar>> ValuesOf(const Block& block);

}  // namespace lotic::athena
