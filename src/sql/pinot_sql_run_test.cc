// SPDX-License-Identifier: Apache-2.0
// Pinot's SQL as it is translated, run by the engine: the rows that Pinot's own rules give. testdata/pinot/sql_rows.txt has the table, the queries and their rows.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "catalog/pinot_schema.h"
#include "catalog/pinot_sql.h"
#include "sql/engine.h"

namespace lotic::sql {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(std::string(LOTIC_TESTDATA) + "/" + path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

/// The rows as `a|b` lines, NULL as ∅; an error as its text.
std::string Answered(Engine& engine, const std::string& sql) {
  const auto result = engine.Execute({}, sql);
  if (!result.ok()) return "error: " + result.status().message() + "\n";
  std::string rows;
  while (true) {
    const Result<TextChunk> chunk = (*result)->Next({}, CellForm::kJson);
    if (!chunk.ok()) return "error: " + chunk.status().message() + "\n";
    if (chunk->num_rows == 0) return rows;
    for (size_t row = 0; row < chunk->num_rows; ++row) {
      for (size_t column = 0; column < chunk->cells.size(); ++column) rows += (column > 0 ? "|" : "") + chunk->cells[column][row].value_or("∅");
      rows += "\n";
    }
  }
}

TEST(PinotSqlRun, GivesTheRowsThatPinotsRulesGive) {
  ::setenv("LOTIC_SQL_LIBRARY", LOTIC_SQL_FILE, 1);
  auto engine = OpenEngine({});
  ASSERT_TRUE(engine.ok()) << engine.status();
  const catalog::PinotSchema schema = catalog::ParsePinotSchema(ReadText("pinot/sql_schema.json")).ValueOrDie().value;
  std::istringstream text(ReadText("pinot/sql_rows.txt"));
  std::string line, query, expected;
  size_t number = 0, at = 0, compared = 0;
  const auto compare = [&] {
    if (query.empty()) return;
    ++compared;
    catalog::PinotTranslateOptions options;
    options.from = "events";
    options.now_ms = 1'767'225'600'000;  // 2026-01-01
    const auto parsed = catalog::ParsePinotQuery(query);
    ASSERT_TRUE(parsed.ok()) << query << "\n" << parsed.status();
    const auto made = catalog::TranslatePinotQuery(*parsed, schema, options);
    ASSERT_TRUE(made.ok()) << query << "\n" << made.status();
    EXPECT_EQ(Answered(**engine, made->sql), expected) << "sql_rows.txt:" << at << ": " << query << "\n" << made->sql;
  };
  while (std::getline(text, line)) {
    ++number;
    if (line.starts_with("#") || line.empty()) continue;
    if (line.starts_with("! ")) {  // the engine's own SQL
      const auto result = (*engine)->Execute({}, line.substr(2));
      ASSERT_TRUE(result.ok()) << line << "\n" << result.status();
      while ((*result)->Next({}, CellForm::kText).ValueOrDie().num_rows > 0) {
      }
    } else if (line.starts_with("Q: ")) {
      compare();
      query = line.substr(3);
      expected.clear();
      at = number;
    } else {
      expected += (line == "(none)" ? "" : line + "\n");
    }
  }
  compare();
  EXPECT_GT(compared, 60u);
}

}  // namespace
}  // namespace lotic::sql
