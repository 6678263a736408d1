// SPDX-License-Identifier: Apache-2.0
// What a server gets: a request header and the body it announces. What decodes is encoded and decoded again, to the
// same bytes.
#include "kafka_protocol/frame.h"

namespace lotic::kafka_protocol {
namespace {

template <typename Request>
void RoundTrip(Reader& in, int16_t version) {
  Request request, again;
  if (!request.Decode(in, version).ok()) return;
  std::string first, second;
  Writer out(&first);
  request.Encode(out, version);
  Reader reread(AsBytes(first));
  LOTIC_CHECK(again.Decode(reread, version).ok() && reread.remaining() == 0);
  Writer out_again(&second);
  again.Encode(out_again, version);
  LOTIC_CHECK(first == second);
}

}  // namespace
}  // namespace lotic::kafka_protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic::kafka_protocol;
  Reader in({data, size});
  RequestHeader header;
  if (!DecodeRequestHeader(in, &header).ok()) return 0;
  const int16_t version = header.version;
  switch (header.api) {
    case ApiKey::kProduce: RoundTrip<ProduceRequest>(in, version); break;
    case ApiKey::kFetch: RoundTrip<FetchRequest>(in, version); break;
    case ApiKey::kListOffsets: RoundTrip<ListOffsetsRequest>(in, version); break;
    case ApiKey::kMetadata: RoundTrip<MetadataRequest>(in, version); break;
    case ApiKey::kFindCoordinator: RoundTrip<FindCoordinatorRequest>(in, version); break;
    case ApiKey::kSaslHandshake: RoundTrip<SaslHandshakeRequest>(in, version); break;
    case ApiKey::kApiVersions: RoundTrip<ApiVersionsRequest>(in, version); break;
    case ApiKey::kCreateTopics: RoundTrip<CreateTopicsRequest>(in, version); break;
    case ApiKey::kInitProducerId: RoundTrip<InitProducerIdRequest>(in, version); break;
    case ApiKey::kOffsetForLeaderEpoch: RoundTrip<OffsetForLeaderEpochRequest>(in, version); break;
    case ApiKey::kDescribeConfigs: RoundTrip<DescribeConfigsRequest>(in, version); break;
    case ApiKey::kDescribeLogDirs: RoundTrip<DescribeLogDirsRequest>(in, version); break;
    case ApiKey::kSaslAuthenticate: RoundTrip<SaslAuthenticateRequest>(in, version); break;
    case ApiKey::kDescribeCluster: RoundTrip<DescribeClusterRequest>(in, version); break;
  }
  return 0;
}
