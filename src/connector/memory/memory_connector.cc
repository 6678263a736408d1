// SPDX-License-Identifier: Apache-2.0
#include "connector/memory/memory_connector.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>

#include "lotic/batch_builder.h"
#include "scan/certificate.h"

namespace lotic::memory {
namespace {

constexpr const char* kPartitionColumn = "_partition_id";
constexpr const char* kOffsetColumn = "_partition_offset";
constexpr int kMaxSplitsPerPage = 1000;
constexpr int kMaxTablesPerPage = 1000;

struct Partition {
  std::vector<Batch> batches;
  std::vector<int64_t> starts;  // the row number of each batch's first row
  int64_t end = 0;

  void Add(Batch batch) {
    starts.push_back(end);
    end += batch.num_rows();
    batches.push_back(std::move(batch));
  }
};

struct Table {
  TableName name;
  std::shared_ptr<const Schema> schema;
  std::vector<Partition> partitions;
};

// Shared by a connector and its readers. `changed` is told of every append and every wake.
struct Store {
  std::mutex mutex;  // guards all members below
  std::condition_variable_any changed;
  std::map<std::string, std::map<std::string, Table>> schemas;

  const Table* Find(const TableName& name) const {
    const auto schema = schemas.find(name.schema);
    if (schema == schemas.end()) return nullptr;
    const auto table = schema->second.find(name.table);
    return table == schema->second.end() ? nullptr : &table->second;
  }
};

Schema HiddenSchema() {
  return Schema{{{kPartitionColumn, Type::Int64(), {{"lotic:hidden", "partition"}}}, {kOffsetColumn, Type::Int64(), {{"lotic:hidden", "offset"}}}}};
}

Result<int64_t> ParseNumber(std::string_view what, std::string_view text) {
  int64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size() || number < 0) {
    return Status::Invalid("memory: ", what, " \"", text, "\" is not a row number");
  }
  return number;
}

// The token: the end of each partition, "5,7,0".
Result<std::vector<int64_t>> ParseToken(const std::string& token) {
  if (!token.starts_with("m:")) return Status::Invalid("memory: snapshot token \"", token, "\" is not one of ours");
  std::vector<int64_t> ends;
  for (size_t at = 2; at < token.size();) {
    const size_t comma = std::min(token.find(',', at), token.size());
    LOTIC_ASSIGN_OR_RETURN(const int64_t end, ParseNumber("token", std::string_view(token).substr(at, comma - at)));
    ends.push_back(end);
    at = comma + 1;
  }
  return ends;
}

bool HoldsHidden(const Field& field, std::string_view which) {
  const auto at = field.metadata.find("lotic:hidden");
  return at != field.metadata.end() && at->second == which;
}

// The bounds that the constraints put on a hidden number column: half-open.
struct Bounds {
  int64_t low = 0;
  int64_t high = INT64_MAX;
};
Bounds BoundsOf(const ScanRequest& request, const char* column) {
  Bounds bounds;
  const auto at = request.constraints.columns.find(column);
  if (at == request.constraints.columns.end()) return bounds;
  const auto hull = HullOf(Type::Int64(), request.compare, at->second);
  if (!hull) return {0, 0};
  if (hull->low) bounds.low = std::max<int64_t>(0, std::get<int64_t>(*hull->low) + (hull->low_inclusive ? 0 : 1));
  if (hull->high) {
    const int64_t high = std::get<int64_t>(*hull->high);
    bounds.high = high < 0 ? 0 : hull->high_inclusive && high < INT64_MAX ? high + 1 : high;
  }
  return bounds;
}

class MemoryReader final : public Reader {
 public:
  MemoryReader(std::shared_ptr<Store> store, ScanRequest request) : store_(std::move(store)), request_(std::move(request)) {
    layout_ = std::make_shared<const Schema>(request_.layout);
    if (request_.limit) rows_left_ = *request_.limit;
  }

  Result<uint32_t> Add(SplitStart start) override {
    State state;
    state.split = start.split;
    state.certificate = UnreadCertificate(start.split, false, EndReason::kNone);
    LOTIC_ASSIGN_OR_RETURN(const int64_t partition, ParseNumber("partition", start.split.partition));
    state.partition = static_cast<size_t>(partition);
    LOTIC_ASSIGN_OR_RETURN(state.next, ParseNumber("position", start.position.text));
    LOTIC_ASSIGN_OR_RETURN(const int64_t first, ParseNumber("split start", start.split.start.text));
    if (start.split.end) {
      LOTIC_ASSIGN_OR_RETURN(state.end, ParseNumber("split end", start.split.end->text));
    }
    if (state.next < first || (state.end && state.next > *state.end)) {
      return Status::Invalid("memory: position ", start.position.text, " lies outside the split [", first, ", ", start.split.end ? start.split.end->text : "open", ")");
    }
    state.certificate.read_start = state.certificate.read_end = start.position;
    state.certificate.complete = false;
    const std::lock_guard lock(store_->mutex);
    splits_.push_back(std::move(state));
    return static_cast<uint32_t>(splits_.size() - 1);
  }

  Result<ReadBatch> Next(const CallContext& ctx) override {
    std::unique_lock lock(store_->mutex);
    for (;;) {
      LOTIC_RETURN_NOT_OK(StoppedStatus(ctx));
      if (woken_) {
        woken_ = false;
        return ReadBatch{};
      }
      bool open = false;
      for (size_t tried = 0; tried < splits_.size(); ++tried) {
        const size_t index = turn_++ % splits_.size();  // fair: the splits take turns
        if (splits_[index].ended) continue;
        open = true;
        LOTIC_ASSIGN_OR_RETURN(std::optional<ReadBatch> batch, ReadSome(index));
        if (batch) return std::move(*batch);
      }
      if (!open) return ReadBatch{};
      if (ctx.deadline == std::chrono::steady_clock::time_point::max()) {
        store_->changed.wait(lock, ctx.stop, [&] { return woken_ || HasMore(); });
      } else if (!store_->changed.wait_until(lock, ctx.stop, ctx.deadline, [&] { return woken_ || HasMore(); }) && !ctx.stop.stop_requested()) {
        return ReadBatch{};  // idle until the deadline
      }
    }
  }

  Result<SplitStart> Release(uint32_t split) override {
    const std::lock_guard lock(store_->mutex);
    if (split >= splits_.size()) return Status::Invalid("memory: no split ", split);
    State& state = splits_[split];
    if (!state.ended) End(&state, EndReason::kReleased, state.end && state.next == *state.end);
    return SplitStart{state.split, Position{std::to_string(state.next)}};
  }

  SplitCertificate Certificate(uint32_t split) const override {
    const std::lock_guard lock(store_->mutex);
    return splits_[split].certificate;
  }

  ReaderProgress Progress() const override {
    const std::lock_guard lock(store_->mutex);
    ReaderProgress progress;
    int64_t planned = 0;
    for (const State& state : splits_) {
      progress.records += state.certificate.records.Sum();
      if (state.end) planned += *state.end;
    }
    progress.fraction = planned == 0 ? 0 : std::min(1.0, static_cast<double>(progress.records) / static_cast<double>(planned));
    return progress;
  }

  void Wake() override {
    {
      const std::lock_guard lock(store_->mutex);
      woken_ = true;
    }
    store_->changed.notify_all();
  }

  Status Close(const CallContext&) override {
    const std::lock_guard lock(store_->mutex);
    for (State& state : splits_) {
      if (!state.ended) End(&state, EndReason::kReleased, false);
    }
    return Status::OK();
  }

 private:
  struct State {
    Split split;
    size_t partition = 0;
    int64_t next = 0;
    std::optional<int64_t> end;
    bool ended = false;
    SplitCertificate certificate;
  };

  static Status StoppedStatus(const CallContext& ctx) {
    return ctx.stop.stop_requested() ? Status::Cancelled("reading a memory table: cancelled") : Status::OK();
  }

  bool HasMore() const {
    const Table* table = store_->Find(request_.table);
    return table != nullptr && std::any_of(splits_.begin(), splits_.end(), [&](const State& state) {
             return !state.ended && (state.partition < table->partitions.size() && state.next < table->partitions[state.partition].end);
           });
  }

  void End(State* state, EndReason reason, bool complete) {
    state->ended = true;
    state->certificate.reason = complete ? EndReason::kEnd : reason;
    state->certificate.complete = complete || reason == EndReason::kLimit;
  }

  // Some rows of a split, or nothing if it has none yet. The mutex is held.
  Result<std::optional<ReadBatch>> ReadSome(size_t index) {
    State& state = splits_[index];
    const Table* table = store_->Find(request_.table);
    if (table == nullptr || state.partition >= table->partitions.size()) {
      return Status::DataLoss("memory: table ", request_.table.ToString(), " partition ", state.split.partition, " is gone");
    }
    const Partition& partition = table->partitions[state.partition];
    Run run;
    run.split = static_cast<uint32_t>(index);
    const int64_t end = std::min(state.end.value_or(INT64_MAX), partition.end);
    if (state.end && *state.end > partition.end) {
      return Status::DataLoss("memory: partition ", state.split.partition, " ends at ", partition.end, ", the split at ", *state.end);
    }
    std::optional<Batch> rows;
    const int64_t before = state.next;
    if (rows_left_ == 0) {
      End(&state, EndReason::kLimit, false);
    } else if (state.next < end) {
      const size_t at = static_cast<size_t>(std::upper_bound(partition.starts.begin(), partition.starts.end(), state.next) - partition.starts.begin()) - 1;
      const int64_t first = state.next, last = std::min(end, partition.starts[at] + partition.batches[at].num_rows());
      LOTIC_ASSIGN_OR_RETURN(rows, Rows(partition.batches[at], state.partition, first, partition.starts[at], last - first, &run, &state));
      if (rows_left_ == 0) End(&state, EndReason::kLimit, state.end && state.next == *state.end);
    }
    if (!state.ended && state.end && state.next == *state.end) End(&state, EndReason::kEnd, true);
    if (state.next == before && !state.ended) return std::optional<ReadBatch>();
    if (state.ended) LOTIC_RETURN_NOT_OK(CheckAccounting(state.certificate));
    run.ended = state.ended;
    run.next = {std::to_string(state.next)};
    run.tip = Tip{Position{std::to_string(partition.end)}, std::nullopt, partition.end - state.next};
    return std::optional<ReadBatch>(ReadBatch{std::move(rows), {std::move(run)}});
  }

  // Rows [first, first + count) of the partition, projected, filtered and cut to the limit; the state moves past what was read.
  Result<std::optional<Batch>> Rows(const Batch& source, size_t partition, int64_t first, int64_t source_start, int64_t count, Run* run, State* state) {
    std::vector<Column> columns;
    auto numbers = std::make_shared<std::vector<Batch>>();
    for (const Field& field : request_.layout.fields) {
      if (HoldsHidden(field, "partition") || HoldsHidden(field, "offset")) {
        BatchBuilder builder(std::make_shared<const Schema>(Schema{{field}}));
        for (int64_t row = 0; row < source.num_rows(); ++row) {
          builder.column(0).AppendInt64(HoldsHidden(field, "offset") ? source_start + row : static_cast<int64_t>(partition));
        }
        numbers->push_back(builder.Finish(source.num_rows()));
        columns.push_back(numbers->back().column(0));
        continue;
      }
      const auto index = source.schema().IndexOf(field.name);
      if (!index) return Status::Invalid("memory: table ", request_.table.ToString(), " has no column \"", field.name, "\"");
      columns.push_back(source.column(*index));
    }
    struct Owner {
      Batch source;
      std::shared_ptr<std::vector<Batch>> numbers;
    };
    const Batch all(layout_, source.num_rows(), std::move(columns), std::make_shared<const Owner>(Owner{source, numbers}));
    std::vector<uint8_t> keep;
    LOTIC_RETURN_NOT_OK(EvaluateConstraints(request_.constraints, request_.compare, all, &keep));
    std::vector<int64_t> taken;
    int64_t read = 0;
    for (; read < count && (rows_left_ < 0 || static_cast<int64_t>(taken.size()) < rows_left_); ++read) {
      const int64_t row = first - source_start + read;
      if (keep[static_cast<size_t>(row)] != 0) taken.push_back(row);
    }
    const auto returned = static_cast<int64_t>(taken.size());
    if (rows_left_ > 0) rows_left_ -= returned;
    state->next = first + read;
    state->certificate.read_end = {std::to_string(state->next)};
    state->certificate.records.returned += returned;
    state->certificate.records.filtered += read - returned;
    state->certificate.rows += returned;
    run->num_rows = returned;
    if (returned == 0) return std::optional<Batch>();
    if (returned == all.num_rows()) return std::optional<Batch>(all);
    return std::optional<Batch>(all.Take(taken));
  }

  const std::shared_ptr<Store> store_;
  const ScanRequest request_;
  std::shared_ptr<const Schema> layout_;
  std::vector<State> splits_;  // with all below guarded by the store's mutex
  size_t turn_ = 0;
  int64_t rows_left_ = -1;  // of the limit; negative: no limit
  bool woken_ = false;
};

class MemoryConnectorImpl final : public MemoryConnector {
 public:
  std::string type_name() const override { return "memory"; }

  Status AddTable(MemoryTable table) override {
    const std::lock_guard lock(store_->mutex);
    Table made{table.name, std::make_shared<const Schema>(table.schema), {}};
    for (std::vector<Batch>& batches : table.partitions) {
      Partition partition;
      for (Batch& batch : batches) {
        if (!(batch.schema() == table.schema)) return Status::Invalid("memory: a batch of ", table.name.ToString(), " has another schema");
        partition.Add(std::move(batch));
      }
      made.partitions.push_back(std::move(partition));
    }
    if (!store_->schemas[table.name.schema].emplace(table.name.table, std::move(made)).second) {
      return Status::Invalid("memory: table ", table.name.ToString(), " exists");
    }
    return Status::OK();
  }

  Status Append(const TableName& name, size_t partition, Batch batch) override {
    {
      const std::lock_guard lock(store_->mutex);
      Table* table = const_cast<Table*>(store_->Find(name));
      if (table == nullptr) return Status::NotFound("memory: no table ", name.ToString());
      if (!(batch.schema() == *table->schema)) return Status::Invalid("memory: a batch of ", name.ToString(), " has another schema");
      if (partition > table->partitions.size()) return Status::Invalid("memory: table ", name.ToString(), " has ", table->partitions.size(), " partitions");
      if (partition == table->partitions.size()) table->partitions.emplace_back();
      table->partitions[partition].Add(std::move(batch));
    }
    store_->changed.notify_all();
    return Status::OK();
  }

  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("memory: listing schemas"));
    const std::lock_guard lock(store_->mutex);
    std::vector<std::string> names;
    for (const auto& [name, tables] : store_->schemas) names.push_back(name);
    return names;
  }

  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("memory: listing tables"));
    const std::lock_guard lock(store_->mutex);
    const auto at = store_->schemas.find(schema);
    if (at == store_->schemas.end()) return Status::NotFound("memory: no schema \"", schema, "\"");
    TablePage out;
    const int limit = page.max_items > 0 ? std::min(page.max_items, kMaxTablesPerPage) : kMaxTablesPerPage;
    for (auto table = at->second.lower_bound(page.page_token); table != at->second.end(); ++table) {  // the token is the next name
      if (static_cast<int>(out.tables.size()) == limit) {
        out.next_page = table->first;
        break;
      }
      out.tables.push_back(table->second.name);
    }
    return out;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("memory: looking up a table"));
    const std::lock_guard lock(store_->mutex);
    std::vector<std::string> schemas, tables;
    for (const auto& [schema, ignored] : store_->schemas) schemas.push_back(schema);
    LOTIC_ASSIGN_OR_RETURN(const size_t schema, ResolveName("schema", name.schema, schemas));
    for (const auto& [table, ignored] : store_->schemas[schemas[schema]]) tables.push_back(table);
    LOTIC_ASSIGN_OR_RETURN(const size_t table, ResolveName("table", name.table, tables));
    TableInfo info;
    info.name = {schemas[schema], tables[table]};
    info.schema = *store_->Find(info.name)->schema;
    info.hidden = HiddenSchema();
    info.aliases = {{"_partition", kPartitionColumn}, {"_offset", kOffsetColumn}};
    info.partition_columns = {kPartitionColumn};
    info.roles = {Role::kBoundedScan, Role::kRemotePlanner, Role::kEndless};
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("memory: planning"));
    const std::lock_guard lock(store_->mutex);
    const Table* table = store_->Find(request.table);
    if (table == nullptr) return Status::NotFound("memory: no table ", request.table.ToString());
    if (request.as_of_ms) return Status::Invalid("memory: rows have no time, AT (TIMESTAMP) is not possible");
    if (request.start.kind == ScanStart::Kind::kTime) return Status::Invalid("memory: rows have no time to start from");
    Prepared plan;
    std::vector<int64_t> ends;
    if (request.token.empty()) {
      for (const Partition& partition : table->partitions) ends.push_back(partition.end);
    } else {
      LOTIC_ASSIGN_OR_RETURN(ends, ParseToken(request.token));
    }
    if (ends.size() > table->partitions.size()) return Status::DataLoss("memory: the token is of a table with more partitions");
    plan.token = "m:";
    for (const int64_t end : ends) plan.token += (plan.token.size() > 2 ? "," : "") + std::to_string(end);
    plan.attributes = {{"table", request.table.ToString()}};
    plan.estimate.source = "row numbers";
    plan.estimate.records = 0;
    plan.estimate.table_records = 0;
    plan.estimate.table_partitions = static_cast<int64_t>(ends.size());
    const Bounds partitions = BoundsOf(request, kPartitionColumn);
    for (size_t p = 0; p < ends.size(); ++p) {
      *plan.estimate.table_records += ends[p];
      const auto [first, last] = RangeOf(request, p, ends[p]);
      const auto number = static_cast<int64_t>(p);
      if (number < partitions.low || number >= partitions.high || (first >= last && !request.unbounded)) {
        Split whole{std::to_string(p), {"0"}, Position{"0"}, {}, {}};
        plan.left_out.push_back(UnreadCertificate(whole, true, EndReason::kPruned));
        continue;
      }
      *plan.estimate.records += last - first;
      plan.partitions.push_back({{number}, {{"end", std::to_string(ends[p])}}});
    }
    bool exact = true;
    for (const auto& [name, set] : request.constraints.columns) {
      const auto column = request.layout.IndexOf(name);
      if (!column) return Status::Invalid("memory: constraint on \"", name, "\", which the layout lacks");
      exact = exact && name == kOffsetColumn && set.ranges.size() <= 1 && set.kind == ValueSet::Kind::kRanges;
      plan.report.push_back({name, name, Pushdown::kExact, "applied to every row"});
    }
    for (const Expression& expression : request.constraints.expressions) {
      exact = false;
      plan.report.push_back({expression.ToString(), "", Pushdown::kExact, "applied to every row"});
    }
    if (exact) plan.estimate.exact_rows = request.limit ? std::min(*request.limit, *plan.estimate.records) : *plan.estimate.records;
    return plan;
  }

  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions,
                           const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("memory: listing splits"));
    if (request.token.empty()) return Status::Invalid("memory: splits of ", request.table.ToString(), " without a snapshot token");
    LOTIC_ASSIGN_OR_RETURN(const std::vector<int64_t> ends, ParseToken(request.token));
    int64_t skip = 0;
    if (!page.page_token.empty()) {
      LOTIC_ASSIGN_OR_RETURN(skip, ParseNumber("page token", page.page_token));
    }
    const int limit = page.max_items > 0 ? std::min(page.max_items, kMaxSplitsPerPage) : kMaxSplitsPerPage;
    SplitPage out;
    int64_t index = 0;
    for (const LayoutPartition& partition : partitions) {
      if (partition.values.size() != 1 || !std::holds_alternative<int64_t>(partition.values[0])) return Status::Invalid("memory: not a partition of ours");
      const int64_t p = std::get<int64_t>(partition.values[0]);
      if (p < 0 || p >= static_cast<int64_t>(ends.size())) return Status::Invalid("memory: no partition ", p);
      const auto [first, last] = RangeOf(request, static_cast<size_t>(p), ends[static_cast<size_t>(p)]);
      for (int64_t start = first; start < last || (request.unbounded && start == first); start += kRowsPerSplit, ++index) {
        if (index < skip) continue;
        if (static_cast<int>(out.splits.size()) == limit) {
          out.next_page = std::to_string(index);
          return out;
        }
        Split split{std::to_string(p), {std::to_string(start)}, std::nullopt, {}, {}};
        if (!request.unbounded) split.end = Position{std::to_string(std::min(last, start + kRowsPerSplit))};
        out.splits.push_back(std::move(split));
        if (request.unbounded) { ++index; break; }
      }
    }
    return out;
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("memory: opening a reader"));
    if (request.token.empty()) return Status::Invalid("memory: opening ", request.table.ToString(), " without a snapshot token");
    auto reader = std::make_unique<MemoryReader>(store_, request);
    for (const SplitStart& split : splits) {
      LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const uint32_t number, reader->Add(split));
    }
    return std::unique_ptr<Reader>(std::move(reader));
  }

  // The state is the number of partitions known.
  Result<Discovered> Discover(const CallContext& ctx, const ScanRequest& request, const DiscoveryState& state, std::span<const Split>) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("memory: discovering partitions"));
    const std::lock_guard lock(store_->mutex);
    const Table* table = store_->Find(request.table);
    if (table == nullptr) return Status::NotFound("memory: no table ", request.table.ToString());
    int64_t known = 0;
    if (state.text.empty()) {
      LOTIC_ASSIGN_OR_RETURN(const std::vector<int64_t> ends, ParseToken(request.token));
      known = static_cast<int64_t>(ends.size());
    } else {
      LOTIC_ASSIGN_OR_RETURN(known, ParseNumber("discovery state", state.text));
    }
    Discovered out;
    for (int64_t p = known; p < static_cast<int64_t>(table->partitions.size()); ++p) {
      out.splits.push_back({std::to_string(p), {"0"}, std::nullopt, {}, {}});
    }
    out.state.text = std::to_string(std::max<int64_t>(known, static_cast<int64_t>(table->partitions.size())));
    return out;
  }

 private:
  // The rows of a partition that a request reads: [first, second).
  static std::pair<int64_t, int64_t> RangeOf(const ScanRequest& request, size_t partition, int64_t end) {
    int64_t first = 0;
    if (request.start.kind == ScanStart::Kind::kLatest) first = end;
    if (request.start.kind == ScanStart::Kind::kPositions) {
      const auto at = request.start.positions.find(std::to_string(partition));
      if (at != request.start.positions.end()) first = ParseNumber("start", at->second.text).ok() ? *ParseNumber("start", at->second.text) : 0;
    }
    if (request.unbounded) return {first, end};
    const Bounds offsets = BoundsOf(request, kOffsetColumn);
    return {std::max(first, offsets.low), std::min(end, offsets.high)};
  }

  const std::shared_ptr<Store> store_ = std::make_shared<Store>();
};

}  // namespace

std::shared_ptr<MemoryConnector> MemoryConnector::Make() { return std::make_shared<MemoryConnectorImpl>(); }

}  // namespace lotic::memory
