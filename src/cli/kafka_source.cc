// SPDX-License-Identifier: Apache-2.0
#include "cli/kafka_source.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "cli/log.h"
#include "connector/kafka/client_properties.h"
#include "format/inference.h"

namespace lotic::cli {
namespace {

constexpr std::streamsize kMaxSchemaBytes = std::streamsize{16} << 20;

Result<std::string> ReadSchemaFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status::NotFound("cannot read the schema file ", path);
  std::string text(static_cast<size_t>(kMaxSchemaBytes) + 1, '\0');
  file.read(text.data(), kMaxSchemaBytes + 1);
  if (file.gcount() > kMaxSchemaBytes) return Status::CapacityError("schema file ", path, ": more than ", kMaxSchemaBytes, " bytes");
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

}  // namespace

Result<kafka::KafkaOptions> MakeKafkaOptions(const KafkaSource& source, std::vector<std::string>* warnings) {
  std::vector<kafka::Property> properties;
  if (!source.config_file.empty()) {
    LOTIC_ASSIGN_OR_RETURN(properties, kafka::ReadPropertiesFile(source.config_file));
  }
  for (const std::string& assignment : source.properties) {
    LogDebug("client property " + RedactProperty(assignment));
    LOTIC_ASSIGN_OR_RETURN(auto property, kafka::ParseAssignment(assignment, source.properties_origin));
    properties.push_back(std::move(property));
  }
  if (!source.brokers.empty()) {
    LOTIC_ASSIGN_OR_RETURN(auto property, kafka::ParseAssignment("bootstrap.servers=" + source.brokers, "-b"));
    properties.push_back(std::move(property));
  }
  kafka::KafkaOptions options;
  LOTIC_ASSIGN_OR_RETURN(options.client, kafka::MakeClientProperties(properties));
  if (options.client.bootstrap_servers.empty()) return Status::Invalid("no brokers: -b HOST:PORT, or bootstrap.servers in --config");
  options.poll_timeout = std::min(options.poll_timeout, options.client.api_timeout);
  if (warnings != nullptr) *warnings = options.client.warnings;
  for (const std::string& path : source.schema_files) {
    LOTIC_ASSIGN_OR_RETURN(std::string text, ReadSchemaFile(path));
    const auto document = SchemaDocumentFromJson(text);
    if (!document.ok()) return document.status().WithMessage("schema file ", path, ": ", document.status().message());
    if (document->topic.empty()) return Status::Invalid("schema file ", path, " names no topic: add \"topic\": \"NAME\" to it");
    options.schema_documents[document->topic] = std::move(text);
  }
  if (!source.parallel_splits.empty()) {
    const char* const end = source.parallel_splits.data() + source.parallel_splits.size();
    const auto read = std::from_chars(source.parallel_splits.data(), end, options.parallel_splits);
    if (read.ec != std::errc() || read.ptr != end) return Status::Invalid("parallel_splits=", source.parallel_splits, " is no whole number");
    options.min_piece_records = 1;
  }
  options.log = [](kafka::LogDetail detail, const std::string& sentence) { detail == kafka::LogDetail::kEvent ? LogInfo(sentence) : LogDebug(sentence); };
  LOTIC_RETURN_NOT_OK(options.Validate());
  return options;
}

KafkaSource KafkaSourceOfAttach(const std::string& path, const std::map<std::string, std::string>& options) {
  KafkaSource source;
  source.brokers = path;
  source.properties_origin = "ATTACH";
  for (const auto& [name, value] : options) {
    if (name == "config") {
      source.config_file = value;
    } else if (name == "schema") {
      source.schema_files.push_back(value);
    } else if (name == "parallel_splits") {
      source.parallel_splits = value;
    } else {
      std::string property = name;
      std::replace(property.begin(), property.end(), '_', '.');
      source.properties.push_back(property + "=" + value);
    }
  }
  return source;
}

}  // namespace lotic::cli
