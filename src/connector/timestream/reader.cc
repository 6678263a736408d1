// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/aws_error.h"
#include "connector/timestream/split_text.h"
#include "lotic/source_error.h"
#include "scan/certificate.h"

namespace lotic::timestream {
namespace {

constexpr size_t kMaxNotes = 16;

/// The failure as a connector's: broken answers are not tried again.
Status Sourced(const Status& status) {
  const Status made = aws::ToSourceStatus(status);
  if (made.code() != StatusCode::kIOError || SourceError::From(made) != nullptr) return made;
  return Status(StatusCode::kIOError, made.message(), std::make_shared<SourceError>(false));
}

bool EndsAll(const Status& status) { return status.code() == StatusCode::kCancelled || status.code() == StatusCode::kDeadlineExceeded; }

}  // namespace

TimestreamReader::TimestreamReader(std::shared_ptr<TimestreamClient> client, const ScanRequest& request, Dialect dialect, int64_t page_rows)
    : client_(std::move(client)), request_(request), dialect_(dialect), page_rows_(page_rows), layout_(std::make_shared<const Schema>(request.layout)) {}

TimestreamReader::~TimestreamReader() {
  for (State& split : splits_) {
    if (split.live) EndQuery(&split);
  }
}

Result<std::unique_ptr<TimestreamReader>> TimestreamReader::Make(std::shared_ptr<TimestreamClient> client, const ScanRequest& request, Dialect dialect,
                                                                 int64_t page_rows, std::span<const SplitStart> splits) {
  std::unique_ptr<TimestreamReader> reader(new TimestreamReader(std::move(client), request, dialect, page_rows));
  for (const SplitStart& split : splits) LOTIC_RETURN_NOT_OK(reader->Add(split).status());
  return reader;
}

Result<uint32_t> TimestreamReader::Add(SplitStart start) {
  State state;
  LOTIC_ASSIGN_OR_RETURN(const SplitText text, SplitText::Parse(start.split));
  LOTIC_ASSIGN_OR_RETURN(state.plan, PlanQuery(request_, text.source, dialect_));
  const std::string& position = start.position.text;
  if (position != kStart && position != kEnd) {
    return Status::DataLoss("split '", start.split.partition, "' cannot be read on from ", position,
                            ": the pages of a Timestream query cannot be asked for again; run the query again");
  }
  if (splits_.empty()) {
    rows_left_ = state.plan.limit;
    if (state.plan.counts) {
      layout_ = std::make_shared<const Schema>(Schema{{{"count", Type::Int64(), {}}}});
      targets_ = {0};
      names_ = {"count(*)"};
    } else if (text.source.passthrough.empty()) {
      for (size_t i = 0; i < request_.layout.fields.size(); ++i) {
        targets_.push_back(static_cast<int>(i));
        names_.push_back(request_.layout.fields[i].name);
      }
    } else {
      names_ = text.columns;
      targets_.assign(names_.size(), -1);
      for (size_t i = 0; i < request_.layout.fields.size(); ++i) {
        const Field& field = request_.layout.fields[i];
        const auto at = field.metadata.find(kPlace);
        size_t place = 0;
        if (at != field.metadata.end()) std::from_chars(at->second.data(), at->second.data() + at->second.size(), place);
        if (at == field.metadata.end() || place >= targets_.size() || targets_[place] >= 0)
          return Status::Invalid("column '", field.name, "' is none of this query");
        if (names_[place] != field.name)
          return Status::Invalid("column '", field.name, "' of this query is '", names_[place], "' now: what it reads from has changed; describe it again");
        targets_[place] = static_cast<int>(i);
      }
    }
    parser_.emplace(layout_, targets_, names_);
  }
  SplitCertificate& c = state.certificate;
  c.partition = start.split.partition;
  c.planned_start = start.split.start;
  c.planned_end = start.split.end;
  c.read_start = c.read_end = start.position;
  state.at = std::move(start);
  if (position == kEnd) End(&state, EndReason::kEnd, true);
  splits_.push_back(std::move(state));
  return static_cast<uint32_t>(splits_.size() - 1);
}

Result<SplitStart> TimestreamReader::Release(uint32_t index) {
  if (index >= splits_.size()) return Status::Invalid("no split ", index, " in this reader");
  State& split = splits_[index];
  if (split.live) End(&split, EndReason::kReleased, false);
  return SplitStart{split.at.split, split.certificate.read_end};
}

SplitCertificate TimestreamReader::Certificate(uint32_t split) const { return splits_[split].certificate; }

ReaderProgress TimestreamReader::Progress() const { return {fraction_.load(), records_.load(), bytes_.load()}; }

void TimestreamReader::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  if (fetcher_ != nullptr) fetcher_->Wake();
}

Status TimestreamReader::Close(const CallContext&) {
  for (State& split : splits_) {
    if (split.live) End(&split, EndReason::kCancelled, false);
  }
  return Status::OK();
}

void TimestreamReader::BeginQuery(const CallContext& ctx, State* split) {
  ++split->queries;
  running_ = Running();
  builder_.emplace(layout_);
  int64_t max_rows = page_rows_;
  if (split->plan.limit && !split->plan.counts) {
    const int64_t wanted = std::clamp<int64_t>(*split->plan.limit, 1, 1'000);
    max_rows = max_rows > 0 ? std::min(max_rows, wanted) : wanted;
  }
  auto fetcher = std::make_unique<PageFetcher>(client_, ctx, split->plan.text, max_rows);
  const std::lock_guard lock(mutex_);
  fetcher_ = std::move(fetcher);
}

void TimestreamReader::EndQuery(State* split) {
  std::unique_ptr<PageFetcher> gone;
  {
    const std::lock_guard lock(mutex_);
    gone = std::move(fetcher_);
  }
  if (gone == nullptr) return;
  if (running_.more && !running_.query_id.empty()) client_->CancelLater(running_.query_id);
  gone.reset();
  if (running_.query_id.empty() || split->certificate.notes.size() >= kMaxNotes) return;
  split->certificate.notes.push_back("query " + running_.query_id + ": " + std::to_string(running_.pages) + " pages, " + std::to_string(running_.rows) +
                                     " rows, scanned " + std::to_string(running_.scanned) + " bytes, metered " + std::to_string(running_.metered) +
                                     " bytes, attempts " + std::to_string(running_.attempts) + (running_.more ? ", cancelled" : ""));
}

void TimestreamReader::End(State* split, EndReason reason, bool complete) {
  EndQuery(split);
  split->live = false;
  split->certificate.reason = reason;
  split->certificate.complete = complete;
  if (complete && reason == EndReason::kEnd) split->certificate.read_end = {kEnd};
}

ReadBatch TimestreamReader::EndRun(uint32_t index, Status status) const {
  ReadBatch batch;
  lotic::Run run;
  run.split = index;
  run.next = splits_[index].certificate.read_end;
  run.ended = true;
  run.status = std::move(status);
  batch.runs.push_back(std::move(run));
  return batch;
}

void TimestreamReader::Moved(State* split) const {
  split->certificate.read_end = {"{\"pages\":" + std::to_string(split->pages) + ",\"rows\":" + std::to_string(split->certificate.rows) + "}"};
}

Result<ReadBatch> TimestreamReader::Next(const CallContext& ctx) {
  for (;;) {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading a Timestream query"));
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(woken_, false)) return ReadBatch();
    }
    std::optional<uint32_t> live;
    for (uint32_t i = 0; i < splits_.size() && !live; ++i) {
      if (splits_[i].live) live = i;
    }
    if (!live) return ReadBatch();
    LOTIC_ASSIGN_OR_RETURN(std::optional<ReadBatch> batch, Step(ctx, *live));
    if (batch) return std::move(*batch);
  }
}

Result<std::optional<ReadBatch>> TimestreamReader::Step(const CallContext& ctx, uint32_t index) {
  State& split = splits_[index];
  if (split.plan.nothing) {
    End(&split, EndReason::kPruned, true);
    return std::optional(EndRun(index, Status::OK()));
  }
  if (rows_left_ && *rows_left_ <= 0) {
    End(&split, EndReason::kLimit, true);
    return std::optional(EndRun(index, Status::OK()));
  }
  if (split.counted_left > 0 && !running_.more) return TakeCount(index, Batch());
  if (fetcher_ == nullptr) BeginQuery(ctx, &split);
  Result<std::optional<PageFetcher::Page>> page = fetcher_->Next(ctx);
  if (page.ok() && !page->has_value()) return std::optional<ReadBatch>();  // woken: Next sees it
  if (page.ok()) {
    Result<std::optional<ReadBatch>> taken = Take(index, std::move(**page));
    if (taken.ok()) return taken;
    return Fail(index, taken.status());
  }
  if (EndsAll(page.status())) return page.status();
  LOTIC_RETURN_NOT_OK(ctx.Check("reading a Timestream query"));
  return Fail(index, page.status());
}

std::optional<ReadBatch> TimestreamReader::Fail(uint32_t index, const Status& failure) {
  State& split = splits_[index];
  const bool handed_on = failure.code() == StatusCode::kThrottled && client_->hands_on_throttles();
  if (split.certificate.rows == 0 && split.queries < kMaxQueries && aws::IsRetryable(failure) && !handed_on) {
    EndQuery(&split);  // nothing was delivered: the split is queried once more, from its beginning
    split.pages = 0;
    split.counted_left = -1;
    return std::nullopt;
  }
  const std::string where = "reading " + split.certificate.partition + (running_.query_id.empty() ? "" : ", query " + running_.query_id) + ", behind page " +
                            std::to_string(split.pages) + ": ";
  Status status = Sourced(failure);
  status = status.WithMessage(where, status.message());
  End(&split, EndReason::kError, false);
  return EndRun(index, std::move(status));
}

Status TimestreamReader::CheckColumns(const std::vector<ColumnInfo>& columns) const {
  if (columns.size() != targets_.size()) {
    return Status::IOError("the answer has ", columns.size(), " columns where ", targets_.size(), " were asked for");
  }
  // A filter was written for the type that the column was said to have. Where the service has another one it may have compared otherwise.
  for (size_t i = 0; i < columns.size(); ++i) {
    if (targets_[i] < 0) continue;
    const Field& field = layout_->fields[static_cast<size_t>(targets_[i])];
    const auto source = field.metadata.find(kSourceType);
    if (source == field.metadata.end() || request_.constraints.columns.count(field.name) == 0) continue;
    bool known = false, answer_known = false;
    const Type said = ScalarType(source->second, TimeUnit::kMicro, &known);
    const Type answered = ScalarType(columns[i].scalar, TimeUnit::kMicro, &answer_known);
    const auto integer = [](const Type& type) { return type.id() == TypeId::kInt32 || type.id() == TypeId::kInt64; };
    if (!known || (columns[i].shape == ColumnInfo::Shape::kScalar && answer_known && (said == answered || (integer(said) && integer(answered))))) continue;
    return Status::Invalid(
        "column '", field.name, "' is declared as ", source->second, ", and Timestream answers with ",
        columns[i].shape == ColumnInfo::Shape::kScalar ? columns[i].scalar : std::string("a nested value"),
        ": a filter on it would compare otherwise than meant; correct the type where it is declared (a Glue table), or attach again if the table has changed");
  }
  return Status::OK();
}

Result<std::optional<ReadBatch>> TimestreamReader::Take(uint32_t index, PageFetcher::Page fetched) {
  State& split = splits_[index];
  const int64_t size = static_cast<int64_t>(fetched.text.size());
  bytes_ += size;
  split.certificate.bytes_fetched += size;
  ++running_.pages;
  ++split.pages;
  running_.attempts += fetched.attempts;
  LOTIC_ASSIGN_OR_RETURN(const QueryPage page, parser_->Parse(fetched.text, &*builder_));
  running_.query_id = page.query_id;
  running_.rows += page.rows;
  running_.scanned = page.bytes_scanned;
  running_.metered = page.bytes_metered;
  running_.more = !page.next_token.empty();
  if (page.next_token != fetched.next_token) return Status::IOError("the answer has two NextTokens");
  if (page.has_columns) LOTIC_RETURN_NOT_OK(CheckColumns(page.columns));
  records_ += page.rows;
  if (splits_.size() == 1) fraction_ = std::clamp(page.progress_percent / 100, 0.0, 1.0);
  Batch rows = builder_->Finish(page.rows);
  if (split.plan.counts) return TakeCount(index, rows);

  split.certificate.records.returned += rows.num_rows();
  bool limited = false;
  if (rows_left_ && rows.num_rows() >= *rows_left_) {
    if (rows.num_rows() > *rows_left_) {
      std::vector<int64_t> first(static_cast<size_t>(*rows_left_));
      for (size_t i = 0; i < first.size(); ++i) first[i] = static_cast<int64_t>(i);
      split.certificate.records.returned -= rows.num_rows() - *rows_left_;
      rows = rows.Take(first);
    }
    limited = true;
  }
  if (rows_left_) *rows_left_ -= rows.num_rows();
  split.certificate.rows += rows.num_rows();
  Moved(&split);
  const bool ended = limited || !running_.more;
  if (ended) End(&split, limited ? EndReason::kLimit : EndReason::kEnd, true);
  if (rows.num_rows() == 0 && !ended) return std::optional<ReadBatch>();  // empty pages are usual
  ReadBatch batch;
  lotic::Run run;
  run.split = index;
  run.num_rows = rows.num_rows();
  run.next = split.certificate.read_end;
  run.ended = ended;
  if (rows.num_rows() > 0) batch.rows = std::move(rows);
  batch.runs.push_back(std::move(run));
  return std::optional(std::move(batch));
}

Result<std::optional<ReadBatch>> TimestreamReader::TakeCount(uint32_t index, const Batch& rows) {
  State& split = splits_[index];
  if (rows.num_rows() > 0) {
    if (rows.num_rows() != 1 || split.counted_left >= 0 || rows.column(0).IsNull(0))
      return Status::IOError("a count has one row, and the answer more, or none");
    split.counted_left = rows.column(0).values<int64_t>()[0];
    if (split.counted_left < 0) return Status::IOError("the answer counts ", split.counted_left, " rows");
  }
  if (running_.more) return std::optional<ReadBatch>();  // the other pages must be empty
  if (split.counted_left < 0) return Status::IOError("a count has one row, and the answer none");
  int64_t some = std::min(split.counted_left, kRowsPerCountBatch);
  if (rows_left_) some = std::min(some, *rows_left_);
  split.counted_left -= some;
  if (rows_left_) *rows_left_ -= some;
  split.certificate.records.returned += some;
  split.certificate.rows += some;
  Moved(&split);
  const bool limited = rows_left_ && *rows_left_ == 0;
  const bool ended = limited || split.counted_left == 0;
  if (ended) End(&split, limited ? EndReason::kLimit : EndReason::kEnd, true);
  ReadBatch batch;
  lotic::Run run;
  run.split = index;
  run.num_rows = some;
  run.next = split.certificate.read_end;
  run.ended = ended;
  if (some > 0) batch.rows = Batch(std::make_shared<const Schema>(), some, {}, nullptr);
  batch.runs.push_back(std::move(run));
  return std::optional(std::move(batch));
}

}  // namespace lotic::timestream
