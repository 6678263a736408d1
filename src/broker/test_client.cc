// SPDX-License-Identifier: Apache-2.0
#include "broker/test_client.h"

namespace lotic::broker {

namespace kp = kafka_protocol;

namespace {

constexpr size_t kMaxAnswerBytes = size_t{128} << 20;

std::span<uint8_t> Writable(std::string* text) { return {reinterpret_cast<uint8_t*>(text->data()), text->size()}; }

std::optional<std::string> Copy(bool there, kp::Bytes bytes) {
  if (!there) return std::nullopt;
  return std::string(kp::AsText(bytes));
}

}  // namespace

CallContext TestClient::Context() { return CallContext{}.WithDeadline(std::chrono::steady_clock::now() + kPatience); }

Result<std::unique_ptr<TestClient>> TestClient::Connect(uint16_t port, std::shared_ptr<const net::TlsContext> tls) {
  net::ConnectOptions options;
  options.tls = std::move(tls);
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<net::Stream> stream, net::Stream::Connect(Context(), {"127.0.0.1", port}, options));
  return std::unique_ptr<TestClient>(new TestClient(std::move(stream)));
}

Status TestClient::Send(std::string_view bytes) { return stream_->WriteAll(Context(), kp::AsBytes(bytes)); }

Result<std::string> TestClient::ReceiveRaw(size_t size) {
  std::string bytes(size, '\0');
  LOTIC_RETURN_NOT_OK(stream_->ReadAll(Context(), Writable(&bytes)));
  return bytes;
}

Status TestClient::ReceivePayload() {
  LOTIC_ASSIGN_OR_RETURN(const std::string prefix, ReceiveRaw(kp::kFrameSizeBytes));
  LOTIC_ASSIGN_OR_RETURN(const size_t size, kp::FrameSize(kp::AsBytes(prefix), kMaxAnswerBytes));
  LOTIC_ASSIGN_OR_RETURN(payload_, ReceiveRaw(size));
  return Status::OK();
}

Status TestClient::ExpectClosed() {
  for (;;) {
    uint8_t byte;
    const Result<net::Transfer> got = stream_->ReadSome({&byte, 1});
    if (!got.ok() || got->end()) return Status::OK();  // an orderly end or a reset
    if (got->has_bytes()) return Status::Invalid("the broker sent another byte");
    net::PollItem item = stream_->PollFor(true, false);
    LOTIC_RETURN_NOT_OK(net::Wait(Context(), {&item, 1}, nullptr, std::chrono::milliseconds(-1)).status());
  }
}

Result<std::vector<SeenRecord>> ReadRecords(kp::Bytes records) {
  std::vector<SeenRecord> seen;
  kp::BatchScanner scanner(records);
  kp::BatchReader reader;
  for (kp::BatchView batch; scanner.Next(&batch);) {
    LOTIC_RETURN_NOT_OK(kp::CheckCrc(batch));
    if (batch.header.is_control()) continue;
    kp::RecordCursor cursor;
    LOTIC_RETURN_NOT_OK(reader.Open(batch, &cursor));
    for (kp::RecordView record; cursor.Next(record);) {
      seen.push_back({record.offset, record.timestamp, Copy(record.has_key(), record.key_bytes()), Copy(record.has_value(), record.value_bytes())});
    }
    LOTIC_RETURN_NOT_OK(cursor.status());
  }
  LOTIC_RETURN_NOT_OK(scanner.status());
  return seen;
}

kp::FetchRequest FetchOf(const std::string& topic, int32_t partition, int64_t offset) {
  kp::FetchRequest request;
  request.max_wait_ms = 0;
  request.topics.emplace_back().name = topic;
  kp::FetchRequest::Partition& asked = request.topics.front().partitions.emplace_back();
  asked.index = partition;
  asked.fetch_offset = offset;
  return request;
}

kp::FetchRequest FetchOf(const kp::Uuid& topic, int32_t partition, int64_t offset) {
  kp::FetchRequest request = FetchOf(std::string(), partition, offset);
  request.topics.front().topic_id = topic;
  return request;
}

}  // namespace lotic::broker
