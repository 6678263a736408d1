// SPDX-License-Identifier: Apache-2.0
#include "table/rows_format.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/crc32c.h"

namespace lotic::table {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows files are mapped as they are");

constexpr std::string_view kFileMagic = "LOTICROW";
constexpr uint32_t kBlockMagic = 0x314B4C42, kTrailerMagic = 0x31444E45;  // "BLK1", "END1"
constexpr int64_t kAlignment = 64;
constexpr int64_t kLiveBits = 48;
constexpr int kFates = 11;
constexpr size_t kTableIdBytes = 64;
constexpr int64_t kNodeBytes = 16, kBufferBytes = 16;
alignas(64) constexpr uint8_t kZeroes[64] = {};

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

int64_t Padded(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// CRC-16/CCITT of the 48 bits of value: an error of up to 16 bits in a row never passes.
uint16_t Crc16(uint64_t value) {
  static constexpr std::array<uint16_t, 256> table = [] {
    std::array<uint16_t, 256> made{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t crc = i << 8;
      for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021u : 0u);
      made[i] = static_cast<uint16_t>(crc);
    }
    return made;
  }();
  uint16_t crc = 0xFFFF;
  for (int i = 5; i >= 0; --i) crc = static_cast<uint16_t>((crc << 8) ^ table[(crc >> 8) ^ ((value >> (8 * i)) & 0xff)]);
  return crc;
}

uint32_t HeaderPageCrc(std::span<const uint8_t> page) { return Crc32c(page.subspan(64), Crc32c(page.first(12))); }

void StoreFates(uint8_t* at, const RecordFates& f) {
  const std::array<int64_t, kFates> values = {f.rows,         f.filtered, f.tombstones, f.dropped_decode, f.dropped_transform, f.dropped_convert,
                                              f.dropped_time, f.aborted,  f.control,    f.missing,        f.incomplete};
  std::memcpy(at, values.data(), sizeof values);
}

RecordFates LoadFates(const uint8_t* at) {
  std::array<int64_t, kFates> v;
  std::memcpy(v.data(), at, sizeof v);
  return {v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10]};
}

void StoreTotals(uint8_t* at, const SegmentTotals& totals) {
  Store(at, totals.rows);
  Store(at + 8, totals.blocks);
  StoreFates(at + 16, totals.fates);
  Store(at + 104, totals.times.min_ms);
  Store(at + 112, totals.times.max_ms);
  Store(at + 120, totals.rows_without_time);
  Store(at + 128, totals.newest_stream_ms);
  Store(at + 136, totals.newest_commit_ms);
}

SegmentTotals LoadTotals(const uint8_t* at) {
  SegmentTotals totals;
  totals.rows = Load<int64_t>(at);
  totals.blocks = Load<int64_t>(at + 8);
  totals.fates = LoadFates(at + 16);
  totals.times = {Load<int64_t>(at + 104), Load<int64_t>(at + 112)};
  totals.rows_without_time = Load<int64_t>(at + 120);
  totals.newest_stream_ms = Load<int64_t>(at + 128);
  totals.newest_commit_ms = Load<int64_t>(at + 136);
  return totals;
}

Status Damaged(int64_t at, std::string_view what) { return Status::DataLoss("block at byte ", at, ": ", what); }

bool HasOffsets(const Type& type) { return type.is_text_or_binary() || type.id() == TypeId::kList || type.id() == TypeId::kMap; }

uint32_t OwnBuffers(const Type& type) { return type.id() == TypeId::kStruct ? 1 : type.is_text_or_binary() ? 3 : 2; }

// Bytes of the data buffer of `length` values.
int64_t DataBytes(const Type& type, int64_t length) {
  if (type.id() == TypeId::kBool) return (length + 7) / 8;
  if (HasOffsets(type)) return (length + 1) * 4;
  return length * type.byte_width();
}

struct Counts {
  uint32_t nodes = 0, buffers = 0;
};

void Count(const Type& type, Counts* counts) {
  counts->nodes += 1;
  counts->buffers += OwnBuffers(type);
  for (const Field& child : type.children()) Count(child.type, counts);
}

struct Encoder {
  EncodedBlock* block;
  std::vector<std::pair<int64_t, int64_t>> nodes;
  struct Part {
    const uint8_t* data;
    int64_t bytes;
  };
  std::vector<Part> parts;

  void Add(const Column& column) {
    nodes.emplace_back(column.length, column.null_count);
    const Type& type = column.type;
    parts.push_back({column.validity, column.validity == nullptr ? 0 : (column.length + 7) / 8});
    if (type.id() != TypeId::kStruct) parts.push_back({column.data, DataBytes(type, column.length)});
    if (type.is_text_or_binary()) parts.push_back({column.bytes, column.offsets()[column.length]});
    for (const Column& child : column.children) Add(child);
  }
};

// The header's fixed part apart from its sizes is already in `block->header`; puts in the tables, sizes, CRCs, and makes body and trailer.
void Finish(Encoder& encoder, int64_t at, EncodedBlock* block) {
  const size_t tables = encoder.nodes.size() * kNodeBytes + encoder.parts.size() * kBufferBytes;
  const int64_t header_bytes = Padded(kBlockPrefixBytes + static_cast<int64_t>(tables));
  block->header.resize(static_cast<size_t>(header_bytes), 0);
  uint8_t* const header = block->header.data();
  uint8_t* to = header + kBlockPrefixBytes;
  for (const auto& [length, nulls] : encoder.nodes) {
    Store(to, length);
    Store(to + 8, nulls);
    to += kNodeBytes;
  }
  block->body.clear();
  int64_t body_bytes = 0;
  for (const Encoder::Part& part : encoder.parts) {
    const int64_t padded = Padded(part.bytes);
    Store(to, static_cast<uint64_t>(part.bytes));
    Store(to + 8, Crc32c({part.data, static_cast<size_t>(padded)}));
    to += kBufferBytes;
    if (padded != 0) block->body.push_back({const_cast<uint8_t*>(part.data), static_cast<size_t>(padded)});
    body_bytes += padded;
  }
  Store(header, kBlockMagic);
  Store(header + 8, static_cast<uint32_t>(header_bytes));
  Store(header + 16, static_cast<uint64_t>(body_bytes));
  Store(header + 24, static_cast<uint64_t>(at));
  Store(header + 32, static_cast<uint32_t>(encoder.nodes.size()));
  Store(header + 36, static_cast<uint32_t>(encoder.parts.size()));
  const uint32_t crc = Crc32c({header + 8, static_cast<size_t>(header_bytes - 8)});
  Store(header + 4, crc);
  block->block_bytes = header_bytes + body_bytes + kBlockTrailerBytes;
  block->trailer.assign(static_cast<size_t>(kBlockTrailerBytes), '\0');
  auto* const trailer = reinterpret_cast<uint8_t*>(block->trailer.data());
  Store(trailer, kTrailerMagic);
  Store(trailer + 4, crc);
  Store(trailer + 8, static_cast<uint64_t>(block->block_bytes));
  Store(trailer + 16, static_cast<uint64_t>(at));
  Store(trailer + 60, Crc32c({trailer, 60}));
}

}  // namespace

uint64_t LiveWord(int64_t value) {
  LOTIC_CHECK(value >= 0 && value < (int64_t{1} << kLiveBits));
  return static_cast<uint64_t>(value) | (static_cast<uint64_t>(Crc16(static_cast<uint64_t>(value))) << kLiveBits);
}

std::optional<int64_t> FromLiveWord(uint64_t word) {
  const uint64_t value = word & ((uint64_t{1} << kLiveBits) - 1);
  if ((word >> kLiveBits) != Crc16(value)) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::string EncodeRowsHeader(const RowsFileHeader& header) {
  std::string page(static_cast<size_t>(kRowsHeaderBytes), '\0');
  auto* const to = reinterpret_cast<uint8_t*>(page.data());
  std::memcpy(to, kFileMagic.data(), kFileMagic.size());
  Store(to + 8, kRowsFormatVersion);
  Store(to + kPublishedAt, LiveWord(kRowsHeaderBytes));
  Store(to + kDurableAt, LiveWord(kRowsHeaderBytes));
  Store(to + kSyncFailedAt, LiveWord(0));
  Store(to + 64, header.start);
  Store(to + 72, header.sequence);
  Store(to + 80, header.partition);
  Store(to + 84, header.generation);
  Store(to + 88, header.created_ms);
  std::memcpy(to + 96, header.table_id.data(), std::min(header.table_id.size(), kTableIdBytes));
  Store(to + 12, HeaderPageCrc({to, static_cast<size_t>(kRowsHeaderBytes)}));
  return page;
}

Result<RowsFileHeader> DecodeRowsHeader(std::span<const uint8_t> page) {
  if (page.size() < static_cast<size_t>(kRowsHeaderBytes)) return Status::DataLoss("the header page has ", page.size(), " bytes");
  page = page.first(static_cast<size_t>(kRowsHeaderBytes));
  const uint8_t* const at = page.data();
  if (std::memcmp(at, kFileMagic.data(), kFileMagic.size()) != 0) return Status::DataLoss("no rows file: it does not begin with ", kFileMagic);
  if (Load<uint32_t>(at + 12) != HeaderPageCrc(page)) return Status::DataLoss("the header page fails its checksum");
  const uint32_t version = Load<uint32_t>(at + 8);
  if (version != kRowsFormatVersion) return Status::Invalid("a rows file of format ", version, ", this program knows ", kRowsFormatVersion);
  for (int64_t i = 40; i < 64; ++i) {
    if (at[i] != 0) return Status::DataLoss("the header page is damaged at byte ", i);
  }
  RowsFileHeader header;
  header.start = Load<int64_t>(at + 64);
  header.sequence = Load<int64_t>(at + 72);
  header.partition = Load<int32_t>(at + 80);
  header.generation = Load<int32_t>(at + 84);
  header.created_ms = Load<int64_t>(at + 88);
  const char* const id = reinterpret_cast<const char*>(at + 96);
  header.table_id.assign(id, ::strnlen(id, kTableIdBytes));
  return header;
}

Result<int64_t> BlockHeaderBytes(std::span<const uint8_t> prefix, int64_t at) {
  if (prefix.size() < static_cast<size_t>(kBlockPrefixBytes)) return Damaged(at, "its header is cut off");
  if (Load<uint32_t>(prefix.data()) != kBlockMagic) return Damaged(at, "no block begins here");
  const int64_t bytes = Load<uint32_t>(prefix.data() + 8);
  if (bytes < kBlockPrefixBytes || bytes > kMaxBlockHeaderBytes || bytes % kAlignment != 0) return Damaged(at, "its header's length is damaged");
  return bytes;
}

Result<BlockHeader> DecodeBlockHeader(std::span<const uint8_t> bytes, int64_t at) {
  LOTIC_ASSIGN_OR_RETURN(const int64_t header_bytes, BlockHeaderBytes(bytes, at));
  if (static_cast<int64_t>(bytes.size()) < header_bytes) return Damaged(at, "its header is cut off");
  const uint8_t* const from = bytes.data();
  BlockHeader header;
  header.at = at;
  header.header_bytes = header_bytes;
  header.crc = Load<uint32_t>(from + 4);
  if (header.crc != Crc32c({from + 8, static_cast<size_t>(header_bytes - 8)})) return Damaged(at, "its header fails its checksum");
  const uint16_t kind = Load<uint16_t>(from + 12);
  header.body_bytes = static_cast<int64_t>(Load<uint64_t>(from + 16));
  header.nodes = Load<uint32_t>(from + 32);
  header.buffers = Load<uint32_t>(from + 36);
  header.rows = Load<int64_t>(from + 40);
  header.start = Load<int64_t>(from + 48);
  header.end = Load<int64_t>(from + 56);
  header.newest_stream_ms = Load<int64_t>(from + 64);
  header.commit_ms = Load<int64_t>(from + 72);
  header.fates = LoadFates(from + 80);
  header.first_row = Load<int64_t>(from + 168);
  header.schema_at = Load<int64_t>(from + 176);
  header.times = {Load<int64_t>(from + 184), Load<int64_t>(from + 192)};
  header.rows_without_time = Load<int64_t>(from + 200);
  header.totals = LoadTotals(from + 208);
  const auto epoch = Load<int64_t>(from + 352);
  // A checksum that holds over numbers that do not is a bug or an attack, not rot; it is refused all the same.
  if (kind != 1 && kind != 2) return Damaged(at, "a kind of block that this program does not know");
  header.kind = static_cast<BlockKind>(kind);
  if (static_cast<int64_t>(Load<uint64_t>(from + 24)) != at) return Damaged(at, "it was written for another place");
  const int64_t tables = int64_t{header.nodes} * kNodeBytes + int64_t{header.buffers} * kBufferBytes;
  if (kBlockPrefixBytes + tables > header_bytes) return Damaged(at, "its lists are longer than its header");
  if (header.body_bytes < 0 || header.body_bytes > PartitionWriter::kMaxRowsFileBytes || header.body_bytes % kAlignment != 0)
    return Damaged(at, "its length is damaged");
  if (header.rows < 0 || epoch < 0 || header.end < header.start || header.start < 0 || header.first_row < 0 || header.schema_at < 0 ||
      header.rows > 8 * header.block_bytes())
    return Damaged(at, "its numbers do not fit together");
  header.epoch = epoch - 1;
  int64_t body = 0;
  const uint8_t* buffer = from + kBlockPrefixBytes + int64_t{header.nodes} * kNodeBytes;
  for (uint32_t i = 0; i < header.buffers; ++i, buffer += kBufferBytes) {
    const auto size = Load<uint64_t>(buffer);
    if (size > static_cast<uint64_t>(header.body_bytes)) return Damaged(at, "a buffer is longer than its block");
    body += Padded(static_cast<int64_t>(size));
  }
  if (body != header.body_bytes) return Damaged(at, "its buffers do not make up its body");
  return header;
}

Status CheckBlockTrailer(std::span<const uint8_t> trailer, const BlockHeader& header) {
  const uint8_t* const from = trailer.data();
  if (trailer.size() < static_cast<size_t>(kBlockTrailerBytes) || Load<uint32_t>(from) != kTrailerMagic || Load<uint32_t>(from + 60) != Crc32c({from, 60}) ||
      Load<uint32_t>(from + 4) != header.crc || static_cast<int64_t>(Load<uint64_t>(from + 8)) != header.block_bytes() ||
      static_cast<int64_t>(Load<uint64_t>(from + 16)) != header.at) {
    return Damaged(header.at, "its trailer is damaged");
  }
  return Status::OK();
}

Status CheckBlockOrder(const BlockHeader& header, const BlockHeader* before, int64_t start) {
  const bool schema = header.kind == BlockKind::kSchema;
  const SegmentTotals none;
  const SegmentTotals& totals = before == nullptr ? none : before->totals;
  const int64_t position = before == nullptr ? start : before->end;
  if (header.start != position) return Damaged(header.at, "it does not begin at the offset where the one before it ended");
  if (before == nullptr ? !schema : header.at != before->next_at()) return Damaged(header.at, "it is not where a block is due");
  if (schema) {
    if (header.end != position || header.rows != 0 || header.totals != totals || header.buffers != 1 || header.nodes != 0 || header.schema_at != header.at)
      return Damaged(header.at, "its numbers do not fit together");
    return Status::OK();
  }
  if (header.first_row != totals.rows || header.totals.rows != totals.rows + header.rows || header.totals.blocks != totals.blocks + 1)
    return Damaged(header.at, "its totals do not continue those before it");
  if (header.schema_at != (before->kind == BlockKind::kSchema ? before->at : before->schema_at))
    return Damaged(header.at, "its schema is not the one before it");
  return Status::OK();
}

Result<int64_t> PlaceOfLastBlock(std::span<const uint8_t> trailer, int64_t published) {
  const uint8_t* const from = trailer.data();
  if (Load<uint32_t>(from) != kTrailerMagic || Load<uint32_t>(from + 60) != Crc32c({from, 60})) return Status::DataLoss("no block ends at byte ", published);
  const auto at = static_cast<int64_t>(Load<uint64_t>(from + 16)), bytes = static_cast<int64_t>(Load<uint64_t>(from + 8));
  if (at < kRowsHeaderBytes || bytes <= 0 || at > published || published - at != bytes) return Status::DataLoss("no block ends at byte ", published);
  return at;
}

std::vector<BlockBuffer> BlockBuffers(std::span<const uint8_t> header_bytes, const BlockHeader& header) {
  std::vector<BlockBuffer> buffers;
  BlockBuffers(header_bytes, header, &buffers);
  return buffers;
}

void BlockBuffers(std::span<const uint8_t> header_bytes, const BlockHeader& header, std::vector<BlockBuffer>* buffers) {
  buffers->resize(header.buffers);
  const uint8_t* from = header_bytes.data() + kBlockPrefixBytes + int64_t{header.nodes} * kNodeBytes;
  int64_t at = 0;
  for (BlockBuffer& buffer : *buffers) {
    buffer.at = at;
    buffer.bytes = static_cast<int64_t>(Load<uint64_t>(from));
    buffer.crc = Load<uint32_t>(from + 8);
    from += kBufferBytes;
    at += buffer.padded();
  }
}

std::vector<ColumnPlace> ColumnPlaces(const Schema& schema) {
  std::vector<ColumnPlace> places;
  Counts counts;
  for (const Field& field : schema.fields) {
    ColumnPlace place{counts.nodes, counts.buffers, 0};
    Count(field.type, &counts);
    place.buffers = counts.buffers - place.buffer;
    places.push_back(place);
  }
  return places;
}

namespace {

struct Decoder {
  std::span<const uint8_t> header_bytes;
  const BlockHeader& header;
  const std::vector<BlockBuffer>& buffers;
  const uint8_t* body;
  bool trusted;
  uint32_t node, buffer;

  Status Wrong(std::string_view what) const { return Damaged(header.at, what); }

  const uint8_t* Take(int64_t* bytes) {
    const BlockBuffer& taken = buffers[buffer++];
    *bytes = taken.bytes;
    return taken.bytes == 0 ? kZeroes : body + taken.at;
  }

  Result<Column> Decode(const Type& type, int64_t length) {
    if (node >= header.nodes || buffer + OwnBuffers(type) > buffers.size()) return Wrong("it has fewer columns than its schema");
    const uint8_t* const entry = header_bytes.data() + kBlockPrefixBytes + int64_t{node++} * kNodeBytes;
    Column column{.type = type, .length = Load<int64_t>(entry), .null_count = Load<int64_t>(entry + 8), .children = {}};
    if (column.length != length || column.null_count < 0 || column.null_count > length) return Wrong("a column's length does not fit");
    int64_t bytes = 0;
    const uint8_t* const validity = Take(&bytes);
    if (bytes != (column.null_count == 0 ? 0 : (length + 7) / 8)) return Wrong("a column's NULLs do not fit");
    if (column.null_count != 0) column.validity = validity;
    if (type.id() != TypeId::kStruct) {
      column.data = Take(&bytes);
      if (bytes != DataBytes(type, length)) return Wrong("a column's values do not fit");
    }
    if (HasOffsets(type) && !trusted) {
      const auto offsets = column.offsets();
      int32_t descends = offsets[0];
      for (int64_t i = 0; i < length; ++i) descends |= (offsets[i + 1] < offsets[i]) ? 1 : 0;
      if (descends != 0) return Wrong("a column's offsets do not ascend");
    }
    if (type.is_text_or_binary()) {
      column.bytes = Take(&bytes);
      if (bytes != column.offsets()[length]) return Wrong("a column's text does not fit its offsets");
    }
    for (const Field& child : type.children()) {
      LOTIC_ASSIGN_OR_RETURN(Column decoded, Decode(child.type, HasOffsets(type) ? column.offsets()[length] : length));
      column.children.push_back(std::move(decoded));
    }
    return column;
  }
};

}  // namespace

Result<Column> DecodeColumn(const Type& type, const ColumnPlace& place, std::span<const uint8_t> header_bytes, const BlockHeader& header,
                            const std::vector<BlockBuffer>& buffers, const uint8_t* body, bool trusted) {
  Decoder decoder{header_bytes, header, buffers, body, trusted, place.node, place.buffer};
  return decoder.Decode(type, header.rows);
}

void EncodeRowsBlock(const Commit& commit, const TimeRange& times, int64_t rows_without_time, int64_t at, int64_t schema_at, const SegmentTotals& before,
                     SegmentTotals* totals, EncodedBlock* block) {
  *totals = before;
  totals->rows += commit.rows.num_rows();
  totals->blocks += 1;
  totals->fates += commit.fates;
  totals->times.Add(times);
  totals->rows_without_time += rows_without_time;
  totals->newest_stream_ms = std::max(totals->newest_stream_ms, commit.newest_stream_ms);
  totals->newest_commit_ms = std::max(totals->newest_commit_ms, commit.commit_ms);
  block->header.assign(static_cast<size_t>(kBlockPrefixBytes), 0);
  uint8_t* const to = block->header.data();
  Store(to + 12, static_cast<uint16_t>(BlockKind::kRows));
  Store(to + 40, commit.rows.num_rows());
  Store(to + 48, commit.start);
  Store(to + 56, commit.end);
  Store(to + 64, commit.newest_stream_ms);
  Store(to + 72, commit.commit_ms);
  StoreFates(to + 80, commit.fates);
  Store(to + 168, before.rows);
  Store(to + 176, schema_at);
  Store(to + 184, times.min_ms);
  Store(to + 192, times.max_ms);
  Store(to + 200, rows_without_time);
  StoreTotals(to + 208, *totals);
  Store(to + 352, commit.epoch + 1);
  Encoder encoder{block, {}, {}};
  if (commit.rows.num_rows() != 0) {
    for (size_t i = 0; i < commit.rows.num_columns(); ++i) encoder.Add(commit.rows.column(i));
  }
  Finish(encoder, at, block);
}

void EncodeSchemaBlock(const std::string& json, int64_t at, int64_t offset, const SegmentTotals& totals, EncodedBlock* block) {
  block->header.assign(static_cast<size_t>(kBlockPrefixBytes), 0);
  uint8_t* const to = block->header.data();
  Store(to + 12, static_cast<uint16_t>(BlockKind::kSchema));
  Store(to + 48, offset);
  Store(to + 56, offset);
  Store(to + 64, INT64_MIN);
  Store(to + 168, totals.rows);
  Store(to + 176, at);
  Store(to + 184, INT64_MAX);
  Store(to + 192, INT64_MIN);
  StoreTotals(to + 208, totals);
  Encoder encoder{block, {}, {}};
  encoder.parts.push_back(
      {reinterpret_cast<const uint8_t*>(json.data()), static_cast<int64_t>(json.find('\0') == std::string::npos ? json.size() : json.find('\0'))});
  Finish(encoder, at, block);
}

void TimesOf(const Column& column, TimeRange* times, int64_t* nulls) {
  *nulls = column.null_count;
  const std::span<const int64_t> values = column.values<int64_t>();
  int64_t least = INT64_MAX, most = INT64_MIN;
  if (column.null_count == 0) {
    for (const int64_t value : values) {
      least = value < least ? value : least;
      most = value > most ? value : most;
    }
  } else {
    for (int64_t row = 0; row < column.length; ++row) {
      if (column.IsNull(row)) continue;
      least = std::min(least, values[row]);
      most = std::max(most, values[row]);
    }
  }
  if (least <= most) *times = {least, most};
}

}  // namespace lotic::table
