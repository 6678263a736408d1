// SPDX-License-Identifier: Apache-2.0
#include "cli/script_feed.h"

#include <gmock/gmock.h>

#include "tests/cli/fake_engine.h"

namespace lotic::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Texts(const std::vector<ScriptFeed::Piece>& pieces) {
  std::vector<std::string> texts;
  for (const auto& piece : pieces) texts.push_back((piece.is_command ? "!" : "") + piece.text + "@" + std::to_string(piece.line));
  return texts;
}

class ScriptFeedTest : public testing::Test {
 protected:
  FakeEngine engine_;
  ScriptFeed feed_{[this](const std::string& text) { return engine_.SplitStatements(text); }};
};

TEST_F(ScriptFeedTest, GivesAStatementWhenItsSemicolonComes) {
  EXPECT_THAT(Texts(feed_.Line("SELECT")), IsEmpty());
  EXPECT_EQ(feed_.open_text(), "SELECT\n");
  EXPECT_THAT(Texts(feed_.Line("  1;")), ElementsAre("SELECT\n  1@1"));
  EXPECT_EQ(feed_.open_text(), "");
}

TEST_F(ScriptFeedTest, KeepsTheBeginningOfTheNextStatementOpen) {
  EXPECT_THAT(Texts(feed_.Line("SELECT 1; SELECT 2; SEL")), ElementsAre("SELECT 1@1", "SELECT 2@1"));
  EXPECT_EQ(feed_.open_text(), "SEL\n");
  EXPECT_THAT(Texts(feed_.Line("ECT 3;")), ElementsAre("SEL\nECT 3@1"));
}

TEST_F(ScriptFeedTest, DoesNotEndAStatementInsideQuotes) {
  EXPECT_THAT(Texts(feed_.Line("SELECT 'a;")), IsEmpty());
  EXPECT_THAT(Texts(feed_.Line(".quit';")), ElementsAre("SELECT 'a;\n.quit'@1"));
}

TEST_F(ScriptFeedTest, TakesACommandOnlyWhereNoStatementIsOpen) {
  EXPECT_THAT(Texts(feed_.Line(".mode csv")), ElementsAre("!.mode csv@1"));
  EXPECT_THAT(Texts(feed_.Line("\\dt")), ElementsAre("!\\dt@2"));
  EXPECT_THAT(Texts(feed_.Line("SELECT 1")), IsEmpty());
  EXPECT_THAT(Texts(feed_.Line(".5;")), ElementsAre("SELECT 1\n.5@3"));
}

TEST_F(ScriptFeedTest, ACommentAloneOpensNothing) {
  EXPECT_THAT(Texts(feed_.Line("-- first")), IsEmpty());
  EXPECT_EQ(feed_.open_text(), "");
  EXPECT_THAT(Texts(feed_.Line(".mode csv")), ElementsAre("!.mode csv@2"));
}

TEST_F(ScriptFeedTest, GivesWhatIsOpenAtTheEnd) {
  EXPECT_THAT(Texts(feed_.Line("")), IsEmpty());
  EXPECT_THAT(Texts(feed_.Line("SELECT 1")), IsEmpty());
  EXPECT_THAT(Texts(feed_.End()), ElementsAre("SELECT 1@2"));
  EXPECT_THAT(Texts(feed_.End()), IsEmpty());
}

TEST_F(ScriptFeedTest, CountsTheLinesOfAStatementOfManyLines) {
  for (int i = 0; i < 3000; ++i) EXPECT_THAT(Texts(feed_.Line("SELECT")), IsEmpty());
  EXPECT_EQ(Texts(feed_.Line("; SELECT 2;")).back(), "SELECT 2@3001");
}

}  // namespace
}  // namespace lotic::cli
