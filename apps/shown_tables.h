// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lotic/connector.h"

namespace lotic {

/// What of a connector is shown to Athena.
struct ShownTables {
  std::vector<std::string> patterns;  ///< table names and prefixes with a star; case is ignored; empty: all
  bool hidden_columns = true;         ///< false: the columns that the source adds of its own are left out
  std::string variable;               ///< which says the patterns: for messages
};

/// `inner` with some of its tables: the others are neither listed, described, planned nor read. Bounded scans only.
std::shared_ptr<Connector> ShowTables(std::shared_ptr<Connector> inner, ShownTables shown);

/// "a, b*" taken apart. Errors: Invalid (an empty name, a star that is not at the end), with the variable.
Result<std::vector<std::string>> ParseTablePatterns(const std::string& variable, const std::string& text);

}  // namespace lotic
