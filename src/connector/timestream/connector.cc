// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <utility>

#include "aws/aws_error.h"
#include "aws/credentials.h"
#include "connector/timestream/glue_table.h"
#include "connector/timestream/page_fetcher.h"
#include "connector/timestream/page_parser.h"
#include "connector/timestream/passthrough.h"
#include "connector/timestream/reader.h"
#include "connector/timestream/split_text.h"
#include "connector/timestream/timestream_connector.h"
#include "lotic/query_passthrough.h"

namespace lotic::timestream {
namespace {

using MonoTime = std::chrono::steady_clock::time_point;

constexpr size_t kMaxCached = 1'000;  // of each cache; above it, it is emptied
constexpr size_t kTablesPerPage = 1'000;
constexpr int kMaxSmallPages = 10'000;  // of a DESCRIBE, and of a query that is run for its columns; more is a CapacityError
constexpr const char* kQueryArgument = "QUERY";

/// Answers remembered for a while. Any thread.
template <typename T>
class Cache {
 public:
  std::optional<T> Find(const std::string& key, MonoTime now, std::chrono::milliseconds age) {
    const std::lock_guard lock(mutex_);
    const auto at = held_.find(key);
    if (at == held_.end() || now - at->second.first >= age) return std::nullopt;
    return at->second.second;
  }
  void Keep(const std::string& key, MonoTime now, T value) {
    const std::lock_guard lock(mutex_);
    if (held_.size() >= kMaxCached) held_.clear();
    held_[key] = {now, std::move(value)};
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::pair<MonoTime, T>> held_;
};

class Impl final : public Connector, public QueryPassthrough {
 public:
  Impl(std::shared_ptr<TimestreamClient> client, std::unique_ptr<GlueTables> glue, TimestreamOptions options)
      : options_(std::move(options)), client_(std::move(client)), glue_(std::move(glue)) {}

  std::string type_name() const override { return "timestream"; }

  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override { return Databases(ctx); }

  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_ASSIGN_OR_RETURN(const std::string database, ResolveDatabase(ctx, schema));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, Tables(ctx, database));
    TablePage made;
    const size_t limit = page.max_items > 0 ? static_cast<size_t>(page.max_items) : kTablesPerPage;
    auto at = page.page_token.empty() ? names.begin() : std::upper_bound(names.begin(), names.end(), page.page_token);
    for (; at != names.end() && made.tables.size() < limit; ++at) made.tables.push_back({database, *at});
    if (at != names.end()) made.next_page = made.tables.back().table;
    return made;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_ASSIGN_OR_RETURN(const Supplement supplement, FindSupplement(ctx, name));
    if (supplement.table) {
      TableInfo info = Info(name);  // the name that was asked for: only the view text is used
      info.schema = supplement.table->schema;
      info.properties = supplement.table->parameters;
      return info;
    }
    Result<TableInfo> native = NativeByAnyCase(ctx, name);
    if (native.ok() && !supplement.note.empty()) native->notes.push_back(supplement.note);
    return native;
  }

  Result<TableInfo> NativeByAnyCase(const CallContext& ctx, const TableName& name) {
    Result<TableInfo> exact = Native(ctx, name);
    if (exact.ok() || (exact.status().code() != StatusCode::kInvalid && exact.status().code() != StatusCode::kNotFound)) return exact;
    // The service knows no such table; which code it says that with depends on what is missing.
    LOTIC_ASSIGN_OR_RETURN(const std::string database, ResolveDatabase(ctx, name.schema));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> tables, Tables(ctx, database));
    LOTIC_ASSIGN_OR_RETURN(const size_t index, ResolveName("table", name.table, tables));
    if (TableName{database, tables[index]} == name) return exact;
    return Native(ctx, {database, tables[index]});
  }

  PassthroughFunction Passthrough() const override { return {"system", "query", {kQueryArgument}, {}}; }

  Result<TableInfo> DescribeQuery(const CallContext& ctx, const std::map<std::string, std::string>& arguments) override {
    LOTIC_ASSIGN_OR_RETURN(const std::string query, QueryOf(arguments));
    TableInfo info = Info({"system", "query"});
    LOTIC_ASSIGN_OR_RETURN(info.schema, QuerySchema(ctx, query));
    info.properties = {{"query", query}};
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("planning a Timestream scan"));
    const std::string where = "table " + request.table.ToString() + ": ";
    if (request.unbounded) return Status::Invalid(where, "Timestream has no feed, so that it cannot be read endlessly");
    if (request.as_of_ms) return Status::Invalid(where, "AT (TIMESTAMP): Timestream keeps no snapshots; filter by time instead");
    if (request.start.kind != ScanStart::Kind::kEarliest) return Status::Invalid(where, "Timestream has no positions to begin at; filter by time instead");
    if (!request.token.empty()) LOTIC_RETURN_NOT_OK(CheckToken(request));
    SplitText text;
    std::string without_glue;  // why, where a supplemental table may exist that is not seen
    if (!request.arguments.empty()) {
      LOTIC_ASSIGN_OR_RETURN(text.source.passthrough, QueryOf(request.arguments));
      LOTIC_ASSIGN_OR_RETURN(const Schema schema, QuerySchema(ctx, text.source.passthrough));
      for (const Field& field : schema.fields) text.columns.push_back(field.name);
    } else {
      LOTIC_ASSIGN_OR_RETURN(const Supplement supplement, FindSupplement(ctx, request.table));
      without_glue = supplement.note;
      text.source = supplement.table ? supplement.table->source : QuerySource{request.table.schema, request.table.table, "", ""};
    }
    LOTIC_ASSIGN_OR_RETURN(const QueryPlan plan, PlanQuery(request, text.source, options_.dialect));
    Prepared made;
    made.token = TokenOf(request.table);
    made.report = plan.report;
    made.estimate.source = "none: Timestream does not tell before a query has run";
    made.estimate.table_partitions = 1;
    if (plan.nothing) made.estimate.exact_rows = 0;
    made.attributes = {{"database", request.table.schema}, {"table", request.table.table}, {"query", plan.text}};
    if (!without_glue.empty()) made.attributes.emplace_back("note", without_glue);
    LayoutPartition partition;
    partition.properties = text.ToProperties();
    if (plan.nothing) {
      made.left_out.push_back(UnreadSplit(request));
    } else {
      made.partitions.push_back(std::move(partition));
    }
    return made;
  }

  Result<SplitPage> Splits(const CallContext&, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(CheckToken(request));
    size_t at = 0;
    const auto parsed = std::from_chars(page.page_token.data(), page.page_token.data() + page.page_token.size(), at);
    if (!page.page_token.empty() && (parsed.ec != std::errc() || at > partitions.size())) {
      return Status::Invalid("page token '", page.page_token.substr(0, 40), "' is not one of these splits");
    }
    SplitPage made;
    const size_t limit = page.max_items > 0 ? static_cast<size_t>(page.max_items) : partitions.size();
    for (; at < partitions.size() && made.splits.size() < limit; ++at) {
      LOTIC_ASSIGN_OR_RETURN(const SplitText text, SplitText::Parse(partitions[at].properties));
      LOTIC_ASSIGN_OR_RETURN(const QueryPlan plan, PlanQuery(request, text.source, options_.dialect));
      Split split;
      split.partition = request.table.ToString();
      split.start = {kStart};
      split.end = Position{kEnd};
      split.properties = text.ToProperties();
      split.residual = plan.residual;
      made.splits.push_back(std::move(split));
    }
    if (at < partitions.size()) made.next_page = std::to_string(at);
    return made;
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext&, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(CheckToken(request));
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<TimestreamReader> reader, TimestreamReader::Make(client_, request, options_.dialect, options_.page_rows, splits));
    return std::unique_ptr<Reader>(std::move(reader));
  }

 private:
  template <typename T>
  static Result<T> Sourced(Result<T> result) {
    return result.ok() ? std::move(result) : Result<T>(aws::ToSourceStatus(result.status()));
  }

  static SplitCertificate UnreadSplit(const ScanRequest& request) {
    SplitCertificate left;
    left.partition = request.table.ToString();
    left.planned_start = left.read_start = {kStart};
    left.read_end = {kEnd};
    left.planned_end = Position{kEnd};
    left.complete = true;
    left.reason = EndReason::kPruned;
    return left;
  }

  static TableInfo Info(TableName name) {
    TableInfo info;
    info.name = std::move(name);
    info.snapshot = SnapshotKind::kNone;
    info.dense_positions = false;
    info.durable_positions = false;
    info.roles = {Role::kBoundedScan, Role::kRemotePlanner};
    return info;
  }

  Result<std::vector<std::string>> Databases(const CallContext& ctx) {
    const MonoTime now = client_->clock().Now();
    if (auto found = names_.Find("", now, options_.cache_time)) return *found;
    LOTIC_ASSIGN_OR_RETURN(std::vector<std::string> names, Sourced(client_->ListDatabases(ctx)));
    names_.Keep("", now, names);
    return names;
  }
  Result<std::vector<std::string>> Tables(const CallContext& ctx, const std::string& database) {
    const MonoTime now = client_->clock().Now();
    if (auto found = names_.Find(database, now, options_.cache_time)) return *found;
    LOTIC_ASSIGN_OR_RETURN(std::vector<std::string> names, Sourced(client_->ListTables(ctx, database)));
    names_.Keep(database, now, names);
    return names;
  }
  Result<std::string> ResolveDatabase(const CallContext& ctx, const std::string& name) {
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> databases, Databases(ctx));
    LOTIC_ASSIGN_OR_RETURN(const size_t index, ResolveName("database", name, databases));
    return databases[index];
  }

  /// All pages of a small query, as rows of `layout`.
  Result<std::vector<Batch>> Run(const CallContext& ctx, const std::string& query, const Schema& layout) {
    std::vector<int> targets;
    std::vector<std::string> names;
    for (const Field& field : layout.fields) {
      targets.push_back(static_cast<int>(targets.size()));
      names.push_back(field.name);
    }
    const auto schema = std::make_shared<const Schema>(layout);
    PageParser parser(schema, targets, names);
    PageFetcher fetcher(client_, ctx, query, 0);
    std::vector<Batch> batches;
    std::string query_id;
    const auto stopped = [&](const Status& status) {
      if (!query_id.empty()) client_->CancelLater(query_id);
      return status.WithMessage("timestream Query (", query, "): ", status.message());
    };
    for (int pages = 0; pages < kMaxSmallPages; ++pages) {
      const Result<std::optional<PageFetcher::Page>> page = Sourced(fetcher.Next(ctx));
      if (!page.ok()) return stopped(page.status());
      BatchBuilder rows(schema);
      const Result<QueryPage> parsed = parser.Parse((*page)->text, &rows);
      if (!parsed.ok()) return stopped(parsed.status());
      query_id = parsed->query_id;
      if (parsed->rows > 0) batches.push_back(rows.Finish(parsed->rows));
      if ((*page)->next_token.empty()) return batches;
    }
    return stopped(Status::CapacityError("more than ", kMaxSmallPages, " pages"));
  }

  struct Supplement {
    std::optional<SupplementalTable> table;
    std::string note;  // why Glue could not be asked
  };
  /// What Glue says of a name. A Glue that refuses this caller, or that is not there, is not asked again for a while; DESCRIBE and the certificate say so.
  /// Errors: what kept Glue from answering.
  Result<Supplement> FindSupplement(const CallContext& ctx, const TableName& name) {
    if (glue_ == nullptr) return Supplement();
    const MonoTime now = client_->clock().Now();
    const std::string key = QuoteName(name.schema) + "." + QuoteName(name.table);
    if (auto found = supplements_.Find(key, now, options_.cache_time)) return *found;
    if (auto found = supplements_.Find("", now, options_.cache_time)) return *found;  // the failure of another look-up
    Result<std::optional<SupplementalTable>> answer = glue_->Find(ctx, name.schema, name.table);
    LOTIC_RETURN_NOT_OK(ctx.Check("asking Glue for a table"));
    Supplement made;
    if (answer.ok()) {
      made.table = std::move(*answer);
      supplements_.Keep(key, now, made);
      return made;
    }
    // Without Glue a name may mean another table than with it: only a caller who may not ask it, or a service that has none, goes on.
    const aws::AwsError* refusal = aws::AwsError::From(answer.status());
    if (refusal == nullptr || (refusal->kind != aws::AwsErrorKind::kUnauthorized && refusal->kind != aws::AwsErrorKind::kNotBuilt)) {
      const bool asked = refusal == nullptr && aws::TransportError::From(answer.status()) == nullptr && answer.status().code() != StatusCode::kDeadlineExceeded;
      if (asked) return answer.status();  // Glue did answer: what it says of this table cannot be taken
      return answer.status().WithMessage(
          "asking Glue whether ", name.ToString(),
          " is a supplemental table (GLUE off in ATTACH, disable_glue under Athena, leaves Glue out): ", answer.status().message());
    }
    made.note = "Glue could not be asked for supplemental tables (GLUE off in ATTACH leaves it out): " + answer.status().message();
    supplements_.Keep("", now, made);
    return made;
  }

  /// A table by its exact name.
  Result<TableInfo> Native(const CallContext& ctx, const TableName& name) {
    const std::string key = QuoteName(name.schema) + "." + QuoteName(name.table);
    const MonoTime now = client_->clock().Now();
    if (auto found = tables_.Find(key, now, options_.cache_time)) return *found;
    LOTIC_ASSIGN_OR_RETURN(const std::vector<Batch> batches,
                           Run(ctx, "DESCRIBE " + key, {{{"column", Type::String(), {}}, {"type", Type::String(), {}}, {"attribute", Type::String(), {}}}}));
    TableInfo info = Info(name);
    for (const Batch& batch : batches) {
      for (int64_t row = 0; row < batch.num_rows(); ++row) {
        if (batch.column(0).IsNull(row) || batch.column(1).IsNull(row)) return Status::IOError("timestream DESCRIBE ", key, ": a column without name or type");
        if (info.schema.fields.size() >= kMaxColumns) return Status::CapacityError("timestream DESCRIBE ", key, ": more than ", kMaxColumns, " columns");
        const std::string column(batch.column(0).Text(row)), type(batch.column(1).Text(row));
        bool known = false;
        Field field{column, ScalarType(type, options_.time_precision, &known), {}};
        std::string lower = type;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        field.metadata[kSourceType] = known ? lower : "unknown";
        if (!batch.column(2).IsNull(row)) field.metadata[kAttribute] = std::string(batch.column(2).Text(row));
        if (!known) info.notes.push_back("column '" + column + "' has type " + type + ", which is not known: it is read as text");
        info.schema.fields.push_back(std::move(field));
      }
    }
    if (info.schema.fields.empty()) return Status::NotFound("table ", name.ToString(), " has no columns");
    tables_.Keep(key, now, info);
    return info;
  }

  Result<std::string> QueryOf(const std::map<std::string, std::string>& arguments) const {
    for (const auto& [name, value] : arguments) {
      if (name != kQueryArgument) return Status::Invalid("a Timestream query takes the argument ", kQueryArgument, ", not '", name, "'");
    }
    const auto at = arguments.find(kQueryArgument);
    if (at == arguments.end() || at->second.empty()) return Status::Invalid("a Timestream query needs the argument ", kQueryArgument);
    return CheckPassthrough(at->second);
  }

  /// Without running the query, where the service can say.
  Result<Schema> QuerySchema(const CallContext& ctx, const std::string& query) {
    const MonoTime now = client_->clock().Now();
    if (auto found = schemas_.Find(query, now, options_.cache_time)) return *found;
    std::vector<ColumnInfo> columns;
    bool known = false;
    if (!IsMetadataStatement(query)) {
      Result<TimestreamClient::Prepared> prepared = client_->PrepareQuery(ctx, query);
      const aws::AwsError* const error = aws::AwsError::From(prepared.status());
      // A role without timestream:PrepareQuery, or a stand-in without the operation: the columns come with the first rows, then.
      const bool not_there = error != nullptr && (error->kind == aws::AwsErrorKind::kNotBuilt || error->code == "AccessDeniedException");
      if (!prepared.ok() && !not_there) return aws::ToSourceStatus(prepared.status());
      known = prepared.ok();
      if (known) columns = std::move(prepared->columns);
    }
    if (!known) {
      LOTIC_ASSIGN_OR_RETURN(columns, FirstColumns(ctx, query));
    }
    LOTIC_ASSIGN_OR_RETURN(Schema schema, SchemaOf(columns, options_.time_precision));
    schemas_.Keep(query, now, schema);
    return schema;
  }

  /// Runs the query until an answer says what its columns are.
  Result<std::vector<ColumnInfo>> FirstColumns(const CallContext& ctx, const std::string& query) {
    PageParser parser;
    PageRequestBody body{query, RandomToken(), "", 1};
    std::string running;  // the query of an answer that was not the last
    const auto given_up = [&](Status status) {
      if (!running.empty()) client_->CancelLater(running);
      return status.WithMessage("timestream Query: ", status.message());
    };
    for (int pages = 0; pages < kMaxSmallPages; ++pages) {
      const Result<aws::JsonAnswer> answer = Sourced(client_->Query(ctx, body));
      if (!answer.ok()) {
        if (!running.empty()) client_->CancelLater(running);
        return answer.status();
      }
      Result<QueryPage> page = parser.Parse(answer->body, nullptr);
      if (!page.ok()) return given_up(page.status());
      running = page->next_token.empty() ? "" : page->query_id;
      if (!page->columns.empty()) {
        if (!running.empty()) client_->CancelLater(running);
        return std::move(page->columns);
      }
      if (page->next_token.empty()) return given_up(Status::IOError("no answer says what the columns of the query are"));
      if (page->next_token == body.next_token) return given_up(Status::IOError("the same page token twice"));
      body.client_token.clear();
      body.next_token = page->next_token;
    }
    return given_up(Status::CapacityError("none of ", kMaxSmallPages, " answers says what the columns of the query are"));
  }

  const TimestreamOptions options_;
  const std::shared_ptr<TimestreamClient> client_;  // readers share it
  Cache<std::vector<std::string>> names_;           // of databases ("") and of a database's tables
  Cache<TableInfo> tables_;
  const std::unique_ptr<GlueTables> glue_;  // null: never asked
  Cache<Supplement> supplements_;
  Cache<Schema> schemas_;  // of queries
};

}  // namespace

Status TimestreamOptions::Validate() const {
  if (time_precision == TimeUnit::kSecond) return Status::Invalid("time_precision: ms, us or ns");
  if (page_rows < 0 || page_rows > 1'000) return Status::Invalid("page_rows: ", page_rows, " is not between 1 and 1000");
  return Status::OK();
}

Result<std::shared_ptr<Connector>> MakeTimestreamConnector(aws::Session session, TimestreamOptions options) {
  LOTIC_RETURN_NOT_OK(options.Validate());
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<TimestreamClient> client, TimestreamClient::Create(session, options.client));
  std::unique_ptr<GlueTables> glue;
  if (options.glue) {
    LOTIC_ASSIGN_OR_RETURN(glue, GlueTables::Create(std::move(session), options.glue_endpoint, options.glue_catalog, options.time_precision));
  }
  return std::shared_ptr<Connector>(std::make_shared<Impl>(std::move(client), std::move(glue), std::move(options)));
}

}  // namespace lotic::timestream
