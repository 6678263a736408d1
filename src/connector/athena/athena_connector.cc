// SPDX-License-Identifier: Apache-2.0
#include "connector/athena/athena_connector.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "connector/athena/remote_plan.h"
#include "connector/athena/remote_reader.h"
#include "connector/athena/sent_constraints.h"
#include "lotic/scan_json.h"

namespace lotic::athena_source {
namespace {

constexpr int kMaxTablesPerPage = 1000;

// Where a page of splits goes on: at partition `first` of those asked about, in the function's page that `token` asks for, after `skip` of its splits.
struct PagePlace {
  size_t first = 0;
  size_t skip = 0;
  int64_t splits_before = 0;
  int pages = 0;  // of the function, for these partitions
  std::optional<std::string> token;

  std::string ToText() const {
    nlohmann::json json = {first, skip, splits_before, pages};
    json.push_back(token ? nlohmann::json(*token) : nlohmann::json());
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  static Result<PagePlace> Parse(const std::string& text) {
    if (text.empty()) return PagePlace();
    const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    bool good = json.is_array() && json.size() == 5 && (json[4].is_null() || json[4].is_string());
    for (size_t i = 0; good && i < 4; ++i) good = json[i].is_number_unsigned() && json[i].get<uint64_t>() < uint64_t{1} << 31;
    if (!good) return Status::Invalid("the page token \"", text.substr(0, 100), "\" is not one of ours");
    PagePlace place{json[0], json[1], json[2], json[3], std::nullopt};
    if (json[4].is_string()) place.token = json[4];
    return place;
  }
};

// The partitions from `first` on that go into one request.
size_t EndOfRequest(std::span<const LayoutPartition> partitions, size_t first) {
  size_t bytes = 0, end = first;
  while (end < partitions.size() && end - first < kPartitionsPerRequest) {
    const auto row = partitions[end].properties.find(kRowProperty);
    bytes += row == partitions[end].properties.end() ? 0 : row->second.size();
    if (end > first && bytes > kPartitionBytesPerRequest) break;
    ++end;
  }
  return end;
}

class AthenaConnector final : public Connector {
 public:
  explicit AthenaConnector(std::shared_ptr<FunctionClient> client) : client_(std::move(client)) {}

  std::string type_name() const override { return "athena"; }

  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override { return client_->ListSchemas(ctx, NewQueryId()); }

  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("listing tables"));
    LOTIC_ASSIGN_OR_RETURN(const Listing tables, TablesOf(ctx, schema, /*fresh=*/page.page_token.empty()));
    const int limit = page.max_items > 0 ? std::min(page.max_items, kMaxTablesPerPage) : kMaxTablesPerPage;
    TablePage out;
    auto at = std::lower_bound(tables->begin(), tables->end(), TableName{schema, page.page_token});  // the token is the next name
    for (; at != tables->end() && static_cast<int>(out.tables.size()) < limit; ++at) out.tables.push_back(*at);
    if (at != tables->end()) out.next_page = at->table;
    return out;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_ASSIGN_OR_RETURN(const TableName real, Resolve(ctx, name));
    LOTIC_ASSIGN_OR_RETURN(const RemoteTable table, client_->GetTable(ctx, NewQueryId(), real));
    TableInfo info;
    info.name = real;
    Result<Schema> schema = athena::LogicalSchema(table.schema);
    if (!schema.ok()) return schema.status().WithMessage("table ", real.ToString(), " of ", client_->name(), ": ", schema.status().message());
    info.schema = *std::move(schema);
    info.partition_columns = table.partition_columns;
    info.snapshot = SnapshotKind::kNone;
    info.dense_positions = false;
    info.durable_positions = false;
    info.roles = {Role::kBoundedScan, Role::kRemotePlanner};
    info.properties = {{"function", client_->name()}};
    if (!table.partition_columns.empty()) {
      std::string columns;
      for (const std::string& column : table.partition_columns) columns += (columns.empty() ? "" : ", ") + column;
      info.properties["partitioned by"] = columns;
    }
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("planning"));
    const std::string table = request.table.ToString();
    if (request.unbounded) return Status::Invalid("table ", table, " has an end: it cannot be read endlessly");
    if (request.as_of_ms || request.start.kind != ScanStart::Kind::kEarliest) {
      return Status::Invalid("table ", table, " can be read whole only: Athena's protocol knows no time and no place to begin at");
    }
    RemotePlan plan;
    if (request.token.empty()) {
      plan.query_id = NewQueryId();
      LOTIC_ASSIGN_OR_RETURN(plan.table, client_->GetTable(ctx, plan.query_id, request.table));
      LOTIC_ASSIGN_OR_RETURN(plan.takes_limit, TakesLimit(ctx, plan.query_id));
    } else {
      LOTIC_ASSIGN_OR_RETURN(plan, RemotePlan::FromToken(request.token));
      LOTIC_RETURN_NOT_OK(CheckTable(request, plan));
    }
    LOTIC_ASSIGN_OR_RETURN(SentConstraints sent, ChooseConstraints(request, plan.table.schema, plan.takes_limit));
    LOTIC_ASSIGN_OR_RETURN(const athena::Block layout, client_->GetTableLayout(ctx, plan.query_id, plan.table, sent.wire));
    plan.layout = layout.schema;
    Prepared prepared;
    LOTIC_ASSIGN_OR_RETURN(prepared.partitions, PartitionsOf(layout, plan.table.partition_columns));
    prepared.token = request.token.empty() ? plan.ToToken() : request.token;
    prepared.report = std::move(sent.report);
    prepared.attributes = {{"table", table}, {"function", client_->name()}, {"query_id", plan.query_id}};
    prepared.estimate.source = "none: the protocol gives no sizes";
    prepared.estimate.table_partitions = static_cast<int64_t>(prepared.partitions.size());
    return prepared;
  }

  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("listing splits"));
    LOTIC_ASSIGN_OR_RETURN(const RemotePlan plan, RemotePlan::FromToken(request.token));
    LOTIC_RETURN_NOT_OK(CheckTable(request, plan));
    LOTIC_ASSIGN_OR_RETURN(PagePlace place, PagePlace::Parse(page.page_token));
    LOTIC_ASSIGN_OR_RETURN(const SentConstraints sent, ChooseConstraints(request, plan.table.schema, plan.takes_limit));
    const size_t limit = static_cast<size_t>(page.max_items > 0 ? std::min(page.max_items, kSplitsPerPage) : kSplitsPerPage);
    // Splits do not say of which partition they are; several requests over one plan are told apart by the first of theirs.
    std::string group = "0";
    if (!partitions.empty()) {
      const auto number = partitions[0].properties.find(kNumberProperty);
      if (number != partitions[0].properties.end()) group = number->second;
    }
    SplitPage out;
    while (place.first < partitions.size() && out.splits.size() < limit) {
      const size_t end = EndOfRequest(partitions, place.first);
      LOTIC_ASSIGN_OR_RETURN(const RemotePage splits, SplitsOf(ctx, plan, partitions.subspan(place.first, end - place.first), sent.wire, place.token));
      for (; place.skip < splits->splits.size() && out.splits.size() < limit; ++place.skip, ++place.splits_before) {
        Split split{group + "." + std::to_string(place.splits_before),
                    {kStartPosition},
                    Position{kEndPosition},
                    PropertiesOf(splits->splits[place.skip]),
                    request.constraints};
        out.splits.push_back(std::move(split));
      }
      if (place.skip < splits->splits.size()) break;
      place.skip = 0;
      place.token = splits->continuation_token;
      if (place.token) {
        if (++place.pages > kMaxPages) return Status::CapacityError("table ", request.table.ToString(), ": more than ", kMaxPages, " pages of splits");
      } else {
        place.first = end;
        place.pages = 0;
      }
    }
    if (place.first < partitions.size()) out.next_page = place.ToText();
    return out;
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("opening a reader"));
    LOTIC_ASSIGN_OR_RETURN(RemotePlan plan, RemotePlan::FromToken(request.token));
    LOTIC_RETURN_NOT_OK(CheckTable(request, plan));
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, MakeRemoteReader(client_, remainders_, request, std::move(plan)));
    for (const SplitStart& split : splits) {
      LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const uint32_t number, reader->Add(split));
    }
    return reader;
  }

 private:
  using Listing = std::shared_ptr<const std::vector<TableName>>;
  using RemotePage = std::shared_ptr<const athena::GetSplitsResponse>;

  static Status CheckTable(const ScanRequest& request, const RemotePlan& plan) {
    const std::vector<std::string> names = {plan.table.name.ToString()};
    if (ResolveName("table", request.table.ToString(), names).ok()) return Status::OK();
    return Status::Invalid("the snapshot token is one of table ", names[0], ", not of ", request.table.ToString());
  }

  /// The tables of a schema that exists, as listed now or a while ago.
  Result<Listing> TablesOf(const CallContext& ctx, const std::string& schema, bool fresh) {
    if (!fresh) {
      const std::lock_guard lock(mutex_);
      const auto known = listings_.find(schema);
      if (known != listings_.end()) return known->second;
    }
    const std::string query_id = NewQueryId();
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> schemas, client_->ListSchemas(ctx, query_id));
    if (std::find(schemas.begin(), schemas.end(), schema) == schemas.end()) return Status::NotFound("no schema \"", schema, "\" in ", client_->name());
    LOTIC_ASSIGN_OR_RETURN(std::vector<TableName> tables, client_->AllTables(ctx, query_id, schema));
    auto listing = std::make_shared<const std::vector<TableName>>(std::move(tables));
    const std::lock_guard lock(mutex_);
    if (listings_.size() >= kKeptListings) listings_.clear();
    listings_[schema] = listing;
    return Listing(std::move(listing));
  }

  /// The name as the function lists it. One that it does not list is looked for in a fresh listing, and then asked for as written, before it is given up.
  Result<TableName> Resolve(const CallContext& ctx, const TableName& name) {
    {
      const std::lock_guard lock(mutex_);
      const auto known = listings_.find(name.schema);
      if (known != listings_.end() && std::binary_search(known->second->begin(), known->second->end(), name)) return name;
    }
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> schemas, client_->ListSchemas(ctx, NewQueryId()));
    LOTIC_ASSIGN_OR_RETURN(const size_t schema, ResolveName("schema", name.schema, schemas));
    LOTIC_ASSIGN_OR_RETURN(const Listing tables, TablesOf(ctx, schemas[schema], /*fresh=*/true));
    std::vector<std::string> names;
    for (const TableName& table : *tables) names.push_back(table.table);
    const Result<size_t> table = ResolveName("table", name.table, names);
    if (table.ok()) return TableName{schemas[schema], names[*table]};
    if (table.status().code() != StatusCode::kNotFound) return table.status();
    // A function may serve what it does not list (Timestream's supplemental tables): it is asked before the name is given up.
    const TableName asked{schemas[schema], name.table};
    const Result<RemoteTable> unlisted = client_->GetTable(ctx, NewQueryId(), asked);
    if (unlisted.ok()) return unlisted->name;
    LOTIC_RETURN_NOT_OK(ctx.Check("looking for a table"));
    if (unlisted.status().code() == StatusCode::kNotFound) return table.status();
    return unlisted.status().WithMessage(table.status().message(), ", and asked for it all the same, ", client_->name(),
                                         " fails: ", unlisted.status().message());
  }

  Result<bool> TakesLimit(const CallContext& ctx, const std::string& query_id) {
    LOTIC_ASSIGN_OR_RETURN(const auto capabilities, client_->Capabilities(ctx, query_id));
    return std::any_of(capabilities.begin(), capabilities.end(),
                       [](const auto& entry) { return entry.first == "supports_limit_pushdown" && !entry.second.empty(); });
  }

  /// A page of the function's, asked for once: pages of ours that are smaller find it again, with the same keys and places to spill to.
  Result<RemotePage> SplitsOf(const CallContext& ctx, const RemotePlan& plan, std::span<const LayoutPartition> partitions,
                              const athena::WireConstraints& constraints, const std::optional<std::string>& token) {
    std::string key = plan.query_id + (token ? "\n+" + *token : "\n-");
    for (const LayoutPartition& partition : partitions) {
      for (const auto& [name, value] : partition.properties) key += "\n" + value;
    }
    {
      const std::lock_guard lock(mutex_);
      for (const KeptPage& kept : pages_) {
        if (kept.key == key && kept.constraints == constraints) return kept.page;
      }
    }
    LOTIC_ASSIGN_OR_RETURN(const athena::Block block, BlockOf(plan.layout, partitions));
    LOTIC_ASSIGN_OR_RETURN(athena::GetSplitsResponse response, client_->GetSplits(ctx, plan.query_id, plan.table, block, constraints, token));
    auto page = std::make_shared<const athena::GetSplitsResponse>(std::move(response));
    const std::lock_guard lock(mutex_);
    pages_.push_back({std::move(key), constraints, page});
    if (pages_.size() > kKeptSplitPages) pages_.pop_front();
    return RemotePage(std::move(page));
  }

  struct KeptPage {
    std::string key;
    athena::WireConstraints constraints;
    RemotePage page;
  };
  static constexpr size_t kKeptListings = 64;  // schemas; at the limit all are forgotten

  const std::shared_ptr<FunctionClient> client_;
  const std::shared_ptr<Remainders> remainders_ = std::make_shared<Remainders>();
  std::mutex mutex_;  // guards all members below
  std::map<std::string, Listing> listings_;
  std::deque<KeptPage> pages_;
};

}  // namespace

std::shared_ptr<Connector> MakeAthenaConnector(std::shared_ptr<FunctionClient> client) { return std::make_shared<AthenaConnector>(std::move(client)); }

}  // namespace lotic::athena_source
