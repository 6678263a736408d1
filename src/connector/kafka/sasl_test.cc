// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/sasl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lotic/source_error.h"

namespace lotic::kafka {
namespace {

using net::Secret;
using testing::HasSubstr;
using testing::Not;

std::span<const uint8_t> Bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
std::string Text(const Result<SaslBytes>& bytes) { return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : bytes.status().ToString(); }

// RFC 7677 §3.
const SaslCredentials kRfc{"SCRAM-SHA-256", "user", Secret("pencil")};
constexpr char kRfcNonce[] = "rOprNGfwEbeRWgbNEkqO";
constexpr char kRfcServerFirst[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr char kRfcServerFinal[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

std::unique_ptr<SaslMechanism> RfcAfterFirst() {
  auto scram = MakeScramForTest(false, kRfc, kRfcNonce);
  EXPECT_TRUE(scram->Step({}).ok());
  return scram;
}
std::unique_ptr<SaslMechanism> RfcAfterFinal() {
  auto scram = RfcAfterFirst();
  EXPECT_TRUE(scram->Step(Bytes(kRfcServerFirst)).ok());
  return scram;
}
Status StatusOf(const Result<SaslBytes>& result) { return result.status(); }

TEST(Scram, FollowsTheExampleOfRfc7677) {
  auto scram = MakeScramForTest(false, kRfc, kRfcNonce);
  EXPECT_EQ(scram->name(), "SCRAM-SHA-256");
  EXPECT_EQ(Text(scram->Step({})), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(Text(scram->Step(Bytes(kRfcServerFirst))),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_FALSE(scram->done());
  EXPECT_EQ(Text(scram->Step(Bytes(kRfcServerFinal))), "");
  EXPECT_TRUE(scram->done());
  EXPECT_FALSE(scram->Step({}).ok());
}

// Expected messages computed with Python's hashlib and hmac.
TEST(Scram, EscapesNamesAndTakesAnyPasswordWithSha512) {
  auto scram = MakeScramForTest(true, {"SCRAM-SHA-512", "a=b,c", Secret("p,=ä\"\\ x")}, "fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(Text(scram->Step({})), "n,,n=a=3Db=2Cc,r=fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(Text(scram->Step(Bytes("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=MDEyMzQ1Njc4OWFiY2RlZjAxMjM=,i=8192"))),
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
            "p=3oAC1j8TejYdz/YA3Aips8cl3lhReKRBKuCs6/H4gyTS9De3YKziGdS35hOtLu9KgDfXqmSkHQU1PG3MeisCnA==");
  EXPECT_EQ(Text(scram->Step(Bytes("v=lUypSidHDFY55I23ftHU87CuvntA+VOVq3pWl2LkjIZKQa1ynVGGHTIqWyjT5qEQZc81rUiV5H9yZFOPFdoGSw=="))), "");
  EXPECT_TRUE(scram->done());
}

TEST(Scram, RefusesABrokerThatCannotProveThePassword) {
  for (const char* wrong : {"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "v=AAAA", "v=!!!!"}) {
    auto scram = RfcAfterFinal();
    const Status status = StatusOf(scram->Step(Bytes(wrong)));
    EXPECT_EQ(status.code(), StatusCode::kUnauthorized) << wrong;
    EXPECT_THAT(status.message(), HasSubstr("could not prove that it knows the password of user \"user\""));
    EXPECT_FALSE(scram->done());
    EXPECT_FALSE(scram->Step(Bytes(kRfcServerFinal)).ok()) << "a failed exchange stays failed";
  }
}

TEST(Scram, PassesTheBrokersRefusalOn) {
  const Status status = StatusOf(RfcAfterFinal()->Step(Bytes("e=invalid-proof")));
  EXPECT_EQ(status.code(), StatusCode::kUnauthorized);
  EXPECT_EQ(status.message(), "SASL SCRAM-SHA-256: the broker refused user \"user\": invalid-proof");
  const auto* detail = dynamic_cast<const SourceError*>(status.detail().get());
  ASSERT_NE(detail, nullptr);
  EXPECT_FALSE(detail->retryable);
  EXPECT_EQ(StatusOf(RfcAfterFirst()->Step(Bytes("e=unknown-user"))).code(), StatusCode::kUnauthorized);
}

TEST(Scram, RefusesANonceThatDoesNotContinueOurs) {
  for (const char* bad : {"r=somebodyelse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"}) {
    const Status status = StatusOf(RfcAfterFirst()->Step(Bytes(bad)));
    EXPECT_EQ(status.code(), StatusCode::kIOError);
    EXPECT_THAT(status.message(), HasSubstr("nonce does not continue ours"));
  }
}

TEST(Scram, BoundsTheIterationCount) {
  const auto with = [](const std::string& count) {
    return StatusOf(RfcAfterFirst()->Step(Bytes("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=" + count)));
  };
  EXPECT_THAT(with("4095").message(), HasSubstr("fewer than 4096 are not safe"));
  EXPECT_TRUE(with("4096").ok());
  EXPECT_EQ(with("1000001").code(), StatusCode::kCapacityError);
  EXPECT_THAT(with("1000001").message(), HasSubstr("the limit is 1000000"));
  for (const char* bad : {"", "-1", "4096x", "99999999999999", "0x1000"}) {
    EXPECT_THAT(with(bad).message(), HasSubstr("SASL SCRAM-SHA-256")) << bad;
    EXPECT_FALSE(with(bad).ok()) << bad;
  }
}

TEST(Scram, RefusesMalformedMessages) {
  for (const char* bad : {"", "r=", "x", "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=***,i=4096",
                          "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z", "m=ext,r=x,s=x,i=1"}) {
    EXPECT_EQ(StatusOf(RfcAfterFirst()->Step(Bytes(bad))).code(), StatusCode::kIOError) << bad;
  }
  EXPECT_EQ(StatusOf(RfcAfterFirst()->Step(Bytes(std::string(kMaxScramMessageBytes + 1, 'r')))).code(), StatusCode::kCapacityError);
  EXPECT_EQ(StatusOf(RfcAfterFinal()->Step(Bytes("w=1"))).code(), StatusCode::kIOError);
}

TEST(Scram, MakesANewNonceForEachLogin) {
  const std::string first = Text(MakeSaslMechanism(kRfc).ValueOrDie()->Step({}));
  const std::string second = Text(MakeSaslMechanism(kRfc).ValueOrDie()->Step({}));
  EXPECT_EQ(first.size(), second.size());
  EXPECT_NE(first, second);
  EXPECT_EQ(first.substr(0, 11), "n,,n=user,r");
  EXPECT_GE(first.size(), std::string("n,,n=user,r=").size() + 24);
}

TEST(Plain, SendsUserAndPasswordAndEndsWithTheAnswer) {
  auto plain = MakeSaslMechanism({"plain", "alice", Secret("pa,ss\"w=rd")}).ValueOrDie();
  EXPECT_EQ(plain->name(), "PLAIN");
  EXPECT_EQ(Text(plain->Step({})), std::string("\0alice\0pa,ss\"w=rd", 17));
  EXPECT_FALSE(plain->done());
  EXPECT_EQ(Text(plain->Step({})), "");
  EXPECT_TRUE(plain->done());
  EXPECT_FALSE(plain->Step({}).ok());
}

TEST(Sasl, RefusesWhatAMechanismCannotCarry) {
  EXPECT_THAT(MakeSaslMechanism({"PLAIN", "", Secret("x")}).status().message(), HasSubstr("sasl.username is missing"));
  const Status status = MakeSaslMechanism({"PLAIN", "a", Secret(std::string("hunter\0two", 10))}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), Not(HasSubstr("hunter")));
}

TEST(Sasl, NamesWhatWorksForOtherMechanisms) {
  for (const char* known : {"GSSAPI", "OAUTHBEARER", "aws_msk_iam"}) {
    const Status status = CheckSaslMechanism(known);
    EXPECT_EQ(status.code(), StatusCode::kNotImplemented) << known;
    EXPECT_THAT(status.message(), HasSubstr("PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 work"));
  }
  EXPECT_EQ(CheckSaslMechanism("SCRAM-SHA256").code(), StatusCode::kInvalid);
  EXPECT_THAT(CheckSaslMechanism("SCRAM-SHA256").message(), HasSubstr("did you mean SCRAM-SHA-256?"));
  for (const std::string_view built : BuiltSaslMechanisms()) EXPECT_TRUE(CheckSaslMechanism(built).ok());
}

}  // namespace
}  // namespace lotic::kafka
