// SPDX-License-Identifier: Apache-2.0
#include "cli/tables_command.h"

#include <algorithm>

#include "cli/byte_sink.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/row_writer.h"
#include "cli/text_writers.h"
#include "cli/topics_command.h"
#include "lotic/call_context.h"
#include "table/data_folder.h"
#include "table/status_file.h"
#include "table/stored_table.h"
#include "table/table_view.h"

namespace lotic::cli {
namespace {

// The status file is replaced once a second while an ingest runs: an older one was left behind by one that was killed.
constexpr int64_t kStatusIsOldMs = 10'000;

TablePartition Describe(const table::StoredTable& stored, const table::PartitionView& view, const table::StatusFile* status, int64_t now_ms) {
  TablePartition line;
  line.table = stored.raw_name;
  line.partition = view.partition;
  line.state = "OFFLINE";
  line.start = line.end = view.position;
  bool first = true;
  for (const table::SegmentInfo& segment : view.segments) {
    if (segment.state == table::SegmentState::kDropped) continue;
    ++line.segments;
    line.rows += segment.totals.rows;
    line.errors += segment.totals.fates.Dropped() + segment.totals.fates.incomplete;
    if (first) line.start = segment.start;
    first = false;
    line.end = segment.end;
    if (segment.totals.newest_stream_ms >= 0) line.newest_ms = std::max(line.newest_ms.value_or(0), segment.totals.newest_stream_ms);
    if (segment.state == table::SegmentState::kDamaged && line.problem.empty()) line.problem = "segment " + segment.name + " is quarantined: " + segment.damage;
  }
  if (!view.damaged.ok()) line.problem = view.damaged.message();
  if (status == nullptr) return line;
  const bool running = status->running && now_ms - status->written_ms <= kStatusIsOldMs;
  bool told = false;
  for (const table::PartitionStatus& one : status->partitions) {
    if (one.partition != view.partition) continue;
    told = true;
    if (running) line.state = std::string(table::PartitionStateName(one.state));
    if (one.upstream) line.lag = std::max<int64_t>(0, *one.upstream - line.end);
    if (one.upstream && one.heard_ms) line.lag_age_ms = std::max<int64_t>(0, now_ms - *one.heard_ms);
    const bool failing = one.state == table::PartitionState::kDegraded || one.state == table::PartitionState::kStopped;
    if (line.problem.empty() && failing) line.problem = one.error;
    if (line.problem.empty() && status->running && !running) {
      line.problem = "its ingest, process " + std::to_string(status->pid) + ", has said nothing for " + std::to_string((now_ms - status->written_ms) / 1000) +
                     " s: it was killed, or it cannot write";
    }
  }
  if (running && !told && status->left_out > 0) {
    line.state = "UNKNOWN";
    if (line.problem.empty()) line.problem = "status.json has no room for the state of all partitions; /metrics has it";
  }
  return line;
}

Status PrintTables(const CommandLine& line, const Console& console, ByteSink& sink) {
  LOTIC_ASSIGN_OR_RETURN(const auto partitions, ListTablePartitions(line.data_folder, Clock::System().NowMs()));
  RenderOptions options;
  options.header = line.header;
  const auto writer = MakeRowWriter(line.format.value_or(console.out_terminal ? Format::kBox : Format::kJsonl), options, sink);
  const TableList list = MakeTableList(partitions, writer->form());
  LOTIC_RETURN_NOT_OK(writer->Begin(list.columns));
  LOTIC_RETURN_NOT_OK(writer->Rows(list.rows));
  return writer->End();
}

}  // namespace

Result<std::vector<TablePartition>> ListTablePartitions(const std::string& data_folder, int64_t now_ms) {
  LOTIC_RETURN_NOT_OK(table::DataFolder::Check(data_folder));
  LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> tables, table::ListTableNames(data_folder));
  std::vector<TablePartition> lines;
  const auto cannot_read = [&](const std::string& table, const Status& why) {
    TablePartition line;
    line.table = table;
    line.partition = -1;
    line.state = "OFFLINE";
    line.problem = why.message();
    lines.push_back(std::move(line));
  };
  for (const std::string& name : tables) {
    const auto read = table::ReadStoredTable(data_folder, name);
    if (!read.ok()) {
      if (read.status().code() != StatusCode::kNotFound) cannot_read(name, read.status());  // else deleted meanwhile
      continue;
    }
    const table::StoredTable& stored = *read;
    const std::string folder = table::TableFolder(data_folder, stored.name);
    const auto view = table::TableView::Open(folder);
    if (!view.ok()) {
      cannot_read(name, view.status());
      continue;
    }
    const auto status = table::ReadStatusFile(folder);
    for (const table::PartitionView& partition : (*view)->partitions()) {
      lines.push_back(Describe(stored, partition, status.ok() ? &*status : nullptr, now_ms));
      const auto stopped = stored.stopped.find(partition.partition);
      if (stopped != stored.stopped.end() && lines.back().problem.empty()) lines.back().problem = stopped->second.error;
      if (stored.paused && lines.back().state == "OFFLINE") lines.back().state = "OFFLINE (PAUSED)";
    }
  }
  return lines;
}

TableList MakeTableList(const std::vector<TablePartition>& partitions, sql::CellForm form) {
  using Cell = std::optional<std::string>;
  const auto text = [&](const std::string& value) { return Cell(form == sql::CellForm::kJson ? JsonString(value) : value); };
  const auto number = [](const std::optional<int64_t>& value) { return value ? Cell(std::to_string(*value)) : Cell(); };
  const bool problems = std::any_of(partitions.begin(), partitions.end(), [](const auto& line) { return !line.problem.empty(); });
  TableList list;
  list.columns = {{"table", "VARCHAR", false},    {"partition", "INTEGER", true}, {"state", "VARCHAR", false}, {"rows", "BIGINT", true},
                  {"segments", "BIGINT", true},   {"start", "BIGINT", true},      {"end", "BIGINT", true},     {"lag", "BIGINT", true},
                  {"lag_age_ms", "BIGINT", true}, {"newest", "VARCHAR", false},   {"errors", "BIGINT", true}};
  if (problems) list.columns.push_back({"problem", "VARCHAR", false});
  list.rows.num_rows = partitions.size();
  list.rows.cells.resize(list.columns.size());
  for (const TablePartition& line : partitions) {
    auto& cells = list.rows.cells;
    cells[0].push_back(text(line.table));
    cells[1].push_back(line.partition < 0 ? Cell() : number(line.partition));
    cells[2].push_back(text(line.state));
    cells[3].push_back(number(line.rows));
    cells[4].push_back(number(line.segments));
    cells[5].push_back(number(line.start));
    cells[6].push_back(number(line.end));
    cells[7].push_back(number(line.lag));
    cells[8].push_back(number(line.lag_age_ms));
    cells[9].push_back(line.newest_ms ? text(InstantText(*line.newest_ms)) : Cell());
    cells[10].push_back(number(line.errors));
    if (problems) cells[11].push_back(line.problem.empty() ? Cell() : text(line.problem));
  }
  return list;
}

int RunTablesCommand(const CommandLine& line, const Console& console, Interrupts& interrupts) {
  FdSink sink(console.out, "standard output", interrupts.wake_fd());
  const Status status = PrintTables(line, console, sink);
  if (status.ok()) return kExitOk;
  if (!IsBrokenPipe(status)) console.Say(DescribeError(status, "", "", console.color, 0));
  return ExitCodeFor(status);
}

}  // namespace lotic::cli
