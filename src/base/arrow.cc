// SPDX-License-Identifier: Apache-2.0
// Batch and Schema over the Arrow C data interface, both ways.
#include <array>
#include <charconv>
#include <cstring>

#include "lotic/batch.h"
#include "lotic/batch_builder.h"

namespace lotic {
namespace {

// ---------------------------------------------------------------------------------------------------------------- schemas out

struct SchemaStorage {
  std::string format;
  std::string name;
  std::string metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
};

void ReleaseSchema(ArrowSchema* schema) {
  auto* storage = static_cast<SchemaStorage*>(schema->private_data);
  for (ArrowSchema& child : storage->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete storage;
  schema->release = nullptr;
}

// The C data interface's metadata: int32 count, then per entry int32 length and bytes of key and value, in native byte order.
std::string EncodeMetadata(const std::map<std::string, std::string>& metadata) {
  if (metadata.empty()) return {};
  std::string out;
  const auto put = [&out](size_t number) {
    const auto value = static_cast<int32_t>(number);
    out.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  put(metadata.size());
  for (const auto& [key, value] : metadata) {
    put(key.size());
    out += key;
    put(value.size());
    out += value;
  }
  return out;
}

std::string FormatOf(const Type& type) {
  switch (type.id()) {
    case TypeId::kBool: return "b";
    case TypeId::kInt8: return "c";
    case TypeId::kUInt8: return "C";
    case TypeId::kInt16: return "s";
    case TypeId::kUInt16: return "S";
    case TypeId::kInt32: return "i";
    case TypeId::kUInt32: return "I";
    case TypeId::kInt64: return "l";
    case TypeId::kUInt64: return "L";
    case TypeId::kFloat32: return "f";
    case TypeId::kFloat64: return "g";
    case TypeId::kDecimal128: return "d:" + std::to_string(type.precision()) + "," + std::to_string(type.scale());
    case TypeId::kString: return "u";
    case TypeId::kBinary: return "z";
    case TypeId::kDate: return "tdD";
    case TypeId::kTime: return "ttu";
    case TypeId::kTimestamp: return std::string("ts") + "smun"[static_cast<int>(type.unit())] + (type.utc() ? ":UTC" : ":");
    case TypeId::kList: return "+l";
    case TypeId::kStruct: return "+s";
    case TypeId::kMap: return "+m";
  }
  return "n";
}

void FillSchema(const std::string& name, const Type& type, const std::map<std::string, std::string>& metadata, int64_t flags, ArrowSchema* out) {
  auto* storage = new SchemaStorage{FormatOf(type), name, EncodeMetadata(metadata), {}, {}};
  std::vector<Field> children = type.children();
  if (type.id() == TypeId::kMap) children = {{"entries", Type::Struct(type.children())}};
  storage->children.resize(children.size());
  for (size_t i = 0; i < children.size(); ++i) {
    const bool required = type.id() == TypeId::kMap || (name == "entries" && (flags & ARROW_FLAG_NULLABLE) == 0 && i == 0);
    FillSchema(children[i].name, children[i].type, children[i].metadata, required ? 0 : ARROW_FLAG_NULLABLE, &storage->children[i]);
    storage->pointers.push_back(&storage->children[i]);
  }
  *out = ArrowSchema{};
  out->format = storage->format.c_str();
  out->name = storage->name.c_str();
  out->metadata = storage->metadata.empty() ? nullptr : storage->metadata.data();
  out->flags = flags;
  out->n_children = static_cast<int64_t>(storage->children.size());
  out->children = storage->pointers.data();
  out->release = ReleaseSchema;
  out->private_data = storage;
}

// ----------------------------------------------------------------------------------------------------------------- schemas in

constexpr int kMaxDepth = 64;

Result<std::map<std::string, std::string>> DecodeMetadata(const char* in) {
  std::map<std::string, std::string> metadata;
  if (in == nullptr) return metadata;
  const auto number = [&in] {
    int32_t value;
    std::memcpy(&value, in, sizeof(value));
    in += sizeof(value);
    return value;
  };
  for (int32_t left = number(); left > 0; --left) {
    std::string pair[2];
    for (std::string& text : pair) {
      const int32_t length = number();
      if (length < 0) return Status::Invalid("Arrow metadata: negative length ", length);
      text.assign(in, static_cast<size_t>(length));
      in += length;
    }
    metadata[pair[0]] = pair[1];
  }
  return metadata;
}

Result<Type> TypeOf(const ArrowSchema& in, int depth);

Result<Field> FieldOf(const ArrowSchema& in, int depth) {
  LOTIC_ASSIGN_OR_RETURN(Type type, TypeOf(in, depth));
  LOTIC_ASSIGN_OR_RETURN(auto metadata, DecodeMetadata(in.metadata));
  return Field{in.name == nullptr ? "" : in.name, std::move(type), std::move(metadata)};
}

Result<Type> TypeOf(const ArrowSchema& in, int depth) {
  const std::string name = in.name == nullptr ? "" : in.name;
  if (depth > kMaxDepth) return Status::CapacityError("Arrow schema: column ", name, " is nested deeper than ", kMaxDepth);
  if (in.format == nullptr) return Status::Invalid("Arrow schema: column ", name, " has no format");
  if (in.dictionary != nullptr) return Status::Invalid("Arrow schema: column ", name, " is dictionary-encoded, which is not supported");
  const std::string_view format = in.format;
  static const std::vector<std::pair<std::string_view, Type>> plain = {
      {"b", Type::Bool()},    {"c", Type::Int8()},   {"C", Type::UInt8()},  {"s", Type::Int16()},  {"S", Type::UInt16()},
      {"i", Type::Int32()},   {"I", Type::UInt32()}, {"l", Type::Int64()},  {"L", Type::UInt64()}, {"f", Type::Float32()},
      {"g", Type::Float64()}, {"u", Type::String()}, {"z", Type::Binary()}, {"tdD", Type::Date()}, {"ttu", Type::Time()}};
  for (const auto& [text, type] : plain) {
    if (format == text) return type;
  }
  if (format.starts_with("d:")) {
    const size_t comma = format.find(',');
    int precision = 0, scale = -1;
    if (comma != std::string_view::npos) {
      std::from_chars(format.data() + 2, format.data() + comma, precision);
      const std::string_view rest = format.substr(comma + 1);
      const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), scale);
      if (end.ptr != rest.data() + rest.size() && std::string_view(end.ptr, rest.data() + rest.size() - end.ptr) != ",128") scale = -1;
    }
    if (precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision) return Type::Decimal(precision, scale);
  }
  if (format.size() >= 4 && format.starts_with("ts") && format[3] == ':') {
    const size_t unit = std::string_view("smun").find(format[2]);
    const std::string_view zone = format.substr(4);
    if (unit != std::string_view::npos) return Type::Timestamp(static_cast<TimeUnit>(unit), !zone.empty());
  }
  if (format == "+l" && in.n_children == 1) {
    LOTIC_ASSIGN_OR_RETURN(Field item, FieldOf(*in.children[0], depth + 1));
    return Type::List(std::move(item.type));
  }
  if (format == "+m" && in.n_children == 1 && in.children[0]->n_children == 2) {
    LOTIC_ASSIGN_OR_RETURN(Field key, FieldOf(*in.children[0]->children[0], depth + 2));
    LOTIC_ASSIGN_OR_RETURN(Field value, FieldOf(*in.children[0]->children[1], depth + 2));
    return Type::Map(std::move(key.type), std::move(value.type));
  }
  if (format == "+s") {
    std::vector<Field> fields;
    for (int64_t i = 0; i < in.n_children; ++i) {
      LOTIC_ASSIGN_OR_RETURN(Field field, FieldOf(*in.children[i], depth + 1));
      fields.push_back(std::move(field));
    }
    return Type::Struct(std::move(fields));
  }
  return Status::Invalid("Arrow schema: column ", name, " has the format \"", format, "\", which is not one of ours");
}

// ----------------------------------------------------------------------------------------------------------------- arrays out

struct ArrayStorage {
  std::shared_ptr<const Batch> pin;  // at the root only
  std::array<const void*, 3> buffers{};
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
};

void ReleaseArray(ArrowArray* array) {
  auto* storage = static_cast<ArrayStorage*>(array->private_data);
  for (ArrowArray& child : storage->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete storage;
  array->release = nullptr;
}

void Link(ArrayStorage* storage, int64_t length, int64_t null_count, int64_t num_buffers, ArrowArray* out) {
  for (ArrowArray& child : storage->children) storage->pointers.push_back(&child);
  *out = ArrowArray{};
  out->length = length;
  out->null_count = null_count;
  out->n_buffers = num_buffers;
  out->buffers = storage->buffers.data();
  out->n_children = static_cast<int64_t>(storage->children.size());
  out->children = storage->pointers.data();
  out->release = ReleaseArray;
  out->private_data = storage;
}

void FillArray(const std::shared_ptr<const Batch>& pin, const Column& column, ArrowArray* out) {
  auto* storage = new ArrayStorage{pin, {}, {}, {}};
  storage->buffers = {column.validity, column.data, column.bytes};
  const auto fill = [&pin](const std::vector<Column>& columns, std::vector<ArrowArray>* arrays) {
    arrays->resize(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) FillArray(pin, columns[i], &(*arrays)[i]);
  };
  if (column.type.id() == TypeId::kMap) {
    auto* entries = new ArrayStorage{pin, {}, {}, {}};
    fill(column.children, &entries->children);
    storage->children.resize(1);
    Link(entries, column.offsets()[column.length], 0, 1, &storage->children[0]);
  } else {
    fill(column.children, &storage->children);
  }
  const int64_t buffers = column.type.id() == TypeId::kStruct ? 1 : column.type.is_text_or_binary() ? 3 : 2;
  Link(storage, column.length, column.null_count, buffers, out);
}

// ------------------------------------------------------------------------------------------------------------------ arrays in

struct ArrowOwner {
  ArrowArray array{};
  ~ArrowOwner() {
    if (array.release != nullptr) array.release(&array);
  }
};

template <typename T>
T At(const void* data, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

bool BitAt(const void* bits, int64_t index) { return ((static_cast<const uint8_t*>(bits)[index >> 3] >> (index & 7)) & 1) != 0; }

// Copies rows [first, first + count) of a foreign array, whatever its offset and alignment.
Status CopyRows(const std::string& where, const ArrowArray& in, const Type& type, int64_t first, int64_t count, ColumnBuilder* out) {
  const bool has_offsets = type.is_text_or_binary() || type.id() == TypeId::kList || type.id() == TypeId::kMap;
  const int64_t wanted = type.id() == TypeId::kStruct ? 1 : type.is_text_or_binary() ? 3 : 2;
  const int64_t children = type.id() == TypeId::kMap ? 1 : static_cast<int64_t>(type.children().size());
  if (in.n_buffers != wanted || in.n_children != children) {
    return Status::Invalid("Arrow array: ", where, " has ", in.n_buffers, " buffers and ", in.n_children, " children, which does not fit ", type.ToString());
  }
  if (first < 0 || count < 0 || first > in.length - count) return Status::Invalid("Arrow array: ", where, " is too short");
  const void* validity = in.null_count == 0 ? nullptr : in.buffers[0];
  if (type.id() != TypeId::kStruct && in.length + in.offset > 0 && in.buffers[1] == nullptr && !(has_offsets && count == 0)) {
    return Status::Invalid("Arrow array: ", where, " has no data buffer");
  }
  for (int64_t row = first; row < first + count; ++row) {
    const int64_t at = row + in.offset;
    if (validity != nullptr && !BitAt(validity, at)) {
      out->AppendNull();
      continue;
    }
    if (has_offsets) {
      const int32_t begin = At<int32_t>(in.buffers[1], at), end = At<int32_t>(in.buffers[1], at + 1);
      if (begin < 0 || end < begin) return Status::Invalid("Arrow array: ", where, " has bad offsets at row ", row);
      if (type.is_text_or_binary()) {
        out->AppendBytes({static_cast<const char*>(in.buffers[2]) + begin, static_cast<size_t>(end - begin)});
        continue;
      }
      if (type.id() == TypeId::kList) {
        LOTIC_RETURN_NOT_OK(CopyRows(where + ".item", *in.children[0], type.children()[0].type, begin, end - begin, &out->child(0)));
      } else {
        const ArrowArray& entries = *in.children[0];
        if (entries.n_children != 2) return Status::Invalid("Arrow array: ", where, ": map entries have ", entries.n_children, " children");
        for (size_t i = 0; i < 2; ++i) {
          LOTIC_RETURN_NOT_OK(CopyRows(where + ".entries", *entries.children[i], type.children()[i].type, begin + entries.offset, end - begin, &out->child(i)));
        }
      }
      out->FinishList();
      continue;
    }
    switch (type.id()) {
      case TypeId::kBool: out->AppendBool(BitAt(in.buffers[1], at)); continue;
      case TypeId::kFloat32: out->AppendDouble(At<float>(in.buffers[1], at)); continue;
      case TypeId::kFloat64: out->AppendDouble(At<double>(in.buffers[1], at)); continue;
      case TypeId::kDecimal128: out->AppendDecimal(At<Int128>(in.buffers[1], at)); continue;
      case TypeId::kStruct:
        for (size_t i = 0; i < type.children().size(); ++i) {
          LOTIC_RETURN_NOT_OK(CopyRows(where + "." + type.children()[i].name, *in.children[i], type.children()[i].type, at, 1, &out->child(i)));
        }
        out->AppendValid();
        continue;
      default: break;
    }
    switch (type.byte_width()) {
      case 1: out->AppendInt64(At<int8_t>(in.buffers[1], at)); break;
      case 2: out->AppendInt64(At<int16_t>(in.buffers[1], at)); break;
      case 4: out->AppendInt64(At<int32_t>(in.buffers[1], at)); break;
      default: out->AppendInt64(At<int64_t>(in.buffers[1], at)); break;
    }
  }
  return Status::OK();
}

}  // namespace

void ExportSchema(const Schema& schema, ArrowSchema* out) { FillSchema("", Type::Struct(schema.fields), schema.metadata, 0, out); }

Result<Schema> ImportSchema(const ArrowSchema& in) {
  LOTIC_ASSIGN_OR_RETURN(Field root, FieldOf(in, 0));
  if (root.type.id() != TypeId::kStruct) return Status::Invalid("Arrow schema: the root is a ", root.type.ToString(), ", not a struct");
  return Schema{root.type.children(), root.metadata};
}

void Batch::Export(ArrowArray* out) const {
  auto pin = std::make_shared<const Batch>(*this);
  auto* storage = new ArrayStorage{pin, {}, {}, {}};
  storage->children.resize(num_columns());
  for (size_t i = 0; i < num_columns(); ++i) FillArray(pin, column(i), &storage->children[i]);
  Link(storage, num_rows(), 0, 1, out);
}

Result<Batch> Batch::Import(std::shared_ptr<const Schema> schema, ArrowArray* array) {
  ArrowOwner owner;
  owner.array = *array;
  array->release = nullptr;
  const ArrowArray& in = owner.array;
  if (in.n_children != static_cast<int64_t>(schema->fields.size())) {
    return Status::Invalid("Arrow array: ", in.n_children, " columns, the schema has ", schema->fields.size());
  }
  BatchBuilder builder(schema);
  for (size_t i = 0; i < schema->fields.size(); ++i) {
    const Field& field = schema->fields[i];
    LOTIC_RETURN_NOT_OK(CopyRows("column " + field.name, *in.children[i], field.type, in.offset, in.length, &builder.column(i)));
  }
  Batch batch = builder.Finish(in.length);
  LOTIC_RETURN_NOT_OK(batch.Validate());
  return batch;
}

}  // namespace lotic
