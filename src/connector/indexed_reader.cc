// SPDX-License-Identifier: Apache-2.0
#include "connector/indexed_reader.h"

#include <algorithm>
#include <atomic>
#include <charconv>

#include "lotic/batch_builder.h"
#include "scan/certificate.h"

namespace lotic {
namespace {

class IndexedReader final : public Reader {
 public:
  IndexedReader(std::shared_ptr<IndexedSource> source, const ScanRequest& request)
      : source_(std::move(source)),
        changes_(source_->changes() != nullptr ? source_->changes() : std::make_shared<ChangeSignal>()),
        request_(request),
        layout_(std::make_shared<const Schema>(request.layout)),
        rows_left_(request.limit.value_or(-1)) {}

  Result<uint32_t> Add(SplitStart start) override {
    State state;
    state.split = start.split;
    LOTIC_ASSIGN_OR_RETURN(state.partition, ParseRowNumber("partition", start.split.partition));
    LOTIC_ASSIGN_OR_RETURN(state.next, ParseRowNumber("position", start.position.text));
    LOTIC_ASSIGN_OR_RETURN(const int64_t first, ParseRowNumber("split start", start.split.start.text));
    if (start.split.end) {
      LOTIC_ASSIGN_OR_RETURN(state.end, ParseRowNumber("split end", start.split.end->text));
    }
    if (state.next < first || (state.end && state.next > *state.end)) {
      return Status::Invalid("position ", state.next, " lies outside its split, which begins at ", first,
                             state.end ? " and ends at " + start.split.end->text : "");
    }
    state.certificate = UnreadCertificate(start.split, false, EndReason::kNone);
    state.certificate.read_start = state.certificate.read_end = start.position;
    const std::lock_guard lock(mutex_);
    planned_ += state.end ? *state.end - state.next : 0;
    splits_.push_back(std::move(state));
    return static_cast<uint32_t>(splits_.size() - 1);
  }

  Result<ReadBatch> Next(const CallContext& ctx) override {
    for (;;) {
      if (ctx.stop.stop_requested()) return Status::Cancelled("reading ", request_.table.ToString(), ": cancelled");
      if (woken_.exchange(false)) return ReadBatch{};
      const uint64_t seen = changes_->version();
      LOTIC_ASSIGN_OR_RETURN(const std::vector<int64_t> ends, source_->Ends(ctx, request_.table));
      bool open = false;
      for (size_t tried = 0; tried < splits_.size(); ++tried) {
        const size_t index = turn_++ % splits_.size();  // the splits take turns
        if (splits_[index].ended) continue;
        open = true;
        LOTIC_ASSIGN_OR_RETURN(std::optional<ReadBatch> batch, ReadSome(ctx, index, ends));
        if (batch) return std::move(*batch);
      }
      if (!open) return ReadBatch{};
      if (!changes_->WaitPast(seen, ctx) && !ctx.stop.stop_requested()) return ReadBatch{};  // idle until the deadline
    }
  }

  Result<SplitStart> Release(uint32_t split) override {
    const std::lock_guard lock(mutex_);
    if (split >= splits_.size()) return Status::Invalid("no split ", split, " in this reader");
    State& state = splits_[split];
    if (!state.ended) End(&state, EndReason::kReleased);
    return SplitStart{state.split, Position{std::to_string(state.next)}};
  }

  SplitCertificate Certificate(uint32_t split) const override {
    const std::lock_guard lock(mutex_);
    return splits_[split].certificate;
  }

  ReaderProgress Progress() const override {
    const std::lock_guard lock(mutex_);
    ReaderProgress progress;
    for (const State& state : splits_) progress.records += state.certificate.records.Sum();
    progress.fraction = planned_ == 0 ? 0 : std::min(1.0, static_cast<double>(progress.records) / static_cast<double>(planned_));
    return progress;
  }

  void Wake() override {
    woken_ = true;
    changes_->Notify();
  }

  Status Close(const CallContext&) override {
    const std::lock_guard lock(mutex_);
    for (State& state : splits_) {
      if (!state.ended) End(&state, EndReason::kReleased);
    }
    return Status::OK();
  }

 private:
  struct State {
    Split split;
    int64_t partition = 0;
    int64_t next = 0;
    std::optional<int64_t> end;
    bool ended = false;
    SplitCertificate certificate;
  };

  // A split that is at its end is complete, whatever made it stop there.
  static void End(State* state, EndReason reason) {
    const bool at_end = state->end && state->next == *state->end;
    state->ended = true;
    state->certificate.reason = at_end ? EndReason::kEnd : reason;
    state->certificate.complete = at_end || reason == EndReason::kLimit;
  }

  // Some rows of a split, or nothing if it has none now.
  Result<std::optional<ReadBatch>> ReadSome(const CallContext& ctx, size_t index, const std::vector<int64_t>& ends) {
    const int64_t next = splits_[index].next, partition = splits_[index].partition;
    const int64_t available = partition < static_cast<int64_t>(ends.size()) ? ends[static_cast<size_t>(partition)] : 0;
    const int64_t end = splits_[index].end.value_or(available);
    if (end > available)
      return Status::DataLoss("table ", request_.table.ToString(), ": partition ", partition, " ends at ", available, ", the split at ", end);
    lotic::Run run;
    run.split = static_cast<uint32_t>(index);
    std::optional<Batch> kept;
    int64_t read = 0;
    if (next == end && !splits_[index].end && rows_left_ != 0) return std::optional<ReadBatch>();  // endless, and nothing new
    if (next < end && rows_left_ != 0) {
      LOTIC_ASSIGN_OR_RETURN(const Batch rows, source_->Rows(ctx, request_.table, static_cast<size_t>(partition), next, end - next));
      LOTIC_RETURN_NOT_OK(Keep(rows, partition, next, &kept, &read));
    }
    const std::lock_guard lock(mutex_);
    State& state = splits_[index];
    run.num_rows = kept ? kept->num_rows() : 0;
    state.next += read;
    state.certificate.read_end = {std::to_string(state.next)};
    state.certificate.records.returned += run.num_rows;
    state.certificate.records.filtered += read - run.num_rows;
    state.certificate.rows += run.num_rows;
    if (state.end && state.next == *state.end) {
      End(&state, EndReason::kEnd);
    } else if (rows_left_ == 0) {
      End(&state, EndReason::kLimit);
    }
    if (state.ended) LOTIC_RETURN_NOT_OK(CheckAccounting(state.certificate));
    run.ended = state.ended;
    run.next = state.certificate.read_end;
    run.tip = Tip{Position{std::to_string(available)}, std::nullopt, available - state.next};
    return std::optional<ReadBatch>(ReadBatch{std::move(kept), {std::move(run)}});
  }

  // Projects, filters and cuts to the limit. `read`: how many of the rows were needed for that.
  Status Keep(const Batch& rows, int64_t partition, int64_t first, std::optional<Batch>* kept, int64_t* read) {
    struct Owner {
      Batch rows;
      std::vector<Batch> numbers;
    };
    auto owner = std::make_shared<Owner>(Owner{rows, {}});
    std::vector<Column> columns;
    for (const Field& field : layout_->fields) {
      const auto hidden = field.metadata.find(kIndexedHidden);
      if (hidden != field.metadata.end()) {
        BatchBuilder builder(std::make_shared<const Schema>(Schema{{field}}));
        for (int64_t row = 0; row < rows.num_rows(); ++row) builder.column(0).AppendInt64(hidden->second == kIndexedOffset ? first + row : partition);
        owner->numbers.push_back(builder.Finish(rows.num_rows()));
        columns.push_back(owner->numbers.back().column(0));
        continue;
      }
      const auto index = rows.schema().IndexOf(field.name);
      if (!index) return Status::Invalid("table ", request_.table.ToString(), " has no column \"", field.name, "\"");
      columns.push_back(rows.column(*index));
    }
    const Batch all(layout_, rows.num_rows(), std::move(columns), owner);
    std::vector<uint8_t> keep;
    LOTIC_RETURN_NOT_OK(EvaluateConstraints(request_.constraints, request_.compare, all, &keep));
    std::vector<int64_t> taken;
    for (*read = 0; *read < all.num_rows() && (rows_left_ < 0 || static_cast<int64_t>(taken.size()) < rows_left_); ++*read) {
      if (keep[static_cast<size_t>(*read)] != 0) taken.push_back(*read);
    }
    const auto count = static_cast<int64_t>(taken.size());
    if (rows_left_ > 0) rows_left_ -= count;
    if (count == all.num_rows()) {
      *kept = all;
    } else if (count > 0) {
      *kept = all.Take(taken);
    }
    return Status::OK();
  }

  const std::shared_ptr<IndexedSource> source_;
  const std::shared_ptr<ChangeSignal> changes_;
  const ScanRequest request_;
  const std::shared_ptr<const Schema> layout_;
  std::atomic<bool> woken_ = false;
  size_t turn_ = 0;           // the reader thread only
  int64_t rows_left_;         // of the limit, the reader thread only; negative: no limit
  mutable std::mutex mutex_;  // guards all members below, which only the reader thread changes
  std::vector<State> splits_;
  int64_t planned_ = 0;
};

}  // namespace

Result<int64_t> ParseRowNumber(std::string_view what, std::string_view text) {
  int64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size() || number < 0) {
    return Status::Invalid(what, " \"", text, "\" is not a row number");
  }
  return number;
}

std::unique_ptr<Reader> MakeIndexedReader(std::shared_ptr<IndexedSource> source, const ScanRequest& request) {
  return std::make_unique<IndexedReader>(std::move(source), request);
}

}  // namespace lotic
