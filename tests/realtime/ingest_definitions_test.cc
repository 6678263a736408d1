// SPDX-License-Identifier: Apache-2.0
// What a table's definition asks of its ingest, and definitions that change while it runs.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "net/jks.h"
#include "net/test_certificates.h"
#include "table/stored_table.h"
#include "table/table_view.h"
#include "tests/realtime/ingest_world.h"

namespace lotic::table {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

void ExpectRowsOfTheTopic(IngestWorld& world) {
  ASSERT_TRUE(world.CaughtUp()) << world.tables().GetStatus("events")->error;
  const Published published = world.Read();
  EXPECT_EQ(published.doubled, 0);
  EXPECT_EQ(published.rows, static_cast<int64_t>(world.expected().size()));
  EXPECT_TRUE(published.ids == world.expected());
}

// ---- Rates

TEST(Definitions, APartitionIsReadNoFasterThanItsRateUntilThatIsLifted) {
  IngestWorld world(1);
  world.Produce(0, 30'000, 1000);
  world.Open();
  const auto begun = steady_clock::now();
  world.AddTable({{"partition.consumption.rate.limit", "400"}});
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).position >= 1000; }));
  // A second's worth may come at once; the rest takes its time. 600 more are a second and a half.
  EXPECT_GE(steady_clock::now() - begun, milliseconds(1400));
  EXPECT_LT(world.StatusOf(0).position, 30'000);
  EXPECT_EQ(world.StatusOf(0).state, PartitionState::kConsuming);
  ASSERT_TRUE(world.tables().UpdateTable("events", world.TableJson()).ok());
  ExpectRowsOfTheTopic(world);  // 72 s at that rate
}

TEST(Definitions, ATopicsRateIsSharedByItsPartitions) {
  IngestWorld world(2);
  for (int32_t partition = 0; partition < 2; ++partition) world.Produce(partition, 20'000, 1000);
  world.Open();
  const auto begun = steady_clock::now();
  world.AddTable({{"topic.consumption.rate.limit", "800"}});
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).position >= 800 && world.StatusOf(1).position >= 800; }));
  EXPECT_GE(steady_clock::now() - begun, milliseconds(950));  // 400 each at once, then 400 a second
  ASSERT_TRUE(world.tables().UpdateTable("events", world.TableJson({{"topic.consumption.rate.limit", "-1"}})).ok());
  ExpectRowsOfTheTopic(world);
}

// ---- Key stores

struct Stores {
  const char* trust;
  const char* keys;
};

class DefinitionsOfStores : public testing::TestWithParam<Stores> {};

TEST_P(DefinitionsOfStores, AreUsedToReachTheBroker) {
  const net::TestAuthority authority("test authority");
  const net::TestIdentity server = authority.Issue("broker", "DNS:localhost,IP:127.0.0.1");
  const net::TestIdentity client = authority.Issue("client", "");
  net::TlsOptions tls;
  tls.certificate.inline_pem = net::Secret(server.certificate_pem);
  tls.private_key.inline_pem = net::Secret(server.key_pem);
  tls.trust.inline_pem = net::Secret(authority.certificate_pem());
  tls.require_client_certificate = true;
  IngestWorld world(1, 1, net::TlsContext::Server(tls).ValueOrDie());
  const auto write = [&](const std::string& name, std::string_view bytes) {
    const std::string path = world.folder() + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  };
  const auto jks = [](const net::JksStore& store, const char* password) {
    const std::vector<uint8_t> bytes = net::WriteJks(store, net::Secret(password));
    return std::string(bytes.begin(), bytes.end());
  };
  std::string trust, keys;
  if (std::string(GetParam().trust) == "JKS") {
    trust = write("trust.jks", jks({2, {{"authority", 0, {}, {authority.certificate_der()}}}}, "trustpass"));
  } else {
    trust = write("trust.p12", client.pkcs12("trustpass", authority.certificate_pem()));
  }
  if (std::string(GetParam().keys) == "JKS") {
    const std::vector<uint8_t> key = net::ProtectJksKey(client.key_pkcs8_der(), net::Secret("keypass"), std::vector<uint8_t>(20, 3));
    keys = write("keys.jks", jks({2, {{"client", 0, key, {client.certificate_der(), authority.certificate_der()}}}}, "storepass"));
  } else {
    keys = write("keys.p12", client.pkcs12("storepass", authority.certificate_pem()));
  }
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Pairs properties = {{"security.protocol", "SSL"},
                      {"ssl.truststore.location", trust},
                      {"ssl.truststore.type", GetParam().trust},
                      {"ssl.truststore.password", "trustpass"},
                      {"ssl.keystore.location", keys},
                      {"ssl.keystore.type", GetParam().keys},
                      {"ssl.keystore.password", "storepass"}};
  if (std::string(GetParam().keys) == "JKS") properties.emplace_back("ssl.key.password", "keypass");
  world.Produce(0, 100);
  TablesOptions options = world.Options();
  world.Open(options);
  ASSERT_TRUE(world.tables().AddSchema(IngestWorld::SchemaJson(), true, false).ok());
  EXPECT_THAT(world.tables().AddTable(world.TableJson(properties)).status().message(), HasSubstr("ssl."));  // no folder is allowed
  world.Close();
  options.allowed_folders = {world.folder()};
  world.Open(options);
  for (const char* key : {"ssl.truststore.password", "ssl.keystore.password"}) {
    Pairs wrong = properties;
    for (auto& [name, value] : wrong) {
      if (name == key) value = "s3cret";
    }
    const Status refused = world.tables().AddTable(world.TableJson(wrong)).status();
    EXPECT_EQ(refused.code(), StatusCode::kInvalid) << key;
    EXPECT_THAT(refused.message(), AllOf(HasSubstr(std::string(key).substr(0, 8)), Not(HasSubstr("s3cret")), Not(HasSubstr("storepass"))));
  }
  world.AddTable(properties);
  ExpectRowsOfTheTopic(world);
  EXPECT_THAT(world.tables().TableDocument("events").ValueOrDie(), HasSubstr(keys));
  // And again after a restart.
  world.Close();
  world.Produce(0, 10);
  world.Open(options);
  ExpectRowsOfTheTopic(world);
  EXPECT_FALSE(world.Logged("pass\""));
}

INSTANTIATE_TEST_SUITE_P(Definitions, DefinitionsOfStores, testing::Values(Stores{"JKS", "PKCS12"}, Stores{"PKCS12", "JKS"}),
                         [](const testing::TestParamInfo<Stores>& info) { return std::string("Trust") + info.param.trust + "Keys" + info.param.keys; });

// ---- A connection that is tested

TEST(Definitions, AConnectionIsTestedWithinItsTimeAndNothingIsMade) {
  IngestWorld world(3);
  TablesOptions options = world.Options();
  options.create_time = milliseconds(300);
  world.Open(options);
  const Result<StreamFound> found = world.tables().TestConnection({}, world.TableJson());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->topic, "events");
  EXPECT_EQ(found->partitions, 3U);
  EXPECT_EQ(world.tables().TestConnection({}, world.TableJson({{"stream.kafka.partition.ids", "1"}}))->partitions, 1U);

  // A port that takes connections and says nothing.
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(silent, reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(silent, 8), 0);
  ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const std::string broker = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  std::string json = world.TableJson();
  json.replace(json.find(world.broker().bootstrap()), world.broker().bootstrap().size(), broker);
  const Status late = world.tables().TestConnection({}, json).status();
  EXPECT_EQ(late.code(), StatusCode::kInvalid);
  EXPECT_THAT(late.message(), AllOf(HasSubstr("Table events_REALTIME: its stream cannot be read"), HasSubstr(broker)));
  ::close(silent);
  EXPECT_TRUE(world.tables().List().empty());
}

TEST(Ingest, ATableAboveItsStorageQuotaIsPausedUntilThereIsRoom) {
  IngestWorld world(1);
  const auto with_quota = [&world](const std::string& size) {
    std::string json = world.TableJson();
    return json.insert(json.size() - 1, R"(, "quota": {"storage": ")" + size + "\"}");
  };
  const auto pause = [&world] { return world.tables().GetPauseStatus("events").ValueOrDie(); };
  TablesOptions options = world.Options();
  options.retention_interval = milliseconds(20);
  world.Open(options);
  world.AddTable();
  world.Produce(0, 500);
  ASSERT_TRUE(world.CaughtUp());
  EXPECT_FALSE(pause().paused);
  ASSERT_TRUE(world.tables().UpdateTable("events", with_quota("1K")).ok());
  ASSERT_TRUE(world.WaitFor([&] { return pause().paused; }));
  EXPECT_EQ(pause().reason, "STORAGE_QUOTA_EXCEEDED");
  EXPECT_THAT(*pause().comment, HasSubstr("quota.storage allows 1024"));
  EXPECT_TRUE(world.Logged("table events_REALTIME is paused: its segments have "));
  world.Produce(0, 10);
  // It stays so over a restart, and so it does where somebody pauses it, whatever room there is.
  world.Close();
  world.Open(options);
  EXPECT_EQ(pause().reason, "STORAGE_QUOTA_EXCEEDED");
  ASSERT_TRUE(world.tables().Pause("events", "by hand").ok());
  ASSERT_TRUE(world.tables().UpdateTable("events", with_quota("1G")).ok());
  ASSERT_TRUE(world.tables().RunDiscovery("events").ok());
  EXPECT_EQ(pause().comment, "by hand");
  EXPECT_EQ(world.StatusOf(0).position, 500);
  ASSERT_TRUE(world.tables().UpdateTable("events", with_quota("1K")).ok());
  ASSERT_TRUE(world.tables().Resume("events", ConsumeFrom::kLastConsumed, "").ok());
  ASSERT_TRUE(world.WaitFor([&] { return pause().reason == "STORAGE_QUOTA_EXCEEDED"; }));
  // With room it goes on by itself.
  ASSERT_TRUE(world.tables().UpdateTable("events", with_quota("1G")).ok());
  ASSERT_TRUE(world.WaitFor([&] { return !pause().paused; }));
  EXPECT_TRUE(world.Logged("table events_REALTIME goes on: its segments have "));
  ASSERT_TRUE(world.CaughtUp());
  const Published published = world.Read();
  EXPECT_EQ(published.doubled, 0);
  EXPECT_TRUE(published.ids == world.expected());
}

// ---- A schema that changes while records come

std::string SchemaWith(const std::string& more) {
  return R"({"schemaName": "events", "dimensionFieldSpecs": [{"name": "id", "dataType": "LONG"})" + more +
         R"(], "metricFieldSpecs": [{"name": "v", "dataType": "LONG"}],
             "dateTimeFieldSpecs": [{"name": "ts", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}]})";
}

std::map<int64_t, std::optional<std::string>> TextsById(IngestWorld& world) {
  std::map<int64_t, std::optional<std::string>> texts;
  const auto view = world.tables().View("events").ValueOrDie();
  for (const PartitionView& partition : view->partitions()) {
    for (const SegmentInfo& segment : partition.segments) {
      auto rows = SegmentRows::Open({}, *view, segment, Schema{{{"id", Type::Int64()}, {"text", Type::String()}}, {}}, &world.files()).ValueOrDie();
      for (auto batch = rows->Next({}).ValueOrDie(); batch.has_value(); batch = rows->Next({}).ValueOrDie()) {
        for (int64_t row = 0; row < batch->num_rows(); ++row) {
          const Column& text = batch->column(1);
          texts[batch->column(0).values<int64_t>()[static_cast<size_t>(row)]] = text.IsNull(row) ? std::nullopt : std::optional(std::string(text.Text(row)));
        }
      }
    }
  }
  return texts;
}

TEST(Definitions, ASchemaMayChangeWhileRecordsCome) {
  IngestWorld world(2);
  world.Open();
  const std::vector<std::pair<std::string, std::string>> small = {{"realtime.segment.flush.threshold.segment.rows", "500"}};
  world.AddTable(small, SchemaWith(""));
  std::atomic<bool> changed = false;
  std::atomic<int64_t> produced = 0;
  int64_t before = 0;
  std::thread producer([&] {
    for (int32_t round = 0; round < 400 && !changed; ++round) {
      world.Produce(round % 2, 50, 10);
      produced += 50;
    }
  });
  const auto until = [&](int64_t count) { EXPECT_TRUE(world.WaitFor([&] { return produced >= count; })); };
  until(500);
  const std::string text = R"(, {"name": "text", "dataType": "STRING"})", other = R"(, {"name": "other", "dataType": "STRING"})",
                    number = R"(, {"name": "other", "dataType": "LONG"})";
  EXPECT_TRUE(world.tables().UpdateSchema("events", SchemaWith(other), false).ok());
  until(1000);
  EXPECT_TRUE(world.tables().UpdateSchema("events", SchemaWith(number), true).ok());  // by force: another type ends the segments
  until(1500);
  ASSERT_TRUE(world.WaitFor([&] { return world.StatusOf(0).position >= 250 && world.StatusOf(1).position >= 250; }));  // the first 500
  EXPECT_FALSE(world.tables().UpdateSchema("events", SchemaWith(text), false).ok());                                   // one less is refused
  EXPECT_TRUE(world.tables().UpdateSchema("events", SchemaWith(number + text), false).ok());
  changed = true;
  producer.join();
  before = produced;
  world.Produce(0, 100, 10);
  world.Produce(1, 100, 10);
  ExpectRowsOfTheTopic(world);
  const auto texts = TextsById(world);
  ASSERT_EQ(texts.size(), world.expected().size());
  // From the change on every row has the new column; before it none has.
  for (int64_t id = 0; id < 500; ++id) EXPECT_EQ(texts.at(id), std::nullopt) << id;
  for (int64_t id = before; id < before + 200; ++id) EXPECT_EQ(texts.at(id), "text " + std::to_string(id));
  for (const auto& [id, value] : texts) {
    EXPECT_EQ(value.value_or("text " + std::to_string(id)), "text " + std::to_string(id));
  }
  EXPECT_TRUE(world.tables().GetStatus("events")->healthy) << world.tables().GetStatus("events")->error;
}

}  // namespace
}  // namespace lotic::table
