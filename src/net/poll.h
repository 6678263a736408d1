// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <span>

#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::net {

/// Ends a Wait() from any thread. A wake that comes before the Wait ends the next one. Wake(): any thread, and from a
/// stop callback; construction and destruction: the owner.
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  void Wake() const;
  /// Forgets wakes so far; Wait() does it when it returns kWoken.
  void Drain() const;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// One thing to wait for; made by Stream::PollFor and Listener::PollFor. `ready` is filled by Wait().
struct PollItem {
  int fd = -1;            ///< -1: ignored
  short events = 0;       ///< of poll(2)
  bool buffered = false;  ///< bytes lie inside the TLS layer: ready without asking the system
  bool ready = false;     ///< out: try ReadSome / WriteSome / TryAccept now; errors show there
};

enum class WaitOutcome { kReady, kWoken, kTimeout };

/// Waits until at least one item is ready, `waker` (may be null) is woken, or `timeout` passes (negative: no limit;
/// zero: looks only). Ready items are reported even when the waker was woken too (then kReady, and the wake stays for
/// the next call). Errors: Cancelled (ctx.stop, noticed at once), DeadlineExceeded (ctx.deadline), IOError (the system
/// refused). One thread per set of items.
Result<WaitOutcome> Wait(const CallContext& ctx, std::span<PollItem> items, const Waker* waker, std::chrono::milliseconds timeout);

}  // namespace lotic::net
