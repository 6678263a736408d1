// SPDX-License-Identifier: Apache-2.0
#include "format/json_columns.h"

#include <algorithm>
#include <cstring>

namespace lotic::json {

Result<std::vector<std::string>> ParsePointer(std::string_view pointer, std::string_view what) {
  if (pointer.empty() || pointer[0] != '/') {
    return Status::Invalid(what, ": a path is a JSON Pointer such as /order/id, not \"", pointer, "\"");
  }
  std::vector<std::string> members;
  for (size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    if (c == '/') {
      members.emplace_back();
    } else if (c != '~') {
      members.back().push_back(c);
    } else {
      const char next = i + 1 < pointer.size() ? pointer[i + 1] : '\0';
      if (next != '0' && next != '1') return Status::Invalid(what, ": ~ in a path is written ~0, and / ~1: \"", pointer, "\"");
      members.back().push_back(next == '0' ? '~' : '/');
      ++i;
    }
  }
  if (members.size() > kMaxPathMembers) {
    return Status::CapacityError(what, ": a path of more than ", kMaxPathMembers, " members: \"", pointer, "\"");
  }
  return members;
}

Result<std::unique_ptr<JsonColumns>> JsonColumns::Make(std::span<const DecoderField> fields, const DecoderOptions& options) {
  if (fields.size() > kMaxDecoderFields) {
    return Status::CapacityError("JSON decoder: ", fields.size(), " columns, and at most ", kMaxDecoderFields, " are possible");
  }
  std::unique_ptr<JsonColumns> columns(new JsonColumns);
  columns->options_ = options;
  for (const DecoderField& field : fields) {
    const std::string what = "column \"" + field.name + "\"";
    LOTIC_ASSIGN_OR_RETURN(CellPlan plan, CellPlan::Make(field.type, what));
    if (options.lenient) plan.MakeLenient(options.null_for_large_decimals);
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> members, ParsePointer(field.path, what));
    columns->tree_.Add(members, static_cast<uint32_t>(columns->plans_.size()));
    columns->plans_.push_back(std::move(plan));
    columns->names_.push_back(field.name);
  }
  columns->locator_ = std::make_unique<Locator>(columns->tree_);
  columns->cells_.resize(fields.size() * kChunkRows);
  columns->filled_.resize(fields.size());
  return columns;
}

size_t JsonColumns::ChunkSize(std::span<const PayloadView> payloads, std::span<const uint32_t> selection) {
  size_t bytes = 0;
  size_t rows = 0;
  while (rows < selection.size() && rows < kChunkRows && bytes < kChunkBytes) bytes += payloads[selection[rows++]].size;
  return rows;
}

void JsonColumns::Locate(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk) {
  LOTIC_CHECK(chunk.size() <= kChunkRows);
  const uint8_t* copy = options_.readable_padding < kDecoderPadding ? CopyPadded(payloads, chunk) : nullptr;
  chunk_rows_ = chunk.size();
  rows_.resize(chunk.size());
  size_t live = 0;
  for (uint32_t row = 0; row < chunk.size(); ++row) {
    const PayloadView payload = payloads[chunk[row]];
    if (payload.data != nullptr && payload.size <= kMaxMessageBytes) [[likely]] {
      const uint8_t* begin = copy != nullptr ? copy : payload.data;
      rows_[live++] = {begin, begin + payload.size, row};
      if (copy != nullptr) copy += payload.size;
      continue;
    }
    const ExtentKind kind = payload.data == nullptr ? ExtentKind::kMissing : ExtentKind::kBroken;
    for (size_t column = 0; column < size(); ++column) cells_[column * kChunkRows + row] = {nullptr, 0, kind};
    if (kind == ExtentKind::kBroken) ++counts_.bad_messages;
  }
  rows_.resize(live);
  if (options_.speculate) MatchShapes();
  WalkRest();
}

int64_t JsonColumns::Append(size_t column, ColumnBuilder& out, uint8_t* bad_rows) {
  Filled& filled = filled_[column];
  if (out.length() == 0 && filled.rows > static_cast<int64_t>(chunk_rows_)) {
    // Batches of a topic are about as large as each other; growing to that by doubling would copy everything once more.
    out.Reserve(std::min(filled.rows + filled.rows / 8, kMaxExpectedRows));
    if (plans_[column].type.is_text_or_binary()) out.bytes().Reserve(std::min(filled.bytes + filled.bytes / 8, kMaxExpectedBytes));
  }
  const int64_t misfits = writer_.Append(plans_[column], cells(column), out, bad_rows);
  filled = {out.length(), out.bytes_size()};
  return misfits;
}

const uint8_t* JsonColumns::CopyPadded(std::span<const PayloadView> payloads, std::span<const uint32_t> chunk) {
  size_t bytes = 0;
  for (const uint32_t at : chunk) bytes += payloads[at].size <= kMaxMessageBytes ? payloads[at].size : 0;
  if (copy_.size() < bytes + kDecoderPadding) copy_.resize(bytes + kDecoderPadding);
  uint8_t* out = copy_.data();
  for (const uint32_t at : chunk) {
    const PayloadView& payload = payloads[at];
    if (payload.data == nullptr || payload.size == 0 || payload.size > kMaxMessageBytes) continue;
    std::memcpy(out, payload.data, payload.size);
    out += payload.size;
  }
  return copy_.data();
}

// Takes the rows that a known shape fits out of rows_, and learns where too few do.
void JsonColumns::MatchShapes() {
  if (rows_.empty()) return;
  const size_t all = rows_.size();
  const auto match = [&](Shape& shape) {
    const size_t before = rows_.size();
    if (before != 0) shape.Match(&rows_, cells_.data(), kChunkRows);
    counts_.fast_rows += static_cast<int64_t>(before - rows_.size());
  };
  for (Shape& shape : shapes_) match(shape);
  if (rows_.size() * 8 < all) {
    learn_interval_ = 1;
    chunks_until_learning_ = 0;
  } else if (chunks_until_learning_ > 0) {
    --chunks_until_learning_;
  } else {
    // The first row left over is walked here for its trace, and again, or matched, with the others: that is rare
    // enough.
    const ShapeRow row = rows_.front();
    trace_ = {};
    (void)locator_->Locate(row.at, row.end, cells_.data() + row.cell, kChunkRows, &trace_);
    LearnFrom(row.at, trace_, cells_.data() + row.cell);
    if (!shapes_.empty() && shapes_.back().hits == 0) match(shapes_.back());
    chunks_until_learning_ = learn_interval_;
    learn_interval_ = std::min(learn_interval_ * 2, kMaxLearnInterval);
  }
  if (!std::is_sorted(shapes_.begin(), shapes_.end(), [](const Shape& a, const Shape& b) { return a.hits > b.hits; })) {
    std::stable_sort(shapes_.begin(), shapes_.end(), [](const Shape& a, const Shape& b) { return a.hits > b.hits; });
  }
}

void JsonColumns::LearnFrom(const uint8_t* begin, const WalkTrace& trace, const Extent* cells) {
  std::optional<Shape> shape = Shape::Learn(begin, trace, cells, size(), kChunkRows);
  if (!shape.has_value()) return;
  if (shapes_.size() == kMaxShapes) {
    shapes_.pop_back();
    for (Shape& old : shapes_) old.hits /= 2;  // what no longer comes makes way in time
  }
  shapes_.push_back(std::move(*shape));
}

void JsonColumns::WalkRest() {
  for (const ShapeRow& row : rows_) {
    const bool whole = locator_->Locate(row.at, row.end, cells_.data() + row.cell, kChunkRows, nullptr);
    counts_.bad_messages += whole ? 0 : 1;
  }
  counts_.general_rows += static_cast<int64_t>(rows_.size());
}

}  // namespace lotic::json
