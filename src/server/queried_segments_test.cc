// SPDX-License-Identifier: Apache-2.0
#include "server/queried_segments.h"

#include <gtest/gtest.h>

#include "scan/certificate.h"

namespace lotic::server {
namespace {

QueriedSegments Three() {
  return {30, {{"t__0__0", false, false, 10, 0, 0, 0}, {"t__0__1", true, false, 20, 2000, 0, 1}, {"t__1__0", true, true, 0, 1000, 1, 0}}};
}

SplitCertificate Of(const std::string& name, int64_t start, int64_t end, EndReason reason) {
  Split split;
  split.partition = name;
  split.start = {std::to_string(start)};
  split.end = Position{std::to_string(end)};
  return UnreadCertificate(split, true, reason);
}

/// As a plan names what it leaves out: of no length.
SplitCertificate LeftOut(const std::string& name, int64_t at) {
  Split split;
  split.partition = name;
  split.start = {std::to_string(at)};
  SplitCertificate made = UnreadCertificate(split, true, EndReason::kPruned);
  made.planned_end = split.start;
  return made;
}

std::vector<TableCertificate> Table(std::vector<SplitCertificate> splits) {
  TableCertificate table;
  table.complete = true;
  table.partitions = std::move(splits);
  return {table};
}

TEST(QueriedSegments, OfACountAreScannedAsTheirCertificatesSayAndFresh) {
  SplitCertificate first = Of("t__0__0", 0, 10, EndReason::kEnd), second = Of("t__0__1", 10, 40, EndReason::kEnd);
  first.rows = 10;
  second.rows = 19;  // one more was published since
  BrokerResponse response;
  CountSegments(Three(), Table({first, second}), &response);
  EXPECT_EQ(response.freshness_ms, 1000);
  EXPECT_EQ(response.docs_scanned, 29);
  EXPECT_EQ(response.total_docs, 30);
  EXPECT_EQ(response.segments_queried, 3);
  EXPECT_EQ(response.segments_processed, 3);
  EXPECT_EQ(response.segments_matched, 2);
  EXPECT_EQ(response.consuming_queried, 2);
  EXPECT_EQ(response.consuming_processed, 2);
  EXPECT_EQ(response.consuming_matched, 1);
  EXPECT_EQ(response.pruned_by_value, 0);
}

TEST(QueriedSegments, ThatThePlanLeftOutArePrunedAndCountForTheFreshness) {
  SplitCertificate read = Of("t__0__0", 0, 10, EndReason::kEnd);
  read.rows = 10;
  read.read_end = *read.planned_end;
  BrokerResponse response;
  CountSegments(Three(), Table({read, LeftOut("t__0__1", 10)}), &response);
  EXPECT_EQ(response.freshness_ms, 1000);
  EXPECT_EQ(response.docs_scanned, 10);
  EXPECT_EQ(response.segments_processed, 2);  // and the one without offsets, which there is nothing of to read
  EXPECT_EQ(response.segments_matched, 1);
  EXPECT_EQ(response.pruned_by_value, 1);
}

TEST(QueriedSegments, WithoutAReadingArePruned) {
  BrokerResponse response;
  CountSegments(Three(), {}, &response);
  EXPECT_EQ(response.docs_scanned, 0);
  EXPECT_EQ(response.segments_queried, 3);
  EXPECT_EQ(response.pruned_by_value, 2);
}

TEST(QueriedSegments, ThatAReadingFoundDamagedAreKnown) {
  const QueriedSegments segments = Three();
  const auto damaged = DamagedSegments(segments, Table({Of("t__0__0", 0, 10, EndReason::kEnd), Of("t__0__1", 10, 40, EndReason::kDataLoss)}));
  ASSERT_EQ(damaged.size(), 1U);
  EXPECT_EQ(damaged[0]->partition, 0);
  EXPECT_EQ(damaged[0]->sequence, 1);
  EXPECT_TRUE(DamagedSegments(segments, Table({Of("t__0__1", 10, 40, EndReason::kError), Of("t__0", 0, 0, EndReason::kDataLoss)})).empty());
}

TEST(Freshness, IsTheStreamsLastWordAtTheEnd) {
  table::PartitionView partition;
  table::SegmentInfo consuming;
  consuming.created_ms = 500;
  table::PartitionStatus now;
  now.lag = 0;
  now.heard_ms = 9000;
  now.newest_stream_ms = 700;
  EXPECT_EQ(FreshAsOf(partition, consuming, &now), 9000);
  now.lag = 3;
  EXPECT_EQ(FreshAsOf(partition, consuming, &now), 700);
}

TEST(Freshness, OfAnEmptySegmentIsThatOfTheRecordsBefore) {
  table::PartitionView partition;
  table::SegmentInfo before, consuming;
  before.totals.newest_commit_ms = 800;
  consuming.created_ms = 900;
  partition.segments = {before, consuming};
  EXPECT_EQ(FreshAsOf(partition, consuming, nullptr), 800);  // records without a time
  partition.segments[0].totals.newest_stream_ms = 600;
  EXPECT_EQ(FreshAsOf(partition, consuming, nullptr), 600);
  const table::PartitionStatus connecting;
  EXPECT_EQ(FreshAsOf(partition, consuming, &connecting), 600);
  EXPECT_EQ(FreshAsOf({}, consuming, &connecting), 900);  // no record yet
}

}  // namespace
}  // namespace lotic::server
