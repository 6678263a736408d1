// SPDX-License-Identifier: Apache-2.0
#include "table/kept_views.h"

namespace lotic::table {

std::shared_ptr<const TableView> KeptViews::Find(const std::string& token, Instant now) {
  const std::lock_guard lock(mutex_);
  Expire(now);
  for (auto kept = views_.begin(); kept != views_.end(); ++kept) {
    if (kept->token != token) continue;
    views_.splice(views_.begin(), views_, kept);
    return views_.front().view;
  }
  return nullptr;
}

void KeptViews::Keep(const std::string& token, std::shared_ptr<const TableView> view, Instant now) {
  const std::lock_guard lock(mutex_);
  Expire(now);
  Kept made{token, std::move(view), now};
  for (const Kept& kept : views_) {
    if (kept.view == made.view) made.since = kept.since;
  }
  views_.remove_if([&](const Kept& kept) { return kept.token == token; });
  views_.push_front(std::move(made));
  if (views_.size() > kMax) views_.pop_back();
}

void KeptViews::Expire(Instant now) {
  views_.remove_if([&](const Kept& kept) { return now - kept.since > kKeep; });
}

}  // namespace lotic::table
