// SPDX-License-Identifier: Apache-2.0
#include "catalog/option_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lotic::catalog {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(OptionValue, IntegersHaveASignAndARange) {
  EXPECT_EQ(ParseIntegerOption("k", "12").ValueOrDie(), 12);
  EXPECT_EQ(ParseIntegerOption("k", "+12").ValueOrDie(), 12);
  EXPECT_EQ(ParseIntegerOption("k", "-1", -1).ValueOrDie(), -1);
  EXPECT_EQ(ParseIntegerOption("k", "1.5").status().message(), "option 'k': '1.5' is no integer");
  for (const char* const bad : {"", "+", "+-1", "1 ", " 1", "0x10", "1e3"}) EXPECT_FALSE(ParseIntegerOption("k", bad).ok()) << bad;
  EXPECT_EQ(ParseIntegerOption("k", "501", 1, 500).status().message(), "option 'k': 501 is out of range; 1 to 500 is expected");
  EXPECT_EQ(ParseIntegerOption("k", "-1").status().message(), "option 'k': -1 is out of range; at least 0 is expected");
  EXPECT_THAT(ParseIntegerOption("k", "99999999999999999999").status().message(), HasSubstr("out of range"));
}

TEST(OptionValue, BooleansAreTrueOrFalseInAnyCase) {
  EXPECT_TRUE(ParseBooleanOption("k", "TRUE").ValueOrDie());
  EXPECT_FALSE(ParseBooleanOption("k", "false").ValueOrDie());
  for (const char* const bad : {"", "yes", "1", "truee", "falsehood"}) EXPECT_FALSE(ParseBooleanOption("k", bad).ok()) << bad;
}

TEST(OptionValue, DoublesAreFinite) {
  EXPECT_EQ(ParseDoubleOption("k", "1.5e2").ValueOrDie(), 150);
  for (const char* const bad : {"", "nan", "inf", "1e999", "-1", "1.5x"}) EXPECT_FALSE(ParseDoubleOption("k", bad).ok()) << bad;
}

TEST(OptionValue, DurationsAreMillisecondsUnlessAUnitSaysElse) {
  const std::pair<const char*, int64_t> good[] = {
      {"250", 250},   {"10 s", 10'000}, {"10s", 10'000},   {"1 min", 60'000}, {"2h", 7'200'000}, {"1 d", 86'400'000}, {"3 Days", 259'200'000},
      {"1500 us", 1}, {"1500 µs", 1},   {"2000000 ns", 2}, {"7 millis", 7},   {"0", 0},          {"5 seconds", 5'000}};
  for (const auto& [text, ms] : good) EXPECT_EQ(ParseDurationOption("k", text).ValueOrDie(), milliseconds(ms)) << text;
  for (const char* const bad : {"", "s", "-1 s", "1 year", "1.5 s", "1 s s", "9223372036854775807 d", "99999999999999999999"})
    EXPECT_FALSE(ParseDurationOption("k", bad).ok()) << bad;
  EXPECT_EQ(ParseDurationOption("k", "-1 s").status().message(), "option 'k': the duration '-1 s' is negative");
}

TEST(OptionValue, SizesOfMemoryCountBy1024) {
  const std::pair<const char*, int64_t> good[] = {{"1048576", 1 << 20}, {"12 b", 12},    {"12bytes", 12},          {"3 kb", 3 << 10},
                                                  {"64 MB", 64 << 20},  {"1g", 1 << 30}, {"2 mebibytes", 2 << 20}, {"1 tb", int64_t{1} << 40}};
  for (const auto& [text, bytes] : good) EXPECT_EQ(ParseMemoryOption("k", text).ValueOrDie(), bytes) << text;
  for (const char* const bad : {"", "mb", "-1 mb", "1.5 mb", "1 mib", "1 mb mb", "9223372036854775807 kb", "99999999999999999999"})
    EXPECT_FALSE(ParseMemoryOption("k", bad).ok()) << bad;
  EXPECT_EQ(ParseMemoryOption("k", "1 kb", 1 << 20).status().message(), "option 'k': 1 kb is out of range; at least 1048576 bytes are expected");
}

}  // namespace
}  // namespace lotic::catalog
