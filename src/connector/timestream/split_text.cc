// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/split_text.h"

#include <nlohmann/json.hpp>

#include "connector/timestream/timestream_client.h"

namespace lotic::timestream {

std::map<std::string, std::string> SplitText::ToProperties() const {
  std::map<std::string, std::string> out;
  if (!source.passthrough.empty()) {
    out["query"] = source.passthrough;
    out["columns"] = nlohmann::json(columns).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return out;
  }
  out["db"] = source.database;
  out["table"] = source.table;
  if (!source.view.empty()) out["view"] = source.view;
  return out;
}

Result<SplitText> SplitText::Parse(const std::map<std::string, std::string>& properties) {
  const auto get = [&properties](const char* name) {
    const auto at = properties.find(name);
    return at == properties.end() ? std::string() : at->second;
  };
  SplitText made;
  made.source = {get("db"), get("table"), get("view"), get("query")};
  if (!made.source.passthrough.empty()) {
    const nlohmann::json names = nlohmann::json::parse(get("columns"), nullptr, false);
    if (!names.is_array()) return Status::Invalid("a split of a Timestream query does not say which columns the query has");
    for (const nlohmann::json& name : names) {
      if (!name.is_string()) return Status::Invalid("a split of a Timestream query names a column by something that is no text");
      made.columns.push_back(name.get<std::string>());
    }
  } else if (made.source.database.empty() || made.source.table.empty()) {
    return Status::Invalid("a split names no table of Timestream");
  }
  return made;
}

std::string TokenOf(const TableName& table) {
  return "{\"v\":1,\"kind\":\"none\",\"db\":" + JsonText(table.schema) + ",\"table\":" + JsonText(table.table) + "}";
}

Status CheckToken(const ScanRequest& request) {
  if (request.token == TokenOf(request.table)) return Status::OK();
  return Status::Invalid("table ", request.table.ToString(), ": '", request.token.substr(0, 100),
                         "' is not a token of it; Timestream keeps no snapshots, so that there is nothing to read again");
}

}  // namespace lotic::timestream
