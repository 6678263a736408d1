// SPDX-License-Identifier: Apache-2.0
#include "lotic/scan_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace lotic {
namespace {

ScanRequest FullRequest() {
  ScanRequest r;
  r.table = {"default", "my.\"topic\""};
  r.start = {ScanStart::Kind::kPositions, 7, {{"0", {"12"}}, {"1", {"0"}}}};
  r.unbounded = true;
  r.layout.fields = {{"i", Type::Int64(), {{"lotic:path", "/i"}}},
                     {"d", Type::Float64()},
                     {"s", Type::String()},
                     {"bin", Type::Binary()},
                     {"b", Type::Bool()},
                     {"dec", Type::Decimal(38, 4)},
                     {"u", Type::UInt64()},
                     {"n", Type::Struct({{"x", Type::List(Type::Date())}})}};
  r.constraints.columns["i"] = ValueSet::Range({int64_t{INT64_MIN}, false, int64_t{INT64_MAX}, true});
  r.constraints.columns["d"] = ValueSet::Listed({-INFINITY, -0.1, 0.1 + 0.2});
  r.constraints.columns["s"] = {ValueSet::Kind::kUnlisted, true, {}, {std::string("ä\"\\\n")}};
  r.constraints.columns["bin"] = ValueSet::Listed({std::string("\0\xff\x01", 3)});
  r.constraints.columns["b"] = ValueSet::Listed({true});
  r.constraints.columns["dec"] = ValueSet::Range({std::nullopt, true, Int128{-123456789012345678} * 1000000000000, false});
  r.constraints.columns["u"] = ValueSet::Listed({UINT64_MAX});
  r.constraints.columns["n"] = ValueSet::All(false);
  r.constraints.expressions = {{Expression::Kind::kCall,
                                Type::Bool(),
                                {},
                                "equal",
                                {{Expression::Kind::kColumn, Type::Int64(), {}, "i", {}}, {Expression::Kind::kConstant, Type::Int64(), int64_t{5}, "", {}}}}};
  r.order_by = {{"i", true, true}, {"s", false, false}};
  r.limit = 10;
  r.policy = {Isolation::kReadUncommitted, OnError::kSkip, Tombstones::kSkip, OnDataLoss::kWarn, 5000};
  r.compare = {CompareOptions::StringOrder::kUtf16Unit, true};
  r.arguments = {{"a", "b"}};
  r.token = "token";
  r.as_of_ms = -5;
  return r;
}

TEST(ScanJson, ARequestWithEverythingSurvives) {
  const ScanRequest request = FullRequest();
  const std::string json = ToJson(request);
  const Result<ScanRequest> back = ScanRequestFromJson(json);
  ASSERT_TRUE(back.ok()) << back.status() << "\n" << json;
  EXPECT_EQ(*back, request);
  EXPECT_EQ(ToJson(*back), json);
}

TEST(ScanJson, SplitsPositionsPartitionsAndCertificatesSurvive) {
  const ScanRequest request = FullRequest();
  const SplitStart start = {{"3", {"10"}, Position{"20"}, {{"topic_id", "x"}}, request.constraints}, {"15"}};
  const Result<SplitStart> back = SplitStartFromJson(ToJson(start, request.layout), request.layout);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, start);
  Split endless = start.split;
  endless.end.reset();
  EXPECT_EQ(*SplitFromJson(ToJson(endless, request.layout), request.layout), endless);

  TableInfo table;
  table.hidden.fields = {{"_partition_id", Type::Int64()}};
  table.partition_columns = {"_partition_id"};
  const LayoutPartition partition = {{int64_t{3}}, {{"start", "5"}}};
  EXPECT_EQ(*LayoutPartitionFromJson(ToJson(partition, table), table), partition);

  SplitCertificate certificate = {"3", {"10"}, Position{"20"}, {"10"},         {"15"},         false,    EndReason::kReleased, {1, 2, 0, 1, 1, 0}, 1,
                                  4,   99,     {"a note"},     Position{"11"}, Position{"14"}, "drained"};
  EXPECT_EQ(*SplitCertificateFromJson(ToJson(certificate)), certificate);
}

TEST(ScanJson, WhatIsUnknownTwiceTooDeepOrTooLongIsRefused) {
  const std::string good = ToJson(FullRequest());
  const auto code = [](const std::string& json) { return ScanRequestFromJson(json).status().code(); };
  EXPECT_EQ(code("{\"more\":1," + good.substr(1)), StatusCode::kInvalid);
  EXPECT_EQ(code("{\"table\":\"x\"," + good.substr(1)), StatusCode::kInvalid);
  EXPECT_EQ(code(good.substr(0, good.size() - 1)), StatusCode::kInvalid);
  EXPECT_EQ(code("[]"), StatusCode::kInvalid);
  EXPECT_EQ(code(std::string(100000, '[')), StatusCode::kCapacityError);
  EXPECT_EQ(code(std::string((16u << 20) + 1, ' ')), StatusCode::kCapacityError);
  for (size_t at = 0; at < good.size(); at += 7) {  // a flipped byte is an error or another request, never a crash
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x11);
    (void)code(bad);
  }
}

}  // namespace
}  // namespace lotic
