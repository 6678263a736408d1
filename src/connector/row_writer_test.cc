// SPDX-License-Identifier: Apache-2.0
#include "lotic/row_writer.h"

#include <gmock/gmock.h>

#include <functional>

#include "lotic/partition_writer.h"
#include "lotic/table_builder.h"

namespace lotic {
namespace {

using std::chrono::local_days;
using testing::HasSubstr;

// What a value becomes in a column of this type, as text; or the error.
std::string Becomes(const Type& type, const Value& value, Narrowing narrowing = Narrowing::kTruncate) {
  const Result<Scalar> scalar = ScalarOf(type, value, narrowing);
  if (!scalar.ok()) return scalar.status().ToString();
  return ScalarToString(type, *scalar);
}

TEST(ScalarOf, IntegersLoseTheirUpperBitsAsInTheOriginalUnlessRefused) {
  EXPECT_EQ(Becomes(Type::Int32(), int64_t{5'000'000'000}), "705032704");
  EXPECT_EQ(Becomes(Type::Int8(), 200), "-56");
  EXPECT_EQ(Becomes(Type::Int16(), -40000), "25536");
  EXPECT_EQ(Becomes(Type::UInt8(), 300), "44");
  EXPECT_EQ(Becomes(Type::UInt64(), UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(Becomes(Type::Int64(), INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(Becomes(Type::Int32(), int64_t{5'000'000'000}, Narrowing::kRefuse), "Invalid: 5000000000 does not fit INTEGER");
  EXPECT_EQ(Becomes(Type::Int8(), 127, Narrowing::kRefuse), "127");
  EXPECT_EQ(Becomes(Type::Int32(), "7"), "Invalid: text '7' cannot become INTEGER");
  EXPECT_EQ(Becomes(Type::Int32(), 7.0), "Invalid: 7 cannot become INTEGER");
}

TEST(ScalarOf, ABitIsTrueForTrueAndNumbersAboveZeroAlone) {
  EXPECT_EQ(Becomes(Type::Bool(), true), "true");
  EXPECT_EQ(Becomes(Type::Bool(), 2), "true");
  EXPECT_EQ(Becomes(Type::Bool(), 0), "false");
  EXPECT_EQ(Becomes(Type::Bool(), -1), "false");
  EXPECT_EQ(Becomes(Type::Bool(), "true"), "false");
  EXPECT_EQ(Becomes(Type::Bool(), Value()), "NULL");
}

TEST(ScalarOf, DecimalsAreRoundedHalfUp) {
  EXPECT_EQ(Becomes(Type::Decimal(10, 2), Decimal{12345, 3}), "12.35");
  EXPECT_EQ(Becomes(Type::Decimal(10, 2), Decimal{-12345, 3}), "-12.35");
  EXPECT_EQ(Becomes(Type::Decimal(10, 2), 1.005), "1.00") << "the double is a little less than its text";
  EXPECT_EQ(Becomes(Type::Decimal(10, 1), 0.25), "0.3");
  EXPECT_EQ(Becomes(Type::Decimal(10, 2), 7), "7.00");
  EXPECT_EQ(Becomes(Type::Decimal(3, 2), 10), "Invalid: 10 does not fit DECIMAL(3,2)");
}

TEST(ScalarOf, TextTakesAnyScalarInItsTextForm) {
  EXPECT_EQ(Becomes(Type::String(), 7), "'7'");
  EXPECT_EQ(Becomes(Type::String(), 0.1), "'0.1'");
  EXPECT_EQ(Becomes(Type::String(), true), "'true'");
  EXPECT_EQ(Becomes(Type::String(), Decimal{-5, 2}), "'-0.05'");
  EXPECT_EQ(Becomes(Type::String(), local_days(std::chrono::days(19000))), "'2022-01-08'");
  EXPECT_THAT(Becomes(Type::String(), "\xff"), HasSubstr("not valid UTF-8 cannot become VARCHAR"));
  EXPECT_THAT(Becomes(Type::String(), Binary{"x"}), HasSubstr("binary of 1 bytes cannot become VARCHAR"));
  EXPECT_EQ(Becomes(Type::Binary(), "ab"), "'\\x6162'");
}

TEST(ScalarOf, DatesAndTimesFollowTheOriginal) {
  const auto instant = [](int64_t micros) { return Instant(std::chrono::microseconds(micros)); };
  EXPECT_EQ(Becomes(Type::Date(), 1), "1970-01-02");
  EXPECT_EQ(Becomes(Type::Date(), (int64_t{1} << 32) + 1), "1970-01-02");
  EXPECT_EQ(Becomes(Type::Date(), instant(86'400'000'000 - 1)), "1970-01-01");
  EXPECT_EQ(Becomes(Type::Date(), instant(-1)), "1970-01-01") << "-1 s, divided towards zero";
  EXPECT_EQ(Becomes(Type::Date(), instant(-86'400'000'001)), "1969-12-31");
  const Type local = Type::Timestamp(TimeUnit::kMilli, false), utc = Type::Timestamp(TimeUnit::kMicro, true);
  EXPECT_EQ(Becomes(local, 1500), "1970-01-01 00:00:01.500");
  EXPECT_EQ(Becomes(local, LocalTime(std::chrono::milliseconds(-1))), "1969-12-31 23:59:59.999");
  EXPECT_EQ(Becomes(local, instant(-1)), "1969-12-31 23:59:59.999");
  EXPECT_THAT(Becomes(utc, instant(1)), HasSubstr("00:00:00.000001"));
  EXPECT_THAT(Becomes(utc, LocalTime(std::chrono::milliseconds(1))), HasSubstr("00:00:00.001"));
  EXPECT_THAT(Becomes(local, "2024-01-01"), HasSubstr("cannot become TIMESTAMP(3)"));
  EXPECT_EQ(Becomes(Type::Timestamp(TimeUnit::kNano, true), instant(INT64_MAX)).substr(0, 15), "Invalid: instan");
}

Schema Orders() {
  return Schema{{{"id", Type::Int32()},
                 {"tx", Type::Struct({{"id", Type::Int32()}, {"at", Type::Struct({{"place", Type::String()}})}})},
                 {"tags", Type::List(Type::Decimal(5, 1))},
                 {"counts", Type::Map(Type::String(), Type::Int64())}}};
}

TEST(RowWriter, WritesStructsListsAndMapsAndFillsWhatIsUnset) {
  RowWriterOptions options;
  options.defaults["id"] = Scalar(int64_t{42});
  RowWriter writer(Orders(), std::make_shared<const Schema>(Orders()), options);
  const int64_t row = writer.AddRow().ValueOrDie();
  ASSERT_TRUE(writer.Set(row, "tx", Value::Struct({{"at", Value::Struct({{"place", "here"}})}})).ok());
  ASSERT_TRUE(writer.Set(row, "tags", Value::List({0.25, Value(), 7})).ok());
  ASSERT_TRUE(writer.Set(row, "counts", Value::Map({{"a", 1}, {"b", Value()}})).ok());
  const int64_t second = writer.AddRow().ValueOrDie();
  ASSERT_TRUE(writer.Set(second, "id", Value()).ok());
  ASSERT_TRUE(writer.Set(second, "tags", Value::ListOf(3, [](size_t i) { return Value(i); })).ok());
  ASSERT_TRUE(writer.Set(second, "tx", Value::StructOf([](const Field& field) { return field.name == "id" ? Value(9) : Value(); })).ok());
  const Batch rows = writer.Finish().ValueOrDie();
  ASSERT_TRUE(rows.Validate().ok()) << rows.Validate();
  ASSERT_EQ(rows.num_rows(), 2);
  EXPECT_EQ(rows.column(0).values<int32_t>()[0], 42);
  EXPECT_TRUE(rows.column(0).IsNull(1)) << "set to NULL is not unset";
  EXPECT_TRUE(rows.column(1).children[0].IsNull(0));
  EXPECT_EQ(rows.column(1).children[1].children[0].Text(0), "here");
  EXPECT_EQ(rows.column(1).children[0].values<int32_t>()[1], 9);
  EXPECT_TRUE(rows.column(1).children[1].IsNull(1));
  EXPECT_THAT(rows.column(2).offsets(), testing::ElementsAre(0, 3, 6));
  EXPECT_EQ(rows.column(2).children[0].values<Int128>()[0], 3);
  EXPECT_TRUE(rows.column(2).children[0].IsNull(1));
  EXPECT_TRUE(rows.column(3).IsNull(1));
  EXPECT_TRUE(rows.column(3).children[1].IsNull(1));
}

TEST(RowWriter, AnErrorNamesTheFieldAndLeavesTheRowAsItWas) {
  RowWriter writer(Orders(), std::make_shared<const Schema>(Orders()));
  const int64_t row = writer.AddRow().ValueOrDie();
  const auto error = [&](std::string_view column, const Value& value) { return writer.Set(row, column, value).ToString(); };
  EXPECT_THAT(error("tx", Value::Struct({{"id", 1}, {"at", Value::Struct({{"place", "\xff"}})}})),
              HasSubstr("Invalid: field \"tx.at.place\": text that is not valid"));
  EXPECT_THAT(error("tx", Value::Struct({{"ID", 1}})), HasSubstr("field \"tx\": STRUCT<\"id\" INTEGER, "));
  EXPECT_THAT(error("tx", 7), HasSubstr("field \"tx\": one value cannot become STRUCT"));
  EXPECT_THAT(error("tags", Value::List({1, 2, "three"})), HasSubstr("field \"tags[2]\": text 'three' cannot become DECIMAL(5,1)"));
  EXPECT_THAT(error("tags", Value::Struct({})), HasSubstr("a struct cannot become LIST"));
  EXPECT_THAT(error("id", Value::List({1})), HasSubstr("field \"id\": a list cannot become INTEGER"));
  EXPECT_THAT(error("counts", Value::Map({{"a", 1}, {Value(), 2}})), HasSubstr("a map key cannot be NULL"));
  EXPECT_THAT(error("idd", 1), HasSubstr("column \"idd\": the table has none of this name; did you mean \"id\"?"));
  ASSERT_TRUE(writer.Set(row, "tags", Value::List({1})).ok());
  EXPECT_THAT(error("tags", Value::List({1})), HasSubstr("row 0 was set before"));
  EXPECT_THAT(writer.Set(row + 1, "id", 1).ToString(), HasSubstr("row 1 cannot be set; the row being written is 0"));
  const Batch rows = writer.Finish().ValueOrDie();
  ASSERT_TRUE(rows.Validate().ok()) << rows.Validate();
  EXPECT_TRUE(rows.column(1).IsNull(0));
  EXPECT_EQ(rows.column(2).children[0].length, 1);
}

TEST(RowWriter, KeepsTheWantedColumnsInTheirOrderAndFlushesFullBatches) {
  std::vector<Batch> flushed;
  RowWriterOptions options;
  options.flush = [&](Batch batch) { return flushed.push_back(std::move(batch)), Status::OK(); };
  RowWriter writer(Orders(), std::make_shared<const Schema>(Schema{{{"tags", Type::List(Type::Decimal(5, 1))}, {"id", Type::Int32()}}}), options);
  EXPECT_TRUE(writer.Wants("id"));
  EXPECT_FALSE(writer.Wants("tx"));
  for (int i = 0; i < 10'000; ++i) {
    const int64_t row = writer.AddRow().ValueOrDie();
    ASSERT_EQ(row, i);
    ASSERT_TRUE(writer.Set(row, "id", i).ok());
    ASSERT_TRUE(writer.Set(row, "tx", 7).ok()) << "of a column that nobody reads only the name counts";
  }
  EXPECT_EQ(writer.Finish().ValueOrDie().num_rows(), 0);
  ASSERT_EQ(flushed.size(), 3u);
  EXPECT_EQ(flushed[2].num_rows(), 10'000 - 2 * RowWriter::kRowsPerBatch);
  EXPECT_EQ(flushed[2].column(1).values<int32_t>()[0], 2 * RowWriter::kRowsPerBatch);
  EXPECT_EQ(flushed[0].column(0).null_count, RowWriter::kRowsPerBatch);
}

TEST(TableBuilder, APartitionColumnHasATypeThatAthenaPrunesBy) {
  for (const Type& type : {Type::Float64(), Type::Decimal(5, 2), Type::Int64(), Type::Int32(), Type::String(), Type::Bool()}) {
    EXPECT_TRUE(TableBuilder({"s", "t"}).PartitionColumn("p", type).Build().ok()) << type.ToString();
  }
  for (const Type& type : {Type::Timestamp(TimeUnit::kMilli, false), Type::Timestamp(TimeUnit::kMilli, true), Type::Date(), Type::Time(), Type::Int8(),
                           Type::Int16(), Type::Float32(), Type::Binary(), Type::List(Type::Int32()), Type::Struct({{"a", Type::Int32()}}),
                           Type::Map(Type::Int32(), Type::Int32()), Type::UInt32()}) {
    const Status status = TableBuilder({"s", "t"}).Column("a", type).PartitionColumn("p", type).Build().status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << type.ToString();
    EXPECT_THAT(status.message(), HasSubstr("table s.t: column \"p\" of type " + type.ToString() + " cannot be a partition column"));
  }
  EXPECT_THAT(TableBuilder({"s", "t"}).Column("Id", Type::Int32()).Column("iD", Type::Int32()).Build().status().message(), HasSubstr("\"Id\" and \"iD\""));
}

TEST(PartitionWriter, KeepsThePartitionsThatTheConstraintsOnTheirColumnsAllow) {
  const TableInfo table =
      TableBuilder({"s", "t"}).PartitionColumn("year", Type::Int32()).Column("n", Type::Int32()).PartitionColumn("region", Type::String()).Build().ValueOrDie();
  Constraints constraints;
  constraints.columns["year"] = ValueSet::Range({Scalar(int64_t{2010}), false, std::nullopt, true});
  constraints.columns["n"] = ValueSet::None(false);  // not a partition column: no part in this
  PartitionWriter writer(table, constraints, {});
  EXPECT_TRUE(writer.Allows("year", 2011).ValueOrDie());
  EXPECT_FALSE(writer.Allows("year", 2010).ValueOrDie());
  EXPECT_TRUE(writer.Allows("region", "eu").ValueOrDie());
  EXPECT_THAT(writer.Allows("n", 1).status().message(), HasSubstr("no partition column"));
  EXPECT_FALSE(writer.Add({2010, "eu"}).ValueOrDie());
  EXPECT_TRUE(writer.Add({2011, "eu"}, {{"file", "a"}}).ValueOrDie());
  EXPECT_FALSE(writer.Add({Value(), "eu"}).ValueOrDie()) << "NULL is not above 2010";
  EXPECT_TRUE(writer.Add({2012, Value()}).ValueOrDie());
  EXPECT_THAT(writer.Add({2012}).status().message(), HasSubstr("a partition of 1 values; there are 2"));
  EXPECT_THAT(writer.Add({"x", "eu"}).status().message(), HasSubstr("partition column \"year\": text 'x' cannot become INTEGER"));
  EXPECT_THAT(writer.Add({int64_t{1} << 40, "eu"}).status().message(), HasSubstr("does not fit")) << "no truncation here: it would be another partition";
  EXPECT_EQ(writer.num_offered(), 4);
  const std::vector<LayoutPartition> kept = writer.Take();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].values, (std::vector<Scalar>{int64_t{2011}, std::string("eu")}));
  EXPECT_EQ(kept[0].properties.at("file"), "a");
}

}  // namespace
}  // namespace lotic
