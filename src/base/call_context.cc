// SPDX-License-Identifier: Apache-2.0
#include "lotic/call_context.h"

#include <algorithm>

namespace lotic {
namespace {

class SystemClock final : public Clock {
 public:
  int64_t NowMs() const override {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  }
};

}  // namespace

const Clock& Clock::System() {
  static const SystemClock clock;
  return clock;
}

Status CallContext::Check(std::string_view doing) const {
  if (stop.stop_requested()) return Status::Cancelled(doing, ": cancelled");
  if (deadline != std::chrono::steady_clock::time_point::max() && std::chrono::steady_clock::now() >= deadline) {
    return Status::DeadlineExceeded(doing, ": the time limit has passed");
  }
  return Status::OK();
}

CallContext CallContext::WithDeadline(std::chrono::steady_clock::time_point limit) const {
  CallContext child = *this;
  child.deadline = std::min(deadline, limit);
  return child;
}

std::chrono::milliseconds CallContext::Remaining(std::chrono::milliseconds cap) const {
  if (deadline == std::chrono::steady_clock::time_point::max()) return cap;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::clamp(left, std::chrono::milliseconds(0), cap);
}

}  // namespace lotic
