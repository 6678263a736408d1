// SPDX-License-Identifier: Apache-2.0
#include "tests/timestream/reading.h"

#include "connector/timestream/timestream_connector.h"

namespace lotic::timestream {

CallContext Soon() {
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  return ctx;
}

std::shared_ptr<Connector> ConnectTo(const std::string& url, const std::string& precision) {
  return AttachTimestream("us-east-1", {{"endpoint", url}, {"time_precision", precision}},
                          {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"}, {"AWS_SECRET_ACCESS_KEY", "fake-secret"}})
      .ValueOrDie();
}

int64_t Scan::num_rows() const {
  int64_t rows = 0;
  for (const Batch& batch : batches) rows += batch.num_rows();
  return rows;
}

ScanRequest RequestFor(const TableInfo& info) {
  ScanRequest request;
  request.table = info.name;
  request.layout = info.schema;
  return request;
}

Result<Scan> ReadAll(Connector& connector, ScanRequest request) {
  Scan scan;
  LOTIC_ASSIGN_OR_RETURN(scan.plan, connector.Prepare(Soon(), request));
  request.token = scan.plan.token;
  LOTIC_ASSIGN_OR_RETURN(const SplitPage page, connector.Splits(Soon(), request, scan.plan.partitions, {}));
  std::vector<SplitStart> starts;
  for (const Split& split : page.splits) starts.push_back({split, split.start});
  LOTIC_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, connector.Open(Soon(), request, starts));
  for (;;) {
    LOTIC_ASSIGN_OR_RETURN(const ReadBatch batch, reader->Next(Soon()));
    if (batch.runs.empty()) break;
    for (const lotic::Run& run : batch.runs) LOTIC_RETURN_NOT_OK(run.status);
    if (!batch.rows) continue;
    LOTIC_RETURN_NOT_OK(batch.rows->Validate());
    std::vector<uint8_t> keep;
    LOTIC_RETURN_NOT_OK(EvaluateConstraints(page.splits[batch.runs[0].split].residual, request.compare, *batch.rows, &keep));
    std::vector<int64_t> kept;
    for (size_t row = 0; row < keep.size(); ++row) {
      if (keep[row] != 0) kept.push_back(static_cast<int64_t>(row));
    }
    scan.batches.push_back(kept.size() == keep.size() ? *batch.rows : batch.rows->Take(kept));
  }
  for (uint32_t i = 0; i < starts.size(); ++i) scan.certificates.push_back(reader->Certificate(i));
  LOTIC_RETURN_NOT_OK(reader->Close(Soon()));
  return scan;
}

std::string Show(const Column& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  if (!column.type.is_nested()) return ScalarToString(column.type, ScalarAt(column, row));
  std::string out = "(";
  if (column.type.id() == TypeId::kStruct) {
    for (const Column& child : column.children) out += Show(child, row) + ",";
  } else {
    for (int32_t at = column.offsets()[static_cast<size_t>(row)]; at < column.offsets()[static_cast<size_t>(row) + 1]; ++at)
      out += Show(column.children[0], at) + ",";
  }
  return out + ")";
}

std::vector<std::string> RowsOf(const std::vector<Batch>& batches) {
  std::vector<std::string> rows;
  for (const Batch& batch : batches) {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string text;
      for (size_t c = 0; c < batch.num_columns(); ++c) text += Show(batch.column(c), row) + "|";
      rows.push_back(std::move(text));
    }
  }
  return rows;
}

}  // namespace lotic::timestream
