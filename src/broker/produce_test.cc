// SPDX-License-Identifier: Apache-2.0
// Producing through the protocol: what is accepted, what is refused, what is written once.
#include <gmock/gmock.h>

#include "broker/broker.h"
#include "broker/test_client.h"

namespace lotic::broker {
namespace {

namespace kp = kafka_protocol;
using kp::ErrorCode;
using testing::SizeIs;

class ProduceTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(broker_->CreateTopic("t").ok()); }

  static std::string Batch(int32_t records, kp::BatchOptions options = {}) {
    kp::RecordBatchBuilder builder(options);
    for (int32_t i = 0; i < records; ++i) builder.Add(1000 + i, std::nullopt, "value");
    return builder.Finish().ValueOrDie();
  }
  static kp::BatchOptions Idempotent(int32_t sequence, int16_t epoch = 0) {
    kp::BatchOptions options;
    options.producer_id = 5;
    options.producer_epoch = epoch;
    options.base_sequence = sequence;
    return options;
  }
  kp::ProduceResponse::Partition Produce(const std::string& batch, const std::string& topic = "t", int16_t acks = -1) {
    kp::ProduceRequest request;
    request.acks = acks;
    request.topics.push_back({topic, {{0, kp::AsBytes(batch)}}});
    return client_->Call<kp::ProduceResponse>(request, 9).ValueOrDie().topics.at(0).partitions.at(0);
  }
  int64_t End() const { return broker_->Describe("t", 0)->high_watermark; }

  const std::unique_ptr<Broker> broker_ = Broker::Start().ValueOrDie();
  const std::unique_ptr<TestClient> client_ = TestClient::Connect(broker_->port()).ValueOrDie();
};

TEST_F(ProduceTest, AssignsOffsets) {
  EXPECT_EQ(Produce(Batch(3)).base_offset, 0);
  EXPECT_EQ(Produce(Batch(2)).base_offset, 3);
  EXPECT_EQ(End(), 5);
}

TEST_F(ProduceTest, AcknowledgesARepeatedBatchWithoutStoringItAgain) {
  EXPECT_EQ(Produce(Batch(3, Idempotent(0))).base_offset, 0);
  EXPECT_EQ(Produce(Batch(2, Idempotent(3))).base_offset, 3);
  EXPECT_EQ(Produce(Batch(3, Idempotent(0))).base_offset, 0);
  EXPECT_EQ(Produce(Batch(2, Idempotent(3))).base_offset, 3);
  EXPECT_EQ(End(), 5);
}

TEST_F(ProduceTest, RefusesHolesInTheSequenceAndOldEpochs) {
  EXPECT_EQ(Produce(Batch(3, Idempotent(0))).error, ErrorCode::kNone);
  EXPECT_EQ(Produce(Batch(1, Idempotent(4))).error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(Produce(Batch(1, Idempotent(5, 1))).error, ErrorCode::kOutOfOrderSequenceNumber) << "a new epoch starts at 0";
  EXPECT_EQ(Produce(Batch(1, Idempotent(0, 1))).error, ErrorCode::kNone);
  EXPECT_EQ(Produce(Batch(1, Idempotent(3, 0))).error, ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(End(), 4);
}

TEST_F(ProduceTest, TellsARepeatOlderThanItRemembers) {
  for (int32_t sequence = 0; sequence < 7; ++sequence) EXPECT_EQ(Produce(Batch(1, Idempotent(sequence))).error, ErrorCode::kNone);
  EXPECT_EQ(Produce(Batch(1, Idempotent(0))).error, ErrorCode::kDuplicateSequenceNumber);
  EXPECT_EQ(End(), 7);
}

TEST_F(ProduceTest, SequencesStartOverAfterTheLargest) {
  EXPECT_EQ(Produce(Batch(2, Idempotent(INT32_MAX - 1))).error, ErrorCode::kNone);
  EXPECT_EQ(Produce(Batch(2, Idempotent(INT32_MAX - 1))).base_offset, 0);
  EXPECT_EQ(Produce(Batch(1, Idempotent(0))).base_offset, 2);
}

TEST_F(ProduceTest, RefusesWhatIsBrokenTooLargeOrNotItsOwn) {
  std::string broken = Batch(1);
  broken.back() = static_cast<char>(broken.back() ^ 1);
  EXPECT_EQ(Produce(broken).error, ErrorCode::kCorruptMessage);
  EXPECT_EQ(Produce("").error, ErrorCode::kCorruptMessage);
  EXPECT_EQ(Produce(Batch(1) + Batch(1)).error, ErrorCode::kInvalidRecord);
  EXPECT_EQ(Produce(Batch(1), "none").error, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(Produce(Batch(1), "t", 2).error, ErrorCode::kInvalidRequiredAcks);
  kp::BatchOptions control;
  control.control = true;
  EXPECT_EQ(Produce(Batch(1, control)).error, ErrorCode::kInvalidRecord);
  kp::BatchOptions transactional = Idempotent(0);
  transactional.transactional = true;
  EXPECT_EQ(Produce(Batch(1, transactional)).error, ErrorCode::kInvalidRequest);
  ASSERT_TRUE(broker_->CreateTopic("small", 1, {{"max.message.bytes", "80"}}).ok());
  EXPECT_EQ(Produce(Batch(10), "small").error, ErrorCode::kMessageTooLarge);
  EXPECT_EQ(End(), 0);
}

TEST_F(ProduceTest, DoesNotAnswerAProducerThatExpectsNoAnswer) {
  kp::ProduceRequest request;
  request.acks = 0;
  const std::string batch = Batch(1);
  request.topics.push_back({"t", {{0, kp::AsBytes(batch)}}});
  ASSERT_TRUE(client_->Ask(request, 9).ok());
  EXPECT_TRUE(client_->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9).ok()) << "the next answer is the next request's";
  EXPECT_EQ(End(), 1);
}

TEST_F(ProduceTest, WakesAFetchOfAnotherConnection) {
  auto reader = TestClient::Connect(broker_->port()).ValueOrDie();
  kp::FetchRequest fetch = FetchOf("t", 0, 0);
  fetch.max_wait_ms = 60'000;
  ASSERT_TRUE(reader->Ask(fetch, 12).ok());
  ASSERT_TRUE(broker_->WaitForRequests(kp::ApiKey::kFetch, 1, TestClient::kPatience));
  EXPECT_EQ(Produce(Batch(1)).error, ErrorCode::kNone);
  EXPECT_TRUE(reader->Receive<kp::FetchResponse>(12).ok());
}

TEST_F(ProduceTest, HandsOutProducerIdsAndRaisesEpochs) {
  kp::InitProducerIdRequest request;
  const auto first = client_->Call<kp::InitProducerIdResponse>(request, 4).ValueOrDie();
  const auto second = client_->Call<kp::InitProducerIdResponse>(request, 4).ValueOrDie();
  EXPECT_NE(first.producer_id, second.producer_id);
  request.producer_id = first.producer_id;
  request.producer_epoch = 0;
  const auto raised = client_->Call<kp::InitProducerIdResponse>(request, 4).ValueOrDie();
  EXPECT_EQ(raised.producer_id, first.producer_id);
  EXPECT_EQ(raised.producer_epoch, 1);
  request.transactional_id = "tx";
  EXPECT_EQ(client_->Call<kp::InitProducerIdResponse>(request, 4)->error, ErrorCode::kInvalidRequest);
}

TEST_F(ProduceTest, CreateTopicsChecksWhatItIsGiven) {
  kp::CreateTopicsRequest request;
  request.topics.push_back({"new", 3, 1, {}, {{"cleanup.policy", "compact"}}});
  request.topics.push_back({"t", 1, 1, {}, {}});
  request.topics.push_back({"a/b", 1, 1, {}, {}});
  request.topics.push_back({"none", 0, 1, {}, {}});
  request.topics.push_back({"wide", 1, 3, {}, {}});
  request.topics.push_back({"odd", 1, 1, {}, {{"no.such.setting", "1"}}});
  const auto response = client_->Call<kp::CreateTopicsResponse>(request, 7).ValueOrDie();
  std::vector<ErrorCode> errors;
  for (const auto& topic : response.topics) errors.push_back(topic.error);
  EXPECT_THAT(errors, testing::ElementsAre(ErrorCode::kNone, ErrorCode::kTopicAlreadyExists, ErrorCode::kInvalidTopic, ErrorCode::kInvalidPartitions,
                                           ErrorCode::kInvalidReplicationFactor, ErrorCode::kInvalidConfig));
  EXPECT_EQ(response.topics[0].topic_id, broker_->TopicId("new").ValueOrDie());
  kp::DescribeConfigsRequest describe;
  describe.resources.push_back({kp::kTopicResource, "new", std::vector<std::string>{"cleanup.policy"}});
  const auto configs = client_->Call<kp::DescribeConfigsResponse>(describe, 4).ValueOrDie();
  ASSERT_THAT(configs.results.at(0).configs, SizeIs(1));
  EXPECT_EQ(configs.results[0].configs[0].value, "compact");
}

}  // namespace
}  // namespace lotic::broker
