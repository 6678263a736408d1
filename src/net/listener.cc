// SPDX-License-Identifier: Apache-2.0
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/resolve.h"
#include "net/stream.h"
#include "net/tls_session.h"

namespace lotic::net {
namespace {

constexpr int kBacklog = 128;
constexpr std::chrono::seconds kLookUpLimit{10};

Status CannotListen(const Endpoint& at, int error) { return Status::IOError("cannot listen on ", at.ToString(), ": ", std::strerror(error)); }

}  // namespace

Listener::Listener(int fd, Endpoint at, std::shared_ptr<const TlsContext> tls) : fd_(fd), endpoint_(std::move(at)), tls_(std::move(tls)) {}
Listener::~Listener() { close(fd_); }

Result<std::unique_ptr<Listener>> Listener::Listen(const Endpoint& at, std::shared_ptr<const TlsContext> tls) {
  LOTIC_CHECK(!tls || tls->is_server());
  const auto until = std::chrono::steady_clock::now() + kLookUpLimit;
  LOTIC_ASSIGN_OR_RETURN(const std::vector<Address> addresses, Resolve(CallContext{}, at, AddressFamily::kAny, until, true));
  const Address& address = addresses.front();
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return CannotListen(at, errno);
  std::unique_ptr<Listener> listener(new Listener(fd, at, tls));  // closes the socket on the way out
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0 || listen(fd, kBacklog) != 0) {
    return CannotListen(at, errno);
  }
  Address bound;
  bound.length = sizeof bound.storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length) != 0) return CannotListen(at, errno);
  LOTIC_ASSIGN_OR_RETURN(const Endpoint real, Endpoint::Parse(bound.ToString()));
  listener->endpoint_.port = real.port;
  return listener;
}

Result<std::unique_ptr<Stream>> Listener::TryAccept() {
  for (;;) {
    Address peer;
    peer.length = sizeof peer.storage;
    const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&peer.storage), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::unique_ptr<Stream>();
      return Status::IOError("accept on ", endpoint_.ToString(), ": ", std::strerror(errno));
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::string address = peer.ToString();
    auto endpoint = Endpoint::Parse(address);
    std::unique_ptr<Stream> stream(new Stream(fd, endpoint.ok() ? *endpoint : Endpoint{}, address));
    if (tls_) LOTIC_RETURN_NOT_OK(stream->StartTls(tls_, ""));
    return stream;
  }
}

Result<std::unique_ptr<Stream>> Listener::Accept(const CallContext& ctx) {
  for (;;) {
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<Stream> stream, TryAccept());
    if (stream) return stream;
    PollItem item = PollFor();
    auto waited = Wait(ctx, {&item, 1}, nullptr, std::chrono::milliseconds(-1));
    if (!waited.ok()) return waited.status().WithMessage("accept on ", endpoint_.ToString(), ": ", waited.status().message());
  }
}

PollItem Listener::PollFor() const { return {fd_, POLLIN}; }

}  // namespace lotic::net
