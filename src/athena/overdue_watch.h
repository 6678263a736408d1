// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace lotic::athena {

/// Does something about work that is not done in time. Any thread.
class OverdueWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Key = std::pair<Time, uint64_t>;
  OverdueWatch();
  ~OverdueWatch();

  /// Unless Remove() comes first, `act` runs at `end`, in the watch's thread; it must be short and call nothing of the watch.
  Key Add(Time end, std::function<void()> act);
  /// @return false when `act` has run; it runs no more in either case.
  bool Remove(const Key& key);

 private:
  void Run(const std::stop_token& stop);

  std::mutex mutex_;  // guards all members below, and is held while an act runs
  std::condition_variable_any sooner_;
  std::map<Key, std::function<void()>> waiting_;
  Time sleeps_until_ = Time::max();
  uint64_t next_number_ = 0;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace lotic::athena
