// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lotic/status.h"

namespace lotic::timestream {

/// Looks at a user's query by its tokens, outside texts, quoted names and comments: it must be one statement that begins with SELECT, WITH, SHOW or DESCRIBE, and
/// holds none of the words INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, UNLOAD. @return the text without a semicolon at its end, otherwise unchanged.
/// Errors: Invalid, with the word or the place.
Result<std::string> CheckPassthrough(std::string_view query);

/// Whether it begins with SHOW or DESCRIBE: such a statement cannot be prepared, and runs at no cost. `query` has passed the check.
bool IsMetadataStatement(std::string_view query);

}  // namespace lotic::timestream
