// SPDX-License-Identifier: Apache-2.0
#include "table/errors_table.h"

#include <algorithm>
#include <atomic>
#include <charconv>

#include "lotic/batch_builder.h"
#include "scan/certificate.h"
#include "table/connector.h"
#include "table/record_errors.h"
#include "table/table_facts.h"

namespace lotic::table {
namespace {

// The snapshot of a table that has none: doors carry a token all the same.
constexpr const char* kToken = "{\"v\":1,\"kind\":\"none\",\"table\":\"_errors\"}";
constexpr const char* kTable = "table";
constexpr const char* kTopic = "topic";
constexpr const char* kUnknownTopic = "unknownTopic";  // of a partition and its split: why
constexpr int kSplitsPerPage = 1000;

std::string RingPath(const std::string& data_folder, const std::string& raw_name) { return TableFolder(data_folder, raw_name + kRealtimeSuffix) + "/errors"; }

Status CheckLayout(const ScanRequest& request) {
  const TableInfo info = ErrorsTableInfo();
  for (const Field& field : request.layout.fields) {
    const auto own = info.schema.IndexOf(field.name), hidden = info.hidden.IndexOf(field.name);
    if (!own && !hidden) return Status::Invalid("table ", kErrorsTable, " has no column \"", field.name, "\"");
    const Type& type = own ? info.schema.fields[*own].type : info.hidden.fields[*hidden].type;
    if (!(type == field.type))
      return Status::Invalid("table ", kErrorsTable, ": column \"", field.name, "\" is ", type.ToString(), ", not ", field.type.ToString());
  }
  for (const auto& [name, set] : request.constraints.columns) {
    if (!request.layout.IndexOf(name)) return Status::Invalid("constraint on column \"", name, "\", which the layout lacks");
  }
  return Status::OK();
}

bool IsExact(const std::string& column) { return column == kTable || column == kTopic; }

bool Wanted(const ScanRequest& request, const char* column, const std::string& value) {
  const auto set = request.constraints.columns.find(column);
  return set == request.constraints.columns.end() ||
         ValueSetAllows(Type::String(), request.compare, set->second, value.empty() && column == kTopic ? Scalar() : Scalar(value));
}

bool Mentions(const Expression& expression, const char* column) {
  if (expression.kind == Expression::Kind::kColumn) return expression.name == column;
  return std::any_of(expression.args.begin(), expression.args.end(), [&](const Expression& arg) { return Mentions(arg, column); });
}

// Whether rows are chosen by a column, here or by the door.
bool IsAskedFor(const ScanRequest& request, const char* column) {
  const auto& expressions = request.constraints.expressions;
  return request.constraints.columns.count(column) != 0 ||
         std::any_of(expressions.begin(), expressions.end(), [&](const Expression& one) { return Mentions(one, column); });
}

// Whether request.limit stops the read: nothing is left to be filtered or sorted.
bool LimitStops(const ScanRequest& request) {
  return request.limit && request.order_by.empty() && request.constraints.expressions.empty() &&
         std::all_of(request.constraints.columns.begin(), request.constraints.columns.end(), [](const auto& one) { return IsExact(one.first); });
}

void AppendCell(const std::string& column, const std::string& table, const std::string& topic, const RecordError& error, ColumnBuilder* out) {
  const auto text = [out](const std::string& value) { value.empty() ? out->AppendNull() : out->AppendBytes(value); };
  if (column == "ts") {
    out->AppendInt64(error.at_ms);
  } else if (column == kTable) {
    out->AppendBytes(table);
  } else if (column == kTopic) {
    text(topic);
  } else if (column == "partition") {
    out->AppendInt64(error.partition);
  } else if (column == "offset") {
    out->AppendInt64(error.offset);
  } else if (column == "stage") {
    out->AppendBytes(error.stage);
  } else if (column == "column") {
    text(error.column);
  } else if (column == "message") {
    out->AppendBytes(error.message);
  } else if (column == "payload") {
    out->AppendBytes(error.payload);
  } else if (column == kRowTimestampColumn) {
    out->AppendInt64(error.stream_ms);
  } else {
    error.key.has_value() ? out->AppendBytes(*error.key) : out->AppendNull();
  }
}

class ErrorsReader final : public Reader {
 public:
  ErrorsReader(std::string data_folder, const ScanRequest& request)
      : data_folder_(std::move(data_folder)), layout_(std::make_shared<const Schema>(request.layout)), rows_left_(LimitStops(request) ? *request.limit : -1) {}

  Result<uint32_t> Add(SplitStart start) override {
    if (start.position != start.split.start) return Status::Invalid("table ", kErrorsTable, ": a reading cannot be resumed at '", start.position.text, "'");
    if (!start.split.end) return Status::Invalid("table ", kErrorsTable, ": the split of '", start.split.partition.substr(0, 100), "' has no end");
    splits_.push_back({start.split, UnreadCertificate(start.split, false, EndReason::kNone), false});
    return static_cast<uint32_t>(splits_.size() - 1);
  }

  Result<ReadBatch> Next(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading _errors"));
    for (uint32_t i = 0; i < splits_.size(); ++i) {
      if (splits_[i].ended) continue;
      return ReadSplit(i);
    }
    return ReadBatch{};
  }

  Result<SplitStart> Release(uint32_t split) override {
    if (split >= splits_.size()) return Status::Invalid("no split ", split, " in this reader");
    if (!splits_[split].ended) End(&splits_[split], EndReason::kReleased);
    return SplitStart{splits_[split].split, splits_[split].certificate.read_end};
  }
  SplitCertificate Certificate(uint32_t split) const override { return splits_[split].certificate; }
  ReaderProgress Progress() const override {
    ReaderProgress progress;
    progress.records = read_.load(std::memory_order_relaxed);
    return progress;
  }
  void Wake() override {}
  Status Close(const CallContext&) override {
    for (State& state : splits_) {
      if (!state.ended) End(&state, EndReason::kReleased);
    }
    return Status::OK();
  }

 private:
  struct State {
    Split split;
    SplitCertificate certificate;
    bool ended;
  };

  static void End(State* state, EndReason reason) {
    state->ended = true;
    state->certificate.reason = reason;
  }

  Result<ReadBatch> ReadSplit(uint32_t number) {
    State& state = splits_[number];
    const std::string& table = state.split.partition;
    lotic::Run run;
    run.split = number;
    run.ended = true;
    std::optional<Batch> rows;
    if (rows_left_ == 0) {
      state.certificate.complete = true;
      End(&state, EndReason::kLimit);
      run.next = state.certificate.read_end;
      return ReadBatch{std::nullopt, {std::move(run)}};
    }
    auto ring = ErrorRing::Read(RingPath(data_folder_, table));
    SplitCertificate& c = state.certificate;
    if (!ring.ok()) {
      run.status = ring.status().WithMessage("errors of table ", table, ": ", ring.status().message());
      End(&state, ring.status().code() == StatusCode::kDataLoss ? EndReason::kDataLoss : EndReason::kError);
      run.next = c.read_end;
      return ReadBatch{std::nullopt, {std::move(run)}};
    }
    const auto topic = state.split.properties.find(kTopic);
    BatchBuilder builder(layout_);
    const auto all = static_cast<int64_t>(ring->errors.size());
    const int64_t count = rows_left_ < 0 ? all : std::min(all, rows_left_);
    for (const RecordError& error : std::span(ring->errors).first(static_cast<size_t>(count))) {
      for (size_t i = 0; i < layout_->fields.size(); ++i) {
        AppendCell(layout_->fields[i].name, table, topic == state.split.properties.end() ? "" : topic->second, error, &builder.column(i));
      }
    }
    if (rows_left_ > 0) rows_left_ -= count;
    if (count > 0) rows = builder.Finish(count);
    read_.fetch_add(count, std::memory_order_relaxed);
    c.read_end = count == all ? *state.split.end : Position{std::to_string(count)};
    c.records.returned = c.rows = run.num_rows = count;
    c.complete = true;
    const auto unknown = state.split.properties.find(kUnknownTopic);
    if (unknown != state.split.properties.end() && layout_->IndexOf(kTopic))
      c.notes.push_back("the topic of table " + table + " is not known and shows as NULL: " + unknown->second);
    if (ring->count > all) c.notes.push_back(std::to_string(ring->count) + " errors were recorded, the newest " + std::to_string(all) + " are kept");
    End(&state, count == all ? EndReason::kEnd : EndReason::kLimit);
    run.next = c.read_end;
    return ReadBatch{std::move(rows), {std::move(run)}};
  }

  const std::string data_folder_;
  const std::shared_ptr<const Schema> layout_;
  int64_t rows_left_;  // of the limit; negative: no limit
  std::vector<State> splits_;
  std::atomic<int64_t> read_ = 0;
};

}  // namespace

TableInfo ErrorsTableInfo() {
  TableInfo info;
  info.name = {kTablesSchema, kErrorsTable};
  info.schema = Schema{{{"ts", Type::Timestamp(TimeUnit::kMilli, true)},
                        {kTable, Type::String()},
                        {kTopic, Type::String()},
                        {"partition", Type::Int32()},
                        {"offset", Type::Int64()},
                        {"key", Type::Binary()},
                        {"stage", Type::String()},
                        {"column", Type::String()},
                        {"message", Type::String()},
                        {"payload", Type::Binary()}}};
  info.hidden = Schema{{{kRowTimestampColumn, Type::Timestamp(TimeUnit::kMilli, true)}}};
  info.partition_columns = {kTable};
  info.snapshot = SnapshotKind::kNone;
  info.dense_positions = false;
  info.durable_positions = false;
  info.roles = {Role::kBoundedScan, Role::kRemotePlanner};
  info.notes = {"the newest " + std::to_string(ErrorRing::kSlots) + " errors of each table, with the first " + std::to_string(RecordError::kMaxPayloadBytes) +
                " bytes of the message and at least " + std::to_string(RecordError::kSureKeyBytes) + " of the key; ts is when it was met"};
  return info;
}

Result<Prepared> PrepareErrors(const CallContext& ctx, const std::string& data_folder, const ScanRequest& request) {
  LOTIC_RETURN_NOT_OK(ctx.Check("planning _errors"));
  LOTIC_RETURN_NOT_OK(CheckLayout(request));
  if (!request.token.empty() && request.token != kToken)
    return Status::Invalid("table ", kErrorsTable, " has no snapshots: '", request.token.substr(0, 100), "' is none of its tokens");
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> tables, ListTableNames(data_folder));
  Prepared plan;
  plan.token = kToken;
  plan.partition_word = kTable;
  plan.attributes = {{"table", kErrorsTable}};
  plan.estimate.source = "the errors that each table keeps";
  plan.estimate.records = 0;
  for (const std::string& table : tables) {
    const auto facts = ReadTableFacts(data_folder, table);
    const std::string topic = facts.ok() ? facts->topic : "";
    ++plan.estimate.table_partitions;
    if (!Wanted(request, kTable, table)) continue;
    if (!facts.ok() && IsAskedFor(request, kTopic)) {
      return facts.status().WithMessage("errors of table ", table, ": its topic is not known, and \"topic\" is asked for (\"table\" <> '", table,
                                        "' leaves it out): ", facts.status().message());
    }
    if (!Wanted(request, kTopic, topic)) continue;
    LOTIC_ASSIGN_OR_RETURN(const ErrorRing::Contents ring, ErrorRing::Read(RingPath(data_folder, table), 0));
    *plan.estimate.records += std::min(ring.count, ErrorRing::kSlots);
    LayoutPartition partition;
    partition.values = {Scalar(table)};
    partition.properties = {{"count", std::to_string(std::min(ring.count, ErrorRing::kSlots))}};
    if (!topic.empty()) partition.properties[kTopic] = topic;
    if (!facts.ok()) partition.properties[kUnknownTopic] = facts.status().message();
    plan.partitions.push_back(std::move(partition));
  }
  for (const auto& [name, set] : request.constraints.columns) {
    PushedConstraint line{name, name, Pushdown::kNot, "errors are filtered by the door"};
    if (IsExact(name)) {
      line.pushdown = Pushdown::kExact;
      line.reason = "tables are chosen by it";
    }
    plan.report.push_back(std::move(line));
  }
  for (const Expression& expression : request.constraints.expressions)
    plan.report.push_back({expression.ToString(), "", Pushdown::kNot, "errors are filtered by the door"});
  return plan;
}

Result<SplitPage> ErrorSplits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) {
  LOTIC_RETURN_NOT_OK(ctx.Check("listing splits of _errors"));
  if (request.token != kToken) return Status::Invalid("table ", kErrorsTable, ": no token, or not one of its plans");
  size_t at = 0;
  if (!page.page_token.empty()) {
    const auto end = std::from_chars(page.page_token.data(), page.page_token.data() + page.page_token.size(), at);
    if (end.ec != std::errc() || end.ptr != page.page_token.data() + page.page_token.size())
      return Status::Invalid("table ", kErrorsTable, ": page token '", page.page_token.substr(0, 100), "'");
  }
  Constraints residual = request.constraints;
  std::erase_if(residual.columns, [](const auto& one) { return IsExact(one.first); });
  SplitPage out;
  const auto most = static_cast<size_t>(page.max_items > 0 ? std::min(page.max_items, kSplitsPerPage) : kSplitsPerPage);
  for (; at < partitions.size(); ++at) {
    if (out.splits.size() == most) {
      out.next_page = std::to_string(at);
      break;
    }
    const LayoutPartition& partition = partitions[at];
    const auto* name = partition.values.size() == 1 ? std::get_if<std::string>(&partition.values[0]) : nullptr;
    const auto count = partition.properties.find("count");
    if (name == nullptr || count == partition.properties.end()) return Status::Invalid("table ", kErrorsTable, ": not a partition of its plan");
    Split split{*name, {"0"}, Position{count->second}, partition.properties, residual};
    split.properties.erase("count");
    out.splits.push_back(std::move(split));
  }
  return out;
}

Result<std::unique_ptr<Reader>> OpenErrors(const std::string& data_folder, const ScanRequest& request, std::span<const SplitStart> splits) {
  if (request.token != kToken) return Status::Invalid("table ", kErrorsTable, ": no token, or not one of its plans");
  LOTIC_RETURN_NOT_OK(CheckLayout(request));
  auto reader = std::make_unique<ErrorsReader>(data_folder, request);
  for (const SplitStart& split : splits) {
    // The name becomes part of a path. Of a table whose definition is damaged the errors can be read.
    if (const Status known = ReadStoredTable(data_folder, split.split.partition).status(); known.code() == StatusCode::kNotFound) return known;
    LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const uint32_t number, reader->Add(split));
  }
  return std::unique_ptr<Reader>(std::move(reader));
}

}  // namespace lotic::table
