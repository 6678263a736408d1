// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lotic::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Parsed<PinotSchema> Parse(const std::string& json) {
  auto parsed = ParsePinotSchema(json);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *parsed : Parsed<PinotSchema>{};
}

// The shape of the published guide to streams.
constexpr char kEvents[] = R"({"schemaName": "events", "dimensionFieldSpecs": [{"name": "uuid", "dataType": "STRING"}],
  "metricFieldSpecs": [{"name": "count", "dataType": "INT"}],
  "dateTimeFieldSpecs": [{"name": "ts", "dataType": "TIMESTAMP", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}]})";

TEST(PinotSchema, ReadsThePublishedGuidesSchema) {
  const auto parsed = Parse(kEvents);
  EXPECT_THAT(parsed.warnings, IsEmpty());
  EXPECT_EQ(parsed.unrecognized, "{}");
  const PinotSchema& schema = parsed.value;
  ASSERT_EQ(schema.fields.size(), 3U);
  EXPECT_EQ(schema.Find("ts")->format, "TIMESTAMP");
  EXPECT_EQ(schema.Find("ts")->default_null, "1970-01-01 00:00:00.0");
  EXPECT_EQ(schema.Find("count")->default_null, "0");
  EXPECT_EQ(schema.Find("uuid")->default_null, "null");
  const Schema columns = schema.Columns();
  EXPECT_EQ(columns.fields[0].type, Type::String());
  EXPECT_EQ(columns.fields[1].type, Type::Int32());
  EXPECT_EQ(columns.fields[2].type, Type::Timestamp(TimeUnit::kMilli, true));
  EXPECT_EQ(columns.fields[1].metadata.at(kPinotTypeMetadata), "INT");
  EXPECT_EQ(columns.fields[1].metadata.at(kPinotDefaultMetadata), "0");
}

TEST(PinotSchema, ADocumentHasPinotsOrderAndOnlyWhatIsNotDefault) {
  const auto parsed = Parse(
      R"({"primaryKeyColumns": ["a"], "metricFieldSpecs": [], "dateTimeFieldSpecs": [{"granularity": "1:DAYS", "format": "EPOCH|DAYS", "dataType": "INT", "name": "d", "sampleValue": 19000}],
    "dimensionFieldSpecs": [{"defaultNullValue": "7", "name": "a", "dataType": "LONG", "singleValueField": true, "notNull": true, "maxLength": 512},
      {"name": "b", "dataType": "JSON", "maxLengthExceedStrategy": "ERROR", "maxLength": 10}, {"name": "c", "dataType": "BOOLEAN", "defaultNullValue": true, "singleValueField": false}],
    "enableColumnBasedNullHandling": "true", "schemaName": "s", "description": "of things", "tags": ["x"]})");
  EXPECT_EQ(parsed.value.document, R"({
  "schemaName": "s",
  "description": "of things",
  "tags": [
    "x"
  ],
  "enableColumnBasedNullHandling": true,
  "dimensionFieldSpecs": [
    {
      "name": "a",
      "dataType": "LONG",
      "fieldType": "DIMENSION",
      "notNull": true,
      "defaultNullValue": 7
    },
    {
      "name": "b",
      "dataType": "JSON",
      "fieldType": "DIMENSION",
      "maxLength": 10,
      "maxLengthExceedStrategy": "ERROR"
    },
    {
      "name": "c",
      "dataType": "BOOLEAN",
      "fieldType": "DIMENSION",
      "singleValueField": false,
      "defaultNullValue": true
    }
  ],
  "dateTimeFieldSpecs": [
    {
      "name": "d",
      "dataType": "INT",
      "fieldType": "DATE_TIME",
      "format": "EPOCH|DAYS",
      "granularity": "1:DAYS",
      "sampleValue": "19000"
    }
  ],
  "primaryKeyColumns": [
    "a"
  ]
})");
  EXPECT_THAT(parsed.warnings, ElementsAre("dimensionFieldSpecs.0.notNull has no effect: rows without the value are kept"));
  EXPECT_EQ(Parse(parsed.value.document).value.document, parsed.value.document);
}

TEST(PinotSchema, TypesHaveTheirDefaultsAndLogicalTypes) {
  struct Case {
    const char *type, *dimension, *metric;
    Type logical;
  };
  const Case cases[] = {
      {"INT", "-2147483648", "0", Type::Int32()},     {"LONG", "-9223372036854775808", "0", Type::Int64()},
      {"FLOAT", "-Infinity", "0.0", Type::Float32()}, {"DOUBLE", "-Infinity", "0.0", Type::Float64()},
      {"BIG_DECIMAL", "0", "0", Type::String()},      {"BYTES", "", "", Type::Binary()},
      {"BOOLEAN", "false", nullptr, Type::Bool()},    {"STRING", "null", nullptr, Type::String()},
      {"JSON", "null", nullptr, Type::String()},      {"TIMESTAMP", "1970-01-01 00:00:00.0", nullptr, Type::Timestamp(TimeUnit::kMilli, true)}};
  for (const Case& one : cases) {
    const std::string column = std::string(R"([{"name": "c", "dataType": ")") + one.type + "\"}]";
    const auto dimension = Parse(R"({"schemaName": "s", "dimensionFieldSpecs": )" + column + "}");
    EXPECT_EQ(dimension.value.fields[0].default_null, one.dimension) << one.type;
    EXPECT_EQ(dimension.value.Columns().fields[0].type, one.logical) << one.type;
    const auto metric = ParsePinotSchema(R"({"schemaName": "s", "metricFieldSpecs": )" + column + "}");
    ASSERT_EQ(metric.ok(), one.metric != nullptr) << one.type;
    if (!metric.ok()) continue;
    EXPECT_EQ(metric->value.fields[0].default_null, one.metric) << one.type;
  }
}

TEST(PinotSchema, GivenDefaultsTakeOneForm) {
  const auto default_of = [](const std::string& type, const std::string& given) {
    const auto parsed =
        Parse(R"({"schemaName": "s", "dimensionFieldSpecs": [{"name": "c", "dataType": ")" + type + R"(", "defaultNullValue": )" + given + "}]}");
    EXPECT_EQ(Parse(parsed.value.document).value.fields[0].default_null, parsed.value.fields[0].default_null);
    return parsed.value.fields[0].default_null;
  };
  EXPECT_EQ(default_of("INT", "\"+5\""), "5");
  EXPECT_EQ(default_of("DOUBLE", "1"), "1.0");
  EXPECT_EQ(default_of("DOUBLE", "\"infinity\""), "Infinity");
  EXPECT_EQ(default_of("FLOAT", "0.1"), "0.1");
  EXPECT_EQ(default_of("BIG_DECIMAL", "\"1e400\""), "1e400");
  EXPECT_EQ(default_of("BOOLEAN", "1"), "true");
  EXPECT_EQ(default_of("TIMESTAMP", "1500"), "1970-01-01 00:00:01.5");
  EXPECT_EQ(default_of("TIMESTAMP", "\"2024-02-29T12:00:00Z\""), "2024-02-29 12:00:00.0");
  EXPECT_EQ(default_of("BYTES", "\"0AFF\""), "0aff");
  EXPECT_EQ(default_of("STRING", "5"), "5");
  EXPECT_EQ(default_of("JSON", "{\"a\": 1}"), "{\"a\": 1}");
}

TEST(PinotSchema, UnknownKeysAreShownWithTheirPath) {
  const auto parsed = Parse(
      R"({"schemaName": "s", "color": "red", "dimensionFieldSpecs": [{"name": "a", "dataType": "INT", "format": "EPOCH"}, {"name": "b", "dataType": "INT", "depth": {"x": [1, null]}}]})");
  EXPECT_EQ(parsed.unrecognized, R"({
  "color": "red",
  "dimensionFieldSpecs.0.format": "EPOCH",
  "dimensionFieldSpecs.1.depth": {
    "x": [
      1,
      null
    ]
  }
})");
}

TEST(PinotSchema, OldSpellingsAreTakenWithAWarning) {
  const auto parsed = Parse(R"({"schemaName": "s", "schemaName": "t", "dimensionFieldSpecs": [{"name": "u", "dataType": "UUID"}],
    "timeFieldSpec": {"incomingGranularitySpec": {"name": "day", "dataType": "INT", "timeType": "DAYS", "timeFormat": "SIMPLE_DATE_FORMAT:yyyyMMdd"}}})");
  EXPECT_EQ(parsed.value.name, "t");
  EXPECT_EQ(parsed.value.Find("day")->format, "1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd");
  EXPECT_THAT(parsed.warnings, ElementsAre("\"schemaName\" stands twice in an object; the last one counts", "column \"u\": UUID is kept as STRING",
                                           "timeFieldSpec is kept as a column of dateTimeFieldSpecs"));
}

TEST(PinotSchema, ColumnsMayBeAddedAndTheirDetailsChange) {
  const auto before = Parse(kEvents).value;
  const auto after =
      Parse(
          R"({"schemaName": "events", "dimensionFieldSpecs": [{"name": "uuid", "dataType": "STRING", "maxLength": 9, "defaultNullValue": "none"}, {"name": "count", "dataType": "INT"},
    {"name": "more", "dataType": "LONG"}], "dateTimeFieldSpecs": [{"name": "ts", "dataType": "TIMESTAMP", "format": "TIMESTAMP", "granularity": "1:DAYS"}], "primaryKeyColumns": ["uuid"]})")
          .value;
  EXPECT_TRUE(CheckSchemaChange(before, after).ok()) << CheckSchemaChange(before, after);
  EXPECT_THAT(CheckSchemaChange(after, before).message(), HasSubstr("column \"more\" is missing"));
}

TEST(PinotSchema, ATimesFormatMayBeSpelledOtherwiseAndNotChange) {
  const auto with = [](const std::string& type, const std::string& format) {
    return Parse(R"({"schemaName": "events", "dateTimeFieldSpecs": [{"name": "ts", "dataType": ")" + type + R"(", "format": ")" + format +
                 R"(", "granularity": "1:DAYS"}]})")
        .value;
  };
  const auto check = [&](const std::string& type, const std::string& before, const std::string& after) {
    return CheckSchemaChange(with(type, before), with(type, after));
  };
  EXPECT_TRUE(check("LONG", "1:MILLISECONDS:EPOCH", "EPOCH|MILLISECONDS|1").ok());
  EXPECT_TRUE(check("STRING", "SIMPLE_DATE_FORMAT|yyyy-MM-dd", "SIMPLE_DATE_FORMAT|yyyy-MM-dd").ok());
  const Status unit = check("LONG", "1:MILLISECONDS:EPOCH", "1:SECONDS:EPOCH");
  EXPECT_EQ(unit.code(), StatusCode::kInvalid);
  EXPECT_THAT(unit.message(), HasSubstr("column \"ts\" has the format 1:MILLISECONDS:EPOCH and cannot change to 1:SECONDS:EPOCH"));
  EXPECT_FALSE(check("LONG", "1:MINUTES:EPOCH", "5:MINUTES:EPOCH").ok());
  EXPECT_FALSE(check("LONG", "1:MILLISECONDS:EPOCH", "1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd").ok());
  EXPECT_FALSE(check("STRING", "SIMPLE_DATE_FORMAT|yyyy-MM-dd", "SIMPLE_DATE_FORMAT|yyyyMMdd").ok());
}

TEST(PinotSchema, LimitsAreNamed) {
  EXPECT_EQ(ParsePinotSchema(std::string(kMaxPinotDocumentBytes + 1, ' ')).status().message(), "the document is longer than 1048576 bytes");
  std::string columns = R"({"name": "c", "dataType": "INT"})";
  for (size_t i = 0; i < kMaxPinotColumns; ++i) columns += R"(,{"name":"c)" + std::to_string(i) + R"(","dataType":"INT"})";
  EXPECT_EQ(ParsePinotSchema(R"({"schemaName": "s", "dimensionFieldSpecs": [)" + columns + "]}").status().message(), "a schema of more than 10000 columns");
  std::string unknown = R"({"schemaName": "s")";
  for (size_t i = 0; i < 1001; ++i) unknown += ",\"k" + std::to_string(i) + "\":1";
  EXPECT_EQ(ParsePinotSchema(unknown + "}").status().message(), "the document has more than 1000 unknown keys; the last one is k1000");
}

}  // namespace
}  // namespace lotic::catalog
