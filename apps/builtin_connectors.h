// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sql/engine.h"

namespace lotic {

/// The connectors that this program contains, for ATTACH 'path' AS name (TYPE type, ...).
std::vector<std::string> BuiltinConnectorTypes();
Result<std::shared_ptr<Connector>> MakeBuiltinConnector(const std::string& type, const std::string& path, const std::map<std::string, std::string>& options);

/// The table that CREATE TABLE … WITH ('connector' = …) declares. Errors: NotFound (no such connector here, with the nearest), and the connector's own.
Result<DefinedTable> DefineBuiltinTable(const TableDefinition& definition);

/// Queries in a source's own language: FROM timestream_query('ts', 'SELECT ...').
std::vector<sql::NamedTableFunction> BuiltinTableFunctions();

}  // namespace lotic
