// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/wire_schema.h"

#include <map>

namespace lotic::athena {
namespace {

constexpr std::string_view kUnitNames[] = {"DAY", "SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"};

std::string_view NameOf(WireUnit unit) { return kUnitNames[static_cast<size_t>(unit)]; }

// Whether the SDK takes a column of this type, its children apart.
bool IsSupportedType(const WireType& type) {
  switch (type.kind) {
    case WireKind::kBool:
    case WireKind::kUtf8:
    case WireKind::kBinary:
    case WireKind::kDate:
    case WireKind::kList:
    case WireKind::kStruct:
    case WireKind::kMap: return true;
    case WireKind::kInt: return type.is_signed;
    case WireKind::kFloat: return type.bit_width == 32 || type.bit_width == 64;
    case WireKind::kDecimal: return type.bit_width == 0 || type.bit_width == 128;
    case WireKind::kTimestamp: return type.timezone.has_value() && (type.unit == WireUnit::kMilli || type.unit == WireUnit::kMicro);
    default: return false;
  }
}

Status CheckSupported(const WireField& field, const std::string& where) {
  if (!IsSupportedType(field.type)) {
    const bool naive = field.type.kind == WireKind::kTimestamp && !field.type.timezone;
    return Status::Invalid("column ", where, ": ", field.type.ToString(), " is no type of Athena",
                           naive ? "; a timestamp without zone travels as Date(MILLISECOND)" : "");
  }
  const bool nested = field.type.kind == WireKind::kList || field.type.kind == WireKind::kMap;
  if (nested ? field.children.size() != 1 : field.type.kind != WireKind::kStruct && !field.children.empty()) {
    return Status::Invalid("column ", where, ": ", field.type.ToString(), " with ", field.children.size(), " children");
  }
  for (const WireField& child : field.children) LOTIC_RETURN_NOT_OK(CheckSupported(child, where + "." + child.name));
  return Status::OK();
}

Status NoBlock(const WireField& field, const std::string& where) {
  return Status::Invalid("column ", where, ": ", field.type.ToString(), " is held by no block of ours");
}

std::map<std::string, std::string> MapOf(const WireMetadata& metadata) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : metadata) out[key] = value;  // of a repeated key the last counts
  return out;
}

Result<Type> LogicalType(const WireField& field, const std::string& where);

Result<std::vector<Field>> LogicalFields(const std::vector<WireField>& fields, const std::string& where) {
  std::vector<Field> out;
  out.reserve(fields.size());
  for (const WireField& field : fields) {
    LOTIC_ASSIGN_OR_RETURN(Type type, LogicalType(field, where.empty() ? field.name : where + "." + field.name));
    out.push_back({field.name, std::move(type), MapOf(field.metadata)});
  }
  return out;
}

Result<Type> LogicalType(const WireField& field, const std::string& where) {
  const WireType& type = field.type;
  const bool is_list = type.kind == WireKind::kList || type.kind == WireKind::kMap;
  if (is_list ? field.children.size() != 1 : type.kind != WireKind::kStruct && !field.children.empty()) return NoBlock(field, where);
  switch (type.kind) {
    case WireKind::kBool: return Type::Bool();
    case WireKind::kInt:
      switch (type.bit_width) {
        case 8: return type.is_signed ? Type::Int8() : Type::UInt8();
        case 16: return type.is_signed ? Type::Int16() : Type::UInt16();
        case 32: return type.is_signed ? Type::Int32() : Type::UInt32();
        case 64: return type.is_signed ? Type::Int64() : Type::UInt64();
        default: return NoBlock(field, where);
      }
    case WireKind::kFloat:
      if (type.bit_width == 32) return Type::Float32();
      if (type.bit_width == 64) return Type::Float64();
      return NoBlock(field, where);
    case WireKind::kDecimal:
      if ((type.bit_width != 0 && type.bit_width != 128) || type.precision < 1 || type.precision > 38 || type.scale < 0 || type.scale > type.precision) {
        return NoBlock(field, where);
      }
      return Type::Decimal(type.precision, type.scale);
    case WireKind::kUtf8: return Type::String();
    case WireKind::kBinary: return Type::Binary();
    case WireKind::kDate: return type.unit == WireUnit::kDay ? Type::Date() : Type::Timestamp(TimeUnit::kMilli, false);
    case WireKind::kTimestamp: {
      if (type.unit == WireUnit::kDay) return NoBlock(field, where);
      const auto unit = static_cast<TimeUnit>(static_cast<int>(type.unit) - static_cast<int>(WireUnit::kSecond));
      return Type::Timestamp(unit, type.timezone.has_value());
    }
    case WireKind::kTime: return type.unit == WireUnit::kMicro ? Result<Type>(Type::Time()) : NoBlock(field, where);
    case WireKind::kList: {
      const WireField& item = field.children[0];
      LOTIC_ASSIGN_OR_RETURN(Type item_type, LogicalType(item, where + "." + item.name));
      return Type::List(std::move(item_type));
    }
    case WireKind::kStruct: {
      LOTIC_ASSIGN_OR_RETURN(std::vector<Field> fields, LogicalFields(field.children, where));
      return Type::Struct(std::move(fields));
    }
    case WireKind::kMap: {
      const WireField& entries = field.children[0];
      if (entries.type.kind != WireKind::kStruct || entries.children.size() != 2) return NoBlock(field, where);
      LOTIC_ASSIGN_OR_RETURN(std::vector<Field> pair, LogicalFields(entries.children, where));
      return Type::Map(std::move(pair[0].type), std::move(pair[1].type));
    }
    default: return NoBlock(field, where);
  }
}

// ---------------------------------------------------------------------------------------------------- from a connector to Athena

Result<WireField> AthenaField(const Field& field, const std::string& where);

WireType IntType(int bits) { return {.kind = WireKind::kInt, .bit_width = bits}; }
WireType DecimalType(int precision, int scale) { return {.kind = WireKind::kDecimal, .bit_width = 128, .precision = precision, .scale = scale}; }

// The type and children of `out`; its name and metadata are set by the caller.
Status SetAthenaType(const Type& type, const std::string& where, WireField* out) {
  switch (type.id()) {
    case TypeId::kBool: out->type = {.kind = WireKind::kBool}; break;
    case TypeId::kInt8: out->type = IntType(8); break;
    case TypeId::kInt16:
    case TypeId::kUInt8: out->type = IntType(16); break;
    case TypeId::kInt32:
    case TypeId::kUInt16: out->type = IntType(32); break;
    case TypeId::kInt64:
    case TypeId::kUInt32: out->type = IntType(64); break;
    case TypeId::kUInt64: out->type = DecimalType(20, 0); break;
    case TypeId::kFloat32: out->type = {.kind = WireKind::kFloat, .bit_width = 32}; break;
    case TypeId::kFloat64: out->type = {.kind = WireKind::kFloat, .bit_width = 64}; break;
    case TypeId::kDecimal128: out->type = DecimalType(type.precision(), type.scale()); break;
    case TypeId::kString: out->type = {.kind = WireKind::kUtf8}; break;
    case TypeId::kBinary: out->type = {.kind = WireKind::kBinary}; break;
    case TypeId::kDate: out->type = {.kind = WireKind::kDate, .unit = WireUnit::kDay}; break;
    case TypeId::kTime:
      return Status::Invalid("column ", where, ": ", type.ToString(), " has no form that Athena takes; declare it as VARCHAR or leave it out");
    case TypeId::kTimestamp:
      out->type = type.utc() ? WireType{.kind = WireKind::kTimestamp, .unit = WireUnit::kMilli, .timezone = "UTC"}
                             : WireType{.kind = WireKind::kDate, .unit = WireUnit::kMilli};
      break;
    case TypeId::kList: {
      out->type = {.kind = WireKind::kList};
      LOTIC_ASSIGN_OR_RETURN(WireField item, AthenaField({"item", type.children()[0].type}, where + ".item"));
      out->children.push_back(std::move(item));
      break;
    }
    case TypeId::kStruct:
      out->type = {.kind = WireKind::kStruct};
      for (const Field& member : type.children()) {
        LOTIC_ASSIGN_OR_RETURN(WireField child, AthenaField(member, where + "." + member.name));
        out->children.push_back(std::move(child));
      }
      break;
    case TypeId::kMap: {
      out->type = {.kind = WireKind::kMap};
      WireField entries{.name = "entries", .nullable = false, .type = {.kind = WireKind::kStruct}};
      for (size_t i = 0; i < 2; ++i) {
        const std::string name = i == 0 ? "key" : "value";
        LOTIC_ASSIGN_OR_RETURN(WireField child, AthenaField({name, type.children()[i].type}, where + "." + name));
        child.nullable = i != 0;
        entries.children.push_back(std::move(child));
      }
      out->children.push_back(std::move(entries));
      break;
    }
  }
  return Status::OK();
}

Result<WireField> AthenaField(const Field& field, const std::string& where) {
  WireField out{.name = field.name};
  out.metadata.assign(field.metadata.begin(), field.metadata.end());
  LOTIC_RETURN_NOT_OK(SetAthenaType(field.type, where, &out));
  return out;
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

}  // namespace

std::string WireType::ToString() const {
  const auto width = std::to_string(bit_width);
  switch (kind) {
    case WireKind::kBool: return "Bool";
    case WireKind::kInt: return "Int(" + width + (is_signed ? ", true)" : ", false)");
    case WireKind::kFloat: return bit_width == 16 ? "FloatingPoint(HALF)" : bit_width == 32 ? "FloatingPoint(SINGLE)" : "FloatingPoint(DOUBLE)";
    case WireKind::kDecimal: return "Decimal(" + std::to_string(precision) + ", " + std::to_string(scale) + ", " + (bit_width == 0 ? "128" : width) + ")";
    case WireKind::kUtf8: return "Utf8";
    case WireKind::kBinary: return "Binary";
    case WireKind::kDate: return "Date(" + std::string(NameOf(unit)) + ")";
    case WireKind::kTimestamp: return "Timestamp(" + std::string(NameOf(unit)) + ", " + timezone.value_or("null") + ")";
    case WireKind::kList: return "List";
    case WireKind::kStruct: return "Struct";
    case WireKind::kMap: return "Map(false)";
    case WireKind::kNull: return "Null";
    case WireKind::kFixedSizeList: return "FixedSizeList(" + std::to_string(fixed_size) + ")";
    case WireKind::kFixedSizeBinary: return "FixedSizeBinary(" + std::to_string(fixed_size) + ")";
    case WireKind::kTime: return "Time(" + std::string(NameOf(unit)) + ", " + width + ")";
    case WireKind::kInterval: return bit_width == 32 ? "Interval(YEAR_MONTH)" : bit_width == 64 ? "Interval(DAY_TIME)" : "Interval(MONTH_DAY_NANO)";
    case WireKind::kUnion: return "Union";
    case WireKind::kOther: break;
  }
  return "a type that Athena's protocol does not know";
}

std::optional<size_t> WireSchema::IndexOf(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  return std::nullopt;
}

Status CheckSupportedColumns(const WireSchema& schema) {
  for (const WireField& field : schema.fields) LOTIC_RETURN_NOT_OK(CheckSupported(field, field.name));
  return Status::OK();
}

bool MayBePartitionColumn(const WireType& type) {
  switch (type.kind) {
    case WireKind::kBool:
    case WireKind::kUtf8: return true;
    case WireKind::kFloat: return type.bit_width == 64;
    case WireKind::kDecimal: return type.bit_width == 0 || type.bit_width == 128;
    case WireKind::kInt: return type.is_signed && (type.bit_width == 32 || type.bit_width == 64);
    default: return false;
  }
}

Result<Schema> LogicalSchema(const WireSchema& schema) {
  LOTIC_ASSIGN_OR_RETURN(std::vector<Field> fields, LogicalFields(schema.fields, ""));
  return Schema{std::move(fields), MapOf(schema.metadata)};
}

Result<WireSchema> AthenaSchema(const Schema& schema) {
  WireSchema out;
  out.metadata.assign(schema.metadata.begin(), schema.metadata.end());
  std::map<std::string, const std::string*> seen;
  for (const Field& field : schema.fields) {
    LOTIC_ASSIGN_OR_RETURN(WireField wire, AthenaField(field, field.name));
    wire.name = LowerCase(field.name);
    const auto [other, is_new] = seen.emplace(wire.name, &field.name);
    if (!is_new) {
      return Status::Invalid("columns ", *other->second, " and ", field.name, " are one name to Athena, ", wire.name, ": leave one out or rename it");
    }
    if (wire.name != field.name) {
      std::erase_if(wire.metadata, [](const auto& entry) { return entry.first == kSourceNameKey; });
      wire.metadata.emplace_back(kSourceNameKey, field.name);
    }
    out.fields.push_back(std::move(wire));
  }
  return out;
}

}  // namespace lotic::athena
