// SPDX-License-Identifier: Apache-2.0
// Faults do what they say, where they say, as often as they say.
#include "broker/fault.h"

#include <gmock/gmock.h>

#include "broker/broker.h"
#include "broker/test_client.h"

namespace lotic::broker {
namespace {

namespace kp = kafka_protocol;
using kp::ApiKey;
using kp::ErrorCode;
using testing::SizeIs;

class FaultTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(broker_->CreateTopic("t", 2).ok());
    for (int32_t partition = 0; partition < 2; ++partition) {
      ASSERT_TRUE(broker_->Append("t", partition, std::vector<Record>{{.value = "a"}, {.value = "b"}}).ok());
      ASSERT_TRUE(broker_->Append("t", partition, std::vector<Record>{{.value = "c"}}).ok());
    }
  }
  int Add(FaultAction action, ApiKey api = ApiKey::kFetch) { return broker_->AddFault({.api = api, .action = std::move(action)}); }
  Result<kp::FetchResponse> Fetch(int16_t version = 12, int32_t partition = 0) { return client_->Call<kp::FetchResponse>(FetchOf("t", partition, 0), version); }
  // The records of a Fetch that is itself well-formed.
  kp::Bytes Records(int16_t version = 12) {
    held_ = Fetch(version).ValueOrDie();
    return held_.topics.at(0).partitions.at(0).records.value();
  }
  void Reconnect() { client_ = TestClient::Connect(broker_->port()).ValueOrDie(); }

  const std::unique_ptr<Broker> broker_ = Broker::Start().ValueOrDie();
  std::unique_ptr<TestClient> client_ = TestClient::Connect(broker_->port()).ValueOrDie();
  kp::FetchResponse held_;
};

TEST_F(FaultTest, StrikesTheNthMatchingRequestOnly) {
  const int fault = broker_->AddFault({.api = ApiKey::kFetch, .action = FaultAction::Error(ErrorCode::kNotLeaderOrFollower), .skip = 1, .times = 2});
  std::vector<ErrorCode> errors;
  for (int i = 0; i < 5; ++i) errors.push_back(Fetch()->topics.at(0).partitions.at(0).error);
  EXPECT_THAT(errors,
              testing::ElementsAre(ErrorCode::kNone, ErrorCode::kNotLeaderOrFollower, ErrorCode::kNotLeaderOrFollower, ErrorCode::kNone, ErrorCode::kNone));
  EXPECT_EQ(broker_->FaultHits(fault), 2);
}

TEST_F(FaultTest, StrikesOnlyThePartitionItNames) {
  broker_->AddFault(
      {.api = ApiKey::kFetch, .action = FaultAction::Error(ErrorCode::kKafkaStorageError), .topic = "t", .partition = 1, .times = Fault::kAlways});
  EXPECT_EQ(Fetch(12, 0)->topics.at(0).partitions.at(0).error, ErrorCode::kNone);
  EXPECT_EQ(Fetch(12, 1)->topics.at(0).partitions.at(0).error, ErrorCode::kKafkaStorageError);
  kp::FetchRequest both = FetchOf("t", 0, 0);
  both.topics[0].partitions.push_back({1});
  const auto response = client_->Call<kp::FetchResponse>(both, 12).ValueOrDie();
  EXPECT_EQ(response.topics[0].partitions[0].error, ErrorCode::kNone);
  EXPECT_EQ(response.topics[0].partitions[1].error, ErrorCode::kKafkaStorageError);
  broker_->ClearFaults();
  EXPECT_EQ(Fetch(12, 1)->topics.at(0).partitions.at(0).error, ErrorCode::kNone);
}

TEST_F(FaultTest, PutsErrorsIntoEveryApi) {
  const auto error = ErrorCode::kTopicAuthorizationFailed;
  for (const ApiKey api : {ApiKey::kMetadata, ApiKey::kListOffsets, ApiKey::kOffsetForLeaderEpoch, ApiKey::kProduce, ApiKey::kCreateTopics,
                           ApiKey::kInitProducerId, ApiKey::kDescribeConfigs, ApiKey::kDescribeLogDirs, ApiKey::kApiVersions, ApiKey::kDescribeCluster}) {
    Add(FaultAction::Error(error), api);
  }
  EXPECT_EQ(client_->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9)->topics.at(0).error, error);
  kp::ListOffsetsRequest offsets;
  offsets.topics.push_back({"t", {{0}}});
  EXPECT_EQ(client_->Call<kp::ListOffsetsResponse>(offsets, 5)->topics.at(0).partitions.at(0).error, error);
  kp::OffsetForLeaderEpochRequest epochs;
  epochs.topics.push_back({"t", {{0, -1, 0}}});
  EXPECT_EQ(client_->Call<kp::OffsetForLeaderEpochResponse>(epochs, 4)->topics.at(0).partitions.at(0).error, error);
  kp::ProduceRequest produce;
  produce.topics.push_back({"t", {{0, {}}}});
  EXPECT_EQ(client_->Call<kp::ProduceResponse>(produce, 9)->topics.at(0).partitions.at(0).error, error);
  kp::CreateTopicsRequest create;
  create.topics.push_back({"new", 1, 1, {}, {}});
  EXPECT_EQ(client_->Call<kp::CreateTopicsResponse>(create, 5)->topics.at(0).error, error);
  EXPECT_THAT(broker_->Topics(), SizeIs(1)) << "a request that met an error had no effect";
  EXPECT_EQ(client_->Call<kp::InitProducerIdResponse>(kp::InitProducerIdRequest{}, 2)->error, error);
  kp::DescribeConfigsRequest configs;
  configs.resources.push_back({kp::kTopicResource, "t", {}});
  EXPECT_EQ(client_->Call<kp::DescribeConfigsResponse>(configs, 4)->results.at(0).error, error);
  EXPECT_EQ(client_->Call<kp::DescribeLogDirsResponse>(kp::DescribeLogDirsRequest{}, 4)->error, error);
  EXPECT_EQ(client_->Call<kp::ApiVersionsResponse>(kp::ApiVersionsRequest{}, 0)->error, error);
  EXPECT_EQ(client_->Call<kp::DescribeClusterResponse>(kp::DescribeClusterRequest{}, 0)->error, error);
}

TEST_F(FaultTest, HoldsAnAnswerUntilReleased) {
  const int fault = Add(FaultAction::Hold());
  ASSERT_TRUE(client_->Ask(FetchOf("t", 0, 0), 12).ok());
  ASSERT_TRUE(broker_->WaitForRequests(ApiKey::kFetch, 1, TestClient::kPatience));
  auto other = TestClient::Connect(broker_->port()).ValueOrDie();
  EXPECT_TRUE(other->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9).ok()) << "other connections go on";
  ASSERT_TRUE(broker_->Append("t", 0, std::vector<Record>{{.value = "later"}}).ok());
  broker_->Release(fault);
  const auto response = client_->Receive<kp::FetchResponse>(12).ValueOrDie();
  EXPECT_EQ(response.topics.at(0).partitions.at(0).high_watermark, 3) << "the answer was made before it was held";
}

TEST_F(FaultTest, DelaysAnAnswer) {
  Add(FaultAction::Delay(std::chrono::milliseconds(50)));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(Fetch().ok());
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
}

TEST_F(FaultTest, ClosesInsteadOfAnswering) {
  Add(FaultAction::Close());
  ASSERT_TRUE(client_->Ask(FetchOf("t", 0, 0), 12).ok());
  EXPECT_TRUE(client_->ExpectClosed().ok());
}

TEST_F(FaultTest, ClosesAfterTheRequestTookEffect) {
  Add(FaultAction::Close(), ApiKey::kCreateTopics);
  kp::CreateTopicsRequest create;
  create.topics.push_back({"new", 1, 1, {}, {}});
  ASSERT_TRUE(client_->Ask(create, 5).ok());
  EXPECT_TRUE(client_->ExpectClosed().ok());
  EXPECT_THAT(broker_->Topics(), SizeIs(1));
  Reconnect();
  Add(FaultAction::CloseAfter(), ApiKey::kCreateTopics);
  ASSERT_TRUE(client_->Ask(create, 5).ok());
  EXPECT_TRUE(client_->ExpectClosed().ok());
  EXPECT_THAT(broker_->Topics(), SizeIs(2));
}

TEST_F(FaultTest, TearsAnAnswer) {
  Add(FaultAction::Tear(10));
  ASSERT_TRUE(client_->Ask(FetchOf("t", 0, 0), 12).ok());
  EXPECT_TRUE(client_->ReceiveRaw(10).ok());
  EXPECT_TRUE(client_->ExpectClosed().ok());
}

TEST_F(FaultTest, LiesAboutTheFramesSize) {
  Add(FaultAction::FrameSize(-5));
  ASSERT_TRUE(client_->Ask(FetchOf("t", 0, 0), 12).ok());
  EXPECT_EQ(client_->ReceivePayload().code(), StatusCode::kIOError);
  Reconnect();
  Add(FaultAction::FrameSize(8));
  EXPECT_EQ(Fetch().status().code(), StatusCode::kIOError);
}

TEST_F(FaultTest, LiesAboutArrayCountsInBothEncodings) {
  for (const int16_t version : {4, 12}) {
    Add(FaultAction::ArrayCount(1'000'000));
    const auto lied = Fetch(version);
    EXPECT_EQ(lied.status().code(), StatusCode::kIOError) << version;
    EXPECT_TRUE(Fetch(version).ok()) << version;
  }
  Add(FaultAction::ArrayCount(0));
  EXPECT_THAT(Fetch()->topics, SizeIs(0));
  for (const int16_t version : {0, 12}) {
    Add(FaultAction::ArrayCount(70'000), ApiKey::kMetadata);
    EXPECT_EQ(client_->Call<kp::MetadataResponse>(kp::MetadataRequest{}, version).status().code(), StatusCode::kIOError);
  }
}

TEST_F(FaultTest, LiesAboutABatchsLength) {
  Add(FaultAction::BatchLength(-1));
  EXPECT_EQ(ReadRecords(Records()).status().code(), StatusCode::kIOError);
  Add(FaultAction::BatchLength(1 << 20));
  kp::BatchScanner scanner(Records());
  kp::BatchView batch;
  EXPECT_FALSE(scanner.Next(&batch));
  EXPECT_EQ(scanner.cut_batch_bytes(), (1u << 20) + kp::kBatchPrefixBytes);
}

TEST_F(FaultTest, LiesAboutTheNumberOfRecordsUnderARightChecksum) {
  Add(FaultAction::RecordCount(1000));
  const auto batch = kp::ParseBatch(Records());
  ASSERT_TRUE(batch.ok());
  EXPECT_TRUE(kp::CheckCrc(*batch).ok());
  EXPECT_EQ(batch->header.record_count, 1000);
  kp::BatchReader reader;
  kp::RecordCursor cursor;
  Status status = reader.Open(*batch, &cursor);
  for (kp::RecordView record; status.ok() && cursor.Next(record);) {
  }
  if (status.ok()) status = cursor.status();
  EXPECT_EQ(status.code(), StatusCode::kIOError);
}

TEST_F(FaultTest, CorruptsAChecksumOnce) {
  Add(FaultAction::CorruptCrc());
  EXPECT_EQ(ReadRecords(Records()).status().code(), StatusCode::kIOError);
  EXPECT_THAT(ReadRecords(Records()).ValueOrDie(), SizeIs(3)) << "what is stored is whole";
}

TEST_F(FaultTest, CutsOrLeavesOutRecords) {
  Add(FaultAction::CutRecords(20));
  EXPECT_EQ(Records().size(), 20u);
  Add(FaultAction::NoData());
  EXPECT_EQ(Records().size(), 0u);
  EXPECT_EQ(held_.topics[0].partitions[0].high_watermark, 3);
}

TEST_F(FaultTest, OverwritesBytesOfAnAnswer) {
  Add(FaultAction::Overwrite(4, std::string("\x7f\x7f\x7f\x7f", 4)));
  const auto response = Fetch();
  EXPECT_EQ(response.status().code(), StatusCode::kIOError);
  EXPECT_THAT(response.status().message(), testing::HasSubstr("correlation id 2139062143"));
}

TEST_F(FaultTest, ClosesAllConnectionsOfANodeAtOnce) {
  EXPECT_TRUE(Fetch().ok());
  broker_->CloseConnections();
  EXPECT_TRUE(client_->ExpectClosed().ok());
  Reconnect();
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(FaultTest, RequestsAreCountedWithWhatTheyAskFor) {
  kp::FetchRequest request = FetchOf("t", 1, 2);
  request.min_bytes = 7;
  request.max_bytes = 99'999;
  ASSERT_TRUE(client_->Call<kp::FetchResponse>(request, 12).ok());
  ASSERT_TRUE(Fetch().ok());
  EXPECT_EQ(broker_->RequestCount(ApiKey::kFetch), 2);
  EXPECT_EQ(broker_->RequestCount(ApiKey::kProduce), 0);
  const RequestRecord seen = broker_->Requests(ApiKey::kFetch).at(0);
  EXPECT_EQ(seen.version, 12);
  EXPECT_EQ(seen.client_id, "test");
  EXPECT_EQ(seen.min_bytes, 7);
  EXPECT_EQ(seen.max_bytes, 99'999);
  ASSERT_THAT(seen.partitions, SizeIs(1));
  EXPECT_EQ(seen.partitions[0].index, 1);
  EXPECT_EQ(seen.partitions[0].offset, 2);
  broker_->ForgetRequests();
  EXPECT_EQ(broker_->RequestCount(ApiKey::kFetch), 0);
  EXPECT_FALSE(broker_->LastRequest(ApiKey::kFetch).has_value());
}

TEST_F(FaultTest, HostileBytesCloseOnlyTheirOwnConnection) {
  for (const std::string& bytes : {std::string("\xff\xff\xff\xff", 4), std::string("\x7f\xff\xff\xff", 4), std::string("\0\0\0\0", 4),
                                   std::string("\0\0\0\x02\0\1", 6), std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\x16\x03\x01\x02\x00\x01\x00", 7),
                                   std::string("\0\0\0\x0c\0\x01\0\x0c\0\0\0\1\xff\xff\xff\xff", 16)}) {
    auto hostile = TestClient::Connect(broker_->port()).ValueOrDie();
    ASSERT_TRUE(hostile->Send(bytes).ok());
    EXPECT_TRUE(hostile->ExpectClosed().ok()) << testing::PrintToString(bytes);
  }
  EXPECT_TRUE(Fetch().ok());
}

TEST(BrokerLimits, MoreConnectionsThanAllowedAreClosed) {
  const auto broker = Broker::Start({.max_connections = 2}).ValueOrDie();
  auto first = TestClient::Connect(broker->port()).ValueOrDie();
  auto second = TestClient::Connect(broker->port()).ValueOrDie();
  ASSERT_TRUE(first->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9).ok());
  ASSERT_TRUE(second->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9).ok());
  auto third = TestClient::Connect(broker->port()).ValueOrDie();
  EXPECT_TRUE(third->ExpectClosed().ok());
  EXPECT_TRUE(first->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9).ok());
}

}  // namespace
}  // namespace lotic::broker
