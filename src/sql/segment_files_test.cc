// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lotic/batch_builder.h"
#include "sql/table_ports.h"

namespace lotic::sql {
namespace {

using testing::HasSubstr;

Schema StoredSchema() {
  return Schema({{"id", Type::Int64()},
                 {"Name", Type::String()},
                 {"score", Type::Float64()},
                 {"small", Type::Int32()},
                 {"ok", Type::Bool()},
                 {"at", Type::Timestamp(TimeUnit::kMilli, true)},
                 {"raw", Type::Binary()},
                 {"tags", Type::List(Type::String())},
                 {"$offset", Type::Int64()}});
}

Batch Rows(int64_t first, int64_t count) {
  BatchBuilder builder(std::make_shared<const Schema>(StoredSchema()));
  for (int64_t i = first; i < first + count; ++i) {
    builder.column(0).AppendInt64(i);
    if (i % 7 == 0) {
      builder.column(1).AppendNull();
    } else {
      builder.column(1).AppendBytes("name-" + std::to_string(i));
    }
    builder.column(2).AppendDouble(static_cast<double>(i) / 4);
    builder.column(3).AppendInt64(i % 1000);
    builder.column(4).AppendBool(i % 2 == 0);
    builder.column(5).AppendInt64(1644586485807 + i);
    builder.column(6).AppendBytes(std::string(1, static_cast<char>(i)) + std::string(1, '\0'));
    for (int64_t tag = 0; tag < i % 3; ++tag) builder.column(7).child(0).AppendBytes("t" + std::to_string(tag));
    builder.column(7).FinishList();
    builder.column(8).AppendInt64(i);
  }
  return builder.Finish(count);
}

class SegmentFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("LOTIC_SQL_LIBRARY", LOTIC_SQL_FILE, 1);
    folder_ = std::filesystem::path(testing::TempDir()) / ("segment_files." + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    auto ports = OpenTablePorts();
    ASSERT_TRUE(ports.ok()) << ports.status();
    files_ = ports->files;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  void WriteFile(const std::string& path, int64_t rows, int64_t batch) {
    auto writer = files_->Create(path, StoredSchema());
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (int64_t at = 0; at < rows; at += batch) {
      const Status written = (*writer)->Write(Rows(at, std::min(batch, rows - at)));
      ASSERT_TRUE(written.ok()) << written;
    }
    const auto count = (*writer)->Finish();
    ASSERT_TRUE(count.ok()) << count.status();
    EXPECT_EQ(*count, rows);
  }

  Result<std::vector<Batch>> ReadAll(const std::string& path, const Schema& layout, int64_t first_row) {
    LOTIC_ASSIGN_OR_RETURN(const auto reader, files_->Open({}, path, layout, first_row));
    std::vector<Batch> all;
    for (;;) {
      LOTIC_ASSIGN_OR_RETURN(std::optional<Batch> rows, reader->Next({}));
      if (!rows) return all;
      LOTIC_RETURN_NOT_OK(rows->Validate());
      all.push_back(std::move(*rows));
    }
  }

  std::filesystem::path folder_;
  std::shared_ptr<table::SegmentFiles> files_;
};

TEST_F(SegmentFilesTest, RowsComeBackInTheirOrder) {
  constexpr int64_t kRows = 300'000;  // more than one row group
  WriteFile(Path("a.parquet"), kRows, 4099);
  for (const int64_t first : {int64_t{0}, int64_t{1}, int64_t{122'880}, int64_t{299'999}, kRows}) {
    const auto read = ReadAll(Path("a.parquet"), StoredSchema(), first);
    ASSERT_TRUE(read.ok()) << read.status();
    int64_t next = first;
    for (const Batch& rows : *read) {
      const Batch expected = Rows(next, rows.num_rows());
      for (int64_t i = 0; i < rows.num_rows(); ++i) {
        const int64_t row = next + i;
        ASSERT_EQ(rows.column(0).values<int64_t>()[i], row);
        ASSERT_EQ(rows.column(1).IsNull(i), row % 7 == 0);
        if (row % 7 != 0) {
          ASSERT_EQ(rows.column(1).Text(i), expected.column(1).Text(i));
        }
        ASSERT_EQ(rows.column(2).values<double>()[i], expected.column(2).values<double>()[i]);
        ASSERT_EQ(rows.column(3).values<int32_t>()[i], row % 1000);
        ASSERT_EQ(rows.column(4).Bool(i), row % 2 == 0);
        ASSERT_EQ(rows.column(5).values<int64_t>()[i], 1644586485807 + row);
        ASSERT_EQ(rows.column(6).Text(i), expected.column(6).Text(i));
        const auto offsets = rows.column(7).offsets();
        ASSERT_EQ(offsets[i + 1] - offsets[i], row % 3);
        ASSERT_EQ(rows.column(8).values<int64_t>()[i], row);
      }
      next += rows.num_rows();
    }
    EXPECT_EQ(next, kRows);
  }
}

TEST_F(SegmentFilesTest, ColumnsThatTheFileLacksAreNull) {
  WriteFile(Path("b.parquet"), 10, 10);
  const Schema layout({{"later", Type::List(Type::Int32())}, {"small", Type::Int64()}, {"Name", Type::Int64()}});
  const auto read = ReadAll(Path("b.parquet"), layout, 0);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ((*read)[0].column(0).null_count, 10);
  EXPECT_EQ((*read)[0].column(1).values<int64_t>()[9], 9);
  EXPECT_EQ((*read)[0].column(2).null_count, 10) << "text that is no number";
}

TEST_F(SegmentFilesTest, ValuesThatDoNotFitAnotherTypeAreCounted) {
  WriteFile(Path("d.parquet"), 10, 10);
  const auto count = [&](const Schema& layout, int64_t first_row) {
    const auto reader = files_->Open({}, Path("d.parquet"), layout, first_row).ValueOrDie();
    int64_t rows = 0;
    for (auto batch = reader->Next({}).ValueOrDie(); batch.has_value(); batch = reader->Next({}).ValueOrDie()) {
      EXPECT_EQ(batch->num_columns(), layout.fields.size());
      rows += batch->num_rows();
    }
    EXPECT_EQ(rows, 10 - first_row);
    return reader->misfits();
  };
  EXPECT_EQ(count(Schema({{"Name", Type::Int64()}, {"small", Type::Int64()}, {"id", Type::Int32()}}), 0), 8) << "two of the ten names are NULL";
  EXPECT_EQ(count(Schema({{"Name", Type::Int64()}}), 6), 3);
  EXPECT_EQ(count(Schema({{"Name", Type::String()}}), 0), 0);
}

TEST_F(SegmentFilesTest, RowsAreCountedWithoutColumns) {
  WriteFile(Path("c.parquet"), 5000, 1000);
  const auto read = ReadAll(Path("c.parquet"), Schema(), 7);
  ASSERT_TRUE(read.ok()) << read.status();
  int64_t count = 0;
  for (const Batch& rows : *read) count += rows.num_rows();
  EXPECT_EQ(count, 4993);
}

TEST_F(SegmentFilesTest, APathIsThatFileAndNothingElse) {
  WriteFile(Path("x1.parquet"), 3, 3);
  for (const char* name : {"x[1].parquet", "x*.parquet", "x?.parquet", "it's.parquet", "small=7/part.parquet", "a[b]c=d/q.parquet"}) {
    const std::string path = Path(name);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    WriteFile(path, 2000, 2000);
    const auto read = ReadAll(path, StoredSchema(), 1990);
    ASSERT_TRUE(read.ok()) << name << ": " << read.status();
    ASSERT_EQ(read->size(), 1u) << name;
    EXPECT_EQ((*read)[0].num_rows(), 10) << name;
    EXPECT_EQ((*read)[0].column(3).values<int32_t>()[0], 990) << name << ": from the file, not from the folder's name";
  }
  EXPECT_FALSE(ReadAll(Path("y*.parquet"), StoredSchema(), 0).ok());
}

TEST_F(SegmentFilesTest, AColumnMayHaveTheNameOfTheRowNumber) {
  const auto schema = std::make_shared<const Schema>(Schema({{"File_Row_Number", Type::Int64()}, {"filename", Type::Int64()}}));
  BatchBuilder builder(schema);
  constexpr int64_t kRows = 200'000;
  for (int64_t i = 0; i < kRows; ++i) {
    builder.column(0).AppendInt64(-i);
    builder.column(1).AppendInt64(i);
  }
  auto writer = files_->Create(Path("g.parquet"), *schema);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Write(builder.Finish(kRows)).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  for (const int64_t first : {int64_t{0}, int64_t{150'000}}) {
    const auto read = ReadAll(Path("g.parquet"), *schema, first);
    ASSERT_TRUE(read.ok()) << read.status();
    int64_t next = first;
    for (const Batch& rows : *read) {
      for (int64_t i = 0; i < rows.num_rows(); ++i, ++next) {
        ASSERT_EQ(rows.column(0).values<int64_t>()[i], -next);
        ASSERT_EQ(rows.column(1).values<int64_t>()[i], next);
      }
    }
    EXPECT_EQ(next, kRows);
  }
  const auto others = ReadAll(Path("g.parquet"), Schema({{"filename", Type::Int64()}}), kRows - 3);  // a query that does not ask for it
  ASSERT_TRUE(others.ok()) << others.status();
  std::vector<int64_t> last;
  for (const Batch& rows : *others) {
    for (int64_t i = 0; i < rows.num_rows(); ++i) last.push_back(rows.column(0).values<int64_t>()[i]);
  }
  EXPECT_EQ(last, (std::vector<int64_t>{kRows - 3, kRows - 2, kRows - 1}));
}

TEST_F(SegmentFilesTest, AFileThatCannotBeWrittenIsAnErrorAndNoHang) {
  auto writer = files_->Create(Path("no/such/folder.parquet"), StoredSchema());
  ASSERT_TRUE(writer.ok());
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = (*writer)->Write(Rows(0, 1000));
  if (status.ok()) status = (*writer)->Finish().status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("no/such/folder.parquet"));
}

TEST_F(SegmentFilesTest, AWriterMayBeGivenUp) {
  auto writer = files_->Create(Path("d.parquet"), StoredSchema());
  ASSERT_TRUE(writer.ok());
  EXPECT_TRUE((*writer)->Write(Rows(0, 1000)).ok());
  writer->reset();
  WriteFile(Path("e.parquet"), 10, 10);
}

TEST_F(SegmentFilesTest, ADamagedFileIsAnError) {
  std::ofstream(Path("f.parquet")) << "no parquet at all";
  const auto read = ReadAll(Path("f.parquet"), StoredSchema(), 0);
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.status().message(), HasSubstr("f.parquet"));
}

}  // namespace
}  // namespace lotic::sql
