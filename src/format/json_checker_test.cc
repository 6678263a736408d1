// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "format/decode_harness.h"
#include "format/decoder.h"

namespace lotic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<PayloadView> Payloads(const std::vector<std::string>& messages) {
  std::vector<PayloadView> payloads;
  for (const std::string& m : messages) {
    payloads.push_back({reinterpret_cast<const uint8_t*>(m.data()), static_cast<uint32_t>(m.size())});
  }
  return payloads;
}

std::vector<uint32_t> All(size_t count) {
  std::vector<uint32_t> all;
  while (all.size() < count) all.push_back(static_cast<uint32_t>(all.size()));
  return all;
}

/// Why a message is bad; empty if it is good.
std::string Reason(const std::vector<DecoderField>& declared, const std::string& message) {
  auto checker = MakeJsonChecker(declared, {}).ValueOrDie();
  std::vector<uint32_t> good;
  BadMessage bad;
  const int64_t count = checker->Check(Payloads({message}), All(1), &good, &bad);
  EXPECT_EQ(good.size() + static_cast<size_t>(count), 1u);
  return bad.reason;
}

const std::vector<DecoderField> kDeclared = {{"a", Type::Int64(), "/a"}, {"b", Type::List(Type::Bool()), "/x/b"}};

TEST(JsonChecker, JudgesTheWholeMessage) {
  EXPECT_EQ(Reason(kDeclared, R"({"a": 1, "x": {"b": [true]}, "other": [1e999, {}, "é"]})"), "");
  EXPECT_EQ(Reason(kDeclared, " {} "), "");
  EXPECT_THAT(Reason(kDeclared, R"({"a": 1, "other": 01})"), HasSubstr("not valid JSON: at byte 18"));
  EXPECT_THAT(Reason(kDeclared, R"({"a": 1} x)"), HasSubstr("not valid JSON"));
  EXPECT_THAT(Reason(kDeclared, R"({"a": 1,})"), HasSubstr("not valid JSON"));
  EXPECT_THAT(Reason(kDeclared, R"({"a": 1)"), HasSubstr("not valid JSON"));
  EXPECT_THAT(Reason(kDeclared, ""), HasSubstr("not valid JSON"));
  EXPECT_THAT(Reason(kDeclared, "{\"o\": \"\xff\"}"), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(Reason(kDeclared, "[1]"), HasSubstr("no JSON object"));
  EXPECT_THAT(Reason(kDeclared, R"({"a": "1"})"), HasSubstr("column \"a\": value does not fit BIGINT: \"1\""));
  EXPECT_THAT(Reason(kDeclared, R"({"x": {"b": [true, 1]}})"), HasSubstr("column \"b\": value does not fit LIST<BOOLEAN>: [true, 1]"));
  EXPECT_THAT(Reason(kDeclared, R"({"x": 5})"), HasSubstr("column \"b\": no object on the way to it"));
  EXPECT_EQ(Reason(kDeclared, R"({"x": null, "a": null})"), "");
}

TEST(JsonChecker, KeepsTheGoodOnesInOrderAndNamesTheFirstBad) {
  const std::vector<std::string> messages = {R"({"a": 1})", R"({"a": "x"})", "", R"({"a": 2})", "{"};
  std::vector<PayloadView> payloads = Payloads(messages);
  payloads[2] = {};  // a tombstone
  auto checker = MakeJsonChecker(kDeclared, {}).ValueOrDie();
  std::vector<uint32_t> good;
  BadMessage bad;
  EXPECT_EQ(checker->Check(payloads, All(5), &good, &bad), 2);
  EXPECT_THAT(good, ElementsAre(0, 2, 3));
  EXPECT_EQ(bad.payload, 1u);
  good.clear();
  EXPECT_EQ(checker->Check(payloads, std::vector<uint32_t>{3, 4}, &good, nullptr), 1);
  EXPECT_THAT(good, ElementsAre(3));
}

TEST(JsonChecker, PassesOnlyWhatDecodesWithoutAMisfitAndAgreesWithSimdjson) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const std::vector<std::string> messages = format_testing::MessageGenerator(seed).Messages(3000, 30);
  std::vector<DecoderField> fields = format_testing::GeneratorFields();
  auto checker = MakeJsonChecker({}, {}).ValueOrDie();
  std::vector<uint32_t> valid;
  (void)checker->Check(Payloads(messages), All(messages.size()), &valid, nullptr);
  simdjson::dom::parser parser;
  size_t next = 0;
  for (size_t i = 0; i < messages.size(); ++i) {
    const bool ours = next < valid.size() && valid[next] == i;
    next += ours;
    simdjson::dom::element element;
    const auto error = parser.parse(messages[i]).get(element);
    // Numbers beyond its types are errors to simdjson, half surrogate pairs too; both are within the grammar.
    if (error == simdjson::NUMBER_ERROR) continue;
    if (error == simdjson::STRING_ERROR && messages[i].find("\\ud") != std::string::npos) continue;
    ASSERT_EQ(ours, error == simdjson::SUCCESS && element.is_object()) << messages[i] << ": " << error;
  }
  EXPECT_GT(valid.size(), 500u);

  for (const DecoderField& field : fields) {
    auto strict = MakeJsonChecker({&field, 1}, {}).ValueOrDie();
    std::vector<uint32_t> good;
    (void)strict->Check(Payloads(messages), All(messages.size()), &good, nullptr);
    std::vector<std::string> passed;
    for (const uint32_t at : good) passed.push_back(messages[at]);
    ASSERT_EQ(format_testing::DecodeMessages({field}, passed, true, false).counts.undecodable_values, 0) << field.name;
  }
}

}  // namespace
}  // namespace lotic
