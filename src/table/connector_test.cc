// SPDX-License-Identifier: Apache-2.0
#include "table/connector.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "lotic/counted_splits.h"
#include "lotic/table_properties.h"
#include "scan/certificate.h"
#include "table/record_errors.h"
#include "table/rows_format.h"
#include "table/snapshot.h"
#include "table/stored_table.h"
#include "table/test_segment_files.h"
#include "table/test_table.h"

namespace lotic::table {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct Reading {
  Prepared plan;
  std::vector<Split> splits;
  std::vector<Batch> batches;
  std::vector<Status> failures;  // of splits
  TableCertificate certificate;

  int64_t rows() const {
    int64_t sum = 0;
    for (const Batch& batch : batches) sum += batch.num_rows();
    return sum;
  }
  // The values of an integer column, sorted.
  std::vector<int64_t> Values(const std::string& name) const {
    std::vector<int64_t> values;
    for (const Batch& batch : batches) {
      const Column& column = batch.column(*batch.schema().IndexOf(name));
      for (int64_t row = 0; row < batch.num_rows(); ++row) values.push_back(std::get<int64_t>(ScalarAt(column, row)));
    }
    std::sort(values.begin(), values.end());
    return values;
  }
};

class TablesConnectorTest : public testing::Test {
 protected:
  void SetUp() override {
    TablesConnectorOptions options;
    options.folder = data_.folder();
    options.segment_files = files_.get();
    options.host_name = "Server_here_8098";
    auto made = MakeTablesConnector(options);
    ASSERT_TRUE(made.ok()) << made.status();
    connector_ = *made;
  }

  ScanRequest Request(const std::vector<std::string>& columns) {
    ScanRequest request;
    const auto info = connector_->GetTable({}, {"default", table_});
    EXPECT_TRUE(info.ok()) << info.status();
    if (!info.ok()) return request;
    request.table = info->name;
    for (const std::string& name : columns) {
      const auto own = info->schema.IndexOf(name), hidden = info->hidden.IndexOf(name);
      request.layout.fields.push_back(own ? info->schema.fields[*own] : info->hidden.fields.at(hidden.value_or(99)));
    }
    return request;
  }

  void Constrain(ScanRequest* request, const std::string& column, ValueSet set) {
    const Type& type = request->layout.fields[*request->layout.IndexOf(column)].type;
    ASSERT_TRUE(NormalizeValueSet(type, request->compare, &set).ok());
    request->constraints.columns[column] = std::move(set);
  }

  Result<Reading> Read(ScanRequest request) {
    Reading out;
    LOTIC_ASSIGN_OR_RETURN(out.plan, connector_->Prepare({}, request));
    request.token = out.plan.token;
    LOTIC_ASSIGN_OR_RETURN(SplitPage page, connector_->Splits({}, request, out.plan.partitions, {}));
    out.splits = page.splits;
    std::vector<SplitStart> starts;
    for (const Split& split : out.splits) starts.push_back({split, split.start});
    LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, connector_->Open({}, request, starts));
    for (;;) {
      LOTIC_ASSIGN_OR_RETURN(ReadBatch batch, reader->Next({}));
      if (batch.runs.empty()) break;
      for (const lotic::Run& run : batch.runs) {
        if (!run.status.ok()) out.failures.push_back(run.status);
      }
      if (batch.rows) out.batches.push_back(*batch.rows);
    }
    std::vector<SplitCertificate> certificates;
    for (uint32_t i = 0; i < starts.size(); ++i) {
      certificates.push_back(reader->Certificate(i));
      EXPECT_TRUE(CheckAccounting(certificates.back()).ok()) << CheckAccounting(certificates.back());
    }
    out.certificate = MakeTableCertificate(out.plan, certificates);
    return out;
  }

  Reading MustRead(const ScanRequest& request) {
    auto read = Read(request);
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? *read : Reading{};
  }

  void SealAll() {
    for (;;) {
      const auto sealed = data_.store(table_).SealOne(*files_, {});
      ASSERT_TRUE(sealed.ok()) << sealed.status();
      if (!*sealed) return;
    }
  }

  TestData data_;
  const std::unique_ptr<SegmentFiles> files_ = MakeTestSegmentFiles();
  std::string table_ = "events";
  std::shared_ptr<Connector> connector_;
};

TEST_F(TablesConnectorTest, ANameTellsWhichItHides) {  // of a data directory of before such names were refused
  data_.AddTable("trips", 1);
  data_.AddTable("TRIPS", 1);
  data_.AddTable("others", 1);
  const auto info = connector_->GetTable({}, {"default", "trips"});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->properties.at(kHiddenByCase), "TRIPS");
  EXPECT_EQ(connector_->GetTable({}, {"default", "others"})->properties.count(kHiddenByCase), 0u);
}

TEST_F(TablesConnectorTest, TablesAreFoundByEveryNameTheyHave) {
  data_.AddTable("events", 1);
  for (const char* name : {"events", "events_REALTIME", "EVENTS", "Events_Realtime"}) {
    const auto info = connector_->GetTable({}, {"default", name});
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(info->name.table, "events");
  }
  const Status unknown = connector_->GetTable({}, {"default", "event"}).status();
  EXPECT_EQ(unknown.code(), StatusCode::kNotFound);
  EXPECT_THAT(unknown.message(), HasSubstr("events"));
  EXPECT_EQ(connector_->GetTable({}, {"default", "_errors_REALTIME"}).status().code(), StatusCode::kNotFound);
  const auto tables = connector_->ListTables({}, "default", {});
  ASSERT_TRUE(tables.ok());
  EXPECT_THAT(tables->tables, ElementsAre(TableName{"default", "_errors"}, TableName{"default", "events"}));
}

TEST_F(TablesConnectorTest, WhatIsNoDataDirectoryIsSaidSo) {
  TablesConnectorOptions options;
  EXPECT_EQ(MakeTablesConnector(options).status().code(), StatusCode::kInvalid);
  options.folder = data_.folder() + "/nothing";
  const Status missing = MakeTablesConnector(options).status();
  EXPECT_THAT(missing.message(), HasSubstr(options.folder));
  options.folder = data_.folder() + "/tables";
  std::filesystem::create_directories(options.folder);
  const Status other = MakeTablesConnector(options).status();
  EXPECT_FALSE(other.ok());
  EXPECT_THAT(other.message(), HasSubstr(options.folder));
}

TEST_F(TablesConnectorTest, HiddenColumnsSayWhereARowLies) {
  data_.AddTable("events", 2);
  data_.Commit("events", 1, 12);
  const Reading read = MustRead(Request({"$segmentName", "$partitionId", "$docId", "$hostName", "$offset", "$timestamp", "qty"}));
  ASSERT_EQ(read.rows(), 11);
  const Batch& rows = read.batches.at(0);
  const std::string segment = read.splits.at(0).partition;
  EXPECT_THAT(segment, HasSubstr("events__1__0__"));
  EXPECT_EQ(rows.column(0).Text(10), segment);
  EXPECT_EQ(rows.column(3).Text(0), "Server_here_8098");
  EXPECT_EQ(rows.column(1).values<int32_t>()[10], 1);
  EXPECT_EQ(rows.column(2).values<int32_t>()[10], 10);
  EXPECT_EQ(rows.column(4).values<int64_t>()[10], 11) << "offset 9 gave no row";
  EXPECT_EQ(rows.column(5).values<int64_t>()[10], TestData::TimeOf(11));
  const auto info = connector_->GetTable({}, {"default", "events"});
  EXPECT_EQ(info->aliases.at("__metadata$partition"), "$partitionId");
}

TEST_F(TablesConnectorTest, TheCertificateSaysWhatBecameOfEachRecord) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 40);
  data_.Commit("events", 0, 5);
  const Reading read = MustRead(Request({"qty"}));
  EXPECT_TRUE(read.certificate.complete);
  EXPECT_EQ(read.certificate.partition_word, "segment");
  ASSERT_THAT(read.certificate.partitions, SizeIs(1));
  const SplitCertificate& c = read.certificate.partitions[0];
  EXPECT_EQ(c.read_end.text, "45");
  EXPECT_EQ(c.records, (RecordCounts{.returned = 41, .filtered = 1, .skipped = 1, .aborted = 0, .control = 1, .missing = 1}));
  EXPECT_EQ(c.rows, 41);
  EXPECT_THAT(c.notes, testing::Contains("at ingest: 1 filtered, 1 dropped (convert)"));
  const std::string json = CertificatesToJson({&read.certificate, 1});
  EXPECT_THAT(json, HasSubstr("\"isolation_level\": \"read_uncommitted\""));
  EXPECT_THAT(json, HasSubstr("\"segments\": ["));
}

TEST_F(TablesConnectorTest, CountingReadsNothing) {
  data_.AddTable("events", 2);
  data_.Commit("events", 0, 1000);
  data_.Roll("events", 0);
  data_.Commit("events", 1, 70);
  ScanRequest request = Request({});
  const auto plan = connector_->Prepare({}, request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->estimate.exact_rows, 963);
  EXPECT_EQ(plan->estimate.table_records, 1070);
  const Reading read = MustRead(request);
  EXPECT_EQ(read.rows(), 963);
  // A count is certified as what a reader would have said, but for the note that says how it came about.
  request.token = plan->token;
  auto* const counts = dynamic_cast<CountedSplits*>(connector_.get());
  ASSERT_NE(counts, nullptr);
  std::vector<SplitCertificate> counted;
  for (const Split& split : read.splits) {
    counted.push_back(counts->CountedCertificate({}, request, split).ValueOrDie());
    ASSERT_THAT(counted.back().notes, testing::Contains(HasSubstr("no row was read")));
    counted.back().notes.pop_back();
  }
  EXPECT_EQ(MakeTableCertificate(*plan, counted).partitions, read.certificate.partitions);
  request = Request({"qty", "$partitionId"});
  Constrain(&request, "$partitionId", ValueSet::Listed({Scalar(int64_t{1})}));
  EXPECT_EQ(connector_->Prepare({}, request)->estimate.exact_rows, 63) << "which segments have it is known";
  Constrain(&request, "qty", ValueSet::Listed({Scalar(int64_t{1})}));
  EXPECT_EQ(connector_->Prepare({}, request)->estimate.exact_rows, std::nullopt);
}

TEST_F(TablesConnectorTest, SegmentsAreLeftOutByTimeOffsetPartitionAndName) {
  data_.AddTable("events", 2);
  for (int segment = 0; segment < 4; ++segment) {
    data_.Commit("events", 0, 100);
    data_.Roll("events", 0);
  }
  data_.Commit("events", 1, 100);
  SealAll();
  const std::vector<std::string> columns = {"ts", "$offset", "$partitionId", "$segmentName", "$timestamp"};
  const Reading all = MustRead(Request(columns));
  EXPECT_EQ(all.rows(), 450);
  EXPECT_THAT(all.splits, SizeIs(5));

  ScanRequest request = Request(columns);
  Constrain(&request, "ts", ValueSet::Range({Scalar(TestData::TimeOf(150)), true, Scalar(TestData::TimeOf(210)), true}));
  Reading read = MustRead(request);
  EXPECT_THAT(read.splits, SizeIs(2));
  EXPECT_EQ(read.plan.report[0].pushdown, Pushdown::kHint);
  EXPECT_THAT(read.plan.report[0].reason, HasSubstr("3 of 5 left out"));
  EXPECT_EQ(read.splits[0].residual.columns.count("ts"), 1u) << "the door filters";
  EXPECT_TRUE(read.certificate.complete);
  ASSERT_THAT(read.certificate.partitions, SizeIs(5)) << "what was left out is named";
  EXPECT_THAT(read.certificate.partitions[0].notes, ElementsAre("offsets [0, 100) left out by ts"));

  request = Request(columns);
  Constrain(&request, "$offset", ValueSet::Range({Scalar(int64_t{150}), true, Scalar(int64_t{210}), false}));
  read = MustRead(request);
  EXPECT_EQ(read.plan.report[0].pushdown, Pushdown::kExact);
  EXPECT_THAT(read.splits, SizeIs(2));
  EXPECT_EQ(read.rows(), TestData::RowsIn(150, 210));
  EXPECT_TRUE(read.splits[0].residual.empty());

  request = Request(columns);
  Constrain(&request, "$partitionId", ValueSet::Listed({Scalar(int64_t{1})}));
  read = MustRead(request);
  EXPECT_THAT(read.splits, SizeIs(1));
  EXPECT_THAT(read.plan.partitions, SizeIs(1));

  request = Request(columns);
  Constrain(&request, "$segmentName", ValueSet::Listed({Scalar(all.splits[2].partition)}));
  read = MustRead(request);
  ASSERT_THAT(read.splits, SizeIs(1));
  EXPECT_EQ(read.splits[0].partition, all.splits[2].partition);

  request = Request(columns);
  Constrain(&request, "$timestamp", ValueSet::Range({Scalar(TestData::TimeOf(350)), false, std::nullopt, true}));
  EXPECT_THAT(MustRead(request).splits, SizeIs(1)) << "an upper bound of each segment";
}

TEST_F(TablesConnectorTest, ASnapshotOutlivesTheSealOfItsSegment) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 55);
  ScanRequest request = Request({"$offset", "user"});
  const Reading before = MustRead(request);
  request.token = before.plan.token;
  // Splits of before, read after: as another process would, whose plan is minutes old.
  std::vector<SplitStart> starts = {{before.splits.at(0), before.splits.at(0).start}};
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  SealAll();
  SetUp();  // another process: no kept views
  Reading after = MustRead(request);
  EXPECT_EQ(after.Values("$offset"), before.Values("$offset"));
  EXPECT_EQ(after.plan.token, before.plan.token);
  EXPECT_TRUE(after.certificate.complete);
  EXPECT_EQ(after.certificate.partitions.at(0).read_end.text, "55");
  const auto reader = connector_->Open({}, request, starts);
  ASSERT_TRUE(reader.ok()) << reader.status();
  int64_t rows = 0;
  for (;;) {
    const auto batch = (*reader)->Next({});
    ASSERT_TRUE(batch.ok()) << batch.status();
    if (batch->runs.empty()) break;
    for (const lotic::Run& run : batch->runs) ASSERT_TRUE(run.status.ok()) << run.status;
    if (batch->rows) rows += batch->rows->num_rows();
  }
  EXPECT_EQ(rows, before.rows());
  EXPECT_EQ((*reader)->Certificate(0).records.filtered, 2) << "the plan knew what became of each record";
}

TEST_F(TablesConnectorTest, ALargeSegmentIsResumedInItsMiddle) {
  data_.AddTable("events", 1);
  for (int i = 0; i < 3; ++i) data_.Commit("events", 0, 3000);
  for (const bool sealed : {false, true}) {
    if (sealed) {
      data_.Roll("events", 0);
      SealAll();
    }
    ScanRequest request = Request({"qty", "$docId"});
    const Reading whole = MustRead(request);
    request.token = whole.plan.token;
    std::vector<SplitStart> starts = {{whole.splits.at(0), whole.splits.at(0).start}};
    std::vector<int64_t> rows;
    int64_t certified = 0, readers = 0;
    for (bool ended = false; !ended; ++readers) {
      const auto reader = connector_->Open({}, request, starts);
      ASSERT_TRUE(reader.ok()) << reader.status();
      const auto batch = (*reader)->Next({});
      ASSERT_TRUE(batch.ok()) << batch.status();
      ASSERT_THAT(batch->runs, SizeIs(1));
      ASSERT_TRUE(batch->runs[0].status.ok()) << batch->runs[0].status;
      for (int64_t row = 0; batch->rows && row < batch->rows->num_rows(); ++row)
        rows.push_back(batch->rows->column(1).values<int32_t>()[static_cast<size_t>(row)]);
      ended = batch->runs[0].ended;
      starts[0].position = batch->runs[0].next;
      ASSERT_TRUE((*reader)->Close({}).ok());
      const SplitCertificate part = (*reader)->Certificate(0);
      EXPECT_TRUE(CheckAccounting(part).ok()) << CheckAccounting(part);
      certified += part.records.Sum();
      if (!ended) {
        EXPECT_THAT(part.notes, testing::Contains(HasSubstr("gave no row")));
      }
    }
    EXPECT_GE(readers, 3) << "no batch is the whole segment";
    EXPECT_EQ(certified, 9000) << "the parts add up to the segment";
    ASSERT_EQ(rows.size(), 8100u);
    for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], static_cast<int64_t>(i));
  }
}

TEST_F(TablesConnectorTest, ATableMadeAgainIsAnError) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 55);
  ScanRequest request = Request({"qty"});
  const Reading before = MustRead(request);
  request.token = before.plan.token;
  data_.RemoveTable("events");
  data_.AddTable("events", 1, "90ab11c4");
  data_.Commit("events", 0, 55);
  for (const bool another_process : {false, true}) {
    if (another_process) SetUp();
    const Status prepare = connector_->Prepare({}, request).status();
    EXPECT_EQ(prepare.code(), StatusCode::kDataLoss) << prepare;
    EXPECT_THAT(prepare.message(), HasSubstr("created again"));
    const std::vector<SplitStart> starts = {{before.splits.at(0), before.splits.at(0).start}};
    const Status open = connector_->Open({}, request, starts).status();
    EXPECT_EQ(open.code(), StatusCode::kDataLoss) << open;
    EXPECT_THAT(open.message(), HasSubstr("created again"));
  }
  ScanRequest other = Request({"qty"});
  other.token = TableSnapshot{"others_REALTIME", "6f1c2d0e", {}}.ToToken();
  EXPECT_THAT(connector_->Prepare({}, other).status().message(), HasSubstr("is one of others_REALTIME"));
}

TEST_F(TablesConnectorTest, WhatRetentionTookSinceIsNamed) {
  data_.AddTable("events", 1);
  for (int segment = 0; segment < 2; ++segment) {
    data_.Commit("events", 0, 100);
    data_.Roll("events", 0);
  }
  data_.Commit("events", 0, 10);
  SealAll();
  ScanRequest request = Request({"$offset"});
  const Reading before = MustRead(request);
  ASSERT_TRUE(data_.store("events").DropSegment(0, 0, TestData::TimeOf(0)).ok());
  SetUp();
  EXPECT_EQ(MustRead(Request({"$offset"})).rows(), before.rows() - 90) << "a new plan does not see it";
  request.token = before.plan.token;
  EXPECT_EQ(MustRead(request).rows(), before.rows()) << "its file stays for snapshots of before";
  std::filesystem::remove(TableFolder(data_.folder(), "events_REALTIME") + "/" + before.splits.at(0).properties.at("file"));
  SetUp();
  auto gone = Read(request);
  ASSERT_TRUE(gone.ok()) << gone.status();
  ASSERT_THAT(gone->failures, SizeIs(1));
  EXPECT_EQ(gone->failures[0].code(), StatusCode::kDataLoss);
  EXPECT_THAT(gone->failures[0].message(), HasSubstr("dropped by retention"));
  EXPECT_FALSE(gone->certificate.complete);
  request.policy.on_data_loss = OnDataLoss::kWarn;
  gone = Read(request);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_THAT(gone->failures, SizeIs(0));
  EXPECT_FALSE(gone->certificate.complete);
  EXPECT_EQ(gone->certificate.partitions.at(0).records.missing, 100);
  EXPECT_EQ(gone->rows(), before.rows() - 90);
}

TEST_F(TablesConnectorTest, AQuarantinedSegmentIsNamedAndTheOthersAreRead) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  data_.Commit("events", 0, 50);
  SealAll();
  const Reading good = MustRead(Request({"$offset"}));
  const std::string name = good.splits.at(0).partition;
  const std::string folder = TableFolder(data_.folder(), "events_REALTIME") + "/";
  std::filesystem::remove(folder + "p0/0.1.rows");  // what the file was made from; with it the file would be made again
  const std::string path = folder + good.splits.at(0).properties.at("file");
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file.good()) << path;
    file.seekp(40);
    file.put('\x5a');
  }
  ASSERT_TRUE(data_.store("events").Suspect(0, 0).ok());
  SetUp();
  auto read = Read(Request({"$offset"}));
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_THAT(read->failures, SizeIs(1));
  EXPECT_EQ(read->failures[0].code(), StatusCode::kDataLoss);
  EXPECT_THAT(read->failures[0].message(), HasSubstr(name));
  EXPECT_FALSE(read->certificate.complete);
  EXPECT_EQ(read->rows(), 45);
  EXPECT_EQ(read->plan.estimate.exact_rows, std::nullopt) << "a count must read";
}

TEST_F(TablesConnectorTest, WhatADamagedConsumingSegmentHeldIsMissing) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  SealAll();
  ScanRequest request = Request({"$offset"});
  const std::string before = MustRead(request).plan.token;
  data_.Commit("events", 0, 50);
  const std::string newer = MustRead(request).plan.token;
  {
    const std::string path = TableFolder(data_.folder(), "events_REALTIME") + "/p0/1.1.rows";
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file.good()) << path;
    file.seekp(kPublishedAt);  // beside the owner, which does not read its own file
    file.write("\x5a\x5a\x5a\x5a\x5a\x5a\x5a\x5a", 8);
  }
  SetUp();
  const Status fails = connector_->Prepare({}, request).status();
  EXPECT_EQ(fails.code(), StatusCode::kDataLoss) << fails;
  EXPECT_THAT(fails.message(), HasSubstr("offsets from 100 on"));
  EXPECT_THAT(fails.message(), HasSubstr("1.1.rows"));
  request.policy.on_data_loss = OnDataLoss::kWarn;
  Reading read = MustRead(request);
  EXPECT_EQ(read.plan.estimate.exact_rows, std::nullopt);
  EXPECT_EQ(read.rows(), 90);
  EXPECT_FALSE(read.certificate.complete);
  const Reading again = [&] {  // as a door plans once more when it knows its filters
    ScanRequest known = request;
    known.token = read.plan.token;
    return MustRead(known);
  }();
  EXPECT_EQ(again.rows(), 90);
  EXPECT_FALSE(again.certificate.complete);
  EXPECT_EQ(again.plan.estimate.exact_rows, std::nullopt);
  // A token that ends in it, and one that ends before it.
  request.token = newer;
  read = MustRead(request);
  EXPECT_EQ(read.rows(), 90);
  EXPECT_FALSE(read.certificate.complete);
  request.policy.on_data_loss = OnDataLoss::kFail;
  EXPECT_EQ(connector_->Prepare({}, request).status().code(), StatusCode::kDataLoss);
  request.token = before;
  read = MustRead(request);
  EXPECT_EQ(read.rows(), 90);
  EXPECT_TRUE(read.certificate.complete);
}

TEST_F(TablesConnectorTest, OnlyTheOffsetsThatWereJumpedOverAreAHole) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  data_.Commit("events", 0, 100);
  data_.ResumeAt("events", 0, 250);
  data_.Commit("events", 0, 50);
  SealAll();
  ScanRequest request = Request({"$offset"});
  const Reading whole = MustRead(request);
  EXPECT_EQ(whole.rows(), TestData::RowsIn(0, 200) + TestData::RowsIn(250, 300));
  EXPECT_TRUE(whole.certificate.complete) << "nothing was there to be read";
  data_.Forget("events", 0, 1);
  SetUp();
  request.token = whole.plan.token;
  const Status fails = connector_->Prepare({}, request).status();
  EXPECT_EQ(fails.code(), StatusCode::kDataLoss) << fails;
  EXPECT_THAT(fails.message(), HasSubstr("[100, 200)"));
  request.policy.on_data_loss = OnDataLoss::kWarn;
  const Reading rest = MustRead(request);
  EXPECT_FALSE(rest.certificate.complete);
  EXPECT_EQ(rest.rows(), TestData::RowsIn(0, 100) + TestData::RowsIn(250, 300));
  std::vector<std::string> notes;
  for (const SplitCertificate& left : rest.plan.left_out) notes.insert(notes.end(), left.notes.begin(), left.notes.end());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("offsets [100, 200): "), HasSubstr("offsets [200, 250) are in no segment: an operator said so")));
}

TEST_F(TablesConnectorTest, ATokenOfOffsetsThatWereReadAgainMissesForgottenSegments) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 100);
  data_.ResumeAt("events", 0, 50);  // 50 to 100 twice
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  data_.Commit("events", 0, 50);
  SealAll();
  ScanRequest request = Request({"$offset"});
  const Reading whole = MustRead(request);
  EXPECT_THAT(whole.plan.token, HasSubstr("\"segments\":[\"0\",\"2\"]"));
  EXPECT_EQ(whole.rows(), TestData::RowsIn(0, 100) + TestData::RowsIn(50, 200));
  request.token = whole.plan.token;
  for (const int64_t sequence : {1, 0}) {  // in the middle, then the first one too
    data_.Forget("events", 0, sequence);
    SetUp();
    request.policy.on_data_loss = OnDataLoss::kFail;
    const Status fails = connector_->Prepare({}, request).status();
    EXPECT_EQ(fails.code(), StatusCode::kDataLoss) << fails;
    EXPECT_THAT(fails.message(), HasSubstr("retention"));
    request.policy.on_data_loss = OnDataLoss::kWarn;
    EXPECT_FALSE(MustRead(request).certificate.complete);
  }
  ScanRequest fresh = Request({"$offset"});
  EXPECT_TRUE(MustRead(fresh).certificate.complete) << "a new plan begins with what there is";
}

TEST_F(TablesConnectorTest, WhatGoesBetweenPlanAndSplitsIsAnError) {
  data_.AddTable("events", 2);
  for (int segment = 0; segment < 3; ++segment) {
    data_.Commit("events", 0, 100);
    data_.Roll("events", 0);
  }
  data_.Commit("events", 1, 10);
  SealAll();
  data_.Forget("events", 0, 1);
  ScanRequest request = Request({"$offset"});
  SetUp();
  for (const OnDataLoss policy : {OnDataLoss::kFail, OnDataLoss::kWarn}) {
    request.policy.on_data_loss = policy;
    request.token.clear();
    const Prepared plan = connector_->Prepare({}, request).ValueOrDie();
    request.token = plan.token;
    EXPECT_TRUE(connector_->Splits({}, request, plan.partitions, {}).ok());
    SetUp();  // another process answers for the splits, as behind Athena's protocol
    EXPECT_TRUE(connector_->Splits({}, request, plan.partitions, {}).ok());
  }
  // Old tokens of which a part is gone are planned with that known.
  request.token =
      "{\"v\":1,\"kind\":\"exact\",\"table\":\"events_REALTIME\",\"table_id\":\"6f1c2d0e\",\"partitions\":[{\"p\":0,\"start\":\"0\",\"end\":\"300\"},{\"p\":1,"
      "\"start\":\"0\",\"end\":\"10\"}]}";
  const Reading part = MustRead(request);
  EXPECT_FALSE(part.certificate.complete);
  EXPECT_EQ(part.rows(), TestData::RowsIn(0, 100) + TestData::RowsIn(200, 300) + TestData::RowsIn(0, 10));
  // Gone since the plan: the certificate of the plan does not say so.
  data_.Forget("events", 0, 0);
  SetUp();
  const Status gone = connector_->Splits({}, request, part.plan.partitions, {}).status();
  EXPECT_EQ(gone.code(), StatusCode::kDataLoss) << gone;
  EXPECT_THAT(gone.message(), HasSubstr("since it was planned"));
  // Damaged since the plan.
  const Prepared plan = connector_->Prepare({}, Request({"$offset"})).ValueOrDie();
  request.token = plan.token;
  for (const char* copy : {"manifest", "manifest.copy"}) {
    std::ofstream(TableFolder(data_.folder(), "events_REALTIME") + "/p1/" + copy, std::ios::binary | std::ios::trunc) << "damaged";
  }
  SetUp();
  const Status damaged = connector_->Splits({}, request, plan.partitions, {}).status();
  EXPECT_EQ(damaged.code(), StatusCode::kDataLoss) << damaged;
  EXPECT_THAT(damaged.message(), HasSubstr("partition 1"));
}

TEST_F(TablesConnectorTest, TheHostOfTheReaderFiltersByTheDoor) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 10);
  ScanRequest request = Request({"$hostName"});
  Constrain(&request, "$hostName", ValueSet::Listed({Scalar(std::string("Server_there_8098"))}));
  const Prepared plan = connector_->Prepare({}, request).ValueOrDie();  // on this host; another one may read
  EXPECT_EQ(plan.report.at(0).pushdown, Pushdown::kNot);
  EXPECT_EQ(plan.estimate.exact_rows, std::nullopt);
  request.token = plan.token;
  const SplitPage page = connector_->Splits({}, request, plan.partitions, {}).ValueOrDie();
  ASSERT_THAT(page.splits, SizeIs(1));
  EXPECT_EQ(page.splits[0].residual.columns.count("$hostName"), 1u);
}

TEST_F(TablesConnectorTest, WhatRetentionTookInTheMiddleIsNotAskedForByNewPlans) {
  data_.AddTable("events", 1);
  for (int segment = 0; segment < 5; ++segment) {
    data_.Commit("events", 0, 100);
    data_.Roll("events", 0);
  }
  data_.Commit("events", 0, 10);
  SealAll();
  ScanRequest request = Request({"$offset"});
  const Reading whole = MustRead(request);
  // By event time: the second and third are the oldest. Of the second no name is left, of the third no file.
  ASSERT_TRUE(data_.store("events").DropSegment(0, 2, TestData::TimeOf(0)).ok());
  ASSERT_TRUE(data_.store("events").DropSegment(0, 4, TestData::TimeOf(0)).ok());
  std::filesystem::remove(TableFolder(data_.folder(), "events_REALTIME") + "/" + whole.splits.at(2).properties.at("file"));
  std::filesystem::remove(TableFolder(data_.folder(), "events_REALTIME") + "/p0/2.1.rows");
  data_.Forget("events", 0, 1);
  const int64_t kept = TestData::RowsIn(0, 100) + TestData::RowsIn(300, 400) + TestData::RowsIn(500, 510);
  std::string token;
  for (const bool again : {false, true}) {
    SetUp();
    request.token = token;
    const Reading read = MustRead(request);
    EXPECT_TRUE(read.certificate.complete);
    EXPECT_EQ(read.rows(), kept);
    EXPECT_EQ(read.plan.estimate.exact_rows, kept);
    std::vector<std::string> notes;
    for (const SplitCertificate& left : read.plan.left_out) notes.insert(notes.end(), left.notes.begin(), left.notes.end());
    EXPECT_THAT(notes, ElementsAre("offsets [100, 300) were dropped by retention before the snapshot",
                                   "offsets [400, 500) were dropped by retention before the snapshot"));
    EXPECT_THAT(read.plan.token, HasSubstr("\"segments\":[\"0\",\"5\"],\"dropped\":[[\"1\",\"3\"],[\"4\",\"5\"]]"));
    token = read.plan.token;
    // The names of the others go too: the token still knows that it never covered them.
    if (!again) {
      data_.Forget("events", 0, 2);
      data_.Forget("events", 0, 4);
    }
  }
  request.token = whole.plan.token;
  const Status covered = connector_->Prepare({}, request).status();
  EXPECT_EQ(covered.code(), StatusCode::kDataLoss) << "the older token covered them: " << covered;
  // What the newer token covered may go as well.
  data_.Forget("events", 0, 3);
  SetUp();
  request.token = token;
  EXPECT_EQ(connector_->Prepare({}, request).status().code(), StatusCode::kDataLoss);
}

TEST_F(TablesConnectorTest, EndlessAndTimedReadingAreRefusedByName) {
  data_.AddTable("events", 1);
  ScanRequest request = Request({"qty"});
  request.unbounded = true;
  EXPECT_THAT(connector_->Prepare({}, request).status().message(), HasSubstr("endless reading is not served"));
  request = Request({"qty"});
  request.as_of_ms = 1;
  EXPECT_EQ(connector_->Prepare({}, request).status().code(), StatusCode::kNotImplemented);
  request = Request({"qty"});
  request.start.kind = ScanStart::Kind::kLatest;
  EXPECT_EQ(connector_->Prepare({}, request).status().code(), StatusCode::kNotImplemented);
}

TEST_F(TablesConnectorTest, ALayoutThatDoesNotFitIsRefused) {
  data_.AddTable("events", 1);
  ScanRequest request = Request({"qty"});
  request.layout.fields[0].type = Type::Int64();
  EXPECT_THAT(connector_->Prepare({}, request).status().message(), HasSubstr("\"qty\" is INTEGER, not BIGINT"));
  request.layout.fields[0].name = "nope";
  EXPECT_THAT(connector_->Prepare({}, request).status().message(), HasSubstr("no column \"nope\""));
}

TEST_F(TablesConnectorTest, RowsPublishedWhileReadingAreNotSeenAndNoneVanish) {
  data_.AddTable("events", 1);
  int64_t published = 0;
  for (int i = 0; i < 40; ++i) {
    data_.Commit("events", 0, 10);
    published += 10;
    if (i % 7 == 6) data_.Roll("events", 0);
    if (i % 11 == 10) SealAll();
    const Reading read = MustRead(Request({"$offset"}));
    EXPECT_EQ(read.rows(), TestData::RowsIn(0, published));
    const std::vector<int64_t> offsets = read.Values("$offset");
    EXPECT_EQ(std::adjacent_find(offsets.begin(), offsets.end()), offsets.end());
  }
}

TEST_F(TablesConnectorTest, ErrorsAreATable) {
  data_.AddTable("events", 1);
  data_.AddTable("other", 1);
  const RecordError errors[] = {{0, 7, TestData::TimeOf(7), 1'700'000'100'000, "convert", "qty", "'x' is no INT", "{\"qty\":\"x\"}", 11},
                                {0, 9, TestData::TimeOf(9), 1'700'000'200'000, "decode", "", "no JSON", std::string("\xff\x00", 2), 2, "k9"}};
  ASSERT_TRUE(data_.store("events").errors().Append(errors).ok());
  table_ = "_errors";
  ScanRequest request = Request({"ts", "table", "topic", "partition", "offset", "key", "stage", "column", "message", "payload", "$timestamp"});
  Constrain(&request, "topic", ValueSet::Listed({Scalar(std::string("events-topic"))}));
  const Reading read = MustRead(request);
  EXPECT_EQ(read.plan.report[0].pushdown, Pushdown::kExact);
  EXPECT_THAT(read.splits, SizeIs(1));
  ASSERT_EQ(read.rows(), 2);
  const Batch& rows = read.batches.at(0);
  EXPECT_TRUE(rows.Validate().ok());
  EXPECT_EQ(rows.column(0).values<int64_t>()[0], 1'700'000'100'000);
  EXPECT_EQ(rows.column(1).Text(0), "events");
  EXPECT_TRUE(rows.column(5).IsNull(0));
  EXPECT_EQ(rows.column(5).Text(1), "k9");
  EXPECT_EQ(rows.column(6).Text(1), "decode");
  EXPECT_EQ(rows.column(7).Text(0), "qty");
  EXPECT_TRUE(rows.column(7).IsNull(1));
  EXPECT_EQ(rows.column(9).Text(1), std::string_view("\xff\x00", 2));
  EXPECT_TRUE(read.certificate.complete);
  EXPECT_EQ(MustRead(Request({"message"})).rows(), 2);
}

TEST_F(TablesConnectorTest, ASplitOfErrorsWithoutAnEndIsRefused) {
  data_.AddTable("events", 1);
  table_ = "_errors";
  ScanRequest request = Request({"message"});
  const Reading read = MustRead(request);
  request.token = read.plan.token;
  SplitStart start{read.splits.at(0), read.splits.at(0).start};
  start.split.end.reset();
  const Status refused = connector_->Open({}, request, {&start, 1}).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("the split of 'events' has no end"));
}

TEST_F(TablesConnectorTest, ADamagedDefinitionIsAnErrorOfItsTableAlone) {
  for (const char* name : {"broken", "events"}) data_.AddTable(name, 1);
  data_.Commit("events", 0, 10);
  const RecordError errors[] = {{0, 7, TestData::TimeOf(7), 1'700'000'100'000, "convert", "qty", "'x' is no INT", "{}", 2}};
  ASSERT_TRUE(data_.store("broken").errors().Append(errors).ok());
  const std::string path = TableFolder(data_.folder(), "broken_REALTIME") + "/table.json";
  std::ofstream(path, std::ios::trunc) << "{\"v\":1,";
  EXPECT_EQ(MustRead(Request({"qty"})).rows(), 9);
  EXPECT_THAT(connector_->ListTables({}, "default", {})->tables,
              ElementsAre(TableName{"default", "_errors"}, TableName{"default", "broken"}, TableName{"default", "events"}));
  const Status damaged = connector_->GetTable({}, {"default", "broken"}).status();
  EXPECT_EQ(damaged.code(), StatusCode::kInvalid);
  EXPECT_THAT(damaged.message(), HasSubstr(path));
  std::filesystem::copy(TableFolder(data_.folder(), "events_REALTIME"), TableFolder(data_.folder(), "copied_REALTIME"),
                        std::filesystem::copy_options::recursive);
  EXPECT_THAT(connector_->GetTable({}, {"default", "copied"}).status().message(), HasSubstr("it is the definition of events_REALTIME"));
  table_ = "_errors";
  ScanRequest request = Request({"message", "topic"});
  EXPECT_EQ(MustRead(request).rows(), 1);
  // Nothing that is chosen by a topic can tell whether this table's is it: by an expression neither.
  ScanRequest by_expression = request;
  Expression topic{.kind = Expression::Kind::kColumn, .type = Type::String(), .constant = {}, .name = "topic", .args = {}};
  Expression lower{.kind = Expression::Kind::kCall, .type = Type::String(), .constant = {}, .name = "lower", .args = {topic}};
  Expression text{.kind = Expression::Kind::kConstant, .type = Type::String(), .constant = Scalar(std::string("events-topic")), .name = "", .args = {}};
  by_expression.constraints.expressions.push_back({.kind = Expression::Kind::kCall, .type = Type::Bool(), .constant = {}, .name = "=", .args = {lower, text}});
  EXPECT_THAT(connector_->Prepare({}, by_expression).status().message(), HasSubstr("its topic is not known"));
  Constrain(&request, "topic", ValueSet::Listed({Scalar(std::string("broken-topic"))}));
  EXPECT_THAT(connector_->Prepare({}, request).status().message(), HasSubstr("its topic is not known"));
}

TEST_F(TablesConnectorTest, FilesThatAreGoneAreNotKeptOpen) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 100);
  EXPECT_EQ(MustRead(Request({"$offset"})).rows(), 90);
  data_.Roll("events", 0);
  SealAll();
  data_.Commit("events", 0, 100);
  std::filesystem::remove(TableFolder(data_.folder(), "events_REALTIME") + "/p0/0.1.rows");
  SetUp();  // nothing keeps a view of before
  EXPECT_EQ(MustRead(Request({"$offset"})).rows(), 180);
  std::vector<std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string file = std::filesystem::read_symlink(entry.path(), gone);
    if (file.starts_with(data_.folder()) && file.ends_with("(deleted)")) open.push_back(file);
  }
  EXPECT_THAT(open, ElementsAre());
}

}  // namespace
}  // namespace lotic::table
