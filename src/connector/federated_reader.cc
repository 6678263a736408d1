// SPDX-License-Identifier: Apache-2.0
#include "connector/federated_reader.h"

#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "lotic/scan_json.h"
#include "scan/certificate.h"

namespace lotic {
namespace {

// A source that is ahead of Next by more waits. Many small splits may be ahead, since waking a thread for each would cost more than they do.
constexpr int64_t kMaxQueuedRows = 4 * RowWriter::kRowsPerBatch;
constexpr int64_t kMaxQueuedBytes = 4 * RowWriter::kBytesPerBatch;
constexpr size_t kMaxQueuedPieces = 1024;
constexpr const char* kStart = "0";
constexpr const char* kEnd = "end";
constexpr const char* kPartitionKey = "partition";   // of a split's properties: its LayoutPartition as JSON
constexpr std::string_view kSplitPrefix = "split.";  // and the source's own

/// What the source has written, on its way to Next: rows `first` and following of a split, or its end.
struct Piece {
  uint32_t split = 0;
  std::optional<Batch> rows;
  int64_t first = 0;
  Status ended;  // of an end: why
  bool is_end = false;
  int64_t written = 0;  // of an end: rows in all
};

class FederatedReader final : public Reader {
 public:
  FederatedReader(std::shared_ptr<FederatedSource> source, TableInfo table, const ScanRequest& request, const CallContext& ctx)
      : source_(std::move(source)),
        table_(std::move(table)),
        request_(request),
        layout_(std::make_shared<const Schema>(request.layout)),
        outer_ctx_(ctx),
        rows_left_(request.limit.value_or(-1)) {
    if (!request_.constraints.empty()) {
      for (const auto& [name, set] : request_.constraints.columns) constrained_ = constrained_ || !set.IsUnconstrained();
      constrained_ = constrained_ || !request_.constraints.expressions.empty();
    }
  }

  ~FederatedReader() override { Stop(); }

  Result<uint32_t> Add(SplitStart start) override {
    State state;
    const auto partition = start.split.properties.find(kPartitionKey);
    if (partition == start.split.properties.end()) return Status::Invalid("split ", start.split.partition, ": it is none of table ", table_.name.ToString());
    LOTIC_ASSIGN_OR_RETURN(const LayoutPartition values, LayoutPartitionFromJson(partition->second, table_));
    state.source.table = table_.name;
    for (size_t i = 0; i < values.values.size(); ++i) state.source.values[table_.partition_columns[i]] = values.values[i];
    state.source.properties = values.properties;
    for (const auto& [key, value] : start.split.properties) {
      if (key.starts_with(kSplitPrefix)) state.source.properties[key.substr(kSplitPrefix.size())] = value;
    }
    state.ended = start.position.text == kEnd;
    if (!state.ended) {
      LOTIC_ASSIGN_OR_RETURN(state.next, ParsePosition(start.position.text));
    }
    state.certificate = UnreadCertificate(start.split, state.ended, state.ended ? EndReason::kEnd : EndReason::kNone);
    state.certificate.read_start = state.certificate.read_end = start.position;
    state.split = std::move(start.split);
    const std::lock_guard lock(mutex_);
    const auto number = static_cast<uint32_t>(states_.size());
    if (state.ended) {
      ends_.push_back(number);
    } else {
      ++open_;
    }
    states_.push_back(std::move(state));
    changed_.notify_all();
    return number;
  }

  Result<ReadBatch> Next(const CallContext& ctx) override {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (ctx.stop.stop_requested()) return Status::Cancelled("reading ", table_.name.ToString(), ": cancelled");
      if (std::exchange(woken_, false)) return ReadBatch{};
      if (!ends_.empty()) return ShowEnds();
      if (!queue_.empty()) {
        Piece piece = std::move(queue_.front());
        queue_.pop_front();
        if (piece.rows) {
          queued_rows_ -= piece.rows->num_rows();
          queued_bytes_ -= piece.rows->size_bytes();
        }
        changed_.notify_all();
        if (states_[piece.split].ended) continue;
        LOTIC_ASSIGN_OR_RETURN(std::optional<ReadBatch> batch, Take(std::move(piece)));
        if (batch) return std::move(*batch);
        continue;
      }
      if (open_ == 0) return ReadBatch{};
      if (stop_.stop_requested()) return Status::Cancelled("reading ", table_.name.ToString(), ": the reader was stopped");
      if (!worker_.joinable()) worker_ = std::jthread([this] { Work(); });
      const auto ready = [this] { return woken_ || !queue_.empty() || stop_.stop_requested(); };
      if (ctx.deadline == std::chrono::steady_clock::time_point::max()) {
        changed_.wait(lock, ctx.stop, ready);
      } else if (!changed_.wait_until(lock, ctx.stop, ctx.deadline, ready) && !ctx.stop.stop_requested()) {
        return Status::DeadlineExceeded("reading ", table_.name.ToString(), ": the source gave no more rows in time");
      }
    }
  }

  Result<SplitStart> Release(uint32_t split) override {
    const std::lock_guard lock(mutex_);
    if (split >= states_.size()) return Status::Invalid("no split ", split, " in this reader");
    State& state = states_[split];
    if (!state.ended) End(&state, EndReason::kReleased);
    changed_.notify_all();
    return SplitStart{state.split, state.certificate.read_end};
  }

  SplitCertificate Certificate(uint32_t split) const override {
    const std::lock_guard lock(mutex_);
    return states_[split].certificate;
  }

  ReaderProgress Progress() const override {
    const std::lock_guard lock(mutex_);
    ReaderProgress progress;
    for (const State& state : states_) progress.records += state.certificate.records.Sum();
    progress.fraction = states_.empty() ? 0 : static_cast<double>(states_.size() - open_) / static_cast<double>(states_.size());
    return progress;
  }

  void Wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  Status Close(const CallContext&) override {
    {
      const std::lock_guard lock(mutex_);
      for (State& state : states_) {
        if (!state.ended) End(&state, EndReason::kReleased);
      }
    }
    Stop();
    return Status::OK();
  }

 private:
  struct State {
    Split split;
    SourceSplit source;
    int64_t next = 0;  // rows of the source taken
    bool ended = false;
    SplitCertificate certificate;
  };

  static Result<int64_t> ParsePosition(const std::string& text) {
    int64_t rows = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), rows);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size() || rows < 0) return Status::Invalid("position \"", text, "\" is no number of rows");
    return rows;
  }

  void End(State* state, EndReason reason) {
    state->ended = true;
    --open_;
    state->certificate.reason = reason;
    state->certificate.complete = reason == EndReason::kEnd || reason == EndReason::kLimit;
    if (reason == EndReason::kEnd) state->certificate.read_end = {kEnd};
  }

  /// Runs of splits that ended without a piece: opened at their end, or no longer needed.
  ReadBatch ShowEnds() {
    ReadBatch batch;
    for (const uint32_t split : std::exchange(ends_, {}))
      batch.runs.push_back({split, 0, states_[split].certificate.read_end, true, Status::OK(), std::nullopt});
    return batch;
  }

  /// What a piece means to the reader of Next; nothing if all its rows were passed over.
  Result<std::optional<ReadBatch>> Take(Piece piece) {
    State& state = states_[piece.split];
    lotic::Run run;
    run.split = piece.split;
    std::optional<Batch> kept;
    if (piece.is_end) {
      if (piece.ended.ok() && piece.written < state.next) {
        piece.ended = Status::DataLoss("split ", state.split.partition, " of ", table_.name.ToString(), " held ", state.next, " rows before, and has ",
                                       piece.written, " now");
      }
      End(&state, piece.ended.ok() ? EndReason::kEnd : EndReason::kError);
      run.status = piece.ended;
    } else {
      int64_t read = 0;
      LOTIC_RETURN_NOT_OK(Keep(*piece.rows, state.next - piece.first, &kept, &read));
      if (read == 0 && rows_left_ != 0) return std::optional<ReadBatch>();
      run.num_rows = kept ? kept->num_rows() : 0;
      state.next += read;
      state.certificate.read_end = {std::to_string(state.next)};
      state.certificate.records.returned += run.num_rows;
      state.certificate.records.filtered += read - run.num_rows;
      state.certificate.rows += run.num_rows;
      if (rows_left_ == 0) {
        for (uint32_t other = 0; other < states_.size(); ++other) {
          if (states_[other].ended) continue;
          End(&states_[other], EndReason::kLimit);
          if (other != piece.split) ends_.push_back(other);
        }
        changed_.notify_all();
      }
    }
    run.ended = state.ended;
    run.next = state.certificate.read_end;
    return std::optional<ReadBatch>(ReadBatch{std::move(kept), {std::move(run)}});
  }

  /// Of the rows from `skip` on (those before were taken already), the ones to return. `read`: how many were needed for that.
  Status Keep(const Batch& rows, int64_t skip, std::optional<Batch>* kept, int64_t* read) {
    if (skip >= rows.num_rows()) return Status::OK();
    std::vector<uint8_t> keep(static_cast<size_t>(rows.num_rows()), 1);
    if (constrained_) LOTIC_RETURN_NOT_OK(EvaluateConstraints(request_.constraints, request_.compare, rows, &keep));
    std::vector<int64_t> taken;
    int64_t row = skip;
    for (; row < rows.num_rows() && (rows_left_ < 0 || static_cast<int64_t>(taken.size()) < rows_left_); ++row) {
      if (keep[static_cast<size_t>(row)] != 0) taken.push_back(row);
    }
    *read = row - skip;
    const auto count = static_cast<int64_t>(taken.size());
    if (rows_left_ > 0) rows_left_ -= count;
    if (count == rows.num_rows()) {
      *kept = rows;
    } else if (count > 0) {
      *kept = rows.Take(taken);
    }
    return Status::OK();
  }

  void Stop() {
    stop_.request_stop();
    if (worker_.joinable()) worker_.join();
  }

  /// The worker: reads splits in their order, also those added later, until it is stopped.
  void Work() {
    std::unique_lock lock(mutex_);
    size_t index = 0;
    for (;;) {
      while (index < states_.size() && states_[index].ended) ++index;
      if (index == states_.size()) {
        if (!changed_.wait(lock, stop_.get_token(), [&] { return states_.size() > index; })) return;
        continue;
      }
      const SourceSplit split = states_[index].source;
      lock.unlock();
      Piece end;
      end.split = static_cast<uint32_t>(index);
      end.is_end = true;
      end.ended = ReadSplit(split, end.split, &end.written);
      lock.lock();
      if (stop_.stop_requested()) {
        changed_.notify_all();
        return;
      }
      if (!states_[index].ended) queue_.push_back(std::move(end));  // one more than the limit, at most
      changed_.notify_all();
      ++index;
    }
  }

  Status ReadSplit(const SourceSplit& split, uint32_t number, int64_t* written) {
    RowWriterOptions options;
    options.defaults = split.values;
    options.flush = [this, number, first = int64_t{0}](Batch rows) mutable {
      const int64_t count = rows.num_rows();
      return Push({number, std::move(rows), std::exchange(first, first + count), Status::OK(), false, 0});
    };
    RowWriter writer(table_.schema, layout_, std::move(options));
    CallContext ctx = outer_ctx_;
    ctx.stop = stop_.get_token();
    const std::stop_callback on_outer_stop(outer_ctx_.stop, [this] { stop_.request_stop(); });
    Status status;
    try {
      status = source_->Read(ctx, request_, split, writer);
    } catch (const std::exception& thrown) {  // a thread that throws would end the process
      status = Status::UnknownError("reading ", table_.name.ToString(), ": ", thrown.what());
    }
    if (status.ok()) {
      const Result<Batch> rest = writer.Finish();
      if (!rest.ok()) status = rest.status();
    }
    *written = writer.num_rows();
    return status;
  }

  Status Push(Piece piece) {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] {
      return (queued_rows_ < kMaxQueuedRows && queued_bytes_ < kMaxQueuedBytes && queue_.size() < kMaxQueuedPieces) || states_[piece.split].ended;
    };
    if (!changed_.wait(lock, stop_.get_token(), has_room) || states_[piece.split].ended) return Status::Cancelled("no more rows are needed");
    queued_rows_ += piece.rows->num_rows();
    queued_bytes_ += piece.rows->size_bytes();
    queue_.push_back(std::move(piece));
    changed_.notify_all();
    return Status::OK();
  }

  const std::shared_ptr<FederatedSource> source_;
  const TableInfo table_;
  const ScanRequest request_;
  const std::shared_ptr<const Schema> layout_;
  const CallContext outer_ctx_;
  bool constrained_ = false;
  std::stop_source stop_;
  int64_t rows_left_;         // of the limit, Next only; negative: no limit
  mutable std::mutex mutex_;  // guards all members below
  std::condition_variable_any changed_;
  bool woken_ = false;
  std::vector<State> states_;
  size_t open_ = 0;             // of them, not ended
  std::vector<uint32_t> ends_;  // ended without a piece, and not yet told
  std::deque<Piece> queue_;
  int64_t queued_rows_ = 0;
  int64_t queued_bytes_ = 0;
  std::jthread worker_;  // started by Next; last: ends before what it uses
};

}  // namespace

Split MakeFederatedSplit(const TableInfo& table, const LayoutPartition& partition, std::string name, const std::map<std::string, std::string>& properties) {
  Split split;
  split.partition = std::move(name);
  split.start = {kStart};
  split.end = Position{kEnd};
  split.properties[kPartitionKey] = ToJson(partition, table);
  for (const auto& [key, value] : properties) split.properties[std::string(kSplitPrefix) + key] = value;
  return split;
}

std::unique_ptr<Reader> MakeFederatedReader(std::shared_ptr<FederatedSource> source, TableInfo table, const ScanRequest& request, const CallContext& ctx) {
  return std::make_unique<FederatedReader>(std::move(source), std::move(table), request, ctx);
}

}  // namespace lotic
