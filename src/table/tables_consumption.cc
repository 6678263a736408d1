// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "table/table_metrics.h"
#include "table/table_view.h"
#include "table/tables_impl.h"

namespace lotic::table {

using std::chrono::steady_clock;

namespace {

constexpr const char* kPausedByHand = "ADMINISTRATIVE";
constexpr const char* kPausedByQuota = "STORAGE_QUOTA_EXCEEDED";

}  // namespace

Result<PauseStatus> Tables::GetPauseStatus(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->FindDefined(name));
  PauseStatus status;
  {
    std::lock_guard lock(entry->mutex);
    status.paused = entry->stored.paused;
    status.reason = entry->stored.pause_reason;
    status.comment = entry->stored.pause_comment;
    status.at_ms = entry->stored.pause_changed_ms;
  }
  if (entry->ingest != nullptr && !status.paused) {
    for (const PartitionStatus& partition : entry->ingest->status()) {
      if (!partition.segment.empty()) status.consuming_segments.push_back(partition.segment);
    }
  }
  return status;
}

Status Tables::Impl::Pause(OpenTableState& entry, const char* reason, const std::string& comment) {
  // The flag first: a restart in between pauses.
  LOTIC_RETURN_NOT_OK(Remember(entry, [&](StoredTable& stored) {
    stored.paused = true;
    stored.pause_reason = reason;
    stored.pause_comment = comment.empty() ? std::nullopt : std::optional(comment);
    stored.pause_changed_ms = options.clock->NowMs();
  }));
  return entry.ingest->Pause();
}

Status Tables::Impl::Resume(OpenTableState& entry, ConsumeFrom from, const char* reason, const std::string& comment) {
  LOTIC_RETURN_NOT_OK(entry.ingest->Resume(from));
  return Remember(entry, [&](StoredTable& stored) {
    stored.paused = false;
    stored.pause_reason = reason;
    stored.pause_comment = comment.empty() ? std::nullopt : std::optional(comment);
    stored.pause_changed_ms = options.clock->NowMs();
  });
}

Result<PauseStatus> Tables::Pause(const std::string& name, const std::string& comment) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->FindRunning(name));
  {
    std::lock_guard changing(entry->change);
    LOTIC_RETURN_NOT_OK(impl_->Pause(*entry, kPausedByHand, comment));
  }
  return GetPauseStatus(name);
}

Result<PauseStatus> Tables::Resume(const std::string& name, ConsumeFrom from, const std::string& comment) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->FindRunning(name));
  {
    std::lock_guard changing(entry->change);
    LOTIC_RETURN_NOT_OK(impl_->Resume(*entry, from, kPausedByHand, comment));
  }
  return GetPauseStatus(name);
}

Status Tables::Impl::CheckQuota(const std::string& name, OpenTableState& entry) {
  std::lock_guard changing(entry.change);
  if (const auto still = Find(name); !still.ok() || still->get() != &entry) return Status::OK();  // deleted meanwhile
  std::optional<int64_t> quota;
  bool paused = false, by_quota = false;
  {
    std::lock_guard lock(entry.mutex);
    quota = entry.definition.config.max_storage_bytes;
    paused = entry.stored.paused;
    by_quota = paused && entry.stored.pause_reason == kPausedByQuota;
  }
  if (paused ? !by_quota : !quota.has_value()) return Status::OK();
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TableView> view, TableView::Open(TableFolder(options.folder, name)));
  const int64_t bytes = view->bytes();
  const bool exceeded = quota.has_value() && bytes > *quota;
  if (exceeded == paused) return Status::OK();
  std::string why = "its segments have " + std::to_string(bytes) + " bytes";
  if (quota.has_value()) why += ", quota.storage allows " + std::to_string(*quota);
  Log("table " + name + (exceeded ? " is paused: " : " goes on: ") + why);
  return exceeded ? Pause(entry, kPausedByQuota, why) : Resume(entry, ConsumeFrom::kLastConsumed, kPausedByQuota, why);
}

void Tables::Impl::QuotaLoop(const std::stop_token& stop) {
  while (true) {
    {
      std::unique_lock lock(retry_mutex);
      retry_due.wait_for(lock, stop, options.retention_interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    std::map<std::string, std::shared_ptr<OpenTableState>> all;
    {
      std::lock_guard lock(mutex);
      all = tables;
    }
    for (const auto& [name, entry] : all) {
      if (entry->ingest == nullptr) continue;
      const Status checked = CheckQuota(name, *entry);
      if (!checked.ok() && !stop.stop_requested()) Log("table " + name + ": its storage quota could not be checked: " + checked.message());
    }
  }
}

Result<std::string> Tables::ForceCommit(const std::string& name, std::span<const int32_t> partitions, std::span<const std::string> segments) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->FindRunning(name));
  if (!partitions.empty() && !segments.empty()) return Status::Invalid("Cannot specify both partitions and segments to commit");
  if (entry->ingest->paused()) return Status::Invalid("Table ", name, " is paused: there is no consuming segment to commit");
  std::vector<int32_t> wanted(partitions.begin(), partitions.end());
  const std::vector<PartitionStatus> status = entry->ingest->status();
  for (const std::string& segment : segments) {
    const auto at = std::find_if(status.begin(), status.end(), [&](const PartitionStatus& one) { return one.segment == segment; });
    if (at == status.end()) return Status::Invalid("Segment ", segment, " is not a consuming segment of table ", name);
    wanted.push_back(at->partition);
  }
  for (const int32_t partition : wanted) {
    const bool known = std::any_of(status.begin(), status.end(), [&](const PartitionStatus& one) { return one.partition == partition; });
    if (!known) return Status::Invalid("Table ", name, " has no partition ", partition);
  }
  ForceCommitRecord job;
  job.table = entry->stored.name;
  job.submitted_ms = impl_->options.clock->NowMs();
  LOTIC_ASSIGN_OR_RETURN(job.segments, entry->ingest->ForceCommit(wanted));
  const std::string id = RandomUuid();
  std::lock_guard lock(impl_->mutex);
  impl_->jobs[id] = std::move(job);
  impl_->job_order.push_back(id);
  if (impl_->job_order.size() > kMaxForceCommitJobs) {
    impl_->jobs.erase(impl_->job_order.front());
    impl_->job_order.pop_front();
  }
  return id;
}

Result<ForceCommitJob> Tables::JobStatus(const std::string& id) const {
  ForceCommitJob status;
  {
    std::lock_guard lock(impl_->mutex);
    const auto at = impl_->jobs.find(id);
    if (at == impl_->jobs.end()) return Status::NotFound("Failed to find controller job id: ", id);
    status = {id, at->second.table, at->second.submitted_ms, at->second.segments, {}};
  }
  const Result<std::shared_ptr<const TableView>> view = View(status.table);
  if (!view.ok()) return view.status().code() == StatusCode::kNotFound ? Result<ForceCommitJob>(status) : view.status();
  for (const PartitionView& partition : (*view)->partitions()) {
    for (const SegmentInfo& segment : partition.segments) {
      if (segment.state != SegmentState::kConsuming && segment.state != SegmentState::kSealing) continue;
      if (std::find(status.segments.begin(), status.segments.end(), segment.name) != status.segments.end()) status.yet_to_be_committed.push_back(segment.name);
    }
  }
  return status;
}

Result<std::vector<ConsumingSegment>> Tables::ConsumingInfo(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->FindRunning(name));
  const int64_t now = impl_->options.clock->NowMs();
  std::vector<ConsumingSegment> info;
  for (PartitionStatus& partition : entry->ingest->status()) {
    if (partition.segment.empty()) continue;
    const std::optional<int64_t> delay = IngestDelayMs(partition, now, entry->ingest->WasHeard(partition, now));
    info.push_back({partition.segment, std::move(partition), delay});
  }
  return info;
}

Result<TableStatus> Tables::GetStatus(const std::string& name) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->Find(name));
  TableStatus status;
  {
    std::lock_guard lock(entry->mutex);
    status.name = entry->stored.name;
    status.paused = entry->stored.paused;
    status.topic = entry->definition.config.stream.topic;
  }
  if (entry->ingest == nullptr) {
    status.error = entry->error.message();
    return status;
  }
  status.partitions = entry->ingest->status();
  status.healthy = true;
  const int64_t now = impl_->options.clock->NowMs();
  for (const PartitionStatus& partition : status.partitions) {
    if (const auto delay = IngestDelayMs(partition, now, entry->ingest->WasHeard(partition, now))) status.delays_ms[partition.partition] = *delay;
    if (partition.state == PartitionState::kConsuming || partition.state == PartitionState::kPaused) continue;
    if (partition.state == PartitionState::kConnecting && partition.error.empty()) continue;
    status.healthy = false;
    if (status.error.empty()) status.error = "partition " + std::to_string(partition.partition) + ": " + partition.error;
  }
  return status;
}

void Tables::Suspect(const std::string& table, int partition, int64_t sequence) {
  const Result<std::shared_ptr<OpenTableState>> entry = impl_->FindRunning(table);
  if (entry.ok()) (*entry)->ingest->Suspect(partition, sequence);
}

Status Tables::RunDiscovery(const std::string& name) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->FindRunning(name));
  return entry->ingest->RunDiscovery();
}

Result<std::vector<ErrorRow>> Tables::Errors(const std::string& name, size_t limit) const {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<OpenTableState> entry, impl_->Find(name));
  std::string raw, typed, topic;
  {
    std::lock_guard lock(entry->mutex);
    raw = entry->stored.raw_name;
    typed = entry->stored.name;
    topic = entry->definition.config.stream.topic;
  }
  LOTIC_ASSIGN_OR_RETURN(ErrorRing::Contents contents, ErrorRing::Read(TableFolder(impl_->options.folder, typed) + "/errors", limit));
  std::vector<ErrorRow> rows;
  for (RecordError& error : contents.errors) {
    rows.push_back({error.at_ms, raw, topic, error.partition, error.offset, std::move(error.stage), std::move(error.column), std::move(error.message),
                    std::move(error.payload)});
  }
  return rows;
}

std::vector<Metric> Tables::Metrics() const {
  std::map<std::string, std::shared_ptr<OpenTableState>> tables;
  {
    std::lock_guard lock(impl_->mutex);
    tables = impl_->tables;
  }
  std::vector<Metric> metrics;
  for (const auto& [name, entry] : tables) {
    std::string topic;
    {
      std::lock_guard lock(entry->mutex);
      topic = entry->definition.config.stream.topic;
    }
    metrics.push_back({"tableNotRunning", false, name, topic, -1, entry->ingest == nullptr ? 1.0 : 0.0});
    if (entry->ingest != nullptr) AppendMetrics(name, topic, *entry->ingest, impl_->options.clock->NowMs(), &metrics);
  }
  return metrics;
}

}  // namespace lotic::table
