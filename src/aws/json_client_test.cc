// SPDX-License-Identifier: Apache-2.0
#include "aws/json_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "aws/test_http_server.h"
#include "aws/test_retry_clock.h"

namespace lotic::aws {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string DateAt(int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc));
}

class JsonClientTest : public testing::Test {
 protected:
  std::unique_ptr<JsonClient> Client(const std::string& url, JsonClientOptions options = {}) {
    Session session;
    session.environment = {{"AWS_ENDPOINT_URL_KINESIS", url}};
    session.region = "eu-west-1";
    session.credentials = FixedCredentials({"AKID", net::Secret("the-secret"), net::Secret("the-token")}).ValueOrDie();
    session.http = HttpClient::Create({}).ValueOrDie();
    session.clock = &wall_;
    session.retry_clock = &time_;
    return JsonClient::Create(KinesisService(), session, options).ValueOrDie();
  }
  TestWallClock wall_;
  TestRetryClock time_;
};

TEST_F(JsonClientTest, SendsASignedCallAndReturnsTheAnswer) {
  TestHttpServer server([](const TestHttpRequest&) {
    return TestHttpAnswer{.headers = {{"x-amzn-RequestId", "r-1"}, {"Date", "Mon, 30 Nov 2026 03:16:54 GMT"}}, .body = R"({"Shards":[]})"};
  });
  const auto client = Client(server.url());
  const JsonAnswer answer = client->Call({}, "ListShards", R"({"StreamName":"s"})").ValueOrDie();
  EXPECT_EQ(answer.body, R"({"Shards":[]})");
  EXPECT_EQ(answer.request_id, "r-1");
  EXPECT_EQ(answer.date_ms, 1'796'008'614'000);
  EXPECT_EQ(answer.attempts, 1);
  const TestHttpRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/");
  EXPECT_EQ(seen.body, R"({"StreamName":"s"})");
  EXPECT_EQ(seen.Header("Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(seen.Header("X-Amz-Target"), "Kinesis_20131202.ListShards");
  EXPECT_EQ(seen.Header("X-Amz-Security-Token"), "the-token");
  EXPECT_EQ(seen.Header("X-Amz-Date"), FormatSigningTime(wall_.now_ms));
  SigningRequest signing;
  signing.method = "POST";
  signing.host = seen.Header("Host");
  signing.path = "/";
  signing.headers = {{"Content-Type", seen.Header("Content-Type")}, {"X-Amz-Target", seen.Header("X-Amz-Target")}};
  signing.body = {reinterpret_cast<const uint8_t*>(seen.body.data()), seen.body.size()};
  const Credentials keys{"AKID", net::Secret("the-secret"), net::Secret("the-token")};
  EXPECT_THAT(seen.Header("Authorization"), testing::EndsWith(ExplainSignature(signing, {"eu-west-1", "kinesis"}, keys, wall_.now_ms).ValueOrDie().signature));
}

TEST_F(JsonClientTest, TriesAgainAfterThrottlingAndServerErrorsOnOneConnection) {
  std::atomic<int> calls{0};
  TestHttpServer server([&](const TestHttpRequest&) {
    switch (++calls) {
      case 1: return TestHttpAnswer{.status = 400, .body = R"({"__type":"ProvisionedThroughputExceededException"})"};
      case 2: return TestHttpAnswer{.status = 503, .body = "<html>busy</html>"};
      default: return TestHttpAnswer{.body = "{}"};
    }
  });
  const JsonAnswer answer = Client(server.url())->Call({}, "GetRecords", "{}").ValueOrDie();
  EXPECT_EQ(answer.attempts, 3);
  EXPECT_THAT(time_.waits_ms, ElementsAre(250, 100));
  EXPECT_EQ(server.requests().back().connection, 1);
}

TEST_F(JsonClientTest, ErrorsNameServiceOperationAndCode) {
  TestHttpServer server([](const TestHttpRequest&) {
    return TestHttpAnswer{
        .status = 400, .headers = {{"x-amzn-requestid", "r-9"}}, .body = R"({"__type":"ResourceNotFoundException","message":"Stream s not found"})"};
  });
  const Status status = Client(server.url())->Call({}, "ListShards", "{}").status();
  EXPECT_EQ(status.ToString(),
            "NotFound: kinesis ListShards: ResourceNotFoundException: Stream s not found (kinesis ListShards: "
            "ResourceNotFoundException, HTTP 400, request r-9)");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(JsonClientTest, ACutConnectionIsTriedAgainAndThenSaysThatItMayHaveArrived) {
  TestHttpServer server([](const TestHttpRequest&) { return TestHttpAnswer{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"}; });
  JsonClientOptions options;
  options.retry.max_attempts = 3;
  const Status status = Client(server.url(), options)->Call({}, "PutRecords", "{}").status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("kinesis PutRecords: POST http://127.0.0.1:"), HasSubstr("given up after 3 attempts")));
  ASSERT_NE(TransportError::From(status), nullptr);
  EXPECT_TRUE(TransportError::From(status)->may_have_been_sent);
  EXPECT_EQ(server.requests().size(), 3u);
}

// A service whose clock is `offset_ms` ahead of ours and which refuses what is more than five minutes off.
TestHttpAnswer Judge(const TestHttpRequest& request, int64_t service_ms) {
  const bool fits = std::abs(std::stoll(request.Header("X-Amz-Date").substr(9, 2)) * 60 + std::stoll(request.Header("X-Amz-Date").substr(11, 2)) -
                             (service_ms / 60'000) % 1440) <= 5;
  if (fits) return {.body = "{}"};
  return {.status = 400,
          .headers = {{"Date", DateAt(service_ms)}},
          .body = R"({"__type":"InvalidSignatureException","message":"Signature expired: x is now earlier than y"})"};
}

TEST_F(JsonClientTest, AWrongClockIsPutRightOnceAndRemembered) {
  const int64_t service_ms = wall_.now_ms + 3 * 3'600'000 + 500;
  TestHttpServer server([&](const TestHttpRequest& request) { return Judge(request, service_ms); });
  const auto client = Client(server.url());
  const JsonAnswer answer = client->Call({}, "ListShards", "{}").ValueOrDie();
  EXPECT_EQ(answer.attempts, 2);
  EXPECT_EQ(client->clock().offset_ms(), 3 * 3'600'000);
  EXPECT_TRUE(time_.waits_ms.empty());
  EXPECT_EQ(client->Call({}, "ListShards", "{}").ValueOrDie().attempts, 1);
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(JsonClientTest, AClockThatCannotBePutRightIsAnErrorAfterTwoTries) {
  TestHttpServer server([&](const TestHttpRequest&) {
    return TestHttpAnswer{.status = 403, .headers = {{"Date", DateAt(wall_.now_ms)}}, .body = R"({"__type":"RequestTimeTooSkewed"})"};
  });
  const Status status = Client(server.url())->Call({}, "ListShards", "{}").status();
  EXPECT_EQ(status.code(), StatusCode::kUnauthorized);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(JsonClientTest, AStopDuringAnAnswerEndsTheCall) {
  TestHttpServer server([](const TestHttpRequest&) { return TestHttpAnswer{.hang = true}; });
  std::stop_source source;
  CallContext ctx;
  ctx.stop = source.get_token();
  std::jthread stopper([&] {
    server.WaitUntilHanging();
    source.request_stop();
  });
  const Status status = Client(server.url())->Call(ctx, "GetRecords", "{}").status();
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(JsonClientTest, ACallMayGoElsewhereWithItsOwnPolicyAndLimit) {
  TestHttpServer home([](const TestHttpRequest&) { return TestHttpAnswer{.body = "home"}; });
  TestHttpServer other([](const TestHttpRequest&) { return TestHttpAnswer{.status = 503}; });
  const auto client = Client(home.url());
  JsonCallOptions call;
  RetryPolicy once;
  once.max_attempts = 1;
  call.retry = &once;
  call.endpoint = ServiceEndpoint::Parse(other.url()).ValueOrDie();
  EXPECT_EQ(client->Call({}, "X", "{}", call).status().code(), StatusCode::kIOError);
  EXPECT_EQ(other.requests().size(), 1u);
  call.endpoint.reset();
  call.max_response_bytes = 3;
  EXPECT_EQ(client->Call({}, "X", "{}", call).status().code(), StatusCode::kCapacityError);
}

TEST_F(JsonClientTest, NoMessageHoldsASecret) {
  TestHttpServer server([](const TestHttpRequest& request) {
    return TestHttpAnswer{.status = 403, .body = R"({"__type":"InvalidSignatureException","message":"token )" + request.Header("X-Amz-Security-Token") + "\"}"};
  });
  const Status status = Client(server.url())->Call({}, "X", "{}").status();
  EXPECT_THAT(status.ToString(), AllOf(Not(HasSubstr("the-token")), HasSubstr("token ***")));
}

TEST(HttpDate, IsReadStrictly) {
  EXPECT_EQ(ParseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT").ValueOrDie(), 0);
  EXPECT_EQ(ParseHttpDate("Sun, 29 Feb 2032 23:59:60 GMT").ValueOrDie(), 1'961'712'000'000);
  for (const char* text :
       {"", "Mon, 30 Nov 2026 03:16:54 UTC", "Mon, 31 Nov 2026 03:16:54 GMT", "Mon, 30 Foo 2026 03:16:54 GMT", "Mon, 3x Nov 2026 03:16:54 GMT",
        "Mon, 30 Nov 2026 24:16:54 GMT", "Mon, 30 nNo 2026 03:16:54 GMT", "Monday, 30-Nov-26 03:16:54 GMT", "Mon, 00 Nov 2026 03:16:54 GMT"}) {
    EXPECT_EQ(ParseHttpDate(text).status().code(), StatusCode::kInvalid) << text;
  }
}

}  // namespace
}  // namespace lotic::aws
