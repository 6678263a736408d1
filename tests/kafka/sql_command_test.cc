// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/kafka/lab_broker.h"

// The command `lotic` against a real broker: answers of SQL, every way to log in, and what it says where it cannot.

namespace lotic::kafka_pack {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kExitError = 1;
constexpr int kExitSource = 3;
constexpr int kMaxSeconds = 60;

class CommandTest : public testing::Test {
 protected:
  void SetUp() override {
    broker_ = LabBroker::Get();
    if (broker_ == nullptr) {
      GTEST_SKIP() << "the jars of Apache Kafka " << LabBroker::version() << " are not there: scripts/setup --test";
    }
    ASSERT_EQ(broker_->trouble(), "");
  }

  // Standard output alone unless `with_messages`.
  Output Lotic(const std::string& listener, const std::string& arguments, bool with_messages = false) const {
    return RunProgram(Quoted(LOTIC_COMMAND) + " -b " + broker_->env(listener) + " " + arguments + (with_messages ? "" : " 2>/dev/null"), kMaxSeconds);
  }
  std::string Config(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = broker_->folder() / (name + ".properties");
    std::ofstream(path) << text;
    return "--config " + Quoted(path.string()) + " ";
  }
  std::string TrustStore(const std::string& ca) const {
    return "ssl.truststore.type=PEM\nssl.truststore.location=" + broker_->env("CERTS") + "/" + ca + ".crt\n";
  }
  std::string Login(const std::string& mechanism, const std::string& password) const {
    const std::string module = mechanism == "PLAIN" ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
    return "sasl.mechanism=" + mechanism + "\nsasl.jaas.config=org.apache.kafka.common.security." + module + " required username=\"" +
           broker_->env("LAB_USER") + "\" password=\"" + password + "\";\n";
  }

  static std::vector<std::string> Lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  // A cell of a record of the oracle: 2 timestamp, 3 timestamp type, 4 key, 6 value.
  static std::string Cell(const OracleRecord& record, int index) {
    std::istringstream in(record.shown);
    std::string cell;
    for (int i = 0; i <= index; ++i) std::getline(in, cell, '\t');
    return cell;
  }

  LabBroker* broker_ = nullptr;
};

TEST_F(CommandTest, CountsEveryTopicAtBothIsolationLevels) {
  for (const std::string level : {"read_committed", "read_uncommitted"}) {
    std::string statements;
    std::vector<std::string> expected;
    for (const std::string& topic : TortureTopics()) {
      statements += " " + Quoted("SELECT count(*) AS n, count(_message_bytes) AS some FROM \"" + topic + "\"");
      const std::vector<OracleRecord> records = broker_->Oracle(level, topic).records;
      const auto with_value = std::count_if(records.begin(), records.end(), [](const OracleRecord& record) { return Cell(record, 6) != "-"; });
      expected.push_back("{\"n\":" + std::to_string(records.size()) + ",\"some\":" + std::to_string(with_value) + "}");
    }
    const Output output = Lotic("BOOTSTRAP", "-X isolation.level=" + level + statements);
    EXPECT_EQ(output.exit_code, 0) << Lotic("BOOTSTRAP", "-X isolation.level=" + level + statements, true).text;
    EXPECT_EQ(Lines(output.text), expected) << level;
  }
}

// `lotic lambda local kafka` beside the shell itself, with one policy for both: not a row more, fewer or other, whatever is odd about the topic.
TEST_F(CommandTest, EveryTopicReadThroughAthenasProtocolIsTheTopicThatTheShellReads) {
  constexpr int kMaxSecondsForAll = 300;
  const std::string hidden =
      "_partition_id, _partition_offset, _topic, _timestamp_ms, _timestamp_type, _key, _key_bytes, _key_length, _message, _message_bytes, _message_length, "
      "_headers";
  for (const auto& [level, tombstones] : {std::pair<std::string, std::string>("read_committed", "skip"), {"read_uncommitted", "emit"}}) {
    SCOPED_TRACE(level + ", tombstones " + tombstones);
    std::string statements;
    std::vector<std::string> expected;
    for (const std::string& topic : TortureTopics()) {
      if (!broker_->has_kcat() && topic.starts_with("t_rdk_")) continue;
      // Of t_times Athena's type cannot hold every _timestamp, which is an error of its own (AthenaTimesTest).
      const std::string columns = "SELECT COLUMNS('^[^_]'), " + hidden + (topic == "t_times" ? "" : ", _timestamp") +
                                  " FROM (SELECT 1 AS one), ";  // of some topics `*` is hidden columns alone
      const std::string own = columns + "\"" + topic + "\"", other = columns + "athena_connector('URL', 'default', '" + topic + "')";
      statements +=
          " " + Quoted("WITH own AS MATERIALIZED (" + own + "), other AS MATERIALIZED (" + other + ") SELECT '" + topic +
                       "' AS topic, (SELECT count(*) FROM own) AS n, " +
                       "(SELECT count(*) FROM (FROM own EXCEPT ALL FROM other)) AS lost, (SELECT count(*) FROM (FROM other EXCEPT ALL FROM own)) AS more");
      const std::vector<OracleRecord> records = broker_->Oracle(level, topic).records;
      const auto rows =
          std::count_if(records.begin(), records.end(), [&](const OracleRecord& record) { return tombstones == "emit" || Cell(record, 6) != "-"; });
      expected.push_back("{\"topic\":\"" + topic + "\",\"n\":" + std::to_string(rows) + ",\"lost\":0,\"more\":0}");
    }
    // The invoke URL comes through a pipe, and takes the place of URL in the statements.
    const std::filesystem::path spill = broker_->folder() / ("spill-" + level);
    ASSERT_TRUE(std::filesystem::create_directory(spill));
    const std::string program = Quoted(LOTIC_COMMAND), broker = broker_->env("BOOTSTRAP"), pipe = Quoted((broker_->folder() / ("url-" + level)).string());
    const std::string script = "mkfifo " + pipe + " && { " + program + " lambda local kafka -q --env kafka_endpoint=" + broker +
                               " --env isolation_level=" + level + " --env tombstones=" + tombstones + " --env spill_bucket=file://" + Quoted(spill.string()) +
                               " > " + pipe + " & server=$!; read -r url < " + pipe + "; for statement in" + statements +
                               "; do set -- \"$@\" \"${statement//URL/$url}\"; done; " + program + " -q -b " + broker + " -X isolation.level=" + level +
                               " --tombstones " + tombstones + " --format jsonl \"$@\"; code=$?; kill $server; wait $server; exit $code; }";
    const Output output = RunProgram("bash -c " + Quoted(script), kMaxSecondsForAll);
    EXPECT_EQ(output.exit_code, 0) << output.text;
    EXPECT_EQ(Lines(output.text), expected);
  }
}

TEST_F(CommandTest, AnswersWithFiltersAreThoseOfTheFullRead) {
  struct Case {
    std::string topic;
    std::string where;
    std::function<bool(const OracleRecord&)> wanted;
  };
  const std::vector<Case> cases = {
      {"t_times", "_timestamp_ms < 0", [](const OracleRecord& r) { return r.timestamp_ms < 0; }},
      {"t_times", "_timestamp IS NULL",
       [](const OracleRecord& r) { return r.timestamp_ms == -1 || r.timestamp_ms > INT64_MAX / 1000 || r.timestamp_ms < -(INT64_MAX / 1000); }},
      {"t_times", "_timestamp >= TIMESTAMPTZ '1970-01-01 00:00:00+00'",
       [](const OracleRecord& r) { return r.timestamp_ms >= 0 && r.timestamp_ms <= INT64_MAX / 1000; }},
      {"t_times", "_timestamp > TIMESTAMPTZ '2020-09-13 12:28:20+00' AND _timestamp < TIMESTAMPTZ '2100-01-01 00:00:00+00'",
       [](const OracleRecord& r) { return r.timestamp_ms > kFirstMs + 100'000 && r.timestamp_ms < 4'102'444'800'000; }},
      {"t_wide", "_partition_id IN (3, 197) OR _partition_id = 20",
       [](const OracleRecord& r) { return r.partition == 3 || r.partition == 197 || r.partition == 20; }},
      {"t_deleted", "_partition_offset BETWEEN 390 AND 410 AND _partition_id <> 2",
       [](const OracleRecord& r) { return r.offset >= 390 && r.offset <= 410 && r.partition != 2; }},
      {"t_switched", "_timestamp_type = 'LOG_APPEND_TIME'", [](const OracleRecord& r) { return Cell(r, 3) == "LOG_APPEND_TIME"; }},
      {"t_odd", "_key IS NULL", [](const OracleRecord& r) { return Cell(r, 4) == "-"; }},
      {"t_odd", "_message_length = 0", [](const OracleRecord& r) { return Cell(r, 6).empty(); }},
      {"t_documents", "_message_bytes IS NULL", [](const OracleRecord& r) { return Cell(r, 6) == "-"; }},
  };
  std::string statements;
  std::vector<std::string> expected;
  for (const Case& one : cases) {
    statements += " " + Quoted("SELECT count(*) AS n FROM " + one.topic + " WHERE " + one.where);
    const std::vector<OracleRecord> records = broker_->Oracle("read_committed", one.topic).records;
    expected.push_back("{\"n\":" + std::to_string(std::count_if(records.begin(), records.end(), one.wanted)) + "}");
  }
  const Output output = Lotic("BOOTSTRAP", statements);
  EXPECT_EQ(output.exit_code, 0) << Lotic("BOOTSTRAP", statements, true).text;
  const std::vector<std::string> lines = Lines(output.text);
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(i < lines.size() ? lines[i] : "nothing", expected[i]) << cases[i].topic << " WHERE " << cases[i].where;
  }
}

TEST_F(CommandTest, DecodesTheMessagesOfATopicAndWritesItsCertificate) {
  const int64_t records = static_cast<int64_t>(broker_->Oracle("read_committed", "t_documents").records.size());
  // Every hundredth is a tombstone; ids count from 0.
  const int64_t tombstones = records / 100;
  const int64_t sum = records * (records - 1) / 2 - (tombstones * 99 + 100 * (tombstones * (tombstones - 1) / 2));
  const std::filesystem::path file = broker_->folder() / "certificate.json";
  const Output output = Lotic("BOOTSTRAP", "--certificate " + Quoted(file.string()) + " " +
                                               Quoted("SELECT sum(id)::BIGINT AS ids, count(id) AS some, count(*) FILTER (status = 'paid') AS paid "
                                                      "FROM t_documents"));
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_EQ(output.text,
            "{\"ids\":" + std::to_string(sum) + ",\"some\":" + std::to_string(records - tombstones) + ",\"paid\":" + std::to_string(records / 4) + "}\n");
  std::ostringstream certificate;
  certificate << std::ifstream(file).rdbuf();
  EXPECT_THAT(certificate.str(), AllOf(HasSubstr("\"topic\""), HasSubstr("t_documents"), HasSubstr("read_committed"), HasSubstr("\"cluster_id\"")));
  EXPECT_THAT(certificate.str(), testing::Not(HasSubstr("false"))) << "complete, and so is every partition";
}

TEST_F(CommandTest, ALimitGivesSoManyRows) {
  const size_t all = broker_->Oracle("read_committed", "t_txn").records.size();
  for (const auto& [limit, rows] : std::vector<std::pair<size_t, size_t>>{{0, 0}, {1, 1}, {all - 1, all - 1}, {all + 100, all}}) {
    const Output output = Lotic("BOOTSTRAP", Quoted("SELECT _partition_id, _partition_offset FROM t_txn LIMIT " + std::to_string(limit)));
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_EQ(Lines(output.text).size(), rows) << limit;
  }
}

TEST_F(CommandTest, OffsetsOfATopicAreTheHighWatermarksAsKafkasOwnToolShowsThem) {
  const Output output = Lotic("BOOTSTRAP", "topics --offsets t_txn");
  EXPECT_EQ(output.exit_code, 0);
  std::vector<std::string> expected;
  for (const auto& [partition, facts] : broker_->Oracle("read_uncommitted", "t_txn").partitions) {
    expected.push_back("t_txn:" + std::to_string(partition) + ":" + std::to_string(facts.end));
  }
  EXPECT_EQ(Lines(output.text), expected);
}

// ---- Ways in.

class LoginTest : public CommandTest {
 protected:
  void ExpectAnswer(const std::string& listener, const std::string& config) {
    const std::string arguments = config + Quoted("SELECT count(*) AS n FROM t_txn");
    const Output output = Lotic(listener, arguments);
    EXPECT_EQ(output.exit_code, 0) << Lotic(listener, arguments, true).text;
    EXPECT_EQ(output.text, "{\"n\":" + std::to_string(broker_->Oracle("read_committed", "t_txn").records.size()) + "}\n");
  }
  // One message that names the broker, exit code 3.
  void ExpectRefusal(const std::string& listener, const std::string& config, const testing::Matcher<std::string>& message) {
    const Output output = Lotic(listener, config + Quoted("SELECT count(*) AS n FROM t_txn"), true);
    EXPECT_EQ(output.exit_code, kExitSource);
    EXPECT_THAT(output.text, AllOf(HasSubstr("error: "), HasSubstr(broker_->env(listener)), message));
    EXPECT_THAT(output.text, testing::Not(HasSubstr(broker_->env("LAB_PASSWORD")))) << "secrets are not shown";
  }
};

TEST_F(LoginTest, OverTls) { ExpectAnswer("BOOTSTRAP_SSL", Config("tls", "security.protocol=SSL\n" + TrustStore("ca"))); }

TEST_F(LoginTest, OverTlsWithAClientCertificate) {
  ExpectAnswer("BOOTSTRAP_MTLS", Config("mtls", "security.protocol=SSL\n" + TrustStore("ca") +
                                                    "ssl.keystore.type=PEM\nssl.keystore.location=" + broker_->env("CERTS") + "/client.pem\n"));
}

TEST_F(LoginTest, ByPasswordWithAndWithoutTls) {
  const std::string& password = broker_->env("LAB_PASSWORD");
  for (const std::string mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    SCOPED_TRACE(mechanism);
    ExpectAnswer("BOOTSTRAP_SASL_PLAINTEXT", Config("sasl", "security.protocol=SASL_PLAINTEXT\n" + Login(mechanism, password)));
    ExpectAnswer("BOOTSTRAP_SASL_SSL", Config("sasl-tls", "security.protocol=SASL_SSL\n" + TrustStore("ca") + Login(mechanism, password)));
  }
}

TEST_F(LoginTest, AWrongPasswordIsRefusedWithTheUsersName) {
  for (const std::string mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    SCOPED_TRACE(mechanism);
    ExpectRefusal("BOOTSTRAP_SASL_PLAINTEXT", Config("wrong", "security.protocol=SASL_PLAINTEXT\n" + Login(mechanism, "guessed-word")),
                  AllOf(HasSubstr("login as 'alice'"), HasSubstr(mechanism), testing::Not(HasSubstr("guessed-word"))));
  }
}

TEST_F(LoginTest, AMechanismThatTheListenerLacksIsRefused) {
  ExpectRefusal("BOOTSTRAP_SSL", Config("no-sasl", "security.protocol=SASL_SSL\n" + TrustStore("ca") + Login("PLAIN", "guessed-word")), testing::_);
}

TEST_F(LoginTest, AnUnknownAuthorityIsRefusedByItsName) {
  ExpectRefusal("BOOTSTRAP_SSL", Config("other-ca", "security.protocol=SSL\n" + TrustStore("other-ca")), HasSubstr("CN=lotic test ca"));
}

TEST_F(LoginTest, AMissingOrForeignClientCertificateIsRefused) {
  const std::string base = "security.protocol=SSL\n" + TrustStore("ca");
  ExpectRefusal("BOOTSTRAP_MTLS", Config("no-cert", base), testing::_);
  ExpectRefusal("BOOTSTRAP_MTLS", Config("stranger", base + "ssl.keystore.type=PEM\nssl.keystore.location=" + broker_->env("CERTS") + "/stranger.pem\n"),
                testing::_);
}

TEST_F(LoginTest, TlsToAPlaintextPortAndTheReverseSaySo) {
  ExpectRefusal("BOOTSTRAP", Config("tls-to-plain", "security.protocol=SSL\n" + TrustStore("ca")), HasSubstr("plaintext"));
  ExpectRefusal("BOOTSTRAP_SSL", "", AllOf(HasSubstr("TLS"), HasSubstr("security.protocol=SSL")));
}

TEST_F(LoginTest, PasswordToAPlaintextPortWithoutLoginAndTheReverseAreRefused) {
  ExpectRefusal("BOOTSTRAP", Config("sasl-to-plain", "security.protocol=SASL_PLAINTEXT\n" + Login("PLAIN", "guessed-word")), testing::_);
  ExpectRefusal("BOOTSTRAP_SASL_PLAINTEXT", "", testing::_);
}

TEST_F(CommandTest, AnUnreachableBrokerIsNamed) {
  // Nothing listens on port 1 of loopback.
  const Output output = RunProgram(Quoted(LOTIC_COMMAND) + " -b 127.0.0.1:1 " + Quoted("SELECT 1 FROM t"), kMaxSeconds);
  EXPECT_EQ(output.exit_code, kExitSource);
  EXPECT_THAT(output.text, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("refused")));
}

TEST_F(CommandTest, AnUnknownTopicComesWithTheNearestNames) {
  const Output output = Lotic("BOOTSTRAP", Quoted("SELECT * FROM t_codec"), true);
  EXPECT_EQ(output.exit_code, kExitError);
  EXPECT_THAT(output.text, AllOf(HasSubstr("t_codec\""), HasSubstr("t_codecs")));
}

}  // namespace
}  // namespace lotic::kafka_pack
