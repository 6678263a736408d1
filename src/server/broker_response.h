// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/pinot_sql.h"
#include "lotic/status.h"

namespace lotic::server {

/// Numbers of `exceptions` that are not the SQL front's (catalog::PinotErrorCode).
inline constexpr int kErrorJsonParsing = 100;
inline constexpr int kErrorExecution = 200;
inline constexpr int kErrorShuttingDown = 210;
inline constexpr int kErrorResourceLimit = 245;
inline constexpr int kErrorTimeout = 250;
inline constexpr int kErrorSegmentsUnavailable = 305;
inline constexpr int kErrorTooManyRequests = 429;
inline constexpr int kErrorInternal = 450;
inline constexpr int kErrorCancelled = 503;

struct BrokerException {
  int code = 0;
  std::string message;
};
/// What an error of a query is in `exceptions`: its number, and its message behind the number's name ("TableDoesNotExistError: …").
BrokerException ExceptionFor(const Status& status);
/// The HTTP status of a first exception, where the client asked for one (Pinot-Use-Http-Status-For-Errors).
int HttpStatusForException(int code);

/// An answer to POST /query/sql. Follows: realtime-tables §5.4.
struct BrokerResponse {
  std::optional<std::vector<catalog::PinotOutputColumn>> columns;  ///< nothing: no resultTable
  std::string rows;                                                ///< JSON arrays with commas between: [1,"a"],[2,"b"]
  int64_t num_rows = 0;
  std::vector<BrokerException> exceptions;
  int64_t time_used_ms = 0;
  std::string request_id;
  std::optional<std::string> client_request_id;
  std::string broker_id;
  int64_t docs_scanned = 0;
  int64_t total_docs = 0;
  int64_t entries_in_filter = 0;
  int64_t entries_post_filter = 0;
  int64_t segments_queried = 0;
  int64_t segments_processed = 0;
  int64_t segments_matched = 0;
  int64_t consuming_queried = 0;
  int64_t consuming_processed = 0;
  int64_t consuming_matched = 0;
  int64_t freshness_ms = 0;  ///< minConsumingFreshnessTimeMs
  int64_t pruned_by_value = 0;
  std::vector<std::string> tables;  ///< tablesQueried
  bool default_limit_applied = false;
  std::string certificate;  ///< a JSON object; empty: no key

  /// Keys in Pinot's order, ours (defaultLimitApplied, certificate) behind them.
  std::string ToJson() const;
};

}  // namespace lotic::server
