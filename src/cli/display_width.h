// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lotic::cli {

/// Columns that UTF-8 text takes on a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji, else 1. A byte that
/// is not valid UTF-8 counts 1. Independent of the locale. Meant for text that Printable() has passed.
size_t DisplayWidth(std::string_view text);

/// `text` with control characters (C0, DEL, C1) and direction overrides written as escapes (\n, \t, \x1b, \u202e) and broken UTF-8 as
/// U+FFFD, so that a value can neither break a table nor command the terminal.
std::string Printable(std::string_view text);

/// The longest prefix that fits in `width` columns, with "…" as its last one if anything was cut. `width` at least 1.
std::string CutToWidth(std::string_view text, size_t width);

}  // namespace lotic::cli
