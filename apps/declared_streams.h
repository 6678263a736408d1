// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "athena/lambda_function.h"
#include "lotic/connector.h"
#include "lotic/table_definition.h"

namespace lotic {

inline constexpr size_t kMaxDefinitionFiles = 1'000;  ///< of a folder
inline constexpr size_t kMaxDefinitionFileBytes = size_t{4} << 20;
inline constexpr size_t kMaxDeclaredTables = 10'000;

/// The CREATE TABLE statements of a folder's *.sql files, by file name, then as they stand; every table is one of schema "default".
/// Errors, with file and line: Invalid (no such folder, another statement, one that does not parse, another schema, a table twice, a secret in the text), CapacityError.
Result<std::vector<TableDefinition>> ReadDefinitions(const std::string& folder);

struct DeclaredStreams {
  std::vector<TableDefinition> definitions;
  std::shared_ptr<Connector> others;  ///< tables without a definition; of a name that both have, the definition counts. Null: there are none
  bool hand_on_throttles = false;     ///< KinesisOptions::hand_on_throttles
  bool time_floor = false;            ///< true: columns of TIMESTAMP finer than a millisecond are cut down instead of refused
};

/// Declared streams and others as one connector. `environment`: where a definition does not say region, keys and endpoint. Errors: those of DefineKinesisTable.
Result<std::shared_ptr<Connector>> MakeDeclaredStreams(DeclaredStreams declared, const athena::Environment& environment);

}  // namespace lotic
