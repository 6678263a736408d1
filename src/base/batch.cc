// SPDX-License-Identifier: Apache-2.0
#include "lotic/batch.h"

#include "base/utf8.h"
#include "lotic/batch_builder.h"

namespace lotic {
namespace {

bool IsValidAt(const Column& column, int64_t row) { return !column.IsNull(row); }

// Appends one value of `column` to `out`, nested values whole.
void AppendValue(const Column& column, int64_t row, ColumnBuilder* out) {
  if (column.IsNull(row)) return out->AppendNull();
  const Type& type = column.type;
  switch (type.id()) {
    case TypeId::kBool: return out->AppendBool(column.Bool(row));
    case TypeId::kString:
    case TypeId::kBinary: return out->AppendBytes(column.Text(row));
    case TypeId::kFloat32: return out->AppendDouble(column.values<float>()[row]);
    case TypeId::kFloat64: return out->AppendDouble(column.values<double>()[row]);
    case TypeId::kDecimal128: {
      Int128 value;
      std::memcpy(&value, column.data + row * 16, 16);
      return out->AppendDecimal(value);
    }
    case TypeId::kStruct:
      for (size_t i = 0; i < column.children.size(); ++i) AppendValue(column.children[i], row, &out->child(i));
      return out->AppendValid();
    case TypeId::kList:
    case TypeId::kMap: {
      const auto offsets = column.offsets();
      for (int32_t at = offsets[row]; at < offsets[row + 1]; ++at) {
        for (size_t i = 0; i < column.children.size(); ++i) AppendValue(column.children[i], at, &out->child(i));
      }
      return out->FinishList();
    }
    default: break;
  }
  switch (type.byte_width()) {
    case 1: return out->AppendInt64(column.values<int8_t>()[row]);
    case 2: return out->AppendInt64(column.values<int16_t>()[row]);
    case 4: return out->AppendInt64(column.values<int32_t>()[row]);
    default: return out->AppendInt64(column.values<int64_t>()[row]);
  }
}

template <typename T>
void TakeFixed(const Column& column, std::span<const int64_t> rows, ColumnBuilder* out) {
  out->Reserve(static_cast<int64_t>(rows.size()));
  const T* in = reinterpret_cast<const T*>(column.data);
  T* to = out->UnsafeValues<T>();
  for (size_t i = 0; i < rows.size(); ++i) to[i] = in[rows[i]];
  out->Advance(static_cast<int64_t>(rows.size()));
  if (column.null_count == 0) return;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (column.IsNull(rows[i])) out->SetNull(static_cast<int64_t>(i));
  }
}

void TakeColumn(const Column& column, std::span<const int64_t> rows, ColumnBuilder* out) {
  switch (column.type.byte_width()) {
    case 1: return TakeFixed<int8_t>(column, rows, out);
    case 2: return TakeFixed<int16_t>(column, rows, out);
    case 4: return TakeFixed<int32_t>(column, rows, out);
    case 8: return TakeFixed<int64_t>(column, rows, out);
    case 16: return TakeFixed<Int128>(column, rows, out);
    default: break;
  }
  out->Reserve(static_cast<int64_t>(rows.size()));
  for (const int64_t row : rows) AppendValue(column, row, out);
}

int64_t BytesOf(const Column& column) {
  int64_t bytes = column.validity != nullptr ? (column.length + 7) / 8 : 0;
  const int width = column.type.byte_width();
  if (width != 0) {
    bytes += column.length * width;
  } else if (column.type.id() == TypeId::kBool) {
    bytes += (column.length + 7) / 8;
  } else if (column.type.id() != TypeId::kStruct) {
    bytes += (column.length + 1) * 4;
    if (column.bytes != nullptr) bytes += column.offsets()[column.length];
  }
  for (const Column& child : column.children) bytes += BytesOf(child);
  return bytes;
}

Status ValidateBuffer(const std::string& where, const uint8_t* data, int64_t bytes, std::string_view what) {
  if (data == nullptr) return Status::Invalid(where, ": no ", what, " buffer");
  if (reinterpret_cast<uintptr_t>(data) % Buffer::kAlignment != 0) {
    return Status::Invalid(where, ": ", what, " buffer not aligned to 64 bytes");
  }
  for (int64_t at = bytes; at % static_cast<int64_t>(Buffer::kAlignment) != 0; ++at) {
    if (data[at] != 0) return Status::Invalid(where, ": ", what, " padding not zero at byte ", at);
  }
  return Status::OK();
}

Int128 DecimalLimit(int precision) {
  Int128 limit = 1;
  for (int i = 0; i < precision; ++i) limit *= 10;
  return limit;
}

Status ValidateColumn(const std::string& where, const Column& column, const Type& type, int64_t length) {
  if (!(column.type == type)) return Status::Invalid(where, ": type ", column.type.ToString(), " where the schema says ", type.ToString());
  if (column.length != length) return Status::Invalid(where, ": ", column.length, " rows, not ", length);
  int64_t nulls = 0;
  if (column.validity != nullptr) {
    LOTIC_RETURN_NOT_OK(ValidateBuffer(where, column.validity, (length + 7) / 8, "validity"));
    for (int64_t row = 0; row < length; ++row) nulls += column.IsNull(row) ? 1 : 0;
    if (nulls == 0) return Status::Invalid(where, ": a validity bitmap without a NULL");
    if (length % 8 != 0 && (column.validity[length / 8] >> (length % 8)) != 0) {
      return Status::Invalid(where, ": validity bits set behind the last row");
    }
  }
  if (nulls != column.null_count) return Status::Invalid(where, ": null_count ", column.null_count, ", counted ", nulls);
  const int width = type.byte_width();
  if (width != 0) LOTIC_RETURN_NOT_OK(ValidateBuffer(where, column.data, length * width, "data"));
  if (type.id() == TypeId::kBool) LOTIC_RETURN_NOT_OK(ValidateBuffer(where, column.data, (length + 7) / 8, "data"));
  if (column.children.size() != type.children().size()) return Status::Invalid(where, ": ", column.children.size(), " children");
  if (type.is_text_or_binary() || type.id() == TypeId::kList || type.id() == TypeId::kMap) {
    LOTIC_RETURN_NOT_OK(ValidateBuffer(where, column.data, (length + 1) * 4, "offsets"));
    const auto offsets = column.offsets();
    if (offsets[0] != 0) return Status::Invalid(where, ": first offset ", offsets[0]);
    for (int64_t row = 0; row < length; ++row) {
      if (offsets[row + 1] < offsets[row]) return Status::Invalid(where, ": offsets descend at row ", row);
    }
  }
  if (type.is_text_or_binary()) {
    LOTIC_RETURN_NOT_OK(ValidateBuffer(where, column.bytes, column.offsets()[length], "bytes"));
    for (int64_t row = 0; type.id() == TypeId::kString && row < length; ++row) {
      if (IsValidAt(column, row) && !IsUtf8(column.Text(row))) return Status::Invalid(where, ": invalid UTF-8 at row ", row);
    }
  }
  if (type.id() == TypeId::kDecimal128) {
    const Int128 limit = DecimalLimit(type.precision());
    for (int64_t row = 0; row < length; ++row) {
      const Int128 value = column.values<Int128>()[row];
      if (IsValidAt(column, row) && (value >= limit || value <= -limit)) {
        return Status::Invalid(where, ": a value beyond ", type.ToString(), " at row ", row);
      }
    }
  }
  for (size_t i = 0; i < column.children.size(); ++i) {
    const Field& field = type.children()[i];
    const int64_t child_length = type.id() == TypeId::kStruct ? length : column.offsets()[length];
    LOTIC_RETURN_NOT_OK(ValidateColumn(where + "." + field.name, column.children[i], field.type, child_length));
  }
  if (type.id() == TypeId::kMap && column.children[0].null_count != 0) return Status::Invalid(where, ": a NULL map key");
  return Status::OK();
}

}  // namespace

Batch::Batch() : Batch(std::make_shared<const Schema>(), 0, {}, nullptr) {}

Batch::Batch(std::shared_ptr<const Schema> schema, int64_t num_rows, std::vector<Column> columns, std::shared_ptr<const void> owner) {
  LOTIC_CHECK(schema->fields.size() == columns.size());
  for (const Column& column : columns) LOTIC_CHECK(column.length == num_rows);
  storage_ = std::make_shared<const Storage>(Storage{std::move(schema), num_rows, std::move(columns), std::move(owner)});
}

int64_t Batch::size_bytes() const {
  int64_t bytes = 0;
  for (const Column& column : storage_->columns) bytes += BytesOf(column);
  return bytes;
}

Batch Batch::Select(std::span<const size_t> columns) const {
  auto schema = std::make_shared<Schema>();
  schema->metadata = this->schema().metadata;
  std::vector<Column> selected;
  for (const size_t index : columns) {
    schema->fields.push_back(this->schema().fields[index]);
    selected.push_back(storage_->columns[index]);
  }
  return Batch(std::move(schema), num_rows(), std::move(selected), storage_);
}

Batch Batch::Take(std::span<const int64_t> rows) const {
  BatchBuilder builder(storage_->schema);
  for (size_t i = 0; i < num_columns(); ++i) TakeColumn(column(i), rows, &builder.column(i));
  return builder.Finish(static_cast<int64_t>(rows.size()));
}

Status Batch::Validate() const {
  for (size_t i = 0; i < num_columns(); ++i) {
    const Field& field = schema().fields[i];
    LOTIC_RETURN_NOT_OK(ValidateColumn("column " + field.name, column(i), field.type, num_rows()));
  }
  return Status::OK();
}

}  // namespace lotic
