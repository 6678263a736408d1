// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "lotic/batch_builder.h"
#include "sql/table_ports.h"

namespace lotic::sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Schema RecordSchema() {
  return Schema(
      {{"ts", Type::Int64()}, {"kind", Type::String()}, {"amount", Type::Float64()}, {"tags", Type::List(Type::String())}, {"payload", Type::String()}});
}

/// Record i: ts = 60,000 i + 1234, kind "k0" … "k4" and NULL for each seventh, amount i / 4, i % 3 tags.
Batch Records(int64_t count) {
  BatchBuilder builder(std::make_shared<const Schema>(RecordSchema()));
  for (int64_t i = 0; i < count; ++i) {
    builder.column(0).AppendInt64(60'000 * i + 1234);
    if (i % 7 == 6) {
      builder.column(1).AppendNull();
    } else {
      builder.column(1).AppendBytes("k" + std::to_string(i % 5));
    }
    builder.column(2).AppendDouble(static_cast<double>(i) / 4);
    for (int64_t tag = 0; tag < i % 3; ++tag) builder.column(3).child(0).AppendBytes("t" + std::to_string(tag));
    builder.column(3).FinishList();
    builder.column(4).AppendBytes("{\"a\": {\"b\": " + std::to_string(i) + "}}");
  }
  return builder.Finish(count);
}

class IngestExpressionsTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("LOTIC_SQL_LIBRARY", LOTIC_SQL_FILE, 1);
    auto ports = OpenTablePorts();
    ASSERT_TRUE(ports.ok()) << ports.status();
    expressions_ = ports->expressions;
    ASSERT_NE(expressions_, nullptr);
  }

  std::unique_ptr<table::CompiledExpressions> Compile(const std::vector<table::NamedExpression>& expressions) {
    auto compiled = expressions_->Compile(expressions, RecordSchema());
    EXPECT_TRUE(compiled.ok()) << compiled.status();
    return compiled.ok() ? std::move(*compiled) : nullptr;
  }

  std::shared_ptr<table::Expressions> expressions_;
};

TEST_F(IngestExpressionsTest, ComputesAllColumnsOverMoreRowsThanOneChunkHolds) {
  const auto compiled = Compile({{{"minute", Type::Int64()}, "dateTrunc('MINUTE', ts)"},
                                 {{"at", Type::Timestamp(TimeUnit::kMilli, true)}, "ts"},
                                 {{"", Type::Bool()}, "strcmp(kind,'k0') = 0"},
                                 {{"b", Type::Int32()}, "jsonPathLong(payload, '$.a.b')"},
                                 {{"upper", Type::List(Type::String())}, "split(concat(kind, 'x', ','), ',')"},
                                 {{"first", Type::String()}, "coalesce(kind, 'none')"}});
  ASSERT_NE(compiled, nullptr);
  EXPECT_THAT(compiled->inputs(), ElementsAre("ts", "kind", "payload"));
  for (const int64_t count : {5000, 1, 0, 2048}) {  // prepared once, run over batches of any size
    const Result<Batch> made = compiled->Evaluate({}, Records(count));
    ASSERT_TRUE(made.ok()) << made.status();
    ASSERT_TRUE(made->Validate().ok()) << made->Validate();
    ASSERT_EQ(made->num_rows(), count);
    ASSERT_EQ(made->num_columns(), 6u);
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(made->column(0).values<int64_t>()[static_cast<size_t>(i)], 60'000 * i) << i;
      ASSERT_EQ(made->column(1).values<int64_t>()[static_cast<size_t>(i)], 60'000 * i + 1234) << i;
      ASSERT_EQ(made->column(2).IsNull(i), i % 7 == 6) << i;
      if (i % 7 != 6) {
        ASSERT_EQ(made->column(2).Bool(i), i % 5 == 0) << i;
      }
      ASSERT_EQ(made->column(3).values<int32_t>()[static_cast<size_t>(i)], i) << i;
      ASSERT_EQ(made->column(5).Text(i), i % 7 == 6 ? "none" : "k" + std::to_string(i % 5)) << i;
    }
  }
}

TEST_F(IngestExpressionsTest, ARowThatCannotBeComputedIsInvalid) {
  const auto compiled = Compile({{{"n", Type::Int64()}, "cast(kind, 'LONG')"}});
  ASSERT_NE(compiled, nullptr);
  const Result<Batch> made = compiled->Evaluate({}, Records(3));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.status().code(), StatusCode::kInvalid);
  EXPECT_THAT(made.status().message(), HasSubstr("k0"));
  EXPECT_TRUE(compiled->Evaluate({}, Records(0)).ok());  // it goes on
}

TEST_F(IngestExpressionsTest, ConstantsNeedNoInput) {
  const auto compiled = Compile({{{"kind", Type::String()}, "'fixed'"}, {{"n", Type::Int32()}, "1 + 2"}});
  ASSERT_NE(compiled, nullptr);
  EXPECT_TRUE(compiled->inputs().empty());
  const Result<Batch> made = compiled->Evaluate({}, Records(3));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->column(0).Text(2), "fixed");
  EXPECT_EQ(made->column(1).values<int32_t>()[2], 3);
}

TEST_F(IngestExpressionsTest, RefusesWhatIsNotTheSameAgain) {
  EXPECT_THAT(expressions_->Inputs("concat(kind, tags, '')").ValueOrDie(), ElementsAre("kind", "tags"));
  EXPECT_THAT(expressions_->Inputs("now()").status().message(), HasSubstr("now()"));
  EXPECT_THAT(expressions_->Inputs("Groovy({kind.size()}, kind)").status().message(), HasSubstr("Groovy"));
  EXPECT_THAT(expressions_->Inputs("random()").status().message(), HasSubstr("random"));
  EXPECT_THAT(expressions_->Compile(std::vector<table::NamedExpression>{{{"n", Type::Int32()}, "length(knd)"}}, RecordSchema()).status().message(),
              HasSubstr("did you mean kind"));
  EXPECT_THAT(expressions_->Compile(std::vector<table::NamedExpression>{{{"n", Type::Int32()}, "tags + 1"}}, RecordSchema()).status().message(),
              HasSubstr("array"));
}

}  // namespace
}  // namespace lotic::sql
