// SPDX-License-Identifier: Apache-2.0
#include "server/query_rates.h"

#include <algorithm>

namespace lotic::server {

bool QueryRates::Take(const std::string& table, double per_second, std::chrono::steady_clock::time_point now) {
  const double full = std::max(per_second, 1.0);
  const std::lock_guard lock(mutex_);
  auto at = tables_.find(table);
  if (at == tables_.end()) {
    if (tables_.size() >= most_) {
      tables_.erase(std::min_element(tables_.begin(), tables_.end(), [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
    }
    at = tables_.emplace(table, Left{}).first;
  }
  Left& left = at->second;
  if (left.per_second != per_second) left = {per_second, full, now};
  if (now > left.at) {
    left.queries = std::min(full, left.queries + std::chrono::duration<double>(now - left.at).count() * per_second);
    left.at = now;
  }
  if (left.queries < 1) return false;
  left.queries -= 1;
  return true;
}

}  // namespace lotic::server
