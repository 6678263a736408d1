// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace lotic::aws {

/// The environment variables that a client honours, by their case-sensitive names. Always passed in: nothing in this folder
/// asks the process for its own. May hold secrets, so it is never printed.
using Environment = std::map<std::string, std::string>;

/// The variable's value, or "" when it is not set. AWS treats an empty variable as one that is not set, and so do we.
/// Borrowed: valid while `environment` is unchanged.
std::string_view Lookup(const Environment& environment, const std::string& name);

}  // namespace lotic::aws
