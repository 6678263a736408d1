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
  table::Tables* tables = nullptr;
  size_t workers = 0;
  Controller controller;
  std::unique_ptr<SessionPool> sessions;
  std::unique_ptr<QueryDoor> door;
  Router router;
  std::unique_ptr<HttpServer> http;  // ends first: its handlers use all of the above

  HttpResponse Home() const;
};

HttpResponse PinotServer::Impl::Home() const {
  std::vector<HomeTable> shown;
  for (const std::string& name : tables->List()) {
    auto status = tables->GetStatus(name);
    shown.push_back({name, status.ok() ? *std::move(status) : table::TableStatus{}, status.ok() ? "" : status.status().message()});
  }
  return HomePage(shown, router.routes());
}

PinotServer::PinotServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PinotServer::~PinotServer() = default;

Result<std::unique_ptr<PinotServer>> PinotServer::Listen(PinotServerOptions options) {
  auto impl = std::make_unique<Impl>();
  Impl& self = *impl;
  self.options = std::move(options);
  self.workers = self.options.max_queries > 0 ? self.options.max_queries : 2 * std::max(1U, std::thread::hardware_concurrency());
  HttpServerOptions http;
  http.host = self.options.host;
  http.ports = {self.options.controller_port, self.options.broker_port};
  http.query_workers = self.workers;
  http.log = self.options.log;
  LOTIC_ASSIGN_OR_RETURN(self.http, HttpServer::Listen(std::move(http)));
  self.http->Serve();
  return std::unique_ptr<PinotServer>(new PinotServer(std::move(impl)));
}

Status PinotServer::Start(table::Tables* tables, std::shared_ptr<Connector> connector) {
  Impl& self = *impl_;
  self.tables = tables;
  self.sessions = std::make_unique<SessionPool>(SessionPoolOptions{self.options.open_engine, connector, self.workers, self.options.log});
  {
    CallContext ctx;
    ctx.deadline = std::chrono::steady_clock::now() + kMaxHandlingTime;
    LOTIC_RETURN_NOT_OK(self.sessions->Take(ctx).status());  // the first query does not pay for opening the engine
  }
  self.controller.tables = tables;
  self.controller.controller_port = self.http->ports()[0];
  self.controller.broker_port = self.http->ports()[1];
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
  door.tables = tables;
  door.connector = std::move(connector);
  door.sessions = self.sessions.get();
  door.controller = &self.controller;
  door.variables = self.options.variables;
  self.door = std::make_unique<QueryDoor>(door);
  self.door->AddRoutes(&self.router);
  self.router.Get("/", Access::kRead, [&self](const CallContext&, const HttpRequest&) { return self.Home(); });
  self.router.Get("/metrics", Access::kRead, [&self](const CallContext&, const HttpRequest&) {
    HttpResponse response = TextResponse(MetricsPage(self.tables->Metrics(), self.door->counters(), self.http->counters()));
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  });
  self.http->Begin(&self.router);
  return Status::OK();
}

std::string PinotServer::controller_url() const { return impl_->http->url(0); }
std::string PinotServer::broker_url() const { return impl_->http->url(1); }
void PinotServer::Stop() { impl_->http->Stop(); }

}  // namespace lotic::server
