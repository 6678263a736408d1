// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "server/http_server.h"
#include "server/query_door.h"
#include "table/tables.h"

namespace lotic::server {

/// GET /metrics: Prometheus' text format, version 0.0.4, names as Pinot's usual exporter makes them (realtime-tables §4.11): `pinot_server_realtimeRowsConsumed_Count{table="events_REALTIME",
/// partition="0",topic="events"} 17`. Counters end with _Count, gauges with _Value; what the controller measures begins with pinot_controller_, queries with pinot_broker_.
std::string MetricsPage(std::span<const table::Metric> metrics, const QueryDoor::Counters& queries, const HttpServer::Counters& http);

}  // namespace lotic::server
