// SPDX-License-Identifier: Apache-2.0
#include "table/segment_reader.h"

#include <algorithm>
#include <atomic>

#include "lotic/batch_builder.h"
#include "lotic/source_error.h"
#include "scan/certificate.h"
#include "table/connector.h"
#include "table/snapshot.h"

namespace lotic::table {
namespace {

constexpr size_t kMaxNotes = 16;  // of a certificate

const SegmentInfo* FindSegment(const TableView& view, int32_t partition, const std::string& name) {
  const PartitionView* found = view.Find(partition);
  if (found == nullptr) return nullptr;
  for (const SegmentInfo& segment : found->segments) {
    if (segment.name == name) return &segment;
  }
  return nullptr;
}

// A column that is the same, or counts up, over the rows of a batch. Kept alive by the batch it goes into.
Batch HiddenColumn(const Field& field, const SegmentInfo& segment, const std::string& host_name, int64_t first_row, int64_t num_rows) {
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{field}}));
  ColumnBuilder& column = builder.column(0);
  column.Reserve(num_rows);
  if (field.name == kDocIdColumn || field.name == kPartitionIdColumn) {
    auto* out = column.UnsafeValues<int32_t>();
    for (int64_t i = 0; i < num_rows; ++i) out[i] = field.name == kDocIdColumn ? static_cast<int32_t>(first_row + i) : segment.partition;
    column.Advance(num_rows);
  } else {
    const std::string& text = field.name == kSegmentNameColumn ? segment.name : host_name;
    for (int64_t i = 0; i < num_rows; ++i) column.AppendBytes(text);
  }
  return builder.Finish(num_rows);
}

void Note(SplitCertificate* certificate, std::string note) {
  if (certificate->notes.size() < kMaxNotes) certificate->notes.push_back(std::move(note));
}

// What became of the records of a whole split beside its rows. Each record is one row so far.
void AddFates(const TableView& view, const SegmentSplit& split, SplitCertificate* c) {
  const RecordFates& fates = split.contents->fates;
  RecordCounts& r = c->records;
  r.filtered += fates.filtered;
  r.skipped = fates.tombstones + fates.Dropped();
  r.aborted = fates.aborted;
  r.control = fates.control;
  r.missing = fates.missing;
  c->undecodable_values += fates.incomplete;
  // What `skipped`, `filtered` and `missing` are made of.
  std::string text;
  const auto add = [&text](int64_t count, const char* what) {
    if (count != 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(fates.filtered, "filtered");
  add(fates.tombstones, "without a value");
  add(fates.dropped_decode, "dropped (decode)");
  add(fates.dropped_transform, "dropped (transform)");
  add(fates.dropped_convert, "dropped (convert)");
  add(fates.dropped_time, "dropped (time)");
  add(fates.incomplete, "rows with a value that failed");
  if (!text.empty()) Note(c, "at ingest: " + text);
  if (fates.missing == 0) return;
  const PartitionView* const partition = view.Find(split.partition);
  if (partition == nullptr) return;
  for (const LostRange& lost : partition->losses) {
    if (lost.from >= split.end || lost.to <= split.start) continue;
    Note(c, "offsets [" + std::to_string(lost.from) + ", " + std::to_string(lost.to) + ") were lost before they could be read: " + lost.why);
  }
}

class SegmentReader final : public Reader {
 public:
  SegmentReader(SegmentReaderParts parts, const ScanRequest& request, TableFilters filters)
      : parts_(std::move(parts)),
        request_(request),
        filters_(std::move(filters)),
        layout_(std::make_shared<const Schema>(request.layout)),
        rows_left_(filters_.limit ? *request.limit : -1) {}

  Status Begin() {
    for (const Field& field : layout_->fields) {
      LOTIC_ASSIGN_OR_RETURN(const bool stored, parts_.facts.IsStored(field));
      places_.push_back(stored ? Place(field) : kHidden);
    }
    // A limit ends in the middle of a segment: the offset there is then at hand.
    if (filters_.offset || filters_.limit) Place({kRowOffsetColumn, Type::Int64(), {}});
    offset_ = stored_.IndexOf(kRowOffsetColumn);
    return Status::OK();
  }

  Result<uint32_t> Add(SplitStart start) override {
    State state;
    LOTIC_ASSIGN_OR_RETURN(state.split, SegmentSplit::Parse(start.split));
    LOTIC_ASSIGN_OR_RETURN(state.next_row, ParseRowPosition(start.position, start.split.start));
    const std::string& name = parts_.facts.stored.raw_name;
    if (state.split.table_id != parts_.view->identity().table_id) {
      return Status::DataLoss("table ", name, " was created again: the split is of table_id ", state.split.table_id, ", the table is ",
                              parts_.view->identity().table_id, " now; plan again");
    }
    const SegmentInfo* info = FindSegment(*parts_.view, state.split.partition, state.split.segment);
    if (info == nullptr)
      return Status::DataLoss("table ", name, " no longer holds segment ", state.split.segment, "; plan again with the token to see what it still holds");
    if (info->generation != state.split.generation) {
      return Status::DataLoss("segment ", state.split.segment, ": generation ", state.split.generation, " was replaced by ", info->generation,
                              "; plan again with the token, which gives the same rows");
    }
    state.info = *info;
    state.first_row = state.next_row;
    state.original = start.split;
    state.certificate = UnreadCertificate(start.split, false, EndReason::kNone);
    planned_ += state.split.contents ? state.split.contents->rows : state.split.end - state.split.start;
    splits_.push_back(std::move(state));
    return static_cast<uint32_t>(splits_.size() - 1);
  }

  Result<ReadBatch> Next(const CallContext& ctx) override {
    if (woken_.exchange(false)) return ReadBatch{};
    LOTIC_RETURN_NOT_OK(ctx.Check("reading " + request_.table.ToString()));
    while (at_ < splits_.size() && splits_[at_].ended) ++at_;
    if (at_ == splits_.size()) {
      // Splits may have been added behind, never before.
      return ReadBatch{};
    }
    State& state = splits_[at_];
    lotic::Run run;
    run.split = static_cast<uint32_t>(at_);
    std::optional<Batch> rows;
    if (rows_left_ == 0) {
      End(ctx, &state, EndReason::kLimit);
    } else {
      run.status = ReadSome(ctx, &state, &rows);
      if (run.status.IsCancelled() || run.status.code() == StatusCode::kDeadlineExceeded) return run.status;
      if (!run.status.ok()) run.status = Fail(ctx, &state, run.status);
      if (!run.status.ok()) rows.reset();
    }
    run.num_rows = rows ? rows->num_rows() : 0;
    run.next = PositionOf(state);
    run.ended = state.ended;
    if (state.ended && run.status.ok()) LOTIC_RETURN_NOT_OK(CheckAccounting(state.certificate));
    return ReadBatch{std::move(rows), {std::move(run)}};
  }

  Result<SplitStart> Release(uint32_t split) override {
    if (split >= splits_.size()) return Status::Invalid("no split ", split, " in this reader");
    State& state = splits_[split];
    if (!state.ended) End(CallContext(), &state, EndReason::kReleased);
    return SplitStart{state.original, PositionOf(state)};
  }

  SplitCertificate Certificate(uint32_t split) const override { return splits_[split].certificate; }

  ReaderProgress Progress() const override {
    ReaderProgress progress;
    progress.records = read_.load(std::memory_order_relaxed);
    progress.bytes_fetched = bytes_.load(std::memory_order_relaxed);
    const int64_t planned = planned_.load(std::memory_order_relaxed);
    progress.fraction = planned == 0 ? 0 : std::min(1.0, static_cast<double>(progress.records) / static_cast<double>(planned));
    return progress;
  }

  void Wake() override { woken_ = true; }

  Status Close(const CallContext& ctx) override {
    for (State& state : splits_) {
      if (!state.ended) End(ctx, &state, EndReason::kReleased);
    }
    return Status::OK();
  }

 private:
  static constexpr size_t kHidden = static_cast<size_t>(-1);

  struct State {
    SegmentSplit split;
    Split original;
    SegmentInfo info;
    int64_t first_row = 0;  // where this reading began
    int64_t next_row = 0;
    int64_t kept = 0;                    // rows handed to the door
    int64_t misfits = 0;                 // values of what was read that are NULL: their column has another type since they were stored
    int64_t read_start = 0;              // an offset, as certified
    std::optional<int64_t> last_offset;  // of row next_row - 1, where it was read
    std::unique_ptr<SegmentRows> rows;   // open while the split is being read
    bool ended = false;
    SplitCertificate certificate;
  };

  // Where a stored column lies in what is read.
  size_t Place(const Field& field) {
    if (const auto known = stored_.IndexOf(field.name)) return *known;
    stored_.fields.push_back(field);
    return stored_.fields.size() - 1;
  }

  static Position PositionOf(const State& state) { return state.next_row == 0 ? state.original.start : RowPosition(state.next_row); }

  Result<std::unique_ptr<SegmentRows>> OpenRows(const CallContext& ctx, const State& state, const Schema& columns, int64_t first_row) const {
    if (state.info.state == SegmentState::kDamaged) return Status::DataLoss("segment ", state.info.name, " is quarantined: ", state.info.damage);
    SegmentRowsOptions options;
    options.first_row = first_row;
    if (state.split.end < state.info.end) options.end_offset = state.split.end;
    auto rows = SegmentRows::Open(ctx, *parts_.view, state.info, columns, parts_.files, options);
    if (!rows.ok() && rows.status().code() == StatusCode::kNotFound) {
      return Status::DataLoss("segment ", state.info.name, state.info.state == SegmentState::kDropped ? " was dropped by retention: " : ": ",
                              rows.status().message());
    }
    return rows;
  }

  // The offset of a row. Errors: those of reading it.
  Result<int64_t> OffsetOf(const CallContext& ctx, const State& state, int64_t row) const {
    const Schema column{{{kRowOffsetColumn, Type::Int64(), {}}}};
    LOTIC_ASSIGN_OR_RETURN(const auto rows, OpenRows(ctx, state, column, row));
    LOTIC_ASSIGN_OR_RETURN(const std::optional<Batch> batch, rows->Next(ctx));
    if (!batch || batch->num_rows() == 0) return Status::DataLoss("segment ", state.info.name, " has no row ", row);
    return batch->column(0).values<int64_t>()[0];
  }

  // Some rows of a split, or its end.
  Status ReadSome(const CallContext& ctx, State* state, std::optional<Batch>* out) {
    const bool none_left = state->split.contents && state->next_row == state->split.contents->rows;
    std::optional<Batch> batch;
    if (!none_left) {
      if (state->rows == nullptr) {
        LOTIC_ASSIGN_OR_RETURN(state->rows, OpenRows(ctx, *state, stored_, state->next_row));
      }
      LOTIC_ASSIGN_OR_RETURN(batch, state->rows->Next(ctx));
      state->misfits = state->rows->misfits();
    }
    if (!batch) {
      if (state->split.contents && state->next_row != state->split.contents->rows) {
        return Status::DataLoss("segment ", state->info.name, ": its file holds ", state->next_row, " rows of ", state->split.contents->rows);
      }
      End(ctx, state, EndReason::kEnd);
      return Status::OK();
    }
    bytes_.fetch_add(batch->size_bytes(), std::memory_order_relaxed);
    state->certificate.bytes_fetched += batch->size_bytes();
    int64_t used = 0;
    LOTIC_RETURN_NOT_OK(Keep(*batch, *state, out, &used));
    state->next_row += used;
    if (offset_ && used > 0) state->last_offset = batch->column(*offset_).values<int64_t>()[static_cast<size_t>(used - 1)];
    if (!offset_) state->last_offset.reset();
    state->kept += *out ? (*out)->num_rows() : 0;
    read_.fetch_add(used, std::memory_order_relaxed);
    if (state->split.contents && state->next_row == state->split.contents->rows && used == batch->num_rows()) {
      End(ctx, state, EndReason::kEnd);
    } else if (rows_left_ == 0) {
      End(ctx, state, EndReason::kLimit);
    }
    return Status::OK();
  }

  // Puts the layout together, filters by offset and cuts to the limit. `used`: how many of the rows were needed for that.
  Status Keep(const Batch& batch, const State& state, std::optional<Batch>* out, int64_t* used) {
    struct Owner {
      Batch stored;
      std::vector<Batch> hidden;
    };
    auto owner = std::make_shared<Owner>(Owner{batch, {}});
    const int64_t num_rows = batch.num_rows();
    std::vector<Column> columns;
    for (size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] != kHidden) {
        columns.push_back(batch.column(places_[i]));
      } else {
        owner->hidden.push_back(HiddenColumn(layout_->fields[i], state.info, parts_.host_name, state.next_row, num_rows));
        columns.push_back(owner->hidden.back().column(0));
      }
    }
    Batch all(layout_, num_rows, std::move(columns), owner);
    std::vector<uint8_t> keep;
    if (filters_.offset) {
      Constraints by_offset;
      by_offset.columns.emplace(kRowOffsetColumn, *filters_.offset);
      LOTIC_RETURN_NOT_OK(EvaluateConstraints(by_offset, request_.compare, batch, &keep));
    }
    *used = num_rows;
    if (keep.empty() && (rows_left_ < 0 || num_rows <= rows_left_)) {
      if (rows_left_ > 0) rows_left_ -= num_rows;
      *out = std::move(all);
      return Status::OK();
    }
    std::vector<int64_t> taken;
    for (*used = 0; *used < num_rows && (rows_left_ < 0 || static_cast<int64_t>(taken.size()) < rows_left_); ++*used) {
      if (keep.empty() || keep[static_cast<size_t>(*used)] != 0) taken.push_back(*used);
    }
    const auto count = static_cast<int64_t>(taken.size());
    if (rows_left_ > 0) rows_left_ -= count;
    if (count == num_rows) {
      *out = std::move(all);
    } else if (count > 0) {
      *out = all.Take(taken);
    }
    return Status::OK();
  }

  // Ends a split where it stands and accounts for what was read of it.
  void End(const CallContext& ctx, State* state, EndReason reason) {
    const SegmentSplit& split = state->split;
    SplitCertificate& c = state->certificate;
    const bool at_end = reason == EndReason::kEnd;
    state->ended = true;
    c.reason = reason;
    c.complete = at_end || reason == EndReason::kLimit;
    c.rows = state->kept;
    c.undecodable_values = state->misfits;
    if (state->misfits > 0)
      Note(&c, std::to_string(state->misfits) + " values were stored under another type of their column and do not fit this one: they are NULL");
    const int64_t read = state->next_row - state->first_row;
    int64_t start = split.start, end = split.start;
    // Offsets bound what was read; those at rows in the middle may have to be looked up, and if that fails nothing but the rows is known.
    Status known;
    if (state->first_row > 0) {
      const Result<int64_t> before = OffsetOf(ctx, *state, state->first_row - 1);
      known = before.ok() ? Status::OK() : before.status();
      if (before.ok()) start = end = *before + 1;
    }
    if (known.ok() && at_end) {
      end = split.end;
    } else if (known.ok() && read > 0) {
      const Result<int64_t> last = state->last_offset ? Result<int64_t>(*state->last_offset) : OffsetOf(ctx, *state, state->next_row - 1);
      known = last.ok() ? Status::OK() : last.status();
      if (last.ok()) end = *last + 1;
    }
    state->read_start = start;
    c.read_start = {std::to_string(start)};
    c.read_end = {std::to_string(end)};
    if (!known.ok()) {
      if (at_end) {
        c.complete = false;
        c.reason = EndReason::kError;
      }
      c.read_end = c.read_start;
      Note(&c, "rows " + std::to_string(state->first_row) + " to " + std::to_string(state->next_row) +
                   " were read; their offsets are not known: " + known.message());
      return;
    }
    RecordCounts& r = c.records;
    r.returned = state->kept;
    r.filtered = read - state->kept;
    const bool whole = at_end && state->first_row == 0 && split.contents;
    if (whole) {
      AddFates(*parts_.view, split, &c);
    } else {
      r.skipped = end - start - read;
      if (r.skipped != 0) Note(&c, std::to_string(r.skipped) + " records gave no row; what became of each kind is known for whole segments only");
    }
    Note(&c, split.state + ", partition " + std::to_string(split.partition));
  }

  // A split that cannot be read on. What damage took is let go where the policy says so: counted as missing, by name, and not complete.
  Status Fail(const CallContext& ctx, State* state, const Status& failure) {
    End(ctx, state, EndReason::kError);
    SplitCertificate& c = state->certificate;
    c.complete = false;
    Note(&c, failure.message());
    if (failure.code() != StatusCode::kDataLoss) return failure;
    c.reason = EndReason::kDataLoss;
    if (request_.policy.on_data_loss == OnDataLoss::kFail) return failure;
    // What lies behind the rows that were returned.
    c.records.missing += state->split.end - (state->read_start + c.records.Sum());
    c.read_end = {std::to_string(state->split.end)};
    return Status::OK();
  }

  const SegmentReaderParts parts_;
  const ScanRequest request_;
  const TableFilters filters_;
  const std::shared_ptr<const Schema> layout_;
  Schema stored_;                 // what is read of segments
  std::vector<size_t> places_;    // of the layout's columns in stored_, or kHidden
  std::optional<size_t> offset_;  // of $offset in stored_
  int64_t rows_left_;             // of the limit; negative: no limit
  std::vector<State> splits_;
  size_t at_ = 0;  // the split being read

  std::atomic<bool> woken_ = false;
  std::atomic<int64_t> planned_ = 0, read_ = 0, bytes_ = 0;
};

}  // namespace

Result<SplitCertificate> CountedSegment(const TableView& view, const Split& split) {
  LOTIC_ASSIGN_OR_RETURN(const SegmentSplit segment, SegmentSplit::Parse(split));
  if (!segment.contents)
    return Status::Invalid("segment ", segment.segment, ": how many rows it has up to offset ", segment.end, " is not known without reading");
  SplitCertificate c = UnreadCertificate(split, true, EndReason::kEnd);
  c.read_end = {std::to_string(segment.end)};
  c.rows = c.records.returned = segment.contents->rows;
  AddFates(view, segment, &c);
  Note(&c, segment.state + ", partition " + std::to_string(segment.partition));
  Note(&c, "counted by what the segment says of itself: no row was read");
  LOTIC_RETURN_NOT_OK(CheckAccounting(c));
  return c;
}

Result<std::unique_ptr<Reader>> MakeSegmentReader(SegmentReaderParts parts, const ScanRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(TableFilters filters, TableFilters::Of(request, parts.facts));
  auto reader = std::make_unique<SegmentReader>(std::move(parts), request, std::move(filters));
  LOTIC_RETURN_NOT_OK(reader->Begin());
  return std::unique_ptr<Reader>(std::move(reader));
}

}  // namespace lotic::table
