// SPDX-License-Identifier: Apache-2.0
#include "broker/session.h"

#include <algorithm>
#include <array>
#include <deque>

namespace lotic::broker {

namespace kp = kafka_protocol;
using kp::ApiKey;
using kp::ErrorCode;
using Kind = FaultAction::Kind;

namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kMaxReadsAtOnce = 64;              // then the other connections have their turn
constexpr size_t kMaxPartitionsInRequest = 10'000;  // a request that names more closes its connection: its answer might be huge
constexpr std::chrono::milliseconds kMaxFetchWait{std::chrono::minutes(5)};

bool MayComeBeforeLogin(ApiKey api) { return api == ApiKey::kApiVersions || api == ApiKey::kSaslHandshake || api == ApiKey::kSaslAuthenticate; }

}  // namespace

Session::Session(std::unique_ptr<net::Stream> stream, int32_t node, int64_t number, ServerState& state)
    : stream_(std::move(stream)), node_(node), number_(number), state_(state), sasl_(state.cluster.options().sasl_users) {}

net::PollItem Session::PollFor() const {
  const bool sending = out_sent_ < out_.size();
  return stream_->PollFor(!WholeFrame() && !close_when_sent_, sending);
}

std::optional<Session::Clock::time_point> Session::NextDeadline() const {
  if (!pending_) return std::nullopt;
  return pending_->fetch ? pending_->fetch->until : pending_->not_before;
}

void Session::Receive() {
  std::array<uint8_t, kReadBytes> chunk;
  for (size_t reads = 0; open_ && reads < kMaxReadsAtOnce && !WholeFrame(); ++reads) {
    const Result<net::Transfer> got = stream_->ReadSome(chunk);
    if (!got.ok() || got->end()) open_ = false;
    if (!open_ || got->would_block()) return;
    in_.append(reinterpret_cast<const char*>(chunk.data()), got->bytes);
  }
}

// The payload of the first request, if all of it is there.
std::optional<kp::Bytes> Session::WholeFrame() const {
  if (in_.size() < kp::kFrameSizeBytes) return std::nullopt;
  const Result<size_t> size = kp::FrameSize(kp::AsBytes(in_).first(kp::kFrameSizeBytes), state_.cluster.options().max_frame_bytes);
  if (!size.ok()) return kp::Bytes();  // Advance closes the connection
  if (in_.size() - kp::kFrameSizeBytes < *size) return std::nullopt;
  return kp::AsBytes(in_).subspan(kp::kFrameSizeBytes, *size);
}

void Session::Advance(Clock::time_point now) {
  for (;;) {
    if (!open_) return;
    if (pending_ && pending_->fetch && !ContinueFetch(now)) return;
    if (pending_) ReleasePending(now);
    Flush();
    if (pending_ || !out_.empty() || close_when_sent_ || !open_) return;
    const std::optional<kp::Bytes> payload = WholeFrame();
    if (!payload) return;
    if (payload->empty()) {  // a size that is no size, or a request without a header
      open_ = false;
      return;
    }
    Serve(*payload, now);
    if (open_) in_.erase(0, kp::kFrameSizeBytes + payload->size());
  }
}

void Session::Serve(kp::Bytes payload, Clock::time_point now) {
  kp::Reader in(payload);
  kp::RequestHeader header;
  const Status status = kp::DecodeRequestHeader(in, &header);
  if (!in.ok()) {
    open_ = false;
  } else if (!status.ok() || !state_.cluster.VersionsOf(header.api).Contains(header.version)) {
    RefuseVersion(header);
  } else if (!state_.cluster.options().sasl_users.empty() && !sasl_.done() && !MayComeBeforeLogin(header.api)) {
    open_ = false;
  } else {
    Dispatch(header, in, payload.size(), now);
  }
}

// ApiVersions says what would have been right, in the oldest form; for anything else real brokers just close.
void Session::RefuseVersion(const kp::RequestHeader& header) {
  if (header.api != ApiKey::kApiVersions) {
    open_ = false;
    return;
  }
  const kp::VersionRange range = state_.cluster.VersionsOf(ApiKey::kApiVersions);
  kp::ApiVersionsResponse response;
  response.error = ErrorCode::kUnsupportedVersion;
  response.apis.push_back({static_cast<int16_t>(ApiKey::kApiVersions), range.min, range.max});
  out_ += kp::EncodeResponseFrame(response, 0, header.correlation_id);
}

void Session::Dispatch(const kp::RequestHeader& header, kp::Reader& in, size_t request_bytes, Clock::time_point now) {
  switch (header.api) {
    case ApiKey::kProduce: return Handle<kp::ProduceRequest>(header, in, request_bytes, now);
    case ApiKey::kFetch: return Handle<kp::FetchRequest>(header, in, request_bytes, now);
    case ApiKey::kListOffsets: return Handle<kp::ListOffsetsRequest>(header, in, request_bytes, now);
    case ApiKey::kMetadata: return Handle<kp::MetadataRequest>(header, in, request_bytes, now);
    case ApiKey::kSaslHandshake: return Handle<kp::SaslHandshakeRequest>(header, in, request_bytes, now);
    case ApiKey::kApiVersions: return Handle<kp::ApiVersionsRequest>(header, in, request_bytes, now);
    case ApiKey::kCreateTopics: return Handle<kp::CreateTopicsRequest>(header, in, request_bytes, now);
    case ApiKey::kInitProducerId: return Handle<kp::InitProducerIdRequest>(header, in, request_bytes, now);
    case ApiKey::kOffsetForLeaderEpoch: return Handle<kp::OffsetForLeaderEpochRequest>(header, in, request_bytes, now);
    case ApiKey::kDescribeConfigs: return Handle<kp::DescribeConfigsRequest>(header, in, request_bytes, now);
    case ApiKey::kDescribeLogDirs: return Handle<kp::DescribeLogDirsRequest>(header, in, request_bytes, now);
    case ApiKey::kSaslAuthenticate: return Handle<kp::SaslAuthenticateRequest>(header, in, request_bytes, now);
    case ApiKey::kDescribeCluster: return Handle<kp::DescribeClusterRequest>(header, in, request_bytes, now);
    case ApiKey::kFindCoordinator: break;  // not announced
  }
  open_ = false;
}

RequestContext Session::ContextFor(const kp::RequestHeader& header, const InjectedErrors& injected) const {
  return {state_.cluster, node_, header.version, injected};
}

template <typename Request>
void Session::Handle(const kp::RequestHeader& header, kp::Reader& in, size_t request_bytes, Clock::time_point now) {
  Request request;
  if (!request.Decode(in, header.version).ok()) {
    open_ = false;
    return;
  }
  RequestRecord record;
  record.api = header.api;
  record.version = header.version;
  record.node = node_;
  record.connection = number_;
  record.client_id = header.client_id.value_or("");
  record.request_bytes = request_bytes;
  Describe(request, state_.cluster, &record);
  if (record.partitions.size() > kMaxPartitionsInRequest) {
    open_ = false;
    return;
  }
  state_.requests.Add(record);
  Pending pending{header, state_.faults.Match(record), std::nullopt, {}, now};
  if (pending.strikes.Has(Kind::kClose)) {
    open_ = false;
    return;
  }
  if constexpr (std::is_same_v<Request, kp::FetchRequest>) {
    const auto wait = std::clamp(std::chrono::milliseconds(request.max_wait_ms), std::chrono::milliseconds(0), kMaxFetchWait);
    pending.fetch = WaitingFetch{std::move(request), now + wait};
    pending_ = std::move(pending);
  } else {
    const InjectedErrors injected = pending.strikes.Errors();
    if constexpr (std::is_same_v<Request, kp::SaslHandshakeRequest> || std::is_same_v<Request, kp::SaslAuthenticateRequest>) {
      Finish(std::move(pending), AnswerHere(request, injected), now);
    } else {
      const auto response = Answer(ContextFor(header, injected), request);
      if constexpr (std::is_same_v<Request, kp::ProduceRequest>) {
        if (request.acks == 0) return;  // the client expects no answer
      }
      Finish(std::move(pending), response, now);
    }
  }
}

// True when the answer is made: records enough, an error, or the client's time is over.
bool Session::ContinueFetch(Clock::time_point now) {
  const InjectedErrors injected = pending_->strikes.Errors();
  FetchFinding finding = FindRecords(ContextFor(pending_->header, injected), pending_->fetch->request);
  if (!finding.complete && now < pending_->fetch->until && !pending_->strikes.Has(Kind::kNoData)) return false;
  std::deque<std::string> owned;
  MangleRecords(pending_->strikes, state_.cluster, pending_->header.version, &finding.response, &owned);
  Pending pending = std::move(*pending_);
  pending.fetch.reset();
  Finish(std::move(pending), finding.response, now);
  return true;
}

// Encodes the answer; ReleasePending sends it when no fault keeps it.
template <typename Response>
void Session::Finish(Pending pending, const Response& response, Clock::time_point now) {
  if (pending.strikes.Has(Kind::kCloseAfter)) {
    open_ = false;
    return;
  }
  std::string frame = kp::EncodeResponseFrame(response, pending.header.version, pending.header.correlation_id);
  pending.outgoing = MangleFrame(pending.strikes, pending.header.api, pending.header.version, std::move(frame));
  pending.not_before = now;
  if (const Fault* fault = pending.strikes.First(Kind::kDelay)) pending.not_before = now + fault->action.delay;
  for (const Strikes::One& one : pending.strikes.all) {
    if (one.what.action.kind == Kind::kHold) pending.not_before = Clock::time_point::max();
  }
  pending_ = std::move(pending);
}

void Session::ReleasePending(Clock::time_point now) {
  const bool held = std::any_of(pending_->strikes.all.begin(), pending_->strikes.all.end(),
                                [&](const Strikes::One& one) { return one.what.action.kind == Kind::kHold && !state_.faults.IsReleased(one.fault); });
  const bool was_held = pending_->not_before == Clock::time_point::max();
  if (held || (!was_held && now < pending_->not_before)) return;
  close_when_sent_ = pending_->outgoing.close_behind || refused_login_;
  out_ += pending_->outgoing.bytes;
  pending_.reset();
}

void Session::Flush() {
  while (open_ && out_sent_ < out_.size()) {
    const Result<net::Transfer> sent = stream_->WriteSome(kp::AsBytes(out_).subspan(out_sent_));
    if (!sent.ok()) {
      open_ = false;
      return;
    }
    if (sent->would_block()) return;
    out_sent_ += sent->bytes;
  }
  out_.clear();
  out_sent_ = 0;
  if (out_.capacity() > size_t{1} << 20) out_.shrink_to_fit();
  if (close_when_sent_) open_ = false;
}

kp::SaslHandshakeResponse Session::AnswerHere(const kp::SaslHandshakeRequest& request, const InjectedErrors& injected) {
  kp::SaslHandshakeResponse response;
  response.mechanisms = SaslServer::Mechanisms();
  response.error = injected.ForWhole();
  if (response.error == ErrorCode::kNone && !sasl_.Begin(request.mechanism).ok()) response.error = ErrorCode::kUnsupportedSaslMechanism;
  return response;
}

kp::SaslAuthenticateResponse Session::AnswerHere(const kp::SaslAuthenticateRequest& request, const InjectedErrors& injected) {
  kp::SaslAuthenticateResponse response;
  response.error = injected.ForWhole();
  if (response.error != ErrorCode::kNone) return response;
  if (!sasl_.begun()) {
    response.error = ErrorCode::kIllegalSaslState;
    return response;
  }
  Result<std::string> answer = sasl_.Step(request.auth_bytes);
  if (answer.ok()) {
    response.auth_bytes = std::move(*answer);
  } else {
    response.error = ErrorCode::kSaslAuthenticationFailed;
    response.error_message = answer.status().message();
    refused_login_ = true;  // the connection ends behind this answer
  }
  return response;
}

}  // namespace lotic::broker
