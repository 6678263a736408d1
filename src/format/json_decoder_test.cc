// SPDX-License-Identifier: Apache-2.0
#include "format/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "format/decode_harness.h"
#include "format/json_text.h"

namespace lotic {
namespace {

using format_testing::CellText;
using format_testing::Decoded;
using format_testing::DecodeMessages;
using format_testing::GeneratorFields;
using format_testing::MessageGenerator;
using testing::HasSubstr;

const Type kInstant = Type::Timestamp(TimeUnit::kMicro, true);
const Type kLocal = Type::Timestamp(TimeUnit::kMicro, false);

/// The cell of `{"v": value}`, with a '!' behind it if something did not fit.
std::string CellOf(const Type& type, const std::string& value) {
  const Decoded decoded = DecodeMessages({{"v", type, "/v"}}, {"{\"v\": " + value + "}"}, false, false);
  return decoded.Row(0) + (decoded.counts.undecodable_values != 0 ? "!" : "");
}

/// All cells of a message that is no message of one column.
std::string RowOf(const std::vector<DecoderField>& fields, const std::string& message) {
  const Decoded decoded = DecodeMessages(fields, {message}, false, false);
  return decoded.Row(0) + std::string(static_cast<size_t>(decoded.counts.undecodable_values), '!');
}

const std::vector<DecoderField> kEvent = {{"ts", Type::Int64(), "/ts"}, {"uuid", Type::String(), "/uuid"}, {"count", Type::Int64(), "/count"}};

std::vector<std::string> Events(size_t count) {
  std::vector<std::string> messages;
  for (size_t i = 0; i < count; ++i) {
    messages.push_back("{\"ts\": " + std::to_string(1644586485807 + i) + ", \"uuid\": \"93633f7c01d54453a144\", \"count\": " + std::to_string(i % 1001) + "}");
  }
  return messages;
}

TEST(JsonDecoder, ReadsTheFieldsOfAnEvent) { EXPECT_EQ(RowOf(kEvent, Events(1)[0]), "1644586485807 | \"93633f7c01d54453a144\" | 0"); }

TEST(JsonDecoder, TakesIntegersForBigintAndNothingElse) {
  EXPECT_EQ(CellOf(Type::Int64(), "-12"), "-12");
  EXPECT_EQ(CellOf(Type::Int64(), "-0"), "0");
  EXPECT_EQ(CellOf(Type::Int64(), "12345678"), "12345678");
  EXPECT_EQ(CellOf(Type::Int64(), "123456789012"), "123456789012");
  EXPECT_EQ(CellOf(Type::Int64(), "1234567890123456"), "1234567890123456");
  EXPECT_EQ(CellOf(Type::Int64(), "12345678901234567"), "12345678901234567");
  EXPECT_EQ(CellOf(Type::Int64(), "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(CellOf(Type::Int64(), "-9223372036854775808"), "-9223372036854775808");
  for (const char* value : {"9223372036854775808", "-9223372036854775809", "99999999999999999999", "1.0", "1e3", "\"12\"", "true", "[1]", "01", "+1", "-", "00",
                            "1x", "0x10", "１"}) {
    EXPECT_EQ(CellOf(Type::Int64(), value), "NULL!") << value;
  }
  EXPECT_EQ(CellOf(Type::Int64(), "null"), "NULL");
}

TEST(JsonDecoder, HoldsNarrowIntegersToTheirRange) {
  EXPECT_EQ(CellOf(Type::Int8(), "-128"), "-128");
  EXPECT_EQ(CellOf(Type::Int8(), "128"), "NULL!");
  EXPECT_EQ(CellOf(Type::UInt32(), "4294967295"), "4294967295");
  EXPECT_EQ(CellOf(Type::UInt32(), "-1"), "NULL!");
  EXPECT_EQ(CellOf(Type::UInt64(), "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(CellOf(Type::UInt64(), "18446744073709551616"), "NULL!");
}

TEST(JsonDecoder, TakesAnyNumberForDouble) {
  EXPECT_EQ(CellOf(Type::Float64(), "1.5"), "1.5");
  EXPECT_EQ(CellOf(Type::Float64(), "12"), "12");
  EXPECT_EQ(CellOf(Type::Float64(), "1E+3"), "1000");
  EXPECT_EQ(CellOf(Type::Float64(), "-0"), "-0");
  EXPECT_EQ(CellOf(Type::Float64(), "1e-400"), "0");
  EXPECT_EQ(CellOf(Type::Float64(), "-1e-400"), "-0");
  EXPECT_EQ(CellOf(Type::Float64(), "0." + std::string(500, '0') + std::string(100, '7')), "0");
  for (const std::string& value : {std::string("1e400"), std::string("-1e400"), std::string("\"1\""), std::string("1."), std::string(".5"), std::string("NaN"),
                                   std::string("Infinity"), std::string(400, '9')}) {
    EXPECT_EQ(CellOf(Type::Float64(), value), "NULL!") << value;
  }
}

TEST(JsonDecoder, KeepsDecimalsExactOrNotAtAll) {
  EXPECT_EQ(CellOf(Type::Decimal(10, 2), "12.34"), "12.34");
  EXPECT_EQ(CellOf(Type::Decimal(10, 2), "-0.5"), "-0.50");
  EXPECT_EQ(CellOf(Type::Decimal(10, 2), "1.2300"), "1.23");
  EXPECT_EQ(CellOf(Type::Decimal(10, 2), "12e2"), "1200.00");
  EXPECT_EQ(CellOf(Type::Decimal(38, 0), "12345678901234567890123456789012345678"), "12345678901234567890123456789012345678");
  EXPECT_EQ(CellOf(Type::Decimal(10, 2), "1.234"), "NULL!");
  EXPECT_EQ(CellOf(Type::Decimal(10, 2), "123456789"), "NULL!");
  EXPECT_EQ(CellOf(Type::Decimal(10, 2), "1e999999999999999999999"), "NULL!");
}

TEST(JsonDecoder, TakesTheTwoWordsForBoolean) {
  EXPECT_EQ(CellOf(Type::Bool(), "true"), "true");
  EXPECT_EQ(CellOf(Type::Bool(), "false"), "false");
  for (const char* value : {"1", "\"true\"", "True", "truex", "tru"}) EXPECT_EQ(CellOf(Type::Bool(), value), "NULL!") << value;
}

TEST(JsonDecoder, GivesTheSourceOfWhatIsNoTextToVarchar) {
  EXPECT_EQ(CellOf(Type::String(), "1.10"), "\"1.10\"");
  EXPECT_EQ(CellOf(Type::String(), "123456789012345678901234567890"), "\"123456789012345678901234567890\"");
  EXPECT_EQ(CellOf(Type::String(), "true"), "\"true\"");
  EXPECT_EQ(CellOf(Type::String(), "{ \"a\" : [ 1 , \"x y\\\"\\\\\" ] }"), "\"{\"a\":[1,\"x y\\\"\\\\\"]}\"");
  EXPECT_EQ(CellOf(Type::String(), "null"), "NULL");
  EXPECT_EQ(CellOf(Type::String(), "{\"a\": 01}"), "NULL!");
  EXPECT_EQ(CellOf(Type::String(), "nul"), "NULL!");
}

TEST(JsonDecoder, UnescapesTextAndRefusesWhatIsNoText) {
  EXPECT_EQ(CellOf(Type::String(), R"("a\"\\\/\b\f\n\r\tb")"), "\"a\"\\/\b\f\n\r\tb\"");
  EXPECT_EQ(CellOf(Type::String(), R"("\u0041\u00e9\u20ac\ud83d\ude00")"), "\"Aé€😀\"");
  EXPECT_EQ(CellOf(Type::String(), R"("\u0000")"), std::string("\"\0\"", 3));
  EXPECT_EQ(CellOf(Type::String(), "\"é😀 and a longer text behind it\""), "\"é😀 and a longer text behind it\"");
  EXPECT_EQ(CellOf(Type::String(), "\"\""), "\"\"");
  for (const char* value : {R"("\ud800")", R"("\ude00\ud83d")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\u12g4")", R"("\u12")", R"("\x")", "\"\xff\"",
                            "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "\"\xf5\x80\x80\x80\"", "\"a\nb\"", "\"\x01\""}) {
    EXPECT_EQ(CellOf(Type::String(), value), "NULL!") << value;
  }
}

// Strings are taken by the run. What each says alone is what Unescape says.
TEST(JsonDecoder, TakesARunOfTextsAsEachOfThemAlone) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const char* const pieces[] = {"é", "😀", "\\n", "\\u00e9", "\\\\", "\x01", "\xff", "\xc3", "\xa9", "\xf0\x9f", "\\x"};
  const uint64_t odd_percent[] = {0, 1, 10, 70};
  int64_t misfits = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> messages, expected;
    int64_t undecodable = 0;
    for (int i = 0; i < 300; ++i) {
      std::string inside;
      for (uint64_t letters = random() % 100; letters > 0; --letters) inside.push_back(static_cast<char>('a' + random() % 26));
      if (random() % 100 < odd_percent[round % 4]) inside.insert(random() % (inside.size() + 1), pieces[random() % std::size(pieces)]);
      if (random() % 100 < odd_percent[round % 4] / 4) {
        messages.push_back(R"({"v": null})");
        expected.push_back("NULL");
        continue;
      }
      messages.push_back("{\"v\": \"" + inside + "\"}");
      std::string text;
      const bool fits = json::Unescape(inside, &text);
      expected.push_back(fits ? "\"" + text + "\"" : "NULL");
      undecodable += fits ? 0 : 1;
    }
    const Decoded decoded = DecodeMessages({{"v", Type::String(), "/v"}}, messages, true, round % 2 == 0);
    for (size_t row = 0; row < messages.size(); ++row) ASSERT_EQ(decoded.Row(static_cast<int64_t>(row)), expected[row]) << messages[row];
    EXPECT_EQ(decoded.counts.undecodable_values, undecodable);
    misfits += undecodable;
  }
  EXPECT_GT(misfits, 0);
}

TEST(JsonDecoder, FindsAnOddByteAtEveryPlaceOfAText) {
  const auto message = [](const std::string& inside) { return "{\"v\": \"" + inside + "\"}"; };
  for (size_t size = 1; size <= 70; ++size) {
    const std::string plain(size, 'p');
    std::vector<std::string> messages;
    for (size_t at = 0; at < size; ++at) {
      for (const char odd : {'\x1f', '\xff', '\x80'}) {
        std::string broken = plain;
        broken[at] = odd;
        messages.push_back(message(broken));
        messages.push_back(message(plain));
      }
    }
    const Decoded decoded = DecodeMessages({{"v", Type::String(), "/v"}}, messages, true, true);
    for (size_t row = 0; row < messages.size(); ++row) {
      ASSERT_EQ(decoded.Row(static_cast<int64_t>(row)), row % 2 == 0 ? "NULL" : "\"" + plain + "\"") << size << " bytes, row " << row;
    }
  }
}

TEST(JsonDecoder, JoinsNoCharacterThatIsCutByTheEndOfAText) {
  const Decoded decoded =
      DecodeMessages({{"v", Type::String(), "/v"}}, {R"({"v": "first"})", "{\"v\": \"a\xc3\"}", "{\"v\": \"\xa9z\"}", R"({"v": "é"})"}, true, true);
  EXPECT_EQ(decoded.Row(0), "\"first\"");
  EXPECT_EQ(decoded.Row(1), "NULL");
  EXPECT_EQ(decoded.Row(2), "NULL");
  EXPECT_EQ(decoded.Row(3), "\"é\"");
  EXPECT_EQ(decoded.counts.undecodable_values, 2);
}

// Room for a column is made by what the column before it got.
TEST(JsonDecoder, FillsOneColumnAfterAnother) {
  auto decoder = MakeJsonDecoder(kEvent, {}).ValueOrDie();
  for (const size_t rows : {1000, 3000, 10, 2000}) {
    const std::vector<std::string> messages = Events(rows);
    std::vector<PayloadView> payloads;
    for (const std::string& m : messages) payloads.push_back({reinterpret_cast<const uint8_t*>(m.data()), static_cast<uint32_t>(m.size())});
    BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"ts", Type::Int64()}, {"uuid", Type::String()}, {"count", Type::Int64()}}, {}}));
    ColumnBuilder* out[] = {&builder.column(0), &builder.column(1), &builder.column(2)};
    decoder->DecodeAll(payloads, out);
    const Batch batch = builder.Finish(static_cast<int64_t>(rows));
    ASSERT_TRUE(batch.Validate().ok());
    const auto last = static_cast<int64_t>(rows) - 1;
    EXPECT_EQ(batch.column(0).values<int64_t>()[rows - 1], 1644586485807 + last);
    EXPECT_EQ(batch.column(1).Text(last), "93633f7c01d54453a144");
    EXPECT_EQ(batch.column(2).values<int64_t>()[rows - 1], last % 1001);
  }
}

TEST(JsonDecoder, ReadsIsoTimes) {
  EXPECT_EQ(CellOf(kInstant, "\"2022-02-11T13:34:45.807Z\""), "1644586485807000");
  EXPECT_EQ(CellOf(kInstant, "\"2022-02-11T14:34:45.807123+01:00\""), "1644586485807123");
  EXPECT_EQ(CellOf(kInstant, "\"1969-12-31T23:59:59.999999Z\""), "-1");
  EXPECT_EQ(CellOf(kInstant, "\"2022-02-11T13:34:45.807123000Z\""), "1644586485807123");
  EXPECT_EQ(CellOf(kLocal, "\"2022-02-11 13:34:45\""), "1644586485000000");
  EXPECT_EQ(CellOf(kLocal, "\"2000-02-29T00:00\""), "951782400000000");
  EXPECT_EQ(CellOf(Type::Timestamp(TimeUnit::kNano, false), "\"2022-02-11T13:34:45.807123001\""), "1644586485807123001");
  EXPECT_EQ(CellOf(Type::Date(), "\"2022-02-11\""), "19034");
  EXPECT_EQ(CellOf(Type::Date(), "\"0001-01-01\""), "-719162");
  EXPECT_EQ(CellOf(Type::Time(), "\"13:34:45.5\""), "48885500000");
  for (const char* value : {"\"2022-02-11T13:34:45.807\"", "\"2022-02-11T13:34:45.8071234Z\"", "\"2022-02-30T00:00Z\"", "\"2022-02-11\"",
                            "\"2022-02-11T24:00Z\"", "\"2022-02-11T23:59:60Z\"", "\"2022-2-11T13:34Z\"", "1644586485807", "\"x\"", "\"2022-02-11T13:34:45Zx\"",
                            "\"2022-02-11T13:34:45+24:00\"", "\"2022-02-11T13:34:45.Z\""}) {
    EXPECT_EQ(CellOf(kInstant, value), "NULL!") << value;
  }
  EXPECT_EQ(CellOf(kLocal, "\"2022-02-11T13:34:45Z\""), "NULL!");
  EXPECT_EQ(CellOf(Type::Timestamp(TimeUnit::kNano, false), "\"9999-01-01T00:00\""), "NULL!");
}

TEST(JsonDecoder, ReadsBase64ForVarbinary) {
  EXPECT_EQ(CellOf(Type::Binary(), "\"aGFsbG8=\""), "\"hallo\"");
  EXPECT_EQ(CellOf(Type::Binary(), "\"Pz8\\/\""), "\"???\"");
  for (const char* value : {"\"aGFsbG8\"", "\"a===\"", "\"aGFsbG9=\"", "\"====\"", "12"}) {
    EXPECT_EQ(CellOf(Type::Binary(), value), "NULL!") << value;
  }
}

TEST(JsonDecoder, MakesTheSmallestElementNullThatDoesNotFit) {
  const Type item = Type::Struct({{"a", Type::Int64()}, {"b", Type::String()}});
  EXPECT_EQ(CellOf(item, R"({"b": "x", "a": 1, "a": 2, "other": [1]})"), "{\"a\": 1, \"b\": \"x\"}");
  EXPECT_EQ(CellOf(item, R"({"a": "1"})"), "{\"a\": NULL, \"b\": NULL}!");
  EXPECT_EQ(CellOf(item, R"({"\u0061": 1})"), "{\"a\": 1, \"b\": NULL}");
  EXPECT_EQ(CellOf(item, "{ }"), "{\"a\": NULL, \"b\": NULL}");
  EXPECT_EQ(CellOf(item, "[]"), "NULL!");
  EXPECT_EQ(CellOf(Type::List(item), R"([{"a":1},null,7,{"b":"y"}])"), "[{\"a\": 1, \"b\": NULL}, NULL, NULL, {\"a\": NULL, \"b\": \"y\"}]!");
  EXPECT_EQ(CellOf(Type::List(Type::Int64()), "[ ]"), "[]");
  EXPECT_EQ(CellOf(Type::Map(Type::String(), Type::Int64()), R"({"k": 1, "k": 2, "": null, "\ud800": 3})"), "MAP{\"k\": 1, \"\": NULL}!");
}

TEST(JsonDecoder, MakesANestedCellNullThatIsNoJson) {
  for (const char* value : {"[1,]", "[1 2]", "[1}", "[01]", "[\"\x01\"]", "[\"\xff\"]", "[\"\\x\"]", "[tru]", "[[]"}) {
    EXPECT_EQ(CellOf(Type::List(Type::Int64()), value), "NULL!") << value;
  }
  const auto nest = [](int depth) { return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']'); };
  EXPECT_EQ(CellOf(Type::String(), nest(kMaxNesting)), "\"" + nest(kMaxNesting) + "\"");
  EXPECT_EQ(CellOf(Type::String(), nest(kMaxNesting + 1)), "NULL!");
  EXPECT_EQ(CellOf(Type::String(), std::string(1'000'000, '[')), "NULL!");
}

TEST(JsonDecoder, LimitsHowMuchComesOfLittle) {
  std::vector<Field> members;
  for (int i = 0; i < 1000; ++i) members.push_back({"m" + std::to_string(i), Type::Int64()});
  std::string many = "[{}";
  for (int i = 0; i < 10'000; ++i) many += ",{}";
  EXPECT_EQ(CellOf(Type::List(Type::Struct(members)), many + "]"), "NULL!");
  EXPECT_THAT(CellOf(Type::List(Type::Struct(members)), "[{},{\"m7\":7}]"), HasSubstr("\"m7\": 7"));
}

TEST(JsonDecoder, LetsTheFirstMemberOfANameCount) {
  EXPECT_EQ(RowOf(kEvent, R"({"count": 1, "count": 2, "ts": null, "ts": 3})"), "NULL | NULL | 1");
  EXPECT_EQ(RowOf(kEvent, R"({"c\u006funt": 1, "count": 2})"), "NULL | NULL | 1");
}

TEST(JsonDecoder, FollowsPaths) {
  const std::vector<DecoderField> fields = {
      {"b", Type::Int64(), "/a/b"}, {"c", Type::String(), "/a/c/d"}, {"a", Type::String(), "/a"}, {"z", Type::Int64(), "/z~1~0"}};
  EXPECT_EQ(RowOf(fields, R"({"a": {"b": 1, "c": {"d": "x"}}, "z/~": 4})"), "1 | \"x\" | \"{\"b\":1,\"c\":{\"d\":\"x\"}}\" | 4");
  EXPECT_EQ(RowOf(fields, R"({"a": null, "z/~": 4})"), "NULL | NULL | NULL | 4");
  EXPECT_EQ(RowOf(fields, R"({"a": 5, "z/~": 4})"), "NULL | NULL | \"5\" | 4!!");
  EXPECT_EQ(RowOf(fields, R"({"a": {"b" 1}, "z/~": 4})"), "NULL | NULL | NULL | 4!!!");
  EXPECT_EQ(RowOf(fields, R"({"a": {"b": 1, "c": {"d"})"), "1 | NULL | NULL | NULL!!!");
  EXPECT_EQ(RowOf(fields, R"({"a": {"c": {}, "b": 2}, "a": {"c": {"d": "y"}}})"), "2 | NULL | \"{\"c\":{},\"b\":2}\" | NULL");
}

TEST(JsonDecoder, GivesNullsForAMessageThatIsNoObject) {
  for (const char* message : {"", " ", "x", "[1]", "\"a\"", "12", "null", "{", "{\"", "\xef\xbb\xbf{}", "{1:2}", "{,}"}) {
    EXPECT_EQ(RowOf(kEvent, message), "NULL | NULL | NULL!!!") << message;
  }
  EXPECT_EQ(RowOf(kEvent, "{}"), "NULL | NULL | NULL");
  EXPECT_EQ(RowOf(kEvent, " {} trailing"), "NULL | NULL | NULL");
}

TEST(JsonDecoder, KeepsCellsBeforeTheTextBreaks) {
  EXPECT_EQ(RowOf(kEvent, R"({"ts": 1, "uuid": "a")"), "1 | \"a\" | NULL!");
  EXPECT_EQ(RowOf(kEvent, R"({"ts": 1; "uuid": "a"})"), "NULL | NULL | NULL!!!");
  EXPECT_EQ(RowOf(kEvent, R"({"ts": 1 "uuid": "a"})"), "1 | NULL | NULL!!");
  // The last number may have been cut: it counts only with what ends it.
  EXPECT_EQ(RowOf(kEvent, R"({"ts": 1, "count": 80)"), "1 | NULL | NULL!!");
  // What no column looks at is passed by brackets and quotes alone.
  EXPECT_EQ(RowOf(kEvent, R"({"x": 01, "y": [1}, "count": 80})"), "NULL | NULL | 80");
}

TEST(JsonDecoder, GivesNullsUncountedForATombstone) {
  const Decoded decoded = DecodeMessages(kEvent, {"", Events(1)[0]}, true, true, 300, {0});
  EXPECT_EQ(decoded.Row(0), "NULL | NULL | NULL");
  EXPECT_EQ(decoded.Row(1), "1644586485807 | \"93633f7c01d54453a144\" | 0");
  EXPECT_EQ(decoded.counts.undecodable_values, 0);
}

TEST(JsonDecoder, DecodesASelectionOnly) {
  const std::vector<std::string> messages = Events(100);
  std::vector<PayloadView> payloads;
  for (const std::string& m : messages) payloads.push_back({reinterpret_cast<const uint8_t*>(m.data()), static_cast<uint32_t>(m.size())});
  auto decoder = MakeJsonDecoder(std::span(kEvent).subspan(2), {}).ValueOrDie();
  ColumnBuilder column(Type::Int64());
  ColumnBuilder* out[] = {&column};
  const uint32_t selection[] = {3, 7, 99};
  decoder->Decode(payloads, selection, out);
  ASSERT_EQ(column.length(), 3);
  EXPECT_EQ((column.UnsafeValues<int64_t>() - 1)[0], 99);
  EXPECT_EQ((column.UnsafeValues<int64_t>() - 3)[0], 3);
}

TEST(JsonDecoder, TakesTheFastPathForMessagesAlike) {
  const Decoded decoded = DecodeMessages(kEvent, Events(2000), true, true);
  EXPECT_EQ(decoded.counts.fast_rows, 2000);
  EXPECT_EQ(decoded.counts.general_rows, 0);
  for (int64_t row = 0; row < 2000; ++row) {
    ASSERT_EQ(decoded.Row(row), std::to_string(1644586485807 + row) + " | \"93633f7c01d54453a144\" | " + std::to_string(row % 1001));
  }
}

TEST(JsonDecoder, LearnsSeveralShapesAndNewOnes) {
  std::vector<std::string> messages;
  for (int i = 0; i < 3000; ++i) messages.push_back("{\"a\":" + std::to_string(i) + (i % 3 == 0 ? ",\"count\":1}" : ",\"count\": 2}"));
  for (int i = 0; i < 3000; ++i) messages.push_back("{\"list\":[" + std::to_string(i) + ",{\"x\":\"]\"}],\"count\":3}");
  const Decoded decoded = DecodeMessages({{"count", Type::Int64(), "/count"}}, messages, true, true);
  EXPECT_GT(decoded.counts.fast_rows, 4000);
  for (int64_t row = 0; row < 6000; ++row) ASSERT_EQ(decoded.Row(row), row >= 3000 ? "3" : (row % 3 == 0 ? "1" : "2"));
}

TEST(JsonDecoder, AnswersTheSameOnBothPathsWhateverTheBytes) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  MessageGenerator generator(seed);
  const std::vector<DecoderField> fields = GeneratorFields();
  int64_t fast_rows = 0;
  for (int round = 0; round < 20; ++round) {
    const std::vector<std::string> messages = generator.Messages(500, round % 2 == 0 ? 30 : 2);
    const Decoded plain = DecodeMessages(fields, messages, false, false);
    for (const bool padded : {false, true}) {
      const Decoded fast = DecodeMessages(fields, messages, true, padded, 64);
      for (int64_t row = 0; row < 500; ++row) ASSERT_EQ(fast.Row(row), plain.Row(row)) << messages[static_cast<size_t>(row)];
      ASSERT_EQ(fast.counts.undecodable_values, plain.counts.undecodable_values);
      ASSERT_EQ(fast.counts.bad_messages, plain.counts.bad_messages);
    }
    // Fields that nearly all messages have, so that shapes stop before the end.
    for (const size_t column : {0, 1, 2, 8, 14, 16}) {
      const std::vector<DecoderField> one = {fields[column]};
      const Decoded fast = DecodeMessages(one, messages, true, true, 64);
      fast_rows += fast.counts.fast_rows;
      for (int64_t row = 0; row < 500; ++row) {
        ASSERT_EQ(fast.Row(row), CellText(plain.batch.column(column), row)) << fields[column].name << " of " << messages[static_cast<size_t>(row)];
      }
    }
  }
  EXPECT_GT(fast_rows, 0);
}

TEST(JsonDecoder, CountsTheSameForColumnsTogetherAndOneByOne) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const std::vector<std::string> messages = MessageGenerator(seed).Messages(2000, 20);
  const std::vector<DecoderField> fields = GeneratorFields();
  int64_t sum = 0;
  for (const DecoderField& field : fields) sum += DecodeMessages({field}, messages, true, true).counts.undecodable_values;
  EXPECT_EQ(DecodeMessages(fields, messages, true, true).counts.undecodable_values, sum);
}

TEST(JsonDecoder, ChangesNoCellBeforeAChangedByte) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string message = R"({"ts": 17, "uuid": "abc", "count": 4, "x": [1, {"y": "z"}]})";
  const size_t behind_count = message.find("4,") + 2;
  std::vector<std::string> messages;
  for (int i = 0; i < 1000; ++i) {
    std::string changed = message;
    changed[behind_count + random() % (changed.size() - behind_count)] = static_cast<char>(random());
    messages.push_back(changed.substr(0, behind_count + random() % (changed.size() - behind_count)));
  }
  const Decoded decoded = DecodeMessages(kEvent, messages, true, false);
  for (int64_t row = 0; row < 1000; ++row) ASSERT_EQ(decoded.Row(row), "17 | \"abc\" | 4") << messages[static_cast<size_t>(row)];
}

TEST(JsonDecoder, AgreesWithSimdjsonOnValidMessages) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  MessageGenerator generator(seed);
  const std::vector<DecoderField> fields = {
      {"ts", Type::Int64(), "/ts"}, {"uuid", Type::String(), "/uuid"}, {"price", Type::Float64(), "/price"}, {"ok", Type::Bool(), "/ok"}};
  const std::vector<std::string> messages = generator.Messages(5000, 5);
  const Decoded decoded = DecodeMessages(fields, messages, true, true);
  simdjson::dom::parser parser;
  int compared = 0;
  for (size_t row = 0; row < messages.size(); ++row) {
    simdjson::dom::object object;
    if (parser.parse(messages[row]).get(object) != simdjson::SUCCESS) continue;
    ++compared;
    for (size_t column = 0; column < fields.size(); ++column) {
      simdjson::dom::element value;
      std::string expected = "NULL";
      bool known = true;
      for (const auto member : object) {  // the first of a name, names unescaped
        if (member.key != fields[column].name) continue;
        value = member.value;
        if (column == 0 && value.is_int64()) expected = std::to_string(int64_t(value));
        if (column == 1 && value.is_string()) expected = "\"" + std::string(std::string_view(value)) + "\"";
        if (column == 1 && !value.is_string() && !value.is_null()) known = false;
        if (column == 2 && value.is_number()) expected = std::to_string(double(value) + 0.0);  // -0 is an integer 0 to it
        if (column == 3 && value.is_bool()) expected = bool(value) ? "true" : "false";
        break;
      }
      std::string got = CellText(decoded.batch.column(column), static_cast<int64_t>(row));
      if (column == 2 && got != "NULL") got = std::to_string(decoded.batch.column(2).values<double>()[row] + 0.0);
      if (!known) continue;
      ASSERT_EQ(got, expected) << fields[column].name << " of " << messages[row];
    }
  }
  EXPECT_GT(compared, 1000);
}

TEST(JsonDecoder, RefusesPathsAndTypesItCannotServe) {
  const auto fails = [](DecoderField field) { return MakeJsonDecoder({&field, 1}, {}).status().ToString(); };
  EXPECT_THAT(fails({"a", Type::Int64(), "a"}), HasSubstr("Invalid: column \"a\": a path is a JSON Pointer"));
  EXPECT_THAT(fails({"a", Type::Int64(), "/a~2"}), HasSubstr("~ in a path"));
  EXPECT_THAT(fails({"a", Type::Map(Type::Int64(), Type::Int64()), "/a"}), HasSubstr("keys of a JSON object"));
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "/a";
  EXPECT_THAT(fails({"a", Type::Int64(), deep}), HasSubstr("CapacityError"));
}

}  // namespace
}  // namespace lotic
