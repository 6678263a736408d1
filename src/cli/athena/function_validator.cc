// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/function_validator.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "athena_protocol/function_error.h"
#include "athena_protocol/ipc.h"
#include "athena_protocol/message_json.h"
#include "cli/athena/cell_text.h"
#include "cli/athena/where_text.h"
#include "connector/athena/answer_checks.h"

namespace lotic::cli {
namespace {

constexpr int64_t kMaxBlockBytes = 16'000'000;  // what the engine takes
constexpr size_t kTablesTried = 10;
constexpr size_t kMaxRowsCompared = 1'000'000;

bool IsLowerCase(const std::string& name) {
  return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Every member "schema" and "records" of an answer: the Arrow messages inside.
void CheckMessages(const nlohmann::json& value, std::string* fault, int* legacy) {
  if (value.is_array()) {
    for (const auto& item : value) CheckMessages(item, fault, legacy);
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.items()) {
    if ((name != "schema" && name != "records") || !member.is_string() || member.get_ref<const std::string&>().empty()) {
      CheckMessages(member, fault, legacy);
      continue;
    }
    const auto bytes = athena::DecodeBase64(member.get_ref<const std::string&>());
    if (!bytes.ok()) {
      *fault = name + ": " + bytes.status().message();
    } else if (bytes->substr(0, 4) != "\xFF\xFF\xFF\xFF") {
      ++*legacy;
    }
  }
}

class Validator {
 public:
  Validator(const CallContext& ctx, const ValidatorOptions& options) : ctx_(ctx), options_(options) {}

  Result<std::vector<CheckResult>> Run(FunctionTarget target, const aws::Environment& environment) {
    target.client.observer = [this](const athena_source::Exchange& exchange) { Observe(exchange); };
    LOTIC_ASSIGN_OR_RETURN(opened_, OpenTarget(target, environment));
    query_id_ = athena_source::NewQueryId() + "_validation";
    if (Step(Ping())) {
      Plan();
      Step(UnknownRequest());
    }
    LOTIC_RETURN_NOT_OK(ctx_.Check("validating"));
    LOTIC_RETURN_NOT_OK(usage_);
    for (const auto& [message, fault] : strict_) Add("strict_form." + message, fault.empty() ? Verdict::kPass : Verdict::kFail, fault);
    Judge("arrow.messages", arrow_fault_.empty(), arrow_fault_, legacy_messages_ == 0 ? "modern framing" : std::to_string(legacy_messages_) + " in the legacy framing, which readers take too");
    return std::move(results_);
  }

 private:
  athena_source::FunctionClient& client() { return *opened_.client; }

  void Add(std::string check, Verdict verdict, std::string detail) { results_.push_back({std::move(check), verdict, std::move(detail)}); }
  void Judge(const std::string& check, bool good, const std::string& fault, const std::string& found = "") { Add(check, good ? Verdict::kPass : Verdict::kFail, good ? found : fault); }
  void Begin(const char* check) {
    doing_ = check;
    contradicted_.clear();
  }
  // An error belongs to the check that the answer contradicts, or to the one that was about to be judged.
  bool Step(const Status& status) {
    if (!status.ok()) Add(contradicted_.empty() ? doing_ : contradicted_, Verdict::kFail, status.message());
    return status.ok();
  }

  void Plan() {
    if (!Step(Schemas()) || done_ || !Step(Tables()) || !table_ || !Step(Table()) || !Constrain() || !Step(Layout()) || done_ || !Step(Splits()) || done_) return;
    if (options_.planning_only) {
      Add("read_records.answers", Verdict::kSkip, "planning only");
    } else {
      Step(Records());
    }
  }

  void Observe(const athena_source::Exchange& exchange) {
    if (exchange.function_error) return;
    const std::string name(athena::MessageName(*exchange.request));
    const auto strict = athena::ParseResponse(exchange.response_json, {.strict = true});
    std::string& fault = strict_[name];
    if (!strict.ok() && fault.empty()) fault = strict.status().message();
    const auto json = nlohmann::json::parse(exchange.response_json, nullptr, /*allow_exceptions=*/false);
    CheckMessages(json, &arrow_fault_, &legacy_messages_);
    if (static_cast<int64_t>(exchange.response_json.size()) > athena::kMaxResponseBytes) {
      fault = "the answer has " + std::to_string(exchange.response_json.size()) + " bytes; Lambda passes on at most " + std::to_string(athena::kMaxResponseBytes);
    }
    CheckCatalog(name, json, client().options().catalog);
    const auto response = athena::ParseResponse(exchange.response_json, {});
    contradicted_ = response.ok() ? Contradicted(*exchange.request, *response) : "";
  }

  // The check of ours that an answer fails for which the client may refuse it.
  static std::string Contradicted(const athena::FederationRequest& request, const athena::FederationResponse& response) {
    if (const auto* asked = std::get_if<athena::GetTableRequest>(&request)) {
      const auto* got = std::get_if<athena::GetTableResponse>(&response);
      return got != nullptr && !(got->table == asked->table) ? "get_table.echo" : "";
    }
    if (const auto* asked = std::get_if<athena::GetTableLayoutRequest>(&request)) {
      const auto* got = std::get_if<athena::GetTableLayoutResponse>(&response);
      const auto lacks = [&](const std::string& column) { return got != nullptr && !got->partitions.schema.IndexOf(column); };
      return std::any_of(asked->partition_columns.begin(), asked->partition_columns.end(), lacks) ? "get_table_layout.partition_columns" : "";
    }
    if (const auto* asked = std::get_if<athena::ReadRecordsRequest>(&request)) {
      const auto *rows = std::get_if<athena::ReadRecordsResponse>(&response);
      const auto *remote = std::get_if<athena::RemoteReadRecordsResponse>(&response);
      const athena::WireSchema* got = rows != nullptr ? &rows->records.schema : remote != nullptr ? &remote->schema : nullptr;
      return got != nullptr && !athena_source::CheckRecordSchema(asked->schema, *got).ok() ? "read_records.schema" : "";
    }
    return "";
  }

  void CheckCatalog(const std::string& name, const nlohmann::json& json, const std::string& catalog) {
    if (!json.is_object() || !json.contains("catalogName") || !json["catalogName"].is_string()) return;
    if (json["catalogName"] != catalog && strict_[name].empty()) strict_[name] = "catalogName \"" + json["catalogName"].get<std::string>() + "\" instead of \"" + catalog + "\"";
  }

  Status Ping() {
    Begin("ping.answers");
    LOTIC_ASSIGN_OR_RETURN(const athena::PingResponse pong, client().Ping(ctx_, query_id_));
    Add("ping.answers", Verdict::kPass, pong.source_type ? "source type " + *pong.source_type : "no source type");
    Judge("ping.echo", pong.query_id == query_id_ && pong.catalog == client().options().catalog, "catalog \"" + pong.catalog + "\", query id \"" + pong.query_id + "\"");
    Begin("ping.serde_version");
    LOTIC_RETURN_NOT_OK(client().SerdeVersion(ctx_, query_id_).status());
    Add("ping.serde_version", Verdict::kPass, std::to_string(pong.serde_version));
    Result<std::vector<std::pair<std::string, std::vector<athena::Capability>>>> capabilities = client().Capabilities(ctx_, query_id_);
    if (!capabilities.ok()) {
      Add("capabilities.known", Verdict::kFail, capabilities.status().message());
      return Status::OK();
    }
    static const std::map<std::string, std::set<std::string>> kKnown = {
        {"supports_filter_pushdown", {"sorted_range_set", "equatable_range_set", "all_or_none_value_set", "nullable_comparison"}},
        {"supports_complex_expression_pushdown", {"supported_function_expression_types"}},
        {"supports_limit_pushdown", {"integer_constant"}},
        {"supports_top_n_pushdown", {"SUPPORTS_ORDER_BY"}},
        {"data_source_hints", {"non_default_collate"}}};
    std::string fault, found;
    for (const auto& [name, entries] : *capabilities) {
      found += (found.empty() ? "" : ", ") + name;
      const auto known = kKnown.find(name);
      for (const athena::Capability& entry : entries) {
        if (name == "supports_filter_pushdown") filters_.insert(entry.sub_type);
        const bool passthrough = entry.sub_type.starts_with("query_passthrough_") && name.find('.') != std::string::npos && IsLowerCase(entry.sub_type);
        if (!passthrough && (known == kKnown.end() || known->second.count(entry.sub_type) == 0)) fault = name + " / " + entry.sub_type + " is unknown to the engine";
      }
    }
    Judge("capabilities.known", fault.empty(), fault, found.empty() ? "none" : found);
    return Status::OK();
  }

  Status Schemas() {
    Begin("list_schemas.answers");
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> schemas, client().ListSchemas(ctx_, query_id_));
    Add("list_schemas.answers", Verdict::kPass, std::to_string(schemas.size()));
    Judge("list_schemas.not_empty", !schemas.empty(), "no schema");
    const auto upper = std::find_if_not(schemas.begin(), schemas.end(), IsLowerCase);
    Judge("list_schemas.lower_case", upper == schemas.end(), upper == schemas.end() ? "" : "\"" + *upper + "\" cannot be reached: the engine lower-cases names");
    done_ = schemas.empty() && options_.schema.empty();
    if (done_) {
      Add("list_tables.answers", Verdict::kSkip, "there is no schema to go on with");
      return Status::OK();
    }
    schema_ = options_.schema.empty() ? *std::min_element(schemas.begin(), schemas.end()) : options_.schema;
    return Status::OK();
  }

  Status Tables() {
    Begin("list_tables.answers");
    LOTIC_ASSIGN_OR_RETURN(const std::vector<TableName> tables, client().AllTables(ctx_, query_id_, schema_));
    Add("list_tables.answers", Verdict::kPass, std::to_string(tables.size()) + " in schema " + schema_);
    Judge("list_tables.not_empty", !tables.empty() || options_.allow_empty_tables, "no table in schema " + schema_);
    const auto upper = std::find_if_not(tables.begin(), tables.end(), [](const TableName& table) { return IsLowerCase(table.table) && IsLowerCase(table.schema); });
    Judge("list_tables.lower_case", upper == tables.end(), upper == tables.end() ? "" : "\"" + upper->ToString() + "\" cannot be reached: the engine lower-cases names");
    LOTIC_RETURN_NOT_OK(PagedTables(tables));
    if (!options_.table.empty()) {
      table_ = TableName{schema_, options_.table};
    } else if (!tables.empty()) {
      table_ = FirstWithPartitions(tables);
    } else {
      Add("get_table.answers", Verdict::kSkip, "there is no table");
    }
    return Status::OK();
  }

  // A table without partitions would leave the later steps nothing to judge. Failures are met again, and judged, with the table chosen.
  TableName FirstWithPartitions(const std::vector<TableName>& tables) {
    for (size_t i = 0; i < tables.size() && i < kTablesTried; ++i) {
      const auto table = client().GetTable(ctx_, query_id_, tables[i]);
      if (!table.ok()) return tables[i];
      const auto layout = client().GetTableLayout(ctx_, query_id_, *table, {});
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
      LOTIC_ASSIGN_OR_RETURN(athena::ListTablesResponse answer, client().ListTables(ctx_, query_id_, schema_, token, 2));
      paged.insert(paged.end(), answer.tables.begin(), answer.tables.end());
      token = std::move(answer.next_token);
      if (!token) break;
      if (!tokens.insert(*token).second) {
        Add("list_tables.paging", Verdict::kFail, "the page token \"" + *token + "\" comes again");
        return Status::OK();
      }
      if (paged.size() > whole.size() + 2) break;
    }
    std::sort(paged.begin(), paged.end());
    if (token && paged.size() <= whole.size()) {
      Add("list_tables.paging", Verdict::kSkip, "more than " + std::to_string(kMaxValidatedPages) + " pages of two");
    } else {
      Judge("list_tables.paging", paged == whole, "in pages of two there are " + std::to_string(paged.size()) + " tables, at once " + std::to_string(whole.size()) + ", or others");
    }
    return Status::OK();
  }

  Status Table() {
    Begin("get_table.answers");
    LOTIC_ASSIGN_OR_RETURN(remote_, client().GetTable(ctx_, query_id_, *table_));
    Add("get_table.answers", Verdict::kPass, std::to_string(remote_.schema.fields.size()) + " columns of " + table_->ToString());
    Judge("get_table.echo", remote_.name == *table_, "\"" + remote_.name.ToString() + "\" came instead of \"" + table_->ToString() + "\"");
    std::string upper, partitions;
    size_t stored = 0;
    for (const athena::WireField& field : remote_.schema.fields) {
      if (!IsLowerCase(field.name)) upper = field.name;
      const bool is_partition = std::find(remote_.partition_columns.begin(), remote_.partition_columns.end(), field.name) != remote_.partition_columns.end();
      if (!is_partition) ++stored;
      if (is_partition && !athena::MayBePartitionColumn(field.type)) partitions = "column \"" + field.name + "\" of type " + field.type.ToString() + " cannot be a partition column";
    }
    Judge("get_table.lower_case", upper.empty(), "column \"" + upper + "\" cannot be reached: the engine lower-cases names");
    Judge("get_table.has_columns", stored > 0, "there is no column but partition columns");
    Judge("get_table.partition_column_types", partitions.empty(), partitions);
    const Status types = athena::CheckSupportedColumns(remote_.schema);
    Judge("get_table.supported_types", types.ok(), types.message());
    return Status::OK();
  }

  bool Constrain() {
    if (options_.constraints.empty()) return true;
    const auto constrain = [&]() -> Status {
      LOTIC_ASSIGN_OR_RETURN(const Schema schema, athena::LogicalSchema(remote_.schema));
      LOTIC_ASSIGN_OR_RETURN(const Constraints constraints, ParseWhere(options_.constraints, schema, UnequalNulls::kPass));
      LOTIC_ASSIGN_OR_RETURN(constraints_, athena::ToWireConstraints(constraints, remote_.schema));
      return Status::OK();
    };
    usage_ = constrain();
    return usage_.ok();
  }

  Status Layout() {
    Begin("get_table_layout.answers");
    LOTIC_ASSIGN_OR_RETURN(layout_, client().GetTableLayout(ctx_, query_id_, remote_, constraints_));
    Add("get_table_layout.answers", Verdict::kPass, std::to_string(layout_->rows.num_rows()) + " partitions");
    Judge("get_table_layout.not_empty", layout_->rows.num_rows() > 0, "no partition: the engine reads nothing");
    std::string fault;
    for (const std::string& column : remote_.partition_columns) {
      const athena::WireField& got = layout_->schema.fields[*layout_->schema.IndexOf(column)];
      const athena::WireField& asked = remote_.schema.fields[*remote_.schema.IndexOf(column)];
      if (!(got.type == asked.type)) fault = "partition column \"" + column + "\" is " + got.type.ToString() + " in the layout and " + asked.type.ToString() + " in the table";
    }
    Judge("get_table_layout.partition_columns", fault.empty(), fault);
    std::vector<uint8_t> keep;
    const Status evaluated = athena::EvaluateSummary(constraints_, *layout_, &keep);
    if (!options_.constraints.empty()) {
      Judge("get_table_layout.constraints", evaluated.ok() && std::all_of(keep.begin(), keep.end(), [](uint8_t kept) { return kept != 0; }),
            evaluated.ok() ? "a partition does not satisfy the constraints on the partition columns" : evaluated.message());
    }
    done_ = layout_->rows.num_rows() == 0;
    if (done_) Add("get_splits.answers", Verdict::kSkip, "there is no partition to ask splits of");
    return Status::OK();
  }

  Status Splits() {
    Begin("get_splits.answers");
    std::optional<std::string> token;
    std::set<std::string> tokens;
    int pages = 0;
    for (; pages < kMaxValidatedPages; ++pages) {
      LOTIC_ASSIGN_OR_RETURN(athena::GetSplitsResponse page, client().GetSplits(ctx_, query_id_, remote_, *layout_, constraints_, token));
      for (athena::WireSplit& split : page.splits) splits_.push_back(std::move(split));
      token = std::move(page.continuation_token);
      if (!token || !tokens.insert(*token).second) break;
    }
    Add("get_splits.answers", Verdict::kPass, std::to_string(splits_.size()) + " splits in " + std::to_string(pages + 1) + " pages");
    Judge("get_splits.paging", !token, token ? "the paging does not end: token \"" + *token + "\"" : "");
    Judge("get_splits.not_empty", !splits_.empty(), "no split: the engine reads nothing");
    std::set<std::pair<std::string, std::string>> places;
    std::set<std::pair<std::string, std::string>> keys;
    std::string place_fault, key_fault;
    for (const athena::WireSplit& split : splits_) {
      if (split.spill_location) {
        if (!places.emplace(split.spill_location->bucket, split.spill_location->key).second) {
          place_fault = "two splits spill to " + split.spill_location->bucket + "/" + split.spill_location->key + ": they would overwrite each other's blocks";
        } else if (!split.spill_location->directory) {
          place_fault = "the spill location of a split is no directory";
        }
      }
      if (split.encryption_key) {
        const size_t size = split.encryption_key->key.size();
        if ((size != 16 && size != 24 && size != 32) || split.encryption_key->nonce.size() != 12) key_fault = "a key of " + std::to_string(size) + " bytes, a nonce of " + std::to_string(split.encryption_key->nonce.size());
        if (!keys.emplace(split.encryption_key->key, split.encryption_key->nonce).second) key_fault = "two splits have one key and nonce";
      }
    }
    Judge("get_splits.spill_locations", place_fault.empty(), place_fault, places.empty() ? "none" : "");
    Judge("get_splits.encryption_keys", key_fault.empty(), key_fault, keys.empty() ? "none: blocks are spilled in plain" : "");
    done_ = splits_.empty();
    if (done_) Add("read_records.answers", Verdict::kSkip, "there is no split to read");
    return Status::OK();
  }

  // The first split with rows, inline if the function likes, and once more with everything spilled.
  Status Records() {
    Begin("read_records.answers");
    std::vector<std::string> rows;
    size_t chosen = 0;
    for (size_t i = 0; i < splits_.size() && i < 100; ++i) {
      LOTIC_RETURN_NOT_OK(Read(splits_[i], client(), /*judge=*/i == 0, &rows));
      chosen = i;
      if (!rows.empty()) break;
    }
    Add("read_records.answers", Verdict::kPass, std::to_string(rows.size()) + " rows in split " + std::to_string(chosen));
    Judge("read_records.not_empty", !rows.empty(), "no row in the first " + std::to_string(chosen + 1) + " splits");
    if (!options_.constraints.empty()) {
      const bool promised = filters_.count("sorted_range_set") != 0 && filters_.count("equatable_range_set") != 0;
      const std::string left = std::to_string(unfiltered_) + " rows do not satisfy the constraints";
      Judge("read_records.constraints", unfiltered_ == 0 || !promised, left + ", and the function promises to filter", unfiltered_ == 0 ? "every row satisfies them" : left + "; the engine filters");
    }
    const athena::WireSplit& split = splits_[chosen];
    if (!split.spill_location) {
      Add("read_records.spilled_equal_inline", Verdict::kSkip, "the splits have no spill location");
      return Status::OK();
    }
    Begin("read_records.spilled_equal_inline");
    athena_source::ClientOptions options = client().options();
    options.max_inline_bytes = 0;
    LOTIC_ASSIGN_OR_RETURN(const auto small, client().WithOptions(options));
    std::vector<std::string> spilled;
    LOTIC_ASSIGN_OR_RETURN(const athena::WireSplit again, athena_source::ForOneReading(split));
    const Status read = Read(again, *small, /*judge=*/false, &spilled);
    std::sort(rows.begin(), rows.end());
    std::sort(spilled.begin(), spilled.end());
    Judge("read_records.spilled_equal_inline", read.ok() && rows == spilled,
          read.ok() ? std::to_string(spilled.size()) + " rows spilled, " + std::to_string(rows.size()) + " inline, or others" : read.message(),
          std::to_string(spilled.size()) + " rows" + (last_spilled_ ? "" : "; the function answered inline nevertheless"));
    return Status::OK();
  }

  Status Read(const athena::WireSplit& split, athena_source::FunctionClient& with, bool judge, std::vector<std::string>* rows) {
    LOTIC_ASSIGN_OR_RETURN(const athena_source::RecordAnswer answer, with.ReadRecords(ctx_, query_id_, remote_.name, remote_.schema, split, constraints_));
    last_spilled_ = !answer.inline_rows;
    int64_t largest = 0;
    for (size_t i = 0; i < answer.num_blocks(); ++i) {
      LOTIC_ASSIGN_OR_RETURN(const athena::Block block, with.ReadBlock(ctx_, answer, i, nullptr));
      largest = std::max(largest, athena::BlockSizeBytes(block.rows));
      std::vector<uint8_t> keep;
      LOTIC_RETURN_NOT_OK(athena::EvaluateSummary(constraints_, block, &keep));
      unfiltered_ += std::count(keep.begin(), keep.end(), 0);
      if (rows->size() + static_cast<size_t>(block.rows.num_rows()) > kMaxRowsCompared) return Status::CapacityError("a split has more than ", kMaxRowsCompared, " rows; choose another table");
      for (int64_t row = 0; row < block.rows.num_rows(); ++row) {
        std::string text;
        for (const athena::WireField& field : remote_.schema.fields) {
          const Column& column = block.rows.column(*block.schema.IndexOf(field.name));
          text += CellOf(column, row, sql::CellForm::kJson).value_or("null") + ",";
        }
        rows->push_back(std::move(text));
      }
    }
    if (judge) {
      // That the columns are the same was checked by ReadRecords.
      Add("read_records.schema", Verdict::kPass,
          answer.schema.fields == remote_.schema.fields ? "as the table's" : "differs from the table's in nullability, metadata or order, which no reader minds");
      Judge("read_records.block_size", largest <= kMaxBlockBytes, "a block of " + std::to_string(largest) + " bytes; the engine takes " + std::to_string(kMaxBlockBytes), std::to_string(largest) + " bytes");
    }
    return Status::OK();
  }

  Status UnknownRequest() {
    Begin("errors.have_a_qualified_type");
    LOTIC_ASSIGN_OR_RETURN(const athena_source::Invoked invoked, opened_.invoker->Invoke(ctx_, "{\"@type\":\"NoSuchRequest\"}"));
    const auto error = athena::ParseFunctionError(invoked.payload);
    const bool qualified = error.ok() && error->type.find('.') != std::string::npos;
    Judge("errors.have_a_qualified_type", invoked.function_error && qualified,
          invoked.function_error ? "the error of an unknown request has the type \"" + (error.ok() ? error->type : "") + "\"" : "an unknown request was answered without an error",
          error.ok() ? error->type : "");
    return Status::OK();
  }

  const CallContext& ctx_;
  const ValidatorOptions& options_;
  OpenedTarget opened_;
  std::string query_id_;
  std::string schema_;
  std::optional<TableName> table_;
  athena_source::RemoteTable remote_;
  athena::WireConstraints constraints_;
  std::optional<athena::Block> layout_;
  std::vector<athena::WireSplit> splits_;
  std::set<std::string> filters_;  // promised sub types
  int64_t unfiltered_ = 0;
  bool last_spilled_ = false;
  std::string doing_;         // the check to which an error belongs now
  std::string contradicted_;  // the one that the last answer fails, if any
  bool done_ = false;  // the later steps have nothing to ask about
  Status usage_;
  std::map<std::string, std::string> strict_;  // by request: the first fault of its answers, empty if none
  std::string arrow_fault_;
  int legacy_messages_ = 0;
  std::vector<CheckResult> results_;
};

}  // namespace

Result<std::vector<CheckResult>> ValidateFunction(const CallContext& ctx, const FunctionTarget& target, const aws::Environment& environment, const ValidatorOptions& options) {
  return Validator(ctx, options).Run(target, environment);
}

}  // namespace lotic::cli
