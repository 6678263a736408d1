// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lotic/status.h"

namespace lotic::catalog {

/// Whether an option's value must not be shown: keys of an account, passwords, tokens.
bool IsSecretOption(std::string_view key);
/// `text`, or "******" for a secret.
std::string ShownOption(std::string_view key, std::string_view text);

/// What options a table of a connector may have.
struct KnownOptions {
  std::vector<std::string> keys;
  std::vector<std::string> open_prefixes;  ///< "sink.producer.": anything that begins so and goes on
};

inline constexpr size_t kMaxNamedKeys = 8;  ///< unknown keys that one message names

/// Errors: Invalid: the keys that are not known, each with the nearest known one, and those that are.
Status CheckOptionKeys(const std::vector<std::pair<std::string, std::string>>& options, const KnownOptions& known);

}  // namespace lotic::catalog
