// SPDX-License-Identifier: Apache-2.0
#include "server/broker_response.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lotic::server {
namespace {

using Json = nlohmann::ordered_json;

BrokerResponse Answered() {
  BrokerResponse response;
  response.columns = {{"uuid", "STRING"}, {"cnt", "LONG"}};
  response.rows = "[\"a1\",3]";
  response.num_rows = 1;
  response.request_id = "7";
  response.broker_id = "Broker_127.0.0.1_8099";
  response.tables = {"events"};
  return response;
}

TEST(BrokerResponse, HasItsKeysInPinotsOrder) {
  const Json json = Json::parse(Answered().ToJson());
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  ASSERT_EQ(keys.size(), 44U);
  EXPECT_EQ(std::vector<std::string>(keys.begin(), keys.begin() + 5),
            (std::vector<std::string>{"resultTable", "numRowsResultSet", "partialResult", "exceptions", "numGroupsLimitReached"}));
  EXPECT_EQ(keys.back(), "tablesQueried");
  EXPECT_EQ(json["resultTable"].dump(), R"({"dataSchema":{"columnNames":["uuid","cnt"],"columnDataTypes":["STRING","LONG"]},"rows":[["a1",3]]})");
  EXPECT_TRUE(json["clientRequestId"].is_null());
  EXPECT_EQ(json["requestId"], "7");
  for (const auto& [key, value] : json.items()) {
    if (key.rfind("num", 0) != 0 || key.find("Reached") != std::string::npos) continue;
    EXPECT_TRUE(value.is_number_integer()) << key;
  }
}

TEST(BrokerResponse, WithoutAResultHasNoResultTable) {
  BrokerResponse response;
  response.exceptions.push_back({190, "TableDoesNotExistError: there is no table \"x\""});
  const Json json = Json::parse(response.ToJson());
  EXPECT_FALSE(json.contains("resultTable"));
  EXPECT_EQ(json["exceptions"].dump(), R"([{"errorCode":190,"message":"TableDoesNotExistError: there is no table \"x\""}])");
  EXPECT_EQ(json["numServersQueried"], json["numServersResponded"]);
}

TEST(BrokerResponse, OfNoRowsStillHasItsColumns) {
  BrokerResponse response = Answered();
  response.rows.clear();
  response.default_limit_applied = true;
  response.certificate = "{\"tables\":[]}";
  const Json json = Json::parse(response.ToJson());
  EXPECT_EQ(json["resultTable"]["rows"].dump(), "[]");
  EXPECT_EQ(json["defaultLimitApplied"], true);
  EXPECT_EQ(json["certificate"].dump(), "{\"tables\":[]}");
}

TEST(BrokerException, HasTheNumberOfItsCause) {
  const Status front(StatusCode::kInvalid, "no column x", std::make_shared<catalog::PinotErrorDetail>(catalog::PinotErrorCode::kUnknownColumn));
  EXPECT_EQ(ExceptionFor(front).code, 710);
  EXPECT_EQ(ExceptionFor(front).message, "UnknownColumnError: no column x");
  EXPECT_EQ(ExceptionFor(Status::DeadlineExceeded("late")).code, 250);
  EXPECT_EQ(ExceptionFor(Status::DataLoss("gone")).code, 305);
  EXPECT_EQ(ExceptionFor(Status::Cancelled("stopped")).code, 503);
  EXPECT_EQ(ExceptionFor(Status::CapacityError("too much")).code, 245);
  EXPECT_EQ(ExceptionFor(Status::Invalid("cast")).code, 200);
  EXPECT_EQ(ExceptionFor(Status::UnknownError("bug")).code, 450);
  EXPECT_EQ(HttpStatusForException(150), 400);
  EXPECT_EQ(HttpStatusForException(190), 404);
  EXPECT_EQ(HttpStatusForException(250), 408);
  EXPECT_EQ(HttpStatusForException(305), 503);
  EXPECT_EQ(HttpStatusForException(450), 500);
}

}  // namespace
}  // namespace lotic::server
