// SPDX-License-Identifier: Apache-2.0
#include "server/sql_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lotic::server {
namespace {

using testing::HasSubstr;

TEST(SqlRequest, TakesWhatTheClientsSend) {
  const SqlRequest request = ParseSqlBody(R"({"sql":"select 1","trace":"true","queryOptions":";timeoutMs=5","further":[1]})").ValueOrDie();
  EXPECT_EQ(request.sql, "select 1");
  EXPECT_EQ(request.options, ";timeoutMs=5");
  EXPECT_TRUE(request.trace);
  EXPECT_FALSE(ParseSqlBody(R"({"sql":"select 1","trace":false,"queryOptions":null})").ValueOrDie().trace);
}

TEST(SqlRequest, OfAGetIsInItsParameters) {
  HttpRequest request;
  request.method = "GET";
  request.query = {{"sql", "select 2"}, {"queryOptions", "a=b"}, {"getCursor", "TRUE"}};
  const SqlRequest parsed = ParseSqlRequest(request).ValueOrDie();
  EXPECT_EQ(parsed.sql, "select 2");
  EXPECT_EQ(parsed.options, "a=b");
  EXPECT_TRUE(parsed.cursor);
  request.query[0].second = std::string(kMaxSqlBytes + 1, 'a');
  EXPECT_THAT(ParseSqlRequest(request).status().message(), HasSubstr("the query has 262145 bytes, more than 262144"));
  request.query.clear();
  EXPECT_THAT(ParseSqlRequest(request).status().message(), HasSubstr("no parameter sql"));
}

struct BadBody {
  std::string body;
  int status;
  const char* message;
};
class SqlRequestRefuses : public testing::TestWithParam<BadBody> {};
TEST_P(SqlRequestRefuses, WithASentence) {
  const auto parsed = ParseSqlBody(GetParam().body);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(ErrorResponse(parsed.status()).status, GetParam().status);
  EXPECT_THAT(parsed.status().message(), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(
    All, SqlRequestRefuses,
    testing::Values(BadBody{"", 400, "is not JSON"}, BadBody{"sql=select+1", 400, "is not JSON"}, BadBody{"[]", 400, "is not a JSON object"},
                    BadBody{"{}", 400, "has no sql"}, BadBody{R"({"sql":1})", 400, "sql is not a text"}, BadBody{R"({"sql":" ; "})", 400, "has no sql"},
                    BadBody{R"({"sql":"a","sql":"b"})", 400, "key sql twice"}, BadBody{R"({"sql":"a","trace":1})", 400, "trace is neither"},
                    BadBody{R"({"sql":"a","queryOptions":{}})", 400, "queryOptions is not a text"}, BadBody{R"({"sql":"a"} x)", 400, "is not JSON"},
                    BadBody{std::string(100'000, '['), 400, "the request's body"},
                    BadBody{R"({"sql":"a","x":)" + std::string(70, '[') + std::string(70, ']') + "}", 400, "deeper than 64"},
                    BadBody{"{\"sql\":\"\xff\"}", 400, "is not JSON"}, BadBody{std::string(kMaxSqlRequestBytes + 1, ' '), 413, "more than"},
                    BadBody{R"({"sql":")" + std::string(kMaxSqlBytes + 1, 'a') + "\"}", 413, "the query has 262145 bytes, more than 262144"}));

TEST(TableConfigs, AreTakenApart) {
  const TableConfigsRequest request =
      ParseTableConfigs(R"({"tableName":"events","schema":{"schemaName":"events"},"realtime":{"a":1},"offline":null,"odd":[1]})").ValueOrDie();
  EXPECT_EQ(request.table_name, "events");
  EXPECT_EQ(request.schema, R"({"schemaName":"events"})");
  EXPECT_EQ(request.realtime, R"({"a":1})");
  EXPECT_FALSE(request.offline);
  EXPECT_THAT(request.unknown, testing::ElementsAre(testing::Pair("odd", "[1]")));
  EXPECT_TRUE(ParseTableConfigs(R"({"tableName":"e","offline":{}})").ValueOrDie().offline);
  EXPECT_THAT(ParseTableConfigs("{}").status().message(), HasSubstr("has no tableName"));
  EXPECT_THAT(ParseTableConfigs(R"({"tableName":"e","schema":[]})").status().message(), HasSubstr("schema is not an object"));
  EXPECT_THAT(ParseTableConfigs(R"({"tableName":7})").status().message(), HasSubstr("tableName is not a text"));
}

}  // namespace
}  // namespace lotic::server
