// SPDX-License-Identifier: Apache-2.0
#include "apps/athena_functions.h"

#include "apps/aws_functions.h"
#include "apps/tables_source.h"
#include "athena/connector_function.h"
#include "athena/environment_values.h"
#include "connector/kafka/kafka_connector.h"
#include "connector/memory/memory_connector.h"
#include "docs/example/fake_table.h"

namespace lotic {
namespace {

using athena::Environment;
using athena::InvocationLog;
using athena::LambdaFunction;
using MadeFunction = Result<std::unique_ptr<LambdaFunction>>;

MadeFunction MakeMemory(const Environment& environment, InvocationLog& log) {
  return athena::MakeConnectorFunction(memory::MakeAthenaSampleData()->connector(), environment, {}, nullptr, log);
}

MadeFunction MakeExample(const Environment& environment, InvocationLog& log) {
  LOTIC_ASSIGN_OR_RETURN(const std::shared_ptr<FederatedSource> source, example::MakeFakeTable(environment));
  return athena::MakeConnectorFunction(MakeFederatedConnector(source), environment, {}, std::shared_ptr<const UdfRegistry>(source, source->functions()), log);
}

// The policy of the drop-in connectors, by the names of their variables.
Result<ReadPolicy> KafkaPolicyOf(const Environment& environment) {
  ReadPolicy policy;
  const std::string level = athena::ValueOf(environment, "isolation_level", "read_committed");
  if (level != "read_committed" && level != "read_uncommitted") {
    return Status::Invalid("environment variable isolation_level = '", level, "': expected read_committed or read_uncommitted");
  }
  policy.isolation = level == "read_committed" ? Isolation::kReadCommitted : Isolation::kReadUncommitted;
  const std::string tombstones = athena::ValueOf(environment, "tombstones", "skip");
  if (tombstones != "skip" && tombstones != "emit") return Status::Invalid("environment variable tombstones = '", tombstones, "': expected skip or emit");
  policy.tombstones = tombstones == "skip" ? Tombstones::kSkip : Tombstones::kEmit;
  return policy;
}

MadeFunction MakeKafka(const Environment& environment, InvocationLog& log) {
  const std::string endpoint = athena::ValueOf(environment, "kafka_endpoint");
  if (endpoint.empty()) return Status::Invalid("environment variable kafka_endpoint is not set: expected host:port,host:port");
  const std::string auth = athena::ValueOf(environment, "auth_type", "NO_AUTH");
  if (auth != "NO_AUTH") return Status::NotImplemented("environment variable auth_type = '", auth, "': only NO_AUTH is built yet");
  LOTIC_ASSIGN_OR_RETURN(const ReadPolicy policy, KafkaPolicyOf(environment));
  LOTIC_ASSIGN_OR_RETURN(kafka::Property servers, kafka::ParseAssignment("bootstrap.servers=" + endpoint, "kafka_endpoint"));
  kafka::KafkaOptions options;
  LOTIC_ASSIGN_OR_RETURN(options.client, kafka::MakeClientProperties({std::move(servers)}));
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<kafka::KafkaConnector> connector, kafka::MakeKafkaConnector(std::move(options)));
  return athena::MakeConnectorFunction(std::move(connector), environment, policy, nullptr, log);
}

MadeFunction MakeKinesis(const Environment& environment, InvocationLog& log) {
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Connector> connector, MakeKinesisOf(environment));
  return athena::MakeConnectorFunction(std::move(connector), environment, {}, nullptr, log);
}

MadeFunction MakeTimestream(const Environment& environment, InvocationLog& log) {
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Connector> connector, MakeTimestreamOf(environment));
  return athena::MakeConnectorFunction(std::move(connector), environment, {}, nullptr, log);
}

MadeFunction MakeTables(const Environment& environment, InvocationLog& log) {
  const std::string folder = athena::ValueOf(environment, "data");
  if (folder.empty()) return Status::Invalid("environment variable data is not set: expected the data directory of lotic serve");
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<Connector> connector, OpenTables(folder));
  return athena::MakeConnectorFunction(std::move(connector), environment, {}, nullptr, log);
}

// One line a connector.
constexpr struct {
  const char* name;
  MadeFunction (*make)(const Environment& environment, InvocationLog& log);
} kFunctions[] = {
    {"memory", MakeMemory}, {"kafka", MakeKafka}, {"kinesis", MakeKinesis}, {"timestream", MakeTimestream}, {"tables", MakeTables}, {"example", MakeExample},
};

}  // namespace

std::vector<std::string> AthenaFunctionNames() {
  std::vector<std::string> names;
  for (const auto& function : kFunctions) names.emplace_back(function.name);
  return names;
}

MadeFunction MakeAthenaFunction(const std::string& name, const Environment& environment, InvocationLog& log) {
  std::string known;
  for (const auto& function : kFunctions) {
    if (name == function.name) return function.make(environment, log);
    known += (known.empty() ? "" : ", ") + std::string(function.name);
  }
  return Status::NotFound("no connector is called \"", name, "\"; there are ", known);
}

}  // namespace lotic
