// SPDX-License-Identifier: Apache-2.0
// Bytes as a rows file: whatever is accepted has columns that can be read to the last value, and survives being written again. First byte: bit 0, the checksums are made right
// first (or nothing would pass them); bit 1, the header page is ours and the input begins with the first block.
#include <algorithm>
#include <cstring>

#include "base/crc32c.h"
#include "lotic/batch.h"
#include "lotic/buffer.h"
#include "lotic/scan_json.h"
#include "table/rows_format.h"

namespace lotic::table {
namespace {

template <typename T>
T Load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void Store(uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

// Makes the checksums of the block at `at` right, as far as its lengths lead somewhere. @return the block's length as it claims it, 0 if it leads nowhere.
int64_t Patch(uint8_t* data, int64_t size, int64_t at) {
  if (size - at < kBlockPrefixBytes) return 0;
  uint8_t* const block = data + at;
  const int64_t header_bytes = Load<uint32_t>(block + 8), nodes = Load<uint32_t>(block + 32), buffers = Load<uint32_t>(block + 36);
  if (header_bytes < kBlockPrefixBytes || header_bytes > size - at || kBlockPrefixBytes + nodes * 16 + buffers * 16 > header_bytes) return 0;
  int64_t body = at + header_bytes;
  for (int64_t i = 0; i < buffers; ++i) {
    uint8_t* const entry = block + kBlockPrefixBytes + nodes * 16 + i * 16;
    const auto bytes = Load<uint64_t>(entry);
    if (bytes > static_cast<uint64_t>(size - body)) return 0;
    const int64_t padded = (static_cast<int64_t>(bytes) + 63) / 64 * 64;
    if (padded > size - body) return 0;
    Store(entry + 8, Crc32c({data + body, static_cast<size_t>(padded)}));
    body += padded;
  }
  const uint32_t crc = Crc32c({block + 8, static_cast<size_t>(header_bytes - 8)});
  Store(block + 4, crc);
  if (body + kBlockTrailerBytes > size) return 0;
  Store(data + body + 4, crc);
  Store(data + body + 60, Crc32c({data + body, 60}));
  return body + kBlockTrailerBytes - at;
}

// All values once: a column that was accepted has them.
uint64_t Touch(const Column& column) {
  uint64_t sum = 0;
  for (int64_t row = 0; row < column.length; ++row) {
    sum += column.IsNull(row) ? 1 : 0;
    if (column.type.is_text_or_binary()) {
      for (const char c : column.Text(row)) sum += static_cast<uint8_t>(c);
    } else if (column.type.id() == TypeId::kBool) {
      sum += column.Bool(row) ? 1 : 0;
    } else {
      for (int i = 0; i < column.type.byte_width(); ++i) sum += column.data[row * column.type.byte_width() + i];
    }
  }
  for (const Column& child : column.children) sum += Touch(child);
  return sum;
}

void Walk(const uint8_t* data, int64_t size) {
  const Result<RowsFileHeader> header = DecodeRowsHeader({data, static_cast<size_t>(std::min(size, kRowsHeaderBytes))});
  if (!header.ok()) return;
  std::optional<BlockHeader> before;
  Schema schema;
  int64_t at = kRowsHeaderBytes;
  while (at < size) {
    const std::span<const uint8_t> rest(data + at, static_cast<size_t>(size - at));
    const Result<BlockHeader> block = DecodeBlockHeader(rest, at);
    if (!block.ok() || block->next_at() > size) return;
    if (!CheckBlockOrder(*block, before.has_value() ? &*before : nullptr, header->start).ok()) return;
    if (!CheckBlockTrailer(rest.subspan(static_cast<size_t>(block->block_bytes() - kBlockTrailerBytes)), *block).ok()) return;
    LOTIC_CHECK(PlaceOfLastBlock(rest.subspan(static_cast<size_t>(block->block_bytes() - kBlockTrailerBytes)), block->next_at()).ValueOrDie() == at);
    const std::vector<BlockBuffer> buffers = BlockBuffers(rest, *block);
    for (const BlockBuffer& buffer : buffers) {
      if (Crc32c({data + block->body_at() + buffer.at, static_cast<size_t>(buffer.padded())}) != buffer.crc) return;
    }
    if (block->kind == BlockKind::kSchema) {
      Result<Schema> parsed = SchemaFromJson({reinterpret_cast<const char*>(data) + block->body_at(), static_cast<size_t>(buffers[0].bytes)});
      if (!parsed.ok()) return;
      schema = *std::move(parsed);
    } else if (block->rows != 0) {
      std::vector<Column> columns;
      const std::vector<ColumnPlace> places = ColumnPlaces(schema);
      for (size_t i = 0; i < places.size(); ++i) {
        Result<Column> column = DecodeColumn(schema.fields[i].type, places[i], rest, *block, buffers, data + block->body_at(), false);
        if (!column.ok()) return;
        Touch(*column);
        columns.push_back(*std::move(column));
      }
      const Batch batch(std::make_shared<const Schema>(schema), block->rows, std::move(columns), nullptr);
      if (batch.Validate().ok()) {
        Commit commit;
        commit.start = block->start;
        commit.end = block->end;
        commit.rows = batch;
        commit.fates = block->fates;
        commit.epoch = block->epoch;
        SegmentTotals totals;
        EncodedBlock encoded;
        EncodeRowsBlock(commit, block->times, block->rows_without_time, 64, 0, {}, &totals, &encoded);
        const BlockHeader again = DecodeBlockHeader(encoded.header, 64).ValueOrDie();
        LOTIC_CHECK(again.rows == block->rows && again.fates == block->fates && again.end == block->end && again.epoch == block->epoch);
      }
    }
    before = *block;
    at = block->next_at();
  }
}

}  // namespace
}  // namespace lotic::table

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::table;
  constexpr size_t kMaxInput = size_t{1} << 20;
  if (size == 0 || size > kMaxInput) return 0;
  lotic::Buffer file;
  if ((data[0] & 2) != 0) {
    const std::string page = EncodeRowsHeader({0, 0, 0, 1, 0, "6f1c2d0e"});
    file.Append(page.data(), page.size());
  }
  file.Append(data + 1, size - 1);
  if ((data[0] & 1) != 0) {
    for (int64_t at = kRowsHeaderBytes, length = 1; length > 0 && at < static_cast<int64_t>(file.size()); at += length)
      length = Patch(file.data(), static_cast<int64_t>(file.size()), at);
  }
  Walk(file.data(), static_cast<int64_t>(file.size()));
  return 0;
}
