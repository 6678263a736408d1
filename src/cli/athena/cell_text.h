// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lotic/batch.h"
#include "sql/engine.h"

namespace lotic::cli {

/// The columns of a schema as row writers want them; no SQL engine is needed for either.
std::vector<sql::ResultColumn> ResultColumnsOf(const Schema& schema);
sql::TextChunk ChunkOf(const Batch& rows, sql::CellForm form);

/// One cell; no value for NULL. Instants end in Z in JSON and in +00 in text, as the shell shows them in UTC.
std::optional<std::string> CellOf(const Column& column, int64_t row, sql::CellForm form);

/// A table that was not read from a source: texts, all columns VARCHAR but those named numeric.
struct TextTable {
  std::vector<sql::ResultColumn> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};
sql::TextChunk ChunkOf(const TextTable& table, sql::CellForm form);

}  // namespace lotic::cli
