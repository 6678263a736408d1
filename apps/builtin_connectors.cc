// SPDX-License-Identifier: Apache-2.0
#include "apps/builtin_connectors.h"

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
    return Status::NotImplemented("ATTACH '", path, "': isolation.level=read_uncommitted for one cluster is not built yet; start lotic with -b ",
                                  path, " -X isolation.level=read_uncommitted");
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

// One line a connector.
constexpr struct {
  const char* type;
  Result<std::shared_ptr<Connector>> (*make)(const std::string& path, const std::map<std::string, std::string>& options);
} kConnectors[] = {
    {"kafka", MakeKafka},
    {"kinesis", MakeKinesis},
    {"timestream", MakeTimestream},
    {"athena", MakeAthena},
};

}  // namespace

std::vector<std::string> BuiltinConnectorTypes() {
  std::vector<std::string> types;
  for (const auto& connector : kConnectors) types.emplace_back(connector.type);
  return types;
}

Result<std::shared_ptr<Connector>> MakeBuiltinConnector(const std::string& type, const std::string& path,
                                                        const std::map<std::string, std::string>& options) {
  for (const auto& connector : kConnectors) {
    if (type == connector.type) return connector.make(path, options);
  }
  return Status::NotFound("no connector of type ", type);
}

}  // namespace lotic
