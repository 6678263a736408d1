// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lotic {

/// A key of TableInfo::properties that doors understand: the names, with commas between them, of tables that differ from this one's in case
/// only, so that its exact name hides them.
inline constexpr const char* kHiddenByCase = "hidden_by_case";

/// Says so in `properties` if `name` hides any of `names`, the tables of its schema.
void TellHiddenByCase(const std::string& name, const std::vector<std::string>& names, std::map<std::string, std::string>* properties);

}  // namespace lotic
