// SPDX-License-Identifier: Apache-2.0
// What happens when something fails: a partition is tried again, or stops where going on could lose or double a record.
#include <algorithm>
#include <utility>

#include "lotic/source_error.h"
#include "table/files.h"
#include "table/ingest.h"
#include "table/ingest_slot.h"

namespace lotic::table {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

bool MayPassSoon(const Status& status) {
  const SourceError* detail = SourceError::From(status);
  if (detail != nullptr) return detail->retryable;
  switch (status.code()) {
    case StatusCode::kThrottled:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kCancelled: return true;
    default: return false;
  }
}

}  // namespace

void TableIngest::RetryLater(Slot& slot, PartitionState state, const Status& status) {
  slot.backoff = slot.backoff.count() == 0 ? options_.retry_first : std::min(slot.backoff * 2, options_.retry_most);
  slot.retry_at = steady_clock::now() + slot.backoff;
  const PartitionStatus before = slot.ingest->status();
  const int64_t now = options_.clock->NowMs();
  slot.ingest->Tell([&](PartitionStatus& told, PartitionCounters& counters) {
    told.state = state;
    told.error = status.message();
    told.error_ms = now;
    ++counters.exceptions;
  });
  if (before.state != state || before.error != status.message()) {
    Log("partition " + std::to_string(before.partition) + " at offset " + std::to_string(slot.ingest->writer().position()) + ": " +
        std::string(PartitionStateName(state)) + ": " + status.message() + "; tried again");
  }
}

void TableIngest::StopForGood(Slot& slot, const std::string& cause, std::string_view words) {
  const std::string error = cause + "; resumeConsumption with consumeFrom=" + std::string(words) + " goes on";
  slot.stopped = true;
  slot.classify.reset();
  const int64_t now = options_.clock->NowMs();
  const int32_t partition = slot.ingest->partition();
  slot.ingest->Tell([&](PartitionStatus& told, PartitionCounters& counters) {
    told.state = PartitionState::kStopped;
    told.error = error;
    told.error_ms = now;
    ++counters.exceptions;
  });
  Log("partition " + std::to_string(partition) + " stopped at offset " + std::to_string(slot.ingest->writer().position()) + ": " + error);
  if (on_stopped_) on_stopped_(partition, StoppedPartition{error, now});
}

/// Commit or pipeline failed: nothing after the writer's position counts, all of it is read again.
void TableIngest::Fail(Slot& slot, const Status& status) {
  ReleaseSplit(slot);
  slot.ingest->Drop();
  if (status.code() == StatusCode::kCancelled) return;
  if (const Status failed = slot.ingest->writer().failed(); !failed.ok()) return Reopen(slot, failed);
  const auto* stops = dynamic_cast<const StopsHere*>(status.detail().get());
  const bool hard = stops != nullptr || FileError::IsDiskFull(status) || status.code() == StatusCode::kInvalid;
  if (stops != nullptr) slot.backoff = options_.retry_most;  // only another configuration helps: looked at now and then
  RetryLater(slot, hard ? PartitionState::kStopped : PartitionState::kDegraded, status);
}

/// A sync failed, or the file was found damaged: what it holds behind the last durable position is not known. Opening it anew reads all of it and waits for
/// a sealing, so the keeping thread does it while the other partitions go on.
void TableIngest::Reopen(Slot& slot, const Status& cause) {
  ReleaseSplit(slot);
  slot.ingest->Drop();
  RetryLater(slot, PartitionState::kStopped, cause);
  if (std::exchange(slot.reopening, true)) return;
  {
    std::lock_guard lock(keep_mutex_);
    reopen_.push_back(slot.ingest->partition());
  }
  idle_.notify_all();
}

/// Of something that is done to every partition: the first failure is kept, and a writer that can only be opened anew is.
void TableIngest::NoteFailure(Slot& slot, const std::string& doing, const Status& status, Status* first) {
  if (status.ok()) return;
  if (first->ok()) *first = status.WithMessage("partition ", slot.ingest->partition(), ": cannot ", doing, ": ", status.message());
  if (const Status failed = slot.ingest->writer().failed(); !failed.ok()) Reopen(slot, failed);
}

/// A split ended by itself. An endless one only does so with an error.
void TableIngest::SplitEnded(Slot& slot, const Status& status) {
  by_split_.erase(*slot.split);
  slot.split.reset();
  if (status.ok()) return RetryLater(slot, PartitionState::kDegraded, Status::UnknownError("the stream ended the partition without saying why"));
  if (status.code() == StatusCode::kDataLoss) {
    slot.refused = status;
    return AskForLook(slot);
  }
  if (!MayPassSoon(status)) slot.backoff = std::max(slot.backoff, options_.retry_most / 2);
  RetryLater(slot, MayPassSoon(status) ? PartitionState::kDegraded : PartitionState::kStopped, status);
}

void TableIngest::ReaderFailed(const Status& status) {
  CloseReader();
  reader_backoff_ = reader_backoff_.count() == 0 ? options_.retry_first : std::min(reader_backoff_ * 2, options_.retry_most);
  reader_retry_at_ = steady_clock::now() + reader_backoff_;
  const int64_t now = options_.clock->NowMs();
  for (auto& [partition, slot] : slots_) {
    if (slot->stopped) continue;
    slot->ingest->Tell([&](PartitionStatus& told, PartitionCounters& counters) {
      told.state = PartitionState::kDegraded;
      told.error = status.message();
      told.error_ms = now;
      ++counters.exceptions;
    });
    slot->retry_at = std::max(slot->retry_at, reader_retry_at_);
  }
  Log("the reader failed and is opened again: " + status.message());
}

/// The stream refused a position: retention, truncation or a topic made anew. The next look tells which.
void TableIngest::AskForLook(Slot& slot) {
  std::lock_guard lock(look_mutex_);
  slot.classify = looks_begun_ + 1;
  look_now_ = true;
  look_due_.notify_all();
}

void TableIngest::Classify(Slot& slot, const Look& look) {
  const int64_t position = slot.ingest->writer().position();
  const int32_t partition = slot.ingest->partition();
  if (look.discovered.code() == StatusCode::kDataLoss) return StopForGood(slot, look.discovered.message());
  if (look.discovered.code() == StatusCode::kNotFound) {  // it may come back; then it is the same one, or told as another
    slot.backoff = options_.retry_most / 2;
    RetryLater(slot, PartitionState::kStopped, slot.refused);
    return AskForLook(slot);
  }
  const auto range = look.ranges.find(partition);
  if (!look.status.ok() || range == look.ranges.end()) {
    RetryLater(slot, PartitionState::kDegraded, look.status.ok() ? slot.refused : look.status);
    slot.classify = look.number + 1;
    return;
  }
  if (range->second.first <= position) return StopForGood(slot, slot.refused.message(), "largest");  // smallest would double what is in the table
  const int64_t to = range->second.first;
  const std::string why = "no longer retained by the stream";
  const Status recorded = store_->RecordLoss(partition, to, why, options_.clock->NowMs());
  slot.classify.reset();
  if (!recorded.ok()) return Fail(slot, recorded);
  slot.ingest->TakeUpSegment();
  slot.ingest->Tell([&](PartitionStatus& told, PartitionCounters& counters) {
    told.lost += to - position;
    told.error = "offsets " + std::to_string(position) + " to " + std::to_string(to - 1) + " (" + std::to_string(to - position) + ") were lost: " + why;
    told.error_ms = options_.clock->NowMs();
    ++counters.losses;
    counters.fates.missing += to - position;
  });
  slot.backoff = milliseconds(0);
  slot.retry_at = {};
  Log("partition " + std::to_string(partition) + ": offsets " + std::to_string(position) + " to " + std::to_string(to - 1) + " (" +
      std::to_string(to - position) + ") are lost: " + why + "; reading goes on at " + std::to_string(to));
}

/// New partitions are committed with the state that knows them, before they are read.
Status TableIngest::TakeLook(const Look& look) {
  if (look.stream != streams_) return Status::OK();
  if (look.layout.has_value() && !layout_.has_value()) {
    Schema wanted;
    {
      std::lock_guard lock(stream_mutex_);
      wanted = wanted_layout_;
    }
    bool same = wanted.fields.size() == look.layout->fields.size();
    for (size_t i = 0; same && i < wanted.fields.size(); ++i) same = wanted.fields[i].name == look.layout->fields[i].name;
    if (same) layout_ = look.layout;  // else it was asked for before the configuration changed
    layout_known_ = layout_.has_value();
  }
  if (look.plan.has_value() && !(*look.plan == plan_)) {
    std::vector<PartitionStart> starts;
    for (const auto& [partition, split] : look.plan->splits) {
      if (slots_.count(partition) != 0 || plan_.splits.count(partition) != 0) continue;
      LOTIC_ASSIGN_OR_RETURN(const int64_t start, OffsetOf(split.start));
      starts.push_back({partition, start, {}});
    }
    LOTIC_RETURN_NOT_OK(store_->AddPartitions(look.plan->ToText(), starts));
    {
      std::lock_guard lock(stream_mutex_);
      plan_ = *look.plan;
    }
    shared_.num_partitions = std::max(shared_.num_partitions, slots_.size() + starts.size());
    for (const PartitionStart& one : starts) {
      LOTIC_ASSIGN_OR_RETURN(PartitionWriter* const writer, store_->writer(one.partition));
      Slot& slot = AddSlot(one.partition, writer);
      if (paused_) {
        LOTIC_RETURN_NOT_OK(slot.ingest->Pause());
        slot.State(PartitionState::kPaused);
      }
      Log("partition " + std::to_string(one.partition) + " found; it begins at offset " + std::to_string(one.start));
    }
  }
  TakeRanges(look);
  return Status::OK();
}

void TableIngest::TakeRanges(const Look& look) {
  const auto now = steady_clock::now();
  const int64_t now_ms = options_.clock->NowMs();
  for (auto& [partition, slot] : slots_) {
    if (slot->classify.has_value() && *slot->classify <= look.number) {
      if (!slot->reopening) Classify(*slot, look);  // else by a later look
      continue;
    }
    const int64_t position = slot->ingest->writer().position();
    const PartitionState state = slot->state();
    const auto range = look.ranges.find(partition);
    const bool quiet = now - slot->moved_at > options_.discovery_interval;
    if (look.status.ok() && range != look.ranges.end()) {
      const int64_t end = range->second.end;
      slot->ingest->Tell([&](PartitionStatus& told, PartitionCounters&) {
        told.upstream = end;
        told.lag = std::max<int64_t>(end - position, 0);
        told.heard_ms = now_ms;
      });
      if (!slot->split.has_value()) continue;
      if (end > position && now - slot->moved_at > kStalled) {
        slot->ingest->Tell([&](PartitionStatus& told, PartitionCounters&) {
          told.state = PartitionState::kDegraded;
          told.error = "nothing has come for " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now - slot->moved_at).count()) +
                       " s, although the stream ends at offset " + std::to_string(end);
          told.error_ms = now_ms;
        });
      } else if (state == PartitionState::kConnecting || state == PartitionState::kDegraded || (state == PartitionState::kStopped && !slot->stopped && quiet)) {
        slot->State(PartitionState::kConsuming);
      }
    } else if (!look.status.ok() && !slot->stopped && !paused_ && IsPlanned(partition)) {
      slot->ingest->Tell([](PartitionStatus&, PartitionCounters& counters) { ++counters.exceptions; });
      if (!quiet && state != PartitionState::kConnecting) continue;
      const bool first = slot->ingest->status().error != look.status.message();
      slot->ingest->Tell([&](PartitionStatus& told, PartitionCounters&) {
        if (told.state == PartitionState::kConsuming || told.state == PartitionState::kConnecting) told.state = PartitionState::kDegraded;
        told.error = look.status.message();
        told.error_ms = now_ms;
      });
      if (first) Log("partition " + std::to_string(partition) + ": the stream does not answer: " + look.status.message());
    }
  }
}

Status TableIngest::Resume(ConsumeFrom from) {
  if (from == ConsumeFrom::kLastConsumed) {
    return OnConsumer([this] {
      Status first;
      for (auto& [partition, slot] : slots_) {
        if (!slot->stopped && IsPlanned(partition)) NoteFailure(*slot, "go on", slot->ingest->Resume(slot->ingest->writer().position(), ""), &first);
      }
      LOTIC_RETURN_NOT_OK(first);  // all of them stay paused; those that have a segment already keep it
      for (auto& [partition, slot] : slots_) {
        if (slot->stopped || !IsPlanned(partition)) continue;
        slot->State(PartitionState::kConnecting);
        slot->retry_at = {};
        slot->backoff = milliseconds(0);
      }
      paused_ = false;
      Log("resumed from the last consumed offsets");
      return Status::OK();
    });
  }
  std::shared_ptr<Connector> connector;
  catalog::StreamConfig config;
  StreamPlan before;
  {
    std::lock_guard lock(stream_mutex_);
    connector = connector_;
    config = stream_config_;
    before = plan_;
  }
  CallContext ctx;
  ctx.clock = options_.clock;
  ctx.deadline = steady_clock::now() + kProbeTime;
  const Status found = DiscoverPartitions(ctx, *connector, config, before).status();
  if (!found.ok() && found.code() != StatusCode::kDataLoss) return found;
  catalog::OffsetCriteria criteria;
  criteria.kind = from == ConsumeFrom::kSmallest ? catalog::OffsetCriteria::Kind::kSmallest : catalog::OffsetCriteria::Kind::kLargest;
  LOTIC_ASSIGN_OR_RETURN(const StreamPlan plan, PlanStream(ctx, *connector, config, criteria, options_.clock->NowMs()));
  const std::string word = catalog::ToString(criteria);
  return OnConsumer([this, plan, anew = !found.ok(), word] { return ResumeFrom({plan, anew, false, word, "resumeConsumption with consumeFrom=" + word}); });
}

Status TableIngest::ResumeFrom(Jump jump) {
  const std::string& word = jump.word;
  std::map<int32_t, int64_t> starts;
  for (const auto& [partition, split] : jump.plan.splits) {
    LOTIC_ASSIGN_OR_RETURN(starts[partition], OffsetOf(split.start));
    const auto slot = slots_.find(partition);
    if (slot == slots_.end() || jump.other_stream) continue;
    const int64_t position = slot->second->ingest->writer().position();
    if (starts[partition] < position && (word == "smallest" || !slot->second->stopped)) {
      return Status::Invalid("consumeFrom=", word, ": offsets ", starts[partition], " to ", position - 1, " of partition ", partition,
                             " are in the table already and would be doubled; consumeFrom=lastConsumed goes on at ", position);
    }
  }
  const bool stays_paused = jump.stays_paused && paused_;
  // The positions before the plan: a partition that has a place in the stream of before is never read in the other one.
  Status first;
  for (auto& [partition, slot] : slots_) {
    const auto start = starts.find(partition);
    if (start == starts.end() && !jump.other_stream) continue;
    ReleaseSplit(*slot);
    slot->ingest->Drop();
    Status moved = slot->ingest->Pause();
    if (moved.ok() && start != starts.end()) {
      moved = slot->ingest->Resume(start->second, jump.why);
      const std::optional<SegmentInfo> segment = slot->ingest->writer().segment();
      if (jump.other_stream && segment.has_value()) jump.plan.since[partition] = segment->sequence;
      if (moved.ok() && stays_paused) moved = slot->ingest->Pause();
    }
    NoteFailure(*slot, start == starts.end() ? "end the segment" : "go on at offset " + std::to_string(start->second), moved, &first);
  }
  LOTIC_RETURN_NOT_OK(first);
  if (jump.other_stream) {
    std::vector<PartitionStart> fresh;
    for (const auto& [partition, start] : starts) {
      if (slots_.count(partition) == 0) fresh.push_back({partition, start, {}});
    }
    LOTIC_RETURN_NOT_OK(store_->AddPartitions(jump.plan.ToText(), fresh));
    CloseReader();
    {
      std::lock_guard lock(stream_mutex_);
      plan_ = jump.plan;
      ++streams_;
    }
    for (const PartitionStart& one : fresh) {
      LOTIC_ASSIGN_OR_RETURN(PartitionWriter* const writer, store_->writer(one.partition));
      Slot& slot = AddSlot(one.partition, writer);
      if (stays_paused) LOTIC_RETURN_NOT_OK(slot.ingest->Pause());
    }
    shared_.num_partitions = slots_.size();
    for (auto& [partition, slot] : slots_) {  // what was heard of the other one
      slot->ingest->Tell([](PartitionStatus& told, PartitionCounters&) {
        told.upstream.reset();
        told.lag.reset();
        told.heard_ms.reset();
        told.newest_stream_ms.reset();
      });
    }
  }
  for (auto& [partition, slot] : slots_) {
    const auto start = starts.find(partition);
    if (start == starts.end() && !jump.other_stream) continue;
    slot->State(start == starts.end() || stays_paused ? PartitionState::kPaused : PartitionState::kConnecting);
    slot->classify.reset();
    slot->retry_at = {};
    slot->backoff = milliseconds(0);
    if (std::exchange(slot->stopped, false) && on_stopped_) on_stopped_(partition, std::nullopt);
    Log("partition " + std::to_string(partition) +
        (start == starts.end() ? " is not one of the stream any more; what the table has of it stays"
                               : " goes on at offset " + std::to_string(start->second) + " (consumeFrom=" + word + ")"));
  }
  if (!stays_paused) paused_ = false;
  std::lock_guard lock(look_mutex_);
  look_now_ = true;
  look_due_.notify_all();
  return Status::OK();
}

}  // namespace lotic::table
