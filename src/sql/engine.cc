// SPDX-License-Identifier: Apache-2.0
#include "sql/engine.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "duckdb/catalog/catalog_search_path.hpp"
#include "duckdb/common/string_util.hpp"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/client_data.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/main/connection.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/main/materialized_query_result.hpp"
#include "duckdb/main/pending_query_result.hpp"
#include "duckdb/main/query_result.hpp"
#include "duckdb/parser/parsed_expression.hpp"
#include "duckdb/parser/sql_statement.hpp"
#include "duckdb/parser/statement/attach_statement.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "sql/catalog.h"
#include "sql/declare.h"
#include "sql/entry.h"
#include "sql/flink_functions.h"
#include "sql/function_call.h"
#include "sql/implicit_catalogs.h"
#include "sql/ingest_expressions.h"
#include "sql/names.h"
#include "sql/pinot_functions.h"
#include "sql/pushdown.h"
#include "sql/render.h"
#include "sql/seam.h"
#include "sql/segment_files.h"
#include "sql/session.h"
#include "sql/split_statements.h"
#include "sql/trino_functions.h"
#include "sql/using_function.h"

namespace lotic::sql {
namespace {

constexpr const char* kOwnCatalog = "memory";
constexpr const char* kOwnSchema = "main";
constexpr size_t kMaxCompletions = 200;

std::string QuotedName(const std::string& name) { return "\"" + duckdb::StringUtil::Replace(name, "\"", "\"\"") + "\""; }
std::string QuotedText(const std::string& text) { return "'" + duckdb::StringUtil::Replace(text, "'", "''") + "'"; }

/// Stops a query when its context does: interrupts DuckDB at a stop, and at the deadline by a thread of its own.
class Watch {
 public:
  Watch(std::shared_ptr<QueryState> query, duckdb::shared_ptr<duckdb::ClientContext> context)
      : query_(std::move(query)), on_stop_(query_->ctx().stop, [context = std::move(context)] { context->Interrupt(); }) {
    if (query_->ctx().deadline == std::chrono::steady_clock::time_point::max()) return;
    timer_ = std::jthread([this](const std::stop_token& over) {
      std::unique_lock lock(mutex_);
      if (wake_.wait_until(lock, over, query_->ctx().deadline, [] { return false; }) || over.stop_requested()) return;
      passed_ = true;
      lock.unlock();
      query_->Stop();
    });
  }

  bool deadline_passed() {
    std::lock_guard lock(mutex_);
    return passed_;
  }

 private:
  const std::shared_ptr<QueryState> query_;
  std::stop_callback<std::function<void()>> on_stop_;
  std::mutex mutex_;  // guards passed_
  std::condition_variable_any wake_;
  bool passed_ = false;
  std::jthread timer_;  // last: ends before what it uses
};

/// Works on a planned statement until IsResultReady or, with `to_the_end`, IsExecutionFinished. While DuckDB's own threads have all the tasks, its Execute() would
/// ask for one again and again, a core's whole time; this waits between two questions, longer each time.
void Work(duckdb::PendingQueryResult& pending, bool to_the_end) {
  constexpr std::chrono::microseconds kFirstPause{20}, kLongestPause{1000};
  auto pause = kFirstPause;
  for (;;) {
    const duckdb::PendingExecutionResult state = pending.ExecuteTask();
    if (to_the_end ? duckdb::PendingQueryResult::IsExecutionFinished(state) : duckdb::PendingQueryResult::IsResultReady(state)) return;
    if (state == duckdb::PendingExecutionResult::NO_TASKS_AVAILABLE) {
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, kLongestPause);
    } else if (state == duckdb::PendingExecutionResult::BLOCKED) {
      pending.WaitForTask();
    } else {
      pause = kFirstPause;
    }
  }
}

Status Execute(duckdb::PendingQueryResult& pending, duckdb::unique_ptr<duckdb::QueryResult>* result) {
  Work(pending, false);
  if (pending.HasError()) return StatusFrom(pending.GetErrorObject());
  *result = pending.Execute();
  return (*result)->HasError() ? StatusFrom((*result)->GetErrorObject()) : Status::OK();
}

/// Runs a planned statement to its end; its rows, which only say how many changed, are dropped.
Status Drain(duckdb::PendingQueryResult& pending, duckdb::unique_ptr<duckdb::QueryResult>* result) {
  LOTIC_RETURN_NOT_OK(Execute(pending, result));
  while (!(*result)->HasError()) {
    const auto chunk = (*result)->Fetch();
    if (!chunk || chunk->size() == 0) break;
  }
  return (*result)->HasError() ? StatusFrom((*result)->GetErrorObject()) : Status::OK();
}

class StatementResult final : public QueryResult {
 public:
  StatementResult(std::shared_ptr<Session> session, std::shared_ptr<QueryState> query, duckdb::shared_ptr<duckdb::ClientContext> context)
      : session_(std::move(session)), query_(std::move(query)), context_(std::move(context)), watch_(std::make_unique<Watch>(query_, context_)) {}

  ~StatementResult() override { End(QueryOutcome::kCancelled); }

  const std::vector<ResultColumn>& columns() const override { return columns_; }

  Result<TextChunk> Next(const CallContext& ctx, CellForm form) override {
    if (!failure_.ok()) return failure_;
    if (counted_) return *std::exchange(counted_, std::nullopt);
    if (ended_) return TextChunk{};
    const std::stop_callback on_stop(ctx.stop, [this] { query_->Stop(); });
    const Status check = ctx.Check("the query");
    if (!check.ok()) return Failed(check);
    TextChunk text;
    const Status fetched = GuardDuckDb([&]() -> Status {
      if (result_ == nullptr) LOTIC_RETURN_NOT_OK(Execute(*pending_, &result_));
      if (result_->HasError()) return StatusFrom(result_->GetErrorObject());
      const auto chunk = result_->Fetch();
      if (result_->HasError()) return StatusFrom(result_->GetErrorObject());
      if (chunk && chunk->size() > 0) text = RenderChunk(*context_, *chunk, form);
      return Status::OK();
    });
    if (!fetched.ok()) return Failed(fetched);
    if (text.num_rows == 0) {
      LOTIC_RETURN_NOT_OK(Finish());
    }
    return text;
  }

  std::vector<TableCertificate> Certificates() const override { return query_->Certificates(); }
  std::optional<WriteReceipt> Written() const override { return written_; }

  /// A statement that is done and returns no rows.
  Status StartDone() { return Finish(); }

  /// Takes a planned statement over; runs to its end what returns no rows. A query begins to run at the first Next.
  Status Start(duckdb::unique_ptr<duckdb::PendingQueryResult> pending) {
    pending_ = std::move(pending);
    if (pending_->properties.return_type != duckdb::StatementReturnType::QUERY_RESULT) {
      LOTIC_RETURN_NOT_OK(GuardDuckDb([&] { return Drain(*pending_, &result_); }));
      written_ = session_->TakeInserted();
      if (written_) {  // into a connector's table: the count is the answer
        columns_.push_back({"rows", "BIGINT", true});
        counted_ = TextChunk{1, {{std::to_string(written_->acknowledged)}}};
      }
      return Finish();
    }
    for (size_t i = 0; i < pending_->names.size(); ++i) {
      columns_.push_back({pending_->names[i], pending_->types[i].ToString(), pending_->types[i].IsNumeric()});
    }
    return Status::OK();
  }

  Status Failed(const Status& status) {
    failure_ = status;
    const bool late = status.IsCancelled() && watch_ != nullptr && watch_->deadline_passed();
    if (status.IsCancelled()) failure_ = Status::Cancelled("the query was stopped");
    End(status.IsCancelled() ? QueryOutcome::kCancelled : QueryOutcome::kFailed);
    if (late) {
      const Status waited = query_->Late();  // known once the readers have ended
      failure_ = Status::DeadlineExceeded("the query did not end within the time set", waited.ok() ? "" : ": " + waited.message());
    }
    return failure_;
  }

 private:
  Status Finish() {
    End(QueryOutcome::kFinished);
    if (session_->options().allow_partial) return Status::OK();
    return failure_ = CheckComplete(query_->Certificates());
  }

  /// Ends the readers, then DuckDB's query; certificates are final afterwards.
  void End(QueryOutcome outcome) {
    if (ended_) return;
    ended_ = true;
    if (outcome != QueryOutcome::kFinished) {
      query_->Stop();
      if (session_->query() == query_) Abandon();  // else DuckDB has ended it when it began the next
    }
    result_.reset();
    pending_.reset();
    query_->SetOutcome(outcome);
    watch_.reset();
    session_->EndStatement(query_.get());
  }

  /// DuckDB ends a query that is dropped only when the next one begins, and its threads go on meanwhile. An interrupted fetch ends it now.
  void Abandon() {
    if (result_ == nullptr && pending_ == nullptr) return;
    context_->Interrupt();
    (void)GuardDuckDb([&]() -> Status {
      if (result_ == nullptr) {
        Work(*pending_, true);
        return Status::OK();
      }
      while (!result_->HasError()) {
        const auto chunk = result_->Fetch();
        if (!chunk || chunk->size() == 0) break;
      }
      return Status::OK();
    });
  }

  const std::shared_ptr<Session> session_;
  const std::shared_ptr<QueryState> query_;
  const duckdb::shared_ptr<duckdb::ClientContext> context_;
  std::unique_ptr<Watch> watch_;
  duckdb::unique_ptr<duckdb::PendingQueryResult> pending_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;  // once it runs
  std::vector<ResultColumn> columns_;
  std::optional<WriteReceipt> written_;
  std::optional<TextChunk> counted_;  // the one row of an INSERT's answer
  Status failure_;
  bool ended_ = false;
};

/// DuckDB compares an instant with TIMESTAMP and with no other time without a zone (its cast_rules.cpp): the error of one that counts other units
/// gets how it is written. Not done in silence: whose clock the column shows is known to its owner alone.
Status WithCastOfInstant(const Status& status) {
  const std::string& message = status.message();
  const auto says = [&](const char* words) { return message.find(words) != std::string::npos; };
  if (status.ok() || !says("an explicit cast is required") || !says("TIMESTAMP WITH TIME ZONE")) return status;
  if (!says("TIMESTAMP_S") && !says("TIMESTAMP_MS") && !says("TIMESTAMP_NS")) return status;
  return status.WithMessage(message, "; now()::TIMESTAMP is the time of the session's zone, now() AT TIME ZONE 'UTC' that of UTC");
}

class DuckDbEngine final : public Engine {
 public:
  explicit DuckDbEngine(EngineOptions options) : session_(std::make_shared<Session>(std::move(options))) {}

  Status Open() {
    return GuardDuckDb([&]() -> Status {
      const EngineOptions& options = session_->options();
      duckdb::DBConfig config;
      config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
      config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
      if (options.threads > 0) config.SetOptionByName("threads", duckdb::Value::BIGINT(options.threads));
      config.SetOptionByName("temp_directory", duckdb::Value(options.temp_folder));
      // Last of the options: without external access, the folder for spilling can no longer be set.
      if (!options.allow_files) config.SetOptionByName("enable_external_access", duckdb::Value::BOOLEAN(false));
      duckdb::StorageExtension::Register(config, kOfferedType, ConnectorStorage(session_, kOfferedType));
      for (const std::string& type : options.connector_types) duckdb::StorageExtension::Register(config, type, ConnectorStorage(session_, type));
      duckdb::OptimizerExtension::Register(config, LimitExtension());
      database_ = std::make_unique<duckdb::DuckDB>(nullptr, &config);
      connection_ = std::make_unique<duckdb::Connection>(*database_);
      declarations_ = std::make_unique<TableDeclarations>(session_, *database_, *connection_);
      RegisterFunctionCall(*database_->instance, session_);
      RegisterFlinkFunctions(*database_->instance);
      RegisterPinotFunctions(*database_->instance);
      RegisterTableFunctions(*database_->instance, session_);
      const auto json = connection_->Query("SET errors_as_json=true");  // see MessageOf in seam.cc
      if (json->HasError()) return StatusFrom(json->GetErrorObject());
      const auto zone = connection_->Query("SET TimeZone=" + QuotedText(options.time_zone));
      if (zone->HasError()) return Status::Invalid("time zone \"", options.time_zone, "\": ", StatusFrom(zone->GetErrorObject()).message());
      return Status::OK();
    });
  }

  ~DuckDbEngine() override {
    if (const auto query = session_->query()) query->Stop();
  }

  Status Attach(const CallContext& ctx, const std::string& name, std::shared_ptr<Connector> connector) override {
    const uint64_t offer = session_->Offer(std::move(connector));
    Result<std::unique_ptr<QueryResult>> attached =
        Execute(ctx, "ATTACH '" + std::to_string(offer) + "' AS " + QuotedName(name) + " (TYPE " + kOfferedType + ")");
    (void)session_->Take(offer);
    return attached.ok() ? Status::OK() : attached.status();
  }

  std::vector<StatementText> SplitStatements(const std::string& text) override { return SplitSql(text); }

  Result<std::unique_ptr<QueryResult>> Execute(const CallContext& ctx, const std::string& statement) override {
    if (const auto before = session_->query()) {  // its result is given up
      before->Stop();
      before->SetOutcome(QueryOutcome::kCancelled);
    }
    LOTIC_RETURN_NOT_OK(ctx.Check("the query"));
    const auto query = std::make_shared<QueryState>(ctx);
    session_->BeginStatement(query);
    auto result = std::make_unique<StatementResult>(session_, query, connection_->context);
    const Status run = GuardDuckDb([&] { return Run(*query, statement, result.get()); });
    if (!run.ok()) return result->Failed(run);
    return std::unique_ptr<QueryResult>(std::move(result));
  }

  QueryProgress Progress() const override {
    const auto query = session_->query();
    return query == nullptr ? QueryProgress{-1, 0, 0} : query->Progress();
  }

  std::vector<std::string> Complete(const std::string& text, size_t* word_start) override {
    std::vector<std::string> words;
    *word_start = text.size();
    (void)GuardDuckDb([&]() -> Status {
      if (completion_ == nullptr) completion_ = std::make_unique<duckdb::Connection>(*database_);
      SetSearchPath(*completion_->context);
      const auto found = completion_->Query("SELECT suggestion, suggestion_start FROM sql_auto_complete(" + QuotedText(text) + ")");
      if (found->HasError()) return StatusFrom(found->GetErrorObject());
      for (size_t i = 0; i < found->RowCount() && i < kMaxCompletions; ++i) {
        words.push_back(found->GetValue(0, i).ToString());
        *word_start = static_cast<size_t>(found->GetValue(1, i).GetValue<int64_t>());
      }
      return Status::OK();
    });
    return words;
  }

  std::string EngineVersion() const override { return duckdb::DuckDB::LibraryVersion(); }

 private:
  Status Run(QueryState& query, const std::string& whole, StatementResult* result) {
    LOTIC_ASSIGN_OR_RETURN(const std::optional<LambdaSetting> setting, ParseLambdaSetting(whole));
    if (setting) {
      if (!session_->options().lambdas.set_url) return Status::NotImplemented("lambda.", setting->name, ".url cannot be set here");
      LOTIC_RETURN_NOT_OK(session_->options().lambdas.set_url(setting->name, setting->url));
      return result->StartDone();
    }
    auto& context = *connection_->context;
    LOTIC_ASSIGN_OR_RETURN(const TableDeclarations::Front tables, declarations_->Take(whole));
    if (tables.attached) SetSearchPath(context);
    if (tables.done) return result->StartDone();
    LOTIC_ASSIGN_OR_RETURN(std::optional<UsingStatement> front, ParseUsingFunction(tables.text));
    if (front && !session_->options().lambdas.call) return Status::NotImplemented("USING FUNCTION: functions cannot be called here");
    const std::string& text = front ? front->query : tables.text;
    auto statements = connection_->ExtractStatements(text);
    if (statements.empty()) return Status::Invalid("there is no statement in the text");
    for (size_t i = 0; i < statements.size(); ++i) {  // one, or what DuckDB makes of one (PIVOT: a type, then a query)
      const duckdb::StatementType type = statements[i]->type;
      if (type == duckdb::StatementType::ATTACH_STATEMENT) {
        duckdb::AttachInfo& info = *statements[i]->Cast<duckdb::AttachStatement>().info;
        LOTIC_RETURN_NOT_OK(CheckAttachedType(info));
        if (info.path.find("://") != std::string::npos && NamesConnector(info)) info.path.insert(0, 1, kPathMark);
      }
      if (front) {
        RewriteCalls(front->functions, *statements[i]);
        session_->SetExternalFunctions(std::make_shared<const std::vector<ExternalFunction>>(front->functions));
      }
      StatementFacts facts = ResolveNames(context, *session_, *statements[i], tables.hinted);
      session_->SetMentioned(std::move(facts.constants), facts.lists_columns);
      session_->SetQualified(std::move(facts.qualified));
      session_->SetPlanOnly(type == duckdb::StatementType::EXPLAIN_STATEMENT &&
                            statements[i]->Cast<duckdb::ExplainStatement>().explain_type == duckdb::ExplainType::EXPLAIN_STANDARD);
      LOTIC_RETURN_NOT_OK(query.ctx().Check("the query"));
      auto pending = connection_->PendingQuery(std::move(statements[i]), duckdb::QueryResultOutputType::ALLOW_STREAMING);
      if (pending->HasError()) return WithNearestNames(pending->GetErrorObject());
      if (query.ctx().stop.stop_requested()) context.Interrupt();  // DuckDB forgets, when a query begins, a stop that came before
      if (i + 1 < statements.size()) {
        duckdb::unique_ptr<duckdb::QueryResult> ran;
        LOTIC_RETURN_NOT_OK(Drain(*pending, &ran));
        continue;
      }
      LOTIC_RETURN_NOT_OK(result->Start(std::move(pending)));
      if (type == duckdb::StatementType::ATTACH_STATEMENT || type == duckdb::StatementType::DETACH_STATEMENT) SetSearchPath(context);
      Describe(facts.described);
    }
    return Status::OK();
  }

  bool NamesConnector(const duckdb::AttachInfo& info) const {
    const auto given = info.parsed_options.find("type");
    if (given == info.parsed_options.end()) return false;
    std::string type = duckdb::StringUtil::Lower(given->second->ToString());
    if (type.size() >= 2 && (type.front() == '\'' || type.front() == '"')) type = type.substr(1, type.size() - 2);
    const std::vector<std::string>& types = session_->options().connector_types;
    return std::find(types.begin(), types.end(), type) != types.end();
  }

  /// Extensions are not loaded at run time, so ATTACH can name a connector or DuckDB's own files, and nothing else.
  Status CheckAttachedType(const duckdb::AttachInfo& info) const {
    const auto given = info.parsed_options.find("type");
    if (given == info.parsed_options.end()) return Status::OK();
    std::string type = duckdb::StringUtil::Lower(given->second->ToString());
    if (type.size() >= 2 && (type.front() == '\'' || type.front() == '"')) type = type.substr(1, type.size() - 2);
    std::vector<std::string> known = session_->options().connector_types;
    known.push_back("duckdb");
    if (type == kOfferedType || std::find(known.begin(), known.end(), type) != known.end()) return Status::OK();
    std::string message = "ATTACH: no connector of type \"" + type + "\"";
    const std::vector<std::string> nearest = NearestNames(type, known, 1);
    if (!nearest.empty()) message += "; did you mean \"" + nearest[0] + "\"?";
    message += " (known: ";
    for (size_t i = 0; i < known.size(); ++i) message += (i == 0 ? "" : ", ") + known[i];
    return Status::NotFound(message, ")");
  }

  /// The error of a statement; an unknown table's names the nearest of the connectors' tables, a function of Trino's how it is written here,
  /// and so does that of an instant where DuckDB wants a time without a zone.
  Status WithNearestNames(const duckdb::ErrorData& error) {
    const Status status = WithCastOfInstant(StatusFrom(error));
    const auto type = error.ExtraInfo().find("type");
    const auto name = error.ExtraInfo().find("name");
    if (status.code() != StatusCode::kNotFound || type == error.ExtraInfo().end() || name == error.ExtraInfo().end()) return status;
    if (const auto instead = InsteadOfTrinoFunction(name->second); instead && type->second.find("Function") != std::string::npos) {
      return status.WithMessage("function \"", duckdb::StringUtil::Lower(name->second), "\" is Trino's; ", *instead);
    }
    if (type->second != "Table") return status;
    std::vector<std::string> nearest;
    (void)GuardDuckDb([&] {
      connection_->context->RunFunctionInTransaction([&] { nearest = SimilarTables(*connection_->context, name->second); });
      return Status::OK();
    });
    std::string message = "table \"" + name->second + "\" does not exist";
    for (size_t i = 0; i < nearest.size(); ++i) message += (i == 0 ? "; did you mean \"" : "\" or \"") + nearest[i];
    return status.WithMessage(message, nearest.empty() ? "" : "\"?");
  }

  /// The session's own catalog first, then all attached ones: SHOW TABLES lists them, and words in completion come from them.
  /// A path that the user set (USE) stays.
  void SetSearchPath(duckdb::ClientContext& context) {
    context.RunFunctionInTransaction([&] {
      auto& path = *duckdb::ClientData::Get(context).catalog_search_path;
      const auto& set = path.GetSetPaths();
      if (!set.empty() && (set[0].catalog != kOwnCatalog || set[0].schema != kOwnSchema)) return;
      duckdb::vector<duckdb::CatalogSearchEntry> entries;
      entries.emplace_back(kOwnCatalog, kOwnSchema);
      for (const auto& [catalog, schema] : ConnectorCatalogs(context)) entries.emplace_back(catalog, schema);
      path.Set(std::move(entries), duckdb::CatalogSetPathType::SET_DIRECTLY);
    });
  }

  /// What a DESCRIBE has to say beside the columns.
  void Describe(const std::vector<FoundTable>& tables) {
    for (const FoundTable& table : tables) {
      for (const std::string& note : table.model->notes) session_->Warn(table.table + ": " + note);
      for (const Field& field : table.model->info.schema.fields) {
        const auto hint = field.metadata.find("lotic:hint");
        if (hint != field.metadata.end()) session_->Warn(table.table + ": the numbers in " + field.name + " look like a time: " + hint->second);
      }
      std::string line;
      for (const auto& [name, index] : table.model->hidden_names) {
        line += (line.empty() ? "" : ", ") + name + " " + table.model->hidden[index].type.ToString();
      }
      if (!line.empty()) session_->Warn(table.table + ": columns not in SELECT *: " + line);
    }
  }

  const std::shared_ptr<Session> session_;
  std::unique_ptr<duckdb::DuckDB> database_;
  std::unique_ptr<duckdb::Connection> connection_;
  std::unique_ptr<duckdb::Connection> completion_;
  std::unique_ptr<TableDeclarations> declarations_;
};

Result<std::unique_ptr<Engine>> MakeEngine(EngineOptions options) {
  auto engine = std::make_unique<DuckDbEngine>(std::move(options));
  LOTIC_RETURN_NOT_OK(engine->Open());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace
}  // namespace lotic::sql

extern "C" __attribute__((visibility("default"))) void lotic_sql_make_engine_v1(lotic::sql::EngineOptions* options,
                                                                                lotic::Result<std::unique_ptr<lotic::sql::Engine>>* out) {
  *out = lotic::sql::MakeEngine(std::move(*options));
}

extern "C" __attribute__((visibility("default"))) void lotic_sql_make_table_ports_v1(lotic::Result<lotic::sql::TablePorts>* out) {
  *out = []() -> lotic::Result<lotic::sql::TablePorts> {
    lotic::sql::TablePorts ports;
    LOTIC_ASSIGN_OR_RETURN(ports.files, lotic::sql::MakeSegmentFiles());
    LOTIC_ASSIGN_OR_RETURN(ports.expressions, lotic::sql::MakeIngestExpressions());
    return ports;
  }();
}
