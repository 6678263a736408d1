// SPDX-License-Identifier: Apache-2.0
#include "athena/http_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <utility>

namespace lotic::athena {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr size_t kOnePacketBytes = size_t{32} << 10;  // below it head and body are put together, above it copying costs more than a call
constexpr std::chrono::milliseconds kLingerTime{500};
constexpr size_t kLingerBytes = size_t{1} << 20;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::span<const uint8_t> Bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

SteadyClock::time_point Until(std::chrono::milliseconds limit) { return limit.count() == 0 ? SteadyClock::time_point::max() : SteadyClock::now() + limit; }

}  // namespace

HttpConnection::HttpConnection(std::unique_ptr<net::Stream> stream, HttpParser::Kind reads, const HttpLimits& limits)
    : stream_(std::move(stream)), limits_(limits), parser_(reads, limits), buffer_(kReadBytes) {}

Result<std::optional<HttpMessage>> HttpConnection::Read(const CallContext& ctx, const HttpTimes& times) {
  enum class Part { kFirstByte, kHead, kBody };
  Part part = Part::kFirstByte;
  std::chrono::milliseconds limit = times.first_byte;
  SteadyClock::time_point until = Until(limit);
  const auto enter = [&](Part next, std::chrono::milliseconds time) {
    part = next;
    limit = time;
    until = Until(limit);
  };
  for (;;) {
    if (begin_ < end_) {
      const std::string_view ahead(reinterpret_cast<const char*>(buffer_.data()) + begin_, end_ - begin_);
      LOTIC_ASSIGN_OR_RETURN(const size_t taken, parser_.Feed(ahead));
      begin_ += taken;
      if (parser_.complete()) return std::optional<HttpMessage>(parser_.Take());
    }
    if (part == Part::kFirstByte && parser_.started()) enter(Part::kHead, times.head);
    if (part == Part::kHead && parser_.head_complete()) {
      if (parser_.message().expects_continue) {
        if (parser_.announced_bytes() > limits_.max_body_bytes) {
          return Status::CapacityError("a body of ", parser_.announced_bytes(), " bytes; the limit is ", limits_.max_body_bytes)
              .WithDetail(std::make_shared<HttpFault>(413));
        }
        LOTIC_RETURN_NOT_OK(stream_->WriteAll(ctx, Bytes(kContinue)));
      }
      enter(Part::kBody, times.body);
    }
    if (peer_closed_) {
      LOTIC_RETURN_NOT_OK(parser_.End());
      if (parser_.complete()) return std::optional<HttpMessage>(parser_.Take());
      return std::optional<HttpMessage>();
    }
    LOTIC_ASSIGN_OR_RETURN(const net::Transfer transfer, stream_->ReadSome(buffer_));
    if (transfer.has_bytes()) {
      begin_ = 0;
      end_ = transfer.bytes;
    } else {
      begin_ = end_ = 0;
    }
    peer_closed_ = transfer.end();
    if (SteadyClock::now() >= until) {
      const char* doing = part == Part::kFirstByte ? "waiting for a message" : part == Part::kHead ? "reading headers" : "reading a body";
      const Status late = Status::DeadlineExceeded(doing, " from ", stream_->peer().ToString(), ": it took more than ", limit.count(), " ms");
      return part == Part::kFirstByte ? late : late.WithDetail(std::make_shared<HttpFault>(408));
    }
    if (!transfer.would_block()) {
      LOTIC_RETURN_NOT_OK(ctx.Check("reading from " + stream_->peer().ToString()));
      continue;
    }
    net::PollItem item = stream_->PollFor(true, false);
    std::chrono::milliseconds wait{-1};
    if (limit.count() != 0) wait = std::max(std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now()), std::chrono::milliseconds(1));
    LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const net::WaitOutcome outcome, net::Wait(ctx, {&item, 1}, nullptr, wait));
  }
}

Status HttpConnection::Write(const CallContext& ctx, std::string_view head, std::string_view body) {
  if (head.size() + body.size() <= kOnePacketBytes) {
    std::string packet;
    packet.reserve(head.size() + body.size());
    packet.append(head).append(body);
    return stream_->WriteAll(ctx, Bytes(packet));
  }
  LOTIC_RETURN_NOT_OK(stream_->WriteAll(ctx, Bytes(head)));
  return body.empty() ? Status::OK() : stream_->WriteAll(ctx, Bytes(body));
}

void HttpConnection::Finish(const CallContext& ctx) {
  if (peer_closed_ || ::shutdown(stream_->fd(), SHUT_WR) != 0) return;
  const CallContext limited = ctx.WithDeadline(SteadyClock::now() + kLingerTime);
  for (size_t dropped = 0; dropped < kLingerBytes;) {
    const Result<net::Transfer> transfer = stream_->ReadSome(buffer_);
    if (!transfer.ok() || transfer->end()) return;
    dropped += transfer->bytes;
    if (!transfer->would_block()) continue;
    net::PollItem item = stream_->PollFor(true, false);
    if (!net::Wait(limited, {&item, 1}, nullptr, std::chrono::milliseconds(-1)).ok()) return;
  }
}

}  // namespace lotic::athena
