// SPDX-License-Identifier: Apache-2.0
#include "table/stored_table.h"

#include <sys/stat.h>

#include <array>
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
using testing::Not;

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

TEST_F(StoredTableTest, ADamagedDefinitionIsAnErrorOfItsTableAlone) {
  table_.config = R"({"sasl.jaas.config": "password='s3cret'"})";
  ASSERT_TRUE(WriteStoredTable(data_, table_).ok());
  const std::string whole = ReadWholeFile(TableFolder(data_, table_.name) + "/table.json", kMaxStoredTableBytes).ValueOrDie();
  const auto put = [&](const std::string& name, std::string_view text) {
    std::filesystem::create_directories(TableFolder(data_, name));
    ASSERT_TRUE(ReplaceFile(TableFolder(data_, name) + "/table.json", text).ok());
  };
  put("copied_REALTIME", whole);
  put("cut_REALTIME", std::string_view(whole).substr(0, whole.find("s3cret") + 6));
  put("empty_REALTIME", "");
  put("newer_REALTIME", R"({"v": 2})");
  std::filesystem::create_directories(TableFolder(data_, "begun_REALTIME"));  // a creation that did not come to its end
  const std::vector<FoundTable> found = ListStoredTables(data_).ValueOrDie();
  ASSERT_EQ(found.size(), 5u);
  for (size_t i = 0; i < found.size(); ++i) {
    const std::string raw = std::array{"copied", "cut", "empty", "events", "newer"}[i];
    EXPECT_EQ(found[i].table.raw_name, raw);
    EXPECT_EQ(found[i].table.name, raw + "_REALTIME");
    if (raw == "events") {
      EXPECT_TRUE(found[i].damage.ok());
      EXPECT_EQ(found[i].table, table_);
      continue;
    }
    EXPECT_EQ(found[i].damage.code(), StatusCode::kInvalid);
    EXPECT_THAT(found[i].damage.message(), HasSubstr(raw + "_REALTIME/table.json: "));
    EXPECT_THAT(found[i].damage.message(), Not(HasSubstr("s3cret")));
    EXPECT_EQ(found[i].table.config, "");
  }
  EXPECT_THAT(found[1].damage.message(), HasSubstr("no JSON from byte "));
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
