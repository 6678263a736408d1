// SPDX-License-Identifier: Apache-2.0
// What a client gets. First byte: the index of the API in SupportedApis(); second: the version; then the body.
#include "kafka_protocol/frame.h"

namespace lotic::kafka_protocol {
namespace {

template <typename Response>
void RoundTrip(Bytes body, int16_t version) {
  Reader in(body);
  Response response, again;
  if (!response.Decode(in, version).ok()) return;
  std::string bytes;
  Writer out(&bytes);
  response.Encode(out, version);
  Reader reread(AsBytes(bytes));
  LOTIC_CHECK(again.Decode(reread, version).ok());
}

}  // namespace
}  // namespace lotic::kafka_protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::kafka_protocol;
  if (size < 2) return 0;
  const ApiKey api = SupportedApis()[data[0] % SupportedApis().size()];
  const VersionRange range = SupportedVersions(api);
  const auto version = static_cast<int16_t>(range.min + data[1] % (range.max - range.min + 1));
  const Bytes body(data + 2, size - 2);
  switch (api) {
    case ApiKey::kProduce: RoundTrip<ProduceResponse>(body, version); break;
    case ApiKey::kFetch: RoundTrip<FetchResponse>(body, version); break;
    case ApiKey::kListOffsets: RoundTrip<ListOffsetsResponse>(body, version); break;
    case ApiKey::kMetadata: RoundTrip<MetadataResponse>(body, version); break;
    case ApiKey::kFindCoordinator: RoundTrip<FindCoordinatorResponse>(body, version); break;
    case ApiKey::kSaslHandshake: RoundTrip<SaslHandshakeResponse>(body, version); break;
    case ApiKey::kApiVersions: RoundTrip<ApiVersionsResponse>(body, version); break;
    case ApiKey::kCreateTopics: RoundTrip<CreateTopicsResponse>(body, version); break;
    case ApiKey::kInitProducerId: RoundTrip<InitProducerIdResponse>(body, version); break;
    case ApiKey::kOffsetForLeaderEpoch: RoundTrip<OffsetForLeaderEpochResponse>(body, version); break;
    case ApiKey::kDescribeConfigs: RoundTrip<DescribeConfigsResponse>(body, version); break;
    case ApiKey::kDescribeLogDirs: RoundTrip<DescribeLogDirsResponse>(body, version); break;
    case ApiKey::kSaslAuthenticate: RoundTrip<SaslAuthenticateResponse>(body, version); break;
    case ApiKey::kDescribeCluster: RoundTrip<DescribeClusterResponse>(body, version); break;
  }
  return 0;
}
