// SPDX-License-Identifier: Apache-2.0
#include "scan/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lotic {
namespace {

SplitCertificate Part(const char* partition, int64_t start, int64_t end, int64_t read_end, EndReason reason) {
  SplitCertificate c;
  c.partition = partition;
  c.planned_start = c.read_start = {std::to_string(start)};
  c.planned_end = Position{std::to_string(end)};
  c.read_end = {std::to_string(read_end)};
  c.records.returned = read_end - start;
  c.rows = c.records.returned;
  c.reason = reason;
  c.complete = reason == EndReason::kEnd || reason == EndReason::kLimit || reason == EndReason::kPruned;
  return c;
}

TEST(Certificate, SplitsThatFollowOneAnotherBecomeOneEntry) {
  const auto merged = MergeCertificates({Part("10", 0, 5, 5, EndReason::kEnd), Part("2", 50, 90, 90, EndReason::kEnd), Part("2", 0, 50, 50, EndReason::kEnd)});
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0].partition, "2");
  EXPECT_EQ(merged[0].records.returned, 90);
  EXPECT_EQ(merged[0].planned_end->text, "90");
  EXPECT_TRUE(CheckAccounting(merged[0]).ok());
}

TEST(Certificate, AHoleBetweenSplitsKeepsThemApart) {
  const auto merged = MergeCertificates({Part("0", 0, 50, 20, EndReason::kLimit), Part("0", 50, 90, 60, EndReason::kLimit)});
  ASSERT_EQ(merged.size(), 2u);
  for (const SplitCertificate& entry : merged) EXPECT_TRUE(CheckAccounting(entry).ok());
}

TEST(Certificate, RecordsThatDoNotAddUpAreABugOfOurs) {
  SplitCertificate c = Part("0", 0, 50, 20, EndReason::kLimit);
  c.records.missing = 1;
  EXPECT_EQ(CheckAccounting(c).code(), StatusCode::kUnknownError);
  c = Part("0", 0, 50, 60, EndReason::kEnd);
  EXPECT_EQ(CheckAccounting(c).code(), StatusCode::kUnknownError);
}

TEST(Certificate, TheSummaryCountsReadAndPlannedRecordsAndPartitions) {
  Prepared plan;
  plan.token = "T";
  plan.attributes = {{"topic", "orders"}};
  plan.estimate.table_records = 96000;
  plan.estimate.table_partitions = 4;
  plan.left_out = {Part("2", 7, 7, 7, EndReason::kPruned), Part("3", 7, 7, 7, EndReason::kPruned)};
  const TableCertificate table = MakeTableCertificate(plan, {Part("0", 0, 1000, 1000, EndReason::kEnd), Part("1", 0, 204, 204, EndReason::kEnd)});
  EXPECT_EQ(CertificateSummary(std::vector{table}), "read 1,204 of 96,000 records in 2 of 4 partitions, complete");
  EXPECT_EQ(table.reason, "");
}

TEST(Certificate, AnIncompleteScanSaysWhereItStopped) {
  const TableCertificate table = MakeTableCertificate({}, {Part("0", 0, 10, 10, EndReason::kEnd), Part("1", 0, 10, 4, EndReason::kError)});
  EXPECT_FALSE(table.complete);
  EXPECT_EQ(table.reason, "error");
  EXPECT_EQ(CertificateSummary(std::vector{table}), "read 14 of 20 records in 2 of 2 partitions, NOT COMPLETE: partition 1 stopped at 4 of 10 (error)");
}

TEST(Certificate, ALimitIsCompleteWithItsReason) {
  const TableCertificate table = MakeTableCertificate({}, {Part("0", 0, 10, 3, EndReason::kLimit), Part("1", 0, 10, 0, EndReason::kLimit)});
  EXPECT_TRUE(table.complete);
  EXPECT_EQ(table.reason, "limit");
}

TEST(Certificate, ASourceNamesItsPartitionsAndSaysHowTheirEndsWereProved) {
  Prepared plan;
  plan.partition_word = "shard";
  SplitCertificate part = Part("shardId-000000000001", 0, 3, 3, EndReason::kEnd);
  part.first_record = Position{"495"};
  part.last_record = Position{"49590338271490256608559692538361571095921575989136588898"};
  part.proof = "caught_up";
  const std::string json = CertificatesToJson(std::vector{MakeTableCertificate(plan, {part})});
  EXPECT_THAT(json, testing::HasSubstr(R"("shards": [
        {
          "shard": "shardId-000000000001",
          "first": "495",
          "last": "49590338271490256608559692538361571095921575989136588898",)"));
  EXPECT_THAT(json, testing::HasSubstr(R"("reason": "caught_up",)"));
}

TEST(Certificate, TheJsonHasThePublishedForm) {
  Prepared plan;
  plan.token = "T";
  plan.attributes = {{"topic", "t"}, {"cluster_id", "c"}, {"isolation_level", "read_committed"}};
  SplitCertificate part = Part("0", 0, 3, 3, EndReason::kEnd);
  part.bytes_fetched = 77;
  const TableCertificate table = MakeTableCertificate(plan, {part});
  EXPECT_EQ(CertificatesToJson(std::vector{table}), R"({
  "tables": [
    {
      "topic": "t",
      "cluster_id": "c",
      "isolation_level": "read_committed",
      "version": "T",
      "complete": true,
      "reason": null,
      "bytes_fetched": 77,
      "partitions": [
        {
          "partition": 0,
          "planned": {
            "start": 0,
            "end": 3
          },
          "read": {
            "start": 0,
            "end": 3
          },
          "complete": true,
          "reason": null,
          "records": {
            "returned": 3,
            "filtered": 0,
            "skipped": 0,
            "aborted": 0,
            "control": 0,
            "missing": 0
          },
          "rows": 3,
          "undecodable_values": 0,
          "bytes_fetched": 77
        }
      ]
    }
  ]
}
)");
}

}  // namespace
}  // namespace lotic
