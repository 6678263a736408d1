// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/table_read.h"

#include <utility>

#include "cli/athena/where_text.h"
#include "scan/certificate.h"

namespace lotic::cli {
namespace {

constexpr size_t kMaxSplits = 1'000'000;

Status Columns(const TableInfo& info, const TableReadRequest& request, ScanRequest* scan, std::vector<size_t>* shown) {
  std::vector<std::string> names;
  for (const Field& field : info.schema.fields) names.push_back(field.name);
  for (const std::string& wanted : request.columns) {
    LOTIC_ASSIGN_OR_RETURN(const size_t index, ResolveName("column", wanted, names));
    scan->layout.fields.push_back(info.schema.fields[index]);
  }
  if (request.columns.empty()) scan->layout.fields = info.schema.fields;
  for (size_t i = 0; i < scan->layout.fields.size(); ++i) shown->push_back(i);
  if (request.where.empty()) return Status::OK();
  LOTIC_ASSIGN_OR_RETURN(scan->constraints, ParseWhere(request.where, info.schema, UnequalNulls::kDrop));
  for (const auto& [name, set] : scan->constraints.columns) {
    if (!scan->layout.IndexOf(name)) scan->layout.fields.push_back(info.schema.fields[*info.schema.IndexOf(name)]);
  }
  return Status::OK();
}

// The rows that satisfy the constraints, at most `left` of them.
Result<Batch> Wanted(const ScanRequest& scan, const Batch& rows, std::optional<int64_t> left) {
  std::vector<uint8_t> keep;
  LOTIC_RETURN_NOT_OK(EvaluateConstraints(scan.constraints, scan.compare, rows, &keep));
  std::vector<int64_t> taken;
  for (int64_t row = 0; row < rows.num_rows() && (!left || static_cast<int64_t>(taken.size()) < *left); ++row) {
    if (keep[static_cast<size_t>(row)] != 0) taken.push_back(row);
  }
  return static_cast<int64_t>(taken.size()) == rows.num_rows() ? rows : rows.Take(taken);
}

}  // namespace

Status ReadTable(const CallContext& ctx, Connector& connector, const TableReadRequest& request, const TableReadTaker& taker, TableCertificate* certificate) {
  LOTIC_ASSIGN_OR_RETURN(const TableInfo info, connector.GetTable(ctx, request.table));
  ScanRequest scan;
  scan.table = info.name;
  std::vector<size_t> shown;
  LOTIC_RETURN_NOT_OK(Columns(info, request, &scan, &shown));
  if (scan.constraints.empty()) scan.limit = request.limit;
  LOTIC_ASSIGN_OR_RETURN(const Prepared prepared, connector.Prepare(ctx, scan));
  scan.token = prepared.token;
  std::vector<SplitStart> starts;
  PageRequest page;
  do {
    LOTIC_ASSIGN_OR_RETURN(SplitPage splits, connector.Splits(ctx, scan, prepared.partitions, page));
    for (Split& split : splits.splits) {
      Position start = split.start;
      starts.push_back({std::move(split), std::move(start)});
    }
    if (starts.size() > kMaxSplits) return Status::CapacityError("table ", info.name.ToString(), " has more than ", kMaxSplits, " splits");
    page.page_token = std::move(splits.next_page);
  } while (!page.page_token.empty());
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, connector.Open(ctx, scan, starts));

  Schema schema;
  for (const size_t column : shown) schema.fields.push_back(scan.layout.fields[column]);
  std::optional<int64_t> left = request.limit;
  const auto read = [&]() -> Status {
    if (taker.begin) LOTIC_RETURN_NOT_OK(taker.begin(schema));
    while (!left || *left > 0) {
      LOTIC_ASSIGN_OR_RETURN(const ReadBatch batch, reader->Next(ctx));
      if (batch.runs.empty()) return Status::OK();
      for (const Run& run : batch.runs) LOTIC_RETURN_NOT_OK(run.status);
      if (!batch.rows) continue;
      LOTIC_ASSIGN_OR_RETURN(const Batch wanted, Wanted(scan, *batch.rows, left));
      if (left) *left -= wanted.num_rows();
      if (wanted.num_rows() > 0) LOTIC_RETURN_NOT_OK(taker.rows(wanted.Select(shown)));
    }
    return Status::OK();
  };
  Status status = read();
  (void)reader->Close(ctx);
  std::vector<SplitCertificate> certificates;
  const bool enough = status.ok() && left && *left == 0;
  for (uint32_t i = 0; i < starts.size(); ++i) {
    SplitCertificate one = reader->Certificate(i);
    if (enough && !one.complete) one.complete = true, one.reason = EndReason::kLimit;
    certificates.push_back(std::move(one));
  }
  *certificate = MakeTableCertificate(prepared, std::move(certificates));
  certificate->version.clear();  // no snapshot that could be read again
  if (status.ok() && !certificate->complete)
    status = Status::DataLoss("the reading of ", info.name.ToString(), " is not complete", certificate->reason.empty() ? "" : ": ", certificate->reason);
  return status;
}

}  // namespace lotic::cli
