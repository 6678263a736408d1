// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/wire_schema.h"

#include <gmock/gmock.h>

#include <cmath>
#include <optional>

#include "athena_protocol/ipc.h"
#include "athena_protocol/test_blocks.h"
#include "athena_protocol/zone_key.h"

namespace lotic::athena {
namespace {

using testing::EveryType;
using ::testing::HasSubstr;
using testing::RandomBatch;
using testing::Show;

WireSchema Only(WireType type, std::vector<WireField> children = {}) { return {{{"c", true, std::move(type), std::move(children)}}}; }
Schema Of(std::vector<Field> fields) { return {std::move(fields)}; }

// A batch of one column of times, dates or integers.
Batch Values(const Type& type, const std::vector<std::optional<int64_t>>& values, std::string name = "c") {
  BatchBuilder builder(std::make_shared<const Schema>(Of({{std::move(name), type}})));
  for (const auto& value : values) value ? builder.column(0).AppendInt64(*value) : builder.column(0).AppendNull();
  return builder.Finish(static_cast<int64_t>(values.size()));
}

std::vector<int64_t> Int64s(const Column& column) {
  const auto values = column.values<int64_t>();
  return {values.begin(), values.end()};
}

TEST(WireSchema, Check15OnlyAthenasTypesMayBeColumns) {
  EXPECT_TRUE(CheckSupportedColumns(EveryType()).ok());
  const std::pair<WireType, std::string_view> refused[] = {
      {{.kind = WireKind::kInt, .bit_width = 32, .is_signed = false}, "Int(32, false)"},
      {{.kind = WireKind::kFloat, .bit_width = 16}, "FloatingPoint(HALF)"},
      {{.kind = WireKind::kDecimal, .bit_width = 256, .precision = 10, .scale = 2}, "Decimal(10, 2, 256)"},
      {{.kind = WireKind::kFixedSizeBinary, .fixed_size = 3}, "FixedSizeBinary(3)"},
      {{.kind = WireKind::kFixedSizeList, .fixed_size = 3}, "FixedSizeList(3)"},
      {{.kind = WireKind::kTime, .bit_width = 64, .unit = WireUnit::kMicro}, "Time(MICROSECOND, 64)"},
      {{.kind = WireKind::kTimestamp, .unit = WireUnit::kMilli}, "Timestamp(MILLISECOND, null)"},
      {{.kind = WireKind::kTimestamp, .unit = WireUnit::kNano, .timezone = "UTC"}, "Timestamp(NANOSECOND, UTC)"},
      {{.kind = WireKind::kTimestamp, .unit = WireUnit::kSecond, .timezone = "UTC"}, "Timestamp(SECOND, UTC)"},
      {{.kind = WireKind::kInterval, .bit_width = 32}, "Interval(YEAR_MONTH)"},
      {{.kind = WireKind::kUnion}, "Union"},
      {{.kind = WireKind::kNull}, "Null"},
      {{.kind = WireKind::kOther}, "a type that Athena's protocol does not know"}};
  for (const auto& [type, name] : refused) {
    EXPECT_THAT(CheckSupportedColumns(Only(type)).message(), HasSubstr("column c: " + std::string(name) + " is no type of Athena"));
    const WireField deep{"m", true, {.kind = WireKind::kStruct}, {{"x", true, type}}};
    EXPECT_THAT(CheckSupportedColumns(Only({.kind = WireKind::kList}, {deep})).message(), HasSubstr("column c.m.x: " + std::string(name)));
  }
  EXPECT_FALSE(CheckSupportedColumns(Only({.kind = WireKind::kList})).ok());
}

TEST(WireSchema, PartitionColumnsAreOfSixTypes) {
  int allowed = 0;
  for (const WireField& field : EveryType().fields) {
    const bool expected =
        field.name == "bit" || field.name == "int" || field.name == "bigint" || field.name == "float8" || field.name == "decimal" || field.name == "varchar";
    EXPECT_EQ(MayBePartitionColumn(field.type), expected) << field.name;
    allowed += expected ? 1 : 0;
  }
  EXPECT_EQ(allowed, 6);
}

TEST(WireSchema, LogicalTypesOneToOne) {
  std::vector<std::string> types;
  for (const Field& field : LogicalSchema(EveryType()).ValueOrDie().fields) types.push_back(field.type.ToString());
  EXPECT_THAT(types,
              ::testing::ElementsAre("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE", "DECIMAL(38,9)", "VARCHAR", "VARBINARY", "DATE",
                                     "TIMESTAMP(3)", "TIMESTAMP(3) UTC", "TIMESTAMP(6) UTC", "LIST<INTEGER>", "STRUCT<\"a\" INTEGER, \"B\" VARCHAR>",
                                     "MAP<VARCHAR, INTEGER>", "LIST<STRUCT<\"m\" MAP<VARCHAR, INTEGER>, \"l\" LIST<VARCHAR>>>"));
  EXPECT_EQ(LogicalSchema(Only({.kind = WireKind::kInt, .bit_width = 16, .is_signed = false})).ValueOrDie().fields[0].type, Type::UInt16());
  EXPECT_EQ(LogicalSchema(Only({.kind = WireKind::kTime, .bit_width = 64, .unit = WireUnit::kMicro})).ValueOrDie().fields[0].type, Type::Time());
  for (const WireType& type : {WireType{.kind = WireKind::kNull}, WireType{.kind = WireKind::kUnion}, WireType{.kind = WireKind::kFloat, .bit_width = 16},
                               WireType{.kind = WireKind::kDecimal, .bit_width = 128, .precision = 5, .scale = 6}, WireType{.kind = WireKind::kMap}}) {
    EXPECT_EQ(LogicalSchema(Only(type)).status().message(), "column c: " + type.ToString() + " is held by no block of ours");
  }
}

TEST(AthenaSchema, EveryLogicalTypeHasItsForm) {
  const std::pair<Type, std::string_view> cases[] = {{Type::Bool(), "Bool"},
                                                     {Type::Int8(), "Int(8, true)"},
                                                     {Type::Int16(), "Int(16, true)"},
                                                     {Type::Int32(), "Int(32, true)"},
                                                     {Type::Int64(), "Int(64, true)"},
                                                     {Type::UInt8(), "Int(16, true)"},
                                                     {Type::UInt16(), "Int(32, true)"},
                                                     {Type::UInt32(), "Int(64, true)"},
                                                     {Type::UInt64(), "Decimal(20, 0, 128)"},
                                                     {Type::Float32(), "FloatingPoint(SINGLE)"},
                                                     {Type::Float64(), "FloatingPoint(DOUBLE)"},
                                                     {Type::Decimal(10, 2), "Decimal(10, 2, 128)"},
                                                     {Type::String(), "Utf8"},
                                                     {Type::Binary(), "Binary"},
                                                     {Type::Date(), "Date(DAY)"},
                                                     {Type::Timestamp(TimeUnit::kNano, false), "Date(MILLISECOND)"},
                                                     {Type::Timestamp(TimeUnit::kSecond, false), "Date(MILLISECOND)"},
                                                     {Type::Timestamp(TimeUnit::kMicro, true), "Timestamp(MILLISECOND, UTC)"},
                                                     {Type::List(Type::UInt8()), "List"},
                                                     {Type::Struct({{"A", Type::Int8()}}), "Struct"},
                                                     {Type::Map(Type::String(), Type::Date()), "Map(false)"}};
  for (const auto& [type, expected] : cases) {
    const WireSchema schema = AthenaSchema(Of({{"c", type}})).ValueOrDie();
    EXPECT_EQ(schema.fields[0].type.ToString(), expected);
    EXPECT_TRUE(schema.fields[0].nullable);
    EXPECT_TRUE(CheckSupportedColumns(schema).ok()) << CheckSupportedColumns(schema);
    EXPECT_EQ(DecodeSchema(EncodeSchema(schema, Framing::kModern)).ValueOrDie(), schema);
  }
  const WireField map = AthenaSchema(Of({{"c", Type::Map(Type::String(), Type::Date())}})).ValueOrDie().fields[0];
  EXPECT_EQ(map.children[0].name, "entries");
  EXPECT_FALSE(map.children[0].nullable);
  EXPECT_EQ(map.children[0].children[0].name, "key");
  EXPECT_FALSE(map.children[0].children[0].nullable);
  EXPECT_TRUE(map.children[0].children[1].nullable);
  EXPECT_EQ(AthenaSchema(Of({{"T", Type::Time()}})).status().message(), "column T: TIME has no form that Athena takes; declare it as VARCHAR or leave it out");
  EXPECT_THAT(AthenaSchema(Of({{"r", Type::Struct({{"t", Type::List(Type::Time())}})}})).status().message(), HasSubstr("column r.t.item: TIME"));
}

TEST(AthenaSchema, NamesAreLowerCasedAndKept) {
  Schema schema = Of({{"OrderId", Type::Int64(), {{"mapping", "a/b"}}}, {"qty", Type::Int32()}, {"Row", Type::Struct({{"Mixed", Type::Int8()}})}});
  schema.metadata = {{"x-source-table", "Orders"}};
  const WireSchema wire = AthenaSchema(schema).ValueOrDie();
  EXPECT_EQ(wire.fields[0].name, "orderid");
  EXPECT_EQ(wire.fields[0].metadata, (WireMetadata{{"mapping", "a/b"}, {"x-source-name", "OrderId"}}));
  EXPECT_EQ(wire.fields[1].metadata, WireMetadata{});
  EXPECT_EQ(wire.fields[2].children[0].name, "Mixed");  // members keep their case
  EXPECT_EQ(wire.metadata, (WireMetadata{{"x-source-table", "Orders"}}));
  EXPECT_EQ(AthenaSchema(Of({{"ID", Type::Int8()}, {"x", Type::Int8()}, {"id", Type::Int8()}})).status().message(),
            "columns ID and id are one name to Athena, id: leave one out or rename it");
}

TEST(ToAthenaBlock, FloorsAndPacksTimes) {
  const auto converted = [](const Type& type, const std::vector<std::optional<int64_t>>& values) {
    const Batch rows = Values(type, values);
    return ToAthenaBlock(rows, AthenaSchema(rows.schema()).ValueOrDie()).ValueOrDie().rows;
  };
  EXPECT_EQ(Int64s(converted(Type::Timestamp(TimeUnit::kMicro, false), {1999, -1, -1000, -1001, 0}).column(0)), (std::vector<int64_t>{1, -1, -1, -2, 0}));
  EXPECT_EQ(Int64s(converted(Type::Timestamp(TimeUnit::kNano, false), {1999999, -1, INT64_MIN, INT64_MAX}).column(0)),
            (std::vector<int64_t>{1, -1, -9223372036855, 9223372036854}));
  EXPECT_EQ(Int64s(converted(Type::Timestamp(TimeUnit::kSecond, false), {-7, 7}).column(0)), (std::vector<int64_t>{-7000, 7000}));
  EXPECT_EQ(Int64s(converted(Type::Timestamp(TimeUnit::kMicro, true), {1450737754000999, -1}).column(0)), (std::vector<int64_t>{1450737754000 * 4096, -4096}));
  EXPECT_EQ(Int64s(converted(Type::Timestamp(TimeUnit::kMilli, true), {kMinPackableMs, kMaxPackableMs}).column(0)),
            (std::vector<int64_t>{INT64_MIN, INT64_MAX - 4095}));
  const Batch with_null = converted(Type::Timestamp(TimeUnit::kSecond, true), {5, std::nullopt});
  EXPECT_TRUE(with_null.column(0).IsNull(1));
  EXPECT_TRUE(with_null.Validate().ok()) << with_null.Validate();
}

TEST(ToAthenaBlock, ValuesThatDoNotFitAreNamed) {
  Batch rows = Values(Type::Timestamp(TimeUnit::kMilli, true), {1, kMaxPackableMs + 1}, "At");
  EXPECT_EQ(ToAthenaBlock(rows, AthenaSchema(rows.schema()).ValueOrDie()).status().message(),
            "column At, row 1: 2251799813685248 (TIMESTAMP(3) UTC) is beyond what Timestamp(MILLISECOND, UTC) holds");
  rows = Values(Type::Timestamp(TimeUnit::kSecond, false), {INT64_MAX / 1000 + 1});
  EXPECT_THAT(ToAthenaBlock(rows, AthenaSchema(rows.schema()).ValueOrDie()).status().message(), HasSubstr("is beyond what Date(MILLISECOND) holds"));
  // What lies under a NULL does not count.
  BatchBuilder batch(std::make_shared<const Schema>(Of({{"c", Type::Timestamp(TimeUnit::kSecond, false)}})));
  batch.column(0).AppendInt64(INT64_MAX);
  batch.column(0).AppendInt64(1);
  batch.column(0).SetNull(0);
  rows = batch.Finish(2);
  EXPECT_TRUE(ToAthenaBlock(rows, AthenaSchema(rows.schema()).ValueOrDie()).ok());
}

TEST(ToAthenaBlock, WidensUnsignedNumbers) {
  const Schema schema = Of({{"a", Type::UInt8()}, {"b", Type::UInt16()}, {"c", Type::UInt32()}, {"d", Type::UInt64()}});
  BatchBuilder builder(std::make_shared<const Schema>(schema));
  builder.column(0).AppendInt64(255);
  builder.column(1).AppendInt64(65535);
  builder.column(2).AppendInt64(4294967295);
  builder.column(3).AppendUInt64(UINT64_MAX);
  const Block block = ToAthenaBlock(builder.Finish(1), AthenaSchema(schema).ValueOrDie()).ValueOrDie();
  EXPECT_TRUE(block.rows.Validate().ok()) << block.rows.Validate();
  EXPECT_EQ(block.rows.column(0).values<int16_t>()[0], 255);
  EXPECT_EQ(block.rows.column(1).values<int32_t>()[0], 65535);
  EXPECT_EQ(block.rows.column(2).values<int64_t>()[0], 4294967295);
  EXPECT_TRUE(block.rows.column(3).values<Int128>()[0] == static_cast<Int128>(UINT64_MAX));
}

TEST(ToAthenaBlock, SelectsByNameAndSharesWhatNeedsNoChange) {
  const Schema schema =
      Of({{"ID", Type::Int64()}, {"text", Type::String()}, {"At", Type::Timestamp(TimeUnit::kMicro, true)}, {"l", Type::List(Type::String())}});
  const Batch rows = RandomBatch(schema, 20, 3, 9);
  const WireSchema all = AthenaSchema(schema).ValueOrDie();
  WireSchema target{{all.fields[3], all.fields[0]}};
  const Block block = ToAthenaBlock(rows, target).ValueOrDie();
  EXPECT_EQ(block.rows.column(1).data, rows.column(0).data);
  EXPECT_EQ(block.rows.column(0).children[0].bytes, rows.column(3).children[0].bytes);
  target.fields[1].metadata.clear();  // an engine that loses metadata: found by its name, ignoring case
  EXPECT_EQ(Show(ToAthenaBlock(rows, target).ValueOrDie().rows), Show(block.rows));
  EXPECT_EQ(ToAthenaBlock(rows, {{{"other", true, {.kind = WireKind::kUtf8}}}}).status().message(), "column other: the rows have no such column");
  EXPECT_EQ(ToAthenaBlock(rows, {{{"text", true, {.kind = WireKind::kBool}}}}).status().message(), "column text: VARCHAR cannot travel as Bool");
}

TEST(ToAthenaBlock, NestedTimesAreConvertedToo) {
  const Schema schema = Of({{"m", Type::Map(Type::String(), Type::Struct({{"At", Type::Timestamp(TimeUnit::kNano, true)}, {"n", Type::UInt8()}}))}});
  const Batch rows = RandomBatch(schema, 30, 4, 11);
  const Block block = ToAthenaBlock(rows, AthenaSchema(schema).ValueOrDie()).ValueOrDie();
  ASSERT_TRUE(block.rows.Validate().ok()) << block.rows.Validate();
  const Batch back = UnpackZones(block).ValueOrDie();
  ASSERT_TRUE(back.Validate().ok()) << back.Validate();
  const Column &before = rows.column(0).children[1].children[0], &after = back.column(0).children[1].children[0];
  ASSERT_GT(before.length, 10);
  for (int64_t i = 0; i < before.length; ++i) {
    ASSERT_EQ(after.IsNull(i), before.IsNull(i));
    if (before.IsNull(i)) continue;
    const long double nanos = static_cast<long double>(before.values<int64_t>()[static_cast<size_t>(i)]);
    EXPECT_EQ(after.values<int64_t>()[static_cast<size_t>(i)], static_cast<int64_t>(std::floor(nanos / 1000000)));
  }
}

TEST(UnpackZones, Check18ZonesAreDroppedUnknownOnesRefused) {
  const WireSchema schema = Only({.kind = WireKind::kTimestamp, .unit = WireUnit::kMilli, .timezone = "UTC"});
  const Type type = Type::Timestamp(TimeUnit::kMilli, true);
  const Block block{schema, Values(type, {5942221840384541, -4096, std::nullopt, 186056533987509})};
  const Batch rows = UnpackZones(block).ValueOrDie();
  EXPECT_EQ(rows.column(0).values<int64_t>()[0], 1450737754000);
  EXPECT_EQ(rows.column(0).values<int64_t>()[1], -1);
  EXPECT_EQ(rows.column(0).values<int64_t>()[3], 45423958493);
  EXPECT_EQ(UnpackZones({schema, Values(type, {0, 4095})}).status().message(), "column c, row 1: time zone: no zone has the key 4095");
}

TEST(UnpackZones, Check18MicrosecondsWithZoneAreRefused) {
  const WireSchema schema = Only({.kind = WireKind::kTimestamp, .unit = WireUnit::kMicro, .timezone = "UTC"});
  const Type type = Type::Timestamp(TimeUnit::kMicro, true);
  EXPECT_THAT(UnpackZones({schema, Values(type, {1})}).status().message(), HasSubstr("column c: Timestamp(MICROSECOND, UTC) cannot be read"));
  EXPECT_TRUE(UnpackZones({schema, Values(type, {std::nullopt})}).ok());
  EXPECT_THAT(ToAthenaBlock(Values(type, {1}), schema).status().message(), HasSubstr("column c: Timestamp(MICROSECOND, UTC) cannot be written"));
}

}  // namespace
}  // namespace lotic::athena
