// SPDX-License-Identifier: Apache-2.0
#include "cli/topics_command.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/kafka_source.h"
#include "cli/row_writer.h"
#include "cli/text_writers.h"

namespace lotic::cli {
namespace {

Status PrintOffsets(kafka::KafkaConnector& cluster, const CallContext& ctx, const CommandLine& line, ByteSink& sink) {
  std::vector<std::string> topics;
  if (!line.offsets_of->empty()) {
    topics.push_back(*line.offsets_of);
  } else {
    LOTIC_ASSIGN_OR_RETURN(const auto summaries, cluster.TopicSummaries(ctx, /*detect_format=*/false));
    for (const auto& topic : summaries) topics.push_back(topic.name);
  }
  for (const auto& topic : topics) {
    LOTIC_ASSIGN_OR_RETURN(const auto offsets, cluster.TopicOffsets(ctx, topic, line.offsets_earliest));
    for (const auto& each : offsets) {
      LOTIC_RETURN_NOT_OK(sink.Write(topic + ":" + std::to_string(each.partition) + ":" + std::to_string(each.offset) + "\n"));
    }
  }
  return sink.Flush();
}

// The schema document of a topic, as it is sampled now or as --schema gives it.
Status PrintSchema(kafka::KafkaConnector& cluster, const CallContext& ctx, const CommandLine& line, ByteSink& sink) {
  LOTIC_ASSIGN_OR_RETURN(const TableInfo info, cluster.GetTable(ctx, {"default", line.schema_of}));
  LOTIC_RETURN_NOT_OK(sink.Write(info.properties.at("schema_document")));
  return sink.Flush();
}

Status PrintTopics(kafka::KafkaConnector& cluster, const CallContext& ctx, const CommandLine& line, const Console& console, ByteSink& sink) {
  LOTIC_ASSIGN_OR_RETURN(const auto topics, cluster.TopicSummaries(ctx, /*detect_format=*/true));
  RenderOptions options;
  options.header = line.header;
  const auto writer = MakeRowWriter(line.format.value_or(console.out_terminal ? Format::kBox : Format::kJsonl), options, sink);
  const TopicTable table = MakeTopicTable(topics, writer->form());
  LOTIC_RETURN_NOT_OK(writer->Begin(table.columns));
  LOTIC_RETURN_NOT_OK(writer->Rows(table.rows));
  return writer->End();
}

}  // namespace

std::string InstantText(int64_t milliseconds) {
  const int64_t seconds = milliseconds >= 0 ? milliseconds / 1000 : -((999 - milliseconds) / 1000);
  const std::time_t time = seconds;
  std::tm parts{};
  if (gmtime_r(&time, &parts) == nullptr || parts.tm_year + 1900 > 9999) return std::to_string(milliseconds) + " ms";
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(milliseconds - seconds * 1000));
  return text;
}

TopicTable MakeTopicTable(const std::vector<kafka::TopicSummary>& topics, sql::CellForm form) {
  using Cell = std::optional<std::string>;
  const auto text = [&](const std::string& value) { return Cell(form == sql::CellForm::kJson ? JsonString(value) : value); };
  const auto time = [&](const std::optional<int64_t>& value) { return value ? text(InstantText(*value)) : Cell(); };
  const bool problems = std::any_of(topics.begin(), topics.end(), [](const auto& topic) { return !topic.status.ok(); });
  TopicTable table;
  table.columns = {{"topic", "VARCHAR", false}, {"partitions", "INTEGER", true}, {"records", "BIGINT", true},
                   {"first", "VARCHAR", false}, {"last", "VARCHAR", false},      {"format", "VARCHAR", false}};
  if (problems) table.columns.push_back({"problem", "VARCHAR", false});
  table.rows.num_rows = topics.size();
  table.rows.cells.resize(table.columns.size());
  for (const auto& topic : topics) {
    auto& cells = table.rows.cells;
    cells[0].push_back(text(topic.name));
    cells[1].push_back(std::to_string(topic.partitions));
    cells[2].push_back(topic.status.ok() ? Cell(std::to_string(topic.records)) : Cell());
    cells[3].push_back(time(topic.first_ms));
    cells[4].push_back(time(topic.last_ms));
    cells[5].push_back(topic.format.empty() ? Cell() : text(topic.format));
    if (problems) cells[6].push_back(topic.status.ok() ? Cell() : text(topic.status.message()));
  }
  return table;
}

int RunTopicsCommand(const CommandLine& line, const Console& console, Interrupts& interrupts) {
  const auto fail = [&](const Status& status, int code) {
    if (!IsBrokenPipe(status)) console.Say(status.IsCancelled() ? "cancelled\n" : DescribeError(status, "", "", console.color, 0));
    return code;
  };
  std::vector<std::string> warnings;
  const auto options =
      MakeKafkaOptions({.brokers = line.brokers, .config_file = line.config_file, .properties = line.properties, .schema_files = line.schema_files}, &warnings);
  if (!options.ok()) return fail(options.status(), kExitUsage);
  for (const auto& warning : warnings) console.SayLine("warning: " + warning);
  const auto cluster = kafka::MakeKafkaConnector(*options);
  if (!cluster.ok()) return fail(cluster.status(), kExitUsage);

  const QueryScope scope(interrupts);
  CallContext ctx;
  ctx.stop = scope.stop();
  if (line.timeout) ctx = ctx.WithDeadline(std::chrono::steady_clock::now() + *line.timeout);
  FdSink sink(console.out, "standard output", interrupts.wake_fd());
  const Status status = line.offsets_of           ? PrintOffsets(**cluster, ctx, line, sink)
                        : !line.schema_of.empty() ? PrintSchema(**cluster, ctx, line, sink)
                                                  : PrintTopics(**cluster, ctx, line, console, sink);
  if (!status.ok()) return fail(status, ExitCodeFor(status));
  return kExitOk;
}

}  // namespace lotic::cli
