// SPDX-License-Identifier: Apache-2.0
#include "athena/athena_table.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "lotic/scan_json.h"

namespace lotic::athena {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHiddenComment = "not a column of the table itself: a column of its source";

}  // namespace

std::string LowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Schema VisibleColumns(const TableInfo& table) {
  Schema all = table.schema;
  std::set<std::string> names;
  for (const Field& field : all.fields) names.insert(LowerCase(field.name));
  for (const Field& field : table.hidden.fields) {
    if (names.insert(LowerCase(field.name)).second) all.fields.push_back(field);
  }
  return all;
}

Result<GetTableResponse> DescribeTable(const TableInfo& table, std::string catalog, TableName asked) {
  Schema columns = VisibleColumns(table);
  for (Field& field : columns.fields) field.metadata[std::string(kSourceTypeKey)] = field.type.ToString();
  GetTableResponse response;
  response.catalog = std::move(catalog);
  Result<WireSchema> schema = AthenaSchema(columns);
  if (!schema.ok()) return schema.status().WithMessage("table ", table.name.ToString(), ": ", schema.status().message());
  response.schema = std::move(*schema);
  response.table = std::move(asked);
  LOTIC_RETURN_NOT_OK(CheckSupportedColumns(response.schema));
  const auto describe = [&](std::string key, std::string value) {
    const bool taken = std::any_of(response.schema.metadata.begin(), response.schema.metadata.end(), [&](const auto& entry) { return entry.first == key; });
    if (!taken) response.schema.metadata.emplace_back(std::move(key), std::move(value));
  };
  describe(std::string(kSourceSchemaKey), table.name.schema);
  describe(std::string(kSourceTableKey), table.name.table);
  for (size_t i = table.schema.fields.size(); i < columns.fields.size(); ++i) describe(response.schema.fields[i].name, std::string(kHiddenComment));
  for (const std::string& name : table.partition_columns) {
    const std::optional<size_t> index = columns.IndexOf(name);
    if (!index) continue;  // left out: a column of the table has its name
    const WireField& field = response.schema.fields[*index];
    if (!MayBePartitionColumn(field.type)) {
      return Status::Invalid("table ", table.name.ToString(), ": partition column '", name, "' is ", field.type.ToString(),
                             "; Athena's partition columns are DOUBLE, DECIMAL, BIGINT, INTEGER, VARCHAR or BOOLEAN");
    }
    response.partition_columns.push_back(field.name);
  }
  return response;
}

Result<std::optional<Field>> SourceField(const WireField& field) {
  Field source{field.name, Type::Bool(), {}};
  bool typed = false;
  for (const auto& [key, value] : field.metadata) {
    if (key == kSourceTypeKey) {
      Result<Type> type = Type::Parse(value);
      if (!type.ok()) return type.status().WithMessage("column '", field.name, "': metadata ", kSourceTypeKey, ": ", type.status().message());
      source.type = std::move(*type);
      typed = true;
    } else if (key == kSourceNameKey) {
      source.name = value;
    } else {
      source.metadata[key] = value;
    }
  }
  return typed ? std::optional<Field>(std::move(source)) : std::nullopt;
}

std::string ToJson(const TableReference& table) {
  Json json{{"schema", table.name.schema},
            {"table", table.name.table},
            {"dense", table.dense_positions},
            {"durable", table.durable_positions},
            {"columns", Json::parse(lotic::ToJson(table.columns))},
            {"partitions", Json::parse(lotic::ToJson(table.partition_columns))}};
  if (!table.arguments.empty()) json["arguments"] = table.arguments;
  return json.dump();
}

Result<TableReference> TableReferenceFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  const auto has = [&](const char* name, Json::value_t kind) { return json.is_object() && json.contains(name) && json[name].type() == kind; };
  if (!has("schema", Json::value_t::string) || !has("table", Json::value_t::string) || !has("dense", Json::value_t::boolean) ||
      !has("columns", Json::value_t::object) || !has("partitions", Json::value_t::object)) {
    return Status::Invalid(kTableColumn, " = '", text.substr(0, 100), "': not what the layout of a table of ours says");
  }
  TableReference table;
  table.name = {json["schema"].get<std::string>(), json["table"].get<std::string>()};
  table.dense_positions = json["dense"].get<bool>();
  table.durable_positions = has("durable", Json::value_t::boolean) && json["durable"].get<bool>();
  if (json.contains("arguments")) {
    if (!json["arguments"].is_object()) return Status::Invalid(kTableColumn, ": its arguments are no object");
    for (const auto& [name, value] : json["arguments"].items()) {
      if (!value.is_string()) return Status::Invalid(kTableColumn, ": argument '", name, "' is no text");
      table.arguments[name] = value.get<std::string>();
    }
  }
  LOTIC_ASSIGN_OR_RETURN(table.columns, SchemaFromJson(json["columns"].dump()));
  LOTIC_ASSIGN_OR_RETURN(table.partition_columns, SchemaFromJson(json["partitions"].dump()));
  return table;
}

}  // namespace lotic::athena
