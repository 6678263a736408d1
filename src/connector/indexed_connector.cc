// SPDX-License-Identifier: Apache-2.0
#include "connector/indexed_connector.h"

#include <algorithm>
#include <charconv>

#include "connector/indexed_reader.h"
#include "lotic/table_properties.h"
#include "scan/certificate.h"

namespace lotic {
namespace {

constexpr int kMaxSplitsPerPage = 1000;
constexpr int kMaxTablesPerPage = 1000;

Schema HiddenSchema() {
  return Schema{
      {{kIndexedPartition, Type::Int64(), {{kIndexedHidden, kIndexedPartition}}}, {kIndexedOffset, Type::Int64(), {{kIndexedHidden, kIndexedOffset}}}}};
}

// The token: the end of each partition, "i:5,7,0".
Result<std::vector<int64_t>> ParseToken(const std::string& token) {
  if (token.empty()) return Status::Invalid("a snapshot token is needed; Prepare gives it");
  if (!token.starts_with("i:")) return Status::Invalid("snapshot token \"", token, "\" is not one of ours");
  std::vector<int64_t> ends;
  for (size_t at = 2; at < token.size();) {
    const size_t comma = std::min(token.find(',', at), token.size());
    LOTIC_ASSIGN_OR_RETURN(const int64_t end, ParseRowNumber("token", std::string_view(token).substr(at, comma - at)));
    ends.push_back(end);
    at = comma + 1;
  }
  return ends;
}

// The half-open bounds that the constraints put on a hidden number column.
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
  if (hull->low) {
    const int64_t low = std::get<int64_t>(*hull->low);
    bounds.low = std::max<int64_t>(0, hull->low_inclusive || low == INT64_MAX ? low : low + 1);
  }
  if (hull->high) {
    const int64_t high = std::get<int64_t>(*hull->high);
    bounds.high = high < 0 ? 0 : hull->high_inclusive && high < INT64_MAX ? high + 1 : high;
  }
  return bounds;
}

// The rows of a partition that a request reads: [first, second); second <= first: none.
Result<std::pair<int64_t, int64_t>> RangeOf(const ScanRequest& request, size_t partition, int64_t end) {
  int64_t first = request.start.kind == ScanStart::Kind::kLatest ? end : 0;
  if (request.start.kind == ScanStart::Kind::kPositions) {
    const auto at = request.start.positions.find(std::to_string(partition));
    if (at != request.start.positions.end()) {
      LOTIC_ASSIGN_OR_RETURN(first, ParseRowNumber("start", at->second.text));
    }
  }
  if (request.unbounded) return std::pair(first, end);
  const Bounds offsets = BoundsOf(request, kIndexedOffset);
  return std::pair(std::max(first, offsets.low), std::min(end, offsets.high));
}

class IndexedConnector final : public Connector, public SplitDiscovery {
 public:
  explicit IndexedConnector(std::shared_ptr<IndexedSource> source) : source_(std::move(source)) {}

  std::string type_name() const override { return source_->type_name(); }

  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("listing schemas"));
    std::vector<std::string> names;
    for (const TableName& table : source_->Tables()) {
      if (names.empty() || names.back() != table.schema) names.push_back(table.schema);
    }
    return names;
  }

  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_ASSIGN_OR_RETURN(const auto schemas, ListSchemas(ctx));
    if (std::find(schemas.begin(), schemas.end(), schema) == schemas.end()) return Status::NotFound("no schema \"", schema, "\"");
    const int limit = page.max_items > 0 ? std::min(page.max_items, kMaxTablesPerPage) : kMaxTablesPerPage;
    TablePage out;
    for (const TableName& table : source_->Tables()) {
      if (table.schema != schema || table.table < page.page_token) continue;  // the token is the next name
      if (static_cast<int>(out.tables.size()) == limit) {
        out.next_page = table.table;
        break;
      }
      out.tables.push_back(table);
    }
    return out;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_ASSIGN_OR_RETURN(const auto schemas, ListSchemas(ctx));
    LOTIC_ASSIGN_OR_RETURN(const size_t schema, ResolveName("schema", name.schema, schemas));
    std::vector<std::string> tables;
    for (const TableName& table : source_->Tables()) {
      if (table.schema == schemas[schema]) tables.push_back(table.table);
    }
    LOTIC_ASSIGN_OR_RETURN(const size_t table, ResolveName("table", name.table, tables));
    TableInfo info;
    info.name = {schemas[schema], tables[table]};
    TellHiddenByCase(tables[table], tables, &info.properties);
    info.schema = *source_->SchemaOf(info.name);
    info.hidden = HiddenSchema();
    info.aliases = {{"_partition", kIndexedPartition}, {"_offset", kIndexedOffset}};
    info.partition_columns = {kIndexedPartition};
    info.roles = {Role::kBoundedScan, Role::kRemotePlanner};
    if (source_->changes() != nullptr) info.roles.push_back(Role::kEndless);
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("planning"));
    if (request.as_of_ms || request.start.kind == ScanStart::Kind::kTime) return Status::Invalid("table ", request.table.ToString(), ": its rows have no time");
    if (request.unbounded && source_->changes() == nullptr)
      return Status::Invalid("table ", request.table.ToString(), " has an end: it cannot be read endlessly");
    LOTIC_ASSIGN_OR_RETURN(std::vector<int64_t> ends, source_->Ends(ctx, request.table));
    if (!request.token.empty()) {
      LOTIC_ASSIGN_OR_RETURN(const std::vector<int64_t> planned, ParseToken(request.token));
      for (size_t p = 0; p < planned.size(); ++p) {
        if (p >= ends.size() || planned[p] > ends[p])
          return Status::DataLoss("table ", request.table.ToString(), ": partition ", p, " no longer holds row ", planned[p]);
      }
      ends = planned;
    }
    Prepared plan;
    plan.token = "i:";
    for (const int64_t end : ends) plan.token += (plan.token.size() > 2 ? "," : "") + std::to_string(end);
    plan.attributes = {{"table", request.table.ToString()}};
    plan.estimate.source = "row numbers";
    plan.estimate.records = plan.estimate.table_records = 0;
    plan.estimate.table_partitions = static_cast<int64_t>(ends.size());
    const Bounds wanted = BoundsOf(request, kIndexedPartition);
    for (size_t p = 0; p < ends.size(); ++p) {
      *plan.estimate.table_records += ends[p];
      LOTIC_ASSIGN_OR_RETURN(const auto range, RangeOf(request, p, ends[p]));
      const auto number = static_cast<int64_t>(p);
      if (number < wanted.low || number >= wanted.high || (range.first >= range.second && !request.unbounded)) {
        plan.left_out.push_back(UnreadCertificate({std::to_string(p), {"0"}, Position{"0"}, {}, {}}, true, EndReason::kPruned));
        continue;
      }
      *plan.estimate.records += range.second - range.first;
      plan.partitions.push_back({{number}, {}});
    }
    LOTIC_RETURN_NOT_OK(Report(request, &plan));
    return plan;
  }

  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("listing splits"));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<int64_t> ends, ParseToken(request.token));
    int64_t skip = 0;
    if (!page.page_token.empty()) {
      LOTIC_ASSIGN_OR_RETURN(skip, ParseRowNumber("page token", page.page_token));
    }
    const int limit = page.max_items > 0 ? std::min(page.max_items, kMaxSplitsPerPage) : kMaxSplitsPerPage;
    SplitPage out;
    int64_t index = 0;
    for (const LayoutPartition& partition : partitions) {
      const int64_t* number = partition.values.size() == 1 ? std::get_if<int64_t>(&partition.values[0]) : nullptr;
      if (number == nullptr || *number < 0 || *number >= static_cast<int64_t>(ends.size()))
        return Status::Invalid("table ", request.table.ToString(), ": not a partition of this plan");
      LOTIC_ASSIGN_OR_RETURN(const auto range, RangeOf(request, static_cast<size_t>(*number), ends[static_cast<size_t>(*number)]));
      const auto [first, last] = range;
      for (int64_t start = first; start < last || (request.unbounded && start == first); start += kIndexedRowsPerSplit, ++index) {
        if (index < skip) continue;
        if (static_cast<int>(out.splits.size()) == limit) {
          out.next_page = std::to_string(index);
          return out;
        }
        Split split{std::to_string(*number), {std::to_string(start)}, std::nullopt, {}, {}};
        if (!request.unbounded) split.end = Position{std::to_string(std::min(last, start + kIndexedRowsPerSplit))};
        out.splits.push_back(std::move(split));
        if (request.unbounded) {
          ++index;
          break;
        }
      }
    }
    return out;
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("opening a reader"));
    LOTIC_RETURN_NOT_OK(ParseToken(request.token).ok() ? Status::OK() : ParseToken(request.token).status());
    std::unique_ptr<Reader> reader = MakeIndexedReader(source_, request);
    for (const SplitStart& split : splits) {
      LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const uint32_t number, reader->Add(split));
    }
    return reader;
  }

  // The state is the number of partitions known.
  Result<Discovered> Discover(const CallContext& ctx, const ScanRequest& request, const DiscoveryState& state, std::span<const Split>) override {
    LOTIC_ASSIGN_OR_RETURN(const std::vector<int64_t> ends, source_->Ends(ctx, request.table));
    int64_t known = 0;
    if (state.text.empty()) {
      LOTIC_ASSIGN_OR_RETURN(const std::vector<int64_t> planned, ParseToken(request.token));
      known = static_cast<int64_t>(planned.size());
    } else {
      LOTIC_ASSIGN_OR_RETURN(known, ParseRowNumber("discovery state", state.text));
    }
    Discovered out;
    for (int64_t p = known; p < static_cast<int64_t>(ends.size()); ++p) out.splits.push_back({std::to_string(p), {"0"}, std::nullopt, {}, {}});
    out.state.text = std::to_string(std::max<int64_t>(known, static_cast<int64_t>(ends.size())));
    return out;
  }

 private:
  // Every constraint is exact, since the reader applies it to every row; the row count is known where ranges of row numbers say it all.
  static Status Report(const ScanRequest& request, Prepared* plan) {
    bool counted = request.constraints.expressions.empty();
    for (const auto& [name, set] : request.constraints.columns) {
      if (!request.layout.IndexOf(name)) return Status::Invalid("constraint on column \"", name, "\", which the layout lacks");
      counted = counted && name == kIndexedOffset && set.kind == ValueSet::Kind::kRanges && set.ranges.size() == 1;
      const bool prunes = name == kIndexedPartition || name == kIndexedOffset;
      plan->report.push_back({name, name, Pushdown::kExact, prunes ? "prunes by row number, applied to every row" : "applied to every row"});
    }
    for (const Expression& expression : request.constraints.expressions) {
      plan->report.push_back({expression.ToString(), "", Pushdown::kExact, "applied to every row"});
    }
    if (counted && !request.unbounded) plan->estimate.exact_rows = std::min(request.limit.value_or(INT64_MAX), *plan->estimate.records);
    return Status::OK();
  }

  const std::shared_ptr<IndexedSource> source_;
};

}  // namespace

void ChangeSignal::Notify() {
  {
    const std::lock_guard lock(mutex_);
    ++version_;
  }
  changed_.notify_all();
}

uint64_t ChangeSignal::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

bool ChangeSignal::WaitPast(uint64_t seen, const CallContext& ctx) {
  std::unique_lock lock(mutex_);
  const auto changed = [&] { return version_ != seen; };
  if (ctx.deadline == std::chrono::steady_clock::time_point::max()) return changed_.wait(lock, ctx.stop, changed);
  return changed_.wait_until(lock, ctx.stop, ctx.deadline, changed);
}

std::shared_ptr<Connector> MakeIndexedConnector(std::shared_ptr<IndexedSource> source) { return std::make_shared<IndexedConnector>(std::move(source)); }

}  // namespace lotic
