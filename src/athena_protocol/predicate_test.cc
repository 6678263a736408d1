// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/predicate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "athena_protocol/test_messages.h"
#include "athena_protocol/zone_key.h"

namespace lotic::athena {
namespace {

using namespace testing;  // NOLINT: the samples
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Scalar N(int64_t value) { return value; }
Scalar S(const char* text) { return std::string(text); }

WireValueSet Normal(WireValueSet set) {
  const Status status = NormalizeWireValueSet(&set);
  EXPECT_TRUE(status.ok()) << status;
  return set;
}
bool Contains(const WireValueSet& set, const Scalar& value) { return WireValueSetContains(set, set.type, value).ValueOrDie(); }
int64_t Packed(int64_t millis, const char* zone) { return PackZoned(millis, ZoneKeyOf(zone).ValueOrDie()).ValueOrDie(); }

// A block of one column.
Block ColumnBlock(const WireType& type, const std::vector<Scalar>& values) { return MakeValueBlock(type, values).ValueOrDie(); }
std::vector<int> Kept(const WireValueSet& set, const WireType& type, const std::vector<Scalar>& values) {
  WireConstraints constraints;
  constraints.summary = {{"col1", set}};
  std::vector<uint8_t> keep;
  const Status status = EvaluateSummary(constraints, ColumnBlock(type, values), &keep);
  EXPECT_TRUE(status.ok()) << status;
  return {keep.begin(), keep.end()};
}

TEST(Predicate, Check20TheFormsOfSql) {
  const std::vector<Scalar> values = {N(4), N(5), N(6), Scalar()};
  EXPECT_THAT(Kept(Ranges(kInt32, {{Exactly(N(5)), Exactly(N(5))}}), kInt32, values), ElementsAre(0, 1, 0, 0));             // = 5
  EXPECT_THAT(Kept(Ranges(kInt32, {{Above(N(5)), kHigh}}), kInt32, values), ElementsAre(0, 0, 1, 0));                       // > 5
  EXPECT_THAT(Kept(Ranges(kInt32, {{Exactly(N(5)), kHigh}}), kInt32, values), ElementsAre(0, 1, 1, 0));                     // >= 5
  EXPECT_THAT(Kept(Ranges(kInt32, {{kLow, Below(N(5))}}), kInt32, values), ElementsAre(1, 0, 0, 0));                        // < 5
  EXPECT_THAT(Kept(Ranges(kInt32, {{kLow, Exactly(N(5))}}), kInt32, values), ElementsAre(1, 1, 0, 0));                      // <= 5
  EXPECT_THAT(Kept(Ranges(kInt32, {{kLow, kHigh}}), kInt32, values), ElementsAre(1, 1, 1, 0));                              // IS NOT NULL
  EXPECT_THAT(Kept(Ranges(kInt32, {}, true), kInt32, values), ElementsAre(0, 0, 0, 1));                                     // IS NULL
  EXPECT_THAT(Kept(Ranges(kInt32, {{Above(N(5)), kHigh}, {kLow, Below(N(5))}}), kInt32, values), ElementsAre(1, 0, 1, 0));  // <> 5
  EXPECT_THAT(Kept(Equatable(kInt32, {N(6), N(4)}, true, false), kInt32, values), ElementsAre(1, 0, 1, 0));                 // IN (4, 6)
}

TEST(Predicate, Check20OverlappingAndAdjacentRangesMerge) {
  EXPECT_THAT(Normal(Ranges(kInt32, {{Exactly(N(5)), Exactly(N(9))}, {kLow, Below(N(5))}, {Exactly(N(20)), kHigh}})).ranges,
              ElementsAre(WireRange{kLow, Exactly(N(9))}, WireRange{Exactly(N(20)), kHigh}));
  EXPECT_THAT(Normal(Ranges(kInt32, {{kLow, Below(N(5))}, {Above(N(5)), kHigh}})).ranges,
              ElementsAre(WireRange{kLow, Below(N(5))}, WireRange{Above(N(5)), kHigh}));
  EXPECT_THAT(Normal(Ranges(kInt32, {{Exactly(N(1)), Exactly(N(9))}, {Exactly(N(2)), Exactly(N(3))}})).ranges,
              ElementsAre(WireRange{Exactly(N(1)), Exactly(N(9))}));
  // Neighbouring whole numbers are no neighbours on the line.
  EXPECT_EQ(Normal(Ranges(kInt32, {{Exactly(N(1)), Exactly(N(2))}, {Exactly(N(3)), Exactly(N(4))}})).ranges.size(), 2u);
}

TEST(Predicate, Check20RangesThatAreNone) {
  const auto error = [](WireRange range) {
    WireValueSet set = Ranges(kInt32, {std::move(range)});
    return NormalizeWireValueSet(&set).ToString();
  };
  EXPECT_THAT(error({Below(N(5)), kHigh}), HasSubstr("low marker is BELOW"));
  EXPECT_THAT(error({kLow, Above(N(5))}), HasSubstr("high marker is ABOVE"));
  EXPECT_THAT(error({Exactly(N(6)), Exactly(N(5))}), HasSubstr("above the high one"));
  EXPECT_THAT(error({Above(N(5)), Exactly(N(5))}), HasSubstr("above the high one"));
  EXPECT_THAT(error({Exactly(N(5)), Below(N(5))}), HasSubstr("above the high one"));
  EXPECT_THAT(error({Exactly(S("5")), kHigh}), HasSubstr("another type"));
}

TEST(Predicate, Check21NoneAllSingleMatrix) {
  const WireRange point{Exactly(N(5)), Exactly(N(5))}, everything{kLow, kHigh}, half{Exactly(N(5)), kHigh};
  struct Case {
    WireValueSet set;
    bool none, all, single;
  };
  const Case cases[] = {
      {Ranges(kInt32, {}), true, false, false},
      {Ranges(kInt32, {}, true), true, false, true},
      {Ranges(kInt32, {everything}), false, true, false},
      {Ranges(kInt32, {everything}, true), false, true, false},
      {Ranges(kInt32, {point}), false, false, true},
      {Ranges(kInt32, {point}, true), false, false, false},
      {Ranges(kInt32, {half}), false, false, false},
      {Equatable(kInt32, {}, true, false), true, false, false},
      {Equatable(kInt32, {}, true, true), false, false, true},
      {Equatable(kInt32, {}, false, false), false, false, false},
      {Equatable(kInt32, {}, false, true), false, true, false},
      {Equatable(kInt32, {N(5)}, true, false), false, false, true},
      {Equatable(kInt32, {N(5)}, true, true), false, false, false},
      {Equatable(kInt32, {N(5)}, false, false), false, false, false},
      {Equatable(kInt32, {N(5), N(6)}, true, false), false, false, false},
      {AllOrNone(kInt32, false, false), true, false, false},
      {AllOrNone(kInt32, false, true), false, false, false},
      {AllOrNone(kInt32, true, false), false, false, false},
      {AllOrNone(kInt32, true, true), false, true, false},
  };
  for (const Case& c : cases) {
    const size_t index = static_cast<size_t>(&c - cases);
    EXPECT_EQ(IsNone(c.set), c.none) << index;
    EXPECT_EQ(IsAll(c.set), c.all) << index;
    EXPECT_EQ(IsSingleValue(c.set), c.single) << index;
  }
}

TEST(Predicate, Check22ContainmentOfNullAndValues) {
  for (const bool null_allowed : {false, true}) {
    const std::vector<Scalar> values = {N(5), N(6), Scalar()};
    const int null = null_allowed;
    EXPECT_THAT(Kept(Ranges(kInt32, {{Exactly(N(5)), Exactly(N(5))}}, null_allowed), kInt32, values), ElementsAre(1, 0, null));
    EXPECT_THAT(Kept(Equatable(kInt32, {N(5), Scalar()}, true, null_allowed), kInt32, values), ElementsAre(1, 0, null));
    EXPECT_THAT(Kept(Equatable(kInt32, {N(5), Scalar()}, false, null_allowed), kInt32, values), ElementsAre(0, 1, null));  // a blacklist rejects NULL
    EXPECT_THAT(Kept(AllOrNone(kInt32, true, null_allowed), kInt32, values), ElementsAre(1, 1, null));
  }
  EXPECT_THAT(Kept(AllOrNone(kInt32, false, true), kInt32, {N(5), Scalar()}), ElementsAre(0, 1));
  EXPECT_THAT(Kept(AllOrNone(kInt32, false, false), kInt32, {N(5), Scalar()}), ElementsAre(1, 0)) << "the original writes NOT NULL so";
}

TEST(Predicate, Check23TypesMustFit) {
  const WireValueSet set = Ranges(kInt64, {{Exactly(N(5)), kHigh}});
  EXPECT_EQ(WireValueSetContains(set, kInt32, N(5)).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(WireValueSetContains(set, kUtf8, S("x")).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(WireValueSetContains(set, kInt64, S("x")).status().code(), StatusCode::kInvalid);
  WireConstraints constraints;
  constraints.summary = {{"col1", set}};
  std::vector<uint8_t> keep;
  EXPECT_THAT(EvaluateSummary(constraints, ColumnBlock(kInt32, {N(5)}), &keep).ToString(),
              HasSubstr("constraint on column \"col1\": a value of Int(32, true) cannot be tested"));
  // Of timestamps only the unit counts; the zone of the type is a placeholder.
  const WireType berlin{.kind = WireKind::kTimestamp, .unit = WireUnit::kMilli, .timezone = "Europe/Berlin"};
  EXPECT_TRUE(WireValueSetContains(Ranges(kZoned, {{Exactly(N(0)), kHigh}}), berlin, N(4096)).ValueOrDie());
  const WireType micro{.kind = WireKind::kTimestamp, .unit = WireUnit::kMicro, .timezone = "UTC"};
  EXPECT_EQ(WireValueSetContains(Ranges(micro, {{Exactly(N(0)), kHigh}}), micro, N(1)).status().code(), StatusCode::kInvalid);
  const WireType naive{.kind = WireKind::kTimestamp, .unit = WireUnit::kMilli};
  EXPECT_EQ(WireValueSetContains(Ranges(naive, {{Exactly(N(0)), kHigh}}), naive, N(1)).status().code(), StatusCode::kInvalid);
}

TEST(Predicate, Check23DecimalsAreRescaledHalfUp) {
  const WireType set_type{.kind = WireKind::kDecimal, .bit_width = 128, .precision = 10, .scale = 1};
  const WireType column{.kind = WireKind::kDecimal, .bit_width = 128, .precision = 10, .scale = 2};
  const WireValueSet set = Ranges(set_type, {{Exactly(Int128{13}), Exactly(Int128{13})}});  // = 1.3
  EXPECT_THAT(Kept(set, column, {Int128{124}, Int128{125}, Int128{130}, Int128{134}, Int128{135}, Int128{-125}}), ElementsAre(0, 1, 1, 1, 0, 0));
  EXPECT_THAT(Kept(Ranges(set_type, {{Exactly(Int128{-13}), Exactly(Int128{-13})}}), column, {Int128{-125}, Int128{-124}}), ElementsAre(1, 0));
  // The widest decimals cannot overflow into a match.
  const WireType wide{.kind = WireKind::kDecimal, .bit_width = 128, .precision = 38, .scale = 38},
      whole{.kind = WireKind::kDecimal, .bit_width = 128, .precision = 38, .scale = 0};
  EXPECT_THAT(Kept(Ranges(wide, {{kLow, Exactly(Int128{0})}}), whole, {Int128{1} << 100, -(Int128{1} << 100), Int128{0}}), ElementsAre(0, 1, 1));
}

TEST(Predicate, Check24JavasOrder) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  EXPECT_THAT(Kept(Ranges(kFloat64, {{Above(inf), kHigh}}), kFloat64, {nan, -nan, inf, 1.0}), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(Kept(Equatable(kFloat64, {nan}, true, false), kFloat64, {nan, 0.0}), ElementsAre(1, 0));
  EXPECT_THAT(Kept(Ranges(kFloat64, {{kLow, Below(0.0)}}), kFloat64, {-0.0, 0.0, -1.0}), ElementsAre(1, 0, 1));
  const char *emoji = "\xF0\x9F\x98\x80", *private_use = "\xEE\x80\x80";  // U+1F600 is D83D DE00 in UTF-16: below U+E000
  EXPECT_LT(CompareWireValues(kUtf8, S(emoji), S(private_use)), 0);
  EXPECT_GT(CompareWireValues(kUtf8, S(emoji), S("\xED\x9F\xBF")), 0);
  EXPECT_LT(CompareWireValues(kUtf8, S("a"), S("ab")), 0);
  EXPECT_THAT(Kept(Ranges(kUtf8, {{Exactly(S(private_use)), kHigh}}), kUtf8, {S(emoji), S(private_use), S("z")}), ElementsAre(0, 1, 0));
  EXPECT_GT(CompareWireValues(kBinary, S("\x80"), S("\x7f")), 0);
  EXPECT_LT(CompareWireValues(kBool, false, true), 0);
}

TEST(Predicate, Check24InstantsInTwoZonesAreNotEqual) {
  const int64_t utc = Packed(1000, "UTC"), east = Packed(1000, "+01:00"), west = Packed(1000, "-05:00"), later = Packed(1001, "-05:00");
  EXPECT_LT(CompareWireValues(kZoned, west, utc), 0);
  EXPECT_LT(CompareWireValues(kZoned, utc, east), 0);
  EXPECT_LT(CompareWireValues(kZoned, east, later), 0);
  EXPECT_NE(CompareWireValues(kZoned, Packed(1000, "+00:00"), Packed(1000, "Africa/Abidjan")), 0);  // one local time, two ids
  EXPECT_THAT(Kept(Equatable(kZoned, {utc}, true, false), kZoned, {utc, east, west}), ElementsAre(1, 0, 0));
  EXPECT_THAT(Kept(Ranges(kZoned, {{Exactly(utc), kHigh}}), kZoned, {utc, east, west, later}), ElementsAre(1, 1, 0, 1));
}

TEST(Predicate, AColumnThatTheBlockLacksIsNotFiltered) {
  WireConstraints constraints;
  constraints.summary = {{"other", Ranges(kInt32, {})}};
  std::vector<uint8_t> keep;
  ASSERT_TRUE(EvaluateSummary(constraints, ColumnBlock(kInt32, {N(1), Scalar()}), &keep).ok());
  EXPECT_THAT(keep, ElementsAre(1, 1));
}

// Random sets of every type: the loops over columns agree with the definition, value by value.
TEST(Predicate, TheLoopsAgreeWithContainment) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const WireSchema schema = EveryType();
  int compared = 0;
  for (int round = 0; round < 60; ++round) {
    const Batch rows = RandomBatch(LogicalSchema(schema).ValueOrDie(), 40, 4, random());
    for (size_t c = 0; c < schema.fields.size(); ++c) {
      const WireType& type = schema.fields[c].type;
      if (rows.column(c).type.is_nested() || (type.kind == WireKind::kTimestamp && type.unit != WireUnit::kMilli)) continue;
      const auto pick = [&] { return ScalarAt(rows.column(c), static_cast<int64_t>(random() % 40)); };
      WireValueSet set = Ranges(type, {}, random() % 2 == 0);
      set.kind = static_cast<WireValueSet::Kind>(random() % 3);
      set.white_list = random() % 2 == 0;
      set.all = random() % 2 == 0;
      for (uint64_t i = random() % (round % 2 == 0 ? 4 : 30); i != 0; --i) {
        set.values.push_back(pick());
        Marker low = random() % 8 == 0 ? kLow : Marker{pick(), random() % 2 == 0 ? Bound::kExactly : Bound::kAbove};
        Marker high = random() % 8 == 0 ? kHigh : random() % 4 == 0 ? low : Marker{pick(), random() % 2 == 0 ? Bound::kExactly : Bound::kBelow};
        WireValueSet one = Ranges(type, {{low, high}});
        if (NormalizeWireValueSet(&one).ok()) set.ranges.push_back(one.ranges[0]);
      }
      WireConstraints constraints;
      constraints.summary = {{schema.fields[c].name, set}};
      std::vector<uint8_t> keep;
      ASSERT_TRUE(EvaluateSummary(constraints, {schema, rows}, &keep).ok());
      const WireValueSet normal = Normal(set);
      for (int64_t row = 0; row < 40; ++row) {
        const Scalar value = ScalarAt(rows.column(c), row);
        const bool expected = WireValueSetContains(set, type, value).ValueOrDie();
        ASSERT_EQ(keep[static_cast<size_t>(row)] != 0, expected) << schema.fields[c].name << " row " << row;
        ASSERT_EQ(Contains(normal, value), expected) << "normalised";
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 10000);
}

}  // namespace
}  // namespace lotic::athena
