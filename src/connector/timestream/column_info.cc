// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/column_info.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace lotic::timestream {
namespace {

std::string Lower(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return "";
  text = text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

Result<Type> TypeAt(const ColumnInfo& column, TimeUnit unit, int depth) {
  if (depth > kMaxTypeDepth) return Status::CapacityError("column '", column.name, "': its type is nested more than ", kMaxTypeDepth, " deep");
  switch (column.shape) {
    case ColumnInfo::Shape::kScalar: {
      bool known = false;
      return ScalarType(column.scalar, unit, &known);
    }
    case ColumnInfo::Shape::kArray: {
      LOTIC_ASSIGN_OR_RETURN(Type item, TypeAt(column.children.at(0), unit, depth + 1));
      return Type::List(std::move(item));
    }
    case ColumnInfo::Shape::kSeries: {
      const ColumnInfo& inside = column.children.at(0);
      LOTIC_ASSIGN_OR_RETURN(Type value, TypeAt(inside, unit, depth + 1));
      return Type::List(Type::Struct({{"time", Type::Timestamp(unit, false)}, {inside.name.empty() ? "measure_value" : inside.name, std::move(value)}}));
    }
    case ColumnInfo::Shape::kRow: break;
  }
  std::vector<Field> members;
  for (const ColumnInfo& member : column.children) {
    LOTIC_ASSIGN_OR_RETURN(Type type, TypeAt(member, unit, depth + 1));
    members.push_back({member.name.empty() ? "field_" + std::to_string(members.size()) : member.name, std::move(type)});
  }
  return Type::Struct(std::move(members));
}

}  // namespace

const std::string& SourceNameOf(const Field& field) {
  const auto at = field.metadata.find(kSourceName);
  return at == field.metadata.end() ? field.name : at->second;
}

Type ScalarType(std::string_view name, TimeUnit unit, bool* known) {
  const std::string lower = Lower(name);
  *known = true;
  if (lower == "varchar") return Type::String();
  if (lower == "double") return Type::Float64();
  if (lower == "boolean") return Type::Bool();
  if (lower == "bigint") return Type::Int64();
  if (lower == "int" || lower == "integer") return Type::Int32();
  if (lower == "timestamp") return Type::Timestamp(unit, false);
  if (lower == "date") return Type::Date();
  *known = lower == "time" || lower == "interval_day_to_second" || lower == "interval_year_to_month" || lower == "unknown";
  return Type::String();
}

Result<Type> TypeOf(const ColumnInfo& column, TimeUnit unit) { return TypeAt(column, unit, 0); }

Result<Schema> SchemaOf(const std::vector<ColumnInfo>& columns, TimeUnit unit) {
  if (columns.size() > kMaxColumns) return Status::CapacityError("the answer has ", columns.size(), " columns, of which ", kMaxColumns, " can be taken");
  Schema schema;
  std::set<std::string> taken;
  for (size_t i = 0; i < columns.size(); ++i) {
    LOTIC_ASSIGN_OR_RETURN(Type type, TypeOf(columns[i], unit));
    const std::string base = columns[i].name.empty() ? "_col" + std::to_string(i) : columns[i].name;
    std::string name = base;
    for (int again = 1; !taken.insert(Lower(name)).second; ++again) name = base + "_" + std::to_string(again);
    const std::string source = columns[i].shape == ColumnInfo::Shape::kScalar ? Lower(columns[i].scalar) : std::string("nested");
    schema.fields.push_back({std::move(name), std::move(type), {{kSourceType, source}, {kPlace, std::to_string(i)}}});
  }
  return schema;
}

}  // namespace lotic::timestream
