// SPDX-License-Identifier: Apache-2.0
#include "athena/block_assembler.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "lotic/buffer.h"

namespace lotic::athena {
namespace {

struct Part {
  const Column* column;
  int64_t first;
  int64_t count;
};

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

int64_t CountNulls(const Column& column, int64_t first, int64_t count) {
  if (column.validity == nullptr) return 0;
  if (first == 0 && count == column.length) return column.null_count;
  int64_t valid = 0;
  for (int64_t row = first; row < first + count; ++row) valid += (column.validity[row >> 3] >> (row & 7)) & 1;
  return count - valid;
}

class Concatenator {
 public:
  Column Join(const Type& type, const std::vector<Part>& parts) {
    Column out{type};
    for (const Part& part : parts) {
      out.length += part.count;
      out.null_count += CountNulls(*part.column, part.first, part.count);
    }
    if (out.null_count > 0) out.validity = JoinValidity(parts, out.length);
    if (type.id() == TypeId::kBool) {
      Buffer& bits = NewBuffer();
      bits.ResizeZeroed(static_cast<size_t>((out.length + 7) / 8));
      int64_t at = 0;
      for (const Part& part : parts) {
        CopyBits(part.column->data, part.first, part.count, bits.data(), at);
        at += part.count;
      }
      out.data = Sealed(bits);
    } else if (type.byte_width() > 0) {
      const auto width = static_cast<size_t>(type.byte_width());
      Buffer& data = NewBuffer();
      data.Reserve(static_cast<size_t>(out.length) * width);
      for (const Part& part : parts) data.Append(part.column->data + static_cast<size_t>(part.first) * width, static_cast<size_t>(part.count) * width);
      out.data = Sealed(data);
    } else if (type.id() == TypeId::kStruct) {
      JoinChildren(parts, type, &out);
    } else {
      JoinRuns(parts, type, &out);
    }
    return out;
  }

  std::deque<Buffer>& buffers() { return buffers_; }

 private:
  Buffer& NewBuffer() { return buffers_.emplace_back(); }
  static const uint8_t* Sealed(Buffer& buffer) {
    buffer.Finish();
    return buffer.data();
  }

  const uint8_t* JoinValidity(const std::vector<Part>& parts, int64_t length) {
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

  void JoinChildren(const std::vector<Part>& parts, const Type& type, Column* out) {
    for (size_t c = 0; c < type.children().size(); ++c) {
      std::vector<Part> members;
      for (const Part& part : parts) members.push_back({&part.column->children[c], part.first, part.count});
      out->children.push_back(Join(type.children()[c].type, members));
    }
  }

  // Text, binary, lists and maps: offsets, and what they lead to.
  void JoinRuns(const std::vector<Part>& parts, const Type& type, Column* out) {
    Buffer& offsets = NewBuffer();
    offsets.Reserve(static_cast<size_t>(out->length + 1) * sizeof(int32_t));
    offsets.AppendValue<int32_t>(0);
    Buffer* bytes = type.is_text_or_binary() ? &NewBuffer() : nullptr;
    std::vector<Part> items;
    int32_t base = 0;
    for (const Part& part : parts) {
      const int32_t* in = part.column->offsets().data() + part.first;
      const int32_t begin = in[0], end = in[part.count];
      const size_t before = offsets.size();
      offsets.Resize(before + static_cast<size_t>(part.count) * sizeof(int32_t));
      auto* made = reinterpret_cast<int32_t*>(offsets.data() + before);
      for (int64_t row = 0; row < part.count; ++row) made[row] = in[row + 1] - begin + base;
      base += end - begin;
      if (bytes != nullptr) {
        bytes->Append(part.column->bytes + begin, static_cast<size_t>(end - begin));
      } else {
        items.push_back({part.column, begin, end - begin});
      }
    }
    out->data = Sealed(offsets);
    if (bytes != nullptr) {
      out->bytes = Sealed(*bytes);
      return;
    }
    std::vector<Part> pieces = items;
    for (size_t c = 0; c < type.children().size(); ++c) {
      for (size_t i = 0; i < items.size(); ++i) pieces[i].column = &items[i].column->children[c];
      out->children.push_back(Join(type.children()[c].type, pieces));
    }
  }

  std::deque<Buffer> buffers_;
};

// The size of a column with `rows` more rows of `column` (null: none), by the SDK's counting.
int64_t SizeOf(const Type& type, const ColumnTally& tally, const Column* column, int64_t first, int64_t count) {
  const int64_t rows = tally.rows + count;
  if (rows == 0) return 0;
  const int64_t bits = (rows + 7) / 8;
  if (type.id() == TypeId::kBool) return 2 * bits;
  if (type.byte_width() > 0) return bits + rows * type.byte_width();
  if (type.id() == TypeId::kStruct) {
    int64_t size = bits;
    for (size_t c = 0; c < type.children().size(); ++c) {
      size += SizeOf(type.children()[c].type, tally.children[c], column == nullptr ? nullptr : &column->children[c], first, count);
    }
    return size;
  }
  int64_t size = bits + (rows + 1) * static_cast<int64_t>(sizeof(int32_t));
  const int64_t begin = column == nullptr ? 0 : column->offsets()[static_cast<size_t>(first)];
  const int64_t items = column == nullptr ? 0 : column->offsets()[static_cast<size_t>(first + count)] - begin;
  if (type.is_text_or_binary()) return size + tally.bytes + items;
  for (size_t c = 0; c < type.children().size(); ++c) {
    size += SizeOf(type.children()[c].type, tally.children[c], column == nullptr ? nullptr : &column->children[c], begin, items);
  }
  if (type.id() == TypeId::kMap) size += (tally.children[0].rows + items + 7) / 8;  // the struct of key and value has a bitmap too
  return size;
}

ColumnTally EmptyTally(const Type& type) {
  ColumnTally tally;
  for (const Field& child : type.children()) tally.children.push_back(EmptyTally(child.type));
  return tally;
}

void AddTo(ColumnTally* tally, const Column& column, int64_t first, int64_t count) {
  tally->rows += count;
  if (column.type.byte_width() > 0 || column.type.id() == TypeId::kBool) return;
  int64_t begin = first, items = count;
  if (column.type.id() != TypeId::kStruct) {
    begin = column.offsets()[static_cast<size_t>(first)];
    items = column.offsets()[static_cast<size_t>(first + count)] - begin;
  }
  if (column.type.is_text_or_binary()) tally->bytes += items;
  for (size_t c = 0; c < column.children.size(); ++c) AddTo(&tally->children[c], column.children[c], begin, items);
}

}  // namespace

Batch Concatenate(const std::shared_ptr<const Schema>& schema, std::span<const RowRange> ranges) {
  if (ranges.size() == 1 && ranges[0].first == 0 && ranges[0].count == ranges[0].batch.num_rows()) return ranges[0].batch;
  auto owner = std::make_shared<Concatenator>();
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

BlockAssembler::BlockAssembler(std::shared_ptr<const Schema> schema, int64_t max_block_bytes)
    : schema_(std::move(schema)), max_block_bytes_(max_block_bytes) {
  for (const Field& field : schema_->fields) tallies_.push_back(EmptyTally(field.type));
}

int64_t BlockAssembler::SizeWith(const Batch& rows, int64_t first, int64_t count) const {
  int64_t size = 0;
  for (size_t c = 0; c < tallies_.size(); ++c) size += SizeOf(schema_->fields[c].type, tallies_[c], &rows.column(c), first, count);
  return size;
}

int64_t BlockAssembler::size_bytes() const {
  int64_t size = 0;
  for (size_t c = 0; c < tallies_.size(); ++c) size += SizeOf(schema_->fields[c].type, tallies_[c], nullptr, 0, 0);
  return size;
}

void BlockAssembler::Append(const Batch& rows, int64_t first, int64_t count) {
  ranges_.push_back({rows, first, count});
  num_rows_ += count;
  for (size_t c = 0; c < tallies_.size(); ++c) AddTo(&tallies_[c], rows.column(c), first, count);
}

Status BlockAssembler::Add(const Batch& rows, const std::function<Status(Batch block)>& full) {
  int64_t first = 0;
  while (first < rows.num_rows()) {
    const int64_t left = rows.num_rows() - first;
    int64_t fits = left;
    if (SizeWith(rows, first, left) > max_block_bytes_) {
      int64_t low = 0, high = left;  // `low` rows fit, `high` do not
      while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        (SizeWith(rows, first, middle) > max_block_bytes_ ? high : low) = middle;
      }
      fits = low;
    }
    if (fits == 0 && num_rows_ == 0) fits = 1;  // a row larger than a block may be
    if (fits > 0) Append(rows, first, fits);
    first += fits;
    if (first < rows.num_rows()) LOTIC_RETURN_NOT_OK(full(Take()));
  }
  return Status::OK();
}

Batch BlockAssembler::Take() {
  Batch block = Concatenate(schema_, ranges_);
  ranges_.clear();
  num_rows_ = 0;
  for (size_t c = 0; c < tallies_.size(); ++c) tallies_[c] = EmptyTally(schema_->fields[c].type);
  return block;
}

}  // namespace lotic::athena
