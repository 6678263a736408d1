// SPDX-License-Identifier: Apache-2.0
#include "table/row_gather.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

namespace lotic::table {
namespace {

constexpr int64_t kMaxOffset = (int64_t{1} << 31) - 1;

size_t BitmapBytes(int64_t rows) { return static_cast<size_t>((rows + 7) / 8); }

bool BitAt(const uint8_t* bits, int64_t index) { return ((bits[index >> 3] >> (index & 7)) & 1) != 0; }

// Appends `count` bits of `from` (null: ones), beginning at bit `first`, behind bit `at` of `to`; the bits there are zero.
void AppendBits(Buffer* to, int64_t at, const uint8_t* from, int64_t first, int64_t count) {
  if (count == 0) return;  // an empty buffer has no memory to write to
  to->ResizeZeroed(std::max(to->size(), BitmapBytes(at + count)));
  uint8_t* const out = to->data();
  int64_t done = 0;
  if (at % 8 == 0 && first % 8 == 0) {
    const int64_t whole = count / 8;
    if (from == nullptr) {
      std::memset(out + at / 8, 0xff, static_cast<size_t>(whole));
    } else {
      std::memcpy(out + at / 8, from + first / 8, static_cast<size_t>(whole));
    }
    done = whole * 8;
  }
  for (; done < count; ++done) {
    if (from == nullptr || BitAt(from, first + done)) out[(at + done) >> 3] |= static_cast<uint8_t>(1 << ((at + done) & 7));
  }
}

int64_t NullsIn(const Column& column, int64_t first, int64_t count) {
  if (column.null_count == 0) return 0;
  if (first == 0 && count == column.length) return column.null_count;
  int64_t nulls = 0;
  for (int64_t row = first; row < first + count; ++row) nulls += column.IsNull(row) ? 1 : 0;
  return nulls;
}

bool HasOffsets(const Type& type) { return type.is_text_or_binary() || type.id() == TypeId::kList || type.id() == TypeId::kMap; }

}  // namespace

ColumnGather::ColumnGather(const Type& type) : type_(type) {
  for (const Field& child : type.children()) children_.emplace_back(child.type);
  if (HasOffsets(type_)) data_.AppendValue<int32_t>(0);
}

void ColumnGather::AppendValidity(const uint8_t* bits, int64_t first, int64_t count) {
  if (validity_.size() == 0 && bits == nullptr) return;
  if (validity_.size() == 0) AppendBits(&validity_, 0, nullptr, 0, length_);
  AppendBits(&validity_, length_, bits, first, count);
}

bool ColumnGather::HasRoom(const Column& column, int64_t first, int64_t count) const {
  if (HasOffsets(type_)) {
    const auto offsets = column.offsets();
    const int64_t more = int64_t{offsets[first + count]} - offsets[first];
    const int64_t have = type_.is_text_or_binary() ? static_cast<int64_t>(bytes_.size()) : children_[0].length_;
    if (have + more > kMaxOffset) return false;
    if (type_.is_text_or_binary()) return true;
    first = offsets[first];
    count = more;
  }
  for (size_t i = 0; i < children_.size(); ++i) {
    if (!children_[i].HasRoom(column.children[i], first, count)) return false;
  }
  return true;
}

void ColumnGather::Append(const Column& column, int64_t first, int64_t count) {
  if (count == 0) return;
  const int64_t nulls = NullsIn(column, first, count);
  AppendValidity(nulls == 0 ? nullptr : column.validity, first, count);
  null_count_ += nulls;
  if (const int width = type_.byte_width(); width != 0) {
    data_.Append(column.data + first * width, static_cast<size_t>(count * width));
  } else if (type_.id() == TypeId::kBool) {
    AppendBits(&data_, length_, column.data, first, count);
  } else if (HasOffsets(type_)) {
    const int32_t* const offsets = column.offsets().data() + first;
    const int32_t have = type_.is_text_or_binary() ? static_cast<int32_t>(bytes_.size()) : static_cast<int32_t>(children_[0].length_);
    const int32_t shift = have - offsets[0];
    data_.Resize(static_cast<size_t>(length_ + count + 1) * sizeof(int32_t));
    int32_t* const out = data_.as<int32_t>() + length_ + 1;
    for (int64_t i = 0; i < count; ++i) out[i] = offsets[i + 1] + shift;
    if (type_.is_text_or_binary()) {
      bytes_.Append(column.bytes + offsets[0], static_cast<size_t>(offsets[count] - offsets[0]));
    } else {
      for (size_t i = 0; i < children_.size(); ++i) children_[i].Append(column.children[i], offsets[0], offsets[count] - offsets[0]);
    }
  } else {
    for (size_t i = 0; i < children_.size(); ++i) children_[i].Append(column.children[i], first, count);
  }
  length_ += count;
}

void ColumnGather::AppendNulls(int64_t count) {
  if (count == 0) return;
  if (validity_.size() == 0) AppendBits(&validity_, 0, nullptr, 0, length_);
  validity_.ResizeZeroed(BitmapBytes(length_ + count));
  null_count_ += count;
  if (const int width = type_.byte_width(); width != 0) {
    data_.ResizeZeroed(data_.size() + static_cast<size_t>(count * width));
  } else if (type_.id() == TypeId::kBool) {
    data_.ResizeZeroed(std::max(data_.size(), BitmapBytes(length_ + count)));
  } else if (HasOffsets(type_)) {
    const int32_t have = type_.is_text_or_binary() ? static_cast<int32_t>(bytes_.size()) : static_cast<int32_t>(children_[0].length_);
    data_.Resize(static_cast<size_t>(length_ + count + 1) * sizeof(int32_t));
    std::fill_n(data_.as<int32_t>() + length_ + 1, count, have);
  } else {
    for (ColumnGather& child : children_) child.AppendNulls(count);
  }
  length_ += count;
}

Column ColumnGather::Finish() {
  Column column{.type = type_, .length = length_, .null_count = null_count_, .children = {}};
  for (Buffer* buffer : {&validity_, &data_, &bytes_}) buffer->Finish();
  if (null_count_ != 0) column.validity = validity_.data();
  if (type_.id() != TypeId::kStruct) column.data = data_.data();
  if (type_.is_text_or_binary()) column.bytes = bytes_.data();
  for (ColumnGather& child : children_) column.children.push_back(child.Finish());
  return column;
}

namespace {

bool IsNumber(const Type& type) { return type.is_integer() || type.id() == TypeId::kFloat32 || type.id() == TypeId::kFloat64; }

// A number as whichever of these holds it.
struct Value {
  bool floating = false;
  Int128 whole = 0;
  double real = 0;
};

Value ValueAt(const Column& column, int64_t row) {
  switch (column.type.id()) {
    case TypeId::kBool: return {false, column.Bool(row) ? 1 : 0, 0};
    case TypeId::kInt8: return {false, column.values<int8_t>()[row], 0};
    case TypeId::kInt16: return {false, column.values<int16_t>()[row], 0};
    case TypeId::kInt32: return {false, column.values<int32_t>()[row], 0};
    case TypeId::kUInt8: return {false, column.values<uint8_t>()[row], 0};
    case TypeId::kUInt16: return {false, column.values<uint16_t>()[row], 0};
    case TypeId::kUInt32: return {false, column.values<uint32_t>()[row], 0};
    case TypeId::kUInt64: return {false, static_cast<Int128>(column.values<uint64_t>()[row]), 0};
    case TypeId::kFloat32: return {true, 0, column.values<float>()[row]};
    case TypeId::kFloat64: return {true, 0, column.values<double>()[row]};
    default: return {false, column.values<int64_t>()[row], 0};
  }
}

bool FitsInteger(Int128 value, const Type& to) {
  const int bits = to.byte_width() * 8;
  const Int128 most = to.is_unsigned() ? (Int128{1} << bits) - 1 : (Int128{1} << (bits - 1)) - 1;
  const Int128 least = to.is_unsigned() ? Int128{0} : -most - 1;
  return value >= least && value <= most;
}

std::string Text(const Value& value, const Type& from) {
  char buffer[64];
  const auto end = !value.floating                 ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<int64_t>(value.whole))
                   : from.id() == TypeId::kFloat32 ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value.real))
                                                   : std::to_chars(buffer, buffer + sizeof buffer, value.real);
  return {buffer, end.ptr};
}

}  // namespace

bool CanCast(const Type& from, const Type& to) {
  if (from == to) return true;
  if (to.id() == TypeId::kString) return (IsNumber(from) && from.id() != TypeId::kUInt64) || from.id() == TypeId::kBool;
  return IsNumber(to) && (IsNumber(from) || from.id() == TypeId::kBool);
}

int64_t CastRows(const Column& column, int64_t first, int64_t count, const Type& to, ColumnBuilder* out) {
  int64_t misfits = 0;
  const auto misfit = [&] {
    out->AppendNull();
    ++misfits;
  };
  for (int64_t row = first; row < first + count; ++row) {
    if (column.IsNull(row)) {
      out->AppendNull();
      continue;
    }
    const Value value = ValueAt(column, row);
    if (to.id() == TypeId::kString) {
      out->AppendBytes(column.type.id() == TypeId::kBool ? (value.whole != 0 ? "true" : "false") : Text(value, column.type));
    } else if (to.is_integer()) {
      // A double that is whole and within 2^127 is that number.
      const bool whole = !value.floating || (std::isfinite(value.real) && std::trunc(value.real) == value.real && std::fabs(value.real) < 1e30);
      const Int128 number = value.floating && whole ? static_cast<Int128>(value.real) : value.whole;
      if (whole && FitsInteger(number, to)) {
        out->AppendInt64(static_cast<int64_t>(number));
      } else {
        misfit();
      }
    } else {
      const double real = value.floating ? value.real : static_cast<double>(value.whole);
      const bool exact = to.id() == TypeId::kFloat32 ? static_cast<double>(static_cast<float>(real)) == real || std::isnan(real) : true;
      if ((value.floating || static_cast<Int128>(real) == value.whole) && exact) {
        out->AppendDouble(real);
      } else {
        misfit();
      }
    }
  }
  return misfits;
}

}  // namespace lotic::table
