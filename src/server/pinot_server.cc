// SPDX-License-Identifier: Apache-2.0
#include "server/pinot_server.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "server/controller.h"
#include "server/home_page.h"
#include "server/http_server.h"
#include "server/metrics_page.h"
#include "server/query_door.h"
#include "server/router.h"
#include "server/session_pool.h"
#include "table/tables.h"

namespace lotic::server {

struct PinotServer::Impl {
  PinotServerOptions options;
  size_t workers = 0;
  Controller controller;
  std::unique_ptr<SessionPool> sessions;
  std::unique_ptr<QueryDoor> door;
  Router router;
  std::unique_ptr<HttpServer> http;  // ends first: its handlers use all of the above

  HttpResponse Home() const;
};

HttpResponse PinotServer::Impl::Home() const {
  std::vector<HomeTable> tables;
  for (const std::string& name : options.tables->List()) {
    auto status = options.tables->GetStatus(name);
    tables.push_back({name, status.ok() ? *std::move(status) : table::TableStatus{}, status.ok() ? "" : status.status().message()});
  }
  return HomePage(tables, router.routes());
}

PinotServer::PinotServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PinotServer::~PinotServer() = default;

Result<std::unique_ptr<PinotServer>> PinotServer::Start(PinotServerOptions options) {
  auto impl = std::make_unique<Impl>();
  Impl& self = *impl;
  self.options = std::move(options);
  self.workers = self.options.max_queries > 0 ? self.options.max_queries : 2 * std::max(1U, std::thread::hardware_concurrency());
  self.sessions = std::make_unique<SessionPool>(SessionPoolOptions{self.options.open_engine, self.options.connector, self.workers, self.options.log});
  {
    CallContext ctx;
    ctx.deadline = std::chrono::steady_clock::now() + kMaxHandlingTime;
    LOTIC_RETURN_NOT_OK(self.sessions->Take(ctx).status());  // the first query does not pay for opening the engine
  }
  // The ports are known once the server listens, and nobody can ask before it has said so on its own.
  self.controller.tables = self.options.tables;
  self.controller.host = self.options.host == "localhost" ? "127.0.0.1" : self.options.host;
  AddClusterRoutes(self.controller, &self.router);
  Router of_tables;
  AddSchemaRoutes(self.controller, &of_tables);
  AddTableRoutes(self.controller, &of_tables);
  AddTableConfigsRoutes(self.controller, &of_tables);
  AddSegmentRoutes(self.controller, &of_tables);
  AddConsumptionRoutes(self.controller, &of_tables);
  for (Route route : of_tables.routes()) {
    route.handler = InDefaultDatabase(std::move(route.handler));
    self.router.Add(std::move(route));
  }
  QueryDoorOptions door;
  door.tables = self.options.tables;
  door.connector = self.options.connector;
  door.sessions = self.sessions.get();
  door.controller = &self.controller;
  door.variables = self.options.variables;
  self.door = std::make_unique<QueryDoor>(door);
  self.door->AddRoutes(&self.router);
  self.router.Get("/", Access::kRead, [&self](const CallContext&, const HttpRequest&) { return self.Home(); });
  self.router.Get("/metrics", Access::kRead, [&self](const CallContext&, const HttpRequest&) {
    HttpResponse response = TextResponse(MetricsPage(self.options.tables->Metrics(), self.door->counters(), self.http->counters()));
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  });
  HttpServerOptions http;
  http.host = self.options.host;
  http.ports = {self.options.controller_port, self.options.broker_port};
  http.query_workers = self.workers;
  http.log = self.options.log;
  LOTIC_ASSIGN_OR_RETURN(self.http, HttpServer::Listen(std::move(http), &self.router));
  self.controller.controller_port = self.http->ports()[0];
  self.controller.broker_port = self.http->ports()[1];
  self.http->Serve();
  return std::unique_ptr<PinotServer>(new PinotServer(std::move(impl)));
}

std::string PinotServer::controller_url() const { return impl_->http->url(0); }
std::string PinotServer::broker_url() const { return impl_->http->url(1); }
void PinotServer::Stop() { impl_->http->Stop(); }

}  // namespace lotic::server
