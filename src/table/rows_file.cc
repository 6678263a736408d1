// SPDX-License-Identifier: Apache-2.0
#include "table/rows_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>

#include "base/crc32c.h"
#include "lotic/scan_json.h"
#include "table/fault_point.h"

namespace lotic::table {
namespace {

// Reads a file from front to back in large pieces.
class Window {
 public:
  Window(const File& file, int64_t size) : file_(file), size_(size) {}

  // `count` bytes at `at`, valid until the next call.
  Result<std::span<const uint8_t>> Get(int64_t at, int64_t count) {
    if (at < from_ || at + count > from_ + static_cast<int64_t>(bytes_.size())) {
      if (at + count > size_) return Status::DataLoss("the file ends at byte ", size_);
      bytes_.resize(static_cast<size_t>(std::min(std::max(count, kWindow), size_ - at)));
      from_ = at;
      LOTIC_RETURN_NOT_OK(file_.ReadAt(at, bytes_.data(), bytes_.size()));
    }
    return std::span<const uint8_t>(bytes_).subspan(static_cast<size_t>(at - from_), static_cast<size_t>(count));
  }

  Result<uint32_t> Sum(int64_t at, int64_t count) {
    uint32_t crc = 0;
    while (count > 0) {
      const int64_t piece = std::min(count, kWindow);
      LOTIC_ASSIGN_OR_RETURN(const auto bytes, Get(at, piece));
      crc = Crc32c(bytes, crc);
      at += piece;
      count -= piece;
    }
    return crc;
  }

 private:
  static constexpr int64_t kWindow = int64_t{4} << 20;
  const File& file_;
  const int64_t size_;
  int64_t from_ = 0;
  std::vector<uint8_t> bytes_;
};

// The block at `at`, every byte of it. Its schema goes to `schema` if it is one.
Result<BlockHeader> CheckBlock(Window& window, int64_t at, int64_t limit, const BlockHeader* before, int64_t start, Schema* schema) {
  const auto cut = [at] { return Status::DataLoss("block at byte ", at, ": it is cut off"); };
  if (at + kBlockPrefixBytes > limit) return cut();
  LOTIC_ASSIGN_OR_RETURN(const auto prefix, window.Get(at, kBlockPrefixBytes));
  LOTIC_ASSIGN_OR_RETURN(const int64_t header_bytes, BlockHeaderBytes(prefix, at));
  if (at + header_bytes > limit) return cut();
  LOTIC_ASSIGN_OR_RETURN(const auto borrowed, window.Get(at, header_bytes));
  const std::vector<uint8_t> bytes(borrowed.begin(), borrowed.end());
  LOTIC_ASSIGN_OR_RETURN(const BlockHeader header, DecodeBlockHeader(bytes, at));
  if (header.next_at() > limit) return cut();
  LOTIC_RETURN_NOT_OK(CheckBlockOrder(header, before, start));
  const std::vector<BlockBuffer> buffers = BlockBuffers(bytes, header);
  for (size_t i = 0; i < buffers.size(); ++i) {
    LOTIC_ASSIGN_OR_RETURN(const uint32_t crc, window.Sum(header.body_at() + buffers[i].at, buffers[i].padded()));
    if (crc != buffers[i].crc) return Status::DataLoss("block at byte ", at, ": buffer ", i, " fails its checksum");
  }
  LOTIC_ASSIGN_OR_RETURN(const auto trailer, window.Get(header.next_at() - kBlockTrailerBytes, kBlockTrailerBytes));
  LOTIC_RETURN_NOT_OK(CheckBlockTrailer(trailer, header));
  if (header.kind == BlockKind::kSchema) {
    LOTIC_ASSIGN_OR_RETURN(const auto json, window.Get(header.body_at(), buffers[0].bytes));
    Result<Schema> parsed = SchemaFromJson({reinterpret_cast<const char*>(json.data()), json.size()});
    if (!parsed.ok()) return Status::DataLoss("block at byte ", at, ": its schema: ", parsed.status().message());
    *schema = *std::move(parsed);
  }
  return header;
}

}  // namespace

Result<RowsCheck> CheckRowsFile(const std::string& path, std::optional<int64_t> limit, CheckPart part) {
  LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDONLY));
  RowsCheck check;
  LOTIC_ASSIGN_OR_RETURN(check.file_bytes, file.Size());
  std::array<uint8_t, kRowsHeaderBytes> page{};
  if (check.file_bytes < kRowsHeaderBytes) {
    check.header_damage = check.damage = Status::DataLoss(path, ": the header page is cut off at byte ", check.file_bytes);
    return check;
  }
  LOTIC_RETURN_NOT_OK(file.ReadAt(0, page.data(), page.size()));
  LOTIC_ASSIGN_OR_RETURN(check.file_bytes, file.Size());  // after the published length: the file may be growing
  Result<RowsFileHeader> header = DecodeRowsHeader(page);
  if (!header.ok()) {
    check.header_damage = check.damage = header.status().WithMessage(path, ": ", header.status().message());
    return check;
  }
  check.header = *std::move(header);
  const auto word = [&page](int64_t at) {
    uint64_t value;
    std::memcpy(&value, page.data() + at, sizeof value);
    return FromLiveWord(value);
  };
  check.published = word(kPublishedAt);
  check.durable = word(kDurableAt);
  const std::optional<int64_t> sync_failed = word(kSyncFailedAt);
  check.sync_failed = !sync_failed.has_value() || *sync_failed != 0;
  int64_t end = check.published.value_or(check.file_bytes);
  if (limit.has_value()) end = std::min(end, *limit);
  if (!check.published.has_value()) {
    check.damage = Status::DataLoss(path, ": the published length is damaged");
  } else if (*check.published > check.file_bytes || *check.published < kRowsHeaderBytes) {
    check.damage = Status::DataLoss(path, ": ", *check.published, " bytes were published, the file has ", check.file_bytes);
    end = std::min(end, check.file_bytes);
  }
  if (check.damage.ok() && !check.durable.has_value()) check.damage = Status::DataLoss(path, ": the durable length is damaged");
  if (part.before != nullptr) {
    check.good_bytes = part.before->good_bytes;
    check.last = part.before->last;
    check.schema = part.before->schema;
  }
  const int64_t begun = check.good_bytes;
  Window window(file, check.file_bytes);
  while (check.good_bytes < end && check.good_bytes - begun < part.most_bytes) {
    Result<BlockHeader> block = CheckBlock(window, check.good_bytes, end, check.last.has_value() ? &*check.last : nullptr, check.header.start, &check.schema);
    if (!block.ok()) {
      if (block.status().code() != StatusCode::kDataLoss) return block.status();
      if (check.damage.ok()) check.damage = block.status().WithMessage(path, ": ", block.status().message());
      break;
    }
    if (block->kind == BlockKind::kSchema) block->epoch = check.epoch();  // it moves no position
    check.last = *std::move(block);
    check.good_bytes = check.last->next_at();
  }
  return check;
}

Result<std::shared_ptr<RowsFile>> RowsFile::Create(const std::string& path, const RowsFileHeader& header) {
  {
    LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDWR | O_CREAT | O_EXCL));
    Status status = file.WriteAt(0, EncodeRowsHeader(header));
    if (status.ok()) status = file.Sync();
    if (status.ok()) status = SyncFolder(FolderOf(path));
    if (!status.ok()) {
      (void)RemoveFile(path);
      return status;
    }
  }
  RowsCheck fresh;
  fresh.header = header;
  return Continue(path, fresh);
}

Result<std::shared_ptr<RowsFile>> RowsFile::Continue(const std::string& path, const RowsCheck& check) {
  LOTIC_ASSIGN_OR_RETURN(File file, File::Open(path, O_RDWR));
  LOTIC_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  if (size > check.good_bytes) LOTIC_RETURN_NOT_OK(file.Truncate(check.good_bytes));
  void* const page = ::mmap(nullptr, static_cast<size_t>(kRowsHeaderBytes), PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0);
  if (page == MAP_FAILED) return FileFailure("map", path, errno);
  State state{check.good_bytes, check.end(), check.totals(), check.epoch()};
  int64_t schema_at = 0;
  if (check.last.has_value()) schema_at = check.last->kind == BlockKind::kSchema ? check.last->at : check.last->schema_at;
  return std::shared_ptr<RowsFile>(new RowsFile(std::move(file), static_cast<uint8_t*>(page), state, std::make_shared<const Schema>(check.schema), schema_at));
}

Status RowsFile::CopyGood(const std::string& from, const RowsCheck& check, const std::string& to, int32_t generation) {
  LOTIC_RETURN_NOT_OK(RemoveFile(to));
  const auto copy = [&]() -> Status {
    LOTIC_ASSIGN_OR_RETURN(const File in, File::Open(from, O_RDONLY));
    LOTIC_ASSIGN_OR_RETURN(const File out, File::Open(to, O_RDWR | O_CREAT | O_EXCL));
    RowsFileHeader header = check.header;
    header.generation = generation;
    std::string page = EncodeRowsHeader(header);
    const uint64_t word = LiveWord(check.good_bytes);
    std::memcpy(page.data() + kPublishedAt, &word, sizeof word);
    std::memcpy(page.data() + kDurableAt, &word, sizeof word);
    LOTIC_RETURN_NOT_OK(out.WriteAt(0, page));
    std::string chunk;
    for (int64_t at = kRowsHeaderBytes; at < check.good_bytes; at += static_cast<int64_t>(chunk.size())) {
      chunk.resize(static_cast<size_t>(std::min<int64_t>(check.good_bytes - at, int64_t{1} << 20)));
      LOTIC_RETURN_NOT_OK(in.ReadAt(at, chunk.data(), chunk.size()));
      LOTIC_RETURN_NOT_OK(out.WriteAt(at, chunk));
    }
    LOTIC_RETURN_NOT_OK(out.Sync());
    return SyncFolder(FolderOf(to));
  };
  const Status status = copy();
  if (!status.ok()) (void)RemoveFile(to);
  return status;
}

RowsFile::RowsFile(File file, uint8_t* page, State state, std::shared_ptr<const Schema> schema, int64_t schema_at)
    : file_(std::move(file)), page_(page), schema_(std::move(schema)), schema_at_(schema_at), state_(state), durable_(state) {
  uint64_t word;
  std::memcpy(&word, page_ + kDurableAt, sizeof word);
  durable_.published = std::min(FromLiveWord(word).value_or(kRowsHeaderBytes), state_.published);
  if (durable_.published < state_.published) durable_.end = -1;  // known after the first sync only
  SetWord(kPublishedAt, state_.published);
  SetWord(kDurableAt, durable_.published);
  SetWord(kSyncFailedAt, 0);
}

RowsFile::~RowsFile() { ::munmap(page_, static_cast<size_t>(kRowsHeaderBytes)); }

void RowsFile::SetWord(int64_t place, int64_t value) { __atomic_store_n(reinterpret_cast<uint64_t*>(page_ + place), LiveWord(value), __ATOMIC_RELEASE); }

RowsFile::State RowsFile::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

RowsFile::State RowsFile::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

bool RowsFile::full() const {
  const std::lock_guard lock(mutex_);
  return state_.totals.blocks >= PartitionWriter::kMaxBlocks || state_.published + PartitionWriter::kMaxCommitBytes > PartitionWriter::kMaxRowsFileBytes;
}

Status RowsFile::Append(const Commit& commit, const TimeRange& times, int64_t rows_without_time) {
  const State before = state();
  if (failed_) return Status::IOError(path(), ": an earlier sync failed; open the writer again");
  if (commit.rows.size_bytes() > PartitionWriter::kMaxCommitBytes) {
    return Status::CapacityError(path(), ": a commit of ", commit.rows.size_bytes(), " bytes, more than ", PartitionWriter::kMaxCommitBytes);
  }
  if (full()) return Status::CapacityError(path(), " is full: ", before.totals.blocks, " commits, ", before.published, " bytes; roll the segment");
  int64_t at = before.published;
  std::vector<iovec> parts;
  std::shared_ptr<const Schema> schema = schema_;
  int64_t schema_at = schema_at_;
  const bool has_rows = commit.rows.num_rows() != 0;
  if (schema_at == 0 || (has_rows && commit.rows.schema_ptr() != schema_ && !(commit.rows.schema() == *schema_))) {
    if (has_rows) {
      for (const Field& field : commit.rows.schema().fields) {
        const std::optional<size_t> old = schema_->IndexOf(field.name);
        if (old.has_value() && !(schema_->fields[*old].type == field.type)) {
          return Status::Invalid(path(), ": column ", field.name, " was ", schema_->fields[*old].type.ToString(), " and is now ", field.type.ToString(),
                                 "; roll the segment first");
        }
      }
      schema = commit.rows.schema_ptr();
    }
    schema_json_ = ToJson(*schema);
    schema_json_.resize((schema_json_.size() + 63) / 64 * 64, '\0');
    EncodeSchemaBlock(schema_json_, at, before.end, before.totals, &schema_block_);
    schema_at = at;
    parts.push_back({schema_block_.header.data(), schema_block_.header.size()});
    parts.insert(parts.end(), schema_block_.body.begin(), schema_block_.body.end());
    parts.push_back({schema_block_.trailer.data(), schema_block_.trailer.size()});
    at += schema_block_.block_bytes;
  } else if (has_rows) {
    schema = commit.rows.schema_ptr();
  }
  State after = before;
  EncodeRowsBlock(commit, times, rows_without_time, at, schema_at, before.totals, &after.totals, &block_);
  parts.push_back({block_.header.data(), block_.header.size()});
  parts.insert(parts.end(), block_.body.begin(), block_.body.end());
  parts.push_back({block_.trailer.data(), block_.trailer.size()});
  after.published = at + block_.block_bytes;
  if (commit.rows.num_rows() > 8 * block_.block_bytes) return Status::Invalid(path(), ": ", commit.rows.num_rows(), " rows without values");
  after.end = commit.end;
  after.epoch = commit.epoch;
  (void)FaultPoint("store.append.before_write");
  const Status written = file_.WriteAt(before.published, parts);
  if (!written.ok()) {
    // Nobody reads behind the published length; what is there is cut off, so that it takes no space.
    (void)file_.Truncate(before.published);
    return written;
  }
  (void)FaultPoint("store.append.before_publish");
  {
    const std::lock_guard lock(mutex_);
    SetWord(kPublishedAt, after.published);  // before a Sync can see it: what is durable is never more than what is published
    state_ = after;
  }
  schema_ = std::move(schema);
  schema_at_ = schema_at;
  (void)FaultPoint("store.append.after_publish");
  return Status::OK();
}

Status RowsFile::Sync() {
  const std::lock_guard one(sync_mutex_);
  State target;
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return Status::IOError(path(), ": an earlier sync failed; open the writer again");
    if (durable_.published == state_.published && durable_.end == state_.end) return Status::OK();
    target = state_;
  }
  (void)FaultPoint("store.sync.before");
  const Status status = file_.Sync();
  if (!status.ok()) {
    // The kernel may have forgotten that these pages were never written: another fsync could succeed without them.
    SetWord(kSyncFailedAt, 1);
    const std::lock_guard lock(mutex_);
    failed_ = true;
    return status;
  }
  (void)FaultPoint("store.sync.before_durable");
  SetWord(kDurableAt, target.published);
  const std::lock_guard lock(mutex_);
  durable_ = target;
  return Status::OK();
}

}  // namespace lotic::table
