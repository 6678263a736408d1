// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "sql/engine.h"

namespace lotic::sql {

/// Engine::SplitStatements: cuts at semicolons outside of quotes ('..', "..", E'..', $tag$..$tag$) and comments (--, nested /* */).
/// What holds nothing but comments and white space is no statement. Linear; any bytes.
std::vector<StatementText> SplitSql(std::string_view text);

}  // namespace lotic::sql
