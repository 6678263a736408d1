// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "duckdb/common/types.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "lotic/constraints.h"

namespace duckdb {
class ClientContext;
class Expression;
class LogicalGet;
struct FunctionData;
}  // namespace duckdb

namespace lotic::sql {

/// DuckDB's order of values: text by bytes, -0.0 equal to 0.0, NaN the greatest.
inline CompareOptions DuckDbOrder() { return CompareOptions{}; }

/// pushdown_complex_filter of the scan: conjuncts over one column and constants become value sets in the ScanBind; those that the
/// connector reports exact are taken out of `filters`, all others stay there.
void PushFilters(duckdb::ClientContext& context, duckdb::LogicalGet& get, duckdb::FunctionData* bind,
                 duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters);

/// Hands constant LIMITs down to the scans under them, where nothing lies between but projections.
duckdb::OptimizerExtension LimitExtension();

}  // namespace lotic::sql
