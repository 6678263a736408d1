// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/function_checks.h"

#include <algorithm>

#include "cli/athena/cell_text.h"

namespace lotic::cli {
namespace {

constexpr int64_t kPartitionsSent = 10;

template <typename Request>
Request Begun(const FunctionFacts& facts) {
  Request request;
  request.identity = facts.client().options().identity;
  request.query_id = facts.query_id;
  request.catalog = facts.client().options().catalog;
  return request;
}

}  // namespace

void CheckList::Add(std::string check, Finding finding) {
  const auto known = std::find_if(results_.begin(), results_.end(), [&](const CheckResult& result) { return result.check == check; });
  if (known == results_.end()) {
    results_.push_back({std::move(check), finding.verdict, std::move(finding.detail)});
  } else if (finding.verdict == Verdict::kFail && known->verdict != Verdict::kFail) {
    *known = {std::move(check), finding.verdict, std::move(finding.detail)};
  }
}

bool CheckList::Has(std::string_view check) const {
  return std::any_of(results_.begin(), results_.end(), [&](const CheckResult& result) { return result.check == check; });
}

std::string CheckList::FirstFailed() const {
  const auto failed = std::find_if(results_.begin(), results_.end(), [](const CheckResult& result) { return result.verdict == Verdict::kFail; });
  return failed == results_.end() ? "" : failed->check;
}

bool FunctionFacts::Promises(std::string_view capability, std::string_view sub_type) const {
  for (const auto& [name, entries] : capabilities) {
    if (name == capability && std::any_of(entries.begin(), entries.end(), [&](const athena::Capability& entry) { return entry.sub_type == sub_type; }))
      return true;
  }
  return false;
}

athena::Block FunctionFacts::FewPartitions() const {
  std::vector<int64_t> first;
  for (int64_t row = 0; row < std::min(kPartitionsSent, layout->rows.num_rows()); ++row) first.push_back(row);
  return {layout->schema, layout->rows.Take(first)};
}

athena::PingRequest FunctionFacts::Ping() const { return Begun<athena::PingRequest>(*this); }
athena::ListSchemasRequest FunctionFacts::ListSchemas() const { return Begun<athena::ListSchemasRequest>(*this); }
athena::ListTablesRequest FunctionFacts::ListTables() const {
  auto request = Begun<athena::ListTablesRequest>(*this);
  request.schema_name = schema;
  return request;
}
athena::GetTableRequest FunctionFacts::GetTable() const {
  auto request = Begun<athena::GetTableRequest>(*this);
  request.table = table->name;
  return request;
}
athena::GetTableLayoutRequest FunctionFacts::GetTableLayout() const {
  auto request = Begun<athena::GetTableLayoutRequest>(*this);
  request.table = table->name;
  request.constraints = constraints;
  request.schema = table->schema;
  request.partition_columns = table->partition_columns;
  return request;
}
athena::GetSplitsRequest FunctionFacts::GetSplits() const {
  auto request = Begun<athena::GetSplitsRequest>(*this);
  request.table = table->name;
  request.partitions = FewPartitions();
  request.partition_columns = table->partition_columns;
  request.constraints = constraints;
  return request;
}
athena::ReadRecordsRequest FunctionFacts::ReadRecords(const athena::WireSplit& split) const {
  auto request = Begun<athena::ReadRecordsRequest>(*this);
  request.table = table->name;
  request.schema = table->schema;
  request.split = split;
  request.constraints = constraints;
  request.max_block_size = client().options().max_block_bytes;
  request.max_inline_block_size = client().options().max_inline_bytes;
  return request;
}

Status RunCheck(const CallContext& ctx, const std::string& name, CheckList* list, const std::function<Result<Finding>()>& check) {
  LOTIC_RETURN_NOT_OK(ctx.Check("validating " + name));
  Result<Finding> finding = check();
  if (!finding.ok()) {
    LOTIC_RETURN_NOT_OK(ctx.Check("validating " + name));
    finding = Failed(finding.status().message());
  }
  list->Add(name, *std::move(finding));
  return Status::OK();
}

void AppendRowTexts(const athena::Block& block, const athena::WireSchema& columns, std::vector<std::string>* rows) {
  std::vector<const Column*> cells;
  for (const athena::WireField& field : columns.fields) cells.push_back(&block.rows.column(*block.schema.IndexOf(field.name)));
  for (int64_t row = 0; row < block.rows.num_rows(); ++row) {
    std::string text;
    for (const Column* column : cells) text += CellOf(*column, row, sql::CellForm::kJson).value_or("null") + ",";
    rows->push_back(std::move(text));
  }
}

}  // namespace lotic::cli
