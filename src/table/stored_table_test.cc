// SPDX-License-Identifier: Apache-2.0
#include "table/stored_table.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

#include "table/fault_point.h"
#include "table/files.h"

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
  struct stat info{};
  ASSERT_EQ(::stat((TableFolder(data_, table_.name) + "/table.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0077, 0u);
}

}  // namespace
}  // namespace lotic::table
