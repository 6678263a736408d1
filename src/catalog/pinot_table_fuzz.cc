// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "catalog/pinot_table_config.h"

namespace lotic::catalog {
namespace {

/// What is accepted is kept by the normalised document, which is its own normal form; what is shown of it can be sent back.
void Run(std::string_view text) {
  const VariableLookup variables = [](std::string_view name) { return name.size() % 2 == 0 ? std::optional<std::string>("v") : std::nullopt; };
  const auto parsed = ParsePinotTableConfig(text, variables);
  if (!parsed.ok()) return;
  const PinotTableConfig& table = parsed->value;
  const auto again = ParsePinotTableConfig(table.document, variables);
  LOTIC_CHECK(again.ok());
  LOTIC_CHECK(again->value.document == table.document);
  LOTIC_CHECK(again->value.stream == table.stream && again->value.raw_name == table.raw_name && again->value.retention_ms == table.retention_ms);
  LOTIC_CHECK(CheckTableChange(table, again->value, false).ok());
  const auto restored = WithStoredSecrets(ShownPinotTable(table.document), table.document);
  LOTIC_CHECK(restored.ok() && *restored == table.document);
  LOTIC_CHECK(ParseOffsetCriteria(ToString(table.stream.start)).ValueOrDie() == table.stream.start);
  StreamConfig stream = table.stream;
  if (!stream.files.empty()) LOTIC_CHECK(!CheckFiles({}, &stream).ok());
}

}  // namespace
}  // namespace lotic::catalog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::catalog::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
