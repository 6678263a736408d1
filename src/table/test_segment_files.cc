// SPDX-License-Identifier: Apache-2.0
#include "table/test_segment_files.h"

#include "table/rows_file.h"
#include "table/rows_reader.h"

namespace lotic::table {
namespace {

class Writer final : public SegmentFileWriter {
 public:
  explicit Writer(std::shared_ptr<RowsFile> file) : file_(std::move(file)) {}

  Status Write(const Batch& rows) override {
    Commit commit;
    commit.start = commit.end = file_->state().end;
    commit.end += rows.num_rows();
    commit.rows = rows;
    return file_->Append(commit, {}, 0);
  }
  Result<int64_t> Finish() override { return file_->state().totals.rows; }

 private:
  const std::shared_ptr<RowsFile> file_;
};

class Reader final : public SegmentFileReader {
 public:
  explicit Reader(std::unique_ptr<SegmentRows> rows) : rows_(std::move(rows)) {}
  Result<std::optional<Batch>> Next(const CallContext& ctx) override { return rows_->Next(ctx); }

 private:
  const std::unique_ptr<SegmentRows> rows_;
};

class TestSegmentFiles final : public SegmentFiles {
 public:
  Result<std::unique_ptr<SegmentFileWriter>> Create(const std::string& path, const Schema&) override {
    LOTIC_ASSIGN_OR_RETURN(auto file, RowsFile::Create(path, {0, 0, 0, 1, 0, "test"}));
    return std::unique_ptr<SegmentFileWriter>(std::make_unique<Writer>(std::move(file)));
  }

  Result<std::unique_ptr<SegmentFileReader>> Open(const CallContext&, const std::string& path, const Schema& layout, int64_t first_row) override {
    LOTIC_ASSIGN_OR_RETURN(auto map, RowsMap::Open(path));
    LOTIC_ASSIGN_OR_RETURN(const auto published, map->ReadPublished());
    LOTIC_ASSIGN_OR_RETURN(auto rows, OpenRowsFile(std::move(map), published.bytes, layout, {first_row, std::nullopt}));
    return std::unique_ptr<SegmentFileReader>(std::make_unique<Reader>(std::move(rows)));
  }
};

}  // namespace

std::unique_ptr<SegmentFiles> MakeTestSegmentFiles() { return std::make_unique<TestSegmentFiles>(); }

}  // namespace lotic::table
