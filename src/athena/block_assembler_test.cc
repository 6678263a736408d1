// SPDX-License-Identifier: Apache-2.0
#include "athena/block_assembler.h"

#include <gmock/gmock.h>

#include <random>

#include "athena_protocol/ipc.h"
#include "athena_protocol/test_blocks.h"

namespace lotic::athena {
namespace {

using testing::EveryType;

std::vector<std::string> RowsOf(const Batch& batch) {
  std::vector<std::string> rows;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    std::string text;
    for (size_t c = 0; c < batch.num_columns(); ++c) text += testing::Show(batch.column(c), row) + " | ";
    rows.push_back(std::move(text));
  }
  return rows;
}

std::vector<Batch> RandomBatches(int batches, int one_null_in, std::mt19937_64* random) {
  const Schema schema = LogicalSchema(EveryType()).ValueOrDie();
  std::vector<Batch> made;
  for (int i = 0; i < batches; ++i) made.push_back(testing::RandomBatch(schema, static_cast<int64_t>((*random)() % 60), one_null_in, (*random)()));
  return made;
}

TEST(Concatenate, GivesTheRowsOfItsRangesInOrderForEveryType) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 40; ++round) {
    const std::vector<Batch> batches = RandomBatches(4, round % 3 == 0 ? 0 : 3, &random);
    std::vector<RowRange> ranges;
    std::vector<std::string> expected;
    for (const Batch& batch : batches) {
      const int64_t first = batch.num_rows() == 0 ? 0 : static_cast<int64_t>(random() % static_cast<uint64_t>(batch.num_rows()));
      const int64_t count = static_cast<int64_t>(random() % static_cast<uint64_t>(batch.num_rows() - first + 1));
      ranges.push_back({batch, first, count});
      const std::vector<std::string> rows = RowsOf(batch);
      expected.insert(expected.end(), rows.begin() + first, rows.begin() + first + count);
    }
    const Batch joined = Concatenate(batches[0].schema_ptr(), ranges);
    ASSERT_TRUE(joined.Validate().ok()) << joined.Validate();
    ASSERT_EQ(RowsOf(joined), expected);
  }
}

TEST(BlockAssembler, CountsBytesAsTheProtocolDoes) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 40; ++round) {
    const std::vector<Batch> batches = RandomBatches(3, 4, &random);
    BlockAssembler assembler(batches[0].schema_ptr(), INT64_MAX);
    for (const Batch& batch : batches) ASSERT_TRUE(assembler.Add(batch, [](Batch) { return Status::UnknownError("no block is full"); }).ok());
    const int64_t counted = assembler.size_bytes();
    ASSERT_EQ(counted, BlockSizeBytes(assembler.Take()));
    ASSERT_EQ(assembler.size_bytes(), 0);
  }
}

TEST(BlockAssembler, ClosesABlockBeforeTheRowThatWouldPassItsSize) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (const int64_t limit : {1, 900, 1500, 4000, 20000}) {
    const std::vector<Batch> batches = RandomBatches(20, 4, &random);
    BlockAssembler assembler(batches[0].schema_ptr(), limit);
    std::vector<Batch> blocks;
    std::vector<std::string> expected, got;
    for (const Batch& batch : batches) {
      ASSERT_TRUE(assembler.Add(batch, [&](Batch block) { return blocks.push_back(std::move(block)), Status::OK(); }).ok());
      for (std::string& row : RowsOf(batch)) expected.push_back(std::move(row));
    }
    blocks.push_back(assembler.Take());
    for (size_t i = 0; i < blocks.size(); ++i) {
      ASSERT_TRUE(blocks[i].Validate().ok()) << blocks[i].Validate();
      if (blocks[i].num_rows() > 1) {
        ASSERT_LE(BlockSizeBytes(blocks[i]), limit) << "block " << i;
      }
      if (i + 1 < blocks.size()) {  // one row more would have been too much
        ASSERT_GT(blocks[i].num_rows(), 0);
        const Batch& next = blocks[i + 1];
        ASSERT_GT(BlockSizeBytes(Concatenate(next.schema_ptr(), std::vector<RowRange>{{blocks[i], 0, blocks[i].num_rows()}, {next, 0, 1}})), limit);
      }
      for (std::string& row : RowsOf(blocks[i])) got.push_back(std::move(row));
    }
    ASSERT_EQ(got, expected);
  }
}

TEST(BlockAssembler, KeepsTheNumberOfRowsWithoutColumns) {
  const auto none = std::make_shared<const Schema>();
  BlockAssembler assembler(none, 1);
  const Batch rows(none, 7, {}, nullptr);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(assembler.Add(rows, [](Batch) { return Status::UnknownError("no block is full"); }).ok());
  EXPECT_EQ(assembler.size_bytes(), 0);
  EXPECT_EQ(assembler.Take().num_rows(), 21);
}

}  // namespace
}  // namespace lotic::athena
