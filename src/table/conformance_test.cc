// SPDX-License-Identifier: Apache-2.0
#include "connector/conformance.h"

#include <string>
#include <vector>

#include "table/connector.h"
#include "table/record_errors.h"
#include "table/test_segment_files.h"
#include "table/test_table.h"

namespace lotic {
namespace {

// Two sealed segments and two consuming ones, one partition that is all sealed, and one without a record.
class TablesHarness final : public ConformanceHarness {
 public:
  explicit TablesHarness(bool seal) {
    data_.AddTable("events", 4);
    data_.AddTable("other", 1);
    for (const int count : {30, 15, 1, 10}) data_.Commit("events", 0, count);
    data_.Roll("events", 0);
    for (const int count : {17, 33}) data_.Commit("events", 0, count);
    data_.Commit("events", 1, 60);
    data_.Commit("events", 2, 130);
    data_.Roll("events", 2);
    if (seal) {
      const CallContext ctx;
      for (;;) {
        const auto sealed = data_.store("events").SealOne(*files_, ctx);
        if (!sealed.ok()) ADD_FAILURE() << sealed.status();
        if (!sealed.ok() || !*sealed) break;
      }
    }
    table::TablesConnectorOptions options;
    options.folder = data_.folder();
    options.segment_files = files_.get();
    auto made = table::MakeTablesConnector(options);
    EXPECT_TRUE(made.ok()) << made.status();
    connector_ = *made;
  }
  Connector& connector() override { return *connector_; }
  TableName table() override { return {"default", "events"}; }
  Status Append(size_t partition, int count) override {
    // Of these records each tenth gives no row: one commit for each row.
    PartitionWriterPosition(partition);
    for (int rows = 0; rows < count;) {
      const int64_t before = position_;
      data_.Commit("events", static_cast<int32_t>(partition), 1);
      PartitionWriterPosition(partition);
      rows += static_cast<int>(table::TestData::RowsIn(before, position_));
    }
    return Status::OK();
  }
  Status AddPartition() override { return Status::NotImplemented("not an endless table"); }

 private:
  void PartitionWriterPosition(size_t partition) {
    const auto writer = data_.store("events").writer(static_cast<int32_t>(partition));
    position_ = writer.ok() ? (*writer)->position() : 0;
  }

  table::TestData data_;
  const std::unique_ptr<table::SegmentFiles> files_ = table::MakeTestSegmentFiles();
  std::shared_ptr<Connector> connector_;
  int64_t position_ = 0;
};

// Two tables with errors: the partitions of _errors.
class ErrorsHarness final : public ConformanceHarness {
 public:
  ErrorsHarness() {
    data_.AddTable("events", 1);
    data_.AddTable("other", 1);
    EXPECT_TRUE(Append(0, 30).ok());
    EXPECT_TRUE(Append(1, 40).ok());
    table::TablesConnectorOptions options;
    options.folder = data_.folder();
    connector_ = *table::MakeTablesConnector(options);
  }
  Connector& connector() override { return *connector_; }
  TableName table() override { return {"default", table::kErrorsTable}; }
  Status Append(size_t partition, int count) override {
    std::vector<table::RecordError> errors;
    for (int i = 0; i < count; ++i, ++offset_) {
      errors.push_back({static_cast<int32_t>(i % 3), offset_, table::TestData::TimeOf(offset_), table::TestData::TimeOf(offset_) + 7,
                        i % 2 == 0 ? "decode" : "convert", i % 2 == 0 ? "" : "qty", "message " + std::to_string(i % 5),
                        std::string("\xff\x00", 2) + std::to_string(i), 4});
    }
    return data_.store(partition == 0 ? "events" : "other").errors().Append(errors);
  }
  Status AddPartition() override { return Status::NotImplemented("not an endless table"); }

 private:
  table::TestData data_;
  std::shared_ptr<Connector> connector_;
  int64_t offset_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Tables, ConnectorConformance,
                         testing::Values(ConformanceCase{"consuming", [] { return std::make_unique<TablesHarness>(false); }},
                                         ConformanceCase{"sealed", [] { return std::make_unique<TablesHarness>(true); }},
                                         ConformanceCase{"errors", [] { return std::make_unique<ErrorsHarness>(); }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lotic
