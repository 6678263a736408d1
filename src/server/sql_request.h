// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "server/http_message.h"

// The JSON bodies of requests, as far as the server itself reads them.

namespace lotic::server {

inline constexpr size_t kMaxSqlRequestBytes = size_t{1} << 20;  ///< of the JSON around a query: 413
inline constexpr size_t kMaxSqlBytes = size_t{256} << 10;       ///< of the query itself: 413
inline constexpr int kMaxJsonDepth = 64;                        ///< of any request body

/// What POST /query/sql carries.
struct SqlRequest {
  std::string sql;
  std::string options;  ///< "k=v;k2=v2"; a leading ';' is allowed
  bool trace = false;
  bool cursor = false;   ///< getCursor=true: an answer in pages is wanted
  std::string database;  ///< of the header of that name; empty: the default one
};

/// The body `{"sql":…,"trace":…,"queryOptions":…}` of a POST, the parameters of a GET. Unknown keys are ignored.
/// Errors: Invalid with HttpStatusDetail (400: not JSON, no sql, a member of another type; 413).
Result<SqlRequest> ParseSqlRequest(const HttpRequest& request);
Result<SqlRequest> ParseSqlBody(std::string_view body);

/// What POST /tableConfigs carries; documents as they stand in the body.
struct TableConfigsRequest {
  std::string table_name;
  std::string schema;                   ///< empty: none, or null
  std::string realtime;                 ///< empty: none, or null
  bool offline = false;                 ///< a configuration of that kind is there
  std::vector<NamedText> unknown = {};  ///< other keys and the JSON of their values
};
/// Errors: Invalid with HttpStatusDetail 400 (not a JSON object, no tableName, a member that is no object, a key twice).
Result<TableConfigsRequest> ParseTableConfigs(std::string_view body);

}  // namespace lotic::server
