// SPDX-License-Identifier: Apache-2.0
#include "format/row_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "format/row_format_harness.h"
#include "lotic/batch_builder.h"
#include "lotic/constraints.h"
#include "lotic/table_writer.h"

namespace lotic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const RowFormat> Format(const std::string& name, const Schema& columns, const FormatOptions& options = {}) {
  Result<std::shared_ptr<const RowFormat>> made = MakeRowFormat(name, options, columns);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ValueOrDie();
}

std::vector<std::string> Written(const RowFormat& format, const Batch& rows) {
  std::vector<std::string> records;
  const std::unique_ptr<RowSerializer> serializer = format.MakeSerializer();
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    const Status status = serializer->Append(rows, row, &records.emplace_back());
    EXPECT_TRUE(status.ok()) << status;
  }
  return records;
}

/// The text of a cell, exact to the bit.
std::string Cell(const Column& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  if (column.type.id() == TypeId::kFloat64) {
    const double value = column.values<double>()[static_cast<size_t>(row)];
    return std::isnan(value) ? "nan" : std::to_string(std::bit_cast<uint64_t>(value));
  }
  if (column.type.id() == TypeId::kFloat32) {
    const float value = column.values<float>()[static_cast<size_t>(row)];
    return std::isnan(value) ? "nan" : std::to_string(std::bit_cast<uint32_t>(value));
  }
  if (!column.type.is_nested()) return ScalarToString(column.type, ScalarAt(column, row));
  std::string text = "(";
  if (column.type.id() == TypeId::kStruct) {
    for (const Column& child : column.children) text += Cell(child, row) + ",";
  } else {
    for (int32_t i = column.offsets()[static_cast<size_t>(row)]; i < column.offsets()[static_cast<size_t>(row) + 1]; ++i) {
      for (const Column& child : column.children) text += Cell(child, i) + ",";
    }
  }
  return text + ")";
}

void ExpectSame(const Batch& a, const Batch& b) {
  ASSERT_EQ(a.num_rows(), b.num_rows());
  for (size_t c = 0; c < a.num_columns(); ++c) {
    for (int64_t row = 0; row < a.num_rows(); ++row) EXPECT_EQ(Cell(a.column(c), row), Cell(b.column(c), row)) << a.schema().fields[c].name << ", row " << row;
  }
}

/// Every scalar type, with its edges and a NULL each.
Batch Scalars() {
  const auto schema = std::make_shared<const Schema>(Schema{{{"b", Type::Bool()},
                                                             {"i8", Type::Int8()},
                                                             {"i16", Type::Int16()},
                                                             {"i32", Type::Int32()},
                                                             {"i64", Type::Int64()},
                                                             {"f", Type::Float32()},
                                                             {"d", Type::Float64()},
                                                             {"m", Type::Decimal(38, 9)},
                                                             {"n", Type::Decimal(10, 0)},
                                                             {"s", Type::String()},
                                                             {"y", Type::Binary()},
                                                             {"dt", Type::Date()},
                                                             {"t", Type::Time()},
                                                             {"t3", Type::Timestamp(TimeUnit::kMilli, false)},
                                                             {"t6", Type::Timestamp(TimeUnit::kMicro, true)},
                                                             {"t9", Type::Timestamp(TimeUnit::kNano, false)},
                                                             {"t0", Type::Timestamp(TimeUnit::kSecond, true)}}});
  Int128 widest = 1;
  for (int i = 0; i < 38; ++i) widest *= 10;
  widest -= 1;
  const double kDoubles[] = {0.1,
                             -0.0,
                             std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::denorm_min(),
                             std::numeric_limits<double>::quiet_NaN(),
                             -std::numeric_limits<double>::infinity(),
                             1e7,
                             123456.789};
  const float kFloats[] = {0.1f,
                           -0.0f,
                           std::numeric_limits<float>::max(),
                           std::numeric_limits<float>::denorm_min(),
                           std::numeric_limits<float>::quiet_NaN(),
                           std::numeric_limits<float>::infinity(),
                           1e7f,
                           0.001f};
  const char* const kTexts[] = {"",
                                "plain",
                                "a \"quoted\", one;\\two|",
                                "line\nfeed\r\n\ttab",
                                "\x01\x1f control",
                                "caf\xc3\xa9 \xf0\x9f\x90\x98",
                                "NULL",
                                "#  a text of more than 24 units"};
  BatchBuilder builder(schema);
  for (int64_t i = 0; i < 8; ++i) {
    const bool low = i % 2 == 0;
    size_t c = 0;
    builder.column(c++).AppendBool(low);
    builder.column(c++).AppendInt64(low ? -128 : 127);
    builder.column(c++).AppendInt64(low ? -32768 : 32767);
    builder.column(c++).AppendInt64(low ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int32_t>::max());
    builder.column(c++).AppendInt64(low ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max());
    builder.column(c++).AppendDouble(static_cast<double>(kFloats[i]));
    builder.column(c++).AppendDouble(kDoubles[i]);
    builder.column(c++).AppendDecimal(i == 0 ? Int128{27} : i == 1 ? widest : i == 2 ? -widest : Int128{0} + i * 1'000'000'000);
    builder.column(c++).AppendDecimal(i == 0 ? Int128{0} : i == 1 ? Int128{9'999'999'999} : Int128{-100'000});
    builder.column(c++).AppendBytes(kTexts[i]);
    builder.column(c++).AppendBytes(std::string_view("\0\xff\x80 bytes", static_cast<size_t>(i)));
    builder.column(c++).AppendInt64(low ? -719'162 : 2'932'896);
    builder.column(c++).AppendInt64(low ? 0 : 86'399'999'999);
    builder.column(c++).AppendInt64(low ? -62'135'596'800'000 : 253'402'300'799'999);
    builder.column(c++).AppendInt64(low ? -1 : 1'785'542'400'120'000);
    builder.column(c++).AppendInt64(low ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max());
    builder.column(c++).AppendInt64(low ? 0 : 253'402'300'799);
  }
  for (size_t c = 0; c < schema->fields.size(); ++c) builder.column(c).AppendNull();
  return builder.Finish(9);
}

TEST(RowFormat, WhatJsonWritesItReadsBackToTheBit) {
  const Batch rows = Scalars();
  for (const FormatOptions& options :
       {FormatOptions{}, {{"timestamp-format.standard", "ISO-8601"}, {"encode.decimal-as-plain-number", "true"}, {"encode.ignore-null-fields", "true"}}}) {
    const auto format = Format("json", rows.schema(), options);
    const DecodedRecords back = DecodeRecords(*format, rows.schema(), Written(*format, rows));
    EXPECT_EQ(back.bad, 0) << back.first_bad.reason;
    ExpectSame(rows, *back.rows);
  }
}

TEST(RowFormat, WhatCsvWritesItReadsBackToTheBit) {
  const Batch rows = Scalars();
  for (const FormatOptions& options : {FormatOptions{{"null-literal", "\\N"}},
                                       {{"null-literal", "n/a"}, {"field-delimiter", "|"}, {"quote-character", "'"}},
                                       {{"null-literal", "n/a"}, {"escape-character", "\\"}, {"allow-comments", "true"}},
                                       {{"null-literal", "n/a"}, {"field-delimiter", "\\t"}, {"write-bigdecimal-in-scientific-notation", "false"}}}) {
    const auto format = Format("csv", rows.schema(), options);
    const DecodedRecords back = DecodeRecords(*format, rows.schema(), Written(*format, rows));
    EXPECT_EQ(back.bad, 0) << back.first_bad.reason;
    ExpectSame(rows, *back.rows);
  }
}

TEST(RowFormat, WhatRawWritesItReadsBackToTheBit) {
  const Batch rows = Scalars();
  for (size_t c = 0; c <= 10; ++c) {
    if (rows.column(c).type.id() == TypeId::kDecimal128) continue;
    const size_t only[] = {c};
    const int64_t filled[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const Batch one = rows.Select(only).Take(filled);
    for (const char* const order : {"big-endian", "little-endian"}) {
      const auto format = Format("raw", one.schema(), {{"endianness", order}});
      const DecodedRecords back = DecodeRecords(*format, one.schema(), Written(*format, one));
      EXPECT_EQ(back.bad, 0) << back.first_bad.reason;
      ExpectSame(one, *back.rows);
    }
  }
}

/// A batch of one row from its JSON.
Batch Row(const Schema& schema, const std::string& json) {
  const DecodedRecords made = DecodeRecords(*Format("json", schema), schema, {json});
  EXPECT_EQ(made.bad, 0) << made.first_bad.reason;
  return *made.rows;
}

TEST(RowFormat, NestedValuesComeBack) {
  const Schema schema{{{"l", Type::List(Type::Int32())},
                       {"m", Type::Map(Type::String(), Type::Float64())},
                       {"r", Type::Struct({{"x", Type::Bool()}, {"y", Type::List(Type::String())}})}}};
  for (const char* const text : {R"({"l":[1,null,-3],"m":{"a":1.5,"b":null},"r":{"x":true,"y":["q\"",""]}})", R"({"l":[],"m":{},"r":{"x":null,"y":null}})",
                                 R"({"l":null,"m":null,"r":null})"}) {
    EXPECT_THAT(Written(*Format("json", schema), Row(schema, text)), ElementsAre(text));
  }
  const Schema flat{{{"l", Type::List(Type::Int32())}, {"r", Type::Struct({{"x", Type::Bool()}, {"y", Type::String()}})}}};
  const auto csv = Format("csv", flat);
  const Batch row = Row(flat, R"({"l":[1,null,-3],"r":{"x":true,"y":"q"}})");
  EXPECT_THAT(Written(*csv, row), ElementsAre("1;;-3,true;q"));
  ExpectSame(row, *DecodeRecords(*csv, flat, {"1;;-3,true;q"}).rows);
}

TEST(RowFormat, CsvKeepsEmptyValuesApartFromNull) {
  const Schema schema{{{"b", Type::Binary()}, {"l", Type::List(Type::Int32())}, {"n", Type::Int32()}}};
  for (const char* const text : {R"({"b":"","l":[],"n":1})", R"({"b":null,"l":null,"n":null})", R"({"b":"","l":null,"n":null})"}) {
    for (const FormatOptions& options : {FormatOptions{}, {{"null-literal", "N"}}}) {
      const auto csv = Format("csv", schema, options);
      const Batch row = Row(schema, text);
      const DecodedRecords back = DecodeRecords(*csv, schema, Written(*csv, row));
      EXPECT_EQ(back.bad, 0) << back.first_bad.reason;
      ExpectSame(row, *back.rows);
    }
  }
  EXPECT_THAT(Written(*Format("csv", schema), Row(schema, R"({"b":"","l":[],"n":null})")), ElementsAre("\"\",\"\","));
  const auto refused = [](const Schema& of, const char* text, const FormatOptions& options) {
    std::string out;
    return Format("csv", of, options)->MakeSerializer()->Append(Row(of, text), 0, &out).message();
  };
  EXPECT_THAT(refused(schema, R"({"b":"","l":[1],"n":1})", {{"disable-quote-character", "true"}}),
              HasSubstr("column 'b': an empty value cannot be told from NULL without quotes"));
  const Schema nested{{{"r", Type::Struct({{"x", Type::Int32()}})}, {"t", Type::List(Type::String())}}};
  EXPECT_THAT(refused(nested, R"({"r":{"x":null},"t":[]})", {}), HasSubstr("column 'r': a row whose only member is empty"));
  EXPECT_THAT(refused(nested, R"({"r":{"x":1},"t":["N","x"]})", {{"null-literal", "N"}}), HasSubstr("column 't': an element would be read as NULL"));
}

TEST(RowFormat, ACsvLineMayEndWithADelimiter) {
  const Schema schema{{{"n", Type::Int32()}, {"s", Type::String()}}};
  EXPECT_EQ(DecodeRecords(*Format("csv", schema), schema, {"1,x,"}).bad, 0);
  EXPECT_EQ(DecodeRecords(*Format("csv", schema), schema, {"1,x,,"}).bad, 1);
  EXPECT_EQ(DecodeRecords(*Format("csv", schema), schema, {"1,x,\"\""}).bad, 1);
  EXPECT_EQ(DecodeRecords(*Format("csv", schema, {{"allow-trailing-comma", "false"}}), schema, {"1,x,"}).bad, 1);
}

TEST(RowFormat, AStrictCheckerJudgesFieldsThatTheFormatWouldIgnore) {
  const Schema schema{{{"n", Type::Int32()}}};
  for (const auto& [name, record] : {std::pair("json", R"({"n":"many"})"), std::pair("csv", "many")}) {
    const auto format = Format(name, schema, {{"ignore-parse-errors", "true"}});
    EXPECT_EQ(DecodeRecords(*format, schema, {record}).bad, 0);
    EXPECT_EQ(DecodeRecords(*format, schema, {record}, true).bad, 1);
  }
}

TEST(RowFormat, JsonHasTheTextsOfFlink) {
  const Schema schema{{{"d", Type::Float64()},
                       {"f", Type::Float32()},
                       {"m", Type::Decimal(18, 9)},
                       {"t", Type::Timestamp(TimeUnit::kMicro, false)},
                       {"z", Type::Timestamp(TimeUnit::kMilli, true)},
                       {"y", Type::Binary()},
                       {"s", Type::String()}}};
  BatchBuilder builder(std::make_shared<const Schema>(schema));
  builder.column(0).AppendDouble(1e10);
  builder.column(1).AppendDouble(1);
  builder.column(2).AppendDecimal(27);
  builder.column(3).AppendInt64(1'785'542'400'120'000);
  builder.column(4).AppendInt64(1'785'542'400'000);
  builder.column(5).AppendBytes("hi");
  builder.column(6).AppendBytes("\x01");
  const Batch row = builder.Finish(1);
  EXPECT_THAT(Written(*Format("json", schema), row),
              ElementsAre(R"({"d":1.0E10,"f":1.0,"m":2.7E-8,"t":"2026-08-01 00:00:00.12","z":"2026-08-01 00:00:00Z","y":"aGk=","s":"\u0001"})"));
  EXPECT_THAT(Written(*Format("json", schema, {{"encode.decimal-as-plain-number", "true"}, {"timestamp-format.standard", "iso-8601"}}), row),
              ElementsAre(R"({"d":1.0E10,"f":1.0,"m":0.000000027,"t":"2026-08-01T00:00:00.12","z":"2026-08-01T00:00:00Z","y":"aGk=","s":"\u0001"})"));
}

TEST(RowFormat, CsvQuotesAsItsWriterDoes) {
  const Schema schema{{{"s", Type::String()}, {"m", Type::Decimal(10, 2)}}};
  const auto written = [&](const std::string& text, const FormatOptions& options) {
    BatchBuilder builder(std::make_shared<const Schema>(schema));
    builder.column(0).AppendBytes(text);
    builder.column(1).AppendDecimal(10'000'000);
    return Written(*Format("csv", schema, options), builder.Finish(1))[0];
  };
  EXPECT_EQ(written("plain", {}), "plain,1E+5");
  EXPECT_EQ(written("two words", {}), "\"two words\",1E+5") << "a blank lies below the comma";
  EXPECT_EQ(written("24-units-without-a-blank", {{"field-delimiter", "|"}}), "\"24-units-without-a-blank\"|1E+5")
      << "all of ASCII but {, } and ~ lies below the bar";
  EXPECT_EQ(written(std::string(24, 'x'), {}), std::string(24, 'x') + ",1E+5");
  EXPECT_EQ(written(std::string(25, 'x'), {}), "\"" + std::string(25, 'x') + "\",1E+5");
  EXPECT_EQ(written("a\"b", {}), "\"a\"\"b\",1E+5");
  EXPECT_EQ(written("a\"b", {{"escape-character", "\\"}}), "\"a\\\"b\",1E+5");
  EXPECT_EQ(written("a b", {{"disable-quote-character", "true"}}), "a b,1E+5");
  EXPECT_EQ(written("x", {{"write-bigdecimal-in-scientific-notation", "false"}}), "x,100000.00");
  EXPECT_EQ(written("#x", {{"field-delimiter", "\t"}, {"allow-comments", "true"}}), "\"#x\"\t1E+5") << "else it would be read as a comment";
}

TEST(RowFormat, ACsvRecordOfOneColumnIsNeverWithoutBytes) {
  const Schema schema{{{"s", Type::String()}}};
  BatchBuilder builder(std::make_shared<const Schema>(schema));
  builder.column(0).AppendBytes("");
  builder.column(0).AppendNull();
  const Batch rows = builder.Finish(2);
  std::string out;
  ASSERT_TRUE(Format("csv", schema)->MakeSerializer()->Append(rows, 0, &out).ok());
  EXPECT_EQ(out, "\"\"") << "a record without bytes is no row";
  EXPECT_THAT(Format("csv", schema)->MakeSerializer()->Append(rows, 1, &out).message(), HasSubstr("csv.null-literal"));
  EXPECT_THAT(Format("csv", schema, {{"disable-quote-character", "true"}})->MakeSerializer()->Append(rows, 0, &out).message(), HasSubstr("without quotes"));
}

TEST(RowFormat, JsonReadsLeniently) {
  const Schema schema{
      {{"i", Type::Int32()}, {"l", Type::Int64()}, {"d", Type::Float64()}, {"b", Type::Bool()}, {"m", Type::Decimal(4, 1)}, {"s", Type::String()}}};
  ExpectSame(Row(schema, R"({"i":" 12 ","l":"-9223372036854775808","d":"NaN","b":"TRUE","m":"1.25","s":{"a": [1]}})"),
             Row(schema, R"({"i":12,"l":-9223372036854775808,"d":"NaN","b":true,"m":1.3,"s":"{\"a\":[1]}"})"));
  ExpectSame(Row(schema, R"({"b":"yes","m":-1.25})"), Row(schema, R"({"b":false,"m":-1.3})"));
  const auto format = Format("json", schema);
  for (const char* const bad : {R"({"i":"1.5"})", R"({"i":""})", R"({"i":"2147483648"})", R"({"d":"nan"})", R"({"m":"1e"})", R"({"m":[]})", R"({"b":{}})"})
    EXPECT_EQ(DecodeRecords(*format, schema, {bad}).bad, 1) << bad;
  for (const char* const large : {R"({"m":1e4})", R"({"m":"999.95"})"}) {
    const DecodedRecords made = DecodeRecords(*format, schema, {large});
    EXPECT_EQ(made.bad, 0) << large << ": a DECIMAL that does not fit is NULL, and counted";
    EXPECT_EQ(made.undecodable, 1) << large;
    EXPECT_EQ(DecodeRecords(*format, schema, {large}, true).bad, 1) << large << ": but where every field is to fit";
  }
}

Schema NotNull() { return {{{"a", Type::Int32(), {{kNotNullMetadata, "true"}}}, {"b", Type::String()}}}; }

TEST(RowFormat, ARecordWithoutANotNullColumnIsBad) {
  for (const char* const ignore : {"false", "true"}) {
    DecodedRecords made = DecodeRecords(*Format("json", NotNull(), {{"ignore-parse-errors", ignore}}), NotNull(),
                                        {R"({"a":1})", R"({"b":"x"})", R"({"a":null})", R"({"a":2,"b":null})"});
    EXPECT_THAT(made.good, ElementsAre(0, 3));
    EXPECT_EQ(made.first_bad.reason, "column \"a\" is NOT NULL, and the message has no value for it");
    EXPECT_EQ(made.first_bad.payload, 1u);
    made = DecodeRecords(*Format("csv", NotNull(), {{"ignore-parse-errors", ignore}}), NotNull(), {"1,x", ",x", "2,"});
    EXPECT_THAT(made.good, ElementsAre(0, 2));
    EXPECT_THAT(made.first_bad.reason, HasSubstr("column \"a\" is NOT NULL"));
  }
}

TEST(RowFormat, AMissingMemberIsBadWhereTheTableSaysSo) {
  const Schema schema{{{"a", Type::Int32()}, {"b", Type::String()}}};
  const DecodedRecords made = DecodeRecords(*Format("json", schema, {{"fail-on-missing-field", "true"}}), schema, {R"({"a":1,"b":null})", R"({"a":1})"});
  EXPECT_THAT(made.good, ElementsAre(0));
  EXPECT_EQ(made.first_bad.reason, "column \"b\": the message has no such member");
}

TEST(RowFormat, ParseErrorsAreErrorsOrIgnored) {
  const Schema schema{{{"a", Type::Int32()}, {"b", Type::String()}}};
  const std::vector<std::string> json = {R"({"a":"x","b":"y"})", "{", "[1]", R"({"a":1})"};
  DecodedRecords made = DecodeRecords(*Format("json", schema), schema, json);
  EXPECT_THAT(made.good, ElementsAre(3));
  EXPECT_THAT(made.first_bad.reason, HasSubstr("column \"a\": value does not fit INTEGER: \"x\""));
  made = DecodeRecords(*Format("json", schema, {{"ignore-parse-errors", "true"}}), schema, json);
  EXPECT_THAT(made.good, ElementsAre(0, 3)) << "a bad field is NULL, a bad document no row";
  EXPECT_EQ(made.undecodable, 1);
  const std::vector<std::string> csv = {"x,y", "1", "1,y,z", "\"open,y", "\"a\"b,y", "1,y\n2,z", "1,\xff", "2,ok\r\n"};
  made = DecodeRecords(*Format("csv", schema), schema, csv);
  EXPECT_THAT(made.good, ElementsAre(7));
  EXPECT_THAT(made.first_bad.reason, HasSubstr("column \"a\": value does not fit INTEGER: 'x'"));
  made = DecodeRecords(*Format("csv", schema, {{"ignore-parse-errors", "true"}}), schema, csv);
  EXPECT_THAT(made.good, ElementsAre(0, 1, 6, 7));
  made = DecodeRecords(*Format("csv", schema, {{"allow-comments", "true"}}), schema, {"# a comment", "1,y"});
  EXPECT_THAT(made.good, ElementsAre(1));
  const Schema number{{{"a", Type::Int32()}}};
  made = DecodeRecords(*Format("raw", number), number, {std::string(4, 'x'), "abc"});
  EXPECT_THAT(made.good, ElementsAre(0));
  EXPECT_EQ(made.first_bad.reason, "column \"a\": a record of 3 bytes is no INTEGER, which has 4");
}

TEST(RowFormat, ARowWithoutAFormIsAnError) {
  const Schema schema{{{"t", Type::Timestamp(TimeUnit::kSecond, false)}, {"s", Type::String()}}};
  BatchBuilder builder(std::make_shared<const Schema>(schema));
  builder.column(0).AppendInt64(253'402'300'800);
  builder.column(1).AppendBytes("a,b");
  const Batch row = builder.Finish(1);
  const size_t text[] = {1};
  const Batch only_text = row.Select(text);
  std::string out;
  EXPECT_THAT(Format("json", schema)->MakeSerializer()->Append(row, 0, &out).message(), HasSubstr("column 't': a value of type"));
  EXPECT_THAT(Format("csv", schema)->MakeSerializer()->Append(row, 0, &out).message(), HasSubstr("column 't': a time outside the years 0001 to 9999"));
  EXPECT_THAT(Format("csv", only_text.schema(), {{"disable-quote-character", "true"}})->MakeSerializer()->Append(only_text, 0, &out).message(),
              HasSubstr("column 's': a text that holds the delimiter"));
  EXPECT_THAT(Format("csv", only_text.schema(), {{"null-literal", "a,b"}, {"field-delimiter", "|"}})->MakeSerializer()->Append(only_text, 0, &out).message(),
              HasSubstr("would be read as NULL"));
  BatchBuilder null(std::make_shared<const Schema>(only_text.schema()));
  null.column(0).AppendNull();
  EXPECT_THAT(Format("raw", only_text.schema())->MakeSerializer()->Append(null.Finish(1), 0, &out).message(), HasSubstr("NULL has no bytes"));
}

TEST(RowFormat, WhatIsWrongWithOptionsIsNamed) {
  const Schema two{{{"a", Type::Int32()}, {"b", Type::String()}}};
  struct Bad {
    const char* format;
    FormatOptions options;
    StatusCode code;
    const char* message;
  };
  const StatusCode invalid = StatusCode::kInvalid, unbuilt = StatusCode::kNotImplemented;
  const Bad cases[] = {
      {"jsn", {}, invalid, "unknown format 'jsn'; did you mean 'json'?"},
      {"avro", {}, unbuilt, "format 'avro' is not built yet"},
      {"debezium-json", {}, unbuilt, "format 'debezium-json' is not built yet"},
      {"json", {{"ignore-parse-error", "true"}}, invalid, "unknown option 'json.ignore-parse-error'; did you mean 'json.ignore-parse-errors'?"},
      {"json", {{"ignore-parse-errors", "yes"}}, invalid, "option 'json.ignore-parse-errors': 'yes' is no boolean"},
      {"json", {{"ignore-parse-errors", "true"}, {"fail-on-missing-field", "true"}}, invalid, "exclude each other"},
      {"json", {{"timestamp-format.standard", "RFC"}}, invalid, "'RFC' is none of SQL, ISO-8601"},
      {"json", {{"timestamp-format.standard", "ISO-8601-WITH-OFFSET"}}, unbuilt, "is not built"},
      {"json", {{"map-null-key.mode", "KEEP"}}, invalid, "is none of FAIL, DROP, LITERAL"},
      {"csv", {{"field-delimiter", "ab"}}, invalid, "'ab' is not one ASCII character"},
      {"csv", {{"field-delimiter", "\""}}, invalid, "must be different characters"},
      {"csv", {{"quote-character", "'"}, {"disable-quote-character", "true"}}, invalid, "exclude each other"},
      {"csv", {{"array-element-delimiter", ""}}, invalid, "is empty"},
      {"csv", {{"ignore-first-line", "true"}}, unbuilt, "only 'false' is"},
      {"csv", {{"null-literal", "a,b"}}, invalid, "'a,b' holds a delimiter"},
      {"csv", {{"null-literal", "a;b"}}, invalid, "'a;b' holds a delimiter"},
      {"csv", {{"null-literal", "#N"}, {"allow-comments", "true"}}, invalid, "would be read as a comment"},
      {"csv", {{"quote-character", "'"}, {"escape-character", "'"}}, invalid, "must be different characters"},
      {"raw", {}, invalid, "exactly one physical column, not 2"},
      {"raw", {{"charset", "UTF-16"}}, unbuilt, "only 'UTF-8' is"},
      {"raw", {{"endianness", "middle"}}, invalid, "is none of big-endian, little-endian"},
  };
  for (const Bad& bad : cases) {
    const Status status = MakeRowFormat(bad.format, bad.options, two).status();
    EXPECT_EQ(status.code(), bad.code) << status;
    EXPECT_THAT(status.message(), HasSubstr(bad.message));
  }
  EXPECT_THAT(MakeRowFormat("csv", {}, {{{"m", Type::Map(Type::String(), Type::Int32())}}}).status().message(), HasSubstr("column 'm': csv holds scalars"));
  EXPECT_THAT(MakeRowFormat("json", {}, {{{"m", Type::Map(Type::Int32(), Type::Int32())}}}).status().message(),
              HasSubstr("the keys of a JSON object are VARCHAR"));
  EXPECT_THAT(MakeRowFormat("raw", {}, {{{"d", Type::Date()}}}).status().message(), HasSubstr("column 'd': format raw holds"));
}

}  // namespace
}  // namespace lotic
