// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/client_properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "connector/kafka/jaas.h"
#include "connector/kafka/property_names.h"

namespace lotic::kafka {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Result<ClientProperties> Make(std::string_view text) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<Property> properties, ParseProperties(text, "client.properties"));
  return MakeClientProperties(properties);
}

std::vector<std::pair<std::string, std::string>> Pairs(std::string_view text) {
  auto properties = ParseProperties(text, "f");
  EXPECT_TRUE(properties.ok()) << properties.status();
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Property& p : *properties) pairs.emplace_back(p.key, p.value.Reveal());
  return pairs;
}

using P = std::pair<std::string, std::string>;

TEST(Properties, ReadsJavasFormat) {
  EXPECT_THAT(Pairs("a=1\nb : 2\r\nc 3\rd\n\n  # note\n! note\n  e = x y \\\n     z\\\n\nf==g\n"),
              ElementsAre(P("a", "1"), P("b", "2"), P("c", "3"), P("d", ""), P("e", "x y z"), P("f", "=g")));
  EXPECT_THAT(Pairs("key\\ with\\:odd\\=signs=v\\tw\\n\\u00e9\\ud83d\\ude00\\q"), ElementsAre(P("key with:odd=signs", "v\tw\né😀q")));
  EXPECT_THAT(Pairs("a=ends with blank \nb=\\  leading"), ElementsAre(P("a", "ends with blank "), P("b", "  leading")));
  EXPECT_THAT(Pairs("p=C:\\\\keys\\\\k.jks"), ElementsAre(P("p", "C:\\keys\\k.jks")));
  EXPECT_THAT(Pairs("# a comment does not go on \\\na=1"), ElementsAre(P("a", "1")));
  EXPECT_THAT(Pairs("a=1\\"), ElementsAre(P("a", "1")));
  EXPECT_THAT(Pairs("\xef\xbb\xbf"
                    "a=\xc3\xa4"),
              ElementsAre(P("a", "ä")));
  EXPECT_THAT(Pairs("a=\xe4"), ElementsAre(P("a", "ä")));  // Latin-1, as Java reads it
  EXPECT_THAT(Pairs(""), IsEmpty());
}

TEST(Properties, SaysWhereItIsMalformedWithoutTheValue) {
  for (const char* bad : {"x=1\npassword=hunter2\\u12", "x=1\npassword=hunter2\\ud800", "x=1\npassword=hunter2\\uzzzz", "x=1\n=hunter2"}) {
    const Status status = ParseProperties(bad, "file").status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << bad;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("file:2"), Not(HasSubstr("hunter2"))));
  }
  EXPECT_FALSE(ParseProperties(std::string_view("a=\0", 3), "f").ok());
  EXPECT_EQ(ParseProperties(std::string(kMaxPropertiesBytes + 1, '#'), "f").status().code(), StatusCode::kCapacityError);
  EXPECT_EQ(ReadPropertiesFile("/no/such.properties").status().code(), StatusCode::kNotFound);
}

TEST(Properties, AnAssignmentIsSplitAtTheFirstEqualsSign) {
  auto property = ParseAssignment("sasl.password=a=b c ");
  ASSERT_TRUE(property.ok());
  EXPECT_EQ(property->key, "sasl.password");
  EXPECT_EQ(property->value.Reveal(), "a=b c ");
  const Status status = ParseAssignment("hunter2").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), Not(HasSubstr("hunter2")));
}

TEST(ClientProperties, TakesJavasNames) {
  auto made = Make(R"(
bootstrap.servers=b1:9094, b2,[::1]:9096
security.protocol=sasl_ssl
sasl.mechanism=scram-sha-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="alice" password="a\\"l;ice";
ssl.truststore.location=/etc/trust.p12
ssl.truststore.type=PKCS12
ssl.truststore.password=tpass
ssl.keystore.location=/etc/key.jks
ssl.keystore.password=kpass
ssl.key.password=keypass
ssl.endpoint.identification.algorithm=
ssl.enabled.protocols=TLSv1.3
isolation.level=READ_UNCOMMITTED
fetch.max.bytes=1000
max.partition.fetch.bytes=2000
fetch.min.bytes=0
fetch.max.wait.ms=100
request.timeout.ms=20000
default.api.timeout.ms=25000
socket.connection.setup.timeout.ms=5000
connections.max.idle.ms=-1
)");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->bootstrap_servers, ElementsAre(net::Endpoint{"b1", 9094}, net::Endpoint{"b2", 9092}, net::Endpoint{"::1", 9096}));
  EXPECT_EQ(made->security_protocol, SecurityProtocol::kSaslSsl);
  EXPECT_EQ(made->sasl_mechanism, "SCRAM-SHA-512");
  EXPECT_EQ(made->sasl_username, "alice");
  EXPECT_EQ(made->sasl_password.Reveal(), "a\"l;ice");
  EXPECT_EQ(made->tls.trust.path, "/etc/trust.p12");
  EXPECT_EQ(made->tls.trust.format, net::StoreFormat::kPkcs12);
  EXPECT_EQ(made->tls.trust.password.Reveal(), "tpass");
  EXPECT_EQ(made->tls.key_store.path, "/etc/key.jks");
  EXPECT_EQ(made->tls.key_store.setting, "ssl.keystore.location");
  EXPECT_EQ(made->tls.key_password.Reveal(), "keypass");
  EXPECT_FALSE(made->tls.verify_host_name);
  EXPECT_TRUE(made->tls.verify_certificate);
  EXPECT_FALSE(made->tls.allow_tls12);
  EXPECT_EQ(made->isolation_level, IsolationLevel::kReadUncommitted);
  EXPECT_EQ(made->fetch_max_bytes, 1000);
  EXPECT_EQ(made->max_partition_fetch_bytes, 2000);
  EXPECT_EQ(made->fetch_min_bytes, 0);
  EXPECT_EQ(made->fetch_max_wait, milliseconds(100));
  EXPECT_EQ(made->request_timeout, milliseconds(20000));
  EXPECT_EQ(made->connection_setup_timeout, milliseconds(5000));
  EXPECT_EQ(made->connections_max_idle, milliseconds::max());
  EXPECT_THAT(made->warnings, IsEmpty());
}

TEST(ClientProperties, TakesLibrdkafkasNames) {
  auto made = Make(R"(
metadata.broker.list=b:9094
security.protocol=SASL_SSL
sasl.mechanisms=PLAIN
sasl.username=alice
sasl.password=pw with "quotes"
ssl.ca.location=/etc/ca.pem
ssl.certificate.location=/etc/c.pem
ssl.key.location=/etc/k.pem
ssl.key.password=kp
enable.ssl.certificate.verification=true
fetch.message.max.bytes=3000
fetch.wait.max.ms=50
broker.address.family=v4
)");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->sasl_mechanism, "PLAIN");
  EXPECT_EQ(made->sasl_password.Reveal(), "pw with \"quotes\"");
  EXPECT_EQ(made->tls.trust.path, "/etc/ca.pem");
  EXPECT_EQ(made->tls.certificate.path, "/etc/c.pem");
  EXPECT_EQ(made->tls.private_key.path, "/etc/k.pem");
  EXPECT_EQ(made->max_partition_fetch_bytes, 3000);
  EXPECT_EQ(made->fetch_max_wait, milliseconds(50));
  EXPECT_EQ(made->address_family, net::AddressFamily::kIPv4);
}

TEST(ClientProperties, HasDefaultsThatAreValid) {
  auto made = MakeClientProperties({});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->isolation_level, IsolationLevel::kReadCommitted);
  EXPECT_EQ(made->client_id, "lotic");
  EXPECT_TRUE(made->Validate().ok());
}

TEST(ClientProperties, ALaterPropertyWinsAlsoByAnotherName) {
  auto made = Make("max.partition.fetch.bytes=1000\nfetch.message.max.bytes=2000\n");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->max_partition_fetch_bytes, 2000);
}

TEST(ClientProperties, AnUnknownNameIsAnErrorThatNamesTheNearest) {
  const Status status = Make("a=b\n").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  for (const auto& [wrong, right] : std::vector<P>{{"isolation.levle", "isolation.level"},
                                                   {"sasl.mecanism", "sasl.mechanism"},
                                                   {"Bootstrap.Servers", "bootstrap.servers"},
                                                   {"ssl.trustore.location", "ssl.truststore.location"}}) {
    const Status typo = Make(wrong + "=hunter2").status();
    EXPECT_EQ(typo.code(), StatusCode::kInvalid);
    EXPECT_EQ(typo.message(), "unknown client property " + wrong + " (client.properties:1); did you mean " + right + "?");
  }
}

TEST(ClientProperties, WhatHasNoEffectIsListed) {
  auto made = Make("group.id=g\nauto.offset.reset=earliest\nacks=all\nkey.deserializer=org.X\ncheck.crcs=false\ngroup.id=h\n");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->warnings, ElementsAre(HasSubstr("group.id (client.properties:1) has no effect"), HasSubstr("auto.offset.reset"), HasSubstr("acks"),
                                          HasSubstr("key.deserializer"), HasSubstr("always verified")));
}

TEST(ClientProperties, WhatWouldRunCodeIsRefused) {
  for (const char* dangerous : {"plugin.library.paths", "sasl.kerberos.kinit.cmd", "ssl.engine.location", "ssl.providers", "sasl.client.callback.handler.class",
                                "ssl.engine.factory.class", "interceptor.classes", "metric.reporters", "security.providers", "config.providers.file.class",
                                "made.up.class", "oauthbearer_token_refresh_cb"}) {
    const Status status = Make(std::string(dangerous) + "=/tmp/evil.so").status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << dangerous;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(dangerous), HasSubstr("refused"))) << dangerous;
  }
  EXPECT_TRUE(Make("metric.reporters=").ok());
  const Status jaas = Make(
                          "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n"
                          "sasl.jaas.config=com.sun.security.auth.module.JndiLoginModule required user.provider.url=\"ldap://evil\";")
                          .status();
  EXPECT_EQ(jaas.code(), StatusCode::kInvalid);
  EXPECT_THAT(jaas.message(), HasSubstr("JndiLoginModule"));
}

TEST(ClientProperties, WhatIsNotBuiltSaysWhatWorks) {
  for (const char* text : {"security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER", "security.protocol=SASL_SSL\nsasl.mechanism=GSSAPI",
                           "security.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM", "sasl.oauthbearer.token.endpoint.url=http://x",
                           "security.protocol=SASL_SSL\nsasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;"}) {
    const Status status = Make(text).status();
    EXPECT_EQ(status.code(), StatusCode::kNotImplemented) << text;
    EXPECT_THAT(status.message(), HasSubstr("SCRAM-SHA-512 work")) << text;
  }
  EXPECT_EQ(Make("ssl.crl.location=/x").status().code(), StatusCode::kNotImplemented);
}

TEST(ClientProperties, BadValuesNamePropertyValueUnitAndRange) {
  EXPECT_EQ(Make("request.timeout.ms=0").status().message(),
            "request.timeout.ms=0 (client.properties:1): a whole number of milliseconds from 1 to 3600000 is needed");
  for (const char* bad :
       {"fetch.max.bytes=-1", "fetch.max.bytes=2147483648", "fetch.min.bytes=1k", "max.partition.fetch.bytes=", "security.protocol=TLS",
        "isolation.level=serializable", "enable.ssl.certificate.verification=yes", "broker.address.family=v5", "ssl.endpoint.identification.algorithm=ldaps",
        "ssl.keystore.type=BCFKS", "ssl.enabled.protocols=TLSv1.1", "max.decompressed.batch.bytes=5", "bootstrap.servers=a:b", "check.crcs=maybe"}) {
    const Status status = Make(bad).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << bad;
    EXPECT_THAT(status.message(), HasSubstr(std::string(bad).substr(0, std::string(bad).find('=')))) << bad;
  }
}

TEST(ClientProperties, TimesMustFitEachOther) {
  EXPECT_THAT(Make("request.timeout.ms=5000\ndefault.api.timeout.ms=1000").status().message(),
              HasSubstr("request.timeout.ms=5000 ms is longer than default.api.timeout.ms=1000 ms"));
  auto lifted = Make("request.timeout.ms=90000\nretry.backoff.ms=5000");  // ceilings not given follow
  ASSERT_TRUE(lifted.ok()) << lifted.status();
  EXPECT_EQ(lifted->api_timeout, milliseconds(90000));
  EXPECT_EQ(lifted->retry_backoff_max, milliseconds(5000));
  EXPECT_FALSE(Make("retry.backoff.ms=5000\nretry.backoff.max.ms=100").ok());
  EXPECT_FALSE(Make("fetch.max.wait.ms=2000\nrequest.timeout.ms=1000").ok());
}

TEST(ClientProperties, LoginNeedsMechanismUserAndPassword) {
  EXPECT_THAT(Make("security.protocol=SASL_PLAINTEXT").status().message(), HasSubstr("needs sasl.mechanism"));
  EXPECT_THAT(Make("security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN").status().message(), HasSubstr("sasl.username is missing"));
  EXPECT_THAT(Make("security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=a").status().message(), HasSubstr("sasl.password is missing"));
  auto unused = Make("sasl.mechanism=PLAIN\nsasl.username=a\nssl.ca.location=/x");
  ASSERT_TRUE(unused.ok()) << unused.status();
  EXPECT_THAT(unused->warnings, ElementsAre(AllOf(HasSubstr("sasl.mechanism"), HasSubstr("security.protocol is PLAINTEXT")),
                                            AllOf(HasSubstr("ssl.ca.location"), HasSubstr("security.protocol is PLAINTEXT"))));
  EXPECT_THAT(Make("security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=a.ScramLoginModule required "
                   "username=u password=p;")
                  .status()
                  .message(),
              HasSubstr("does not go with sasl.mechanism=PLAIN"));
}

TEST(ClientProperties, TwoWaysToGiveOneThingAreAnErrorNamingBoth) {
  const Status status = Make("security.protocol=SSL\nssl.ca.location=/a\nssl.truststore.location=/b").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("ssl.ca.location"), HasSubstr("ssl.truststore.location")));
  EXPECT_FALSE(Make("security.protocol=SSL\nssl.keystore.location=/a\nssl.key.location=/b").ok());
}

TEST(ClientProperties, SecretsComeByReference) {
  const std::string path = testing::TempDir() + "lotic_secret." + std::to_string(getpid());
  std::ofstream(path) << "from file\n";
  ASSERT_EQ(setenv("LOTIC_TEST_SECRET", "from env ${file:/etc/passwd}", 1), 0);
  const std::string base = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=u\nsasl.password=";
  EXPECT_EQ(Make(base + "${file:" + path + "}")->sasl_password.Reveal(), "from file");
  EXPECT_EQ(Make(base + "<${env:LOTIC_TEST_SECRET}>")->sasl_password.Reveal(), "<from env ${file:/etc/passwd}>");
  EXPECT_EQ(Make(base + "$${env:HOME}${x}$")->sasl_password.Reveal(), "${env:HOME}${x}$");
  EXPECT_EQ(Make(base + "${env:LOTIC_NOT_SET}").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Make(base + "${file:/no/such/file}").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Make(base + "${file:/}").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Make(base + "${env:HOME").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(Make(base + "${secret:x}").status().code(), StatusCode::kNotImplemented);
  std::filesystem::remove(path);
}

TEST(ClientProperties, RedactedShowsEverythingButSecrets) {
  auto made = Make(
      "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=alice\nsasl.password=hunter2\n"
      "ssl.truststore.location=/t\nssl.truststore.password=hunter3\nssl.key.password=hunter4\n"
      "ssl.keystore.key=-----BEGIN hunter5\nssl.keystore.certificate.chain=-----BEGIN hunter6");
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string shown = made->Redacted();
  EXPECT_THAT(shown, AllOf(HasSubstr("sasl.username=alice\n"), HasSubstr("sasl.password=***\n"), HasSubstr("ssl.truststore.location=/t\n"),
                           HasSubstr("ssl.keystore.key=***\n"), Not(HasSubstr("hunter"))));
}

TEST(ClientProperties, NoMessageRepeatsASecret) {
  for (const char* text : {"sasl.pasword=hunter2", "sasl.password\n=hunter2", "request.timeout.ms=1\nplugin.library.paths=hunter2",
                           "security.protocol=SASL_SSL\nsasl.jaas.config=PlainLoginModule required username=\"u\" password=\"hunter2;"}) {
    const Status status = Make(text).status();
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_THAT(status.message(), Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(Jaas, ReadsQuotesEscapesAndComments) {
  auto login = ParseJaas("/* c */ x.y.ScramLoginModule  REQUIRED // note\n username = 'al\\'ice' other=1\n password=\"\\101\\t\\\\\" ; ");
  ASSERT_TRUE(login.ok()) << login.status();
  EXPECT_TRUE(login->scram);
  EXPECT_EQ(login->username, "al'ice");
  EXPECT_EQ(login->password.Reveal(), "A\t\\");
}

TEST(Jaas, RefusesWhatItCannotRead) {
  for (const char* bad : {"", ";", "PlainLoginModule", "PlainLoginModule required", "PlainLoginModule required;", "PlainLoginModule username=u password=p;",
                          "PlainLoginModule required username=u password=p", "PlainLoginModule required username=u;", "PlainLoginModule required username;",
                          "PlainLoginModule required username=\"u password=p;", "PlainLoginModule required username=u password=p; x.Other required;",
                          "/* PlainLoginModule", "KafkaClient { };"}) {
    EXPECT_EQ(ParseJaas(bad).status().code(), StatusCode::kInvalid) << bad;
  }
  EXPECT_EQ(ParseJaas("ScramLoginModule required username=u password=p tokenauth=true;").status().code(), StatusCode::kNotImplemented);
}

TEST(PropertyNames, EachNameStandsOnceAndAliasesLeadSomewhere) {
  std::map<std::string_view, int> seen;
  for (const PropertyName& known : AllProperties()) {
    EXPECT_EQ(++seen[known.name], 1) << known.name;
    const PropertyName* target = FindProperty(known.canonical);
    ASSERT_NE(target, nullptr) << known.name;
    EXPECT_EQ(target->name, target->canonical) << known.name;
  }
}

}  // namespace
}  // namespace lotic::kafka
