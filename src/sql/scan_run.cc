// SPDX-License-Identifier: Apache-2.0
#include "sql/scan_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "lotic/constraints.h"
#include "scan/certificate.h"

namespace lotic::sql {
namespace {

constexpr std::chrono::seconds kCloseWait{2};             // how long closing a reader may take to cancel at the source
constexpr size_t kMaxSplits = 1'000'000;                  // of one scan; more is a CapacityError
constexpr int64_t kLeastReaderBytes = int64_t{16} << 20;  // of the memory budget, which the readers of a scan share

/// What kept a split that was opened from being read to its end: the answer would be incomplete, whatever the world did.
Status Unfinished(const Status& status) {
  if (status.code() != StatusCode::kIOError && status.code() != StatusCode::kThrottled) return status;
  return Status(StatusCode::kDataLoss, status.message(), status.detail());
}

}  // namespace

Result<std::shared_ptr<ScanRun>> ScanRun::Plan(std::shared_ptr<Connector> connector, ScanRequest request, Prepared prepared, ScanOptions options,
                                               const CallContext& ctx) {
  std::shared_ptr<ScanRun> run(new ScanRun());
  PageRequest page;
  while (!prepared.partitions.empty()) {
    LOTIC_RETURN_NOT_OK(ctx.Check("planning the splits of " + request.table.ToString()));
    LOTIC_ASSIGN_OR_RETURN(SplitPage splits, connector->Splits(ctx, request, prepared.partitions, page));
    for (Split& split : splits.splits) run->splits_.push_back(std::move(split));
    if (run->splits_.size() > kMaxSplits) {
      return Status::CapacityError(request.table.ToString(), ": more than ", kMaxSplits, " splits in one scan");
    }
    if (splits.next_page.empty()) break;
    page.page_token = std::move(splits.next_page);
  }
  // A connector that reports a set exact leaves no residual for it. If one does all the same, it is applied here: nobody else would.
  for (const Split& split : run->splits_) {
    for (const auto& [column, set] : split.residual.columns) {
      if (options.exact.count(column) != 0) run->unfinished_.columns[column] = request.constraints.columns.at(column);
    }
  }
  if (!run->unfinished_.empty()) request.limit.reset();
  const size_t lanes = std::clamp<size_t>(options.max_lanes, 1, std::max<size_t>(1, run->splits_.size()));
  if (!run->splits_.empty()) run->groups_.resize(lanes);
  for (size_t i = 0; i < run->splits_.size(); ++i) run->groups_[i % lanes].push_back(i);
  run->certificates_.resize(run->splits_.size());
  run->split_failed_.resize(run->splits_.size(), false);
  run->connector_ = std::move(connector);
  run->request_ = std::move(request);
  run->prepared_ = std::move(prepared);
  run->options_ = std::move(options);
  run->ctx_ = ctx;
  run->ctx_.memory_budget_bytes = std::min(ctx.memory_budget_bytes, std::max(ctx.memory_budget_bytes / static_cast<int64_t>(lanes), kLeastReaderBytes));
  run->ctx_.stop = run->stop_.get_token();
  run->outer_stop_.emplace(ctx.stop, [stop = &run->stop_] { stop->request_stop(); });
  return run;
}

ScanRun::~ScanRun() = default;

void ScanRun::Stop() { stop_.request_stop(); }

Status ScanRun::Fail(const Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = status;
  }
  stop_.request_stop();
  return *failure();
}

std::optional<Status> ScanRun::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

ReaderProgress ScanRun::Progress() const {
  std::lock_guard lock(mutex_);
  ReaderProgress sum = closed_;
  for (const Lane* lane : reading_) {
    const ReaderProgress one = lane->reader_->Progress();
    sum.records += one.records;
    sum.bytes_fetched += one.bytes_fetched;
    sum.throttled += one.throttled;
    sum.fraction += one.fraction * static_cast<double>(lane->group_.size());
  }
  sum.fraction = splits_.empty() ? 1 : sum.fraction / static_cast<double>(splits_.size());
  return sum;
}

TableCertificate ScanRun::Certificate(QueryOutcome outcome) const {
  std::lock_guard lock(mutex_);
  std::vector<SplitCertificate> all;
  for (size_t i = 0; i < splits_.size(); ++i) {
    SplitCertificate split = certificates_[i] ? *certificates_[i] : UnreadCertificate(splits_[i], false, EndReason::kNone);
    const bool open = split.reason == EndReason::kNone || split.reason == EndReason::kCancelled ||
                      split.reason == EndReason::kReleased;  // ended by our closing the reader, not by itself
    if (split_failed_[i]) {
      split.complete = false;
      if (open) split.reason = EndReason::kError;
    } else if (!split.complete && open && outcome == QueryOutcome::kFinished) {
      // The query has all its rows: what is left of the split was proved unneeded.
      split.complete = true;
      split.reason = EndReason::kLimit;
    } else if (!split.complete && open && outcome != QueryOutcome::kRunning) {
      split.reason = outcome == QueryOutcome::kCancelled ? EndReason::kCancelled : EndReason::kError;
    }
    all.push_back(std::move(split));
  }
  return MakeTableCertificate(prepared_, std::move(all));
}

Result<bool> ScanRun::Lane::OpenNextGroup() {
  const size_t group = run_->next_group_.fetch_add(1);
  if (group >= run_->groups_.size()) return false;
  group_ = run_->groups_[group];
  std::vector<SplitStart> starts;
  for (const size_t i : group_) starts.push_back({run_->splits_[i], run_->splits_[i].start});
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, run_->connector_->Open(run_->ctx_, run_->request_, starts));
  ended_.assign(group_.size(), false);
  open_splits_ = group_.size();
  std::lock_guard lock(run_->mutex_);
  reader_ = std::move(reader);
  run_->reading_.push_back(this);
  return true;
}

Status ScanRun::Lane::CloseReader() {
  if (reader_ == nullptr) return Status::OK();
  CallContext ctx = run_->ctx_.WithDeadline(std::chrono::steady_clock::now() + kCloseWait);
  ctx.stop = {};  // a scan that was stopped still cancels at the source what runs there
  const Status closed = reader_->Close(ctx);
  if (!closed.ok() && run_->options_.warn) run_->options_.warn("closing the reader of " + run_->request_.table.ToString() + ": " + closed.message());
  const ReaderProgress progress = reader_->Progress();
  Status accounting;
  std::lock_guard lock(run_->mutex_);
  for (size_t i = 0; i < group_.size(); ++i) {
    SplitCertificate split = reader_->Certificate(static_cast<uint32_t>(i));
    if (run_->options_.dense && accounting.ok()) accounting = CheckAccounting(split);
    run_->certificates_[group_[i]] = std::move(split);
  }
  run_->closed_.records += progress.records;
  run_->closed_.bytes_fetched += progress.bytes_fetched;
  run_->closed_.throttled += progress.throttled;
  run_->closed_.fraction += static_cast<double>(group_.size());
  run_->reading_.erase(std::find(run_->reading_.begin(), run_->reading_.end(), this));
  reader_.reset();
  return accounting;
}

Status ScanRun::Lane::TakeRuns(const ReadBatch& read) {
  for (const Run& run : read.runs) {
    if (run.split >= group_.size()) {
      return Status::UnknownError(run_->connector_->type_name(), ": a run of split ", run.split, " of ", group_.size());
    }
    if ((run.ended || !run.status.ok()) && !ended_[run.split]) {
      ended_[run.split] = true;
      --open_splits_;
    }
    if (run.status.ok()) continue;
    if (run.status.IsCancelled() && run_->limit_reached_) continue;
    {
      std::lock_guard lock(run_->mutex_);
      run_->split_failed_[group_[run.split]] = true;
    }
    if (!run_->options_.allow_partial || run.status.IsCancelled()) return Unfinished(run.status);
    if (run_->options_.warn) {
      run_->options_.warn(run_->request_.table.ToString() + ", partition " + run_->splits_[group_[run.split]].partition +
                          " is incomplete: " + run.status.message());
    }
  }
  return Status::OK();
}

Result<std::optional<Batch>> ScanRun::Lane::Next() {
  for (;;) {
    if (run_->limit_reached_) {
      const Status closed = CloseReader();
      if (!closed.ok()) return run_->Fail(closed);
      return std::optional<Batch>();
    }
    if (reader_ == nullptr) {
      Result<bool> opened = OpenNextGroup();
      if (!opened.ok()) {
        if (opened.status().IsCancelled() && run_->limit_reached_) continue;
        return run_->Fail(opened.status());
      }
      if (!*opened) return std::optional<Batch>();
    }
    Result<ReadBatch> read = reader_->Next(run_->ctx_);
    if (!read.ok()) {
      if (read.status().IsCancelled() && run_->limit_reached_) continue;
      return run_->Fail(Unfinished(read.status()));
    }
    const Status runs = TakeRuns(*read);
    if (!runs.ok()) return run_->Fail(runs);
    std::optional<Batch> rows = std::move(read->rows);
    if (rows && rows->num_rows() > 0 && !run_->unfinished_.empty()) {
      std::vector<uint8_t> keep;
      const Status evaluated = EvaluateConstraints(run_->unfinished_, run_->request_.compare, *rows, &keep);
      if (!evaluated.ok()) return run_->Fail(evaluated);
      std::vector<int64_t> kept;
      for (size_t i = 0; i < keep.size(); ++i) {
        if (keep[i] != 0) kept.push_back(static_cast<int64_t>(i));
      }
      if (kept.size() != keep.size()) rows = rows->Take(kept);
    }
    if (open_splits_ == 0) {
      const Status closed = CloseReader();
      if (!closed.ok()) return run_->Fail(closed);
    }
    if (!rows || rows->num_rows() == 0) {
      const Status check = run_->ctx_.Check("reading " + run_->request_.table.ToString());
      if (!check.ok() && !run_->limit_reached_) return run_->Fail(check);
      continue;
    }
    const int64_t total = run_->rows_.fetch_add(rows->num_rows()) + rows->num_rows();
    if (run_->request_.limit && total >= *run_->request_.limit && !run_->limit_reached_.exchange(true)) run_->stop_.request_stop();
    return rows;
  }
}

}  // namespace lotic::sql
