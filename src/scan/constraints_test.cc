// SPDX-License-Identifier: Apache-2.0
#include "lotic/constraints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "lotic/batch_builder.h"

namespace lotic {
namespace {

const CompareOptions kSql;
const CompareOptions kJava = {CompareOptions::StringOrder::kUtf16Unit, true};

ValueRange Between(std::optional<Scalar> low, bool low_in, std::optional<Scalar> high, bool high_in) {
  return {std::move(low), low_in, std::move(high), high_in};
}

TEST(ValueSet, NormalizeMergesWhatOverlapsOrTouchesAndDropsWhatIsEmpty) {
  ValueSet set;
  set.kind = ValueSet::Kind::kRanges;
  set.ranges = {Between(int64_t{5}, false, int64_t{9}, true), Between(int64_t{1}, true, int64_t{5}, true), Between(int64_t{20}, true, int64_t{10}, true),
                Between(int64_t{30}, true, std::nullopt, true), Between(int64_t{9}, false, int64_t{9}, true)};
  ASSERT_TRUE(NormalizeValueSet(Type::Int64(), kSql, &set).ok());
  ASSERT_EQ(set.ranges.size(), 2u);
  EXPECT_EQ(set.ranges[0], Between(int64_t{1}, true, int64_t{9}, true));
  EXPECT_EQ(set.ranges[1], Between(int64_t{30}, true, std::nullopt, true));
}

TEST(ValueSet, TwoOpenRangesThatMissOnePointStayApart) {
  ValueSet set;
  set.kind = ValueSet::Kind::kRanges;
  set.ranges = {Between(std::nullopt, true, int64_t{5}, false), Between(int64_t{5}, false, std::nullopt, true)};
  ASSERT_TRUE(NormalizeValueSet(Type::Int64(), kSql, &set).ok());
  EXPECT_EQ(set.ranges.size(), 2u);
  EXPECT_FALSE(ValueSetAllows(Type::Int64(), kSql, set, int64_t{5}));
  EXPECT_TRUE(ValueSetAllows(Type::Int64(), kSql, set, int64_t{6}));
}

TEST(ValueSet, AValueOfAnotherTypeIsRefused) {
  ValueSet set = ValueSet::Listed({std::string("x")});
  EXPECT_EQ(NormalizeValueSet(Type::Int64(), kSql, &set).code(), StatusCode::kInvalid);
  set = ValueSet::Listed({Scalar()});
  EXPECT_EQ(NormalizeValueSet(Type::Int64(), kSql, &set).code(), StatusCode::kInvalid);
}

// Random sets over a small domain: intersection, union and membership agree with the plain definition.
TEST(ValueSet, IntersectionAndUnionAllowExactlyWhatBothOrEitherAllow) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto make = [&] {
    ValueSet set;
    set.kind = static_cast<ValueSet::Kind>(pick(5));
    set.null_allowed = pick(2) == 0;
    for (int i = pick(4); i > 0; --i) {
      set.values.push_back(int64_t{pick(10)});
      set.ranges.push_back(Between(pick(5) == 0 ? std::nullopt : std::optional<Scalar>(int64_t{pick(10)}), pick(2) == 0,
                                   pick(5) == 0 ? std::nullopt : std::optional<Scalar>(int64_t{pick(10)}), pick(2) == 0));
    }
    return set;
  };
  const auto plainly = [](const ValueSet& set, int64_t v) {
    switch (set.kind) {
      case ValueSet::Kind::kAll: return true;
      case ValueSet::Kind::kNone: return false;
      case ValueSet::Kind::kListed:
      case ValueSet::Kind::kUnlisted: {
        bool found = false;
        for (const Scalar& value : set.values) found = found || std::get<int64_t>(value) == v;
        return found == (set.kind == ValueSet::Kind::kListed);
      }
      case ValueSet::Kind::kRanges: break;
    }
    for (const ValueRange& r : set.ranges) {
      const bool above = !r.low || (r.low_inclusive ? v >= std::get<int64_t>(*r.low) : v > std::get<int64_t>(*r.low));
      const bool below = !r.high || (r.high_inclusive ? v <= std::get<int64_t>(*r.high) : v < std::get<int64_t>(*r.high));
      if (above && below) return true;
    }
    return false;
  };
  for (int round = 0; round < 20000; ++round) {
    const ValueSet raw_a = make(), raw_b = make();
    ValueSet a = raw_a, b = raw_b;
    ASSERT_TRUE(NormalizeValueSet(Type::Int64(), kSql, &a).ok());
    ASSERT_TRUE(NormalizeValueSet(Type::Int64(), kSql, &b).ok());
    const ValueSet both = IntersectValueSets(Type::Int64(), kSql, a, b);
    const ValueSet either = UniteValueSets(Type::Int64(), kSql, a, b);
    const auto hull = HullOf(Type::Int64(), kSql, both);
    for (int64_t v = -1; v <= 10; ++v) {
      ASSERT_EQ(ValueSetAllows(Type::Int64(), kSql, a, v), plainly(raw_a, v));
      const bool allowed = plainly(raw_a, v) && plainly(raw_b, v);
      ASSERT_EQ(ValueSetAllows(Type::Int64(), kSql, both, v), allowed);
      ASSERT_EQ(ValueSetAllows(Type::Int64(), kSql, either, v), plainly(raw_a, v) || plainly(raw_b, v));
      if (allowed) {
        ASSERT_TRUE(hull.has_value());
        ValueSet in_hull = ValueSet::Range(*hull);
        ASSERT_TRUE(NormalizeValueSet(Type::Int64(), kSql, &in_hull).ok());
        ASSERT_TRUE(ValueSetAllows(Type::Int64(), kSql, in_hull, v));
      }
    }
    ASSERT_EQ(ValueSetAllows(Type::Int64(), kSql, either, Scalar()), raw_a.null_allowed || raw_b.null_allowed);
    ASSERT_EQ(ValueSetAllows(Type::Int64(), kSql, both, Scalar()), raw_a.null_allowed && raw_b.null_allowed);
  }
}

TEST(CompareScalars, OrdersAsTheEngineAsked) {
  const std::string emoji = "\xf0\x9f\x98\x80", private_use = "\xee\x80\x80";  // U+1F600, U+E000
  EXPECT_GT(CompareScalars(Type::String(), emoji, private_use, kSql), 0);
  EXPECT_LT(CompareScalars(Type::String(), emoji, private_use, kJava), 0);
  EXPECT_EQ(CompareScalars(Type::Float64(), -0.0, 0.0, kSql), 0);
  EXPECT_LT(CompareScalars(Type::Float64(), -0.0, 0.0, kJava), 0);
  EXPECT_GT(CompareScalars(Type::Float64(), std::nan(""), INFINITY, kSql), 0);
  EXPECT_EQ(CompareScalars(Type::Float64(), std::nan(""), std::nan(""), kSql), 0);
  EXPECT_LT(CompareScalars(Type::String(), std::string("a"), std::string("ab"), kJava), 0);
}

TEST(ScalarToString, ShowsValuesAsPeopleWriteThem) {
  EXPECT_EQ(ScalarToString(Type::Decimal(10, 2), Int128{-5}), "-0.05");
  EXPECT_EQ(ScalarToString(Type::Timestamp(TimeUnit::kMilli, true), int64_t{-1}), "1969-12-31 23:59:59.999+00");
  EXPECT_EQ(ScalarToString(Type::Date(), int64_t{19000}), "2022-01-08");
  EXPECT_EQ(ScalarToString(Type::String(), std::string("it's")), "'it''s'");
  EXPECT_EQ(ScalarToString(Type::Int64(), Scalar()), "NULL");
}

Batch SampleBatch(std::mt19937* random, int64_t rows) {
  BatchBuilder b(std::make_shared<const Schema>(Schema{{{"i", Type::Int32()},
                                                        {"u", Type::UInt64()},
                                                        {"d", Type::Float64()},
                                                        {"t", Type::String()},
                                                        {"b", Type::Bool()},
                                                        {"ts", Type::Timestamp(TimeUnit::kMicro, true)}}}));
  for (int64_t row = 0; row < rows; ++row) {
    for (size_t c = 0; c < 6; ++c) {
      const auto v = static_cast<int64_t>((*random)() % 10);
      if ((*random)() % 6 == 0) {
        b.column(c).AppendNull();
        continue;
      }
      if (c == 2)
        b.column(c).AppendDouble(v == 9 ? std::nan("") : static_cast<double>(v) - 4);
      else if (c == 3)
        b.column(c).AppendBytes(std::string(static_cast<size_t>(v % 4), 'a'));
      else if (c == 4)
        b.column(c).AppendBool(v % 2 == 0);
      else
        b.column(c).AppendInt64(v);
    }
  }
  return b.Finish(rows);
}

TEST(EvaluateConstraints, TheLoopsAgreeWithTheSetOfEachRow) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    const Batch batch = SampleBatch(&random, 97);
    Constraints constraints;
    for (size_t c = 0; c < batch.num_columns(); ++c) {
      if (random() % 3 == 0) continue;
      ValueSet set;
      set.kind = static_cast<ValueSet::Kind>(random() % 5);
      set.null_allowed = random() % 2 == 0;
      for (unsigned i = random() % 4; i > 0; --i) {
        const Scalar x = ScalarAt(batch.column(c), static_cast<int64_t>(random() % 97)), y = ScalarAt(batch.column(c), static_cast<int64_t>(random() % 97));
        if (IsNull(x) || IsNull(y)) continue;
        set.values.push_back(x);
        set.ranges.push_back(Between(x, random() % 2 == 0, random() % 4 == 0 ? std::nullopt : std::optional<Scalar>(y), random() % 2 == 0));
      }
      ASSERT_TRUE(NormalizeValueSet(batch.column(c).type, kSql, &set).ok());
      constraints.columns[batch.schema().fields[c].name] = set;
    }
    std::vector<uint8_t> keep;
    ASSERT_TRUE(EvaluateConstraints(constraints, kSql, batch, &keep).ok());
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      bool expected = true;
      for (size_t c = 0; c < batch.num_columns(); ++c) {
        const auto at = constraints.columns.find(batch.schema().fields[c].name);
        if (at != constraints.columns.end()) {
          expected = expected && ValueSetAllows(batch.column(c).type, kSql, at->second, ScalarAt(batch.column(c), row));
        }
      }
      ASSERT_EQ(keep[row] != 0, expected) << "round " << round << " row " << row;
    }
  }
}

Expression Constant(Type type, Scalar value) { return {Expression::Kind::kConstant, std::move(type), std::move(value), "", {}}; }
Expression ColumnOf(const char* name, Type type) { return {Expression::Kind::kColumn, std::move(type), {}, name, {}}; }
Expression Call(const char* name, Type type, std::vector<Expression> args) { return {Expression::Kind::kCall, std::move(type), {}, name, std::move(args)}; }

TEST(EvaluateConstraints, ExpressionsFollowThreeValuedLogic) {
  BatchBuilder b(std::make_shared<const Schema>(Schema{{{"a", Type::Int64()}, {"t", Type::String()}}}));
  for (const int64_t v : {1, 2, 3}) {
    b.column(0).AppendInt64(v);
    b.column(1).AppendBytes(v == 1 ? "hällo" : v == 2 ? "help" : "x");
  }
  b.column(0).AppendNull();
  b.column(1).AppendNull();
  const Batch batch = b.Finish(4);
  const auto rows = [&](Expression expression) {
    std::vector<uint8_t> keep;
    const Status status = EvaluateConstraints({{}, {std::move(expression)}}, kSql, batch, &keep);
    EXPECT_TRUE(status.ok()) << status;
    return std::vector<int>(keep.begin(), keep.end());
  };
  const Expression a = ColumnOf("a", Type::Int64()), t = ColumnOf("t", Type::String());
  const auto number = [](int64_t v) { return Constant(Type::Int64(), v); };
  EXPECT_THAT(rows(Call("not", Type::Bool(), {Call("equal", Type::Bool(), {a, number(2)})})), testing::ElementsAre(1, 0, 1, 0));
  EXPECT_THAT(rows(Call("or", Type::Bool(), {Call("is_null", Type::Bool(), {a}), Call("greater_than", Type::Bool(), {a, number(2)})})),
              testing::ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(rows(Call("in", Type::Bool(), {a, number(1), Constant(Type::Int64(), {}), number(3)})), testing::ElementsAre(1, 0, 1, 0));
  EXPECT_THAT(rows(Call("not", Type::Bool(), {Call("in", Type::Bool(), {a, number(1), Constant(Type::Int64(), {})})})), testing::ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(rows(Call("like", Type::Bool(), {t, Constant(Type::String(), std::string("h_l%"))})), testing::ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(rows(Call("is_distinct_from", Type::Bool(), {a, Constant(Type::Int64(), {})})), testing::ElementsAre(1, 1, 1, 0));
  EXPECT_THAT(rows(Call("equal", Type::Bool(), {Call("modulus", Type::Int64(), {a, number(2)}), number(1)})), testing::ElementsAre(1, 0, 1, 0));
}

TEST(EvaluateConstraints, SaysWhatItCannotEvaluate) {
  BatchBuilder b(std::make_shared<const Schema>(Schema{{{"a", Type::Int64()}, {"l", Type::List(Type::Int64())}}}));
  b.column(0).AppendInt64(INT64_MAX);
  b.column(1).AppendNull();
  const Batch batch = b.Finish(1);
  std::vector<uint8_t> keep;
  const auto code = [&](Constraints c) { return EvaluateConstraints(c, kSql, batch, &keep).code(); };
  EXPECT_EQ(code({{{"b", ValueSet::None(false)}}, {}}), StatusCode::kInvalid);
  EXPECT_EQ(code({{{"l", ValueSet::Listed({int64_t{1}})}}, {}}), StatusCode::kInvalid);
  const Expression a = ColumnOf("a", Type::Int64()), one = Constant(Type::Int64(), int64_t{1});
  EXPECT_EQ(code({{}, {Call("frobnicate", Type::Bool(), {a})}}), StatusCode::kInvalid);
  EXPECT_EQ(code({{}, {Call("equal", Type::Bool(), {a})}}), StatusCode::kInvalid);
  EXPECT_EQ(code({{}, {a}}), StatusCode::kInvalid);
  EXPECT_EQ(code({{}, {Call("equal", Type::Bool(), {Call("add", Type::Int64(), {a, one}), one})}}), StatusCode::kInvalid);
  EXPECT_EQ(code({{}, {Call("equal", Type::Bool(), {Call("divide", Type::Int64(), {a, Constant(Type::Int64(), int64_t{0})}), one})}}), StatusCode::kInvalid);
}

}  // namespace
}  // namespace lotic
