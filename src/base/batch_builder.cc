// SPDX-License-Identifier: Apache-2.0
#include "lotic/batch_builder.h"

#include <algorithm>

namespace lotic {
namespace {

size_t BitmapBytes(int64_t rows) { return static_cast<size_t>((rows + 7) / 8); }

bool HasOffsets(const Type& type) { return type.is_text_or_binary() || type.id() == TypeId::kList || type.id() == TypeId::kMap; }

}  // namespace

ColumnBuilder::ColumnBuilder(const Type& type) : type_(type) {
  for (const Field& field : type.children()) children_.emplace_back(field.type);
  if (HasOffsets(type_)) data_.AppendValue<int32_t>(0);
}

void ColumnBuilder::Reserve(int64_t rows) {
  if (type_.id() == TypeId::kBool) {
    const size_t needed = BitmapBytes(length_ + rows);
    if (needed > data_.size()) data_.ResizeZeroed(std::max(needed, data_.size()));
  } else if (type_.byte_width() != 0) {
    data_.Reserve(static_cast<size_t>(rows) * static_cast<size_t>(type_.byte_width()));
  } else if (HasOffsets(type_)) {
    data_.Reserve(static_cast<size_t>(rows) * sizeof(int32_t));
  }
  if (has_validity_) validity_.Reserve(BitmapBytes(rows) + 1);
}

void ColumnBuilder::MaterializeValidity(int64_t rows) {
  // The bits of [0, rows) are 1, those behind them 0.
  validity_.Resize(0);
  validity_.ResizeZeroed(BitmapBytes(rows));
  if (rows >= 8) std::memset(validity_.data(), 0xff, static_cast<size_t>(rows / 8));
  if (rows % 8 != 0) validity_.data()[rows / 8] = static_cast<uint8_t>((1 << (rows % 8)) - 1);
  has_validity_ = true;
}

void ColumnBuilder::PushValidity(bool valid) {
  if (!valid && !has_validity_) MaterializeValidity(length_);
  if (has_validity_) {
    if (length_ % 8 == 0) validity_.ResizeZeroed(BitmapBytes(length_ + 1));
    if (valid) validity_.data()[length_ / 8] |= static_cast<uint8_t>(1 << (length_ % 8));
  }
  if (!valid) ++null_count_;
  ++length_;
}

void ColumnBuilder::AppendNull() {
  const int width = type_.byte_width();
  if (width != 0) {
    data_.ResizeZeroed(data_.size() + static_cast<size_t>(width));
  } else if (type_.id() == TypeId::kBool) {
    data_.ResizeZeroed(std::max(data_.size(), BitmapBytes(length_ + 1)));
  } else if (type_.is_text_or_binary()) {
    data_.AppendValue<int32_t>(static_cast<int32_t>(bytes_.size()));
  } else if (HasOffsets(type_)) {
    data_.AppendValue<int32_t>(static_cast<int32_t>(children_[0].length_));
  } else {
    for (ColumnBuilder& child : children_) child.AppendNull();
  }
  PushValidity(false);
}

void ColumnBuilder::AppendBool(bool value) {
  data_.ResizeZeroed(std::max(data_.size(), BitmapBytes(length_ + 1)));
  uint8_t& byte = data_.data()[length_ / 8];
  const uint8_t bit = static_cast<uint8_t>(1 << (length_ % 8));
  byte = static_cast<uint8_t>(value ? byte | bit : byte & ~bit);
  PushValidity(true);
}

void ColumnBuilder::AppendInt64(int64_t value) {
  switch (type_.byte_width()) {
    case 1: data_.AppendValue(static_cast<int8_t>(value)); break;
    case 2: data_.AppendValue(static_cast<int16_t>(value)); break;
    case 4: data_.AppendValue(static_cast<int32_t>(value)); break;
    default: data_.AppendValue(value); break;
  }
  PushValidity(true);
}

void ColumnBuilder::AppendDouble(double value) {
  if (type_.id() == TypeId::kFloat32) {
    data_.AppendValue(static_cast<float>(value));
  } else {
    data_.AppendValue(value);
  }
  PushValidity(true);
}

void ColumnBuilder::AppendDecimal(Int128 value) {
  data_.AppendValue(value);
  PushValidity(true);
}

void ColumnBuilder::AppendBytes(std::string_view value) {
  bytes_.Append(value.data(), value.size());
  FinishBytes();
}

void ColumnBuilder::FinishBytes() {
  LOTIC_CHECK(bytes_.size() < (size_t{1} << 31));
  data_.AppendValue(static_cast<int32_t>(bytes_.size()));
  PushValidity(true);
}

void ColumnBuilder::FinishList() {
  LOTIC_CHECK(children_[0].length_ < (int64_t{1} << 31));
  data_.AppendValue(static_cast<int32_t>(children_[0].length_));
  PushValidity(true);
}

void ColumnBuilder::AppendValid() { PushValidity(true); }

void ColumnBuilder::Advance(int64_t rows) {
  if (type_.is_text_or_binary()) {
    data_.Resize(static_cast<size_t>(length_ + rows + 1) * sizeof(int32_t));
    LOTIC_CHECK(static_cast<size_t>(data_.as<int32_t>()[length_ + rows]) == bytes_.size());
  } else {
    data_.Resize(static_cast<size_t>(length_ + rows) * static_cast<size_t>(type_.byte_width()));
  }
  if (has_validity_) {
    validity_.ResizeZeroed(BitmapBytes(length_ + rows));
    for (int64_t row = length_; row < length_ + rows; ++row) {
      validity_.data()[row / 8] |= static_cast<uint8_t>(1 << (row % 8));
    }
  }
  length_ += rows;
}

void ColumnBuilder::SetNull(int64_t row) {
  if (!has_validity_) MaterializeValidity(length_);
  uint8_t& byte = validity_.data()[row / 8];
  const uint8_t bit = static_cast<uint8_t>(1 << (row % 8));
  if ((byte & bit) != 0) {
    byte = static_cast<uint8_t>(byte & ~bit);
    ++null_count_;
  }
}

void ColumnBuilder::Truncate(int64_t length) {
  if (length >= length_) return;
  if (has_validity_) {
    for (int64_t row = length; row < length_; ++row) {
      if (((validity_.data()[row / 8] >> (row % 8)) & 1) == 0) --null_count_;
    }
    validity_.Resize(BitmapBytes(length));
    if (length % 8 != 0) validity_.data()[length / 8] &= static_cast<uint8_t>((1 << (length % 8)) - 1);
  }
  if (type_.byte_width() != 0) {
    data_.Resize(static_cast<size_t>(length) * static_cast<size_t>(type_.byte_width()));
  } else if (type_.id() == TypeId::kBool) {
    data_.Resize(BitmapBytes(length));
    if (length % 8 != 0) data_.data()[length / 8] &= static_cast<uint8_t>((1 << (length % 8)) - 1);
  } else if (HasOffsets(type_)) {
    data_.Resize(static_cast<size_t>(length + 1) * sizeof(int32_t));
    const int32_t end = data_.as<int32_t>()[length];
    if (type_.is_text_or_binary()) {
      bytes_.Resize(static_cast<size_t>(end));
    } else {
      for (ColumnBuilder& child : children_) child.Truncate(end);
    }
  } else {
    for (ColumnBuilder& child : children_) child.Truncate(length);
  }
  length_ = length;
}

Column ColumnBuilder::Finish() {
  Column column{.type = type_};
  column.length = length_;
  column.null_count = null_count_;
  if (null_count_ != 0) {
    validity_.Finish();
    column.validity = validity_.data();
  }
  if (type_.id() == TypeId::kBool) data_.Resize(BitmapBytes(length_));
  if (type_.id() != TypeId::kStruct) {
    data_.Finish();
    column.data = data_.data();
  }
  if (type_.is_text_or_binary()) {
    bytes_.Finish();
    column.bytes = bytes_.data();
  }
  for (ColumnBuilder& child : children_) {
    const int64_t wanted = type_.id() == TypeId::kStruct ? length_ : data_.as<int32_t>()[length_];
    LOTIC_CHECK(child.length_ == wanted);
    column.children.push_back(child.Finish());
  }
  return column;
}

BatchBuilder::BatchBuilder(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)), state_(std::make_shared<State>()) {
  for (const Field& field : schema_->fields) state_->columns.emplace_back(field.type);
}

Batch BatchBuilder::Finish(int64_t num_rows) {
  std::vector<Column> columns;
  columns.reserve(state_->columns.size());
  for (ColumnBuilder& builder : state_->columns) columns.push_back(builder.Finish());
  Batch batch(schema_, num_rows, std::move(columns), std::move(state_));
  state_ = std::make_shared<State>();
  for (const Field& field : schema_->fields) state_->columns.emplace_back(field.type);
  return batch;
}

}  // namespace lotic
