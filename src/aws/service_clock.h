// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "aws/http_client.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::aws {

/// An HTTP date ("Mon, 30 Nov 2026 03:16:54 GMT", RFC 9110 IMF-fixdate) as ms since 1970. Errors: Invalid.
Result<int64_t> ParseHttpDate(std::string_view text);

/// The answer's Date header, whole seconds in ms since 1970; 0 where there is none that can be read.
int64_t DateOf(const HttpResponse& response);

/// A service's time as far as we know it: our clock plus an offset, which is 0 until a refusal teaches another. Signatures need it,
/// since five minutes off a service refuses them. Any thread.
class ServiceClock {
 public:
  /// `ours` is borrowed and outlives this.
  explicit ServiceClock(const Clock& ours) : ours_(ours) {}

  int64_t NowMs() const { return ours_.NowMs() + offset_ms_.load(); }
  int64_t offset_ms() const { return offset_ms_.load(); }
  /// Our own clock, to be read before a request whose answer may go to Learn().
  int64_t OwnMs() const { return ours_.NowMs(); }

  /// Takes the offset from an answer to a request sent at `sent_own_ms`. False, and nothing changes, if it has no Date.
  bool Learn(const HttpResponse& response, int64_t sent_own_ms);

 private:
  const Clock& ours_;
  std::atomic<int64_t> offset_ms_{0};
};

}  // namespace lotic::aws
