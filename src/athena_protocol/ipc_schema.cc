// SPDX-License-Identifier: Apache-2.0
// Schema messages, both ways. Follows: Arrow's columnar format 1.5, Schema.fbs.
//   Schema: endianness 0, fields 1, metadata 2, features 3.   KeyValue: key 0, value 1.
//   Field: name 0, nullable 1, kind of type 2, type 3, dictionary 4, children 5, metadata 6.
#include "athena_protocol/ipc.h"
#include "athena_protocol/ipc_message.h"

namespace lotic::athena {
namespace {

// Arrow's union of types, from 1 on.
enum TypeTag : uint8_t {
  kTagNull = 1,
  kTagInt,
  kTagFloat,
  kTagBinary,
  kTagUtf8,
  kTagBool,
  kTagDecimal,
  kTagDate,
  kTagTime,
  kTagTimestamp,
  kTagInterval,
  kTagList,
  kTagStruct,
  kTagUnion,
  kTagFixedSizeBinary,
  kTagFixedSizeList,
  kTagMap,
};

// Names, metadata and their overhead: a small message can refer to one long text many times.
constexpr size_t kMaxSchemaTextBytes = size_t{64} << 20;
constexpr size_t kBytesPerMetadataEntry = 64;

// ------------------------------------------------------------------------------------------------------------------- writing

uint8_t TagOf(const WireType& type) {
  switch (type.kind) {
    case WireKind::kNull: return kTagNull;
    case WireKind::kBool: return kTagBool;
    case WireKind::kInt: return kTagInt;
    case WireKind::kFloat: return kTagFloat;
    case WireKind::kDecimal: return kTagDecimal;
    case WireKind::kUtf8: return kTagUtf8;
    case WireKind::kBinary: return kTagBinary;
    case WireKind::kDate: return kTagDate;
    case WireKind::kTime: return kTagTime;
    case WireKind::kTimestamp: return kTagTimestamp;
    case WireKind::kInterval: return kTagInterval;
    case WireKind::kList: return kTagList;
    case WireKind::kStruct: return kTagStruct;
    case WireKind::kUnion: return kTagUnion;
    case WireKind::kFixedSizeBinary: return kTagFixedSizeBinary;
    case WireKind::kFixedSizeList: return kTagFixedSizeList;
    case WireKind::kMap: return kTagMap;
    case WireKind::kOther: break;
  }
  LOTIC_CHECK(type.kind == WireKind::kOther && type.bit_width > kTagMap);
  return static_cast<uint8_t>(type.bit_width);
}

// Arrow's TimeUnit, which begins with the second.
uint64_t TimeUnitOf(WireUnit unit) { return static_cast<uint64_t>(unit) - static_cast<uint64_t>(WireUnit::kSecond); }

void AddType(const WireType& type, FlatWriter* out) {
  const auto number = [](int value) { return static_cast<uint64_t>(static_cast<uint32_t>(value)); };
  switch (type.kind) {
    case WireKind::kInt: out->AddTable({{0, 4, number(type.bit_width)}, {1, 1, type.is_signed ? 1u : 0u}}); return;
    case WireKind::kFloat: out->AddTable({{0, 2, type.bit_width == 16 ? 0u : type.bit_width == 32 ? 1u : 2u}}); return;
    case WireKind::kDecimal:
      out->AddTable({{0, 4, number(type.precision)}, {1, 4, number(type.scale)}, {2, 4, number(type.bit_width == 0 ? 128 : type.bit_width)}});
      return;
    case WireKind::kDate: out->AddTable({{0, 2, type.unit == WireUnit::kDay ? 0u : 1u}}); return;
    case WireKind::kTime: out->AddTable({{0, 2, TimeUnitOf(type.unit)}, {1, 4, number(type.bit_width)}}); return;
    case WireKind::kTimestamp: {
      if (!type.timezone) {
        out->AddTable({{0, 2, TimeUnitOf(type.unit)}});
        return;
      }
      const auto places = out->AddTable({{0, 2, TimeUnitOf(type.unit)}, FlatWriter::Offset(1)});
      out->PointHere(places[1]);
      out->AddString(*type.timezone);
      return;
    }
    case WireKind::kInterval: out->AddTable({{0, 2, type.bit_width == 32 ? 0u : type.bit_width == 64 ? 1u : 2u}}); return;
    case WireKind::kFixedSizeBinary:
    case WireKind::kFixedSizeList: out->AddTable({{0, 4, number(type.fixed_size)}}); return;
    default: out->AddTable({}); return;
  }
}

void AddMetadata(const WireMetadata& metadata, FlatWriter* out) {
  const size_t entries = out->AddOffsets(metadata.size());
  for (size_t i = 0; i < metadata.size(); ++i) {
    out->PointHere(entries + 4 * i);
    const auto places = out->AddTable({FlatWriter::Offset(0), FlatWriter::Offset(1)});
    out->PointHere(places[0]);
    out->AddString(metadata[i].first);
    out->PointHere(places[1]);
    out->AddString(metadata[i].second);
  }
}

void AddFields(const std::vector<WireField>& fields, FlatWriter* out) {
  const size_t offsets = out->AddOffsets(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    const WireField& field = fields[i];
    const FlatWriter::Slot nullable{1, 1, field.nullable ? 1u : 0u}, tag{2, 1, TagOf(field.type)};
    const FlatWriter::Slot name = FlatWriter::Offset(0), type = FlatWriter::Offset(3), children = FlatWriter::Offset(5);
    out->PointHere(offsets + 4 * i);
    const auto places = field.metadata.empty() ? out->AddTable({name, nullable, tag, type, children})
                                               : out->AddTable({name, nullable, tag, type, children, FlatWriter::Offset(6)});
    out->PointHere(places[0]);
    out->AddString(field.name);
    out->PointHere(places[3]);
    AddType(field.type, out);
    out->PointHere(places[5]);
    AddFields(field.children, out);
    if (field.metadata.empty()) continue;
    out->PointHere(places[6]);
    AddMetadata(field.metadata, out);
  }
}

// ------------------------------------------------------------------------------------------------------------------- reading

class SchemaReader {
 public:
  explicit SchemaReader(FlatReader* in) : in_(*in) {}

  Status ReadSchema(const FlatReader::Table& table, WireSchema* out) {
    if (const auto endianness = in_.Scalar<int16_t>(table, 0, 0); endianness != 0) {
      return Status::Invalid(kDoing, ": big-endian data is not read");
    }
    LOTIC_RETURN_NOT_OK(ReadFields(in_.List(table, 1, 4), nullptr, 1, &out->fields));
    return ReadMetadata(table, 2, &out->metadata);
  }

  static constexpr std::string_view kDoing = "decode an Arrow schema";

 private:
  Status ReadFields(const FlatReader::Vector& list, const FieldPath* parent, int depth, std::vector<WireField>* out) {
    LOTIC_RETURN_NOT_OK(in_.status(kDoing));
    if (depth > kMaxNesting && list.count > 0) {
      return Status::CapacityError(kDoing, ": column ", *parent, " is nested deeper than ", kMaxNesting, " levels");
    }
    num_fields_ += list.count;
    if (num_fields_ > kMaxSchemaFields) return Status::CapacityError(kDoing, ": more than ", kMaxSchemaFields, " fields");
    out->resize(list.count);
    for (uint32_t i = 0; i < list.count; ++i) {
      LOTIC_RETURN_NOT_OK(ReadField(in_.Element(list, i), parent, depth, &(*out)[i]));
    }
    return Status::OK();
  }

  Status ReadField(const FlatReader::Table& table, const FieldPath* parent, int depth, WireField* out) {
    LOTIC_RETURN_NOT_OK(TakeText(table, 0, &out->name));
    const FieldPath where{parent, out->name};
    if (in_.Has(table, 4)) return Status::Invalid(kDoing, ": column ", where, " is dictionary-encoded, which is not read");
    out->nullable = in_.Scalar<uint8_t>(table, 1, 0) != 0;
    LOTIC_RETURN_NOT_OK(ReadType(in_.Scalar<uint8_t>(table, 2, 0), in_.Child(table, 3), where, &out->type));
    LOTIC_RETURN_NOT_OK(ReadMetadata(table, 6, &out->metadata));
    return ReadFields(in_.List(table, 5, 4), &where, depth + 1, &out->children);
  }

  Status ReadType(uint8_t tag, const FlatReader::Table& table, const FieldPath& where, WireType* out) {
    int code = 0;
    switch (tag) {
      case kTagNull: out->kind = WireKind::kNull; break;
      case kTagBool: out->kind = WireKind::kBool; break;
      case kTagUtf8: out->kind = WireKind::kUtf8; break;
      case kTagBinary: out->kind = WireKind::kBinary; break;
      case kTagList: out->kind = WireKind::kList; break;
      case kTagStruct: out->kind = WireKind::kStruct; break;
      case kTagMap: out->kind = WireKind::kMap; break;
      case kTagUnion: out->kind = WireKind::kUnion; break;
      case kTagInt:
        out->kind = WireKind::kInt;
        out->bit_width = code = in_.Scalar<int32_t>(table, 0, 0);
        out->is_signed = in_.Scalar<uint8_t>(table, 1, 0) != 0;
        if (code != 8 && code != 16 && code != 32 && code != 64) return BadType(where, "an integer's width", code);
        break;
      case kTagFloat:
        out->kind = WireKind::kFloat;
        code = in_.Scalar<int16_t>(table, 0, 0);
        if (code < 0 || code > 2) return BadType(where, "a floating point precision", code);
        out->bit_width = 16 << code;
        break;
      case kTagDecimal:
        out->kind = WireKind::kDecimal;
        out->precision = in_.Scalar<int32_t>(table, 0, 0);
        out->scale = in_.Scalar<int32_t>(table, 1, 0);
        out->bit_width = code = in_.Scalar<int32_t>(table, 2, 128);
        if (code != 32 && code != 64 && code != 128 && code != 256) return BadType(where, "a decimal's width", code);
        break;
      case kTagDate:
        out->kind = WireKind::kDate;
        code = in_.Scalar<int16_t>(table, 0, 1);
        if (code < 0 || code > 1) return BadType(where, "a date's unit", code);
        out->unit = code == 0 ? WireUnit::kDay : WireUnit::kMilli;
        break;
      case kTagTime:
        out->kind = WireKind::kTime;
        code = in_.Scalar<int16_t>(table, 0, 1);
        out->bit_width = in_.Scalar<int32_t>(table, 1, 32);
        return UnitOf(code, where, out);
      case kTagTimestamp:
        out->kind = WireKind::kTimestamp;
        code = in_.Scalar<int16_t>(table, 0, 0);
        if (in_.Has(table, 1)) LOTIC_RETURN_NOT_OK(TakeText(table, 1, &out->timezone.emplace()));
        return UnitOf(code, where, out);
      case kTagInterval:
        out->kind = WireKind::kInterval;
        code = in_.Scalar<int16_t>(table, 0, 0);
        if (code < 0 || code > 2) return BadType(where, "an interval's unit", code);
        out->bit_width = 32 << code;
        break;
      case kTagFixedSizeBinary:
      case kTagFixedSizeList:
        out->kind = tag == kTagFixedSizeList ? WireKind::kFixedSizeList : WireKind::kFixedSizeBinary;
        out->fixed_size = in_.Scalar<int32_t>(table, 0, 0);
        break;
      case 0: return BadType(where, "a type", 0);
      default:
        out->kind = WireKind::kOther;
        out->bit_width = tag;
        break;
    }
    return Status::OK();
  }

  Status UnitOf(int code, const FieldPath& where, WireType* out) {
    if (code < 0 || code > 3) return BadType(where, "a time unit", code);
    out->unit = static_cast<WireUnit>(code + static_cast<int>(WireUnit::kSecond));
    return Status::OK();
  }

  Status BadType(const FieldPath& where, std::string_view what, int code) {
    LOTIC_RETURN_NOT_OK(in_.status(kDoing));
    return Status::Invalid(kDoing, ": column ", where, ": ", what, " is ", code, ", which Arrow does not know");
  }

  Status ReadMetadata(const FlatReader::Table& table, int id, WireMetadata* out) {
    const FlatReader::Vector entries = in_.List(table, id, 4);
    LOTIC_RETURN_NOT_OK(Account(entries.count * kBytesPerMetadataEntry));
    out->resize(entries.count);
    for (uint32_t i = 0; i < entries.count; ++i) {
      const FlatReader::Table entry = in_.Element(entries, i);
      LOTIC_RETURN_NOT_OK(TakeText(entry, 0, &(*out)[i].first));
      LOTIC_RETURN_NOT_OK(TakeText(entry, 1, &(*out)[i].second));
    }
    return Status::OK();
  }

  Status TakeText(const FlatReader::Table& table, int id, std::string* out) {
    const std::string_view text = in_.Text(table, id);
    LOTIC_RETURN_NOT_OK(Account(text.size()));
    *out = text;
    return Status::OK();
  }

  Status Account(size_t bytes) {
    LOTIC_RETURN_NOT_OK(in_.status(kDoing));
    text_bytes_ += bytes;
    if (text_bytes_ > kMaxSchemaTextBytes) return Status::CapacityError(kDoing, ": names and metadata of more than ", kMaxSchemaTextBytes, " bytes");
    return Status::OK();
  }

  FlatReader& in_;
  uint64_t num_fields_ = 0;
  size_t text_bytes_ = 0;
};

}  // namespace

std::string EncodeSchema(const WireSchema& schema, Framing framing) {
  FlatWriter metadata;
  StartMessage(kSchemaHeader, framing, 0, &metadata);
  const FlatWriter::Slot endianness{0, 2, 0}, fields = FlatWriter::Offset(1);
  const auto places = schema.metadata.empty() ? metadata.AddTable({endianness, fields}) : metadata.AddTable({endianness, fields, FlatWriter::Offset(2)});
  metadata.PointHere(places[1]);
  AddFields(schema.fields, &metadata);
  if (!schema.metadata.empty()) {
    metadata.PointHere(places[2]);
    AddMetadata(schema.metadata, &metadata);
  }
  std::string out;
  AppendFramed(metadata, framing, &out);
  return out;
}

Result<WireSchema> DecodeSchema(std::string_view message) {
  LOTIC_ASSIGN_OR_RETURN(IpcMessage opened, OpenMessage(message, kSchemaHeader, SchemaReader::kDoing));
  WireSchema schema;
  LOTIC_RETURN_NOT_OK(SchemaReader(&opened.reader).ReadSchema(opened.header, &schema));
  LOTIC_RETURN_NOT_OK(opened.reader.status(SchemaReader::kDoing));
  return schema;
}

}  // namespace lotic::athena
