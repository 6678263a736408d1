// SPDX-License-Identifier: Apache-2.0
#include "apps/realtime_streams.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "connector/kafka/client_properties.h"
#include "connector/kafka/kafka_connector.h"

namespace lotic {

namespace {

/// One metadata call with its retries: a table is made or refused within 10 s.
constexpr std::chrono::milliseconds kApiTime{8'000};

}  // namespace

Result<std::shared_ptr<Connector>> MakeRealtimeStream(const catalog::StreamConfig& config, const StreamLog& log) {
  if (config.type != "kafka") return Status::NotImplemented("streamType ", config.type, ": streams of this type are not built yet; kafka is");
  std::vector<kafka::Property> properties;
  for (const auto& [key, value] : config.client_properties) {
    // The table's own variables were replaced before; a client's references would read files and variables of this machine.
    if (value.find("${") != std::string::npos) {
      return Status::Invalid(key, ": a reference (\"${\") is left in the value, and a table's document may not make use of the client's own");
    }
    properties.push_back({key, net::Secret(value), "table config"});
  }
  kafka::KafkaOptions options;
  LOTIC_ASSIGN_OR_RETURN(options.client, kafka::MakeClientProperties(properties));
  if (options.client.bootstrap_servers.empty()) return Status::Invalid("stream.kafka.broker.list is missing");
  options.client.api_timeout = std::min(options.client.api_timeout, kApiTime);
  options.client.request_timeout = std::min(options.client.request_timeout, options.client.api_timeout);
  options.client.connection_setup_timeout =
      std::min({options.client.connection_setup_timeout, options.client.api_timeout, std::chrono::milliseconds(config.connection_timeout_ms)});
  options.client.fetch_max_wait = std::min({options.client.fetch_max_wait, options.client.request_timeout, std::chrono::milliseconds(config.fetch_timeout_ms)});
  options.sample_records = 0;  // the table's own decoder reads the messages
  if (log) {
    options.log = [log](kafka::LogDetail detail, const std::string& sentence) {
      if (detail == kafka::LogDetail::kEvent) log(sentence);
    };
  }
  LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<kafka::KafkaConnector> connector, kafka::MakeKafkaConnector(std::move(options)));
  return std::shared_ptr<Connector>(std::move(connector));
}

}  // namespace lotic
