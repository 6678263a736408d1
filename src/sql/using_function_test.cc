// SPDX-License-Identifier: Apache-2.0
#include "sql/using_function.h"

#include <gmock/gmock.h>

#include "sql/engine.h"

namespace lotic::sql {
namespace {

using testing::HasSubstr;

UsingStatement Parsed(std::string_view text) {
  Result<std::optional<UsingStatement>> statement = ParseUsingFunction(text);
  EXPECT_TRUE(statement.ok()) << statement.status() << "\n" << text;
  EXPECT_TRUE(statement.ok() && statement->has_value()) << text;
  return statement.ok() && *statement ? **std::move(statement) : UsingStatement();
}

Type TypeOf(const std::string& type) {
  const UsingStatement statement = Parsed("USING EXTERNAL FUNCTION f(a " + type + ") RETURNS " + type + " LAMBDA 'x' SELECT 1");
  if (statement.functions.empty()) return Type::Bool();
  EXPECT_EQ(statement.functions[0].arguments[0].type, statement.functions[0].result.type);
  return statement.functions[0].result.type;
}

// The error, and the text that its position points at.
std::pair<std::string, std::string> Refused(const std::string& text) {
  const Status status = ParseUsingFunction(text).status();
  EXPECT_FALSE(status.ok()) << text;
  if (status.detail() == nullptr) return {status.message(), "nowhere"};
  const auto position = static_cast<const SqlErrorDetail&>(*status.detail()).position;
  return {status.message(), position ? text.substr(*position) : "nowhere"};
}

TEST(UsingFunction, BothFormsMeanTheSame) {
  const UsingStatement old_form = Parsed(
      "USING FUNCTION Extract_TX_id(tx ROW(id INT, completed boolean)) RETURNS INT TYPE LAMBDA_INVOKE WITH (lambda_name = 'example'),\n"
      "      FUNCTION decrypt(payload VARCHAR) RETURNS VARCHAR TYPE LAMBDA_INVOKE WITH (lambda_name = 'my-func')\n"
      "SELECT decrypt(p) FROM t");
  const UsingStatement new_form = Parsed(
      "using external function EXTRACT_tx_id(tx row(id integer, completed BOOLEAN)) returns integer lambda 'example', -- a comment, with USING\n"
      "/* and /* another */ */ external function decrypt(\"payload\" string) returns varchar lambda 'my-func' select decrypt(p) from t");
  ASSERT_EQ(old_form.functions.size(), 2u);
  ASSERT_EQ(new_form.functions.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(old_form.functions[i].name, new_form.functions[i].name);
    EXPECT_EQ(old_form.functions[i].arguments, new_form.functions[i].arguments);
    EXPECT_EQ(old_form.functions[i].result, new_form.functions[i].result);
    EXPECT_EQ(old_form.functions[i].lambda, new_form.functions[i].lambda);
  }
  EXPECT_EQ(old_form.functions[0].name, "extract_tx_id") << "Athena sends names in lower case";
  EXPECT_EQ(old_form.functions[0].arguments[0].type, Type::Struct({{"id", Type::Int32()}, {"completed", Type::Bool()}}));
  EXPECT_EQ(old_form.functions[1].lambda, "my-func");
}

TEST(UsingFunction, ThePositionsOfTheQueryAreThoseOfTheWholeText) {
  const std::string text = "USING EXTERNAL FUNCTION f() RETURNS INT\n LAMBDA 'x'\n SELECT f()";
  const UsingStatement statement = Parsed(text);
  EXPECT_EQ(statement.query.size(), text.size());
  EXPECT_EQ(statement.query.find("SELECT f()"), text.find("SELECT f()"));
  EXPECT_EQ(statement.query.substr(0, text.find("SELECT")).find_first_not_of(" \n"), std::string::npos);
  EXPECT_EQ(std::count(statement.query.begin(), statement.query.end(), '\n'), 2) << "lines stay lines";
}

TEST(UsingFunction, KnowsEveryTypeOfAthenasFunctions) {
  EXPECT_EQ(TypeOf("BOOLEAN"), Type::Bool());
  EXPECT_EQ(TypeOf("TinyInt"), Type::Int8());
  EXPECT_EQ(TypeOf("smallint"), Type::Int16());
  EXPECT_EQ(TypeOf("INT"), Type::Int32());
  EXPECT_EQ(TypeOf("INTEGER"), Type::Int32());
  EXPECT_EQ(TypeOf("bigint"), Type::Int64());
  EXPECT_EQ(TypeOf("REAL"), Type::Float32());
  EXPECT_EQ(TypeOf("FLOAT"), Type::Float32());
  EXPECT_EQ(TypeOf("DOUBLE PRECISION"), Type::Float64());
  EXPECT_EQ(TypeOf("DECIMAL(10,2)"), Type::Decimal(10, 2));
  EXPECT_EQ(TypeOf("DECIMAL(10)"), Type::Decimal(10, 0));
  EXPECT_EQ(TypeOf("DECIMAL"), Type::Decimal(38, 0));
  EXPECT_EQ(TypeOf("VARCHAR"), Type::String());
  EXPECT_EQ(TypeOf("VARBINARY"), Type::Binary());
  EXPECT_EQ(TypeOf("DATE"), Type::Date());
  EXPECT_EQ(TypeOf("TIMESTAMP"), Type::Timestamp(TimeUnit::kMilli, false));
  EXPECT_EQ(TypeOf("TIMESTAMP(3)"), Type::Timestamp(TimeUnit::kMilli, false));
  EXPECT_EQ(TypeOf("ARRAY(ROW(a ARRAY(INT), \"b c\" DATE))"), Type::List(Type::Struct({{"a", Type::List(Type::Int32())}, {"b c", Type::Date()}})));
}

TEST(UsingFunction, WhatCannotBeSaysSoAndWhere) {
  const auto declared = [](const std::string& type) { return "USING EXTERNAL FUNCTION f(a " + type + ") RETURNS INT LAMBDA 'x' SELECT 1"; };
  const auto check = [](const std::string& text, const std::string& message, const std::string& at) {
    const auto [said, rest] = Refused(text);
    EXPECT_THAT(said, HasSubstr(message)) << text;
    EXPECT_EQ(rest.substr(0, at.size()), at) << text << "\n" << said;
  };
  check(declared("MAP(INT, INT)"), "no MAP", "MAP(INT");
  check(declared("ARRAY(MAP(INT, INT))"), "no MAP", "MAP(INT");
  check(declared("TIMESTAMP WITH TIME ZONE"), "no TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH");
  check(declared("TIMESTAMP(3) WITH TIME ZONE"), "no TIMESTAMP WITH TIME ZONE", "TIMESTAMP(3)");
  check(declared("TIMESTAMP(6)"), "a number from 3 to 3", "6)");
  check(declared("VARCHAR(10)"), "with a length", "VARCHAR(10)");
  check(declared("JSON"), "no type \"json\"", "JSON)");
  check(declared("DECIMAL(39)"), "a number from 1 to 38", "39)");
  check(declared("DECIMAL(4,5)"), "a number from 0 to 4", "5)");
  check(declared("ROW()"), "at least one member", "ROW()");
  check(declared("ROW(a INT, A INT)"), "two members called A", "ROW(a");
  check("USING FUNCTION f(a INT) RETURNS INT LAMBDA 'x' SELECT 1", "expected TYPE", "LAMBDA");
  check("USING EXTERNAL FUNCTION f(a INT) RETURNS INT TYPE LAMBDA_INVOKE", "expected LAMBDA", "TYPE");
  check("USING EXTERNAL FUNCTION f(a INT) RETURNS INT LAMBDA x SELECT 1", "in single quotes", "x SELECT");
  check("USING EXTERNAL FUNCTION f(a INT) RETURNS INT LAMBDA '' SELECT 1", "in single quotes", "''");
  check("USING EXTERNAL FUNCTION f(a INT) RETURNS INT LAMBDA 'x", "a quote is not closed", "'x");
  check("USING EXTERNAL FUNCTION f(a INT) RETURNS INT LAMBDA 'x'", "expected the query", "");
  check("USING EXTERNAL FUNCTION f(a INT RETURNS INT LAMBDA 'x'", "expected \")\", not \"RETURNS\"", "RETURNS");
  check("USING EXTERNAL FUNCTION coalesce(a INT) RETURNS INT LAMBDA 'x' SELECT 1", "SQL has a form of that name", "coalesce");
  check("USING EXTERNAL FUNCTION f(a INT) RETURNS INT LAMBDA 'x', EXTERNAL FUNCTION F(b INT) RETURNS INT LAMBDA 'x' SELECT 1", "declared twice", "F(b");
  std::string deep, many = "USING EXTERNAL FUNCTION f(";
  for (int i = 0; i < 1000; ++i) deep += "ARRAY(";
  EXPECT_THAT(Refused(declared(deep)).first, HasSubstr("deeper than 32"));
  for (int i = 0; i < 1000; ++i) many += "a INT, ";
  EXPECT_EQ(ParseUsingFunction(many).status().code(), StatusCode::kCapacityError);
}

TEST(UsingFunction, OtherTextsAreLeftAlone) {
  for (const char* text : {"SELECT 1", "", "USING", "-- USING FUNCTION", "COPY t TO 'x' USING FUNCTION", "usingfunction f()", "'USING' FUNCTION"}) {
    const auto statement = ParseUsingFunction(text);
    ASSERT_TRUE(statement.ok()) << text;
    EXPECT_FALSE(statement->has_value()) << text;
  }
}

TEST(LambdaSetting, NamesAnAddressOrTakesItBack) {
  const auto set = ParseLambdaSetting("SET lambda.example.url = 'http://127.0.0.1:9001';");
  ASSERT_TRUE(set.ok() && *set);
  EXPECT_EQ((*set)->name, "example");
  EXPECT_EQ((*set)->url, "http://127.0.0.1:9001");
  const auto quoted = ParseLambdaSetting("set lambda.\"My-Func\".url to 'x'");
  ASSERT_TRUE(quoted.ok() && *quoted);
  EXPECT_EQ((*quoted)->name, "My-Func");
  const auto reset = ParseLambdaSetting("RESET lambda.example.url");
  ASSERT_TRUE(reset.ok() && *reset);
  EXPECT_FALSE((*reset)->url.has_value());
  for (const char* text : {"SET threads = 4", "SELECT 1", "RESET threads", "SET lambda = 1", ""})
    EXPECT_TRUE(ParseLambdaSetting(text).ok() && !*ParseLambdaSetting(text)) << text;
  for (const char* text :
       {"SET lambda.x", "SET lambda.x.uri = 'y'", "SET lambda.x.url = y", "SET lambda.x.url", "SET lambda.x.url = 'y' z", "RESET lambda.x.url = 'y'"}) {
    EXPECT_EQ(ParseLambdaSetting(text).status().code(), StatusCode::kInvalid) << text;
  }
}

}  // namespace
}  // namespace lotic::sql
