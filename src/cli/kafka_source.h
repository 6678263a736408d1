// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connector/kafka/kafka_connector.h"
#include "lotic/status.h"

namespace lotic::cli {

/// How a cluster is named on the command line or in ATTACH.
struct KafkaSource {
  std::string brokers;                    ///< "host:port,host:port"
  std::string config_file;                ///< client properties; empty: none
  std::vector<std::string> properties;    ///< "name=value", after the file
  std::string properties_origin = "-X";   ///< names them in messages
  std::vector<std::string> schema_files;  ///< schema documents, each naming its topic
  std::string parallel_splits;            ///< KafkaOptions::parallel_splits, reached with pieces of any size; empty: its default
};

/// Reads the files and makes sense of the properties; no network. Warnings of the properties go to `warnings`.
/// Errors: Invalid, NotFound, NotImplemented, as MakeClientProperties; Invalid for a schema file that names no topic.
Result<kafka::KafkaOptions> MakeKafkaOptions(const KafkaSource& source, std::vector<std::string>* warnings);

/// `ATTACH 'host:port' AS name (TYPE kafka, config 'client.properties', schema 'orders.json', sasl_username 'me', ...)`: any client property, with
/// _ for each dot where SQL would want quotes; and parallel_splits, how many splits a plan has at least where partitions can be cut.
KafkaSource KafkaSourceOfAttach(const std::string& path, const std::map<std::string, std::string>& options);

}  // namespace lotic::cli
