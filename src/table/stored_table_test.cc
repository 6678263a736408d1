// SPDX-License-Identifier: Apache-2.0
#include "table/stored_table.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

#include "table/fault_point.h"
#include "table/files.h"
#include "table/status_file.h"

namespace lotic::table {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class StoredTableTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lotic-stored-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    data_ = pattern;
    table_ = {.name = "events_REALTIME", .raw_name = "events", .table_id = "6f1c2d0e", .created_ms = 1, .config = "{}"};
    std::filesystem::create_directories(TableFolder(data_, table_.name));
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(data_, ignored);
  }

  std::string data_;
  StoredTable table_;
};

TEST_F(StoredTableTest, AWriteThatFailsLeavesTheDefinitionThatWas) {
  ASSERT_TRUE(WriteStoredTable(data_, table_).ok());
  StoredTable changed = table_;
  changed.paused = true;
  for (const char* point : {"file.open:1:28:1", "file.write:1:28:1", "file.sync:1:5:1", "file.rename:1:5:1"}) {
    ASSERT_TRUE(ArmFault(point).ok());
    const Status failed = WriteStoredTable(data_, changed);
    EXPECT_EQ(failed.code(), StatusCode::kIOError) << point;
    EXPECT_THAT(failed.message(), HasSubstr("table.json")) << point;
    ASSERT_TRUE(ArmFault("").ok());
    EXPECT_EQ(ReadStoredTable(data_, "events").ValueOrDie(), table_) << point;
    EXPECT_THAT(ListFolder(TableFolder(data_, table_.name)).ValueOrDie(), ElementsAre("table.json")) << point;
  }
  ASSERT_TRUE(WriteStoredTable(data_, changed).ok());
  EXPECT_EQ(ReadStoredTable(data_, "events").ValueOrDie(), changed);
}

TEST_F(StoredTableTest, NobodyElseReadsWhatMayHoldCredentials) {
  ASSERT_TRUE(WriteStoredTable(data_, table_).ok());
  struct stat info {};
  ASSERT_EQ(::stat((TableFolder(data_, table_.name) + "/table.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0077, 0u);
}

TEST_F(StoredTableTest, AStatusOfAnySizeCanBeRead) {
  const std::string folder = TableFolder(data_, table_.name);
  StatusFile status;
  status.running = true;
  const auto add = [&](int count, const std::string& error) {
    for (int i = 0; i < count; ++i) {
      PartitionStatus one;
      one.partition = static_cast<int32_t>(status.partitions.size());
      one.state = PartitionState::kDegraded;
      one.error = error;
      one.error_ms = 1'700'000'000'000;
      one.segment = "events__100000__1__20260101T0000Z";
      status.partitions.push_back(one);
    }
  };
  // More than half of what is read: the room for a longer one is less then.
  add(40, std::string(250'000, 'e'));
  ASSERT_TRUE(WriteStatusFile(folder, status).ok());
  EXPECT_EQ(ReadStatusFile(folder).ValueOrDie(), status);
  // More than that: errors are cut.
  add(40, std::string(250'000, 'e'));
  ASSERT_TRUE(WriteStatusFile(folder, status).ok());
  StatusFile read = ReadStatusFile(folder).ValueOrDie();
  EXPECT_EQ(read.partitions.size(), 80u);
  EXPECT_EQ(read.left_out, 0);
  EXPECT_EQ(read.partitions[79].error, std::string(100, 'e') + "...");
  // And partitions left out at last.
  add(99'920, std::string(300, '\x01'));
  ASSERT_TRUE(WriteStatusFile(folder, status).ok());
  read = ReadStatusFile(folder).ValueOrDie();
  EXPECT_GT(read.partitions.size(), 10'000u);
  EXPECT_EQ(static_cast<int64_t>(read.partitions.size()) + read.left_out, 100'000);
  EXPECT_EQ(read.partitions[0].partition, 0);
}

}  // namespace
}  // namespace lotic::table
