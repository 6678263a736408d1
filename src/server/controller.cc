// SPDX-License-Identifier: Apache-2.0
#include "server/controller.h"

#include <algorithm>
#include <utility>

namespace lotic::server {

HttpResponse TablesError(const Status& status) { return table::Conflict::Is(status) ? ErrorResponse(409, status.message()) : ErrorResponse(status); }

HttpResponse AcceptedResponse(const table::Accepted& accepted, std::string_view status) {
  HttpResponse response;
  response.body = "{\"unrecognizedProperties\":" + accepted.unrecognized + ",\"status\":";
  AppendJsonString(&response.body, status);
  if (!accepted.warnings.empty()) response.body += ",\"warnings\":" + JsonList(accepted.warnings);
  response.body += "}";
  return response;
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
