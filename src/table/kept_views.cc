// SPDX-License-Identifier: Apache-2.0
#include "table/kept_views.h"

namespace lotic::table {

std::shared_ptr<const TableView> KeptViews::Find(const std::string& token, Instant now) {
  const std::lock_guard lock(mutex_);
  Expire(now);
  for (auto kept = views_.begin(); kept != views_.end(); ++kept) {
    if (kept->token != token || now - kept->since > kKeep) continue;
    views_.splice(views_.begin(), views_, kept);
    return views_.front().view;
  }
  return nullptr;
}

void KeptViews::Keep(const std::string& token, std::shared_ptr<const TableView> view, Instant now) {
  const std::lock_guard lock(mutex_);
  Kept made{token, std::move(view), now};
  for (const Kept& kept : views_) {
    if (kept.view == made.view) made.since = kept.since;  // also of one whose time is over
  }
  if (now - made.since > kKeep) return;  // whoever asks gets the newest
  views_.remove_if([&](const Kept& kept) { return kept.token == token; });
  views_.push_front(std::move(made));
  Expire(now);
  if (views_.size() > kMax) views_.pop_back();
}

// Not at once: what was found a moment ago is still being planned with, and is told by its age when it is kept again.
void KeptViews::Expire(Instant now) {
  views_.remove_if([&](const Kept& kept) { return now - kept.since > 2 * kKeep; });
}

}  // namespace lotic::table
