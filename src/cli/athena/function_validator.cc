// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/function_validator.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "athena_protocol/function_error.h"
#include "athena_protocol/ipc.h"
#include "cli/athena/exchange_observer.h"
#include "cli/athena/function_checks.h"
#include "cli/athena/where_text.h"

namespace lotic::cli {
namespace {

constexpr int64_t kMaxBlockBytes = 16'000'000;  // what the engine takes
constexpr size_t kTablesTried = 10;
constexpr size_t kSplitsTried = 100;
constexpr int64_t kMaxRowsCompared = 1'000'000;

bool IsLowerCase(const std::string& name) {
  return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

class Validator {
 public:
  Validator(const CallContext& ctx, const ValidatorOptions& options, const std::string& catalog) : ctx_(ctx), options_(options), observer_(catalog) {}

  Result<std::vector<CheckResult>> Run(FunctionTarget target, const aws::Environment& environment) {
    target.client.identity = {"VALIDATION_ACCOUNT", "VALIDATION_ARN", {}, {}, {}};  // by which a function knows the original's validator
    target.client.observer = [this](const athena_source::Exchange& exchange) { observer_.Observe(exchange); };
    LOTIC_ASSIGN_OR_RETURN(facts_.opened, OpenTarget(target, environment));
    facts_.query_id = athena_source::NewQueryId() + "_validation";
    if (Step(Ping())) {
      Plan();
      LOTIC_RETURN_NOT_OK(ctx_.Check("validating"));
      LOTIC_RETURN_NOT_OK(usage_);
      if (!facts_.read && facts_.unread.empty()) facts_.unread = "not come to: " + list_.FirstFailed() + " failed";
      const auto asked = [&](CheckedPart part) { return options_.part == CheckedPart::kAll || options_.part == part; };
      if (asked(CheckedPart::kRows)) {
        LOTIC_RETURN_NOT_OK(CheckPushdown(ctx_, facts_, &list_));
        LOTIC_RETURN_NOT_OK(CheckBlocks(ctx_, facts_, &list_));
      }
      if (asked(CheckedPart::kRequests)) {
        LOTIC_RETURN_NOT_OK(CheckRequestForms(ctx_, facts_, &list_));
        LOTIC_RETURN_NOT_OK(CheckPassthrough(ctx_, facts_, &list_));
      }
      Step(UnknownRequest());
      if (asked(CheckedPart::kRequests)) LOTIC_RETURN_NOT_OK(CheckDamagedRequests(ctx_, facts_, &list_));  // last: a function may not outlive it
    }
    LOTIC_RETURN_NOT_OK(ctx_.Check("validating"));
    LOTIC_RETURN_NOT_OK(usage_);
    Forms();
    return list_.Take();
  }

 private:
  athena_source::FunctionClient& client() { return *facts_.opened.client; }

  void Begin(const char* check) {
    doing_ = check;
    observer_.Begin();
  }
  // An error belongs to the check that the answer contradicts, or to the one that was about to be judged.
  bool Step(const Status& status) {
    const std::string& contradicted = observer_.contradicted();
    if (!status.ok()) list_.Add(contradicted.empty() || list_.Has(contradicted) ? doing_ : contradicted, Failed(status.message()));
    return status.ok();
  }
  void Stop(const char* check, const char* why) {
    list_.Add(check, NotApplicable(why));
    if (facts_.unread.empty()) facts_.unread = why;
    done_ = true;
  }

  void Plan() {
    if (!Step(Schemas()) || done_ || !Step(Tables()) || done_ || !Step(Table()) || !Constrain() || !Step(Layout()) || done_ || !Step(Splits()) || done_) return;
    if (options_.planning_only) {
      Stop("read_records.answers", "planning only");
    } else {
      Step(Records());
    }
  }

  // What every answer of all these was like; and of checks that were not come to, why.
  void Forms() {
    for (const auto& [message, fault] : observer_.strict_faults()) list_.Judge("strict_form." + message, fault.empty(), fault);
    if (!observer_.strict_faults().empty()) {
      list_.Judge(
          "arrow.messages", observer_.arrow_fault().empty(), observer_.arrow_fault(),
          observer_.legacy_messages() == 0 ? "modern framing" : std::to_string(observer_.legacy_messages()) + " in the legacy framing, which readers take too");
    }
    if (observer_.spilled_blocks() > 0)
      list_.Judge("read_records.block_places", observer_.place_fault().empty(), observer_.place_fault(),
                  std::to_string(observer_.spilled_blocks()) + " spilled blocks");
    const std::string failed = list_.FirstFailed();
    const std::string why = !facts_.unread.empty() ? facts_.unread
                            : failed.empty()       ? options_.part == CheckedPart::kAll ? "nothing of what it is about was seen" : "not asked for"
                                                   : "not come to: " + failed + " failed";
    for (const std::string_view check : AllChecks())
      list_.Add(std::string(check),
                NotApplicable((check == "get_table_layout.constraints" || check == "read_records.constraints") && options_.constraints.empty()
                                  ? "no constraints were given"
                                  : why));
  }

  Status Ping() {
    Begin("ping.answers");
    LOTIC_ASSIGN_OR_RETURN(const athena::PingResponse pong, client().Ping(ctx_, facts_.query_id));
    list_.Add("ping.answers", Passed(pong.source_type ? "source type " + *pong.source_type : "no source type"));
    list_.Judge("ping.echo", pong.query_id == facts_.query_id && pong.catalog == client().options().catalog,
                "catalog \"" + pong.catalog + "\", query id \"" + pong.query_id + "\"");
    Begin("ping.serde_version");
    LOTIC_ASSIGN_OR_RETURN(facts_.serde_version, client().SerdeVersion(ctx_, facts_.query_id));
    list_.Add("ping.serde_version", Passed(std::to_string(pong.serde_version)));
    auto capabilities = client().Capabilities(ctx_, facts_.query_id);
    if (!capabilities.ok()) {
      list_.Add("capabilities.known", Failed(capabilities.status().message()));
      return Status::OK();
    }
    facts_.capabilities = *std::move(capabilities);
    static const std::map<std::string, std::set<std::string>> kKnown = {
        {"supports_filter_pushdown", {"sorted_range_set", "equatable_range_set", "all_or_none_value_set", "nullable_comparison"}},
        {"supports_complex_expression_pushdown", {"supported_function_expression_types"}},
        {"supports_limit_pushdown", {"integer_constant"}},
        {"supports_top_n_pushdown", {"SUPPORTS_ORDER_BY"}},
        {"data_source_hints", {"non_default_collate"}}};
    std::string fault, found;
    for (const auto& [name, entries] : facts_.capabilities) {
      found += (found.empty() ? "" : ", ") + name;
      const auto known = kKnown.find(name);
      for (const athena::Capability& entry : entries) {
        const bool passthrough = entry.sub_type.starts_with("query_passthrough_") && name.find('.') != std::string::npos && IsLowerCase(entry.sub_type);
        if (!passthrough && (known == kKnown.end() || known->second.count(entry.sub_type) == 0))
          fault = name + " / " + entry.sub_type + " is unknown to the engine";
      }
    }
    list_.Judge("capabilities.known", fault.empty(), fault, found.empty() ? "none" : found);
    return Status::OK();
  }

  Status Schemas() {
    Begin("list_schemas.answers");
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> schemas, client().ListSchemas(ctx_, facts_.query_id));
    list_.Add("list_schemas.answers", Passed(std::to_string(schemas.size())));
    list_.Judge("list_schemas.not_empty", !schemas.empty(), "no schema");
    const auto upper = std::find_if_not(schemas.begin(), schemas.end(), IsLowerCase);
    list_.Judge("list_schemas.lower_case", upper == schemas.end(),
                upper == schemas.end() ? "" : "\"" + *upper + "\" cannot be reached: the engine lower-cases names");
    if (schemas.empty() && options_.schema.empty()) {
      Stop("list_tables.answers", "there is no schema to go on with");
    } else {
      facts_.schema = options_.schema.empty() ? *std::min_element(schemas.begin(), schemas.end()) : options_.schema;
    }
    return Status::OK();
  }

  Status Tables() {
    Begin("list_tables.answers");
    LOTIC_ASSIGN_OR_RETURN(facts_.tables, client().AllTables(ctx_, facts_.query_id, facts_.schema));
    const std::vector<TableName>& tables = facts_.tables;
    list_.Add("list_tables.answers", Passed(std::to_string(tables.size()) + " in schema " + facts_.schema));
    list_.Judge("list_tables.not_empty", !tables.empty() || options_.allow_empty_tables, "no table in schema " + facts_.schema);
    const auto upper =
        std::find_if_not(tables.begin(), tables.end(), [](const TableName& table) { return IsLowerCase(table.table) && IsLowerCase(table.schema); });
    list_.Judge("list_tables.lower_case", upper == tables.end(),
                upper == tables.end() ? "" : "\"" + upper->ToString() + "\" cannot be reached: the engine lower-cases names");
    LOTIC_RETURN_NOT_OK(PagedTables(tables));
    if (!options_.table.empty()) {
      chosen_ = TableName{facts_.schema, options_.table};
    } else if (!tables.empty()) {
      chosen_ = FirstWithPartitions(tables);
    } else {
      Stop("get_table.answers", "there is no table");
    }
    return Status::OK();
  }

  // A table without partitions would leave the later steps nothing to judge. Failures are met again, and judged, with the table chosen.
  TableName FirstWithPartitions(const std::vector<TableName>& tables) {
    for (size_t i = 0; i < tables.size() && i < kTablesTried; ++i) {
      const auto table = client().GetTable(ctx_, facts_.query_id, tables[i]);
      if (!table.ok()) return tables[i];
      const auto layout = client().GetTableLayout(ctx_, facts_.query_id, *table, {});
      if (!layout.ok() || layout->rows.num_rows() > 0) return tables[i];
    }
    return tables[0];
  }

  // The same listing in pages of two. A function may ignore the page size; it may not go round in a circle, nor lose or repeat a table.
  Status PagedTables(const std::vector<TableName>& whole) {
    Begin("list_tables.paging");
    std::vector<TableName> paged;
    std::optional<std::string> token;
    std::set<std::string> tokens;
    for (int page = 0; page < kMaxValidatedPages; ++page) {
      LOTIC_ASSIGN_OR_RETURN(athena::ListTablesResponse answer, client().ListTables(ctx_, facts_.query_id, facts_.schema, token, 2));
      paged.insert(paged.end(), answer.tables.begin(), answer.tables.end());
      token = std::move(answer.next_token);
      if (!token) break;
      if (!tokens.insert(*token).second) {
        list_.Add("list_tables.paging", Failed("the page token \"" + *token + "\" comes again"));
        return Status::OK();
      }
      if (paged.size() > whole.size() + 2) break;
    }
    std::sort(paged.begin(), paged.end());
    if (token && paged.size() <= whole.size()) {
      list_.Add("list_tables.paging", NotApplicable("more than " + std::to_string(kMaxValidatedPages) + " pages of two"));
    } else {
      list_.Judge("list_tables.paging", paged == whole,
                  "in pages of two there are " + std::to_string(paged.size()) + " tables, at once " + std::to_string(whole.size()) + ", or others");
    }
    return Status::OK();
  }

  Status Table() {
    Begin("get_table.answers");
    LOTIC_ASSIGN_OR_RETURN(facts_.table, client().GetTable(ctx_, facts_.query_id, chosen_));
    const athena_source::RemoteTable& table = *facts_.table;
    list_.Add("get_table.answers", Passed(std::to_string(table.schema.fields.size()) + " columns of " + chosen_.ToString()));
    list_.Judge("get_table.echo", table.name == chosen_, "\"" + table.name.ToString() + "\" came instead of \"" + chosen_.ToString() + "\"");
    std::string upper, partitions;
    size_t stored = 0;
    for (const athena::WireField& field : table.schema.fields) {
      if (!IsLowerCase(field.name)) upper = field.name;
      const bool is_partition = std::find(table.partition_columns.begin(), table.partition_columns.end(), field.name) != table.partition_columns.end();
      if (!is_partition) ++stored;
      if (is_partition && !athena::MayBePartitionColumn(field.type))
        partitions = "column \"" + field.name + "\" of type " + field.type.ToString() + " cannot be a partition column";
    }
    list_.Judge("get_table.lower_case", upper.empty(), "column \"" + upper + "\" cannot be reached: the engine lower-cases names");
    list_.Judge("get_table.has_columns", stored > 0, "there is no column but partition columns");
    list_.Judge("get_table.partition_column_types", partitions.empty(), partitions);
    const Status types = athena::CheckSupportedColumns(table.schema);
    list_.Judge("get_table.supported_types", types.ok(), types.message());
    return Status::OK();
  }

  bool Constrain() {
    if (options_.constraints.empty()) return true;
    const auto constrain = [&]() -> Status {
      LOTIC_ASSIGN_OR_RETURN(const Schema schema, athena::LogicalSchema(facts_.table->schema));
      LOTIC_ASSIGN_OR_RETURN(const Constraints constraints, ParseWhere(options_.constraints, schema, UnequalNulls::kPass));
      LOTIC_ASSIGN_OR_RETURN(facts_.constraints, athena::ToWireConstraints(constraints, facts_.table->schema));
      return Status::OK();
    };
    usage_ = constrain();
    return usage_.ok();
  }

  Status Layout() {
    Begin("get_table_layout.answers");
    LOTIC_ASSIGN_OR_RETURN(facts_.layout, client().GetTableLayout(ctx_, facts_.query_id, *facts_.table, facts_.constraints));
    const athena::Block& layout = *facts_.layout;
    list_.Add("get_table_layout.answers", Passed(std::to_string(layout.rows.num_rows()) + " partitions"));
    list_.Judge("get_table_layout.not_empty", layout.rows.num_rows() > 0, "no partition: the engine reads nothing");
    std::string fault;
    for (const std::string& column : facts_.table->partition_columns) {
      const athena::WireField& got = layout.schema.fields[*layout.schema.IndexOf(column)];
      const athena::WireField& asked = facts_.table->schema.fields[*facts_.table->schema.IndexOf(column)];
      if (!(got.type == asked.type))
        fault = "partition column \"" + column + "\" is " + got.type.ToString() + " in the layout and " + asked.type.ToString() + " in the table";
    }
    list_.Judge("get_table_layout.partition_columns", fault.empty(), fault);
    std::vector<uint8_t> keep;
    const Status evaluated = athena::EvaluateSummary(facts_.constraints, layout, &keep);
    if (!options_.constraints.empty()) {
      list_.Judge("get_table_layout.constraints", evaluated.ok() && std::all_of(keep.begin(), keep.end(), [](uint8_t kept) { return kept != 0; }),
                  evaluated.ok() ? "a partition does not satisfy the constraints on the partition columns" : evaluated.message());
    }
    if (layout.rows.num_rows() == 0) Stop("get_splits.answers", "there is no partition to ask splits of");
    return Status::OK();
  }

  Status Splits() {
    Begin("get_splits.answers");
    std::vector<athena::WireSplit>& splits = facts_.splits;
    std::optional<std::string> token;
    std::set<std::string> tokens;
    int pages = 0;
    for (; pages < kMaxValidatedPages; ++pages) {
      LOTIC_ASSIGN_OR_RETURN(athena::GetSplitsResponse page,
                             client().GetSplits(ctx_, facts_.query_id, *facts_.table, *facts_.layout, facts_.constraints, token));
      for (athena::WireSplit& split : page.splits) splits.push_back(std::move(split));
      token = std::move(page.continuation_token);
      if (!token || !tokens.insert(*token).second) break;
    }
    list_.Add("get_splits.answers", Passed(std::to_string(splits.size()) + " splits in " + std::to_string(pages + 1) + " pages"));
    list_.Judge("get_splits.paging", !token, token ? "the paging does not end: token \"" + *token + "\"" : "");
    list_.Judge("get_splits.not_empty", !splits.empty(), "no split: the engine reads nothing");
    std::set<std::pair<std::string, std::string>> places;
    std::set<std::pair<std::string, std::string>> keys;
    std::string place_fault, key_fault;
    for (const athena::WireSplit& split : splits) {
      if (split.spill_location) {
        if (!places.emplace(split.spill_location->bucket, split.spill_location->key).second) {
          place_fault = "two splits spill to " + split.spill_location->bucket + "/" + split.spill_location->key + ": they would overwrite each other's blocks";
        } else if (!split.spill_location->directory) {
          place_fault = "the spill location of a split is no directory";
        }
      }
      if (split.encryption_key) {
        const size_t size = split.encryption_key->key.size();
        if ((size != 16 && size != 24 && size != 32) || split.encryption_key->nonce.size() != 12)
          key_fault = "a key of " + std::to_string(size) + " bytes, a nonce of " + std::to_string(split.encryption_key->nonce.size());
        if (!keys.emplace(split.encryption_key->key, split.encryption_key->nonce).second) key_fault = "two splits have one key and nonce";
      }
    }
    list_.Judge("get_splits.spill_locations", place_fault.empty(), place_fault, places.empty() ? "none" : "");
    list_.Judge("get_splits.encryption_keys", key_fault.empty(), key_fault, keys.empty() ? "none: blocks are spilled in plain" : "");
    if (splits.empty()) Stop("read_records.answers", "there is no split to read");
    return Status::OK();
  }

  // The first split with rows, inline if the function likes, and once more with everything spilled.
  Status Records() {
    Begin("read_records.answers");
    size_t chosen = 0;
    ReadSplit read;
    for (size_t i = 0; i < facts_.splits.size() && i < kSplitsTried; ++i) {
      LOTIC_ASSIGN_OR_RETURN(read, Read(facts_.splits[i], client(), /*judge=*/i == 0));
      chosen = i;
      if (read.num_rows > 0) break;
    }
    list_.Add("read_records.answers", Passed(std::to_string(read.num_rows) + " rows in split " + std::to_string(chosen)));
    list_.Judge("read_records.not_empty", read.num_rows > 0, "no row in the first " + std::to_string(chosen + 1) + " splits");
    if (!options_.constraints.empty()) {
      const bool promised =
          facts_.Promises("supports_filter_pushdown", "sorted_range_set") && facts_.Promises("supports_filter_pushdown", "equatable_range_set");
      const std::string left = std::to_string(unfiltered_) + " rows do not satisfy the constraints";
      list_.Judge("read_records.constraints", unfiltered_ == 0 || !promised, left + ", and the function promises to filter",
                  unfiltered_ == 0 ? "every row satisfies them" : left + "; the engine filters");
    }
    facts_.read = std::move(read);
    if (!facts_.read->split.spill_location) {
      list_.Add("read_records.spilled_equal_inline", NotApplicable("the splits have no spill location"));
      return Status::OK();
    }
    Begin("read_records.spilled_equal_inline");
    athena_source::ClientOptions options = client().options();
    options.max_inline_bytes = 0;
    LOTIC_ASSIGN_OR_RETURN(const auto small, client().WithOptions(options));
    LOTIC_ASSIGN_OR_RETURN(const athena::WireSplit again, athena_source::ForOneReading(facts_.read->split));
    const Result<ReadSplit> spilled = Read(again, *small, /*judge=*/false);
    if (!spilled.ok()) return spilled.status();
    const std::vector<std::string> rows = RowTexts(*facts_.read), others = RowTexts(*spilled);
    list_.Judge("read_records.spilled_equal_inline", rows == others,
                std::to_string(others.size()) + " rows spilled, " + std::to_string(rows.size()) + " inline, or others",
                std::to_string(others.size()) + " rows" + (spilled->was_inline ? "; the function answered inline nevertheless" : ""));
    return Status::OK();
  }

  std::vector<std::string> RowTexts(const ReadSplit& read) const {
    std::vector<std::string> rows;
    for (const athena::Block& block : read.blocks) AppendRowTexts(block, facts_.table->schema, &rows);
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  Result<ReadSplit> Read(const athena::WireSplit& split, athena_source::FunctionClient& with, bool judge) {
    LOTIC_ASSIGN_OR_RETURN(const athena_source::RecordAnswer answer,
                           with.ReadRecords(ctx_, facts_.query_id, facts_.table->name, facts_.table->schema, split, facts_.constraints));
    ReadSplit read;
    read.split = split;
    read.was_inline = answer.inline_rows.has_value();
    int64_t largest = 0;
    for (size_t i = 0; i < answer.num_blocks(); ++i) {
      LOTIC_ASSIGN_OR_RETURN(athena::Block block, with.ReadBlock(ctx_, answer, i, nullptr));
      largest = std::max(largest, athena::BlockSizeBytes(block.rows));
      std::vector<uint8_t> keep;
      LOTIC_RETURN_NOT_OK(athena::EvaluateSummary(facts_.constraints, block, &keep));
      unfiltered_ += std::count(keep.begin(), keep.end(), 0);
      read.num_rows += block.rows.num_rows();
      if (read.num_rows > kMaxRowsCompared) return Status::CapacityError("a split has more than ", kMaxRowsCompared, " rows; choose another table");
      read.blocks.push_back(std::move(block));
    }
    if (judge) {
      // That the columns are the same was checked by ReadRecords.
      list_.Add("read_records.schema", Passed(answer.schema.fields == facts_.table->schema.fields
                                                  ? "as the table's"
                                                  : "differs from the table's in nullability, metadata or order, which no reader minds"));
      list_.Judge("read_records.block_size", largest <= kMaxBlockBytes,
                  "a block of " + std::to_string(largest) + " bytes; the engine takes " + std::to_string(kMaxBlockBytes), std::to_string(largest) + " bytes");
    }
    return read;
  }

  Status UnknownRequest() {
    Begin("errors.have_a_qualified_type");
    LOTIC_ASSIGN_OR_RETURN(const athena_source::Invoked invoked, facts_.opened.invoker->Invoke(ctx_, "{\"@type\":\"NoSuchRequest\"}"));
    const auto error = athena::ParseFunctionError(invoked.payload);
    const bool qualified = error.ok() && error->type.find('.') != std::string::npos;
    list_.Judge("errors.have_a_qualified_type", invoked.function_error && qualified,
                invoked.function_error ? "the error of an unknown request has the type \"" + (error.ok() ? error->type : "") + "\""
                                       : "an unknown request was answered without an error",
                error.ok() ? error->type : "");
    return Status::OK();
  }

  const CallContext& ctx_;
  const ValidatorOptions& options_;
  ExchangeObserver observer_;
  CheckList list_;
  FunctionFacts facts_;
  TableName chosen_;
  int64_t unfiltered_ = 0;
  std::string doing_;  // the check to which an error belongs now
  bool done_ = false;  // the later steps have nothing to ask about
  Status usage_;
};

}  // namespace

const std::vector<std::string_view>& AllChecks() {
  static const std::vector<std::string_view> checks = {"ping.answers",
                                                       "ping.echo",
                                                       "ping.serde_version",
                                                       "ping.variants",
                                                       "capabilities.known",
                                                       "list_schemas.answers",
                                                       "list_schemas.not_empty",
                                                       "list_schemas.lower_case",
                                                       "list_tables.answers",
                                                       "list_tables.not_empty",
                                                       "list_tables.lower_case",
                                                       "list_tables.paging",
                                                       "list_tables.variants",
                                                       "get_table.answers",
                                                       "get_table.echo",
                                                       "get_table.lower_case",
                                                       "get_table.has_columns",
                                                       "get_table.partition_column_types",
                                                       "get_table.supported_types",
                                                       "get_table_layout.answers",
                                                       "get_table_layout.not_empty",
                                                       "get_table_layout.partition_columns",
                                                       "get_table_layout.constraints",
                                                       "get_splits.answers",
                                                       "get_splits.not_empty",
                                                       "get_splits.paging",
                                                       "get_splits.spill_locations",
                                                       "get_splits.encryption_keys",
                                                       "read_records.answers",
                                                       "read_records.not_empty",
                                                       "read_records.schema",
                                                       "read_records.block_size",
                                                       "read_records.constraints",
                                                       "read_records.spilled_equal_inline",
                                                       "read_records.projection",
                                                       "read_records.value_sets",
                                                       "read_records.expressions",
                                                       "read_records.limit",
                                                       "read_records.limit_and_order",
                                                       "read_records.no_rows",
                                                       "read_records.inline_limit",
                                                       "read_records.small_blocks",
                                                       "read_records.block_places",
                                                       "requests.versions",
                                                       "requests.unknown_members",
                                                       "requests.numbers",
                                                       "requests.base64",
                                                       "requests.arrow",
                                                       "requests.constraints",
                                                       "requests.malformed",
                                                       "requests.odd_documents",
                                                       "passthrough.capability",
                                                       "passthrough.refusals",
                                                       "udf.unknown_function",
                                                       "errors.have_a_qualified_type",
                                                       "arrow.messages"};
  return checks;
}

Result<std::vector<CheckResult>> ValidateFunction(const CallContext& ctx, const FunctionTarget& target, const aws::Environment& environment,
                                                  const ValidatorOptions& options) {
  return Validator(ctx, options, target.client.catalog).Run(target, environment);
}

}  // namespace lotic::cli
