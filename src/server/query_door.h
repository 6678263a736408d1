// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/pinot_parsed.h"
#include "catalog/pinot_schema.h"
#include "catalog/pinot_sql.h"
#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "lotic/scan.h"
#include "lotic/status.h"
#include "server/broker_response.h"
#include "server/queried_segments.h"
#include "server/query_rates.h"
#include "server/router.h"
#include "server/session_pool.h"
#include "server/sql_request.h"

namespace lotic::table {
class Tables;
}

namespace lotic::server {

struct Controller;

inline constexpr std::chrono::milliseconds kDefaultQueryTime{10'000};  ///< where neither query (`timeoutMs`) nor table (`query.timeoutMs`) says
inline constexpr std::chrono::milliseconds kMaxQueryTime{600'000};     ///< what either may ask for at most
inline constexpr int64_t kDefaultLimit = 10;                           ///< rows of a query without LIMIT
inline constexpr int64_t kMaxAnswerBytes = int64_t{256} << 20;         ///< of rows, unless query or table say less: a larger answer is exception 245, never cut
inline constexpr size_t kMaxKnownTables = 1000;                        ///< whose documents stay parsed; then all are parsed anew
inline constexpr size_t kMaxClientRequestId = 256;                     ///< bytes of X-Correlation-Id that are echoed

struct QueryDoorOptions {
  table::Tables* tables = nullptr;         ///< outlives the door
  std::shared_ptr<Connector> connector;    ///< the same tables
  SessionPool* sessions = nullptr;         ///< outlives the door
  const Controller* controller = nullptr;  ///< names this broker; outlives the door
  catalog::VariableLookup variables;       ///< of `${NAME}` in table documents
  const Clock* clock = &Clock::System();
};

/// Answers queries in Pinot's dialect. Any thread.
class QueryDoor {
 public:
  explicit QueryDoor(QueryDoorOptions options) : options_(std::move(options)) {}

  /// An HTTP request to /query/sql, /query or /sql: HTTP 200 with `exceptions`, unless it is no such request, or its client wants statuses.
  HttpResponse Answer(const CallContext& ctx, const HttpRequest& request);

  /// Never fails: an error is an exception in the answer.
  BrokerResponse Run(const CallContext& ctx, const SqlRequest& request);

  struct Counters {
    int64_t queries = 0, exceptions = 0, docs_scanned = 0, milliseconds = 0;
  };
  Counters counters() const { return {queries_, exceptions_, docs_scanned_, milliseconds_}; }

  /// POST and GET of /query/sql, /query and /sql.
  void AddRoutes(Router* router);

 private:
  struct Table {
    std::string shown;  ///< in tablesQueried
    std::string raw;
    std::string from;  ///< for DuckDB
    catalog::PinotSchema schema;
    bool null_handling = false;
    std::optional<int64_t> timeout_ms;
    std::optional<int64_t> max_response_bytes;
    std::optional<double> max_queries_per_second;
    bool realtime = false;  ///< one of Tables; else only the connector's (_errors)
  };
  Status RunInto(const CallContext& ctx, const SqlRequest& request, BrokerResponse* response);
  using TablePtr = std::shared_ptr<const Table>;
  Result<TablePtr> FindTable(const CallContext& ctx, const std::string& name);
  Result<TablePtr> ParseTable(const std::string& raw, const std::string& schema_document, const std::string& config_document) const;
  Result<TablePtr> ConnectorTable(const CallContext& ctx, const std::string& name) const;
  /// The segments of a table before it is read, and as of when the consuming ones are.
  QueriedSegments LookAt(const Table& table) const;
  /// How an answer is made.
  struct AnswerForm {
    bool drop_results = false;
    int64_t most_bytes = kMaxAnswerBytes;
  };
  static Result<AnswerForm> FormOf(const catalog::PinotQuery& query, const Table& table);
  Status Execute(const CallContext& ctx, const catalog::PinotTranslation& translation, const Table& table, const QueriedSegments& segments,
                 const AnswerForm& form, BrokerResponse* response);
  /// `certificates`: also of a query that fails while it is read.
  static Status Execute(const CallContext& ctx, const catalog::PinotTranslation& translation, const AnswerForm& form, sql::Engine* engine,
                        std::vector<TableCertificate>* certificates, BrokerResponse* response);

  const QueryDoorOptions options_;
  std::atomic<uint64_t> next_request_{1};
  QueryRates rates_;
  std::atomic<int64_t> queries_{0}, exceptions_{0}, docs_scanned_{0}, milliseconds_{0};
  struct Known {
    std::string schema_document, config_document;
    TablePtr table;
  };
  std::mutex mutex_;                    // guards all members below
  std::map<std::string, Known> known_;  ///< what was parsed before; at most kMaxKnownTables
};

}  // namespace lotic::server
