// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/sql_request.h"

/// Whatever arrives: a request with a query in it, or an error with a sentence.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::server;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto query = ParseSqlBody(body);
  LOTIC_CHECK(query.ok() ? !query->sql.empty() : !query.status().message().empty());
  const auto configs = ParseTableConfigs(body);
  LOTIC_CHECK(configs.ok() ? !configs->table_name.empty() : !configs.status().message().empty());
  // Documents are handed on as text: they stay what they are when read again.
  if (configs.ok() && !configs->schema.empty()) {
    const auto again = ParseTableConfigs(R"({"tableName":"t","schema":)" + configs->schema + "}");
    LOTIC_CHECK(again.ok() && again->schema == configs->schema);
  }
  std::string quoted;
  AppendJsonString(&quoted, body);
  const auto back = ParseTableConfigs(R"({"tableName":"t","x":)" + quoted + "}");
  LOTIC_CHECK(back.ok());
  return 0;
}
