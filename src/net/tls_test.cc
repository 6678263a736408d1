// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "lotic/source_error.h"
#include "net/jks.h"
#include "net/stream.h"
#include "net/test_certificates.h"

namespace lotic::net {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Endpoint kLoopback{"127.0.0.1", 0};
constexpr char kServerNames[] = "DNS:localhost,IP:127.0.0.1";

StoreSource Inline(const std::string& pem, const char* setting = "test") {
  StoreSource source;
  source.inline_pem = Secret(pem);
  source.setting = setting;
  return source;
}

std::string TestFile(const std::string& name) { return std::string(LOTIC_TESTDATA) + "/tls/" + name; }

StoreSource File(const std::string& path, const std::string& password = "", const char* setting = "test") {
  StoreSource source;
  source.path = path;
  source.password = Secret(password);
  source.setting = setting;
  return source;
}

bool IsPermanent(const Status& status) {
  const auto* detail = dynamic_cast<const SourceError*>(status.detail().get());
  return detail != nullptr && !detail->retryable;
}

// Answers each connection with what it was sent, one after another, until the first failure to accept.
class EchoServer {
 public:
  explicit EchoServer(std::shared_ptr<const TlsContext> tls, const Endpoint& at = kLoopback) : listener_(Listener::Listen(at, std::move(tls)).ValueOrDie()) {
    ctx_.stop = stop_.get_token();
    thread_ = std::thread([this] { Run(); });
  }
  ~EchoServer() {
    stop_.request_stop();
    thread_.join();
  }
  const Endpoint& endpoint() const { return listener_->endpoint(); }
  Endpoint as(const std::string& host) const { return {host, endpoint().port}; }

 private:
  void Run() {
    for (;;) {
      auto stream = listener_->Accept(ctx_);
      if (!stream.ok()) return;
      uint8_t byte;
      while ((*stream)->ReadAll(ctx_, {&byte, 1}).ok() && (*stream)->WriteAll(ctx_, {&byte, 1}).ok()) {
      }
    }
  }
  std::unique_ptr<Listener> listener_;
  std::stop_source stop_;
  CallContext ctx_;
  std::thread thread_;
};

Status Echo(Stream* stream) {
  const uint8_t sent = 'q';
  uint8_t got = 0;
  LOTIC_RETURN_NOT_OK(stream->WriteAll({}, {&sent, 1}));
  LOTIC_RETURN_NOT_OK(stream->ReadAll({}, {&got, 1}));
  return got == sent ? Status::OK() : Status::UnknownError("another byte came back");
}

// Connects and sends one byte there and back.
Status TryTls(const TlsOptions& options, const Endpoint& endpoint) {
  LOTIC_ASSIGN_OR_RETURN(auto context, TlsContext::Client(options));
  ConnectOptions connect;
  connect.tls = context;
  connect.not_tls_hint = "Try security.protocol=PLAINTEXT.";
  LOTIC_ASSIGN_OR_RETURN(auto stream, Stream::Connect({}, endpoint, connect));
  return Echo(stream.get());
}

class Tls : public testing::Test {
 protected:
  std::shared_ptr<const TlsContext> ServerWith(const TestIdentity& identity, bool demand_client = false) {
    TlsOptions options;
    options.certificate = Inline(identity.certificate_pem);
    options.private_key = Inline(identity.key_pem);
    options.trust = Inline(authority_.certificate_pem());
    options.require_client_certificate = demand_client;
    return TlsContext::Server(options).ValueOrDie();
  }
  std::shared_ptr<const TlsContext> Server(bool demand_client = false) { return ServerWith(authority_.Issue("localhost", kServerNames), demand_client); }
  TlsOptions Trusting() {
    TlsOptions options;
    options.trust = Inline(authority_.certificate_pem(), "ssl.ca.pem");
    return options;
  }
  std::string Write(const std::string& name, std::string_view bytes) {
    const std::filesystem::path folder = testing::TempDir() + "lotic_tls_test." + std::to_string(getpid());
    std::filesystem::create_directories(folder);
    const std::string path = folder / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  void TearDown() override { std::filesystem::remove_all(testing::TempDir() + "lotic_tls_test." + std::to_string(getpid())); }

  TestAuthority authority_{"Lotic Test Authority"};
};

TEST_F(Tls, ConnectsAndVerifiesByNameAndByAddress) {
  EchoServer server(Server());
  EXPECT_TRUE(TryTls(Trusting(), server.endpoint()).ok()) << TryTls(Trusting(), server.endpoint());
  EXPECT_TRUE(TryTls(Trusting(), server.as("localhost")).ok()) << TryTls(Trusting(), server.as("localhost"));
}

TEST_F(Tls, MovesMuchMoreThanOneRecord) {
  auto listener = Listener::Listen(kLoopback, Server()).ValueOrDie();
  std::vector<uint8_t> sent(3 << 20);
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<uint8_t>(i * 131 >> 4);
  std::thread writer([&] {
    auto accepted = listener->Accept({}).ValueOrDie();
    EXPECT_TRUE(accepted->WriteAll({}, sent).ok());
  });
  ConnectOptions options;
  options.tls = TlsContext::Client(Trusting()).ValueOrDie();
  auto stream = Stream::Connect({}, listener->endpoint(), options);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT((*stream)->TlsDescription(), HasSubstr("TLSv1.3"));
  // As an event loop reads: wait, then take what is there into a buffer smaller than a record.
  std::vector<uint8_t> got, buffer(5000);
  for (;;) {
    PollItem item = (*stream)->PollFor(true, false);
    ASSERT_TRUE(Wait({}, {&item, 1}, nullptr, milliseconds(-1)).ok());
    auto transfer = (*stream)->ReadSome(buffer);
    ASSERT_TRUE(transfer.ok()) << transfer.status();
    if (transfer->end()) break;
    got.insert(got.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(transfer->bytes));
  }
  writer.join();
  EXPECT_EQ(got, sent);
}

TEST_F(Tls, RefusesAnUnknownAuthorityAndNamesIt) {
  EchoServer server(Server());
  TestAuthority other("Some Other Authority");
  TlsOptions options;
  options.trust = Inline(other.certificate_pem());
  const Status status = TryTls(options, server.endpoint());
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_TRUE(IsPermanent(status));
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr(server.endpoint().ToString()), HasSubstr("CN=Lotic Test Authority"), HasSubstr("not among the trusted authorities")));
  EXPECT_FALSE(TryTls(TlsOptions{}, server.endpoint()).ok()) << "the system's authorities do not know it either";
}

TEST_F(Tls, RefusesACertificateForAnotherHostAndNamesBoth) {
  EchoServer server(ServerWith(authority_.Issue("elsewhere", "DNS:elsewhere.invalid")));
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Status status = TryTls(Trusting(), server.as(host));
    EXPECT_EQ(status.code(), StatusCode::kIOError);
    EXPECT_THAT(status.message(), AllOf(HasSubstr(server.as(host).ToString()), HasSubstr("elsewhere.invalid"), HasSubstr(std::string("not for ") + host)));
  }
}

TEST_F(Tls, SkipsTheHostNameOrEverythingWhenToldTo) {
  EchoServer server(ServerWith(authority_.Issue("elsewhere", "DNS:elsewhere.invalid")));
  TlsOptions no_name = Trusting();
  no_name.verify_host_name = false;
  EXPECT_TRUE(TryTls(no_name, server.endpoint()).ok());
  TestAuthority other("Some Other Authority");
  TlsOptions nothing;
  nothing.trust = Inline(other.certificate_pem());
  nothing.verify_host_name = false;
  EXPECT_FALSE(TryTls(nothing, server.endpoint()).ok()) << "without the name the authority still counts";
  nothing.verify_certificate = false;
  EXPECT_TRUE(TryTls(nothing, server.endpoint()).ok());
}

TEST_F(Tls, RefusesExpiredAndFutureCertificates) {
  EchoServer old(ServerWith(authority_.Issue("localhost", kServerNames, -7200, -3600)));
  Status status = TryTls(Trusting(), old.endpoint());
  EXPECT_THAT(status.message(), AllOf(HasSubstr(old.endpoint().ToString()), HasSubstr("expired at 20")));
  EchoServer early(ServerWith(authority_.Issue("localhost", kServerNames, 3600, 7200)));
  status = TryTls(Trusting(), early.endpoint());
  EXPECT_THAT(status.message(), AllOf(HasSubstr(early.endpoint().ToString()), HasSubstr("not valid before 20")));
}

TEST_F(Tls, AcceptsALeafInTheTrustStoreAsAnAnchorAsJavaDoes) {
  const TestIdentity identity = authority_.Issue("localhost", kServerNames);
  EchoServer server(ServerWith(identity));
  TlsOptions options;
  options.trust = Inline(identity.certificate_pem);
  EXPECT_TRUE(TryTls(options, server.endpoint()).ok());
}

TEST_F(Tls, SaysSoWhenThePeerDoesNotSpeakTls) {
  EchoServer plain(nullptr);  // sends our own ClientHello back, byte by byte: TLS-like, so a parse error, not a hang
  EXPECT_FALSE(TryTls(Trusting(), plain.endpoint()).ok());

  auto listener = Listener::Listen(kLoopback).ValueOrDie();
  std::thread server([&] {
    auto stream = listener->Accept({}).ValueOrDie();
    const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    EXPECT_TRUE(stream->WriteAll({}, {reinterpret_cast<const uint8_t*>(answer.data()), answer.size()}).ok());
    std::vector<uint8_t> rest(4096);
    for (;;) {  // until the client leaves
      PollItem item = stream->PollFor(true, false);
      ASSERT_TRUE(Wait({}, {&item, 1}, nullptr, milliseconds(-1)).ok());
      auto transfer = stream->ReadSome(rest);
      if (!transfer.ok() || transfer->end()) return;
    }
  });
  const Status status = TryTls(Trusting(), listener->endpoint());
  server.join();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_EQ(status.message(), "TLS handshake with " + listener->endpoint().ToString() +
                                  " failed: the peer answered with bytes that are not TLS; is this port a plaintext "
                                  "listener? Try security.protocol=PLAINTEXT.");
}

TEST_F(Tls, SaysSoWhenThePeerHangsUpOrKeepsSilent) {
  auto listener = Listener::Listen(kLoopback).ValueOrDie();
  std::thread server([&] {
    auto stream = listener->Accept({}).ValueOrDie();
    uint8_t hello[16];  // a Kafka broker reads a length that makes no sense, and hangs up
    EXPECT_TRUE(stream->ReadAll({}, hello).ok());
  });
  Status status = TryTls(Trusting(), listener->endpoint());
  server.join();
  EXPECT_THAT(status.message(), AllOf(HasSubstr(listener->endpoint().ToString()), HasSubstr("closed the connection without an answer"),
                                      HasSubstr("is this port a plaintext listener?")));

  ConnectOptions options;
  options.tls = TlsContext::Client(Trusting()).ValueOrDie();
  options.timeout = milliseconds(100);
  status = Stream::Connect({}, listener->endpoint(), options).status();  // nobody accepts
  EXPECT_EQ(status.code(), StatusCode::kIOError);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr(listener->endpoint().ToString()), HasSubstr("timed out after 100 ms without an answer"), HasSubstr("plaintext listener?")));
}

TEST_F(Tls, AHandshakeStopsWhenAskedTo) {
  auto listener = Listener::Listen(kLoopback).ValueOrDie();
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  ConnectOptions options;
  options.tls = TlsContext::Client(Trusting()).ValueOrDie();
  options.timeout = std::chrono::minutes(10);
  Status status;
  std::thread connecting([&] { status = Stream::Connect(ctx, listener->endpoint(), options).status(); });
  auto accepted = listener->Accept({}).ValueOrDie();  // connected; the handshake waits for us
  stop.request_stop();
  connecting.join();
  EXPECT_TRUE(status.IsCancelled()) << status;
}

TEST_F(Tls, AServerToldInPlaintextSaysSo) {
  auto listener = Listener::Listen(kLoopback, Server()).ValueOrDie();
  auto client = Stream::Connect({}, listener->endpoint()).ValueOrDie();
  auto accepted = listener->Accept({}).ValueOrDie();
  const std::vector<uint8_t> request(64, 0);
  ASSERT_TRUE(client->WriteAll({}, request).ok());
  std::vector<uint8_t> got(1);
  const Status status = accepted->ReadAll({}, got);
  EXPECT_THAT(status.message(), HasSubstr("the client sent bytes that are not TLS"));
}

TEST_F(Tls, KeepsToTheVersionsAndCiphersAllowed) {
  EchoServer server(Server());
  const auto describe = [&](TlsOptions options) -> std::string {
    ConnectOptions connect;
    auto context = TlsContext::Client(options);
    if (!context.ok()) return context.status().message();
    connect.tls = *context;
    auto stream = Stream::Connect({}, server.endpoint(), connect);
    return stream.ok() ? (*stream)->TlsDescription() : stream.status().message();
  };
  TlsOptions options = Trusting();
  options.allow_tls13 = false;
  EXPECT_THAT(describe(options), HasSubstr("TLSv1.2"));
  options.ciphers = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";  // as Java names it
  EXPECT_EQ(describe(options), "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384");
  options.allow_tls13 = true;
  options.ciphers = "TLS_CHACHA20_POLY1305_SHA256";
  EXPECT_EQ(describe(options), "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256");
  options.ciphers = "no-such-cipher";
  EXPECT_THAT(describe(options), HasSubstr("no-such-cipher"));
}

// --- Client certificates, in each form of store.

TEST_F(Tls, SaysThatAClientCertificateIsWanted) {
  EchoServer server(Server(true));
  for (const bool tls13 : {true, false}) {
    TlsOptions options = Trusting();
    options.allow_tls13 = tls13;
    const Status status = TryTls(options, server.endpoint());
    EXPECT_EQ(status.code(), StatusCode::kUnauthorized) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(server.endpoint().ToString()), HasSubstr("client certificate")));
    EXPECT_TRUE(IsPermanent(status));
  }
}

TEST_F(Tls, SaysThatAForeignClientCertificateIsRefused) {
  EchoServer server(Server(true));
  TestAuthority other("Some Other Authority");
  const TestIdentity stranger = other.Issue("mallory", "");
  TlsOptions options = Trusting();
  options.certificate = Inline(stranger.certificate_pem);
  options.private_key = Inline(stranger.key_pem);
  const Status status = TryTls(options, server.endpoint());
  EXPECT_EQ(status.code(), StatusCode::kUnauthorized) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(server.endpoint().ToString()), HasSubstr("refused our client certificate")));
}

TEST_F(Tls, LogsInWithEachFormOfKeyStore) {
  EchoServer server(Server(true));
  const TestIdentity alice = authority_.Issue("alice", "");
  const std::string combined = alice.key_pem + alice.certificate_pem + authority_.certificate_pem();
  JksStore jks;
  jks.entries.push_back({"alice",
                         0,
                         ProtectJksKey(alice.key_pkcs8_der(), Secret("keypass"), std::vector<uint8_t>(20, 3)),
                         {alice.certificate_der(), authority_.certificate_der()}});
  const std::vector<uint8_t> jks_bytes = WriteJks(jks, Secret("storepass"));
  const std::string jks_text(jks_bytes.begin(), jks_bytes.end());
  std::string one_line = combined;
  for (char& c : one_line) {
    if (c == '\n') c = ' ';
  }

  const std::vector<std::pair<std::string, std::function<void(TlsOptions&)>>> cases = {
      {"PEM certificate and key",
       [&](TlsOptions& o) {
         o.certificate = File(Write("c.pem", alice.certificate_pem));
         o.private_key = File(Write("k.pem", alice.key_pem));
       }},
      {"encrypted PKCS8",
       [&](TlsOptions& o) {
         o.certificate = File(Write("c.pem", alice.certificate_pem));
         o.private_key = File(Write("e.pem", alice.encrypted_key_pem("s3cret")));
         o.key_password = Secret("s3cret");
       }},
      {"combined PEM file", [&](TlsOptions& o) { o.key_store = File(Write("both.pem", combined)); }},
      {"certificate file that holds the key", [&](TlsOptions& o) { o.certificate = File(Write("both.pem", combined)); }},
      {"inline PEM on one line", [&](TlsOptions& o) { o.key_store = Inline(one_line); }},
      {"PKCS12", [&](TlsOptions& o) { o.key_store = File(Write("a.p12", alice.pkcs12("p12pass", authority_.certificate_pem())), "p12pass"); }},
      {"PKCS12 called JKS",
       [&](TlsOptions& o) {
         o.key_store = File(Write("a.p12", alice.pkcs12("p12pass")), "p12pass");
         o.key_store.format = StoreFormat::kJks;
       }},
      {"JKS with a key password of its own",
       [&](TlsOptions& o) {
         o.key_store = File(Write("a.jks", jks_text), "storepass");
         o.key_password = Secret("keypass");
       }},
  };
  for (const auto& [name, configure] : cases) {
    TlsOptions options = Trusting();
    configure(options);
    const Status status = TryTls(options, server.endpoint());
    EXPECT_TRUE(status.ok()) << name << ": " << status;
  }
}

TEST_F(Tls, BelievesTrustStoresOfEachForm) {
  EchoServer server(Server());
  JksStore jks;
  jks.entries.push_back({"ca", 0, {}, {authority_.certificate_der()}});
  const std::vector<uint8_t> bytes = WriteJks(jks, Secret("changeit"));
  const std::string jks_path = Write("t.jks", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const StoreSource& trust :
       {File(Write("t.pem", authority_.certificate_pem())), File(jks_path, "changeit"), File(jks_path), Inline(authority_.certificate_pem())}) {
    TlsOptions options;
    options.trust = trust;
    const Status status = TryTls(options, server.endpoint());
    EXPECT_TRUE(status.ok()) << trust.path << ": " << status;
  }
}

TEST_F(Tls, ReadsTheStoresOfJavaAndOfOldOpenSsl) {
  const auto check = [](const std::function<void(TlsOptions&)>& configure) {
    TlsOptions options;
    configure(options);
    return TlsContext::Client(options).status();
  };
  EXPECT_TRUE(check([](TlsOptions& o) { o.trust = File(TestFile("truststore.jks"), "changeit"); }).ok());
  const Status p12 = check([](TlsOptions& o) { o.trust = File(TestFile("truststore.p12"), "changeit"); });
  EXPECT_TRUE(p12.ok()) << p12;
  const Status jks = check([](TlsOptions& o) {
    o.key_store = File(TestFile("keystore.jks"), "changeit");
    o.key_password = Secret("other-password");
  });
  EXPECT_TRUE(jks.ok()) << jks;
  const Status legacy = check([](TlsOptions& o) { o.key_store = File(TestFile("legacy.p12"), "changeit"); });
  EXPECT_TRUE(legacy.ok()) << legacy;
}

TEST_F(Tls, ExplainsStoresThatCannotBeRead) {
  const TestIdentity alice = authority_.Issue("alice", ""), bob = authority_.Issue("bob", "");
  const auto fail = [](const std::function<void(TlsOptions&)>& configure) {
    TlsOptions options;
    configure(options);
    const Status status = TlsContext::Client(options).status();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.message(), Not(HasSubstr("s3cret")));
    return status;
  };
  Status status = fail([](TlsOptions& o) { o.trust = File("/no/such/ca.pem", "", "ssl.ca.location"); });
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("ssl.ca.location (/no/such/ca.pem)"));
  EXPECT_FALSE(fail([](TlsOptions& o) { o.trust = File("/"); }).ok());
  EXPECT_THAT(fail([&](TlsOptions& o) { o.trust = File(Write("x", "hello")); }).message(), HasSubstr("neither PEM nor PKCS12 nor"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.trust = File(Write("x", "")); }).message(), HasSubstr("empty"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.trust = Inline(alice.key_pem); }).message(), HasSubstr("no certificate in it"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.trust = Inline("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"); }).message(),
              HasSubstr("certificate 1 cannot be read"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.trust = File(TestFile("truststore.jks"), "s3cret"); }).message(), HasSubstr("password"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.key_store = File(TestFile("legacy.p12"), "s3cret"); }).message(), HasSubstr("password of the PKCS12 store is wrong"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.key_store = File(TestFile("legacy.p12")); }).message(), HasSubstr("none is given"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.key_store = File(TestFile("truststore.jks"), "changeit"); }).message(), HasSubstr("no private key in it"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.key_store = File(TestFile("keystore.jks"), "changeit"); }).message(),
              HasSubstr("entry \"client\": the password of the private key in the Java key store is wrong"));
  const std::string encrypted = alice.encrypted_key_pem("right");
  EXPECT_THAT(fail([&](TlsOptions& o) {
                o.certificate = Inline(alice.certificate_pem);
                o.private_key = Inline(encrypted);
              }).message(),
              HasSubstr("encrypted and no password is given"));
  EXPECT_THAT(fail([&](TlsOptions& o) {
                o.certificate = Inline(alice.certificate_pem);
                o.private_key = Inline(encrypted);
                o.key_password = Secret("s3cret");
              }).message(),
              HasSubstr("is the password right?"));
  EXPECT_THAT(fail([&](TlsOptions& o) {
                o.certificate = Inline(alice.certificate_pem);
                o.private_key = Inline(bob.key_pem);
              }).message(),
              HasSubstr("does not belong to the first certificate"));
  EXPECT_THAT(fail([&](TlsOptions& o) { o.private_key = Inline(bob.key_pem); }).message(), HasSubstr("without its certificate"));
}

}  // namespace
}  // namespace lotic::net
