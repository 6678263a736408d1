// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sql/statement_scanner.h"
#include "sql/table_hints.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = lotic::sql::BackticksToQuotes({reinterpret_cast<const char*>(data), size});
  const auto hints = lotic::sql::FindTableHints(text);
  if (!hints.ok()) return 0;
  for (const auto& hint : *hints) {
    LOTIC_CHECK(!hint.table.empty() && hint.table_at < hint.at && hint.at < text.size() && text.substr(hint.at, 3) == "/*+");
    LOTIC_CHECK(!hint.options.empty());
  }
  return 0;
}
