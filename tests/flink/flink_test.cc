// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catalog/create_table.h"

// Flink's own planner as the judge of the parser: the same text gives the same columns.

namespace lotic::catalog {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> Statements(const std::string& text) {
  std::vector<std::string> statements;
  std::string statement;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("-- MARK")) break;  // names that this connector does not know
    if (line.starts_with("--") || (line.empty() && statement.empty())) continue;
    statement += line + "\n";
    if (!line.ends_with(";")) continue;
    statements.push_back(std::move(statement));
    statement.clear();
  }
  return statements;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

/// A definition in the judge's words.
std::string Describe(const TableDefinition& table) {
  std::string text;
  for (const ColumnDefinition& column : table.columns) {
    if (column.kind == ColumnDefinition::Kind::kComputed) {
      text += "  computed " + column.name + "\n";
      continue;
    }
    const bool metadata = column.kind == ColumnDefinition::Kind::kMetadata;
    const std::string type = Replaced(Replaced(column.type_text, "STRING", "VARCHAR(2147483647)"), "BYTES", "VARBINARY(2147483647)");
    text += std::string("  ") + (metadata ? "metadata " : "physical ") + column.name + " " + type + (column.not_null ? " NOT NULL" : "");
    if (metadata) text += " key " + column.metadata_key + (column.read_only ? " virtual" : "");
    text += "\n";
  }
  return text;
}

std::string WriteStatements(const std::string& name, const std::vector<std::string>& statements) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream out(path);
  for (const std::string& statement : statements) out << statement << "\n";
  return path;
}

/// What the judge prints of the files, file by file.
std::vector<std::string> Judge(const std::vector<std::string>& files) {
  std::string command = std::string("'") + LOTIC_FLINK_LAB + "' java '" + LOTIC_FLINK_CLASSES + "' FlinkJudge";
  for (const std::string& file : files) command += " '" + file + "'";
  FILE* const pipe = ::popen(command.c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  for (size_t read = 0; (read = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) output.append(buffer.data(), read);
  EXPECT_EQ(::pclose(pipe), 0) << output;
  std::vector<std::string> answers;
  for (size_t at = 0, end = 0; (end = output.find("--\n", at)) != std::string::npos; at = end + 3) answers.push_back(output.substr(at, end - at));
  EXPECT_EQ(answers.size(), files.size()) << output;
  answers.resize(files.size());
  return answers;
}

class FlinkPack : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system((std::string("'") + LOTIC_FLINK_LAB + "' check").c_str()) != 0) GTEST_SKIP() << "Flink's jars are not there: run scripts/setup --test";
  }
};

TEST_F(FlinkPack, ThePlannerSeesTheColumnsThatWeSeeAndTakesWhatWeWrite) {
  const std::vector<std::string> statements = Statements(ReadFile(LOTIC_TESTDATA "/catalog/examples.sql"));
  ASSERT_EQ(statements.size(), 11U);
  std::vector<std::string> written;
  std::string ours, again;
  for (const std::string& statement : statements) {
    const auto parsed = ParseCreateTable(statement);
    ASSERT_TRUE(parsed.ok() && parsed->has_value()) << statement << parsed.status();
    const TableDefinition& table = (*parsed)->definition;
    const bool bare = statement.find(" " + table.name.table + " ") != std::string::npos;
    const std::string quoted = "`" + Replaced(table.name.table, "`", "``") + "`";
    ours += "table " + (bare ? table.name.table : quoted) + "\n" + Describe(table);
    again += "table " + quoted + "\n" + Describe(table);
    written.push_back(WriteCreateTable(table) + ";");
  }
  const std::vector<std::string> answers = Judge({WriteStatements("flink_given.sql", statements), WriteStatements("flink_written.sql", written)});
  EXPECT_EQ(answers[0], ours);
  EXPECT_EQ(answers[1], again);
}

TEST_F(FlinkPack, WhatWeRefuseForItsFormThePlannerRefuses) {
  // Each breaks the grammar or names what is not there; what we refuse and Flink does not (keys given twice, …) is not among them.
  const std::vector<std::string> bad = {
      "CREATE TABLE t (a INT b STRING) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a INT, a STRING) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a INT) WITH (connector = 'kinesis');",
      "CREATE TABLE t (a INT) WITH ('connector' = 5);",
      "CREATE TABLE t (a DECIMAL(39, 2)) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a TIMESTAMP(10)) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a TIMESTAMP(3) WITH TIME ZONE) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a MAP<STRING>) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a ROW<b INT, b STRING>) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a INT METADATA FROM key VIRTUAL) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a INT, PRIMARY KEY (a) ENFORCED) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a INT, PRIMARY KEY (b) NOT ENFORCED) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a INT) PARTITIONED BY (b) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a STRING, WATERMARK FOR a AS a) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a TIMESTAMP(6), WATERMARK FOR a AS a) WITH ('connector' = 'kinesis');",
      "CREATE TABLE t (a TIMESTAMP(3), WATERMARK FOR b AS a) WITH ('connector' = 'kinesis');",
  };
  for (const std::string& statement : bad) EXPECT_FALSE(ParseCreateTable(statement).ok()) << statement;
  std::istringstream answer(Judge({WriteStatements("flink_bad.sql", bad)}).at(0));
  size_t count = 0;
  for (std::string line; std::getline(answer, line); ++count) EXPECT_TRUE(line.starts_with("error ")) << line;
  EXPECT_EQ(count, bad.size());
}

}  // namespace
}  // namespace lotic::catalog
