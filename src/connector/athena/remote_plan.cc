// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/remote_plan.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "athena_protocol/ipc.h"
#include "lotic/constraints.h"

namespace lotic::athena_source {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxTokenBytes = size_t{16} << 20;
constexpr const char* kOwnPrefix = "p:";  // of a split's own properties
constexpr const char* kBucket = "spill_bucket";
constexpr const char* kKey = "spill_key";
constexpr const char* kDirectory = "spill_directory";
constexpr const char* kCipherKey = "cipher_key";
constexpr const char* kCipherNonce = "cipher_nonce";

std::string Base64(std::string_view bytes) {
  std::string text;
  athena::AppendBase64({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &text);
  return text;
}

std::string SchemaText(const athena::WireSchema& schema) { return Base64(athena::EncodeSchema(schema, athena::Framing::kModern)); }

Result<athena::WireSchema> SchemaFrom(const Json& value) {
  if (!value.is_string()) return Status::Invalid("a schema is not text");
  LOTIC_ASSIGN_OR_RETURN(const std::string message, athena::DecodeBase64(value.get_ref<const std::string&>()));
  return athena::DecodeSchema(message);
}

}  // namespace

std::string RemotePlan::ToToken() const {
  Json json;
  json["athena"] = 1;
  json["query"] = query_id;
  json["schema"] = table.name.schema;
  json["table"] = table.name.table;
  json["columns"] = SchemaText(table.schema);
  json["partition_columns"] = table.partition_columns;
  json["layout"] = SchemaText(layout);
  json["takes_limit"] = takes_limit;
  return json.dump();
}

Result<RemotePlan> RemotePlan::FromToken(const std::string& token) {
  if (token.empty()) return Status::Invalid("a snapshot token is needed; Prepare gives it");
  if (token.size() > kMaxTokenBytes) return Status::CapacityError("a snapshot token of ", token.size(), " bytes; at most ", kMaxTokenBytes, " are read");
  const auto broken = [&](const std::string& why) { return Status::Invalid("the snapshot token \"", token.substr(0, 40), "...\" is not one of ours: ", why); };
  const Json json = Json::parse(token, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("athena") || json["athena"] != 1) return broken("another kind");
  for (const char* text : {"query", "schema", "table", "columns", "layout"}) {
    if (!json.contains(text) || !json[text].is_string()) return broken(std::string("no \"") + text + "\"");
  }
  if (!json.contains("partition_columns") || !json["partition_columns"].is_array() || !json.contains("takes_limit") || !json["takes_limit"].is_boolean()) {
    return broken("incomplete");
  }
  RemotePlan plan;
  plan.query_id = json["query"];
  plan.table.name = {json["schema"], json["table"]};
  plan.takes_limit = json["takes_limit"];
  for (const Json& column : json["partition_columns"]) {
    if (!column.is_string()) return broken("a partition column is not text");
    plan.table.partition_columns.push_back(column);
  }
  Result<athena::WireSchema> columns = SchemaFrom(json["columns"]);
  if (!columns.ok()) return broken(columns.status().message());
  Result<athena::WireSchema> layout = SchemaFrom(json["layout"]);
  if (!layout.ok()) return broken(layout.status().message());
  plan.table.schema = *std::move(columns);
  plan.layout = *std::move(layout);
  return plan;
}

Result<std::vector<LayoutPartition>> PartitionsOf(const athena::Block& layout, const std::vector<std::string>& partition_columns) {
  LOTIC_ASSIGN_OR_RETURN(const Batch unpacked, athena::UnpackZones(layout));
  std::vector<size_t> columns;
  for (const std::string& name : partition_columns) {
    const auto index = layout.schema.IndexOf(name);
    if (!index) return Status::DataLoss("the partitions lack the partition column \"", name, "\"");
    if (unpacked.column(*index).type.is_nested()) return Status::Invalid("the partition column \"", name, "\" is nested");
    columns.push_back(*index);
  }
  std::vector<LayoutPartition> partitions;
  partitions.reserve(static_cast<size_t>(layout.rows.num_rows()));
  for (int64_t row = 0; row < layout.rows.num_rows(); ++row) {
    LayoutPartition partition;
    for (const size_t column : columns) partition.values.push_back(ScalarAt(unpacked.column(column), row));
    std::string text;
    athena::EncodeBatchBase64(layout.rows.Take(std::span(&row, 1)), athena::Framing::kModern, &text);
    partition.properties = {{kNumberProperty, std::to_string(row)}, {kRowProperty, std::move(text)}};
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

Result<athena::Block> BlockOf(const athena::WireSchema& layout, std::span<const LayoutPartition> partitions) {
  LOTIC_ASSIGN_OR_RETURN(Schema logical, athena::LogicalSchema(layout));
  BatchBuilder builder(std::make_shared<const Schema>(std::move(logical)));
  for (const LayoutPartition& partition : partitions) {
    const auto text = partition.properties.find(kRowProperty);
    if (text == partition.properties.end()) return Status::Invalid("a partition without the property \"", kRowProperty, "\" is not of this plan");
    LOTIC_ASSIGN_OR_RETURN(const std::string message, athena::DecodeBase64(text->second));
    LOTIC_ASSIGN_OR_RETURN(const athena::Block block, athena::DecodeBatch(layout, message));
    if (block.rows.num_rows() != 1) return Status::Invalid("a partition holds ", block.rows.num_rows(), " rows instead of one");
    for (size_t c = 0; c < builder.num_columns(); ++c) AppendCell(block.rows.column(c), 0, &builder.column(c));
  }
  return athena::Block{layout, builder.Finish(static_cast<int64_t>(partitions.size()))};
}

std::map<std::string, std::string> PropertiesOf(const athena::WireSplit& split) {
  std::map<std::string, std::string> properties;
  for (const auto& [name, value] : split.properties) properties[kOwnPrefix + name] = value;
  if (split.spill_location) {
    properties[kBucket] = split.spill_location->bucket;
    properties[kKey] = split.spill_location->key;
    properties[kDirectory] = split.spill_location->directory ? "true" : "false";
  }
  if (split.encryption_key) {
    properties[kCipherKey] = Base64(split.encryption_key->key);
    properties[kCipherNonce] = Base64(split.encryption_key->nonce);
  }
  return properties;
}

Result<athena::WireSplit> SplitOf(const std::map<std::string, std::string>& properties) {
  athena::WireSplit split;
  athena::SpillLocation location;
  athena::EncryptionKey key;
  int location_parts = 0, key_parts = 0;
  for (const auto& [name, value] : properties) {
    if (name.starts_with(kOwnPrefix)) {
      split.properties.emplace_back(name.substr(2), value);
    } else if (name == kBucket) {
      location.bucket = value, ++location_parts;
    } else if (name == kKey) {
      location.key = value, ++location_parts;
    } else if (name == kDirectory) {
      location.directory = value == "true", ++location_parts;
    } else if (name == kCipherKey || name == kCipherNonce) {
      std::string& part = name == kCipherKey ? key.key : key.nonce;
      LOTIC_ASSIGN_OR_RETURN(part, athena::DecodeBase64(value));
      ++key_parts;
    } else {
      return Status::Invalid("a split with the property \"", name, "\" is not of this plan");
    }
  }
  if (location_parts % 3 != 0 || key_parts % 2 != 0) return Status::Invalid("a split whose spill location or key is not whole is not of this plan");
  if (location_parts != 0) split.spill_location = std::move(location);
  if (key_parts != 0) split.encryption_key = std::move(key);
  return split;
}

void AppendCell(const Column& column, int64_t row, ColumnBuilder* out) {
  if (!column.type.is_nested()) return AppendScalar(ScalarAt(column, row), out);
  if (column.IsNull(row)) return out->AppendNull();
  if (column.type.id() == TypeId::kStruct) {
    for (size_t c = 0; c < column.children.size(); ++c) AppendCell(column.children[c], row, &out->child(c));
    return out->AppendValid();
  }
  for (int32_t item = column.offsets()[static_cast<size_t>(row)]; item < column.offsets()[static_cast<size_t>(row) + 1]; ++item) {
    for (size_t c = 0; c < column.children.size(); ++c) AppendCell(column.children[c], item, &out->child(c));
  }
  out->FinishList();
}

}  // namespace lotic::athena_source
