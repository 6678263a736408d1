// SPDX-License-Identifier: Apache-2.0
#include "athena/overdue_watch.h"

namespace lotic::athena {

OverdueWatch::OverdueWatch() : thread_([this](const std::stop_token& stop) { Run(stop); }) {}

OverdueWatch::~OverdueWatch() = default;

OverdueWatch::Key OverdueWatch::Add(Time end, std::function<void()> act) {
  const std::lock_guard lock(mutex_);
  const Key key{end, next_number_++};
  waiting_.emplace(key, std::move(act));
  // The thread sleeps on when work that it slept for is done: usual work, all with one limit, wakes it no more than once per limit.
  if (end < sleeps_until_) sooner_.notify_one();
  return key;
}

bool OverdueWatch::Remove(const Key& key) {
  const std::lock_guard lock(mutex_);
  return waiting_.erase(key) != 0;
}

void OverdueWatch::Run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Time now = std::chrono::steady_clock::now();
    while (!waiting_.empty() && waiting_.begin()->first.first <= now) {
      waiting_.begin()->second();
      waiting_.erase(waiting_.begin());
    }
    sleeps_until_ = waiting_.empty() ? Time::max() : waiting_.begin()->first.first;
    const auto is_sooner = [this] { return !waiting_.empty() && waiting_.begin()->first.first < sleeps_until_; };
    if (sleeps_until_ == Time::max()) {
      sooner_.wait(lock, stop, is_sooner);
    } else {
      sooner_.wait_until(lock, stop, sleeps_until_, is_sooner);
    }
  }
}

}  // namespace lotic::athena
