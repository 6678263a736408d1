// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/function_client.h"

#include <algorithm>
#include <condition_variable>
#include <random>
#include <set>

#include "athena_protocol/function_error.h"
#include "athena_protocol/message_json.h"
#include "connector/athena/answer_checks.h"
#include "lotic/source_error.h"

namespace lotic::athena_source {
namespace {

constexpr std::chrono::milliseconds kFirstPause{100};  // after a throttled call; doubled each time
constexpr int kOldestSerdeVersion = 2;

Status BadAnswer(const std::string& function, std::string_view request, const std::string& what) {
  return Status::IOError(function, " answered ", request, " with ", what).WithDetail(std::make_shared<SourceError>(false));
}

Status Contradiction(const std::string& function, std::string_view request, const Status& status) {
  return Status::DataLoss(function, ", ", request, ": ", status.message());
}

// Waits; false if the context ended first.
bool Pause(const CallContext& ctx, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const auto until = std::min(ctx.deadline, std::chrono::steady_clock::now() + time);
  (void)never.wait_until(lock, ctx.stop, until, [] { return false; });
  return !ctx.stop.stop_requested() && std::chrono::steady_clock::now() < ctx.deadline;
}

bool SameIgnoringCase(const std::string& a, const std::string& b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

Status ClientOptions::Validate() const {
  if (catalog.empty()) return Status::Invalid("the catalog needs a name");
  if (max_serde_version < kOldestSerdeVersion || max_serde_version > athena::kSerdeVersion) {
    return Status::Invalid("serde versions ", kOldestSerdeVersion, " to ", athena::kSerdeVersion, " are spoken, not ", max_serde_version);
  }
  if (max_block_bytes <= 0) return Status::Invalid("the size of a block must be more than 0, not ", max_block_bytes);
  if (max_inline_bytes < 0) return Status::Invalid("the size of an inline answer must not be negative: ", max_inline_bytes);
  if (call_time.count() <= 0) return Status::Invalid("the time of an invocation must be more than 0");
  return Status::OK();
}

Result<std::shared_ptr<FunctionClient>> FunctionClient::Make(std::shared_ptr<Invoker> metadata, std::shared_ptr<Invoker> records,
                                                             std::shared_ptr<SpillSource> spill, ClientOptions options) {
  LOTIC_RETURN_NOT_OK(options.Validate());
  std::shared_ptr<FunctionClient> client(new FunctionClient());
  client->metadata_.invoker = std::move(metadata);
  client->records_.invoker = std::move(records);
  client->spill_ = std::move(spill);
  client->options_ = std::move(options);
  return client;
}

Result<std::shared_ptr<FunctionClient>> FunctionClient::WithOptions(ClientOptions options) const {
  return Make(metadata_.invoker, records_.invoker, spill_, std::move(options));
}

athena::RequestBase FunctionClient::Base(const std::string& query_id) const { return {options_.identity, query_id, options_.catalog}; }

Result<athena::FederationResponse> FunctionClient::Exchanged(const CallContext& ctx, Peer& peer, const athena::FederationRequest& request, int version,
                                                             int64_t* answer_bytes) {
  const std::string_view kind = athena::MessageName(request);
  LOTIC_ASSIGN_OR_RETURN(const std::string json, athena::WriteRequest(request, version));
  if (static_cast<int64_t>(json.size()) > athena::kMaxRequestBytes) {
    return Status::CapacityError("the ", kind, " to ", peer.invoker->name(), " has ", json.size(), " bytes; Lambda takes at most ", athena::kMaxRequestBytes);
  }
  std::chrono::milliseconds pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    LOTIC_RETURN_NOT_OK(ctx.Check(std::string("waiting for the answer to ") + std::string(kind)));
    const CallContext call = ctx.WithDeadline(std::chrono::steady_clock::now() + options_.call_time);
    Result<Invoked> invoked = peer.invoker->Invoke(call, json);
    Status failure = invoked.status();
    if (invoked.ok()) {
      if (options_.observer) options_.observer({peer.invoker->name(), version, &request, json, invoked->payload, invoked->function_error});
      if (!invoked->function_error) {
        if (answer_bytes != nullptr) *answer_bytes += static_cast<int64_t>(invoked->payload.size());
        Result<athena::FederationResponse> response = athena::ParseResponse(invoked->payload, {});
        if (!response.ok()) return BadAnswer(peer.invoker->name(), kind, "what is no answer: " + response.status().message());
        return response;
      }
      const Result<athena::FunctionError> error = athena::ParseFunctionError(invoked->payload);
      if (!error.ok()) return BadAnswer(peer.invoker->name(), kind, "an error that cannot be read: " + error.status().message());
      const Status reported = athena::StatusOf(*error);
      failure = reported.WithMessage(peer.invoker->name(), " failed at ", kind, ": ", reported.message());
    }
    if (failure.code() != StatusCode::kThrottled || attempt == kMaxThrottledCalls) return failure;
    if (!Pause(ctx, pause)) return ctx.Check(std::string("waiting to repeat a throttled ") + std::string(kind));
    pause *= 2;
  }
}

Result<athena::PingResponse> FunctionClient::PingOf(const CallContext& ctx, Peer& peer, const std::string& query_id) {
  athena::PingRequest request;
  static_cast<athena::RequestBase&>(request) = Base(query_id);
  LOTIC_ASSIGN_OR_RETURN(athena::FederationResponse response, Exchanged(ctx, peer, request, options_.max_serde_version, nullptr));
  auto* pong = std::get_if<athena::PingResponse>(&response);
  if (pong == nullptr) return BadAnswer(peer.invoker->name(), "PingRequest", "a " + std::string(athena::MessageName(response)));
  return std::move(*pong);
}

Result<int> FunctionClient::VersionOf(const CallContext& ctx, Peer& peer, const std::string& query_id) {
  const std::lock_guard lock(peer.mutex);  // one Ping for all who come meanwhile
  if (peer.version) return *peer.version;
  LOTIC_ASSIGN_OR_RETURN(const athena::PingResponse pong, PingOf(ctx, peer, query_id));
  if (pong.serde_version < kOldestSerdeVersion) {
    return Status::NotImplemented(peer.invoker->name(), " speaks serde version ", pong.serde_version, " of Athena's protocol (one that names none speaks 1); ",
                                  "Lotic speaks ", kOldestSerdeVersion, " to ", athena::kSerdeVersion, ": build the connector with a newer SDK");
  }
  peer.version = std::min(options_.max_serde_version, pong.serde_version);
  return *peer.version;
}

template <typename Response>
Result<Response> FunctionClient::Ask(const CallContext& ctx, Peer& peer, const std::string& query_id, const athena::FederationRequest& request,
                                     int64_t* answer_bytes) {
  LOTIC_ASSIGN_OR_RETURN(const int version, VersionOf(ctx, peer, query_id));
  LOTIC_ASSIGN_OR_RETURN(athena::FederationResponse response, Exchanged(ctx, peer, request, version, answer_bytes));
  if (auto* wanted = std::get_if<Response>(&response)) return std::move(*wanted);
  return BadAnswer(peer.invoker->name(), athena::MessageName(request), "a " + std::string(athena::MessageName(response)));
}

Result<athena::PingResponse> FunctionClient::Ping(const CallContext& ctx, const std::string& query_id) { return PingOf(ctx, metadata_, query_id); }
Result<int> FunctionClient::SerdeVersion(const CallContext& ctx, const std::string& query_id) { return VersionOf(ctx, metadata_, query_id); }

Result<std::vector<std::string>> FunctionClient::ListSchemas(const CallContext& ctx, const std::string& query_id) {
  athena::ListSchemasRequest request;
  static_cast<athena::RequestBase&>(request) = Base(query_id);
  LOTIC_ASSIGN_OR_RETURN(auto response, Ask<athena::ListSchemasResponse>(ctx, metadata_, query_id, request));
  if (response.schemas.size() > kMaxListed)
    return Status::CapacityError(name(), " lists ", response.schemas.size(), " schemas; at most ", kMaxListed, " are taken");
  return std::move(response.schemas);
}

Result<athena::ListTablesResponse> FunctionClient::ListTables(const CallContext& ctx, const std::string& query_id, const std::string& schema,
                                                              const std::optional<std::string>& token, int64_t page_size) {
  athena::ListTablesRequest request;
  static_cast<athena::RequestBase&>(request) = Base(query_id);
  request.schema_name = schema;
  request.next_token = token;
  request.page_size = page_size;
  return Ask<athena::ListTablesResponse>(ctx, metadata_, query_id, request);
}

Result<std::vector<TableName>> FunctionClient::AllTables(const CallContext& ctx, const std::string& query_id, const std::string& schema) {
  std::vector<TableName> tables;
  std::set<std::string> tokens;
  std::optional<std::string> token;
  do {
    LOTIC_ASSIGN_OR_RETURN(athena::ListTablesResponse page, ListTables(ctx, query_id, schema, token, -1));
    for (TableName& table : page.tables) {
      if (!SameIgnoringCase(table.schema, schema))
        return Contradiction(name(), "ListTablesRequest", Status::DataLoss("schema \"", schema, "\" was asked for, and \"", table.ToString(), "\" came"));
      tables.push_back({schema, std::move(table.table)});
    }
    if (tables.size() > kMaxListed) return Status::CapacityError(name(), ": schema \"", schema, "\" lists more than ", kMaxListed, " tables");
    token = std::move(page.next_token);
    if (token && !tokens.insert(*token).second) {
      return Contradiction(name(), "ListTablesRequest",
                           Status::DataLoss("the page token \"", *token, "\" comes again: the listing of schema \"", schema, "\" would never end"));
    }
    if (tokens.size() > kMaxPages) return Status::CapacityError(name(), ": schema \"", schema, "\" is listed in more than ", kMaxPages, " pages");
  } while (token);
  std::sort(tables.begin(), tables.end());
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  return tables;
}

Result<RemoteTable> FunctionClient::GetTable(const CallContext& ctx, const std::string& query_id, const TableName& table) {
  athena::GetTableRequest request;
  static_cast<athena::RequestBase&>(request) = Base(query_id);
  request.table = table;
  LOTIC_ASSIGN_OR_RETURN(auto response, Ask<athena::GetTableResponse>(ctx, metadata_, query_id, request));
  const auto contradicts = [&](const Status& status) { return Contradiction(name(), "GetTableRequest", status); };
  if (!SameIgnoringCase(response.table.schema, table.schema) || !SameIgnoringCase(response.table.table, table.table)) {
    return contradicts(Status::DataLoss("table \"", table.ToString(), "\" was asked for, and \"", response.table.ToString(), "\" came"));
  }
  for (const std::string& column : response.partition_columns) {
    if (!response.schema.IndexOf(column))
      return contradicts(Status::DataLoss("the partition column \"", column, "\" of ", table.ToString(), " is not among its columns"));
  }
  for (size_t i = 0; i < response.schema.fields.size(); ++i) {
    if (response.schema.IndexOf(response.schema.fields[i].name) != i) {
      return contradicts(Status::DataLoss("table ", table.ToString(), " has two columns \"", response.schema.fields[i].name, "\""));
    }
  }
  return RemoteTable{response.table, std::move(response.schema), std::move(response.partition_columns)};
}

Result<std::vector<std::pair<std::string, std::vector<athena::Capability>>>> FunctionClient::Capabilities(const CallContext& ctx, const std::string& query_id) {
  LOTIC_ASSIGN_OR_RETURN(const int version, SerdeVersion(ctx, query_id));
  if (version < 4) return std::vector<std::pair<std::string, std::vector<athena::Capability>>>();
  athena::GetDataSourceCapabilitiesRequest request;
  static_cast<athena::RequestBase&>(request) = Base(query_id);
  LOTIC_ASSIGN_OR_RETURN(auto response, Ask<athena::GetDataSourceCapabilitiesResponse>(ctx, metadata_, query_id, request));
  return std::move(response.capabilities);
}

Result<athena::Block> FunctionClient::GetTableLayout(const CallContext& ctx, const std::string& query_id, const RemoteTable& table,
                                                     const athena::WireConstraints& constraints) {
  athena::GetTableLayoutRequest request;
  static_cast<athena::RequestBase&>(request) = Base(query_id);
  request.table = table.name;
  request.constraints = constraints;
  request.schema = table.schema;
  request.partition_columns = table.partition_columns;
  LOTIC_ASSIGN_OR_RETURN(auto response, Ask<athena::GetTableLayoutResponse>(ctx, metadata_, query_id, request));
  for (const std::string& column : table.partition_columns) {
    if (!response.partitions.schema.IndexOf(column)) {
      return Contradiction(name(), "GetTableLayoutRequest",
                           Status::DataLoss("the partitions of ", table.name.ToString(), " lack the partition column \"", column, "\""));
    }
  }
  return std::move(response.partitions);
}

Result<athena::GetSplitsResponse> FunctionClient::GetSplits(const CallContext& ctx, const std::string& query_id, const RemoteTable& table,
                                                            const athena::Block& partitions, const athena::WireConstraints& constraints,
                                                            const std::optional<std::string>& token) {
  athena::GetSplitsRequest request;
  static_cast<athena::RequestBase&>(request) = Base(query_id);
  request.table = table.name;
  request.partitions = partitions;
  request.partition_columns = table.partition_columns;
  request.constraints = constraints;
  request.continuation_token = token;
  LOTIC_ASSIGN_OR_RETURN(auto response, Ask<athena::GetSplitsResponse>(ctx, metadata_, query_id, request));
  if (token && response.continuation_token == token) {
    return Contradiction(name(), "GetSplitsRequest",
                         Status::DataLoss("the continuation token \"", *token, "\" comes again: the splits of ", table.name.ToString(), " would never end"));
  }
  std::vector<athena::WireSplit> distinct;
  std::set<std::string> seen;
  for (athena::WireSplit& split : response.splits) {
    std::string identity = split.spill_location ? split.spill_location->bucket + "\n" + split.spill_location->key : "";
    for (const auto& [key, value] : split.properties)
      identity += "\n" + std::to_string(key.size()) + ":" + key + "=" + std::to_string(value.size()) + ":" + value;
    if (split.encryption_key) identity += "\n" + split.encryption_key->key + split.encryption_key->nonce;
    if (seen.insert(std::move(identity)).second) distinct.push_back(std::move(split));
  }
  response.splits = std::move(distinct);
  return response;
}

Result<RecordAnswer> FunctionClient::ReadRecords(const CallContext& ctx, const std::string& query_id, const TableName& table, const athena::WireSchema& schema,
                                                 const athena::WireSplit& split, const athena::WireConstraints& constraints) {
  athena::ReadRecordsRequest request;
  static_cast<athena::RequestBase&>(request) = Base(query_id);
  request.table = table;
  request.schema = schema;
  request.split = split;
  request.constraints = constraints;
  request.max_block_size = options_.max_block_bytes;
  request.max_inline_block_size = options_.max_inline_bytes;
  Peer& peer = records();
  const std::string function = peer.invoker->name();
  LOTIC_ASSIGN_OR_RETURN(const int version, VersionOf(ctx, peer, query_id));
  RecordAnswer answer;
  LOTIC_ASSIGN_OR_RETURN(athena::FederationResponse response, Exchanged(ctx, peer, request, version, &answer.answer_bytes));
  if (auto* rows = std::get_if<athena::ReadRecordsResponse>(&response)) {
    answer.schema = rows->records.schema;
    answer.inline_rows = std::move(rows->records);
  } else if (auto* remote = std::get_if<athena::RemoteReadRecordsResponse>(&response)) {
    answer.schema = std::move(remote->schema);
    answer.blocks = std::move(remote->remote_blocks);
    answer.key = std::move(remote->encryption_key);
    const Status ordered = OrderSpilledBlocks(split, &answer.blocks);
    if (!ordered.ok()) return Contradiction(function, "ReadRecordsRequest", ordered);
  } else {
    return BadAnswer(function, "ReadRecordsRequest", "a " + std::string(athena::MessageName(response)));
  }
  const Status columns = CheckRecordSchema(schema, answer.schema);
  if (!columns.ok()) return Contradiction(function, "ReadRecordsRequest", columns);
  return answer;
}

Result<athena::Block> FunctionClient::ReadBlock(const CallContext& ctx, const RecordAnswer& answer, size_t index, int64_t* bytes) {
  LOTIC_CHECK(index < answer.num_blocks());
  if (answer.inline_rows) return *answer.inline_rows;
  const athena::SpillLocation& location = answer.blocks[index];
  if (spill_ == nullptr) {
    return Status::Invalid("the answer is spilled to ", location.bucket, "/", location.key, ", and no place to read it from is configured");
  }
  LOTIC_ASSIGN_OR_RETURN(const std::string object, spill_->Read(ctx, location));
  if (bytes != nullptr) *bytes += static_cast<int64_t>(object.size());
  Result<athena::Block> block = athena::DecodeSpillObject(object, answer.key, answer.schema);
  if (!block.ok())
    return Status::DataLoss("the spilled block ", location.bucket, "/", location.key, " (", object.size(),
                            " bytes) cannot be read: ", block.status().message());
  return block;
}

Result<athena::Block> FunctionClient::CallFunction(const CallContext& ctx, const std::string& method, const athena::Block& input,
                                                   const athena::WireSchema& output) {
  athena::UserDefinedFunctionRequest request;
  request.identity = options_.identity;
  request.input = input;
  request.output_schema = output;
  request.method_name = method;
  LOTIC_ASSIGN_OR_RETURN(auto response, Ask<athena::UserDefinedFunctionResponse>(ctx, metadata_, NewQueryId(), request));
  const auto contradicts = [&](const Status& status) { return Contradiction(name(), "function " + method, status); };
  if (response.method_name != method) return contradicts(Status::DataLoss("the answer is one of function \"", response.method_name, "\""));
  if (response.records.schema.fields.size() != 1 || output.fields.size() != 1 || !SameColumnType(output.fields[0], response.records.schema.fields[0])) {
    return contradicts(Status::DataLoss("one column of ", output.fields.empty() ? "no type" : output.fields[0].type.ToString(), " was asked for, and ",
                                        response.records.schema.fields.size() == 1 ? "one of " + response.records.schema.fields[0].type.ToString()
                                                                                   : std::to_string(response.records.schema.fields.size()) + " columns",
                                        " came"));
  }
  if (response.records.rows.num_rows() != input.rows.num_rows()) {
    return contradicts(Status::DataLoss(input.rows.num_rows(), " rows were sent, and ", response.records.rows.num_rows(), " came back"));
  }
  return std::move(response.records);
}

Result<athena::WireSplit> ForOneReading(athena::WireSplit split) {
  if (split.spill_location) split.spill_location->key += "/" + NewQueryId();
  if (split.encryption_key) {
    LOTIC_ASSIGN_OR_RETURN(athena::EncryptionKey key, athena::MakeEncryptionKey());
    key.key.resize(std::min(key.key.size(), split.encryption_key->key.size()));
    split.encryption_key = std::move(key);
  }
  return split;
}

std::string NewQueryId() {
  std::random_device device;
  uint32_t words[4];
  for (uint32_t& word : words) word = device();
  words[1] = (words[1] & 0xFFFF0FFF) | 0x00004000;  // version 4
  words[2] = (words[2] & 0x3FFFFFFF) | 0x80000000;  // variant of RFC 9562
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
    text += kDigits[(words[i / 8] >> (28 - 4 * (i % 8))) & 0xF];
  }
  return text;
}

}  // namespace lotic::athena_source
