// SPDX-License-Identifier: Apache-2.0
#include "server/query_door.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "catalog/pinot_table_config.h"
#include "scan/certificate.h"
#include "server/controller.h"
#include "server/pinot_value.h"
#include "table/connector.h"
#include "table/tables.h"

namespace lotic::server {
namespace {

constexpr std::string_view kTypeSuffix = table::kRealtimeSuffix;
constexpr std::string_view kNoPages = "answers in pages (getCursor) are not built; the whole answer comes at once without it";

std::string Quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

Status NoTable(const std::string& name, const std::vector<std::string>& names) {
  std::string message = "there is no table " + name;
  const std::vector<std::string> near = NearestNames(name, names);
  for (size_t i = 0; i < near.size(); ++i) message += (i == 0 ? "; did you mean " : ", ") + near[i];
  return Status(StatusCode::kNotFound, message, std::make_shared<catalog::PinotErrorDetail>(catalog::PinotErrorCode::kTableMissing));
}

/// An error of a translated query before it runs. What the engine says of types that do not fit goes on with the signatures of its own functions.
Status OfPlanning(const Status& status) {
  const std::string& said = status.message();
  if (status.code() != StatusCode::kInvalid || said.find("No function matches") == std::string::npos) return status;
  return Status(StatusCode::kInvalid, "a function of the query does not take the types it is given: " + said.substr(0, said.find('\n')),
                std::make_shared<catalog::PinotErrorDetail>(catalog::PinotErrorCode::kQueryValidation));
}

/// The Pinot type that holds the values of a column of ours; nothing: none does.
std::optional<catalog::PinotType> PinotTypeOf(const Type& type) {
  switch (type.id()) {
    case TypeId::kBool: return catalog::PinotType::kBoolean;
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32: return catalog::PinotType::kInt;
    case TypeId::kInt64: return catalog::PinotType::kLong;
    case TypeId::kFloat32: return catalog::PinotType::kFloat;
    case TypeId::kFloat64: return catalog::PinotType::kDouble;
    case TypeId::kString: return catalog::PinotType::kString;
    case TypeId::kBinary: return catalog::PinotType::kBytes;
    case TypeId::kTimestamp: return catalog::PinotType::kTimestamp;
    default: return std::nullopt;
  }
}

}  // namespace

Result<QueryDoor::TablePtr> QueryDoor::ConnectorTable(const CallContext& ctx, const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const TableInfo info, options_.connector->GetTable(ctx, {table::kTablesSchema, name}));
  Table found;
  found.shown = found.raw = name;
  found.from = std::string(kTablesCatalog) + "." + Quoted(table::kTablesSchema) + "." + Quoted(name);
  found.schema.name = name;
  found.schema.column_null_handling = true;
  found.null_handling = true;
  for (const Field& column : info.schema.fields) {
    const auto type = PinotTypeOf(column.type);
    if (!type) continue;
    catalog::PinotField field;
    field.name = column.name;
    field.type = *type;
    field.default_null = *type == catalog::PinotType::kString    ? "null"
                         : *type == catalog::PinotType::kBytes   ? ""
                         : *type == catalog::PinotType::kBoolean ? "false"
                                                                 : "0";
    if (*type == catalog::PinotType::kTimestamp) field.default_null = "1970-01-01 00:00:00.0";
    found.schema.fields.push_back(std::move(field));
  }
  return std::make_shared<const Table>(std::move(found));
}

Result<QueryDoor::TablePtr> QueryDoor::FindTable(const CallContext& ctx, const std::string& name) {
  std::string raw = name;
  if (raw.size() > kTypeSuffix.size() && EqualsIgnoringCase(std::string_view(raw).substr(raw.size() - kTypeSuffix.size()), kTypeSuffix))
    raw.resize(raw.size() - kTypeSuffix.size());
  std::vector<std::string> names = options_.tables->List();
  const auto exact = std::find(names.begin(), names.end(), raw);
  const auto at =
      exact != names.end() ? exact : std::find_if(names.begin(), names.end(), [&](const std::string& other) { return EqualsIgnoringCase(other, raw); });
  if (at == names.end()) {
    if (EqualsIgnoringCase(raw, table::kErrorsTable)) return ConnectorTable(ctx, table::kErrorsTable);
    names.emplace_back(table::kErrorsTable);
    return NoTable(name, names);
  }
  LOTIC_ASSIGN_OR_RETURN(std::string schema_document, options_.tables->SchemaDocument(*at));
  LOTIC_ASSIGN_OR_RETURN(std::string config_document, options_.tables->TableDocument(*at));
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(*at);
    if (known != known_.end() && known->second.schema_document == schema_document && known->second.config_document == config_document)
      return known->second.table;
  }
  LOTIC_ASSIGN_OR_RETURN(TablePtr table, ParseTable(*at, schema_document, config_document));
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMaxKnownTables) known_.clear();
  known_.insert_or_assign(*at, Known{std::move(schema_document), std::move(config_document), table});
  return table;
}

Result<QueryDoor::TablePtr> QueryDoor::ParseTable(const std::string& raw, const std::string& schema_document, const std::string& config_document) const {
  Table found;
  found.shown = found.raw = raw;
  found.realtime = true;
  found.from = std::string(kTablesCatalog) + "." + Quoted(table::kTablesSchema) + "." + Quoted(found.raw);
  LOTIC_ASSIGN_OR_RETURN(catalog::Parsed<catalog::PinotSchema> schema, catalog::ParsePinotSchema(schema_document));
  LOTIC_ASSIGN_OR_RETURN(const catalog::Parsed<catalog::PinotTableConfig> config, catalog::ParsePinotTableConfig(config_document, options_.variables));
  found.schema = std::move(schema.value);
  found.null_handling = config.value.null_handling;
  found.timeout_ms = config.value.query_timeout_ms;
  found.max_response_bytes = config.value.max_response_bytes;
  found.max_queries_per_second = config.value.max_queries_per_second;
  return std::make_shared<const Table>(std::move(found));
}

Status QueryDoor::Execute(const CallContext& ctx, const catalog::PinotTranslation& translation, const Table& found, const QueriedSegments& segments,
                          const AnswerForm& form, BrokerResponse* response) {
  LOTIC_ASSIGN_OR_RETURN(SessionPool::Lease session, options_.sessions->Take(ctx));
  std::vector<TableCertificate> certificates;
  const Status status = Execute(ctx, translation, form, &session.engine(), &certificates, response);
  session.Ended(status);
  if (status.ok()) {
    CountSegments(segments, certificates, response);
    response->entries_post_filter = response->docs_scanned * static_cast<int64_t>(translation.read.size());
  } else {  // so that the owner checks it now, and not when its turn comes
    for (const QueriedSegment* damaged : DamagedSegments(segments, certificates)) options_.tables->Suspect(found.raw, damaged->partition, damaged->sequence);
  }
  return status;
}

Status QueryDoor::Execute(const CallContext& ctx, const catalog::PinotTranslation& translation, const AnswerForm& form, sql::Engine* engine,
                          std::vector<TableCertificate>* certificates, BrokerResponse* response) {
  std::vector<CellWriter> writers;
  for (const catalog::PinotOutputColumn& column : translation.columns) {
    LOTIC_ASSIGN_OR_RETURN(CellWriter writer, CellWriter::For(column.type));
    writers.push_back(writer);
  }
  Result<std::unique_ptr<sql::QueryResult>> planned = engine->Execute(ctx, translation.sql);
  if (!planned.ok()) return OfPlanning(planned.status());
  const std::unique_ptr<sql::QueryResult> result = *std::move(planned);
  if (result->columns().size() != writers.size()) {
    return Status::UnknownError("internal error, please report it: the translated query has ", result->columns().size(), " columns instead of ",
                                writers.size());
  }
  std::string rows;
  int64_t num_rows = 0;
  for (;;) {
    const Result<sql::TextChunk> next = result->Next(ctx, sql::CellForm::kJson);
    if (!next.ok()) {
      *certificates = result->Certificates();
      return next.status();
    }
    const sql::TextChunk& chunk = *next;
    if (chunk.num_rows == 0) break;
    if (form.drop_results) continue;
    for (size_t r = 0; r < chunk.num_rows; ++r) {
      rows += num_rows + static_cast<int64_t>(r) == 0 ? "[" : ",[";
      for (size_t c = 0; c < writers.size(); ++c) {
        if (c > 0) rows.push_back(',');
        LOTIC_RETURN_NOT_OK(writers[c].Append(chunk.cells[c][r], &rows));
      }
      rows.push_back(']');
      if (static_cast<int64_t>(rows.size()) > form.most_bytes) {
        return Status::CapacityError("the rows of the answer have more than ", form.most_bytes, " bytes",
                                     form.most_bytes < kMaxAnswerBytes ? ", the limit of maxQueryResponseSizeBytes or maxServerResponseSizeBytes" : "",
                                     "; ask for fewer rows (LIMIT) or columns");
      }
    }
    num_rows += static_cast<int64_t>(chunk.num_rows);
  }
  *certificates = result->Certificates();
  // The one form of certificates, without the blanks that make it readable in a file.
  response->certificate =
      nlohmann::ordered_json::parse(CertificatesToJson(*certificates), nullptr, false).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  response->columns = translation.columns;
  response->rows = std::move(rows);
  response->num_rows = num_rows;
  return Status::OK();
}

QueriedSegments QueryDoor::LookAt(const Table& found) const {
  if (!found.realtime) return {};
  const auto view = options_.tables->View(found.raw);
  const auto status = options_.tables->GetStatus(found.raw);
  if (!view.ok() || !status.ok()) return {};
  return SegmentsOf(**view, status->partitions);
}

Result<QueryDoor::AnswerForm> QueryDoor::FormOf(const catalog::PinotQuery& query, const Table& found) {
  AnswerForm form;
  LOTIC_ASSIGN_OR_RETURN(form.drop_results, query.Truth("dropResults"));
  std::optional<int64_t> most;  // of the query, which goes before its table
  for (const std::string_view name : {"maxQueryResponseSizeBytes", "maxServerResponseSizeBytes"}) {
    LOTIC_ASSIGN_OR_RETURN(const std::optional<int64_t> bytes, query.PositiveNumber(name, "bytes"));
    if (bytes) most = std::min(*bytes, most.value_or(*bytes));
  }
  form.most_bytes = std::min(kMaxAnswerBytes, most.value_or(found.max_response_bytes.value_or(kMaxAnswerBytes)));
  return form;
}

Status QueryDoor::RunInto(const CallContext& ctx, const SqlRequest& request, BrokerResponse* response) {
  LOTIC_ASSIGN_OR_RETURN(const catalog::PinotQueryOptions given, catalog::ParsePinotOptions(request.options));
  LOTIC_ASSIGN_OR_RETURN(const catalog::PinotQuery query, catalog::ParsePinotQuery(request.sql, given));
  if (query.explain) {
    return Status(StatusCode::kNotImplemented, "EXPLAIN PLAN FOR is not built yet; `lotic --data DIR \"EXPLAIN …\"` shows what is read",
                  std::make_shared<catalog::PinotErrorDetail>(catalog::PinotErrorCode::kSqlParsing));
  }
  LOTIC_ASSIGN_OR_RETURN(const bool in_pages, query.Truth("getCursor"));
  if (in_pages)
    return Status(StatusCode::kNotImplemented, std::string(kNoPages), std::make_shared<catalog::PinotErrorDetail>(catalog::PinotErrorCode::kSqlParsing));
  if (!query.table.empty() && !IsDefaultDatabase(request.database)) {
    return Status(StatusCode::kNotFound, NoDatabase(request.database), std::make_shared<catalog::PinotErrorDetail>(catalog::PinotErrorCode::kTableMissing));
  }
  TablePtr table = std::make_shared<const Table>();  // of a query without FROM
  if (!query.table.empty()) {
    LOTIC_ASSIGN_OR_RETURN(table, FindTable(ctx, query.table));
    response->tables.push_back(table->shown);
  }
  const Table& found = *table;
  if (found.max_queries_per_second && !rates_.Take(found.raw, *found.max_queries_per_second, std::chrono::steady_clock::now())) {
    return Status::Throttled("table ", found.raw, " is asked more than ", *found.max_queries_per_second,
                             " times a second, its quota.maxQueriesPerSecond; ask again later");
  }
  catalog::PinotTranslateOptions options;
  options.from = found.from;
  options.now_ms = options_.clock->NowMs();
  options.default_limit = kDefaultLimit;
  options.basic_null_handling = found.null_handling;
  LOTIC_ASSIGN_OR_RETURN(const catalog::PinotTranslation translation, catalog::TranslatePinotQuery(query, found.schema, options));

  const int64_t wanted_ms = translation.timeout_ms.value_or(found.timeout_ms.value_or(kDefaultQueryTime.count()));
  const std::chrono::milliseconds time(std::clamp<int64_t>(wanted_ms, 1, kMaxQueryTime.count()));
  const CallContext limited = ctx.WithDeadline(std::chrono::steady_clock::now() + time);
  LOTIC_ASSIGN_OR_RETURN(const AnswerForm form, FormOf(query, found));
  const QueriedSegments segments = LookAt(found);
  const Status status = Execute(limited, translation, found, segments, form, response);
  if (status.code() == StatusCode::kDeadlineExceeded)
    return status.WithMessage("the query was not done within ", time.count(), " ms (timeoutMs): ", status.message());
  response->default_limit_applied = status.ok() && translation.default_limit_applied;
  return status;
}

BrokerResponse QueryDoor::Run(const CallContext& ctx, const SqlRequest& request) {
  const auto begun = std::chrono::steady_clock::now();
  BrokerResponse response;
  response.broker_id = options_.controller->broker_id();
  response.request_id = std::to_string(next_request_.fetch_add(1));
  const Status status = RunInto(ctx, request, &response);
  if (!status.ok()) {
    response.exceptions.push_back(ExceptionFor(status));
    exceptions_.fetch_add(1);
  }
  response.time_used_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count();
  queries_.fetch_add(1);
  docs_scanned_.fetch_add(response.docs_scanned);
  milliseconds_.fetch_add(response.time_used_ms);
  return response;
}

HttpResponse QueryDoor::Answer(const CallContext& ctx, const HttpRequest& request) {
  const auto parsed = ParseSqlRequest(request);
  if (!parsed.ok()) return ErrorResponse(parsed.status());
  if (parsed->cursor) return ErrorResponse(501, kNoPages);
  BrokerResponse answer = Run(ctx, *parsed);
  const std::string_view id = request.Header("x-correlation-id");
  if (!id.empty()) answer.client_request_id = std::string(id.substr(0, kMaxClientRequestId));
  HttpResponse response;
  response.body = answer.ToJson();
  const int code = answer.exceptions.empty() ? -1 : answer.exceptions.front().code;
  response.headers.emplace_back("X-Pinot-Error-Code", std::to_string(code));
  if (code != -1 && EqualsIgnoringCase(request.Header("pinot-use-http-status-for-errors"), "true")) response.status = HttpStatusForException(code);
  return response;
}

void QueryDoor::AddRoutes(Router* router) {
  const Handler answer = [this](const CallContext& ctx, const HttpRequest& request) { return Answer(ctx, request); };
  for (const char* path : {"/query/sql", "/query", "/sql"}) {
    for (const char* method : {"POST", "GET"}) router->Add({method, path, Access::kQuery, Lane::kQuery, answer});
  }
}

}  // namespace lotic::server
