// SPDX-License-Identifier: Apache-2.0
#include "athena/record_handler.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>

#include "athena/athena_table.h"
#include "athena/block_assembler.h"
#include "athena/passthrough.h"
#include "athena/request_scan.h"
#include "athena/spiller.h"
#include "athena_protocol/ipc.h"
#include "athena_protocol/message_json.h"
#include "lotic/scan_json.h"
#include "scan/certificate.h"

namespace lotic::athena {
namespace {

constexpr std::chrono::seconds kCloseTime{2};   // how long closing a reader may take to cancel at the source
constexpr size_t kMaxNotes = 16;                // of a certificate
constexpr int64_t kAnswerOverheadBytes = 4096;  // of an inline answer beside schema and records

Result<std::string> PropertyOf(const WireSplit& split, std::string_view name) {
  for (const auto& [key, value] : split.properties) {
    if (key == name && !value.empty()) return value;
  }
  return Status::Invalid("ReadRecords: the split has no property ", name, "; GetSplits put one there");
}

// What one ReadRecords is about, once its split has been understood.
struct Reading {
  TableReference table;
  RequestScan scan;
  Split split;
  size_t projected = 0;  // the first columns of the layout are those of the request, in its order; those that only filters need follow
  WireSchema all;        // of the layout
};

// The rows that are wanted, in Athena's form: conversions and every filter of the request.
class RowFilter {
 public:
  RowFilter(const Reading& reading, const ReadRecordsRequest& request) : reading_(reading) {
    for (const auto& [name, set] : request.constraints.summary) {
      if (reading.all.IndexOf(name)) summary_.summary.emplace_back(name, set);
    }
    for (size_t i = 0; i < reading.projected; ++i) projection_.push_back(i);
  }

  /// At most `limit` rows of `rows`; `*cut`: there were more.
  Result<Batch> Apply(const Batch& rows, std::optional<int64_t> limit, bool* cut) const {
    std::vector<uint8_t> keep;
    if (!reading_.scan.expressions.empty()) {
      LOTIC_RETURN_NOT_OK(EvaluateConstraints(Constraints{{}, reading_.scan.expressions}, CompareOptions(), rows, &keep));
    }
    LOTIC_ASSIGN_OR_RETURN(const Block block, ToAthenaBlock(rows, reading_.all));
    if (!summary_.summary.empty()) {
      std::vector<uint8_t> passed;
      LOTIC_RETURN_NOT_OK(EvaluateSummary(summary_, block, &passed));
      if (keep.empty()) {
        keep = std::move(passed);
      } else {
        for (size_t row = 0; row < keep.size(); ++row) keep[row] &= passed[row];
      }
    }
    const Batch projected = block.rows.num_columns() == projection_.size() ? block.rows : block.rows.Select(projection_);
    *cut = false;
    if (keep.empty() && (!limit || rows.num_rows() <= *limit)) return projected;
    std::vector<int64_t> kept;
    for (int64_t row = 0; row < rows.num_rows() && !*cut; ++row) {
      if (!keep.empty() && keep[static_cast<size_t>(row)] == 0) continue;
      *cut = limit && static_cast<int64_t>(kept.size()) == *limit;
      if (!*cut) kept.push_back(row);
    }
    return static_cast<int64_t>(kept.size()) == rows.num_rows() ? projected : projected.Take(kept);
  }

 private:
  const Reading& reading_;
  WireConstraints summary_;
  std::vector<size_t> projection_;
};

// Two readers of one split, the second from where the first stood.
SplitCertificate Joined(const SplitCertificate& first, SplitCertificate second) {
  second.planned_start = first.planned_start;
  second.read_start = first.read_start;
  second.records += first.records;
  second.rows += first.rows;
  second.undecodable_values += first.undecodable_values;
  second.bytes_fetched += first.bytes_fetched;
  if (first.first_record) second.first_record = first.first_record;
  if (!second.last_record) second.last_record = first.last_record;
  second.notes.insert(second.notes.begin(), first.notes.begin(), first.notes.end());
  if (second.notes.size() > kMaxNotes) second.notes.resize(kMaxNotes);
  return second;
}

// Reads one split, by one reader; after a refusal by another from where that one stood, as long as no row is lost or given twice by it. Closes them on every way out.
class SplitReader {
 public:
  SplitReader(const CallContext& ctx, Connector& connector, const Reading& reading)
      : ctx_(ctx),
        connector_(connector),
        reading_(reading),
        position_(reading.split.start),
        certificate_(UnreadCertificate(reading.split, false, EndReason::kError)) {}
  ~SplitReader() { (void)Close(); }
  SplitReader(const SplitReader&) = delete;
  SplitReader& operator=(const SplitReader&) = delete;

  /// The next rows. Errors: those of the reader and of the split.
  Result<ReadBatch> Next() {
    if (reader_ == nullptr) {
      const SplitStart start{reading_.split, position_};
      LOTIC_ASSIGN_OR_RETURN(reader_, connector_.Open(ctx_, reading_.scan.scan, std::span(&start, 1)));
      taken_ = 0;
    }
    Result<ReadBatch> read = reader_->Next(ctx_);
    Status status = read.status();
    for (size_t i = 0; read.ok() && status.ok() && i < read->runs.size(); ++i) status = read->runs[i].status;
    if (status.ok()) {
      if (read->rows) taken_ += read->rows->num_rows();
      return read;
    }
    if (status.code() == StatusCode::kThrottled) Leave();
    return status;
  }
  /// Whether another Next() after a refusal gives the rows that are missing, all of them and once.
  bool can_go_on() const { return reader_ == nullptr; }

  Status Close() {
    if (reader_ == nullptr || closed_) return Status::OK();
    closed_ = true;
    return CloseReader();
  }
  SplitCertificate Certificate() const {
    if (reader_ == nullptr) return certificate_;
    return read_before_ ? Joined(certificate_, reader_->Certificate(0)) : reader_->Certificate(0);
  }

 private:
  // A reader that has failed is good for its certificate only. If all rows that it handed out have arrived, the next one begins at its end.
  void Leave() {
    const SplitCertificate left = reader_->Certificate(0);
    if (!reading_.table.durable_positions || left.rows != taken_) return;
    certificate_ = Certificate();
    certificate_.complete = false;
    read_before_ = true;
    position_ = left.read_end;
    (void)CloseReader();  // what it has read counts; that it could not be closed too does not matter
    reader_.reset();
  }
  Status CloseReader() {
    CallContext ctx = ctx_;
    ctx.stop = {};  // a call that was stopped still cancels at the source what runs there
    ctx.deadline = std::chrono::steady_clock::now() + kCloseTime;
    return reader_->Close(ctx);
  }

  const CallContext& ctx_;
  Connector& connector_;
  const Reading& reading_;
  Position position_;             // where the next reader begins
  SplitCertificate certificate_;  // of the readers before this one
  bool read_before_ = false;
  std::unique_ptr<Reader> reader_;
  int64_t taken_ = 0;  // rows of this reader
  bool closed_ = false;
};

// What became of the rows so far: a block in progress, and those that have been spilled.
class RowSink {
 public:
  RowSink(const CallContext& ctx, const ReadRecordsRequest& request, const DoorOptions& options, ThrottlingInvoker& invoker,
          const std::function<Result<SpillStore*>()>& store, std::shared_ptr<const Schema> schema)
      : ctx_(ctx),
        request_(request),
        options_(options),
        invoker_(invoker),
        store_(store),
        assembler_(std::move(schema), std::min(options.max_block_bytes.value_or(request.max_block_size), DoorOptions::kMaxBlockBytes)) {}

  Status Add(const Batch& rows) {
    num_rows_ += rows.num_rows();
    return assembler_.Add(rows, [this](Batch block) { return Spill(std::move(block)); });
  }

  /// The answer as JSON, which may go out (CheckAnswer).
  Result<std::string> Finish() {
    if (spiller_ == nullptr && assembler_.size_bytes() < std::min(request_.max_inline_block_size, kMaxInlineBytes)) {
      const JoinedMessage rows(assembler_.ranges(), Framing::kModern);
      inline_ = FitsAnswer(rows);
      if (inline_) {
        std::string json = WriteRecords({request_.catalog, {request_.schema, Batch()}}, rows);
        LOTIC_RETURN_NOT_OK(CheckAnswer(ctx_, kName, json));
        return json;
      }
    }
    RemoteReadRecordsResponse response;
    response.catalog = request_.catalog;
    response.schema = request_.schema;
    response.encryption_key = request_.split.encryption_key;
    if (assembler_.num_rows() > 0) LOTIC_RETURN_NOT_OK(Spill(assembler_.Take()));
    if (spiller_ != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(response.remote_blocks, spiller_->Finish());
    }
    std::string json = WriteResponse(response);
    LOTIC_RETURN_NOT_OK(CheckAnswer(ctx_, kName, json));  // nobody would learn of the objects
    if (spiller_ != nullptr) spiller_->Keep();
    return json;
  }

  /// Were the rows in the answer itself?
  bool was_inline() const { return inline_; }
  int64_t num_rows() const { return num_rows_; }
  RowsWritten written() const { return spiller_ == nullptr ? RowsWritten::kNone : spiller_->written(); }
  int64_t spilled_blocks() const { return spiller_ == nullptr ? 0 : spiller_->blocks(); }
  int64_t spilled_bytes() const { return spiller_ == nullptr ? 0 : spiller_->bytes(); }

 private:
  // Base64 of the schema and of the batch, and what stands around them.
  bool FitsAnswer(const JoinedMessage& rows) const {
    const auto base64 = [](size_t bytes) { return static_cast<int64_t>((bytes + 2) / 3 * 4); };
    const int64_t records = rows.num_rows() == 0 ? 0 : base64(rows.size_bytes());
    return records + base64(EncodeSchema(request_.schema, Framing::kModern).size()) + static_cast<int64_t>(request_.catalog.size()) * 6 +
               kAnswerOverheadBytes <=
           kMaxResponseBytes;
  }

  Status Spill(Batch block) {
    if (spiller_ == nullptr) {
      if (!request_.split.spill_location) {
        return Status::CapacityError(
            "ReadRecords of ", request_.table.ToString(),
            ": the rows do not fit into one answer, and the split says no place to spill to; set spill_bucket (a bucket, or file:///directory)");
      }
      LOTIC_ASSIGN_OR_RETURN(SpillStore * store, store_());
      spiller_ = std::make_unique<Spiller>(ctx_, *store, invoker_, *request_.split.spill_location, request_.split.encryption_key,
                                           SpillerOptions{DoorOptions::kSpillThreads, options_.spill_queue_capacity});
    }
    return spiller_->Submit(std::move(block));
  }

  static constexpr std::string_view kName = "ReadRecordsRequest";

  const CallContext& ctx_;
  const ReadRecordsRequest& request_;
  const DoorOptions& options_;
  ThrottlingInvoker& invoker_;
  const std::function<Result<SpillStore*>()>& store_;
  BlockAssembler assembler_;
  std::unique_ptr<Spiller> spiller_;
  int64_t num_rows_ = 0;
  bool inline_ = false;
};

// The columns of the table, or of the query that is read, asked for when they are first needed. Borrows its arguments.
class KnownColumns {
 public:
  KnownColumns(const CallContext& ctx, const ConnectorFunctionParts& parts, ThrottlingInvoker& invoker, const TableReference& table)
      : ctx_(ctx), parts_(parts), invoker_(invoker), table_(table) {}

  /// The connector's own column behind Athena's name of it; none: there is no such column.
  Result<std::optional<Field>> Find(std::string_view name) {
    if (!columns_) {
      LOTIC_ASSIGN_OR_RETURN(const TableInfo info,
                             invoker_.Invoke(ctx_, "describing table " + table_.name.ToString(), RowsWritten::kNone, [&] { return Describe(); }));
      columns_ = VisibleColumns(info);
    }
    for (const Field& field : columns_->fields) {
      if (LowerCase(field.name) == LowerCase(name)) return std::optional(field);
    }
    return std::optional<Field>();
  }

 private:
  Result<TableInfo> Describe() {
    if (table_.arguments.empty()) return parts_.connector->GetTable(ctx_, table_.name);
    QueryPassthrough* own = PassthroughOf(*parts_.connector, parts_.options);
    return own == nullptr ? Result<TableInfo>(NoPassthrough(table_.name)) : own->DescribeQuery(ctx_, table_.arguments);
  }

  const CallContext& ctx_;
  const ConnectorFunctionParts& parts_;
  ThrottlingInvoker& invoker_;
  const TableReference& table_;
  std::optional<Schema> columns_;
};

// Filters may come with the read alone, on columns that the plan has not heard of. A column that the table lacks filters nothing, as in the SDK.
Status AddUnplannedColumns(const ReadRecordsRequest& request, KnownColumns& known, Schema* columns) {
  for (const std::string& name : ColumnsNamedBy(request.constraints)) {
    if (std::any_of(columns->fields.begin(), columns->fields.end(), [&](const Field& field) { return LowerCase(field.name) == name; })) continue;
    std::optional<Field> field;
    if (const auto index = request.schema.IndexOf(name)) {
      LOTIC_ASSIGN_OR_RETURN(field, SourceField(request.schema.fields[*index]));
    }
    if (!field) {
      LOTIC_ASSIGN_OR_RETURN(field, known.Find(name));
    }
    if (field) columns->fields.push_back(std::move(*field));
  }
  return Status::OK();
}

// The connector's layout for the columns of the request, then for those that only filters need.
Status PlanLayout(const ReadRecordsRequest& request, KnownColumns& known, Reading* reading) {
  Schema layout;
  for (const WireField& field : request.schema.fields) {
    LOTIC_ASSIGN_OR_RETURN(std::optional<Field> source, SourceField(field));
    if (!source) {  // its metadata did not come back
      LOTIC_ASSIGN_OR_RETURN(source, known.Find(field.name));
    }
    if (!source) return Status::NotFound("ReadRecords: table ", reading->table.name.ToString(), " has no column '", field.name, "'");
    layout.fields.push_back(std::move(*source));
  }
  reading->projected = layout.fields.size();
  for (const Field& field : reading->table.columns.fields) {
    if (!layout.IndexOf(field.name)) layout.fields.push_back(field);
  }
  LOTIC_ASSIGN_OR_RETURN(reading->all, AthenaSchema(layout));
  for (size_t i = 0; i < reading->projected; ++i) {
    const WireField &asked = request.schema.fields[i], &held = reading->all.fields[i];
    const bool zoned = asked.type.timezone && held.type.timezone && asked.type.kind == held.type.kind && asked.type.unit == held.type.unit;
    if (!zoned && !(asked.type == held.type)) {
      return Status::Invalid("ReadRecords: column '", asked.name, "' is asked for as ", asked.type.ToString(), "; table ", reading->table.name.ToString(),
                             " has ", held.type.ToString());
    }
  }
  reading->scan.scan.layout = std::move(layout);
  return Status::OK();
}

}  // namespace

Status CheckAnswer(const CallContext& ctx, std::string_view name, const std::string& json) {
  if (static_cast<int64_t>(json.size()) > kMaxResponseBytes) {
    return Status::CapacityError("the answer to ", name, " has ", json.size(), " bytes; Lambda takes ", kMaxResponseBytes);
  }
  return ctx.Check("answering " + std::string(name));
}

struct RecordHandler::Outcome {
  std::string table;                            // the source's name of it, once that is known
  std::optional<SplitCertificate> certificate;  // none: the split could not be understood
  bool is_inline = false;
  int64_t spilled_blocks = 0, spilled_bytes = 0;
};

Result<std::string> RecordHandler::ReadRecords(const CallContext& ctx, const Invocation& invocation, const ReadRecordsRequest& request,
                                               const std::function<Result<SpillStore*>()>& store) {
  Outcome outcome;
  outcome.table = request.table.ToString();
  Result<std::string> response = Status::UnknownError("reading ", outcome.table);
  try {
    response = Read(ctx, request, store, &outcome);
  } catch (const std::exception& thrown) {  // the line is due all the same
    response = Status::UnknownError("reading ", outcome.table, " threw: ", thrown.what());
  }
  if (!response.ok() && outcome.certificate) outcome.certificate->complete = false;
  SplitLine line;
  line.request_id = invocation.request_id;
  line.trace_id = invocation.trace_id;
  line.query_id = request.query_id;
  const std::string json = outcome.certificate ? lotic::ToJson(*outcome.certificate) : std::string();
  line.table = outcome.table;
  line.certificate = json;
  line.outcome = !response.ok() ? "failed" : outcome.is_inline ? "inline" : "spilled";
  line.spilled_blocks = static_cast<size_t>(outcome.spilled_blocks);
  line.spilled_bytes = static_cast<size_t>(outcome.spilled_bytes);
  parts_.log->Split(line);
  return response;
}

Result<std::string> RecordHandler::Read(const CallContext& outer, const ReadRecordsRequest& request, const std::function<Result<SpillStore*>()>& store,
                                        Outcome* outcome) {
  CallContext ctx = outer;
  ctx.memory_budget_bytes = std::min(ctx.memory_budget_bytes, kReaderMemoryBytes);
  Reading reading;
  LOTIC_ASSIGN_OR_RETURN(const std::string table_text, PropertyOf(request.split, kTableColumn));
  LOTIC_ASSIGN_OR_RETURN(const std::string split_text, PropertyOf(request.split, kSplitProperty));
  LOTIC_ASSIGN_OR_RETURN(reading.table, TableReferenceFromJson(table_text));
  LOTIC_ASSIGN_OR_RETURN(reading.split, SplitFromJson(split_text, reading.table.columns));
  outcome->table = reading.table.name.ToString();
  outcome->certificate = UnreadCertificate(reading.split, false, EndReason::kError);
  const Schema planned = reading.table.columns;
  KnownColumns known(ctx, parts_, invoker_, reading.table);
  LOTIC_RETURN_NOT_OK(AddUnplannedColumns(request, known, &reading.table.columns));
  LOTIC_ASSIGN_OR_RETURN(reading.scan, MakeRequestScan(reading.table, request.constraints, parts_.options.policy));
  LOTIC_ASSIGN_OR_RETURN(reading.scan.scan.token, PropertyOf(request.split, kSnapshotColumn));
  // The connector hears what it has planned with; the rest is the door's alone.
  std::erase_if(reading.scan.scan.constraints.columns, [&](const auto& column) { return !planned.IndexOf(column.first); });
  LOTIC_RETURN_NOT_OK(PlanLayout(request, known, &reading));
  const std::string doing = "reading " + reading.table.name.ToString() + ", partition " + reading.split.partition;

  LOTIC_ASSIGN_OR_RETURN(const Schema held, LogicalSchema(reading.all));
  Schema wanted = held;
  wanted.fields.resize(reading.projected, Field{"", Type::Bool(), {}});
  RowSink sink(ctx, request, parts_.options, spill_invoker_, store, std::make_shared<const Schema>(std::move(wanted)));
  if (reading.scan.limit == 0) {
    outcome->certificate = UnreadCertificate(reading.split, true, EndReason::kLimit);
    Result<std::string> response = sink.Finish();
    outcome->is_inline = sink.was_inline();
    return response;
  }

  SplitReader reader(ctx, *parts_.connector, reading);
  const auto written = [&] { return reader.can_go_on() ? sink.written() : RowsWritten::kNone; };
  const RowFilter filter(reading, request);
  bool limit_reached = false;
  const auto read_all = [&]() -> Status {
    for (bool ended = false; !ended && !limit_reached;) {
      LOTIC_RETURN_NOT_OK(ctx.Check(doing));
      LOTIC_ASSIGN_OR_RETURN(const ReadBatch read, invoker_.InvokeWhile(ctx, doing, written, [&] { return reader.Next(); }));
      for (const Run& run : read.runs) ended = ended || run.ended;
      if (read.runs.empty() && !read.rows) ended = true;
      if (!read.rows || read.rows->num_rows() == 0) continue;
      std::optional<int64_t> left;
      if (reading.scan.limit) left = *reading.scan.limit - sink.num_rows();
      bool cut = false;
      LOTIC_ASSIGN_OR_RETURN(const Batch rows, filter.Apply(*read.rows, left, &cut));
      if (rows.num_rows() > 0) LOTIC_RETURN_NOT_OK(sink.Add(rows));
      limit_reached = cut || (reading.scan.limit && sink.num_rows() >= *reading.scan.limit);
    }
    return Status::OK();
  };
  Status status = read_all();
  if (status.ok()) status = reader.Close();
  SplitCertificate& certificate = outcome->certificate.emplace(reader.Certificate());
  if (limit_reached && !certificate.complete) {  // the rest is proved unneeded
    certificate.complete = true;
    certificate.reason = EndReason::kLimit;
  }
  if (status.ok() && reading.table.dense_positions) status = CheckAccounting(certificate);
  if (status.ok() && !certificate.complete) {
    status = Status::DataLoss(doing, ": the split is not complete (", EndReasonName(certificate.reason), "): read up to ", certificate.read_end.text, " of ",
                              certificate.planned_end ? certificate.planned_end->text : std::string("no end"), "; its rows are not an answer");
  }
  Result<std::string> response = status.ok() ? sink.Finish() : Result<std::string>(status);
  outcome->is_inline = sink.was_inline();
  outcome->spilled_blocks = sink.spilled_blocks();
  outcome->spilled_bytes = sink.spilled_bytes();
  return response;
}

}  // namespace lotic::athena
