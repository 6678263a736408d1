// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "table/ingest.h"
#include "table/tables.h"

namespace lotic::table {

/// What /metrics shows of one table. Names follow Apache Pinot's server and controller metrics (realtime-tables §4.11).
void AppendMetrics(const std::string& table, const std::string& topic, const TableIngest& ingest, int64_t now_ms, std::vector<Metric>* metrics);

}  // namespace lotic::table
