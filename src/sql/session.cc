// SPDX-License-Identifier: Apache-2.0
#include "sql/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "scan/certificate.h"

namespace lotic::sql {
namespace {

constexpr std::chrono::milliseconds kIdleLookup{2000};  // of a look-up outside of any statement (completion)
constexpr size_t kMaxSaid = 1024;                       // sentences remembered for WarnOnce; then it forgets them all

}  // namespace

QueryState::QueryState(const CallContext& ctx) : outer_stop_(ctx.stop, [this] { stop_.request_stop(); }), ctx_(ctx) { ctx_.stop = stop_.get_token(); }

void QueryState::AddBound() {
  std::lock_guard lock(mutex_);
  ++bound_;
}

CallContext QueryState::ReadingContext() const {
  std::lock_guard lock(mutex_);
  CallContext ctx = ctx_;
  ctx.memory_budget_bytes = std::max<int64_t>(ctx.memory_budget_bytes / std::max<int64_t>(bound_, 1), 1);
  return ctx;
}

void QueryState::Add(std::shared_ptr<ScanRun> run) {
  std::lock_guard lock(mutex_);
  runs_.push_back(std::move(run));
}

void QueryState::AddCounted(std::shared_ptr<PlanUse> use) {
  std::lock_guard lock(mutex_);
  counted_.push_back(std::move(use));
}

void QueryState::SetOutcome(QueryOutcome outcome) {
  std::lock_guard lock(mutex_);
  if (outcome_ == QueryOutcome::kRunning) outcome_ = outcome;
}

std::vector<TableCertificate> QueryState::Certificates() const {
  std::lock_guard lock(mutex_);
  std::vector<TableCertificate> tables;
  for (const auto& run : runs_) tables.push_back(run->Certificate(outcome_));
  for (const auto& use : counted_) {
    if (use->scanned || outcome_ != QueryOutcome::kFinished) continue;
    tables.push_back(MakeTableCertificate(use->prepared, use->counted));
  }
  return tables;
}

Status QueryState::CheckComplete() const {
  std::lock_guard lock(mutex_);
  std::vector<TableCertificate> tables;
  for (const auto& run : runs_) tables.push_back(run->Certificate(QueryOutcome::kFinished));
  return sql::CheckComplete(tables);
}

Status CheckComplete(const std::vector<TableCertificate>& tables) {
  for (const TableCertificate& table : tables) {
    if (table.complete) continue;
    const std::string name = table.attributes.empty() ? "a table" : table.attributes[0].second;
    return Status::DataLoss("the scan of ", name, " is not complete", table.reason.empty() ? "" : ": ", table.reason);
  }
  return Status::OK();
}

QueryProgress QueryState::Progress() const {
  std::lock_guard lock(mutex_);
  QueryProgress sum;
  if (runs_.empty()) sum.fraction = -1;
  for (const auto& run : runs_) {
    const ReaderProgress one = run->Progress();
    sum.fraction += one.fraction / static_cast<double>(runs_.size());
    sum.records += one.records;
    sum.bytes += one.bytes_fetched;
    sum.throttled += one.throttled;
  }
  return sum;
}

Status QueryState::Late() const {
  std::lock_guard lock(mutex_);
  for (const auto& run : runs_) {
    const std::optional<Status> failure = run->failure();
    if (failure && failure->code() == StatusCode::kDeadlineExceeded) return *failure;
  }
  return Status::OK();
}

bool Session::FirstTime(const std::string& key) {
  std::lock_guard lock(mutex_);
  if (said_.size() >= kMaxSaid) said_.clear();
  return said_.insert(key).second;
}

void Session::WarnOnce(const std::string& sentence) {
  if (FirstTime(sentence)) Warn(sentence);
}

void Session::BeginStatement(std::shared_ptr<QueryState> query) {
  std::lock_guard lock(mutex_);
  query_ = std::move(query);
  ++statement_;
  mentioned_.clear();
  external_functions_.reset();
  lists_columns_ = false;
  qualified_.clear();
  plan_only_ = false;
  insert_constants_.clear();
  inserted_.reset();
}

void Session::SetInsertConstants(std::vector<std::pair<std::string, std::string>> constants) {
  std::lock_guard lock(mutex_);
  insert_constants_ = std::move(constants);
}

std::vector<std::pair<std::string, std::string>> Session::insert_constants() const {
  std::lock_guard lock(mutex_);
  return insert_constants_;
}

void Session::SetInserted(WriteReceipt receipt) {
  std::lock_guard lock(mutex_);
  inserted_ = std::move(receipt);
}

std::optional<WriteReceipt> Session::TakeInserted() {
  std::lock_guard lock(mutex_);
  return std::exchange(inserted_, std::nullopt);
}

void Session::SetExternalFunctions(std::shared_ptr<const std::vector<ExternalFunction>> functions) {
  std::lock_guard lock(mutex_);
  external_functions_ = std::move(functions);
}

std::shared_ptr<const std::vector<ExternalFunction>> Session::external_functions() const {
  std::lock_guard lock(mutex_);
  return external_functions_;
}

void Session::EndStatement(const QueryState* query) {
  std::lock_guard lock(mutex_);
  if (query_.get() == query) query_.reset();
}

std::shared_ptr<QueryState> Session::query() const {
  std::lock_guard lock(mutex_);
  return query_;
}

uint64_t Session::statement() const {
  std::lock_guard lock(mutex_);
  return statement_;
}

CallContext Session::Context() const {
  const std::shared_ptr<QueryState> query = this->query();
  if (query != nullptr) return query->ctx();
  return CallContext().WithDeadline(std::chrono::steady_clock::now() + kIdleLookup);
}

uint64_t Session::Offer(std::shared_ptr<Connector> connector) {
  std::lock_guard lock(mutex_);
  offers_[next_offer_] = std::move(connector);
  return next_offer_++;
}

std::shared_ptr<Connector> Session::Take(uint64_t number) {
  std::lock_guard lock(mutex_);
  const auto at = offers_.find(number);
  if (at == offers_.end()) return nullptr;
  std::shared_ptr<Connector> connector = std::move(at->second);
  offers_.erase(at);
  return connector;
}

void Session::SetMentioned(std::set<std::string> mentioned, bool lists_columns) {
  std::lock_guard lock(mutex_);
  mentioned_ = std::move(mentioned);
  lists_columns_ = lists_columns;
}

void Session::SetQualified(std::set<std::string> names) {
  std::lock_guard lock(mutex_);
  qualified_ = std::move(names);
}

bool Session::Qualifies(const std::string& lower_name) const {
  std::lock_guard lock(mutex_);
  return qualified_.count(lower_name) != 0;
}

void Session::SetPlanOnly(bool only) {
  std::lock_guard lock(mutex_);
  plan_only_ = only;
}

bool Session::plan_only() const {
  std::lock_guard lock(mutex_);
  return plan_only_;
}

bool Session::Mentions(const std::string& name) const {
  std::lock_guard lock(mutex_);
  return mentioned_.count(name) != 0;
}

bool Session::ListsColumns() const {
  std::lock_guard lock(mutex_);
  return lists_columns_;
}

}  // namespace lotic::sql
