// SPDX-License-Identifier: Apache-2.0
#include "aws/aws_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lotic/source_error.h"

namespace lotic::aws {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Credentials kKeys{"AKID", net::Secret("the-secret"), net::Secret("the-token")};

HttpResponse Answer(int status, std::string body, std::vector<HttpHeader> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return response;
}

Status Json(const HttpResponse& response) { return JsonServiceError("kinesis", "GetRecords", response, kKeys); }

TEST(JsonServiceError, ReadsBothSpellingsOfCodeAndMessage) {
  const HttpResponse answers[] = {
      Answer(400, R"({"__type":"ResourceNotFoundException","message":"no such stream"})"),
      Answer(400, R"({"__type":"com.amazonaws.kinesis.v20131202#ResourceNotFoundException","Message":"no such stream"})"),
      Answer(400, R"({"message":"no such stream"})", {{"X-Amzn-ErrorType", "ResourceNotFoundException:http://internal.amazon.com/x/"}}),
      Answer(400, R"({"Message":"no such stream"})", {{"x-amzn-errortype", "aws.protocols#ResourceNotFoundException"}}),
      Answer(400, R"({"code":"ResourceNotFoundException","message":"no such stream"})"),
      Answer(400, R"({"Code":"ResourceNotFoundException","message":"no such stream","message":"no such stream"})"),
      Answer(400, "<E><Error><Code>ResourceNotFoundException</Code><Message>no such stream</Message></Error></E>"),
  };
  for (const HttpResponse& answer : answers) {
    const Status status = Json(answer);
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << answer.body;
    EXPECT_EQ(status.message(), "kinesis GetRecords: ResourceNotFoundException: no such stream") << answer.body;
    EXPECT_EQ(AwsError::From(status)->code, "ResourceNotFoundException");
    EXPECT_EQ(AwsError::From(status)->message, "no such stream");
  }
}

TEST(JsonServiceError, CarriesServiceOperationStatusAndRequestId) {
  const Status status = Json(Answer(500, R"({"__type":"InternalFailure"})", {{"x-amzn-RequestId", "4f0d-77"}, {"Retry-After", "3"}}));
  const AwsError* error = AwsError::From(status);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->service, "kinesis");
  EXPECT_EQ(error->operation, "GetRecords");
  EXPECT_EQ(error->http_status, 500);
  EXPECT_EQ(error->request_id, "4f0d-77");
  EXPECT_EQ(error->retry_after, std::chrono::milliseconds(3000));
  EXPECT_EQ(status.ToString(), "IOError: kinesis GetRecords: InternalFailure (kinesis GetRecords: InternalFailure, HTTP 500, request 4f0d-77)");
}

TEST(JsonServiceError, CodesBecomeStatuses) {
  const struct {
    const char* code;
    int http;
    StatusCode status;
    bool retryable;
  } cases[] = {
      {"ProvisionedThroughputExceededException", 400, StatusCode::kThrottled, true},
      {"ThrottlingException", 400, StatusCode::kThrottled, true},
      {"KMSThrottlingException", 400, StatusCode::kThrottled, true},
      {"LimitExceededException", 400, StatusCode::kThrottled, true},
      {"SomethingNew", 429, StatusCode::kThrottled, true},
      {"InternalFailure", 500, StatusCode::kIOError, true},
      {"SomethingNew", 503, StatusCode::kIOError, true},
      {"InternalServerException", 400, StatusCode::kIOError, true},
      {"ResourceNotFoundException", 400, StatusCode::kNotFound, false},
      {"SomethingNew", 404, StatusCode::kNotFound, false},
      {"AccessDeniedException", 400, StatusCode::kUnauthorized, false},
      {"UnrecognizedClientException", 400, StatusCode::kUnauthorized, false},
      {"ExpiredTokenException", 400, StatusCode::kUnauthorized, false},
      {"SomethingNew", 403, StatusCode::kUnauthorized, false},
      {"ValidationException", 400, StatusCode::kInvalid, false},
      {"InvalidArgumentException", 400, StatusCode::kInvalid, false},
      {"SomethingNew", 400, StatusCode::kInvalid, false},
      {"ResourceInUseException", 400, StatusCode::kIOError, false},
      {"SomethingNew", 421, StatusCode::kIOError, false},
      {"UnknownOperationException", 400, StatusCode::kNotImplemented, false},
      {"KMSAccessDeniedException", 400, StatusCode::kUnauthorized, false},
  };
  for (const auto& expected : cases) {
    const Status status = Json(Answer(expected.http, std::string(R"({"__type":")") + expected.code + R"("})"));
    EXPECT_EQ(status.code(), expected.status) << expected.code << " " << expected.http;
    EXPECT_EQ(IsRetryable(status), expected.retryable) << expected.code << " " << expected.http;
  }
}

TEST(JsonServiceError, AClockThatIsOffIsToldFromAWrongKey) {
  const auto kind = [](const char* code, const char* message) {
    return AwsError::From(Json(Answer(400, std::string(R"({"__type":")") + code + R"(","message":")" + message + R"("})")))->kind;
  };
  EXPECT_EQ(kind("InvalidSignatureException", "Signature expired: 20200101T000000Z is now earlier than 20261130T000000Z"), AwsErrorKind::kClockSkew);
  EXPECT_EQ(kind("InvalidSignatureException", "Signature not yet current: 20300101T000000Z is still later than"), AwsErrorKind::kClockSkew);
  EXPECT_EQ(kind("RequestTimeTooSkewed", ""), AwsErrorKind::kClockSkew);
  EXPECT_EQ(kind("InvalidSignatureException", "The request signature we calculated does not match"), AwsErrorKind::kUnauthorized);
}

TEST(JsonServiceError, WhatIsNoErrorAnswerShowsItsBeginning) {
  for (const std::string body : {"", "not json", "[]", "{", R"({"__type":5,"message":[]})", "null"}) {
    const Status status = Json(Answer(502, body));
    EXPECT_EQ(status.code(), StatusCode::kIOError);
    EXPECT_EQ(AwsError::From(status)->code, "HTTP502") << body;
    EXPECT_THAT(status.message(), HasSubstr(body));
  }
  const Status status = Json(Answer(502, std::string(100'000, 'x') + "\n\x01\xFF"));
  EXPECT_LT(status.message().size(), 700u);
  EXPECT_THAT(Json(Answer(502, "a\n\x01\xFF\xC3\xBC")).message(), HasSubstr("a  ?\xC3\xBC"));
}

TEST(JsonServiceError, DeepNestingIsHarmless) {
  EXPECT_EQ(AwsError::From(Json(Answer(400, std::string(60'000, '['))))->code, "HTTP400");
  EXPECT_EQ(AwsError::From(Json(Answer(400, std::string(30'000, '[') + std::string(30'000, ']'))))->code, "HTTP400");
}

TEST(JsonServiceError, ASecretThatTheServiceRepeatsIsTakenOut) {
  const Status status =
      Json(Answer(403, R"({"__type":"InvalidSignatureException","message":"canonical: x-amz-security-token:the-token\nthe-token the-secret"})"));
  EXPECT_THAT(status.ToString(), AllOf(Not(HasSubstr("the-token")), Not(HasSubstr("the-secret")), HasSubstr("x-amz-security-token:*** *** ***")));
  EXPECT_THAT(Json(Answer(403, "plain the-token")).ToString(), Not(HasSubstr("the-token")));
}

TEST(S3ServiceError, ReadsXmlAndSpeaksForHead) {
  const auto error = [](const HttpResponse& response) { return S3ServiceError("GetObject", "s3://b/k", "us-east-1", response, kKeys); };
  Status status = error(Answer(404,
                               "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>The &lt;key&gt; &amp; &#10;co &bogus; &</Message>"
                               "<RequestId>R1</RequestId></Error>"));
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "s3 GetObject s3://b/k: NoSuchKey: The <key> &  co &bogus; &");
  EXPECT_EQ(AwsError::From(status)->request_id, "R1");
  EXPECT_EQ(error(Answer(403, "")).ToString(), "Unauthorized: s3 GetObject s3://b/k: HTTP403: access is denied (s3 GetObject: HTTP403, HTTP 403)");
  EXPECT_EQ(error(Answer(404, "")).code(), StatusCode::kNotFound);
  status = error(Answer(503, "<Error><Code>SlowDown</Code></Error>"));
  EXPECT_EQ(status.code(), StatusCode::kThrottled);
  EXPECT_TRUE(IsRetryable(status));
  EXPECT_EQ(error(Answer(500, "")).code(), StatusCode::kIOError);
  EXPECT_EQ(error(Answer(500, "<Error><Code>Inter")).code(), StatusCode::kIOError);
}

TEST(S3ServiceError, ABucketOfAnotherRegionIsNamedWithBoth) {
  const auto message = [](const HttpResponse& response) {
    const Status status = S3ServiceError("PutObject", "s3://b/k", "us-east-1", response, kKeys);
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_FALSE(IsRetryable(status));
    return status.message();
  };
  EXPECT_THAT(message(Answer(301, "", {{"x-amz-bucket-region", "eu-west-1"}})),
              HasSubstr("the bucket is in region eu-west-1, not us-east-1; set the region to eu-west-1"));
  EXPECT_THAT(message(Answer(400, "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-west-1</Region></Error>")),
              HasSubstr("region eu-west-1, not us-east-1"));
  EXPECT_THAT(message(Answer(307, "<Error><Code>TemporaryRedirect</Code><Endpoint>b.s3.example</Endpoint></Error>")),
              HasSubstr("another address, b.s3.example"));
}

TEST(SourceStatus, KeepsTheMessageAndSaysWhetherToTryAgain) {
  Status status = ToSourceStatus(Json(Answer(400, R"({"__type":"ThrottlingException","message":"slow"})", {{"x-amzn-requestid", "r1"}})));
  EXPECT_EQ(status.code(), StatusCode::kThrottled);
  EXPECT_EQ(status.message(), "kinesis GetRecords: ThrottlingException: slow (request r1)");
  ASSERT_NE(SourceError::From(status), nullptr);
  EXPECT_TRUE(SourceError::From(status)->retryable);
  status = ToSourceStatus(Status::IOError("cut").WithDetail(std::make_shared<TransportError>(true, false)));
  EXPECT_FALSE(SourceError::From(status)->retryable);
  EXPECT_EQ(ToSourceStatus(Status::Invalid("x")).ToString(), "Invalid: x");
  EXPECT_TRUE(ToSourceStatus(Status::OK()).ok());
}

}  // namespace
}  // namespace lotic::aws
