// SPDX-License-Identifier: Apache-2.0
// Other people's clients, on script, against the broker: kcat (librdkafka) and Java's of 3.9 and 4.4.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "broker/broker.h"
#include "broker/demo_data.h"
#include "broker/test_client.h"
#include "net/test_certificates.h"
#include "net/tls.h"

namespace lotic::broker {
namespace {

namespace kp = kafka_protocol;
using kp::ApiKey;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct Output {
  std::string text;
  int exit_code = -1;
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }
};

// Ends after a minute whatever the program does.
Output RunCommand(const std::string& command) {
  Output output;
  FILE* const pipe = popen(("timeout 60 " + command).c_str(), "r");
  if (pipe == nullptr) return output;
  char chunk[4096];
  for (size_t got; (got = fread(chunk, 1, sizeof chunk, pipe)) > 0;) output.text.append(chunk, got);
  const int status = pclose(pipe);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

class ClientsTest : public testing::Test {
 protected:
  void SetUp() override {
    broker_ = Broker::Start({.node_count = 2}).ValueOrDie();
    folder_ = std::filesystem::temp_directory_path() / ("lotic-broker-clients-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static bool HasKcat() { return RunCommand("kcat -V >/dev/null 2>&1").exit_code == 0; }
  static bool HasJava(const std::string& version) { return Lab("check " + version + " 2>/dev/null").exit_code == 0; }
  static Output Lab(const std::string& arguments) { return RunCommand("env LOTIC_DEPS='" LOTIC_DEPS "' '" LOTIC_KAFKA_LAB "' " + arguments); }
  Output Kcat(const std::string& arguments, const std::string& errors = "") {
    return RunCommand("kcat -b " + broker_->bootstrap() + " " + arguments + (errors.empty() ? "" : " 2>" + errors));
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }
  std::vector<SeenRecord> ReadAll(const std::string& topic, int32_t partition) {
    const PartitionState state = broker_->Describe(topic, partition).ValueOrDie();
    auto client = TestClient::Connect(broker_->port(state.leader)).ValueOrDie();
    kp::FetchRequest request = FetchOf(topic, partition, state.log_start_offset);
    request.topics[0].partitions[0].max_bytes = request.max_bytes;
    const auto response = client->Call<kp::FetchResponse>(request, 12).ValueOrDie();
    return ReadRecords(*response.topics[0].partitions[0].records).ValueOrDie();
  }
  // "offset|key|value" lines, as kcat's format '%o|%k|%s\n' prints them with -Z.
  static std::vector<std::string> Lines(const std::vector<SeenRecord>& records) {
    std::vector<std::string> lines;
    for (const SeenRecord& record : records) {
      lines.push_back(std::to_string(record.offset) + "|" + record.key.value_or("NULL") + "|" + record.value.value_or("NULL"));
    }
    return lines;
  }

  std::unique_ptr<Broker> broker_;
  std::filesystem::path folder_;
};

class KcatTest : public ClientsTest {
 protected:
  void SetUp() override {
    ClientsTest::SetUp();
    if (!HasKcat()) GTEST_SKIP() << "kcat is not installed";
  }
};

TEST_F(KcatTest, ListsTheDemosTopics) {
  ASSERT_TRUE(FillDemo(*broker_).ok());
  const Output listed = Kcat("-L");
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_THAT(listed.text, HasSubstr(" 2 brokers:"));
  EXPECT_THAT(listed.text, HasSubstr("topic \"events\" with 3 partitions:"));
  EXPECT_THAT(listed.text, HasSubstr("partition 1, leader 2, replicas: 2,1, isrs: 2,1"));
}

TEST_F(KcatTest, ReadsEveryDemoTopicAsItLies) {
  ASSERT_TRUE(FillDemo(*broker_).ok());
  for (const auto& [topic, partition] : std::vector<std::pair<std::string, int32_t>>{{"events", 2}, {"orders", 1}, {"customers", 0}}) {
    const Output read = Kcat("-C -q -e -Z -o beginning -t " + topic + " -p " + std::to_string(partition) + " -f '%o|%k|%s\\n'");
    EXPECT_EQ(read.exit_code, 0);
    EXPECT_EQ(read.lines(), Lines(ReadAll(topic, partition))) << topic;
  }
}

TEST_F(KcatTest, SeesOnlyCommittedPaymentsUnderReadCommitted) {
  ASSERT_TRUE(FillDemo(*broker_).ok());
  const auto count = [&](const std::string& isolation) {
    return Kcat("-C -q -e -o beginning -t payments -p 0 -f '%o\\n' -X isolation.level=" + isolation).lines().size();
  };
  EXPECT_EQ(count("read_uncommitted"), ReadAll("payments", 0).size());
  EXPECT_LT(count("read_committed"), count("read_uncommitted"));
  EXPECT_GT(count("read_committed"), 0u);
}

TEST_F(KcatTest, FindsOffsetsByTime) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  for (int64_t i = 0; i < 5; ++i) ASSERT_TRUE(broker_->Append("t", 0, std::vector<Record>{{.value = "v", .timestamp_ms = 1000 + i}}).ok());
  EXPECT_THAT(Kcat("-Q -t t:0:1003").text, HasSubstr("t [0] offset 3"));
}

TEST_F(KcatTest, ProducesWithEveryCodecItUses) {
  const std::string input = Write("in", "k1:one\nk2:two\nk3:three\n");
  for (const std::string codec : {"none", "gzip", "snappy", "zstd"}) {
    ASSERT_TRUE(broker_->CreateTopic(codec).ok());
    EXPECT_EQ(Kcat("-P -t " + codec + " -p 0 -K: -z " + codec + " <" + input).exit_code, 0);
    EXPECT_THAT(Lines(ReadAll(codec, 0)), ElementsAre("0|k1|one", "1|k2|two", "2|k3|three")) << codec;
  }
}

TEST_F(KcatTest, AnIdempotentProducerWritesOnceThoughAnAnswerIsLost) {
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  const int fault = broker_->AddFault({.api = ApiKey::kProduce, .action = FaultAction::CloseAfter()});
  const std::string input = Write("in", "one\ntwo\n");
  EXPECT_EQ(Kcat("-P -t t -p 0 -X enable.idempotence=true <" + input, "/dev/null").exit_code, 0);
  EXPECT_EQ(broker_->FaultHits(fault), 1);
  EXPECT_GE(broker_->RequestCount(ApiKey::kProduce), 2);
  EXPECT_THAT(Lines(ReadAll("t", 0)), ElementsAre("0|NULL|one", "1|NULL|two"));
}

TEST_F(KcatTest, ReadsOnAfterTornAnswersErrorsAndAMovedLeader) {
  ASSERT_TRUE(FillDemo(*broker_).ok());
  ASSERT_TRUE(broker_->MoveLeader("events", 0, 2).ok());
  broker_->AddFault({.api = ApiKey::kFetch, .action = FaultAction::Tear(1000), .skip = 1});
  broker_->AddFault({.api = ApiKey::kFetch, .action = FaultAction::Error(kp::ErrorCode::kNotLeaderOrFollower), .skip = 2});
  const Output read = Kcat("-C -q -e -Z -o beginning -t events -p 0 -f '%o|%k|%s\\n' -X fetch.message.max.bytes=100000", "/dev/null");
  EXPECT_EQ(read.lines(), Lines(ReadAll("events", 0)));
}

class JavaTest : public ClientsTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    ClientsTest::SetUp();
    if (!HasJava(GetParam())) GTEST_SKIP() << "the jars of Apache Kafka " << GetParam() << " are not there: scripts/setup --test";
  }
};

TEST_P(JavaTest, CreatesProducesConsumesAndDescribes) {
  ASSERT_TRUE(FillDemo(*broker_).ok());
  const int fault = broker_->AddFault({.api = ApiKey::kProduce, .action = FaultAction::CloseAfter(), .topic = "java", .skip = 1});
  const Output session = Lab("java " + GetParam() + " '" LOTIC_BROKER_JAVA "/BrokerSession.java' " + broker_->bootstrap() + " java payments");
  EXPECT_EQ(session.exit_code, 0) << session.text;
  const std::vector<std::string> lines = session.lines();
  EXPECT_THAT(lines, Contains("cluster: " + broker_->cluster_id()));
  EXPECT_THAT(lines, Contains("nodes: 2"));
  EXPECT_THAT(lines, Contains("topics: [customers, events, java, orders, payments]"));
  EXPECT_THAT(lines, Contains("partitions: 2"));
  EXPECT_THAT(lines, Contains("retention.ms: -1 DYNAMIC_TOPIC_CONFIG"));
  EXPECT_THAT(lines, Contains("cleanup.policy: delete DEFAULT_CONFIG"));
  EXPECT_EQ(broker_->FaultHits(fault), 1);
  EXPECT_THAT(lines, Contains("read_uncommitted records: 5000")) << "a repeated batch is not stored twice";
  EXPECT_THAT(lines, Contains("read_uncommitted distinct: 5000"));
  EXPECT_THAT(lines, Contains("read_uncommitted tombstones: 500"));
  EXPECT_THAT(lines, Contains("read_uncommitted headers: 5000"));
  EXPECT_THAT(lines, Contains("read_uncommitted offsets for 5500: {0=250 at 5500, 1=250 at 5501}"));
  EXPECT_THAT(lines, Contains("max timestamp: 499"));
  EXPECT_THAT(lines, Contains("log is not empty: true"));
  const auto ours = ReadAll("java", 1);
  EXPECT_THAT(ours, SizeIs(2500));
  EXPECT_EQ(ours.at(2).key, "none5");
  // Offsets hold markers and aborted records too; the committed ones are fewer than all records.
  const size_t all_payments = ReadAll("payments", 0).size() + ReadAll("payments", 1).size();
  const auto committed = std::find_if(lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("read_committed records: "); });
  ASSERT_NE(committed, lines.end());
  const size_t num_committed = std::stoul(committed->substr(committed->find(": ") + 2));
  EXPECT_GT(num_committed, 0u);
  EXPECT_LT(num_committed, all_payments);
}

TEST_P(JavaTest, LogsInByEveryMechanismOverTls) {
  const net::TestAuthority authority("test authority");
  const net::TestIdentity identity = authority.Issue("localhost", "DNS:localhost,IP:127.0.0.1");
  net::TlsOptions tls;
  tls.certificate.inline_pem = net::Secret(identity.certificate_pem);
  tls.private_key.inline_pem = net::Secret(identity.key_pem);
  broker_ = Broker::Start({.tls = net::TlsContext::Server(tls).ValueOrDie(), .sasl_users = {{"al,ice=", "secret"}}}).ValueOrDie();
  const std::string authority_file = Write("authority.pem", authority.certificate_pem());
  const Output session =
      Lab("java " + GetParam() + " '" LOTIC_BROKER_JAVA "/BrokerLogin.java' " + broker_->bootstrap() + " '" + authority_file + "' 'al,ice=' secret");
  EXPECT_EQ(session.exit_code, 0) << session.text;
  EXPECT_THAT(session.lines(), ElementsAre("PLAIN: in", "PLAIN with a wrong password: SaslAuthenticationException", "SCRAM-SHA-256: in",
                                           "SCRAM-SHA-256 with a wrong password: SaslAuthenticationException", "SCRAM-SHA-512: in",
                                           "SCRAM-SHA-512 with a wrong password: SaslAuthenticationException"));
}

INSTANTIATE_TEST_SUITE_P(Clients, JavaTest, testing::Values("3.9.2", "4.4.0"), [](const auto& version) { return version.param[0] == '3' ? "Of39" : "Of44"; });

// What Java's client of 3.9 writes in the formats before 0.11, served to ourselves and to librdkafka.
class OldMessagesTest : public ClientsTest {
 protected:
  void SetUp() override {
    ClientsTest::SetUp();
    if (!HasJava("3.9.2")) GTEST_SKIP() << "the jars of Apache Kafka 3.9.2 are not there: scripts/setup --test";
  }
};

TEST_F(OldMessagesTest, OfJavaAreStoredAndServedAsTheyAre) {
  const Output made = Lab("java 3.9.2 '" LOTIC_BROKER_JAVA "/OldMessages.java' '" + folder_.string() + "'");
  ASSERT_EQ(made.exit_code, 0) << made.text;
  for (int magic = 0; magic <= 1; ++magic) {
    for (const std::string codec : {"none", "gzip", "snappy", "lz4"}) {
      const std::string topic = "m" + std::to_string(magic) + "-" + codec;
      std::ostringstream bytes;
      bytes << std::ifstream(folder_ / (topic + ".bin"), std::ios::binary).rdbuf();
      const std::string messages = bytes.str();
      ASSERT_FALSE(messages.empty()) << topic;
      ASSERT_TRUE(broker_->CreateTopic(topic).ok());
      const auto appended = broker_->AppendBatch(topic, 0, kp::AsBytes(messages), {.keep_offsets = true});
      ASSERT_TRUE(appended.ok()) << topic << ": " << appended.status();
      EXPECT_EQ(broker_->Describe(topic, 0)->high_watermark, 50);
      auto client = TestClient::Connect(broker_->port()).ValueOrDie();
      const auto response = client->Call<kp::FetchResponse>(FetchOf(topic, 0, 0), 4).ValueOrDie();
      EXPECT_TRUE(kp::AsText(*response.topics[0].partitions[0].records) == messages) << "not a byte changed";
      const auto records = ReadAll(topic, 0);
      ASSERT_THAT(records, SizeIs(50));
      for (int64_t i = 0; i < 50; ++i) {
        const SeenRecord& record = records[static_cast<size_t>(i)];
        EXPECT_EQ(record.offset, i);
        EXPECT_EQ(record.timestamp, magic == 0 ? -1 : 7000 + i);
        EXPECT_EQ(record.key, i % 3 == 0 ? std::nullopt : std::optional("key " + std::to_string(i)));
        EXPECT_EQ(record.value, i % 7 == 6 ? std::nullopt : std::optional("value " + std::to_string(i) + " of " + codec));
      }
      if (HasKcat()) {
        EXPECT_EQ(Kcat("-C -q -e -Z -o beginning -t " + topic + " -p 0 -f '%o|%k|%s\\n'").lines(), Lines(records)) << topic;
      }
    }
  }
}

}  // namespace
}  // namespace lotic::broker
