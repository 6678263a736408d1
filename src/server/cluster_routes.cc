// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "server/controller.h"
#include "table/connector.h"

namespace lotic::server {
namespace {

constexpr std::string_view kTenant = "DefaultTenant";

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(&out, text);
  return out;
}

/// The one broker, as the second form of the API shows it.
std::string BrokerJson(const Controller& controller) {
  return "{\"instanceName\":" + Quoted(controller.broker_id()) + ",\"host\":" + Quoted(controller.host) +
         ",\"port\":" + std::to_string(controller.broker_port) + "}";
}
std::string BrokerName(const Controller& controller) { return Quoted(controller.broker_id()); }

/// {"a":[broker],"b":[broker]}
std::string ByName(const std::vector<std::string>& names, const std::string& broker) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ",") + Quoted(name) + ":[" + broker + "]";
  return "{" + out + "}";
}

HttpResponse LiveBrokers(const Controller& controller, const HttpRequest& request) {
  std::string wanted(request.Query("tables").value_or(""));
  std::vector<std::string> names;
  for (const std::string& name : controller.tables->List()) names.push_back(name + table::kRealtimeSuffix);
  if (!wanted.empty()) {
    std::vector<std::string> chosen;
    for (size_t begin = 0; begin <= wanted.size();) {
      const size_t comma = std::min(wanted.find(',', begin), wanted.size());
      const auto typed = controller.tables->TypedName(wanted.substr(begin, comma - begin));
      if (typed.ok() && std::find(chosen.begin(), chosen.end(), *typed) == chosen.end()) chosen.push_back(*typed);
      begin = comma + 1;
    }
    names = chosen;
  }
  const std::string broker = "{\"port\":" + std::to_string(controller.broker_port) + ",\"host\":" + Quoted(controller.host) +
                             ",\"instanceName\":" + Quoted(controller.broker_id()) + ",\"grpcPort\":-1}";
  return JsonResponse(ByName(names, broker));
}

/// Brokers by table, by tenant, and of one of them; with names only (`/brokers`) or with their addresses (`/v2/brokers`).
void AddBrokers(const Controller& controller, const std::string& prefix, std::string (*broker)(const Controller&), Router* router) {
  router->Get(prefix, Access::kRead, [&controller, broker](const CallContext&, const HttpRequest&) {
    const std::string one = broker(controller);
    return JsonResponse("{\"tenants\":{" + Quoted(kTenant) + ":[" + one + "]},\"tables\":" + ByName(controller.tables->List(), one) + "}");
  });
  router->Get(prefix + "/tables", Access::kRead,
              [&controller, broker](const CallContext&, const HttpRequest&) { return JsonResponse(ByName(controller.tables->List(), broker(controller))); });
  router->Get(prefix + "/tables/{t}", Access::kRead, [&controller, broker](const CallContext&, const HttpRequest& request) {
    const auto typed = controller.tables->TypedName(request.Parameter("t"));
    return typed.ok() ? JsonResponse("[" + broker(controller) + "]") : TablesError(typed.status());
  });
  router->Get(prefix + "/tenants", Access::kRead,
              [&controller, broker](const CallContext&, const HttpRequest&) { return JsonResponse(ByName({std::string(kTenant)}, broker(controller))); });
  router->Get(prefix + "/tenants/{n}", Access::kRead, [&controller, broker](const CallContext&, const HttpRequest& request) {
    if (request.Parameter("n") != kTenant) return ErrorResponse(404, "there is no tenant " + request.Parameter("n") + " but " + std::string(kTenant));
    return JsonResponse("[" + broker(controller) + "]");
  });
}

}  // namespace

void AddClusterRoutes(const Controller& controller, Router* router) {
  router->Get("/health", Access::kOpen, [](const CallContext&, const HttpRequest&) { return TextResponse("OK"); });
  router->Get("/version", Access::kRead, [](const CallContext&, const HttpRequest&) {
    return JsonResponse("{\"pinot-controller\":\"lotic-" LOTIC_VERSION "\",\"pinot-broker\":\"lotic-" LOTIC_VERSION "\",\"pinot-server\":\"lotic-" LOTIC_VERSION
                        "\",\"lotic\":\"" LOTIC_VERSION "\"}");
  });
  router->Get("/cluster/info", Access::kRead, [](const CallContext&, const HttpRequest&) { return JsonResponse("{\"clusterName\":\"PinotCluster\"}"); });
  router->Get("/databases", Access::kRead, [](const CallContext&, const HttpRequest&) { return JsonResponse("[\"default\"]"); });
  router->Get("/auth/info", Access::kRead, [](const CallContext&, const HttpRequest&) { return JsonResponse("{\"workflow\":\"NONE\"}"); });
  router->Get("/tables/livebrokers", Access::kRead, [&controller](const CallContext&, const HttpRequest& request) { return LiveBrokers(controller, request); });
  AddBrokers(controller, "/brokers", BrokerName, router);
  AddBrokers(controller, "/v2/brokers", BrokerJson, router);
  // Grafana asks for it to learn whether there are tables of its own, and takes /tables otherwise.
  router->Add({"HEAD", "/mytables", Access::kRead, Lane::kControl,
               [](const CallContext&, const HttpRequest&) { return ErrorResponse(404, "there is no /mytables here; GET /tables lists the tables"); }});
}

}  // namespace lotic::server
