// SPDX-License-Identifier: Apache-2.0
#include "server/controller.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lotic/source_error.h"

namespace lotic::server {

bool IsDefaultDatabase(std::string_view name) {
  constexpr std::string_view kDefault = "default";
  return name.empty() ||
         (name.size() == kDefault.size() && std::equal(name.begin(), name.end(), kDefault.begin(), [](char a, char b) { return (a | 0x20) == b; }));
}

std::string NoDatabase(std::string_view name) {
  return "there is no database " + std::string(name.substr(0, 200)) + " but default: the request's header database names it";
}

Handler InDefaultDatabase(Handler handler) {
  return [handler = std::move(handler)](const CallContext& ctx, const HttpRequest& request) {
    const std::string_view database = request.Header("database");
    return IsDefaultDatabase(database) ? handler(ctx, request) : ErrorResponse(404, NoDatabase(database));
  };
}

HttpResponse TablesError(const Status& status) {
  if (table::Conflict::Is(status)) return ErrorResponse(409, status.message());
  const SourceError* const source = SourceError::From(status);
  if (status.code() == StatusCode::kDeadlineExceeded || (source != nullptr && source->retryable)) return ErrorResponse(503, status.message());
  return ErrorResponse(status);
}

HttpResponse AcceptedResponse(const table::Accepted& accepted, std::string_view status) {
  HttpResponse response;
  response.body = "{\"unrecognizedProperties\":" + accepted.unrecognized + ",\"status\":";
  AppendJsonString(&response.body, status);
  if (!accepted.warnings.empty()) response.body += ",\"warnings\":" + JsonList(accepted.warnings);
  response.body += "}";
  return response;
}

Result<table::Validation> ParseValidation(const HttpRequest& request) {
  table::Validation how;
  if (const std::optional<std::string_view> update = request.Query("update")) {
    if (*update != "true" && *update != "false") return Status::Invalid("update is ", *update, "; it is true or false");
    how.purpose = *update == "true" ? table::Validation::Purpose::kUpdate : table::Validation::Purpose::kCreate;
  }
  how.force = request.QueryFlag("force", false);
  how.consume_from = std::string(request.Query("consumeFrom").value_or(""));
  return how;
}

Result<std::string> ConnectionMember(const CallContext& ctx, const table::Tables& tables, const HttpRequest& request, std::string_view table_json) {
  const std::string_view connect = request.Query("connect").value_or("false");
  if (connect == "false") return std::string();
  if (connect != "true") return Status::Invalid("connect is ", connect, "; it is true or false");
  LOTIC_ASSIGN_OR_RETURN(const table::StreamFound found, tables.TestConnection(ctx, table_json));
  std::string out = ",\"connection\":{\"topic\":";
  AppendJsonString(&out, found.topic);
  return out + ",\"partitions\":" + std::to_string(found.partitions) + "}";
}

std::string JsonList(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out.push_back(',');
    AppendJsonString(&out, text);
  }
  return out + "]";
}

HttpResponse JsonResponse(std::string json) {
  HttpResponse response;
  response.body = std::move(json);
  return response;
}

Result<bool> WantsRealtime(const HttpRequest& request) {
  std::string type(request.Query("type").value_or(""));
  std::transform(type.begin(), type.end(), type.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (type.empty() || type == "REALTIME") return true;
  if (type == "OFFLINE") return false;
  return Status::Invalid("type is ", type, "; it is realtime or offline");
}

}  // namespace lotic::server
