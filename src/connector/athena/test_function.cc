// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/test_function.h"

#include <algorithm>
#include <map>

#include "athena_protocol/function_error.h"
#include "lotic/batch_builder.h"

namespace lotic::athena_source {

struct ScriptedFunction::Objects final : SpillSource {
  Result<std::string> Read(const CallContext&, const athena::SpillLocation& location) override {
    const std::lock_guard lock(mutex);
    const auto at = objects.find(location.bucket + "/" + location.key);
    if (at == objects.end()) return Status::DataLoss("no object ", location.key);
    return at->second;
  }
  std::mutex mutex;  // guards objects
  std::map<std::string, std::string> objects;
};

namespace {

athena::WireField IntField(const char* name) { return {name, true, {.kind = athena::WireKind::kInt, .bit_width = 32}, {}, {{"mapping", name}}}; }

athena::Block IntBlock(const char* name, const std::vector<int>& values) {
  athena::WireSchema schema{{IntField(name)}, {}};
  BatchBuilder builder(std::make_shared<const Schema>(*athena::LogicalSchema(schema)));
  for (const int value : values) builder.column(0).AppendInt64(value);
  return {schema, builder.Finish(static_cast<int64_t>(values.size()))};
}

}  // namespace

ScriptedFunction::ScriptedFunction() : objects_(std::make_shared<Objects>()) {}

athena::WireSchema ScriptedFunction::TableSchema() {
  athena::WireSchema schema{{IntField("p"), IntField("n"), {"s", true, {.kind = athena::WireKind::kUtf8}, {}, {}}}, {{"n", "a comment"}}};
  return schema;
}

Result<Invoked> ScriptedFunction::Invoke(const CallContext& ctx, std::string_view payload) {
  LOTIC_RETURN_NOT_OK(ctx.Check("invoking"));
  LOTIC_ASSIGN_OR_RETURN(athena::ParsedRequest request, athena::ParseRequest(payload));
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  Result<athena::FederationResponse> answer = Answer(request.request);
  Invoked out;
  if (answer.ok()) {
    if (change) change(request.request, &*answer);
    out.payload = athena::WriteResponse(*answer);
  } else {
    out = {athena::WriteFunctionError(athena::FunctionErrorOf(answer.status())), true};
  }
  if (damage) damage(request.request, &out);
  return out;
}

Result<athena::FederationResponse> ScriptedFunction::Answer(const athena::FederationRequest& request) {
  using namespace athena;  // the messages of one protocol, all of them
  if (const auto* ping = std::get_if<PingRequest>(&request))
    return FederationResponse(PingResponse{ping->catalog, ping->query_id, "scripted", 24, serde_version});
  if (const auto* list = std::get_if<ListSchemasRequest>(&request)) return FederationResponse(ListSchemasResponse{list->catalog, {"default"}});
  if (const auto* list = std::get_if<ListTablesRequest>(&request))
    return FederationResponse(ListTablesResponse{{{"default", "numbers"}, {"default", "other"}}, list->catalog, {}});
  if (const auto* table = std::get_if<GetTableRequest>(&request)) {
    if (table->table.table != "numbers" && table->table.table != "unlisted") return Status::NotFound("no table ", table->table.ToString());
    return FederationResponse(GetTableResponse{table->catalog, table->table, TableSchema(), {"p"}});
  }
  if (const auto* layout = std::get_if<GetTableLayoutRequest>(&request)) {
    std::vector<int> values;
    for (int p = 0; p < partitions; ++p) values.push_back(p);
    Block all = IntBlock("p", values);
    std::vector<uint8_t> keep;
    LOTIC_RETURN_NOT_OK(EvaluateSummary(layout->constraints, all, &keep));
    std::vector<int> kept;
    for (size_t i = 0; i < values.size(); ++i) {
      if (keep[i] != 0) kept.push_back(values[i]);
    }
    return FederationResponse(GetTableLayoutResponse{layout->catalog, layout->table, IntBlock("p", kept)});
  }
  if (const auto* splits = std::get_if<GetSplitsRequest>(&request)) {
    const Column& column = splits->partitions.rows.column(0);
    const int64_t first = splits->continuation_token ? std::stoll(*splits->continuation_token) : 0;
    const int64_t end = splits_per_page == 0 ? column.length : std::min<int64_t>(column.length, first + splits_per_page);
    GetSplitsResponse response{splits->catalog, {}, {}};
    for (int64_t row = first; row < end; ++row) {
      const std::string p = std::to_string(column.values<int32_t>()[static_cast<size_t>(row)]);
      WireSplit split{SpillLocation{"bucket", "spill/" + splits->query_id + (shared_location ? "" : "/" + p), true}, {}, {{"p", p}}};
      if (encrypt) split.encryption_key = EncryptionKey{std::string(32, 'k'), "nonce-" + std::string(6, static_cast<char>('a' + row))};
      response.splits.push_back(std::move(split));
    }
    if (end < column.length) response.continuation_token = std::to_string(end);
    return FederationResponse(response);
  }
  if (const auto* capabilities = std::get_if<GetDataSourceCapabilitiesRequest>(&request))
    return FederationResponse(GetDataSourceCapabilitiesResponse{capabilities->catalog, {}});
  if (const auto* read = std::get_if<ReadRecordsRequest>(&request)) return Rows(*read);
  const auto& udf = std::get<UserDefinedFunctionRequest>(request);
  Block answer = udf.input;
  answer.schema = udf.output_schema;
  return FederationResponse(UserDefinedFunctionResponse{Block{udf.output_schema, udf.input.rows}, udf.method_name});
}

athena::FederationResponse ScriptedFunction::Rows(const athena::ReadRecordsRequest& request) {
  const auto schema = std::make_shared<const Schema>(*athena::LogicalSchema(request.schema));
  const int p = std::stoi(request.split.properties.at(0).second);
  std::vector<Batch> parts;
  const int cuts = std::max(1, blocks);
  for (int part = 0; part < cuts; ++part) {
    BatchBuilder builder(schema);
    const int begin = 10 * part / cuts, end = 10 * (part + 1) / cuts;
    for (int i = begin; i < end; ++i) {
      const int n = 10 * p + i;
      for (size_t c = 0; c < schema->fields.size(); ++c) {
        if (schema->fields[c].name == "p") builder.column(c).AppendInt64(p);
        if (schema->fields[c].name == "n") builder.column(c).AppendInt64(n);
        if (schema->fields[c].name == "s" && n % 7 != 0) builder.column(c).AppendBytes("s" + std::to_string(n));
        if (schema->fields[c].name == "s" && n % 7 == 0) builder.column(c).AppendNull();
      }
    }
    parts.push_back(builder.Finish(end - begin));
  }
  if (blocks == 0) return athena::ReadRecordsResponse{request.catalog, {request.schema, parts[0]}};
  athena::RemoteReadRecordsResponse remote{request.catalog, request.schema, {}, request.split.encryption_key};
  for (size_t i = 0; i < parts.size(); ++i) {
    athena::SpillLocation location{request.split.spill_location->bucket, request.split.spill_location->key + "." + std::to_string(i), false};
    const std::lock_guard lock(objects_->mutex);
    objects_->objects[location.bucket + "/" + location.key] = *athena::EncodeSpillObject(parts[i], request.split.encryption_key);
    remote.remote_blocks.insert(remote.remote_blocks.begin(), location);  // the original lists them in the order of completion
  }
  return remote;
}

std::vector<athena::ParsedRequest> ScriptedFunction::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int ScriptedFunction::count(std::string_view message) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(
      std::count_if(requests_.begin(), requests_.end(), [&](const auto& request) { return athena::MessageName(request.request) == message; }));
}

std::shared_ptr<SpillSource> ScriptedFunction::spill() const { return objects_; }

std::shared_ptr<FunctionClient> ClientOf(const std::shared_ptr<ScriptedFunction>& function, ClientOptions options) {
  return FunctionClient::Make(function, nullptr, function->spill(), std::move(options)).ValueOrDie();
}

}  // namespace lotic::athena_source
