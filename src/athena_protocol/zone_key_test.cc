// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/zone_key.h"

#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "athena_protocol/zone_names.h"
#include "athena_protocol/zone_rules.h"

namespace lotic::athena {
namespace {

using ::testing::HasSubstr;

TEST(ZoneKey, Check18PackingVectors) {
  EXPECT_EQ(PackZoned(1450737754000, 541).ValueOrDie(), 5942221840384541);
  EXPECT_EQ(ZoneKeyOf("-05:00").ValueOrDie(), 541);
  EXPECT_EQ(PackZoned(10, 0).ValueOrDie(), 40960);
  EXPECT_EQ(PackZoned(45423958493, ZoneKeyOf("-11:00").ValueOrDie()).ValueOrDie(), 186056533987509);
  EXPECT_EQ(ZoneKeyOfPacked(186056533987509), 181);
  EXPECT_EQ(MillisOfPacked(186056533987509), 45423958493);
  EXPECT_EQ(PackZoned(-1, 0).ValueOrDie(), -4096);
  EXPECT_EQ(MillisOfPacked(-4096), -1);
  for (const int64_t edge : {kMinPackableMs, kMaxPackableMs}) EXPECT_EQ(MillisOfPacked(PackZoned(edge, 2228).ValueOrDie()), edge);
  EXPECT_EQ(PackZoned(kMaxPackableMs + 1, 0).status().message(), "pack a timestamp with time zone: 2251799813685248 ms do not fit in 52 bits");
  EXPECT_FALSE(PackZoned(kMinPackableMs - 1, 0).ok());
  for (const int key : {-1, 2040, 2180, 2186, 2196, 2229, 4095}) {
    EXPECT_EQ(PackZoned(0, key).status().code(), StatusCode::kInvalid) << key;
    EXPECT_FALSE(ZoneIdOf(key).ok()) << key;
    EXPECT_FALSE(ZoneOffsetSeconds(key, 0).ok()) << key;
  }
}

TEST(ZoneKey, Check18AllOffsets) {
  std::set<int> keys;
  for (int minutes = -840; minutes <= 840; ++minutes) {
    if (minutes == 0) continue;
    char id[8];
    std::snprintf(id, sizeof id, "%c%02d:%02d", minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
    const int key = ZoneKeyOf(id).ValueOrDie();
    EXPECT_EQ(key, minutes < 0 ? minutes + 841 : minutes + 840);
    EXPECT_EQ(ZoneIdOf(key).ValueOrDie(), id);
    EXPECT_EQ(ZoneOffsetSeconds(key, 0).ValueOrDie(), minutes * 60);
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 1680u);
  EXPECT_EQ(*keys.begin(), 1);
  EXPECT_EQ(*keys.rbegin(), 1680);
  for (const std::string_view beyond : {"+14:01", "-14:01", "+15:00", "+05:60", "+5:00", "+005", "05:00", "+0a:00", "+", ""})
    EXPECT_FALSE(ZoneKeyOf(beyond).ok()) << beyond;
}

TEST(ZoneKey, Check18AllNames) {
  std::ifstream file(LOTIC_TESTDATA "/athena/zone_keys.txt");
  ASSERT_TRUE(file) << "the tests run at the top of the build folder";
  int key = 0, count = 0;
  for (std::string name; file >> key >> name; ++count) {
    EXPECT_EQ(ZoneKeyOf(name).ValueOrDie(), key);
    EXPECT_EQ(ZoneIdOf(key).ValueOrDie(), name);
    std::string other = name;
    for (char& c : other) c = static_cast<char>(std::islower(static_cast<unsigned char>(c)) ? std::toupper(c) : std::tolower(c));
    EXPECT_EQ(ZoneKeyOf(other).ValueOrDie(), key) << other;
  }
  EXPECT_EQ(count, 544);
}

TEST(ZoneKey, Check18Normalization) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"UTC", "UTC"},
                                                                 {"Z", "UTC"},
                                                                 {"ut", "UTC"},
                                                                 {"UCT", "UTC"},
                                                                 {"GMT", "UTC"},
                                                                 {"gmt0", "UTC"},
                                                                 {"Greenwich", "UTC"},
                                                                 {"Universal", "UTC"},
                                                                 {"Zulu", "UTC"},
                                                                 {"Etc/UTC", "UTC"},
                                                                 {"etc/zulu", "UTC"},
                                                                 {"Etc/GMT", "UTC"},
                                                                 {"+00:00", "UTC"},
                                                                 {"-00:00", "UTC"},
                                                                 {"GMT+0", "UTC"},
                                                                 {"UTC+05:30", "+05:30"},
                                                                 {"GMT-08:00", "-08:00"},
                                                                 {"UT+3", "+03:00"},
                                                                 {"+5", "+05:00"},
                                                                 {"-05", "-05:00"},
                                                                 {"GMT+5", "+05:00"},
                                                                 {"GMT+12", "+12:00"},
                                                                 {"Etc/GMT+5", "-05:00"},
                                                                 {"Etc/GMT-14", "+14:00"},
                                                                 {"etc/gmt+05:00", "+05:00"},
                                                                 {"Etc/UTC+5", "+05:00"},
                                                                 {"EUROPE/berlin", "Europe/Berlin"}};
  for (const auto& [id, expected] : cases) EXPECT_EQ(ZoneIdOf(ZoneKeyOf(id).ValueOrDie()).ValueOrDie(), expected) << id;
  EXPECT_EQ(ZoneKeyOf("Mars/Phobos").status().message(), "time zone: \"Mars/Phobos\" is not one that Athena knows");
}

// The bytes of a TZif file, version 2: an empty first part, transitions to offsets, the rule for what comes after.
std::string TzFile(const std::vector<std::pair<int64_t, int>>& transitions, int before, std::string_view footer) {
  std::string out;
  const auto put = [&out](uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
  };
  const auto header = [&](uint64_t times, uint64_t types) {
    out += "TZif2";
    out.append(15, '\0');
    for (const uint64_t count : {uint64_t{0}, uint64_t{0}, uint64_t{0}, times, types, uint64_t{0}}) put(count, 4);
  };
  header(0, 0);
  header(transitions.size(), transitions.size() + 1);
  for (const auto& [at, offset] : transitions) put(static_cast<uint64_t>(at), 8);
  for (size_t i = 0; i < transitions.size(); ++i) put(i + 1, 1);
  put(static_cast<uint32_t>(before), 4);
  put(0, 2);
  for (const auto& [at, offset] : transitions) {
    put(static_cast<uint32_t>(offset), 4);
    put(0, 2);
  }
  return out + "\n" + std::string(footer) + "\n";
}

TEST(ZoneRules, FollowTheListAndThenTheRule) {
  const ZoneRules rules = ZoneRules::Parse(TzFile({{1000, 3600}, {2000, 7200}}, -60, "CET-1CEST,M3.5.0,M10.5.0/3")).ValueOrDie();
  EXPECT_EQ(rules.OffsetAt(999), -60);
  EXPECT_EQ(rules.OffsetAt(1000), 3600);
  EXPECT_EQ(rules.OffsetAt(1999), 3600);
  EXPECT_EQ(rules.OffsetAt(1711846799), 3600);  // 2024-03-31 00:59:59 UTC
  EXPECT_EQ(rules.OffsetAt(1711846800), 7200);
  EXPECT_EQ(rules.OffsetAt(1729990799), 7200);  // 2024-10-27 00:59:59 UTC
  EXPECT_EQ(rules.OffsetAt(1729990800), 3600);
  EXPECT_EQ(rules.OffsetAt(64060588800), 3600);  // 4000-01-01
}

TEST(ZoneRules, TheSouthAndOtherFormsOfRules) {
  const ZoneRules south = ZoneRules::Parse(TzFile({}, 0, "AEST-10AEDT,M10.1.0,M4.1.0/3")).ValueOrDie();
  EXPECT_EQ(south.OffsetAt(1704067200), 39600);  // 2024-01-01
  EXPECT_EQ(south.OffsetAt(1719792000), 36000);  // 2024-07-01
  // The 60th day without a leap day is 1 March in every year; counted from 0 with it, day 59 is 29 February in leap years.
  const ZoneRules julian = ZoneRules::Parse(TzFile({}, 0, "AAA0BBB-1,J60/0,J365")).ValueOrDie();
  EXPECT_EQ(julian.OffsetAt(1709251199), 0);     // 2024-02-29 23:59:59
  EXPECT_EQ(julian.OffsetAt(1709251200), 3600);  // 2024-03-01
  const ZoneRules counted = ZoneRules::Parse(TzFile({}, 0, "AAA0BBB-1,59/0,J365")).ValueOrDie();
  EXPECT_EQ(counted.OffsetAt(1709164799), 0);     // 2024-02-28 23:59:59
  EXPECT_EQ(counted.OffsetAt(1709164800), 3600);  // 2024-02-29
}

TEST(ZoneRules, DamagedFilesAreRefused) {
  const std::string good = TzFile({{1000, 3600}}, 0, "<+03>-3");
  ASSERT_TRUE(ZoneRules::Parse(good).ok());
  EXPECT_EQ(ZoneRules::Parse(good).ValueOrDie().OffsetAt(5000), 10800);
  for (size_t size = 0; size + 9 < good.size(); ++size) EXPECT_FALSE(ZoneRules::Parse(good.substr(0, size)).ok()) << size;
  for (const std::string_view rule : {"CET", "CET-1CEST", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.5.0", "1", "<+03"}) {
    EXPECT_FALSE(ZoneRules::Parse(TzFile({}, 0, rule)).ok()) << rule;
  }
  std::string version1 = good;
  version1[4] = '\0';
  EXPECT_FALSE(ZoneRules::Parse(version1).ok());
}

TEST(ZoneKey, NamedZonesFollowTheSystemsRules) {
  const Result<int> summer = ZoneOffsetSeconds(ZoneKeyOf("Europe/Berlin").ValueOrDie(), 1720000000000);
  if (!summer.ok() && summer.status().code() == StatusCode::kNotFound) GTEST_SKIP() << "no time zone files on this system: " << summer.status();
  EXPECT_EQ(*summer, 7200);
  EXPECT_EQ(ZoneOffsetSeconds(ZoneKeyOf("Europe/Berlin").ValueOrDie(), 1705000000000).ValueOrDie(), 3600);
  EXPECT_EQ(ZoneOffsetSeconds(ZoneKeyOf("Asia/Kolkata").ValueOrDie(), 0).ValueOrDie(), 19800);
  EXPECT_EQ(ZoneOffsetSeconds(ZoneKeyOf("America/New_York").ValueOrDie(), 4102444800000).ValueOrDie(), -18000);  // 2100: by the rule
}

}  // namespace
}  // namespace lotic::athena
