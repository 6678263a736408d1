// SPDX-License-Identifier: Apache-2.0
#include "athena/metadata_handler.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "athena/athena_table.h"
#include "athena/passthrough.h"
#include "athena/request_scan.h"
#include "athena/spill_place.h"
#include "athena_protocol/ipc.h"
#include "aws/aws_error.h"
#include "lotic/batch_builder.h"
#include "lotic/partition_tokens.h"
#include "lotic/scan_json.h"
#include "lotic/table_properties.h"

namespace lotic::athena {
namespace {

constexpr int kMaxSplitsPerPage = 1000;
constexpr size_t kSplitOverheadBytes = 600;  // of one split's JSON beside what varies: location, key, names

// The columns that constraints name, as the connector has them: by the metadata in `schema`, else by what `table` says.
Result<Schema> ConstrainedColumns(const WireConstraints& constraints, const WireSchema& schema, const TableInfo& table) {
  Schema columns;
  const Schema known = VisibleColumns(table);
  for (const std::string& name : ColumnsNamedBy(constraints)) {
    std::optional<Field> field;
    if (const auto index = schema.IndexOf(name)) {
      LOTIC_ASSIGN_OR_RETURN(field, SourceField(schema.fields[*index]));
    }
    for (size_t i = 0; !field && i < known.fields.size(); ++i) {
      if (LowerCase(known.fields[i].name) == name) field = known.fields[i];
    }
    if (field) columns.fields.push_back(std::move(*field));  // a column that the table lacks filters nothing, as in the SDK
  }
  return columns;
}

// Of expressions that the layout was not told of the readers take care. They leave out no split, but a limit counts behind them.
WireConstraints Planned(WireConstraints constraints, const Schema& columns) {
  const auto unknown = [&](const WireExpression& expression) {
    const std::set<std::string> names = ColumnsNamedBy({.expressions = {expression}});
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::none_of(columns.fields.begin(), columns.fields.end(), [&](const Field& field) { return LowerCase(field.name) == name; });
    });
  };
  if (std::erase_if(constraints.expressions, unknown) > 0) constraints.limit = -1;
  return constraints;
}

// A place in the splits of a batch of partitions: the first row of those that are listed together, the connector's own page of them, and their snapshot.
struct SplitPlace {
  size_t row = 0;
  std::string page;
};
std::string MakeToken(const SplitPlace& place, const std::string& snapshot) {
  return nlohmann::ordered_json{{"row", place.row}, {"page", place.page}, {"snapshot", snapshot}}.dump();
}
Result<SplitPlace> PlaceOf(const std::string& token, const std::vector<std::string>& snapshots) {
  const auto json = nlohmann::json::parse(token, nullptr, false);
  if (!json.is_object() || !json.contains("row") || !json["row"].is_number_unsigned() || !json.contains("page") || !json["page"].is_string() ||
      !json.contains("snapshot") || !json["snapshot"].is_string()) {
    return Status::Invalid("continuation token '", token.substr(0, 100), "' of GetSplits is not one of ours");
  }
  const SplitPlace place{json["row"].get<size_t>(), json["page"].get<std::string>()};
  const std::string snapshot = json["snapshot"].get<std::string>();
  if (place.row >= snapshots.size() || snapshots[place.row] != snapshot) {
    return Status::Invalid("continuation token of GetSplits belongs to snapshot ", snapshot.substr(0, 200), " at partition ", place.row,
                           ", which the partitions of the request do not have");
  }
  return place;
}

// The text of an appended column in every row.
Result<std::vector<std::string>> AppendedColumn(const Block& partitions, std::string_view name) {
  const auto index = partitions.schema.IndexOf(name);
  const Column* column = index ? &partitions.rows.column(*index) : nullptr;
  if (column == nullptr || column->type.id() != TypeId::kString) {
    return Status::Invalid("GetSplits: the partitions have no text column ", name,
                           ", which GetTableLayout put there; a split is planned in the snapshot of its layout or not at all");
  }
  std::vector<std::string> texts;
  for (int64_t row = 0; row < partitions.rows.num_rows(); ++row) {
    if (column->IsNull(row) || column->Text(row).empty())
      return Status::Invalid("GetSplits: partition ", row, " has no ", name, "; GetTableLayout put one there");
    texts.emplace_back(column->Text(row));
  }
  return texts;
}

// A schema that is called as those of sources without schemas are (topics, streams) keeps its name: it is ours, and not the source's to be converted to.
bool IsOurs(std::string_view schema) { return LowerCase(schema) == "default"; }
// A suffix is the table's; of a schema alone nothing is told.
CasingMode SchemaCasing(CasingMode mode, std::string_view name) {
  if (mode == CasingMode::kAnnotation) return CasingMode::kUnset;
  return mode == CasingMode::kUpper && IsOurs(name) ? CasingMode::kLower : mode;
}

}  // namespace

Result<FederationResponse> MetadataHandler::Ping(const PingRequest& request) const {
  PingResponse response;
  response.catalog = request.catalog;
  response.query_id = request.query_id;
  response.source_type = parts_.connector->type_name();
  return response;
}

Result<FederationResponse> MetadataHandler::ListSchemas(const CallContext& ctx, const ListSchemasRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         invoker_.Invoke(ctx, "listing schemas", RowsWritten::kNotASplit, [&] { return parts_.connector->ListSchemas(ctx); }));
  ListSchemasResponse response{request.catalog, {}};
  for (const std::string& name : names) {
    std::string lower = LowerCase(name);
    if (std::find(response.schemas.begin(), response.schemas.end(), lower) == response.schemas.end()) {
      response.schemas.push_back(std::move(lower));
    } else {
      Warn(ctx, "", "schema '" + name + "' differs from another in case only; Athena sees one schema '" + lower + "'");
    }
  }
  return response;
}

Result<FederationResponse> MetadataHandler::ListTables(const CallContext& ctx, const ListTablesRequest& request) {
  if (request.page_size < -1 || request.page_size == 0) return Status::Invalid("ListTables: pageSize ", request.page_size, "; expected -1 (all) or at least 1");
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> schemas,
                         invoker_.Invoke(ctx, "listing schemas", RowsWritten::kNotASplit, [&] { return parts_.connector->ListSchemas(ctx); }));
  size_t schema = 0, end = schemas.size();  // without a name: all of them
  if (request.schema_name) {
    LOTIC_ASSIGN_OR_RETURN(schema, FindName(SchemaCasing(parts_.options.casing, *request.schema_name), "schema", *request.schema_name, schemas));
    end = schema + 1;
  }
  PageRequest page;
  if (request.next_token) {  // "schema/the connector's token"
    const size_t slash = request.next_token->find('/');
    const auto at = std::find(schemas.begin(), schemas.end(), request.next_token->substr(0, slash));
    if (slash == std::string::npos || at == schemas.end() || static_cast<size_t>(at - schemas.begin()) < schema ||
        static_cast<size_t>(at - schemas.begin()) >= end) {
      return Status::Invalid("ListTables: token '", request.next_token->substr(0, 100), "' is not one of this list");
    }
    schema = static_cast<size_t>(at - schemas.begin());
    page.page_token = request.next_token->substr(slash + 1);
  }
  ListTablesResponse response;
  response.catalog = request.catalog;
  std::set<TableName> listed;
  const auto full = [&] { return request.page_size > 0 && static_cast<int64_t>(response.tables.size()) >= request.page_size; };
  for (; schema < end; ++schema, page.page_token.clear()) {
    do {
      if (full()) {
        response.next_token = schemas[schema] + "/" + page.page_token;
        return response;
      }
      page.max_items =
          request.page_size > 0 ? static_cast<int>(std::min<int64_t>(request.page_size - static_cast<int64_t>(response.tables.size()), 1'000'000)) : 0;
      LOTIC_ASSIGN_OR_RETURN(TablePage tables, invoker_.Invoke(ctx, "listing tables", RowsWritten::kNotASplit,
                                                               [&] { return parts_.connector->ListTables(ctx, schemas[schema], page); }));
      for (const TableName& table : tables.tables) {
        TableName lower{LowerCase(table.schema), LowerCase(table.table)};
        if (listed.insert(lower).second) {
          response.tables.push_back(std::move(lower));
        } else {
          Warn(ctx, lower.ToString(), "table '" + table.ToString() + "' differs from another in case only; Athena sees one table '" + lower.ToString() + "'");
        }
      }
      page.page_token = std::move(tables.next_page);
    } while (!page.page_token.empty());
  }
  return response;
}

Result<FederationResponse> MetadataHandler::GetDataSourceCapabilities(const GetDataSourceCapabilitiesRequest& request) const {
  GetDataSourceCapabilitiesResponse response = DoorCapabilities(request.catalog);
  const QueryPassthrough* own = PassthroughOf(*parts_.connector, parts_.options);
  if (own != nullptr) Advertise(own->Passthrough(), &response);
  return FederationResponse(std::move(response));
}

Result<std::vector<std::string>> MetadataHandler::TablesOf(const CallContext& ctx, const std::string& schema, RowsWritten throttled) {
  std::vector<std::string> names;
  PageRequest page;
  do {
    LOTIC_ASSIGN_OR_RETURN(TablePage tables,
                           invoker_.Invoke(ctx, "listing tables", throttled, [&] { return parts_.connector->ListTables(ctx, schema, page); }));
    for (TableName& table : tables.tables) names.push_back(std::move(table.table));
    if (names.size() > kMaxNamesSearched)
      return Status::CapacityError("schema '", schema, "' has more than ", kMaxNamesSearched,
                                   " tables, too many to be searched by casing_mode CASE_INSENSITIVE_SEARCH");
    page.page_token = std::move(tables.next_page);
  } while (!page.page_token.empty());
  return names;
}

Result<TableName> MetadataHandler::SourceName(const CallContext& ctx, const TableName& table) {
  const CasingMode mode = parts_.options.casing;
  if (mode == CasingMode::kAnnotation) {
    if (!IsAnnotated(table.table)) return table;
    LOTIC_ASSIGN_OR_RETURN(TableName name, AnnotatedName(table));
    if (IsOurs(name.schema)) name.schema = LowerCase(name.schema);
    return name;
  }
  if (mode != CasingMode::kSearch) return TableName{Cased(SchemaCasing(mode, table.schema), table.schema), Cased(mode, table.table)};
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> schemas,
                         invoker_.Invoke(ctx, "listing schemas", RowsWritten::kNotASplit, [&] { return parts_.connector->ListSchemas(ctx); }));
  LOTIC_ASSIGN_OR_RETURN(const size_t schema, FindName(mode, "schema", table.schema, schemas));
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, TablesOf(ctx, schemas[schema], RowsWritten::kNotASplit));
  LOTIC_ASSIGN_OR_RETURN(const size_t found, FindName(mode, "table", table.table, names));
  return TableName{schemas[schema], names[found]};
}

void MetadataHandler::Warn(const CallContext& ctx, const std::string& table, const std::string& message) {
  if (warned_.size() < kMaxWarnings && warned_.insert(message).second) parts_.log->Warn({ctx.identity.query_id, table, message});
}

void MetadataHandler::WarnOfHidden(const CallContext& ctx, const TableInfo& table) {
  const std::string name = table.name.ToString();
  const auto warn = [&](const std::string& other) {
    Warn(ctx, name, "table '" + other + "' differs from '" + table.name.table + "' in case only and is hidden by it");
  };
  if (const auto told = table.properties.find(kHiddenByCase); told != table.properties.end()) return warn(told->second);
  if (looked_.size() >= kMaxWarnings || !looked_.insert(name).second) return;
  const auto time = std::min(kHiddenLookTime, ctx.Remaining(4 * kHiddenLookTime) / 4);
  const Result<std::vector<std::string>> names = TablesOf(ctx.WithDeadline(std::chrono::steady_clock::now() + time), table.name.schema, RowsWritten::kNone);
  if (!names.ok()) {
    looked_.erase(name);  // the table itself is answered; next time
    return;
  }
  for (const std::string& other : OthersByCase(table.name.table, *names)) warn(other);
}

Result<TableInfo> MetadataHandler::Describe(const CallContext& ctx, const TableName& table, const std::vector<std::pair<std::string, std::string>>& passthrough,
                                            std::map<std::string, std::string>* arguments) {
  if (passthrough.empty()) {
    LOTIC_ASSIGN_OR_RETURN(const TableName source, SourceName(ctx, table));
    LOTIC_ASSIGN_OR_RETURN(TableInfo info, invoker_.Invoke(ctx, "describing table " + table.ToString(), RowsWritten::kNotASplit,
                                                           [&] { return parts_.connector->GetTable(ctx, source); }));
    const CasingMode mode = parts_.options.casing;
    if (mode != CasingMode::kUnset && (mode != CasingMode::kAnnotation || IsAnnotated(table.table))) {  // the connector resolves as if nothing had been said
      LOTIC_RETURN_NOT_OK(FindName(CasingMode::kNone, "schema", source.schema, {info.name.schema}).status());
      LOTIC_RETURN_NOT_OK(FindName(mode, "table", source.table, {info.name.table}).status());
    }
    return info;
  }
  QueryPassthrough* own = PassthroughOf(*parts_.connector, parts_.options);
  if (own == nullptr) return NoPassthrough(table);
  LOTIC_ASSIGN_OR_RETURN(*arguments, PassthroughArguments(own->Passthrough(), passthrough));
  return invoker_.Invoke(ctx, "describing a query of " + SignatureOf(own->Passthrough()), RowsWritten::kNotASplit,
                         [&] { return own->DescribeQuery(ctx, *arguments); });
}

Result<FederationResponse> MetadataHandler::GetTable(const CallContext& ctx, const GetTableRequest& request) {
  std::map<std::string, std::string> arguments;
  LOTIC_ASSIGN_OR_RETURN(const TableInfo table, Describe(ctx, request.table, request.passthrough, &arguments));
  if (std::find(table.roles.begin(), table.roles.end(), Role::kRemotePlanner) == table.roles.end()) {
    return Status::NotImplemented("table ", table.name.ToString(), ": it cannot be planned in one process and read in another, as Athena does");
  }
  LOTIC_ASSIGN_OR_RETURN(GetTableResponse response, DescribeTable(table, request.catalog, request.table));
  if (request.passthrough.empty()) WarnOfHidden(ctx, table);
  if (!request.passthrough.empty()) response.partition_columns.clear();  // of a query the engine knows none
  return FederationResponse(std::move(response));
}

Result<FederationResponse> MetadataHandler::GetTableLayout(const CallContext& ctx, const GetTableLayoutRequest& request) {
  TableReference table;
  LOTIC_ASSIGN_OR_RETURN(const TableInfo info, Describe(ctx, request.table, request.constraints.passthrough, &table.arguments));
  table.name = info.name;
  table.dense_positions = info.dense_positions;
  table.durable_positions = info.durable_positions;
  for (const std::string& name : info.partition_columns) {
    const auto own = info.schema.IndexOf(name), hidden = info.hidden.IndexOf(name);
    if (!own && !hidden)
      return Status::UnknownError(parts_.connector->type_name(), ": partition column '", name, "' of ", info.name.ToString(), " is no column");
    table.partition_columns.fields.push_back(own ? info.schema.fields[*own] : info.hidden.fields[*hidden]);
  }
  LOTIC_ASSIGN_OR_RETURN(table.columns, ConstrainedColumns(request.constraints, request.schema, info));
  LOTIC_ASSIGN_OR_RETURN(const RequestScan scan, MakeRequestScan(table, request.constraints, parts_.options.policy));
  LOTIC_ASSIGN_OR_RETURN(const Prepared plan, invoker_.Invoke(ctx, "planning table " + table.name.ToString(), RowsWritten::kNotASplit,
                                                              [&] { return parts_.connector->Prepare(ctx, scan.scan); }));

  // The partition columns that are asked for, bare, then what we need back.
  WireSchema wire;
  std::vector<size_t> sources;  // where in LayoutPartition::values
  for (const std::string& name : request.partition_columns) {
    const auto index = request.schema.IndexOf(name);
    if (!index) return Status::Invalid("GetTableLayout: partition column '", name, "' is not in the schema of the request");
    const WireField& field = request.schema.fields[*index];
    const auto source =
        std::find_if(info.partition_columns.begin(), info.partition_columns.end(), [&](const std::string& column) { return LowerCase(column) == name; });
    if (source == info.partition_columns.end()) return Status::Invalid("GetTableLayout: column '", name, "' is no partition column of ", table.name.ToString());
    sources.push_back(static_cast<size_t>(source - info.partition_columns.begin()));
    wire.fields.push_back({field.name, true, field.type});
  }
  const size_t asked = wire.fields.size();
  for (const std::string_view name : {kSnapshotColumn, kPartitionColumn, kTableColumn}) wire.fields.push_back({std::string(name), true, {WireKind::kUtf8}});
  LOTIC_ASSIGN_OR_RETURN(Schema logical, LogicalSchema(wire));
  BatchBuilder builder(std::make_shared<const Schema>(std::move(logical)));
  const std::string reference = ToJson(table);
  std::vector<std::string> tokens;  // one for all, or one each
  if (auto* own = dynamic_cast<PartitionTokens*>(parts_.connector.get())) {
    LOTIC_ASSIGN_OR_RETURN(tokens, own->TokensOf(plan.token, plan.partitions));
    if (tokens.size() != plan.partitions.size())
      return Status::UnknownError(parts_.connector->type_name(), ": ", tokens.size(), " tokens of ", plan.partitions.size(), " partitions");
  }
  int64_t bytes = 0, rows = 0;
  for (const LayoutPartition& partition : plan.partitions) {
    const std::string& token = tokens.empty() ? plan.token : tokens[static_cast<size_t>(rows)];
    const std::string json = lotic::ToJson(partition, info);
    for (size_t c = 0; c < asked; ++c) {
      if (sources[c] >= partition.values.size())
        return Status::UnknownError(parts_.connector->type_name(), ": a partition with ", partition.values.size(), " values");
      AppendScalar(partition.values[sources[c]], &builder.column(c));
    }
    builder.column(asked).AppendBytes(token);
    builder.column(asked + 1).AppendBytes(json);
    builder.column(asked + 2).AppendBytes(reference);
    ++rows;
    bytes += static_cast<int64_t>(token.size() + json.size() + reference.size() + 16);
    if (bytes > kMaxLayoutBytes) {
      return Status::CapacityError("table ", table.name.ToString(), ": the layout of its ", plan.partitions.size(), " partitions takes more than ",
                                   kMaxLayoutBytes, " bytes, which is what fits into an answer of Lambda; constrain ",
                                   info.partition_columns.empty() ? "the query" : info.partition_columns[0]);
    }
  }
  GetTableLayoutResponse response{request.catalog, request.table, {wire, builder.Finish(rows)}};
  // Only the real partition columns are constrained, as in the SDK: the summary speaks of columns by name, and ours are none of the table's.
  std::vector<uint8_t> keep;
  WireConstraints of_partitions;
  for (const auto& [name, set] : request.constraints.summary) {
    const auto index = wire.IndexOf(name);
    if (index && *index < asked) of_partitions.summary.emplace_back(name, set);
  }
  LOTIC_RETURN_NOT_OK(EvaluateSummary(of_partitions, response.partitions, &keep));
  std::vector<int64_t> kept;
  for (size_t row = 0; row < keep.size(); ++row) {
    if (keep[row] != 0) kept.push_back(static_cast<int64_t>(row));
  }
  if (kept.size() != keep.size()) response.partitions.rows = response.partitions.rows.Take(kept);
  return response;
}

Status MetadataHandler::CheckSpillBucket(const CallContext& ctx, const std::function<Result<SpillStore*>()>& store) {
  const std::string& bucket = parts_.options.spill_bucket;
  if (bucket.empty() || bucket_checked_) return bucket_refused_;
  LOTIC_ASSIGN_OR_RETURN(SpillStore * opened, store());
  const Status found = spill_invoker_.Invoke(ctx, "looking at the bucket", RowsWritten::kNotASplit, [&] { return opened->CheckBucket(ctx, bucket); });
  if (found.ok()) {
    bucket_checked_ = true;
  } else if (found.code() == StatusCode::kNotFound || found.code() == StatusCode::kUnauthorized) {
    bucket_checked_ = true;
    bucket_refused_ = Status::Invalid("spill_bucket ", bucket, ": ", found.message());
    return bucket_refused_;
  } else {
    // What S3 itself says beside that counts as a refusal, as in the SDK; that nobody could be reached, or not in time, is none, and asked again it may go well.
    const bool refused = aws::AwsError::From(found) != nullptr && found.code() != StatusCode::kThrottled;
    return Status(refused ? StatusCode::kUnauthorized : found.code(), "spill_bucket " + bucket + " could not be looked at: " + found.message(), found.detail());
  }
  return Status::OK();
}

Result<SplitPage> MetadataHandler::SplitsOf(const CallContext& ctx, const ScanRequest& scan, std::span<const LayoutPartition> partitions,
                                            const PageRequest& page) {
  return invoker_.Invoke(ctx, "listing the splits of " + scan.table.ToString(), RowsWritten::kNotASplit,
                         [&] { return parts_.connector->Splits(ctx, scan, partitions, page); });
}

Result<FederationResponse> MetadataHandler::GetSplits(const CallContext& ctx, const GetSplitsRequest& request,
                                                      const std::function<Result<SpillStore*>()>& store) {
  LOTIC_RETURN_NOT_OK(CheckSpillBucket(ctx, store));
  GetSplitsResponse response;
  response.catalog = request.catalog;
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> snapshots, AppendedColumn(request.partitions, kSnapshotColumn));
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> rows, AppendedColumn(request.partitions, kPartitionColumn));
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> tables, AppendedColumn(request.partitions, kTableColumn));
  if (rows.empty()) return response;
  for (size_t row = 1; row < rows.size(); ++row) {
    if (tables[row] != tables[0]) return Status::Invalid("GetSplits: partitions 0 and ", row, " come from two layouts");
  }
  LOTIC_ASSIGN_OR_RETURN(const TableReference table, TableReferenceFromJson(tables[0]));
  LOTIC_ASSIGN_OR_RETURN(RequestScan scan, MakeRequestScan(table, Planned(request.constraints, table.columns), parts_.options.policy));
  TableInfo info;  // as much of it as reading a partition takes: no question to the source
  info.name = table.name;
  info.schema = table.partition_columns;
  for (const Field& field : table.partition_columns.fields) info.partition_columns.push_back(field.name);
  std::vector<LayoutPartition> partitions;
  for (const std::string& json : rows) {
    LOTIC_ASSIGN_OR_RETURN(LayoutPartition partition, LayoutPartitionFromJson(json, info));
    partitions.push_back(std::move(partition));
  }
  SplitPlace at;
  if (request.continuation_token) {
    LOTIC_ASSIGN_OR_RETURN(at, PlaceOf(*request.continuation_token, snapshots));
  }
  LOTIC_ASSIGN_OR_RETURN(const SpillPlace place, SpillPlace::Of(parts_.options, request));
  size_t bytes = 0;
  for (int at_most = kMaxSplitsPerPage; at.row < rows.size();) {
    const std::string& snapshot = snapshots[at.row];
    size_t end = at.row + 1;  // rows with one token are listed together
    while (end < rows.size() && snapshots[end] == snapshot) ++end;
    scan.scan.token = snapshot;
    const size_t shared_bytes = kSplitOverheadBytes + snapshot.size() + tables[0].size();
    const PageRequest page{at.page, static_cast<int>(std::clamp<size_t>(kMaxSplitPageBytes / shared_bytes, 1, static_cast<size_t>(at_most)))};
    LOTIC_ASSIGN_OR_RETURN(SplitPage splits, SplitsOf(ctx, scan.scan, std::span(partitions).subspan(at.row, end - at.row), page));
    std::vector<std::string> texts;
    size_t page_bytes = 0;
    for (const Split& split : splits.splits) {
      texts.push_back(lotic::ToJson(split, scan.scan.layout));
      page_bytes += shared_bytes + 2 * texts.back().size();  // quotes and backslashes are doubled
    }
    if (bytes + page_bytes > kMaxSplitPageBytes) {
      if (!response.splits.empty()) break;  // this page is asked for again
      if (splits.splits.size() > 1) {
        at_most = std::max(1, static_cast<int>(splits.splits.size() / 2));
        continue;
      }
    }
    bytes += page_bytes;
    for (std::string& text : texts) {
      WireSplit split;
      LOTIC_ASSIGN_OR_RETURN(split.spill_location, place.NewLocation());
      if (parts_.options.encrypt_spill && split.spill_location) {
        LOTIC_ASSIGN_OR_RETURN(split.encryption_key, MakeEncryptionKey());
      }
      split.properties = {{std::string(kSnapshotColumn), snapshot}, {std::string(kTableColumn), tables[0]}, {std::string(kSplitProperty), std::move(text)}};
      response.splits.push_back(std::move(split));
    }
    at.page = std::move(splits.next_page);
    if (at.page.empty()) at.row = end;
    if (bytes >= kMaxSplitPageBytes / 2 || response.splits.size() >= static_cast<size_t>(kMaxSplitsPerPage)) break;
  }
  if (at.row < rows.size()) response.continuation_token = MakeToken(at, snapshots[at.row]);
  return response;
}

}  // namespace lotic::athena
