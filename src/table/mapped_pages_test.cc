// SPDX-License-Identifier: Apache-2.0
// In a program of its own: it measures the memory of its process.
#include "table/mapped_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <memory>
#include <numeric>
#include <utility>

#include <fcntl.h>

#include "table/rows_map.h"
#include "table/store.h"
#include "table/table_view.h"
#include "table/test_segment_files.h"
#include "table/test_store.h"

namespace lotic::table {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kPiece = int64_t{64} << 10;

// Bytes of files (also of those in memory) that the process has mapped and in its memory.
int64_t MappedBytes() {
  std::ifstream status("/proc/self/status");
  int64_t kib = 0;
  for (std::string word; status >> word;) {
    int64_t value = 0;
    if ((word == "RssFile:" || word == "RssShmem:") && status >> value) kib += value;
  }
  return kib << 10;
}

bool IsInMemory(const uint8_t* at) {
  const File pagemap = File::Open("/proc/self/pagemap", O_RDONLY).ValueOrDie();
  uint64_t entry = 0;
  EXPECT_TRUE(pagemap.ReadAt(static_cast<int64_t>(reinterpret_cast<uintptr_t>(at) / 4096 * sizeof entry), &entry, sizeof entry).ok());
  return (entry >> 63) != 0;
}

class MappedPagesTest : public testing::Test {
 protected:
  MappedPagesTest() {
    MappedPages::SetLimit(8 * kMiB);
    RowsMap::Sweep();  // what the test before has left does not count for this one
  }
  ~MappedPagesTest() override { MappedPages::SetLimit(MappedPages::kMaxResidentBytes); }
  ScratchFolder scratch_;
};

TEST_F(MappedPagesTest, WhatWasReadLongestAgoLeavesTheMemoryAndIsThereWhenItIsReadAgain) {
  MappedPages::SetLimit(16 * kPiece);
  const File file = File::Open(scratch_ / "file", O_RDWR | O_CREAT).ValueOrDie();
  std::string content(static_cast<size_t>(64 * kPiece), '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i / static_cast<size_t>(kPiece) + 1);
  ASSERT_TRUE(file.WriteAt(0, content).ok());
  const auto pages = MappedPages::Map(file, 128 * kPiece).ValueOrDie();  // beyond its end
  const auto piece = [&](int64_t number) { return pages->data() + number * kPiece; };
  const auto read = [&](int64_t number) {
    for (int64_t at = 0; at < kPiece; at += 512) EXPECT_EQ(piece(number)[at], number + 1);
    pages->Used(std::array<MappedPages::Range, 1>{{{number * kPiece, number * kPiece + kPiece}}});
  };
  for (int64_t number = 0; number < 16; ++number) read(number);
  EXPECT_EQ(MappedPages::resident_bytes(), 16 * kPiece);
  EXPECT_TRUE(IsInMemory(piece(1)));
  read(0);
  read(40);  // one too many: a quarter goes, oldest first
  EXPECT_EQ(MappedPages::resident_bytes(), 12 * kPiece);
  EXPECT_TRUE(IsInMemory(piece(0)));
  EXPECT_TRUE(IsInMemory(piece(40)));
  EXPECT_TRUE(IsInMemory(piece(15)));
  for (int64_t number = 1; number <= 5; ++number) EXPECT_FALSE(IsInMemory(piece(number))) << number;
  read(3);
  EXPECT_EQ(MappedPages::resident_bytes(), 13 * kPiece);

  pages->LetGo(14 * kPiece, 16 * kPiece);
  EXPECT_FALSE(IsInMemory(piece(14)));
  EXPECT_EQ(MappedPages::resident_bytes(), 11 * kPiece);
  read(14);
}

TEST_F(MappedPagesTest, AMappingThatGoesTakesWhatItCounted) {
  const File file = File::Open(scratch_ / "file", O_RDWR | O_CREAT).ValueOrDie();
  ASSERT_TRUE(file.Truncate(4 * kPiece).ok());
  auto one = MappedPages::Map(file, 4 * kPiece).ValueOrDie();
  const auto other = MappedPages::Map(file, 4 * kPiece).ValueOrDie();
  const int64_t before = MappedPages::resident_bytes();
  for (const auto& pages : {one, other}) pages->Used(std::array<MappedPages::Range, 1>{{{10, 2 * kPiece + 1}}});
  EXPECT_EQ(MappedPages::resident_bytes(), before + 6 * kPiece);
  one.reset();
  EXPECT_EQ(MappedPages::resident_bytes(), before + 3 * kPiece);
}

// Commits of a mebibyte or so.
constexpr int64_t kCommitOffsets = 23'333;

int64_t ReadAll(const TableStore& store, SegmentFiles* files, int64_t* most) {
  const auto view = store.View().ValueOrDie();
  const Batch written = SomeRows(0, kCommitOffsets);
  const auto wrote = written.column(1).values<int64_t>();
  const int64_t sum = std::accumulate(wrote.begin(), wrote.end(), int64_t{0});
  int64_t rows = 0;
  for (const SegmentInfo& segment : view->Find(0)->segments) {
    auto reader = SegmentRows::Open({}, *view, segment, written.schema(), files).ValueOrDie();
    for (auto batch = reader->Next({}).ValueOrDie(); batch.has_value(); batch = reader->Next({}).ValueOrDie()) {
      const auto values = batch->column(1).values<int64_t>();
      EXPECT_EQ(values.front(), 0);
      EXPECT_EQ(std::accumulate(values.begin(), values.end(), int64_t{0}), sum);
      rows += batch->num_rows();
      *most = std::max(*most, MappedBytes());
    }
  }
  return rows;
}

TEST_F(MappedPagesTest, ATableOfAnySizeIsReadInLittleMemory) {
  const auto store = MakeStore(scratch_ / "events_REALTIME");
  PartitionWriter& writer = *store->writer(0).ValueOrDie();
  const Batch rows = SomeRows(0, kCommitOffsets);
  for (int i = 0; i < 96; ++i) {
    Commit commit;
    commit.start = writer.position();
    commit.end = commit.start + kCommitOffsets;
    commit.rows = rows;
    commit.fates.rows = rows.num_rows();
    ASSERT_TRUE(writer.Append(commit).ok());
  }
  ASSERT_GT(writer.segment()->rows_bytes, 80 * kMiB);
  const int64_t before = MappedBytes();
  for (int round = 0; round < 2; ++round) {  // the first also checks
    int64_t most = 0;
    EXPECT_EQ(ReadAll(*store, nullptr, &most), 96 * rows.num_rows());
    EXPECT_LT(most, before + 16 * kMiB) << "of " << writer.segment()->rows_bytes << " bytes, with a limit of " << 8 * kMiB;
  }
}

// Writes what it is given later, as one does that has a thread of its own.
class LateWriter final : public SegmentFileWriter {
 public:
  explicit LateWriter(std::unique_ptr<SegmentFileWriter> writer) : writer_(std::move(writer)) {}
  Status Write(const Batch& rows) override {
    waiting_.push_back(rows);
    return waiting_.size() > 4 ? WriteOne() : Status::OK();
  }
  Result<int64_t> Finish() override {
    while (!waiting_.empty()) LOTIC_RETURN_NOT_OK(WriteOne());
    return writer_->Finish();
  }

 private:
  Status WriteOne() {
    const Batch rows = std::move(waiting_.front());
    waiting_.pop_front();
    return writer_->Write(rows);
  }
  const std::unique_ptr<SegmentFileWriter> writer_;
  std::deque<Batch> waiting_;
};

class LateFiles final : public SegmentFiles {
 public:
  Result<std::unique_ptr<SegmentFileWriter>> Create(const std::string& path, const Schema& schema) override {
    LOTIC_ASSIGN_OR_RETURN(auto writer, files_->Create(path, schema));
    return std::unique_ptr<SegmentFileWriter>(std::make_unique<LateWriter>(std::move(writer)));
  }
  Result<std::unique_ptr<SegmentFileReader>> Open(const CallContext& ctx, const std::string& path, const Schema& layout, int64_t first_row) override {
    return files_->Open(ctx, path, layout, first_row);
  }

 private:
  const std::unique_ptr<SegmentFiles> files_ = MakeTestSegmentFiles();
};

TEST_F(MappedPagesTest, SealingAndReadingBesideItKeepLittleInMemory) {
  const auto files = std::make_unique<LateFiles>();
  const auto store = MakeStore(scratch_ / "events_REALTIME");
  PartitionWriter& writer = *store->writer(0).ValueOrDie();
  const Batch rows = SomeRows(0, kCommitOffsets);
  const int64_t before = MappedBytes();
  int64_t most = 0;
  for (int segment = 1; segment <= 3; ++segment) {
    for (int i = 0; i < 32; ++i) {
      Commit commit;
      commit.start = writer.position();
      commit.end = commit.start + kCommitOffsets;
      commit.rows = rows;
      commit.fates.rows = rows.num_rows();
      ASSERT_TRUE(writer.Append(commit).ok());
    }
    EXPECT_EQ(ReadAll(*store, files.get(), &most), 32 * segment * rows.num_rows());
    ASSERT_TRUE(writer.Roll(SealReason::kRowLimit, segment, {}).ok());
    ASSERT_TRUE(store->SealOne(*files, {}).ValueOrDie());
    most = std::max(most, MappedBytes());
    ASSERT_TRUE(store->CheckOne({}).ValueOrDie());
    most = std::max(most, MappedBytes());
  }
  EXPECT_LT(most, before + 16 * kMiB);
}

}  // namespace
}  // namespace lotic::table
