// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "server/controller.h"
#include "server/request_target.h"

namespace lotic::server {
namespace {

/// The JSON of a POST or PUT: the body, or the one file of a form.
Result<std::string_view> Document(const HttpRequest& request) {
  const std::string_view type = request.Header("content-type");
  constexpr std::string_view kForm = "multipart/form-data";
  if (type.substr(0, kForm.size()) == kForm) return FormFile(type, request.body);
  return std::string_view(request.body);
}

}  // namespace

void AddSchemaRoutes(const Controller& controller, Router* router) {
  table::Tables& tables = *controller.tables;
  router->Get("/schemas", Access::kRead, [&tables](const CallContext&, const HttpRequest&) { return JsonResponse(JsonList(tables.Schemas())); });
  router->Add({"POST", "/schemas", Access::kWrite, Lane::kControl, [&tables](const CallContext&, const HttpRequest& request) {
                 const auto document = Document(request);
                 if (!document.ok()) return ErrorResponse(document.status());
                 const auto added = tables.AddSchema(*document, request.QueryFlag("override", true), request.QueryFlag("force", false));
                 return added.ok() ? AcceptedResponse(*added, added->name + " successfully added") : TablesError(added.status());
               }});
  router->Get("/schemas/{n}", Access::kRead, [&tables](const CallContext&, const HttpRequest& request) {
    auto document = tables.SchemaDocument(request.Parameter("n"));
    return document.ok() ? JsonResponse(*std::move(document)) : TablesError(document.status());
  });
  router->Add({"PUT", "/schemas/{n}", Access::kWrite, Lane::kControl, [&tables](const CallContext&, const HttpRequest& request) {
                 const auto document = Document(request);
                 if (!document.ok()) return ErrorResponse(document.status());
                 const auto changed = tables.UpdateSchema(request.Parameter("n"), *document, request.QueryFlag("force", false));
                 return changed.ok() ? AcceptedResponse(*changed, changed->name + " successfully added") : TablesError(changed.status());
               }});
  router->Add({"DELETE", "/schemas/{n}", Access::kWrite, Lane::kControl, [&tables](const CallContext&, const HttpRequest& request) {
                 const Status deleted = tables.DeleteSchema(request.Parameter("n"));
                 return deleted.ok() ? StatusResponse("Schema " + request.Parameter("n") + " deleted") : TablesError(deleted);
               }});
}

}  // namespace lotic::server
