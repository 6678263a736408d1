// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/declared_reader.h"

#include <algorithm>
#include <set>
#include <utility>

#include "connector/kinesis/kinesis_client.h"
#include "format/value_text.h"
#include "lotic/constraints.h"

namespace lotic::kinesis {
namespace {

/// An arrival time, in ms, in another unit: floored.
int64_t InUnit(int64_t ms, TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond: return ms / 1'000 - (ms % 1'000 < 0 ? 1 : 0);
    case TimeUnit::kMilli: return ms;
    case TimeUnit::kMicro: return ms * 1'000;
    case TimeUnit::kNano: return ms * 1'000'000;
  }
  return ms;
}

void AppendCast(const Column& from, int64_t row, ColumnBuilder& to) {
  if (from.IsNull(row)) {
    to.AppendNull();
  } else if (from.type.id() != TypeId::kTimestamp) {
    to.AppendBytes(from.Text(row));
  } else if (const int64_t ms = from.values<int64_t>()[static_cast<size_t>(row)]; to.type().id() == TypeId::kTimestamp) {
    to.AppendInt64(InUnit(ms, to.type().unit()));
  } else {
    std::string text;
    (void)AppendTimestamp(ms, TimeUnit::kMilli, true, ' ', &text);
    to.AppendBytes(text);
  }
}

}  // namespace

Result<std::unique_ptr<DeclaredReader>> DeclaredReader::Make(Plan plan, std::unique_ptr<Reader> records, size_t num_splits) {
  std::unique_ptr<DeclaredReader> made(new DeclaredReader(std::move(plan), std::move(records)));
  made->rows_left_ = made->plan_.limit;
  Schema payload;
  for (size_t c = 0; c < made->plan_.sources.size(); ++c) {
    if (made->plan_.sources[c].kind != DeclaredSource::Kind::kPayload) continue;
    payload.fields.push_back(made->plan_.layout->fields[c]);
    made->decoded_.push_back(c);
  }
  if (made->plan_.payload) {
    LOTIC_ASSIGN_OR_RETURN(made->checker_, made->plan_.format->MakeChecker({}, made->plan_.strict));
    if (!payload.fields.empty()) {
      LOTIC_ASSIGN_OR_RETURN(made->decoder_, made->plan_.format->MakeDecoder(payload, {}));
    }
  }
  for (uint32_t split = 0; split < num_splits; ++split) {
    made->splits_.emplace_back();
    made->splits_.back().last = made->records_->Certificate(split);
  }
  return made;
}

Result<uint32_t> DeclaredReader::Add(SplitStart start) {
  LOTIC_ASSIGN_OR_RETURN(const uint32_t split, records_->Add(std::move(start)));
  if (splits_.size() <= split) splits_.resize(split + 1);
  splits_[split].last = records_->Certificate(split);
  return split;
}

Result<SplitStart> DeclaredReader::Release(uint32_t split) {
  LOTIC_ASSIGN_OR_RETURN(SplitStart at, records_->Release(split));
  if (splits_[split].ended_here) at.position = splits_[split].last.read_end;
  splits_[split].live = false;
  return at;
}

SplitCertificate DeclaredReader::Certificate(uint32_t split) const {
  const State& state = splits_[split];
  SplitCertificate c = state.ended_here ? state.last : records_->Certificate(split);
  c.records.returned -= state.skipped;
  c.records.skipped += state.skipped;
  c.rows += state.more - state.skipped;
  c.undecodable_values += state.undecodable;
  return c;
}

void DeclaredReader::Judge(const Batch& records, int64_t first, int64_t count, std::vector<uint32_t>* good, std::optional<BadMessage>* bad) {
  if (!plan_.payload) {
    for (uint32_t row = 0; row < count; ++row) good->push_back(row);
    return;
  }
  const Column& data = records.column(*records.schema().IndexOf("_data"));
  std::vector<uint32_t> selection;
  payloads_.clear();
  record_of_.clear();
  for (int64_t row = 0; row < count; ++row) {
    const std::string_view bytes = data.Text(first + row);
    payloads_.push_back({reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<uint32_t>(bytes.size())});
    if (!bytes.empty() || plan_.format->empty_is_row()) selection.push_back(static_cast<uint32_t>(row));
  }
  BadMessage worst;
  if (checker_->Check(payloads_, selection, good, &worst) == 0) return;
  if (TakeApart(selection, *good)) {
    selection.clear();
    while (selection.size() < payloads_.size()) selection.push_back(static_cast<uint32_t>(selection.size()));
    good->clear();
    if (checker_->Check(payloads_, selection, good, &worst) == 0) return;
    // A record with a bad row is a bad one, with all its rows.
    std::set<uint32_t> bad_records;
    for (size_t row = 0, taken = 0; row < payloads_.size(); ++row) {
      if (taken < good->size() && (*good)[taken] == row) {
        ++taken;
      } else {
        bad_records.insert(record_of_[row]);
      }
    }
    std::erase_if(*good, [&](uint32_t row) { return bad_records.count(record_of_[row]) != 0; });
    worst.payload = record_of_[worst.payload];
  }
  *bad = std::move(worst);
}

bool DeclaredReader::TakeApart(const std::vector<uint32_t>& selection, const std::vector<uint32_t>& good) {
  std::vector<PayloadView> apart;
  std::vector<uint32_t> record_of;
  bool any = false;
  size_t taken = 0;
  for (const uint32_t record : selection) {
    const bool is_good = taken < good.size() && good[taken] == record;
    if (is_good) ++taken;
    const bool several = !is_good && plan_.format->TakeApart(payloads_[record], &apart);
    if (!several) apart.push_back(payloads_[record]);
    record_of.resize(apart.size(), record);
    any = any || several;
  }
  if (!any) return false;
  payloads_ = std::move(apart);
  record_of_ = std::move(record_of);
  return true;
}

int64_t DeclaredReader::NumRecords(const std::vector<uint32_t>& good) const {
  int64_t records = 0;
  for (size_t i = 0; i < good.size(); ++i) records += i == 0 || RecordOf(good[i]) != RecordOf(good[i - 1]) ? 1 : 0;
  return records;
}

Run DeclaredReader::End(uint32_t split, EndReason reason, bool complete) {
  State& state = splits_[split];
  state.live = false;
  state.ended_here = true;
  state.last.complete = complete;
  state.last.reason = reason;
  const SplitCertificate received = records_->Certificate(split);
  state.last.bytes_fetched = received.bytes_fetched;
  if (!state.last.first_record) state.last.first_record = received.first_record;
  (void)records_->Release(split);  // where it stands is not asked for
  Run made;
  made.split = split;
  made.next = state.last.read_end;
  made.ended = true;
  return made;
}

Run DeclaredReader::Fail(uint32_t split, std::string_view sequence_number, const std::string& reason) {
  Run made = End(split, EndReason::kError, false);
  made.status = Status::Invalid("shard ", splits_[split].last.partition, ", record ", sequence_number, ": ", reason);
  return made;
}

void DeclaredReader::Cut(const Batch& records, int64_t first, const std::vector<uint32_t>& good, Run* run) {
  State& state = splits_[run->split];
  const int64_t used = RecordOf(good.back()) + 1;  // records; those filtered out between them are not counted: how many they are is not known here
  const Column& numbers = records.column(*records.schema().IndexOf("_sequence_number"));
  state.last.last_record = Position{std::string(numbers.Text(first + used - 1))};
  state.last.read_end = {ShardPosition{ShardPosition::Kind::kAfter, 0, state.last.last_record->text}.ToText()};
  state.last.records.returned += used;
  state.last.rows += used;
  const int64_t records_used = NumRecords(good);
  state.skipped += used - records_used;
  state.more += static_cast<int64_t>(good.size()) - records_used;
  *run = End(run->split, EndReason::kLimit, true);
  run->num_rows = static_cast<int64_t>(good.size());
}

void DeclaredReader::AppendRows(const Batch& records, int64_t first, const std::vector<uint32_t>& good, BatchBuilder* out) {
  for (size_t c = 0; c < plan_.sources.size(); ++c) {
    const DeclaredSource& source = plan_.sources[c];
    ColumnBuilder& to = out->column(c);
    if (source.kind == DeclaredSource::Kind::kRecord) {
      const Column& from = records.column(*records.schema().IndexOf(source.column));
      for (const uint32_t row : good) AppendCast(from, first + RecordOf(row), to);
    } else if (source.kind == DeclaredSource::Kind::kConstant) {
      for (size_t i = 0; i < good.size(); ++i) to.AppendBytes(source.constant);
    } else if (source.kind == DeclaredSource::Kind::kNull) {
      for (size_t i = 0; i < good.size(); ++i) to.AppendNull();
    }
  }
  if (decoder_ == nullptr) return;
  std::vector<ColumnBuilder*> columns;
  for (const size_t c : decoded_) columns.push_back(&out->column(c));
  decoder_->Decode(payloads_, good, columns);
}

Result<ReadBatch> DeclaredReader::Next(const CallContext& ctx) {
  ReadBatch made;
  if (rows_left_ && *rows_left_ <= 0) {
    for (uint32_t split = 0; split < splits_.size(); ++split) {
      if (splits_[split].live) made.runs.push_back(End(split, EndReason::kLimit, true));
    }
    return made;
  }
  LOTIC_ASSIGN_OR_RETURN(ReadBatch read, records_->Next(ctx));
  BatchBuilder builder(plan_.layout);
  int64_t first = 0, rows = 0;
  for (Run& run : read.runs) {
    const int64_t count = run.num_rows;
    if (rows_left_ && rows_left_ == rows) {  // enough rows: what this run brought is not handed on
      first += count;
      made.runs.push_back(End(run.split, EndReason::kLimit, true));
      continue;
    }
    State& state = splits_[run.split];
    bool cut = false;
    if (count != 0) {
      std::vector<uint32_t> good;
      std::optional<BadMessage> bad;
      Judge(*read.rows, first, count, &good, &bad);
      if (rows_left_ && static_cast<int64_t>(good.size()) >= *rows_left_ - rows) {
        good.resize(static_cast<size_t>(*rows_left_ - rows));
        if (bad && !good.empty() && bad->payload > RecordOf(good.back())) bad.reset();  // behind the last row that is needed
        cut = true;
      }
      if (bad && plan_.bad == BadRecords::kFail) {
        const Column& numbers = read.rows->column(*read.rows->schema().IndexOf("_sequence_number"));
        made.runs.push_back(Fail(run.split, numbers.Text(first + bad->payload), bad->reason));
        first += count;
        continue;
      }
      const int64_t before = decoder_ == nullptr ? 0 : decoder_->counts().undecodable_values;
      AppendRows(*read.rows, first, good, &builder);
      if (decoder_ != nullptr) state.undecodable += decoder_->counts().undecodable_values - before;
      rows += static_cast<int64_t>(good.size());
      if (cut) {
        Cut(*read.rows, first, good, &run);
      } else {
        run.num_rows = static_cast<int64_t>(good.size());
        const int64_t taken = NumRecords(good);
        state.skipped += count - taken;
        state.more += run.num_rows - taken;
      }
      first += count;
    }
    if (!cut) {
      state.last = records_->Certificate(run.split);
      state.live = !run.ended;
    }
    made.runs.push_back(std::move(run));
  }
  if (rows != 0) made.rows = builder.Finish(rows);
  if (rows_left_) *rows_left_ -= rows;
  return made;
}

}  // namespace lotic::kinesis
