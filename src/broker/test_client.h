// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka_protocol/frame.h"
#include "kafka_protocol/messages.h"
#include "kafka_protocol/record_batch.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "net/stream.h"

namespace lotic::broker {

/// A client for this folder's tests that says exactly what a test wants and shows what came back. One thread at a time.
class TestClient {
 public:
  /// Every answer must come within kPatience.
  static constexpr std::chrono::seconds kPatience{20};

  static Result<std::unique_ptr<TestClient>> Connect(uint16_t port, std::shared_ptr<const net::TlsContext> tls = nullptr);

  /// Sends a request and takes its answer.
  template <typename Response, typename Request>
  Result<Response> Call(const Request& request, int16_t version) {
    LOTIC_RETURN_NOT_OK(Send(kafka_protocol::EncodeRequestFrame(request, version, ++correlation_, "test")));
    return Receive<Response>(version);
  }
  template <typename Request>
  Status Ask(const Request& request, int16_t version) {
    return Send(kafka_protocol::EncodeRequestFrame(request, version, ++correlation_, "test"));
  }
  /// The answer to the last request. What it borrows lives until the next call.
  template <typename Response>
  Result<Response> Receive(int16_t version) {
    LOTIC_RETURN_NOT_OK(ReceivePayload());
    return kafka_protocol::DecodeResponsePayload<Response>(kafka_protocol::AsBytes(payload_), version, correlation_);
  }
  Status Send(std::string_view bytes);
  /// The next `size` bytes as they come.
  Result<std::string> ReceiveRaw(size_t size);
  /// The payload of the next frame, kept for payload().
  Status ReceivePayload();
  const std::string& payload() const { return payload_; }
  /// OK when the broker closes the connection without another byte.
  Status ExpectClosed();

 private:
  explicit TestClient(std::unique_ptr<net::Stream> stream) : stream_(std::move(stream)) {}
  static CallContext Context();
  std::unique_ptr<net::Stream> stream_;
  std::string payload_;
  int32_t correlation_ = 0;
};

/// A record as a consumer sees it.
struct SeenRecord {
  int64_t offset = 0;
  int64_t timestamp = -1;
  std::optional<std::string> key, value;
};
/// All records in fetched bytes, after checking every CRC. Control batches are left out.
Result<std::vector<SeenRecord>> ReadRecords(kafka_protocol::Bytes records);

/// A Fetch of one partition.
kafka_protocol::FetchRequest FetchOf(const std::string& topic, int32_t partition, int64_t offset);
kafka_protocol::FetchRequest FetchOf(const kafka_protocol::Uuid& topic, int32_t partition, int64_t offset);

}  // namespace lotic::broker
