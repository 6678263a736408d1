// SPDX-License-Identifier: Apache-2.0
// Batch messages out: the flatbuffer names every node and buffer in the order of a walk over the schema, the body is those buffers, each padded to 8 bytes.
// Follows: Arrow's columnar format 1.5, Message.fbs. RecordBatch: length 0, nodes 1 {i64 length, i64 nulls}, buffers 2 {i64 offset, i64 length}.
#include <algorithm>
#include <array>

#include "athena_protocol/base64.h"
#include "athena_protocol/ipc.h"
#include "athena_protocol/ipc_message.h"

namespace lotic::athena {
namespace {

constexpr std::array<uint8_t, 8> kZeroes{};
constexpr size_t kOnesBytes = 3072;
constexpr std::array<uint8_t, kOnesBytes> kOnes = [] {
  std::array<uint8_t, kOnesBytes> ones{};
  ones.fill(0xff);
  return ones;
}();

int64_t PaddedTo8(int64_t bytes) { return (bytes + 7) / 8 * 8; }
int64_t BitmapBytes(int64_t rows) { return (rows + 7) / 8; }

struct Node {
  int64_t length;
  int64_t null_count;
};

// Bytes of a buffer, where they lie.
struct Slice {
  const uint8_t* data;
  int64_t bytes;
};

// A buffer of the body: those slices behind the ones of the buffer before it. Without slices: the bitmap of `rows` rows that are not NULL.
struct Piece {
  int64_t bytes = 0;
  int64_t rows = 0;
  size_t num_slices = 0;
};

struct Plan {
  int64_t num_rows = 0;
  int64_t body_bytes = 0;
  std::vector<Node> nodes;
  std::vector<Piece> pieces;
  std::vector<Slice> slices;

  explicit Plan(const Batch& rows) : num_rows(rows.num_rows()) {
    for (size_t i = 0; i < rows.num_columns(); ++i) Add(rows.column(i));
    Finish();
  }

  // `joiner` owns what had to be put together.
  Plan(std::span<const RowRange> ranges, ColumnJoiner* joiner) {
    for (const RowRange& range : ranges) num_rows += range.count;
    std::vector<ColumnJoiner::Part> parts(ranges.size());
    for (size_t c = 0; !ranges.empty() && c < ranges[0].batch.num_columns(); ++c) {
      for (size_t i = 0; i < ranges.size(); ++i) parts[i] = {&ranges[i].batch.column(c), ranges[i].first, ranges[i].count};
      AddParts(parts, joiner);
    }
    Finish();
  }

  void Finish() {
    for (const Piece& piece : pieces) body_bytes += PaddedTo8(piece.bytes);
    // Rows without columns: Arrow's Java reader fails on a message that has no body at all.
    if (pieces.empty()) body_bytes = static_cast<int64_t>(kZeroes.size());
  }

  void AddSlice(const uint8_t* data, int64_t bytes) {
    LOTIC_CHECK(data != nullptr || bytes == 0);
    slices.push_back({data, bytes});
    pieces.back().bytes += bytes;
    pieces.back().num_slices += 1;
  }

  void AddData(const uint8_t* data, int64_t bytes) {
    pieces.emplace_back();
    AddSlice(data, bytes);
  }

  void AddNode(int64_t length, int64_t null_count, const uint8_t* validity) {
    nodes.push_back({length, null_count});
    if (validity != nullptr) return AddData(validity, BitmapBytes(length));
    pieces.push_back({BitmapBytes(length), length, 0});
  }

  void Add(const Column& column) {
    AddNode(column.length, column.null_count, column.null_count == 0 ? nullptr : column.validity);
    const Type& type = column.type;
    if (type.id() == TypeId::kBool) {
      AddData(column.data, BitmapBytes(column.length));
    } else if (type.byte_width() != 0) {
      AddData(column.data, column.length * type.byte_width());
    } else if (type.id() != TypeId::kStruct) {
      AddData(column.data, (column.length + 1) * 4);
    }
    if (type.is_text_or_binary()) AddData(column.bytes, column.offsets()[column.length]);
    if (type.id() == TypeId::kMap) AddNode(column.offsets()[column.length], 0, nullptr);  // the struct "entries"
    for (const Column& child : column.children) Add(child);
  }

  // Values of a fixed width and text stay where they are; bitmaps, offsets and what is nested are joined.
  void AddParts(const std::vector<ColumnJoiner::Part>& parts, ColumnJoiner* joiner) {
    const Type& type = parts[0].column->type;
    if (type.is_nested()) return Add(joiner->Join(type, parts));
    int64_t length = 0;
    for (const ColumnJoiner::Part& part : parts) length += part.count;
    const int64_t null_count = ColumnJoiner::CountNulls(parts);
    AddNode(length, null_count, null_count == 0 ? nullptr : joiner->JoinValidity(parts, length));
    if (type.id() == TypeId::kBool) return AddData(joiner->JoinBools(parts, length), BitmapBytes(length));
    const int64_t width = type.byte_width();
    if (width == 0) AddData(joiner->JoinOffsets(parts, length), (length + 1) * 4);
    pieces.emplace_back();
    for (const auto& [column, first, count] : parts) {
      if (width != 0) {
        AddSlice(column->data + first * width, count * width);
      } else {
        const int32_t* ends = column->offsets().data() + first;
        AddSlice(column->bytes + ends[0], ends[count] - ends[0]);
      }
    }
  }
};

FlatWriter MetadataOf(const Plan& plan, Framing framing) {
  FlatWriter out;
  StartMessage(kRecordBatchHeader, framing, plan.body_bytes, &out);
  const auto places = out.AddTable({{0, 8, static_cast<uint64_t>(plan.num_rows)}, FlatWriter::Offset(1), FlatWriter::Offset(2)});
  out.PointHere(places[1]);
  size_t at = out.AddStructs(plan.nodes.size(), 16);
  for (const Node& node : plan.nodes) {
    out.PutAt(at, node.length);
    out.PutAt(at + 8, node.null_count);
    at += 16;
  }
  out.PointHere(places[2]);
  at = out.AddStructs(plan.pieces.size(), 16);
  int64_t offset = 0;
  for (const Piece& piece : plan.pieces) {
    out.PutAt(at, offset);
    out.PutAt(at + 8, piece.bytes);
    offset += PaddedTo8(piece.bytes);
    at += 16;
  }
  return out;
}

struct StringSink {
  std::string* out;
  void Append(const uint8_t* bytes, size_t count) { out->append(reinterpret_cast<const char*>(bytes), count); }
};

template <typename Sink>
void WriteBody(const Plan& plan, Sink* sink) {
  if (plan.pieces.empty()) sink->Append(kZeroes.data(), kZeroes.size());
  const Slice* slice = plan.slices.data();
  for (const Piece& piece : plan.pieces) {
    if (piece.num_slices != 0) {
      for (const Slice* end = slice + piece.num_slices; slice != end; ++slice) sink->Append(slice->data, static_cast<size_t>(slice->bytes));
    } else {
      const int spare_bits = static_cast<int>(piece.bytes * 8 - piece.rows);
      auto left = static_cast<size_t>(piece.bytes - (spare_bits != 0 ? 1 : 0));
      for (; left != 0; left -= std::min(left, kOnesBytes)) sink->Append(kOnes.data(), std::min(left, kOnesBytes));
      const auto last = static_cast<uint8_t>(0xff >> spare_bits);
      if (spare_bits != 0) sink->Append(&last, 1);
    }
    sink->Append(kZeroes.data(), static_cast<size_t>(PaddedTo8(piece.bytes) - piece.bytes));
  }
}

// `framed`: metadata in its envelope.
void AppendPlanBase64(const Plan& plan, const std::string& framed, std::string* out) {
  out->reserve(out->size() + (framed.size() + static_cast<size_t>(plan.body_bytes) + 2) / 3 * 4);
  Base64Stream stream(out);
  stream.Append(reinterpret_cast<const uint8_t*>(framed.data()), framed.size());
  WriteBody(plan, &stream);
  stream.Finish();
}

int64_t BlockBytes(const Column& column) {
  if (column.length == 0) return 0;  // as the original counts a vector without values
  int64_t bytes = BitmapBytes(column.length);
  const Type& type = column.type;
  if (type.id() == TypeId::kBool) {
    bytes *= 2;
  } else if (type.byte_width() != 0) {
    bytes += column.length * type.byte_width();
  } else if (type.id() != TypeId::kStruct) {
    bytes += (column.length + 1) * 4;
    if (type.is_text_or_binary()) bytes += column.offsets()[column.length];
    if (type.id() == TypeId::kMap) bytes += BitmapBytes(column.offsets()[column.length]);
  }
  for (const Column& child : column.children) bytes += BlockBytes(child);
  return bytes;
}

}  // namespace

size_t EncodedBatchSize(const Batch& rows, Framing framing) {
  const Plan plan(rows);
  std::string framed;
  AppendFramed(MetadataOf(plan, framing), framing, &framed);
  return framed.size() + static_cast<size_t>(plan.body_bytes);
}

void EncodeBatch(const Batch& rows, Framing framing, std::string* out) {
  const Plan plan(rows);
  const FlatWriter metadata = MetadataOf(plan, framing);
  out->reserve(out->size() + metadata.bytes().size() + 16 + static_cast<size_t>(plan.body_bytes));
  AppendFramed(metadata, framing, out);
  StringSink sink{out};
  WriteBody(plan, &sink);
}

void EncodeBatchBase64(const Batch& rows, Framing framing, std::string* out) {
  const Plan plan(rows);
  std::string framed;
  AppendFramed(MetadataOf(plan, framing), framing, &framed);
  AppendPlanBase64(plan, framed, out);
}

struct JoinedMessage::Impl {
  std::vector<RowRange> ranges;
  ColumnJoiner joiner;
  Plan plan;
  std::string framed;  // metadata

  Impl(std::span<const RowRange> rows, Framing framing) : ranges(rows.begin(), rows.end()), plan(ranges, &joiner) {
    AppendFramed(MetadataOf(plan, framing), framing, &framed);
  }
};

JoinedMessage::JoinedMessage(std::span<const RowRange> ranges, Framing framing) : impl_(std::make_shared<const Impl>(ranges, framing)) {}
int64_t JoinedMessage::num_rows() const { return impl_->plan.num_rows; }
size_t JoinedMessage::size_bytes() const { return impl_->framed.size() + static_cast<size_t>(impl_->plan.body_bytes); }
void JoinedMessage::AppendBase64(std::string* out) const { AppendPlanBase64(impl_->plan, impl_->framed, out); }

int64_t BlockSizeBytes(const Batch& rows) {
  int64_t bytes = 0;
  for (size_t i = 0; i < rows.num_columns(); ++i) bytes += BlockBytes(rows.column(i));
  return bytes;
}

}  // namespace lotic::athena
