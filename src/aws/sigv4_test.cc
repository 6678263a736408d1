// SPDX-License-Identifier: Apache-2.0
#include "aws/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace lotic::aws {
namespace {

using nlohmann::json;

constexpr int64_t kVectorTimeMs = 1'440'938'160'000;  // 2015-08-30T12:36:00Z

Credentials VectorCredentials(std::string token = "") {
  return {"AKIDEXAMPLE", net::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), net::Secret(std::move(token))};
}

std::span<const uint8_t> Bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string ValueOf(const std::vector<HttpHeader>& headers, std::string_view name) { return std::string(FindHeader(headers, name).value_or("")); }

TEST(SigV4, SignsEveryCaseOfThePublishedSuite) {
  const json suite = json::parse(std::ifstream(LOTIC_TESTDATA "/aws/sigv4_vectors.json"));
  ASSERT_EQ(suite["time"], FormatSigningTime(kVectorTimeMs));
  int count = 0;
  for (const json& vector : suite["cases"]) {
    SCOPED_TRACE(vector["name"].get<std::string>());
    SigningRequest request;
    request.method = vector["method"];
    const std::string target = vector["target"];
    request.path = target.substr(0, target.find('?'));
    if (target.find('?') != std::string::npos) request.query = target.substr(target.find('?') + 1);
    for (const json& header : vector["headers"]) {
      const std::string name = header[0];
      if (name == "Host") request.host = header[1];
      if (name != "Host" && name != "X-Amz-Date" && name != "X-Amz-Security-Token") request.headers.push_back({name, header[1]});
    }
    const std::string body = vector["body"];
    request.body = Bytes(body);
    SigningScope scope{suite["region"], suite["service"]};
    const std::string names = vector["signed_headers"];
    const std::string token = vector["token"];
    scope.sign_session_token = token.empty() || names.find("x-amz-security-token") != std::string::npos;
    const SigningSteps steps = ExplainSignature(request, scope, VectorCredentials(token), kVectorTimeMs).ValueOrDie();
    EXPECT_EQ(Sha256Hex(steps.canonical_request), vector["canonical_sha256"]) << steps.canonical_request;
    EXPECT_EQ(steps.signed_headers, names);
    EXPECT_EQ(steps.signature, vector["signature"]);
    const auto headers = SignRequest(request, scope, VectorCredentials(token), kVectorTimeMs).ValueOrDie();
    EXPECT_EQ(ValueOf(headers, "Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + names +
                                                     ", Signature=" + vector["signature"].get<std::string>());
    EXPECT_EQ(ValueOf(headers, "X-Amz-Security-Token"), token);
    ++count;
  }
  EXPECT_EQ(count, 34);
}

TEST(SigV4, SignsAKinesisRequest) {
  SigningRequest request;
  request.method = "POST";
  request.host = "kinesis.us-east-1.amazonaws.com";
  request.path = "/";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "Kinesis_20131202.ListShards"}};
  const std::string body = R"({"StreamName":"orders","MaxResults":100})";
  request.body = Bytes(body);
  EXPECT_EQ(Sha256Hex(request.body), "eb2de1fa95d92b64a9e4aca9a2be3e1a6f5c87c09c59ed212ba7230b0b3fb01f");
  const SigningSteps steps = ExplainSignature(request, {"us-east-1", "kinesis"}, VectorCredentials(), kVectorTimeMs).ValueOrDie();
  EXPECT_EQ(Sha256Hex(steps.canonical_request), "8d8e36a68cff9ac69575e672d8e7383a773f9bddba1c9d562ec626e6e6667c65");
  EXPECT_EQ(steps.signature, "d4b423ee120482f2b6cecba86ff94b8d9d95a91a24517e1e56f15b5461c15d22");
}

// The four examples of "Authenticating Requests: Using the Authorization Header" and the one of "Using Query Parameters" in the
// Amazon S3 API reference.
class S3Examples : public testing::Test {
 protected:
  static Credentials Keys() { return {"AKIAIOSFODNN7EXAMPLE", net::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}}; }
  static SigningScope Scope() { return {"us-east-1", "s3", true}; }
  static constexpr int64_t kTimeMs = 1'369'353'600'000;  // 2013-05-24T00:00:00Z
  SigningRequest request_ = [] {
    SigningRequest request;
    request.host = "examplebucket.s3.amazonaws.com";
    return request;
  }();
  std::string Signature() { return ExplainSignature(request_, Scope(), Keys(), kTimeMs).ValueOrDie().signature; }
};

TEST_F(S3Examples, GetObjectWithARange) {
  request_.path = "/test.txt";
  request_.headers = {{"Range", "bytes=0-9"}};
  EXPECT_EQ(Signature(), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3Examples, PutObjectWithAnEncodedKey) {
  const std::string body = "Welcome to Amazon S3.";
  request_.method = "PUT";
  request_.path = "/" + UriEncode("test$file.text", true);
  request_.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  request_.body = Bytes(body);
  EXPECT_EQ(Signature(), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3Examples, QueryWithoutAValue) {
  request_.path = "/";
  request_.query = "lifecycle";
  EXPECT_EQ(Signature(), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3Examples, QueryWithValues) {
  request_.path = "/";
  request_.query = "max-keys=2&prefix=J";
  EXPECT_EQ(Signature(), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_F(S3Examples, PresignedUrl) {
  request_.path = "/test.txt";
  EXPECT_EQ(PresignUrl("https", request_, Scope(), Keys(), kTimeMs, std::chrono::hours(24)).ValueOrDie(),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
            "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&"
            "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_F(S3Examples, APathIsTakenAsItIs) {
  request_.path = "/a//b/../c%20d";
  const SigningSteps steps = ExplainSignature(request_, Scope(), Keys(), kTimeMs).ValueOrDie();
  EXPECT_THAT(steps.canonical_request, testing::StartsWith("GET\n/a//b/../c%20d\n"));
  const SigningSteps others = ExplainSignature(request_, {"us-east-1", "glue"}, Keys(), kTimeMs).ValueOrDie();
  EXPECT_THAT(others.canonical_request, testing::StartsWith("GET\n/a/c%2520d\n"));
}

TEST_F(S3Examples, AnUnsignedPayloadSaysSo) {
  request_.unsigned_payload = true;
  const auto headers = SignRequest(request_, Scope(), Keys(), kTimeMs).ValueOrDie();
  EXPECT_EQ(ValueOf(headers, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

TEST(SigV4, LeavesOutWhatProxiesChange) {
  SigningRequest request;
  request.host = "h";
  request.headers = {{"User-Agent", "x"}, {"Expect", "100-continue"}, {"Connection", "close"}, {"X-Kept", "1"}};
  EXPECT_EQ(ExplainSignature(request, {"r", "s"}, VectorCredentials(), 0).ValueOrDie().signed_headers, "host;x-amz-date;x-kept");
}

TEST(SigV4, RefusesWhatItCannotSign) {
  SigningRequest request;
  request.host = "h";
  const auto message = [&](const Credentials& credentials) {
    const auto result = SignRequest(request, {"r", "kinesis"}, credentials, 0);
    EXPECT_EQ(result.status().code(), StatusCode::kInvalid);
    return result.status().message();
  };
  EXPECT_THAT(message({}), testing::HasSubstr("no access key id or no secret"));
  for (const char* name : {"Authorization", "x-amz-date", "Host", "X-Amz-Security-Token"}) {
    request.headers = {{name, "1"}};
    EXPECT_THAT(message(VectorCredentials()), testing::HasSubstr(std::string(name) + "' is set by the signer itself"));
  }
  request.headers = {{"a\r\nb", "1"}};
  EXPECT_THAT(message(VectorCredentials()), testing::HasSubstr("is no header's name"));
  request.headers.clear();
  for (const int64_t seconds : {0, 604801}) {
    EXPECT_EQ(PresignUrl("https", request, {"r", "s3", true}, VectorCredentials(), 0, std::chrono::seconds(seconds)).status().code(), StatusCode::kInvalid);
  }
}

TEST(SigV4, TimesOfABrokenClockHaveFourDigitYears) {
  EXPECT_EQ(FormatSigningTime(-1), "19700101T000000Z");
  EXPECT_EQ(FormatSigningTime(INT64_MAX), "99991231T235959Z");
}

}  // namespace
}  // namespace lotic::aws
