// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "lotic/connector.h"

namespace lotic {

/// The real-time tables of a data directory, sealed segments by the SQL library. Without that beside the program consuming segments can be read, and a sealed one is an error that says so.
/// Errors: NotFound, Invalid (no data directory, or a newer one).
Result<std::shared_ptr<Connector>> OpenTables(const std::string& folder);

}  // namespace lotic
