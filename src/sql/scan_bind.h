// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "duckdb/function/table_function.hpp"
#include "lotic/connector.h"
#include "sql/session.h"
#include "sql/table_model.h"

namespace lotic::sql {

constexpr const char* kScanName = "lotic_scan";

/// The snapshot at which a transaction reads a table: fixed by the first plan, shared by all that name the table.
struct SnapshotSlot {
  std::mutex mutex;
  std::string token;
  std::optional<int64_t> as_of_ms;
};

/// A table named in a query: what is to be read of it, and the plan. While a statement is planned one thread writes to it; then it is read.
struct ScanBind : duckdb::TableFunctionData {
  duckdb::optional_ptr<duckdb::TableCatalogEntry> entry;
  std::shared_ptr<const TableModel> model;
  std::shared_ptr<Session> session;
  std::shared_ptr<SnapshotSlot> snapshot;
  Constraints constraints;      ///< by the connector's column names
  std::set<std::string> exact;  ///< of those, the columns whose conjuncts were taken out of DuckDB's plan
  std::optional<int64_t> limit;
  std::vector<std::pair<std::string, std::string>> not_pushed;  ///< conjunct, why

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override;
  bool Equals(const duckdb::FunctionData& other) const override;
  bool SupportStatementCache() const override { return false; }  // a prepared statement takes its snapshot again

  /// The plan for the constraints and limit as they are now; made once for each state of them. Throws.
  const Prepared& Plan() const;
  /// The request of that plan, with an empty layout but for the columns of constraints.
  ScanRequest Request() const;
  /// Whether the plan reports the value set of `column` as exact.
  bool IsExact(const std::string& column) const;
  /// The splits of the plan; for EXPLAIN and counting, opens nothing. Throws.
  std::vector<Split> Splits() const;

 private:
  mutable std::shared_ptr<const Prepared> prepared_;
  mutable Constraints prepared_constraints_;
  mutable std::optional<int64_t> prepared_limit_;
  mutable std::shared_ptr<PlanUse> use_ = std::make_shared<PlanUse>();
  friend struct ScanCallbacks;
};

/// The table function that scans; its bind data is a ScanBind.
duckdb::TableFunction ScanFunction();

}  // namespace lotic::sql
