// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/uio.h>

#include "lotic/batch.h"
#include "lotic/status.h"
#include "table/partition_writer.h"
#include "table/segment.h"

// The bytes of a rows file: a page of header, then blocks. No files here. Little-endian; every byte of the file is covered by a checksum or compared.
//
//   0     "LOTICROW"   8 u32 version 1   12 u32 CRC-32C of [0, 12) and [64, 4096)
//   16    u64 published   24 u64 durable   32 u64 sync failed (0 or 1)   40 zeroes       live words: 48 bits of value, then CRC-16 of these
//   64    i64 first offset   72 i64 sequence   80 i32 partition   84 i32 generation   88 i64 created, ms   96 char[64] table id   160 zeroes
//   4096  blocks
//
// A block, at a multiple of 64:
//
//   0     "BLK1"   4 u32 CRC-32C of [8, header bytes)   8 u32 header bytes   12 u16 kind (1 schema, 2 rows)   14 zero
//   16    u64 body bytes   24 u64 place in the file   32 u32 nodes   36 u32 buffers
//   40    i64 rows   48 i64 start   56 i64 end   64 i64 newest stream ms   72 i64 commit ms   80 fates of this commit, 11 i64
//   168   i64 rows of the segment before this block   176 u64 place of its schema block   184 i64 min, 192 i64 max time, 200 i64 rows without time
//   208   totals up to and with this block: rows, blocks, 11 fates, min, max time, rows without time, newest stream ms, newest commit ms
//   352   i64 epoch of the stream's log in front of the end, plus 1; 0: not known   360 zeroes
//   384   nodes: i64 length, i64 nulls   then buffers: u64 bytes, u32 CRC-32C of the padded bytes, u32 zero   zeroes up to a multiple of 64
//   ...   body: the buffers, each padded with zeroes to a multiple of 64
//   ...   trailer of 64: "END1", u32 header CRC again, u64 bytes of the block, u64 its place, zeroes, at 60 u32 CRC-32C of the 60 before
//
// Nodes are the columns and, behind each, its children, depth first. Buffers of a node: validity (0 bytes where nothing is NULL), then data and bytes as
// its type has them. A schema block has one buffer, the canonical JSON of a Schema; the blocks behind it have that schema.

namespace lotic::table {

inline constexpr int64_t kRowsHeaderBytes = 4096;
inline constexpr int64_t kBlockPrefixBytes = 384, kBlockTrailerBytes = 64;
inline constexpr int64_t kMaxBlockHeaderBytes = int64_t{16} << 20;
inline constexpr int64_t kPublishedAt = 16, kDurableAt = 24, kSyncFailedAt = 32;
inline constexpr uint32_t kRowsFormatVersion = 1;

/// A live word: any damage of one byte is seen. `value` < 2^48.
uint64_t LiveWord(int64_t value);
std::optional<int64_t> FromLiveWord(uint64_t word);

struct RowsFileHeader {
  int64_t start = 0;
  int64_t sequence = 0;
  int32_t partition = 0;
  int32_t generation = 1;
  int64_t created_ms = 0;
  std::string table_id;
  bool operator==(const RowsFileHeader&) const = default;
};

/// The header page of a file without blocks.
std::string EncodeRowsHeader(const RowsFileHeader& header);
/// `page`: its 4096 bytes. The live words are not looked at. Errors: DataLoss (damaged), Invalid (a newer format).
Result<RowsFileHeader> DecodeRowsHeader(std::span<const uint8_t> page);

enum class BlockKind : uint16_t { kSchema = 1, kRows = 2 };

/// A block's header, and where its parts are.
struct BlockHeader {
  int64_t at = 0;  ///< place in the file
  int64_t header_bytes = 0;
  int64_t body_bytes = 0;
  uint32_t crc = 0;
  BlockKind kind = BlockKind::kRows;
  uint32_t nodes = 0;
  uint32_t buffers = 0;
  int64_t rows = 0;
  int64_t start = 0;
  int64_t end = 0;
  int64_t first_row = 0;
  int64_t schema_at = 0;
  int64_t epoch = -1;
  int64_t newest_stream_ms = INT64_MIN;
  int64_t commit_ms = 0;
  RecordFates fates;
  TimeRange times;
  int64_t rows_without_time = 0;
  SegmentTotals totals;

  int64_t body_at() const { return at + header_bytes; }
  int64_t block_bytes() const { return header_bytes + body_bytes + kBlockTrailerBytes; }
  int64_t next_at() const { return at + block_bytes(); }
};

/// How long the header is: of the first kBlockPrefixBytes. Errors: DataLoss.
Result<int64_t> BlockHeaderBytes(std::span<const uint8_t> prefix, int64_t at);
/// `bytes`: the whole header. Checks its CRC and that its numbers fit together. Errors: DataLoss.
Result<BlockHeader> DecodeBlockHeader(std::span<const uint8_t> bytes, int64_t at);
Status CheckBlockTrailer(std::span<const uint8_t> trailer, const BlockHeader& header);
/// Does `header` follow `before` (null: first) in a file that begins at `start`?
Status CheckBlockOrder(const BlockHeader& header, const BlockHeader* before, int64_t start);
/// The place of the block whose trailer ends the published bytes. Errors: DataLoss.
Result<int64_t> PlaceOfLastBlock(std::span<const uint8_t> trailer, int64_t published);

/// One buffer of a block's body.
struct BlockBuffer {
  int64_t at = 0;     ///< in the body
  int64_t bytes = 0;  ///< without padding
  uint32_t crc = 0;
  int64_t padded() const { return (bytes + 63) / 64 * 64; }
};
/// `header_bytes`: of the block. The buffers in order; their padded sizes make up the body (checked by DecodeBlockHeader).
std::vector<BlockBuffer> BlockBuffers(std::span<const uint8_t> header_bytes, const BlockHeader& header);
void BlockBuffers(std::span<const uint8_t> header_bytes, const BlockHeader& header, std::vector<BlockBuffer>* buffers);

/// Where a column begins in the lists of nodes and buffers of blocks with its schema.
struct ColumnPlace {
  uint32_t node = 0;
  uint32_t buffer = 0;
  uint32_t buffers = 0;  ///< with its children
};
std::vector<ColumnPlace> ColumnPlaces(const Schema& schema);

/// The column at `place`: its memory is that of `body`. Sizes are checked, and offsets unless `trusted` (they were checked before). CRCs are not looked at.
/// Errors: DataLoss.
Result<Column> DecodeColumn(const Type& type, const ColumnPlace& place, std::span<const uint8_t> header_bytes, const BlockHeader& header,
                            const std::vector<BlockBuffer>& buffers, const uint8_t* body, bool trusted);

/// A block being written: its header and the parts of it that go to the file one behind the other. Borrows the rows.
struct EncodedBlock {
  std::vector<uint8_t> header;
  std::vector<iovec> body;
  std::string trailer;
  int64_t block_bytes = 0;
};
/// `before`: totals of the file so far. Fills `totals` with those after it.
/// `block` (not cleared by the caller) is reused from call to call.
void EncodeRowsBlock(const Commit& commit, const TimeRange& times, int64_t rows_without_time, int64_t at, int64_t schema_at, const SegmentTotals& before,
                     SegmentTotals* totals, EncodedBlock* block);
/// `json`: kept alive by the caller until the block is written; padded with zeroes to a multiple of 64.
void EncodeSchemaBlock(const std::string& json, int64_t at, int64_t offset, const SegmentTotals& totals, EncodedBlock* block);

/// Smallest and largest of an Int64 or Timestamp(ms) column, and how many are NULL.
void TimesOf(const Column& column, TimeRange* times, int64_t* nulls);

}  // namespace lotic::table
