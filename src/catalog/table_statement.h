// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "catalog/create_table.h"
#include "lotic/status.h"

namespace lotic::catalog {

/// A name as a statement writes it: one to three parts.
struct NamePath {
  std::vector<std::string> parts;
  size_t at = 0;
};

struct DropTable {
  NamePath table;
  bool if_exists = false;
};
struct ShowCreateTable {
  NamePath table;
};
/// The front of an INSERT that only Flink has: PARTITION (c = 'v', …).
struct InsertPartition {
  std::vector<std::pair<std::string, std::string>> constants;
  std::string rest;  ///< the statement with blanks in the clause's place
};
struct AlterTable {
  NamePath table;
  std::string what;  ///< "ALTER TABLE … SET"
};

/// A statement that is about declared tables, or could be: the door looks the name up, and gives the text to its engine if it is none of its own.
using TableStatement = std::variant<std::monostate, CreateTable, DropTable, ShowCreateTable, InsertPartition, AlterTable>;

/// Errors: as ParseCreateTable's; NotImplemented for statement sets and INSERT OVERWRITE.
Result<TableStatement> ParseTableStatement(std::string_view text);

}  // namespace lotic::catalog
