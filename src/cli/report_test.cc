// SPDX-License-Identifier: Apache-2.0
// Errors, exit codes, logs and histories: what people see beside the rows.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "cli/byte_sink.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/history_file.h"
#include "cli/log.h"
#include "cli/progress_line.h"
#include "cli/topics_command.h"
#include "sql/engine.h"

namespace lotic::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Status SqlError(const std::string& message, size_t at) { return Status(StatusCode::kInvalid, message, std::make_shared<sql::SqlErrorDetail>(at)); }

TEST(DescribeProgress, SaysHowOftenTheSourceRefused) {
  sql::QueryProgress progress{0.43, 1'234'567, 12'300'000};
  EXPECT_EQ(DescribeProgress(progress), "43 %, 1,234,567 records, 12.3 MB");
  progress.throttled = 1;
  EXPECT_EQ(DescribeProgress(progress), "43 %, 1,234,567 records, 12.3 MB, throttled once");
  progress.fraction = -1;
  progress.throttled = 1'200;
  EXPECT_EQ(DescribeProgress(progress), "1,234,567 records, 12.3 MB, throttled 1,200 times");
}

TEST(DescribeError, UnderlinesTheWordOfASqlError) {
  EXPECT_EQ(DescribeError(SqlError("no column \"statsu\"", 7), "SELECT statsu FROM t", "", false, 0),
            "error: no column \"statsu\"\n"
            "  1 | SELECT statsu FROM t\n"
            "    |        ^^^^^^\n");
}

TEST(DescribeError, ShowsOnlyTheLineAndItsNumber) {
  EXPECT_EQ(DescribeError(SqlError("bad", 10), "SELECT 1\n, b\nFROM t", "q.sql:3", false, 0), "error: q.sql:3: bad\n  2 | , b\n    |  ^\n");
}

TEST(DescribeError, CountsWideCharactersInFrontOfThePlace) {
  const std::string statement = "SELECT '日本', x";
  EXPECT_EQ(DescribeError(SqlError("bad", statement.size() - 1), statement, "", false, 0), "error: bad\n  1 | SELECT '日本', x\n    |                ^\n");
}

TEST(DescribeError, PointsBehindTheEndOfAStatementThatIsTooShort) {
  EXPECT_EQ(DescribeError(SqlError("end of input", 99), "SELECT", "", false, 0), "error: end of input\n  1 | SELECT\n    |       ^\n");
}

TEST(DescribeError, ShowsThePartOfALongLineAroundThePlace) {
  const std::string statement = std::string(500, 'a') + " here " + std::string(500, 'b');
  const std::string text = DescribeError(SqlError("bad", 501), statement, "", false, 80);
  EXPECT_THAT(text, HasSubstr(" here "));
  EXPECT_THAT(text, HasSubstr("^^^^\n"));
  EXPECT_LT(text.size(), 250u);
}

TEST(DescribeError, LetsNoMessageCommandTheTerminal) {
  EXPECT_EQ(DescribeError(Status::NotFound("no topic \x1b[2J"), "", "", false, 0), "error: no topic \\x1b[2J\n");
}

TEST(ExitCode, FollowsTheKindOfFailure) {
  EXPECT_EQ(ExitCodeFor(Status::OK()), 0);
  EXPECT_EQ(ExitCodeFor(Status::Invalid("x")), 1);
  EXPECT_EQ(ExitCodeFor(Status::NotFound("x")), 1);
  EXPECT_EQ(ExitCodeFor(Status::CapacityError("x")), 1);
  EXPECT_EQ(ExitCodeFor(Status::NotImplemented("x")), 1);
  EXPECT_EQ(ExitCodeFor(Status::IOError("x")), 3);
  EXPECT_EQ(ExitCodeFor(Status::Unauthorized("x")), 3);
  EXPECT_EQ(ExitCodeFor(Status::Throttled("x")), 3);
  EXPECT_EQ(ExitCodeFor(Status::DataLoss("x")), 4);
  EXPECT_EQ(ExitCodeFor(Status::UnknownError("x")), 70);
  EXPECT_EQ(ExitCodeFor(Status::DeadlineExceeded("x")), 124);
  EXPECT_EQ(ExitCodeFor(Status::Cancelled("x")), 130);
  EXPECT_EQ(ExitCodeFor(Status::IOError("x").WithDetail(std::make_shared<BrokenPipe>())), 0);
}

TEST(RedactStatement, HidesWhatFollowsASecretsName) {
  EXPECT_EQ(RedactStatement("ATTACH 'b:9092' AS p (TYPE kafka, SASL_PASSWORD 'hunter2', client_id 'me')"),
            "ATTACH 'b:9092' AS p (TYPE kafka, SASL_PASSWORD '***', client_id 'me')");
  EXPECT_EQ(RedactStatement("CREATE TABLE t (a INT) WITH ('properties.sasl.jaas.config' = 'x password=\"y\";')"),
            "CREATE TABLE t (a INT) WITH ('properties.sasl.jaas.config' = '***')");
  EXPECT_EQ(RedactStatement("ATTACH 'https://me:pw@host' AS r"), "ATTACH '***' AS r");
  EXPECT_EQ(RedactStatement("SELECT 'a', \"b\" FROM t"), "SELECT 'a', \"b\" FROM t");
}

TEST(RedactStatement, ADoubledQuoteDoesNotEndASecret) {
  EXPECT_EQ(RedactStatement("WITH ('a.secretkey' = 'hu''sh', 'b' = 'c')"), "WITH ('a.secretkey' = '***', 'b' = 'c')");
}

TEST(MaskStatement, KeepsThePlaceOfWhatFollows) {
  EXPECT_EQ(MaskStatement("WITH ('a.secretkey' = 'hu''sh\n!', 'b' = 'c')"), "WITH ('a.secretkey' = '******\n*', 'b' = 'c')");
  const std::string statement = "CREATE TABLE t (a INT) WITH ('aws.credentials.basic.secretkey' = 'hush', bad)";
  EXPECT_THAT(DescribeError(SqlError("expected an option's name", statement.find("bad")), statement, "", false, 0), testing::Not(testing::HasSubstr("hush")));
}

TEST(RedactProperty, HidesTheValuesOfSecrets) {
  EXPECT_EQ(RedactProperty("sasl.password=x"), "sasl.password=***");
  EXPECT_EQ(RedactProperty("sasl.jaas.config=x=y"), "sasl.jaas.config=***");
  EXPECT_EQ(RedactProperty("client.id=x"), "client.id=x");
}

class HistoryFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "lotic-history-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "state" / "lotic" / "history";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_, path_;
};

TEST_F(HistoryFileTest, GivesBackEntriesOfSeveralLines) {
  HistoryFile file(path_);
  ASSERT_TRUE(file.Load().ok());
  ASSERT_TRUE(file.Add("SELECT 1;").ok());
  ASSERT_TRUE(file.Add("SELECT '\\n'\n  FROM t;").ok());
  EXPECT_THAT(*HistoryFile(path_).Load(), ElementsAre("SELECT 1;", "SELECT '\\n'\n  FROM t;"));
}

TEST_F(HistoryFileTest, KeepsNoSecret) {
  HistoryFile file(path_);
  ASSERT_TRUE(file.Add("ATTACH 'b' AS p (TYPE kafka, sasl_password 'x');").ok());
  ASSERT_TRUE(file.Add("CREATE SECRET s (TYPE s3, KEY_ID 'a');").ok());
  ASSERT_TRUE(file.Add("SELECT 1;").ok());
  EXPECT_THAT(*file.Load(), ElementsAre("SELECT 1;"));
}

TEST_F(HistoryFileTest, IsReadableByItsOwnerOnly) {
  ASSERT_TRUE(HistoryFile(path_).Add("SELECT 1;").ok());
  EXPECT_EQ(std::filesystem::status(path_).permissions() & std::filesystem::perms::mask,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(HistoryFileTest, IsCutToItsNewestEntriesWhenItHoldsTwiceAsMany) {
  std::filesystem::create_directories(path_.parent_path());
  std::ofstream file(path_);
  for (size_t i = 0; i <= 2 * HistoryFile::kMaxEntries; ++i) file << i << "\n";
  file.close();
  const auto entries = HistoryFile(path_).Load();
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(entries->size(), HistoryFile::kMaxEntries);
  EXPECT_EQ(entries->back(), std::to_string(2 * HistoryFile::kMaxEntries));
  EXPECT_EQ(*HistoryFile(path_).Load(), *entries);
}

TEST(InstantText, WritesUtcWithMilliseconds) {
  EXPECT_EQ(InstantText(1644586485807), "2022-02-11T13:34:45.807Z");
  EXPECT_EQ(InstantText(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(InstantText(INT64_MAX), std::to_string(INT64_MAX) + " ms");
}

TEST(TopicTable, ShowsProblemsOnlyWhereThereAreSome) {
  kafka::TopicSummary good{.name = "orders", .partitions = 2, .records = 7, .first_ms = 0, .last_ms = std::nullopt, .format = "json", .status = {}};
  EXPECT_EQ(MakeTopicTable({good}, sql::CellForm::kText).columns.size(), 6u);
  kafka::TopicSummary bad = good;
  bad.status = Status::Unauthorized("not allowed");
  const TopicTable table = MakeTopicTable({good, bad}, sql::CellForm::kJson);
  ASSERT_EQ(table.columns.size(), 7u);
  EXPECT_EQ(table.rows.cells[0][0], "\"orders\"");
  EXPECT_EQ(table.rows.cells[2][0], "7");
  EXPECT_EQ(table.rows.cells[2][1], std::nullopt);
  EXPECT_EQ(table.rows.cells[3][0], "\"1970-01-01T00:00:00.000Z\"");
  EXPECT_EQ(table.rows.cells[6][0], std::nullopt);
  EXPECT_EQ(table.rows.cells[6][1], "\"not allowed\"");
}

}  // namespace
}  // namespace lotic::cli
