// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "athena_protocol/logical_expression.h"
#include "athena_protocol/test_messages.h"
#include "athena_protocol/zone_key.h"
#include "scan/expression.h"

namespace lotic::athena {
namespace {

using namespace testing;  // NOLINT: the samples
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Scalar N(int64_t value) { return value; }
Scalar S(const char* text) { return std::string(text); }
constexpr CompareOptions kSql{};

WireConstraints Summary(std::string column, WireValueSet set) {
  WireConstraints constraints;
  constraints.summary = {{std::move(column), std::move(set)}};
  return constraints;
}
WireConstraints Where(WireExpression expression) {
  WireConstraints constraints;
  constraints.expressions = {std::move(expression)};
  return constraints;
}
LogicalConstraints Logical(const WireConstraints& wire, const Schema& table) {
  Result<LogicalConstraints> logical = ToLogicalConstraints(wire, table);
  EXPECT_TRUE(logical.ok()) << logical.status();
  return logical.ok() ? *logical : LogicalConstraints{};
}

Batch ColumnOf(const Schema& table, const std::vector<Scalar>& values) {
  BatchBuilder builder(std::make_shared<const Schema>(table));
  for (const Scalar& value : values) {
    if (IsNull(value))
      builder.column(0).AppendNull();
    else if (const auto* text = std::get_if<std::string>(&value))
      builder.column(0).AppendBytes(*text);
    else if (const auto* real = std::get_if<double>(&value))
      builder.column(0).AppendDouble(*real);
    else if (const auto* natural = std::get_if<uint64_t>(&value))
      builder.column(0).AppendUInt64(*natural);
    else if (const auto* decimal = std::get_if<Int128>(&value))
      builder.column(0).AppendDecimal(*decimal);
    else
      builder.column(0).AppendInt64(std::get<int64_t>(value));
  }
  return builder.Finish(static_cast<int64_t>(values.size()));
}
std::vector<int> Kept(const Constraints& constraints, const Batch& batch, const CompareOptions& options = kSql) {
  std::vector<uint8_t> keep;
  const Status status = EvaluateConstraints(constraints, options, batch, &keep);
  EXPECT_TRUE(status.ok()) << status;
  return {keep.begin(), keep.end()};
}

TEST(LogicalConstraints, NamesComeBackInTheirCase) {
  const Schema table{{{"ID", Type::Int32()}, {"name", Type::String(), {{std::string(kSourceNameKey), "Name"}}}}};
  WireConstraints wire = SampleConstraints();
  wire.summary.pop_back();
  const LogicalConstraints logical = Logical(wire, table);
  EXPECT_TRUE(logical.exact) << ::testing::PrintToString(logical.left_out);
  EXPECT_EQ(logical.constraints.columns.size(), 2u);
  EXPECT_TRUE(logical.constraints.columns.contains("ID"));
  EXPECT_EQ(logical.constraints.columns.at("Name"), ValueSet::Listed({S("a"), S("b\"\n\xc3\xa4")}));
  EXPECT_EQ(logical.constraints.expressions[0].ToString(), "less_than(\"ID\", 90)");
}

TEST(LogicalConstraints, WhatTheTableLacksIsLeftOutAndSaid) {
  const Schema table{{{"a", Type::Int32()}, {"A", Type::Int32()}, {"b", Type::Time()}}};
  for (const auto& [column, sentence] :
       {std::pair("c", "is not in the table"), std::pair("a", "could be \"a\" or \"A\""), std::pair("b", "does not travel as")}) {
    const LogicalConstraints logical = Logical(Summary(column, Ranges(kInt32, {{Exactly(N(1)), kHigh}})), table);
    EXPECT_FALSE(logical.exact);
    EXPECT_TRUE(logical.constraints.empty());
    EXPECT_THAT(logical.left_out, ElementsAre(HasSubstr(sentence)));
  }
  EXPECT_TRUE(Logical(Summary("c", AllOrNone(kInt32, true, true)), table).exact) << "no constraint at all";
}

TEST(LogicalConstraints, BoundsOfMillisecondsKeepTheRowsOfFinerColumns) {
  // The column's values, floored to milliseconds, against the set: the definition. Every unit, every form of bound, around zero and at the ends of the range.
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const auto floor_ms = [](int64_t value, TimeUnit unit) -> Int128 {
    if (unit == TimeUnit::kSecond) return Int128{value} * 1000;
    const int64_t by = unit == TimeUnit::kMilli ? 1 : unit == TimeUnit::kMicro ? 1000 : 1000000;
    return value / by - (value % by < 0 ? 1 : 0);
  };
  for (int round = 0; round < 3000; ++round) {
    const auto unit = static_cast<TimeUnit>(random() % 4);
    const bool utc = random() % 2 == 0;
    const Schema table{{{"at", Type::Timestamp(unit, utc)}}};
    const WireType type = utc ? kZoned : kDateMilli;
    const auto wire_value = [&](int64_t millis) { return N(utc ? millis * 4096 + static_cast<int64_t>(random() % 3) * 841 : millis); };
    const auto near = [&] { return static_cast<int64_t>(random() % 9) - 4; };
    WireValueSet set = Ranges(type, {}, random() % 2 == 0);
    std::vector<std::pair<Int128, Int128>> allowed;  // in milliseconds
    constexpr Int128 kFar = Int128{1} << 90;
    if (random() % 3 == 0) {
      set.kind = WireValueSet::Kind::kEquatable;
      set.white_list = random() % 2 == 0;
      for (uint64_t i = random() % 3; i != 0; --i) {
        const int64_t millis = near();
        set.values.push_back(wire_value(millis));
        allowed.emplace_back(millis, millis);
      }
    } else {
      const int64_t low = near(), high = low + 1 + static_cast<int64_t>(random() % 4);
      const int form = static_cast<int>(random() % 4);
      Marker from = form == 0 ? kLow : Marker{wire_value(low), random() % 2 == 0 ? Bound::kExactly : Bound::kAbove};
      Marker to = form == 1 ? kHigh : Marker{wire_value(high), random() % 2 == 0 ? Bound::kExactly : Bound::kBelow};
      if (random() % 10 == 0) {
        const int64_t end = utc ? kMaxPackableMs : std::numeric_limits<int64_t>::max();
        from = kLow;
        to = {utc ? N(end * 4096) : N(end), Bound::kExactly};
        allowed.emplace_back(-kFar, end);
      } else {
        allowed.emplace_back(form == 0 ? -kFar : low + (from.bound == Bound::kAbove ? 1 : 0), form == 1 ? kFar : high - (to.bound == Bound::kBelow ? 1 : 0));
      }
      set.ranges = {{from, to}};
    }
    std::vector<Scalar> values = {Scalar(), N(std::numeric_limits<int64_t>::max()), N(std::numeric_limits<int64_t>::min())};
    const int64_t scale = unit == TimeUnit::kMicro ? 1000 : unit == TimeUnit::kNano ? 1000000 : 1;
    for (int64_t ms = -6; ms <= 6; ++ms) {
      for (const int64_t more : {int64_t{0}, int64_t{1}, scale - 1}) values.push_back(N(ms * scale + more));
    }
    const LogicalConstraints logical = Logical(Summary("at", set), table);
    ASSERT_TRUE(logical.exact);
    const std::vector<int> kept = Kept(logical.constraints, ColumnOf(table, values));
    for (size_t row = 0; row < values.size(); ++row) {
      bool expected = set.null_allowed;
      if (!IsNull(values[row])) {
        const Int128 millis = floor_ms(std::get<int64_t>(values[row]), unit);
        expected = std::any_of(allowed.begin(), allowed.end(), [&](const auto& range) { return range.first <= millis && millis <= range.second; });
        if (set.kind == WireValueSet::Kind::kEquatable) expected = expected == set.white_list;
      }
      ASSERT_EQ(kept[row] != 0, expected) << "round " << round << " " << table.fields[0].type.ToString() << " row " << row << ": "
                                          << ScalarToString(table.fields[0].type, values[row]);
    }
  }
}

TEST(LogicalConstraints, UnsignedColumnsTakeWiderBounds) {
  const Schema table{{{"u", Type::UInt8()}}};
  const WireType int16{.kind = WireKind::kInt, .bit_width = 16};
  const auto kept = [&](WireValueSet set) {
    return Kept(Logical(Summary("u", std::move(set)), table).constraints, ColumnOf(table, {uint64_t{0}, uint64_t{200}, uint64_t{255}}));
  };
  EXPECT_THAT(kept(Ranges(int16, {{Exactly(N(-5)), Below(N(200))}})), ElementsAre(1, 0, 0));
  EXPECT_THAT(kept(Ranges(int16, {{Exactly(N(200)), Exactly(N(999))}})), ElementsAre(0, 1, 1));
  EXPECT_THAT(kept(Ranges(int16, {{Exactly(N(300)), kHigh}})), ElementsAre(0, 0, 0));
  EXPECT_THAT(kept(Equatable(int16, {N(300), N(255)}, false, false)), ElementsAre(1, 1, 0));
  const Schema wide{{{"u", Type::UInt64()}}};
  const WireType decimal{.kind = WireKind::kDecimal, .bit_width = 128, .precision = 20, .scale = 0};
  const LogicalConstraints top = Logical(Summary("u", Ranges(decimal, {{Exactly(Int128{std::numeric_limits<uint64_t>::max()}), kHigh}})), wide);
  EXPECT_THAT(Kept(top.constraints, ColumnOf(wide, {uint64_t{5}, std::numeric_limits<uint64_t>::max()})), ElementsAre(0, 1));
}

TEST(LogicalConstraints, ZonedMarkersMeanInstants) {
  const Schema table{{{"at", Type::Timestamp(TimeUnit::kMilli, true)}}};
  const Scalar noon_west = PackZoned(1000, ZoneKeyOf("-05:00").ValueOrDie()).ValueOrDie();
  const LogicalConstraints logical = Logical(Summary("at", Equatable(kZoned, {noon_west}, true, false)), table);
  EXPECT_THAT(Kept(logical.constraints, ColumnOf(table, {N(999), N(1000), N(1001)})), ElementsAre(0, 1, 0)) << "the SDK would keep no value in UTC";
}

TEST(LogicalConstraints, ZerosNaNAndTheOrderOfTextsDoNotDependOnTheEvaluator) {
  const Schema reals{{{"r", Type::Float64()}}}, texts{{{"t", Type::String()}}};
  const CompareOptions java{CompareOptions::StringOrder::kUtf16Unit, true};
  const std::vector<Scalar> numbers = {-0.0, 0.0, 1.0, std::nan("")};
  for (const CompareOptions& options : {kSql, java}) {
    const auto kept = [&](WireValueSet set) { return Kept(Logical(Summary("r", std::move(set)), reals).constraints, ColumnOf(reals, numbers), options); };
    EXPECT_THAT(kept(Ranges(kFloat64, {{Exactly(0.0), Exactly(1.0)}})), ElementsAre(1, 1, 1, 0));
    EXPECT_THAT(kept(Ranges(kFloat64, {{Above(-0.0), Exactly(1.0)}})), ElementsAre(0, 0, 1, 0));
    EXPECT_THAT(kept(Ranges(kFloat64, {{kLow, Exactly(-0.0)}})), ElementsAre(1, 1, 0, 0));
    EXPECT_THAT(kept(Ranges(kFloat64, {{kLow, Below(0.0)}})), ElementsAre(0, 0, 0, 0));
    EXPECT_THAT(kept(Equatable(kFloat64, {0.0}, true, false)), ElementsAre(1, 1, 0, 0));
    EXPECT_THAT(kept(Equatable(kFloat64, {-0.0}, false, false)), ElementsAre(0, 0, 1, 1));
  }
  EXPECT_FALSE(Logical(Summary("r", Ranges(kFloat64, {{Above(0.5), kHigh}})), reals).exact) << "NaN is above 0.5 for the SDK, not for SQL";
  EXPECT_TRUE(Logical(Summary("r", Ranges(kFloat64, {{kLow, kHigh}})), reals).exact);
  EXPECT_TRUE(Logical(Summary("t", Ranges(kUtf8, {{Above(S("z")), kHigh}})), texts).exact);
  const LogicalConstraints disputed = Logical(Summary("t", Ranges(kUtf8, {{Above(S("\xEE\x80\x80")), kHigh}})), texts);
  EXPECT_FALSE(disputed.exact);
  EXPECT_TRUE(disputed.constraints.empty());
  EXPECT_FALSE(Logical(Summary("t", Equatable(kUtf8, {S("\xEE\x80\x80"), S("\xF0\x9F\x98\x80")}, true, false)), texts).exact)
      << "no order of the list suits both";
  EXPECT_TRUE(Logical(Summary("t", Equatable(kUtf8, {S("a"), S("\xF0\x9F\x98\x80")}, true, false)), texts).exact);
  EXPECT_TRUE(Logical(Summary("t", Ranges(kUtf8, {{Exactly(S("\xF0\x9F\x98\x80")), Exactly(S("\xF0\x9F\x98\x80"))}})), texts).exact);
}

TEST(LogicalConstraints, NestedColumnsKnowNullOnly) {
  const Schema table{{{"l", Type::List(Type::Int32())}}};
  const WireType list{.kind = WireKind::kList};
  EXPECT_EQ(Logical(Summary("l", AllOrNone(list, true, false)), table).constraints.columns.at("l"), ValueSet::All(false));
  EXPECT_EQ(Logical(Summary("l", AllOrNone(list, false, false)), table).constraints.columns.at("l"), ValueSet::All(false))
      << "NOT NULL, as the original writes it";
  EXPECT_EQ(Logical(Summary("l", AllOrNone(list, false, true)), table).constraints.columns.at("l"), ValueSet::None(true));
  EXPECT_EQ(Logical(Summary("l", Ranges(list, {}, true)), table).constraints.columns.at("l"), ValueSet::None(true));
}

// ----------------------------------------------------------------------------------------------------------------- expressions

TEST(LogicalConstraints, Check25EveryStandardFunctionHasItsOwn) {
  const Schema table{{{"a", Type::Int32()}, {"s", Type::String()}, {"f", Type::Bool()}}};
  const WireExpression a = Variable("a", kInt32), s = Variable("s", kUtf8), f = Variable("f", kBool), one = Constants(kInt32, {N(1)});
  const auto compared = [&](WireExpression number) { return Call("$equal", kBool, {std::move(number), one}); };
  const std::vector<std::pair<WireExpression, std::string>> cases = {
      {Call("$or", kBool, {f, f}), "or(\"f\", \"f\")"},
      {Call("$not", kBool, {Call("$and", kBool, {f, f})}), "not(and(\"f\", \"f\"))"},
      {Call("$is_null", kBool, {s}), "is_null(\"s\")"},
      {compared(Call("$nullif", kInt32, {a, one})), "equal(nullif(\"a\", 1), 1)"},
      {Call("$not_equal", kBool, {a, one}), "not_equal(\"a\", 1)"},
      {Call("$less_than_or_equal", kBool, {a, one}), "less_than_or_equal(\"a\", 1)"},
      {Call("$greater_than", kBool, {a, one}), "greater_than(\"a\", 1)"},
      {Call("$greater_than_or_equal", kBool, {a, one}), "greater_than_or_equal(\"a\", 1)"},
      {Call("$is_distinct_from", kBool, {a, one}), "is_distinct_from(\"a\", 1)"},
      {compared(Call("$add", kInt32, {a, one})), "equal(add(\"a\", 1), 1)"},
      {compared(Call("$subtract", kInt32, {a, one})), "equal(subtract(\"a\", 1), 1)"},
      {compared(Call("$multiply", kInt32, {a, one})), "equal(multiply(\"a\", 1), 1)"},
      {compared(Call("$divide", kInt32, {a, one})), "equal(divide(\"a\", 1), 1)"},
      {compared(Call("$modulus", kInt32, {a, one})), "equal(modulus(\"a\", 1), 1)"},
      {compared(Call("$negate", kInt32, {a})), "equal(negate(\"a\"), 1)"},
      {Call("$like_pattern", kBool, {s, Constants(kUtf8, {S("a%")})}), "like(\"s\", 'a%')"},
      {Call("$in", kBool, {a, Call("$array", {.kind = WireKind::kList}, {one, Constants(kInt32, {Scalar()}), Call("$add", kInt32, {a, one})})}),
       "in(\"a\", 1, NULL, add(\"a\", 1))"},
      {Call("$in", kBool, {a, Constants(kInt32, {N(1), N(2)})}), "in(\"a\", 1, 2)"},
  };
  for (const auto& [expression, text] : cases) {
    const LogicalConstraints logical = Logical(Where(expression), table);
    ASSERT_TRUE(logical.exact) << ::testing::PrintToString(logical.left_out);
    EXPECT_EQ(logical.constraints.expressions[0].ToString(), text);
    EXPECT_TRUE(CheckExpression(logical.constraints.expressions[0], table).ok());
  }
}

TEST(LogicalConstraints, Check25WhatIsUnknownIsLeftOutAndTheRestStays) {
  const Schema table{{{"a", Type::Int32()}}};
  const WireExpression a = Variable("a", kInt32), one = Constants(kInt32, {N(1)});
  const LogicalConstraints logical = Logical(Where(Call("$and", kBool, {Call("$soundex", kBool, {a}), Call("$equal", kBool, {a, one})})), table);
  EXPECT_FALSE(logical.exact || logical.expressions_exact);
  EXPECT_THAT(logical.left_out, ElementsAre("expression: function \"$soundex\" is not known"));
  EXPECT_EQ(logical.constraints.expressions.size(), 1u);
  WireExpression null_block = Constants(kInt32, {});
  null_block.null_block = true;
  for (const WireExpression& odd : {Call("$equal", kBool, {a, null_block}), Call("$equal", kBool, {a, Constants(kInt32, {N(1), N(2)})}),
                                    Call("$equal", kBool, {a}), Call("$equal", kBool, {a, Constants(kInt64, {N(1)})}), Call("$array", kBool, {a}), a,
                                    Call("$in", kBool, {a, a}), Call("$is_null", kBool, {Variable("zz", kInt32)})}) {
    const LogicalConstraints none = Logical(Where(odd), table);
    EXPECT_FALSE(none.exact);
    EXPECT_EQ(none.left_out.size(), 1u);
    EXPECT_TRUE(none.constraints.empty());
  }
  WireExpression deep = Call("$equal", kBool, {a, one});
  for (int i = 0; i < 1000; ++i) deep = Call("$not", kBool, {std::move(deep)});
  EXPECT_FALSE(Logical(Where(deep), table).exact);
}

TEST(LogicalConstraints, Check25ExpressionsTravel) {
  WireExpression null_block = Constants(kInt32, {});
  null_block.null_block = true;
  ReadRecordsRequest read = WithBase(ReadRecordsRequest{});
  read.constraints.expressions = {
      Call("$or", kBool,
           {Call("$not", kBool, {Variable("f", kBool)}), Call("$some_new_thing", kBool, {Constants(kUtf8, {S("x"), Scalar(), S("y")}), null_block})}),
      Call("$in", kBool, {Variable("a", kInt32), Call("$array", {.kind = WireKind::kList}, {Constants(kInt32, {Scalar()})})})};
  const auto parsed = ParseRequest(WriteRequest(read, 6).ValueOrDie());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(std::get<ReadRecordsRequest>(parsed->request).constraints, read.constraints);
}

TEST(LogicalConstraints, ComparisonsOfRoundedColumnsKeepTheirRows) {
  const Schema table{{{"at", Type::Timestamp(TimeUnit::kMicro, false)}}};
  const std::vector<Scalar> values = {N(-1), N(0), N(999), N(1000), N(1999), N(2000), Scalar()};
  const WireExpression at = Variable("at", kDateMilli), one = Constants(kDateMilli, {N(1)}), null = Constants(kDateMilli, {Scalar()});
  const auto kept = [&](WireExpression expression) {
    const LogicalConstraints logical = Logical(Where(std::move(expression)), table);
    EXPECT_TRUE(logical.exact) << ::testing::PrintToString(logical.left_out);
    return Kept(logical.constraints, ColumnOf(table, values));
  };
  EXPECT_THAT(kept(Call("$equal", kBool, {at, one})), ElementsAre(0, 0, 0, 1, 1, 0, 0));
  EXPECT_THAT(kept(Call("$not_equal", kBool, {one, at})), ElementsAre(1, 1, 1, 0, 0, 1, 0));
  EXPECT_THAT(kept(Call("$less_than", kBool, {at, one})), ElementsAre(1, 1, 1, 0, 0, 0, 0));
  EXPECT_THAT(kept(Call("$less_than", kBool, {one, at})), ElementsAre(0, 0, 0, 0, 0, 1, 0));
  EXPECT_THAT(kept(Call("$greater_than_or_equal", kBool, {at, one})), ElementsAre(0, 0, 0, 1, 1, 1, 0));
  EXPECT_THAT(kept(Call("$less_than_or_equal", kBool, {at, one})), ElementsAre(1, 1, 1, 1, 1, 0, 0));
  EXPECT_THAT(kept(Call("$is_distinct_from", kBool, {at, one})), ElementsAre(1, 1, 1, 0, 0, 1, 1));
  EXPECT_THAT(kept(Call("$is_distinct_from", kBool, {at, null})), ElementsAre(1, 1, 1, 1, 1, 1, 0));
  EXPECT_THAT(kept(Call("$equal", kBool, {at, null})), ElementsAre(0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(kept(Call("$not", kBool, {Call("$in", kBool, {at, Call("$array", {.kind = WireKind::kList}, {one, one})})})), ElementsAre(1, 1, 1, 0, 0, 1, 0));
  EXPECT_THAT(kept(Call("$not", kBool, {Call("$in", kBool, {at, Constants(kDateMilli, {N(1), Scalar()})})})), ElementsAre(0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(kept(Call("$is_null", kBool, {at})), ElementsAre(0, 0, 0, 0, 0, 0, 1));
  EXPECT_THAT(kept(Call("$not", kBool, {Call("$less_than", kBool, {at, Constants(kDateMilli, {N(std::numeric_limits<int64_t>::min())})})})),
              ElementsAre(1, 1, 1, 1, 1, 1, 0));
  EXPECT_FALSE(Logical(Where(Call("$equal", kBool, {at, at})), table).exact);
  EXPECT_FALSE(Logical(Where(Call("$in", kBool, {at, Constants({.kind = WireKind::kDate, .unit = WireUnit::kDay}, {N(1)})})), table).exact)
      << "days are no milliseconds";
}

// ------------------------------------------------------------------------------------------------------------------ to the wire

TEST(WireConstraints, RoundTripOverEveryScalarType) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  WireSchema wire_table = EveryType();
  std::erase_if(wire_table.fields, [](const WireField& field) {
    return !field.children.empty() || (field.type.kind == WireKind::kTimestamp && field.type.unit == WireUnit::kMicro);
  });
  const Schema table = LogicalSchema(wire_table).ValueOrDie();
  for (int round = 0; round < 200; ++round) {
    const Batch random_rows = RandomBatch(table, 60, 5, random());
    // Zoned values are held as instants here, within what can be packed.
    Constraints constraints;
    for (size_t c = 0; c < table.fields.size(); ++c) {
      const Type& type = table.fields[c].type;
      if (type.utc()) continue;
      const auto pick = [&] { return ScalarAt(random_rows.column(c), static_cast<int64_t>(random() % 60)); };
      ValueSet set;
      set.kind = static_cast<ValueSet::Kind>(random() % 5);
      set.null_allowed = random() % 2 == 0;
      for (uint64_t i = random() % 100; i != 0; i /= 2) {
        const Scalar x = pick(), y = pick();
        if (IsNull(x) || IsNull(y)) continue;
        set.values.push_back(x);
        set.ranges.push_back({x, random() % 2 == 0, random() % 4 == 0 ? std::nullopt : std::optional<Scalar>(y), random() % 2 == 0});
      }
      ASSERT_TRUE(NormalizeValueSet(type, kSql, &set).ok());
      constraints.columns[table.fields[c].name] = set;
    }
    const Result<WireConstraints> wire = ToWireConstraints(constraints, wire_table);
    ASSERT_TRUE(wire.ok()) << wire.status();
    if (round % 4 == 0) {  // the same through the JSON
      ReadRecordsRequest read = WithBase(ReadRecordsRequest{});
      read.constraints = *wire;
      const auto parsed = ParseRequest(WriteRequest(read, 6).ValueOrDie());
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      ASSERT_EQ(std::get<ReadRecordsRequest>(parsed->request).constraints, *wire);
    }
    const LogicalConstraints back = Logical(*wire, table);
    for (size_t c = 0; c < table.fields.size(); ++c) {
      const std::string& name = table.fields[c].name;
      const auto before = std::as_const(constraints.columns).find(name), after = std::as_const(back.constraints.columns).find(name);
      if (before == constraints.columns.cend()) continue;
      for (int64_t row = 0; row < 60; ++row) {
        const Scalar value = ScalarAt(random_rows.column(c), row);
        const bool kept = after == back.constraints.columns.cend() || ValueSetAllows(table.fields[c].type, kSql, after->second, value);
        const bool exact =
            std::none_of(back.left_out.begin(), back.left_out.end(), [&](const std::string& why) { return why.find("\"" + name + "\"") != std::string::npos; });
        if (!exact && kept) continue;  // more rows, never fewer
        ASSERT_EQ(kept, ValueSetAllows(table.fields[c].type, kSql, before->second, value)) << name << " " << ScalarToString(table.fields[c].type, value);
      }
    }
  }
}

TEST(WireConstraints, ZonedBoundsReachValuesOfAllZones) {
  const WireSchema table{{{"at", true, kZoned}}};
  Constraints constraints;
  constraints.columns["at"] = ValueSet::Range({N(1000), true, N(2000), true});
  const WireValueSet set = ToWireConstraints(constraints, table).ValueOrDie().summary[0].second;
  for (const char* zone : {"UTC", "-14:00", "+14:00", "Europe/Berlin"}) {
    const int key = ZoneKeyOf(zone).ValueOrDie();
    for (const int64_t millis : {1000, 1500, 2000})
      EXPECT_TRUE(WireValueSetContains(set, kZoned, PackZoned(millis, key).ValueOrDie()).ValueOrDie()) << zone << millis;
    for (const int64_t millis : {998, 2002})
      EXPECT_FALSE(WireValueSetContains(set, kZoned, PackZoned(millis, key).ValueOrDie()).ValueOrDie()) << zone << millis;
  }
  constraints.columns["at"] = ValueSet::Range({N(kMinPackableMs), true, N(kMaxPackableMs), true});
  EXPECT_TRUE(ToWireConstraints(constraints, table).ok());
  constraints.columns["at"] = ValueSet::Listed({N(kMaxPackableMs + 1)});
  EXPECT_EQ(ToWireConstraints(constraints, table).status().code(), StatusCode::kInvalid);
}

TEST(WireConstraints, LongListsTravelAsOneBlock) {
  const WireSchema table{{{"a", true, kInt64}}};
  std::vector<Scalar> values;
  for (int64_t i = 0; i < 1000; ++i) values.push_back(N(i * 2));
  Constraints constraints;
  constraints.columns["a"] = ValueSet::Listed(values);
  EXPECT_EQ(ToWireConstraints(constraints, table).ValueOrDie().summary[0].second.kind, WireValueSet::Kind::kEquatable);
  constraints.columns["a"] = ValueSet::Listed({N(1), N(2)});
  EXPECT_EQ(ToWireConstraints(constraints, table).ValueOrDie().summary[0].second.ranges.size(), 2u);
}

TEST(WireConstraints, ExpressionsComeBackAsTheyWere) {
  const WireSchema wire_table{{{"a", true, kInt32}, {"s", true, kUtf8}, {"at", true, kZoned}}};
  const Schema table = LogicalSchema(wire_table).ValueOrDie();
  const auto column = [&](size_t i) { return Expression{Expression::Kind::kColumn, table.fields[i].type, {}, table.fields[i].name, {}}; };
  const auto constant = [](Type type, Scalar value) { return Expression{Expression::Kind::kConstant, std::move(type), std::move(value), "", {}}; };
  const auto condition = [](const char* name, std::vector<Expression> args) {
    return Expression{Expression::Kind::kCall, Type::Bool(), {}, name, std::move(args)};
  };
  Constraints constraints;
  constraints.expressions = {condition("in", {column(0), constant(Type::Int32(), N(1)), constant(Type::Int32(), {})}),
                             condition("like", {column(1), constant(Type::String(), S("a_%"))}),
                             condition("less_than", {column(2), constant(Type::Timestamp(TimeUnit::kMilli, true), N(1234))})};
  const WireConstraints wire = ToWireConstraints(constraints, wire_table).ValueOrDie();
  EXPECT_EQ(wire.expressions[2].args[1].constants[0], N(1234 * 4096));
  EXPECT_EQ(Logical(wire, table).constraints, constraints);
  constraints.expressions = {condition("is_not_distinct_from", {column(0), column(0)})};
  EXPECT_EQ(Logical(ToWireConstraints(constraints, wire_table).ValueOrDie(), table).constraints.expressions[0].ToString(),
            "not(is_distinct_from(\"a\", \"a\"))");
  constraints.expressions = {condition("equal", {column(0), constant(Type::UInt64(), uint64_t{1})})};
  EXPECT_EQ(ToWireConstraints(constraints, wire_table).status().code(), StatusCode::kInvalid);
}

TEST(WireConstraints, WhatAColumnCannotHoldIsRefused) {
  const WireSchema table{{{"a", true, {.kind = WireKind::kInt, .bit_width = 8}}, {"l", true, {.kind = WireKind::kList}, {{"", true, kInt32}}}}};
  const auto code = [&](const char* name, ValueSet set) { return ToWireConstraints({{{name, std::move(set)}}, {}}, table).status().code(); };
  EXPECT_EQ(code("a", ValueSet::Listed({N(300)})), StatusCode::kInvalid);
  EXPECT_EQ(code("a", ValueSet::Listed({S("x")})), StatusCode::kInvalid);
  EXPECT_EQ(code("b", ValueSet::Listed({N(1)})), StatusCode::kInvalid);
  EXPECT_EQ(code("l", ValueSet::Listed({N(1)})), StatusCode::kInvalid);
  EXPECT_EQ(code("l", ValueSet::None(true)), StatusCode::kOk);
}

}  // namespace
}  // namespace lotic::athena
