// SPDX-License-Identifier: Apache-2.0
#include "table/record_pipeline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "format/pinot_json_decoder.h"
#include "table/computed_columns.h"
#include "table/envelope.h"

namespace lotic::table {
namespace {

using catalog::PinotField;
using catalog::PinotType;

/// Records decoded between two looks at how large the columns have become.
constexpr size_t kPieceRecords = 256;
constexpr int64_t kPieceBytes = int64_t{64} << 20;
/// Follows: Pinot's range of valid times, both ends included.
constexpr int64_t kFirstValidMs = 31'536'000'000, kLastValidMs = 3'187'296'000'000;  // 1971-01-01, 2071-01-01
constexpr size_t kNone = std::numeric_limits<size_t>::max();

PinotCell CellOf(PinotType type) {
  switch (type) {
    case PinotType::kInt: return PinotCell::kInt;
    case PinotType::kLong: return PinotCell::kLong;
    case PinotType::kFloat: return PinotCell::kFloat;
    case PinotType::kDouble: return PinotCell::kDouble;
    case PinotType::kBigDecimal: return PinotCell::kBigDecimal;
    case PinotType::kBoolean: return PinotCell::kBoolean;
    case PinotType::kTimestamp: return PinotCell::kTimestamp;
    case PinotType::kString: return PinotCell::kString;
    case PinotType::kJson:
    case PinotType::kMap: return PinotCell::kJson;
    case PinotType::kBytes: return PinotCell::kBytes;
  }
  return PinotCell::kString;
}

PinotTooLong RuleOf(PinotField::TooLong rule) {
  switch (rule) {
    case PinotField::TooLong::kTrim: return PinotTooLong::kTrim;
    case PinotField::TooLong::kKeep: return PinotTooLong::kKeep;
    case PinotField::TooLong::kError: return PinotTooLong::kError;
    case PinotField::TooLong::kDefault: return PinotTooLong::kDefault;
  }
  return PinotTooLong::kTrim;
}

/// Hex digits, as GET shows a default of BYTES; what is none is left out.
std::string BytesOfHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

PinotDecoderField FieldOf(const PinotField& column, bool strict) {
  PinotDecoderField field;
  field.name = column.name;
  field.cell = CellOf(column.type);
  field.single_value = column.single_value;
  field.strict_numbers = strict;
  field.allow_trailing_zeros = column.allow_trailing_zeros;
  field.parse_timestamp = catalog::ParsePinotTimestamp;
  const bool limited = column.type == PinotType::kString || column.type == PinotType::kJson || column.type == PinotType::kBytes;
  field.max_length = limited ? std::max(column.max_length, 0) : std::numeric_limits<int32_t>::max();
  field.too_long = limited ? RuleOf(column.too_long) : PinotTooLong::kKeep;
  field.default_value = column.type == PinotType::kBytes ? BytesOfHex(column.default_null) : column.default_null;
  return field;
}

PinotDecoderField RawField(const std::string& name) {
  PinotDecoderField field;
  field.name = name;
  field.cell = PinotCell::kRaw;
  field.finish = false;
  field.parse_timestamp = catalog::ParsePinotTimestamp;
  return field;
}

/// A column on the way: what is decoded, and what expressions read and make.
struct InputColumn {
  PinotDecoderField field;
  std::optional<EnvelopeCell> envelope;  ///< else a member of the message
  size_t stored = kNone;                 ///< index among the table's columns
  bool read = false;                     ///< by an expression, before it is finished
  bool computed = false;                 ///< by a transform, where the record has none
};

enum class RowFate : uint8_t { kRow, kTransform, kFilter, kFiltered, kConvert, kTime };

/// What is known of the records of one Run.
struct Progress {
  std::vector<int64_t> records;     ///< of each decoded row
  std::vector<RowFate> fates;       ///< of each decoded row
  std::vector<uint8_t> incomplete;  ///< of each decoded row
  std::vector<RecordFault> faults;  ///< in the order of the stages
  struct Misfit {
    int64_t row;
    size_t input;
    std::string reason;
  };
  std::vector<Misfit> misfits;  ///< values that did not convert: NULL so far, and reported once it is known whether the row is filtered
};

class Pipeline final : public RecordPipeline {
 public:
  static Result<std::unique_ptr<RecordPipeline>> Make(const catalog::PinotSchema& schema, const catalog::PinotTableConfig& config, Expressions* expressions);

  const Schema& raw_layout() const override { return raw_layout_; }
  const std::shared_ptr<const Schema>& stored_columns() const override { return stored_; }
  Result<PipelineResult> Run(const CallContext& ctx, const Batch& raw, int64_t first, int64_t count, int32_t partition) override;

 private:
  Status AddColumns(const catalog::PinotSchema& schema, const catalog::PinotTableConfig& config);
  Status AddExpressions(const std::vector<catalog::PinotTransform>& transforms, const std::string& filter, Expressions& expressions);
  size_t AddRaw(const std::string& name);
  Status MakeDecoder();

  void Decode(const Batch& raw, int64_t first, int64_t count, int32_t partition, PipelineResult* result, Progress* progress, Batch* input);
  /// Takes a row out, or, with continueOnError, leaves it with a NULL.
  void Fail(Progress* progress, int64_t row, Stage stage, RowFate fate, const std::string& column, std::string message);
  Status Compute(const CallContext& ctx, Progress* progress, std::vector<Column>* columns, const Column& numbers, std::vector<Batch>* owners);
  void Finish(Progress* progress, std::vector<Column>* columns, std::vector<Batch>* owners);
  void CheckTimes(Progress* progress, std::vector<Column>* columns, std::vector<Batch>* owners, PipelineResult* result);
  bool TimeOf(const Column& column, int64_t row, int64_t* ms) const;
  static void Count(Progress& progress, PipelineResult* result);

  std::string table_;
  bool continue_on_error_ = false, row_time_value_check_ = false, stop_on_decode_error_ = false, header_hex_ = false, populate_ = false, no_payload_ = false;
  Schema raw_layout_;
  std::shared_ptr<const Schema> stored_, input_schema_;
  std::vector<InputColumn> inputs_;
  std::unique_ptr<PinotDecoder> decoder_;  // null: the payload does not matter
  std::vector<size_t> members_;            // inputs that the decoder fills
  std::unique_ptr<Envelope> envelope_;
  std::vector<ComputedColumn> transforms_;  // in an order in which each finds what it reads
  std::optional<ComputedColumn> filter_;
  size_t time_input_ = kNone;
  std::optional<catalog::DateTimeFormat> time_format_;

  std::vector<PayloadView> payloads_;
  std::vector<uint32_t> selection_;
  PinotOutcome outcome_;
};

// ---- construction

Result<std::unique_ptr<RecordPipeline>> Pipeline::Make(const catalog::PinotSchema& schema, const catalog::PinotTableConfig& config, Expressions* expressions) {
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->table_ = config.raw_name;
  pipeline->continue_on_error_ = config.continue_on_error;
  pipeline->row_time_value_check_ = config.row_time_value_check;
  pipeline->stop_on_decode_error_ = config.stream.stop_on_decode_error;
  pipeline->header_hex_ = config.stream.header_hex;
  pipeline->populate_ = config.stream.metadata_populate;
  pipeline->no_payload_ = config.stream.decoder_class == "NullMessageDecoder";
  if (!pipeline->no_payload_ && config.stream.decoder_class != "JSONMessageDecoder") {
    return Status::Invalid("table '", config.raw_name, "': there is no decoder ", config.stream.decoder_class,
                           "; there are JSONMessageDecoder and NullMessageDecoder");
  }
  LOTIC_RETURN_NOT_OK(pipeline->AddColumns(schema, config));
  const std::vector<catalog::PinotTransform> transforms = catalog::AllTransforms(config, schema);
  if (!transforms.empty() || !config.filter.empty()) {
    if (expressions == nullptr) return Status::Invalid("table '", config.raw_name, "': it has transforms or a filter, and nothing here computes expressions");
    LOTIC_RETURN_NOT_OK(pipeline->AddExpressions(transforms, config.filter, *expressions));
  }
  LOTIC_RETURN_NOT_OK(pipeline->MakeDecoder());
  return std::unique_ptr<RecordPipeline>(std::move(pipeline));
}

Status Pipeline::AddColumns(const catalog::PinotSchema& schema, const catalog::PinotTableConfig& config) {
  stored_ = std::make_shared<const Schema>(StoredColumns(schema));
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const PinotField& column = schema.fields[i];
    InputColumn input;
    input.field = FieldOf(column, config.strict_numbers);
    input.envelope = EnvelopeCell::Parse(column.name, populate_);
    input.stored = i;
    if (!config.time_column.empty() && column.name == config.time_column) {
      time_input_ = inputs_.size();
      time_format_ = column.date_time;
    }
    inputs_.push_back(std::move(input));
  }
  return Status::OK();
}

size_t Pipeline::AddRaw(const std::string& name) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].field.name == name) return i;
  }
  InputColumn input;
  input.field = RawField(name);
  input.envelope = EnvelopeCell::Parse(name, populate_);
  inputs_.push_back(std::move(input));
  return inputs_.size() - 1;
}

Status Pipeline::AddExpressions(const std::vector<catalog::PinotTransform>& transforms, const std::string& filter, Expressions& expressions) {
  struct Draft {
    std::string text;
    size_t column;              // kNone: the filter
    std::vector<size_t> reads;  // inputs
    std::vector<size_t> after;  // drafts
  };
  std::vector<Draft> drafts;
  for (const catalog::PinotTransform& transform : transforms) {
    const size_t column = AddRaw(transform.column);
    if (inputs_[column].computed) return Status::Invalid("table '", table_, "': column '", transform.column, "' has two transforms");
    inputs_[column].computed = true;
    inputs_[column].field.nested_is_missing = true;
    inputs_[column].field.finish = false;
    drafts.push_back({transform.function, column, {}, {}});
  }
  if (!filter.empty()) drafts.push_back({filter, kNone, {}, {}});
  for (Draft& draft : drafts) {
    const std::string what = draft.column == kNone ? "the filter" : "the transform of column '" + inputs_[draft.column].field.name + "'";
    Result<std::vector<std::string>> names = expressions.Inputs(draft.text);
    if (!names.ok()) return names.status().WithMessage("table '", table_, "': ", what, ": ", names.status().message());
    for (const std::string& name : *names) {
      const size_t input = AddRaw(name);
      inputs_[input].read = true;
      inputs_[input].field.finish = false;
      draft.reads.push_back(input);
    }
  }
  for (Draft& draft : drafts) {
    for (size_t other = 0; other < drafts.size(); ++other) {
      if (drafts[other].column == kNone || std::find(draft.reads.begin(), draft.reads.end(), drafts[other].column) == draft.reads.end()) continue;
      if (&drafts[other] == &draft)
        return Status::Invalid("table '", table_, "': the transform of column '", inputs_[draft.column].field.name, "' reads the column itself: ", draft.text);
      draft.after.push_back(other);
    }
  }
  std::vector<uint8_t> placed(drafts.size(), 0);
  for (size_t done = 0; done < drafts.size();) {
    const size_t before = done;
    for (size_t i = 0; i < drafts.size(); ++i) {
      const Draft& draft = drafts[i];
      if (placed[i] != 0 || !std::all_of(draft.after.begin(), draft.after.end(), [&](size_t other) { return placed[other] != 0; })) continue;
      Schema input;
      for (const size_t read : draft.reads) {
        Field field{inputs_[read].field.name, inputs_[read].field.type()};
        if (inputs_[read].stored == kNone) {
          field.metadata[kRawFieldMetadata] = "true";
        } else {
          field.metadata = stored_->fields[inputs_[read].stored].metadata;
        }
        input.fields.push_back(std::move(field));
      }
      const Field result = draft.column == kNone ? Field{"", Type::Bool()} : Field{inputs_[draft.column].field.name, inputs_[draft.column].field.type()};
      Result<ComputedColumn> computed = ComputedColumn::Make(expressions, result, draft.text, draft.column, draft.reads, std::move(input));
      if (!computed.ok()) return computed.status().WithMessage("table '", table_, "': ", computed.status().message());
      if (draft.column == kNone) {
        filter_ = std::move(*computed);
      } else {
        transforms_.push_back(std::move(*computed));
      }
      placed[i] = 1;
      ++done;
    }
    if (done != before) continue;
    std::string names;
    for (size_t i = 0; i < drafts.size(); ++i) {
      if (placed[i] == 0 && drafts[i].column != kNone) names += (names.empty() ? "" : ", ") + inputs_[drafts[i].column].field.name;
    }
    return Status::Invalid("table '", table_, "': the transforms of these columns depend on each other in a circle: ", names);
  }
  return Status::OK();
}

Status Pipeline::MakeDecoder() {
  Schema input;
  std::vector<PinotDecoderField> fields;
  std::vector<EnvelopeColumn> envelope;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const InputColumn& column = inputs_[i];
    input.fields.push_back({column.field.name, column.field.type()});
    if (column.envelope.has_value()) {
      envelope.push_back({*column.envelope, i, column.field});
    } else {
      members_.push_back(i);
      fields.push_back(column.field);
    }
  }
  envelope_ = std::make_unique<Envelope>(std::move(envelope), header_hex_);
  raw_layout_ = RawLayout(envelope_->reads_headers());
  input.fields.push_back({kOffsetColumn, Type::Int64()});
  input.fields.push_back({kTimestampColumn, Type::Timestamp(TimeUnit::kMilli, true)});
  input_schema_ = std::make_shared<const Schema>(std::move(input));
  if (no_payload_) return Status::OK();
  Result<std::unique_ptr<PinotDecoder>> decoder = MakePinotJsonDecoder(fields);
  if (!decoder.ok()) return decoder.status().WithMessage("table '", table_, "': ", decoder.status().message());
  decoder_ = std::move(*decoder);
  return Status::OK();
}

// ---- the run

void Pipeline::Fail(Progress* progress, int64_t row, Stage stage, RowFate fate, const std::string& column, std::string message) {
  const size_t at = static_cast<size_t>(row);
  if (progress->fates[at] != RowFate::kRow) return;  // its first fault is what became of it
  if (continue_on_error_) {
    progress->incomplete[at] = 1;
  } else {
    progress->fates[at] = fate;
  }
  progress->faults.push_back({progress->records[at], stage, column, std::move(message)});
}

void Pipeline::Decode(const Batch& raw, int64_t first, int64_t count, int32_t partition, PipelineResult* result, Progress* progress, Batch* input) {
  const Column& offsets = raw.column(0);
  const Column& times = raw.column(1);
  const Column& messages = raw.column(2);
  BatchBuilder builder(input_schema_);
  std::vector<ColumnBuilder*> out;
  for (const size_t member : members_) out.push_back(&builder.column(member));
  ColumnBuilder& offset_out = builder.column(inputs_.size());
  ColumnBuilder& time_out = builder.column(inputs_.size() + 1);
  const size_t readable =
      (static_cast<size_t>(messages.offsets()[static_cast<size_t>(messages.length)]) + Buffer::kAlignment - 1) / Buffer::kAlignment * Buffer::kAlignment;
  const uint8_t* const readable_end = messages.bytes + readable;

  // Payloads are numbered from `first`.
  payloads_.resize(static_cast<size_t>(count));
  const int32_t* const at = messages.offsets().data() + first;
  for (size_t i = 0; i < payloads_.size(); ++i) payloads_[i] = {messages.bytes + at[i], static_cast<uint32_t>(at[i + 1] - at[i])};
  int64_t done = 0;
  bool stopped = false;
  while (done < count && !stopped) {
    selection_.clear();
    int64_t bytes = 0;
    int64_t next = done;
    for (; next < count && selection_.size() < kPieceRecords && bytes < kPieceBytes; ++next) {
      bytes += payloads_[static_cast<size_t>(next)].size + envelope_->RecordBytes(raw, first + next);
      if (messages.IsNull(first + next)) {
        ++result->fates.tombstones;
      } else {
        selection_.push_back(static_cast<uint32_t>(next));
      }
    }
    outcome_.Clear();
    if (decoder_ != nullptr) {
      decoder_->Decode(payloads_, selection_, readable_end, out, &outcome_);
    } else {
      outcome_.rows.assign(selection_.begin(), selection_.end());
      for (const size_t member : members_) {
        for (size_t i = 0; i < selection_.size(); ++i) builder.column(member).AppendNull();
      }
    }
    const size_t rows_before = progress->records.size();
    size_t row = 0;  // of outcome_.rows
    for (PinotProblem& problem : outcome_.problems) {
      const int64_t record = first + problem.payload;
      if (problem.column == PinotProblem::kMessage) {
        progress->faults.push_back({record, Stage::kDecode, "", std::move(problem.reason)});
        if (!stop_on_decode_error_) {
          ++result->fates.dropped_decode;
          continue;
        }
        // Everything from this record on is taken back.
        const auto end = std::lower_bound(outcome_.rows.begin(), outcome_.rows.end(), problem.payload);
        outcome_.rows.erase(end, outcome_.rows.end());
        for (const size_t member : members_) builder.column(member).Truncate(static_cast<int64_t>(rows_before + outcome_.rows.size()));
        for (int64_t i = problem.payload; i < next; ++i) result->fates.tombstones -= messages.IsNull(first + i) ? 1 : 0;
        result->stop_at = record;
        next = problem.payload;
        stopped = true;
        break;
      }
      while (outcome_.rows[row] != problem.payload) ++row;
      progress->misfits.push_back({static_cast<int64_t>(rows_before + row), members_[static_cast<size_t>(problem.column)], std::move(problem.reason)});
    }
    for (const uint32_t payload : outcome_.rows) progress->records.push_back(first + payload);
    offset_out.Reserve(static_cast<int64_t>(outcome_.rows.size()));
    time_out.Reserve(static_cast<int64_t>(outcome_.rows.size()));
    int64_t* const offset_values = offset_out.UnsafeValues<int64_t>();
    int64_t* const time_values = time_out.UnsafeValues<int64_t>();
    for (size_t i = 0; i < outcome_.rows.size(); ++i) {
      const size_t record = static_cast<size_t>(first) + outcome_.rows[i];
      offset_values[i] = offsets.values<int64_t>()[record];
      time_values[i] = times.IsNull(static_cast<int64_t>(record)) ? -1 : times.values<int64_t>()[record];
    }
    offset_out.Advance(static_cast<int64_t>(outcome_.rows.size()));
    time_out.Advance(static_cast<int64_t>(outcome_.rows.size()));
    envelope_->Append(raw, partition, std::span<const int64_t>(progress->records).subspan(rows_before), builder,
                      [&](size_t column, size_t index, std::string reason) {
                        progress->misfits.push_back({static_cast<int64_t>(rows_before + index), column, std::move(reason)});
                      });
    done = next;
    bool full = false;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      ColumnBuilder& column = builder.column(i);
      full = full || (inputs_[i].field.single_value ? column.bytes_size() : column.child(0).bytes_size()) >= kMaxColumnBytes;
    }
    if (full || progress->faults.size() + progress->misfits.size() >= kMaxFaultsOfRun) break;
  }
  result->records = done;
  const size_t rows = progress->records.size();
  progress->fates.assign(rows, RowFate::kRow);
  progress->incomplete.assign(rows, 0);
  *input = builder.Finish(static_cast<int64_t>(rows));
}

// Transforms in order, then the filter. A transform's value goes where the record has none.
Status Pipeline::Compute(const CallContext& ctx, Progress* progress, std::vector<Column>* columns, const Column& numbers, std::vector<Batch>* owners) {
  std::vector<ComputedColumn::Failure> failures;
  const auto owner = [&] { return std::make_shared<const std::vector<Batch>>(*owners); };
  for (ComputedColumn& transform : transforms_) {
    const size_t target = transform.column();
    const Column existing = (*columns)[target];
    std::vector<uint8_t> kept(progress->records.size(), 0);
    for (const Progress::Misfit& misfit : progress->misfits) {
      if (misfit.input == target) kept[static_cast<size_t>(misfit.row)] = 1;  // it has a value, if one that does not convert
    }
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < existing.length; ++row) {
      if (kept[static_cast<size_t>(row)] == 0 && existing.IsNull(row) && progress->fates[static_cast<size_t>(row)] == RowFate::kRow) rows.push_back(row);
    }
    if (rows.empty()) continue;
    failures.clear();
    LOTIC_ASSIGN_OR_RETURN(Batch result, transform.Compute(ctx, *columns, numbers, owner(), rows, &failures));
    for (const ComputedColumn::Failure& failure : failures) {
      Fail(progress, rows[static_cast<size_t>(failure.row)], Stage::kTransform, RowFate::kTransform, inputs_[target].field.name, failure.message);
    }
    if (static_cast<int64_t>(rows.size()) != existing.length) {
      BatchBuilder merged(std::make_shared<const Schema>(Schema{{{inputs_[target].field.name, existing.type}}}));
      size_t next = 0;
      for (int64_t row = 0; row < existing.length; ++row) {
        const bool computed = next < rows.size() && rows[next] == row;
        AppendCell(computed ? result.column(0) : existing, computed ? static_cast<int64_t>(next++) : row, merged.column(0));
      }
      result = merged.Finish(existing.length);
    }
    (*columns)[target] = result.column(0);
    owners->push_back(std::move(result));
  }
  if (!filter_.has_value()) return Status::OK();
  std::vector<int64_t> rows;
  for (size_t row = 0; row < progress->fates.size(); ++row) {
    if (progress->fates[row] == RowFate::kRow) rows.push_back(static_cast<int64_t>(row));
  }
  if (rows.empty()) return Status::OK();
  failures.clear();
  LOTIC_ASSIGN_OR_RETURN(const Batch result, filter_->Compute(ctx, *columns, numbers, owner(), rows, &failures));
  for (const ComputedColumn::Failure& failure : failures)
    Fail(progress, rows[static_cast<size_t>(failure.row)], Stage::kFilter, RowFate::kFilter, "", failure.message);
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t at = static_cast<int64_t>(i);
    RowFate& fate = progress->fates[static_cast<size_t>(rows[i])];
    if (fate == RowFate::kRow && !result.column(0).IsNull(at) && result.column(0).Bool(at)) fate = RowFate::kFiltered;
  }
  return Status::OK();
}

// What is left to do for columns that an expression read as they came, or made.
void Pipeline::Finish(Progress* progress, std::vector<Column>* columns, std::vector<Batch>* owners) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const InputColumn& input = inputs_[i];
    if (input.stored == kNone || (!input.read && !input.computed)) continue;
    PinotDecoderField field = input.field;
    field.finish = true;
    BatchBuilder builder(std::make_shared<const Schema>(Schema{{{field.name, field.type()}}}));
    std::vector<int64_t> bad;
    FinishPinotColumn(field, (*columns)[i], builder.column(0), &bad);
    for (const int64_t row : bad)
      Fail(progress, row, Stage::kConvert, RowFate::kConvert, field.name, "the value does not convert to the column's type and maxLength");
    owners->push_back(builder.Finish((*columns)[i].length));
    (*columns)[i] = owners->back().column(0);
  }
}

bool Pipeline::TimeOf(const Column& column, int64_t row, int64_t* ms) const {
  const size_t at = static_cast<size_t>(row);
  switch (column.type.id()) {
    case TypeId::kTimestamp: return *ms = column.values<int64_t>()[at], true;
    case TypeId::kInt64: return time_format_->ToMillis(column.values<int64_t>()[at], ms);
    case TypeId::kInt32: return time_format_->ToMillis(int64_t{column.values<int32_t>()[at]}, ms);
    case TypeId::kFloat32:
    case TypeId::kFloat64: {
      const double value = column.type.id() == TypeId::kFloat32 ? static_cast<double>(column.values<float>()[at]) : column.values<double>()[at];
      if (!(std::abs(value) < 0x1p63)) return false;
      return time_format_->ToMillis(static_cast<int64_t>(value), ms);
    }
    case TypeId::kString: return time_format_->ToMillis(column.Text(row), ms);
    default: return false;
  }
}

void Pipeline::CheckTimes(Progress* progress, std::vector<Column>* columns, std::vector<Batch>* owners, PipelineResult* result) {
  if (time_input_ == kNone || !time_format_.has_value()) return;
  const Column& column = (*columns)[time_input_];
  const std::string& name = inputs_[time_input_].field.name;
  int64_t least = std::numeric_limits<int64_t>::max(), most = std::numeric_limits<int64_t>::min();
  std::vector<int64_t> nulled;
  for (int64_t row = 0; row < column.length; ++row) {
    if (progress->fates[static_cast<size_t>(row)] != RowFate::kRow || column.IsNull(row)) continue;
    int64_t ms;
    if (!TimeOf(column, row, &ms)) {
      Fail(progress, row, Stage::kConvert, RowFate::kConvert, name, "the value is no time in the column's format");
    } else if (row_time_value_check_ && (ms < kFirstValidMs || ms > kLastValidMs)) {
      Fail(progress, row, Stage::kTime, RowFate::kTime, name, "the time " + std::to_string(ms) + " ms is not between 1971-01-01 and 2071-01-01");
    } else {
      least = std::min(least, ms);
      most = std::max(most, ms);
      continue;
    }
    nulled.push_back(row);
  }
  if (least <= most) result->min_time_ms = least, result->max_time_ms = most;
  if (nulled.empty() || !continue_on_error_) return;
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{{name, column.type}}}));
  for (int64_t row = 0; row < column.length; ++row) AppendCell(column, row, builder.column(0));
  for (const int64_t row : nulled) builder.column(0).SetNull(row);
  owners->push_back(builder.Finish(column.length));
  (*columns)[time_input_] = owners->back().column(0);
}

Result<PipelineResult> Pipeline::Run(const CallContext& ctx, const Batch& raw, int64_t first, int64_t count, int32_t partition) {
  LOTIC_CHECK(first >= 0 && count >= 0 && first + count <= raw.num_rows() && raw.num_columns() == raw_layout_.fields.size());
  LOTIC_RETURN_NOT_OK(ctx.Check("decoding records"));
  const bool computes = !transforms_.empty() || filter_.has_value();
  PipelineResult result;
  Progress progress;
  Batch input;
  Decode(raw, first, std::min(count, computes ? kMaxComputedRecords : kMaxPlainRecords), partition, &result, &progress, &input);

  std::vector<Column> columns;
  for (size_t i = 0; i < inputs_.size(); ++i) columns.push_back(input.column(i));
  std::vector<Batch> owners = {input};
  const Column& offsets = input.column(inputs_.size());
  if (computes) LOTIC_RETURN_NOT_OK(Compute(ctx, &progress, &columns, offsets, &owners));
  for (Progress::Misfit& misfit : progress.misfits) {
    Fail(&progress, misfit.row, Stage::kConvert, RowFate::kConvert, inputs_[misfit.input].field.name, std::move(misfit.reason));
  }
  if (computes) Finish(&progress, &columns, &owners);
  CheckTimes(&progress, &columns, &owners, &result);

  std::vector<Column> stored(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(stored_->fields.size() - 2));  // the table's columns are the first
  stored.push_back(offsets);
  stored.push_back(input.column(inputs_.size() + 1));
  const int64_t rows = input.num_rows();
  result.rows = Batch(stored_, rows, std::move(stored), std::make_shared<const std::vector<Batch>>(std::move(owners)));
  Count(progress, &result);
  if (result.fates.rows != rows) {
    std::vector<int64_t> kept;
    for (int64_t row = 0; row < rows; ++row) {
      if (progress.fates[static_cast<size_t>(row)] == RowFate::kRow) kept.push_back(row);
    }
    result.rows = result.rows.Take(kept);
  }
  return result;
}

void Pipeline::Count(Progress& progress, PipelineResult* result) {
  for (size_t row = 0; row < progress.fates.size(); ++row) {
    switch (progress.fates[row]) {
      case RowFate::kRow:
        ++result->fates.rows;
        result->fates.incomplete += progress.incomplete[row];
        break;
      case RowFate::kTransform:
      case RowFate::kFilter: ++result->fates.dropped_transform; break;
      case RowFate::kFiltered: ++result->fates.filtered; break;
      case RowFate::kConvert: ++result->fates.dropped_convert; break;
      case RowFate::kTime: ++result->fates.dropped_time; break;
    }
  }
  std::stable_sort(progress.faults.begin(), progress.faults.end(), [](const RecordFault& a, const RecordFault& b) { return a.record < b.record; });
  result->faults = std::move(progress.faults);
}

}  // namespace

Schema RawLayout(bool headers) {
  Schema layout;
  layout.fields = {{"_partition_offset", Type::Int64()}, {"_timestamp_ms", Type::Int64()}, {"_message_bytes", Type::Binary()}, {"_key_bytes", Type::Binary()}};
  if (headers) layout.fields.push_back({"_headers", Type::Map(Type::String(), Type::List(Type::Binary()))});
  return layout;
}

Schema StoredColumns(const catalog::PinotSchema& schema) {
  Schema columns = schema.Columns();
  columns.fields.push_back({kOffsetColumn, Type::Int64()});
  columns.fields.push_back({kTimestampColumn, Type::Timestamp(TimeUnit::kMilli, true)});
  return columns;
}

std::string_view StageName(Stage stage) {
  switch (stage) {
    case Stage::kDecode: return "decode";
    case Stage::kTransform: return "transform";
    case Stage::kConvert: return "convert";
    case Stage::kTime: return "time";
    case Stage::kFilter: return "filter";
    case Stage::kIndex: return "index";
  }
  return "decode";
}

Result<std::unique_ptr<RecordPipeline>> RecordPipeline::Create(const catalog::PinotSchema& schema, const catalog::PinotTableConfig& config,
                                                               Expressions* expressions) {
  return Pipeline::Make(schema, config, expressions);
}

}  // namespace lotic::table
