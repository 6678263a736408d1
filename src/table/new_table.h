// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lotic/status.h"

// What is asked and made before a table is there.

namespace lotic::table {

/// `digits` random hex digits.
std::string RandomHex(size_t digits);
/// A random UUID, version 4.
std::string RandomUuid();

/// A folder that a creation made which did not come to its definition: nothing is in it but what a creation writes, and no row. What cannot be looked at is
/// none.
bool IsUnfinishedCreation(const std::string& folder);

/// A table of this raw name could be asked for, beside those of `others` (raw names). Errors: Invalid; with Conflict attached where another table is in the
/// way.
Status CheckNewTableName(const std::string& raw, const std::vector<std::string>& others);

}  // namespace lotic::table
