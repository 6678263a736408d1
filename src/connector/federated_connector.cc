// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "connector/federated_reader.h"
#include "lotic/federated_source.h"
#include "lotic/scan_json.h"
#include "lotic/table_properties.h"

namespace lotic {
namespace {

constexpr int kMaxSplitsPerPage = 1000;
constexpr int kMaxTablesPerPage = 1000;
constexpr const char* kToken = "federated:1";  // no snapshot: a plan is as good as another

/// Where a page begins: a partition and a split of it, "12:0".
struct PagePlace {
  size_t partition = 0;
  size_t split = 0;
};
Result<PagePlace> ParsePage(const std::string& token) {
  PagePlace place;
  if (token.empty()) return place;
  const char* const end = token.data() + token.size();
  auto parsed = std::from_chars(token.data(), end, place.partition);
  bool ok = parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == ':';
  if (ok) {
    parsed = std::from_chars(parsed.ptr + 1, end, place.split);
    ok = parsed.ec == std::errc() && parsed.ptr == end;
  }
  if (!ok) return Status::Invalid("page token \"", token, "\" is not one of ours");
  return place;
}

/// "year=2012/month=3": what separates is escaped in the values, so that two partitions have two names.
std::string PartitionText(const TableInfo& table, const LayoutPartition& partition) {
  std::string text;
  for (size_t i = 0; i < partition.values.size(); ++i) {
    const std::string& name = table.partition_columns[i];
    text += (i == 0 ? "" : "/") + name + "=";
    for (const char c : ScalarToString(table.schema.fields[*table.schema.IndexOf(name)].type, partition.values[i])) {
      if (c == '/' || c == '#' || c == '%') {
        text += c == '/' ? "%2F" : c == '#' ? "%23" : "%25";
      } else {
        text += c;
      }
    }
  }
  return text.empty() ? "all" : text;
}

class FederatedConnector final : public Connector {
 public:
  explicit FederatedConnector(std::shared_ptr<FederatedSource> source) : source_(std::move(source)) {}

  std::string type_name() const override { return source_->type_name(); }

  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override {
    LOTIC_ASSIGN_OR_RETURN(const std::vector<TableName> tables, Tables(ctx));
    std::vector<std::string> names;
    for (const TableName& table : tables) {
      if (names.empty() || names.back() != table.schema) names.push_back(table.schema);
    }
    return names;
  }

  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_ASSIGN_OR_RETURN(const std::vector<TableName> tables, Tables(ctx));
    const int limit = page.max_items > 0 ? std::min(page.max_items, kMaxTablesPerPage) : kMaxTablesPerPage;
    TablePage out;
    bool known = false;
    for (const TableName& table : tables) {
      if (table.schema != schema) continue;
      known = true;
      if (table.table < page.page_token) continue;  // the token is the next name
      if (static_cast<int>(out.tables.size()) == limit) {
        out.next_page = table.table;
        break;
      }
      out.tables.push_back(table);
    }
    if (!known) return Status::NotFound("no schema \"", schema, "\"");
    return out;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_ASSIGN_OR_RETURN(const std::vector<TableName> tables, Tables(ctx));
    std::vector<std::string> schemas, names;
    for (const TableName& table : tables) {
      if (schemas.empty() || schemas.back() != table.schema) schemas.push_back(table.schema);
    }
    LOTIC_ASSIGN_OR_RETURN(const size_t schema, ResolveName("schema", name.schema, schemas));
    for (const TableName& table : tables) {
      if (table.schema == schemas[schema]) names.push_back(table.table);
    }
    LOTIC_ASSIGN_OR_RETURN(const size_t table, ResolveName("table", name.table, names));
    LOTIC_ASSIGN_OR_RETURN(TableInfo info, source_->Table(ctx, {schemas[schema], names[table]}));
    TellHiddenByCase(names[table], names, &info.properties);
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("planning"));
    const std::string where = "table " + request.table.ToString() + ": ";
    if (request.as_of_ms || request.start.kind != ScanStart::Kind::kEarliest) return Status::Invalid(where, "it has no positions to begin or end at");
    if (request.unbounded) return Status::Invalid(where, "it has an end: it cannot be read endlessly");
    if (!request.arguments.empty()) return Status::Invalid(where, "argument \"", request.arguments.begin()->first, "\": it takes none");
    if (!request.token.empty()) LOTIC_RETURN_NOT_OK(CheckToken(request));
    LOTIC_ASSIGN_OR_RETURN(const TableInfo table, source_->Table(ctx, request.table));
    Prepared plan;
    plan.token = kToken;
    plan.attributes = {{"table", request.table.ToString()}};
    for (const auto& [name, set] : request.constraints.columns) {
      if (!request.layout.IndexOf(name)) return Status::Invalid(where, "constraint on column \"", name, "\", which the layout lacks");
      const bool prunes = std::find(table.partition_columns.begin(), table.partition_columns.end(), name) != table.partition_columns.end();
      plan.report.push_back({name, name, Pushdown::kExact, prunes ? "prunes partitions, applied to every row" : "applied to every row"});
    }
    for (const Expression& expression : request.constraints.expressions) {
      plan.report.push_back({expression.ToString(), "", Pushdown::kExact, "applied to every row"});
    }
    PartitionWriter writer(table, request.constraints, request.compare);
    LOTIC_RETURN_NOT_OK(source_->Partitions(ctx, table, writer));
    plan.estimate.table_partitions = writer.num_offered();
    plan.partitions = writer.Take();
    return plan;
  }

  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(CheckToken(request));
    LOTIC_ASSIGN_OR_RETURN(PagePlace place, ParsePage(page.page_token));
    LOTIC_ASSIGN_OR_RETURN(const TableInfo table, source_->Table(ctx, request.table));
    const size_t limit = static_cast<size_t>(page.max_items > 0 ? std::min(page.max_items, kMaxSplitsPerPage) : kMaxSplitsPerPage);
    SplitPage out;
    for (; place.partition < partitions.size(); ++place.partition, place.split = 0) {
      LOTIC_RETURN_NOT_OK(ctx.Check("listing splits"));
      const LayoutPartition& partition = partitions[place.partition];
      if (partition.values.size() != table.partition_columns.size())
        return Status::Invalid("table ", request.table.ToString(), ": not a partition of this plan");
      LOTIC_ASSIGN_OR_RETURN(const auto splits, source_->Splits(ctx, table, partition));
      const std::string text = PartitionText(table, partition);
      for (; place.split < splits.size(); ++place.split) {
        if (out.splits.size() == limit) {
          out.next_page = std::to_string(place.partition) + ":" + std::to_string(place.split);
          return out;
        }
        out.splits.push_back(MakeFederatedSplit(table, partition, splits.size() == 1 ? text : text + "#" + std::to_string(place.split), splits[place.split]));
      }
    }
    return out;
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("opening a reader"));
    LOTIC_RETURN_NOT_OK(CheckToken(request));
    LOTIC_ASSIGN_OR_RETURN(TableInfo table, source_->Table(ctx, request.table));
    for (const Field& field : request.layout.fields) {
      if (!table.schema.IndexOf(field.name)) return Status::Invalid("table ", request.table.ToString(), " has no column \"", field.name, "\"");
    }
    std::unique_ptr<Reader> reader = MakeFederatedReader(source_, std::move(table), request, ctx);
    for (const SplitStart& split : splits) {
      LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const uint32_t number, reader->Add(split));
    }
    return reader;
  }

 private:
  Result<std::vector<TableName>> Tables(const CallContext& ctx) {
    LOTIC_RETURN_NOT_OK(ctx.Check("listing tables"));
    LOTIC_ASSIGN_OR_RETURN(std::vector<TableName> tables, source_->Tables(ctx));
    std::sort(tables.begin(), tables.end());
    return tables;
  }

  static Status CheckToken(const ScanRequest& request) {
    if (request.token.empty()) return Status::Invalid("table ", request.table.ToString(), ": a snapshot token is needed; Prepare gives it");
    if (request.token == kToken) return Status::OK();
    return Status::Invalid("table ", request.table.ToString(), " has no snapshots to go back to: \"", request.token, "\" is not one of its tokens");
  }

  const std::shared_ptr<FederatedSource> source_;
};

}  // namespace

Status FederatedSource::Partitions(const CallContext&, const TableInfo& table, PartitionWriter& writer) {
  if (!table.partition_columns.empty())
    return Status::NotImplemented("table ", table.name.ToString(), " has partition columns, and its source does not list partitions");
  const Result<bool> added = writer.Add(std::span<const Value>());
  return added.ok() ? Status::OK() : added.status();
}

Result<std::vector<std::map<std::string, std::string>>> FederatedSource::Splits(const CallContext&, const TableInfo&, const LayoutPartition&) {
  return std::vector<std::map<std::string, std::string>>(1);
}

std::shared_ptr<Connector> MakeFederatedConnector(std::shared_ptr<FederatedSource> source) { return std::make_shared<FederatedConnector>(std::move(source)); }

}  // namespace lotic
