// SPDX-License-Identifier: Apache-2.0
#include "server/sql_request.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace lotic::server {
namespace {

using Json = nlohmann::ordered_json;

Status Refused(int http_status, std::string message) {
  return Status(StatusCode::kInvalid, std::move(message), std::make_shared<HttpStatusDetail>(http_status));
}

/// One JSON object. Deeper than kMaxJsonDepth: refused before it is built. A key that stands there twice in the outermost object: refused, since readers differ in which one counts.
Result<Json> ParseObject(std::string_view body, std::string_view what) {
  bool deep = false;
  std::string twice;
  std::set<std::string> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxJsonDepth) deep = true;
    if (event == Json::parse_event_t::key && depth == 1 && !keys.insert(parsed.get<std::string>()).second) twice = parsed.get<std::string>();
    return !deep;
  };
  Json document;
  try {  // the parser's own way to tell where it stopped
    document = Json::parse(body, watch);
  } catch (const Json::exception& thrown) {
    const std::string text = thrown.what();
    const size_t begin = text.find("parse error");
    return Refused(400, std::string(what) + " is not JSON: " + (begin == std::string::npos ? text : text.substr(begin)));
  }
  if (deep) return Refused(400, std::string(what) + " nests objects and arrays deeper than " + std::to_string(kMaxJsonDepth));
  if (!document.is_object()) return Refused(400, std::string(what) + " is not a JSON object");
  if (!twice.empty()) return Refused(400, std::string(what) + " has the key " + twice + " twice");
  return document;
}

Status CheckSize(std::string_view sql) {
  if (sql.size() <= kMaxSqlBytes) return Status::OK();
  return Refused(413, "the query has " + std::to_string(sql.size()) + " bytes, more than " + std::to_string(kMaxSqlBytes));
}

bool IsTrue(std::string_view text) {
  return text.size() == 4 && (text[0] | 0x20) == 't' && (text[1] | 0x20) == 'r' && (text[2] | 0x20) == 'u' && (text[3] | 0x20) == 'e';
}

}  // namespace

Result<SqlRequest> ParseSqlBody(std::string_view body) {
  if (body.size() > kMaxSqlRequestBytes)
    return Refused(413, "the request has " + std::to_string(body.size()) + " bytes, more than " + std::to_string(kMaxSqlRequestBytes) + " for a query");
  LOTIC_ASSIGN_OR_RETURN(const Json document, ParseObject(body, "the request's body"));
  SqlRequest request;
  for (const auto& [key, value] : document.items()) {
    if (key == "sql") {
      if (!value.is_string()) return Refused(400, "sql is not a text in the request's body");
      request.sql = value.get<std::string>();
    } else if (key == "trace") {
      if (!value.is_boolean() && !value.is_string()) return Refused(400, "trace is neither true nor false in the request's body");
      request.trace = value.is_boolean() ? value.get<bool>() : IsTrue(value.get_ref<const std::string&>());
    } else if (key == "queryOptions") {
      if (!value.is_string() && !value.is_null()) return Refused(400, "queryOptions is not a text in the request's body");
      if (value.is_string()) request.options = value.get<std::string>();
    }
  }
  if (request.sql.find_first_not_of(" \t\r\n;") == std::string::npos)
    return Refused(400, "the request's body has no sql: {\"sql\":\"select ...\"} is expected");
  LOTIC_RETURN_NOT_OK(CheckSize(request.sql));
  return request;
}

Result<SqlRequest> ParseSqlRequest(const HttpRequest& request) {
  SqlRequest parsed;
  if (request.method == "POST") {
    LOTIC_ASSIGN_OR_RETURN(parsed, ParseSqlBody(request.body));
  } else {
    const auto sql = request.Query("sql");
    if (!sql || sql->find_first_not_of(" \t\r\n;") == std::string_view::npos)
      return Refused(400, "the request has no parameter sql: ?sql=select+... is expected");
    LOTIC_RETURN_NOT_OK(CheckSize(*sql));
    parsed.sql = std::string(*sql);
    parsed.trace = request.QueryFlag("trace", false);
    parsed.options = std::string(request.Query("queryOptions").value_or(""));
  }
  parsed.cursor = request.QueryFlag("getCursor", false);
  parsed.database = std::string(request.Header("database"));
  return parsed;
}

Result<TableConfigsRequest> ParseTableConfigs(std::string_view body) {
  LOTIC_ASSIGN_OR_RETURN(const Json document, ParseObject(body, "the request's body"));
  TableConfigsRequest request;
  const auto text_of = [](const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); };
  for (const auto& [key, value] : document.items()) {
    if (key == "tableName") {
      if (!value.is_string()) return Refused(400, "tableName is not a text in the request's body");
      request.table_name = value.get<std::string>();
    } else if (key == "schema" || key == "realtime" || key == "offline") {
      if (value.is_null()) continue;
      if (!value.is_object()) return Refused(400, key + " is not an object in the request's body");
      if (key == "schema") request.schema = text_of(value);
      if (key == "realtime") request.realtime = text_of(value);
      if (key == "offline") request.offline = true;
    } else {
      request.unknown.emplace_back(key, text_of(value));
    }
  }
  if (request.table_name.empty()) return Refused(400, "the request's body has no tableName: {\"tableName\":…,\"schema\":{…},\"realtime\":{…}} is expected");
  return request;
}

}  // namespace lotic::server
