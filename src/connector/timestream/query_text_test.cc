// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/query_text.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "connector/timestream/cell_text.h"
#include "connector/timestream/column_info.h"

namespace lotic::timestream {
namespace {

Field Column(const std::string& name, Type type, const std::string& source) { return {name, std::move(type), {{kSourceType, source}}}; }
Field Text(const std::string& name) { return Column(name, Type::String(), "varchar"); }
Field Double(const std::string& name) { return Column(name, Type::Float64(), "double"); }
Field Time(TimeUnit unit = TimeUnit::kMilli) { return Column("time", Type::Timestamp(unit, false), "timestamp"); }

ScanRequest Of(std::vector<Field> layout) {
  ScanRequest request;
  request.table = {"ops", "cpu"};
  request.layout.fields = std::move(layout);
  return request;
}
QueryPlan Plan(const ScanRequest& request, Dialect dialect, const std::string& view = "") {
  return PlanQuery(request, {"ops", "cpu", view, ""}, dialect).ValueOrDie();
}
std::string TextOf(const Field& field, ValueSet set, Dialect dialect = Dialect::kOwn, const CompareOptions& compare = {}) {
  const Conjunct made = ConjunctOf(field, set, compare, dialect).ValueOrDie();
  static const char* const kOutcomes[] = {"", "everything", "nothing", "dropped"};
  return made.outcome == Conjunct::Outcome::kText ? made.text : kOutcomes[static_cast<int>(made.outcome)];
}
ValueRange Between(std::optional<Scalar> low, bool low_in, std::optional<Scalar> high, bool high_in) {
  return {std::move(low), low_in, std::move(high), high_in};
}
ValueSet Ranges(std::vector<ValueRange> ranges, bool null_allowed = false) { return {ValueSet::Kind::kRanges, null_allowed, std::move(ranges), {}}; }
int64_t Ms(const std::string& text) {
  int64_t value = 0;
  LOTIC_CHECK(ParseTimestamp(text, TimeUnit::kMilli, &value));
  return value;
}
const Scalar kA = std::string("a"), kB = std::string("b");

TEST(QueryText, IsTheOriginalsInItsDialect) {
  ScanRequest request = Of({Text("host"), Double("measure_value::double")});
  request.constraints.columns["host"] = ValueSet::Listed({kA, kB});
  request.constraints.columns["measure_value::double"] = Ranges({Between(std::nullopt, true, 0.5, false)});
  EXPECT_EQ(Plan(request, Dialect::kOriginal).text,
            R"(SELECT "host", "measure_value::double" FROM "ops"."cpu" WHERE ("host" IN ('a','b')) AND (("measure_value::double" < 0.5)))");

  request = Of({Text("host")});
  request.layout.fields.push_back(Time());
  request.constraints.columns["time"] = Ranges({Between(Ms("2026-08-01 00:00:00.007"), true, Ms("2026-08-02 00:00:00"), false)});
  EXPECT_EQ(Plan(request, Dialect::kOriginal).text,
            R"(SELECT "host", "time" FROM "ops"."cpu" WHERE (("time" >= '2026-08-01 00:00:00.007000000' AND "time" < '2026-08-02 00:00:00.000000000')))");

  request = Of({Text("zone")});
  request.constraints.columns["zone"] = Ranges({Between(std::string("o'hare"), true, std::string("o'hare"), true)}, true);
  EXPECT_EQ(Plan(request, Dialect::kOriginal).text, R"(SELECT "zone" FROM "ops"."cpu" WHERE (("zone" IS NULL) OR "zone" = 'o''hare'))");

  request = Of({Text("host")});
  request.constraints.columns["host"] = Ranges({Between(kA, true, kA, true)});
  EXPECT_EQ(Plan(request, Dialect::kOriginal, "SELECT host FROM ops.cpu").text,
            R"(WITH t1 AS ( SELECT host FROM ops.cpu )  SELECT "host" FROM t1 WHERE ("host" = 'a'))");
}

TEST(QueryText, TimesAreRewrittenToTheNanosecond) {
  const int64_t t = Ms("2024-01-01 00:00:00.001");
  EXPECT_EQ(TextOf(Time(), ValueSet::Listed({t})), R"((("time" >= '2024-01-01 00:00:00.001000000' AND "time" < '2024-01-01 00:00:00.002000000')))");
  EXPECT_EQ(TextOf(Time(), Ranges({Between(std::nullopt, true, t, true)})), R"((("time" < '2024-01-01 00:00:00.002000000')))");
  EXPECT_EQ(TextOf(Time(), Ranges({Between(t, false, std::nullopt, true)})), R"((("time" >= '2024-01-01 00:00:00.002000000')))");
  EXPECT_EQ(TextOf(Time(), Ranges({Between(t, true, std::nullopt, true)})), R"((("time" >= '2024-01-01 00:00:00.001000000')))");
  EXPECT_EQ(TextOf(Time(), Ranges({Between(std::nullopt, true, t, false)})), R"((("time" < '2024-01-01 00:00:00.001000000')))");
  EXPECT_EQ(TextOf(Time(), ValueSet{ValueSet::Kind::kUnlisted, false, {}, {t}}),
            R"((("time" < '2024-01-01 00:00:00.001000000') OR ("time" >= '2024-01-01 00:00:00.002000000')))");
  EXPECT_EQ(TextOf(Time(), ValueSet::Listed({t, t + 1})), R"((("time" >= '2024-01-01 00:00:00.001000000' AND "time" < '2024-01-01 00:00:00.003000000')))")
      << "neighbours are one range";
  EXPECT_EQ(TextOf(Time(TimeUnit::kMicro), ValueSet::Listed({int64_t{-1}})),
            R"((("time" >= '1969-12-31 23:59:59.999999000' AND "time" < '1970-01-01 00:00:00.000000000')))");
}

TEST(QueryText, TimesThatTheServiceCannotHoldAreNotSent) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const Field time = Time(TimeUnit::kMicro);
  EXPECT_EQ(TextOf(time, Ranges({Between(kMost, true, std::nullopt, true)})), "nothing");
  EXPECT_EQ(TextOf(time, Ranges({Between(std::nullopt, true, kMost, true)})), R"(("time" IS NOT NULL))");
  EXPECT_EQ(TextOf(time, Ranges({Between(-kMost - 1, true, std::nullopt, true)}, true)), "everything");
  const Field nanos = Time(TimeUnit::kNano);
  EXPECT_EQ(TextOf(nanos, ValueSet{ValueSet::Kind::kUnlisted, false, {}, {kMost}}), R"((("time" < '2262-04-11 23:47:16.854775807')))")
      << "the last nanosecond is left out, not joined over";
  EXPECT_EQ(TextOf(nanos, ValueSet::Listed({kMost})), R"((("time" >= '2262-04-11 23:47:16.854775807')))");
  EXPECT_EQ(TextOf(nanos, Ranges({Between(kMost, false, std::nullopt, true)})), "nothing");
  EXPECT_EQ(TextOf(nanos, ValueSet{ValueSet::Kind::kUnlisted, false, {}, {-kMost - 1}}), R"((("time" >= '1677-09-21 00:12:43.145224193')))");
  EXPECT_EQ(TextOf(Column("d", Type::Date(), "date"), ValueSet::Listed({int64_t{3'000'000}})), "nothing");
  EXPECT_EQ(TextOf(Column("d", Type::Date(), "date"), ValueSet::Listed({int64_t{19'500}})), R"(("d" = DATE '2023-05-23'))");
  EXPECT_EQ(TextOf(Column("d", Type::Date(), "date"), ValueSet::Listed({int64_t{19'500}}), Dialect::kOriginal), R"(("d" IN (19500)))");
}

TEST(QueryText, EveryKindOfSetHasItsText) {
  const Field host = Text("host");
  EXPECT_EQ(TextOf(host, ValueSet::None(false)), "nothing");
  EXPECT_EQ(TextOf(host, ValueSet::None(true)), R"(("host" IS NULL))");
  EXPECT_EQ(TextOf(host, ValueSet::All(true)), "everything");
  EXPECT_EQ(TextOf(host, ValueSet::All(false)), R"(("host" IS NOT NULL))");
  EXPECT_EQ(TextOf(host, ValueSet{ValueSet::Kind::kUnlisted, false, {}, {kA}}), R"(("host" <> 'a'))");
  EXPECT_EQ(TextOf(host, ValueSet{ValueSet::Kind::kUnlisted, true, {}, {kA, kB}}), R"((("host" IS NULL) OR "host" NOT IN ('a','b')))");
  EXPECT_EQ(TextOf(host, ValueSet{ValueSet::Kind::kListed, true, {}, {}}), R"(("host" IS NULL))");
  EXPECT_EQ(TextOf(host, Ranges({Between(std::nullopt, true, kA, false), Between(kB, false, std::nullopt, true)})), R"((("host" < 'a') OR ("host" > 'b')))");
  EXPECT_EQ(TextOf(host, Ranges({Between(std::nullopt, true, kA, false), Between(kB, false, std::nullopt, true)}), Dialect::kOriginal),
            R"(("host" IS NOT NULL))");
  EXPECT_EQ(TextOf(Column("up", Type::Bool(), "boolean"), ValueSet{ValueSet::Kind::kUnlisted, false, {}, {true}}), R"(("up" = false))");
  EXPECT_EQ(TextOf(Column("n", Type::Int64(), "bigint"), ValueSet::Listed({std::numeric_limits<int64_t>::min()})), R"(("n" = (-9223372036854775807 - 1)))");
}

TEST(QueryText, NanIsAskedForWhereTheDoorOrdersItAboveAll) {
  const double nan = std::nan("");
  const Field v = Double("v");
  EXPECT_EQ(TextOf(v, Ranges({Between(5.0, false, std::nullopt, true)})), R"((("v" > 5E0) OR is_nan("v")))");
  EXPECT_EQ(TextOf(v, Ranges({Between(std::nullopt, true, 5.0, true)})), R"((("v" <= 5E0)))");
  EXPECT_EQ(TextOf(v, ValueSet{ValueSet::Kind::kUnlisted, false, {}, {5.0}}), R"(("v" <> 5E0 OR is_nan("v")))");
  EXPECT_EQ(TextOf(v, ValueSet::Listed({nan})), R"((is_nan("v")))");
  EXPECT_EQ(TextOf(v, ValueSet::Listed({std::numeric_limits<double>::infinity()})), R"(("v" = infinity()))");
  EXPECT_EQ(TextOf(v, Ranges({Between(5.0, true, nan, false)})), R"((("v" >= 5E0)))");
  EXPECT_EQ(TextOf(v, ValueSet{ValueSet::Kind::kUnlisted, false, {}, {nan}}), R"((("v" IS NOT NULL AND NOT is_nan("v"))))");
}

TEST(QueryText, TwoZerosAreAHint) {
  CompareOptions two;
  two.signed_zero_distinct = true;
  const Conjunct one = ConjunctOf(Double("v"), ValueSet::Listed({0.0}), {}, Dialect::kOwn).ValueOrDie();
  EXPECT_EQ(one.pushdown, Pushdown::kExact);
  const Conjunct hint = ConjunctOf(Double("v"), ValueSet::Listed({0.0}), two, Dialect::kOwn).ValueOrDie();
  EXPECT_EQ(hint.pushdown, Pushdown::kHint);
  EXPECT_EQ(hint.text, R"(("v" = 0E0))");
  EXPECT_EQ(TextOf(Double("v"), Ranges({Between(std::nullopt, true, 0.0, false)}), Dialect::kOwn, two), R"((("v" <= 0E0)))") << "-0.0 is below 0.0 there";
}

TEST(QueryText, WhatIsNotTheServicesTypeIsLeftToTheDoor) {
  EXPECT_EQ(TextOf(Column("at", Type::String(), "time"), ValueSet::Listed({kA})), "dropped");
  EXPECT_EQ(TextOf(Column("i", Type::String(), "interval_day_to_second"), ValueSet::Listed({kA})), "dropped");
  EXPECT_EQ(TextOf(Column("at", Type::String(), "time"), ValueSet::All(false)), R"(("at" IS NOT NULL))");
  EXPECT_EQ(TextOf({"s", Type::List(Type::Int64()), {}}, ValueSet::All(false)), "dropped");
  CompareOptions java;
  java.string_order = CompareOptions::StringOrder::kUtf16Unit;
  EXPECT_EQ(TextOf(Text("h"), Ranges({Between(std::string("\U0001f600"), true, std::nullopt, true)}), Dialect::kOwn, java), "dropped");
  EXPECT_EQ(TextOf(Text("h"), Ranges({Between(std::string("z"), true, std::nullopt, true)}), Dialect::kOwn, java), R"((("h" >= 'z')))");
}

TEST(QueryText, TooManyValuesBecomeTheirRange) {
  ValueSet many = ValueSet::Listed({});
  for (int64_t i = 0; i < 1'001; ++i) many.values.push_back(2 * i);
  const Conjunct made = ConjunctOf(Column("n", Type::Int64(), "bigint"), many, {}, Dialect::kOwn).ValueOrDie();
  EXPECT_EQ(made.text, R"((("n" >= 0 AND "n" <= 2000)))");
  EXPECT_EQ(made.pushdown, Pushdown::kHint);
  ValueSet long_ones = ValueSet::Listed({std::string(150'000, 'x'), std::string(150'000, 'y')});
  EXPECT_EQ(TextOf(Text("h"), long_ones), "dropped");
  ScanRequest request = Of({Text("a"), Text("b")});
  request.constraints.columns["a"] = ValueSet::Listed({std::string(190'000, 'x')});
  request.constraints.columns["b"] = ValueSet::Listed({std::string(190'000, 'y')});
  const QueryPlan plan = Plan(request, Dialect::kOwn);
  EXPECT_LE(plan.text.size(), kMaxQueryBytes);
  EXPECT_EQ(plan.residual.columns.size(), 1u) << "one of them has room";
}

TEST(QueryText, NamesAreQuotedOnce) {
  for (const auto& [name, quoted] : {std::pair("measure_value::double", R"("measure_value::double")"), std::pair("a\"b", R"("a""b")"),
                                     std::pair("Select", R"("Select")"), std::pair("1st", R"("1st")")}) {
    EXPECT_EQ(QuoteName(name), quoted);
  }
  EXPECT_EQ(QuoteText("o'hare"), "'o''hare'");
}

TEST(QueryText, DoublesAreShortAndComeBack) {
  for (const double value : {0.5, 1.0, -2.5e-7, 1e10, 5e-324, 1.7976931348623157e308, 123456.789, 0.1, 1e7, 9999999.0, 0.001, 0.0009}) {
    EXPECT_EQ(std::strtod(DoubleLiteral(value, Dialect::kOwn).c_str(), nullptr), value);
    EXPECT_EQ(std::strtod(DoubleLiteral(value, Dialect::kOriginal).c_str(), nullptr), value);
  }
  EXPECT_EQ(DoubleLiteral(1e10, Dialect::kOriginal), "1.0E10");
  EXPECT_EQ(DoubleLiteral(123456.789, Dialect::kOriginal), "123456.789");
  EXPECT_EQ(DoubleLiteral(100, Dialect::kOriginal), "100.0");
  EXPECT_EQ(DoubleLiteral(0.001, Dialect::kOriginal), "0.001");
  EXPECT_EQ(DoubleLiteral(0.0001, Dialect::kOriginal), "1.0E-4");
  EXPECT_EQ(DoubleLiteral(-12.5, Dialect::kOwn), "-1.25E1");
}

TEST(QueryText, ALimitIsSentOnlyWithExactFilters) {
  ScanRequest request = Of({Text("host"), Column("at", Type::String(), "time")});
  request.limit = 5;
  EXPECT_EQ(Plan(request, Dialect::kOwn).text, R"(SELECT "host", "at" FROM "ops"."cpu" LIMIT 5)");
  request.constraints.columns["host"] = ValueSet::Listed({kA});
  EXPECT_EQ(Plan(request, Dialect::kOwn).text, R"(SELECT "host", "at" FROM "ops"."cpu" WHERE ("host" = 'a') LIMIT 5)");
  request.constraints.columns["at"] = ValueSet::Listed({kA});
  const QueryPlan plan = Plan(request, Dialect::kOwn);
  EXPECT_EQ(plan.text, R"(SELECT "host", "at" FROM "ops"."cpu" WHERE ("host" = 'a'))");
  EXPECT_EQ(plan.limit, std::nullopt);
}

TEST(QueryText, AnOrderIsSentWithALimitAndSaysWhereNullsGo) {
  ScanRequest request = Of({Text("host"), Double("v")});
  request.order_by = {{"v", true, true}, {"host", false, false}};
  EXPECT_EQ(Plan(request, Dialect::kOwn).text, R"(SELECT "host", "v" FROM "ops"."cpu")") << "no limit, no order";
  request.limit = 3;
  EXPECT_EQ(Plan(request, Dialect::kOwn).text,
            R"(SELECT "host", "v" FROM "ops"."cpu" ORDER BY is_nan("v") DESC NULLS FIRST, "v" DESC NULLS FIRST, "host" ASC NULLS LAST LIMIT 3)");
  request.compare.signed_zero_distinct = true;
  EXPECT_EQ(Plan(request, Dialect::kOwn).text, R"(SELECT "host", "v" FROM "ops"."cpu")") << "an order that is not sent keeps the limit here";
}

TEST(QueryText, AnOrderByATimeThatIsShownFlooredIsSentAsTheLastKeyOnly) {
  for (const TimeUnit unit : {TimeUnit::kMilli, TimeUnit::kMicro, TimeUnit::kNano}) {
    ScanRequest request = Of({Text("host"), Time(unit)});
    request.limit = 3;
    request.order_by = {{"host", false, false}, {"time", true, false}};
    EXPECT_THAT(Plan(request, Dialect::kOwn).text, testing::HasSubstr(R"(ORDER BY "host" ASC NULLS LAST, "time" DESC NULLS LAST LIMIT 3)"));
    // Of two rows of one unit the later one may have the smaller host: it comes first here, and is left out by the service.
    request.order_by = {{"time", true, false}, {"host", false, false}};
    EXPECT_EQ(Plan(request, Dialect::kOwn).text.find("LIMIT") != std::string::npos, unit == TimeUnit::kNano);
  }
}

TEST(QueryText, NoColumnsAreACount) {
  const QueryPlan plan = Plan(Of({}), Dialect::kOwn);
  EXPECT_TRUE(plan.counts);
  EXPECT_EQ(plan.text, R"(SELECT count(*) FROM "ops"."cpu")");
}

TEST(QueryText, AQueryOfTheUsersOwnIsSentAsItIs) {
  ScanRequest request = Of({Text("host")});
  request.constraints.columns["host"] = ValueSet::Listed({kA});
  request.limit = 5;
  const QueryPlan plan = PlanQuery(request, {"", "", "", "SELECT host FROM t"}, Dialect::kOwn).ValueOrDie();
  EXPECT_EQ(plan.text, "SELECT host FROM t");
  EXPECT_EQ(plan.residual.columns.size(), 1u);
  EXPECT_EQ(plan.limit, std::nullopt);
}

}  // namespace
}  // namespace lotic::timestream
