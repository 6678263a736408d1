// SPDX-License-Identifier: Apache-2.0
#include "tests/kafka/topic_reader.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "connector/kafka/columns.h"
#include "scan/certificate.h"
#include "tests/kafka/lab_broker.h"

namespace lotic::kafka_pack {
namespace {

using kafka::MetadataColumn;

/// One batch, its metadata columns found by what they are.
class Rows {
 public:
  explicit Rows(const Batch& batch) : batch_(batch) {}

  std::string Show(int64_t row) const {
    return std::to_string(Number(MetadataColumn::kPartition, row)) + "\t" + std::to_string(Number(MetadataColumn::kOffset, row)) + "\t" +
           std::to_string(Number(MetadataColumn::kTimestampMs, row)) + "\t" + std::string(Of(MetadataColumn::kTimestampType).Text(row)) + "\t" +
           ShowWithText(MetadataColumn::kKeyBytes, MetadataColumn::kKey, row) + "\t" +
           ShowWithText(MetadataColumn::kMessageBytes, MetadataColumn::kMessage, row) + "\t" + Headers(row);
  }
  int64_t Number(MetadataColumn column, int64_t row) const { return Of(column).values<int64_t>()[static_cast<size_t>(row)]; }

  /// Columns that say the same thing in two ways.
  std::string Contradiction(int64_t row, const std::string& topic) const {
    if (Of(MetadataColumn::kTopic).Text(row) != topic) return "_topic";
    const int64_t ms = Number(MetadataColumn::kTimestampMs, row);
    constexpr int64_t kMaxMs = std::numeric_limits<int64_t>::max() / 1000;
    const bool has_time = ms != -1 && ms <= kMaxMs && ms >= -kMaxMs;
    const Column& time = Of(MetadataColumn::kTimestamp);
    if (time.IsNull(row) == has_time) return "_timestamp is NULL or not against _timestamp_ms";
    if (has_time && time.values<int64_t>()[static_cast<size_t>(row)] != ms * 1000) return "_timestamp";
    for (const auto& [length, bytes] :
         {std::pair(MetadataColumn::kKeyLength, MetadataColumn::kKeyBytes), std::pair(MetadataColumn::kMessageLength, MetadataColumn::kMessageBytes)}) {
      if (Of(length).IsNull(row) != Of(bytes).IsNull(row)) return "a length is NULL or not against its bytes";
      if (!Of(length).IsNull(row) && Number(length, row) != static_cast<int64_t>(Of(bytes).Text(row).size())) return "a length";
    }
    return "";
  }

 private:
  const Column& Of(MetadataColumn column) const { return batch_.column(*batch_.schema().IndexOf(kafka::MetadataColumnName(column))); }
  std::string ShowWithText(MetadataColumn bytes, MetadataColumn text, int64_t row) const {
    if (Of(bytes).IsNull(row)) return Of(text).IsNull(row) ? "-\t=" : "-\tnot NULL";
    const std::string_view exact = Of(bytes).Text(row);
    if (Of(text).IsNull(row)) return ShowBytes(exact) + "\tNULL";
    const std::string_view decoded = Of(text).Text(row);
    return ShowBytes(exact) + "\t" + (exact == decoded ? "=" : ShowBytes(decoded));
  }
  std::string Headers(int64_t row) const {
    const Column& map = Of(MetadataColumn::kHeaders);
    const Column& keys = map.children[0];
    const Column& lists = map.children[1];
    std::string shown;
    for (int32_t at = map.offsets()[static_cast<size_t>(row)]; at < map.offsets()[static_cast<size_t>(row) + 1]; ++at) {
      shown += (shown.empty() ? "" : ",") + ShowBytes(keys.Text(at)) + ">";
      const int32_t first = lists.offsets()[static_cast<size_t>(at)];
      for (int32_t i = first; i < lists.offsets()[static_cast<size_t>(at) + 1]; ++i) {
        shown += i == first ? "" : ";";
        shown += lists.children[0].IsNull(i) ? "-" : ShowBytes(lists.children[0].Text(i));
      }
    }
    return shown;
  }

  const Batch& batch_;
};

/// Reads some of the splits to their ends.
void ReadSplits(const CallContext& ctx, Connector& connector, const ScanRequest& request, const std::vector<SplitStart>& starts, bool whole_records,
                Reading* out) {
  Result<std::unique_ptr<Reader>> reader = connector.Open(ctx, request, starts);
  if (!reader.ok()) {
    out->status = reader.status();
    return;
  }
  for (;;) {
    const Result<ReadBatch> batch = (*reader)->Next(ctx);
    if (!batch.ok()) {
      out->status = batch.status();
      break;
    }
    if (batch->runs.empty() && !batch->rows) break;
    int64_t row = 0;
    for (const lotic::Run& run : batch->runs) {
      if (!run.status.ok() && out->status.ok()) out->status = run.status;
      for (int64_t i = 0; whole_records && i < run.num_rows; ++i) {
        const Rows rows(*batch->rows);
        const std::string wrong = rows.Contradiction(row + i, request.table.table);
        ReadRecord record{static_cast<int32_t>(rows.Number(MetadataColumn::kPartition, row + i)), rows.Number(MetadataColumn::kOffset, row + i),
                          rows.Show(row + i)};
        if (!wrong.empty()) out->faults.push_back(wrong + " in " + record.shown);
        if (std::to_string(record.partition) != starts[run.split].split.partition) out->faults.push_back("a row of another split");
        out->records.push_back(std::move(record));
      }
      row += run.num_rows;
    }
    if (row != (batch->rows ? batch->rows->num_rows() : 0)) out->faults.push_back("the runs do not make up the batch");
    if (batch->rows) {
      const Status valid = batch->rows->Validate();
      if (!valid.ok()) out->faults.push_back("a batch is not valid: " + valid.ToString());
    }
    out->rows += row;
  }
  for (uint32_t i = 0; i < starts.size(); ++i) out->certificates.push_back((*reader)->Certificate(i));
  const Status closed = (*reader)->Close(ctx);
  if (!closed.ok() && out->status.ok()) out->status = closed;
}

int64_t OffsetOf(const Position& position) { return std::stoll(position.text); }

}  // namespace

Schema MetadataLayout() {
  Schema layout;
  for (size_t i = 0; i < kafka::kNumMetadataColumns; ++i) {
    layout.fields.push_back(kafka::MetadataField(static_cast<MetadataColumn>(i)));
  }
  return layout;
}

Reading Read(Connector& connector, ScanRequest request, const ReadOptions& options) {
  Reading out;
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + options.time_limit;
  Result<Prepared> prepared = connector.Prepare(ctx, request);
  if (!prepared.ok()) {
    out.status = prepared.status();
    return out;
  }
  out.prepared = *std::move(prepared);
  request.token = out.prepared.token;
  std::string page;
  do {
    const Result<SplitPage> splits = connector.Splits(ctx, request, out.prepared.partitions, {page, 0});
    if (!splits.ok()) {
      out.status = splits.status();
      return out;
    }
    out.splits.insert(out.splits.end(), splits->splits.begin(), splits->splits.end());
    page = splits->next_page;
  } while (!page.empty());
  const bool whole_records = request.layout.fields.size() == kafka::kNumMetadataColumns;
  std::vector<std::vector<SplitStart>> hands(static_cast<size_t>(options.num_readers));
  for (size_t i = 0; i < out.splits.size(); ++i) hands[i % hands.size()].push_back({out.splits[i], out.splits[i].start});
  for (const std::vector<SplitStart>& hand : hands) {
    if (!hand.empty()) ReadSplits(ctx, connector, request, hand, whole_records, &out);
  }
  out.certificates.insert(out.certificates.end(), out.prepared.left_out.begin(), out.prepared.left_out.end());
  int64_t rows = 0;
  for (const SplitCertificate& certificate : out.certificates) {
    const Status adds_up = CheckAccounting(certificate);
    if (!adds_up.ok()) out.faults.push_back(adds_up.ToString());
    if (out.status.ok() && !certificate.complete) out.faults.push_back("not complete: partition " + certificate.partition);
    rows += certificate.rows;
  }
  if (rows != out.rows) out.faults.push_back("certificates speak of " + std::to_string(rows) + " rows, " + std::to_string(out.rows) + " came");
  return out;
}

std::map<int32_t, Range> PlannedRanges(const Reading& reading) {
  std::map<int32_t, Range> ranges;
  for (const SplitCertificate& out : reading.prepared.left_out) {
    ranges[std::stoi(out.partition)] = {OffsetOf(out.planned_start), OffsetOf(*out.planned_end), true};
  }
  for (const Split& split : reading.splits) {
    const Range range{OffsetOf(split.start), OffsetOf(*split.end), false};
    const auto [at, added] = ranges.emplace(std::stoi(split.partition), range);
    if (added) continue;
    at->second.start = std::min(at->second.start, range.start);
    at->second.end = std::max(at->second.end, range.end);
  }
  return ranges;
}

}  // namespace lotic::kafka_pack
