// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "lotic/batch.h"

namespace duckdb {
class DataChunk;
}

namespace lotic {
class BatchBuilder;
}

namespace lotic::sql {

/// Adds DuckDB's rows to a batch in the making, whose schema is `schema`. As BatchOf.
void AppendChunk(const Schema& schema, duckdb::DataChunk& chunk, BatchBuilder* builder);

/// DuckDB's rows as a batch of `schema`, copied: the way back of vectors.h. The chunk's types are those of ToDuckDb for the schema's; it is flattened.
/// Throws: Invalid (an infinite date or time; an instant between two units of its column), CapacityError (more than 2 GiB of text in one column).
Batch BatchOf(const std::shared_ptr<const Schema>& schema, duckdb::DataChunk& chunk);

}  // namespace lotic::sql
