// SPDX-License-Identifier: Apache-2.0
// The threads beside the consuming one: syncing, sealing and repairing, looking at the stream.
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "table/files.h"
#include "table/ingest.h"
#include "table/ingest_slot.h"
#include "table/table_view.h"

namespace lotic::table {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kKeepInterval{200};
constexpr milliseconds kSealRetry{5'000};
constexpr milliseconds kStatusInterval{1'000};

std::optional<EndOfSegment> EndOf(SealReason reason) {
  switch (reason) {
    case SealReason::kTimeLimit: return EndOfSegment::kTime;
    case SealReason::kRowLimit: return EndOfSegment::kRows;
    case SealReason::kSizeLimit:
    case SealReason::kCapacity: return EndOfSegment::kCapacity;
    default: return std::nullopt;  // an operator's doing teaches nothing
  }
}

}  // namespace

void TableIngest::TellEvents() {
  for (const StoreEvent& event : store_->TakeEvents()) {
    Log((event.partition >= 0 ? "partition " + std::to_string(event.partition) + ": " : "") + event.sentence);
  }
}

// ---- Syncing

Status TableIngest::CheckRoom() const {
  const std::string& folder = store_->folder();
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return Status::OK();  // writing will say what is wrong
  const auto free = static_cast<int64_t>(disk.f_bavail) * static_cast<int64_t>(disk.f_frsize);
  if (free >= options_.reserve_bytes) return Status::OK();
  return Status::IOError("disk of ", folder, ": ", free, " bytes are free, and ", options_.reserve_bytes,
                         " are held in reserve; nothing is read until there is more room")
      .WithDetail(std::make_shared<FileError>(ENOSPC));
}

void TableIngest::SyncLoop(std::stop_token stop) {
  auto status_at = steady_clock::now();
  std::optional<bool> short_before;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(idle_mutex_);
      idle_.wait_for(lock, stop, options_.sync_interval / 2, [] { return false; });
    }
    {
      std::shared_lock lock(slots_mutex_);
      for (auto& [partition, slot] : slots_) {
        PartitionWriter& writer = slot->ingest->writer();
        if (writer.unsynced_bytes() == 0 || !writer.failed().ok()) continue;
        const Status synced = writer.Sync();
        if (synced.ok()) continue;
        Post([this, number = partition, synced] {
          const auto at = slots_.find(number);
          if (at != slots_.end() && !at->second->reopening && !at->second->ingest->writer().failed().ok()) Reopen(*at->second, synced);
        });
      }
    }
    const Status room = CheckRoom();
    if (short_before != !room.ok()) {
      short_before = !room.ok();
      Post([this, room] {
        const bool was_short = !disk_short_.ok();
        disk_short_ = room;
        if (room.ok()) {
          if (was_short) Log("there is room on the disk again");
          return;
        }
        for (auto& [partition, slot] : slots_) {
          if (!slot->stopped && !paused_) Fail(*slot, room);
        }
      });
    }
    if (steady_clock::now() - status_at >= kStatusInterval) {
      status_at = steady_clock::now();
      WriteStatus(true);
    }
  }
}

void TableIngest::WriteStatus(bool running) {
  StatusFile file;
  file.written_ms = options_.clock->NowMs();
  file.pid = ::getpid();
  file.running = running;
  file.partitions = status();
  (void)WriteStatusFile(store_->folder(), file);  // a hint: the next round writes it again
}

// ---- Sealing, retention, repair

void TableIngest::KeepLoop(std::stop_token stop) {
  CallContext ctx;
  ctx.stop = stop;
  ctx.clock = options_.clock;
  steady_clock::time_point seal_at{}, repair_at{}, expire_at{};
  std::string last_error;
  const auto told = [&](const std::string& doing, const Status& status) {
    if (status.ok() || status.IsCancelled() || last_error == status.message()) return;
    last_error = status.message();
    Log(doing + ": " + status.message() + "; tried again");
  };
  while (!stop.stop_requested()) {
    ReopenWaiting();
    while (!stop.stop_requested() && store_->segments_to_seal() > 0 && steady_clock::now() >= seal_at) {
      ReopenWaiting();
      const auto begun = steady_clock::now();
      std::optional<SegmentInfo> segment;
      const Result<bool> sealed = store_->SealOne(*options_.files, ctx, &segment);
      if (!sealed.ok()) {
        told("sealing a segment", sealed.status());
        seal_at = steady_clock::now() + kSealRetry;
        break;
      }
      if (!*sealed) break;
      last_seal_seconds_ = std::chrono::duration<double>(steady_clock::now() - begun).count();
      if (segment.has_value()) TellSealed(*segment);
      LearnSizes();
    }
    if (steady_clock::now() >= expire_at) {
      const int64_t retention = retention_ms_;
      const int64_t deleted_keep = CheckRoom().ok() ? deleted_keep_ms_.load() : 0;  // room for new rows comes first
      const Result<int64_t> dropped = store_->DropExpired(retention < 0 ? std::nullopt : std::optional(retention), options_.clock->NowMs(), deleted_keep);
      if (!dropped.ok()) told("retention", dropped.status());
      if (dropped.ok() && *dropped > 0) Log(std::to_string(*dropped) + " segments are older than the retention time and were dropped");
      const Result<bool> checked = store_->CheckOne(ctx);
      if (!checked.ok()) told("checking a sealed segment", checked.status());
      expire_at = steady_clock::now() + options_.retention_interval;
    }
    CheckSuspects();
    if (steady_clock::now() >= repair_at) {
      for (const DamagedSegment& damaged : store_->Damaged()) {
        const Status repaired = Repair(ctx, damaged);
        told("reading segment " + damaged.name + " again", repaired);
        if (!repaired.ok()) repair_at = steady_clock::now() + options_.retry_most;
        if (stop.stop_requested()) return;
      }
    }
    TellEvents();
    std::unique_lock lock(idle_mutex_);
    idle_.wait_for(lock, stop, kKeepInterval, [this] {
      std::lock_guard waiting(keep_mutex_);
      return !reopen_.empty() || !suspects_.empty();
    });
  }
}

void TableIngest::TellSealed(const SegmentInfo& segment) const {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3f", last_seal_seconds_.load());
  Log("segment " + segment.name + " sealed: " + std::to_string(segment.totals.rows) + " rows of offsets " + std::to_string(segment.start) + " to " +
      std::to_string(segment.end - 1) + " (" + std::string(SealReasonName(segment.reason)) + "), " + std::to_string(segment.file_bytes) + " bytes, " + seconds +
      " s");
}

/// Writers that can only be opened anew: see Reopen.
void TableIngest::ReopenWaiting() {
  while (true) {
    int32_t partition = 0;
    {
      std::lock_guard lock(keep_mutex_);
      if (reopen_.empty()) return;
      partition = reopen_.front();
      reopen_.pop_front();
    }
    const Result<PartitionWriter*> writer = store_->ReopenWriter(partition);
    TellEvents();
    Post([this, partition, writer] {
      Slot& slot = *slots_.at(partition);
      slot.reopening = false;
      if (!writer.ok()) return RetryLater(slot, PartitionState::kStopped, writer.status());
      std::unique_lock lock(slots_mutex_);
      slot.ingest->SetWriter(*writer);
    });
  }
}

void TableIngest::Suspect(int32_t partition, int64_t sequence) {
  {
    std::lock_guard lock(keep_mutex_);
    if (suspects_.size() >= kMaxSuspects) return;
    suspects_.emplace(partition, sequence);
  }
  idle_.notify_all();
}

/// What is damaged is repaired behind this, or, of a consuming segment, opened anew by the consuming thread's next heartbeat.
void TableIngest::CheckSuspects() {
  std::set<std::pair<int32_t, int64_t>> suspects;
  {
    std::lock_guard lock(keep_mutex_);
    suspects.swap(suspects_);
  }
  for (const auto& [partition, sequence] : suspects) {
    const Status checked = store_->Suspect(partition, sequence);
    if (!checked.ok()) Log("partition " + std::to_string(partition) + ": segment " + std::to_string(sequence) + " could not be checked: " + checked.message());
  }
}

/// What sealed segments say about the size of the next ones.
void TableIngest::LearnSizes() {
  {
    std::lock_guard lock(shared_.sizer_mutex);
    if (!shared_.sizer->by_size()) return;
  }
  const Result<std::shared_ptr<const TableView>> view = store_->View();
  if (!view.ok()) return;  // the next segment says it again
  std::vector<const SegmentInfo*> done;
  for (const PartitionView& partition : (*view)->partitions()) {
    for (const SegmentInfo& segment : partition.segments) {
      if (segment.state == SegmentState::kDone && segment.sealed_ms > learnt_ms_ && segment.file_bytes > 0) done.push_back(&segment);
    }
  }
  std::sort(done.begin(), done.end(), [](const SegmentInfo* a, const SegmentInfo* b) { return a->sealed_ms < b->sealed_ms; });
  std::lock_guard lock(shared_.sizer_mutex);
  for (const SegmentInfo* segment : done) {
    learnt_ms_ = std::max(learnt_ms_, segment->sealed_ms);
    const std::optional<EndOfSegment> end = EndOf(segment->reason);
    if (!end.has_value()) continue;
    const auto threshold = segment->attributes.find(kThresholdAttribute);
    const int64_t allowed = threshold == segment->attributes.end() ? segment->totals.rows : std::strtoll(threshold->second.c_str(), nullptr, 10);
    shared_.sizer->Completed({*end, allowed, segment->totals.rows, segment->file_bytes});
  }
}

/// Reads [from, end) of a damaged segment once more, with a reader and a pipeline of its own. What the stream no longer has counts as missing.
Status TableIngest::Repair(const CallContext& ctx, const DamagedSegment& damaged) {
  std::shared_ptr<Connector> connector;
  catalog::StreamConfig config;
  StreamPlan plan;
  Schema wanted;
  IngestDefinition definition;
  LOTIC_RETURN_NOT_OK(OnConsumer([&] {
    definition = definition_;
    return Status::OK();
  }));
  {
    std::lock_guard lock(stream_mutex_);
    connector = connector_;
    config = stream_config_;
    plan = plan_;
    wanted = wanted_layout_;
  }
  const auto planned = plan.splits.find(damaged.partition);
  if (planned == plan.splits.end()) return Status::DataLoss("partition ", damaged.partition, " is no longer part of the stream's plan");
  if (const auto since = plan.since.find(damaged.partition); since != plan.since.end() && damaged.sequence < since->second) {
    return Status::DataLoss("segment ", damaged.name, " is of a stream that the table does not read any more: its offsets from ", damaged.from, " to ",
                            damaged.end - 1, " cannot be read again");
  }
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<RecordPipeline> pipeline, RecordPipeline::Create(definition.schema, definition.config, options_.expressions));
  LOTIC_ASSIGN_OR_RETURN(const Schema layout, ResolveRawLayout(ctx.WithDeadline(steady_clock::now() + kProbeTime), *connector, config, wanted));
  ScanRequest request = StreamRequest(config, layout);
  request.unbounded = false;
  request.policy.on_data_loss = OnDataLoss::kWarn;
  request.token = plan.token;
  LOTIC_ASSIGN_OR_RETURN(const PartitionWriter* const consuming, store_->writer(damaged.partition));
  // The plan's epoch may have ended before the range; the newest that was read has not.
  SplitStart start{planned->second, PositionOf(damaged.from, consuming->epoch())};
  start.split.start = PositionOf(damaged.from);
  start.split.end = PositionOf(damaged.end);
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, connector->Open(ctx, request, {&start, 1}));
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<PartitionWriter> writer, store_->RepairWriter(damaged.partition, damaged.sequence));
  Log("segment " + damaged.name + ": offsets " + std::to_string(damaged.from) + " to " + std::to_string(damaged.end - 1) + " are read again (" +
      damaged.damage + ")");
  IngestShared shared;  // of its own: the consuming thread's pipeline is not shared
  shared.config = definition.config;
  shared.time_column = definition.config.time_column.empty() ? std::nullopt : pipeline->stored_columns()->IndexOf(definition.config.time_column);
  shared.pipeline = std::move(pipeline);
  shared.store = store_.get();
  shared.clock = options_.clock;
  shared.sync_bytes = options_.sync_bytes;
  shared.sizer.emplace(catalog::FlushThresholds{.segment_rows = INT64_MAX, .time_ms = INT64_MAX / 4}, 0);
  PartitionIngest ingest(shared, damaged.partition, writer.get());
  RecordCounts counted;
  while (writer->position() < damaged.end) {
    LOTIC_ASSIGN_OR_RETURN(const ReadBatch batch, reader->Next(ctx));
    if (batch.runs.empty()) break;
    const RecordCounts now = reader->Certificate(0).records;
    RecordCounts more;
    more.aborted = now.aborted - counted.aborted;
    more.control = now.control - counted.control;
    more.missing = now.missing - counted.missing;
    counted = now;
    ingest.AddGaps(more);
    int64_t row = 0;
    for (const Run& run : batch.runs) {
      LOTIC_ASSIGN_OR_RETURN(const int64_t end, OffsetOf(run.next));
      ingest.Queue({batch.rows.value_or(Batch()), row, run.num_rows, end});
      row += run.num_rows;
    }
    LOTIC_RETURN_NOT_OK(ingest.Work(ctx));
    for (const Run& run : batch.runs) LOTIC_RETURN_NOT_OK(run.status);
  }
  if (writer->position() < damaged.end) {
    return Status::DataLoss("segment ", damaged.name, ": the stream ended at offset ", writer->position(), " of ", damaged.end);
  }
  return writer->Sync();
}

// ---- Looking at the stream

void TableIngest::LookLoop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::lock_guard lock(look_mutex_);
      look_now_ = false;
      ++looks_begun_;
    }
    const Status looked = LookAtStream(stop);
    std::unique_lock lock(look_mutex_);
    looks_done_ = looks_begun_;
    last_look_ = looked;
    look_done_.notify_all();
    // After a failure somebody may be waiting for the stream: sooner again.
    const milliseconds pause =
        looked.ok() ? options_.discovery_interval : std::min(options_.discovery_interval, std::max(options_.retry_most / 10, options_.retry_first));
    if (look_now_ && !looked.ok()) look_due_.wait_for(lock, stop, options_.retry_first, [] { return false; });
    look_due_.wait_for(lock, stop, pause, [this] { return look_now_; });
  }
  std::lock_guard lock(look_mutex_);
  looks_done_ = UINT64_MAX;
  last_look_ = Status::Cancelled("table ", name_, ": its ingest has ended");
  look_done_.notify_all();
}

Status TableIngest::LookAtStream(std::stop_token stop) {
  auto look = std::make_shared<Look>();
  std::shared_ptr<Connector> connector;
  catalog::StreamConfig config;
  StreamPlan plan;
  Schema wanted;
  {
    std::lock_guard lock(stream_mutex_);
    connector = connector_;
    config = stream_config_;
    plan = plan_;
    look->stream = streams_;
    wanted = wanted_layout_;
  }
  {
    std::lock_guard lock(look_mutex_);
    look->number = looks_begun_;
  }
  CallContext ctx;
  ctx.stop = stop;
  ctx.clock = options_.clock;
  ctx.deadline = steady_clock::now() + kProbeTime;
  if (!layout_known_) {
    const Result<Schema> layout = ResolveRawLayout(ctx, *connector, config, wanted);
    if (layout.ok()) {
      look->layout = *layout;
    } else {
      look->status = layout.status();
    }
  }
  Result<StreamPlan> found = DiscoverPartitions(ctx, *connector, config, plan);
  look->discovered = found.status();
  if (found.ok()) {
    look->plan = std::move(*found);
  } else if (look->status.ok()) {
    look->status = look->discovered;
  }
  Result<std::map<int32_t, StreamRange>> ranges = StreamRanges(ctx, *connector, config);
  if (ranges.ok()) {
    look->ranges = std::move(*ranges);
  } else if (look->status.ok()) {
    look->status = ranges.status();
  }
  if (stop.stop_requested()) return Status::Cancelled("look at the stream");
  const Status taken = OnConsumer([this, look] { return TakeLook(*look); });
  return look->status.ok() ? taken : look->status;
}

Status TableIngest::RunDiscovery() {
  std::unique_lock lock(look_mutex_);
  const uint64_t wanted = looks_begun_ + 1;
  look_now_ = true;
  look_due_.notify_all();
  const auto limit = steady_clock::now() + 3 * kProbeTime;
  if (!look_done_.wait_until(lock, limit, [&] { return looks_done_ >= wanted; })) {
    return Status::DeadlineExceeded("table ", name_, ": the look at its stream did not end");
  }
  return last_look_;
}

}  // namespace lotic::table
