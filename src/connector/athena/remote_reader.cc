// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/remote_reader.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <numeric>
#include <vector>

#include "connector/athena/athena_connector.h"
#include "connector/athena/sent_constraints.h"
#include "scan/certificate.h"

namespace lotic::athena_source {
namespace {

// The columns to ask for. Where none are wanted the rows are only counted: one column says how many there are.
Result<athena::WireSchema> WantedColumns(const ScanRequest& request, const RemotePlan& plan) {
  const athena::WireSchema& table = plan.table.schema;
  athena::WireSchema wanted;
  wanted.metadata = table.metadata;
  for (const Field& field : request.layout.fields) {
    const auto index = table.IndexOf(field.name);
    if (!index) return Status::Invalid("table ", request.table.ToString(), " has no column \"", field.name, "\"");
    wanted.fields.push_back(table.fields[*index]);
  }
  LOTIC_ASSIGN_OR_RETURN(const Schema logical, athena::LogicalSchema(wanted));
  for (size_t i = 0; i < logical.fields.size(); ++i) {
    if (!(logical.fields[i].type == request.layout.fields[i].type)) {
      return Status::Invalid("column \"", logical.fields[i].name, "\" of ", request.table.ToString(), " is ", logical.fields[i].type.ToString(), ", not ",
                             request.layout.fields[i].type.ToString());
    }
  }
  if (wanted.fields.empty() && !table.fields.empty()) {
    const auto& partitions = plan.table.partition_columns;
    const auto stored = std::find_if(table.fields.begin(), table.fields.end(), [&](const athena::WireField& field) {
      return std::find(partitions.begin(), partitions.end(), field.name) == partitions.end();
    });
    wanted.fields.push_back(stored == table.fields.end() ? table.fields[0] : *stored);
  }
  return wanted;
}

class RemoteReader final : public Reader {
 public:
  RemoteReader(std::shared_ptr<FunctionClient> client, std::shared_ptr<Remainders> remainders, const ScanRequest& request, RemotePlan plan,
               athena::WireSchema wanted, athena::WireConstraints constraints)
      : client_(std::move(client)),
        remainders_(std::move(remainders)),
        table_(request.table),
        layout_(std::make_shared<const Schema>(request.layout)),
        plan_(std::move(plan)),
        wanted_(std::move(wanted)),
        constraints_(std::move(constraints)),
        rows_left_(request.limit && request.constraints.empty() && request.order_by.empty() ? *request.limit : -1) {}

  Result<uint32_t> Add(SplitStart start) override {
    State state;
    LOTIC_ASSIGN_OR_RETURN(state.wire, SplitOf(start.split.properties));
    if (!start.split.end || start.split.end->text != kEndPosition) return Status::Invalid("the split ", start.split.partition, " is not of this plan");
    const std::string& at = start.position.text;
    if (at == kEndPosition) {
      state.at_end = true;
    } else {
      const auto parsed = std::from_chars(at.data(), at.data() + at.size(), state.next_block);
      if (at.empty() || parsed.ec != std::errc() || parsed.ptr != at.data() + at.size())
        return Status::Invalid("\"", at, "\" is no position of a split of ", table_.ToString());
      if (state.next_block > 0) {
        state.answer = remainders_->Take(KeyOf(start));
        if (!state.answer) {
          return Status::Invalid("the rest of split ", start.split.partition, " of ", table_.ToString(), " after its block ", at,
                                 " cannot be read: positions of this table are not durable; read the split from its start");
        }
      }
    }
    state.certificate = UnreadCertificate(start.split, false, EndReason::kNone);
    state.certificate.read_start = state.certificate.read_end = start.position;
    state.split = std::move(start.split);
    const std::lock_guard lock(mutex_);
    splits_.push_back(std::move(state));
    return static_cast<uint32_t>(splits_.size() - 1);
  }

  Result<ReadBatch> Next(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading " + table_.ToString()));
    if (woken_.exchange(false)) return ReadBatch{};
    while (current_ < splits_.size() && splits_[current_].ended) ++current_;
    if (current_ == splits_.size()) return ReadBatch{};
    State& state = splits_[current_];
    lotic::Run run;
    run.split = static_cast<uint32_t>(current_);
    std::optional<Batch> rows;
    int64_t bytes = 0;
    size_t next_block = state.next_block;
    bool at_end = state.at_end;
    if (!at_end && rows_left_ != 0) {
      const Status read = ReadSome(ctx, &state, &rows, &next_block, &at_end, &bytes);
      if (read.IsCancelled() || read.code() == StatusCode::kDeadlineExceeded) return read;
      run.status = read;
    }
    if (rows && rows_left_ >= 0 && rows->num_rows() > rows_left_) {
      std::vector<int64_t> taken(static_cast<size_t>(rows_left_));
      std::iota(taken.begin(), taken.end(), 0);
      rows = rows->Take(taken);
      at_end = false;  // the rest is not needed
    }
    run.num_rows = rows ? rows->num_rows() : 0;
    if (rows_left_ > 0) rows_left_ -= run.num_rows;
    if (run.num_rows == 0) rows.reset();

    const std::lock_guard lock(mutex_);
    state.next_block = next_block;
    state.at_end = at_end;
    state.certificate.bytes_fetched += bytes;
    state.certificate.records.returned += run.num_rows;
    state.certificate.rows += run.num_rows;
    state.certificate.read_end = PositionOf(state);
    if (!run.status.ok()) {
      End(&state, EndReason::kError);
    } else if (at_end) {
      End(&state, EndReason::kEnd);
    } else if (rows_left_ == 0) {
      End(&state, EndReason::kLimit);
    }
    run.ended = state.ended;
    run.next = state.certificate.read_end;
    return ReadBatch{std::move(rows), {std::move(run)}};
  }

  Result<SplitStart> Release(uint32_t split) override {
    const std::lock_guard lock(mutex_);
    if (split >= splits_.size()) return Status::Invalid("no split ", split, " in this reader");
    State& state = splits_[split];
    SplitStart rest{state.split, PositionOf(state)};
    if (!state.ended) {
      if (!state.at_end && state.next_block > 0 && state.answer) remainders_->Keep(KeyOf(rest), *std::move(state.answer));
      End(&state, EndReason::kReleased);
    }
    return rest;
  }

  SplitCertificate Certificate(uint32_t split) const override {
    const std::lock_guard lock(mutex_);
    return splits_[split].certificate;
  }

  ReaderProgress Progress() const override {
    const std::lock_guard lock(mutex_);
    ReaderProgress progress;
    size_t ended = 0;
    for (const State& state : splits_) {
      progress.records += state.certificate.records.returned;
      progress.bytes_fetched += state.certificate.bytes_fetched;
      ended += state.ended ? 1 : 0;
    }
    progress.fraction = splits_.empty() ? 0 : static_cast<double>(ended) / static_cast<double>(splits_.size());
    return progress;
  }

  // An invocation that is under way is not given up: what it brings would be lost. The Next after it returns with nothing.
  void Wake() override { woken_ = true; }

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
    athena::WireSplit wire;
    std::optional<RecordAnswer> answer;  // once asked for
    size_t next_block = 0;               // of the answer
    bool at_end = false;
    bool ended = false;
    SplitCertificate certificate;
  };

  static Position PositionOf(const State& state) { return {state.at_end ? kEndPosition : std::to_string(state.next_block)}; }
  std::string KeyOf(const SplitStart& start) const { return plan_.query_id + "\n" + start.split.partition + "\n" + start.position.text; }

  static void End(State* state, EndReason reason) {
    state->ended = true;
    state->answer.reset();
    state->certificate.reason = state->at_end && reason != EndReason::kError ? EndReason::kEnd : reason;
    state->certificate.complete = state->certificate.reason == EndReason::kEnd || reason == EndReason::kLimit;
  }

  // The next block of a split; asks for the answer first. Changes nothing of what other threads see.
  Status ReadSome(const CallContext& ctx, State* state, std::optional<Batch>* rows, size_t* next_block, bool* at_end, int64_t* bytes) {
    if (!state->answer) {
      LOTIC_ASSIGN_OR_RETURN(const athena::WireSplit once, ForOneReading(state->wire));
      LOTIC_ASSIGN_OR_RETURN(RecordAnswer answer, client_->ReadRecords(ctx, plan_.query_id, plan_.table.name, wanted_, once, constraints_));
      *bytes += answer.answer_bytes;
      state->answer = std::move(answer);
    }
    if (*next_block < state->answer->num_blocks()) {
      LOTIC_ASSIGN_OR_RETURN(const athena::Block block, client_->ReadBlock(ctx, *state->answer, *next_block, bytes));
      LOTIC_ASSIGN_OR_RETURN(*rows, RowsOf(block));
      ++*next_block;
    }
    *at_end = *next_block >= state->answer->num_blocks();
    return Status::OK();
  }

  // The columns of the layout, in its order.
  Result<Batch> RowsOf(const athena::Block& block) const {
    Result<Batch> unpacked = athena::UnpackZones(block);
    if (!unpacked.ok()) return Status::DataLoss("the records of ", table_.ToString(), " cannot be read: ", unpacked.status().message());
    const auto owner = std::make_shared<const Batch>(*std::move(unpacked));
    std::vector<Column> columns;
    for (const Field& field : layout_->fields) {
      const auto index = owner->schema().IndexOf(field.name);
      if (!index || !(owner->column(*index).type == field.type))
        return Status::DataLoss("the records of ", table_.ToString(), " have no column \"", field.name, "\" of type ", field.type.ToString());
      columns.push_back(owner->column(*index));
    }
    return Batch(layout_, owner->num_rows(), std::move(columns), owner);
  }

  const std::shared_ptr<FunctionClient> client_;
  const std::shared_ptr<Remainders> remainders_;
  const TableName table_;
  const std::shared_ptr<const Schema> layout_;
  const RemotePlan plan_;
  const athena::WireSchema wanted_;
  const athena::WireConstraints constraints_;
  std::atomic<bool> woken_ = false;
  size_t current_ = 0;        // the reader thread only
  int64_t rows_left_;         // of the limit, the reader thread only; negative: no limit
  mutable std::mutex mutex_;  // guards splits_, which only the reader thread changes
  std::deque<State> splits_;  // references stay valid
};

}  // namespace

void Remainders::Keep(std::string key, RecordAnswer answer) {
  const std::lock_guard lock(mutex_);
  kept_.emplace_back(std::move(key), std::move(answer));
  if (kept_.size() > kKeptRemainders) kept_.pop_front();
}

std::optional<RecordAnswer> Remainders::Take(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(kept_.begin(), kept_.end(), [&](const auto& entry) { return entry.first == key; });
  if (at == kept_.end()) return std::nullopt;
  RecordAnswer answer = std::move(at->second);
  kept_.erase(at);
  return answer;
}

Result<std::unique_ptr<Reader>> MakeRemoteReader(std::shared_ptr<FunctionClient> client, std::shared_ptr<Remainders> remainders, const ScanRequest& request,
                                                 RemotePlan plan) {
  LOTIC_ASSIGN_OR_RETURN(athena::WireSchema wanted, WantedColumns(request, plan));
  LOTIC_ASSIGN_OR_RETURN(SentConstraints sent, ChooseConstraints(request, plan.table.schema, plan.takes_limit));
  return std::unique_ptr<Reader>(
      std::make_unique<RemoteReader>(std::move(client), std::move(remainders), request, std::move(plan), std::move(wanted), std::move(sent.wire)));
}

}  // namespace lotic::athena_source
