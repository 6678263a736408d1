// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "catalog/pinot_parsed.h"
#include "lotic/connector.h"
#include "lotic/status.h"
#include "sql/engine.h"

namespace lotic::table {
class Tables;
}

namespace lotic::server {

inline constexpr uint16_t kDefaultControllerPort = 9000;
inline constexpr uint16_t kDefaultBrokerPort = 8099;

struct PinotServerOptions {
  std::string host = "127.0.0.1";                     ///< loopback only
  uint16_t controller_port = kDefaultControllerPort;  ///< 0: any free one
  uint16_t broker_port = kDefaultBrokerPort;
  std::function<Result<std::unique_ptr<sql::Engine>>(sql::EngineOptions)> open_engine;
  catalog::VariableLookup variables;            ///< of `${NAME}` in table documents, as TablesOptions has it
  size_t max_queries = 0;                       ///< at once; 0: twice the cores
  std::function<void(const std::string&)> log;  ///< a sentence an event; any thread
};

/// The controller and broker API of Apache Pinot over real-time tables: every route is served on both ports, none collide.
class PinotServer {
 public:
  /// Takes the ports, and answers every request with 503 until Start. Errors: HttpServer::Listen's.
  static Result<std::unique_ptr<PinotServer>> Listen(PinotServerOptions options);
  /// `tables` outlives the server; `connector`: the same tables, for queries. Ready when it returns. Once. Errors: OpenEngine's (the first session is opened at
  /// once).
  Status Start(table::Tables* tables, std::shared_ptr<Connector> connector);
  ~PinotServer();
  PinotServer(const PinotServer&) = delete;
  PinotServer& operator=(const PinotServer&) = delete;

  std::string controller_url() const;  ///< "http://127.0.0.1:9000"
  std::string broker_url() const;
  /// See HttpServer::Stop. The tables are their owner's to close, afterwards.
  void Stop();

 private:
  struct Impl;
  explicit PinotServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace lotic::server
