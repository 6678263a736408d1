// SPDX-License-Identifier: Apache-2.0
// Stream::Connect. Follows: RFC 8305 (Happy Eyeballs) in its simple form: addresses take turns by family, the next
// attempt starts 250 ms after the one before or as soon as that fails, the first to connect wins.
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lotic/source_error.h"
#include "net/resolve.h"
#include "net/stream.h"
#include "net/tls_session.h"

namespace lotic::net {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kNextAttemptAfter{250};

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct Attempt {
  Socket socket;
  Address address;
};

// On loopback a connect to a free ephemeral port can meet itself; nobody listens there.
bool IsConnectedToItself(int fd) {
  sockaddr_storage here{}, there{};
  socklen_t here_size = sizeof here, there_size = sizeof there;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&here), &here_size) == 0 && getpeername(fd, reinterpret_cast<sockaddr*>(&there), &there_size) == 0 &&
         here_size == there_size && std::memcmp(&here, &there, here_size) == 0;
}

class Race {
 public:
  Race(const Endpoint& endpoint, std::vector<Address> addresses, std::chrono::milliseconds timeout)
      : endpoint_(endpoint), addresses_(std::move(addresses)), timeout_(timeout) {}

  Result<Attempt> Run(const CallContext& ctx, SteadyClock::time_point until) {
    auto next_start = SteadyClock::now();
    while (true) {
      while (next_ < addresses_.size() && (attempts_.empty() || SteadyClock::now() >= next_start)) {
        if (Start(addresses_[next_++])) return Take(attempts_.size() - 1);
        next_start = SteadyClock::now() + kNextAttemptAfter;
      }
      if (attempts_.empty()) return AllFailed();
      auto wake_at = until;
      if (next_ < addresses_.size()) wake_at = std::min(wake_at, next_start);
      std::vector<PollItem> items;
      for (const Attempt& attempt : attempts_) items.push_back({attempt.socket.get(), POLLOUT});
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake_at - SteadyClock::now());
      LOTIC_ASSIGN_OR_RETURN(const WaitOutcome outcome, Wait(ctx, items, nullptr, std::max(left, std::chrono::milliseconds(0))));
      if (outcome == WaitOutcome::kTimeout && SteadyClock::now() >= until) return TimedOut();
      for (size_t i = items.size(); i-- > 0;) {
        if (!items[i].ready) continue;
        int error = 0;
        socklen_t size = sizeof error;
        if (getsockopt(attempts_[i].socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
        if (error == 0 && IsConnectedToItself(attempts_[i].socket.get())) error = ECONNREFUSED;
        if (error == 0) return Take(i);
        Failed(attempts_[i].address, error);
        attempts_.erase(attempts_.begin() + static_cast<ptrdiff_t>(i));
        next_start = SteadyClock::now();
      }
    }
  }

 private:
  // True when connected at once.
  bool Start(const Address& address) {
    Socket socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) {
      Failed(address, errno);
      return false;
    }
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    const int result = connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
    if (result != 0 && errno != EINPROGRESS && errno != EINTR) {
      Failed(address, errno);
      return false;
    }
    if (result == 0 && IsConnectedToItself(socket.get())) {
      Failed(address, ECONNREFUSED);
      return false;
    }
    attempts_.push_back({std::move(socket), address});
    return result == 0;
  }

  Result<Attempt> Take(size_t i) { return std::move(attempts_[i]); }

  void Failed(const Address& address, int error) {
    const std::string who = addresses_.size() > 1 || address.ToString() != endpoint_.ToString() ? address.ToString() + ": " : "";
    failures_ += (failures_.empty() ? "" : "; ") + who + std::strerror(error);
  }

  Status AllFailed() const {
    return Status::IOError("cannot connect to ", endpoint_.ToString(), ": ", failures_, "; is the address right, and is the server running?")
        .WithDetail(std::make_shared<SourceError>(true));
  }

  Status TimedOut() const {
    std::string others = failures_.empty() ? "" : "; " + failures_;
    return Status::IOError("cannot connect to ", endpoint_.ToString(), ": timed out after ", timeout_.count(), " ms (", attempts_.front().address.ToString(),
                           " does not answer", others, "); is the address right, and do firewalls let it through?")
        .WithDetail(std::make_shared<SourceError>(true));
  }

  const Endpoint& endpoint_;
  const std::vector<Address> addresses_;
  const std::chrono::milliseconds timeout_;
  size_t next_ = 0;
  std::vector<Attempt> attempts_;
  std::string failures_;
};

// A stop or deadline of the call, told with whom it was dealing.
Status Name(const CallContext& ctx, const Status& status, const Endpoint& endpoint) {
  // A query's own watch stops it at its deadline: whichever of the two is seen first, the deadline is the reason.
  if (status.IsCancelled() && SteadyClock::now() >= ctx.deadline) {
    return Status::DeadlineExceeded("connecting to ", endpoint.ToString(), ": the time limit has passed");
  }
  if (status.code() != StatusCode::kCancelled && status.code() != StatusCode::kDeadlineExceeded) return status;
  return status.WithMessage("connecting to ", endpoint.ToString(), ": ", status.message());
}

}  // namespace

Result<std::unique_ptr<Stream>> Stream::Connect(const CallContext& ctx, const Endpoint& endpoint, const ConnectOptions& options) {
  if (endpoint.host.empty() || endpoint.port == 0) {
    return Status::Invalid("cannot connect to \"", endpoint.ToString(), "\": host and port are needed");
  }
  if (options.timeout.count() <= 0) {
    return Status::Invalid("cannot connect to ", endpoint.ToString(), ": the connection time limit must be above 0 ms");
  }
  const auto now = SteadyClock::now();
  const auto until = options.timeout < SteadyClock::time_point::max() - now ? now + options.timeout : SteadyClock::time_point::max();
  auto addresses = Resolve(ctx, endpoint, options.family, until);
  if (!addresses.ok()) return Name(ctx, addresses.status(), endpoint);
  Race race(endpoint, std::move(*addresses), options.timeout);
  auto attempt = race.Run(ctx, until);
  if (!attempt.ok()) return Name(ctx, attempt.status(), endpoint);
  std::unique_ptr<Stream> stream(new Stream(attempt->socket.Release(), endpoint, attempt->address.ToString()));
  if (options.tls) {
    LOTIC_CHECK(!options.tls->is_server());
    LOTIC_RETURN_NOT_OK(stream->StartTls(options.tls, options.not_tls_hint));
    const Status handshake = stream->Handshake(ctx, until, options.timeout);
    if (!handshake.ok()) return Name(ctx, handshake, endpoint);
  }
  return stream;
}

}  // namespace lotic::net
