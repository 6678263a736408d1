// SPDX-License-Identifier: Apache-2.0
#include "server/query_door.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "catalog/pinot_table_config.h"
#include "scan/certificate.h"
#include "server/controller.h"
#include "server/pinot_value.h"
#include "table/connector.h"
#include "table/table_view.h"
#include "table/tables.h"

namespace lotic::server {
namespace {

constexpr std::string_view kTypeSuffix = table::kRealtimeSuffix;

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
  return std::make_shared<const Table>(std::move(found));
}

Status QueryDoor::Execute(const CallContext& ctx, const catalog::PinotTranslation& translation, const Segments& segments, bool drop_results,
                          BrokerResponse* response) {
  LOTIC_ASSIGN_OR_RETURN(SessionPool::Lease session, options_.sessions->Take(ctx));
  const Status status = Execute(ctx, translation, segments, drop_results, &session.engine(), response);
  session.Ended(status);
  return status;
}

Status QueryDoor::Execute(const CallContext& ctx, const catalog::PinotTranslation& translation, const Segments& segments, bool drop_results,
                          sql::Engine* engine, BrokerResponse* response) {
  std::vector<CellWriter> writers;
  for (const catalog::PinotOutputColumn& column : translation.columns) {
    LOTIC_ASSIGN_OR_RETURN(CellWriter writer, CellWriter::For(column.type));
    writers.push_back(writer);
  }
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<sql::QueryResult> result, engine->Execute(ctx, translation.sql));
  if (result->columns().size() != writers.size()) {
    return Status::UnknownError("internal error, please report it: the translated query has ", result->columns().size(), " columns instead of ",
                                writers.size());
  }
  std::string rows;
  int64_t num_rows = 0;
  for (;;) {
    LOTIC_ASSIGN_OR_RETURN(const sql::TextChunk chunk, result->Next(ctx, sql::CellForm::kJson));
    if (chunk.num_rows == 0) break;
    if (drop_results) continue;
    for (size_t r = 0; r < chunk.num_rows; ++r) {
      rows += num_rows + static_cast<int64_t>(r) == 0 ? "[" : ",[";
      for (size_t c = 0; c < writers.size(); ++c) {
        if (c > 0) rows.push_back(',');
        LOTIC_RETURN_NOT_OK(writers[c].Append(chunk.cells[c][r], &rows));
      }
      rows.push_back(']');
      if (rows.size() > kMaxAnswerBytes)
        return Status::CapacityError("the answer has more than ", kMaxAnswerBytes >> 20, " MiB; ask for fewer rows (LIMIT) or columns");
    }
    num_rows += static_cast<int64_t>(chunk.num_rows);
  }
  const std::vector<TableCertificate> certificates = result->Certificates();
  for (const TableCertificate& certificate : certificates) {
    for (const SplitCertificate& split : certificate.partitions) response->docs_scanned += split.rows;
  }
  CountSegments(segments, certificates, response);
  // The one form of certificates, without the blanks that make it readable in a file.
  response->certificate =
      nlohmann::ordered_json::parse(CertificatesToJson(certificates), nullptr, false).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  response->columns = translation.columns;
  response->rows = std::move(rows);
  response->num_rows = num_rows;
  response->entries_post_filter = response->docs_scanned * static_cast<int64_t>(translation.read.size());
  return Status::OK();
}

QueryDoor::Segments QueryDoor::LookAt(const Table& found) const {
  Segments segments;
  if (!found.realtime) return segments;
  const auto view = options_.tables->View(found.raw);
  const auto status = options_.tables->GetStatus(found.raw);
  if (!view.ok() || !status.ok()) return segments;
  segments.rows = (*view)->rows();
  std::map<int32_t, const table::PartitionStatus*> partitions;
  for (const table::PartitionStatus& partition : status->partitions) partitions[partition.partition] = &partition;
  for (const table::PartitionView& partition : (*view)->partitions()) {
    for (const table::SegmentInfo& info : partition.segments) {
      if (info.state == table::SegmentState::kDropped) continue;
      Segment segment{info.name, info.state == table::SegmentState::kConsuming, std::nullopt};
      const auto at = partitions.find(partition.partition);
      if (segment.consuming && at != partitions.end()) {
        const table::PartitionStatus& now = *at->second;
        // Caught up: as fresh as the stream's last word. Behind: as of the last record that was read.
        if (now.lag && *now.lag <= 0) {
          segment.fresh_ms = now.heard_ms;
        } else {
          segment.fresh_ms = now.newest_stream_ms ? now.newest_stream_ms : now.last_row_ms;
        }
      }
      segments.list.push_back(std::move(segment));
    }
  }
  return segments;
}

void QueryDoor::CountSegments(const Segments& segments, std::span<const TableCertificate> certificates, BrokerResponse* response) {
  std::set<std::string> read, matched;
  for (const TableCertificate& certificate : certificates) {
    for (const SplitCertificate& split : certificate.partitions) {
      if (split.reason != EndReason::kPruned) read.insert(split.partition);
      if (split.rows > 0) matched.insert(split.partition);
    }
  }
  response->total_docs = segments.rows;
  response->segments_queried = static_cast<int64_t>(segments.list.size());
  for (const Segment& segment : segments.list) {
    if (segment.consuming) ++response->consuming_queried;
    if (matched.count(segment.name) > 0) {
      ++response->segments_matched;
      if (segment.consuming) ++response->consuming_matched;
    }
    if (read.count(segment.name) == 0) continue;
    ++response->segments_processed;
    if (!segment.consuming) continue;
    ++response->consuming_processed;
    if (segment.fresh_ms && (response->freshness_ms == 0 || *segment.fresh_ms < response->freshness_ms)) response->freshness_ms = *segment.fresh_ms;
  }
  response->pruned_by_value = response->segments_queried - response->segments_processed;
}

Status QueryDoor::RunInto(const CallContext& ctx, const SqlRequest& request, BrokerResponse* response) {
  LOTIC_ASSIGN_OR_RETURN(const catalog::PinotQueryOptions given, catalog::ParsePinotOptions(request.options));
  LOTIC_ASSIGN_OR_RETURN(const catalog::PinotQuery query, catalog::ParsePinotQuery(request.sql, given));
  if (query.explain) {
    return Status(StatusCode::kNotImplemented, "EXPLAIN PLAN FOR is not built yet; `lotic --data DIR \"EXPLAIN …\"` shows what is read",
                  std::make_shared<catalog::PinotErrorDetail>(catalog::PinotErrorCode::kSqlParsing));
  }
  TablePtr table = std::make_shared<const Table>();  // of a query without FROM
  if (!query.table.empty()) {
    LOTIC_ASSIGN_OR_RETURN(table, FindTable(ctx, query.table));
    response->tables.push_back(table->shown);
  }
  const Table& found = *table;
  catalog::PinotTranslateOptions options;
  options.from = found.from;
  options.now_ms = options_.clock->NowMs();
  options.default_limit = kDefaultLimit;
  options.basic_null_handling = found.null_handling;
  LOTIC_ASSIGN_OR_RETURN(const catalog::PinotTranslation translation, catalog::TranslatePinotQuery(query, found.schema, options));

  const int64_t wanted_ms = translation.timeout_ms.value_or(found.timeout_ms.value_or(kDefaultQueryTime.count()));
  const std::chrono::milliseconds time(std::clamp<int64_t>(wanted_ms, 1, kMaxQueryTime.count()));
  const CallContext limited = ctx.WithDeadline(std::chrono::steady_clock::now() + time);
  const Segments segments = LookAt(found);
  const Status status = Execute(limited, translation, segments, query.Flag("dropresults"), response);
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
  if (parsed->cursor) return ErrorResponse(501, "answers in pages (getCursor) are not built; the whole answer comes at once without it");
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
