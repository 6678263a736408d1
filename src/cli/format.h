// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

namespace lotic::cli {

/// How a result is written.
enum class Format : uint8_t { kBox, kAscii, kMarkdown, kLine, kCsv, kTsv, kJson, kJsonl };

/// Errors: Invalid, with the nearest name.
Result<Format> ParseFormat(std::string_view name);
std::string_view FormatName(Format format);
const std::vector<std::string>& FormatNames();

}  // namespace lotic::cli
