// SPDX-License-Identifier: Apache-2.0
// Batch messages in: bytes that may be anything, copied into Lotic's layout and checked on the way. Memory is bounded by the message: the buffers of a batch
// may not add up to more than its body, and what is made up for absent bitmaps not to more than the message.
#include <algorithm>
#include <memory>

#include "athena_protocol/ipc.h"
#include "athena_protocol/ipc_message.h"
#include "athena_protocol/utf8.h"
#include "lotic/buffer.h"

namespace lotic::athena {
namespace {

constexpr std::string_view kDoing = "decode an Arrow batch";

size_t BitmapBytes(int64_t rows) { return static_cast<size_t>((rows + 7) / 8); }

// Bits [first, first + count) of `in` to the front of `out`, whose spare bits become 0. Reads whole bytes of `in` that hold such bits only.
void CopyBits(const uint8_t* in, int64_t first, int64_t count, uint8_t* out) {
  const size_t bytes = BitmapBytes(count);
  in += first / 8;
  const int shift = static_cast<int>(first % 8);
  if (shift == 0) {
    std::memcpy(out, in, bytes);
  } else {
    const size_t in_bytes = BitmapBytes(count + shift);
    for (size_t i = 0; i < bytes; ++i) {
      const unsigned next = i + 1 < in_bytes ? in[i + 1] : 0u;
      out[i] = static_cast<uint8_t>((in[i] >> shift) | (next << (8 - shift)));
    }
  }
  if (count % 8 != 0) out[bytes - 1] &= static_cast<uint8_t>((1 << (count % 8)) - 1);
}

int64_t CountOnes(const uint8_t* bits, size_t bytes) {
  int64_t ones = 0;
  size_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    uint64_t word;
    std::memcpy(&word, bits + i, 8);
    ones += __builtin_popcountll(word);
  }
  for (; i < bytes; ++i) ones += __builtin_popcount(bits[i]);
  return ones;
}

Int128 PowerOfTen(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

struct Node {
  int64_t length;
  int64_t null_count;
};

class BatchReader {
 public:
  BatchReader(IpcMessage* message, size_t message_bytes) : in_(message->reader), body_(message->body), spare_bytes_(message_bytes) {
    nodes_ = in_.List(message->header, 1, 16);
    buffers_ = in_.List(message->header, 2, 16);
  }

  // Rows [first, first + count) of the next column of the message; first and count of -1: all there are.
  Status Read(const FieldPath& where, const Type& type, int64_t first, int64_t count, Column* out) {
    Node node;
    LOTIC_RETURN_NOT_OK(NextNode(where, &first, &count, &node));
    out->type = type;
    out->length = count;
    LOTIC_RETURN_NOT_OK(ReadValidity(where, node, first, count, out));
    if (type.byte_width() != 0) return ReadFixed(where, type, node, first, count, out);
    switch (type.id()) {
      case TypeId::kBool: {
        std::string_view bits;
        LOTIC_RETURN_NOT_OK(NextBuffer(where, "values", BitmapBytes(node.length), &bits));
        out->data = KeepBits(bits, first, count);
        return Status::OK();
      }
      case TypeId::kString:
      case TypeId::kBinary: return ReadBytes(where, type, node, first, count, out);
      case TypeId::kStruct:
        for (const Field& field : type.children()) {
          LOTIC_RETURN_NOT_OK(Read(FieldPath{&where, field.name}, field.type, first, count, &out->children.emplace_back(Column{.type = field.type})));
          if (const int64_t length = last_node_length_; length != node.length) {
            return Status::Invalid(kDoing, ": column ", where, " has ", node.length, " rows, its member ", field.name, " ", length);
          }
        }
        last_node_length_ = node.length;
        return Status::OK();
      default: return ReadList(where, type, node, first, count, out);
    }
  }

  Status Finish() {
    if (next_node_ != nodes_.count || next_buffer_ != buffers_.count) {
      return Status::Invalid(kDoing, ": ", nodes_.count, " nodes and ", buffers_.count, " buffers, the schema takes ", next_node_, " and ", next_buffer_);
    }
    return Status::OK();
  }

  std::shared_ptr<const void> owner() const { return memory_; }

 private:
  Status NextNode(const FieldPath& where, int64_t* first, int64_t* count, Node* node) {
    if (next_node_ == nodes_.count) return Status::Invalid(kDoing, ": ", nodes_.count, " nodes, too few for column ", where, " of the schema");
    const size_t at = nodes_.at + 16 * size_t{next_node_++};
    *node = {in_.Get<int64_t>(at), in_.Get<int64_t>(at + 8)};
    if (node->length < 0 || node->length >= kMaxBatchRows) return Status::Invalid(kDoing, ": column ", where, " has ", node->length, " rows");
    if (node->null_count < 0 || node->null_count > node->length) {
      return Status::Invalid(kDoing, ": column ", where, " has ", node->null_count, " NULLs in ", node->length, " rows");
    }
    if (*first < 0) *first = 0, *count = node->length;
    if (*first > node->length - *count) {
      return Status::Invalid(kDoing, ": column ", where, " has ", node->length, " rows, its list or batch refers to ", *first + *count);
    }
    last_node_length_ = node->length;
    return Status::OK();
  }

  // The next buffer, which must have at least `needed` bytes (or none at all, if `may_be_absent`).
  Status NextBuffer(const FieldPath& where, std::string_view what, size_t needed, std::string_view* out, bool may_be_absent = false) {
    if (next_buffer_ == buffers_.count) return Status::Invalid(kDoing, ": ", buffers_.count, " buffers, too few for the ", what, " of column ", where);
    const size_t at = buffers_.at + 16 * size_t{next_buffer_++};
    const auto offset = in_.Get<int64_t>(at), length = in_.Get<int64_t>(at + 8);
    const auto size = static_cast<int64_t>(body_.size());
    if (offset < 0 || length < 0 || offset > size || length > size - offset) {
      return Status::Invalid(kDoing, ": the ", what, " of column ", where, ", ", length, " bytes at ", offset, ", lie outside of the body of ", size, " bytes");
    }
    used_bytes_ += static_cast<uint64_t>(length);
    if (used_bytes_ > body_.size()) return Status::Invalid(kDoing, ": the buffers overlap, at the ", what, " of column ", where);
    *out = body_.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
    if (out->size() < needed && !(may_be_absent && out->empty())) {
      return Status::Invalid(kDoing, ": the ", what, " of column ", where, " have ", length, " bytes, ", needed, " needed");
    }
    return Status::OK();
  }

  uint8_t* Keep(size_t bytes) {
    Buffer& buffer = memory_->emplace_back();
    buffer.Resize(bytes);
    buffer.Finish();
    return buffer.data();
  }
  const uint8_t* KeepCopy(const char* bytes, size_t count) {
    uint8_t* kept = Keep(count);
    if (count != 0) std::memcpy(kept, bytes, count);
    return kept;
  }
  const uint8_t* KeepBits(std::string_view bits, int64_t first, int64_t count) {
    uint8_t* kept = Keep(BitmapBytes(count));
    if (count != 0) CopyBits(reinterpret_cast<const uint8_t*>(bits.data()), first, count, kept);
    return kept;
  }

  Status ReadValidity(const FieldPath& where, const Node& node, int64_t first, int64_t count, Column* out) {
    std::string_view bits;
    const bool may_be_absent = node.null_count == 0 || node.null_count == node.length;
    LOTIC_RETURN_NOT_OK(NextBuffer(where, "validity bits", BitmapBytes(node.length), &bits, may_be_absent));
    out->null_count = 0;
    if (bits.empty()) {
      if (node.null_count == 0 || count == 0) return Status::OK();
      const size_t bytes = BitmapBytes(count);
      if (bytes > spare_bytes_) return Status::CapacityError(kDoing, ": column ", where, " says ", node.length, " NULLs, more than the message can hold");
      spare_bytes_ -= bytes;
      uint8_t* none = Keep(bytes);
      std::memset(none, 0, bytes);
      out->validity = none;
      out->null_count = count;
      return Status::OK();
    }
    const uint8_t* copied = KeepBits(bits, first, count);
    out->null_count = count - CountOnes(copied, BitmapBytes(count));
    if (count == node.length && out->null_count != node.null_count) {
      return Status::Invalid(kDoing, ": column ", where, " says ", node.null_count, " NULLs, its bits say ", out->null_count);
    }
    if (out->null_count != 0) out->validity = copied;
    return Status::OK();
  }

  Status ReadFixed(const FieldPath& where, const Type& type, const Node& node, int64_t first, int64_t count, Column* out) {
    const auto width = static_cast<size_t>(type.byte_width());
    std::string_view values;
    LOTIC_RETURN_NOT_OK(NextBuffer(where, "values", static_cast<size_t>(node.length) * width, &values));
    out->data = KeepCopy(values.data() + static_cast<size_t>(first) * width, static_cast<size_t>(count) * width);
    if (type.id() != TypeId::kDecimal128) return Status::OK();
    const Int128 limit = PowerOfTen(type.precision());
    const Int128* value = reinterpret_cast<const Int128*>(out->data);
    for (int64_t row = 0; row < count; ++row) {
      if ((value[row] >= limit || value[row] <= -limit) && !out->IsNull(row)) {
        return Status::Invalid(kDoing, ": column ", where, ", row ", row, ": a value beyond ", type.ToString());
      }
    }
    return Status::OK();
  }

  // Copies count + 1 offsets so that they begin at 0. @param from, to  the range of bytes or items they refer to.
  Status ReadOffsets(const FieldPath& where, const Node& node, int64_t first, int64_t count, int64_t* from, int64_t* to, Column* out) {
    std::string_view bytes;
    LOTIC_RETURN_NOT_OK(NextBuffer(where, "offsets", static_cast<size_t>(node.length + 1) * 4, &bytes, node.length == 0));
    auto* kept = reinterpret_cast<int32_t*>(Keep(static_cast<size_t>(count + 1) * 4));
    out->data = reinterpret_cast<const uint8_t*>(kept);
    *from = *to = 0;
    kept[0] = 0;
    if (bytes.empty()) return Status::OK();
    std::memcpy(kept, bytes.data() + first * 4, static_cast<size_t>(count + 1) * 4);
    bool ascending = kept[0] >= 0;
    for (int64_t row = 0; row < count; ++row) ascending &= kept[row + 1] >= kept[row];
    if (!ascending) return Status::Invalid(kDoing, ": the offsets of column ", where, " descend or are negative");
    *from = kept[0];
    *to = kept[count];
    if (*from != 0) {
      for (int64_t row = 0; row <= count; ++row) kept[row] -= static_cast<int32_t>(*from);
    }
    return Status::OK();
  }

  Status ReadBytes(const FieldPath& where, const Type& type, const Node& node, int64_t first, int64_t count, Column* out) {
    int64_t from, to;
    LOTIC_RETURN_NOT_OK(ReadOffsets(where, node, first, count, &from, &to, out));
    std::string_view bytes;
    LOTIC_RETURN_NOT_OK(NextBuffer(where, "bytes", static_cast<size_t>(to), &bytes));
    out->bytes = KeepCopy(bytes.data() + from, static_cast<size_t>(to - from));
    if (type.id() != TypeId::kString) return Status::OK();
    // Valid as a whole and cut nowhere inside a character: every row is valid. Otherwise, which is rare, row by row: a NULL may hide anything.
    const int32_t* offsets = reinterpret_cast<const int32_t*>(out->data);
    bool whole = IsUtf8({reinterpret_cast<const char*>(out->bytes), static_cast<size_t>(to - from)});
    for (int64_t row = 0; row < count && whole; ++row) whole = offsets[row] == to - from || (out->bytes[offsets[row]] & 0xc0) != 0x80;
    for (int64_t row = 0; row < count && !whole; ++row) {
      if (!IsUtf8(out->Text(row)) && !out->IsNull(row)) {
        return Status::Invalid(kDoing, ": column ", where, ", row ", row, ": text that is not UTF-8");
      }
    }
    return Status::OK();
  }

  Status ReadList(const FieldPath& where, const Type& type, const Node& node, int64_t first, int64_t count, Column* out) {
    int64_t from, to;
    LOTIC_RETURN_NOT_OK(ReadOffsets(where, node, first, count, &from, &to, out));
    const int64_t items = to - from;
    if (type.id() == TypeId::kMap) {
      Node entries;
      int64_t entries_from = from, entries_count = items;
      LOTIC_RETURN_NOT_OK(NextNode(FieldPath{&where, "entries"}, &entries_from, &entries_count, &entries));
      Column validity{.type = Type::Struct({})};
      LOTIC_RETURN_NOT_OK(ReadValidity(FieldPath{&where, "entries"}, entries, from, items, &validity));
      if (validity.null_count != 0) return Status::Invalid(kDoing, ": map ", where, " has entries that are NULL");
    }
    for (const Field& field : type.children()) {
      LOTIC_RETURN_NOT_OK(Read(FieldPath{&where, field.name}, field.type, from, items, &out->children.emplace_back(Column{.type = field.type})));
    }
    if (type.id() == TypeId::kMap && out->children[0].null_count != 0) return Status::Invalid(kDoing, ": map ", where, " has a key that is NULL");
    last_node_length_ = node.length;
    return Status::OK();
  }

  FlatReader& in_;
  const std::string_view body_;
  size_t spare_bytes_;  // for bitmaps that the message leaves out
  FlatReader::Vector nodes_, buffers_;
  uint32_t next_node_ = 0, next_buffer_ = 0;
  uint64_t used_bytes_ = 0;
  int64_t last_node_length_ = 0;
  std::shared_ptr<std::vector<Buffer>> memory_ = std::make_shared<std::vector<Buffer>>();
};

}  // namespace

Result<Block> DecodeBatch(const WireSchema& schema, std::string_view message) {
  LOTIC_ASSIGN_OR_RETURN(Schema logical, LogicalSchema(schema));
  LOTIC_ASSIGN_OR_RETURN(IpcMessage opened, OpenMessage(message, kRecordBatchHeader, kDoing));
  FlatReader& reader = opened.reader;
  const auto num_rows = reader.Scalar<int64_t>(opened.header, 0, 0);
  const bool compressed = reader.Has(opened.header, 3);
  BatchReader batch(&opened, message.size());
  LOTIC_RETURN_NOT_OK(reader.status(kDoing));
  if (compressed) return Status::Invalid(kDoing, ": its body is compressed, which Athena's protocol never is");
  if (num_rows < 0) return Status::Invalid(kDoing, ": ", num_rows, " rows");
  if (num_rows >= kMaxBatchRows) return Status::CapacityError(kDoing, ": ", num_rows, " rows, at most ", kMaxBatchRows - 1, " are taken");
  std::vector<Column> columns;
  columns.reserve(logical.fields.size());
  for (const Field& field : logical.fields) {
    LOTIC_RETURN_NOT_OK(batch.Read(FieldPath{nullptr, field.name}, field.type, -1, -1, &columns.emplace_back(Column{.type = field.type})));
    if (columns.back().length != num_rows) {
      return Status::Invalid(kDoing, ": column ", field.name, " has ", columns.back().length, " rows, the batch ", num_rows);
    }
  }
  LOTIC_RETURN_NOT_OK(batch.Finish());
  return Block{schema, Batch(std::make_shared<const Schema>(std::move(logical)), num_rows, std::move(columns), batch.owner())};
}

}  // namespace lotic::athena
