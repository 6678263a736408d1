// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "catalog/pinot_table_config.h"

namespace lotic::catalog {
namespace {

Status CheckTimeColumn(const PinotTableConfig& table, const PinotSchema& schema) {
  const PinotField* const field = schema.Find(table.time_column);
  const std::string shown = table.time_column.substr(0, 100);
  if (field == nullptr) return Status::Invalid("segmentsConfig.timeColumnName: schema \"", schema.name, "\" has no column \"", shown, "\"");
  if (field->kind != PinotField::Kind::kDateTime)
    return Status::Invalid("segmentsConfig.timeColumnName: column \"", shown, "\" is not in dateTimeFieldSpecs of schema \"", schema.name, "\"");
  switch (field->type) {
    case PinotType::kInt:
    case PinotType::kLong:
    case PinotType::kTimestamp:
    case PinotType::kString: return Status::OK();
    default:
      return Status::Invalid("segmentsConfig.timeColumnName: column \"", shown, "\" is ", PinotTypeName(field->type),
                             "; INT, LONG, TIMESTAMP or STRING is needed");
  }
}

Status CheckColumns(const PinotTableConfig& table, const PinotSchema& schema) {
  for (const PinotTableConfig::ColumnUse& use : table.column_uses) {
    const std::string shown = use.column.substr(0, 100);
    const PinotField* const field = schema.Find(use.column);
    if (field == nullptr) return Status::Invalid(use.key, ": schema \"", schema.name, "\" has no column \"", shown, "\"");
    if (use.single_value_only && !field->single_value)
      return Status::Invalid(use.key, ": column \"", shown, "\" is multi-value; a single-value column is needed");
    if (use.long_only && field->type != PinotType::kLong && field->type != PinotType::kTimestamp)
      return Status::Invalid(use.key, ": column \"", shown, "\" is ", PinotTypeName(field->type), "; a TIMESTAMP index needs LONG or TIMESTAMP");
    const bool text = field->type == PinotType::kString || field->type == PinotType::kJson || field->type == PinotType::kMap;
    if (use.text_only && !text) return Status::Invalid(use.key, ": column \"", shown, "\" is ", PinotTypeName(field->type), "; STRING, JSON or MAP is needed");
  }
  return Status::OK();
}

}  // namespace

std::vector<PinotTransform> AllTransforms(const PinotTableConfig& table, const PinotSchema& schema) {
  std::vector<PinotTransform> transforms;
  for (const PinotField& field : schema.fields) {
    if (!field.transform.empty()) transforms.push_back({field.name, field.transform});
  }
  transforms.insert(transforms.end(), table.transforms.begin(), table.transforms.end());
  return transforms;
}

Status CheckTable(const PinotTableConfig& table, const PinotSchema& schema) {
  if (schema.name != table.raw_name) return Status::Invalid("table \"", table.raw_name, "\" needs a schema of its own name, not \"", schema.name, "\"");
  LOTIC_RETURN_NOT_OK(CheckTimeColumn(table, schema));
  LOTIC_RETURN_NOT_OK(CheckColumns(table, schema));
  return CheckTransforms(table, schema);
}

Status CheckTableChange(const PinotTableConfig& before, const PinotTableConfig& after, bool start_given) {
  if (before.raw_name != after.raw_name) return Status::Invalid("table \"", before.raw_name, "\" cannot be renamed to \"", after.raw_name, "\"");
  if (!before.stream.SameSource(after.stream) && !start_given) {
    return Status::Invalid("table \"", before.raw_name,
                           "\" would read another topic or other brokers, whose offsets mean something else; the parameter consumeFrom=smallest, largest or "
                           "another place to begin (as auto.offset.reset has them) must say where");
  }
  return Status::OK();
}

}  // namespace lotic::catalog
