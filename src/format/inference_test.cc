// SPDX-License-Identifier: Apache-2.0
#include "format/inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "format/decode_harness.h"

namespace lotic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SchemaDocument Infer(const std::vector<std::string>& messages) {
  SchemaSampler sampler;
  for (const std::string& m : messages) {
    sampler.Add({reinterpret_cast<const uint8_t*>(m.data()), static_cast<uint32_t>(m.size())});
  }
  return sampler.Finish("t");
}

/// "name TYPE" of every column.
std::vector<std::string> Columns(const std::vector<std::string>& messages) {
  std::vector<std::string> columns;
  for (const Field& field : Infer(messages).columns.fields) columns.push_back(field.name + " " + field.type.ToString());
  return columns;
}

/// The type of a column with these values.
std::string TypeOf(const std::vector<std::string>& values) {
  std::vector<std::string> messages;
  for (const std::string& value : values) messages.push_back("{\"v\": " + value + "}");
  return Infer(messages).columns.fields.at(0).type.ToString();
}

TEST(SchemaSampler, GivesAnEventItsColumns) {
  const std::string message = R"({"ts": 1644586485807, "uuid": "93633f7c01d54453a144", "count": 807})";
  EXPECT_THAT(Columns({message}), ElementsAre("ts BIGINT", "uuid VARCHAR", "count BIGINT"));
  const SchemaDocument document = Infer({message});
  EXPECT_EQ(document.format, PayloadFormat::kJson);
  EXPECT_EQ(document.columns.fields[0].metadata.at(kPathMetadata), "/ts");
  EXPECT_EQ(document.columns.fields[0].metadata.at(kHintMetadata), "epoch_ms(ts)");
  EXPECT_EQ(document.columns.fields[2].metadata.count(kHintMetadata), 0u);
}

TEST(SchemaSampler, ChoosesTheTypeThatHoldsEveryNumber) {
  EXPECT_EQ(TypeOf({"1", "-1", "null"}), "BIGINT");
  EXPECT_EQ(TypeOf({"1", "1.5"}), "DOUBLE");
  EXPECT_EQ(TypeOf({"1e3"}), "DOUBLE");
  EXPECT_EQ(TypeOf({"1", "18446744073709551615"}), "UBIGINT");
  EXPECT_EQ(TypeOf({"-1", "18446744073709551615"}), "DECIMAL(38,0)");
  EXPECT_EQ(TypeOf({"-9223372036854775809"}), "DECIMAL(38,0)");
  EXPECT_EQ(TypeOf({"1", "123456789012345678901234567890123456789"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"0.5", "9007199254740993"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"0.5", "1e400"}), "VARCHAR");
}

TEST(SchemaSampler, ReadsTimesOutOfTextWhereAllOfItIsOne) {
  EXPECT_EQ(TypeOf({"\"2022-02-11T13:34:45.807\"", "\"2022-02-11 13:34\"", "null"}), Type::Timestamp(TimeUnit::kMicro, false).ToString());
  EXPECT_EQ(TypeOf({"\"2022-02-11T13:34:45Z\"", "\"2022-02-11T13:34:45+01:00\""}), Type::Timestamp(TimeUnit::kMicro, true).ToString());
  EXPECT_EQ(TypeOf({"\"2022-02-11\""}), "DATE");
  EXPECT_EQ(TypeOf({"\"2022-02-11T13:34:45Z\"", "\"2022-02-11T13:34:45\""}), "VARCHAR");
  EXPECT_EQ(TypeOf({"\"2022-02-11T13:34:45Z\"", "\"\""}), "VARCHAR");
  EXPECT_EQ(TypeOf({"\"2022-02-11\"", "\"2022-02-11T13:34:45\""}), "VARCHAR");
  EXPECT_EQ(TypeOf({"\"2022-02-11T13:34:45.1234567\""}), "VARCHAR");  // finer than microseconds
}

TEST(SchemaSampler, GivesTextToWhatIsMixedOrUnknown) {
  EXPECT_EQ(TypeOf({"1", "\"1\""}), "VARCHAR");
  EXPECT_EQ(TypeOf({"true", "0"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"null"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"{}"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"{\"a\": 1}", "[1]"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"true", "false"}), "BOOLEAN");
}

TEST(SchemaSampler, NestsStructsAndLists) {
  EXPECT_EQ(TypeOf({R"({"a": 1})", R"({"b": [1, 2.5], "a": null})"}), R"(STRUCT<"a" BIGINT, "b" LIST<DOUBLE>>)");
  EXPECT_EQ(TypeOf({"[]"}), "LIST<VARCHAR>");
  EXPECT_EQ(TypeOf({R"([{"x": 1}, null, {"y": "z"}])"}), R"(LIST<STRUCT<"x" BIGINT, "y" VARCHAR>>)");
  EXPECT_EQ(TypeOf({R"({"a": 1, "a": "second"})"}), R"(STRUCT<"a" BIGINT>)");
}

TEST(SchemaSampler, StopsAtItsDepth) {
  std::string text = TypeOf({std::string(200, '[') + std::string(200, ']')});
  EXPECT_EQ(text.find("VARCHAR"), std::string("LIST<").size() * (kMaxInferredDepth - 1));
}

TEST(SchemaSampler, StopsAtItsNumberOfColumns) {
  SchemaSampler sampler;
  std::string message = "{\"c0\": 1";
  for (int i = 1; i < 1200; ++i) message += ", \"c" + std::to_string(i) + "\": 1";
  message += "}";
  sampler.Add({reinterpret_cast<const uint8_t*>(message.data()), static_cast<uint32_t>(message.size())});
  EXPECT_EQ(sampler.Finish("t").columns.fields.size(), kMaxInferredColumns);
  EXPECT_EQ(sampler.columns_left_out(), 200);
  EXPECT_EQ(TypeOf({message}), "VARCHAR");
}

TEST(SchemaSampler, IsRawWhereOneMessageIsNoObject) {
  for (const char* message : {"", "x", "[1]", "1", "{\"a\": 1} x", "{\"a\": 01}", "{\"a\": \"\xff\"}"}) {
    EXPECT_EQ(Infer({"{\"a\": 1}", message}).format, PayloadFormat::kRaw) << message;
    EXPECT_TRUE(Infer({"{\"a\": 1}", message}).columns.fields.empty());
  }
  EXPECT_EQ(Infer({}).format, PayloadFormat::kRaw);
  EXPECT_EQ(Infer({"{}"}).format, PayloadFormat::kJson);
}

TEST(SchemaSampler, CountsTombstonesWithoutJudgingByThem) {
  SchemaSampler sampler;
  sampler.Add({});
  const std::string message = "{\"a\": 1}";
  sampler.Add({reinterpret_cast<const uint8_t*>(message.data()), static_cast<uint32_t>(message.size())});
  sampler.Cut("time");
  const SchemaDocument document = sampler.Finish("t");
  EXPECT_EQ(document.format, PayloadFormat::kJson);
  EXPECT_EQ(document.sample, (SampleInfo{2, 8, 1, "time"}));
}

TEST(SchemaSampler, KeepsNamesThatDifferInCaseOnly) {
  EXPECT_THAT(Columns({R"({"id": 1, "ID": "x", "a/b~": 2})"}), ElementsAre("id BIGINT", "ID VARCHAR", "a/b~ BIGINT"));
  EXPECT_EQ(Infer({R"({"a/b~": 2})"}).columns.fields[0].metadata.at(kPathMetadata), "/a~1b~0");
}

TEST(SchemaSampler, HintsAtEpochsInEveryUnit) {
  const auto hint = [](const std::string& message) {
    const Field field = Infer({message}).columns.fields.at(0);
    const auto found = field.metadata.find(kHintMetadata);
    return found == field.metadata.end() ? std::string() : found->second;
  };
  EXPECT_EQ(hint("{\"t\": 1644586485}"), "to_timestamp(t)");
  EXPECT_EQ(hint("{\"Event Time\": 1644586485807}"), "epoch_ms(\"Event Time\")");
  EXPECT_EQ(hint("{\"t\": 1644586485807000}"), "make_timestamp(t)");
  EXPECT_EQ(hint("{\"t\": 1644586485807000000}"), "make_timestamp_ns(t)");
  EXPECT_EQ(hint("{\"t\": 12}"), "");
  EXPECT_EQ(hint("{\"t\": \"1644586485807\"}"), "");
}

TEST(SchemaSampler, InfersTheSameTypesInAnyOrder) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    format_testing::MessageGenerator generator(random());
    std::vector<std::string> values;
    for (int i = 0; i < 30; ++i) {
      const std::string value = generator.Value(3);
      if (Infer({"{\"v\": " + value + "}"}).format == PayloadFormat::kJson) values.push_back(value);
    }
    std::vector<std::string> messages;
    for (size_t i = 0; i < values.size(); ++i) messages.push_back("{\"c" + std::to_string(i % 7) + "\": " + values[i] + "}");
    auto types = Columns(messages);
    EXPECT_EQ(Infer(messages), Infer(messages));
    // Members of a struct come in the order of their first appearance, which does depend on it: compared where there
    // are none.
    std::shuffle(messages.begin(), messages.end(), random);
    auto shuffled = Columns(messages);
    const auto drop_structs = [](std::vector<std::string>* all) {
      std::erase_if(*all, [](const std::string& c) { return c.find("STRUCT") != std::string::npos; });
      std::sort(all->begin(), all->end());
    };
    drop_structs(&types);
    drop_structs(&shuffled);
    EXPECT_EQ(types, shuffled);
  }
}

TEST(SchemaSampler, InfersTypesThatItsOwnSampleFits) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  format_testing::MessageGenerator generator(seed);
  std::vector<std::string> messages;
  for (const std::string& message : generator.Messages(500, 0)) {
    // Half surrogate pairs are valid JSON and yet no text.
    if (message.find("\\ud800") == std::string::npos && Infer({message}).format == PayloadFormat::kJson) messages.push_back(message);
  }
  const SchemaDocument document = Infer(messages);
  ASSERT_FALSE(document.columns.fields.empty());
  const auto decoded = format_testing::DecodeMessages(JsonFields(document.columns), messages, true, true);
  EXPECT_EQ(decoded.counts.undecodable_values, 0);
}

TEST(SchemaDocument, SurvivesItsJsonForm) {
  SchemaDocument document = Infer({R"({"ts": 1644586485807, "o": {"a": [1.5], "b": "x\"y"}, "d": "2022-02-11T00:00Z", "q\"": 1})"});
  document.sample.cut = "bytes";
  EXPECT_EQ(SchemaDocumentFromJson(ToJson(document)).ValueOrDie(), document);
  EXPECT_EQ(SchemaDocumentFromJson(ToJson(Infer({"x"}))).ValueOrDie(), Infer({"x"}));
  EXPECT_EQ(ToJson(Infer({"{\"a\": 1}"})),
            "{\n  \"topic\": \"t\",\n  \"format\": \"json\",\n  \"columns\": [\n"
            "    {\"name\": \"a\", \"type\": \"BIGINT\", \"path\": \"/a\"}\n  ],\n"
            "  \"sample\": {\"records\": 1, \"bytes\": 8, \"tombstones\": 0, \"cut\": null}\n}\n");
}

TEST(SchemaDocument, CanBeShort) {
  const SchemaDocument document = SchemaDocumentFromJson(R"({"format": "json", "columns": [{"name": "a", "type": "BIGINT"}]})").ValueOrDie();
  EXPECT_EQ(document.columns.fields[0].metadata.at(kPathMetadata), "/a");
}

TEST(SchemaDocument, SaysWhatIsWrongWithIt) {
  const auto error = [](const char* text) { return SchemaDocumentFromJson(text).status().ToString(); };
  EXPECT_THAT(error(R"({"format": "json", "colums": []})"), HasSubstr("unknown key \"colums\" in the document; did you mean \"columns\"?"));
  EXPECT_THAT(error(R"({"format": "json", "columns": [{"nam": "a", "type": "BIGINT"}]})"), HasSubstr("unknown key \"nam\" in column 1"));
  EXPECT_THAT(error(R"({"format": "json", "columns": [{"name": "a"}]})"), HasSubstr("no \"type\" in column 1"));
  EXPECT_THAT(error(R"({"format": "json", "columns": [{"name": "a", "type": "BIGIN"}]})"), HasSubstr("column \"a\""));
  EXPECT_THAT(error(R"({"format": "json", "columns": [{"name": "a", "type": "BIGINT", "path": "a"}]})"), HasSubstr("JSON Pointer"));
  EXPECT_THAT(error(R"({"format": "json", "columns": [{"name": "a", "type": "BIGINT"}, {"name": "a", "type": "BIGINT"}]})"),
              HasSubstr("two columns are named \"a\""));
  EXPECT_THAT(error(R"({"format": "json", "format": "raw", "columns": []})"), HasSubstr("\"format\" appears twice"));
  EXPECT_THAT(error(R"({"format": "xml", "columns": []})"), HasSubstr("not \"xml\""));
  EXPECT_THAT(error(R"({"format": "raw", "columns": [{"name": "a", "type": "BIGINT"}]})"), HasSubstr("has no columns"));
  EXPECT_THAT(error(R"({"format": "json", "columns": [], "sample": {"cut": "x"}})"), HasSubstr("\"cut\" is"));
  EXPECT_THAT(error(R"({"format": "json", "columns": [], "sample": {"records": -1}})"), HasSubstr("not a count"));
  EXPECT_THAT(error("{\"a\": 1e999}"), HasSubstr("Invalid: schema document"));
  EXPECT_THAT(error("{"), HasSubstr("not valid JSON at byte"));
  EXPECT_THAT(error("[]"), HasSubstr("not a JSON object"));
}

}  // namespace
}  // namespace lotic
