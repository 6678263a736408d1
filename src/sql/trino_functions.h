// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lotic::sql {

/// How a function of Trino's and Athena's that DuckDB lacks is written here: an expression, or a sentence where there is none. nullopt: no
/// function of theirs that we know (docs/reference/not-built.md lists them). `name` in any case. Any thread.
std::optional<std::string_view> InsteadOfTrinoFunction(std::string_view name);

}  // namespace lotic::sql
