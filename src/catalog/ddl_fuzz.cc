// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "catalog/option_keys.h"
#include "catalog/table_statement.h"

namespace lotic::catalog {
namespace {

/// What WriteCreateTable keeps: all but the place of the table and the values of secrets.
TableDefinition Shown(TableDefinition definition) {
  definition.name.schema.clear();
  for (auto& [key, value] : definition.options) value = ShownOption(key, value);
  return definition;
}

void Run(std::string_view text) {
  const Result<TableStatement> statement = ParseTableStatement(text);
  if (!statement.ok()) return;
  if (const auto* const insert = std::get_if<InsertPartition>(&*statement)) LOTIC_CHECK(insert->rest.size() == text.size());
  const auto* const create = std::get_if<CreateTable>(&*statement);
  if (create == nullptr) return;
  const auto again = ParseCreateTable(WriteCreateTable(create->definition));
  LOTIC_CHECK(again.ok() && again->has_value());
  LOTIC_CHECK((*again)->definition == Shown(create->definition));
}

}  // namespace
}  // namespace lotic::catalog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::catalog::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
