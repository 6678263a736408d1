// SPDX-License-Identifier: Apache-2.0
#include "net/jks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "net/test_certificates.h"

namespace lotic::net {
namespace {

using testing::HasSubstr;

std::vector<uint8_t> ReadTestFile(const std::string& name) {
  std::ifstream file(std::string(LOTIC_TESTDATA) + "/tls/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Jks, ReadsAKeyStoreThatKeytoolWrote) {
  const std::vector<uint8_t> bytes = ReadTestFile("keystore.jks");
  ASSERT_TRUE(LooksLikeJks(bytes));
  auto store = ReadJks(bytes, Secret("changeit"));
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_EQ(store->entries.size(), 1u);
  EXPECT_EQ(store->entries[0].alias, "client");
  EXPECT_TRUE(store->entries[0].is_key());
  EXPECT_GE(store->entries[0].certificates.size(), 1u);
  auto key = UnprotectJksKey(store->entries[0].protected_key, Secret("other-password"));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->Reveal()[0], 0x30);  // a PKCS8 SEQUENCE
}

TEST(Jks, ReadsATrustStoreThatKeytoolWroteWithAndWithoutThePassword) {
  const std::vector<uint8_t> bytes = ReadTestFile("truststore.jks");
  for (const char* password : {"changeit", ""}) {
    auto store = ReadJks(bytes, Secret(password));
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_EQ(store->entries.size(), 1u);
    EXPECT_FALSE(store->entries[0].is_key());
    EXPECT_EQ(store->entries[0].certificates.size(), 1u);
  }
}

TEST(Jks, WritesByteForByteWhatKeytoolWrote) {
  for (const char* name : {"keystore.jks", "truststore.jks"}) {
    const std::vector<uint8_t> bytes = ReadTestFile(name);
    auto store = ReadJks(bytes, Secret("changeit"));
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(WriteJks(*store, Secret("changeit")), bytes) << name;
  }
}

TEST(Jks, RefusesAWrongStorePassword) {
  const auto status = ReadJks(ReadTestFile("keystore.jks"), Secret("guess")).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("password of the Java key store is wrong"));
  EXPECT_THAT(status.message(), testing::Not(HasSubstr("guess")));
}

TEST(Jks, RefusesAWrongKeyPassword) {
  auto store = ReadJks(ReadTestFile("keystore.jks"), Secret("changeit"));
  ASSERT_TRUE(store.ok());
  const auto status = UnprotectJksKey(store->entries[0].protected_key, Secret("changeit")).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("password of the private key in the Java key store is wrong"));
}

TEST(Jks, NoticesEveryChangedByteByTheDigest) {
  std::vector<uint8_t> bytes = ReadTestFile("truststore.jks");
  for (size_t i = 4; i < bytes.size(); ++i) {
    bytes[i] ^= 1;
    EXPECT_FALSE(ReadJks(bytes, Secret("changeit")).ok()) << "byte " << i;
    bytes[i] ^= 1;
  }
}

TEST(Jks, NoticesEveryCutWithoutADigest) {
  const std::vector<uint8_t> bytes = ReadTestFile("keystore.jks");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadJks(std::span(bytes).first(size), Secret()).ok()) << "cut at " << size;
  }
}

TEST(Jks, ALyingEntryCountEndsAtOnce) {
  std::vector<uint8_t> bytes = ReadTestFile("truststore.jks");
  std::fill(bytes.begin() + 8, bytes.begin() + 12, 0xff);
  const auto status = ReadJks(bytes, Secret()).status();
  EXPECT_THAT(status.message(), HasSubstr("cut short or damaged in entry 2"));
}

TEST(Jks, RoundTripsKeysUnderPasswordsOfAnyCharacters) {
  TestAuthority authority("CA");
  const TestIdentity identity = authority.Issue("alice", "");
  const Secret password("päss\xf0\x9f\x94\x91=,\"");
  const std::vector<uint8_t> salt(20, 7);
  JksStore store;
  JksEntry entry;
  entry.alias = "mykey";
  entry.created_ms = 1'700'000'000'000;
  entry.protected_key = ProtectJksKey(identity.key_pkcs8_der(), password, salt);
  entry.certificates = {identity.certificate_der(), authority.certificate_der()};
  store.entries.push_back(entry);
  for (const uint32_t version : {1u, 2u}) {
    store.version = version;
    auto read = ReadJks(WriteJks(store, password), password);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->entries[0].certificates, entry.certificates);
    EXPECT_EQ(read->entries[0].created_ms, entry.created_ms);
    auto key = UnprotectJksKey(read->entries[0].protected_key, password);
    ASSERT_TRUE(key.ok()) << key.status();
    const auto der = identity.key_pkcs8_der();
    EXPECT_EQ(key->Reveal(), std::string(der.begin(), der.end()));
  }
}

TEST(Jks, SaysHowToConvertAJceksStore) {
  const std::vector<uint8_t> bytes = {0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2, 0, 0, 0, 0};
  const auto status = ReadJks(bytes, Secret("changeit")).status();
  EXPECT_EQ(status.code(), StatusCode::kNotImplemented);
  EXPECT_THAT(status.message(), HasSubstr("keytool -importkeystore"));
}

}  // namespace
}  // namespace lotic::net
