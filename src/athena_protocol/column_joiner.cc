// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/column_joiner.h"

namespace lotic::athena {
namespace {

using Part = ColumnJoiner::Part;

// Bits [from, from + count) of `source` go to [to, ...) of `target`, whose bits from `to` on are zero. Eight at a time once the target is at a byte's begin.
void CopyBits(const uint8_t* source, int64_t from, int64_t count, uint8_t* target, int64_t to) {
  const auto bit = [&](int64_t at) { return (source[at >> 3] >> (at & 7)) & 1; };
  for (; count > 0 && (to & 7) != 0; --count, ++from, ++to) target[to >> 3] |= static_cast<uint8_t>(bit(from) << (to & 7));
  const int shift = static_cast<int>(from & 7);
  for (; count >= 8; count -= 8, from += 8, to += 8) {
    const uint8_t* at = source + (from >> 3);
    target[to >> 3] = shift == 0 ? *at : static_cast<uint8_t>((at[0] >> shift) | (at[1] << (8 - shift)));
  }
  for (; count > 0; --count, ++from, ++to) target[to >> 3] |= static_cast<uint8_t>(bit(from) << (to & 7));
}

int64_t NullsOf(const Column& column, int64_t first, int64_t count) {
  if (column.validity == nullptr) return 0;
  if (first == 0 && count == column.length) return column.null_count;
  int64_t valid = 0;
  for (int64_t row = first; row < first + count; ++row) valid += (column.validity[row >> 3] >> (row & 7)) & 1;
  return count - valid;
}

}  // namespace

const uint8_t* ColumnJoiner::Sealed(Buffer& buffer) {
  buffer.Finish();
  return buffer.data();
}

Column ColumnJoiner::Join(const Type& type, const std::vector<Part>& parts) {
  Column out{type};
  for (const Part& part : parts) out.length += part.count;
  out.null_count = CountNulls(parts);
  if (out.null_count > 0) out.validity = JoinValidity(parts, out.length);
  if (type.id() == TypeId::kBool) {
    out.data = JoinBools(parts, out.length);
  } else if (type.byte_width() > 0) {
    const auto width = static_cast<size_t>(type.byte_width());
    Buffer& data = NewBuffer();
    data.Reserve(static_cast<size_t>(out.length) * width);
    for (const Part& part : parts) data.Append(part.column->data + static_cast<size_t>(part.first) * width, static_cast<size_t>(part.count) * width);
    out.data = Sealed(data);
  } else if (type.id() == TypeId::kStruct) {
    JoinChildren(parts, type, &out);
  } else {
    out.data = JoinOffsets(parts, out.length);
    JoinItems(parts, type, &out);
  }
  return out;
}

int64_t ColumnJoiner::CountNulls(const std::vector<Part>& parts) {
  int64_t nulls = 0;
  for (const Part& part : parts) nulls += NullsOf(*part.column, part.first, part.count);
  return nulls;
}

const uint8_t* ColumnJoiner::JoinBools(const std::vector<Part>& parts, int64_t length) {
  Buffer& bits = NewBuffer();
  bits.ResizeZeroed(static_cast<size_t>((length + 7) / 8));
  int64_t at = 0;
  for (const Part& part : parts) {
    CopyBits(part.column->data, part.first, part.count, bits.data(), at);
    at += part.count;
  }
  return Sealed(bits);
}

const uint8_t* ColumnJoiner::JoinValidity(const std::vector<Part>& parts, int64_t length) {
  Buffer& bits = NewBuffer();
  bits.ResizeZeroed(static_cast<size_t>((length + 7) / 8));
  int64_t at = 0;
  for (const Part& part : parts) {
    if (part.column->validity != nullptr) {
      CopyBits(part.column->validity, part.first, part.count, bits.data(), at);
    } else {
      for (int64_t row = at; row < at + part.count; ++row) bits.data()[row >> 3] |= static_cast<uint8_t>(1 << (row & 7));
    }
    at += part.count;
  }
  return Sealed(bits);
}

const uint8_t* ColumnJoiner::JoinOffsets(const std::vector<Part>& parts, int64_t length) {
  Buffer& offsets = NewBuffer();
  offsets.Resize(static_cast<size_t>(length + 1) * sizeof(int32_t));
  int32_t* made = offsets.as<int32_t>();
  *made++ = 0;
  int32_t base = 0;
  for (const Part& part : parts) {
    const int32_t* in = part.column->offsets().data() + part.first;
    const int32_t begin = in[0];
    for (int64_t row = 0; row < part.count; ++row) made[row] = in[row + 1] - begin + base;
    made += part.count;
    base += in[part.count] - begin;
  }
  return Sealed(offsets);
}

void ColumnJoiner::JoinChildren(const std::vector<Part>& parts, const Type& type, Column* out) {
  std::vector<Part> members = parts;
  for (size_t c = 0; c < type.children().size(); ++c) {
    for (size_t i = 0; i < parts.size(); ++i) members[i].column = &parts[i].column->children[c];
    out->children.push_back(Join(type.children()[c].type, members));
  }
}

// What the offsets of text, binary, lists and maps lead to.
void ColumnJoiner::JoinItems(const std::vector<Part>& parts, const Type& type, Column* out) {
  std::vector<Part> items;
  for (const Part& part : parts) {
    const int32_t* in = part.column->offsets().data() + part.first;
    items.push_back({part.column, in[0], in[part.count] - in[0]});
  }
  if (!type.is_text_or_binary()) return JoinChildren(items, type, out);
  Buffer& bytes = NewBuffer();
  bytes.Reserve(static_cast<size_t>(out->offsets()[static_cast<size_t>(out->length)]));
  for (const Part& item : items) bytes.Append(item.column->bytes + item.first, static_cast<size_t>(item.count));
  out->bytes = Sealed(bytes);
}

Batch Concatenate(const std::shared_ptr<const Schema>& schema, std::span<const RowRange> ranges) {
  if (ranges.size() == 1 && ranges[0].first == 0 && ranges[0].count == ranges[0].batch.num_rows()) return ranges[0].batch;
  auto owner = std::make_shared<ColumnJoiner>();
  std::vector<Column> columns;
  int64_t num_rows = 0;
  for (const RowRange& range : ranges) num_rows += range.count;
  for (size_t c = 0; c < schema->fields.size(); ++c) {
    std::vector<Part> parts;
    for (const RowRange& range : ranges) parts.push_back({&range.batch.column(c), range.first, range.count});
    columns.push_back(owner->Join(schema->fields[c].type, parts));
  }
  return Batch(schema, num_rows, std::move(columns), std::move(owner));
}

}  // namespace lotic::athena
