// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lotic/connector.h"

namespace lotic::capi {

/// What MakeSource can make, sorted.
std::vector<std::string> SourceTypes();

/// The connector of a type: the built-in ones, and `memory`, whose path `sample` is a fixed set of tables to try an engine with.
/// Errors: NotFound (no such type, with the nearest), Invalid (options), those of the connector's factory.
Result<std::shared_ptr<Connector>> MakeSource(const std::string& type, const std::string& path, const std::map<std::string, std::string>& options);

}  // namespace lotic::capi
