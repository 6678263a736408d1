// SPDX-License-Identifier: Apache-2.0
#include "table/segment_sizer.h"

#include <gtest/gtest.h>

namespace lotic::table {
namespace {

catalog::FlushThresholds BySize(int64_t bytes) {
  catalog::FlushThresholds flush;
  flush.total_rows = 0;
  flush.segment_bytes = bytes;
  return flush;
}

TEST(SegmentSizer, RowsOfAProcessAreDividedByThePartitions) {
  catalog::FlushThresholds flush;
  flush.total_rows = 1000;
  SegmentSizer sizer(flush, 1);
  EXPECT_EQ(sizer.NextRows(4), 250);
  EXPECT_EQ(sizer.NextRows(3000), 1);
  flush.segment_rows = 77;
  sizer.Configure(flush);
  EXPECT_EQ(sizer.NextRows(4), 77);
}

TEST(SegmentSizer, VarianceSpreadsTheThresholdWithinItsFraction) {
  catalog::FlushThresholds flush;
  flush.segment_rows = 100'000;
  flush.variance = 0.2;
  SegmentSizer sizer(flush, 7);
  int64_t least = 1 << 30, most = 0;
  for (int i = 0; i < 1000; ++i) {
    const int64_t rows = sizer.NextRows(1);
    least = std::min(least, rows);
    most = std::max(most, rows);
  }
  EXPECT_GE(least, 80'000);
  EXPECT_LE(most, 120'000);
  EXPECT_LT(least, 85'000);
  EXPECT_GT(most, 115'000);
}

TEST(SegmentSizer, BySizeItBeginsWithTheFirstGuess) {
  SegmentSizer sizer(BySize(1'000'000), 1);
  EXPECT_EQ(sizer.NextRows(1), 100'000);
}

TEST(SegmentSizer, BySizeItGrowsFromSmallSegmentsAndHalvesAfterLargeOnes) {
  SegmentSizer sizer(BySize(1'000'000), 1);
  sizer.Completed({EndOfSegment::kRows, 100'000, 100'000, 100'000});  // a tenth of what is wanted
  EXPECT_EQ(sizer.NextRows(1), 150'000);
  sizer.Completed({EndOfSegment::kRows, 150'000, 150'000, 2'000'000});
  EXPECT_EQ(sizer.NextRows(1), 75'000);
}

TEST(SegmentSizer, BySizeItFollowsTheRatioWhereTheSizeIsAboutRight) {
  SegmentSizer sizer(BySize(1'000'000), 1);
  sizer.Completed({EndOfSegment::kRows, 100'000, 100'000, 800'000});
  EXPECT_DOUBLE_EQ(sizer.ratio(), 0.125);
  EXPECT_EQ(sizer.NextRows(1), 125'000);
  sizer.Completed({EndOfSegment::kRows, 125'000, 125'000, 1'250'000});  // 0.1 rows a byte: weighs a tenth
  EXPECT_DOUBLE_EQ(sizer.ratio(), 0.1 * 0.1 + 0.9 * 0.125);
  EXPECT_EQ(sizer.NextRows(1), 122'500);
}

TEST(SegmentSizer, ASegmentEndedByTimeGrowsByATenthAndScalesWithAShorterLimit) {
  catalog::FlushThresholds flush = BySize(1'000'000);
  SegmentSizer sizer(flush, 1);
  sizer.Completed({EndOfSegment::kTime, 100'000, 50'000, 400'000});
  EXPECT_EQ(sizer.NextRows(1), 55'000);
  flush.time_ms /= 2;
  sizer.Configure(flush);
  EXPECT_EQ(sizer.NextRows(1), 27'500);
}

TEST(SegmentSizer, NothingIsLearntFromForcedSegmentsAndTheFloorHolds) {
  SegmentSizer sizer(BySize(1'000'000), 1);
  sizer.Completed({EndOfSegment::kForced, 100'000, 5, 1000});
  EXPECT_EQ(sizer.ratio(), 0);
  EXPECT_EQ(sizer.NextRows(1), 100'000);
  sizer.Completed({EndOfSegment::kTime, 100'000, 5, 1000});
  EXPECT_EQ(sizer.NextRows(1), SegmentSizer::kLeastRows);
}

TEST(SegmentEndTime, ASegmentTakenUpLateHasTenMinutesOrItsWholeTime) {
  constexpr int64_t kHour = 3'600'000;
  EXPECT_EQ(SegmentEndTime(1000, 1000, 6 * kHour), 1000 + 6 * kHour);
  EXPECT_EQ(SegmentEndTime(0, 7 * kHour, 6 * kHour), 7 * kHour + 600'000);
  EXPECT_EQ(SegmentEndTime(0, 7 * kHour, 5000), 7 * kHour + 5000);
}

}  // namespace
}  // namespace lotic::table
