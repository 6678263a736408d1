// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "lotic/udf.h"
#include "sql/engine.h"

namespace lotic::sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Point {
  std::optional<int32_t> x;
  std::optional<std::string> label;
  static constexpr auto Members() { return std::tuple(Member("x", &Point::x), Member("label", &Point::label)); }
};

// An engine whose only endpoint, "x", is a registry of this process.
class FunctionCallTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("LOTIC_SQL_LIBRARY", LOTIC_SQL_FILE, 1);
    AddFunctions();
    EngineOptions options;
    options.threads = 2;
    options.lambdas.call = [this](const CallContext& ctx, const std::string& lambda, const std::string& function, const Batch& arguments,
                                  const Field& result) -> Result<Batch> {
      const Status valid = arguments.Validate();
      if (!valid.ok()) return Status::UnknownError("the arguments are no valid batch: ", valid.message());
      ++calls_;
      if (lambda != "x") return Status::NotFound("set lambda.", lambda, ".url");
      if (arguments.num_rows() > max_rows_) return Status::CapacityError(arguments.num_rows(), " rows are too many");
      return answer_ ? answer_(arguments, result) : functions_.Call(ctx, function, arguments, result);
    };
    options.lambdas.set_url = [this](const std::string& name, const std::optional<std::string>& url) {
      if (url && url->empty()) return Status::Invalid("no address");
      set_.push_back(name + "=" + url.value_or("nothing"));
      return Status::OK();
    };
    auto engine = OpenEngine(std::move(options));
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = std::move(*engine);
  }

  void AddFunctions() {
    ASSERT_TRUE(functions_.Add("twice", [](std::optional<int64_t> n) -> std::optional<int64_t> { return n ? std::optional(2 * *n) : std::nullopt; }).ok());
    ASSERT_TRUE(functions_.Add("upper", [](const std::string& text) { return "<" + text + ">"; }).ok());
    ASSERT_TRUE(functions_.Add("answer", [] { return int32_t{42}; }).ok());
    ASSERT_TRUE(functions_.Add("refuse", [](int64_t n) -> Result<int64_t> { return n < 5 ? Result<int64_t>(n) : Status::Unauthorized("not ", n); }).ok());
    ASSERT_TRUE(functions_
                    .Add("mirror",
                         [](std::optional<Point> point) -> std::optional<Point> {
                           if (point && point->x) point->x = -*point->x;
                           return point;
                         })
                    .ok());
    ASSERT_TRUE(functions_.Add("backwards", [](std::vector<std::optional<std::string>> list) { return std::vector(list.rbegin(), list.rend()); }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<bool> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<int8_t> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<int16_t> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<int32_t> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<float> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<double> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<Decimal> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<std::string> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<Binary> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<std::chrono::local_days> v) { return v; }).ok());
    ASSERT_TRUE(functions_.Add("echo", [](std::optional<LocalTime> v) { return v; }).ok());
  }

  struct Outcome {
    std::vector<std::string> columns;
    std::vector<std::string> rows;
    Status status;
  };
  Outcome Run(const std::string& statement) {
    Outcome outcome;
    auto result = engine_->Execute({}, statement);
    if (!result.ok()) return {{}, {}, result.status()};
    for (const ResultColumn& column : (*result)->columns()) outcome.columns.push_back(column.name);
    for (;;) {
      const auto chunk = (*result)->Next({}, CellForm::kText);
      if (!chunk.ok()) return {{}, {}, chunk.status()};
      if (chunk->num_rows == 0) return outcome;
      for (size_t r = 0; r < chunk->num_rows; ++r) {
        std::string row;
        for (size_t c = 0; c < chunk->cells.size(); ++c) row += (c == 0 ? "" : "|") + chunk->cells[c][r].value_or("NULL");
        outcome.rows.push_back(row);
      }
    }
  }
  std::vector<std::string> Rows(const std::string& statement) {
    const Outcome outcome = Run(statement);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status << "\n" << statement;
    return outcome.rows;
  }
  static std::string Using(const std::string& function) { return "USING EXTERNAL FUNCTION " + function + " LAMBDA 'x' "; }

  UdfRegistry functions_;
  std::function<Result<Batch>(const Batch&, const Field&)> answer_;
  int64_t max_rows_ = INT64_MAX;
  std::atomic<int> calls_ = 0;
  std::vector<std::string> set_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(FunctionCallTest, BothFormsCallTheFunctionForEveryRow) {
  EXPECT_THAT(Rows("USING FUNCTION twice(n BIGINT) RETURNS BIGINT TYPE LAMBDA_INVOKE WITH (lambda_name = 'x') SELECT twice(i) FROM range(3) t(i) ORDER BY i"),
              ElementsAre("0", "2", "4"));
  EXPECT_THAT(Rows(Using("TWICE(n BIGINT) RETURNS BIGINT") + "SELECT Twice(i) FROM (VALUES (NULL), (21)) t(i) ORDER BY i NULLS FIRST"),
              ElementsAre("NULL", "42"));
  EXPECT_THAT(Rows(Using("answer() RETURNS INT") + "SELECT answer() FROM range(2)"), ElementsAre("42", "42"));
}

TEST_F(FunctionCallTest, ItMayStandWhereverAnExpressionMay) {
  const std::string front = Using("twice(n BIGINT) RETURNS BIGINT");
  EXPECT_THAT(Rows(front + "SELECT sum(twice(i)) FROM range(10000) t(i) WHERE twice(i) % 4 = 0"), ElementsAre("49990000"));
  EXPECT_THAT(Rows(front + "SELECT i FROM range(5) t(i) ORDER BY -twice(i) LIMIT 2"), ElementsAre("4", "3"));
  EXPECT_THAT(Rows(front + "SELECT twice(i) % 4 AS k, count(*) FROM range(10) t(i) GROUP BY k ORDER BY k"), ElementsAre("0|5", "2|5"));
  EXPECT_THAT(Rows(front + "SELECT (SELECT max(twice(i)) FROM range(4) t(i)), twice(twice(1))"), ElementsAre("6|4"));
  EXPECT_THAT(Rows(front + "SELECT CASE WHEN i = 2 THEN twice(i) ELSE i END FROM range(4) t(i) ORDER BY i"), ElementsAre("0", "1", "4", "3"));
  EXPECT_THAT(Rows(front + "SELECT a.i FROM range(9) a(i) JOIN range(9) b(i) ON twice(a.i) = b.i ORDER BY ALL"), ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_THAT(Rows(front + "(SELECT twice(1)) UNION ALL (SELECT twice(2)) ORDER BY 1"), ElementsAre("2", "4"));
}

TEST_F(FunctionCallTest, ColumnsHaveTheNamesOfWhatWasWritten) {
  const std::string front = Using("twice(n BIGINT) RETURNS BIGINT");
  EXPECT_THAT(Run(front + "SELECT twice(i), 1 + twice(i), twice(i) AS two, * FROM range(1) t(i)").columns,
              ElementsAre("twice(i)", "(1 + twice(i))", "two", "i"));
  EXPECT_THAT(Run(front + "SELECT * FROM (SELECT twice(i) FROM range(1) t(i))").columns, ElementsAre("twice(i)"));
  EXPECT_THAT(Run(front + "WITH c AS (SELECT twice(i) FROM range(1) t(i)) SELECT * FROM c").columns, ElementsAre("twice(i)"));
}

TEST_F(FunctionCallTest, EveryTypeGoesThereAndBack) {
  const auto echo = [&](const std::string& type, const std::string& value) {
    const std::vector<std::string> rows =
        Rows(Using("echo(v " + type + ") RETURNS " + type) + "SELECT echo(v) FROM (VALUES (1, " + value + "), (2, NULL)) t(k, v) ORDER BY k");
    EXPECT_EQ(rows.size(), 2u) << type;
    EXPECT_EQ(rows.empty() ? "" : rows.back(), "NULL") << type;
    return rows.empty() ? "" : rows.front();
  };
  EXPECT_EQ(echo("BOOLEAN", "true"), "true");
  EXPECT_EQ(echo("TINYINT", "(-128)::TINYINT"), "-128");
  EXPECT_EQ(echo("SMALLINT", "32767::SMALLINT"), "32767");
  EXPECT_EQ(echo("INTEGER", "7"), "7");
  EXPECT_EQ(echo("REAL", "1.5::REAL"), "1.5");
  EXPECT_EQ(echo("DOUBLE", "0.1::DOUBLE"), "0.1");
  for (const char* type : {"DECIMAL(4,1)", "DECIMAL(9,1)", "DECIMAL(18,1)", "DECIMAL(38,1)"}) EXPECT_EQ(echo(type, std::string("(-99.5)::") + type), "-99.5");
  EXPECT_EQ(echo("VARCHAR", "'a text that is longer than twelve bytes'"), "a text that is longer than twelve bytes");
  EXPECT_EQ(echo("VARBINARY", "'\\x00\\xFF'::BLOB"), "\\x00\\xFF");
  EXPECT_EQ(echo("DATE", "DATE '1969-12-31'"), "1969-12-31");
  EXPECT_EQ(echo("TIMESTAMP", "TIMESTAMP '1969-12-31 23:59:59.999'"), "1969-12-31 23:59:59.999");
  EXPECT_THAT(Rows(Using("mirror(p ROW(x INT, label VARCHAR)) RETURNS ROW(x INT, label VARCHAR)") +
                   "SELECT mirror(p) FROM (VALUES (1, {'x': 5, 'label': 'five'}), (2, NULL), (3, {'x': NULL, 'label': 'none'})) t(k, p) ORDER BY k"),
              ElementsAre("{'x': -5, 'label': five}", "NULL", "{'x': NULL, 'label': none}"));
  EXPECT_THAT(Rows(Using("backwards(l ARRAY(VARCHAR)) RETURNS ARRAY(VARCHAR)") +
                   "SELECT backwards(l) FROM (VALUES (1, ['a', NULL, 'c']), (2, []), (3, NULL)) t(k, l) ORDER BY k"),
              ElementsAre("[c, NULL, a]", "[]", "NULL"));
}

TEST_F(FunctionCallTest, ItExistsForItsStatementAlone) {
  EXPECT_THAT(Rows(Using("upper(t VARCHAR) RETURNS VARCHAR") + "SELECT upper('a')"), ElementsAre("<a>"));
  EXPECT_THAT(Rows("SELECT upper('a')"), ElementsAre("A")) << "the built-in one again";
  EXPECT_THAT(Rows(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT twice(1), upper('a')"), ElementsAre("2|A"));
  EXPECT_EQ(Run("SELECT twice(1)").status.code(), StatusCode::kNotFound) << Run("SELECT twice(1)").status;
  EXPECT_EQ(Run("SELECT lotic_call_function(0::UBIGINT, 1)").status.code(), StatusCode::kInvalid);
}

TEST_F(FunctionCallTest, APlanCallsNothing) {
  const Outcome plan = Run(Using("twice(n BIGINT) RETURNS BIGINT") + "EXPLAIN SELECT twice(21), i FROM range(3) t(i) WHERE twice(1) = 2");
  ASSERT_TRUE(plan.status.ok()) << plan.status;
  EXPECT_EQ(calls_, 0) << "no constant folding";
}

TEST_F(FunctionCallTest, RowsGoInBatchesThatAreHalvedWhereTheyAreTooLarge) {
  EXPECT_THAT(Rows(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT sum(twice(i)) FROM range(2000) t(i)"), ElementsAre("3998000"));
  EXPECT_EQ(calls_, 1);
  calls_ = 0;
  max_rows_ = 300;
  EXPECT_THAT(Rows(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT count(*) FROM (SELECT i, twice(i) AS d FROM range(2000) t(i)) WHERE d = 2 * i"),
              ElementsAre("2000"));
  EXPECT_EQ(calls_, 8 + 7) << "2,000 rows in pieces of 250";
  max_rows_ = 0;
  const Status large = Run(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT twice(i) FROM range(9) t(i)").status;
  EXPECT_EQ(large.code(), StatusCode::kCapacityError);
  EXPECT_THAT(large.message(), HasSubstr("function twice of lambda x: one row is too large"));
}

TEST_F(FunctionCallTest, AnAnswerThatDoesNotFitIsDataLoss) {
  const std::string query = Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT twice(i) FROM range(3) t(i)";
  answer_ = [](const Batch& arguments, const Field&) { return arguments.Take(std::vector<int64_t>{0, 1}); };
  EXPECT_THAT(Run(query).status.ToString(), HasSubstr("DataLoss: function twice of lambda x answered 2 rows for 3"));
  answer_ = [this](const Batch& arguments, const Field&) { return functions_.Call({}, "twice", arguments, {"r", Type::Int64()}).ValueOrDie().Select({}); };
  EXPECT_THAT(Run(query).status.ToString(), HasSubstr("answered 0 columns instead of 1"));
  answer_ = [](const Batch& arguments, const Field&) {
    BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"r", Type::Int32()}}}));
    for (int64_t i = 0; i < arguments.num_rows(); ++i) builder.column(0).AppendInt64(i);
    return builder.Finish(arguments.num_rows());
  };
  EXPECT_THAT(Run(query).status.ToString(), HasSubstr("answered INTEGER instead of BIGINT"));
}

TEST_F(FunctionCallTest, AFailureOfTheFunctionFailsTheQueryWithItsOwnError) {
  const Status refused = Run(Using("refuse(n BIGINT) RETURNS BIGINT") + "SELECT refuse(i) FROM range(9) t(i)").status;
  EXPECT_EQ(refused.code(), StatusCode::kUnauthorized);
  EXPECT_THAT(refused.message(), HasSubstr("refuse, row 5: not 5"));
  const Status nowhere = Run("USING EXTERNAL FUNCTION f(n INT) RETURNS INT LAMBDA 'other' SELECT f(1)").status;
  EXPECT_EQ(nowhere.code(), StatusCode::kNotFound);
  EXPECT_THAT(nowhere.message(), HasSubstr("lambda.other.url"));
}

TEST_F(FunctionCallTest, ArgumentsAreCastOnlyWhereSqlDoesSoByItself) {
  EXPECT_THAT(Rows(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT twice(i::TINYINT), twice(NULL) FROM range(21, 22) t(i)"), ElementsAre("42|NULL"));
  const Status text = Run(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT twice(s) FROM (VALUES ('1')) t(s)").status;
  EXPECT_EQ(text.code(), StatusCode::kInvalid) << text;
  EXPECT_THAT(text.message(), HasSubstr("function twice, argument n: VARCHAR does not become BIGINT by itself"));
  EXPECT_EQ(Run(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT twice(1, 2)").status.code(), StatusCode::kInvalid);
  const Status micros = Run(Using("echo(v TIMESTAMP) RETURNS TIMESTAMP") + "SELECT echo(TIMESTAMP '2024-01-01 00:00:00.000001')").status;
  EXPECT_EQ(micros.code(), StatusCode::kInvalid);
  EXPECT_THAT(micros.message(), HasSubstr("2024-01-01 00:00:00.000001"));
}

TEST_F(FunctionCallTest, ErrorsPointAtThePlaceInTheWholeStatement) {
  const auto place = [&](const std::string& statement) {
    const Status status = Run(statement).status;
    EXPECT_FALSE(status.ok()) << statement;
    const auto* detail = status.detail() == nullptr ? nullptr : static_cast<const SqlErrorDetail*>(status.detail().get());
    return detail == nullptr || !detail->position ? std::string("nowhere: " + status.ToString()) : statement.substr(*detail->position);
  };
  EXPECT_EQ(place(Using("f(m MAP(INT, INT)) RETURNS INT") + "SELECT 1").substr(0, 4), "MAP(");
  EXPECT_EQ(place(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT twice(1, 2)"), "twice(1, 2)");
  EXPECT_EQ(place(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT no_column FROM range(1) t(i)").substr(0, 9), "no_column");
  EXPECT_EQ(place(Using("twice(n BIGINT) RETURNS BIGINT") + "SELECT twice(DISTINCT 1)"), "twice(DISTINCT 1)");
  EXPECT_EQ(Run(Using("twice(n BIGINT) RETURNS BIGINT") + "CREATE TABLE t AS SELECT twice(1)").status.code(), StatusCode::kInvalid);
}

TEST_F(FunctionCallTest, SettingAnAddressIsAStatementWithoutRows) {
  EXPECT_THAT(Rows("SET lambda.x.url = 'http://127.0.0.1:1'"), ElementsAre());
  EXPECT_THAT(Rows("RESET lambda.\"My-Func\".url"), ElementsAre());
  EXPECT_THAT(set_, ElementsAre("x=http://127.0.0.1:1", "My-Func=nothing"));
  EXPECT_EQ(Run("SET lambda.x.url = ''").status.ToString(), "Invalid: no address");
  EXPECT_THAT(Rows("SELECT 1"), ElementsAre("1"));
}

}  // namespace
}  // namespace lotic::sql
