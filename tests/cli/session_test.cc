// SPDX-License-Identifier: Apache-2.0
// Sessions and scripts on an engine without SQL: what is printed where, in which order, and how it ends.
#include "cli/session.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/dot_commands.h"
#include "cli/exit_code.h"
#include "tests/cli/fake_engine.h"

namespace lotic::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "lotic-session-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    console_.in = ::fileno(in_);
    console_.out = ::fileno(out_);
    console_.err = ::fileno(err_);
  }
  void TearDown() override {
    for (std::FILE* file : {in_, out_, err_}) std::fclose(file);
    std::filesystem::remove_all(folder_);
  }

  Session& Open(SessionSettings settings = {}) {
    sql::EngineOptions options;
    options.allow_partial = settings.allow_partial;
    auto engine = std::make_unique<FakeEngine>(options);
    engine_ = engine.get();
    session_ = std::make_unique<Session>(std::move(engine), settings, /*keep_certificates=*/true, console_, interrupts_);
    runner_ = std::make_unique<ScriptRunner>(*session_, nullptr);
    return *session_;
  }
  std::string Path(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }
  static std::string Content(std::FILE* file) {
    std::string text(1 << 16, '\0');
    text.resize(static_cast<size_t>(std::max<ssize_t>(0, ::pread(::fileno(file), text.data(), text.size(), 0))));
    return text;
  }
  std::string out() const { return Content(out_); }
  std::string err() const { return Content(err_); }

  std::filesystem::path folder_;
  std::FILE* in_ = std::tmpfile();
  std::FILE* out_ = std::tmpfile();
  std::FILE* err_ = std::tmpfile();
  Console console_;
  Interrupts interrupts_;
  FakeEngine* engine_ = nullptr;
  std::unique_ptr<Session> session_;
  std::unique_ptr<ScriptRunner> runner_;
};

TEST_F(SessionTest, PrintsRowsToStandardOutputAndNothingElse) {
  ASSERT_TRUE(Open().Run("SELECT 1, 'a', NULL").ok());
  EXPECT_EQ(out(), "{\"1\":1,\"'a'\":\"a\",\"NULL\":null}\n");
  EXPECT_EQ(err(), "");
}

TEST_F(SessionTest, PrintsNothingForAStatementWithoutRows) {
  ASSERT_TRUE(Open({.format = Format::kCsv}).Run("SET x = 1").ok());
  EXPECT_EQ(out(), "");
}

TEST_F(SessionTest, PrintsTheSummaryOfAScanOnStandardError) {
  ASSERT_TRUE(Open().Run("SCAN").ok());
  EXPECT_EQ(out(), "{\"10\":10}\n");
  EXPECT_THAT(err(), HasSubstr("read 10 of 10 records in 1 of 1 partition, complete\n"));
}

TEST_F(SessionTest, IsSilentAboutScansWhenQuiet) {
  ASSERT_TRUE(Open({.quiet = true}).Run("SCAN").ok());
  EXPECT_EQ(err(), "");
}

TEST_F(SessionTest, AnIncompleteScanIsAnErrorThatSaysHowToGoOn) {
  const Status status = Open().Run("LOSS");
  EXPECT_EQ(ExitCodeFor(status), 4);
  EXPECT_THAT(err(), HasSubstr("error: partition 0 of orders ended at 4 of 10 (--allow-partial takes what there is)\n"));
  EXPECT_THAT(err(), HasSubstr("NOT COMPLETE"));
}

TEST_F(SessionTest, AnAcceptedIncompleteScanSaysSo) {
  ASSERT_TRUE(Open({.allow_partial = true}).Run("LOSS").ok());
  EXPECT_THAT(err(), HasSubstr("NOT COMPLETE"));
  EXPECT_THAT(err(), HasSubstr("(accepted by --allow-partial)\n"));
}

TEST_F(SessionTest, UnderlinesASqlError) {
  EXPECT_EQ(ExitCodeFor(Open().Run("FAIL 5 unknown thing", "q.sql:7")), 1);
  EXPECT_EQ(err(), "error: q.sql:7: unknown thing\n  1 | FAIL 5 unknown thing\n    |      ^\n");
}

TEST_F(SessionTest, ShowsTheRowsThatCameBeforeAnError) {
  EXPECT_FALSE(Open().Run("LOSS").ok());
  EXPECT_EQ(out(), "{\"10\":10}\n");
}

TEST_F(SessionTest, AMissingTableWithoutAClusterSaysHowToAttachOne) {
  EXPECT_FALSE(Open().Run("CODE 2 no table orders").ok());
  EXPECT_THAT(err(), HasSubstr("error: no table orders\nno Kafka cluster is attached: start lotic with -b HOST:PORT"));
}

TEST_F(SessionTest, AMissingTableOfAClusterSaysNothingAboutAttaching) {
  EXPECT_FALSE(Open({.has_cluster = true}).Run("CODE 2 no table orders").ok());
  EXPECT_EQ(err(), "error: no table orders\n");
}

TEST_F(SessionTest, EndsAStatementAtItsTimeLimit) {
  const Status status = Open({.timeout = std::chrono::milliseconds(20)}).Run("SLEEP");
  EXPECT_EQ(ExitCodeFor(status), 124);
  EXPECT_THAT(err(), HasSubstr("(the limit is --timeout 20ms)"));
}

TEST_F(SessionTest, AnInterruptStopsTheQueryAndTheScript) {
  Open();
  std::thread presses([] { ::raise(SIGINT); });
  const Status status = runner_->RunText("SLEEP; SELECT 1;", "");
  presses.join();
  EXPECT_EQ(ExitCodeFor(status), 130);
  EXPECT_EQ(err(), "cancelled\n");
  EXPECT_EQ(out(), "");
}

TEST_F(SessionTest, RunsStatementsInOrderUpToTheFirstFailure) {
  Open();
  EXPECT_FALSE(runner_->RunText("SET a = 1;\nSELECT 1; FAIL 0 bad;\nSELECT 2;", "x.sql").ok());
  EXPECT_THAT(engine_->executed(), ElementsAre("SET a = 1", "SELECT 1", "FAIL 0 bad"));
  EXPECT_THAT(err(), HasSubstr("error: x.sql:2: bad"));
}

TEST_F(SessionTest, RunsFilesThatReadOthersAndLastStatementsWithoutSemicolon) {
  Open();
  const std::string inner = Path("inner.sql", "SELECT 2");
  ASSERT_TRUE(runner_->RunFile(Path("outer.sql", "SELECT 1;\n.read " + inner + "\nSELECT 3")).ok());
  EXPECT_THAT(engine_->executed(), ElementsAre("SELECT 1", "SELECT 2", "SELECT 3"));
}

TEST_F(SessionTest, RefusesFilesThatReadThemselves) {
  Open();
  const std::string path = folder_ / "loop.sql";
  std::ofstream(path) << ".read " << path << "\n";
  EXPECT_EQ(runner_->RunFile(path).code(), StatusCode::kCapacityError);
}

TEST_F(SessionTest, AMissingFileIsAnErrorThatNamesIt) {
  Open();
  EXPECT_EQ(ExitCodeFor(runner_->RunFile("/no/such/file.sql")), 1);
  EXPECT_EQ(err(), "error: cannot read /no/such/file.sql: No such file or directory\n");
}

TEST_F(SessionTest, DotCommandsChangeHowResultsLook) {
  Open({.format = Format::kBox});
  ASSERT_TRUE(runner_->RunText(".mode csv\n.headers off\n.nullvalue -\nSELECT NULL, 2;\n\\x\nSELECT 3;\n\\x\nSELECT 4;", "").ok());
  EXPECT_EQ(out(), "-,2\n3 = 3\n4\n");
}

TEST_F(SessionTest, LimitsTheRowsOfABoxWhereTold) {
  Open({.format = Format::kBox});
  ASSERT_TRUE(runner_->RunText(".maxrows 2\nROWS 5000;", "").ok());
  EXPECT_THAT(out(), HasSubstr("and 4,998 rows more (2 shown;"));
}

TEST_F(SessionTest, QuitEndsAScript) {
  Open();
  ASSERT_TRUE(runner_->RunText("SELECT 1;\n.quit\nSELECT 2;", "").ok());
  EXPECT_TRUE(runner_->quit());
  EXPECT_THAT(engine_->executed(), ElementsAre("SELECT 1"));
}

TEST_F(SessionTest, AnUnknownCommandNamesTheNearest) {
  Open();
  EXPECT_FALSE(runner_->RunCommand(".tabels").ok());
  EXPECT_THAT(err(), HasSubstr("unknown command .tabels: did you mean .tables?"));
}

TEST_F(SessionTest, WritesResultsToAFileAndBack) {
  Open();
  const std::string path = folder_ / "out.jsonl";
  ASSERT_TRUE(runner_->RunText(".output " + path + "\nSELECT 1;\n.output\nSELECT 2;", "").ok());
  EXPECT_EQ(out(), "{\"2\":2}\n");
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "{\"1\":1}\n");
}

TEST_F(SessionTest, KeepsTheCertificatesOfAllStatements) {
  Open();
  ASSERT_TRUE(runner_->RunText("SCAN; SELECT 1; SCAN;", "").ok());
  const std::string path = folder_ / "certificate.json";
  ASSERT_TRUE(session_->WriteCertificates(path).ok());
  std::ifstream file(path);
  const std::string json(std::istreambuf_iterator<char>(file), {});
  size_t tables = 0;
  for (size_t at = json.find("\"topic\""); at != std::string::npos; at = json.find("\"topic\"", at + 1)) ++tables;
  EXPECT_EQ(tables, 2u) << json;
  EXPECT_THAT(json, HasSubstr("\"returned\""));
}

TEST_F(SessionTest, ShowsTheCertificateOfTheLastScan) {
  Open();
  ASSERT_TRUE(runner_->RunText("SCAN;\n.certificate", "").ok());
  EXPECT_THAT(out(), HasSubstr("\"version\""));
  Open();
  EXPECT_FALSE(runner_->RunCommand(".certificate").ok());
}

TEST_F(SessionTest, AReaderThatHasGoneEndsTheScriptSilently) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  console_.out = ends[1];
  Open();
  const Status status = runner_->RunText("ROWS 100000; SELECT 1;", "");
  EXPECT_TRUE(IsBrokenPipe(status));
  EXPECT_EQ(ExitCodeFor(status), 0);
  EXPECT_THAT(engine_->executed(), ElementsAre("ROWS 100000"));
  EXPECT_EQ(err(), "");
  session_.reset();
  ::close(ends[1]);
}

}  // namespace
}  // namespace lotic::cli
