// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "athena_protocol/wire_schema.h"

namespace lotic::athena_pack {

/// The rows of a block as Dump.java shows them: name=cell, separated by blanks, a line a row.
std::vector<std::string> RowTexts(const athena::Block& block);
/// One cell of a column of that wire type.
std::string CellText(const athena::WireField& field, const Column& column, int64_t row);

}  // namespace lotic::athena_pack
