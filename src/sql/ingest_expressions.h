// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "lotic/status.h"
#include "table/ports.h"

namespace lotic::sql {

/// Transforms and filters by a DuckDB of its own, which nobody's SQL reaches: one thread, no files, memory for kIngestExpressionMemory. The language is catalog/pinot_expression.h's.
Result<std::shared_ptr<table::Expressions>> MakeIngestExpressions();

}  // namespace lotic::sql
