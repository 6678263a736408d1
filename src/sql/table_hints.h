// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lotic/status.h"
#include "lotic/table_definition.h"

namespace lotic::sql {

/// A hint behind a table's name in a query: FROM t /*+ OPTIONS('k' = 'v', …) */.
struct TableHint {
  std::vector<std::string> table;  ///< the parts of the name
  size_t table_at = 0;             ///< its first byte
  size_t at = 0;                   ///< the hint's
  std::vector<std::pair<std::string, std::string>> options;
};

inline constexpr size_t kMaxHints = 50;  ///< in one statement

/// The OPTIONS hints of a statement, names in double quotes (see BackticksToQuotes). Other hints are comments.
/// Errors: Invalid with SqlErrorDetail (no name of a table before it, another form, 'connector' among the options), CapacityError.
Result<std::vector<TableHint>> FindTableHints(std::string_view text);

/// `table` under the options of a hint: those of the same name are replaced, the others follow.
TableDefinition WithHint(TableDefinition table, const TableHint& hint);

}  // namespace lotic::sql
