// SPDX-License-Identifier: Apache-2.0
#include "lotic/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lotic/batch_builder.h"

namespace lotic {
namespace {

std::shared_ptr<const Schema> EveryType() {
  std::vector<Field> fields = {{"bool", Type::Bool()},
                               {"i8", Type::Int8()},
                               {"i16", Type::Int16()},
                               {"i32", Type::Int32()},
                               {"i64", Type::Int64()},
                               {"u64", Type::UInt64()},
                               {"f32", Type::Float32()},
                               {"f64", Type::Float64()},
                               {"dec", Type::Decimal(10, 2)},
                               {"text", Type::String()},
                               {"bin", Type::Binary()},
                               {"date", Type::Date()},
                               {"time", Type::Time()},
                               {"ts", Type::Timestamp(TimeUnit::kMicro, true)},
                               {"list", Type::List(Type::Int64())},
                               {"struct", Type::Struct({{"a", Type::Int32()}, {"b", Type::List(Type::String())}})},
                               {"map", Type::Map(Type::String(), Type::List(Type::Binary()))}};
  fields[0].metadata = {{"k", "v"}, {"", "x"}};
  return std::make_shared<const Schema>(Schema{fields, {{"table", "t"}}});
}

void AppendRow(BatchBuilder* b, int64_t i) {
  size_t c = 0;
  b->column(c++).AppendBool(i % 2 == 0);
  for (; c <= 5; ++c) b->column(c).AppendInt64(i % 100);
  b->column(c++).AppendDouble(0.5 * static_cast<double>(i));
  b->column(c++).AppendDouble(0.25 * static_cast<double>(i));
  b->column(c++).AppendDecimal(i);
  b->column(c++).AppendBytes("text-" + std::to_string(i));
  b->column(c++).AppendBytes(std::string("\xff\x00", 2));
  for (; c <= 13; ++c) b->column(c).AppendInt64(i);
  for (int64_t k = 0; k < i % 3; ++k) b->column(c).child(0).AppendInt64(k);
  b->column(c++).FinishList();
  b->column(c).child(0).AppendInt64(i % 7);
  b->column(c).child(1).child(0).AppendBytes("é");
  b->column(c).child(1).FinishList();
  b->column(c++).AppendValid();
  b->column(c).child(0).AppendBytes("key");
  b->column(c).child(1).AppendNull();
  b->column(c).FinishList();
}

Batch Make(int64_t rows) {
  BatchBuilder builder(EveryType());
  for (int64_t i = 0; i < rows; ++i) {
    if (i % 5 == 4) {
      for (size_t c = 0; c < builder.num_columns(); ++c) builder.column(c).AppendNull();
    } else {
      AppendRow(&builder, i);
    }
  }
  return builder.Finish(rows);
}

TEST(Batch, BuiltBatchesOfEveryTypeKeepTheLayout) {
  for (const int64_t rows : {0, 1, 4, 5, 8, 9, 63, 64, 65, 1000}) {
    EXPECT_TRUE(Make(rows).Validate().ok()) << rows << ": " << Make(rows).Validate();
  }
}

TEST(Batch, SurvivesTheCDataInterface) {
  const Batch batch = Make(100);
  ArrowSchema c_schema;
  ExportSchema(batch.schema(), &c_schema);
  const Result<Schema> schema = ImportSchema(c_schema);
  c_schema.release(&c_schema);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(*schema, batch.schema());

  ArrowArray array;
  batch.Export(&array);
  const Result<Batch> back = Batch::Import(batch.schema_ptr(), &array);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(array.release, nullptr);
  ASSERT_EQ(back->num_rows(), 100);
  EXPECT_EQ(back->size_bytes(), batch.size_bytes());
  for (int64_t row = 0; row < 100; ++row) {
    ASSERT_EQ(back->column(9).IsNull(row), row % 5 == 4);
    if (row % 5 != 4) {
      ASSERT_EQ(back->column(9).Text(row), "text-" + std::to_string(row));
    }
  }
}

TEST(Batch, ExportedMemoryOutlivesTheBatch) {
  ArrowArray array;
  { Make(10).Export(&array); }
  EXPECT_EQ(static_cast<const int64_t*>(array.children[4]->buffers[1])[3], 3);
  array.release(&array);
}

TEST(Batch, TakeCopiesTheChosenRowsInOrder) {
  const Batch batch = Make(50);
  const std::vector<int64_t> rows = {49, 0, 13, 13, 4};
  const Batch taken = batch.Take(rows);
  ASSERT_TRUE(taken.Validate().ok()) << taken.Validate();
  ASSERT_EQ(taken.num_rows(), 5);
  EXPECT_TRUE(taken.column(4).IsNull(0));
  EXPECT_EQ(taken.column(9).Text(2), "text-13");
  EXPECT_EQ(taken.column(4).values<int64_t>()[3], 13);
  EXPECT_TRUE(taken.column(15).IsNull(4));
}

TEST(Batch, TruncateTakesBackRowsAndTheirChildren) {
  BatchBuilder builder(EveryType());
  for (int64_t i = 0; i < 20; ++i) AppendRow(&builder, i);
  for (size_t c = 0; c < builder.num_columns(); ++c) {
    builder.column(c).AppendNull();
    builder.column(c).Truncate(11);
  }
  AppendRow(&builder, 11);
  const Batch batch = builder.Finish(12);
  ASSERT_TRUE(batch.Validate().ok()) << batch.Validate();
  EXPECT_EQ(batch.column(9).Text(11), "text-11");
  EXPECT_EQ(batch.column(0).null_count, 0);
}

TEST(Batch, RowsOfTextAreCountedInByTheRun) {
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"text", Type::String()}}, {}}));
  ColumnBuilder& column = builder.column(0);
  const auto append_run = [&] {  // "", "a", "bc"
    column.Reserve(3);
    int32_t* const offsets = column.UnsafeValues<int32_t>();
    column.bytes().Append("abc", 3);
    offsets[1] = offsets[0];
    offsets[2] = offsets[0] + 1;
    offsets[3] = offsets[0] + 3;
    column.Advance(3);
  };
  append_run();
  column.AppendBytes("one");
  append_run();
  column.AppendNull();
  append_run();
  column.Advance(0);
  column.Truncate(10);
  const Batch batch = builder.Finish(10);
  ASSERT_TRUE(batch.Validate().ok()) << batch.Validate();
  std::vector<std::string> texts;
  for (int64_t row = 0; row < 10; ++row) texts.push_back(batch.column(0).IsNull(row) ? "NULL" : std::string(batch.column(0).Text(row)));
  EXPECT_THAT(texts, testing::ElementsAre("", "a", "bc", "one", "", "a", "bc", "NULL", "", "a"));
}

TEST(Batch, ValidateFindsWhatIsWrong) {
  const Batch good = Make(9);
  std::vector<Column> columns;
  for (size_t i = 0; i < good.num_columns(); ++i) columns.push_back(good.column(i));
  const auto with = [&](size_t index, Column column) {
    std::vector<Column> changed = columns;
    changed[index] = std::move(column);
    return Batch(good.schema_ptr(), 9, changed, std::make_shared<const Batch>(good)).Validate();
  };
  Column column = columns[4];
  column.null_count = 3;
  EXPECT_EQ(with(4, column).code(), StatusCode::kInvalid);
  column = columns[4];
  column.data += 8;
  EXPECT_THAT(with(4, column).message(), testing::HasSubstr("aligned"));
  column = columns[10];
  column.type = Type::String();
  EXPECT_THAT(with(10, column).message(), testing::HasSubstr("type"));
}

TEST(Type, EveryTypeReadsBackFromItsText) {
  const std::shared_ptr<const Schema> schema = EveryType();
  for (const Field& field : schema->fields) {
    const Result<Type> back = Type::Parse(field.type.ToString());
    ASSERT_TRUE(back.ok()) << field.type.ToString() << " " << back.status();
    EXPECT_EQ(*back, field.type) << field.type.ToString();
  }
  EXPECT_EQ(Type::Parse("STRUCT<\"a\"\"b\" LIST<TIMESTAMP(3)>>")->children()[0].name, "a\"b");
}

TEST(Type, BadTextIsRefusedWithThePosition) {
  for (const char* text : {"", "BIGINTT", "LIST<", "LIST<BIGINT", "DECIMAL(39,0)", "DECIMAL(5,6)", "TIMESTAMP(4)", "STRUCT<a BIGINT>", "BIGINT x"}) {
    EXPECT_EQ(Type::Parse(text).status().code(), StatusCode::kInvalid) << text;
  }
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "LIST<";
  EXPECT_EQ(Type::Parse(deep).status().code(), StatusCode::kCapacityError);
}

TEST(ResolveName, ExactWinsThenCaseIsIgnoredAndTwoAreAnError) {
  const std::vector<std::string> names = {"Orders", "orders", "events", "Mixed"};
  EXPECT_EQ(*ResolveName("topic", "orders", names), 1u);
  EXPECT_EQ(*ResolveName("topic", "EVENTS", names), 2u);
  const Status ambiguous = ResolveName("topic", "ORDERS", names).status();
  EXPECT_EQ(ambiguous.code(), StatusCode::kInvalid);
  EXPECT_THAT(ambiguous.message(), testing::AllOf(testing::HasSubstr("\"Orders\""), testing::HasSubstr("\"orders\"")));
  const Status three = ResolveName("topic", "oRDERS", {"orders", "Orders", "ORDERS"}).status();
  EXPECT_THAT(three.message(), testing::HasSubstr("\"orders\", \"Orders\" or \"ORDERS\""));
  const Status many = ResolveName("topic", "abcd", {"abcD", "abCd", "abCD", "aBcd", "aBcD", "aBCd", "aBCD", "Abcd", "AbcD", "AbCd"}).status();
  EXPECT_THAT(many.message(), testing::HasSubstr("\"aBCD\", \"Abcd\" and 2 more"));
  const Status missing = ResolveName("topic", "evnets", names).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), testing::HasSubstr("did you mean \"events\"?"));
}

}  // namespace
}  // namespace lotic
