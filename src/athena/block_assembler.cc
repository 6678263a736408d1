// SPDX-License-Identifier: Apache-2.0
#include "athena/block_assembler.h"

namespace lotic::athena {
namespace {

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

BlockAssembler::BlockAssembler(std::shared_ptr<const Schema> schema, int64_t max_block_bytes) : schema_(std::move(schema)), max_block_bytes_(max_block_bytes) {
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
