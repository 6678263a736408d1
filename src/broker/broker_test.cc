// SPDX-License-Identifier: Apache-2.0
// What clients see of a healthy broker, request by request.
#include "broker/broker.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "broker/test_client.h"
#include "kafka_protocol/api.h"

namespace lotic::broker {
namespace {

namespace kp = kafka_protocol;
using kp::ApiKey;
using kp::ErrorCode;
using testing::ElementsAre;
using testing::Field;
using testing::SizeIs;

std::vector<Record> Values(const std::vector<std::string>& values, int64_t first_timestamp = 1000) {
  std::vector<Record> records;
  for (const std::string& value : values) records.push_back({.value = value, .timestamp_ms = first_timestamp + static_cast<int64_t>(records.size())});
  return records;
}

class BrokerTest : public testing::Test {
 protected:
  void Start(BrokerOptions options = {}) {
    broker_ = Broker::Start(std::move(options)).ValueOrDie();
    client_ = Connect();
  }
  std::unique_ptr<TestClient> Connect(int32_t node = 1) { return TestClient::Connect(broker_->port(node)).ValueOrDie(); }
  int64_t Append(const std::string& topic, const std::vector<std::string>& values, const BatchSettings& settings = {}) {
    return broker_->Append(topic, 0, Values(values), settings).ValueOrDie();
  }
  kp::FetchResponse::Partition Fetch(const kp::FetchRequest& request, int16_t version = 12) {
    auto response = client_->Call<kp::FetchResponse>(request, version).ValueOrDie();
    return response.topics.at(0).partitions.at(0);
  }
  std::vector<std::string> FetchedValues(const kp::FetchRequest& request, int16_t version = 12) {
    std::vector<std::string> values;
    for (SeenRecord& record : ReadRecords(Fetch(request, version).records.value()).ValueOrDie()) values.push_back(record.value.value_or("NULL"));
    return values;
  }
  kp::ListOffsetsResponse::Partition ListOffset(const std::string& topic, int64_t timestamp, int16_t version = 7,
                                                kp::IsolationLevel isolation = kp::IsolationLevel::kReadUncommitted) {
    kp::ListOffsetsRequest request;
    request.isolation_level = isolation;
    request.topics.push_back({topic, {{0, -1, timestamp}}});
    return client_->Call<kp::ListOffsetsResponse>(request, version).ValueOrDie().topics.at(0).partitions.at(0);
  }

  std::unique_ptr<Broker> broker_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(BrokerTest, AnswersEveryAnnouncedVersionOfEveryApi) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t", 2).ok());
  Append("t", {"a", "b"});
  const auto versions =
      client_->Call<kp::ApiVersionsResponse>(kp::ApiVersionsRequest{.client_software_name = "t", .client_software_version = "1"}, 3).ValueOrDie();
  int64_t asked = 0;
  const auto ask = [&]<typename Response, typename Request>(const Request& request, int16_t version, std::type_identity<Response>) {
    const auto response = client_->Call<Response>(request, version);
    EXPECT_TRUE(response.ok()) << Request::kApi << " v" << version << ": " << response.status();
    ++asked;
  };
  for (const auto& api : versions.apis) {
    for (int16_t v = api.min; v <= api.max; ++v) {
      switch (static_cast<ApiKey>(api.key)) {
        case ApiKey::kApiVersions:
          ask(kp::ApiVersionsRequest{.client_software_name = "t", .client_software_version = "1"}, v, std::type_identity<kp::ApiVersionsResponse>());
          break;
        case ApiKey::kMetadata: ask(kp::MetadataRequest{}, v, std::type_identity<kp::MetadataResponse>()); break;
        case ApiKey::kFetch:
          ask(v >= 13 ? FetchOf(broker_->TopicId("t").ValueOrDie(), 0, 0) : FetchOf("t", 0, 0), v, std::type_identity<kp::FetchResponse>());
          break;
        case ApiKey::kListOffsets: {
          kp::ListOffsetsRequest request;
          request.topics.push_back({"t", {{0}, {1}}});
          ask(request, v, std::type_identity<kp::ListOffsetsResponse>());
          break;
        }
        case ApiKey::kOffsetForLeaderEpoch: {
          kp::OffsetForLeaderEpochRequest request;
          request.topics.push_back({"t", {{0, 0, 0}}});
          ask(request, v, std::type_identity<kp::OffsetForLeaderEpochResponse>());
          break;
        }
        case ApiKey::kProduce: {
          kp::RecordBatchBuilder builder;
          builder.Add(1, std::nullopt, "c");
          const std::string batch = builder.Finish().ValueOrDie();
          kp::ProduceRequest request;
          request.topics.push_back({"t", {{1, kp::AsBytes(batch)}}});
          ask(request, v, std::type_identity<kp::ProduceResponse>());
          break;
        }
        case ApiKey::kInitProducerId: ask(kp::InitProducerIdRequest{}, v, std::type_identity<kp::InitProducerIdResponse>()); break;
        case ApiKey::kCreateTopics: {
          kp::CreateTopicsRequest request;
          request.topics.push_back({"new" + std::to_string(v), 1, 1, {}, {}});
          ask(request, v, std::type_identity<kp::CreateTopicsResponse>());
          break;
        }
        case ApiKey::kDescribeConfigs: {
          kp::DescribeConfigsRequest request;
          request.resources.push_back({kp::kTopicResource, "t", {}});
          ask(request, v, std::type_identity<kp::DescribeConfigsResponse>());
          break;
        }
        case ApiKey::kDescribeLogDirs: ask(kp::DescribeLogDirsRequest{}, v, std::type_identity<kp::DescribeLogDirsResponse>()); break;
        case ApiKey::kDescribeCluster: ask(kp::DescribeClusterRequest{}, v, std::type_identity<kp::DescribeClusterResponse>()); break;
        default: ADD_FAILURE() << "no request for " << static_cast<ApiKey>(api.key);
      }
      EXPECT_EQ(broker_->LastRequest(static_cast<ApiKey>(api.key))->version, v);
    }
  }
  EXPECT_EQ(asked, static_cast<int64_t>(broker_->Requests().size()) - 1);
  EXPECT_GE(asked, 60);
}

TEST_F(BrokerTest, AnnouncesWhatItsReadmeSays) {
  BrokerOptions options;
  options.sasl_users = {{"u", "p"}};
  Start(std::move(options));
  const auto versions =
      client_->Call<kp::ApiVersionsResponse>(kp::ApiVersionsRequest{.client_software_name = "t", .client_software_version = "1"}, 3).ValueOrDie();
  std::map<std::string, std::string> announced, told;
  for (const auto& api : versions.apis) {
    announced[std::string(kp::ApiName(static_cast<ApiKey>(api.key)))] = std::to_string(api.min) + "-" + std::to_string(api.max);
  }
  // "| API | versions | |", then a row for each, or for several with commas.
  std::ifstream readme(LOTIC_TESTDATA "/../src/broker/README.md");
  bool in_table = false;
  const auto cells = [](const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    for (size_t at = 0; at <= text.size();) {
      const size_t end = std::min(text.find(separator, at), text.size());
      parts.push_back(text.substr(at, end - at));
      at = end + separator.size();
    }
    return parts;
  };
  for (std::string line; std::getline(readme, line);) {
    if (in_table && line.rfind("| ", 0) == 0) {
      const auto row = cells(line.substr(2), " | ");
      ASSERT_GE(row.size(), 2u) << line;
      const auto names = cells(row[0], ", "), ranges = cells(row[1], ", ");
      ASSERT_EQ(names.size(), ranges.size()) << line;
      for (size_t i = 0; i < names.size(); ++i) told[names[i]] = ranges[i];
    }
    in_table = line.rfind("| API | versions |", 0) == 0 || (in_table && line.rfind('|', 0) == 0);
  }
  EXPECT_EQ(told, announced);
}

TEST_F(BrokerTest, AnswersAnUnknownApiVersionsVersionInTheOldestForm) {
  Start();
  kp::ApiVersionsRequest request{.client_software_name = "t", .client_software_version = "1"};
  std::string frame = kp::EncodeRequestFrame(request, 3, 1, "test");
  kp::StoreBigEndian<int16_t>(frame.data() + 6, 99);
  ASSERT_TRUE(client_->Send(frame).ok());
  ASSERT_TRUE(client_->ReceivePayload().ok());
  EXPECT_EQ(client_->payload().size(), 16u);
  const auto response = kp::DecodeResponsePayload<kp::ApiVersionsResponse>(kp::AsBytes(client_->payload()), 0, 1).ValueOrDie();
  EXPECT_EQ(response.error, ErrorCode::kUnsupportedVersion);
  ASSERT_THAT(response.apis, SizeIs(1));
  EXPECT_EQ(response.apis[0].key, 18);
  EXPECT_TRUE(client_->Call<kp::ApiVersionsResponse>(request, response.apis[0].max).ok());
}

TEST_F(BrokerTest, ClosesTheConnectionOnAnUnknownVersionOfAnyOtherApi) {
  Start();
  std::string frame = kp::EncodeRequestFrame(kp::MetadataRequest{}, 9, 1, "test");
  kp::StoreBigEndian<int16_t>(frame.data() + 6, 99);
  ASSERT_TRUE(client_->Send(frame).ok());
  EXPECT_TRUE(client_->ExpectClosed().ok());
}

TEST_F(BrokerTest, ImitatesAnOlderBrokerWhenVersionsAreLimited) {
  BrokerOptions options;
  options.versions = {{ApiKey::kFetch, {4, 4}}, {ApiKey::kDescribeLogDirs, {}}};
  Start(options);
  const auto response = client_->Call<kp::ApiVersionsResponse>(kp::ApiVersionsRequest{}, 0).ValueOrDie();
  for (const auto& api : response.apis) {
    EXPECT_NE(api.key, static_cast<int16_t>(ApiKey::kDescribeLogDirs));
    if (api.key == static_cast<int16_t>(ApiKey::kFetch)) {
      EXPECT_EQ(api.max, 4);
    }
  }
  ASSERT_TRUE(client_->Ask(FetchOf("t", 0, 0), 5).ok());
  EXPECT_TRUE(client_->ExpectClosed().ok());
}

TEST_F(BrokerTest, MetadataNamesNodesLeadersAndTopicIds) {
  Start({.node_count = 3, .cluster_id = "abc"});
  ASSERT_TRUE(broker_->CreateTopic("t", 4).ok());
  const auto response = client_->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 12).ValueOrDie();
  EXPECT_EQ(response.cluster_id, "abc");
  ASSERT_THAT(response.brokers, SizeIs(3));
  EXPECT_EQ(response.brokers[2].port, broker_->port(3));
  ASSERT_THAT(response.topics, SizeIs(1));
  EXPECT_EQ(response.topics[0].topic_id, broker_->TopicId("t").ValueOrDie());
  std::vector<int32_t> leaders;
  for (const auto& partition : response.topics[0].partitions) leaders.push_back(partition.leader_id);
  EXPECT_THAT(leaders, ElementsAre(1, 2, 3, 1));
}

TEST_F(BrokerTest, MetadataTellsUnknownTopicsByNameAndById) {
  Start();
  kp::MetadataRequest request;
  request.topics.emplace();
  request.topics->push_back({{}, "none"});
  request.topics->push_back({{}, "no/name"});
  request.topics->push_back({kp::Uuid{1, 2, 3}, std::nullopt});
  const auto response = client_->Call<kp::MetadataResponse>(request, 12).ValueOrDie();
  ASSERT_THAT(response.topics, SizeIs(3));
  EXPECT_EQ(response.topics[0].error, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(response.topics[1].error, ErrorCode::kInvalidTopic);
  EXPECT_EQ(response.topics[2].error, ErrorCode::kUnknownTopicId);
}

TEST_F(BrokerTest, FetchReturnsWhatWasAppendedByNameAndById) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {"a", "b"});
  Append("t", {"c"}, {.codec = kp::CodecId::kZstd});
  EXPECT_THAT(FetchedValues(FetchOf("t", 0, 0), 4), ElementsAre("a", "b", "c"));
  EXPECT_THAT(FetchedValues(FetchOf(broker_->TopicId("t").ValueOrDie(), 0, 0), 17), ElementsAre("a", "b", "c"));
  EXPECT_THAT(FetchedValues(FetchOf("t", 0, 1)), ElementsAre("a", "b", "c")) << "the batch around the offset comes whole";
  EXPECT_THAT(FetchedValues(FetchOf("t", 0, 2)), ElementsAre("c"));
  EXPECT_EQ(broker_->LastRequest(ApiKey::kFetch)->partitions.at(0).offset, 2);
  EXPECT_EQ(broker_->Requests(ApiKey::kFetch)[1].partitions.at(0).topic, "t");
}

TEST_F(BrokerTest, FetchGivesTheFirstBatchWholeAndCutsTheNext) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t", 2).ok());
  Append("t", {std::string(1000, 'x')});
  Append("t", {std::string(1000, 'y')});
  kp::FetchRequest request = FetchOf("t", 0, 0);
  request.topics[0].partitions[0].max_bytes = 1;
  EXPECT_THAT(FetchedValues(request), SizeIs(1));
  request.topics[0].partitions[0].max_bytes = 1500;
  EXPECT_EQ(Fetch(request).records->size(), 1500u);
  EXPECT_THAT(FetchedValues(request), SizeIs(1));
}

TEST_F(BrokerTest, FetchKeepsToTheLimitOfTheWholeAnswerBehindItsFirstBatch) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t", 2).ok());
  Append("t", {std::string(1000, 'x')});
  ASSERT_TRUE(broker_->Append("t", 1, Values({std::string(1000, 'y')})).ok());
  kp::FetchRequest request = FetchOf("t", 0, 0);
  request.topics[0].partitions.push_back({1});
  request.max_bytes = 10;
  const auto response = client_->Call<kp::FetchResponse>(request, 12).ValueOrDie();
  EXPECT_GT(response.topics[0].partitions[0].records->size(), 1000u);
  EXPECT_EQ(response.topics[0].partitions[1].records->size(), 0u);
}

TEST_F(BrokerTest, FetchTellsErrorsApart) {
  Start({.node_count = 2});
  ASSERT_TRUE(broker_->CreateTopic("t", 2).ok());
  EXPECT_EQ(Fetch(FetchOf("t", 0, 1)).error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(Fetch(FetchOf("t", 0, -1)).error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(Fetch(FetchOf("none", 0, 0)).error, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(Fetch(FetchOf("t", 7, 0)).error, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(Fetch(FetchOf(kp::Uuid{9}, 0, 0), 13).error, ErrorCode::kUnknownTopicId);
  EXPECT_EQ(Fetch(FetchOf("t", 1, 0)).error, ErrorCode::kNotLeaderOrFollower);
  kp::FetchRequest request = FetchOf("t", 0, 0);
  request.topics[0].partitions[0].current_leader_epoch = 5;
  EXPECT_EQ(Fetch(request).error, ErrorCode::kUnknownLeaderEpoch);
}

TEST_F(BrokerTest, FetchWaitsForRecordsAndIsWokenByThem) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  kp::FetchRequest request = FetchOf("t", 0, 0);
  request.max_wait_ms = 60'000;
  ASSERT_TRUE(client_->Ask(request, 12).ok());
  ASSERT_TRUE(broker_->WaitForRequests(ApiKey::kFetch, 1, TestClient::kPatience));
  Append("t", {"late"});
  const auto response = client_->Receive<kp::FetchResponse>(12).ValueOrDie();
  EXPECT_THAT(ReadRecords(*response.topics[0].partitions[0].records).ValueOrDie(), SizeIs(1));
}

TEST_F(BrokerTest, FetchWaitsForAsManyBytesAsAskedOrTheTime) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {"one"});
  kp::FetchRequest request = FetchOf("t", 0, 0);
  request.max_wait_ms = 60'000;
  request.min_bytes = 1000;
  ASSERT_TRUE(client_->Ask(request, 12).ok());
  ASSERT_TRUE(broker_->WaitForRequests(ApiKey::kFetch, 1, TestClient::kPatience));
  Append("t", {std::string(1000, 'x')});
  EXPECT_THAT(ReadRecords(*client_->Receive<kp::FetchResponse>(12).ValueOrDie().topics[0].partitions[0].records).ValueOrDie(), SizeIs(2));
  request.max_wait_ms = 20;
  request.min_bytes = 100'000;
  EXPECT_THAT(FetchedValues(request), SizeIs(2));
}

TEST_F(BrokerTest, AReadCommittedFetchStopsAtTheStableOffsetAndNamesAbortedTransactions) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {"aborted"}, {.producer_id = 7, .transactional = true});
  Append("t", {"plain"});
  EXPECT_EQ(broker_->Describe("t", 0)->last_stable_offset, 0);
  EXPECT_EQ(broker_->AppendMarker("t", 0, 7, MarkerType::kAbort).ValueOrDie(), 2);
  Append("t", {"kept"}, {.producer_id = 7, .transactional = true});
  EXPECT_EQ(broker_->AppendMarker("t", 0, 7, MarkerType::kCommit).ValueOrDie(), 4);
  Append("t", {"open"}, {.producer_id = 8, .transactional = true});
  Append("t", {"behind"});
  kp::FetchRequest request = FetchOf("t", 0, 0);
  request.isolation_level = kp::IsolationLevel::kReadCommitted;
  const auto partition = Fetch(request);
  EXPECT_EQ(partition.high_watermark, 7);
  EXPECT_EQ(partition.last_stable_offset, 5);
  ASSERT_TRUE(partition.aborted_transactions.has_value());
  ASSERT_THAT(*partition.aborted_transactions, SizeIs(1));
  EXPECT_EQ(partition.aborted_transactions->at(0).producer_id, 7);
  EXPECT_EQ(partition.aborted_transactions->at(0).first_offset, 0);
  EXPECT_THAT(FetchedValues(request), ElementsAre("aborted", "plain", "kept"));
  EXPECT_EQ(ListOffset("t", kp::kLatestTimestamp, 7, kp::IsolationLevel::kReadCommitted).offset, 5);
  EXPECT_EQ(ListOffset("t", kp::kLatestTimestamp).offset, 7);
  ASSERT_TRUE(broker_->SetLastStableOffset("t", 0, 3).ok());
  EXPECT_EQ(Fetch(request).last_stable_offset, 3);
}

TEST_F(BrokerTest, ListOffsetsFindsEndsAndTimes) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  ASSERT_TRUE(broker_->Append("t", 0, Values({"a", "b"}, 100)).ok());
  ASSERT_TRUE(broker_->Append("t", 0, Values({"c"}, 50)).ok());
  ASSERT_TRUE(broker_->Append("t", 0, Values({"d"}, 200), {.codec = kp::CodecId::kLz4}).ok());
  EXPECT_EQ(ListOffset("t", kp::kEarliestTimestamp).offset, 0);
  EXPECT_EQ(ListOffset("t", kp::kLatestTimestamp, 1).offset, 4);
  EXPECT_EQ(ListOffset("t", 101).offset, 1);
  EXPECT_EQ(ListOffset("t", 101).timestamp, 101);
  EXPECT_EQ(ListOffset("t", 102).offset, 3);
  EXPECT_EQ(ListOffset("t", 201).offset, -1);
  EXPECT_EQ(ListOffset("t", kp::kMaxTimestamp).offset, 3);
  EXPECT_EQ(ListOffset("t", kp::kMaxTimestamp).timestamp, 200);
}

TEST_F(BrokerTest, ADeletedHeadKeepsTheBatchAroundTheStart) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {"a", "b"});
  Append("t", {"c", "d"});
  ASSERT_TRUE(broker_->SetLogStart("t", 0, 3).ok());
  EXPECT_EQ(broker_->Describe("t", 0)->num_batches, 1u);
  EXPECT_EQ(ListOffset("t", kp::kEarliestTimestamp).offset, 3);
  EXPECT_EQ(Fetch(FetchOf("t", 0, 2)).error, ErrorCode::kOffsetOutOfRange);
  EXPECT_THAT(FetchedValues(FetchOf("t", 0, 3)), ElementsAre("c", "d"));
  EXPECT_EQ(ListOffset("t", 0).offset, 3) << "a look-up by time never ends before the start";
  ASSERT_TRUE(broker_->SetLogStart("t", 0, 10).ok());
  EXPECT_EQ(Append("t", {"e"}), 10);
}

TEST_F(BrokerTest, GapsOfCompactionStayInBatchesAndBetweenThem) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  const std::vector<Record> sparse = {{.value = "a", .offset = 5}, {.value = "b", .offset = 9}};
  EXPECT_EQ(broker_->Append("t", 0, sparse, {.last_offset = 20}).ValueOrDie(), 5);
  EXPECT_EQ(broker_->Append("t", 0, {}, {.last_offset = 30}).ValueOrDie(), 21) << "a batch without records";
  EXPECT_EQ(Append("t", {"c"}), 31);
  const auto records = ReadRecords(*Fetch(FetchOf("t", 0, 0)).records).ValueOrDie();
  EXPECT_THAT(records, ElementsAre(Field(&SeenRecord::offset, 5), Field(&SeenRecord::offset, 9), Field(&SeenRecord::offset, 31)));
  EXPECT_EQ(broker_->Append("t", 0, sparse).status().code(), StatusCode::kInvalid);
}

TEST_F(BrokerTest, ServesMessagesOfTheOldFormats) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {"a", "b"}, {.magic = 0});
  Append("t", {"c", "d"}, {.codec = kp::CodecId::kGzip, .magic = 0});
  Append("t", {"e"}, {.magic = 1});
  Append("t", {"f", "g"}, {.codec = kp::CodecId::kSnappy, .magic = 1});
  EXPECT_EQ(Append("t", {"h"}), 7);
  EXPECT_THAT(FetchedValues(FetchOf("t", 0, 0), 4), ElementsAre("a", "b", "c", "d", "e", "f", "g", "h"));
  EXPECT_THAT(FetchedValues(FetchOf("t", 0, 5), 4), ElementsAre("f", "g", "h"));
  EXPECT_EQ(ListOffset("t", 1001).offset, 6);
}

TEST_F(BrokerTest, ALogAppendTimeTopicStampsEveryBatch) {
  struct FixedClock : Clock {
    int64_t NowMs() const override { return 77'000; }
  } clock;
  Start({.clock = &clock});
  ASSERT_TRUE(broker_->CreateTopic("t", 1, {{"message.timestamp.type", "LogAppendTime"}}).ok());
  Append("t", {"a", "b"});
  const auto records = ReadRecords(*Fetch(FetchOf("t", 0, 0)).records).ValueOrDie();
  EXPECT_THAT(records, ElementsAre(Field(&SeenRecord::timestamp, 77'000), Field(&SeenRecord::timestamp, 77'000)));
  EXPECT_EQ(ListOffset("t", 77'000).offset, 0);
}

TEST_F(BrokerTest, MovingALeaderFencesOldEpochsAndKeepsTheirEnds) {
  Start({.node_count = 2});
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {"a", "b"});
  ASSERT_TRUE(broker_->MoveLeader("t", 0, 2).ok());
  EXPECT_EQ(Fetch(FetchOf("t", 0, 0)).error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(Fetch(FetchOf("t", 0, 0)).current_leader_id, 2);
  client_ = Connect(2);
  kp::FetchRequest request = FetchOf("t", 0, 0);
  request.topics[0].partitions[0].current_leader_epoch = 0;
  EXPECT_EQ(Fetch(request).error, ErrorCode::kFencedLeaderEpoch);
  Append("t", {"c"});
  EXPECT_THAT(FetchedValues(FetchOf("t", 0, 0)), ElementsAre("a", "b", "c"));
  kp::OffsetForLeaderEpochRequest epochs;
  epochs.topics.push_back({"t", {{0, 1, 0}, {0, 1, 1}, {0, 1, 5}}});
  const auto ends = client_->Call<kp::OffsetForLeaderEpochResponse>(epochs, 4).ValueOrDie().topics.at(0).partitions;
  EXPECT_EQ(ends[0].end_offset, 2);
  EXPECT_EQ(ends[1].end_offset, 3);
  EXPECT_EQ(ends[2].end_offset, -1);
}

TEST_F(BrokerTest, TruncationDropsTheTailInANewEpoch) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {"a"});
  Append("t", {"b"});
  ASSERT_TRUE(broker_->TruncateTo("t", 0, 1).ok());
  EXPECT_EQ(broker_->Describe("t", 0)->leader_epoch, 1);
  EXPECT_EQ(Append("t", {"c"}), 1);
  EXPECT_THAT(FetchedValues(FetchOf("t", 0, 0)), ElementsAre("a", "c"));
  kp::OffsetForLeaderEpochRequest epochs;
  epochs.topics.push_back({"t", {{0, -1, 0}}});
  EXPECT_EQ(client_->Call<kp::OffsetForLeaderEpochResponse>(epochs, 4).ValueOrDie().topics[0].partitions[0].end_offset, 1);
}

TEST_F(BrokerTest, ARecreatedTopicHasANewIdAndNoRecords) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {"a"});
  const kp::Uuid old = broker_->TopicId("t").ValueOrDie();
  ASSERT_TRUE(broker_->RecreateTopic("t").ok());
  EXPECT_NE(broker_->TopicId("t").ValueOrDie(), old);
  EXPECT_EQ(Fetch(FetchOf(old, 0, 0), 13).error, ErrorCode::kUnknownTopicId);
  EXPECT_EQ(broker_->Describe("t", 0)->high_watermark, 0);
}

TEST_F(BrokerTest, ANodeThatIsDownRefusesAndComesBackAtItsPort) {
  Start({.node_count = 2});
  auto second = Connect(2);
  ASSERT_TRUE(broker_->SetNodeDown(2, true).ok());
  EXPECT_TRUE(second->ExpectClosed().ok());
  EXPECT_FALSE(TestClient::Connect(broker_->port(2)).ok());
  EXPECT_THAT(client_->Call<kp::MetadataResponse>(kp::MetadataRequest{}, 9)->brokers, SizeIs(1));
  ASSERT_TRUE(broker_->SetNodeDown(2, false).ok());
  EXPECT_TRUE(TestClient::Connect(broker_->port(2)).ok());
}

TEST_F(BrokerTest, RefusesMoreLogThanItsLimit) {
  Start({.max_partition_bytes = 2000});
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  Append("t", {std::string(1500, 'x')});
  const auto refused = broker_->Append("t", 0, Values({std::string(1500, 'x')}));
  EXPECT_EQ(refused.status().code(), StatusCode::kCapacityError);
  EXPECT_THAT(refused.status().message(), testing::HasSubstr("max_partition_bytes = 2000"));
  ASSERT_TRUE(broker_->SetLogStart("t", 0, 1).ok());
  EXPECT_EQ(Append("t", {std::string(1500, 'x')}), 1);
}

TEST_F(BrokerTest, StopEndsConnectionsThatWait) {
  Start();
  ASSERT_TRUE(broker_->CreateTopic("t").ok());
  kp::FetchRequest request = FetchOf("t", 0, 0);
  request.max_wait_ms = 60'000;
  ASSERT_TRUE(client_->Ask(request, 12).ok());
  ASSERT_TRUE(broker_->WaitForRequests(ApiKey::kFetch, 1, TestClient::kPatience));
  broker_->Stop();
  EXPECT_TRUE(client_->ExpectClosed().ok());
}

}  // namespace
}  // namespace lotic::broker
