// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "duckdb/catalog/catalog_entry/table_catalog_entry.hpp"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/common/types/vector.hpp"
#include "duckdb/execution/execution_context.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/parallel/task_scheduler.hpp"
#include "duckdb/storage/statistics/node_statistics.hpp"
#include "lotic/counted_splits.h"
#include "lotic/plan_preview.h"
#include "scan/certificate.h"
#include "sql/pushdown.h"
#include "sql/scan_bind.h"
#include "sql/scan_run.h"
#include "sql/seam.h"
#include "sql/vectors.h"

namespace lotic::sql {
namespace {

constexpr size_t kMaxShownRanges = 32;  // in EXPLAIN
constexpr size_t kNoColumn = static_cast<size_t>(-1);

struct GlobalState final : duckdb::GlobalTableFunctionState {
  std::shared_ptr<ScanRun> run;
  std::vector<size_t> places;  // of DuckDB's columns in the layout

  ~GlobalState() override {
    if (run) run->Stop();  // none where planning the reading failed
  }
  duckdb::idx_t MaxThreads() const override { return run->max_lanes(); }
};

struct LocalState final : duckdb::LocalTableFunctionState {
  explicit LocalState(std::shared_ptr<ScanRun> run) : lane(std::move(run)) {}
  ScanRun::Lane lane;
  std::optional<Batch> batch;
  duckdb::buffer_ptr<duckdb::VectorBuffer> keep;
  int64_t next_row = 0;
};

std::string Thousands(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

}  // namespace

duckdb::unique_ptr<duckdb::FunctionData> ScanBind::Copy() const { return duckdb::make_uniq<ScanBind>(*this); }

bool ScanBind::Equals(const duckdb::FunctionData& other) const {
  const auto& that = other.Cast<ScanBind>();
  return entry.get() == that.entry.get() && snapshot == that.snapshot && constraints == that.constraints && limit == that.limit && exact == that.exact;
}

ScanRequest ScanBind::Request() const {
  ScanRequest request;
  request.table = model->info.name;
  for (const auto& [column, set] : constraints.columns) {
    const auto add = [&](const Schema& schema) {
      const std::optional<size_t> index = schema.IndexOf(column);
      if (index) request.layout.fields.push_back(schema.fields[*index]);
      return index.has_value();
    };
    if (!add(model->info.schema)) add(model->info.hidden);
  }
  request.constraints = constraints;
  request.arguments = model->arguments;
  request.limit = limit;
  request.policy = session->options().policy;
  request.compare = DuckDbOrder();
  std::lock_guard lock(snapshot->mutex);
  request.token = snapshot->token;
  if (request.token.empty()) request.as_of_ms = snapshot->as_of_ms;  // a token holds the ends already
  return request;
}

const Prepared& ScanBind::Plan() const {
  if (prepared_ == nullptr || prepared_constraints_ != constraints || prepared_limit_ != limit) {
    auto* const preview = session->plan_only() ? dynamic_cast<PlanPreview*>(model->connector.get()) : nullptr;
    Prepared prepared =
        ValueOrThrow(preview != nullptr ? preview->Preview(session->Context(), Request()) : model->connector->Prepare(session->Context(), Request()));
    {
      std::lock_guard lock(snapshot->mutex);
      if (snapshot->token.empty()) snapshot->token = prepared.token;
    }
    prepared_ = std::make_shared<const Prepared>(std::move(prepared));
    prepared_constraints_ = constraints;
    prepared_limit_ = limit;
  }
  return *prepared_;
}

bool ScanBind::IsExact(const std::string& column) const {
  for (const PushedConstraint& pushed : Plan().report) {
    if (pushed.column == column) return pushed.pushdown == Pushdown::kExact;
  }
  return false;
}

std::vector<Split> ScanBind::Splits() const {
  const Prepared& plan = Plan();
  const std::shared_ptr<ScanRun> run = ValueOrThrow(ScanRun::Plan(model->connector, Request(), plan, ScanOptions{}, session->Context()));
  return run->splits();
}

/// DuckDB's callbacks of the scan.
struct ScanCallbacks {
  static duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitGlobal(duckdb::ClientContext& context, duckdb::TableFunctionInitInput& input) {
    const auto& bind = input.bind_data->Cast<ScanBind>();
    auto state = duckdb::make_uniq<GlobalState>();
    const Prepared& prepared = bind.Plan();
    ScanRequest request = bind.Request();
    const Schema constrained = std::move(request.layout);
    request.layout.fields.clear();
    const auto place_of = [&](const Field& field) {
      if (const std::optional<size_t> known = request.layout.IndexOf(field.name)) return *known;
      request.layout.fields.push_back(field);
      return request.layout.fields.size() - 1;
    };
    for (const duckdb::column_t id : input.column_ids) {
      const ModelColumn* column = bind.model->Find(id);
      state->places.push_back(column == nullptr ? kNoColumn : place_of(column->field));
    }
    for (const Field& field : constrained.fields) place_of(field);
    ScanOptions options;
    options.max_lanes = std::max<size_t>(1, static_cast<size_t>(duckdb::TaskScheduler::GetScheduler(context).NumberOfThreads()));
    options.dense = bind.model->info.dense_positions;
    options.allow_partial = bind.session->options().allow_partial;
    options.exact = bind.exact;
    options.warn = [session = bind.session](const std::string& sentence) { session->Warn(sentence); };
    const auto query = bind.session->query();
    const CallContext ctx = query ? query->ReadingContext() : bind.session->Context();
    state->run = ValueOrThrow(ScanRun::Plan(bind.model->connector, std::move(request), prepared, std::move(options), ctx));
    bind.use_->scanned = true;
    if (query) query->Add(state->run);
    return state;
  }

  static duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitLocal(duckdb::ExecutionContext&, duckdb::TableFunctionInitInput&,
                                                                       duckdb::GlobalTableFunctionState* global) {
    return duckdb::make_uniq<LocalState>(global->Cast<GlobalState>().run);
  }

  static void Scan(duckdb::ClientContext& context, duckdb::TableFunctionInput& input, duckdb::DataChunk& out) {
    const auto& global = input.global_state->Cast<GlobalState>();
    auto& local = input.local_state->Cast<LocalState>();
    if (context.IsInterrupted()) ThrowStatus(Status::Cancelled("the query was stopped"));
    if (!local.batch || local.next_row >= local.batch->num_rows()) {
      local.keep.reset();
      local.batch = ValueOrThrow(local.lane.Next());
      local.next_row = 0;
      if (!local.batch) return;  // an empty chunk ends this thread's scan
      local.keep = KeepBatch(*local.batch);
    }
    const int64_t count = std::min<int64_t>(STANDARD_VECTOR_SIZE, local.batch->num_rows() - local.next_row);
    for (size_t i = 0; i < global.places.size(); ++i) {
      duckdb::Vector& vector = out.data[i];
      if (global.places[i] == kNoColumn) {
        vector.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);  // count(*) looks at the number of rows only
      } else {
        FillVector(vector, local.batch->column(global.places[i]), local.next_row, count, local.keep);
      }
    }
    out.SetCardinality(static_cast<duckdb::idx_t>(count));
    local.next_row += count;
  }

  static duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(duckdb::ClientContext&, const duckdb::FunctionData* data) {
    const Estimate& estimate = data->Cast<ScanBind>().Plan().estimate;
    if (!estimate.records) return duckdb::make_uniq<duckdb::NodeStatistics>();
    const auto records = static_cast<duckdb::idx_t>(std::max<int64_t>(0, *estimate.records));
    return duckdb::make_uniq<duckdb::NodeStatistics>(records);
  }

  /// What a count from metadata is certified with. None: it cannot be accounted for, or the splits do not add up to it, so that it is read instead.
  static std::optional<std::vector<SplitCertificate>> Counted(const ScanBind& bind) {
    auto* const counts = dynamic_cast<CountedSplits*>(bind.model->connector.get());
    std::vector<SplitCertificate> certificates;
    int64_t rows = 0;
    const std::vector<Split> splits = bind.Splits();
    const ScanRequest request = bind.Request();
    for (const Split& split : splits) {
      if (counts == nullptr) {
        certificates.push_back(UnreadCertificate(split, true, EndReason::kPruned));
        certificates.back().notes.push_back("counted from positions: nothing was read");
        continue;
      }
      Result<SplitCertificate> one = counts->CountedCertificate(bind.session->Context(), request, split);
      if (!one.ok()) return std::nullopt;
      rows += one->rows;
      certificates.push_back(*std::move(one));
    }
    if (counts != nullptr && rows != *bind.Plan().estimate.exact_rows) return std::nullopt;
    return certificates;
  }

  /// Answers count(*) where the connector knows the number of rows; DuckDB asks only if no filter of its own is left.
  static duckdb::vector<duckdb::PartitionStatistics> PartitionStats(duckdb::ClientContext&, duckdb::GetPartitionStatsInput& input) {
    const auto& bind = input.bind_data->Cast<ScanBind>();
    duckdb::vector<duckdb::PartitionStatistics> statistics;
    const Prepared& plan = bind.Plan();
    if (!plan.estimate.exact_rows || bind.limit) return statistics;
    if (bind.use_->prepared.token.empty()) {
      std::optional<std::vector<SplitCertificate>> counted = Counted(bind);
      if (!counted) return statistics;
      bind.use_->prepared = plan;
      bind.use_->counted = *std::move(counted);
      if (const auto query = bind.session->query()) query->AddCounted(bind.use_);
    }
    duckdb::PartitionStatistics all;
    all.count = static_cast<duckdb::idx_t>(*plan.estimate.exact_rows);
    all.count_type = duckdb::CountType::COUNT_EXACT;
    statistics.push_back(std::move(all));
    return statistics;
  }

  static duckdb::InsertionOrderPreservingMap<duckdb::string> ToText(duckdb::TableFunctionToStringInput& input) {
    const auto& bind = input.bind_data->Cast<ScanBind>();
    const Prepared& plan = bind.Plan();
    duckdb::InsertionOrderPreservingMap<duckdb::string> text;
    text["Table"] = bind.model->info.name.table;
    for (const auto& [name, value] : bind.model->arguments) text[name] = value;
    std::string lines[3];
    const auto add = [](std::string* to, const std::string& line) { *to += (to->empty() ? "" : "\n") + line; };
    for (const PushedConstraint& pushed : plan.report) {
      add(&lines[static_cast<size_t>(pushed.pushdown)], pushed.text + (pushed.reason.empty() ? "" : " (" + pushed.reason + ")"));
    }
    for (const auto& [conjunct, reason] : bind.not_pushed) add(&lines[static_cast<size_t>(Pushdown::kNot)], conjunct + " (" + reason + ")");
    if (!lines[0].empty()) text["Exact"] = lines[0];
    if (!lines[1].empty()) text["Hint"] = lines[1];
    if (!lines[2].empty()) text["Not pushed"] = lines[2];
    if (bind.limit) text["Limit"] = Thousands(*bind.limit);
    std::string ranges;
    const std::vector<Split> splits = bind.Splits();
    for (size_t i = 0; i < splits.size() && i < kMaxShownRanges; ++i) {
      ranges += (i == 0 ? "" : " ") + splits[i].partition + ":[" + splits[i].start.text + "," + (splits[i].end ? splits[i].end->text : "") + ")";
    }
    if (splits.size() > kMaxShownRanges) ranges += " and " + Thousands(static_cast<int64_t>(splits.size() - kMaxShownRanges)) + " more";
    text["Ranges"] = ranges.empty() ? "none" : ranges;
    if (plan.estimate.records) text["Records"] = "at most " + Thousands(*plan.estimate.records);
    if (plan.estimate.bytes) {
      text["Bytes"] = "about " + Thousands(*plan.estimate.bytes) + (plan.estimate.source.empty() ? "" : " (" + plan.estimate.source + ")");
    }
    text["Version"] = plan.token;
    return text;
  }

  static duckdb::InsertionOrderPreservingMap<duckdb::string> DynamicText(duckdb::TableFunctionDynamicToStringInput& input) {
    duckdb::InsertionOrderPreservingMap<duckdb::string> text;
    if (!input.global_state) return text;
    const auto& run = *input.global_state->Cast<GlobalState>().run;
    const ReaderProgress progress = run.Progress();
    text["Rows"] = Thousands(run.rows());
    text["Records read"] = Thousands(progress.records);
    text["Bytes fetched"] = Thousands(progress.bytes_fetched);
    if (progress.throttled > 0) text["Throttled calls"] = Thousands(progress.throttled);
    return text;
  }

  static double Progress(duckdb::ClientContext&, const duckdb::FunctionData*, const duckdb::GlobalTableFunctionState* global) {
    return global == nullptr ? 0.0 : 100.0 * global->Cast<GlobalState>().run->Progress().fraction;
  }

  static void Serialize(duckdb::Serializer&, const duckdb::optional_ptr<duckdb::FunctionData>, const duckdb::TableFunction&) {
    ThrowStatus(Status::NotImplemented("a plan over connectors cannot be stored"));
  }
  static duckdb::unique_ptr<duckdb::FunctionData> Deserialize(duckdb::Deserializer&, duckdb::TableFunction&) {
    ThrowStatus(Status::NotImplemented("a plan over connectors cannot be stored"));
  }
};

duckdb::TableFunction ScanFunction() {
  duckdb::TableFunction function(kScanName, {}, ScanCallbacks::Scan, nullptr, ScanCallbacks::InitGlobal, ScanCallbacks::InitLocal);
  function.projection_pushdown = true;
  function.pushdown_complex_filter = PushFilters;
  function.cardinality = ScanCallbacks::Cardinality;
  function.get_partition_stats = ScanCallbacks::PartitionStats;
  function.to_string = ScanCallbacks::ToText;
  function.dynamic_to_string = ScanCallbacks::DynamicText;
  function.table_scan_progress = ScanCallbacks::Progress;
  // Without bind info hidden columns are not found by name.
  function.get_bind_info = [](const duckdb::optional_ptr<duckdb::FunctionData> data) -> duckdb::BindInfo {
    return duckdb::BindInfo(*const_cast<ScanBind&>(data->Cast<ScanBind>()).entry);
  };
  function.get_virtual_columns = [](duckdb::ClientContext&, duckdb::optional_ptr<duckdb::FunctionData> data) {
    return data->Cast<ScanBind>().model->VirtualColumns();
  };
  // Refusing to be stored makes DuckDB materialise a CTE that is used twice instead of copying it: one reading.
  function.serialize = ScanCallbacks::Serialize;
  function.deserialize = ScanCallbacks::Deserialize;
  // Splits have no order among them: no thread waits for another's rows. Within a split rows keep theirs.
  function.order_preservation_type = duckdb::OrderPreservationType::NO_ORDER;
  return function;
}

}  // namespace lotic::sql
