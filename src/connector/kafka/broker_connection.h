// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connector/kafka/client_properties.h"
#include "connector/kafka/kafka_connector.h"
#include "connector/kafka/response_buffer.h"
#include "kafka_protocol/api.h"
#include "kafka_protocol/frame.h"
#include "kafka_protocol/wire.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "net/endpoint.h"
#include "net/poll.h"
#include "net/stream.h"

namespace lotic::kafka {

/// What all connections of one cluster share. Immutable.
struct ConnectionSettings {
  ClientProperties client;
  std::shared_ptr<const net::TlsContext> tls;  ///< null: plain TCP
  int64_t max_response_bytes = int64_t{256} << 20;
  LogSink log;

  void Log(LogDetail detail, const std::string& sentence) const {
    if (log) log(detail, sentence);
  }
};

/// One whole answer: the frame's payload, header first.
struct Answer {
  int32_t correlation_id = 0;
  kafka_protocol::ApiKey api = kafka_protocol::ApiKey::kApiVersions;
  int16_t version = 0;
  std::shared_ptr<ResponseBuffer> buffer;

  kafka_protocol::Bytes payload() const { return {buffer->data(), buffer->size()}; }
};

/// One connection to a broker: connected, versions agreed, logged in. Requests may be sent one after another without waiting; answers
/// come in their order. After any error the connection is of no use. One thread at a time.
///
/// Errors carry a SourceError and name what was attempted, the endpoint and how to go on; none holds a secret.
class BrokerConnection {
 public:
  static constexpr size_t kMaxRequestsInFlight = 8;

  /// Connects (with TLS if the settings say so), asks for the versions and logs in, within connection_setup_timeout and, for the
  /// exchanges, request_timeout. Errors: IOError (unreachable; no Kafka; TLS where there is none and the reverse), Unauthorized (login
  /// refused), NotImplemented (no common version), Cancelled, DeadlineExceeded.
  static Result<std::unique_ptr<BrokerConnection>> Connect(const CallContext& ctx, const net::Endpoint& endpoint,
                                                           std::shared_ptr<const ConnectionSettings> settings, std::shared_ptr<BufferPool> buffers);

  const net::Endpoint& endpoint() const { return endpoint_; }
  const kafka_protocol::BrokerVersions& versions() const { return versions_; }

  /// Queues a request and writes what can be written without waiting. @return its correlation id.
  template <typename Request>
  Result<int32_t> Send(const Request& request, int16_t version) {
    const int32_t id = next_correlation_++;
    LOTIC_RETURN_NOT_OK(Enqueue(Request::kApi, version, id, kafka_protocol::EncodeRequestFrame(request, version, id, settings_->client.client_id)));
    return id;
  }
  /// Writes and reads what is possible without waiting. @return true if a whole answer is there to take.
  Result<bool> Pump();
  /// The oldest answer, if it is there in whole.
  std::optional<Answer> TakeAnswer();
  /// What to wait for before the next Pump.
  net::PollItem PollFor() const;
  /// Waits for the oldest answer, at most `timeout`. Errors also: IOError (no answer in time), Cancelled, DeadlineExceeded.
  Result<Answer> Await(const CallContext& ctx, std::chrono::milliseconds timeout);
  size_t in_flight() const { return in_flight_.size() + ready_.size(); }

  /// Sends and waits for the answer, with the newest version both know, not above `ceiling`. Needs in_flight() == 0.
  template <typename Response, typename Request>
  Result<Response> Call(const CallContext& ctx, const Request& request, int16_t ceiling = INT16_MAX) {
    LOTIC_ASSIGN_OR_RETURN(const int16_t version, PickVersion(Request::kApi, ceiling));
    LOTIC_RETURN_NOT_OK(RenewLogin(ctx));
    LOTIC_ASSIGN_OR_RETURN(const int32_t id, Send(request, version));
    LOTIC_ASSIGN_OR_RETURN(const Answer answer, Await(ctx, settings_->client.request_timeout));
    return Decode<Response>(answer, id);
  }
  template <typename Response>
  Result<Response> Decode(const Answer& answer, int32_t correlation_id) const {
    Result<Response> response = kafka_protocol::DecodeResponsePayload<Response>(answer.payload(), answer.version, correlation_id);
    if (!response.ok()) return Broken(response.status());
    return response;
  }
  Result<int16_t> PickVersion(kafka_protocol::ApiKey api, int16_t ceiling = INT16_MAX) const;

  /// Logs in again if the broker's session ends soon (KIP-368). Needs in_flight() == 0; waits only if it is due.
  Status RenewLogin(const CallContext& ctx);
  bool login_due() const;

  /// For connections that lie idle: false if the broker has closed it or said something unasked.
  bool LooksAlive();
  uint64_t bytes_read() const { return stream_->bytes_read(); }

 private:
  struct Expected {
    int32_t correlation_id;
    kafka_protocol::ApiKey api;
    int16_t version;
  };
  BrokerConnection(net::Endpoint endpoint, std::shared_ptr<const ConnectionSettings> settings, std::shared_ptr<BufferPool> buffers);
  Status Enqueue(kafka_protocol::ApiKey api, int16_t version, int32_t id, std::string frame);
  Status WriteOut();
  Status AskVersions(const CallContext& ctx);
  Status LogIn(const CallContext& ctx);
  Result<std::string> RawSaslRound(const CallContext& ctx, std::string_view token);
  Status Broken(const Status& cause) const;
  Status Closed() const;
  std::string What() const;

  const net::Endpoint endpoint_;
  const std::shared_ptr<const ConnectionSettings> settings_;
  const std::shared_ptr<BufferPool> buffers_;
  std::unique_ptr<net::Stream> stream_;
  kafka_protocol::BrokerVersions versions_;
  int32_t next_correlation_ = 1;
  std::string out_;  // request bytes not yet written
  size_t out_written_ = 0;
  std::deque<Expected> in_flight_;  // at most kMaxRequestsInFlight with ready_
  std::deque<Answer> ready_;
  uint8_t size_bytes_[kafka_protocol::kFrameSizeBytes] = {};
  size_t size_read_ = 0;
  std::shared_ptr<ResponseBuffer> incoming_;
  size_t incoming_read_ = 0;
  int64_t answers_ = 0;  // received so far, logins included
  bool logged_in_ = false;
  std::chrono::steady_clock::time_point login_again_at_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace lotic::kafka
