// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lotic/source_error.h"
#include "net/tls_session.h"

namespace lotic::net {

Stream::Stream(int fd, Endpoint peer, std::string address) : fd_(fd), peer_(std::move(peer)), address_(std::move(address)) {}

Stream::~Stream() {
  tls_.reset();
  close(fd_);
}

Status Stream::SystemFailure(int error, std::string_view doing) const {
  return Status::IOError(doing, " failed: connection to ", peer_.ToString(), ": ", std::strerror(error)).WithDetail(std::make_shared<SourceError>(true));
}

Status Stream::StartTls(std::shared_ptr<const TlsContext> context, std::string not_tls_hint) {
  LOTIC_ASSIGN_OR_RETURN(tls_, Tls::Start(fd_, peer_, std::move(context), std::move(not_tls_hint)));
  return Status::OK();
}

Status Stream::Handshake(const CallContext& ctx, std::chrono::steady_clock::time_point until, std::chrono::milliseconds timeout) {
  for (;;) {
    LOTIC_ASSIGN_OR_RETURN(const Tls::Progress progress, tls_->HandshakeStep());
    if (progress == Tls::Progress::kDone) return Status::OK();
    PollItem item{fd_, static_cast<short>(progress == Tls::Progress::kWantsWrite ? POLLOUT : POLLIN)};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    WaitOutcome outcome = WaitOutcome::kTimeout;
    if (left.count() > 0) {
      LOTIC_ASSIGN_OR_RETURN(outcome, Wait(ctx, {&item, 1}, nullptr, left));
    }
    if (outcome != WaitOutcome::kTimeout) continue;
    const std::string limit = "timed out after " + std::to_string(timeout.count()) + " ms";
    if (tls_->heard_nothing()) return tls_->NotTls(limit + " without an answer");
    return Status::IOError("TLS handshake with ", peer_.ToString(), " ", limit).WithDetail(std::make_shared<SourceError>(true));
  }
}

Result<Transfer> Stream::ReadPlain(std::span<uint8_t> into) {
  for (;;) {
    const ssize_t got = recv(fd_, into.data(), into.size(), 0);
    if (got > 0) return Transfer{Transfer::Kind::kBytes, static_cast<size_t>(got)};
    if (got == 0) return Transfer{Transfer::Kind::kEnd, 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Transfer{};
    return SystemFailure(errno, "read");
  }
}

Result<Transfer> Stream::WritePlain(std::span<const uint8_t> data) {
  for (;;) {
    const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) return Transfer{Transfer::Kind::kBytes, static_cast<size_t>(sent)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Transfer{};
    return SystemFailure(errno, "write");
  }
}

Result<Transfer> Stream::ReadSome(std::span<uint8_t> into) {
  if (into.empty()) return Status::Invalid("ReadSome into an empty buffer");
  Result<Transfer> transfer = tls_ ? tls_->Read(into) : ReadPlain(into);
  if (transfer.ok()) bytes_read_ += transfer->bytes;
  return transfer;
}

Result<Transfer> Stream::WriteSome(std::span<const uint8_t> data) {
  if (data.empty()) return Status::Invalid("WriteSome of nothing");
  Result<Transfer> transfer = tls_ ? tls_->Write(data) : WritePlain(data);
  if (transfer.ok()) bytes_written_ += transfer->bytes;
  return transfer;
}

Status Stream::ReadAll(const CallContext& ctx, std::span<uint8_t> into) {
  constexpr std::chrono::milliseconds kNoLimit{-1};
  size_t done = 0;
  while (done < into.size()) {
    LOTIC_RETURN_NOT_OK(ctx.Check("read from " + peer_.ToString()));
    LOTIC_ASSIGN_OR_RETURN(const Transfer transfer, ReadSome(into.subspan(done)));
    if (transfer.end()) {
      return Status::IOError("read failed: ", peer_.ToString(), " closed the connection after ", done, " of ", into.size(), " bytes")
          .WithDetail(std::make_shared<SourceError>(true));
    }
    done += transfer.bytes;
    if (!transfer.would_block()) continue;
    PollItem item = PollFor(true, false);
    auto waited = Wait(ctx, {&item, 1}, nullptr, kNoLimit);
    if (!waited.ok()) return waited.status().WithMessage("read from ", peer_.ToString(), ": ", waited.status().message());
  }
  return Status::OK();
}

Status Stream::WriteAll(const CallContext& ctx, std::span<const uint8_t> data) {
  constexpr std::chrono::milliseconds kNoLimit{-1};
  size_t done = 0;
  while (done < data.size()) {
    LOTIC_RETURN_NOT_OK(ctx.Check("write to " + peer_.ToString()));
    LOTIC_ASSIGN_OR_RETURN(const Transfer transfer, WriteSome(data.subspan(done)));
    done += transfer.bytes;
    if (!transfer.would_block()) continue;
    PollItem item = PollFor(false, true);
    auto waited = Wait(ctx, {&item, 1}, nullptr, kNoLimit);
    if (!waited.ok()) return waited.status().WithMessage("write to ", peer_.ToString(), ": ", waited.status().message());
  }
  return Status::OK();
}

PollItem Stream::PollFor(bool want_read, bool want_write) const {
  PollItem item{fd_};
  bool in = want_read, out = want_write;
  if (tls_) {
    if (want_read && tls_->read_wants_write) out = true;
    if (want_write && tls_->write_wants_read) {
      out = want_read && tls_->read_wants_write;  // writing goes on after something has come, not before
      in = true;
    }
    item.buffered = want_read && tls_->has_buffered();
  }
  item.events = static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0));
  return item;
}

bool Stream::has_buffered() const { return tls_ && tls_->has_buffered(); }

std::string Stream::TlsDescription() const {
  if (!tls_ || !tls_->handshake_done) return "";
  return std::string(SSL_get_version(tls_->ssl)) + " " + SSL_get_cipher_name(tls_->ssl);
}

void Stream::Abort() const { shutdown(fd_, SHUT_RDWR); }

}  // namespace lotic::net
