// SPDX-License-Identifier: Apache-2.0
#include "catalog/pinot_datetime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

#include "catalog/time_zone.h"

namespace lotic::catalog {
namespace {

std::optional<int64_t> Millis(std::string_view text) {
  int64_t ms = 0;
  return ParsePinotTimestamp(text, &ms) ? std::optional(ms) : std::nullopt;
}

TEST(PinotPeriods, PeriodsAndSizesAndUnits) {
  EXPECT_EQ(*ParsePeriod("6h"), 21'600'000);
  EXPECT_EQ(*ParsePeriod("4h30m"), 16'200'000);
  EXPECT_EQ(*ParsePeriod("1D"), 86'400'000);
  EXPECT_EQ(*ParsePeriod("500ms"), 500);
  EXPECT_EQ(*ParsePeriod("3600000"), 3'600'000);
  for (const char* const bad : {"", "h", "6", "6 h", "30m4h", "1h1h", "-1h", "1w", "1h5", "99999999999999999999", "9223372036854775807d"}) {
    if (std::string_view(bad) == "6") continue;
    EXPECT_EQ(ParsePeriod(bad).status().code(), StatusCode::kInvalid) << bad;
  }
  EXPECT_EQ(*ParseDataSize("150M"), 150LL << 20);
  EXPECT_EQ(*ParseDataSize("1.5gb"), 3LL << 29);
  EXPECT_EQ(*ParseDataSize("10"), 10);
  EXPECT_EQ(*ParseDataSize("10B"), 10);
  for (const char* const bad : {"", "M", "-1M", "1 M", "1X", "1BB", "nan", "1e9M", "9999999P"})
    EXPECT_EQ(ParseDataSize(bad).status().code(), StatusCode::kInvalid) << bad;
  int64_t value = 0;
  EXPECT_TRUE(UnitsToMillis(2, 5, PinotTimeUnit::kMinutes, &value));
  EXPECT_EQ(value, 600'000);
  EXPECT_TRUE(UnitsToMillis(-1, 1, PinotTimeUnit::kNanos, &value));
  EXPECT_EQ(value, -1);
  EXPECT_FALSE(UnitsToMillis(std::numeric_limits<int64_t>::max(), 1, PinotTimeUnit::kDays, &value));
  EXPECT_TRUE(MillisToUnits(-1, 1, PinotTimeUnit::kDays, &value));
  EXPECT_EQ(value, -1);
  EXPECT_EQ(*ParseInstant("2022-08-09T12:31:38.222Z"), 1'660'048'298'222);
  EXPECT_FALSE(ParseInstant("2022-08-09T12:31:38.222").ok());
}

TEST(PinotTimestamp, TakesWhatPinotTakes) {
  EXPECT_EQ(Millis("2024-01-31 10:20:30.5"), 1'706'696'430'500);
  EXPECT_EQ(Millis("2024-1-31 1:2:3"), 1'706'662'923'000);
  EXPECT_EQ(Millis(" 1706696430500 "), 1'706'696'430'500);
  EXPECT_EQ(Millis("-5"), -5);
  EXPECT_EQ(Millis("2024-01-31T10:20:30.500+01:00"), 1'706'692'830'500);
  EXPECT_EQ(Millis("2024-01-31T10"), 1'706'695'200'000);
  EXPECT_EQ(Millis("2024-01-31T10:20"), 1'706'696'400'000);
  EXPECT_EQ(Millis("2024-01-31"), 1'706'659'200'000);
  // Fractions below a millisecond are floored, before 1970 too.
  EXPECT_EQ(Millis("2022-02-11T13:34:45.805807Z"), 1'644'586'485'805);
  EXPECT_EQ(Millis("1969-12-31T23:59:59.9995Z"), -1);
  for (const char* const bad : {"", "yesterday", "2024-02-30", "2024-01-31 10:20:30.", "2024-01-31T25", "2024-01-31x", "12.5", "99999999999999999999"})
    EXPECT_EQ(Millis(bad), std::nullopt) << bad;
  EXPECT_EQ(PinotTimestampText(1'706'696'430'500), "2024-01-31 10:20:30.5");
  EXPECT_EQ(PinotTimestampText(-1), "1969-12-31 23:59:59.999");
  EXPECT_EQ(PinotTimestampText(0), "1970-01-01 00:00:00.0");
}

TEST(DateTimeFormat, ReadsBothForms) {
  struct Case {
    const char *format, *text;
    int64_t ms;
  };
  for (const Case& one :
       {Case{"1:MILLISECONDS:EPOCH", "5", 5}, Case{"5:MINUTES:EPOCH", "2", 600'000}, Case{"EPOCH", "7", 7}, Case{"EPOCH|SECONDS", "7", 7000},
        Case{"EPOCH|SECONDS|10", "7", 70'000}, Case{"TIMESTAMP", "1970-01-02", 86'400'000}, Case{"1:MILLISECONDS:TIMESTAMP", "3", 3},
        Case{"1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd", "19700103", 172'800'000},
        Case{"1:SECONDS:SIMPLE_DATE_FORMAT:yyyy-MM-dd HH:mm:ss", "1970-01-01 01:00:02", 3'602'000},
        Case{"SIMPLE_DATE_FORMAT|yyyy-MM-dd'T'HH:mm:ss.SSS", "1970-01-01T00:00:00.250", 250},
        Case{"SIMPLE_DATE_FORMAT|yyyy-MM-dd HH:mm|+02:00", "1970-01-01 02:01", 60'000}, Case{"SIMPLE_DATE_FORMAT", "1970-01-01T00:00:01Z", 1000}}) {
    auto format = DateTimeFormat::Parse(one.format);
    ASSERT_TRUE(format.ok()) << format.status();
    int64_t ms = 0, again = 0;
    EXPECT_TRUE(format->ToMillis(std::string_view(one.text), &ms)) << one.format;
    EXPECT_EQ(ms, one.ms) << one.format;
    EXPECT_TRUE(format->ToMillis(std::string_view(format->TextFromMillis(ms)), &again)) << one.format;
    EXPECT_EQ(again, ms) << one.format;
  }
  const auto days = DateTimeFormat::Parse("1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd").ValueOrDie();
  int64_t value = 0;
  EXPECT_TRUE(days.ToMillis(int64_t{20240229}, &value));
  EXPECT_EQ(value, 1'709'164'800'000);
  EXPECT_TRUE(days.FromMillis(1'709'164'800'001, &value));
  EXPECT_EQ(value, 20240229);
  EXPECT_FALSE(days.ToMillis(int64_t{20240230}, &value));
  EXPECT_FALSE(days.ToMillis(std::string_view("2024-02-29"), &value));
}

TEST(TimePattern, HasJodasLetters) {
  const auto pattern = [](std::string_view text, std::string_view zone = "") { return TimePattern::Parse(text, zone).ValueOrDie(); };
  int64_t ms = 0;
  EXPECT_TRUE(pattern("EEE, d MMM yyyy h:mm a").ToMillis("Thu, 29 Feb 2024 12:05 AM", &ms));
  EXPECT_EQ(ms, 1'709'165'100'000);
  EXPECT_EQ(pattern("EEEE, d MMMM yyyy hh:mm a").FromMillis(ms), "Thursday, 29 February 2024 12:05 AM");
  EXPECT_TRUE(pattern("yyyy-MM-dd HH:mm:ss Z").ToMillis("2024-02-29 01:05:00 +0100", &ms));
  EXPECT_EQ(ms, 1'709'165'100'000);
  EXPECT_EQ(pattern("yyyy 'o''clock' kk ZZ", "+05:30").FromMillis(ms), "2024 o'clock 05 +05:30");
  EXPECT_TRUE(pattern("yyyyMMddHHmmssSSS").digits_only());
  EXPECT_TRUE(pattern("yyyyMMddHHmmssSSS").ordered());
  EXPECT_FALSE(pattern("d/M/yyyy").ordered());
  EXPECT_FALSE(pattern("yyyy-M-dd").ordered());
  EXPECT_FALSE(pattern("yyyyMMdd").ToMillis("2024229", &ms));
  EXPECT_EQ(TimePattern::Parse("yy", "").status().message(), "time pattern \"yy\": years of two digits are ambiguous; yyyy is needed");
}

TEST(TimeZone, FollowsTheDataBase) {
  const auto berlin = TimeZone::Find("Europe/Berlin");
  if (!berlin.ok()) GTEST_SKIP() << "this machine has no tz data base";
  EXPECT_EQ(berlin->OffsetAt(1'706'696'430), 3600);        // January
  EXPECT_EQ(berlin->OffsetAt(1'721'000'000), 7200);        // July
  EXPECT_EQ(berlin->OffsetAt(4'118'000'000), 7200);        // June 2100, by the rule behind the table
  EXPECT_EQ(berlin->OffsetAt(-4'000'000'000), 3208);       // local mean time
  EXPECT_EQ(berlin->ToUtc(1'711'846'800), 1'711'843'200);  // 2024-03-31 01:00, before the change
  EXPECT_EQ(berlin->ToUtc(1'711'854'000), 1'711'846'800);  // 03:00, after it
  EXPECT_EQ(berlin->ToUtc(1'729'996'200), 1'729'989'000);  // 2024-10-27 02:30 is there twice: the earlier
  EXPECT_EQ(TimeZone::Find("../etc/passwd").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(TimeZone::Find("posixrules\n").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(TimeZone::Find("GMT+5")->OffsetAt(0), 18'000);
  EXPECT_EQ(TimeZone::Find("-0330")->OffsetAt(0), -12'600);
}

}  // namespace
}  // namespace lotic::catalog
