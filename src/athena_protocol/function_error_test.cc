// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/function_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lotic::athena {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FunctionError, Check40ThreeMembersInOrder) {
  EXPECT_EQ(
      WriteFunctionError(FunctionErrorOf(Status::Invalid("no \"such\" column"))),
      R"({"errorMessage":"InvalidInputException: no \"such\" column","errorType":"com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException","stackTrace":[]})");
  EXPECT_EQ(kFunctionErrorHeader, "Runtime.UserException");
}

TEST(FunctionError, Check40CongestionHasTheTypeThatAthenaRetries) {
  EXPECT_EQ(FunctionErrorOf(Status::Throttled("slow down")).type, kThrottleErrorType);
  EXPECT_EQ(FunctionErrorOf(Status::DeadlineExceeded("late")).type, kThrottleErrorType);
  EXPECT_EQ(FunctionErrorOf(Status::IOError("broken")).type, kConnectorErrorType);
}

TEST(FunctionError, ACodeThatHasANameComesBack) {
  for (const StatusCode code : {StatusCode::kInvalid, StatusCode::kNotFound, StatusCode::kUnauthorized, StatusCode::kIOError, StatusCode::kThrottled,
                                StatusCode::kDataLoss, StatusCode::kDeadlineExceeded, StatusCode::kNotImplemented}) {
    const Status back = StatusOf(ParseFunctionError(WriteFunctionError(FunctionErrorOf(Status(code, "what happened")))).ValueOrDie());
    EXPECT_EQ(back.code(), code);
    EXPECT_EQ(back.message(), "what happened");
  }
  EXPECT_EQ(StatusOf(FunctionErrorOf(Status::CapacityError("x"))).code(), StatusCode::kInvalid);
  EXPECT_EQ(StatusOf(FunctionErrorOf(Status::Cancelled("x"))).code(), StatusCode::kIOError);
}

TEST(FunctionError, Check40ReadsWhatOtherRuntimesWrite) {
  const auto error =
      ParseFunctionError(
          R"({"requestId":7,"errorType":"java.lang.RuntimeException","stackTrace":[["a","b"],"c",null],"cause":{"errorMessage":"inner","errorType":"X","cause":null},"errorMessage":"outer"})")
          .ValueOrDie();
  EXPECT_EQ(error.message, "outer");
  EXPECT_THAT(error.stack, ElementsAre("a b", "c", ""));
  ASSERT_EQ(error.cause.size(), 1u);
  EXPECT_EQ(error.cause[0].message, "inner");
  const Status status = StatusOf(error);
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_EQ(status.message(), "outer (java.lang.RuntimeException); caused by X: inner");
  EXPECT_TRUE(ParseFunctionError("{}").ok());
  EXPECT_THAT(StatusOf({}).message(), HasSubstr("without a message"));
}

TEST(FunctionError, WhatIsNoFunctionErrorIsRefused) {
  std::string nested = R"({"errorMessage":"x"})";
  for (int i = 0; i < 16; ++i) nested = R"({"cause":)" + nested + "}";
  EXPECT_TRUE(ParseFunctionError(nested).ok());
  EXPECT_EQ(ParseFunctionError(R"({"cause":)" + nested + "}").status().code(), StatusCode::kCapacityError);
  for (const char* json : {"", "null", "[]", "7", R"({"errorMessage":7})", R"({"stackTrace":{}})", R"({"stackTrace":[7]})", R"({"cause":"x"})", "{"}) {
    EXPECT_EQ(ParseFunctionError(json).status().code(), StatusCode::kInvalid) << json;
  }
}

}  // namespace
}  // namespace lotic::athena
