// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/frame.h"

namespace lotic::kafka_protocol {

Result<size_t> FrameSize(Bytes first_four, size_t limit_bytes) {
  LOTIC_CHECK(first_four.size() >= kFrameSizeBytes);
  // A TLS record begins with its type (21 alert, 22 handshake) and 3; an HTTP answer with "HTTP". Both are huge as a
  // size.
  if ((first_four[0] == 21 || first_four[0] == 22) && first_four[1] == 3) {
    return Status::IOError("frame size: the answer is TLS, not Kafka: the port expects an encrypted connection");
  }
  if (AsText(first_four.first(4)) == "HTTP") return Status::IOError("frame size: the answer is HTTP, not Kafka");
  const auto size = LoadBigEndian<int32_t>(first_four.data());
  if (size < 0) return Status::IOError("frame size: negative: ", size);
  if (static_cast<size_t>(size) > limit_bytes) {
    return Status::IOError("frame size: ", size, " bytes, above the limit of ", limit_bytes);
  }
  return static_cast<size_t>(size);
}

void EncodeRequestHeader(Writer& out, const RequestHeader& header) {
  out.Int16(static_cast<int16_t>(header.api));
  out.Int16(header.version);
  out.Int32(header.correlation_id);
  out.NullableString(header.client_id, false);  // never compact, not even in a flexible header
  if (RequestHeaderVersion(header.api, header.version) >= 2) out.NoTags();
}

Status DecodeRequestHeader(Reader& in, RequestHeader* header) {
  header->api = static_cast<ApiKey>(in.Int16());
  header->version = in.Int16();
  header->correlation_id = in.Int32();
  LOTIC_RETURN_NOT_OK(in.status("request header"));
  if (!SupportedVersions(header->api).Contains(header->version)) {
    return Status::NotImplemented("request ", static_cast<int16_t>(header->api), " (", header->api, ") version ", header->version);
  }
  const std::optional<std::string_view> client_id = in.NullableString(false);
  header->client_id.reset();
  if (client_id) header->client_id.emplace(*client_id);
  if (RequestHeaderVersion(header->api, header->version) >= 2) in.SkipTags();
  return in.status("request header");
}

void EncodeResponseHeader(Writer& out, ApiKey api, int16_t version, int32_t correlation_id) {
  out.Int32(correlation_id);
  if (ResponseHeaderVersion(api, version) >= 1) out.NoTags();
}

int32_t DecodeResponseHeader(Reader& in, ApiKey api, int16_t version) {
  const int32_t correlation_id = in.Int32();
  if (ResponseHeaderVersion(api, version) >= 1) in.SkipTags();
  return correlation_id;
}

}  // namespace lotic::kafka_protocol
