// SPDX-License-Identifier: Apache-2.0
#include "cli/athena/athena_command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/command_line.h"
#include "lotic/type.h"

namespace lotic::cli {
namespace {

constexpr const char* kIntroduction =
    "Plays Amazon Athena against a connector: a Lambda function of the query federation protocol, wherever it runs.\n\n"
    "  lotic athena read --target http://127.0.0.1:9001 --schema default --table orders --where \"qty > 5\"\n"
    "  lotic athena validate --target http://127.0.0.1:9001      every step and every promise, checked\n"
    "  lotic athena diff --left URL --right URL --table orders   two connectors side by side\n"
    "  lotic athena ping|schemas|tables|table|splits|udf ...     one request, its answer as a table\n";

constexpr const char* kFooter =
    "\nA target is an address of an invoke endpoint, or a command that speaks Lambda's runtime interface (lotic-athena, a Java runtime).\n"
    "Spilled blocks are read from S3 as AWS_REGION, AWS_ENDPOINT_URL_S3 and the key variables say, or from the directory of a function on this machine.\n"
    "Exit codes: as lotic --help says; validate and diff: 1 when a check failed or the sides differ.";

const std::map<std::string, AthenaCommand>& Commands() {
  static const std::map<std::string, AthenaCommand> commands = {
      {"ping", AthenaCommand::kPing},   {"schemas", AthenaCommand::kSchemas},   {"tables", AthenaCommand::kTables},
      {"table", AthenaCommand::kTable}, {"splits", AthenaCommand::kSplits},     {"read", AthenaCommand::kRead},
      {"udf", AthenaCommand::kUdf},     {"validate", AthenaCommand::kValidate}, {"diff", AthenaCommand::kDiff}};
  return commands;
}

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    std::string part = text.substr(at, comma - at);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (!part.empty()) parts.push_back(std::move(part));
    at = comma + 1;
  }
  return parts;
}

Status NearestOf(const std::string& what, const std::string& wrong, const std::vector<std::string>& known) {
  const auto near = NearestNames(wrong, known, 1);
  return Status::Invalid("lotic athena: unknown ", what, " ", wrong, near.empty() ? "" : ": did you mean " + near[0] + "?",
                         " (lotic athena --help lists them)");
}

}  // namespace

Result<AthenaCommandLine> ParseAthenaCommandLine(const std::vector<std::string>& args) {
  AthenaCommandLine line;
  CLI::App app(kIntroduction, "lotic athena");
  app.footer(kFooter);
  app.allow_extras();
  app.set_help_flag();
  app.get_formatter()->column_width(34);
  const auto single = CLI::MultiOptionPolicy::TakeLast;
  std::string command, columns, format, timeout, left, only;
  int64_t limit = -1;
  bool help = false, no_header = false;
  app.add_option("COMMAND", command, "read, validate, diff, ping, schemas, tables, table, splits or udf")->type_name("");
  app.add_option("--target,-f,--lambda-func", line.target.target, "The function: an http address, or a command")
      ->type_name("URL|COMMAND")
      ->multi_option_policy(single);
  app.add_option("-r,--record-func", line.target.record_target, "Another function that answers ReadRecords")
      ->type_name("URL|COMMAND")
      ->multi_option_policy(single);
  app.add_option("--left", left, "With diff: one side")->type_name("URL|COMMAND")->multi_option_policy(single);
  app.add_option("--right", line.right, "With diff: the other side")->type_name("URL|COMMAND")->multi_option_policy(single);
  app.add_option("--catalog", line.target.client.catalog, "The catalog's name in the requests (default lotic)")->type_name("NAME")->multi_option_policy(single);
  app.add_option("-s,--schema", line.read.table.schema, "The schema (read and diff: default is \"default\"; validate: the first)")
      ->type_name("NAME")
      ->multi_option_policy(single);
  app.add_option("-t,--table", line.read.table.table, "The table (validate: default is the first)")->type_name("NAME")->multi_option_policy(single);
  app.add_option("--where,-c,--constraints", line.read.where, "Constraints: column op value, joined by commas or AND; IS NULL; IN (...)")
      ->type_name("TEXT")
      ->multi_option_policy(single);
  app.add_option("--columns", columns, "Only these columns, comma-separated")->type_name("NAMES")->multi_option_policy(single);
  app.add_option("--limit", limit, "At most so many rows")->type_name("N")->multi_option_policy(single);
  app.add_option("--serde", line.target.client.max_serde_version, "Speak at most this serde version, 2 to 6")->type_name("N")->multi_option_policy(single);
  app.add_option("--inline-bytes", line.target.client.max_inline_bytes, "Answers of so many bytes or more are to be spilled; 0: all (default 5242880)")
      ->type_name("N")
      ->multi_option_policy(single);
  app.add_option("--block-bytes", line.target.client.max_block_bytes, "Size of a spilled block (default 16000000)")
      ->type_name("N")
      ->multi_option_policy(single);
  app.add_flag("-p,--planning-only", line.validator.planning_only, "With validate: do not read");
  app.add_flag("-e,--allow-empty-show-tables", line.validator.allow_empty_tables, "With validate: a schema may be empty");
  app.add_option("--only", only, "With validate: steps, rows or requests; default: all checks")->type_name("PART")->multi_option_policy(single);
  app.add_option("--method", line.method, "With udf: the function's name")->type_name("NAME")->multi_option_policy(single);
  app.add_option("--arg", line.arguments, "With udf: an argument, VARCHAR=text; the type alone is NULL; nested values are JSON; repeatable")
      ->type_name("TYPE=VALUE")
      ->allow_extra_args(false);
  app.add_option("--returns", line.returns, "With udf: the type of the result")->type_name("TYPE")->multi_option_policy(single);
  app.add_option("--format", format, "box, ascii, markdown, line, csv, tsv, json or jsonl; into a pipe the default is jsonl")
      ->type_name("NAME")
      ->multi_option_policy(single);
  app.add_flag("--no-header", no_header, "Leave out the line of column names");
  app.add_option("--certificate", line.certificate_file, "With read: write the scan certificate as JSON")->type_name("FILE")->multi_option_policy(single);
  app.add_option("--timeout", timeout, "Limit for the whole command: 250ms, 30s, 5m")->type_name("TIME")->multi_option_policy(single);
  app.add_flag("-q,--quiet", line.quiet, "No summary");
  app.add_flag("-h,--help", help, "Print this");
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& problem) {
    return Status::Invalid(problem.what(), " (lotic athena --help lists the options)");
  }
  if (help || (command.empty() && args.empty())) {
    line.help = app.help();
    return line;
  }
  std::vector<std::string> options, commands;
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) options.push_back("--" + name);
  }
  for (const auto& [name, value] : Commands()) commands.push_back(name);
  for (const std::string& extra : app.remaining()) {
    if (extra.size() > 1 && extra[0] == '-') return NearestOf("option", extra.substr(0, extra.find('=')), options);
    return Status::Invalid("lotic athena ", command, " takes no argument \"", extra, "\"");
  }
  const auto known = Commands().find(command);
  if (known == Commands().end())
    return command.empty() ? Status::Invalid("lotic athena needs a command: read, validate, diff, ping, ...") : NearestOf("command", command, commands);
  line.command = known->second;
  line.header = !no_header;
  line.read.columns = SplitAtCommas(columns);
  if (!format.empty()) {
    LOTIC_ASSIGN_OR_RETURN(line.format, ParseFormat(format));
  }
  if (!timeout.empty()) {
    LOTIC_ASSIGN_OR_RETURN(line.timeout, ParseDuration("--timeout", timeout));
    if (line.timeout->count() == 0) return Status::Invalid("--timeout must be more than 0");
  }
  if (limit < -1 || (limit == -1 && app.count("--limit") > 0)) return Status::Invalid("--limit must not be negative: ", limit);
  if (limit >= 0) line.read.limit = limit;
  LOTIC_RETURN_NOT_OK(line.target.client.Validate());

  const bool diff = line.command == AthenaCommand::kDiff;
  if (diff) {
    if (left.empty() || line.right.empty()) return Status::Invalid("lotic athena diff needs --left and --right");
    line.target.target = left;
  } else if (!left.empty() || !line.right.empty()) {
    return Status::Invalid("--left and --right belong to lotic athena diff");
  }
  if (line.target.target.empty()) return Status::Invalid("lotic athena ", command, " needs --target URL or --target COMMAND");
  const bool of_a_table = diff || line.command == AthenaCommand::kRead || line.command == AthenaCommand::kTable || line.command == AthenaCommand::kSplits;
  if (of_a_table && line.read.table.table.empty()) return Status::Invalid("lotic athena ", command, " needs --table NAME");
  if (!line.read.where.empty() && line.command == AthenaCommand::kValidate && line.read.table.table.empty())
    return Status::Invalid("--constraints needs --table");
  if (line.command == AthenaCommand::kValidate && !line.read.table.table.empty() && line.read.table.schema.empty())
    return Status::Invalid("--table needs --schema");
  static const std::map<std::string, CheckedPart> kParts = {
      {"", CheckedPart::kAll}, {"steps", CheckedPart::kSteps}, {"rows", CheckedPart::kRows}, {"requests", CheckedPart::kRequests}};
  const auto part = kParts.find(only);
  if (part == kParts.end()) return Status::Invalid("--only is steps, rows or requests, not \"", only, "\"");
  line.validator.part = part->second;
  line.validator.schema = line.read.table.schema;
  line.validator.table = line.read.table.table;
  line.validator.constraints = line.read.where;
  if (line.read.table.schema.empty()) line.read.table.schema = "default";
  if (line.command == AthenaCommand::kUdf && (line.method.empty() || line.returns.empty()))
    return Status::Invalid("lotic athena udf needs --method NAME and --returns TYPE");
  return line;
}

}  // namespace lotic::cli
