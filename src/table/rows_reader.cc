// SPDX-License-Identifier: Apache-2.0
#include "table/rows_reader.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <sys/stat.h>

#include "table/row_gather.h"

namespace lotic::table {
namespace {

constexpr const char* kOffsets = "$offset";            // the hidden column of stored rows
constexpr int64_t kMaxCountedRows = int64_t{1} << 30;  // of one batch without columns

// How many rows of `offsets` (ascending) lie before `end`.
int64_t RowsBefore(const Column& offsets, int64_t end) {
  const auto values = offsets.values<int64_t>();
  return std::lower_bound(values.begin(), values.end(), end) - values.begin();
}

class MappedRows final : public SegmentRows {
 public:
  MappedRows(std::shared_ptr<RowsMap> map, int64_t published, const Schema& layout, SegmentRowsOptions options, PagesBehind behind)
      : behind_(behind),
        map_(std::move(map)),
        published_(published),
        layout_(std::make_shared<const Schema>(layout)),
        options_(options),
        next_row_(options.first_row) {}

  ~MappedRows() override { DoneWithBatch(); }

  Status Start() {
    LOTIC_ASSIGN_OR_RETURN(blocks_, map_->IndexTo(published_));
    // The first block that holds a row wanted.
    size_t low = 0, high = blocks_;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      const BlockHeader& header = map_->block(middle)->header;
      if (header.first_row + header.rows <= options_.first_row) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    at_ = low;
    return Status::OK();
  }

  int64_t next_row() const override { return next_row_; }
  int64_t misfits() const override { return misfits_; }

  Result<std::optional<Batch>> Next(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading a consuming segment"));
    DoneWithBatch();
    if (layout_->fields.empty()) return CountOnly();
    std::vector<Part> parts;
    int64_t rows = 0;
    while (at_ < blocks_ && rows < kMinRows) {
      const RowsMap::Block& block = *map_->block(at_);
      LOTIC_ASSIGN_OR_RETURN(const auto range, RangeOf(block));
      const auto [first, count] = range;
      if (count != 0) {
        const bool large = count >= kMinRows;
        if (!parts.empty() && (large || rows + count > kMaxRows)) break;
        if (large) {
          Skip(block, first + count);
          if (first == 0 && count == block.header.rows) return Whole(block);
          parts.push_back({&block, first, count});
          rows += count;
          break;
        }
        parts.push_back({&block, first, count});
        rows += count;
      }
      Skip(block, first + count);
    }
    if (parts.empty()) return std::optional<Batch>();
    return Together(parts, rows);
  }

 private:
  struct Part {
    const RowsMap::Block* block;
    int64_t first;
    int64_t count;
  };

  // What the last batch lay on. Whoever still reads it may: the pages come back. To be let go they must not come back, since nobody counts them then:
  // a batch that lies on them as they are takes them with it when its last owner is done.
  void DoneWithBatch() {
    if (mapping_ == nullptr) return;
    if (behind_ == PagesBehind::kLetGo && at_ > 0) {
      const int64_t read_to = map_->block(at_ - 1)->header.next_at();
      mapping_->LetGo(let_go_, read_to);
      let_go_ = read_to;
    } else {
      mapping_->Used(read_);
    }
    read_.clear();
  }

  void Skip(const RowsMap::Block& block, int64_t behind) {
    next_row_ = std::max(next_row_, block.header.first_row + behind);
    ++at_;
  }

  // Rows of the block that are wanted: first, count.
  Result<std::pair<int64_t, int64_t>> RangeOf(const RowsMap::Block& block) {
    const BlockHeader& header = block.header;
    const int64_t first = std::clamp<int64_t>(next_row_ - header.first_row, 0, header.rows);
    int64_t behind = header.rows;
    if (options_.end_offset.has_value() && header.end > *options_.end_offset) {
      if (header.start >= *options_.end_offset) {
        behind = 0;
      } else if (header.rows != 0) {
        const std::optional<size_t> index = block.schema->schema->IndexOf(kOffsets);
        if (!index.has_value() || block.schema->schema->fields[*index].type.id() != TypeId::kInt64) {
          return Status::Invalid(map_->path(), ": a snapshot that ends within a commit needs the column ", kOffsets);
        }
        LOTIC_ASSIGN_OR_RETURN(const Column offsets, map_->ReadColumn(block, *index, &mapping_, &read_));
        behind = RowsBefore(offsets, *options_.end_offset);
      }
    }
    return std::pair{first, std::max<int64_t>(behind - first, 0)};
  }

  Result<std::optional<Batch>> CountOnly() {
    int64_t rows = 0;
    while (at_ < blocks_ && rows < kMaxCountedRows) {
      const RowsMap::Block& block = *map_->block(at_);
      LOTIC_ASSIGN_OR_RETURN(const auto range, RangeOf(block));
      rows += range.second;
      Skip(block, range.first + range.second);
    }
    if (rows == 0) return std::optional<Batch>();
    return std::optional<Batch>(Batch(layout_, rows, {}, nullptr));
  }

  // Where the layout's columns are in a schema. Errors: Invalid (a type that cannot become the one wanted).
  Result<const std::vector<std::optional<size_t>>*> Places(const RowsMap::Block& block) {
    if (block.schema != places_of_) {
      places_.clear();
      for (const Field& field : layout_->fields) {
        const std::optional<size_t> index = block.schema->schema->IndexOf(field.name);
        if (index.has_value() && !CanCast(block.schema->schema->fields[*index].type, field.type)) {
          return Status::Invalid(map_->path(), ": column ", field.name, " is stored as ", block.schema->schema->fields[*index].type.ToString(),
                                 " and cannot be read as ", field.type.ToString());
        }
        places_.push_back(index);
      }
      places_of_ = block.schema;
    }
    return &places_;
  }

  struct Owner {
    std::shared_ptr<const RowsMap::Mapping> mapping;
    std::vector<ColumnGather> gathered;
    std::vector<Batch> cast;
    int64_t let_go_from = 0, let_go_to = 0;  // under kLetGo: pages that leave the memory with the batch

    Owner() = default;
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    ~Owner() {
      if (let_go_to > let_go_from) mapping->LetGo(let_go_from, let_go_to);
    }
  };

  // One block as it lies in the file.
  Result<std::optional<Batch>> Whole(const RowsMap::Block& block) {
    LOTIC_ASSIGN_OR_RETURN(const auto* places, Places(block));
    auto owner = std::make_shared<Owner>();
    owner->gathered.reserve(layout_->fields.size());
    std::vector<Column> columns;
    for (size_t i = 0; i < layout_->fields.size(); ++i) {
      const Field& field = layout_->fields[i];
      if (!(*places)[i].has_value()) {
        owner->gathered.emplace_back(field.type).AppendNulls(block.header.rows);
        columns.push_back(owner->gathered.back().Finish());
        continue;
      }
      LOTIC_ASSIGN_OR_RETURN(Column column, map_->ReadColumn(block, *(*places)[i], &mapping_, &read_));
      if (!(column.type == field.type)) column = Cast(column, 0, column.length, field, owner.get());
      columns.push_back(std::move(column));
    }
    owner->mapping = mapping_;
    if (behind_ == PagesBehind::kLetGo && mapping_ != nullptr) {
      owner->let_go_from = let_go_;
      owner->let_go_to = let_go_ = block.header.next_at();
    }
    return std::optional<Batch>(Batch(layout_, block.header.rows, std::move(columns), std::move(owner)));
  }

  Column Cast(const Column& column, int64_t first, int64_t count, const Field& field, Owner* owner) {
    BatchBuilder builder(std::make_shared<const Schema>(Schema{{field}, {}}));
    misfits_ += CastRows(column, first, count, field.type, &builder.column(0));
    owner->cast.push_back(builder.Finish(count));
    return owner->cast.back().column(0);
  }

  Result<std::optional<Batch>> Together(const std::vector<Part>& parts, int64_t rows) {
    auto owner = std::make_shared<Owner>();
    for (const Field& field : layout_->fields) owner->gathered.emplace_back(field.type);
    for (const Part& part : parts) {
      LOTIC_ASSIGN_OR_RETURN(const auto* places, Places(*part.block));
      for (size_t i = 0; i < layout_->fields.size(); ++i) {
        ColumnGather& gather = owner->gathered[i];
        if (!(*places)[i].has_value()) {
          gather.AppendNulls(part.count);
          continue;
        }
        LOTIC_ASSIGN_OR_RETURN(const Column column, map_->ReadColumn(*part.block, *(*places)[i], &mapping_, &read_));
        const bool same = column.type == layout_->fields[i].type;
        const Column cast = same ? Column{.type = column.type, .children = {}} : Cast(column, part.first, part.count, layout_->fields[i], owner.get());
        const Column& from = same ? column : cast;
        const int64_t first = same ? part.first : 0;
        if (!gather.HasRoom(from, first, part.count))
          return Status::CapacityError(map_->path(), ": small commits together hold more than 2 GiB of column ", layout_->fields[i].name);
        gather.Append(from, first, part.count);
      }
    }
    std::vector<Column> columns;
    for (ColumnGather& gather : owner->gathered) columns.push_back(gather.Finish());
    return std::optional<Batch>(Batch(layout_, rows, std::move(columns), std::move(owner)));
  }

  const PagesBehind behind_;
  const std::shared_ptr<RowsMap> map_;
  const int64_t published_;
  const std::shared_ptr<const Schema> layout_;
  const SegmentRowsOptions options_;
  int64_t let_go_ = 0;
  size_t blocks_ = 0;
  size_t at_ = 0;
  int64_t next_row_ = 0;
  int64_t misfits_ = 0;
  std::shared_ptr<const RowsMap::Mapping> mapping_;
  std::vector<RowsMap::Mapping::Range> read_;  // under the last batch, of mapping_
  const RowsMap::BlockSchema* places_of_ = nullptr;
  std::vector<std::optional<size_t>> places_;
};

// Rows of a segment that has none.
class NoRows final : public SegmentRows {
 public:
  Result<std::optional<Batch>> Next(const CallContext&) override { return std::optional<Batch>(); }
  int64_t next_row() const override { return 0; }
};

class SealedRows final : public SegmentRows {
 public:
  // `offsets`: where in the batches the column of offsets is that was asked for in addition or anyway, if the end lies within the segment.
  SealedRows(std::unique_ptr<SegmentFileReader> reader, std::shared_ptr<const Schema> layout, SegmentRowsOptions options, std::optional<size_t> offsets)
      : reader_(std::move(reader)), layout_(std::move(layout)), options_(options), offsets_(offsets), next_row_(options.first_row) {}

  int64_t next_row() const override { return next_row_; }
  int64_t misfits() const override { return reader_->misfits(); }

  Result<std::optional<Batch>> Next(const CallContext& ctx) override {
    if (ended_) return std::optional<Batch>();
    LOTIC_ASSIGN_OR_RETURN(std::optional<Batch> batch, reader_->Next(ctx));
    if (!batch.has_value()) {
      ended_ = true;
      return batch;
    }
    if (offsets_.has_value()) {
      const int64_t rows = RowsBefore(batch->column(*offsets_), *options_.end_offset);
      if (rows < batch->num_rows()) {
        ended_ = true;
        if (rows == 0) return std::optional<Batch>();
        std::vector<int64_t> first(static_cast<size_t>(rows));
        for (size_t i = 0; i < first.size(); ++i) first[i] = static_cast<int64_t>(i);
        *batch = batch->Take(first);
      }
      if (layout_->fields.size() < batch->num_columns()) {
        std::vector<size_t> wanted;
        for (size_t i = 0; i < layout_->fields.size(); ++i) wanted.push_back(i);
        *batch = batch->Select(wanted);
      }
    }
    next_row_ += batch->num_rows();
    return batch;
  }

 private:
  const std::unique_ptr<SegmentFileReader> reader_;
  const std::shared_ptr<const Schema> layout_;
  const SegmentRowsOptions options_;
  const std::optional<size_t> offsets_;
  int64_t next_row_;
  bool ended_ = false;
};

// Sealed files whose checksum this process has checked. At the limit all are forgotten, and checked again.
constexpr size_t kMaxCheckedFiles = 65'536;
using FileKey = std::tuple<uint64_t, uint64_t, int64_t, int64_t, int64_t, uint32_t>;  // device, inode, size, seconds, nanoseconds, CRC
std::mutex checked_mutex;
std::set<FileKey>& CheckedFiles() {
  static auto& checked = *new std::set<FileKey>();
  return checked;
}

Status CheckSealedFile(const std::string& path, const SegmentInfo& segment) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    const Status failure = FileFailure("open", path, errno);
    if (failure.code() != StatusCode::kNotFound) return failure;
    return failure.WithMessage("segment ", segment.name, ": ", path, " is gone, its time to stay is over; plan the query again");
  }
  const FileKey key{info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, segment.file_crc};
  {
    const std::lock_guard lock(checked_mutex);
    if (CheckedFiles().contains(key)) return Status::OK();
  }
  LOTIC_ASSIGN_OR_RETURN(const FileSum sum, SumFile(path));
  if (sum.bytes != segment.file_bytes)
    return Status::DataLoss("segment ", segment.name, ": ", path, " has ", sum.bytes, " bytes, ", segment.file_bytes, " were sealed");
  if (sum.crc != segment.file_crc) return Status::DataLoss("segment ", segment.name, ": ", path, " fails its checksum");
  const std::lock_guard lock(checked_mutex);
  if (CheckedFiles().size() >= kMaxCheckedFiles) CheckedFiles().clear();
  CheckedFiles().insert(key);
  return Status::OK();
}

}  // namespace

Result<std::unique_ptr<SegmentRows>> OpenRowsFile(std::shared_ptr<RowsMap> map, int64_t published, const Schema& layout, SegmentRowsOptions options,
                                                  PagesBehind behind) {
  auto rows = std::make_unique<MappedRows>(std::move(map), published, layout, options, behind);
  LOTIC_RETURN_NOT_OK(rows->Start());
  return std::unique_ptr<SegmentRows>(std::move(rows));
}

Result<std::unique_ptr<SegmentRows>> OpenSealedFile(const CallContext& ctx, const std::string& path, const SegmentInfo& segment, const Schema& layout,
                                                    SegmentFiles* files, SegmentRowsOptions options) {
  if (segment.file.empty()) return std::unique_ptr<SegmentRows>(std::make_unique<NoRows>());
  LOTIC_RETURN_NOT_OK(CheckSealedFile(path, segment));
  if (files == nullptr) return Status::Invalid("segment ", segment.name, " is sealed, and nothing was given to read ", path, " with");
  Schema wanted = layout;
  std::optional<size_t> offsets;
  if (options.end_offset.has_value() && *options.end_offset < segment.end) {
    offsets = wanted.IndexOf(kOffsets);
    if (!offsets.has_value()) {
      offsets = wanted.fields.size();
      wanted.fields.push_back({kOffsets, Type::Int64()});
    }
  }
  LOTIC_ASSIGN_OR_RETURN(auto reader, files->Open(ctx, path, wanted, options.first_row));
  return std::unique_ptr<SegmentRows>(std::make_unique<SealedRows>(std::move(reader), std::make_shared<const Schema>(layout), options, offsets));
}

Result<std::unique_ptr<SegmentRows>> SegmentRows::Open(const CallContext& ctx, const TableView& view, const SegmentInfo& segment, const Schema& layout,
                                                       SegmentFiles* files, SegmentRowsOptions options) {
  switch (segment.state) {
    case SegmentState::kDamaged:
      return Status::DataLoss("segment ", segment.name, " is damaged, offsets from ", segment.repair_from, " to ", segment.end,
                              " are to be read again from the stream: ", segment.damage);
    case SegmentState::kDone:
    case SegmentState::kDropped:
      if (segment.totals.rows == 0) return std::unique_ptr<SegmentRows>(std::make_unique<NoRows>());
      if (segment.file.empty()) return Status::NotFound("segment ", segment.name, " was dropped: it was older than the table's retention");
      return OpenSealedFile(ctx, view.PathOf(segment.partition, segment.file), segment, layout, files, options);
    case SegmentState::kConsuming:
    case SegmentState::kSealing: break;
  }
  const std::string path = view.PathOf(segment.partition, segment.rows_file);
  Result<std::shared_ptr<RowsMap>> map = RowsMap::Open(path);
  if (!map.ok()) {
    if (map.status().code() != StatusCode::kNotFound) return map.status();
    return map.status().WithMessage("segment ", segment.name, ": ", path, " is gone, its time to stay is over; plan the query again");
  }
  return OpenRowsFile(*std::move(map), segment.rows_bytes, layout, options);
}

}  // namespace lotic::table
