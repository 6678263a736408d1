// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_sql.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "catalog/pinot_expression.h"
#include "catalog/pinot_schema.h"
#include "catalog/pinot_sql_names.h"

namespace lotic::catalog {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(std::string(LOTIC_TESTDATA) + "/" + path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

const PinotSchema& Events() {
  static const PinotSchema* schema = new PinotSchema(ParsePinotSchema(ReadText("pinot/sql_schema.json")).ValueOrDie().value);
  return *schema;
}

PinotTranslateOptions Options() {
  PinotTranslateOptions options;
  options.from = "events";
  options.now_ms = 1'767'225'600'000;  // 2026-01-01
  return options;
}

Result<PinotTranslation> Translate(std::string_view sql, const PinotTranslateOptions& options = Options()) {
  LOTIC_ASSIGN_OR_RETURN(const PinotQuery query, ParsePinotQuery(sql));
  return TranslatePinotQuery(query, Events(), options);
}

std::string CodeAndMessage(const Status& status) {
  const std::optional<PinotErrorCode> code = PinotErrorCodeOf(status);
  return (code ? std::to_string(static_cast<int>(*code)) : std::string("no code")) + " " + status.message();
}

/// A block of sql_cases.txt: `Q:` a query, `W:` words about its table (basic: its nulls are known; unlimited: no default limit), then `C:` its columns and `S:` DuckDB's SQL, or `E:` a number and
/// a part of the message.
struct Case {
  size_t line = 0;
  std::string query, words, columns, sql, error;
  std::string Text() const {
    std::string text = "Q: " + query + "\n";
    if (!words.empty()) text += "W: " + words + "\n";
    return text + (error.empty() ? "C: " + columns + "\nS: " + sql + "\n" : "E: " + error + "\n");
  }
};

Case Actual(const Case& given) {
  Case actual = given;
  actual.columns = actual.sql = actual.error = "";
  PinotTranslateOptions options = Options();
  options.basic_null_handling = given.words.find("basic") != std::string::npos;
  if (given.words.find("unlimited") != std::string::npos) options.default_limit = -1;
  const Result<PinotTranslation> made = Translate(given.query, options);
  if (!made.ok()) {
    actual.error = CodeAndMessage(made.status());
    return actual;
  }
  for (const PinotOutputColumn& column : made->columns) actual.columns += (actual.columns.empty() ? "" : "; ") + column.name + " " + column.type;
  actual.sql = made->sql;
  return actual;
}

std::vector<Case> ReadCases() {
  std::istringstream text(ReadText("pinot/sql_cases.txt"));
  std::vector<Case> cases;
  std::string line;
  for (size_t number = 1; std::getline(text, line); ++number) {
    if (line.size() < 3 || line[0] == '#') continue;
    const std::string value = line.substr(3);
    if (line.starts_with("Q: ")) cases.push_back({number, value, "", "", "", ""});
    if (cases.empty()) continue;
    if (line.starts_with("W: ")) cases.back().words = value;
    if (line.starts_with("C: ")) cases.back().columns = value;
    if (line.starts_with("S: ")) cases.back().sql = value;
    if (line.starts_with("E: ")) cases.back().error = value;
  }
  return cases;
}

TEST(PinotSql, TranslatesAsTheCasesSay) {
  const std::vector<Case> cases = ReadCases();
  ASSERT_GT(cases.size(), 100u);
  for (const Case& one : cases) {
    const Case actual = Actual(one);
    if (one.error.empty()) {
      EXPECT_EQ(one.columns + "\n" + one.sql + "\n" + one.error, actual.columns + "\n" + actual.sql + "\n" + actual.error)
          << "sql_cases.txt:" << one.line << "\n"
          << actual.Text();
    } else {
      EXPECT_TRUE(actual.error.find(one.error) == 0) << "sql_cases.txt:" << one.line << "\n" << actual.Text();
    }
  }
}

TEST(PinotSql, MergesOptionsFromAllPlaces) {
  const PinotQueryOptions request = ParsePinotOptions(";groupByMode=sql;responseFormat=sql;timeoutMs=5").ValueOrDie();
  EXPECT_EQ(request.size(), 3u);
  const PinotQuery query =
      ParsePinotQuery("SET timeoutMs = 7; SET \"useMultistageEngine\" = 'true'; SELECT id FROM events; SET x=-1; OPTION(timeoutMs=6, preserveType='true')",
                      request)
          .ValueOrDie();
  EXPECT_EQ(query.Option("timeoutms"), "7");
  EXPECT_EQ(query.Option("x"), "-1");
  EXPECT_EQ(query.Option("preservetype"), "true");
  EXPECT_EQ(query.Option("groupbymode"), "sql");
  EXPECT_TRUE(query.Flag("usemultistageengine"));
  EXPECT_FALSE(query.Flag("enablenullhandling"));
  EXPECT_EQ(query.table, "events");
  EXPECT_EQ(TranslatePinotQuery(query, Events(), Options()).ValueOrDie().timeout_ms, 7);
}

TEST(PinotSql, ASchemaWithNullsByColumnTellsThemApart) {
  PinotSchema schema = Events();
  const PinotQuery query = ParsePinotQuery("SELECT id FROM events WHERE uuid IS NULL").ValueOrDie();
  EXPECT_EQ(TranslatePinotQuery(query, schema, Options()).ValueOrDie().sql.find("IS NULL"), std::string::npos);
  schema.column_null_handling = true;
  EXPECT_NE(TranslatePinotQuery(query, schema, Options()).ValueOrDie().sql.find("\"uuid\" IS NULL"), std::string::npos);
}

TEST(PinotSql, OptionsThatAreNoneAreNamed) {
  EXPECT_NE(ParsePinotOptions("a=1;b").status().message().find("not 'b'"), std::string::npos);
  EXPECT_EQ(CodeAndMessage(ParsePinotQuery("SELECT 1 OPTION(timeoutMs)").status()).substr(0, 4), "150 ");
  EXPECT_NE(CodeAndMessage(Translate("SET timeoutMs = 'soon'; SELECT id FROM events").status()).find("not 'soon'"), std::string::npos);
}

TEST(PinotSql, OptionsThatAreReadAreTrueOrFalse) {
  EXPECT_FALSE(Translate("SELECT id FROM events OPTION(enableNullHandling=False)").ValueOrDie().null_handling);
  EXPECT_TRUE(Translate("SET enableNullHandling = TRUE; SELECT id FROM events").ValueOrDie().null_handling);
  EXPECT_EQ(CodeAndMessage(Translate("SET enableNullHandling = 'yes'; SELECT id FROM events").status()),
            "150 the option enableNullHandling is true or false, not 'yes'");
  EXPECT_EQ(
      CodeAndMessage(Translate("SELECT id, sum(qty) FILTER (WHERE id > 1) FROM events GROUP BY id OPTION(filteredAggregationsSkipEmptyGroups=1)").status()),
      "150 the option filteredAggregationsSkipEmptyGroups is true or false, not '1'");
  EXPECT_TRUE(Translate("SELECT id FROM events OPTION(preserveType='yes')").ok());  // not read
}

TEST(PinotSql, SaysWhetherTheDefaultLimitIsApplied) {
  EXPECT_TRUE(Translate("SELECT id FROM events").ValueOrDie().default_limit_applied);
  EXPECT_TRUE(Translate("SELECT id, count(*) FROM events GROUP BY id").ValueOrDie().default_limit_applied);
  EXPECT_FALSE(Translate("SELECT count(*) FROM events").ValueOrDie().default_limit_applied);
  EXPECT_FALSE(Translate("SELECT id FROM events LIMIT 5").ValueOrDie().default_limit_applied);
  const PinotTranslation behind = Translate("SELECT id FROM events; LIMIT 1000000").ValueOrDie();
  EXPECT_FALSE(behind.default_limit_applied);
  EXPECT_EQ(behind.limit, 1000000);
}

TEST(PinotSql, NumbersPrintAsJavaPrintsThem) {
  EXPECT_EQ(JavaDoubleText(0), "0.0");
  EXPECT_EQ(JavaDoubleText(-0.0), "-0.0");
  EXPECT_EQ(JavaDoubleText(1), "1.0");
  EXPECT_EQ(JavaDoubleText(1234567.5), "1234567.5");
  EXPECT_EQ(JavaDoubleText(9999999), "9999999.0");
  EXPECT_EQ(JavaDoubleText(10000000), "1.0E7");
  EXPECT_EQ(JavaDoubleText(0.001), "0.001");
  EXPECT_EQ(JavaDoubleText(0.00099), "9.9E-4");
  EXPECT_EQ(JavaDoubleText(1e300 * 1e300), "Infinity");
  EXPECT_EQ(JavaFloatText(0.1f), "0.1");
  EXPECT_EQ(JavaFloatText(1.5e20f), "1.5E20");
}

TEST(PinotSql, BracketsAndSumsHaveADepth) {
  const auto deep = [](size_t n) { return "SELECT " + std::string(n, '(') + "id" + std::string(n, ')') + " FROM events"; };
  EXPECT_TRUE(Translate(deep(150)).ok());
  EXPECT_EQ(Translate(deep(100000)).status().code(), StatusCode::kCapacityError);
  std::string sum = "id";
  for (int i = 0; i < 5000; ++i) sum += "+id";
  EXPECT_EQ(Translate("SELECT " + sum + " FROM events").status().code(), StatusCode::kCapacityError);
  EXPECT_EQ(Translate(std::string(kMaxPinotSqlBytes + 1, ' ')).status().code(), StatusCode::kCapacityError);
}

TEST(PinotSql, LongListsOfValuesAreTaken) {
  std::string many = "id IN (0";
  for (int i = 1; i < 20000; ++i) many += "," + std::to_string(i);
  EXPECT_TRUE(Translate("SELECT id FROM events WHERE " + many + ")").ok());
}

TEST(PinotSql, WhatTranslationMultipliesIsBounded) {
  std::string nested = "uuid";  // the template of substr has its argument twice
  for (int i = 0; i < 60; ++i) nested = "substr(" + nested + ", 1, 2)";
  EXPECT_EQ(Translate("SELECT " + nested + " FROM events").status().code(), StatusCode::kCapacityError);
}

TEST(PinotSql, WhatStandsTwiceIsCountedTwice) {
  const auto nested = [](int levels, const std::string& before, const std::string& behind) {
    std::string text = "id";
    for (int i = 0; i < levels; ++i) text = before + text + behind;
    return text;
  };
  Schema input;
  input.fields = {{"id", Type::Int32()}, {"qty", Type::Int32()}, {"day", Type::Int32()}};
  // 2^17 and 3^12 nodes: still quick where they are not counted.
  for (const std::string& text : {nested(17, "CASE ", " WHEN 1 THEN 1 WHEN 2 THEN 2 END"), nested(12, "(", " NOT BETWEEN qty AND 1)"),
                                  nested(12, "(", " IN (1, qty, day))"), nested(19, "NULLIF(", ", 1)")}) {
    EXPECT_EQ(Translate("SELECT " + text + " FROM events").status().code(), StatusCode::kCapacityError) << text;
  }
  EXPECT_EQ(TranslatePinotExpression(nested(12, "(", " NOT BETWEEN qty AND 1)"), input, Type::Int32()).status().code(), StatusCode::kCapacityError);
  // This one would not end; nor would one of the other kinds, which the fuzz corpus has.
  EXPECT_EQ(Translate("SELECT " + nested(40, "CASE ", " WHEN 1 THEN 1 WHEN 2 THEN 2 END") + " FROM events").status().code(), StatusCode::kCapacityError);
  std::string ordinals = "1";
  for (int i = 0; i < 2000; ++i) ordinals += ",1";
  EXPECT_EQ(Translate("SELECT " + nested(60, "abs(", ")") + ", count(*) FROM events GROUP BY " + ordinals).status().code(), StatusCode::kCapacityError);
  EXPECT_TRUE(Translate("SELECT " + nested(5, "CASE ", " WHEN 1 THEN 1 WHEN 2 THEN 2 END") + ", " + nested(5, "(", " BETWEEN 0 AND 1)") + " FROM events").ok());
}

TEST(PinotExpression, FindsItsInputs) {
  EXPECT_EQ(PinotExpressionInputs("concat(first, last, ' ')").ValueOrDie(), (std::vector<std::string>{"first", "last"}));
  EXPECT_EQ(PinotExpressionInputs("strcmp(kind,'heartbeat') = 0").ValueOrDie(), (std::vector<std::string>{"kind"}));
  EXPECT_EQ(PinotExpressionInputs("dateTrunc('MINUTE', \"ts\")").ValueOrDie(), (std::vector<std::string>{"ts"}));
  EXPECT_EQ(PinotExpressionInputs("fromEpochDays(x) + x").ValueOrDie(), (std::vector<std::string>{"x"}));
}

TEST(PinotExpression, RefusesByName) {
  EXPECT_NE(PinotExpressionInputs("Groovy({a + b}, a, b)").status().message().find("Groovy"), std::string::npos);
  EXPECT_NE(PinotExpressionInputs("now()").status().message().find("now()"), std::string::npos);
  EXPECT_NE(PinotExpressionInputs("sum(x)").status().message().find("aggregate sum"), std::string::npos);
  EXPECT_NE(PinotExpressionInputs("todatetme(x, 'yyyy')").status().message().find("todatetime"), std::string::npos);
  EXPECT_NE(PinotExpressionInputs("a +").status().message().find("the expression a +"), std::string::npos);
}

TEST(PinotExpression, BecomesDuckDbsSql) {
  Schema input;
  input.fields = {{"ts", Type::Int64()}, {"kind", Type::String()}, {"at", Type::Timestamp(TimeUnit::kMilli, true)}, {"tags", Type::List(Type::String())}};
  EXPECT_EQ(TranslatePinotExpression("dateTrunc('MINUTE', ts)", input, Type::Int64()).ValueOrDie(),
            "epoch_ms(date_trunc('minute', make_timestamp_ms(greatest(least(\"ts\", 9000000000000000), -9000000000000000))))");
  EXPECT_EQ(TranslatePinotExpression("strcmp(kind,'heartbeat') = 0", input, Type::Bool()).ValueOrDie(),
            "(CASE WHEN \"kind\" < 'heartbeat' THEN -1 WHEN \"kind\" > 'heartbeat' THEN 1 WHEN \"kind\" = 'heartbeat' THEN 0 END = 0)");
  EXPECT_EQ(TranslatePinotExpression("ts / 1000", input, Type::Int32()).ValueOrDie(), "CAST(trunc((CAST(\"ts\" AS DOUBLE) / 1e+03)) AS INTEGER)");
  EXPECT_EQ(TranslatePinotExpression("fromEpochDays(ts)", input, Type::Timestamp(TimeUnit::kMilli, true)).ValueOrDie(),
            "timezone('UTC', make_timestamp_ms(lotic_times(\"ts\", 86400000)))");
  EXPECT_EQ(TranslatePinotExpression("split(kind, ',')", input, Type::List(Type::String())).ValueOrDie(),
            "list_filter(string_split(\"kind\", ','), lambda lotic_e: lotic_e <> '')");
  EXPECT_NE(TranslatePinotExpression("length(kin)", input, Type::Int32()).status().message().find("did you mean kind"), std::string::npos);
}

TEST(PinotSql, TheReferenceListsTheFunctionsThereAre) {
  std::string page = ReadText("../docs/reference/pinot-sql.md");
  const size_t begin = page.find("<!-- functions"), end = page.find("<!-- end of functions");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos);
  page = page.substr(begin, end - begin);
  std::set<std::string> listed;
  for (size_t at = page.find('`'); at != std::string::npos; at = page.find('`', at + 1)) {
    const size_t close = page.find('`', at + 1);
    ASSERT_NE(close, std::string::npos);
    std::string name = page.substr(at + 1, close - at - 1);
    at = close;
    if (name == "percentile95") continue;
    if (!name.ends_with("*")) {
      EXPECT_TRUE(listed.insert(name).second) << name << " is listed twice";
      continue;
    }
    name.pop_back();
    for (const char* suffix : {"", "int", "long", "float", "double", "string"}) listed.insert(name + suffix);
  }
  const std::vector<std::string> known = PinotFunctionNames();
  EXPECT_EQ(listed, std::set<std::string>(known.begin(), known.end()));
}

// LOTIC_PRINT_CASES=1: prints the file as the code would have it, for its author to read.
TEST(PinotSql, PrintsItsCasesWhenAsked) {
  if (std::getenv("LOTIC_PRINT_CASES") == nullptr) return;
  for (const Case& one : ReadCases()) std::cout << Actual(one).Text() << "\n";
}

}  // namespace
}  // namespace lotic::catalog
