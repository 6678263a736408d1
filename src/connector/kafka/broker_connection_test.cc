// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/broker_connection.h"

#include <gmock/gmock.h>

#include <thread>

#include "connector/kafka/test_topic.h"
#include "lotic/source_error.h"
#include "net/stream.h"
#include "net/test_certificates.h"
#include "net/tls.h"

namespace lotic::kafka {
namespace {

using broker::Fault;
using broker::FaultAction;
using kafka_protocol::ApiKey;
using kafka_protocol::ErrorCode;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;

class ConnectionTest : public BrokerTest {
 protected:
  static Status List(KafkaOptions options, const CallContext& ctx = Soon()) {
    auto connector = MakeKafkaConnector(std::move(options));
    if (!connector.ok()) return connector.status();
    return (*connector)->ListTables(ctx, kDefaultSchema, {}).status();
  }
  KafkaOptions SaslOptions(const std::string& mechanism, const std::string& password) const {
    KafkaOptions options = Options();
    options.client.security_protocol = SecurityProtocol::kSaslPlaintext;
    options.client.sasl_mechanism = mechanism;
    options.client.sasl_username = "alice";
    options.client.sasl_password = net::Secret(password);
    return options;
  }
  void StartTlsBroker() {
    const net::TestIdentity identity = authority_.Issue("localhost", "DNS:localhost,IP:127.0.0.1");
    net::TlsOptions tls;
    tls.certificate.inline_pem = net::Secret(identity.certificate_pem);
    tls.private_key.inline_pem = net::Secret(identity.key_pem);
    broker::BrokerOptions options;
    options.tls = net::TlsContext::Server(tls).ValueOrDie();
    StartBroker(std::move(options));
  }
  KafkaOptions TlsOptions() const {
    KafkaOptions options = Options();
    options.client.security_protocol = SecurityProtocol::kSsl;
    options.client.tls.trust.inline_pem = net::Secret(authority_.certificate_pem());
    return options;
  }
  const net::TestAuthority authority_{"test authority"};
};

TEST_F(ConnectionTest, ABrokerThatIsNotThereIsNamedAtOnce) {
  StartBroker();
  const KafkaOptions options = Options();
  broker_->Stop();
  const Status status = List(options);
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), AllOf(HasSubstr(options.client.bootstrap_servers[0].ToString()), HasSubstr("refused")));
}

TEST_F(ConnectionTest, ADeadBootstrapServerIsPassedOver) {
  StartBroker();
  KafkaOptions options = Options();
  const net::Endpoint alive = options.client.bootstrap_servers[0];
  auto dead = net::Listener::Listen({"127.0.0.1", 0}).ValueOrDie()->endpoint();  // closed again: nobody listens there
  options.client.bootstrap_servers = {dead, alive};
  EXPECT_TRUE(List(options).ok());
}

TEST_F(ConnectionTest, PlaintextToATlsListenerSaysHowToGoOn) {
  StartTlsBroker();
  const Status status = List(Options());
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), AllOf(HasSubstr(Options().client.bootstrap_servers[0].ToString()), HasSubstr("security.protocol=SSL"), HasSubstr("PLAINTEXT")));
}

TEST_F(ConnectionTest, TlsToAPlaintextListenerSaysHowToGoOn) {
  StartBroker();
  KafkaOptions options = TlsOptions();
  options.client.connection_setup_timeout = milliseconds(2000);
  const Status status = List(options);
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), AllOf(HasSubstr(options.client.bootstrap_servers[0].ToString()), HasSubstr("security.protocol=PLAINTEXT")));
}

TEST_F(ConnectionTest, AnUntrustedAuthorityIsNotTakenForAPlaintextListener) {
  StartTlsBroker();
  KafkaOptions options = TlsOptions();
  options.client.tls.trust.inline_pem = net::Secret(net::TestAuthority("another authority").certificate_pem());
  const Status status = List(options);
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(), AllOf(HasSubstr(options.client.bootstrap_servers[0].ToString()), testing::Not(HasSubstr("PLAINTEXT"))));
}

TEST_F(ConnectionTest, TlsWorks) {
  StartTlsBroker();
  EXPECT_TRUE(List(TlsOptions()).ok());
}

TEST_F(ConnectionTest, LogsInByEveryMechanism) {
  broker::BrokerOptions options;
  options.sasl_users = {{"alice", "secret"}};
  StartBroker(options);
  for (const char* mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    EXPECT_TRUE(List(SaslOptions(mechanism, "secret")).ok()) << mechanism;
  }
}

TEST_F(ConnectionTest, AWrongPasswordIsUnauthorizedAndNotShown) {
  broker::BrokerOptions options;
  options.sasl_users = {{"alice", "secret"}};
  StartBroker(options);
  for (const char* mechanism : {"PLAIN", "SCRAM-SHA-256"}) {
    const Status status = List(SaslOptions(mechanism, "wrong-one"));
    EXPECT_EQ(status.code(), StatusCode::kUnauthorized) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("alice"), HasSubstr(mechanism), HasSubstr("sasl.password")));
    EXPECT_THAT(status.message(), testing::Not(HasSubstr("wrong-one")));
    ASSERT_NE(SourceError::From(status), nullptr);
    EXPECT_FALSE(SourceError::From(status)->retryable);
  }
}

TEST_F(ConnectionTest, AListenerThatWantsALoginSaysSo) {
  broker::BrokerOptions options;
  options.sasl_users = {{"alice", "secret"}};
  StartBroker(options);
  const Status status = List(Options());
  EXPECT_EQ(status.code(), StatusCode::kIOError) << status;
  EXPECT_THAT(status.message(), HasSubstr("SASL_PLAINTEXT"));
}

TEST_F(ConnectionTest, NoPermissionIsUnauthorizedAndNamesTheTopic) {
  StartBroker();
  ASSERT_TRUE(broker_->CreateTopic("secrets").ok());
  const broker::Record record{.key = "k", .value = "v", .timestamp_ms = 1};
  ASSERT_TRUE(broker_->Append("secrets", 0, {&record, 1}).ok());
  auto connector = Connect();
  for (const ApiKey api : {ApiKey::kListOffsets, ApiKey::kFetch}) {
    Fault fault;
    fault.api = api;
    fault.action = FaultAction::Error(ErrorCode::kTopicAuthorizationFailed);
    fault.times = Fault::kAlways;
    broker_->AddFault(fault);
    Result<TestRead> read = Read(*connector, RawRequest("secrets"));
    const Status status = read.ok() && !read->failures.empty() ? read->failures[0] : read.status();
    EXPECT_EQ(status.code(), StatusCode::kUnauthorized) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("secrets"), HasSubstr("TOPIC_AUTHORIZATION_FAILED")));
    broker_->ClearFaults();
  }
}

TEST_F(ConnectionTest, ABrokerThatSaysNothingRunsIntoTheTimeOut) {
  auto listener = net::Listener::Listen({"127.0.0.1", 0}).ValueOrDie();
  KafkaOptions options;
  options.client.bootstrap_servers = {listener->endpoint()};
  options.client.request_timeout = milliseconds(100);
  options.client.fetch_max_wait = milliseconds(50);
  const Status status = List(options);
  EXPECT_EQ(status.code(), StatusCode::kIOError) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("ApiVersions"), HasSubstr("100 ms"), HasSubstr(listener->endpoint().ToString())));
  const Status late = List(options, Within(milliseconds(30)));
  EXPECT_EQ(late.code(), StatusCode::kDeadlineExceeded) << late;
  EXPECT_THAT(late.message(), AllOf(HasSubstr("ApiVersions request"), HasSubstr(listener->endpoint().ToString())));
}

TEST_F(ConnectionTest, ABrokerThatStopsAnsweringIsNamedWithTheRequestAtTheDeadline) {
  StartBroker();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  for (const ApiKey api : {ApiKey::kMetadata, ApiKey::kListOffsets}) {
    Fault hold;
    hold.api = api;
    hold.action = FaultAction::Hold();
    hold.times = Fault::kAlways;
    broker_->AddFault(hold);
    auto connector = Connect();
    const Status status = connector->Prepare(Within(milliseconds(200)), RawRequest("t")).status();
    EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(broker_->bootstrap()), HasSubstr(api == ApiKey::kMetadata ? "Metadata request" : "ListOffsets request")));
    broker_->ClearFaults();
  }
}

TEST_F(ConnectionTest, SomethingThatIsNotKafkaIsCalledSo) {
  auto listener = net::Listener::Listen({"127.0.0.1", 0}).ValueOrDie();
  std::thread server([&] {
    auto stream = listener->Accept(Soon());
    ASSERT_TRUE(stream.ok());
    const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    EXPECT_TRUE((*stream)->WriteAll(Soon(), {reinterpret_cast<const uint8_t*>(answer.data()), answer.size()}).ok());
  });
  KafkaOptions options;
  options.client.bootstrap_servers = {listener->endpoint()};
  const Status status = List(options);
  server.join();
  EXPECT_EQ(status.code(), StatusCode::kIOError) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(listener->endpoint().ToString()), HasSubstr("HTTP")));
}

TEST_F(ConnectionTest, AnOldApiVersionsIsAskedAgainInItsOwnForm) {
  broker::BrokerOptions options;
  options.versions = {{ApiKey::kApiVersions, {0, 0}}, {ApiKey::kMetadata, {0, 1}}};
  StartBroker(options);
  EXPECT_TRUE(List(Options()).ok());
}

TEST_F(ConnectionTest, ConnectionsAreUsedAgain) {
  StartBroker();
  auto connector = Connect();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(connector->TopicSummaries(Soon(), false).ok());
  EXPECT_EQ(broker_->RequestCount(ApiKey::kApiVersions), 1);
  broker_->CloseConnections();
  EXPECT_TRUE(connector->TopicSummaries(Soon(), false).ok());
}

}  // namespace
}  // namespace lotic::kafka
