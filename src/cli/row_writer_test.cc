// SPDX-License-Identifier: Apache-2.0
#include "cli/row_writer.h"

#include <gtest/gtest.h>

#include "cli/display_width.h"
#include "cli/text_writers.h"

namespace lotic::cli {
namespace {

using Row = std::vector<std::optional<std::string>>;

sql::TextChunk Chunk(const std::vector<Row>& rows) {
  sql::TextChunk chunk;
  chunk.num_rows = rows.size();
  chunk.cells.resize(rows.empty() ? 0 : rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) chunk.cells[i].push_back(row[i]);
  }
  return chunk;
}

std::string Render(Format format, const std::vector<sql::ResultColumn>& columns, const std::vector<Row>& rows, const RenderOptions& options = {}) {
  StringSink sink;
  const auto writer = MakeRowWriter(format, options, sink);
  EXPECT_TRUE(writer->Begin(columns).ok());
  if (!rows.empty()) {
    EXPECT_TRUE(writer->Rows(Chunk(rows)).ok());
  }
  EXPECT_TRUE(writer->End().ok());
  return sink.text();
}

const std::vector<sql::ResultColumn> kColumns = {{"status", "VARCHAR", false}, {"n", "BIGINT", true}};
const std::vector<Row> kRows = {{"paid", "12"}, {std::nullopt, "3"}};

TEST(BoxWriter, FramesColumnsAndPutsNumbersOnTheRight) {
  EXPECT_EQ(Render(Format::kBox, kColumns, kRows),
            "┌────────┬────┐\n"
            "│ status │  n │\n"
            "├────────┼────┤\n"
            "│ paid   │ 12 │\n"
            "│ NULL   │  3 │\n"
            "└────────┴────┘\n");
}

TEST(BoxWriter, LeavesTheHeaderOut) { EXPECT_EQ(Render(Format::kBox, kColumns, {{"a", "1"}}, {.header = false}), "┌───┬───┐\n│ a │ 1 │\n└───┴───┘\n"); }

TEST(BoxWriter, AlignsByDisplayWidthNotByBytes) {
  EXPECT_EQ(Render(Format::kBox, {{"c", "VARCHAR", false}}, {{"日本"}, {"é"}, {"e\xCC\x81"}, {"🙂"}}),
            "┌──────┐\n│ c    │\n├──────┤\n│ 日本 │\n│ é    │\n│ e\xCC\x81    │\n│ 🙂   "
            "│\n└──────┘\n");
}

TEST(BoxWriter, ShowsControlCharactersAsEscapes) {
  EXPECT_EQ(Render(Format::kBox, {{"c", "VARCHAR", false}}, {{"a\nb\x1b[2J"}}, {.header = false}), "┌─────────────┐\n│ a\\nb\\x1b[2J │\n└─────────────┘\n");
}

TEST(BoxWriter, CountsTheRowsBeyondItsLimit) {
  const std::string text = Render(Format::kBox, {{"n", "BIGINT", true}}, {{"1"}, {"2"}, {"3"}}, {.max_rows = 1});
  EXPECT_NE(text.find("│ 1 │\n└───┘\nand 2 rows more (1 shown;"), std::string::npos) << text;
  EXPECT_EQ(text.find("│ 2 │"), std::string::npos);
}

TEST(BoxWriter, CutsTheWidestColumnToFitTheTerminal) {
  const std::string text = Render(Format::kBox, kColumns, {{std::string(70, 'x'), "1"}}, {.terminal_width = 40});
  size_t at = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; at = end + 1, end = text.find('\n', at)) {
    EXPECT_EQ(DisplayWidth(text.substr(at, end - at)), 40u);
  }
  EXPECT_NE(text.find("x…"), std::string::npos);
}

TEST(BoxWriter, CutsNothingWhenItDoesNotWriteToATerminal) {
  EXPECT_NE(Render(Format::kBox, kColumns, {{std::string(700, 'x'), "1"}}).find(std::string(700, 'x')), std::string::npos);
}

TEST(BoxWriter, WritesRowsBeyondTheWidthSampleAsTheyCome) {
  StringSink sink;
  const auto writer = MakeRowWriter(Format::kBox, {}, sink);
  ASSERT_TRUE(writer->Begin({{"n", "BIGINT", true}}).ok());
  ASSERT_TRUE(writer->Rows(Chunk(std::vector<Row>(kWidthSampleRows - 1, Row{"1"}))).ok());
  EXPECT_EQ(sink.text(), "");
  ASSERT_TRUE(writer->Rows(Chunk({{"1"}, {"22"}})).ok());
  EXPECT_NE(sink.text().find("│ 22 │\n"), std::string::npos);
  ASSERT_TRUE(writer->End().ok());
}

TEST(AsciiWriter, UsesNothingButAscii) {
  EXPECT_EQ(Render(Format::kAscii, kColumns, kRows), "+--------+----+\n| status |  n |\n+--------+----+\n| paid   | 12 |\n| NULL   |  3 |\n+--------+----+\n");
}

TEST(CsvWriter, QuotesWhatNeedsItAndTellsNullFromEmpty) {
  EXPECT_EQ(Render(Format::kCsv, {{"a,b", "VARCHAR", false}, {"c", "VARCHAR", false}}, {{"x\"y", std::nullopt}, {"", "line\nbreak"}, {" pad", "plain"}}),
            "\"a,b\",c\n\"x\"\"y\",\n\"\",\"line\nbreak\"\n\" pad\",plain\n");
}

TEST(CsvWriter, WritesTheHeaderOfAnEmptyResult) { EXPECT_EQ(Render(Format::kCsv, kColumns, {}), "status,n\n"); }

TEST(TsvWriter, EscapesTabsLineEndsAndBackslashes) {
  EXPECT_EQ(Render(Format::kTsv, kColumns, {{"a\tb\nc\\d\r", std::nullopt}}, {.header = false}), "a\\tb\\nc\\\\d\\r\t\\N\n");
}

TEST(MarkdownWriter, EscapesMarkup) {
  EXPECT_EQ(Render(Format::kMarkdown, {{"_key", "VARCHAR", false}, {"n", "BIGINT", true}}, {{"a|b *c* x_y <i>", "1"}}),
            "| \\_key | n |\n| --- | ---: |\n| a\\|b \\*c\\* x_y &lt;i> | 1 |\n");
}

TEST(LineWriter, WritesAColumnALineAndAnEmptyLineBetweenRows) {
  EXPECT_EQ(Render(Format::kLine, kColumns, kRows), "status = paid\n     n = 12\n\nstatus = NULL\n     n = 3\n");
}

TEST(JsonlWriter, WritesAnObjectALineFromCellsThatAreJsonAlready) {
  EXPECT_EQ(Render(Format::kJsonl, kColumns, {{"\"pa\\\"id\"", "12"}, {std::nullopt, "3"}}), "{\"status\":\"pa\\\"id\",\"n\":12}\n{\"status\":null,\"n\":3}\n");
}

TEST(JsonlWriter, WritesNothingForAnEmptyResult) { EXPECT_EQ(Render(Format::kJsonl, kColumns, {}), ""); }

TEST(JsonlWriter, NeverWritesTwoMembersOfOneName) {
  const sql::ResultColumn a{"a", "INTEGER", true}, a_1{"a_1", "INTEGER", true};
  EXPECT_EQ(Render(Format::kJsonl, {a, a, a_1, a}, {{"1", "2", "3", "4"}}), "{\"a\":1,\"a_2\":2,\"a_1\":3,\"a_3\":4}\n");
}

TEST(PlanWriter, WritesThePlanAsItIs) {
  StringSink sink;
  const auto writer = MakePlanWriter(sink);
  ASSERT_TRUE(writer->Begin({{"explain_key", "VARCHAR", false}, {"explain_value", "VARCHAR", false}}).ok());
  ASSERT_TRUE(writer->Rows(Chunk({{"physical_plan", "┌─┐\n│ \x1b │\n└─┘\n"}})).ok());
  ASSERT_TRUE(writer->End().ok());
  EXPECT_EQ(sink.text(), "┌─┐\n│ \\x1b │\n└─┘\n");
}

TEST(JsonWriter, WritesOneArray) {
  EXPECT_EQ(Render(Format::kJson, {{"n", "BIGINT", true}}, {{"1"}, {"2"}}), "[\n{\"n\":1},\n{\"n\":2}\n]\n");
  EXPECT_EQ(Render(Format::kJson, {{"n", "BIGINT", true}}, {}), "[]\n");
}

TEST(WithThousands, GroupsDigits) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1204), "1,204");
  EXPECT_EQ(WithThousands(-123456), "-123,456");
  EXPECT_EQ(WithThousands(1234567), "1,234,567");
}

TEST(Printable, ReplacesBrokenUtf8) { EXPECT_EQ(Printable("a\xff\xc3"), "a\xEF\xBF\xBD\xEF\xBF\xBD"); }

TEST(CutToWidth, CutsBetweenCharacters) {
  EXPECT_EQ(CutToWidth("日本語", 5), "日本…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…");
  EXPECT_EQ(CutToWidth("abc", 3), "abc");
}

}  // namespace
}  // namespace lotic::cli
