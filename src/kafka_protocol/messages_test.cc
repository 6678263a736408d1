// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "kafka_protocol/frame.h"
#include "lotic/source_error.h"

namespace lotic::kafka_protocol {
namespace {

using testing::HasSubstr;

struct Decoded {
  Status status;
  size_t left = 0;
  std::string again;  // encoded anew
};

template <typename Message>
Decoded DecodeAndEncode(Bytes bytes, int16_t version) {
  Reader in(bytes);
  Message message;
  Decoded result{message.Decode(in, version)};
  result.left = in.remaining();
  if (result.status.ok()) {
    Writer out(&result.again);
    message.Encode(out, version);
  }
  return result;
}

struct Kind {
  ApiKey api;
  Decoded (*decode)(Bytes, int16_t);
};
template <typename Message>
constexpr Kind KindOf() {
  return {Message::kApi, &DecodeAndEncode<Message>};
}

const std::map<std::string, Kind>& Kinds() {
  static const std::map<std::string, Kind> kinds = {
      {"ProduceRequest", KindOf<ProduceRequest>()},
      {"ProduceResponse", KindOf<ProduceResponse>()},
      {"FetchRequest", KindOf<FetchRequest>()},
      {"FetchResponse", KindOf<FetchResponse>()},
      {"ListOffsetsRequest", KindOf<ListOffsetsRequest>()},
      {"ListOffsetsResponse", KindOf<ListOffsetsResponse>()},
      {"MetadataRequest", KindOf<MetadataRequest>()},
      {"MetadataResponse", KindOf<MetadataResponse>()},
      {"FindCoordinatorRequest", KindOf<FindCoordinatorRequest>()},
      {"FindCoordinatorResponse", KindOf<FindCoordinatorResponse>()},
      {"SaslHandshakeRequest", KindOf<SaslHandshakeRequest>()},
      {"SaslHandshakeResponse", KindOf<SaslHandshakeResponse>()},
      {"SaslAuthenticateRequest", KindOf<SaslAuthenticateRequest>()},
      {"SaslAuthenticateResponse", KindOf<SaslAuthenticateResponse>()},
      {"ApiVersionsRequest", KindOf<ApiVersionsRequest>()},
      {"ApiVersionsResponse", KindOf<ApiVersionsResponse>()},
      {"CreateTopicsRequest", KindOf<CreateTopicsRequest>()},
      {"CreateTopicsResponse", KindOf<CreateTopicsResponse>()},
      {"InitProducerIdRequest", KindOf<InitProducerIdRequest>()},
      {"InitProducerIdResponse", KindOf<InitProducerIdResponse>()},
      {"OffsetForLeaderEpochRequest", KindOf<OffsetForLeaderEpochRequest>()},
      {"OffsetForLeaderEpochResponse", KindOf<OffsetForLeaderEpochResponse>()},
      {"DescribeConfigsRequest", KindOf<DescribeConfigsRequest>()},
      {"DescribeConfigsResponse", KindOf<DescribeConfigsResponse>()},
      {"DescribeLogDirsRequest", KindOf<DescribeLogDirsRequest>()},
      {"DescribeLogDirsResponse", KindOf<DescribeLogDirsResponse>()},
      {"DescribeClusterRequest", KindOf<DescribeClusterRequest>()},
      {"DescribeClusterResponse", KindOf<DescribeClusterResponse>()},
  };
  return kinds;
}

struct Sample {
  std::string name;
  int16_t version;
  std::string bytes;
};

std::vector<Sample> JavaSamples() {
  std::vector<Sample> samples;
  std::ifstream in(LOTIC_TESTDATA "/kafka_protocol/messages.txt");
  std::string hex;
  for (Sample sample; in >> sample.name >> sample.version;) {
    std::getline(in, hex);
    sample.bytes.clear();
    for (size_t i = 1; i + 1 < hex.size(); i += 2) sample.bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    samples.push_back(sample);
  }
  return samples;
}

// The first sample of a kind and version: the one with every field set.
template <typename Message>
Message FullSample(const std::string& name, int16_t version) {
  static const std::vector<Sample> samples = JavaSamples();
  for (const Sample& sample : samples) {
    if (sample.name != name || sample.version != version) continue;
    Reader in(AsBytes(sample.bytes));
    Message message;
    EXPECT_TRUE(message.Decode(in, version).ok());
    return message;
  }
  ADD_FAILURE() << "no sample " << name << " " << version;
  return {};
}

TEST(Messages, EncodeToTheSameBytesAsTheJavaClientInEveryVersion) {
  std::map<std::string, std::set<int16_t>> seen;
  for (const Sample& sample : JavaSamples()) {
    ASSERT_TRUE(Kinds().contains(sample.name)) << sample.name;
    const Decoded decoded = Kinds().at(sample.name).decode(AsBytes(sample.bytes), sample.version);
    EXPECT_TRUE(decoded.status.ok()) << sample.name << " " << sample.version << ": " << decoded.status;
    EXPECT_EQ(decoded.left, 0u) << sample.name << " " << sample.version;
    EXPECT_TRUE(decoded.again == sample.bytes) << sample.name << " " << sample.version;
    seen[sample.name].insert(sample.version);
  }
  for (const auto& [name, kind] : Kinds()) {
    const VersionRange range = SupportedVersions(kind.api);
    for (int16_t version = range.min; version <= range.max; ++version) {
      const bool newer_than_the_client = (kind.api == ApiKey::kListOffsets && version == 10) || (kind.api == ApiKey::kProduce && version == 12);
      EXPECT_EQ(seen[name].contains(version), !newer_than_the_client) << name << " " << version;
    }
  }
}

TEST(Messages, EndInAnErrorWhereverTheyAreCutShort) {
  for (const Sample& sample : JavaSamples()) {
    for (size_t size = 0; size < sample.bytes.size(); ++size) {
      const Decoded decoded = Kinds().at(sample.name).decode(AsBytes(sample.bytes).first(size), sample.version);
      ASSERT_EQ(decoded.status.code(), StatusCode::kIOError) << sample.name << " " << sample.version << " at " << size;
      ASSERT_THAT(decoded.status.message(), HasSubstr(sample.name));
    }
  }
}

TEST(Messages, SurviveFlippedBytes) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (const Sample& sample : JavaSamples()) {
    if (sample.bytes.empty()) continue;
    for (int round = 0; round < 50; ++round) {
      std::string bytes = sample.bytes;
      bytes[random() % bytes.size()] = static_cast<char>(random());
      const Decoded decoded = Kinds().at(sample.name).decode(AsBytes(bytes), sample.version);
      if (decoded.status.ok() && decoded.left == 0 && decoded.again.size() == bytes.size()) continue;  // still a message
      EXPECT_LE(decoded.again.size(), 4 * bytes.size());
    }
  }
}

TEST(Messages, RefuseVersionsOutsideTheirRange) {
  for (const auto& [name, kind] : Kinds()) {
    const VersionRange range = SupportedVersions(kind.api);
    for (const int version : {-1, range.min - 1, range.max + 1}) {
      EXPECT_EQ(kind.decode({}, static_cast<int16_t>(version)).status.code(), StatusCode::kNotImplemented) << name << version;
    }
  }
}

// The samples' numbers grow in the protocol's field order (an array's length and a structure count too).
TEST(Messages, PutEachFieldWhereItsNameSays) {
  const auto fetch = FullSample<FetchResponse>("FetchResponse", 12);
  ASSERT_EQ(fetch.topics.size(), 2u);
  const FetchResponse::Partition& partition = fetch.topics[0].partitions[0];
  EXPECT_LT(fetch.throttle_ms, fetch.session_id);
  EXPECT_LT(static_cast<int16_t>(fetch.error), 110);
  EXPECT_LT(partition.high_watermark, partition.last_stable_offset);
  EXPECT_LT(partition.last_stable_offset, partition.log_start_offset);
  EXPECT_LT(partition.log_start_offset, (*partition.aborted_transactions)[0].producer_id);
  EXPECT_LT((*partition.aborted_transactions)[0].producer_id, (*partition.aborted_transactions)[0].first_offset);
  EXPECT_LT(partition.index, partition.preferred_read_replica);
  EXPECT_LT(partition.preferred_read_replica, partition.diverging_epoch);
  EXPECT_LT(partition.diverging_epoch, partition.current_leader_id);
  EXPECT_LT(partition.current_leader_id, partition.current_leader_epoch);
  EXPECT_THAT(std::string(AsText(*partition.records)), testing::StartsWith("records"));

  const auto request = FullSample<FetchRequest>("FetchRequest", 17);
  EXPECT_LT(request.max_wait_ms, request.min_bytes);
  EXPECT_LT(request.min_bytes, request.max_bytes);
  EXPECT_LT(request.session_id, request.session_epoch);
  EXPECT_LT(request.session_epoch, request.topics[0].partitions[0].index);
  EXPECT_LT(request.topics[0].partitions[0].index, request.topics[0].partitions[0].current_leader_epoch);
  EXPECT_LT(request.topics[0].partitions[0].current_leader_epoch, request.topics[0].partitions[0].last_fetched_epoch);
  EXPECT_LT(request.topics[0].partitions[0].last_fetched_epoch, request.topics[0].partitions[0].max_bytes);
  EXPECT_LT(request.topics[0].partitions[0].fetch_offset, request.topics[0].partitions[0].log_start_offset);
  EXPECT_TRUE(request.cluster_id.has_value());
  EXPECT_LT(request.max_bytes, request.replica_id);

  const auto metadata = FullSample<MetadataResponse>("MetadataResponse", 10);
  EXPECT_LT(metadata.throttle_ms, metadata.brokers[0].node_id);
  EXPECT_LT(metadata.brokers[0].node_id, metadata.brokers[0].port);
  EXPECT_LT(metadata.brokers[1].port, metadata.controller_id);
  const MetadataResponse::Partition& leader = metadata.topics[0].partitions[0];
  EXPECT_LT(metadata.controller_id, leader.index);
  EXPECT_LT(leader.index, leader.leader_id);
  EXPECT_LT(leader.leader_id, leader.leader_epoch);
  EXPECT_LT(leader.leader_epoch, leader.replicas[0]);
  EXPECT_LT(leader.replicas[1], leader.isr[0]);
  EXPECT_LT(leader.isr[1], leader.offline_replicas[0]);
  EXPECT_LT(metadata.topics[1].authorized_operations, metadata.cluster_authorized_operations);
  EXPECT_TRUE(metadata.topics[0].is_internal);

  const auto offsets = FullSample<ListOffsetsResponse>("ListOffsetsResponse", 9).topics[0].partitions[0];
  EXPECT_LT(offsets.timestamp, offsets.offset);
  EXPECT_LT(offsets.index, offsets.leader_epoch);
  const auto asked = FullSample<ListOffsetsRequest>("ListOffsetsRequest", 9);
  EXPECT_LT(asked.replica_id, asked.topics[0].partitions[0].index);
  EXPECT_LT(asked.topics[0].partitions[0].index, asked.topics[0].partitions[0].current_leader_epoch);

  const auto epoch = FullSample<OffsetForLeaderEpochRequest>("OffsetForLeaderEpochRequest", 4).topics[0].partitions[0];
  EXPECT_LT(epoch.index, epoch.current_leader_epoch);
  EXPECT_LT(epoch.current_leader_epoch, epoch.leader_epoch);
  const auto end = FullSample<OffsetForLeaderEpochResponse>("OffsetForLeaderEpochResponse", 4).topics[0].partitions[0];
  EXPECT_LT(end.index, end.leader_epoch);

  const auto produced = FullSample<ProduceResponse>("ProduceResponse", 11).topics[0].partitions[0];
  EXPECT_LT(produced.base_offset, produced.log_append_time_ms);
  EXPECT_LT(produced.log_append_time_ms, produced.log_start_offset);
  const auto features = FullSample<ApiVersionsResponse>("ApiVersionsResponse", 4);
  EXPECT_LT(features.supported_features[0].min, features.supported_features[0].max);
  EXPECT_GT(features.finalized_features[0].min, features.finalized_features[0].max);
  EXPECT_LT(features.apis[0].key, features.apis[0].min);
  EXPECT_LT(features.apis[0].min, features.apis[0].max);
  const auto directory = FullSample<DescribeLogDirsResponse>("DescribeLogDirsResponse", 4).directories[0];
  EXPECT_LT(directory.topics[0].partitions[0].size_bytes, directory.topics[0].partitions[0].offset_lag);
  EXPECT_LT(directory.total_bytes, directory.usable_bytes);
}

TEST(Messages, CarryTheFieldsOfTheNewestVersionsToo) {
  ListOffsetsRequest request;
  request.timeout_ms = 1234;
  request.topics = {{"t", {{3, 4, kEarliestTimestamp}}}};
  std::string bytes;
  Writer out(&bytes);
  request.Encode(out, 10);
  ListOffsetsRequest again;
  Reader in(AsBytes(bytes));
  ASSERT_TRUE(again.Decode(in, 10).ok());
  EXPECT_EQ(again.timeout_ms, 1234);
  EXPECT_EQ(again.topics[0].partitions[0].timestamp, kEarliestTimestamp);
}

TEST(Messages, DoNotAllocateByADeclaredCount) {
  std::string bytes;
  Writer out(&bytes);
  out.Int32(0);           // throttle
  out.Int32(0x7fffffff);  // brokers
  out.Raw(std::string(1000, '\0'));
  Reader in(AsBytes(bytes));
  MetadataResponse response;
  EXPECT_THAT(response.Decode(in, 3).message(), HasSubstr("a length is larger than what is left at byte 8"));
  EXPECT_TRUE(response.brokers.empty());
}

TEST(Messages, ReadOverTagsTheyDoNotKnow) {
  std::string bytes;
  Writer out(&bytes);
  InitProducerIdResponse response;
  response.producer_id = 77;
  response.Encode(out, 4);
  bytes.pop_back();  // "no tags"
  out.UVarint(2);
  out.UVarint(5);
  out.String("abc", true);
  out.UVarint(1000);
  out.UVarint(0);
  Reader in(AsBytes(bytes));
  InitProducerIdResponse again;
  ASSERT_TRUE(again.Decode(in, 4).ok());
  EXPECT_EQ(again.producer_id, 77);
  EXPECT_EQ(in.remaining(), 0u);
}

TEST(FetchResponse, BorrowsItsRecordsFromTheBuffer) {
  FetchResponse response;
  const std::string records = "these are records";
  response.topics = {{"t", {}, {{.index = 1, .high_watermark = 9, .records = AsBytes(records)}}}};
  for (int16_t version = 4; version <= 17; ++version) {
    const std::string frame = EncodeResponseFrame(response, version, 42);
    const Bytes payload = AsBytes(frame).subspan(kFrameSizeBytes);
    Result<FetchResponse> decoded = DecodeResponsePayload<FetchResponse>(payload, version, 42);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    const Bytes got = *decoded->topics[0].partitions[0].records;
    EXPECT_EQ(AsText(got), records);
    EXPECT_GE(got.data(), payload.data());
    EXPECT_LE(got.data() + got.size(), payload.data() + payload.size());
  }
}

TEST(ApiVersions, ReadsARefusalInItsOldestFormWhateverWasAsked) {
  // 4.4's answer to version 99: error 35 and the range of ApiVersions alone.
  const std::string bytes("\0\x23\0\0\0\x01\0\x12\0\0\0\x05", 12);
  Reader in(AsBytes(bytes));
  ApiVersionsResponse response;
  ASSERT_TRUE(response.Decode(in, 4).ok());
  EXPECT_EQ(response.error, ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(*BrokerVersions(response).Pick(ApiKey::kApiVersions), 4);
}

TEST(Versions, PickTheNewestThatBothSidesSpeak) {
  ApiVersionsResponse kafka_4, kafka_0_11;
  kafka_4.apis = {{0, 0, 13}, {1, 4, 18}, {2, 1, 11}, {3, 0, 13}, {18, 0, 5}, {17, 5, 9}};
  kafka_0_11.apis = {{0, 0, 3}, {1, 0, 5}, {2, 0, 2}, {3, 0, 4}, {18, 0, 1}};
  const BrokerVersions current(kafka_4), old(kafka_0_11);
  EXPECT_EQ(*current.Pick(ApiKey::kFetch), 17);
  EXPECT_EQ(*current.Pick(ApiKey::kFetch, 12), 12);
  EXPECT_EQ(*current.Pick(ApiKey::kMetadata), 12);
  EXPECT_EQ(*current.Pick(ApiKey::kListOffsets), 10);
  EXPECT_EQ(*old.Pick(ApiKey::kFetch), 5);
  EXPECT_EQ(*old.Pick(ApiKey::kMetadata), 4);
  EXPECT_EQ(*old.Pick(ApiKey::kListOffsets), 2);
  EXPECT_FALSE(old.Has(ApiKey::kOffsetForLeaderEpoch));
  EXPECT_THAT(old.Pick(ApiKey::kOffsetForLeaderEpoch).status().message(), HasSubstr("does not offer OffsetForLeaderEpoch"));
  EXPECT_THAT(current.Pick(ApiKey::kSaslHandshake).status().message(), HasSubstr("offers 5 to 9, we speak 0 to 1"));
  EXPECT_FALSE(old.Pick(ApiKey::kFetch, 3).ok());
}

TEST(Frame, CarriesRequestHeadersInBothForms) {
  for (const ApiKey api : SupportedApis()) {
    const VersionRange range = SupportedVersions(api);
    for (int16_t version = range.min; version <= range.max; ++version) {
      std::string bytes;
      Writer out(&bytes);
      EncodeRequestHeader(out, {api, version, 99, "lotic"});
      Reader in(AsBytes(bytes));
      RequestHeader header;
      ASSERT_TRUE(DecodeRequestHeader(in, &header).ok());
      EXPECT_EQ(header.api, api);
      EXPECT_EQ(header.version, version);
      EXPECT_EQ(header.correlation_id, 99);
      EXPECT_EQ(header.client_id, "lotic");
      EXPECT_EQ(in.remaining(), 0u);
    }
  }
}

TEST(Frame, EncodesTheBytesOfTheProtocolGuide) {
  const std::string frame = EncodeRequestFrame(SaslHandshakeRequest{"PLAIN"}, 1, 7, "me");
  EXPECT_EQ(frame, std::string("\0\0\0\x13\0\x11\0\x01\0\0\0\x07\0\x02me\0\x05PLAIN", 23));
  const std::string flexible = EncodeRequestFrame(ApiVersionsRequest{"lotic", "1"}, 3, 7, "me");
  EXPECT_EQ(flexible, std::string("\0\0\0\x16\0\x12\0\x03\0\0\0\x07\0\x02me\0\x06lotic\x02"
                                  "1\0",
                                  26));
  EXPECT_EQ(EncodeResponseFrame(ApiVersionsResponse{}, 3, 7), std::string("\0\0\0\x0c\0\0\0\x07\0\0\x01\0\0\0\0\0", 16));
}

TEST(Frame, StillTellsWhatWasAskedInAVersionItDoesNotSpeak) {
  std::string bytes;
  Writer out(&bytes);
  out.Int16(18);
  out.Int16(99);
  out.Int32(5);
  Reader in(AsBytes(bytes));
  RequestHeader header;
  EXPECT_EQ(DecodeRequestHeader(in, &header).code(), StatusCode::kNotImplemented);
  EXPECT_EQ(header.api, ApiKey::kApiVersions);
  EXPECT_EQ(header.version, 99);
  EXPECT_EQ(header.correlation_id, 5);
}

TEST(Frame, RefusesSizesThatAreWrongAndSaysWhenItIsNotKafka) {
  const auto size = [](std::string_view text) { return FrameSize(AsBytes(text), 1000); };
  EXPECT_EQ(*size(std::string_view("\0\0\x03\xe8", 4)), 1000u);
  EXPECT_THAT(size(std::string_view("\0\0\x03\xe9", 4)).status().message(), HasSubstr("limit of 1000"));
  EXPECT_THAT(size("\xff\xff\xff\xff").status().message(), HasSubstr("negative"));
  EXPECT_THAT(size(std::string_view("\x15\x03\x03\0", 4)).status().message(), HasSubstr("TLS"));
  EXPECT_THAT(size("HTTP").status().message(), HasSubstr("HTTP"));
}

TEST(Frame, RefusesAnAnswerToAnotherRequest) {
  const std::string frame = EncodeResponseFrame(SaslHandshakeResponse{}, 1, 7);
  EXPECT_TRUE(DecodeResponsePayload<SaslHandshakeResponse>(AsBytes(frame).subspan(4), 1, 7).ok());
  EXPECT_THAT(DecodeResponsePayload<SaslHandshakeResponse>(AsBytes(frame).subspan(4), 1, 8).status().message(), HasSubstr("correlation id 7 where 8"));
}

TEST(ErrorCodes, BecomeAStatusThatSaysWhetherToTryAgain) {
  EXPECT_TRUE(StatusFromError(ErrorCode::kNone, "fetch").ok());
  const Status moved = StatusFromError(ErrorCode::kNotLeaderOrFollower, "fetch t-0");
  EXPECT_EQ(moved.code(), StatusCode::kIOError);
  EXPECT_THAT(moved.message(), HasSubstr("fetch t-0: NOT_LEADER_OR_FOLLOWER (6): "));
  EXPECT_TRUE(static_cast<const SourceError&>(*moved.detail()).retryable);
  EXPECT_EQ(StatusFromError(ErrorCode::kTopicAuthorizationFailed, "x").code(), StatusCode::kUnauthorized);
  EXPECT_EQ(StatusFromError(ErrorCode::kUnknownTopicOrPartition, "x").code(), StatusCode::kNotFound);
  EXPECT_EQ(StatusFromError(ErrorCode::kOffsetOutOfRange, "x").code(), StatusCode::kDataLoss);
  EXPECT_THAT(StatusFromError(static_cast<ErrorCode>(9999), "x").message(), HasSubstr("UNKNOWN_CODE (9999)"));
  EXPECT_EQ(LookUpError(100).name, "UNKNOWN_TOPIC_ID");
  EXPECT_EQ(LookUpError(-1).name, "UNKNOWN_SERVER_ERROR");
  EXPECT_TRUE(LookUpError(ErrorCode::kFencedLeaderEpoch).stale_metadata);
}

}  // namespace
}  // namespace lotic::kafka_protocol
