// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "sql/engine.h"
#include "sql/table_ports.h"

namespace lotic::sql {

/// The symbols of liblotic_sql.so. Both sides are built from one source tree, so C++ types may cross; `out` is assigned to.
using MakeEngineFunction = void (*)(EngineOptions* options, Result<std::unique_ptr<Engine>>* out);
constexpr const char* kMakeEngineSymbol = "lotic_sql_make_engine_v1";
using MakeTablePortsFunction = void (*)(Result<TablePorts>* out);
constexpr const char* kMakeTablePortsSymbol = "lotic_sql_make_table_ports_v1";

}  // namespace lotic::sql
