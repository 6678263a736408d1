// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/glue_table.h"

#include <gmock/gmock.h>

#include "connector/timestream/column_info.h"

namespace lotic::timestream {
namespace {

using testing::HasSubstr;

std::string TypeOfText(const std::string& text) {
  std::string source;
  const Result<Type> type = ParseGlueType(text, TimeUnit::kMilli, &source);
  return type.ok() ? type->ToString() + " " + source : type.status().message();
}

TEST(GlueTable, TypesAreReadWithBlanksCaseAndEscapedColons) {
  EXPECT_EQ(TypeOfText("array<struct<time:timestamp,measure_value\\:\\:double:double>>"),
            R"(LIST<STRUCT<"time" TIMESTAMP(3), "measure_value::double" DOUBLE>> declared)");
  EXPECT_EQ(TypeOfText(" Array < STRUCT < a : BigInt , b:varchar( 10 ) > > "), R"(LIST<STRUCT<"a" BIGINT, "b" VARCHAR>> declared)");
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{{"int", "INTEGER integer"},
                                                                                       {"varchar", "VARCHAR varchar"},
                                                                                       {"string", "VARCHAR varchar"},
                                                                                       {"bigint", "BIGINT bigint"},
                                                                                       {"double", "DOUBLE double"},
                                                                                       {"float", "REAL declared"},
                                                                                       {"smallint", "SMALLINT declared"},
                                                                                       {"tinyint", "TINYINT declared"},
                                                                                       {"boolean", "BOOLEAN boolean"},
                                                                                       {"timestamp", "TIMESTAMP(3) timestamp"},
                                                                                       {"date", "DATE date"},
                                                                                       {"timestamptz", "TIMESTAMP(3) UTC declared"},
                                                                                       {"decimal(10,2)", "DECIMAL(10,2) declared"},
                                                                                       {"set<date>", "LIST<DATE> declared"},
                                                                                       {"binary", "VARBINARY unreadable"},
                                                                                       {"map<string,int>", "MAP<VARCHAR, INTEGER> unreadable"},
                                                                                       {"array<binary>", "LIST<VARBINARY> unreadable"}}) {
    EXPECT_EQ(TypeOfText(text), expected);
  }
}

TEST(GlueTable, ABadTypeSaysWhere) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{{"", "a type was expected at byte 0"},
                                                                                       {"array<", "a type was expected at byte 6"},
                                                                                       {"array<int", "'>' was expected at byte 9"},
                                                                                       {"struct<int>", "a member's name and ':'"},
                                                                                       {"int int", "the end was expected at byte 4"},
                                                                                       {"decimal(39,0)", "a precision of 1 to 38"},
                                                                                       {"blob", "a type was expected at byte 0"},
                                                                                       {"map<int>", "',' was expected at byte 7"},
                                                                                       {"map", "'<' was expected at byte 3"},
                                                                                       {"map<int,int", "'>' was expected at byte 11"}}) {
    EXPECT_THAT(TypeOfText(text), HasSubstr(expected)) << text;
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "array<";
  EXPECT_THAT(TypeOfText(deep), HasSubstr("nested more than"));
}

std::string Answer(const std::string& parameters, const std::string& more = "") {
  return R"({"Table":{"Name":"humidity_series","DatabaseName":"greenhouse","Parameters":{)" + parameters + "}" + more +
         R"(,"StorageDescriptor":{"Columns":[{"Name":"house","Type":"varchar"},{"Name":"humidity","Type":"array<struct<time:timestamp,measure_value\\:\\:double:double>>"}]}}})";
}
std::optional<SupplementalTable> Table(const std::string& answer) { return ParseGlueTable(answer, TimeUnit::kMilli).ValueOrDie(); }

TEST(GlueTable, IsOursWithTheFlagOrAViewTemplate) {
  EXPECT_FALSE(Table(Answer("")));
  EXPECT_FALSE(Table(Answer(R"("x":"y")", R"(,"ViewOriginalText":"SELECT 1")"))) << "a view text alone flags no table";
  EXPECT_EQ(Table(Answer(R"("timestream-metadata-flag":"")"))->source.view, "");
  EXPECT_EQ(Table(Answer(R"("timestream-metadata-flag":"")"))->source.table, "humidity_series");
  EXPECT_EQ(Table(Answer(R"("_view_template":"SELECT 1;")"))->source.view, "SELECT 1");
  EXPECT_EQ(Table(Answer(R"("_view_template":"SELECT 1")", R"(,"ViewOriginalText":"SELECT 2")"))->source.view, "SELECT 2");
  EXPECT_EQ(Table(Answer(R"("timestream-metadata-flag":"no","_view_template":"SELECT 1","k":"v")"))->parameters.at("k"), "v");
}

TEST(GlueTable, ThePublishedExampleMakesItsQuery) {
  const auto table = Table(Answer(
      R"("timestream-metadata-flag":"yes","_view_template":"SELECT house, CREATE_TIME_SERIES(time, measure_value::double) AS humidity FROM \"greenhouse\".\"sensors\" GROUP BY house")"));
  ScanRequest request;
  request.layout = table->schema;
  request.constraints.columns["house"] = ValueSet::Listed({std::string("north")});
  EXPECT_EQ(
      PlanQuery(request, table->source, Dialect::kOwn).ValueOrDie().text,
      R"(WITH t1 AS ( SELECT house, CREATE_TIME_SERIES(time, measure_value::double) AS humidity FROM "greenhouse"."sensors" GROUP BY house )  SELECT "house", "humidity" FROM t1 WHERE ("house" = 'north'))");
  EXPECT_EQ(table->schema.fields[1].type.ToString(), R"(LIST<STRUCT<"time" TIMESTAMP(3), "measure_value::double" DOUBLE>>)");
}

TEST(GlueTable, ColumnsHaveTheNamesThatTheMappingSays) {
  const auto table = Table(Answer(R"("timestream-metadata-flag":"","columnMapping":"house=House Name,x=y")"));
  ScanRequest request;
  request.layout.fields = {table->schema.fields[0]};
  request.constraints.columns["house"] = ValueSet::Listed({std::string("north")});
  EXPECT_EQ(PlanQuery(request, table->source, Dialect::kOwn).ValueOrDie().text,
            R"(SELECT "House Name" FROM "greenhouse"."humidity_series" WHERE ("House Name" = 'north'))");
}

TEST(GlueTable, AColumnOfWhatTimestreamLacksIsRefusedOnlyWhenItIsAskedFor) {
  const auto table = Table(
      R"({"Table":{"Name":"t","DatabaseName":"d","Parameters":{"timestream-metadata-flag":""},"StorageDescriptor":{"Columns":[{"Name":"house","Type":"varchar"},{"Name":"b","Type":"binary"},{"Name":"m","Type":"map<string,bigint>"}]}}})");
  ASSERT_EQ(table->schema.fields.size(), 3u);
  ScanRequest request;
  request.layout.fields = {table->schema.fields[0]};
  EXPECT_EQ(PlanQuery(request, table->source, Dialect::kOwn).ValueOrDie().text, R"(SELECT "house" FROM "d"."t")");
  for (const size_t column : {size_t{1}, size_t{2}}) {
    request.layout.fields = {table->schema.fields[0], table->schema.fields[column]};
    const Status status = PlanQuery(request, table->source, Dialect::kOwn).status();
    EXPECT_EQ(status.code(), StatusCode::kNotImplemented) << status;
    EXPECT_THAT(status.message(), HasSubstr("column '" + table->schema.fields[column].name + "' is declared as " +
                                            table->schema.fields[column].type.ToString() + ", and Timestream has no such values"))
        << status;
  }
}

TEST(GlueTable, ABadAnswerSaysWhatIsWrong) {
  for (const auto& [answer, expected] : std::vector<std::pair<std::string, std::string>>{
           {"", "no JSON object"},
           {"[]", "no JSON object"},
           {"{}", "has no Table"},
           {R"({"Table":{"Parameters":{"_view_template":"SELECT 1"}}})", "has no Name"},
           {R"({"Table":{"Name":"t","Parameters":{"_view_template":"SELECT 1"}}})", "Glue table .t: it has no columns"},
           {R"({"Table":{"Name":"t","Parameters":{"_view_template":"DROP TABLE x"}}})", "its view text: the query begins with 'DROP'"},
           {R"({"Table":{"Name":"t","Parameters":{"_view_template":"SHOW DATABASES"}}})", "is no SELECT"},
           {R"({"Table":{"Name":"t","Parameters":{"timestream-metadata-flag":""},"StorageDescriptor":{"Columns":[{"Name":"c","Type":"lob"}]}}})",
            "column 'c': Glue type 'lob'"},
           {R"({"Table":{"Name":"t","Parameters":{"timestream-metadata-flag":""},"StorageDescriptor":{"Columns":[{}]}}})", "a column without a name"}}) {
    const Status status = ParseGlueTable(answer, TimeUnit::kMilli).status();
    EXPECT_FALSE(status.ok()) << answer;
    EXPECT_THAT(status.message(), HasSubstr(expected)) << answer;
  }
}

}  // namespace
}  // namespace lotic::timestream
