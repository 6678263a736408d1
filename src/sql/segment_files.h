// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "lotic/status.h"
#include "table/ports.h"

namespace lotic::sql {

/// Parquet by a DuckDB of its own, which nobody's SQL reaches: one thread, and memory for kSegmentFileMemory.
Result<std::shared_ptr<table::SegmentFiles>> MakeSegmentFiles();

}  // namespace lotic::sql
