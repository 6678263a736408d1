// SPDX-License-Identifier: Apache-2.0
// Logging in, and TLS. SCRAM's right path is proved by Java's client in clients_test.cc.
#include <gmock/gmock.h>

#include "broker/broker.h"
#include "broker/sasl_server.h"
#include "broker/test_client.h"
#include "net/test_certificates.h"
#include "net/tls.h"

namespace lotic::broker {
namespace {

namespace kp = kafka_protocol;
using kp::ErrorCode;

const std::map<std::string, std::string> kUsers{{"alice", "secret"}};

class SaslTest : public testing::Test {
 protected:
  ErrorCode Handshake(const std::string& mechanism) { return client_->Call<kp::SaslHandshakeResponse>(kp::SaslHandshakeRequest{mechanism}, 1)->error; }
  ErrorCode Authenticate(const std::string& message) {
    kp::SaslAuthenticateRequest request;
    request.auth_bytes = message;
    return client_->Call<kp::SaslAuthenticateResponse>(request, 2)->error;
  }
  const std::unique_ptr<Broker> broker_ = Broker::Start({.sasl_users = kUsers}).ValueOrDie();
  std::unique_ptr<TestClient> client_ = TestClient::Connect(broker_->port()).ValueOrDie();
};

TEST_F(SaslTest, LetsInWhoKnowsThePassword) {
  EXPECT_EQ(Handshake("PLAIN"), ErrorCode::kNone);
  EXPECT_EQ(Authenticate(std::string("\0alice\0secret", 13)), ErrorCode::kNone);
  EXPECT_TRUE(client_->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9).ok());
}

TEST_F(SaslTest, RefusesAWrongPasswordAndCloses) {
  EXPECT_EQ(Handshake("PLAIN"), ErrorCode::kNone);
  EXPECT_EQ(Authenticate(std::string("\0alice\0wrong", 12)), ErrorCode::kSaslAuthenticationFailed);
  EXPECT_TRUE(client_->ExpectClosed().ok());
}

TEST_F(SaslTest, ClosesOnARequestBeforeTheLogin) {
  EXPECT_TRUE(client_->Call<kp::ApiVersionsResponse>(kp::ApiVersionsRequest{}, 0).ok());
  ASSERT_TRUE(client_->Ask(kp::MetadataRequest{}, 9).ok());
  EXPECT_TRUE(client_->ExpectClosed().ok());
}

TEST_F(SaslTest, NamesItsMechanismsToWhoAsksForAnother) { EXPECT_EQ(Handshake("GSSAPI"), ErrorCode::kUnsupportedSaslMechanism); }

TEST(SaslServer, RefusesScramMessagesThatAreNone) {
  for (const std::string message : {"", "x", "n,,", "n,,n=alice", "n,,n=bob,r=abc", "y,,n=alice,r=abc", ",,,,"}) {
    SaslServer server(kUsers);
    ASSERT_TRUE(server.Begin("SCRAM-SHA-256").ok());
    EXPECT_EQ(server.Step(message).status().code(), StatusCode::kUnauthorized) << message;
  }
  for (const std::string final : {"", "c=biws,r=abc,p=AAAA", "c=biws", ",p="}) {
    SaslServer server(kUsers);
    ASSERT_TRUE(server.Begin("SCRAM-SHA-512").ok());
    ASSERT_TRUE(server.Step("n,,n=alice,r=abc").ok());
    EXPECT_EQ(server.Step(final).status().code(), StatusCode::kUnauthorized) << final;
    EXPECT_FALSE(server.done());
  }
}

TEST(BrokerTls, ServesOverTlsOnly) {
  const net::TestAuthority authority("test authority");
  const net::TestIdentity identity = authority.Issue("localhost", "DNS:localhost,IP:127.0.0.1");
  net::TlsOptions server_options;
  server_options.certificate.inline_pem = net::Secret(identity.certificate_pem);
  server_options.private_key.inline_pem = net::Secret(identity.key_pem);
  const auto broker = Broker::Start({.tls = net::TlsContext::Server(server_options).ValueOrDie()}).ValueOrDie();
  net::TlsOptions client_options;
  client_options.trust.inline_pem = net::Secret(authority.certificate_pem());
  auto client = TestClient::Connect(broker->port(), net::TlsContext::Client(client_options).ValueOrDie()).ValueOrDie();
  EXPECT_TRUE(client->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9).ok());
  auto plain = TestClient::Connect(broker->port()).ValueOrDie();
  EXPECT_FALSE(plain->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9).ok());
}

}  // namespace
}  // namespace lotic::broker
