// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/broker_connection.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "connector/kafka/sasl.h"
#include "kafka_protocol/messages.h"
#include "lotic/source_error.h"

namespace lotic::kafka {

using kafka_protocol::ApiKey;
using kafka_protocol::ApiName;
using kafka_protocol::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

Status Retryable(const Status& status) { return status.WithDetail(std::make_shared<SourceError>(true)); }
Status Permanent(const Status& status) { return status.WithDetail(std::make_shared<SourceError>(false)); }

/// A session is renewed when this much of its life is over.
constexpr double kRenewAfter = 0.8;

}  // namespace

BrokerConnection::BrokerConnection(net::Endpoint endpoint, std::shared_ptr<const ConnectionSettings> settings, std::shared_ptr<BufferPool> buffers)
    : endpoint_(std::move(endpoint)), settings_(std::move(settings)), buffers_(std::move(buffers)) {}

Result<std::unique_ptr<BrokerConnection>> BrokerConnection::Connect(const CallContext& ctx, const net::Endpoint& endpoint,
                                                                    std::shared_ptr<const ConnectionSettings> settings, std::shared_ptr<BufferPool> buffers) {
  std::unique_ptr<BrokerConnection> made(new BrokerConnection(endpoint, std::move(settings), std::move(buffers)));
  const ClientProperties& client = made->settings_->client;
  net::ConnectOptions options;
  options.tls = made->settings_->tls;
  options.timeout = client.connection_setup_timeout;
  options.family = client.address_family;
  options.not_tls_hint = std::string("It is asked with security.protocol=") + std::string(SecurityProtocolName(client.security_protocol)) +
                         "; for a plaintext listener set security.protocol=" + (client.uses_sasl() ? "SASL_PLAINTEXT" : "PLAINTEXT");
  LOTIC_ASSIGN_OR_RETURN(made->stream_, net::Stream::Connect(ctx, endpoint, options));
  LOTIC_RETURN_NOT_OK(made->AskVersions(ctx));
  if (client.uses_sasl()) LOTIC_RETURN_NOT_OK(made->LogIn(ctx));
  made->logged_in_ = true;
  made->settings_->Log(LogDetail::kEvent, "connected to broker " + endpoint.ToString() + " (security.protocol=" +
                                              std::string(SecurityProtocolName(client.security_protocol)) + ", client.id=" + client.client_id + ")");
  return made;
}

std::string BrokerConnection::What() const { return in_flight_.empty() ? "waiting" : std::string(ApiName(in_flight_.front().api)) + " request"; }

Status BrokerConnection::Broken(const Status& cause) const {
  if (cause.code() == StatusCode::kCancelled || cause.code() == StatusCode::kDeadlineExceeded) return cause;
  Status named = cause;
  if (cause.message().find(endpoint_.ToString()) == std::string::npos) {
    named = cause.WithMessage("broker ", endpoint_.ToString(), ": ", cause.message());
  }
  return SourceError::From(named) == nullptr ? Retryable(named) : named;
}

Status BrokerConnection::Closed() const {
  const ClientProperties& client = settings_->client;
  std::string hint;
  if (answers_ == 0) {  // not even ApiVersions was answered
    hint = client.uses_tls() ? "; is this a Kafka listener?"
                             : std::string("; if this listener speaks TLS, set security.protocol=") + (client.uses_sasl() ? "SASL_SSL" : "SSL");
  } else if (answers_ == 1 && !client.uses_sasl()) {
    hint = std::string("; if this listener wants a login, set security.protocol=") + (client.uses_tls() ? "SASL_SSL" : "SASL_PLAINTEXT") +
           " with sasl.mechanism, sasl.username and sasl.password";
  }
  return Retryable(Status::IOError("broker ", endpoint_.ToString(), ": the connection was closed during a ", What(),
                                   " (security.protocol=", SecurityProtocolName(client.security_protocol), ")", hint));
}

Status BrokerConnection::Enqueue(ApiKey api, int16_t version, int32_t id, std::string frame) {
  if (in_flight() >= kMaxRequestsInFlight) {
    return Status::CapacityError("broker ", endpoint_.ToString(), ": more than ", kMaxRequestsInFlight, " requests in flight");
  }
  settings_->Log(LogDetail::kRequest, "broker " + endpoint_.ToString() + ": " + std::string(ApiName(api)) + " v" + std::to_string(version));
  in_flight_.push_back({id, api, version});
  out_ += frame;
  return WriteOut();  // not Pump: an answer taken in here would not wake anybody who then waits for it
}

Status BrokerConnection::WriteOut() {
  while (out_written_ < out_.size()) {
    Result<net::Transfer> sent = stream_->WriteSome({reinterpret_cast<const uint8_t*>(out_.data()) + out_written_, out_.size() - out_written_});
    if (!sent.ok()) {
      // The broker may have said why before it closed: what it sent is read first.
      if (in_flight_.size() == 1 && answers_ == 0) break;
      return Broken(sent.status());
    }
    if (!sent->has_bytes()) break;
    out_written_ += sent->bytes;
  }
  if (out_written_ == out_.size()) {
    out_.clear();
    out_written_ = 0;
  }
  return Status::OK();
}

Result<bool> BrokerConnection::Pump() {
  LOTIC_RETURN_NOT_OK(WriteOut());
  while (!in_flight_.empty()) {
    if (incoming_ == nullptr) {
      Result<net::Transfer> got = stream_->ReadSome({size_bytes_ + size_read_, sizeof size_bytes_ - size_read_});
      if (!got.ok()) return answers_ <= 1 ? Closed().WithMessage(Closed().message(), " [", got.status().message(), "]") : Broken(got.status());
      if (got->would_block()) break;
      if (got->end()) return Closed();
      size_read_ += got->bytes;
      if (size_read_ < sizeof size_bytes_) continue;
      Result<size_t> size = kafka_protocol::FrameSize(size_bytes_, static_cast<size_t>(settings_->max_response_bytes));
      if (!size.ok()) {
        const Status cause = Broken(size.status());
        if (size_bytes_[0] == 0x15 && size_bytes_[1] == 0x03) {  // a TLS alert record
          return Permanent(cause.WithMessage("broker ", endpoint_.ToString(), ": it answers the ", What(),
                                             " with a TLS alert, so this listener speaks TLS; set "
                                             "security.protocol=",
                                             settings_->client.uses_sasl() ? "SASL_SSL" : "SSL", " (it is ",
                                             SecurityProtocolName(settings_->client.security_protocol), ")"));
        }
        return Permanent(cause.WithMessage(cause.message(), " (in the answer to a ", What(), ", limit max_response_bytes)"));
      }
      incoming_ = buffers_->Take(*size);
      incoming_read_ = 0;
    }
    if (incoming_read_ < incoming_->size()) {
      Result<net::Transfer> got = stream_->ReadSome({incoming_->data() + incoming_read_, incoming_->size() - incoming_read_});
      if (!got.ok()) return Broken(got.status());
      if (got->would_block()) break;
      if (got->end()) return Closed();
      incoming_read_ += got->bytes;
    }
    if (incoming_read_ == incoming_->size()) {
      const Expected expected = in_flight_.front();
      in_flight_.pop_front();
      ready_.push_back({expected.correlation_id, expected.api, expected.version, std::move(incoming_)});
      incoming_ = nullptr;
      size_read_ = 0;
      ++answers_;
    }
  }
  return !ready_.empty();
}

std::optional<Answer> BrokerConnection::TakeAnswer() {
  if (ready_.empty()) return std::nullopt;
  Answer answer = std::move(ready_.front());
  ready_.pop_front();
  return answer;
}

net::PollItem BrokerConnection::PollFor() const { return stream_->PollFor(!in_flight_.empty(), out_written_ < out_.size()); }

Result<Answer> BrokerConnection::Await(const CallContext& ctx, milliseconds timeout) {
  const auto until = steady_clock::now() + timeout;
  while (true) {
    LOTIC_ASSIGN_OR_RETURN(const bool ready, Pump());
    if (ready) return *TakeAnswer();
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    if (left.count() <= 0) {
      std::string hint;
      if (answers_ == 0 && !settings_->client.uses_tls()) hint = "; if this listener speaks TLS, set security.protocol=SSL";
      return Retryable(
          Status::IOError("broker ", endpoint_.ToString(), ": no answer to a ", What(), " within ", timeout.count(), " ms (request.timeout.ms)", hint));
    }
    net::PollItem item = PollFor();
    const Result<net::WaitOutcome> outcome = net::Wait(ctx, {&item, 1}, nullptr, left);
    // A query's own watch stops it at its deadline: whichever of the two is seen first, the deadline is the reason.
    if (!outcome.ok() && steady_clock::now() >= ctx.deadline) {
      return Status::DeadlineExceeded("broker ", endpoint_.ToString(), ": no answer to a ", What(), " yet: the time limit has passed");
    }
    LOTIC_RETURN_NOT_OK(outcome.status());
  }
}

Result<int16_t> BrokerConnection::PickVersion(ApiKey api, int16_t ceiling) const {
  Result<int16_t> version = versions_.Pick(api, ceiling);
  if (!version.ok()) return version.status().WithMessage("broker ", endpoint_.ToString(), ": ", version.status().message());
  return version;
}

Status BrokerConnection::AskVersions(const CallContext& ctx) {
  int16_t version = kafka_protocol::SupportedVersions(ApiKey::kApiVersions).max;
  // Newest first; a broker that does not know it answers in form 0 with its own range. A broker that knows nothing at all closes.
  for (int attempt = 0; attempt < 2; ++attempt) {
    kafka_protocol::ApiVersionsRequest request;
    request.client_software_name = "lotic";
    request.client_software_version = "0.1";
    LOTIC_ASSIGN_OR_RETURN(const int32_t id, Send(request, version));
    LOTIC_ASSIGN_OR_RETURN(const Answer answer, Await(ctx, std::min(settings_->client.request_timeout, settings_->client.connection_setup_timeout)));
    LOTIC_ASSIGN_OR_RETURN(const kafka_protocol::ApiVersionsResponse response, Decode<kafka_protocol::ApiVersionsResponse>(answer, id));
    if (response.error == ErrorCode::kUnsupportedVersion && version > 0) {
      int16_t offered = 0;
      for (const auto& api : response.apis) {
        if (api.key == static_cast<int16_t>(ApiKey::kApiVersions)) offered = api.max;
      }
      version = std::min<int16_t>(offered, static_cast<int16_t>(version - 1));
      continue;
    }
    if (response.error != ErrorCode::kNone) {
      return Broken(kafka_protocol::StatusFromError(response.error, "ApiVersions at " + endpoint_.ToString()));
    }
    versions_ = kafka_protocol::BrokerVersions(response);
    return Status::OK();
  }
  return Permanent(Status::NotImplemented("broker ", endpoint_.ToString(), ": no version of ApiVersions in common"));
}

Result<std::string> BrokerConnection::RawSaslRound(const CallContext& ctx, std::string_view token) {
  // Before SaslAuthenticate (Kafka 1.0) tokens travel bare, each behind its size.
  std::string frame(kafka_protocol::kFrameSizeBytes, '\0');
  kafka_protocol::StoreBigEndian(frame.data(), static_cast<int32_t>(token.size()));
  frame += token;
  const CallContext limited = ctx.WithDeadline(steady_clock::now() + settings_->client.request_timeout);
  LOTIC_RETURN_NOT_OK(stream_->WriteAll(limited, {reinterpret_cast<const uint8_t*>(frame.data()), frame.size()}));
  uint8_t size_bytes[kafka_protocol::kFrameSizeBytes];
  LOTIC_RETURN_NOT_OK(stream_->ReadAll(limited, size_bytes));
  LOTIC_ASSIGN_OR_RETURN(const size_t size, kafka_protocol::FrameSize(size_bytes, size_t{1} << 16));
  std::string answer(size, '\0');
  if (size > 0) LOTIC_RETURN_NOT_OK(stream_->ReadAll(limited, {reinterpret_cast<uint8_t*>(answer.data()), size}));
  return answer;
}

Status BrokerConnection::LogIn(const CallContext& ctx) {
  const ClientProperties& client = settings_->client;
  const auto doing = [&] { return "login as '" + client.sasl_username + "' by " + client.sasl_mechanism + " at " + endpoint_.ToString(); };
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<SaslMechanism> mechanism, MakeSaslMechanism({client.sasl_mechanism, client.sasl_username, client.sasl_password}));
  LOTIC_ASSIGN_OR_RETURN(const int16_t handshake_version, PickVersion(ApiKey::kSaslHandshake));
  kafka_protocol::SaslHandshakeRequest handshake;
  handshake.mechanism = std::string(mechanism->name());
  LOTIC_ASSIGN_OR_RETURN(const int32_t id, Send(handshake, handshake_version));
  LOTIC_ASSIGN_OR_RETURN(const Answer answer, Await(ctx, client.request_timeout));
  LOTIC_ASSIGN_OR_RETURN(const kafka_protocol::SaslHandshakeResponse offered, Decode<kafka_protocol::SaslHandshakeResponse>(answer, id));
  if (offered.error == ErrorCode::kUnsupportedSaslMechanism) {
    std::string names;
    for (const std::string& name : offered.mechanisms) names += (names.empty() ? "" : ", ") + name;
    return Permanent(
        Status::Unauthorized(doing(), ": the broker does not offer sasl.mechanism=", client.sasl_mechanism, "; it offers: ", names.empty() ? "none" : names));
  }
  if (offered.error == ErrorCode::kIllegalSaslState && !logged_in_) {
    return Permanent(Status::Unauthorized(doing(), ": this listener takes no login; set security.protocol=", client.uses_tls() ? "SSL" : "PLAINTEXT",
                                          " (it is ", SecurityProtocolName(client.security_protocol), ")"));
  }
  if (offered.error != ErrorCode::kNone) return Broken(kafka_protocol::StatusFromError(offered.error, doing()));

  constexpr int kMaxRounds = 16;
  int64_t lifetime_ms = 0;
  std::string challenge;
  for (int round = 0; !mechanism->done(); ++round) {
    if (round == kMaxRounds) return Permanent(Status::IOError(doing(), ": no end after ", kMaxRounds, " rounds"));
    const kafka_protocol::Bytes received = kafka_protocol::AsBytes(challenge);
    Result<SaslBytes> message = mechanism->Step(received);
    if (!message.ok()) {
      const Status& cause = message.status();
      return Permanent(cause.WithMessage(doing(), ": ", cause.message()));
    }
    if (mechanism->done()) break;
    std::string token(reinterpret_cast<const char*>(message->data()), message->size());
    if (handshake_version == 0) {
      Result<std::string> reply = RawSaslRound(ctx, token);
      if (!reply.ok()) {
        if (reply.status().code() != StatusCode::kIOError) return reply.status();
        return Permanent(Status::Unauthorized(doing(), ": the broker closed the connection: wrong name or password?"));
      }
      challenge = std::move(*reply);
      continue;
    }
    kafka_protocol::SaslAuthenticateRequest request;
    request.auth_bytes = std::move(token);
    LOTIC_ASSIGN_OR_RETURN(const int16_t version, PickVersion(ApiKey::kSaslAuthenticate));
    LOTIC_ASSIGN_OR_RETURN(const int32_t sent, Send(request, version));
    LOTIC_ASSIGN_OR_RETURN(const Answer reply, Await(ctx, client.request_timeout));
    LOTIC_ASSIGN_OR_RETURN(kafka_protocol::SaslAuthenticateResponse response, Decode<kafka_protocol::SaslAuthenticateResponse>(reply, sent));
    if (response.error != ErrorCode::kNone) {
      if (response.error == ErrorCode::kSaslAuthenticationFailed) {
        return Permanent(Status::Unauthorized(doing(), " was refused: ", response.error_message.value_or("wrong name or password"),
                                              "; check sasl.username and sasl.password (or sasl.jaas.config)"));
      }
      return Broken(kafka_protocol::StatusFromError(response.error, doing()));
    }
    lifetime_ms = response.session_lifetime_ms;
    challenge = std::move(response.auth_bytes);
  }
  login_again_at_ = steady_clock::time_point::max();
  if (lifetime_ms > 0) {
    const auto wait = static_cast<int64_t>(kRenewAfter * static_cast<double>(std::min<int64_t>(lifetime_ms, int64_t{1} << 40)));
    login_again_at_ = steady_clock::now() + milliseconds(wait);
  }
  return Status::OK();
}

bool BrokerConnection::login_due() const { return steady_clock::now() >= login_again_at_; }

Status BrokerConnection::RenewLogin(const CallContext& ctx) {
  if (!login_due()) return Status::OK();
  return LogIn(ctx);
}

bool BrokerConnection::LooksAlive() {
  if (in_flight() != 0 || !out_.empty()) return false;
  uint8_t byte;
  Result<net::Transfer> got = stream_->ReadSome({&byte, 1});
  return got.ok() && got->would_block();
}

}  // namespace lotic::kafka
