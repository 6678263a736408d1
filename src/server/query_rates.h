// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace lotic::server {

/// How many queries a second each table is asked, where its configuration says a limit. A table starts with what one second allows, at least one query, and may never
/// save up more. Any thread.
class QueryRates {
 public:
  /// `most`: tables that are remembered; then those that were not asked for the longest time have their full second again.
  explicit QueryRates(size_t most = 1000) : most_(most) {}

  /// Whether a query of `table` may run at `now`; it is counted then. `per_second` > 0; another number than before begins anew.
  bool Take(const std::string& table, double per_second, std::chrono::steady_clock::time_point now);

 private:
  struct Left {
    double per_second = 0;
    double queries = 0;
    std::chrono::steady_clock::time_point at;
  };
  const size_t most_;
  std::mutex mutex_;  // guards all members below
  std::map<std::string, Left> tables_;
};

}  // namespace lotic::server
