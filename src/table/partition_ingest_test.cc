// SPDX-License-Identifier: Apache-2.0
#include "table/partition_ingest.h"

#include <gtest/gtest.h>

#include <chrono>
#include <tuple>

#include "catalog/pinot_schema.h"
#include "table/stream_plan.h"
#include "table/test_pipeline.h"
#include "table/test_store.h"

namespace lotic::table {
namespace {

using testing_pipeline::RawBatch;
using testing_pipeline::RawRecord;

/// A table of one partition: name and ts.
class PartitionIngestTest : public testing::Test {
 protected:
  PartitionIngestTest() {
    schema = catalog::ParsePinotSchema(R"({"schemaName":"events","dimensionFieldSpecs":[{"name":"name","dataType":"STRING"}],
    "dateTimeFieldSpecs":[{"name":"ts","dataType":"LONG","format":"1:MILLISECONDS:EPOCH","granularity":"1:MILLISECONDS"}]})")
                 .ValueOrDie()
                 .value;
    shared.config.raw_name = "events";
    shared.config.time_column = "ts";
    shared.config.stream.decoder_class = "JSONMessageDecoder";
    shared.pipeline = RecordPipeline::Create(schema, shared.config, nullptr).ValueOrDie();
    shared.time_column = shared.pipeline->stored_columns()->IndexOf("ts");
    shared.store = store.get();
    shared.sizer.emplace(shared.config.stream.flush, 1);
  }

  catalog::PinotSchema schema;
  const ScratchFolder folder;
  const std::unique_ptr<TableStore> store = MakeStore(folder / "events", 100);
  IngestShared shared;
};

TEST_F(PartitionIngestTest, TheNewestStreamTimeOfASegmentIsTheGreatestOfItsRecords) {
  PartitionIngest ingest(shared, 0, store->writer(0).ValueOrDie());
  // The producer's times: the last record is the oldest.
  const auto record = [](int64_t stream_ms) { return RawRecord{.value = R"({"name":"a","ts":1700000000000})", .timestamp_ms = stream_ms}; };
  const Batch raw = RawBatch(shared.pipeline->raw_layout(), {record(5000), record(9000), record(1000)});
  ingest.Queue({raw, 0, 3, 103, 7});
  ASSERT_TRUE(ingest.Work({}).ok());
  EXPECT_EQ(store->writer(0).ValueOrDie()->segment()->totals.newest_stream_ms, 9000);
  EXPECT_EQ(store->writer(0).ValueOrDie()->segment()->totals.rows, 3);
  EXPECT_EQ(store->writer(0).ValueOrDie()->epoch(), 7);
  ingest.Queue({RawBatch(shared.pipeline->raw_layout(), {record(12000), record(2000)}, 103), 0, 2, 105});
  ASSERT_TRUE(ingest.Work({}).ok());
  EXPECT_EQ(store->writer(0).ValueOrDie()->segment()->totals.newest_stream_ms, 12000);
}

TEST_F(PartitionIngestTest, EveryRecordThatFailedIsInTheErrorsWithItsKey) {
  PartitionIngest ingest(shared, 0, store->writer(0).ValueOrDie());
  constexpr int64_t kBad = 600;
  std::vector<RawRecord> records = {{.value = "no JSON", .key = std::nullopt}, {.value = R"({"name":"a","ts":1})", .key = "good"}};
  for (int64_t i = 1; i < kBad; ++i) records.push_back({.value = "no JSON", .key = "k" + std::to_string(i)});
  const auto count = static_cast<int64_t>(records.size());
  ingest.Queue({RawBatch(shared.pipeline->raw_layout(), records), 0, count, 100 + count, 7});
  ASSERT_TRUE(ingest.Work({}).ok());
  EXPECT_EQ(store->errors().count(), kBad);
  const auto errors = ErrorRing::Read(folder / "events/errors").ValueOrDie().errors;
  ASSERT_EQ(errors.size(), static_cast<size_t>(kBad));
  EXPECT_EQ(errors[0].key, std::nullopt);
  EXPECT_EQ(errors[1].key, "k1");
  EXPECT_EQ(errors[1].offset, 102);
  EXPECT_EQ(errors.back().key, "k" + std::to_string(kBad - 1));
  EXPECT_EQ(errors.back().offset, 100 + count - 1);
}

TEST_F(PartitionIngestTest, BytesAreDroppedWithTheirRecordAndNotWithAValueOfIt) {
  const std::vector<RawRecord> records = {{.value = "no JSON"}, {.value = R"({"name":"a","ts":"x"})"}, {.value = R"({"name":"a","ts":1})"}};
  int64_t offset = 100;
  for (const bool go_on : {true, false}) {
    shared.config.continue_on_error = go_on;
    shared.pipeline = RecordPipeline::Create(schema, shared.config, nullptr).ValueOrDie();
    PartitionIngest ingest(shared, 0, store->writer(0).ValueOrDie());
    ingest.Queue({RawBatch(shared.pipeline->raw_layout(), records, offset), 0, 3, offset + 3, 7});
    ASSERT_TRUE(ingest.Work({}).ok());
    EXPECT_EQ(ingest.counters().fates.rows, go_on ? 2 : 1);
    EXPECT_EQ(ingest.counters().bytes_dropped, static_cast<int64_t>(records[0].value->size() + (go_on ? 0 : records[1].value->size())));
    offset += 3;
  }
}

TEST(StreamPosition, IsAnOffsetWithTheEpochOfItsLogWhereThereIsOne) {
  for (const auto& [text, offset, epoch] : {std::tuple("0", 0, -1), std::tuple("4961", 4961, -1), std::tuple("4961@0", 4961, 0), std::tuple("7@12", 7, 12)}) {
    EXPECT_EQ(OffsetOf({text}).ValueOrDie(), offset);
    EXPECT_EQ(EpochOf({text}), epoch);
    EXPECT_EQ(PositionOf(offset, epoch).text, text);
  }
  for (const char* text : {"", "@", "x", "-1", "5@", "5@x", "@5", "5@-1", "5@1@1", "5@9223372036854775807"}) {
    EXPECT_EQ(OffsetOf({text}).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(RateLimit, PassesItsRateInTenthsOfASecond) {
  using std::chrono::milliseconds;
  const std::chrono::steady_clock::time_point start{milliseconds(1'000'000)};
  RateLimit rate;
  EXPECT_FALSE(rate.limited());
  EXPECT_EQ(rate.Allow(start, 1'000'000), 1'000'000);
  rate.Configure(100);
  EXPECT_EQ(rate.Allow(start, 1000), 100);  // a second's worth at first
  rate.Take(100);
  EXPECT_EQ(rate.Allow(start + milliseconds(50), 1000), 0);
  EXPECT_EQ(rate.Next(start + milliseconds(50)), start + milliseconds(100));
  EXPECT_EQ(rate.Allow(start + milliseconds(100), 1000), 10);
  rate.Take(10);
  EXPECT_EQ(rate.Allow(start + milliseconds(130), 3), 3);  // all of a few
  rate.Take(3);
  int64_t passed = 0;
  for (int i = 0; i < 1000; ++i) {  // ten seconds
    const int64_t now = rate.Allow(start + milliseconds(130 + 10 * i), 1000);
    rate.Take(now);
    passed += now;
  }
  EXPECT_NEAR(static_cast<double>(passed), 1000, 20);
  EXPECT_EQ(rate.Allow(start + milliseconds(3'600'000), 1000), 100);  // and no more than a second's worth after a pause
  rate.Configure(0.5);
  EXPECT_EQ(rate.Allow(start + milliseconds(3'600'000), 1000), 1);
  rate.Take(1);
  EXPECT_EQ(rate.Allow(start + milliseconds(3'601'000), 1000), 0);
  EXPECT_EQ(rate.Allow(start + milliseconds(3'602'000), 1000), 1);
}

}  // namespace
}  // namespace lotic::table
