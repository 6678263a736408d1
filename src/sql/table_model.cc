// SPDX-License-Identifier: Apache-2.0
#include "sql/table_model.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "duckdb/common/constants.hpp"
#include "duckdb/common/types.hpp"
#include "duckdb/parser/parser.hpp"
#include "sql/declared_tables.h"
#include "sql/seam.h"

namespace lotic::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

std::string Folded(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

/// `name`, or the first of name_1, name_2, ... that is free. DuckDB ignores case in names of columns and members.
std::string FreeName(const std::string& name, std::set<std::string>* taken) {
  std::string free = name;
  for (int i = 1; !taken->insert(Folded(free)).second; ++i) free = name + "_" + std::to_string(i);
  return free;
}

/// The type of a computed column, by DuckDB's own name of it.
Result<LogicalType> NamedType(const Field& field) {
  const auto name = field.metadata.find(kSqlTypeMetadata);
  return GuardDuckDb([&]() -> Result<LogicalType> {
    if (name == field.metadata.end()) return Status::Invalid("computed column \"", field.name, "\" has no type");
    // As the parser reads the type of a column, DECIMAL(18,2) and its like included.
    return duckdb::Parser::ParseColumnList("c " + name->second).GetColumn(duckdb::LogicalIndex(0)).Type();
  });
}

}  // namespace

Result<LogicalType> ToDuckDb(const std::string& column, const Type& type) {
  switch (type.id()) {
    case TypeId::kBool: return LogicalType(LogicalType::BOOLEAN);
    case TypeId::kInt8: return LogicalType(LogicalType::TINYINT);
    case TypeId::kInt16: return LogicalType(LogicalType::SMALLINT);
    case TypeId::kInt32: return LogicalType(LogicalType::INTEGER);
    case TypeId::kInt64: return LogicalType(LogicalType::BIGINT);
    case TypeId::kUInt8: return LogicalType(LogicalType::UTINYINT);
    case TypeId::kUInt16: return LogicalType(LogicalType::USMALLINT);
    case TypeId::kUInt32: return LogicalType(LogicalType::UINTEGER);
    case TypeId::kUInt64: return LogicalType(LogicalType::UBIGINT);
    case TypeId::kFloat32: return LogicalType(LogicalType::FLOAT);
    case TypeId::kFloat64: return LogicalType(LogicalType::DOUBLE);
    case TypeId::kDecimal128: return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision()), static_cast<uint8_t>(type.scale()));
    case TypeId::kString: return LogicalType(LogicalType::VARCHAR);
    case TypeId::kBinary: return LogicalType(LogicalType::BLOB);
    case TypeId::kDate: return LogicalType(LogicalType::DATE);
    case TypeId::kTime: return LogicalType(LogicalType::TIME);
    case TypeId::kTimestamp:
      if (type.utc()) {
        if (type.unit() == TimeUnit::kNano) {
          return Status::Invalid("column \"", column, "\": ", type.ToString(), " does not fit DuckDB's TIMESTAMPTZ, which counts microseconds");
        }
        return LogicalType(LogicalType::TIMESTAMP_TZ);
      }
      switch (type.unit()) {
        case TimeUnit::kSecond: return LogicalType(LogicalType::TIMESTAMP_S);
        case TimeUnit::kMilli: return LogicalType(LogicalType::TIMESTAMP_MS);
        case TimeUnit::kMicro: return LogicalType(LogicalType::TIMESTAMP);
        case TimeUnit::kNano: return LogicalType(LogicalType::TIMESTAMP_NS);
      }
      break;
    case TypeId::kList: {
      LOTIC_ASSIGN_OR_RETURN(LogicalType item, ToDuckDb(column, type.children()[0].type));
      return LogicalType::LIST(item);
    }
    case TypeId::kStruct: {
      duckdb::child_list_t<LogicalType> members;
      std::set<std::string> taken;
      for (const Field& member : type.children()) {
        LOTIC_ASSIGN_OR_RETURN(LogicalType item, ToDuckDb(column + "." + member.name, member.type));
        members.emplace_back(FreeName(member.name, &taken), item);
      }
      if (members.empty()) return Status::Invalid("column \"", column, "\": a STRUCT without members does not fit DuckDB");
      return LogicalType::STRUCT(std::move(members));
    }
    case TypeId::kMap: {
      LOTIC_ASSIGN_OR_RETURN(LogicalType key, ToDuckDb(column, type.children()[0].type));
      LOTIC_ASSIGN_OR_RETURN(LogicalType value, ToDuckDb(column, type.children()[1].type));
      return LogicalType::MAP(key, value);
    }
  }
  return Status::Invalid("column \"", column, "\": ", type.ToString(), " has no DuckDB type");
}

Result<std::shared_ptr<const TableModel>> TableModel::Make(std::shared_ptr<Connector> connector, TableInfo info, std::map<std::string, std::string> arguments) {
  auto model = std::make_shared<TableModel>();
  model->notes = info.notes;
  std::set<std::string> taken;
  for (const Field& field : info.schema.fields) {
    const auto expression = field.metadata.find(kExpressionMetadata);
    const bool computed = expression != field.metadata.end();
    LogicalType type;
    if (computed) {
      LOTIC_ASSIGN_OR_RETURN(type, NamedType(field));
    } else {
      LOTIC_ASSIGN_OR_RETURN(type, ToDuckDb(field.name, field.type));
    }
    std::string name = FreeName(field.name, &taken);
    if (name != field.name) model->notes.push_back("column \"" + field.name + "\" is shown as \"" + name + "\": SQL ignores case in names");
    model->columns.push_back({std::move(name), field, std::move(type), computed ? expression->second : std::string()});
  }
  std::set<std::string> hidden_taken;  // a column of the same name in SELECT * wins, so hidden ones are not renamed for it
  for (const Field& field : info.hidden.fields) {
    LOTIC_ASSIGN_OR_RETURN(LogicalType type, ToDuckDb(field.name, field.type));
    if (!hidden_taken.insert(Folded(field.name)).second) return Status::Invalid(info.name.ToString(), ": two hidden columns \"", field.name, "\"");
    model->hidden_names.emplace_back(field.name, model->hidden.size());
    model->hidden.push_back({field.name, field, std::move(type), {}});
  }
  for (const auto& [alias, column] : info.aliases) {
    const std::optional<size_t> index = info.hidden.IndexOf(column);
    if (!index) return Status::Invalid(info.name.ToString(), ": alias \"", alias, "\" of \"", column, "\", which is no hidden column");
    if (hidden_taken.insert(Folded(alias)).second) model->hidden_names.emplace_back(alias, *index);
  }
  for (const auto& [name, index] : model->hidden_names) {
    if (taken.count(Folded(name)) != 0) model->notes.push_back("column \"" + name + "\" hides the metadata column of that name");
  }
  model->connector = std::move(connector);
  model->arguments = std::move(arguments);
  model->info = std::move(info);
  return std::shared_ptr<const TableModel>(std::move(model));
}

const ModelColumn* TableModel::Find(duckdb::column_t id) const {
  if (id < columns.size()) return &columns[id];
  if (id == duckdb::COLUMN_IDENTIFIER_EMPTY || id < duckdb::VIRTUAL_COLUMN_START) return nullptr;
  const size_t index = id - duckdb::VIRTUAL_COLUMN_START;
  return index < hidden_names.size() ? &hidden[hidden_names[index].second] : nullptr;
}

duckdb::virtual_column_map_t TableModel::VirtualColumns() const {
  duckdb::virtual_column_map_t map;
  for (size_t i = 0; i < hidden_names.size(); ++i) {
    map.insert({duckdb::VIRTUAL_COLUMN_START + i, duckdb::TableColumn(hidden_names[i].first, hidden[hidden_names[i].second].type)});
  }
  map.insert({duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", LogicalType::BOOLEAN)});
  return map;
}

}  // namespace lotic::sql
