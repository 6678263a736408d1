// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "server/http_message.h"
#include "server/router.h"
#include "table/tables.h"

// The controller API: definitions, segments, consumption and what clients ask to find their way. Follows: realtime-tables §4.9, §4.10, §5.2.

namespace lotic::server {

/// What the controller's routes share. Outlives the router.
struct Controller {
  table::Tables* tables = nullptr;
  std::string host;              ///< as instances are named: "127.0.0.1"
  uint16_t controller_port = 0;  ///< known once the server listens: set before the first request
  uint16_t broker_port = 0;

  std::string broker_id() const { return "Broker_" + host + "_" + std::to_string(broker_port); }
  std::string server_id() const { return "Server_" + host + "_" + std::to_string(broker_port); }
};

void AddSchemaRoutes(const Controller& controller, Router* router);
void AddTableRoutes(const Controller& controller, Router* router);
void AddTableConfigsRoutes(const Controller& controller, Router* router);
void AddSegmentRoutes(const Controller& controller, Router* router);
void AddConsumptionRoutes(const Controller& controller, Router* router);
void AddClusterRoutes(const Controller& controller, Router* router);

/// There is one database. "" and "default", in any case, are it.
bool IsDefaultDatabase(std::string_view name);
std::string NoDatabase(std::string_view name);
/// `handler` for requests whose header `database` names that one, or is not there; for others 404.
Handler InDefaultDatabase(Handler handler);

/// The reply to an error of Tables: 409 for what conflicts with what exists, 503 for a stream that does not answer.
HttpResponse TablesError(const Status& status);
/// `{"unrecognizedProperties":…,"status":…,"warnings":[…]}`; no key warnings where there are none.
HttpResponse AcceptedResponse(const table::Accepted& accepted, std::string_view status);
/// What a request says of what it validates for: `update` (true, false; absent: either), `force`, `consumeFrom`. Errors: Invalid (another word).
Result<table::Validation> ParseValidation(const HttpRequest& request);
/// Of a validation with `connect=true`: the stream that `table_json` names is asked, and `,"connection":{"topic":…,"partitions":…}` says what it answered; else empty, and
/// nothing is asked. Errors: of Tables::TestConnection; Invalid (`connect` is another word than true or false).
Result<std::string> ConnectionMember(const CallContext& ctx, const table::Tables& tables, const HttpRequest& request, std::string_view table_json);
/// `["a","b"]`.
std::string JsonList(const std::vector<std::string>& texts);
/// A JSON body.
HttpResponse JsonResponse(std::string json);
/// What a request's `type` allows: "REALTIME" or nothing in any case is true; OFFLINE is false, since there are none of that kind. Errors: Invalid (another word).
Result<bool> WantsRealtime(const HttpRequest& request);

}  // namespace lotic::server
