// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "lotic/batch.h"

namespace duckdb {
class DataChunk;
}

namespace lotic::sql {

/// DuckDB's rows as a batch of `schema`, copied: the way back of vectors.h. The chunk's types are those of ToDuckDb for the schema's; it is flattened.
/// Throws: Invalid (an infinite date or time; an instant between two units of its column), CapacityError (more than 2 GiB of text in one column).
Batch BatchOf(const std::shared_ptr<const Schema>& schema, duckdb::DataChunk& chunk);

}  // namespace lotic::sql
