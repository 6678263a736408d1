// SPDX-License-Identifier: Apache-2.0
#include "table/connector.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/crc32c.h"
#include "lotic/counted_splits.h"
#include "lotic/table_properties.h"
#include "scan/certificate.h"
#include "table/data_folder.h"
#include "table/errors_table.h"
#include "table/kept_views.h"
#include "table/segment_reader.h"
#include "table/snapshot.h"
#include "table/table_facts.h"
#include "table/table_plan.h"
#include "table/table_view.h"

namespace lotic::table {
namespace {

using std::chrono::steady_clock;

constexpr int kMaxTablesPerPage = 1000;
constexpr int kMaxSplitsPerPage = 1000;

constexpr const char* kGone = "gone";  // of a partition of a plan: GoneMark

// Tells one set of what is gone from another; empty: nothing is.
std::string GoneMark(const PlannedPartition& partition) {
  if (partition.gone.empty()) return "";
  std::string all;
  for (const PlannedPartition::Gone& gone : partition.gone) all += gone.Where() + "\n";
  return std::to_string(partition.gone.size()) + "-" + std::to_string(Crc32c({reinterpret_cast<const uint8_t*>(all.data()), all.size()}));
}

std::string HostName() {
  char name[256] = "localhost";
  (void)::gethostname(name, sizeof name - 1);
  return std::string("Server_") + name + "_8098";
}

class TablesConnector final : public Connector, public CountedSplits {
 public:
  explicit TablesConnector(TablesConnectorOptions options)
      : options_(std::move(options)), host_name_(options_.host_name.empty() ? HostName() : options_.host_name) {}

  std::string type_name() const override { return kTablesType; }

  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("listing schemas"));
    return std::vector<std::string>{kTablesSchema};
  }

  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("listing tables"));
    if (schema != kTablesSchema) return Status::NotFound("no schema \"", schema, "\"; there is ", kTablesSchema);
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names());
    const auto limit = static_cast<size_t>(page.max_items > 0 ? std::min(page.max_items, kMaxTablesPerPage) : kMaxTablesPerPage);
    TablePage out;
    for (const std::string& name : names) {
      if (name < page.page_token) continue;  // the token is the next name
      if (out.tables.size() == limit) {
        out.next_page = name;
        break;
      }
      out.tables.push_back({kTablesSchema, name});
    }
    return out;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("looking up " + name.ToString()));
    LOTIC_RETURN_NOT_OK(ResolveName("schema", name.schema, {kTablesSchema}).status());
    LOTIC_ASSIGN_OR_RETURN(std::vector<std::string> names, Names());
    // The raw name first; one with its type only where that finds nothing, so that a suggestion shows raw names.
    Result<size_t> found = ResolveName("table", name.table, names);
    if (!found.ok() && found.status().code() == StatusCode::kNotFound) {
      std::vector<std::string> typed;
      for (const std::string& raw : names) typed.push_back(raw + kRealtimeSuffix);
      if (const Result<size_t> by_type = ResolveName("table", name.table, typed); by_type.ok() && names[*by_type] != kErrorsTable) found = by_type;
    }
    LOTIC_RETURN_NOT_OK(found.status());
    if (names[*found] == kErrorsTable) return ErrorsTableInfo();
    LOTIC_ASSIGN_OR_RETURN(TableFacts facts, ReadTableFacts(options_.folder, names[*found]));
    TellHiddenByCase(names[*found], names, &facts.info.properties);  // of before such names were refused
    return std::move(facts.info);
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("planning " + request.table.ToString()));
    LOTIC_RETURN_NOT_OK(CheckStart(request));
    if (request.table.table == kErrorsTable) return PrepareErrors(ctx, options_.folder, request);
    LOTIC_ASSIGN_OR_RETURN(const TableFacts facts, Facts(request));
    LOTIC_ASSIGN_OR_RETURN(const TableFilters filters, TableFilters::Of(request, facts));
    std::shared_ptr<const TableView> view;
    TableSnapshot snapshot;
    if (request.token.empty()) {
      LOTIC_ASSIGN_OR_RETURN(view, TableView::Open(TableFolder(options_.folder, facts.stored.name)));
      snapshot = SnapshotOf(facts, *view);
    } else {
      LOTIC_ASSIGN_OR_RETURN(snapshot, TableSnapshot::Parse(request.token));
      LOTIC_ASSIGN_OR_RETURN(view, ViewOf(facts, request.token));
    }
    LOTIC_ASSIGN_OR_RETURN(const TablePlan plan, PlanTable(facts, *view, snapshot, filters, request));
    LOTIC_RETURN_NOT_OK(CheckWhole(request, plan));
    Prepared prepared;
    prepared.token = snapshot.ToToken();
    views_.Keep(prepared.token, view, steady_clock::now());
    for (const PlannedPartition& partition : plan.partitions) {
      if (!partition.damaged.ok() ||
          std::none_of(partition.segments.begin(), partition.segments.end(), [](const PlannedSegment& segment) { return segment.pruned.empty(); }))
        continue;
      LayoutPartition layout{{Scalar(int64_t{partition.snapshot.partition})}, {}};
      if (!partition.gone.empty()) layout.properties[kGone] = GoneMark(partition);
      prepared.partitions.push_back(std::move(layout));
    }
    prepared.report = ReportOf(request, filters, plan);
    prepared.estimate = EstimateOf(request, filters, plan);
    prepared.left_out = LeftOut(plan);
    prepared.partition_word = "segment";
    prepared.attributes = {{"table", facts.stored.name}, {"table_id", facts.stored.table_id}};
    if (!facts.topic.empty()) prepared.attributes.emplace_back("topic", facts.topic);
    if (!facts.isolation.empty()) prepared.attributes.emplace_back("isolation_level", facts.isolation);
    return prepared;
  }

  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("listing splits of " + request.table.ToString()));
    LOTIC_RETURN_NOT_OK(CheckStart(request));
    if (request.table.table == kErrorsTable) return ErrorSplits(ctx, request, partitions, page);
    LOTIC_ASSIGN_OR_RETURN(const TableSnapshot snapshot, TableSnapshot::Parse(request.token));
    LOTIC_ASSIGN_OR_RETURN(const TableFacts facts, Facts(request));
    LOTIC_ASSIGN_OR_RETURN(const TableFilters filters, TableFilters::Of(request, facts));
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TableView> view, ViewOf(facts, request.token));
    LOTIC_ASSIGN_OR_RETURN(const TablePlan plan, PlanTable(facts, *view, snapshot, filters, request));
    int64_t skip = 0;
    if (!page.page_token.empty()) {
      const char* end = page.page_token.data() + page.page_token.size();
      const auto parsed = std::from_chars(page.page_token.data(), end, skip);
      if (parsed.ec != std::errc() || parsed.ptr != end || skip < 0)
        return Status::Invalid("table ", request.table.table, ": page token '", page.page_token.substr(0, 100), "'");
    }
    const auto limit = static_cast<size_t>(page.max_items > 0 ? std::min(page.max_items, kMaxSplitsPerPage) : kMaxSplitsPerPage);
    SplitPage out;
    int64_t index = 0;
    for (const LayoutPartition& partition : partitions) {
      const int64_t* number = partition.values.size() == 1 ? std::get_if<int64_t>(&partition.values[0]) : nullptr;
      const auto planned = std::find_if(plan.partitions.begin(), plan.partitions.end(),
                                        [&](const PlannedPartition& one) { return number != nullptr && one.snapshot.partition == *number; });
      if (planned == plan.partitions.end()) return Status::Invalid("table ", request.table.table, ": not a partition of this plan");
      LOTIC_RETURN_NOT_OK(CheckAsPlanned(request, partition, *planned));
      // Counted with the pruned ones, so that a page token means the same whatever has been sealed or dropped meanwhile.
      for (const PlannedSegment& segment : planned->segments) {
        if (index++ < skip || !segment.pruned.empty()) continue;
        if (out.splits.size() == limit) {
          out.next_page = std::to_string(index - 1);
          return out;
        }
        Split split = segment.split.ToSplit();
        split.residual = filters.residual;
        out.splits.push_back(std::move(split));
      }
    }
    return out;
  }

  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("opening a reader of " + request.table.ToString()));
    LOTIC_RETURN_NOT_OK(CheckStart(request));
    if (request.table.table == kErrorsTable) return OpenErrors(options_.folder, request, splits);
    LOTIC_RETURN_NOT_OK(TableSnapshot::Parse(request.token).status());
    SegmentReaderParts parts;
    LOTIC_ASSIGN_OR_RETURN(parts.facts, Facts(request));
    LOTIC_ASSIGN_OR_RETURN(parts.view, ViewOf(parts.facts, request.token));
    parts.files = options_.segment_files;
    parts.host_name = host_name_;
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, MakeSegmentReader(std::move(parts), request));
    for (const SplitStart& split : splits) {
      LOTIC_ASSIGN_OR_RETURN([[maybe_unused]] const uint32_t number, reader->Add(split));
    }
    return reader;
  }

  Result<SplitCertificate> CountedCertificate(const CallContext& ctx, const ScanRequest& request, const Split& split) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("counting " + request.table.ToString()));
    LOTIC_ASSIGN_OR_RETURN(const TableFacts facts, Facts(request));
    LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<const TableView> view, ViewOf(facts, request.token));
    return CountedSegment(*view, split);
  }

 private:
  // Raw names and _errors, sorted.
  Result<std::vector<std::string>> Names() const {
    LOTIC_ASSIGN_OR_RETURN(std::vector<std::string> names, ListTableNames(options_.folder));
    names.push_back(kErrorsTable);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<TableFacts> Facts(const ScanRequest& request) const {
    if (request.table.schema != kTablesSchema) return Status::NotFound("no schema \"", request.table.schema, "\"; there is ", kTablesSchema);
    LOTIC_ASSIGN_OR_RETURN(TableFacts facts, ReadTableFacts(options_.folder, request.table.table));
    for (const Field& field : request.layout.fields) LOTIC_RETURN_NOT_OK(facts.IsStored(field).status());
    return facts;
  }

  // The view that a token was given for, as long as it is kept, or the newest. Of a table that was created again: the newest.
  Result<std::shared_ptr<const TableView>> ViewOf(const TableFacts& facts, const std::string& token) {
    if (auto kept = views_.Find(token, steady_clock::now()); kept != nullptr && kept->identity().table_id == facts.stored.table_id) return kept;
    return TableView::Open(TableFolder(options_.folder, facts.stored.name));
  }

  static Status CheckStart(const ScanRequest& request) {
    const std::string& name = request.table.table;
    if (request.unbounded) {
      return Status::NotImplemented("table ", name,
                                    ": endless reading is not served, since rows cannot yet be handed over in the order of their offsets while a segment is "
                                    "sealed; read its topic instead");
    }
    if (request.start.kind != ScanStart::Kind::kEarliest) {
      return Status::NotImplemented("table ", name, ": reading begins with the first row retained; WHERE \"", kRowOffsetColumn,
                                    "\" >= N or a condition on the time column leaves out what lies before");
    }
    if (request.as_of_ms) {
      return Status::NotImplemented(
          "table ", name,
          ": AT (TIMESTAMP => …) is not built yet, since finding that offset would read rows; use AT (VERSION => …) or a condition on the time column");
    }
    return Status::OK();
  }

  // Rows of the snapshot that cannot be had: an error, unless the policy lets them go, with the certificate saying so.
  static Status CheckWhole(const ScanRequest& request, const TablePlan& plan) {
    if (request.policy.on_data_loss == OnDataLoss::kWarn) return Status::OK();
    for (const PlannedPartition& partition : plan.partitions) {
      if (!partition.damaged.ok())
        return Status::DataLoss("table ", request.table.table, ", partition ", partition.snapshot.partition, ": ", partition.damaged.message());
      for (const PlannedPartition::Gone& gone : partition.gone) {
        return Status::DataLoss("table ", request.table.table, ", partition ", partition.snapshot.partition, ": ", gone.Where(),
                                " of the snapshot cannot be read: ", gone.what, gone.to || gone.segments ? "; plan again without the token" : "");
      }
    }
    return Status::OK();
  }

  // What went after the plan is in no certificate: its left_out names only what was gone by then.
  static Status CheckAsPlanned(const ScanRequest& request, const LayoutPartition& layout, const PlannedPartition& planned) {
    const auto at = layout.properties.find(kGone);
    std::string found = planned.damaged.message();
    if (planned.damaged.ok() && GoneMark(planned) != (at == layout.properties.end() ? "" : at->second)) {
      found = planned.gone.empty() ? "what was gone is there again" : planned.gone.back().Where() + ": " + planned.gone.back().what;
    }
    if (found.empty()) return Status::OK();
    return Status::DataLoss("table ", request.table.table, ", partition ", planned.snapshot.partition, " changed since it was planned: ", found,
                            "; plan again with the token to see what it still holds");
  }

  const TablesConnectorOptions options_;
  const std::string host_name_;
  KeptViews views_;
};

}  // namespace

Status TablesConnectorOptions::Validate() const {
  if (folder.empty()) return Status::Invalid("real-time tables: no data directory is given");
  return Status::OK();
}

Result<std::shared_ptr<Connector>> MakeTablesConnector(TablesConnectorOptions options) {
  LOTIC_RETURN_NOT_OK(options.Validate());
  LOTIC_RETURN_NOT_OK(DataFolder::Check(options.folder));
  return std::shared_ptr<Connector>(std::make_shared<TablesConnector>(std::move(options)));
}

}  // namespace lotic::table
