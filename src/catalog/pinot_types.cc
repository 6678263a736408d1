// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "catalog/pinot_schema.h"

namespace lotic::catalog {
namespace {

constexpr std::array<std::string_view, 11> kNames{"INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BOOLEAN", "TIMESTAMP", "STRING", "JSON", "BYTES", "MAP"};

}  // namespace

std::string_view PinotTypeName(PinotType type) { return kNames[static_cast<size_t>(type)]; }

Result<PinotType> ParsePinotType(std::string_view name) {
  std::string all;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<PinotType>(i);
    all += (i == 0 ? "" : i + 1 == kNames.size() ? " and " : ", ") + std::string(kNames[i]);
  }
  return Status::Invalid("data type \"", name.substr(0, 100), "\" is not supported; ", all, " are");
}

std::string PinotResultTypeName(PinotType type, bool single_value) { return std::string(PinotTypeName(type)) + (single_value ? "" : "_ARRAY"); }

Type LogicalType(PinotType type) {
  switch (type) {
    case PinotType::kInt: return Type::Int32();
    case PinotType::kLong: return Type::Int64();
    case PinotType::kFloat: return Type::Float32();
    case PinotType::kDouble: return Type::Float64();
    case PinotType::kBoolean: return Type::Bool();
    case PinotType::kTimestamp: return Type::Timestamp(TimeUnit::kMilli, true);
    case PinotType::kBytes: return Type::Binary();
    case PinotType::kBigDecimal:
    case PinotType::kString:
    case PinotType::kJson:
    case PinotType::kMap: break;
  }
  return Type::String();
}

Type PinotField::logical_type() const { return single_value ? LogicalType(type) : Type::List(LogicalType(type)); }

const PinotField* PinotSchema::Find(std::string_view column) const {
  for (const PinotField& field : fields) {
    if (field.name == column) return &field;
  }
  return nullptr;
}

Schema PinotSchema::Columns() const {
  Schema columns;
  for (const PinotField& field : fields) {
    columns.fields.push_back(
        {field.name, field.logical_type(), {{kPinotTypeMetadata, std::string(PinotTypeName(field.type))}, {kPinotDefaultMetadata, field.default_null}}});
  }
  return columns;
}

}  // namespace lotic::catalog
