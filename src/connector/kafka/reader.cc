// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "lotic/scan_json.h"
#include "scan/certificate.h"

namespace lotic::kafka {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

Result<int64_t> ParseOffset(std::string_view what, const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    return Status::Invalid(what, " '", text, "' is not an offset");
  }
  return value;
}

std::string PropertyOf(const Split& split, const std::string& name) {
  const auto at = split.properties.find(name);
  return at == split.properties.end() ? "" : at->second;
}

Result<SplitState> MakeState(const SplitStart& from, int32_t max_bytes) {
  SplitState state;
  state.split = from.split;
  state.topic = PropertyOf(from.split, "topic");
  if (state.topic.empty()) return Status::Invalid("split of partition ", from.split.partition, ": property 'topic' is missing");
  LOTIC_ASSIGN_OR_RETURN(const int64_t partition, ParseOffset("partition", from.split.partition));
  if (partition > std::numeric_limits<int32_t>::max()) return Status::Invalid("partition '", from.split.partition, "' is too large");
  state.partition = static_cast<int32_t>(partition);
  LOTIC_ASSIGN_OR_RETURN(const int64_t first, ParseOffset("split start", from.split.start.text));
  LOTIC_ASSIGN_OR_RETURN(const LogPosition at, LogPosition::Parse("position", from.position.text));
  state.start = at.offset;
  if (from.split.end.has_value()) {
    LOTIC_ASSIGN_OR_RETURN(state.end, ParseOffset("split end", from.split.end->text));
    state.end = std::min(state.end, SplitState::kEndless - 1);
  }
  if (state.start < first || (state.start > state.end && state.start != first)) {
    return Status::Invalid("partition ", from.split.partition, ": position ", from.position.text, " lies outside its split [", from.split.start.text, ", ",
                           from.split.end.has_value() ? from.split.end->text : "", ")");
  }
  state.position = state.fetch_offset = state.start;
  state.position_epoch = state.seen_epoch = at.leader_epoch;
  // The plan's epoch says what the log held up to the plan's end. Endless reading goes on behind that, under later epochs, which its positions carry.
  const std::string epoch = state.bounded() || state.start == first ? PropertyOf(from.split, "leader_epoch") : "";
  if (at.leader_epoch < 0 && !epoch.empty()) {
    LOTIC_ASSIGN_OR_RETURN(const int64_t value, ParseOffset("leader epoch", epoch));
    state.seen_epoch = static_cast<int32_t>(std::min<int64_t>(value, std::numeric_limits<int32_t>::max()));
  }
  state.max_bytes = max_bytes;
  return state;
}

}  // namespace

KafkaReader::KafkaReader(std::shared_ptr<Cluster> cluster, const KafkaOptions& options, const ScanRequest& request, PushedFilters pushed)
    : cluster_(std::move(cluster)),
      options_(options),
      request_(request),
      pushed_(std::move(pushed)),
      decoder_(pushed_, request.policy.isolation == Isolation::kReadCommitted, options.client.max_decompressed_batch_bytes),
      backoff_(options.client.retry_backoff, options.client.retry_backoff_max),
      rows_left_(pushed_.limit ? std::max<int64_t>(*request.limit, 0) : kNoLimit) {}

KafkaReader::~KafkaReader() = default;

Result<std::unique_ptr<KafkaReader>> KafkaReader::Make(std::shared_ptr<Cluster> cluster, const KafkaOptions& options, const ScanRequest& request,
                                                       std::span<const SplitStart> splits) {
  LOTIC_ASSIGN_OR_RETURN(PushedFilters pushed, PushDown(request));
  std::unique_ptr<KafkaReader> reader(new KafkaReader(std::move(cluster), options, request, std::move(pushed)));
  for (const SplitStart& split : splits) LOTIC_RETURN_NOT_OK(reader->Add(split).status());
  return reader;
}

/// The first split says what its topic's messages are; all later ones must agree.
Status KafkaReader::Prepare(const SplitStart& first) {
  topic_ = PropertyOf(first.split, "topic");
  LOTIC_ASSIGN_OR_RETURN(topic_id_, ParseTopicId(PropertyOf(first.split, "topic_id")));
  RowPlan plan;
  plan.layout = std::make_shared<const Schema>(request_.layout);
  plan.filters = pushed_.filters;
  plan.compare = request_.compare;
  plan.on_error = request_.policy.on_error;
  plan.tombstones = request_.policy.tombstones;
  // Messages are decoded where the layout has a column of theirs, and where they are to be checked whole.
  plan.format = PayloadFormat::kRaw;
  for (const Field& field : request_.layout.fields) {
    if (!MetadataColumnOf(field).has_value()) plan.format = PayloadFormat::kJson;
  }
  const std::string columns = PropertyOf(first.split, "columns");
  if (!columns.empty()) {
    plan.format = PayloadFormat::kJson;
    LOTIC_ASSIGN_OR_RETURN(const Schema declared, SchemaFromJson(columns));
    plan.declared = JsonFields(declared);
  }
  LOTIC_ASSIGN_OR_RETURN(rows_, RowBuilder::Make(std::move(plan)));
  return Status::OK();
}

Result<uint32_t> KafkaReader::Add(SplitStart start) {
  if (closed_) return Status::Invalid("the reader is closed");
  const int32_t max_bytes = std::min(pushed_.limit ? kFirstFetchWithLimit : kPartitionFetchBytes, options_.client.max_partition_fetch_bytes);
  LOTIC_ASSIGN_OR_RETURN(SplitState state, MakeState(start, max_bytes));
  if (rows_ == nullptr) LOTIC_RETURN_NOT_OK(Prepare(start));
  if (state.topic != topic_ || PropertyOf(start.split, "topic_id") != TopicIdText(topic_id_)) {
    return Status::Invalid("one reader reads one topic: '", topic_, "' and '", state.topic, "'");
  }
  state.idle_since = inside_;
  const auto index = static_cast<uint32_t>(splits_.size());
  if (state.bounded()) planned_records_ += std::max<int64_t>(state.end - state.start, 0);
  splits_.push_back(std::move(state));
  SplitState& added = splits_.back();
  if (pushed_.nothing || added.position >= added.end || rows_left_ == 0) {
    EndSplit(added, rows_left_ == 0 ? EndReason::kLimit : added.position >= added.end ? EndReason::kEnd : EndReason::kPruned);
    unreported_.push_back(index);
  }
  return index;
}

Result<SplitStart> KafkaReader::Release(uint32_t index) {
  if (index >= splits_.size()) return Status::Invalid("split ", index, " is not one of this reader's ", splits_.size());
  SplitState& split = splits_[index];
  if (split.released) return Status::Invalid("split ", index, " (partition ", split.split.partition, ") was released before");
  if (split.ended) return SplitStart{split.split, split.Place()};  // nothing of it is left to hand back
  if (!ready_.empty() && ready_.front() == index) decoder_.Reset();
  ready_.erase(std::remove(ready_.begin(), ready_.end(), index), ready_.end());
  split.parts.clear();
  split.released = true;
  split.reported = true;
  split.reason = EndReason::kReleased;
  if (split.bounded()) planned_records_ -= std::max<int64_t>(split.end - split.position, 0);
  return SplitStart{split.split, split.Place()};
}

SplitCertificate KafkaReader::Certificate(uint32_t index) const { return index < splits_.size() ? splits_[index].Certificate() : SplitCertificate(); }

ReaderProgress KafkaReader::Progress() const {
  ReaderProgress progress;
  progress.records = done_records_;
  progress.bytes_fetched = fetched_bytes_;
  const int64_t planned = planned_records_;
  if (planned > 0) progress.fraction = std::clamp(static_cast<double>(progress.records) / static_cast<double>(planned), 0.0, 1.0);
  return progress;
}

void KafkaReader::Wake() {
  woken_ = true;
  waker_.Wake();
  std::lock_guard lock(interrupt_mutex_);
  interrupt_.request_stop();
}

Status KafkaReader::Close(const CallContext&) {
  if (closed_) return Status::OK();
  closed_ = true;
  decoder_.Reset();
  ready_.clear();
  for (SplitState& split : splits_) {
    split.parts.clear();
    if (split.reading() && split.reason == EndReason::kNone) split.reason = EndReason::kCancelled;
  }
  // Dropping a connection with a fetch in flight is how it is cancelled at the broker.
  for (auto& [node, leader] : leaders_) {
    if (!leader.in_flight) cluster_->GiveBack(std::move(leader.connection));
  }
  leaders_.clear();
  return Status::OK();
}

// ---- The loop

void KafkaReader::Mark() {
  const auto now = steady_clock::now();
  inside_ += std::chrono::duration_cast<milliseconds>(now - marked_at_);
  marked_at_ += std::chrono::duration_cast<milliseconds>(now - marked_at_);
}

Result<ReadBatch> KafkaReader::Next(const CallContext& ctx) {
  if (closed_) return Status::Invalid("the reader is closed");
  memory_budget_ = ctx.memory_budget_bytes;
  marked_at_ = steady_clock::now();
  std::stop_token token;
  {
    std::lock_guard lock(interrupt_mutex_);
    interrupt_ = std::stop_source();
    if (woken_) interrupt_.request_stop();
    token = interrupt_.get_token();
  }
  const std::stop_callback forward(ctx.stop, [this] {
    std::lock_guard lock(interrupt_mutex_);
    interrupt_.request_stop();
  });
  // Calls that cannot poll the waker (connecting, metadata) are stopped by it through their context.
  CallContext inner = ctx;
  inner.stop = token;
  Result<ReadBatch> batch = Loop(ctx, inner);
  if (batch.ok()) return batch;
  const StatusCode code = batch.status().code();
  const bool stopped = code == StatusCode::kCancelled;
  if (stopped && !ctx.stop.stop_requested()) {
    woken_ = false;
    return ReadBatch();
  }
  const bool endless = std::any_of(splits_.begin(), splits_.end(), [](const SplitState& s) { return s.reading() && !s.bounded(); });
  if (code == StatusCode::kDeadlineExceeded && endless) return ReadBatch();
  // A query's own watch stops it at its deadline: whichever of the two is seen first, the deadline is the reason.
  const bool late = code == StatusCode::kDeadlineExceeded || (stopped && steady_clock::now() >= ctx.deadline);
  if (late && !endless) return LateFor(batch.status());
  return batch;
}

/// The deadline has passed: whose answer was waited for.
Status KafkaReader::LateFor(const Status& status) const {
  const std::string doing = "read topic '" + topic_ + "': the time limit has passed";
  for (const auto& [node, leader] : leaders_) {
    if (!leader.in_flight || leader.connection == nullptr) continue;
    const auto waited = std::chrono::duration_cast<milliseconds>(steady_clock::now() - leader.sent_at);
    return Status::DeadlineExceeded(doing, " while broker ", leader.connection->endpoint().ToString(), " has a Fetch request to answer, for ", waited.count(),
                                    " ms now");
  }
  for (const SplitState& split : splits_) {
    if (split.reading() && !split.last_error.ok()) return Status::DeadlineExceeded(doing, "; last failure: ", split.last_error.message());
  }
  return status.code() == StatusCode::kDeadlineExceeded ? status : Status::DeadlineExceeded(doing);
}

Result<ReadBatch> KafkaReader::Loop(const CallContext& ctx, const CallContext& inner) {
  const std::string doing = "read topic '" + topic_ + "'";
  while (true) {
    LOTIC_RETURN_NOT_OK(ctx.Check(doing));
    bool received = false;
    LOTIC_RETURN_NOT_OK(Pump(&received));
    if (received) waited_ = {};
    // The next requests go out before what has come is decoded. Only where nothing waits to be decoded may that take time.
    if (ready_.empty() && unreported_.empty()) {
      if (AllReported()) return ReadBatch();
      if (woken_.exchange(false)) {
        waker_.Drain();
        return ReadBatch();
      }
      LOTIC_RETURN_NOT_OK(ResolveRanges(inner));
      LOTIC_RETURN_NOT_OK(RouteSplits(inner));
      LOTIC_RETURN_NOT_OK(VerifyEpochs(inner));
    }
    SendFetches(inner);
    if (!ready_.empty() || !unreported_.empty()) {
      for (SplitState& split : splits_) {
        // Splits about to end may have to ask once more whether their topic is still the same one.
        if (split.reading() && split.fetch_offset >= split.end) LOTIC_RETURN_NOT_OK(CheckTopicAtEnd(inner, split));
      }
      ReadBatch batch = Decode(ctx);
      CountProgress();
      if (!batch.runs.empty()) return batch;
      continue;
    }
    LOTIC_ASSIGN_OR_RETURN(const bool woken, WaitForSomething(ctx));
    Mark();
    if (woken) {
      woken_ = false;
      return ReadBatch();
    }
    FailStalled();
  }
}

bool KafkaReader::AllReported() const {
  return std::all_of(splits_.begin(), splits_.end(), [](const SplitState& split) { return split.reported; });
}

void KafkaReader::CountProgress() {
  int64_t done = 0;
  int64_t bytes = 0;
  for (const SplitState& split : splits_) {
    done += split.position - split.start;
    bytes += split.bytes_fetched;
  }
  done_records_ = done;
  fetched_bytes_ = bytes;
}

ReadBatch KafkaReader::Decode(const CallContext& ctx) {
  ReadBatch out;
  const int64_t batch_rows = rows_->counts_only() && pushed_.filters.empty() ? kMaxCountedRows : kMaxBatchRows;
  while (!ready_.empty() && rows_->rows() < batch_rows && rows_->bytes() < kMaxBatchBytes && !ctx.stop.stop_requested()) {
    DecodeFront(&out, batch_rows);
  }
  ReportEnded(&out);
  if (rows_->rows() > 0) out.rows = rows_->Finish();
  return out;
}

void KafkaReader::DecodeFront(ReadBatch* out, int64_t batch_rows) {
  const uint32_t index = ready_.front();
  SplitState& split = splits_[index];
  if (!split.reading() || split.parts.empty()) {
    ready_.pop_front();
    decoder_.Reset();
    return;
  }
  const int64_t rows_before = rows_->rows();
  const int64_t position_before = split.position;
  const Result<PartDecoder::Outcome> outcome = decoder_.Continue(split, *rows_, rows_left_, batch_rows, kMaxBatchBytes);
  const int64_t new_rows = rows_->rows() - rows_before;
  if (rows_left_ != kNoLimit) rows_left_ -= new_rows;
  if (!outcome.ok()) {
    decoder_.Reset();
    FailSplit(split, outcome.status());
    ready_.pop_front();
  } else if (*outcome == PartDecoder::Outcome::kUsedUp) {
    split.parts.pop_front();
    ready_.pop_front();
  }
  if (split.position != position_before) split.idle_since = inside_;
  if (split.reading() && split.position >= split.end) EndSplit(split, EndReason::kEnd);
  if (new_rows > 0 || split.position != position_before || split.ended) AddRun(out, index, new_rows);
  if (outcome.ok() && *outcome == PartDecoder::Outcome::kLimit) EndAllByLimit();
}

void KafkaReader::ReportEnded(ReadBatch* out) {
  for (const uint32_t index : unreported_) {
    if (!splits_[index].reported) AddRun(out, index, 0);
  }
  unreported_.clear();
}

void KafkaReader::AddRun(ReadBatch* out, uint32_t index, int64_t rows) {
  SplitState& split = splits_[index];
  Run run;
  run.split = index;
  run.num_rows = rows;
  run.next = split.Place();
  run.ended = split.ended;
  run.status = split.status;
  if (split.ended) split.reported = true;
  if (split.end_now >= 0) {
    run.tip = Tip{Position{std::to_string(split.end_now)}, split.newest_ms, std::max<int64_t>(split.end_now - split.position, 0)};
  }
  if (!out->runs.empty() && out->runs.back().split == index) {
    run.num_rows += out->runs.back().num_rows;
    out->runs.back() = std::move(run);
  } else {
    out->runs.push_back(std::move(run));
  }
}

void KafkaReader::EndSplit(SplitState& split, EndReason reason) {
  if (!split.reading()) return;
  split.ended = true;
  split.parts.clear();
  split.reason = split.lost && reason == EndReason::kEnd ? EndReason::kDataLoss : reason;
  const Status accounts = CheckAccounting(split.Certificate());
  if (!accounts.ok()) {
    split.reason = EndReason::kError;
    split.status = accounts;
  }
}

void KafkaReader::FailSplit(SplitState& split, const Status& status) {
  if (!split.reading()) return;
  split.ended = true;
  split.parts.clear();
  split.reason = status.code() == StatusCode::kDataLoss ? EndReason::kDataLoss : EndReason::kError;
  split.status = status;
  const Status accounts = CheckAccounting(split.Certificate());
  if (!accounts.ok()) split.status = accounts;
}

void KafkaReader::EndAllByLimit() {
  decoder_.Reset();
  ready_.clear();
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    if (!splits_[i].reading()) continue;
    EndSplit(splits_[i], EndReason::kLimit);
    unreported_.push_back(i);
  }
  // What is in flight is not wanted any more.
  for (auto& [node, leader] : leaders_) {
    if (!leader.in_flight) cluster_->GiveBack(std::move(leader.connection));
  }
  leaders_.clear();
}

}  // namespace lotic::kafka
