// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "aws/session.h"
#include "connector/timestream/query_text.h"
#include "connector/timestream/timestream_client.h"
#include "lotic/connector.h"

namespace lotic::timestream {

struct TimestreamOptions {
  ClientOptions client;
  TimeUnit time_precision = TimeUnit::kMicro;  ///< of TIMESTAMP columns, floored: milli, micro or nano
  Dialect dialect = Dialect::kOwn;
  int64_t page_rows = 0;                         ///< rows a page at most, 1 .. 1000; 0: as many as the service puts into 1 MB
  std::chrono::milliseconds cache_time{60'000};  ///< of names and columns
  std::string glue_endpoint;                     ///< "": the variables' or the region's
  bool glue = true;          ///< ask Glue for supplemental tables; one that the caller may not ask, or that the endpoint does not have, is done without
  std::string glue_catalog;  ///< an account id; "": the caller's

  /// Errors: Invalid, naming the field.
  Status Validate() const;
};

/// Timestream for LiveAnalytics of a region: databases are schemas. It serves QueryPassthrough, too.
Result<std::shared_ptr<Connector>> MakeTimestreamConnector(aws::Session session, TimestreamOptions options);

/// ATTACH 'us-east-1' AS ts (TYPE timestream, ENDPOINT 'http://127.0.0.1:8181'). Options: docs/reference/timestream.md. Errors: Invalid, naming an unknown option.
Result<std::shared_ptr<Connector>> AttachTimestream(const std::string& region, const std::map<std::string, std::string>& options,
                                                    const aws::Environment& environment);

}  // namespace lotic::timestream
