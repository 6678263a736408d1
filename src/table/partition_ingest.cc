// SPDX-License-Identifier: Apache-2.0
#include "table/partition_ingest.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace lotic::table {

using std::chrono::steady_clock;

namespace {

// The raw layout's columns, by RawLayout's order.
constexpr size_t kRawOffset = 0;
constexpr size_t kRawTime = 1;
constexpr size_t kRawMessage = 2;
constexpr size_t kRawKey = 3;
constexpr size_t kErrorsAtOnce = 256;  // to write: each with its payload
constexpr int64_t kHourMs = 3'600'000;

int64_t MessageBytes(const Batch& raw, int64_t first, int64_t count) {
  const Column& column = raw.column(kRawMessage);
  if (count == 0 || column.length == 0) return 0;
  return column.offsets()[static_cast<size_t>(first + count)] - column.offsets()[static_cast<size_t>(first)];
}

}  // namespace

int64_t IngestShared::NextThreshold() {
  std::lock_guard lock(sizer_mutex);
  return sizer->NextRows(static_cast<int64_t>(num_partitions));
}

void RateLimit::Configure(double per_second) {
  if (per_second == per_second_) return;
  per_second_ = per_second;
  tokens_ = std::max(per_second, 1.0);
  at_ = {};
}

int64_t RateLimit::Allow(steady_clock::time_point now, int64_t wanted) {
  if (!limited()) return wanted;
  if (at_ != steady_clock::time_point{}) {
    tokens_ = std::min(tokens_ + per_second_ * std::chrono::duration<double>(now - at_).count(), std::max(per_second_, 1.0));
  }
  at_ = now;
  const auto worth = std::min<double>(static_cast<double>(wanted), std::max(per_second_ / 10, 1.0));
  return tokens_ < worth ? 0 : std::min<int64_t>(wanted, static_cast<int64_t>(tokens_));
}

steady_clock::time_point RateLimit::Next(steady_clock::time_point now) const {
  if (!limited()) return now;
  const double missing = std::max(per_second_ / 10, 1.0) - tokens_;
  const auto wait = std::chrono::duration<double>(std::clamp(missing / per_second_, 0.001, 3600.0));
  return now + std::chrono::ceil<std::chrono::milliseconds>(wait);
}

PartitionIngest::PartitionIngest(IngestShared& shared, int32_t partition, PartitionWriter* writer) : shared_(shared), partition_(partition), writer_(writer) {
  status_.partition = partition;
  TakeUpSegment();
}

void PartitionIngest::SetWriter(PartitionWriter* writer) {
  writer_ = writer;
  faulted_at_ = -1;  // the store took back what lies behind the position
  TakeUpSegment();
}

void PartitionIngest::TakeUpSegment() {
  const int64_t now = shared_.clock->NowMs();
  const std::optional<SegmentInfo> segment = writer_->segment();
  threshold_ = 0;
  consuming_ = segment.has_value();
  if (segment.has_value()) {
    segment_rows_ = segment->totals.rows;
    segment_start_ = segment->start;
    const auto kept = segment->attributes.find(kThresholdAttribute);
    if (kept != segment->attributes.end()) threshold_ = std::strtoll(kept->second.c_str(), nullptr, 10);
    end_time_ms_ = SegmentEndTime(segment->created_ms, now, shared_.config.stream.flush.time_ms);
  }
  if (threshold_ <= 0) {
    threshold_ = shared_.NextThreshold();
    // A table's first segments come without one. Failing here only means that it is computed again after a restart.
    if (consuming_) (void)writer_->SetAttributes(Attributes(threshold_));
  }
  Tell([&](PartitionStatus& status, PartitionCounters& counters) {
    status.segment = segment.has_value() ? segment->name : "";
    status.position = writer_->position();
    if (segment.has_value() && segment->totals.newest_commit_ms > 0) {
      status.last_row_ms = segment->totals.newest_commit_ms;
      if (segment->totals.newest_stream_ms >= 0) status.newest_stream_ms = segment->totals.newest_stream_ms;
    }
    counters.row_threshold = threshold_;
  });
}

Status PartitionIngest::NewThresholds() {
  TakeUpSegment();
  threshold_ = shared_.NextThreshold();
  Tell([&](PartitionStatus&, PartitionCounters& counters) { counters.row_threshold = threshold_; });
  return consuming_ ? writer_->SetAttributes(Attributes(threshold_)) : Status::OK();
}

void PartitionIngest::AddGaps(const RecordCounts& counts) {
  gaps_.aborted += counts.aborted;
  gaps_.control += counts.control;
  gaps_.missing += counts.missing;
}

void PartitionIngest::Drop() {
  queue_.clear();
  gaps_ = {};
  // Errors of records that will be read again, but for the one that it stands at (stopOnDecodeError), which is to be seen for as long. Failing here only
  // means that such a record may be listed twice.
  const int64_t position = writer_->position();
  if (faulted_at_ != position) faulted_at_ = -1;
  (void)shared_.store->errors().TakeBack(partition_, faulted_at_ >= 0 ? position + 1 : position);
}

Status PartitionIngest::Work(const CallContext& ctx) {
  while (!queue_.empty()) {
    LOTIC_RETURN_NOT_OK(ctx.Check("ingest"));
    LOTIC_RETURN_NOT_OK(RollIfDue());
    RawRun& run = queue_.front();
    int64_t count = std::min(run.count, std::max<int64_t>(threshold_ - segment_rows_, 1));
    if (count > 0) {
      count = rate_.Allow(steady_clock::now(), count);
      if (count == 0) return Status::OK();
    }
    LOTIC_RETURN_NOT_OK(CommitSlice(ctx, run, count));
    if (run.count == 0) queue_.pop_front();
  }
  return RollIfDue();
}

Status PartitionIngest::Spend(int64_t gap, RecordFates* fates) {
  const auto take = [&gap](int64_t& from, int64_t& to) {
    const int64_t taken = std::min(gap, from);
    from -= taken;
    to += taken;
    gap -= taken;
  };
  take(gaps_.aborted, fates->aborted);
  take(gaps_.control, fates->control);
  take(gaps_.missing, fates->missing);
  if (gap == 0) return Status::OK();
  return Status::UnknownError("partition ", partition_, ": ", gap, " offsets from ", writer_->position(), " on are not accounted for by the stream's reader");
}

Status PartitionIngest::RecordFaults(const RawRun& run, const PipelineResult& result) {
  const auto offsets = run.rows.column(kRawOffset).values<int64_t>();
  if (faulted_at_ >= 0 && (!result.stop_at.has_value() || offsets[static_cast<size_t>(*result.stop_at)] != faulted_at_)) {
    // The record that it stood at became something else: by another configuration.
    LOTIC_RETURN_NOT_OK(shared_.store->errors().TakeBack(partition_, faulted_at_));
    faulted_at_ = -1;
  }
  if (result.faults.empty()) return Status::OK();
  const auto times = run.rows.column(kRawTime).values<int64_t>();
  const Column& messages = run.rows.column(kRawMessage);
  const Column& keys = run.rows.column(kRawKey);
  std::vector<RecordError> errors;
  int64_t bytes_dropped = 0;
  for (const RecordFault& fault : result.faults) {
    RecordError error;
    error.partition = partition_;
    error.offset = offsets[static_cast<size_t>(fault.record)];
    error.stream_ms = times[static_cast<size_t>(fault.record)];
    error.at_ms = shared_.clock->NowMs();
    error.stage = std::string(StageName(fault.stage));
    error.column = fault.column;
    error.message = fault.message;
    if (!messages.IsNull(fault.record)) {
      const std::string_view payload = messages.Text(fault.record);
      error.payload = std::string(payload.substr(0, RecordError::kMaxPayloadBytes));
      error.payload_bytes = static_cast<int64_t>(payload.size());
    }
    if (!keys.IsNull(fault.record)) error.key = std::string(keys.Text(fault.record).substr(0, RecordError::kMaxKeyBytes));
    const bool stops = result.stop_at == fault.record;
    if (stops && faulted_at_ == error.offset) continue;  // tried again, and nothing has changed
    if (stops) faulted_at_ = error.offset;
    const bool row_kept = fault.stage != Stage::kDecode && shared_.config.continue_on_error;
    if (!stops && !row_kept) bytes_dropped += error.payload_bytes;
    errors.push_back(std::move(error));
    if (errors.size() == kErrorsAtOnce) {
      LOTIC_RETURN_NOT_OK(shared_.store->errors().Append(errors));
      errors.clear();
    }
  }
  Tell([&](PartitionStatus&, PartitionCounters& counters) { counters.bytes_dropped += bytes_dropped; });
  return errors.empty() ? Status::OK() : shared_.store->errors().Append(errors);
}

Status PartitionIngest::Append(const Commit& commit) {
  Status appended = writer_->Append(commit);
  if (appended.code() == StatusCode::kCapacityError && commit.start > segment_start_) {  // no room for this one: it opens the next
    LOTIC_RETURN_NOT_OK(Roll(SealReason::kCapacity));
    appended = writer_->Append(commit);
  }
  return appended;
}

Status PartitionIngest::CommitSlice(const CallContext& ctx, RawRun& run, int64_t count) {
  Commit commit;
  commit.start = writer_->position();
  commit.epoch = run.epoch;  // within the run it may be one too new, which an intact log still holds; one too old would look like a log that was cut
  commit.commit_ms = shared_.clock->NowMs();
  PipelineResult result;
  if (count > 0) {
    LOTIC_ASSIGN_OR_RETURN(result, shared_.pipeline->Run(ctx, run.rows, run.first, count, partition_));
    LOTIC_RETURN_NOT_OK(RecordFaults(run, result));
    commit.rows = result.rows;
    commit.fates = result.fates;
  }
  const int64_t done = result.records;
  if (run.count == done) {
    commit.end = run.end;
  } else if (done > 0) {
    commit.end = run.rows.column(kRawOffset).values<int64_t>()[static_cast<size_t>(run.first + done - 1)] + 1;
  } else {
    commit.end = commit.start;
  }
  if (result.stop_at.has_value()) {
    // Everything before the record is dealt with, also what lies between.
    commit.end = run.rows.column(kRawOffset).values<int64_t>()[static_cast<size_t>(*result.stop_at)];
  }
  // The greatest, not the last: producers' times need not ascend, and segments are left out of queries by it.
  if (done > 0) {  // a run without records has no columns either
    for (const int64_t ms : run.rows.column(kRawTime).values<int64_t>().subspan(static_cast<size_t>(run.first), static_cast<size_t>(done)))
      commit.newest_stream_ms = std::max(commit.newest_stream_ms, ms);
  }
  LOTIC_RETURN_NOT_OK(Spend(commit.end - commit.start - commit.fates.Sum(), &commit.fates));
  const int64_t rows = commit.rows.num_rows();
  if (shared_.time_column.has_value() && rows > 0) {
    commit.times = TimeRange();
    if (result.min_time_ms.has_value() && result.max_time_ms.has_value()) {
      commit.times = TimeRange{*result.min_time_ms, *result.max_time_ms};
      commit.rows_without_time = commit.rows.column(*shared_.time_column).null_count;
    } else {
      commit.rows_without_time = rows;
    }
  }
  if (commit.end > commit.start || rows > 0) LOTIC_RETURN_NOT_OK(Append(commit));
  segment_rows_ += rows;
  rate_.Take(done);
  Tell([&](PartitionStatus& status, PartitionCounters& counters) {
    status.position = commit.end;
    if (status.upstream.has_value()) {
      status.upstream = std::max(*status.upstream, commit.end);
      status.lag = *status.upstream - commit.end;
    }
    if (done > 0) {
      if (commit.newest_stream_ms >= 0) status.newest_stream_ms = commit.newest_stream_ms;
      counters.bytes += MessageBytes(run.rows, run.first, done);
    }
    if (rows > 0) status.last_row_ms = commit.commit_ms;
    counters.fetched += done;
    counters.fates += commit.fates;
    ++counters.commits;
  });
  run.first += done;
  run.count -= done;
  if (writer_->unsynced_bytes() >= shared_.sync_bytes) LOTIC_RETURN_NOT_OK(writer_->Sync());
  if (!result.stop_at.has_value()) return Status::OK();
  const std::string why = result.faults.empty() ? "it cannot be decoded" : result.faults.back().message;
  return Status::Invalid("record at offset ", commit.end, ": ", why, " (stopOnDecodeError)").WithDetail(std::make_shared<StopsHere>());
}

std::map<std::string, std::string> PartitionIngest::Attributes(int64_t threshold) const { return {{kThresholdAttribute, std::to_string(threshold)}}; }

Status PartitionIngest::RollIfDue() {
  if (!consuming_) return Status::OK();
  if (shared_.clock->NowMs() >= end_time_ms_) {
    if (writer_->position() > segment_start_) return Roll(SealReason::kTimeLimit);  // also where no record became a row
    end_time_ms_ = shared_.clock->NowMs() + kHourMs;                                // nothing to seal
  }
  if (segment_rows_ >= threshold_) return Roll(SealReason::kRowLimit);
  if (writer_->full()) return Roll(SealReason::kCapacity);
  return Status::OK();
}

Status PartitionIngest::Roll(SealReason reason) {
  const int64_t next = shared_.NextThreshold();
  LOTIC_RETURN_NOT_OK(writer_->Roll(reason, shared_.clock->NowMs(), Attributes(next)));
  TakeUpSegment();
  return Status::OK();
}

Status PartitionIngest::Pause() {
  LOTIC_RETURN_NOT_OK(writer_->RollAndPause(SealReason::kPause, shared_.clock->NowMs()));
  TakeUpSegment();
  return Status::OK();
}

Status PartitionIngest::Resume(int64_t start, const std::string& why) {
  LOTIC_RETURN_NOT_OK(writer_->Resume(start, shared_.clock->NowMs(), why, Attributes(shared_.NextThreshold())));
  TakeUpSegment();
  return Status::OK();
}

PartitionStatus PartitionIngest::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

PartitionCounters PartitionIngest::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace lotic::table
