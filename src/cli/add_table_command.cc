// SPDX-License-Identifier: Apache-2.0
#include "cli/add_table_command.h"

#include <algorithm>
#include <charconv>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "aws/http_client.h"
#include "catalog/pinot_schema.h"
#include "catalog/pinot_table_config.h"
#include "cli/byte_sink.h"
#include "cli/console.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "format/base64_text.h"

namespace lotic::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHelp =
    "Makes a real-time table through a controller: lotic serve's, or Apache Pinot's.\n\n"
    "  lotic AddTable -schemaFile schema.json -tableConfigFile table.json           say what would be done\n"
    "  lotic AddTable -schemaFile schema.json -tableConfigFile table.json -exec     do it\n\n"
    "  -schemaFile FILE            the schema, as JSON\n"
    "  -tableConfigFile FILE       the table's configuration, as JSON (also -realtimeTableConfigFile)\n"
    "  -exec                       do it; without it nothing is made or changed\n"
    "  -update                     the table exists: change it\n"
    "  -consumeFrom PLACE          with -update, where to begin in another topic: smallest, largest, 2d, ...\n"
    "  -connect                    without -exec: the controller asks the topic's broker, too, and says what it answers\n"
    "  -controllerHost HOST        default localhost\n"
    "  -controllerPort PORT        default 9000\n"
    "  -controllerProtocol P       http (default) or https\n"
    "  -user NAME, -password TEXT  HTTP Basic authentication\n"
    "  -authToken TEXT             the value of the header Authorization\n"
    "  -h, -help                   print this\n";
constexpr const char* kSeeHelp = " (lotic AddTable -help lists the options)";
constexpr std::chrono::seconds kAnswerTime{60};  // a new table waits for its stream, up to 10 s
constexpr size_t kShownBytes = 500;              // of an answer that is not the API's

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower;
}

/// Both documents, read from their files.
struct Documents {
  std::string schema;  ///< empty: no file was named
  std::string table;
  std::string name;  ///< the table's, raw
};

Result<std::string> ReadDocument(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status::IOError("cannot read ", path, ": ", std::strerror(errno == 0 ? EIO : errno));
  std::string text(catalog::kMaxPinotDocumentBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) return Status::IOError("cannot read ", path, ": ", std::strerror(errno == 0 ? EIO : errno));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > catalog::kMaxPinotDocumentBytes) return Status::Invalid(path, " has more than ", catalog::kMaxPinotDocumentBytes, " bytes");
  if (text.rfind("\xEF\xBB\xBF", 0) == 0) text.erase(0, 3);
  return text;
}

Result<Json> ParseDocument(const std::string& path, const std::string& text) {
  Json parsed;
  try {  // the parser's own way to tell where it stopped
    parsed = Json::parse(text);
  } catch (const Json::exception& thrown) {
    const std::string said = thrown.what();
    const size_t begin = said.find("parse error");
    return Status::Invalid(path, " is not JSON: ", begin == std::string::npos ? said : said.substr(begin));
  }
  if (!parsed.is_object()) return Status::Invalid(path, " is not a JSON object");
  return parsed;
}

Result<Documents> ReadDocuments(const AddTableCommandLine& line) {
  Documents documents;
  LOTIC_ASSIGN_OR_RETURN(documents.table, ReadDocument(line.table_file));
  LOTIC_ASSIGN_OR_RETURN(const Json table, ParseDocument(line.table_file, documents.table));
  if (!table.contains("tableName") || !table["tableName"].is_string()) return Status::Invalid(line.table_file, " has no tableName");
  auto name = catalog::RawTableName(table["tableName"].get<std::string>());
  if (!name.ok()) return name.status().WithMessage(line.table_file, ": ", name.status().message());
  documents.name = *std::move(name);
  if (!line.schema_file.empty()) {
    LOTIC_ASSIGN_OR_RETURN(documents.schema, ReadDocument(line.schema_file));
    LOTIC_RETURN_NOT_OK(ParseDocument(line.schema_file, documents.schema).status());
  }
  return documents;
}

/// The body of /tableConfigs; documents as they stand in their files.
std::string RequestBody(const Documents& documents) {
  return "{\"tableName\":" + Json(documents.name).dump() + ",\"schema\":" + (documents.schema.empty() ? "null" : documents.schema) +
         ",\"realtime\":" + documents.table + "}";
}

class AddTable {
 public:
  AddTable(const AddTableCommandLine& line, const std::map<std::string, std::string>& environment, const Console& console, std::stop_token stop)
      : line_(line), environment_(environment), console_(console), stop_(std::move(stop)) {}

  Result<std::string> Run();  ///< what to print

 private:
  Result<aws::HttpResponse> Ask(const std::string& method, const std::string& path, const std::string& body);
  Result<std::string> Exec(const Documents& documents);
  Result<std::string> DryRun(const Documents& documents);
  Status CheckHere(const Documents& documents);
  /// Of an answer to a validation with connect=true. Errors: NotImplemented (another controller than ours).
  Result<std::string> Reached(const Json& accepted) const;
  /// Errors: the server's refusal, in its words.
  Result<Json> Accepted(const aws::HttpResponse& response) const;
  void SayWarnings(const Json& warnings, const Json& unrecognized) const;
  std::string ConsumeFrom() const {
    std::string parameter = "consumeFrom=";
    for (const char c : line_.consume_from) parameter += c == ' ' ? "%20" : c == '+' ? "%2B" : std::string(1, c);  // of a place to begin nothing else needs it
    return parameter;
  }
  std::string Controller() const {
    const bool v6 = line_.host.find(':') != std::string::npos && line_.host.front() != '[';
    return line_.protocol + "://" + (v6 ? "[" + line_.host + "]" : line_.host) + ":" + std::to_string(line_.port);
  }

  const AddTableCommandLine& line_;
  const std::map<std::string, std::string>& environment_;
  const Console& console_;
  const std::stop_token stop_;
};

Result<aws::HttpResponse> AddTable::Ask(const std::string& method, const std::string& path, const std::string& body) {
  aws::HttpClientOptions options;
  options.proxy = aws::ProxySettings::FromEnvironment(environment_);
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<aws::HttpClient> client, aws::HttpClient::Create(options));
  aws::HttpRequest request;
  request.method = method;
  request.url = Controller() + path;
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!line_.token.empty()) {
    request.headers.push_back({"Authorization", line_.token});
  } else if (!line_.user.empty()) {
    std::string basic = "Basic ";
    AppendBase64(line_.user + ":" + line_.password, &basic);
    request.headers.push_back({"Authorization", basic});
  }
  request.body = {reinterpret_cast<const uint8_t*>(body.data()), body.size()};
  request.fresh_connection = true;
  CallContext ctx;
  ctx.stop = stop_;
  ctx.deadline = std::chrono::steady_clock::now() + kAnswerTime;
  return client->Send(ctx, request);
}

Result<Json> AddTable::Accepted(const aws::HttpResponse& response) const {
  const Json body = Json::parse(response.body, nullptr, false);
  if (response.status >= 200 && response.status < 300) {
    if (body.is_object()) return body;
    return Status::IOError("the controller at ", Controller(), " answered with something else than JSON: ", response.body.substr(0, kShownBytes));
  }
  std::string said = response.body.substr(0, kShownBytes);
  if (body.is_object() && body.contains("error") && body["error"].is_string()) said = body["error"].get<std::string>();
  const std::string message = said.empty() ? "the controller at " + Controller() + " answered with HTTP status " + std::to_string(response.status) : said;
  return Status::Invalid(message);
}

void AddTable::SayWarnings(const Json& warnings, const Json& unrecognized) const {
  if (unrecognized.is_object()) {
    for (const auto& [key, value] : unrecognized.items()) console_.SayLine("warning: unknown key " + key);
  }
  if (warnings.is_array()) {
    for (const Json& warning : warnings) {
      if (warning.is_string()) console_.SayLine("warning: " + warning.get<std::string>());
    }
  }
}

Result<std::string> AddTable::Exec(const Documents& documents) {
  std::string path = line_.update ? "/tableConfigs/" + documents.name : "/tableConfigs";
  if (!line_.consume_from.empty()) path += "?" + ConsumeFrom();
  LOTIC_ASSIGN_OR_RETURN(const aws::HttpResponse response, Ask(line_.update ? "PUT" : "POST", path, RequestBody(documents)));
  LOTIC_ASSIGN_OR_RETURN(const Json accepted, Accepted(response));
  SayWarnings(accepted.value("warnings", Json()), accepted.value("unrecognizedProperties", Json()));
  const Json status = accepted.value("status", Json());
  return (status.is_string() ? status.get<std::string>() : "done") + "\n";
}

Status AddTable::CheckHere(const Documents& documents) {
  const auto lookup = [this](std::string_view name) -> std::optional<std::string> {
    const auto at = environment_.find(std::string(name));
    if (at == environment_.end()) return std::nullopt;
    return at->second;
  };
  const auto behind = [](const std::string& file, const Status& status) { return status.WithMessage(file, ": ", status.message()); };
  const auto table = catalog::ParsePinotTableConfig(documents.table, lookup);
  if (!table.ok()) return behind(line_.table_file, table.status());
  SayWarnings(Json(table->warnings), Json::parse(table->unrecognized, nullptr, false));
  if (documents.schema.empty()) return Status::OK();
  const auto schema = catalog::ParsePinotSchema(documents.schema);
  if (!schema.ok()) return behind(line_.schema_file, schema.status());
  SayWarnings(Json(schema->warnings), Json::parse(schema->unrecognized, nullptr, false));
  return catalog::CheckTable(table->value, schema->value);
}

Result<std::string> AddTable::Reached(const Json& accepted) const {
  const Json connection = accepted.value("connection", Json());
  if (!connection.is_object() || !connection.contains("topic") || !connection["topic"].is_string() || !connection.contains("partitions") ||
      !connection["partitions"].is_number_integer())
    return Status::NotImplemented("the controller at ", Controller(), " finds the files valid, and does not test connections; leave -connect out");
  const auto partitions = connection["partitions"].get<int64_t>();
  return "It reaches the topic " + connection["topic"].get<std::string>() + ": " + std::to_string(partitions) +
         (partitions == 1 ? " partition.\n" : " partitions.\n");
}

Result<std::string> AddTable::DryRun(const Documents& documents) {
  std::string path = std::string("/tableConfigs/validate?update=") + (line_.update ? "true" : "false");
  if (!line_.consume_from.empty()) path += "&" + ConsumeFrom();
  if (line_.connect) path += "&connect=true";
  const auto response = Ask("POST", path, RequestBody(documents));
  std::string checked;
  if (response.ok()) {
    LOTIC_ASSIGN_OR_RETURN(const Json accepted, Accepted(*response));
    SayWarnings(accepted.value("warnings", Json()), accepted.value("unrecognizedProperties", Json()));
    checked = "The controller at " + Controller() + " finds the files valid.\n";
    if (line_.connect) {
      LOTIC_ASSIGN_OR_RETURN(const std::string reached, Reached(accepted));
      checked += reached;
    }
  } else if (response.status().code() == StatusCode::kIOError && !line_.connect) {
    LOTIC_RETURN_NOT_OK(CheckHere(documents));
    checked = "No controller answers at " + Controller() + "; checked here, the files are valid.\n";
  } else {
    return response.status();
  }
  return checked + "Would " + (line_.update ? "change" : "make") + " the table " + documents.name + "_REALTIME" +
         (documents.schema.empty() ? "" : " and its schema") + ". Nothing was done: add -exec to do it.\n";
}

Result<std::string> AddTable::Run() {
  LOTIC_ASSIGN_OR_RETURN(const Documents documents, ReadDocuments(line_));
  return line_.exec ? Exec(documents) : DryRun(documents);
}

}  // namespace

Result<AddTableCommandLine> ParseAddTableCommandLine(const std::vector<std::string>& args) {
  AddTableCommandLine line;
  std::string port;
  const std::map<std::string, std::string*> texts = {{"schemafile", &line.schema_file},
                                                     {"tableconfigfile", &line.table_file},
                                                     {"realtimetableconfigfile", &line.table_file},
                                                     {"consumefrom", &line.consume_from},
                                                     {"controllerhost", &line.host},
                                                     {"controllerport", &port},
                                                     {"controllerprotocol", &line.protocol},
                                                     {"user", &line.user},
                                                     {"password", &line.password},
                                                     {"authtoken", &line.token}};
  const std::map<std::string, bool*> flags = {{"exec", &line.exec}, {"update", &line.update}, {"connect", &line.connect}};
  for (size_t i = 0; i < args.size(); ++i) {
    const size_t dashes = args[i].rfind("--", 0) == 0 ? 2 : args[i].rfind('-', 0) == 0 ? 1 : 0;
    const size_t equals = args[i].find('=');
    const std::string given = args[i].substr(0, equals);
    const std::string name = Lower(std::string_view(given).substr(dashes));
    if (dashes == 0 || name.empty()) return Status::Invalid("lotic AddTable takes options only, but got \"", given, "\"", kSeeHelp);
    if (name == "h" || name == "help") {
      line.help = kHelp;
      return line;
    }
    if (name == "offlinetableconfigfile") return Status::Invalid(given, ": offline tables are not served, only realtime ones");
    if (const auto flag = flags.find(name); flag != flags.end()) {
      const std::string value = equals == std::string::npos ? "true" : Lower(args[i].substr(equals + 1));
      if (value != "true" && value != "false") return Status::Invalid(given, " is true or false, not \"", value, "\"", kSeeHelp);
      *flag->second = value == "true";
      continue;
    }
    const auto text = texts.find(name);
    if (text == texts.end()) return Status::Invalid("lotic AddTable has no option ", given, kSeeHelp);
    if (equals != std::string::npos) {
      *text->second = args[i].substr(equals + 1);
    } else if (i + 1 < args.size()) {
      *text->second = args[++i];
    } else {
      return Status::Invalid(given, " needs a value", kSeeHelp);
    }
  }
  if (line.table_file.empty()) return Status::Invalid("lotic AddTable needs -tableConfigFile FILE", kSeeHelp);
  if (line.schema_file.empty() && !line.update) return Status::Invalid("lotic AddTable needs -schemaFile FILE", kSeeHelp);
  if (line.connect && line.exec) return Status::Invalid("-connect goes without -exec: a table that is made asks its stream anyway");
  if (!line.consume_from.empty() && !line.update) return Status::Invalid("-consumeFrom goes with -update: a new table begins where its configuration says");
  if (!catalog::ParseOffsetCriteria(line.consume_from.empty() ? "smallest" : line.consume_from).ok())
    return Status::Invalid("-consumeFrom is smallest, largest, a period (2d), an instant (2022-08-09T12:31:38Z) or positions (0:100,1:250), not \"",
                           line.consume_from, "\"");
  if (!port.empty()) {
    const auto read = std::from_chars(port.data(), port.data() + port.size(), line.port);
    if (read.ec != std::errc() || read.ptr != port.data() + port.size() || line.port == 0)
      return Status::Invalid("-controllerPort takes a number from 1 to 65535, not \"", port, "\"");
  }
  line.protocol = Lower(line.protocol);
  if (line.protocol != "http" && line.protocol != "https") return Status::Invalid("-controllerProtocol is http or https, not \"", line.protocol, "\"");
  if (line.host.empty() || line.host.find_first_of("/?#@ ") != std::string::npos)
    return Status::Invalid("-controllerHost takes the name or address of a host, not \"", line.host, "\"");
  return line;
}

int RunAddTableCommand(const std::vector<std::string>& args, const std::map<std::string, std::string>& environment, Interrupts& interrupts) {
  const Console console = Console::OfProcess(/*no_color=*/false);
  const auto fail = [&](const Status& status, int code) {
    if (!IsBrokenPipe(status)) console.Say(DescribeError(status, "", "", console.color, 0));
    return code;
  };
  const auto line = ParseAddTableCommandLine(args);
  if (!line.ok()) return fail(line.status(), kExitUsage);
  FdSink sink(console.out, "standard output", interrupts.wake_fd());
  const auto print = [&](const std::string& text) {
    Status printed = sink.Write(text);
    if (printed.ok()) printed = sink.Flush();
    return printed.ok() ? static_cast<int>(kExitOk) : fail(printed, ExitCodeFor(printed));
  };
  if (!line->help.empty()) return print(line->help);
  interrupts.StopOnTermination();
  const QueryScope scope(interrupts);
  const auto done = AddTable(*line, environment, console, scope.stop()).Run();
  return done.ok() ? print(*done) : fail(done.status(), ExitCodeFor(done.status()));
}

}  // namespace lotic::cli
