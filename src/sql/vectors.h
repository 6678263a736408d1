// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "duckdb/common/types/vector_buffer.hpp"
#include "lotic/batch.h"

namespace duckdb {
class Vector;
}

namespace lotic::sql {

/// Keeps `batch` alive for as long as a vector points into it. One per batch, shared by the vectors of all its chunks.
duckdb::buffer_ptr<duckdb::VectorBuffer> KeepBatch(Batch batch);

/// Makes `out` (flat, just reset) show rows [offset, offset + count) of `column`, without copying what DuckDB lays out the same way.
/// `keep` must keep the column's memory alive. Throws where a value does not fit DuckDB's type.
void FillVector(duckdb::Vector& out, const Column& column, int64_t offset, int64_t count, const duckdb::buffer_ptr<duckdb::VectorBuffer>& keep);

}  // namespace lotic::sql
