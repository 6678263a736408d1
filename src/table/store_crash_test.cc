// SPDX-License-Identifier: Apache-2.0
// What is left after the process died at any step, after any byte was damaged, and what another process sees meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "table/fault_point.h"
#include "table/files.h"
#include "table/journal.h"
#include "table/rows_file.h"
#include "table/rows_map.h"
#include "table/rows_reader.h"
#include "table/table_view.h"
#include "table/test_segment_files.h"
#include "table/test_store.h"

namespace lotic::table {
namespace {

class TestClock final : public Clock {
 public:
  int64_t NowMs() const override { return now_ms; }
  int64_t now_ms = 1'786'000'000'000;
};

void Check(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::_Exit(2);
}

// Each byte where that takes seconds; a sample in builds that are slow on purpose.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr size_t kStride = 1;
#else
constexpr size_t kStride = 13;
#endif

constexpr int64_t kEnd = 400, kLostFrom = 200, kLostTo = 260;

std::vector<std::string> RowsWithoutTheLost(int64_t end) {
  std::vector<std::string> rows = ExpectedRows(0, std::min(end, kLostFrom));
  for (std::string& row : ExpectedRows(std::min(end, kLostTo), end)) rows.push_back(std::move(row));
  return rows;
}

// Commits up to kEnd, with everything a store goes through on the way. Goes on from whatever is there. `acknowledged`: the position of the last commit that returned.
void Work(const std::string& folder, int64_t* acknowledged) {
  TestClock clock;
  const auto files = MakeTestSegmentFiles();
  const StoreOptions options{1000, &clock};
  Result<std::unique_ptr<TableStore>> opened = TableStore::Open(folder, options);
  if (!opened.ok() && opened.status().code() == StatusCode::kNotFound) opened = TableStore::Create(folder, SomeTable(), options);
  Check(opened.status());
  TableStore& store = **opened;
  const std::array<PartitionStart, 1> first = {{{0, 0, {}}}}, second = {{{1, 10, {}}}};
  if (store.partitions().empty()) Check(store.AddPartitions("one", first));
  PartitionWriter* const writer = store.writer(0).ValueOrDie();
  *acknowledged = writer->position();
  while (writer->position() < kEnd) {
    const int64_t at = writer->position();
    if (!writer->segment().has_value()) Check(writer->Resume(at, clock.now_ms, "resumed"));
    if (at == kLostFrom) {
      Check(store.RecordLoss(0, kLostTo, "gone", clock.now_ms));
    } else {
      RecordError error;
      error.offset = at + 3;
      Check(store.errors().Append({&error, 1}));
      Check(writer->Append(SomeCommit(at, at + 20)));
    }
    *acknowledged = writer->position();
    clock.now_ms += 600;
    if (at % 60 == 40) Check(writer->Sync());
    if (at % 80 == 60) Check(writer->Roll(SealReason::kRowLimit, clock.now_ms));
    if (at == 300) Check(writer->RollAndPause(SealReason::kPause, clock.now_ms));
    if (at >= 160) {
      while (store.SealOne(*files, {}).ValueOrDie()) continue;
      Check(store.DropExpired(std::nullopt, clock.now_ms).status());
    }
    if (at >= 100 && store.partitions().size() == 1) Check(store.AddPartitions("two", second));
  }
  if (store.partitions().size() == 1) Check(store.AddPartitions("two", second));
  Check(store.Close());
}

// Runs in a process of its own. @return how it ended, as waitpid says it.
int InChild(const std::function<void()>& what) {
  const pid_t child = ::fork();
  if (child == 0) {
    what();
    std::_Exit(0);
  }
  int ended = 0;
  ::waitpid(child, &ended, 0);
  return ended;
}

class KilledAt : public testing::TestWithParam<const char*> {};

TEST_P(KilledAt, EveryPassLeavesWhatWasAcknowledgedAndNothingTwice) {
  auto* const acknowledged = static_cast<int64_t*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  int passes = 0;
  // At the points that every commit passes, each third pass is enough of a sample.
  for (int pass = 1;; pass += pass < 20 ? 1 : 3) {
    ScratchFolder scratch;
    const std::string folder = scratch / "t";
    *acknowledged = 0;
    const int ended = InChild([&] {
      Check(ArmFault(std::string(GetParam()) + ":" + std::to_string(pass)));
      Work(folder, acknowledged);
    });
    if (WIFEXITED(ended)) {
      ASSERT_EQ(WEXITSTATUS(ended), 0) << GetParam() << " pass " << pass;
      break;
    }
    ASSERT_TRUE(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL) << GetParam() << " pass " << pass;
    ++passes;
    const auto files = MakeTestSegmentFiles();
    const auto view = TableView::Open(folder);
    if (view.ok() && (*view)->Find(0) != nullptr) {
      // A reader beside, before anybody recovered.
      ASSERT_TRUE((*view)->Find(0)->damaged.ok()) << GetParam() << " pass " << pass << (*view)->Find(0)->damaged;
      ASSERT_GE((*view)->Find(0)->position, *acknowledged) << GetParam() << " pass " << pass;
      ASSERT_EQ(RowsOf(**view, 0, files.get()), RowsWithoutTheLost((*view)->Find(0)->position)) << GetParam() << " pass " << pass;
    } else {
      ASSERT_EQ(*acknowledged, 0);
    }
    int64_t again = 0;
    const int64_t before = *acknowledged;
    Work(folder, &again);
    ASSERT_GE(again, before);
    const auto after = TableView::Open(folder).ValueOrDie();
    ASSERT_EQ(after->Find(0)->position, kEnd);
    ASSERT_EQ(RowsOf(*after, 0, files.get()), RowsWithoutTheLost(kEnd)) << GetParam() << " pass " << pass;
    ASSERT_NE(after->Find(1), nullptr);
    RecordFates fates;
    for (const SegmentInfo& segment : after->Find(0)->segments) fates += segment.totals.fates;
    ASSERT_EQ(fates.Sum(), kEnd) << GetParam() << " pass " << pass;
    ASSERT_EQ(fates.missing, kLostTo - kLostFrom);
    ASSERT_EQ(after->Find(0)->losses.size(), 1u);
    // Each commit recorded one error.
    const auto errors = ErrorRing::Read(folder + "/errors").ValueOrDie();
    ASSERT_EQ(errors.count, (kEnd - (kLostTo - kLostFrom)) / 20) << GetParam() << " pass " << pass;
    ASSERT_EQ(errors.errors.size(), static_cast<size_t>(errors.count));
    for (const std::string& name : ListFolder(folder + "/p0").ValueOrDie()) ASSERT_FALSE(name.ends_with(".tmp")) << name;
    ASSERT_EQ(::access((folder + "/p0/quarantine").c_str(), F_OK), -1) << GetParam() << " pass " << pass << ": a kill damages nothing";
  }
  EXPECT_GE(passes, 1) << "the work never passes " << GetParam();
  ::munmap(acknowledged, 4096);
}

INSTANTIATE_TEST_SUITE_P(Points, KilledAt,
                         testing::Values("file.open", "file.write", "file.sync", "file.rename", "file.remove", "folder.sync", "store.append.before_write",
                                         "store.append.before_publish", "store.append.after_publish", "store.sync.before", "store.sync.before_durable",
                                         "store.segment.before_create", "store.segment.after_create", "store.roll.before_sync", "store.roll.before_record",
                                         "store.roll.after_record", "store.pause.before_record", "store.resume.before_record", "store.journal.before_sync",
                                         "store.journal.before_publish", "store.journal.after", "store.journal.before_rewrite", "store.journal.between_copies",
                                         "store.seal.before_write", "store.seal.before_sync", "store.seal.before_rename", "store.seal.before_record",
                                         "store.seal.after_record", "store.drop.before_record", "store.drop.before_remove", "store.discovery.before_record",
                                         "store.discovery.after_record", "store.loss.before_commit"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

// A rows file of about 64 KiB: commits of several sizes, all durable.
struct Sample {
  ScratchFolder scratch;
  std::string path = scratch / "0.1.rows";
  std::string bytes;
  std::vector<std::pair<int64_t, int64_t>> commits;  // where the block ends, the offset behind it

  Sample() {
    auto rows = RowsFile::Create(path, {0, 0, 0, 1, 5, "6f1c2d0e"}).ValueOrDie();
    for (int64_t at = 0, size = 1; rows->state().published < (int64_t{64} << 10); at += size, size = (size * 3) % 100 + 1) {
      Check(rows->Append(SomeCommit(at, at + size), {}, 0));
      commits.emplace_back(rows->state().published, rows->state().end);
    }
    Check(rows->Sync());
    bytes = ReadWholeFile(path, size_t{1} << 20).ValueOrDie();
  }
  // The offset behind the last commit that ends at or before byte `at`.
  int64_t EndBefore(int64_t at) const {
    int64_t end = 0;
    for (const auto& [behind, offset] : commits) end = behind <= at ? offset : end;
    return end;
  }
};

TEST(DamagedRowsFile, EveryByteThatChangesIsFoundAndOnlyWhatIsBeforeItsBlockIsGood) {
  const Sample sample;
  const File file = File::Open(sample.path, O_RDWR).ValueOrDie();
  for (size_t at = 0; at < sample.bytes.size(); at += kStride) {
    const char changed = static_cast<char>(sample.bytes[at] ^ (at % 3 == 0 ? 0xff : 1 << (at % 8)));
    Check(file.WriteAt(static_cast<int64_t>(at), std::string_view(&changed, 1)));
    const RowsCheck check = CheckRowsFile(sample.path).ValueOrDie();
    if (static_cast<int64_t>(at) >= kRowsHeaderBytes) {
      ASSERT_FALSE(check.damage.ok()) << "byte " << at;
      ASSERT_EQ(check.end(), sample.EndBefore(static_cast<int64_t>(at))) << "byte " << at;
    } else if (static_cast<int64_t>(at) >= kSyncFailedAt && static_cast<int64_t>(at) < kSyncFailedAt + 8) {
      ASSERT_TRUE(check.sync_failed) << "byte " << at;
    } else {
      ASSERT_FALSE(check.damage.ok()) << "byte " << at;
      ASSERT_TRUE(check.header_damage.ok() == (at >= 16 && at < 40)) << "byte " << at;
    }
    Check(file.WriteAt(static_cast<int64_t>(at), std::string_view(&sample.bytes[at], 1)));
  }
  EXPECT_TRUE(CheckRowsFile(sample.path).ValueOrDie().damage.ok());
}

TEST(DamagedRowsFile, ACutAtAnyByteIsFound) {
  const Sample sample;
  for (size_t size = sample.bytes.size() - 1; size >= kStride; size -= kStride) {
    ASSERT_EQ(::truncate(sample.path.c_str(), static_cast<off_t>(size)), 0);
    const RowsCheck check = CheckRowsFile(sample.path).ValueOrDie();
    ASSERT_FALSE(check.damage.ok()) << "cut at " << size;
    if (check.header_damage.ok()) {
      ASSERT_EQ(check.end(), sample.EndBefore(static_cast<int64_t>(size))) << "cut at " << size;
    } else {
      ASSERT_LT(static_cast<int64_t>(size), kRowsHeaderBytes);
    }
  }
}

TEST(DamagedRowsFile, AReaderServesOnlyRowsThatAreRight) {
  const Sample sample;
  const Schema layout = SomeRows(0, 1).schema();
  const std::string copy = sample.scratch / "copy.rows";
  const int64_t full = RowsIn(0, sample.commits.back().second);
  int found = 0;
  for (size_t at = 0; at < sample.bytes.size(); at += 29) {
    std::string bytes = sample.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    Check(RemoveFile(copy));
    Check(File::Open(copy, O_RDWR | O_CREAT).ValueOrDie().WriteAt(0, bytes));
    int64_t rows = 0, sum = 0;
    const Status status = [&]() -> Status {
      LOTIC_ASSIGN_OR_RETURN(auto map, RowsMap::Open(copy));
      LOTIC_ASSIGN_OR_RETURN(const auto published, map->ReadPublished());
      LOTIC_ASSIGN_OR_RETURN(auto reader, OpenRowsFile(std::move(map), published.bytes, layout, {}));
      for (;;) {
        LOTIC_ASSIGN_OR_RETURN(const auto batch, reader->Next({}));
        if (!batch.has_value()) return Status::OK();
        for (const int64_t value : batch->column(1).values<int64_t>()) sum += value;
        rows += batch->num_rows();
      }
    }();
    if (status.ok()) {
      ASSERT_EQ(rows, full) << "byte " << at;
      ASSERT_TRUE(at >= 24 && at < 40) << "byte " << at << " was not found";  // of no interest to a reader
    } else {
      ASSERT_EQ(status.code(), StatusCode::kDataLoss) << status;
      ++found;
    }
  }
  EXPECT_GT(found, 2000);
}

TEST(DamagedRowsFile, TheOwnerPutsItAsideAndReadsAgainFromWhereItIsGood) {
  const auto files = MakeTestSegmentFiles();
  ScratchFolder scratch;
  const std::string folder = scratch / "t", path = folder + "/p0/0.1.rows";
  {
    const auto store = MakeStore(folder);
    for (int64_t at = 0; at < 600; at += 30) Check(store->writer(0).ValueOrDie()->Append(SomeCommit(at, at + 30)));
    Check(store->Close());
  }
  const std::string bytes = ReadWholeFile(path, size_t{1} << 20).ValueOrDie();
  const std::string manifest = ReadWholeFile(folder + "/p0/manifest", size_t{1} << 20).ValueOrDie();
  for (size_t at = 11; at < bytes.size(); at += 487) {
    Check(RemoveFolder(folder + "/p0/quarantine"));
    for (const std::string& name : ListFolder(folder + "/p0").ValueOrDie()) {
      if (name.ends_with(".rows")) Check(RemoveFile(folder + "/p0/" + name));
    }
    Check(ReplaceFile(folder + "/p0/manifest", manifest));
    Check(ReplaceFile(folder + "/p0/manifest.copy", manifest));
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    Check(ReplaceFile(path, damaged));
    const auto store = TableStore::Open(folder, {}).ValueOrDie();
    PartitionWriter* const writer = store->writer(0).ValueOrDie();
    const int64_t position = writer->position();
    ASSERT_LE(position, 600);
    ASSERT_FALSE(store->TakeEvents().empty()) << "byte " << at;
    ASSERT_EQ(ListFolder(folder + "/p0/quarantine").ValueOrDie().size(), 1u) << "byte " << at;
    ASSERT_EQ(RowsOf(*store->View().ValueOrDie(), 0, files.get()), ExpectedRows(0, position)) << "byte " << at;
    Check(writer->Append(SomeCommit(position, 610)));
    ASSERT_EQ(RowsOf(*store->View().ValueOrDie(), 0, files.get()), ExpectedRows(0, 610)) << "byte " << at;
  }
}

TEST(DamagedSealedFile, EveryByteThatChangesAndEveryCutIsFoundAndPutAside) {
  const auto files = MakeTestSegmentFiles();
  ScratchFolder scratch;
  const std::string folder = scratch / "t";
  auto store = MakeStore(folder);
  PartitionWriter* const writer = store->writer(0).ValueOrDie();
  while (writer->segment()->rows_bytes < (int64_t{64} << 10)) Check(writer->Append(SomeCommit(writer->position(), writer->position() + 100)));
  Check(writer->Roll(SealReason::kRowLimit, 5));
  ASSERT_TRUE(store->SealOne(*files, {}).ValueOrDie());
  const auto view = store->View().ValueOrDie();
  const SegmentInfo sealed = view->Find(0)->segments.at(0);
  ASSERT_GT(sealed.file_bytes, 48 << 10);
  const std::string path = view->PathOf(0, sealed.file);
  const std::string bytes = ReadWholeFile(path, size_t{1} << 20).ValueOrDie();
  // Not opened while it is good: what was found good is not summed again.
  const auto opened = [&] { return SegmentRows::Open({}, *view, sealed, SomeRows(0, 1).schema(), files.get()).status(); };
  {
    const File file = File::Open(path, O_RDWR).ValueOrDie();
    for (size_t at = 0; at < bytes.size(); at += kStride) {
      const char changed = static_cast<char>(bytes[at] ^ (at % 3 == 0 ? 0xff : 1 << (at % 8)));
      Check(file.WriteAt(static_cast<int64_t>(at), std::string_view(&changed, 1)));
      const Status status = opened();
      ASSERT_EQ(status.code(), StatusCode::kDataLoss) << "byte " << at << ": " << status;
      Check(file.WriteAt(static_cast<int64_t>(at), std::string_view(&bytes[at], 1)));
    }
  }
  for (size_t size = bytes.size() - 1; size < bytes.size(); size -= std::min(size + 1, kStride)) {
    ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(size)), 0);
    ASSERT_EQ(opened().code(), StatusCode::kDataLoss) << "cut at " << size;
  }
  // The owner puts it aside, and has its rows again: from the rows file while that is there.
  Check(store->Suspect(0, sealed.sequence));
  EXPECT_EQ(ListFolder(folder + "/p0/quarantine").ValueOrDie().size(), 1u);
  while (store->SealOne(*files, {}).ValueOrDie()) continue;
  EXPECT_EQ(RowsOf(*store->View().ValueOrDie(), 0, files.get()), ExpectedRows(0, sealed.end));
}

TEST(DamagedManifest, EveryByteThatChangesAndEveryCutIsFound) {
  ScratchFolder scratch;
  {
    const auto store = MakeStore(scratch / "t");
    PartitionWriter* const writer = store->writer(0).ValueOrDie();
    for (int64_t at = 0; at < 115; ++at) {
      Check(writer->Append(SomeCommit(at, at + 1)));
      Check(writer->Roll(SealReason::kRowLimit, 5));
    }
  }
  const std::string bytes = ReadWholeFile(scratch / "t/p0/manifest", size_t{1} << 20).ValueOrDie();
  ASSERT_GT(bytes.size(), size_t{48} << 10);
  for (size_t at = 0; at < bytes.size(); at += kStride) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (at % 3 == 0 ? 0xff : 1 << (at % 8)));
    ASSERT_FALSE(ParseJournal(changed).ok()) << "byte " << at;
    ASSERT_FALSE(ParseJournal(std::string_view(bytes).substr(0, at)).ok()) << "cut at " << at;
  }
  ASSERT_TRUE(ParseJournal(bytes).ok());
  ASSERT_TRUE(ParseJournal(bytes + "REC1torn").ok()) << "what was not finished does not count";
  // One copy of two is enough, for readers and for the owner.
  for (size_t at = 3; at < bytes.size(); at += 4999) {
    std::string changed = bytes;
    changed[at] ^= 0x20;
    Check(ReplaceFile(scratch / "t/p0/manifest", changed));
    EXPECT_EQ(TableView::Open(scratch / "t").ValueOrDie()->Find(0)->segments.size(), 116u);
    const auto store = TableStore::Open(scratch / "t", {}).ValueOrDie();
    EXPECT_EQ(store->writer(0).ValueOrDie()->position(), 115);
    EXPECT_THAT(store->TakeEvents().at(0).sentence, testing::HasSubstr("written anew"));
    EXPECT_EQ(ReadWholeFile(scratch / "t/p0/manifest", size_t{1} << 20).ValueOrDie().size(), bytes.size());
  }
}

TEST(OtherProcess, SeesExactlyWhatIsPublishedAtEveryMoment) {
  ScratchFolder scratch;
  const std::string folder = scratch / "t";
  const auto store = MakeStore(folder);
  constexpr int64_t kLast = 6000;
  const pid_t reader = ::fork();
  if (reader == 0) {
    const auto files = MakeTestSegmentFiles();
    int64_t before = 0, looks = 0;
    while (before < kLast) {
      const auto view = TableView::Open(folder);
      Check(view.status());
      const PartitionView& partition = *(*view)->Find(0);
      Check(partition.damaged);
      if (partition.position < before) std::_Exit(3);
      if (partition.position == before && looks > 0) continue;
      before = partition.position;
      ++looks;
      int64_t due = 0;
      for (const SegmentInfo& segment : partition.segments) {
        if (segment.start != due) std::_Exit(4);
        due = segment.end;
      }
      if (due != partition.position) std::_Exit(5);
      if (RowsOf(**view, 0, files.get()) != ExpectedRows(0, partition.position)) std::_Exit(6);
    }
    std::_Exit(looks > 1 ? 0 : 7);
  }
  const auto files = MakeTestSegmentFiles();
  PartitionWriter* const writer = store->writer(0).ValueOrDie();
  for (int64_t at = 0; at < kLast; at += 15) {
    Check(writer->Append(SomeCommit(at, at + 15)));
    if (at % 600 == 585) Check(writer->Roll(SealReason::kRowLimit, at));
    if (at % 900 == 0) {
      const Result<bool> sealed = store->SealOne(*files, {});
      Check(sealed.status());
    }
  }
  int ended = 0;
  ::waitpid(reader, &ended, 0);
  EXPECT_TRUE(WIFEXITED(ended));
  EXPECT_EQ(WEXITSTATUS(ended), 0);
}

}  // namespace
}  // namespace lotic::table
