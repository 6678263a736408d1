// SPDX-License-Identifier: Apache-2.0
#include "cli/dot_commands.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>

#include "cli/certificate_report.h"
#include "cli/error_report.h"
#include "cli/script_feed.h"
#include "cli/topics_command.h"
#include "lotic/type.h"
#include "scan/certificate.h"

namespace lotic::cli {
namespace {

constexpr const char* kHelp =
    "Statements end with a semicolon. Ctrl-C cancels the running query, or drops the line; Ctrl-D leaves.\n"
    "  .tables                 the tables                          \\dt\n"
    "  .schema TABLE           columns of a table                  \\d TABLE\n"
    "  .topics                 topics with records, times, format\n"
    "  .databases              attached clusters and databases     \\l\n"
    "  .mode FORMAT            box ascii markdown line csv tsv json jsonl\n"
    "  .headers on|off         the line of column names\n"
    "  .maxrows N              rows of a box shown (0: all)\n"
    "  .nullvalue TEXT         what NULL looks like\n"
    "  .timer on|off           the time each statement takes       \\timing\n"
    "  .certificate [FILE]     what the last query read, as JSON\n"
    "  .read FILE              run the statements of a file\n"
    "  .output [FILE]          write results to a file, or here again\n"
    "  .help                   this                                \\?\n"
    "  .quit                   leave                               \\q\n"
    "  \\x                      each column on a line of its own, on and off\n";

const std::map<std::string, std::string>& Aliases() {
  static const std::map<std::string, std::string> aliases = {
      {"\\?", ".help"}, {"\\q", ".quit"}, {"\\l", ".databases"}, {"\\dt", ".tables"}, {"\\d", ".d"}, {"\\timing", ".timer"}, {"\\x", ".x"}, {".exit", ".quit"},
  };
  return aliases;
}

// Words apart by blanks; '...' and "..." keep theirs.
std::vector<std::string> SplitWords(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
      continue;
    }
    std::string word;
    while (at < text.size() && text[at] != ' ' && text[at] != '\t') {
      if (text[at] == '\'' || text[at] == '"') {
        const size_t close = std::min(text.find(text[at], at + 1), text.size());
        word += text.substr(at + 1, close - at - 1);
        at = close + 1;
      } else {
        word += text[at++];
      }
    }
    words.push_back(word);
  }
  return words;
}

}  // namespace

std::vector<std::string> ScriptRunner::CommandNames() {
  return {".certificate", ".databases", ".headers", ".help",   ".maxrows", ".mode",  ".nullvalue",
          ".output",      ".quit",      ".read",    ".schema", ".tables",  ".timer", ".topics"};
}

Status ScriptRunner::RunText(const std::string& text, const std::string& origin) {
  ScriptFeed feed([this](const std::string& piece) { return session_.engine().SplitStatements(piece); });
  const auto run = [&](const std::vector<ScriptFeed::Piece>& pieces) {
    for (const auto& piece : pieces) {
      const std::string where = origin.empty() ? "" : origin + ":" + std::to_string(piece.line);
      LOTIC_RETURN_NOT_OK(piece.is_command ? RunCommand(piece.text, where) : session_.Run(piece.text, where));
      if (quit_) break;
    }
    return Status::OK();
  };
  for (size_t at = 0; at < text.size() && !quit_;) {
    const size_t end = std::min(text.find('\n', at), text.size());
    LOTIC_RETURN_NOT_OK(run(feed.Line(std::string_view(text).substr(at, end - at))));
    at = end + 1;
  }
  return quit_ ? Status::OK() : run(feed.End());
}

Result<std::string> ScriptRunner::ReadWhole(const std::string& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path;
  const int fd = standard_input ? session_.console().in : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Status::NotFound("cannot read ", name, ": ", std::strerror(errno));
  std::string text;
  char buffer[1 << 14];
  Status status;
  while (status.ok()) {
    // Standard input can be a pipe that stays silent: Ctrl-C must still end the program.
    pollfd ready[] = {{fd, POLLIN, 0}, {session_.interrupts().wake_fd(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno == EINTR) continue;
    if ((ready[1].revents & POLLIN) != 0) {
      status = Status::Cancelled("reading ", name);
      break;
    }
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) status = Status::Invalid("cannot read ", name, ": ", std::strerror(errno));
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
    if (text.size() > kMaxScriptBytes) status = Status::CapacityError("script ", name, ": more than ", kMaxScriptBytes, " bytes");
  }
  if (!standard_input) ::close(fd);
  if (!status.ok()) return status;
  return text;
}

Status ScriptRunner::RunFile(const std::string& path) {
  const Console& console = session_.console();
  auto text = depth_ < kMaxReadDepth ? ReadWhole(path)
                                     : Result<std::string>(Status::CapacityError("scripts read one another more than ", kMaxReadDepth, " deep, at ", path));
  if (!text.ok()) {
    console.Say(text.status().IsCancelled() ? "cancelled\n" : DescribeError(text.status(), "", "", console.color, 0));
    return text.status();
  }
  ++depth_;
  const Status status = RunText(*text, path == "-" ? "" : path);
  --depth_;
  return status;
}

Status ScriptRunner::RunCommand(const std::string& line, const std::string& where) {
  const size_t name_end = std::min(line.find_first_of(" \t"), line.size());
  std::string name = line.substr(0, name_end);
  if (const auto alias = Aliases().find(name); alias != Aliases().end()) name = alias->second;
  std::string rest = line.substr(name_end);
  while (!rest.empty() && (rest.back() == ' ' || rest.back() == '\t' || rest.back() == ';' || rest.back() == '\r')) rest.pop_back();
  const size_t first = rest.find_first_not_of(" \t");
  rest = first == std::string::npos ? "" : rest.substr(first);

  printed_ = false;
  Status status;
  if (name == ".schema" || name == ".d") {  // the name goes into SQL as it stands, with its quotes
    if (rest.empty()) {
      status = name == ".d" ? RunAll({"SHOW TABLES"}) : Status::Invalid(".schema takes a table: .tables lists them");
    } else {
      status = RunAll({"DESCRIBE " + rest});
    }
  } else {
    status = Dispatch(name, SplitWords(rest));
  }
  if (!status.ok() && !printed_ && !IsBrokenPipe(status)) {
    const Console& console = session_.console();
    console.Say(DescribeError(status, "", where, console.color, 0));
  }
  return status;
}

Status ScriptRunner::RunAll(std::vector<std::string> statements) {
  for (const auto& statement : statements) {
    const Status status = session_.Run(statement);
    printed_ = true;  // Run has said all there is to say
    LOTIC_RETURN_NOT_OK(status);
  }
  return Status::OK();
}

Status ScriptRunner::SetSwitch(const std::string& name, const std::vector<std::string>& arguments, bool* value) {
  if (arguments.empty()) {
    *value = !*value;
  } else if (arguments[0] == "on" || arguments[0] == "off") {
    *value = arguments[0] == "on";
  } else {
    return Status::Invalid(name, " takes on or off, not \"", arguments[0], "\"");
  }
  return Status::OK();
}

Status ScriptRunner::Dispatch(const std::string& name, const std::vector<std::string>& arguments) {
  const Console& console = session_.console();
  SessionSettings& settings = session_.settings();
  if (name == ".help") return console.Say(kHelp), Status::OK();
  if (name == ".quit") return quit_ = true, Status::OK();
  if (name == ".tables") return RunAll({"SHOW TABLES"});
  if (name == ".databases") return RunAll({"SHOW DATABASES"});
  if (name == ".topics") return ShowTopics();
  if (name == ".timer") return SetSwitch(name, arguments, &settings.timer);
  if (name == ".headers") return SetSwitch(name, arguments, &settings.header);
  if (name == ".x") {
    if (settings.format == Format::kLine) {
      settings.format = before_line_;
    } else {
      before_line_ = std::exchange(settings.format, Format::kLine);
    }
    return Status::OK();
  }
  if (name == ".mode") {
    if (arguments.empty()) return console.SayLine("mode " + std::string(FormatName(settings.format))), Status::OK();
    LOTIC_ASSIGN_OR_RETURN(settings.format, ParseFormat(arguments[0]));
    return Status::OK();
  }
  if (name == ".nullvalue") {
    settings.null_text = arguments.empty() ? std::nullopt : std::optional(arguments[0]);
    return Status::OK();
  }
  if (name == ".maxrows") {
    size_t rows = 0;
    const std::string text = arguments.empty() ? "" : arguments[0];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rows);
    if (error != std::errc() || end != text.data() + text.size()) return Status::Invalid(".maxrows takes a number, 0 for all, not \"", text, "\"");
    settings.max_rows = rows == 0 ? SIZE_MAX : rows;
    return Status::OK();
  }
  if (name == ".output") return session_.SetOutput(arguments.empty() ? "" : arguments[0]);
  if (name == ".certificate") return ShowCertificate(arguments);
  if (name == ".read") {
    if (arguments.empty()) return Status::Invalid(".read takes a file");
    const Status status = RunFile(arguments[0]);
    printed_ = true;
    return status;
  }
  const auto near = NearestNames(name, CommandNames(), 1);
  return Status::Invalid("unknown command ", name, near.empty() ? "" : ": did you mean " + near[0] + "?", " (.help lists them)");
}

Status ScriptRunner::ShowTopics() {
  if (cluster_ == nullptr) return Status::Invalid(".topics needs a cluster: start with lotic -b HOST:PORT");
  const QueryScope scope(session_.interrupts());
  LOTIC_ASSIGN_OR_RETURN(const auto topics, cluster_->TopicSummaries(session_.ContextFor(scope), /*detect_format=*/true));
  const TopicTable table = MakeTopicTable(topics, session_.form());
  return session_.Print(table.columns, table.rows);
}

Status ScriptRunner::ShowCertificate(const std::vector<std::string>& arguments) {
  if (session_.last_certificates().empty()) return Status::NotFound("no statement has read a table yet, so there is no certificate");
  if (!arguments.empty()) return WriteCertificateFile(arguments[0], session_.last_certificates());
  return session_.Write(CertificatesToJson(session_.last_certificates()));
}

}  // namespace lotic::cli
