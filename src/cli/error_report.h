// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cli/console.h"
#include "lotic/status.h"

namespace lotic::cli {

/// The text of a failure for people, lines ending in \n: "error: message", and below it, where a SqlErrorDetail tells the place,
/// the line of `statement` with that place underlined. `where` ("report.sql:12") begins the message if not empty.
/// @param width  of the terminal, to show a part of a long line; 0: 100 columns.
std::string DescribeError(const Status& status, std::string_view statement, std::string_view where, bool color, size_t width);

}  // namespace lotic::cli
