// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/cluster.h"
#include "broker/fault_script.h"
#include "broker/request_log.h"
#include "broker/sasl_server.h"
#include "kafka_protocol/frame.h"
#include "net/poll.h"
#include "net/stream.h"

namespace lotic::broker {

/// What sessions share; the broker's mutex guards it.
struct ServerState {
  explicit ServerState(const BrokerOptions& options) : cluster(options) {}
  Cluster cluster;
  FaultScript faults;
  RequestLog requests;
};

/// One connection: takes its requests one after the other and answers each before the next is looked at, as real
/// brokers do. Never waits. One thread at a time, under the broker's mutex.
class Session {
 public:
  using Clock = std::chrono::steady_clock;

  Session(std::unique_ptr<net::Stream> stream, int32_t node, int64_t number, ServerState& state);

  net::PollItem PollFor() const;
  /// Reads what has come.
  void Receive();
  /// Goes as far as possible: answers requests that are there, answers that are due, bytes that the socket takes.
  void Advance(Clock::time_point now);
  /// When Advance has something to do though nothing came; nullopt: never.
  std::optional<Clock::time_point> NextDeadline() const;
  void Close() { open_ = false; }
  bool is_open() const { return open_; }
  int32_t node() const { return node_; }

 private:
  struct WaitingFetch {
    kafka_protocol::FetchRequest request;
    Clock::time_point until;
  };
  // An answer that is not on its way yet.
  struct Pending {
    kafka_protocol::RequestHeader header;
    Strikes strikes;
    std::optional<WaitingFetch> fetch;  // still looking for records; else `outgoing` waits for its time
    Outgoing outgoing;
    Clock::time_point not_before;
  };

  std::optional<kafka_protocol::Bytes> WholeFrame() const;
  void Serve(kafka_protocol::Bytes payload, Clock::time_point now);
  void Dispatch(const kafka_protocol::RequestHeader& header, kafka_protocol::Reader& in, size_t request_bytes, Clock::time_point now);
  template <typename Request>
  void Handle(const kafka_protocol::RequestHeader& header, kafka_protocol::Reader& in, size_t request_bytes, Clock::time_point now);
  template <typename Response>
  void Finish(Pending pending, const Response& response, Clock::time_point now);
  void RefuseVersion(const kafka_protocol::RequestHeader& header);
  bool ContinueFetch(Clock::time_point now);
  void ReleasePending(Clock::time_point now);
  void Flush();
  RequestContext ContextFor(const kafka_protocol::RequestHeader& header, const InjectedErrors& injected) const;
  // SASL needs to know the connection.
  kafka_protocol::SaslHandshakeResponse AnswerHere(const kafka_protocol::SaslHandshakeRequest& request, const InjectedErrors& injected);
  kafka_protocol::SaslAuthenticateResponse AnswerHere(const kafka_protocol::SaslAuthenticateRequest& request, const InjectedErrors& injected);

  const std::unique_ptr<net::Stream> stream_;
  const int32_t node_;
  const int64_t number_;
  ServerState& state_;
  SaslServer sasl_;
  bool open_ = true;
  bool close_when_sent_ = false;
  bool refused_login_ = false;
  std::string in_;
  std::string out_;
  size_t out_sent_ = 0;
  std::optional<Pending> pending_;
};

}  // namespace lotic::broker
