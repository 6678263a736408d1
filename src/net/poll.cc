// SPDX-License-Identifier: Apache-2.0
#include "net/poll.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

namespace lotic::net {

Waker::Waker() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { LOTIC_CHECK(fd_ >= 0); }
Waker::~Waker() { close(fd_); }

void Waker::Wake() const {
  const uint64_t one = 1;
  // EAGAIN means the counter is at its limit: a wake is pending anyway.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

void Waker::Drain() const {
  uint64_t count;
  [[maybe_unused]] const ssize_t got = read(fd_, &count, sizeof count);
}

namespace {

// Milliseconds for poll(2): rounded up, so that a wait never spins at its end; -1 without a limit.
int PollTimeout(std::chrono::steady_clock::time_point until) {
  if (until == std::chrono::steady_clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1'000'000'000));
}

}  // namespace

Result<WaitOutcome> Wait(const CallContext& ctx, std::span<PollItem> items, const Waker* waker, std::chrono::milliseconds timeout) {
  using Clock = std::chrono::steady_clock;
  LOTIC_RETURN_NOT_OK(ctx.Check("waiting for the network"));
  bool buffered = false;
  std::vector<pollfd> fds;
  fds.reserve(items.size() + 2);
  for (PollItem& item : items) {
    item.ready = item.buffered;
    buffered |= item.buffered;
    fds.push_back({item.fd, item.events, 0});
  }
  // The stop arrives through an eventfd of its own, so that a stop is never mistaken for a wake, and no wake is lost to
  // it.
  std::optional<Waker> stop_waker;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
  const bool may_wait = !buffered && timeout.count() != 0;
  if (may_wait && ctx.stop.stop_possible()) {
    stop_waker.emplace();
    on_stop.emplace(ctx.stop, [waker_ptr = &*stop_waker] { waker_ptr->Wake(); });
  }
  fds.push_back({waker != nullptr ? waker->fd() : -1, POLLIN, 0});
  fds.push_back({stop_waker ? stop_waker->fd() : -1, POLLIN, 0});

  const auto now = Clock::now();
  auto limit = Clock::time_point::max();
  if (timeout.count() >= 0 && timeout < Clock::time_point::max() - now) limit = now + timeout;
  for (;;) {
    const int wait_ms = may_wait ? PollTimeout(std::min(limit, ctx.deadline)) : 0;
    const int found = poll(fds.data(), fds.size(), wait_ms);
    if (found < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;  // the limits are absolute, so going round loses nothing
      return Status::IOError("poll: ", std::strerror(errno));
    }
    LOTIC_RETURN_NOT_OK(ctx.Check("waiting for the network"));
    bool any = buffered;
    for (size_t i = 0; i < items.size(); ++i) {
      if (fds[i].revents != 0) {
        items[i].ready = true;
        any = true;
      }
    }
    if (any) return WaitOutcome::kReady;
    if (fds[items.size()].revents != 0) {
      waker->Drain();
      return WaitOutcome::kWoken;
    }
    if (!may_wait || Clock::now() >= limit) return WaitOutcome::kTimeout;
  }
}

}  // namespace lotic::net
