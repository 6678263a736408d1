// SPDX-License-Identifier: Apache-2.0
#include "apps/builtin_connectors.h"

#include <algorithm>

#include "apps/tables_source.h"
#include "cli/athena/function_target.h"
#include "cli/kafka_source.h"
#include "connector/athena/athena_connector.h"
#include "connector/kafka/kafka_connector.h"
#include "connector/kinesis/kinesis_connector.h"
#include "connector/timestream/timestream_connector.h"

namespace lotic {
namespace {

Result<std::shared_ptr<Connector>> MakeKafka(const std::string& path, const std::map<std::string, std::string>& options) {
  LOTIC_ASSIGN_OR_RETURN(auto kafka_options, cli::MakeKafkaOptions(cli::KafkaSourceOfAttach(path, options), nullptr));
  if (kafka_options.client.isolation_level != kafka::IsolationLevel::kReadCommitted) {
    // The session has one isolation for all sources; a cluster that asked for another would be read wrongly, and silently.
    return Status::NotImplemented("ATTACH '", path, "': isolation.level=read_uncommitted for one cluster is not built yet; start lotic with -b ", path,
                                  " -X isolation.level=read_uncommitted");
  }
  LOTIC_ASSIGN_OR_RETURN(auto connector, kafka::MakeKafkaConnector(std::move(kafka_options)));
  return std::shared_ptr<Connector>(std::move(connector));
}

Result<std::shared_ptr<Connector>> MakeAthena(const std::string& path, const std::map<std::string, std::string>& options) {
  LOTIC_ASSIGN_OR_RETURN(auto client, cli::OpenAttachedFunction(path, options, cli::ProcessEnvironment()));
  return athena_source::MakeAthenaConnector(std::move(client));
}

Result<std::shared_ptr<Connector>> MakeKinesis(const std::string& path, const std::map<std::string, std::string>& options) {
  return kinesis::AttachKinesis(path, options, cli::ProcessEnvironment());
}

Result<std::shared_ptr<Connector>> MakeTimestream(const std::string& path, const std::map<std::string, std::string>& options) {
  return timestream::AttachTimestream(path, options, cli::ProcessEnvironment());
}

// ATTACH 'DIR' AS name (TYPE tables), and --data DIR.
Result<std::shared_ptr<Connector>> MakeTables(const std::string& path, const std::map<std::string, std::string>& options) {
  if (!options.empty()) return Status::Invalid("ATTACH '", path, "' (TYPE tables): there is no option ", options.begin()->first);
  return OpenTables(path);
}

// One line a connector.
constexpr struct {
  const char* type;
  Result<std::shared_ptr<Connector>> (*make)(const std::string& path, const std::map<std::string, std::string>& options);
} kConnectors[] = {
    {"kafka", MakeKafka}, {"kinesis", MakeKinesis}, {"timestream", MakeTimestream}, {"athena", MakeAthena}, {"tables", MakeTables},
};

Result<DefinedTable> DefineKinesis(const TableDefinition& definition) { return kinesis::DefineKinesisTable(definition, cli::ProcessEnvironment()); }

// One line for each value of 'connector'.
constexpr struct {
  const char* connector;
  Result<DefinedTable> (*define)(const TableDefinition& definition);
} kTables[] = {
    {"kinesis", DefineKinesis},
    {"kinesis-legacy", DefineKinesis},
};

}  // namespace

Result<DefinedTable> DefineBuiltinTable(const TableDefinition& definition) {
  const auto option = std::find_if(definition.options.begin(), definition.options.end(), [](const auto& one) { return one.first == "connector"; });
  const std::string name = option == definition.options.end() ? "" : option->second;
  std::vector<std::string> known;
  std::string list;
  for (const auto& table : kTables) {
    if (name == table.connector) return table.define(definition);
    known.emplace_back(table.connector);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  const std::vector<std::string> nearest = NearestNames(name, known, 1);
  return Status::NotFound("no tables are declared with 'connector' = '", name, "'", nearest.empty() ? "" : "; did you mean '" + nearest[0] + "'?",
                          " (known: ", list, ")");
}

std::vector<std::string> BuiltinConnectorTypes() {
  std::vector<std::string> types;
  for (const auto& connector : kConnectors) types.emplace_back(connector.type);
  return types;
}

Result<std::shared_ptr<Connector>> MakeBuiltinConnector(const std::string& type, const std::string& path, const std::map<std::string, std::string>& options) {
  for (const auto& connector : kConnectors) {
    if (type == connector.type) return connector.make(path, options);
  }
  return Status::NotFound("no connector of type ", type);
}

std::vector<sql::NamedTableFunction> BuiltinTableFunctions() {
  return {{"timestream_query", {"catalog", "query"}, [](const std::vector<std::string>& arguments) -> Result<sql::NamedTable> {
             return sql::NamedTable{arguments[0], {}, {{"QUERY", arguments[1]}}};
           }}};
}

}  // namespace lotic
