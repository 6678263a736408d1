// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/page_parser.h"

#include <gmock/gmock.h>

#include <cmath>

namespace lotic::timestream {
namespace {

using testing::HasSubstr;

struct Parsed {
  QueryPage page;
  Batch rows;
};

Result<Parsed> Parse(const std::string& answer, const std::vector<Type>& types) {
  auto layout = std::make_shared<Schema>();
  std::vector<int> targets;
  std::vector<std::string> names;
  for (const Type& type : types) {
    names.push_back("c" + std::to_string(names.size()));
    layout->fields.push_back({names.back(), type, {}});
    targets.push_back(static_cast<int>(targets.size()));
  }
  std::string padded = answer;
  padded.reserve(answer.size() + PageParser::kPadding);
  PageParser parser(layout, targets, names);
  BatchBuilder builder(layout);
  LOTIC_ASSIGN_OR_RETURN(QueryPage page, parser.Parse(padded, &builder));
  const int64_t count = page.rows;
  Parsed made{std::move(page), builder.Finish(count)};
  LOTIC_RETURN_NOT_OK(made.rows.Validate());
  return made;
}
std::string Rows(const std::string& rows) { return R"({"QueryId":"Q1","Rows":[)" + rows + "]}"; }
std::string Cell(const std::string& datum) { return Rows(R"({"Data":[)" + datum + "]}"); }
std::string Scalar(const std::string& text) { return Cell(R"({"ScalarValue":")" + text + "\"}"); }

Result<int64_t> Number(const std::string& text, const Type& type) {
  LOTIC_ASSIGN_OR_RETURN(const Parsed parsed, Parse(Scalar(text), {type}));
  return parsed.rows.column(0).values<int64_t>()[0];
}

TEST(PageParser, TimesOfAnyFractionAreFloored) {
  const Type us = Type::Timestamp(TimeUnit::kMicro, false), ms = Type::Timestamp(TimeUnit::kMilli, false), ns = Type::Timestamp(TimeUnit::kNano, false);
  EXPECT_EQ(Number("2024-04-05 09:31:12.142000000", us).ValueOrDie(), 1712309472142000);
  EXPECT_EQ(Number("2024-04-05 09:31:12", us).ValueOrDie(), 1712309472000000) << "no dot";
  EXPECT_EQ(Number("2024-04-05 09:31:12.", us).ValueOrDie(), 1712309472000000);
  EXPECT_EQ(Number("2024-04-05 09:31:12.142", us).ValueOrDie(), 1712309472142000);
  EXPECT_EQ(Number("2024-04-05 09:31:12.142999", ms).ValueOrDie(), 1712309472142);
  EXPECT_EQ(Number("1969-12-31 23:59:59.999999999", ms).ValueOrDie(), -1);
  EXPECT_EQ(Number("1969-12-31 23:59:59.000000001", ms).ValueOrDie(), -1000);
  EXPECT_EQ(Number("1677-09-21 00:12:43.145224192", ns).ValueOrDie(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(Number("2262-04-11 23:47:16.854775807", ns).ValueOrDie(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Number("2262-04-11 23:47:16.854775807", ms).ValueOrDie(), 9223372036854);
  for (const char* const bad : {"2262-04-11 23:47:16.854775808", "1677-09-21 00:12:43.145224191"}) EXPECT_FALSE(Number(bad, ns).ok()) << bad;
  for (const char* const bad : {"2024-02-30 00:00:00", "2024-04-05T09:31:12", "2024-04-05 24:00:00", "2024-04-05 09:31:60", "2024-04-05 09:31:12.1234567890",
                                "", "now", "-024-04-05 09:31:12"}) {
    EXPECT_THAT(Number(bad, us).status().message(), HasSubstr("is no TIMESTAMP")) << bad;
  }
}

TEST(PageParser, NumbersAreThoseOfJava) {
  const auto number = [](const std::string& text) { return Parse(Scalar(text), {Type::Float64()}).ValueOrDie().rows.column(0).values<double>()[0]; };
  EXPECT_EQ(number("61.5"), 61.5);
  EXPECT_EQ(number("1.0E10"), 1e10);
  EXPECT_TRUE(std::isnan(number("NaN")));
  EXPECT_EQ(number("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(number("1E400"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(number("4.9E-324"), 5e-324);
  EXPECT_EQ(number("1E-400"), 0.0);
  for (const char* const bad : {"", "inf", "nan", "0x10", "1,5", "1.5x", " 1"}) EXPECT_FALSE(Parse(Scalar(bad), {Type::Float64()}).ok()) << bad;
}

TEST(PageParser, NullIsWhatHasNoValue) {
  for (const char* const cell : {R"({"NullValue":true})", R"({"NullValue": true })", "{}", R"({"ScalarValue":null})", R"({"Unknown":[1,{"a":"]"}]})"}) {
    const Parsed parsed = Parse(Cell(cell), {Type::List(Type::Int64())}).ValueOrDie();
    EXPECT_TRUE(parsed.rows.column(0).IsNull(0)) << cell;
  }
  const Parsed nested =
      Parse(Cell(R"({"ArrayValue":[{"NullValue":true},{"RowValue":{"Data":[{"NullValue":true}]}}]})"), {Type::List(Type::Struct({{"m", Type::Int64(), {}}}))})
          .ValueOrDie();
  const Column& list = nested.rows.column(0);
  EXPECT_FALSE(list.IsNull(0));
  EXPECT_TRUE(list.children[0].IsNull(0));
  EXPECT_FALSE(list.children[0].IsNull(1));
  EXPECT_TRUE(list.children[0].children[0].IsNull(1));
}

TEST(PageParser, ASeriesAndAnArrayOfRowsBothFit) {
  const Type type = Type::List(Type::Struct({{"time", Type::Timestamp(TimeUnit::kMilli, false), {}}, {"measure_value::double", Type::Float64(), {}}}));
  const std::string series =
      R"({"TimeSeriesValue":[{"Time":"2026-08-01 00:00:00.000000000","Value":{"ScalarValue":"61.5"}},{"Value":{"ScalarValue":"60.25"},"Time":"2026-08-01 00:10:00.000000000"}]})";
  const std::string array = R"({"ArrayValue":[{"RowValue":{"Data":[{"ScalarValue":"2026-08-01 00:00:00.000000000"},{"ScalarValue":"61.5"}]}},)"
                            R"({"RowValue":{"Data":[{"ScalarValue":"2026-08-01 00:10:00.000000000"},{"ScalarValue":"60.25"}]}}]})";
  for (const std::string& cell : {series, array}) {
    const Parsed parsed = Parse(Cell(cell), {type}).ValueOrDie();
    const Column& point = parsed.rows.column(0).children[0];
    ASSERT_EQ(point.length, 2);
    EXPECT_EQ(point.children[0].values<int64_t>()[0], 1785542400000);
    EXPECT_EQ(point.children[0].values<int64_t>()[1], 1785543000000);
    EXPECT_EQ(point.children[1].values<double>()[1], 60.25);
  }
}

TEST(PageParser, ASeriesHoldsValuesOfAnyType) {
  const Type inner = Type::List(Type::Int64());
  const Type type = Type::List(Type::Struct({{"time", Type::Timestamp(TimeUnit::kNano, false), {}}, {"measure_value", inner, {}}}));
  const Parsed parsed = Parse(Cell(R"({"TimeSeriesValue":[{"Time":"1970-01-01 00:00:00.000000001","Value":{"ArrayValue":[{"ScalarValue":"7"}]}},)"
                                   R"({"Time":"1970-01-01 00:00:00.000000002","Value":{"NullValue":true}}]})"),
                              {type})
                            .ValueOrDie();
  EXPECT_TRUE(parsed.rows.column(0).children[0].children[1].IsNull(1));
  EXPECT_EQ(parsed.rows.column(0).children[0].children[1].children[0].values<int64_t>()[0], 7);
}

TEST(PageParser, MembersComeInAnyOrderWithSpaceAndUnknownOnes) {
  const Parsed parsed =
      Parse(
          "\n{ \"Rows\" : [ { \"More\" : {\"x\":[\"}\"]} , \"Data\" : [ { \"ScalarValue\" : \"a\\u00e4\\n\\\"\" } , { \"NullValue\" : true } ] } ] ,"
          "\"NextToken\":\"t\\/1\", \"Else\":1e5, "
          "\"ColumnInfo\":[{\"Type\":{\"ScalarType\":\"VARCHAR\"}},{\"Name\":\"n\",\"Type\":{\"ScalarType\":\"BIGINT\"}}],"
          "\"QueryStatus\":{\"ProgressPercentage\":50.5,\"CumulativeBytesMetered\":10000000,\"CumulativeBytesScanned\":7}, \"QueryId\":\"Q9\" }  ",
          {Type::String(), Type::Int64()})
          .ValueOrDie();
  EXPECT_EQ(parsed.rows.column(0).Text(0), "a\u00e4\n\"");
  EXPECT_TRUE(parsed.rows.column(1).IsNull(0));
  EXPECT_EQ(parsed.page.query_id, "Q9");
  EXPECT_EQ(parsed.page.next_token, "t/1");
  EXPECT_EQ(parsed.page.bytes_metered, 10000000);
  EXPECT_EQ(parsed.page.bytes_scanned, 7);
  EXPECT_EQ(parsed.page.columns.size(), 2u);
}

TEST(PageParser, ColumnsOfEveryShapeAreTyped) {
  const Parsed parsed = Parse(R"({"QueryId":"Q","Rows":[],"ColumnInfo":[
    {"Name":"s","Type":{"TimeSeriesMeasureValueColumnInfo":{"Type":{"ScalarType":"DOUBLE"}}}},
    {"Name":"a","Type":{"ArrayColumnInfo":{"Name":"x","Type":{"ScalarType":"INTEGER"}}}},
    {"Name":"r","Type":{"RowColumnInfo":[{"Type":{"ScalarType":"DATE"}},{"Name":"q","Type":{"ScalarType":"BOOLEAN"}}]}},
    {"Type":{"ScalarType":"TIMESTAMP","RowColumnInfo":[]}},
    {"Name":"A","Type":{"ScalarType":"INTERVAL_DAY_TO_SECOND"}}]})",
                              {})
                            .ValueOrDie();
  const Schema schema = SchemaOf(parsed.page.columns, TimeUnit::kMicro).ValueOrDie();
  std::vector<std::string> shown;
  for (const Field& field : schema.fields) shown.push_back(field.name + " " + field.type.ToString());
  EXPECT_THAT(shown, testing::ElementsAre(R"(s LIST<STRUCT<"time" TIMESTAMP(6), "measure_value" DOUBLE>>)", "a LIST<INTEGER>",
                                          R"(r STRUCT<"field_0" DATE, "q" BOOLEAN>)", "_col3 TIMESTAMP(6)", "A_1 VARCHAR"));
}

TEST(PageParser, DeclaredTypesAreConvertedFromText) {
  EXPECT_EQ(Parse(Scalar("-12.5"), {Type::Decimal(5, 2)}).ValueOrDie().rows.column(0).values<Int128>()[0], -1250);
  EXPECT_EQ(Parse(Scalar("7"), {Type::Int8()}).ValueOrDie().rows.column(0).values<int8_t>()[0], 7);
  EXPECT_EQ(Parse(Scalar("0.5"), {Type::Float32()}).ValueOrDie().rows.column(0).values<float>()[0], 0.5f);
  EXPECT_FALSE(Parse(Scalar("1000"), {Type::Decimal(5, 2)}).ok()) << "five digits hold no 1000.00";
  EXPECT_FALSE(Parse(Scalar("1.234"), {Type::Decimal(5, 2)}).ok());
  EXPECT_FALSE(Parse(Scalar("128"), {Type::Int8()}).ok());
  EXPECT_FALSE(Parse(Scalar("1E300"), {Type::Float32()}).ok());
}

TEST(PageParser, ColumnsThatNobodyWantsArePassedOver) {
  auto layout = std::make_shared<Schema>(Schema{{{"b", Type::Int64(), {}}}, {}});
  PageParser parser(layout, {-1, 0, -1}, {"a", "b", "c"});
  BatchBuilder builder(layout);
  std::string answer = Rows(R"({"Data":[{"ScalarValue":"x"},{"ScalarValue":"5"},{"TimeSeriesValue":[]}]})");
  answer.reserve(answer.size() + PageParser::kPadding);
  const QueryPage page = parser.Parse(answer, &builder).ValueOrDie();
  EXPECT_EQ(builder.Finish(page.rows).column(0).values<int64_t>()[0], 5);
}

TEST(PageParser, ABadAnswerSaysWhatIsWrong) {
  const std::vector<Type> two = {Type::String(), Type::Int64()};
  const std::vector<std::tuple<std::string, std::vector<Type>, std::string>> cases = {
      {"", {}, "cut short"},
      {"[]", {}, "'{' was expected at byte 0"},
      {"{\"QueryId\":\"Q\"", {}, "cut short"},
      {"{\"QueryId\":\"Q\"} x", {}, "the end was expected"},
      {"{\"Rows\":[]}", {}, "no QueryId"},
      {"{\"QueryId\":\"q\"}", {}, "no Rows"},
      {"{\"QueryId\":7}", {}, "a text was expected"},
      {"{\"QueryId\":\"Q\",\"Rows\":{}}", {}, "'[' was expected"},
      {"{\"QueryId\":\"Q\" \"Rows\":[]}", {}, "',' was expected"},
      {"{\"QueryId\":\"\xff\"}", {}, "no UTF-8"},
      {"{\"QueryId\":\"\\x\"}", {}, "broken escape"},
      {"{\"QueryId\":\"a\nb\"}", {}, "the end of a text"},
      {"{\"QueryId\":\"Q\",\"QueryStatus\":{\"ProgressPercentage\":\"x\"}}", {}, "a number was expected"},
      {"{\"QueryId\":\"Q\",\"X\":[1,}", {}, "valid JSON was expected"},
      {"{\"QueryId\":\"Q\",\"X\":[1,]}", {}, "valid JSON was expected"},
      {Rows("{}"), two, "row 0 of the answer has no cells"},
      {Rows("7"), two, "'{' was expected"},
      {Rows(R"({"Data":[{"ScalarValue":"a"}]})"), two, "row 0 of the answer has 1 cells, not 2"},
      {Rows(R"({"Data":[{"ScalarValue":"a"},{"ScalarValue":"1"},{"ScalarValue":"1"}]})"), two, "more than 2 cells"},
      {Rows(R"({"Data":[{"ScalarValue":"a"},{"ScalarValue":"1"}]},{"Data":[{"ScalarValue":"a"},{"ScalarValue":"one"}]})"), two,
       "row 1 of the answer, column 'c1': 'one' is no BIGINT"},
      {Rows(R"({"Data":[],"Data":[]})"), {}, "two lists of cells"},
      {Rows("").substr(0, Rows("").size() - 1) + ",\"Rows\":[{\"Data\":[]}]}", {}, ""},
      {Scalar("99999999999999999999"), {Type::Int64()}, "'99999999999999999999' is no BIGINT"},
      {Scalar("yes"), {Type::Bool()}, "'yes' is no BOOLEAN"},
      {Scalar("2024-13-01"), {Type::Date()}, "'2024-13-01' is no DATE"},
      {Cell(R"({"ScalarValue":"a","ArrayValue":[]})"), {Type::String()}, "holds two values"},
      {Cell(R"({"ArrayValue":[]})"), {Type::String()}, "a list does not fit VARCHAR"},
      {Cell(R"({"ScalarValue":"a"})"), {Type::List(Type::String())}, "a scalar does not fit LIST<VARCHAR>"},
      {Cell(R"({"RowValue":{"Data":[]}})"), {Type::Struct({{"a", Type::String(), {}}})}, "a row has 0 members, not 1"},
      {Cell(R"({"RowValue":{}})"), {Type::Struct({{"a", Type::String(), {}}})}, "a row has no members"},
      {Cell(R"({"TimeSeriesValue":[{"Value":{}}]})"),
       {Type::List(Type::Struct({{"time", Type::Timestamp(TimeUnit::kMicro, false), {}}, {"v", Type::String(), {}}}))},
       "has no Time"},
      {Cell(R"({"TimeSeriesValue":[]})"), {Type::List(Type::String())}, "a time series does not fit"},
      {R"({"QueryId":"Q","ColumnInfo":[{"Name":"x"}]})", {}, "gives column 'x' no type"},
      {R"({"QueryId":"Q","ColumnInfo":[{"Type":{"ScalarType":"A","ArrayColumnInfo":{"Type":{"ScalarType":"B"}}}}]})", {}, "two types"},
  };
  for (const auto& [answer, types, message] : cases) {
    const Result<Parsed> parsed = Parse(answer, types);
    if (message.empty()) {
      EXPECT_TRUE(parsed.ok()) << answer;
      continue;
    }
    ASSERT_FALSE(parsed.ok()) << answer;
    EXPECT_EQ(parsed.status().code(), StatusCode::kIOError) << answer;
    EXPECT_THAT(parsed.status().message(), HasSubstr(message)) << answer;
  }
}

TEST(PageParser, EveryPrefixOfAnAnswerIsAnError) {
  const std::string whole =
      R"({"QueryId":"Q","ColumnInfo":[{"Name":"a\u00e4","Type":{"ScalarType":"VARCHAR"}}],"NextToken":"t","Rows":[{"Data":[{"ScalarValue":"x\ny"}]},{"Data":[{"NullValue":true}]}]})";
  ASSERT_TRUE(Parse(whole, {Type::String()}).ok());
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(Parse(whole.substr(0, size), {Type::String()}).ok()) << size;
}

TEST(PageParser, ATypeNestedTooDeepIsALimit) {
  std::string type = R"({"ScalarType":"BIGINT"})";
  for (int i = 0; i < 100; ++i) type = R"({"ArrayColumnInfo":{"Type":)" + type + "}}";
  EXPECT_EQ(Parse(R"({"QueryId":"Q","ColumnInfo":[{"Type":)" + type + "}]}", {}).status().code(), StatusCode::kCapacityError);
}

TEST(PageParser, TheNextTokenIsFoundWithoutParsing) {
  EXPECT_EQ(FindNextToken(R"({"Rows":[],"NextToken" : "a\/b"})"), "a/b");
  EXPECT_EQ(FindNextToken(R"({"Rows":[{"Data":[{"ScalarValue":"NextToken"},{"ScalarValue":"\"NextToken\":\"x\""}]}],"NextToken":"y"})"), "y");
  EXPECT_EQ(FindNextToken(R"({"Rows":[{"Data":[{"ScalarValue":"\"NextToken\":\"x\""}]}]})"), "");
  EXPECT_EQ(FindNextToken(R"({"NextToken":null})"), "");
  EXPECT_EQ(FindNextToken(R"({"NextToken":"cut)"), "");
}

}  // namespace
}  // namespace lotic::timestream
