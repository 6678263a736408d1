// SPDX-License-Identifier: Apache-2.0
// What bad documents are told (testdata/pinot/bad_definitions.txt), and that docs/reference/realtime-definitions.md shows the keys that the code knows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "catalog/pinot_keys.h"
#include "catalog/pinot_schema.h"
#include "catalog/pinot_table_config.h"

namespace lotic::catalog {
namespace {

using nlohmann::json;

constexpr char kSchema[] =
    R"({"schemaName": "events", "dimensionFieldSpecs": [{"name": "kind", "dataType": "STRING"}, {"name": "labels", "dataType": "STRING", "singleValueField": false}],
  "metricFieldSpecs": [{"name": "count", "dataType": "INT"}], "dateTimeFieldSpecs": [{"name": "ts", "dataType": "TIMESTAMP", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}],
  "primaryKeyColumns": ["kind"]})";

constexpr char kTable[] = R"({"tableName": "events", "tableType": "REALTIME", "tenants": {}, "tableIndexConfig": {}, "metadata": {},
  "segmentsConfig": {"timeColumnName": "ts", "replication": "1", "retentionTimeUnit": "DAYS", "retentionTimeValue": "7"},
  "ingestionConfig": {"streamIngestionConfig": {"streamConfigMaps": [{"streamType": "kafka", "stream.kafka.topic.name": "events", "stream.kafka.broker.list": "b1:9092",
    "stream.kafka.decoder.class.name": "JSONMessageDecoder", "realtime.segment.flush.threshold.segment.size": "150M"}]}}})";

/// The document with parts replaced (null: taken away), as RFC 7386 has it.
std::string Patched(const char* document, const std::string& patch) {
  json tree = json::parse(document);
  tree.merge_patch(json::parse(patch));
  return tree.dump();
}

std::string PatchedStream(const std::string& patch) {
  json tree = json::parse(kTable);
  tree["ingestionConfig"]["streamIngestionConfig"]["streamConfigMaps"][0].merge_patch(json::parse(patch));
  return tree.dump();
}

Status JudgeTable(const std::string& document) {
  const auto table = ParsePinotTableConfig(document);
  return table.ok() ? CheckTable(table->value, ParsePinotSchema(kSchema)->value) : table.status();
}

Status JudgeTableChange(const std::string& document) {
  const auto table = ParsePinotTableConfig(document);
  return table.ok() ? CheckTableChange(ParsePinotTableConfig(kTable)->value, table->value, false) : table.status();
}

/// `kind`: how `text` becomes a document, and what it is judged as.
Status Judge(const std::string& kind, const std::string& text) {
  if (kind == "text-schema") return ParsePinotSchema(text).status();
  if (kind == "schema") return ParsePinotSchema(Patched(kSchema, text)).status();
  if (kind == "change-schema") {
    const auto after = ParsePinotSchema(Patched(kSchema, text));
    return after.ok() ? CheckSchemaChange(ParsePinotSchema(kSchema)->value, after->value) : after.status();
  }
  if (kind == "text-table") return JudgeTable(text);
  if (kind == "table") return JudgeTable(Patched(kTable, text));
  if (kind == "stream") return JudgeTable(PatchedStream(text));
  if (kind == "change-table") return JudgeTableChange(Patched(kTable, text));
  if (kind == "change-stream") return JudgeTableChange(PatchedStream(text));
  ADD_FAILURE() << "no such kind: " << kind;
  return Status::OK();
}

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(PinotDefinitions, TheBasesOfTheCasesAreGood) {
  EXPECT_TRUE(JudgeTable(kTable).ok()) << JudgeTable(kTable);
  EXPECT_TRUE(JudgeTableChange(kTable).ok()) << JudgeTableChange(kTable);
}

TEST(PinotDefinitions, EachBadDocumentIsToldWhy) {
  std::istringstream cases(ReadWhole(LOTIC_TESTDATA "/pinot/bad_definitions.txt"));
  std::string line, mark, message, blank;
  int count = 0;
  while (std::getline(cases, line) && std::getline(cases, mark) && std::getline(cases, message)) {
    const size_t space = line.find(' ');
    const Status status = Judge(line.substr(0, space), space == std::string::npos ? "" : line.substr(space + 1));
    EXPECT_EQ("---- " + std::string(StatusCodeName(status.code())), mark) << line;
    EXPECT_EQ(status.message(), message) << line;
    EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << line;
    std::getline(cases, blank);
    EXPECT_EQ(blank, "");
    ++count;
  }
  EXPECT_GE(count, 60);
}

TEST(PinotDefinitions, WhatIsSwitchedOffIsTaken) {
  for (const char* const patch : {R"({"upsertConfig": {"mode": "NONE"}})", R"({"upsertConfig": {"mode": "none", "hashFunction": "MD5"}})",
                                  R"({"dedupConfig": {"dedupEnabled": false}})", R"({"dedupConfig": {"dedupEnabled": "false", "hashFunction": "NONE"}})"}) {
    const std::string document = Patched(kTable, patch);
    EXPECT_TRUE(JudgeTable(document).ok()) << patch << JudgeTable(document);
    const auto table = ParsePinotTableConfig(document);
    ASSERT_TRUE(table.ok());
    EXPECT_EQ(table->unrecognized, "{}");
    const std::string key = json::parse(patch).begin().key();
    EXPECT_EQ(json::parse(table->value.document)[key], json::parse(patch)[key]);
  }
}

TEST(PinotDefinitions, TheDatabaseIsNoPartOfASchemasName) {
  const auto schema = ParsePinotSchema(Patched(kSchema, R"({"schemaName": "default.events"})"));
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(schema->value.name, "events");
  EXPECT_EQ(json::parse(schema->value.document)["schemaName"], "events");
  EXPECT_FALSE(ParsePinotSchema(Patched(kSchema, R"({"schemaName": "default."})")).ok());
}

TEST(PinotDefinitions, LimitsOfQueriesAreRead) {
  const auto table = ParsePinotTableConfig(Patched(
      kTable,
      R"({"query": {"maxQueryResponseSizeBytes": "100", "maxServerResponseSizeBytes": 90}, "quota": {"maxQueriesPerSecond": "2.5", "storage": "1.5K"}})"));
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->value.max_response_bytes, 90);
  EXPECT_EQ(table->value.max_queries_per_second, 2.5);
  EXPECT_EQ(table->value.max_storage_bytes, 1536);
  EXPECT_TRUE(table->warnings.empty()) << testing::PrintToString(table->warnings);
}

/// The tables of the reference, as they should be: a heading for each place.
std::string KeyTables() {
  std::string out, place;
  for (const DefinitionKey& key : PinotKeys()) {
    if (key.place != place) {
      place = key.place;
      out += "\n### `" + place + "`\n\n| key | value | | what becomes of it |\n|---|---|---|---|\n";
    }
    const auto cell = [](std::string_view text) {
      std::string escaped;
      for (const char c : text) escaped += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '*' ? "\\*" : c == '$' ? "\\$" : std::string(1, c);
      return escaped;
    };
    out += "| `" + std::string(key.key) + "` | " + std::string(KeyTypeName(key.type)) + " | " + KeySupportLetter(key.support) + " | " + cell(key.note) +
           (key.quiet.empty() ? "" : "; no warning for `" + std::string(key.quiet) + "`") + " |\n";
  }
  return out;
}

TEST(PinotDefinitions, TheReferenceShowsTheKeysOfTheCode) {
  const std::string document = ReadWhole(LOTIC_TESTDATA "/../docs/reference/realtime-definitions.md");
  constexpr std::string_view kMark = "## Keys\n";
  const size_t at = document.find(kMark);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(document.substr(at + kMark.size()), KeyTables()) << "docs/reference/realtime-definitions.md: what follows \"## Keys\" must be the text above";
}

TEST(PinotDefinitions, NoKeyIsThereTwice) {
  std::set<std::string> seen;
  for (const DefinitionKey& key : PinotKeys()) {
    EXPECT_TRUE(seen.insert(std::string(key.place) + " " + std::string(key.key)).second) << key.place << " " << key.key;
    EXPECT_FALSE(key.note.empty()) << key.key;
    EXPECT_NE(FindPinotKey(key.place, key.key), nullptr) << key.key;
  }
}

}  // namespace
}  // namespace lotic::catalog
