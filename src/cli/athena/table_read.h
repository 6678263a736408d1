// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lotic/connector.h"

namespace lotic::cli {

/// One reading of one table of a connector, without SQL.
struct TableReadRequest {
  TableName table;
  std::vector<std::string> columns;  ///< in this order; empty: all
  std::string where;                 ///< ParseWhere; empty: none
  std::optional<int64_t> limit;      ///< rows that satisfy `where`
};

struct TableReadTaker {
  std::function<Status(const Schema&)> begin;  ///< once, before rows; may be empty
  std::function<Status(const Batch&)> rows;    ///< rows that satisfy `where`
};

/// Plans and reads as a door does: constraints are applied to what comes, whatever the connector has pruned.
/// @param certificate  filled as far as the reading went, after an error too.
/// Errors: DataLoss (not every planned row was read), those of the connector, ParseWhere and the taker.
Status ReadTable(const CallContext& ctx, Connector& connector, const TableReadRequest& request, const TableReadTaker& taker, TableCertificate* certificate);

}  // namespace lotic::cli
