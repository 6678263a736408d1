// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <tuple>

#include "athena/test_door.h"
#include "athena_protocol/predicate.h"
#include "connector/kafka/kafka_connector.h"
#include "tests/kafka/lab_broker.h"

// The odd topics of a real broker through Athena's protocol: the same rows as the connector gives every other door, under the same policy.

namespace lotic::kafka_pack {
namespace {

using athena::EngineAnswer;
using athena::EngineQuery;

class AthenaTopicTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    broker_ = LabBroker::Get();
    if (broker_ == nullptr) GTEST_SKIP() << "the jars of Apache Kafka " << LabBroker::version() << " are not there: scripts/setup --test";
    ASSERT_EQ(broker_->trouble(), "");
    if (!broker_->has_kcat() && GetParam().starts_with("t_rdk_")) GTEST_SKIP() << "kcat is not installed";
  }

  std::shared_ptr<kafka::KafkaConnector> MakeConnector(int splits) const {
    kafka::KafkaOptions options;
    options.client.bootstrap_servers = net::Endpoint::ParseList(broker_->env("BOOTSTRAP")).ValueOrDie();
    options.parallel_splits = splits;
    options.min_piece_records = 1;
    return kafka::MakeKafkaConnector(std::move(options)).ValueOrDie();
  }

  static std::vector<std::string> Sorted(std::vector<std::string> rows) {
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  static std::vector<std::string> ColumnsOf(const std::vector<athena::Block>& blocks) {
    std::vector<std::string> names;
    for (const athena::WireField& field : blocks.empty() ? std::vector<athena::WireField>() : blocks[0].schema.fields) names.push_back(field.name);
    return names;
  }

  LabBroker* broker_ = nullptr;
};

// A column with values that Athena's types cannot hold.
std::string Beyond(const std::string& topic) { return topic == "t_times" ? "_timestamp" : ""; }

// Much data: not through the smallest blocks.
bool IsHeavy(const std::string& topic) { return topic == "t_large" || topic == "t_bombs" || topic == "t_documents"; }

TEST_P(AthenaTopicTest, GivesTheRowsOfTheConnectorFor1And7And100SplitsInlineAndSpilled) {
  for (const auto& [isolation, tombstones] :
       {std::pair(Isolation::kReadCommitted, Tombstones::kSkip), std::pair(Isolation::kReadUncommitted, Tombstones::kEmit)}) {
    ReadPolicy policy;
    policy.isolation = isolation;
    policy.tombstones = tombstones;
    const TableName table{kafka::kDefaultSchema, GetParam()};
    const auto plain = MakeConnector(1);
    const auto direct = athena::ReadDirectly(*plain, table, policy, Beyond(GetParam()));
    ASSERT_TRUE(direct.ok()) << direct.status();
    const std::vector<std::string> expected = Sorted(athena::Expected(*direct, {}, std::nullopt).ValueOrDie());
    size_t most_splits = 0;
    for (const int splits : {1, 7, 100}) {
      const auto connector = MakeConnector(splits);
      for (const bool spilled : {false, true}) {
        SCOPED_TRACE(std::to_string(splits) + (spilled ? " splits, spilled" : " splits"));
        athena::TestDoor door(connector, {}, nullptr, policy);
        EngineQuery query{table, ColumnsOf(*direct)};
        if (spilled) {
          query.max_block_size = IsHeavy(GetParam()) ? 1'000'000 : 20'000;
          query.max_inline_block_size = 1;
        }
        const Result<EngineAnswer> answer = door.engine->Run(query);
        ASSERT_TRUE(answer.ok()) << answer.status();
        most_splits = std::max(most_splits, answer->splits.size());
        const std::vector<std::string> rows = Sorted(answer->rows);
        ASSERT_EQ(rows.size(), expected.size());
        const auto different = std::mismatch(rows.begin(), rows.end(), expected.begin());
        EXPECT_TRUE(different.first == rows.end()) << "through the protocol " << different.first->substr(0, 2000) << "\nfrom the connector   "
                                                   << different.second->substr(0, 2000);
        EXPECT_EQ(door.log.lines.size(), answer->splits.size());
        if (spilled) {
          EXPECT_EQ(answer->spilled_splits == 0, expected.empty());
        } else if (!IsHeavy(GetParam()) && !LabBroker::full()) {  // what is too much for an answer is spilled all the same
          EXPECT_EQ(answer->spilled_splits, 0u);
        }
      }
    }
    if (expected.size() > 200) {
      EXPECT_GT(most_splits, 7u);  // the pieces were really cut
    }
  }
}

TEST_P(AthenaTopicTest, OffsetsAndTimesAreConstrainedAsAnywhereElse) {
  ReadPolicy policy;
  const TableName table{kafka::kDefaultSchema, GetParam()};
  const auto connector = MakeConnector(3);
  const auto direct = athena::ReadDirectly(*connector, table, policy, Beyond(GetParam()));
  ASSERT_TRUE(direct.ok()) << direct.status();
  athena::TestDoor door(connector, {}, nullptr, policy);
  const auto described = door.engine->Table(table);
  ASSERT_TRUE(described.ok()) << described.status();
  const std::vector<std::string> columns = {"_partition_id", "_partition_offset", "_timestamp_ms", "_key_bytes"};
  const std::pair<const char*, ValueSet> sets[] = {{"_partition_offset", ValueSet::Range({Scalar(int64_t{3}), true, Scalar(int64_t{40}), false})},
                                                   {"_timestamp_ms", ValueSet::Range({Scalar(kFirstMs + 5), true, std::nullopt, true})},
                                                   {"_partition_id", ValueSet::Listed({Scalar(int64_t{0})})},
                                                   {"_key_bytes", ValueSet::None(true)}};
  for (const auto& [column, set] : sets) {
    SCOPED_TRACE(column);
    const Constraints constraints{{{column, set}}, {}};
    const Result<EngineAnswer> answer = door.engine->Run({table, columns, athena::ToWireConstraints(constraints, described->schema).ValueOrDie()});
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(Sorted(answer->rows), Sorted(athena::Expected(*direct, constraints, columns).ValueOrDie()));
  }
}

class AthenaTimesTest : public AthenaTopicTest {};

TEST_P(AthenaTimesTest, ATimeThatAthenaCannotHoldIsAnErrorWithTheColumnsName) {
  athena::TestDoor door(MakeConnector(1));
  const Status status = door.engine->Run({{kafka::kDefaultSchema, GetParam()}, std::vector<std::string>{"_timestamp"}}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_THAT(status.message(), testing::HasSubstr("_timestamp"));
}

// The broker goes and comes back while the second half of a topic's splits is being read.
TEST(AthenaRestart, ARestartOfTheBrokerInTheMiddleOfAReadGivesTheRightRowsOrAnError) {
  LabBroker* const broker = LabBroker::Get();
  if (broker == nullptr) GTEST_SKIP() << "the jars of Apache Kafka " << LabBroker::version() << " are not there: scripts/setup --test";
  ASSERT_EQ(broker->trouble(), "");
  const TableName table{kafka::kDefaultSchema, "t_documents"};
  kafka::KafkaOptions options;
  options.client.bootstrap_servers = net::Endpoint::ParseList(broker->env("BOOTSTRAP")).ValueOrDie();
  options.client.max_partition_fetch_bytes = 20'000;  // many fetches a split
  options.parallel_splits = 1;
  const std::shared_ptr<Connector> connector = kafka::MakeKafkaConnector(std::move(options)).ValueOrDie();
  const auto sorted = [](std::vector<std::string> rows) { return std::sort(rows.begin(), rows.end()), rows; };
  const std::vector<std::string> expected = sorted(athena::Expected(athena::ReadDirectly(*connector, table).ValueOrDie(), {}, std::nullopt).ValueOrDie());
  int right = 0;
  for (const std::string how : {"stop", "kill"}) {
    for (const bool spilled : {false, true}) {
      SCOPED_TRACE(how + (spilled ? ", spilled" : ""));
      const auto bent = std::make_shared<athena::BentConnector>(connector);
      int64_t given = 0;
      bool restarted = false, read_on = false;
      bent->next = [&](const CallContext&, const std::function<Result<ReadBatch>()>& next) -> Result<ReadBatch> {
        if (!restarted && given > static_cast<int64_t>(expected.size() / 4)) {
          restarted = true;
          const std::string trouble = broker->Restart(how);
          if (!trouble.empty()) return Status::UnknownError(trouble);
        }
        LOTIC_ASSIGN_OR_RETURN(ReadBatch read, next());
        if (read.rows) given += read.rows->num_rows();
        read_on = read_on || (restarted && read.rows && read.rows->num_rows() > 0);
        return read;
      };
      athena::TestDoor door(bent);
      door.engine->ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(90);
      EngineQuery query{table};
      if (spilled) {
        query.max_inline_block_size = 1;
        query.max_block_size = 1'000'000;
      }
      const Result<EngineAnswer> answer = door.engine->Run(query);
      ASSERT_TRUE(restarted) << "the topic was read before anything could happen";
      if (answer.ok()) {
        EXPECT_TRUE(read_on);
        EXPECT_TRUE(sorted(answer->rows) == expected) << answer->rows.size() << " rows instead of " << expected.size();
        ++right;
      } else {
        EXPECT_NE(answer.status().code(), StatusCode::kUnknownError) << answer.status();
      }
      // And then all is as before.
      athena::TestDoor after(connector);
      const Result<EngineAnswer> again = after.engine->Run({table});
      ASSERT_TRUE(again.ok()) << again.status();
      EXPECT_TRUE(sorted(again->rows) == expected);
    }
  }
  EXPECT_GT(right, 0) << "a restart has never been outlived";
}

INSTANTIATE_TEST_SUITE_P(Odd, AthenaTopicTest, testing::ValuesIn(TortureTopics()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

INSTANTIATE_TEST_SUITE_P(Odd, AthenaTimesTest, testing::Values("t_times"));

}  // namespace
}  // namespace lotic::kafka_pack
