// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lotic {

/// A key of TableInfo::properties that doors understand: the names, with commas between them, of tables that differ from this one's in case
/// only, so that its exact name hides them.
inline constexpr const char* kHiddenByCase = "hidden_by_case";

}  // namespace lotic
