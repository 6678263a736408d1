// SPDX-License-Identifier: Apache-2.0
#include "aws/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lotic::aws {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const ServiceName kKinesis{"KINESIS", "kinesis"};

Session SessionWith(Environment environment, std::string region = "") {
  Session session;
  session.environment = std::move(environment);
  session.region = std::move(region);
  return session;
}

TEST(ServiceEndpoint, ReadsWhatUsersWrite) {
  const struct {
    const char* text;
    const char* url;
    bool address, loopback;
  } cases[] = {
      {"http://127.0.0.1:4567", "http://127.0.0.1:4567", true, true},
      {"http://127.0.0.1:4567/", "http://127.0.0.1:4567", true, true},
      {"HTTP://LocalHost:80/base//", "http://localhost/base", false, true},
      {"https://kinesis.eu-west-1.amazonaws.com:443", "https://kinesis.eu-west-1.amazonaws.com", false, false},
      {"https://h:80", "https://h:80", false, false},
      {"kinesis.eu-west-1.amazonaws.com", "https://kinesis.eu-west-1.amazonaws.com", false, false},
      {"http://[::1]:9000", "http://[::1]:9000", true, true},
      {"http://minio_1:9000", "http://minio_1:9000", false, false},
  };
  for (const auto& expected : cases) {
    const ServiceEndpoint endpoint = ServiceEndpoint::Parse(expected.text).ValueOrDie();
    EXPECT_EQ(endpoint.Url(), expected.url);
    EXPECT_EQ(endpoint.is_address(), expected.address) << expected.text;
    EXPECT_EQ(endpoint.is_loopback(), expected.loopback) << expected.text;
    EXPECT_TRUE(endpoint.overridden);
  }
}

TEST(ServiceEndpoint, RefusesTheRestAndShowsNoPassword) {
  for (const char* text :
       {"", "localhost", "ftp://h", "http://", "http://:80", "http://h:", "http://h:0", "http://h:65536", "http://h:8x", "http://a b", "http://u:hush@h",
        "http://h?x=hush", "http://h#f", "http://[::1", "http://[zz]", "http://[::1]8", "http://h\n", "http://ex\xC3\xA4mple"}) {
    const Status status = ServiceEndpoint::Parse(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << text;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("is not an endpoint: "), Not(HasSubstr("hush")))) << text;
  }
}

TEST(FindEndpoint, TheUsersOwnComesBeforeTheServicesVariableAndThatBeforeTheGeneralOne) {
  Environment environment{{"AWS_ENDPOINT_URL", "http://general:1"}, {"AWS_ENDPOINT_URL_KINESIS", "http://special:2"}};
  EXPECT_EQ(FindEndpoint(kKinesis, "http://mine:3", SessionWith(environment))->Url(), "http://mine:3");
  EXPECT_EQ(FindEndpoint(kKinesis, "", SessionWith(environment))->Url(), "http://special:2");
  EXPECT_EQ(FindEndpoint({"S3", "s3"}, "", SessionWith(environment))->Url(), "http://general:1");
  environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "TRUE";
  EXPECT_EQ(FindEndpoint(kKinesis, "", SessionWith(environment, "eu-west-1"))->Url(), "https://kinesis.eu-west-1.amazonaws.com");
  EXPECT_EQ(FindEndpoint(kKinesis, "http://mine:3", SessionWith(environment))->Url(), "http://mine:3");
}

TEST(FindEndpoint, PartitionsHaveTheirOwnSuffix) {
  const auto host = [](const char* region) { return FindEndpoint(kKinesis, "", SessionWith({}, region)).ValueOrDie().host; };
  EXPECT_EQ(host("us-gov-west-1"), "kinesis.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(host("cn-north-1"), "kinesis.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(host("us-isob-east-1"), "kinesis.us-isob-east-1.sc2s.sgov.gov");
}

TEST(FindEndpoint, ErrorsNameTheVariableAndWhatIsMissing) {
  EXPECT_THAT(FindEndpoint(kKinesis, "", SessionWith({{"AWS_ENDPOINT_URL", "nonsense"}})).status().ToString(),
              HasSubstr("Invalid: AWS_ENDPOINT_URL: 'nonsense' is not an endpoint"));
  EXPECT_THAT(FindEndpoint(kKinesis, "", SessionWith({})).status().ToString(),
              AllOf(HasSubstr("Invalid: no AWS region for kinesis"), HasSubstr("AWS_ENDPOINT_URL_KINESIS")));
  EXPECT_EQ(FindEndpoint(kKinesis, "", SessionWith({}, "evil.com/")).status().code(), StatusCode::kInvalid);
}

TEST(SigningRegion, IsTheSessionsOrTheHostsOrAStandIns) {
  const auto region = [](const char* url, const char* own) { return SigningRegion(ServiceEndpoint::Parse(url).ValueOrDie(), SessionWith({}, own)); };
  EXPECT_EQ(region("https://kinesis.eu-west-1.amazonaws.com", ""), "eu-west-1");
  EXPECT_EQ(region("https://query.timestream.cn-north-1.amazonaws.com.cn", ""), "cn-north-1");
  EXPECT_EQ(region("https://kinesis.eu-west-1.amazonaws.com", "us-west-2"), "us-west-2");
  EXPECT_EQ(region("http://127.0.0.1:4567", ""), "us-east-1");
}

TEST(Session, OpensWithWhatItFindsAndFailsEarlyWithout) {
  const Environment environment{{"AWS_ACCESS_KEY_ID", "ID"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_REGION", "eu-west-1"}};
  const Session session = Session::Open({}, environment).ValueOrDie();
  EXPECT_EQ(session.region, "eu-west-1");
  EXPECT_EQ(session.credentials->Get({}).ValueOrDie().access_key_id, "ID");
  SessionOptions options;
  options.region = "us-west-2";
  EXPECT_EQ(Session::Open(options, environment).ValueOrDie().region, "us-west-2");
  options.region = "not a region";
  EXPECT_EQ(Session::Open(options, environment).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(Session::Open({}, {}).status().code(), StatusCode::kUnauthorized);
}

}  // namespace
}  // namespace lotic::aws
