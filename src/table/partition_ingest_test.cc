// SPDX-License-Identifier: Apache-2.0
#include "table/partition_ingest.h"

#include <gtest/gtest.h>

#include "catalog/pinot_schema.h"
#include "table/test_pipeline.h"
#include "table/test_store.h"

namespace lotic::table {
namespace {

using testing_pipeline::RawBatch;
using testing_pipeline::RawRecord;

TEST(PartitionIngest, TheNewestStreamTimeOfASegmentIsTheGreatestOfItsRecords) {
  const ScratchFolder folder;
  const auto store = MakeStore(folder / "events", 100);
  const auto schema = catalog::ParsePinotSchema(R"({"schemaName":"events","dimensionFieldSpecs":[{"name":"name","dataType":"STRING"}],
    "dateTimeFieldSpecs":[{"name":"ts","dataType":"LONG","format":"1:MILLISECONDS:EPOCH","granularity":"1:MILLISECONDS"}]})")
                          .ValueOrDie()
                          .value;
  IngestShared shared;
  shared.config.raw_name = "events";
  shared.config.time_column = "ts";
  shared.config.stream.decoder_class = "JSONMessageDecoder";
  shared.pipeline = RecordPipeline::Create(schema, shared.config, nullptr).ValueOrDie();
  shared.time_column = shared.pipeline->stored_columns()->IndexOf("ts");
  shared.store = store.get();
  shared.sizer.emplace(shared.config.stream.flush, 1);
  PartitionIngest ingest(shared, 0, store->writer(0).ValueOrDie());
  // The producer's times: the last record is the oldest.
  const auto record = [](int64_t stream_ms) { return RawRecord{.value = R"({"name":"a","ts":1700000000000})", .timestamp_ms = stream_ms}; };
  const Batch raw = RawBatch(shared.pipeline->raw_layout(), {record(5000), record(9000), record(1000)});
  ingest.Queue({raw, 0, 3, 103});
  ASSERT_TRUE(ingest.Work({}).ok());
  EXPECT_EQ(store->writer(0).ValueOrDie()->segment()->totals.newest_stream_ms, 9000);
  EXPECT_EQ(store->writer(0).ValueOrDie()->segment()->totals.rows, 3);
  ingest.Queue({RawBatch(shared.pipeline->raw_layout(), {record(12000), record(2000)}, 103), 0, 2, 105});
  ASSERT_TRUE(ingest.Work({}).ok());
  EXPECT_EQ(store->writer(0).ValueOrDie()->segment()->totals.newest_stream_ms, 12000);
}

}  // namespace
}  // namespace lotic::table
