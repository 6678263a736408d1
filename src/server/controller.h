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

/// The reply to an error of Tables: 409 for what conflicts with what exists.
HttpResponse TablesError(const Status& status);
/// `{"unrecognizedProperties":…,"status":…,"warnings":[…]}`; no key warnings where there are none.
HttpResponse AcceptedResponse(const table::Accepted& accepted, std::string_view status);
/// `["a","b"]`.
std::string JsonList(const std::vector<std::string>& texts);
/// A JSON body.
HttpResponse JsonResponse(std::string json);
/// What a request's `type` allows: "REALTIME" or nothing in any case is true; OFFLINE is false, since there are none of that kind. Errors: Invalid (another word).
Result<bool> WantsRealtime(const HttpRequest& request);

}  // namespace lotic::server
