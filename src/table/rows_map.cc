// SPDX-License-Identifier: Apache-2.0
#include "table/rows_map.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <map>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/crc32c.h"
#include "lotic/scan_json.h"

namespace lotic::table {
namespace {

constexpr int64_t kFirstMappedBytes = int64_t{64} << 20;
// So many files keep their index while nobody reads them; a descriptor and a mapping each.
constexpr size_t kMaxKept = 256;

}  // namespace

struct RowsMap::Registry {
  std::mutex mutex;  // guards what follows
  std::map<std::pair<dev_t, ino_t>, std::weak_ptr<RowsMap>> known;
  std::list<std::pair<std::pair<dev_t, ino_t>, std::shared_ptr<RowsMap>>> kept;  // used last first

  // Under the mutex.
  void Sweep() {
    kept.remove_if([](const auto& entry) {
      struct stat info {};
      return ::fstat(entry.second->file_.fd(), &info) != 0 || info.st_nlink == 0;
    });
    std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
  }
};
RowsMap::Registry& RowsMap::TheRegistry() {
  static auto& registry = *new Registry();
  return registry;
}

RowsMap::~RowsMap() = default;

Result<std::shared_ptr<RowsMap>> RowsMap::Open(const std::string& path) {
  LOTIC_ASSIGN_OR_RETURN(File file, File::Open(path, O_RDONLY));
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return FileFailure("look at", path, errno);
  // A file that is known is open, so its number is not that of another.
  const std::pair<dev_t, ino_t> key{info.st_dev, info.st_ino};
  Registry& registry = TheRegistry();
  const std::lock_guard lock(registry.mutex);
  std::shared_ptr<RowsMap> map = registry.known[key].lock();
  if (map == nullptr) {
    if (info.st_size < kRowsHeaderBytes) return Status::DataLoss(path, ": the header page is cut off at byte ", info.st_size);
    std::array<uint8_t, kRowsHeaderBytes> page{};
    LOTIC_RETURN_NOT_OK(file.ReadAt(0, page.data(), page.size()));
    Result<RowsFileHeader> header = DecodeRowsHeader(page);
    if (!header.ok()) return header.status().WithMessage(path, ": ", header.status().message());
    map.reset(new RowsMap(std::move(file), *std::move(header)));
    registry.known[key] = map;
    registry.Sweep();  // a process that only reads has no other occasion
  }
  registry.kept.remove_if([&](const auto& entry) { return entry.first == key; });
  registry.kept.emplace_front(key, map);
  if (registry.kept.size() > kMaxKept) registry.kept.pop_back();
  return map;
}

void RowsMap::Sweep() {
  Registry& registry = TheRegistry();
  const std::lock_guard lock(registry.mutex);
  registry.Sweep();
}

Status RowsMap::Damaged(const Status& status) const { return status.WithMessage(path(), ": ", status.message()); }

Result<std::shared_ptr<const RowsMap::Mapping>> RowsMap::MapTo(int64_t bytes) {
  if (mapping_ == nullptr || mapping_->bytes() < bytes) {
    LOTIC_ASSIGN_OR_RETURN(const int64_t size, file_.Size());
    if (size < bytes) return Status::DataLoss(path(), ": ", bytes, " bytes were published, the file has ", size);
    // Mapped ahead of its end: what is added later appears, and nothing behind the published length is touched.
    int64_t length = kFirstMappedBytes;
    while (length < bytes) length *= 2;
    LOTIC_ASSIGN_OR_RETURN(mapping_, Mapping::Map(file_, length));
  }
  return mapping_;
}

Result<RowsMap::Published> RowsMap::ReadPublished() {
  const std::lock_guard lock(mutex_);
  LOTIC_ASSIGN_OR_RETURN(const auto head, MapTo(kRowsHeaderBytes));
  const uint64_t word = __atomic_load_n(reinterpret_cast<const uint64_t*>(head->data() + kPublishedAt), __ATOMIC_ACQUIRE);
  const std::optional<int64_t> published = FromLiveWord(word);
  if (!published.has_value() || *published < kRowsHeaderBytes) return Status::DataLoss(path(), ": the published length is damaged");
  Published result{*published, header_.start, {}};
  if (*published == kRowsHeaderBytes) return result;
  LOTIC_ASSIGN_OR_RETURN(const auto mapping, MapTo(*published));
  const auto bytes = [&](int64_t at, int64_t count) { return std::span<const uint8_t>(mapping->data() + at, static_cast<size_t>(count)); };
  if (*published < kRowsHeaderBytes + kBlockPrefixBytes + kBlockTrailerBytes) return Status::DataLoss(path(), ": no block ends at byte ", *published);
  const Result<int64_t> at = PlaceOfLastBlock(bytes(*published - kBlockTrailerBytes, kBlockTrailerBytes), *published);
  if (!at.ok()) return Damaged(at.status());
  const Result<BlockHeader> last = DecodeBlockHeader(bytes(*at, *published - *at), *at);
  if (!last.ok()) return Damaged(last.status());
  if (last->next_at() != *published) return Status::DataLoss(path(), ": no block ends at byte ", *published);
  result.end = last->end;
  result.totals = last->totals;
  mapping->Used(std::array<Mapping::Range, 2>{{{0, kRowsHeaderBytes}, {*at, *published}}});
  return result;
}

Result<size_t> RowsMap::IndexTo(int64_t to) {
  const std::lock_guard lock(mutex_);
  LOTIC_ASSIGN_OR_RETURN(const auto mapping, MapTo(std::max(to, kRowsHeaderBytes)));
  while (indexed_ < to) {
    const int64_t at = indexed_;
    const std::span<const uint8_t> rest(mapping->data() + at, static_cast<size_t>(to - at));
    Result<BlockHeader> header = DecodeBlockHeader(rest, at);
    if (!header.ok()) return Damaged(header.status());
    if (header->next_at() > to) return Status::DataLoss(path(), ": block at byte ", at, " ends behind the published length");
    Status status = CheckBlockOrder(*header, last_.has_value() ? &*last_ : nullptr, header_.start);
    if (status.ok()) status = CheckBlockTrailer(rest.subspan(static_cast<size_t>(header->block_bytes() - kBlockTrailerBytes)), *header);
    if (!status.ok()) return Damaged(status);
    if (header->kind == BlockKind::kSchema) {
      const BlockBuffer buffer = BlockBuffers(rest, *header)[0];
      const uint8_t* const json = mapping->data() + header->body_at();
      if (Crc32c({json, static_cast<size_t>(buffer.padded())}) != buffer.crc)
        return Status::DataLoss(path(), ": the schema at byte ", at, " fails its checksum");
      Result<Schema> schema = SchemaFromJson({reinterpret_cast<const char*>(json), static_cast<size_t>(buffer.bytes)});
      if (!schema.ok()) return Status::DataLoss(path(), ": the schema at byte ", at, ": ", schema.status().message());
      std::vector<ColumnPlace> places = ColumnPlaces(*schema);
      schemas_.push_back({std::make_shared<const Schema>(*std::move(schema)), std::move(places)});
    } else {
      Block& block = blocks_.emplace_back();
      block.header = *header;
      block.schema = &schemas_.back();
      block.checked = std::make_unique<std::atomic<bool>[]>(block.schema->places.size());
    }
    last_ = *header;
    indexed_ = header->next_at();
    mapping->Used(std::array<Mapping::Range, 2>{{{at, header->body_at()}, {indexed_ - kBlockTrailerBytes, indexed_}}});
  }
  // Others may have indexed further.
  const auto behind = std::partition_point(blocks_.begin(), blocks_.end(), [to](const Block& block) { return block.header.next_at() <= to; });
  return static_cast<size_t>(behind - blocks_.begin());
}

const RowsMap::Block* RowsMap::block(size_t index) const {
  const std::lock_guard lock(mutex_);
  return &blocks_[index];
}

Result<Column> RowsMap::ReadColumn(const Block& block, size_t index, std::shared_ptr<const Mapping>* mapping, std::vector<Mapping::Range>* ranges) {
  if (*mapping == nullptr || (*mapping)->bytes() < block.header.next_at()) {
    const std::lock_guard lock(mutex_);
    LOTIC_ASSIGN_OR_RETURN(*mapping, MapTo(block.header.next_at()));
  }
  const BlockHeader& header = block.header;
  const std::span<const uint8_t> header_bytes((*mapping)->data() + header.at, static_cast<size_t>(header.header_bytes));
  const ColumnPlace& place = block.schema->places[index];
  thread_local std::vector<BlockBuffer> buffers;  // small commits are many, and an allocation each would cost more than their rows
  BlockBuffers(header_bytes, header, &buffers);
  const uint8_t* const body = (*mapping)->data() + header.body_at();
  const bool checked = block.checked[index].load(std::memory_order_acquire);
  const std::string& name = block.schema->schema->fields[index].name;
  if (place.buffer + place.buffers > buffers.size()) return Status::DataLoss(path(), ": block at byte ", header.at, " has fewer columns than its schema");
  ranges->push_back({header.at, header.body_at()});
  if (place.buffers > 0) {
    const BlockBuffer& last = buffers[place.buffer + place.buffers - 1];
    ranges->push_back({header.body_at() + buffers[place.buffer].at, header.body_at() + last.at + last.padded()});
  }
  if (!checked) {
    for (uint32_t i = place.buffer; i < place.buffer + place.buffers; ++i) {
      if (Crc32c({body + buffers[i].at, static_cast<size_t>(buffers[i].padded())}) != buffers[i].crc) {
        return Status::DataLoss(path(), ": block at byte ", header.at, ", column ", name, " fails its checksum");
      }
    }
  }
  Result<Column> column = DecodeColumn(block.schema->schema->fields[index].type, place, header_bytes, header, buffers, body, checked);
  if (!column.ok()) return column.status().WithMessage(path(), ": ", column.status().message(), " (column ", name, ")");
  if (!checked) block.checked[index].store(true, std::memory_order_release);
  return column;
}

}  // namespace lotic::table
