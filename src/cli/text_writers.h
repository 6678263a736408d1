// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/row_writer.h"

namespace lotic::cli {

// Formats that are written row by row as they come; the sink is flushed after each chunk, so that a reader sees rows in time.

/// RFC 4180 with \n as line end: quotes where needed, doubled inside. NULL is empty, an empty text is "".
std::unique_ptr<RowWriter> MakeCsvWriter(const RenderOptions& options, ByteSink& sink);
/// Tabs between, \t \n \r \\ as escapes, NULL as \N.
std::unique_ptr<RowWriter> MakeTsvWriter(const RenderOptions& options, ByteSink& sink);
/// A table of GitHub's Markdown, unaligned in source; what Markdown would take for markup is escaped.
std::unique_ptr<RowWriter> MakeMarkdownWriter(const RenderOptions& options, ByteSink& sink);
/// "name = value" a line, an empty line between rows.
std::unique_ptr<RowWriter> MakeLineWriter(const RenderOptions& options, ByteSink& sink);
/// Query plans, whose lines are already a drawing: the last column as it is. For the formats that frame or align.
std::unique_ptr<RowWriter> MakePlanWriter(ByteSink& sink);
/// One object a row: a line each, or the members of one array. A second column of one name is called name_1, and so on.
std::unique_ptr<RowWriter> MakeJsonWriter(bool lines, ByteSink& sink);

/// `text`, which is UTF-8, as a JSON string, quotes included.
std::string JsonString(std::string_view text);

}  // namespace lotic::cli
