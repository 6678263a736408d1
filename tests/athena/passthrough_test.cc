// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "athena/passthrough.h"
#include "athena/test_door.h"
#include "athena/test_query_connector.h"
#include "athena_protocol/message_json.h"
#include "tests/athena/judge.h"

// Queries of the source's own language: the original asks our door, and reads what it answers.

namespace lotic::athena_pack {
namespace {

class PassthroughTest : public JudgedTest {};

TEST_F(PassthroughTest, TheOriginalsRequestForAQueryIsAnsweredWithItsColumns) {  // checks 7, 28
  athena::TestDoor door(std::make_shared<athena::QueryConnector>());
  for (const int version : {5, 6}) {
    const std::string request = judge_->Write("GetTableRequest/passthrough", version);
    const auto answer = door.function->Invoke(CallContext(), {request, "request", "arn:aws:lambda:us-east-1:000000000000:function:f"});
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_THAT(judge_->Dump(*answer, version, "response"), testing::AllOf(testing::HasSubstr("customer"), testing::HasSubstr("price"))) << *answer;
  }
  // Of a table, the same request without arguments.
  EXPECT_FALSE(door.function->Invoke(CallContext(), {judge_->Write("GetTableRequest", 6), "request", ""}).ok());
}

TEST_F(PassthroughTest, TheFunctionIsAdvertisedAsTheOriginalWritesIt) {  // check 27
  const auto own = nlohmann::json::parse(judge_->Write("GetDataSourceCapabilitiesResponse", 6))["capabilities"]["SYSTEM.QUERY"];
  athena::GetDataSourceCapabilitiesResponse response = {"lake", {}};
  athena::Advertise({"system", "query", {"Query"}, {}}, &response);
  const std::string ours = athena::WriteResponse(response);
  EXPECT_EQ(nlohmann::json::parse(ours)["capabilities"]["SYSTEM.QUERY"], own);
  EXPECT_NE(judge_->Dump(ours, 6, "response"), "");
}

}  // namespace
}  // namespace lotic::athena_pack
