// SPDX-License-Identifier: Apache-2.0
#include "table/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lotic/batch_builder.h"
#include "table/data_folder.h"
#include "table/fault_point.h"
#include "table/files.h"
#include "table/journal.h"
#include "table/manifest.h"
#include "table/rows_file.h"
#include "table/table_view.h"
#include "table/test_segment_files.h"
#include "table/test_store.h"

namespace lotic::table {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

#define ASSERT_OK(expression)                        \
  do {                                               \
    const Status status_ = (expression);             \
    ASSERT_TRUE(status_.ok()) << status_.ToString(); \
  } while (false)

class TestClock final : public Clock {
 public:
  int64_t NowMs() const override { return now_ms; }
  int64_t now_ms = 1'786'000'000'000;
};

class StoreTest : public testing::Test {
 protected:
  ~StoreTest() override { (void)ArmFault(""); }

  std::string table() const { return scratch_ / "events_REALTIME"; }
  void Open(int64_t start = 0) { store_ = MakeStore(table(), start, {900'000, &clock_}); }
  void Reopen() {
    store_.reset();
    store_ = TableStore::Open(table(), {900'000, &clock_}).ValueOrDie();
  }
  PartitionWriter& writer() { return *store_->writer(0).ValueOrDie(); }
  std::vector<std::string> Rows() { return RowsOf(*store_->View().ValueOrDie(), 0, files_.get()); }
  std::vector<SegmentInfo> Segments() { return store_->View().ValueOrDie()->Find(0)->segments; }
  void SealAll() {
    for (;;) {
      const Result<bool> sealed = store_->SealOne(*files_, {});
      ASSERT_TRUE(sealed.ok()) << sealed.status();
      if (!*sealed) return;
    }
  }
  std::vector<std::string> Events() {
    std::vector<std::string> sentences;
    for (const StoreEvent& event : store_->TakeEvents()) sentences.push_back(event.sentence);
    return sentences;
  }
  // One byte of a file becomes another one, a second after it was written: a file system's clock is coarse, and what is kept of a manifest holds while its time does.
  static void Flip(const std::string& path, int64_t at) {
    const File file = File::Open(path, O_RDWR).ValueOrDie();
    struct stat info {};
    ASSERT_EQ(::fstat(file.fd(), &info), 0);
    char byte;
    ASSERT_OK(file.ReadAt(at, &byte, 1));
    byte = static_cast<char>(byte ^ 0x40);
    ASSERT_OK(file.WriteAt(at, std::string_view(&byte, 1)));
    const timespec later[2] = {{0, UTIME_OMIT}, {info.st_mtim.tv_sec + 1, info.st_mtim.tv_nsec}};
    ASSERT_EQ(::futimens(file.fd(), later), 0);
  }

  ScratchFolder scratch_;
  TestClock clock_;
  std::unique_ptr<SegmentFiles> files_ = MakeTestSegmentFiles();
  std::unique_ptr<TableStore> store_;
};

TEST_F(StoreTest, WhatIsCommittedIsSeenAtOnceWithItsPositionAndFates) {
  Open(100);
  EXPECT_EQ(writer().position(), 100);
  ASSERT_OK(writer().Append(SomeCommit(100, 150)));
  ASSERT_OK(writer().Append(SomeCommit(150, 151)));
  ASSERT_OK(writer().Append(SomeCommit(151, 9000)));
  EXPECT_EQ(writer().position(), 9000);
  EXPECT_EQ(Rows(), ExpectedRows(100, 9000));
  const SegmentInfo segment = Segments().at(0);
  EXPECT_EQ(segment.name, "events__0__0__20260806T0706Z");
  EXPECT_EQ(segment.state, SegmentState::kConsuming);
  EXPECT_EQ(segment.end, 9000);
  EXPECT_EQ(segment.totals.rows, RowsIn(100, 9000));
  EXPECT_EQ(segment.totals.fates.Sum(), 8900);
  EXPECT_EQ(segment.totals.times, (TimeRange{1'700'000'000'100, 1'700'000'000'000 + 8999}));
  EXPECT_EQ(store_->View().ValueOrDie()->rows(), RowsIn(100, 9000));
}

TEST_F(StoreTest, ACommitMustBeginAtThePosition) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 10)));
  const Status status = writer().Append(SomeCommit(9, 12));
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("begins at 9, the position is 10"));
  EXPECT_EQ(Rows(), ExpectedRows(0, 10));
}

TEST_F(StoreTest, ReopeningGoesOnAtThePosition) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 1000)));
  Reopen();
  EXPECT_EQ(writer().position(), 1000);
  ASSERT_OK(writer().Append(SomeCommit(1000, 1500)));
  Reopen();
  EXPECT_EQ(Rows(), ExpectedRows(0, 1500));
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_EQ(store_->discovery_state(), "one");
}

TEST_F(StoreTest, ThePositionKeepsTheEpochOfItsCommit) {
  Open();
  EXPECT_EQ(writer().epoch(), -1);
  const auto append = [&](int64_t epoch) {
    Commit commit = SomeCommit(writer().position(), writer().position() + 100);
    commit.epoch = epoch;
    ASSERT_OK(writer().Append(commit));
  };
  const auto expect = [&](int64_t epoch, const char* after) {
    EXPECT_EQ(writer().epoch(), epoch) << after;
    Reopen();
    EXPECT_EQ(writer().epoch(), epoch) << after << ", opened again";
  };
  append(3);
  append(4);
  expect(4, "commits");
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
  expect(4, "a roll");
  ASSERT_OK(writer().RollAndPause(SealReason::kPause, clock_.now_ms));  // of a segment without a commit
  expect(4, "a pause");
  ASSERT_OK(writer().Resume(writer().position(), clock_.now_ms, ""));
  expect(4, "going on");
  append(0);
  expect(0, "the epoch of before goes");
  ASSERT_OK(writer().RollAndPause(SealReason::kPause, clock_.now_ms));
  expect(0, "a pause in the middle");
  // Where somebody said to begin is nobody's position of before, though the number is the same.
  ASSERT_OK(writer().Resume(writer().position(), clock_.now_ms, "consumeFrom=largest"));
  expect(-1, "a jump");
  append(9);
  ASSERT_OK(store_->RecordLoss(0, writer().position() + 50, "retention", clock_.now_ms));
  expect(-1, "a loss");
  append(INT32_MAX);
  for (int i = 0; i < 300; ++i) ASSERT_OK(writer().SetAttributes({{"number", std::string(1000, static_cast<char>('a' + i % 26))}}));
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
  for (int i = 0; i < 300; ++i) ASSERT_OK(writer().SetAttributes({{"number", std::string(1000, static_cast<char>('a' + i % 26))}}));
  expect(INT32_MAX, "a manifest that was written anew");
  // A change of an earlier program says nothing of it.
  PartitionState state;
  state.epoch = 5;
  ManifestChange change;
  change.position = 10;
  Apply(change, &state);
  EXPECT_EQ(state.epoch, -1);
}

TEST_F(StoreTest, RowsStayTheSameThroughRollSealAndTheRemovalOfTheRowsFile) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 700)));
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms, {{"threshold", "700"}}));
  EXPECT_EQ(Rows(), ExpectedRows(0, 700));
  ASSERT_OK(writer().Append(SomeCommit(700, 800)));
  EXPECT_EQ(store_->segments_to_seal(), 1);
  SealAll();
  EXPECT_EQ(Rows(), ExpectedRows(0, 800));
  SegmentInfo sealed = Segments().at(0);
  EXPECT_EQ(sealed.state, SegmentState::kDone);
  EXPECT_EQ(sealed.reason, SealReason::kRowLimit);
  EXPECT_EQ(sealed.end, 700);
  EXPECT_EQ(sealed.file, sealed.name + ".parquet");
  EXPECT_FALSE(sealed.rows_file.empty());
  EXPECT_EQ(Segments().at(1).attributes.at("threshold"), "700");
  clock_.now_ms += 900'000;
  EXPECT_EQ(store_->DropExpired(std::nullopt, clock_.now_ms).ValueOrDie(), 0);
  EXPECT_TRUE(Segments().at(0).rows_file.empty());
  EXPECT_NE(::access((table() + "/p0/0.1.rows").c_str(), F_OK), 0);
  Reopen();
  EXPECT_EQ(Rows(), ExpectedRows(0, 800));
  EXPECT_EQ(writer().position(), 800);
}

TEST_F(StoreTest, AnEmptySegmentIsNotRolledAndOneWithoutRowsNeedsNoFile) {
  Open();
  ASSERT_OK(writer().Roll(SealReason::kForceCommit, clock_.now_ms));
  EXPECT_EQ(Segments().size(), 1u);
  Commit filtered;
  filtered.end = 20;
  filtered.fates.filtered = 20;
  ASSERT_OK(writer().Append(filtered));
  ASSERT_OK(writer().Roll(SealReason::kForceCommit, clock_.now_ms));
  EXPECT_EQ(store_->segments_to_seal(), 0);
  EXPECT_EQ(Segments().at(0).state, SegmentState::kDone);
  EXPECT_EQ(Segments().at(0).totals.fates.filtered, 20);
  ASSERT_OK(writer().Append(SomeCommit(20, 30)));
  EXPECT_EQ(Rows(), ExpectedRows(20, 30));
}

TEST_F(StoreTest, PausedHasNoConsumingSegmentAndResumingElsewhereIsALossByName) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 50)));
  ASSERT_OK(writer().RollAndPause(SealReason::kPause, clock_.now_ms));
  EXPECT_FALSE(writer().segment().has_value());
  EXPECT_THAT(writer().Append(SomeCommit(50, 60)).message(), HasSubstr("paused"));
  Reopen();
  EXPECT_EQ(writer().position(), 50);
  EXPECT_FALSE(writer().segment().has_value());
  ASSERT_OK(writer().Resume(70, clock_.now_ms, "consumeFrom=largest"));
  EXPECT_EQ(writer().position(), 70);
  ASSERT_OK(writer().Append(SomeCommit(70, 80)));
  ASSERT_OK(writer().RollAndPause(SealReason::kPause, clock_.now_ms));
  ASSERT_OK(writer().Resume(80, clock_.now_ms, ""));
  ASSERT_OK(writer().RollAndPause(SealReason::kPause, clock_.now_ms));  // nothing came: the segment is as if it had never been
  ASSERT_OK(writer().Resume(80, clock_.now_ms, ""));
  EXPECT_EQ(Segments().size(), 3u);
  EXPECT_EQ(Segments().at(2).sequence, 2);
  ASSERT_EQ(store_->losses(0).size(), 1u);
  EXPECT_EQ(store_->losses(0)[0], (LostRange{50, 70, clock_.now_ms, "consumeFrom=largest"}));
}

TEST_F(StoreTest, ALossMovesThePositionAndCountsAsMissing) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 10)));
  ASSERT_OK(store_->RecordLoss(0, 500, "the log starts at 500", clock_.now_ms));
  EXPECT_EQ(writer().position(), 500);
  ASSERT_OK(writer().Append(SomeCommit(500, 510)));
  Reopen();
  const SegmentInfo segment = Segments().at(0);
  EXPECT_EQ(segment.totals.fates.missing, 490);
  EXPECT_EQ(segment.totals.fates.Sum(), 510);
  EXPECT_EQ(store_->losses(0).at(0).from, 10);
  EXPECT_EQ(store_->losses(0).at(0).to, 500);
}

TEST_F(StoreTest, AColumnMoreAppearsInOlderRowsAsNull) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 3003)));
  Commit wider = SomeCommit(3003, 3006);
  auto schema = std::make_shared<Schema>(wider.rows.schema());
  schema->fields.push_back({"more", Type::Int32()});
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"more", Type::Int32()}}, {}}));
  for (int i = 0; i < 3; ++i) builder.column(0).AppendInt64(7);
  const Batch more = builder.Finish(3);
  std::vector<Column> columns;
  for (size_t i = 0; i < wider.rows.num_columns(); ++i) columns.push_back(wider.rows.column(i));
  columns.push_back(more.column(0));
  auto both = std::make_shared<std::pair<Batch, Batch>>(wider.rows, more);
  wider.rows = Batch(schema, 3, std::move(columns), both);
  ASSERT_OK(writer().Append(wider));
  EXPECT_EQ(Rows(), ExpectedRows(0, 3006));
  const auto view = store_->View().ValueOrDie();
  const Schema layout{{{"more", Type::Float64()}, {"$offset", Type::Int64()}}, {}};
  auto rows = SegmentRows::Open({}, *view, view->Find(0)->segments[0], layout, nullptr, {RowsIn(0, 3001), std::nullopt}).ValueOrDie();
  const Batch batch = *rows->Next({}).ValueOrDie();
  ASSERT_EQ(batch.num_rows(), 4);  // the last of the large commit, and the small one
  EXPECT_TRUE(batch.column(0).IsNull(0));
  EXPECT_EQ(batch.column(1).values<int64_t>()[0], 3001);
  EXPECT_FALSE(batch.column(0).IsNull(1));
  EXPECT_EQ(batch.column(0).values<double>()[3], 7);
  EXPECT_EQ(batch.column(1).values<int64_t>()[3], 3005);
  EXPECT_FALSE(rows->Next({}).ValueOrDie().has_value());

  Commit changed;
  changed.start = 3006;
  changed.end = 3007;
  BatchBuilder text(std::make_shared<const Schema>(Schema{{{"value", Type::String()}}, {}}));
  text.column(0).AppendBytes("x");
  changed.rows = text.Finish(1);
  EXPECT_THAT(writer().Append(changed).message(), AllOf(HasSubstr("column value was BIGINT and is now VARCHAR"), HasSubstr("roll")));
}

TEST_F(StoreTest, ValuesThatDoNotFitAnotherTypeAreNullAndCounted) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 12'000)));
  for (int64_t at = 12'000; at < 12'100; at += 10) ASSERT_OK(writer().Append(SomeCommit(at, at + 10)));
  const auto view = store_->View().ValueOrDie();
  const Schema layout{{{"value", Type::Int16()}, {"$offset", Type::Int64()}}, {}};
  auto rows = SegmentRows::Open({}, *view, view->Find(0)->segments[0], layout, nullptr).ValueOrDie();
  int64_t nulls = 0, large = 0;
  for (auto batch = rows->Next({}).ValueOrDie(); batch.has_value(); batch = rows->Next({}).ValueOrDie()) {
    nulls += batch->column(0).null_count;
    for (const int64_t offset : batch->column(1).values<int64_t>()) large += 3 * offset > 32'767 ? 1 : 0;
  }
  EXPECT_GT(large, 100);
  EXPECT_EQ(nulls, large);
  EXPECT_EQ(rows->misfits(), large);
}

TEST_F(StoreTest, TinyCommitsAreReadTogether) {
  Open();
  for (int64_t at = 0; at < 7000; ++at) ASSERT_OK(writer().Append(SomeCommit(at, at + 1)));
  const auto view = store_->View().ValueOrDie();
  const Schema layout{{{"value", Type::Int64()}}, {}};
  auto rows = SegmentRows::Open({}, *view, view->Find(0)->segments[0], layout, nullptr).ValueOrDie();
  std::vector<int64_t> sizes;
  for (auto batch = rows->Next({}).ValueOrDie(); batch.has_value(); batch = rows->Next({}).ValueOrDie()) sizes.push_back(batch->num_rows());
  EXPECT_THAT(sizes, ElementsAre(2048, 2048, 1904));
  // A snapshot that ends within the segment, and a page that begins within it.
  auto some = SegmentRows::Open({}, *view, view->Find(0)->segments[0], layout, nullptr, {10, 21}).ValueOrDie();
  const Batch batch = *some->Next({}).ValueOrDie();
  ASSERT_EQ(batch.num_rows(), RowsIn(0, 21) - 10);
  EXPECT_EQ(batch.column(0).values<int64_t>()[0], 3 * 11);
  // Counting needs no column.
  auto counted = SegmentRows::Open({}, *view, view->Find(0)->segments[0], {}, nullptr, {0, 21}).ValueOrDie();
  EXPECT_EQ(counted->Next({}).ValueOrDie()->num_rows(), RowsIn(0, 21));
  EXPECT_FALSE(counted->Next({}).ValueOrDie().has_value());
}

TEST_F(StoreTest, ASnapshotThatEndsWithinACommitOrASealedSegmentHasExactlyItsRows) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 5000)));
  const Schema layout{{{"value", Type::Int64()}}, {}};
  const auto count = [&](int64_t end) {
    const auto view = store_->View().ValueOrDie();
    auto rows = SegmentRows::Open({}, *view, view->Find(0)->segments[0], layout, files_.get(), {0, end}).ValueOrDie();
    int64_t total = 0;
    for (auto batch = rows->Next({}).ValueOrDie(); batch.has_value(); batch = rows->Next({}).ValueOrDie()) {
      EXPECT_EQ(batch->num_columns(), 1u);
      total += batch->num_rows();
    }
    return total;
  };
  EXPECT_EQ(count(4321), RowsIn(0, 4321));
  ASSERT_OK(writer().Roll(SealReason::kTimeLimit, clock_.now_ms));
  SealAll();
  ASSERT_EQ(Segments()[0].state, SegmentState::kDone);
  EXPECT_EQ(count(4321), RowsIn(0, 4321));
  EXPECT_EQ(count(0), 0);
  EXPECT_EQ(count(5000), RowsIn(0, 5000));
}

TEST_F(StoreTest, AFullDiskPublishesNothingAndTheNextCommitWorks) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 100)));
  struct stat before {};
  ASSERT_EQ(::stat((table() + "/p0/0.1.rows").c_str(), &before), 0);
  ASSERT_OK(ArmFault("file.write:1:28:1"));
  const Status full = writer().Append(SomeCommit(100, 300));
  EXPECT_TRUE(FileError::IsDiskFull(full)) << full;
  EXPECT_THAT(full.message(), AllOf(HasSubstr("No space left"), HasSubstr("/p0/0.1.rows"), HasSubstr("bytes at ")));
  EXPECT_EQ(writer().position(), 100);
  EXPECT_EQ(Rows(), ExpectedRows(0, 100));
  struct stat after {};
  ASSERT_EQ(::stat((table() + "/p0/0.1.rows").c_str(), &after), 0);
  EXPECT_EQ(after.st_size, before.st_size);
  ASSERT_OK(writer().Append(SomeCommit(100, 300)));
  Reopen();
  EXPECT_EQ(Rows(), ExpectedRows(0, 300));
}

TEST_F(StoreTest, AFullDiskAtAnyStepOfRollAndSealIsToldAndPasses) {
  Open();
  int64_t position = 0;
  for (const std::string point : {"file.write", "file.open", "file.sync", "file.rename", "folder.sync"}) {
    for (int pass = 1; pass <= 12; ++pass) {
      ASSERT_OK(writer().Append(SomeCommit(position, position + 10)));
      position += 10;
      ASSERT_OK(writer().Sync());
      ASSERT_OK(ArmFault(point + ":" + std::to_string(pass) + ":28:1"));
      const Status rolled = writer().Roll(SealReason::kRowLimit, clock_.now_ms);
      if (!rolled.ok()) {
        EXPECT_THAT(rolled.message(), HasSubstr("No space left")) << point << pass;
      }
      const Result<bool> sealed = store_->SealOne(*files_, {});
      if (!sealed.ok()) {
        EXPECT_THAT(sealed.status().message(), HasSubstr("No space left")) << point << pass;
      }
      ASSERT_OK(ArmFault(""));
      if (!writer().failed().ok()) {
        ASSERT_TRUE(store_->ReopenWriter(0).ok());
        position = writer().position();
      }
      ASSERT_EQ(Rows(), ExpectedRows(0, position)) << point << pass;
    }
  }
  SealAll();
  EXPECT_EQ(Rows(), ExpectedRows(0, position));
  Reopen();
  EXPECT_EQ(writer().position(), position);
  EXPECT_EQ(Rows(), ExpectedRows(0, position));
}

TEST_F(StoreTest, AFailedSyncIsNotTriedAgainAndTheWriterComesBackAtTheDurablePosition) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 100)));
  ASSERT_OK(writer().Sync());
  EXPECT_EQ(writer().durable_position(), 100);
  ASSERT_OK(writer().Append(SomeCommit(100, 200)));
  EXPECT_GT(writer().unsynced_bytes(), 0);
  ASSERT_OK(ArmFault("file.sync:1:5:1"));
  EXPECT_THAT(writer().Sync().message(), HasSubstr("cannot sync"));
  EXPECT_FALSE(writer().Sync().ok());
  EXPECT_FALSE(writer().failed().ok());
  EXPECT_FALSE(writer().Append(SomeCommit(200, 210)).ok());
  ASSERT_TRUE(store_->ReopenWriter(0).ok());
  EXPECT_EQ(writer().position(), 100);
  EXPECT_EQ(Rows(), ExpectedRows(0, 100));
  ASSERT_OK(writer().Append(SomeCommit(100, 250)));
  Reopen();
  EXPECT_EQ(Rows(), ExpectedRows(0, 250));
}

TEST_F(StoreTest, AProcessThatEndsAfterAFailedSyncComesBackAtTheDurablePositionToo) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 100)));
  ASSERT_OK(writer().Sync());
  ASSERT_OK(writer().Append(SomeCommit(100, 200)));
  ASSERT_OK(ArmFault("file.sync:1:5:1"));
  EXPECT_FALSE(writer().Sync().ok());
  Reopen();
  EXPECT_EQ(writer().position(), 100);
  EXPECT_THAT(Events(), ElementsAre(HasSubstr("an earlier sync failed")));
}

TEST(Manifest, ANegativeEpochIsDamageAndNotAnUnknownOne) {
  const std::string partition = EncodePartition({.table_id = "0123abcd"});
  for (const auto& [epoch, known] : {std::pair("0", true), std::pair("7", true), std::pair("-1", false), std::pair("-8", false)}) {
    const std::string records[] = {partition, std::string(R"({"position": 40, "epoch": )") + epoch + "}"};
    EXPECT_EQ(DecodeManifest(records).status().code(), known ? StatusCode::kOk : StatusCode::kDataLoss) << epoch;
  }
}

TEST_F(StoreTest, RetentionGoesByTheNewestRowOfASegment) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 1000)));  // times up to 1 700 000 000 999
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
  ASSERT_OK(writer().Append(SomeCommit(1000, 2000)));
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
  const int64_t day = 86'400'000, limit = 1'700'000'000'999 + day;
  EXPECT_EQ(store_->DropExpired(day, limit + 1).ValueOrDie(), 0) << "not before it is sealed";
  SealAll();
  EXPECT_EQ(store_->DropExpired(day, limit).ValueOrDie(), 0);
  const auto before = store_->View().ValueOrDie();
  EXPECT_EQ(store_->DropExpired(day, limit + 1).ValueOrDie(), 1);
  EXPECT_EQ(Segments()[0].state, SegmentState::kDropped);
  EXPECT_EQ(Rows(), ExpectedRows(1000, 2000));
  EXPECT_EQ(RowsOf(*before, 0, files_.get()), ExpectedRows(0, 2000)) << "a query that began before goes on";
  EXPECT_EQ(store_->DropExpired(day, limit + 900'001).ValueOrDie(), 1) << "the second, its rows are as old now";
  EXPECT_TRUE(Segments()[0].file.empty());
  auto gone = SegmentRows::Open({}, *before, before->Find(0)->segments[0], {}, files_.get());
  EXPECT_EQ(gone.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(gone.status().message(), HasSubstr("plan the query again"));
}

TEST_F(StoreTest, FilesOfDroppedSegmentsStayAsLongAsTheTableSays) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 1000)));
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
  SealAll();
  const int64_t hour = 3'600'000, week = 7 * 24 * hour, later = 1'700'000'000'999 + week;
  EXPECT_EQ(store_->DropExpired(hour, later, week).ValueOrDie(), 1);
  const std::string file = table() + "/p0/" + Segments()[0].file, rows_file = table() + "/p0/" + Segments()[0].rows_file;
  EXPECT_TRUE(std::filesystem::is_regular_file(rows_file));
  EXPECT_EQ(store_->DropExpired(hour, later + week - 1, week).ValueOrDie(), 0);
  EXPECT_FALSE(std::filesystem::exists(rows_file)) << "the same rows twice";
  Reopen();
  EXPECT_EQ(Segments()[0].state, SegmentState::kDropped);
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(store_->DropExpired(hour, later + week, week).ValueOrDie(), 0);
  EXPECT_TRUE(Segments()[0].file.empty());
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(StoreTest, ADamagedSealedFileIsFoundPutAsideAndReadAgain) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 1000)));
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
  ASSERT_OK(writer().Append(SomeCommit(1000, 1100)));
  SealAll();
  clock_.now_ms += 900'000;
  ASSERT_TRUE(store_->DropExpired(std::nullopt, clock_.now_ms).ok());
  const SegmentInfo sealed = Segments()[0];
  Flip(table() + "/p0/" + sealed.file, 5000);
  const auto view = store_->View().ValueOrDie();
  auto rows = SegmentRows::Open({}, *view, sealed, {}, files_.get());
  EXPECT_EQ(rows.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(rows.status().message(), AllOf(HasSubstr(sealed.name), HasSubstr("fails its checksum")));
  ASSERT_OK(store_->Suspect(0, 0));
  EXPECT_EQ(Segments()[0].state, SegmentState::kDamaged);
  ASSERT_EQ(store_->Damaged().size(), 1u);
  EXPECT_EQ(store_->Damaged()[0].from, 0);
  EXPECT_EQ(store_->Damaged()[0].end, 1000);
  EXPECT_EQ(ListFolder(table() + "/p0/quarantine").ValueOrDie().size(), 1u);
  Reopen();
  {
    auto repair = store_->RepairWriter(0, 0).ValueOrDie();
    ASSERT_OK(repair->Append(SomeCommit(0, 400)));
    EXPECT_EQ(repair->Append(SomeCommit(400, 1001)).code(), StatusCode::kInvalid);
  }
  Reopen();
  auto repair = store_->RepairWriter(0, 0).ValueOrDie();
  EXPECT_EQ(repair->position(), 400);
  ASSERT_OK(repair->Append(SomeCommit(400, 1000)));
  EXPECT_TRUE(store_->Damaged().empty());
  EXPECT_EQ(Rows(), ExpectedRows(0, 1100));
  SealAll();
  EXPECT_EQ(Rows(), ExpectedRows(0, 1100));
  EXPECT_TRUE(store_->CheckOne({}).ValueOrDie());
  Reopen();
  EXPECT_EQ(Rows(), ExpectedRows(0, 1100));
}

TEST_F(StoreTest, ADamagedSealedFileIsSealedAgainWhileItsRowsFileIsThere) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 1000)));
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
  SealAll();
  ASSERT_EQ(::truncate((table() + "/p0/" + Segments()[0].file).c_str(), 4200), 0);
  Reopen();
  EXPECT_THAT(Events(), ElementsAre(HasSubstr("it is sealed again")));
  EXPECT_EQ(Rows(), ExpectedRows(0, 1000));
  SealAll();
  EXPECT_EQ(Rows(), ExpectedRows(0, 1000));
  EXPECT_EQ(Segments()[0].state, SegmentState::kDone);
}

TEST_F(StoreTest, APartitionWhoseManifestIsLostIsAnErrorAndTheOthersGoOn) {
  Open();
  const std::array<PartitionStart, 1> another = {{{1, 5, {}}}};
  ASSERT_OK(store_->AddPartitions("two", another));
  ASSERT_OK(writer().Append(SomeCommit(0, 10)));
  ASSERT_OK(store_->writer(1).ValueOrDie()->Append(SomeCommit(5, 20)));
  store_.reset();
  Flip(table() + "/p0/manifest", 70);
  Reopen();
  EXPECT_THAT(Events(), ElementsAre(HasSubstr("written anew from its other copy")));
  EXPECT_EQ(Rows(), ExpectedRows(0, 10));
  store_.reset();
  Flip(table() + "/p0/manifest", 70);
  Flip(table() + "/p0/manifest.copy", 100);
  Reopen();
  EXPECT_EQ(store_->writer(0).status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(store_->writer(0).status().message(), HasSubstr("move "));
  EXPECT_EQ(store_->View().ValueOrDie()->Find(0)->damaged.code(), StatusCode::kDataLoss);
  EXPECT_EQ(RowsOf(*store_->View().ValueOrDie(), 1, nullptr), ExpectedRows(5, 20));
  EXPECT_EQ(store_->writer(1).ValueOrDie()->position(), 20);
}

TEST_F(StoreTest, TheManifestDoesNotGrowWithItsHistory) {
  Open();
  int64_t at = 0;
  for (int i = 0; i < 600; ++i) {
    ASSERT_OK(writer().SetAttributes({{"note", std::string(500, 'x')}}));
    if (i % 200 == 0) {
      ASSERT_OK(writer().Append(SomeCommit(at, at + 3)));
      at += 3;
      ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
    }
  }
  struct stat info {};
  ASSERT_EQ(::stat((table() + "/p0/manifest").c_str(), &info), 0);
  EXPECT_LT(info.st_size, 80'000);  // 600 changes of 1.3 KB each were made
  EXPECT_EQ(Rows(), ExpectedRows(0, at));
  Reopen();
  EXPECT_EQ(Rows(), ExpectedRows(0, at));
  EXPECT_EQ(Segments().size(), 4u);
}

TEST_F(StoreTest, SyncRunsBesideTheWriter) {
  Open();
  std::atomic<bool> stop{false};
  PartitionWriter& shared = writer();
  std::thread syncer([&] {
    while (!stop.load()) EXPECT_TRUE(shared.Sync().ok());
  });
  for (int64_t at = 0; at < 2000; at += 10) {
    ASSERT_OK(shared.Append(SomeCommit(at, at + 10)));
    if (at % 500 == 490) ASSERT_OK(shared.Roll(SealReason::kRowLimit, clock_.now_ms));
  }
  stop.store(true);
  syncer.join();
  ASSERT_OK(shared.Sync());
  EXPECT_EQ(shared.durable_position(), 2000);
  EXPECT_EQ(shared.unsynced_bytes(), 0);
  EXPECT_EQ(Rows(), ExpectedRows(0, 2000));
}

TEST_F(StoreTest, ADiscoveryThatWasCommittedSurvivesAndOnePartitionIsMadeOnce) {
  Open();
  const std::array<PartitionStart, 2> two = {{{3, 7, {{"k", "v"}}}, {4, 9, {}}}};
  ASSERT_OK(store_->AddPartitions("state", two));
  EXPECT_THAT(store_->AddPartitions("state", two).message(), HasSubstr("partition 3 exists"));
  Reopen();
  EXPECT_THAT(store_->partitions(), ElementsAre(0, 3, 4));
  EXPECT_EQ(store_->writer(4).ValueOrDie()->position(), 9);
  EXPECT_EQ(store_->View().ValueOrDie()->Find(3)->segments[0].attributes.at("k"), "v");
  EXPECT_THAT(TableStore::Create(table(), SomeTable(), {}).status().message(), HasSubstr("holds a table already"));
  EXPECT_EQ(TableView::Open(scratch_ / "nothing").status().code(), StatusCode::kNotFound);
}

TEST_F(StoreTest, AWriterThatCannotBeReopenedStaysAsItWasAndIsReopenedLater) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 100)));
  ASSERT_OK(writer().Sync());
  ASSERT_OK(writer().Append(SomeCommit(100, 200)));
  PartitionWriter& failed = writer();
  ASSERT_OK(ArmFault("file.sync:1:5:1"));
  EXPECT_FALSE(failed.Sync().ok());
  ASSERT_OK(ArmFault("file.open:1:24:1"));
  EXPECT_THAT(store_->ReopenWriter(0).status().message(), HasSubstr("Too many open files"));
  EXPECT_EQ(failed.position(), 200);  // whoever holds it may still ask it
  EXPECT_FALSE(failed.failed().ok());
  EXPECT_FALSE(failed.Append(SomeCommit(200, 210)).ok());
  EXPECT_EQ(store_->writer(0).status().code(), StatusCode::kIOError);
  PartitionWriter* const again = store_->ReopenWriter(0).ValueOrDie();
  EXPECT_EQ(again->position(), 100);
  EXPECT_EQ(failed.position(), 200) << "until the next time";
  ASSERT_OK(again->Append(SomeCommit(100, 250)));
  Reopen();
  EXPECT_EQ(Rows(), ExpectedRows(0, 250));
}

TEST_F(StoreTest, AFolderThatWasOpenedAnewTakesNoChangeThroughTheOldOne) {
  Open();
  ASSERT_OK(writer().Append(SomeCommit(0, 100)));
  ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms));
  SealAll();
  clock_.now_ms += 900'000;
  ASSERT_TRUE(store_->DropExpired(std::nullopt, clock_.now_ms).ok());
  Flip(table() + "/p0/" + Segments()[0].file, 5000);
  ASSERT_OK(store_->Suspect(0, 0));
  auto repair = store_->RepairWriter(0, 0).ValueOrDie();
  ASSERT_OK(repair->Append(SomeCommit(0, 60)));
  PartitionWriter* const fresh = store_->ReopenWriter(0).ValueOrDie();
  ASSERT_OK(fresh->Append(SomeCommit(100, 150)));
  ASSERT_OK(fresh->Roll(SealReason::kRowLimit, clock_.now_ms));
  EXPECT_EQ(repair->Append(SomeCommit(60, 100)).code(), StatusCode::kCancelled);
  ASSERT_OK(fresh->SetAttributes({{"k", "v"}}));
  Reopen();
  EXPECT_THAT(Events(), IsEmpty());
  ASSERT_EQ(Segments().size(), 3u);
  EXPECT_EQ(Segments()[2].attributes.at("k"), "v");
  ASSERT_TRUE(store_->RepairWriter(0, 0).ok());  // all its offsets are there: only the record was missing
  EXPECT_TRUE(store_->Damaged().empty());
  EXPECT_EQ(Rows(), ExpectedRows(0, 150));
}

// Segments whose names contain `refused` cannot be written.
class RefusingSegmentFiles final : public SegmentFiles {
 public:
  explicit RefusingSegmentFiles(SegmentFiles& files) : files_(files) {}
  Result<std::unique_ptr<SegmentFileWriter>> Create(const std::string& path, const Schema& schema) override {
    if (!refused.empty() && path.find(refused) != std::string::npos) return Status::IOError("refused ", path);
    return files_.Create(path, schema);
  }
  Result<std::unique_ptr<SegmentFileReader>> Open(const CallContext& ctx, const std::string& path, const Schema& layout, int64_t first_row) override {
    return files_.Open(ctx, path, layout, first_row);
  }
  std::string refused;

 private:
  SegmentFiles& files_;
};

TEST_F(StoreTest, ASegmentThatCannotBeSealedDoesNotKeepTheOthersWaiting) {
  Open();
  for (int64_t at = 0; at < 300; at += 100) {
    ASSERT_OK(writer().Append(SomeCommit(at, at + 100)));
    ASSERT_OK(writer().Roll(SealReason::kRowLimit, clock_.now_ms++));
  }
  RefusingSegmentFiles files(*files_);
  files.refused = "events__0__0__";
  EXPECT_THAT(store_->SealOne(files, {}).status().message(), HasSubstr("refused"));
  EXPECT_TRUE(store_->SealOne(files, {}).ValueOrDie());
  EXPECT_TRUE(store_->SealOne(files, {}).ValueOrDie());
  EXPECT_EQ(store_->segments_to_seal(), 1);
  EXPECT_FALSE(store_->SealOne(files, {}).ok()) << "it is tried again";
  files.refused.clear();
  EXPECT_TRUE(store_->SealOne(files, {}).ValueOrDie());
  EXPECT_FALSE(store_->SealOne(files, {}).ValueOrDie());
  EXPECT_EQ(Rows(), ExpectedRows(0, 300));
}

TEST_F(StoreTest, AFileThatGrowsWhileItIsCheckedIsNotDamaged) {
  Open();
  PartitionWriter& shared = writer();
  std::atomic<bool> stop{false};
  std::thread appender([&] {
    for (int64_t at = 0; at < 20'000 && !stop.load(); ++at) EXPECT_TRUE(shared.Append(SomeCommit(at, at + 1)).ok());
    stop.store(true);
  });
  while (!stop.load()) {
    const RowsCheck check = CheckRowsFile(table() + "/p0/0.1.rows", kRowsHeaderBytes).ValueOrDie();
    EXPECT_TRUE(check.damage.ok()) << check.damage;
    if (!check.damage.ok()) stop.store(true);
  }
  appender.join();
}

TEST(Journal, TheNewerOfTwoCopiesCountsAlsoWhereItIsTheShorterOne) {
  ScratchFolder scratch;
  const std::string path = scratch / "journal";
  const std::vector<std::string> first = {"a", "b", "c"}, short_form = {"abc"};
  auto journal = Journal::Create(path, first).ValueOrDie();
  ASSERT_OK(ArmFault("file.rename:2:5:1"));
  ASSERT_OK(journal->Rewrite(short_form));  // its copy is still the longer one
  ASSERT_OK(ArmFault(""));
  EXPECT_EQ(ReadJournal(path + ".copy").ValueOrDie().records, first);
  for (int time = 0; time < 2; ++time) {  // and then both are the same
    JournalContents contents;
    std::vector<std::string> found;
    journal = Journal::Open(path, "", &contents, &found).ValueOrDie();
    EXPECT_EQ(contents.records, short_form);
    EXPECT_EQ(ReadJournal(path + ".copy").ValueOrDie().records, short_form);
  }
  // Of two that were written anew as often the longer one counts.
  ASSERT_OK(ArmFault("file.write:3:5:1"));
  ASSERT_OK(journal->Append("d", [](bool) { return std::vector<std::string>{}; }));
  ASSERT_OK(ArmFault(""));
  JournalContents contents;
  std::vector<std::string> found;
  journal = Journal::Open(path, "", &contents, &found).ValueOrDie();
  EXPECT_THAT(contents.records, ElementsAre("abc", "d"));
}

TEST(DataFolder, HasOneOwner) {
  ScratchFolder scratch;
  auto owner = DataFolder::Own(scratch / "data").ValueOrDie();
  struct stat info {};
  ASSERT_EQ(::stat((scratch / "data").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  const Status second = DataFolder::Own(scratch / "data").status();
  EXPECT_THAT(second.message(), HasSubstr("in use by process " + std::to_string(::getpid())));
  EXPECT_TRUE(DataFolder::Check(scratch / "data").ok());
  owner.reset();
  ASSERT_OK(ReplaceFile(scratch / "data/version", "2\n"));
  EXPECT_THAT(DataFolder::Own(scratch / "data").status().message(), HasSubstr("has format 2, this program knows up to 1"));
  EXPECT_EQ(DataFolder::Check(scratch / "none").code(), StatusCode::kNotFound);
}

TEST(ErrorRing, KeepsTheNewestAndCountsAll) {
  ScratchFolder scratch;
  const std::string path = scratch / "errors";
  EXPECT_EQ(ErrorRing::Read(path).ValueOrDie().count, 0);
  auto ring = ErrorRing::Open(path).ValueOrDie();
  std::vector<RecordError> errors(static_cast<size_t>(ErrorRing::kSlots) + 5);
  for (size_t i = 0; i < errors.size(); ++i) {
    errors[i].partition = static_cast<int32_t>(i % 2);
    errors[i].offset = static_cast<int64_t>(i);
    errors[i].stage = "convert";
    errors[i].column = "qty";
    errors[i].message = "not a number";
    errors[i].payload = "{\"qty\":" + std::to_string(i) + "}";
    if (i % 3 != 0) errors[i].key = i % 3 == 1 ? "" : "key " + std::to_string(i);
  }
  ASSERT_OK(ring->Append(errors));
  EXPECT_EQ(ring->count(), ErrorRing::kSlots + 5);
  auto contents = ErrorRing::Read(path).ValueOrDie();
  EXPECT_EQ(contents.count, ErrorRing::kSlots + 5);
  EXPECT_EQ(contents.errors, std::vector<RecordError>(errors.begin() + 5, errors.end()));
  EXPECT_EQ(ErrorRing::Read(path, 2).ValueOrDie().errors.front().offset, ErrorRing::kSlots + 3);
  // Partition 1 was committed up to 10 001 only: what lies behind will come again.
  ASSERT_OK(ring->TakeBack(1, 10'001));
  ASSERT_OK(ring->TakeBack(1, 10'001));
  EXPECT_EQ(ring->count(), ErrorRing::kSlots + 3);
  ring = nullptr;
  ring = ErrorRing::Open(path).ValueOrDie();
  EXPECT_EQ(ring->count(), ErrorRing::kSlots + 3);
  contents = ErrorRing::Read(path).ValueOrDie();
  EXPECT_EQ(contents.errors.size(), static_cast<size_t>(ErrorRing::kSlots) - 2);
  EXPECT_EQ(contents.errors.back().offset, 10'004);
  EXPECT_EQ(contents.errors[contents.errors.size() - 2].offset, 10'002);
}

TEST(ErrorRing, CutsWhatIsTooLongAtACharacter) {
  ScratchFolder scratch;
  auto ring = ErrorRing::Open(scratch / "errors").ValueOrDie();
  RecordError error;
  error.message = std::string(1023, 'x') + "\xc3\xa9";
  error.payload = std::string(100'000, 'p');
  error.payload_bytes = 100'000;
  ASSERT_OK(ring->Append({&error, 1}));
  const RecordError read = ErrorRing::Read(scratch / "errors").ValueOrDie().errors.at(0);
  EXPECT_EQ(read.message, std::string(1023, 'x'));
  EXPECT_EQ(read.payload.size(), RecordError::kMaxPayloadBytes);
  EXPECT_EQ(read.payload_bytes, 100'000);
}

TEST(ErrorRing, KeepsOfAKeyWhatThereIsRoomFor) {
  ScratchFolder scratch;
  auto ring = ErrorRing::Open(scratch / "errors").ValueOrDie();
  RecordError small, large;
  small.key = large.key = std::string(3000, 'k');
  large.stage = std::string(100, 's');
  large.column = std::string(1000, 'c');
  large.message = std::string(5000, 'm');
  large.payload = std::string(100'000, 'p');
  const RecordError errors[] = {small, large};
  ASSERT_OK(ring->Append(errors));
  const auto read = ErrorRing::Read(scratch / "errors").ValueOrDie().errors;
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].key, std::string(RecordError::kMaxKeyBytes, 'k'));
  EXPECT_EQ(read[1].key, std::string(RecordError::kSureKeyBytes, 'k'));
  EXPECT_EQ(read[1].payload.size(), RecordError::kMaxPayloadBytes);
}

TEST(ErrorRing, IsReadOnlyWhereThereIsSomethingToTakeBack) {
  ScratchFolder scratch;
  auto ring = ErrorRing::Open(scratch / "errors").ValueOrDie();
  RecordError error;
  error.partition = 3;
  error.offset = 70;
  ASSERT_OK(ring->Append({&error, 1}));
  ring = nullptr;
  ring = ErrorRing::Open(scratch / "errors").ValueOrDie();
  ASSERT_OK(ArmFault("file.read:1:5:1"));
  ASSERT_OK(ring->TakeBack(3, 71));
  ASSERT_OK(ring->TakeBack(2, 0));
  EXPECT_FALSE(ring->TakeBack(3, 70).ok());
  EXPECT_EQ(ring->count(), 1);
  ASSERT_OK(ring->TakeBack(3, 70));
  EXPECT_EQ(ring->count(), 0);
  ASSERT_OK(ArmFault("file.read:1:5:1"));
  ASSERT_OK(ring->TakeBack(3, 70));
  ASSERT_OK(ArmFault(""));
  ASSERT_OK(ring->Append({&error, 1}));
  ASSERT_OK(ring->TakeBack(3, 0));
  EXPECT_EQ(ring->count(), 0);
}

TEST_F(StoreTest, ACheckInPartsSeesEveryBlock) {
  Open();
  for (int64_t at = 0; at < 2000; at += 100) ASSERT_OK(writer().Append(SomeCommit(at, at + 100)));
  const std::string path = table() + "/p0/0.1.rows";
  const int64_t published = writer().segment()->rows_bytes;
  const auto parts = [&](Status* damage) {
    RowsCheck check = CheckRowsFile(path, std::nullopt, {nullptr, 10'000}).ValueOrDie();
    int calls = 1;
    for (int64_t before = kRowsHeaderBytes; check.damage.ok() && check.good_bytes < published; ++calls) {
      EXPECT_GE(check.good_bytes - before, 10'000);
      before = check.good_bytes;
      const RowsCheck so_far = check;
      check = CheckRowsFile(path, std::nullopt, {&so_far, 10'000}).ValueOrDie();
    }
    *damage = check.damage;
    EXPECT_EQ(check.end(), check.last->end);
    return calls;
  };
  Status damage;
  const int calls = parts(&damage);
  EXPECT_TRUE(damage.ok()) << damage;
  EXPECT_GT(calls, 4);
  EXPECT_EQ(CheckRowsFile(path).ValueOrDie().good_bytes, published);
  for (const int64_t at : {published / 4, published / 2, published - 100}) {
    Flip(path, at);
    (void)parts(&damage);
    EXPECT_EQ(damage.code(), StatusCode::kDataLoss) << at;
    Flip(path, at);
  }
}

TEST_F(StoreTest, TheOwnersRoundFindsDamageOfAConsumingSegmentEachTime) {
  Open();
  for (int64_t at = 0; at < 500; at += 100) ASSERT_OK(writer().Append(SomeCommit(at, at + 100)));
  for (int round = 0; round < 3; ++round) ASSERT_TRUE(store_->CheckOne({}).ValueOrDie());
  EXPECT_TRUE(writer().failed().ok());
  Flip(table() + "/p0/0.1.rows", writer().segment()->rows_bytes / 3);
  ASSERT_TRUE(store_->CheckOne({}).ValueOrDie());
  EXPECT_EQ(writer().failed().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace lotic::table
