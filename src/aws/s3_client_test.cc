// SPDX-License-Identifier: Apache-2.0
// What needs no S3; tests/aws puts the client in front of one that verifies signatures.
#include "aws/s3_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/sigv4.h"
#include "aws/test_http_server.h"
#include "aws/test_retry_clock.h"

namespace lotic::aws {
namespace {

using testing::HasSubstr;

class S3ClientTest : public testing::Test {
 protected:
  Session MakeSession(Environment environment = {}) {
    Session session;
    session.environment = std::move(environment);
    session.region = "eu-west-1";
    session.credentials = FixedCredentials({"AKID", net::Secret("the-secret"), {}}).ValueOrDie();
    session.http = HttpClient::Create({}).ValueOrDie();
    session.clock = &wall_;
    session.retry_clock = &time_;
    return session;
  }
  std::unique_ptr<S3Client> Client(S3ClientOptions options = {}, Environment environment = {}) {
    return S3Client::Create(MakeSession(std::move(environment)), std::move(options)).ValueOrDie();
  }
  std::string Where(const S3ClientOptions& options, const std::string& bucket, const Environment& environment = {}) {
    const std::string url = Client(options, environment)->Presign({}, "GET", bucket, "a b/ü+%", std::chrono::seconds(60)).ValueOrDie();
    return url.substr(0, url.find('?'));
  }
  TestWallClock wall_;
  TestRetryClock time_;
};

TEST_F(S3ClientTest, BucketsArePartOfTheHostWhereTheyCanBeAndOfThePathElsewhere) {
  EXPECT_EQ(Where({}, "my-bucket"), "https://my-bucket.s3.eu-west-1.amazonaws.com/a%20b/%C3%BC%2B%25");
  EXPECT_EQ(Where({}, "my.bucket"), "https://s3.eu-west-1.amazonaws.com/my.bucket/a%20b/%C3%BC%2B%25");
  EXPECT_EQ(Where({}, "MyBucket"), "https://s3.eu-west-1.amazonaws.com/MyBucket/a%20b/%C3%BC%2B%25");
  EXPECT_EQ(Where({.path_style = true}, "my-bucket"), "https://s3.eu-west-1.amazonaws.com/my-bucket/a%20b/%C3%BC%2B%25");
  EXPECT_EQ(Where({.endpoint = "http://minio:9000/base"}, "my-bucket"), "http://minio:9000/base/my-bucket/a%20b/%C3%BC%2B%25");
  EXPECT_EQ(Where({.endpoint = "http://minio:9000", .path_style = false}, "my-bucket"), "http://my-bucket.minio:9000/a%20b/%C3%BC%2B%25");
  EXPECT_EQ(Where({}, "my-bucket", {{"AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"}, {"AWS_ENDPOINT_URL", "http://x:2"}}),
            "http://127.0.0.1:1/my-bucket/a%20b/%C3%BC%2B%25");
  EXPECT_EQ(Where({}, "my-bucket", {{"AWS_ENDPOINT_URL", "http://x:2"}}), "http://x:2/my-bucket/a%20b/%C3%BC%2B%25");
}

TEST_F(S3ClientTest, NamesThatAreNoneAreRefusedBeforeAnythingIsSent) {
  const auto client = Client({.endpoint = "http://127.0.0.1:1"});
  for (const std::string bucket : {"", "ab", "a/b", "b\r\nX", "...", "bücket"}) {
    EXPECT_EQ(client->HeadBucket({}, bucket).code(), StatusCode::kInvalid) << bucket;
  }
  EXPECT_EQ(client->DeleteObject({}, "bucket", "").code(), StatusCode::kInvalid);
  EXPECT_EQ(client->DeleteObject({}, "bucket", std::string(1025, 'k')).code(), StatusCode::kInvalid);
  EXPECT_EQ(client->GetObject({}, "bucket", "k", {.range = std::pair<int64_t, int64_t>(5, 5)}).status().code(), StatusCode::kInvalid);
  for (const char* name : {"host", "Content-Length", "X-Amz-Date", "Authorization", "Expect", "x-amz-content-sha256"}) {
    const HttpHeader header{name, "1"};
    EXPECT_THAT(client->PutObject({}, "bucket", "k", {}, {&header, 1}).ToString(), HasSubstr("is set by the client itself"));
  }
  EXPECT_EQ(client->Presign({}, "POST", "bucket", "k", std::chrono::seconds(1)).status().code(), StatusCode::kInvalid);
}

TEST_F(S3ClientTest, SlowDownIsTriedAgainAndARefusalIsNot) {
  std::atomic<int> calls{0};
  TestHttpServer server(
      [&](const TestHttpRequest&) { return ++calls == 1 ? TestHttpAnswer{.status = 503, .body = "<Error><Code>SlowDown</Code></Error>"} : TestHttpAnswer{}; });
  const auto client = Client({.endpoint = server.url()});
  EXPECT_TRUE(client->PutObject({}, "bucket", "k", {}).ok());
  EXPECT_EQ(time_.waits_ms.size(), 1u);
  TestHttpServer closed([](const TestHttpRequest&) { return TestHttpAnswer{.status = 403}; });
  EXPECT_EQ(Client({.endpoint = closed.url()})->HeadBucket({}, "bucket").code(), StatusCode::kUnauthorized);
  EXPECT_EQ(closed.requests().size(), 1u);
}

TEST_F(S3ClientTest, AWrongClockIsPutRightOnce) {
  TestHttpServer server([&](const TestHttpRequest& request) {
    if (request.Header("X-Amz-Date") == "20261130T031654Z") return TestHttpAnswer{.body = "data"};
    return TestHttpAnswer{.status = 403, .headers = {{"Date", "Mon, 30 Nov 2026 03:16:54 GMT"}}, .body = "<Error><Code>RequestTimeTooSkewed</Code></Error>"};
  });
  const auto client = Client({.endpoint = server.url()});
  EXPECT_EQ(client->GetObject({}, "bucket", "k").ValueOrDie().body, "data");
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(client->GetObject({}, "bucket", "k").ValueOrDie().body, "data");
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(S3ClientTest, ARangeThatTheServerIgnoresIsAnError) {
  TestHttpServer server([](const TestHttpRequest&) { return TestHttpAnswer{.body = "everything"}; });
  const auto client = Client({.endpoint = server.url()});
  EXPECT_EQ(client->GetObject({}, "bucket", "k", {.range = std::pair<int64_t, int64_t>(2, 4)}).status().code(), StatusCode::kIOError);
  EXPECT_EQ(server.requests()[0].Header("Range"), "bytes=2-3");
  EXPECT_EQ(client->GetObject({}, "bucket", "k", {.max_bytes = 9}).status().code(), StatusCode::kCapacityError);
  EXPECT_EQ(client->GetObject({}, "bucket", "k", {.max_bytes = 10}).ValueOrDie().body, "everything");
}

TEST_F(S3ClientTest, ABodyIsLeftUnsignedOnlyOverTls) {
  TestHttpServer server([](const TestHttpRequest&) { return TestHttpAnswer{}; });
  ASSERT_TRUE(Client({.endpoint = server.url(), .unsigned_payload = true})->PutObject({}, "bucket", "k", {}).ok());
  EXPECT_EQ(server.requests()[0].Header("x-amz-content-sha256"), Sha256Hex(""));
}

}  // namespace
}  // namespace lotic::aws
