// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "lotic/type.h"

namespace lotic::cli {
namespace {

constexpr const char* kIntroduction =
    "SQL over Kafka topics, with nothing declared first.\n\n"
    "  lotic -b BROKER:9092 \"SELECT count(*) FROM orders\"   ask, print, exit\n"
    "  lotic -b BROKER:9092                                 interactive shell\n"
    "  lotic -b BROKER:9092 -f report.sql \"SELECT ...\"      files first, then the arguments, in one session\n"
    "  lotic -b BROKER:9092 < report.sql                    a script from standard input\n"
    "  lotic topics -b BROKER:9092                          topics, partitions, records, times, formats\n"
    "  lotic --data DIR \"SELECT ...\"                       real-time tables, beside lotic serve or without it\n"
    "  lotic tables --data DIR                              real-time tables: rows, segments, offsets, lag, errors\n"
    "  lotic demo                                           a broker with sample topics, and answers from it\n"
    "  lotic athena --help                                  play Amazon Athena against any of its connectors\n"
    "  lotic lambda local kafka --env NAME=VALUE            a connector for Athena, as a Lambda function on this machine\n"
    "  lotic serve --data DIR                               real-time tables, for Apache Pinot's clients\n"
    "  lotic AddTable -help                                 make such a table\n";

constexpr const char* kFooter =
    "\nOutput is a box on a terminal and jsonl (one JSON object a line) into a pipe or a file, unless --format says otherwise.\n"
    "Messages, progress and the scan certificate's summary go to standard error.\n"
    "Exit codes: 0 ok, 1 SQL or data, 2 usage, 3 cannot connect or not allowed, 4 incomplete, 70 our bug, 124 timeout, 130 Ctrl-C.\n"
    "Environment: LOTIC_LOG=warn|info|debug|trace logs to standard error, NO_COLOR switches colour off.";

// Options of kcat's that lotic does not have yet, so that they get a better answer than "unknown option".
constexpr const char* kKcatOptions = "-t -o -e -P -C -L -Q -G -J -K -D -F -p -r -s -u -O -z -T -l -Z -E -A";

std::string NearestOption(const CLI::App& app, const std::string& wrong) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  }
  const std::string bare = wrong.substr(0, wrong.find('='));
  const auto near = NearestNames(bare, known, 1);
  return near.empty() ? "" : near[0];
}

Status UnknownOption(const CLI::App& app, const std::string& wrong) {
  const std::string shortened = wrong.substr(0, 2);
  std::istringstream kcat(kKcatOptions);
  for (std::string option; kcat >> option;) {
    if (wrong.rfind("--", 0) != 0 && shortened == option) {
      return Status::NotImplemented("option ", option, ": kcat's manner of reading and writing topics is not built yet; read with SQL: ",
                                    "lotic -b BROKER:9092 \"SELECT _key, _message FROM topic LIMIT 10\"");
    }
  }
  const std::string near = NearestOption(app, wrong);
  return Status::Invalid("unknown option ", wrong.substr(0, wrong.find('=')), near.empty() ? "" : ": did you mean " + near + "?", " (lotic --help lists them)");
}

template <typename Value>
Result<Value> OneOf(const std::string& option, const std::string& text, std::vector<std::pair<std::string, Value>> choices) {
  std::string all;
  for (const auto& [name, value] : choices) {
    if (name == text) return value;
    all += (all.empty() ? "" : ", ") + name;
  }
  return Status::Invalid(option, " takes one of ", all, ", not \"", text, "\"");
}

// `lotic topcis -b ...`: a mistyped command would otherwise be an odd SQL error.
Status CheckMistypedCommand(const std::string& word) {
  static const std::vector<std::string> commands = {"topics", "tables", "demo", "athena", "lambda", "serve"};
  if (word.empty() || !std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; })) return Status::OK();
  static const std::set<std::string> single_word_sql = {"begin", "commit", "rollback", "abort", "checkpoint", "analyze", "vacuum", "end"};
  const auto near = NearestNames(word, commands, 1);
  if (near.empty() || single_word_sql.count(word) != 0) return Status::OK();
  return Status::Invalid("unknown command \"", word, "\": did you mean ", near[0], "? (SQL goes into one quoted argument)");
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view what, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1e3;
  if (unit == "ms") scale = 1;
  if (unit == "m" || unit == "min") scale = 60e3;
  if (unit == "h") scale = 3600e3;
  if (unit == "d") scale = 86400e3;
  constexpr double kMaxMs = 1e14;  // some 3,000 years
  if (error != std::errc() || scale == 0 || !std::isfinite(number) || number < 0 || number * scale > kMaxMs) {
    return Status::Invalid(what, " takes a time such as 250ms, 30s, 5m, 2h or 1d, not \"", text, "\"");
  }
  return std::chrono::milliseconds(static_cast<int64_t>(std::llround(number * scale)));
}

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& args) {
  CommandLine line;
  CLI::App app(kIntroduction, "lotic");
  app.footer(kFooter);
  app.allow_extras();
  app.set_help_flag();
  app.get_formatter()->column_width(34);
  bool help = false, version = false, no_header = false;
  std::string format, on_error = "null", tombstones = "emit", max_out_of_order, timeout, offsets, time = "latest", progress;
  std::vector<std::string> commands, arguments;

  const auto single = CLI::MultiOptionPolicy::TakeLast;
  app.add_option("SQL", arguments, "Statements, each in one quoted argument; or one of the commands topics, tables, demo")->type_name("");
  app.add_option("-b,--bootstrap-server", line.brokers, "Kafka brokers, comma-separated; the catalog is called kafka")
      ->type_name("HOST:PORT")
      ->multi_option_policy(single);
  app.add_option("--config", line.config_file, "Kafka client properties, in Java's or librdkafka's names")->type_name("FILE")->multi_option_policy(single);
  app.add_option("--data", line.data_folder, "A data directory of lotic serve, read only; the catalog of its tables is called tables")
      ->type_name("DIR")
      ->multi_option_policy(single);
  app.add_option("-X", line.properties, "One client property; repeatable, wins over --config")->type_name("NAME=VALUE")->allow_extra_args(false);
  app.add_option("-f,--file", line.files, "Run the statements of a file first; repeatable, - is standard input")->type_name("FILE")->allow_extra_args(false);
  app.add_option("-c,--query", commands, "Run this statement; repeatable, before the arguments")->type_name("SQL")->allow_extra_args(false);
  app.add_option("--format", format, "box, ascii, markdown, line, csv, tsv, json or jsonl; into a pipe the default is jsonl")
      ->type_name("NAME")
      ->multi_option_policy(single);
  app.add_flag("--no-header", no_header, "Leave out the line of column names (box, ascii, markdown, csv, tsv)");
  app.add_option("--certificate", line.certificate_file, "Write the scan certificates of all statements as JSON")
      ->type_name("FILE")
      ->multi_option_policy(single);
  app.add_flag("--allow-partial", line.allow_partial, "An incomplete scan is a result that says so, not an error");
  app.add_option("--on-error", on_error, "A value that does not fit its column: null (counted), skip the record, or fail")
      ->type_name("null|skip|fail")
      ->multi_option_policy(single);
  app.add_option("--tombstones", tombstones, "Records without a value: emit as rows of NULLs, or skip (counted)")
      ->type_name("emit|skip")
      ->multi_option_policy(single);
  app.add_option("--max-out-of-order", max_out_of_order, "Declares that no record is older than an earlier one by more: upper time bounds then prune")
      ->type_name("TIME")
      ->multi_option_policy(single);
  app.add_option("--schema", line.schema_files, "A topic's columns, as lotic topics --schema-of prints them, instead of sampling; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--time-zone", line.time_zone, "How instants are shown and zoneless text is read (default UTC)")
      ->type_name("ZONE")
      ->multi_option_policy(single);
  app.add_option("--timeout", timeout, "Limit for each statement: 250ms, 30s, 5m")->type_name("TIME")->multi_option_policy(single);
  CLI::Option* offsets_option = app.add_option("--offsets", offsets, "With topics: lines topic:partition:offset, of one topic or all")
                                    ->type_name("[TOPIC]")
                                    ->expected(0, 1)
                                    ->multi_option_policy(single);
  app.add_option("--schema-of", line.schema_of, "With topics: the columns of a topic in the JSON form that --schema reads back")
      ->type_name("TOPIC")
      ->multi_option_policy(single);
  app.add_option("--time", time, "With --offsets: latest (the end) or earliest")->type_name("latest|earliest")->multi_option_policy(single);
  app.add_flag("-v,--verbose", line.verbosity, "Say what goes on; -vv and -vvv say more");
  app.add_flag("-q,--quiet", line.quiet, "No progress, no certificate summary");
  app.add_flag("--no-color", line.no_color, "No colour");
  app.add_flag("--version", version, "Print the versions");
  app.add_flag("-h,--help", help, "Print this");

  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& problem) {
    return Status::Invalid(problem.what(), " (lotic --help lists the options)");
  }
  if (help) {
    line.command = Command::kHelp;
    line.help = app.help();
    return line;
  }
  if (version) {
    line.command = Command::kVersion;
    return line;
  }
  for (const std::string& extra : app.remaining()) {
    if (extra.size() > 1 && extra[0] == '-') return UnknownOption(app, extra);
  }

  line.header = !no_header;
  if (!format.empty()) {
    LOTIC_ASSIGN_OR_RETURN(line.format, ParseFormat(format));
  }
  LOTIC_ASSIGN_OR_RETURN(line.policy.on_error,
                         OneOf<OnError>("--on-error", on_error, {{"null", OnError::kNull}, {"skip", OnError::kSkip}, {"fail", OnError::kFail}}));
  LOTIC_ASSIGN_OR_RETURN(line.policy.tombstones, OneOf<Tombstones>("--tombstones", tombstones, {{"emit", Tombstones::kEmit}, {"skip", Tombstones::kSkip}}));
  LOTIC_ASSIGN_OR_RETURN(line.offsets_earliest, OneOf<bool>("--time", time, {{"latest", false}, {"earliest", true}}));
  if (!max_out_of_order.empty()) {
    LOTIC_ASSIGN_OR_RETURN(const auto limit, ParseDuration("--max-out-of-order", max_out_of_order));
    line.policy.max_out_of_order_ms = limit.count();
  }
  if (!timeout.empty()) {
    LOTIC_ASSIGN_OR_RETURN(line.timeout, ParseDuration("--timeout", timeout));
    if (line.timeout->count() == 0) return Status::Invalid("--timeout must be more than 0");
  }
  for (const std::string& property : line.properties) {
    if (property.find('=') == std::string::npos || property[0] == '=') {
      return Status::Invalid("-X takes name=value, such as -X isolation.level=read_uncommitted");  // no echo: may be a secret
    }
  }

  if (!arguments.empty() && (arguments[0] == "topics" || arguments[0] == "tables" || arguments[0] == "demo")) {
    line.command = arguments[0] == "topics" ? Command::kTopics : arguments[0] == "tables" ? Command::kTables : Command::kDemo;
    if (arguments.size() > 1) return Status::Invalid("lotic ", arguments[0], " takes no argument, but got \"", arguments[1], "\"");
    arguments.clear();
  } else if (!arguments.empty()) {
    LOTIC_RETURN_NOT_OK(CheckMistypedCommand(arguments[0]));
  }
  if (offsets_option->count() > 0) {
    if (line.command != Command::kTopics) return Status::Invalid("--offsets belongs to lotic topics");
    line.offsets_of = offsets;
  }
  if (!line.schema_of.empty() && (line.command != Command::kTopics || line.offsets_of)) {
    return Status::Invalid("--schema-of belongs to lotic topics, without --offsets");
  }
  if (line.command != Command::kSql && (!line.files.empty() || !commands.empty())) {
    return Status::Invalid("-f and -c run SQL; they do not go with the commands topics, tables and demo");
  }
  if (line.command == Command::kDemo && !line.brokers.empty()) {
    return Status::Invalid("lotic demo brings its own broker; to read from ", line.brokers, " leave out the word demo");
  }
  if (line.command == Command::kTopics && line.brokers.empty()) {
    return Status::Invalid("lotic topics needs brokers: lotic topics -b HOST:PORT");
  }
  if (line.command == Command::kTables && line.data_folder.empty()) {
    return Status::Invalid("lotic tables needs a data directory: lotic tables --data DIR");
  }
  line.statements = std::move(commands);
  line.statements.insert(line.statements.end(), arguments.begin(), arguments.end());
  return line;
}

}  // namespace lotic::cli
