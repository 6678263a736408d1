// SPDX-License-Identifier: Apache-2.0
#include "format/pinot_json_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>

#include "format/decode_harness.h"
#include "format/pinot_harness.h"

namespace lotic {
namespace {

using format_testing::CellText;
using format_testing::DecodePinot;
using format_testing::MessageGenerator;
using format_testing::PinotDecoded;
using testing::HasSubstr;

PinotDecoderField FieldNamed(const std::string& name, PinotCell cell) {
  PinotDecoderField field;
  field.name = name;
  field.cell = cell;
  field.parse_timestamp = format_testing::ParseTestTimestamp;
  return field;
}

/// "INT[]!" and the like, of pinot_conversion.txt.
PinotDecoderField FieldOf(std::string text) {
  static const std::map<std::string, PinotCell> kCells = {{"INT", PinotCell::kInt},
                                                          {"LONG", PinotCell::kLong},
                                                          {"FLOAT", PinotCell::kFloat},
                                                          {"DOUBLE", PinotCell::kDouble},
                                                          {"BIG_DECIMAL", PinotCell::kBigDecimal},
                                                          {"STRING", PinotCell::kString},
                                                          {"BOOLEAN", PinotCell::kBoolean},
                                                          {"TIMESTAMP", PinotCell::kTimestamp},
                                                          {"JSON", PinotCell::kJson},
                                                          {"BYTES", PinotCell::kBytes},
                                                          {"RAW", PinotCell::kRaw}};
  PinotDecoderField field = FieldNamed("v", PinotCell::kString);
  field.default_value = "default";
  const size_t colon = text.find(':');
  if (colon != std::string::npos) {
    field.max_length = std::stoi(text.substr(colon + 1));
    const char rule = text.back();
    field.too_long = rule == 'e' ? PinotTooLong::kError : rule == 'k' ? PinotTooLong::kKeep : rule == 'd' ? PinotTooLong::kDefault : PinotTooLong::kTrim;
    text.resize(colon);
  }
  const auto take = [&](const std::string& suffix) {
    if (!text.ends_with(suffix)) return false;
    text.resize(text.size() - suffix.size());
    return true;
  };
  field.nested_is_missing = take("?");
  field.strict_numbers = take("!");
  field.allow_trailing_zeros = take("0");
  field.single_value = !take("[]");
  field.cell = kCells.at(text);
  return field;
}

TEST(PinotJsonDecoder, ConvertsAsTheTableSays) {
  std::ifstream file(LOTIC_TESTDATA "/format/pinot_conversion.txt");
  int cases = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t blank = line.find(' ');
    const size_t arrow = line.rfind(" => ");
    ASSERT_NE(arrow, std::string::npos) << line;
    const std::string value = line.substr(blank + 1, arrow - blank - 1);
    const std::string expected = line.substr(arrow + 4);
    const PinotDecoderField field = FieldOf(line.substr(0, blank));
    // The same value three times: walked, learned and matched; and alone, with nothing readable behind it.
    const std::vector<std::string> messages(3, "{\"u\":0,\"v\":" + value + ",\"w\":\"x\"}");
    for (const bool speculate : {false, true}) {
      const PinotDecoded decoded = DecodePinot({field}, messages, speculate, 0, 1);
      ASSERT_EQ(decoded.outcome.rows.size(), 3u) << line << "\n" << decoded.Text();
      for (int64_t row = 0; row < 3; ++row) {
        std::string reason;
        for (const PinotProblem& problem : decoded.outcome.problems) reason = problem.payload == row ? problem.reason : reason;
        if (expected.starts_with("error: ")) {
          EXPECT_THAT(reason, HasSubstr(expected.substr(7))) << line;
          EXPECT_EQ(decoded.Row(row), "NULL") << line;
          continue;
        }
        EXPECT_EQ(decoded.Row(row), expected) << line;
        EXPECT_EQ(reason, "") << line;
      }
    }
    ++cases;
  }
  EXPECT_GT(cases, 180);
}

TEST(PinotJsonDecoder, ShapesGiveTheAnswersOfTheGeneralPath) {
  const std::vector<PinotDecoderField> fields = format_testing::PinotGeneratorFields();
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    MessageGenerator generator(seed);
    std::vector<std::string> messages = generator.Messages(200, static_cast<int>(seed % 4) * 8);
    const size_t once = messages.size();
    for (size_t i = 0; i < once; ++i) messages.push_back(messages[i]);
    const std::string general = DecodePinot(fields, messages, false, 0).Text();
    EXPECT_EQ(DecodePinot(fields, messages, true, 0).Text(), general);
    EXPECT_EQ(DecodePinot(fields, messages, true, 7).Text(), general);
  }
}

TEST(PinotJsonDecoder, AcceptsExactlyTheObjectsThatSimdjsonAccepts) {
  const std::vector<PinotDecoderField> fields = {FieldNamed("ts", PinotCell::kLong), FieldNamed("other", PinotCell::kRaw)};
  simdjson::dom::parser parser;
  int good = 0, bad = 0;
  for (uint64_t seed = 100; seed < 110; ++seed) {
    MessageGenerator generator(seed);
    const std::vector<std::string> messages = generator.Messages(300, 30);
    const PinotDecoded decoded = DecodePinot(fields, messages, true);
    size_t next = 0;
    for (uint32_t i = 0; i < messages.size(); ++i) {
      const bool row = next < decoded.outcome.rows.size() && decoded.outcome.rows[next] == i;
      next += row ? 1 : 0;
      simdjson::dom::element element;
      const simdjson::error_code error = parser.parse(messages[i]).get(element);
      // Its limits on numbers are not ours, and half a surrogate pair is let pass as '?'.
      if (error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR) continue;
      EXPECT_EQ(row, error == simdjson::SUCCESS && element.is_object()) << messages[i] << "\n" << simdjson::error_message(error);
      ++(row ? good : bad);
    }
  }
  EXPECT_GT(good, 1000);
  EXPECT_GT(bad, 200);
}

TEST(PinotJsonDecoder, TheLastMemberOfANameCounts) {
  const std::vector<std::string> messages(4, R"({"a":1,"b":"x","a":2,"\u0061":3,"c":{"a":9}})");
  for (const bool speculate : {false, true}) {
    const PinotDecoded decoded = DecodePinot({FieldNamed("a", PinotCell::kInt)}, messages, speculate, 0, 2);
    EXPECT_EQ(decoded.Text(), "0: 3\n1: 3\n2: 3\n3: 3\n");
    EXPECT_EQ(decoded.counts.fast_rows > 0, speculate);
  }
}

TEST(PinotJsonDecoder, SaysWhyAMessageIsUndecodableAndKeepsItsNeighbours) {
  const std::string good = R"({"a":1,"b":"x"})";
  std::string deep = "{\"a\":1,\"b\":";
  for (int i = 0; i < kMaxPinotNesting; ++i) deep += '[';
  for (int i = 0; i < kMaxPinotNesting; ++i) deep += ']';
  deep += '}';
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is empty"},
      {" \n", "is empty"},
      {"[1]", "no object"},
      {"5", "no object"},
      {"null", "no object"},
      {R"({"a":1,"b":"x"} {})", "not valid JSON: at byte 16"},
      {R"({"a":1,"b":"x")", "not valid JSON"},
      {R"({"a":1,"b":NaN})", "not valid JSON"},
      {R"({"a":NaN,"b":"x"})", "not valid JSON"},
      {R"({"a":01,"b":"x"})", "not valid JSON"},
      {R"({"a":1,"b":"\x"})", "not valid JSON"},
      {R"({"a":1,"b":tru})", "not valid JSON"},
      {R"({"a":1,"b":{"c":[1,}})", "not valid JSON"},
      {R"({'a':1})", "not valid JSON"},
      {"{\"a\":1,\"b\":\"\n\"}", "not valid JSON"},
      {"{\"a\":1,\"b\":\"\xff\"}", "not valid UTF-8"},
      {"{\"a\":1,\"b\":\"\xc3", "not valid UTF-8"},
      {"\xa9\"}", "not valid UTF-8"},
      {deep, "not valid JSON"},
  };
  std::vector<std::string> messages(4, good);
  for (const auto& [message, reason] : cases) {
    messages.push_back(message);
    messages.push_back(good);
  }
  for (const bool speculate : {false, true}) {
    const PinotDecoded decoded = DecodePinot({FieldNamed("a", PinotCell::kInt), FieldNamed("b", PinotCell::kRaw)}, messages, speculate, 0, 16);
    ASSERT_EQ(decoded.outcome.problems.size(), cases.size()) << decoded.Text();
    for (size_t i = 0; i < cases.size(); ++i) {
      EXPECT_EQ(decoded.outcome.problems[i].payload, 4 + 2 * i);
      EXPECT_EQ(decoded.outcome.problems[i].column, PinotProblem::kMessage);
      EXPECT_THAT(decoded.outcome.problems[i].reason, HasSubstr(cases[i].second)) << cases[i].first;
    }
    for (size_t row = 0; row < decoded.outcome.rows.size(); ++row) EXPECT_EQ(decoded.Row(static_cast<int64_t>(row)), "1 | \"x\"");
  }
}

TEST(PinotJsonDecoder, LearnsShapesWithEscapesSpaceAndLineEnds) {
  std::vector<std::string> messages;
  for (int i = 0; i < 1000; ++i)
    messages.push_back("{ \"a\": " + std::to_string(i) + ", \"b\": \"line\\n\\\"" + std::to_string(i) + "\\\"\", \"c\": [{\"x\": \"]\"}] }\n");
  const PinotDecoded decoded = DecodePinot({FieldNamed("a", PinotCell::kInt), FieldNamed("b", PinotCell::kString)}, messages, true);
  EXPECT_EQ(decoded.Row(999), "999 | \"line\n\"999\"\"");
  EXPECT_EQ(decoded.outcome.rows.size(), 1000u);
  EXPECT_GT(decoded.counts.fast_rows, 990);
}

TEST(PinotJsonDecoder, DescribesOnlyTheFirstProblems) {
  const std::vector<std::string> messages(2 * kMaxPinotReasons, R"({"a":"x"})");
  const PinotDecoded decoded = DecodePinot({FieldNamed("a", PinotCell::kInt)}, messages, true);
  ASSERT_EQ(decoded.outcome.problems.size(), messages.size());
  EXPECT_NE(decoded.outcome.problems[kMaxPinotReasons - 1].reason, "");
  EXPECT_EQ(decoded.outcome.problems.back().reason, "");
}

TEST(PinotJsonDecoder, RefusesFieldsItCannotFill) {
  PinotDecoderField field = FieldNamed("t", PinotCell::kTimestamp);
  field.parse_timestamp = nullptr;
  EXPECT_THAT(MakePinotJsonDecoder({&field, 1}).status().ToString(), HasSubstr("column 't'"));
  field = FieldNamed("d", PinotCell::kBigDecimal);
  field.single_value = false;
  EXPECT_THAT(MakePinotJsonDecoder({&field, 1}).status().ToString(), HasSubstr("no multi-value form"));
}

}  // namespace
}  // namespace lotic
