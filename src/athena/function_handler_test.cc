// SPDX-License-Identifier: Apache-2.0
#include "athena/function_handler.h"

#include <gmock/gmock.h>

#include "lotic/batch_builder.h"

namespace lotic::athena {
namespace {

using testing::HasSubstr;

WireField FieldOf(const std::string& name, WireType type) { return {name, true, std::move(type)}; }
WireType Utf8() { return {.kind = WireKind::kUtf8}; }
WireType Int(int bits) { return {.kind = WireKind::kInt, .bit_width = bits}; }

struct Tx {
  std::optional<int32_t> id;
  static constexpr auto Members() { return std::tuple(Member("id", &Tx::id)); }
};

class FunctionHandler : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(functions_.Add("shout", [](const std::string& text) { return text + "!"; }).ok());
    ASSERT_TRUE(functions_.Add("id_of", [](std::optional<Tx> tx) { return tx && tx->id ? *tx->id : int32_t{-1}; }).ok());
    ASSERT_TRUE(functions_.Add("at", [](LocalTime time) { return time; }).ok());
    ASSERT_TRUE(functions_.Add("fails", [](const std::string& text) -> Result<std::string> { return Status::UnknownError("cannot ", text); }).ok());
  }

  // One column of `field`, filled by `fill`.
  Block InputOf(const WireField& field, int64_t rows, const std::function<void(ColumnBuilder&)>& fill) {
    Block block;
    block.schema.fields = {field};
    BatchBuilder builder(std::make_shared<const Schema>(LogicalSchema(block.schema).ValueOrDie()));
    fill(builder.column(0));
    block.rows = builder.Finish(rows);
    return block;
  }
  Block Texts() {
    return InputOf(FieldOf("whatever", Utf8()), 3, [](ColumnBuilder& to) {
      to.AppendBytes("a");
      to.AppendNull();
      to.AppendBytes("b");
    });
  }
  Result<UserDefinedFunctionResponse> Call(const std::string& method, Block input, WireType result) {
    UserDefinedFunctionRequest request;
    request.input = std::move(input);
    request.output_schema.fields = {FieldOf("out", std::move(result))};
    request.method_name = method;
    return Call(request);
  }
  Result<UserDefinedFunctionResponse> Call(const UserDefinedFunctionRequest& request) {
    LOTIC_ASSIGN_OR_RETURN(FederationResponse response, CallFunction({}, &functions_, request));
    return std::get<UserDefinedFunctionResponse>(std::move(response));
  }

  UdfRegistry functions_;
};

TEST_F(FunctionHandler, AnswersTheRowsInTheirOrderUnderTheSchemaAskedFor) {
  const auto response = Call("shout", Texts(), Utf8());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->method_name, "shout");
  ASSERT_EQ(response->records.schema.fields.size(), 1u);
  EXPECT_EQ(response->records.schema.fields[0].name, "out");
  const Batch& rows = response->records.rows;
  ASSERT_TRUE(rows.Validate().ok()) << rows.Validate();
  ASSERT_EQ(rows.num_rows(), 3);
  EXPECT_EQ(rows.column(0).Text(0), "a!");
  EXPECT_TRUE(rows.column(0).IsNull(1));
  EXPECT_EQ(rows.column(0).Text(2), "b!");
}

TEST_F(FunctionHandler, ARowIsAStructAndATimestampADateInMilliseconds) {
  WireField row = FieldOf("tx", {.kind = WireKind::kStruct});
  row.children = {FieldOf("id", Int(32)), FieldOf("completed", {.kind = WireKind::kBool})};
  const Block input = InputOf(row, 3, [](ColumnBuilder& to) {
    to.child(0).AppendInt64(7);
    to.child(1).AppendBool(true);
    to.AppendValid();
    to.child(0).AppendNull();
    to.child(1).AppendBool(false);
    to.AppendValid();
    to.AppendNull();
  });
  const auto ids = Call("id_of", input, Int(32));
  ASSERT_TRUE(ids.ok()) << ids.status();
  EXPECT_THAT(ids->records.rows.column(0).values<int32_t>(), testing::ElementsAre(7, -1, -1));
  const WireType date_milli{.kind = WireKind::kDate, .unit = WireUnit::kMilli};
  const auto at = Call("at", InputOf(FieldOf("t", date_milli), 1, [](ColumnBuilder& to) { to.AppendInt64(-1); }), date_milli);
  ASSERT_TRUE(at.ok()) << at.status();
  EXPECT_EQ(at->records.rows.column(0).values<int64_t>()[0], -1);
}

TEST_F(FunctionHandler, NamesAndTypesAreExactAndMapsAndZonesAreNotTaken) {
  EXPECT_EQ(Call("Shout", Texts(), Utf8()).status().code(), StatusCode::kNotImplemented) << "Athena sends lower case";
  EXPECT_EQ(Call("shout", InputOf(FieldOf("n", Int(32)), 0, [](ColumnBuilder&) {}), Utf8()).status().code(), StatusCode::kNotImplemented);
  EXPECT_EQ(Call("shout", Texts(), Int(32)).status().code(), StatusCode::kInvalid);
  Block two = Texts();
  two.schema.fields.push_back(FieldOf("more", Utf8()));
  two.rows = Batch(std::make_shared<const Schema>(LogicalSchema(two.schema).ValueOrDie()), 3, {two.rows.column(0), two.rows.column(0)},
                   std::make_shared<const Batch>(two.rows));
  EXPECT_THAT(Call("shout", two, Utf8()).status().message(), HasSubstr("no function shout(VARCHAR, VARCHAR)"));
  const WireType zoned{.kind = WireKind::kTimestamp, .unit = WireUnit::kMilli, .timezone = "UTC"};
  EXPECT_EQ(Call("at", InputOf(FieldOf("t", zoned), 0, [](ColumnBuilder&) {}), zoned).status().code(), StatusCode::kNotImplemented);
  WireField map = FieldOf("m", {.kind = WireKind::kMap});
  WireField entries = FieldOf("entries", {.kind = WireKind::kStruct});
  entries.children = {FieldOf("key", Utf8()), FieldOf("value", Utf8())};
  map.children = {entries};
  EXPECT_EQ(Call("shout", InputOf(map, 0, [](ColumnBuilder&) {}), Utf8()).status().code(), StatusCode::kNotImplemented);
}

TEST_F(FunctionHandler, TheRequestAsksForOneScalarColumn) {
  UserDefinedFunctionRequest request;
  request.input = Texts();
  request.method_name = "shout";
  EXPECT_EQ(Call(request).status().code(), StatusCode::kInvalid) << "no result column";
  request.output_schema.fields = {FieldOf("a", Utf8()), FieldOf("b", Utf8())};
  EXPECT_EQ(Call(request).status().code(), StatusCode::kInvalid) << "two";
  request.output_schema.fields.pop_back();
  request.function_type = "AGGREGATE";
  EXPECT_EQ(Call(request).status().code(), StatusCode::kInvalid);
  request.function_type = "SCALAR";
  EXPECT_TRUE(Call(request).ok());
  EXPECT_EQ(CallFunction({}, nullptr, request).status().code(), StatusCode::kInvalid);
}

TEST_F(FunctionHandler, AFailureOfTheFunctionIsTheAnswer) {
  EXPECT_EQ(Call("fails", Texts(), Utf8()).status().ToString(), "UnknownError: fails, row 0: cannot a");
}

}  // namespace
}  // namespace lotic::athena
