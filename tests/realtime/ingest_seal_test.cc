// SPDX-License-Identifier: Apache-2.0
// Consuming segments that end by their time and by the size of those before; by their rows: ingest_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "table/table_view.h"
#include "tests/realtime/ingest_world.h"

namespace lotic::table {
namespace {

/// The sealed segments of partition 0, oldest first.
std::vector<SegmentInfo> Sealed(IngestWorld& world) {
  std::vector<SegmentInfo> sealed;
  const std::shared_ptr<const TableView> view = world.tables().View("events").ValueOrDie();
  for (const SegmentInfo& segment : view->Find(0)->segments) {
    if (segment.state == SegmentState::kDone) sealed.push_back(segment);
  }
  return sealed;
}

void ExpectRowsOfTheTopic(IngestWorld& world) {
  ASSERT_TRUE(world.CaughtUp()) << world.tables().GetStatus("events")->error;
  const Published published = world.Read();
  EXPECT_EQ(published.doubled, 0);
  EXPECT_TRUE(published.ids == world.expected());
}

TEST(IngestSeal, ASegmentWithRowsEndsWhenItsTimeIsOver) {
  IngestWorld world(1);
  world.Open();
  world.AddTable({{"realtime.segment.flush.threshold.time", "300ms"}, {"realtime.segment.flush.threshold.segment.rows", "1000000"}});
  for (size_t round = 1; round <= 2; ++round) {
    world.Produce(0, 50);
    ASSERT_TRUE(world.CaughtUp());
    ASSERT_TRUE(world.WaitFor([&] { return !Sealed(world).empty() && Sealed(world).back().end == static_cast<int64_t>(50 * round); }));
    EXPECT_EQ(Sealed(world).back().reason, SealReason::kTimeLimit);
  }
  ExpectRowsOfTheTopic(world);
}

TEST(IngestSeal, ASegmentWhoseRecordsBecameNoRowsEndsInTimeToo) {
  IngestWorld world(1);
  world.Open();
  world.AddTable({{"realtime.segment.flush.threshold.time", "300ms"}, {"realtime.segment.flush.threshold.segment.rows", "1000000"}});
  for (int i = 0; i < 3; ++i) world.ProduceValue(0, std::nullopt);
  ASSERT_TRUE(world.WaitFor([&] { return !Sealed(world).empty(); }));
  EXPECT_EQ(Sealed(world).front().reason, SealReason::kTimeLimit);
  EXPECT_EQ(Sealed(world).front().totals.rows, 0);
  EXPECT_EQ(Sealed(world).front().start, 0);
  world.Produce(0, 50);
  ExpectRowsOfTheTopic(world);
}

TEST(IngestSeal, BySizeTheNextSegmentsFollowTheSizeOfThoseBefore) {
  IngestWorld world(1);
  world.Open();
  // Far too large for the size wanted: the next one is halved, and 10,000 rows are the least.
  world.AddTable({{"realtime.segment.flush.threshold.rows", "0"},
                  {"realtime.segment.flush.threshold.segment.size", "20K"},
                  {"realtime.segment.flush.autotune.initialRows", "12000"}});
  size_t rounds = 0;
  do {  // a segment's threshold is set when the one before ends, by those that were sealed until then
    world.Produce(0, 12'000, 1000);
    ++rounds;
    ASSERT_TRUE(world.CaughtUp());
    ASSERT_TRUE(world.WaitFor([&] { return Sealed(world).size() >= rounds; }));
  } while (Sealed(world).back().totals.rows != 10'000 && rounds < 6);
  const std::vector<SegmentInfo> sealed = Sealed(world);
  EXPECT_EQ(sealed.front().totals.rows, 12'000);
  EXPECT_EQ(sealed.back().totals.rows, 10'000);
  for (const SegmentInfo& segment : sealed) EXPECT_EQ(segment.reason, SealReason::kRowLimit);
  ExpectRowsOfTheTopic(world);
}

}  // namespace
}  // namespace lotic::table
