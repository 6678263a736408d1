// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/row_builder.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace lotic::kafka {

using kafka_protocol::RecordView;

namespace {

/// Appends rows of a scalar column to a builder of its type.
void AppendTaken(const Column& from, std::span<const uint32_t> rows, ColumnBuilder* to) {
  const auto count = static_cast<int64_t>(rows.size());
  to->Reserve(count);
  const int64_t first = to->length();
  const auto copy = [&]<typename T>(T*) {
    const T* const values = from.values<T>().data();
    T* const out = to->UnsafeValues<T>();
    for (int64_t i = 0; i < count; ++i) out[i] = values[rows[static_cast<size_t>(i)]];
    to->Advance(count);
    if (from.null_count == 0) return;
    for (int64_t i = 0; i < count; ++i) {
      if (from.IsNull(rows[static_cast<size_t>(i)])) to->SetNull(first + i);
    }
  };
  switch (from.type.byte_width()) {
    case 1: copy(static_cast<uint8_t*>(nullptr)); return;
    case 2: copy(static_cast<uint16_t*>(nullptr)); return;
    case 4: copy(static_cast<uint32_t*>(nullptr)); return;
    case 8: copy(static_cast<uint64_t*>(nullptr)); return;
    case 16: copy(static_cast<Int128*>(nullptr)); return;
    default: break;
  }
  for (const uint32_t row : rows) {
    if (from.IsNull(row)) {
      to->AppendNull();
    } else if (from.type.id() == TypeId::kBool) {
      to->AppendBool(from.Bool(row));
    } else {
      to->AppendBytes(from.Text(row));
    }
  }
}

int FilterCost(const Type& type) { return type.is_text_or_binary() ? 1 : 0; }

DecoderField FieldOf(const Field& field) { return JsonFields(Schema{{field}, {}})[0]; }

}  // namespace

RowBuilder::RowBuilder(RowPlan plan) : plan_(std::move(plan)), out_(plan_.layout), all_(kMaxRunRecords) { std::iota(all_.begin(), all_.end(), 0u); }

Result<std::unique_ptr<RowBuilder>> RowBuilder::Make(RowPlan plan) {
  std::unique_ptr<RowBuilder> made(new RowBuilder(std::move(plan)));
  LOTIC_RETURN_NOT_OK(made->Compile());
  return made;
}

Status RowBuilder::Compile() {
  const Schema& layout = *plan_.layout;
  std::vector<Field> filter_fields;
  kinds_.resize(layout.fields.size(), MetadataColumn::kTopic);
  for (size_t i = 0; i < layout.fields.size(); ++i) {
    const Field& field = layout.fields[i];
    const std::optional<MetadataColumn> kind = MetadataColumnOf(field);
    const auto filter = plan_.filters.find(field.name);
    const bool filtered = filter != plan_.filters.end();
    if (filtered && field.type.is_nested()) {
      return Status::Invalid("filter on column '", field.name, "': nested columns cannot be filtered by value");
    }
    if (kind.has_value()) {
      if (field.type != MetadataField(*kind).type) {
        return Status::Invalid("column '", field.name, "' is ", MetadataField(*kind).type.ToString(), ", not ", field.type.ToString());
      }
      kinds_[i] = *kind;
      metadata_columns_.push_back(i);
      if (filtered) metadata_filters_.push_back({i, ValueFilter(field.type, filter->second, plan_.compare)});
      continue;
    }
    if (plan_.format == PayloadFormat::kRaw) {
      return Status::Invalid("column '", field.name, "' is not one of this topic, whose messages have no columns");
    }
    if (filtered) {
      message_filters_.push_back({i, ValueFilter(field.type, filter->second, plan_.compare)});
    } else {
      other_columns_.push_back(i);
    }
  }
  for (const auto& [name, set] : plan_.filters) {
    if (!layout.IndexOf(name).has_value()) return Status::Invalid("a constraint names column '", name, "', which the layout lacks");
  }
  const auto cheap_first = [&](const FilterColumn& a, const FilterColumn& b) {
    return FilterCost(layout.fields[a.column].type) < FilterCost(layout.fields[b.column].type);
  };
  std::stable_sort(metadata_filters_.begin(), metadata_filters_.end(), cheap_first);
  std::stable_sort(message_filters_.begin(), message_filters_.end(), cheap_first);
  for (const FilterColumn& filter : message_filters_) filter_fields.push_back(layout.fields[filter.column]);
  filter_schema_ = std::make_shared<const Schema>(Schema{std::move(filter_fields), {}});
  DecoderOptions options;
  options.readable_padding = kDecoderPadding;
  if (!message_filters_.empty()) {
    LOTIC_ASSIGN_OR_RETURN(filter_decoder_, MakeJsonDecoder(JsonFields(*filter_schema_), options));
  }
  if (!other_columns_.empty()) {
    std::vector<DecoderField> others;
    for (const size_t column : other_columns_) others.push_back(FieldOf(layout.fields[column]));
    LOTIC_ASSIGN_OR_RETURN(other_decoder_, MakeJsonDecoder(others, options));
  }
  if (plan_.format == PayloadFormat::kJson && plan_.on_error != OnError::kNull) {
    LOTIC_ASSIGN_OR_RETURN(checker_, MakeJsonChecker(plan_.declared, options));
  }
  needs_payloads_ = checker_ != nullptr || !message_filters_.empty() || !other_columns_.empty();
  counts_only_ = layout.fields.empty() && checker_ == nullptr && plan_.tombstones == Tombstones::kEmit;
  return Status::OK();
}

void RowBuilder::Narrow(std::span<const uint8_t> keep) {
  size_t kept = 0;
  for (size_t i = 0; i < selection_.size(); ++i) {
    selection_[kept] = selection_[i];
    kept += keep[i];
  }
  selection_.resize(kept);
}

Status RowBuilder::DropUnwanted(const RecordRun& run, int64_t* skipped) {
  if (plan_.tombstones == Tombstones::kSkip) {
    size_t kept = 0;
    for (const uint32_t index : selection_) {
      selection_[kept] = index;
      kept += run.records[index].has_value() ? 1 : 0;
    }
    *skipped += static_cast<int64_t>(selection_.size() - kept);
    selection_.resize(kept);
  }
  return checker_ == nullptr ? Status::OK() : CheckMessages(run, skipped);
}

Status RowBuilder::CheckMessages(const RecordRun& run, int64_t* skipped) {
  std::vector<uint32_t> good;
  good.reserve(selection_.size());
  BadMessage first;
  const int64_t bad = checker_->Check(payloads_, selection_, &good, &first);
  if (bad > 0 && plan_.on_error == OnError::kFail) {
    return Status::Invalid("topic '", run.topic, "', partition ", run.partition, ", offset ", run.records[first.payload].offset, ": ", first.reason,
                           " (on_error = fail)");
  }
  *skipped += bad;
  selection_ = std::move(good);
  return Status::OK();
}

void RowBuilder::FilterMetadata(const RecordRun& run) {
  for (const FilterColumn& filter : metadata_filters_) {
    if (selection_.empty()) return;
    const Field& field = plan_.layout->fields[filter.column];
    BatchBuilder scratch(std::make_shared<const Schema>(Schema{{field}, {}}));
    broken_headers_ += AppendMetadataColumn(kinds_[filter.column], run, selection_, &scratch.column(0));
    const Batch values = scratch.Finish(static_cast<int64_t>(selection_.size()));
    keep_.assign(selection_.size(), 1);
    filter.filter.Apply(values.column(0), keep_);
    Narrow(keep_);
  }
}

Batch RowBuilder::DecodeFilterColumns() {
  BatchBuilder scratch(filter_schema_);
  std::vector<ColumnBuilder*> out;
  for (size_t i = 0; i < scratch.num_columns(); ++i) out.push_back(&scratch.column(i));
  filter_decoder_->Decode(payloads_, selection_, out);
  return scratch.Finish(static_cast<int64_t>(selection_.size()));
}

void RowBuilder::AppendRows(const RecordRun& run, const std::optional<Batch>& decoded, std::span<const uint32_t> decoded_rows) {
  for (const size_t column : metadata_columns_) {
    broken_headers_ += AppendMetadataColumn(kinds_[column], run, selection_, &out_.column(column));
  }
  for (size_t i = 0; i < message_filters_.size(); ++i) {
    AppendTaken(decoded->column(i), decoded_rows, &out_.column(message_filters_[i].column));
  }
  if (!other_columns_.empty()) {
    std::vector<ColumnBuilder*> out;
    for (const size_t column : other_columns_) out.push_back(&out_.column(column));
    other_decoder_->Decode(payloads_, selection_, out);
  }
}

Result<RunOutcome> RowBuilder::Append(const RecordRun& run, int64_t max_rows) {
  LOTIC_CHECK(run.records.size() <= kMaxRunRecords && max_rows > 0);
  const size_t count = run.records.size();
  selection_.assign(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(count));
  int64_t skipped = 0;
  FilterMetadata(run);
  if (needs_payloads_) {
    payloads_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const RecordView& record = run.records[i];
      const bool there = record.has_value();
      payloads_[i] = {there ? record.value : nullptr, there ? static_cast<uint32_t>(record.value_size) : 0};
    }
  }
  std::vector<uint32_t> before_policy;
  if (plan_.tombstones == Tombstones::kSkip || checker_ != nullptr) before_policy = selection_;
  LOTIC_RETURN_NOT_OK(DropUnwanted(run, &skipped));
  std::vector<uint32_t> after_policy;
  if (!before_policy.empty()) after_policy = selection_;

  std::optional<Batch> decoded;
  std::vector<uint32_t> decoded_rows;  // of `decoded`, those that are still wanted
  if (!message_filters_.empty()) {
    decoded = DecodeFilterColumns();
    keep_.assign(selection_.size(), 1);
    for (size_t i = 0; i < message_filters_.size(); ++i) message_filters_[i].filter.Apply(decoded->column(i), keep_);
    decoded_rows.resize(selection_.size());
    size_t kept = 0;
    for (uint32_t i = 0; i < selection_.size(); ++i) {  // without a branch: what a filter says cannot be guessed
      decoded_rows[kept] = i;
      kept += keep_[i] != 0 ? 1 : 0;
    }
    decoded_rows.resize(kept);
    Narrow(keep_);
  }

  RunOutcome outcome;
  outcome.consumed = static_cast<int64_t>(count);
  if (static_cast<int64_t>(selection_.size()) > max_rows) {
    selection_.resize(static_cast<size_t>(max_rows));
    if (decoded.has_value()) decoded_rows.resize(static_cast<size_t>(max_rows));
    outcome.consumed = static_cast<int64_t>(selection_.back()) + 1;
    // Only what lies among the consumed records counts.
    const auto below = [&](const std::vector<uint32_t>& indexes) {
      return std::lower_bound(indexes.begin(), indexes.end(), static_cast<uint32_t>(outcome.consumed)) - indexes.begin();
    };
    if (!before_policy.empty()) skipped = below(before_policy) - below(after_policy);
  }
  AppendRows(run, decoded, decoded_rows);
  const RecordView* const records = run.records.data();
  int64_t bytes = 0;
  for (const uint32_t index : selection_) {
    const RecordView& record = records[index];
    bytes += std::max(record.key_size, 0) + std::max(record.value_size, 0) + static_cast<int64_t>(record.headers_size);
  }
  bytes_ += bytes;
  outcome.returned = static_cast<int64_t>(selection_.size());
  outcome.skipped = skipped;
  outcome.filtered = outcome.consumed - outcome.returned - skipped;
  rows_ += outcome.returned;
  return outcome;
}

void RowBuilder::AppendUnseen(int64_t rows) {
  LOTIC_CHECK(counts_only_);
  rows_ += rows;
}

int64_t RowBuilder::undecodable_values() const {
  int64_t count = broken_headers_;
  if (filter_decoder_ != nullptr) count += filter_decoder_->counts().undecodable_values;
  if (other_decoder_ != nullptr) count += other_decoder_->counts().undecodable_values;
  return count;
}

Batch RowBuilder::Finish() {
  const int64_t rows = std::exchange(rows_, 0);
  bytes_ = 0;
  return out_.Finish(rows);
}

}  // namespace lotic::kafka
