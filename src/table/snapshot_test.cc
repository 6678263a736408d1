// SPDX-License-Identifier: Apache-2.0
#include "table/snapshot.h"

#include <gmock/gmock.h>

namespace lotic::table {
namespace {

using testing::HasSubstr;

// The example of the specification, §12.2.
constexpr const char* kToken =
    R"({"v":1,"kind":"exact","table":"events_REALTIME","table_id":"6f1c2d0e","partitions":[{"p":0,"start":"0","end":"11940"},{"p":1,"start":"0","end":"11802"}]})";

TEST(TableSnapshot, HasTheCanonicalForm) {
  TableSnapshot snapshot{"events_REALTIME", "6f1c2d0e", {{0, 0, 11940, {}}, {1, 0, 11802, {}}}};
  EXPECT_EQ(snapshot.ToToken(), kToken);
  const auto parsed = TableSnapshot::Parse(kToken);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, snapshot);
}

TEST(TableSnapshot, WithoutPartitionsItIsAToken) {
  const TableSnapshot empty{"t_REALTIME", "00", {}};
  const auto parsed = TableSnapshot::Parse(empty.ToToken());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, empty);
}

TEST(TableSnapshot, NamesSegmentsWhereOffsetsWereReadAgain) {
  const TableSnapshot snapshot{"events_REALTIME", "6f1c2d0e", {{0, 500, 40, {{3, 5}}}}};
  EXPECT_THAT(snapshot.ToToken(), HasSubstr(R"({"p":0,"start":"500","end":"40","segments":["3","5"]})"));
  const auto parsed = TableSnapshot::Parse(snapshot.ToToken());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, snapshot);
}

TEST(TableSnapshot, NamesWhatHadBeenDroppedBetweenItsSegments) {
  const auto with = [](std::vector<SnapshotPartition::Dropped> dropped) {
    TableSnapshot snapshot{"events_REALTIME", "6f1c2d0e", {{0, 0, 900, {{3, 9}}}}};
    snapshot.partitions[0].dropped = std::move(dropped);
    return snapshot;
  };
  const TableSnapshot snapshot = with({{4, 6}, {8, 9}});
  EXPECT_THAT(snapshot.ToToken(), HasSubstr(R"({"p":0,"start":"0","end":"900","segments":["3","9"],"dropped":[["4","6"],["8","9"]]})"));
  const auto parsed = TableSnapshot::Parse(snapshot.ToToken());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, snapshot);
  // The first one, behind the last one, none, beside each other, in no order.
  for (const auto& wrong : {with({{3, 4}}), with({{8, 10}}), with({{5, 5}}), with({{4, 6}, {6, 7}}), with({{7, 8}, {4, 5}})}) {
    EXPECT_EQ(TableSnapshot::Parse(wrong.ToToken()).status().code(), StatusCode::kInvalid) << wrong.ToToken();
  }
  TableSnapshot alone = snapshot;
  alone.partitions[0].segments.reset();
  EXPECT_FALSE(TableSnapshot::Parse(alone.ToToken()).ok());
}

TEST(TableSnapshot, SaysWhereItsEndIsNotKnown) {
  TableSnapshot snapshot{"events_REALTIME", "6f1c2d0e", {{0, 0, 40, {}}, {1, 0, 11802, {}}}};
  snapshot.partitions[0].end_unknown = true;
  EXPECT_THAT(snapshot.ToToken(), HasSubstr(R"({"p":0,"start":"0","end":"40","end_unknown":true},{"p":1)"));
  const auto parsed = TableSnapshot::Parse(snapshot.ToToken());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, snapshot);
  std::string changed = snapshot.ToToken();
  changed.replace(changed.find("true"), 4, "false");
  EXPECT_FALSE(TableSnapshot::Parse(changed).ok());
}

TEST(TableSnapshot, EveryByteChangedIsRefusedOrAnotherCanonicalToken) {
  const std::string token = kToken;
  for (size_t at = 0; at < token.size(); ++at) {
    for (const char c : {'\0', '"', '9', '-', 'x', '}', '\xff'}) {
      std::string changed = token;
      changed[at] = c;
      const auto parsed = TableSnapshot::Parse(changed);
      if (parsed.ok()) {
        EXPECT_EQ(parsed->ToToken(), changed);
      }
    }
    EXPECT_FALSE(TableSnapshot::Parse(token.substr(0, at)).ok()) << at;
  }
}

TEST(TableSnapshot, WhatIsNoTokenIsSaidSo) {
  const struct {
    std::string token;
    StatusCode code;
    const char* why;
  } cases[] = {
      {"", StatusCode::kInvalid, "no snapshot token"},
      {"k1:orders:0f:c:0=0-1@0", StatusCode::kInvalid, "not one of a real-time table"},
      {R"({"v":2,"kind":"exact"})", StatusCode::kInvalid, "not one of a real-time table"},
      {R"({"v":1,"kind":"time","table":"u_REALTIME","table_id":"1","version":4711})", StatusCode::kNotImplemented, "kind time"},
      {R"({"v":1,"kind":"exact","table":"t_REALTIME","table_id":"1"})", StatusCode::kInvalid, "cut or changed"},
      {R"({"v":1,"kind":"exact","table":"t_REALTIME","table_id":"1","partitions":[{"p":0,"start":0,"end":"5"}]})", StatusCode::kInvalid, "partition"},
      {R"({"v":1,"kind":"exact","table":"t_REALTIME","table_id":"1","partitions":[{"p":0,"start":"6","end":"5"}]})", StatusCode::kInvalid, "make no sense"},
      {R"({"v":1,"kind":"exact","table":"t_REALTIME","table_id":"1","partitions":[{"p":0,"start":"00","end":"5"}]})", StatusCode::kInvalid, "partition"},
      {R"({"v":1,"kind":"exact","table":"t_REALTIME","table_id":"1","partitions":[],"more":1})", StatusCode::kInvalid, "not in the form"},
      {std::string(100000, '['), StatusCode::kInvalid, "not one of a real-time table"},
  };
  for (const auto& one : cases) {
    const Status status = TableSnapshot::Parse(one.token).status();
    EXPECT_EQ(status.code(), one.code) << one.token.substr(0, 100) << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(one.why)) << one.token.substr(0, 100);
  }
}

TEST(RowPosition, IsTheSplitsStartOrARow) {
  EXPECT_EQ(RowPosition(1200).text, R"({"row":1200})");
  EXPECT_EQ(ParseRowPosition({R"({"row":1200})"}, {"10000"}).ValueOrDie(), 1200);
  EXPECT_EQ(ParseRowPosition({"10000"}, {"10000"}).ValueOrDie(), 0);
  for (const char* text : {"", "}", "10001", R"({"row":-1})", R"({"row":})", R"({"row":01})", R"({"row":1} )", R"({"row":99999999999999999999})"}) {
    EXPECT_EQ(ParseRowPosition({text}, {"10000"}).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(SegmentSplit, SurvivesBeingASplit) {
  const SegmentSplit split{"6f1c2d0e", "events__0__3__20260821T0930Z", 0, 10000, 11940, 2, "CONSUMING", "p0/3.2.rows", {}};
  const auto again = SegmentSplit::Parse(split.ToSplit());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, split);
  SegmentSplit known = split;
  known.contents = {1900, {.rows = 1900, .filtered = 30, .dropped_convert = 2, .missing = 8, .incomplete = 5}};
  EXPECT_EQ(known.ToSplit().properties.at("fates"), "rows=1900 filtered=30 convert=2 missing=8 incomplete=5");
  const auto known_again = SegmentSplit::Parse(known.ToSplit());
  ASSERT_TRUE(known_again.ok()) << known_again.status();
  EXPECT_EQ(*known_again, known);
}

TEST(SegmentSplit, NamesWhatIsWrong) {
  const Split good = SegmentSplit{"6f", "s", 0, 5, 10, 2, "CONSUMING", "f", {{4, {.rows = 4, .aborted = 1}}}}.ToSplit();
  for (const auto& [name, value] : good.properties) {
    Split missing = good;
    missing.properties.erase(name);
    EXPECT_THAT(SegmentSplit::Parse(missing).status().message(), HasSubstr("'" + name + "' is missing"));
  }
  Split bad = good;
  bad.properties["generation"] = "-1";
  EXPECT_THAT(SegmentSplit::Parse(bad).status().message(), HasSubstr("'generation' is '-1'"));
  bad = good;
  bad.properties["v"] = "7";
  EXPECT_THAT(SegmentSplit::Parse(bad).status().message(), HasSubstr("this program knows 1"));
  bad = good;
  bad.end.reset();
  EXPECT_THAT(SegmentSplit::Parse(bad).status().message(), HasSubstr("no range of offsets"));
  bad = good;
  bad.properties["fates"] = "rows=4";
  EXPECT_THAT(SegmentSplit::Parse(bad).status().message(), HasSubstr("'fates' is 'rows=4'")) << "they do not add up";
  bad.properties["fates"] = "aborted=1 rows=4";
  EXPECT_FALSE(SegmentSplit::Parse(bad).ok());
  bad = good;
  bad.start.text = "11";
  EXPECT_THAT(SegmentSplit::Parse(bad).status().message(), HasSubstr("no range of offsets"));
}

}  // namespace
}  // namespace lotic::table
