// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/stream_identity.h"

#include <algorithm>
#include <utility>

#include "format/value_text.h"

namespace lotic::kinesis {
namespace {

constexpr std::chrono::seconds kMaxWait{60};  // for another thread's request, between two looks at our own deadline

}  // namespace

std::string CreationText(int64_t created_ms) {
  std::string text;
  if (created_ms == 0 || !AppendTimestamp(created_ms, TimeUnit::kMilli, true, 'T', &text)) return "a time that the service does not say";
  return text;
}

StreamIdentity::Entry& StreamIdentity::EntryOf(const std::string& stream) {
  if (entries_.size() >= kMaxStreams && entries_.count(stream) == 0) {
    std::erase_if(entries_, [](const auto& entry) { return !entry.second.asking; });
  }
  return entries_[stream];
}

uint64_t StreamIdentity::Mark() const {
  const std::lock_guard lock(mutex_);
  return begun_;
}

Result<StreamIdentity::Known> StreamIdentity::AskNow(const CallContext& ctx, const std::string& stream) {
  Known made;
  {
    const std::lock_guard lock(mutex_);
    made.number = ++begun_;
    made.asked = clock_.Now();
    EntryOf(stream).asked = made.asked;
  }
  LOTIC_ASSIGN_OR_RETURN(made.summary, ask_(ctx, stream));
  const std::lock_guard lock(mutex_);
  std::optional<Known>& known = EntryOf(stream).known;
  if (!known || known->number < made.number) known = made;
  return made;
}

Result<StreamIdentity::Known> StreamIdentity::Find(const CallContext& ctx, const std::string& stream, const std::function<bool(const Known&)>& good) {
  std::optional<std::chrono::steady_clock::time_point> last;
  {
    std::unique_lock lock(mutex_);
    for (;;) {
      Entry& entry = EntryOf(stream);
      if (entry.known && good(*entry.known)) return *entry.known;
      if (!entry.asking) {
        entry.asking = true;
        last = entry.asked;
        break;
      }
      const auto until = std::min(ctx.deadline, std::chrono::steady_clock::now() + kMaxWait);
      answered_.wait_until(lock, ctx.stop, until, [&] { return !EntryOf(stream).asking; });
      LOTIC_RETURN_NOT_OK(ctx.Check("asking which Kinesis stream is '" + stream + "'"));
    }
  }
  const auto now = clock_.Now();
  Status waited;
  if (last && now < *last + kPause) waited = clock_.Wait(ctx, std::chrono::ceil<std::chrono::milliseconds>(*last + kPause - now));
  Result<Known> made = waited.ok() ? AskNow(ctx, stream) : Result<Known>(waited);
  const std::lock_guard lock(mutex_);
  EntryOf(stream).asking = false;
  answered_.notify_all();
  return made;
}

Result<StreamSummary> StreamIdentity::Ask(const CallContext& ctx, const std::string& stream) {
  LOTIC_ASSIGN_OR_RETURN(Known made, AskNow(ctx, stream));
  return std::move(made.summary);
}

Result<StreamSummary> StreamIdentity::Recent(const CallContext& ctx, const std::string& stream) {
  LOTIC_ASSIGN_OR_RETURN(Known made, Find(ctx, stream, [&](const Known& known) { return clock_.Now() - known.asked <= kRecent; }));
  return std::move(made.summary);
}

Result<StreamIdentity::Known> StreamIdentity::After(const CallContext& ctx, const std::string& stream, uint64_t mark) {
  return Find(ctx, stream, [&](const Known& known) { return known.number > mark; });
}

}  // namespace lotic::kinesis
