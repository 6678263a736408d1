// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/aborted_transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kafka_protocol/batch_builder.h"

namespace lotic::kafka_protocol {
namespace {

std::string Data(int64_t offset, int64_t producer, bool transactional = true, int32_t records = 1) {
  RecordBatchBuilder builder({.base_offset = offset, .producer_id = producer, .transactional = transactional});
  for (int32_t i = 0; i < records; ++i) builder.Add(1, "k", "v");
  return *builder.Finish();
}
std::string Marker(int64_t offset, int64_t producer, ControlType type) {
  RecordBatchBuilder builder({.base_offset = offset, .producer_id = producer, .transactional = true, .control = true});
  builder.AddMarker(type, 1);
  return *builder.Finish();
}

// One letter per batch: d deliver, a aborted, c control.
std::string Judge(const std::string& bytes, std::vector<AbortedTransaction> list) {
  AbortedTransactions aborted(list);
  BatchScanner scanner(AsBytes(bytes));
  BatchView batch;
  std::string fates;
  while (scanner.Next(&batch)) fates += "dac"[static_cast<int>(*aborted.Judge(batch))];
  EXPECT_TRUE(scanner.status().ok());
  return fates;
}

TEST(AbortedTransactions, DropsAProducersBatchesUntilItsAbortMarker) {
  const std::string log = Data(0, 1) + Data(1, 2) + Data(2, 1) + Marker(3, 1, ControlType::kAbort) + Data(4, 1) + Data(5, 2) +
                          Marker(6, 1, ControlType::kCommit) + Marker(7, 2, ControlType::kCommit);
  EXPECT_EQ(Judge(log, {{1, 0}}), "adacddcc");
  EXPECT_EQ(Judge(log, {}), "dddcddcc");
}

TEST(AbortedTransactions, TakesTheListInAnyOrderAndAProducerMoreThanOnce) {
  const std::string log = Data(0, 1) + Marker(1, 1, ControlType::kAbort) + Data(2, 1) + Marker(3, 1, ControlType::kCommit) + Data(4, 2) + Data(5, 1) +
                          Marker(6, 1, ControlType::kAbort) + Marker(7, 2, ControlType::kAbort);
  EXPECT_EQ(Judge(log, {{2, 4}, {1, 5}, {1, 0}}), "acdcaacc");
}

TEST(AbortedTransactions, LeavesBatchesOutsideTransactionsAlone) { EXPECT_EQ(Judge(Data(0, 1, false) + Data(1, -1, false), {{1, 0}}), "dd"); }

TEST(AbortedTransactions, StartsInTheMiddleOfATransaction) {
  // The fetch began at offset 5; the transaction at 2.
  EXPECT_EQ(Judge(Data(5, 1) + Marker(6, 1, ControlType::kAbort) + Data(7, 1), {{1, 2}}), "acd");
}

TEST(AbortedTransactions, DoesNotEndAtAnotherProducersMarkerOrAtACommit) {
  EXPECT_EQ(Judge(Data(0, 1) + Marker(1, 2, ControlType::kAbort) + Data(2, 1), {{1, 0}}), "aca");
}

}  // namespace
}  // namespace lotic::kafka_protocol
