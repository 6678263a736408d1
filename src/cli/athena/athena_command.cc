// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/athena_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "cli/athena/athena_command_line.h"
#include "cli/athena/cell_text.h"
#include "cli/athena/connector_diff.h"
#include "cli/athena/udf_call.h"
#include "cli/certificate_report.h"
#include "cli/console.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/row_writer.h"
#include "connector/athena/athena_connector.h"

namespace lotic::cli {
namespace {

/// One command: where it asks, and where its answer goes.
class AthenaRun {
 public:
  AthenaRun(const AthenaCommandLine& line, const Console& console, const CallContext& ctx, ByteSink& sink)
      : line_(line), console_(console), ctx_(ctx), sink_(sink), query_id_(athena_source::NewQueryId()) {}

  /// @param failed  set when validate or diff has found something.
  Status Run(bool* failed) {
    if (line_.command == AthenaCommand::kValidate) return Validate(failed);
    LOTIC_ASSIGN_OR_RETURN(opened_, OpenTarget(line_.target, environment_));
    switch (line_.command) {
      case AthenaCommand::kPing: return Ping();
      case AthenaCommand::kSchemas: return Schemas();
      case AthenaCommand::kTables: return Tables();
      case AthenaCommand::kTable: return Table();
      case AthenaCommand::kSplits: return Splits();
      case AthenaCommand::kRead: return Read();
      case AthenaCommand::kUdf: return Udf();
      case AthenaCommand::kDiff: return Diff(failed);
      case AthenaCommand::kValidate:
      case AthenaCommand::kHelp: break;
    }
    return Status::OK();
  }

 private:
  athena_source::FunctionClient& client() { return *opened_.client; }

  std::unique_ptr<RowWriter> NewWriter() {
    RenderOptions options;
    options.header = line_.header;
    options.terminal_width = console_.out_terminal ? console_.out_width() : 0;
    return MakeRowWriter(line_.format.value_or(console_.out_terminal ? Format::kBox : Format::kJsonl), options, sink_);
  }
  Status Print(const TextTable& table) {
    const auto writer = NewWriter();
    LOTIC_RETURN_NOT_OK(writer->Begin(table.columns));
    LOTIC_RETURN_NOT_OK(writer->Rows(ChunkOf(table, writer->form())));
    LOTIC_RETURN_NOT_OK(writer->End());
    return sink_.Flush();
  }
  static sql::ResultColumn Text(const char* name) { return {name, "VARCHAR", false}; }
  static sql::ResultColumn Number(const char* name) { return {name, "BIGINT", true}; }

  Status Ping() {
    const auto begun = std::chrono::steady_clock::now();
    LOTIC_ASSIGN_OR_RETURN(const athena::PingResponse pong, client().Ping(ctx_, query_id_));
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun);
    char milliseconds[32];
    std::snprintf(milliseconds, sizeof milliseconds, "%.2f", static_cast<double>(took.count()) / 1000);
    return Print({{Text("function"), Text("source_type"), Number("capabilities"), Number("serde_version"), Number("ms")},
                  {{client().name(), pong.source_type, std::to_string(pong.capabilities), std::to_string(pong.serde_version), milliseconds}}});
  }
  Status Schemas() {
    LOTIC_ASSIGN_OR_RETURN(const auto schemas, client().ListSchemas(ctx_, query_id_));
    TextTable table{{Text("schema")}, {}};
    for (const std::string& schema : schemas) table.rows.push_back({schema});
    return Print(table);
  }
  Status Tables() {
    LOTIC_ASSIGN_OR_RETURN(const auto tables, client().AllTables(ctx_, query_id_, line_.read.table.schema));
    TextTable out{{Text("schema"), Text("table")}, {}};
    for (const TableName& table : tables) out.rows.push_back({table.schema, table.table});
    return Print(out);
  }
  Status Table() {
    LOTIC_ASSIGN_OR_RETURN(const athena_source::RemoteTable table, client().GetTable(ctx_, query_id_, line_.read.table));
    TextTable out{{Text("column"), Text("type"), Text("arrow_type"), {"partition", "BOOLEAN", true}, Text("metadata")}, {}};
    for (const athena::WireField& field : table.schema.fields) {
      athena::WireSchema one;
      one.fields = {field};
      const auto logical = athena::LogicalSchema(one);
      const bool partition = std::find(table.partition_columns.begin(), table.partition_columns.end(), field.name) != table.partition_columns.end();
      nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
      for (const auto& [key, value] : field.metadata) metadata[key] = value;
      std::optional<std::string> shown;
      if (!field.metadata.empty()) shown = metadata.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      out.rows.push_back({field.name, logical.ok() ? std::optional(logical->fields[0].type.ToString()) : std::nullopt, field.type.ToString(),
                          partition ? "true" : "false", shown});
    }
    return Print(out);
  }
  // As an engine plans: the splits of all partitions. Keys are not shown.
  Status Splits() {
    LOTIC_ASSIGN_OR_RETURN(const athena_source::RemoteTable table, client().GetTable(ctx_, query_id_, line_.read.table));
    LOTIC_ASSIGN_OR_RETURN(const athena::Block layout, client().GetTableLayout(ctx_, query_id_, table, {}));
    TextTable out{{Number("page"), Number("split"), Text("spill_location"), {"encrypted", "BOOLEAN", true}, Text("properties")}, {}};
    std::optional<std::string> token;
    for (int page = 0; layout.rows.num_rows() > 0; ++page) {
      if (page == athena_source::kMaxPages) return Status::CapacityError("more than ", page, " pages of splits");
      LOTIC_ASSIGN_OR_RETURN(athena::GetSplitsResponse splits, client().GetSplits(ctx_, query_id_, table, layout, {}, token));
      for (const athena::WireSplit& split : splits.splits) {
        nlohmann::ordered_json properties = nlohmann::ordered_json::object();
        for (const auto& [key, value] : split.properties) properties[key] = value;
        std::optional<std::string> place;
        if (split.spill_location) place = split.spill_location->bucket + "/" + split.spill_location->key;
        out.rows.push_back({std::to_string(page), std::to_string(out.rows.size()), place, split.encryption_key ? "true" : "false",
                            properties.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
      }
      token = std::move(splits.continuation_token);
      if (!token) break;
    }
    return Print(out);
  }
  Status Read() {
    const auto connector = athena_source::MakeAthenaConnector(opened_.client);
    const auto writer = NewWriter();
    TableReadTaker taker;
    taker.begin = [&](const Schema& schema) { return writer->Begin(ResultColumnsOf(schema)); };
    taker.rows = [&](const Batch& rows) { return writer->Rows(ChunkOf(rows, writer->form())); };
    TableCertificate certificate;
    Status status = ReadTable(ctx_, *connector, line_.read, taker, &certificate);
    if (status.ok()) status = writer->End();
    if (status.ok()) status = sink_.Flush();
    if (!certificate.partitions.empty() || status.ok()) {
      const std::string summary = SummaryLine(std::span(&certificate, 1), false);
      if (!line_.quiet && !summary.empty()) console_.SayLine(summary);
      if (!line_.certificate_file.empty()) LOTIC_RETURN_NOT_OK(WriteCertificateFile(line_.certificate_file, std::span(&certificate, 1)));
    }
    return status;
  }
  Status Udf() {
    LOTIC_ASSIGN_OR_RETURN(const UdfCall call, MakeUdfCall(line_.arguments, line_.returns));
    LOTIC_ASSIGN_OR_RETURN(const athena::Block answer, client().CallFunction(ctx_, line_.method, call.input, call.output));
    LOTIC_ASSIGN_OR_RETURN(const Batch rows, athena::UnpackZones(answer));
    const auto writer = NewWriter();
    LOTIC_RETURN_NOT_OK(writer->Begin(ResultColumnsOf(rows.schema())));
    LOTIC_RETURN_NOT_OK(writer->Rows(ChunkOf(rows, writer->form())));
    LOTIC_RETURN_NOT_OK(writer->End());
    return sink_.Flush();
  }
  Status Validate(bool* failed) {
    LOTIC_ASSIGN_OR_RETURN(const auto results, ValidateFunction(ctx_, line_.target, environment_, line_.validator));
    TextTable out{{Text("check"), Text("verdict"), Text("detail")}, {}};
    std::map<Verdict, int> counts;
    for (const CheckResult& result : results) {
      ++counts[result.verdict];
      const char* verdict = result.verdict == Verdict::kPass ? "PASS" : result.verdict == Verdict::kFail ? "FAIL" : "SKIP";
      out.rows.push_back({result.check, verdict, result.detail.empty() ? std::nullopt : std::optional(result.detail)});
    }
    *failed = counts[Verdict::kFail] > 0;
    LOTIC_RETURN_NOT_OK(Print(out));
    if (!line_.quiet) {
      console_.SayLine(std::to_string(counts[Verdict::kPass]) + " passed, " + std::to_string(counts[Verdict::kFail]) + " failed, " +
                       std::to_string(counts[Verdict::kSkip]) + " skipped");
    }
    return Status::OK();
  }
  Status Diff(bool* failed) {
    FunctionTarget right_target = line_.target;
    right_target.target = line_.right;
    LOTIC_ASSIGN_OR_RETURN(const OpenedTarget right, OpenTarget(right_target, environment_));
    LOTIC_ASSIGN_OR_RETURN(const DiffResult diff, DiffTables(ctx_, *athena_source::MakeAthenaConnector(opened_.client),
                                                             *athena_source::MakeAthenaConnector(right.client), line_.read));
    *failed = !diff.same;
    TextTable out{{Text("what"), Text("left"), Text("right"), Text("reason")}, {}};
    const auto cell = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
    for (const Difference& difference : diff.differences)
      out.rows.push_back({difference.what, cell(difference.left), cell(difference.right), difference.reason});
    LOTIC_RETURN_NOT_OK(Print(out));
    if (!line_.quiet) {
      console_.SayLine(std::string(diff.same ? "same" : "different") + ": " + WithThousands(diff.rows_left) + " rows on the left, " +
                       WithThousands(diff.rows_right) + " on the right, " + WithThousands(diff.differing_rows) + " without a counterpart" +
                       (diff.differences.size() >= kMaxShownDifferences ? "; not all are shown" : ""));
    }
    return Status::OK();
  }

  const AthenaCommandLine& line_;
  const Console& console_;
  const CallContext& ctx_;
  ByteSink& sink_;
  const std::string query_id_;
  const aws::Environment environment_ = ProcessEnvironment();
  OpenedTarget opened_;
};

}  // namespace

int RunAthenaCommand(const std::vector<std::string>& args, const Wiring&, Interrupts& interrupts) {
  const Console console = Console::OfProcess(false);
  const auto fail = [&](const Status& status, int code) {
    if (!IsBrokenPipe(status)) console.Say(status.IsCancelled() ? "cancelled\n" : DescribeError(status, "", "", console.color, 0));
    return code;
  };
  const auto line = ParseAthenaCommandLine(args);
  if (!line.ok()) return fail(line.status(), kExitUsage);
  FdSink sink(console.out, "standard output", interrupts.wake_fd());
  if (line->command == AthenaCommand::kHelp) {
    Status status = sink.Write(line->help);
    if (status.ok()) status = sink.Flush();
    return status.ok() ? kExitOk : fail(status, ExitCodeFor(status));
  }
  const QueryScope scope(interrupts);
  CallContext ctx;
  ctx.stop = scope.stop();
  if (line->timeout) ctx = ctx.WithDeadline(std::chrono::steady_clock::now() + *line->timeout);
  bool failed = false;
  const Status status = AthenaRun(*line, console, ctx, sink).Run(&failed);
  if (!status.ok()) return fail(status, ExitCodeFor(status));
  return failed ? kExitError : kExitOk;
}

}  // namespace lotic::cli
