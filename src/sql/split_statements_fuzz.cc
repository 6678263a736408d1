// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "lotic/status.h"
#include "sql/split_statements.h"

// Any text is cut into statements that hold nothing but its own bytes, in order; only the last can be incomplete; and cutting a complete
// statement again gives that statement.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto statements = lotic::sql::SplitSql(text);
  size_t at = 0;
  for (size_t i = 0; i < statements.size(); ++i) {
    const size_t found = text.find(statements[i].sql, at);
    LOTIC_CHECK(found != std::string_view::npos);
    at = found + statements[i].sql.size();
    LOTIC_CHECK(statements[i].complete || i + 1 == statements.size());
    if (!statements[i].complete) continue;
    const auto again = lotic::sql::SplitSql(statements[i].sql + "\n;");
    LOTIC_CHECK(again.size() == 1 && again[0].complete && again[0].sql == statements[i].sql + "\n");
  }
  return 0;
}
