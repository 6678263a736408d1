// SPDX-License-Identifier: Apache-2.0
#include "catalog/create_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "catalog/option_keys.h"
#include "catalog/table_statement.h"

namespace lotic::catalog {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Kind = ColumnDefinition::Kind;

std::string ReadFile(const std::string& name) {
  std::ifstream in(LOTIC_TESTDATA "/catalog/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// What ";" at the end of a line ends; lines that are comments alone are left out.
std::vector<std::string> Statements(const std::string& text) {
  std::vector<std::string> statements;
  std::string statement;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--")) continue;
    if (statement.empty() && line.empty()) continue;
    statement += line + "\n";
    if (!line.ends_with(";")) continue;
    statements.push_back(std::move(statement));
    statement.clear();
  }
  return statements;
}

CreateTable Parse(const std::string& text) {
  auto parsed = ParseCreateTable(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.status();
  EXPECT_TRUE(parsed.ok() && parsed->has_value()) << text;
  return parsed.ok() && parsed->has_value() ? **parsed : CreateTable{};
}

TypeId IdOf(const std::string& type) { return Parse("CREATE TABLE t (c " + type + ") WITH ('connector' = 'x')").definition.columns.at(0).type.id(); }

std::string TextOf(const std::string& type) {
  const ColumnDefinition column = Parse("CREATE TABLE t (c " + type + ") WITH ('connector' = 'x')").definition.columns.at(0);
  return column.type_text + (column.not_null ? " NOT NULL" : "") + " -> " + column.type.ToString();
}

TEST(CreateTable, EveryExampleIsReadAndWrittenBack) {
  const std::vector<std::string> statements = Statements(ReadFile("examples.sql"));
  ASSERT_EQ(statements.size(), 14U);
  for (const std::string& statement : statements) {
    const CreateTable create = Parse(statement);
    const std::string written = WriteCreateTable(create.definition);
    TableDefinition again = Parse(written).definition;
    again.name.schema = create.definition.name.schema;
    EXPECT_EQ(again, create.definition) << written;
    EXPECT_EQ(WriteCreateTable(again), written);
  }
}

TEST(CreateTable, EveryKindOfColumnIsTold) {
  const CreateTable create = Parse(
      "CREATE TABLE turnstiles_meta (gate_id STRING, passengers INT NOT NULL COMMENT 'who came', arrived TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL, "
      "shard VARCHAR(128) NOT NULL METADATA FROM 'shard-id' VIRTUAL, `sequence-number` STRING METADATA, crowd AS passengers > 20 COMMENT 'many', "
      "WATERMARK FOR arrived AS arrived - INTERVAL '5' SECOND) COMMENT 'gates' PARTITIONED BY (gate_id) WITH ('connector' = 'kinesis', 'format' = 'json');");
  const TableDefinition& table = create.definition;
  EXPECT_EQ(table.name, (TableName{"", "turnstiles_meta"}));
  ASSERT_EQ(table.columns.size(), 6U);
  EXPECT_EQ(table.columns[0], (ColumnDefinition{"gate_id", Kind::kPhysical, Type::String(), "STRING", false, "", false, "", {}}));
  EXPECT_EQ(table.columns[1], (ColumnDefinition{"passengers", Kind::kPhysical, Type::Int32(), "INT", true, "", false, "", "who came"}));
  EXPECT_EQ(table.columns[2],
            (ColumnDefinition{"arrived", Kind::kMetadata, Type::Timestamp(TimeUnit::kMilli, false), "TIMESTAMP(3)", false, "timestamp", true, "", {}}));
  EXPECT_EQ(table.columns[3], (ColumnDefinition{"shard", Kind::kMetadata, Type::String(), "VARCHAR(128)", true, "shard-id", true, "", {}}));
  EXPECT_EQ(table.columns[4], (ColumnDefinition{"sequence-number", Kind::kMetadata, Type::String(), "STRING", false, "sequence-number", false, "", {}}));
  EXPECT_EQ(table.columns[5].kind, Kind::kComputed);
  EXPECT_EQ(table.columns[5].expression, "passengers > 20");
  EXPECT_EQ(table.columns[5].comment, "many");
  ASSERT_TRUE(table.watermark.has_value());
  EXPECT_EQ(*table.watermark, (WatermarkDefinition{"arrived", "arrived - INTERVAL '5' SECOND"}));
  EXPECT_THAT(table.partitioned_by, ElementsAre("gate_id"));
  EXPECT_EQ(table.comment, "gates");
  EXPECT_THAT(table.options, ElementsAre(Pair("connector", "kinesis"), Pair("format", "json")));
}

TEST(CreateTable, TypesHaveOneText) {
  EXPECT_EQ(TextOf("varchar"), "VARCHAR(1) -> VARCHAR");
  EXPECT_EQ(TextOf("CHAR NOT NULL"), "CHAR(1) NOT NULL -> VARCHAR");
  EXPECT_EQ(TextOf("string NULL"), "STRING -> VARCHAR");
  EXPECT_EQ(TextOf("binary varying(3)"), "VARBINARY(3) -> VARBINARY");
  EXPECT_EQ(TextOf("DECIMAL"), "DECIMAL(10, 0) -> DECIMAL(10,0)");
  EXPECT_EQ(TextOf("NUMERIC(5)"), "DECIMAL(5, 0) -> DECIMAL(5,0)");
  EXPECT_EQ(TextOf("integer"), "INT -> INTEGER");
  EXPECT_EQ(TextOf("DOUBLE PRECISION"), "DOUBLE -> DOUBLE");
  EXPECT_EQ(TextOf("TIME"), "TIME(0) -> TIME");
  EXPECT_EQ(TextOf("TIMESTAMP"), "TIMESTAMP(6) -> TIMESTAMP(6)");
  EXPECT_EQ(TextOf("TIMESTAMP(9) WITHOUT TIME ZONE"), "TIMESTAMP(9) -> TIMESTAMP(9)");
  EXPECT_EQ(TextOf("TIMESTAMP_LTZ(3) NOT NULL"), "TIMESTAMP(3) WITH LOCAL TIME ZONE NOT NULL -> TIMESTAMP(3) UTC");
  EXPECT_EQ(TextOf("TIMESTAMP(2) WITH LOCAL TIME ZONE"), "TIMESTAMP(2) WITH LOCAL TIME ZONE -> TIMESTAMP(3) UTC");
  EXPECT_EQ(TextOf("interval year(4) to month"), "INTERVAL YEAR(4) TO MONTH -> INTEGER");
  EXPECT_EQ(TextOf("INTERVAL MONTH NOT NULL"), "INTERVAL MONTH NOT NULL -> INTEGER");
  EXPECT_EQ(TextOf("INTERVAL DAY(3) TO SECOND(6)"), "INTERVAL DAY(3) TO SECOND(6) -> BIGINT");
  EXPECT_EQ(TextOf("ARRAY<INTERVAL SECOND>"), "ARRAY<INTERVAL SECOND> -> LIST<BIGINT>");
  EXPECT_EQ(TextOf("INT NOT NULL ARRAY NOT NULL ARRAY"), "ARRAY<ARRAY<INT NOT NULL> NOT NULL> -> LIST<LIST<INTEGER>>");
  EXPECT_EQ(TextOf("MULTISET<STRING>"), "MULTISET<STRING> -> MAP<VARCHAR, INTEGER>");
  EXPECT_EQ(TextOf("ROW(a INT 'first', `b c` ROW<d MAP<STRING, BYTES>>)"),
            "ROW<`a` INT 'first', `b c` ROW<`d` MAP<STRING, BYTES>>> -> STRUCT<\"a\" INTEGER, \"b c\" STRUCT<\"d\" MAP<VARCHAR, VARBINARY>>>");
  EXPECT_EQ(IdOf("TINYINT"), TypeId::kInt8);
  EXPECT_EQ(IdOf("SMALLINT"), TypeId::kInt16);
  EXPECT_EQ(IdOf("BIGINT"), TypeId::kInt64);
  EXPECT_EQ(IdOf("FLOAT"), TypeId::kFloat32);
  EXPECT_EQ(IdOf("DATE"), TypeId::kDate);
  EXPECT_EQ(IdOf("BOOLEAN"), TypeId::kBool);
  EXPECT_EQ(IdOf("BYTES"), TypeId::kBinary);
}

TEST(CreateTable, TypesDoNotLieInOneAnotherWithoutEnd) {
  std::string type = "INT";
  for (int i = 0; i < 10'000; ++i) type = "ARRAY<" + type;
  const auto parsed = ParseCreateTable("CREATE TABLE t (a " + type + ") WITH ('connector' = 'x')");
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.status().message(), HasSubstr("deeper than 32"));
}

TEST(CreateTable, TextsAndNamesHaveTheirQuotesAndCodePoints) {
  const TableDefinition table =
      Parse("CREATE TABLE `a``b` (\"c\"\"d\" STRING) WITH ('connector' = 'it''s', 'tab' = U&'\\0009', 'pair' = u&'\\D83D\\DE00\\\\')").definition;
  EXPECT_EQ(table.name.table, "a`b");
  EXPECT_EQ(table.columns.at(0).name, "c\"d");
  EXPECT_THAT(table.options, ElementsAre(Pair("connector", "it's"), Pair("tab", "\t"), Pair("pair", "\xF0\x9F\x98\x80\\")));
  EXPECT_THAT(WriteCreateTable(table), AllOf(HasSubstr("`a``b`"), HasSubstr("`c\"d`"), HasSubstr("'it''s'")));
}

TEST(CreateTable, ThePrimaryKeyMakesItsColumnsNotNull) {
  const TableDefinition one = Parse("CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED, b INT) WITH ('connector' = 'x')").definition;
  EXPECT_THAT(one.primary_key, ElementsAre("a"));
  EXPECT_TRUE(one.columns[0].not_null);
  EXPECT_FALSE(one.columns[1].not_null);
  const TableDefinition two = Parse("CREATE TABLE t (a INT, b INT, CONSTRAINT k PRIMARY KEY (b, a) NOT ENFORCED) WITH ('connector' = 'x')").definition;
  EXPECT_THAT(two.primary_key, ElementsAre("b", "a"));
}

TEST(CreateTable, ThePlaceAndTheFlagsAreKept) {
  const CreateTable create = Parse("create temporary table if not exists cat.`d b`.t (watermark int, metadata string, `primary` int) with ('connector' = 'x')");
  EXPECT_TRUE(create.temporary);
  EXPECT_TRUE(create.if_not_exists);
  EXPECT_EQ(create.definition.name, (TableName{"cat.d b", "t"}));
  EXPECT_EQ(create.definition.columns.size(), 3U);
}

TEST(CreateTable, TheEnginesOwnTablesAreLeftToIt) {
  for (const char* const text :
       {"CREATE TABLE t (a INTEGER)", "CREATE TABLE t AS SELECT 1", "CREATE TABLE t AS WITH x AS (SELECT 1) SELECT * FROM x", "CREATE VIEW v AS SELECT 1",
        "SELECT 1", "CREATE TABLE t (metadata VARCHAR, watermark INTEGER)", "CREATE OR REPLACE TABLE t (a INTEGER PRIMARY KEY)", "", "CREATE"}) {
    const auto parsed = ParseCreateTable(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_FALSE(parsed->has_value()) << text;
  }
}

TEST(CreateTable, SecretsAreNotWritten) {
  const TableDefinition table = Parse(
                                    "CREATE TABLE t (a INT) WITH ('connector' = 'x', 'aws.credentials.basic.accesskeyid' = 'AKIA1', "
                                    "'aws.credentials.basic.secretkey' = 'hush', 'k' = 'v')")
                                    .definition;
  EXPECT_THAT(WriteCreateTable(table), AllOf(testing::Not(HasSubstr("AKIA1")), testing::Not(HasSubstr("hush")), HasSubstr("'k' = 'v'"),
                                             HasSubstr("'aws.credentials.basic.secretkey' = '******'")));
}

// The file holds statements, each with its error: "---- Code at byte N" and the message.
TEST(TableStatement, EveryBadStatementHasItsError) {
  std::istringstream cases(ReadFile("bad_statements.txt"));
  std::string statement, mark, message, blank;
  int count = 0;
  while (std::getline(cases, statement) && std::getline(cases, mark) && std::getline(cases, message)) {
    const auto parsed = ParseTableStatement(statement);
    ASSERT_FALSE(parsed.ok()) << statement;
    ASSERT_NE(parsed.status().detail(), nullptr) << statement;
    EXPECT_EQ("---- " + std::string(StatusCodeName(parsed.status().code())) + " " + parsed.status().detail()->ToString(), mark) << statement;
    EXPECT_EQ(parsed.status().message(), message) << statement;
    std::getline(cases, blank);
    ++count;
  }
  EXPECT_GE(count, 65);
}

TEST(TableStatement, TheLimitsAreNamed) {
  std::string columns = "a INT";
  for (size_t i = 0; i < kMaxDeclaredColumns; ++i) columns += ", a" + std::to_string(i) + " INT";
  EXPECT_EQ(ParseCreateTable("CREATE TABLE t (" + columns + ") WITH ('connector' = 'x')").status().message(), "a table of more than 10000 columns");
  std::string options = "'connector' = 'x'";
  for (size_t i = 0; i < kMaxDeclaredOptions; ++i) options += ", 'k" + std::to_string(i) + "' = 'v'";
  EXPECT_EQ(ParseCreateTable("CREATE TABLE t (a INT) WITH (" + options + ")").status().message(), "a table of more than 1000 options");
  EXPECT_EQ(ParseCreateTable("CREATE TABLE t (a INT) WITH ('connector' = '" + std::string(kMaxDefinitionBytes, 'x') + "')").status().code(),
            StatusCode::kCapacityError);
}

TEST(TableStatement, DropShowAlterAndPartitionAreTold) {
  const auto drop = ParseTableStatement("DROP TABLE IF EXISTS `a`.b;");
  ASSERT_TRUE(drop.ok() && std::holds_alternative<DropTable>(*drop));
  EXPECT_TRUE(std::get<DropTable>(*drop).if_exists);
  EXPECT_THAT(std::get<DropTable>(*drop).table.parts, ElementsAre("a", "b"));
  const auto show = ParseTableStatement("show create table t");
  ASSERT_TRUE(show.ok() && std::holds_alternative<ShowCreateTable>(*show));
  const auto alter = ParseTableStatement("ALTER TABLE t RENAME TO u");
  ASSERT_TRUE(alter.ok() && std::holds_alternative<AlterTable>(*alter));
  EXPECT_EQ(std::get<AlterTable>(*alter).what, "ALTER TABLE … RENAME");
  const std::string text = "INSERT INTO t PARTITION (a = 'x''y',\n b = -5) (c) SELECT 1";
  const auto insert = ParseTableStatement(text);
  ASSERT_TRUE(insert.ok() && std::holds_alternative<InsertPartition>(*insert));
  EXPECT_THAT(std::get<InsertPartition>(*insert).constants, ElementsAre(Pair("a", "x'y"), Pair("b", "-5")));
  EXPECT_EQ(std::get<InsertPartition>(*insert).rest, "INSERT INTO t " + std::string(22, ' ') + "\n         (c) SELECT 1");
  for (const char* const other :
       {"DROP TABLE t CASCADE", "DROP VIEW v", "INSERT INTO t SELECT 1", "SHOW TABLES", "BEGIN", "EXECUTE statement(1)", "SELECT 1"}) {
    const auto parsed = ParseTableStatement(other);
    ASSERT_TRUE(parsed.ok()) << other;
    EXPECT_TRUE(std::holds_alternative<std::monostate>(*parsed)) << other;
  }
}

TEST(OptionKeys, UnknownOnesAreNamedWithTheNearest) {
  const KnownOptions known{{"connector", "format", "stream"}, {"sink.producer."}};
  EXPECT_TRUE(CheckOptionKeys({{"connector", "x"}, {"sink.producer.any", "1"}}, known).ok());
  EXPECT_EQ(CheckOptionKeys({{"fromat", "json"}}, known).message(),
            "unknown option 'fromat' (did you mean 'format'?); known are: connector, format, sink.producer.*, stream");
  EXPECT_THAT(CheckOptionKeys({{"sink.producer.", "1"}, {"Format", "json"}}, known).message(),
              AllOf(HasSubstr("unknown options 'sink.producer.'"), HasSubstr("'Format'")));
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 20; ++i) many.emplace_back("x" + std::to_string(i), "");
  EXPECT_THAT(CheckOptionKeys(many, known).message(), HasSubstr("and 12 more"));
}

TEST(OptionKeys, SecretsAreMasked) {
  EXPECT_EQ(ShownOption("aws.credentials.basic.secretkey", "hush"), "******");
  EXPECT_EQ(ShownOption("avro-confluent.basic-auth.user-info.password", "hush"), "******");
  EXPECT_EQ(ShownOption("aws.credentials.webIdentityToken.file", "/a"), "/a");
  EXPECT_EQ(ShownOption("stream", "s"), "s");
}

}  // namespace
}  // namespace lotic::catalog
