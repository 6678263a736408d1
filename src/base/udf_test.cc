// SPDX-License-Identifier: Apache-2.0
#include "lotic/udf.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <map>
#include <stdexcept>

namespace lotic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What Athena cannot send does not compile: these say so without ending the build.
static_assert(udf::kIsParameter<int32_t> && udf::kIsParameter<const std::string&> && udf::kIsParameter<std::optional<std::string_view>>);
static_assert(udf::kIsParameter<std::vector<std::optional<std::vector<std::optional<Decimal>>>>>);
static_assert(!udf::kIsParameter<std::map<std::string, int32_t>>, "MAP");
static_assert(!udf::kIsParameter<std::optional<std::map<std::string, int32_t>>>, "MAP");
static_assert(!udf::kIsParameter<std::chrono::sys_time<std::chrono::milliseconds>>, "an instant");
static_assert(!udf::kIsParameter<uint32_t> && !udf::kIsParameter<const char*> && !udf::kIsParameter<std::vector<int32_t>>);
static_assert(!udf::kIsResult<std::string_view>, "a view of what");
static_assert(!udf::kIsResult<void> && udf::kIsResult<Result<std::optional<std::string>>>);

struct Point {
  std::optional<int32_t> x;
  std::optional<std::string> label;
  static constexpr auto Members() { return std::tuple(Member("x", &Point::x), Member("label", &Point::label)); }
};
struct Line {
  std::optional<Point> from;
  std::optional<std::vector<std::optional<Point>>> through;
  static constexpr auto Members() { return std::tuple(Member("from", &Line::from), Member("through", &Line::through)); }
};
struct WithMap {
  std::optional<std::map<int, int>> map;
  static constexpr auto Members() { return std::tuple(Member("map", &WithMap::map)); }
};
static_assert(udf::kIsParameter<Line> && udf::kIsResult<Line> && !udf::kIsParameter<WithMap> && !udf::kIsResult<WithMap>);

Type PointType() { return Type::Struct({{"x", Type::Int32()}, {"label", Type::String()}}); }

// A batch of one column per type; `fill` appends the rows.
Batch Make(std::vector<Type> types, const std::function<void(BatchBuilder&)>& fill) {
  Schema schema;
  for (size_t i = 0; i < types.size(); ++i) schema.fields.push_back({"a" + std::to_string(i), types[i]});
  BatchBuilder builder(std::make_shared<const Schema>(schema));
  fill(builder);
  const int64_t rows = builder.column(0).length();
  Batch batch = builder.Finish(rows);
  EXPECT_TRUE(batch.Validate().ok()) << batch.Validate();
  return batch;
}

Batch Numbers() {
  return Make({Type::Int32(), Type::Int32()}, [](BatchBuilder& to) {
    for (const int value : {1, 2, 3}) to.column(0).AppendInt64(value);
    to.column(1).AppendInt64(10);
    to.column(1).AppendNull();
    to.column(1).AppendInt64(30);
  });
}

std::vector<std::string> Shown(const Result<Batch>& batch) {
  if (!batch.ok()) return {batch.status().ToString()};
  EXPECT_TRUE(batch->Validate().ok()) << batch->Validate();
  EXPECT_EQ(batch->num_columns(), 1u);
  std::vector<std::string> cells;
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    const Column& column = batch->column(0);
    if (column.IsNull(row)) {
      cells.push_back("NULL");
    } else if (column.type.is_text_or_binary()) {
      cells.emplace_back(column.Text(row));
    } else if (column.type.id() == TypeId::kInt32) {
      cells.push_back(std::to_string(column.values<int32_t>()[static_cast<size_t>(row)]));
    } else {
      cells.push_back("?");
    }
  }
  return cells;
}

TEST(Udf, AnOptionalParameterSeesNullAndAnotherMakesTheResultNull) {
  UdfRegistry functions;
  int called = 0;
  ASSERT_TRUE(functions.Add("plus", [&called](int32_t a, int32_t b) { return ++called, a + b; }).ok());
  ASSERT_TRUE(functions
                  .Add("plus_or",
                       [](int32_t a, std::optional<int32_t> b) -> std::optional<int32_t> {
                         if (a == 3) return std::nullopt;
                         return a + b.value_or(100);
                       })
                  .ok());
  EXPECT_THAT(Shown(functions.Call({}, "plus", Numbers(), {"r", Type::Int32()})), ElementsAre("11", "NULL", "33"));
  EXPECT_EQ(called, 2);
  EXPECT_THAT(Shown(functions.Call({}, "plus_or", Numbers(), {"r", Type::Int32()})), ElementsAre("11", "102", "NULL"));
}

TEST(Udf, NamesAndTypesAreFoundExactly) {
  UdfRegistry functions;
  ASSERT_TRUE(functions.Add("plus", [](int32_t a, int32_t b) { return a + b; }).ok());
  ASSERT_TRUE(functions.Add("plus", [](int64_t a, int64_t b) { return a + b; }).ok());
  EXPECT_TRUE(functions.Call({}, "plus", Numbers(), {"r", Type::Int32()}).ok());
  for (const char* name : {"PLUS", "minus", ""}) {
    const Status status = functions.Call({}, name, Numbers(), {"r", Type::Int32()}).status();
    EXPECT_EQ(status.code(), StatusCode::kNotImplemented);
    EXPECT_THAT(status.message(), HasSubstr("there is plus(INTEGER, INTEGER) INTEGER"));
  }
  const Status narrower = functions.Call({}, "plus", Make({Type::Int16(), Type::Int16()}, [](BatchBuilder&) {}), {"r", Type::Int32()}).status();
  EXPECT_EQ(narrower.code(), StatusCode::kNotImplemented) << narrower;
  EXPECT_THAT(narrower.message(), HasSubstr("plus(SMALLINT, SMALLINT)"));
  const Status arity = functions.Call({}, "plus", Make({Type::Int32()}, [](BatchBuilder&) {}), {"r", Type::Int32()}).status();
  EXPECT_EQ(arity.code(), StatusCode::kNotImplemented) << arity;
  const Status result = functions.Call({}, "plus", Numbers(), {"r", Type::Int64()}).status();
  EXPECT_EQ(result.code(), StatusCode::kInvalid) << result;
  EXPECT_THAT(result.message(), HasSubstr("does not return BIGINT"));
}

TEST(Udf, ANameAthenaCannotSendOrACallCannotTellApartIsRefused) {
  UdfRegistry functions;
  for (const char* name : {"Twice", "", "two words", "1st"}) {
    EXPECT_EQ(functions.Add(name, [](int32_t a) { return a; }).code(), StatusCode::kInvalid) << name;
  }
  ASSERT_TRUE(functions.Add("f", [](Point) { return true; }).ok());
  EXPECT_EQ(functions.Add("f", [](std::optional<Line>) { return int32_t{1}; }).code(), StatusCode::kInvalid) << "both take a ROW";
  EXPECT_EQ(functions.functions().size(), 1u);
  EXPECT_EQ(functions.functions()[0].ToString(), "f(ROW(x INTEGER, label VARCHAR)) BOOLEAN");
}

// Each type there and back, with a NULL between two values.
template <typename T>
void Echo(const Type& type, const std::function<void(ColumnBuilder&)>& first, const std::function<void(ColumnBuilder&)>& second) {
  UdfRegistry functions;
  ASSERT_TRUE(functions.Add("echo", [](const T& value) { return value; }).ok());
  ASSERT_TRUE(functions.Add("echo_null", [](std::optional<T> value) { return value; }).ok());
  const Batch batch = Make({type}, [&](BatchBuilder& to) {
    first(to.column(0));
    to.column(0).AppendNull();
    second(to.column(0));
  });
  for (const char* name : {"echo", "echo_null"}) {
    const Result<Batch> out = functions.Call({}, name, batch, {"a0", type});
    ASSERT_TRUE(out.ok()) << type.ToString() << ": " << out.status();
    ASSERT_TRUE(out->Validate().ok()) << out->Validate();
    ASSERT_EQ(out->num_rows(), 3);
    EXPECT_FALSE(out->column(0).IsNull(0));
    EXPECT_TRUE(out->column(0).IsNull(1));
    EXPECT_EQ(out->column(0).null_count, 1);
    EXPECT_EQ(out->size_bytes(), batch.size_bytes());
    if (type.byte_width() != 0) {
      EXPECT_EQ(std::memcmp(out->column(0).data, batch.column(0).data, 3 * static_cast<size_t>(type.byte_width())), 0) << type.ToString();
    }
    if (type.is_text_or_binary()) {
      EXPECT_EQ(out->column(0).Text(2), batch.column(0).Text(2));
    }
    if (type.id() == TypeId::kBool) {
      EXPECT_EQ(out->column(0).Bool(2), batch.column(0).Bool(2));
    }
  }
}

TEST(Udf, EveryScalarTypeGoesThereAndBack) {
  const auto number = [](int64_t value) { return [value](ColumnBuilder& to) { to.AppendInt64(value); }; };
  const auto real = [](double value) { return [value](ColumnBuilder& to) { to.AppendDouble(value); }; };
  const auto bytes = [](std::string value) { return [value](ColumnBuilder& to) { to.AppendBytes(value); }; };
  Echo<bool>(
      Type::Bool(), [](ColumnBuilder& to) { to.AppendBool(false); }, [](ColumnBuilder& to) { to.AppendBool(true); });
  Echo<int8_t>(Type::Int8(), number(-128), number(127));
  Echo<int16_t>(Type::Int16(), number(INT16_MIN), number(INT16_MAX));
  Echo<int32_t>(Type::Int32(), number(INT32_MIN), number(INT32_MAX));
  Echo<int64_t>(Type::Int64(), number(INT64_MIN), number(INT64_MAX));
  Echo<float>(Type::Float32(), real(1.5), real(-HUGE_VAL));
  Echo<double>(Type::Float64(), real(0.1), real(-0.0));
  Echo<std::string>(Type::String(), bytes(""), bytes("gr\xc3\xbc\xc3\x9f"));
  Echo<Binary>(Type::Binary(), bytes(std::string("\0\xff", 2)), bytes("x"));
  Echo<std::chrono::local_days>(Type::Date(), number(-719162), number(20000));
  Echo<LocalTime>(Type::Timestamp(TimeUnit::kMilli, false), number(-1), number(1700000000123));
  Echo<Decimal>(
      Type::Decimal(10, 2), [](ColumnBuilder& to) { to.AppendDecimal(-1250); }, [](ColumnBuilder& to) { to.AppendDecimal(9999999999); });
}

TEST(Udf, RowsAndListsNest) {
  const Type line = Type::Struct({{"through", Type::List(PointType())}, {"FROM", PointType()}});  // another order, another case
  const Batch batch = Make({line}, [](BatchBuilder& to) {
    ColumnBuilder& row = to.column(0);
    ColumnBuilder& list = row.child(0);
    const auto point = [](ColumnBuilder& at, int x, const char* label) {
      at.child(0).AppendInt64(x);
      at.child(1).AppendBytes(label);
      at.AppendValid();
    };
    point(list.child(0), 1, "one");
    list.child(0).AppendNull();
    list.FinishList();
    point(row.child(1), 7, "seven");
    row.AppendValid();
    list.AppendNull();
    row.child(1).AppendNull();
    row.AppendValid();
    row.AppendNull();
  });
  UdfRegistry functions;
  ASSERT_TRUE(functions
                  .Add("show",
                       [](std::optional<Line> in) -> std::string {
                         if (!in) return "no line";
                         std::string text = in->from ? *in->from->label : "nowhere";
                         if (!in->through) return text + ", straight";
                         for (const auto& point : *in->through) text += point ? ", " + *point->label : ", gap";
                         return text;
                       })
                  .ok());
  ASSERT_TRUE(functions.Add("echo", [](const std::optional<Line>& in) { return in; }).ok());
  EXPECT_THAT(Shown(functions.Call({}, "show", batch, {"r", Type::String()})), ElementsAre("seven, one, gap", "nowhere, straight", "no line"));
  const Result<Batch> echo = functions.Call({}, "echo", batch, {"r", line});
  ASSERT_TRUE(echo.ok()) << echo.status();
  ASSERT_TRUE(echo->Validate().ok()) << echo->Validate();
  EXPECT_THAT(Shown(functions.Call({}, "show", *echo, {"r", Type::String()})), ElementsAre("seven, one, gap", "nowhere, straight", "no line"));
  const Status lacking = functions.Call({}, "echo", batch, {"r", Type::Struct({{"from", PointType()}})}).status();
  EXPECT_EQ(lacking.code(), StatusCode::kInvalid) << "a member would be lost: " << lacking;
}

TEST(Udf, AMissingMemberIsEmptyAndAMemberOfAnotherTypeIsNoMatch) {
  UdfRegistry functions;
  ASSERT_TRUE(functions.Add("x", [](Point point) { return point.x.value_or(-1); }).ok());
  const auto call = [&](std::vector<Field> members) {
    const Batch batch = Make({Type::Struct(std::move(members))}, [](BatchBuilder& to) {
      to.column(0).child(0).AppendInt64(5);
      to.column(0).AppendValid();
    });
    return Shown(functions.Call({}, "x", batch, {"r", Type::Int32()}));
  };
  EXPECT_THAT(call({{"x", Type::Int32()}}), ElementsAre("5"));
  EXPECT_THAT(call({{"X", Type::Int32()}}), ElementsAre("5"));
  EXPECT_THAT(call({{"z", Type::Int32()}}), ElementsAre("-1"));
  EXPECT_THAT(call({{"x", Type::Int64()}}), ElementsAre(HasSubstr("NotImplemented: no function x(STRUCT<")));
}

TEST(Udf, ADecimalResultIsRoundedHalfUpToTheOutputsScale) {
  UdfRegistry functions;
  ASSERT_TRUE(functions.Add("half", [](Decimal value) { return Decimal{value.unscaled * 5, value.scale + 1}; }).ok());
  const Batch batch = Make({Type::Decimal(4, 1)}, [](BatchBuilder& to) {
    for (const int value : {1, -1, 4, 9999}) to.column(0).AppendDecimal(value);  // 0.1 · 0.5 = 0.05
  });
  const Result<Batch> rounded = functions.Call({}, "half", batch, {"r", Type::Decimal(10, 1)});
  ASSERT_TRUE(rounded.ok()) << rounded.status();
  EXPECT_EQ(rounded->column(0).values<Int128>()[0], 1);
  EXPECT_EQ(rounded->column(0).values<Int128>()[1], -1);
  EXPECT_EQ(rounded->column(0).values<Int128>()[2], 2);
  const Status large = functions.Call({}, "half", batch, {"r", Type::Decimal(3, 1)}).status();
  EXPECT_EQ(large.code(), StatusCode::kInvalid);
  EXPECT_THAT(large.message(), HasSubstr("half, row 3: 499.95 does not fit DECIMAL(3,1)"));
}

TEST(Udf, AFailureNamesTheFunctionAndTheRow) {
  UdfRegistry functions;
  ASSERT_TRUE(functions.Add("refuse", [](int32_t a) -> Result<int32_t> { return a < 3 ? Result<int32_t>(a) : Status::Unauthorized("not ", a); }).ok());
  ASSERT_TRUE(functions.Add("throws", [](int32_t a) { return a < 2 ? a : throw std::runtime_error("cannot do that"); }).ok());
  ASSERT_TRUE(functions.Add("latin", [](int32_t) { return std::string("\xfc"); }).ok());
  const Batch one = Numbers().Select(std::vector<size_t>{0});
  const Status refused = functions.Call({}, "refuse", one, {"r", Type::Int32()}).status();
  EXPECT_EQ(refused.ToString(), "Unauthorized: refuse, row 2: not 3");
  EXPECT_EQ(functions.Call({}, "throws", one, {"r", Type::Int32()}).status().ToString(), "UnknownError: throws, row 1: cannot do that");
  EXPECT_THAT(functions.Call({}, "latin", one, {"r", Type::String()}).status().message(), HasSubstr("latin, row 0: the result is not valid UTF-8"));
}

TEST(Udf, AStoppedCallEndsAndNoRowsGiveNoRows) {
  UdfRegistry functions;
  ASSERT_TRUE(functions.Add("twice", [](int32_t a) { return 2 * a; }).ok());
  std::stop_source stop;
  stop.request_stop();
  CallContext ctx;
  ctx.stop = stop.get_token();
  const Batch one = Numbers().Select(std::vector<size_t>{0});
  EXPECT_TRUE(functions.Call(ctx, "twice", one, {"r", Type::Int32()}).status().IsCancelled());
  EXPECT_THAT(Shown(functions.Call({}, "twice", Make({Type::Int32()}, [](BatchBuilder&) {}), {"r", Type::Int32()})), ElementsAre());
}

TEST(Udf, AFunctionWithoutParametersIsCalledForEachRow) {
  UdfRegistry functions;
  ASSERT_TRUE(functions.Add("count_up", [next = std::make_shared<int32_t>(0)] { return (*next)++; }).ok());
  EXPECT_THAT(Shown(functions.Call({}, "count_up", Numbers().Select({}), {"r", Type::Int32()})), ElementsAre("0", "1", "2"));
}

TEST(Decimal, RoundsHalfUpAndRefusesWhatHasTooManyDigits) {
  const auto rescale = [](Int128 unscaled, int scale, int precision, int to) { return RescaleHalfUp({unscaled, scale}, precision, to); };
  EXPECT_EQ(*rescale(149, 2, 10, 1), 15);  // 1.49 → 1.5
  EXPECT_EQ(*rescale(149, 2, 10, 0), 1);   // 1.49 → 1: no double rounding
  EXPECT_EQ(*rescale(-25, 1, 10, 0), -3);  // away from zero
  EXPECT_EQ(*rescale(12, -2, 10, 1), 12000);
  EXPECT_EQ(*rescale(5, 39, 38, 38), 1);  // 0.5 units
  EXPECT_EQ(*rescale(5, 60, 38, 38), 0);
  EXPECT_EQ(*rescale(0, -200, 38, 38), 0);
  EXPECT_FALSE(rescale(995, 2, 1, 0).ok()) << "9.95 rounds to 10";
  EXPECT_FALSE(rescale(1, -60, 38, 0).ok());
  Int128 lowest = 1;
  for (int i = 0; i < 127; ++i) lowest = static_cast<Int128>(static_cast<unsigned __int128>(lowest) << 1);
  EXPECT_FALSE(RescaleHalfUp({lowest, 0}, 38, 0).ok());
  EXPECT_EQ((Decimal{lowest, 0}).ToString(), "-170141183460469231731687303715884105728");
  EXPECT_EQ((Decimal{-5, 3}).ToString(), "-0.005");
  EXPECT_EQ((Decimal{12, -2}).ToString(), "1200");
}

TEST(Decimal, OfADoubleIsItsExactBinaryValueRoundedHalfUp) {
  const auto show = [](double number, int scale) {
    const auto decimal = Decimal::FromDouble(number, scale);
    return decimal.ok() ? decimal->ToString() : decimal.status().message();
  };
  EXPECT_EQ(show(0.1, 20), "0.10000000000000000555");
  EXPECT_EQ(show(1.005, 2), "1.00");  // it is 1.00499999...
  EXPECT_EQ(show(0.125, 2), "0.13");  // a tie
  EXPECT_EQ(show(-2.5, 0), "-3");
  EXPECT_EQ(show(0.999, 2), "1.00");
  EXPECT_EQ(show(5e-324, 38), "0.00000000000000000000000000000000000000");
  EXPECT_THAT(show(1e38, 0), HasSubstr("more than 38 digits"));
  EXPECT_THAT(show(1e37, 2), HasSubstr("more than 38 digits"));
  EXPECT_THAT(show(std::nan(""), 2), HasSubstr("no decimal number"));
}

}  // namespace
}  // namespace lotic
