// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "lotic/connector.h"

// One reading of one table, in parallel, over the connector interface alone: no DuckDB here.

namespace lotic::sql {

/// How the query that a scan belongs to went; decides what a split means that was not read to its end.
enum class QueryOutcome : uint8_t {
  kRunning,
  kFinished,  ///< all its rows were taken: what was not read was not needed
  kFailed,
  kCancelled,  ///< also: the result was dropped before its end
};

struct ScanOptions {
  size_t max_lanes = 1;         ///< how many threads may read at once
  bool dense = false;           ///< the accounting rule of dense sources is checked
  bool allow_partial = false;   ///< a split that fails is reported, not an error of the whole
  std::set<std::string> exact;  ///< columns whose value sets nobody applies after this scan
  std::function<void(const std::string&)> warn;
};

/// The splits of a planned scan, dealt out to lanes. Any thread; each lane one thread at a time.
class ScanRun {
 public:
  class Lane;

  /// Fetches the splits of `prepared`; opens no reader. `request.token` is the prepared one.
  static Result<std::shared_ptr<ScanRun>> Plan(std::shared_ptr<Connector> connector, ScanRequest request, Prepared prepared, ScanOptions options,
                                               const CallContext& ctx);
  ~ScanRun();

  /// At least 1.
  size_t max_lanes() const { return groups_.empty() ? 1 : groups_.size(); }
  /// Ends all lanes' waits; they report Cancelled.
  void Stop();

  ReaderProgress Progress() const;
  int64_t rows() const { return rows_.load(std::memory_order_relaxed); }
  const std::vector<Split>& splits() const { return splits_; }

  /// What ended the scan, if anything has.
  std::optional<Status> failure() const;
  /// What was read, as far as lanes have ended; final once all have.
  TableCertificate Certificate(QueryOutcome outcome) const;

 private:
  ScanRun() = default;
  /// The first failure wins and stops the other lanes; returns it.
  Status Fail(const Status& status);

  std::shared_ptr<Connector> connector_;  // fixed after Plan, to the next blank line
  ScanRequest request_;
  Prepared prepared_;
  ScanOptions options_;
  CallContext ctx_;  // its stop is stop_'s
  std::vector<Split> splits_;
  std::vector<std::vector<size_t>> groups_;  // indexes in splits_
  Constraints unfinished_;                   // what the connector left although it is in options_.exact
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> outer_stop_;

  std::atomic<size_t> next_group_{0};
  std::atomic<int64_t> rows_{0};
  std::atomic<bool> limit_reached_{false};

  mutable std::mutex mutex_;  // guards all members below
  std::optional<Status> failure_;
  std::vector<std::optional<SplitCertificate>> certificates_;  // by split; none: never opened
  std::vector<bool> split_failed_;
  std::vector<const Lane*> reading_;  // lanes with an open reader
  ReaderProgress closed_;             // sums of the closed readers; `fraction` counts splits
};

/// A thread's part of the reading: takes groups of splits until none is left, so that any number of lanes reads everything.
/// One thread at a time.
class ScanRun::Lane {
 public:
  explicit Lane(std::shared_ptr<ScanRun> run) : run_(std::move(run)) {}
  ~Lane() { (void)CloseReader(); }  // a scan that ends early has its rows: its accounting is in the certificate
  /// The next rows, at least one; none: nothing is left for this lane. Errors: the scan's first failure; Cancelled.
  Result<std::optional<Batch>> Next();

 private:
  Result<bool> OpenNextGroup();
  Status CloseReader();  // errors: the accounting of a split does not add up
  Status TakeRuns(const ReadBatch& read);
  friend class ScanRun;

  const std::shared_ptr<ScanRun> run_;
  std::unique_ptr<Reader> reader_;
  std::vector<size_t> group_;  // of reader_
  std::vector<bool> ended_;    // by place in group_
  size_t open_splits_ = 0;
};

}  // namespace lotic::sql
