// SPDX-License-Identifier: Apache-2.0
// A broker that goes away in the middle of a read through Athena's protocol: the right rows or an error, never fewer rows. The same on a real Apache Kafka is in tests/kafka.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "athena/test_door.h"
#include "broker/broker.h"
#include "connector/kafka/kafka_connector.h"

namespace lotic {
namespace {

using athena::EngineAnswer;
using athena::EngineQuery;
using kafka_protocol::ApiKey;

constexpr int kPartitions = 3, kBatches = 60, kRecordsPerBatch = 100;
const TableName kTable{kafka::kDefaultSchema, "events"};

class RestartTest : public testing::Test {
 protected:
  RestartTest() : broker_(broker::Broker::Start().ValueOrDie()) {
    EXPECT_TRUE(broker_->CreateTopic("events", kPartitions).ok());
    Fill();
    Connect(std::chrono::seconds(15));
    expected_ = Sorted(athena::Expected(athena::ReadDirectly(*connector_, kTable).ValueOrDie(), {}, std::nullopt).ValueOrDie());
    EXPECT_EQ(expected_.size(), static_cast<size_t>(kPartitions * kBatches * kRecordsPerBatch));
  }

  /// @param poll_timeout  how long a broker that gives nothing is waited for.
  void Connect(std::chrono::milliseconds poll_timeout) {
    kafka::KafkaOptions options;
    options.client.bootstrap_servers = net::Endpoint::ParseList(broker_->bootstrap()).ValueOrDie();
    options.client.max_partition_fetch_bytes = 20'000;  // many fetches a split
    options.parallel_splits = 1;
    options.poll_timeout = poll_timeout;
    connector_ = kafka::MakeKafkaConnector(std::move(options)).ValueOrDie();
    bent_ = std::make_shared<athena::BentConnector>(connector_);
    door_ = std::make_unique<athena::TestDoor>(bent_);
  }

  void Fill() {
    const std::string filler(100, 'x');
    for (int partition = 0; partition < kPartitions; ++partition) {
      for (int batch = 0; batch < kBatches; ++batch) {
        std::vector<std::string> texts;
        for (int i = 0; i < kRecordsPerBatch; ++i)
          texts.push_back("{\"id\":" + std::to_string((batch * kRecordsPerBatch + i) * kPartitions + partition) + ",\"text\":\"" + filler + "\"}");
        std::vector<broker::Record> records;
        for (const std::string& text : texts) records.push_back({.value = text, .timestamp_ms = 1'700'000'000'000 + batch});
        EXPECT_TRUE(broker_->Append("events", partition, records).ok());
      }
    }
  }

  static std::vector<std::string> Sorted(std::vector<std::string> rows) {
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // Does `what` once, when the second split is being read and has given rows.
  void InTheMiddle(std::function<void()> what) {
    opened_ = 0;
    struck_ = false;
    bent_->on_open = [this](const ScanRequest&) { ++opened_, given_ = 0; };
    bent_->next = [this, what = std::move(what)](const CallContext&, const std::function<Result<ReadBatch>()>& next) -> Result<ReadBatch> {
      if (opened_ == 2 && given_ > 0 && !struck_) {
        struck_ = true;
        what();
        broker_->ForgetRequests();
      }
      LOTIC_ASSIGN_OR_RETURN(ReadBatch read, next());
      if (read.rows) given_ += read.rows->num_rows();
      return read;
    };
  }

  // Whatever happened in the middle: all rows or an error, and it did happen in the middle.
  Result<EngineAnswer> Run(bool spilled) {
    EngineQuery query{kTable};
    if (spilled) {
      query.max_inline_block_size = 1;
      query.max_block_size = 100'000;
    }
    door_->engine->ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Result<EngineAnswer> answer = door_->engine->Run(query);
    EXPECT_TRUE(struck_) << "the split was read before anything could happen";
    if (answer.ok()) {
      EXPECT_GT(broker_->RequestCount(ApiKey::kFetch), 0) << "nothing was left to be read";
      EXPECT_TRUE(Sorted(answer->rows) == expected_) << answer->rows.size() << " rows instead of " << expected_.size();
    }
    return answer;
  }

  const std::unique_ptr<broker::Broker> broker_;
  std::shared_ptr<Connector> connector_;
  std::shared_ptr<athena::BentConnector> bent_;
  std::unique_ptr<athena::TestDoor> door_;
  std::vector<std::string> expected_;
  int opened_ = 0;
  int64_t given_ = 0;  // rows of the split being read
  bool struck_ = false;
};

TEST_F(RestartTest, ABrokerThatComesBackAtOnceCostsNoRow) {
  for (const bool spilled : {false, true}) {
    InTheMiddle([this] {
      EXPECT_TRUE(broker_->SetNodeDown(1, true).ok());
      EXPECT_TRUE(broker_->SetNodeDown(1, false).ok());
    });
    const auto answer = Run(spilled);
    EXPECT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->splits.size(), static_cast<size_t>(kPartitions));
  }
}

TEST_F(RestartTest, ABrokerThatStaysAwayIsAnErrorBeforeTheDeadlineOfTheInvocation) {
  Connect(std::chrono::milliseconds(500));
  InTheMiddle([this] { EXPECT_TRUE(broker_->SetNodeDown(1, true).ok()); });
  const auto answer = Run(/*spilled=*/true);
  EXPECT_FALSE(answer.ok());
  EXPECT_LT(std::chrono::steady_clock::now(), door_->engine->ctx.deadline);
  EXPECT_EQ(door_->log.lines.back().outcome, "failed");
}

TEST_F(RestartTest, WhatTheBrokerLostIsAnError) {
  InTheMiddle([this] {
    EXPECT_TRUE(broker_->SetNodeDown(1, true).ok());
    EXPECT_TRUE(broker_->TruncateTo("events", 1, 100).ok());
    EXPECT_TRUE(broker_->SetNodeDown(1, false).ok());
  });
  EXPECT_EQ(Run(false).status().code(), StatusCode::kDataLoss);
}

TEST_F(RestartTest, ATopicMadeAnewIsAnotherTopicEvenWithTheSameRecords) {
  InTheMiddle([this] {
    EXPECT_TRUE(broker_->SetNodeDown(1, true).ok());
    EXPECT_TRUE(broker_->RecreateTopic("events").ok());
    Fill();
    EXPECT_TRUE(broker_->SetNodeDown(1, false).ok());
  });
  EXPECT_FALSE(Run(false).ok());
}

}  // namespace
}  // namespace lotic
