// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kafka_protocol/api.h"
#include "kafka_protocol/messages.h"
#include "kafka_protocol/wire.h"

namespace lotic::kafka_protocol {

// frame    := size:int32 payload[size]                        request payload := request header, body; response
// likewise request header  := api:int16 version:int16 correlation:int32 client_id:nullable string  [tags, when
// flexible] response header := correlation:int32                                                    [tags, when
// flexible; never ApiVersions]

inline constexpr size_t kFrameSizeBytes = 4;

struct RequestHeader {
  ApiKey api = ApiKey::kApiVersions;
  int16_t version = 0;
  int32_t correlation_id = 0;
  std::optional<std::string> client_id;
};

/// The payload size that a frame's first 4 bytes announce. IOError when it is negative or above `limit_bytes`; the
/// message says when the bytes look like TLS or HTTP instead of Kafka.
Result<size_t> FrameSize(Bytes first_four, size_t limit_bytes);

void EncodeRequestHeader(Writer& out, const RequestHeader& header);
/// Reads the header of any request. For an api or version that we do not speak the header's first three fields are set,
/// the reader stands behind them, and the Status is NotImplemented: the broker can still answer.
Status DecodeRequestHeader(Reader& in, RequestHeader* header);
void EncodeResponseHeader(Writer& out, ApiKey api, int16_t version, int32_t correlation_id);
/// The correlation id.
int32_t DecodeResponseHeader(Reader& in, ApiKey api, int16_t version);

/// A whole frame, size first.
template <typename Request>
std::string EncodeRequestFrame(const Request& request, int16_t version, int32_t correlation_id, std::string_view client_id) {
  std::string frame;
  Writer out(&frame);
  const size_t size_at = out.ReserveInt32();
  EncodeRequestHeader(out, {Request::kApi, version, correlation_id, std::string(client_id)});
  request.Encode(out, version);
  out.PatchInt32(size_at, static_cast<int32_t>(frame.size() - kFrameSizeBytes));
  return frame;
}

/// A whole frame, size first.
template <typename Response>
std::string EncodeResponseFrame(const Response& response, int16_t version, int32_t correlation_id) {
  std::string frame;
  Writer out(&frame);
  const size_t size_at = out.ReserveInt32();
  EncodeResponseHeader(out, Response::kApi, version, correlation_id);
  response.Encode(out, version);
  out.PatchInt32(size_at, static_cast<int32_t>(frame.size() - kFrameSizeBytes));
  return frame;
}

/// Decodes header and body from a frame's payload (without its size). IOError when the correlation id is another one or
/// the bytes are broken. Bytes behind the body are ignored, as Kafka's own clients do.
template <typename Response>
Result<Response> DecodeResponsePayload(Bytes payload, int16_t version, int32_t correlation_id) {
  Reader in(payload);
  const int32_t got = DecodeResponseHeader(in, Response::kApi, version);
  if (in.ok() && got != correlation_id) {
    return Status::IOError(ApiName(Response::kApi), " response: correlation id ", got, " where ", correlation_id, " was expected");
  }
  Response response;
  LOTIC_RETURN_NOT_OK(response.Decode(in, version));
  return response;
}

}  // namespace lotic::kafka_protocol
