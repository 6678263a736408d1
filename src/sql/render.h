// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/engine.h"

namespace duckdb {
class ClientContext;
class DataChunk;
}  // namespace duckdb

namespace lotic::sql {

/// The chunk's cells in the form asked for. Throws what a cast of DuckDB throws.
TextChunk RenderChunk(duckdb::ClientContext& context, duckdb::DataChunk& chunk, CellForm form);

}  // namespace lotic::sql
