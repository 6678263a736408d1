// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "lotic/call_context.h"
#include "lotic/connector.h"
#include "sql/declared_tables.h"
#include "sql/engine.h"
#include "sql/scan_run.h"

// What the callbacks that DuckDB makes share with the engine: the session and the query it runs. No DuckDB here.

namespace lotic::sql {

struct ExternalFunction;

/// A plan that answered from metadata alone unless a scan of it was begun.
struct PlanUse {
  Prepared prepared;
  std::vector<SplitCertificate> counted;  ///< of its splits
  bool scanned = false;
};

/// One statement: its context and its scans. Any thread.
class QueryState {
 public:
  explicit QueryState(const CallContext& ctx);

  /// The statement's context; its stop is this query's own.
  const CallContext& ctx() const { return ctx_; }
  /// A table reading was bound. All of a statement's share its memory budget.
  void AddBound();
  /// The statement's context with one reading's share of the memory, which its readers share further (see ScanRun).
  CallContext ReadingContext() const;
  void Stop() { stop_.request_stop(); }

  void Add(std::shared_ptr<ScanRun> run);
  /// A plan whose row count was taken instead of reading; `use->scanned` says later that it was read after all.
  void AddCounted(std::shared_ptr<PlanUse> use);
  void SetOutcome(QueryOutcome outcome);
  std::vector<TableCertificate> Certificates() const;
  /// Whether every scan that has ended was complete: for a sink, before it commits. Errors: DataLoss.
  Status CheckComplete() const;
  QueryProgress Progress() const;
  /// What a scan says that ran into the deadline; OK: none did.
  Status Late() const;

 private:
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> outer_stop_;
  CallContext ctx_;
  mutable std::mutex mutex_;  // guards all members below
  int64_t bound_ = 0;
  QueryOutcome outcome_ = QueryOutcome::kRunning;
  std::vector<std::shared_ptr<ScanRun>> runs_;
  std::vector<std::shared_ptr<PlanUse>> counted_;
};

/// Errors: DataLoss, naming the first table that was not read to its end.
Status CheckComplete(const std::vector<TableCertificate>& tables);

/// A session. Any thread.
class Session {
 public:
  explicit Session(EngineOptions options) : options_(std::move(options)) {}

  const EngineOptions& options() const { return options_; }
  void Warn(const std::string& sentence) const {
    if (options_.warn) options_.warn(sentence);
  }
  /// Says it once a session.
  void WarnOnce(const std::string& sentence);

  /// True the first time that it is asked of `key` in this session.
  bool FirstTime(const std::string& key);

  /// The functions that the running statement declares (USING FUNCTION); null: none.
  void SetExternalFunctions(std::shared_ptr<const std::vector<ExternalFunction>> functions);
  std::shared_ptr<const std::vector<ExternalFunction>> external_functions() const;

  /// The tables that the session declared; part of the catalog kDeclaredCatalog once there was one.
  const std::shared_ptr<DeclaredTables>& declared() const { return declared_; }

  /// What the running INSERT gives in PARTITION (…), and what became of the rows that it wrote, taken once.
  void SetInsertConstants(std::vector<std::pair<std::string, std::string>> constants);
  std::vector<std::pair<std::string, std::string>> insert_constants() const;
  void SetInserted(WriteReceipt receipt);
  std::optional<WriteReceipt> TakeInserted();

  /// Begins a statement: look-ups of the one before are looked up again.
  void BeginStatement(std::shared_ptr<QueryState> query);
  /// `query` has ended; nothing if another one has begun.
  void EndStatement(const QueryState* query);
  /// Of the running statement, or of none.
  std::shared_ptr<QueryState> query() const;
  uint64_t statement() const;
  /// The running statement's; between statements one with a deadline of its own.
  CallContext Context() const;

  /// A connector handed over to the ATTACH that names it by the number returned.
  uint64_t Offer(std::shared_ptr<Connector> connector);
  std::shared_ptr<Connector> Take(uint64_t number);

  /// Names in single quotes of the running statement, and whether it lists columns: the tables it may ask the columns of (see catalog.cc).
  void SetMentioned(std::set<std::string> mentioned, bool lists_columns);
  bool Mentions(const std::string& name) const;
  bool ListsColumns() const;

  /// Names of tables, in lower case, that the running statement reads from a catalog by name.
  void SetQualified(std::set<std::string> names);
  bool Qualifies(const std::string& lower_name) const;

  /// The running statement shows a plan and runs none.
  void SetPlanOnly(bool only);
  bool plan_only() const;

 private:
  const EngineOptions options_;
  const std::shared_ptr<DeclaredTables> declared_ = std::make_shared<DeclaredTables>();
  mutable std::mutex mutex_;  // guards all members below
  std::shared_ptr<QueryState> query_;
  uint64_t statement_ = 0;
  std::vector<std::pair<std::string, std::string>> insert_constants_;
  std::optional<WriteReceipt> inserted_;
  std::shared_ptr<const std::vector<ExternalFunction>> external_functions_;
  uint64_t next_offer_ = 1;
  std::map<uint64_t, std::shared_ptr<Connector>> offers_;
  std::set<std::string> said_;
  std::set<std::string> mentioned_;
  bool lists_columns_ = false;
  std::set<std::string> qualified_;
  bool plan_only_ = false;
};

}  // namespace lotic::sql
