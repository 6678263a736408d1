// SPDX-License-Identifier: Apache-2.0
#include "table/fault_point.h"

#include <csignal>
#include <cstdlib>
#include <mutex>

#include <unistd.h>

namespace lotic::table {
namespace {

struct Fault {
  std::string name;
  int64_t at = 0;      // the pass, from 1
  int error = 0;       // 0: SIGKILL
  int64_t times = -1;  // how often the call fails; -1: from then on
  int64_t passes = 0;
};

std::mutex mutex;
Fault fault;  // guarded by mutex

int64_t Number(std::string_view text) {
  if (text.empty() || text.size() > 9) return -1;
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool ArmFromEnvironment() {
  for (const char* name : {"LOTIC_KILL_AT", "LOTIC_FAIL_AT"}) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') continue;
    const Status status = ArmFault(text);
    if (!status.ok()) {
      const std::string line = std::string(name) + ": " + status.message() + "\n";
      (void)!::write(STDERR_FILENO, line.data(), line.size());
    }
    return status.ok();
  }
  return false;
}

[[maybe_unused]] const bool armed_at_start = ArmFromEnvironment();

}  // namespace

namespace internal {

constinit std::atomic<bool> faults_armed{false};

int PassFault(std::string_view name) {
  const std::lock_guard lock(mutex);
  if (fault.name != name) return 0;
  if (++fault.passes < fault.at) return 0;
  if (fault.error == 0) {
    ::raise(SIGKILL);
    ::pause();
  }
  return fault.times < 0 || fault.passes < fault.at + fault.times ? fault.error : 0;
}

}  // namespace internal

Status ArmFault(std::string_view text) {
  Fault armed;
  std::vector<std::string_view> parts;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t colon = rest.find(':');
    parts.push_back(rest.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  }
  if (!parts.empty()) {
    armed.name = parts[0];
    armed.at = parts.size() >= 2 ? Number(parts[1]) : -1;
    armed.error = parts.size() >= 3 ? static_cast<int>(Number(parts[2])) : 0;
    if (parts.size() >= 4) armed.times = Number(parts[3]);
    if (armed.name.empty() || parts.size() > 4 || armed.at < 1 || armed.error < 0 || (parts.size() >= 4 && armed.times < 0)) {
      return Status::Invalid("a fault is name:pass, name:pass:errno or name:pass:errno:times, not \"", text, "\"");
    }
  }
  const std::lock_guard lock(mutex);
  fault = std::move(armed);
  internal::faults_armed.store(!fault.name.empty(), std::memory_order_relaxed);
  return Status::OK();
}

}  // namespace lotic::table
