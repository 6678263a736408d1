// SPDX-License-Identifier: Apache-2.0
#include "table/table_facts.h"

#include <algorithm>

#include "catalog/pinot_schema.h"
#include "catalog/pinot_table_config.h"
#include "table/connector.h"

namespace lotic::table {
namespace {

// Milliseconds of one value of a time column whose numbers count from 1970 in fixed steps; none: some other form.
std::optional<int64_t> MillisPerValue(const catalog::PinotField& field) {
  if (!field.single_value) return std::nullopt;
  if (field.type == catalog::PinotType::kTimestamp) return 1;
  if ((field.type != catalog::PinotType::kLong && field.type != catalog::PinotType::kInt) || !field.date_time ||
      field.date_time->kind() != catalog::DateTimeFormat::Kind::kEpoch)
    return std::nullopt;
  int64_t zero = -1, one = 0;
  // Units below a millisecond round, and months have no fixed length: both fail here.
  if (!field.date_time->ToMillis(int64_t{0}, &zero) || zero != 0 || !field.date_time->ToMillis(int64_t{1}, &one) || one < 1) return std::nullopt;
  return one;
}

}  // namespace

Schema HiddenColumns() {
  return Schema{{{kSegmentNameColumn, Type::String()},
                 {kPartitionIdColumn, Type::Int32()},
                 {kDocIdColumn, Type::Int32()},
                 {kHostNameColumn, Type::String()},
                 {kRowOffsetColumn, Type::Int64()},
                 {kRowTimestampColumn, Type::Timestamp(TimeUnit::kMilli, true)}}};
}

Result<TableFacts> ReadTableFacts(const std::string& data_folder, const std::string& name) {
  TableFacts facts;
  LOTIC_ASSIGN_OR_RETURN(facts.stored, ReadStoredTable(data_folder, name));
  LOTIC_ASSIGN_OR_RETURN(const std::string document, ReadSchemaDocument(data_folder, facts.stored.raw_name));
  const auto schema = catalog::ParsePinotSchema(document);
  if (!schema.ok()) return schema.status().WithMessage("schema of table ", facts.stored.raw_name, " in ", data_folder, ": ", schema.status().message());
  TableInfo& info = facts.info;
  info.name = {kTablesSchema, facts.stored.raw_name};
  info.schema = schema->value.Columns();
  for (Field& field : HiddenColumns().fields) {
    if (!info.schema.IndexOf(field.name)) info.hidden.fields.push_back(std::move(field));
  }
  constexpr const char* kPartitionAlias = "__metadata$partition";
  if (!info.schema.IndexOf(kPartitionAlias)) info.aliases[kPartitionAlias] = kPartitionIdColumn;
  info.partition_columns = {kPartitionIdColumn};
  info.snapshot = SnapshotKind::kExact;
  info.dense_positions = true;
  info.durable_positions = true;
  info.roles = {Role::kBoundedScan, Role::kRemotePlanner};
  info.properties = {{"table", facts.stored.name}, {"table_id", facts.stored.table_id}};
  // Variables are the owner's: what they stand for is of no use here. A configuration that does not parse without them only leaves out who feeds the table.
  const auto config = catalog::ParsePinotTableConfig(facts.stored.config, [](std::string_view variable) { return std::optional<std::string>(variable); });
  if (config.ok()) {
    facts.topic = config->value.stream.topic;
    facts.isolation = config->value.stream.isolation == catalog::StreamConfig::Isolation::kReadCommitted ? "read_committed" : "read_uncommitted";
    info.properties["topic"] = facts.topic;
    info.properties["isolation_level"] = facts.isolation;
    if (const catalog::PinotField* field = schema->value.Find(config->value.time_column)) {
      info.properties["time_column"] = field->name;
      if (const auto ms = MillisPerValue(*field)) facts.time = TimeColumn{field->name, *ms};
    }
  }
  return facts;
}

Result<bool> TableFacts::IsStored(const Field& column) const {
  const std::optional<size_t> own = info.schema.IndexOf(column.name), hidden = info.hidden.IndexOf(column.name);
  if (!own && !hidden) return Status::Invalid("table ", stored.raw_name, " has no column \"", column.name, "\"");
  const Type& type = own ? info.schema.fields[*own].type : info.hidden.fields[*hidden].type;
  if (!(type == column.type))
    return Status::Invalid("table ", stored.raw_name, ": column \"", column.name, "\" is ", type.ToString(), ", not ", column.type.ToString());
  return own || column.name == kRowOffsetColumn || column.name == kRowTimestampColumn;
}

}  // namespace lotic::table
