// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/columns.h"

#include <gtest/gtest.h>

#include "connector/kafka/pushdown.h"
#include "connector/kafka/snapshot.h"

namespace lotic::kafka {
namespace {

std::string Replaced(std::string_view text) {
  Buffer out;
  AppendReplacingInvalid(kafka_protocol::AsBytes(text), &out);
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

TEST(Columns, ReplacesEachMaximalBrokenPartOfText) {
  const std::string good = "plain ASCII, na\xC3\xAFve, \xE2\x82\xAC, \xF0\x9F\x98\x80";
  EXPECT_EQ(Replaced(good), good);
  EXPECT_EQ(Replaced(""), "");
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(Replaced("a\xFF"
                     "b"),
            "a" + mark + "b");
  EXPECT_EQ(Replaced("\xE2\x82"), mark);  // cut: one part
  EXPECT_EQ(Replaced("\xE2\x82"
                     "A"),
            mark + "A");
  EXPECT_EQ(Replaced("\xC0\xAF"), mark + mark);                        // overlong
  EXPECT_EQ(Replaced("\xED\xA0\x80"), mark + mark + mark);             // a surrogate
  EXPECT_EQ(Replaced("\xF4\x90\x80\x80"), mark + mark + mark + mark);  // above U+10FFFF
  EXPECT_EQ(Replaced("\xF0\x9F\x98"), mark);
  EXPECT_EQ(Replaced("12345678\x80"
                     "12345678"),
            "12345678" + mark + "12345678");
}

TEST(Snapshot, ATokenIsReadBackAndChangedOnesAreRefused) {
  Snapshot snapshot{"my.topic-1", "00112233445566778899aabbccddeeff", Isolation::kReadCommitted, {{0, 5, 100, 3}, {2, 0, 0, -1}}};
  const std::string token = snapshot.ToToken();
  EXPECT_EQ(token, "k1:my.topic-1:00112233445566778899aabbccddeeff:c:0=5-100@3,2=0-0@-1");
  EXPECT_EQ(Snapshot::Parse(token).ValueOrDie(), snapshot);
  snapshot = {"t", "", Isolation::kReadUncommitted, {}};
  EXPECT_EQ(Snapshot::Parse(snapshot.ToToken()).ValueOrDie(), snapshot);
  for (const char* bad : {"", "k1", "k2:t::c:", "k1:t::x:", "k1:t:zz:c:", "k1:t::c:0", "k1:t::c:0=1-0@1", "k1:t::c:0=0-1@1,0=0-1@1", "k1:t::c:0=0-1@1,",
                          "k1:t::c:00=0-1@1", "k1:t::c:0=0-99999999999999999999@1", "k1::", "k1:::c:"}) {
    EXPECT_EQ(Snapshot::Parse(bad).status().code(), StatusCode::kInvalid) << bad;
  }
}

ScanRequest RequestOver(MetadataColumn column, ValueSet set) {
  ScanRequest request;
  const Field field = MetadataField(column);
  request.layout.fields = {field};
  request.constraints.columns[field.name] = std::move(set);
  return request;
}

TEST(PushDown, TimeBoundsAreRoundedTowardsMoreRows) {
  const auto range = [](int64_t low, bool low_inclusive, int64_t high, bool high_inclusive) {
    return ValueSet::Range({Scalar(low), low_inclusive, Scalar(high), high_inclusive});
  };
  PushedFilters pushed = PushDown(RequestOver(MetadataColumn::kTimestamp, range(1000, true, 2999, true))).ValueOrDie();
  EXPECT_EQ(pushed.min_ms, 1);
  EXPECT_EQ(pushed.max_ms, 2);
  pushed = PushDown(RequestOver(MetadataColumn::kTimestamp, range(1001, true, 3000, false))).ValueOrDie();
  EXPECT_EQ(pushed.min_ms, 2);
  EXPECT_EQ(pushed.max_ms, 2);
  pushed = PushDown(RequestOver(MetadataColumn::kTimestamp, range(-1500, true, -500, true))).ValueOrDie();
  EXPECT_EQ(pushed.min_ms, -1);
  EXPECT_EQ(pushed.max_ms, -1);
  ValueSet or_null = range(1000, true, 2000, true);
  or_null.null_allowed = true;
  pushed = PushDown(RequestOver(MetadataColumn::kTimestamp, or_null)).ValueOrDie();
  EXPECT_FALSE(pushed.min_ms.has_value());  // records without a timestamp lie anywhere
  pushed = PushDown(RequestOver(MetadataColumn::kTimestampMs, range(5, false, 10, false))).ValueOrDie();
  EXPECT_EQ(pushed.min_ms, 6);
  EXPECT_EQ(pushed.max_ms, 9);
}

TEST(PushDown, OffsetsClipAndAnEmptySetRulesOutAll) {
  PushedFilters pushed = PushDown(RequestOver(MetadataColumn::kOffset, ValueSet::Listed({Scalar(int64_t{7}), Scalar(int64_t{3})}))).ValueOrDie();
  EXPECT_EQ(pushed.min_offset, 3);
  EXPECT_EQ(pushed.end_offset, 8);
  EXPECT_FALSE(pushed.nothing);
  EXPECT_TRUE(PushDown(RequestOver(MetadataColumn::kOffset, ValueSet::None(false))).ValueOrDie().nothing);
  EXPECT_TRUE(PushDown(RequestOver(MetadataColumn::kOffset, ValueSet::None(true))).ValueOrDie().nothing);  // it is never NULL
  EXPECT_FALSE(PushDown(RequestOver(MetadataColumn::kKey, ValueSet::None(true))).ValueOrDie().nothing);
}

}  // namespace
}  // namespace lotic::kafka
